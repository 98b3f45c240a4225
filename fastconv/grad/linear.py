# SPDX-License-Identifier: BSD-3-Clause
"""Gradients of the fully connected layer."""

from __future__ import annotations

from ..backends import backend_for
from ..functional._defaults import Array


def linear_input(weight: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `linear` with respect to its input, of shape (..., in_features).

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.linear_input(np.array([[3.0, 4.0]]), np.array([[2.0]])).tolist()
    [[6.0, 8.0]]
    """
    return backend_for("linear_input", "grad_output", grad_output).linear_input(
        "linear_input", weight, grad_output, num_threads
    )


def linear_weight(input: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `linear` with respect to its weights, of shape (out_features, in_features).

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.linear_weight(np.array([[3.0, 4.0]]), np.array([[2.0]])).tolist()
    [[6.0, 8.0]]
    """
    return backend_for("linear_weight", "grad_output", grad_output).linear_weight(
        "linear_weight", input, grad_output, num_threads
    )


def linear_bias(grad_output: Array) -> Array:
    """Return the gradient of `linear` with respect to its bias, of shape (out_features,).

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.linear_bias(np.array([[2.0], [3.0]])).tolist()
    [5.0]
    """
    return backend_for("linear_bias", "grad_output", grad_output).linear_bias("linear_bias", grad_output)
