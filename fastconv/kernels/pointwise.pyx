"""1x1 convolution: a plain matrix product of the weights and the channels' planes.

Source: Goto & van de Geijn 2008. Tile, accuracy and figures: src/gemm/gemm_tile.c and src/gemm/patches_tile.c. Where every
pixel is used a panel of patches is a straight copy of columns; with stride it is gathered.
"""

from ._gemm_conv cimport GemmConv

from ._gemm_conv import cost
from .direct import cost as direct_cost

name = "pointwise"


def supports(spec):
    if spec.taps != 1:
        return f"the kernel must be 1 in every axis, got {spec.kernel_size}"
    if any(front or back for front, back in spec.padding):
        return f"padding must be 0, got {spec.padding}"
    return None


def worth(spec):
    return cost(spec, 2.0 if spec.output == spec.size else 9.0) < direct_cost(spec)


cdef class Pointwise(GemmConv):
    pass


def bind(spec, isa, isa_name):
    return Pointwise(spec, isa, isa_name)
