"""Pooling and unpooling over planes, and their gradients.

Computes, source, tile and accuracy: src/pool/*.c. A task of a pooling owns some whole planes or, of large ones, some
output rows; a task that follows switches owns whole planes or, channels last, some channels of an image, so that writes
to one place keep their order and the sums that overlapping windows make are never split.
"""

cimport numpy as cnp
from libc.stdint cimport int64_t
from numpy cimport ndarray, npy_intp

from ._parallel cimport parts, run_tasks
from ._table cimport (
    FC_ADD, FC_CHECK, FC_GET, FC_I8, FC_I16, FC_I32, FC_I64, FC_PUT, FC_U8, FC_U16, FC_U32, FC_U64, fc_kernels, fc_pool,
    kernels_of
)

cnp.import_array()

cdef enum:
    TASK_ITEMS = 1 << 15    # items of a task's planes
    TASK_TAPS = 1 << 20     # taps of a task's output rows
    TASK_CHANNELS = 16      # channels of a task that follows switches of an image, at least
    SERIAL_ITEMS = 1 << 18  # fewer are not worth a second thread

INTEGERS = {
    "int8": FC_I8, "uint8": FC_U8, "int16": FC_I16, "uint16": FC_U16, "int32": FC_I32, "uint32": FC_U32, "int64": FC_I64,
    "uint64": FC_U64,
}


cdef struct Job:
    const fc_pool *shape
    const fc_kernels *kernels
    const char *source
    char *target
    char *switches          # NULL: not wanted
    int64_t *bad            # first bad switch a task found, -1 for none
    int compact, how, kind
    Py_ssize_t itemsize, in_plane, out_plane, planes_per_task, rows_per_task, row_blocks
    Py_ssize_t channels, channels_per_task, channel_blocks, images


cdef inline void *data(array) noexcept:
    """Where an array's items are; NULL for None."""
    if array is None:
        return NULL
    return cnp.PyArray_DATA(<ndarray>array)


cdef inline char *switches_of(const Job *job, Py_ssize_t item) noexcept nogil:
    if job.switches is NULL:
        return NULL
    return job.switches + item * (1 if job.compact else sizeof(int64_t))


cdef inline Py_ssize_t plane_end(const Job *job, Py_ssize_t task) noexcept nogil:
    return min((task + 1) * job.planes_per_task, job.shape.planes)


cdef void max_rows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t row = task % job.row_blocks * job.rows_per_task, plane = task // job.row_blocks * job.planes_per_task
    job.kernels.max_pool(job.shape, job.source + plane * job.in_plane * job.itemsize,
                         job.target + plane * job.out_plane * job.itemsize, switches_of(job, plane * job.out_plane),
                         job.compact, plane_end(job, task // job.row_blocks) - plane, row,
                         min(row + job.rows_per_task, job.shape.od * job.shape.oh), scratch)


cdef void typed_rows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """Rows of planes or, `channels` standing last, of an image."""
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t row = task % job.row_blocks * job.rows_per_task, plane = task // job.row_blocks * job.planes_per_task
    cdef Py_ssize_t small = plane * job.out_plane * job.channels, large = plane * job.in_plane * job.channels
    job.kernels.max_pool_typed(job.shape, job.kind, job.source + large * job.itemsize, job.target + small * job.itemsize,
                               switches_of(job, small), job.compact, job.channels,
                               min(job.planes_per_task, job.images - plane), row,
                               min(row + job.rows_per_task, job.shape.od * job.shape.oh))


cdef void average_rows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t row = task % job.row_blocks * job.rows_per_task, plane = task // job.row_blocks * job.planes_per_task
    job.kernels.average_pool(job.shape, job.source + plane * job.in_plane * job.itemsize,
                             job.target + plane * job.out_plane * job.itemsize,
                             plane_end(job, task // job.row_blocks) - plane, row,
                             min(row + job.rows_per_task, job.shape.od * job.shape.oh), scratch)


cdef void average_grad_planes(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t plane
    for plane in range(task * job.planes_per_task, plane_end(job, task)):
        job.kernels.average_pool_grad(job.shape, job.source + plane * job.out_plane * job.itemsize,
                                      job.target + plane * job.in_plane * job.itemsize)


cdef void average_grad_channels(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t image = task // job.channel_blocks, begin = task % job.channel_blocks * job.channels_per_task
    job.kernels.average_pool_last_grad(job.shape, job.source + image * job.out_plane * job.channels * job.itemsize,
                                       job.target + image * job.in_plane * job.channels * job.itemsize, job.channels, begin,
                                       min(begin + job.channels_per_task, job.channels))


cdef void follow_planes(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """`source` is the small side, `target` the large one, whichever is read."""
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t plane, at
    job.bad[task] = -1
    for plane in range(task * job.planes_per_task, plane_end(job, task)):
        at = job.kernels.follow_switches(job.shape, job.how, switches_of(job, plane * job.out_plane), job.compact,
                                         <char *>job.source + plane * job.out_plane * job.itemsize,
                                         job.target + plane * job.in_plane * job.itemsize, 1, 0, 1)
        if at >= 0:
            job.bad[task] = plane * job.out_plane + at
            return


cdef void follow_channels(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t image = task // job.channel_blocks, begin = task % job.channel_blocks * job.channels_per_task, at
    cdef Py_ssize_t small = image * job.out_plane * job.channels, large = image * job.in_plane * job.channels
    at = job.kernels.follow_switches(job.shape, job.how, switches_of(job, small), job.compact,
                                     <char *>job.source + small * job.itemsize, job.target + large * job.itemsize,
                                     job.channels, begin, min(begin + job.channels_per_task, job.channels))
    job.bad[task] = -1 if at < 0 else small + at


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
    s.tail_d, s.tail_h, s.tail_w = spec.tail
    s.divisor = spec.divisor_override or 0
    s.count_include_pad = spec.count_include_pad
    return s


cdef class BoundPool:
    """A pooling bound to its shape and instruction set. Arrays are C-contiguous, aligned, native and of the spec's shapes.

    `x` stands for the large side (the input of pooling, the output of unpooling), `y` for the small one. Switches are int64,
    or uint8 where they are compact. Gradients and unpooling also take the channels last.
    """

    cdef fc_pool shape
    cdef const fc_kernels *kernels
    cdef Py_ssize_t itemsize, tasks, channel_tasks
    cdef bint brief
    cdef Job template
    cdef readonly object spec
    cdef readonly str isa

    def __init__(self, spec, int isa, str isa_name):
        self.spec = spec
        self.isa = isa_name
        self.itemsize = spec.itemsize
        self.kernels = kernels_of(isa, 64 if spec.itemsize == 8 else 32)
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
        job.row_blocks = parts(rows, job.rows_per_task)
        self.tasks = parts(s.planes, job.planes_per_task)
        job.channels = spec.c
        job.channels_per_task = max(spec.c, 1) if self.brief else max(TASK_CHANNELS, TASK_ITEMS // items)
        job.channel_blocks = max(1, parts(job.channels, job.channels_per_task))
        self.channel_tasks = spec.n * job.channel_blocks if spec.c else 0

    cdef Job job(self, ndarray source, ndarray target, switches) noexcept:
        cdef Job job = self.template
        job.shape = &self.shape
        job.source = <const char *>data(source)
        job.target = <char *>data(target)
        job.switches = <char *>data(switches)
        job.compact = switches is not None and cnp.PyArray_TYPE(<ndarray>switches) == cnp.NPY_UINT8
        job.bad = NULL
        job.kind = INTEGERS.get(self.spec.dtype, -1)
        return job

    def maximum(self, ndarray x, ndarray y, switches, int threads):
        cdef Job job = self.job(x, y, switches)
        if job.kind >= 0:
            job.images = job.shape.planes
            if self.spec.channels_last:
                job.images = self.spec.n
                job.planes_per_task = 1
                job.rows_per_task = max(1, min(job.rows_per_task, <Py_ssize_t>(TASK_TAPS / (
                    <double>job.shape.kd * job.shape.kh * job.shape.kw * job.shape.ow * max(job.channels, 1)))))
                job.row_blocks = parts(job.shape.od * job.shape.oh, job.rows_per_task)
            else:
                job.channels = 1
            run_tasks(typed_rows, &job, parts(job.images, job.planes_per_task) * job.row_blocks, threads, 0, self.brief)
            return
        cdef size_t scratch = self.kernels.max_pool_scratch(&self.shape, switches is not None)
        run_tasks(max_rows, &job, self.tasks * job.row_blocks, threads, scratch, self.brief)

    def average(self, ndarray x, ndarray y, int threads):
        cdef Job job = self.job(x, y, None)
        cdef size_t scratch = self.kernels.average_pool_scratch(&self.shape)
        run_tasks(average_rows, &job, self.tasks * job.row_blocks, threads, scratch, self.brief)

    def average_grad(self, ndarray dy, ndarray dx, int threads):
        cdef Job job = self.job(dy, dx, None)
        if self.spec.channels_last:
            run_tasks(average_grad_channels, &job, self.channel_tasks, threads, 0, self.brief)
        else:
            run_tasks(average_grad_planes, &job, self.tasks, threads, 0, self.brief)

    cdef Py_ssize_t follow(self, int how, small, ndarray switches, large, int threads) except -2:
        """Return the flat position of the first bad switch, -1 if there is none."""
        cdef Job job = self.job(small, large, switches)
        cdef npy_intp tasks = self.channel_tasks if self.spec.channels_last else self.tasks
        cdef ndarray bad = <ndarray>cnp.PyArray_EMPTY(1, &tasks, cnp.NPY_INT64, 0)
        job.bad = <int64_t *>cnp.PyArray_DATA(bad)
        job.how = how
        run_tasks(follow_channels if self.spec.channels_last else follow_planes, &job, tasks, threads, 0, self.brief)
        cdef Py_ssize_t i, first = -1
        for i in range(tasks):
            if job.bad[i] >= 0 and (first < 0 or job.bad[i] < first):
                first = job.bad[i]
        return first

    def first_bad_switch(self, ndarray switches, int threads):
        """Return the flat position of the first switch that says no place of its plane, -1 if there is none."""
        return self.follow(FC_CHECK, None, switches, None, threads)

    def maximum_grad(self, ndarray dy, ndarray switches, ndarray dx, int threads):
        """Fill dx; what is returned is as of `first_bad_switch`, and dx is then not complete."""
        return self.follow(FC_ADD, dy, switches, dx, threads)

    def unpool(self, ndarray y, ndarray switches, ndarray x, int threads):
        """Fill x; what is returned is as of `first_bad_switch`, and x is then not complete."""
        return self.follow(FC_PUT, y, switches, x, threads)

    def unpool_grad(self, ndarray dx, ndarray switches, ndarray dy, int threads):
        """Fill dy; what is returned is as of `first_bad_switch`, and dy is then not complete."""
        return self.follow(FC_GET, dy, switches, dx, threads)


def bind(spec, isa, isa_name):
    return BoundPool(spec, isa, isa_name)
