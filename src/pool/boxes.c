/* Computes:     box_pool, box_pool_last: y[o] = the mean, the sum, the p-norm or the maximum over output o's box of the plane, and
 *               where a maximum stood.
 * Source:       He, Zhang, Ren & Sun, Spatial Pyramid Pooling, ECCV 2014 (boxes of a plane); Lin, Chen & Yan, Network In
 *               Network, ICLR 2014 (global pooling); Boureau, Ponce & LeCun, ICML 2010 (powers between mean and maximum).
 * Applies when: always; no box is empty.
 * Layout:       planes, or one image whose channels stand last. Switches are plane-flat int64, NULL if not wanted.
 * Plan:         one call owns output rows [row, row_end) of some planes, or of channels [c, c_end) outputs [o, o_end) of one image.
 * Tile:         the rows of a box become one row (box_rows.c); channels last, that is the result. Otherwise its places become
 *               outputs: windows with outputs in lanes, long boxes as runs (box_runs.c), others one by one. A plane that is one
 *               box is a run, or one of several at a time.
 * Cost:         one load an element of each box's rows; along w one addition an element of each box.
 * Accuracy:     sums: a chain over rows, then one along w or interleaved ones: factor 1. Then one division, for a window that
 *               ceil_mode cut one multiplication more, and the root: correctly rounded square roots, others pow's.
 *               Maxima exact; ties go to the first element in row-major order, NaN to the first NaN, and a box of -inf to its
 *               first element.
 * Measured:     means of 2048 planes of 7 x 7: 0.019 ms, PyTorch 0.028, ONNX Runtime 0.031, OpenVINO 0.046, a copy of them
 *               0.012; 64 planes of 224 x 224: 0.51, 0.54, 1.49, 0.56 and 0.90 (channels last 0.51, PyTorch 0.96). 512 planes
 *               of 13 x 13 to 6 x 6: 0.093 ms, PyTorch 0.24; maxima with switches 0.34, 0.75. 64 planes of 112 x 112, 2-norms
 *               of 2x2 stride 2: 0.98 ms, PyTorch 6.0, ONNX Runtime 27 (AVX-512, Sapphire Rapids, one thread, in one
 *               run each). */
#include "pool/boxes.h"

#define LONG (2 * LANES) /* a box that wide is a run */
#define KNOWN 64
#define SHORT (64 * LANES) /* planes up to this size are reduced several at a time */

/* A row of places made one of outputs, each over the window of `kw` places at o * step, outputs in lanes. */
FC_INLINE void window_row(const struct fc_boxes *s, const real *row, real *y, const int kind) {
    for (ptrdiff_t o = 0; o < s->ow; o += LANES) {
        vec value = vec_load_stride(row + o * s->step, s->step);
        for (ptrdiff_t k = 1; k < s->kw; k++) value = joined(value, vec_load_stride(row + o * s->step + k, s->step), kind);
        vec_store_some(y + o, value, mask_bits(bits_below(s->ow - o)));
    }
}

/* A few reals in order. Of maxima a NaN is noted beside the comparison, which is then one instruction. */
FC_INLINE real short_run(const real *x, ptrdiff_t n, const int kind) {
    real value = x[0];
    int strange = value != value;
    for (ptrdiff_t i = 1; i < n; i++) {
        value = is_maximum(kind) ? (x[i] > value ? x[i] : value) : value + x[i];
        strange |= x[i] != x[i];
    }
    return is_maximum(kind) && strange ? (real)__builtin_nan("") : value;
}

FC_INLINE void span_row(const struct fc_boxes *s, const real *row, real *y, const int kind) {
    for (ptrdiff_t o = 0; o < s->ow; o++) {
        const struct span w = span_of(s->spans_w, o);
        y[o] = w.end - w.begin < LONG ? short_run(row + w.begin, w.end - w.begin, kind)
                                      : (real)FC_FN(run_reduced)(row + w.begin, w.end - w.begin, is_maximum(kind));
    }
}

FC_INLINE void output_row(const struct fc_boxes *s, const real *row, real *y) {
    if (s->step)
        is_maximum(s->kind) ? window_row(s, row, y, FC_MAXIMA) : window_row(s, row, y, FC_SUMS);
    else
        is_maximum(s->kind) ? span_row(s, row, y, FC_MAXIMA) : span_row(s, row, y, FC_SUMS);
}

/* The rows of a plane that a row of boxes reads. */
struct band {
    struct span d, h;
};

FC_INLINE struct fc_rows rows_of(const struct fc_boxes *s, const struct band *at, const real *x, ptrdiff_t column) {
    const struct fc_rows rows = {x + (at->d.begin * s->h + at->h.begin) * s->w + column,
                                 at->d.end - at->d.begin, at->h.end - at->h.begin, 1, s->h * s->w, s->w, 0};
    return rows;
}

/* Maxima with where they stood, from the row of columns' maxima and which row of the band each stood in. */
static void switch_row(const struct fc_boxes *s, const struct band *at, const real *row, const real *which, real *y,
                       int64_t *where) {
    const ptrdiff_t nh = at->h.end - at->h.begin;
    for (ptrdiff_t o = 0; o < s->ow; o++) {
        const struct span w = span_of(s->spans_w, o);
        ptrdiff_t best = w.begin;
        for (ptrdiff_t i = w.begin + 1; i < w.end; i++) {
            const int equal = row[i] == row[best] || (row[i] != row[i] && row[best] != row[best]);
            if (beats(row[i], row[best]) || (equal && which[i] < which[best])) best = i;
        }
        const ptrdiff_t k = (ptrdiff_t)which[best];
        y[o] = row[best];
        where[o] = ((at->d.begin + k / nh) * s->h + at->h.begin + k % nh) * s->w + best;
    }
}

/* The same box by box, row by row: for a single row, which is a run, and for more rows than `real` can count. */
static void switch_runs(const struct fc_boxes *s, const struct band *at, const real *x, real *y, int64_t *where) {
    for (ptrdiff_t o = 0; o < s->ow; o++) {
        const struct span w = span_of(s->spans_w, o);
        for (ptrdiff_t id = at->d.begin; id < at->d.end; id++)
            for (ptrdiff_t ih = at->h.begin; ih < at->h.end; ih++) {
                const ptrdiff_t start = (id * s->h + ih) * s->w + w.begin;
                real best;
                const ptrdiff_t place = FC_FN(first_maximum)(x + start, w.end - w.begin, &best);
                if ((id > at->d.begin || ih > at->h.begin) && !beats(best, y[o])) continue;
                y[o] = best;
                where[o] = start + place;
            }
    }
}

/* n sums, or shares of gradients, as the scale has them; output i counts `counted` places times spans[3*i + 2], or without spans
 * those alone. */
void FC_FN(scale_sums)(const struct fc_boxes *s, ptrdiff_t counted, const ptrdiff_t *spans, void *y, ptrdiff_t n) {
    real *to = y;
    if (s->scale == FC_AS_IS) return;
    for (ptrdiff_t i = 0; i < n; i++) {
        const ptrdiff_t places = spans ? counted * spans[3 * i + 2] : counted;
        if (s->scale == FC_MEAN)
            to[i] /= (real)places;
        else if (places != s->taps)
            to[i] = to[i] / (real)places * (real)s->taps;
    }
}

/* n sums made into results. */
static void end_sums(const struct fc_boxes *s, ptrdiff_t counted, const ptrdiff_t *spans, real *y, ptrdiff_t n) {
    FC_FN(scale_sums)(s, counted, spans, y, n);
    if (s->kind == FC_SQUARES)
        for (ptrdiff_t i = 0; i < n; i++) y[i] = root_of(y[i]);
    if (s->kind == FC_CUBES || s->kind == FC_POWERS) FC_FN(powers)(y, 1 / s->power, n, y);
}

/* One row of boxes of one plane. `scratch`: two rows of `pitch` reals, the border already in the first. */
static void box_row(const struct fc_boxes *s, const struct band *at, const real *x, real *y, int64_t *where, real *scratch) {
    const ptrdiff_t rows = (at->d.end - at->d.begin) * (at->h.end - at->h.begin);
    const struct fc_rows from = rows_of(s, at, x, 0);
    const ptrdiff_t countable = (ptrdiff_t)1 << (sizeof(real) == 4 ? 24 : 53);
    if (where && (rows == 1 || rows > countable)) {
        switch_runs(s, at, x, y, where);
    } else if (where) {
        FC_FN(reduce_rows)(&from, s->kind, s->power, s->w, scratch, scratch + s->pitch);
        switch_row(s, at, scratch, scratch + s->pitch, y, where);
    } else if (rows == 1 && !s->step && (s->kind == FC_SUMS || s->kind == FC_MAXIMA)) {
        output_row(s, from.from, y);
    } else {
        FC_FN(reduce_rows)(&from, s->kind, s->power, s->w, scratch + s->left, NULL);
        output_row(s, scratch, y);
    }
    if (!is_maximum(s->kind)) end_sums(s, at->d.counted * at->h.counted, s->spans_w, y, s->ow);
}

/* Whether each plane is one box that is reduced as it lies. */
FC_INLINE int is_run(const struct fc_boxes *s) {
    return s->d * s->h == 1 && s->ow == 1 && (s->kind == FC_SUMS || s->kind == FC_MAXIMA) && s->w <= SHORT && !s->step &&
           s->spans_w[1] - s->spans_w[0] == s->w;
}

void FC_FN(box_pool)(const struct fc_boxes *s, const void *x, void *y, int64_t *where, ptrdiff_t planes, ptrdiff_t row,
                     ptrdiff_t row_end, void *scratch) {
    const ptrdiff_t plane = s->d * s->h * s->w, outputs = s->od * s->oh * s->ow;
    if (is_run(s) && !where) {
        FC_FN(runs_reduced)(x, plane, planes, is_maximum(s->kind), y);
        if (!is_maximum(s->kind)) end_sums(s, s->spans_d[2] * s->spans_h[2] * s->spans_w[2], NULL, y, planes);
        return;
    }
    if (s->step)
        for (ptrdiff_t i = 0; i < s->pitch; i++) ((real *)scratch)[i] = start_of(s->kind);
    for (ptrdiff_t p = 0; p < planes; p++)
        for (ptrdiff_t r = row; r < row_end; r++) {
            const struct band at = {span_of(s->spans_d, r / s->oh), span_of(s->spans_h, r % s->oh)};
            const ptrdiff_t o = p * outputs + r * s->ow;
            box_row(s, &at, (const real *)x + p * plane, (real *)y + o, where ? where + o : NULL, scratch);
        }
}

/* Where element k of a box lies in the plane. */
FC_INLINE int64_t place_of(const struct fc_boxes *s, const struct band *at, struct span w, ptrdiff_t k) {
    const ptrdiff_t nw = w.end - w.begin, nh = at->h.end - at->h.begin;
    return ((at->d.begin + k / nw / nh) * s->h + at->h.begin + k / nw % nh) * s->w + w.begin + k % nw;
}

/* One output of some channels: the channels of every place of its box are a row. */
static void box_pixel(const struct fc_boxes *s, const struct band *at, struct span w, const real *x, ptrdiff_t channels,
                      ptrdiff_t n, real *y, int64_t *where, real *which) {
    const struct fc_rows from = {x + ((at->d.begin * s->h + at->h.begin) * s->w + w.begin) * channels,
                                 at->d.end - at->d.begin, at->h.end - at->h.begin, w.end - w.begin,
                                 s->h * s->w * channels, s->w * channels, channels};
    FC_FN(reduce_rows)(&from, s->kind, s->power, n, y, where ? which : NULL);
    if (!is_maximum(s->kind)) end_sums(s, at->d.counted * at->h.counted * w.counted, NULL, y, n);
    if (!where) return;
    int64_t known[KNOWN]; /* places worked out once for all channels */
    for (ptrdiff_t k = 0; k < KNOWN && k < from.nd * from.nh * from.nw; k++) known[k] = place_of(s, at, w, k);
    for (ptrdiff_t c = 0; c < n; c++) {
        const ptrdiff_t k = (ptrdiff_t)which[c];
        where[c] = k < KNOWN ? known[k] : place_of(s, at, w, k);
    }
}

/* The same channel by channel, element by element: for boxes of more elements than `real` can count. */
static void switch_pixel(const struct fc_boxes *s, const struct band *at, struct span w, const real *x, ptrdiff_t channels,
                         ptrdiff_t n, real *y, int64_t *where) {
    for (ptrdiff_t c = 0; c < n; c++) {
        where[c] = -1;
        for (ptrdiff_t id = at->d.begin; id < at->d.end; id++)
            for (ptrdiff_t ih = at->h.begin; ih < at->h.end; ih++)
                for (ptrdiff_t iw = w.begin; iw < w.end; iw++) {
                    const ptrdiff_t place = (id * s->h + ih) * s->w + iw;
                    if (where[c] >= 0 && !beats(x[place * channels + c], y[c])) continue;
                    y[c] = x[place * channels + c];
                    where[c] = place;
                }
    }
}

void FC_FN(box_pool_last)(const struct fc_boxes *s, const void *x, void *y, int64_t *where, ptrdiff_t channels, ptrdiff_t c,
                          ptrdiff_t c_end, ptrdiff_t o, ptrdiff_t o_end, void *scratch) {
    const ptrdiff_t countable = (ptrdiff_t)1 << (sizeof(real) == 4 ? 24 : 53);
    for (; o < o_end; o++) {
        const ptrdiff_t row = o / s->ow, to = o * channels + c;
        const struct band at = {span_of(s->spans_d, row / s->oh), span_of(s->spans_h, row % s->oh)};
        const struct span w = span_of(s->spans_w, o % s->ow);
        const ptrdiff_t places = (at.d.end - at.d.begin) * (at.h.end - at.h.begin) * (w.end - w.begin);
        if (where && places > countable)
            switch_pixel(s, &at, w, (const real *)x + c, channels, c_end - c, (real *)y + to, where + to);
        else
            box_pixel(s, &at, w, (const real *)x + c, channels, c_end - c, (real *)y + to, where ? where + to : NULL, scratch);
    }
}
