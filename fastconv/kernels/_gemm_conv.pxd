# A convolution as a matrix product of packed weights and input patches; see _gemm_conv.pyx.
from ._conv cimport BoundConv
from ._gemm cimport Gemm

cdef class GemmConv(BoundConv):
    cdef Gemm gemm
