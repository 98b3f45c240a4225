/* Computes:     C[m x n] = after(init + A B), or after(C + A B), one register tile of a matrix product.
 * Source:       Goto & van de Geijn, Anatomy of High-Performance Matrix Multiplication, ACM TOMS 34(3), 2008, section 5.
 * Applies when: A and B are packed (gemm/pack_*.c); m <= FC_MR rows, n <= FC_NV vectors of columns.
 * Layout:       A panel [k][FC_MR], B panel [k][FC_NV * LANES], C row-major with leading dimension ldc, init one real a row.
 * Plan:         one call owns its m x n reals of C and nothing else.
 * Tile:         FC_MR x FC_NV accumulators stay in registers over all of k (see simd/<isa>.h for the numbers). A tile with
 *               fewer columns runs the variant with as many vectors as it needs; rows beyond m are computed from the zeros
 *               that packing put there and not stored.
 * Cost:         k * FC_MR * FC_NV vector multiply-adds, FC_NV + FC_MR loads a step.
 * Accuracy:     one chain of k fused multiply-adds from zero, then one addition to init or C; the order of an output's sum
 *               is the same wherever in a tile it falls.
 * Measured:     98 % of the calibrated FMA peak at k = 192 ... 576 with operands in L1 and L2 (8 x 48, Zen 5). */
#include "tile.h"

FC_INLINE void tile(ptrdiff_t k, const real *a, const real *b, const real *init, real *c, ptrdiff_t ldc, int m, int n,
                    const int vectors, const struct fc_activation *after) {
    vec sum[FC_MR][FC_NV];
    tile_clear(sum, vectors);
    tile_ask(c, ldc, m, vectors);
    for (ptrdiff_t ik = 0; ik < k; ik++, a += FC_MR, b += FC_NV * LANES) {
        vec column[FC_NV];
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) column[v] = vec_load(b + v * LANES);
        tile_step(sum, a, column, vectors);
    }
    tile_store(sum, init, c, ldc, m, n, vectors, after);
}

void FC_FN(gemm_tile)(ptrdiff_t k, const void *a, const void *b, const void *init, void *c, ptrdiff_t ldc, int m, int n,
                       const struct fc_activation *after) {
    switch ((n + LANES - 1) / LANES) {
    case 1: tile(k, a, b, init, c, ldc, m, n, 1, after); break;
    case 2: tile(k, a, b, init, c, ldc, m, n, 2, after); break;
#if FC_NV == 3
    default: tile(k, a, b, init, c, ldc, m, n, 3, after); break;
#else
    case 3: tile(k, a, b, init, c, ldc, m, n, 3, after); break;
    default: tile(k, a, b, init, c, ldc, m, n, FC_NV, after); break;
#endif
    }
}
