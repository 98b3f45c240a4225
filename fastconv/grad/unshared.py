# SPDX-License-Identifier: BSD-3-Clause
"""Gradients of convolutions with filters of their own at every place, or at every k-th."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ..functional._defaults import Array


def local_conv1d_input(
    input_size: Any,
    weight: Array,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Return the gradient of `local_conv1d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, w) or (c_in, w).
    weight : ndarray of shape (ow, kw, c_in // groups, c_out)
    grad_output : ndarray of shape (n, c_out, ow) or (c_out, ow)
    stride, padding, dilation, groups, num_threads : optional
        As in `fastconv.functional.local_conv1d`.
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
    >>> w = np.full((2, 1, 1, 1), 3.0)
    >>> fc.grad.local_conv1d_input((1, 1, 2), w, np.ones((1, 1, 2))).ravel().tolist()
    [3.0, 3.0]
    """
    backend = backend_for("local_conv1d_input", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format)
    how = (input_size, weight, grad_output, options, num_threads)
    return backend.tiled_input("local_conv1d_input", 1, True, *how)


def local_conv1d_weight(
    input: Array,
    weight_size: Any,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Return the gradient of `local_conv1d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    weight_size : sequence of int
        Shape of the weights, (ow, kw, c_in // groups, c_out).
    grad_output : ndarray of shape (n, c_out, ow) or (c_out, ow)
    stride, padding, dilation, groups, num_threads : optional
        As in `fastconv.functional.local_conv1d`.
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
    >>> x = np.ones((1, 1, 2))
    >>> fc.grad.local_conv1d_weight(x, (2, 1, 1, 1), x).ravel().tolist()
    [1.0, 1.0]
    """
    backend = backend_for("local_conv1d_weight", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format)
    how = (input, weight_size, grad_output, options, num_threads)
    return backend.tiled_weight("local_conv1d_weight", 1, True, *how)


def local_conv2d_input(
    input_size: Any,
    weight: Array,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Return the gradient of `local_conv2d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, h, w) or (c_in, h, w).
    weight : ndarray of shape (oh, ow, kh, kw, c_in // groups, c_out)
    grad_output : ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow)
    stride, padding, dilation, groups, num_threads : optional
        As in `fastconv.functional.local_conv2d`.
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
    >>> w = np.full((1, 2, 1, 1, 1, 1), 3.0)
    >>> fc.grad.local_conv2d_input((1, 1, 1, 2), w, np.ones((1, 1, 1, 2))).ravel().tolist()
    [3.0, 3.0]
    """
    backend = backend_for("local_conv2d_input", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format)
    how = (input_size, weight, grad_output, options, num_threads)
    return backend.tiled_input("local_conv2d_input", 2, True, *how)


def local_conv2d_weight(
    input: Array,
    weight_size: Any,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Return the gradient of `local_conv2d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
    weight_size : sequence of int
        Shape of the weights, (oh, ow, kh, kw, c_in // groups, c_out).
    grad_output : ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow)
    stride, padding, dilation, groups, num_threads : optional
        As in `fastconv.functional.local_conv2d`.
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
    >>> x = np.ones((1, 1, 1, 2))
    >>> fc.grad.local_conv2d_weight(x, (1, 2, 1, 1, 1, 1), x).ravel().tolist()
    [1.0, 1.0]
    """
    backend = backend_for("local_conv2d_weight", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format)
    how = (input, weight_size, grad_output, options, num_threads)
    return backend.tiled_weight("local_conv2d_weight", 2, True, *how)


def local_conv3d_input(
    input_size: Any,
    weight: Array,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Return the gradient of `local_conv3d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, d, h, w) or (c_in, d, h, w).
    weight : ndarray of shape (od, oh, ow, kd, kh, kw, c_in // groups, c_out)
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)
    stride, padding, dilation, groups, num_threads : optional
        As in `fastconv.functional.local_conv3d`.
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
    >>> w = np.full((1, 1, 2, 1, 1, 1, 1, 1), 3.0)
    >>> fc.grad.local_conv3d_input((1, 1, 1, 1, 2), w, np.ones((1, 1, 1, 1, 2))).ravel().tolist()
    [3.0, 3.0]
    """
    backend = backend_for("local_conv3d_input", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format)
    how = (input_size, weight, grad_output, options, num_threads)
    return backend.tiled_input("local_conv3d_input", 3, True, *how)


def local_conv3d_weight(
    input: Array,
    weight_size: Any,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Return the gradient of `local_conv3d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    weight_size : sequence of int
        Shape of the weights, (od, oh, ow, kd, kh, kw, c_in // groups, c_out).
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)
    stride, padding, dilation, groups, num_threads : optional
        As in `fastconv.functional.local_conv3d`.
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
    >>> x = np.ones((1, 1, 1, 1, 2))
    >>> fc.grad.local_conv3d_weight(x, (1, 1, 2, 1, 1, 1, 1, 1), x).ravel().tolist()
    [1.0, 1.0]
    """
    backend = backend_for("local_conv3d_weight", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format)
    how = (input, weight_size, grad_output, options, num_threads)
    return backend.tiled_weight("local_conv3d_weight", 3, True, *how)


def tiled_conv1d_input(
    input_size: Any,
    weight: Array,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Return the gradient of `tiled_conv1d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, w) or (c_in, w).
    weight : ndarray of shape (tw, kw, c_in // groups, c_out)
    grad_output : ndarray of shape (n, c_out, ow) or (c_out, ow)
    stride, padding, dilation, groups, num_threads : optional
        As in `fastconv.functional.tiled_conv1d`.
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
    >>> w = np.full((1, 1, 1, 1), 3.0)
    >>> fc.grad.tiled_conv1d_input((1, 1, 2), w, np.ones((1, 1, 2))).ravel().tolist()
    [3.0, 3.0]
    """
    backend = backend_for("tiled_conv1d_input", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format)
    how = (input_size, weight, grad_output, options, num_threads)
    return backend.tiled_input("tiled_conv1d_input", 1, False, *how)


def tiled_conv1d_weight(
    input: Array,
    weight_size: Any,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Return the gradient of `tiled_conv1d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    weight_size : sequence of int
        Shape of the weights, (tw, kw, c_in // groups, c_out).
    grad_output : ndarray of shape (n, c_out, ow) or (c_out, ow)
    stride, padding, dilation, groups, num_threads : optional
        As in `fastconv.functional.tiled_conv1d`.
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
    >>> x = np.ones((1, 1, 2))
    >>> fc.grad.tiled_conv1d_weight(x, (1, 1, 1, 1), x).ravel().tolist()
    [2.0]
    """
    backend = backend_for("tiled_conv1d_weight", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format)
    how = (input, weight_size, grad_output, options, num_threads)
    return backend.tiled_weight("tiled_conv1d_weight", 1, False, *how)


def tiled_conv2d_input(
    input_size: Any,
    weight: Array,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Return the gradient of `tiled_conv2d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, h, w) or (c_in, h, w).
    weight : ndarray of shape (th, tw, kh, kw, c_in // groups, c_out)
    grad_output : ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow)
    stride, padding, dilation, groups, num_threads : optional
        As in `fastconv.functional.tiled_conv2d`.
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
    >>> w = np.full((1, 1, 1, 1, 1, 1), 3.0)
    >>> fc.grad.tiled_conv2d_input((1, 1, 1, 2), w, np.ones((1, 1, 1, 2))).ravel().tolist()
    [3.0, 3.0]
    """
    backend = backend_for("tiled_conv2d_input", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format)
    how = (input_size, weight, grad_output, options, num_threads)
    return backend.tiled_input("tiled_conv2d_input", 2, False, *how)


def tiled_conv2d_weight(
    input: Array,
    weight_size: Any,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Return the gradient of `tiled_conv2d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
    weight_size : sequence of int
        Shape of the weights, (th, tw, kh, kw, c_in // groups, c_out).
    grad_output : ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow)
    stride, padding, dilation, groups, num_threads : optional
        As in `fastconv.functional.tiled_conv2d`.
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
    >>> x = np.ones((1, 1, 1, 2))
    >>> fc.grad.tiled_conv2d_weight(x, (1, 1, 1, 1, 1, 1), x).ravel().tolist()
    [2.0]
    """
    backend = backend_for("tiled_conv2d_weight", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format)
    how = (input, weight_size, grad_output, options, num_threads)
    return backend.tiled_weight("tiled_conv2d_weight", 2, False, *how)


def tiled_conv3d_input(
    input_size: Any,
    weight: Array,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Return the gradient of `tiled_conv3d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, d, h, w) or (c_in, d, h, w).
    weight : ndarray of shape (td, th, tw, kd, kh, kw, c_in // groups, c_out)
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)
    stride, padding, dilation, groups, num_threads : optional
        As in `fastconv.functional.tiled_conv3d`.
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
    >>> w = np.full((1, 1, 1, 1, 1, 1, 1, 1), 3.0)
    >>> fc.grad.tiled_conv3d_input((1, 1, 1, 1, 2), w, np.ones((1, 1, 1, 1, 2))).ravel().tolist()
    [3.0, 3.0]
    """
    backend = backend_for("tiled_conv3d_input", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format)
    how = (input_size, weight, grad_output, options, num_threads)
    return backend.tiled_input("tiled_conv3d_input", 3, False, *how)


def tiled_conv3d_weight(
    input: Array,
    weight_size: Any,
    grad_output: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Return the gradient of `tiled_conv3d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    weight_size : sequence of int
        Shape of the weights, (td, th, tw, kd, kh, kw, c_in // groups, c_out).
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)
    stride, padding, dilation, groups, num_threads : optional
        As in `fastconv.functional.tiled_conv3d`.
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
    >>> x = np.ones((1, 1, 1, 1, 2))
    >>> fc.grad.tiled_conv3d_weight(x, (1, 1, 1, 1, 1, 1, 1, 1), x).ravel().tolist()
    [2.0]
    """
    backend = backend_for("tiled_conv3d_weight", "grad_output", grad_output)
    options = (stride, padding, dilation, groups, data_format)
    how = (input, weight_size, grad_output, options, num_threads)
    return backend.tiled_weight("tiled_conv3d_weight", 3, False, *how)
