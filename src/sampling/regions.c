/* Computes:     regions of interest: the weights that the bilinear samples of RoI align have along one axis, and the maxima
 *               of RoI pooling with where they stood.
 * Source:       Girshick, Fast R-CNN, ICCV 2015 (RoI pooling); He et al., Mask R-CNN, ICCV 2017 (RoI align); the rounding
 *               and the borders follow torchvision.ops.
 * Applies when: always, whatever the boxes hold: a sample is used only after it was compared with the image.
 * Layout:       a box is (image, x1, y1, x2, y2). Tables: [tap][output], rows `pitch` apart, at most `size` taps.
 * Plan:         one call owns the table of an axis, or the outputs of a box in one plane.
 * Tile:         none: samples that share pixels are added up before any channel is read, so that each pixel of a bin is read
 *               once. A maximum is found by vectors of a row, then the first pixel that has it.
 * Cost:         region_axis: some 10 operations a sample of one axis; region_max: one comparison an element.
 * Accuracy:     region_axis: a chain of additions an entry; region_max: exact.
 * Measured:     64 boxes of 60 x 60 in 64 x 256 x 256, 7x7 bins: RoI align 10 ms, its gradient 26 ms, RoI pooling 58 ms
 *               (AVX-512, one thread). */
#include <math.h>

#include "kernel.h"

/* Table of one axis while it is made: `taps` rows are in use, `used` of them by the output at hand. */
struct table {
    ptrdiff_t pitch, taps, used, output, low, high;
    int32_t *index;
    real *weights;
};

/* Adds to the weight of a place. Samples go one way, so a place that came before was one of the last four. */
FC_INLINE void add_weight(struct table *t, ptrdiff_t place, real weight) {
    for (ptrdiff_t k = t->used; k-- > 0 && k + 4 >= t->used;)
        if (t->index[k * t->pitch + t->output] == place) {
            t->weights[k * t->pitch + t->output] += weight;
            return;
        }
    if (t->used == t->taps) {
        for (ptrdiff_t o = 0; o < t->pitch; o++) {
            t->index[t->taps * t->pitch + o] = -1;
            t->weights[t->taps * t->pitch + o] = 0;
        }
        t->taps++;
    }
    t->index[t->used * t->pitch + t->output] = (int32_t)place;
    t->weights[t->used++ * t->pitch + t->output] = weight;
    if (place < t->low) t->low = place;
    if (place >= t->high) t->high = place + 1;
}

FC_INLINE void add_sample(struct table *t, real at, ptrdiff_t size, real share) {
    if (!(at >= -1 && at <= (real)size)) return;
    if (at < 0) at = 0;
    const ptrdiff_t low = (ptrdiff_t)at;
    if (low >= size - 1) {
        add_weight(t, size - 1, share);
        return;
    }
    const real over = at - (real)low;
    add_weight(t, low, share * (1 - over));
    add_weight(t, low + 1, share * over);
}

/* found: taps, and the places [low, high) in use. `samples` of 0: as many as a bin has pixels. */
void FC_FN(region_axis)(const void *box, int axis, double scale, int aligned, ptrdiff_t outputs, ptrdiff_t size,
                        ptrdiff_t samples, ptrdiff_t pitch, int32_t *index, void *weights, ptrdiff_t *found) {
    const real *corner = (const real *)box + 1 + axis, offset = aligned ? (real)0.5 : 0;
    const real start = corner[0] * (real)scale - offset, end = corner[2] * (real)scale - offset;
    real extent = end - start;
    if (!aligned && !(extent >= 1)) extent = extent == extent ? 1 : extent;
    const real bin = extent / (real)outputs, grid = samples > 0 ? (real)samples : (real)ceil((double)bin);
    struct table t = {pitch, 0, 0, 0, size, 0, index, weights};
    const int finite = fabs((double)start) < INFINITY && fabs((double)bin) < INFINITY;
    for (t.output = 0; finite && t.output < outputs; t.output++) {
        const real from = start + (real)t.output * bin, step = bin / grid;
        double first = 0, last = (double)grid;
        if (step > 0) { /* only those that can lie inside */
            const double low = floor((-1 - (double)from) / (double)step) - 2;
            const double high = ceil(((double)size - (double)from) / (double)step) + 2;
            first = low > 0 ? low : 0;
            last = high < last ? high : last;
        }
        t.used = 0;
        for (double i = first; i < last; i++) add_sample(&t, from + ((real)i + (real)0.5) * bin / grid, size, 1 / grid);
    }
    found[0] = t.taps;
    found[1] = t.low < t.high ? t.low : 0;
    found[2] = t.high;
}

/* A rounded coordinate; beyond 2**30 it counts as that, and NaN as a box without pixels. */
FC_INLINE ptrdiff_t rounded(real at, double scale) {
    const double most = 1 << 30, value = (double)(at * (real)scale);
    return (ptrdiff_t)round(value > most ? most : value > -most ? value : -most);
}

/* Elements [low, high) of an axis that bin o has. */
FC_INLINE void bin_of(ptrdiff_t start, ptrdiff_t end, ptrdiff_t o, ptrdiff_t outputs, ptrdiff_t size, ptrdiff_t *span) {
    const ptrdiff_t extent = end - start + 1 > 1 ? end - start + 1 : 1;
    const real bin = (real)extent / (real)outputs;
    const ptrdiff_t low = (ptrdiff_t)floor((double)((real)o * bin)) + start;
    const ptrdiff_t high = (ptrdiff_t)ceil((double)((real)(o + 1) * bin)) + start;
    span[0] = low < 0 ? 0 : low < size ? low : size;
    span[1] = high < 0 ? 0 : high < size ? high : size;
}

/* The maximum of rows [h[0], h[1]), columns [w[0], w[1]), NaN if there is one. */
FC_INLINE real highest(const real *x, ptrdiff_t pixel, ptrdiff_t width, const ptrdiff_t *h, const ptrdiff_t *w) {
    const vec lowest = vec_set1((real)-INFINITY);
    vec best = lowest;
    for (ptrdiff_t ih = h[0]; ih < h[1]; ih++)
        for (ptrdiff_t iw = w[0]; iw < w[1]; iw += LANES) {
            const mask some = mask_bits(bits_below(w[1] - iw));
            const vec value = vec_select(some, vec_load_some(x + (ih * width + iw) * pixel, pixel, some), lowest);
            best = vec_select(mask_beats(value, best), value, best);
        }
    real lane[LANES], most = (real)-INFINITY;
    vec_store(lane, best);
    for (int l = 0; l < LANES; l++) most = lane[l] > most || lane[l] != lane[l] ? lane[l] : most;
    return most;
}

/* The maximum of a bin and where it stands: the first of equals or of NaN, 0 and -1 of nothing. */
static void max_of(const real *x, ptrdiff_t pixel, ptrdiff_t width, const ptrdiff_t *h, const ptrdiff_t *w, real *y,
                   int64_t *where) {
    int64_t at = -1;
    const real most = highest(x, pixel, width, h, w);
    for (ptrdiff_t ih = h[0]; ih < h[1] && at < 0; ih++)
        for (ptrdiff_t iw = w[0]; iw < w[1] && at < 0; iw++) {
            const real value = x[(ih * width + iw) * pixel];
            if (value == most || (value != value && most != most)) at = ih * width + iw;
        }
    *y = at < 0 ? 0 : x[at * pixel];
    if (where) *where = at;
}

void FC_FN(region_max)(const void *box, double scale, ptrdiff_t h, ptrdiff_t w, ptrdiff_t oh, ptrdiff_t ow,
                       ptrdiff_t channels, ptrdiff_t pixel, const void *x, ptrdiff_t x_channel, void *y, int64_t *where,
                       ptrdiff_t y_channel) {
    const real *at = (const real *)box + 1;
    const int told = at[0] == at[0] && at[1] == at[1] && at[2] == at[2] && at[3] == at[3];
    const ptrdiff_t x1 = rounded(at[0], scale), y1 = rounded(at[1], scale);
    const ptrdiff_t x2 = rounded(at[2], scale), y2 = rounded(at[3], scale);
    for (ptrdiff_t ioh = 0; ioh < oh; ioh++) {
        ptrdiff_t rows[2], columns[2];
        bin_of(y1, y2, ioh, oh, told ? h : 0, rows);
        for (ptrdiff_t iow = 0; iow < ow; iow++) {
            bin_of(x1, x2, iow, ow, w, columns);
            for (ptrdiff_t ic = 0; ic < channels; ic++) {
                const ptrdiff_t to = (ioh * ow + iow) * pixel + ic * y_channel;
                max_of((const real *)x + ic * x_channel, pixel, w, rows, columns, (real *)y + to, where ? where + to : NULL);
            }
        }
    }
}

/* dx[where[i]] += dy[i] for i = 0, step, ...; -1 goes nowhere. */
void FC_FN(spread_switches)(const void *dy, const int64_t *where, ptrdiff_t count, ptrdiff_t step, void *dx,
                            ptrdiff_t dx_step) {
    for (ptrdiff_t i = 0; i < count; i++)
        if (where[i * step] >= 0) ((real *)dx)[where[i * step] * dx_step] += ((const real *)dy)[i * step];
}
