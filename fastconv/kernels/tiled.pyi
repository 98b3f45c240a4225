# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

from ._conv import BoundConv

Array = np.ndarray[Any, np.dtype[Any]]

class Tiled(BoundConv):
    def weight(self, x: Array, dy: Array, dw: Array, threads: int) -> None: ...
    def input(self, weight: Array, dy: Array, dx: Array, threads: int) -> None: ...

def bind(spec: Any, isa: int, isa_name: str) -> Tiled: ...
