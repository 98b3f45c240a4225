# SPDX-License-Identifier: BSD-3-Clause
"""Gradients of sums and p-norms of windows."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ..functional._defaults import NCDHW, NCHW, NCW, Array


def sum_pool1d_input(
    input_size: Any,
    grad_output: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    *,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Return the gradient of `sum_pool1d` with respect to its input: each element's is the sum of its windows'.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, w) or (c, w), or with the channels last.
    grad_output : ndarray of shape (n, c, ow) or (c, ow)

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
    >>> fc.grad.sum_pool1d_input((1, 1, 3), np.ones((1, 1, 2)), 2, 1).ravel().tolist()
    [1.0, 2.0, 1.0]
    """
    backend = backend_for("sum_pool1d_input", "grad_output", grad_output)
    layout = None if data_format is NCW else data_format
    options = (kernel_size, stride, padding, ceil_mode)
    return backend.sum_pool_input("sum_pool1d_input", 1, input_size, grad_output, options, num_threads, layout)


def sum_pool2d_input(
    input_size: Any,
    grad_output: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    *,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Return the gradient of `sum_pool2d` with respect to its input: each element's is the sum of its windows'.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, h, w) or (c, h, w), or with the channels last.
    grad_output : ndarray of shape (n, c, oh, ow) or (c, oh, ow)

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
    >>> fc.grad.sum_pool2d_input((1, 1, 1, 3), np.ones((1, 1, 1, 2)), (1, 2), 1).ravel().tolist()
    [1.0, 2.0, 1.0]
    """
    backend = backend_for("sum_pool2d_input", "grad_output", grad_output)
    layout = None if data_format is NCHW else data_format
    options = (kernel_size, stride, padding, ceil_mode)
    return backend.sum_pool_input("sum_pool2d_input", 2, input_size, grad_output, options, num_threads, layout)


def sum_pool3d_input(
    input_size: Any,
    grad_output: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    *,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Return the gradient of `sum_pool3d` with respect to its input: each element's is the sum of its windows'.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, d, h, w) or (c, d, h, w), or with the channels last.
    grad_output : ndarray of shape (n, c, od, oh, ow) or (c, od, oh, ow)

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
    >>> fc.grad.sum_pool3d_input((1, 1, 1, 1, 3), np.ones((1, 1, 1, 1, 2)), (1, 1, 2), 1).ravel().tolist()
    [1.0, 2.0, 1.0]
    """
    backend = backend_for("sum_pool3d_input", "grad_output", grad_output)
    layout = None if data_format is NCDHW else data_format
    options = (kernel_size, stride, padding, ceil_mode)
    return backend.sum_pool_input("sum_pool3d_input", 3, input_size, grad_output, options, num_threads, layout)


def lp_pool1d_input(
    input: Array,
    output: Array,
    grad_output: Array,
    norm_type: float,
    kernel_size: Any,
    stride: Any = None,
    ceil_mode: bool = False,
    *,
    padding: Any = 0,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Return the gradient of `lp_pool1d` with respect to its input, which is zero where a norm is zero, as torch has it.

    Parameters
    ----------
    input : ndarray of shape (n, c, w) or (c, w)
    output : ndarray of shape (n, c, ow) or (c, ow)
        What `lp_pool1d` made of the input.
    grad_output : ndarray of the shape of output

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.array([3.0, 4.0]).reshape(1, 1, 2)
    >>> y = fc.functional.lp_pool1d(x, 2, 2)
    >>> fc.grad.lp_pool1d_input(x, y, 5 * np.ones_like(y), 2, 2).ravel().tolist()
    [3.0, 4.0]
    """
    backend = backend_for("lp_pool1d_input", "grad_output", grad_output)
    layout = None if data_format is NCW else data_format
    options = (kernel_size, stride, padding, ceil_mode)
    return backend.lp_pool_input("lp_pool1d_input", 1, input, output, grad_output, norm_type, options, num_threads, layout)


def lp_pool2d_input(
    input: Array,
    output: Array,
    grad_output: Array,
    norm_type: float,
    kernel_size: Any,
    stride: Any = None,
    ceil_mode: bool = False,
    *,
    padding: Any = 0,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Return the gradient of `lp_pool2d` with respect to its input, which is zero where a norm is zero, as torch has it.

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w) or (c, h, w)
    output : ndarray of shape (n, c, oh, ow) or (c, oh, ow)
        What `lp_pool2d` made of the input.
    grad_output : ndarray of the shape of output

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.array([3.0, 4.0]).reshape(1, 1, 1, 2)
    >>> y = fc.functional.lp_pool2d(x, 2, (1, 2))
    >>> fc.grad.lp_pool2d_input(x, y, 5 * np.ones_like(y), 2, (1, 2)).ravel().tolist()
    [3.0, 4.0]
    """
    backend = backend_for("lp_pool2d_input", "grad_output", grad_output)
    layout = None if data_format is NCHW else data_format
    options = (kernel_size, stride, padding, ceil_mode)
    return backend.lp_pool_input("lp_pool2d_input", 2, input, output, grad_output, norm_type, options, num_threads, layout)


def lp_pool3d_input(
    input: Array,
    output: Array,
    grad_output: Array,
    norm_type: float,
    kernel_size: Any,
    stride: Any = None,
    ceil_mode: bool = False,
    *,
    padding: Any = 0,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Return the gradient of `lp_pool3d` with respect to its input, which is zero where a norm is zero, as torch has it.

    Parameters
    ----------
    input : ndarray of shape (n, c, d, h, w) or (c, d, h, w)
    output : ndarray of shape (n, c, od, oh, ow) or (c, od, oh, ow)
        What `lp_pool3d` made of the input.
    grad_output : ndarray of the shape of output

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.array([3.0, 4.0]).reshape(1, 1, 1, 1, 2)
    >>> y = fc.functional.lp_pool3d(x, 2, (1, 1, 2))
    >>> fc.grad.lp_pool3d_input(x, y, 5 * np.ones_like(y), 2, (1, 1, 2)).ravel().tolist()
    [3.0, 4.0]
    """
    backend = backend_for("lp_pool3d_input", "grad_output", grad_output)
    layout = None if data_format is NCDHW else data_format
    options = (kernel_size, stride, padding, ceil_mode)
    return backend.lp_pool_input("lp_pool3d_input", 3, input, output, grad_output, norm_type, options, num_threads, layout)
