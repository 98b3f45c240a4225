/* Computes:     y = activation(x), element by element: what a convolution with that activation does to its sums.
 * Source:       Tang, ACM TOMS 15(2), 1989 (argument reduction of exp).
 * Applies when: always; x and y may be the same array.
 * Layout:       `count` consecutive reals.
 * Plan:         one call owns its count elements.
 * Tile:         one vector at a time.
 * Cost:         none to two operations for the piecewise linear ones, some 20 and one division for the others.
 * Accuracy:     at most 4 units in the last place, as the tests hold it to; relu, relu6 and leaky_relu are exact or one
 *               rounding.
 * Measured:     0.16 ns a real for relu, which is loads and stores, 0.4 for sigmoid, tanh and silu (AVX-512, Sapphire Rapids, one
 *               thread). */
#include "activation/activation.h"

void FC_FN(activate)(const struct fc_activation *after, const void *x, void *y, ptrdiff_t count) {
    const real *from = x;
    real *to = y;
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        const mask some = mask_bits(bits_below(count - i));
        vec_store_some(to + i, curved(after, vec_load_some(from + i, 1, some)), some);
    }
}
