/* Computes:     sums[tap] += sum over a strip of staged rows of dy * x at the tap, in every lane: the gradient of one channel's
 *               filter, lanes added up at last (lane_sums), or of LANES channels' filters.
 * Source:       Goodfellow, Bengio & Courville, Deep Learning, 2016, section 9.5, eq. 9.11; the register tile is our own.
 * Applies when: x is staged (stage_windows, channels/stage_pixels.c), so that neither stride nor border is seen here.
 * Layout:       vector v of row r of dy at dy[r*dy_row + v*dy_step], what it meets at tap (i, t) at x[r*x_row + v*x_step +
 *               i*tap_row + at[t]]; sums [kh * kw][LANES]. Only `last` lanes of a row's last vector are there.
 * Plan:         one call owns the sums. What will be staged next, at `ahead`, is meanwhile brought to L2 line by line.
 * Tile:         up to 3 x 3 taps stay in registers over all rows; a vector of dy is loaded once for all of them.
 * Cost:         10 loads for 9 multiply-adds.
 * Accuracy:     one chain a lane and tap, then a tree: factor 1.
 * Measured:     128 channels of 56 x 56, 3x3: 0.25 to 0.3 ms with the staging, 3.2 MB from L3 (AVX-512, Sapphire Rapids, one
 *               thread). */
#include "stage.h"

#define SIDE 3

struct strip {
    const real *dy;
    ptrdiff_t dy_row, dy_step, x_row, x_step, tap_row, rows, whole;
    mask last;
    const char *ahead;
};

FC_INLINE void strip(const struct strip *b, const real *x, const ptrdiff_t *at, real *sums, ptrdiff_t sums_row, const int tall,
                     const int wide) {
    vec sum[SIDE][SIDE];
#pragma GCC unroll 3
    for (int i = 0; i < tall; i++)
#pragma GCC unroll 3
        for (int t = 0; t < wide; t++) sum[i][t] = vec_load(sums + i * sums_row + t * LANES);
    const real *dy = b->dy;
    const char *ahead = b->ahead;
    for (ptrdiff_t r = 0; r < b->rows; r++, dy += b->dy_row, x += b->x_row) {
        const real *from = x, *grad = dy;
        for (ptrdiff_t v = 0; v < b->whole; v++, from += b->x_step, grad += b->dy_step, ahead += 64) {
            const vec g = vec_load(grad);
            __builtin_prefetch(ahead, 0, 2);
#pragma GCC unroll 3
            for (int i = 0; i < tall; i++)
#pragma GCC unroll 3
                for (int t = 0; t < wide; t++) sum[i][t] = vec_fma(g, vec_load(from + i * b->tap_row + at[t]), sum[i][t]);
        }
        const vec g = vec_load_some(grad, 1, b->last);
#pragma GCC unroll 3
        for (int i = 0; i < tall; i++)
#pragma GCC unroll 3
            for (int t = 0; t < wide; t++)
                sum[i][t] = vec_fma(g, vec_load_some(from + i * b->tap_row + at[t], 1, b->last), sum[i][t]);
    }
#pragma GCC unroll 3
    for (int i = 0; i < tall; i++)
#pragma GCC unroll 3
        for (int t = 0; t < wide; t++) vec_store(sums + i * sums_row + t * LANES, sum[i][t]);
}

#define TALL(tall)                                                      \
    (wide == 1   ? strip(b, x, at, sums, sums_row, tall, 1)             \
     : wide == 2 ? strip(b, x, at, sums, sums_row, tall, 2)             \
                 : strip(b, x, at, sums, sums_row, tall, 3))

static void any_strip(const struct strip *b, const real *x, const ptrdiff_t *at, real *sums, ptrdiff_t sums_row, int tall,
                      int wide) {
    tall == 1 ? TALL(1) : tall == 2 ? TALL(2) : TALL(3);
}

void FC_FN(depthwise_grad)(const void *x, ptrdiff_t x_row, ptrdiff_t x_step, const void *dy, ptrdiff_t dy_row, ptrdiff_t dy_step,
                           ptrdiff_t rows, ptrdiff_t vectors, int last, ptrdiff_t kh, ptrdiff_t tap_row, ptrdiff_t kw,
                           const ptrdiff_t *at, const void *ahead, void *sums) {
    const struct strip b = {dy, dy_row, dy_step, x_row, x_step, tap_row, rows, vectors - 1, mask_bits(bits_below(last)), ahead};
    for (ptrdiff_t i = 0; i < kh; i += SIDE)
        for (ptrdiff_t t = 0; t < kw; t += SIDE)
            any_strip(&b, (const real *)x + i * tap_row, at + t, (real *)sums + (i * kw + t) * LANES, kw * LANES,
                      kh - i < SIDE ? (int)(kh - i) : SIDE, kw - t < SIDE ? (int)(kw - t) : SIDE);
}

/* A vector of places from place i on, of rows that lie inside, `row` reals apart. */
static void stage_column(const struct window *window, ptrdiff_t i, const real *from, ptrdiff_t row, ptrdiff_t rows, real *to,
                         ptrdiff_t to_row) {
    const uint32_t bits = bits_between(window->low - i, window->high - i);
    const mask inside = mask_bits(bits);
    if (window->step == 1 && bits == BITS_ALL)
        for (ptrdiff_t r = 0; r < rows; r++) vec_store(to + r * to_row, vec_load(from + r * row));
    else
        for (ptrdiff_t r = 0; r < rows; r++) vec_store(to + r * to_row, vec_load_some(from + r * row, window->step, inside));
}

/* Rows ih, ih + ih_step, ... of a plane, each as windows of the columns first, first + stride_w, ..., `pitch` reals apart. */
void FC_FN(stage_windows)(const struct fc_conv *s, const void *x, ptrdiff_t id, ptrdiff_t ih, ptrdiff_t ih_step, ptrdiff_t rows,
                          ptrdiff_t windows, ptrdiff_t window_step, ptrdiff_t pitch, void *to) {
    const int in_depth = id >= 0 && id < s->d;
    ptrdiff_t low = places_below(0, ih, ih_step), high = in_depth ? places_below(s->h, ih, ih_step) : 0;
    if (high > rows) high = rows;
    if (low > high) low = high;
    const ptrdiff_t first = (id * s->h + ih + low * ih_step) * s->w, to_row = windows * pitch;
    for (ptrdiff_t i = 0; i < windows; i++) {
        const struct window window = window_of(s, i * window_step - s->pad_w, s->stride_w, pitch);
        real *stage = (real *)to + i * pitch;
        if (low < high)
            for (ptrdiff_t v = 0; v < pitch; v += LANES)
                stage_column(&window, v, (const real *)x + first + window.first + v * window.step, ih_step * s->w, high - low,
                             stage + low * to_row + v, to_row);
        for (ptrdiff_t r = 0; r < rows; r++) {
            if (r >= low && r < high && !s->border.present) {
                r = high - 1;
                continue;
            }
            real fill = 0;
            const ptrdiff_t place = border_row(s, id, ih + r * ih_step, &fill);
            stage_columns(s, &window, place < 0 ? NULL : (const real *)x + place, fill, stage + r * to_row);
        }
    }
}

void FC_FN(lane_sums)(const void *sums, ptrdiff_t count, void *to) {
    for (ptrdiff_t i = 0; i < count; i++) ((real *)to)[i] = vec_sum(vec_load((const real *)sums + i * LANES));
}
