# SPDX-License-Identifier: BSD-3-Clause
"""Normalisation: by the moments of a batch, an image, a group of channels or a row, and by what lies around."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ._defaults import Array


def batch_norm(
    input: Array,
    running_mean: Array | None,
    running_var: Array | None,
    weight: Array | None = None,
    bias: Array | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    *,
    data_format: str | None = None,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Normalise each channel over the batch: (x - mean) / sqrt(var + eps) * weight + bias.

    In training mean and variance are those of the input, and the running ones, where given, move towards them in place, the
    variance by its unbiased estimate. Otherwise the running ones count. Moments are exact to rounding wherever the mean
    lies: of 1e6 plus noise the noise is left.

    Parameters
    ----------
    input : ndarray of shape (n, c, *spatial)
    running_mean, running_var : ndarray of shape (c,), or None
        Changed in training.
    weight, bias : ndarray of shape (c,), optional
        What a channel is multiplied by, and what is added.
    training : bool, optional
    momentum : float, optional
        By what share the running moments move.
    eps : float, optional
        Not negative.
    data_format : str, optional
        "NHWC" and the like: the channels come last; by default they come second.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Ioffe & Szegedy, Batch Normalization, ICML 2015.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[1.0], [3.0]])
    >>> F.batch_norm(x, None, None, training=True, eps=0.0).tolist()
    [[-1.0], [1.0]]
    >>> F.batch_norm(x, np.zeros(1), np.ones(1), eps=0.0).tolist()
    [[1.0], [3.0]]
    """
    backend, moments = backend_for("batch_norm", "input", input), (running_mean, running_var)
    how = (training, momentum, eps, None, data_format, out, num_threads)
    return backend.normalize("batch_norm", "batch", input, moments, weight, bias, *how)


def instance_norm(
    input: Array,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    weight: Array | None = None,
    bias: Array | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
    *,
    data_format: str | None = None,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Normalise each channel of each image over its plane.

    Parameters
    ----------
    input : ndarray of shape (n, c, *spatial), at least one spatial axis
    running_mean, running_var : ndarray of shape (c,), optional
        With use_input_stats they move towards the mean over the batch of the images' moments; without, they count.
    weight, bias : ndarray of shape (c,), optional
        What a channel is multiplied by, and what is added.
    use_input_stats : bool, optional
    momentum, eps : float, optional
        As in `batch_norm`.
    data_format : str, optional
        "NHWC" and the like: the channels come last; by default they come second.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Ulyanov, Vedaldi & Lempitsky, Instance Normalization, arXiv 1607.08022.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.instance_norm(np.array([[[1.0, 3.0]]]), eps=0.0).tolist()
    [[[-1.0, 1.0]]]
    """
    backend, moments = backend_for("instance_norm", "input", input), (running_mean, running_var)
    how = (use_input_stats, momentum, eps, None, data_format, out, num_threads)
    return backend.normalize("instance_norm", "instance", input, moments, weight, bias, *how)


def group_norm(
    input: Array,
    num_groups: int,
    weight: Array | None = None,
    bias: Array | None = None,
    eps: float = 1e-5,
    *,
    data_format: str | None = None,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Normalise groups of channels of each image.

    Parameters
    ----------
    input : ndarray of shape (n, c, *spatial)
    num_groups : int
        Divides c.
    weight, bias : ndarray of shape (c,), optional
        What a channel is multiplied by, and what is added.
    eps : float, optional
        Not negative.
    data_format : str, optional
        "NHWC" and the like: the channels come last; by default they come second.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Wu & He, Group Normalization, ECCV 2018.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.group_norm(np.array([[1.0, 3.0, 5.0, 9.0]]), 2, eps=0.0).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """
    backend = backend_for("group_norm", "input", input)
    how = (True, 0.0, eps, num_groups, data_format, out, num_threads)
    return backend.normalize("group_norm", "group", input, (None, None), weight, bias, *how)


def layer_norm(
    input: Array,
    normalized_shape: Any,
    weight: Array | None = None,
    bias: Array | None = None,
    eps: float = 1e-5,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Normalise over the last axes.

    Parameters
    ----------
    input : ndarray
    normalized_shape : int or sequence of int
        The last sizes of input.
    weight, bias : ndarray of shape normalized_shape, optional
    eps : float, optional
        Not negative.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Ba, Kiros & Hinton, Layer Normalization, arXiv 1607.06450.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.layer_norm(np.array([[1.0, 3.0]]), 2, eps=0.0).tolist()
    [[-1.0, 1.0]]
    """
    backend = backend_for("layer_norm", "input", input)
    return backend.layer("layer_norm", input, normalized_shape, weight, bias, eps, out, num_threads)


def rms_norm(
    input: Array,
    normalized_shape: Any,
    weight: Array | None = None,
    eps: float | None = None,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Divide by the root mean square over the last axes.

    Parameters
    ----------
    input : ndarray
    normalized_shape : int or sequence of int
        The last sizes of input.
    weight : ndarray of shape normalized_shape, optional
    eps : float, optional
        Default: the distance from 1 to the next number of the dtype.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Zhang & Sennrich, Root Mean Square Layer Normalization, NeurIPS 2019.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.rms_norm(np.array([[1.0, 7.0]]), 2, eps=0.0).round(3).tolist()
    [[0.2, 1.4]]
    """
    backend = backend_for("rms_norm", "input", input)
    return backend.layer("rms_norm", input, normalized_shape, weight, None, eps, out, num_threads)


def local_response_norm(
    input: Array,
    size: int,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 1.0,
    *,
    region: str = "across",
    data_format: str | None = None,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Divide by a power of the squares around: x / (k + alpha * mean of x**2 in a window)**beta.

    Zeros lie outside, and count in the mean. Of an even size one more place lies before than after, as torch has it. Every
    window is summed anew, so nothing of a NaN or an infinity stays behind.

    Parameters
    ----------
    input : ndarray of shape (n, c, *spatial), one to three spatial axes
    size : int
        Of the window.
    alpha, beta, k : float, optional
        beta 0.5, 0.75 and 1 need no logarithm.
    region : {"across", "within"}, optional
        The window: neighbouring channels of the same place, or neighbouring places of the same channel, along every axis.
    data_format : str, optional
        "NHWC" and the like: the channels come last; by default they come second.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Krizhevsky, Sutskever & Hinton, ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012, section 3.3;
    Jia et al., Caffe, arXiv 1408.5093 (within a channel).

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.local_response_norm(np.ones((1, 3, 1)), 3, alpha=3.0, beta=1.0, k=0.0).ravel().tolist()
    [0.5, 0.3333333333333333, 0.5]
    """
    backend, options = backend_for("local_response_norm", "input", input), (size, alpha, beta, k)
    return backend.local_response(input, options, region, data_format, out, num_threads)


def local_contrast_norm(
    input: Array,
    size: int = 9,
    sigma: float | None = None,
    eps: float = 1e-4,
    *,
    data_format: str | None = None,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Subtract the mean around, over all channels, and divide by the deviation around.

    v = x - sum(w x) and y = v / max(c, sigma), sigma = sqrt(sum(w v**2)), where w is a Gaussian window with the sum 1 over
    channels and places, at the border over those inside, and c the mean of sigma over the image.

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w) or (n, c, w)
    size : int, optional
        Of the window, odd.
    sigma : float, optional
        Of the window's Gaussian; default: a quarter of size.
    eps : float, optional
        No divisor is smaller, so that an even image does not become its rounding errors.
    data_format : str, optional
        "NHWC" or "NWC": the channels come last; by default they come second.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Jarrett, Kavukcuoglu, Ranzato & LeCun, What is the Best Multi-Stage Architecture for Object Recognition?, ICCV 2009,
    section 2.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.local_contrast_norm(np.ones((1, 1, 1, 3)), 3).round(3).ravel().tolist()
    [0.0, 0.0, 0.0]
    """
    backend, options = backend_for("local_contrast_norm", "input", input), (size, sigma, eps)
    return backend.local_contrast(input, options, data_format, out, num_threads)
