# SPDX-License-Identifier: BSD-3-Clause
"""Padding: arrays with borders around any of their axes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .borders import border_named
from .checks import (
    FORMATS,
    LIMIT,
    OPTION,
    Axes,
    FastconvTypeError,
    FastconvValueError,
    is_sequence,
    one_of,
    real,
    show,
    whole,
)

Places = tuple[Any, Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class TakeSpec:
    """Copies along three axes, with what every output stands for: a place of the input, or -1, the constant.

    Rows of `places` hold, tap by tap, the places of an axis' outputs; outputs [low, high) of `runs` stand `step` pixels
    apart.
    """

    function: str
    dtype: str
    output_shape: tuple[int, ...]
    planes: int
    inner: int
    size: Axes
    taps: Axes
    output: Axes
    places: Places
    runs: Any
    step: int = 1
    twice: bool = False
    value: float = 0.0

    @property
    def itemsize(self) -> int:
        return 4 if self.dtype == "float32" else 8


@dataclass(frozen=True, slots=True)
class PadSpec:
    """One padding: the pairs of all axes of the input, negative ones crop."""

    function: str
    mode: str
    value: float
    shape: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]

    @classmethod
    def make(
        cls, function: str, shape: tuple[int, ...], pad: Any, mode: Any, value: Any, data_format: Any, dtype: str
    ) -> PadSpec:
        """Check everything about a padding; `dtype` is that of the constant."""
        name = border_named(function, "mode", mode)
        last = closing_axes(function, shape, data_format)
        pairs = pad_pairs(function, pad, len(shape) - last)
        constant = 0.0 if value is None else real(function, "value", value, dtype)
        if name in ("constant", "zeros"):
            constant, name = (constant if name == "constant" else 0.0), "constant"
        elif constant:
            raise FastconvValueError(
                f"{function}: value must be 0 unless mode='constant', got value={show(value)} with {mode=}"
            )
        elif len(pad) > 6:
            raise FastconvValueError(f"{function}: pad must be of at most 3 axes with {mode=}, got pad={show(pad)}")
        every = (*[(0, 0)] * (len(shape) - last - len(pairs)), *pairs, *[(0, 0)] * last)
        spec = cls(function, name, constant, tuple(shape), every)
        for size, (front, back) in zip(shape, every, strict=True):
            least = 0 if name == "constant" or (front, back) == (0, 0) else 1
            if size + front + back < least or size < least:
                raise FastconvValueError(
                    f"{function}: pad must leave a size of at least {least} in every axis, got pad={show(pad)} for input of "
                    f"shape {tuple(shape)}"
                )
        if math.prod(spec.output_shape) >= LIMIT:
            raise FastconvValueError(
                f"{function}: pad must keep the result below 2**60 elements, got pad={show(pad)} for input of shape {shape}"
            )
        return spec

    @property
    def output_shape(self) -> tuple[int, ...]:
        return tuple(size + front + back for size, (front, back) in zip(self.shape, self.pairs, strict=True))

    def steps(self) -> list[PadSpec]:
        """Return paddings of at most three neighbouring axes each, which one after the other do the same."""
        padded = [axis for axis, pair in enumerate(self.pairs) if pair != (0, 0)]
        if not padded or padded[-1] - padded[0] < 3:
            return [self]
        cut = padded[-1] - 2
        none = ((0, 0),)
        inner = PadSpec(self.function, self.mode, self.value, self.shape, none * cut + self.pairs[cut:])
        outer = (*self.pairs[:cut], *none * (len(self.shape) - cut))
        rest = PadSpec(self.function, self.mode, self.value, inner.output_shape, outer)
        return [inner, *rest.steps()]

    def split(self) -> tuple[int, Axes, int, tuple[tuple[int, int], ...]]:
        """Return planes, three axes, inner and the pairs of the axes, of a padding of at most three neighbouring ones."""
        padded = [axis for axis, pair in enumerate(self.pairs) if pair != (0, 0)] or [len(self.shape) - 1]
        end = padded[-1] + 1
        first = max(end - 3, 0)
        size = (*[1] * (3 - (end - first)), *self.shape[first:end])
        pairs = (*[(0, 0)] * (3 - (end - first)), *self.pairs[first:end])
        return math.prod(self.shape[:first]), size, math.prod(self.shape[end:]), pairs  # type: ignore[return-value]

    def take(self, dtype: str) -> TakeSpec:
        """Return the copies of a padding of at most three neighbouring axes."""
        planes, size, inner, pairs = self.split()
        places: Any = tuple(border_places(self.mode, n, *pair) for n, pair in zip(size, pairs, strict=True))
        front, back = pairs[2]
        low, high = max(front, 0), size[2] + front + min(back, 0)
        runs = np.array([low, high] if low < high else [0, 0], np.int64)
        output: Any = tuple(len(p) for p in places)
        return TakeSpec(
            self.function, dtype, self.output_shape, planes, inner, size, (1, 1, 1), output, places, runs, value=self.value
        )


def closing_axes(function: str, shape: tuple[int, ...], data_format: Any) -> int:
    """Return how many axes follow the spatial ones, 0 or 1."""
    if data_format is None:
        return 0
    name = one_of(function, "data_format", data_format, [word for words in FORMATS.values() for word in words])
    rank = len(name) - 2
    if len(shape) not in (rank + 1, rank + 2):
        raise FastconvValueError(
            f"{function}: input must have {rank + 1} or {rank + 2} axes with data_format={name!r}, "
            f"got input of shape {shape}"
        )
    return int(name == FORMATS[rank][1])


def pad_pairs(function: str, pad: Any, axes: int) -> tuple[tuple[int, int], ...]:
    """Return (front, back) of the last axes, of which `pad` has the last first."""
    if not is_sequence(pad):
        raise FastconvTypeError(f"{function}: pad must be a sequence of whole numbers, got pad={show(pad)}")
    numbers = [whole(function, "pad", number, -OPTION, pad, OPTION) for number in pad]
    if len(numbers) % 2 or len(numbers) > 2 * axes:
        raise FastconvValueError(
            f"{function}: pad must have a front and a back for each of at most {axes} axes, the last axis first, "
            f"got pad={show(pad)}"
        )
    return tuple(zip(numbers[-2::-2], numbers[::-2], strict=True))


def border_places(mode: str, size: int, front: int, back: int) -> Any:
    """Return the place each position from -front to size + back stands for, -1 for a constant."""
    at = np.arange(-front, size + back, dtype=np.int64)
    if mode == "constant":
        return np.where((at >= 0) & (at < size), at, -1)
    if mode == "replicate":
        return at.clip(0, size - 1)
    if mode == "circular":  # of what was not cropped, as in torch
        first, end = max(-front, 0), size + min(back, 0)
        return (at - first) % (end - first) + first
    period = 2 * size if mode == "symmetric" else max(2 * size - 2, 1)
    at %= period
    return np.where(at < size, at, period - at - (mode == "symmetric"))
