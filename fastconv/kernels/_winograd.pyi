# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

from ._conv import BoundConv

def refuse(spec: Any, kernel: int) -> str | None: ...
def seconds(spec: Any, isa: str, algorithm: str) -> float: ...

class Winograd(BoundConv):
    def __init__(self, spec: Any, isa: int, isa_name: str, algorithm: str) -> None: ...
