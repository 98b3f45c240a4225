"""The two forms of direct.py, which says what they are."""

cimport numpy as cnp
from numpy cimport npy_intp

from ._conv cimport BoundConv, at
from ._parallel cimport give, run_tasks, take
from ._table cimport fc_conv, fc_kernels

cdef enum:
    ROWS = 8              # output channels of a task: two register tiles, which share the input rows in L1
    TASK_FLOPS = 1 << 20  # rows of a task: some 10-100 us, so that tasks balance and Ctrl-C is seen

cnp.import_array()


cdef struct Job:
    const fc_conv *shape
    const fc_kernels *kernels
    const char *x
    const char *weight
    const char *bias
    char *y
    Py_ssize_t itemsize, rows_per_task, row_blocks, channel_blocks


cdef void compute_rows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t c_in = s.c_in // s.groups, c_out = s.c_out // s.groups, size = job.itemsize
    cdef Py_ssize_t ioh = task % job.row_blocks * job.rows_per_task
    cdef Py_ssize_t ic
    task //= job.row_blocks
    cdef Py_ssize_t iod = task % s.od
    task //= s.od
    cdef Py_ssize_t channel = task % job.channel_blocks * ROWS
    task //= job.channel_blocks
    cdef Py_ssize_t group = task % s.groups, image = task // s.groups
    ic = group * c_out + channel
    job.kernels.direct_forward(
        s,
        job.x + (image * s.c_in * s.d * s.h * s.w + group * c_in * s.x_channel) * size,
        job.weight + ic * c_in * s.kd * s.kh * s.kw * size,
        at(job.bias, ic * size),
        job.y + (image * s.c_out * s.od * s.oh * s.ow + ic * s.y_channel) * size,
        <int>min(<Py_ssize_t>ROWS, c_out - channel), iod, ioh, min(ioh + job.rows_per_task, s.oh),
        <Py_ssize_t *>scratch,
    )


cdef class Direct(BoundConv):
    cdef size_t workspace_bytes(self, int threads, bint packed) noexcept:
        return threads * (2 * sizeof(Py_ssize_t) * self.shape.kw + 128)

    cdef int compute(self, const char *x, const char *weight, const char *packed, const char *bias, char *y,
                     int threads, bint brief) except -1:
        cdef const fc_conv *s = &self.shape
        cdef Job job
        job.shape = s
        job.kernels = self.kernels
        job.x, job.weight, job.bias, job.y = x, weight, bias, y
        job.itemsize = self.itemsize
        cdef double row = 2.0 * ROWS * (s.c_in // s.groups) * s.kd * s.kh * s.kw * s.ow
        job.rows_per_task = s.oh if brief else max(1, min(s.oh, <Py_ssize_t>(TASK_FLOPS / row)))
        job.row_blocks = (s.oh + job.rows_per_task - 1) // job.rows_per_task
        job.channel_blocks = (s.c_out // s.groups + ROWS - 1) // ROWS
        cdef Py_ssize_t tasks = s.n * s.groups * job.channel_blocks * s.od * job.row_blocks
        return run_tasks(compute_rows, &job, tasks, threads, 2 * sizeof(Py_ssize_t) * s.kw, brief)


cdef struct StagedJob:
    const fc_conv *shape
    const fc_kernels *kernels
    const char *x
    const char *packed
    const char *bias
    char *y
    const Py_ssize_t *offsets
    Py_ssize_t itemsize, rows, row_blocks, pitch, most_rows, group_items


cdef void compute_staged(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const StagedJob *job = <const StagedJob *>argument
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t size = job.itemsize, ioh = task % job.row_blocks * job.rows
    task //= job.row_blocks
    cdef Py_ssize_t iod = task % s.od
    task //= s.od
    cdef Py_ssize_t group = task % s.groups, image = task // s.groups, channel = group * (s.c_out // s.groups)
    job.kernels.direct_staged(
        s,
        job.x + (image * s.c_in + group * (s.c_in // s.groups)) * s.x_channel * size,
        job.packed + group * job.group_items * size,
        at(job.bias, channel * size),
        job.y + (image * s.c_out + channel) * s.y_channel * size,
        iod, ioh, min(ioh + job.rows, s.oh), job.offsets, job.pitch, job.most_rows, scratch,
    )


cdef class StagedDirect(BoundConv):
    cdef Py_ssize_t depth, rows, pitch, most_rows
    cdef cnp.ndarray offsets

    def __init__(self, spec, int isa, str isa_name, tuple stage):
        super().__init__(spec, isa, isa_name)
        self.most_rows, self.pitch, self.rows = stage
        cdef const fc_conv *shape = &self.shape
        cdef Py_ssize_t planes = shape.c_in // shape.groups * shape.kd, plane, ikh, ikw, tap = 0
        cdef Py_ssize_t row, phase, column
        cdef npy_intp items = planes * shape.kh * shape.kw
        self.depth = items
        self.offsets = cnp.PyArray_EMPTY(1, &items, cnp.NPY_INTP, 0)
        cdef npy_intp *offsets = <npy_intp *>cnp.PyArray_DATA(self.offsets)
        for plane in range(planes):
            for ikh in range(shape.kh):
                for ikw in range(shape.kw):
                    row = plane * self.most_rows + ikh * shape.dilation_h
                    phase, column = ikw * shape.dilation_w % shape.stride_w, ikw * shape.dilation_w // shape.stride_w
                    offsets[tap] = (row * shape.stride_w + phase) * self.pitch + column
                    tap += 1

    cdef Py_ssize_t group_items(self) noexcept:
        cdef Py_ssize_t mr = self.kernels.mr
        return (self.shape.c_out // self.shape.groups + mr - 1) // mr * mr * self.depth

    cdef Py_ssize_t packed_items(self) noexcept:
        return self.shape.groups * self.group_items()

    cdef int pack_into(self, const char *weight, char *packed, int threads, bint brief) except -1:
        cdef Py_ssize_t group, oc, mr = self.kernels.mr, c_out = self.shape.c_out // self.shape.groups, size = self.itemsize
        for group in range(self.shape.groups):
            for oc in range(0, c_out, mr):
                self.kernels.pack_rows(weight + (group * c_out + oc) * self.depth * size, self.depth,
                                       <int>min(mr, c_out - oc), self.depth, <int>mr,
                                       packed + (group * self.group_items() + oc * self.depth) * size)
        return 0

    cdef size_t stage_bytes(self) noexcept:
        cdef const fc_conv *s = &self.shape
        return s.c_in // s.groups * s.kd * self.most_rows * s.stride_w * self.pitch * self.itemsize

    cdef size_t workspace_bytes(self, int threads, bint packed) noexcept:
        return threads * (self.stage_bytes() + 128) + (0 if packed else self.packed_items() * self.itemsize)

    cdef int compute(self, const char *x, const char *weight, const char *packed, const char *bias, char *y,
                     int threads, bint brief) except -1:
        cdef const fc_conv *s = &self.shape
        cdef StagedJob job
        cdef char *own = NULL
        if packed is NULL:
            own = take(self.packed_items() * self.itemsize)
            packed = own
        try:
            if own is not NULL:
                self.pack_into(weight, own, threads, brief)
            job.shape, job.kernels = s, self.kernels
            job.x, job.packed, job.bias, job.y = x, packed, bias, y
            job.offsets = <const Py_ssize_t *>cnp.PyArray_DATA(self.offsets)
            job.itemsize, job.rows, job.pitch, job.most_rows = self.itemsize, self.rows, self.pitch, self.most_rows
            job.row_blocks = (s.oh + self.rows - 1) // self.rows
            job.group_items = self.group_items()
            return run_tasks(compute_staged, &job, s.n * s.groups * s.od * job.row_blocks, threads, self.stage_bytes(),
                             brief)
        finally:
            if own is not NULL:
                give(own)
