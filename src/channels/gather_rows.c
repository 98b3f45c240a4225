/* Computes:     rows of the implicit im2col matrix for a block of channels: A[pixel][tap * channels + channel].
 * Source:       Chellapilla, Puri & Simard 2006 (im2col); with channels last a row is made of runs of channels, one a tap.
 * Applies when: any stride, dilation and padding; the channels of x stand together (x_channel = 1).
 * Layout:       x at the block's first channel; rows ld reals apart.
 * Plan:         one call owns `count` rows, output pixels p, p + 1, ...
 * Tile:         a run is copied vector by vector; a run in the border is zeros.
 * Cost:         a load and a store for each vector of the block.
 * Accuracy:     exact.
 * Measured:     within 128 -> 128 3x3 stride 2 @56, whole call: 66 % of the FMA peak, 60 % with pixels in lanes (AVX-512,
 *               Sapphire Rapids, one thread). */
#include "kernel.h"

/* A run of channels, zeros where `from` is NULL. */
FC_INLINE void run_of(const real *from, ptrdiff_t count, ptrdiff_t whole, mask rest, real *to) {
    ptrdiff_t i = 0;
    if (!from) {
        for (; i < whole; i += LANES) vec_store(to + i, vec_zero());
        if (i < count) vec_store_some(to + i, vec_zero(), rest);
        return;
    }
    for (; i < whole; i += LANES) vec_store(to + i, vec_load(from + i));
    if (i < count) vec_store_some(to + i, vec_load_some(from + i, 1, rest), rest);
}

void FC_FN(gather_rows)(const struct fc_conv *s, const void *x, ptrdiff_t p, ptrdiff_t count, ptrdiff_t channels, void *rows,
                        ptrdiff_t ld) {
    const ptrdiff_t whole = channels / LANES * LANES;
    const mask rest = mask_bits(bits_below(channels - whole));
    real *to = rows;
    ptrdiff_t ow = p % s->ow, oh = p / s->ow % s->oh, od = p / s->ow / s->oh;
    for (; count--; to += ld) {
        const ptrdiff_t w = ow * s->stride_w - s->pad_w, h = oh * s->stride_h - s->pad_h, d = od * s->stride_d - s->pad_d;
        real *run = to;
        for (ptrdiff_t ikd = 0; ikd < s->kd; ikd++)
            for (ptrdiff_t ikh = 0; ikh < s->kh; ikh++) {
                const ptrdiff_t id = d + ikd * s->dilation_d, ih = h + ikh * s->dilation_h;
                const int lit = id >= 0 && id < s->d && ih >= 0 && ih < s->h;
                const real *from = (const real *)x + (lit ? ((id * s->h + ih) * s->w + w) * s->x_pixel : 0);
                for (ptrdiff_t ikw = 0; ikw < s->kw; ikw++, run += channels) {
                    const ptrdiff_t shift = ikw * s->dilation_w;
                    const int inside = lit && w + shift >= 0 && w + shift < s->w;
                    run_of(inside ? from + shift * s->x_pixel : NULL, channels, whole, rest, run);
                }
            }
        if (++ow == s->ow) {
            ow = 0;
            if (++oh == s->oh) oh = 0, od++;
        }
    }
}
