"""The convolution of depthwise.py, which says what computes it."""

from ._conv cimport at
from ._parallel cimport run_tasks
from ._table cimport fc_conv, fc_kernels

from ._depthwise_forms import block_of, goes_by_rows, goes_side_by_side, has_channels_in_lanes

cdef enum:
    TASK_FLOPS = 1 << 19     # of a task: some 10-100 us, so that tasks balance and Ctrl-C is seen
    SERIAL_BYTES = 300000    # moved by a call below which it stays on one thread, if it is also few operations
    ABREAST = 4              # channels that short.c computes together
    MOST_SHARED = 16         # output channels that a task computes of an input channel it has staged, at most


cdef void compute_part(const Job *job, const char *x, char *y, Py_ssize_t channel, Py_ssize_t channel_end, Py_ssize_t iod,
                       Py_ssize_t ioh, Py_ssize_t ioh_end, Py_ssize_t iow, Py_ssize_t iow_end,
                       char *scratch) noexcept nogil:
    """Some outputs of some channels of the image whose arrays are x and y."""
    cdef const fc_conv *s = job.shape
    cdef const fc_kernels *kernels = job.kernels
    cdef Py_ssize_t size = job.itemsize
    cdef int channels
    cdef const char *weight
    cdef const char *bias
    y += channel * s.y_channel * size
    while channel < channel_end:
        channels = <int>min(job.channels, channel_end - channel)
        weight = job.weight + channel * s.kd * s.kh * s.kw * size
        bias = at(job.bias, channel * size)
        if job.side_by_side:
            kernels.depthwise_short(s, x, weight, bias, y, channel, channels, ioh, ioh_end)
        elif job.block is NULL:
            kernels.depthwise_rows(s, x, weight, bias, y, channel, channels, ioh, ioh_end)
        elif job.in_lanes:
            kernels.depthwise_channels(s, job.block, x, weight, bias, y, channel, channels, iod, ioh, ioh_end, iow, iow_end,
                                       scratch)
        else:
            kernels.depthwise_staged(s, job.block, x, weight, bias, y, channel, channels, iod, ioh, ioh_end, iow, iow_end,
                                     scratch)
        y += channels * s.y_channel * size
        channel += channels


cdef void compute_task(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t iow = task % job.column_blocks * job.columns
    task //= job.column_blocks
    cdef Py_ssize_t ioh = task % job.row_blocks * job.rows
    task //= job.row_blocks
    cdef Py_ssize_t iod = task % s.od
    task //= s.od
    cdef Py_ssize_t channel = task % job.channel_blocks * job.channels, image = task // job.channel_blocks
    cdef const char *x = job.x + image * s.c_in * s.d * s.h * s.w * job.itemsize
    cdef char *y = job.y + image * s.c_out * s.od * s.oh * s.ow * job.itemsize
    compute_part(job, x, y, channel, min(channel + job.channels, s.c_out), iod, ioh, min(ioh + job.rows, s.oh), iow,
                 min(iow + job.columns, s.ow), scratch)


cdef class Depthwise(BoundConv):
    def __init__(self, spec, int isa, str isa_name):
        super().__init__(spec, isa, isa_name)
        self.brief = self.brief and spec.bytes_moved < SERIAL_BYTES  # moving takes longer than computing
        cdef fc_block *b = &self.block
        self.side_by_side = goes_side_by_side(spec, self.kernels.lanes)
        self.in_lanes = has_channels_in_lanes(spec, self.kernels.lanes)
        self.by_rows = goes_by_rows(spec) and not self.in_lanes
        self.turned = self.in_lanes and not spec.channels_last
        if self.by_rows:
            return
        if self.turned:  # a plane whole, with its border
            (_, sh, sw), (_, dh, dw) = spec.stride, spec.dilation
            b.rows, b.row_step, b.row_tap, b.staged_rows = self.shape.oh, sh, dh, self.shape.h + sum(spec.padding[1])
            b.columns, b.column_step, b.column_tap, b.pitch = self.shape.ow, sw, dw, self.shape.w + sum(spec.padding[2])
            b.windows, b.rows_apart, b.columns_apart = 1, False, False
            return
        (b.rows, b.row_step, b.row_tap, b.rows_apart, b.staged_rows, b.columns, b.column_step, b.column_tap,
         b.columns_apart, b.pitch, b.windows) = block_of(spec, self.kernels.lanes, self.in_lanes)

    cdef size_t scratch_bytes(self) noexcept:
        """Scratch of one thread."""
        cdef const fc_conv *s = &self.shape
        cdef const fc_block *b = &self.block
        cdef Py_ssize_t staged = s.kd * b.staged_rows * b.windows * b.pitch, lanes = self.kernels.lanes
        if self.by_rows:
            return 0
        if self.in_lanes:
            staged += s.kd * s.kh * s.kw + (s.oh * s.ow if self.turned else 0)
            return staged * lanes * self.itemsize
        return (staged + 2 * (b.pitch + lanes)) * self.itemsize + s.kw * sizeof(Py_ssize_t) + 64

    cdef size_t workspace_bytes(self, int threads, bint packed) noexcept:
        return threads * (self.scratch_bytes() + 128)

    cdef void describe(self, Job *job, const char *weight, const char *bias) noexcept:
        """Fill in what `compute_part` needs."""
        job.shape, job.kernels, job.itemsize, job.in_lanes = &self.shape, self.kernels, self.itemsize, self.in_lanes
        job.block, job.side_by_side = NULL if self.by_rows else &self.block, self.side_by_side
        job.weight, job.bias = weight, bias
        cdef Py_ssize_t of_one = self.shape.c_out // self.shape.c_in  # outputs that share what is staged
        cdef Py_ssize_t of_task = self.shape.c_out if self.by_rows else min(of_one, MOST_SHARED)
        job.channels = self.kernels.lanes if self.in_lanes else of_task

    cdef int compute(self, const char *x, const char *weight, const char *packed, const char *bias, char *y,
                     int threads, bint brief) except -1:
        cdef const fc_conv *s = &self.shape
        cdef Job job
        cdef Py_ssize_t step
        self.describe(&job, weight, bias)
        job.x, job.y = x, y
        job.rows, job.columns = s.oh, s.ow
        if self.by_rows:
            job.channels = cut(s.c_out, ABREAST if self.side_by_side else 1, 2.0 * s.kh * s.kw * s.oh * s.ow)
        if not brief and not self.turned and not (self.by_rows and job.channels > 1):
            step = 8 if self.by_rows else self.block.rows
            job.rows = cut(s.oh, step, 2.0 * job.channels * s.kd * s.kh * s.kw * s.ow)
            if s.oh == 1 and not self.by_rows:
                job.columns = cut(s.ow, self.block.columns, 2.0 * job.channels * s.kd * s.kh * s.kw)
        job.channel_blocks = (s.c_out + job.channels - 1) // job.channels
        job.row_blocks = (s.oh + job.rows - 1) // job.rows
        job.column_blocks = (s.ow + job.columns - 1) // job.columns
        cdef Py_ssize_t tasks = s.n * job.channel_blocks * s.od * job.row_blocks * job.column_blocks
        return run_tasks(compute_task, &job, tasks, threads, self.scratch_bytes(), brief)


cdef Py_ssize_t cut(Py_ssize_t whole, Py_ssize_t step, double flops) noexcept:
    """Return how many of `whole` outputs, each of so many operations, a task takes: a multiple of `step`, or all."""
    return min(whole, max(step, <Py_ssize_t>(TASK_FLOPS / flops) // step * step))
