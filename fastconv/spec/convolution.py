# SPDX-License-Identifier: BSD-3-Clause
"""Convolutions, and pairs of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from .borders import (
    ALL_ZEROS,
    Borders,
    border_of,
)
from .checks import (
    LIMIT,
    OPTION,
    Axes,
    FastconvValueError,
    Pairs,
    batch_and_channels,
    channels_are_last,
    check_result,
    flag,
    one_of,
    padding_pairs,
    per_axis,
    real,
    show,
    whole,
)

ACTIVATIONS = ("relu", "relu6", "leaky_relu", "sigmoid", "tanh", "silu", "hardswish")
SLOPE = 0.01  # of leaky_relu where nobody says
PRECISIONS = ("fast", "strict")


def activation_of(function: str, activation: Any, dtype: str, argument: str = "activation") -> tuple[str, float]:
    """Return name and slope of an activation argument: None, a name, or ("leaky_relu", slope)."""
    if activation is None:
        return "none", SLOPE
    if not isinstance(activation, tuple):
        return one_of(function, argument, activation, ACTIVATIONS), SLOPE
    if len(activation) != 2 or not isinstance(activation[0], str) or activation[0] != "leaky_relu":
        raise FastconvValueError(
            f"{function}: {argument} must be one of {ACTIVATIONS} or ('leaky_relu', slope), "
            f"got {argument}={show(activation)}"
        )
    return "leaky_relu", real(function, argument, activation[1], dtype, activation)


def bias_extents(function: str, argument: str, shape: Any, c_out: int, output: tuple[int, ...]) -> Axes:
    """Return how many places a bias of this shape has along each axis: one, or one an output."""
    if shape is None or shape == (c_out,):
        return (1, 1, 1)
    allowed = [{c_out}, *({1, o} for o in output)]
    if len(shape) != len(allowed) or any(b not in sizes for b, sizes in zip(shape, allowed, strict=True)):
        places = ", ".join(str(o) if o == 1 else f"1 or {o}" for o in output)
        raise FastconvValueError(
            f"{function}: {argument} must have shape ({c_out},) or ({c_out}, {places}), got {argument} of shape {shape}"
        )
    return (*[1] * (3 - len(output)), *shape[1:])


@dataclass(frozen=True, slots=True)
class ConvSpec:
    """One convolution: y[c_out, o] = activation(bias + sum of weight * x[o*stride - front + tap*dilation]).

    Sizes are (d, h, w) whatever the layout; `input_shape` and `output_shape` are those of the arrays. Outside the input lies
    what `border` says, (front, back) an axis; outside of several axes a constant counts before elements, and `border_value`
    before zero. With `flip` the taps count backwards. Along each axis the bias has as many places as `untied` says: one, or
    one an output. Where arrays are parts of larger ones, channels of the input lie `input_step` elements apart, those of the
    output `output_step`; 0: one follows the other.
    """

    function: str
    rank: int
    batched: bool
    dtype: str
    n: int
    c_in: int
    c_out: int
    groups: int
    size: Axes
    kernel: Axes
    output: Axes
    stride: Axes
    dilation: Axes
    padding: Pairs
    bias: bool
    channels_last: bool = False
    activation: str = "none"
    slope: float = SLOPE
    precision: str = "fast"
    border: Borders = ALL_ZEROS
    border_value: float = 0.0
    flip: bool = False
    untied: Axes = (1, 1, 1)
    input_step: int = 0
    output_step: int = 0

    @classmethod
    def make(
        cls,
        function: str,
        rank: int,
        input_shape: tuple[int, ...],
        weight_shape: tuple[int, ...],
        bias_shape: tuple[int, ...] | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: Any = 1,
        *,
        data_format: Any = None,
        activation: Any = None,
        precision: Any = "fast",
        dtype: str = "float32",
        input_name: str = "input",
        padding_mode: Any = "zeros",
        padding_value: Any = 0.0,
        flip: Any = False,
        given_weight: tuple[int, ...] | None = None,
        weight_name: str = "weight",
    ) -> ConvSpec:
        """Check everything about a convolution that its shapes and options tell.

        `given_weight`: the shape the caller knows, if the weights hold the filters in another form.
        """
        last = channels_are_last(function, data_format, rank)
        after, slope = activation_of(function, activation, dtype)
        one_of(function, "precision", precision, PRECISIONS)
        flip = flag(function, "flip", flip)
        batched, n, c_in, size = batch_and_channels(function, input_name, input_shape, rank, last)
        given = f"{input_name} of shape {input_shape}" + f" with data_format={data_format!r}" * last
        if len(weight_shape) != rank + 2 or 0 in weight_shape:
            raise FastconvValueError(
                f"{function}: weight must have {rank + 2} axes (c_out, c_in/groups, kernel), none of size 0, "
                f"got weight of shape {weight_shape}"
            )
        c_out, per_group, *kernel_sizes = weight_shape
        shown = given_weight or weight_shape
        kernel: Axes = (*[1] * (3 - rank), *kernel_sizes)  # type: ignore[assignment]
        steps = per_axis(function, "stride", stride, rank, 1, 1)
        gaps = per_axis(function, "dilation", dilation, rank, 1, 1)
        parts = whole(function, "groups", groups, 1, limit=OPTION)
        if c_in % parts or c_in // parts != per_group:
            raise FastconvValueError(
                f"{function}: given groups={parts} and weight of shape {shown}, {input_name} must have "
                f"{per_group * parts} channels, got {given}"
            )
        if c_out % parts:
            raise FastconvValueError(
                f"{function}: groups must divide the output channels of weight of shape {shown}, got groups={parts}"
            )
        spans: Axes = tuple((k - 1) * g + 1 for k, g in zip(kernel, gaps, strict=True))  # type: ignore[assignment]
        pads = padding_pairs(function, padding, rank, spans, size, steps)
        border, value = border_of(function, padding_mode, padding_value, rank, pads, size, dtype)
        padded = [s + front + back for s, (front, back) in zip(size, pads, strict=True)]
        if any(span > room for span, room in zip(spans, padded, strict=True)):
            raise FastconvValueError(
                f"{function}: {weight_name} must not be larger than the padded {input_name}: kernel size "
                f"{tuple(kernel_sizes)} with dilation={show(dilation)} spans {spans[3 - rank :]}, got padded size "
                f"{tuple(padded[3 - rank :])} ({given}, padding={show(padding)})"
            )
        if math.prod(padded) * max(c_in, 1) >= LIMIT:
            raise FastconvValueError(
                f"{function}: padding must keep the padded {input_name} below 2**60 elements, got padding={show(padding)} "
                f"for {given}"
            )
        output: Axes = tuple(  # type: ignore[assignment]
            (room - span) // step + 1 for room, span, step in zip(padded, spans, steps, strict=True)
        )
        steps = tuple(1 if o == 1 else step for o, step in zip(output, steps, strict=True))  # type: ignore[assignment]
        gaps = tuple(1 if k == 1 else gap for k, gap in zip(kernel, gaps, strict=True))  # type: ignore[assignment]
        untied = bias_extents(function, "bias", bias_shape, c_out, output[3 - rank :])
        spec = cls(
            function,
            rank,
            batched,
            dtype,
            n,
            c_in,
            c_out,
            parts,
            size,
            kernel,
            output,
            steps,
            gaps,
            pads,
            bias_shape is not None,
            last,
            after,
            slope,
            precision,
            border,
            value,
            flip and math.prod(kernel) > 1,
            untied,
        )
        check_result(function, spec.output_shape, spec.itemsize, f"{given} and padding={show(padding)}")
        return spec

    @property
    def itemsize(self) -> int:
        return 4 if self.dtype == "float32" else 8

    @property
    def taps(self) -> int:
        return math.prod(self.kernel)

    @property
    def bordered(self) -> bool:
        """Whether anything but zeros lies outside the input."""
        return self.border != ALL_ZEROS

    @property
    def kernel_size(self) -> tuple[int, ...]:
        return self.kernel[3 - self.rank :]

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.array_shape(self.c_in, self.size)

    @property
    def output_shape(self) -> tuple[int, ...]:
        return self.array_shape(self.c_out, self.output)

    def array_shape(self, channels: int, size: Axes) -> tuple[int, ...]:
        """Return the shape of an array of so many channels and this size, in the layout of the call."""
        spatial = size[3 - self.rank :]
        shape = (*spatial, channels) if self.channels_last else (channels, *spatial)
        return (self.n, *shape) if self.batched else shape

    def strip(self, axis: int, start: int, stop: int) -> tuple[int, ConvSpec]:
        """Return where on an axis the input of outputs [start, stop) begins, and their convolution, that input its whole."""
        (front, _), size = self.padding[axis], self.size[axis]
        first = start * self.stride[axis] - front
        last = (stop - 1) * self.stride[axis] - front + (self.kernel[axis] - 1) * self.dilation[axis] + 1
        low, high = max(first, 0), min(last, size)
        padding, sizes, output = list(self.padding), list(self.size), list(self.output)
        padding[axis], sizes[axis], output[axis] = (low - first, last - high), high - low, stop - start
        strip = replace(self, padding=tuple(padding), size=tuple(sizes), output=tuple(output))  # type: ignore[arg-type]
        return low, strip

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return (self.c_out, self.c_in // self.groups, *self.kernel_size)

    @property
    def bias_shape(self) -> tuple[int, ...]:
        return (self.c_out,) if self.untied == (1, 1, 1) else (self.c_out, *self.untied[3 - self.rank :])

    @property
    def finishes(self) -> bool:
        """Whether bias and activation follow the sums in a pass of their own."""
        return self.bias and self.untied != (1, 1, 1)

    @property
    def multiply_adds(self) -> int:
        return self.n * self.c_out * math.prod(self.output) * (self.c_in // self.groups) * self.taps

    @property
    def flops(self) -> int:
        return 2 * self.multiply_adds

    @property
    def bytes_moved(self) -> int:
        """Input, weights, bias and output, each once."""
        items = math.prod(self.input_shape) + math.prod(self.weight_shape) + math.prod(self.output_shape)
        return self.itemsize * (items + (math.prod(self.bias_shape) if self.bias else 0))


@dataclass(frozen=True, slots=True)
class SeparableSpec:
    """A depthwise convolution, each channel with filters of its own, and a pointwise one, which mixes the channels."""

    depthwise: ConvSpec
    pointwise: ConvSpec

    @classmethod
    def make(
        cls,
        function: str,
        rank: int,
        input_shape: tuple[int, ...],
        weight_shapes: tuple[tuple[int, ...], tuple[int, ...]],
        bias_shapes: tuple[tuple[int, ...] | None, tuple[int, ...] | None] = (None, None),
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        *,
        data_format: Any = None,
        depthwise_activation: Any = None,
        activation: Any = None,
        dtype: str = "float32",
    ) -> SeparableSpec:
        """Check both; stride, padding and dilation are those of the first."""
        activation_of(function, depthwise_activation, dtype, "depthwise_activation")
        last = channels_are_last(function, data_format, rank)
        _, _, c_in, _ = batch_and_channels(function, "input", input_shape, rank, last)
        ones = (1,) * rank
        first, second = weight_shapes
        if len(first) != rank + 2 or 0 in first or first[1] != 1:
            raise FastconvValueError(
                f"{function}: depthwise_weight must have {rank + 2} axes (c_in * multiplier, 1, kernel), none of size 0, "
                f"got depthwise_weight of shape {first}"
            )
        if first[0] % c_in:
            raise FastconvValueError(
                f"{function}: depthwise_weight must have filters for each of {c_in} input channels, as many for all, "
                f"got depthwise_weight of shape {first} for input of shape {input_shape}"
            )
        if len(second) != rank + 2 or 0 in second or second[1:] != (first[0], *ones):
            raise FastconvValueError(
                f"{function}: pointwise_weight must have shape (c_out, {', '.join(map(str, (first[0], *ones)))}) after "
                f"depthwise_weight of shape {first}, got pointwise_weight of shape {second}"
            )
        for part, weights, shape in zip(("depthwise", "pointwise"), weight_shapes, bias_shapes, strict=True):
            if shape not in (None, weights[:1]):
                raise FastconvValueError(
                    f"{function}: {part}_bias must have shape ({weights[0]},), got {part}_bias of shape {shape}"
                )
        how: dict[str, Any] = {"data_format": data_format, "dtype": dtype, "weight_name": "depthwise_weight"}
        weight, bias = weight_shapes[0], bias_shapes[0]
        places, after = (stride, padding, dilation, c_in), depthwise_activation
        depthwise = ConvSpec.make(function, rank, input_shape, weight, bias, *places, activation=after, **how)
        weight, bias = weight_shapes[1], bias_shapes[1]
        pointwise = ConvSpec.make(function, rank, depthwise.output_shape, weight, bias, activation=activation, **how)
        return cls(depthwise, pointwise)
