# SPDX-License-Identifier: BSD-3-Clause
"""Convolutions whose filters all places share."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for, recall_conv
from ._defaults import NCDHW, NCHW, NCW, ZERO, ZEROS, Array


def conv1d(
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
    algorithm: str | None = None,
    data_format: str = "NCW",
    activation: Any = None,
    precision: str | None = None,
    padding_mode: Any = ZEROS,
    padding_value: float = ZERO,
    flip: bool = False,
) -> Array:
    """Convolve sequences with filters; see `conv2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    weight : ndarray of shape (c_out, c_in // groups, kw)
    bias : ndarray of shape (c_out,) or (c_out, 1 or ow), optional
    stride, padding, dilation, groups : optional
        As in `conv2d`, with 1 axis; padding pairs are ((front, back),). padding="causal" is ((dilation * (kw - 1), 0),):
        output t sees the inputs up to t * stride and none after it, and there are ceil(w / stride) of them.
    out, num_threads, algorithm, data_format, activation, precision, padding_mode, padding_value, flip : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, ow) or (c_out, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 9.1; van den Oord et al., arXiv 1609.03499 (causal).

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(5, dtype=np.float32).reshape(1, 1, 5)
    >>> w = np.ones((1, 1, 3), np.float32)
    >>> F.conv1d(x, w, padding="causal")[0, 0].tolist()
    [0.0, 1.0, 3.0, 6.0, 9.0]
    """
    layout = None if data_format is NCW else data_format
    edges = (
        None if padding_mode is ZEROS and padding_value is ZERO and flip is False else (padding_mode, padding_value, flip)
    )
    options = (stride, padding, dilation, groups, algorithm, layout, activation, precision, edges)
    y = recall_conv("conv1d", input, weight, bias, options, out, num_threads)
    if y is not None:
        return y
    return backend_for("conv1d", "input", input).conv("conv1d", 1, input, weight, bias, options, out, num_threads)


def conv2d(
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
    algorithm: str | None = None,
    data_format: str = "NCHW",
    activation: Any = None,
    precision: str | None = None,
    padding_mode: Any = ZEROS,
    padding_value: float = ZERO,
    flip: bool = False,
) -> Array:
    """Convolve images with filters: cross-correlation, as networks call convolution.

    y[n, c_out, o] = bias[c_out]
        + sum over c_in, tap of weight[c_out, c_in, tap] * x[n, c_in, o*stride - front + tap*dilation],
    where x is zero outside unless `padding_mode` says otherwise, and taps count backwards with flip=True. Each output axis
    has (size + front + back - dilation*(kernel - 1) - 1) // stride + 1 positions.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
        n may be 0. With data_format="NHWC" the shape is (n, h, w, c_in) or (h, w, c_in).
    weight : ndarray of shape (c_out, c_in // groups, kh, kw)
    bias : ndarray of shape (c_out,) or (c_out, 1 or oh, 1 or ow), optional
        A real a channel, or untied: one a column, a row or a place of the output; the same shapes in both layouts.
    stride, dilation : int or (int, int), optional
        Steps between outputs and between taps, in pixels; dilation 1 means none.
    padding : int, (int, int), ((top, bottom), (left, right)), "same" or "valid", optional
        How far the image is continued, with zeros or as padding_mode says. "same" gives ceil(size / stride) outputs, an odd
        pixel at the end, as TensorFlow defines it.
    groups : int, optional
        Output channels of a group see the input channels of that group only.
    out, num_threads, algorithm, data_format, activation, precision, padding_mode, padding_value, flip : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow), with data_format="NHWC" (n, oh, ow, c_out) or (oh, ow, c_out)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; also if a named algorithm cannot serve the call.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 9.1; the algorithms cite theirs, see `fastconv.explain`.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    >>> w = np.ones((1, 1, 2, 2), np.float32)
    >>> F.conv2d(x, w)[0, 0].tolist()
    [[8.0, 12.0], [20.0, 24.0]]
    >>> F.conv2d(x.reshape(1, 3, 3, 1), w, np.float32([-21]), data_format="NHWC", activation="relu").ravel().tolist()
    [0.0, 0.0, 0.0, 3.0]
    >>> F.conv2d(x, w, padding=((0, 0), (1, 0)), padding_mode="circular")[0, 0].tolist()
    [[10.0, 8.0, 12.0], [22.0, 20.0, 24.0]]
    """
    layout = None if data_format is NCHW else data_format
    edges = (
        None if padding_mode is ZEROS and padding_value is ZERO and flip is False else (padding_mode, padding_value, flip)
    )
    options = (stride, padding, dilation, groups, algorithm, layout, activation, precision, edges)
    y = recall_conv("conv2d", input, weight, bias, options, out, num_threads)
    if y is not None:
        return y
    return backend_for("conv2d", "input", input).conv("conv2d", 2, input, weight, bias, options, out, num_threads)


def conv3d(
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
    algorithm: str | None = None,
    data_format: str = "NCDHW",
    activation: Any = None,
    precision: str | None = None,
    padding_mode: Any = ZEROS,
    padding_value: float = ZERO,
    flip: bool = False,
) -> Array:
    """Convolve volumes with filters; see `conv2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    weight : ndarray of shape (c_out, c_in // groups, kd, kh, kw)
    bias : ndarray of shape (c_out,) or (c_out, 1 or od, 1 or oh, 1 or ow), optional
    stride, padding, dilation, groups : optional
        As in `conv2d`, with 3 axes; padding pairs are ((front, back), (top, bottom), (left, right)).
    out, num_threads, algorithm, data_format, activation, precision, padding_mode, padding_value, flip : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 9.1.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 1, 3, 3, 3), np.float32)
    >>> w = np.ones((2, 1, 2, 2, 2), np.float32)
    >>> F.conv3d(x, w, stride=2).ravel().tolist()
    [8.0, 8.0]
    """
    layout = None if data_format is NCDHW else data_format
    edges = (
        None if padding_mode is ZEROS and padding_value is ZERO and flip is False else (padding_mode, padding_value, flip)
    )
    options = (stride, padding, dilation, groups, algorithm, layout, activation, precision, edges)
    y = recall_conv("conv3d", input, weight, bias, options, out, num_threads)
    if y is not None:
        return y
    return backend_for("conv3d", "input", input).conv("conv3d", 3, input, weight, bias, options, out, num_threads)


def depthwise_separable_conv1d(
    input: Array,
    depthwise_weight: Array,
    pointwise_weight: Array,
    depthwise_bias: Array | None = None,
    pointwise_bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCW",
    depthwise_activation: Any = None,
    activation: Any = None,
) -> Array:
    """Convolve each channel of sequences with filters of its own, then mix the channels of each place.

    See `depthwise_separable_conv2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    depthwise_weight : ndarray of shape (c_in * multiplier, 1, kw)
    pointwise_weight : ndarray of shape (c_out, c_in * multiplier, 1)
    depthwise_bias : ndarray of shape (c_in * multiplier,), optional
    pointwise_bias : ndarray of shape (c_out,), optional
    stride, padding, dilation : optional
        Those of the first convolution, as in `conv1d`.
    depthwise_activation, activation : optional
        As in `depthwise_separable_conv2d`.
    out, num_threads, data_format : optional
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
    Howard et al., MobileNets, arXiv 1704.04861, section 3.1; Chollet, Xception, CVPR 2017.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 2, 4), np.float32)
    >>> each, mix = np.ones((2, 1, 3), np.float32), np.ones((1, 2, 1), np.float32)
    >>> F.depthwise_separable_conv1d(x, each, mix, padding="causal").ravel().tolist()
    [2.0, 4.0, 6.0, 6.0]
    """
    arrays = (input, depthwise_weight, pointwise_weight, depthwise_bias, pointwise_bias)
    options = (stride, padding, dilation, data_format, depthwise_activation, activation)
    backend = backend_for("depthwise_separable_conv1d", "input", input)
    return backend.separable_conv("depthwise_separable_conv1d", 1, arrays, options, out, num_threads)


def depthwise_separable_conv2d(
    input: Array,
    depthwise_weight: Array,
    pointwise_weight: Array,
    depthwise_bias: Array | None = None,
    pointwise_bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCHW",
    depthwise_activation: Any = None,
    activation: Any = None,
) -> Array:
    """Convolve each channel with filters of its own, then mix the channels of each pixel; what lies between stays in cache.

    As conv2d(conv2d(input, depthwise_weight, depthwise_bias, stride, padding, dilation, groups=c_in,
    activation=depthwise_activation), pointwise_weight, pointwise_bias, activation=activation), with the bits of the
    algorithms "depthwise" and "pointwise". The first result is made some rows at a time and never whole.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
        With data_format="NHWC" the shape is (n, h, w, c_in) or (h, w, c_in).
    depthwise_weight : ndarray of shape (c_in * multiplier, 1, kh, kw)
        Filters i * multiplier to (i + 1) * multiplier - 1 are those of input channel i.
    pointwise_weight : ndarray of shape (c_out, c_in * multiplier, 1, 1)
    depthwise_bias : ndarray of shape (c_in * multiplier,), optional
    pointwise_bias : ndarray of shape (c_out,), optional
    stride, padding, dilation : optional
        Those of the first convolution, as in `conv2d`.
    depthwise_activation, activation : str or ("leaky_relu", slope), optional
        What is applied after the first convolution and after the second; see the head of this module.
    out, num_threads, data_format : optional
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
    Howard et al., MobileNets, arXiv 1704.04861, section 3.1; Chollet, Xception, CVPR 2017.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2)
    >>> each, mix = np.ones((2, 1, 2, 2), np.float32), np.ones((3, 2, 1, 1), np.float32)
    >>> F.depthwise_separable_conv2d(x, each, mix, pointwise_bias=np.float32([0, 1, 2])).ravel().tolist()
    [28.0, 29.0, 30.0]
    """
    arrays = (input, depthwise_weight, pointwise_weight, depthwise_bias, pointwise_bias)
    options = (stride, padding, dilation, data_format, depthwise_activation, activation)
    backend = backend_for("depthwise_separable_conv2d", "input", input)
    return backend.separable_conv("depthwise_separable_conv2d", 2, arrays, options, out, num_threads)


def depthwise_separable_conv3d(
    input: Array,
    depthwise_weight: Array,
    pointwise_weight: Array,
    depthwise_bias: Array | None = None,
    pointwise_bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
    depthwise_activation: Any = None,
    activation: Any = None,
) -> Array:
    """Convolve each channel of volumes with filters of its own, then mix the channels of each place.

    See `depthwise_separable_conv2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    depthwise_weight : ndarray of shape (c_in * multiplier, 1, kd, kh, kw)
    pointwise_weight : ndarray of shape (c_out, c_in * multiplier, 1, 1, 1)
    depthwise_bias : ndarray of shape (c_in * multiplier,), optional
    pointwise_bias : ndarray of shape (c_out,), optional
    stride, padding, dilation : optional
        Those of the first convolution, as in `conv3d`.
    depthwise_activation, activation : optional
        As in `depthwise_separable_conv2d`.
    out, num_threads, data_format : optional
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
    Howard et al., MobileNets, arXiv 1704.04861, section 3.1; Chollet, Xception, CVPR 2017.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 2, 3, 3, 3), np.float32)
    >>> each, mix = np.ones((2, 1, 2, 2, 2), np.float32), np.ones((1, 2, 1, 1, 1), np.float32)
    >>> F.depthwise_separable_conv3d(x, each, mix, stride=2).ravel().tolist()
    [16.0]
    """
    arrays = (input, depthwise_weight, pointwise_weight, depthwise_bias, pointwise_bias)
    options = (stride, padding, dilation, data_format, depthwise_activation, activation)
    backend = backend_for("depthwise_separable_conv3d", "input", input)
    return backend.separable_conv("depthwise_separable_conv3d", 3, arrays, options, out, num_threads)
