# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

def matmul(a: Array, b: Array, c: Array, b_transposed: bool, accumulate: bool, isa: int, threads: int) -> None: ...
