/* Computes:     means over a window of consecutive rows, and along a row.
 * Source:       box_across: van Herk, Pattern Recognition Letters 13 (1992), and Gil & Werman, IEEE PAMI 15 (1993), with sums in
 *               the place of maxima. box_along: sums over 4, 16, 64 ... neighbours, of which a window of any size is made.
 * Applies when: size >= 1.
 * Layout:       as kernels.def says; box_along's row has count + size - 1 reals.
 * Plan:         one call owns its rows of outputs; box_across has `outputs` <= `size` of them, the window of output o is
 *               rows[o] ... rows[o + size - 1].
 * Tile:         FC_FV vectors, down all rows; along a row, one vector after the other.
 * Cost:         across: 3 additions an output whatever the size. Along: 3 additions for each factor 4 of the size and as many as
 *               its digits to the base 4 have ones.
 * Accuracy:     nothing is ever subtracted, so no error stays behind and a NaN has no part in windows it does not lie in, which a
 *               running sum has to be compensated for; at most size additions, as in the plain sum. Then one multiplication.
 * Measured:     1024 columns of float, size 31: across 118 ns a row, along 342 (AVX-512, Sapphire Rapids, one thread). */
#include "kernel.h"

/* A sum's share. A whole number's quotient must not fall below it; float32, for which division would take as long as the sums,
 * has room for the guard that storing adds. */
FC_INLINE vec mean_of(vec sum, vec size, vec share) { return FC_WIDTH == 64 ? vec_div(sum, size) : vec_mul(sum, share); }

FC_INLINE void means_down(const real *const *rows, ptrdiff_t size, ptrdiff_t outputs, real *const *out, ptrdiff_t column,
                          const int vectors, const int whole, mask some) {
#define LOAD(from, v) (whole ? vec_load((from) + column + (v) * LANES) : vec_load_some((from) + column, 1, some))
#define STORE(to, v, value)                                         \
    do {                                                            \
        if (whole) vec_store((to) + column + (v) * LANES, value);   \
        else vec_store_some((to) + column, value, some);            \
    } while (0)
    const vec all = vec_set1((real)size), share = vec_set1((real)1 / (real)size);
    vec sum[FC_FV];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) sum[v] = LOAD(rows[size - 1], v);
    for (ptrdiff_t row = size - 2; row >= outputs; row--)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) sum[v] = vec_add(sum[v], LOAD(rows[row], v));
    for (ptrdiff_t row = outputs - 1; row >= 0; row--)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) {
            if (row < size - 1) sum[v] = vec_add(sum[v], LOAD(rows[row], v));
            STORE(out[row], v, sum[v]);
        }
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) {
        STORE(out[0], v, mean_of(sum[v], all, share));
        sum[v] = vec_zero();
    }
    for (ptrdiff_t row = 1; row < outputs; row++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) {
            sum[v] = vec_add(sum[v], LOAD(rows[size + row - 1], v));
            STORE(out[row], v, mean_of(vec_add(LOAD(out[row], v), sum[v]), all, share));
        }
#undef LOAD
#undef STORE
}

void FC_FN(box_across)(const void *const *rows, ptrdiff_t size, ptrdiff_t outputs, void *const *out, ptrdiff_t count) {
    const real *const *from = (const real *const *)rows;
    real *const *to = (real *const *)out;
    ptrdiff_t i = 0;
    for (; i + FC_FV * LANES <= count; i += FC_FV * LANES)
        means_down(from, size, outputs, to, i, FC_FV, 1, mask_bits(BITS_ALL));
    for (; i < count; i += LANES) means_down(from, size, outputs, to, i, 1, 0, mask_bits(bits_below(count - i)));
}

/* out (=, or += where there was a digit before) the sums of `digit` neighbours `width` apart; by `size`. */
FC_INLINE vec digits(const real *from, ptrdiff_t width, ptrdiff_t digit) {
    vec sum = vec_load(from);
    if (digit > 1) sum = vec_add(sum, vec_load(from + width));
    if (digit > 2) sum = vec_add(sum, vec_load(from + 2 * width));
    return sum;
}

FC_INLINE real digits_of_one(const real *from, ptrdiff_t width, ptrdiff_t digit) {
    real sum = from[0];
    if (digit > 1) sum += from[width];
    if (digit > 2) sum += from[2 * width];
    return sum;
}

FC_INLINE void add_digit(const real *from, ptrdiff_t width, ptrdiff_t digit, int begun, ptrdiff_t size, real *out,
                         ptrdiff_t count) {
    const vec all = vec_set1((real)size), share = vec_set1((real)1 / (real)size);
    ptrdiff_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        const vec sum = digits(from + i, width, digit);
        vec_store(out + i, mean_of(begun ? vec_add(vec_load(out + i), sum) : sum, all, share));
    }
    for (; i < count; i++) {
        const real sum = digits_of_one(from + i, width, digit);
        out[i] = FC_WIDTH == 64 ? (begun ? out[i] + sum : sum) / (real)size : (begun ? out[i] + sum : sum) * ((real)1 / (real)size);
    }
}

/* Sums of four neighbours `width` apart, in place: what is read lies at or after what is written. */
FC_INLINE void make_four(real *row, ptrdiff_t width, ptrdiff_t count) {
    ptrdiff_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        const vec first = vec_add(vec_load(row + i), vec_load(row + i + width));
        vec_store(row + i, vec_add(first, vec_add(vec_load(row + i + 2 * width), vec_load(row + i + 3 * width))));
    }
    for (; i < count; i++) row[i] = (row[i] + row[i + width]) + (row[i + 2 * width] + row[i + 3 * width]);
}

void FC_FN(box_along)(void *reals, ptrdiff_t size, void *means, ptrdiff_t count) {
    real *row = reals, *out = means;
    ptrdiff_t width = 1, first = 0, length = count + size - 1;
    int begun = 0;
    for (ptrdiff_t rest = size; rest; rest /= 4, width *= 4) {
        const ptrdiff_t digit = rest % 4;
        const ptrdiff_t by = rest < 4 ? size : 1;
        if (digit == 1) add_digit(row + first, width, 1, begun, by, out, count);
        if (digit == 2) add_digit(row + first, width, 2, begun, by, out, count);
        if (digit == 3) add_digit(row + first, width, 3, begun, by, out, count);
        begun |= digit > 0;
        first += digit * width;
        length -= 3 * width;
        if (rest >= 4) make_four(row, width, length);
    }
}
