/* Computes:     U = G g G^T of the filters of one panel of output channels, for every input channel.
 * Source:       Lavin & Gray, arXiv 1509.09308, section 4.1; points as transform.h says.
 * Applies when: kernels kd x r x r; the depth taps count as input channels, k = ikd * c_in + c.
 * Layout:       weight at the panel's first output channel, (rows, c_in, kd, r, r), or with `turned` those of the convolution
 *               whose input gradient is wanted: (c_in, c_out / groups, r, r), of which the taps count backwards;
 *               panel [points * points][k][FC_RV * LANES].
 * Plan:         one call owns one panel.
 * Tile:         output channels in lanes: the taps of LANES filters are turned over in registers, then transformed as
 *               vectors. Filters lie so far apart that the lines of one channel share a cache set; whole lines are copied
 *               aside first.
 * Cost:         (r + points) 1-D transforms a vector of filters and input channel; points^2 / r^2 times the weights are
 *               written.
 * Accuracy:     see output.c.
 * Measured:     128 -> 128, 3x3, F(4x4): 6.6 ns a filter (AVX-512, Sapphire Rapids, one thread). */
#include "winograd/transform.h"

/* Reals of a filter that are copied together, 8 short of a multiple of 32: rows lie in different cache sets. */
#define BLOCK 152

FC_INLINE void one(const int kind, int turned, const real *filter, ptrdiff_t ld, int rows, real *to, ptrdiff_t point) {
    const int r = taps_of(kind), p = points_of(kind);
    const ptrdiff_t first = turned ? r * r - 1 : 0, step = turned ? -1 : 1;
    real taps[(TAPS * TAPS + LANES) * LANES];
    for (int t = 0; t < r * r; t += LANES)
        transpose_block(filter + t, ld, rows, r * r - t < LANES ? r * r - t : LANES, taps + t * LANES, LANES, LANES);
    vec half[TAPS][POINTS];
#pragma GCC unroll 5
    for (int j = 0; j < r; j++) {
        vec g[TAPS];
#pragma GCC unroll 5
        for (int i = 0; i < r; i++) g[i] = vec_load(taps + (first + (i * r + j) * step) * LANES);
        transform_weights(kind, g, half[j]);
    }
#pragma GCC unroll 6
    for (int i = 0; i < p; i++) {
        vec g[TAPS], u[POINTS];
#pragma GCC unroll 5
        for (int j = 0; j < r; j++) g[j] = half[j][i];
        transform_weights(kind, g, u);
#pragma GCC unroll 6
        for (int j = 0; j < p; j++) vec_store(to + (i * p + j) * point, u[j]);
    }
}

FC_INLINE void copy_run(const real *from, int count, real *to) {
    for (int j = 0; j < count; j += LANES) {
        const mask some = mask_bits(bits_below(count - j));
        vec_store_some(to + j, vec_load_some(from + j, 1, some), some);
    }
}

FC_INLINE void all(const int kind, const struct fc_conv *s, int turned, const real *weight, int rows, real *panel) {
    const int taps = taps_of(kind) * taps_of(kind);
    const ptrdiff_t c_in = s->c_in / s->groups, planes = c_in * s->kd, filter = planes * taps;
    const ptrdiff_t wide = FC_RV * LANES, point = planes * wide;
    real block[FC_RV * LANES * BLOCK];
    for (ptrdiff_t q = 0; q < planes; q += BLOCK / taps) {
        const int count = planes - q < BLOCK / taps ? (int)(planes - q) : BLOCK / taps;
        if (turned)
            for (int j = 0; j < count; j++)
                for (int i = 0; i < rows; i++)
                    copy_run(weight + ((q + j) * (s->c_out / s->groups) + i) * taps, taps, block + i * BLOCK + j * taps);
        else
            for (int i = 0; i < rows; i++) copy_run(weight + i * filter + q * taps, count * taps, block + i * BLOCK);
        for (int j = 0; j < count; j++) {
            const ptrdiff_t c = (q + j) / s->kd, ikd = (q + j) % s->kd;
            for (int v = 0; v < FC_RV; v++) {
                const int left = rows - v * LANES;
                one(kind, turned, block + v * LANES * BLOCK + j * taps, BLOCK, left < 0 ? 0 : left < LANES ? left : LANES,
                    panel + (ikd * c_in + c) * wide + v * LANES, point);
            }
        }
    }
}

void FC_FN(winograd_weights)(const struct fc_conv *s, int kind, int turned, const void *weight, int rows, void *panel) {
    switch (kind) {
    case FC_F2X3: all(FC_F2X3, s, turned, weight, rows, panel); break;
    case FC_F4X3: all(FC_F4X3, s, turned, weight, rows, panel); break;
    default: all(FC_F2X5, s, turned, weight, rows, panel);
    }
}
