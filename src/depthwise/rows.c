/* Computes:     y[o] = bias + sum over taps of weight * x[o*stride - pad + tap], one input channel each, activation.
 * Source:       Zhang, Lo & Lu, High Performance Depthwise and Pointwise Convolutions on Mobile Devices,
 *               AAAI 2020; the tile is our own.
 * Applies when: NCHW, 3x3 and 5x5 kernels without dilation, strides 1 and 2 (the same both ways), no depth, a border of
 *               zeros narrower than the kernel.
 * Layout:       x at the image, weight at the taps of the first output channel, y at its output plane, all unpacked.
 * Plan:         one call owns output rows [ioh, ioh_end) of `channels` output channels, plane by plane, so that memory is
 *               read and written as it lies; input rows are asked for AHEAD rows early, at a plane's end those of the next.
 * Tile:         ROWS / stride output rows x 1 or 2 vectors. An input row is loaded once for all the output rows and taps it
 *               serves; what lies a tap further on is shifted there in registers, as a load across cache lines takes longer
 *               than a shift. The last tiles of a plane lie over those before them where there is room, so that no lane is
 *               idle; rows and lanes beyond the plane are not stored.
 * Cost:         kernel * kernel multiply-adds and (1 + (kernel - 1) / ROWS) * (kernel - 1) shifts a vector; no workspace.
 * Accuracy:     one chain from the bias over (kh, kw): factor 1.
 * Measured:     one thread, AVX-512, Sapphire Rapids: 3x3 on 128 x 56 x 56 0.12 ms, where copying as much takes 0.10; on
 *               24 x 56 x 56, which L2 holds, 9 cycles a vector of outputs, of which 4.5 are multiply-adds, 1.3 shifts and
 *               the rest loads and stores across cache lines; 64 x 112 x 112 in steps of 2 0.15 ms. */
#include "activation/activation.h"
#include "rows.h"

#define AHEAD 24
#if LANES >= 8 && FC_DV == 4
#define ROWS 8
#else
#define ROWS 4
#endif

struct tile {
    const struct fc_conv *s;
    const real *x; /* what tap 0 of the first output reads */
    const real *weight;
    real bias, *y;
    ptrdiff_t row, whole; /* the first input row; output rows to store */
    const mask *read;     /* lanes that lie in the row, a vector */
    mask stored[2];
};

FC_INLINE void store(const struct tile *t, const int rows, const int vectors, vec sum[ROWS][2]) {
    const struct fc_conv *s = t->s;
    if (s->after.kind == FC_RELU || s->after.kind == FC_RELU6) {
        const struct clamp limits = clamp_of(&s->after);
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) sum[r][v] = clamped(limits, sum[r][v]);
    }
    real *y = t->y;
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++, y += s->ow) {
        if (r >= t->whole) return;
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++)
            if (s->ow >= vectors * LANES)
                vec_store(y + v * LANES, sum[r][v]);
            else
                vec_store_some(y + v * LANES, sum[r][v], t->stored[v]);
    }
}

/* `more` vectors beyond the outputs' own hold what taps further on read. */
FC_INLINE void compute(const struct tile *t, const int vectors, const int more, const int kernel, const int stride) {
    const ptrdiff_t w = t->s->w, h = t->s->h;
    const int rows = ROWS / stride, keeps_weights = kernel == 3 && ROWS == 8; /* in registers, of which there are 32 */
    const real *at = t->x;
    vec sum[ROWS][2];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) sum[r][v] = vec_set1(t->bias);
#pragma GCC unroll 16
    for (int i = 0; i < (rows - 1) * stride + kernel; i++, at += w) {
        vec phase[2][HELD] = {{vec_zero()}};
        load_row((size_t)(t->row + i) < (size_t)h ? at : border, t->read, vectors + more, stride, phase);
        if (i < rows * stride) {
            __builtin_prefetch(at + AHEAD * w);
            if (vectors == 2) __builtin_prefetch(at + AHEAD * w + LANES);
        }
#pragma GCC unroll 5
        for (int ikw = 0; ikw < kernel; ikw++) {
            vec x[2];
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) x[v] = at_tap(phase, v, ikw, stride);
#pragma GCC unroll 5
            for (int ikh = 0; ikh < kernel; ikh++) {
                const int r = (i - ikh) / stride;
                const real *weight = t->weight + ikh * kernel + ikw;
                if (i < ikh || (i - ikh) % stride || r >= rows) continue;
#pragma GCC unroll 2
                for (int v = 0; v < vectors; v++) {
                    vec *to = &sum[r][v];
                    *to = keeps_weights ? vec_fma(vec_set1(*weight), x[v], *to) : vec_fma_at(weight, x[v], *to);
                }
            }
        }
    }
    store(t, rows, vectors, sum);
}

/* Tiles of one vector that holds all that is read of a row, of one, and of two. */
typedef void compute_tile(const struct tile *t);
#define TILE(name, vectors, more, kernel, stride) \
    static __attribute__((noinline)) void name(const struct tile *t) { compute(t, vectors, more, kernel, stride); }
#define TILES(kernel, stride)                                                            \
    TILE(narrow_##kernel##_##stride, 1, 0, kernel, stride)                               \
    TILE(single_##kernel##_##stride, 1, MORE((kernel - 1) / stride), kernel, stride)     \
    TILE(double_##kernel##_##stride, 2, MORE((kernel - 1) / stride), kernel, stride)
TILES(3, 1) TILES(3, 2) TILES(5, 1) TILES(5, 2)
static compute_tile *const TILES_OF[2][2][3] = {
    {{narrow_3_1, single_3_1, double_3_1}, {narrow_3_2, single_3_2, double_3_2}},
    {{narrow_5_1, single_5_1, double_5_1}, {narrow_5_2, single_5_2, double_5_2}}};

/* Output rows [ioh, ioh_end) of one channel, whose input plane is x and whose outputs begin at y. */
static void compute_plane(struct tile *t, struct reads *reads, const real *x, real *y, ptrdiff_t ioh, ptrdiff_t ioh_end) {
    const struct fc_conv *s = t->s;
    const ptrdiff_t tall = ROWS / s->stride_w, wide = reads->wide;
    const int kind = wide > LANES ? 2 : s->ow + (s->kw - 1) / s->stride_w > LANES;
    compute_tile *const tile = TILES_OF[s->kw == 5][s->stride_w - 1][kind];
    for (ptrdiff_t row = ioh; row < ioh_end; row += tall) {
        if (row + tall > ioh_end && ioh_end - tall >= ioh) row = ioh_end - tall;
        t->whole = ioh_end - row, t->row = row * s->stride_h - s->pad_h;
        for (ptrdiff_t column = 0; column < s->ow; column += wide) {
            if (column + wide > s->ow && s->ow > wide) column = s->ow - wide;
            t->read = reads_at(reads, column);
            t->x = x + t->row * s->w + column * s->stride_w - s->pad_w;
            t->y = y + row * s->ow + column;
            tile(t);
        }
    }
    if (is_curved(&s->after)) curve_rows(&s->after, y + ioh * s->ow, s->y_channel, 1, (ioh_end - ioh) * s->ow);
}

void FC_FN(depthwise_rows)(const struct fc_conv *s, const void *x, const void *weight, const void *bias, void *y,
                           ptrdiff_t channel, int channels, ptrdiff_t ioh, ptrdiff_t ioh_end) {
    struct tile t;
    struct reads reads = reads_by(s, s->ow > LANES ? 2 * LANES : LANES);
    t.s = s;
    for (int v = 0; v < 2; v++) t.stored[v] = mask_bits(bits_below(s->ow - v * LANES));
    for (ptrdiff_t i = 0; i < channels; i++) {
        t.weight = (const real *)weight + i * s->kh * s->kw;
        t.bias = bias ? ((const real *)bias)[i] : 0;
        compute_plane(&t, &reads, (const real *)x + (channel + i) / (s->c_out / s->groups) * s->x_channel,
                      (real *)y + i * s->y_channel, ioh, ioh_end);
    }
}
