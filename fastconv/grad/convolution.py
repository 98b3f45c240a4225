# SPDX-License-Identifier: BSD-3-Clause
"""Gradients of convolutions whose filters all places share."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ..functional._defaults import Array


def conv1d_input(
    input_size: Any,
    weight: Array,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    padding_mode: Any = "zeros",
    padding_value: float = 0.0,
    flip: bool = False,
    data_format: str = "NCW",
    precision: str | None = None,
) -> Array:
    """Return the gradient of `conv1d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, w) or (c_in, w).
    weight : ndarray of shape (c_out, c_in // groups, kw)
    grad_output : ndarray of shape (n, c_out, ow) or (c_out, ow)
    stride, padding, dilation, groups, num_threads, padding_mode, padding_value, flip, precision : optional
        As in `fastconv.functional.conv1d`.
    data_format : {"NCW", "NWC"}
        Where the arrays have their channels; the shapes here are those of the first, the weights the same in both.

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
    >>> fc.grad.conv1d_input((1, 1, 2), np.full((1, 1, 1), 3.0), np.ones((1, 1, 2))).ravel()[:2].tolist()
    [3.0, 3.0]
    """
    backend = backend_for("conv1d_input", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format, precision, (padding_mode, padding_value, flip))
    return backend.conv_input("conv1d_input", 1, input_size, weight, grad_output, options, num_threads)


def conv1d_weight(
    input: Array,
    weight_size: Any,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    padding_mode: Any = "zeros",
    padding_value: float = 0.0,
    flip: bool = False,
    data_format: str = "NCW",
    precision: str | None = None,
) -> Array:
    """Return the gradient of `conv1d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    weight_size : sequence of int
        Shape of the weights, (c_out, c_in // groups, kw).
    grad_output : ndarray of shape (n, c_out, ow) or (c_out, ow)
    stride, padding, dilation, groups, num_threads, padding_mode, padding_value, flip, precision : optional
        As in `fastconv.functional.conv1d`.
    data_format : {"NCW", "NWC"}
        Where the arrays have their channels; the shapes here are those of the first, the weights the same in both.

    Returns
    -------
    ndarray of shape weight_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.conv1d_weight(np.ones((1, 1, 2)), (1, 1, 1), np.ones((1, 1, 2))).ravel().tolist()
    [2.0]
    """
    backend = backend_for("conv1d_weight", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format, precision, (padding_mode, padding_value, flip))
    return backend.conv_weight("conv1d_weight", 1, input, weight_size, grad_output, options, num_threads)


def conv1d_bias(
    grad_output: Array, bias_size: Any = None, *, num_threads: int | None = None, data_format: str = "NCW"
) -> Array:
    """Return the gradient of `conv1d` with respect to its bias: the sum over batch and positions that share it.

    Parameters
    ----------
    grad_output : ndarray of shape (n, c_out, ow) or without n
    bias_size : sequence of int, optional
        Shape of the bias, (c_out,) by default, or (c_out, 1 or ow) where it is untied.
    data_format : {"NCW", "NWC"}
        Where the arrays have their channels; the shapes here are those of the first, the weights the same in both.

    Returns
    -------
    ndarray of shape bias_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.conv1d_bias(np.ones((1, 1, 2))).tolist()
    [2.0]
    """
    backend = backend_for("conv1d_bias", "grad_output", grad_output)
    return backend.conv_bias("conv1d_bias", 1, grad_output, bias_size, num_threads, data_format)


def conv2d_input(
    input_size: Any,
    weight: Array,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    padding_mode: Any = "zeros",
    padding_value: float = 0.0,
    flip: bool = False,
    data_format: str = "NCHW",
    precision: str | None = None,
) -> Array:
    """Return the gradient of `conv2d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, h, w) or (c_in, h, w).
    weight : ndarray of shape (c_out, c_in // groups, kh, kw)
    grad_output : ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow)
    stride, padding, dilation, groups, num_threads, padding_mode, padding_value, flip, precision : optional
        As in `fastconv.functional.conv2d`.
    data_format : {"NCHW", "NHWC"}
        Where the arrays have their channels; the shapes here are those of the first, the weights the same in both.

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
    >>> fc.grad.conv2d_input((1, 1, 2, 2), np.full((1, 1, 1, 1), 3.0), np.ones((1, 1, 2, 2))).ravel()[:2].tolist()
    [3.0, 3.0]
    """
    backend = backend_for("conv2d_input", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format, precision, (padding_mode, padding_value, flip))
    return backend.conv_input("conv2d_input", 2, input_size, weight, grad_output, options, num_threads)


def conv2d_weight(
    input: Array,
    weight_size: Any,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    padding_mode: Any = "zeros",
    padding_value: float = 0.0,
    flip: bool = False,
    data_format: str = "NCHW",
    precision: str | None = None,
) -> Array:
    """Return the gradient of `conv2d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
    weight_size : sequence of int
        Shape of the weights, (c_out, c_in // groups, kh, kw).
    grad_output : ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow)
    stride, padding, dilation, groups, num_threads, padding_mode, padding_value, flip, precision : optional
        As in `fastconv.functional.conv2d`.
    data_format : {"NCHW", "NHWC"}
        Where the arrays have their channels; the shapes here are those of the first, the weights the same in both.

    Returns
    -------
    ndarray of shape weight_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.conv2d_weight(np.ones((1, 1, 2, 2)), (1, 1, 1, 1), np.ones((1, 1, 2, 2))).ravel().tolist()
    [4.0]
    """
    backend = backend_for("conv2d_weight", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format, precision, (padding_mode, padding_value, flip))
    return backend.conv_weight("conv2d_weight", 2, input, weight_size, grad_output, options, num_threads)


def conv2d_bias(
    grad_output: Array, bias_size: Any = None, *, num_threads: int | None = None, data_format: str = "NCHW"
) -> Array:
    """Return the gradient of `conv2d` with respect to its bias: the sum over batch and positions that share it.

    Parameters
    ----------
    grad_output : ndarray of shape (n, c_out, oh, ow) or without n
    bias_size : sequence of int, optional
        Shape of the bias, (c_out,) by default, or (c_out, 1 or oh, 1 or ow) where it is untied.
    data_format : {"NCHW", "NHWC"}
        Where the arrays have their channels; the shapes here are those of the first, the weights the same in both.

    Returns
    -------
    ndarray of shape bias_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.conv2d_bias(np.ones((1, 1, 2, 2))).tolist()
    [4.0]
    >>> fc.grad.conv2d_bias(np.ones((1, 1, 2, 2)), (1, 1, 2)).tolist()
    [[[2.0, 2.0]]]
    """
    backend = backend_for("conv2d_bias", "grad_output", grad_output)
    return backend.conv_bias("conv2d_bias", 2, grad_output, bias_size, num_threads, data_format)


def conv3d_input(
    input_size: Any,
    weight: Array,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    padding_mode: Any = "zeros",
    padding_value: float = 0.0,
    flip: bool = False,
    data_format: str = "NCDHW",
    precision: str | None = None,
) -> Array:
    """Return the gradient of `conv3d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, d, h, w) or (c_in, d, h, w).
    weight : ndarray of shape (c_out, c_in // groups, kd, kh, kw)
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)
    stride, padding, dilation, groups, num_threads, padding_mode, padding_value, flip, precision : optional
        As in `fastconv.functional.conv3d`.
    data_format : {"NCDHW", "NDHWC"}
        Where the arrays have their channels; the shapes here are those of the first, the weights the same in both.

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
    >>> fc.grad.conv3d_input((1, 1, 2, 2, 2), np.full((1, 1, 1, 1, 1), 3.0), np.ones((1, 1, 2, 2, 2))).ravel()[:2].tolist()
    [3.0, 3.0]
    """
    backend = backend_for("conv3d_input", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format, precision, (padding_mode, padding_value, flip))
    return backend.conv_input("conv3d_input", 3, input_size, weight, grad_output, options, num_threads)


def conv3d_weight(
    input: Array,
    weight_size: Any,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    padding_mode: Any = "zeros",
    padding_value: float = 0.0,
    flip: bool = False,
    data_format: str = "NCDHW",
    precision: str | None = None,
) -> Array:
    """Return the gradient of `conv3d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    weight_size : sequence of int
        Shape of the weights, (c_out, c_in // groups, kd, kh, kw).
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)
    stride, padding, dilation, groups, num_threads, padding_mode, padding_value, flip, precision : optional
        As in `fastconv.functional.conv3d`.
    data_format : {"NCDHW", "NDHWC"}
        Where the arrays have their channels; the shapes here are those of the first, the weights the same in both.

    Returns
    -------
    ndarray of shape weight_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.conv3d_weight(np.ones((1, 1, 2, 2, 2)), (1, 1, 1, 1, 1), np.ones((1, 1, 2, 2, 2))).ravel().tolist()
    [8.0]
    """
    backend = backend_for("conv3d_weight", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format, precision, (padding_mode, padding_value, flip))
    return backend.conv_weight("conv3d_weight", 3, input, weight_size, grad_output, options, num_threads)


def conv3d_bias(
    grad_output: Array, bias_size: Any = None, *, num_threads: int | None = None, data_format: str = "NCDHW"
) -> Array:
    """Return the gradient of `conv3d` with respect to its bias: the sum over batch and positions that share it.

    Parameters
    ----------
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or without n
    bias_size : sequence of int, optional
        Shape of the bias, (c_out,) by default, or (c_out, 1 or od, 1 or oh, 1 or ow) where it is untied.
    data_format : {"NCDHW", "NDHWC"}
        Where the arrays have their channels; the shapes here are those of the first, the weights the same in both.

    Returns
    -------
    ndarray of shape bias_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.conv3d_bias(np.ones((1, 1, 2, 2, 2))).tolist()
    [8.0]
    """
    backend = backend_for("conv3d_bias", "grad_output", grad_output)
    return backend.conv_bias("conv3d_bias", 3, grad_output, bias_size, num_threads, data_format)
