# SPDX-License-Identifier: BSD-3-Clause
"""Activations, each element of its own or along an axis."""

from __future__ import annotations

from ..backends import backend_for
from ._defaults import Array


def relu(input: Array, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return max(0, x); NaN stays NaN.

    Parameters
    ----------
    input : ndarray of any shape

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Nair & Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines, ICML 2010.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.relu(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return backend_for("relu", "input", input).activation("relu", input, out, num_threads)


def relu6(input: Array, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return min(max(0, x), 6).

    Parameters
    ----------
    input : ndarray of any shape

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Krizhevsky, Convolutional Deep Belief Networks on CIFAR-10, 2010.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.relu6(np.array([-1.0, 2.0, 7.0])).tolist()
    [0.0, 2.0, 6.0]
    """
    return backend_for("relu6", "input", input).activation("relu6", input, out, num_threads)


def leaky_relu(
    input: Array, negative_slope: float = 0.01, *, out: Array | None = None, num_threads: int | None = None
) -> Array:
    """Return x where x > 0, else negative_slope * x.

    Parameters
    ----------
    input : ndarray of any shape
    negative_slope : float, optional
        What negative numbers are multiplied by; finite.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Maas, Hannun & Ng, Rectifier Nonlinearities Improve Neural Network Acoustic Models, ICML 2013.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.leaky_relu(np.array([-1.0, 2.0]), 0.25).tolist()
    [-0.25, 2.0]
    """
    return backend_for("leaky_relu", "input", input).activation("leaky_relu", input, out, num_threads, negative_slope)


def sigmoid(input: Array, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return 1 / (1 + exp(-x)), without overflow.

    Parameters
    ----------
    input : ndarray of any shape

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 3.10.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return backend_for("sigmoid", "input", input).activation("sigmoid", input, out, num_threads)


def tanh(input: Array, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return the hyperbolic tangent of x.

    Parameters
    ----------
    input : ndarray of any shape

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 6.3.2.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.tanh(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [-1.0, 0.0, 1.0]
    """
    return backend_for("tanh", "input", input).activation("tanh", input, out, num_threads)


def silu(input: Array, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return x * sigmoid(x), also called swish.

    Parameters
    ----------
    input : ndarray of any shape

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Elfwing, Uchibe & Doya, Sigmoid-Weighted Linear Units for Neural Network Function Approximation, 2018.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.silu(np.array([0.0, 100.0])).tolist()
    [0.0, 100.0]
    """
    return backend_for("silu", "input", input).activation("silu", input, out, num_threads)


def hardswish(input: Array, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return x * min(max(x + 3, 0), 6) / 6.

    Parameters
    ----------
    input : ndarray of any shape

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Howard et al., Searching for MobileNetV3, ICCV 2019, section 5.2.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.hardswish(np.array([0.0, 3.0, 10.0])).tolist()
    [0.0, 3.0, 10.0]
    """
    return backend_for("hardswish", "input", input).activation("hardswish", input, out, num_threads)


def gated_tanh(input: Array, dim: int = -2, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Compute tanh(a) * sigmoid(b), where a and b are the halves of an axis.

    Parameters
    ----------
    input : ndarray
    dim : int, optional
        The axis that is halved; the default is the channels of a sequence, (n, c, w) or (c, w). Its size must be even.
    out, num_threads : optional
        See the head of this module.

    Returns
    -------
    ndarray of half the size in axis dim

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    van den Oord et al., WaveNet, arXiv 1609.03499, equation 2.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.gated_tanh(np.array([[[1000.0], [0.0]]], np.float32)).tolist()
    [[[0.5]]]
    """
    return backend_for("gated_tanh", "input", input).gated_tanh(input, dim, out, num_threads)


def softmax(input: Array, dim: int) -> Array:
    """Return exp(x) / sum of exp(x) along an axis, without overflow.

    Parameters
    ----------
    input : ndarray of any shape
    dim : int
        The axis; negative counts from the end.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 4.1.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.softmax(np.array([1000.0, 1000.0]), 0).tolist()
    [0.5, 0.5]
    """
    return backend_for("softmax", "input", input).softmax("softmax", input, dim)


def log_softmax(input: Array, dim: int) -> Array:
    """Return the logarithm of `softmax`, without loss for small probabilities.

    Parameters
    ----------
    input : ndarray of any shape
    dim : int
        The axis; negative counts from the end.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 6.2.2.3.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.log_softmax(np.array([0.0, -1000.0]), 0).tolist()
    [0.0, -1000.0]
    """
    return backend_for("log_softmax", "input", input).log_softmax("log_softmax", input, dim)
