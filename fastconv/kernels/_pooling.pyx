"""Pools parts of a map: the kernels of pool.pyx on rows and channels that lie in a task's scratch instead of in an array.

A kernel is told where the whole plane would begin, and reads of it only the rows that are there.
"""

from libc.stdint cimport int64_t

from ._table cimport fc_kernels, fc_pool


cdef size_t pooling_bytes(const fc_kernels *kernels, const fc_pool *s) noexcept nogil:
    """Scratch of `pool_planes`."""
    return max(kernels.max_pool_scratch(s, True), kernels.max_pool_scratch(s, False), kernels.average_pool_scratch(s))


cdef char *switches_at(const Pooling *p, Py_ssize_t place) noexcept nogil:
    """Where the switch of an output lies; NULL if none are wanted."""
    if p.switches is NULL:
        return NULL
    return p.switches + place * (1 if p.compact else <Py_ssize_t>sizeof(int64_t))


cdef Py_ssize_t rows_done(const fc_pool *s, Py_ssize_t made) noexcept nogil:
    """Rows of the result that need no more than the first `made` rows of planes of depth one."""
    cdef Py_ssize_t beyond = made + s.pad_h - (s.kh - 1) * s.dilation_h - 1 + s.stride_h
    if made == 0 or made == s.h:
        return s.oh if made else 0
    return min(max(beyond, <Py_ssize_t>0) // s.stride_h, s.oh)


cdef void pool_planes(const Pooling *p, const char *part, Py_ssize_t step, Py_ssize_t begin, Py_ssize_t image,
                      Py_ssize_t images, Py_ssize_t channel, Py_ssize_t channels, Py_ssize_t row, Py_ssize_t row_end,
                      char *scratch) noexcept nogil:
    """Rows [row, row_end) of the result for some channels of some images, `step` elements apart in a part.

    The part begins `begin` elements into the planes.
    """
    cdef const fc_pool *s = p.shape
    cdef Py_ssize_t i, place, size = p.itemsize
    cdef const char *x
    for i in range(images * channels):
        place = ((image + i // channels) * p.c_out + channel + i % channels) * p.out_plane
        x = part + (i * step - begin) * size
        if p.maximum:
            p.kernels.max_pool(s, x, p.y + place * size, switches_at(p, place), p.compact, 1, row, row_end, scratch)
        else:
            p.kernels.average_pool(s, x, p.y + place * size, 1, row, row_end, scratch)
