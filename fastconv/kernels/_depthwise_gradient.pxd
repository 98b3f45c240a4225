# The gradient of depthwise filters; see _depthwise_gradient.pyx.
from ._table cimport fc_conv, fc_kernels

cdef int depthwise_weight(const fc_conv *s, const fc_kernels *kernels, Py_ssize_t itemsize, const char *x, const char *dy,
                          char *dw, int threads, bint brief) except -1
