"""Products of dense layers: y = x W^T + bias, dx = dy W and dW = dy^T x.

Source, tile and accuracy: src/dense/*.c, and for gradients of many rows Goto & van de Geijn 2008: _gemm.pyx and
src/gemm/gemm_tile.c. Our own products, because a BLAS brings its own threads and other bits for each number of them.

The rows of x share no sum, and where there are few of them W, which is large, is read or written once, at the speed of
memory; nothing is packed or transposed. The gradients' sums are chains of the same products in both forms, so that the
number of rows, which chooses between them, changes no bit. A task owns some columns of y or dx, or some rows and columns of
dW.

Measured, float, one thread, AVX-512, Sapphire Rapids, PyTorch 2.13's time over ours, side by side on a busy machine; y, dx,
dW: 9216 to 4096, 2 rows 1.0, 1.0, 2.5, 8 rows 2.5, 2.0, 2.5; 4096 to 1000, 2 rows 1.0, 1.1, 0.9 (26, 22 and 18 GB/s of W),
4 rows 1.9, 1.2, 0.8, 8 rows 2.0, 1.0, 0.9; 2048 to 1000, 64 rows 0.8, 1.8, 0.8.
"""

cimport numpy as cnp
from numpy cimport ndarray

from ._gemm cimport Gemm, a_items, depth_block, first_tile_columns, multiply, pack_a, pack_a_columns, plan
from ._parallel cimport give, parts, run_tasks, take
from ._table cimport fc_kernels, kernels_of

cnp.import_array()

cdef double SERIAL_FLOPS = 6e6

cdef enum:
    TOGETHER = 64   # rows of x that meet some rows of W
    CHUNKS = 8      # of as many rows a task takes
    FEW = 12        # rows of dy: for dx, more are packed
    CHAIN = 96      # for dW; no chain of the packed product is shorter
    COLUMNS = 512   # of dx or dW that a task owns at most
    STRIP = 64      # of dW at least
    HELD = 6144     # items of x, which stay in L1
    ROWS = 64       # of dW


cdef struct Job:
    const fc_kernels *kernels
    const char *a       # x or dy: m rows
    const char *b       # W, or x
    const char *bias
    char *c
    Py_ssize_t itemsize, m, k, n
    Py_ssize_t block, blocks, high


cdef Job job_of(ndarray a, ndarray b, ndarray c, int isa) noexcept:
    """Return a job on arrays of two axes, all C-contiguous."""
    cdef Job job
    job.itemsize = cnp.PyArray_ITEMSIZE(c)
    job.kernels = kernels_of(isa, <int>(8 * job.itemsize))
    job.a, job.b, job.c = <const char *>cnp.PyArray_DATA(a), <const char *>cnp.PyArray_DATA(b), <char *>cnp.PyArray_DATA(c)
    job.m, job.k, job.n = cnp.PyArray_DIM(a, 0), cnp.PyArray_DIM(a, 1), cnp.PyArray_DIM(b, 1)
    job.bias = NULL
    job.block = job.blocks = job.high = 0
    return job


cdef inline bint is_brief(const Job *job) noexcept:
    return 2.0 * job.m * job.k * job.n < SERIAL_FLOPS


cdef void some_outputs(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t row = task % job.blocks * job.block, first = task // job.blocks * CHUNKS * TOGETHER
    cdef Py_ssize_t end = min(first + CHUNKS * TOGETHER, job.m), size = job.itemsize
    cdef const char *bias = job.bias
    if bias is not NULL:
        bias += row * size
    while first < end:
        job.kernels.dense_forward(job.k, job.a + first * job.k * size, min(<Py_ssize_t>TOGETHER, end - first),
                                  job.b + row * job.k * size, min(job.block, job.n - row), bias,
                                  job.c + (first * job.n + row) * size, job.n, scratch)
        first += TOGETHER


def linear(ndarray x, ndarray weight, bias, ndarray y, int isa, int threads):
    """Fill y (m, n) with x (m, k) times the transpose of weight (n, k), and bias if there is one."""
    cdef Job job = job_of(x, weight, y, isa)
    job.n = cnp.PyArray_DIM(weight, 0)
    if bias is not None:
        job.bias = <const char *>cnp.PyArray_DATA(<ndarray>bias)
    job.block = job.kernels.dense_rows()
    job.blocks = parts(job.n, job.block)
    cdef size_t sums = min(job.m, <Py_ssize_t>TOGETHER) * job.block * job.kernels.lanes * job.itemsize
    run_tasks(some_outputs, &job, job.blocks * parts(job.m, CHUNKS * TOGETHER), threads, sums, is_brief(&job))


cdef void some_inputs(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t column = task * COLUMNS, at = column * job.itemsize
    job.kernels.dense_input(job.k, job.block, job.a, job.m, job.b + at, job.n, min(<Py_ssize_t>COLUMNS, job.n - column),
                            job.c + at, scratch)


cdef void some_weights(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t row = task // job.blocks * ROWS, column = task % job.blocks * job.block, size = job.itemsize
    job.kernels.dense_weight(job.m, job.a + row * size, job.k, min(<Py_ssize_t>ROWS, job.k - row), job.b + column * size,
                             job.n, min(job.block, job.n - column), job.c + (row * job.n + column) * size)


cdef int packed(Job *job, bint transposed, int threads) except -1:
    """Compute C = A B, or, A being given by columns, its transpose times B, from packed panels."""
    cdef Gemm g
    cdef bint brief = is_brief(job)
    g.kernels, g.itemsize, g.batch, g.groups = job.kernels, job.itemsize, 1, 1
    g.m, g.k, g.n = (job.k, job.m, job.n) if transposed else (job.m, job.k, job.n)
    g.b_batch = g.b_group = g.c_batch = g.c_group = 0
    g.b, g.b_ld, g.c, g.c_ld = job.b, job.n, job.c, job.n
    g.after, g.conv, g.init, g.accumulate = NULL, NULL, NULL, False
    g.first_tile = first_tile_columns
    plan(&g)
    cdef char *panels = take(a_items(&g) * g.itemsize)
    try:
        if transposed:
            pack_a_columns(&g, job.a, g.m, panels, threads, brief)
        else:
            pack_a(&g, job.a, g.k, panels, threads, brief)
        g.a_panels = panels
        multiply(&g, threads, brief)
    finally:
        give(panels)
    return 0


def linear_input(ndarray grad_output, ndarray weight, ndarray grad_input, int isa, int threads):
    """Fill grad_input (m, n) with grad_output (m, k) times weight (k, n)."""
    cdef Job job = job_of(grad_output, weight, grad_input, isa)
    if job.m > FEW:
        packed(&job, False, threads)
        return
    job.block = depth_block(job.k)
    run_tasks(some_inputs, &job, parts(job.n, COLUMNS), threads, job.m * COLUMNS * job.itemsize, is_brief(&job))


def linear_weight(ndarray grad_output, ndarray x, ndarray grad_weight, int isa, int threads):
    """Fill grad_weight (k, n) with the transpose of grad_output (m, k) times x (m, n)."""
    cdef Job job = job_of(grad_output, x, grad_weight, isa)
    if job.m > CHAIN:
        packed(&job, True, threads)
        return
    job.block = min(max(HELD // job.m // STRIP * STRIP, <Py_ssize_t>STRIP), <Py_ssize_t>COLUMNS)
    job.blocks = parts(job.n, job.block)
    run_tasks(some_weights, &job, job.blocks * parts(job.k, ROWS), threads, 0, is_brief(&job))
