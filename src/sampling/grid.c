/* Computes:     where the pixels of a grid lie in an image: the places and weights of their taps, and the weights' derivatives by
 *               each coordinate; and the grid of an affine transformation.
 * Source:       Jaderberg et al., Spatial Transformer Networks, NIPS 2015; Keys, Cubic Convolution Interpolation, IEEE ASSP 1981
 *               (bicubic, a = -0.75); coordinates outside follow torch.nn.functional.grid_sample.
 * Applies when: always, whatever the grid holds: a place is used only after it was compared with the image. Bicubic: rank 2.
 * Layout:       grid: pixels of `rank` coordinates, the last axis first. Tables: [tap][pixel], rows `pitch` apart; slopes:
 *               [coordinate][tap][pixel], NULL if not wanted.
 * Plan:         one call owns the tables of its pixels.
 * Tile:         none: one pixel at a time, since all channels share the result.
 * Cost:         some 20 to 60 operations a pixel.
 * Accuracy:     coordinates, fractions and weights have a rounding or two each, as in torch.
 * Measured:     5 ns a pixel of bilinear tables (AVX-512, one thread). */
#include <math.h>

#include "kernel.h"

/* The taps of a pixel along one axis; place -1: outside. */
struct places {
    int count;
    int32_t at[4];
    real weight[4], slope[4];
};

FC_INLINE real clip(real at, ptrdiff_t size) { return at > 0 ? at < (real)(size - 1) ? at : (real)(size - 1) : 0; }

/* A coordinate thrown back at the borders until it lies between them; *slope changes sign with each throw. */
FC_INLINE real reflect(real at, ptrdiff_t size, int align, real *slope) {
    const real low = align ? 0 : (real)-0.5, span = align ? (real)(size - 1) : (real)size;
    if (span == 0) {
        *slope = 0;
        return 0;
    }
    real from = at - low;
    if (from < 0) from = -from, *slope = -*slope;
    const real over = (real)fmod(from, span), times = (real)floor((double)(from / span));
    if (fmod((double)times, 2) == 0) return over + low;
    *slope = -*slope;
    return span - over + low;
}

FC_INLINE real bordered(const struct fc_grid *s, real at, ptrdiff_t size, real *slope) {
    if (s->border == FC_GRID_ZEROS) return at;
    if (s->border == FC_GRID_REFLECTION) at = reflect(at, size, s->align, slope);
    if (!(at > 0 && at < (real)(size - 1))) *slope = 0;
    return clip(at, size);
}

FC_INLINE int32_t inside(real at, ptrdiff_t size) { return at >= 0 && at <= (real)(size - 1) ? (int32_t)at : -1; }

/* Keys' kernel at distance x >= 0 from a tap: within 1, and between 1 and 2. */
#define KEYS ((real)-0.75)
FC_INLINE real keys_near(real x) { return ((KEYS + 2) * x - (KEYS + 3)) * x * x + 1; }
FC_INLINE real keys_far(real x) { return ((KEYS * x - 5 * KEYS) * x + 8 * KEYS) * x - 4 * KEYS; }
FC_INLINE real keys_near_slope(real x) { return (3 * (KEYS + 2) * x - 2 * (KEYS + 3)) * x; }
FC_INLINE real keys_far_slope(real x) { return (3 * KEYS * x - 10 * KEYS) * x + 8 * KEYS; }

static void cubic_places(const struct fc_grid *s, real at, real slope, ptrdiff_t size, struct places *p) {
    const real low = (real)floor((double)at), t = at - low;
    const real weight[4] = {keys_far(t + 1), keys_near(t), keys_near(1 - t), keys_far(2 - t)};
    const real by[4] = {keys_far_slope(t + 1), keys_near_slope(t), -keys_near_slope(1 - t), -keys_far_slope(2 - t)};
    p->count = 4;
    for (int i = 0; i < 4; i++) {
        real none = 0;
        p->at[i] = inside(bordered(s, low + (real)(i - 1), size, &none), size);
        p->weight[i] = weight[i];
        p->slope[i] = by[i] * slope;
    }
}

/* The taps of one coordinate along an axis. */
FC_INLINE void places_of(const struct fc_grid *s, real coordinate, ptrdiff_t size, struct places *p) {
    real slope = s->align ? (real)(size - 1) / 2 : (real)size / 2;
    real at = s->align ? (coordinate + 1) / 2 * (real)(size - 1) : ((coordinate + 1) * (real)size - 1) / 2;
    if (s->mode == FC_BICUBIC) {
        cubic_places(s, at, slope, size, p);
        return;
    }
    at = bordered(s, at, size, &slope);
    if (s->mode == FC_NEAREST) {
        p->count = 1;
        p->at[0] = inside((real)nearbyint((double)at), size);
        p->weight[0] = 1;
        p->slope[0] = 0;
        return;
    }
    const real low = (real)floor((double)at), over = at - low;
    p->count = 2;
    p->at[0] = inside(low, size);
    p->at[1] = inside(low + 1, size);
    p->weight[0] = 1 - over;
    p->weight[1] = over;
    p->slope[0] = -slope;
    p->slope[1] = slope;
}

/* Entry `tap` of pixel p from tap i of each axis. In volumes what is outside counts for nothing even if it is NaN. */
FC_INLINE void put_tap(const struct fc_grid *s, const struct places *axis, const int *i, ptrdiff_t at, ptrdiff_t slope_step,
                       int32_t *index, real *weights, real *slopes) {
    const int32_t d = axis[0].at[i[0]], h = axis[1].at[i[1]], w = axis[2].at[i[2]];
    const int there = d >= 0 && h >= 0 && w >= 0;
    const real a = axis[0].weight[i[0]], b = axis[1].weight[i[1]], c = axis[2].weight[i[2]];
    index[at] = there ? (int32_t)((d * s->size[1] + h) * s->size[2] + w) : -1;
    weights[at] = there || s->rank == 2 ? a * b * c : 0;
    if (!slopes) return;
    slopes[at] = there ? a * b * axis[2].slope[i[2]] : 0;
    slopes[at + slope_step] = there ? a * axis[1].slope[i[1]] * c : 0;
    if (s->rank == 3) slopes[at + 2 * slope_step] = there ? axis[0].slope[i[0]] * b * c : 0;
}

void FC_FN(grid_taps)(const struct fc_grid *s, const void *grid, ptrdiff_t count, ptrdiff_t pitch, int32_t *index,
                      void *weights, void *slopes) {
    struct places axis[3] = {{1, {0}, {1}, {0}}};
    const ptrdiff_t each = s->mode == FC_BILINEAR ? 2 : s->mode == FC_NEAREST ? 1 : 4;
    const ptrdiff_t taps = each * each * (s->rank == 3 ? each : 1);
    for (ptrdiff_t p = 0; p < pitch; p++) {
        if (p >= count) { /* the rest of a last vector */
            for (ptrdiff_t t = 0; t < taps; t++) index[t * pitch + p] = -1, ((real *)weights)[t * pitch + p] = 0;
            for (ptrdiff_t t = 0; slopes && t < s->rank * taps; t++) ((real *)slopes)[t * pitch + p] = 0;
            continue;
        }
        const real *at = (const real *)grid + p * s->rank;
        for (int a = 0; a < s->rank; a++) places_of(s, at[a], s->size[2 - a], &axis[2 - a]);
        ptrdiff_t to = p;
        int i[3];
        for (i[0] = 0; i[0] < axis[0].count; i[0]++)
            for (i[1] = 0; i[1] < axis[1].count; i[1]++)
                for (i[2] = 0; i[2] < axis[2].count; i[2]++, to += pitch)
                    put_tap(s, axis, i, to, taps * pitch, index, weights, slopes);
    }
}

/* Rows of (n, d, h, w, rank): theta (n, rank, rank + 1) times the base coordinates of each axis, the last first, and 1. */
void FC_FN(affine_rows)(int rank, const void *theta, const void *const *base, const ptrdiff_t *size, void *y, ptrdiff_t row,
                        ptrdiff_t row_end) {
    const ptrdiff_t rows = size[0] * size[1];
    for (; row < row_end; row++) {
        const real *to = (const real *)theta + row / rows * rank * (rank + 1), *columns = base[2];
        const real ih = ((const real *)base[1])[row % size[1]], id = ((const real *)base[0])[row % rows / size[1]];
        real *out = (real *)y + row * size[2] * rank;
        for (int a = 0; a < rank; a++, to += rank + 1) {
            const real rest = (rank == 3 ? to[2] * id : 0) + to[rank];
            for (ptrdiff_t iw = 0; iw < size[2]; iw++) out[iw * rank + a] = to[0] * columns[iw] + (to[1] * ih + rest);
        }
    }
}
