# SPDX-License-Identifier: BSD-3-Clause
"""Gradients of activations."""

from __future__ import annotations

from ..backends import backend_for
from ..functional._defaults import Array
from ..spec import one_of


def relu_input(input: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
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
    return backend.activation_input("relu", input, grad_output, num_threads=num_threads)


def relu6_input(input: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
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
    return backend.activation_input("relu6", input, grad_output, num_threads=num_threads)


def leaky_relu_input(
    input: Array, grad_output: Array, negative_slope: float = 0.01, *, num_threads: int | None = None
) -> Array:
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
    return backend.activation_input("leaky_relu", input, grad_output, negative_slope, num_threads)


def sigmoid_input(input: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
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
    return backend.activation_input("sigmoid", input, grad_output, num_threads=num_threads)


def tanh_input(input: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
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
    return backend.activation_input("tanh", input, grad_output, num_threads=num_threads)


def silu_input(input: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
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
    return backend.activation_input("silu", input, grad_output, num_threads=num_threads)


def hardswish_input(input: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
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
    return backend.activation_input("hardswish", input, grad_output, num_threads=num_threads)


def gated_tanh_input(input: Array, grad_output: Array, dim: int = -2, *, num_threads: int | None = None) -> Array:
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
    backend = backend_for("gated_tanh_input", "input", input)
    return backend.gated_input("gated_tanh_input", input, grad_output, dim, num_threads)


def softmax_input(output: Array, grad_output: Array, dim: int, *, num_threads: int | None = None) -> Array:
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
    backend = backend_for("softmax_input", "grad_output", grad_output)
    return backend.softmax_input("softmax_input", output, grad_output, dim, num_threads)


def log_softmax_input(output: Array, grad_output: Array, dim: int, *, num_threads: int | None = None) -> Array:
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
    backend = backend_for("log_softmax_input", "grad_output", grad_output)
    return backend.log_softmax_input("log_softmax_input", output, grad_output, dim, num_threads)


def gelu_input(input: Array, grad_output: Array, approximate: str = "none", *, num_threads: int | None = None) -> Array:
    """Return the gradient of `gelu` with respect to its input.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.gelu_input(np.array([0.0, 100.0]), np.array([4.0, 4.0])).tolist()
    [2.0, 4.0]
    """
    kind = {"none": "gelu", "tanh": "gelu_tanh"}[one_of("gelu_input", "approximate", approximate, ("none", "tanh"))]
    backend = backend_for("gelu_input", "grad_output", grad_output)
    return backend.curve_input("gelu_input", kind, input, grad_output, {}, num_threads)


def elu_input(input: Array, grad_output: Array, alpha: float = 1.0, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `elu` with respect to its input: 1 or alpha * exp(x), times grad_output.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.elu_input(np.array([0.0, 3.0]), np.array([4.0, 4.0]), 0.5).tolist()
    [2.0, 4.0]
    """
    backend, options = backend_for("elu_input", "grad_output", grad_output), {"alpha": alpha}
    return backend.curve_input("elu_input", "elu", input, grad_output, options, num_threads)


def selu_input(input: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `selu` with respect to its input.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.selu_input(np.array([1.0]), np.array([1.0])).round(4).tolist()
    [1.0507]
    """
    backend = backend_for("selu_input", "grad_output", grad_output)
    return backend.curve_input("selu_input", "selu", input, grad_output, {}, num_threads)


def celu_input(input: Array, grad_output: Array, alpha: float = 1.0, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `celu` with respect to its input: 1 or exp(x / alpha), times grad_output.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.celu_input(np.array([-1000.0, 3.0]), np.array([4.0, 4.0]), 0.5).tolist()
    [0.0, 4.0]
    """
    backend, options = backend_for("celu_input", "grad_output", grad_output), {"alpha": alpha}
    return backend.curve_input("celu_input", "celu", input, grad_output, options, num_threads)


def softplus_input(
    input: Array, grad_output: Array, beta: float = 1.0, threshold: float = 20.0, *, num_threads: int | None = None
) -> Array:
    """Return the gradient of `softplus` with respect to its input: sigmoid(beta * x) times grad_output.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.softplus_input(np.array([0.0, 100.0]), np.array([4.0, 4.0])).tolist()
    [2.0, 4.0]
    """
    backend, options = backend_for("softplus_input", "grad_output", grad_output), {"beta": beta, "threshold": threshold}
    return backend.curve_input("softplus_input", "softplus", input, grad_output, options, num_threads)


def mish_input(input: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `mish` with respect to its input.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.mish_input(np.array([100.0]), np.array([4.0])).tolist()
    [4.0]
    """
    backend = backend_for("mish_input", "grad_output", grad_output)
    return backend.curve_input("mish_input", "mish", input, grad_output, {}, num_threads)


def hardtanh_input(
    input: Array, grad_output: Array, min_val: float = -1.0, max_val: float = 1.0, *, num_threads: int | None = None
) -> Array:
    """Return the gradient of `hardtanh`: grad_output where input lies between min_val and max_val, else 0.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.hardtanh_input(np.array([0.5, 2.0]), np.array([4.0, 4.0])).tolist()
    [4.0, 0.0]
    """
    backend, options = backend_for("hardtanh_input", "grad_output", grad_output), {"min_val": min_val, "max_val": max_val}
    return backend.curve_input("hardtanh_input", "hardtanh", input, grad_output, options, num_threads)


def hardsigmoid_input(input: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `hardsigmoid`: a sixth of grad_output where input lies between -3 and 3, else 0.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.hardsigmoid_input(np.array([0.0, 4.0]), np.array([6.0, 6.0])).tolist()
    [1.0, 0.0]
    """
    backend = backend_for("hardsigmoid_input", "grad_output", grad_output)
    return backend.curve_input("hardsigmoid_input", "hardsigmoid", input, grad_output, {}, num_threads)


def softsign_input(input: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `softsign` with respect to its input: grad_output / (1 + abs(x))**2.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.softsign_input(np.array([1.0, -1.0]), np.array([4.0, 8.0])).tolist()
    [1.0, 2.0]
    """
    backend = backend_for("softsign_input", "grad_output", grad_output)
    return backend.curve_input("softsign_input", "softsign", input, grad_output, {}, num_threads)


def logsigmoid_input(input: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `logsigmoid` with respect to its input: sigmoid(-x) times grad_output.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.logsigmoid_input(np.array([0.0, 1000.0]), np.array([4.0, 4.0])).tolist()
    [2.0, 0.0]
    """
    backend = backend_for("logsigmoid_input", "grad_output", grad_output)
    return backend.curve_input("logsigmoid_input", "logsigmoid", input, grad_output, {}, num_threads)


def threshold_input(input: Array, grad_output: Array, threshold: float, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `threshold`: grad_output where input exceeds the threshold, else 0.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.threshold_input(np.array([0.5, 2.0]), np.array([4.0, 4.0]), 1).tolist()
    [0.0, 4.0]
    """
    backend = backend_for("threshold_input", "grad_output", grad_output)
    options = {"threshold": threshold}
    return backend.curve_input("threshold_input", "threshold", input, grad_output, options, num_threads)


def prelu_input(
    input: Array, weight: Array, grad_output: Array, *, data_format: str | None = None, num_threads: int | None = None
) -> Array:
    """Return the gradient of `prelu` with respect to its input.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.prelu_input(np.array([-1.0, 2.0]), np.array([0.25]), np.array([4.0, 4.0])).tolist()
    [1.0, 4.0]
    """
    backend = backend_for("prelu_input", "grad_output", grad_output)
    return backend.prelu_input("prelu_input", input, weight, grad_output, data_format, num_threads)


def prelu_weight(
    input: Array, weight: Array, grad_output: Array, *, data_format: str | None = None, num_threads: int | None = None
) -> Array:
    """Return the gradient of `prelu` with respect to its weight: sums of x * grad_output where x is negative.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.prelu_weight(np.array([-1.0, 2.0]), np.array([0.25]), np.array([4.0, 4.0])).tolist()
    [-4.0]
    """
    backend = backend_for("prelu_weight", "grad_output", grad_output)
    return backend.prelu_weight(input, weight, grad_output, data_format, num_threads)


def glu_input(input: Array, grad_output: Array, dim: int = -1, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `glu` with respect to its input.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.glu_input(np.array([4.0, 0.0]), np.array([1.0])).tolist()
    [0.5, 1.0]
    """
    backend = backend_for("glu_input", "grad_output", grad_output)
    return backend.gated_input("glu_input", input, grad_output, dim, num_threads)


def softmin_input(output: Array, grad_output: Array, dim: int, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `softmin` with respect to its input, from its output.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.softmin_input(np.array([0.5, 0.5]), np.array([1.0, 0.0]), 0).tolist()
    [-0.25, 0.25]
    """
    backend = backend_for("softmin_input", "grad_output", grad_output)
    return backend.softmax_input("softmin_input", output, grad_output, dim, num_threads, "softmin")
