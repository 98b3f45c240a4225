"""Causal convolution of sequences whose sums are those of a stream: channel after channel, tap after tap, in fixed blocks.

Source: van den Oord et al., arXiv 1609.03499 (causal convolution). The sums are im2col_gemm's with pixels in lanes, whose bits
depend on the filters' shape alone, however long the sequence; stream.pyx forms the same sums step by step. Where a sum is one
block and the direct kernel is expected to be faster it serves, with the same bits.
"""

from ._gemm cimport depth_block

from ._gemm_conv import GemmConv
from ._gemm_conv import seconds as gemm_seconds
from .direct import bind as bind_direct
from .direct import seconds as direct_seconds

name = "causal"


def supports(spec):
    if spec.rank > 1:
        return f"the input must be a sequence, got {spec.rank} spatial axes"
    if spec.channels_last:
        return "data_format must be 'NCW', got 'NWC'"
    past = (spec.kernel[2] - 1) * spec.dilation[2]
    if spec.padding[2] != (past, 0):
        return f"padding must be 'causal', here (({past}, 0),), got {spec.padding[2:]}"
    return None


def prefers_direct(spec, isa):
    depth = spec.c_in // spec.groups * spec.taps
    return depth_block(depth) == depth and direct_seconds(spec, isa) < gemm_seconds(spec, isa)


def seconds(spec, isa):
    return (direct_seconds if prefers_direct(spec, isa) else gemm_seconds)(spec, isa)


def bind(spec, isa, isa_name):
    return (bind_direct if prefers_direct(spec, isa_name) else GemmConv)(spec, isa, isa_name)
