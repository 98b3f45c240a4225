# New result arrays; see _arrays.pyx.
from numpy cimport ndarray, npy_intp

cdef ndarray empty(int ndim, npy_intp *dims, int type_num, Py_ssize_t itemsize)
