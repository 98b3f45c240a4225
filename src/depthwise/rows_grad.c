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
 * Measured:     one thread, AVX-512, Sapphire Rapids: 3x3 on 128 x 56 x 56 0.11 ms, where reading both arrays takes 0.09; on
 *               16 x 56 x 56, which L2 holds, 9 cycles a vector of dy, of which 4.5 are multiply-adds. Masks read again for
 *               every row had cost 3 more: moving one to its register takes a port that multiplies. */
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

/* Where a strip has come to, and what it needs there: in registers, as the compiler finds it here. */
struct place {
    const real *x, *dy; /* row i + step of x, and the row of dy that it is the first to meet */
    ptrdiff_t i, ih, h, w, oh, ow, x_plane, dy_plane;
    mask read[2 * HELD], there[2];
};

FC_INLINE struct place begin(const struct strip *b, const int vectors, const int kernel, const int stride) {
    const struct fc_conv *s = b->s;
    const int read = stride * (vectors + MORE((kernel - 1) / stride));
    struct place p = {.x = b->x, .dy = b->dy, .ih = b->ih, .h = s->h, .w = s->w, .oh = s->oh, .ow = s->ow,
                      .x_plane = s->h * s->w, .dy_plane = s->oh * s->ow};
#pragma GCC unroll 8
    for (int v = 0; v < read; v++) p.read[v] = b->read[v];
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++) p.there[v] = b->there[v];
    return p;
}

/* Row i + step of x, in a period after which rows of dy have the same places again. Away from the ends of a plane (`inside`)
 * each row is there and meets rows of dy at all its taps. */
FC_INLINE void add_row(struct place *p, const int step, const int tall, const int kernel, const int stride, const int vectors,
                       const int inside, vec dy[TALL][2], vec sum[TALL][KERNEL_MOST]) {
    const int depth = (tall - 1) / stride + 1, period = depth * stride;
    const ptrdiff_t i = p->i + step;
#pragma GCC unroll 4
    for (int v = 0; v < vectors * stride; v++) __builtin_prefetch(p->x + p->x_plane + v * LANES);
    if (step % stride == 0) {
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) __builtin_prefetch(p->dy + p->dy_plane + v * LANES);
        if (inside || i < p->oh * stride)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) dy[step / stride][v] = vec_load_some(p->dy + v * LANES, 1, p->there[v]);
        p->dy += p->ow;
    }
    vec phase[2][HELD] = {{vec_zero()}}, at[KERNEL_MOST][2];
    const int more = MORE((kernel - 1) / stride);
    load_row(inside || (size_t)(p->ih + i) < (size_t)p->h ? p->x : border, p->read, vectors + more, stride, phase);
    p->x += p->w;
#pragma GCC unroll 5
    for (int ikw = 0; ikw < kernel; ikw++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) at[ikw][v] = at_tap(phase, v, ikw, stride);
#pragma GCC unroll 3
    for (int ikh = 0; ikh < tall; ikh++) {
        if ((step + period - ikh) % stride || (!inside && (i < ikh || i - ikh >= p->oh * stride))) continue;
        const vec *g = dy[(step + period - ikh) / stride % depth];
#pragma GCC unroll 5
        for (int ikw = 0; ikw < kernel; ikw++)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) sum[ikh][ikw] = vec_fma_some(p->there[v], g[v], at[ikw][v], sum[ikh][ikw]);
    }
}

FC_INLINE void roll(const struct strip *b, const int tall, const int kernel, const int stride, const int vectors) {
    struct place p = begin(b, vectors, kernel, stride);
    const int period = ((tall - 1) / stride + 1) * stride;
    const ptrdiff_t end = (p.oh - 1) * stride + tall, low = tall - 1 > -p.ih ? tall - 1 : -p.ih;
    const ptrdiff_t high = p.oh * stride < p.h - p.ih ? p.oh * stride : p.h - p.ih;
    vec dy[TALL][2], sum[TALL][KERNEL_MOST];
    for (int v = 0; v < 2 * TALL; v++) dy[v / 2][v % 2] = vec_zero();
#pragma GCC unroll 15
    for (int tap = 0; tap < tall * kernel; tap++) sum[tap / kernel][tap % kernel] = vec_load(b->sums + tap * LANES);
    for (; p.i < end; p.i += period)
        if (LANES > 1 && p.i >= low && p.i + period <= high)
#pragma GCC unroll 4
            for (int step = 0; step < period; step++) add_row(&p, step, tall, kernel, stride, vectors, 1, dy, sum);
        else
#pragma GCC unroll 4
            for (int step = 0; step < period; step++)
                if (p.i + step < end) add_row(&p, step, tall, kernel, stride, vectors, 0, dy, sum);
#pragma GCC unroll 15
    for (int tap = 0; tap < tall * kernel; tap++) vec_store(b->sums + tap * LANES, sum[tap / kernel][tap % kernel]);
}

typedef void roll_strip(const struct strip *b);
#define ROLL(name, tall, kernel, stride, vectors) \
    static __attribute__((noinline)) void name(const struct strip *b) { roll(b, tall, kernel, stride, vectors); }
ROLL(one_3_1, 3, 3, 1, 1) ROLL(pair_3_1, 3, 3, 1, 2) ROLL(one_3_2, 3, 3, 2, 1) ROLL(pair_3_2, 3, 3, 2, 2)
ROLL(three_5_1, 3, 5, 1, 1) ROLL(two_5_1, 2, 5, 1, 1) ROLL(three_5_2, 3, 5, 2, 1) ROLL(two_5_2, 2, 5, 2, 1)
static roll_strip *const THREE[2][2] = {{one_3_1, pair_3_1}, {one_3_2, pair_3_2}};
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
                THREE[s->stride_w - 1][left > LANES](&b);
            else
                FIVE[s->stride_w - 1][ikh > 0](&b);
        }
    }
}
