/* Computes:     sums[tap] += sum over a plane of dy * x at the tap, in every lane: the gradient of one channel's filter.
 * Source:       Goodfellow, Bengio & Courville, Deep Learning, 2016, section 9.5, eq. 9.11; the register tile is our own.
 * Applies when: NCHW, 3x3 and 5x5 kernels without dilation, strides 1 and 2 (the same both ways), no depth, a border of
 *               zeros.
 * Layout:       x at an input plane, dy at its output plane, sums [kh * kw][LANES], which lane_sums adds up.
 * Plan:         one call owns the sums. It rolls down strips of columns, while what lies a plane further on in both arrays
 *               is brought to L1: the next channel, as a rule.
 * Tile:         up to 3 rows of taps and as many rows of dy stay in registers. A row of x is loaded once for all of them,
 *               and the taps of a row shift it.
 * Cost:         1 + 1 / V loads of x, one of dy and kernel - 1 shifts for kernel * kernel multiply-adds, V vectors a strip.
 * Accuracy:     one chain a lane and tap, then a tree: factor 1.
 * Measured:     one thread, AVX-512, Sapphire Rapids: 3x3 on 128 x 56 x 56 0.14 ms, where reading both arrays takes 0.09; on
 *               16 x 56 x 56, which L2 holds, 12 cycles a vector of dy, of which 4.5 are multiply-adds. */
#include "rows.h"

#define TALL 3

struct strip {
    const struct fc_conv *s;
    const real *x, *dy; /* what tap (0, 0) reads, and what it is multiplied by */
    real *sums;
    ptrdiff_t ih; /* the row of x */
    const mask *read;
    mask there[2]; /* lanes of dy */
};

/* Row i of x, from the first that is read on; `step` is i by the period in which rows of dy change places. */
FC_INLINE void add_row(const struct strip *b, ptrdiff_t i, const int step, const int tall, const int kernel, const int stride,
                       const int vectors, const int whole, vec dy[TALL][2], vec sum[TALL][KERNEL_MOST]) {
    const struct fc_conv *s = b->s;
    const int depth = (tall - 1) / stride + 1, period = depth * stride;
    const real *x = b->x + i * s->w, *from = b->dy + i / stride * s->ow;
#pragma GCC unroll 4
    for (int v = 0; v < vectors * stride; v++) __builtin_prefetch(x + s->h * s->w + v * LANES);
    if (step % stride == 0)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) __builtin_prefetch(from + s->oh * s->ow + v * LANES);
    if (step % stride == 0 && i / stride < s->oh)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++)
            dy[step / stride][v] = whole ? vec_load(from + v * LANES) : vec_load_some(from + v * LANES, 1, b->there[v]);
    vec phase[2][HELD] = {{vec_zero()}}, at[KERNEL_MOST][2];
    load_row((size_t)(b->ih + i) < (size_t)s->h ? x : border, b->read, vectors + MORE((kernel - 1) / stride), stride, phase);
#pragma GCC unroll 5
    for (int ikw = 0; ikw < kernel; ikw++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) {
            at[ikw][v] = at_tap(phase, v, ikw, stride);
            if (!whole) at[ikw][v] = vec_select(b->there[v], at[ikw][v], vec_zero()); /* 0 times infinity is not 0 */
        }
#pragma GCC unroll 3
    for (int ikh = 0; ikh < tall; ikh++) {
        if ((step + period - ikh) % stride || (size_t)((i - ikh) / stride) >= (size_t)s->oh || i < ikh) continue;
        const vec *g = dy[(step + period - ikh) / stride % depth];
#pragma GCC unroll 5
        for (int ikw = 0; ikw < kernel; ikw++)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) sum[ikh][ikw] = vec_fma(g[v], at[ikw][v], sum[ikh][ikw]);
    }
}

FC_INLINE void roll(const struct strip *b, const int tall, const int kernel, const int stride, const int vectors,
                    const int whole) {
    const ptrdiff_t end = (b->s->oh - 1) * stride + tall;
    const int period = ((tall - 1) / stride + 1) * stride;
    vec dy[TALL][2], sum[TALL][KERNEL_MOST];
    for (int v = 0; v < 2 * TALL; v++) dy[v / 2][v % 2] = vec_zero();
#pragma GCC unroll 15
    for (int tap = 0; tap < tall * kernel; tap++) sum[tap / kernel][tap % kernel] = vec_load(b->sums + tap * LANES);
    for (ptrdiff_t i = 0; i < end; i += period)
#pragma GCC unroll 4
        for (int step = 0; step < period; step++)
            if (i + step < end) add_row(b, i + step, step, tall, kernel, stride, vectors, whole, dy, sum);
#pragma GCC unroll 15
    for (int tap = 0; tap < tall * kernel; tap++) vec_store(b->sums + tap * LANES, sum[tap / kernel][tap % kernel]);
}

typedef void roll_strip(const struct strip *b);
#define ROLL(name, tall, kernel, stride, vectors, whole) \
    static __attribute__((noinline)) void name(const struct strip *b) { roll(b, tall, kernel, stride, vectors, whole); }
ROLL(pair_3_1, 3, 3, 1, 2, 1) ROLL(some_3_1, 3, 3, 1, 2, 0) ROLL(one_3_1, 3, 3, 1, 1, 0)
ROLL(pair_3_2, 3, 3, 2, 2, 1) ROLL(some_3_2, 3, 3, 2, 2, 0) ROLL(one_3_2, 3, 3, 2, 1, 0)
ROLL(three_5_1, 3, 5, 1, 1, 0) ROLL(two_5_1, 2, 5, 1, 1, 0)
ROLL(three_5_2, 3, 5, 2, 1, 0) ROLL(two_5_2, 2, 5, 2, 1, 0)
static roll_strip *const THREE[2][3] = {{one_3_1, some_3_1, pair_3_1}, {one_3_2, some_3_2, pair_3_2}};
static roll_strip *const FIVE[2][2] = {{three_5_1, two_5_1}, {three_5_2, two_5_2}};

void FC_FN(depthwise_rows_grad)(const struct fc_conv *s, const void *x, const void *dy, void *sums) {
    const ptrdiff_t wide = s->kw == 3 && s->ow > LANES ? 2 * LANES : LANES;
    struct reads reads = reads_by(s, wide);
    struct strip b = {.s = s};
    for (ptrdiff_t iow = 0; iow < s->ow; iow += wide) {
        const ptrdiff_t left = s->ow - iow;
        b.read = reads_at(&reads, iow);
        for (int v = 0; v < 2; v++) b.there[v] = mask_bits(bits_below(left - v * LANES));
        for (ptrdiff_t ikh = 0; ikh < s->kh; ikh += TALL) {
            b.sums = (real *)sums + ikh * s->kw * LANES, b.ih = ikh - s->pad_h;
            b.x = (const real *)x + b.ih * s->w + iow * s->stride_w - s->pad_w, b.dy = (const real *)dy + iow;
            if (s->kw == 3)
                THREE[s->stride_w - 1][left <= LANES ? 0 : left < wide ? 1 : 2](&b);
            else
                FIVE[s->stride_w - 1][ikh > 0](&b);
        }
    }
}
