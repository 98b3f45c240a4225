/* Input rows laid out for kernels that read whole vectors at every tap: the border is there, and the columns that consecutive
 * outputs read at one tap lie side by side whatever the stride. */
#ifndef FC_STAGE_H
#define FC_STAGE_H

#include "border.h"

/* Places [0, count) that hold columns first + i*step of a row; those in [low, high) lie in the row, the others in the border,
 * of which outputs read what lies before `end`. Worked out once for all rows, as it takes divisions. */
struct window {
    ptrdiff_t first, step, count, low, high, end;
};

FC_INLINE struct window window_of(const struct fc_conv *s, ptrdiff_t first, ptrdiff_t step, ptrdiff_t count) {
    struct window window = {first, step, count, 0, 0, 0};
    window.low = places_below(0, first, step), window.high = places_below(s->w, first, step);
    window.end = places_below((s->ow - 1) * s->stride_w + (s->kw - 1) * s->dilation_w - s->pad_w + 1, first, step);
    if (window.high > count) window.high = count;
    if (window.low > window.high) window.low = window.high;
    if (window.end > count) window.end = count;
    return window;
}

/* The places in the border, once the others are staged; a row that is NULL holds `fill`. */
static __attribute__((noinline, unused)) void stage_border(const struct fc_conv *s, const struct window *window,
                                                           const real *from, real fill, real *to) {
    for (ptrdiff_t i = 0; i < window->end; i++) {
        if (i == window->low) i = window->high;
        if (i >= window->end) return;
        real value = from ? 0 : fill;
        const ptrdiff_t at = border_at(s, 2, s->w, window->first + i * window->step, &value);
        to[i] = at < 0 ? value : from ? from[at] : fill;
    }
}

/* Stores whole vectors, up to LANES - 1 places more than count; `from` is NULL for a row that holds `fill`. */
FC_INLINE void stage_columns(const struct fc_conv *s, const struct window *window, const real *from, real fill, real *to) {
    for (ptrdiff_t i = 0; i < window->count; i += LANES) {
        const real *at = from ? from + window->first + i * window->step : NULL;
        if (!from) {
            vec_store(to + i, vec_set1(fill));
        } else if (i >= window->low && i + LANES <= window->high) {
            vec_store(to + i, vec_load_stride(at, window->step));
        } else {
            const uint32_t bits = bits_between(window->low - i, window->high - i);
            vec_store(to + i, bits ? vec_load_some(at, window->step, mask_bits(bits)) : vec_zero());
        }
    }
    if (s->border.present) stage_border(s, window, from, fill, to);
}

#endif
