"""Depthwise separable convolution: one filter per channel, then a matrix product over the channels of each pixel.

Source: Chollet, Xception, CVPR 2017; Howard et al., MobileNets, arXiv 1704.04861, section 3.1; that the product should meet
what lies between while it is in cache: Zhang, Lo & Lu, High Performance Depthwise and Pointwise Convolutions on Mobile
Devices, AAAI 2020.

The two are depthwise.py and pointwise.py, and so are the bits; only what lies between is never whole. A task owns some
rows of an image, or columns where there is one row, and panels of output channels. One block of the product's depth after
the other: the kernels of depthwise.py write the outputs of its channels for those rows into the task's scratch, which stays
in L2, and the product adds what they contribute to the result. The block is that of pointwise.py for this shape, and so is
the choice whether pixels or output channels lie in lanes; for the latter the scratch of NCHW is turned over. Tasks share
output channels out, each making what lies between for itself, only where rows do not occupy the threads. What 3x3 and 5x5
kernels of single steps make in NCHW are whole rows, however long; other rows are cut where they are too long.

Measured: the layers of MobileNet take 0.77 (64 -> 128 on 112 x 112, stride 2) to 0.96 of the time of the two calls with
channels last; in NCHW 0.94 to 1.05, about the same, what is won in cache being lost on the rows that strips read twice
(AVX-512, Sapphire Rapids, 2 MB of L2, one thread).
"""

from ._arrays cimport empty
from ._channels_conv cimport ChannelsConv
from ._channels_conv cimport Job as ChannelsJob
from ._channels_conv cimport multiply_rows, skewed
from ._conv cimport BoundConv, data
from ._gemm cimport Gemm, block_bytes, multiply_depths
from ._gemm_conv cimport GemmConv
from ._parallel cimport give, parts, run_tasks, take
from ._table cimport fc_conv
from ._depthwise cimport Depthwise, compute_part
from ._depthwise cimport Job as DepthwiseJob

cimport numpy as cnp
from numpy cimport ndarray

from ._channels_conv import prefers_channels

cnp.import_array()

cdef enum:
    MIDDLE_BYTES = 512 << 10  # of what lies between: a part of L2
    LAST_BYTES = 192 << 10    # the same with channels last, where the kernels lose nothing on few rows
    TASKS = 4                 # a thread, so that threads finish together
    ROWS_LEAST = 8            # of a task cut shorter for the threads: the rows of its border are read again
    COLUMNS_LEAST = 256
    COLUMNS = 64              # columns of a task are a multiple


cdef struct Plan:
    const fc_conv *middle      # the depthwise convolution, whose outputs lie in scratch
    DepthwiseJob depthwise
    Gemm gemm
    ChannelsJob channels
    bint in_rows               # output channels in lanes
    bint turned                # which scratch is turned over for
    Py_ssize_t itemsize, c_out, k_block, pixels
    Py_ssize_t rows, columns, row_blocks, column_blocks, panels, task_panels, panel_blocks
    bint packs                 # filters that were not packed before, a panel where it is used: no other task uses it
    Py_ssize_t middle_at, product_at, sums_at, panel_at, bytes   # where in scratch these lie, and its size
    const char *x
    char *y


cdef void multiply_block(const Plan *job, Py_ssize_t image, Py_ssize_t place, Py_ssize_t count, Py_ssize_t panel,
                         Py_ssize_t k, Py_ssize_t k_end, char *scratch) noexcept nogil:
    """What a block of channels adds to `count` pixels from `place` on."""
    cdef Py_ssize_t size = job.itemsize, panel_last = min(panel + job.task_panels, job.panels)
    cdef const fc_conv *s = job.middle
    cdef char *middle = scratch + job.middle_at
    cdef char *y = job.y + image * job.c_out * job.pixels * size
    cdef Py_ssize_t a_row = s.y_pixel, ldc = job.c_out, rn, channels
    cdef const char *a = middle
    cdef char *to
    cdef fc_conv strip
    cdef Gemm g
    if not job.in_rows:
        strip = job.gemm.conv[0]
        strip.d = strip.h = strip.od = strip.oh = 1
        strip.w = strip.x_channel = s.y_channel
        strip.ow = count
        g = job.gemm
        g.conv = &strip
        g.b, g.c = middle - k * s.y_channel * size, y + place * size
        multiply_depths(&g, 0, 0, panel, panel_last, 0, count, k, k_end, scratch + job.product_at)
        return
    rn = job.channels.kernels.rn
    to = y + (place * job.c_out + panel * rn) * size
    if job.turned:
        a_row, ldc = skewed(job.k_block, size), skewed(job.task_panels * rn, size)
        job.channels.kernels.turn(middle, s.y_channel, k_end - k, count, scratch + job.product_at, a_row)
        a, to = scratch + job.product_at, scratch + job.sums_at
    multiply_rows(&job.channels, 0, panel, panel_last, k, k_end, a, a_row, count, to, ldc, scratch + job.panel_at)
    if job.turned and k_end == s.c_out:
        channels = min(panel_last * rn, job.c_out) - panel * rn
        job.channels.kernels.turn(to, ldc, count, channels, y + (panel * rn * job.pixels + place) * size, job.pixels)


cdef void compute_task(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Plan *job = <const Plan *>argument
    cdef const fc_conv *s = job.middle
    cdef Py_ssize_t panel = task % job.panel_blocks * job.task_panels
    task //= job.panel_blocks
    cdef Py_ssize_t iow = task % job.column_blocks * job.columns
    task //= job.column_blocks
    cdef Py_ssize_t ioh = task % job.row_blocks * job.rows
    task //= job.row_blocks
    cdef Py_ssize_t iod = task % s.od, image = task // s.od
    cdef Py_ssize_t ioh_end = min(ioh + job.rows, s.oh), iow_end = min(iow + job.columns, s.ow)
    cdef Py_ssize_t place = (iod * s.oh + ioh) * s.ow + iow, count = (ioh_end - ioh) * (iow_end - iow), k = 0, k_end
    cdef const char *x = job.x + image * s.c_in * s.d * s.h * s.w * job.itemsize
    cdef char *first
    while k < s.c_out:
        k_end = min(k + job.k_block, s.c_out)
        # Where channel 0 of pixel 0 would lie, so that this block begins where scratch does.
        first = scratch + job.middle_at - (k * s.y_channel + place * s.y_pixel) * job.itemsize
        compute_part(&job.depthwise, x, first, k, k_end, iod, ioh, ioh_end, iow, iow_end, scratch)
        multiply_block(job, image, place, count, panel, k, k_end, scratch)
        k = k_end


cdef inline Py_ssize_t lines(Py_ssize_t bytes) noexcept nogil:
    return parts(bytes, 64) * 64


cdef class DepthwiseSeparable:
    """Both convolutions, bound to their shapes and an instruction set."""

    cdef readonly object spec
    cdef readonly str isa
    cdef readonly str layout  # of the packed weights of the second
    cdef readonly bint brief
    cdef Depthwise depthwise
    cdef BoundConv product
    cdef bint in_rows, last   # whether output channels lie in lanes, and whether channels come last
    cdef Py_ssize_t k_block, panels

    def __init__(self, spec, int isa, str isa_name):
        self.spec, self.isa = spec, isa_name
        self.depthwise = Depthwise(spec.depthwise, isa, isa_name)
        self.last = spec.pointwise.channels_last
        self.in_rows = prefers_channels(spec.pointwise)
        self.product = (ChannelsConv if self.in_rows else GemmConv)(spec.pointwise, isa, isa_name)
        self.layout = self.product.layout
        self.brief = self.depthwise.brief and self.product.brief
        if self.in_rows:
            self.k_block, self.panels = (<ChannelsConv>self.product).c_block, (<ChannelsConv>self.product).panels
        else:
            self.k_block = (<GemmConv>self.product).gemm.k_block
            self.panels = parts(self.product.shape.c_out, self.product.kernels.mr)

    cdef void cut(self, Plan *job, const fc_conv *s, int threads) noexcept:
        """Cut the outputs into tasks: rows whose part of what lies between fits, fewer if that occupies more threads."""
        cdef Py_ssize_t room = (LAST_BYTES if self.last else MIDDLE_BYTES) // (self.k_block * job.itemsize)  # in pixels
        cdef Py_ssize_t blocks = max(s.n * s.od, 1), wanted = TASKS * threads if threads > 1 else 1
        job.rows, job.columns = s.oh, s.ow
        if not self.depthwise.turned:  # which takes planes whole
            job.rows = parts(s.oh, parts(s.oh, max(room // s.ow, 1)))
            while job.rows > ROWS_LEAST and blocks * parts(s.oh, job.rows) < wanted:
                job.rows = parts(job.rows, 2)
            blocks *= parts(s.oh, job.rows)
        if job.rows == 1 and not self.depthwise.by_rows and not self.depthwise.turned:
            job.columns = parts(s.ow, parts(s.ow, max(room, COLUMNS)))
            while job.columns > COLUMNS_LEAST and blocks * parts(s.ow, job.columns) < wanted:
                job.columns = parts(job.columns, 2)
            job.columns = min(parts(job.columns, COLUMNS) * COLUMNS, s.ow)
            blocks *= parts(s.ow, job.columns)
        job.row_blocks, job.column_blocks = parts(s.oh, job.rows), parts(s.ow, job.columns)
        job.panels = self.panels
        job.task_panels = parts(self.panels, min(parts(threads, blocks), self.panels))
        job.panel_blocks = parts(self.panels, job.task_panels)
        job.packs = self.in_rows and blocks == 1

    cdef void plan(self, Plan *job, fc_conv *middle, int threads) noexcept:
        """Fill in how the outputs are cut into tasks, and where in scratch everything lies."""
        cdef Py_ssize_t size = self.depthwise.itemsize, pixels
        middle[0] = self.depthwise.shape
        job.middle, job.itemsize = middle, size
        job.c_out, job.k_block, job.pixels = self.product.shape.c_out, self.k_block, middle.od * middle.oh * middle.ow
        job.in_rows, job.turned = self.in_rows, self.in_rows and not self.last
        self.cut(job, middle, threads)
        pixels = job.rows * job.columns
        job.middle_at = lines(self.depthwise.scratch_bytes())
        if self.last:
            middle.y_channel, middle.y_pixel = 1, skewed(self.k_block, size)
            job.product_at = job.middle_at + pixels * middle.y_pixel * size
        else:
            middle.y_channel, middle.y_pixel = skewed(pixels, size), 1
            job.product_at = job.middle_at + self.k_block * middle.y_channel * size
        job.sums_at = job.panel_at = job.product_at
        if not self.in_rows:
            job.panel_at += lines(block_bytes(&(<GemmConv>self.product).gemm))
        elif job.turned:
            job.sums_at += lines(pixels * skewed(self.k_block, size) * size)
            job.panel_at = job.sums_at + pixels * skewed(job.task_panels * self.product.kernels.rn, size) * size
        job.bytes = job.panel_at + (self.k_block * self.product.kernels.rn * size if job.packs else 0)

    def estimate(self, int threads, bint packed):
        """Return the bytes of scratch a call takes at most; `packed`: the weights of the product are packed already."""
        cdef fc_conv middle
        cdef int used = 1 if self.brief else threads
        cdef Plan job
        self.plan(&job, &middle, used)
        own = 0 if packed or job.packs else self.product.packed_items() * self.product.itemsize
        return used * (job.bytes + 256) + own + 4096

    def pack(self, ndarray weight, int threads):
        """Return the weights of the product in its own layout."""
        return self.product.pack(weight, threads)

    def run(self, ndarray x, weights, biases, out, int threads, packed=None):
        """Compute one call. Arrays are C-contiguous, aligned, native, of the spec's shapes; of two, depthwise first."""
        cdef BoundConv product = self.product
        cdef ndarray y
        if out is None:
            y = empty(product.ndim, product.out_dims, product.type_num, product.itemsize)
        else:
            y = <ndarray>out
        if product.shape.n:
            self.compute(data(x), data(weights[0]), data(biases[0]), data(weights[1]), data(packed), data(biases[1]),
                         <char *>cnp.PyArray_DATA(y), 1 if self.brief else threads)
        return y

    cdef int compute(self, const char *x, const char *weight, const char *bias, const char *product_weight,
                     const char *packed, const char *product_bias, char *y, int threads) except -1:
        cdef fc_conv middle
        cdef const fc_conv *s = &self.product.shape
        cdef Plan job
        self.plan(&job, &middle, threads)
        job.x, job.y = x, y
        self.depthwise.describe(&job.depthwise, weight, bias)
        job.depthwise.shape = &middle
        cdef Py_ssize_t tasks = s.n * s.od * job.row_blocks * job.column_blocks * job.panel_blocks
        cdef char *own = NULL
        if packed is NULL and not job.packs:
            own = take(self.product.packed_items() * job.itemsize)
            packed = own
        try:
            if own is not NULL:
                self.product.pack_into(product_weight, own, threads, self.brief)
            if self.in_rows:
                job.channels.last, job.channels.kernels, job.channels.itemsize = s, self.product.kernels, job.itemsize
                job.channels.taps, job.channels.panels = 1, self.panels
                job.channels.weight, job.channels.packed, job.channels.bias = product_weight, packed, product_bias
            else:
                job.gemm = (<GemmConv>self.product).gemm
                job.gemm.conv, job.gemm.after = s, &s.after
                job.gemm.a_panels, job.gemm.init = packed, product_bias
            return run_tasks(compute_task, &job, tasks, threads, job.bytes, self.brief)
        finally:
            if own is not NULL:
                give(own)


def bind(spec, isa, isa_name):
    return DepthwiseSeparable(spec, isa, isa_name)
