/* Computes:     V = B^T d B of a run of tiles along one row of tiles, for every input channel of a group; A d A^T where d is
 *               the gradient of an output, whose tiles do not overlap (FC_GRAD4X3).
 * Source:       Lavin & Gray, arXiv 1509.09308, section 4.1; points as transform.h says.
 * Applies when: stride 1, NCHW or NHWC; `tiles` fit SEGMENT input pixels. With dilation, tiles are of the grid of every
 *               dilation-th row and column that their first output is on.
 * Layout:       x at the image's and group's first channel; (ioh, iow) is the first tile's first output; V(point, tile, k) =
 *               v[point * v_point + tile * v_tile + k], where k = ikd * c_in + c and v_tile leaves a vector's room behind the
 *               last k. `stage` holds POINTS * SEGMENT vectors.
 * Plan:         one call owns the V of its tiles.
 * Tile:         channels in lanes, so maps of any width fill the vectors. LANES channels of the run are staged pixel by
 *               pixel (turned over in registers in NCHW), with the border around them: zeros, or a copy of a staged pixel,
 *               or of one from elsewhere in the row; columns are transformed there once for both tiles that share them,
 *               then each tile's rows on their way to V.
 * Cost:         POINTS / outputs reads of each input row; some 14 operations for each 1-D transform of six.
 * Accuracy:     see output.c.
 * Measured:     64 channels of 56 x 56, F(4x4): 0.09 ms of a call of 0.56 (AVX-512, Sapphire Rapids, one thread). */
#include "border.h"
#include "winograd/transform.h"

struct run {
    const struct fc_conv *s;
    ptrdiff_t column; /* of the first tile's corner; may lie outside */
    int pixels;
    int low, high; /* pixels inside the row */
    int end;       /* pixels that an output reads; zeros follow */
    ptrdiff_t source[SEGMENT]; /* of a pixel in the border: the column it repeats, or -1 */
    real constant[SEGMENT];
};

/* The pixels of a row in the border, once those inside are staged; `row` is NULL where all of it holds `fill`. */
static void stage_border(const struct run *run, const real *row, real fill, int channels, real *stage) {
    const struct fc_conv *s = run->s;
    const mask some = mask_bits(bits_below(channels));
    for (int p = 0; p < run->end; p++) {
        if (p == run->low && run->low < run->high) p = run->high;
        if (p >= run->end) return;
        const ptrdiff_t at = run->source[p], ahead = at - run->column;
        const ptrdiff_t staged = s->dilation_w == 1 ? ahead : ahead % s->dilation_w ? -1 : ahead / s->dilation_w;
        vec v;
        if (at < 0)
            v = vec_set1(run->constant[p] != 0 || row ? run->constant[p] : fill);
        else if (staged >= run->low && staged < run->high)
            v = vec_load(stage + staged * LANES);
        else
            v = row ? vec_load_some(row + at * s->x_pixel, s->x_channel, some) : vec_set1(fill);
        vec_store(stage + p * LANES, v);
    }
}

/* One row of LANES channels (or fewer) into the stage. */
FC_INLINE void stage_row(const struct run *run, const real *x, ptrdiff_t pixel, int channels, real *stage) {
    const struct fc_conv *s = run->s;
    const ptrdiff_t step = s->dilation_w;
    if (s->x_pixel != 1) {
        const mask some = mask_bits(bits_below(channels));
        for (int p = 0; p < run->pixels; p++)
            vec_store(stage + p * LANES, p >= run->low && p < run->high
                                             ? vec_load_some(x + (pixel + p * step) * s->x_pixel, 1, some)
                                             : vec_zero());
        return;
    }
    for (int p = 0; p < run->pixels; p += LANES) {
        vec v[LANES];
        const uint32_t bits = bits_between(run->low - p, run->high - p);
        const mask inside = mask_bits(bits);
        if (bits == BITS_ALL && channels == LANES && step == 1) {
#pragma GCC unroll 16
            for (int c = 0; c < LANES; c++) v[c] = vec_load(x + c * s->x_channel + pixel + p);
        } else {
#pragma GCC unroll 16
            for (int c = 0; c < LANES; c++)
                v[c] = c < channels ? vec_load_some(x + c * s->x_channel + pixel + p * step, step, inside) : vec_zero();
        }
        vec_transpose(v);
        const int count = run->pixels - p < LANES ? run->pixels - p : LANES;
        if (count == LANES) {
#pragma GCC unroll 16
            for (int i = 0; i < LANES; i++) vec_store(stage + (p + i) * LANES, v[i]);
        } else {
#pragma GCC unroll 16
            for (int i = 0; i < LANES; i++) {
                if (i >= count) break;
                vec_store(stage + (p + i) * LANES, v[i]);
            }
        }
    }
}

FC_INLINE void transform_run(const int kind, const struct run *run, int tiles, real *stage, real *v, ptrdiff_t v_point,
                             ptrdiff_t v_tile) {
    const int points = points_of(kind), outputs = outputs_of(kind), reads = reads_of(kind);
    for (int p = 0; p < run->pixels; p++) {
        vec d[POINTS];
#pragma GCC unroll 6
        for (int i = 0; i < reads; i++) d[i] = vec_load(stage + (i * SEGMENT + p) * LANES);
        transform_input(kind, d);
#pragma GCC unroll 6
        for (int i = 0; i < points; i++) vec_store(stage + (i * SEGMENT + p) * LANES, d[i]);
    }
    for (int t = 0; t < tiles; t++, v += v_tile)
#pragma GCC unroll 6
        for (int i = 0; i < points; i++) {
            vec d[POINTS];
#pragma GCC unroll 6
            for (int j = 0; j < reads; j++) d[j] = vec_load(stage + (i * SEGMENT + t * outputs + j) * LANES);
            transform_input(kind, d);
#pragma GCC unroll 6
            for (int j = 0; j < points; j++) vec_store(v + (i * points + j) * v_point, d[j]);
        }
}

/* A row of the stage: of the input, of the border, or beyond what any output reads. */
FC_INLINE void stage_any_row(const struct run *run, const real *x, ptrdiff_t id, ptrdiff_t ih, ptrdiff_t reach, int channels,
                             real *stage) {
    const struct fc_conv *s = run->s;
    real fill = 0;
    const ptrdiff_t row = ih <= reach ? border_row(s, id, ih, &fill) : -1;
    if (row >= 0)
        stage_row(run, x, row + run->column, channels, stage);
    else
        for (int p = 0; p < run->pixels; p++)
            vec_store(stage + p * LANES, p >= run->low && p < run->high ? vec_set1(fill) : vec_zero());
    if (s->border.present && ih <= reach) stage_border(run, row < 0 ? NULL : x + row * s->x_pixel, fill, channels, stage);
}

FC_INLINE void all(const int kind, const struct fc_conv *s, const real *x, ptrdiff_t iod, ptrdiff_t ioh, ptrdiff_t iow, int tiles,
                   real *v, ptrdiff_t v_point, ptrdiff_t v_tile, real *stage) {
    const int reads = reads_of(kind), outputs = outputs_of(kind);
    const ptrdiff_t c_in = s->c_in / s->groups, row = ioh - s->pad_h;
    const ptrdiff_t reach = s->oh - 1 + (s->kh - 1) * s->dilation_h - s->pad_h;
    struct run run;
    run.s = s, run.column = iow - s->pad_w, run.pixels = tiles * outputs + reads - outputs;
    const ptrdiff_t low = places_below(0, run.column, s->dilation_w), high = places_below(s->w, run.column, s->dilation_w);
    const ptrdiff_t end = places_below(s->ow, iow, s->dilation_w) + s->kw - 1;
    run.low = low < run.pixels ? (int)low : run.pixels;
    run.high = high < run.pixels ? (int)high : run.pixels;
    run.end = end < run.pixels ? (int)end : run.pixels;
    if (s->border.present)
        for (int p = 0; p < run.end; p++) {
            run.constant[p] = 0;
            run.source[p] = border_at(s, 2, s->w, run.column + p * s->dilation_w, &run.constant[p]);
        }
    for (ptrdiff_t ikd = 0; ikd < s->kd; ikd++) {
        const ptrdiff_t id = iod * s->stride_d - s->pad_d + ikd * s->dilation_d;
        for (ptrdiff_t c = 0; c < c_in; c += LANES) {
            const int channels = c_in - c < LANES ? (int)(c_in - c) : LANES;
            for (int i = 0; i < reads; i++)
                stage_any_row(&run, x + c * s->x_channel, id, row + i * s->dilation_h, reach, channels,
                              stage + i * SEGMENT * LANES);
            transform_run(kind, &run, tiles, stage, v + ikd * c_in + c, v_point, v_tile);
        }
    }
}

void FC_FN(winograd_input)(const struct fc_conv *s, int kind, const void *x, ptrdiff_t iod, ptrdiff_t ioh, ptrdiff_t iow,
                           int tiles, void *v, ptrdiff_t v_point, ptrdiff_t v_tile, void *stage) {
    switch (kind) {
    case FC_F2X3: all(FC_F2X3, s, x, iod, ioh, iow, tiles, v, v_point, v_tile, stage); break;
    case FC_F4X3: all(FC_F4X3, s, x, iod, ioh, iow, tiles, v, v_point, v_tile, stage); break;
    case FC_GRAD4X3: all(FC_GRAD4X3, s, x, iod, ioh, iow, tiles, v, v_point, v_tile, stage); break;
    default: all(FC_F2X5, s, x, iod, ioh, iow, tiles, v, v_point, v_tile, stage);
    }
}
