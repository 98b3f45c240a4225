# SPDX-License-Identifier: BSD-3-Clause
"""Dense layers as matrix products, and their gradients."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import settings
from ...kernels import matmul
from ...spec import FastconvValueError
from .arrays import Array, check_array, check_shape, delivered, plain, target


def rows_of(array: Array) -> Array:
    """Return all leading axes as one."""
    return array.reshape(math.prod(array.shape[:-1]), array.shape[-1])


def linear(function: str, input: Any, weight: Any, bias: Any, out: Any, num_threads: Any) -> Array:
    """Compute input @ weight.T + bias over the last axis."""
    dtype = check_array(function, "input", input)
    check_array(function, "weight", weight, dtype)
    if weight.ndim != 2:
        raise FastconvValueError(f"{function}: weight must be 2D (out, in), got weight of shape {weight.shape}")
    if input.ndim == 0 or input.shape[-1] != weight.shape[1]:
        raise FastconvValueError(
            f"{function}: input must have a last axis of {weight.shape[1]}, as weight of shape {weight.shape} needs, "
            f"got input of shape {input.shape}"
        )
    if bias is not None:
        check_array(function, "bias", bias, dtype)
        check_shape(function, "bias", bias, weight.shape[:1])
    threads = settings.thread_count(function, num_threads)
    shape = (*input.shape[:-1], weight.shape[0])
    y = target(function, out, shape, dtype, (input, weight, bias))
    if y.size:
        addend = None if bias is None else plain(bias, dtype)
        x, w = rows_of(plain(input, dtype)), plain(weight, dtype)
        matmul.linear(x, w, addend, rows_of(y), settings.isa_index(), threads)
    return delivered(y, out)


def linear_input(function: str, weight: Any, grad_output: Any, num_threads: Any) -> Array:
    """Compute grad_output @ weight."""
    dtype = check_array(function, "grad_output", grad_output)
    check_array(function, "weight", weight, dtype)
    if weight.ndim != 2 or grad_output.ndim == 0 or grad_output.shape[-1] != weight.shape[0]:
        raise FastconvValueError(
            f"{function}: grad_output must have a last axis of the rows of weight of shape {weight.shape}, "
            f"got grad_output of shape {grad_output.shape}"
        )
    shape = (*grad_output.shape[:-1], weight.shape[1])
    threads = settings.thread_count(function, num_threads)
    if weight.shape[0] == 0:
        return np.zeros(shape, dtype)
    dx = np.empty(shape, dtype)
    if dx.size:
        g, w = rows_of(plain(grad_output, dtype)), plain(weight, dtype)
        matmul.linear_input(g, w, rows_of(dx), settings.isa_index(), threads)
    return dx


def linear_weight(function: str, input: Any, grad_output: Any, num_threads: Any) -> Array:
    """Compute grad_output.T @ input, summed over all leading axes."""
    dtype = check_array(function, "grad_output", grad_output)
    check_array(function, "input", input, dtype)
    if input.ndim == 0 or input.shape[:-1] != grad_output.shape[:-1] or grad_output.ndim == 0:
        raise FastconvValueError(
            f"{function}: grad_output must have the leading axes of input of shape {input.shape}, "
            f"got grad_output of shape {grad_output.shape}"
        )
    threads = settings.thread_count(function, num_threads)
    g, x = rows_of(plain(grad_output, dtype)), rows_of(plain(input, dtype))
    if len(x) == 0:
        return np.zeros((g.shape[1], x.shape[1]), dtype)
    dw = np.empty((g.shape[1], x.shape[1]), dtype)
    if dw.size:
        matmul.linear_weight(g, x, dw, settings.isa_index(), threads)
    return dw


def linear_bias(function: str, grad_output: Any) -> Array:
    """Sum over all leading axes, which few rows do in the time that threads take to wake."""
    check_array(function, "grad_output", grad_output)
    if grad_output.ndim == 0:
        raise FastconvValueError(f"{function}: grad_output must have at least one axis, got grad_output of shape ()")
    return rows_of(np.asarray(grad_output)).sum(axis=0, dtype=grad_output.dtype.newbyteorder("="))
