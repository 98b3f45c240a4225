# SPDX-License-Identifier: BSD-3-Clause
"""Gradients of sampling with a grid, and of affine grids."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ..functional._defaults import Array


def grid_sample_input(
    input_size: Any,
    grid: Array,
    grad_output: Array,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
    *,
    num_threads: int | None = None,
    data_format: str | None = None,
) -> Array:
    """Return the gradient of `grid_sample` with respect to its input: each output's goes to the pixels it saw.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input.
    grid : ndarray of shape (n, oh, ow, 2) or (n, od, oh, ow, 3)
    grad_output : ndarray of the shape of the output

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
    >>> fc.grad.grid_sample_input((1, 1, 2, 2), np.zeros((1, 1, 1, 2)), np.ones((1, 1, 1, 1))).tolist()
    [[[[0.25, 0.25], [0.25, 0.25]]]]
    """
    options = (mode, padding_mode, align_corners)
    backend = backend_for("grid_sample_input", "grad_output", grad_output)
    name = "grid_sample_input"
    return backend.grid_sample_input(name, input_size, grid, grad_output, options, num_threads, data_format)


def grid_sample_grid(
    input: Array,
    grid: Array,
    grad_output: Array,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
    *,
    num_threads: int | None = None,
    data_format: str | None = None,
) -> Array:
    """Return the gradient of `grid_sample` with respect to its grid: how the image changes where it is looked at.

    Zero with mode="nearest", and where a coordinate was moved to the edge.

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w) or (n, c, d, h, w)
    grid : ndarray of shape (n, oh, ow, 2) or (n, od, oh, ow, 3)
    grad_output : ndarray of the shape of the output

    Returns
    -------
    ndarray of the shape of grid

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.array([[[[1.0, 2.0], [4.0, 5.0]]]])
    >>> fc.grad.grid_sample_grid(x, np.zeros((1, 1, 1, 2)), np.ones((1, 1, 1, 1))).tolist()
    [[[[1.0, 3.0]]]]
    """
    options = (mode, padding_mode, align_corners)
    backend = backend_for("grid_sample_grid", "grad_output", grad_output)
    return backend.grid_sample_grid("grid_sample_grid", input, grid, grad_output, options, num_threads, data_format)


def affine_grid_theta(grad_output: Array, size: Any, align_corners: bool | None = None) -> Array:
    """Return the gradient of `affine_grid` with respect to its transformations.

    Parameters
    ----------
    grad_output : ndarray of shape (n, h, w, 2) or (n, d, h, w, 3)
    size : sequence of int
        Shape of the output images, (n, c, h, w) or (n, c, d, h, w).

    Returns
    -------
    ndarray of shape (n, 2, 3) or (n, 3, 4)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> g = np.array([[[[1.0, 0.0], [3.0, 1.0]]]])
    >>> fc.grad.affine_grid_theta(g, (1, 1, 1, 2), align_corners=True).tolist()
    [[[2.0, 0.0, 4.0], [1.0, 0.0, 1.0]]]
    """
    backend = backend_for("affine_grid_theta", "grad_output", grad_output)
    return backend.affine_grid_theta("affine_grid_theta", grad_output, size, align_corners)
