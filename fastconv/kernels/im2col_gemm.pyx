"""Implicit im2col: weights times patches, one register tile after another.

Source: Chellapilla, Puri & Simard 2006 (im2col); Goto & van de Geijn 2008 (blocking); Dukhan, arXiv 1907.02129 (never
materialised). Tile, accuracy and figures: src/gemm/gemm_tile.c and src/gemm/pack_patches.c.
"""

from ._gemm_conv cimport GemmConv

from ._gemm_conv import seconds as gemm_seconds

name = "im2col_gemm"


def supports(spec):
    return None


def seconds(spec, isa):
    return gemm_seconds(spec, isa, spec.stride[2] != 1)


cdef class Im2colGemm(GemmConv):
    pass


def bind(spec, isa, isa_name):
    return Im2colGemm(spec, isa, isa_name)
