/* Computes:     C[m x n] = [C +] sum over runs of pixels p of a(p)^T b(p): the product of two arrays of pixels over the pixels.
 * Source:       Goto & van de Geijn, ACM TOMS 34(3), 2008, section 5; sums over pixels where their rows lie as in
 *               Georganas et al., SC'18, section II-I.
 * Applies when: n reals of b lie side by side for each pixel, and the m of a as well (a_row = 1) or pixels of each in a plane
 *               (a_step = 1); the last vector of b may read LANES - 1 reals more.
 * Layout:       a(p, i) = a[run.a + p*a_step + i*a_row] and b(p, j) = b[run.b + p*b_step + j] of pixel p of a run; C row-major,
 *               ldc apart.
 * Plan:         one call owns its m x n reals of C. Rows are cut into chunks of at most FC_RM as equal as they can be.
 * Tile:         up to FC_RM x FC_RV accumulators stay in registers over all runs, so that neither the ends of a row nor a
 *               stride need padding: nothing is multiplied that the definition does not multiply. A step loads FC_RV vectors
 *               of b and broadcasts one real a row.
 * Cost:         m * n multiply-adds a pixel; (FC_RM + FC_RV) loads for FC_RM * FC_RV of them. A chunk of a stays in L1 while
 *               the panels of b pass over it, which come from L2. Nothing is asked for early: the machine does so itself, and
 *               a loop cut into lines to do it was 10 % slower.
 * Accuracy:     one chain over the pixels of a call from zero, then at most one addition to C, wherever in a tile it falls.
 * Measured:     190 to 210 GFLOP/s with operands in L1 and L2 or in planes that come from L3 (AVX-512, Sapphire Rapids, one
 *               thread, peak 224). */
#include "kernel.h"

struct tile {
    const struct fc_run *runs;
    ptrdiff_t count, a_step, a_row, b_step, ldc;
    mask last;
    int accumulate;
};

FC_INLINE void step_pixels(vec sum[FC_RM][FC_RV], const real *left[], ptrdiff_t row, ptrdiff_t step, const real *right,
                           ptrdiff_t b_step, ptrdiff_t count, const int m, const int vectors) {
    for (; count; count--, right += b_step) {
        vec column[FC_RV];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) column[v] = vec_load(right + v * LANES);
#pragma GCC unroll 16
        for (int i = 0; i < m; i++) {
            const vec one = vec_set1(left[i / 3][i % 3 * row]);
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) sum[i][v] = vec_fma(one, column[v], sum[i][v]);
        }
#pragma GCC unroll 8
        for (int i = 0; i < (m + 2) / 3; i++) left[i] += step;
    }
}

FC_INLINE void tile(const struct tile *t, const real *a, const real *b, real *c, const int m, const int vectors,
                    const int planes) {
    vec sum[FC_RM][FC_RV];
#pragma GCC unroll 16
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) sum[i][v] = vec_zero();
    for (ptrdiff_t r = 0; r < t->count; r++) {
        const real *right = b + t->runs[r].b, *left[(FC_RM + 2) / 3];
        const ptrdiff_t row = planes ? t->a_row : 1, step = planes ? 1 : t->a_step;
#pragma GCC unroll 8
        for (int i = 0; i < (m + 2) / 3; i++) left[i] = a + t->runs[r].a + 3 * i * row;
        step_pixels(sum, left, row, step, right, t->b_step, t->runs[r].count, m, vectors);
    }
#pragma GCC unroll 16
    for (int i = 0; i < m; i++, c += t->ldc)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            const mask some = v + 1 < vectors ? mask_bits(BITS_ALL) : t->last;
            const vec value = t->accumulate ? vec_add(vec_load_some(c + v * LANES, 1, some), sum[i][v]) : sum[i][v];
            vec_store_some(c + v * LANES, value, some);
        }
}

#define CASE(rows)                                                                             \
    case rows:                                                                                 \
        if (t->a_row == 1)                                                                     \
            vectors == 1 ? tile(t, a, b, c, FC_RM < rows ? 1 : rows, 1, 0)                     \
                         : tile(t, a, b, c, FC_RM < rows ? 1 : rows, FC_RV, 0);                \
        else                                                                                   \
            vectors == 1 ? tile(t, a, b, c, FC_RM < rows ? 1 : rows, 1, 1)                     \
                         : tile(t, a, b, c, FC_RM < rows ? 1 : rows, FC_RV, 1);                \
        break;

static void any_tile(const struct tile *t, const real *a, const real *b, real *c, int rows, int vectors) {
    switch (rows) {
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13) CASE(14)
    }
}

void FC_FN(outer_product)(const struct fc_run *runs, ptrdiff_t count, const void *a, ptrdiff_t a_step, ptrdiff_t a_row,
                          ptrdiff_t m, const void *b, ptrdiff_t b_step, ptrdiff_t n, int accumulate, void *c, ptrdiff_t ldc) {
    const ptrdiff_t chunks = (m + FC_RM - 1) / FC_RM;
    for (ptrdiff_t i = 0, row = 0; i < chunks; i++) {
        const int rows = (int)(m / chunks + (i < m % chunks));
        for (ptrdiff_t j = 0; j < n; j += FC_RV * LANES) {
            const int vectors = n - j <= LANES ? 1 : FC_RV;
            const struct tile t = {runs, count, a_step, a_row, b_step, ldc,
                                   mask_bits(bits_below(n - j - (vectors - 1) * LANES)), accumulate};
            any_tile(&t, (const real *)a + row * a_row, (const real *)b + j, (real *)c + row * ldc + j, rows, vectors);
        }
        row += rows;
    }
}
