/* The register tile that gemm_tile and patches_tile share: FC_MR rows x up to FC_NV vectors of C. */
#ifndef FC_GEMM_TILE_H
#define FC_GEMM_TILE_H

#include "activation/activation.h"

FC_INLINE void tile_clear(vec sum[FC_MR][FC_NV], const int vectors) {
#pragma GCC unroll 16
    for (int i = 0; i < FC_MR; i++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) sum[i][v] = vec_zero();
}

/* Asks for the lines of C that the tile will be stored to, so that they arrive while it is summed: stores of many planes at
 * once otherwise wait for memory one buffer after the other. */
FC_INLINE void tile_ask(const real *c, ptrdiff_t ldc, int m, const int vectors) {
#pragma GCC unroll 16
    for (int i = 0; i < FC_MR; i++) {
        if (i >= m) break;
#pragma GCC unroll 8
        for (int v = 0; v <= vectors; v++) __builtin_prefetch(c + i * ldc + v * LANES - (v == vectors), 1, 3);
    }
}

/* One step of k: sum += a column. */
FC_INLINE void tile_step(vec sum[FC_MR][FC_NV], const real *a, const vec column[FC_NV], const int vectors) {
#pragma GCC unroll 16
    for (int i = 0; i < FC_MR; i++) {
        const vec row = vec_set1(a[i]);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) sum[i][v] = vec_fma(row, column[v], sum[i][v]);
    }
}

/* C = after(init + sum), or C += sum where init is NULL; m rows of n columns. */
FC_INLINE void tile_store(vec sum[FC_MR][FC_NV], const real *init, real *c, ptrdiff_t ldc, int m, int n, const int vectors,
                          const struct fc_activation *after) {
    const struct clamp limits = clamp_of(after);
    const mask last = mask_bits(bits_below(n - (vectors - 1) * LANES));
#pragma GCC unroll 16
    for (int i = 0; i < FC_MR; i++) {
        if (i >= m) break;
        real *row = c + i * ldc;
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) {
            real *at = row + v * LANES;
            const int whole = v + 1 < vectors;
            const vec start = init ? vec_set1(init[i]) : whole ? vec_load(at) : vec_load_some(at, 1, last);
            const vec value = clamped(limits, vec_add(start, sum[i][v]));
            if (whole)
                vec_store(at, value);
            else
                vec_store_some(at, value, last);
        }
    }
    if (is_curved(after)) curve_rows(after, c, ldc, m, n);
}

#endif
