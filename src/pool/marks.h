/* Winners, which travel beside maxima as small real numbers, as switches. Whole vectors, because a loop of any length leaves its
 * last steps to single elements, and rows are short. Winners may be read to the end of their last vector. */
#ifndef FC_POOL_MARKS_H
#define FC_POOL_MARKS_H

#include "kernel.h"

FC_INLINE void mark_bytes(const real *won, uint8_t *restrict to) {
    for (int l = 0; l < LANES; l++) to[l] = (uint8_t)(int32_t)won[l];
}

FC_INLINE void mark_places(const real *won, int64_t first, int64_t step, int64_t *restrict to) {
    for (int l = 0; l < LANES; l++) to[l] = first + l * step + (int64_t)(int32_t)won[l];
}

FC_INLINE void compact_marks(const real *won, ptrdiff_t count, uint8_t *to) {
    uint8_t rest[LANES];
    for (; count >= LANES; count -= LANES, won += LANES, to += LANES) mark_bytes(won, to);
    if (count <= 0) return;
    mark_bytes(won, rest);
    for (ptrdiff_t i = 0; i < count; i++) to[i] = rest[i];
}

/* `first` is what the winner of output 0 counts from, `step` how much further that of the next does. */
FC_INLINE void flat_marks(const real *won, ptrdiff_t count, int64_t first, int64_t step, int64_t *to) {
    int64_t rest[LANES];
    for (; count >= LANES; count -= LANES, won += LANES, to += LANES, first += LANES * step) mark_places(won, first, step, to);
    if (count <= 0) return;
    mark_places(won, first, step, rest);
    for (ptrdiff_t i = 0; i < count; i++) to[i] = rest[i];
}

#endif
