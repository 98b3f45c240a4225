# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

class BoundResample:
    spec: Any
    isa: str
    def resample(self, x: Array, y: Array, threads: int) -> None: ...
    def back(self, dy: Array, dx: Array, threads: int) -> None: ...

def bind(spec: Any, isa: int, isa_name: str) -> BoundResample: ...
