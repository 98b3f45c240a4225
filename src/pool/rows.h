/* Max pooling of planes with switches: every input row is folded along into windows of kw, once for all output rows that read
 * it, and kd * kh of those rows are folded into an output row. Small windows are cheaper folded whole, from the input's rows: what
 * rows share is less than what holding them costs.
 *
 * Taps are taken in row-major order, a row's first and then the rows', so that ties and NaN are those of the window. */
#ifndef FC_POOL_ROWS_H
#define FC_POOL_ROWS_H

#include "pool/fold.h"

#define HELD (24 << 10) /* bytes of rows held at once, if that leaves room for the rows of one output row */

/* Scratch of a call: `lines` input rows of each of kd planes, `columns` outputs wide, which serve `block` output rows. */
struct rows {
    ptrdiff_t columns, lines, block, room;
    int whole;            /* staged rows may be read beyond their end in whole vectors */
    real *held, *winners; /* rows folded along, and their winners */
    real *staged;         /* rows with their border, `room` reals each; room 0: rows are read where they lie */
    real *first, *won;    /* where windows of -inf point along a row; an output row's winners */
    const real **taken;   /* rows as they are read, where they are not held */
    const real **from;
    real *at;             /* what a row of the window adds to its winners */
    unsigned char *needed;
};

FC_INLINE ptrdiff_t lay_out_rows(const struct fc_pool *s, char *scratch, struct rows *r) {
    const ptrdiff_t span_h = (s->kh - 1) * s->dilation_h + 1, span_w = (s->kw - 1) * s->dilation_w + 1;
    const int staged = s->pad_w > 0 || (s->ow - 1) * s->stride_w - s->pad_w + span_w > s->w;
    char *const begin = scratch;
    r->columns = whole_vectors(s->ow);
    if (r->columns > COLUMNS) r->columns = COLUMNS;
    r->whole = staged && s->stride_w <= 2;
    r->room = 0;
    if (staged) r->room = ((r->whole || s->ow > r->columns ? r->columns : s->ow) - 1) * s->stride_w + span_w;
    const ptrdiff_t row = s->kd * (2 * r->columns + r->room) * (ptrdiff_t)sizeof(real);
    r->lines = HELD / row > span_h ? HELD / row : span_h;
    r->block = (r->lines - span_h) / s->stride_h + 1;
    if (r->block > s->oh) r->block = s->oh;
    r->lines = (r->block - 1) * s->stride_h + span_h;
    const ptrdiff_t held = s->kd * r->lines, wide = (ptrdiff_t)sizeof(real) * r->columns;
    if (staged) r->room = whole_vectors(r->room) + LANES;
    r->held = cut(&scratch, held * wide);
    r->winners = cut(&scratch, held * wide);
    r->staged = cut(&scratch, held * r->room * (ptrdiff_t)sizeof(real));
    r->first = cut(&scratch, wide);
    r->won = cut(&scratch, wide);
    r->taken = cut(&scratch, held * (ptrdiff_t)sizeof *r->taken);
    r->from = cut(&scratch, s->kd * s->kh * (ptrdiff_t)sizeof *r->from);
    r->at = cut(&scratch, s->kd * s->kh * (ptrdiff_t)sizeof(real));
    r->needed = cut(&scratch, r->lines);
    return scratch - begin;
}

/* A row with its border of -inf: columns first, first + 1, ...; writes less than a vector more than `room`. */
static void stage_row(const struct fc_pool *s, const real *row, ptrdiff_t first, ptrdiff_t room, real *to) {
    const vec border = vec_set1((real)-INFINITY);
    const ptrdiff_t begin = first < 0 ? -first : 0, end = s->w - first < room ? s->w - first : room;
    ptrdiff_t i = 0;
    for (; i < begin; i += LANES) vec_store(to + i, border);
    for (i = begin; i + LANES <= end; i += LANES) vec_store(to + i, vec_load(row + first + i));
    if (i < end) {
        const mask some = mask_bits(bits_below(end - i));
        vec_store(to + i, vec_select(some, vec_load_some(row + first + i, 1, some), border));
        i += LANES;
    }
    for (; i < room; i += LANES) vec_store(to + i, border);
}

/* LANES windows of one row; `lanes` of them where those are not all, or the stride is any. */
FC_INLINE void along_vector(const real *from, ptrdiff_t stride, ptrdiff_t dilation, ptrdiff_t kw, uint32_t lanes, vec winner,
                            real step, real *to, real *won) {
    vec best = lanes ? load_lanes(from, stride, lanes) : vec_load_stride(from, stride);
    for (ptrdiff_t t = 1; t < kw; t++) {
        const real *tap = from + t * dilation;
        const vec value = lanes ? load_lanes(tap, stride, lanes) : vec_load_stride(tap, stride);
        fold(value, vec_set1((real)t * step), &best, &winner, FOLD_MARK);
    }
    vec_store(to, best);
    vec_store(won, winner);
}

/* `count` windows in whole vectors, of which the last begins early rather than end late. */
FC_INLINE void along_whole(const real *from, ptrdiff_t stride, ptrdiff_t dilation, ptrdiff_t kw, ptrdiff_t count, real step,
                           const real *first, real *to, real *won) {
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        if (i + LANES > count) i = count - LANES;
        along_vector(from + i * stride, stride, dilation, kw, 0, vec_load(first + i), step, to + i, won + i);
    }
}

FC_INLINE void along_marked(const struct fc_pool *s, const real *from, ptrdiff_t count, real step, const real *first, real *to,
                            real *won) {
    if (count >= LANES && s->stride_w == 1)
        along_whole(from, 1, s->dilation_w, s->kw, count, step, first, to, won);
    else
        for (ptrdiff_t i = 0; i < count; i += LANES)
            along_vector(from + i * s->stride_w, s->stride_w, s->dilation_w, s->kw, bits_below(count - i), vec_load(first + i),
                         step, to + i, won + i);
}

/* Output rows [begin, end) of plane iod of the outputs, columns [column, column + count): which input rows they read. */
struct patch {
    ptrdiff_t iod, begin, end, column, count;
    int small; /* rows are not folded along first */
    struct taps d;
    ptrdiff_t ih; /* of held line 0, may lie outside */
};

/* The usual windows. */
FC_INLINE int is_small(const struct fc_pool *s) {
    const int usual = s->stride_w == 2 ? s->kw == 2 || s->kw == 3 : s->stride_w == 1 && s->kw == 3;
    return usual && s->dilation_w == 1 && s->kd * s->kh == s->kw;
}

FC_INLINE struct taps rows_taps(const struct fc_pool *s, ptrdiff_t ioh) {
    return taps_inside(ioh * s->stride_h - s->pad_h, s->dilation_h, s->kh, s->h);
}

FC_INLINE void mark_needed(const struct fc_pool *s, const struct rows *r, const struct patch *p) {
    memset(r->needed, 0, (size_t)r->lines);
    for (ptrdiff_t ioh = p->begin; ioh < p->end; ioh++) {
        const struct taps h = rows_taps(s, ioh);
        for (ptrdiff_t k = h.begin; k < h.end; k++)
            r->needed[(ioh - p->begin) * s->stride_h + k * s->dilation_h] = 1;
    }
}

/* Every input row of one plane that the patch reads: staged with its border, held folded along, or where it lies, as the patch and
 * the border have it. Rows are staged before the first of them is read: a load that spans two stores would wait for both. */
FC_INLINE void take_rows(const struct fc_pool *s, const struct rows *r, const struct patch *p, const real *x, real step) {
    const ptrdiff_t first = p->column * s->stride_w - s->pad_w, planes = p->d.end - p->d.begin;
    const ptrdiff_t id = p->iod * s->stride_d - s->pad_d + p->d.begin * s->dilation_d;
    for (int stage = r->room > 0; stage >= 0; stage--)
        for (ptrdiff_t plane = 0; plane < planes; plane++)
            for (ptrdiff_t line = 0; line < r->lines; line++) {
                if (!r->needed[line]) continue;
                const ptrdiff_t slot = plane * r->lines + line;
                const real *row = x + ((id + plane * s->dilation_d) * s->h + p->ih + line) * s->w;
                real *staged = r->staged + slot * r->room;
                if (stage)
                    stage_row(s, row, first, r->room - LANES, staged);
                else if (p->small)
                    r->taken[slot] = r->room ? staged : row + first;
                else
                    along_marked(s, r->room ? staged : row + first, r->whole ? r->columns : p->count, step, r->first,
                                 r->held + slot * r->columns, r->winners + slot * r->columns);
            }
}

/* The rows of an output row's window, held or taken, in row-major order; how many. */
FC_INLINE ptrdiff_t window_rows(const struct fc_pool *s, const struct rows *r, const struct patch *p, ptrdiff_t ioh,
                                real step_d, real step_h) {
    const struct taps h = rows_taps(s, ioh);
    ptrdiff_t count = 0;
    for (ptrdiff_t d = p->d.begin; d < p->d.end; d++)
        for (ptrdiff_t k = h.begin; k < h.end; k++, count++) {
            const ptrdiff_t line = (ioh - p->begin) * s->stride_h + k * s->dilation_h;
            const ptrdiff_t slot = (d - p->d.begin) * r->lines + line;
            r->from[count] = p->small ? r->taken[slot] : r->held + slot * r->columns;
            r->at[count] = (real)d * step_d + (real)k * step_h;
        }
    return count;
}

/* What the rows of a window come to at column i; `rows` > 0. */
FC_INLINE vec fold_across(const struct rows *r, ptrdiff_t rows, ptrdiff_t i, vec *winner) {
    const ptrdiff_t apart = r->winners - r->held;
    vec best = vec_load(r->from[0] + i);
    *winner = vec_add(vec_load(r->from[0] + apart + i), vec_set1(r->at[0]));
    for (ptrdiff_t k = 1; k < rows; k++) {
        const vec at = vec_add(vec_load(r->from[k] + apart + i), vec_set1(r->at[k]));
        fold(vec_load(r->from[k] + i), at, &best, winner, FOLD_MARK);
    }
    return best;
}

/* The patches of output rows [row, row_end): first those with the same rows and columns of all planes. */
FC_INLINE int next_patch(const struct fc_pool *s, const struct rows *r, ptrdiff_t row, ptrdiff_t row_end, struct patch *p) {
    if (row >= row_end) return 0;
    p->iod = row / s->oh, p->begin = row % s->oh;
    p->end = p->begin + r->block;
    if (p->end > s->oh) p->end = s->oh;
    if (p->end - p->begin > row_end - row) p->end = p->begin + row_end - row;
    p->d = taps_inside(p->iod * s->stride_d - s->pad_d, s->dilation_d, s->kd, s->d);
    p->ih = p->begin * s->stride_h - s->pad_h;
    return 1;
}

#endif
