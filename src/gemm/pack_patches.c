/* Computes:     one B panel of the implicit im2col matrix: rows k = (channel, kd, kh, kw), columns n output pixels.
 * Source:       Chellapilla, Puri & Simard 2006 (im2col); Dukhan, arXiv 1907.02129 (never materialised); masks are our own.
 * Applies when: any stride, dilation, padding and border.
 * Layout:       x points at the first channel of one image and group; panel [k_end - k][FC_NV * LANES].
 * Plan:         one call owns one panel.
 * Tile:         pieces and lane sets as patches.h says.
 * Cost:         about one masked load and one store for each vector of the panel.
 * Accuracy:     exact.
 * Measured:     3x3 on 56 x 56: 0.07 ns a real, half of it because loads cross cache lines (AVX-512, Zen 5, one thread). */
#include "patches.h"

/* Rows of channel c and taps [t, t_end) when every vector is one piece: no loop over pieces. */
FC_INLINE void fill_whole(const real *const *from, const uint32_t (*lanes)[FC_NV], const ptrdiff_t *shift, ptrdiff_t taps,
                          ptrdiff_t stride, real *to) {
    for (ptrdiff_t t = 0; t < taps; t++, to += NR)
#pragma GCC unroll 4
        for (int v = 0; v < FC_NV; v++)
            vec_store(to + v * LANES, vec_load_some(from[v] + shift[t], stride, mask_bits(lanes[t][v])));
}

/* The same with any number of pieces in a vector. */
FC_INLINE void fill_pieces(const struct plan *plan, const real *channel, ptrdiff_t t, ptrdiff_t t_end, ptrdiff_t stride, real *to) {
    for (; t < t_end; t++, to += NR)
        for (int v = 0, i = 0; v < FC_NV; v++) {
            vec value = vec_zero();
            for (; i < plan->kept && plan->piece[plan->index[i]].vector == v; i++) {
                const struct piece *piece = &plan->piece[plan->index[i]];
                const mask some = mask_bits(plan->lanes[t][plan->index[i]]);
                value = vec_or(value, vec_load_some(channel + piece->offset + plan->shift[t], stride, some));
            }
            vec_store(to + v * LANES, value);
        }
}

/* What the border puts into the rows of taps [t, t_end) that were filled from inside the input. */
static void fill_edges(const struct plan *plan, const real *channel, ptrdiff_t t, ptrdiff_t t_end, ptrdiff_t stride,
                       real *to) {
    for (; t < t_end; t++, to += NR) {
        for (int i = plan->edges[t]; i < plan->edges[t + 1]; i++) {
            const struct edge *edge = &plan->edge[i];
            const mask some = mask_bits(edge->lanes);
            vec_store_some(to + edge->vector * LANES, vec_load_some(channel + edge->offset, stride, some), some);
        }
        for (int v = 0; v < FC_NV; v++)
            if (plan->constant[t][v])
                vec_store_some(to + v * LANES, vec_set1(plan->value), mask_bits(plan->constant[t][v]));
    }
}

/* All rows of [k, k_end) with taps in [t0, t0 + count). */
FC_INLINE void fill(const struct fc_conv *s, const struct plan *plan, const real *x, ptrdiff_t t0, ptrdiff_t count,
                    ptrdiff_t k, ptrdiff_t k_end, ptrdiff_t stride, real *panel) {
    const ptrdiff_t taps = s->kd * s->kh * s->kw, plane = s->x_channel;
    const int whole = is_whole(plan);
    uint32_t lanes[TAPS][FC_NV] = {{0}};
    const real *first[FC_NV] = {0};
    if (whole) whole_vectors(plan, x, count, lanes, first);

    for (ptrdiff_t c = k / taps; c * taps < k_end; c++) {
        const ptrdiff_t row = c * taps + t0;
        const ptrdiff_t t = row < k ? k - row : 0, t_end = row + count > k_end ? k_end - row : count;
        if (t >= t_end) continue;
        real *to = panel + (row + t - k) * NR;
        if (whole) {
            const real *from[FC_NV];
            for (int v = 0; v < FC_NV; v++) from[v] = first[v] + c * plane;
            fill_whole(from, lanes + t, plan->shift + t, t_end - t, stride, to);
        } else {
            fill_pieces(plan, x + c * plane, t, t_end, stride, to);
        }
        if (plan->bordered) fill_edges(plan, x + c * plane, t, t_end, stride, to);
    }
}

void FC_FN(pack_patches)(const struct fc_conv *s, const void *x, ptrdiff_t p, int n, ptrdiff_t k, ptrdiff_t k_end,
                         void *panel) {
    struct plan plan;
    make_plan(s, p, n, &plan);
    const ptrdiff_t taps = s->kd * s->kh * s->kw;
    for (ptrdiff_t t0 = 0, count; t0 < taps; t0 += count) {
        count = aim_taps(s, &plan, t0, t0 + TAPS < taps ? TAPS : taps - t0);
        if (s->stride_w == 1)
            fill(s, &plan, x, t0, count, k, k_end, 1, panel);
        else
            fill(s, &plan, x, t0, count, k, k_end, s->stride_w, panel);
    }
}
