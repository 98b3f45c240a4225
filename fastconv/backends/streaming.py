# SPDX-License-Identifier: BSD-3-Clause
"""Networks to plans of a stream: a network that is called on a `Signal` computes nothing but says what it would compute.

The functions here are those of the other backends that have a form step by step. What they are given and return are signals:
sequences that have not come yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from .. import settings
from ..kernels import causal
from ..kernels.stream import BoundStream
from ..spec import SLOPE, ConvSpec, FastconvTypeError, FastconvValueError, check_result, per_axis, real, show
from . import cpu
from .cpu.arrays import Array, check_array, plain
from .cpu.conv import named_edges

STEPS = 128  # of a block at most; see kernels/stream.pyx


@dataclass(frozen=True)
class Record:
    """One operation: y of a, or of a and b; values by number, in a finished plan by place."""

    kind: str  # of kernels/stream.pyx
    a: int
    b: int
    y: int
    rate: int
    c_in: int
    c_out: int
    activation: str = "none"
    slope: float = SLOPE
    weight: Array | None = None
    bias: Array | None = None
    groups: int = 1
    taps: int = 1
    dilation: int = 1
    stride: int = 1

    @property
    def past(self) -> int:
        """Steps of a that y depends on, beside the newest."""
        return (self.taps - 1) * self.dilation


@dataclass
class Plan:
    """Operations in their order. A value is channels at a rate: steps of the network's input to one of its own.

    A finished plan has places: how many reals of a row lie before a value's. What is not read any more makes room.
    """

    dtype: str
    channels: int
    ops: list[Record] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    wide: int = 0
    rate: int = 1
    place: int = 0
    out_channels: int = 0

    def source(self) -> Signal:
        """The network's input."""
        return self.value(self.channels, 1)

    def value(self, channels: int, rate: int) -> Signal:
        self.widths.append(channels)
        return Signal(self, len(self.widths) - 1, channels, rate)

    def record(self, kind: str, a: Signal, b: Signal, channels: int, stride: int = 1, **more: Any) -> Signal:
        y = self.value(channels, a.rate * stride)
        self.ops.append(Record(kind, a.number, b.number, y.number, a.rate, a.channels, channels, stride=stride, **more))
        return y

    def finish(self, result: Signal) -> None:
        """Give every value its place."""
        last = {number: at for at, op in enumerate(self.ops) for number in (op.a, op.b, op.y)}
        last[result.number] = len(self.ops)
        places = {0: 0}
        self.wide = self.widths[0]
        for at, op in enumerate(self.ops):
            taken = sorted((places[v], places[v] + self.widths[v]) for v in places if last.get(v, -1) >= at)
            start = 0
            for begin, end in taken:
                if start + op.c_out <= begin:
                    break
                start = max(start, end)
            places[op.y] = start
            self.wide = max(self.wide, start + op.c_out)
        self.ops = [replace(op, a=places[op.a], b=places[op.b], y=places[op.y]) for op in self.ops]
        self.rate, self.place, self.out_channels = result.rate, places[result.number], result.channels

    def check_size(self, batch: int) -> None:
        """Refuse what this machine could not hold."""
        reals = STEPS * self.wide + sum((op.past + STEPS) * op.c_in for op in self.ops)
        check_result("stream", (max(batch, 1), reals), np.dtype(self.dtype).itemsize, f"batch={batch}")

    def forget_weights(self) -> None:
        """What was packed is not needed again."""
        self.ops = [replace(op, weight=None, bias=None) for op in self.ops]


class Signal:
    """A sequence of which a network says what it would do with it; `+` and `*` take another one."""

    def __init__(self, plan: Plan, number: int, channels: int, rate: int) -> None:
        self.plan, self.number, self.channels, self.rate = plan, number, channels, rate

    __array_ufunc__ = None  # so that an array that meets a signal leaves the refusal to it

    def __add__(self, other: Any) -> Signal:
        return self._with("sum", "+", other)

    def __mul__(self, other: Any) -> Signal:
        return self._with("product", "*", other)

    __radd__, __rmul__ = __add__, __mul__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise FastconvTypeError(f"stream: what the module does with {name!r} of its input has no form step by step")

    def _with(self, kind: str, sign: str, other: Any) -> Signal:
        if not isinstance(other, Signal):
            raise FastconvTypeError(f"stream: {sign} must join two sequences of the network, got {show(other)}")
        if (self.channels, self.rate) != (other.channels, other.rate):
            raise FastconvValueError(
                f"stream: {sign} must join sequences of the same channels and stride, got {self!r} and {other!r}"
            )
        return self.plan.record(kind, self, other, self.channels)

    def __repr__(self) -> str:
        return f"<sequence of {self.channels} channels, stride {self.rate}>"


def conv(
    function: str,
    rank: int,
    input: Signal,
    weight: Any,
    bias: Any,
    options: tuple[Any, ...],
    out: Any,
    num_threads: Any,
) -> Signal:
    """Plan a causal convolution; the weights are taken as they are now."""
    *geometry, algorithm, data_format, activation, precision, edges = options
    plan = input.plan
    check_array(function, "weight", weight, plan.dtype)
    if bias is not None:
        check_array(function, "bias", bias, plan.dtype)
    if rank != 1:
        raise FastconvValueError(f"{function}: a stream must be of sequences, got {rank} spatial axes")
    spec = ConvSpec.make(
        function,
        rank,
        (input.channels, per_axis(function, "stride", geometry[0], 1, 1, 1)[2] + 1),  # two outputs, so that a stride tells
        weight.shape,
        None if bias is None else bias.shape,
        *geometry,
        data_format=data_format,
        activation=activation,
        precision=settings.precision_of(precision),
        dtype=plan.dtype,
        **named_edges(edges),
    )
    reason = causal.supports(spec) or ("the bias must be one a channel" if bias is not None and bias.ndim > 1 else None)
    if reason is not None:
        raise FastconvValueError(f"{function}: in a stream {reason}")
    active = settings.active()
    algorithm = algorithm or (active and active.algorithm)
    if algorithm != "causal":
        raise FastconvValueError(
            f"{function}: algorithm must be 'causal' in a stream, so that the sums of a whole sequence are the stream's, "
            f"got algorithm={algorithm!r}"
        )
    refuse_out(function, out)
    weight = weight[..., ::-1] if spec.flip else weight
    return plan.record(
        "conv",
        input,
        input,
        spec.c_out,
        spec.stride[2],
        activation=spec.activation,
        slope=spec.slope,
        weight=plain(weight, plan.dtype).copy(),
        bias=None if bias is None else plain(bias, plan.dtype).copy(),
        groups=spec.groups,
        taps=spec.kernel[2],
        dilation=spec.dilation[2],
    )


def activation(name: str, input: Signal, out: Any, num_threads: Any, slope: Any = SLOPE) -> Signal:
    """Plan the activation of this name."""
    factor = real(name, "negative_slope", slope, input.plan.dtype)
    refuse_out(name, out)
    return input.plan.record("activation", input, input, input.channels, activation=name, slope=factor)


def gated_tanh(input: Signal, dim: Any, out: Any, num_threads: Any) -> Signal:
    """Plan the gate over the channels."""
    refuse_out("gated_tanh", out)
    if dim != -2:
        raise FastconvValueError(f"gated_tanh: dim must be -2, the channels, in a stream, got dim={show(dim)}")
    if input.channels % 2:
        raise FastconvValueError(f"gated_tanh: input must have an even number of channels, got {input!r}")
    return input.plan.record("gate", input, input, input.channels // 2)


def __getattr__(name: str) -> Any:
    if name in cpu.__all__:
        raise FastconvTypeError(f"stream: {name} has no form step by step")
    raise AttributeError(name)


def refuse_out(function: str, out: Any) -> None:
    if out is not None:
        raise FastconvValueError(f"{function}: out must be None in a stream, got out={show(out)}")


def open_stream(
    network: Callable[[Signal], Any], channels: int, batch: int, parameters: list[Array], num_threads: Any
) -> tuple[BoundStream, np.dtype[Any], Callable[[], int]]:
    """Plan a network and bind it; returns with it its dtype and what tells the threads of a push."""
    settings.thread_count("stream", num_threads)
    names = sorted({array.dtype.name for array in parameters}) or ["float32"]
    if len(names) > 1:
        raise FastconvTypeError(f"stream: the parameters must be of one dtype, got {' and '.join(names)}")
    plan = Plan(names[0], channels)
    result = network(plan.source())
    if not isinstance(result, Signal):
        raise FastconvTypeError(f"stream: the module must give one sequence, got {show(result)}")
    plan.finish(result)
    plan.check_size(batch)
    dtype = np.dtype(plan.dtype)
    bound = BoundStream(plan, None, batch, dtype.itemsize, settings.isa_index())
    plan.forget_weights()
    return bound, dtype, partial(settings.thread_count, "push", num_threads)
