/* Computes:     C[m x n] = after([C +] [init +] A B): rows are pixels or tiles, columns output channels.
 * Source:       Goto & van de Geijn, ACM TOMS 34(3), 2008, section 5; with channels in lanes as in Georganas et al., SC'18.
 * Applies when: B is packed in panels of FC_RV vectors; A lies k-contiguous (a_step = 1: NHWC pixels, transformed tiles) or
 *               row-contiguous (a_row = 1: packed patches).
 * Layout:       A(i, k) = a[i*a_row + k*a_step]; B panels [k][FC_RV * LANES], b_panel reals apart; C row-major, ldc apart.
 * Plan:         one call owns its m x n reals of C. Rows are cut into chunks of at most FC_RM as equal as they can be, so
 *               that 49 pixels are 13 + 12 + 12 + 12 and none of them computes for nothing. A panel of B stays in L1 while
 *               the chunks pass over it; meanwhile the panel at `ahead`, which will be read next, is brought to L2 line by
 *               line, or the first chunk of each would wait for memory while the others leave it idle.
 * Tile:         up to FC_RM x FC_RV accumulators; a step loads FC_RV vectors of B and broadcasts one real a row. Along a
 *               k-contiguous row two steps share one advance of the row pointers.
 * Cost:         k * m * n multiply-adds; (FC_RM + FC_RV) loads for FC_RM * FC_RV of them.
 * Accuracy:     one chain of k fused multiply-adds from zero, then at most one addition to init and one to C,
 *               wherever in a tile it falls.
 * Measured:     82 to 86 % of the calibrated FMA peak at k = 64 ... 256 with operands in L1 and L2 (14 x 2, Sapphire Rapids). */
#include "activation/activation.h"

struct rows {
    ptrdiff_t k, a_row, a_step, ldc;
    const struct fc_activation *after;
    const real *init;
    mask last;
    int n; /* columns of the panel */
    int accumulate;
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

/* What a chunk starts from and what follows it, on its way to C. */
FC_INLINE void finish(const struct rows *r, vec sum[FC_RM][FC_RV], real *c, const int m, const int vectors) {
    const struct clamp limits = clamp_of(r->after);
#pragma GCC unroll 16
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            real *at = c + i * r->ldc + v * LANES;
            const mask some = v + 1 < vectors ? mask_bits(BITS_ALL) : r->last;
            vec value = sum[i][v];
            if (r->init) value = vec_add(vec_load_some(r->init + v * LANES, 1, some), value);
            if (r->accumulate) value = vec_add(vec_load_some(at, 1, some), value);
            vec_store_some(at, clamped(limits, value), some);
        }
    if (is_curved(r->after)) curve_rows(r->after, c, r->ldc, m, r->n);
}

FC_INLINE void chunk(const struct rows *r, const real *a, const real *b, real *c, const char *ahead, const int m,
                     const int vectors, const int k_contiguous) {
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
        for (; k + 2 <= r->k; k += 2, b += 2 * wide) { /* with four, gcc 12 spills */
            step(sum, base, r->a_row, 0, b, m, vectors);
            step(sum, base, r->a_row, 1, b + wide, m, vectors);
            __builtin_prefetch(ahead, 0, 2);
            __builtin_prefetch(ahead + 64, 0, 2);
            ahead += 128;
#pragma GCC unroll 8
            for (int i = 0; i < (m + 2) / 3; i++) base[i] += 2;
        }
        if (k < r->k) step(sum, base, r->a_row, 0, b, m, vectors);
    } else {
        for (; k < r->k; k++, a += r->a_step, b += wide) {
            const real *base[(FC_RM + 2) / 3];
#pragma GCC unroll 8
            for (int i = 0; i < (m + 2) / 3; i++) base[i] = a + 3 * i;
            step(sum, base, 1, 0, b, m, vectors);
            __builtin_prefetch(ahead, 0, 2);
            ahead += 64;
        }
    }
    if (!r->init && !r->accumulate && !r->after) {
#pragma GCC unroll 16
        for (int i = 0; i < m; i++)
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) {
                if (v + 1 < vectors)
                    vec_store(c + i * r->ldc + v * LANES, sum[i][v]);
                else
                    vec_store_some(c + i * r->ldc + v * LANES, sum[i][v], r->last);
            }
        return;
    }
    finish(r, sum, c, m, vectors);
}

#define CASE(m)                                                                          \
    case m:                                                                              \
        if (FC_RM < m) break;                                                            \
        if (r->a_step == 1)                                                              \
            vectors == 1 ? chunk(r, a, b, c, ahead, FC_RM < m ? 1 : m, 1, 1)             \
                         : chunk(r, a, b, c, ahead, FC_RM < m ? 1 : m, FC_RV, 1);        \
        else                                                                             \
            vectors == 1 ? chunk(r, a, b, c, ahead, FC_RM < m ? 1 : m, 1, 0)             \
                         : chunk(r, a, b, c, ahead, FC_RM < m ? 1 : m, FC_RV, 0);        \
        break;

static void any_chunk(const struct rows *r, const real *a, const real *b, real *c, const char *ahead, int m, int vectors) {
    switch (m) {
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13) CASE(14)
    }
}

void FC_FN(rows_product)(ptrdiff_t k, const void *a, ptrdiff_t a_row, ptrdiff_t a_step, ptrdiff_t m, const void *b,
                         ptrdiff_t b_panel, ptrdiff_t n, const void *ahead, const void *init, int accumulate,
                         void *c, ptrdiff_t ldc, const struct fc_activation *after) {
    const ptrdiff_t chunks = (m + FC_RM - 1) / FC_RM;
    for (ptrdiff_t j = 0; j < n; j += FC_RV * LANES, b = (const real *)b + b_panel) {
        const int columns = n - j < FC_RV * LANES ? (int)(n - j) : FC_RV * LANES;
        const int vectors = columns <= LANES ? 1 : FC_RV;
        struct rows r = {k, a_row, a_step, ldc, after, init ? (const real *)init + j : NULL,
                         mask_bits(bits_below(columns - (vectors - 1) * LANES)), columns, accumulate};
        for (ptrdiff_t i = 0, row = 0; i < chunks; i++) {
            const int rows = (int)(m / chunks + (i < m % chunks));
            /* a line a step of k: two chunks or more cover the panel */
            const char *now = ahead ? (const char *)ahead + (j / (FC_RV * LANES) * b_panel * sizeof(real)) + i * k * 64 : b;
            any_chunk(&r, (const real *)a + row * a_row, b, (real *)c + row * ldc + j, now, rows, vectors);
            row += rows;
        }
    }
}
