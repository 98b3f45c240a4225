/* What Cython sees of src/: the shapes, the table of kernels, and how to get it.
 *
 * 1-D and 2-D are 3-D with unit axes. Arrays are C-contiguous: x (n, c_in, d, h, w) or channels last (n, d, h, w, c_in),
 * weight (c_out, c_in/groups, kd, kh, kw), y as x. `void *` stands for real, the float type of the table the kernel comes
 * from. No kernel allocates, locks, prints or keeps state, and none touches memory outside the arrays it is given.
 */
#ifndef FASTCONV_H
#define FASTCONV_H

#include <stddef.h>
#include <stdint.h>

/* What follows the sum and the bias; `slope` is leaky_relu's. */
enum fc_activation_kind {
    FC_NONE, FC_RELU, FC_RELU6, FC_LEAKY_RELU, FC_SIGMOID, FC_TANH, FC_SILU, FC_HARDSWISH,
    /* alone only */
    FC_GELU, FC_GELU_TANH, FC_ELU, FC_SOFTPLUS, FC_MISH, FC_HARDTANH, FC_HARDSIGMOID, FC_SOFTSIGN, FC_THRESHOLD, FC_LOGSIGMOID
};
struct fc_activation {
    int kind;
    double slope;
};

/* What lies outside an axis, a side: FC_CONSTANT is `value`, the others are elements of the axis (border.h). Outside of
 * several axes a constant counts before elements, and before a constant that is zero. All zero: a border of zeros. */
enum fc_border_kind { FC_CONSTANT, FC_REPLICATE, FC_REFLECT, FC_SYMMETRIC, FC_CIRCULAR };
struct fc_border {
    int present;         /* something else than zeros on some side */
    int kind[3][2];      /* of d, h and w, front and back */
    double value[3][2];
};

/* Output o reads input o*stride - pad + k*dilation; outside the input lies the border. Channel c of pixel p lies
 * c*x_channel + p*x_pixel reals into an image: x_pixel is 1 in NCHW, x_channel in NHWC. */
struct fc_conv {
    ptrdiff_t n, c_in, c_out, groups;
    ptrdiff_t d, h, w;
    ptrdiff_t kd, kh, kw;
    ptrdiff_t od, oh, ow;
    ptrdiff_t stride_d, stride_h, stride_w;
    ptrdiff_t dilation_d, dilation_h, dilation_w;
    ptrdiff_t pad_d, pad_h, pad_w;
    ptrdiff_t x_channel, x_pixel, y_channel, y_pixel;
    struct fc_activation after;
    struct fc_border border;
};

/* How a block of outputs of a depthwise convolution is staged. Tap k of output row r reads staged row r*row_step + k*row_tap:
 * the input's rows one after the other, or, where dilation leaves most of them unread, those of each tap apart. With channels
 * in lanes the same holds of its columns; otherwise a row is `windows` windows of `pitch` reals, one a phase of the stride or
 * one a tap. */
struct fc_block {
    ptrdiff_t rows, row_step, row_tap, staged_rows;
    ptrdiff_t columns, column_step, column_tap, pitch;
    ptrdiff_t windows;
    int rows_apart, columns_apart;
};

/* Neighbouring pixels of two arrays that are multiplied: where the first lies in each, and how many follow it. */
struct fc_run {
    ptrdiff_t a, b, count;
};

/* Winograd's F(m x m, r x r), as FC_FmXr; and of F(4 x 4, 3 x 3) what the outputs' gradient is transformed by. */
enum fc_winograd_kind { FC_F2X3, FC_F4X3, FC_F2X5, FC_GRAD4X3 };

/* Two arrays made one: a + b, a * b, tanh(a) * sigmoid(b), a * sigmoid(b). */
enum fc_pair_kind { FC_SUM, FC_PRODUCT, FC_GATE, FC_GLU };

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

/* What the elements of an image are. With FC_WILD added, sums that become numbers of one or two bytes may lie beyond 32 bits. */
enum fc_element {
    FC_I8, FC_U8, FC_I16, FC_U16, FC_I32, FC_U32, FC_I64, FC_U64, FC_F32, FC_F64, FC_BOOL, FC_WILD = 16
};

/* Lines put in order pair by pair: lines low[i] and high[i] keep the smaller and the larger of both, or, where keep[i] is 1
 * or 2, only the one. Sorted line j, or the one wanted, is then results[j]. */
struct fc_network {
    ptrdiff_t exchanges;
    const int32_t *low, *high, *keep, *results;
};

/* A rank filter of planes of h rows of w pixels of `step` elements that share nothing; strides are in bytes. Output (i, j)
 * reads rows i - top ... + kh - 1, pixels j - left ... + kw - 1 of each of `planes` planes, with an fc_border_kind outside.
 * Rows are staged (rank/stage.c) `pitch` bytes apart. Tap t is pixel tap_column[t] of row tap_row[t] of planes * kh. */
struct fc_rank {
    int x_kind, y_kind;  /* fc_element */
    int wide;            /* x and the constant are taken as doubles */
    int largest;         /* of an extreme */
    int border_h, border_w;
    double value;        /* of a constant border */
    ptrdiff_t h, w, step, kh, kw, top, left, planes;
    ptrdiff_t x_row, x_pixel, x_element, y_row, y_pixel, y_element;
    ptrdiff_t pitch, rank, taps;
    const int32_t *tap_row, *tap_column;
    const double *structure;     /* of a grey extreme, one a tap */
    struct fc_network columns, across; /* of an exchange network: `columns` sorts a pixel's planes * kh elements, if any */
};

/* The axes that count planes: their sizes, strides in bytes and fc_border_kinds, and how far each plane of a window lies from
 * the output's along them. */
struct fc_planes {
    ptrdiff_t axes;
    const ptrdiff_t *sizes, *x_strides, *y_strides;
    const int32_t *borders;
    const int64_t *reach;
};

/* A way to filter output rows [row, row_end), pixels [column, column_end) of the plane y from `planes` planes x, of which one
 * that is NULL holds the constant. */
typedef void (*fc_rank_kernel)(const struct fc_rank *s, const char *const *x, char *y, ptrdiff_t row, ptrdiff_t row_end,
                               ptrdiff_t column, ptrdiff_t column_end, char *scratch);

/* Boxes of a plane, one an output, each the product of a span an axis: spans[3*o], spans[3*o + 1] and how many places output
 * o's window counts in a divisor. Where `step` is not 0 the spans along w are windows of `kw` places `step` apart, the first
 * `left` before the row, and rows are read by way of a copy of `pitch` reals with their border. */
enum fc_box_kind { FC_SUMS, FC_SQUARES, FC_CUBES, FC_POWERS, FC_MAXIMA, FC_MAGNITUDES };
enum fc_box_scale { FC_AS_IS, FC_MEAN, FC_WHOLE }; /* sums: themselves, over the places counted, as if all `taps` were there */
struct fc_boxes {
    int kind, scale;
    double power;
    ptrdiff_t d, h, w;
    ptrdiff_t od, oh, ow;
    const ptrdiff_t *spans_d, *spans_h, *spans_w;
    ptrdiff_t step, kw, left, pitch;
    ptrdiff_t taps;
};

/* Rows of reals that are reduced to one, step_* apart along three nested axes. */
struct fc_rows {
    const void *from;
    ptrdiff_t nd, nh, nw, step_d, step_h, step_w;
};

/* What is done where switches point: only check them, put small values there, add them up there, or get them from there. */
enum fc_follow { FC_CHECK, FC_PUT, FC_ADD, FC_GET };

/* An activation alone. leaky_relu: slope a; elu: a x above zero, b (e**(c x) - 1) below; softplus: beta a, linear above b;
 * hardtanh: between a and b; threshold: b up to a. */
struct fc_curve {
    int kind; /* fc_activation_kind */
    double a, b, c;
};

/* dy times w where x is negative, else dy; its share x dy in the gradient of w; dy times w. And what softmax is changed to. */
enum fc_channelwise_kind { FC_PRELU, FC_PRELU_SHARE, FC_TIMES };
enum fc_softmax_kind { FC_PLAIN, FC_LOG, FC_MINUS };

/* Normalisation of a group: `runs` runs of `run` reals, `pitch` apart, run i of channel i * step of those given. */
struct fc_norm {
    ptrdiff_t runs, run, pitch, step;
    double eps;
    int given; /* mean and variance are given, and constants of the gradient */
};

/* Division by a power of the sum of squares in a window: h rows of w reals, `pitch` apart, in each of d planes. Windows reach
 * from before_* in front to size_* in all; along a row in steps of `step` reals. t = k + scale * sum, y = x * t**-beta. */
struct fc_local {
    ptrdiff_t d, h, w, pitch, step;
    ptrdiff_t size_d, size_h, size_w, before_d, before_h, before_w;
    double k, scale, beta;
};

/* Copies along three axes: x has planes of d x h rows of w pixels of `inner` reals, y for each of kd x kh x kw taps od x oh
 * rows of ow pixels. Tap ik and output o of an axis stand for place at[ik * outputs + o] of x, -1 for what is outside. Outputs
 * [runs[2 * ikw], runs[2 * ikw + 1]) of a row stand for pixels `step` apart. */
struct fc_take {
    ptrdiff_t d, h, w, inner;
    ptrdiff_t kd, kh, kw, od, oh, ow;
    const int64_t *at_d, *at_h, *at_w, *runs;
    ptrdiff_t step;
    int twice;    /* place o / 2 for all outputs of a row */
    double value; /* outside */
};

/* Weighted sums along an axis: output o is the sum over taps t of weights[t * pitch + o] times place index[t * pitch + o],
 * nothing where that is -1. The pitch is a whole number of vectors. */
struct fc_axis {
    ptrdiff_t taps, pitch;
    const int32_t *index;
    const void *weights; /* reals */
};

/* How the outputs of a row follow from its pixels: by the axis, as they are, or twice as many as by the axis' first and last. */
enum fc_along { FC_BY_TAPS, FC_COPIED, FC_DOUBLED };

/* The same along three axes at once. Of a row of x pixels [low, high) are read. */
struct fc_resample {
    ptrdiff_t d, h, w, inner;
    ptrdiff_t od, oh, ow;
    ptrdiff_t low, high;
    int along; /* fc_along */
    struct fc_axis axis[3];
};

/* Where pixels of a grid of `rank` coordinates (the last axis first) lie in planes of d x h x w; taps: those of a pixel. */
enum fc_grid_mode { FC_BILINEAR, FC_NEAREST, FC_BICUBIC };
enum fc_grid_border { FC_GRID_ZEROS, FC_GRID_BORDER, FC_GRID_REFLECTION };
struct fc_grid {
    ptrdiff_t size[3];
    int rank, mode, border, align;
};

/* A step of gradient descent: d = g + decay * p; velocity = momentum * velocity + share * d, or d where `begin`; p -= rate * d, with
 * a velocity rate * velocity, or, `ahead`, rate * (d + momentum * velocity). */
struct fc_sgd {
    double rate, momentum, share, decay;
    int begin, ahead;
};

/* A step of Adam: p *= keep, d = g + decay * p, the means of d and of d**2 move by 1 - beta_1 and 1 - beta_2 towards them, and p -=
 * rate * mean / (sqrt(square) / root + eps). */
struct fc_adam {
    double rate, beta_1, beta_2, eps, decay, keep, root;
};

struct fc_kernels {
    const char *isa;
    int lanes; /* reals in a vector */
    int mr, nr; /* GEMM register tile, pixels in lanes */
    int rm, rn; /* the same, channels in lanes */

#define FC_KERNEL(result, name, arguments) result (*name) arguments;
#include "kernels.def"
#undef FC_KERNEL
};

/* How many rows of isa.def were built, how many this machine can run, and the table of one of those (width 32 or 64). */
int fc_isa_built(void);
int fc_isa_count(void);
const char *fc_isa_name(int isa);
const struct fc_kernels *fc_kernels_of(int isa, int width);

#endif
