# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

from ._conv import BoundConv

Array = np.ndarray[Any, np.dtype[Any]]

class ConvGradient(BoundConv):
    by_winograd: bool
    def weight(self, x: Array, dy: Array, dw: Array, threads: int) -> None: ...
    def bias(self, dy: Array, db: Array, threads: int) -> None: ...

def bind(spec: Any, isa: int, isa_name: str) -> ConvGradient: ...
