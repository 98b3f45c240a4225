"""A convolution of sequences as a matrix product with output channels in lanes: steps turned over once, read tap by tap.

It serves short sequences, whose steps would leave lanes empty, in batches: a task turns the channels of its steps over, of
some images if they are short, so that those of a step stand together, and every tap reads the rows where they are (see
src/stream/taps_product.c); the outputs are turned back. Nothing is gathered. The sums are those of _gemm_conv.pyx, bit for
bit. Measured: 16 -> 100 channels, 5 taps, 32 sequences of 21 steps take 0.82 of the direct kernel's time (AVX-512, Sapphire
Rapids, one thread).
"""

from libc.string cimport memset

from ._conv cimport BoundConv, at
from ._gemm cimport depth_block
from ._parallel cimport give, parts, run_tasks, take
from ._table cimport fc_conv, fc_kernels

from ._cost import CLOCK, channel_steps, machine_of, reading, vectors

cdef enum:
    STEPS_MOST = 112            # outputs of a task
    TURNED_BYTES = 256 << 10    # of a task: its input rows and its outputs
    LINE = 16                   # reals of a row of outputs are a multiple of it


def steps_of(spec):
    """Return the outputs of a task and the input rows they see."""
    ow = spec.output[2]
    steps = -(-ow // -(-ow // STEPS_MOST))
    return steps, (steps - 1) * spec.stride[2] + (spec.kernel[2] - 1) * spec.dilation[2] + 1


def is_sequence(spec):
    """Return whether a spec is of sequences, channels first and zeros around them, of which a task's rows fit in cache."""
    flat = spec.size[:2] == (1, 1) and spec.kernel[:2] == (1, 1) and spec.padding[:2] == ((0, 0), (0, 0))
    if not flat or spec.channels_last or spec.bordered or min(spec.padding[2]) < 0:
        return False
    steps, rows = steps_of(spec)
    wide = -(-spec.c_out // spec.groups // LINE) * LINE
    return (rows * (spec.c_in // spec.groups) + steps * wide) * spec.itemsize <= TURNED_BYTES


def seconds(spec, isa):
    """Return the expected time: the product, and the steps turned over on the way in and out."""
    machine = machine_of(isa)
    steps, rows = steps_of(spec)
    tasks = -(-spec.output[2] // steps)
    c_in, c_out = spec.c_in // spec.groups, spec.c_out // spec.groups
    deep, wide = vectors(machine, spec, c_in), vectors(machine, spec, c_out)
    depth = c_in * spec.taps
    cost = spec.output[2] * (depth * channel_steps(machine, spec) + wide * -(-depth // 200) * machine.run)
    cost += tasks * (200 + machine.turn * (deep * rows + wide * steps))
    return (machine.call + max(spec.n * spec.groups * cost, reading(machine, depth * spec.c_out * spec.itemsize))) / CLOCK


cdef Py_ssize_t group_items(const fc_kernels *kernels, Py_ssize_t c_out, Py_ssize_t depth) noexcept nogil:
    """Items of the packed filters of one group."""
    return parts(c_out, kernels.rn) * kernels.rn * depth


cdef void pack_group(const fc_kernels *kernels, const char *weight, Py_ssize_t c_out, Py_ssize_t depth, Py_ssize_t size,
                     char *to) noexcept nogil:
    """Panels [depth][rn] of the filters of one group, one after the other."""
    cdef Py_ssize_t channel = 0
    while channel < c_out:
        kernels.pack_rows(weight + channel * depth * size, depth, <int>min(<Py_ssize_t>kernels.rn, c_out - channel), depth,
                          kernels.rn, to + channel * depth * size)
        channel += kernels.rn


cdef struct Job:
    const fc_conv *shape
    const fc_kernels *kernels
    const char *x
    const char *packed
    const char *bias
    char *y
    Py_ssize_t itemsize, steps, rows, tasks, images


# A start of zero for sums without a bias.
cdef double zeros[64]
zeros[:] = [0.0] * 64


cdef void turn_steps(const Job *job, const char *x, Py_ssize_t first, Py_ssize_t rows, Py_ssize_t channels,
                     char *to) noexcept nogil:
    """Steps [first, first + rows) of an image with their channels together, zeros outside."""
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t size = job.itemsize, low = max(-first, <Py_ssize_t>0), high = min(rows, s.w - first)
    if high <= low:
        low = high = rows
    memset(to, 0, low * channels * size)
    memset(to + high * channels * size, 0, (rows - high) * channels * size)
    if low < high:
        job.kernels.turn(x + (first + low) * size, s.w, channels, high - low, to + low * channels * size, channels)


cdef void some_steps(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    cdef const fc_kernels *kernels = job.kernels
    cdef Py_ssize_t size = job.itemsize, c_in = s.c_in // s.groups, c_out = s.c_out // s.groups, tap
    cdef Py_ssize_t step = task % job.tasks * job.steps, depth = c_in * s.kw, k_block = depth_block(depth), k = 0, k_end
    task //= job.tasks
    cdef Py_ssize_t group = task % s.groups, image = task // s.groups
    cdef Py_ssize_t steps = min(job.steps, s.ow - step), ldc = parts(c_out, LINE) * LINE, panel, i
    cdef Py_ssize_t count = min(job.images, s.n - image * job.images), pitch = job.rows * c_in * size
    cdef Py_ssize_t *offsets = <Py_ssize_t *>scratch
    cdef char *rows = scratch + parts(s.kw * sizeof(Py_ssize_t), 64) * 64
    cdef char *sums = rows + parts(job.images * pitch, 64) * 64
    cdef const char *b = job.packed + group * group_items(kernels, c_out, depth) * size
    cdef const char *bias
    image *= job.images
    for i in range(count):
        turn_steps(job, job.x + ((image + i) * s.c_in + group * c_in) * s.w * size, step * s.stride_w - s.pad_w,
                   (steps - 1) * s.stride_w + (s.kw - 1) * s.dilation_w + 1, c_in, rows + i * pitch)
    for tap in range(s.kw):
        offsets[tap] = tap * s.dilation_w * c_in
    while k < depth:
        k_end = min(k + k_block, depth)
        panel = 0
        while panel < c_out:
            bias = at(job.bias, (group * c_out + panel) * size)
            if bias is NULL:
                bias = <const char *>zeros
            if k:
                bias = NULL
            for i in range(count):  # the panel stays in L1
                kernels.taps_product(
                    k, k_end, s.kw, offsets, rows + i * pitch, s.stride_w * c_in, steps,
                    b + (panel * depth + k * kernels.rn) * size, 0, min(<Py_ssize_t>kernels.rn, c_out - panel), bias, k > 0,
                    sums + (i * job.steps * ldc + panel) * size, ldc, &s.after if k_end == depth else NULL,
                )
            panel += kernels.rn
        k = k_end
    for i in range(count):
        kernels.turn(sums + i * job.steps * ldc * size, ldc, steps, c_out,
                     job.y + (((image + i) * s.groups + group) * c_out * s.ow + step) * size, s.ow)


cdef class RowsConv(BoundConv):
    cdef Py_ssize_t steps, rows

    def __init__(self, spec, int isa, str isa_name):
        super().__init__(spec, isa, isa_name)
        self.steps, self.rows = steps_of(spec)

    cdef Py_ssize_t group_items(self) noexcept:
        cdef const fc_conv *s = &self.shape
        return group_items(self.kernels, s.c_out // s.groups, s.c_in // s.groups * s.kw)

    cdef Py_ssize_t packed_items(self) noexcept:
        return self.shape.groups * self.group_items()

    cdef int pack_into(self, const char *weight, char *packed, int threads, bint brief) except -1:
        cdef const fc_conv *s = &self.shape
        cdef Py_ssize_t c_out = s.c_out // s.groups, depth = s.c_in // s.groups * s.kw, group
        for group in range(s.groups):
            pack_group(self.kernels, weight + group * c_out * depth * self.itemsize, c_out, depth, self.itemsize,
                       packed + group * self.group_items() * self.itemsize)
        return 0

    cdef Py_ssize_t images(self, int threads) noexcept:
        """Images of a task: several short ones, while there are tasks for all threads."""
        if self.steps < self.shape.ow:
            return 1
        return max(min(STEPS_MOST // self.steps, TURNED_BYTES // self.image_bytes(), self.shape.n // (4 * threads)), 1)

    cdef Py_ssize_t image_bytes(self) noexcept:
        cdef const fc_conv *s = &self.shape
        return (self.rows * (s.c_in // s.groups) + self.steps * (parts(s.c_out // s.groups, LINE) * LINE)) * self.itemsize

    cdef size_t task_scratch(self, int threads) noexcept:
        return self.shape.kw * sizeof(Py_ssize_t) + self.images(threads) * self.image_bytes() + 128

    cdef size_t workspace_bytes(self, int threads, bint packed) noexcept:
        return threads * (self.task_scratch(threads) + 128) + (0 if packed else self.packed_items() * self.itemsize)

    cdef int compute(self, const char *x, const char *weight, const char *packed, const char *bias, char *y,
                     int threads, bint brief) except -1:
        cdef Job job
        cdef char *own = NULL
        if packed is NULL:
            own = take(self.packed_items() * self.itemsize)
            packed = own
        try:
            if own is not NULL:
                self.pack_into(weight, own, threads, brief)
            job.shape, job.kernels, job.itemsize = &self.shape, self.kernels, self.itemsize
            job.x, job.packed, job.bias, job.y = x, packed, bias, y
            job.steps, job.rows, job.tasks = self.steps, self.rows, parts(self.shape.ow, self.steps)
            job.images = self.images(threads)
            return run_tasks(some_steps, &job, parts(self.shape.n, job.images) * self.shape.groups * job.tasks, threads,
                             self.task_scratch(threads), brief)
        finally:
            if own is not NULL:
                give(own)
