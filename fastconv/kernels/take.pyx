"""Copies along axes: pads, nearest neighbours and patches; and patches added up again.

Computes, source, tile and accuracy: src/sampling/take.c and fold.c. A task owns some output rows of some planes.
"""

cimport numpy as cnp
from libc.stdint cimport int64_t
from numpy cimport ndarray

from ._parallel cimport parts, run_tasks
from ._table cimport fc_conv, fc_kernels, fc_take, kernels_of

cnp.import_array()

cdef enum:
    TASK_ITEMS = 1 << 15    # of a task's rows
    SERIAL_ITEMS = 1 << 17  # fewer are not worth a second thread


cdef struct Job:
    const fc_kernels *kernels
    const fc_take *shape
    const fc_conv *patches
    int disjoint
    const char *x
    char *y
    Py_ssize_t rows, rows_per_task


cdef void take_some(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t row = task * job.rows_per_task
    job.kernels.take_rows(job.shape, job.x, job.y, row, min(row + job.rows_per_task, job.rows))


cdef void fold_some(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t row = task * job.rows_per_task
    job.kernels.fold_rows(job.patches, job.x, job.y, row, min(row + job.rows_per_task, job.rows), job.disjoint)


cdef inline const int64_t *places(ndarray table) noexcept:
    return <const int64_t *>cnp.PyArray_DATA(table)


cdef class BoundTake:
    """Copies bound to their tables and instruction set; arrays are C-contiguous, aligned, native, of the spec's shapes."""

    cdef fc_take shape
    cdef const fc_kernels *kernels
    cdef Py_ssize_t rows, items
    cdef readonly object spec
    cdef readonly str isa

    def __init__(self, spec, int isa, str isa_name):
        cdef fc_take *s = &self.shape
        self.spec, self.isa = spec, isa_name
        self.kernels = kernels_of(isa, 8 * spec.itemsize)
        s.inner, s.step, s.twice, s.value = spec.inner, spec.step, spec.twice, spec.value
        s.d, s.h, s.w = spec.size
        s.kd, s.kh, s.kw = spec.taps
        s.od, s.oh, s.ow = spec.output
        s.at_d, s.at_h, s.at_w = places(spec.places[0]), places(spec.places[1]), places(spec.places[2])
        s.runs = places(spec.runs)
        self.rows = spec.planes * s.kd * s.kh * s.kw * s.od * s.oh
        self.items = s.ow * s.inner

    def take(self, ndarray x, ndarray y, int threads):
        cdef Job job
        job.kernels, job.shape = self.kernels, &self.shape
        job.x, job.y = <const char *>cnp.PyArray_DATA(x), <char *>cnp.PyArray_DATA(y)
        job.rows, job.rows_per_task = self.rows, max(1, TASK_ITEMS // max(self.items, 1))
        run_tasks(take_some, &job, parts(job.rows, job.rows_per_task), threads, 0,
                  <double>self.rows * self.items < SERIAL_ITEMS)


cdef class BoundFold:
    """Patches added up, bound to their shape and instruction set."""

    cdef fc_conv shape
    cdef const fc_kernels *kernels
    cdef Py_ssize_t rows
    cdef readonly object spec
    cdef readonly str isa

    def __init__(self, spec, int isa, str isa_name):
        cdef fc_conv *s = &self.shape
        self.spec, self.isa = spec, isa_name
        self.kernels = kernels_of(isa, 8 * spec.itemsize)
        s.d, s.h, s.w = spec.size
        s.kd, s.kh, s.kw = spec.kernel
        s.od, s.oh, s.ow = spec.output
        s.stride_d, s.stride_h, s.stride_w = spec.stride
        s.dilation_d, s.dilation_h, s.dilation_w = spec.dilation
        s.pad_d, s.pad_h, s.pad_w = spec.padding
        self.rows = spec.planes * s.d * s.h

    def fold(self, ndarray x, ndarray y, int threads):
        cdef Job job
        cdef Py_ssize_t items = self.shape.w * (1 + self.shape.kd * self.shape.kh * self.shape.kw)
        job.kernels, job.patches, job.disjoint = self.kernels, &self.shape, self.spec.disjoint
        job.x, job.y = <const char *>cnp.PyArray_DATA(x), <char *>cnp.PyArray_DATA(y)
        job.rows, job.rows_per_task = self.rows, max(1, TASK_ITEMS // items)
        run_tasks(fold_some, &job, parts(job.rows, job.rows_per_task), threads, 0, <double>self.rows * items < SERIAL_ITEMS)


def bind(spec, isa, isa_name):
    return BoundTake(spec, isa, isa_name)


def bind_fold(spec, isa, isa_name):
    return BoundFold(spec, isa, isa_name)
