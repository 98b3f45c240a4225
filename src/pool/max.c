/* Computes:     y[o] = max over taps of x[o*stride - pad + tap*dilation]; switches[o] = where in the plane it stood.
 * Source:       Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 2.1 (switches);
 *               Boureau, Ponce & LeCun, ICML 2010 (max pooling).
 * Applies when: always; padding is less than the effective kernel, so every window meets the input.
 * Layout:       one plane; switches are plane-flat int64, NULL if not wanted.
 * Plan:         one call owns some output rows of one plane.
 * Tile:         one vector of outputs. The winning tap travels beside the maximum as a small real number and becomes an
 *               offset when the vector is done. Lanes outside the input never win: -inf is not greater than anything.
 * Cost:         one load and one or two comparisons a tap.
 * Accuracy:     exact. Ties go to the first tap in row-major order, NaN to the first NaN, and a window of -inf to its first
 *               element inside the input.
 * Measured:     64 planes of 224 x 224, 2x2 stride 2: 0.64 ms, 25 GB/s; with switches 1.8 ms (AVX-512, Zen 5, one thread). */
#include <math.h>

#include "kernel.h"

struct window {
    ptrdiff_t id, ih;          /* input position of tap 0, may lie outside */
    ptrdiff_t kd0, kd1, kh0, kh1; /* taps inside the input */
};

/* Taps [k0, k1) with 0 <= start + k*dilation < size. */
FC_INLINE void taps_inside(ptrdiff_t start, ptrdiff_t dilation, ptrdiff_t taps, ptrdiff_t size, ptrdiff_t *k0, ptrdiff_t *k1) {
    *k0 = start >= 0 ? 0 : (-start + dilation - 1) / dilation;
    *k1 = start >= size ? 0 : (size - 1 - start) / dilation + 1;
    if (*k1 > taps) *k1 = taps;
}

/* The first tap of each lane's window that lies inside the row: where an all -inf window points. */
FC_INLINE vec first_taps(const struct fc_pool *s, const ptrdiff_t *spans, ptrdiff_t iow, real row_tap) {
    real first[LANES];
    for (int l = 0; l < LANES; l++) {
        ptrdiff_t ikw = 0;
        while (ikw < s->kw - 1 && (iow + l < spans[2 * ikw] || iow + l >= spans[2 * ikw + 1])) ikw++;
        first[l] = row_tap + (real)ikw;
    }
    return vec_load(first);
}

FC_INLINE void pool_vector(const struct fc_pool *s, const struct window *at, const real *x, real *y, int64_t *switches,
                           const int64_t *offsets, const ptrdiff_t *spans, ptrdiff_t iow, int inside, const int with_switches) {
    const ptrdiff_t iw = iow * s->stride_w - s->pad_w;
    const real row_tap = (real)((at->kd0 * s->kh + at->kh0) * s->kw);
    vec best = vec_set1((real)-INFINITY), winner = vec_zero();
    if (with_switches) winner = inside ? vec_set1(row_tap) : first_taps(s, spans, iow, row_tap);

    for (ptrdiff_t ikd = at->kd0; ikd < at->kd1; ikd++)
        for (ptrdiff_t ikh = at->kh0; ikh < at->kh1; ikh++) {
            const ptrdiff_t id = at->id + ikd * s->dilation_d, ih = at->ih + ikh * s->dilation_h;
            const real *row = x + (id * s->h + ih) * s->w + iw;
            const real tap = (real)((ikd * s->kh + ikh) * s->kw);
            for (ptrdiff_t ikw = 0; ikw < s->kw; ikw++) {
                const real *from = row + ikw * s->dilation_w;
                vec value;
                if (inside) {
                    value = vec_load_stride(from, s->stride_w);
                } else {
                    const mask some = mask_bits(bits_between(spans[2 * ikw] - iow, spans[2 * ikw + 1] - iow));
                    value = vec_select(some, vec_load_some(from, s->stride_w, some), vec_set1((real)-INFINITY));
                }
                const mask wins = mask_beats(value, best);
                best = vec_select(wins, value, best);
                if (with_switches) winner = vec_select(wins, vec_set1(tap + (real)ikw), winner);
            }
        }

    const ptrdiff_t left = s->ow - iow;
    vec_store_some(y + iow, best, mask_bits(bits_below(left)));
    if (!with_switches) return;
    real tap[LANES];
    vec_store(tap, winner);
    const int64_t corner = (at->id * s->h + at->ih) * s->w + iw;
    for (int l = 0; l < LANES && l < left; l++) switches[iow + l] = corner + l * s->stride_w + offsets[(ptrdiff_t)tap[l]];
}

/* One output, tap by tap: for windows with more taps than `real` can count. */
static void pool_one(const struct fc_pool *s, const struct window *at, const real *x, real *y, int64_t *to, ptrdiff_t iow) {
    const ptrdiff_t iw = iow * s->stride_w - s->pad_w;
    ptrdiff_t kw0, kw1;
    taps_inside(iw, s->dilation_w, s->kw, s->w, &kw0, &kw1);
    real best = (real)-INFINITY;
    ptrdiff_t winner = -1;
    for (ptrdiff_t ikd = at->kd0; ikd < at->kd1; ikd++)
        for (ptrdiff_t ikh = at->kh0; ikh < at->kh1; ikh++)
            for (ptrdiff_t ikw = kw0; ikw < kw1; ikw++) {
                const ptrdiff_t id = at->id + ikd * s->dilation_d, ih = at->ih + ikh * s->dilation_h;
                const ptrdiff_t position = (id * s->h + ih) * s->w + iw + ikw * s->dilation_w;
                const real value = x[position];
                if (winner >= 0 && !(value > best || (value != value && best == best))) continue;
                best = value;
                winner = position;
            }
    y[iow] = best;
    to[iow] = winner;
}

FC_INLINE void pool_row(const struct fc_pool *s, const struct window *at, const real *x, real *y, int64_t *switches,
                        const int64_t *offsets, const ptrdiff_t *spans, struct inner inner) {
    const ptrdiff_t countable = (ptrdiff_t)1 << (sizeof(real) == 4 ? 24 : 53);
    if (switches && s->kd * s->kh * s->kw > countable) {
        for (ptrdiff_t iow = 0; iow < s->ow; iow++) pool_one(s, at, x, y, switches, iow);
        return;
    }
    for (ptrdiff_t iow = 0; iow < s->ow; iow += LANES) {
        const int inside = is_inside(inner, iow, iow + LANES);
        if (switches)
            pool_vector(s, at, x, y, switches, offsets, spans, iow, inside, 1);
        else
            pool_vector(s, at, x, y, switches, offsets, spans, iow, inside, 0);
    }
}

void FC_FN(max_pool)(const struct fc_pool *s, const void *x, void *y, int64_t *switches, ptrdiff_t row, ptrdiff_t row_end,
                     int64_t *offsets, ptrdiff_t *spans) {
    const struct inner inner = tap_spans(s->kw, s->dilation_w, s->ow, s->w, s->stride_w, s->pad_w, spans);
    for (ptrdiff_t ikd = 0; switches && ikd < s->kd; ikd++)
        for (ptrdiff_t ikh = 0; ikh < s->kh; ikh++)
            for (ptrdiff_t ikw = 0; ikw < s->kw; ikw++)
                offsets[(ikd * s->kh + ikh) * s->kw + ikw] =
                    (ikd * s->dilation_d * s->h + ikh * s->dilation_h) * s->w + ikw * s->dilation_w;
    for (; row < row_end; row++) {
        const ptrdiff_t iod = row / s->oh, ioh = row % s->oh, o = row * s->ow;
        struct window at = {iod * s->stride_d - s->pad_d, ioh * s->stride_h - s->pad_h, 0, 0, 0, 0};
        taps_inside(at.id, s->dilation_d, s->kd, s->d, &at.kd0, &at.kd1);
        taps_inside(at.ih, s->dilation_h, s->kh, s->h, &at.kh0, &at.kh1);
        pool_row(s, &at, x, (real *)y + o, switches ? switches + o : NULL, offsets, spans, inner);
    }
}

void FC_FN(max_pool_grad)(const struct fc_pool *s, const void *dy, const int64_t *switches, void *dx) {
    const ptrdiff_t size = s->d * s->h * s->w, count = s->od * s->oh * s->ow;
    real *to = dx;
    for (ptrdiff_t i = 0; i < size; i++) to[i] = 0;
    for (ptrdiff_t i = 0; i < count; i++) to[switches[i]] += ((const real *)dy)[i];
}
