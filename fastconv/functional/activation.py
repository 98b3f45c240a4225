# SPDX-License-Identifier: BSD-3-Clause
"""Activations, each element of its own or along an axis."""

from __future__ import annotations

from ..backends import backend_for
from ..spec import one_of
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


def softmax(input: Array, dim: int, *, out: Array | None = None, num_threads: int | None = None) -> Array:
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
    return backend_for("softmax", "input", input).softmax("softmax", input, dim, out, num_threads)


def log_softmax(input: Array, dim: int, *, out: Array | None = None, num_threads: int | None = None) -> Array:
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
    return backend_for("log_softmax", "input", input).log_softmax("log_softmax", input, dim, out, num_threads)


def softmin(input: Array, dim: int, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return `softmax` of -x.

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
    >>> F.softmin(np.array([0.0, 1000.0]), 0).tolist()
    [1.0, 0.0]
    """
    return backend_for("softmin", "input", input).softmax("softmin", input, dim, out, num_threads, "softmin")


def gelu(input: Array, approximate: str = "none", *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return x times the probability of a standard normal number below x.

    Parameters
    ----------
    input : ndarray of any shape
    approximate : {"none", "tanh"}, optional
        "tanh": x * sigmoid(2 u) with u = sqrt(2 / pi) * (x + 0.044715 * x**3).

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Hendrycks & Gimpel, Gaussian Error Linear Units, arXiv 1606.08415.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.gelu(np.array([0.0, 100.0])).tolist()
    [0.0, 100.0]
    """
    kind = {"none": "gelu", "tanh": "gelu_tanh"}[one_of("gelu", "approximate", approximate, ("none", "tanh"))]
    return backend_for("gelu", "input", input).curve("gelu", kind, input, {}, out, num_threads)


def elu(input: Array, alpha: float = 1.0, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return x where x > 0, else alpha * (exp(x) - 1).

    Parameters
    ----------
    input : ndarray of any shape
    alpha : float, optional
        What it tends to below, with the other sign; finite.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Clevert, Unterthiner & Hochreiter, Exponential Linear Units, ICLR 2016.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.elu(np.array([-1000.0, 2.0])).tolist()
    [-1.0, 2.0]
    """
    options = {"alpha": alpha}
    return backend_for("elu", "input", input).curve("elu", "elu", input, options, out, num_threads)


def selu(input: Array, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return 1.0507 * (x where x > 0, else 1.6733 * (exp(x) - 1)), with the paper's constants in full.

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
    Klambauer et al., Self-Normalizing Neural Networks, NIPS 2017.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.selu(np.array([-1000.0, 0.0])).round(4).tolist()
    [-1.7581, 0.0]
    """
    return backend_for("selu", "input", input).curve("selu", "selu", input, {}, out, num_threads)


def celu(input: Array, alpha: float = 1.0, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return max(0, x) + min(0, alpha * (exp(x / alpha) - 1)).

    Parameters
    ----------
    input : ndarray of any shape
    alpha : float, optional
        Finite and not zero.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Barron, Continuously Differentiable Exponential Linear Units, arXiv 1704.07483.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.celu(np.array([-1000.0, 2.0]), 0.5).tolist()
    [-0.5, 2.0]
    """
    options = {"alpha": alpha}
    return backend_for("celu", "input", input).curve("celu", "celu", input, options, out, num_threads)


def softplus(
    input: Array, beta: float = 1.0, threshold: float = 20.0, *, out: Array | None = None, num_threads: int | None = None
) -> Array:
    """Return log(1 + exp(beta * x)) / beta, or x where beta * x > threshold.

    Parameters
    ----------
    input : ndarray of any shape
    beta : float, optional
        Finite and not zero.
    threshold : float, optional
        Where it becomes x itself.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Dugas et al., Incorporating Second-Order Functional Knowledge for Better Option Pricing, NIPS 2000.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.softplus(np.array([-1000.0, 100.0])).tolist()
    [0.0, 100.0]
    """
    options = {"beta": beta, "threshold": threshold}
    return backend_for("softplus", "input", input).curve("softplus", "softplus", input, options, out, num_threads)


def mish(input: Array, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return x * tanh(softplus(x)).

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
    Misra, Mish: A Self Regularized Non-Monotonic Activation Function, BMVC 2020.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.mish(np.array([0.0, 100.0])).tolist()
    [0.0, 100.0]
    """
    return backend_for("mish", "input", input).curve("mish", "mish", input, {}, out, num_threads)


def hardtanh(
    input: Array, min_val: float = -1.0, max_val: float = 1.0, *, out: Array | None = None, num_threads: int | None = None
) -> Array:
    """Return x, cut off at min_val and max_val.

    Parameters
    ----------
    input : ndarray of any shape
    min_val, max_val : float, optional
        Finite, min_val at most max_val.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Collobert, Large Scale Machine Learning, 2004.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.hardtanh(np.array([-3.0, 0.5, 2.0])).tolist()
    [-1.0, 0.5, 1.0]
    """
    options = {"min_val": min_val, "max_val": max_val}
    return backend_for("hardtanh", "input", input).curve("hardtanh", "hardtanh", input, options, out, num_threads)


def hardsigmoid(input: Array, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return min(max(x + 3, 0), 6) / 6.

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
    >>> F.hardsigmoid(np.array([-3.0, 0.0, 3.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return backend_for("hardsigmoid", "input", input).curve("hardsigmoid", "hardsigmoid", input, {}, out, num_threads)


def softsign(input: Array, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return x / (1 + abs(x)).

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
    Bergstra et al., Quadratic Polynomials Learn Better Image Features, 2009.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.softsign(np.array([-1.0, 3.0])).tolist()
    [-0.5, 0.75]
    """
    return backend_for("softsign", "input", input).curve("softsign", "softsign", input, {}, out, num_threads)


def logsigmoid(input: Array, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return log(sigmoid(x)), without loss for large numbers of either sign.

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
    >>> F.logsigmoid(np.array([-1000.0, 1000.0])).tolist()
    [-1000.0, 0.0]
    """
    return backend_for("logsigmoid", "input", input).curve("logsigmoid", "logsigmoid", input, {}, out, num_threads)


def threshold(
    input: Array, threshold: float, value: float, *, out: Array | None = None, num_threads: int | None = None
) -> Array:
    """Return x where x > threshold, else value.

    Parameters
    ----------
    input : ndarray of any shape
    threshold, value : float
        Finite.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.threshold(np.array([0.5, 2.0]), 1, 7).tolist()
    [7.0, 2.0]
    """
    options = {"threshold": threshold, "value": value}
    return backend_for("threshold", "input", input).curve("threshold", "threshold", input, options, out, num_threads)


def prelu(
    input: Array, weight: Array, *, data_format: str | None = None, out: Array | None = None, num_threads: int | None = None
) -> Array:
    """Return x where x > 0, else weight * x, with a slope per channel.

    Parameters
    ----------
    input : ndarray of any shape, (n, c, *spatial) where there are several slopes
    weight : ndarray of shape (c,) or (1,)
    data_format : str, optional
        See the head of this package; by default the channels come second.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    He et al., Delving Deep into Rectifiers, ICCV 2015.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.prelu(np.array([[-1.0, -1.0]]), np.array([0.25, 0.5])).tolist()
    [[-0.25, -0.5]]
    """
    return backend_for("prelu", "input", input).prelu(input, weight, data_format, out, num_threads)


def glu(input: Array, dim: int = -1, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return a * sigmoid(b), where a and b are the halves of an axis.

    Parameters
    ----------
    input : ndarray
    dim : int, optional
        The axis that is halved; its size must be even.

    Returns
    -------
    ndarray of half the size in axis dim

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Dauphin et al., Language Modeling with Gated Convolutional Networks, ICML 2017.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.glu(np.array([4.0, 0.0])).tolist()
    [2.0]
    """
    return backend_for("glu", "input", input).gated("glu", input, dim, out, num_threads)
