/* Computes:     y[o] = max over taps of x[o*stride - pad + tap*dilation]; switches[o] = where it stood.
 * Source:       Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 2.1 (switches);
 *               Boureau, Ponce & LeCun, ICML 2010 (max pooling).
 * Applies when: always.
 * Layout:       planes one after the other. A switch is plane-flat int64 or, compact, one byte: the tap in row-major order of
 *               (kd, kh, kw); NULL if not wanted.
 * Plan:         one call owns some output rows of some planes.
 * Tile:         across.h: kd*kh input rows are folded into one in L1, and that one along into outputs. With switches rows.h:
 *               input rows are folded along first, which keeps row-major order; the winner travels beside the maximum as a
 *               small real number and becomes a switch when the row is done. The usual small windows are folded in one go in
 *               registers. Windows as wide as the row: runs.
 * Cost:         (kd*kh - 1) * stride_w + kw - 1 folds an output, of three operations; with switches kd*kh - 1 and at most
 *               (kw - 1) * kh / stride_h, of four.
 * Accuracy:     exact. Ties go to the first tap in row-major order, NaN to the first NaN, and a window of -inf to its first
 *               element inside the input; a window that meets no element (dilation can skip a narrow input) is -inf and points
 *               to the element nearest to its first tap. Which of -0 and +0 is given is not said without switches.
 * Measured:     64 planes of 224 x 224, 2x2 stride 2: 0.86 of the speed of a copy of the same bytes, 3x3 stride 2: 0.93;
 *               with flat switches 1.5 and 1.8 times as long, with compact ones 1.25 and 1.7; 192 of 28 x 28, 3x3 stride 1:
 *               0.090 ms, 0.23 with switches (AVX-512, Sapphire Rapids, one thread). */
#include "pool/across.h"
#include "pool/marks.h"
#include "pool/rows.h"

/* Switches that are wanted: where those of the planes begin, and how winners become them. */
struct marks {
    void *to;
    int compact;
    real step_d, step_h, step_w; /* what a tap further along an axis adds to a winner */
};

FC_INLINE struct marks marks_of(const struct fc_pool *s, void *to, int compact) {
    struct marks m = {to, compact, (real)(s->kh * s->kw), (real)s->kw, 1};
    if (compact) return m;
    m.step_d = (real)(s->dilation_d * s->h * s->w), m.step_h = (real)(s->dilation_h * s->w), m.step_w = (real)s->dilation_w;
    return m;
}

/* Winners of a row that began at `corner` of its plane as switches of outputs o, o + 1, ... */
FC_INLINE void store_marks(const struct fc_pool *s, const struct marks *m, const real *won, ptrdiff_t count, ptrdiff_t o,
                           int64_t corner) {
    if (m->compact)
        compact_marks(won, count, (uint8_t *)m->to + o);
    else
        flat_marks(won, count, corner, s->stride_w, (int64_t *)m->to + o);
}

/* Where windows of -inf point along a row. */
FC_INLINE void know_first(const struct fc_pool *s, const struct rows *r, const struct patch *p, int compact) {
    for (ptrdiff_t i = 0; i < r->columns; i++) {
        const ptrdiff_t start = (p->column + i) * s->stride_w - s->pad_w;
        const struct taps w = taps_inside(start, s->dilation_w, s->kw, s->w);
        r->first[i] = (real)(compact ? w.begin : nearest(start, s->dilation_w, s->w) - start);
        if (start >= 0 && start < s->w) r->first[i] = 0;
    }
}

FC_INLINE void across_marked(const struct rows *r, ptrdiff_t rows, ptrdiff_t count, real *y) {
    vec winner = vec_zero();
    ptrdiff_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        vec_store(y + i, fold_across(r, rows, i, &winner));
        vec_store(r->won + i, winner);
    }
    if (i == count) return;
    vec_store_some(y + i, fold_across(r, rows, i, &winner), mask_bits(bits_below(count - i)));
    vec_store(r->won + i, winner);
}

/* Windows of `side` rows and columns. The last vector begins early, or ends late where rows are staged. Where fewer rows lie inside,
 * the last of them is read again, which changes nothing: of equal ones the first wins. Winners become switches a vector at a time: a
 * row of them, whose last vector overlaps the one before, would be read back across two stores. */
FC_INLINE void window_row(const struct fc_pool *s, const struct rows *r, ptrdiff_t rows, const int side, const ptrdiff_t stride,
                          ptrdiff_t count, real *y, ptrdiff_t o, const struct marks *m, int64_t corner) {
    const real *from[3];
    vec at[3][3];
    for (int k = 0; k < side; k++) {
        from[k] = r->from[k < rows ? k : rows - 1];
        for (int t = 0; t < side; t++) at[k][t] = vec_set1((k < rows ? r->at[k] : 0) + (real)t * m->step_w);
    }
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        if (i + LANES > count && count >= LANES) i = count - LANES;
        vec best = vec_zero(), winner = vec_add(vec_load(r->first + i), at[0][0]);
#pragma GCC unroll 3
        for (int k = 0; k < side; k++)
#pragma GCC unroll 3
            for (int t = 0; t < side; t++) {
                const vec value = vec_load_stride(from[k] + i * stride + t, stride);
                if (k + t)
                    fold(value, at[k][t], &best, &winner, FOLD_MARK);
                else
                    best = value;
            }
        real won[LANES];
        vec_store(won, winner);
        vec_store_some(y + o + i, best, mask_bits(bits_below(count - i)));
        store_marks(s, m, won, count - i < LANES ? count - i : LANES, o + i, corner + i * stride);
    }
}

FC_INLINE void marked_row(const struct fc_pool *s, const struct rows *r, const struct patch *p, ptrdiff_t ioh, real *y,
                          ptrdiff_t o, const struct marks *m) {
    const ptrdiff_t rows = window_rows(s, r, p, ioh, m->step_d, m->step_h);
    ptrdiff_t id = p->iod * s->stride_d - s->pad_d, ih = ioh * s->stride_h - s->pad_h;
    if (rows == 0) id = nearest(id, s->dilation_d, s->d), ih = nearest(ih, s->dilation_h, s->h);
    const int64_t corner = (id * s->h + ih) * s->w + p->column * s->stride_w - s->pad_w;
    if (p->small && rows) {
        if (s->kw == 2)
            window_row(s, r, rows, 2, 2, p->count, y, o, m, corner);
        else if (s->stride_w == 2)
            window_row(s, r, rows, 3, 2, p->count, y, o, m, corner);
        else
            window_row(s, r, rows, 3, 1, p->count, y, o, m, corner);
        return;
    }
    if (rows == 0)
        for (ptrdiff_t i = 0; i < p->count; i++) y[o + i] = (real)-INFINITY, r->won[i] = r->first[i];
    else if (rows == 2)
        across_marked(r, 2, p->count, y + o);
    else if (rows == 3)
        across_marked(r, 3, p->count, y + o);
    else
        across_marked(r, rows, p->count, y + o);
    store_marks(s, m, r->won, p->count, o, corner);
}

static void pool_marked(const struct fc_pool *s, const struct rows *r, const real *x, real *y, const struct marks *m,
                        ptrdiff_t planes, ptrdiff_t row, ptrdiff_t row_end) {
    const ptrdiff_t in_plane = s->d * s->h * s->w, out_plane = s->od * s->oh * s->ow;
    struct patch p;
    for (; next_patch(s, r, row, row_end, &p); row += p.end - p.begin) {
        mark_needed(s, r, &p);
        for (p.column = 0; p.column < s->ow; p.column += r->columns) {
            p.count = s->ow - p.column < r->columns ? s->ow - p.column : r->columns;
            p.small = is_small(s) && (p.count >= LANES || r->whole);
            know_first(s, r, &p, m->compact);
            for (ptrdiff_t plane = 0; plane < planes; plane++) {
                take_rows(s, r, &p, x + plane * in_plane, m->step_w);
                for (ptrdiff_t ioh = p.begin; ioh < p.end; ioh++)
                    marked_row(s, r, &p, ioh, y, plane * out_plane + (row + ioh - p.begin) * s->ow + p.column, m);
            }
        }
    }
}

static void pool_rows(const struct fc_pool *s, struct lines *l, const real *x, real *y, ptrdiff_t planes, ptrdiff_t row,
                      ptrdiff_t row_end) {
    const ptrdiff_t in_plane = s->d * s->h * s->w, out_plane = s->od * s->oh * s->ow;
    for (ptrdiff_t column = 0; column < s->ow; column += l->columns) {
        next_columns(s, l, column, (real)-INFINITY);
        for (ptrdiff_t plane = 0; plane < planes; plane++)
            for (ptrdiff_t begin = row; begin < row_end; begin += ROWS) {
                const ptrdiff_t end = begin + ROWS < row_end ? begin + ROWS : row_end;
                for (ptrdiff_t r = begin; r < end; r++)
                    across(l, rows_inside(s, l, x + plane * in_plane, r), (real)-INFINITY, l->line + (r - begin) * l->room,
                           FOLD_MAX);
                for (ptrdiff_t r = begin; r < end; r++)
                    along(s, l, l->line + (r - begin) * l->room, vec_zero(), y + plane * out_plane + r * s->ow + column,
                          FOLD_MAX);
            }
    }
}

/* The maximum so far, and where it stood. */
struct best {
    real value;
    ptrdiff_t at;
};

FC_INLINE int beats(real value, real best) { return value > best || (value != value && best == best); }

/* The maximum of consecutive elements: every lane keeps its own, the first of equal ones wins in the end. */
static void run(const real *x, ptrdiff_t begin, ptrdiff_t end, struct best *best) {
    const ptrdiff_t most = (ptrdiff_t)LANES << 24;
    for (; begin < end; begin += most) {
        const ptrdiff_t count = end - begin < most ? end - begin : most;
        const real *from = x + begin;
        vec value = vec_set1((real)-INFINITY), winner = vec_zero(), turn = vec_zero();
        for (ptrdiff_t i = 0; i < count; i += LANES, turn = vec_add(turn, vec_set1(1))) {
            const mask some = mask_bits(bits_below(count - i));
            const vec next = i + LANES <= count ? vec_load(from + i) : vec_select(some, vec_load_some(from + i, 1, some), value);
            fold(next, turn, &value, &winner, FOLD_MARK);
        }
        real values[LANES], turns[LANES];
        vec_store(values, value), vec_store(turns, winner);
        struct best all = {from[0], 0};
        for (int l = 0; l < LANES && l < count; l++) {
            const ptrdiff_t at = (ptrdiff_t)turns[l] * LANES + l;
            const int level = values[l] == all.value || (values[l] != values[l] && all.value != all.value);
            if (beats(values[l], all.value) || (level && at < all.at)) all.value = values[l], all.at = at;
        }
        if (best->at < 0 || beats(all.value, best->value)) best->value = all.value, best->at = begin + all.at;
    }
}

/* The largest of consecutive elements that lie LANES apart, one a lane. */
FC_INLINE vec lane_maxima(const real *x, ptrdiff_t size) {
    vec best = vec_set1((real)-INFINITY), none = vec_zero();
    ptrdiff_t i = 0;
    for (; i + LANES <= size; i += LANES) fold(vec_load(x + i), none, &best, &none, FOLD_MAX);
    if (i == size) return best;
    const mask some = mask_bits(bits_below(size - i));
    fold(vec_select(some, vec_load_some(x + i, 1, some), best), none, &best, &none, FOLD_MAX);
    return best;
}

/* Windows that are whole planes, LANES planes at a time, turned over. */
static void pool_planes(const real *x, real *y, ptrdiff_t planes, ptrdiff_t size) {
    for (ptrdiff_t plane = 0; plane < planes; plane += LANES) {
        vec best[LANES], none = vec_zero();
        for (int l = 0; l < LANES; l++) best[l] = plane + l < planes ? lane_maxima(x + (plane + l) * size, size) : vec_zero();
        vec_transpose(best);
        for (int l = 1; l < LANES; l++) fold(best[l], none, &best[0], &none, FOLD_MAX);
        vec_store_some(y + plane, best[0], mask_bits(bits_below(planes - plane)));
    }
}

/* One output, tap by tap or run by run: for windows as wide as the row, and those that rows.h has no room or numbers for. */
static struct best pool_one(const struct fc_pool *s, const real *x, ptrdiff_t row, ptrdiff_t iow) {
    const ptrdiff_t start_d = row / s->oh * s->stride_d - s->pad_d, start_h = row % s->oh * s->stride_h - s->pad_h;
    const ptrdiff_t start_w = iow * s->stride_w - s->pad_w;
    const struct taps d = taps_inside(start_d, s->dilation_d, s->kd, s->d), h = taps_inside(start_h, s->dilation_h, s->kh, s->h);
    const struct taps w = taps_inside(start_w, s->dilation_w, s->kw, s->w);
    struct best best = {(real)-INFINITY, -1};
    for (ptrdiff_t k = d.begin; k < d.end; k++) {
        const ptrdiff_t id = start_d + k * s->dilation_d;
        if (spans_rows(s)) run(x, (id * s->h + start_h + h.begin) * s->w, (id * s->h + start_h + h.end) * s->w, &best);
        for (ptrdiff_t j = h.begin; j < h.end && !spans_rows(s); j++)
            for (ptrdiff_t i = w.begin; i < w.end; i++) {
                const ptrdiff_t at = (id * s->h + start_h + j * s->dilation_h) * s->w + start_w + i * s->dilation_w;
                if (best.at < 0 || beats(x[at], best.value)) best.value = x[at], best.at = at;
            }
    }
    if (best.at >= 0) return best;
    best.at = (nearest(start_d, s->dilation_d, s->d) * s->h + nearest(start_h, s->dilation_h, s->h)) * s->w;
    best.at += nearest(start_w, s->dilation_w, s->w);
    return best;
}

/* The tap at a position of a window that starts at `row`, iow. */
static uint8_t tap_at(const struct fc_pool *s, ptrdiff_t row, ptrdiff_t iow, ptrdiff_t at) {
    const ptrdiff_t d = at / s->w / s->h - (row / s->oh * s->stride_d - s->pad_d);
    const ptrdiff_t h = at / s->w % s->h - (row % s->oh * s->stride_h - s->pad_h);
    const ptrdiff_t w = at % s->w - (iow * s->stride_w - s->pad_w);
    return (uint8_t)((d / s->dilation_d * s->kh + h / s->dilation_h) * s->kw + w / s->dilation_w);
}

static void pool_each(const struct fc_pool *s, const real *x, real *y, const struct marks *m, ptrdiff_t row,
                      ptrdiff_t row_end, ptrdiff_t first) {
    for (; row < row_end; row++)
        for (ptrdiff_t iow = 0; iow < s->ow; iow++) {
            const struct best best = pool_one(s, x, row, iow);
            const ptrdiff_t o = first + row * s->ow + iow;
            y[o] = best.value;
            if (!m->to) continue;
            if (m->compact)
                ((uint8_t *)m->to)[o] = tap_at(s, row, iow, best.at);
            else
                ((int64_t *)m->to)[o] = best.at;
        }
}

/* Whether a window's rows fit into scratch and, with switches, its winners are numbers that a real, and 32 bits, hold. */
FC_INLINE int in_rows(const struct fc_pool *s, int marked, ptrdiff_t *scratch) {
    const ptrdiff_t reach = ((s->kd - 1) * s->dilation_d * s->h + (s->kh - 1) * s->dilation_h) * s->w;
    const ptrdiff_t most = (ptrdiff_t)1 << (sizeof(real) == 4 ? 24 : 31);
    struct rows r;
    struct lines l;
    *scratch = 0;
    if (spans_rows(s)) return 0;
    if (marked && (reach + (s->kw - 1) * s->dilation_w >= most || s->kd * s->kh * s->kw >= most)) return 0;
    const ptrdiff_t bytes = marked ? lay_out_rows(s, NULL, &r) : lay_out_lines(s, NULL, &l);
    if (bytes > ROWS_MOST) return 0;
    *scratch = bytes;
    return 1;
}

ptrdiff_t FC_FN(max_pool_scratch)(const struct fc_pool *s, int marked) {
    ptrdiff_t bytes;
    in_rows(s, marked, &bytes);
    return bytes;
}

void FC_FN(max_pool)(const struct fc_pool *s, const void *x, void *y, void *switches, int compact, ptrdiff_t planes,
                     ptrdiff_t row, ptrdiff_t row_end, char *scratch) {
    const struct marks m = marks_of(s, switches, compact);
    ptrdiff_t bytes;
    if (is_plane(s) && !switches) {
        pool_planes(x, y, planes, s->d * s->h * s->w);
    } else if (!in_rows(s, switches != NULL, &bytes)) {
        for (ptrdiff_t plane = 0; plane < planes; plane++)
            pool_each(s, (const real *)x + plane * s->d * s->h * s->w, y, &m, row, row_end, plane * s->od * s->oh * s->ow);
    } else if (switches) {
        struct rows r;
        lay_out_rows(s, scratch, &r);
        pool_marked(s, &r, x, y, &m, planes, row, row_end);
    } else {
        struct lines l;
        lay_out_lines(s, scratch, &l);
        pool_rows(s, &l, x, y, planes, row, row_end);
    }
}
