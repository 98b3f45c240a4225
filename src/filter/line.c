/* Computes:     rows of an image as reals, results as elements of the image's type, and the border of a row.
 * Source:       our own; the truncation of whole numbers is that of scipy.ndimage.
 * Applies when: always.
 * Layout:       filter_load, filter_store: `count` elements, `step` bytes apart, any sign; reals are consecutive. filter_round:
 *               what storing and loading would make of a row; reals stay as they are. filter_margins:
 *               row[-left] ... row[count + right - 1], of which [0, count) are given.
 * Plan:         one call owns the row it writes.
 * Tile:         plain loops, which the compiler turns into conversions of whole vectors.
 * Cost:         a load, a conversion and a store an element.
 * Accuracy:     whole numbers are rounded toward zero, after GUARD has been added to their size: a sum that would be whole but
 *               for the rounding of its terms counts as that. What a type cannot hold wraps around; what is
 *               not finite is 0, the least of 64 bits, or true.
 * Measured:     1024 uint8 to float 39 ns, to float64 89; back 58 and 109; rounded 52 and 135 (AVX-512, Sapphire Rapids). */
#include "kernel.h"

#define GUARD (FC_WIDTH == 32 ? (real)1 / 4096 : (real)1 / 16777216)

#define LOAD(kind, type)                                                                        \
    case kind:                                                                                  \
        if (step == (ptrdiff_t)sizeof(type))                                                    \
            for (ptrdiff_t i = 0; i < count; i++) to[i] = (real)((const type *)from)[i];        \
        else                                                                                    \
            for (ptrdiff_t i = 0; i < count; i++) to[i] = (real) * (const type *)(from + i * step); \
        return;

void FC_FN(filter_load)(int kind, const void *elements, ptrdiff_t step, ptrdiff_t count, void *reals) {
    const char *from = elements;
    real *restrict to = reals;
    switch (kind) {
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

#define SOME 256 /* reals that are made ready for their conversion at a time */

FC_INLINE real guarded(real value) {
    if (FC_WIDTH == 32) return value + (real)__builtin_copysignf((float)GUARD, (float)value);
    return value + (real)__builtin_copysign(GUARD, value);
}

/* Reals in [-2**63, 2**63) that converting to integers truncates as the head says. */
FC_INLINE void make_ready(const real *from, ptrdiff_t count, real *to) {
    const real turn = (real)18446744073709551616.0;
    for (ptrdiff_t i = 0; i < count; i++) {
        const real value = guarded(from[i]), turns = value / turn;
        const real rest = value - turn * (FC_WIDTH == 32 ? (real)__builtin_rintf((float)turns) : (real)__builtin_rint(turns));
        to[i] = rest >= -turn / 2 && rest < turn / 2 ? rest : -turn / 2;
    }
}

/* Each type whose elements are whole numbers. */
#define WHOLE_ELEMENTS         \
    ELEMENT(FC_I8, int8_t)     \
    ELEMENT(FC_U8, uint8_t)    \
    ELEMENT(FC_I16, int16_t)   \
    ELEMENT(FC_U16, uint16_t)  \
    ELEMENT(FC_I32, int32_t)   \
    ELEMENT(FC_U32, uint32_t)  \
    ELEMENT(FC_I64, int64_t)   \
    ELEMENT(FC_U64, uint64_t)  \
    ELEMENT(FC_BOOL, truth)
typedef _Bool truth;

/* Types of one and two bytes, `low` their least number and `bits` those they hold, where no sum can lie beyond 32 bits. */
#define SMALL_ELEMENTS                      \
    ELEMENT(FC_I8, int8_t, -128, 255)       \
    ELEMENT(FC_U8, uint8_t, 0, 255)         \
    ELEMENT(FC_I16, int16_t, -32768, 65535) \
    ELEMENT(FC_U16, uint16_t, 0, 65535)

FC_INLINE int is_small(int kind) { return kind >= FC_I8 && kind <= FC_U16; }

FC_INLINE int32_t wrapped(real value, int32_t low, uint32_t bits) {
    return (int32_t)(((uint32_t)(int32_t)guarded(value) - (uint32_t)low) & bits) + low;
}

static void store_small(int kind, const real *restrict from, ptrdiff_t count, char *restrict to, ptrdiff_t step) {
    switch (kind) {
#define ELEMENT(kind, type, low, bits)                                                                          \
    case kind:                                                                                                  \
        if (step == (ptrdiff_t)sizeof(type)) {                                                                  \
            type *restrict row = (type *)to;                                                                    \
            for (ptrdiff_t i = 0; i < count; i++) row[i] = (type)wrapped(from[i], low, bits);                   \
        } else                                                                                                  \
            for (ptrdiff_t i = 0; i < count; i++) *(type *)(to + i * step) = (type)wrapped(from[i], low, bits); \
        break;
        SMALL_ELEMENTS
#undef ELEMENT
    }
}

static void store_some(int kind, const real *restrict from, ptrdiff_t count, char *restrict to, ptrdiff_t step) {
    real ready[SOME];
    if (kind != FC_F32 && kind != FC_F64) make_ready(from, count, ready);
    switch (kind) {
#define ELEMENT(kind, type)                                                                              \
    case kind:                                                                                           \
        if (step == (ptrdiff_t)sizeof(type))                                                             \
            for (ptrdiff_t i = 0; i < count; i++) ((type *)to)[i] = (type)(int64_t)ready[i];             \
        else                                                                                             \
            for (ptrdiff_t i = 0; i < count; i++) *(type *)(to + i * step) = (type)(int64_t)ready[i];    \
        break;
        WHOLE_ELEMENTS
#undef ELEMENT
    case FC_F32:
        for (ptrdiff_t i = 0; i < count; i++) *(float *)(to + i * step) = (float)from[i];
        break;
    case FC_F64:
        for (ptrdiff_t i = 0; i < count; i++) *(double *)(to + i * step) = (double)from[i];
    }
}

void FC_FN(filter_store)(int kind, const void *reals, ptrdiff_t count, void *elements, ptrdiff_t step) {
    const real *from = reals;
    if (is_small(kind)) {
        store_small(kind, from, count, elements, step);
        return;
    }
    for (ptrdiff_t i = 0; i < count; i += SOME)
        store_some(kind & ~FC_WILD, from + i, count - i < SOME ? count - i : SOME, (char *)elements + i * step, step);
}

void FC_FN(filter_round)(int kind, void *reals, ptrdiff_t count) {
    real *row = reals;
    switch (kind) {
#define ELEMENT(kind, type, low, bits)                                                        \
    case kind:                                                                                \
        for (ptrdiff_t i = 0; i < count; i++) row[i] = (real)wrapped(row[i], low, bits);      \
        return;
        SMALL_ELEMENTS
#undef ELEMENT
    }
    make_ready(row, count, row);
    switch (kind & ~FC_WILD) {
#define ELEMENT(kind, type)                                                                   \
    case kind:                                                                                \
        for (ptrdiff_t i = 0; i < count; i++) row[i] = (real)(type)(int64_t)row[i];           \
        return;
        WHOLE_ELEMENTS
#undef ELEMENT
    }
}

void FC_FN(filter_margins)(const ptrdiff_t *places, ptrdiff_t left, ptrdiff_t right, ptrdiff_t count, double value, void *reals) {
    real *row = reals;
    for (ptrdiff_t i = 0; i < left; i++) row[i - left] = places[i] < 0 ? (real)value : row[places[i]];
    for (ptrdiff_t i = 0; i < right; i++) row[count + i] = places[left + i] < 0 ? (real)value : row[places[left + i]];
}
