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
    FastconvTypeError,
    FastconvValueError,
    Pairs,
    batch_and_channels,
    channels_are_last,
    check_result,
    flag,
    is_sequence,
    one_of,
    padding_pairs,
    per_axis,
    shape_of,
    show,
    whole,
)

ITEMSIZES = {"float32": 4, "float64": 8} | {f"{sign}int{bits}": bits // 8 for sign in ("", "u") for bits in (8, 16, 32, 64)}
COMPACT_TAPS = 256  # what one byte tells apart


@dataclass(frozen=True, slots=True)
class PoolSpec:
    """One pooling: a reduction over windows of each plane. For unpooling `size` is the result, `output` the input.

    `padding` lies before each axis, `back` behind it: None where it is the same.
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
    count_include_pad: bool = True
    divisor_override: int | None = None
    channels_last: bool = False
    back: Axes | None = None

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
        """Check everything about a pooling that its shapes and options tell.

        Padding that is one number an axis keeps torch's rule, at most half of a window. As pairs, "valid", "same" (ONNX's
        "same_upper", TensorFlow's "SAME") or "same_lower" it keeps ONNX's: every side is less than a window.
        """
        last = channels_are_last(function, data_format, rank)
        batched, n, c, size = batch_and_channels(function, input_name, input_shape, rank, last)
        kernel = per_axis(function, "kernel_size", kernel_size, rank, 1, 1)
        steps = kernel if stride is None else per_axis(function, "stride", stride, rank, 1, 1)
        gaps = per_axis(function, "dilation", dilation, rank, 1, 1)
        spans = tuple((k - 1) * g + 1 for k, g in zip(kernel, gaps, strict=True))
        words = f"kernel_size={show(kernel_size)} and dilation={show(dilation)}"
        pairs = pool_padding(function, padding, rank, spans, size, steps, words)  # type: ignore[arg-type]
        ceil_mode = flag(function, "ceil_mode", ceil_mode)
        include = flag(function, "count_include_pad", count_include_pad)
        divisor = (
            None if divisor_override is None else whole(function, "divisor_override", divisor_override, 1, limit=OPTION)
        )
        output = tuple(map(pooled, size, spans, steps, pairs, (ceil_mode,) * 3))
        if any(o < 1 for o in output):
            raise FastconvValueError(
                f"{function}: kernel_size must not exceed the padded input, got kernel_size={show(kernel_size)} with "
                f"dilation={show(dilation)} and padding={show(padding)} for {input_name} of shape {input_shape}"
            )
        padded = [s + sum(pair) for s, pair in zip(size, pairs, strict=True)]
        if math.prod(padded) >= LIMIT or math.prod(kernel) >= LIMIT:
            raise FastconvValueError(
                f"{function}: kernel_size and padding must stay below 2**60 elements, got kernel_size={show(kernel_size)} "
                f"and padding={show(padding)} for input of shape {input_shape}"
            )
        steps = tuple(1 if o == 1 else step for o, step in zip(output, steps, strict=True))  # type: ignore[assignment]
        gaps = tuple(1 if k == 1 else gap for k, gap in zip(kernel, gaps, strict=True))  # type: ignore[assignment]
        fronts, backs = (tuple(pair[side] for pair in pairs) for side in (0, 1))
        shape = (batched, dtype, n, c, size, kernel, output, steps, gaps, fronts)
        spec = cls(function, rank, *shape, include, divisor, last, backs)  # type: ignore[arg-type]
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
        fronts, backs = (tuple(pair[side] for pair in pads) for side in (0, 1))
        shape = (batched, dtype, n, c, size, kernel, output, steps, (1, 1, 1), fronts)
        spec = cls(function, rank, *shape, False, None, last, backs)  # type: ignore[arg-type]
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
        dilation: Any = 1,
        *,
        data_format: Any = None,
        dtype: str = "float32",
        input_name: str = "input",
    ) -> PoolSpec:
        """Check an unpooling; its result is as large as the pooling's input was, or as `output_size` says."""
        last = channels_are_last(function, data_format, rank)
        batched, n, c, small = batch_and_channels(function, input_name, input_shape, rank, last)
        kernel = per_axis(function, "kernel_size", kernel_size, rank, 1, 1)
        steps = kernel if stride is None else per_axis(function, "stride", stride, rank, 1, 1)
        gaps = per_axis(function, "dilation", dilation, rank, 1, 1)
        if isinstance(padding, str):
            raise FastconvValueError(
                f"{function}: padding must be a whole number, one an axis, or a (front, back) pair an axis, "
                f"got padding={show(padding)}"
            )
        pairs = padding_pairs(function, padding, rank, kernel, small, steps)
        spans = [(k - 1) * gap + 1 for k, gap in zip(kernel, gaps, strict=True)]
        usual = [(o - 1) * s - sum(p) + k for o, s, p, k in zip(small, steps, pairs, spans, strict=True)]
        large = list(usual)
        if output_size is not None:
            lead = (n,) * batched
            large = unpooled(function, output_size, rank, lead, c, last, usual, steps)
        if any(s < 1 for s in large):
            raise FastconvValueError(
                f"{function}: padding must leave a result of positive size, got padding={show(padding)} with "
                f"kernel_size={show(kernel_size)} and stride={show(stride)} for {input_name} of shape {input_shape}"
            )
        if math.prod(large) >= LIMIT or math.prod(kernel) >= LIMIT:
            raise FastconvValueError(
                f"{function}: kernel_size, stride and output_size must keep the result below 2**60 elements, got "
                f"kernel_size={show(kernel_size)}, stride={show(stride)}, output_size={show(output_size)} for {input_name} "
                f"of shape {input_shape}"
            )
        fronts, backs = (tuple(pair[side] for pair in pairs) for side in (0, 1))
        shape = (batched, dtype, n, c, tuple(large), kernel, small, steps, gaps, fronts)
        spec = cls(function, rank, *shape, True, None, last, backs)  # type: ignore[arg-type]
        given = f"kernel_size={show(kernel_size)}, stride={show(stride)}, output_size={show(output_size)}"
        check_result(function, spec.input_shape, spec.itemsize, given)
        return spec

    @classmethod
    def between(
        cls, function: str, rank: int, large: tuple[int, ...], small: tuple[int, ...], dtype: str, data_format: Any = None
    ) -> PoolSpec:
        """Return the spec of two shapes whose correspondence only switches know."""
        last = channels_are_last(function, data_format, rank)
        batched, n, c, size = batch_and_channels(function, "input_size", large, rank, last)
        output = batch_and_channels(function, "grad_output", small, rank, last)[3]
        check_result(function, large, 8, f"shape {large}")
        ones = (1, 1, 1)
        return cls(function, rank, batched, dtype, n, c, size, ones, output, ones, ones, (0, 0, 0), channels_last=last)

    def compact(self, switches: Any) -> bool:
        """Whether switches are "compact", not "flat"; refuse those that one byte cannot tell."""
        if one_of(self.function, "switches", switches, ("flat", "compact")) == "flat":
            return False
        self.check_compact()
        return True

    def check_compact(self) -> None:
        """Refuse windows that compact switches cannot describe."""
        window = self.kernel[3 - self.rank :]
        if math.prod(self.kernel) > COMPACT_TAPS:
            raise FastconvValueError(
                f"{self.function}: kernel_size must hold at most {COMPACT_TAPS} elements for compact switches, "
                f"got kernel_size={window}"
            )
        if not all(map(meets, self.size, self.kernel, self.output, self.stride, self.dilation, self.padding)):
            raise FastconvValueError(
                f"{self.function}: padding must leave every window an element of the input for compact switches, "
                f"got padding={self.padding[3 - self.rank :]} with kernel_size={window} and "
                f"dilation={self.dilation[3 - self.rank :]}"
            )

    @property
    def itemsize(self) -> int:
        return ITEMSIZES[self.dtype]

    @property
    def tail(self) -> Axes:
        """The padding behind each axis."""
        return self.padding if self.back is None else self.back

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


def element_dtype(function: str, argument: str, dtype: Any) -> str:
    """Return the name of a dtype that has a maximum, whatever the byte order."""
    name = str(getattr(dtype, "name", dtype))
    if name not in ITEMSIZES:
        raise FastconvTypeError(
            f"{function}: {argument} must be float32, float64 or an integer type of 8 to 64 bits, "
            f"got {argument} of dtype {dtype}"
        )
    return name


def pool_padding(function: str, padding: Any, rank: int, spans: Axes, size: Axes, stride: Axes, words: str) -> Pairs:
    """Return (front, back) an axis; `words` say the window."""
    names = {"valid": "valid", "same": "same", "same_upper": "same", "same_lower": "same"}
    if isinstance(padding, str) and padding not in names:
        raise FastconvValueError(
            f"{function}: padding must be one of {', '.join(map(repr, names))}, a whole number, one an axis, or a "
            f"(front, back) pair an axis, got padding={padding!r}"
        )
    word = names[padding] if isinstance(padding, str) else padding
    pairs = padding_pairs(function, word, rank, spans, size, stride)
    if padding == "same_lower":
        pairs = tuple((back, front) for front, back in pairs)  # type: ignore[assignment]
    by_side = isinstance(padding, str) or (is_sequence(padding) and all(map(is_sequence, padding)))
    if not by_side:
        if any(front > span // 2 for (front, _), span in zip(pairs, spans, strict=True)):
            raise FastconvValueError(
                f"{function}: padding must be at most half of the effective kernel size, got padding={show(padding)} with "
                f"{words}"
            )
    elif any(side >= span for pair, span in zip(pairs, spans, strict=True) for side in pair):
        raise FastconvValueError(
            f"{function}: padding must be less than the effective kernel size on every side, got padding={show(padding)} "
            f"with {words}"
        )
    return pairs


def pooled(size: int, span: int, stride: int, pads: tuple[int, int], ceil_mode: bool) -> int:
    """Return the outputs along one axis; in ceil mode the last window must start inside the input or its front padding."""
    front, back = pads
    room = size + front + back - span
    if room < 0 and not (ceil_mode and room > -stride):
        return 0
    count = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    return count - 1 if ceil_mode and (count - 1) * stride >= size + front else count


def meets(size: int, taps: int, outputs: int, stride: int, dilation: int, front: int) -> bool:
    """Whether every window of an axis has a tap inside it: only dilation can step over all of a narrow input."""
    if size >= dilation:
        return True
    starts = (o * stride - front for o in range(outputs))
    return all(0 <= start + max(0, -(start // dilation)) * dilation < size for start in starts)


def unpooled(
    function: str, output_size: Any, rank: int, lead: tuple[int, ...], c: int, last: bool, usual: list[int], steps: Axes
) -> list[int]:
    """Return the three sizes of `output_size`, with or without batch and channels, each within a stride of the usual."""
    names = "(spatial, or with batch and channels)"
    given = shape_of(function, "output_size", output_size, (rank, rank + len(lead) + 1), names)
    spatial = given
    if len(given) > rank:
        spatial = given[len(lead) : -1] if last else given[len(lead) + 1 :]
        if given != ((*lead, *spatial, c) if last else (*lead, c, *spatial)):
            raise FastconvValueError(
                f"{function}: output_size must have the batch and channels {(*lead, c)} of the input, "
                f"got output_size={show(output_size)}"
            )
    large = [1] * (3 - rank) + list(spatial)
    for axis in range(3 - rank, 3):
        low, high = usual[axis] - steps[axis] + 1, usual[axis] + steps[axis] - 1
        if not low <= large[axis] <= high:
            raise FastconvValueError(
                f"{function}: output_size must lie between {low} and {high} in axis {axis - 3 + rank}, "
                f"got output_size={show(output_size)}"
            )
    return large
