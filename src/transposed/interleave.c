/* Computes:     rows of several phases woven into one: to[m*step + q] = rows[q][m]; of pixels, or of runs of channels.
 * Source:       Shi et al., Is the deconvolution layer the same as a convolutional layer?, arXiv 1609.07009 (phases); the
 *               network of zips is our own.
 * Applies when: always. Steps of 2, 4 and 8 are zipped in registers, others turned over in blocks.
 * Layout:       every row holds ceil(count / step) reals; `count` reals are written. Of pixels: `channels` reals each, those
 *               of row q lie pitches[q] apart.
 * Plan:         one call owns its count of reals or pixels.
 * Tile:         a vector of each phase.
 * Cost:         log2(step) shuffles, one load and one store for each vector written; turned over, one store for each pixel.
 * Accuracy:     exact.
 * Measured:     rows of 196 in L2: 0.09 ns a real of step 2, 0.07 of 4 and 8, 0.63 of 3 (AVX-512, Sapphire Rapids, one
 *               thread). */
#include "transpose.h"

FC_INLINE void weave2(const vec *in, vec *out) { vec_zip(in[0], in[1], out, out + 1); }

FC_INLINE void weave4(const vec *in, vec *out) {
    const vec even[2] = {in[0], in[2]}, odd[2] = {in[1], in[3]};
    vec a[2], b[2];
    weave2(even, a);
    weave2(odd, b);
    for (int i = 0; i < 2; i++) vec_zip(a[i], b[i], out + 2 * i, out + 2 * i + 1);
}

FC_INLINE void weave8(const vec *in, vec *out) {
    const vec even[4] = {in[0], in[2], in[4], in[6]}, odd[4] = {in[1], in[3], in[5], in[7]};
    vec a[4], b[4];
    weave4(even, a);
    weave4(odd, b);
    for (int i = 0; i < 4; i++) vec_zip(a[i], b[i], out + 2 * i, out + 2 * i + 1);
}

FC_INLINE void zipped(const void *const *rows, const int step, ptrdiff_t count, real *to) {
    for (ptrdiff_t m = 0; m * step < count; m += LANES) {
        const ptrdiff_t left = count - m * step;
        const mask some = mask_bits(bits_below((left + step - 1) / step));
        vec in[8], out[8];
#pragma GCC unroll 8
        for (int q = 0; q < step; q++) in[q] = vec_load_some((const real *)rows[q] + m, 1, some);
        step == 2 ? weave2(in, out) : step == 4 ? weave4(in, out) : weave8(in, out);
#pragma GCC unroll 8
        for (int v = 0; v < step; v++) {
            real *at = to + m * step + v * LANES;
            if (left >= (v + 1) * LANES)
                vec_store(at, out[v]);
            else
                vec_store_some(at, out[v], mask_bits(bits_below(left - v * LANES)));
        }
    }
}

/* LANES pixels of up to LANES phases at a time. */
static void turned(const void *const *rows, ptrdiff_t step, ptrdiff_t count, real *to) {
    for (ptrdiff_t m = 0; m * step < count; m += LANES)
        for (ptrdiff_t q = 0; q < step; q += LANES) {
            const mask some = mask_bits(bits_below((count + step - 1) / step - m));
            vec v[LANES];
#pragma GCC unroll 16
            for (int i = 0; i < LANES; i++) {
                const int there = q + i < step && m * step + q + i < count;
                v[i] = there ? vec_load_some((const real *)rows[q + i] + m, 1, some) : vec_zero();
            }
            vec_transpose(v);
            for (ptrdiff_t i = 0; i < LANES; i++) {
                const ptrdiff_t at = (m + i) * step + q;
                if (at >= count) break;
                const ptrdiff_t left = count - at < step - q ? count - at : step - q;
                vec_store_some(to + at, v[i], mask_bits(bits_below(left)));
            }
        }
}

void FC_FN(interleave)(const void *const *rows, ptrdiff_t step, ptrdiff_t count, void *to) {
    switch (step) {
    case 1: FC_FN(copy)(rows[0], to, count); break;
    case 2: zipped(rows, 2, count, to); break;
    case 4: zipped(rows, 4, count, to); break;
    case 8: zipped(rows, 8, count, to); break;
    default: turned(rows, step, count, to);
    }
}

void FC_FN(interleave_pixels)(const void *const *rows, const ptrdiff_t *pitches, ptrdiff_t step, ptrdiff_t count,
                              ptrdiff_t channels, void *to) {
    const ptrdiff_t whole = channels / LANES * LANES;
    const mask rest = mask_bits(bits_below(channels - whole));
    real *at = to;
    for (ptrdiff_t p = 0, q = 0, m = 0; p < count; p++, at += channels) {
        const real *from = (const real *)rows[q] + m * pitches[q];
        for (ptrdiff_t i = 0; i < whole; i += LANES) vec_store(at + i, vec_load(from + i));
        if (whole < channels) vec_store_some(at + whole, vec_load_some(from + whole, 1, rest), rest);
        if (++q == step) q = 0, m++;
    }
}
