# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

def sgd(
    p: Array,
    g: Array,
    velocity: Array | None,
    rate: float,
    momentum: float,
    dampening: float,
    decay: float,
    nesterov: bool,
    begin: bool,
    isa: int,
    threads: int,
) -> None: ...
def adam(p: Array, g: Array, mean: Array, square: Array, numbers: tuple[float, ...], isa: int, threads: int) -> None: ...
