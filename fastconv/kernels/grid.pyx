"""Images sampled where a grid says, both gradients, and the grid of an affine transformation.

Computes, source, tile and accuracy: src/sampling/grid.c and taps.c. A task of the forward pass and of the grid's gradient
owns some pixels of an image for all channels, which share the tables; a task of the input's gradient owns whole planes, for
which it makes the tables block by block, so that no sum is split.
"""

cimport numpy as cnp
from libc.stdint cimport int32_t
from libc.string cimport memset
from numpy cimport ndarray

from ._parallel cimport parts, run_tasks
from ._table cimport fc_grid, fc_kernels, kernels_of

cnp.import_array()

cdef enum:
    PIXELS = 1024          # of a block of tables, a whole number of vectors
    CHANNELS = 16          # of a task of whole planes, so that they share the tables
    ROW_ITEMS = 1 << 14    # of a task of affine rows
    SERIAL_ITEMS = 1 << 15  # fewer pixels times channels are not worth a second thread


cdef struct Job:
    const fc_kernels *kernels
    const fc_grid *shape
    const char *x
    const char *grid
    const char *dy
    char *y
    Py_ssize_t n, c, in_plane, pixels, blocks, taps, itemsize
    bint last


cdef struct Tables:
    Py_ssize_t first, count
    int32_t *index
    char *weights
    char *slopes
    char *rest     # scratch that is left


cdef Tables tables_of(const Job *job, Py_ssize_t image, Py_ssize_t block, char *scratch, bint slopes) noexcept nogil:
    """Make the tables of a block of an image's pixels."""
    cdef Tables t
    cdef Py_ssize_t rank = job.shape.rank, size = PIXELS * job.taps
    t.first = block * PIXELS
    t.count = min(<Py_ssize_t>PIXELS, job.pixels - t.first)
    t.weights = scratch
    t.slopes = t.weights + size * job.itemsize
    t.index = <int32_t *>(t.slopes + (rank * size * job.itemsize if slopes else 0))
    t.rest = <char *>(t.index + size)
    job.kernels.grid_taps(job.shape, job.grid + (image * job.pixels + t.first) * rank * job.itemsize, t.count, PIXELS,
                          t.index, t.weights, t.slopes if slopes else NULL)
    return t


cdef void sample_block(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t image = task // job.blocks, plane
    cdef Tables t = tables_of(job, image, task % job.blocks, scratch, False)
    if job.last:
        job.kernels.gather_pixels(job.taps, PIXELS, t.count, t.index, t.weights,
                                  job.x + image * job.in_plane * job.c * job.itemsize, job.c,
                                  job.y + (image * job.pixels + t.first) * job.c * job.itemsize)
        return
    for plane in range(image * job.c, (image + 1) * job.c):
        job.kernels.gather_taps(job.taps, PIXELS, t.count, t.index, t.weights, job.x + plane * job.in_plane * job.itemsize,
                                NULL, job.y + (plane * job.pixels + t.first) * job.itemsize)


cdef void grid_block(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t image = task // job.blocks, plane, a, rank = job.shape.rank
    cdef Tables t = tables_of(job, image, task % job.blocks, scratch, True)
    cdef const void *sums[3]
    memset(t.rest, 0, rank * PIXELS * job.itemsize)
    for a in range(rank):
        sums[a] = t.rest + a * PIXELS * job.itemsize
    for plane in range(image * job.c, (image + 1) * job.c):
        for a in range(rank):
            job.kernels.gather_taps(job.taps, PIXELS, t.count, t.index, t.slopes + a * job.taps * PIXELS * job.itemsize,
                                    job.x + plane * job.in_plane * job.itemsize,
                                    job.dy + (plane * job.pixels + t.first) * job.itemsize, <void *>sums[a])
    job.kernels.interleave(sums, rank, rank * t.count, job.y + (image * job.pixels + t.first) * rank * job.itemsize)


cdef void spread_planes(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t groups = parts(job.c, CHANNELS), image = task // groups, block, plane
    cdef Py_ssize_t first = image * job.c + task % groups * CHANNELS, end = min(first + CHANNELS, (image + 1) * job.c)
    cdef Tables t
    memset(job.y + first * job.in_plane * job.itemsize, 0, (end - first) * job.in_plane * job.itemsize)
    for block in range(job.blocks):
        t = tables_of(job, image, block, scratch, False)
        for plane in range(first, end):
            job.kernels.spread_taps(job.taps, PIXELS, t.count, t.index, t.weights,
                                    job.dy + (plane * job.pixels + t.first) * job.itemsize,
                                    job.y + plane * job.in_plane * job.itemsize)


cdef class BoundGrid:
    """A sampling bound to its shape and instruction set; arrays are C-contiguous, aligned, native, of the spec's shapes."""

    cdef fc_grid shape
    cdef Job template
    cdef Py_ssize_t table_bytes
    cdef bint brief
    cdef readonly object spec
    cdef readonly str isa

    def __init__(self, spec, int isa, str isa_name):
        cdef fc_grid *s = &self.shape
        cdef Job *job = &self.template
        self.spec, self.isa = spec, isa_name
        s.rank, s.mode, s.border, s.align = spec.rank, spec.mode, spec.border, spec.align_corners
        s.size[0], s.size[1], s.size[2] = spec.size
        job.kernels, job.itemsize = kernels_of(isa, 8 * spec.itemsize), spec.itemsize
        job.n, job.c, job.last, job.taps = spec.n, spec.c, spec.channels_last, spec.taps
        job.in_plane = s.size[0] * s.size[1] * s.size[2]
        job.pixels = spec.pixels
        job.blocks = parts(job.pixels, PIXELS)
        self.table_bytes = PIXELS * job.taps * (job.itemsize + 4)
        self.brief = <double>job.n * job.c * job.pixels < SERIAL_ITEMS

    cdef Job job(self, x, ndarray grid, dy, ndarray y) noexcept:
        cdef Job job = self.template
        job.shape = &self.shape
        job.x = NULL if x is None else <char *>cnp.PyArray_DATA(<ndarray>x)
        job.dy = NULL if dy is None else <char *>cnp.PyArray_DATA(<ndarray>dy)
        job.grid, job.y = <const char *>cnp.PyArray_DATA(grid), <char *>cnp.PyArray_DATA(y)
        return job

    def sample(self, ndarray x, ndarray grid, ndarray y, int threads):
        cdef Job job = self.job(x, grid, None, y)
        run_tasks(sample_block, &job, job.n * job.blocks, threads, self.table_bytes, self.brief)

    def grad_grid(self, ndarray x, ndarray grid, ndarray dy, ndarray dgrid, int threads):
        cdef Job job = self.job(x, grid, dy, dgrid)
        cdef Py_ssize_t more = self.shape.rank * PIXELS * (job.taps + 1) * job.itemsize
        run_tasks(grid_block, &job, job.n * job.blocks, threads, self.table_bytes + more, self.brief)

    def grad_input(self, ndarray grid, ndarray dy, ndarray dx, int threads):
        cdef Job job = self.job(None, grid, dy, dx)
        run_tasks(spread_planes, &job, job.n * parts(job.c, CHANNELS), threads, self.table_bytes, self.brief)


cdef struct Affine:
    const fc_kernels *kernels
    int rank
    const char *theta
    const void *base[3]
    Py_ssize_t size[3]
    char *y
    Py_ssize_t rows, rows_per_task


cdef void affine_some(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Affine *job = <const Affine *>argument
    cdef Py_ssize_t row = task * job.rows_per_task
    job.kernels.affine_rows(job.rank, job.theta, job.base, job.size, job.y, row, min(row + job.rows_per_task, job.rows))


def affine(ndarray theta, tuple base, ndarray y, int isa, int threads):
    """Fill the grids y with theta times the base coordinates of three axes, the first of one element where there are two."""
    cdef Affine job
    cdef int axis
    job.kernels = kernels_of(isa, <int>(8 * cnp.PyArray_ITEMSIZE(y)))
    job.rank = <int>theta.shape[1]
    job.theta, job.y = <const char *>cnp.PyArray_DATA(theta), <char *>cnp.PyArray_DATA(y)
    for axis in range(3):
        job.base[axis], job.size[axis] = cnp.PyArray_DATA(<ndarray>base[axis]), len(base[axis])
    job.rows = theta.shape[0] * job.size[0] * job.size[1]
    job.rows_per_task = max(1, ROW_ITEMS // (job.size[2] * job.rank))
    run_tasks(affine_some, &job, parts(job.rows, job.rows_per_task), threads, 0, cnp.PyArray_SIZE(y) < 1 << 17)


def bind(spec, isa, isa_name):
    return BoundGrid(spec, isa, isa_name)
