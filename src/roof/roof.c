/* Computes:     the two limits every other kernel is measured against: multiply-adds and copied bytes.
 * Source:       Williams, Waterman & Patterson, Roofline, CACM 52(4), 2009.
 * Applies when: always.
 * Layout:       copy takes two arrays of `count` reals.
 * Plan:         the caller times a call.
 * Tile:         CHAINS independent multiply-adds, more than latency x ports of any core served, all in registers.
 * Cost:         fma_loop makes steps * CHAINS * LANES multiply-adds and touches no memory.
 * Accuracy:     the factors keep every chain near 1, so that nothing overflows or becomes denormal.
 * Measured:     it is the measure. */
#include "kernel.h"

#define CHAINS 12

double FC_FN(fma_loop)(ptrdiff_t steps) {
    vec sum[CHAINS];
    const vec factor = vec_set1((real)0.5), term = vec_set1((real)0.5);
    for (int i = 0; i < CHAINS; i++) sum[i] = vec_set1((real)(1 + i));
    for (ptrdiff_t step = 0; step < steps; step++) {
#pragma GCC unroll 16
        for (int i = 0; i < CHAINS; i++) sum[i] = vec_fma(sum[i], factor, term);
    }
    real total = 0;
    for (int i = 0; i < CHAINS; i++) total += vec_sum(sum[i]);
    return total;
}

void FC_FN(copy)(const void *src, void *dst, ptrdiff_t count) {
    const real *from = src;
    real *to = dst;
    ptrdiff_t i = 0;
    for (; i + 4 * LANES <= count; i += 4 * LANES)
#pragma GCC unroll 4
        for (int v = 0; v < 4; v++) vec_store(to + i + v * LANES, vec_load(from + i + v * LANES));
    for (; i < count; i++) to[i] = from[i];
}
