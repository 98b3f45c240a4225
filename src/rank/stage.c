/* Computes:     a row of keys (rank.h) from a row of any elements and strides: pixels column ... column + count - 1, of which
 *               some may lie outside the row, where the border is.
 * Source:       the order of floats as integers: Herf, Radix tricks, 2001.
 * Applies when: always.
 * Layout:       keys lie one beside the other, `step` a pixel.
 * Plan:         one call stages one row; the border pixel by pixel, as it is narrow, from what is staged where it can be.
 * Tile:         the elements are copied by their size, and become keys where they lie: a row stays in L1.
 * Cost:         a load and a store an element; for floats a comparison, which looks for NaN.
 * Accuracy:     exact; integers of 64 bits that are wanted as doubles are rounded to nearest.
 * Measured:     1024 x 1024 float32 0.14 ms, of which most is memory's (AVX-512, Sapphire Rapids, one thread). */
#include "rank/order.h"

#include <string.h>

#define COPY_STRIDED(name, type, loose)                                                            \
    static void name(const char *from, ptrdiff_t stride, ptrdiff_t count, void *to) {              \
        type *keys = to;                                                                           \
        for (ptrdiff_t i = 0; i < count; i++) keys[i] = *(const loose *)(from + i * stride);       \
    }
COPY_STRIDED(copy_8, uint8_t, uint8_t)
COPY_STRIDED(copy_16, uint16_t, loose_16)
COPY_STRIDED(copy_32, uint32_t, loose_32)
COPY_STRIDED(copy_64, uint64_t, loose_64)

#define WIDEN(name, type)                                                                          \
    static void name(const char *from, ptrdiff_t stride, ptrdiff_t count, void *to) {              \
        typedef LOOSE(type) loose;                                                                 \
        double *keys = to;                                                                         \
        for (ptrdiff_t i = 0; i < count; i++) keys[i] = (double)*(const loose *)(from + i * stride); \
    }
WIDEN(widen_i8, int8_t)
WIDEN(widen_u8, uint8_t)
WIDEN(widen_i16, int16_t)
WIDEN(widen_u16, uint16_t)
WIDEN(widen_i32, int32_t)
WIDEN(widen_u32, uint32_t)
WIDEN(widen_i64, int64_t)
WIDEN(widen_u64, uint64_t)
WIDEN(widen_f32, float)
WIDEN(widen_f64, double)

static void widen(int kind, const char *from, ptrdiff_t stride, ptrdiff_t count, void *to) {
    switch (kind) {
    case FC_I8: widen_i8(from, stride, count, to); break;
    case FC_U8:
    case FC_BOOL: widen_u8(from, stride, count, to); break;
    case FC_I16: widen_i16(from, stride, count, to); break;
    case FC_U16: widen_u16(from, stride, count, to); break;
    case FC_I32: widen_i32(from, stride, count, to); break;
    case FC_U32: widen_u32(from, stride, count, to); break;
    case FC_I64: widen_i64(from, stride, count, to); break;
    case FC_U64: widen_u64(from, stride, count, to); break;
    case FC_F32: widen_f32(from, stride, count, to); break;
    default: widen_f64(from, stride, count, to);
    }
}

/* Elements a stride apart, as they are or as doubles. */
static void take(const struct fc_rank *s, const char *from, ptrdiff_t stride, ptrdiff_t count, char *to) {
    const ptrdiff_t bytes = element_bytes(s->x_kind);
    if (s->wide)
        widen(s->x_kind, from, stride, count, to);
    else if (stride == bytes)
        memcpy(to, from, (size_t)(count * bytes));
    else if (bytes == 1)
        copy_8(from, stride, count, to);
    else if (bytes == 2)
        copy_16(from, stride, count, to);
    else if (bytes == 4)
        copy_32(from, stride, count, to);
    else
        copy_64(from, stride, count, to);
}

/* Floats copied, or looked at where they lie; whether one is NaN. */
#define COPY_FLOATS(name, type)                                                                    \
    static int name(const char *from, ptrdiff_t count, void *to) {                                 \
        const LOOSE(type) *restrict values = (const void *)from;                                   \
        type *restrict keys = to;                                                                  \
        int found = 0;                                                                             \
        for (ptrdiff_t i = 0; i < count; i++) {                                                    \
            keys[i] = values[i];                                                                   \
            found |= values[i] != values[i];                                                       \
        }                                                                                          \
        return found;                                                                              \
    }                                                                                              \
    static int name##_have_nan(const void *keys, ptrdiff_t count) {                                \
        const type *values = keys;                                                                 \
        int found = 0;                                                                             \
        for (ptrdiff_t i = 0; i < count; i++) found |= values[i] != values[i];                     \
        return found;                                                                              \
    }
COPY_FLOATS(floats, float)
COPY_FLOATS(doubles, double)

/* Pixels that lie inside a row; whether one is NaN and keys are floats. */
static int take_pixels(const struct fc_rank *s, int key, const char *from, ptrdiff_t count, char *to) {
    const ptrdiff_t bytes = key_bytes(key), items = count * s->step;
    const ptrdiff_t stride = s->step == 1 ? s->x_pixel : s->x_element;
    const int runs = s->step == 1 || s->x_pixel == s->step * s->x_element;
    if (runs && stride == bytes && !s->wide && key == KEY_F32) return floats(from, items, to);
    if (runs && stride == bytes && !s->wide && key == KEY_F64) return doubles(from, items, to);
    if (runs)
        take(s, from, stride, items, to);
    else
        for (ptrdiff_t i = 0; i < count; i++) take(s, from + i * s->x_pixel, stride, s->step, to + i * s->step * bytes);
    return key == KEY_F32 ? floats_have_nan(to, items) : key == KEY_F64 ? doubles_have_nan(to, items) : 0;
}

/* `count` elements of the constant; whether that is NaN. */
static int fill_constant(const struct fc_rank *s, ptrdiff_t count, char *to) {
    union {
        uint64_t bits;
        float f32;
        double f64;
    } value = {.bits = 0};
    const ptrdiff_t bytes = s->wide ? 8 : element_bytes(s->x_kind);
    if (s->wide || s->x_kind == FC_F64)
        value.f64 = s->value;
    else if (s->x_kind == FC_F32)
        value.f32 = (float)s->value;
    else
        value.bits = s->value < 0 ? (uint64_t)(int64_t)s->value : (uint64_t)s->value;
    switch (bytes) {
    case 1: memset(to, (int)(value.bits & 255), (size_t)count); break;
    case 2: for (ptrdiff_t i = 0; i < count; i++) ((uint16_t *)(void *)to)[i] = (uint16_t)value.bits; break;
    case 4: for (ptrdiff_t i = 0; i < count; i++) ((uint32_t *)(void *)to)[i] = (uint32_t)value.bits; break;
    default: for (ptrdiff_t i = 0; i < count; i++) ((uint64_t *)(void *)to)[i] = value.bits;
    }
    return s->value != s->value;
}

/* Pixels that are staged: [low, high), the first at `at`. */
struct staged {
    ptrdiff_t low, high;
    const char *at;
};

FC_INLINE void copy_pixel(const char *from, ptrdiff_t bytes, char *to) {
    if (bytes == 1)
        *to = *from;
    else if (bytes == 4)
        memcpy(to, from, 4);
    else
        memcpy(to, from, (size_t)bytes);
}

/* Pixels [column, column_end), all of them outside the row; whether one is NaN that those staged do not have. */
static int take_border(const struct fc_rank *s, int key, const char *row, const struct staged *inside, ptrdiff_t column,
                       ptrdiff_t column_end, char *to) {
    const ptrdiff_t bytes = s->step * key_bytes(key);
    int odd = 0;
    for (; column < column_end; column++, to += bytes) {
        const ptrdiff_t at = border_source(s->border_w, column, s->w);
        if (at >= inside->low && at < inside->high)
            copy_pixel(inside->at + (at - inside->low) * bytes, bytes, to);
        else
            odd |= at < 0 ? fill_constant(s, s->step, to) : take_pixels(s, key, row + at * s->x_pixel, 1, to);
    }
    return odd;
}

int FC_FN(rank_stage)(const struct fc_rank *s, int key, const char *row, ptrdiff_t column, ptrdiff_t count, void *to) {
    const ptrdiff_t items = count * s->step, bytes = s->step * key_bytes(key), end = column + count;
    const ptrdiff_t low = column < 0 ? (end < 0 ? end : 0) : column, high = end > s->w ? (column > s->w ? column : s->w) : end;
    char *at = to;
    int odd = 0;
    if (!row) {
        odd = fill_constant(s, items, at);
    } else {
        const ptrdiff_t right = high > low ? high : low;
        const struct staged inside = {low, high, at + (low - column) * bytes};
        if (low < high) odd |= take_pixels(s, key, row + low * s->x_pixel, high - low, at + (low - column) * bytes);
        odd |= take_border(s, key, row, &inside, column, low, at);
        odd |= take_border(s, key, row, &inside, right, end, at + (right - column) * bytes);
    }
    if (key == KEY_F32 || key == KEY_F64) return odd;
    if (floats_ordered(s, key))
        order_floats(key, items, to);
    else if (signs_turn(s))
        turn_signs((int)key_bytes(key), items, to);
    return 0;
}
