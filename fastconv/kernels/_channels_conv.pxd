# A convolution as a matrix product with output channels in lanes; see _channels_conv.pyx.
from ._conv cimport BoundConv
from ._parallel cimport parts
from ._table cimport fc_conv, fc_kernels

cdef struct Job:
    const fc_conv *shape       # of x
    const fc_conv *last        # of x with its channels last
    const fc_kernels *kernels
    Py_ssize_t itemsize, taps, c_block, pixels, panels
    Py_ssize_t block, pixel_blocks, task_panels, panel_blocks
    bint turned, gathered
    Py_ssize_t turned_pixels   # at most, of the input
    const char *x
    const char *weight
    const char *packed         # NULL: a task packs what it needs
    const char *bias
    char *y

cdef inline Py_ssize_t skewed(Py_ssize_t reals, Py_ssize_t size) noexcept nogil:
    """A row's length that is an odd number of cache lines, so that rows lie in different cache sets."""
    cdef Py_ssize_t line = 64 // size
    return (parts(reals, line) | 1) * line

cdef void multiply_rows(const Job *job, Py_ssize_t group, Py_ssize_t panel, Py_ssize_t panel_last, Py_ssize_t c,
                        Py_ssize_t c_end, const char *a, Py_ssize_t a_row, Py_ssize_t count, char *to, Py_ssize_t ldc,
                        char *own) noexcept nogil

cdef class ChannelsConv(BoundConv):
    cdef fc_conv last
    cdef Py_ssize_t taps, c_block, pixels, panels, block, turned_pixels
    cdef bint turned, gathered

    cdef Py_ssize_t task_pixels(self, int threads) noexcept
    cdef Py_ssize_t task_panels(self, int threads) noexcept
    cdef bint packs_ahead(self, int threads) noexcept
    cdef size_t task_scratch(self, int threads, bint packed) noexcept
