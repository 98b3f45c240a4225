/* Computes:     to[j] = the sum of x, x**2, x**3 or x**p, or the maximum of x or |x|, over the rows at column j; of a maximum
 *               also which row it stood in.
 * Source:       Gulcehre et al., Learned-Norm Pooling, ECML 2014 (powers); the others are definitions.
 * Applies when: always; rows are counted in `real` where `which` is asked for.
 * Layout:       rows of consecutive reals: rows of a plane, or the channels of places where channels stand last.
 * Plan:         one call owns the columns of one box.
 * Tile:         BLOCK vectors of columns, each a chain of its own over the rows.
 * Cost:         one load and one to three operations an element; general powers: power.c.
 * Accuracy:     sums: one chain of additions over the rows, factor 1, after the rounding of each square (one) or cube (two) or
 *               power (power.c). Maxima are exact: ties go to the first row, NaN to the first NaN.
 * Measured:     boxes.c. */
#include "pool/boxes.h"

#define BLOCK 4
#define PIECE 64 /* reals whose powers are worked out at a time */

FC_INLINE void reduce_block(const struct fc_rows *r, ptrdiff_t j, ptrdiff_t left, real *to, real *which, const int kind,
                            const int vectors) {
    vec value[BLOCK], winner[BLOCK];
    mask some[BLOCK];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
        value[v] = vec_set1(start_of(kind));
        winner[v] = vec_zero();
        some[v] = mask_bits(bits_below(left - v * LANES));
    }
    real k = 0;
    for (ptrdiff_t d = 0; d < r->nd; d++)
        for (ptrdiff_t h = 0; h < r->nh; h++) {
            const real *from = (const real *)r->from + d * r->step_d + h * r->step_h + j;
            for (ptrdiff_t w = 0; w < r->nw; w++, from += r->step_w, k++)
#pragma GCC unroll 4
                for (int v = 0; v < vectors; v++) {
                    const vec x = entering(vec_load_some(from + v * LANES, 1, some[v]), kind);
                    if (which) winner[v] = vec_select(mask_beats(x, value[v]), vec_set1(k), winner[v]);
                    value[v] = joined(value[v], x, kind);
                }
        }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
        vec_store_some(to + j + v * LANES, value[v], some[v]);
        if (which) vec_store_some(which + j + v * LANES, winner[v], some[v]);
    }
}

static __attribute__((always_inline)) inline void reduce(const struct fc_rows *r, ptrdiff_t n, real *to, real *which,
                                                         const int kind) {
    ptrdiff_t j = 0;
    for (; n - j > (BLOCK - 1) * LANES; j += BLOCK * LANES) reduce_block(r, j, n - j, to, which, kind, BLOCK);
    for (; j < n; j += LANES) reduce_block(r, j, n - j, to, which, kind, 1);
}

/* Powers, piece by piece of a row: the same order of additions. */
static void add_powers(const struct fc_rows *r, double p, ptrdiff_t n, real *to) {
    real power[PIECE];
    for (ptrdiff_t j = 0; j < n; j += PIECE) {
        const ptrdiff_t count = n - j < PIECE ? n - j : PIECE;
        for (ptrdiff_t i = 0; i < count; i++) to[j + i] = 0;
        for (ptrdiff_t k = 0; k < r->nd * r->nh * r->nw; k++) {
            const ptrdiff_t d = k / r->nw / r->nh, h = k / r->nw % r->nh, w = k % r->nw;
            FC_FN(powers)((const real *)r->from + d * r->step_d + h * r->step_h + w * r->step_w + j, p, count, power);
            add_row(to + j, power, count);
        }
    }
}

void FC_FN(reduce_rows)(const struct fc_rows *r, int kind, double power, ptrdiff_t n, void *to, void *which) {
    switch (kind) {
    case FC_SUMS: reduce(r, n, to, NULL, FC_SUMS); break;
    case FC_SQUARES: reduce(r, n, to, NULL, FC_SQUARES); break;
    case FC_CUBES: reduce(r, n, to, NULL, FC_CUBES); break;
    case FC_POWERS: add_powers(r, power, n, to); break;
    case FC_MAGNITUDES: reduce(r, n, to, NULL, FC_MAGNITUDES); break;
    default:
        if (which)
            reduce(r, n, to, which, FC_MAXIMA);
        else
            reduce(r, n, to, NULL, FC_MAXIMA);
    }
}
