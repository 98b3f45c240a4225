/* The vector vocabulary that every kernel is written in.
 *
 * The build compiles each kernel once per row of isa.def and float width, with FC_ISA (a word of isa.def) and FC_WIDTH
 * (32 or 64) defined. This header turns the two into `real`, FC_FN(name) and the vector type of simd/<isa>.h, which
 * must offer, for a vector `vec` of LANES reals and a lane set `mask`:
 *
 *   vec_zero()  vec_set1(s)  vec_load(p)  vec_store(p, v)           any alignment
 *   vec_load_stride(p, stride)                                      p[0], p[stride], ... p[(LANES-1)*stride], no other
 *   vec_load_some(p, stride, m)   vec_store_some(p, v, m)           lanes outside m are not touched; they load as zero
 *   vec_load_at(p, at)                                              p[at[0]], p[at[1]], ..., zero where an int32 `at` is negative
 *   vec_fma(a, b, c) = a*b + c    vec_add  vec_sub  vec_mul  vec_div
 *   vec_sqrt(a)                                                     rounded correctly
 *   vec_fma_at(p, b, c) = p[0]*b + c                                the factor stays in memory, whatever the compiler thinks
 *   vec_fma_some(m, a, b, c)                                        a*b + c in lanes of m, c in others, where a must be zero
 *   vec_held(v) = v                                                 is in a register, whatever the compiler thinks
 *   vec_max(a, b)  vec_min(a, b)                                    b where either is NaN
 *   vec_or(a, b)                                                    bitwise: merges two loads of disjoint lanes
 *   vec_round(a)                                                    to the nearest whole number, ties to even
 *   vec_scale(a, n)                                                 a * 2**n for whole n in [-1000, 1000] that a real can hold
 *   vec_align(low, high, k)                                         lanes k ... k + LANES - 1 of the two; k < LANES, < 8
 *   vec_transpose(rows)                                             LANES vectors of LANES lanes, in place
 *   vec_zip(a, b, low, high)                                        a[0], b[0], a[1], b[1], ... into *low and *high
 *   vec_unzip(a, b, even, odd)                                      the reverse: every second lane of the two into each
 *   vec_sum(v)                                                      all lanes, always added in the same tree order
 *   nums_high(a, b)                                                 the high halves of products, of vectors `nums` of NUMS
 *                                                                   16-bit numbers, which +, - and >> do for as well
 *   mask_bits(u)   bits_of(m)                                       bit l of u is lane l
 *   mask_beats(a, b)                                                a > b, or a is NaN and b is not
 *   vec_select(m, a, b)                                             m ? a : b, lane by lane
 *   FC_MR, FC_NV                                                    the GEMM register tile: FC_MR rows x FC_NV vectors
 *   FC_DV                                                           vectors of one row that the direct kernels hold
 *   FC_FR, FC_FV                                                    the tile of an image filter: FC_FR rows x FC_FV vectors
 *   FC_RM, FC_RV                                                    the tile of rows_tile: FC_RM rows x FC_RV vectors
 */
#ifndef FC_SIMD_H
#define FC_SIMD_H

#include <stddef.h>
#include <stdint.h>

#if !defined(FC_ISA) || !defined(FC_WIDTH)
#error "kernels are compiled by setup.py, once per row of isa.def and float width"
#endif

#if FC_WIDTH == 32
typedef float real;
#define FC_SUFFIX f32
#else
typedef double real;
#define FC_SUFFIX f64
#endif

#define FC_PASTE_(name, suffix, isa) fc_##name##_##suffix##_##isa
#define FC_PASTE(name, suffix, isa) FC_PASTE_(name, suffix, isa)
#define FC_FN(name) FC_PASTE(name, FC_SUFFIX, FC_ISA)

#define FC_INLINE static inline __attribute__((always_inline))

#define FC_STRING_(x) #x
#define FC_STRING(x) FC_STRING_(x)
#include FC_STRING(FC_ISA.h)

/* The first n lanes; any n. */
FC_INLINE uint32_t bits_below(ptrdiff_t n) {
    return n <= 0 ? 0u : n >= LANES ? (uint32_t)((1ull << LANES) - 1) : (uint32_t)((1ull << n) - 1);
}

/* Lanes [low, high). */
FC_INLINE uint32_t bits_between(ptrdiff_t low, ptrdiff_t high) { return bits_below(high) & ~bits_below(low); }

#define BITS_ALL ((uint32_t)((1ull << LANES) - 1))

#endif
