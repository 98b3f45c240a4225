/* Computes:     box_grad, box_grad_last: the gradient of a mean, a sum or a p-norm over boxes: of each output a share goes to every
 *               element of its box, times x**(p - 1) for a norm.
 * Source:       the chain rule; where a norm is zero its gradient is zero, as torch has it.
 * Applies when: always.
 * Layout:       one plane, or some channels of one image whose channels stand last.
 * Plan:         one call owns the whole plane, or all places of its channels: boxes overlap, and their shares are added in
 *               row-major order of the outputs.
 * Tile:         one row of shares, spread along w once and then added to each row of its boxes; channels last, one place.
 * Cost:         one addition an element of each box's rows.
 * Accuracy:     one chain of additions over the boxes that hold an element, factor 1; a share is one division of the mean, of
 *               a norm up to three roundings and, for p other than 1 and 2, a power.
 * Measured:     boxes.c. */
#include "pool/boxes.h"

#define PIECE 64

static void times_powers(real *to, const real *x, double p, ptrdiff_t n) {
    real power[PIECE];
    for (ptrdiff_t i = 0; i < n; i += PIECE) {
        const ptrdiff_t count = n - i < PIECE ? n - i : PIECE;
        FC_FN(powers)(x + i, p, count, power);
        for (ptrdiff_t j = 0; j < count; j++) to[i + j] *= power[j];
    }
}

/* Shares of n outputs, times y**(1 - p) of a norm; places counted as in scale_sums. y is NULL for sums and means. */
static void shares(const struct fc_boxes *s, const real *y, const real *dy, ptrdiff_t n, ptrdiff_t counted,
                   const ptrdiff_t *spans, real *share) {
    for (ptrdiff_t i = 0; i < n; i++) share[i] = dy[i];
    FC_FN(scale_sums)(s, counted, spans, share, n);
    if (s->kind == FC_SQUARES)
        for (ptrdiff_t i = 0; i < n; i++) share[i] /= y[i];
    if (s->kind == FC_CUBES || s->kind == FC_POWERS) times_powers(share, y, 1 - s->power, n);
    for (ptrdiff_t i = 0; y && i < n; i++) /* where a norm is zero; torch's of NaN with p = 1 is zero too */
        share[i] = y[i] == 0 || (s->kind == FC_SUMS && y[i] != y[i]) ? 0 : share[i];
}

/* dx times what an element's power depends on it with: x**(p - 1). */
static void times_slopes(const struct fc_boxes *s, const real *x, real *dx, ptrdiff_t n) {
    if (s->kind == FC_SQUARES)
        for (ptrdiff_t i = 0; i < n; i++) dx[i] *= x[i];
    if (s->kind == FC_CUBES || s->kind == FC_POWERS) times_powers(dx, x, s->power - 1, n);
}

void FC_FN(box_grad)(const struct fc_boxes *s, const void *x, const void *y, const void *dy, void *dx, void *scratch) {
    real *to = dx, *share = scratch, *spread = share + s->ow;
    const ptrdiff_t plane = s->d * s->h * s->w;
    for (ptrdiff_t i = 0; i < plane; i++) to[i] = 0;
    for (ptrdiff_t row = 0; row < s->od * s->oh; row++) {
        const struct span d = span_of(s->spans_d, row / s->oh), h = span_of(s->spans_h, row % s->oh);
        shares(s, y ? (const real *)y + row * s->ow : NULL, (const real *)dy + row * s->ow, s->ow, d.counted * h.counted,
               s->spans_w, share);
        for (ptrdiff_t i = 0; i < s->w; i++) spread[i] = 0;
        for (ptrdiff_t o = 0; o < s->ow; o++)
            for (ptrdiff_t i = s->spans_w[3 * o]; i < s->spans_w[3 * o + 1]; i++) spread[i] += share[o];
        for (ptrdiff_t id = d.begin; id < d.end; id++)
            for (ptrdiff_t ih = h.begin; ih < h.end; ih++) add_row(to + (id * s->h + ih) * s->w, spread, s->w);
    }
    if (x) times_slopes(s, x, to, plane);
}

void FC_FN(box_grad_last)(const struct fc_boxes *s, const void *x, const void *y, const void *dy, void *dx,
                          ptrdiff_t channels, ptrdiff_t c, ptrdiff_t c_end, void *scratch) {
    const ptrdiff_t n = c_end - c, places = s->d * s->h * s->w;
    real *to = (real *)dx + c, *share = scratch;
    for (ptrdiff_t i = 0; i < places; i++)
        for (ptrdiff_t j = 0; j < n; j++) to[i * channels + j] = 0;
    for (ptrdiff_t o = 0; o < s->od * s->oh * s->ow; o++) {
        const struct span d = span_of(s->spans_d, o / s->ow / s->oh), h = span_of(s->spans_h, o / s->ow % s->oh);
        const struct span w = span_of(s->spans_w, o % s->ow);
        const ptrdiff_t from = o * channels + c;
        shares(s, y ? (const real *)y + from : NULL, (const real *)dy + from, n, d.counted * h.counted * w.counted, NULL, share);
        for (ptrdiff_t id = d.begin; id < d.end; id++)
            for (ptrdiff_t ih = h.begin; ih < h.end; ih++)
                for (ptrdiff_t iw = w.begin; iw < w.end; iw++)
                    add_row(to + ((id * s->h + ih) * s->w + iw) * channels, share, n);
    }
    for (ptrdiff_t i = 0; x && i < places; i++) times_slopes(s, (const real *)x + i * channels + c, to + i * channels, n);
}
