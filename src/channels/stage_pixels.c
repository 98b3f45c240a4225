/* Computes:     to[i] = the channels of pixel first + i*step of row (id, ih) of an image, with the border around it.
 * Source:       our own.
 * Applies when: always.
 * Layout:       x at the first channel of image and group, NCHW or NHWC; to[i] is `ld` reals after to[i - 1], of which those
 *               beyond the group's channels are not touched.
 * Plan:         one call owns a row.
 * Tile:         blocks of LANES channels x LANES pixels turned over in registers; channels last are copied.
 * Cost:         one load, one store and 4 shuffles a vector of 16.
 * Accuracy:     exact. */
#include "border.h"
#include "transpose.h"

FC_INLINE int part(ptrdiff_t left) { return left < LANES ? (int)left : LANES; }

FC_INLINE void copy_pixel(const real *from, ptrdiff_t step, ptrdiff_t channels, real *to) {
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
        const mask some = mask_bits(bits_below(channels - c));
        vec_store_some(to + c, vec_load_some(from + c * step, step, some), some);
    }
}

/* A block whose pixels lie `step` apart. */
static void turn_apart(const real *from, ptrdiff_t ld_from, ptrdiff_t step, int rows, int columns, real *to, ptrdiff_t ld) {
    vec v[LANES];
    const mask wide = mask_bits(bits_below(columns)), tall = mask_bits(bits_below(rows));
    for (int i = 0; i < LANES; i++) v[i] = i < rows ? vec_load_some(from + i * ld_from, step, wide) : vec_zero();
    vec_transpose(v);
    for (int j = 0; j < columns; j++) vec_store_some(to + j * ld, v[j], tall);
}

static void stage_inside(const struct fc_conv *s, const real *from, ptrdiff_t step, ptrdiff_t count, ptrdiff_t channels,
                         real *to, ptrdiff_t ld) {
    if (s->x_pixel != 1) {
        for (ptrdiff_t i = 0; i < count; i++) copy_pixel(from + i * step * s->x_pixel, s->x_channel, channels, to + i * ld);
        return;
    }
    for (ptrdiff_t c = 0; c < channels; c += LANES)
        for (ptrdiff_t i = 0; i < count; i += LANES) {
            const real *block = from + c * s->x_channel + i * step;
            if (step == 1)
                transpose_block(block, s->x_channel, part(channels - c), part(count - i), to + i * ld + c, ld,
                                part(channels - c));
            else
                turn_apart(block, s->x_channel, step, part(channels - c), part(count - i), to + i * ld + c, ld);
        }
}

/* A pixel outside the row, or of a row outside the image, which is NULL and holds `fill`. */
static void stage_outside(const struct fc_conv *s, const real *row, real fill, ptrdiff_t column, ptrdiff_t channels, real *to) {
    real value = row ? 0 : fill;
    const ptrdiff_t at = border_at(s, 2, s->w, column, &value);
    if (row && at >= 0) {
        copy_pixel(row + at * s->x_pixel, s->x_channel, channels, to);
        return;
    }
    for (ptrdiff_t c = 0; c < channels; c += LANES)
        vec_store_some(to + c, vec_set1(at < 0 ? value : fill), mask_bits(bits_below(channels - c)));
}

void FC_FN(stage_pixels)(const struct fc_conv *s, const void *x, ptrdiff_t id, ptrdiff_t ih, ptrdiff_t first, ptrdiff_t step,
                         ptrdiff_t count, void *to, ptrdiff_t ld) {
    const ptrdiff_t channels = s->c_in / s->groups;
    real fill = 0;
    const ptrdiff_t place = border_row(s, id, ih, &fill);
    const real *row = place < 0 ? NULL : (const real *)x + place * s->x_pixel;
    ptrdiff_t low = places_below(0, first, step), high = row ? places_below(s->w, first, step) : 0;
    if (high > count) high = count;
    if (low >= high) low = high = count;
    for (ptrdiff_t i = 0; i < count; i++) {
        if (i == low) i = high;
        if (i >= count) break;
        stage_outside(s, row, fill, first + i * step, channels, (real *)to + i * ld);
    }
    if (low < high)
        stage_inside(s, row + (first + low * step) * s->x_pixel, step, high - low, channels, (real *)to + low * ld, ld);
}
