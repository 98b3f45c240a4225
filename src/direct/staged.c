/* Computes:     y[c_out, o] = bias + sum over c_in, tap of weight * x[c_in, o*stride - pad + tap*dilation], activation.
 * Source:       Zhang, Franchetti & Low, ICML 2018 (no im2col); splitting a strided row by phase is common practice.
 * Applies when: NCHW, and the input rows of a few output rows fit a stage that stays in cache: few input channels.
 * Layout:       stage [c_in][kd][most_rows][phase of stride_w][pitch]: column o*stride - pad + tap*dilation of a row lies at
 *               phase tap*dilation % stride, place o + tap*dilation / stride, so that consecutive outputs read consecutive
 *               reals at any stride, those of the border too. offsets[k] is where tap k = (c_in, kd, kh, kw) of output (0, 0)
 *               lies. Weights in panels [k][FC_MR] as pack_rows makes them.
 * Plan:         one call owns output rows [ioh, ioh_end) at depth iod of all output channels of a group; it stages and
 *               computes.
 * Tile:         FC_MR channels x up to FC_NV vectors of one output row. Nothing is packed and no lane set is needed: three
 *               unaligned loads and FC_MR broadcasts feed 24 multiply-adds. A row is cut into tiles of equal width.
 * Cost:         each input row is staged (kh - stride)/rows + 1 times, with one load and one store a vector.
 * Accuracy:     one chain over (c_in, kd, kh, kw) from zero, then the bias: factor 1.
 * Measured:     3 -> 64 7x7 stride 2 @224: 71 % of the FMA peak, im2col_gemm 55 %; 3 -> 96 11x11 stride 4 @227: 65 %
 *               (AVX-512, Sapphire Rapids, one thread). */
#include "activation/activation.h"
#include "stage.h"

struct tile {
    const struct fc_conv *s;
    const real *stage, *weight, *bias;
    const ptrdiff_t *offsets;
    ptrdiff_t depth;
    real *y;
    int columns;
};

FC_INLINE void compute(const struct tile *t, const int rows, const int vectors) {
    vec sum[FC_MR][FC_NV];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            sum[r][v] = vec_zero();
            __builtin_prefetch(t->y + r * t->s->y_channel + v * LANES, 1, 3);
        }
    const real *weight = t->weight;
    for (ptrdiff_t k = 0; k < t->depth; k++, weight += FC_MR) {
        const real *from = t->stage + t->offsets[k];
        vec column[FC_NV];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) column[v] = vec_load(from + v * LANES);
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++) {
            const vec one = vec_set1(weight[r]);
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) sum[r][v] = vec_fma(one, column[v], sum[r][v]);
        }
    }
    const struct clamp limits = clamp_of(&t->s->after);
    const mask last = mask_bits(bits_below(t->columns - (vectors - 1) * LANES));
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
        const vec start = t->bias ? vec_set1(t->bias[r]) : vec_zero();
        real *to = t->y + r * t->s->y_channel;
#pragma GCC unroll 4
        for (int v = 0; v + 1 < vectors; v++) vec_store(to + v * LANES, clamped(limits, vec_add(start, sum[r][v])));
        vec_store_some(to + (vectors - 1) * LANES, clamped(limits, vec_add(start, sum[r][vectors - 1])), last);
    }
    if (is_curved(&t->s->after)) curve_rows(&t->s->after, t->y, t->s->y_channel, rows, t->columns);
}

#define ROWS(rows)                                                            \
    case rows:                                                                \
        vectors == 1   ? compute(t, FC_MR < rows ? FC_MR : rows, 1)           \
        : vectors == 2 ? compute(t, FC_MR < rows ? FC_MR : rows, 2)           \
        : vectors == 3 ? compute(t, FC_MR < rows ? FC_MR : rows, 3)           \
                       : compute(t, FC_MR < rows ? FC_MR : rows, FC_NV);      \
        break;

static void any_tile(const struct tile *t, int rows) {
    const int vectors = (t->columns + LANES - 1) / LANES;
    switch (rows) { ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8) }
}

void FC_FN(direct_staged)(const struct fc_conv *s, const void *x, const void *weight, const void *bias, void *y, ptrdiff_t iod,
                          ptrdiff_t ioh, ptrdiff_t ioh_end, const ptrdiff_t *offsets, ptrdiff_t pitch, ptrdiff_t most_rows,
                          void *stage) {
    const ptrdiff_t c_in = s->c_in / s->groups, c_out = s->c_out / s->groups, depth = c_in * s->kd * s->kh * s->kw;
    const ptrdiff_t rows = (ioh_end - ioh - 1) * s->stride_h + (s->kh - 1) * s->dilation_h + 1, row = s->stride_w * pitch;
    const ptrdiff_t most = most_rows * row;
    for (ptrdiff_t phase = 0; phase < s->stride_w; phase++) {
        const struct window window = window_of(s, phase - s->pad_w, s->stride_w, pitch);
        for (ptrdiff_t plane = 0; plane < c_in * s->kd; plane++) {
            const ptrdiff_t ic = plane / s->kd, id = iod * s->stride_d - s->pad_d + plane % s->kd * s->dilation_d;
            real *to = (real *)stage + plane * most + phase * pitch;
            for (ptrdiff_t i = 0; i < rows; i++, to += row) {
                const ptrdiff_t ih = ioh * s->stride_h - s->pad_h + i;
                real fill = 0;
                const ptrdiff_t place = border_row(s, id, ih, &fill);
                stage_columns(s, &window, place < 0 ? NULL : (const real *)x + ic * s->x_channel + place, fill, to);
            }
        }
    }
    const ptrdiff_t wide = (s->ow + LANES - 1) / LANES, tiles = (wide + FC_NV - 1) / FC_NV;
    for (ptrdiff_t oh = ioh; oh < ioh_end; oh++)
        for (ptrdiff_t i = 0, v = 0; i < tiles; i++) {
            const ptrdiff_t vectors = wide / tiles + (i < wide % tiles), ow = v * LANES;
            v += vectors;
            for (ptrdiff_t oc = 0; oc < c_out; oc += FC_MR) {
                const struct tile t = {
                    s, (const real *)stage + (oh - ioh) * s->stride_h * row + ow, (const real *)weight + oc * depth,
                    bias ? (const real *)bias + oc : NULL, offsets, depth,
                    (real *)y + oc * s->y_channel + (iod * s->oh + oh) * s->ow + ow,
                    (int)(s->ow - ow < vectors * LANES ? s->ow - ow : vectors * LANES)};
                any_tile(&t, c_out - oc < FC_MR ? (int)(c_out - oc) : FC_MR);
            }
        }
}
