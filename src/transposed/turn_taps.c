/* Computes:     to[c][k][j] = from[k][c][tap[j]]: some taps of filters whose channels change places.
 * Source:       our own.
 * Applies when: always.
 * Layout:       from: rows k, ld_from reals apart, of `channels` filters of `taps` reals; to: rows c, ld_to apart, of `depth`
 *               filters of `picked`.
 * Plan:         one call owns all it writes.
 * Tile:         filters of one tap are turned over in registers, LANES x LANES; others are moved tap by tap, for as many k at
 *               a time as leaves their rows of all channels in L1.
 * Cost:         a load and a store a real.
 * Accuracy:     exact.
 * Measured:     512 x 512 3x3, reversed, new pages and the search for what is not finite included: 1.5 ms; 2048 x 512 1x1:
 *               0.6 ms (AVX-512, Sapphire Rapids, one thread). */
#include "transpose.h"

#define BLOCK_BYTES (24 << 10)

static void turn_blocks(const real *from, ptrdiff_t ld_from, ptrdiff_t depth, ptrdiff_t channels, real *to, ptrdiff_t ld_to) {
    for (ptrdiff_t k = 0; k < depth; k += LANES)
        for (ptrdiff_t c = 0; c < channels; c += LANES) {
            const int tall = depth - k < LANES ? (int)(depth - k) : LANES, wide = channels - c < LANES ? (int)(channels - c) : LANES;
            transpose_block(from + k * ld_from + c, ld_from, tall, wide, to + c * ld_to + k, ld_to, tall);
        }
}

void FC_FN(turn_taps)(const void *from, ptrdiff_t ld_from, ptrdiff_t depth, ptrdiff_t channels, ptrdiff_t taps,
                      const ptrdiff_t *tap, ptrdiff_t picked, void *to, ptrdiff_t ld_to) {
    if (taps == 1) {
        turn_blocks(from, ld_from, depth, channels, to, ld_to);
        return;
    }
    const ptrdiff_t room = BLOCK_BYTES / (ptrdiff_t)sizeof(real) / (channels * taps), block = room > 0 ? room : 1;
    for (ptrdiff_t k = 0; k < depth; k += block)
        for (ptrdiff_t c = 0; c < channels; c++) {
            const ptrdiff_t end = depth - k < block ? depth : k + block;
            const real *filter = (const real *)from + k * ld_from + c * taps;
            real *out = (real *)to + c * ld_to + k * picked;
            for (ptrdiff_t i = k; i < end; i++, filter += ld_from, out += picked)
                for (ptrdiff_t j = 0; j < picked; j++) out[j] = filter[tap[j]];
        }
}
