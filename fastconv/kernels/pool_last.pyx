"""Pooling over images whose channels stand last.

Computes, source, tile and accuracy: src/pool/last.c. A task owns some output rows of one image or, of small ones, some whole
images.
"""

cimport numpy as cnp
from libc.stdint cimport int64_t
from numpy cimport ndarray

from ._parallel cimport run_tasks
from ._table cimport fc_kernels, fc_pool, kernels_of
from .pool cimport shape_of

cnp.import_array()

cdef enum:
    TASK_TAPS = 1 << 18
    SERIAL_ITEMS = 1 << 18  # fewer are not worth a second thread


cdef struct Job:
    const fc_pool *shape
    const fc_kernels *kernels
    const char *x
    char *y
    char *switches          # NULL: not wanted
    int compact
    Py_ssize_t itemsize, images, channels, rows, rows_per_task, row_blocks, images_per_task
    int64_t scale, step, batch  # a switch is position*scale + channel*step + image*batch


cdef void max_rows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_pool *s = job.shape
    cdef Py_ssize_t row = task % job.row_blocks * job.rows_per_task, first = task // job.row_blocks * job.images_per_task
    cdef Py_ssize_t size = job.itemsize * job.channels, places = job.rows * s.ow, image
    cdef Py_ssize_t place = 1 if job.compact else sizeof(int64_t)
    cdef char *switches = NULL
    for image in range(first, min(first + job.images_per_task, job.images)):
        if job.switches is not NULL:
            switches = job.switches + image * places * job.channels * place
        job.kernels.max_pool_last(s, job.x + image * s.d * s.h * s.w * size, job.y + image * places * size, switches,
                                  job.compact, job.channels, job.scale, job.step, image * job.batch, row,
                                  min(row + job.rows_per_task, job.rows))


cdef void average_rows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_pool *s = job.shape
    cdef Py_ssize_t row = task % job.row_blocks * job.rows_per_task, first = task // job.row_blocks * job.images_per_task
    cdef Py_ssize_t size = job.itemsize * job.channels, image
    for image in range(first, min(first + job.images_per_task, job.images)):
        job.kernels.average_pool_last(s, job.x + image * s.d * s.h * s.w * size, job.y + image * job.rows * s.ow * size,
                                      job.channels, row, min(row + job.rows_per_task, job.rows))


cdef class BoundPoolLast:
    """A pooling bound to its shape and instruction set; arrays as `BoundPool` wants them."""

    cdef fc_pool shape
    cdef Job template
    cdef bint brief
    cdef readonly object spec
    cdef readonly str isa

    def __init__(self, spec, int isa, str isa_name):
        self.spec = spec
        self.isa = isa_name
        self.shape = shape_of(spec)
        cdef fc_pool *s = &self.shape
        cdef Job *job = &self.template
        job.itemsize = spec.itemsize
        job.kernels = kernels_of(isa, 8 * spec.itemsize)
        job.images, job.channels, job.rows = spec.n, spec.c, s.od * s.oh
        job.scale, job.step, job.batch = 1, 0, 0
        self.brief = <double>s.planes * (s.d * s.h * s.w + job.rows * s.ow) < SERIAL_ITEMS
        cdef double row = <double>s.kd * s.kh * s.kw * s.ow * spec.c
        job.rows_per_task = job.rows if self.brief else max(1, min(job.rows, <Py_ssize_t>(TASK_TAPS / row)))
        job.row_blocks = (job.rows + job.rows_per_task - 1) // job.rows_per_task
        job.images_per_task = 1
        if job.row_blocks == 1:
            job.images_per_task = max(job.images, 1) if self.brief else max(1, <Py_ssize_t>(TASK_TAPS / (row * job.rows)))

    cdef Job job(self, ndarray x, ndarray y) noexcept:
        cdef Job job = self.template
        job.shape = &self.shape
        job.x, job.y, job.switches = <const char *>cnp.PyArray_DATA(x), <char *>cnp.PyArray_DATA(y), NULL
        job.compact = 0
        return job

    cdef Py_ssize_t tasks(self, const Job *job) noexcept:
        return (job.images + job.images_per_task - 1) // job.images_per_task * job.row_blocks

    def maximum(self, ndarray x, ndarray y, switches, int threads, bint of_array=False, bint with_batch=False):
        """Fill y, and switches unless they are None: in one byte, or places in a plane
        or, `of_array`, in an image or the whole input."""
        cdef Job job = self.job(x, y)
        if switches is not None:
            job.switches = <char *>cnp.PyArray_DATA(<ndarray>switches)
            job.compact = cnp.PyArray_TYPE(<ndarray>switches) == cnp.NPY_UINT8
        if of_array:
            job.scale, job.step = job.channels, 1
        if with_batch:
            job.batch = self.shape.d * self.shape.h * self.shape.w * job.channels
        run_tasks(max_rows, &job, self.tasks(&job), threads, 0, self.brief)

    def average(self, ndarray x, ndarray y, int threads):
        """Fill y."""
        cdef Job job = self.job(x, y)
        run_tasks(average_rows, &job, self.tasks(&job), threads, 0, self.brief)


def bind(spec, isa, isa_name):
    return BoundPoolLast(spec, isa, isa_name)
