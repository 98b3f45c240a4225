# Filters as taps_product reads them; see _rows_conv.pyx.
from ._table cimport fc_kernels

cdef Py_ssize_t group_items(const fc_kernels *kernels, Py_ssize_t c_out, Py_ssize_t depth) noexcept nogil
cdef void pack_group(const fc_kernels *kernels, const char *weight, Py_ssize_t c_out, Py_ssize_t depth, Py_ssize_t size,
                     char *to) noexcept nogil
