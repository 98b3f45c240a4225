/* Pooling of planes without switches, for max.c and average.c: the kd * kh input rows of an output row are folded across into
 * one row between borders that are written once, and that one is folded along into windows of kw.
 *
 * Rows are taken ROWS at a time: a load that spans two stores waits for both, and then finds them done. */
#ifndef FC_POOL_ACROSS_H
#define FC_POOL_ACROSS_H

#include "pool/fold.h"

#define ROWS 4

/* Outputs [column, column + count) of a row read `width` columns of the input from `first` on, `lead` columns into a line. */
struct lines {
    ptrdiff_t columns, room;
    real *line;        /* ROWS of them */
    const real **from; /* rows of a window */
    real *divisors;    /* of an average, one an output of the block */
    ptrdiff_t column, count, first, lead, width;
};

FC_INLINE ptrdiff_t lay_out_lines(const struct fc_pool *s, char *scratch, struct lines *l) {
    char *const begin = scratch;
    l->columns = s->ow < COLUMNS ? s->ow : COLUMNS;
    const ptrdiff_t read = s->stride_w <= 2 ? whole_vectors(l->columns) : l->columns;
    l->room = whole_vectors((read - 1) * s->stride_w + (s->kw - 1) * s->dilation_w + 1) + LANES;
    l->line = cut(&scratch, ROWS * l->room * (ptrdiff_t)sizeof(real));
    l->from = cut(&scratch, s->kd * s->kh * (ptrdiff_t)sizeof *l->from);
    l->divisors = cut(&scratch, whole_vectors(l->columns) * (ptrdiff_t)sizeof(real));
    return scratch - begin;
}

FC_INLINE void next_columns(const struct fc_pool *s, struct lines *l, ptrdiff_t column, real border) {
    const ptrdiff_t first = column * s->stride_w - s->pad_w;
    l->column = column;
    l->count = s->ow - column < l->columns ? s->ow - column : l->columns;
    l->first = first < 0 ? 0 : first;
    l->lead = l->first - first;
    const ptrdiff_t end = first + (l->count - 1) * s->stride_w + (s->kw - 1) * s->dilation_w + 1;
    l->width = (end < s->w ? end : s->w) - l->first;
    for (ptrdiff_t i = 0; i < ROWS * l->room; i++) l->line[i] = border;
}

/* Columns of `rows` rows at `from`, folded across into `to`. */
FC_INLINE void across_rows(const real *const *from, ptrdiff_t rows, ptrdiff_t first, ptrdiff_t width, real *to, const int how) {
    vec none = vec_zero();
    const mask some = mask_bits(bits_below(width));
    for (ptrdiff_t i = 0; i < width; i += LANES) {
        if (width >= LANES && i + LANES > width) i = width - LANES;
        const ptrdiff_t at = first + i;
        vec best = width < LANES ? vec_load_some(from[0] + at, 1, some) : vec_load(from[0] + at);
        for (ptrdiff_t r = 1; r < rows; r++)
            fold(width < LANES ? vec_load_some(from[r] + at, 1, some) : vec_load(from[r] + at), none, &best, &none, how);
        if (width < LANES)
            vec_store_some(to + i, best, some);
        else
            vec_store(to + i, best);
    }
}

FC_INLINE void across(const struct lines *l, ptrdiff_t rows, real empty, real *to, const int how) {
    to += l->lead;
    if (rows == 0)
        for (ptrdiff_t i = 0; i < l->width; i++) to[i] = empty;
    else if (l->width < LANES || rows == 1 || rows > 3)
        across_rows(l->from, rows, l->first, l->width, to, how);
    else if (rows == 2)
        across_rows(l->from, 2, l->first, l->width, to, how);
    else
        across_rows(l->from, 3, l->first, l->width, to, how);
}

FC_INLINE vec along_taps(const real *from, ptrdiff_t stride, ptrdiff_t dilation, ptrdiff_t kw, const int how) {
    vec best = vec_load_stride(from, stride), none = vec_zero();
    for (ptrdiff_t t = 1; t < kw; t++) fold(vec_load_stride(from + t * dilation, stride), none, &best, &none, how);
    return best;
}

FC_INLINE vec finished(vec value, const real *divisors, vec others, const int how) {
    return how == FOLD_SUM ? vec_div(value, vec_mul(vec_load(divisors), others)) : value;
}

/* A line folded along into outputs; their divisor is that of `divisors` times `others`. */
FC_INLINE void along_line(const struct lines *l, const real *line, ptrdiff_t stride, ptrdiff_t dilation, ptrdiff_t kw, vec others,
                          real *y, const int how) {
    ptrdiff_t i = 0;
    for (; i + LANES <= l->count; i += LANES)
        vec_store(y + i, finished(along_taps(line + i * stride, stride, dilation, kw, how), l->divisors + i, others, how));
    if (i == l->count) return;
    const vec value = along_taps(line + i * stride, stride, dilation, kw, how);
    vec_store_some(y + i, finished(value, l->divisors + i, others, how), mask_bits(bits_below(l->count - i)));
}

/* The same for strides whose last vector must not read what lies beyond the last window. */
static void along_far(const struct fc_pool *s, const struct lines *l, const real *line, vec others, real *y, int how) {
    for (ptrdiff_t i = 0; i < l->count; i += LANES) {
        const uint32_t some = bits_below(l->count - i);
        vec best = load_lanes(line + i * s->stride_w, s->stride_w, some), none = vec_zero();
        for (ptrdiff_t t = 1; t < s->kw; t++)
            fold(load_lanes(line + i * s->stride_w + t * s->dilation_w, s->stride_w, some), none, &best, &none, how);
        vec_store_some(y + i, finished(best, l->divisors + i, others, how), mask_bits(some));
    }
}

FC_INLINE void along(const struct fc_pool *s, const struct lines *l, const real *line, vec others, real *y, const int how) {
    const ptrdiff_t kind = s->dilation_w == 1 && (s->kw == 2 || s->kw == 3) ? 2 * s->stride_w + s->kw : 0;
    if (s->stride_w > 2)
        along_far(s, l, line, others, y, how);
    else if (kind == 5)
        along_line(l, line, 1, 1, 3, others, y, how);
    else if (kind == 6)
        along_line(l, line, 2, 1, 2, others, y, how);
    else if (kind == 7)
        along_line(l, line, 2, 1, 3, others, y, how);
    else if (s->stride_w == 1)
        along_line(l, line, 1, s->dilation_w, s->kw, others, y, how);
    else
        along_line(l, line, 2, s->dilation_w, s->kw, others, y, how);
}

/* The rows of output row `row`'s window that lie inside; how many. */
FC_INLINE ptrdiff_t rows_inside(const struct fc_pool *s, const struct lines *l, const real *x, ptrdiff_t row) {
    const ptrdiff_t iod = s->od > 1 ? row / s->oh : 0; /* a division takes as long as a short row */
    const ptrdiff_t start_d = iod * s->stride_d - s->pad_d, start_h = (row - iod * s->oh) * s->stride_h - s->pad_h;
    const struct taps d = taps_inside(start_d, s->dilation_d, s->kd, s->d), h = taps_inside(start_h, s->dilation_h, s->kh, s->h);
    ptrdiff_t count = 0;
    for (ptrdiff_t k = d.begin; k < d.end; k++)
        for (ptrdiff_t j = h.begin; j < h.end; j++)
            l->from[count++] = x + ((start_d + k * s->dilation_d) * s->h + start_h + j * s->dilation_h) * s->w;
    return count;
}

#endif
