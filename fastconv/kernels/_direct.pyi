# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

from ._conv import BoundConv

class Direct(BoundConv): ...

class StagedDirect(BoundConv):
    def __init__(self, spec: Any, isa: int, isa_name: str, stage: tuple[int, int, int]) -> None: ...
