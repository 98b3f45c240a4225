/* Computes:     y[c_out, o] = bias + sum over c_in, tap of weight * x[c_in, o*stride - pad + tap*dilation].
 * Source:       Zhang, Franchetti & Low, High Performance Zero-Memory Overhead Direct Convolutions, ICML 2018; Georganas et
 *               al., Anatomy of High-Performance Deep Learning Convolutions on SIMD Architectures, SC'18.
 * Applies when: always; this is the kernel that never declines.
 * Layout:       x at the first input channel of the image and group, weight at row c_out, y at channel c_out, all unpacked;
 *               NCHW, or NHWC with gathered loads and scattered stores, which is slow but needs nothing.
 * Plan:         one call owns output rows [ioh, ioh_end) at depth iod of up to ROWS output channels.
 * Tile:         ROWS channels x FC_DV vectors along the row: each loaded input vector feeds ROWS multiply-adds and each
 *               broadcast weight FC_DV. Blocks that touch the border load with lane sets, the others without; a border that
 *               repeats the input is a second load, where one run of lanes reads it (border.h).
 * Cost:         (ROWS + FC_DV) loads for ROWS * FC_DV multiply-adds; no workspace but the spans of the kw taps.
 * Accuracy:     one chain over (c_in, kd, kh, kw) from zero, then the bias: factor 1.
 * Measured:     64 -> 64 3x3 on 56 x 56: 39 % of the FMA peak (AVX-512, Zen 5, one thread). */
#include "activation/activation.h"
#include "border.h"

#define ROWS 4

/* How a block of columns is loaded: by lane sets, zeros outside; whole; or with the border in the lanes outside. */
enum { LANE_SETS, WHOLE, BORDERED };
#define SEVERAL UINT32_MAX /* runs of lanes in the border, or constants there */

struct block {
    const struct fc_conv *s;
    const real *x, *weight, *bias;
    real *y;
    const ptrdiff_t *spans;
    ptrdiff_t iod, ioh, iow;
    uint32_t lanes[KNOWN_TAPS][FC_DV];
    uint32_t outside[KNOWN_TAPS][FC_DV]; /* BORDERED: the one run outside the row, or SEVERAL */
    ptrdiff_t column[KNOWN_TAPS][FC_DV]; /* where it reads */
};

/* First column of vector v at a tap. */
FC_INLINE ptrdiff_t column_of(const struct block *b, ptrdiff_t ikw, int v) {
    return (b->iow + v * LANES) * b->s->stride_w - b->s->pad_w + ikw * b->s->dilation_w;
}

/* Lanes of vector v that are outputs and read outside the row. */
FC_INLINE uint32_t lanes_outside(const struct block *b, uint32_t inside, int v) {
    return bits_below(b->s->ow - b->iow - v * LANES) & ~inside;
}

static void know_border(struct block *b, int vectors) {
    for (ptrdiff_t ikw = 0; ikw < b->s->kw && ikw < KNOWN_TAPS; ikw++)
        for (int v = 0; v < vectors; v++) {
            const uint32_t set = lanes_outside(b, b->lanes[ikw][v], v);
            struct border_run run = {0, 0, 0, 0};
            const uint32_t rest = set ? take_run(b->s, column_of(b, ikw, v), set, &run) : 0;
            const int nothing = run.constant && run.value == 0;
            b->outside[ikw][v] = rest || (run.constant && !nothing) ? SEVERAL : nothing ? 0 : run.lanes;
            b->column[ikw][v] = run.column;
        }
}

static __attribute__((noinline)) vec load_several(const struct block *b, const real *row, real fill, ptrdiff_t ikw, int v) {
    const uint32_t inside = span_lanes(b->spans, ikw, b->iow + v * LANES);
    return border_load(b->s, row, fill, column_of(b, ikw, v), inside, lanes_outside(b, inside, v));
}

/* Vector v of a row, which holds `fill` where it is NULL, at a tap. Apart, like what follows the sums: written out for every
 * tile they would be most of this file's code. */
static __attribute__((noinline)) vec load_bordered(const struct block *b, const real *row, real fill, ptrdiff_t ikw, int v) {
    const ptrdiff_t pixel = b->s->x_pixel, stride = b->s->stride_w * pixel;
    if (!row || ikw >= KNOWN_TAPS || b->outside[ikw][v] == SEVERAL) return load_several(b, row, fill, ikw, v);
    const vec in = vec_load_some(row + column_of(b, ikw, v) * pixel, stride, mask_bits(b->lanes[ikw][v]));
    if (!b->outside[ikw][v]) return in;
    return vec_or(in, vec_load_some(row + b->column[ikw][v] * pixel, stride, mask_bits(b->outside[ikw][v])));
}

/* The first `count` lanes of v to places `apart` reals apart. */
static __attribute__((noinline)) void scatter(real *to, ptrdiff_t apart, vec v, ptrdiff_t count) {
    real lane[LANES];
    vec_store(lane, v);
    for (ptrdiff_t i = 0; i < count && i < LANES; i++) to[i * apart] = lane[i];
}

/* The curved activation of `rows` channels of `pixels` outputs just stored. */
static __attribute__((noinline)) void curve(const struct fc_conv *s, real *to, int rows, ptrdiff_t pixels) {
    if (s->y_pixel == 1)
        curve_rows(&s->after, to, s->y_channel, rows, pixels);
    else
        for (ptrdiff_t p = 0; p < pixels; p++)
            for (int r = 0; r < rows; r++) curve_rows(&s->after, to + r * s->y_channel + p * s->y_pixel, 0, 1, 1);
}

/* Bias and activation, and to the output. */
static __attribute__((noinline)) void finish(const struct block *b, const real *sums, int rows, int vectors) {
    const struct fc_conv *s = b->s;
    real *to = b->y + ((b->iod * s->oh + b->ioh) * s->ow + b->iow) * s->y_pixel;
    const ptrdiff_t left = s->ow - b->iow, pixels = left < vectors * LANES ? left : vectors * LANES;
    const struct clamp limits = clamp_of(&s->after);
    for (int r = 0; r < rows; r++) {
        const vec bias = b->bias ? vec_set1(b->bias[r]) : vec_zero();
        for (int v = 0; v < vectors; v++, sums += LANES) {
            const vec value = clamped(limits, vec_add(bias, vec_load(sums)));
            real *at = to + r * s->y_channel + v * LANES * s->y_pixel;
            if (s->y_pixel == 1)
                vec_store_some(at, value, mask_bits(bits_below(left - v * LANES)));
            else
                scatter(at, s->y_pixel, value, left - v * LANES);
        }
    }
    if (is_curved(&s->after)) curve(s, to, rows, pixels);
}

FC_INLINE void compute(const struct block *b, const int rows, const int vectors, const int how, const int unit_stride) {
    const struct fc_conv *s = b->s;
    const ptrdiff_t c_in = s->c_in / s->groups, taps = s->kd * s->kh * s->kw;
    const ptrdiff_t stride = unit_stride ? 1 : s->stride_w * s->x_pixel;
    const ptrdiff_t iw = b->iow * s->stride_w - s->pad_w;
    const real *weight = b->weight;
    vec sum[ROWS][FC_DV];
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) sum[r][v] = vec_zero();

    for (ptrdiff_t ic = 0; ic < c_in; ic++)
        for (ptrdiff_t ikd = 0; ikd < s->kd; ikd++)
            for (ptrdiff_t ikh = 0; ikh < s->kh; ikh++) {
                const ptrdiff_t id = b->iod * s->stride_d - s->pad_d + ikd * s->dilation_d;
                const ptrdiff_t ih = b->ioh * s->stride_h - s->pad_h + ikh * s->dilation_h;
                real fill = 0;
                const ptrdiff_t place = border_row(s, id, ih, &fill);
                const int row_inside = place >= 0;
                const real *row = b->x + (row_inside ? ic * s->x_channel + place * s->x_pixel : 0);
                for (ptrdiff_t ikw = 0; ikw < s->kw; ikw++, weight++) {
                    const real *from = row + (iw + ikw * s->dilation_w) * s->x_pixel;
                    vec column[FC_DV];
#pragma GCC unroll 4
                    for (int v = 0; v < vectors; v++) {
                        if (how == BORDERED) {
                            column[v] = load_bordered(b, row_inside ? row : NULL, fill, ikw, v);
                        } else if (!row_inside) {
                            column[v] = vec_set1(fill);
                        } else if (how == LANE_SETS) {
                            const uint32_t lanes = ikw < KNOWN_TAPS ? b->lanes[ikw][v]
                                                                    : span_lanes(b->spans, ikw, b->iow + v * LANES);
                            column[v] = vec_load_some(from + v * LANES * stride, stride, mask_bits(lanes));
                        } else {
                            column[v] = vec_load_stride(from + v * LANES * stride, stride);
                        }
                    }
#pragma GCC unroll 4
                    for (int r = 0; r < rows; r++) {
                        const vec tap = vec_set1(weight[r * c_in * taps]);
#pragma GCC unroll 4
                        for (int v = 0; v < vectors; v++) sum[r][v] = vec_fma(tap, column[v], sum[r][v]);
                    }
                }
            }

    real sums[ROWS * FC_DV * LANES];
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) vec_store(sums + (r * vectors + v) * LANES, sum[r][v]);
    finish(b, sums, rows, vectors);
}

#define COMPUTE(rows, vectors)                                                                              \
    (how == BORDERED ? compute(b, rows, vectors, BORDERED, 0)                                                \
     : how == WHOLE  ? (unit ? compute(b, rows, vectors, WHOLE, 1) : compute(b, rows, vectors, WHOLE, 0)) \
                     : (unit ? compute(b, rows, vectors, LANE_SETS, 1) : compute(b, rows, vectors, LANE_SETS, 0)))

static void compute_rows4(const struct block *b, int vectors, int how, int unit) {
    vectors == 1 ? COMPUTE(4, 1) : COMPUTE(4, FC_DV);
}
static void compute_rows2(const struct block *b, int vectors, int how, int unit) {
    vectors == 1 ? COMPUTE(2, 1) : COMPUTE(2, FC_DV);
}
static void compute_rows1(const struct block *b, int vectors, int how, int unit) {
    vectors == 1 ? COMPUTE(1, 1) : COMPUTE(1, FC_DV);
}

/* Output rows [ioh, ioh_end) of `rows` channels, one block of columns after the other. */
static void sweep(struct block *b, int rows, ptrdiff_t ioh, ptrdiff_t ioh_end, struct inner inner) {
    const struct fc_conv *s = b->s;
    const int unit = s->stride_w * s->x_pixel == 1;
    for (b->iow = 0; b->iow < s->ow;) {
        const int vectors = s->ow - b->iow > (FC_DV - 1) * LANES ? FC_DV : 1;
        const ptrdiff_t end = b->iow + vectors * LANES;
        const int how = is_inside(inner, b->iow, end) ? WHOLE : s->border.present ? BORDERED : LANE_SETS;
        if (how != WHOLE) know_lanes(b->lanes, b->spans, s->kw, b->iow, vectors);
        if (how == BORDERED) know_border(b, vectors);
        for (b->ioh = ioh; b->ioh < ioh_end; b->ioh++)
            (rows == 4 ? compute_rows4 : rows == 2 ? compute_rows2 : compute_rows1)(b, vectors, how, unit);
        b->iow = end;
    }
}

void FC_FN(direct_forward)(const struct fc_conv *s, const void *x, const void *weight, const void *bias, void *y, int rows,
                           ptrdiff_t iod, ptrdiff_t ioh, ptrdiff_t ioh_end, ptrdiff_t *spans) {
    const struct inner inner = tap_spans(s->kw, s->dilation_w, s->ow, s->w, s->stride_w, s->pad_w, spans);
    const ptrdiff_t filter = s->c_in / s->groups * s->kd * s->kh * s->kw;
    for (int r = 0; r < rows;) {
        const int now = rows - r >= 4 ? 4 : rows - r >= 2 ? 2 : 1;
        struct block b;
        b.s = s, b.x = x, b.weight = (const real *)weight + r * filter, b.bias = bias ? (const real *)bias + r : NULL;
        b.y = (real *)y + r * s->y_channel, b.spans = spans, b.iod = iod;
        sweep(&b, now, ioh, ioh_end, inner);
        r += now;
    }
}
