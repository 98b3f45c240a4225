# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Sizes = tuple[int, int, int]
Images = tuple[int, int, int, int]

def normalize(
    x: Array,
    weight: Array | None,
    bias: Array | None,
    mean: Array,
    variance: Array,
    y: Array | None,
    sizes: Sizes,
    per: int,
    eps: float,
    given: bool,
    last: bool,
    isa: int,
    threads: int,
) -> None: ...
def normalize_grad(
    x: Array,
    g: Array,
    weight: Array | None,
    mean: Array,
    variance: Array,
    y: Array | None,
    dw: Array,
    db: Array,
    sizes: Sizes,
    per: int,
    eps: float,
    given: bool,
    last: bool,
    isa: int,
    threads: int,
) -> None: ...
def layer(
    x: Array,
    weight: Array | None,
    bias: Array | None,
    y: Array,
    c: int,
    centred: bool,
    eps: float,
    isa: int,
    threads: int,
) -> None: ...
def layer_grad(
    x: Array,
    g: Array,
    weight: Array | None,
    y: Array | None,
    dw: Array | None,
    db: Array | None,
    c: int,
    centred: bool,
    eps: float,
    isa: int,
    threads: int,
) -> None: ...
def local(
    x: Array,
    g: Array | None,
    part: Array | None,
    y: Array,
    sizes: tuple[int, int, int, int, int],
    window: Sizes,
    before: Sizes,
    numbers: tuple[float, float, float],
    isa: int,
    threads: int,
) -> None: ...
def channel_mean(a: Array, b: Array | None, y: Array, sizes: Images, last: bool, isa: int, threads: int) -> None: ...
def subtract(
    x: Array, smooth: Array, v: Array, squares: Array, sizes: Images, last: bool, isa: int, threads: int
) -> None: ...
def combine(
    a: Array,
    divisor: Array | None,
    b: Array | None,
    factor: Array | None,
    y: Array,
    sizes: Images,
    last: bool,
    isa: int,
    threads: int,
) -> None: ...
def smooth(
    x: Array, inner: Array | None, outer: Array | None, taps: Array, y: Array, sizes: Images, isa: int, threads: int
) -> None: ...
