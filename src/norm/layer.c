/* Computes:     each row less its mean and over its deviation, or over its root mean square, times weight plus bias by element;
 *               and the gradients.
 * Source:       Ba, Kiros & Hinton 2016 (layer normalisation); Zhang & Sennrich, NeurIPS 2019 (root mean square).
 * Applies when: always.
 * Layout:       rows of c reals; weight and bias of c, or NULL.
 * Plan:         one call owns its rows; of the gradient of weight and bias, some columns of all rows.
 * Tile:         four vectors of sums; one vector of results.
 * Cost:         as planes.c, two more loads and a multiply-add a vector for weight and bias.
 * Accuracy:     moments.h; then four roundings a result.
 * Measured:     512 x 768: see kernels/normalization.pyx. */
#include "norm/moments.h"

/* Mean and reciprocal deviation. */
FC_INLINE void row_stats(const real *x, ptrdiff_t c, int centred, double eps, double *stats) {
    const struct moments m = moments_of(x, 1, c, c, centred);
    stats[0] = m.mean, stats[1] = reciprocal_root(m.squares / m.count + eps);
}

FC_INLINE vec element(const real *numbers, ptrdiff_t i, real without, mask some) {
    return numbers ? vec_load_some(numbers + i, 1, some) : vec_set1(without);
}

void FC_FN(norm_layer)(const void *x, ptrdiff_t rows, ptrdiff_t c, int centred, double eps, const void *weight,
                       const void *bias, void *y) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        const real *from = (const real *)x + row * c;
        double stats[2];
        row_stats(from, c, centred, eps, stats);
        const struct shift mean = shift_of(stats[0]);
        const vec high = vec_set1(mean.high), scale = vec_set1((real)stats[1]), low = vec_set1((real)(-mean.low * stats[1]));
        for (ptrdiff_t i = 0; i < c; i += LANES) {
            const mask some = mask_bits(bits_below(c - i));
            const vec v = vec_fma(vec_sub(vec_load_some(from + i, 1, some), high), scale, low);
            const vec w = element(weight, i, 1, some), b = element(bias, i, 0, some);
            vec_store_some((real *)y + row * c + i, bias ? vec_fma(v, w, b) : vec_mul(v, w), some);
        }
    }
}

void FC_FN(norm_layer_grad)(const void *x, const void *dy, ptrdiff_t rows, ptrdiff_t c, int centred, double eps,
                            const void *weight, double *stats, void *dx) {
    for (ptrdiff_t row = 0; row < rows; row++, stats += 2) {
        const real *from = (const real *)x + row * c, *g = (const real *)dy + row * c;
        row_stats(from, c, centred, eps, stats);
        if (!dx) continue;
        const struct shift mean = shift_of(stats[0]);
        const vec high = vec_set1(mean.high);
        double all = 0, products = 0;
        for (ptrdiff_t first = 0; first < c; first += BLOCK) {
            const ptrdiff_t end = c - first < BLOCK ? c : first + BLOCK;
            vec s[2] = {vec_zero(), vec_zero()}, p[2] = {vec_zero(), vec_zero()};
            for (ptrdiff_t i = first; i < end; i += 2 * LANES)
#pragma GCC unroll 2
                for (int v = 0; v < 2; v++) {
                    const mask some = mask_bits(bits_below(end - i - v * LANES));
                    const vec gw = vec_mul(vec_load_some(g + i + v * LANES, 1, some), element(weight, i + v * LANES, 1, some));
                    const vec d = vec_select(some, vec_sub(vec_load_some(from + i + v * LANES, 1, some), high), vec_zero());
                    s[v] = vec_add(s[v], gw);
                    p[v] = vec_fma(gw, d, p[v]);
                }
            all += vec_sum(vec_add(s[0], s[1])), products += vec_sum(vec_add(p[0], p[1]));
        }
        const double root = stats[1], slope = -root * root * root * (products - mean.low * all) / (double)c;
        const vec q = vec_set1((real)slope), p = vec_set1((real)root);
        const vec r = vec_set1((real)((centred ? -root * all / (double)c : 0) - mean.low * slope));
        for (ptrdiff_t i = 0; i < c; i += LANES) {
            const mask some = mask_bits(bits_below(c - i));
            const vec gw = vec_mul(vec_load_some(g + i, 1, some), element(weight, i, 1, some));
            const vec d = vec_sub(vec_load_some(from + i, 1, some), high);
            vec_store_some((real *)dx + row * c + i, vec_fma(p, gw, vec_fma(q, d, r)), some);
        }
    }
}

/* x and dy at the first of `columns` columns; rows are summed in blocks, so that no chain is long. */
void FC_FN(norm_layer_grad_weight)(const void *x, const void *dy, ptrdiff_t rows, ptrdiff_t c, ptrdiff_t columns,
                                   const double *stats, double *dw, double *db) {
    real sums[LANES], products[LANES], scale[BLOCK_STEPS];
    struct shift mean[BLOCK_STEPS];
    for (ptrdiff_t i = 0; i < columns; i++) dw[i] = db[i] = 0;
    for (ptrdiff_t first = 0; first < rows; first += BLOCK_STEPS) {
        const ptrdiff_t here = rows - first < BLOCK_STEPS ? rows - first : BLOCK_STEPS;
        for (ptrdiff_t row = 0; row < here; row++) {
            mean[row] = shift_of(stats[2 * (first + row)]);
            scale[row] = (real)stats[2 * (first + row) + 1];
        }
        for (ptrdiff_t i = 0; i < columns; i += LANES) {
            const mask some = mask_bits(bits_below(columns - i));
            const real *at = (const real *)x + first * c + i, *g_at = (const real *)dy + first * c + i;
            vec s = vec_zero(), p = vec_zero();
            for (ptrdiff_t row = 0; row < here; row++, at += c, g_at += c) {
                const vec d = vec_sub(vec_load_some(at, 1, some), vec_set1(mean[row].high)), g = vec_load_some(g_at, 1, some);
                s = vec_add(s, g);
                p = vec_fma(g, vec_mul(vec_sub(d, vec_set1(mean[row].low)), vec_set1(scale[row])), p);
            }
            vec_store(sums, s), vec_store(products, p);
            for (ptrdiff_t l = 0; l < LANES && i + l < columns; l++) db[i + l] += sums[l], dw[i + l] += products[l];
        }
    }
}
