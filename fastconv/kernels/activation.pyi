# SPDX-License-Identifier: BSD-3-Clause
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

CURVES: tuple[str, ...]

def activate(x: Array, y: Array, name: str, slope: float, isa: int, threads: int) -> None: ...
def marked(
    x: Array | None, g: Array | None, marks: Array, y: Array, name: str, slope: float, isa: int, threads: int
) -> None: ...
def curve(
    x: Array, g: Array | None, y: Array, name: str, numbers: tuple[float, float, float], isa: int, threads: int
) -> None: ...
def channelwise(
    x: Array,
    g: Array | None,
    weight: Array,
    y: Array,
    name: str,
    channels: int,
    run: int,
    last: bool,
    isa: int,
    threads: int,
) -> None: ...
def gate(x: Array, g: Array | None, y: Array, runs: int, linear: bool, isa: int, threads: int) -> None: ...
def add(a: Array, b: Array, y: Array, isa: int, threads: int) -> None: ...
def softmax(x: Array, g: Array | None, y: Array, name: str, d: int, inner: int, isa: int, threads: int) -> None: ...
def dropout(
    x: Array,
    y: Array,
    seed: int,
    counter: int,
    p: float,
    keep: tuple[float, float, float, float],
    channels: int,
    inner: int,
    isa: int,
    threads: int,
) -> None: ...
def threefry(key: Sequence[int], counter: Sequence[int], isa: int) -> tuple[int, ...]: ...
