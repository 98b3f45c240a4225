# SPDX-License-Identifier: BSD-3-Clause
"""Implicit im2col: weights times patches, one register tile after another.

Source: Chellapilla, Puri & Simard 2006 (im2col); Goto & van de Geijn 2008 (blocking); Dukhan, arXiv 1907.02129 (never
materialised). Tile, accuracy and figures: src/gemm/gemm_tile.c and src/gemm/pack_patches.c.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ._channels_conv import ChannelsConv, prefers_channels
from ._channels_conv import seconds as channels_seconds
from ._conv import BoundConv
from ._gemm_conv import GemmConv
from ._gemm_conv import seconds as gemm_seconds
from ._rows_conv import RowsConv, is_sequence
from ._rows_conv import seconds as rows_seconds

name = "im2col_gemm"


def supports(spec: Any) -> str | None:
    return None


def form_of(spec: Any, isa: str) -> tuple[type[BoundConv], Callable[[Any, str], float]]:
    """Return what computes a spec, and its expected time; as for one image, because not all have the same bits."""
    one = replace(spec, n=1)
    form: tuple[type[BoundConv], Callable[[Any, str], float]]
    form = (ChannelsConv, channels_seconds) if prefers_channels(one) else (GemmConv, gemm_seconds)
    if is_sequence(one) and rows_seconds(one, isa) < form[1](one, isa):
        form = RowsConv, rows_seconds
    return form


def seconds(spec: Any, isa: str) -> float:
    return form_of(spec, isa)[1](spec, isa)


def bind(spec: Any, isa: int, isa_name: str) -> BoundConv:
    return form_of(spec, isa_name)[0](spec, isa, isa_name)
