/* Computes:     rows of a correlation with one filter all of whose taps are read: dense, down the columns (kw = 1) or along the
 *               rows (kh = 1).
 * Source:       Zhang, Franchetti & Low, ICML 2018 (direct convolution, register blocking), for one channel.
 * Applies when: always.
 * Layout:       rows as kernels.def says, each at the column that tap 0 of output column 0 reads; weights [plane][kh][kw].
 * Plan:         one call owns its rows of outputs.
 * Tile:         FC_FR rows x FC_FV vectors of outputs. A vector of the input is read once for all the rows of the tile that it
 *               reaches, a weight once for all the vectors, so a tap of the tile is 8 loads for 16 multiply-adds (AVX-512). The
 *               last tile of a row begins earlier instead of being narrow.
 *               Taps that are equal in pairs are not added first: with a fused multiply-add that saves no operation.
 * Cost:         kh*kw/2 cycles a vector; along the rows 1.4*kw, as each input vector serves one output and straddles two lines.
 * Accuracy:     an output is one chain of multiply-adds over plane, ikh, ikw, wherever it lies.
 * Measured:     1024 columns of float, a row: down 3, 9 and 18 taps 53, 143, 242 ns, along 82, 223, 430; 3x3 185, 7x7 677, 18x9 1900,
 *               which is 44, 65 and 76 % of the peak (AVX-512, Sapphire Rapids, one thread). */
#include "kernel.h"

#define FC_LINES 4 /* rows of a tile of a filter along one axis */

/* A row of inputs to the outputs low ... high of the tile; `weight` is output 0's. */
FC_INLINE void add_row(const real *from, const real *weight, ptrdiff_t kw, const int low, const int high, const int vectors,
                       const int whole, mask some, vec (*sum)[FC_FV]) {
    for (ptrdiff_t k = 0; k < kw; k++) {
        vec in[FC_FV];
#pragma GCC unroll 16
        for (int v = 0; v < vectors; v++)
            in[v] = vec_held(whole ? vec_load(from + k + v * LANES) : vec_load_some(from + k + v * LANES, 1, some));
#pragma GCC unroll 16
        for (int r = low; r <= high; r++) {
            const vec factor = vec_set1(weight[k - r * kw]);
#pragma GCC unroll 16
            for (int v = 0; v < vectors; v++) sum[r][v] = vec_fma(factor, in[v], sum[r][v]);
        }
    }
}

struct filter {
    const real *const *rows;
    ptrdiff_t pitch, planes, kh, kw;
    const real *weights;
};

/* All rows of one plane to a tile of `outputs` rows. kh and kw are constants, or 0: any kw, any kh from `outputs` on. The rows
 * at the top and the bottom that reach some of the outputs only are written out, so that each is a loop without a decision. */
FC_INLINE void add_plane(const struct filter *f, const real *const *rows, const real *weight, const int outputs, const int kh,
                         const int kw, ptrdiff_t column, vec (*sum)[FC_FV]) {
    const mask all = mask_bits(BITS_ALL);
    const ptrdiff_t height = kh ? kh : f->kh, width = kw ? kw : f->kw;
#define ROW(row, low, high) add_row(rows[row] + column, weight + (row) * width, width, low, high, FC_FV, 1, all, sum)
#pragma GCC unroll 16
    for (int row = 0; row < outputs - 1; row++) ROW(row, kh && row >= kh ? row - kh + 1 : 0, row);
    if (kh) {
#pragma GCC unroll 16
        for (int row = outputs - 1; row < kh + outputs - 1; row++) ROW(row, row >= kh ? row - kh + 1 : 0, outputs - 1);
        return;
    }
    for (ptrdiff_t row = outputs - 1; row < height; row++) ROW(row, 0, outputs - 1);
#pragma GCC unroll 16
    for (int over = 1; over < outputs; over++) ROW(height - 1 + over, over, outputs - 1);
#undef ROW
}

FC_INLINE void tile(const struct filter *f, ptrdiff_t first, const int outputs, const int kh, const int kw, real *const *out,
                    ptrdiff_t column) {
    vec sum[FC_FR][FC_FV];
#pragma GCC unroll 16
    for (int r = 0; r < outputs; r++)
#pragma GCC unroll 16
        for (int v = 0; v < FC_FV; v++) sum[r][v] = vec_zero();
    for (ptrdiff_t plane = 0; plane < f->planes; plane++)
        add_plane(f, f->rows + plane * f->pitch + first, f->weights + plane * f->kh * f->kw, outputs, kh, kw, column, sum);
#pragma GCC unroll 16
    for (int r = 0; r < outputs; r++)
#pragma GCC unroll 16
        for (int v = 0; v < FC_FV; v++) vec_store(out[first + r] + column + v * LANES, sum[r][v]);
}

/* Some vectors of one row of outputs. */
FC_INLINE void strip(const struct filter *f, ptrdiff_t output, real *to, ptrdiff_t column, const int vectors, const int whole,
                     mask some) {
    vec sum[1][FC_FV];
#pragma GCC unroll 16
    for (int v = 0; v < vectors; v++) sum[0][v] = vec_zero();
    const real *weight = f->weights;
    for (ptrdiff_t plane = 0; plane < f->planes; plane++)
        for (ptrdiff_t row = 0; row < f->kh; row++, weight += f->kw)
            add_row(f->rows[plane * f->pitch + output + row] + column, weight, f->kw, 0, 0, vectors, whole, some, sum);
#pragma GCC unroll 16
    for (int v = 0; v < vectors; v++)
        if (whole) vec_store(to + column + v * LANES, sum[0][v]);
        else vec_store_some(to + column, sum[0][v], some);
}

#define WIDE (FC_FV * LANES)
/* Tiles side by side over `count` >= WIDE columns. */
#define ACROSS(call)                                                                     \
    for (ptrdiff_t i = 0, column; i < count; i += WIDE) {                                \
        column = i + WIDE <= count ? i : count - WIDE;                                   \
        call;                                                                            \
    }

/* A filter along one axis keeps few rows of outputs, for it is L1 that they and what they read must fit in. */
static void down(const struct filter *f, ptrdiff_t first, real *const *out, ptrdiff_t count) {
    switch (f->kh) {
    case 1: ACROSS(tile(f, first, FC_LINES, 1, 1, out, column)) return;
    case 2: ACROSS(tile(f, first, FC_LINES, 2, 1, out, column)) return;
    case 3: ACROSS(tile(f, first, FC_LINES, 3, 1, out, column)) return;
    default: ACROSS(tile(f, first, FC_LINES, 0, 1, out, column))
    }
}

static void along(const struct filter *f, ptrdiff_t first, real *const *out, ptrdiff_t count) {
    ACROSS(tile(f, first, FC_LINES, 1, 0, out, column))
}

static void dense(const struct filter *f, ptrdiff_t first, real *const *out, ptrdiff_t count) {
    switch (f->kh) {
    case 2: ACROSS(tile(f, first, FC_FR, 2, 0, out, column)) return;
    case 3: ACROSS(tile(f, first, FC_FR, 3, 0, out, column)) return;
    case 4: ACROSS(tile(f, first, FC_FR, 4, 0, out, column)) return;
    case 5: ACROSS(tile(f, first, FC_FR, 5, 0, out, column)) return;
    default: ACROSS(tile(f, first, FC_FR, 0, 0, out, column))
    }
}

static void one_row(const struct filter *f, ptrdiff_t output, real *to, ptrdiff_t count) {
    if (count >= WIDE) {
        ACROSS(strip(f, output, to, column, FC_FV, 1, mask_bits(BITS_ALL)))
        return;
    }
    for (ptrdiff_t i = 0; i < count; i += LANES) strip(f, output, to, i, 1, 0, mask_bits(bits_below(count - i)));
}

void FC_FN(filter_rows)(const void *const *rows, ptrdiff_t pitch, ptrdiff_t planes, ptrdiff_t kh, ptrdiff_t kw,
                        const void *weights, ptrdiff_t outputs, void *const *out, ptrdiff_t count) {
    const struct filter f = {(const real *const *)rows, pitch, planes, kh, kw, weights};
    real *const *to = (real *const *)out;
    const ptrdiff_t together = kh == 1 || kw == 1 ? FC_LINES : FC_FR;
    ptrdiff_t first = 0;
    for (; count >= WIDE && first + together <= outputs; first += together)
        (kw == 1 ? down : kh == 1 ? along : dense)(&f, first, to, count);
    for (; first < outputs; first++) one_row(&f, first, to[first], count);
}
