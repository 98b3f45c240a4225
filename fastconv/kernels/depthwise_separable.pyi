# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

class DepthwiseSeparable:
    spec: Any
    isa: str
    layout: str
    brief: bool
    def __init__(self, spec: Any, isa: int, isa_name: str) -> None: ...
    def estimate(self, threads: int, packed: bool) -> int: ...
    def pack(self, weight: Array, threads: int) -> Array: ...
    def run(
        self,
        x: Array,
        weights: tuple[Array, Array],
        biases: tuple[Array | None, Array | None],
        out: Array | None,
        threads: int,
        packed: Array | None = None,
    ) -> Array: ...

def bind(spec: Any, isa: int, isa_name: str) -> DepthwiseSeparable: ...
