# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

class BoundBoxes:
    spec: Any
    isa: str
    def pool(self, x: Array, y: Array, switches: Array | None, threads: int) -> None: ...
    def gradient(self, x: Array | None, y: Array | None, dy: Array, dx: Array, threads: int) -> None: ...

def bind(spec: Any, isa: int, isa_name: str) -> BoundBoxes: ...
