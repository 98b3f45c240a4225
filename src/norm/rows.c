/* Computes:     the same as planes.c where a pixel's channels stand together: moments, gradients' sums and results of columns.
 * Source:       as there.
 * Applies when: channels last, or a pixel alone (a plane of one real).
 * Layout:       `rows` pixels of c reals. A group is `together` neighbouring columns of all rows. `folded` holds rows of c reals:
 *               high, scale and shift of the results; high, p, q and r of the gradient.
 * Plan:         a chunk of rows is one call for its sums, one for its results; one call puts the chunks together, in their order.
 * Tile:         TOGETHER rows of a strip of columns, along the rows; a block of rows is summed twice, its second time from L1 or L2.
 * Cost:         as there; three more loads a vector, from L1.
 * Accuracy:     as there.
 * Measured:     see kernels/normalization.pyx. */
#include "norm/moments.h"

#define COLUMNS 1024 /* of a strip, whose sums stay in L1 */
#define ROWS 64      /* of a block: no chain is longer */
#define TOGETHER 8   /* rows, whose part of a sum stays in a register */

/* Sums and sums of products of the columns of a strip, with room for lanes that a last vector has beyond them. */
#define ROOM (COLUMNS + LANES - 1)
struct sums {
    real from[ROOM], sum[ROOM], products[ROOM];
};

/* sum(x - from) and its square, or sum(dy) and sum(dy (x - from)), of some rows, added to those before. */
FC_INLINE void add_rows(const real *x, const real *dy, const int rows, ptrdiff_t c, ptrdiff_t columns, struct sums *to) {
    for (ptrdiff_t i = 0; i < columns; i += LANES) {
        const mask some = mask_bits(bits_below(columns - i));
        const vec from = vec_load(to->from + i);
        vec s = vec_load(to->sum + i), p = vec_load(to->products + i);
#pragma GCC unroll 8
        for (int row = 0; row < rows; row++) {
            const vec d = vec_sub(vec_load_some(x + row * c + i, 1, some), from);
            const vec g = dy ? vec_load_some(dy + row * c + i, 1, some) : d;
            s = vec_add(s, g);
            p = vec_fma(g, d, p);
        }
        vec_store(to->sum + i, s), vec_store(to->products + i, p);
    }
}

static __attribute__((noinline)) void sum_rows(const real *x, const real *dy, ptrdiff_t rows, ptrdiff_t c, ptrdiff_t columns,
                                               struct sums *to) {
    ptrdiff_t row = 0;
    for (ptrdiff_t i = 0; i < columns + LANES - 1; i++) to->sum[i] = to->products[i] = 0;
    for (; row + TOGETHER <= rows; row += TOGETHER)
        add_rows(x + row * c, dy ? dy + row * c : NULL, TOGETHER, c, columns, to);
    for (; row < rows; row++) add_rows(x + row * c, dy ? dy + row * c : NULL, 1, c, columns, to);
}

/* Shares of two counts in the means and the squares of both, as `joined` has them. */
struct shares {
    double mean, square;
};
FC_INLINE struct shares shares_of(double before, double count) {
    const struct shares s = {count / (before + count), before * count / (before + count)};
    return s;
}

/* Moments of columns from their sums, joined to those of `before` rows; whether all squares are finite. */
FC_INLINE int join_columns(const struct sums *of, const real *first, ptrdiff_t before, ptrdiff_t rows, ptrdiff_t columns,
                           double *mean, double *squares) {
    const struct shares share = shares_of((double)before, (double)rows);
    const double count = (double)rows;
    int finite = 1;
    for (ptrdiff_t j = 0; j < columns; j++) {
        const double sum = of->sum[j], here = of->from[j] - origin_of(first, j) + sum / count;
        const double square = of->products[j] - sum * sum / count, delta = here - mean[j];
        finite &= is_finite(square);
        mean[j] += is_finite(delta) ? delta * share.mean : here;
        squares[j] = squares[j] + square + (before ? delta * delta * share.square : 0);
    }
    return finite;
}

/* The same where a sum of the block cannot be held by a real. */
static __attribute__((noinline)) void join_wide(const real *x, const struct sums *of, const real *first, ptrdiff_t before,
                                                ptrdiff_t rows, ptrdiff_t c, ptrdiff_t columns, double *mean,
                                                double *squares) {
    const double count = (double)rows;
    for (ptrdiff_t j = 0; j < columns; j++) {
        const double origin = origin_of(first, j), sum = of->sum[j];
        double here = of->from[j] - origin + sum / count, square = of->products[j] - sum * sum / count;
        if (!is_finite(square)) {
            const struct block b = {x + j, rows, 1, c};
            sum_wide_block(b, &here, &square);
            here -= origin;
        }
        const struct moments old = {(double)before, mean[j], squares[j]}, m = joined(old, count, here, square);
        mean[j] = m.mean, squares[j] = m.squares;
    }
}

/* parts: means of c columns, less the values of the row `first`, then their sums of squared deviations. */
void FC_FN(norm_rows_moments)(const void *x, const void *first, ptrdiff_t rows, ptrdiff_t c, double *parts) {
    struct sums of;
    double mean[COLUMNS], squares[COLUMNS];
    for (ptrdiff_t i = 0; i < c; i += COLUMNS) {
        const ptrdiff_t width = c - i < COLUMNS ? c - i : COLUMNS;
        const real *origin = (const real *)first + i;
        for (ptrdiff_t j = 0; j < width; j++) parts[i + j] = parts[c + i + j] = 0;
        for (ptrdiff_t row = 0; row < rows; row += ROWS) {
            const ptrdiff_t here = rows - row < ROWS ? rows - row : ROWS;
            const real *from = (const real *)x + row * c + i;
            for (ptrdiff_t j = 0; j < width + LANES - 1; j++) of.from[j] = 0;
            sum_rows(from, NULL, here, c, width, &of);
            for (ptrdiff_t j = 0; j < width; j++) of.from[j] = of.sum[j] / (real)here;
            sum_rows(from, NULL, here, c, width, &of);
            for (ptrdiff_t j = 0; j < width; j++) mean[j] = parts[i + j], squares[j] = parts[c + i + j];
            if (join_columns(&of, origin, row, here, width, mean, squares)) {
                for (ptrdiff_t j = 0; j < width; j++) parts[i + j] = mean[j], parts[c + i + j] = squares[j];
            } else {
                join_wide(from, &of, origin, row, here, c, width, parts + i, parts + c + i);
            }
        }
    }
}

/* Each column a group of its own: chunk by chunk, along the columns. */
static void merge_columns(const double *parts, const real *first, ptrdiff_t chunks, ptrdiff_t chunk, ptrdiff_t rows, ptrdiff_t c,
                          double *mean, double *variance) {
    for (ptrdiff_t i = 0; i < c; i++) mean[i] = variance[i] = 0;
    for (ptrdiff_t k = 0, before = 0; k < chunks; k++, before += chunk, parts += 2 * c) {
        const struct shares share = shares_of((double)before, (double)(rows - before < chunk ? rows - before : chunk));
        for (ptrdiff_t i = 0; i < c; i++) {
            const double delta = parts[i] - mean[i];
            mean[i] += is_finite(delta) ? delta * share.mean : parts[i];
            variance[i] = variance[i] + parts[c + i] + (before ? delta * delta * share.square : 0);
        }
    }
    for (ptrdiff_t i = 0; i < c; i++) mean[i] += origin_of(first, i), variance[i] /= (double)rows;
}

void FC_FN(norm_rows_merge)(const double *parts, const void *first, ptrdiff_t chunks, ptrdiff_t chunk, ptrdiff_t rows, ptrdiff_t c,
                            ptrdiff_t together, double *mean, double *variance) {
    if (together == 1) {
        merge_columns(parts, first, chunks, chunk, rows, c, mean, variance);
        return;
    }
    for (ptrdiff_t i = 0, group = 0; i < c; i += together, group++) {
        struct moments m = {0, 0, 0};
        const double origin = origin_of(first, i);
        for (ptrdiff_t k = 0; k < chunks; k++)
            for (ptrdiff_t j = i; j < i + together; j++) {
                const ptrdiff_t left = rows - k * chunk;
                const double at = parts[2 * k * c + j] + (origin_of(first, j) - origin);
                m = joined(m, (double)(left < chunk ? left : chunk), at, parts[(2 * k + 1) * c + j]);
            }
        mean[group] = m.mean + origin, variance[group] = m.squares / m.count;
    }
}

void FC_FN(norm_rows_fold)(ptrdiff_t c, ptrdiff_t together, double eps, const void *weight, const void *bias,
                           const double *mean, const double *variance, void *folded) {
    real *high = folded, *scale = high + c, *shift = scale + c;
    for (ptrdiff_t first = 0; first < c; first += together, mean++, variance++) {
        const struct shift from = shift_of(*mean);
        const double root = reciprocal_root(*variance + eps);
        for (ptrdiff_t i = first; i < first + together; i++) {
            const double by = root * number_of(weight, i, 1);
            high[i] = from.high, scale[i] = (real)by, shift[i] = (real)(number_of(bias, i, 0) - from.low * by);
        }
    }
}

void FC_FN(norm_rows_apply)(const void *x, ptrdiff_t rows, ptrdiff_t c, const void *folded, void *y) {
    const real *high = folded, *scale = high + c, *shift = scale + c;
    for (ptrdiff_t row = 0; row < rows; row++)
        for (ptrdiff_t i = 0; i < c; i += LANES) {
            const mask some = mask_bits(bits_below(c - i));
            const vec d = vec_sub(vec_load_some((const real *)x + row * c + i, 1, some), vec_load_some(high + i, 1, some));
            const vec v = vec_fma(d, vec_load_some(scale + i, 1, some), vec_load_some(shift + i, 1, some));
            vec_store_some((real *)y + row * c + i, v, some);
        }
}

/* parts: sums of dy of c columns, then of dy (x - mean). */
void FC_FN(norm_rows_sums)(const void *x, const void *dy, ptrdiff_t rows, ptrdiff_t c, ptrdiff_t together, const double *mean,
                           double *parts) {
    struct sums of;
    real low[ROOM];
    for (ptrdiff_t i = 0, group = 0, within = 0; i < c; i += COLUMNS) {
        const ptrdiff_t width = c - i < COLUMNS ? c - i : COLUMNS;
        for (ptrdiff_t j = 0; j < width + LANES - 1; j++) {
            const struct shift from = shift_of(j < width ? mean[group] : 0);
            of.from[j] = from.high, low[j] = from.low;
            if (j < width && ++within == together) within = 0, group++;
        }
        for (ptrdiff_t row = 0; row < rows; row += ROWS) {
            const ptrdiff_t here = rows - row < ROWS ? rows - row : ROWS;
            sum_rows((const real *)x + row * c + i, (const real *)dy + row * c + i, here, c, width, &of);
            for (ptrdiff_t j = 0; j < width; j++) {
                parts[i + j] = (row ? parts[i + j] : 0) + of.sum[j];
                parts[c + i + j] = (row ? parts[c + i + j] : 0) + ((double)of.products[j] - (double)low[j] * of.sum[j]);
            }
        }
    }
}

void FC_FN(norm_rows_fold_grad)(const double *parts, ptrdiff_t chunks, ptrdiff_t rows, ptrdiff_t c, ptrdiff_t together,
                                double eps, int given, const void *weight, const double *mean, const double *variance,
                                void *folded, double *dw, double *db) {
    real *high = folded, *p = high + c, *q = p + c, *r = q + c;
    for (ptrdiff_t first = 0; first < c; first += together) {
        const struct shift from = shift_of(*mean++);
        const double root = reciprocal_root(*variance++ + eps), count = (double)rows * (double)together;
        double all = 0, all_products = 0;
        for (ptrdiff_t i = first; i < first + together; i++) {
            double sum = 0, products = 0;
            for (ptrdiff_t k = 0; k < chunks; k++) sum += parts[2 * k * c + i], products += parts[(2 * k + 1) * c + i];
            dw[i] = products * root, db[i] = sum;
            all += sum * number_of(weight, i, 1), all_products += products * number_of(weight, i, 1);
        }
        const double slope = given ? 0 : -root * root * root * all_products / count;
        for (ptrdiff_t i = first; i < first + together; i++) {
            high[i] = from.high, p[i] = (real)(root * number_of(weight, i, 1)), q[i] = (real)slope;
            r[i] = given ? 0 : (real)(-root * all / count - from.low * slope);
        }
    }
}

void FC_FN(norm_rows_apply_grad)(const void *x, const void *dy, ptrdiff_t rows, ptrdiff_t c, const void *folded, int given,
                                 void *dx) {
    const real *high = folded, *p = high + c, *q = p + c, *r = q + c;
    for (ptrdiff_t row = 0; row < rows; row++)
        for (ptrdiff_t i = 0; i < c; i += LANES) {
            const mask some = mask_bits(bits_below(c - i));
            const vec g = vec_mul(vec_load_some((const real *)dy + row * c + i, 1, some), vec_load_some(p + i, 1, some));
            const vec d = vec_sub(vec_load_some((const real *)x + row * c + i, 1, some), vec_load_some(high + i, 1, some));
            const vec more = vec_fma(vec_load_some(q + i, 1, some), d, vec_load_some(r + i, 1, some));
            vec_store_some((real *)dx + row * c + i, given ? g : vec_add(g, more), some);
        }
}
