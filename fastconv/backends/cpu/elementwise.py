# SPDX-License-Identifier: BSD-3-Clause
"""Activations and their gradients. Those a convolution can apply have a kernel; the rest runs on NumPy's own loops."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ... import settings
from ...kernels.activation import activate, gate
from ...spec import SLOPE, FastconvTypeError, FastconvValueError, real, show
from .arrays import Array, check_array, check_shape, delivered, plain, target

# Infinite values and a mean over nothing give NaN, as the definition has it, and no warning.
quiet = np.errstate(invalid="ignore", divide="ignore", over="ignore")


def same_shape(function: str, first: str, a: Any, second: str, b: Any) -> str:
    dtype = check_array(function, first, a)
    check_array(function, second, b, dtype)
    check_shape(function, second, b, a.shape)
    return dtype


def axis_of(function: str, array: Array, dim: Any) -> int:
    """Return dim as an axis of the array, counted from the front."""
    if isinstance(dim, bool) or not hasattr(dim, "__index__"):
        raise FastconvTypeError(f"{function}: dim must be a whole number, got dim={show(dim)}")
    axis = operator.index(dim)
    if not -array.ndim <= axis < array.ndim:
        raise FastconvValueError(
            f"{function}: dim must lie in [{-array.ndim}, {array.ndim - 1}] for input of shape {array.shape}, got dim={dim}"
        )
    return axis % array.ndim


def activation(name: str, input: Any, out: Any, num_threads: Any, slope: Any = SLOPE) -> Array:
    """Compute the activation of this name, which is also the function's; only leaky_relu has a slope."""
    dtype = check_array(name, "input", input)
    factor = real(name, "negative_slope", slope, dtype)
    threads = settings.thread_count(name, num_threads)
    y = target(name, out, input.shape, dtype, () if out is input else (input,))
    activate(plain(input, dtype), y, name, factor, settings.isa_index(), threads)
    return delivered(y, out)


@quiet
def activation_input(name: str, input: Any, grad_output: Any, slope: Any = SLOPE) -> Array:
    """Compute the gradient of an activation with respect to its input."""
    function = f"{name}_input"
    dtype = same_shape(function, "input", input, "grad_output", grad_output)
    factor = np.asarray(real(function, "negative_slope", slope, dtype), dtype)
    x, g, zero = plain(input, dtype), plain(grad_output, dtype), np.zeros((), dtype)
    if name == "relu":
        dx = np.where(x > 0, g, zero)
    elif name == "relu6":
        dx = np.where((x > 0) & (x < 6), g, zero)
    elif name == "leaky_relu":
        dx = np.where(x > 0, g, g * factor)
    elif name == "hardswish":
        dx = np.where(x <= -3, zero, np.where(x >= 3, g, g * (x / 3 + 0.5)))
    elif name == "sigmoid":
        dx = g * (sigmoid(x) * sigmoid(-x))  # 1 - sigmoid(x) is sigmoid(-x), which does not cancel
    elif name == "tanh":
        dx = g * (4 * sigmoid(2 * x) * sigmoid(-2 * x))
    else:
        dx = g * (sigmoid(x) * (1 + x * sigmoid(-x)))
    return np.asarray(dx, dtype)


def halves(function: str, input: Any, dim: Any) -> int:
    """Return the axis that a gate halves."""
    axis = axis_of(function, input, dim)
    if input.shape[axis] % 2:
        raise FastconvValueError(
            f"{function}: input must have an even size in axis dim={dim}, got input of shape {input.shape}"
        )
    return axis


def gated_tanh(input: Any, dim: Any, out: Any, num_threads: Any) -> Array:
    """Compute tanh of the first half of an axis times sigmoid of the second."""
    dtype = check_array("gated_tanh", "input", input)
    axis = halves("gated_tanh", input, dim)
    threads = settings.thread_count("gated_tanh", num_threads)
    shape = (*input.shape[:axis], input.shape[axis] // 2, *input.shape[axis + 1 :])
    y = target("gated_tanh", out, shape, dtype, (input,))
    gate(plain(input, dtype), y, math.prod(shape[:axis]), settings.isa_index(), threads)
    return delivered(y, out)


@quiet
def gated_tanh_input(input: Any, grad_output: Any, dim: Any) -> Array:
    """Compute the gradient of gated_tanh with respect to its input."""
    dtype = check_array("gated_tanh_input", "input", input)
    check_array("gated_tanh_input", "grad_output", grad_output, dtype)
    axis = halves("gated_tanh_input", input, dim)
    shape = (*input.shape[:axis], input.shape[axis] // 2, *input.shape[axis + 1 :])
    check_shape("gated_tanh_input", "grad_output", grad_output, shape)
    a, b = np.split(plain(input, dtype), 2, axis)
    g, a, b = plain(grad_output, dtype), plain(a, dtype), plain(b, dtype)
    opened, tanh = sigmoid(b), activation("tanh", a, None, None)
    parts = (g * opened * (4 * sigmoid(2 * a) * sigmoid(-2 * a)), g * tanh * (opened * sigmoid(-b)))
    return np.concatenate(parts, axis).astype(dtype, copy=False)


def sigmoid(x: Any) -> Array:
    return activation("sigmoid", np.asarray(x), None, None)


@quiet
def log_softmax(function: str, input: Any, dim: Any) -> Array:
    dtype = check_array(function, "input", input)
    axis = axis_of(function, input, dim)
    if input.size == 0:
        return np.empty(input.shape, dtype)
    shifted = np.subtract(input, input.max(axis=axis, keepdims=True), dtype=dtype)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


@quiet
def softmax(function: str, input: Any, dim: Any) -> Array:
    dtype = check_array(function, "input", input)
    axis = axis_of(function, input, dim)
    if input.size == 0:
        return np.empty(input.shape, dtype)
    weights = np.exp(np.subtract(input, input.max(axis=axis, keepdims=True), dtype=dtype))
    return weights / weights.sum(axis=axis, keepdims=True)


@quiet
def softmax_input(function: str, output: Any, grad_output: Any, dim: Any) -> Array:
    same_shape(function, "output", output, "grad_output", grad_output)
    axis = axis_of(function, output, dim)
    return output * (grad_output - (output * grad_output).sum(axis=axis, keepdims=True))


@quiet
def log_softmax_input(function: str, output: Any, grad_output: Any, dim: Any) -> Array:
    same_shape(function, "output", output, "grad_output", grad_output)
    axis = axis_of(function, output, dim)
    return grad_output - np.exp(output) * grad_output.sum(axis=axis, keepdims=True)
