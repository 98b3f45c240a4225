/* Computes:     y[o] = bias + sum over taps of weight * x[o*stride - pad + tap*dilation], one input channel each, activation.
 * Source:       Zhang, Lo & Lu, High Performance Depthwise and Pointwise Convolutions on Mobile Devices, AAAI 2020; splitting a
 *               strided row by phase is common practice.
 * Applies when: NCHW; any kernel, stride and dilation.
 * Layout:       scratch: kw offsets, then the stage [kd][staged_rows][windows][pitch] of a block of outputs (struct fc_block)
 *               and a vector; tap k of output column o of a row lies at offsets[k] + o. The last vector of a row may read
 *               some of the next one, in lanes that are not stored. x at the image, weight at the taps of the first
 *               output channel, y at its output plane.
 * Plan:         one call owns output rows [ioh, ioh_end) at depth iod of some output channels; it stages block by block, and
 *               computes all channels that read the same input from one stage.
 * Tile:         R output rows x V vectors, 8 sums at least where there are so many rows or columns. Where rows follow each
 *               other (no stride or dilation down the kernel) a staged row is loaded once for all the output rows it serves
 *               and each weight once for V vectors; otherwise a weight is loaded once for the whole tile.
 * Cost:         (V + R) / (R * V) loads a multiply-add, or one; a row is staged with one load and one store a vector.
 * Accuracy:     one chain from the bias over (kd, kh, kw): factor 1.
 * Measured:     128 -> 256 7x7 on 32 x 32: 77 to 88 GFLOP/s; 64 9x9 and 31x31 on 56 x 56: 92 and 130 (AVX-512, Sapphire
 *               Rapids, one thread). */
#include "activation/activation.h"
#include "stage.h"

struct tile {
    const struct fc_conv *s;
    const struct fc_block *block;
    const ptrdiff_t *offsets;
    const real *stage, *weight; /* the stage at the tile's first row and column */
    real bias, *y;
    ptrdiff_t left; /* columns from the tile's first on */
};

FC_INLINE ptrdiff_t row_reals(const struct fc_block *b) { return b->windows * b->pitch; }

FC_INLINE void store(const struct tile *t, const int rows, const int vectors, vec sum[8][8]) {
    const struct fc_conv *s = t->s;
    const struct clamp limits = clamp_of(&s->after);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) {
            const vec y = clamped(limits, sum[r][v]);
            if (t->left >= vectors * LANES)
                vec_store(t->y + r * s->ow + v * LANES, y);
            else
                vec_store_some(t->y + r * s->ow + v * LANES, y, mask_bits(bits_below(t->left - v * LANES)));
        }
    if (is_curved(&s->after)) curve_rows(&s->after, t->y, s->ow, rows, t->left < vectors * LANES ? t->left : vectors * LANES);
}

/* Any rows: each tap visits all of the tile. */
FC_INLINE void visit(const struct tile *t, const int rows, const int vectors) {
    const struct fc_conv *s = t->s;
    const struct fc_block *b = t->block;
    const ptrdiff_t row = row_reals(b);
    const real *weight = t->weight;
    vec sum[8][8];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) sum[r][v] = vec_set1(t->bias);
    for (ptrdiff_t ikd = 0; ikd < s->kd; ikd++)
        for (ptrdiff_t ikh = 0; ikh < s->kh; ikh++) {
            const real *from = t->stage + (ikd * b->staged_rows + ikh * b->row_tap) * row;
            for (ptrdiff_t ikw = 0; ikw < s->kw; ikw++, weight++) {
                const vec one = vec_set1(*weight);
#pragma GCC unroll 8
                for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
                    for (int v = 0; v < vectors; v++)
                        sum[r][v] = vec_fma(one, vec_load(from + r * b->row_step * row + t->offsets[ikw] + v * LANES), sum[r][v]);
            }
        }
    store(t, rows, vectors, sum);
}

/* A staged row to output rows low ... high of a tile; `weight` is that of output row 0. */
FC_INLINE void serve(const struct tile *t, const real *from, const real *weight, const int low, const int high,
                     const int vectors, vec sum[8][8]) {
    const ptrdiff_t kw = t->s->kw;
    for (ptrdiff_t ikw = 0; ikw < kw; ikw++, weight++) {
        vec x[8];
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) x[v] = vec_held(vec_load(from + t->offsets[ikw] + v * LANES));
#pragma GCC unroll 8
        for (int r = low; r <= high; r++) {
            if (vectors == 1) {
                sum[r][0] = vec_fma_at(weight - r * kw, x[0], sum[r][0]);
                continue;
            }
            const vec one = vec_set1(weight[-r * kw]);
#pragma GCC unroll 8
            for (int v = 0; v < vectors; v++) sum[r][v] = vec_fma(one, x[v], sum[r][v]);
        }
    }
}

/* Rows that follow each other: each staged row serves all the output rows it can. kh is a constant, or 0: any from `rows` on;
 * so the rows at the top and the bottom, which serve some of the outputs only, are loops without a decision. */
FC_INLINE void slide(const struct tile *t, const int rows, const int vectors, const int kh) {
    const struct fc_conv *s = t->s;
    const ptrdiff_t row = row_reals(t->block);
    vec sum[8][8];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) sum[r][v] = vec_set1(t->bias);
#define SERVE(i, low, high) serve(t, stage + (i) * row, weight + (i) * s->kw, low, high, vectors, sum)
    for (ptrdiff_t ikd = 0; ikd < s->kd; ikd++) {
        const real *stage = t->stage + ikd * t->block->staged_rows * row, *weight = t->weight + ikd * s->kh * s->kw;
#pragma GCC unroll 16
        for (int i = 0; i < rows - 1; i++) SERVE(i, kh && i >= kh ? i - kh + 1 : 0, i);
        if (kh) {
#pragma GCC unroll 16
            for (int i = rows - 1; i < rows + kh - 1; i++) SERVE(i, i >= kh ? i - kh + 1 : 0, rows - 1);
            continue;
        }
        for (ptrdiff_t i = rows - 1; i < s->kh; i++) SERVE(i, 0, rows - 1);
#pragma GCC unroll 16
        for (int over = 1; over < rows; over++) SERVE(s->kh - 1 + over, over, rows - 1);
    }
#undef SERVE
    store(t, rows, vectors, sum);
}

/* Tiles by rows 1, 2, 4, 8 and vectors 1, 2, 4, 8; those with 16 sums want 32 registers. A single row has nothing to share. */
typedef void compute_tile(const struct tile *t);
#if LANES >= 8 && FC_DV == 4
#define IF_ROOM(tile) tile
#else
#define IF_ROOM(tile) NULL
#endif

#define VISITS(rows, vectors) \
    static void visit_##rows##x##vectors(const struct tile *t) { visit(t, rows, vectors); }
VISITS(1, 1) VISITS(1, 2) VISITS(1, 4) VISITS(1, 8) VISITS(2, 1) VISITS(2, 2) VISITS(2, 4) VISITS(4, 1) VISITS(4, 2)
VISITS(8, 1)
#if LANES >= 8 && FC_DV == 4
VISITS(4, 4) VISITS(8, 2)
#endif
static compute_tile *const VISIT[4][4] = {{visit_1x1, visit_1x2, visit_1x4, visit_1x8},
                                          {visit_2x1, visit_2x2, visit_2x4, NULL},
                                          {visit_4x1, visit_4x2, IF_ROOM(visit_4x4), NULL},
                                          {visit_8x1, IF_ROOM(visit_8x2), NULL, NULL}};

#define SLIDES(kh, rows, vectors) \
    static void slide##kh##_##rows##x##vectors(const struct tile *t) { slide(t, rows, vectors, kh); }
SLIDES(0, 2, 1) SLIDES(0, 2, 2) SLIDES(0, 2, 4) SLIDES(0, 4, 1) SLIDES(0, 4, 2) SLIDES(0, 8, 1)
SLIDES(3, 4, 1) SLIDES(3, 4, 2) SLIDES(3, 8, 1) SLIDES(7, 8, 1)
#if LANES >= 8 && FC_DV == 4
SLIDES(0, 4, 4) SLIDES(0, 8, 2) SLIDES(3, 4, 4) SLIDES(3, 8, 2) SLIDES(7, 8, 2)
#endif

/* kh is a constant only where it is smaller than the tile is tall. */
#define SLIDE(name, kh4, kh8)                                                                       \
    static compute_tile *const name[4][4] = {                                                       \
        {visit_1x1, visit_1x2, visit_1x4, visit_1x8},                                               \
        {slide0_2x1, slide0_2x2, slide0_2x4, NULL},                                                 \
        {slide##kh4##_4x1, slide##kh4##_4x2, IF_ROOM(slide##kh4##_4x4), NULL},                      \
        {slide##kh8##_8x1, IF_ROOM(slide##kh8##_8x2), NULL, NULL}};
SLIDE(SLIDE0, 0, 0)
SLIDE(SLIDE3, 3, 3)
SLIDE(SLIDE7, 0, 7)

FC_INLINE int power_below(ptrdiff_t n) { return n >= 8 ? 3 : n >= 4 ? 2 : n >= 2 ? 1 : 0; }

/* All tiles of a staged block of rows x columns outputs. */
static void compute_block(struct tile *t, ptrdiff_t rows, ptrdiff_t columns, real *y) {
    const struct fc_conv *s = t->s;
    const struct fc_block *b = t->block;
    const int slides = !b->rows_apart && s->stride_h == 1 && s->dilation_h == 1;
    compute_tile *const(*const sliding)[4] = s->kh == 3 ? SLIDE3 : s->kh == 7 ? SLIDE7 : SLIDE0;
    compute_tile *const(*const tiles)[4] = slides ? sliding : VISIT;
    const int tallest = tiles == SLIDE0 ? power_below(s->kh) : 3;
    const real *stage = t->stage;
    for (ptrdiff_t r = 0; r < rows;) {
        const int fitting = power_below(rows - r), tall = fitting < tallest ? fitting : tallest;
        for (ptrdiff_t o = 0; o < columns;) {
            int wide = power_below((columns - o + LANES - 1) / LANES);
            while (!tiles[tall][wide]) wide--;
            t->stage = stage + r * b->row_step * row_reals(b) + o;
            t->y = y + r * s->ow + o;
            t->left = columns - o;
            tiles[tall][wide](t);
            o += (LANES << wide);
        }
        r += 1 << tall;
    }
}

/* A row by two phases: laid out with its border first, then taken apart, which needs no lane sets. */
FC_INLINE void stage_halves(const struct fc_conv *s, const struct window *whole, const real *from, real fill, ptrdiff_t pitch,
                            real *line, real *to) {
    stage_columns(s, whole, from, fill, line);
    for (int phase = 0; phase < 2; phase++)
        for (ptrdiff_t i = 0; i < pitch; i += LANES)
            vec_store(to + phase * pitch + i, vec_load_stride(line + phase + 2 * i, 2));
}

/* Stages what a block of outputs reads; `line` has room for a row and a vector. */
static void stage_block(const struct fc_conv *s, const struct fc_block *b, const real *x, ptrdiff_t iod, ptrdiff_t ioh,
                        ptrdiff_t rows, ptrdiff_t iow, real *stage, real *line) {
    const ptrdiff_t tap_rows = b->rows_apart ? rows : (rows - 1) * s->stride_h + (s->kh - 1) * s->dilation_h + 1;
    const ptrdiff_t row = row_reals(b), parts = b->rows_apart ? s->kh : 1;
    const int halves = s->stride_w == 2 && b->windows == 2 && !b->columns_apart;
    const struct window whole = window_of(s, iow * s->stride_w - s->pad_w, 1, 2 * b->pitch);
    for (ptrdiff_t i = 0; i < (halves ? 1 : b->windows); i++) {
        const ptrdiff_t tap = i * (b->columns_apart ? s->dilation_w : 1);
        const struct window window = window_of(s, iow * s->stride_w - s->pad_w + tap, s->stride_w, b->pitch);
        for (ptrdiff_t ikd = 0; ikd < s->kd; ikd++) {
            const ptrdiff_t id = iod * s->stride_d - s->pad_d + ikd * s->dilation_d;
            for (ptrdiff_t part = 0; part < parts; part++) {
                const ptrdiff_t first = ioh * s->stride_h - s->pad_h + part * s->dilation_h;
                real *to = stage + (ikd * b->staged_rows + part * b->rows) * row + i * b->pitch;
                for (ptrdiff_t r = 0; r < tap_rows; r++, to += row) {
                    const ptrdiff_t ih = first + r * (b->rows_apart ? s->stride_h : 1);
                    real fill = 0;
                    const ptrdiff_t place = border_row(s, id, ih, &fill);
                    if (halves)
                        stage_halves(s, &whole, place < 0 ? NULL : x + place, fill, b->pitch, line, to);
                    else
                        stage_columns(s, &window, place < 0 ? NULL : x + place, fill, to);
                }
            }
        }
    }
}

void FC_FN(depthwise_staged)(const struct fc_conv *s, const struct fc_block *b, const void *x, const void *weight,
                             const void *bias, void *y, ptrdiff_t channel, int channels, ptrdiff_t iod, ptrdiff_t ioh,
                             ptrdiff_t ioh_end, ptrdiff_t iow, ptrdiff_t iow_end, void *scratch) {
    const ptrdiff_t shared = s->c_out / s->groups;
    ptrdiff_t *offsets = scratch;
    real *stage = (real *)((char *)scratch + (s->kw * sizeof *offsets + 63) / 64 * 64);
    for (ptrdiff_t ikw = 0; ikw < s->kw; ikw++) {
        const ptrdiff_t tap = ikw * s->dilation_w;
        offsets[ikw] = b->columns_apart ? ikw * b->pitch : tap % s->stride_w * b->pitch + tap / s->stride_w;
    }
    struct tile t;
    t.s = s, t.block = b, t.offsets = offsets;
    for (; iow < iow_end; iow += b->columns) {
        const ptrdiff_t columns = iow_end - iow < b->columns ? iow_end - iow : b->columns;
        for (ptrdiff_t row = ioh; row < ioh_end; row += b->rows) {
            const ptrdiff_t rows = ioh_end - row < b->rows ? ioh_end - row : b->rows;
            real *end = stage + s->kd * b->staged_rows * row_reals(b);
            vec_store(end, vec_zero());
            for (ptrdiff_t i = 0; i < channels; i++) {
                if (i == 0 || (channel + i) % shared == 0)
                    stage_block(s, b, (const real *)x + (channel + i) / shared * s->x_channel, iod, row, rows, iow, stage, end + LANES);
                t.stage = stage;
                t.weight = (const real *)weight + i * s->kd * s->kh * s->kw;
                t.bias = bias ? ((const real *)bias)[i] : 0;
                compute_block(&t, rows, columns, (real *)y + i * s->y_channel + (iod * s->oh + row) * s->ow + iow);
            }
        }
    }
}
