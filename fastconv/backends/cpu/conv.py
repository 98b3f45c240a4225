# SPDX-License-Identifier: BSD-3-Clause
"""Convolution and its gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from ... import settings
from ...kernels import CONV, gradient
from ...kernels._conv import BoundConv, PackedConv
from ...spec import (
    ConvSpec,
    FastconvValueError,
    bias_extents,
    channels_are_last,
    check_result,
    one_of,
    shape_of,
    show,
)
from .arrays import Array, check_array, check_rank, check_shape, delivered, plain, target
from .calls import bind_call, calls


def refusal(module: ModuleType, spec: ConvSpec) -> str | None:
    """Return why an algorithm must not serve a convolution, None if it may."""
    if spec.precision == "strict" and not getattr(module, "bounded_as_direct", True):
        return "precision='strict' allows only algorithms whose error bound is that of direct summation"
    reason: str | None = module.supports(spec)
    return reason


def predicted_seconds(module: ModuleType, spec: ConvSpec) -> float:
    """Return the time one image of a convolution is expected to take with one thread on the instruction set in force.

    One image, because the choice, and with it the bits, must not depend on how a batch is cut.
    """
    isa = settings.available_isas()[settings.isa_index()]
    seconds: float = module.seconds(replace(spec, n=1), isa)
    return seconds


def asked_algorithm(algorithm: Any) -> Any:
    """Return what an algorithm argument asks for: where it is None, what `override` says, or "auto"."""
    active = settings.active()
    return ((active and active.algorithm) or "auto") if algorithm is None else algorithm


def choose(spec: ConvSpec, algorithm: Any) -> ModuleType:
    """Return the algorithm's module: the named one, or of those that may serve the one predicted to be the fastest."""
    algorithm = asked_algorithm(algorithm)
    one_of(spec.function, "algorithm", algorithm, ("auto", *(module.name for module in CONV)))
    if algorithm == "auto":
        able = [module for module in CONV if refusal(module, spec) is None]
        return min(able, key=lambda module: predicted_seconds(module, spec))  # of equals the first
    named = next(module for module in CONV if module.name == algorithm)
    reason = refusal(named, spec)
    if reason is not None:
        raise FastconvValueError(f"{spec.function}: algorithm={algorithm!r} cannot serve this call: {reason}")
    return named


def named_edges(edges: tuple[Any, Any, Any] | None) -> dict[str, Any]:
    """Return by name what lies around the input and whether filters count backwards; None: zeros, and they do not."""
    return {} if edges is None else dict(zip(("padding_mode", "padding_value", "flip"), edges, strict=True))


def bind_conv(function: str, rank: int, input: Any, weight: Any, bias: Any, options: tuple[Any, ...]) -> BoundConv:
    """Check a convolution, choose its algorithm and make its plan."""
    *geometry, algorithm, data_format, activation, precision, edges = options
    dtype = check_array(function, "input", input)
    check_array(function, "weight", weight, dtype)
    if bias is not None:
        check_array(function, "bias", bias, dtype)
    bias_shape = None if bias is None else bias.shape
    spec = ConvSpec.make(
        function,
        rank,
        input.shape,
        weight.shape,
        bias_shape,
        *geometry,
        data_format=data_format,
        activation=activation,
        precision=settings.precision_of(precision),
        dtype=dtype,
        **named_edges(edges),
    )
    return bind_call(choose(spec, algorithm), spec)


Bind = Callable[[str, int, Any, Any, Any, tuple[Any, ...]], BoundConv]


def find_conv(
    function: str, rank: int, input: Any, weight: Any, bias: Any, options: tuple[Any, ...], bind: Bind = bind_conv
) -> BoundConv:
    """Return the bound call, kept if the arrays and options are plain."""
    key = calls.key((input, weight, bias), options)
    return calls.remember(function, key, lambda: bind(function, rank, input, weight, bias, options))


def conv(
    function: str,
    rank: int,
    input: Any,
    weight: Any,
    bias: Any,
    options: tuple[Any, ...],
    out: Any,
    num_threads: Any,
    bind: Bind = bind_conv,
) -> Array:
    """Compute a convolution.

    `options`: stride, padding, dilation, groups, algorithm, data_format, activation, precision, and None or padding_mode,
    padding_value and flip. `bind` makes the plan: that of a convolution, or that of a transposed one, whose options start
    as its signature does.
    """
    call = find_conv(function, rank, input, weight, bias, options, bind)
    threads = settings.thread_count(function, num_threads)
    spec = call.spec
    y = None if out is None else target(function, out, spec.output_shape, spec.dtype, (input, weight, bias))
    bias = None if bias is None else plain(bias, spec.dtype)
    y = call.run(plain(input, spec.dtype), call.filters(plain(weight, spec.dtype)), bias, y, threads)
    return delivered(y, out)


def pack_conv(
    function: str,
    rank: int,
    input: Any,
    weight: Array,
    bias: Array | None,
    options: tuple[Any, ...],
    version: Any,
    before: PackedConv | None,
    bind: Bind = bind_conv,
) -> PackedConv:
    """Bind a layer's convolution to an input and pack its weights, unless `before` has them packed alike."""
    call = find_conv(function, rank, input, weight, bias, options, bind)
    active, weight = settings.active(), call.filters(weight)
    if before and before.version == version and before.settings is active and before.call.layout == call.layout:
        packed = before.packed
    else:
        packed = call.pack(weight, settings.thread_count(function, None))
    return PackedConv(call, weight, bias, packed, version, settings.active, partial(settings.thread_count, function, None))


def run_packed(call: PackedConv, input: Array) -> Array:
    """Run a layer's convolution on an input of its shape, plain or not."""
    result = call.run(plain(input, call.call.spec.dtype), call.version)
    assert result is not None  # just bound to this shape, version and settings
    return result


def gradient_spec(
    function: str,
    rank: int,
    dtype: str,
    input_shape: Any,
    weight_shape: Any,
    options: tuple[Any, ...],
    input_name: str = "input",
    weight_name: str = "weight",
) -> ConvSpec:
    """Check the shapes of a convolution of which a gradient is asked, and which the arguments of these names gave.

    `options`: stride, padding, dilation, groups, data_format, precision, and None or padding_mode, padding_value and flip.
    """
    inputs = shape_of(function, input_name, input_shape, (rank + 1, rank + 2), "(batch,) channels, spatial")
    weights = shape_of(function, weight_name, weight_shape, (rank + 2,), "c_out, c_in/groups, kernel")
    *geometry, data_format, precision, edges = options
    how = {"data_format": data_format, "precision": settings.precision_of(precision), **named_edges(edges)}
    spec = ConvSpec.make(function, rank, inputs, weights, None, *geometry, dtype=dtype, input_name=input_name, **how)
    check_result(function, spec.input_shape, spec.itemsize, f"{input_name}={show(input_shape)}")
    return spec


def conv_weight(
    function: str, rank: int, input: Any, weight_size: Any, grad_output: Any, options: tuple[Any, ...], num_threads: Any
) -> Array:
    """Compute the gradient with respect to the weights."""
    dtype = check_array(function, "grad_output", grad_output)
    check_array(function, "input", input, dtype)

    def bind() -> Any:
        return bind_call(
            gradient, gradient_spec(function, rank, dtype, input.shape, weight_size, options, weight_name="weight_size")
        )

    call = calls.remember(function, calls.key((input, grad_output), (weight_size, options)), bind)
    check_shape(function, "grad_output", grad_output, call.spec.output_shape)
    dw = np.empty(call.spec.weight_shape, dtype)
    call.weight(plain(input, dtype), plain(grad_output, dtype), dw, settings.thread_count(function, num_threads))
    return call.filters(dw)


def conv_bias(
    function: str, rank: int, grad_output: Any, bias_size: Any, num_threads: Any, data_format: Any = None
) -> Array:
    """Compute the gradient with respect to the bias: a sum, which does not ask how its terms came about."""
    dtype = check_array(function, "grad_output", grad_output)
    check_rank(function, "grad_output", grad_output, rank)
    last = channels_are_last(function, data_format, rank)
    places = grad_output.shape[-rank - 1 :]
    channels, output = (places[-1], places[:-1]) if last else (places[0], places[1:])
    named = f"a bias: ({channels},), or that and places"
    shape = None if bias_size is None else shape_of(function, "bias_size", bias_size, (1, rank + 1), named)
    if last and shape is not None and len(shape) > 1:  # its kernel knows one layout
        grad_output, data_format = np.moveaxis(grad_output, -1, -1 - rank), None

    def bind() -> Any:
        bias_extents(function, "bias_size", shape, channels, output)
        weights = (channels, channels) + (1,) * rank
        how = {"dtype": dtype, "input_name": "grad_output", "data_format": data_format}
        return bind_call(gradient, ConvSpec.make(function, rank, grad_output.shape, weights, shape, **how))

    call = calls.remember(function, calls.key((grad_output,), (shape, data_format)), bind)
    db = np.empty(call.spec.bias_shape, dtype)
    call.bias(plain(grad_output, dtype), db, settings.thread_count(function, num_threads))
    return db if shape is None else db.reshape(shape)
