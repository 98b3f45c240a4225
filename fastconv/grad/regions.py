# SPDX-License-Identifier: BSD-3-Clause
"""Gradients of regions of interest."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ..functional._defaults import Array


def roi_pool_input(
    input_size: Any,
    boxes: Any,
    indices: Array,
    grad_output: Array,
    *,
    num_threads: int | None = None,
    data_format: str | None = None,
) -> Array:
    """Return the gradient of `roi_pool` with respect to its input: each maximum's goes to where it stood.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, h, w).
    boxes : ndarray of shape (k, 5), or a list of n arrays of shape (l, 4)
        They tell to which image each output belongs.
    indices : int64 ndarray of the shape of grad_output
        What `roi_pool` returned with return_indices=True; every one is checked.
    grad_output : ndarray of shape (k, c, oh, ow)

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
    >>> x, boxes = np.arange(4.0).reshape(1, 1, 2, 2), np.array([[0.0, 0.0, 0.0, 1.0, 1.0]])
    >>> y, indices = fc.functional.roi_pool(x, boxes, 1, return_indices=True)
    >>> fc.grad.roi_pool_input(x.shape, boxes, indices, np.ones_like(y)).ravel().tolist()
    [0.0, 0.0, 0.0, 1.0]
    """
    backend = backend_for("roi_pool_input", "grad_output", grad_output)
    return backend.roi_pool_input("roi_pool_input", input_size, boxes, indices, grad_output, num_threads, data_format)


def roi_align_input(
    input_size: Any,
    boxes: Any,
    grad_output: Array,
    output_size: Any,
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
    aligned: bool = False,
    *,
    num_threads: int | None = None,
    data_format: str | None = None,
) -> Array:
    """Return the gradient of `roi_align` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input, (n, c, h, w).
    boxes : ndarray of shape (k, 5), or a list of n arrays of shape (l, 4)
    grad_output : ndarray of shape (k, c, oh, ow)

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
    >>> boxes = np.array([[0.0, 0.0, 0.0, 1.0, 1.0]])
    >>> fc.grad.roi_align_input((1, 1, 2, 2), boxes, np.ones((1, 1, 1, 1)), 1).ravel().tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    options = (output_size, spatial_scale, sampling_ratio, aligned)
    backend = backend_for("roi_align_input", "grad_output", grad_output)
    return backend.roi_align_input("roi_align_input", input_size, boxes, grad_output, options, num_threads, data_format)
