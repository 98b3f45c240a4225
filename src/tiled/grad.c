/* Computes:     tiled_grad_weight: dB[k][n] (+)= sum over rows i of A[i][k] * G[i][n], patches times gradients of outputs.
 *               tiled_grad_patch: D[i][tap, channel] = sum over n of B[tap, channel][n] * G[i][n], the gradient of patches.
 *               add_patch: adds the gradient of a patch to that of the input; what fell in the border is dropped.
 *               copy_channels: the channels of one position from one layout to the other.
 * Source:       Goodfellow, Bengio & Courville, Deep Learning, 2016, sections 6.5 and 9.5.
 * Applies when: always; `lanes` where each output channel has input channels of its own (see product.c): a row of A, and of
 *               D, then holds a real for each real of B.
 * Layout:       that of product.c; G rows g_row apart. B[tap][channel] lies tap*b_tap + channel*b_row from b, D rows are
 *               [tap][channel] ([tap][channel][n] with `lanes`). add_patch: as gather_patch, dx for x.
 * Plan:         one call owns what it writes.
 * Tile:         weights: one vector of columns, summed over the rows. Patches: a vector of channels, for which blocks of B
 *               are turned over in registers, once for all rows.
 * Cost:         m * k * n multiply-adds; B is read, or dB written, once.
 * Accuracy:     weights: one chain over the rows of a call, then one addition a call; patches: one chain over n, then one
 *               addition for each position that read the input. Factor 1.
 * Measured:     64 -> 64 3x3 unshared @27, 8 images: weights 25 ms, half of it new pages, input 25 ms, forward 12 (AVX-512,
 *               Sapphire Rapids, one thread). */
#include "kernel.h"

void FC_FN(tiled_grad_weight)(ptrdiff_t m, const void *a, ptrdiff_t a_row, ptrdiff_t k, const void *g, ptrdiff_t g_row,
                              ptrdiff_t n, int lanes, int accumulate, void *db, ptrdiff_t b_row) {
    for (ptrdiff_t ik = 0; ik < k; ik++)
        for (ptrdiff_t j = 0; j < n; j += LANES) {
            const mask some = mask_bits(bits_below(n - j));
            real *to = (real *)db + ik * b_row + j;
            vec sum = vec_zero();
            for (ptrdiff_t i = 0; i < m; i++) {
                const real *from = (const real *)a + i * a_row;
                const vec x = lanes ? vec_load_some(from + ik * n + j, 1, some) : vec_set1(from[ik]);
                sum = vec_fma(x, vec_load_some((const real *)g + i * g_row + j, 1, some), sum);
            }
            if (accumulate) sum = vec_add(vec_load_some(to, 1, some), sum);
            vec_store_some(to, sum, some);
        }
}

/* D of up to LANES channels of one tap: LANES x LANES of B are turned over, then rows have channels in lanes. */
static void turned(const real *b, ptrdiff_t b_row, int channels, ptrdiff_t m, const real *g, ptrdiff_t g_row, ptrdiff_t n,
                   real *d, ptrdiff_t d_row) {
    const mask tall = mask_bits(bits_below(channels));
    for (ptrdiff_t j = 0; j < n; j += LANES) {
        const int columns = n - j < LANES ? (int)(n - j) : LANES;
        const mask wide = mask_bits(bits_below(columns));
        vec block[LANES];
#pragma GCC unroll 16
        for (int c = 0; c < LANES; c++) block[c] = c < channels ? vec_load_some(b + c * b_row + j, 1, wide) : vec_zero();
        vec_transpose(block);
        for (ptrdiff_t i = 0; i < m; i++) {
            const real *from = g + i * g_row + j;
            vec sum = j ? vec_load_some(d + i * d_row, 1, tall) : vec_zero();
#pragma GCC unroll 16
            for (int c = 0; c < LANES; c++)
                if (c < columns) sum = vec_fma(vec_set1(from[c]), block[c], sum);
            vec_store_some(d + i * d_row, sum, tall);
        }
    }
}

static void products(const real *b, const real *g, ptrdiff_t n, real *to) {
    for (ptrdiff_t j = 0; j < n; j += LANES) {
        const mask some = mask_bits(bits_below(n - j));
        vec_store_some(to + j, vec_mul(vec_load_some(b + j, 1, some), vec_load_some(g + j, 1, some)), some);
    }
}

void FC_FN(tiled_grad_patch)(ptrdiff_t taps, ptrdiff_t channels, const void *b, ptrdiff_t b_tap, ptrdiff_t b_row,
                             ptrdiff_t m, const void *g, ptrdiff_t g_row, ptrdiff_t n, int lanes, void *d, ptrdiff_t d_row) {
    for (ptrdiff_t tap = 0; tap < taps; tap++)
        for (ptrdiff_t ic = 0; ic < channels; ic += lanes ? 1 : LANES) {
            const real *filter = (const real *)b + tap * b_tap + ic * b_row;
            real *to = (real *)d + (tap * channels + ic) * (lanes ? n : 1);
            if (!lanes)
                turned(filter, b_row, channels - ic < LANES ? (int)(channels - ic) : LANES, m, g, g_row, n, to, d_row);
            for (ptrdiff_t i = 0; lanes && i < m; i++) products(filter, (const real *)g + i * g_row, n, to + i * d_row);
        }
}

void FC_FN(add_patch)(const struct fc_conv *s, const void *patch, ptrdiff_t od, ptrdiff_t oh, ptrdiff_t ow, ptrdiff_t outer,
                      ptrdiff_t outer_step, ptrdiff_t inner, ptrdiff_t inner_step, void *dx) {
    const ptrdiff_t w = ow * s->stride_w - s->pad_w, h = oh * s->stride_h - s->pad_h, d = od * s->stride_d - s->pad_d;
    const real *from = patch;
    for (ptrdiff_t ikd = 0; ikd < s->kd; ikd++)
        for (ptrdiff_t ikh = 0; ikh < s->kh; ikh++) {
            const ptrdiff_t id = d + ikd * s->dilation_d, ih = h + ikh * s->dilation_h;
            const int lit = id >= 0 && id < s->d && ih >= 0 && ih < s->h;
            for (ptrdiff_t ikw = 0; ikw < s->kw; ikw++, from += outer * inner) {
                const ptrdiff_t iw = w + ikw * s->dilation_w;
                if (!lit || iw < 0 || iw >= s->w) continue;
                real *to = (real *)dx + ((id * s->h + ih) * s->w + iw) * s->x_pixel;
                for (ptrdiff_t i = 0; i < outer; i++)
                    for (ptrdiff_t j = 0; j < inner; j++) to[i * outer_step + j * inner_step] += from[i * inner + j];
            }
        }
}

void FC_FN(copy_channels)(const void *from, ptrdiff_t from_step, ptrdiff_t count, void *to, ptrdiff_t to_step) {
    const real *source = from;
    real *target = to;
    if (from_step == 1 && to_step == 1)
        for (ptrdiff_t i = 0; i < count; i++) target[i] = source[i];
    else
        for (ptrdiff_t i = 0; i < count; i++) target[i * to_step] = source[i * from_step];
}
