/* Computes:     y = x t**-beta with t = k + scale * sum of squares in a window around x, and the gradient.
 * Source:       Krizhevsky, Sutskever & Hinton, NIPS 2012, section 3.3 (across channels); Caffe's LRN layer (within a channel).
 * Applies when: always. Across channels the window lies along h (channels first) or along the row (last); within one it lies
 *               along all spatial axes.
 * Layout:       d planes of h rows of w reals, `pitch` apart; along a row neighbours are `step` reals apart.
 * Plan:         one call owns some rows. The gradient first makes x dy t**(-beta - 1) of every element, then sums windows of it.
 * Tile:         a row's squares, summed over the other rows of the window, in L1 with zeros on both sides; then along the row.
 * Cost:         size_d * size_h + size_w multiply-adds or additions; a square root or two and a division where beta is 1/2,
 *               3/4 or 1, else a logarithm and an exponential.
 * Accuracy:     each window is summed anew, so that no NaN and no rounding stays behind: (terms + 2) u for t; the power of
 *               beta 1/2, 3/4, 1: 3 u; of another: 4 u + 4 u beta |log t|.
 * Measured:     96 x 55 x 55, size 5 across channels, float, AVX-512, Sapphire Rapids, one thread: see kernels/normalization.pyx. */
#include "activation/elementary.h"

/* Sums over the rows of the window around row `row` of squares of x, or of x, into the middle of the line. */
static void sum_down(const struct fc_local *s, const real *x, ptrdiff_t row, int squared, real *line) {
    const ptrdiff_t id = row / s->h - s->before_d, ih = row % s->h - s->before_h;
    const ptrdiff_t margin = s->before_w * s->step, behind = (s->size_w - 1) * s->step - margin;
    for (ptrdiff_t i = 0; i < margin; i++) line[i] = 0;
    for (ptrdiff_t i = 0; i < behind; i++) line[margin + s->w + i] = 0;
    line += margin;
    for (ptrdiff_t i = 0; i < s->w; i += LANES) {
        const mask some = mask_bits(bits_below(s->w - i));
        vec sum = vec_zero();
        for (ptrdiff_t d = id < 0 ? 0 : id; d < id + s->size_d && d < s->d; d++)
            for (ptrdiff_t h = ih < 0 ? 0 : ih; h < ih + s->size_h && h < s->h; h++) {
                const vec v = vec_load_some(x + (d * s->h + h) * s->pitch + i, 1, some);
                sum = squared ? vec_fma(v, v, sum) : vec_add(sum, v);
            }
        vec_store_some(line + i, sum, some);
    }
}

FC_INLINE vec sum_along(const struct fc_local *s, const real *line, mask some) {
    vec sum = vec_load_some(line, 1, some);
    for (ptrdiff_t t = 1; t < s->size_w; t++) sum = vec_add(sum, vec_load_some(line + t * s->step, 1, some));
    return sum;
}

/* t**-beta. */
FC_INLINE vec power_of(const struct fc_local *s, vec t) {
    const vec one = vec_set1(1);
    if (s->beta == 0) return one;
    if (s->beta == 1) return vec_div(one, t);
    if (s->beta == 0.5) return vec_div(one, vec_sqrt(t));
    if (s->beta == 0.75) {
        const vec root = vec_sqrt(t);
        return vec_div(one, vec_mul(root, vec_sqrt(root)));
    }
    return exponential(vec_mul(vec_set1((real)-s->beta), logarithm(t)));
}

FC_INLINE vec base_of(const struct fc_local *s, const real *line, mask some) {
    return vec_fma(vec_set1((real)s->scale), sum_along(s, line, some), vec_set1((real)s->k));
}

void FC_FN(local_norm)(const struct fc_local *s, const void *x, void *y, ptrdiff_t row, ptrdiff_t row_end, void *line) {
    for (; row < row_end; row++) {
        sum_down(s, x, row, 1, line);
        for (ptrdiff_t i = 0; i < s->w; i += LANES) {
            const mask some = mask_bits(bits_below(s->w - i));
            const vec p = power_of(s, base_of(s, (const real *)line + i, some));
            vec_store_some((real *)y + row * s->pitch + i, vec_mul(vec_load_some((const real *)x + row * s->pitch + i, 1, some), p), some);
        }
    }
}

void FC_FN(local_norm_parts)(const struct fc_local *s, const void *x, const void *dy, void *part, void *dx, ptrdiff_t row,
                             ptrdiff_t row_end, void *line) {
    for (; row < row_end; row++) {
        sum_down(s, x, row, 1, line);
        for (ptrdiff_t i = 0; i < s->w; i += LANES) {
            const mask some = mask_bits(bits_below(s->w - i));
            const ptrdiff_t at = row * s->pitch + i;
            const vec t = base_of(s, (const real *)line + i, some), p = power_of(s, t);
            const vec g = vec_mul(vec_load_some((const real *)dy + at, 1, some), p);
            vec_store_some((real *)dx + at, g, some);
            vec_store_some((real *)part + at, vec_div(vec_mul(g, vec_load_some((const real *)x + at, 1, some)), t), some);
        }
    }
}

/* The window here is the mirror image of that of the values. */
void FC_FN(local_norm_grad)(const struct fc_local *s, const void *x, const void *part, void *dx, ptrdiff_t row,
                            ptrdiff_t row_end, void *line) {
    const vec by = vec_set1((real)(-2 * s->beta * s->scale));
    for (; row < row_end; row++) {
        sum_down(s, part, row, 0, line);
        for (ptrdiff_t i = 0; i < s->w; i += LANES) {
            const mask some = mask_bits(bits_below(s->w - i));
            const ptrdiff_t at = row * s->pitch + i;
            const vec sum = vec_mul(by, sum_along(s, (const real *)line + i, some));
            const vec v = vec_fma(vec_load_some((const real *)x + at, 1, some), sum, vec_load_some((const real *)dx + at, 1, some));
            vec_store_some((real *)dx + at, v, some);
        }
    }
}
