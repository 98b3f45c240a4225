"""A convolution as a matrix product with output channels in lanes: rows of pixels times packed filters.

It serves channels-last arrays, where a pixel's channels are its row and the outputs need no turning over; deep small maps,
where pixels in lanes would leave lanes empty and reading the filters is the cost: 7 x 7 pixels are 49 rows, of which none is
lost, and the next filters are fetched while these are used; and strided kernels over many channels, where a panel of pixels
in lanes has to be picked real by real.

A task owns some pixels of one image and some panels of output channels. For each block of input channels its rows are
gathered into its scratch (a 1x1 kernel reads them where they are) and meet one panel after the other; filters that were not
packed before are packed panel by panel where they are used. The rows of an NCHW image that a task needs are turned over to
channels last in its scratch, and so are its outputs on their way back. The blocks of channels depend on the shape of the
filters alone.
"""

from ._conv cimport at
from ._parallel cimport give, run_tasks, take
from ._table cimport fc_activation, fc_conv, fc_kernels

from ._cost import CLOCK, channel_steps, machine_of, reading, vectors

cdef enum:
    K_BLOCK = 256           # about: whole channels, 16 of them at least
    LINE_CHANNELS = 16
    PIXELS_MOST = 112       # rows of a task: K_BLOCK of each take 112 KB of L2
    TURNED_MOST = 224       # rows of a task whose image is turned over: fewer input rows are then turned over twice
    TURNED_BYTES = 512 << 10  # of the input rows of a task
    TURNED_CHANNELS = 128   # output channels of a task, taps counted, for which turning the input over is a small part
    FILTERS_MOST = 4 << 20  # bytes of filters that several threads may as well read each for itself
    SMALL_MAP = 256         # pixels of a map where lanes would stay empty
    DEEP = 32               # channels that fill the lanes


def turned_rows(spec):
    """Return how many output rows of an NCHW image a task turns over, 0 where that takes too much room."""
    od, oh, ow = spec.output
    d, h, w = spec.size
    plane = w * (spec.c_in // spec.groups + 64 // spec.itemsize) * spec.itemsize
    span = (spec.kernel[1] - 1) * spec.dilation[1] + 1
    if d > 1 or od > 1:  # all of it or nothing
        return oh if d * h * plane <= TURNED_BYTES and od * oh * ow <= SMALL_MAP else 0
    if h * plane <= TURNED_BYTES and oh * ow <= TURNED_MOST + PIXELS_MOST:
        return oh
    rows = min((TURNED_BYTES // plane - span) // spec.stride[1] + 1, max(TURNED_MOST // ow, 1))
    return -(-oh // -(-oh // rows)) if rows > 0 else 0


def has_constant_rows(spec):
    """Return whether rows of a constant meet a border of zeros, which counts after it: turned over, such a row is one like
    any other, and its ends would be zeros."""
    if "constant" not in spec.border[1]:
        return False
    return any(
        pad > 0 and name == "zeros"
        for pads, names in ((spec.padding[0], spec.border[0]), (spec.padding[2], spec.border[2]))
        for pad, name in zip(pads, names, strict=True)
    )


def prefers_channels(spec):
    """Return whether channels in lanes suit a spec better than pixels in lanes."""
    if spec.channels_last:
        return True
    if min(spec.c_out, spec.c_in) // spec.groups < DEEP or not turned_rows(spec) or has_constant_rows(spec):
        return False
    return spec.output[0] * spec.output[1] * spec.output[2] <= SMALL_MAP or (spec.stride[2] > 1 and spec.taps > 1)


def seconds(spec, isa):
    """Return the expected time: the product, the runs gathered for it, arrays turned over, or else reading the filters."""
    machine = machine_of(isa)
    pixels = spec.output[0] * spec.output[1] * spec.output[2]
    c_in, c_out = spec.c_in // spec.groups, spec.c_out // spec.groups
    deep, wide = vectors(machine, spec, c_in), vectors(machine, spec, c_out)
    depth = c_in * spec.taps
    cost = pixels * depth * channel_steps(machine, spec) + pixels * wide * -(-depth // 288) * machine.run
    if spec.taps > 1 or spec.output != spec.size:
        cost += pixels * spec.taps * (2.0 + deep * machine.run)
    if not spec.channels_last:
        inputs = spec.size[0] * spec.size[1] * spec.size[2]
        cost += machine.turn * (deep * inputs + wide * pixels)
    return (machine.call + max(spec.n * spec.groups * cost, reading(machine, depth * spec.c_out * spec.itemsize))) / CLOCK


cdef inline Py_ssize_t rows_between(const fc_conv *s, Py_ssize_t p, Py_ssize_t count) noexcept nogil:
    """Input rows, outside or not, from the first to the last that `count` outputs from p on read."""
    return ((p + count - 1) // s.ow - p // s.ow) * s.stride_h + (s.kh - 1) * s.dilation_h + 1


cdef void multiply_rows(const Job *job, Py_ssize_t group, Py_ssize_t panel, Py_ssize_t panel_last, Py_ssize_t c,
                        Py_ssize_t c_end, const char *a, Py_ssize_t a_row, Py_ssize_t count, char *to, Py_ssize_t ldc,
                        char *own) noexcept nogil:
    """The product of `count` rows of a block of channels with some panels of filters, from first to last block."""
    cdef const fc_conv *s = job.last
    cdef const fc_kernels *kernels = job.kernels
    cdef Py_ssize_t size = job.itemsize, rn = kernels.rn, c_out = s.c_out // s.groups, c_in = s.c_in // s.groups
    cdef Py_ssize_t k = (c_end - c) * job.taps, first = group * c_out + panel * rn, now = panel_last
    cdef const fc_activation *after = &s.after if c_end == c_in else NULL
    cdef const char *start
    cdef const char *b
    while panel < panel_last:
        start = at(job.bias, first * size)
        if c:
            start = NULL
        if job.packed is not NULL:
            b = job.packed + ((group * job.panels * c_in + c * job.panels) * job.taps + panel * k) * rn * size
        else:
            now = panel + 1
            kernels.pack_filters(s, job.weight + (first * c_in + c) * job.taps * size, <int>min(rn, c_out - panel * rn),
                                 c_end - c, own)
            b = own
        kernels.rows_product(k, a, a_row, 1, count, b, k * rn, min(now * rn, c_out) - panel * rn,
                             b + k * rn * size if job.packed is not NULL else b, start, c > 0, to, ldc, after)
        to += (now - panel) * rn * size
        first += (now - panel) * rn
        panel = now


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
    cdef Py_ssize_t count = min(job.block, job.pixels - p), panel_last = min(panel + job.task_panels, job.panels)
    cdef Py_ssize_t ld = skewed(job.c_block * job.taps, size), ldc = s.y_pixel
    cdef Py_ssize_t plane = s.d * s.h * s.w, c = 0, c_end, first = 0, last = s.d * s.h
    cdef const char *x = job.x + (image * s.c_in * plane + group * c_in * job.shape.x_channel) * size
    cdef char *y = job.y + (image * s.c_out * job.pixels + (group * c_out + panel * rn) * s.y_channel + p * s.y_pixel) * size
    cdef const char *a
    cdef const fc_conv *gathered = s
    cdef fc_conv part
    cdef char *rows = scratch
    cdef char *own = scratch + (job.block * ld * size if job.gathered else 0)
    cdef char *turned = own + (0 if job.packed is not NULL else job.c_block * job.taps * rn * size)
    cdef char *to = y
    if job.turned:
        if s.border.present and rows_between(s, p, count) < s.h and s.d == 1 and s.od == 1:
            # The rows that are needed, those of the border among them, are the image from which patches are gathered.
            part = s[0]
            part.h, part.pad_h = rows_between(s, p, count), p // s.ow * s.stride_h
            kernels.turn_rows(s, x, part.pad_h - s.pad_h, part.h, turned)
            gathered, last = &part, 0
        elif s.d == 1 and s.od == 1 and not s.border.present:
            first = max(p // s.ow * s.stride_h - s.pad_h, 0)
            last = min(((p + count - 1) // s.ow) * s.stride_h - s.pad_h + (s.kh - 1) * s.dilation_h + 1, s.h)
        # Rows of the border alone leave nothing to turn over.
        if first < last:
            kernels.turn(x + first * s.w * size, job.shape.x_channel, c_in, (last - first) * s.w, turned, s.x_pixel)
        x = turned - first * s.w * s.x_pixel * size
        to = turned + job.turned_pixels * s.x_pixel * size
        ldc = skewed(job.task_panels * rn, size)
    while c < c_in:
        c_end = min(c + job.c_block, c_in)
        if job.gathered:
            kernels.gather_rows(gathered, x + c * size, p, count, c_end - c, rows, ld)
            a = rows
        else:
            a = x + (p * s.x_pixel + c) * size
        multiply_rows(job, group, panel, panel_last, c, c_end, a, ld if job.gathered else s.x_pixel, count, to, ldc, own)
        c = c_end
    if job.turned:
        kernels.turn(to, ldc, count, min(panel_last * rn, c_out) - panel * rn, y, s.y_channel)


cdef struct Pack:
    const fc_conv *shape
    const fc_kernels *kernels
    const char *weight
    char *packed
    Py_ssize_t itemsize, taps, c_block, panels


cdef void pack_panel(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """One panel of all blocks; the panels of a block follow each other in the order in which they are read."""
    cdef const Pack *pack = <const Pack *>argument
    cdef const fc_conv *s = pack.shape
    cdef Py_ssize_t rn = pack.kernels.rn, c_out = s.c_out // s.groups, c_in = s.c_in // s.groups, size = pack.itemsize
    cdef Py_ssize_t group = task // pack.panels, panel = task % pack.panels, c = 0, c_end
    while c < c_in:
        c_end = min(c + pack.c_block, c_in)
        pack.kernels.pack_filters(
            s, pack.weight + ((group * c_out + panel * rn) * c_in + c) * pack.taps * size, <int>min(rn, c_out - panel * rn),
            c_end - c,
            pack.packed + (group * pack.panels * c_in + c * pack.panels + panel * (c_end - c)) * pack.taps * rn * size,
        )
        c = c_end


cdef class ChannelsConv(BoundConv):
    def __init__(self, spec, int isa, str isa_name):
        super().__init__(spec, isa, isa_name)
        cdef fc_conv *s = &self.shape
        cdef Py_ssize_t c_in = s.c_in // s.groups, blocks
        self.last = self.shape
        self.turned = not spec.channels_last
        if self.turned:
            self.last.x_channel, self.last.x_pixel = 1, skewed(c_in, self.itemsize)
        self.gathered = spec.taps > 1 or spec.output != spec.size or any(front or back for front, back in spec.padding)
        self.taps = spec.taps
        blocks = parts(c_in, max(<Py_ssize_t>LINE_CHANNELS, (K_BLOCK + 40) // self.taps // LINE_CHANNELS * LINE_CHANNELS))
        self.c_block = min(parts(parts(c_in, blocks), LINE_CHANNELS) * LINE_CHANNELS, c_in)
        self.pixels = s.od * s.oh * s.ow
        self.panels = parts(s.c_out // s.groups, self.kernels.rn)
        self.turned_pixels = 0
        if self.turned:
            rows = turned_rows(spec)
            self.block = self.pixels if s.od > 1 else rows * s.ow
            span = (rows - 1) * s.stride_h + (s.kh - 1) * s.dilation_h + 1
            self.turned_pixels = s.d * s.h * s.w if s.d > 1 or s.od > 1 else min(span, s.h) * s.w
        else:
            self.block = parts(self.pixels, parts(self.pixels, PIXELS_MOST))

    cdef Py_ssize_t packed_items(self) noexcept:
        return self.panels * self.shape.c_in * self.taps * self.kernels.rn

    cdef int pack_into(self, const char *weight, char *packed, int threads, bint brief) except -1:
        cdef Pack pack
        pack.shape, pack.kernels, pack.weight, pack.packed = &self.shape, self.kernels, weight, packed
        pack.itemsize, pack.taps, pack.c_block, pack.panels = self.itemsize, self.taps, self.c_block, self.panels
        return run_tasks(pack_panel, &pack, self.shape.groups * self.panels, threads, 0, brief)

    cdef Py_ssize_t task_pixels(self, int threads) noexcept:
        """Pixels of a task: those of a block, or fewer rows of a map turned over if that occupies more threads."""
        cdef Py_ssize_t blocks = max(self.shape.n, 1) * self.shape.groups * parts(self.pixels, self.block)
        cdef bint by_rows = self.turned and self.shape.od == 1 and self.shape.d == 1 and self.shape.oh >= 4 * threads
        if threads <= blocks or not by_rows or self.packed_items() * self.itemsize > FILTERS_MOST:
            return self.block
        return min(parts(self.shape.oh, parts(threads, blocks)) * self.shape.ow, self.block)

    cdef Py_ssize_t task_panels(self, int threads) noexcept:
        """Panels of a task: all, unless that leaves threads idle; enough to be worth turning the input over."""
        cdef Py_ssize_t pixels = self.task_pixels(threads)
        cdef Py_ssize_t blocks = max(self.shape.n, 1) * self.shape.groups * parts(self.pixels, pixels)
        cdef Py_ssize_t least = parts(TURNED_CHANNELS, self.taps * self.kernels.rn) if self.turned else 1
        return min(max(parts(self.panels, 1 if threads == 1 else parts(4 * threads, blocks)), least), self.panels)

    cdef bint packs_ahead(self, int threads) noexcept:
        """Whether filters not packed before are packed for all tasks, because several would pack the same."""
        return self.task_pixels(threads) < self.pixels or self.shape.n > 1

    cdef size_t task_scratch(self, int threads, bint packed) noexcept:
        cdef size_t reals = 0 if packed else self.c_block * self.taps * self.kernels.rn
        if self.gathered:
            reals += self.task_pixels(threads) * skewed(self.c_block * self.taps, self.itemsize)
        if self.turned:
            reals += self.turned_pixels * self.last.x_pixel
            reals += self.task_pixels(threads) * skewed(self.task_panels(threads) * self.kernels.rn, self.itemsize)
        return reals * self.itemsize

    cdef size_t workspace_bytes(self, int threads, bint packed) noexcept:
        cdef size_t ahead = self.packed_items() * self.itemsize if self.packs_ahead(threads) and not packed else 0
        return threads * (self.task_scratch(threads, packed or self.packs_ahead(threads)) + 256) + ahead

    cdef int compute(self, const char *x, const char *weight, const char *packed, const char *bias, char *y,
                     int threads, bint brief) except -1:
        cdef Job job
        cdef char *own = NULL
        if packed is NULL and self.packs_ahead(threads):
            own = take(self.packed_items() * self.itemsize)
            packed = own
        try:
            if own is not NULL:
                self.pack_into(weight, own, threads, brief)
            job.shape, job.last, job.kernels = &self.shape, &self.last, self.kernels
            job.itemsize, job.taps, job.c_block, job.pixels = self.itemsize, self.taps, self.c_block, self.pixels
            job.panels, job.block = self.panels, self.task_pixels(threads)
            job.pixel_blocks = parts(self.pixels, job.block)
            job.task_panels = self.task_panels(threads)
            job.panel_blocks = parts(self.panels, job.task_panels)
            job.turned, job.gathered, job.turned_pixels = self.turned, self.gathered, self.turned_pixels
            job.x, job.weight, job.packed, job.bias, job.y = x, weight, packed, bias, y
            return run_tasks(compute_block, &job, self.shape.n * self.shape.groups * job.pixel_blocks * job.panel_blocks,
                             threads, self.task_scratch(threads, packed is not NULL), brief)
        finally:
            if own is not NULL:
                give(own)
