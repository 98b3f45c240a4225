# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

class BoundTake:
    spec: Any
    isa: str
    def take(self, x: Array, y: Array, threads: int) -> None: ...

class BoundFold:
    spec: Any
    isa: str
    def fold(self, x: Array, y: Array, threads: int) -> None: ...

def bind(spec: Any, isa: int, isa_name: str) -> BoundTake: ...
def bind_fold(spec: Any, isa: int, isa_name: str) -> BoundFold: ...
