# SPDX-License-Identifier: BSD-3-Clause
"""Tiled and locally connected convolution, and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import settings
from ...kernels import tiled
from ...spec import TiledSpec, check_result, shape_of, show
from .arrays import Array, check_array, check_shape, delivered, plain, target
from .calls import bind_call, calls


def tiled_conv(
    function: str,
    rank: int,
    local: bool,
    input: Any,
    weight: Any,
    bias: Any,
    options: tuple[Any, ...],
    out: Any,
    num_threads: Any,
) -> Array:
    """Compute a tiled convolution; `options`: stride, padding, dilation, groups, data_format, activation."""

    def bind() -> Any:
        *geometry, data_format, activation = options
        dtype = check_array(function, "input", input)
        check_array(function, "weight", weight, dtype)
        if bias is not None:
            check_array(function, "bias", bias, dtype)
        biases = None if bias is None else bias.shape
        named: dict[str, Any] = {"data_format": data_format, "activation": activation, "dtype": dtype, "local": local}
        spec = TiledSpec.make_tiled(function, rank, input.shape, weight.shape, biases, *geometry, **named)
        return bind_call(tiled, spec)

    call = calls.remember(function, calls.key((input, weight, bias), options), bind)
    threads = settings.thread_count(function, num_threads)
    spec = call.spec
    y = None if out is None else target(function, out, spec.output_shape, spec.dtype, (input, weight, bias))
    bias = None if bias is None else plain(bias, spec.dtype)
    y = call.run(plain(input, spec.dtype), plain(weight, spec.dtype), bias, y, threads)
    return delivered(y, out)


def bound_gradient(
    function: str,
    rank: int,
    local: bool,
    arrays: tuple[Any, ...],
    input_shape: Any,
    weight_shape: Any,
    options: tuple[Any, ...],
    input_name: str = "input",
    weight_name: str = "weight",
) -> Any:
    """Return the bound gradient of a tiled convolution of these shapes, which the arguments of these names gave."""

    def bind() -> Any:
        dtype = check_array(function, "grad_output", arrays[-1])
        inputs = shape_of(function, input_name, input_shape, (rank + 1, rank + 2), "(batch,) channels, spatial")
        axes = ("output" if local else "tiles") + ", kernel, c_in/groups, c_out"
        weights = shape_of(function, weight_name, weight_shape, (2 * rank + 2,), axes)
        *geometry, data_format = options
        named: dict[str, Any] = {"dtype": dtype, "local": local, "input_name": input_name, "data_format": data_format}
        spec = TiledSpec.make_tiled(function, rank, inputs, weights, None, *geometry, **named)
        check_result(function, spec.input_shape, spec.itemsize, f"{input_name}={show(input_shape)}")
        check_result(function, spec.weight_shape, spec.itemsize, f"{weight_name}={show(weight_shape)}")
        return bind_call(tiled, spec)

    return calls.remember(function, calls.key(arrays, (input_shape, weight_shape, options)), bind)


def tiled_input(
    function: str,
    rank: int,
    local: bool,
    input_size: Any,
    weight: Any,
    grad_output: Any,
    options: tuple[Any, ...],
    num_threads: Any,
) -> Array:
    """Compute the gradient with respect to the input."""
    dtype = check_array(function, "grad_output", grad_output)
    check_array(function, "weight", weight, dtype)
    arrays = (weight, grad_output)
    call = bound_gradient(function, rank, local, arrays, input_size, weight.shape, options, input_name="input_size")
    spec = call.spec
    check_shape(function, "grad_output", grad_output, spec.output_shape)
    dx = np.empty(spec.input_shape, spec.dtype)
    call.input(plain(weight, spec.dtype), plain(grad_output, spec.dtype), dx, settings.thread_count(function, num_threads))
    return dx


def tiled_weight(
    function: str,
    rank: int,
    local: bool,
    input: Any,
    weight_size: Any,
    grad_output: Any,
    options: tuple[Any, ...],
    num_threads: Any,
) -> Array:
    """Compute the gradient with respect to the weights; tiles that no output has get zeros."""
    dtype = check_array(function, "grad_output", grad_output)
    check_array(function, "input", input, dtype)
    arrays = (input, grad_output)
    call = bound_gradient(function, rank, local, arrays, input.shape, weight_size, options, weight_name="weight_size")
    spec = call.spec
    check_shape(function, "grad_output", grad_output, spec.output_shape)
    full = spec.n and all(t <= o for t, o in zip(spec.tiles, spec.output, strict=True))
    dw = (np.empty if full else np.zeros)(spec.weight_shape, spec.dtype)
    call.weight(plain(input, spec.dtype), plain(grad_output, spec.dtype), dw, settings.thread_count(function, num_threads))
    return dw
