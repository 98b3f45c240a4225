# SPDX-License-Identifier: BSD-3-Clause
"""Gradients of transposed convolutions."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ..functional._defaults import Array


def conv_transpose1d_input(
    input_size: Any,
    weight: Array,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCW",
    precision: str | None = None,
) -> Array:
    """Return the gradient of `conv_transpose1d` with respect to its input: a convolution of grad_output with its weights.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, w) or (c_in, w).
    weight : ndarray of shape (c_in, c_out // groups, kw)
    grad_output : ndarray of shape (n, c_out, ow) or (c_out, ow)
    stride, padding, output_padding, groups, dilation, num_threads, precision : optional
        As in `fastconv.functional.conv_transpose1d`.
    data_format : {"NCW", "NWC"}
        Where the arrays have their channels; the shapes here are those of the first, the weights the same in both.

    Returns
    -------
    ndarray of shape input_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Dumoulin & Visin, A guide to convolution arithmetic for deep learning, arXiv 1603.07285, section 4.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.conv_transpose1d_input((1, 1, 2), np.full((1, 1, 1), 3.0), np.ones((1, 1, 2))).ravel().tolist()
    [3.0, 3.0]
    """
    backend = backend_for("conv_transpose1d_input", "grad_output", grad_output)
    options = (stride, padding, output_padding, groups, dilation, data_format, precision)
    return backend.conv_transpose_input("conv_transpose1d_input", 1, input_size, weight, grad_output, options, num_threads)


def conv_transpose1d_weight(
    input: Array,
    weight_size: Any,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCW",
    precision: str | None = None,
) -> Array:
    """Return the gradient of `conv_transpose1d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    weight_size : sequence of int
        Shape of the weights, (c_in, c_out // groups, kw).
    grad_output : ndarray of shape (n, c_out, ow) or (c_out, ow)
    stride, padding, output_padding, groups, dilation, num_threads, precision : optional
        As in `fastconv.functional.conv_transpose1d`.
    data_format : {"NCW", "NWC"}
        Where the arrays have their channels; the shapes here are those of the first, the weights the same in both.

    Returns
    -------
    ndarray of shape weight_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Dumoulin & Visin, A guide to convolution arithmetic for deep learning, arXiv 1603.07285, section 4.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.conv_transpose1d_weight(np.ones((1, 1, 2)), (1, 1, 1), np.ones((1, 1, 2))).ravel().tolist()
    [2.0]
    """
    backend = backend_for("conv_transpose1d_weight", "grad_output", grad_output)
    options = (stride, padding, output_padding, groups, dilation, data_format, precision)
    return backend.conv_transpose_weight("conv_transpose1d_weight", 1, input, weight_size, grad_output, options, num_threads)


def conv_transpose1d_bias(grad_output: Array, *, num_threads: int | None = None, data_format: str = "NCW") -> Array:
    """Return the gradient of `conv_transpose1d` with respect to its bias: the sum over batch and positions, (c_out,).

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.conv_transpose1d_bias(np.ones((1, 1, 2))).tolist()
    [2.0]
    """
    backend = backend_for("conv_transpose1d_bias", "grad_output", grad_output)
    return backend.conv_bias("conv_transpose1d_bias", 1, grad_output, None, num_threads, data_format)


def conv_transpose2d_input(
    input_size: Any,
    weight: Array,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCHW",
    precision: str | None = None,
) -> Array:
    """Return the gradient of `conv_transpose2d` with respect to its input: a convolution of grad_output with its weights.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, h, w) or (c_in, h, w).
    weight : ndarray of shape (c_in, c_out // groups, kh, kw)
    grad_output : ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow)
    stride, padding, output_padding, groups, dilation, num_threads, precision : optional
        As in `fastconv.functional.conv_transpose2d`.
    data_format : {"NCHW", "NHWC"}
        Where the arrays have their channels; the shapes here are those of the first, the weights the same in both.

    Returns
    -------
    ndarray of shape input_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Dumoulin & Visin, A guide to convolution arithmetic for deep learning, arXiv 1603.07285, section 4.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.conv_transpose2d_input((1, 1, 1, 2), np.full((1, 1, 1, 1), 3.0), np.ones((1, 1, 1, 2))).ravel().tolist()
    [3.0, 3.0]
    """
    backend = backend_for("conv_transpose2d_input", "grad_output", grad_output)
    options = (stride, padding, output_padding, groups, dilation, data_format, precision)
    return backend.conv_transpose_input("conv_transpose2d_input", 2, input_size, weight, grad_output, options, num_threads)


def conv_transpose2d_weight(
    input: Array,
    weight_size: Any,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCHW",
    precision: str | None = None,
) -> Array:
    """Return the gradient of `conv_transpose2d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
    weight_size : sequence of int
        Shape of the weights, (c_in, c_out // groups, kh, kw).
    grad_output : ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow)
    stride, padding, output_padding, groups, dilation, num_threads, precision : optional
        As in `fastconv.functional.conv_transpose2d`.
    data_format : {"NCHW", "NHWC"}
        Where the arrays have their channels; the shapes here are those of the first, the weights the same in both.

    Returns
    -------
    ndarray of shape weight_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Dumoulin & Visin, A guide to convolution arithmetic for deep learning, arXiv 1603.07285, section 4.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.conv_transpose2d_weight(np.ones((1, 1, 1, 2)), (1, 1, 1, 1), np.ones((1, 1, 1, 2))).ravel().tolist()
    [2.0]
    """
    backend = backend_for("conv_transpose2d_weight", "grad_output", grad_output)
    options = (stride, padding, output_padding, groups, dilation, data_format, precision)
    return backend.conv_transpose_weight("conv_transpose2d_weight", 2, input, weight_size, grad_output, options, num_threads)


def conv_transpose2d_bias(grad_output: Array, *, num_threads: int | None = None, data_format: str = "NCHW") -> Array:
    """Return the gradient of `conv_transpose2d` with respect to its bias: the sum over batch and positions, (c_out,).

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.conv_transpose2d_bias(np.ones((1, 1, 1, 2))).tolist()
    [2.0]
    """
    backend = backend_for("conv_transpose2d_bias", "grad_output", grad_output)
    return backend.conv_bias("conv_transpose2d_bias", 2, grad_output, None, num_threads, data_format)


def conv_transpose3d_input(
    input_size: Any,
    weight: Array,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
    precision: str | None = None,
) -> Array:
    """Return the gradient of `conv_transpose3d` with respect to its input: a convolution of grad_output with its weights.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, d, h, w) or (c_in, d, h, w).
    weight : ndarray of shape (c_in, c_out // groups, kd, kh, kw)
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)
    stride, padding, output_padding, groups, dilation, num_threads, precision : optional
        As in `fastconv.functional.conv_transpose3d`.
    data_format : {"NCDHW", "NDHWC"}
        Where the arrays have their channels; the shapes here are those of the first, the weights the same in both.

    Returns
    -------
    ndarray of shape input_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Dumoulin & Visin, A guide to convolution arithmetic for deep learning, arXiv 1603.07285, section 4.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> g = np.ones((1, 1, 1, 1, 2))
    >>> fc.grad.conv_transpose3d_input((1, 1, 1, 1, 2), np.full((1, 1, 1, 1, 1), 3.0), g).ravel().tolist()
    [3.0, 3.0]
    """
    backend = backend_for("conv_transpose3d_input", "grad_output", grad_output)
    options = (stride, padding, output_padding, groups, dilation, data_format, precision)
    return backend.conv_transpose_input("conv_transpose3d_input", 3, input_size, weight, grad_output, options, num_threads)


def conv_transpose3d_weight(
    input: Array,
    weight_size: Any,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
    precision: str | None = None,
) -> Array:
    """Return the gradient of `conv_transpose3d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    weight_size : sequence of int
        Shape of the weights, (c_in, c_out // groups, kd, kh, kw).
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)
    stride, padding, output_padding, groups, dilation, num_threads, precision : optional
        As in `fastconv.functional.conv_transpose3d`.
    data_format : {"NCDHW", "NDHWC"}
        Where the arrays have their channels; the shapes here are those of the first, the weights the same in both.

    Returns
    -------
    ndarray of shape weight_size

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Dumoulin & Visin, A guide to convolution arithmetic for deep learning, arXiv 1603.07285, section 4.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.conv_transpose3d_weight(np.ones((1, 1, 1, 1, 2)), (1, 1, 1, 1, 1), np.ones((1, 1, 1, 1, 2))).ravel().tolist()
    [2.0]
    """
    backend = backend_for("conv_transpose3d_weight", "grad_output", grad_output)
    options = (stride, padding, output_padding, groups, dilation, data_format, precision)
    return backend.conv_transpose_weight("conv_transpose3d_weight", 3, input, weight_size, grad_output, options, num_threads)


def conv_transpose3d_bias(grad_output: Array, *, num_threads: int | None = None, data_format: str = "NCDHW") -> Array:
    """Return the gradient of `conv_transpose3d` with respect to its bias: the sum over batch and positions, (c_out,).

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.conv_transpose3d_bias(np.ones((1, 1, 1, 1, 2))).tolist()
    [2.0]
    """
    backend = backend_for("conv_transpose3d_bias", "grad_output", grad_output)
    return backend.conv_bias("conv_transpose3d_bias", 3, grad_output, None, num_threads, data_format)
