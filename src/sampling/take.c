/* Computes:     y[o] = x[at(o)], or a constant, along three axes at once: pads, nearest neighbours, and the patches of
 *               unfold.
 * Source:       Chellapilla, Puri & Simard, High Performance Convolutional Neural Networks for Document Processing, IWFHR
 *               2006 (unfold).
 * Applies when: always; the tables hold places inside x, or -1.
 * Layout:       planes of rows of pixels of `inner` reals; y has one such array for each tap.
 * Plan:         one call owns some output rows.
 * Tile:         the run of a row that lies together is copied by vectors, a doubled row is two vectors for one, what is left
 *               goes pixel by pixel.
 * Cost:         one load and one store an output vector; the input comes from cache where outputs share it.
 * Accuracy:     exact: bits are copied.
 * Measured:     beside PyTorch 2.13.0, both with one thread and taking turns: reflect padding by 1 of 64 x 224 x 224 takes
 *               0.4 of its time, nearest doubling of 64 x 112 x 112 0.55, unfold 3x3 of 64 x 56 x 56 0.2 (AVX-512). */
#include "kernel.h"

FC_INLINE void fill(real *y, real value, ptrdiff_t count) {
    const vec all = vec_set1(value);
    ptrdiff_t i = 0;
    for (; i + LANES <= count; i += LANES) vec_store(y + i, all);
    for (; i < count; i++) y[i] = value;
}

/* Every pixel of one real twice. */
static void double_row(const real *x, real *y, ptrdiff_t count) {
    ptrdiff_t i = 0;
    for (; i + LANES <= count && LANES > 1; i += LANES) {
        const vec v = vec_load(x + i);
        vec low, high;
        vec_zip(v, v, &low, &high);
        vec_store(y + 2 * i, low);
        vec_store(y + 2 * i + LANES, high);
    }
    for (; i < count; i++) y[2 * i] = y[2 * i + 1] = x[i];
}

/* Pixels [first, end), each from where its table says. */
FC_INLINE void take_pixels(const struct fc_take *s, const int64_t *at, const real *x, real *y, ptrdiff_t first,
                           ptrdiff_t end) {
    const ptrdiff_t inner = s->inner;
    if (inner == 1) {
        for (ptrdiff_t i = first; i < end; i++) y[i] = at[i] < 0 ? (real)s->value : x[at[i]];
        return;
    }
    for (ptrdiff_t i = first; i < end; i++) {
        if (at[i] < 0)
            fill(y + i * inner, (real)s->value, inner);
        else
            FC_FN(copy)(x + at[i] * inner, y + i * inner, inner);
    }
}

/* `count` pixels of one real, `step` apart. */
FC_INLINE void take_strided(const real *x, ptrdiff_t step, real *y, ptrdiff_t count) {
    ptrdiff_t i = 0;
    for (; i + LANES <= count; i += LANES) vec_store(y + i, vec_load_stride(x + i * step, step));
    for (; i < count; i++) y[i] = x[i * step];
}

static void take_row(const struct fc_take *s, ptrdiff_t ikw, const real *x, real *y) {
    const int64_t *at = s->at_w + ikw * s->ow;
    const ptrdiff_t low = s->runs[2 * ikw], high = s->runs[2 * ikw + 1], inner = s->inner;
    if (!x) {
        fill(y, (real)s->value, s->ow * inner);
        return;
    }
    if (s->twice) {
        double_row(x, y, s->ow / 2);
        return;
    }
    take_pixels(s, at, x, y, 0, low);
    if (high > low && s->step == 1)
        FC_FN(copy)(x + at[low] * inner, y + low * inner, (high - low) * inner);
    else if (high > low && inner == 1)
        take_strided(x + at[low], s->step, y + low, high - low);
    else
        take_pixels(s, at, x, y, low, high);
    take_pixels(s, at, x, y, high, s->ow);
}

void FC_FN(take_rows)(const struct fc_take *s, const void *x, void *y, ptrdiff_t row, ptrdiff_t row_end) {
    const ptrdiff_t rows = s->od * s->oh, taps = s->kd * s->kh * s->kw, width = s->w * s->inner;
    while (row < row_end) {
        const ptrdiff_t group = row / rows, tap = group % taps, next = (group + 1) * rows;
        const ptrdiff_t end = next < row_end ? next : row_end;
        const int64_t *at_d = s->at_d + tap / (s->kh * s->kw) * s->od, *at_h = s->at_h + tap / s->kw % s->kh * s->oh;
        const real *plane = (const real *)x + group / taps * s->d * s->h * width;
        for (; row < end; row++) {
            const int64_t id = at_d[(row - group * rows) / s->oh], ih = at_h[(row - group * rows) % s->oh];
            take_row(s, tap % s->kw, id < 0 || ih < 0 ? NULL : plane + (id * s->h + ih) * width,
                     (real *)y + row * s->ow * s->inner);
        }
    }
}
