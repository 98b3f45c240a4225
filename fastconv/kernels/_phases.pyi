# SPDX-License-Identifier: BSD-3-Clause
from types import ModuleType
from typing import Any

from ._conv import BoundConv

class PhasedConv(BoundConv):
    def __init__(self, spec: Any, modules: tuple[ModuleType, ...], isa: int, isa_name: str) -> None: ...

def weaving_seconds(spec: Any, isa: str) -> float: ...
