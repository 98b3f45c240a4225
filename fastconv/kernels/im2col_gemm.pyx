"""Implicit im2col: weights times patches, one register tile after another.

Source: Chellapilla, Puri & Simard 2006 (im2col); Goto & van de Geijn 2008 (blocking); Dukhan, arXiv 1907.02129 (never
materialised). Tile, accuracy and figures: src/gemm/gemm_tile.c and src/gemm/pack_patches.c.
"""

from ._channels_conv import ChannelsConv, prefers_channels
from ._channels_conv import seconds as channels_seconds
from ._gemm_conv import GemmConv
from ._gemm_conv import seconds as gemm_seconds

name = "im2col_gemm"


def supports(spec):
    return None


def seconds(spec, isa):
    return (channels_seconds if prefers_channels(spec) else gemm_seconds)(spec, isa)


def bind(spec, isa, isa_name):
    return (ChannelsConv if prefers_channels(spec) else GemmConv)(spec, isa, isa_name)
