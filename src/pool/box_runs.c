/* Computes:     run_reduced: the sum or the maximum of consecutive reals; runs_reduced: of each of several runs that follow each
 *               other; first_maximum: the maximum and where it stood first.
 * Source:       definitions; pairwise folding of vectors as in Knuth, TAOCP 4A, section 7.1.3 (sideways addition).
 * Applies when: always.
 * Layout:       runs of reals: planes of a global pooling, rows of a plane.
 * Plan:         one call owns its runs.
 * Tile:         run_reduced: RUNS vectors, each a chain of its own, then all lanes of their sum. runs_reduced: LANES runs at a time,
 *               a vector each, then folded: interleaving two vectors and adding the halves leaves both with half of the
 *               lanes, so that LANES - 1 such steps end with one result a lane and no run is added up across lanes alone.
 * Cost:         one load and one operation a vector; runs_reduced two interleavings a run besides.
 * Accuracy:     sums: at most n additions to any element, factor 1, in an order that n alone decides; maxima exact, NaN if
 *               there is one; first_maximum: the first in order, of equals and of NaNs.
 * Measured:     boxes.c. */
#include "pool/boxes.h"

#define RUNS 4
#define PIECE ((ptrdiff_t)1 << 22) /* what first_maximum counts in `real` */

FC_INLINE vec load_ended(const real *x, ptrdiff_t left, const int kind) {
    if (left >= LANES) return vec_load(x);
    const mask some = mask_bits(bits_below(left));
    return vec_select(some, vec_load_some(x, 1, some), vec_set1(start_of(kind)));
}

FC_INLINE vec reduced(const real *x, ptrdiff_t n, const int kind) {
    vec part[RUNS];
#pragma GCC unroll 4
    for (int u = 0; u < RUNS; u++) part[u] = vec_set1(start_of(kind));
    ptrdiff_t i = 0;
    for (; i + RUNS * LANES <= n; i += RUNS * LANES)
#pragma GCC unroll 4
        for (int u = 0; u < RUNS; u++) part[u] = joined(part[u], vec_load(x + i + u * LANES), kind);
    for (int u = 0; i < n; i += LANES, u++) part[u] = joined(part[u], load_ended(x + i, n - i, kind), kind);
    return joined(joined(part[0], part[1], kind), joined(part[2], part[3], kind), kind);
}

double FC_FN(run_reduced)(const void *x, ptrdiff_t n, int maximum) {
    if (!maximum) return vec_sum(reduced(x, n, FC_SUMS));
    real lane[LANES], best = start_of(FC_MAXIMA);
    vec_store(lane, reduced(x, n, FC_MAXIMA));
    for (int l = 0; l < LANES; l++) best = joined_one(best, lane[l], FC_MAXIMA);
    return best;
}

/* LANES results from LANES vectors: result l joins the lanes of vector l, halves to halves. */
FC_INLINE vec folded(vec *part, const int kind) {
#pragma GCC unroll 4
    for (int half = LANES / 2; half; half /= 2)
#pragma GCC unroll 8
        for (int i = 0; i < half; i++) {
            vec low, high;
            vec_zip(part[i], part[i + half], &low, &high);
            part[i] = joined(low, high, kind);
        }
    return part[0];
}

/* `runs` vectors, one a run of n reals; four chains at a time. */
FC_INLINE void gather_parts(const real *x, ptrdiff_t n, ptrdiff_t runs, vec *part, const int kind) {
    for (ptrdiff_t r = 0; r < runs; r += 4) {
        const real *from[4];
        vec sum[4];
#pragma GCC unroll 4
        for (int q = 0; q < 4; q++) {
            from[q] = x + (r + q < runs ? r + q : runs - 1) * n;
            sum[q] = vec_set1(start_of(kind));
        }
        ptrdiff_t i = 0;
        for (; i + LANES <= n; i += LANES)
#pragma GCC unroll 4
            for (int q = 0; q < 4; q++) sum[q] = joined(sum[q], vec_load(from[q] + i), kind);
        if (i < n)
#pragma GCC unroll 4
            for (int q = 0; q < 4; q++) sum[q] = joined(sum[q], load_ended(from[q] + i, n - i, kind), kind);
#pragma GCC unroll 4
        for (int q = 0; q < 4; q++) part[r + q] = sum[q];
    }
}

FC_INLINE void reduce_runs(const real *x, ptrdiff_t n, ptrdiff_t runs, real *y, const int kind) {
    for (ptrdiff_t r = 0; r < runs; r += LANES) {
        vec part[LANES < 4 ? 4 : LANES];
        const ptrdiff_t left = runs - r < LANES ? runs - r : LANES;
        for (ptrdiff_t l = left; l < LANES; l++) part[l] = vec_zero();
        gather_parts(x + r * n, n, left, part, kind);
        vec_store_some(y + r, folded(part, kind), mask_bits(bits_below(left)));
    }
}

void FC_FN(runs_reduced)(const void *x, ptrdiff_t n, ptrdiff_t runs, int maximum, void *y) {
    maximum ? reduce_runs(x, n, runs, y, FC_MAXIMA) : reduce_runs(x, n, runs, y, FC_SUMS);
}

/* Joins what stood at `place` to what was best before it. */
FC_INLINE void outdo(real v, ptrdiff_t place, real *best, ptrdiff_t *at) {
    const int equal = v == *best || (v != v && *best != *best);
    if (!beats(v, *best) && !(equal && place < *at)) return;
    *best = v;
    *at = place;
}

static void piece_maximum(const real *x, ptrdiff_t first, ptrdiff_t n, real *best, ptrdiff_t *at) {
    vec part[RUNS], block[RUNS]; /* maxima, and which vectors of the piece they came from */
    real k = 0, value[LANES], from[LANES];
    for (int u = 0; u < RUNS; u++) part[u] = vec_set1(start_of(FC_MAXIMA)), block[u] = vec_set1((real)u);
    for (ptrdiff_t i = 0; i < n; i += RUNS * LANES, k += RUNS)
#pragma GCC unroll 4
        for (int u = 0; u < RUNS; u++) {
            const vec v = load_ended(x + first + i + u * LANES, n - i - u * LANES, FC_MAXIMA);
            block[u] = vec_select(mask_beats(v, part[u]), vec_set1(k + (real)u), block[u]);
            part[u] = joined(part[u], v, FC_MAXIMA);
        }
#pragma GCC unroll 4
    for (int u = 1; u < RUNS; u++) {
        const vec tied = vec_select(mask_beats(part[0], part[u]), block[0], vec_min(block[0], block[u]));
        block[0] = vec_select(mask_beats(part[u], part[0]), block[u], tied);
        part[0] = joined(part[0], part[u], FC_MAXIMA);
    }
    vec_store(value, part[0]);
    vec_store(from, block[0]);
    for (int l = 0; l < LANES && l < n; l++) outdo(value[l], first + (ptrdiff_t)from[l] * LANES + l, best, at);
}

ptrdiff_t FC_FN(first_maximum)(const void *x, ptrdiff_t n, void *y) {
    real best = start_of(FC_MAXIMA);
    ptrdiff_t at = n;
    for (ptrdiff_t first = 0; first < n; first += PIECE)
        piece_maximum(x, first, n - first < PIECE ? n - first : PIECE, &best, &at);
    *(real *)y = best;
    return at;
}
