# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

from ._conv import BoundConv

name: str

def supports(spec: Any) -> str | None: ...
def seconds(spec: Any, isa: str) -> float: ...
def bind(spec: Any, isa: int, isa_name: str) -> BoundConv: ...
