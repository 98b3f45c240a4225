/* Computes:     y[o] = (sum over the window of x) / divisor.
 * Source:       LeCun et al., Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 1998 (subsampling); the
 *               divisor follows torch.nn.functional.avg_pool2d.
 * Applies when: always.
 * Layout:       planes one after the other.
 * Plan:         one call owns some output rows of some planes.
 * Tile:         across.h: kd*kh input rows are added up into one in L1, and that one along into outputs.
 * Cost:         (kd*kh - 1) * stride_w + kw - 1 additions an output, and one division.
 * Accuracy:     columns of a window, then across them (a window that is whole rows: chains of every LANES-th element), then
 *               one division: factor 1.
 * Measured:     64 planes of 224 x 224, 2x2 stride 2: 0.83 of the speed of a copy of the same bytes; 128 of 56 x 56:
 *               0.088 ms (AVX-512, Sapphire Rapids, one thread). */
#include "pool/across.h"

/* The elements of a window on one axis that the divisor counts. */
FC_INLINE ptrdiff_t counted(const struct fc_pool *s, struct taps taps, ptrdiff_t o, ptrdiff_t stride, ptrdiff_t pad,
                            ptrdiff_t tail, ptrdiff_t kernel, ptrdiff_t size) {
    return s->count_include_pad ? extent_of(o, stride, pad, tail, kernel, size) : taps.end - taps.begin;
}

FC_INLINE ptrdiff_t counted_d(const struct fc_pool *s, ptrdiff_t o) {
    const struct taps taps = taps_inside(o * s->stride_d - s->pad_d, 1, s->kd, s->d);
    return counted(s, taps, o, s->stride_d, s->pad_d, s->tail_d, s->kd, s->d);
}
FC_INLINE ptrdiff_t counted_h(const struct fc_pool *s, ptrdiff_t o) {
    const struct taps taps = taps_inside(o * s->stride_h - s->pad_h, 1, s->kh, s->h);
    return counted(s, taps, o, s->stride_h, s->pad_h, s->tail_h, s->kh, s->h);
}
FC_INLINE ptrdiff_t counted_w(const struct fc_pool *s, ptrdiff_t o) {
    const struct taps taps = taps_inside(o * s->stride_w - s->pad_w, 1, s->kw, s->w);
    return counted(s, taps, o, s->stride_w, s->pad_w, s->tail_w, s->kw, s->w);
}

/* What the axes but the last multiply the divisors of output row `row` with. */
FC_INLINE vec others(const struct fc_pool *s, ptrdiff_t row) {
    return vec_set1((real)(s->divisor ? s->divisor : counted_d(s, row / s->oh) * counted_h(s, row % s->oh)));
}

/* Divisors of the outputs of a row, but for what the other axes multiply them with. */
static void know_divisors(const struct fc_pool *s, ptrdiff_t column, ptrdiff_t count, ptrdiff_t columns, real *to) {
    for (ptrdiff_t i = 0; i < columns; i++) {
        const ptrdiff_t start = (column + i) * s->stride_w - s->pad_w;
        const int inside = start >= 0 && start + s->kw <= s->w;
        to[i] = (real)(s->divisor || i >= count ? 1 : inside ? s->kw : counted_w(s, column + i));
    }
}

/* The sums of consecutive elements that lie LANES apart, one a lane. */
FC_INLINE vec lane_sums(const real *x, ptrdiff_t size) {
    vec sum[2] = {vec_zero(), vec_zero()};
    ptrdiff_t i = 0;
    for (; i + 2 * LANES <= size; i += 2 * LANES) {
        sum[0] = vec_add(sum[0], vec_load(x + i));
        sum[1] = vec_add(sum[1], vec_load(x + i + LANES));
    }
    for (int v = 0; i < size; i += LANES, v = 1)
        sum[v] = vec_add(sum[v], vec_load_some(x + i, 1, mask_bits(bits_below(size - i))));
    return vec_add(sum[0], sum[1]);
}

FC_INLINE real run(const real *x, ptrdiff_t size) { return vec_sum(lane_sums(x, size)); }

/* Windows that are whole planes, LANES planes at a time, turned over to be added up. */
static void average_planes(const real *x, real *y, ptrdiff_t planes, ptrdiff_t size, real divisor) {
    for (ptrdiff_t plane = 0; plane < planes; plane += LANES) {
        vec sum[LANES];
        for (int l = 0; l < LANES; l++)
            sum[l] = plane + l < planes ? lane_sums(x + (plane + l) * size, size) : vec_zero();
        vec_transpose(sum);
        vec total = sum[0];
        for (int l = 1; l < LANES; l++) total = vec_add(total, sum[l]);
        vec_store_some(y + plane, vec_div(total, vec_set1(divisor)), mask_bits(bits_below(planes - plane)));
    }
}

/* Windows that are whole rows, or that rows.h has no room for. */
static void average_each(const struct fc_pool *s, const real *x, real *y, ptrdiff_t row, ptrdiff_t row_end) {
    for (; row < row_end; row++) {
        const ptrdiff_t iod = row / s->oh, ioh = row % s->oh;
        const ptrdiff_t start_d = iod * s->stride_d - s->pad_d, start_h = ioh * s->stride_h - s->pad_h;
        const struct taps d = taps_inside(start_d, 1, s->kd, s->d), h = taps_inside(start_h, 1, s->kh, s->h);
        for (ptrdiff_t iow = 0; iow < s->ow; iow++) {
            const ptrdiff_t start = iow * s->stride_w - s->pad_w;
            const struct taps w = taps_inside(start, 1, s->kw, s->w);
            real sum = 0;
            for (ptrdiff_t id = start_d + d.begin; id < start_d + d.end; id++) {
                const real *from = x + (id * s->h + start_h + h.begin) * s->w + start + w.begin;
                if (spans_rows(s)) sum += run(from, (h.end - h.begin) * s->w);
                for (ptrdiff_t ih = h.begin; ih < h.end && !spans_rows(s); ih++, from += s->w)
                    sum += run(from, w.end - w.begin);
            }
            const ptrdiff_t divisor = s->divisor ? s->divisor : counted_d(s, iod) * counted_h(s, ioh) * counted_w(s, iow);
            y[row * s->ow + iow] = sum / (real)divisor;
        }
    }
}

FC_INLINE int in_rows(const struct fc_pool *s) {
    struct lines l;
    return !spans_rows(s) && lay_out_lines(s, NULL, &l) <= ROWS_MOST;
}

ptrdiff_t FC_FN(average_pool_scratch)(const struct fc_pool *s) {
    struct lines l;
    return in_rows(s) ? lay_out_lines(s, NULL, &l) : 0;
}

void FC_FN(average_pool)(const struct fc_pool *s, const void *x, void *y, ptrdiff_t planes, ptrdiff_t row, ptrdiff_t row_end,
                         char *scratch) {
    const ptrdiff_t in_plane = s->d * s->h * s->w, out_plane = s->od * s->oh * s->ow;
    const real *from = x;
    real *to = y;
    if (is_plane(s)) {
        average_planes(from, to, planes, in_plane, (real)(s->divisor ? s->divisor : in_plane));
        return;
    }
    if (!in_rows(s)) {
        for (ptrdiff_t plane = 0; plane < planes; plane++)
            average_each(s, from + plane * in_plane, to + plane * out_plane, row, row_end);
        return;
    }
    struct lines l;
    lay_out_lines(s, scratch, &l);
    for (ptrdiff_t column = 0; column < s->ow; column += l.columns) {
        next_columns(s, &l, column, 0);
        know_divisors(s, column, l.count, whole_vectors(l.columns), l.divisors);
        for (ptrdiff_t plane = 0; plane < planes; plane++)
            for (ptrdiff_t begin = row; begin < row_end; begin += ROWS) {
                const ptrdiff_t end = begin + ROWS < row_end ? begin + ROWS : row_end;
                for (ptrdiff_t r = begin; r < end; r++)
                    across(&l, rows_inside(s, &l, from + plane * in_plane, r), 0, l.line + (r - begin) * l.room, FOLD_SUM);
                for (ptrdiff_t r = begin; r < end; r++)
                    along(s, &l, l.line + (r - begin) * l.room, others(s, r), to + plane * out_plane + r * s->ow + column,
                          FOLD_SUM);
            }
    }
}

void FC_FN(average_pool_grad)(const struct fc_pool *s, const void *dy, void *dx) {
    const real *from = dy;
    real *to = dx;
    for (ptrdiff_t i = 0; i < s->d * s->h * s->w; i++) to[i] = 0;
    for (ptrdiff_t iod = 0; iod < s->od; iod++) {
        const ptrdiff_t start_d = iod * s->stride_d - s->pad_d;
        const struct taps d = taps_inside(start_d, 1, s->kd, s->d);
        for (ptrdiff_t ioh = 0; ioh < s->oh; ioh++) {
            const ptrdiff_t start_h = ioh * s->stride_h - s->pad_h;
            const struct taps h = taps_inside(start_h, 1, s->kh, s->h);
            const ptrdiff_t others = s->divisor ? s->divisor : counted_d(s, iod) * counted_h(s, ioh);
            for (ptrdiff_t iow = 0; iow < s->ow; iow++) {
                const ptrdiff_t start_w = iow * s->stride_w - s->pad_w;
                const struct taps w = taps_inside(start_w, 1, s->kw, s->w);
                const real share = *from++ / (real)(s->divisor ? others : others * counted_w(s, iow));
                for (ptrdiff_t id = start_d + d.begin; id < start_d + d.end; id++)
                    for (ptrdiff_t ih = start_h + h.begin; ih < start_h + h.end; ih++)
                        for (ptrdiff_t iw = start_w + w.begin; iw < start_w + w.end; iw++)
                            to[(id * s->h + ih) * s->w + iw] += share;
            }
        }
    }
}
