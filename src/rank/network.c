/* Computes:     y[i, j] = the element of one rank among the taps of a footprint.
 * Source:       Batcher, Sorting networks and their applications, AFIPS 1968; the network is made by
 *               fastconv/kernels/_networks.py.
 * Applies when: always, and pays while the network has fewer exchanges than rank/window.c has work.
 * Layout:       planes of any strides; in scratch planes * kh staged rows, as many sorted ones, a row of results, and as many
 *               lines of CHUNK bytes as there are taps, or columns.
 * Plan:         one call owns output rows [row, row_end), pixels [column, column_end). A band of floats with NaN is computed
 *               again with keys in which NaN is the largest.
 * Tile:         CHUNK bytes of results: a line is what one tap reads for them, an exchange works on two lines in L1. Of a box
 *               the columns are sorted first, once for all windows that have them, and the lines are sorted lists.
 * Cost:         two loads, two stores and two operations an exchange.
 * Accuracy:     exact; NaN counts as larger than every number.
 * Measured:     512 x 512 medians over 7 x 7 and 11 x 11: uint8 0.9 and 3.5 ms, float32 3.7 and 14 (AVX-512, Sapphire Rapids,
 *               one thread). */
#include "rank/rank.h"

#define CHUNK 512

#define FC_EACH "rank/network_of.h"
#include "rank/each.h"

void FC_FN(rank_network)(const struct fc_rank *s, const char *const *x, char *y, ptrdiff_t row, ptrdiff_t row_end,
                         ptrdiff_t column, ptrdiff_t column_end, char *scratch) {
    const struct part part = {row, row_end, column, column_end};
    const int key = key_of(s);
    if (BY_KEY(key, network, s, key, x, y, &part, scratch))
        BY_KEY(ordered(key), network, s, ordered(key), x, y, &part, scratch);
}
