/* Computes:     y = activation(x) of relu, relu6 and leaky_relu, and a bit an element that tells whether the gradient passes;
 *               dx = dy where the bit is set, else 0 or, of leaky_relu, slope * dy.
 * Source:       Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016, section 3 (what is enough to keep).
 * Applies when: always; y may be x, dx may be dy.
 * Layout:       `count` consecutive reals; bit i % 8 of byte i / 8 is element i's, those behind the last are zero.
 * Plan:         one call owns its count elements and the bytes of their bits.
 * Tile:         one vector at a time; the bits of 64 elements are one word.
 * Cost:         loads and stores, one or two comparisons; 33 bits written an element of 32.
 * Accuracy:     as activate.c and curve.c, whose arithmetic it is.
 * Measured:     see kernels/activation.pyx. */
#include "activation/elementary.h"

#define WORD 64

/* Where the gradient passes: above 0, and of relu6 below 6; NaN is neither. */
FC_INLINE mask passes(int kind, vec x) {
    const mask above = is_above(x, 0);
    return kind == FC_RELU6 ? mask_bits(bits_of(above) & bits_of(is_below(x, 6))) : above;
}

void FC_FN(activate_marked)(const struct fc_activation *after, const void *x, void *y, uint8_t *marks, ptrdiff_t count) {
    const struct clamp limits = clamp_of(after);
    const vec slope = vec_set1((real)after->slope);
    const int kind = after->kind;
    for (ptrdiff_t i = 0; i < count; i += WORD) {
        const ptrdiff_t left = count - i < WORD ? count - i : WORD;
        uint64_t word = 0;
        for (int l = 0; l < left; l += LANES) {
            const mask some = mask_bits(bits_below(left - l));
            const vec v = vec_load_some((const real *)x + i + l, 1, some);
            const vec leaky = vec_select(mask_beats(v, vec_zero()), v, vec_mul(slope, v));
            vec_store_some((real *)y + i + l, kind == FC_LEAKY_RELU ? leaky : clamped(limits, v), some);
            word |= (uint64_t)bits_of(passes(kind, v)) << l;
        }
        for (int byte = 0; 8 * byte < left; byte++) marks[i / 8 + byte] = (uint8_t)(word >> 8 * byte);
    }
}

void FC_FN(marked_grad)(const struct fc_activation *after, const uint8_t *marks, const void *dy, void *dx, ptrdiff_t count) {
    const int leaky = after->kind == FC_LEAKY_RELU;
    const vec slope = vec_set1((real)after->slope);
    for (ptrdiff_t i = 0; i < count; i += WORD) {
        const ptrdiff_t left = count - i < WORD ? count - i : WORD;
        uint64_t word = 0;
        for (int byte = 0; 8 * byte < left; byte++) word |= (uint64_t)marks[i / 8 + byte] << 8 * byte;
        for (int l = 0; l < left; l += LANES) {
            const mask some = mask_bits(bits_below(left - l)), pass = mask_bits((uint32_t)(word >> l) & BITS_ALL);
            const vec g = vec_load_some((const real *)dy + i + l, 1, some);
            vec_store_some((real *)dx + i + l, vec_select(pass, g, leaky ? vec_mul(slope, g) : vec_zero()), some);
        }
    }
}
