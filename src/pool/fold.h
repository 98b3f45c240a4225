/* How the taps of a window become one value, and scratch for the rows on the way. */
#ifndef FC_POOL_FOLD_H
#define FC_POOL_FOLD_H

#include <math.h>
#include <string.h>

#include "pool/window.h"

#define COLUMNS 1024        /* outputs of a block of columns, at most */
#define ROWS_MOST (8 << 20) /* bytes of scratch beyond which a window is taken tap by tap */

/* What a fold does, and whether a maximum also tells its tap. */
enum fold { FOLD_MAX, FOLD_MARK, FOLD_SUM };

FC_INLINE void fold(vec value, vec at, vec *best, vec *winner, const int how) {
    if (how == FOLD_SUM) {
        *best = vec_add(*best, value);
        return;
    }
    const mask wins = mask_beats(value, *best);
    *best = vec_select(wins, value, *best);
    if (how == FOLD_MARK) *winner = vec_select(wins, at, *winner);
}

/* Lanes of any stride: one copy of what is long, where it is not needed often. */
static __attribute__((noinline)) vec load_lanes(const real *p, ptrdiff_t stride, uint32_t lanes) {
    return vec_load_some(p, stride, mask_bits(lanes));
}

/* The pieces of scratch, cut off one after the other; what they came to is the scratch a call needs. */
FC_INLINE void *cut(char **scratch, ptrdiff_t bytes) {
    char *piece = *scratch;
    *scratch += (bytes + 63) / 64 * 64;
    return piece;
}

FC_INLINE ptrdiff_t whole_vectors(ptrdiff_t count) { return (count + LANES - 1) / LANES * LANES; }

#endif
