# SPDX-License-Identifier: BSD-3-Clause
"""Transposed convolutions, and the phases they fall into."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

from .checks import (
    LIMIT,
    OPTION,
    Axes,
    FastconvValueError,
    Pairs,
    batch_and_channels,
    channels_are_last,
    check_result,
    one_of,
    padding_pairs,
    per_axis,
    show,
    whole,
)
from .convolution import (
    PRECISIONS,
    ConvSpec,
    activation_of,
)


@dataclass(frozen=True, slots=True)
class PhaseAxis:
    """Positions offset + stride*m of an output axis, for some offsets, which all read inputs m - front + j*step.

    `taps` tells for each offset which taps of the kernel they meet, in the order of j = 0, 1, ...
    """

    offsets: tuple[int, ...]
    taps: tuple[tuple[int, ...], ...]
    front: int
    step: int


Phase = tuple[PhaseAxis, PhaseAxis, PhaseAxis]
Box = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class ConvTransposeSpec(ConvSpec):
    """One transposed convolution: y[c_out, i*stride - front + tap*dilation] += weight * x[c_in, i], then bias, activation.

    As a ConvSpec, but the weights are (c_in, c_out/groups, kernel), and the padding is cut off the output. Where an axis of
    the input has one position the stride is that which sets it apart from others.
    """

    @classmethod
    def make_transpose(
        cls,
        function: str,
        rank: int,
        input_shape: tuple[int, ...],
        weight_shape: tuple[int, ...],
        bias_shape: tuple[int, ...] | None = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: Any = 1,
        dilation: Any = 1,
        *,
        data_format: Any = None,
        activation: Any = None,
        precision: Any = "fast",
        dtype: str = "float32",
        input_name: str = "input",
    ) -> ConvTransposeSpec:
        """Check everything about a transposed convolution that its shapes and options tell."""
        last = channels_are_last(function, data_format, rank)
        after, slope = activation_of(function, activation, dtype)
        one_of(function, "precision", precision, PRECISIONS)
        batched, n, c_in, size = batch_and_channels(function, input_name, input_shape, rank, last)
        given = f"{input_name} of shape {input_shape}" + f" with data_format={data_format!r}" * last
        if len(weight_shape) != rank + 2 or 0 in weight_shape:
            raise FastconvValueError(
                f"{function}: weight must have {rank + 2} axes (c_in, c_out/groups, kernel), none of size 0, "
                f"got weight of shape {weight_shape}"
            )
        kernel: Axes = (*[1] * (3 - rank), *weight_shape[2:])  # type: ignore[assignment]
        steps = per_axis(function, "stride", stride, rank, 1, 1)
        gaps = per_axis(function, "dilation", dilation, rank, 1, 1)
        more = per_axis(function, "output_padding", output_padding, rank, 0, 0)
        parts = whole(function, "groups", groups, 1, limit=OPTION)
        if weight_shape[0] != c_in:
            raise FastconvValueError(
                f"{function}: given weight of shape {weight_shape}, {input_name} must have {weight_shape[0]} channels, "
                f"got {given}"
            )
        if c_in % parts:
            raise FastconvValueError(f"{function}: groups must divide the channels of {given}, got groups={parts}")
        c_out = weight_shape[1] * parts
        if bias_shape is not None and bias_shape != (c_out,):
            raise FastconvValueError(
                f"{function}: given weight of shape {weight_shape} and groups={parts}, bias must have shape ({c_out},), "
                f"got bias of shape {bias_shape}"
            )
        if isinstance(padding, str):
            raise FastconvValueError(
                f"{function}: padding must be a whole number, one an axis, or a (front, back) pair an axis, "
                f"got padding={padding!r}"
            )
        pads = padding_pairs(function, padding, rank, size, size, steps)
        if any(m >= max(s, g) for m, s, g in list(zip(more, steps, gaps, strict=True))[3 - rank :]):
            raise FastconvValueError(
                f"{function}: output_padding must be smaller than stride or dilation, got "
                f"output_padding={show(output_padding)} with stride={show(stride)} and dilation={show(dilation)}"
            )
        spans = [(k - 1) * g + 1 for k, g in zip(kernel, gaps, strict=True)]
        output: Axes = tuple(  # type: ignore[assignment]
            (i - 1) * s + span + m - front - back
            for i, s, span, m, (front, back) in zip(size, steps, spans, more, pads, strict=True)
        )
        if any(o < 1 for o in output):
            raise FastconvValueError(
                f"{function}: padding must leave a result of positive size, got padding={show(padding)} for {given} and "
                f"weight of shape {weight_shape} with stride={show(stride)} and dilation={show(dilation)}"
            )
        if any((o + front + back) * max(c_in, c_out) >= LIMIT for o, (front, back) in zip(output, pads, strict=True)):
            raise FastconvValueError(
                f"{function}: stride and dilation must keep the result below 2**60 elements, got stride={show(stride)} and "
                f"dilation={show(dilation)} for {given}"
            )
        gaps = tuple(1 if k == 1 else gap for k, gap in zip(kernel, gaps, strict=True))  # type: ignore[assignment]
        steps = tuple(span if i == 1 else step for i, span, step in zip(size, spans, steps, strict=True))  # type: ignore[assignment]
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
        )
        sizes = f"{given}, stride={show(stride)}, dilation={show(dilation)} and output_padding={show(output_padding)}"
        check_result(function, spec.output_shape, spec.itemsize, sizes)
        return spec

    @classmethod
    def adjoint(cls, conv: ConvSpec, size: Axes, fronts: Axes) -> ConvTransposeSpec:
        """Return what takes gradients of a convolution's outputs to those of a box of its padded input.

        The box has this size and begins `fronts` positions before the output's first. What no output reads gets zero.
        """
        spans = [(k - 1) * g + 1 for k, g in zip(conv.kernel, conv.dilation, strict=True)]
        steps: Axes = tuple(span if i == 1 else s for i, span, s in zip(conv.output, spans, conv.stride, strict=True))  # type: ignore[assignment]
        pads: Pairs = tuple(  # type: ignore[assignment]
            (front, (i - 1) * s + span - front - o)
            for i, s, span, front, o in zip(conv.output, steps, spans, fronts, size, strict=True)
        )
        fields = (conv.function, conv.rank, conv.batched, conv.dtype, conv.n, conv.c_out, conv.c_in, conv.groups)
        places = (conv.output, conv.kernel, size, steps, conv.dilation, pads)
        return cls(*fields, *places, False, conv.channels_last, precision=conv.precision, flip=conv.flip)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return (self.c_in, self.c_out // self.groups, *self.kernel_size)

    @property
    def multiply_adds(self) -> int:
        return self.n * self.c_in * math.prod(self.size) * (self.c_out // self.groups) * self.taps

    def gradient(self) -> ConvSpec:
        """Return the convolution whose input gradient this is: it takes outputs of this to inputs of this."""
        backs = [
            (i - 1) * s + (k - 1) * g + 1 - front - o
            for i, s, k, g, (front, _), o in zip(
                self.size, self.stride, self.kernel, self.dilation, self.padding, self.output, strict=True
            )
        ]
        pads: Pairs = tuple((front, back) for (front, _), back in zip(self.padding, backs, strict=True))  # type: ignore[assignment]
        fields = (self.function, self.rank, self.batched, self.dtype, self.n, self.c_out, self.c_in, self.groups)
        places = (self.output, self.kernel, self.size, self.stride, self.dilation, pads)
        return ConvSpec(*fields, *places, False, self.channels_last, precision=self.precision)

    @property
    def phase_axes(self) -> tuple[tuple[PhaseAxis, ...], ...]:
        """What the phases of each axis are. Offsets that read the same inputs are one phase, with more output channels.

        With channels last and groups they stay apart, so that all output channels of a pixel lie together.
        """
        apart = self.channels_last and self.groups > 1
        axes = zip(self.kernel, self.output, self.stride, self.dilation, self.padding, strict=True)
        return tuple(axis_phases(k, o, s, g, front, apart) for k, o, s, g, (front, _) in axes)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The convolutions that make up the output; positions that none of them makes are the bias alone."""
        return tuple(itertools.product(*self.phase_axes))  # type: ignore[arg-type]

    @property
    def phase_count(self) -> int:
        """How many offsets, over all axes, have taps."""
        return sum(math.prod(len(axis.offsets) for axis in phase) for phase in self.phases)

    @property
    def phase_box(self) -> Box:
        """The positions m of the whole output."""
        return tuple((0, -(-o // s)) for o, s in zip(self.output, self.stride, strict=True))  # type: ignore[return-value]

    def phase_conv(self, phase: Phase, box: Box, n: int = 1) -> ConvSpec:
        """Return the convolution of n images that makes a phase at positions of a box; its padding may be negative."""
        kernel: Axes = tuple(len(axis.taps[0]) for axis in phase)  # type: ignore[assignment]
        steps: Axes = tuple(1 if k == 1 else axis.step for axis, k in zip(phase, kernel, strict=True))  # type: ignore[assignment]
        output: Axes = tuple(high - low for low, high in box)  # type: ignore[assignment]
        fronts = [axis.front - low for axis, (low, _) in zip(phase, box, strict=True)]
        pads: Pairs = tuple(  # type: ignore[assignment]
            (front, o + (k - 1) * step - front - i)
            for front, o, k, step, i in zip(fronts, output, kernel, steps, self.size, strict=True)
        )
        many = math.prod(len(axis.offsets) for axis in phase)
        fields = (self.function, self.rank, self.batched, self.dtype, n, self.c_in, self.c_out * many, self.groups)
        places = (self.size, kernel, output, (1, 1, 1), steps, pads)
        return ConvSpec(*fields, *places, self.bias, self.channels_last, self.activation, self.slope, self.precision)


def axis_phases(kernel: int, output: int, stride: int, dilation: int, front: int, apart: bool) -> tuple[PhaseAxis, ...]:
    """Return the phases of an axis, by offset; `apart`: one for each offset."""
    taps: dict[int, list[int]] = {}
    for tap in reversed(range(kernel)):
        taps.setdefault((tap * dilation - front) % stride, []).append(tap)
    alike: dict[tuple[int, ...], list[int]] = {}
    for offset in sorted(offset for offset in taps if offset < output):
        last = taps[offset][0]
        alike.setdefault((len(taps[offset]), (last * dilation - offset - front) // stride, offset * apart), []).append(
            offset
        )
    step = dilation // math.gcd(stride, dilation)
    return tuple(
        PhaseAxis(tuple(offsets), tuple(tuple(taps[offset]) for offset in offsets), first, step)
        for (_, first, _), offsets in alike.items()
    )
