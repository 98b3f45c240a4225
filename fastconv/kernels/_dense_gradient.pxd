# The gradient of dense convolutions' weights; see _dense_gradient.pyx.
from ._table cimport fc_conv, fc_kernels

cdef fc_conv output_shape(const fc_conv *s) noexcept nogil
cdef int dense_weight(const fc_conv *s, const fc_kernels *kernels, Py_ssize_t itemsize, const char *x, const char *dy,
                      char *dw, int threads, bint brief) except -1
