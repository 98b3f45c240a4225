# SPDX-License-Identifier: BSD-3-Clause
"""Pooling and unpooling."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ._defaults import NCDHW, NCHW, NCW, Array


def max_pool1d(
    input: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCW",
    switches: str = "flat",
) -> Any:
    """Take the maximum of each window; see `max_pool2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, w) or (c, w)
    kernel_size : int or one an axis
    stride : int or one an axis, optional
        Default: kernel_size.
    padding : int or one an axis, (front, back) pairs, or str, optional
    dilation : int or one an axis, optional
    ceil_mode : bool, optional
    return_indices : bool, optional
        Also return the switches, which say where the maxima stood.
    switches : {"flat", "compact"}, optional

    Returns
    -------
    ndarray of shape (n, c, ow) or (c, ow), or that and the switches, of the same shape

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 2.1 (switches).

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[1.0, 3.0, 2.0, 4.0]]], np.float32)
    >>> y, switches = F.max_pool1d(x, 2, return_indices=True)
    >>> y.tolist(), switches.tolist()
    ([[[3.0, 4.0]]], [[[1, 3]]])
    """
    backend = backend_for("max_pool1d", "input", input)
    layout = None if data_format is NCW else data_format
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return backend.max_pool("max_pool1d", 1, input, options, return_indices, out, num_threads, layout, switches)


def max_pool2d(
    input: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCHW",
    switches: str = "flat",
) -> Any:
    """Take the maximum of each window.

    Ties go to the first element in row-major order, NaN to the first NaN, and a window of -inf points to its first element
    inside the input. Padding never wins. Integers are pooled as they are. In ceil mode the last window may hang over the end
    but must start inside the input or its front padding.

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w) or (c, h, w)
        Of float32, float64 or an integer type; the result has its dtype.
    kernel_size : int or one an axis
    stride : int or one an axis, optional
        Default: kernel_size.
    padding : int or one an axis, optional
        At most half of the effective kernel size. Or less than it on each side: a (front, back) pair an axis, "valid", or
        "same", also "same_upper" (what is odd goes to the end) and "same_lower", for ceil(size / stride) outputs.
    dilation : int or one an axis, optional
    ceil_mode : bool, optional
    return_indices : bool, optional
        Also return the switches, which say where the maxima stood.
    switches : {"flat", "compact"}, optional
        "flat": int64 positions in the flattened plane, as in torch. "compact": one byte, the element of the window in
        row-major order of its axes; of windows of at most 256 elements. `fastconv.switches` converts.
    data_format : {"NCHW", "NHWC"}, optional
        Where input and output have their channels; switches count within a plane in both.

    Returns
    -------
    ndarray of shape (n, c, oh, ow) or (c, oh, ow), or that and the switches, of the same shape

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 2.1 (switches).

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]], np.float32)
    >>> y, switches = F.max_pool2d(x, 2, return_indices=True)
    >>> y.tolist(), switches.tolist()
    ([[[[6.0, 8.0], [3.0, 4.0]]]], [[[[5, 7], [8, 15]]]])
    """
    backend = backend_for("max_pool2d", "input", input)
    layout = None if data_format is NCHW else data_format
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return backend.max_pool("max_pool2d", 2, input, options, return_indices, out, num_threads, layout, switches)


def max_pool3d(
    input: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
    switches: str = "flat",
) -> Any:
    """Take the maximum of each window; see `max_pool2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, d, h, w) or (c, d, h, w)
    kernel_size : int or one an axis
    stride : int or one an axis, optional
        Default: kernel_size.
    padding : int or one an axis, (front, back) pairs, or str, optional
    dilation : int or one an axis, optional
    ceil_mode : bool, optional
    return_indices : bool, optional
        Also return the switches, which say where the maxima stood.
    switches : {"flat", "compact"}, optional

    Returns
    -------
    ndarray of shape (n, c, od, oh, ow) or (c, od, oh, ow), or that and the switches, of the same shape

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 2.1 (switches).

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(8, dtype=np.float32).reshape(1, 1, 2, 2, 2)
    >>> y, switches = F.max_pool3d(x, 2, return_indices=True)
    >>> y.tolist(), switches.tolist()
    ([[[[[7.0]]]]], [[[[[7]]]]])
    """
    backend = backend_for("max_pool3d", "input", input)
    layout = None if data_format is NCDHW else data_format
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return backend.max_pool("max_pool3d", 3, input, options, return_indices, out, num_threads, layout, switches)


def avg_pool1d(
    input: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Take the mean of each window; see `avg_pool2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, w) or (c, w)
    kernel_size, stride, padding, ceil_mode : optional
        As in `max_pool1d`.
    count_include_pad : bool, optional
        Whether the zeros of the padding count in the divisor.

    Returns
    -------
    ndarray of shape (n, c, ow) or (c, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    LeCun et al., Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 1998, section II.B.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[1.0, 3.0, 2.0, 4.0]]], np.float32)
    >>> F.avg_pool1d(x, 2).tolist()
    [[[2.0, 3.0]]]
    """
    backend = backend_for("avg_pool1d", "input", input)
    layout = None if data_format is NCW else data_format
    named = {"data_format": layout, "ceil_mode": ceil_mode, "count_include_pad": count_include_pad}
    return backend.average_pool("avg_pool1d", 1, input, (kernel_size, stride, padding), named, out, num_threads)


def avg_pool2d(
    input: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Take the mean of each window.

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w) or (c, h, w)
    kernel_size, stride, padding, ceil_mode : optional
        As in `max_pool2d`.
    count_include_pad : bool, optional
        Whether the zeros of the padding count in the divisor.
    divisor_override : int, optional
        Divide by this instead.

    data_format : {"NCHW", "NHWC"}, optional
        Where input and output have their channels.

    Returns
    -------
    ndarray of shape (n, c, oh, ow) or (c, oh, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    LeCun et al., Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 1998, section II.B.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]], np.float32)
    >>> F.avg_pool2d(x, 2).tolist()
    [[[[3.25, 5.25], [2.0, 2.0]]]]
    """
    backend = backend_for("avg_pool2d", "input", input)
    layout = None if data_format is NCHW else data_format
    named = {
        "data_format": layout,
        "ceil_mode": ceil_mode,
        "count_include_pad": count_include_pad,
        "divisor_override": divisor_override,
    }
    return backend.average_pool("avg_pool2d", 2, input, (kernel_size, stride, padding), named, out, num_threads)


def avg_pool3d(
    input: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Take the mean of each window; see `avg_pool2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, d, h, w) or (c, d, h, w)
    kernel_size, stride, padding, ceil_mode : optional
        As in `max_pool3d`.
    count_include_pad : bool, optional
        Whether the zeros of the padding count in the divisor.
    divisor_override : int, optional
        Divide by this instead.

    Returns
    -------
    ndarray of shape (n, c, od, oh, ow) or (c, od, oh, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    LeCun et al., Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 1998, section II.B.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(8, dtype=np.float32).reshape(1, 1, 2, 2, 2)
    >>> F.avg_pool3d(x, 2).tolist()
    [[[[[3.5]]]]]
    """
    backend = backend_for("avg_pool3d", "input", input)
    layout = None if data_format is NCDHW else data_format
    named = {
        "data_format": layout,
        "ceil_mode": ceil_mode,
        "count_include_pad": count_include_pad,
        "divisor_override": divisor_override,
    }
    return backend.average_pool("avg_pool3d", 3, input, (kernel_size, stride, padding), named, out, num_threads)


def max_unpool1d(
    input: Array,
    indices: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCW",
    dilation: Any = 1,
) -> Array:
    """Put each value back where its switch says, zeros elsewhere; see `max_unpool2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, ow) or (c, ow)
        Pooled values.
    indices : int64 or uint8 ndarray of the shape of input
        Switches from `max_pool1d`, flat or compact. Where several say the same place, the last in row-major order stays,
        for any number of threads.
    kernel_size, stride, padding, dilation : optional
        Those of the pooling; they give the size of the result, and compact switches their meaning.
    output_size : sequence of int, optional
        The size of the result, with or without batch and channels, where the pooling's floor left it open.

    Returns
    -------
    ndarray of shape (n, c, w) or (c, w)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; every index is checked, and nothing is written to `out` before.

    References
    ----------
    Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 2.1.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[1.0, 3.0, 2.0, 4.0]]], np.float32)
    >>> F.max_unpool1d(*F.max_pool1d(x, 2, return_indices=True), 2).ravel().nonzero()[0].tolist()
    [1, 3]
    """
    backend = backend_for("max_unpool1d", "input", input)
    layout = None if data_format is NCW else data_format
    options = (kernel_size, stride, padding, output_size, dilation)
    return backend.max_unpool("max_unpool1d", 1, input, indices, options, out, num_threads, layout)


def max_unpool2d(
    input: Array,
    indices: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCHW",
    dilation: Any = 1,
) -> Array:
    """Put each value back where its switch says, zeros elsewhere.

    Parameters
    ----------
    input : ndarray of shape (n, c, oh, ow) or (c, oh, ow)
        Pooled values.
    indices : int64 or uint8 ndarray of the shape of input
        Switches from `max_pool2d`, flat or compact. Where several say the same place, the last in row-major order stays,
        for any number of threads.
    kernel_size, stride, padding, dilation : optional
        Those of the pooling; they give the size of the result, and compact switches their meaning.
    output_size : sequence of int, optional
        The size of the result, with or without batch and channels, where the pooling's floor left it open.
    data_format : {"NCHW", "NHWC"}, optional
        Where input and output have their channels; flat switches count within a plane in both.

    Returns
    -------
    ndarray of shape (n, c, h, w) or (c, h, w)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; every index is checked, and nothing is written to `out` before.

    References
    ----------
    Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 2.1.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]], np.float32)
    >>> F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2).ravel().nonzero()[0].tolist()
    [5, 7, 8, 15]
    """
    backend = backend_for("max_unpool2d", "input", input)
    layout = None if data_format is NCHW else data_format
    options = (kernel_size, stride, padding, output_size, dilation)
    return backend.max_unpool("max_unpool2d", 2, input, indices, options, out, num_threads, layout)


def max_unpool3d(
    input: Array,
    indices: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
    dilation: Any = 1,
) -> Array:
    """Put each value back where its switch says, zeros elsewhere; see `max_unpool2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, od, oh, ow) or (c, od, oh, ow)
        Pooled values.
    indices : int64 or uint8 ndarray of the shape of input
        Switches from `max_pool3d`, flat or compact. Where several say the same place, the last in row-major order stays,
        for any number of threads.
    kernel_size, stride, padding, dilation : optional
        Those of the pooling; they give the size of the result, and compact switches their meaning.
    output_size : sequence of int, optional
        The size of the result, with or without batch and channels, where the pooling's floor left it open.

    Returns
    -------
    ndarray of shape (n, c, d, h, w) or (c, d, h, w)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; every index is checked, and nothing is written to `out` before.

    References
    ----------
    Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 2.1.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(8, dtype=np.float32).reshape(1, 1, 2, 2, 2)
    >>> F.max_unpool3d(*F.max_pool3d(x, 2, return_indices=True), 2).ravel().nonzero()[0].tolist()
    [7]
    """
    backend = backend_for("max_unpool3d", "input", input)
    layout = None if data_format is NCDHW else data_format
    options = (kernel_size, stride, padding, output_size, dilation)
    return backend.max_unpool("max_unpool3d", 3, input, indices, options, out, num_threads, layout)
