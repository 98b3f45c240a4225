/* Computes:     y = x W^T + bias, some rows of W against some rows of x.
 * Source:       none: inner products of rows.
 * Applies when: always.
 * Layout:       m rows of x and `rows` rows of W, k reals each, both along k; y m rows, ldy apart.
 * Plan:         one call owns `rows` columns of y, at most ROWS. W is read once, straight from where it lies.
 * Tile:         FOUR rows of W x up to FC_X rows of x, lanes along k. Where x has more rows than a tile, k is cut into pieces of
 *               DEPTH, of which those of W stay in L1 while the rows of x pass, copied where these are many: rows a power of two
 *               apart fall into the same few places of a cache. The lanes' sums wait in scratch.
 * Cost:         k / LANES vector multiply-adds an output, 8 loads for 16 of them; of few rows of x it is the reading of W. ROWS sums are
 *               turned over and added as vectors.
 * Accuracy:     a chain of k / LANES fused multiply-adds a lane, whatever the tile and the piece; the lanes are added as a tree, then
 *               the bias.
 * Measured:     see kernels/matmul.pyx. */
#include "kernel.h"

#define FOUR 4
#define ROWS (LANES < FOUR ? FOUR : LANES)
#define DEPTH 256
#define FC_X (FC_MR / 2)

int FC_FN(dense_rows)(void) { return ROWS; }

/* sums[row of x][row of W] of k reals, of which the first `begin` a sum. */
FC_INLINE void tile(int begin, ptrdiff_t k, const real *x, ptrdiff_t ld, const real *const *w, const int m, real *sums) {
    vec s[FC_X][FOUR];
    ptrdiff_t ik = 0;
#pragma GCC unroll 4
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int j = 0; j < FOUR; j++) s[i][j] = begin ? vec_zero() : vec_load(sums + (i * ROWS + j) * LANES);
    for (; ik + LANES <= k; ik += LANES) {
        vec row[FOUR];
#pragma GCC unroll 4
        for (int j = 0; j < FOUR; j++) {
            row[j] = vec_load(w[j] + ik);
            __builtin_prefetch(w[j] + ik + DEPTH, 0, 3);
        }
#pragma GCC unroll 4
        for (int i = 0; i < m; i++) {
            const vec at = vec_load(x + i * ld + ik);
#pragma GCC unroll 4
            for (int j = 0; j < FOUR; j++) s[i][j] = vec_fma(at, row[j], s[i][j]);
        }
    }
    if (ik < k) {
        const mask some = mask_bits(bits_below(k - ik));
#pragma GCC unroll 4
        for (int i = 0; i < m; i++) {
            const vec at = vec_load_some(x + i * ld + ik, 1, some);
#pragma GCC unroll 4
            for (int j = 0; j < FOUR; j++) s[i][j] = vec_fma(at, vec_load_some(w[j] + ik, 1, some), s[i][j]);
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int j = 0; j < FOUR; j++) vec_store(sums + (i * ROWS + j) * LANES, s[i][j]);
}

/* Some rows of x, as many as a tile has at most, and all of W; returns how many. */
static ptrdiff_t meet(int begin, ptrdiff_t k, const real *x, ptrdiff_t ld, ptrdiff_t m, const real *weight, ptrdiff_t w_ld,
                      ptrdiff_t rows, real *sums) {
    for (ptrdiff_t j = 0; j < rows; j += FOUR, sums += FOUR * LANES) {
        const real *w[FOUR];
        for (int l = 0; l < FOUR; l++) w[l] = weight + (j + l < rows ? j + l : rows - 1) * w_ld;
        if (m >= FC_X) tile(begin, k, x, ld, w, FC_X, sums);
#if FC_X > 2
        else if (m >= 2) tile(begin, k, x, ld, w, 2, sums);
#endif
        else tile(begin, k, x, ld, w, 1, sums);
    }
    return m >= FC_X ? FC_X : m >= 2 ? 2 : 1;
}

/* The sums of LANES vectors. */
FC_INLINE vec added(const real *sums) {
    vec row[LANES];
#pragma GCC unroll 16
    for (int l = 0; l < LANES; l++) row[l] = vec_load(sums + l * LANES);
    vec_transpose(row);
#pragma GCC unroll 4
    for (int half = LANES / 2; half > 0; half /= 2)
#pragma GCC unroll 8
        for (int l = 0; l < half; l++) row[l] = vec_add(row[l], row[l + half]);
    return row[0];
}

void FC_FN(dense_forward)(ptrdiff_t k, const void *x, ptrdiff_t m, const void *weight, ptrdiff_t rows, const void *bias, void *y,
                          ptrdiff_t ldy, void *sums) {
    const ptrdiff_t depth = m > FC_X ? DEPTH : k;
    real held[ROWS * DEPTH];
    for (ptrdiff_t ik = 0; ik < k; ik += depth) {
        const real *w = (const real *)weight + ik;
        const ptrdiff_t here = k - ik < depth ? k - ik : depth;
        const int copied = m > 2 * FC_X;
        for (ptrdiff_t j = 0; copied && j < rows; j++) __builtin_memcpy(held + j * DEPTH, w + j * k, (size_t)here * sizeof(real));
        for (ptrdiff_t i = 0; i < m;)
            i += meet(ik == 0, here, (const real *)x + i * k + ik, k, m - i, copied ? held : w, copied ? DEPTH : k, rows,
                      (real *)sums + i * ROWS * LANES);
    }
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < rows; j += LANES) {
            const mask some = mask_bits(bits_below(rows - j));
            const vec sum = added((const real *)sums + (i * ROWS + j) * LANES);
            const vec start = bias ? vec_load_some((const real *)bias + j, 1, some) : vec_zero();
            vec_store_some((real *)y + i * ldy + j, vec_add(start, sum), some);
        }
}
