/* What Cython sees of src/: the shapes, the table of kernels, and how to get it.
 *
 * 1-D and 2-D are 3-D with unit axes. Arrays are C-contiguous: x (n, c_in, d, h, w), weight (c_out, c_in/groups, kd, kh,
 * kw), y (n, c_out, od, oh, ow). `void *` stands for real, the float type of the table the kernel comes from. No kernel
 * allocates, locks, prints or keeps state, and none touches memory outside the arrays it is given.
 */
#ifndef FASTCONV_H
#define FASTCONV_H

#include <stddef.h>
#include <stdint.h>

/* Output o reads input o*stride - pad + k*dilation; positions outside the input read as zero. */
struct fc_conv {
    ptrdiff_t n, c_in, c_out, groups;
    ptrdiff_t d, h, w;
    ptrdiff_t kd, kh, kw;
    ptrdiff_t od, oh, ow;
    ptrdiff_t stride_d, stride_h, stride_w;
    ptrdiff_t dilation_d, dilation_h, dilation_w;
    ptrdiff_t pad_d, pad_h, pad_w;
};

/* Channels share nothing: `planes` counts n * c. tail_* is the padding at the end, which only averages count. */
struct fc_pool {
    ptrdiff_t planes;
    ptrdiff_t d, h, w;
    ptrdiff_t kd, kh, kw;
    ptrdiff_t od, oh, ow;
    ptrdiff_t stride_d, stride_h, stride_w;
    ptrdiff_t dilation_d, dilation_h, dilation_w;
    ptrdiff_t pad_d, pad_h, pad_w;
    ptrdiff_t tail_d, tail_h, tail_w;
    ptrdiff_t divisor; /* average: 0 = count the window */
    int count_include_pad;
};

struct fc_kernels {
    const char *isa;
    int lanes; /* reals in a vector */
    int mr, nr; /* GEMM register tile */

    /* gemm/: C tile (m x n of mr x nr) = init + A B, or += A B where init is NULL */
    void (*gemm_tile)(ptrdiff_t k, const void *a, const void *b, const void *init, void *c, ptrdiff_t ldc, int m, int n);
    void (*pack_rows)(const void *src, ptrdiff_t ld, int rows, ptrdiff_t k, int width, void *panel);
    void (*pack_columns)(const void *src, ptrdiff_t ld, int columns, ptrdiff_t k, int width, void *panel);
    void (*pack_patches)(const struct fc_conv *s, const void *x, ptrdiff_t p, int n, ptrdiff_t k, ptrdiff_t k_end,
                         void *panel);
    void (*patches_tile)(const struct fc_conv *s, const void *x, ptrdiff_t p, ptrdiff_t k, ptrdiff_t k_end, void *panel,
                         const void *a, const void *init, void *c, ptrdiff_t ldc, int m, int n);

    /* direct/: `spans` is scratch of 2 * kw ptrdiff_t */
    void (*direct_forward)(const struct fc_conv *s, const void *x, const void *weight, const void *bias, void *y, int rows,
                           ptrdiff_t iod, ptrdiff_t ioh, ptrdiff_t ioh_end, ptrdiff_t *spans);
    void (*direct_grad_input)(const struct fc_conv *s, const void *weight, const void *dy, void *dx, int rows,
                              ptrdiff_t id, ptrdiff_t ih, ptrdiff_t ih_end);
    void (*direct_grad_weight)(const struct fc_conv *s, const void *x, const void *dy, void *dw, int rows,
                           ptrdiff_t tap_row, ptrdiff_t *spans);
    void (*direct_grad_bias)(const struct fc_conv *s, const void *dy, void *db);

    /* depthwise/ */
    void (*depthwise_rows)(const struct fc_conv *s, const void *x, const void *weight, const void *bias, void *y,
                           ptrdiff_t iod, ptrdiff_t ioh, ptrdiff_t ioh_end, ptrdiff_t *spans);

    /* pool/: one plane each, of the pools output rows [row, row_end) of od * oh; `offsets` is scratch of kd*kh*kw int64,
     * `spans` of 2*kw, switches may be NULL */
    void (*max_pool)(const struct fc_pool *s, const void *x, void *y, int64_t *switches, ptrdiff_t row, ptrdiff_t row_end,
                     int64_t *offsets, ptrdiff_t *spans);
    void (*max_pool_grad)(const struct fc_pool *s, const void *dy, const int64_t *switches, void *dx);
    void (*average_pool)(const struct fc_pool *s, const void *x, void *y, ptrdiff_t row, ptrdiff_t row_end,
                         ptrdiff_t *spans);
    void (*average_pool_grad)(const struct fc_pool *s, const void *dy, void *dx);
    ptrdiff_t (*check_switches)(const int64_t *switches, ptrdiff_t count, ptrdiff_t size);
    void (*unpool)(const void *x, const int64_t *switches, ptrdiff_t count, void *y, ptrdiff_t size);
    void (*unpool_grad)(const void *dy, const int64_t *switches, ptrdiff_t count, void *dx);

    /* roof/ */
    double (*fma_loop)(ptrdiff_t steps);
    void (*copy)(const void *src, void *dst, ptrdiff_t count);
};

/* How many rows of isa.def were built, how many this machine can run, and the table of one of those (width 32 or 64). */
int fc_isa_built(void);
int fc_isa_count(void);
const char *fc_isa_name(int isa);
const struct fc_kernels *fc_kernels_of(int isa, int width);

#endif
