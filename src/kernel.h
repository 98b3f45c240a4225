/* The first include of every kernel: the vocabulary, the shapes, and the names of all kernels of this ISA and width. */
#ifndef FC_KERNEL_H
#define FC_KERNEL_H

#include "fastconv.h"
#include "simd/simd.h"

void FC_FN(fill)(struct fc_kernels *t);

#define FC_KERNEL(result, name, arguments) result FC_FN(name) arguments;
#define FC_BYTE_KERNEL(result, name, arguments) result FC_PASTE(name, f32, FC_ISA) arguments;
#include "kernels.def"
#undef FC_KERNEL

/* How many of the places first, first + step, ... lie below `end`. */
FC_INLINE ptrdiff_t places_below(ptrdiff_t end, ptrdiff_t first, ptrdiff_t step) {
    return end > first ? (end - first + step - 1) / step : 0;
}

/* Outputs o in [span[0], span[1]) read inside the axis at one tap: 0 <= o*stride - pad + tap < size. */
FC_INLINE void tap_span(ptrdiff_t outputs, ptrdiff_t size, ptrdiff_t stride, ptrdiff_t pad, ptrdiff_t tap, ptrdiff_t *span) {
    const ptrdiff_t first = pad - tap, last = size - 1 + pad - tap;
    const ptrdiff_t low = first <= 0 ? 0 : (first + stride - 1) / stride;
    const ptrdiff_t high = last < 0 ? 0 : last / stride + 1;
    span[0] = low < outputs ? low : outputs;
    span[1] = high < span[0] ? span[0] : high < outputs ? high : outputs;
}

/* Spans of all kw taps, and the outputs for which every tap is inside. */
struct inner {
    ptrdiff_t low, high;
};
FC_INLINE struct inner tap_spans(ptrdiff_t kw, ptrdiff_t dilation, ptrdiff_t outputs, ptrdiff_t size, ptrdiff_t stride,
                                 ptrdiff_t pad, ptrdiff_t *spans) {
    struct inner inner = {0, outputs};
    for (ptrdiff_t ikw = 0; ikw < kw; ikw++) {
        ptrdiff_t *span = spans + 2 * ikw;
        tap_span(outputs, size, stride, pad, ikw * dilation, span);
        if (span[0] > inner.low) inner.low = span[0];
        if (span[1] < inner.high) inner.high = span[1];
    }
    return inner;
}

/* Whether outputs [begin, end) of a row read without lane sets. */
FC_INLINE int is_inside(struct inner inner, ptrdiff_t begin, ptrdiff_t end) {
    return begin >= inner.low && end <= inner.high;
}

/* Lane sets of a block of `vectors` vectors at column iow, one row of FC_DV a tap; the first KNOWN_TAPS taps of kw are worked
 * out once for all rows and channels of a block, the others each time. */
#define KNOWN_TAPS 16

FC_INLINE uint32_t span_lanes(const ptrdiff_t *spans, ptrdiff_t ikw, ptrdiff_t iow) {
    return bits_between(spans[2 * ikw] - iow, spans[2 * ikw + 1] - iow);
}

FC_INLINE void know_lanes(uint32_t (*lanes)[FC_DV], const ptrdiff_t *spans, ptrdiff_t kw, ptrdiff_t iow, int vectors) {
    for (ptrdiff_t ikw = 0; ikw < kw && ikw < KNOWN_TAPS; ikw++)
        for (int v = 0; v < vectors; v++) lanes[ikw][v] = span_lanes(spans, ikw, iow + v * LANES);
}

#endif
