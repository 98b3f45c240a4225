# Pooling parts of a map while they are in cache; see _pooling.pyx.
from ._table cimport fc_kernels, fc_pool

cdef struct Pooling:
    const fc_pool *shape    # of the whole map
    const fc_kernels *kernels
    bint maximum            # or average
    Py_ssize_t itemsize, c_out, out_plane
    char *y
    char *switches          # NULL: not wanted
    int compact             # one byte each, else eight

cdef size_t pooling_bytes(const fc_kernels *kernels, const fc_pool *s) noexcept nogil
cdef char *switches_at(const Pooling *p, Py_ssize_t place) noexcept nogil
cdef Py_ssize_t rows_done(const fc_pool *s, Py_ssize_t made) noexcept nogil
cdef void pool_planes(const Pooling *p, const char *part, Py_ssize_t step, Py_ssize_t begin, Py_ssize_t image,
                      Py_ssize_t images, Py_ssize_t channel, Py_ssize_t channels, Py_ssize_t row, Py_ssize_t row_end,
                      char *scratch) noexcept nogil
