/* Computes:     y[c_out, o] = activation(bias + sum over c_in, tap, i with i*stride - pad + tap*dilation = o of weight * x),
 *               one row of outputs, by its definition; and whether some reals are all finite, on which it depends who is
 *               asked.
 * Source:       Dumoulin & Visin, A guide to convolution arithmetic for deep learning, arXiv 1603.07285, section 4.
 * Applies when: always; needed where a weight is infinite or NaN: a phase's convolution multiplies it with the zeros of the
 *               border, of which the definition knows nothing.
 * Layout:       x at the first input channel of image and group, weight at [first c_in of the group][c_out], y at channel
 *               c_out; channels first or last. sums: scratch of ow reals.
 * Plan:         one call owns output row (iod, ioh) of one output channel.
 * Tile:         none: a row of sums in L1, to which one tap of one input row is added at a time.
 * Cost:         the products of the definition and no others, a real at a time.
 * Accuracy:     one chain over (c_in, kd, kh, kw) from zero, then the bias: factor 1.
 * Measured:     1.6 GFLOP/s, 64 -> 64 3x3 stride 2 @56 (AVX-512, Sapphire Rapids, one thread). */
#include "activation/activation.h"

/* Exact quotient of a position by the stride along one axis, or no input there. */
FC_INLINE int meets(ptrdiff_t position, ptrdiff_t stride, ptrdiff_t inputs, ptrdiff_t *i) {
    if (position < 0 || position % stride) return 0;
    *i = position / stride;
    return *i < inputs;
}

void FC_FN(scatter_row)(const struct fc_conv *s, const void *x, const void *weight, const void *bias, void *y, ptrdiff_t iod,
                        ptrdiff_t ioh, void *sums) {
    const ptrdiff_t c_in = s->c_in / s->groups, taps = s->kd * s->kh * s->kw, filter = s->c_out / s->groups * taps;
    real *sum = sums;
    for (ptrdiff_t i = 0; i < s->ow; i++) sum[i] = 0;
    for (ptrdiff_t c = 0; c < c_in; c++)
        for (ptrdiff_t tap = 0; tap < taps; tap++) {
            const ptrdiff_t ikw = tap % s->kw, ikh = tap / s->kw % s->kh, ikd = tap / s->kw / s->kh;
            ptrdiff_t id, ih;
            if (!meets(iod + s->pad_d - ikd * s->dilation_d, s->stride_d, s->d, &id)) continue;
            if (!meets(ioh + s->pad_h - ikh * s->dilation_h, s->stride_h, s->h, &ih)) continue;
            const real one = ((const real *)weight)[c * filter + tap];
            const real *row = (const real *)x + c * s->x_channel + (id * s->h + ih) * s->w * s->x_pixel;
            const ptrdiff_t shift = ikw * s->dilation_w - s->pad_w;
            for (ptrdiff_t iw = shift < 0 ? (-shift + s->stride_w - 1) / s->stride_w : 0; iw < s->w; iw++) {
                const ptrdiff_t o = iw * s->stride_w + shift;
                if (o >= s->ow) break;
                sum[o] += one * row[iw * s->x_pixel];
            }
        }
    const real start = bias ? *(const real *)bias : 0;
    for (ptrdiff_t i = 0; i < s->ow; i++) sum[i] += start;
    FC_FN(activate)(&s->after, sum, sum, s->ow);
    real *to = (real *)y + (iod * s->oh + ioh) * s->ow * s->y_pixel;
    for (ptrdiff_t i = 0; i < s->ow; i++) to[i * s->y_pixel] = sum[i];
}

int FC_FN(all_finite)(const void *values, ptrdiff_t count) {
    vec witness = vec_zero();
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        const vec value = vec_load_some((const real *)values + i, 1, mask_bits(bits_below(count - i)));
        witness = vec_fma(value, vec_zero(), witness);
    }
    const real sum = vec_sum(witness);
    return sum == sum;
}
