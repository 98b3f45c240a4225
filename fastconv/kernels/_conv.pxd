# A convolution bound to its shape, ISA and algorithm; see _conv.pyx.
cimport numpy as cnp
from numpy cimport ndarray, npy_intp

from ._bias cimport Places
from ._table cimport fc_activation, fc_conv, fc_kernels

cdef inline const char *at(const char *base, Py_ssize_t bytes) noexcept nogil:
    """base + bytes, or NULL for what is not there."""
    if base is NULL:
        return NULL
    return base + bytes

cdef inline const char *data(array) noexcept:
    """Where an array's items are; NULL for None."""
    if array is None:
        return NULL
    return <const char *>cnp.PyArray_DATA(<ndarray>array)

cdef inline bint is_ready(ndarray array, int type_num, int ndim, const npy_intp *dims) noexcept:
    """Whether kernels can take an array as it is: C-contiguous, aligned, native, of this type and shape."""
    cdef int i
    if cnp.PyArray_TYPE(array) != type_num or cnp.PyArray_NDIM(array) != ndim or not cnp.PyArray_ISCARRAY_RO(array):
        return False
    for i in range(ndim):
        if cnp.PyArray_DIMS(array)[i] != dims[i]:
            return False
    return True

cdef class BoundConv:
    cdef fc_conv shape
    cdef const fc_kernels *kernels
    cdef Py_ssize_t itemsize
    cdef fc_activation after  # of the call, also where the algorithm leaves it to a pass of its own
    cdef Places places        # of the biases in that pass
    cdef bint finishes        # whether there is such a pass
    cdef double flops
    cdef int type_num
    cdef npy_intp in_dims[5]
    cdef npy_intp out_dims[5]
    cdef int ndim
    cdef readonly object spec
    cdef readonly str isa
    cdef readonly str layout  # of packed weights: equal words, equal layouts of the same weights
    cdef bint flip            # filters count backwards
    cdef readonly bint brief  # too short a call to be worth a second thread

    cdef int compute(self, const char *x, const char *weight, const char *packed, const char *bias, char *y,
                     int threads, bint brief) except -1
    cdef Py_ssize_t packed_items(self) noexcept
    cdef int pack_into(self, const char *weight, char *packed, int threads, bint brief) except -1
    cdef size_t workspace_bytes(self, int threads, bint packed) noexcept
    cpdef ndarray filters(self, ndarray weight)
    cdef ndarray call(self, ndarray x, ndarray weight, bias, out, int threads, packed)
