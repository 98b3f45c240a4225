"""A transposed convolution whose kernel is as large as its stride: one matrix product, its rows woven together.

Source: Shi et al., Real-time single image and video super-resolution using an efficient sub-pixel convolutional neural
network, CVPR 2016 (the rearrangement); Goto & van de Geijn 2008 (the product). Tile, accuracy and figures:
src/gemm/gemm_tile.c and src/transposed/interleave.c.

No two inputs meet at an output, so the outputs are a matrix of c_out * taps rows and a column for each input pixel. A
packed panel of the weights is a copy of some of their columns, one of the input a copy of some of its. A task owns some
pixels of one image and all taps of some output channels: their product goes to a block in L2 and from there, the taps of a
row zipped, to the output. Nothing is multiplied but what the definition multiplies. The blocks of c_in depend on c_in
alone.
"""

from math import lcm

from ._conv cimport BoundConv
from ._parallel cimport give, parts, run_tasks, take
from ._table cimport fc_conv, fc_kernels

from ._cost import L2
from ._gemm_conv import seconds as gemm_seconds
from ._phases import weaving_seconds

name = "subpixel_gemm"

cdef enum:
    K_BLOCK = 200          # as in _gemm.pyx
    BLOCK_BYTES = 512 << 10
    TASKS_WANTED = 16
    PACK_ROWS = 16         # rows of the weights that are packed at a time
    MOST_TAPS = 64         # of a row of the kernel


def supports(spec):
    if spec.channels_last:
        return "the channels must stand before the pixels (data_format NCHW)"
    if spec.kernel != spec.stride or spec.dilation != (1, 1, 1):
        return (f"kernel and stride must be alike without dilation, got kernel {spec.kernel}, stride {spec.stride} and "
                f"dilation {spec.dilation}")
    if spec.taps == 1:
        return "the kernel must have more than one tap: with one, and stride 1, it is a pointwise convolution"
    if spec.kernel[2] > MOST_TAPS:
        return f"the kernel must have at most {MOST_TAPS} taps in its last axis, got kernel {spec.kernel}"
    if any(o != i * s for o, i, s in zip(spec.output, spec.size, spec.stride)) or any(front for front, _ in spec.padding):
        return f"padding and output_padding must be 0, got padding {spec.padding} and an output of {spec.output}"
    return None


def seconds(spec, isa):
    """Return the expected time: the product, and weaving its rows."""
    return gemm_seconds(spec.phase_conv(spec.phases[0], spec.phase_box), isa) + weaving_seconds(spec, isa)


def block_of(rows, pixels, row_bytes, together, nr, room):
    """Return the rows and pixels of a task: that block of `room` reals for which least is read from beyond L2.

    Rows come in whole channels and whole panels, `together`; weights that stay in L2 are read from there for each block.
    """
    best = None
    filters = max(rows * row_bytes - L2, 0)
    for panels in range(1, max(min(-(-pixels // nr), room // (nr * together)), 1) + 1):
        tall = min(max(room // (panels * nr * together), 1) * together, rows)
        while tall > together and -(-pixels // (panels * nr)) * -(-rows // tall) < TASKS_WANTED:
            tall = (tall - 1) // together * together
        cost = filters * -(-pixels // (panels * nr)) + pixels * row_bytes * -(-rows // tall)
        if best is None or cost <= best[0]:  # of equals that with the longer runs of the output
            best = cost, tall, panels * nr
    return best[1:]


cdef struct Job:
    const fc_conv *shape
    const fc_kernels *kernels
    Py_ssize_t itemsize, rows, taps, pixels, k_block    # rows: of a group
    Py_ssize_t task_rows, row_blocks, task_pixels, pixel_blocks
    const char *x
    const char *panels
    const char *starts     # what the sum of each row starts with
    char *y


cdef void weave(const Job *job, Py_ssize_t image, Py_ssize_t row, Py_ssize_t rows, Py_ssize_t pixel, Py_ssize_t last,
                const char *block, Py_ssize_t ld) noexcept nogil:
    """Move the product of some rows and pixels to the output, one input row after the other."""
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t size = job.itemsize, r = 0, tap, run, ikh, ikd, now, place
    cdef const void *taps[MOST_TAPS]
    cdef char *plane
    while r < rows:
        tap = (row + r) % job.taps
        ikh, ikd = tap // s.kw % s.kh, tap // s.kw // s.kh
        plane = job.y + (image * s.c_out + (row + r) // job.taps) * s.od * s.oh * s.ow * size
        now = pixel
        while now < last:
            run = min(s.w - now % s.w, last - now)
            for tap in range(s.kw):
                taps[tap] = block + ((r + tap) * ld + now - pixel) * size
            place = ((now // s.w // s.h * s.kd + ikd) * s.oh + now // s.w % s.h * s.kh + ikh) * s.ow + now % s.w * s.kw
            job.kernels.interleave(taps, s.kw, run * s.kw, plane + place * size)
            now += run
        r += s.kw


cdef void compute_block(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    cdef const fc_kernels *kernels = job.kernels
    cdef Py_ssize_t size = job.itemsize, mr = kernels.mr, nr = kernels.nr, depth = s.c_in // s.groups
    cdef Py_ssize_t row = task % job.row_blocks * job.task_rows
    task //= job.row_blocks
    cdef Py_ssize_t pixel = task % job.pixel_blocks * job.task_pixels
    task //= job.pixel_blocks
    cdef Py_ssize_t group = task % s.groups, image = task // s.groups
    cdef Py_ssize_t row_end = min(row + job.task_rows, job.rows), last = min(pixel + job.task_pixels, job.pixels)
    cdef Py_ssize_t ld = job.task_pixels, k = 0, k_end, p, m, columns
    cdef const char *x = job.x + (image * s.c_in + group * depth) * job.pixels * size
    cdef Py_ssize_t padded = parts(job.rows, mr) * mr
    cdef const char *panels = job.panels + group * padded * depth * size
    cdef char *block = scratch + job.k_block * nr * size
    while k < depth:
        k_end = min(k + job.k_block, depth)
        p = pixel
        while p < last:
            columns = min(nr, last - p)
            kernels.pack_columns(x + (k * job.pixels + p) * size, job.pixels, <int>columns, k_end - k, <int>nr, scratch)
            m = row
            while m < row_end:
                kernels.gemm_tile(k_end - k, panels + (k * padded + m * (k_end - k)) * size, scratch,
                                  job.starts + (group * job.rows + m) * size if k == 0 else NULL,
                                  block + ((m - row) * ld + p - pixel) * size, ld, <int>min(mr, row_end - m), <int>columns,
                                  &s.after if k_end == depth else NULL)
                m += mr
            p += nr
        k = k_end
    weave(job, image, group * job.rows + row, row_end - row, pixel, last, block, ld)


cdef struct Pack:
    const fc_conv *shape
    const fc_kernels *kernels
    Py_ssize_t itemsize, rows, k_block
    const char *weight
    char *panels


cdef void pack_rows_of_k(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """A few rows of the weights, which are read from end to end, into all panels.

    The panels of a block of k follow each other in the order in which they are read.
    """
    cdef const Pack *pack = <const Pack *>argument
    cdef const fc_conv *s = pack.shape
    cdef Py_ssize_t mr = pack.kernels.mr, depth = s.c_in // s.groups, size = pack.itemsize
    cdef Py_ssize_t padded = parts(pack.rows, mr) * mr
    cdef Py_ssize_t blocks = parts(depth, pack.k_block), pieces = parts(pack.k_block, PACK_ROWS), row = 0
    cdef Py_ssize_t block = task // pieces % blocks * pack.k_block, group = task // pieces // blocks
    cdef Py_ssize_t k = block + task % pieces * PACK_ROWS, block_end = min(block + pack.k_block, depth)
    cdef Py_ssize_t k_end = min(k + PACK_ROWS, block_end)
    cdef const char *weight = pack.weight + (group * depth + k) * pack.rows * size
    cdef char *panels = pack.panels + (group * depth + block) * padded * size
    if k >= k_end:
        return
    while row < pack.rows:
        pack.kernels.pack_columns(weight + row * size, pack.rows, <int>min(mr, pack.rows - row), k_end - k, <int>mr,
                                  panels + (row * (block_end - block) + (k - block) * mr) * size)
        row += mr


cdef class SubpixelGemm(BoundConv):
    cdef Py_ssize_t taps, rows, pixels, k_block, task_rows, task_pixels

    def __init__(self, spec, int isa, str isa_name):
        super().__init__(spec, isa, isa_name)
        cdef const fc_conv *s = &self.shape
        cdef Py_ssize_t depth = s.c_in // s.groups, nr = self.kernels.nr
        self.taps = s.kd * s.kh * s.kw
        self.rows = s.c_out // s.groups * self.taps
        self.pixels = s.d * s.h * s.w
        self.k_block = parts(depth, parts(depth, K_BLOCK))
        self.task_rows, self.task_pixels = block_of(
            self.rows, self.pixels, depth * self.itemsize, lcm(self.taps, self.kernels.mr), nr, BLOCK_BYTES // self.itemsize
        )
        self.task_pixels = min(self.task_pixels, self.pixels)

    cdef Py_ssize_t packed_items(self) noexcept:
        return parts(self.rows, self.kernels.mr) * self.kernels.mr * self.shape.c_in

    cdef int pack_into(self, const char *weight, char *packed, int threads, bint brief) except -1:
        cdef Pack pack
        pack.shape, pack.kernels, pack.itemsize, pack.rows = &self.shape, self.kernels, self.itemsize, self.rows
        pack.weight, pack.panels, pack.k_block = weight, packed, self.k_block
        cdef Py_ssize_t pieces = parts(self.shape.c_in // self.shape.groups, self.k_block) * parts(self.k_block, PACK_ROWS)
        return run_tasks(pack_rows_of_k, &pack, self.shape.groups * pieces, threads, 0, brief)

    cdef size_t task_scratch(self) noexcept:
        return (self.k_block * self.kernels.nr + self.task_rows * self.task_pixels) * self.itemsize

    cdef size_t starts_bytes(self) noexcept:
        return (self.shape.groups * self.rows + self.kernels.mr) * self.itemsize

    cdef size_t workspace_bytes(self, int threads, bint packed) noexcept:
        cdef size_t total = threads * (self.task_scratch() + 256) + self.starts_bytes()
        return total + (0 if packed else self.packed_items() * self.itemsize)

    cdef int compute(self, const char *x, const char *weight, const char *packed, const char *bias, char *y,
                     int threads, bint brief) except -1:
        cdef const fc_conv *s = &self.shape
        cdef Job job
        cdef char *own = NULL
        cdef char *starts = take(self.starts_bytes())
        job.shape, job.kernels, job.itemsize, job.starts = s, self.kernels, self.itemsize, starts
        job.rows, job.taps, job.pixels, job.k_block = self.rows, self.taps, self.pixels, self.k_block
        job.task_rows, job.task_pixels = self.task_rows, self.task_pixels
        job.row_blocks, job.pixel_blocks = parts(self.rows, self.task_rows), parts(self.pixels, self.task_pixels)
        job.x, job.y = x, y
        try:
            self.fill_starts(bias, starts)
            if packed is NULL:
                own = take(self.packed_items() * self.itemsize)
                self.pack_into(weight, own, threads, brief)
                packed = own
            job.panels = packed
            return run_tasks(compute_block, &job, s.n * s.groups * job.row_blocks * job.pixel_blocks, threads,
                             self.task_scratch(), brief)
        finally:
            give(starts)
            if own is not NULL:
                give(own)

    cdef void fill_starts(self, const char *bias, char *starts) noexcept:
        """The bias of each row; zeros behind the last, where a panel has rows that are not stored."""
        cdef Py_ssize_t row, rows = self.shape.groups * self.rows, items = rows + self.kernels.mr
        for row in range(items):
            if self.itemsize == 4:
                (<float *>starts)[row] = 0 if bias is NULL or row >= rows else (<const float *>bias)[row // self.taps]
            else:
                (<double *>starts)[row] = 0 if bias is NULL or row >= rows else (<const double *>bias)[row // self.taps]


def bind(spec, isa, isa_name):
    return SubpixelGemm(spec, isa, isa_name)
