# The gradient of 3x3 filters by Winograd's F(4x4, 3x3); see _winograd_gradient.pyx.
from ._table cimport fc_conv, fc_kernels

cdef int winograd_weight(const fc_conv *s, const fc_kernels *kernels, Py_ssize_t itemsize, const char *x, const char *dy,
                         char *dw, int threads, bint brief) except -1
