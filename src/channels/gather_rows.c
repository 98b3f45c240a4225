/* Computes:     rows of the implicit im2col matrix, k-contiguous: A[pixel][k], k = tap * c_in + channel.
 * Source:       Chellapilla, Puri & Simard 2006 (im2col); with channels last a row is made of runs of channels, one a tap.
 * Applies when: any stride, dilation and padding; the channels of x stand together (x_channel = 1).
 * Layout:       x at the group's first channel; rows ld reals apart; columns [k, k_end) of the matrix.
 * Plan:         one call owns `count` rows, output pixels p, p + 1, ...
 * Tile:         a run is copied vector by vector; a run in the border is zeros.
 * Cost:         a load and a store for each vector of the block.
 * Accuracy:     exact.
 * Measured:     some 2 cycles a vector from L2 (AVX-512, Sapphire Rapids). */
#include "kernel.h"

FC_INLINE void run_of(const real *from, ptrdiff_t count, real *to) {
    ptrdiff_t i = 0;
    if (!from) {
        for (; i + LANES <= count; i += LANES) vec_store(to + i, vec_zero());
        if (i < count) vec_store_some(to + i, vec_zero(), mask_bits(bits_below(count - i)));
        return;
    }
    for (; i + LANES <= count; i += LANES) vec_store(to + i, vec_load(from + i));
    const mask rest = mask_bits(bits_below(count - i));
    if (i < count) vec_store_some(to + i, vec_load_some(from + i, 1, rest), rest);
}

void FC_FN(gather_rows)(const struct fc_conv *s, const void *x, ptrdiff_t p, ptrdiff_t count, ptrdiff_t k, ptrdiff_t k_end,
                        void *rows, ptrdiff_t ld) {
    const ptrdiff_t c_in = s->c_in / s->groups;
    real *to = rows;
    for (; count--; p++, to += ld) {
        const ptrdiff_t w = p % s->ow * s->stride_w - s->pad_w, h = p / s->ow % s->oh * s->stride_h - s->pad_h;
        const ptrdiff_t d = p / s->ow / s->oh * s->stride_d - s->pad_d;
        for (ptrdiff_t at = k; at < k_end;) {
            const ptrdiff_t tap = at / c_in, c = at % c_in, run = c_in - c < k_end - at ? c_in - c : k_end - at;
            const ptrdiff_t iw = w + tap % s->kw * s->dilation_w, ih = h + tap / s->kw % s->kh * s->dilation_h;
            const ptrdiff_t id = d + tap / s->kw / s->kh * s->dilation_d;
            const int inside = iw >= 0 && iw < s->w && ih >= 0 && ih < s->h && id >= 0 && id < s->d;
            run_of(inside ? (const real *)x + ((id * s->h + ih) * s->w + iw) * s->x_pixel + c : NULL, run, to + at - k);
            at += run;
        }
    }
}
