/* Computes:     dw [+]= G^T M G: the gradient of 3x3 filters from the products of F(4x4, 3x3), one tile of which is the sum over
 *               tiles of (A dy A^T) . (B^T d B).
 * Source:       the adjoint of Lavin & Gray, arXiv 1509.09308, section 4.1, in the filters; points as transform.h says.
 * Applies when: kernels 3x3, without depth.
 * Layout:       M(point, row, column) = m[point * m_point + row * m_row + column], rows output channels, columns input channels;
 *               dw at the block's first, (rows, columns, 3, 3), rows dw_row apart.
 * Plan:         one call owns the filters of its block.
 * Tile:         input channels in lanes; the nine taps of LANES filters are turned over in registers, and lie side by side.
 * Cost:         (6 + 3) 1-D transforms of some 10 operations a vector of filters.
 * Accuracy:     |error| <= gamma_N |G^T| [sum over tiles (|A||dy||A^T|) . (|B^T||d||B|)] |G| elementwise, N roundings on the
 *               longest path, as in output.c (tests/winograd.py computes it).
 *               Returns whether a gradient is not finite: then an input or a gradient of an output was not, or a transform
 *               overflowed, and the caller has to sum directly to put NaN and Inf where the definition does.
 * Measured:     256 -> 256 on 56 x 56 as a whole: 12.3 ms, 300 GFLOP/s of the definition's count (AVX-512, Sapphire Rapids,
 *               one thread). */
#include "winograd/transform.h"

#define SIDE 3

static void transform_filters(const real *m, ptrdiff_t m_point, real *taps) {
    vec half[POINTS][SIDE];
#pragma GCC unroll 6
    for (int j = 0; j < POINTS; j++) {
        vec column[POINTS];
#pragma GCC unroll 6
        for (int i = 0; i < POINTS; i++) column[i] = vec_load(m + (i * POINTS + j) * m_point);
        transform_products(column, half[j]);
    }
#pragma GCC unroll 3
    for (int i = 0; i < SIDE; i++) {
        vec row[POINTS], g[SIDE];
#pragma GCC unroll 6
        for (int j = 0; j < POINTS; j++) row[j] = half[j][i];
        transform_products(row, g);
#pragma GCC unroll 3
        for (int j = 0; j < SIDE; j++) vec_store(taps + (i * SIDE + j) * LANES, g[j]);
    }
}

int FC_FN(winograd_products)(const void *m, ptrdiff_t m_point, ptrdiff_t m_row, ptrdiff_t rows, ptrdiff_t columns, int accumulate,
                             void *dw, ptrdiff_t dw_row) {
    vec witness = vec_zero();
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t c = 0; c < columns; c += LANES) {
            real taps[SIDE * SIDE * LANES], filters[SIDE * SIDE * LANES];
            const int wide = columns - c < LANES ? (int)(columns - c) : LANES;
            transform_filters((const real *)m + i * m_row + c, m_point, taps);
            for (int t = 0; t < SIDE * SIDE; t += LANES) {
                const int tall = SIDE * SIDE - t < LANES ? SIDE * SIDE - t : LANES;
                transpose_block(taps + t * LANES, LANES, tall, wide, filters + t, SIDE * SIDE, tall);
            }
            real *to = (real *)dw + i * dw_row + c * SIDE * SIDE;
            for (int t = 0; t < wide * SIDE * SIDE; t += LANES) {
                const mask some = mask_bits(bits_below(wide * SIDE * SIDE - t));
                vec value = vec_load_some(filters + t, 1, some);
                if (accumulate) value = vec_add(vec_load_some(to + t, 1, some), value);
                witness = vec_fma(value, vec_zero(), witness);
                vec_store_some(to + t, value, some);
            }
        }
    const real sum = vec_sum(witness);
    return sum != sum;
}
