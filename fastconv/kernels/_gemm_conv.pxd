# A convolution as a matrix product of packed weights and input patches; see _gemm_conv.pyx.
from ._conv cimport BoundConv
from ._gemm cimport Gemm, pack_b_t

cdef class GemmConv(BoundConv):
    cdef Gemm gemm
    cdef void set_patches(self, pack_b_t pack_b, Py_ssize_t ld) noexcept

cdef pack_b_t pack_b_patches
