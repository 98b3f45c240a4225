/* The vocabulary of simd.h one lane wide: the plain C that every other header must agree with, on any machine. */
#define LANES 1
#define FC_MR 4
#define FC_NV 4
#define FC_DV 4
#define FC_FR 6
#define FC_FV 2
#define FC_RM 6
#define FC_RV 2

typedef real vec;
typedef uint32_t mask;

FC_INLINE vec vec_zero(void) { return 0; }
FC_INLINE vec vec_set1(real s) { return s; }
FC_INLINE vec vec_load(const real *p) { return *p; }
FC_INLINE void vec_store(real *p, vec v) { *p = v; }
FC_INLINE vec vec_load_stride(const real *p, ptrdiff_t stride) {
    (void)stride;
    return *p;
}
FC_INLINE vec vec_load_some(const real *p, ptrdiff_t stride, mask m) {
    (void)stride;
    return m ? *p : 0;
}
FC_INLINE vec vec_load_at(const real *p, const int32_t *at) { return *at < 0 ? 0 : p[*at]; }
FC_INLINE void vec_store_some(real *p, vec v, mask m) {
    if (m) *p = v;
}
FC_INLINE vec vec_fma(vec a, vec b, vec c) { return a * b + c; }
FC_INLINE vec vec_fma_some(mask m, vec a, vec b, vec c) { return m ? a * b + c : c; }
FC_INLINE vec vec_fma_at(const real *p, vec b, vec c) { return vec_fma(vec_set1(*p), b, c); }
FC_INLINE vec vec_held(vec v) { return v; }
FC_INLINE vec vec_add(vec a, vec b) { return a + b; }
FC_INLINE vec vec_sub(vec a, vec b) { return a - b; }
FC_INLINE vec vec_mul(vec a, vec b) { return a * b; }
FC_INLINE vec vec_div(vec a, vec b) { return a / b; }
FC_INLINE vec vec_sqrt(vec a) { return FC_WIDTH == 32 ? (real)__builtin_sqrtf((float)a) : (real)__builtin_sqrt(a); }
FC_INLINE vec vec_or(vec a, vec b) {
    union { real value; unsigned char byte[sizeof(real)]; } left = {a}, right = {b};
    for (size_t i = 0; i < sizeof(real); i++) left.byte[i] |= right.byte[i];
    return left.value;
}
FC_INLINE vec vec_max(vec a, vec b) { return a > b ? a : b; }
FC_INLINE vec vec_min(vec a, vec b) { return a < b ? a : b; }
FC_INLINE vec vec_round(vec a) { return FC_WIDTH == 32 ? (real)__builtin_rintf((float)a) : (real)__builtin_rint(a); }
FC_INLINE vec vec_scale(vec a, vec n) {
    return FC_WIDTH == 32 ? (real)__builtin_ldexpf((float)a, (int)n) : (real)__builtin_ldexp(a, (int)n);
}
FC_INLINE vec vec_align(vec low, vec high, const int k) {
    (void)high, (void)k;
    return low;
}
FC_INLINE void vec_transpose(vec rows[1]) { (void)rows; }
FC_INLINE void vec_zip(vec a, vec b, vec *low, vec *high) { *low = a, *high = b; }
FC_INLINE void vec_unzip(vec a, vec b, vec *even, vec *odd) { *even = a, *odd = b; }
FC_INLINE real vec_sum(vec v) { return v; }
FC_INLINE mask mask_bits(uint32_t bits) { return bits & 1; }
FC_INLINE uint32_t bits_of(mask m) { return m; }
FC_INLINE mask mask_beats(vec a, vec b) { return (a > b) | ((a != a) & (b == b)); }
FC_INLINE vec vec_select(mask m, vec a, vec b) { return m ? a : b; }

#define NUMS 8
typedef uint16_t nums __attribute__((vector_size(2 * NUMS)));
FC_INLINE nums nums_high(nums a, nums b) {
    for (int i = 0; i < NUMS; i++) a[i] = (uint16_t)(((uint32_t)a[i] * b[i]) >> 16);
    return a;
}
