/* What follows the sum of a convolution while its outputs are in registers or in L1.
 *
 * relu and relu6 are a clamp, which every store makes (between -inf and inf where there is none): two operations, no branch.
 * The others run over the outputs just stored. exp(r) is its Taylor series on |r| <= ln 2 / 2 (Tang, ACM TOMS 15(2), 1989,
 * reduces the argument alike); sigmoid and tanh take it of -|x|, so that nothing overflows, and tanh by way of exp(x) - 1,
 * so that nothing cancels. NaN passes through all of them. */
#ifndef FC_ACTIVATION_H
#define FC_ACTIVATION_H

#include "kernel.h"

struct clamp {
    vec low, high;
};

FC_INLINE struct clamp clamp_of(const struct fc_activation *after) {
    const int kind = after ? after->kind : FC_NONE;
    const struct clamp c = {vec_set1(kind == FC_RELU || kind == FC_RELU6 ? 0 : (real)-__builtin_inf()),
                            vec_set1(kind == FC_RELU6 ? 6 : (real)__builtin_inf())};
    return c;
}
FC_INLINE vec clamped(struct clamp c, vec v) { return vec_min(c.high, vec_max(c.low, v)); }

/* Whether the clamp is not all of it. */
FC_INLINE int is_curved(const struct fc_activation *after) { return after && after->kind > FC_RELU6; }

/* x = n ln 2 + r. */
FC_INLINE vec exp_reduced(vec x, vec *n) {
    *n = vec_round(vec_mul(x, vec_set1((real)1.4426950408889634074)));
    /* ln 2 in two parts, the first with so few digits that its product with n is exact */
    const real high = FC_WIDTH == 32 ? (real)0x1.62ep-1 : (real)0x1.62e42fee00000p-1;
    const real low = FC_WIDTH == 32 ? (real)0x1.0bfbe8p-15 : (real)0x1.a39ef35793c76p-33;
    return vec_fma(*n, vec_set1(-low), vec_fma(*n, vec_set1(-high), x));
}

/* e**r - 1. */
FC_INLINE vec exp_series(vec r) {
    static const double term[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
                                  1.0 / 5040,       1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      1.0 / 2};
    const int first = FC_WIDTH == 32 ? 6 : 0;
    vec sum = vec_set1((real)term[first]);
#pragma GCC unroll 12
    for (int i = first + 1; i < 12; i++) sum = vec_fma(sum, r, vec_set1((real)term[i]));
    return vec_fma(vec_mul(r, r), sum, r);
}

/* e**x = 2**n (1 + p) for x <= 0. */
FC_INLINE vec exp_parts(vec x, vec *n) {
    return exp_series(exp_reduced(vec_max(vec_set1(FC_WIDTH == 32 ? -110 : -760), x), n));
}

FC_INLINE vec vec_negated_magnitude(vec x) { return vec_min(x, vec_sub(vec_zero(), x)); }

FC_INLINE vec sigmoid(vec x) {
    vec n;
    const vec p = exp_parts(vec_negated_magnitude(x), &n), one = vec_set1(1);
    const vec e = vec_scale(vec_add(one, p), n);
    return vec_div(vec_select(mask_beats(vec_zero(), x), e, one), vec_add(one, e));
}

FC_INLINE vec hyperbolic_tangent(vec x) {
    vec n;
    const vec p = exp_parts(vec_mul(vec_set1(2), vec_negated_magnitude(x)), &n), one = vec_set1(1);
    const vec e1 = vec_add(vec_scale(p, n), vec_sub(vec_scale(one, n), one));
    const vec t = vec_div(e1, vec_add(e1, vec_set1(2))); /* tanh(-|x|) */
    return vec_select(mask_beats(x, vec_zero()), vec_sub(vec_zero(), t), t);
}

FC_INLINE vec curved(const struct fc_activation *after, vec x) {
    switch (after->kind) {
    case FC_LEAKY_RELU: return vec_select(mask_beats(x, vec_zero()), x, vec_mul(vec_set1((real)after->slope), x));
    case FC_SIGMOID: return sigmoid(x);
    case FC_TANH: return hyperbolic_tangent(x);
    case FC_SILU: return vec_mul(x, sigmoid(x));
    case FC_HARDSWISH: {
        const vec gate = vec_min(vec_set1(6), vec_max(vec_zero(), vec_add(x, vec_set1(3))));
        return vec_mul(x, vec_div(gate, vec_set1(6))); /* so that it is x itself from 3 on */
    }
    default: return clamped(clamp_of(after), x);
    }
}

/* What is left to do to m rows of n reals, ld apart, that were clamped when they were stored. */
static __attribute__((noinline, unused)) void curve_rows(const struct fc_activation *after, real *rows, ptrdiff_t ld, int m,
                                                         ptrdiff_t n) {
    for (int i = 0; i < m; i++, rows += ld)
        for (ptrdiff_t j = 0; j < n; j += LANES) {
            const mask some = mask_bits(bits_below(n - j));
            vec_store_some(rows + j, curved(after, vec_load_some(rows + j, 1, some)), some);
        }
}

#endif
