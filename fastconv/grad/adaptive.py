# SPDX-License-Identifier: BSD-3-Clause
"""Gradients of adaptive and global pooling."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ..functional._defaults import NCDHW, NCHW, NCW, Array


def adaptive_avg_pool1d_input(
    input_size: Any,
    grad_output: Array,
    *,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Return the gradient of `adaptive_avg_pool1d` with respect to its input: each value is shared out over its box.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, w) or (c, w), or with the channels last.
    grad_output : ndarray of shape (n, c, ow) or (c, ow)
    data_format : {"NCW", "NWC"}, optional
        Where all of them have their channels.

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
    >>> fc.grad.adaptive_avg_pool1d_input((1, 1, 4), np.full((1, 1, 1), 8.0)).ravel().tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    backend = backend_for("adaptive_avg_pool1d_input", "grad_output", grad_output)
    layout = None if data_format is NCW else data_format
    return backend.adaptive_average_input("adaptive_avg_pool1d_input", 1, input_size, grad_output, num_threads, layout)


def adaptive_avg_pool2d_input(
    input_size: Any,
    grad_output: Array,
    *,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Return the gradient of `adaptive_avg_pool2d` with respect to its input: each value is shared out over its box.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, h, w) or (c, h, w), or with the channels last.
    grad_output : ndarray of shape (n, c, oh, ow) or (c, oh, ow)
    data_format : {"NCHW", "NHWC"}, optional
        Where all of them have their channels.

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
    >>> fc.grad.adaptive_avg_pool2d_input((1, 1, 2, 2), np.full((1, 1, 1, 1), 8.0)).ravel().tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    backend = backend_for("adaptive_avg_pool2d_input", "grad_output", grad_output)
    layout = None if data_format is NCHW else data_format
    return backend.adaptive_average_input("adaptive_avg_pool2d_input", 2, input_size, grad_output, num_threads, layout)


def adaptive_avg_pool3d_input(
    input_size: Any,
    grad_output: Array,
    *,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Return the gradient of `adaptive_avg_pool3d` with respect to its input: each value is shared out over its box.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, d, h, w) or (c, d, h, w), or with the channels last.
    grad_output : ndarray of shape (n, c, od, oh, ow) or (c, od, oh, ow)
    data_format : {"NCDHW", "NDHWC"}, optional
        Where all of them have their channels.

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
    >>> fc.grad.adaptive_avg_pool3d_input((1, 1, 1, 2, 2), np.full((1, 1, 1, 1, 1), 8.0)).ravel().tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    backend = backend_for("adaptive_avg_pool3d_input", "grad_output", grad_output)
    layout = None if data_format is NCDHW else data_format
    return backend.adaptive_average_input("adaptive_avg_pool3d_input", 3, input_size, grad_output, num_threads, layout)


def adaptive_max_pool1d_input(
    input_size: Any,
    indices: Array,
    grad_output: Array,
    *,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Return the gradient of `adaptive_max_pool1d` with respect to its input: each value goes where its switch points.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, w) or (c, w), or with the channels last.
    indices : int64 ndarray of the shape of grad_output
        The switches; every one is checked. Overlapping boxes add up.
    grad_output : ndarray of shape (n, c, ow) or (c, ow)
    data_format : {"NCW", "NWC"}, optional
        Where all of them have their channels.

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
    >>> x = np.arange(4.0).reshape(1, 1, 4)
    >>> y, switches = fc.functional.adaptive_max_pool1d(x, 1, return_indices=True)
    >>> fc.grad.adaptive_max_pool1d_input(x.shape, switches, np.ones_like(y)).ravel().tolist()
    [0.0, 0.0, 0.0, 1.0]
    """
    backend = backend_for("adaptive_max_pool1d_input", "grad_output", grad_output)
    layout = None if data_format is NCW else data_format
    return backend.switched_input("adaptive_max_pool1d_input", 1, input_size, indices, grad_output, num_threads, layout)


def adaptive_max_pool2d_input(
    input_size: Any,
    indices: Array,
    grad_output: Array,
    *,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Return the gradient of `adaptive_max_pool2d` with respect to its input: each value goes where its switch points.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, h, w) or (c, h, w), or with the channels last.
    indices : int64 ndarray of the shape of grad_output
        The switches; every one is checked. Overlapping boxes add up.
    grad_output : ndarray of shape (n, c, oh, ow) or (c, oh, ow)
    data_format : {"NCHW", "NHWC"}, optional
        Where all of them have their channels.

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
    >>> y, switches = fc.functional.adaptive_max_pool2d(x, 1, return_indices=True)
    >>> fc.grad.adaptive_max_pool2d_input(x.shape, switches, np.ones_like(y)).ravel().tolist()
    [0.0, 0.0, 0.0, 1.0]
    """
    backend = backend_for("adaptive_max_pool2d_input", "grad_output", grad_output)
    layout = None if data_format is NCHW else data_format
    return backend.switched_input("adaptive_max_pool2d_input", 2, input_size, indices, grad_output, num_threads, layout)


def adaptive_max_pool3d_input(
    input_size: Any,
    indices: Array,
    grad_output: Array,
    *,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Return the gradient of `adaptive_max_pool3d` with respect to its input: each value goes where its switch points.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, d, h, w) or (c, d, h, w), or with the channels last.
    indices : int64 ndarray of the shape of grad_output
        The switches; every one is checked. Overlapping boxes add up.
    grad_output : ndarray of shape (n, c, od, oh, ow) or (c, od, oh, ow)
    data_format : {"NCDHW", "NDHWC"}, optional
        Where all of them have their channels.

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
    >>> x = np.arange(4.0).reshape(1, 1, 1, 2, 2)
    >>> y, switches = fc.functional.adaptive_max_pool3d(x, 1, return_indices=True)
    >>> fc.grad.adaptive_max_pool3d_input(x.shape, switches, np.ones_like(y)).ravel().tolist()
    [0.0, 0.0, 0.0, 1.0]
    """
    backend = backend_for("adaptive_max_pool3d_input", "grad_output", grad_output)
    layout = None if data_format is NCDHW else data_format
    return backend.switched_input("adaptive_max_pool3d_input", 3, input_size, indices, grad_output, num_threads, layout)


def global_avg_pool1d_input(
    input_size: Any,
    grad_output: Array,
    *,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Return the gradient of `global_avg_pool1d` with respect to its input: each value is shared out over its plane.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, w) or (c, w), or with the channels last.
    grad_output : ndarray of shape (n, c, 1) or (c, 1)
    data_format : {"NCW", "NWC"}, optional
        Where all of them have their channels.

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
    >>> fc.grad.global_avg_pool1d_input((1, 1, 4), np.full((1, 1, 1), 8.0)).ravel().tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    backend = backend_for("global_avg_pool1d_input", "grad_output", grad_output)
    layout = None if data_format is NCW else data_format
    return backend.adaptive_average_input("global_avg_pool1d_input", 1, input_size, grad_output, num_threads, layout, 1)


def global_avg_pool2d_input(
    input_size: Any,
    grad_output: Array,
    *,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Return the gradient of `global_avg_pool2d` with respect to its input: each value is shared out over its plane.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, h, w) or (c, h, w), or with the channels last.
    grad_output : ndarray of shape (n, c, 1, 1) or (c, 1, 1)
    data_format : {"NCHW", "NHWC"}, optional
        Where all of them have their channels.

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
    >>> fc.grad.global_avg_pool2d_input((1, 1, 2, 2), np.full((1, 1, 1, 1), 8.0)).ravel().tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    backend = backend_for("global_avg_pool2d_input", "grad_output", grad_output)
    layout = None if data_format is NCHW else data_format
    return backend.adaptive_average_input("global_avg_pool2d_input", 2, input_size, grad_output, num_threads, layout, 1)


def global_avg_pool3d_input(
    input_size: Any,
    grad_output: Array,
    *,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Return the gradient of `global_avg_pool3d` with respect to its input: each value is shared out over its plane.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, d, h, w) or (c, d, h, w), or with the channels last.
    grad_output : ndarray of shape (n, c, 1, 1, 1) or (c, 1, 1, 1)
    data_format : {"NCDHW", "NDHWC"}, optional
        Where all of them have their channels.

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
    >>> fc.grad.global_avg_pool3d_input((1, 1, 1, 2, 2), np.full((1, 1, 1, 1, 1), 8.0)).ravel().tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    backend = backend_for("global_avg_pool3d_input", "grad_output", grad_output)
    layout = None if data_format is NCDHW else data_format
    return backend.adaptive_average_input("global_avg_pool3d_input", 3, input_size, grad_output, num_threads, layout, 1)


def global_max_pool1d_input(
    input_size: Any,
    indices: Array,
    grad_output: Array,
    *,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Return the gradient of `global_max_pool1d` with respect to its input: each value goes where its switch points.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, w) or (c, w), or with the channels last.
    indices : int64 ndarray of the shape of grad_output
        The switches; every one is checked. Overlapping boxes add up.
    grad_output : ndarray of shape (n, c, 1) or (c, 1)
    data_format : {"NCW", "NWC"}, optional
        Where all of them have their channels.

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
    >>> x = np.arange(4.0).reshape(1, 1, 4)
    >>> y, switches = fc.functional.global_max_pool1d(x, return_indices=True)
    >>> fc.grad.global_max_pool1d_input(x.shape, switches, np.ones_like(y)).ravel().tolist()
    [0.0, 0.0, 0.0, 1.0]
    """
    backend = backend_for("global_max_pool1d_input", "grad_output", grad_output)
    layout = None if data_format is NCW else data_format
    return backend.switched_input("global_max_pool1d_input", 1, input_size, indices, grad_output, num_threads, layout)


def global_max_pool2d_input(
    input_size: Any,
    indices: Array,
    grad_output: Array,
    *,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Return the gradient of `global_max_pool2d` with respect to its input: each value goes where its switch points.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, h, w) or (c, h, w), or with the channels last.
    indices : int64 ndarray of the shape of grad_output
        The switches; every one is checked. Overlapping boxes add up.
    grad_output : ndarray of shape (n, c, 1, 1) or (c, 1, 1)
    data_format : {"NCHW", "NHWC"}, optional
        Where all of them have their channels.

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
    >>> y, switches = fc.functional.global_max_pool2d(x, return_indices=True)
    >>> fc.grad.global_max_pool2d_input(x.shape, switches, np.ones_like(y)).ravel().tolist()
    [0.0, 0.0, 0.0, 1.0]
    """
    backend = backend_for("global_max_pool2d_input", "grad_output", grad_output)
    layout = None if data_format is NCHW else data_format
    return backend.switched_input("global_max_pool2d_input", 2, input_size, indices, grad_output, num_threads, layout)


def global_max_pool3d_input(
    input_size: Any,
    indices: Array,
    grad_output: Array,
    *,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Return the gradient of `global_max_pool3d` with respect to its input: each value goes where its switch points.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, d, h, w) or (c, d, h, w), or with the channels last.
    indices : int64 ndarray of the shape of grad_output
        The switches; every one is checked. Overlapping boxes add up.
    grad_output : ndarray of shape (n, c, 1, 1, 1) or (c, 1, 1, 1)
    data_format : {"NCDHW", "NDHWC"}, optional
        Where all of them have their channels.

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
    >>> x = np.arange(4.0).reshape(1, 1, 1, 2, 2)
    >>> y, switches = fc.functional.global_max_pool3d(x, return_indices=True)
    >>> fc.grad.global_max_pool3d_input(x.shape, switches, np.ones_like(y)).ravel().tolist()
    [0.0, 0.0, 0.0, 1.0]
    """
    backend = backend_for("global_max_pool3d_input", "grad_output", grad_output)
    layout = None if data_format is NCDHW else data_format
    return backend.switched_input("global_max_pool3d_input", 3, input_size, indices, grad_output, num_threads, layout)
