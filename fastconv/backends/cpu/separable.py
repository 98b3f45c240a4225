# SPDX-License-Identifier: BSD-3-Clause
"""Depthwise separable convolution."""

from __future__ import annotations

from typing import Any, NamedTuple

from ... import settings
from ...kernels import depthwise_separable
from ...spec import ConvSpec, SeparableSpec
from .arrays import Array, check_array, check_shape, delivered, plain, target
from .calls import bind_call, calls
from .conv import conv, conv_bias, conv_weight
from .elementwise import activation, activation_input
from .input_gradient import conv_input


class PackedFilters(NamedTuple):
    """The weights of a product in the layout of a kernel, and the version of the weights that they are."""

    layout: tuple[str, str]
    version: Any
    filters: Array


def find_separable(function: str, rank: int, arrays: tuple[Any, ...], options: tuple[Any, ...]) -> Any:
    """Return the bound call; `arrays`: input, both weights, both biases."""
    names = ("input", "depthwise_weight", "pointwise_weight", "depthwise_bias", "pointwise_bias")

    def bind() -> Any:
        *geometry, data_format, depthwise_activation, activation = options
        dtype = check_array(function, names[0], arrays[0])
        for name, array in zip(names[1:], arrays[1:], strict=True):
            if array is not None or name.endswith("weight"):
                check_array(function, name, array, dtype)
        x, first, second, *biases = arrays
        shapes: Any = (x.shape, (first.shape, second.shape), tuple(None if bias is None else bias.shape for bias in biases))
        named: dict[str, Any] = {"depthwise_activation": depthwise_activation, "activation": activation}
        named |= {"data_format": data_format, "dtype": dtype}
        spec = SeparableSpec.make(function, rank, *shapes, *geometry, **named)
        return bind_call(depthwise_separable, spec)

    return calls.remember(function, calls.key(arrays, options), bind)


def run_separable(call: Any, arrays: tuple[Any, ...], out: Any, threads: int, packed: Array | None) -> Array:
    """Run a bound call."""
    x, first, second, *biases = (None if array is None else plain(array, call.spec.pointwise.dtype) for array in arrays)
    y: Array = call.run(x, (first, second), tuple(biases), out, threads, packed)
    return y


def separable_conv(
    function: str, rank: int, arrays: tuple[Any, ...], options: tuple[Any, ...], out: Any, num_threads: Any
) -> Array:
    """Compute a depthwise separable convolution.

    `arrays`: input, both weights, both biases; `options`: stride, padding, dilation, data_format, both activations.
    """
    call = find_separable(function, rank, arrays, options)
    threads = settings.thread_count(function, num_threads)
    spec = call.spec.pointwise
    y = None if out is None else target(function, out, spec.output_shape, spec.dtype, arrays)
    return delivered(run_separable(call, arrays, y, threads, None), out)


def packed_separable(
    function: str,
    rank: int,
    arrays: tuple[Any, ...],
    options: tuple[Any, ...],
    version: Any,
    before: PackedFilters | None,
) -> tuple[Array, PackedFilters]:
    """Compute that of a layer, and return also its packed weights; `before`: those of the last call."""
    call = find_separable(function, rank, arrays, options)
    threads, layout = settings.thread_count(function, None), (call.layout, call.isa)
    if before is None or before.version != version or before.layout != layout:
        before = PackedFilters(layout, version, call.pack(plain(arrays[2], call.spec.pointwise.dtype), threads))
    return run_separable(call, arrays, None, threads, before.filters), before


class Half(NamedTuple):
    """One of the two convolutions, where its gradients are wanted."""

    spec: ConvSpec
    weight: Any
    bias: Any
    geometry: tuple[Any, ...]  # stride, padding, dilation, groups
    algorithm: str  # that of the function, whose bits the sums have
    data_format: Any
    threads: Any

    def sums(self, input: Any) -> Array:
        """What the activation is applied to."""
        options = (*self.geometry, self.algorithm, self.data_format, None, None, None)
        return conv(self.spec.function, self.spec.rank, input, self.weight, self.bias, options, None, self.threads)

    def activated(self, sums: Array) -> Array:
        if self.spec.activation == "none":
            return sums
        return activation(self.spec.activation, sums, None, self.threads, self.spec.slope)

    def gradients(self, input: Any, sums: Any, g: Array) -> tuple[Array, Array, Array | None]:
        """Those of input, weight and bias, None if there is none, from that of the output."""
        if self.spec.activation != "none":
            g = activation_input(self.spec.activation, sums, g, self.spec.slope, self.threads)
        call, options = (self.spec.function, self.spec.rank), (*self.geometry, self.data_format, None, None)
        dw = conv_weight(*call, input, self.weight.shape, g, options, self.threads)
        db = None if self.bias is None else conv_bias(*call, g, None, self.threads, self.data_format)
        return conv_input(*call, input.shape, self.weight, g, options, self.threads), dw, db


def separable_gradients(
    function: str, rank: int, arrays: tuple[Any, ...], grad_output: Any, options: tuple[Any, ...], num_threads: Any
) -> tuple[Array | None, ...]:
    """Compute the gradients with respect to input, both weights and both biases, None of a bias that is not there.

    What lies between is computed again; arrays and options are those of `separable_conv`.
    """
    spec = find_separable(function, rank, arrays, options).spec
    check_array(function, "grad_output", grad_output, spec.pointwise.dtype)
    check_shape(function, "grad_output", grad_output, spec.pointwise.output_shape)
    *geometry, data_format, _, _ = options
    x, first_weight, second_weight, first_bias, second_bias = arrays
    places = (*geometry, spec.depthwise.groups)
    first = Half(spec.depthwise, first_weight, first_bias, places, "depthwise", data_format, num_threads)
    second = Half(spec.pointwise, second_weight, second_bias, (1, 0, 1, 1), "pointwise", data_format, num_threads)
    sums = first.sums(x)
    middle = first.activated(sums)
    mixed = second.sums(middle) if spec.pointwise.activation != "none" else None
    inner, d_second, d_second_bias = second.gradients(middle, mixed, grad_output)
    dx, d_first, d_first_bias = first.gradients(x, sums, inner)
    return dx, d_first, d_second, d_first_bias, d_second_bias
