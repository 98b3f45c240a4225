# SPDX-License-Identifier: BSD-3-Clause
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

def fits(size: int, isa: int) -> bool: ...
def filter(
    x: Array,
    y: Array,
    across_axis: int,
    across: Any,
    along_axis: int,
    along: Any,
    outside: Array,
    weights: Sequence[Array],
    isa: int,
    threads: int,
) -> None: ...
