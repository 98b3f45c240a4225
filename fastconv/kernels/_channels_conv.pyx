"""A convolution as a matrix product with output channels in lanes: rows of pixels times packed filters.

It serves channels-last arrays, where a pixel's channels are its row and the outputs need no turning over, and deep small maps,
where pixels in lanes would leave lanes empty and reading the filters is the cost: 7 x 7 pixels are rows of 49, of which none
is lost, and the next filters are fetched while these are used.

A task owns some pixels of one image and some panels of output channels. For each block of k its rows are gathered into its
scratch (a 1x1 kernel reads them where they are) and meet one panel after the other. NCHW images are turned over to channels
last in the task's scratch, and so are its outputs on their way back. The blocks of k depend on k alone.
"""

from ._conv cimport BoundConv, at
from ._parallel cimport give, run_tasks, take
from ._table cimport fc_conv, fc_kernels

cdef enum:
    K_BLOCK = 256
    PIXELS_MOST = 112       # rows of a task in channels-last arrays: K_BLOCK of each take 112 KB of L2
    SMALL_MAP = 256         # pixels of a map that is small enough to be turned over as a whole
    DEEP = 32               # output channels that fill the lanes


def prefers_channels(spec):
    """Return whether channels in lanes suit a spec better than pixels in lanes."""
    pixels = spec.output[0] * spec.output[1] * spec.output[2]
    inputs = spec.size[0] * spec.size[1] * spec.size[2]
    return spec.channels_last or (
        pixels <= SMALL_MAP and inputs <= 4 * SMALL_MAP and spec.c_out // spec.groups >= DEEP <= spec.c_in // spec.groups)


cdef inline Py_ssize_t parts(Py_ssize_t whole, Py_ssize_t part) noexcept nogil:
    return (whole + part - 1) // part


cdef struct Job:
    const fc_conv *shape       # of x
    const fc_conv *last        # of x with its channels last
    const fc_kernels *kernels
    Py_ssize_t itemsize, depth, k_block, pixels, panels
    Py_ssize_t block, pixel_blocks, task_panels, panel_blocks
    bint turned, gathered
    const char *x
    const char *packed
    const char *bias
    char *y


cdef inline Py_ssize_t skewed(Py_ssize_t reals, Py_ssize_t size) noexcept nogil:
    """A row's length that is an odd number of cache lines, so that rows lie in different cache sets."""
    cdef Py_ssize_t line = 64 // size
    return (parts(reals, line) | 1) * line


cdef void compute_block(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.last
    cdef const fc_kernels *kernels = job.kernels
    cdef Py_ssize_t size = job.itemsize, rn = kernels.rn, c_out = s.c_out // s.groups, c_in = s.c_in // s.groups
    cdef Py_ssize_t panel = task % job.panel_blocks * job.task_panels
    task //= job.panel_blocks
    cdef Py_ssize_t p = task % job.pixel_blocks * job.block
    task //= job.pixel_blocks
    cdef Py_ssize_t group = task % s.groups, image = task // s.groups
    cdef Py_ssize_t count = min(job.block, job.pixels - p), channel = panel * rn
    cdef Py_ssize_t channels = min(job.task_panels * rn, c_out - channel), ld = skewed(job.k_block, size)
    cdef Py_ssize_t plane = s.d * s.h * s.w, k = 0, k_end, a_row, ldc
    cdef const char *x = job.x + (image * s.c_in * plane + group * c_in * job.shape.x_channel) * size
    cdef char *y = job.y + (image * s.c_out * job.pixels + (group * c_out + channel) * s.y_channel + p * s.y_pixel) * size
    cdef const char *b = job.packed + (group * job.panels + panel) * job.depth * rn * size
    cdef const char *a
    cdef char *rows = scratch
    cdef char *c = y
    ldc = s.y_pixel
    if job.gathered:
        scratch += job.block * ld * size
    if job.turned:
        kernels.turn(x, plane, c_in, plane, scratch, s.x_pixel)
        x = scratch
        c = scratch + plane * s.x_pixel * size
        ldc = skewed(job.task_panels * rn, size)
    while k < job.depth:
        k_end = min(k + job.k_block, job.depth)
        if job.gathered:
            kernels.gather_rows(s, x, p, count, k, k_end, rows, ld)
            a, a_row = rows, ld
        else:
            a, a_row = x + (p * s.x_pixel + k) * size, s.x_pixel
        kernels.rows_product(
            k_end - k, a, a_row, 1, count, b + k * rn * size, job.depth * rn, channels, b + (job.depth + k) * rn * size,
            NULL if k else at(job.bias, (group * c_out + channel) * size), k > 0, c, ldc,
            &s.after if k_end == job.depth else NULL,
        )
        k = k_end
    if job.turned:
        kernels.turn(c, ldc, count, channels, y, s.y_channel)


cdef struct Pack:
    const fc_conv *shape
    const fc_kernels *kernels
    const char *weight
    char *panels
    Py_ssize_t itemsize, depth, panels_of_group


cdef void pack_panel(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Pack *pack = <const Pack *>argument
    cdef Py_ssize_t rn = pack.kernels.rn, c_out = pack.shape.c_out // pack.shape.groups
    cdef Py_ssize_t group = task // pack.panels_of_group, channel = task % pack.panels_of_group * rn
    pack.kernels.pack_filters(pack.shape, pack.weight + (group * c_out + channel) * pack.depth * pack.itemsize,
                              <int>min(rn, c_out - channel), pack.panels + task * pack.depth * rn * pack.itemsize)


cdef class ChannelsConv(BoundConv):
    cdef fc_conv last
    cdef Py_ssize_t depth, k_block, pixels, panels, block
    cdef bint turned, gathered

    def __init__(self, spec, int isa, str isa_name):
        super().__init__(spec, isa, isa_name)
        cdef fc_conv *s = &self.shape
        self.last = self.shape
        self.turned = not spec.channels_last
        if self.turned:
            self.last.x_channel, self.last.x_pixel = 1, skewed(s.c_in // s.groups, self.itemsize)
        self.gathered = spec.taps > 1 or spec.output != spec.size or any(front or back for front, back in spec.padding)
        self.depth = s.c_in // s.groups * s.kd * s.kh * s.kw
        self.k_block = parts(self.depth, parts(self.depth, K_BLOCK))
        self.pixels = s.od * s.oh * s.ow
        self.panels = parts(s.c_out // s.groups, self.kernels.rn)
        self.block = self.pixels
        if not self.turned:
            self.block = parts(self.pixels, parts(self.pixels, PIXELS_MOST))

    cdef Py_ssize_t packed_items(self) noexcept:
        return self.shape.groups * self.panels * self.depth * self.kernels.rn

    cdef int pack_into(self, const char *weight, char *packed, int threads, bint brief) except -1:
        cdef Pack pack
        pack.shape, pack.kernels, pack.weight, pack.panels = &self.shape, self.kernels, weight, packed
        pack.itemsize, pack.depth, pack.panels_of_group = self.itemsize, self.depth, self.panels
        return run_tasks(pack_panel, &pack, self.shape.groups * self.panels, threads, 0, brief)

    cdef Py_ssize_t task_panels(self, int threads) noexcept:
        """Panels of a task: all, unless there are too few tasks for the threads."""
        cdef Py_ssize_t blocks = self.shape.n * self.shape.groups * parts(self.pixels, self.block)
        return parts(self.panels, 1 if threads == 1 else parts(4 * threads, blocks))

    cdef size_t task_scratch(self, int threads) noexcept:
        cdef size_t reals = self.block * skewed(self.k_block, self.itemsize) if self.gathered else 0
        if self.turned:
            reals += self.shape.d * self.shape.h * self.shape.w * self.last.x_pixel
            reals += self.pixels * skewed(self.task_panels(threads) * self.kernels.rn, self.itemsize)
        return reals * self.itemsize

    cdef size_t workspace_bytes(self, int threads, bint packed) noexcept:
        return threads * (self.task_scratch(threads) + 256) + (0 if packed else self.packed_items() * self.itemsize)

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
            job.shape, job.last, job.kernels = &self.shape, &self.last, self.kernels
            job.itemsize, job.depth, job.k_block, job.pixels = self.itemsize, self.depth, self.k_block, self.pixels
            job.panels, job.block, job.pixel_blocks = self.panels, self.block, parts(self.pixels, self.block)
            job.task_panels = self.task_panels(threads)
            job.panel_blocks = parts(self.panels, job.task_panels)
            job.turned, job.gathered = self.turned, self.gathered
            job.x, job.packed, job.bias, job.y = x, packed, bias, y
            return run_tasks(compute_block, &job, self.shape.n * self.shape.groups * job.pixel_blocks * job.panel_blocks, threads,
                             self.task_scratch(threads), brief)
        finally:
            if own is not NULL:
                give(own)
