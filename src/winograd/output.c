/* Computes:     y = A^T M A + bias, activation: the outputs of a run of tiles from their sums over the input channels.
 * Source:       Lavin & Gray, arXiv 1509.09308, section 4.1; points as transform.h says.
 * Applies when: as input.c.
 * Layout:       M(point, tile, channel) = m[point * m_point + tile * m_tile + channel]; bias and y at the first channel of
 *               the block, y of the image; NCHW or NHWC. `stage` holds OUTPUTS * SEGMENT vectors.
 * Plan:         one call owns the outputs of its tiles for `channels` output channels.
 * Tile:         channels in lanes; a run's outputs are staged, and in NCHW turned over in registers on their way to y.
 * Cost:         (points + outputs) 1-D transforms of some 13 operations a tile and vector of channels.
 * Accuracy:     |error| <= gamma_N |A^T| [sum_k (|G||g||G^T|) . (|B^T||d||B|)] |A| elementwise, N roundings on the longest
 *               path (Higham 2002, section 3.1; tests/winograd.py computes it). With N(0,1) data the largest error over the
 *               largest output is 4-10e-7 for F(2x2, 3x3), 1-4e-6 for F(4x4, 3x3) and F(2x2, 5x5) in float32.
 *               Returns whether an output is not finite before the activation: then an input or a weight was not, or a
 *               transform overflowed, and the caller has to sum directly to put NaN and Inf where the definition does.
 * Measured:     64 channels of 56 x 56, F(4x4): 0.07 ms of a call of 0.56 (AVX-512, Sapphire Rapids, one thread). */
#include "activation/activation.h"
#include "winograd/transform.h"

FC_INLINE void transform_tile(const int kind, const real *m, ptrdiff_t m_point, real *stage) {
    const int points = points_of(kind), outputs = outputs_of(kind);
    vec half[POINTS][OUTPUTS];
#pragma GCC unroll 6
    for (int j = 0; j < points; j++) {
        vec column[POINTS];
#pragma GCC unroll 6
        for (int i = 0; i < points; i++) column[i] = vec_load(m + (i * points + j) * m_point);
        transform_output(kind, column, half[j]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < outputs; i++) {
        vec row[POINTS], y[OUTPUTS];
#pragma GCC unroll 6
        for (int j = 0; j < points; j++) row[j] = half[j][i];
        transform_output(kind, row, y);
#pragma GCC unroll 4
        for (int j = 0; j < outputs; j++) vec_store(stage + (i * SEGMENT + j) * LANES, y[j]);
    }
}

/* Bias and activation of a staged row; returns a vector that is zero where all sums were finite, else NaN. */
FC_INLINE vec finish_row(const struct fc_activation *after, vec bias, int pixels, real *row) {
    const struct clamp limits = clamp_of(after);
    const int curve = is_curved(after);
    vec witness = vec_zero();
    for (int p = 0; p < pixels; p++) {
        const vec sum = vec_add(vec_load(row + p * LANES), bias);
        witness = vec_fma(sum, vec_zero(), witness);
        vec_store(row + p * LANES, curve ? curved(after, sum) : clamped(limits, sum));
    }
    return witness;
}

FC_INLINE void store_row(const struct fc_conv *s, const real *row, ptrdiff_t pixel, int pixels, int channels, real *y) {
    const ptrdiff_t step = s->dilation_w;
    if (s->y_pixel != 1) {
        const mask some = mask_bits(bits_below(channels));
        for (int p = 0; p < pixels; p++)
            vec_store_some(y + (pixel + p * step) * s->y_pixel, vec_load(row + p * LANES), some);
        return;
    }
    for (int p = 0; p < pixels; p += LANES) {
        const int count = pixels - p < LANES ? pixels - p : LANES;
        if (step == 1) {
            transpose_block(row + p * LANES, LANES, count, channels, y + pixel + p, s->y_channel, count);
            continue;
        }
        real turned[LANES * LANES] = {0};
        transpose_block(row + p * LANES, LANES, count, channels, turned, LANES, LANES);
        for (int c = 0; c < channels; c++) {
            real *to = y + c * s->y_channel + pixel + p * step;
            for (int i = 0; i < count; i++) to[i * step] = turned[c * LANES + i];
        }
    }
}

FC_INLINE int all(const int kind, const struct fc_conv *s, const real *m, ptrdiff_t m_point, ptrdiff_t m_tile, const real *bias,
                  real *y, ptrdiff_t channels, ptrdiff_t iod, ptrdiff_t ioh, ptrdiff_t iow, int tiles, real *stage) {
    const int outputs = outputs_of(kind);
    if (ioh >= s->oh || iow >= s->ow) return 0; /* a grid of fewer rows or columns than the first one */
    const ptrdiff_t tall = (s->oh - 1 - ioh) / s->dilation_h + 1, wide = (s->ow - 1 - iow) / s->dilation_w + 1;
    const int rows = tall < outputs ? (int)tall : outputs, pixels = wide < tiles * outputs ? (int)wide : tiles * outputs;
    vec witness = vec_zero();
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
        const int now = channels - c < LANES ? (int)(channels - c) : LANES;
        for (int t = 0; t < tiles; t++)
            transform_tile(kind, m + t * m_tile + c, m_point, stage + t * outputs * LANES);
        const vec start = bias ? vec_load_some(bias + c, 1, mask_bits(bits_below(now))) : vec_zero();
        for (int i = 0; i < rows; i++) {
            real *row = stage + i * SEGMENT * LANES;
            witness = vec_add(witness, finish_row(&s->after, start, pixels, row));
            store_row(s, row, (iod * s->oh + ioh + i * s->dilation_h) * s->ow + iow, pixels, now, y + c * s->y_channel);
        }
    }
    const real sum = vec_sum(witness);
    return sum != sum;
}

int FC_FN(winograd_output)(const struct fc_conv *s, int kind, const void *m, ptrdiff_t m_point, ptrdiff_t m_tile,
                           const void *bias, void *y, ptrdiff_t channels, ptrdiff_t iod, ptrdiff_t ioh,
                           ptrdiff_t iow, int tiles, void *stage) {
    switch (kind) {
    case FC_F2X3:
        return all(FC_F2X3, s, m, m_point, m_tile, bias, y, channels, iod, ioh, iow, tiles, stage);
    case FC_F4X3:
        return all(FC_F4X3, s, m, m_point, m_tile, bias, y, channels, iod, ioh, iow, tiles, stage);
    default:
        return all(FC_F2X5, s, m, m_point, m_tile, bias, y, channels, iod, ioh, iow, tiles, stage);
    }
}
