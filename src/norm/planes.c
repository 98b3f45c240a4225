/* Computes:     y = (x - mean) / sqrt(variance + eps) * weight + bias of one group of planes, with its own moments or given
 *               ones, and the gradients.
 * Source:       Ioffe & Szegedy, ICML 2015 (batch); Ulyanov et al. 2016 (instance); Wu & He, ECCV 2018 (group).
 * Applies when: the reals of a channel stand together (channels first).
 * Layout:       `runs` runs of `run` reals, `pitch` apart: a channel's planes of all images, or planes of one image.
 * Plan:         one call owns one group: its moments, then its results while the group is in cache.
 * Tile:         four vectors of sums; one vector of results.
 * Cost:         two passes for the moments, of which the second finds its block in L1, one for the results: a subtraction and a
 *               multiply-add. The gradient: the same with two arrays.
 * Accuracy:     moments.h; the mean is two reals, so that x - mean is rounded once: x far from zero loses nothing.
 * Measured:     64 x 112 x 112, see kernels/normalization.pyx. */
#include "norm/moments.h"

/* y = (x - high) scale + shift. */
FC_INLINE void shift_run(const real *x, ptrdiff_t count, real high, real scale, real shift, real *y) {
    const vec from = vec_set1(high), by = vec_set1(scale), to = vec_set1(shift);
    ptrdiff_t i = 0;
    for (; i + LANES <= count; i += LANES) vec_store(y + i, vec_fma(vec_sub(vec_load(x + i), from), by, to));
    const mask some = mask_bits(bits_below(count - i));
    if (i < count) vec_store_some(y + i, vec_fma(vec_sub(vec_load_some(x + i, 1, some), from), by, to), some);
}

void FC_FN(norm_planes)(const struct fc_norm *s, const void *x, const void *weight, const void *bias, double *mean,
                        double *variance, void *y) {
    if (!s->given) {
        const struct moments m = moments_of(x, s->runs, s->run, s->pitch, 1);
        *mean = m.mean, *variance = m.squares / m.count;
    }
    const struct shift from = shift_of(*mean);
    const double root = reciprocal_root(*variance + s->eps);
    for (ptrdiff_t i = 0; y && i < s->runs; i++) {
        const double scale = root * number_of(weight, i * s->step, 1), b = number_of(bias, i * s->step, 0);
        shift_run((const real *)x + i * s->pitch, s->run, from.high, (real)scale, (real)(b - from.low * scale),
                  (real *)y + i * s->pitch);
    }
}

/* dx = p dy + q (x - high) + r. */
FC_INLINE void grad_run(const real *x, const real *dy, ptrdiff_t count, real high, const real *pqr, real *dx) {
    const vec from = vec_set1(high), p = vec_set1(pqr[0]), q = vec_set1(pqr[1]), r = vec_set1(pqr[2]);
    ptrdiff_t i = 0;
    for (; i + LANES <= count; i += LANES)
        vec_store(dx + i, vec_fma(p, vec_load(dy + i), vec_fma(q, vec_sub(vec_load(x + i), from), r)));
    const mask some = mask_bits(bits_below(count - i));
    const vec d = vec_sub(vec_load_some(x + i, 1, some), from);
    if (i < count) vec_store_some(dx + i, vec_fma(p, vec_load_some(dy + i, 1, some), vec_fma(q, d, r)), some);
}

void FC_FN(norm_planes_grad)(const struct fc_norm *s, const void *x, const void *dy, const void *weight, const double *mean,
                             const double *variance, void *dx, double *dw, double *db) {
    const struct shift from = shift_of(*mean);
    const double root = reciprocal_root(*variance + s->eps), count = (double)s->runs * (double)s->run;
    double all = 0, all_products = 0;
    const ptrdiff_t channels = s->step ? s->runs : 1, planes = s->runs / channels;
    for (ptrdiff_t i = 0; i < channels; i++) {
        double sum, products;
        sum_products((const real *)x + i * s->pitch, (const real *)dy + i * s->pitch, planes, s->run, s->pitch, from.high, &sum,
                     &products);
        products -= from.low * sum;
        dw[i] = products * root;
        db[i] = sum;
        all += sum * number_of(weight, i, 1);
        all_products += products * number_of(weight, i, 1);
    }
    const double q = -root * root * root * all_products / count, r = -root * all / count - from.low * q;
    for (ptrdiff_t i = 0; dx && i < s->runs; i++) {
        const real pqr[3] = {(real)(root * number_of(weight, i * s->step, 1)), (real)q, (real)r};
        const real *g = (const real *)dy + i * s->pitch;
        real *to = (real *)dx + i * s->pitch;
        if (s->given) shift_run(g, s->run, 0, pqr[0], 0, to);
        else grad_run((const real *)x + i * s->pitch, g, s->run, from.high, pqr, to);
    }
}
