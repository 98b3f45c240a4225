"""Tiled and locally connected convolution: positions o use the filters of tile o mod tiles; their gradients.

Computes, source, tile and accuracy: src/tiled/*.c. With one tile this is convolution, with a tile an output every
position has filters of its own. Positions of one tile share their filters: the rows of a product are the patches of those
positions in all images, so that filters are read once for as many rows as there are. A unit is a tile and some of its rows;
a task owns some units, so outputs are never shared. Filters are read as given: [kd][kh][kw][c_in/groups][c_out] a tile.

A task of the weight gradient owns tiles, or some input channels of one; a task of the input gradient owns some input
channels of some images.
"""

cimport numpy as cnp
from libc.string cimport memset
from numpy cimport ndarray

from ._conv cimport BoundConv
from ._parallel cimport parts, run_tasks
from ._table cimport fc_conv, fc_kernels

cnp.import_array()

cdef enum:
    PATCH_BYTES = 1 << 17   # of the patches a task holds
    ROWS_MOST = 112
    TASK_FLOPS = 1 << 20
    CHANNELS = 16           # input channels of a task of a gradient
    MANY = 8                # tiles that leave no thread idle for long
    CACHED = 1 << 19        # bytes

cdef double LONGEST = 5e8   # operations of a task of the input gradient


cdef struct Job:
    const fc_conv *shape
    const fc_kernels *kernels
    const char *x
    const char *weight
    const char *dy
    char *to
    Py_ssize_t itemsize
    Py_ssize_t tiles_d, tiles_h, tiles_w       # of the weights
    Py_ssize_t used_d, used_h, used_w          # of them, those that have positions
    Py_ssize_t rows, row_blocks, units, units_per_task
    Py_ssize_t channels, channel_blocks, images
    bint lanes                                 # an output channel a group


# One tile: its first position, how many positions it has along each axis, and where its filters begin.
cdef struct Tile:
    Py_ssize_t d, h, w, count_d, count_h, count_w, filters


cdef inline Py_ssize_t patch_of(const fc_conv *s, bint lanes) noexcept nogil:
    """Reals of a patch: those one group sees, or with an output channel a group those all see."""
    return s.kd * s.kh * s.kw * (s.c_in if lanes else s.c_in // s.groups)


cdef Tile tile_of(const Job *job, Py_ssize_t index) noexcept nogil:
    cdef const fc_conv *s = job.shape
    cdef Tile t
    t.w = index % job.used_w
    t.h = index // job.used_w % job.used_h
    t.d = index // job.used_w // job.used_h
    t.count_d = parts(s.od - t.d, job.tiles_d)
    t.count_h = parts(s.oh - t.h, job.tiles_h)
    t.count_w = parts(s.ow - t.w, job.tiles_w)
    t.filters = ((t.d * job.tiles_h + t.h) * job.tiles_w + t.w) * patch_of(s, False) * s.c_out
    return t


# One row of a tile: its image and position.
cdef struct Place:
    Py_ssize_t image, d, h, w


cdef inline Place place_of(const Job *job, const Tile *t, Py_ssize_t row) noexcept nogil:
    cdef Place p
    p.w = t.w + row % t.count_w * job.tiles_w
    row //= t.count_w
    p.h = t.h + row % t.count_h * job.tiles_h
    row //= t.count_h
    p.d = t.d + row % t.count_d * job.tiles_d
    p.image = row // t.count_d
    return p


cdef inline Py_ssize_t y_offset(const fc_conv *s, const Place *p) noexcept nogil:
    return p.image * s.c_out * s.od * s.oh * s.ow + ((p.d * s.oh + p.h) * s.ow + p.w) * s.y_pixel


cdef void gather(const Job *job, const Tile *t, Py_ssize_t row, Py_ssize_t count, Py_ssize_t channel, Py_ssize_t channels,
                 char *to) noexcept nogil:
    """The patches of some rows: some input channels or, with an output channel a group, all, those of a group outermost."""
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t size = job.itemsize, c_in = s.c_in // s.groups, i
    cdef Place p
    cdef const char *x
    for i in range(count):
        p = place_of(job, t, row + i)
        x = job.x + (p.image * s.c_in * s.d * s.h * s.w + channel * s.x_channel) * size
        if job.lanes:
            job.kernels.gather_patch(s, x, p.d, p.h, p.w, c_in, s.x_channel, s.groups, c_in * s.x_channel, to)
        else:
            job.kernels.gather_patch(s, x, p.d, p.h, p.w, 1, 0, channels, s.x_channel, to)
        to += s.kd * s.kh * s.kw * channels * size


cdef void compute_unit(const Job *job, Py_ssize_t unit, char *scratch) noexcept nogil:
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t size = job.itemsize, c_out = s.c_out // s.groups, i, group, ld = patch_of(s, job.lanes)
    cdef Py_ssize_t channels = s.c_in if job.lanes else s.c_in // s.groups
    cdef Tile t = tile_of(job, unit // job.row_blocks)
    cdef Py_ssize_t first = unit % job.row_blocks * job.rows
    cdef Py_ssize_t count = min(job.rows, s.n * t.count_d * t.count_h * t.count_w - first)
    cdef const char *filters = job.weight + t.filters * size
    cdef char *sums = scratch + job.rows * ld * size
    cdef Place p
    for group in range(1 if job.lanes else s.groups):
        gather(job, &t, first, count, group * channels, channels, scratch)
        if job.lanes:
            job.kernels.tiled_lanes(ld // s.groups, scratch, ld, count, filters, s.c_out, s.c_out, sums, s.c_out)
        else:
            job.kernels.tiled_product(ld, scratch, ld, count, filters + group * c_out * size, s.c_out, c_out,
                                      sums + group * c_out * size, s.c_out)
    for i in range(count):
        p = place_of(job, &t, first + i)
        job.kernels.copy_channels(sums + i * s.c_out * size, 1, s.c_out, job.to + y_offset(s, &p) * size, s.y_channel)


cdef void compute_units(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t unit
    for unit in range(task * job.units_per_task, min((task + 1) * job.units_per_task, job.units)):
        compute_unit(job, unit, scratch)


cdef void collect(const Job *job, const Tile *t, Py_ssize_t row, Py_ssize_t count, Py_ssize_t channel, Py_ssize_t channels,
                  char *to) noexcept nogil:
    """The gradients of some output channels at some rows."""
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t i, size = job.itemsize
    cdef Place p
    for i in range(count):
        p = place_of(job, t, row + i)
        job.kernels.copy_channels(job.dy + (y_offset(s, &p) + channel * s.y_channel) * size, s.y_channel, channels,
                                  to + i * channels * size, 1)


cdef void weight_unit(const Job *job, Py_ssize_t unit, char *scratch) noexcept nogil:
    """The gradient of one tile's filters over all its rows: those of some input channels of a group, or of all."""
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t size = job.itemsize, c_in = s.c_in // s.groups, taps = s.kd * s.kh * s.kw
    cdef Py_ssize_t groups = 1 if job.lanes else s.groups, outputs = s.c_out // groups
    cdef Py_ssize_t channel = unit % job.channel_blocks * job.channels
    unit //= job.channel_blocks
    cdef Py_ssize_t group = unit % groups, channels = s.c_in if job.lanes else min(job.channels, c_in - channel)
    cdef Tile t = tile_of(job, unit // groups)
    cdef Py_ssize_t rows = s.n * t.count_d * t.count_h * t.count_w, row = 0, count, tap
    cdef char *filters = job.to + (t.filters + channel * s.c_out + group * outputs) * size
    cdef char *grads = scratch + job.rows * taps * channels * size
    while row < rows:
        count = min(job.rows, rows - row)
        collect(job, &t, row, count, group * outputs, outputs, grads)
        gather(job, &t, row, count, group * c_in + channel, channels, scratch)
        for tap in range(taps):
            job.kernels.tiled_grad_weight(count, scratch + tap * channels * size, taps * channels,
                                          c_in if job.lanes else channels, grads, outputs, outputs, job.lanes, row > 0,
                                          filters + tap * c_in * s.c_out * size, s.c_out)
        row += count


cdef void weight_units(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t unit
    for unit in range(task * job.units_per_task, min((task + 1) * job.units_per_task, job.units)):
        weight_unit(job, unit, scratch)


cdef void input_tile(const Job *job, const Tile *t, Py_ssize_t image, Py_ssize_t images, Py_ssize_t group,
                     Py_ssize_t channel, Py_ssize_t channels, char *scratch) noexcept nogil:
    """What the positions of one tile add to some input channels of some images.

    Of group `group` the channels from `channel` on; with an output channel a group, of that many groups all channels.
    """
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t size = job.itemsize, c_in = s.c_in // s.groups, c_out = s.c_out // s.groups, taps = s.kd * s.kh * s.kw
    cdef Py_ssize_t positions = t.count_d * t.count_h * t.count_w, row = image * positions, count, i
    cdef Py_ssize_t last = row + images * positions, ld = taps * channels * (c_in if job.lanes else 1)
    cdef Py_ssize_t first = channel if job.lanes else group * c_out, outputs = channels if job.lanes else c_out
    cdef const char *filters = job.weight + (t.filters + first + (0 if job.lanes else channel * s.c_out)) * size
    cdef char *grads = scratch + job.rows * ld * size
    cdef char *dx
    cdef Place p
    while row < last:
        count = min(job.rows, last - row)
        collect(job, t, row, count, first, outputs, grads)
        job.kernels.tiled_grad_patch(taps, c_in if job.lanes else channels, filters, c_in * s.c_out, s.c_out, count, grads,
                                     outputs, outputs, job.lanes, scratch, ld)
        for i in range(count):
            p = place_of(job, t, row + i)
            dx = job.to + p.image * s.c_in * s.d * s.h * s.w * size
            dx += (channel if job.lanes else group) * c_in * s.x_channel * size
            if job.lanes:
                job.kernels.add_patch(s, scratch + i * ld * size, p.d, p.h, p.w, c_in, s.x_channel, channels,
                                      c_in * s.x_channel, dx)
            else:
                job.kernels.add_patch(s, scratch + i * ld * size, p.d, p.h, p.w, 1, 0, channels, s.x_channel,
                                      dx + channel * s.x_channel * size)
        row += count


cdef void zero(const Job *job, Py_ssize_t image, Py_ssize_t channel, Py_ssize_t channels) noexcept nogil:
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t pixels = s.d * s.h * s.w, size = job.itemsize, i
    cdef char *dx = job.to + (image * s.c_in * pixels + channel * s.x_channel) * size
    if s.x_pixel == 1:
        memset(dx, 0, channels * pixels * size)
        return
    for i in range(pixels):
        memset(dx + i * s.x_pixel * size, 0, channels * size)


cdef void input_channels(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t c_in = s.c_in // s.groups, index, i
    cdef Py_ssize_t channel = task % job.channel_blocks * job.channels
    task //= job.channel_blocks
    cdef Py_ssize_t group = 0 if job.lanes else task % s.groups
    cdef Py_ssize_t image = (task if job.lanes else task // s.groups) * job.images
    cdef Py_ssize_t channels = min(job.channels, (s.groups if job.lanes else c_in) - channel)
    cdef Py_ssize_t images = min(job.images, s.n - image)
    cdef Tile t
    for i in range(image, image + images):
        if job.lanes:
            zero(job, i, channel * c_in, channels * c_in)
        else:
            zero(job, i, group * c_in + channel, channels)
    for index in range(job.used_d * job.used_h * job.used_w):
        t = tile_of(job, index)
        input_tile(job, &t, image, images, group, channel, channels, scratch)


cdef class Tiled(BoundConv):
    """A tiled convolution and its gradients; arrays as `BoundConv.run` wants them."""

    cdef Job template

    def __init__(self, spec, int isa, str isa_name):
        super().__init__(spec, isa, isa_name)
        cdef fc_conv *s = &self.shape
        cdef Job *job = &self.template
        job.kernels = self.kernels
        job.itemsize = self.itemsize
        job.tiles_d, job.tiles_h, job.tiles_w = spec.tiles
        job.used_d, job.used_h, job.used_w = min(job.tiles_d, s.od), min(job.tiles_h, s.oh), min(job.tiles_w, s.ow)
        job.lanes = s.groups > 1 and s.c_out == s.groups
        cdef Py_ssize_t patch = patch_of(s, job.lanes), most
        most = parts(s.od, job.tiles_d) * parts(s.oh, job.tiles_h) * parts(s.ow, job.tiles_w) * max(s.n, 1)
        job.rows = min(most, max(1, min(<Py_ssize_t>ROWS_MOST, PATCH_BYTES // (patch * self.itemsize))))
        job.row_blocks = parts(most, job.rows)
        self.units(job, job.row_blocks, 2.0 * job.rows * patch * s.c_out)

    cdef void units(self, Job *job, Py_ssize_t blocks, double flops) noexcept:
        """Put so many units of a tile, of so much work each, into tasks."""
        job.units = job.used_d * job.used_h * job.used_w * blocks
        job.units_per_task = job.units if self.brief else max(1, <Py_ssize_t>min(TASK_FLOPS / flops, 1e6))

    cdef Job job(self, const char *x, const char *weight, const char *dy, char *to) noexcept:
        cdef Job job = self.template
        job.shape = &self.shape
        job.x, job.weight, job.dy, job.to = x, weight, dy, to
        return job

    cdef size_t task_bytes(self) noexcept:
        cdef fc_conv *s = &self.shape
        return self.template.rows * (patch_of(s, self.template.lanes) + s.c_out) * self.itemsize

    cdef size_t workspace_bytes(self, int threads, bint packed) noexcept:
        return threads * (self.task_bytes() + 128)

    cdef int compute(self, const char *x, const char *weight, const char *packed, const char *bias, char *y,
                     int threads, bint brief) except -1:
        cdef Job job = self.job(x, weight, NULL, y)
        return run_tasks(compute_units, &job, parts(job.units, job.units_per_task), threads, self.task_bytes(), brief)

    def weight(self, ndarray x, ndarray dy, ndarray dw, int threads):
        """Fill dw, which holds zeros: tiles beyond the last output have no gradient."""
        cdef fc_conv *s = &self.shape
        cdef Job job = self.job(<const char *>cnp.PyArray_DATA(x), NULL, <const char *>cnp.PyArray_DATA(dy),
                                <char *>cnp.PyArray_DATA(dw))
        cdef Py_ssize_t used = job.used_d * job.used_h * job.used_w, groups = 1 if job.lanes else s.groups
        # Few tiles leave threads idle unless their channels are apart, for each block of which the gradients are collected.
        job.channels = s.c_in // s.groups if used >= MANY or job.lanes else min(<Py_ssize_t>CHANNELS, s.c_in // s.groups)
        job.channel_blocks = 1 if job.lanes else parts(s.c_in // s.groups, job.channels)
        self.units(&job, groups * job.channel_blocks, self.flops / (used * groups * job.channel_blocks) + 1)
        run_tasks(weight_units, &job, parts(job.units, job.units_per_task), 1 if self.brief else threads, self.task_bytes(),
                  self.brief)

    def input(self, ndarray weight, ndarray dy, ndarray dx, int threads):
        """Fill dx."""
        cdef fc_conv *s = &self.shape
        cdef Job job = self.job(NULL, <const char *>cnp.PyArray_DATA(weight), <const char *>cnp.PyArray_DATA(dy),
                                <char *>cnp.PyArray_DATA(dx))
        cdef Py_ssize_t blocked = s.groups if job.lanes else s.c_in // s.groups
        cdef Py_ssize_t groups = 1 if job.lanes else s.groups
        job.channels = min(<Py_ssize_t>CHANNELS, blocked)
        job.channel_blocks = parts(blocked, job.channels)
        # Filters that stay in cache may as well be read again for each image, which occupies more threads.
        cdef double filters = <double>patch_of(s, False) * s.c_out * job.used_d * job.used_h * job.used_w * self.itemsize
        job.images = 1
        if filters / (groups * job.channel_blocks) > CACHED:
            job.images = max(1, min(s.n, <Py_ssize_t>(LONGEST * job.channel_blocks * groups * s.n / max(self.flops, 1.0))))
        cdef Py_ssize_t tasks = parts(s.n, job.images) * groups * job.channel_blocks
        run_tasks(input_channels, &job, tasks, 1 if self.brief else threads, self.task_bytes(), self.brief)


def bind(spec, isa, isa_name):
    return Tiled(spec, isa, isa_name)
