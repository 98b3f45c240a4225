# The blocked matrix product behind pointwise, im2col_gemm and matmul; see _gemm.pyx.
from ._table cimport fc_activation, fc_conv, fc_kernels

# A tile of C: m x columns at c, from k rows of a panel of A; init as gemm_tile's.
cdef struct Tile:
    const void *a
    const void *init
    void *c
    int m, columns

# Packs columns [column, column + tile.columns) and rows [k, k_end) of B of one (batch, group) into a panel, and computes one
# tile from it.
ctypedef void (*first_tile_t)(const Gemm *g, Py_ssize_t batch, Py_ssize_t group, Py_ssize_t column, Py_ssize_t k,
                              Py_ssize_t k_end, void *panel, const Tile *tile) noexcept nogil

cdef struct Gemm:
    const fc_kernels *kernels
    Py_ssize_t itemsize
    Py_ssize_t batch, groups, m, n, k  # `batch * groups` products of m x k by k x n
    const char *a_panels               # [groups][panels of kernels.mr rows][k][mr]
    const char *b                      # what first_tile reads
    Py_ssize_t b_batch, b_group, b_ld  # strides of b in items
    const fc_conv *conv                # for first_tile of convolutions
    first_tile_t first_tile
    const char *init                   # [groups][m] or NULL: what a sum starts with
    bint accumulate                    # start with what C holds
    const fc_activation *after         # what follows the sum, or NULL
    char *c
    Py_ssize_t c_batch, c_group, c_ld  # strides of c in items
    # blocking, by plan()
    Py_ssize_t k_block, column_panels, column_blocks, row_panels, row_blocks

cpdef Py_ssize_t depth_block(Py_ssize_t k) noexcept nogil
cdef void plan(Gemm *g) noexcept nogil
cdef size_t block_bytes(const Gemm *g) noexcept nogil
cdef Py_ssize_t a_items(const Gemm *g) noexcept nogil
cdef void multiply_depths(const Gemm *g, Py_ssize_t batch, Py_ssize_t group, Py_ssize_t first, Py_ssize_t last,
                          Py_ssize_t column, Py_ssize_t column_end, Py_ssize_t k, Py_ssize_t k_end,
                          char *scratch) noexcept nogil
cdef int multiply(Gemm *g, int threads, bint brief) except -1
cdef int pack_a(const Gemm *g, const char *rows, Py_ssize_t ld, char *panels, int threads, bint brief) except -1
cdef int pack_a_columns(const Gemm *g, const char *columns, Py_ssize_t ld, char *panels, int threads, bint brief) except -1
cdef void first_tile_columns(const Gemm *g, Py_ssize_t batch, Py_ssize_t group, Py_ssize_t column, Py_ssize_t k,
                             Py_ssize_t k_end, void *panel, const Tile *tile) noexcept nogil
cdef void first_tile_rows(const Gemm *g, Py_ssize_t batch, Py_ssize_t group, Py_ssize_t column, Py_ssize_t k,
                          Py_ssize_t k_end, void *panel, const Tile *tile) noexcept nogil
