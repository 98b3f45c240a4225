# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

def has_nan(x: Array, isa: int, threads: int) -> bool: ...
def split(x: Array, values: Array, there: Array, isa: int, threads: int) -> None: ...
def divide(y: Array, weights: Array, reached: Array | None, total: float, isa: int, threads: int) -> None: ...
