/* Computes:     y[o] = bias + sum over taps of weight * x[o - pad + tap], one input channel each, activation.
 * Source:       Zhang, Lo & Lu, High Performance Depthwise and Pointwise Convolutions on Mobile Devices, AAAI 2020.
 * Applies when: NCHW, 3x3 and 5x5 kernels that move by single steps, no depth, a border of zeros narrower than the kernel.
 * Layout:       x at the image, weight at the taps of the first output channel, y at its output plane, all unpacked.
 * Plan:         one call owns output rows [ioh, ioh_end) of `channels` output channels.
 * Tile:         FC_DV units roll down their columns together. A unit is one vector of outputs of one channel: an input row
 *               is loaded once, its shifted copies are made in registers (a load across cache lines costs two cycles, a
 *               shift half of one), and it is added to the `kernel` output rows it serves. Units make the chains of sums that a
 *               core needs to be busy: one alone would wait for each multiply-add. They are channels, so that all have the
 *               lanes of one place in the row, or, where channels are few, also neighbours in the row.
 * Cost:         kernel * kernel multiply-adds, 2 loads and kernel - 1 shifts a vector; no workspace.
 * Accuracy:     one chain from the bias over (kh, kw): factor 1.
 * Measured:     34 cycles a row of 4 units (36 multiply-adds) while operands are in L1; 128 channels of 56 x 56 150 us, as
 *               long again as moving them takes (AVX-512, Sapphire Rapids, one thread). */
#include "activation/activation.h"

#define KERNEL_MOST 5
#define MORE ((KERNEL_MOST - 1 + LANES - 1) / LANES) /* vectors beyond its own that a unit reads */
#define AHEAD 8 /* rows that are asked for before they are needed */

struct units {
    const struct fc_conv *s;
    const real *x[FC_DV];
    real *y[FC_DV];
    real weight[KERNEL_MOST * KERNEL_MOST][FC_DV], bias[FC_DV];
    ptrdiff_t ih, rows;
    mask read[1 + MORE], stored;
};

/* What rows of the border read. */
static const real border[(1 + MORE) * LANES];

/* Adds input row `row`, and stores the output row that it completes. Output row r gathers in sum[r % kernel], row % kernel is
 * `step`. What the first rows add to output rows before the first is thrown away. */
FC_INLINE void add_row(const struct units *b, const int kernel, const int inside, const int step, ptrdiff_t row,
                       vec sum[KERNEL_MOST][FC_DV]) {
    const struct fc_conv *s = b->s;
    const int more = (kernel - 1 + LANES - 1) / LANES, done = (step + 1) % kernel;
    const int lit = b->ih + row >= 0 && b->ih + row < s->h;
    vec in[FC_DV][1 + MORE];
#pragma GCC unroll 4
    for (int u = 0; u < FC_DV; u++) {
        const real *from = lit ? b->x[u] + row * s->w : border;
        __builtin_prefetch(b->x[u] + (row + AHEAD) * s->w + LANES - 1);
#pragma GCC unroll 5
        for (int i = 0; i <= more; i++)
            in[u][i] = inside && i < more ? vec_load(from + i * LANES) : vec_load_some(from + i * LANES, 1, b->read[i]);
    }
#pragma GCC unroll 5
    for (int ikw = 0; ikw < kernel; ikw++) {
        vec shifted[FC_DV];
#pragma GCC unroll 4
        for (int u = 0; u < FC_DV; u++)
            shifted[u] = ikw % LANES ? vec_align(in[u][ikw / LANES], in[u][ikw / LANES + 1], ikw % LANES) : in[u][ikw / LANES];
#pragma GCC unroll 5
        for (int ikh = 0; ikh < kernel; ikh++) {
            const int r = (step + kernel - ikh) % kernel;
#pragma GCC unroll 4
            for (int u = 0; u < FC_DV; u++)
                sum[r][u] = vec_fma_at(&b->weight[ikh * kernel + ikw][u], shifted[u], sum[r][u]);
        }
    }
    const int clamps = s->after.kind == FC_RELU || s->after.kind == FC_RELU6;
    const struct clamp limits = clamp_of(&s->after);
    const ptrdiff_t at = (row - kernel + 1) * s->ow;
#pragma GCC unroll 4
    for (int u = 0; u < FC_DV; u++) {
        if (row >= kernel - 1) {
            if (clamps) sum[done][u] = clamped(limits, sum[done][u]);
            inside ? vec_store(b->y[u] + at, sum[done][u]) : vec_store_some(b->y[u] + at, sum[done][u], b->stored);
        }
        sum[done][u] = vec_set1(b->bias[u]);
    }
}

FC_INLINE void roll(const struct units *b, const int kernel, const int inside) {
    vec sum[KERNEL_MOST][FC_DV];
#pragma GCC unroll 4
    for (int u = 0; u < FC_DV; u++)
#pragma GCC unroll 5
        for (int i = 0; i < kernel; i++) sum[i][u] = vec_set1(b->bias[u]);
    const ptrdiff_t end = b->rows + kernel - 1;
#define STEP(step)                              \
    add_row(b, kernel, inside, step, row, sum); \
    if (++row == end) return;
    for (ptrdiff_t row = 0;;) {
        STEP(0) STEP(1) STEP(2)
        if (kernel == 5) {
            STEP(3) STEP(4)
        }
    }
}

static __attribute__((noinline)) void roll_3(const struct units *b) { roll(b, 3, 1); }
static __attribute__((noinline)) void roll_3_edge(const struct units *b) { roll(b, 3, 0); }
static __attribute__((noinline)) void roll_5(const struct units *b) { roll(b, 5, 1); }
static __attribute__((noinline)) void roll_5_edge(const struct units *b) { roll(b, 5, 0); }

/* What the channels of a call share. */
struct planes {
    const struct fc_conv *s;
    const real *x;
    real *y;
    ptrdiff_t channel;
    int channels;
};

FC_INLINE ptrdiff_t channel_of(const struct planes *p, ptrdiff_t slot) { return slot < p->channels ? slot : p->channels - 1; }

/* Takes units [first, first + FC_DV) of `count`, of which there are `slots` a strip; `iow` is where strip 0 begins. Channels and
 * units beyond the last repeat it. */
static void roll_units(struct units *b, const struct planes *p, ptrdiff_t first, ptrdiff_t count, int slots, ptrdiff_t iow,
                       ptrdiff_t ioh, int inside) {
    const struct fc_conv *s = p->s;
    const ptrdiff_t multiplier = s->c_out / s->groups;
    for (int u = 0; u < FC_DV; u++) {
        const ptrdiff_t unit = first + u < count ? first + u : count - slots + u % slots;
        const ptrdiff_t channel = channel_of(p, unit % slots), column = iow + unit / slots * LANES;
        b->x[u] = p->x + (p->channel + channel) / multiplier * s->x_channel + b->ih * s->w + column - s->pad_w;
        b->y[u] = p->y + channel * s->y_channel + ioh * s->ow + column;
    }
    if (s->kw == 3)
        inside ? roll_3(b) : roll_3_edge(b);
    else
        inside ? roll_5(b) : roll_5_edge(b);
}

/* Up to FC_DV channels. */
static void roll_channels(const struct planes *p, const real *weight, const real *bias, ptrdiff_t ioh, ptrdiff_t rows) {
    const struct fc_conv *s = p->s;
    const ptrdiff_t reach = LANES + s->kw - 1, more = (s->kw - 1 + LANES - 1) / LANES, taps = s->kh * s->kw;
    const int slots = p->channels > 2 ? FC_DV : p->channels;
    struct units b;
    b.s = s, b.rows = rows, b.ih = ioh - s->pad_h;
    for (int u = 0; u < FC_DV; u++) {
        const ptrdiff_t from = channel_of(p, u % slots);
        for (ptrdiff_t tap = 0; tap < taps; tap++) b.weight[tap][u] = weight[from * taps + tap];
        b.bias[u] = bias ? bias[from] : 0;
    }
    for (ptrdiff_t iow = 0; iow < s->ow;) {
        const ptrdiff_t iw = iow - s->pad_w;
        ptrdiff_t strips = 0; /* that lie inside */
        if (iw >= 0)
            while (iow + (strips + 1) * LANES <= s->ow && iw + strips * LANES + reach <= s->w) strips++;
        b.stored = mask_bits(bits_below(s->ow - iow));
        for (int i = 0; i <= more; i++)
            b.read[i] = strips && i == more ? mask_bits(bits_below(s->kw - 1 - (more - 1) * LANES))
                                            : mask_bits(bits_between(-iw - i * LANES, s->w - iw - i * LANES));
        const ptrdiff_t count = (strips ? strips : 1) * slots;
        for (ptrdiff_t unit = 0; unit < count; unit += FC_DV) roll_units(&b, p, unit, count, slots, iow, ioh, strips > 0);
        iow += (strips ? strips : 1) * LANES;
    }
    if (is_curved(&s->after)) curve_rows(&s->after, p->y + ioh * s->ow, s->y_channel, p->channels, rows * s->ow);
}

void FC_FN(depthwise_rows)(const struct fc_conv *s, const void *x, const void *weight, const void *bias, void *y,
                           ptrdiff_t channel, int channels, ptrdiff_t ioh, ptrdiff_t ioh_end) {
    for (int c = 0; c < channels; c += FC_DV) {
        const struct planes p = {s, x, (real *)y + c * s->y_channel, channel + c, channels - c < FC_DV ? channels - c : FC_DV};
        roll_channels(&p, (const real *)weight + c * s->kh * s->kw, bias ? (const real *)bias + c : NULL, ioh, ioh_end - ioh);
    }
}
