# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

def linear(x: Array, weight: Array, bias: Array | None, y: Array, isa: int, threads: int) -> None: ...
def linear_input(grad_output: Array, weight: Array, grad_input: Array, isa: int, threads: int) -> None: ...
def linear_weight(grad_output: Array, x: Array, grad_weight: Array, isa: int, threads: int) -> None: ...
