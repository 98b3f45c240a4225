/* Computes:     the parts of local contrast normalisation: means over channels, sums with a separable window, and what follows
 *               of them; and the same backwards.
 * Source:       Jarrett, Kavukcuoglu, Ranzato & LeCun, What is the Best Multi-Stage Architecture for Object Recognition?, ICCV
 *               2009, section 2.
 * Applies when: always.
 * Layout:       an image of `pixels` of c channels, `pixel` and `channel` reals apart; planes of h rows of w.
 * Plan:         one call owns some pixels, or some rows of the smoothed plane.
 * Tile:         one vector of pixels; channels last, one pixel.
 * Cost:         two passes over the image and a third for the result; 2 size multiply-adds a pixel for each smoothing.
 * Accuracy:     (2 size + c + 4) u for a smoothed mean; one square root and one division.
 * Measured:     see kernels/normalization.pyx. */
#include "kernel.h"

FC_INLINE ptrdiff_t step_of(ptrdiff_t pixel) { return pixel == 1 ? LANES : 1; }
FC_INLINE mask lanes_of(ptrdiff_t pixel, ptrdiff_t left) { return mask_bits(pixel == 1 ? bits_below(left) : 1); }

/* Over channels, of (x - mean)**2 (`kind` 0, mean may be NULL: of x), of a times b (1). */
void FC_FN(contrast_mean)(int kind, const void *a, const void *b, ptrdiff_t c, ptrdiff_t pixel, ptrdiff_t channel,
                          ptrdiff_t begin, ptrdiff_t end, void *mean) {
    const vec share = vec_set1((real)c);
    for (ptrdiff_t i = begin; i < end; i += step_of(pixel)) {
        const mask some = lanes_of(pixel, end - i);
        vec sum = vec_zero();
        for (ptrdiff_t k = 0; k < c; k++) {
            const vec x = vec_load_some((const real *)a + i * pixel + k * channel, 1, some);
            const vec y = b ? vec_load_some((const real *)b + i * pixel + k * channel, 1, some) : x;
            sum = kind ? vec_fma(x, y, sum) : vec_add(sum, x);
        }
        vec_store_some((real *)mean + i, kind ? sum : vec_div(sum, share), some);
    }
}

/* v = x - smooth and the mean over channels of v**2. */
void FC_FN(contrast_subtract)(const void *x, const void *smooth, ptrdiff_t c, ptrdiff_t pixel, ptrdiff_t channel,
                              ptrdiff_t begin, ptrdiff_t end, void *v, void *squares) {
    const vec share = vec_set1((real)c);
    for (ptrdiff_t i = begin; i < end; i += step_of(pixel)) {
        const mask some = lanes_of(pixel, end - i);
        const vec from = vec_load_some((const real *)smooth + i, 1, some);
        vec sum = vec_zero();
        for (ptrdiff_t k = 0; k < c; k++) {
            const vec d = vec_sub(vec_load_some((const real *)x + i * pixel + k * channel, 1, some), from);
            vec_store_some((real *)v + i * pixel + k * channel, d, some);
            sum = vec_fma(d, d, sum);
        }
        vec_store_some((real *)squares + i, vec_div(sum, share), some);
    }
}

/* y = a / divisor + b * factor; b and factor may be NULL, divisor too. */
void FC_FN(contrast_combine)(const void *a, const void *divisor, const void *b, const void *factor, ptrdiff_t c,
                             ptrdiff_t pixel, ptrdiff_t channel, ptrdiff_t begin, ptrdiff_t end, void *y) {
    for (ptrdiff_t i = begin; i < end; i += step_of(pixel)) {
        const mask some = lanes_of(pixel, end - i);
        const vec d = divisor ? vec_load_some((const real *)divisor + i, 1, some) : vec_set1(1);
        const vec f = factor ? vec_load_some((const real *)factor + i, 1, some) : vec_zero();
        for (ptrdiff_t k = 0; k < c; k++) {
            const ptrdiff_t at = i * pixel + k * channel;
            vec v = vec_load_some((const real *)a + at, 1, some);
            if (divisor) v = vec_div(v, d);
            if (factor) v = b ? vec_fma(vec_load_some((const real *)b + at, 1, some), f, v) : vec_add(v, f);
            vec_store_some((real *)y + at, v, some);
        }
    }
}

/* Rows [row, row_end) of the plane x smoothed by taps along both axes; x is first divided by `inner`, the result by `outer`, which
 * may be NULL. line: w + 2 reach reals. */
void FC_FN(contrast_smooth)(const void *x, const void *inner, const void *outer, const void *taps, ptrdiff_t reach, ptrdiff_t h,
                            ptrdiff_t w, ptrdiff_t row, ptrdiff_t row_end, void *y, void *line) {
    real *middle = (real *)line + reach;
    for (ptrdiff_t i = 0; i < reach; i++) ((real *)line)[i] = middle[w + i] = 0;
    for (; row < row_end; row++) {
        for (ptrdiff_t i = 0; i < w; i += LANES) {
            const mask some = mask_bits(bits_below(w - i));
            vec sum = vec_zero();
            for (ptrdiff_t t = -reach; t <= reach; t++)
                if (row + t >= 0 && row + t < h) {
                    vec v = vec_load_some((const real *)x + (row + t) * w + i, 1, some);
                    if (inner) v = vec_div(v, vec_load_some((const real *)inner + (row + t) * w + i, 1, some));
                    sum = vec_fma(vec_set1(((const real *)taps)[t + reach]), v, sum);
                }
            vec_store_some(middle + i, sum, some);
        }
        for (ptrdiff_t i = 0; i < w; i += LANES) {
            const mask some = mask_bits(bits_below(w - i));
            vec sum = vec_zero();
            for (ptrdiff_t t = -reach; t <= reach; t++)
                sum = vec_fma(vec_set1(((const real *)taps)[t + reach]), vec_load_some(middle + i + t, 1, some), sum);
            if (outer) sum = vec_div(sum, vec_load_some((const real *)outer + row * w + i, 1, some));
            vec_store_some((real *)y + row * w + i, sum, some);
        }
    }
}
