# SPDX-License-Identifier: BSD-3-Clause
"""Gradients of activations."""

from __future__ import annotations

from ..backends import backend_for
from ..functional._defaults import Array


def relu_input(input: Array, grad_output: Array) -> Array:
    """Return the gradient of `relu`: grad_output where input (or the output) is positive, else 0.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.relu_input(np.array([-1.0, 2.0]), np.array([5.0, 5.0])).tolist()
    [0.0, 5.0]
    """
    backend = backend_for("relu_input", "grad_output", grad_output)
    return backend.activation_input("relu", input, grad_output)


def relu6_input(input: Array, grad_output: Array) -> Array:
    """Return the gradient of `relu6`: grad_output where input (or the output) lies between 0 and 6, else 0.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.relu6_input(np.array([-1.0, 2.0, 7.0]), np.array([5.0, 5.0, 5.0])).tolist()
    [0.0, 5.0, 0.0]
    """
    backend = backend_for("relu6_input", "grad_output", grad_output)
    return backend.activation_input("relu6", input, grad_output)


def leaky_relu_input(input: Array, grad_output: Array, negative_slope: float = 0.01) -> Array:
    """Return the gradient of `leaky_relu`: grad_output where input is positive, else negative_slope * grad_output.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.leaky_relu_input(np.array([-1.0, 2.0]), np.array([4.0, 4.0]), 0.25).tolist()
    [1.0, 4.0]
    """
    backend = backend_for("leaky_relu_input", "grad_output", grad_output)
    return backend.activation_input("leaky_relu", input, grad_output, negative_slope)


def sigmoid_input(input: Array, grad_output: Array) -> Array:
    """Return the gradient of `sigmoid` with respect to its input: grad_output * sigmoid(x) * sigmoid(-x).

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.sigmoid_input(np.array([0.0, 1000.0]), np.array([4.0, 4.0])).tolist()
    [1.0, 0.0]
    """
    backend = backend_for("sigmoid_input", "grad_output", grad_output)
    return backend.activation_input("sigmoid", input, grad_output)


def tanh_input(input: Array, grad_output: Array) -> Array:
    """Return the gradient of `tanh` with respect to its input: grad_output * 4 * sigmoid(2x) * sigmoid(-2x).

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.tanh_input(np.array([0.0, 1000.0]), np.array([4.0, 4.0])).tolist()
    [4.0, 0.0]
    """
    backend = backend_for("tanh_input", "grad_output", grad_output)
    return backend.activation_input("tanh", input, grad_output)


def silu_input(input: Array, grad_output: Array) -> Array:
    """Return the gradient of `silu` with respect to its input: grad_output * sigmoid(x) * (1 + x * sigmoid(-x)).

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.silu_input(np.array([0.0, 100.0]), np.array([4.0, 4.0])).tolist()
    [2.0, 4.0]
    """
    backend = backend_for("silu_input", "grad_output", grad_output)
    return backend.activation_input("silu", input, grad_output)


def hardswish_input(input: Array, grad_output: Array) -> Array:
    """Return the gradient of `hardswish`: grad_output times 0 up to -3, x / 3 + 1/2 in between, and 1 from 3 on.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.hardswish_input(np.array([-4.0, 0.0, 3.0]), np.array([4.0, 4.0, 4.0])).tolist()
    [0.0, 2.0, 4.0]
    """
    backend = backend_for("hardswish_input", "grad_output", grad_output)
    return backend.activation_input("hardswish", input, grad_output)


def gated_tanh_input(input: Array, grad_output: Array, dim: int = -2) -> Array:
    """Compute the gradient of `gated_tanh` with respect to its input.

    Parameters
    ----------
    input : ndarray
        The input of `gated_tanh`.
    grad_output : ndarray
        The gradient of its output.
    dim : int, optional
        As there.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    van den Oord et al., WaveNet, arXiv 1609.03499, equation 2.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.gated_tanh_input(np.zeros((2, 1), np.float32), np.ones((1, 1), np.float32)).tolist()
    [[0.5], [0.0]]
    """
    return backend_for("gated_tanh_input", "input", input).gated_tanh_input(input, grad_output, dim)


def softmax_input(output: Array, grad_output: Array, dim: int) -> Array:
    """Return the gradient of `softmax` with respect to its input, from its output.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.softmax_input(np.array([0.5, 0.5]), np.array([1.0, 0.0]), 0).tolist()
    [0.25, -0.25]
    """
    return backend_for("softmax_input", "grad_output", grad_output).softmax_input("softmax_input", output, grad_output, dim)


def log_softmax_input(output: Array, grad_output: Array, dim: int) -> Array:
    """Return the gradient of `log_softmax` with respect to its input, from its output.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.log_softmax_input(np.log(np.array([0.5, 0.5])), np.array([1.0, 0.0]), 0).tolist()
    [0.5, -0.5]
    """
    return backend_for("log_softmax_input", "grad_output", grad_output).log_softmax_input(
        "log_softmax_input", output, grad_output, dim
    )
