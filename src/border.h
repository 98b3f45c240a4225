/* Where a position outside the input reads: an element of the axis, or a constant. What lies inside costs nothing more.
 *
 * Rows are looked up where a row's pointer is formed. Columns are looked up for the lanes of a vector that lie outside the
 * row; lanes whose elements lie together in memory are a run, which one masked load reads: the pixel that a 3x3 kernel reads
 * of the border is one, and a circular border as wide as a vector as well. */
#ifndef FC_BORDER_H
#define FC_BORDER_H

#include "kernel.h"

/* The element of an axis of `size` that position i outside it repeats; -1: none, but the constant. */
FC_INLINE ptrdiff_t border_source(int kind, ptrdiff_t i, ptrdiff_t size) {
    ptrdiff_t period = size;
    switch (kind) {
    case FC_REPLICATE: return i < 0 ? 0 : size - 1;
    case FC_REFLECT: period = size > 1 ? 2 * size - 2 : 1; break;
    case FC_SYMMETRIC: period = 2 * size; break;
    case FC_CIRCULAR: break;
    default: return -1;
    }
    if (i >= period || i < -period) i %= period; /* seldom, and a division takes longer than all else */
    if (i < 0) i += period;
    return i < size ? i : period - i - (kind == FC_SYMMETRIC);
}

/* Position i of an axis: itself inside, outside the element that the border repeats, or -1: a constant, which goes to *value
 * if it is not zero. */
FC_INLINE ptrdiff_t border_at(const struct fc_conv *s, int axis, ptrdiff_t size, ptrdiff_t i, real *value) {
    if (i >= 0 && i < size) return i;
    const ptrdiff_t at = border_source(s->border.kind[axis][i >= 0], i, size);
    if (at < 0 && s->border.value[axis][i >= 0] != 0) *value = (real)s->border.value[axis][i >= 0];
    return at;
}

/* The first pixel of row (id, ih), or -1: a row of a constant. */
FC_INLINE ptrdiff_t border_row(const struct fc_conv *s, ptrdiff_t id, ptrdiff_t ih, real *value) {
    const ptrdiff_t d = border_at(s, 0, s->d, id, value), h = border_at(s, 1, s->h, ih, value);
    return d < 0 || h < 0 ? -1 : (d * s->h + h) * s->w;
}

/* Lanes of a vector along a row: lane l of `lanes` reads column + l * stride_w, or they hold a constant. */
struct border_run {
    uint32_t lanes;
    int constant;
    ptrdiff_t column;
    real value;
};

/* Takes the first run off `set`, lanes that lie outside the row, of a vector whose lane 0 is column w0; returns the rest. */
FC_INLINE uint32_t take_run(const struct fc_conv *s, ptrdiff_t w0, uint32_t set, struct border_run *run) {
    int lane = __builtin_ctz(set);
    run->value = 0;
    const ptrdiff_t first = border_at(s, 2, s->w, w0 + lane * s->stride_w, &run->value);
    run->constant = first < 0;
    run->column = first - lane * s->stride_w;
    run->lanes = 0;
    for (;;) {
        run->lanes |= 1u << lane;
        set &= set - 1;
        if (!set) return 0;
        real value = 0;
        lane = __builtin_ctz(set);
        const ptrdiff_t next = border_at(s, 2, s->w, w0 + lane * s->stride_w, &value);
        const int same = run->constant ? next < 0 && value == run->value : next - lane * s->stride_w == run->column;
        if (!same || (next < 0) != run->constant) return set;
    }
}

/* The lanes `set`, which lie outside the row that begins at `row`; a row that is NULL holds `fill`. */
FC_INLINE vec border_lanes(const struct fc_conv *s, const real *row, real fill, ptrdiff_t w0, uint32_t set) {
    vec all = vec_zero();
    while (set) {
        struct border_run run;
        set = take_run(s, w0, set, &run);
        const mask some = mask_bits(run.lanes);
        if (row && !run.constant)
            all = vec_or(all, vec_load_some(row + run.column * s->x_pixel, s->stride_w * s->x_pixel, some));
        else
            all = vec_or(all, vec_select(some, vec_set1(run.value != 0 || row ? run.value : fill), vec_zero()));
    }
    return all;
}

/* A vector whose lane 0 is column w0 and whose lanes `inside` lie in the row, `outside` in the border. */
FC_INLINE vec border_load(const struct fc_conv *s, const real *row, real fill, ptrdiff_t w0, uint32_t inside,
                          uint32_t outside) {
    const mask some = mask_bits(inside);
    const vec in = row ? vec_load_some(row + w0 * s->x_pixel, s->stride_w * s->x_pixel, some)
                       : vec_select(some, vec_set1(fill), vec_zero());
    return outside ? vec_or(in, border_lanes(s, row, fill, w0, outside)) : in;
}

#endif
