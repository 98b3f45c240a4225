"""A convolution as a matrix product: packed weights times input patches that are packed tile by tile, never all at once.

`im2col_gemm` and `pointwise` differ in what they serve and when they pay, not in how they compute: a 1x1 kernel is the case
of one tap, where a panel of patches is a straight copy of columns.
"""

from ._conv cimport BoundConv
from ._gemm cimport Gemm, Tile, a_items, block_bytes, multiply, pack_a, plan
from ._parallel cimport give, take


def cost(spec, double pack):
    """Return the expected cycles of one image and group, given those of packing one vector of patches (AVX-512 figures).

    A register tile computes whole groups of eight channels; weights are packed for every call of the functional door; and a
    panel of 48 pixels is cut into pieces at the ends of rows, each with its lane set at each tap.
    """
    od, oh, ow = spec.output
    pixels, m = od * oh * ow, spec.c_out // spec.groups
    depth = spec.c_in // spec.groups * spec.taps
    pieces = min(48, 3 + 48 // ow)
    packing = depth * (-(-pixels // 16) * pack + 3.0 * m) + -(-pixels // 48) * (300.0 + 12.0 * spec.taps * pieces)
    return depth * -(-pixels // 16) * 0.55 * 8 * -(-m // 8) + packing


cdef void first_tile_patches(const Gemm *g, Py_ssize_t batch, Py_ssize_t group, Py_ssize_t column, Py_ssize_t k,
                             Py_ssize_t k_end, void *panel, const Tile *tile) noexcept nogil:
    cdef const char *x = g.b + (batch * g.b_batch + group * g.b_group) * g.itemsize
    g.kernels.patches_tile(g.conv, x, column, k, k_end, panel, tile.a, tile.init, tile.c, g.c_ld, tile.m, tile.columns)


cdef class GemmConv(BoundConv):
    def __init__(self, spec, int isa, str isa_name):
        super().__init__(spec, isa, isa_name)
        cdef Gemm *g = &self.gemm
        cdef Py_ssize_t pixels = self.shape.od * self.shape.oh * self.shape.ow
        cdef Py_ssize_t plane = self.shape.d * self.shape.h * self.shape.w
        g.kernels = self.kernels
        g.itemsize = self.itemsize
        g.batch, g.groups = self.shape.n, self.shape.groups
        g.m = self.shape.c_out // g.groups
        g.n = pixels
        g.k = self.shape.c_in // g.groups * self.shape.kd * self.shape.kh * self.shape.kw
        g.b_batch = self.shape.c_in * plane
        g.b_group = self.shape.c_in // g.groups * plane
        g.c_batch = self.shape.c_out * pixels
        g.c_group = g.m * pixels
        g.c_ld = pixels
        g.accumulate = False
        g.conv = NULL
        g.first_tile = first_tile_patches
        plan(g)

    cdef Py_ssize_t packed_items(self) noexcept:
        return a_items(&self.gemm)

    cdef int pack_into(self, const char *weight, char *packed, int threads, bint brief) except -1:
        return pack_a(&self.gemm, weight, self.gemm.k, packed, threads, brief)

    cdef size_t workspace_bytes(self, int threads) noexcept:
        return threads * (block_bytes(&self.gemm) + 128)

    cdef int compute(self, const char *x, const char *weight, const char *packed, const char *bias, char *y,
                     int threads, bint brief) except -1:
        cdef Gemm g = self.gemm
        cdef char *own
        g.conv = &self.shape
        g.after = &self.shape.after
        g.b, g.init, g.c = x, bias, y
        if packed is not NULL:
            g.a_panels = packed
            return multiply(&g, threads, brief)
        own = take(self.packed_items() * self.itemsize)
        try:
            self.pack_into(weight, own, threads, brief)
            g.a_panels = own
            return multiply(&g, threads, brief)
        finally:
            give(own)
