/* The vocabulary of simd.h on 512-bit vectors (AVX-512 F, DQ, BW, VL).
 *
 * Register tile 8 x 3 vectors: 24 accumulators, 3 vectors of B and one broadcast fill 28 of 32 registers, and one step
 * of k costs 11 loads for 24 multiply-adds, which leaves the two load ports idle half of the time. With channels in lanes
 * the tile is 14 x 2, 16 loads for 28: a tile of any number of pixels then wastes no lane. */
#include <immintrin.h>

#define FC_MR 8
#define FC_NV 3
#define FC_DV 4
#define FC_FR 6
#define FC_FV 4
#define FC_RM 14
#define FC_RV 2

FC_INLINE uint32_t even_bits(uint32_t bits) { return _pdep_u32(bits, 0x55555555u); }

#if FC_WIDTH == 32
#define LANES 16
typedef __m512 vec;
typedef __mmask16 mask;

FC_INLINE vec vec_zero(void) { return _mm512_setzero_ps(); }
FC_INLINE vec vec_set1(real s) { return _mm512_set1_ps(s); }
FC_INLINE vec vec_load(const real *p) { return _mm512_loadu_ps(p); }
FC_INLINE void vec_store(real *p, vec v) { _mm512_storeu_ps(p, v); }
FC_INLINE void vec_store_some(real *p, vec v, mask m) { _mm512_mask_storeu_ps(p, m, v); }
FC_INLINE vec vec_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
FC_INLINE vec vec_fma_some(mask m, vec a, vec b, vec c) { return _mm512_mask3_fmadd_ps(a, b, c, m); }
FC_INLINE vec vec_fma_at(const real *p, vec b, vec c) {
    __asm__("vfmadd231ps %1%{1to16%}, %2, %0" : "+v"(c) : "m"(*p), "v"(b));
    return c;
}
FC_INLINE vec vec_held(vec v) {
    __asm__("" : "+v"(v));
    return v;
}
FC_INLINE vec vec_add(vec a, vec b) { return _mm512_add_ps(a, b); }
FC_INLINE vec vec_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
FC_INLINE vec vec_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
FC_INLINE vec vec_div(vec a, vec b) { return _mm512_div_ps(a, b); }
FC_INLINE vec vec_sqrt(vec a) { return _mm512_sqrt_ps(a); }
FC_INLINE vec vec_or(vec a, vec b) { return _mm512_or_ps(a, b); }
FC_INLINE vec vec_max(vec a, vec b) { return _mm512_max_ps(a, b); }
FC_INLINE vec vec_min(vec a, vec b) { return _mm512_min_ps(a, b); }
FC_INLINE vec vec_round(vec a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
FC_INLINE vec vec_scale(vec a, vec n) { return _mm512_scalef_ps(a, n); }
FC_INLINE void vec_transpose(vec rows[16]) {
    vec pair[16], four[16], half[16];
#pragma GCC unroll 8
    for (int i = 0; i < 16; i += 2) {
        pair[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
        pair[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {
        four[i] = _mm512_shuffle_ps(pair[i], pair[i + 2], 0x44);
        four[i + 1] = _mm512_shuffle_ps(pair[i], pair[i + 2], 0xEE);
        four[i + 2] = _mm512_shuffle_ps(pair[i + 1], pair[i + 3], 0x44);
        four[i + 3] = _mm512_shuffle_ps(pair[i + 1], pair[i + 3], 0xEE);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        half[i] = _mm512_shuffle_f32x4(four[i], four[i + 4], 0x88);
        half[i + 4] = _mm512_shuffle_f32x4(four[i], four[i + 4], 0xDD);
        half[i + 8] = _mm512_shuffle_f32x4(four[i + 8], four[i + 12], 0x88);
        half[i + 12] = _mm512_shuffle_f32x4(four[i + 8], four[i + 12], 0xDD);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        rows[i] = _mm512_shuffle_f32x4(half[i], half[i + 8], 0x88);
        rows[i + 8] = _mm512_shuffle_f32x4(half[i], half[i + 8], 0xDD);
        rows[i + 4] = _mm512_shuffle_f32x4(half[i + 4], half[i + 12], 0x88);
        rows[i + 12] = _mm512_shuffle_f32x4(half[i + 4], half[i + 12], 0xDD);
    }
}
FC_INLINE void vec_zip(vec a, vec b, vec *low, vec *high) {
    const __m512i first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    *low = _mm512_permutex2var_ps(a, first, b);
    *high = _mm512_permutex2var_ps(a, _mm512_add_epi32(first, _mm512_set1_epi32(8)), b);
}
FC_INLINE void vec_unzip(vec a, vec b, vec *even, vec *odd) {
    const __m512i first = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    *even = _mm512_permutex2var_ps(a, first, b);
    *odd = _mm512_permutex2var_ps(a, _mm512_add_epi32(first, _mm512_set1_epi32(1)), b);
}
FC_INLINE real vec_sum(vec v) { return _mm512_reduce_add_ps(v); }
FC_INLINE mask mask_beats(vec a, vec b) {
    return _mm512_mask_cmp_ps_mask(_mm512_cmp_ps_mask(b, b, _CMP_ORD_Q), a, b, _CMP_NLE_UQ);
}
FC_INLINE vec vec_select(mask m, vec a, vec b) { return _mm512_mask_blend_ps(m, b, a); }

/* Every second of 31 reals: the upper half is read from p + 15, so that nothing after the last lane is touched. */
FC_INLINE vec vec_load_pairs(vec low, vec high) {
    const __m512i pick = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31);
    return _mm512_permutex2var_ps(low, pick, high);
}
FC_INLINE __m512i lane_offsets(ptrdiff_t stride) {
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return _mm512_mullo_epi32(lane, _mm512_set1_epi32((int)stride));
}
FC_INLINE vec vec_gather(const real *p, ptrdiff_t stride, mask m) {
    return _mm512_mask_i32gather_ps(vec_zero(), m, lane_offsets(stride), p, 4);
}
FC_INLINE vec load_masked(const real *p, mask m) { return _mm512_maskz_loadu_ps(m, p); }
FC_INLINE vec vec_load_at(const real *p, const int32_t *at) {
    const __m512i places = _mm512_loadu_si512(at);
    return _mm512_mask_i32gather_ps(vec_zero(), (mask)~_mm512_movepi32_mask(places), places, p, 4);
}
#define FC_ALIGN(k) case k: return _mm512_castsi512_ps(_mm512_alignr_epi32(_mm512_castps_si512(high), _mm512_castps_si512(low), k))
#else
#define LANES 8
typedef __m512d vec;
typedef __mmask8 mask;

FC_INLINE vec vec_zero(void) { return _mm512_setzero_pd(); }
FC_INLINE vec vec_set1(real s) { return _mm512_set1_pd(s); }
FC_INLINE vec vec_load(const real *p) { return _mm512_loadu_pd(p); }
FC_INLINE void vec_store(real *p, vec v) { _mm512_storeu_pd(p, v); }
FC_INLINE void vec_store_some(real *p, vec v, mask m) { _mm512_mask_storeu_pd(p, m, v); }
FC_INLINE vec vec_fma(vec a, vec b, vec c) { return _mm512_fmadd_pd(a, b, c); }
FC_INLINE vec vec_fma_some(mask m, vec a, vec b, vec c) { return _mm512_mask3_fmadd_pd(a, b, c, m); }
FC_INLINE vec vec_fma_at(const real *p, vec b, vec c) {
    __asm__("vfmadd231pd %1%{1to8%}, %2, %0" : "+v"(c) : "m"(*p), "v"(b));
    return c;
}
FC_INLINE vec vec_held(vec v) {
    __asm__("" : "+v"(v));
    return v;
}
FC_INLINE vec vec_add(vec a, vec b) { return _mm512_add_pd(a, b); }
FC_INLINE vec vec_sub(vec a, vec b) { return _mm512_sub_pd(a, b); }
FC_INLINE vec vec_mul(vec a, vec b) { return _mm512_mul_pd(a, b); }
FC_INLINE vec vec_div(vec a, vec b) { return _mm512_div_pd(a, b); }
FC_INLINE vec vec_sqrt(vec a) { return _mm512_sqrt_pd(a); }
FC_INLINE vec vec_or(vec a, vec b) { return _mm512_or_pd(a, b); }
FC_INLINE vec vec_max(vec a, vec b) { return _mm512_max_pd(a, b); }
FC_INLINE vec vec_min(vec a, vec b) { return _mm512_min_pd(a, b); }
FC_INLINE vec vec_round(vec a) { return _mm512_roundscale_pd(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
FC_INLINE vec vec_scale(vec a, vec n) { return _mm512_scalef_pd(a, n); }
FC_INLINE void vec_transpose(vec rows[8]) {
    vec pair[8], four[8];
#pragma GCC unroll 4
    for (int i = 0; i < 8; i += 2) {
        pair[i] = _mm512_unpacklo_pd(rows[i], rows[i + 1]);
        pair[i + 1] = _mm512_unpackhi_pd(rows[i], rows[i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < 8; i += 4)
#pragma GCC unroll 2
        for (int j = 0; j < 2; j++) {
            four[i + j] = _mm512_shuffle_f64x2(pair[i + j], pair[i + j + 2], 0x88);
            four[i + j + 2] = _mm512_shuffle_f64x2(pair[i + j], pair[i + j + 2], 0xDD);
        }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        rows[i] = _mm512_shuffle_f64x2(four[i], four[i + 4], 0x88);
        rows[i + 4] = _mm512_shuffle_f64x2(four[i], four[i + 4], 0xDD);
    }
}
FC_INLINE void vec_zip(vec a, vec b, vec *low, vec *high) {
    const __m512i first = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
    *low = _mm512_permutex2var_pd(a, first, b);
    *high = _mm512_permutex2var_pd(a, _mm512_add_epi64(first, _mm512_set1_epi64(4)), b);
}
FC_INLINE void vec_unzip(vec a, vec b, vec *even, vec *odd) {
    const __m512i first = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
    *even = _mm512_permutex2var_pd(a, first, b);
    *odd = _mm512_permutex2var_pd(a, _mm512_add_epi64(first, _mm512_set1_epi64(1)), b);
}
FC_INLINE real vec_sum(vec v) { return _mm512_reduce_add_pd(v); }
FC_INLINE mask mask_beats(vec a, vec b) {
    return _mm512_mask_cmp_pd_mask(_mm512_cmp_pd_mask(b, b, _CMP_ORD_Q), a, b, _CMP_NLE_UQ);
}
FC_INLINE vec vec_select(mask m, vec a, vec b) { return _mm512_mask_blend_pd(m, b, a); }
FC_INLINE vec vec_load_pairs(vec low, vec high) {
    const __m512i pick = _mm512_setr_epi64(0, 2, 4, 6, 9, 11, 13, 15);
    return _mm512_permutex2var_pd(low, pick, high);
}
FC_INLINE __m256i lane_offsets(ptrdiff_t stride) {
    return _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32((int)stride));
}
FC_INLINE vec vec_gather(const real *p, ptrdiff_t stride, mask m) {
    return _mm512_mask_i32gather_pd(vec_zero(), m, lane_offsets(stride), p, 8);
}
FC_INLINE vec load_masked(const real *p, mask m) { return _mm512_maskz_loadu_pd(m, p); }
FC_INLINE vec vec_load_at(const real *p, const int32_t *at) {
    const __m256i places = _mm256_loadu_si256((const __m256i *)at);
    return _mm512_mask_i32gather_pd(vec_zero(), (mask)~_mm256_movepi32_mask(places), places, p, 8);
}
#define FC_ALIGN(k) case k: return _mm512_castsi512_pd(_mm512_alignr_epi64(_mm512_castpd_si512(high), _mm512_castpd_si512(low), k))
#endif

FC_INLINE mask mask_bits(uint32_t bits) { return (mask)bits; }
FC_INLINE uint32_t bits_of(mask m) { return m; }
FC_INLINE vec vec_align(vec low, vec high, const int k) {
    switch (k) {
        FC_ALIGN(1); FC_ALIGN(2); FC_ALIGN(3); FC_ALIGN(4); FC_ALIGN(5); FC_ALIGN(6); FC_ALIGN(7);
    default: return low;
    }
}
#undef FC_ALIGN

/* Gathers index with 32 bits; a stride beyond that is loaded lane by lane. */
FC_INLINE vec vec_load_far(const real *p, ptrdiff_t stride, mask m) {
    real lane[LANES] = {0};
    for (int l = 0; l < LANES; l++)
        if (m >> l & 1) lane[l] = p[l * stride];
    return vec_load(lane);
}

FC_INLINE vec vec_load_some(const real *p, ptrdiff_t stride, mask m) {
    if (stride == 1) return load_masked(p, m);
    if (stride == 2) {
        const uint32_t low = (uint32_t)m & ((1u << LANES / 2) - 1), high = (uint32_t)m >> LANES / 2;
        return vec_load_pairs(load_masked(p, (mask)even_bits(low)),
                              load_masked(p + LANES - 1, (mask)(even_bits(high) << 1)));
    }
    return stride < 1 << 26 ? vec_gather(p, stride, m) : vec_load_far(p, stride, m);
}

FC_INLINE vec vec_load_stride(const real *p, ptrdiff_t stride) {
    if (stride == 1) return vec_load(p);
    if (stride == 2) return vec_load_pairs(vec_load(p), vec_load(p + LANES - 1));
    return vec_load_some(p, stride, (mask)((1u << LANES) - 1));
}

#define NUMS 32
typedef uint16_t nums __attribute__((vector_size(2 * NUMS)));
FC_INLINE nums nums_high(nums a, nums b) { return (nums)_mm512_mulhi_epu16((__m512i)a, (__m512i)b); }
