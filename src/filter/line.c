/* Computes:     rows of an image as reals, results as items of the image's type, and the border of a row.
 * Source:       our own; the truncation of whole numbers is that of scipy.ndimage.
 * Applies when: always.
 * Layout:       filter_load, filter_store: `count` items, `step` bytes apart, any sign; reals are consecutive. filter_round:
 *               what storing and loading would make of a row; reals stay as they are. filter_margins:
 *               row[-left] ... row[count + right - 1], of which [0, count) are given.
 * Plan:         one call owns the row it writes.
 * Tile:         plain loops, which the compiler turns into conversions of whole vectors.
 * Cost:         a load, a conversion and a store an item.
 * Accuracy:     whole numbers are rounded toward zero, after GUARD has been added to their size: a sum that would be whole but
 *               for the rounding of its terms counts as that. What a type cannot hold wraps around, as far as 32 bits (64 for
 *               types of 32 and 64 bits), and is the nearest such number beyond; NaN is the least.
 * Measured:     1024 uint8 to float 35 ns, to float64 75; back 60 and 130 (AVX-512, Sapphire Rapids). */
#include "kernel.h"

#define GUARD (FC_WIDTH == 32 ? (real)1 / 4096 : (real)1 / 16777216)

#define LOAD(item, type)                                                                        \
    case item:                                                                                  \
        if (step == (ptrdiff_t)sizeof(type))                                                    \
            for (ptrdiff_t i = 0; i < count; i++) to[i] = (real)((const type *)from)[i];        \
        else                                                                                    \
            for (ptrdiff_t i = 0; i < count; i++) to[i] = (real) * (const type *)(from + i * step); \
        return;

void FC_FN(filter_load)(int item, const void *items, ptrdiff_t step, ptrdiff_t count, void *reals) {
    const char *from = items;
    real *restrict to = reals;
    switch (item) {
        LOAD(FC_F32, float)
        LOAD(FC_F64, double)
        LOAD(FC_I8, int8_t)
        LOAD(FC_U8, uint8_t)
        LOAD(FC_I16, int16_t)
        LOAD(FC_U16, uint16_t)
        LOAD(FC_I32, int32_t)
        LOAD(FC_U32, uint32_t)
        LOAD(FC_I64, int64_t)
        LOAD(FC_U64, uint64_t)
        LOAD(FC_BOOL, uint8_t)
    }
}

/* The largest reals below 2**31 and 2**63. */
#define MOST_32 (FC_WIDTH == 32 ? (real)2147483520.0 : (real)2147483647.0)
#define MOST_64 (FC_WIDTH == 32 ? (real)9223371487098961920.0 : (real)9223372036854774784.0)
#define WHOLE_32 (real)-2147483648.0, MOST_32
#define WHOLE_64 (real)-9223372036854775808.0, MOST_64
#define SOME 256 /* reals that are made ready for their conversion at a time */

FC_INLINE real guarded(real value) {
    return value + (FC_WIDTH == 32 ? (real)__builtin_copysignf((float)GUARD, (float)value) : (real)__builtin_copysign(GUARD, value));
}

/* Reals that converting to integers truncates as the head says. A comparison in the loop of the conversion itself would keep
 * the compiler from using vectors. */
FC_INLINE void make_ready(const real *from, ptrdiff_t count, real least, real most, real *to) {
    const vec low = vec_set1(least), high = vec_set1(most);
    ptrdiff_t i = 0;
    for (; i < count; i++) to[i] = guarded(from[i]);
    for (i = 0; i + LANES <= count; i += LANES) vec_store(to + i, vec_min(vec_max(vec_load(to + i), low), high));
    const mask some = mask_bits(bits_below(count - i));
    vec_store_some(to + i, vec_min(vec_max(vec_load_some(to + i, 1, some), low), high), some);
}

/* Each type whose items are whole numbers, the range of its conversion and the integer it goes through. */
#define WHOLE_ITEMS                            \
    ITEM(FC_I8, int8_t, WHOLE_32, int32_t)     \
    ITEM(FC_U8, uint8_t, WHOLE_32, int32_t)    \
    ITEM(FC_I16, int16_t, WHOLE_32, int32_t)   \
    ITEM(FC_U16, uint16_t, WHOLE_32, int32_t)  \
    ITEM(FC_I32, int32_t, WHOLE_64, int64_t)   \
    ITEM(FC_U32, uint32_t, WHOLE_64, int64_t)  \
    ITEM(FC_I64, int64_t, WHOLE_64, int64_t)   \
    ITEM(FC_BOOL, truth, WHOLE_32, int32_t)
typedef _Bool truth;

/* What lies from 2**63 up is brought below it and put back as the highest bit. */
FC_INLINE uint64_t whole_u64(real value) {
    const real top = (real)9223372036854775808.0;
    real rest = value < top ? value : value - top, ready;
    make_ready(&rest, 1, WHOLE_64, &ready);
    return (uint64_t)(int64_t)ready ^ (value < top ? 0 : (uint64_t)1 << 63);
}

/* Types of one and two bytes, `low` their least number and `bits` those they hold, where no sum can lie beyond 32 bits. */
#define SMALL_ITEMS                       \
    ITEM(FC_I8, int8_t, -128, 255)        \
    ITEM(FC_U8, uint8_t, 0, 255)          \
    ITEM(FC_I16, int16_t, -32768, 65535)  \
    ITEM(FC_U16, uint16_t, 0, 65535)

FC_INLINE int is_small(int item) { return item >= FC_I8 && item <= FC_U16; }

void FC_FN(filter_store)(int item, const void *reals, ptrdiff_t count, void *items, ptrdiff_t step) {
    const real *restrict from = reals;
    char *restrict to = items;
    real ready[SOME];
    if (is_small(item)) {
        switch (item) {
#define ITEM(item, type, low, bits)                                                                                           \
    case item:                                                                                                                \
        if (step == (ptrdiff_t)sizeof(type)) {                                                                                \
            type *restrict row = items;                                                                                       \
            for (ptrdiff_t i = 0; i < count; i++) row[i] = (type)((((int32_t)guarded(from[i]) - (low)) & (bits)) + (low));    \
        } else                                                                                                                \
            for (ptrdiff_t i = 0; i < count; i++) *(type *)(to + i * step) = (type)(int32_t)guarded(from[i]);                 \
        return;
            SMALL_ITEMS
#undef ITEM
        }
    }
    item &= ~FC_WILD;
    for (ptrdiff_t begin = 0; begin < count; begin += SOME, from += SOME, to += SOME * step) {
        const ptrdiff_t some = count - begin < SOME ? count - begin : SOME;
        switch (item) {
#define ITEM(item, type, range, integer)                                                                  \
    case item:                                                                                            \
        make_ready(from, some, range, ready);                                                             \
        if (step == (ptrdiff_t)sizeof(type))                                                              \
            for (ptrdiff_t i = 0; i < some; i++) ((type *)to)[i] = (type)(integer)ready[i];               \
        else                                                                                              \
            for (ptrdiff_t i = 0; i < some; i++) *(type *)(to + i * step) = (type)(integer)ready[i];      \
        break;
            WHOLE_ITEMS
#undef ITEM
        case FC_U64:
            for (ptrdiff_t i = 0; i < some; i++) *(uint64_t *)(to + i * step) = whole_u64(from[i]);
            break;
        case FC_F32:
            for (ptrdiff_t i = 0; i < some; i++) *(float *)(to + i * step) = (float)from[i];
            break;
        case FC_F64:
            for (ptrdiff_t i = 0; i < some; i++) *(double *)(to + i * step) = (double)from[i];
        }
    }
}

void FC_FN(filter_round)(int item, void *reals, ptrdiff_t count) {
    real *row = reals;
    if (is_small(item)) {
        switch (item) {
#define ITEM(item, type, low, bits)                                                                                           \
    case item:                                                                                                                \
        for (ptrdiff_t i = 0; i < count; i++) row[i] = (real)((((int32_t)guarded(row[i]) - (low)) & (bits)) + (low));         \
        return;
            SMALL_ITEMS
#undef ITEM
        }
    }
    item &= ~FC_WILD;
    switch (item) {
#define ITEM(item, type, range, integer)                                                          \
    case item:                                                                                    \
        make_ready(row, count, range, row);                                                       \
        for (ptrdiff_t i = 0; i < count; i++) row[i] = (real)(type)(integer)row[i];               \
        break;
        WHOLE_ITEMS
#undef ITEM
    case FC_U64:
        for (ptrdiff_t i = 0; i < count; i++) row[i] = (real)whole_u64(row[i]);
    }
}

void FC_FN(filter_margins)(const ptrdiff_t *places, ptrdiff_t left, ptrdiff_t right, ptrdiff_t count, double value, void *reals) {
    real *row = reals;
    for (ptrdiff_t i = 0; i < left; i++) row[i - left] = places[i] < 0 ? (real)value : row[places[i]];
    for (ptrdiff_t i = 0; i < right; i++) row[count + i] = places[left + i] < 0 ? (real)value : row[places[left + i]];
}
