# SPDX-License-Identifier: BSD-3-Clause
"""Layers that `Sequential` computes together: a convolution, its activation, and the pooling of what comes out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..backends import Signal, backend_for
from .activation import Hardswish, LeakyReLU, ReLU, ReLU6, Sigmoid, SiLU, Tanh
from .conv import Conv1d, Conv2d, Conv3d
from .module import Module
from .pooling import AvgPool1d, AvgPool2d, AvgPool3d, MaxPool1d, MaxPool2d, MaxPool3d

CONVOLUTIONS = (Conv1d, Conv2d, Conv3d)
POOLS: dict[type, str] = {
    MaxPool1d: "max_pool1d",
    MaxPool2d: "max_pool2d",
    MaxPool3d: "max_pool3d",
    AvgPool1d: "avg_pool1d",
    AvgPool2d: "avg_pool2d",
    AvgPool3d: "avg_pool3d",
}
ACTIVATIONS: dict[type, str] = {
    ReLU: "relu",
    ReLU6: "relu6",
    LeakyReLU: "leaky_relu",
    Sigmoid: "sigmoid",
    Tanh: "tanh",
    SiLU: "silu",
    Hardswish: "hardswish",
}


class ConvPool:
    """A convolution, perhaps an activation, and a pooling, called as one; in training, one after the other."""

    def __init__(self, conv: Any, activation: Module | None, pool: Any) -> None:
        self.conv, self.activation, self.pool = conv, activation, pool
        self.packed: Any = None

    def __call__(self, input: Any) -> Any:
        together = None
        if not (self.conv.training or self.pool.training or isinstance(input, Signal)):
            together = self.together(input)
        return self.apart(input) if together is None else together

    def apart(self, input: Any) -> Any:
        """One layer after the other."""
        output = self.conv(input)
        return self.pool(output if self.activation is None else self.activation(output))

    def together(self, input: Any) -> Any:
        """Both in one; None if that gains nothing."""
        conv, pool = self.conv, self.pool
        activation = self.after()
        if pool.data_format != conv.data_format or (activation and conv.activation):
            return None
        arrays = (input, conv.weight.data, None if conv.bias is None else conv.bias.data)
        options = conv._options(conv.activation if activation is None else activation)
        backend = backend_for(conv._function, "input", input)
        how = POOLS[type(pool)], *pool.window()
        switches = pool.switches if getattr(pool, "return_indices", False) else None
        call = (conv._function, conv._axes, arrays, options, how, switches)
        result = backend.packed_conv_pool(*call, conv.weight.version, self.packed)
        if result is None:
            return None
        output, self.packed = result
        return output

    def after(self) -> Any:
        """The activation between them, as a convolution's option."""
        if self.activation is None:
            return None
        name = ACTIVATIONS[type(self.activation)]
        return (name, self.activation.negative_slope) if isinstance(self.activation, LeakyReLU) else name


def joined(modules: Iterable[Module]) -> list[Any]:
    """Return what to call one after the other for the modules' outputs, in place of layers that go together."""
    left: list[Any] = list(modules)
    steps: list[Any] = []
    while left:
        conv, *rest = left
        between = rest[:1] if rest and type(rest[0]) in ACTIVATIONS else []
        pool: Any = rest[len(between)] if len(rest) > len(between) else None
        fits = type(conv) in CONVOLUTIONS and type(pool) in POOLS and conv._axes == pool._axes
        steps.append(ConvPool(conv, between[0] if between else None, pool) if fits else conv)
        left = rest[len(between) + 1 :] if fits else rest
    return steps
