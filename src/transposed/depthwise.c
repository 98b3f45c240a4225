/* Computes:     y[c, o] = activation(bias + sum over tap, i with i*stride - pad + tap*dilation = o of weight * x[c', i]), where
 *               c' is the one input channel that c reads.
 * Source:       Shi et al., Is the deconvolution layer the same as a convolutional layer?, arXiv 1609.07009 (phases).
 * Applies when: NCHW; an input channel a group, kd * kh and kw at most MOST, stride_w too.
 * Layout:       x at the plane of c', weight at its taps for c, y at the plane of c.
 * Plan:         one call owns output rows [ioh, ioh_end) at depth iod of one channel.
 * Tile:         a vector of each phase of a row, woven in registers where the stride is 2: which taps a phase has, and which
 *               lanes of theirs read the input, is known for all rows of a block of columns.
 * Cost:         the multiply-adds of the definition, each with a load; a store a vector.
 * Accuracy:     one chain over (kd, kh, kw) of the terms that exist, from the bias: factor 1. A lane without an input at a tap
 *               is left out, not multiplied by zero, so an infinite weight spoils nothing that it does not touch.
 * Measured:     128 3x3 stride 2, 28 x 28 to 56 x 56: 0.18 ms, where phases and weaving took 0.46 (AVX-512, Sapphire
 *               Rapids, one thread). */
#include "kernel.h"

#define MOST 64

/* A row of the input and of the filter that meets an output row. */
struct meeting {
    const real *x, *weight;
};

/* A tap of a phase, at a block of columns: lane l reads at + l of a row. */
struct column {
    ptrdiff_t tap, at;
    mask some;
};

struct taps {
    int count[MOST];               /* of a phase */
    struct column column[MOST];    /* phase after phase */
};

struct rows {
    ptrdiff_t depths, tall;
    struct meeting depth[MOST];    /* planes, instead of rows */
    ptrdiff_t rest[MOST], whole[MOST]; /* of a tap's distance divided by the stride */
};

/* Columns o = m*stride_w + phase with m from `first` on. */
static void find_columns(const struct fc_conv *s, ptrdiff_t first, struct taps *t) {
    struct column *c = t->column;
    for (ptrdiff_t phase = 0; phase < s->stride_w; phase++) {
        t->count[phase] = 0;
        for (ptrdiff_t tap = 0; tap < s->kw; tap++) {
            const ptrdiff_t far = phase + s->pad_w - tap * s->dilation_w;
            if (far % s->stride_w) continue;
            const ptrdiff_t at = first + far / s->stride_w;
            const uint32_t lanes = bits_between(-at, s->w - at);
            if (!lanes) continue;
            *c++ = (struct column){tap, at, mask_bits(lanes)};
            t->count[phase]++;
        }
    }
}

static void find_rows(const struct fc_conv *s, const real *x, const real *weight, ptrdiff_t iod, struct rows *r) {
    r->depths = 0;
    for (ptrdiff_t tap = 0; tap < s->kd; tap++) {
        const ptrdiff_t far = iod + s->pad_d - tap * s->dilation_d;
        if (far < 0 || far % s->stride_d || far / s->stride_d >= s->d) continue;
        r->depth[r->depths].x = x + far / s->stride_d * s->h * s->w;
        r->depth[r->depths++].weight = weight + tap * s->kh * s->kw;
    }
    for (ptrdiff_t tap = 0; tap < s->kh; tap++) {
        r->rest[tap] = tap * s->dilation_h % s->stride_h;
        r->whole[tap] = tap * s->dilation_h / s->stride_h;
    }
}

/* The meetings of the output row at `whole` strides and `rest`. */
FC_INLINE int meet(const struct fc_conv *s, const struct rows *r, ptrdiff_t whole, ptrdiff_t rest, struct meeting *met) {
    int count = 0;
    for (ptrdiff_t ikd = 0; ikd < r->depths; ikd++)
        for (ptrdiff_t tap = 0; tap < s->kh; tap++) {
            const ptrdiff_t ih = whole - r->whole[tap];
            if (r->rest[tap] != rest || ih < 0 || ih >= s->h) continue;
            met[count].x = r->depth[ikd].x + ih * s->w;
            met[count++].weight = r->depth[ikd].weight + tap * s->kw;
        }
    return count;
}

FC_INLINE vec sum_of(const struct meeting *met, int rows, const struct column *column, int taps, vec sum) {
    for (int r = 0; r < rows; r++)
        for (int k = 0; k < taps; k++) {
            const vec x = vec_load_some(met[r].x + column[k].at, 1, column[k].some);
            sum = vec_select(column[k].some, vec_fma(vec_set1(met[r].weight[column[k].tap]), x, sum), sum);
        }
    return sum;
}

/* The outputs of one row from `to` on, `left` of them and at most LANES of each phase. */
FC_INLINE void compute(const struct fc_conv *s, const struct meeting *met, int rows, const struct taps *t, vec start,
                       ptrdiff_t left, real *to) {
    const ptrdiff_t count = left < s->stride_w * LANES ? left : s->stride_w * LANES;
    if (s->stride_w == 2) {
        const vec even = sum_of(met, rows, t->column, t->count[0], start);
        const vec odd = sum_of(met, rows, t->column + t->count[0], t->count[1], start);
        vec low, high;
        vec_zip(even, odd, &low, &high);
        vec_store_some(to, low, mask_bits(bits_below(count)));
        if (count > LANES) vec_store_some(to + LANES, high, mask_bits(bits_below(count - LANES)));
    } else {
        real sums[MOST][LANES];
        const void *row[MOST];
        const struct column *column = t->column;
        for (ptrdiff_t phase = 0; phase < s->stride_w; column += t->count[phase++]) {
            vec_store(sums[phase], sum_of(met, rows, column, t->count[phase], start));
            row[phase] = sums[phase];
        }
        FC_FN(interleave)(row, s->stride_w, count, to);
    }
    if (s->after.kind != FC_NONE) FC_FN(activate)(&s->after, to, to, count);
}

void FC_FN(depthwise_transposed)(const struct fc_conv *s, const void *x, const void *weight, const void *bias, void *y,
                                 ptrdiff_t iod, ptrdiff_t ioh, ptrdiff_t ioh_end) {
    const vec start = vec_set1(bias ? *(const real *)bias : 0);
    struct meeting met[MOST];
    struct taps taps;
    struct rows rows;
    find_rows(s, x, weight, iod, &rows);
    for (ptrdiff_t first = 0; first * s->stride_w < s->ow; first += LANES) {
        find_columns(s, first, &taps);
        real *to = (real *)y + (iod * s->oh + ioh) * s->ow + first * s->stride_w;
        ptrdiff_t whole = (ioh + s->pad_h) / s->stride_h, rest = (ioh + s->pad_h) % s->stride_h;
        for (ptrdiff_t i = ioh; i < ioh_end; i++, to += s->ow) {
            compute(s, met, meet(s, &rows, whole, rest, met), &taps, start, s->ow - first * s->stride_w, to);
            if (++rest == s->stride_h) rest = 0, whole++;
        }
    }
}
