/* Computes:     dx = dy W, some columns of it, and dW = dy^T x, some rows and columns of it.
 * Source:       none: sums of scaled rows, and of outer products.
 * Applies when: dx, few rows of dy; dW, few rows, a chain of the matrix product. Bits are those of the matrix product.
 * Layout:       rows of dy, W, x and dW along their reals; W, dx, x and dW `ld` apart, of which `columns` are meant.
 * Plan:         one call owns `columns` of m rows of dx, or `rows` rows of `columns` of dW.
 * Tile:         dx: up to FC_Y rows x one vector, FOUR rows of W times factors that stay in registers; sums wait in scratch, in L1. dW:
 *               FOUR rows x WIDE vectors over all rows of x.
 * Cost:         m * k * columns multiply-adds; of few rows the reading of W, or the writing of dW, each once.
 * Accuracy:     dx: a chain of k_block fused multiply-adds from zero, added to those before; dW: one chain.
 * Measured:     see kernels/matmul.pyx. */
#include "kernel.h"

#define FOUR 4
#define FC_Y (FC_MR / 2)
#define WIDE (FC_MR / 2)
#define ASIDE 8   /* rows of x: more are copied, as those a power of two apart fall into the same few places of a cache */
#define HELD 6144 /* reals of a copy */

/* sums[m][columns] += dy[m][deep] W[deep][columns]; `ahead` rows further on is what will be read next. */
FC_INLINE void scale_rows(const real *dy, ptrdiff_t ldy, const real *w, ptrdiff_t ld, ptrdiff_t ahead, ptrdiff_t columns, const int m,
                          const int deep, real *sums) {
    vec factor[FC_Y][FOUR];
#pragma GCC unroll 4
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int l = 0; l < deep; l++) factor[i][l] = vec_held(vec_set1(dy[i * ldy + l]));
    for (ptrdiff_t j = 0; j < columns; j += LANES) {
        const mask some = mask_bits(bits_below(columns - j));
        vec row[FOUR];
#pragma GCC unroll 4
        for (int l = 0; l < deep; l++) {
            row[l] = vec_load_some(w + l * ld + j, 1, some);
            __builtin_prefetch(w + (l + ahead) * ld + j, 0, 3);
        }
#pragma GCC unroll 4
        for (int i = 0; i < m; i++) {
            vec sum = vec_load_some(sums + i * columns + j, 1, some);
#pragma GCC unroll 4
            for (int l = 0; l < deep; l++) sum = vec_fma(factor[i][l], row[l], sum);
            vec_store_some(sums + i * columns + j, sum, some);
        }
    }
}

/* The rest of a tile: rows of dy one by one, and of W where there are not FOUR. */
static __attribute__((noinline)) void scale_rest(const real *dy, ptrdiff_t ldy, ptrdiff_t m, const real *w, ptrdiff_t ld,
                                                 ptrdiff_t ahead, ptrdiff_t columns, ptrdiff_t deep, real *sums) {
    for (ptrdiff_t i = 0; i < m; i++, dy += ldy, sums += columns) {
        if (deep >= FOUR) scale_rows(dy, 0, w, ld, ahead, columns, 1, FOUR, sums);
        else
            for (ptrdiff_t l = 0; l < deep; l++) scale_rows(dy + l, 0, w + l * ld, 0, 0, columns, 1, 1, sums);
    }
}

FC_INLINE void add_sums(const real *sums, ptrdiff_t columns, int begin, real *dx) {
    for (ptrdiff_t j = 0; j < columns; j += LANES) {
        const mask some = mask_bits(bits_below(columns - j));
        const vec before = begin ? vec_zero() : vec_load_some(dx + j, 1, some);
        vec_store_some(dx + j, vec_add(before, vec_load_some(sums + j, 1, some)), some);
    }
}

void FC_FN(dense_input)(ptrdiff_t k, ptrdiff_t k_block, const void *dy, ptrdiff_t m, const void *weight, ptrdiff_t ld,
                        ptrdiff_t columns, void *dx, void *sums) {
    for (ptrdiff_t first = 0; first < k; first += k_block) {
        const ptrdiff_t end = k - first < k_block ? k : first + k_block;
        __builtin_memset(sums, 0, (size_t)(m * columns) * sizeof(real));
        for (ptrdiff_t l = first; l < end; l += FOUR) {
            const real *g = (const real *)dy + l, *w = (const real *)weight + l * ld;
            const ptrdiff_t ahead = k - l >= 2 * FOUR ? FOUR : 0;
            ptrdiff_t i = 0;
            for (; i + FC_Y <= m && l + FOUR <= end; i += FC_Y)
                scale_rows(g + i * k, k, w, ld, ahead, columns, FC_Y, FOUR, (real *)sums + i * columns);
            scale_rest(g + i * k, k, m - i, w, ld, ahead, columns, end - l, (real *)sums + i * columns);
        }
        for (ptrdiff_t i = 0; i < m; i++) add_sums((const real *)sums + i * columns, columns, first == 0, (real *)dx + i * ld);
    }
}

/* dW[high][vectors] of all m rows. */
FC_INLINE void outer(ptrdiff_t m, const real *dy, ptrdiff_t ldy, const real *x, ptrdiff_t x_ld, ptrdiff_t ld, const int high,
                     const int vectors, mask last, real *dw) {
    vec sum[FOUR][WIDE];
#pragma GCC unroll 4
    for (int l = 0; l < high; l++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) sum[l][v] = vec_zero();
    for (ptrdiff_t i = 0; i < m; i++) {
        vec row[WIDE];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            row[v] = vectors > 1 ? vec_load(x + i * x_ld + v * LANES) : vec_load_some(x + i * x_ld, 1, last);
#pragma GCC unroll 4
        for (int l = 0; l < high; l++) {
            const vec factor = vec_set1(dy[i * ldy + l]);
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) sum[l][v] = vec_fma(factor, row[v], sum[l][v]);
        }
    }
#pragma GCC unroll 4
    for (int l = 0; l < high; l++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            const vec whole = vec_add(vec_zero(), sum[l][v]);
            if (vectors > 1) vec_store(dw + l * ld + v * LANES, whole);
            else vec_store_some(dw + l * ld, whole, last);
        }
}

void FC_FN(dense_weight)(ptrdiff_t m, const void *dy, ptrdiff_t ldy, ptrdiff_t rows, const void *x, ptrdiff_t ld, ptrdiff_t columns,
                         void *dw) {
    const mask all = mask_bits(BITS_ALL);
    real held[HELD];
    const int copied = m > ASIDE && m * columns <= HELD;
    const real *from = copied ? held : x;
    const ptrdiff_t x_ld = copied ? columns : ld;
    for (ptrdiff_t i = 0; copied && i < m; i++)
        __builtin_memcpy(held + i * columns, (const real *)x + i * ld, (size_t)columns * sizeof(real));
    for (ptrdiff_t row = 0; row < rows; row += FOUR) {
        const real *g = (const real *)dy + row;
        real *to = (real *)dw + row * ld;
        ptrdiff_t j = 0;
        for (; j + WIDE * LANES <= columns && row + FOUR <= rows; j += WIDE * LANES)
            outer(m, g, ldy, from + j, x_ld, ld, FOUR, WIDE, all, to + j);
        for (ptrdiff_t l = 0; l < FOUR && row + l < rows; l++)
            for (ptrdiff_t i = j; i < columns; i += LANES)
                outer(m, g + l, ldy, from + i, x_ld, ld, 1, 1, mask_bits(bits_below(columns - i)), to + l * ld + i);
    }
}
