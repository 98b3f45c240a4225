/* Computes:     y = a + b, a * b, tanh(a) * sigmoid(b) or a * sigmoid(b), element by element; the gradients of the last two.
 * Source:       van den Oord et al., arXiv 1609.03499, equation 2 (the gate); Dauphin et al., ICML 2017 (the linear one).
 * Applies when: always; y may be a or b, da and db any of the others.
 * Layout:       `count` consecutive reals of each.
 * Plan:         one call owns its count elements.
 * Tile:         one vector at a time.
 * Cost:         one operation; for the gate those of activation.h, some 40 and two divisions.
 * Accuracy:     the gate has the bits of activate's tanh times those of its sigmoid, rounded once.
 * Measured:     the gate 1.2 ns a real of the result (AVX-512, Sapphire Rapids, one thread). */
#include "activation/elementary.h"

FC_INLINE void combine(const int kind, const real *a, const real *b, real *y, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        const mask some = mask_bits(bits_below(count - i));
        const vec left = vec_load_some(a + i, 1, some), right = vec_load_some(b + i, 1, some);
        vec_store_some(y + i,
                       kind == FC_SUM       ? vec_add(left, right)
                       : kind == FC_PRODUCT ? vec_mul(left, right)
                       : kind == FC_GLU     ? vec_mul(left, sigmoid(right))
                                            : vec_mul(hyperbolic_tangent(left), sigmoid(right)),
                       some);
    }
}

void FC_FN(pairs)(int kind, const void *a, const void *b, void *y, ptrdiff_t count) {
    switch (kind) {
    case FC_SUM: combine(FC_SUM, a, b, y, count); break;
    case FC_PRODUCT: combine(FC_PRODUCT, a, b, y, count); break;
    case FC_GLU: combine(FC_GLU, a, b, y, count); break;
    default: combine(FC_GATE, a, b, y, count); break;
    }
}

void FC_FN(pairs_grad)(int kind, const void *a, const void *b, const void *dy, void *da, void *db, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        const mask some = mask_bits(bits_below(count - i));
        const vec left = vec_load_some((const real *)a + i, 1, some), g = vec_load_some((const real *)dy + i, 1, some);
        const struct logistic open = logistic_of(vec_load_some((const real *)b + i, 1, some));
        const struct logistic twice = logistic_of(vec_add(left, left));
        const int gate = kind == FC_GATE;
        const vec value = gate ? hyperbolic_tangent(left) : left;
        const vec slope = gate ? vec_mul(vec_set1(4), vec_mul(twice.up, twice.down)) : vec_set1(1);
        vec_store_some((real *)da + i, vec_mul(vec_mul(g, open.up), slope), some);
        vec_store_some((real *)db + i, vec_mul(vec_mul(g, value), vec_mul(open.up, open.down)), some);
    }
}
