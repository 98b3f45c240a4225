/* Computes:     dx[c_in, i] = sum over c_out, tap, o with o*stride - pad + tap*dilation = i of weight * dy[c_out, o].
 * Source:       Goodfellow, Bengio & Courville, Deep Learning, 2016, section 9.5, eq. 9.13; the gathering form is our own.
 * Applies when: always.
 * Layout:       weight at [first c_out of the group][c_in], dy at the first output plane of the image and group, dx at plane
 *               c_in.
 * Plan:         one call owns input rows [ih, ih_end) at depth id of up to ROWS input channels.
 * Tile:         ROWS channels x FC_DV vectors. Input columns that share a remainder modulo the stride meet the same taps and
 *               read consecutive outputs, so a vector runs over one remainder class at a time.
 * Cost:         the multiply-adds of the forward pass; no workspace.
 * Accuracy:     one chain over (kd, kh, kw, c_out) of the terms that exist: factor 1. A lane that meets no output is not
 *               multiplied by zero but left out, so an infinite weight spoils nothing it does not touch.
 * Measured:     64 -> 64 3x3 on 56 x 56: 27 % of the FMA peak; LeNet-5's second layer, n = 64: 13 %
 *               (AVX-512, Zen 5, one thread). */
#include "kernel.h"

#define ROWS 4

struct block {
    const struct fc_conv *s;
    const real *weight, *dy;
    real *dx;
    ptrdiff_t id, ih;
    ptrdiff_t remainder, j, count; /* columns remainder + stride*j of `count` in this class */
};

/* Exact quotient of a position by the stride along one axis, or no output there. */
FC_INLINE int meets(ptrdiff_t position, ptrdiff_t stride, ptrdiff_t outputs, ptrdiff_t *o) {
    if (position < 0 || position % stride) return 0;
    *o = position / stride;
    return *o < outputs;
}

/* Adds one tap over all output channels; `whole` promises that every lane of every vector meets an output. */
FC_INLINE void add_tap(const struct block *b, const real *dy, const real *weight, vec sum[ROWS][FC_DV], const uint32_t *lanes,
                       const int rows, const int vectors, const int whole) {
    const struct fc_conv *s = b->s;
    const ptrdiff_t c_out = s->c_out / s->groups, plane = s->od * s->oh * s->ow, taps = s->kd * s->kh * s->kw;
    const ptrdiff_t filter = s->c_in / s->groups * taps;
    for (ptrdiff_t ic = 0; ic < c_out; ic++, dy += plane, weight += filter) {
        vec column[FC_DV];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            column[v] = whole ? vec_load(dy + v * LANES) : vec_load_some(dy + v * LANES, 1, mask_bits(lanes[v]));
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++) {
            const vec tap = vec_set1(weight[r * taps]);
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) {
                const vec added = vec_fma(tap, column[v], sum[r][v]);
                sum[r][v] = whole ? added : vec_select(mask_bits(lanes[v]), added, sum[r][v]);
            }
        }
    }
}

FC_INLINE void store(const struct block *b, vec sum[ROWS][FC_DV], const int rows, const int vectors) {
    const struct fc_conv *s = b->s;
    real *row = b->dx + (b->id * s->h + b->ih) * s->w + b->remainder + b->j * s->stride_w;
    for (int r = 0; r < rows; r++, row += s->d * s->h * s->w)
        for (int v = 0; v < vectors; v++) {
            const ptrdiff_t left = b->count - b->j - v * LANES;
            if (s->stride_w == 1) {
                vec_store_some(row + v * LANES, sum[r][v], mask_bits(bits_below(left)));
                continue;
            }
            real lane[LANES];
            vec_store(lane, sum[r][v]);
            for (ptrdiff_t l = 0; l < LANES && l < left; l++) row[(v * LANES + l) * s->stride_w] = lane[l];
        }
}

FC_INLINE void compute(const struct block *b, const int rows, const int vectors) {
    const struct fc_conv *s = b->s;
    vec sum[ROWS][FC_DV];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) sum[r][v] = vec_zero();

    for (ptrdiff_t ikd = 0; ikd < s->kd; ikd++) {
        ptrdiff_t iod, ioh;
        if (!meets(b->id + s->pad_d - ikd * s->dilation_d, s->stride_d, s->od, &iod)) continue;
        for (ptrdiff_t ikh = 0; ikh < s->kh; ikh++) {
            if (!meets(b->ih + s->pad_h - ikh * s->dilation_h, s->stride_h, s->oh, &ioh)) continue;
            for (ptrdiff_t ikw = 0; ikw < s->kw; ikw++) {
                const ptrdiff_t position = b->remainder + s->pad_w - ikw * s->dilation_w;
                if (position % s->stride_w) continue;
                const ptrdiff_t iow = position / s->stride_w + b->j;
                uint32_t lanes[FC_DV], any = 0, all = BITS_ALL;
#pragma GCC unroll 4
                for (int v = 0; v < vectors; v++) {
                    const ptrdiff_t at = v * LANES;
                    lanes[v] = bits_between(-iow - at, s->ow - iow - at) & bits_below(b->count - b->j - at);
                    any |= lanes[v];
                    all &= lanes[v];
                }
                if (!any) continue;
                const real *dy = b->dy + (iod * s->oh + ioh) * s->ow + iow;
                const real *weight = b->weight + (ikd * s->kh + ikh) * s->kw + ikw;
                if (all == BITS_ALL)
                    add_tap(b, dy, weight, sum, lanes, rows, vectors, 1);
                else
                    add_tap(b, dy, weight, sum, lanes, rows, vectors, 0);
            }
        }
    }
    store(b, sum, rows, vectors);
}

static void compute_rows(const struct block *b, int rows, int vectors) {
    switch (rows) {
    case 4: vectors == 1 ? compute(b, 4, 1) : compute(b, 4, FC_DV); break;
    case 2: vectors == 1 ? compute(b, 2, 1) : compute(b, 2, FC_DV); break;
    default: vectors == 1 ? compute(b, 1, 1) : compute(b, 1, FC_DV); break;
    }
}

void FC_FN(direct_grad_input)(const struct fc_conv *s, const void *weight, const void *dy, void *dx, int rows,
                              ptrdiff_t id, ptrdiff_t ih, ptrdiff_t ih_end) {
    const ptrdiff_t taps = s->kd * s->kh * s->kw, plane = s->d * s->h * s->w;
    for (int r = 0; r < rows;) {
        const int now = rows - r >= 4 ? 4 : rows - r >= 2 ? 2 : 1;
        struct block b = {s, (const real *)weight + r * taps, dy, (real *)dx + r * plane, id, 0, 0, 0, 0};
        for (b.ih = ih; b.ih < ih_end; b.ih++)
            for (b.remainder = 0; b.remainder < s->stride_w && b.remainder < s->w; b.remainder++) {
                b.count = (s->w - b.remainder + s->stride_w - 1) / s->stride_w;
                for (b.j = 0; b.j < b.count;) {
                    const int vectors = b.count - b.j > (FC_DV - 1) * LANES ? FC_DV : 1;
                    compute_rows(&b, now, vectors);
                    b.j += vectors * LANES;
                }
            }
        r += now;
    }
}
