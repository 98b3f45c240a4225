# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

def sweep(
    x: Array,
    y: Array,
    across_axis: int | None,
    across: Any,
    along_axis: int | None,
    along: Any,
    rounds: bool,
    wild: bool,
    width: int,
    isa: int,
    threads: int,
) -> int: ...
