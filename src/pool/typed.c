/* Computes:     y[o] = max over taps of x[o*stride - pad + tap*dilation] of integers, and where it stood.
 * Source:       as max.c.
 * Applies when: always; elements of 8 to 32 bits in width 32, of 64 bits in width 64.
 * Layout:       planes one after the other (channels 1), or one image whose channels stand last. Switches as in max.c; flat ones
 *               count within a plane in both.
 * Plan:         one call owns some output rows of some planes or of one image.
 * Tile:         up to BLOCK outputs of a row, or channels of one output, in L1: each tap is one loop over them, which the
 *               compiler writes in vectors. A key is an element as unsigned 8 or 16 bits or signed 32 or 64, which turns the
 *               sign of the others over. The winner travels as its tap, as wide as a key
 *               where one byte tells all taps.
 * Cost:         one load and one comparison a tap, two with switches.
 * Accuracy:     exact; ties go to the first tap in row-major order.
 * Measured:     3 planes of 1080 x 1920 bytes, 2x2 stride 2: 1.2 ms, compact switches 1.8, flat 1.9, a copy of the input 0.45
 *               in the same run (AVX-512, Sapphire Rapids, one thread). */
#include "pool/window.h"

#define BLOCK 1024

/* One block: what it reads and writes. */
struct typed {
    const struct fc_pool *s;
    const void *x; /* plane or image */
    void *y;
    void *switches;
    int compact;
    ptrdiff_t channels;
    ptrdiff_t row, column, channel, count; /* of the first output, and how many */
    uint64_t flip;                         /* what makes an element a key, and a key an element */
};

FC_INLINE ptrdiff_t start_d(const struct typed *b) { return b->row / b->s->oh * b->s->stride_d - b->s->pad_d; }
FC_INLINE ptrdiff_t start_h(const struct typed *b) { return b->row % b->s->oh * b->s->stride_h - b->s->pad_h; }
FC_INLINE ptrdiff_t start_w(const struct typed *b, ptrdiff_t i) {
    return (b->column + (b->channels == 1 ? i : 0)) * b->s->stride_w - b->s->pad_w;
}

/* Outputs [low, high) of the block whose tap w lies inside the row. */
FC_INLINE struct taps outputs_inside(const struct typed *b, ptrdiff_t w) {
    const ptrdiff_t first = start_w(b, 0) + w * b->s->dilation_w;
    struct taps all = {0, first >= 0 && first < b->s->w ? b->count : 0};
    if (b->channels > 1) return all;
    all.begin = places_below(0, first, b->s->stride_w), all.end = places_below(b->s->w, first, b->s->stride_w);
    if (all.end > b->count) all.end = b->count;
    if (all.begin > all.end) all.begin = all.end;
    return all;
}

/* The tap that windows point to before anything is larger than the smallest key: their first element. */
FC_INLINE ptrdiff_t first_tap(const struct typed *b, ptrdiff_t i) {
    const struct fc_pool *s = b->s;
    const struct taps d = taps_inside(start_d(b), s->dilation_d, s->kd, s->d);
    const struct taps h = taps_inside(start_h(b), s->dilation_h, s->kh, s->h);
    return (d.begin * s->kh + h.begin) * s->kw + taps_inside(start_w(b, i), s->dilation_w, s->kw, s->w).begin;
}

/* The place of a tap of output i. One outside, of a window that meets no element, becomes the nearest inside. */
FC_INLINE int64_t place_of(const struct typed *b, ptrdiff_t i, ptrdiff_t tap) {
    const struct fc_pool *s = b->s;
    const ptrdiff_t d = start_d(b) + tap / s->kw / s->kh * s->dilation_d, h = start_h(b) + tap / s->kw % s->kh * s->dilation_h;
    const ptrdiff_t w = start_w(b, i) + tap % s->kw * s->dilation_w;
    return ((d < s->d ? d : s->d - 1) * s->h + (h < s->h ? h : s->h - 1)) * s->w + (w < s->w ? w : s->w - 1);
}

/* Flat switches of `few` taps from their offsets, worked out once a block; of others one by one. */
#define FEW 256
FC_INLINE int has_few(const struct fc_pool *s) {
    const int narrow = s->d < s->dilation_d || s->h < s->dilation_h || s->w < s->dilation_w;
    return s->kd * s->kh * s->kw <= FEW && !narrow;
}

static void know_offsets(const struct typed *b, int64_t *offsets) {
    const struct fc_pool *s = b->s;
    for (ptrdiff_t t = 0; t < s->kd * s->kh * s->kw; t++)
        offsets[t] = (t / s->kw / s->kh * s->dilation_d * s->h + t / s->kw % s->kh * s->dilation_h) * s->w +
                     t % s->kw * s->dilation_w;
}

#if FC_WIDTH == 32
#define KEY uint8_t
#define LEAST 0
#define OF(name) name##_u8
#include "pool/typed_of.h"
#undef KEY
#undef LEAST
#undef OF
#define KEY uint16_t
#define LEAST 0
#define OF(name) name##_u16
#include "pool/typed_of.h"
#undef KEY
#undef LEAST
#undef OF
#define KEY int32_t
#define LEAST INT32_MIN
#define OF(name) name##_i32
#include "pool/typed_of.h"
#else
#define KEY int64_t
#define LEAST INT64_MIN
#define OF(name) name##_i64
#include "pool/typed_of.h"
#endif

static void pool_block(int kind, struct typed *b, ptrdiff_t o) {
#if FC_WIDTH == 32
    switch (kind) {
    case FC_I8: b->flip = 0x80; block_u8(b, o); break;
    case FC_U8: block_u8(b, o); break;
    case FC_I16: b->flip = 0x8000; block_u16(b, o); break;
    case FC_U16: block_u16(b, o); break;
    case FC_U32: b->flip = 0x80000000u; block_i32(b, o); break;
    default: block_i32(b, o);
    }
#else
    if (kind == FC_U64) b->flip = (uint64_t)1 << 63;
    block_i64(b, o);
#endif
}

void FC_FN(max_pool_typed)(const struct fc_pool *s, int kind, const void *x, void *y, void *switches, int compact,
                           ptrdiff_t channels, ptrdiff_t planes, ptrdiff_t row, ptrdiff_t row_end) {
    static const char bytes[] = {[FC_I8] = 1,  [FC_U8] = 1,  [FC_I16] = 2, [FC_U16] = 2,
                                 [FC_I32] = 4, [FC_U32] = 4, [FC_I64] = 8, [FC_U64] = 8};
    struct typed b = {s, x, y, switches, compact, channels, 0, 0, 0, 0, 0};
    const ptrdiff_t in = s->d * s->h * s->w * channels * bytes[kind], out = s->od * s->oh * s->ow * channels;
    for (ptrdiff_t plane = 0; plane < planes; plane++, b.x = (const char *)b.x + in)
        for (b.row = row; b.row < row_end; b.row++)
            for (b.column = 0; b.column < s->ow; b.column += channels == 1 ? BLOCK : 1)
                for (b.channel = 0; b.channel < channels; b.channel += BLOCK) {
                    const ptrdiff_t left = channels == 1 ? s->ow - b.column : channels - b.channel;
                    b.count = left < BLOCK ? left : BLOCK;
                    pool_block(kind, &b, plane * out + (b.row * s->ow + b.column) * channels + b.channel);
                }
}
