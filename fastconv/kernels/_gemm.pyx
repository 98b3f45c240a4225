"""The blocked matrix product that pointwise, im2col_gemm and matmul share.

Source: Goto & van de Geijn, Anatomy of High-Performance Matrix Multiplication, ACM TOMS 34(3), 2008.

C[batch, group] = init + A[group] B[batch, group]. A lies packed in panels of mr rows over all of k. A task owns a block of
columns and rows of C: for each block of k a panel of B meets the first panel of A as it is packed into the thread's scratch,
and then the others while it stays in L1; the block of A, in L2, serves one panel of B after the other. The blocks of k
depend on k alone and each is summed in one chain, so an output's bits depend neither on the task it falls in nor on the
thread that runs it.
"""

from ._parallel cimport parts, run_tasks

cdef enum:
    K_BLOCK = 200      # a panel of B of this depth and 48 columns takes 38 KB and stays in L1 while A passes over it
    PANELS_MOST = 10   # panels of B of a task, over which a block of A is read again
    TASKS_WANTED = 64  # so that a handful of threads finish together

# A start of zero for products without one.
cdef double zeros[64]
zeros[:] = [0.0] * 64


cpdef Py_ssize_t depth_block(Py_ssize_t k) noexcept nogil:
    """How much of a sum of k products is one chain; it tells a product's bits."""
    return parts(k, max(parts(k, K_BLOCK), 1))


cdef void plan(Gemm *g) noexcept nogil:
    """Choose the blocks."""
    cdef Py_ssize_t panels = parts(g.n, g.kernels.nr), rows = parts(g.m, g.kernels.mr)
    cdef Py_ssize_t products = max(g.batch * g.groups, 1)
    g.k_block = depth_block(g.k)
    g.column_panels = min(max(panels * products // TASKS_WANTED, 1), PANELS_MOST)
    g.column_blocks = parts(panels, g.column_panels)
    # Too few columns to go round: split the rows as well, and pack B once for each part.
    cdef Py_ssize_t splits = min(max(TASKS_WANTED // 4 // (g.column_blocks * products), 1), max(rows // 8, 1))
    g.row_panels = parts(rows, splits)
    g.row_blocks = parts(rows, g.row_panels)


cdef size_t block_bytes(const Gemm *g) noexcept nogil:
    """Scratch of one thread."""
    return g.k_block * g.kernels.nr * g.itemsize


cdef Py_ssize_t a_items(const Gemm *g) noexcept nogil:
    """Items that the packed A takes."""
    return g.groups * parts(g.m, g.kernels.mr) * g.kernels.mr * g.k


cdef void multiply_depths(const Gemm *g, Py_ssize_t batch, Py_ssize_t group, Py_ssize_t first, Py_ssize_t last,
                          Py_ssize_t column, Py_ssize_t column_end, Py_ssize_t k, Py_ssize_t k_end,
                          char *scratch) noexcept nogil:
    """What one block of k adds to some columns and panels of rows of a product."""
    cdef const fc_kernels *kernels = g.kernels
    cdef Py_ssize_t mr = kernels.mr, nr = kernels.nr, size = g.itemsize, panels = parts(g.m, mr), ip
    cdef char *c = g.c + (batch * g.c_batch + group * g.c_group) * size
    cdef Tile tile
    while column < column_end:
        tile.columns = <int>min(nr, column_end - column)
        for ip in range(first, last):
            tile.a = g.a_panels + ((group * panels + ip) * g.k + k) * mr * size
            tile.m = <int>min(mr, g.m - ip * mr)
            tile.init = NULL
            if k == 0 and not g.accumulate:
                tile.init = zeros if g.init is NULL else <const void *>(g.init + (group * g.m + ip * mr) * size)
            tile.c = c + (ip * mr * g.c_ld + column) * size
            if ip == first:
                g.first_tile(g, batch, group, column, k, k_end, scratch, &tile)
            else:
                kernels.gemm_tile(k_end - k, tile.a, scratch, tile.init, tile.c, g.c_ld, tile.m, tile.columns,
                                  g.after if k_end == g.k else NULL)
        column += nr


cdef void multiply_block(void *job, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Gemm *g = <const Gemm *>job
    cdef Py_ssize_t row_block = task % g.row_blocks
    cdef Py_ssize_t column_block = task // g.row_blocks % g.column_blocks
    cdef Py_ssize_t product = task // g.row_blocks // g.column_blocks
    cdef Py_ssize_t first = row_block * g.row_panels, last = min(first + g.row_panels, parts(g.m, g.kernels.mr))
    cdef Py_ssize_t column = column_block * g.column_panels * g.kernels.nr
    cdef Py_ssize_t column_end = min(column + g.column_panels * g.kernels.nr, g.n), k = 0, k_end
    while k < g.k:
        k_end = min(k + g.k_block, g.k)
        multiply_depths(g, product // g.groups, product % g.groups, first, last, column, column_end, k, k_end, scratch)
        k = k_end


cdef int multiply(Gemm *g, int threads, bint brief) except -1:
    """Compute every product of a planned Gemm whose A is packed."""
    cdef Py_ssize_t tasks = g.batch * g.groups * g.column_blocks * g.row_blocks
    return run_tasks(multiply_block, g, tasks, threads, block_bytes(g), brief)


cdef struct PackA:
    const Gemm *gemm
    const char *rows
    Py_ssize_t ld
    char *panels


cdef void pack_a_panel(void *job, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const PackA *p = <const PackA *>job
    cdef const Gemm *g = p.gemm
    cdef Py_ssize_t panels = parts(g.m, g.kernels.mr), group = task // panels, row = task % panels * g.kernels.mr
    g.kernels.pack_rows(p.rows + (group * g.m + row) * p.ld * g.itemsize, p.ld, <int>min(g.kernels.mr, g.m - row), g.k,
                        g.kernels.mr, p.panels + task * g.kernels.mr * g.k * g.itemsize)


cdef void pack_a_turned(void *job, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const PackA *p = <const PackA *>job
    cdef const Gemm *g = p.gemm
    cdef Py_ssize_t mr = g.kernels.mr, row = task * mr
    g.kernels.pack_columns(p.rows + row * g.itemsize, p.ld, <int>min(mr, g.m - row), g.k, mr,
                           p.panels + row * g.k * g.itemsize)


cdef int pack_a_columns(const Gemm *g, const char *columns, Py_ssize_t ld, char *panels, int threads, bint brief) except -1:
    """Pack A of one group, given as k rows of m, that is, transposed."""
    cdef PackA job
    job.gemm = g
    job.rows = columns
    job.ld = ld
    job.panels = panels
    return run_tasks(pack_a_turned, &job, parts(g.m, g.kernels.mr), threads, 0, brief)


cdef int pack_a(const Gemm *g, const char *rows, Py_ssize_t ld, char *panels, int threads, bint brief) except -1:
    """Pack A, given as groups * m rows that lie ld items apart."""
    cdef PackA job
    job.gemm = g
    job.rows = rows
    job.ld = ld
    job.panels = panels
    return run_tasks(pack_a_panel, &job, g.groups * parts(g.m, g.kernels.mr), threads, 0, brief)


cdef void first_tile_columns(const Gemm *g, Py_ssize_t batch, Py_ssize_t group, Py_ssize_t column, Py_ssize_t k,
                             Py_ssize_t k_end, void *panel, const Tile *tile) noexcept nogil:
    """B as k rows of n consecutive items."""
    cdef const char *start = g.b + (batch * g.b_batch + group * g.b_group + k * g.b_ld + column) * g.itemsize
    g.kernels.pack_columns(start, g.b_ld, tile.columns, k_end - k, g.kernels.nr, panel)
    g.kernels.gemm_tile(k_end - k, tile.a, panel, tile.init, tile.c, g.c_ld, tile.m, tile.columns,
                        g.after if k_end == g.k else NULL)


cdef void first_tile_rows(const Gemm *g, Py_ssize_t batch, Py_ssize_t group, Py_ssize_t column, Py_ssize_t k,
                          Py_ssize_t k_end, void *panel, const Tile *tile) noexcept nogil:
    """B as n rows of k consecutive items, that is, transposed."""
    cdef const char *start = g.b + (batch * g.b_batch + group * g.b_group + column * g.b_ld + k) * g.itemsize
    g.kernels.pack_rows(start, g.b_ld, tile.columns, k_end - k, g.kernels.nr, panel)
    g.kernels.gemm_tile(k_end - k, tile.a, panel, tile.init, tile.c, g.c_ld, tile.m, tile.columns,
                        g.after if k_end == g.k else NULL)
