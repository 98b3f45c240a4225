# SPDX-License-Identifier: BSD-3-Clause
"""Causal convolution of sequences whose sums are those of a stream: channel after channel, tap after tap, in fixed blocks.

Source: van den Oord et al., arXiv 1609.03499 (causal convolution). The sums are im2col_gemm's with pixels in lanes: their
bits depend on the filters' shape alone, however long the sequence, and stream.pyx forms the same sums step by step. For
short sequences channels in lanes and, where a sum is one block, the direct kernel may be faster, with the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._conv import BoundConv
from ._gemm import depth_block
from ._gemm_conv import GemmConv
from ._gemm_conv import seconds as gemm_seconds
from ._rows_conv import RowsConv, is_sequence
from ._rows_conv import seconds as rows_seconds
from .direct import bind as bind_direct
from .direct import seconds as direct_seconds

name = "causal"


def supports(spec: Any) -> str | None:
    if spec.rank > 1:
        return f"the input must be a sequence, got {spec.rank} spatial axes"
    if spec.channels_last:
        return "data_format must be 'NCW', got 'NWC'"
    if spec.bordered:
        return "the border must be zeros"
    past = (spec.kernel[2] - 1) * spec.dilation[2]
    if spec.padding[2] != (past, 0):
        return f"padding must be 'causal', here (({past}, 0),), got {spec.padding[2:]}"
    return None


def form_of(spec: Any, isa: str) -> tuple[Callable[[Any, int, str], BoundConv], Callable[[Any, str], float]]:
    """Return what binds a spec, and its expected time; all have the same bits."""
    forms: list[tuple[Callable[[Any, int, str], BoundConv], Callable[[Any, str], float]]] = [(GemmConv, gemm_seconds)]
    if is_sequence(spec):
        forms.append((RowsConv, rows_seconds))
    depth = spec.c_in // spec.groups * spec.taps
    if depth_block(depth) == depth:
        forms.append((bind_direct, direct_seconds))
    return min(forms, key=lambda form: form[1](spec, isa))


def seconds(spec: Any, isa: str) -> float:
    return form_of(spec, isa)[1](spec, isa)


def bind(spec: Any, isa: int, isa_name: str) -> BoundConv:
    return form_of(spec, isa_name)[0](spec, isa, isa_name)
