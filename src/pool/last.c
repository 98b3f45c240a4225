/* Computes:     max_pool_last: y[o, c] = max over taps of x[o*stride - pad + tap*dilation, c], and where it stood.
 *               average_pool_last: y[o, c] = (sum over the window of x) / divisor; average_pool_last_grad: its gradient.
 * Source:       as max.c and average.c, whose answers these give for channels that stand last.
 * Applies when: always.
 * Layout:       one image [d][h][w][channels]. A switch is compact as in max.c, or position*scale + c*step + offset, position
 *               flat in the plane: torch has scale 1 and nothing else, TensorFlow the place in [batch][d][h][w][channels]; NULL
 *               if not wanted.
 * Plan:         one call owns some output rows of one image; of a gradient, some channels.
 * Tile:         up to BLOCK vectors of channels of one output: every tap is inside for all of them or for none. The winner
 *               travels as a small real number.
 * Cost:         one load and one or two operations a tap.
 * Accuracy:     max exact, ties to the first tap in row-major order, NaN to the first NaN, and a window of -inf to its first
 *               element inside the input; average one chain of additions over (kd, kh, kw), then one division: factor 1.
 * Measured:     112 x 112 x 64, 2x2 stride 2: max 0.16 ms, with switches 0.26, average 0.17; channels first 0.17, 0.30
 *               and 0.18 in the same run (AVX-512, Sapphire Rapids, one thread). */
#include <math.h>

#include "pool/marks.h"
#include "pool/window.h"

#define BLOCK 4

/* The taps of a window that lie inside the input, and the position of tap 0, which need not. */
struct window {
    ptrdiff_t id, ih, iw;
    struct taps d, h, w;
};

FC_INLINE struct window window_of(const struct fc_pool *s, ptrdiff_t row, ptrdiff_t iow) {
    struct window at = {row / s->oh * s->stride_d - s->pad_d, row % s->oh * s->stride_h - s->pad_h,
                        iow * s->stride_w - s->pad_w, {0, 0}, {0, 0}, {0, 0}};
    at.d = taps_inside(at.id, s->dilation_d, s->kd, s->d);
    at.h = taps_inside(at.ih, s->dilation_h, s->kh, s->h);
    at.w = taps_inside(at.iw, s->dilation_w, s->kw, s->w);
    return at;
}

FC_INLINE ptrdiff_t position_of(const struct fc_pool *s, const struct window *at, ptrdiff_t d, ptrdiff_t h, ptrdiff_t w) {
    return ((at->id + d * s->dilation_d) * s->h + at->ih + h * s->dilation_h) * s->w + at->iw + w * s->dilation_w;
}

/* Where switches go, and what a tap further along an axis adds to a winner; `corner` is tap 0's place. */
struct marks {
    void *to;
    int compact;
    int64_t scale, step, offset;
    ptrdiff_t step_d, step_h, step_w;
    int64_t corner;
};

/* Winners of `count` channels from c on as switches. */
static void store_marks(const struct marks *m, const real *won, ptrdiff_t count, ptrdiff_t o, ptrdiff_t c) {
    int64_t *restrict to = (int64_t *)m->to + o + c;
    const int64_t base = m->corner * m->scale + m->offset + c * m->step, scale = m->scale, step = m->step;
    if (m->compact)
        compact_marks(won, count, (uint8_t *)m->to + o + c);
    else if (scale == 1)
        flat_marks(won, count, base, step, to);
    else
        for (ptrdiff_t l = 0; l < count; l++) to[l] = base + (int64_t)(int32_t)won[l] * scale + l * step;
}

FC_INLINE void max_block(const struct fc_pool *s, const struct window *at, const real *x, ptrdiff_t channels, ptrdiff_t c,
                         real *y, ptrdiff_t o, const struct marks *m, const int vectors, const int marked) {
    vec best[BLOCK], winner[BLOCK];
    mask some[BLOCK];
    const ptrdiff_t first = at->d.begin * m->step_d + at->h.begin * m->step_h + at->w.begin * m->step_w;
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
        best[v] = vec_set1((real)-INFINITY);
        winner[v] = vec_set1((real)first);
        some[v] = mask_bits(bits_below(channels - c - v * LANES));
    }
    for (ptrdiff_t d = at->d.begin; d < at->d.end; d++)
        for (ptrdiff_t h = at->h.begin; h < at->h.end; h++) {
            const real *from = x + position_of(s, at, d, h, at->w.begin) * channels + c;
            real tap = (real)(d * m->step_d + h * m->step_h + at->w.begin * m->step_w);
            for (ptrdiff_t w = at->w.begin; w < at->w.end; w++, from += s->dilation_w * channels, tap += (real)m->step_w)
#pragma GCC unroll 4
                for (int v = 0; v < vectors; v++) {
                    const vec value = vec_load_some(from + v * LANES, 1, some[v]);
                    const mask wins = mask_beats(value, best[v]);
                    best[v] = vec_select(wins, value, best[v]);
                    if (marked) winner[v] = vec_select(wins, vec_set1(tap), winner[v]);
                }
        }
    real won[BLOCK * LANES];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
        vec_store_some(y + o + c + v * LANES, best[v], some[v]);
        if (marked) vec_store(won + v * LANES, winner[v]);
    }
    if (marked) store_marks(m, won, channels - c < vectors * LANES ? channels - c : vectors * LANES, o, c);
}

/* One channel, element by element: for windows whose places a real cannot tell apart, or that meet no element. */
static void max_one(const struct fc_pool *s, const struct window *at, const real *x, ptrdiff_t channels, ptrdiff_t c,
                    real *y, ptrdiff_t o, const struct marks *m) {
    int64_t winner = -1;
    real best = (real)-INFINITY;
    for (ptrdiff_t d = at->d.begin; d < at->d.end; d++)
        for (ptrdiff_t h = at->h.begin; h < at->h.end; h++)
            for (ptrdiff_t w = at->w.begin; w < at->w.end; w++) {
                const ptrdiff_t position = position_of(s, at, d, h, w);
                const real value = x[position * channels + c];
                if (winner >= 0 && !(value > best || (value != value && best == best))) continue;
                best = value;
                winner = position;
            }
    y[o + c] = best;
    if (!m->to) return;
    if (winner < 0)
        winner = (nearest(at->id, s->dilation_d, s->d) * s->h + nearest(at->ih, s->dilation_h, s->h)) * s->w +
                 nearest(at->iw, s->dilation_w, s->w);
    if (m->compact)
        ((uint8_t *)m->to)[o + c] = 0;
    else
        ((int64_t *)m->to)[o + c] = winner * m->scale + c * m->step + m->offset;
}

static void max_pixel(const struct fc_pool *s, const struct window *at, const real *x, ptrdiff_t channels, real *y, ptrdiff_t o,
                      const struct marks *m) {
    const ptrdiff_t countable = (ptrdiff_t)1 << (sizeof(real) == 4 ? 24 : 31);
    const ptrdiff_t reach = (s->kd - 1) * m->step_d + (s->kh - 1) * m->step_h + (s->kw - 1) * m->step_w;
    const int empty = at->d.begin == at->d.end || at->h.begin == at->h.end || at->w.begin == at->w.end;
    if (m->to && (reach >= countable || empty)) {
        for (ptrdiff_t c = 0; c < channels; c++) max_one(s, at, x, channels, c, y, o, m);
        return;
    }
    for (ptrdiff_t c = 0; c < channels;) {
        const int vectors = channels - c > (BLOCK - 1) * LANES ? BLOCK : 1;
        if (m->to)
            vectors == 1 ? max_block(s, at, x, channels, c, y, o, m, 1, 1) : max_block(s, at, x, channels, c, y, o, m, BLOCK, 1);
        else
            vectors == 1 ? max_block(s, at, x, channels, c, y, o, m, 1, 0) : max_block(s, at, x, channels, c, y, o, m, BLOCK, 0);
        c += vectors * LANES;
    }
}

void FC_FN(max_pool_last)(const struct fc_pool *s, const void *x, void *y, void *switches, int compact, ptrdiff_t channels,
                          int64_t scale, int64_t step, int64_t offset, ptrdiff_t row, ptrdiff_t row_end) {
    struct marks m = {switches, compact, scale, step, offset, s->dilation_d * s->h * s->w, s->dilation_h * s->w,
                      s->dilation_w, 0};
    if (compact) m.step_d = s->kh * s->kw, m.step_h = s->kw, m.step_w = 1;
    for (; row < row_end; row++)
        for (ptrdiff_t iow = 0; iow < s->ow; iow++) {
            const struct window at = window_of(s, row, iow);
            m.corner = position_of(s, &at, 0, 0, 0);
            max_pixel(s, &at, x, channels, y, (row * s->ow + iow) * channels, &m);
        }
}

FC_INLINE void average_block(const struct fc_pool *s, const struct window *at, const real *x, ptrdiff_t channels,
                             ptrdiff_t c, real *y, real divisor, const int vectors) {
    vec sum[BLOCK];
    mask some[BLOCK];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
        sum[v] = vec_zero();
        some[v] = mask_bits(bits_below(channels - c - v * LANES));
    }
    for (ptrdiff_t d = at->d.begin; d < at->d.end; d++)
        for (ptrdiff_t h = at->h.begin; h < at->h.end; h++) {
            const real *from = x + position_of(s, at, d, h, at->w.begin) * channels + c;
            for (ptrdiff_t w = at->w.begin; w < at->w.end; w++, from += channels)
#pragma GCC unroll 4
                for (int v = 0; v < vectors; v++) sum[v] = vec_add(sum[v], vec_load_some(from + v * LANES, 1, some[v]));
        }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) vec_store_some(y + c + v * LANES, vec_div(sum[v], vec_set1(divisor)), some[v]);
}

FC_INLINE real divisor_of(const struct fc_pool *s, const struct window *at, ptrdiff_t row, ptrdiff_t iow) {
    if (s->divisor) return (real)s->divisor;
    if (!s->count_include_pad)
        return (real)((at->d.end - at->d.begin) * (at->h.end - at->h.begin) * (at->w.end - at->w.begin));
    return (real)(extent_of(row / s->oh, s->stride_d, s->pad_d, s->tail_d, s->kd, s->d) *
                  extent_of(row % s->oh, s->stride_h, s->pad_h, s->tail_h, s->kh, s->h) *
                  extent_of(iow, s->stride_w, s->pad_w, s->tail_w, s->kw, s->w));
}

void FC_FN(average_pool_last)(const struct fc_pool *s, const void *x, void *y, ptrdiff_t channels, ptrdiff_t row,
                              ptrdiff_t row_end) {
    for (; row < row_end; row++)
        for (ptrdiff_t iow = 0; iow < s->ow; iow++) {
            const struct window at = window_of(s, row, iow);
            real *to = (real *)y + (row * s->ow + iow) * channels;
            const real divisor = divisor_of(s, &at, row, iow);
            for (ptrdiff_t c = 0; c < channels;) {
                const int vectors = channels - c > (BLOCK - 1) * LANES ? BLOCK : 1;
                vectors == 1 ? average_block(s, &at, x, channels, c, to, divisor, 1)
                             : average_block(s, &at, x, channels, c, to, divisor, BLOCK);
                c += vectors * LANES;
            }
        }
}

void FC_FN(average_pool_last_grad)(const struct fc_pool *s, const void *dy, void *dx, ptrdiff_t channels, ptrdiff_t begin,
                                   ptrdiff_t end) {
    real *to = dx;
    for (ptrdiff_t i = 0; i < s->d * s->h * s->w; i++)
        for (ptrdiff_t c = begin; c < end; c++) to[i * channels + c] = 0;
    for (ptrdiff_t row = 0; row < s->od * s->oh; row++)
        for (ptrdiff_t iow = 0; iow < s->ow; iow++) {
            const struct window at = window_of(s, row, iow);
            const real *from = (const real *)dy + (row * s->ow + iow) * channels;
            const real divisor = divisor_of(s, &at, row, iow);
            for (ptrdiff_t d = at.d.begin; d < at.d.end; d++)
                for (ptrdiff_t h = at.h.begin; h < at.h.end; h++)
                    for (ptrdiff_t w = at.w.begin; w < at.w.end; w++) {
                        real *restrict sum = to + position_of(s, &at, d, h, w) * channels;
                        for (ptrdiff_t c = begin; c < end; c++) sum[c] += from[c] / divisor;
                    }
        }
}
