/* How elements become keys (rank.h) where they lie, and keys elements again; and elements that NumPy does not align. */
#ifndef FC_RANK_ORDER_H
#define FC_RANK_ORDER_H

#include "rank/rank.h"

#define LOOSE(type) type __attribute__((aligned(1), may_alias))
typedef LOOSE(uint16_t) loose_16;
typedef LOOSE(uint32_t) loose_32;
typedef LOOSE(uint64_t) loose_64;

/* Integers whose order as keys is theirs as elements: a sign turned over. */
FC_INLINE void turn_signs(int bytes, ptrdiff_t count, void *keys) {
    switch (bytes) {
    case 1: for (ptrdiff_t i = 0; i < count; i++) ((uint8_t *)keys)[i] ^= 0x80; break;
    case 2: for (ptrdiff_t i = 0; i < count; i++) ((uint16_t *)keys)[i] ^= 0x8000; break;
    case 4: for (ptrdiff_t i = 0; i < count; i++) ((uint32_t *)keys)[i] ^= 0x80000000u; break;
    default: for (ptrdiff_t i = 0; i < count; i++) ((uint64_t *)keys)[i] ^= (uint64_t)1 << 63;
    }
}

/* Whether keys have another sign than elements. */
FC_INLINE int signs_turn(const struct fc_rank *s) {
    return !s->wide && (s->x_kind == FC_I8 || s->x_kind == FC_I16 || s->x_kind == FC_U32 || s->x_kind == FC_U64);
}

/* Bits of floats to integers of the same order, NaN the largest, and back. */
FC_INLINE int32_t order_32(int32_t bits) {
    return (bits & INT32_MAX) > 0x7f800000 ? INT32_MAX : bits ^ (bits >> 31 & INT32_MAX);
}
FC_INLINE int64_t order_64(int64_t bits) {
    return (bits & INT64_MAX) > 0x7ff0000000000000 ? INT64_MAX : bits ^ (bits >> 63 & INT64_MAX);
}
FC_INLINE int32_t bits_32(int32_t key) { return key ^ (key >> 31 & INT32_MAX); }
FC_INLINE int64_t bits_64(int64_t key) { return key ^ (key >> 63 & INT64_MAX); }

typedef int32_t __attribute__((may_alias)) word_32;
typedef int64_t __attribute__((may_alias)) word_64;

FC_INLINE void order_floats(int key, ptrdiff_t count, void *keys) {
    if (key == KEY_I32) {
        word_32 *words = keys;
        for (ptrdiff_t i = 0; i < count; i++) words[i] = order_32(words[i]);
    } else {
        word_64 *words = keys;
        for (ptrdiff_t i = 0; i < count; i++) words[i] = order_64(words[i]);
    }
}

FC_INLINE void unorder_floats(int key, ptrdiff_t count, void *keys) {
    if (key == KEY_I32) {
        word_32 *words = keys;
        for (ptrdiff_t i = 0; i < count; i++) words[i] = bits_32(words[i]);
    } else {
        word_64 *words = keys;
        for (ptrdiff_t i = 0; i < count; i++) words[i] = bits_64(words[i]);
    }
}

/* Whether keys are floats in order. */
FC_INLINE int floats_ordered(const struct fc_rank *s, int key) {
    return (key == KEY_I32 && s->x_kind == FC_F32) || (key == KEY_I64 && (s->wide || s->x_kind == FC_F64));
}

#endif
