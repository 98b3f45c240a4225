# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

def pitch_of(rows: int) -> int: ...
def correlate(
    x: Array,
    y: Array,
    axes: tuple[Any, ...],
    first: tuple[int, ...],
    weights: Array,
    taps: Any,
    wild: bool,
    width: int,
    isa: int,
    threads: int,
) -> int: ...
