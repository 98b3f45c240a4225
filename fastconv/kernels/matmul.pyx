"""Matrix products for dense layers: C = A B, with either operand given by rows or by columns.

Source: Goto & van de Geijn 2008; blocking in _gemm.pyx, tile and figures in src/gemm/gemm_tile.c. Our own product, because a
BLAS brings its own threads and its own number of bits for each number of them.
"""

cimport numpy as cnp
from numpy cimport ndarray

from ._gemm cimport Gemm, a_items, first_tile_columns, first_tile_rows, multiply, pack_a, plan
from ._parallel cimport give, take
from ._table cimport kernels_of

cnp.import_array()

cdef double SERIAL_FLOPS = 6e6


def matmul(ndarray a, ndarray b, ndarray c, bint b_transposed, bint accumulate, int isa, int threads):
    """Fill c (m, n) with, or add to it, a (m, k) times b, which is (k, n), or (n, k) if transposed; all C-contiguous."""
    cdef Gemm g
    cdef Py_ssize_t itemsize = cnp.PyArray_ITEMSIZE(c)
    g.kernels = kernels_of(isa, <int>(8 * itemsize))
    g.itemsize = itemsize
    g.batch = g.groups = 1
    g.m, g.k = cnp.PyArray_DIM(a, 0), cnp.PyArray_DIM(a, 1)
    g.n = cnp.PyArray_DIM(c, 1)
    g.b_batch = g.b_group = g.c_batch = g.c_group = 0
    g.b = <const char *>cnp.PyArray_DATA(b)
    g.after = NULL
    g.first_tile = first_tile_rows if b_transposed else first_tile_columns
    g.b_ld = g.k if b_transposed else g.n
    g.conv = NULL
    g.init = NULL
    g.accumulate = accumulate
    g.c = <char *>cnp.PyArray_DATA(c)
    g.c_ld = g.n
    plan(&g)
    cdef bint brief = 2.0 * g.m * g.n * g.k < SERIAL_FLOPS
    if brief:
        threads = 1
    cdef char *panels = take(a_items(&g) * itemsize)
    try:
        pack_a(&g, <const char *>cnp.PyArray_DATA(a), g.k, panels, threads, brief)
        g.a_panels = panels
        multiply(&g, threads, brief)
    finally:
        give(panels)
