/* Rows read by 3x3 and 5x5 kernels in steps of 1 or 2: loaded once as vectors, by phase of the step, which taps shift. */
#ifndef FC_DEPTHWISE_ROWS_H
#define FC_DEPTHWISE_ROWS_H

#include "kernel.h"

#define KERNEL_MOST 5
/* Vectors beyond the outputs' own that hold what taps up to `reach` columns on read. */
#define MORE(reach) (((reach) + LANES - 1) / LANES)
#define HELD (2 + MORE(KERNEL_MOST - 1))

/* What rows of the border read. */
static const real border[2 * HELD * LANES];

/* `read` are the lanes of each vector that lie in the row. */
FC_INLINE void load_row(const real *from, const mask *read, const int vectors, const int stride, vec phase[2][HELD]) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) {
        phase[0][v] = vec_load_some(from + v * stride * LANES, 1, read[v * stride]);
        if (stride == 2) {
            const vec high = vec_load_some(from + (2 * v + 1) * LANES, 1, read[2 * v + 1]);
            vec_unzip(phase[0][v], high, &phase[0][v], &phase[1][v]);
        }
    }
}

/* What vector v of the outputs reads at a tap. */
FC_INLINE vec at_tap(vec phase[2][HELD], const int v, const int ikw, const int stride) {
    const int on = ikw / stride;
    const vec *from = &phase[ikw % stride][v + on / LANES];
    return on % LANES ? vec_align(from[0], from[1], on % LANES) : from[0];
}

/* The lanes that `wide` outputs from a column on read: inside the row all they need, at column 0, at one other column. */
struct reads {
    const struct fc_conv *s;
    ptrdiff_t wide, known[2];
    mask lanes[2][2 * HELD], inside[2 * HELD];
};

static void know_reads(const struct reads *e, ptrdiff_t first, ptrdiff_t end, mask *lanes) {
    const ptrdiff_t last = first + (e->wide - 1) * e->s->stride_w + e->s->kw;
    for (ptrdiff_t i = 0; i < 2 * HELD; i++)
        lanes[i] = mask_bits(bits_between(-first - i * LANES, (last < end ? last : end) - first - i * LANES));
}

FC_INLINE struct reads reads_by(const struct fc_conv *s, ptrdiff_t wide) {
    struct reads e = {.s = s, .wide = wide, .known = {-1, -1}};
    know_reads(&e, 0, PTRDIFF_MAX, e.inside);
    return e;
}

FC_INLINE const mask *reads_at(struct reads *e, ptrdiff_t column) {
    const struct fc_conv *s = e->s;
    const ptrdiff_t iw = column * s->stride_w - s->pad_w;
    if (iw >= 0 && iw + (e->wide - 1) * s->stride_w + s->kw <= s->w) return e->inside;
    const int other = column > 0;
    if (e->known[other] != column) know_reads(e, iw, s->w, e->lanes[other]);
    e->known[other] = column;
    return e->lanes[other];
}

#endif
