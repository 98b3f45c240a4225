# One filter per channel; see depthwise.py.
from ._conv cimport BoundConv
from ._table cimport fc_block, fc_conv, fc_kernels

cdef struct Job:
    const fc_conv *shape
    const fc_block *block
    const fc_kernels *kernels
    const char *x
    const char *weight
    const char *bias
    char *y
    Py_ssize_t itemsize, channels, rows, columns, channel_blocks, row_blocks, column_blocks
    bint in_lanes, side_by_side

cdef void compute_part(const Job *job, const char *x, char *y, Py_ssize_t channel, Py_ssize_t channel_end, Py_ssize_t iod,
                       Py_ssize_t ioh, Py_ssize_t ioh_end, Py_ssize_t iow, Py_ssize_t iow_end,
                       char *scratch) noexcept nogil

cdef class Depthwise(BoundConv):
    cdef fc_block block
    cdef bint by_rows, side_by_side, in_lanes, turned

    cdef size_t scratch_bytes(self) noexcept
    cdef void describe(self, Job *job, const char *weight, const char *bias) noexcept
