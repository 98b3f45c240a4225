"""Rank filters: maximum, minimum, median and any other rank, of arrays of any axes, strides and real element types.

Computes, source, tile and accuracy: src/rank/*.c. An array is planes of rows of pixels of some elements: leading axes count
planes. A task owns a part of the rows and pixels of one plane, or some whole small planes, and reads the rows that it needs
from all planes that its windows reach.
"""

cimport numpy as cnp
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memset
from numpy cimport ndarray

from ._image cimport element_of
from ._parallel cimport parts, run_tasks
from ._table cimport fc_kernels, fc_network, fc_planes, fc_rank, fc_rank_kernel, kernels_of

from ._conv import BORDERS

cnp.import_array()

cdef enum:
    METHOD_EXTREME, METHOD_MEDIAN, METHOD_NETWORK, METHOD_WINDOW, METHOD_GREY

EXTREME, MEDIAN, NETWORK, WINDOW, GREY = METHOD_EXTREME, METHOD_MEDIAN, METHOD_NETWORK, METHOD_WINDOW, METHOD_GREY

cdef enum:
    ROW_BYTES = 4096        # of a staged row, so that some of them stay in L1
    TALL = 32               # rows of windows that have such rows; of taller windows they are shorter
    LEAST_BYTES = 256       # of a staged row
    TASK_STEPS = 1 << 22    # operations of a task
    BAND_ROWS = 8           # heights of a window in a task, so that few rows are staged twice
    CHEAP_STEPS = 128       # of an output, so that staging a row twice is felt
    SERIAL_STEPS = 1 << 19  # fewer are not worth a second thread
    LINE_BYTES = 512        # network.c's CHUNK
    CHUNK_BYTES = 1216      # median.c's CHUNK
    ASIDE_BYTES = 1 << 17   # of the part that a filter in place sets aside
    BLOCK = 32              # rows and pixels of window.c's block, at least

cdef struct Job:
    fc_rank shape
    fc_rank copy                # of a filter in place: how a part of x is set aside
    fc_rank_kernel kernel
    const fc_kernels *kernels
    const char *x
    char *y
    fc_planes planes
    Py_ssize_t count, planes_per_task, rows_per_task, pixels_per_task, bands, strips
    size_t header, aside        # scratch before that of the kernel


cdef void filter_part(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_rank *s = &job.shape
    cdef const char **planes = <const char **>scratch
    cdef Py_ssize_t column = task % job.strips * job.pixels_per_task
    cdef Py_ssize_t row = task // job.strips % job.bands * job.rows_per_task
    cdef Py_ssize_t first = task // job.strips // job.bands * job.planes_per_task
    cdef Py_ssize_t row_end = min(row + job.rows_per_task, s.h), column_end = min(column + job.pixels_per_task, s.w)
    cdef Py_ssize_t plane
    cdef char *y
    cdef char *aside = scratch + job.header
    for plane in range(first, min(first + job.planes_per_task, job.count)):
        y = job.y + job.kernels.rank_planes(s, &job.planes, plane, job.x, planes)
        if job.aside == 0:
            job.kernel(s, planes, y, row, row_end, column, column_end, aside)
            continue
        planes[0] += column * job.copy.x_pixel
        job.kernel(&job.copy, planes, aside, 0, s.h, 0, column_end - column, aside + job.aside)
        planes[0] = aside
        job.kernel(s, planes, y + column * s.y_pixel, 0, s.h, 0, column_end - column, aside + job.aside)


cdef Py_ssize_t even(Py_ssize_t whole, Py_ssize_t part) noexcept:
    """The size of equal parts of a whole, none larger than `part`."""
    return parts(whole, parts(whole, max(part, 1)))


cdef size_t lines(size_t size) noexcept:
    """Bytes in whole cache lines."""
    return (size + 63) // 64 * 64


cdef class Lines:
    """An exchange network as the kernels read it: rows of low, high, keep and results."""

    cdef ndarray table
    cdef readonly Py_ssize_t exchanges

    def __init__(self, network):
        cdef Py_ssize_t i
        self.exchanges = len(network.exchanges)
        cdef cnp.npy_intp *dims = [4, max(self.exchanges, len(network.results))]
        self.table = cnp.PyArray_ZEROS(2, dims, cnp.NPY_INT32, 0)
        cdef int32_t *items = <int32_t *>cnp.PyArray_DATA(self.table)
        for i, (low, high, keep) in enumerate(network.exchanges):
            items[i], items[dims[1] + i], items[2 * dims[1] + i] = low, high, keep
        for i, line in enumerate(network.results):
            items[3 * dims[1] + i] = line


cdef fc_network network_of(Lines lines) noexcept:
    cdef fc_network network
    cdef const int32_t *items = <const int32_t *>cnp.PyArray_DATA(lines.table)
    cdef Py_ssize_t pitch = cnp.PyArray_DIM(lines.table, 1)
    network.exchanges = lines.exchanges
    network.low = items
    network.high = items + pitch
    network.keep = items + 2 * pitch
    network.results = items + 3 * pitch
    return network


cdef class Window:
    """What a filter does in a window of `size` rows and pixels, apart from arrays.

    `method` is one of EXTREME, MEDIAN, NETWORK, WINDOW and GREY. `reach` (int64, planes x leading axes) tells how far each
    plane of a window lies from the output's. Tap t is pixel taps[1, t] of row taps[0, t] (int32) of all planes' rows; grey
    extremes have a `structure` (float64) of one number a tap, networks the Lines `across` and, if a pixel's elements are
    sorted first, `columns`. `steps` is about how many operations an output takes.
    """

    cdef int method
    cdef Py_ssize_t kh, kw, rank, steps
    cdef ndarray reach, taps, structure
    cdef Lines columns, across

    def __init__(self, int method, size, ndarray reach, ndarray taps=None, Py_ssize_t rank=0, ndarray structure=None,
                 Lines columns=None, Lines across=None, Py_ssize_t steps=1):
        self.method, self.rank, self.steps = method, rank, steps
        self.kh, self.kw = size
        self.reach, self.taps, self.structure = reach, taps, structure
        self.columns, self.across = columns, across

    cdef void fill(self, fc_rank *s) noexcept:
        s.kh, s.kw, s.rank = self.kh, self.kw, self.rank
        s.planes = cnp.PyArray_DIM(self.reach, 0)
        if self.taps is not None:
            s.taps = cnp.PyArray_DIM(self.taps, 1)
            s.tap_row = <const int32_t *>cnp.PyArray_DATA(self.taps)
            s.tap_column = s.tap_row + s.taps
        if self.structure is not None:
            s.structure = <const double *>cnp.PyArray_DATA(self.structure)
        if self.columns is not None:
            s.columns = network_of(self.columns)
        if self.across is not None:
            s.across = network_of(self.across)

    cdef bint is_three(self) noexcept:
        """Whether src/rank/three.c serves a median or an extreme."""
        return self.kh == self.kw == 3 and cnp.PyArray_DIM(self.reach, 0) == 1

    cdef fc_rank_kernel kernel(self, const fc_kernels *kernels) noexcept:
        if self.method == METHOD_EXTREME:
            return kernels.rank_extreme_3 if self.is_three() else kernels.rank_extreme
        if self.method == METHOD_MEDIAN:
            return kernels.rank_median_3 if self.is_three() else kernels.rank_median
        if self.method == METHOD_NETWORK:
            return kernels.rank_network
        return kernels.rank_window if self.method == METHOD_WINDOW else kernels.rank_grey

    cdef size_t scratch(self, const fc_rank *s, Py_ssize_t rows, Py_ssize_t pixels) noexcept:
        """Bytes that the kernel needs beside its results; the heads of src/rank/*.c say for what."""
        cdef Py_ssize_t staged = s.planes * s.kh, cells
        if self.method == METHOD_EXTREME:
            return (2 * s.kh + 5) * s.pitch
        if self.method == METHOD_MEDIAN:
            return 10 * s.pitch if self.is_three() else 6 * s.pitch + 15 * CHUNK_BYTES
        if self.method == METHOD_NETWORK:
            return (2 * staged + 1) * s.pitch + max(s.taps, staged) * LINE_BYTES
        if self.method == METHOD_GREY:
            return (staged + 1) * s.pitch
        cells = s.planes * (rows + s.kh - 1) * (pixels + s.kw - 1)
        return 37 * cells + 12 * pixels + 12 * s.taps + 64


cdef void set_tiles(Job *job, Window window, Py_ssize_t itemsize) noexcept:
    """Choose what a task owns; it depends on shapes only."""
    cdef fc_rank *s = &job.shape
    cdef Py_ssize_t pixel = s.step * itemsize, rows
    cdef Py_ssize_t bytes = ROW_BYTES if s.kh <= TALL else max(ROW_BYTES * TALL // s.kh, LEAST_BYTES)
    if job.aside:
        bytes = max(min(bytes, ASIDE_BYTES // s.h), 64)
    job.pixels_per_task = even(s.w, max(bytes // pixel, 2 * (s.kw - 1), 1))
    rows = max(TASK_STEPS // (job.pixels_per_task * s.step * window.steps), 1)
    if window.steps <= CHEAP_STEPS:
        rows = max(rows, BAND_ROWS * s.kh)
    if window.method == METHOD_WINDOW:
        job.pixels_per_task = even(s.w, max(BLOCK, 2 * s.kw))
        rows = max(BLOCK, s.kh)
    job.rows_per_task = s.h if job.aside else even(s.h, rows)
    job.bands, job.strips = parts(s.h, job.rows_per_task), parts(s.w, job.pixels_per_task)
    job.planes_per_task = 1
    if job.bands == job.strips == 1:
        job.planes_per_task = max(TASK_STEPS // (s.h * s.w * s.step * (window.steps + s.planes * s.kh)), 1)
    s.pitch = lines((job.pixels_per_task + s.kw - 1) * pixel) + 64
    job.header = lines(s.planes * sizeof(char *))


cdef void set_aside(Job *job, Py_ssize_t itemsize) noexcept:
    """Make the job copy each part of x to scratch before it filters it from there."""
    cdef fc_rank *s = &job.shape
    cdef fc_rank *copy = &job.copy
    copy[0] = s[0]
    copy.kh = copy.kw = 1
    copy.top = copy.left = 0
    copy.y_kind = copy.x_kind
    copy.y_element = itemsize
    copy.y_pixel = s.step * itemsize
    copy.y_row = job.pixels_per_task * copy.y_pixel
    s.x_row, s.x_pixel, s.x_element = copy.y_row, copy.y_pixel, copy.y_element
    job.aside = lines(s.h * copy.y_row)


def run(Window window, ndarray x, ndarray y, before, borders, double value, bint wide, bint largest, int isa, int threads):
    """Filter x into y. Both have leading axes, rows, pixels and the elements of a pixel, and some of each.

    `before` is how many rows and pixels of a window lie before the output, `borders` the words of all axes but the last,
    `value` the constant. `wide` takes x as doubles. y may be x itself for an extreme down rows (kw = 1) of one plane.
    """
    cdef Job job
    memset(&job, 0, sizeof(job))
    cdef fc_rank *s = &job.shape
    cdef int axes = cnp.PyArray_NDIM(x) - 3, axis
    cdef Py_ssize_t itemsize = 8 if wide else cnp.PyArray_ITEMSIZE(x)
    cdef cnp.npy_intp count = axes + 1
    cdef ndarray kinds = <ndarray>cnp.PyArray_EMPTY(1, &count, cnp.NPY_INT32, 0)
    cdef int32_t *kind = <int32_t *>cnp.PyArray_DATA(kinds)
    for axis in range(axes):
        kind[axis] = BORDERS[borders[axis]]
    window.fill(s)
    s.x_kind, s.y_kind = element_of(x), element_of(y)
    s.wide, s.largest, s.value = wide, largest, value
    s.border_h, s.border_w = BORDERS[borders[axes]], BORDERS[borders[axes + 1]]
    s.top, s.left = before
    cdef const Py_ssize_t *size = <const Py_ssize_t *>cnp.PyArray_DIMS(x)
    cdef const Py_ssize_t *x_stride = <const Py_ssize_t *>cnp.PyArray_STRIDES(x)
    cdef const Py_ssize_t *y_stride = <const Py_ssize_t *>cnp.PyArray_STRIDES(y)
    s.h, s.w, s.step = size[axes], size[axes + 1], size[axes + 2]
    s.x_row, s.x_pixel, s.x_element = x_stride[axes], x_stride[axes + 1], x_stride[axes + 2]
    s.y_row, s.y_pixel, s.y_element = y_stride[axes], y_stride[axes + 1], y_stride[axes + 2]
    job.x, job.y = <const char *>cnp.PyArray_DATA(x), <char *>cnp.PyArray_DATA(y)
    job.kernels = kernels_of(isa, 64 if itemsize == 8 else 32)
    job.kernel = window.kernel(job.kernels)
    job.planes.axes, job.planes.sizes = axes, size
    job.planes.x_strides, job.planes.y_strides = x_stride, y_stride
    job.planes.borders = kind
    job.planes.reach = <const int64_t *>cnp.PyArray_DATA(window.reach)
    job.aside = x is y
    set_tiles(&job, window, itemsize)
    if x is y:
        set_aside(&job, itemsize)
    job.count = 1
    for axis in range(axes):
        job.count *= size[axis]
    cdef Py_ssize_t tasks = parts(job.count, job.planes_per_task) * job.bands * job.strips
    cdef size_t scratch = job.header + job.aside + window.scratch(s, job.rows_per_task, job.pixels_per_task)
    cdef double steps = <double>cnp.PyArray_SIZE(x) * window.steps
    run_tasks(filter_part, &job, tasks, threads, scratch, steps < SERIAL_STEPS)
