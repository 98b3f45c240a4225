# SPDX-License-Identifier: BSD-3-Clause
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

class Calls:
    def __init__(self, active: Callable[[], Any], thread_count: Callable[[str, Any], int]) -> None: ...
    def key(self, arrays: tuple[Any, ...], options: tuple[Any, ...]) -> Any: ...
    def remember(self, function: str, key: Any, bind: Callable[[], Any]) -> Any: ...
    def conv(
        self, function: str, x: Any, weight: Any, bias: Any, options: tuple[Any, ...], out: Any, num_threads: Any
    ) -> Array | None: ...
