"""A convolution as a matrix product: packed weights times input patches that are packed tile by tile, never all at once.

`im2col_gemm` and `pointwise` differ in what they serve and when they pay, not in how they compute: a 1x1 kernel is the case
of one tap, where a panel of patches is a straight copy of columns.
"""

from ._conv cimport BoundConv
from ._gemm cimport Gemm, Tile, a_items, block_bytes, multiply, pack_a, plan
from ._parallel cimport give, take

from ._cost import CLOCK, machine_of, vectors


def seconds(spec, isa, bint strided):
    """Return the expected time of the product, with patches that are `strided` in memory or not.

    A register tile computes whole groups of eight channels, and a panel of pixels is cut into pieces at the ends of rows, each
    with its lane set at each tap.
    """
    machine = machine_of(isa)
    od, oh, ow = spec.output
    pixels, m = od * oh * ow, spec.c_out // spec.groups
    depth = spec.c_in // spec.groups * spec.taps
    wide = vectors(machine, spec, pixels)
    pieces = min(3 * machine.lanes, 3 + 3 * machine.lanes // ow)
    multiply = depth * wide * machine.step * 8 * -(-m // 8)
    packing = depth * wide * (machine.gather if strided else machine.pack)
    aiming = -(-wide // 3) * (300.0 + 12.0 * spec.taps * pieces)
    return (machine.call + spec.n * spec.groups * (multiply + packing + aiming)) / CLOCK


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

    cdef size_t workspace_bytes(self, int threads, bint packed) noexcept:
        return threads * (block_bytes(&self.gemm) + 128) + (0 if packed else self.packed_items() * self.itemsize)

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
