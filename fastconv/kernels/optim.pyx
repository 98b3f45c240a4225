"""Steps of optimisers: parameters, and what is kept of earlier steps, in one pass over memory.

Computes, source and accuracy: src/optim/steps.c. A task owns some elements of all arrays.

Measured, float, one thread, AVX-512, Sapphire Rapids, the time of PyTorch 2.13's fused step and of its default one over
ours, side by side on a busy machine: momentum and decay, a million 0.47 ms, 43 GB/s (1.2, 2.0), 37 million 77 ms (1.1, 4.6);
plain 0.30 ms (1.3, 1.2), 45 ms (0.9, 1.1); Adam 0.91 ms (1.1, 6.7), 104 ms (1.0, 6.0).
"""

cimport numpy as cnp
from numpy cimport ndarray

from ._parallel cimport parts, run_tasks
from ._table cimport fc_adam, fc_kernels, fc_sgd, kernels_of

cnp.import_array()

cdef enum:
    ITEMS = 1 << 15   # of a task
    SERIAL = 1 << 16  # fewer items are not worth a second thread


cdef struct Job:
    const fc_kernels *kernels
    fc_sgd sgd
    fc_adam adam
    char *p
    const char *g
    char *first   # velocity, or mean
    char *second  # square
    Py_ssize_t count, itemsize


cdef inline char *data(array) noexcept:
    """Where an array's items are; NULL for None."""
    if array is None:
        return NULL
    return <char *>cnp.PyArray_DATA(<ndarray>array)


cdef Job job_of(ndarray p, ndarray g, first, second, int isa) noexcept:
    """Return a job on arrays of one size, C-contiguous."""
    cdef Job job
    job.itemsize = cnp.PyArray_ITEMSIZE(p)
    job.kernels = kernels_of(isa, <int>(8 * job.itemsize))
    job.p, job.g, job.first, job.second = data(p), data(g), data(first), data(second)
    job.count = cnp.PyArray_SIZE(p)
    return job


cdef void some_descent(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t start = task * ITEMS, at = start * job.itemsize
    job.kernels.sgd_step(&job.sgd, job.p + at, job.g + at, NULL if job.first is NULL else job.first + at,
                         min(<Py_ssize_t>ITEMS, job.count - start))


def sgd(ndarray p, ndarray g, velocity, double rate, double momentum, double dampening, double decay, bint nesterov,
        bint begin, int isa, int threads):
    """Move p against its gradient g; with a velocity by that, which begins as the first direction."""
    cdef Job job = job_of(p, g, velocity, None, isa)
    job.sgd = fc_sgd(rate, momentum, 1 - dampening, decay, begin, nesterov)
    run_tasks(some_descent, &job, parts(job.count, ITEMS), threads, 0, job.count < SERIAL)


cdef void some_adam(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t start = task * ITEMS, at = start * job.itemsize
    job.kernels.adam_step(&job.adam, job.p + at, job.g + at, job.first + at, job.second + at,
                          min(<Py_ssize_t>ITEMS, job.count - start))


def adam(ndarray p, ndarray g, ndarray mean, ndarray square, tuple numbers, int isa, int threads):
    """Move p by the means of its gradient g and of its square; `numbers` as in src/fastconv.h."""
    cdef Job job = job_of(p, g, mean, square, isa)
    cdef fc_adam *a = &job.adam
    a.rate, a.beta_1, a.beta_2, a.eps, a.decay, a.keep, a.root = numbers
    run_tasks(some_adam, &job, parts(job.count, ITEMS), threads, 0, job.count < SERIAL)
