# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

from ._conv import BoundConv

def seconds(spec: Any, isa: str) -> float: ...

class GemmConv(BoundConv): ...
