# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

def flops_per_second(isa: int, width: int, threads: int) -> float: ...
def bytes_per_second(source: Array, target: Array, isa: int, threads: int) -> float: ...
