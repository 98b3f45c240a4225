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
FC_INLINE uint32_t passes(int kind, vec x) {
    const vec positive = vec_max(x, vec_zero());
    const uint32_t above = bits_of(mask_beats(positive, vec_zero()));
    return kind == FC_RELU6 ? above & bits_of(mask_beats(vec_set1(6), positive)) : above;
}

FC_INLINE uint64_t word_of(const struct fc_activation *after, const real *x, real *y, const int whole, ptrdiff_t count) {
    const struct clamp limits = clamp_of(after);
    const vec slope = vec_set1((real)after->slope);
    uint64_t word = 0;
    for (int l = 0; l < count; l += LANES) {
        const mask some = mask_bits(bits_below(count - l));
        const vec v = whole ? vec_load(x + l) : vec_load_some(x + l, 1, some);
        vec value = clamped(limits, v);
        if (after->kind == FC_LEAKY_RELU) value = vec_select(mask_beats(v, vec_zero()), v, vec_mul(slope, v));
        if (whole) vec_store(y + l, value);
        else vec_store_some(y + l, value, some);
        word |= (uint64_t)passes(after->kind, v) << l;
    }
    return word;
}

void FC_FN(activate_marked)(const struct fc_activation *after, const void *x, void *y, uint8_t *marks, ptrdiff_t count) {
    const real *from = x;
    real *to = y;
    for (; count >= WORD; count -= WORD, from += WORD, to += WORD, marks += WORD / 8) {
        const uint64_t word = word_of(after, from, to, 1, WORD);
        for (int byte = 0; byte < WORD / 8; byte++) marks[byte] = (uint8_t)(word >> 8 * byte);
    }
    const uint64_t word = word_of(after, from, to, 0, count);
    for (int byte = 0; 8 * byte < count; byte++) marks[byte] = (uint8_t)(word >> 8 * byte);
}

FC_INLINE void unmark(const struct fc_activation *after, uint64_t word, const real *dy, real *dx, const int whole, ptrdiff_t count) {
    const int leaky = after->kind == FC_LEAKY_RELU;
    const vec slope = vec_set1((real)after->slope);
    for (int l = 0; l < count; l += LANES) {
        const mask some = mask_bits(bits_below(count - l)), pass = mask_bits((uint32_t)(word >> l) & BITS_ALL);
        const vec g = whole ? vec_load(dy + l) : vec_load_some(dy + l, 1, some);
        const vec value = vec_select(pass, g, leaky ? vec_mul(slope, g) : vec_zero());
        if (whole) vec_store(dx + l, value);
        else vec_store_some(dx + l, value, some);
    }
}

void FC_FN(marked_grad)(const struct fc_activation *after, const uint8_t *marks, const void *dy, void *dx, ptrdiff_t count) {
    const real *from = dy;
    real *to = dx;
    uint64_t word = 0;
    for (; count >= WORD; count -= WORD, from += WORD, to += WORD, marks += WORD / 8) {
        for (int byte = 0; byte < WORD / 8; byte++) word = word >> 8 | (uint64_t)marks[byte] << (WORD - 8);
        unmark(after, word, from, to, 1, WORD);
    }
    word = 0;
    for (int byte = 0; 8 * byte < count; byte++) word |= (uint64_t)marks[byte] << 8 * byte;
    unmark(after, word, from, to, 0, count);
}
