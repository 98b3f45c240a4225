/* Computes:     y = f(x) of the activations that no convolution applies, dx = f'(x) dy of all of them; products with a
 *               number per channel, or with a slope where x is negative.
 * Source:       Hendrycks & Gimpel 2016 (gelu); Clevert et al. 2016 (elu); Klambauer et al. 2017 (selu); Barron 2017 (celu);
 *               Dugas et al. 2000 (softplus); Misra 2020 (mish); He et al. 2015 (prelu).
 * Applies when: always; y may be x, dx may be x or dy.
 * Layout:       `count` consecutive reals; channelwise `rows` of `columns`, whose number lies row * w_row + column * w_column
 *               reals into the weight.
 * Plan:         one call owns its count elements.
 * Tile:         one vector at a time.
 * Cost:         two to ten operations where there is no exponential, else some 25, and with a logarithm or the normal
 *               distribution some 50 (float; double 60 to 90).
 * Accuracy:     one rounding or two where there is no exponential; the others 8 units in the last place at most, where an argument
 *               is scaled first (celu, softplus, gelu's tanh form) twice that of the scaled argument's rounding more. Of
 *               derivatives that are sums of terms of both signs the bound is relative to the terms.
 * Measured:     10 million float, AVX-512, Sapphire Rapids, one thread, PyTorch's time over ours in parentheses: gelu 2.2 ns a
 *               real (1.2), its tanh form (2.1), elu (2.0), softplus (1.5), mish (4.0), hardtanh (1.8), softsign (6); the
 *               gradients of relu (1.4), gelu (1.5) and silu (2.3). */
#include "activation/elementary.h"

#define TANH_IN ((real)1.5957691216057307118)           /* 2 sqrt(2 / pi) */
#define TANH_CUBE ((real)(1.5957691216057307118 * 0.044715))

FC_INLINE vec within(vec x, real limit) { return vec_min(vec_set1(limit), vec_max(vec_set1(-limit), x)); }

/* tanh(log(1 + e**x)) as a fraction, from e = e**-|x|. */
struct fraction {
    vec top, bottom;
};
FC_INLINE struct fraction mish_gate(vec x, vec e) {
    const vec two = vec_set1(2), small = vec_mul(e, vec_add(e, two)), large = vec_fma(two, e, vec_set1(1));
    const mask positive = is_above(x, 0);
    const struct fraction f = {
        vec_select(positive, large, small),
        vec_select(positive, vec_fma(vec_mul(two, e), e, large), vec_add(small, two))};
    return f;
}

FC_INLINE vec value_of(const struct fc_curve *s, vec x) {
    const vec zero = vec_zero(), one = vec_set1(1), a = vec_set1((real)s->a), b = vec_set1((real)s->b);
    switch (s->kind) {
    case FC_GELU: return vec_mul(x, normal_below(x, bell(x)));
    case FC_GELU_TANH: {
        const vec near = within(x, 100);
        const vec u = vec_mul(near, vec_fma(vec_mul(near, near), vec_set1(TANH_CUBE), vec_set1(TANH_IN)));
        return vec_mul(x, sigmoid(u));
    }
    case FC_ELU: {
        const vec low = vec_mul(b, exponential_less_one(vec_mul(vec_set1((real)s->c), x)));
        return vec_select(mask_beats(x, zero), vec_mul(a, x), low);
    }
    case FC_SOFTPLUS: {
        const vec z = vec_mul(a, x), e = exponential(vec_negated_magnitude(z));
        const vec soft = vec_div(vec_add(vec_max(zero, z), log_one_more(e)), a);
        return vec_select(mask_beats(z, b), x, soft);
    }
    case FC_MISH: {
        const struct fraction f = mish_gate(x, exponential(vec_negated_magnitude(x)));
        return vec_mul(x, vec_div(f.top, f.bottom));
    }
    case FC_HARDTANH: return vec_min(b, vec_max(a, x));
    case FC_HARDSIGMOID: return vec_div(vec_min(vec_set1(6), vec_max(zero, vec_add(x, vec_set1(3)))), vec_set1(6));
    case FC_SOFTSIGN: return vec_div(x, vec_add(one, vec_magnitude(x)));
    case FC_THRESHOLD: return vec_select(mask_beats(x, a), x, b);
    default: return vec_sub(vec_min(zero, x), log_one_more(exponential(vec_negated_magnitude(x)))); /* FC_LOGSIGMOID */
    }
}

FC_INLINE vec slope_times(const struct fc_curve *s, vec x, vec g) {
    const vec zero = vec_zero(), one = vec_set1(1), a = vec_set1((real)s->a), b = vec_set1((real)s->b);
    switch (s->kind) {
    case FC_RELU: return vec_select(is_above(x, 0), g, zero);
    case FC_RELU6: return vec_select(is_above(x, 0), vec_select(is_below(x, 6), g, zero), zero);
    case FC_LEAKY_RELU: return vec_select(is_above(x, 0), g, vec_mul(g, a));
    case FC_SIGMOID: {
        const struct logistic l = logistic_of(x);
        return vec_mul(g, vec_mul(l.up, l.down));
    }
    case FC_TANH: {
        const struct logistic l = logistic_of(vec_add(x, x));
        return vec_mul(g, vec_mul(vec_set1(4), vec_mul(l.up, l.down)));
    }
    case FC_SILU: {
        const struct logistic l = logistic_of(x);
        return vec_mul(g, vec_mul(l.up, vec_fma(x, l.down, one)));
    }
    case FC_HARDSWISH: {
        const vec middle = vec_mul(g, vec_add(vec_div(x, vec_set1(3)), vec_set1((real)0.5)));
        const real below_three = FC_WIDTH == 32 ? (real)0x1.7ffffep1 : (real)0x1.7ffffffffffffp1;
        return vec_select(is_above(x, below_three), g, vec_select(mask_beats(x, vec_set1(-3)), middle, zero));
    }
    case FC_GELU: {
        const vec e = bell(x);
        return vec_mul(g, vec_fma(vec_mul(x, vec_set1((real)0.39894228040143267794)), e, normal_below(x, e)));
    }
    case FC_GELU_TANH: {
        const vec near = within(x, 100), square = vec_mul(near, near);
        const struct logistic l = logistic_of(vec_mul(near, vec_fma(square, vec_set1(TANH_CUBE), vec_set1(TANH_IN))));
        const vec inner = vec_mul(near, vec_fma(square, vec_set1(3 * TANH_CUBE), vec_set1(TANH_IN)));
        return vec_mul(g, vec_fma(vec_mul(inner, l.down), l.up, l.up));
    }
    case FC_ELU: {
        const vec c = vec_set1((real)s->c), low = vec_mul(vec_mul(b, c), exponential(vec_mul(c, x)));
        return vec_mul(g, vec_select(is_above(x, 0), a, low));
    }
    case FC_SOFTPLUS: {
        const vec z = vec_mul(a, x);
        return vec_select(is_above(z, (real)s->b), g, vec_mul(g, sigmoid(z)));
    }
    case FC_MISH: {
        const vec e = exponential(vec_negated_magnitude(x));
        const struct fraction f = mish_gate(x, e);
        const vec top = vec_mul(vec_mul(vec_set1(4), vec_add(one, e)), vec_mul(e, vec_select(is_above(x, 0), e, one)));
        return vec_mul(g, vec_add(vec_div(f.top, f.bottom), vec_mul(x, vec_div(top, vec_mul(f.bottom, f.bottom)))));
    }
    case FC_HARDTANH: return vec_select(is_above(x, (real)s->a), vec_select(is_below(x, (real)s->b), g, zero), zero);
    case FC_HARDSIGMOID:
        return vec_select(is_above(x, -3), vec_select(is_below(x, 3), vec_div(g, vec_set1(6)), zero), zero);
    case FC_SOFTSIGN: {
        const vec d = vec_add(one, vec_magnitude(x));
        return vec_div(vec_div(g, d), d);
    }
    case FC_THRESHOLD: return vec_select(mask_beats(x, a), g, zero);
    default: return vec_mul(g, sigmoid(vec_negated(x))); /* FC_LOGSIGMOID */
    }
}

void FC_FN(curve)(const struct fc_curve *s, const void *x, void *y, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        const mask some = mask_bits(bits_below(count - i));
        vec_store_some((real *)y + i, value_of(s, vec_load_some((const real *)x + i, 1, some)), some);
    }
}

void FC_FN(curve_grad)(const struct fc_curve *s, const void *x, const void *dy, void *dx, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        const mask some = mask_bits(bits_below(count - i));
        const vec at = vec_load_some((const real *)x + i, 1, some), g = vec_load_some((const real *)dy + i, 1, some);
        vec_store_some((real *)dx + i, slope_times(s, at, g), some);
    }
}

/* What a channel's number does to x, or to dy by x. */
void FC_FN(channelwise)(int kind, const void *x, const void *dy, const void *weight, ptrdiff_t w_row, ptrdiff_t w_column,
                        ptrdiff_t rows, ptrdiff_t columns, void *y) {
    for (ptrdiff_t row = 0; row < rows; row++)
        for (ptrdiff_t i = 0; i < columns; i += LANES) {
            const mask some = mask_bits(bits_below(columns - i));
            const real *number = (const real *)weight + row * w_row;
            const ptrdiff_t at = row * columns + i;
            const vec v = vec_load_some((const real *)x + at, 1, some);
            const vec g = dy ? vec_load_some((const real *)dy + at, 1, some) : v;
            const vec w = kind == FC_PRELU_SHARE ? v : w_column ? vec_load_some(number + i, 1, some) : vec_set1(*number);
            const vec low = vec_mul(g, w), high = kind == FC_TIMES ? low : kind == FC_PRELU ? g : vec_zero();
            vec_store_some((real *)y + at, vec_select(is_above(v, 0), high, low), some);
        }
}
