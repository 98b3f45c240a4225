/* Sums of rows times weights, which all resampling is made of. */
#ifndef FC_BLEND_H
#define FC_BLEND_H

#include "kernel.h"

struct weighted {
    const real *row;
    real weight;
};

/* y[i] = sum over rows of weight * row[i]: one chain in their order. */
FC_INLINE void blend(const struct weighted *from, ptrdiff_t rows, ptrdiff_t count, real *y) {
    ptrdiff_t i = 0;
    for (; i + 4 * LANES <= count; i += 4 * LANES) {
        vec sum[4] = {vec_zero(), vec_zero(), vec_zero(), vec_zero()};
        for (ptrdiff_t r = 0; r < rows; r++) {
            const vec weight = vec_set1(from[r].weight);
#pragma GCC unroll 4
            for (int v = 0; v < 4; v++) sum[v] = vec_fma(weight, vec_load(from[r].row + i + v * LANES), sum[v]);
        }
#pragma GCC unroll 4
        for (int v = 0; v < 4; v++) vec_store(y + i + v * LANES, sum[v]);
    }
    for (; i < count; i += LANES) {
        const mask some = mask_bits(bits_below(count - i));
        vec sum = vec_zero();
        for (ptrdiff_t r = 0; r < rows; r++)
            sum = vec_fma(vec_set1(from[r].weight), vec_load_some(from[r].row + i, 1, some), sum);
        vec_store_some(y + i, sum, some);
    }
}

/* y += weight * x. */
FC_INLINE void add_times(real weight, const real *x, ptrdiff_t count, real *y) {
    const vec factor = vec_set1(weight);
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        const mask some = mask_bits(bits_below(count - i));
        vec_store_some(y + i, vec_fma(factor, vec_load_some(x + i, 1, some), vec_load_some(y + i, 1, some)), some);
    }
}

#endif
