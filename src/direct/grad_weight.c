/* Computes:     dweight[c_out, c_in, tap] = sum over n, o of dy[n, c_out, o] * x[n, c_in, o*stride - pad + tap*dilation].
 * Source:       Goodfellow, Bengio & Courville, Deep Learning, 2016, section 9.5, eq. 9.11; the register tile is our own.
 * Applies when: always.
 * Layout:       x at plane (0, c_in), dy at plane (0, c_out) of the first row, dw at [c_out][c_in]; images follow at the
 *               strides of the whole arrays.
 * Plan:         one call owns one row of kw taps (tap_row = ikd*kh + ikh) of up to ROWS output channels at one input
 *               channel, over the whole batch: the reduction is never split, so its order depends on nothing but the shape.
 * Tile:         ROWS output channels x TAPS taps along kw; lanes are output columns, added up once at the end.
 * Cost:         (ROWS + TAPS) loads for ROWS * TAPS multiply-adds; no workspace but the spans.
 * Accuracy:     LANES interleaved chains over (n, od, oh, ow), then a tree: factor 1.
 * Measured:     64 -> 64 3x3 on 56 x 56: 16 % of the FMA peak; LeNet-5's second layer, n = 64: 7 %
 *               (AVX-512, Zen 5, one thread). Short rows leave most lanes of a vector empty. */
#include "border.h"

#define ROWS 4
#define TAPS 3

struct block {
    const struct fc_conv *s;
    const real *x, *dy;
    real *dw;
    const ptrdiff_t *spans;
    ptrdiff_t ikd, ikh, ikw;
    struct inner inner;
};

/* Lanes of a vector along a row, which holds `fill` where it is NULL; `inside` lie in the row, `outside` in the border. */
static __attribute__((noinline)) vec load_bordered(const struct fc_conv *s, const real *row, real fill, ptrdiff_t iow,
                                                   ptrdiff_t tap, uint32_t inside, uint32_t outside) {
    return border_load(s, row, fill, iow * s->stride_w - s->pad_w + tap * s->dilation_w, inside, outside);
}

/* `row` is NULL where the row lies outside and holds `fill`. */
FC_INLINE void add_row(const struct block *b, const real *row, real fill, const real *dy, vec sum[ROWS][TAPS],
                       const int rows, const int taps, const int unit_stride) {
    const struct fc_conv *s = b->s;
    const int row_inside = row != NULL;
    const real *x = row_inside ? row + b->ikw * s->dilation_w - s->pad_w : b->x;
    const ptrdiff_t stride = unit_stride ? 1 : s->stride_w, plane = s->od * s->oh * s->ow;
    for (ptrdiff_t iow = 0; iow < s->ow; iow += LANES) {
        const int inside = row_inside && iow >= b->inner.low && iow + LANES <= b->inner.high;
        const mask columns = mask_bits(bits_below(s->ow - iow));
        vec shifted[TAPS];
#pragma GCC unroll 4
        for (int t = 0; t < taps; t++) {
            const real *from = x + iow * stride + t * s->dilation_w;
            const ptrdiff_t *span = b->spans + 2 * (b->ikw + t);
            if (inside)
                shifted[t] = vec_load_stride(from, stride);
            else {
                const uint32_t bits = bits_between(span[0] - iow, span[1] - iow);
                const uint32_t outside = s->border.present ? bits_below(s->ow - iow) & ~bits : 0;
                if (row_inside && !outside)
                    shifted[t] = vec_load_some(from, stride, mask_bits(bits));
                else if (s->border.present)
                    shifted[t] = load_bordered(s, row, fill, iow, b->ikw + t, bits, outside);
                else
                    shifted[t] = vec_zero();
            }
        }
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++) {
            const vec grad = inside ? vec_load(dy + r * plane + iow) : vec_load_some(dy + r * plane + iow, 1, columns);
#pragma GCC unroll 4
            for (int t = 0; t < taps; t++) sum[r][t] = vec_fma(grad, shifted[t], sum[r][t]);
        }
    }
}

FC_INLINE void compute(const struct block *b, const int rows, const int taps, const int unit_stride) {
    const struct fc_conv *s = b->s;
    vec sum[ROWS][TAPS];
    for (int r = 0; r < rows; r++)
        for (int t = 0; t < taps; t++) sum[r][t] = vec_zero();

    const ptrdiff_t x_image = s->c_in * s->d * s->h * s->w, dy_image = s->c_out * s->od * s->oh * s->ow;
    for (ptrdiff_t in = 0; in < s->n; in++)
        for (ptrdiff_t iod = 0; iod < s->od; iod++)
            for (ptrdiff_t ioh = 0; ioh < s->oh; ioh++) {
                const ptrdiff_t id = iod * s->stride_d - s->pad_d + b->ikd * s->dilation_d;
                const ptrdiff_t ih = ioh * s->stride_h - s->pad_h + b->ikh * s->dilation_h;
                real fill = 0;
                const ptrdiff_t place = border_row(s, id, ih, &fill);
                const real *row = place < 0 ? NULL : b->x + in * x_image + place;
                const real *dy = b->dy + in * dy_image + (iod * s->oh + ioh) * s->ow;
                add_row(b, row, fill, dy, sum, rows, taps, unit_stride);
            }

    const ptrdiff_t filter = s->c_in / s->groups * s->kd * s->kh * s->kw;
    real *to = b->dw + (b->ikd * s->kh + b->ikh) * s->kw + b->ikw;
    for (int r = 0; r < rows; r++)
        for (int t = 0; t < taps; t++) to[r * filter + t] = vec_sum(sum[r][t]);
}

#define COMPUTE(rows, taps) (b->s->stride_w == 1 ? compute(b, rows, taps, 1) : compute(b, rows, taps, 0))

static void compute_rows4(const struct block *b, int taps) {
    taps == 3 ? COMPUTE(4, 3) : taps == 2 ? COMPUTE(4, 2) : COMPUTE(4, 1);
}
static void compute_rows2(const struct block *b, int taps) {
    taps == 3 ? COMPUTE(2, 3) : taps == 2 ? COMPUTE(2, 2) : COMPUTE(2, 1);
}
static void compute_rows1(const struct block *b, int taps) {
    taps == 3 ? COMPUTE(1, 3) : taps == 2 ? COMPUTE(1, 2) : COMPUTE(1, 1);
}

static void sweep_taps(struct block *b, int rows) {
    while (b->ikw < b->s->kw) {
        const int taps = b->s->kw - b->ikw < TAPS ? (int)(b->s->kw - b->ikw) : TAPS;
        (rows == 4 ? compute_rows4 : rows == 2 ? compute_rows2 : compute_rows1)(b, taps);
        b->ikw += taps;
    }
}

void FC_FN(direct_grad_weight)(const struct fc_conv *s, const void *x, const void *dy, void *dw, int rows,
                           ptrdiff_t tap_row, ptrdiff_t *spans) {
    const struct inner inner = tap_spans(s->kw, s->dilation_w, s->ow, s->w, s->stride_w, s->pad_w, spans);
    const ptrdiff_t filter = s->c_in / s->groups * s->kd * s->kh * s->kw, plane = s->od * s->oh * s->ow;
    for (int r = 0; r < rows;) {
        const int now = rows - r >= 4 ? 4 : rows - r >= 2 ? 2 : 1;
        struct block b = {s, x, (const real *)dy + r * plane, (real *)dw + r * filter, spans,
                          tap_row / s->kh, tap_row % s->kh, 0, inner};
        sweep_taps(&b, now);
        r += now;
    }
}
