# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

def activate(x: Array, y: Array, name: str, slope: float, isa: int, threads: int) -> None: ...
def gate(x: Array, y: Array, runs: int, isa: int, threads: int) -> None: ...
