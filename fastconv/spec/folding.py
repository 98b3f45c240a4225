# SPDX-License-Identifier: BSD-3-Clause
"""Patches: unfold and fold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .checks import LIMIT, Axes, FastconvValueError, batch_and_channels, check_result, is_sequence, per_axis, show
from .padding import TakeSpec


@dataclass(frozen=True, slots=True)
class FoldSpec:
    """The patches of an image: windows with a stride, flattened to columns.

    `size` is the image, `output` the patches along each axis; every tap of every channel is a row of the columns.
    """

    function: str
    rank: int
    batched: bool
    dtype: str
    n: int
    c: int
    size: Axes
    kernel: Axes
    output: Axes
    stride: Axes
    dilation: Axes
    padding: Axes
    disjoint: bool = False

    @classmethod
    def make(
        cls, function: str, input_shape: tuple[int, ...], options: tuple[Any, ...], dtype: str, argument: str = "input"
    ) -> FoldSpec:
        """Check an unfold of an image; `options` are kernel_size, dilation, padding and stride."""
        rank = fold_rank(options[0], 3 if len(input_shape) == 5 else 2)
        batched, n, c, size = batch_and_channels(function, argument, input_shape, rank)
        spec = cls.of(function, rank, batched, dtype, n, c, size, options)
        check_result(function, spec.columns_shape, spec.itemsize, f"kernel_size={show(options[0])}")
        return spec

    @classmethod
    def make_fold(
        cls, function: str, input_shape: tuple[int, ...], output_size: Any, options: tuple[Any, ...], dtype: str
    ) -> FoldSpec:
        """Check a fold of columns into an image of this size."""
        rank = fold_rank(output_size, fold_rank(options[0], 2))
        size = per_axis(function, "output_size", output_size, rank, 1, 1)
        if len(input_shape) not in (2, 3) or 0 in input_shape[-2:]:
            raise FastconvValueError(
                f"{function}: input must have shape (n, c * taps, patches) or (c * taps, patches) and no axis of size 0 "
                f"other than the batch, got input of shape {tuple(input_shape)}"
            )
        batched = len(input_shape) == 3
        spec = cls.of(function, rank, batched, dtype, input_shape[0] if batched else 1, 1, size, options)
        taps, patches = math.prod(spec.kernel), math.prod(spec.output)
        if input_shape[-2] % taps or input_shape[-1] != patches:
            raise FastconvValueError(
                f"{function}: input must have a multiple of {taps} rows, the taps, and {patches} columns, the patches "
                f"{spec.output[3 - rank :]} of output_size={show(output_size)}, got input of shape {tuple(input_shape)}"
            )
        spec = cls.of(function, rank, batched, dtype, spec.n, input_shape[-2] // taps, size, options)
        check_result(function, spec.image_shape, spec.itemsize, f"output_size={show(output_size)}")
        return spec

    @classmethod
    def of(
        cls, function: str, rank: int, batched: bool, dtype: str, n: int, c: int, size: Axes, options: tuple[Any, ...]
    ) -> FoldSpec:
        names, least, fill = ("kernel_size", "dilation", "padding", "stride"), (1, 1, 0, 1), (1, 1, 0, 1)
        kernel, gaps, pads, steps = (
            per_axis(function, name, value, rank, low, rest)
            for name, value, low, rest in zip(names, options, least, fill, strict=True)
        )
        spans = [(k - 1) * g + 1 for k, g in zip(kernel, gaps, strict=True)]
        room = [s + 2 * p for s, p in zip(size, pads, strict=True)]
        if any(span > r for span, r in zip(spans, room, strict=True)) or math.prod(room) * math.prod(kernel) >= LIMIT:
            raise FastconvValueError(
                f"{function}: kernel_size must not exceed the padded image and stay with it below 2**60 elements, got "
                f"kernel_size={show(options[0])}, dilation={show(options[1])} and padding={show(options[2])} for an image "
                f"of size {size[3 - rank :]}"
            )
        output = tuple((r - span) // step + 1 for r, span, step in zip(room, spans, steps, strict=True))
        steps = tuple(1 if o == 1 else step for o, step in zip(output, steps, strict=True))  # type: ignore[assignment]
        return cls(function, rank, batched, dtype, n, c, size, kernel, output, steps, gaps, pads)  # type: ignore[arg-type]

    @property
    def itemsize(self) -> int:
        return 4 if self.dtype == "float32" else 8

    @property
    def planes(self) -> int:
        return self.n * self.c

    @property
    def image_shape(self) -> tuple[int, ...]:
        shape = (self.c, *self.size[3 - self.rank :])
        return (self.n, *shape) if self.batched else shape

    @property
    def columns_shape(self) -> tuple[int, ...]:
        shape = (self.c * math.prod(self.kernel), math.prod(self.output))
        return (self.n, *shape) if self.batched else shape

    def take(self) -> TakeSpec:
        """Return the copies that make the columns."""
        axes = zip(self.size, self.kernel, self.output, self.stride, self.dilation, self.padding, strict=True)
        tables = [patch_places(*axis) for axis in axes]
        inside = tables[2] >= 0
        low = inside.argmax(axis=1)
        runs = np.stack([low, low + inside.sum(axis=1)], axis=1)
        places: Any = tuple(np.ascontiguousarray(table) for table in tables)
        return TakeSpec(
            self.function,
            self.dtype,
            self.columns_shape,
            self.planes,
            1,
            self.size,
            self.kernel,
            self.output,
            places,
            np.ascontiguousarray(runs, np.int64),
            self.stride[2],
        )


def fold_rank(value: Any, otherwise: int) -> int:
    """Return for how many axes an argument has a number each."""
    return len(value) if is_sequence(value) and len(value) in (1, 2, 3) else otherwise


def patch_places(size: int, taps: int, outputs: int, stride: int, dilation: int, pad: int) -> Any:
    """Return where each tap of each output of an axis reads, -1 outside."""
    at = np.arange(taps, dtype=np.int64)[:, None] * dilation + np.arange(outputs, dtype=np.int64) * stride - pad
    return np.where((at >= 0) & (at < size), at, -1)
