# SPDX-License-Identifier: BSD-3-Clause
"""Gradients of unfold and fold, which are each other."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ..functional._defaults import Array


def unfold_input(
    input_size: Any,
    grad_output: Array,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
    *,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `unfold` with respect to its input: the patches added up.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input.
    grad_output : ndarray of the shape of the columns

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
    >>> fc.grad.unfold_input((1, 1, 2, 3), np.ones((1, 4, 2)), 2).tolist()
    [[[[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]]]]
    """
    backend = backend_for("unfold_input", "grad_output", grad_output)
    options = (kernel_size, dilation, padding, stride)
    return backend.unfold_input("unfold_input", input_size, grad_output, options, num_threads)


def fold_input(
    grad_output: Array,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
    *,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `fold` with respect to its input: the patches of the images' gradient.

    Parameters
    ----------
    grad_output : ndarray of the shape of the images

    Returns
    -------
    ndarray of the shape of the columns

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.fold_input(np.arange(4.0).reshape(1, 1, 2, 2), 2).ravel().tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    backend = backend_for("fold_input", "grad_output", grad_output)
    options = (kernel_size, dilation, padding, stride)
    return backend.unfold("fold_input", grad_output, options, None, num_threads, "grad_output")
