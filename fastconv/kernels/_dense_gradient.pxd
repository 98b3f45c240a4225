# The gradient of dense convolutions' weights; see _dense_gradient.pyx.
from ._table cimport fc_conv, fc_kernels

cdef struct Axis:
    # How one axis of the input is staged: output o reads place o*step + tap*reach.
    Py_ssize_t step, reach, count
    bint apart

cdef Axis axis_of(Py_ssize_t outputs, Py_ssize_t kernel, Py_ssize_t stride, Py_ssize_t dilation) noexcept nogil
cdef fc_conv output_shape(const fc_conv *s) noexcept nogil
cdef int dense_weight(const fc_conv *s, const fc_kernels *kernels, Py_ssize_t itemsize, const char *x, const char *dy,
                      char *dw, int threads, bint brief) except -1
