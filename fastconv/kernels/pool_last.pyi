# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

class BoundPoolLast:
    spec: Any
    isa: str
    def maximum(
        self, x: Array, y: Array, switches: Array | None, threads: int, of_array: bool = False, with_batch: bool = False
    ) -> None: ...
    def average(self, x: Array, y: Array, threads: int) -> None: ...

def bind(spec: Any, isa: int, isa_name: str) -> BoundPoolLast: ...
