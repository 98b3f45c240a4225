/* Computes:     tiled_grad_weight: dB[k][n] (+)= sum over rows i of A[i][k] * G[i][n], patches times gradients of outputs.
 *               tiled_grad_patch: D[i][tap, channel] = sum over n of B[tap, channel][n] * G[i][n], the gradient of patches.
 *               add_patch: adds the gradient of a patch to that of the input, tap by tap; what fell in the border is dropped.
 *               copy_channels: the channels of one position from one layout to the other.
 * Source:       Goodfellow, Bengio & Courville, Deep Learning, 2016, sections 6.5 and 9.5.
 * Applies when: always; `lanes` where each output channel has input channels of its own (see product.c): a row of A, and of D,
 *               then holds a real for each real of B.
 * Layout:       that of product.c; G rows g_row apart. B[tap][channel] lies tap*b_tap + channel*b_row from b, D rows are
 *               [tap][channel] ([tap][channel][n] with `lanes`). add_patch: as gather_patch, dx for x.
 * Plan:         one call owns what it writes.
 * Tile:         weights: one vector of columns, summed over the rows. Patches: one real of D for up to four rows, which share
 *               the load of B.
 * Cost:         m * k * n multiply-adds; B, or dB, is read or written once for four rows, or all.
 * Accuracy:     weights: one chain over the rows of a call, then one addition a call; patches: LANES chains and a tree, then
 *               one addition for each position that read the input. Factor 1.
 * Measured:     FIGURES */
#include "kernel.h"

#define SHARING 4

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

FC_INLINE void dots(const real *b, const real *g, ptrdiff_t g_row, ptrdiff_t n, real *to, ptrdiff_t to_row, const int m) {
    vec sum[SHARING];
#pragma GCC unroll 4
    for (int i = 0; i < m; i++) sum[i] = vec_zero();
    for (ptrdiff_t j = 0; j < n; j += LANES) {
        const mask some = mask_bits(bits_below(n - j));
        const vec filter = vec_load_some(b + j, 1, some);
#pragma GCC unroll 4
        for (int i = 0; i < m; i++) sum[i] = vec_fma(filter, vec_load_some(g + i * g_row + j, 1, some), sum[i]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < m; i++) to[i * to_row] = vec_sum(sum[i]);
}

static void products(const real *b, const real *g, ptrdiff_t n, real *to) {
    for (ptrdiff_t j = 0; j < n; j += LANES) {
        const mask some = mask_bits(bits_below(n - j));
        vec_store_some(to + j, vec_mul(vec_load_some(b + j, 1, some), vec_load_some(g + j, 1, some)), some);
    }
}

void FC_FN(tiled_grad_patch)(ptrdiff_t taps, ptrdiff_t channels, const void *b, ptrdiff_t b_tap, ptrdiff_t b_row, ptrdiff_t m,
                             const void *g, ptrdiff_t g_row, ptrdiff_t n, int lanes, void *d, ptrdiff_t d_row) {
    for (ptrdiff_t tap = 0; tap < taps; tap++)
        for (ptrdiff_t ic = 0; ic < channels; ic++) {
            const real *filter = (const real *)b + tap * b_tap + ic * b_row;
            real *to = (real *)d + (tap * channels + ic) * (lanes ? n : 1);
            for (ptrdiff_t i = 0; i < m; i += lanes ? 1 : SHARING) {
                const real *from = (const real *)g + i * g_row;
                if (lanes) {
                    products(filter, from, n, to + i * d_row);
                    continue;
                }
                switch (m - i) {
                case 1: dots(filter, from, g_row, n, to + i * d_row, d_row, 1); break;
                case 2: dots(filter, from, g_row, n, to + i * d_row, d_row, 2); break;
                case 3: dots(filter, from, g_row, n, to + i * d_row, d_row, 3); break;
                default: dots(filter, from, g_row, n, to + i * d_row, d_row, SHARING);
                }
            }
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
