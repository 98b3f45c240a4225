/* Sums of many reals: mean and sum of squared deviations, block by block.
 *
 * A block of at most BLOCK reals is summed in FC_CHAINS vectors of lanes, so that no chain has more than BLOCK_STEPS additions (of
 * rows shorter than a step, four times as many);
 * blocks are put together in double. Deviations are taken from the block's own mean, rounded to a real, while the block is in
 * L1, and the mean is corrected by their sum (the corrected two-pass algorithm of Chan, Golub & LeVeque, The American
 * Statistician 37, 1983, whose updating formula joins the blocks): relative to the sum of squared deviations the error is at
 * most 4 BLOCK_STEPS + 8 units u in a float, and u times the number of blocks more in a double, wherever the mean lies;
 * the mean is then rounded to a double. */
#ifndef FC_MOMENTS_H
#define FC_MOMENTS_H

#include "kernel.h"

#define FC_CHAINS 4
#define BLOCK_STEPS 32
#define BLOCK (FC_CHAINS * BLOCK_STEPS * LANES)

/* Reals of `rows` rows, `pitch` apart, of `columns`, which the whole block has. */
struct block {
    const real *x;
    ptrdiff_t rows, columns, pitch;
};

FC_INLINE int is_finite(double a) { return a - a == 0; }

/* sum(x - shift) and sum((x - shift)**2). */
FC_INLINE void sum_block(struct block b, real shift, int squared, double *sum, double *squares) {
    vec s[FC_CHAINS], q[FC_CHAINS], rest[2] = {vec_zero(), vec_zero()};
    const vec from = vec_set1(shift);
    for (int v = 0; v < FC_CHAINS; v++) s[v] = q[v] = vec_zero();
    for (ptrdiff_t row = 0; row < b.rows; row++) {
        const real *x = b.x + row * b.pitch;
        ptrdiff_t i = 0;
        for (; i + FC_CHAINS * LANES <= b.columns; i += FC_CHAINS * LANES)
#pragma GCC unroll 4
            for (int v = 0; v < FC_CHAINS; v++) {
                const vec d = vec_sub(vec_load(x + i + v * LANES), from);
                s[v] = vec_add(s[v], d);
                if (squared) q[v] = vec_fma(d, d, q[v]);
            }
        for (; i < b.columns; i += LANES) {
            const mask some = mask_bits(bits_below(b.columns - i));
            const vec d = vec_select(some, vec_sub(vec_load_some(x + i, 1, some), from), vec_zero());
            rest[0] = vec_add(rest[0], d);
            if (squared) rest[1] = vec_fma(d, d, rest[1]);
        }
    }
    *sum = vec_sum(vec_add(vec_add(vec_add(s[0], s[1]), vec_add(s[2], s[3])), rest[0]));
    *squares = vec_sum(vec_add(vec_add(vec_add(q[0], q[1]), vec_add(q[2], q[3])), rest[1]));
}

/* The same of values whose sums a real cannot hold, or that are not finite. */
static __attribute__((noinline, unused)) void sum_wide_block(struct block b, double *mean, double *squares) {
    const double grown = 0x1p40, count = (double)b.rows * (double)b.columns;
    double sum = 0, square = 0;
    for (ptrdiff_t row = 0; row < b.rows; row++)
        for (ptrdiff_t i = 0; i < b.columns; i++) sum += (double)b.x[row * b.pitch + i] / grown;
    *mean = sum / count * grown;
    for (ptrdiff_t row = 0; row < b.rows; row++)
        for (ptrdiff_t i = 0; i < b.columns; i++) {
            const double d = (double)b.x[row * b.pitch + i] - *mean;
            square += d * d;
        }
    *squares = square;
}

struct moments {
    double count, mean, squares;
};

FC_INLINE struct moments joined(struct moments a, double count, double mean, double squares) {
    const double total = a.count + count, delta = mean - a.mean;
    const double moved = is_finite(delta) ? a.mean + delta * (count / total) : a.mean + mean; /* an infinite mean stays */
    const struct moments both = {total, a.count > 0 ? moved : mean,
                                 a.squares + squares + (a.count > 0 ? delta * delta * (a.count * count / total) : 0)};
    return both;
}

/* Means are joined as distances from one of the values, so that of values far from zero their differences keep all digits. */
FC_INLINE double origin_of(const void *x, ptrdiff_t i) {
    const double at = ((const real *)x)[i];
    return is_finite(at) ? at : 0;
}

/* How many runs are a block together. */
FC_INLINE ptrdiff_t rows_of_block(ptrdiff_t run) {
    const ptrdiff_t fit = run >= BLOCK ? 1 : BLOCK / (run > 0 ? run : 1);
    return fit < BLOCK_STEPS ? fit : BLOCK_STEPS;
}

static __attribute__((noinline, unused)) struct moments moments_of(const real *x, ptrdiff_t runs, ptrdiff_t run,
                                                                   ptrdiff_t pitch, int centred) {
    struct moments m = {0, 0, 0};
    const double origin = centred ? origin_of(x, 0) : 0;
    const ptrdiff_t rows = rows_of_block(run);
    for (ptrdiff_t row = 0; row < runs; row += rows)
        for (ptrdiff_t i = 0; i < run; i += BLOCK) {
            const struct block b = {x + row * pitch + i, runs - row < rows ? runs - row : rows,
                                    run - i < BLOCK ? run - i : BLOCK, pitch};
            const double count = (double)b.rows * (double)b.columns;
            double mean = 0, sum = 0, squares = 0;
            if (centred) {
                sum_block(b, 0, 0, &sum, &squares);
                mean = (real)(sum / count);
            }
            sum_block(b, (real)mean, 1, &sum, &squares);
            if (!centred) sum = 0;
            mean -= origin;
            if (is_finite(squares)) {
                mean += sum / count;
                squares -= sum * sum / count;
            } else if (centred) {
                sum_wide_block(b, &mean, &squares);
                mean -= origin;
            }
            m = joined(m, count, mean, squares);
        }
    m.mean += origin;
    return m;
}

/* A number that a real cannot hold as two. */
struct shift {
    real high, low;
};
FC_INLINE struct shift shift_of(double mean) {
    const real high = (real)mean;
    const struct shift both = {high, is_finite(high) ? (real)(mean - high) : 0};
    return both;
}

FC_INLINE double reciprocal_root(double x) { return 1 / __builtin_sqrt(x); }
FC_INLINE double number_of(const void *reals, ptrdiff_t i, double without) { return reals ? (double)((const real *)reals)[i] : without; }

/* sum(dy) and sum(dy (x - high)) of a block, and dy as far from x as its rows are apart. */
FC_INLINE void sum_block_products(struct block b, const real *dy, real high, double *sum, double *products) {
    vec s[FC_CHAINS], p[FC_CHAINS], rest[2] = {vec_zero(), vec_zero()};
    const vec from = vec_set1(high);
    for (int v = 0; v < FC_CHAINS; v++) s[v] = p[v] = vec_zero();
    for (ptrdiff_t row = 0; row < b.rows; row++, dy += b.pitch) {
        const real *x = b.x + row * b.pitch;
        ptrdiff_t i = 0;
        for (; i + FC_CHAINS * LANES <= b.columns; i += FC_CHAINS * LANES)
#pragma GCC unroll 4
            for (int v = 0; v < FC_CHAINS; v++) {
                const vec g = vec_load(dy + i + v * LANES);
                s[v] = vec_add(s[v], g);
                p[v] = vec_fma(g, vec_sub(vec_load(x + i + v * LANES), from), p[v]);
            }
        for (; i < b.columns; i += LANES) {
            const mask some = mask_bits(bits_below(b.columns - i));
            const vec g = vec_load_some(dy + i, 1, some);
            const vec d = vec_select(some, vec_sub(vec_load_some(x + i, 1, some), from), vec_zero());
            rest[0] = vec_add(rest[0], g);
            rest[1] = vec_fma(g, d, rest[1]);
        }
    }
    *sum += vec_sum(vec_add(vec_add(vec_add(s[0], s[1]), vec_add(s[2], s[3])), rest[0]));
    *products += vec_sum(vec_add(vec_add(vec_add(p[0], p[1]), vec_add(p[2], p[3])), rest[1]));
}

/* The same of runs, in blocks as above. */
static __attribute__((noinline, unused)) void sum_products(const real *x, const real *dy, ptrdiff_t runs, ptrdiff_t run,
                                                           ptrdiff_t pitch, real high, double *sum, double *products) {
    const ptrdiff_t rows = rows_of_block(run);
    *sum = *products = 0;
    for (ptrdiff_t row = 0; row < runs; row += rows)
        for (ptrdiff_t i = 0; i < run; i += BLOCK) {
            const ptrdiff_t at = row * pitch + i;
            const struct block b = {x + at, runs - row < rows ? runs - row : rows, run - i < BLOCK ? run - i : BLOCK, pitch};
            sum_block_products(b, dy + at, high, sum, products);
        }
}

#endif
