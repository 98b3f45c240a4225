"""The machine's two limits, timed in this process: multiply-adds and copied bytes. See src/roof/roof.c."""

cimport numpy as cnp
from numpy cimport ndarray

from ._parallel cimport run_tasks
from ._table cimport fc_kernels, kernels_of

from time import perf_counter

cnp.import_array()

cdef struct Job:
    const fc_kernels *kernels
    Py_ssize_t steps, items, itemsize
    const char *source
    char *target


cdef void fma(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    (<double *>scratch)[0] = job.kernels.fma_loop(job.steps)


cdef void copy(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t start = task * job.items * job.itemsize
    job.kernels.copy(job.source + start, job.target + start, job.items)


def flops_per_second(int isa, int width, int threads):
    """Return the best rate of five short multiply-add loops on `threads` threads."""
    cdef Job job
    job.kernels = kernels_of(isa, width)
    job.steps = 200_000 if job.kernels.lanes > 1 else 1_000_000
    cdef double work = 2.0 * 12 * job.kernels.lanes * job.steps * threads
    best = 0.0
    for _ in range(8):
        start = perf_counter()
        run_tasks(fma, &job, threads, threads, 64)
        best = max(best, work / (perf_counter() - start))
    return best


def bytes_per_second(ndarray source, ndarray target, int isa, int threads):
    """Return the best rate, read plus written, of copying one float array to another on `threads` threads."""
    cdef Job job
    job.itemsize = cnp.PyArray_ITEMSIZE(source)
    job.kernels = kernels_of(isa, <int>(8 * job.itemsize))
    job.items = cnp.PyArray_SIZE(source) // threads
    job.source = <const char *>cnp.PyArray_DATA(source)
    job.target = <char *>cnp.PyArray_DATA(target)
    best = 0.0
    for _ in range(8):
        start = perf_counter()
        run_tasks(copy, &job, threads, threads, 0)
        best = max(best, 2.0 * job.items * job.itemsize * threads / (perf_counter() - start))
    return best
