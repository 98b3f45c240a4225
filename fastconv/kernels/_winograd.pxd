# Winograd convolution, and with a pooling behind it; see _winograd.pyx.
from ._conv cimport BoundConv
from ._pooling cimport Pooling
from ._table cimport fc_conv, fc_kernels, fc_pool

cdef struct Job:
    const fc_conv *shape
    const fc_kernels *kernels
    int kind, points, outputs
    # A line of tiles is those of one row of tiles that lie on one grid of columns, of which there are `grids`; `tile_rows`
    # are those of all grids of rows of an image and depth, `grid_rows` of one.
    Py_ssize_t itemsize, depth, tiles, tile_rows, grid_rows, tile_columns, grids, panels, v_tile
    Py_ssize_t block, block_panels, task_panels, input_block  # tiles, panels of a product, of a task; tiles
    const char *x
    const char *weight
    bint turned                 # it is that of the convolution whose input gradient this is
    const char *packed          # NULL: a task packs the panels it needs
    const char *bias
    char *y
    char *v                     # all of V, or NULL
    char *marks                 # [image, depth, row of tiles, group, panel]
    int marked
    Py_ssize_t unit, run        # tiles of a unit; no unit lies across a multiple of `run` tiles
    Py_ssize_t unit_images, unit_rows  # images, or rows of the map, that it has at most
    const Pooling *pooling      # what follows, or NULL
    fc_conv part                # the shape, with channels as far apart as they are in scratch

cdef struct Plan:
    bint shared
    Py_ssize_t block, block_panels, task_panels, input_block

cdef class Winograd(BoundConv):
    cdef int kind, points, outputs
    cdef Py_ssize_t depth, v_tile
    cdef Py_ssize_t tile_rows, grid_rows, tile_columns, grids, tiles, panels

    cdef Plan plan(self, int threads, bint packed) noexcept
    cdef size_t v_bytes(self, Py_ssize_t tiles) noexcept
    cdef Py_ssize_t panel_items(self) noexcept
    cdef Job job(self, const Plan *plan) noexcept
    cdef Py_ssize_t image_tiles(self) noexcept
    cdef Py_ssize_t rows_together(self, const fc_pool *after) noexcept
    cdef bint pools(self, const fc_pool *after, int threads) noexcept
    cdef void pool_in_units(self, Plan *plan, Job *job, const fc_pool *after) noexcept
    cdef size_t task_scratch(self, const Plan *plan, bint packed, size_t part) noexcept
    cdef size_t marks_bytes(self) noexcept
    cdef size_t common_bytes(self, const Plan *plan, bint packed) noexcept
    cdef size_t pooled_bytes(self, const fc_pool *after, int threads) noexcept
    cdef int pack_job(self, Job *job, char *packed, int threads, bint brief) except -1
    cdef int compute_turned(self, const char *x, const char *weight, const char *bias, char *y, int threads,
                            bint brief) except -1
    cdef int run_job(self, Job *job, const Plan *plan, int threads, bint brief) except -1
    cdef int compute_pooled(self, const char *x, const char *weight, const char *packed, const char *bias,
                            const Pooling *pooling, int threads, bint brief) except -1
