/* Computes:     where the pixels of a grid lie in an image: the places and weights of their taps, and the weights'
 *               derivatives by each coordinate; and the grid of an affine transformation.
 * Source:       Jaderberg et al., Spatial Transformer Networks, NIPS 2015; Keys, Cubic Convolution Interpolation, IEEE ASSP
 *               1981 (bicubic, a = -0.75); coordinates outside follow torch.nn.functional.grid_sample.
 * Applies when: always, whatever the grid holds: a place is used only after it was compared with the image. Bicubic: rank 2.
 * Layout:       grid: pixels of `rank` coordinates, the last axis first. Tables: [tap][pixel], rows `pitch` apart; slopes:
 *               [coordinate][tap][pixel], NULL if not wanted.
 * Plan:         one call owns the tables of its pixels.
 * Tile:         none: one pixel at a time, since all channels share the result.
 * Cost:         some 20 to 60 operations a pixel.
 * Accuracy:     coordinates, fractions and weights have a rounding or two each, as in torch.
 * Measured:     3 ns a pixel of bilinear tables (AVX-512, one thread). */
#include <math.h>

#include "kernel.h"

#define ROUND(x) (FC_WIDTH == 32 ? (real)__builtin_nearbyintf((float)(x)) : (real)__builtin_nearbyint((double)(x)))

/* The largest whole number not above x, in a form that compilers turn into vectors. */
FC_INLINE real below(real x) {
    const real near = ROUND(x);
    return near > x ? near - 1 : near;
}

#define SOME 64 /* pixels at a time: a whole number of vectors, and few enough for L1 */

/* The taps of some pixels along one axis; place -1: outside. Places are whole numbers. */
struct places {
    int count;
    real at[4][SOME], weight[4][SOME], slope[4][SOME];
};

FC_INLINE real clip(real at, real last) { return at > 0 ? at < last ? at : last : 0; }
FC_INLINE real inside(real at, real last) { return (at >= 0) & (at <= last) ? at : -1; }

/* A coordinate thrown back at the borders until it lies between them; *slope changes sign with each throw. */
static real reflect(real at, ptrdiff_t size, int align, real *slope) {
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

/* Coordinates as the border moves them. */
static void border_places(const struct fc_grid *s, ptrdiff_t size, real *at, real *slope) {
    const real last = (real)(size - 1);
    for (int i = 0; s->border == FC_GRID_REFLECTION && i < SOME; i++) at[i] = reflect(at[i], size, s->align, slope + i);
    for (int i = 0; s->border != FC_GRID_ZEROS && i < SOME; i++) {
        slope[i] = (at[i] > 0) & (at[i] < last) ? slope[i] : 0;
        at[i] = clip(at[i], last);
    }
}

/* Keys' kernel at distance x >= 0 from a tap: within 1, and between 1 and 2. */
#define KEYS ((real)-0.75)
FC_INLINE real keys_near(real x) { return ((KEYS + 2) * x - (KEYS + 3)) * x * x + 1; }
FC_INLINE real keys_far(real x) { return ((KEYS * x - 5 * KEYS) * x + 8 * KEYS) * x - 4 * KEYS; }
FC_INLINE real keys_near_slope(real x) { return (3 * (KEYS + 2) * x - 2 * (KEYS + 3)) * x; }
FC_INLINE real keys_far_slope(real x) { return (3 * KEYS * x - 10 * KEYS) * x + 8 * KEYS; }

static void cubic_places(const struct fc_grid *s, ptrdiff_t size, const real *at, real slope, struct places *p) {
    real none[SOME];
    p->count = 4;
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < SOME; i++) {
            const real low = below(at[i]), t = at[i] - low;
            p->at[k][i] = low + (real)(k - 1);
            p->weight[k][i] = k == 0 ? keys_far(t + 1) : k == 1 ? keys_near(t) : k == 2 ? keys_near(1 - t) : keys_far(2 - t);
            p->slope[k][i] = slope * (k == 0   ? keys_far_slope(t + 1)
                                      : k == 1 ? keys_near_slope(t)
                                      : k == 2 ? -keys_near_slope(1 - t)
                                               : -keys_far_slope(2 - t));
            none[i] = 0;
        }
        border_places(s, size, p->at[k], none);
        for (int i = 0; i < SOME; i++) p->at[k][i] = inside(p->at[k][i], (real)(size - 1));
    }
}

/* The taps of one coordinate along an axis. */
static void places_of(const struct fc_grid *s, const real *grid, ptrdiff_t count, ptrdiff_t size, struct places *p) {
    const real last = (real)(size - 1), extent = (real)size, factor = s->align ? last / 2 : extent / 2;
    real at[SOME];
    for (ptrdiff_t i = 0; i < SOME; i += LANES) {
        const mask some = mask_bits(bits_below(count - i));
        vec_store(at + i, i + LANES <= count ? vec_load_stride(grid + i * s->rank, s->rank)
                                             : vec_load_some(grid + i * s->rank, s->rank, some));
    }
    for (int i = 0; i < SOME; i++) {
        at[i] = s->align ? (at[i] + 1) / 2 * last : ((at[i] + 1) * extent - 1) / 2;
        p->slope[1][i] = factor;
    }
    if (s->mode == FC_BICUBIC) {
        cubic_places(s, size, at, factor, p);
        return;
    }
    border_places(s, size, at, p->slope[1]);
    p->count = s->mode == FC_NEAREST ? 1 : 2;
    for (int i = 0; s->mode == FC_NEAREST && i < SOME; i++) {
        p->at[0][i] = inside(ROUND(at[i]), last);
        p->weight[0][i] = 1;
        p->slope[0][i] = 0;
    }
    for (int i = 0; s->mode == FC_BILINEAR && i < SOME; i++) {
        const real low = below(at[i]), over = at[i] - low;
        p->at[0][i] = inside(low, last);
        p->at[1][i] = inside(low + 1, last);
        p->weight[0][i] = 1 - over;
        p->weight[1][i] = over;
        p->slope[0][i] = -p->slope[1][i];
    }
}

/* One tap of some pixels from tap i[axis] of each axis. In volumes what is outside counts for nothing even if it is NaN. */
static void put_tap(const struct fc_grid *s, const struct places *axis, const int *i, ptrdiff_t slope_step, int32_t *index,
                    real *weights, real *slopes) {
    const real *d = axis[0].at[i[0]], *h = axis[1].at[i[1]], *w = axis[2].at[i[2]];
    const real *a = axis[0].weight[i[0]], *b = axis[1].weight[i[1]], *c = axis[2].weight[i[2]];
    const int32_t rows = (int32_t)s->size[1], columns = (int32_t)s->size[2];
    for (int p = 0; p < SOME; p++) {
        const int32_t at = ((int32_t)d[p] * rows + (int32_t)h[p]) * columns + (int32_t)w[p];
        index[p] = (d[p] >= 0) & (h[p] >= 0) & (w[p] >= 0) ? at : -1;
    }
    const int kept = s->rank == 2;
    for (int p = 0; p < SOME; p++) {
        const real weight = a[p] * b[p] * c[p];
        weights[p] = kept | (index[p] >= 0) ? weight : 0;
    }
    if (!slopes) return;
    const real *by_d = axis[0].slope[i[0]], *by_h = axis[1].slope[i[1]], *by_w = axis[2].slope[i[2]];
    for (int p = 0; p < SOME; p++) {
        const int there = index[p] >= 0;
        slopes[p] = there ? a[p] * b[p] * by_w[p] : 0;
        slopes[p + slope_step] = there ? a[p] * by_h[p] * c[p] : 0;
        if (s->rank == 3) slopes[p + 2 * slope_step] = there ? by_d[p] * b[p] * c[p] : 0;
    }
}

void FC_FN(grid_taps)(const struct fc_grid *s, const void *grid, ptrdiff_t count, ptrdiff_t pitch, int32_t *index,
                      void *weights, void *slopes) {
    struct places axis[3];
    ptrdiff_t taps = 1;
    axis[0].count = 1;
    for (int p = 0; p < SOME; p++) axis[0].at[0][p] = 0, axis[0].weight[0][p] = 1, axis[0].slope[0][p] = 0;
    for (int a = 0; a < s->rank; a++) taps *= s->mode == FC_BILINEAR ? 2 : s->mode == FC_NEAREST ? 1 : 4;
    for (ptrdiff_t p = 0; p < count; p += SOME) {
        for (int a = 0; a < s->rank; a++)
            places_of(s, (const real *)grid + p * s->rank + a, count - p, s->size[2 - a], &axis[2 - a]);
        ptrdiff_t to = p;
        int i[3];
        for (i[0] = 0; i[0] < axis[0].count; i[0]++)
            for (i[1] = 0; i[1] < axis[1].count; i[1]++)
                for (i[2] = 0; i[2] < axis[2].count; i[2]++, to += pitch)
                    put_tap(s, axis, i, taps * pitch, index + to, (real *)weights + to, slopes ? (real *)slopes + to : NULL);
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
