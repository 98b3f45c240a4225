/* Computes:     y[o] = bias + sum over taps of weight * x[o*stride - pad + tap], one input channel each, activation.
 * Source:       Zhang, Lo & Lu, High Performance Depthwise and Pointwise Convolutions on Mobile Devices,
 *               AAAI 2020; the tile is our own.
 * Applies when: NCHW, 3x3 and 5x5 kernels without dilation, strides 1 and 2 (the same both ways), no depth, a border
 *               narrower than the kernel.
 * Layout:       x at the image, weight at the taps of the first output channel, y at its output plane, all unpacked.
 * Plan:         one call owns output rows [ioh, ioh_end) of `channels` output channels, plane by plane, so that memory is
 *               read and written as it lies; input rows are asked for AHEAD rows early, at a plane's end those of the next.
 * Tile:         ROWS / stride output rows x 1 or 2 vectors. An input row is loaded once for all the output rows and taps it
 *               serves; what lies a tap further on is shifted there in registers, as a load across cache lines takes longer
 *               than a shift. The last tiles of a plane lie over those before them where there is room, so that no lane is
 *               idle; rows and lanes beyond the plane are not stored. What a tile reads of a border other than zeros is laid
 *               out first.
 * Cost:         kernel * kernel multiply-adds and (1 + (kernel - 1) / ROWS) * (kernel - 1) shifts a vector; no workspace.
 * Accuracy:     one chain from the bias over (kh, kw): factor 1.
 * Measured:     one thread, AVX-512, Sapphire Rapids: 3x3 on 128 x 56 x 56 0.12 ms, where copying as much takes 0.10; on
 *               24 x 56 x 56, which L2 holds, 9 cycles a vector of outputs, of which 4.5 are multiply-adds, 1.3 shifts and
 *               the rest loads and stores across cache lines; 64 x 112 x 112 in steps of 2
 *               0.15 ms; 128 x 56 x 56 with another border than zeros 0.21 ms. */
#include "activation/activation.h"
#include "border.h"
#include "rows.h"

#define AHEAD 24
#if LANES >= 8 && FC_DV == 4
#define ROWS 8
#else
#define ROWS 4
#endif
#define ROWS_READ (ROWS - 1 + KERNEL_MOST)
#define PITCH (2 * HELD * LANES)

struct tile {
    const struct fc_conv *s;
    const real *x; /* what tap 0 of the first output reads */
    const real *weight;
    real bias, *y;
    ptrdiff_t w, row, h;  /* reals from row to row; the first of h rows, of which others read zeros */
    ptrdiff_t whole;      /* output rows to store */
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

FC_INLINE void compute(const struct tile *t, const int vectors, const int kernel, const int stride) {
    const ptrdiff_t w = t->w, h = t->h;
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
        const real *from = (size_t)(t->row + i) < (size_t)h ? at : border;
        load_row(from, t->read, vectors + MORE((kernel - 1) / stride), stride, phase);
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

typedef void compute_tile(const struct tile *t);
#define TILE(name, vectors, kernel, stride) \
    static __attribute__((noinline)) void name(const struct tile *t) { compute(t, vectors, kernel, stride); }
#define TILES(kernel, stride)                           \
    TILE(single_##kernel##_##stride, 1, kernel, stride) \
    TILE(double_##kernel##_##stride, 2, kernel, stride)
TILES(3, 1) TILES(3, 2) TILES(5, 1) TILES(5, 2)
static compute_tile *const TILES_OF[2][2][2] = {{{single_3_1, double_3_1}, {single_3_2, double_3_2}},
                                                {{single_5_1, double_5_1}, {single_5_2, double_5_2}}};

/* Lanes of a tile's rows that lie beside the row, each of some vector: an element of the row, as a vector whose lane that is
 * begins `from` reals from the row, or a constant. */
struct beside {
    ptrdiff_t column;
    int count;
    struct {
        ptrdiff_t vector, from;
        mask lane;
        int constant;
        real value;
    } lanes[2 * KERNEL_MOST];
};

static void know_beside(const struct fc_conv *s, ptrdiff_t column, ptrdiff_t wide, struct beside *b) {
    const ptrdiff_t iw = column * s->stride_w - s->pad_w;
    const ptrdiff_t end = ((column + wide < s->ow ? column + wide : s->ow) - 1) * s->stride_w - s->pad_w + s->kw;
    b->column = column, b->count = 0;
    for (ptrdiff_t i = iw; i < end; i++) {
        if (i >= 0 && i < s->w) continue;
        real value = 0;
        const ptrdiff_t at = border_at(s, 2, s->w, i, &value), lane = (i - iw) % LANES;
        b->lanes[b->count].vector = (i - iw) / LANES, b->lanes[b->count].lane = mask_bits(1u << lane);
        b->lanes[b->count].from = at - lane, b->lanes[b->count].constant = at < 0;
        b->lanes[b->count++].value = value;
    }
}

/* Lays out `count` reals of each row that a tile reads of the plane x from column iw on. */
static void stage_tile(struct tile *t, const real *x, ptrdiff_t iw, ptrdiff_t count, const struct beside *b, real *stage) {
    const struct fc_conv *s = t->s;
    real *to = stage;
    for (ptrdiff_t i = 0; i < (ROWS / s->stride_h - 1) * s->stride_h + s->kh; i++, to += PITCH) {
        real fill = 0;
        const ptrdiff_t place = border_row(s, 0, t->row + i, &fill);
        const real *row = place < 0 ? NULL : x + place;
        int e = 0;
        for (ptrdiff_t v = 0; v * LANES < count; v++) {
            vec values = row ? vec_load_some(row + iw + v * LANES, 1, t->read[v]) : vec_set1(fill);
            for (; e < b->count && b->lanes[e].vector == v; e++) {
                const mask lane = b->lanes[e].lane;
                if (!b->lanes[e].constant)
                    values = row ? vec_or(values, vec_load_some(row + b->lanes[e].from, 1, lane)) : values;
                else if (row || b->lanes[e].value != 0)
                    values = vec_select(lane, vec_set1(b->lanes[e].value), values);
            }
            vec_store(to + v * LANES, values);
            __builtin_prefetch(x + (t->row + i + AHEAD) * s->w + iw + v * LANES);
        }
    }
    t->x = stage, t->w = PITCH, t->row = 0, t->h = ROWS_READ;
}

/* Output rows [ioh, ioh_end) of one channel, whose input plane is x and whose outputs begin at y. */
static void compute_plane(struct tile *t, struct reads *reads, struct beside beside[2], const real *x, real *y,
                          ptrdiff_t ioh, ptrdiff_t ioh_end) {
    const struct fc_conv *s = t->s;
    const ptrdiff_t tall = ROWS / s->stride_w, wide = reads->wide;
    compute_tile *const tile = TILES_OF[s->kw == 5][s->stride_w - 1][wide > LANES];
    real stage[ROWS_READ * PITCH];
    for (ptrdiff_t row = ioh; row < ioh_end; row += tall) {
        if (row + tall > ioh_end && ioh_end - tall >= ioh) row = ioh_end - tall;
        for (ptrdiff_t column = 0; column < s->ow; column += wide) {
            if (column + wide > s->ow && s->ow > wide) column = s->ow - wide;
            const ptrdiff_t iw = column * s->stride_w - s->pad_w;
            t->whole = ioh_end - row, t->row = row * s->stride_h - s->pad_h, t->w = s->w, t->h = s->h;
            t->read = reads_at(reads, column);
            t->x = x + t->row * s->w + iw;
            t->y = y + row * s->ow + column;
            const int within = t->row >= 0 && t->row + (tall - 1) * s->stride_h + s->kh <= s->h;
            if (s->border.present && (t->read != reads->inside || !within)) {
                struct beside *b = &beside[column > 0];
                if (b->column != column) know_beside(s, column, wide, b);
                stage_tile(t, x, iw, (wide - 1) * s->stride_w + s->kw, b, stage);
                t->read = reads->inside;
            }
            tile(t);
        }
    }
    if (is_curved(&s->after)) curve_rows(&s->after, y + ioh * s->ow, s->y_channel, 1, (ioh_end - ioh) * s->ow);
}

void FC_FN(depthwise_rows)(const struct fc_conv *s, const void *x, const void *weight, const void *bias, void *y,
                           ptrdiff_t channel, int channels, ptrdiff_t ioh, ptrdiff_t ioh_end) {
    struct tile t;
    struct beside beside[2] = {{.column = -1}, {.column = -1}};
    struct reads reads = reads_by(s, s->ow > LANES ? 2 * LANES : LANES);
    t.s = s;
    for (int v = 0; v < 2; v++) t.stored[v] = mask_bits(bits_below(s->ow - v * LANES));
    for (ptrdiff_t i = 0; i < channels; i++) {
        t.weight = (const real *)weight + i * s->kh * s->kw;
        t.bias = bias ? ((const real *)bias)[i] : 0;
        compute_plane(&t, &reads, beside, (const real *)x + (channel + i) / (s->c_out / s->groups) * s->x_channel,
                      (real *)y + i * s->y_channel, ioh, ioh_end);
    }
}
