/* Computes:     which planes of x the windows of one plane of y reach, and where that plane of y is.
 * Source:       -
 * Applies when: always.
 * Layout:       planes are counted by `axes` axes, the last one fastest; strides are in bytes.
 * Plan:         one call finds the planes of one plane of y.
 * Tile:         -
 * Cost:         a division an axis, and a look at the border for each plane of a window.
 * Accuracy:     exact.
 * Measured:     64 x 64 x 64 float32, median over 3 x 3 x 3: less than 0.1 % of the call (AVX-512, Sapphire Rapids). */
#include "rank/rank.h"

ptrdiff_t FC_FN(rank_planes)(const struct fc_rank *s, const struct fc_planes *p, ptrdiff_t plane, const char *x,
                             const char **planes) {
    ptrdiff_t offset = 0;
    for (ptrdiff_t i = 0; i < s->planes; i++) planes[i] = x;
    for (ptrdiff_t axis = p->axes - 1; axis >= 0; axis--) {
        const ptrdiff_t size = p->sizes[axis], here = plane % size;
        plane /= size;
        offset += here * p->y_strides[axis];
        for (ptrdiff_t i = 0; i < s->planes; i++) {
            const ptrdiff_t there = here + (ptrdiff_t)p->reach[i * p->axes + axis];
            const ptrdiff_t at = there >= 0 && there < size ? there : border_source(p->borders[axis], there, size);
            planes[i] = planes[i] && at >= 0 ? planes[i] + at * p->x_strides[axis] : NULL;
        }
    }
    return offset;
}
