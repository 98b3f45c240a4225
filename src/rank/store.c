/* Computes:     a row of results from a row of keys (rank.h): elements of any type and strides.
 * Source:       -
 * Applies when: always.
 * Layout:       keys lie one beside the other, `step` a pixel; they are overwritten.
 * Plan:         one call stores one row.
 * Tile:         keys of another type than y's go by way of WIDE doubles or 64-bit integers, which every type turns into.
 * Cost:         a load and a store an element, another pair where the type changes.
 * Accuracy:     exact where the type of y holds the value; otherwise integers wrap modulo 2^bits, fractions are cut off towards
 *               zero, and floats too large for 64 bits or NaN become -2^63 before they wrap. A bool is whether it is not zero.
 * Measured:     1024 x 1024 maximum over 3 x 3, uint8 to float64: 0.79 ms (AVX-512, Sapphire Rapids, one thread). */
#include <string.h>

#include "rank/order.h"

#define WIDE 128

enum wide { SIGNED, UNSIGNED, REAL };

/* What a kind of elements becomes on its way to another. */
FC_INLINE enum wide wide_of(int kind) {
    return kind == FC_F32 || kind == FC_F64                                       ? REAL
           : kind == FC_I8 || kind == FC_I16 || kind == FC_I32 || kind == FC_I64 ? SIGNED
                                                                                  : UNSIGNED;
}

union wide_row {
    int64_t integer[WIDE];
    uint64_t natural[WIDE];
    double real[WIDE];
};

#define SPREAD(type, field) \
    for (ptrdiff_t i = 0; i < count; i++) to->field[i] = ((const type *)keys)[i];

static void spread(int kind, const void *keys, ptrdiff_t count, union wide_row *to) {
    switch (kind) {
    case FC_I8: SPREAD(int8_t, integer) break;
    case FC_I16: SPREAD(int16_t, integer) break;
    case FC_I32: SPREAD(int32_t, integer) break;
    case FC_I64: SPREAD(int64_t, integer) break;
    case FC_U8:
    case FC_BOOL: SPREAD(uint8_t, natural) break;
    case FC_U16: SPREAD(uint16_t, natural) break;
    case FC_U32: SPREAD(uint32_t, natural) break;
    case FC_U64: SPREAD(uint64_t, natural) break;
    case FC_F32: SPREAD(float, real) break;
    default: SPREAD(double, real)
    }
}

/* Fractions cut off; what 64 bits do not hold, and NaN, as x86 converts it. */
FC_INLINE uint64_t whole(double value) {
    if (value >= 0x1p63 && value < 0x1p64) return (uint64_t)value;
    return value >= -0x1p63 && value < 0x1p63 ? (uint64_t)(int64_t)value : (uint64_t)1 << 63;
}

#define EACH_TO(type, value) \
    for (ptrdiff_t i = 0; i < count; i++) *(LOOSE(type) *)(to + i * stride) = (type)(value);

static void narrow_bits(int kind, const union wide_row *from, ptrdiff_t count, char *to, ptrdiff_t stride) {
    switch (element_bytes(kind)) {
    case 1: EACH_TO(uint8_t, from->natural[i]) break;
    case 2: EACH_TO(uint16_t, from->natural[i]) break;
    case 4: EACH_TO(uint32_t, from->natural[i]) break;
    default: EACH_TO(uint64_t, from->natural[i])
    }
}

/* A stretch of wide values to elements of y that lie `stride` bytes apart. */
static void narrow(int kind, enum wide wide, union wide_row *from, ptrdiff_t count, char *to, ptrdiff_t stride) {
    if (kind == FC_BOOL && wide == REAL) {
        EACH_TO(uint8_t, from->real[i] != 0)
    } else if (kind == FC_BOOL) {
        EACH_TO(uint8_t, from->natural[i] != 0)
    } else if (kind == FC_F32 && wide == REAL) {
        EACH_TO(float, from->real[i])
    } else if (kind == FC_F32 && wide == SIGNED) {
        EACH_TO(float, from->integer[i])
    } else if (kind == FC_F32) {
        EACH_TO(float, from->natural[i])
    } else if (kind == FC_F64 && wide == REAL) {
        EACH_TO(double, from->real[i])
    } else if (kind == FC_F64 && wide == SIGNED) {
        EACH_TO(double, from->integer[i])
    } else if (kind == FC_F64) {
        EACH_TO(double, from->natural[i])
    } else {
        if (wide == REAL)
            for (ptrdiff_t i = 0; i < count; i++) from->natural[i] = whole(from->real[i]);
        narrow_bits(kind, from, count, to, stride);
    }
}

/* Elements one beside the other to elements of y `stride` bytes apart. */
static void put(int kind, int y_kind, const char *keys, ptrdiff_t count, char *to, ptrdiff_t stride) {
    const ptrdiff_t bytes = element_bytes(kind);
    if (kind == y_kind && stride == bytes) {
        memcpy(to, keys, (size_t)(count * bytes));
    } else if (kind == y_kind && bytes == 1) {
        EACH_TO(uint8_t, ((const uint8_t *)keys)[i])
    } else if (kind == y_kind && bytes == 2) {
        EACH_TO(uint16_t, ((const loose_16 *)keys)[i])
    } else if (kind == y_kind && bytes == 4) {
        EACH_TO(uint32_t, ((const loose_32 *)keys)[i])
    } else if (kind == y_kind) {
        EACH_TO(uint64_t, ((const loose_64 *)keys)[i])
    } else {
        union wide_row row;
        for (ptrdiff_t i = 0; i < count; i += WIDE) {
            const ptrdiff_t some = count - i < WIDE ? count - i : WIDE;
            spread(kind, keys + i * bytes, some, &row);
            narrow(y_kind, wide_of(kind), &row, some, to + i * stride, stride);
        }
    }
}

void FC_FN(rank_store)(const struct fc_rank *s, int key, void *keys, ptrdiff_t count, char *to) {
    const int kind = s->wide ? FC_F64 : s->x_kind;
    const ptrdiff_t bytes = s->step * key_bytes(key);
    if (floats_ordered(s, key))
        unorder_floats(key, count * s->step, keys);
    else if (signs_turn(s))
        turn_signs((int)key_bytes(key), count * s->step, keys);
    if (s->step == 1)
        put(kind, s->y_kind, keys, count, to, s->y_pixel);
    else if (s->y_pixel == s->step * s->y_element)
        put(kind, s->y_kind, keys, count * s->step, to, s->y_element);
    else
        for (ptrdiff_t i = 0; i < count; i++)
            put(kind, s->y_kind, (const char *)keys + i * bytes, s->step, to + i * s->y_pixel, s->y_element);
}
