# SPDX-License-Identifier: BSD-3-Clause
"""Reductions over boxes: adaptive and global pooling, sums, p-norms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .checks import (
    LIMIT,
    OPTION,
    Axes,
    FastconvTypeError,
    FastconvValueError,
    batch_and_channels,
    channels_are_last,
    check_result,
    is_sequence,
    show,
    whole,
)
from .pooling import PoolSpec

# What output o reads along an axis, a row an output: first place, end, places that count in a divisor.
Spans = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class BoxSpec:
    """One reduction of boxes to outputs; `kernel` is None where boxes share the plane out, as adaptive pooling has it.

    `kind` is "mean", "max", "sum" or "norm", which has the exponent `power`.
    """

    function: str
    rank: int
    kind: str
    power: float
    batched: bool
    dtype: str
    n: int
    c: int
    size: Axes
    output: Axes
    kernel: Axes | None = None
    stride: Axes = (1, 1, 1)
    padding: Axes = (0, 0, 0)
    channels_last: bool = False

    @classmethod
    def make_adaptive(
        cls,
        function: str,
        rank: int,
        kind: str,
        input_shape: tuple[int, ...],
        output_size: Any,
        *,
        data_format: Any = None,
        dtype: str = "float32",
        input_name: str = "input",
    ) -> BoxSpec:
        """Check a pooling to so many outputs an axis, None for as many as there are inputs."""
        last = channels_are_last(function, data_format, rank)
        batched, n, c, size = batch_and_channels(function, input_name, input_shape, rank, last)
        output = adaptive_size(function, output_size, rank, size)
        if any(s * o >= LIMIT for s, o in zip(size, output, strict=True)):
            raise FastconvValueError(
                f"{function}: output_size times the input's size must stay below 2**60 in every axis, got "
                f"output_size={show(output_size)} for {input_name} of shape {input_shape}"
            )
        spec = cls(function, rank, kind, 1.0, batched, dtype, n, c, size, output, channels_last=last)
        given = f"output_size={show(output_size)} for {input_name} of shape {input_shape}"
        check_result(function, spec.output_shape, 8, given)
        return spec

    @classmethod
    def make_windows(cls, windows: PoolSpec, kind: str, power: float) -> BoxSpec:
        """Return the spec of a sum or a norm over the windows of a pooling."""
        w = windows
        shape = (w.batched, w.dtype, w.n, w.c, w.size, w.output, w.kernel, w.stride, w.padding, w.channels_last)
        return cls(w.function, w.rank, kind, power, *shape)

    @property
    def itemsize(self) -> int:
        return 4 if self.dtype == "float32" else 8

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.array_shape(self.size)

    @property
    def output_shape(self) -> tuple[int, ...]:
        return self.array_shape(self.output)

    def array_shape(self, size: Axes) -> tuple[int, ...]:
        """Return the shape of an array of this size, in the layout of the call."""
        spatial = size[3 - self.rank :]
        shape = (*spatial, self.c) if self.channels_last else (self.c, *spatial)
        return (self.n, *shape) if self.batched else shape

    def folded(self) -> tuple[Axes, Axes, list[Spans]]:
        """Return size, output and spans with the axes that one box spans made part of the axis before them."""
        size, output = list(self.size), list(self.output)
        spans = [self.spans(axis) for axis in range(3)]
        for _ in range(2):
            if output[2] > 1 or spans[2][0].tolist() != [0, size[2], size[2]]:
                break
            spans = [np.array([[0, 1, 1]], np.int64), spans[0], spans[1] * size[2]]
            size, output = [1, size[0], size[1] * size[2]], [1, output[0], output[1]]
        return tuple(size), tuple(output), spans  # type: ignore[return-value]

    def spans(self, axis: int) -> Spans:
        """Return what each output reads along an axis."""
        o, size = np.arange(self.output[axis], dtype=np.int64), self.size[axis]
        if self.kernel is None:
            begin, end = o * size // self.output[axis], -(-(o + 1) * size // self.output[axis])
            return np.stack([begin, end, end - begin], axis=1)
        start = o * self.stride[axis] - self.padding[axis]
        stop = np.minimum(start + self.kernel[axis], size + self.padding[axis])
        return np.stack([np.maximum(start, 0), np.minimum(stop, size), stop - start], axis=1)


def adaptive_size(function: str, output_size: Any, rank: int, size: Axes) -> Axes:
    """Return the outputs along three axes, from one number or one an axis; None keeps an axis."""
    given = list(output_size) if is_sequence(output_size) else [output_size] * rank
    if len(given) == 1:
        given *= rank
    if len(given) != rank:
        raise FastconvValueError(
            f"{function}: output_size must be a whole number or None, or a sequence of {rank}, one an axis, "
            f"got output_size={show(output_size)}"
        )
    kept = size[3 - rank :]
    numbers = [
        s if o is None else whole(function, "output_size", o, 1, output_size, OPTION)
        for o, s in zip(given, kept, strict=True)
    ]
    return (*[1] * (3 - rank), *numbers)  # type: ignore[return-value]


def norm_power(function: str, norm_type: Any) -> float:
    """Return the exponent of a norm: any positive number, infinity for the maximum."""
    if isinstance(norm_type, bool) or not isinstance(norm_type, (int, float, np.integer, np.floating)):
        raise FastconvTypeError(f"{function}: norm_type must be a number, got norm_type={show(norm_type)}")
    try:
        power = float(norm_type)
    except OverflowError:
        power = math.inf
    if not power > 0:
        raise FastconvValueError(f"{function}: norm_type must be positive, got norm_type={show(norm_type)}")
    return power
