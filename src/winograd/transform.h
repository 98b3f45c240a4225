/* The 1-D transforms of Winograd's minimal filtering, F(m, r): y = A^T [(G g) . (B^T d)]; in 2-D each is applied along both
 * axes.
 *
 * Source: Winograd 1980 by way of Lavin & Gray, arXiv 1509.09308; the matrices are Cook-Toom's for the points
 *   F(2,3):          0, 1, -1, infinity
 *   F(4,3), F(2,5):  0, +-a, +-b, infinity with a = sqrt(1/2), b = sqrt(2)
 * Points whose product is 1 keep rows and columns balanced: the largest error is a quarter of that of 0, +-1, +-2 (Barabasz
 * et al., ACM TOMS 46(4), 2020, look for such points), at no extra operation. F(4,3) and F(2,5) have the same points, so the
 * same input transform. tests/winograd.py derives all of them again from the points. */
#ifndef FC_WINOGRAD_TRANSFORM_H
#define FC_WINOGRAD_TRANSFORM_H

#include "transpose.h"

#define POINTS 6   /* the most along an axis */
#define TAPS 5     /* the most along an axis */
#define OUTPUTS 4  /* the most along an axis */
#define SEGMENT 32 /* input pixels of the run of tiles that is staged at once, which take 6 * 32 vectors: 12 KB */

#define ROOT_HALF ((real)0.70710678118654752440)
#define ROOT_TWO ((real)1.41421356237309504880)

/* Outputs and taps along an axis; points are their sum less one. */
FC_INLINE int outputs_of(int kind) { return kind == FC_F4X3 || kind == FC_GRAD4X3 ? 4 : 2; }
FC_INLINE int taps_of(int kind) { return kind == FC_F2X5 ? 5 : 3; }
FC_INLINE int points_of(int kind) { return kind == FC_F2X3 ? 4 : 6; }
/* Elements of a tile before it is transformed. */
FC_INLINE int reads_of(int kind) { return kind == FC_GRAD4X3 ? 4 : points_of(kind); }

FC_INLINE vec times(real factor, vec v) { return vec_mul(vec_set1(factor), v); }
FC_INLINE vec plus_times(vec sum, real factor, vec v) { return vec_fma(vec_set1(factor), v, sum); }

/* B^T d, or A d of an output's gradient, in place. */
FC_INLINE void transform_input(const int kind, vec d[POINTS]) {
    if (kind == FC_GRAD4X3) {
        const vec even_a = plus_times(d[0], (real)0.5, d[2]), even_b = plus_times(d[0], 2, d[2]);
        const vec odd_a = plus_times(times(ROOT_HALF, d[1]), ROOT_HALF / 2, d[3]);
        const vec odd_b = plus_times(times(ROOT_TWO, d[1]), 2 * ROOT_TWO, d[3]);
        d[5] = d[3];
        d[1] = vec_add(even_a, odd_a), d[2] = vec_sub(even_a, odd_a);
        d[3] = vec_add(even_b, odd_b), d[4] = vec_sub(even_b, odd_b);
    } else if (kind == FC_F2X3) {
        const vec d0 = vec_sub(d[0], d[2]), d1 = vec_add(d[1], d[2]), d2 = vec_sub(d[2], d[1]), d3 = vec_sub(d[3], d[1]);
        d[0] = d0, d[1] = d1, d[2] = d2, d[3] = d3;
    } else {
        const vec first = vec_add(d[4], plus_times(d[0], (real)-2.5, d[2]));
        const vec last = vec_add(d[5], plus_times(d[1], (real)-2.5, d[3]));
        const vec even_a = plus_times(d[4], -2, d[2]), even_b = plus_times(d[4], (real)-0.5, d[2]);
        const vec odd_a = plus_times(times(ROOT_HALF, d[3]), -ROOT_TWO, d[1]);
        const vec odd_b = plus_times(times(ROOT_TWO, d[3]), -ROOT_HALF, d[1]);
        d[0] = first, d[5] = last;
        d[1] = vec_add(even_a, odd_a), d[2] = vec_sub(even_a, odd_a);
        d[3] = vec_add(even_b, odd_b), d[4] = vec_sub(even_b, odd_b);
    }
}

/* G g. */
FC_INLINE void transform_weights(const int kind, const vec g[TAPS], vec u[POINTS]) {
    if (kind == FC_F2X3) {
        const vec outer = vec_add(g[0], g[2]);
        u[0] = g[0], u[3] = g[2];
        u[1] = times((real)0.5, vec_add(outer, g[1])), u[2] = times((real)0.5, vec_sub(outer, g[1]));
        return;
    }
    vec even_a = plus_times(g[0], (real)0.5, g[2]), even_b = plus_times(g[0], 2, g[2]);
    vec odd_a = times(ROOT_HALF, g[1]), odd_b = times(ROOT_TWO, g[1]);
    if (kind == FC_F2X5) {
        even_a = plus_times(even_a, (real)0.25, g[4]), even_b = plus_times(even_b, 4, g[4]);
        odd_a = plus_times(odd_a, ROOT_HALF / 2, g[3]), odd_b = plus_times(odd_b, 2 * ROOT_TWO, g[3]);
    }
    u[0] = g[0], u[5] = g[taps_of(kind) - 1];
    u[1] = times((real)(-2.0 / 3), vec_add(even_a, odd_a)), u[2] = times((real)(-2.0 / 3), vec_sub(even_a, odd_a));
    u[3] = times((real)(1.0 / 6), vec_add(even_b, odd_b)), u[4] = times((real)(1.0 / 6), vec_sub(even_b, odd_b));
}

/* G^T m of F(4, 3). */
FC_INLINE void transform_products(const vec m[POINTS], vec g[3]) {
    const vec even_a = vec_add(m[1], m[2]), odd_a = vec_sub(m[1], m[2]);
    const vec even_b = vec_add(m[3], m[4]), odd_b = vec_sub(m[3], m[4]);
    g[0] = plus_times(plus_times(m[0], (real)(-2.0 / 3), even_a), (real)(1.0 / 6), even_b);
    g[1] = plus_times(times(ROOT_HALF * (real)(-2.0 / 3), odd_a), ROOT_TWO * (real)(1.0 / 6), odd_b);
    g[2] = plus_times(plus_times(m[5], (real)(-1.0 / 3), even_a), (real)(1.0 / 3), even_b);
}

/* A^T m. */
FC_INLINE void transform_output(const int kind, const vec m[POINTS], vec y[OUTPUTS]) {
    const vec even_a = vec_add(m[1], m[2]), odd_a = vec_sub(m[1], m[2]);
    if (kind == FC_F2X3) {
        y[0] = vec_add(m[0], even_a), y[1] = vec_add(m[3], odd_a);
        return;
    }
    const vec even_b = vec_add(m[3], m[4]), odd_b = vec_sub(m[3], m[4]);
    const vec odd = plus_times(times(ROOT_HALF, odd_a), ROOT_TWO, odd_b);
    y[0] = vec_add(m[0], vec_add(even_a, even_b));
    if (kind == FC_F2X5) {
        y[1] = vec_add(m[5], odd);
        return;
    }
    y[1] = odd;
    y[2] = plus_times(times((real)0.5, even_a), 2, even_b);
    y[3] = vec_add(m[5], plus_times(times(ROOT_HALF / 2, odd_a), 2 * ROOT_TWO, odd_b));
}

#endif
