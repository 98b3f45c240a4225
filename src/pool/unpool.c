/* Computes:     large[p] = small[o], large[p] += small[o] or small[o] = large[p], where p is what the switch of o says: max
 *               pooling undone as far as the switches know, the gradient of max pooling, and the gradient of unpooling.
 * Source:       Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 2.1.
 * Applies when: always; a switch that says no place of the plane ends the call, which then has written only where it may.
 * Layout:       one plane, or some channels of one image whose channels stand last. Switches as in max.c.
 * Plan:         one call owns a plane, or some channels of an image.
 * Tile:         where 2 x 2 elements share an output and every switch points to one of its own four, two rows are written
 *               at a time, each element once. Otherwise the plane is cleared, then written while it is in L2. Duplicates are
 *               written in row-major order, so the last one stays.
 * Cost:         one pass over both; a switch is checked as it is followed.
 * Accuracy:     exact; sums of duplicates one chain in row-major order.
 * Measured:     64 planes of 112 x 112 into 224 x 224: 1.0 ms whatever is done, 34 GB/s; the gradient was 1.4 element by element,
 *               with compact switches 2.0, and PyTorch takes 1.85 in the same run (AVX-512, Sapphire Rapids, one thread). */
#include <string.h>

#include "pool/window.h"

/* Where the taps of compact switches lie: `row` of each within its plane, -1 outside, and column, from a window's corner. */
struct places {
    ptrdiff_t row[256], column[256];
};

FC_INLINE void know_columns(const struct fc_pool *s, struct places *p) {
    for (ptrdiff_t t = 0; t < 256; t++) p->row[t] = -1;
    for (ptrdiff_t t = 0; t < s->kd * s->kh * s->kw; t++) p->column[t] = t % s->kw * s->dilation_w;
}

FC_INLINE void know_rows(const struct fc_pool *s, ptrdiff_t row, struct places *p) {
    ptrdiff_t t = 0;
    for (ptrdiff_t kd = 0; kd < s->kd; kd++)
        for (ptrdiff_t kh = 0; kh < s->kh; kh++) {
            const ptrdiff_t id = row / s->oh * s->stride_d - s->pad_d + kd * s->dilation_d;
            const ptrdiff_t ih = row % s->oh * s->stride_h - s->pad_h + kh * s->dilation_h;
            const int inside = id >= 0 && id < s->d && ih >= 0 && ih < s->h;
            for (ptrdiff_t kw = 0; kw < s->kw; kw++) p->row[t++] = inside ? (id * s->h + ih) * s->w : -1;
        }
}

/* Channels [begin, end) of `channels`; the large side is read, checked only, or written after it was cleared. */
struct way {
    ptrdiff_t channels, begin, end;
    real *small, *large;
};

FC_INLINE void step(const struct way *w, ptrdiff_t o, ptrdiff_t at, const int how) {
    if (how == FC_PUT) w->large[at] = w->small[o];
    if (how == FC_ADD) w->large[at] += w->small[o];
    if (how == FC_GET) w->small[o] = w->large[at];
}

FC_INLINE ptrdiff_t flat(const struct fc_pool *s, const int64_t *switches, const struct way *w, ptrdiff_t channels,
                         ptrdiff_t begin, ptrdiff_t end, const int how) {
    const uint64_t size = (uint64_t)(s->d * s->h * s->w);
    for (ptrdiff_t o = 0, count = s->od * s->oh * s->ow * channels; o < count; o += channels)
        for (ptrdiff_t c = begin; c < end; c++) {
            const uint64_t at = (uint64_t)switches[o + c];
            if (at >= size) return o + c;
            step(w, o + c, (ptrdiff_t)at * channels + c, how);
        }
    return -1;
}

FC_INLINE ptrdiff_t compact(const struct fc_pool *s, const uint8_t *switches, const struct way *w, ptrdiff_t channels,
                            ptrdiff_t begin, ptrdiff_t end, const int how) {
    struct places p;
    know_columns(s, &p);
    for (ptrdiff_t row = 0, o = 0; row < s->od * s->oh; row++) {
        know_rows(s, row, &p);
        ptrdiff_t corner = -s->pad_w;
        for (ptrdiff_t iow = 0; iow < s->ow; iow++, corner += s->stride_w, o += channels)
            for (ptrdiff_t c = begin; c < end; c++) {
                const ptrdiff_t tap = switches[o + c];
                if (p.row[tap] < 0) return o + c;
                const size_t column = (size_t)(corner + p.column[tap]);
                if (column >= (size_t)s->w) return o + c;
                step(w, o + c, (p.row[tap] + (ptrdiff_t)column) * channels + c, how);
            }
    }
    return -1;
}

FC_INLINE ptrdiff_t follow(const struct fc_pool *s, const void *switches, int narrow, const struct way *w, const int how) {
    if (w->channels == 1) return narrow ? compact(s, switches, w, 1, 0, 1, how) : flat(s, switches, w, 1, 0, 1, how);
    return narrow ? compact(s, switches, w, w->channels, w->begin, w->end, how)
                  : flat(s, switches, w, w->channels, w->begin, w->end, how);
}

static void clear(const struct fc_pool *s, const struct way *w) {
    const size_t part = (size_t)(w->end - w->begin) * sizeof(real), places = (size_t)(s->d * s->h * s->w);
    if (w->end - w->begin == w->channels) {
        memset(w->large, 0, places * part);
        return;
    }
    for (size_t i = 0; i < places; i++) memset(w->large + i * (size_t)w->channels + w->begin, 0, part);
}

/* Of a real, kept by all ones and cleared by zero: a choice that needs no decision. */
#if FC_WIDTH == 32
typedef uint32_t __attribute__((may_alias)) bits;
#else
typedef uint64_t __attribute__((may_alias)) bits;
#endif

/* Rows `a` and `b` from one of `count` outputs; whether all switches point into them. */
static int spread_compact(const uint8_t *restrict switches, const bits *restrict small, bits *restrict a, bits *restrict b,
                          ptrdiff_t count) {
    bits all = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        const bits value = small[i], at = switches[i];
        a[2 * i] = value & -(bits)(at == 0), a[2 * i + 1] = value & -(bits)(at == 1);
        b[2 * i] = value & -(bits)(at == 2), b[2 * i + 1] = value & -(bits)(at == 3);
        all |= at;
    }
    return all < 4;
}

static int spread_flat(const int64_t *restrict switches, const bits *restrict small, bits *restrict a, bits *restrict b,
                       ptrdiff_t count, uint64_t corner, uint64_t w) {
    uint64_t astray = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        const bits value = small[i];
        const uint64_t upper = (uint64_t)switches[i] - corner - 2 * (uint64_t)i, lower = upper - w;
        a[2 * i] = value & -(bits)(upper == 0), a[2 * i + 1] = value & -(bits)(upper == 1);
        b[2 * i] = value & -(bits)(lower == 0), b[2 * i + 1] = value & -(bits)(lower == 1);
        astray |= (uint64_t)(upper > 1) & (uint64_t)(lower > 1);
    }
    return !astray;
}

/* Whether 2 x 2 elements can share an output. What windows flat switches came from is not always told. */
FC_INLINE int halves(const struct fc_pool *s, int narrow) {
    return (!narrow || is_halving(s)) && s->od == s->d && s->oh == s->h / 2 && s->ow == s->w / 2;
}

/* Writes a plane whose every switch points into its own 2 x 2 elements; 0: one does not, and the plane is not complete. */
static int spread(const struct fc_pool *s, const void *switches, int narrow, const struct way *w) {
    const size_t rest = (size_t)(s->w - 2 * s->ow) * sizeof(real), row = (size_t)s->w * sizeof(real);
    const real *small = w->small;
    for (ptrdiff_t id = 0, o = 0; id < s->d; id++) {
        const ptrdiff_t plane = id * s->h * s->w;
        for (ptrdiff_t ioh = 0; ioh < s->oh; ioh++, o += s->ow) {
            const ptrdiff_t corner = plane + 2 * ioh * s->w;
            real *a = w->large + corner, *b = a + s->w;
            const int fits = narrow ? spread_compact((const uint8_t *)switches + o, (const bits *)(small + o), (bits *)a, (bits *)b,
                                                     s->ow)
                                    : spread_flat((const int64_t *)switches + o, (const bits *)(small + o), (bits *)a, (bits *)b,
                                                  s->ow, (uint64_t)corner, (uint64_t)s->w);
            if (!fits) return 0;
            memset(a + 2 * s->ow, 0, rest), memset(b + 2 * s->ow, 0, rest);
        }
        memset(w->large + plane + 2 * s->oh * s->w, 0, (size_t)(s->h - 2 * s->oh) * row);
    }
    return 1;
}

ptrdiff_t FC_FN(follow_switches)(const struct fc_pool *s, int how, const void *switches, int narrow, void *small, void *large,
                                 ptrdiff_t channels, ptrdiff_t begin, ptrdiff_t end) {
    const struct way w = {channels, begin, end, small, large};
    if (how == FC_PUT || how == FC_ADD) {
        if (channels == 1 && halves(s, narrow) && spread(s, switches, narrow, &w)) return -1;
        clear(s, &w);
    }
    if (how == FC_PUT) return follow(s, switches, narrow, &w, FC_PUT);
    if (how == FC_ADD) return follow(s, switches, narrow, &w, FC_ADD);
    if (how == FC_GET) return follow(s, switches, narrow, &w, FC_GET);
    return follow(s, switches, narrow, &w, FC_CHECK);
}
