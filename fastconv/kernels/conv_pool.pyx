"""A convolution and the pooling of its map, pooled part by part while it is in cache and never whole.

Source: Alwani, Chen, Ferdman & Milder, Fused-Layer CNN Accelerators, MICRO 2016.

The kernels, and so the bits, are those of the two operations; the convolution's algorithm is the one of its whole. Tasks of
Winograd pool what they make themselves, where windows end with rows of tiles or a task has whole images (_winograd.pyx): the
filters and the transformed input are read as often as without. Otherwise, where reading the filters is little beside the
map, one thread makes the map strip by strip, and rows that the windows of the next strip see, too, are kept. Strips
begin at multiples of STRIP_ROWS, so that no tile is cut where it would not be in the whole. Small maps are made some images
at a time.

Measured (benchmarks/conv_pool.py): the two calls take 1.08 to 1.14 of the time for VGG-16's conv1_2 and conv2_2 with their
pools, 0.95 to 1.03 for its deeper layers, of which pooling is a twentieth or less; where strips are made, 0.99 to 1.04. With
two threads those would take 0.78 to 0.96, as each strip ends with a pooling of its own: more than one thread makes the whole
map (AVX-512, Sapphire Rapids).
"""

cimport numpy as cnp
from libc.string cimport memmove
from numpy cimport ndarray

from ._conv cimport BoundConv, data
from ._parallel cimport give, parts, run_tasks, take
from ._pooling cimport Pooling, pool_planes, pooling_bytes, switches_at
from ._table cimport fc_conv, fc_kernels, fc_pool, kernels_of
from ._winograd cimport Winograd
from .pool cimport shape_of

from dataclasses import replace

cnp.import_array()

cdef enum:
    ROOM = 1 << 20        # bytes of a part of the map, which L2 should hold
    STRIP_ROWS = 4        # a multiple of the tiles of all algorithms
    FEWEST_PARTS = 4      # of a batch: fewer save little
    PLANES = 4            # a task pools
    SERIAL_ITEMS = 1 << 15  # of a part; threads are awake, and what they share is in their caches

# Algorithms that take rows of a larger input where they lie.
STRIPPED = ("direct", "im2col_gemm", "pointwise", "winograd_f2x3", "winograd_f4x3", "winograd_f2x5")


cdef struct Job:
    Pooling pooling
    Py_ssize_t image, images
    char *part
    Py_ssize_t step, begin              # elements between channels of the part, and before it in a map
    Py_ssize_t row, row_end             # rows of the result, counted over depth and height
    Py_ssize_t kept, kept_from          # elements of a channel that stay for the next strip, and where they lie in this
    Py_ssize_t rows_per_task, row_blocks


cdef void pool_channels(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """Some channels of an image of the part, which lie apart."""
    cdef const Job *job = <const Job *>argument
    cdef const Pooling *p = &job.pooling
    cdef Py_ssize_t blocks = parts(p.c_out, PLANES), image = task // blocks, channel = task % blocks * PLANES
    cdef Py_ssize_t channels = min(<Py_ssize_t>PLANES, p.c_out - channel)
    cdef char *part = job.part + (image * p.c_out + channel) * job.step * p.itemsize
    pool_planes(p, part, job.step, job.begin, job.image + image, 1, channel, channels, job.row, job.row_end, scratch)
    while job.kept and channels:
        memmove(part, part + job.kept_from * p.itemsize, job.kept * p.itemsize)
        part += job.step * p.itemsize
        channels -= 1


cdef void pool_rows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """Some rows of an image of the part, whose channels stand together."""
    cdef const Job *job = <const Job *>argument
    cdef const Pooling *p = &job.pooling
    cdef const fc_pool *s = p.shape
    cdef Py_ssize_t row = job.row + task % job.row_blocks * job.rows_per_task, image = task // job.row_blocks
    cdef Py_ssize_t row_end = min(row + job.rows_per_task, job.row_end)
    cdef Py_ssize_t place = (job.image + image) * p.out_plane * p.c_out
    cdef const char *x = job.part + (image * s.d * s.h * s.w - job.begin) * p.c_out * p.itemsize
    if p.maximum:
        p.kernels.max_pool_last(s, x, p.y + place * p.itemsize, switches_at(p, place), p.compact, p.c_out, 1, 0, 0, row,
                                row_end)
    else:
        p.kernels.average_pool_last(s, x, p.y + place * p.itemsize, p.c_out, row, row_end)


cdef class Strip:
    """Rows of the map from `start` on: their convolution and where its input begins.

    The part then holds the map from row `begin` on; rows [row, row_end) of the result can be pooled, and `kept` rows, from
    `kept_from` on in the part, stay for the next strip.
    """

    cdef BoundConv conv
    cdef Py_ssize_t low, begin, start, row, row_end, kept_from, kept

    def __init__(self, conv, low, begin, start, row, row_end, kept_from, kept):
        self.conv, self.low, self.begin, self.start = conv, low, begin, start
        self.row, self.row_end, self.kept_from, self.kept = row, row_end, kept_from, kept


cdef class ConvPool:
    """Both operations bound to their shapes, an algorithm and an instruction set."""

    cdef readonly object spec
    cdef readonly str isa
    cdef bint lowers           # whether the map is never whole
    cdef fc_pool shape
    cdef const fc_kernels *kernels
    cdef BoundConv whole
    cdef Winograd winograd     # whose tasks pool, or None
    cdef Py_ssize_t images, step, line, itemsize
    cdef dict strips           # by how many images

    def __init__(self, spec, module, int isa, str isa_name):
        self.spec, self.isa = spec, isa_name
        self.shape = shape_of(spec.pool)
        self.itemsize = spec.conv.itemsize
        self.kernels = kernels_of(isa, <int>(8 * self.itemsize))
        self.whole = module.bind(spec.conv, isa, isa_name)
        self.strips = {}
        self.lowers = True
        if isinstance(self.whole, Winograd) and (<Winograd>self.whole).pools(&self.shape, 1):
            self.winograd = self.whole
            return
        conv = spec.conv
        self.line = conv.output[2] * (conv.output[1] if spec.axis == 0 else 1)
        cdef Py_ssize_t rows = self.cut(module)
        self.step = rows * self.line if rows else conv.output[0] * conv.output[1] * conv.output[2]
        for images in {self.images, conv.n % self.images} - {0}:
            part = replace(conv, n=images)
            bound = self.cut_strips(part, rows, module, isa) if rows else [self.only_strip(module.bind(part, isa, isa_name))]
            self.strips[images] = bound
        self.lowers = bool(rows) or FEWEST_PARTS * self.images <= conv.n

    cdef Py_ssize_t cut(self, module):
        """Choose how many images a part has and return how many rows of the map, 0 for all."""
        conv, axis = self.spec.conv, self.spec.axis
        cdef Py_ssize_t map_bytes = conv.c_out * conv.output[0] * conv.output[1] * conv.output[2] * self.itemsize, rows, kept
        self.images = max(min(conv.n, ROOM // max(map_bytes, 1)), 1)
        if map_bytes <= ROOM or axis is None or module.name not in STRIPPED:
            return 0
        if self.whole.packed_items() * self.itemsize >= map_bytes:
            self.images = max(conv.n, 1)
            return 0
        kept = (self.spec.pool.kernel[axis] - 1) * self.spec.pool.dilation[axis]
        rows = ROOM // (conv.c_out * self.line * self.itemsize) // STRIP_ROWS * STRIP_ROWS
        rows = max(rows, STRIP_ROWS, parts(kept, STRIP_ROWS) * STRIP_ROWS)
        rows = parts(parts(conv.output[axis], parts(conv.output[axis], rows)), STRIP_ROWS) * STRIP_ROWS + kept  # all alike
        return rows if rows < conv.output[axis] else 0

    def only_strip(self, conv):
        return Strip(conv, 0, 0, 0, 0, self.shape.od * self.shape.oh, 0, 0)

    cdef list cut_strips(self, part, Py_ssize_t rows, module, int isa):
        """Cut a map into strips for which there are so many rows of room."""
        spec, strips, made, isa_name = self.spec, [], {}, self.isa
        cdef Py_ssize_t axis = spec.axis, start = 0, stop, begin = 0, row = 0, row_end, next_begin, whole = part.output[axis]
        cdef Py_ssize_t per_row = self.shape.oh if axis == 0 else 1
        if not part.channels_last:
            part = replace(part, input_step=part.size[0] * part.size[1] * part.size[2], output_step=rows * self.line)
        while start < whole:
            stop = begin + rows
            stop = whole if stop >= whole else stop // STRIP_ROWS * STRIP_ROWS
            low, conv = part.strip(axis, start, stop)
            if conv not in made:
                made[conv] = module.bind(conv, isa, isa_name)
            row_end = spec.rows_done(stop)
            next_begin = min(spec.first_needed(row_end), stop)
            strips.append(Strip(made[conv], low, begin, start, row * per_row, row_end * per_row, next_begin - begin,
                                stop - next_begin))
            start, begin, row = stop, next_begin, row_end
        return strips

    cdef Py_ssize_t part_items(self) noexcept:
        return 0 if self.winograd is not None else self.images * self.whole.shape.c_out * self.step

    def estimate(self, int threads, bint packed):
        """Return the bytes of scratch a call takes at most; `packed`: the weights are packed already."""
        cdef Strip strip
        cdef size_t most = 0, own = 0 if packed else self.whole.packed_items() * self.itemsize
        if self.winograd is not None:
            return self.winograd.pooled_bytes(&self.shape, threads) + own + 4096
        for strips in self.strips.values():
            for strip in strips:
                most = max(most, <size_t>strip.conv.estimate(threads, True))
        return most + own + self.part_items() * self.itemsize + threads * (pooling_bytes(self.kernels, &self.shape) + 256)

    def pays(self, int threads):
        """Return whether the map is never whole, and so many threads do it no slower than the two calls."""
        if self.winograd is None:
            return self.lowers and threads == 1
        return self.winograd.pools(&self.shape, threads)

    def filters(self, weight):
        """Return the weights in the order in which kernels count taps."""
        return self.whole.filters(weight)

    def pack(self, ndarray weight, int threads):
        """Return the weights in the layouts of the parts' algorithms, by the names of those."""
        cdef dict packed = {}
        cdef Strip strip
        if self.winograd is not None:
            return {self.winograd.layout: self.winograd.pack(weight, threads)}
        for strips in self.strips.values():
            for strip in strips:
                if strip.conv.layout not in packed:
                    packed[strip.conv.layout] = strip.conv.pack(weight, threads)
        return packed

    def run(self, ndarray x, ndarray weight, bias, ndarray y, switches, int threads, dict packed=None):
        """Fill y, and the switches unless they are None. Arrays are C-contiguous, aligned, native, of the spec's shapes."""
        cdef BoundConv whole = self.whole
        cdef Pooling pooling
        cdef Py_ssize_t image, n = whole.shape.n
        cdef char *part
        pooling.shape, pooling.kernels, pooling.itemsize = &self.shape, self.kernels, self.itemsize
        pooling.maximum = self.spec.maximum
        pooling.c_out, pooling.out_plane = whole.shape.c_out, self.shape.od * self.shape.oh * self.shape.ow
        pooling.y, pooling.switches = <char *>cnp.PyArray_DATA(y), <char *>data(switches)
        pooling.compact = switches is not None and cnp.PyArray_TYPE(<ndarray>switches) == cnp.NPY_UINT8
        threads = 1 if whole.brief else threads
        if n == 0:
            return
        if packed is None:
            packed = self.pack(weight, threads)
        if self.winograd is not None:
            self.winograd.compute_pooled(data(x), data(weight), data(packed[self.winograd.layout]), data(bias), &pooling,
                                         threads, whole.brief)
            return
        part = take(self.part_items() * self.itemsize)
        try:
            for image in range(0, n, self.images):
                self.run_images(image, min(self.images, n - image), data(x), data(weight), data(bias), &pooling, part,
                                threads, packed)
        finally:
            give(part)

    cdef int run_images(self, Py_ssize_t image, Py_ssize_t images, const char *x, const char *weight, const char *bias,
                        const Pooling *pooling, char *part, int threads, dict packed) except -1:
        """Make the maps of some images, strip by strip, and pool them."""
        cdef const fc_conv *c = &self.whole.shape
        cdef bint last = self.spec.conv.channels_last
        cdef Py_ssize_t size = self.itemsize, row = c.w if self.spec.axis == 1 else c.h * c.w
        cdef Py_ssize_t channels = c.c_out if last else 1
        cdef Strip strip
        cdef BoundConv conv
        cdef Job job
        job.pooling = pooling[0]
        job.image, job.images, job.part, job.step = image, images, part, self.step
        x += image * c.c_in * c.d * c.h * c.w * size
        for strip in self.strips[images]:
            conv = strip.conv
            conv.compute(x + strip.low * row * (c.c_in if last else 1) * size, weight, data(packed[conv.layout]), bias,
                         part + (strip.start - strip.begin) * self.line * channels * size, 1 if conv.brief else threads,
                         conv.brief)
            job.begin, job.row, job.row_end = strip.begin * self.line, strip.row, strip.row_end
            job.kept, job.kept_from = strip.kept * self.line, strip.kept_from * self.line
            self.pool_part(&job, last, threads)
        return 0

    cdef int pool_part(self, Job *job, bint last, int threads) except -1:
        cdef Py_ssize_t rows = job.row_end - job.row, c_out = job.pooling.c_out, pixel = c_out * self.itemsize
        cdef bint brief = <double>job.images * c_out * self.step < SERIAL_ITEMS
        if not last:
            return run_tasks(pool_channels, job, job.images * parts(c_out, PLANES), threads,
                             pooling_bytes(self.kernels, &self.shape), brief)
        job.rows_per_task = rows if brief else max(parts(rows, 4 * threads), 1)
        job.row_blocks = parts(rows, job.rows_per_task) if rows else 0
        run_tasks(pool_rows, job, job.images * job.row_blocks, threads, 0, brief)
        memmove(job.part, job.part + job.kept_from * pixel, job.kept * pixel)
        return 0


def bind(spec, module, isa, isa_name):
    return ConvPool(spec, module, isa, isa_name)
