# SPDX-License-Identifier: BSD-3-Clause
"""Transposed convolutions."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for, recall_conv
from ._defaults import NCDHW, NCHW, NCW, Array


def conv_transpose1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    algorithm: str | None = None,
    data_format: str = "NCW",
    activation: Any = None,
    precision: str | None = None,
) -> Array:
    """Spread sequences with filters; see `conv_transpose2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    weight : ndarray of shape (c_in, c_out // groups, kw)
    bias : ndarray of shape (c_out,), optional
    stride, padding, output_padding, groups, dilation : optional
        As in `conv_transpose2d`, with 1 axis; padding pairs are ((front, back),).
    out, num_threads, algorithm, data_format, activation, precision : optional
        See `conv_transpose2d`.

    Returns
    -------
    ndarray of shape (n, c_out, ow) or (c_out, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Dumoulin & Visin, A guide to convolution arithmetic for deep learning, arXiv 1603.07285, section 4.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[1, 2, 3]]], np.float32)
    >>> F.conv_transpose1d(x, np.ones((1, 1, 3), np.float32), stride=2)[0, 0].tolist()
    [1.0, 1.0, 3.0, 2.0, 5.0, 3.0, 3.0]
    """
    layout = None if data_format is NCW else data_format
    options = (stride, padding, output_padding, groups, dilation, algorithm, layout, activation, precision)
    y = recall_conv("conv_transpose1d", input, weight, bias, options, out, num_threads)
    if y is not None:
        return y
    backend = backend_for("conv_transpose1d", "input", input)
    return backend.conv_transpose("conv_transpose1d", 1, input, weight, bias, options, out, num_threads)


def conv_transpose2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    algorithm: str | None = None,
    data_format: str = "NCHW",
    activation: Any = None,
    precision: str | None = None,
) -> Array:
    """Spread images with filters: the transpose of `conv2d`, which makes them larger where it made them smaller.

    Each input adds its filters, times itself, to the output:
    y[n, c_out, i*stride - padding + tap*dilation] += weight[c_in, c_out, tap] * x[n, c_in, i], and bias[c_out] once.
    Each output axis has (size - 1)*stride - 2*padding + dilation*(kernel - 1) + output_padding + 1 positions.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
        n may be 0. With data_format="NHWC" the shape is (n, h, w, c_in) or (h, w, c_in).
    weight : ndarray of shape (c_in, c_out // groups, kh, kw)
        As `conv2d` has the weights of the layer from c_out to c_in channels that this transposes.
    bias : ndarray of shape (c_out,), optional
    stride, dilation : int or (int, int), optional
        Steps between what neighbouring inputs add, and between taps, in output pixels.
    padding : int, (int, int) or ((top, bottom), (left, right)), optional
        What is cut off at the border of the output.
    output_padding : int or (int, int), optional
        Further positions at the end of each axis, fewer than stride or dilation: with a stride several sizes have a
        convolution of the same size, and this says which one is meant.
    groups : int, optional
        Output channels of a group see the input channels of that group only.
    out, num_threads, data_format, activation, precision : optional
        See the head of this module.
    algorithm : str, optional
        "auto" or one of `fastconv.algorithms("conv_transpose2d")`: of the whole, or of all the convolutions that the
        output's phases are.

    Returns
    -------
    ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow), with data_format="NHWC" (n, oh, ow, c_out) or (oh, ow, c_out)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; also if a named algorithm cannot serve the call.

    References
    ----------
    Dumoulin & Visin, A guide to convolution arithmetic for deep learning, arXiv 1603.07285, section 4.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[[1, 2], [3, 4]]]], np.float32)
    >>> F.conv_transpose2d(x, np.ones((1, 1, 2, 2), np.float32), stride=2)[0, 0].tolist()
    [[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0], [3.0, 3.0, 4.0, 4.0], [3.0, 3.0, 4.0, 4.0]]
    >>> F.conv_transpose2d(x, np.ones((1, 1, 2, 2), np.float32))[0, 0].tolist()
    [[1.0, 3.0, 2.0], [4.0, 10.0, 6.0], [3.0, 7.0, 4.0]]
    """
    layout = None if data_format is NCHW else data_format
    options = (stride, padding, output_padding, groups, dilation, algorithm, layout, activation, precision)
    y = recall_conv("conv_transpose2d", input, weight, bias, options, out, num_threads)
    if y is not None:
        return y
    backend = backend_for("conv_transpose2d", "input", input)
    return backend.conv_transpose("conv_transpose2d", 2, input, weight, bias, options, out, num_threads)


def conv_transpose3d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    algorithm: str | None = None,
    data_format: str = "NCDHW",
    activation: Any = None,
    precision: str | None = None,
) -> Array:
    """Spread volumes with filters; see `conv_transpose2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    weight : ndarray of shape (c_in, c_out // groups, kd, kh, kw)
    bias : ndarray of shape (c_out,), optional
    stride, padding, output_padding, groups, dilation : optional
        As in `conv_transpose2d`, with 3 axes; padding pairs are ((front, back), (top, bottom), (left, right)).
    out, num_threads, algorithm, data_format, activation, precision : optional
        See `conv_transpose2d`.

    Returns
    -------
    ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Dumoulin & Visin, A guide to convolution arithmetic for deep learning, arXiv 1603.07285, section 4.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([1, 2], np.float32).reshape(1, 1, 1, 1, 2)
    >>> F.conv_transpose3d(x, np.ones((1, 1, 1, 1, 2), np.float32), stride=(1, 1, 2)).ravel().tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    layout = None if data_format is NCDHW else data_format
    options = (stride, padding, output_padding, groups, dilation, algorithm, layout, activation, precision)
    y = recall_conv("conv_transpose3d", input, weight, bias, options, out, num_threads)
    if y is not None:
        return y
    backend = backend_for("conv_transpose3d", "input", input)
    return backend.conv_transpose("conv_transpose3d", 3, input, weight, bias, options, out, num_threads)
