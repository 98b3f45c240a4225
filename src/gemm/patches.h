/* The implicit im2col matrix: rows k = (channel, kd, kh, kw), columns output pixels; where each panel of it lies in the input.
 *
 * The pixels of a panel lie in one or more output rows. Each (vector, row) pair becomes a piece: an input offset and the set
 * of lanes it fills. Validity at a tap is three lane sets, one an axis, intersected; it is worked out once for a block of taps
 * and used for every channel. Lanes outside the input are not read with the piece: they load as zeros, and where the border
 * is not zeros an edge fills them afterwards, a run of lanes that reads another place of the input, or a constant. Where
 * pixels that follow each other across rows also follow each other in memory (stride 1, output row as long as input row), the
 * pieces of a vector share one address and one load. */
#ifndef FC_GEMM_PATCHES_H
#define FC_GEMM_PATCHES_H

#include "border.h"

#define NR (FC_NV * LANES)
#define TAPS 32 /* taps whose lane sets are held at once: TAPS * (NR + FC_NV) words of stack */

#define EDGES (6 * NR) /* runs of lanes in the border that are held at once: NR and more */

struct piece {
    int vector;
    uint32_t lanes;          /* filled by this piece */
    ptrdiff_t d, h, w;       /* input position of lane 0 at tap 0; may lie outside */
    ptrdiff_t offset;        /* the same as an offset into a channel */
};

FC_INLINE ptrdiff_t ceil_div(ptrdiff_t a, ptrdiff_t b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }

/* Lanes whose input column w0 + lane*stride is inside the row. */
FC_INLINE uint32_t lanes_inside(ptrdiff_t w0, ptrdiff_t stride, ptrdiff_t w) {
    if (stride == 1) return bits_between(-w0, w - w0);
    return bits_between(ceil_div(-w0, stride), ceil_div(w - w0, stride));
}

FC_INLINE int cut_into_pieces(const struct fc_conv *s, ptrdiff_t p, int n, struct piece *piece) {
    int count = 0;
    ptrdiff_t iow = p % s->ow, ioh = p / s->ow % s->oh, iod = p / s->ow / s->oh;
    for (int i = 0; i < n;) {
        const int vector = i / LANES, lane = i % LANES;
        ptrdiff_t run = s->ow - iow;
        if (run > n - i) run = n - i;
        if (run > LANES - lane) run = LANES - lane;
        struct piece *now = &piece[count++];
        now->vector = vector;
        now->lanes = bits_between(lane, lane + run);
        now->d = iod * s->stride_d - s->pad_d;
        now->h = ioh * s->stride_h - s->pad_h;
        now->w = (iow - lane) * s->stride_w - s->pad_w;
        now->offset = (now->d * s->h + now->h) * s->w + now->w;
        i += (int)run;
        iow += run;
        if (iow == s->ow) {
            iow = 0;
            if (++ioh == s->oh) ioh = 0, iod++;
        }
    }
    return count;
}

/* Tap t as its shifts along the axes. */
FC_INLINE void tap_shift(const struct fc_conv *s, ptrdiff_t t, ptrdiff_t *dd, ptrdiff_t *dh, ptrdiff_t *dw) {
    *dw = t % s->kw * s->dilation_w;
    *dh = t / s->kw % s->kh * s->dilation_h;
    *dd = t / s->kw / s->kh * s->dilation_d;
}

/* Lanes in the border: lane l of `lanes` reads offset + l * stride_w of a channel. */
struct edge {
    ptrdiff_t offset;
    uint32_t lanes;
    int vector;
};

/* Where the panel's pieces lie and which of their lanes are inside at each tap of a block. */
struct plan {
    struct piece piece[NR + FC_NV];
    int owner[NR + FC_NV]; /* the piece whose load also fills this one */
    int index[NR + FC_NV]; /* the pieces that own a load, by vector */
    int cut, kept;
    int vectors;           /* that hold pixels */
    uint32_t lanes[TAPS][NR + FC_NV];
    ptrdiff_t shift[TAPS];
    int bordered; /* there are edges or constants at the taps held */
    struct edge edge[EDGES];
    int edges[TAPS + 1];            /* those of tap t begin at edges[t] */
    uint32_t constant[TAPS][FC_NV]; /* lanes that hold `value` */
    real value;
};

FC_INLINE void make_plan(const struct fc_conv *s, ptrdiff_t p, int n, struct plan *plan) {
    plan->cut = cut_into_pieces(s, p, n, plan->piece);
    plan->kept = 0;
    plan->vectors = (n + LANES - 1) / LANES;
    for (int i = 0; i < plan->cut; i++) {
        const struct piece *now = &plan->piece[i];
        const struct piece *last = &plan->piece[plan->kept ? plan->index[plan->kept - 1] : 0];
        const int same = plan->kept && now->vector == last->vector && now->offset == last->offset;
        if (!same) plan->index[plan->kept++] = i;
        plan->owner[i] = plan->index[plan->kept - 1];
    }
}

FC_INLINE void add_edge(struct plan *plan, int *edges, ptrdiff_t offset, uint32_t lanes, int vector) {
    const struct edge now = {offset, lanes, vector};
    plan->edge[(*edges)++] = now;
}

FC_INLINE void add_constant(struct plan *plan, ptrdiff_t t, uint32_t lanes, int vector, real value) {
    if (value == 0) return;
    plan->constant[t][vector] |= lanes;
    plan->value = value;
}

/* The lanes of a piece that lie outside at tap t: its columns from w0 on, in a row that may be repeated or constant. */
static void aim_border(const struct fc_conv *s, struct plan *plan, ptrdiff_t t, const struct piece *piece, ptrdiff_t id,
                       ptrdiff_t ih, ptrdiff_t w0, int row_inside, int *edges) {
    const uint32_t inside = piece->lanes & lanes_inside(w0, s->stride_w, s->w);
    real fill = 0;
    const ptrdiff_t row = border_row(s, id, ih, &fill);
    if (!row_inside && inside) {
        if (row < 0)
            add_constant(plan, t, inside, piece->vector, fill);
        else
            add_edge(plan, edges, row + w0, inside, piece->vector);
    }
    for (uint32_t set = piece->lanes & ~inside; set;) {
        struct border_run run;
        set = take_run(s, w0, set, &run);
        if (run.constant || row < 0)
            add_constant(plan, t, run.lanes, piece->vector, run.value != 0 ? run.value : fill);
        else
            add_edge(plan, edges, row + run.column, run.lanes, piece->vector);
    }
}

/* Lane sets, shift and edges of tap t0 + t; pieces of one vector that share an address are merged into the first of them. */
FC_INLINE void aim(const struct fc_conv *s, struct plan *plan, ptrdiff_t t0, ptrdiff_t t, int *edges) {
    ptrdiff_t dd, dh, dw;
    tap_shift(s, t0 + t, &dd, &dh, &dw);
    plan->shift[t] = (dd * s->h + dh) * s->w + dw;
    uint32_t *lanes = plan->lanes[t];
    for (int i = 0; i < plan->cut; i++) {
        const struct piece *piece = &plan->piece[i];
        const ptrdiff_t id = piece->d + dd, ih = piece->h + dh;
        const int inside = id >= 0 && id < s->d && ih >= 0 && ih < s->h;
        const uint32_t set = inside ? piece->lanes & lanes_inside(piece->w + dw, s->stride_w, s->w) : 0;
        if (plan->owner[i] == i)
            lanes[i] = set;
        else
            lanes[plan->owner[i]] |= set;
        if (s->border.present && set != piece->lanes) {
            aim_border(s, plan, t, piece, id, ih, piece->w + dw, inside, edges);
            plan->bordered = 1;
        }
    }
}

/* Works out as many taps of [t0, t0 + count) as there is room for their edges, and returns their number. */
FC_INLINE ptrdiff_t aim_taps(const struct fc_conv *s, struct plan *plan, ptrdiff_t t0, ptrdiff_t count) {
    int edges = 0;
    plan->bordered = 0;
    for (ptrdiff_t t = 0; t < count; t++) {
        if (edges > EDGES - NR) return t;
        plan->edges[t] = edges;
        if (s->border.present)
            for (int v = 0; v < FC_NV; v++) plan->constant[t][v] = 0;
        aim(s, plan, t0, t, &edges);
        plan->edges[t + 1] = edges;
    }
    return count;
}

/* Whether each vector is one piece, so that it is one load. */
FC_INLINE int is_whole(const struct plan *plan) { return plan->kept == plan->vectors; }

/* For a whole plan: lane sets by vector, and the first input position of each vector. */
FC_INLINE void whole_vectors(const struct plan *plan, const real *channel, ptrdiff_t count, uint32_t (*lanes)[FC_NV],
                             const real **from) {
    for (ptrdiff_t t = 0; t < count; t++)
        for (int v = 0; v < FC_NV; v++) lanes[t][v] = v < plan->vectors ? plan->lanes[t][plan->index[v]] : 0;
    for (int v = 0; v < FC_NV; v++)
        from[v] = channel + (v < plan->vectors ? plan->piece[plan->index[v]].offset : 0);
}

#endif
