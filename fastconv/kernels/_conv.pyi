# SPDX-License-Identifier: BSD-3-Clause
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

class BoundConv:
    spec: Any
    isa: str
    layout: str
    brief: bool
    def __init__(self, spec: Any, isa: int, isa_name: str) -> None: ...
    def estimate(self, threads: int, packed: bool) -> int: ...
    def filters(self, weight: Array) -> Array: ...
    def pack(self, weight: Array, threads: int) -> Array | None: ...
    def run(
        self, x: Array, weight: Array, bias: Array | None, out: Array | None, threads: int, packed: Array | None = None
    ) -> Array: ...

class PackedConv:
    call: BoundConv
    packed: Array | None
    version: Any
    settings: Any
    def __init__(
        self,
        call: BoundConv,
        weight: Array,
        bias: Array | None,
        packed: Array | None,
        version: Any,
        active: Callable[[], Any],
        thread_count: Callable[[], int],
    ) -> None: ...
    def run(self, x: Any, version: Any) -> Array | None: ...
