# SPDX-License-Identifier: BSD-3-Clause
"""Sums and p-norms of windows."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ._defaults import NCDHW, NCHW, NCW, Array


def sum_pool1d(
    input: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Take the sum of each window; see `sum_pool2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, w) or (c, w)
    kernel_size : int or one an axis
    stride : int or one an axis, optional
        Default: kernel_size.
    padding : int or one an axis, optional
        At most half of the kernel size.
    ceil_mode : bool, optional
        Whether windows that begin inside may end outside.
    data_format : {"NCW", "NWC"}, optional
        Where input and output have their channels.

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
    >>> F.sum_pool1d(x, 2).tolist()
    [[[4.0, 6.0]]]
    """
    backend = backend_for("sum_pool1d", "input", input)
    layout = None if data_format is NCW else data_format
    options = (kernel_size, stride, padding, ceil_mode)
    result: Array = backend.window_pool("sum_pool1d", 1, "sum", input, None, options, out, num_threads, layout)
    return result


def sum_pool2d(
    input: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Take the sum of each window.

    That is `avg_pool2d` with divisor_override=1: zeros are padded, and what hangs over the end in ceil mode counts as zero.

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w) or (c, h, w)
    kernel_size : int or one an axis
    stride : int or one an axis, optional
        Default: kernel_size.
    padding : int or one an axis, optional
        At most half of the kernel size.
    ceil_mode : bool, optional
        Whether windows that begin inside may end outside.
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
    >>> x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    >>> F.sum_pool2d(x, 2).tolist()
    [[[[10.0, 18.0], [42.0, 50.0]]]]
    """
    backend = backend_for("sum_pool2d", "input", input)
    layout = None if data_format is NCHW else data_format
    options = (kernel_size, stride, padding, ceil_mode)
    result: Array = backend.window_pool("sum_pool2d", 2, "sum", input, None, options, out, num_threads, layout)
    return result


def sum_pool3d(
    input: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Take the sum of each window; see `sum_pool2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, d, h, w) or (c, d, h, w)
    kernel_size : int or one an axis
    stride : int or one an axis, optional
        Default: kernel_size.
    padding : int or one an axis, optional
        At most half of the kernel size.
    ceil_mode : bool, optional
        Whether windows that begin inside may end outside.
    data_format : {"NCDHW", "NDHWC"}, optional
        Where input and output have their channels.

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
    >>> F.sum_pool3d(x, 2).tolist()
    [[[[[28.0]]]]]
    """
    backend = backend_for("sum_pool3d", "input", input)
    layout = None if data_format is NCDHW else data_format
    options = (kernel_size, stride, padding, ceil_mode)
    result: Array = backend.window_pool("sum_pool3d", 3, "sum", input, None, options, out, num_threads, layout)
    return result


def lp_pool1d(
    input: Array,
    norm_type: float,
    kernel_size: Any,
    stride: Any = None,
    ceil_mode: bool = False,
    *,
    padding: Any = 0,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Take the p-norm of each window; see `lp_pool2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, w) or (c, w)
    norm_type : float
        Any positive number, also infinity.
    kernel_size : int or one an axis
    stride : int or one an axis, optional
        Default: kernel_size.
    ceil_mode : bool, optional
        Whether windows that begin inside may end outside.
    padding : int or one an axis, optional
        Zeros around the input, at most half of the kernel size.
    data_format : {"NCW", "NWC"}, optional
        Where input and output have their channels.

    Returns
    -------
    ndarray of shape (n, c, ow) or (c, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Sermanet, Chintala & LeCun, Convolutional Neural Networks Applied to House Numbers Digit Classification, ICPR 2012.
    Gulcehre, Cho, Pascanu & Bengio, Learned-Norm Pooling for Deep Feedforward and Recurrent Neural Networks, ECML 2014.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[3.0, 4.0, 6.0, 8.0]]], np.float32)
    >>> F.lp_pool1d(x, 2, 2).tolist()
    [[[5.0, 10.0]]]
    """
    backend = backend_for("lp_pool1d", "input", input)
    layout = None if data_format is NCW else data_format
    options = (kernel_size, stride, padding, ceil_mode)
    result: Array = backend.window_pool("lp_pool1d", 1, "norm", input, norm_type, options, out, num_threads, layout)
    return result


def lp_pool2d(
    input: Array,
    norm_type: float,
    kernel_size: Any,
    stride: Any = None,
    ceil_mode: bool = False,
    *,
    padding: Any = 0,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Take the p-norm of each window.

    A window's result is (sum of x**p)**(1/p), p = norm_type, and that is torch's meaning: no absolute values are taken, so
    p = 1 is the plain sum, a negative sum of odd p gives NaN for it has no root, and so does negative x with a p that is not
    whole. p = infinity is the greatest absolute value. Of a window that ceil_mode cut the mean counts for all of it. Squares
    and cubes are multiplied, roots of squares correctly rounded; other powers are off by at most one unit in the last place.

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w) or (c, h, w)
    norm_type : float
        Any positive number, also infinity.
    kernel_size : int or one an axis
    stride : int or one an axis, optional
        Default: kernel_size.
    ceil_mode : bool, optional
        Whether windows that begin inside may end outside.
    padding : int or one an axis, optional
        Zeros around the input, at most half of the kernel size.
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
    Sermanet, Chintala & LeCun, Convolutional Neural Networks Applied to House Numbers Digit Classification, ICPR 2012.
    Gulcehre, Cho, Pascanu & Bengio, Learned-Norm Pooling for Deep Feedforward and Recurrent Neural Networks, ECML 2014.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[[1, 1, 3, 3], [1, 1, 3, 3]]]], np.float32)
    >>> F.lp_pool2d(x, 2, 2).tolist()
    [[[[2.0, 6.0]]]]
    """
    backend = backend_for("lp_pool2d", "input", input)
    layout = None if data_format is NCHW else data_format
    options = (kernel_size, stride, padding, ceil_mode)
    result: Array = backend.window_pool("lp_pool2d", 2, "norm", input, norm_type, options, out, num_threads, layout)
    return result


def lp_pool3d(
    input: Array,
    norm_type: float,
    kernel_size: Any,
    stride: Any = None,
    ceil_mode: bool = False,
    *,
    padding: Any = 0,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Take the p-norm of each window; see `lp_pool2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, d, h, w) or (c, d, h, w)
    norm_type : float
        Any positive number, also infinity.
    kernel_size : int or one an axis
    stride : int or one an axis, optional
        Default: kernel_size.
    ceil_mode : bool, optional
        Whether windows that begin inside may end outside.
    padding : int or one an axis, optional
        Zeros around the input, at most half of the kernel size.
    data_format : {"NCDHW", "NDHWC"}, optional
        Where input and output have their channels.

    Returns
    -------
    ndarray of shape (n, c, od, oh, ow) or (c, od, oh, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Sermanet, Chintala & LeCun, Convolutional Neural Networks Applied to House Numbers Digit Classification, ICPR 2012.
    Gulcehre, Cho, Pascanu & Bengio, Learned-Norm Pooling for Deep Feedforward and Recurrent Neural Networks, ECML 2014.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.full((1, 1, 2, 2, 1), 5, np.float32)
    >>> F.lp_pool3d(x, 2, (2, 2, 1)).tolist()
    [[[[[10.0]]]]]
    """
    backend = backend_for("lp_pool3d", "input", input)
    layout = None if data_format is NCDHW else data_format
    options = (kernel_size, stride, padding, ceil_mode)
    result: Array = backend.window_pool("lp_pool3d", 3, "norm", input, norm_type, options, out, num_threads, layout)
    return result
