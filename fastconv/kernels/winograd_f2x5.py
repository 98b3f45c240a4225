# SPDX-License-Identifier: BSD-3-Clause
"""Winograd's F(2x2, 5x5): 2 x 2 outputs of a 5x5 kernel from 36 multiplications a channel instead of 100.

Source, plan and accuracy: _winograd.pyx and src/winograd/.
"""

from __future__ import annotations

from typing import Any

from ._conv import BoundConv
from ._winograd import Winograd, refuse
from ._winograd import seconds as winograd_seconds

name = "winograd_f2x5"
bounded_as_direct = False


def supports(spec: Any) -> str | None:
    return refuse(spec, 5)


def seconds(spec: Any, isa: str) -> float:
    return winograd_seconds(spec, isa, name)


def bind(spec: Any, isa: int, isa_name: str) -> BoundConv:
    return Winograd(spec, isa, isa_name, name)
