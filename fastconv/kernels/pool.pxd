# A pooling's shape for the kernels; see pool.pyx.
from ._table cimport fc_pool

cdef fc_pool shape_of(spec)
