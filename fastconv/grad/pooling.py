# SPDX-License-Identifier: BSD-3-Clause
"""Gradients of pooling and unpooling."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ..functional._defaults import NCDHW, NCHW, NCW, Array


def max_pool1d_input(
    input_size: Any,
    indices: Array,
    grad_output: Array,
    *,
    kernel_size: Any = None,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Return the gradient of `max_pool1d` with respect to its input: each value goes where its switch points.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, w) or (c, w).
    indices : int64 or uint8 ndarray of the shape of grad_output
        The switches, flat or compact; every one is checked. Overlapping windows add up.
    grad_output : ndarray of shape (n, c, ow) or (c, ow)
    kernel_size, stride, padding, dilation, ceil_mode : optional
        Those of the pooling; compact switches need them.
    data_format : str, optional
        As in the forward function.

    Returns
    -------
    ndarray of shape input_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.arange(2.0).reshape(1, 1, 2)
    >>> y, switches = fc.functional.max_pool1d(x, 2, return_indices=True)
    >>> fc.grad.max_pool1d_input(x.shape, switches, np.ones_like(y)).ravel().tolist()[-2:]
    [0.0, 1.0]
    """
    backend = backend_for("max_pool1d_input", "grad_output", grad_output)
    layout = None if data_format is NCW else data_format
    window = (kernel_size, stride, padding, dilation, ceil_mode)
    return backend.max_pool_input("max_pool1d_input", 1, input_size, indices, grad_output, window, num_threads, layout)


def avg_pool1d_input(
    input_size: Any,
    grad_output: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    *,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Return the gradient of `avg_pool1d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, w) or (c, w).
    grad_output : ndarray of shape (n, c, ow) or (c, ow)
    kernel_size, stride, padding, ceil_mode, count_include_pad, data_format : optional
        As in the forward function.

    Returns
    -------
    ndarray of shape input_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.avg_pool1d_input((1, 1, 2), np.full((1, 1, 1), 2.0), 2).ravel().tolist()[:2]
    [1.0, 1.0]
    """
    backend = backend_for("avg_pool1d_input", "grad_output", grad_output)
    layout = None if data_format is NCW else data_format
    options = (kernel_size, stride, padding)
    named = {"data_format": layout, "ceil_mode": ceil_mode, "count_include_pad": count_include_pad}
    return backend.average_pool_input("avg_pool1d_input", 1, input_size, grad_output, options, named, num_threads)


def max_unpool1d_input(
    indices: Array,
    grad_output: Array,
    *,
    kernel_size: Any = None,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Return the gradient of `max_unpool1d` with respect to its input: each value comes from where its switch points.

    Parameters
    ----------
    indices : int64 or uint8 ndarray of shape (n, c, ow) or (c, ow)
    grad_output : ndarray of shape (n, c, w) or (c, w)
    kernel_size, stride, padding, dilation : optional
        Those of the pooling; compact switches need them.
    data_format : str, optional
        As in the forward function.

    Returns
    -------
    ndarray of the shape of indices

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> g = np.arange(2.0).reshape(1, 1, 2)
    >>> fc.grad.max_unpool1d_input(np.full((1, 1, 1), 1), g).ravel().tolist()
    [1.0]
    """
    backend = backend_for("max_unpool1d_input", "grad_output", grad_output)
    layout = None if data_format is NCW else data_format
    window = (kernel_size, stride, padding, dilation)
    return backend.max_unpool_input("max_unpool1d_input", 1, indices, grad_output, window, num_threads, layout)


def max_pool2d_input(
    input_size: Any,
    indices: Array,
    grad_output: Array,
    *,
    kernel_size: Any = None,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Return the gradient of `max_pool2d` with respect to its input: each value goes where its switch points.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, h, w) or (c, h, w).
    indices : int64 or uint8 ndarray of the shape of grad_output
        The switches, flat or compact; every one is checked. Overlapping windows add up.
    grad_output : ndarray of shape (n, c, oh, ow) or (c, oh, ow)
    kernel_size, stride, padding, dilation, ceil_mode : optional
        Those of the pooling; compact switches need them.
    data_format : str, optional
        As in the forward function.

    Returns
    -------
    ndarray of shape input_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.arange(4.0).reshape(1, 1, 2, 2)
    >>> y, switches = fc.functional.max_pool2d(x, 2, return_indices=True)
    >>> fc.grad.max_pool2d_input(x.shape, switches, np.ones_like(y)).ravel().tolist()[-2:]
    [0.0, 1.0]
    """
    backend = backend_for("max_pool2d_input", "grad_output", grad_output)
    layout = None if data_format is NCHW else data_format
    window = (kernel_size, stride, padding, dilation, ceil_mode)
    return backend.max_pool_input("max_pool2d_input", 2, input_size, indices, grad_output, window, num_threads, layout)


def avg_pool2d_input(
    input_size: Any,
    grad_output: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Return the gradient of `avg_pool2d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, h, w) or (c, h, w).
    grad_output : ndarray of shape (n, c, oh, ow) or (c, oh, ow)
    kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, data_format : optional
        As in the forward function.

    Returns
    -------
    ndarray of shape input_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.avg_pool2d_input((1, 1, 2, 2), np.full((1, 1, 1, 1), 4.0), 2).ravel().tolist()[:2]
    [1.0, 1.0]
    """
    backend = backend_for("avg_pool2d_input", "grad_output", grad_output)
    layout = None if data_format is NCHW else data_format
    options = (kernel_size, stride, padding)
    named = {
        "data_format": layout,
        "ceil_mode": ceil_mode,
        "count_include_pad": count_include_pad,
        "divisor_override": divisor_override,
    }
    return backend.average_pool_input("avg_pool2d_input", 2, input_size, grad_output, options, named, num_threads)


def max_unpool2d_input(
    indices: Array,
    grad_output: Array,
    *,
    kernel_size: Any = None,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Return the gradient of `max_unpool2d` with respect to its input: each value comes from where its switch points.

    Parameters
    ----------
    indices : int64 or uint8 ndarray of shape (n, c, oh, ow) or (c, oh, ow)
    grad_output : ndarray of shape (n, c, h, w) or (c, h, w)
    kernel_size, stride, padding, dilation : optional
        Those of the pooling; compact switches need them.
    data_format : str, optional
        As in the forward function.

    Returns
    -------
    ndarray of the shape of indices

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> g = np.arange(4.0).reshape(1, 1, 2, 2)
    >>> fc.grad.max_unpool2d_input(np.full((1, 1, 1, 1), 1), g).ravel().tolist()
    [1.0]
    """
    backend = backend_for("max_unpool2d_input", "grad_output", grad_output)
    layout = None if data_format is NCHW else data_format
    window = (kernel_size, stride, padding, dilation)
    return backend.max_unpool_input("max_unpool2d_input", 2, indices, grad_output, window, num_threads, layout)


def max_pool3d_input(
    input_size: Any,
    indices: Array,
    grad_output: Array,
    *,
    kernel_size: Any = None,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Return the gradient of `max_pool3d` with respect to its input: each value goes where its switch points.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, d, h, w) or (c, d, h, w).
    indices : int64 or uint8 ndarray of the shape of grad_output
        The switches, flat or compact; every one is checked. Overlapping windows add up.
    grad_output : ndarray of shape (n, c, od, oh, ow) or (c, od, oh, ow)
    kernel_size, stride, padding, dilation, ceil_mode : optional
        Those of the pooling; compact switches need them.
    data_format : str, optional
        As in the forward function.

    Returns
    -------
    ndarray of shape input_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.arange(8.0).reshape(1, 1, 2, 2, 2)
    >>> y, switches = fc.functional.max_pool3d(x, 2, return_indices=True)
    >>> fc.grad.max_pool3d_input(x.shape, switches, np.ones_like(y)).ravel().tolist()[-2:]
    [0.0, 1.0]
    """
    backend = backend_for("max_pool3d_input", "grad_output", grad_output)
    layout = None if data_format is NCDHW else data_format
    window = (kernel_size, stride, padding, dilation, ceil_mode)
    return backend.max_pool_input("max_pool3d_input", 3, input_size, indices, grad_output, window, num_threads, layout)


def avg_pool3d_input(
    input_size: Any,
    grad_output: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Return the gradient of `avg_pool3d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, d, h, w) or (c, d, h, w).
    grad_output : ndarray of shape (n, c, od, oh, ow) or (c, od, oh, ow)
    kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, data_format : optional
        As in the forward function.

    Returns
    -------
    ndarray of shape input_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.avg_pool3d_input((1, 1, 2, 2, 2), np.full((1, 1, 1, 1, 1), 8.0), 2).ravel().tolist()[:2]
    [1.0, 1.0]
    """
    backend = backend_for("avg_pool3d_input", "grad_output", grad_output)
    layout = None if data_format is NCDHW else data_format
    options = (kernel_size, stride, padding)
    named = {
        "data_format": layout,
        "ceil_mode": ceil_mode,
        "count_include_pad": count_include_pad,
        "divisor_override": divisor_override,
    }
    return backend.average_pool_input("avg_pool3d_input", 3, input_size, grad_output, options, named, num_threads)


def max_unpool3d_input(
    indices: Array,
    grad_output: Array,
    *,
    kernel_size: Any = None,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Return the gradient of `max_unpool3d` with respect to its input: each value comes from where its switch points.

    Parameters
    ----------
    indices : int64 or uint8 ndarray of shape (n, c, od, oh, ow) or (c, od, oh, ow)
    grad_output : ndarray of shape (n, c, d, h, w) or (c, d, h, w)
    kernel_size, stride, padding, dilation : optional
        Those of the pooling; compact switches need them.
    data_format : str, optional
        As in the forward function.

    Returns
    -------
    ndarray of the shape of indices

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> g = np.arange(8.0).reshape(1, 1, 2, 2, 2)
    >>> fc.grad.max_unpool3d_input(np.full((1, 1, 1, 1, 1), 1), g).ravel().tolist()
    [1.0]
    """
    backend = backend_for("max_unpool3d_input", "grad_output", grad_output)
    layout = None if data_format is NCDHW else data_format
    window = (kernel_size, stride, padding, dilation)
    return backend.max_unpool_input("max_unpool3d_input", 3, indices, grad_output, window, num_threads, layout)
