/* exp, log and the normal distribution on vectors, for kernels that need more than activation.h has.
 *
 * log reduces to m in [sqrt(1/2), sqrt(2)) and sums the series of the inverse hyperbolic tangent of (m - 1) / (m + 1): at most
 * 2 units in the last place. The tail of the normal distribution is exp(-x**2 / 2) times a polynomial in (z - 3) / (z + 3),
 * z = |x| / sqrt(2), over 1 + z (Shepherd & Laframboise, Mathematics of Computation 36, 1981, choose such a variable), fitted
 * to 3e-9 in float and 2e-17 in double; x**2 is taken in two parts, so that the exponential of a large square loses nothing:
 * at most 8 units in the last place. */
#ifndef FC_ELEMENTARY_H
#define FC_ELEMENTARY_H

#include "activation/activation.h"

#if FC_WIDTH == 32
typedef int32_t fc_bits __attribute__((vector_size(sizeof(vec))));
#define FC_FRACTION 23
#define FC_BITS_ROOT 0x3f3504f3         /* sqrt(1/2) */
#define FC_BITS_WHOLE 0x4b400000        /* 1.5 * 2**23: a whole number added to these bits is added to the number */
#define FC_WHOLE ((real)0x1.8p23)
#define FC_UPPER_HALF ((int32_t)~0xfff)
#define FC_SMALLEST ((real)0x1p-126)
#define FC_LARGEST ((real)0x1.fffffep127)
#else
typedef int64_t fc_bits __attribute__((vector_size(sizeof(vec))));
#define FC_FRACTION 52
#define FC_BITS_ROOT 0x3fe6a09e667f3bcd
#define FC_BITS_WHOLE 0x4338000000000000
#define FC_WHOLE ((real)0x1.8p52)
#define FC_UPPER_HALF (~(int64_t)0x7ffffff)
#define FC_SMALLEST ((real)0x1p-1022)
#define FC_LARGEST ((real)0x1.fffffffffffffp1023)
#endif

union seen {
    vec value;
    fc_bits bits;
};

FC_INLINE vec vec_magnitude(vec x) { return vec_max(x, vec_sub(vec_zero(), x)); }
FC_INLINE vec vec_negated(vec x) { return vec_sub(vec_zero(), x); }
FC_INLINE mask is_above(vec x, real limit) { return mask_beats(vec_set1(-limit), vec_negated(x)); } /* not where x is NaN */
FC_INLINE mask is_below(vec x, real limit) { return mask_beats(vec_set1(limit), x); }

FC_INLINE vec exponential(vec x) {
    vec n;
    const vec clamped = vec_min(vec_set1(FC_WIDTH == 32 ? 100 : 720), vec_max(vec_set1(FC_WIDTH == 32 ? -110 : -760), x));
    const vec p = exp_series(exp_reduced(clamped, &n));
    return vec_scale(vec_add(vec_set1(1), p), n);
}

/* e**x - 1; beyond 1 the simple difference loses nothing. */
FC_INLINE vec exponential_less_one(vec x) {
    vec n;
    const vec clamped = vec_min(vec_set1(FC_WIDTH == 32 ? 100 : 720), vec_max(vec_set1(FC_WIDTH == 32 ? -110 : -760), x));
    const vec one = vec_set1(1), p = exp_series(exp_reduced(clamped, &n)), whole = vec_scale(vec_add(one, p), n);
    const vec apart = vec_add(vec_scale(p, n), vec_sub(vec_scale(one, n), one));
    return vec_select(is_above(x, 1), vec_sub(whole, one), apart);
}

/* Of positive normal numbers. */
FC_INLINE vec log_of_normal(vec x) {
    union seen m = {x}, whole;
    const fc_bits n = (m.bits - FC_BITS_ROOT) >> FC_FRACTION;
    m.bits -= n << FC_FRACTION;
    whole.bits = n + FC_BITS_WHOLE;
    const vec power = vec_sub(whole.value, vec_set1(FC_WHOLE));
    const vec f = vec_sub(m.value, vec_set1(1)), s = vec_div(f, vec_add(vec_set1(2), f)), s2 = vec_mul(s, s);
    const int terms = FC_WIDTH == 32 ? 5 : 11;
    vec sum = vec_set1((real)(2.0 / (2 * terms + 1)));
#pragma GCC unroll 11
    for (int i = terms - 1; i > 0; i--) sum = vec_fma(sum, s2, vec_set1((real)(2.0 / (2 * i + 1))));
    const vec small = vec_sub(f, vec_mul(s, vec_sub(f, vec_mul(s2, sum))));
    const real high = FC_WIDTH == 32 ? (real)0x1.62ep-1 : (real)0x1.62e42fee00000p-1;
    const real low = FC_WIDTH == 32 ? (real)0x1.0bfbe8p-15 : (real)0x1.a39ef35793c76p-33;
    return vec_add(vec_mul(power, vec_set1(high)), vec_add(small, vec_mul(power, vec_set1(low))));
}

FC_INLINE vec logarithm(vec x) {
    const real grow = FC_WIDTH == 32 ? (real)0x1p24 : (real)0x1p54, nothing = (real)__builtin_nan("");
    const mask tiny = is_below(x, FC_SMALLEST);
    vec y = log_of_normal(vec_select(tiny, vec_mul(x, vec_set1(grow)), x));
    const vec less = vec_set1((real)((FC_WIDTH == 32 ? 24 : 54) * 0.69314718055994530942));
    y = vec_sub(y, vec_select(tiny, less, vec_zero()));
    y = vec_select(is_above(x, 0), y, vec_select(is_below(x, 0), vec_set1(nothing), vec_set1(-(real)__builtin_inf())));
    return vec_select(mask_beats(x, vec_set1(FC_LARGEST)), x, y); /* infinity and NaN */
}

/* log(1 + e) of 0 <= e <= 1; what 1 + e rounds away is put back. */
FC_INLINE vec log_one_more(vec e) {
    const vec one = vec_set1(1), u = vec_add(one, e);
    return vec_add(log_of_normal(u), vec_div(vec_sub(e, vec_sub(u, one)), u));
}

/* exp(-x**2 / 2). */
FC_INLINE vec bell(vec x) {
    union seen high;
    vec n;
    const real most = FC_WIDTH == 32 ? (real)14.5 : (real)38.7; /* where it is zero */
    const vec size = vec_min(vec_set1(most), vec_magnitude(x)), half = vec_set1((real)-0.5);
    high.value = size;
    high.bits &= FC_UPPER_HALF;
    const vec rest = vec_mul(vec_mul(vec_sub(size, high.value), vec_add(size, high.value)), half);
    const vec r = vec_add(exp_reduced(vec_mul(vec_mul(high.value, high.value), half), &n), rest);
    return vec_scale(vec_add(vec_set1(1), exp_series(r)), n);
}

/* The probability of a standard normal number below x, from bell(x). */
FC_INLINE vec normal_below(vec x, vec bell_of_x) {
    static const double single[] = {-0.00011069471868668618, -0.000383936388063634015, 0.00070166625796644275,
                                    0.00164827976289846856,  -0.00976139728587701726,  0.0219491617313446759,
                                    -0.0238033154464783966,  -0.0102345295631529088,   0.0990207565628173057,
                                    -0.230927356298753366,   0.716004604554418766};
    static const double twice[] = {
        -1.99831896240642619e-9, -4.65791294635628026e-9, 1.3646481116036057e-8,  4.64447092954600666e-8,
        -4.44252072506658002e-8, -2.88550142871426295e-7, 5.91207471907588463e-8, 1.58542821487434786e-6,
        2.61407547895212543e-7,  -8.9885741993154315e-6,  -1.5146254861073427e-6, 0.0000561189280689485461,
        -0.0000205515508915433193, -0.000367288392720967401, 0.000645814193757990015, 0.00161856911664684663,
        -0.00975068929172775726, 0.0219577640133490074,   -0.023803913108728823,  -0.0102353888990288724,
        0.0990207536794414208,   -0.230927333083809021,   0.716004604725559796};
    const double *term = FC_WIDTH == 32 ? single : twice;
    const int terms = FC_WIDTH == 32 ? 11 : 23;
    const real most = FC_WIDTH == 32 ? (real)14.5 : (real)38.7;
    const vec size = vec_min(vec_set1(most), vec_magnitude(x)), three = vec_set1(3);
    const vec z = vec_mul(size, vec_set1((real)0.70710678118654752440));
    const vec t = vec_div(vec_sub(z, three), vec_add(z, three));
    vec sum = vec_set1((real)term[0]);
#pragma GCC unroll 23
    for (int i = 1; i < terms; i++) sum = vec_fma(sum, t, vec_set1((real)term[i]));
    const vec one = vec_set1(1), tail = vec_mul(vec_mul(vec_set1((real)0.5), bell_of_x), vec_div(sum, vec_add(one, z)));
    return vec_select(mask_beats(vec_zero(), x), tail, vec_sub(one, tail));
}

/* 1 / (1 + e**-x), and of -x. */
struct logistic {
    vec up, down;
};
FC_INLINE struct logistic logistic_of(vec x) {
    vec n;
    const vec p = exp_parts(vec_negated_magnitude(x), &n), one = vec_set1(1);
    const vec e = vec_scale(vec_add(one, p), n), large = vec_div(one, vec_add(one, e)), small = vec_mul(e, large);
    const mask negative = mask_beats(vec_zero(), x);
    const struct logistic both = {vec_select(negative, small, large), vec_select(negative, large, small)};
    return both;
}

#endif
