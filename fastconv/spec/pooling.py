# SPDX-License-Identifier: BSD-3-Clause
"""Pooling and unpooling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .checks import (
    LIMIT,
    OPTION,
    Axes,
    FastconvValueError,
    batch_and_channels,
    channels_are_last,
    check_result,
    flag,
    padding_pairs,
    per_axis,
    shape_of,
    show,
    whole,
)


@dataclass(frozen=True, slots=True)
class PoolSpec:
    """One pooling: a reduction over windows of each plane. For unpooling `size` is the result, `output` the input."""

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
    count_include_pad: bool = True
    divisor_override: int | None = None
    channels_last: bool = False

    @classmethod
    def make(
        cls,
        function: str,
        rank: int,
        input_shape: tuple[int, ...],
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: Any = False,
        *,
        count_include_pad: Any = True,
        divisor_override: Any = None,
        data_format: Any = None,
        dtype: str = "float32",
        input_name: str = "input",
    ) -> PoolSpec:
        """Check everything about a pooling that its shapes and options tell."""
        last = channels_are_last(function, data_format, rank)
        batched, n, c, size = batch_and_channels(function, input_name, input_shape, rank, last)
        kernel = per_axis(function, "kernel_size", kernel_size, rank, 1, 1)
        steps = kernel if stride is None else per_axis(function, "stride", stride, rank, 1, 1)
        pads = per_axis(function, "padding", padding, rank, 0, 0)
        gaps = per_axis(function, "dilation", dilation, rank, 1, 1)
        ceil_mode = flag(function, "ceil_mode", ceil_mode)
        include = flag(function, "count_include_pad", count_include_pad)
        divisor = (
            None if divisor_override is None else whole(function, "divisor_override", divisor_override, 1, limit=OPTION)
        )
        spans = [(k - 1) * g + 1 for k, g in zip(kernel, gaps, strict=True)]
        if any(pad > span // 2 for pad, span in zip(pads, spans, strict=True)):
            raise FastconvValueError(
                f"{function}: padding must be at most half of the effective kernel size, got padding={show(padding)} with "
                f"kernel_size={show(kernel_size)} and dilation={show(dilation)}"
            )
        output = tuple(
            pooled(room, span, step, pad, ceil_mode) for room, span, step, pad in zip(size, spans, steps, pads, strict=True)
        )
        if any(o < 1 for o in output):
            raise FastconvValueError(
                f"{function}: kernel_size must not exceed the padded input, got kernel_size={show(kernel_size)} with "
                f"dilation={show(dilation)} and padding={show(padding)} for {input_name} of shape {input_shape}"
            )
        padded = [s + 2 * pad for s, pad in zip(size, pads, strict=True)]
        if math.prod(padded) >= LIMIT or math.prod(kernel) >= LIMIT:
            raise FastconvValueError(
                f"{function}: kernel_size and padding must stay below 2**60 elements, got kernel_size={show(kernel_size)} "
                f"and padding={show(padding)} for input of shape {input_shape}"
            )
        steps = tuple(1 if o == 1 else step for o, step in zip(output, steps, strict=True))  # type: ignore[assignment]
        gaps = tuple(1 if k == 1 else gap for k, gap in zip(kernel, gaps, strict=True))  # type: ignore[assignment]
        shape = (batched, dtype, n, c, size, kernel, output, steps, gaps, pads)
        spec = cls(function, rank, *shape, include, divisor, last)  # type: ignore[arg-type]
        check_result(
            function, spec.output_shape, 8, f"{input_name} of shape {input_shape} and kernel_size={show(kernel_size)}"
        )
        return spec

    @classmethod
    def make_padded(
        cls,
        function: str,
        rank: int,
        input_shape: tuple[int, ...],
        kernel: Axes,
        stride: Axes,
        padding: Any,
        last: bool,
        dtype: str,
    ) -> PoolSpec:
        """Check a pooling that pads each side as `padding` says, "same", "valid" or pairs, and averages what is inside."""
        batched, n, c, size = batch_and_channels(function, "input", input_shape, rank, last)
        pads = padding_pairs(function, padding, rank, kernel, size, stride)
        if any(side >= k for pair, k in zip(pads, kernel, strict=True) for side in pair):
            raise FastconvValueError(
                f"{function}: padding must be less than ksize={kernel[3 - rank :]}, got padding={pads[3 - rank :]}"
            )
        padded = [s + front + back for s, (front, back) in zip(size, pads, strict=True)]
        if any(k > room for k, room in zip(kernel, padded, strict=True)):
            raise FastconvValueError(
                f"{function}: ksize must not exceed the padded input, got ksize={kernel[3 - rank :]} for input of shape "
                f"{input_shape} padded to {tuple(padded[3 - rank :])}"
            )
        output = tuple((room - k) // step + 1 for room, k, step in zip(padded, kernel, stride, strict=True))
        steps = tuple(1 if o == 1 else step for o, step in zip(output, stride, strict=True))
        fronts = tuple(front for front, _ in pads)
        shape = (batched, dtype, n, c, size, kernel, output, steps, (1, 1, 1), fronts)
        spec = cls(function, rank, *shape, False, None, last)  # type: ignore[arg-type]
        check_result(function, spec.output_shape, 8, f"input of shape {input_shape}")
        return spec

    @classmethod
    def make_unpool(
        cls,
        function: str,
        rank: int,
        input_shape: tuple[int, ...],
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        output_size: Any = None,
        *,
        dtype: str = "float32",
    ) -> PoolSpec:
        """Check an unpooling; its result is as large as the pooling's input was, or as `output_size` says."""
        batched, n, c, small = batch_and_channels(function, "input", input_shape, rank)
        kernel = per_axis(function, "kernel_size", kernel_size, rank, 1, 1)
        steps = kernel if stride is None else per_axis(function, "stride", stride, rank, 1, 1)
        pads = per_axis(function, "padding", padding, rank, 0, 0)
        usual = [(o - 1) * s - 2 * p + k for o, s, p, k in zip(small, steps, pads, kernel, strict=True)]
        large = list(usual)
        if output_size is not None:
            large = unpooled(function, output_size, rank, (n, c) if batched else (c,), usual, steps)
        if any(s < 1 for s in large):
            raise FastconvValueError(
                f"{function}: padding must leave a result of positive size, got padding={show(padding)} with "
                f"kernel_size={show(kernel_size)} and stride={show(stride)} for input of shape {input_shape}"
            )
        if math.prod(large) >= LIMIT:
            raise FastconvValueError(
                f"{function}: kernel_size, stride and output_size must keep the result below 2**60 elements, got "
                f"kernel_size={show(kernel_size)}, stride={show(stride)}, output_size={show(output_size)} for input of "
                f"shape {input_shape}"
            )
        spec = cls(function, rank, batched, dtype, n, c, tuple(large), kernel, small, (1, 1, 1), (1, 1, 1), (0, 0, 0))  # type: ignore[arg-type]
        given = f"kernel_size={show(kernel_size)}, stride={show(stride)}, output_size={show(output_size)}"
        check_result(function, spec.input_shape, spec.itemsize, given)
        return spec

    @classmethod
    def between(cls, function: str, rank: int, large: tuple[int, ...], small: tuple[int, ...], dtype: str) -> PoolSpec:
        """Return the spec of two shapes whose correspondence only switches know."""
        batched, n, c, size = batch_and_channels(function, "input_size", large, rank)
        output = batch_and_channels(function, "grad_output", small, rank)[3]
        check_result(function, large, 8, f"shape {large}")
        return cls(function, rank, batched, dtype, n, c, size, (1, 1, 1), output, (1, 1, 1), (1, 1, 1), (0, 0, 0))

    @property
    def itemsize(self) -> int:
        return 4 if self.dtype == "float32" else 8

    @property
    def planes(self) -> int:
        return self.n * self.c

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


def pooled(size: int, span: int, stride: int, pad: int, ceil_mode: bool) -> int:
    """Return the outputs along one axis; in ceil mode the last window must start inside the input or its left padding."""
    room = size + 2 * pad - span
    if room < 0 and not (ceil_mode and room > -stride):
        return 0
    count = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    return count - 1 if ceil_mode and (count - 1) * stride >= size + pad else count


def unpooled(function: str, output_size: Any, rank: int, lead: tuple[int, ...], usual: list[int], steps: Axes) -> list[int]:
    """Return the three sizes of `output_size`, with or without batch and channels, each within a stride of the usual."""
    names = "(spatial, or with batch and channels)"
    given = shape_of(function, "output_size", output_size, (rank, rank + len(lead)), names)
    if len(given) > rank and given[: len(lead)] != lead:
        raise FastconvValueError(
            f"{function}: output_size must begin with the batch and channels {lead} of the input, "
            f"got output_size={show(output_size)}"
        )
    large = [1] * (3 - rank) + list(given[-rank:])
    for axis in range(3 - rank, 3):
        low, high = usual[axis] - steps[axis] + 1, usual[axis] + steps[axis] - 1
        if not low <= large[axis] <= high:
            raise FastconvValueError(
                f"{function}: output_size must lie between {low} and {high} in axis {axis - 3 + rank}, "
                f"got output_size={show(output_size)}"
            )
    return large
