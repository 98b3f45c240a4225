# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

from ._networks import Network

Array = np.ndarray[Any, np.dtype[Any]]

EXTREME: int
MEDIAN: int
NETWORK: int
WINDOW: int
GREY: int

class Lines:
    exchanges: int
    def __init__(self, network: Network) -> None: ...

class Window:
    def __init__(
        self,
        method: int,
        size: tuple[int, ...],
        reach: Array,
        taps: Array | None = None,
        rank: int = 0,
        structure: Array | None = None,
        columns: Lines | None = None,
        across: Lines | None = None,
        steps: int = 1,
    ) -> None: ...

def run(
    window: Window,
    x: Array,
    y: Array,
    before: tuple[int, ...],
    borders: tuple[str, ...],
    value: float,
    wide: bool,
    largest: bool,
    isa: int,
    threads: int,
) -> None: ...
