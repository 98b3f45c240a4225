"""Sums along axes with tables of weights: interpolation, and the adjoints of whatever reads along axes.

Computes, source, tile and accuracy: src/sampling/resample.c. A task owns some output rows of one plane, or some planes.
"""

cimport numpy as cnp
from libc.stdint cimport int32_t
from libc.string cimport memset
from numpy cimport ndarray

from ._parallel cimport parts, run_tasks
from ._table cimport FC_COPIED, FC_BY_TAPS, FC_DOUBLED, fc_kernels, fc_resample, kernels_of

cnp.import_array()

cdef enum:
    TASK_ITEMS = 1 << 15    # multiply-adds of a task
    SERIAL_ITEMS = 1 << 17  # fewer are not worth a second thread


cdef struct Job:
    const fc_kernels *kernels
    const fc_resample *shape
    const char *x
    char *y
    Py_ssize_t x_bytes, y_bytes, rows, rows_per_task, row_blocks, planes, planes_per_task


cdef void resample_some(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t row = task % job.row_blocks * job.rows_per_task, plane = task // job.row_blocks * job.planes_per_task, p
    for p in range(plane, min(plane + job.planes_per_task, job.planes)):
        job.kernels.resample_rows(job.shape, job.x + p * job.x_bytes, job.y + p * job.y_bytes, row,
                                  min(row + job.rows_per_task, job.rows), scratch)


cdef void back_plane(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """Here x is the gradient of the outputs, y that of the input."""
    cdef const Job *job = <const Job *>argument
    memset(job.y + task * job.x_bytes, 0, job.x_bytes)
    job.kernels.resample_back(job.shape, job.x + task * job.y_bytes, job.y + task * job.x_bytes, scratch)


cdef class BoundResample:
    """A resampling bound to tables and instruction set; arrays are C-contiguous, aligned, native, of the spec's shapes."""

    cdef fc_resample shape
    cdef const fc_kernels *kernels
    cdef Py_ssize_t scratch
    cdef double cost
    cdef Job template
    cdef readonly object spec
    cdef readonly str isa

    def __init__(self, spec, int isa, str isa_name):
        cdef fc_resample *s = &self.shape
        cdef Job *job = &self.template
        cdef Py_ssize_t itemsize = spec.itemsize
        cdef ndarray index, weights
        self.spec, self.isa = spec, isa_name
        self.kernels = kernels_of(isa, <int>(8 * itemsize))
        s.inner = spec.inner
        s.d, s.h, s.w = spec.size
        s.od, s.oh, s.ow = spec.output
        s.low, s.high = 0, s.w
        s.along = {"taps": FC_BY_TAPS, "same": FC_COPIED, "doubled": FC_DOUBLED}[spec.along]
        for axis in range(3):
            index, weights = spec.axes[axis]
            s.axis[axis].taps, s.axis[axis].pitch = index.shape[0], index.shape[1]
            s.axis[axis].index = <const int32_t *>cnp.PyArray_DATA(index)
            s.axis[axis].weights = cnp.PyArray_DATA(weights)
        cdef Py_ssize_t across = s.axis[0].taps * s.axis[1].taps
        self.scratch = max(across, s.axis[2].taps) * 16 + s.w * s.inner * itemsize
        job.kernels, job.planes, job.rows = self.kernels, spec.planes, s.od * s.oh
        job.x_bytes = s.d * s.h * s.w * s.inner * itemsize
        job.y_bytes = job.rows * s.ow * s.inner * itemsize
        self.cost = (<double>across * s.w + <double>s.axis[2].taps * s.ow) * s.inner  # of a row
        job.rows_per_task = max(1, min(job.rows, <Py_ssize_t>(TASK_ITEMS / self.cost)))
        job.row_blocks = parts(job.rows, job.rows_per_task)
        job.planes_per_task = max(1, <Py_ssize_t>(TASK_ITEMS / (self.cost * job.rows))) if job.row_blocks == 1 else 1

    def resample(self, ndarray x, ndarray y, int threads):
        cdef Job job = self.template
        job.shape = &self.shape
        job.x, job.y = <const char *>cnp.PyArray_DATA(x), <char *>cnp.PyArray_DATA(y)
        run_tasks(resample_some, &job, parts(job.planes, job.planes_per_task) * job.row_blocks, threads, self.scratch,
                  self.cost * job.rows * job.planes < SERIAL_ITEMS)

    def back(self, ndarray dy, ndarray dx, int threads):
        """Fill dx with the adjoint. A task owns a plane; for tables that would be large turned over."""
        cdef Job job = self.template
        job.shape = &self.shape
        job.x, job.y = <const char *>cnp.PyArray_DATA(dy), <char *>cnp.PyArray_DATA(dx)
        run_tasks(back_plane, &job, job.planes, threads, self.scratch, self.cost * job.rows * job.planes < SERIAL_ITEMS)


def bind(spec, isa, isa_name):
    return BoundResample(spec, isa, isa_name)
