/* What the rank filters share: the kinds of keys they compare, and rows of keys.
 *
 * A key is an element as it is compared: bytes and 16-bit words without a sign, longer integers with one, floats as floats
 * as long as a band of rows has no NaN, and otherwise as integers in the order in which NaN is larger than every number and -0
 * is less than +0. Of the keys of 8, 16 and 32 bits the kernels of width 32 know, of those of 64 bits the others. */
#ifndef FC_RANK_H
#define FC_RANK_H

#include <string.h>

#include "border.h"

/* Output rows [row, row_end), pixels [column, column_end) of a plane. */
struct part {
    ptrdiff_t row, row_end, column, column_end;
};

enum key { KEY_U8, KEY_U16, KEY_I32, KEY_F32, KEY_I64, KEY_F64 };

/* As which key an element is compared. */
FC_INLINE int key_of(const struct fc_rank *s) {
    static const char keys[] = {
        [FC_I8] = KEY_U8,   [FC_U8] = KEY_U8,   [FC_I16] = KEY_U16, [FC_U16] = KEY_U16, [FC_I32] = KEY_I32,  [FC_U32] = KEY_I32,
        [FC_I64] = KEY_I64, [FC_U64] = KEY_I64, [FC_F32] = KEY_F32, [FC_F64] = KEY_F64, [FC_BOOL] = KEY_U8,
    };
    return s->wide ? KEY_F64 : keys[s->x_kind];
}

/* The integers that order floats with NaN among them. */
FC_INLINE int ordered(int key) { return key == KEY_F32 ? KEY_I32 : key == KEY_F64 ? KEY_I64 : key; }

FC_INLINE ptrdiff_t key_bytes(int key) {
    return key == KEY_U8 ? 1 : key == KEY_U16 ? 2 : key == KEY_I32 || key == KEY_F32 ? 4 : 8;
}

FC_INLINE ptrdiff_t element_bytes(int kind) {
    static const char bytes[] = {[FC_I8] = 1,  [FC_U8] = 1,  [FC_I16] = 2, [FC_U16] = 2, [FC_I32] = 4, [FC_U32] = 4,
                                 [FC_I64] = 8, [FC_U64] = 8, [FC_F32] = 4, [FC_F64] = 8, [FC_BOOL] = 1};
    return bytes[kind];
}

/* name_<key>(...) of a key of this width. */
#if FC_WIDTH == 32
#define BY_KEY(key, name, ...)                                                                             \
    ((key) == KEY_U8    ? name##_u8(__VA_ARGS__)                                                           \
     : (key) == KEY_U16 ? name##_u16(__VA_ARGS__)                                                          \
     : (key) == KEY_I32 ? name##_i32(__VA_ARGS__)                                                          \
                        : name##_f32(__VA_ARGS__))
#else
#define BY_KEY(key, name, ...) ((key) == KEY_I64 ? name##_i64(__VA_ARGS__) : name##_f64(__VA_ARGS__))
#endif

/* Where row i of a plane begins, NULL where it is a row of the constant. */
FC_INLINE const char *row_of(const struct fc_rank *s, const char *plane, ptrdiff_t i) {
    if (i < 0 || i >= s->h) i = border_source(s->border_h, i, s->h);
    return plane && i >= 0 ? plane + i * s->x_row : NULL;
}

/* Whether keys are what lies in y, there one beside the other, so that results need no row of their own. */
FC_INLINE int stores_directly(const struct fc_rank *s, int key, const char *y) {
    static const char kinds[] = {[KEY_U8] = FC_U8,   [KEY_U16] = FC_U16, [KEY_I32] = FC_I32,
                                 [KEY_F32] = FC_F32, [KEY_I64] = FC_I64, [KEY_F64] = FC_F64};
    const ptrdiff_t bytes = key_bytes(key);
    const int x_kind = s->wide ? FC_F64 : s->x_kind == FC_BOOL ? FC_U8 : s->x_kind;
    const int y_kind = s->y_kind == FC_BOOL && s->x_kind == FC_BOOL ? FC_U8 : s->y_kind;
    const int packed = (s->step == 1 || s->y_element == bytes) && s->y_pixel == s->step * bytes;
    return x_kind == kinds[key] && y_kind == x_kind && packed && ((uintptr_t)y | (uintptr_t)s->y_row) % (uintptr_t)bytes == 0;
}

/* Row `tap` of a plane, of those that output row part->row + turn reads, in a ring of planes * kh staged rows. */
FC_INLINE char *ring_row(const struct fc_rank *s, char *ring, ptrdiff_t plane, ptrdiff_t tap, ptrdiff_t turn) {
    return ring + (plane * s->kh + (tap + turn) % s->kh) * s->pitch;
}

/* Stages those of the rows that output row part->row + turn reads which the one before did not; whether they hold NaN. */
FC_INLINE int stage_ring(const struct fc_rank *s, int key, const char *const *x, const struct part *part, ptrdiff_t turn,
                         char *ring) {
    const ptrdiff_t pixels = part->column_end - part->column + s->kw - 1, first = part->row + turn - s->top;
    int odd = 0;
    for (ptrdiff_t plane = 0; plane < s->planes; plane++)
        for (ptrdiff_t tap = turn ? s->kh - 1 : 0; tap < s->kh; tap++)
            odd |= FC_FN(rank_stage)(s, key, row_of(s, x[plane], first + tap), part->column - s->left, pixels,
                                     ring_row(s, ring, plane, tap, turn));
    return odd;
}

#endif
