/* Computes:     C[m x n] = A B, where the rows of A are patches and B the filters of one position.
 * Source:       LeCun, Generalization and Network Design Strategies, 1989 (local connections); Gregor & LeCun,
 *               arXiv:1006.0448, 2010 (tiled); the tile is that of channels/rows_product.c on filters that are not packed.
 * Applies when: always. Filters that an image meets once are not worth packing: they lie in the order in which they are
 *               read, output channels in lanes.
 * Layout:       row i of A at a + i*a_row, k-contiguous; row k of B at b + k*b_row; row i of C at c + i*c_row. In
 *               tiled_lanes a row of A is [k][n], one real for each real of B: each output channel has its own input
 *               channels.
 * Plan:         one call owns its m x n reals of C.
 * Tile:         one or two rows take four vectors of columns, so that B is read in long runs and sums do not wait for each
 *               other; more rows take FC_RM x FC_RV. B is prefetched while earlier rows are used. Where there are fewer
 *               columns than half a vector four sums over k go side by side; a single column is read by whole vectors.
 * Cost:         k * m * n multiply-adds; B is read once, and lies in L1 for all rows but the first.
 * Accuracy:     one chain of k fused multiply-adds from zero; with few columns four chains, with one 4 * LANES, and their
 *               sum: factor 1. The same for every m.
 * Measured:     64 -> 64 3x3 unshared @27, one image: 16 GB/s of filters, a plain sum of as many reals 16, a copy 7.4; 8
 *               images: 11 GB/s NHWC, 8.9 NCHW; with one tile, 64 -> 64 3x3 @56 NHWC: 95 GFLOP/s (AVX-512, Sapphire Rapids, one
 *               thread, a machine that others used too). */
#include "kernel.h"

#define LONG 4          /* vectors of columns for one or two rows */
#define AHEAD 16        /* rows of B that are on their way */
#define AHEAD_BYTES 2048
#define BLOCK_BYTES 16384 /* of B that many rows pass over at a time */

struct product {
    ptrdiff_t k, a_row, b_row, c_row, ahead;
    mask last;
    int more; /* C holds the sums over an earlier block of k, which go on */
};

FC_INLINE void tile(const struct product *p, const real *a, const real *b, real *c, const int m, const int vectors) {
    vec sum[FC_RM > 2 * LONG ? FC_RM : 2 * LONG][LONG];
#pragma GCC unroll 16
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            sum[i][v] = !p->more            ? vec_zero()
                        : v + 1 < vectors ? vec_load(c + i * p->c_row + v * LANES)
                                          : vec_load_some(c + i * p->c_row + v * LANES, 1, p->last);
    for (ptrdiff_t k = 0; k < p->k; k++, b += p->b_row) {
        vec column[LONG];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            __builtin_prefetch(b + p->ahead + v * LANES, 0, 3);
            column[v] = v + 1 < vectors ? vec_load(b + v * LANES) : vec_load_some(b + v * LANES, 1, p->last);
        }
#pragma GCC unroll 16
        for (int i = 0; i < m; i++) {
            const vec one = vec_set1(a[i * p->a_row + k]);
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) sum[i][v] = vec_fma(one, column[v], sum[i][v]);
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            if (v + 1 < vectors)
                vec_store(c + i * p->c_row + v * LANES, sum[i][v]);
            else
                vec_store_some(c + i * p->c_row + v * LANES, sum[i][v], p->last);
}

static void few_rows(const struct product *p, const real *a, const real *b, real *c, ptrdiff_t m, int vectors) {
    switch (vectors) {
    case 1: m == 1 ? tile(p, a, b, c, 1, 1) : tile(p, a, b, c, 2, 1); break;
    case 2: m == 1 ? tile(p, a, b, c, 1, 2) : tile(p, a, b, c, 2, 2); break;
    case 3: m == 1 ? tile(p, a, b, c, 1, 3) : tile(p, a, b, c, 2, 3); break;
    default: m == 1 ? tile(p, a, b, c, 1, LONG) : tile(p, a, b, c, 2, LONG);
    }
}

#define CASE(m)                                                                                                        \
    case m:                                                                                                            \
        if (FC_RM < m) break;                                                                                          \
        vectors == 1 ? tile(p, a, b, c, FC_RM < m ? 1 : m, 1) : tile(p, a, b, c, FC_RM < m ? 1 : m, FC_RV);            \
        break;

static void many_rows(const struct product *p, const real *a, const real *b, real *c, int m, int vectors) {
    switch (m) {
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13) CASE(14)
    }
}

/* One row of few columns. */
static void narrow_row(const struct product *p, const real *a, const real *b, real *c) {
    vec sum[4] = {vec_zero(), vec_zero(), vec_zero(), vec_zero()};
    for (ptrdiff_t k = 0; k < p->k; k += 4)
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) {
            if (k + j >= p->k) break;
            const real *from = b + (k + j) * p->b_row;
            __builtin_prefetch(from + p->ahead, 0, 3);
            sum[j] = vec_fma(vec_set1(a[k + j]), vec_load_some(from, 1, p->last), sum[j]);
        }
    vec_store_some(c, vec_add(vec_add(sum[0], sum[1]), vec_add(sum[2], sum[3])), p->last);
}

/* One row of one column that lies in one piece. */
static void dot_row(const struct product *p, const real *a, const real *b, real *c) {
    vec sum[4] = {vec_zero(), vec_zero(), vec_zero(), vec_zero()};
    for (ptrdiff_t k = 0; k < p->k; k += 4 * LANES)
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) {
            const ptrdiff_t at = k + j * LANES;
            const mask some = mask_bits(bits_below(p->k - at));
            __builtin_prefetch(b + at + p->ahead, 0, 3);
            sum[j] = vec_fma(vec_load_some(a + at, 1, some), vec_load_some(b + at, 1, some), sum[j]);
        }
    *c = vec_sum(vec_add(vec_add(sum[0], sum[1]), vec_add(sum[2], sum[3])));
}

static struct product product_of(ptrdiff_t k, ptrdiff_t a_row, ptrdiff_t b_row, ptrdiff_t c_row) {
    const ptrdiff_t least = AHEAD_BYTES / (ptrdiff_t)sizeof(real);
    const struct product p = {k, a_row, b_row, c_row, AHEAD * b_row > least ? AHEAD * b_row : least, mask_bits(0), 0};
    return p;
}

void FC_FN(tiled_product)(ptrdiff_t k, const void *a, ptrdiff_t a_row, ptrdiff_t m, const void *b, ptrdiff_t b_row,
                          ptrdiff_t n, void *c, ptrdiff_t c_row) {
    struct product p = product_of(k, a_row, b_row, c_row);
    if (n <= LANES / 2) {
        p.last = mask_bits(bits_below(n));
        for (ptrdiff_t i = 0; i < m; i++)
            (n == 1 && b_row == 1 ? dot_row : narrow_row)(&p, (const real *)a + i * a_row, b, (real *)c + i * c_row);
        return;
    }
    const ptrdiff_t wide = m <= 2 ? LONG : FC_RV, chunks = (m + FC_RM - 1) / FC_RM;
    ptrdiff_t block = k;
    if (m > 2) { /* a block of B stays in L1 while the rows pass over it, and the next one is fetched */
        block = BLOCK_BYTES / (n * (ptrdiff_t)sizeof(real));
        if (block < AHEAD) block = AHEAD;
        p.ahead = block * b_row;
    }
    for (ptrdiff_t ik = 0; ik < k; ik += block, p.more = 1) {
        p.k = k - ik < block ? k - ik : block;
        for (ptrdiff_t j = 0; j < n; j += wide * LANES) {
            const ptrdiff_t left = (n - j + LANES - 1) / LANES, vectors = left < wide ? left : wide;
            const real *from = (const real *)a + ik, *filters = (const real *)b + ik * b_row + j;
            p.last = mask_bits(bits_below(n - j - (vectors - 1) * LANES));
            if (m <= 2) {
                few_rows(&p, from, filters, (real *)c + j, m, (int)vectors);
                continue;
            }
            for (ptrdiff_t i = 0, row = 0; i < chunks; i++) {
                const int rows = (int)(m / chunks + (i < m % chunks));
                many_rows(&p, from + row * a_row, filters, (real *)c + row * c_row + j, rows, (int)vectors);
                row += rows;
            }
        }
    }
}

void FC_FN(tiled_lanes)(ptrdiff_t k, const void *a, ptrdiff_t a_row, ptrdiff_t m, const void *b, ptrdiff_t b_row,
                        ptrdiff_t n, void *c, ptrdiff_t c_row) {
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < n; j += LONG * LANES) {
            vec sum[LONG] = {vec_zero(), vec_zero(), vec_zero(), vec_zero()};
            const real *from = (const real *)a + i * a_row + j, *filter = (const real *)b + j;
            for (ptrdiff_t ik = 0; ik < k; ik++, from += n, filter += b_row)
#pragma GCC unroll 4
                for (int v = 0; v < LONG; v++) {
                    const mask some = mask_bits(bits_below(n - j - v * LANES));
                    const vec x = vec_load_some(from + v * LANES, 1, some), w = vec_load_some(filter + v * LANES, 1, some);
                    sum[v] = vec_fma(x, w, sum[v]);
                }
#pragma GCC unroll 4
            for (int v = 0; v < LONG; v++)
                vec_store_some((real *)c + i * c_row + j + v * LANES, sum[v], mask_bits(bits_below(n - j - v * LANES)));
        }
}
