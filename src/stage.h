/* Input rows laid out for kernels that read whole vectors at every tap: the border is there, and the columns that consecutive
 * outputs read at one tap lie side by side whatever the stride. */
#ifndef FC_STAGE_H
#define FC_STAGE_H

#include "kernel.h"

/* Places [0, count) that hold columns first + i*step of a row; those in [low, high) lie in the row, the others in the border.
 * Worked out once for all rows, as it takes divisions. */
struct window {
    ptrdiff_t first, step, count, low, high;
};

FC_INLINE struct window window_of(ptrdiff_t w, ptrdiff_t first, ptrdiff_t step, ptrdiff_t count) {
    struct window window = {first, step, count, first >= 0 ? 0 : (-first + step - 1) / step,
                            w - first <= 0 ? 0 : (w - first + step - 1) / step};
    if (window.high > count) window.high = count;
    if (window.low > window.high) window.low = window.high;
    return window;
}

/* Stores whole vectors, up to LANES - 1 places more than count; `from` is NULL for a row of the border. */
FC_INLINE void stage_columns(const struct window *window, const real *from, real *to) {
    const ptrdiff_t low = from ? window->low : 0, high = from ? window->high : 0, step = window->step;
    const real *at = from ? from + window->first : NULL;
    for (ptrdiff_t i = 0; i < window->count; i += LANES) {
        if (i >= low && i + LANES <= high) {
            vec_store(to + i, vec_load_stride(at + i * step, step));
        } else {
            const uint32_t bits = bits_between(low - i, high - i);
            vec_store(to + i, bits ? vec_load_some(at + i * step, step, mask_bits(bits)) : vec_zero());
        }
    }
}

#endif
