/* Computes:     C[m x n] = after([C +] [init +] sum over k of A B): rows are steps of a sequence, columns output channels,
 *               and k = (channel, tap) in this order; tap t of row i and channel c is a[offsets[t] + i*a_row + c].
 * Source:       Paine et al., arXiv 1611.09482 (a causal layer keeps what it will need again); our own.
 * Applies when: the channels of a step stand together and each tap's steps lie at one distance, as in a ring of past steps
 *               between two of its ends.
 * Layout:       B panels [k][FC_RV * LANES] from k on, b_panel reals apart, as pack_rows makes them of (c_out, c_in, tap);
 *               C row-major, ldc apart.
 * Plan:         one call owns its m x n reals of C.
 * Tile:         up to FC_RM rows x one panel. One to three rows take several panels at once: a single row and panel would
 *               wait for the latency of its FC_RV chains at each step.
 * Cost:         k * m * n multiply-adds; for few rows the reading of B, of which the line that follows its panels by as
 *               much as was read is asked for.
 * Accuracy:     one chain of fused multiply-adds over [k, k_end) from zero, then init, then C: bit for bit what gemm_tile
 *               makes of the same k, wherever in a tile a row falls.
 * Measured:     64 -> 128 2 taps, then 64 -> 64 twice, 30 layers of it, one step, whole call: 3 MB of weights in 112 us, 10
 *               layers in 14 us (AVX-512, Sapphire Rapids, one thread; a core reads 30 GB/s from beyond L2 here). */
#include "activation/activation.h"

#define MOST_PANELS 4

struct work {
    ptrdiff_t k, k_end, taps, a_row, b_panel, ldc;
    const ptrdiff_t *offsets;
    const struct fc_activation *after;
    const real *init;
    ptrdiff_t n; /* columns that are left */
    int accumulate;
};

FC_INLINE void store(const struct work *w, vec sum[][MOST_PANELS * FC_RV], real *c, const int m, const int vectors) {
    const struct clamp limits = clamp_of(w->after);
#pragma GCC unroll 16
    for (int i = 0; i < m; i++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) {
            const uint32_t bits = bits_below(w->n - v * LANES);
            const mask some = mask_bits(bits);
            real *at = c + i * w->ldc + v * LANES;
            vec value = sum[i][v];
            if (!bits) break;
            if (w->init) value = vec_add(vec_load_some(w->init + v * LANES, 1, some), value);
            if (w->accumulate) value = vec_add(vec_load_some(at, 1, some), value);
            vec_store_some(at, clamped(limits, value), some);
        }
    if (is_curved(w->after)) curve_rows(w->after, c, w->ldc, m, w->n < vectors * LANES ? w->n : vectors * LANES);
}

FC_INLINE void chunk(const struct work *w, const real *a, const real *b, real *c, const int m, const int vectors) {
    vec sum[FC_RM][MOST_PANELS * FC_RV];
#pragma GCC unroll 16
    for (int i = 0; i < m; i++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) sum[i][v] = vec_zero();
    const ptrdiff_t row = w->a_row, depth = w->k_end - w->k;
    const char *ahead = (const char *)(b + (vectors + FC_RV - 1) / FC_RV * w->b_panel);
    ptrdiff_t channel = w->k / w->taps, tap = w->k % w->taps;
    for (ptrdiff_t k = 0; k < depth; channel++, tap = 0) {
        const ptrdiff_t stop = w->taps - tap < depth - k ? w->taps : tap + depth - k;
        k += stop - tap;
        for (; tap < stop; tap++, b += FC_RV * LANES) {
            const real *base = a + w->offsets[tap] + channel;
            vec column[MOST_PANELS * FC_RV];
#pragma GCC unroll 8
            for (int v = 0; v < vectors; v++) column[v] = vec_load(b + v / FC_RV * w->b_panel + v % FC_RV * LANES);
#pragma GCC unroll 16
            for (int i = 0; i < m; i++) {
                const vec one = vec_set1(base[i % 3 * row]);
#pragma GCC unroll 8
                for (int v = 0; v < vectors; v++) sum[i][v] = vec_fma(one, column[v], sum[i][v]);
                if (i % 3 == 2) base += 3 * row;
            }
            if (m <= 3) {
#pragma GCC unroll 8
                for (int line = 0; line < vectors; line++) __builtin_prefetch(ahead + line * LANES * sizeof(real), 0, 2);
                ahead += vectors * LANES * sizeof(real);
            }
        }
    }
    store(w, sum, c, m, vectors);
}

#define CASE(rows)                                                                  \
    case rows:                                                                      \
        w->n <= LANES ? chunk(w, a, b, c, FC_RM < rows ? 1 : rows, 1)               \
                      : chunk(w, a, b, c, FC_RM < rows ? 1 : rows, FC_RV);          \
        break;

static void one_panel(const struct work *w, const real *a, const real *b, real *c, int m) {
    switch (m) {
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13) CASE(14)
    }
}

static void four_panels(const struct work *w, const real *a, const real *b, real *c) {
    chunk(w, a, b, c, 1, 4 * FC_RV);
}

static void two_panels(const struct work *w, const real *a, const real *b, real *c, int m) {
    m == 1   ? chunk(w, a, b, c, 1, 2 * FC_RV)
    : m == 2 ? chunk(w, a, b, c, 2, 2 * FC_RV)
             : chunk(w, a, b, c, 3, 2 * FC_RV);
}

void FC_FN(taps_product)(ptrdiff_t k, ptrdiff_t k_end, ptrdiff_t taps, const ptrdiff_t *offsets, const void *a,
                         ptrdiff_t a_row, ptrdiff_t m, const void *b, ptrdiff_t b_panel, ptrdiff_t n, const void *init,
                         int accumulate, void *c, ptrdiff_t ldc, const struct fc_activation *after) {
    const ptrdiff_t wide = FC_RV * LANES, chunks = (m + FC_RM - 1) / FC_RM, all = (n + wide - 1) / wide;
    for (ptrdiff_t panel = 0; panel < all;) {
        const ptrdiff_t left = all - panel;
        const int panels = m == 1 && left >= 4 ? 4 : m <= 3 && left >= 2 ? 2 : 1;
        const struct work w = {k, k_end, taps, a_row, b_panel, ldc, offsets, after,
                               init ? (const real *)init + panel * wide : NULL, n - panel * wide, accumulate};
        const real *from = a, *filters = (const real *)b + panel * b_panel;
        real *to = (real *)c + panel * wide;
        for (ptrdiff_t i = 0; i < chunks; i++) {
            const int rows = (int)(m / chunks + (i < m % chunks));
            panels == 4   ? four_panels(&w, from, filters, to)
            : panels == 2 ? two_panels(&w, from, filters, to, rows)
                          : one_panel(&w, from, filters, to, rows);
            from += rows * a_row;
            to += rows * ldc;
        }
        panel += panels;
    }
}
