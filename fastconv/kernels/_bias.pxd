# What follows sums when it is not what their algorithm adds in registers; see _bias.pyx.
from ._table cimport fc_activation, fc_conv, fc_kernels

# Where the bias of place (d, h, w) of channel c lies: c*channel + d*d_step + h*h_step + w*w_step; w_step is 1 or 0.
cdef struct Places:
    Py_ssize_t channel, d_step, h_step, w_step

cdef Places places_of(const fc_conv *s, tuple extents)
cdef size_t finish_bytes(const fc_conv *s, Py_ssize_t itemsize, int threads) noexcept
cdef int finish(const fc_conv *s, const fc_kernels *kernels, const fc_activation *after, const Places *places,
                const char *bias, char *y, Py_ssize_t itemsize, int threads, bint brief) except -1
