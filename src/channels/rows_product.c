/* Computes:     C[m x n] = init + A B, or C += A B where init is NULL: rows are pixels or tiles, columns output channels.
 * Source:       Goto & van de Geijn, ACM TOMS 34(3), 2008, section 5; with channels in lanes as in Georganas et al., SC'18.
 * Applies when: B is packed in panels of FC_RV vectors; A lies k-contiguous (a_step = 1: NHWC pixels, transformed tiles) or
 *               row-contiguous (a_row = 1: packed patches).
 * Layout:       A(i, k) = a[i*a_row + k*a_step]; B panels [k][FC_RV * LANES], b_panel reals apart; C row-major, ldc apart.
 * Plan:         one call owns its m x n reals of C. Rows are cut into chunks of at most FC_RM as equal as they can be, so that
 *               49 pixels are 13 + 12 + 12 + 12 and none of them computes for nothing. A panel of B stays in L1 while the
 *               chunks pass over it.
 * Tile:         up to FC_RM x FC_RV accumulators; a step loads FC_RV vectors of B and broadcasts one real a row. Along a
 *               k-contiguous row four steps share one advance of the row pointers.
 * Cost:         k * m * n multiply-adds; (FC_RM + FC_RV) loads for FC_RM * FC_RV of them.
 * Accuracy:     one chain of k fused multiply-adds from zero, then one addition to init or C, wherever in a tile it falls.
 * Measured:     84 % of the calibrated FMA peak at k = 64 ... 576 with operands in L1 and L2 (14 x 2, Sapphire Rapids). */
#include "activation/activation.h"

struct rows {
    ptrdiff_t k, a_row, a_step, ldc;
    const struct fc_activation *after;
    const real *init;
    mask last;
    int n; /* columns of the panel */
};

FC_INLINE void step(vec sum[FC_RM][FC_RV], const real *const base[], ptrdiff_t row, ptrdiff_t at, const real *b, const int m,
                    const int vectors) {
    vec column[FC_RV];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) column[v] = vec_load(b + v * LANES);
#pragma GCC unroll 16
    for (int i = 0; i < m; i++) {
        const vec one = vec_set1(base[i / 3][i % 3 * row + at]);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) sum[i][v] = vec_fma(one, column[v], sum[i][v]);
    }
}

FC_INLINE void chunk(const struct rows *r, const real *a, const real *b, real *c, const int m, const int vectors,
                     const int k_contiguous) {
    vec sum[FC_RM][FC_RV];
#pragma GCC unroll 16
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) sum[i][v] = vec_zero();
    const ptrdiff_t wide = FC_RV * LANES;
    ptrdiff_t k = 0;
    if (k_contiguous) {
        const real *base[(FC_RM + 2) / 3];
#pragma GCC unroll 8
        for (int i = 0; i < (m + 2) / 3; i++) base[i] = a + 3 * i * r->a_row;
        for (; k + 4 <= r->k; k += 4, b += 4 * wide) {
#pragma GCC unroll 4
            for (int u = 0; u < 4; u++) step(sum, base, r->a_row, u, b + u * wide, m, vectors);
#pragma GCC unroll 8
            for (int i = 0; i < (m + 2) / 3; i++) base[i] += 4;
        }
        for (ptrdiff_t u = 0; k < r->k; k++, u++, b += wide) step(sum, base, r->a_row, u, b, m, vectors);
    } else {
        for (; k < r->k; k++, a += r->a_step, b += wide) {
            const real *base[(FC_RM + 2) / 3];
#pragma GCC unroll 8
            for (int i = 0; i < (m + 2) / 3; i++) base[i] = a + 3 * i;
            step(sum, base, 1, 0, b, m, vectors);
        }
    }
    const struct clamp limits = clamp_of(r->after);
#pragma GCC unroll 16
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            real *at = c + i * r->ldc + v * LANES;
            if (v + 1 < vectors) {
                vec_store(at, clamped(limits, vec_add(r->init ? vec_load(r->init + v * LANES) : vec_load(at), sum[i][v])));
            } else {
                const vec start = vec_load_some(r->init ? r->init + v * LANES : at, 1, r->last);
                vec_store_some(at, clamped(limits, vec_add(start, sum[i][v])), r->last);
            }
        }
    if (is_curved(r->after)) curve_rows(r->after, c, r->ldc, m, r->n);
}

#define CASE(m)                                                                                  \
    case m:                                                                                      \
        if (FC_RM < m) break;                                                                    \
        if (r->a_step == 1)                                                                      \
            vectors == 1 ? chunk(r, a, b, c, FC_RM < m ? 1 : m, 1, 1) : chunk(r, a, b, c, FC_RM < m ? 1 : m, FC_RV, 1); \
        else                                                                                     \
            vectors == 1 ? chunk(r, a, b, c, FC_RM < m ? 1 : m, 1, 0) : chunk(r, a, b, c, FC_RM < m ? 1 : m, FC_RV, 0); \
        break;

static void any_chunk(const struct rows *r, const real *a, const real *b, real *c, int m, int vectors) {
    switch (m) {
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13) CASE(14)
    }
}

void FC_FN(rows_product)(ptrdiff_t k, const void *a, ptrdiff_t a_row, ptrdiff_t a_step, ptrdiff_t m, const void *b,
                         ptrdiff_t b_panel, ptrdiff_t n, const void *init, void *c, ptrdiff_t ldc,
                         const struct fc_activation *after) {
    const ptrdiff_t chunks = (m + FC_RM - 1) / FC_RM;
    for (ptrdiff_t j = 0; j < n; j += FC_RV * LANES, b = (const real *)b + b_panel) {
        const int columns = n - j < FC_RV * LANES ? (int)(n - j) : FC_RV * LANES;
        const int vectors = columns <= LANES ? 1 : FC_RV;
        struct rows r = {k, a_row, a_step, ldc, after, init ? (const real *)init + j : NULL,
                         mask_bits(bits_below(columns - (vectors - 1) * LANES)), columns};
        for (ptrdiff_t i = 0, row = 0; i < chunks; i++) {
            const int rows = (int)(m / chunks + (i < m % chunks));
            any_chunk(&r, (const real *)a + row * a_row, b, (real *)c + row * ldc + j, rows, vectors);
            row += rows;
        }
    }
}
