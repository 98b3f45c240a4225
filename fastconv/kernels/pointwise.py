# SPDX-License-Identifier: BSD-3-Clause
"""1x1 convolution: a plain matrix product of the weights and the channels' planes.

Source: Goto & van de Geijn 2008. Tile, accuracy and figures: src/gemm/gemm_tile.c and src/gemm/patches_tile.c. Where every
pixel is used a panel of patches is a straight copy of columns; with stride it is gathered.
"""

from __future__ import annotations

from typing import Any

from ._channels_conv import ChannelsConv, prefers_channels
from ._channels_conv import seconds as channels_seconds
from ._conv import BoundConv
from ._gemm_conv import GemmConv
from ._gemm_conv import seconds as gemm_seconds

name = "pointwise"


def supports(spec: Any) -> str | None:
    if spec.taps != 1:
        return f"the kernel must be 1 in every axis, got {spec.kernel_size}"
    if any(front or back for front, back in spec.padding):
        return f"padding must be 0, got {spec.padding}"
    return None


def seconds(spec: Any, isa: str) -> float:
    return (channels_seconds if prefers_channels(spec) else gemm_seconds)(spec, isa)


def bind(spec: Any, isa: int, isa_name: str) -> BoundConv:
    return (ChannelsConv if prefers_channels(spec) else GemmConv)(spec, isa, isa_name)
