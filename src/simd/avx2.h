/* The vocabulary of simd.h on 256-bit vectors (AVX2, FMA).
 *
 * Register tile 4 x 3 vectors: 12 accumulators, 3 vectors of B and one broadcast fill the 16 registers; one step of k
 * costs 7 loads for 12 multiply-adds. With channels in lanes the tile is 6 x 2, 8 loads for 12. */
#include <immintrin.h>

#define FC_MR 4
#define FC_NV 3
#define FC_DV 2
#define FC_FR 6
#define FC_FV 2
#define FC_RM 6
#define FC_RV 2

typedef __m256i mask;

#if FC_WIDTH == 32
#define LANES 8
typedef __m256 vec;

FC_INLINE vec vec_zero(void) { return _mm256_setzero_ps(); }
FC_INLINE vec vec_set1(real s) { return _mm256_set1_ps(s); }
FC_INLINE vec vec_load(const real *p) { return _mm256_loadu_ps(p); }
FC_INLINE void vec_store(real *p, vec v) { _mm256_storeu_ps(p, v); }
FC_INLINE void vec_store_some(real *p, vec v, mask m) { _mm256_maskstore_ps(p, m, v); }
FC_INLINE vec vec_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
FC_INLINE vec vec_fma_some(mask m, vec a, vec b, vec c) { return vec_fma(a, _mm256_and_ps(b, _mm256_castsi256_ps(m)), c); }
FC_INLINE vec vec_fma_at(const real *p, vec b, vec c) { return vec_fma(vec_set1(*p), b, c); }
FC_INLINE vec vec_held(vec v) {
    __asm__("" : "+v"(v));
    return v;
}
FC_INLINE vec vec_add(vec a, vec b) { return _mm256_add_ps(a, b); }
FC_INLINE vec vec_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
FC_INLINE vec vec_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
FC_INLINE vec vec_div(vec a, vec b) { return _mm256_div_ps(a, b); }
FC_INLINE vec vec_sqrt(vec a) { return _mm256_sqrt_ps(a); }
FC_INLINE vec vec_or(vec a, vec b) { return _mm256_or_ps(a, b); }
FC_INLINE vec vec_max(vec a, vec b) { return _mm256_max_ps(a, b); }
FC_INLINE vec vec_min(vec a, vec b) { return _mm256_min_ps(a, b); }
FC_INLINE vec vec_round(vec a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
FC_INLINE vec power_of_two(__m256i n) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23)); }
FC_INLINE vec vec_scale(vec a, vec n) {
    const __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
    return vec_mul(vec_mul(a, power_of_two(half)), power_of_two(_mm256_sub_epi32(whole, half)));
}
FC_INLINE void vec_transpose(vec rows[8]) {
    vec pair[8], four[8];
#pragma GCC unroll 4
    for (int i = 0; i < 8; i += 2) {
        pair[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
        pair[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < 8; i += 4) {
        four[i] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0x44);
        four[i + 1] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0xEE);
        four[i + 2] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0x44);
        four[i + 3] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0xEE);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        rows[i] = _mm256_permute2f128_ps(four[i], four[i + 4], 0x20);
        rows[i + 4] = _mm256_permute2f128_ps(four[i], four[i + 4], 0x31);
    }
}
FC_INLINE void vec_zip(vec a, vec b, vec *low, vec *high) {
    const vec even = _mm256_unpacklo_ps(a, b), odd = _mm256_unpackhi_ps(a, b);
    *low = _mm256_permute2f128_ps(even, odd, 0x20);
    *high = _mm256_permute2f128_ps(even, odd, 0x31);
}
FC_INLINE void vec_unzip(vec a, vec b, vec *even, vec *odd) {
    const vec low = _mm256_permute2f128_ps(a, b, 0x20), high = _mm256_permute2f128_ps(a, b, 0x31);
    *even = _mm256_shuffle_ps(low, high, 0x88);
    *odd = _mm256_shuffle_ps(low, high, 0xDD);
}
FC_INLINE real vec_sum(vec v) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}
FC_INLINE mask mask_bits(uint32_t bits) {
    const __m256i lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    return _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int)bits), lane), lane);
}
FC_INLINE mask mask_beats(vec a, vec b) {
    return _mm256_castps_si256(_mm256_and_ps(_mm256_cmp_ps(b, b, _CMP_ORD_Q), _mm256_cmp_ps(a, b, _CMP_NLE_UQ)));
}
FC_INLINE vec vec_select(mask m, vec a, vec b) { return _mm256_blendv_ps(b, a, _mm256_castsi256_ps(m)); }
FC_INLINE vec load_masked(const real *p, mask m) { return _mm256_maskload_ps(p, m); }
FC_INLINE vec vec_load_at(const real *p, const int32_t *at) {
    const __m256i places = _mm256_loadu_si256((const __m256i *)at);
    const __m256i inside = _mm256_xor_si256(places, _mm256_set1_epi32(-1)); /* the sign is what counts */
    return _mm256_mask_i32gather_ps(vec_zero(), p, places, _mm256_castsi256_ps(inside), 4);
}
#define FC_BYTES(high, low, n) _mm256_castsi256_ps(_mm256_alignr_epi8(_mm256_castps_si256(high), _mm256_castps_si256(low), n))
FC_INLINE vec vec_align(vec low, vec high, const int k) {
    const vec middle = _mm256_permute2f128_ps(low, high, 0x21);
    switch (k) {
    case 1: return FC_BYTES(middle, low, 4);
    case 2: return FC_BYTES(middle, low, 8);
    case 3: return FC_BYTES(middle, low, 12);
    case 4: return middle;
    case 5: return FC_BYTES(high, middle, 4);
    case 6: return FC_BYTES(high, middle, 8);
    case 7: return FC_BYTES(high, middle, 12);
    default: return low;
    }
}
#undef FC_BYTES

/* Every second of 15 reals: the upper half is read from p + 7, so that nothing after the last lane is touched. */
FC_INLINE vec vec_load_pairs(vec low, vec high) {
    const __m256i even_then_odd = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    return _mm256_permute2f128_ps(_mm256_permutevar8x32_ps(low, even_then_odd),
                                  _mm256_permutevar8x32_ps(high, even_then_odd), 0x30);
}
FC_INLINE vec vec_gather(const real *p, ptrdiff_t stride, mask m) {
    const __m256i at =
        _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32((int)stride));
    return _mm256_mask_i32gather_ps(vec_zero(), p, at, _mm256_castsi256_ps(m), 4);
}
FC_INLINE uint32_t bits_of(mask m) { return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(m)); }
#else
#define LANES 4
typedef __m256d vec;

FC_INLINE vec vec_zero(void) { return _mm256_setzero_pd(); }
FC_INLINE vec vec_set1(real s) { return _mm256_set1_pd(s); }
FC_INLINE vec vec_load(const real *p) { return _mm256_loadu_pd(p); }
FC_INLINE void vec_store(real *p, vec v) { _mm256_storeu_pd(p, v); }
FC_INLINE void vec_store_some(real *p, vec v, mask m) { _mm256_maskstore_pd(p, m, v); }
FC_INLINE vec vec_fma(vec a, vec b, vec c) { return _mm256_fmadd_pd(a, b, c); }
FC_INLINE vec vec_fma_some(mask m, vec a, vec b, vec c) { return vec_fma(a, _mm256_and_pd(b, _mm256_castsi256_pd(m)), c); }
FC_INLINE vec vec_fma_at(const real *p, vec b, vec c) { return vec_fma(vec_set1(*p), b, c); }
FC_INLINE vec vec_held(vec v) {
    __asm__("" : "+v"(v));
    return v;
}
FC_INLINE vec vec_add(vec a, vec b) { return _mm256_add_pd(a, b); }
FC_INLINE vec vec_sub(vec a, vec b) { return _mm256_sub_pd(a, b); }
FC_INLINE vec vec_mul(vec a, vec b) { return _mm256_mul_pd(a, b); }
FC_INLINE vec vec_div(vec a, vec b) { return _mm256_div_pd(a, b); }
FC_INLINE vec vec_sqrt(vec a) { return _mm256_sqrt_pd(a); }
FC_INLINE vec vec_or(vec a, vec b) { return _mm256_or_pd(a, b); }
FC_INLINE vec vec_max(vec a, vec b) { return _mm256_max_pd(a, b); }
FC_INLINE vec vec_min(vec a, vec b) { return _mm256_min_pd(a, b); }
FC_INLINE vec vec_round(vec a) { return _mm256_round_pd(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
FC_INLINE vec power_of_two(__m128i n) {
    return _mm256_castsi256_pd(_mm256_slli_epi64(_mm256_cvtepi32_epi64(_mm_add_epi32(n, _mm_set1_epi32(1023))), 52));
}
FC_INLINE vec vec_scale(vec a, vec n) {
    const __m128i whole = _mm256_cvtpd_epi32(n), half = _mm_srai_epi32(whole, 1);
    return vec_mul(vec_mul(a, power_of_two(half)), power_of_two(_mm_sub_epi32(whole, half)));
}
FC_INLINE void vec_transpose(vec rows[4]) {
    const vec a = _mm256_unpacklo_pd(rows[0], rows[1]), b = _mm256_unpackhi_pd(rows[0], rows[1]);
    const vec c = _mm256_unpacklo_pd(rows[2], rows[3]), d = _mm256_unpackhi_pd(rows[2], rows[3]);
    rows[0] = _mm256_permute2f128_pd(a, c, 0x20);
    rows[1] = _mm256_permute2f128_pd(b, d, 0x20);
    rows[2] = _mm256_permute2f128_pd(a, c, 0x31);
    rows[3] = _mm256_permute2f128_pd(b, d, 0x31);
}
FC_INLINE void vec_zip(vec a, vec b, vec *low, vec *high) {
    const vec even = _mm256_unpacklo_pd(a, b), odd = _mm256_unpackhi_pd(a, b);
    *low = _mm256_permute2f128_pd(even, odd, 0x20);
    *high = _mm256_permute2f128_pd(even, odd, 0x31);
}
FC_INLINE void vec_unzip(vec a, vec b, vec *even, vec *odd) {
    const vec low = _mm256_permute2f128_pd(a, b, 0x20), high = _mm256_permute2f128_pd(a, b, 0x31);
    *even = _mm256_unpacklo_pd(low, high);
    *odd = _mm256_unpackhi_pd(low, high);
}
FC_INLINE real vec_sum(vec v) {
    const __m128d half = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
    return _mm_cvtsd_f64(_mm_add_sd(half, _mm_unpackhi_pd(half, half)));
}
FC_INLINE mask mask_bits(uint32_t bits) {
    const __m256i lane = _mm256_setr_epi64x(1, 2, 4, 8);
    return _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_set1_epi64x((long long)bits), lane), lane);
}
FC_INLINE mask mask_beats(vec a, vec b) {
    return _mm256_castpd_si256(_mm256_and_pd(_mm256_cmp_pd(b, b, _CMP_ORD_Q), _mm256_cmp_pd(a, b, _CMP_NLE_UQ)));
}
FC_INLINE vec vec_select(mask m, vec a, vec b) { return _mm256_blendv_pd(b, a, _mm256_castsi256_pd(m)); }
FC_INLINE vec load_masked(const real *p, mask m) { return _mm256_maskload_pd(p, m); }
FC_INLINE vec vec_load_at(const real *p, const int32_t *at) {
    const __m128i places = _mm_loadu_si128((const __m128i *)at);
    const __m256i inside = _mm256_cvtepi32_epi64(_mm_xor_si128(places, _mm_set1_epi32(-1)));
    return _mm256_mask_i32gather_pd(vec_zero(), p, places, _mm256_castsi256_pd(inside), 8);
}
FC_INLINE vec vec_align(vec low, vec high, const int k) {
    const vec middle = _mm256_permute2f128_pd(low, high, 0x21);
    switch (k) {
    case 1: return _mm256_shuffle_pd(low, middle, 0x5);
    case 2: return middle;
    case 3: return _mm256_shuffle_pd(middle, high, 0x5);
    default: return low;
    }
}
FC_INLINE vec vec_load_pairs(vec low, vec high) {
    return _mm256_permute2f128_pd(_mm256_permute4x64_pd(low, 0xD8), _mm256_permute4x64_pd(high, 0xD8), 0x30);
}
FC_INLINE vec vec_gather(const real *p, ptrdiff_t stride, mask m) {
    const __m128i at = _mm_mullo_epi32(_mm_setr_epi32(0, 1, 2, 3), _mm_set1_epi32((int)stride));
    return _mm256_mask_i32gather_pd(vec_zero(), p, at, _mm256_castsi256_pd(m), 8);
}
FC_INLINE uint32_t bits_of(mask m) { return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(m)); }
#endif

/* Gathers index with 32 bits; a stride beyond that is loaded lane by lane. */
FC_INLINE vec vec_load_far(const real *p, ptrdiff_t stride, mask m) {
    real lane[LANES] = {0};
    const uint32_t bits = bits_of(m);
    for (int l = 0; l < LANES; l++)
        if (bits >> l & 1) lane[l] = p[l * stride];
    return vec_load(lane);
}

FC_INLINE vec vec_load_some(const real *p, ptrdiff_t stride, mask m) {
    if (stride == 1) return load_masked(p, m);
    return stride < 1 << 27 ? vec_gather(p, stride, m) : vec_load_far(p, stride, m);
}

FC_INLINE vec vec_load_stride(const real *p, ptrdiff_t stride) {
    if (stride == 1) return vec_load(p);
    if (stride == 2) return vec_load_pairs(vec_load(p), vec_load(p + LANES - 1));
    return vec_load_some(p, stride, mask_bits((1u << LANES) - 1));
}

#define NUMS 16
typedef uint16_t nums __attribute__((vector_size(2 * NUMS)));
FC_INLINE nums nums_high(nums a, nums b) { return (nums)_mm256_mulhi_epu16((__m256i)a, (__m256i)b); }
