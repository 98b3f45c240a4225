/* Computes:     y = factor x + addend, with one pair of the two where a number drawn for the element lies below p, else another.
 * Source:       Salmon, Moraes, Dror & Shaw, Parallel Random Numbers: As Easy as 1, 2, 3, SC'11 (Threefry-4x32 of 20 rounds);
 *               Srivastava et al., JMLR 15, 2014 (dropout).
 * Applies when: always; y may be x.
 * Layout:       `count` consecutive reals, of which number i stands at logical position e = first + i * step.
 * Plan:         one call owns its count elements. Element e takes word (e / 16) % 4 of block e / 64 * 16 + e % 16, so that what is
 *               drawn depends on the key and the position alone: on no thread, instruction set, element type or layout.
 * Tile:         16 blocks, the 64 words of 64 neighbours; with a step, each element computes a block of its own.
 * Cost:         30 operations on 32-bit words for 16 elements, with a step four times as many.
 * Accuracy:     p is rounded to a multiple of 2**-32; one rounding or two.
 * Measured:     10 million float, AVX-512, Sapphire Rapids, one thread: 0.9 ns a real, three times a copy. */
#include "kernel.h"

#define BLOCKS 16
#define WORDS ((int)(sizeof(vec) / 4))
typedef uint32_t words __attribute__((vector_size(sizeof(vec))));

static const int rotation[8][2] = {{10, 26}, {11, 21}, {13, 27}, {23, 5}, {6, 20}, {17, 11}, {25, 10}, {18, 20}};

static const uint32_t counted[BLOCKS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

FC_INLINE words rotated(words x, int by) { return x << by | x >> (32 - by); }

static __attribute__((noinline)) void scramble(const uint32_t *key, words *x) {
    const uint32_t k[5] = {key[0], key[1], key[2], key[3], 0x1BD11BDA ^ key[0] ^ key[1] ^ key[2] ^ key[3]};
    for (int i = 0; i < 4; i++) x[i] += k[i];
#pragma GCC unroll 5
    for (int block = 0; block < 5; block++) {
#pragma GCC unroll 4
        for (int step = 0; step < 4; step++) {
            const int *by = rotation[(4 * block + step) % 8], second = step % 2 ? 3 : 1, fourth = step % 2 ? 1 : 3;
            x[0] += x[second], x[second] = rotated(x[second], by[0]) ^ x[0];
            x[2] += x[fourth], x[fourth] = rotated(x[fourth], by[1]) ^ x[2];
        }
        for (int i = 0; i < 4; i++) x[i] += k[(block + 1 + i) % 5];
        x[3] += (uint32_t)(block + 1);
    }
}

/* Words of the 64 elements from `e` on, a multiple of 64. */
FC_INLINE void draw_neighbours(const uint32_t *key, uint64_t e, uint32_t *drawn) {
    for (int first = 0; first < BLOCKS; first += WORDS) {
        words x[4] = {{0}, {0}, {0}, {0}};
        const uint64_t block = e / 64 * BLOCKS + (uint64_t)first;
        __builtin_memcpy(x, counted, sizeof(words));
        x[0] += (uint32_t)block, x[1] += (uint32_t)(block >> 32);
        scramble(key, x);
        for (int w = 0; w < 4; w++) __builtin_memcpy(drawn + w * BLOCKS + first, x + w, sizeof(words));
    }
}

/* Words of WORDS elements, `step` apart. */
FC_INLINE void draw_apart(const uint32_t *key, uint64_t e, uint64_t step, uint32_t *drawn) {
    words x[4] = {{0}, {0}, {0}, {0}};
    for (int l = 0; l < WORDS; l++) {
        const uint64_t at = e + (uint64_t)l * step, block = at / 64 * BLOCKS + at % BLOCKS;
        x[0][l] = (uint32_t)block, x[1][l] = (uint32_t)(block >> 32);
    }
    scramble(key, x);
    for (int l = 0; l < WORDS; l++) drawn[l] = x[(e + (uint64_t)l * step) / BLOCKS % 4][l];
}

static __attribute__((noinline)) void apply(const uint32_t *drawn, uint32_t limit, const real *keep, const real *x, real *y, ptrdiff_t count) {
    const real factor = keep[0], addend = keep[1], low_factor = keep[2], low_addend = keep[3];
    for (ptrdiff_t i = 0; i < count; i++)
        y[i] = x[i] * (drawn[i] < limit ? low_factor : factor) + (drawn[i] < limit ? low_addend : addend);
}

void FC_FN(dropout)(const uint32_t *key, int64_t first, ptrdiff_t step, double p, const double *keep, const void *x, void *y,
                    ptrdiff_t count) {
    const uint64_t limit = (uint64_t)(p * 4294967296.0 + 0.5);
    const int all = limit >> 32 != 0;
    const real pairs[4] = {(real)keep[2 * all], (real)keep[2 * all + 1], (real)keep[2], (real)keep[3]};
    for (ptrdiff_t i = 0; i < count;) {
        uint32_t drawn[64];
        const int skipped = step == 1 ? (int)((first + i) % 64) : 0, room = step == 1 ? 64 - skipped : WORDS;
        const ptrdiff_t some = count - i < room ? count - i : room;
        if (step == 1) draw_neighbours(key, (uint64_t)(first + i - skipped), drawn);
        else draw_apart(key, (uint64_t)(first + i * step), (uint64_t)step, drawn);
        apply(drawn + skipped, (uint32_t)limit, pairs, (const real *)x + i, (real *)y + i, some);
        i += some;
    }
}

/* One block, to be compared with published ones. */
void FC_FN(threefry)(const uint32_t *key, const uint32_t *counter, uint32_t *result) {
    words x[4] = {{counter[0]}, {counter[1]}, {counter[2]}, {counter[3]}};
    scramble(key, x);
    for (int i = 0; i < 4; i++) result[i] = x[i][0];
}
