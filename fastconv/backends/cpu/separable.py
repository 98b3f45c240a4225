# SPDX-License-Identifier: BSD-3-Clause
"""Depthwise separable convolution."""

from __future__ import annotations

from typing import Any, NamedTuple

from ... import settings
from ...kernels import depthwise_separable
from ...spec import SeparableSpec
from .arrays import Array, check_array, delivered, plain, target
from .calls import bind_call, calls


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
