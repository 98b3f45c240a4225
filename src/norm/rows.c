/* Computes:     the same as planes.c where a pixel's channels stand together: moments, gradients' sums and results of columns.
 * Source:       as there.
 * Applies when: channels last, or a pixel alone (a plane of one real).
 * Layout:       `rows` pixels of c reals. A group is `together` neighbouring columns of all rows. `folded` holds rows of c reals:
 *               high, scale and shift of the results; high, p, q and r of the gradient.
 * Plan:         a chunk of rows is one call for its sums, one for its results; one call puts the chunks together, in their order.
 * Tile:         FC_COLUMNS vectors of columns down a block of rows, then the next.
 * Cost:         as there; three more loads a vector, from L1.
 * Accuracy:     as there.
 * Measured:     see kernels/normalization.pyx. */
#include "norm/moments.h"

#define FC_COLUMNS 4
#define ROWS 64 /* of a block: no chain is longer */

/* sum(x - from) and its square, or sum(dy) and sum(dy (x - from)), of FC_COLUMNS vectors of columns. */
static __attribute__((noinline)) void sum_columns(const real *x, const real *dy, ptrdiff_t rows, ptrdiff_t c, ptrdiff_t columns, const real *from,
                           real *sums, real *products) {
    vec s[FC_COLUMNS], p[FC_COLUMNS], at[FC_COLUMNS];
    mask some[FC_COLUMNS];
    for (int v = 0; v < FC_COLUMNS; v++) {
        some[v] = mask_bits(bits_below(columns - v * LANES));
        s[v] = p[v] = vec_zero();
        at[v] = vec_load(from + v * LANES);
    }
    for (ptrdiff_t row = 0; row < rows; row++)
#pragma GCC unroll 4
        for (int v = 0; v < FC_COLUMNS; v++) {
            const vec d = vec_sub(vec_load_some(x + row * c + v * LANES, 1, some[v]), at[v]);
            const vec g = dy ? vec_load_some(dy + row * c + v * LANES, 1, some[v]) : d;
            s[v] = vec_add(s[v], g);
            p[v] = vec_fma(g, d, p[v]);
        }
    for (int v = 0; v < FC_COLUMNS; v++) vec_store(sums + v * LANES, s[v]), vec_store(products + v * LANES, p[v]);
}

/* parts: means of c columns, less the values of the row `first`, then their sums of squared deviations. */
void FC_FN(norm_rows_moments)(const void *x, const void *first, ptrdiff_t rows, ptrdiff_t c, double *parts) {
    real mean[FC_COLUMNS * LANES], sums[FC_COLUMNS * LANES], squares[FC_COLUMNS * LANES];
    for (ptrdiff_t row = 0; row < rows; row += ROWS)
        for (ptrdiff_t i = 0; i < c; i += FC_COLUMNS * LANES) {
            const ptrdiff_t here = rows - row < ROWS ? rows - row : ROWS, width = c - i < FC_COLUMNS * LANES ? c - i : FC_COLUMNS * LANES;
            const real *from = (const real *)x + row * c + i;
            for (int j = 0; j < FC_COLUMNS * LANES; j++) mean[j] = 0;
            sum_columns(from, NULL, here, c, width, mean, sums, squares);
            for (int j = 0; j < FC_COLUMNS * LANES; j++) mean[j] = sums[j] / (real)here;
            sum_columns(from, NULL, here, c, width, mean, sums, squares);
            for (ptrdiff_t j = 0; j < width; j++) {
                const struct moments before = {(double)row, parts[i + j], parts[c + i + j]};
                const double sum = sums[j], count = (double)here;
                struct moments m = {0, 0, 0};
                const double origin = origin_of(first, i + j);
                double at = mean[j] - origin + sum / count, square = squares[j] - sum * sum / count;
                if (!is_finite(square)) {
                    const struct block b = {from + j, here, 1, c};
                    sum_wide_block(b, &at, &square);
                    at -= origin;
                }
                m = joined(row ? before : m, count, at, square);
                parts[i + j] = m.mean, parts[c + i + j] = m.squares;
            }
        }
}

void FC_FN(norm_rows_merge)(const double *parts, const void *first, ptrdiff_t chunks, ptrdiff_t chunk, ptrdiff_t rows, ptrdiff_t c,
                            ptrdiff_t together, double *mean, double *variance) {
    for (ptrdiff_t i = 0; i < c; i += together) {
        struct moments m = {0, 0, 0};
        const double origin = origin_of(first, i);
        for (ptrdiff_t k = 0; k < chunks; k++)
            for (ptrdiff_t j = i; j < i + together; j++) {
                const ptrdiff_t left = rows - k * chunk;
                const double at = parts[2 * k * c + j] + (origin_of(first, j) - origin);
                m = joined(m, (double)(left < chunk ? left : chunk), at, parts[(2 * k + 1) * c + j]);
            }
        mean[i / together] = m.mean + origin, variance[i / together] = m.squares / m.count;
    }
}

void FC_FN(norm_rows_fold)(ptrdiff_t c, ptrdiff_t together, double eps, const void *weight, const void *bias,
                           const double *mean, const double *variance, void *folded) {
    real *high = folded, *scale = high + c, *shift = scale + c;
    for (ptrdiff_t i = 0; i < c; i++) {
        const struct shift from = shift_of(mean[i / together]);
        const double by = reciprocal_root(variance[i / together] + eps) * number_of(weight, i, 1);
        high[i] = from.high, scale[i] = (real)by, shift[i] = (real)(number_of(bias, i, 0) - from.low * by);
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
    real high[FC_COLUMNS * LANES], sums[FC_COLUMNS * LANES], products[FC_COLUMNS * LANES];
    for (ptrdiff_t row = 0; row < rows; row += ROWS)
        for (ptrdiff_t i = 0; i < c; i += FC_COLUMNS * LANES) {
            const ptrdiff_t here = rows - row < ROWS ? rows - row : ROWS, width = c - i < FC_COLUMNS * LANES ? c - i : FC_COLUMNS * LANES;
            for (ptrdiff_t j = 0; j < FC_COLUMNS * LANES; j++) high[j] = j < width ? (real)mean[(i + j) / together] : 0;
            sum_columns((const real *)x + row * c + i, (const real *)dy + row * c + i, here, c, width, high, sums, products);
            for (ptrdiff_t j = 0; j < width; j++) {
                const double low = shift_of(mean[(i + j) / together]).low;
                parts[i + j] = (row ? parts[i + j] : 0) + sums[j];
                parts[c + i + j] = (row ? parts[c + i + j] : 0) + (products[j] - low * sums[j]);
            }
        }
}

void FC_FN(norm_rows_fold_grad)(const double *parts, ptrdiff_t chunks, ptrdiff_t rows, ptrdiff_t c, ptrdiff_t together,
                                double eps, int given, const void *weight, const double *mean, const double *variance,
                                void *folded, double *dw, double *db) {
    real *high = folded, *p = high + c, *q = p + c, *r = q + c;
    for (ptrdiff_t first = 0; first < c; first += together) {
        const struct shift from = shift_of(mean[first / together]);
        const double root = reciprocal_root(variance[first / together] + eps), count = (double)rows * (double)together;
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
