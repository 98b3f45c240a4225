/* Computes:     y[o] = bias + sum over taps of weight * x[o - pad + tap], one input channel each, activation.
 * Source:       Zhang, Lo & Lu, High Performance Depthwise and Pointwise Convolutions on Mobile Devices, AAAI 2020; the
 *               tile is our own.
 * Applies when: NCHW, 3x3 kernels without stride or dilation, no depth, a border of zeros at most one wide, rows that with a
 *               border on one side fill no more than half a vector.
 * Layout:       x at the image, weight at the taps of the first output channel, y at its output plane, all unpacked.
 * Plan:         one call owns output rows [ioh, ioh_end) of `channels` output channels, four planes at a time.
 * Tile:         a row of either plane, each in half of a vector, with a zero between them that is a border to both. It rolls
 *               down the planes: a row is loaded once and added to the three outputs that read it, which stay in registers.
 * Cost:         9 multiply-adds, 2 loads, 2 shifts and 2 stores for two rows.
 * Accuracy:     one chain from the bias over (kh, kw): factor 1.
 * Measured:     1024 planes of 7 x 7 21 us, of which 7 are the bandwidth of L2; channels in lanes, turned over and back, took
 *               45 (AVX-512, Sapphire Rapids, one thread). */
#include "activation/activation.h"
#include "kernel.h"

#define HALF (LANES / 2)
#define PAIRS 2 /* rolled down together, for one would wait for its sums */
#define PLANES (2 * PAIRS)

/* Planes that are not there are the first once more. */
struct planes {
    const real *x[PLANES];
    real *y[PLANES];
    vec weight[PAIRS][9], bias[PAIRS];
};

FC_INLINE vec both(real low, real high) {
    return vec_select(mask_bits(bits_between(HALF, LANES)), vec_set1(high), vec_set1(low));
}

FC_INLINE struct planes planes_at(const struct fc_conv *s, const real *x, const real *weight, const real *bias, real *y,
                                  ptrdiff_t channel, ptrdiff_t count) {
    const ptrdiff_t multiplier = s->c_out / s->groups;
    struct planes p;
#pragma GCC unroll 4
    for (int k = 0; k < PLANES; k++) {
        const ptrdiff_t i = k < count ? k : 0, of = multiplier == 1 ? channel + i : (channel + i) / multiplier;
        p.x[k] = x + of * s->x_channel - s->pad_w - k % 2 * HALF;
        p.y[k] = y + i * s->y_channel - k % 2 * HALF;
    }
#pragma GCC unroll 2
    for (int v = 0; v < PAIRS; v++) {
        const ptrdiff_t low = 2 * v < count ? 2 * v : 0, high = 2 * v + 1 < count ? 2 * v + 1 : 0;
        p.bias[v] = bias ? both(bias[low], bias[high]) : vec_zero();
#pragma GCC unroll 9
        for (int tap = 0; tap < 9; tap++) p.weight[v][tap] = both(weight[low * 9 + tap], weight[high * 9 + tap]);
    }
    return p;
}

static void roll(const struct fc_conv *s, const struct planes *p, ptrdiff_t ioh, ptrdiff_t ioh_end) {
    const struct clamp limits = clamp_of(&s->after);
    const ptrdiff_t pad = s->pad_h, w = s->w, ow = s->ow, h = s->h;
    const mask read[2] = {mask_bits(bits_between(s->pad_w, s->pad_w + w)),
                          mask_bits(bits_between(HALF + s->pad_w, HALF + s->pad_w + w))};
    const mask stored[2] = {mask_bits(bits_below(ow)), mask_bits(bits_between(HALF, HALF + ow))};
    vec last[PAIRS], middle[PAIRS], first[PAIRS]; /* of the outputs that a row is added to, from the top */
    for (int v = 0; v < PAIRS; v++) last[v] = middle[v] = p->bias[v];
    for (ptrdiff_t row = ioh - pad; row < ioh_end - pad + 2; row++) {
        const ptrdiff_t o = row + pad - 2;
#pragma GCC unroll 2
        for (int v = 0; v < PAIRS; v++) {
            const real *low = p->x[2 * v] + row * w, *high = p->x[2 * v + 1] + row * w;
            vec x = vec_zero();
            if ((size_t)row < (size_t)h) x = vec_or(vec_load_some(low, 1, read[0]), vec_load_some(high, 1, read[1]));
            const vec at[3] = {x, vec_align(x, vec_zero(), 1 % LANES), vec_align(x, vec_zero(), 2 % LANES)};
            first[v] = p->bias[v];
#pragma GCC unroll 3
            for (int tap = 0; tap < 3; tap++) {
                last[v] = vec_fma(p->weight[v][6 + tap], at[tap], last[v]);
                middle[v] = vec_fma(p->weight[v][3 + tap], at[tap], middle[v]);
                first[v] = vec_fma(p->weight[v][tap], at[tap], first[v]);
            }
            if (o >= ioh) {
                const vec y = clamped(limits, last[v]);
                vec_store_some(p->y[2 * v] + o * ow, y, stored[0]);
                vec_store_some(p->y[2 * v + 1] + o * ow, y, stored[1]);
            }
            last[v] = middle[v], middle[v] = first[v];
        }
    }
}

void FC_FN(depthwise_short)(const struct fc_conv *s, const void *x, const void *weight, const void *bias, void *y,
                            ptrdiff_t channel, int channels, ptrdiff_t ioh, ptrdiff_t ioh_end) {
    const real *filters = weight, *start = bias;
    for (ptrdiff_t i = 0; i < channels; i += PLANES) {
        real *to = (real *)y + i * s->y_channel;
        const ptrdiff_t count = channels - i < PLANES ? channels - i : PLANES;
        const struct planes p = planes_at(s, x, filters + i * 9, start ? start + i : NULL, to, channel + i, count);
        roll(s, &p, ioh, ioh_end);
        if (is_curved(&s->after)) curve_rows(&s->after, to + ioh * s->ow, s->y_channel, (int)count, (ioh_end - ioh) * s->ow);
    }
}
