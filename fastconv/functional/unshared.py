# SPDX-License-Identifier: BSD-3-Clause
"""Convolutions with filters of their own at every place, or at every k-th."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ._defaults import Array


def local_conv1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCW",
    activation: Any = None,
) -> Array:
    """Convolve sequences, each output with filters of its own; see `local_conv2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    weight : ndarray of shape (ow, kw, c_in // groups, c_out)
    bias : ndarray of shape (c_out,) or (c_out, 1 or ow), optional
    stride, padding, dilation, groups : optional
        As in `conv1d`.
    out, num_threads, data_format, activation : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, ow) or (c_out, ow), in the layout of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    LeCun, Generalization and Network Design Strategies, 1989; Goodfellow, Bengio & Courville, Deep Learning, 2016,
    section 9.5.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 1, 3), np.float32)
    >>> w = np.arange(4, dtype=np.float32).reshape(2, 2, 1, 1)
    >>> F.local_conv1d(x, w)[0, 0].tolist()
    [1.0, 5.0]
    """
    options = (stride, padding, dilation, groups, data_format, activation)
    backend = backend_for("local_conv1d", "input", input)
    return backend.tiled_conv("local_conv1d", 1, True, input, weight, bias, options, out, num_threads)


def local_conv2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCHW",
    activation: Any = None,
) -> Array:
    """Convolve images with filters of their own at every place of the output.

    Unshared convolution, a locally connected layer: y[n, c_out, o] = bias[c_out, o]
        + sum over tap, c_in of weight[o, tap, c_in, c_out] * x[n, c_in, o*stride - front + tap*dilation],
    where x is zero outside. Every weight meets an image once, so reading the weights is what takes time: they lie in the
    order in which they are read, output channels last. weight[o] is a filter as TensorFlow has it, (kh, kw, in, out), and
    weight.reshape(oh*ow, kh*kw*c_in, c_out) the kernel of Keras' LocallyConnected2D.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
    weight : ndarray of shape (oh, ow, kh, kw, c_in // groups, c_out)
        Those of a convolution, (c_out, c_in // groups, kh, kw), are weight.transpose(2, 3, 1, 0) of each place.
    bias : ndarray of shape (c_out,) or (c_out, 1 or oh, 1 or ow), optional
    stride, padding, dilation, groups : optional
        As in `conv2d`.
    out, num_threads, data_format, activation : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow), in the layout of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    LeCun, Generalization and Network Design Strategies, 1989; Goodfellow, Bengio & Courville, Deep Learning, 2016,
    section 9.5.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 1, 3, 3), np.float32)
    >>> w = np.arange(16, dtype=np.float32).reshape(2, 2, 2, 2, 1, 1)
    >>> F.local_conv2d(x, w)[0, 0].tolist()
    [[6.0, 22.0], [38.0, 54.0]]
    """
    options = (stride, padding, dilation, groups, data_format, activation)
    backend = backend_for("local_conv2d", "input", input)
    return backend.tiled_conv("local_conv2d", 2, True, input, weight, bias, options, out, num_threads)


def local_conv3d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
    activation: Any = None,
) -> Array:
    """Convolve volumes, each output with filters of its own; see `local_conv2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    weight : ndarray of shape (od, oh, ow, kd, kh, kw, c_in // groups, c_out)
    bias : ndarray of shape (c_out,) or (c_out, 1 or od, 1 or oh, 1 or ow), optional
    stride, padding, dilation, groups : optional
        As in `conv3d`.
    out, num_threads, data_format, activation : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow), in the layout of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    LeCun, Generalization and Network Design Strategies, 1989; Goodfellow, Bengio & Courville, Deep Learning, 2016,
    section 9.5.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 1, 2, 2, 2), np.float32)
    >>> w = np.ones((1, 1, 1, 2, 2, 2, 1, 3), np.float32)
    >>> F.local_conv3d(x, w).ravel().tolist()
    [8.0, 8.0, 8.0]
    """
    options = (stride, padding, dilation, groups, data_format, activation)
    backend = backend_for("local_conv3d", "input", input)
    return backend.tiled_conv("local_conv3d", 3, True, input, weight, bias, options, out, num_threads)


def tiled_conv1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCW",
    activation: Any = None,
) -> Array:
    """Convolve sequences with kernels that take turns; see `tiled_conv2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    weight : ndarray of shape (tw, kw, c_in // groups, c_out)
    bias : ndarray of shape (c_out,) or (c_out, 1 or ow), optional
    stride, padding, dilation, groups : optional
        As in `conv1d`.
    out, num_threads, data_format, activation : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, ow) or (c_out, ow), in the layout of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Gregor & LeCun, Emergence of Complex-Like Cells in a Temporal Product Network with Local Receptive Fields,
    arXiv:1006.0448, 2010; Le et al., Tiled Convolutional Neural Networks, NIPS 2010; Goodfellow, Bengio & Courville, Deep
    Learning, 2016, section 9.5.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 1, 5), np.float32)
    >>> w = np.array([1.0, 2.0], np.float32).reshape(2, 1, 1, 1)
    >>> F.tiled_conv1d(x, w)[0, 0].tolist()
    [1.0, 2.0, 1.0, 2.0, 1.0]
    """
    options = (stride, padding, dilation, groups, data_format, activation)
    backend = backend_for("tiled_conv1d", "input", input)
    return backend.tiled_conv("tiled_conv1d", 1, False, input, weight, bias, options, out, num_threads)


def tiled_conv2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCHW",
    activation: Any = None,
) -> Array:
    """Convolve images with several kernels that take turns over the places of the output.

    y[n, c_out, o] = bias[c_out] + sum over tap, c_in of weight[o mod tiles, tap, c_in, c_out] * x[n, c_in, ...] as in
    `local_conv2d`: neighbours have different kernels, and places `tiles` apart the same. One tile is convolution; as many
    tiles as outputs along each axis is `local_conv2d`; tiles beyond the last output are not used.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
    weight : ndarray of shape (th, tw, kh, kw, c_in // groups, c_out)
        Those of a convolution, (c_out, c_in // groups, kh, kw), are weight.transpose(2, 3, 1, 0) of each tile.
    bias : ndarray of shape (c_out,) or (c_out, 1 or oh, 1 or ow), optional
    stride, padding, dilation, groups : optional
        As in `conv2d`.
    out, num_threads, data_format, activation : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow), in the layout of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Gregor & LeCun, Emergence of Complex-Like Cells in a Temporal Product Network with Local Receptive Fields,
    arXiv:1006.0448, 2010; Le et al., Tiled Convolutional Neural Networks, NIPS 2010; Goodfellow, Bengio & Courville, Deep
    Learning, 2016, section 9.5.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 1, 2, 4), np.float32)
    >>> w = np.array([1.0, 2.0], np.float32).reshape(1, 2, 1, 1, 1, 1)
    >>> F.tiled_conv2d(x, w)[0, 0].tolist()
    [[1.0, 2.0, 1.0, 2.0], [1.0, 2.0, 1.0, 2.0]]
    """
    options = (stride, padding, dilation, groups, data_format, activation)
    backend = backend_for("tiled_conv2d", "input", input)
    return backend.tiled_conv("tiled_conv2d", 2, False, input, weight, bias, options, out, num_threads)


def tiled_conv3d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
    activation: Any = None,
) -> Array:
    """Convolve volumes with kernels that take turns; see `tiled_conv2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    weight : ndarray of shape (td, th, tw, kd, kh, kw, c_in // groups, c_out)
    bias : ndarray of shape (c_out,) or (c_out, 1 or od, 1 or oh, 1 or ow), optional
    stride, padding, dilation, groups : optional
        As in `conv3d`.
    out, num_threads, data_format, activation : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow), in the layout of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Gregor & LeCun, Emergence of Complex-Like Cells in a Temporal Product Network with Local Receptive Fields,
    arXiv:1006.0448, 2010; Le et al., Tiled Convolutional Neural Networks, NIPS 2010; Goodfellow, Bengio & Courville, Deep
    Learning, 2016, section 9.5.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 1, 2, 1, 2), np.float32)
    >>> w = np.array([1.0, 2.0], np.float32).reshape(2, 1, 1, 1, 1, 1, 1, 1)
    >>> F.tiled_conv3d(x, w).ravel().tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    options = (stride, padding, dilation, groups, data_format, activation)
    backend = backend_for("tiled_conv3d", "input", input)
    return backend.tiled_conv("tiled_conv3d", 3, False, input, weight, bias, options, out, num_threads)
