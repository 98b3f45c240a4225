"""Activations element by element, with exactly the arithmetic a convolution applies to its sums. See src/activation/."""

cimport numpy as cnp
from numpy cimport ndarray

from ._parallel cimport run_tasks
from ._table cimport fc_activation, fc_kernels, kernels_of

from ._conv import ACTIVATIONS

cnp.import_array()

cdef enum:
    ITEMS = 1 << 15  # of a task


cdef struct Job:
    const fc_kernels *kernels
    fc_activation after
    const char *x
    char *y
    Py_ssize_t count, itemsize


cdef void some_items(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t start = task * ITEMS
    job.kernels.activate(&job.after, job.x + start * job.itemsize, job.y + start * job.itemsize,
                         min(<Py_ssize_t>ITEMS, job.count - start))


def activate(ndarray x, ndarray y, str name, double slope, int isa, int threads):
    """Fill y with the activation of x; both C-contiguous, of one dtype and shape, and perhaps the same."""
    cdef Job job
    job.itemsize = cnp.PyArray_ITEMSIZE(y)
    job.kernels = kernels_of(isa, <int>(8 * job.itemsize))
    job.after.kind, job.after.slope = ACTIVATIONS.index(name), slope
    job.x, job.y = <const char *>cnp.PyArray_DATA(x), <char *>cnp.PyArray_DATA(y)
    job.count = cnp.PyArray_SIZE(y)
    run_tasks(some_items, &job, (job.count + ITEMS - 1) // ITEMS, threads, 0, job.count < 1 << 17)


cdef struct Gates:
    const fc_kernels *kernels
    const char *x
    char *y
    Py_ssize_t runs, run, itemsize  # run: items of a half that stand together
    Py_ssize_t together, pieces     # runs of a task, or tasks of a run


cdef void some_gates(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Gates *job = <const Gates *>argument
    cdef Py_ssize_t first = task // job.pieces * job.together, start = task % job.pieces * ITEMS, run, size = job.itemsize
    cdef const char *x
    for run in range(first, min(first + job.together, job.runs)):
        x = job.x + (2 * run * job.run + start) * size
        job.kernels.pairs(2, x, x + job.run * size, job.y + (run * job.run + start) * size,
                          min(<Py_ssize_t>ITEMS, job.run - start))


def gate(ndarray x, ndarray y, Py_ssize_t runs, int isa, int threads):
    """Fill y with tanh(a) * sigmoid(b), where a and b follow each other in each of so many equal runs of x."""
    cdef Gates job
    if cnp.PyArray_SIZE(y) == 0:
        return
    job.itemsize = cnp.PyArray_ITEMSIZE(y)
    job.kernels = kernels_of(isa, <int>(8 * job.itemsize))
    job.x, job.y = <const char *>cnp.PyArray_DATA(x), <char *>cnp.PyArray_DATA(y)
    job.runs, job.run = runs, cnp.PyArray_SIZE(y) // runs
    job.together, job.pieces = max(ITEMS // job.run, 1), (job.run + ITEMS - 1) // ITEMS
    run_tasks(some_gates, &job, (runs + job.together - 1) // job.together * job.pieces, threads, 0,
              cnp.PyArray_SIZE(y) < 1 << 16)
