"""A convolution as a matrix product: packed weights times input patches that are packed tile by tile, never all at once.

`im2col_gemm` and `pointwise` differ in what they serve and when they pay, not in how they compute: a 1x1 kernel is the case
of one tap, where a panel of patches is a straight copy of columns.
"""

from ._conv cimport BoundConv
from ._gemm cimport Gemm, Tile, a_items, block_bytes, multiply, pack_a, plan
from ._parallel cimport give, take

from ._cost import CLOCK, machine_of, vectors


def seconds(spec, isa):
    """Return the expected time of the product: tiles of eight channels, and panels of patches.

    Row ends cut a panel into pieces, each with its lane set at each tap, which is found anew for each block of k; where
    pixels that follow each other in the output do so in the input too, the pieces of a vector are loaded as one.
    """
    machine = machine_of(isa)
    od, oh, ow = spec.output
    m, depth = spec.c_out // spec.groups, spec.c_in // spec.groups * spec.taps
    wide = vectors(machine, spec, od * oh * ow)
    panels, lanes = -(-wide // 3), max(machine.lanes * 4 // spec.itemsize, 1)
    together, blocks = min(3 * lanes, od * oh * ow), -(-depth // 256)
    pieces = min(together, -(-together // lanes) + together // ow)
    products = depth * wide * machine.step * 8 * -(-m // 8) + panels * -(-m // 8) * blocks * machine.tile
    if spec.stride == (1, 1, 1) and spec.output[1:] == spec.size[1:]:
        packing = depth * wide * machine.pack
    else:
        packing = depth * panels * pieces * (machine.piece if spec.stride[2] == 1 else machine.picked)
    aiming = panels * (80.0 + blocks * spec.taps * pieces * machine.aim)
    return (machine.call + spec.n * spec.groups * (products + packing + aiming)) / CLOCK


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
        g.b_group = self.shape.c_in // g.groups * self.shape.x_channel
        g.c_batch = self.shape.c_out * pixels
        g.c_group = g.m * self.shape.y_channel
        g.c_ld = self.shape.y_channel
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
