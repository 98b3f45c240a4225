/* What the kernels of boxes share: how an element enters a reduction, how elements join, how sums become results.
 *
 * The kind of a reduction is a constant where it is asked, so that no branch on it is left in a loop. */
#ifndef FC_BOXES_H
#define FC_BOXES_H

#include "kernel.h"

FC_INLINE int is_maximum(const int kind) { return kind == FC_MAXIMA || kind == FC_MAGNITUDES; }

FC_INLINE real root_of(real x) { return FC_WIDTH == 32 ? (real)__builtin_sqrtf((float)x) : (real)__builtin_sqrt(x); }

/* What of an element enters the reduction. */
FC_INLINE vec entering(vec v, const int kind) {
    if (kind == FC_MAGNITUDES) return vec_max(v, vec_sub(vec_zero(), v));
    if (kind == FC_SQUARES) return vec_mul(v, v);
    return kind == FC_CUBES ? vec_mul(vec_mul(v, v), v) : v;
}

FC_INLINE real start_of(const int kind) { return is_maximum(kind) ? (real)-__builtin_inf() : 0; }

FC_INLINE vec joined(vec so_far, vec v, const int kind) {
    return is_maximum(kind) ? vec_select(mask_beats(v, so_far), v, so_far) : vec_add(so_far, v);
}

/* Whether v takes the place of `best`: it is greater, or the first NaN. */
FC_INLINE int beats(real v, real best) { return v > best || (v != v && best == best); }

FC_INLINE real joined_one(real so_far, real v, const int kind) {
    return !is_maximum(kind) ? so_far + v : (v > so_far) | (v != v) ? v : so_far;
}

FC_INLINE void add_row(real *to, const real *from, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i += LANES) {
        const mask some = mask_bits(bits_below(n - i));
        vec_store_some(to + i, vec_add(vec_load_some(to + i, 1, some), vec_load_some(from + i, 1, some)), some);
    }
}

/* What output o of an axis reads: [begin, end), and how many places it counts in a divisor. */
struct span {
    ptrdiff_t begin, end, counted;
};

FC_INLINE struct span span_of(const ptrdiff_t *spans, ptrdiff_t o) {
    const struct span span = {spans[3 * o], spans[3 * o + 1], spans[3 * o + 2]};
    return span;
}

#endif
