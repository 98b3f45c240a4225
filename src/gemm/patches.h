/* The implicit im2col matrix: rows k = (channel, kd, kh, kw), columns output pixels; where each panel of it lies in the input.
 *
 * The pixels of a panel lie in one or more output rows. Each (vector, row) pair becomes a piece: an input offset and the set
 * of lanes it fills. Validity at a tap is three lane sets, one an axis, intersected; it is worked out once for a block of taps
 * and used for every channel. Lanes outside the input are never read and load as the zeros of the border. Where pixels that
 * follow each other across rows also follow each other in memory (stride 1, output row as long as input row), the pieces of a
 * vector share one address and one load. */
#ifndef FC_GEMM_PATCHES_H
#define FC_GEMM_PATCHES_H

#include "kernel.h"

#define NR (FC_NV * LANES)
#define TAPS 32 /* taps whose lane sets are held at once: TAPS * (NR + FC_NV) words of stack */

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

/* Lane sets and offset of one tap; pieces of one vector that share an address are merged into the first of them. */
FC_INLINE void aim(const struct fc_conv *s, ptrdiff_t t, const struct piece *piece, int count, const int *owner,
                uint32_t *lanes, ptrdiff_t *shift) {
    ptrdiff_t dd, dh, dw;
    tap_shift(s, t, &dd, &dh, &dw);
    *shift = (dd * s->h + dh) * s->w + dw;
    for (int i = 0; i < count; i++) {
        const ptrdiff_t id = piece[i].d + dd, ih = piece[i].h + dh;
        const int inside = id >= 0 && id < s->d && ih >= 0 && ih < s->h;
        const uint32_t set = inside ? piece[i].lanes & lanes_inside(piece[i].w + dw, s->stride_w, s->w) : 0;
        if (owner[i] == i)
            lanes[i] = set;
        else
            lanes[owner[i]] |= set;
    }
}

/* Where the panel's pieces lie and which of their lanes are inside at each tap of a block. */
struct plan {
    struct piece piece[NR + FC_NV];
    int owner[NR + FC_NV]; /* the piece whose load also fills this one */
    int index[NR + FC_NV]; /* the pieces that own a load, by vector */
    int cut, kept;
    int vectors;           /* that hold pixels */
    uint32_t lanes[TAPS][NR + FC_NV];
    ptrdiff_t shift[TAPS];
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

/* Works out the lane sets and shifts of taps [t0, t0 + count). */
FC_INLINE void aim_taps(const struct fc_conv *s, struct plan *plan, ptrdiff_t t0, ptrdiff_t count) {
    for (ptrdiff_t t = 0; t < count; t++)
        aim(s, t0 + t, plan->piece, plan->cut, plan->owner, plan->lanes[t], &plan->shift[t]);
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
