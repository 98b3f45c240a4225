# SPDX-License-Identifier: BSD-3-Clause
"""Gradients of depthwise separable convolutions."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ..functional._defaults import Array


def _gradients(rank: int, arrays: tuple[Any, ...], grad_output: Array, options: tuple[Any, ...], num_threads: Any) -> Any:
    function = f"depthwise_separable_conv{rank}d_gradients"
    backend = backend_for(function, "grad_output", grad_output)
    return backend.separable_gradients(function, rank, arrays, grad_output, options, num_threads)


def depthwise_separable_conv1d_gradients(
    input: Array,
    depthwise_weight: Array,
    pointwise_weight: Array,
    grad_output: Array,
    depthwise_bias: Array | None = None,
    pointwise_bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCW",
    depthwise_activation: Any = None,
    activation: Any = None,
) -> tuple[Array, Array, Array, Array | None, Array | None]:
    """Return the gradients of `depthwise_separable_conv1d` with respect to its arrays.

    They share what lies between the two convolutions, which is computed again, so all come from one call.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    depthwise_weight : ndarray of shape (c_in * multiplier, 1, kw)
    pointwise_weight : ndarray of shape (c_out, c_in * multiplier, 1)
    grad_output : ndarray of shape (n, c_out, ow) or (c_out, ow)
    depthwise_bias, pointwise_bias, stride, padding, dilation, depthwise_activation, activation, num_threads : optional
        As in `fastconv.functional.depthwise_separable_conv1d`.
    data_format : {"NCW", "NWC"}
        Where input and grad_output have their channels; the shapes here are those of the first.

    Returns
    -------
    tuple of five ndarrays, of the shapes of the arrays
        The gradients of input, depthwise_weight, pointwise_weight, depthwise_bias and pointwise_bias, the latter two None
        where there is no bias.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x, first, second = np.ones((1, 2, 3)), np.full((2, 1, 1), 3.0), np.ones((1, 2, 1))
    >>> dx, dfirst, dsecond, *_ = fc.grad.depthwise_separable_conv1d_gradients(x, first, second, np.ones((1, 1, 3)))
    >>> dx.max(), dfirst.ravel().tolist(), dsecond.ravel().tolist()
    (np.float64(3.0), [3.0, 3.0], [9.0, 9.0])
    """
    arrays = (input, depthwise_weight, pointwise_weight, depthwise_bias, pointwise_bias)
    options = (stride, padding, dilation, data_format, depthwise_activation, activation)
    return _gradients(1, arrays, grad_output, options, num_threads)


def depthwise_separable_conv2d_gradients(
    input: Array,
    depthwise_weight: Array,
    pointwise_weight: Array,
    grad_output: Array,
    depthwise_bias: Array | None = None,
    pointwise_bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCHW",
    depthwise_activation: Any = None,
    activation: Any = None,
) -> tuple[Array, Array, Array, Array | None, Array | None]:
    """Return the gradients of `depthwise_separable_conv2d` with respect to its arrays.

    They share what lies between the two convolutions, which is computed again, so all come from one call.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
    depthwise_weight : ndarray of shape (c_in * multiplier, 1, kh, kw)
    pointwise_weight : ndarray of shape (c_out, c_in * multiplier, 1, 1)
    grad_output : ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow)
    depthwise_bias, pointwise_bias, stride, padding, dilation, depthwise_activation, activation, num_threads : optional
        As in `fastconv.functional.depthwise_separable_conv2d`.
    data_format : {"NCHW", "NHWC"}
        Where input and grad_output have their channels; the shapes here are those of the first.

    Returns
    -------
    tuple of five ndarrays, of the shapes of the arrays
        The gradients of input, depthwise_weight, pointwise_weight, depthwise_bias and pointwise_bias, the latter two None
        where there is no bias.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x, first, second = np.ones((1, 2, 3, 3)), np.full((2, 1, 1, 1), 3.0), np.ones((1, 2, 1, 1))
    >>> dx, dfirst, dsecond, *_ = fc.grad.depthwise_separable_conv2d_gradients(x, first, second, np.ones((1, 1, 3, 3)))
    >>> dx.max(), dfirst.ravel().tolist(), dsecond.ravel().tolist()
    (np.float64(3.0), [9.0, 9.0], [27.0, 27.0])
    """
    arrays = (input, depthwise_weight, pointwise_weight, depthwise_bias, pointwise_bias)
    options = (stride, padding, dilation, data_format, depthwise_activation, activation)
    return _gradients(2, arrays, grad_output, options, num_threads)


def depthwise_separable_conv3d_gradients(
    input: Array,
    depthwise_weight: Array,
    pointwise_weight: Array,
    grad_output: Array,
    depthwise_bias: Array | None = None,
    pointwise_bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
    depthwise_activation: Any = None,
    activation: Any = None,
) -> tuple[Array, Array, Array, Array | None, Array | None]:
    """Return the gradients of `depthwise_separable_conv3d` with respect to its arrays.

    They share what lies between the two convolutions, which is computed again, so all come from one call.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    depthwise_weight : ndarray of shape (c_in * multiplier, 1, kd, kh, kw)
    pointwise_weight : ndarray of shape (c_out, c_in * multiplier, 1, 1, 1)
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)
    depthwise_bias, pointwise_bias, stride, padding, dilation, depthwise_activation, activation, num_threads : optional
        As in `fastconv.functional.depthwise_separable_conv3d`.
    data_format : {"NCDHW", "NDHWC"}
        Where input and grad_output have their channels; the shapes here are those of the first.

    Returns
    -------
    tuple of five ndarrays, of the shapes of the arrays
        The gradients of input, depthwise_weight, pointwise_weight, depthwise_bias and pointwise_bias, the latter two None
        where there is no bias.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x, first, second = np.ones((1, 2, 3, 3, 3)), np.full((2, 1, 1, 1, 1), 3.0), np.ones((1, 2, 1, 1, 1))
    >>> dx, dfirst, dsecond, *_ = fc.grad.depthwise_separable_conv3d_gradients(x, first, second, np.ones((1, 1, 3, 3, 3)))
    >>> dx.max(), dfirst.ravel().tolist(), dsecond.ravel().tolist()
    (np.float64(3.0), [27.0, 27.0], [81.0, 81.0])
    """
    arrays = (input, depthwise_weight, pointwise_weight, depthwise_bias, pointwise_bias)
    options = (stride, padding, dilation, data_format, depthwise_activation, activation)
    return _gradients(3, arrays, grad_output, options, num_threads)
