/* The first include of every kernel: the vocabulary, the shapes, and the names of all kernels of this ISA and width. */
#ifndef FC_KERNEL_H
#define FC_KERNEL_H

#include "fastconv.h"
#include "simd/simd.h"

void FC_FN(fill)(struct fc_kernels *t);

void FC_FN(gemm_tile)(ptrdiff_t k, const void *a, const void *b, const void *init, void *c, ptrdiff_t ldc, int m, int n);
void FC_FN(pack_rows)(const void *src, ptrdiff_t ld, int rows, ptrdiff_t k, int width, void *panel);
void FC_FN(pack_columns)(const void *src, ptrdiff_t ld, int columns, ptrdiff_t k, int width, void *panel);
void FC_FN(pack_patches)(const struct fc_conv *s, const void *x, ptrdiff_t p, int n, ptrdiff_t k, ptrdiff_t k_end,
                         void *panel);
void FC_FN(patches_tile)(const struct fc_conv *s, const void *x, ptrdiff_t p, ptrdiff_t k, ptrdiff_t k_end, void *panel,
                         const void *a, const void *init, void *c, ptrdiff_t ldc, int m, int n);

void FC_FN(direct_forward)(const struct fc_conv *s, const void *x, const void *weight, const void *bias, void *y, int rows,
                           ptrdiff_t iod, ptrdiff_t ioh, ptrdiff_t ioh_end, ptrdiff_t *spans);
void FC_FN(direct_grad_input)(const struct fc_conv *s, const void *weight, const void *dy, void *dx, int rows,
                              ptrdiff_t id, ptrdiff_t ih, ptrdiff_t ih_end);
void FC_FN(direct_grad_weight)(const struct fc_conv *s, const void *x, const void *dy, void *dw, int rows,
                               ptrdiff_t tap_row, ptrdiff_t *spans);
void FC_FN(direct_grad_bias)(const struct fc_conv *s, const void *dy, void *db);

void FC_FN(depthwise_rows)(const struct fc_conv *s, const void *x, const void *weight, const void *bias, void *y,
                           ptrdiff_t iod, ptrdiff_t ioh, ptrdiff_t ioh_end, ptrdiff_t *spans);

void FC_FN(max_pool)(const struct fc_pool *s, const void *x, void *y, int64_t *switches, ptrdiff_t row, ptrdiff_t row_end,
                     int64_t *offsets, ptrdiff_t *spans);
void FC_FN(max_pool_grad)(const struct fc_pool *s, const void *dy, const int64_t *switches, void *dx);
void FC_FN(average_pool)(const struct fc_pool *s, const void *x, void *y, ptrdiff_t row, ptrdiff_t row_end,
                         ptrdiff_t *spans);
void FC_FN(average_pool_grad)(const struct fc_pool *s, const void *dy, void *dx);
ptrdiff_t FC_FN(check_switches)(const int64_t *switches, ptrdiff_t count, ptrdiff_t size);
void FC_FN(unpool)(const void *x, const int64_t *switches, ptrdiff_t count, void *y, ptrdiff_t size);
void FC_FN(unpool_grad)(const void *dy, const int64_t *switches, ptrdiff_t count, void *dx);

double FC_FN(fma_loop)(ptrdiff_t steps);
void FC_FN(copy)(const void *src, void *dst, ptrdiff_t count);

/* Outputs o in [span[0], span[1]) read inside the axis at one tap: 0 <= o*stride - pad + tap < size. */
FC_INLINE void tap_span(ptrdiff_t outputs, ptrdiff_t size, ptrdiff_t stride, ptrdiff_t pad, ptrdiff_t tap, ptrdiff_t *span) {
    const ptrdiff_t first = pad - tap, last = size - 1 + pad - tap;
    const ptrdiff_t low = first <= 0 ? 0 : (first + stride - 1) / stride;
    const ptrdiff_t high = last < 0 ? 0 : last / stride + 1;
    span[0] = low < outputs ? low : outputs;
    span[1] = high < span[0] ? span[0] : high < outputs ? high : outputs;
}

/* Spans of all kw taps, and the outputs for which every tap is inside. */
struct inner {
    ptrdiff_t low, high;
};
FC_INLINE struct inner tap_spans(ptrdiff_t kw, ptrdiff_t dilation, ptrdiff_t outputs, ptrdiff_t size, ptrdiff_t stride,
                                 ptrdiff_t pad, ptrdiff_t *spans) {
    struct inner inner = {0, outputs};
    for (ptrdiff_t ikw = 0; ikw < kw; ikw++) {
        ptrdiff_t *span = spans + 2 * ikw;
        tap_span(outputs, size, stride, pad, ikw * dilation, span);
        if (span[0] > inner.low) inner.low = span[0];
        if (span[1] < inner.high) inner.high = span[1];
    }
    return inner;
}

/* Whether outputs [begin, end) of a row read without lane sets. */
FC_INLINE int is_inside(struct inner inner, ptrdiff_t begin, ptrdiff_t end) {
    return begin >= inner.low && end <= inner.high;
}

/* Lane sets of a block of `vectors` vectors at column iow, one row of FC_DV a tap; the first KNOWN_TAPS taps of kw are worked
 * out once for all rows and channels of a block, the others each time. */
#define KNOWN_TAPS 16

FC_INLINE uint32_t span_lanes(const ptrdiff_t *spans, ptrdiff_t ikw, ptrdiff_t iow) {
    return bits_between(spans[2 * ikw] - iow, spans[2 * ikw + 1] - iow);
}

FC_INLINE void know_lanes(uint32_t (*lanes)[FC_DV], const ptrdiff_t *spans, ptrdiff_t kw, ptrdiff_t iow, int vectors) {
    for (ptrdiff_t ikw = 0; ikw < kw && ikw < KNOWN_TAPS; ikw++)
        for (int v = 0; v < vectors; v++) lanes[ikw][v] = span_lanes(spans, ikw, iow + v * LANES);
}

#endif
