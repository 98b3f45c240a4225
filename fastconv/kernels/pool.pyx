"""Pooling and unpooling over planes, and their gradients.

Computes, source, tile and accuracy: src/pool/*.c. A task of a pooling owns some whole planes or, of large ones, some output
rows; a task of a gradient owns whole planes, so the sums that overlapping windows make are never split.
"""

cimport numpy as cnp
from libc.stdint cimport int64_t
from numpy cimport ndarray, npy_intp

from ._parallel cimport run_tasks
from ._table cimport fc_kernels, fc_pool, kernels_of

cnp.import_array()

cdef enum:
    TASK_ITEMS = 1 << 15    # items of a task's planes
    TASK_TAPS = 1 << 20     # taps of a task's output rows
    SERIAL_ITEMS = 1 << 18  # fewer are not worth a second thread


cdef struct Job:
    const fc_pool *shape
    const fc_kernels *kernels
    const char *source
    char *target
    int64_t *switches
    int64_t *bad           # first bad switch found, -1 for none
    Py_ssize_t itemsize, in_plane, out_plane, planes_per_task, rows_per_task, row_blocks


cdef inline void *data(array) noexcept:
    """Where an array's items are; NULL for None."""
    if array is None:
        return NULL
    return cnp.PyArray_DATA(<ndarray>array)


cdef inline int64_t *switches_of(const Job *job, Py_ssize_t plane) noexcept nogil:
    if job.switches is NULL:
        return NULL
    return job.switches + plane * job.out_plane


cdef inline Py_ssize_t plane_end(const Job *job, Py_ssize_t task) noexcept nogil:
    return min((task + 1) * job.planes_per_task, job.shape.planes)


cdef void max_rows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t plane, row = task % job.row_blocks * job.rows_per_task
    cdef Py_ssize_t row_end = min(row + job.rows_per_task, job.shape.od * job.shape.oh)
    task //= job.row_blocks
    for plane in range(task * job.planes_per_task, plane_end(job, task)):
        job.kernels.max_pool(job.shape, job.source + plane * job.in_plane * job.itemsize,
                             job.target + plane * job.out_plane * job.itemsize, switches_of(job, plane), row, row_end,
                             <int64_t *>(scratch + 2 * job.shape.kw * sizeof(Py_ssize_t)), <Py_ssize_t *>scratch)


cdef void max_grad_planes(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t plane
    for plane in range(task * job.planes_per_task, plane_end(job, task)):
        job.kernels.max_pool_grad(job.shape, job.source + plane * job.out_plane * job.itemsize, switches_of(job, plane),
                                  job.target + plane * job.in_plane * job.itemsize)


cdef void average_rows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t plane, row = task % job.row_blocks * job.rows_per_task
    cdef Py_ssize_t row_end = min(row + job.rows_per_task, job.shape.od * job.shape.oh)
    task //= job.row_blocks
    for plane in range(task * job.planes_per_task, plane_end(job, task)):
        job.kernels.average_pool(job.shape, job.source + plane * job.in_plane * job.itemsize,
                                 job.target + plane * job.out_plane * job.itemsize, row, row_end, <Py_ssize_t *>scratch)


cdef void average_grad_planes(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t plane
    for plane in range(task * job.planes_per_task, plane_end(job, task)):
        job.kernels.average_pool_grad(job.shape, job.source + plane * job.out_plane * job.itemsize,
                                      job.target + plane * job.in_plane * job.itemsize)


cdef void check_planes(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t first = task * job.planes_per_task, count = (plane_end(job, task) - first) * job.out_plane
    cdef Py_ssize_t at = job.kernels.check_switches(job.switches + first * job.out_plane, count, job.in_plane)
    job.bad[task] = -1 if at < 0 else first * job.out_plane + at


cdef void unpool_planes(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t plane
    for plane in range(task * job.planes_per_task, plane_end(job, task)):
        job.kernels.unpool(job.source + plane * job.out_plane * job.itemsize, switches_of(job, plane), job.out_plane,
                           job.target + plane * job.in_plane * job.itemsize, job.in_plane)


cdef void unpool_grad_planes(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t plane
    for plane in range(task * job.planes_per_task, plane_end(job, task)):
        job.kernels.unpool_grad(job.source + plane * job.in_plane * job.itemsize, switches_of(job, plane), job.out_plane,
                                job.target + plane * job.out_plane * job.itemsize)


cdef fc_pool shape_of(spec):
    """Return the shape of a pooling for the kernels."""
    cdef fc_pool s
    s.planes = spec.planes
    s.d, s.h, s.w = spec.size
    s.kd, s.kh, s.kw = spec.kernel
    s.od, s.oh, s.ow = spec.output
    s.stride_d, s.stride_h, s.stride_w = spec.stride
    s.dilation_d, s.dilation_h, s.dilation_w = spec.dilation
    s.pad_d, s.pad_h, s.pad_w = spec.padding
    s.tail_d, s.tail_h, s.tail_w = spec.padding
    s.divisor = spec.divisor_override or 0
    s.count_include_pad = spec.count_include_pad
    return s


cdef class BoundPool:
    """A pooling bound to its shape and instruction set. Arrays are C-contiguous, aligned, native and of the spec's shapes.

    `x` stands for the large side (the input of pooling, the output of unpooling), `y` for the small one.
    """

    cdef fc_pool shape
    cdef const fc_kernels *kernels
    cdef Py_ssize_t itemsize, tasks
    cdef bint brief
    cdef Job template
    cdef readonly object spec
    cdef readonly str isa

    def __init__(self, spec, int isa, str isa_name):
        self.spec = spec
        self.isa = isa_name
        self.itemsize = spec.itemsize
        self.kernels = kernels_of(isa, 8 * spec.itemsize)
        self.shape = shape_of(spec)
        cdef fc_pool *s = &self.shape
        cdef Job *job = &self.template
        job.shape = s
        job.kernels = self.kernels
        job.itemsize = self.itemsize
        job.in_plane = s.d * s.h * s.w
        job.out_plane = s.od * s.oh * s.ow
        cdef Py_ssize_t items = job.in_plane + job.out_plane
        cdef double total = <double>items * s.planes
        self.brief = total < SERIAL_ITEMS
        job.planes_per_task = max(s.planes, 1) if self.brief else max(1, TASK_ITEMS // items)
        cdef Py_ssize_t rows = s.od * s.oh
        job.rows_per_task = rows
        if job.planes_per_task == 1:
            job.rows_per_task = max(1, min(rows, <Py_ssize_t>(TASK_TAPS / (<double>s.kd * s.kh * s.kw * s.ow))))
        job.row_blocks = (rows + job.rows_per_task - 1) // job.rows_per_task
        self.tasks = (s.planes + job.planes_per_task - 1) // job.planes_per_task

    cdef Job job(self, ndarray source, ndarray target, switches) noexcept:
        cdef Job job = self.template
        job.shape = &self.shape
        job.source = <const char *>data(source)
        job.target = <char *>data(target)
        job.switches = <int64_t *>data(switches)
        job.bad = NULL
        return job

    cdef size_t span_bytes(self) noexcept:
        return 2 * self.shape.kw * sizeof(Py_ssize_t)

    cdef size_t offset_bytes(self) noexcept:
        return self.shape.kd * self.shape.kh * self.shape.kw * sizeof(int64_t)

    def maximum(self, ndarray x, ndarray y, switches, int threads):
        cdef Job job = self.job(x, y, switches)
        cdef size_t scratch = self.span_bytes() + (0 if switches is None else self.offset_bytes())
        run_tasks(max_rows, &job, self.tasks * job.row_blocks, threads, scratch, self.brief)

    def maximum_grad(self, ndarray dy, ndarray switches, ndarray dx, int threads):
        cdef Job job = self.job(dy, dx, switches)
        run_tasks(max_grad_planes, &job, self.tasks, threads, 0, self.brief)

    def average(self, ndarray x, ndarray y, int threads):
        cdef Job job = self.job(x, y, None)
        run_tasks(average_rows, &job, self.tasks * job.row_blocks, threads, self.span_bytes(), self.brief)

    def average_grad(self, ndarray dy, ndarray dx, int threads):
        cdef Job job = self.job(dy, dx, None)
        run_tasks(average_grad_planes, &job, self.tasks, threads, 0, self.brief)

    def first_bad_switch(self, ndarray switches, int threads):
        """Return the flat position of the first switch outside its plane, -1 if there is none."""
        cdef Job job = self.job(None, None, switches)
        cdef npy_intp tasks = self.tasks
        cdef ndarray bad = <ndarray>cnp.PyArray_EMPTY(1, &tasks, cnp.NPY_INT64, 0)
        job.bad = <int64_t *>cnp.PyArray_DATA(bad)
        run_tasks(check_planes, &job, self.tasks, threads, 0, self.brief)
        cdef Py_ssize_t i
        for i in range(self.tasks):
            if job.bad[i] >= 0:
                return job.bad[i]
        return -1

    def unpool(self, ndarray y, ndarray switches, ndarray x, int threads):
        cdef Job job = self.job(y, x, switches)
        run_tasks(unpool_planes, &job, self.tasks, threads, 0, self.brief)

    def unpool_grad(self, ndarray dx, ndarray switches, ndarray dy, int threads):
        cdef Job job = self.job(dx, dy, switches)
        run_tasks(unpool_grad_planes, &job, self.tasks, threads, 0, self.brief)


def bind(spec, isa, isa_name):
    return BoundPool(spec, isa, isa_name)
