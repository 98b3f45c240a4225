# SPDX-License-Identifier: BSD-3-Clause
"""Activations and their gradients, on NumPy's own loops, which serve these well."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...spec import FastconvTypeError, FastconvValueError, show
from .arrays import Array, check_array, check_shape, delivered, target

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


def relu(function: str, input: Any, out: Any) -> Array:
    dtype = check_array(function, "input", input)
    y = target(function, out, input.shape, dtype, ())
    return delivered(np.maximum(input, 0, out=y), out)


def relu_input(function: str, input: Any, grad_output: Any) -> Array:
    dtype = same_shape(function, "input", input, "grad_output", grad_output)
    return np.where(input > 0, grad_output, np.zeros((), dtype)).astype(dtype, copy=False)


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
