# SPDX-License-Identifier: BSD-3-Clause
"""Gradients as plain functions: torch.nn.grad's names and signatures, and the same for pooling, unpooling and the rest.

Every function takes the gradient with respect to an operation's output and returns the gradient with respect to one of its
arguments. Options are those of the operation in `fastconv.functional`. Sums run in an order that depends on nothing but the
shapes, so the bits do not depend on the number of threads.

References
----------
Goodfellow, Bengio & Courville, Deep Learning, 2016, section 9.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .backends import backend_for

Array = np.ndarray[Any, np.dtype[Any]]


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
) -> Array:
    """Return the gradient of `conv1d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, w) or (c_in, w).
    weight : ndarray of shape (c_out, c_in // groups, kw)
    grad_output : ndarray of shape (n, c_out, ow) or (c_out, ow)

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
    options = (stride, padding, dilation, groups, (padding_mode, padding_value, flip))
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
) -> Array:
    """Return the gradient of `conv1d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    weight_size : sequence of int
        Shape of the weights, (c_out, c_in // groups, kw).
    grad_output : ndarray of shape (n, c_out, ow) or (c_out, ow)

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
    options = (stride, padding, dilation, groups, (padding_mode, padding_value, flip))
    return backend.conv_weight("conv1d_weight", 1, input, weight_size, grad_output, options, num_threads)


def conv1d_bias(grad_output: Array, bias_size: Any = None, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `conv1d` with respect to its bias: the sum over batch and positions that share it.

    Parameters
    ----------
    grad_output : ndarray of shape (n, c_out, ow) or without n
    bias_size : sequence of int, optional
        Shape of the bias, (c_out,) by default, or (c_out, 1 or ow) where it is untied.

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
    return backend.conv_bias("conv1d_bias", 1, grad_output, bias_size, num_threads)


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
) -> Array:
    """Return the gradient of `conv2d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, h, w) or (c_in, h, w).
    weight : ndarray of shape (c_out, c_in // groups, kh, kw)
    grad_output : ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow)

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
    options = (stride, padding, dilation, groups, (padding_mode, padding_value, flip))
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
) -> Array:
    """Return the gradient of `conv2d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
    weight_size : sequence of int
        Shape of the weights, (c_out, c_in // groups, kh, kw).
    grad_output : ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow)

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
    options = (stride, padding, dilation, groups, (padding_mode, padding_value, flip))
    return backend.conv_weight("conv2d_weight", 2, input, weight_size, grad_output, options, num_threads)


def conv2d_bias(grad_output: Array, bias_size: Any = None, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `conv2d` with respect to its bias: the sum over batch and positions that share it.

    Parameters
    ----------
    grad_output : ndarray of shape (n, c_out, oh, ow) or without n
    bias_size : sequence of int, optional
        Shape of the bias, (c_out,) by default, or (c_out, 1 or oh, 1 or ow) where it is untied.

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
    return backend.conv_bias("conv2d_bias", 2, grad_output, bias_size, num_threads)


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
) -> Array:
    """Return the gradient of `conv3d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, d, h, w) or (c_in, d, h, w).
    weight : ndarray of shape (c_out, c_in // groups, kd, kh, kw)
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)

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
    options = (stride, padding, dilation, groups, (padding_mode, padding_value, flip))
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
) -> Array:
    """Return the gradient of `conv3d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    weight_size : sequence of int
        Shape of the weights, (c_out, c_in // groups, kd, kh, kw).
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)

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
    options = (stride, padding, dilation, groups, (padding_mode, padding_value, flip))
    return backend.conv_weight("conv3d_weight", 3, input, weight_size, grad_output, options, num_threads)


def conv3d_bias(grad_output: Array, bias_size: Any = None, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `conv3d` with respect to its bias: the sum over batch and positions that share it.

    Parameters
    ----------
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or without n
    bias_size : sequence of int, optional
        Shape of the bias, (c_out,) by default, or (c_out, 1 or od, 1 or oh, 1 or ow) where it is untied.

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
    return backend.conv_bias("conv3d_bias", 3, grad_output, bias_size, num_threads)


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
) -> Array:
    """Return the gradient of `local_conv1d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, w) or (c_in, w).
    weight : ndarray of shape (ow, kw, c_in // groups, c_out)
    grad_output : ndarray of shape (n, c_out, ow) or (c_out, ow)

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
    options = (stride, padding, dilation, groups)
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
) -> Array:
    """Return the gradient of `local_conv1d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    weight_size : sequence of int
        Shape of the weights, (ow, kw, c_in // groups, c_out).
    grad_output : ndarray of shape (n, c_out, ow) or (c_out, ow)

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
    options = (stride, padding, dilation, groups)
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
) -> Array:
    """Return the gradient of `local_conv2d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, h, w) or (c_in, h, w).
    weight : ndarray of shape (oh, ow, kh, kw, c_in // groups, c_out)
    grad_output : ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow)

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
    options = (stride, padding, dilation, groups)
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
) -> Array:
    """Return the gradient of `local_conv2d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
    weight_size : sequence of int
        Shape of the weights, (oh, ow, kh, kw, c_in // groups, c_out).
    grad_output : ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow)

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
    options = (stride, padding, dilation, groups)
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
) -> Array:
    """Return the gradient of `local_conv3d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, d, h, w) or (c_in, d, h, w).
    weight : ndarray of shape (od, oh, ow, kd, kh, kw, c_in // groups, c_out)
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)

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
    options = (stride, padding, dilation, groups)
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
) -> Array:
    """Return the gradient of `local_conv3d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    weight_size : sequence of int
        Shape of the weights, (od, oh, ow, kd, kh, kw, c_in // groups, c_out).
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)

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
    options = (stride, padding, dilation, groups)
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
) -> Array:
    """Return the gradient of `tiled_conv1d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, w) or (c_in, w).
    weight : ndarray of shape (tw, kw, c_in // groups, c_out)
    grad_output : ndarray of shape (n, c_out, ow) or (c_out, ow)

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
    options = (stride, padding, dilation, groups)
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
) -> Array:
    """Return the gradient of `tiled_conv1d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    weight_size : sequence of int
        Shape of the weights, (tw, kw, c_in // groups, c_out).
    grad_output : ndarray of shape (n, c_out, ow) or (c_out, ow)

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
    options = (stride, padding, dilation, groups)
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
) -> Array:
    """Return the gradient of `tiled_conv2d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, h, w) or (c_in, h, w).
    weight : ndarray of shape (th, tw, kh, kw, c_in // groups, c_out)
    grad_output : ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow)

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
    options = (stride, padding, dilation, groups)
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
) -> Array:
    """Return the gradient of `tiled_conv2d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
    weight_size : sequence of int
        Shape of the weights, (th, tw, kh, kw, c_in // groups, c_out).
    grad_output : ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow)

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
    options = (stride, padding, dilation, groups)
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
) -> Array:
    """Return the gradient of `tiled_conv3d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, d, h, w) or (c_in, d, h, w).
    weight : ndarray of shape (td, th, tw, kd, kh, kw, c_in // groups, c_out)
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)

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
    options = (stride, padding, dilation, groups)
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
) -> Array:
    """Return the gradient of `tiled_conv3d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    weight_size : sequence of int
        Shape of the weights, (td, th, tw, kd, kh, kw, c_in // groups, c_out).
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)

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
    options = (stride, padding, dilation, groups)
    how = (input, weight_size, grad_output, options, num_threads)
    return backend.tiled_weight("tiled_conv3d_weight", 3, False, *how)


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
) -> Array:
    """Return the gradient of `conv_transpose1d` with respect to its input: a convolution of grad_output with its weights.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, w) or (c_in, w).
    weight : ndarray of shape (c_in, c_out // groups, kw)
    grad_output : ndarray of shape (n, c_out, ow) or (c_out, ow)
    stride, padding, output_padding, groups, dilation, num_threads : optional
        As in `fastconv.functional.conv_transpose1d`.

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
    options = (stride, padding, output_padding, groups, dilation)
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
) -> Array:
    """Return the gradient of `conv_transpose1d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    weight_size : sequence of int
        Shape of the weights, (c_in, c_out // groups, kw).
    grad_output : ndarray of shape (n, c_out, ow) or (c_out, ow)
    stride, padding, output_padding, groups, dilation, num_threads : optional
        As in `fastconv.functional.conv_transpose1d`.

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
    options = (stride, padding, output_padding, groups, dilation)
    return backend.conv_transpose_weight("conv_transpose1d_weight", 1, input, weight_size, grad_output, options, num_threads)


def conv_transpose1d_bias(grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `conv_transpose1d` with respect to its bias: the sum over batch and positions, (c_out,).

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.conv_transpose1d_bias(np.ones((1, 1, 2))).tolist()
    [2.0]
    """
    backend = backend_for("conv_transpose1d_bias", "grad_output", grad_output)
    return backend.conv_bias("conv_transpose1d_bias", 1, grad_output, None, num_threads)


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
) -> Array:
    """Return the gradient of `conv_transpose2d` with respect to its input: a convolution of grad_output with its weights.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, h, w) or (c_in, h, w).
    weight : ndarray of shape (c_in, c_out // groups, kh, kw)
    grad_output : ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow)
    stride, padding, output_padding, groups, dilation, num_threads : optional
        As in `fastconv.functional.conv_transpose2d`.

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
    options = (stride, padding, output_padding, groups, dilation)
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
) -> Array:
    """Return the gradient of `conv_transpose2d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
    weight_size : sequence of int
        Shape of the weights, (c_in, c_out // groups, kh, kw).
    grad_output : ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow)
    stride, padding, output_padding, groups, dilation, num_threads : optional
        As in `fastconv.functional.conv_transpose2d`.

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
    options = (stride, padding, output_padding, groups, dilation)
    return backend.conv_transpose_weight("conv_transpose2d_weight", 2, input, weight_size, grad_output, options, num_threads)


def conv_transpose2d_bias(grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `conv_transpose2d` with respect to its bias: the sum over batch and positions, (c_out,).

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.conv_transpose2d_bias(np.ones((1, 1, 1, 2))).tolist()
    [2.0]
    """
    backend = backend_for("conv_transpose2d_bias", "grad_output", grad_output)
    return backend.conv_bias("conv_transpose2d_bias", 2, grad_output, None, num_threads)


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
) -> Array:
    """Return the gradient of `conv_transpose3d` with respect to its input: a convolution of grad_output with its weights.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c_in, d, h, w) or (c_in, d, h, w).
    weight : ndarray of shape (c_in, c_out // groups, kd, kh, kw)
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)
    stride, padding, output_padding, groups, dilation, num_threads : optional
        As in `fastconv.functional.conv_transpose3d`.

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
    options = (stride, padding, output_padding, groups, dilation)
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
) -> Array:
    """Return the gradient of `conv_transpose3d` with respect to its weights.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    weight_size : sequence of int
        Shape of the weights, (c_in, c_out // groups, kd, kh, kw).
    grad_output : ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)
    stride, padding, output_padding, groups, dilation, num_threads : optional
        As in `fastconv.functional.conv_transpose3d`.

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
    options = (stride, padding, output_padding, groups, dilation)
    return backend.conv_transpose_weight("conv_transpose3d_weight", 3, input, weight_size, grad_output, options, num_threads)


def conv_transpose3d_bias(grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `conv_transpose3d` with respect to its bias: the sum over batch and positions, (c_out,).

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.conv_transpose3d_bias(np.ones((1, 1, 1, 1, 2))).tolist()
    [2.0]
    """
    backend = backend_for("conv_transpose3d_bias", "grad_output", grad_output)
    return backend.conv_bias("conv_transpose3d_bias", 3, grad_output, None, num_threads)


def max_pool1d_input(input_size: Any, indices: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `max_pool1d` with respect to its input: each value goes where its switch points.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, w) or (c, w).
    indices : int64 ndarray of the shape of grad_output
        The switches; every one is checked. Overlapping windows add up.
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
    >>> x = np.arange(2.0).reshape(1, 1, 2)
    >>> y, switches = fc.functional.max_pool1d(x, 2, return_indices=True)
    >>> fc.grad.max_pool1d_input(x.shape, switches, np.ones_like(y)).ravel().tolist()[-2:]
    [0.0, 1.0]
    """
    backend = backend_for("max_pool1d_input", "grad_output", grad_output)
    return backend.max_pool_input("max_pool1d_input", 1, input_size, indices, grad_output, num_threads)


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
) -> Array:
    """Return the gradient of `avg_pool1d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, w) or (c, w).
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
    >>> fc.grad.avg_pool1d_input((1, 1, 2), np.full((1, 1, 1), 2.0), 2).ravel().tolist()[:2]
    [1.0, 1.0]
    """
    backend = backend_for("avg_pool1d_input", "grad_output", grad_output)
    options = (kernel_size, stride, padding)
    named = {"ceil_mode": ceil_mode, "count_include_pad": count_include_pad}
    return backend.average_pool_input("avg_pool1d_input", 1, input_size, grad_output, options, named, num_threads)


def max_unpool1d_input(indices: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `max_unpool1d` with respect to its input: each value comes from where its switch points.

    Parameters
    ----------
    indices : int64 ndarray of shape (n, c, ow) or (c, ow)
    grad_output : ndarray of shape (n, c, w) or (c, w)

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
    return backend.max_unpool_input("max_unpool1d_input", 1, indices, grad_output, num_threads)


def max_pool2d_input(input_size: Any, indices: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `max_pool2d` with respect to its input: each value goes where its switch points.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, h, w) or (c, h, w).
    indices : int64 ndarray of the shape of grad_output
        The switches; every one is checked. Overlapping windows add up.
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
    >>> x = np.arange(4.0).reshape(1, 1, 2, 2)
    >>> y, switches = fc.functional.max_pool2d(x, 2, return_indices=True)
    >>> fc.grad.max_pool2d_input(x.shape, switches, np.ones_like(y)).ravel().tolist()[-2:]
    [0.0, 1.0]
    """
    backend = backend_for("max_pool2d_input", "grad_output", grad_output)
    return backend.max_pool_input("max_pool2d_input", 2, input_size, indices, grad_output, num_threads)


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
) -> Array:
    """Return the gradient of `avg_pool2d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, h, w) or (c, h, w).
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
    >>> fc.grad.avg_pool2d_input((1, 1, 2, 2), np.full((1, 1, 1, 1), 4.0), 2).ravel().tolist()[:2]
    [1.0, 1.0]
    """
    backend = backend_for("avg_pool2d_input", "grad_output", grad_output)
    options = (kernel_size, stride, padding)
    named = {"ceil_mode": ceil_mode, "count_include_pad": count_include_pad, "divisor_override": divisor_override}
    return backend.average_pool_input("avg_pool2d_input", 2, input_size, grad_output, options, named, num_threads)


def max_unpool2d_input(indices: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `max_unpool2d` with respect to its input: each value comes from where its switch points.

    Parameters
    ----------
    indices : int64 ndarray of shape (n, c, oh, ow) or (c, oh, ow)
    grad_output : ndarray of shape (n, c, h, w) or (c, h, w)

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
    return backend.max_unpool_input("max_unpool2d_input", 2, indices, grad_output, num_threads)


def max_pool3d_input(input_size: Any, indices: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `max_pool3d` with respect to its input: each value goes where its switch points.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, d, h, w) or (c, d, h, w).
    indices : int64 ndarray of the shape of grad_output
        The switches; every one is checked. Overlapping windows add up.
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
    >>> x = np.arange(8.0).reshape(1, 1, 2, 2, 2)
    >>> y, switches = fc.functional.max_pool3d(x, 2, return_indices=True)
    >>> fc.grad.max_pool3d_input(x.shape, switches, np.ones_like(y)).ravel().tolist()[-2:]
    [0.0, 1.0]
    """
    backend = backend_for("max_pool3d_input", "grad_output", grad_output)
    return backend.max_pool_input("max_pool3d_input", 3, input_size, indices, grad_output, num_threads)


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
) -> Array:
    """Return the gradient of `avg_pool3d` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, d, h, w) or (c, d, h, w).
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
    >>> fc.grad.avg_pool3d_input((1, 1, 2, 2, 2), np.full((1, 1, 1, 1, 1), 8.0), 2).ravel().tolist()[:2]
    [1.0, 1.0]
    """
    backend = backend_for("avg_pool3d_input", "grad_output", grad_output)
    options = (kernel_size, stride, padding)
    named = {"ceil_mode": ceil_mode, "count_include_pad": count_include_pad, "divisor_override": divisor_override}
    return backend.average_pool_input("avg_pool3d_input", 3, input_size, grad_output, options, named, num_threads)


def max_unpool3d_input(indices: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `max_unpool3d` with respect to its input: each value comes from where its switch points.

    Parameters
    ----------
    indices : int64 ndarray of shape (n, c, od, oh, ow) or (c, od, oh, ow)
    grad_output : ndarray of shape (n, c, d, h, w) or (c, d, h, w)

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
    return backend.max_unpool_input("max_unpool3d_input", 3, indices, grad_output, num_threads)


def linear_input(weight: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `linear` with respect to its input, of shape (..., in_features).

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.linear_input(np.array([[3.0, 4.0]]), np.array([[2.0]])).tolist()
    [[6.0, 8.0]]
    """
    return backend_for("linear_input", "grad_output", grad_output).linear_input(
        "linear_input", weight, grad_output, num_threads
    )


def linear_weight(input: Array, grad_output: Array, *, num_threads: int | None = None) -> Array:
    """Return the gradient of `linear` with respect to its weights, of shape (out_features, in_features).

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.linear_weight(np.array([[3.0, 4.0]]), np.array([[2.0]])).tolist()
    [[6.0, 8.0]]
    """
    return backend_for("linear_weight", "grad_output", grad_output).linear_weight(
        "linear_weight", input, grad_output, num_threads
    )


def linear_bias(grad_output: Array) -> Array:
    """Return the gradient of `linear` with respect to its bias, of shape (out_features,).

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.linear_bias(np.array([[2.0], [3.0]])).tolist()
    [5.0]
    """
    return backend_for("linear_bias", "grad_output", grad_output).linear_bias("linear_bias", grad_output)


def relu_input(input: Array, grad_output: Array) -> Array:
    """Return the gradient of `relu`: grad_output where input (or the output) is positive, else 0.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.relu_input(np.array([-1.0, 2.0]), np.array([5.0, 5.0])).tolist()
    [0.0, 5.0]
    """
    backend = backend_for("relu_input", "grad_output", grad_output)
    return backend.activation_input("relu", input, grad_output)


def relu6_input(input: Array, grad_output: Array) -> Array:
    """Return the gradient of `relu6`: grad_output where input (or the output) lies between 0 and 6, else 0.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.relu6_input(np.array([-1.0, 2.0, 7.0]), np.array([5.0, 5.0, 5.0])).tolist()
    [0.0, 5.0, 0.0]
    """
    backend = backend_for("relu6_input", "grad_output", grad_output)
    return backend.activation_input("relu6", input, grad_output)


def leaky_relu_input(input: Array, grad_output: Array, negative_slope: float = 0.01) -> Array:
    """Return the gradient of `leaky_relu`: grad_output where input is positive, else negative_slope * grad_output.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.leaky_relu_input(np.array([-1.0, 2.0]), np.array([4.0, 4.0]), 0.25).tolist()
    [1.0, 4.0]
    """
    backend = backend_for("leaky_relu_input", "grad_output", grad_output)
    return backend.activation_input("leaky_relu", input, grad_output, negative_slope)


def sigmoid_input(input: Array, grad_output: Array) -> Array:
    """Return the gradient of `sigmoid` with respect to its input: grad_output * sigmoid(x) * sigmoid(-x).

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.sigmoid_input(np.array([0.0, 1000.0]), np.array([4.0, 4.0])).tolist()
    [1.0, 0.0]
    """
    backend = backend_for("sigmoid_input", "grad_output", grad_output)
    return backend.activation_input("sigmoid", input, grad_output)


def tanh_input(input: Array, grad_output: Array) -> Array:
    """Return the gradient of `tanh` with respect to its input: grad_output * 4 * sigmoid(2x) * sigmoid(-2x).

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.tanh_input(np.array([0.0, 1000.0]), np.array([4.0, 4.0])).tolist()
    [4.0, 0.0]
    """
    backend = backend_for("tanh_input", "grad_output", grad_output)
    return backend.activation_input("tanh", input, grad_output)


def silu_input(input: Array, grad_output: Array) -> Array:
    """Return the gradient of `silu` with respect to its input: grad_output * sigmoid(x) * (1 + x * sigmoid(-x)).

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.silu_input(np.array([0.0, 100.0]), np.array([4.0, 4.0])).tolist()
    [2.0, 4.0]
    """
    backend = backend_for("silu_input", "grad_output", grad_output)
    return backend.activation_input("silu", input, grad_output)


def hardswish_input(input: Array, grad_output: Array) -> Array:
    """Return the gradient of `hardswish`: grad_output times 0 up to -3, x / 3 + 1/2 in between, and 1 from 3 on.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.hardswish_input(np.array([-4.0, 0.0, 3.0]), np.array([4.0, 4.0, 4.0])).tolist()
    [0.0, 2.0, 4.0]
    """
    backend = backend_for("hardswish_input", "grad_output", grad_output)
    return backend.activation_input("hardswish", input, grad_output)


def gated_tanh_input(input: Array, grad_output: Array, dim: int = -2) -> Array:
    """Compute the gradient of `gated_tanh` with respect to its input.

    Parameters
    ----------
    input : ndarray
        The input of `gated_tanh`.
    grad_output : ndarray
        The gradient of its output.
    dim : int, optional
        As there.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    van den Oord et al., WaveNet, arXiv 1609.03499, equation 2.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.gated_tanh_input(np.zeros((2, 1), np.float32), np.ones((1, 1), np.float32)).tolist()
    [[0.5], [0.0]]
    """
    return backend_for("gated_tanh_input", "input", input).gated_tanh_input(input, grad_output, dim)


def softmax_input(output: Array, grad_output: Array, dim: int) -> Array:
    """Return the gradient of `softmax` with respect to its input, from its output.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.softmax_input(np.array([0.5, 0.5]), np.array([1.0, 0.0]), 0).tolist()
    [0.25, -0.25]
    """
    return backend_for("softmax_input", "grad_output", grad_output).softmax_input("softmax_input", output, grad_output, dim)


def log_softmax_input(output: Array, grad_output: Array, dim: int) -> Array:
    """Return the gradient of `log_softmax` with respect to its input, from its output.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.log_softmax_input(np.log(np.array([0.5, 0.5])), np.array([1.0, 0.0]), 0).tolist()
    [0.5, -0.5]
    """
    return backend_for("log_softmax_input", "grad_output", grad_output).log_softmax_input(
        "log_softmax_input", output, grad_output, dim
    )


def cross_entropy_input(
    input: Array,
    target: Array,
    weight: Array | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    grad_output: Any = 1.0,
) -> Array:
    """Return the gradient of `cross_entropy` with respect to its input.

    Parameters
    ----------
    grad_output : scalar, or ndarray of shape (n, ...) for reduction "none", optional
        The gradient with respect to the loss. The other arguments are those of `cross_entropy`.

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
    >>> fc.grad.cross_entropy_input(np.array([[0.0, 0.0]]), np.array([0])).tolist()
    [[-0.5, 0.5]]
    """
    return backend_for("cross_entropy_input", "input", input).cross_entropy_input(
        "cross_entropy_input", input, target, weight, ignore_index, reduction, label_smoothing, grad_output
    )
