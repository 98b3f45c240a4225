# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

def fits(size: int, isa: int) -> bool: ...
def means(
    x: Array, y: Array, across_axis: int, across: Any, along_axis: int, along: Any, outside: Array, isa: int, threads: int
) -> None: ...
