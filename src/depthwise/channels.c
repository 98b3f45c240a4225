/* Computes:     y[o] = bias + sum over taps of weight * x[o*stride - pad + tap*dilation], one input channel each, activation.
 * Source:       Zhang, Lo & Lu, High Performance Depthwise and Pointwise Convolutions on Mobile Devices, AAAI 2020.
 * Applies when: NHWC with any kernel, stride and dilation; NCHW where the whole of a small plane is staged.
 * Layout:       scratch: weights [taps][LANES], the stage [kd][staged_rows][pitch][LANES] of a block of outputs (struct
 *               fc_block), and in NCHW the outputs [pixels][LANES].
 * Plan:         one call owns output rows [ioh, ioh_end) at depth iod of up to LANES output channels.
 * Tile:         channels in lanes, up to 8 outputs of a row: no lane is lost however small the map, and a border costs nothing
 *               once it is staged. At stride 1 with 3 or 5 taps a row's inputs stay in registers for all of its taps.
 * Cost:         one aligned load a multiply-add, or (8 + kw - 1) / (8 * kw) of one; staging, one load and one store a vector, or
 *               in NCHW its share of a block of LANES x LANES turned over, and the same for the outputs.
 * Accuracy:     one chain from the bias over (kd, kh, kw): factor 1.
 * Measured:     512 channels of 14 x 14, 3x3 stride 2: 29 us in NCHW; staged.c takes 173 (AVX-512, Sapphire Rapids, one
 *               thread). */
#include "activation/activation.h"
#include "stage.h"
#include "transpose.h"

struct tile {
    const struct fc_conv *s;
    const struct fc_block *block;
    const real *weight, *stage; /* the stage at the tile's first output */
    vec bias;
    real *y;
    ptrdiff_t apart; /* reals between outputs at y */
    int channels;
};

FC_INLINE void compute(const struct tile *t, const int outputs, const int taps) {
    const struct fc_conv *s = t->s;
    const struct fc_block *b = t->block;
    const ptrdiff_t step = b->column_step * LANES, tap = b->column_tap * LANES;
    const real *weight = t->weight;
    vec sum[8];
#pragma GCC unroll 8
    for (int p = 0; p < outputs; p++) sum[p] = t->bias;
    for (ptrdiff_t ikd = 0; ikd < s->kd; ikd++)
        for (ptrdiff_t ikh = 0; ikh < s->kh; ikh++) {
            const real *from = t->stage + (ikd * b->staged_rows + ikh * b->row_tap) * b->pitch * LANES;
            if (taps) {
                vec x[12];
#pragma GCC unroll 12
                for (int i = 0; i < outputs + taps - 1; i++) x[i] = vec_load(from + i * LANES);
#pragma GCC unroll 5
                for (int ikw = 0; ikw < taps; ikw++, weight += LANES) {
                    const vec one = vec_load(weight);
#pragma GCC unroll 8
                    for (int p = 0; p < outputs; p++) sum[p] = vec_fma(one, x[p + ikw], sum[p]);
                }
                continue;
            }
            for (ptrdiff_t ikw = 0; ikw < s->kw; ikw++, weight += LANES) {
                const vec one = vec_load(weight);
#pragma GCC unroll 8
                for (int p = 0; p < outputs; p++) sum[p] = vec_fma(one, vec_load(from + p * step + ikw * tap), sum[p]);
            }
        }
    const struct clamp limits = clamp_of(&s->after);
#pragma GCC unroll 8
    for (int p = 0; p < outputs; p++) {
        if (t->channels == LANES)
            vec_store(t->y + p * t->apart, clamped(limits, sum[p]));
        else
            vec_store_some(t->y + p * t->apart, clamped(limits, sum[p]), mask_bits(bits_below(t->channels)));
    }
    if (is_curved(&s->after)) curve_rows(&s->after, t->y, t->apart, outputs, t->channels);
}

#define OUTPUTS(taps)                             \
    switch (outputs) {                            \
    case 8: compute(t, 8, taps); return;          \
    case 7: compute(t, 7, taps); return;          \
    case 4: compute(t, 4, taps); return;          \
    case 2: compute(t, 2, taps); return;          \
    default: compute(t, 1, taps); return;         \
    }

static void compute_3(const struct tile *t, int outputs) { OUTPUTS(3) }
static void compute_5(const struct tile *t, int outputs) { OUTPUTS(5) }
static void compute_any(const struct tile *t, int outputs) { OUTPUTS(0) }

/* All outputs of a staged block. */
static void compute_block(struct tile *t, ptrdiff_t rows, ptrdiff_t columns, real *y, ptrdiff_t row_apart) {
    const struct fc_block *b = t->block;
    const int unit = b->column_step == 1 && b->column_tap == 1;
    void (*const run)(const struct tile *, int) = unit && t->s->kw == 3   ? compute_3
                                                  : unit && t->s->kw == 5 ? compute_5
                                                                          : compute_any;
    const real *stage = t->stage;
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t o = 0; o < columns;) {
            const ptrdiff_t left = columns - o;
            const int outputs = left % 7 == 0 && left % 8 ? 7 : left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
            t->stage = stage + (r * b->row_step * b->pitch + o * b->column_step) * LANES;
            t->y = y + r * row_apart + o * t->apart;
            run(t, outputs);
            o += outputs;
        }
}

/* The input channels that the lanes of a vector of output channels read; lanes beyond the last repeat it. */
struct lanes {
    ptrdiff_t source[LANES];
    int channels, straight; /* whether they follow each other */
};

/* Pixels [first, first + count) of NHWC at x, every `step`-th. */
FC_INLINE void copy_pixels(const struct lanes *c, const real *x, ptrdiff_t step, ptrdiff_t count, real *to) {
    const real *from = x + c->source[0];
    if (c->straight && c->channels == LANES) {
        for (ptrdiff_t i = 0; i < count; i++) vec_store(to + i * LANES, vec_load(from + i * step));
    } else if (c->straight) {
        const mask some = mask_bits(bits_below(c->channels));
        for (ptrdiff_t i = 0; i < count; i++) vec_store(to + i * LANES, vec_load_some(from + i * step, 1, some));
    } else {
        for (ptrdiff_t i = 0; i < count; i++)
            for (int l = 0; l < LANES; l++) to[i * LANES + l] = x[i * step + c->source[l]];
    }
}

/* A pixel of a row in the border, or `fill` where the row is NULL. */
static void stage_outside(const struct fc_conv *s, const struct lanes *c, ptrdiff_t column, const real *row, real fill, real *to) {
    real value = row ? 0 : fill;
    const ptrdiff_t at = s->border.present ? border_at(s, 2, s->w, column, &value) : -1;
    if (at >= 0 && row)
        copy_pixels(c, row + at * s->x_pixel, 0, 1, to);
    else
        vec_store(to, vec_set1(at >= 0 ? fill : value));
}

/* A window of a row of NHWC; `row` is NULL for one that holds `fill`. */
static void stage_row(const struct fc_conv *s, const struct lanes *c, const struct window *w, const real *row, real fill,
                      real *to) {
    const ptrdiff_t inside = w->high - w->low;
    for (ptrdiff_t i = 0; i < w->low; i++) stage_outside(s, c, w->first + i * w->step, row, fill, to + i * LANES);
    if (inside && row)
        copy_pixels(c, row + (w->first + w->low * w->step) * s->x_pixel, w->step * s->x_pixel, inside, to + w->low * LANES);
    for (ptrdiff_t i = w->low; i < w->high && !row; i++) vec_store(to + i * LANES, vec_set1(fill));
    for (ptrdiff_t i = w->high; i < w->count; i++) stage_outside(s, c, w->first + i * w->step, row, fill, to + i * LANES);
}

static void stage_pixels(const struct fc_conv *s, const struct fc_block *b, const struct lanes *c, const real *x,
                         ptrdiff_t iod, ptrdiff_t ioh, ptrdiff_t rows, ptrdiff_t iow, ptrdiff_t columns, real *stage) {
    const ptrdiff_t tap_rows = b->rows_apart ? rows : (rows - 1) * s->stride_h + (s->kh - 1) * s->dilation_h + 1;
    const ptrdiff_t tap_columns = b->columns_apart ? columns : (columns - 1) * s->stride_w + (s->kw - 1) * s->dilation_w + 1;
    const ptrdiff_t row_parts = b->rows_apart ? s->kh : 1, column_parts = b->columns_apart ? s->kw : 1;
    for (ptrdiff_t j = 0; j < column_parts; j++) {
        const struct window window = window_of(s, iow * s->stride_w - s->pad_w + j * s->dilation_w,
                                               b->columns_apart ? s->stride_w : 1, tap_columns);
        for (ptrdiff_t ikd = 0; ikd < s->kd; ikd++) {
            const ptrdiff_t id = iod * s->stride_d - s->pad_d + ikd * s->dilation_d;
            for (ptrdiff_t i = 0; i < row_parts; i++) {
                const ptrdiff_t first = ioh * s->stride_h - s->pad_h + i * s->dilation_h;
                real *to = stage + ((ikd * b->staged_rows + i * b->rows) * b->pitch + j * b->columns) * LANES;
                for (ptrdiff_t r = 0; r < tap_rows; r++, to += b->pitch * LANES) {
                    const ptrdiff_t ih = first + r * (b->rows_apart ? s->stride_h : 1);
                    real fill = 0;
                    const ptrdiff_t place = border_row(s, id, ih, &fill);
                    stage_row(s, c, &window, place < 0 ? NULL : x + place * s->x_pixel, fill, to);
                }
            }
        }
    }
}

/* The border of whole planes, once they are staged. */
static void stage_frame(const struct fc_conv *s, const struct fc_block *b, real *stage) {
    for (ptrdiff_t i = 0; i < b->staged_rows; i++)
        for (ptrdiff_t j = 0; j < b->pitch; j++) {
            const ptrdiff_t ih = i - s->pad_h, iw = j - s->pad_w;
            if (ih >= 0 && ih < s->h && iw >= 0 && iw < s->w) continue;
            real value = 0, row_value = 0;
            const ptrdiff_t w = border_at(s, 2, s->w, iw, &value), h = border_at(s, 1, s->h, ih, &row_value);
            if (value == 0) value = row_value;
            vec_store(stage + (i * b->pitch + j) * LANES,
                      h < 0 || w < 0 ? vec_set1(value) : vec_load(stage + ((h + s->pad_h) * b->pitch + w + s->pad_w) * LANES));
        }
}

/* The planes of NCHW, whole, from pixel to pixel as they lie: LANES pixels of LANES channels at a time. */
static void stage_planes(const struct fc_conv *s, const struct fc_block *b, const struct lanes *c, const real *x, real *stage) {
    const ptrdiff_t pixels = s->h * s->w;
    const real *plane[LANES];
    for (int l = 0; l < LANES; l++) plane[l] = x + c->source[l] * s->x_channel;
    if (!s->border.present)
        for (ptrdiff_t i = 0; i < b->staged_rows * b->pitch; i++) vec_store(stage + i * LANES, vec_zero());
    real *to = stage + (s->pad_h * b->pitch + s->pad_w) * LANES;
    ptrdiff_t left = s->w; /* of the row */
    for (ptrdiff_t p = 0; p < pixels; p += LANES) {
        const int count = pixels - p < LANES ? (int)(pixels - p) : LANES;
        const mask some = mask_bits(bits_below(count));
        vec v[LANES];
        if (count == LANES) {
#pragma GCC unroll 16
            for (int l = 0; l < LANES; l++) v[l] = vec_load(plane[l] + p);
        } else {
#pragma GCC unroll 16
            for (int l = 0; l < LANES; l++) v[l] = vec_load_some(plane[l] + p, 1, some);
        }
        vec_transpose(v);
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) {
            if (i >= count) break;
            vec_store(to, v[i]);
            to += LANES;
            if (--left == 0) to += (b->pitch - s->w) * LANES, left = s->w;
        }
    }
    if (s->border.present) stage_frame(s, b, stage);
}

/* Outputs [pixels][LANES] to the planes of NCHW. */
static void store_planes(const real *from, ptrdiff_t pixels, int channels, real *y, ptrdiff_t plane) {
    for (ptrdiff_t p = 0; p < pixels; p += LANES) {
        const mask some = mask_bits(bits_below(pixels - p));
        vec v[LANES];
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) v[i] = p + i < pixels ? vec_load(from + (p + i) * LANES) : vec_zero();
        vec_transpose(v);
#pragma GCC unroll 16
        for (int l = 0; l < LANES; l++) {
            if (l >= channels) break;
            pixels - p >= LANES ? vec_store(y + l * plane + p, v[l]) : vec_store_some(y + l * plane + p, v[l], some);
        }
    }
}

void FC_FN(depthwise_channels)(const struct fc_conv *s, const struct fc_block *b, const void *x, const void *weight,
                               const void *bias, void *y, ptrdiff_t channel, int channels, ptrdiff_t iod, ptrdiff_t ioh,
                               ptrdiff_t ioh_end, ptrdiff_t iow, ptrdiff_t iow_end, void *scratch) {
    const ptrdiff_t taps = s->kd * s->kh * s->kw;
    const ptrdiff_t multiplier = s->c_out / s->groups;
    struct lanes lanes = {{0}, channels, multiplier == 1};
    real *filters = scratch, *stage = filters + taps * LANES, *out = stage + s->kd * b->staged_rows * b->pitch * LANES;
    real start[LANES] = {0};
    for (ptrdiff_t t = 0; t < taps; t += LANES)
        transpose_block((const real *)weight + t, taps, channels, taps - t < LANES ? (int)(taps - t) : LANES,
                        filters + t * LANES, LANES, LANES);
    for (int l = 0; l < LANES; l++) {
        const int from = l < channels ? l : channels - 1;
        lanes.source[l] = (channel + from) / multiplier;
        if (bias) start[l] = ((const real *)bias)[from];
    }
    struct tile t;
    t.s = s, t.block = b, t.weight = filters, t.bias = vec_load(start), t.channels = channels;
    if (s->x_channel > 1 || s->y_channel > 1) {
        stage_planes(s, b, &lanes, x, stage);
        t.stage = stage, t.apart = LANES, t.channels = LANES;
        compute_block(&t, s->oh, s->ow, out, s->ow * LANES);
        store_planes(out, s->oh * s->ow, channels, y, s->y_channel);
        return;
    }
    t.apart = s->y_pixel;
    for (; iow < iow_end; iow += b->columns) {
        const ptrdiff_t columns = iow_end - iow < b->columns ? iow_end - iow : b->columns;
        for (ptrdiff_t row = ioh; row < ioh_end; row += b->rows) {
            const ptrdiff_t rows = ioh_end - row < b->rows ? ioh_end - row : b->rows;
            stage_pixels(s, b, &lanes, x, iod, row, rows, iow, columns, stage);
            t.stage = stage;
            compute_block(&t, rows, columns, (real *)y + ((iod * s->oh + row) * s->ow + iow) * s->y_pixel, s->ow * s->y_pixel);
        }
    }
}
