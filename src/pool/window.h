/* Where the windows of a pooling lie. */
#ifndef FC_POOL_WINDOW_H
#define FC_POOL_WINDOW_H

#include "kernel.h"

/* Taps [begin, end) of a window on one axis that lie inside the input. */
struct taps {
    ptrdiff_t begin, end;
};

FC_INLINE struct taps taps_inside(ptrdiff_t start, ptrdiff_t dilation, ptrdiff_t taps, ptrdiff_t size) {
    struct taps inside = {start >= 0 ? 0 : -start, start >= size ? 0 : size - start};
    if (dilation > 1) {
        inside.begin = (inside.begin + dilation - 1) / dilation;
        inside.end = (inside.end + dilation - 1) / dilation;
    }
    if (inside.end > taps) inside.end = taps;
    if (inside.end < inside.begin) inside.end = inside.begin;
    return inside;
}

/* The position a window points to before any element was seen, on one axis. */
FC_INLINE ptrdiff_t nearest(ptrdiff_t start, ptrdiff_t dilation, ptrdiff_t size) {
    const ptrdiff_t low = start >= 0 ? 0 : (-start + dilation - 1) / dilation, at = start + low * dilation;
    return at < size ? at : size - 1;
}

/* Positions of a window counting the padding; what ceil_mode lets hang over the padded end does not count. */
FC_INLINE ptrdiff_t extent_of(ptrdiff_t o, ptrdiff_t stride, ptrdiff_t pad, ptrdiff_t tail, ptrdiff_t taps, ptrdiff_t size) {
    const ptrdiff_t start = o * stride - pad, stop = start + taps;
    return (stop < size + tail ? stop : size + tail) - start;
}

/* Whether the windows of a row are the row, so that those of a plane are consecutive elements. */
FC_INLINE int spans_rows(const struct fc_pool *s) {
    return s->ow == 1 && s->kw == s->w && s->pad_w == 0 && s->dilation_h == 1 && s->dilation_w == 1;
}

/* Whether the one window is the whole plane. */
FC_INLINE int is_plane(const struct fc_pool *s) {
    return spans_rows(s) && s->od * s->oh == 1 && s->kd == s->d && s->kh == s->h && !(s->pad_d | s->pad_h);
}

/* Whether the windows are 2 x 2 elements of a plane of h and w, and share none. */
FC_INLINE int is_halving(const struct fc_pool *s) {
    return s->kd == 1 && s->stride_d == 1 && s->kh == 2 && s->kw == 2 && s->stride_h == 2 && s->stride_w == 2 &&
           s->dilation_h == 1 && s->dilation_w == 1 && !(s->pad_d | s->pad_h | s->pad_w) && s->oh <= s->h / 2 &&
           s->ow <= s->w / 2;
}

#endif
