/* Computes:     y[o] = (sum over the window of x) / divisor.
 * Source:       LeCun et al., Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 1998 (subsampling); the
 *               divisor follows torch.nn.functional.avg_pool2d.
 * Applies when: always.
 * Layout:       one plane.
 * Plan:         one call owns some output rows of one plane.
 * Tile:         one vector of outputs; lanes outside the input load as zero.
 * Cost:         one load and one addition a tap, one division an output.
 * Accuracy:     one chain over (kd, kh, kw) of additions (a window that is the whole plane: interleaved chains), then one
 *               division: factor 1.
 * Measured:     128 planes of 56 x 56, 2x2 stride 2: 0.23 ms, 9 GB/s; 2048 whole planes of 7 x 7: 0.045 ms
 *               (AVX-512, Zen 5, one thread). */
#include "kernel.h"

/* The part of a window on one axis: [begin, end) inside the input, `extent` positions counting the padding. A window that
 * ceil_mode lets hang over the padded end counts only what lies inside the padding, as torch does. */
struct reach {
    ptrdiff_t begin, end, extent;
};

FC_INLINE struct reach reach_of(ptrdiff_t o, ptrdiff_t stride, ptrdiff_t pad, ptrdiff_t tail, ptrdiff_t taps, ptrdiff_t size) {
    const ptrdiff_t start = o * stride - pad;
    const ptrdiff_t stop = start + taps < size + tail ? start + taps : size + tail;
    const struct reach reach = {start < 0 ? 0 : start, stop < size ? stop : size, stop - start};
    return reach;
}

FC_INLINE real divisor_of(const struct fc_pool *s, struct reach d, struct reach h, struct reach w) {
    if (s->divisor) return (real)s->divisor;
    if (s->count_include_pad) return (real)(d.extent * h.extent * w.extent);
    return (real)((d.end - d.begin) * (h.end - h.begin) * (w.end - w.begin));
}

FC_INLINE void average_vector(const struct fc_pool *s, struct reach d, struct reach h, const real *x, real *y,
                              const ptrdiff_t *spans, ptrdiff_t iow, int inside) {
    vec sum = vec_zero();
    for (ptrdiff_t id = d.begin; id < d.end; id++)
        for (ptrdiff_t ih = h.begin; ih < h.end; ih++) {
            const real *row = x + (id * s->h + ih) * s->w + iow * s->stride_w - s->pad_w;
            for (ptrdiff_t ikw = 0; ikw < s->kw; ikw++) {
                const mask some = mask_bits(bits_between(spans[2 * ikw] - iow, spans[2 * ikw + 1] - iow));
                sum = vec_add(sum, inside ? vec_load_stride(row + ikw, s->stride_w)
                                          : vec_load_some(row + ikw, s->stride_w, some));
            }
        }
    real divisor[LANES];
    for (int l = 0; l < LANES; l++) {
        const ptrdiff_t at = iow + l < s->ow ? iow + l : s->ow - 1;
        divisor[l] = divisor_of(s, d, h, reach_of(at, s->stride_w, s->pad_w, s->tail_w, s->kw, s->w));
    }
    vec_store_some(y + iow, vec_div(sum, vec_load(divisor)), mask_bits(bits_below(s->ow - iow)));
}

/* Whether the one window is the whole plane (global pooling): a sum of consecutive reals. */
FC_INLINE int is_global(const struct fc_pool *s) {
    return s->od * s->oh * s->ow == 1 && s->kd == s->d && s->kh == s->h && s->kw == s->w && !(s->pad_d | s->pad_h | s->pad_w);
}

FC_INLINE real sum_of(const real *x, ptrdiff_t size) {
    vec sum[2] = {vec_zero(), vec_zero()};
    for (ptrdiff_t i = 0; i < size; i += 2 * LANES)
#pragma GCC unroll 2
        for (int v = 0; v < 2; v++) {
            const mask some = mask_bits(bits_below(size - i - v * LANES));
            sum[v] = vec_add(sum[v], vec_load_some(x + i + v * LANES, 1, some));
        }
    return vec_sum(vec_add(sum[0], sum[1]));
}

void FC_FN(average_pool)(const struct fc_pool *s, const void *x, void *y, ptrdiff_t row, ptrdiff_t row_end,
                         ptrdiff_t *spans) {
    const struct inner inner = tap_spans(s->kw, 1, s->ow, s->w, s->stride_w, s->pad_w, spans);
    if (is_global(s)) {
        const ptrdiff_t size = s->d * s->h * s->w;
        *(real *)y = sum_of(x, size) / (real)(s->divisor ? s->divisor : size);
        return;
    }
    for (; row < row_end; row++) {
        const struct reach d = reach_of(row / s->oh, s->stride_d, s->pad_d, s->tail_d, s->kd, s->d);
        const struct reach h = reach_of(row % s->oh, s->stride_h, s->pad_h, s->tail_h, s->kh, s->h);
        for (ptrdiff_t iow = 0; iow < s->ow; iow += LANES)
            average_vector(s, d, h, x, (real *)y + row * s->ow, spans, iow, is_inside(inner, iow, iow + LANES));
    }
}

void FC_FN(average_pool_grad)(const struct fc_pool *s, const void *dy, void *dx) {
    const real *from = dy;
    real *to = dx;
    for (ptrdiff_t i = 0; i < s->d * s->h * s->w; i++) to[i] = 0;
    for (ptrdiff_t iod = 0; iod < s->od; iod++) {
        const struct reach d = reach_of(iod, s->stride_d, s->pad_d, s->tail_d, s->kd, s->d);
        for (ptrdiff_t ioh = 0; ioh < s->oh; ioh++) {
            const struct reach h = reach_of(ioh, s->stride_h, s->pad_h, s->tail_h, s->kh, s->h);
            for (ptrdiff_t iow = 0; iow < s->ow; iow++) {
                const struct reach w = reach_of(iow, s->stride_w, s->pad_w, s->tail_w, s->kw, s->w);
                const real share = *from++ / divisor_of(s, d, h, w);
                for (ptrdiff_t id = d.begin; id < d.end; id++)
                    for (ptrdiff_t ih = h.begin; ih < h.end; ih++)
                        for (ptrdiff_t iw = w.begin; iw < w.end; iw++) to[(id * s->h + ih) * s->w + iw] += share;
            }
        }
    }
}
