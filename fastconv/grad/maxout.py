# SPDX-License-Identifier: BSD-3-Clause
"""The gradient of maxout."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ..functional._defaults import Array


def maxout_input(
    input_size: Any, indices: Array, grad_output: Array, dim: int = 1, *, num_threads: int | None = None
) -> Array:
    """Return the gradient of `maxout` with respect to its input: each value goes to the map its maximum came from.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input.
    indices : int64 ndarray of the shape of grad_output
        As `maxout` returns them; every one is checked.
    grad_output : ndarray
    dim : int, optional
        The axis of the maps.

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
    >>> x = np.array([[1.0, 5.0, 7.0, 2.0]])
    >>> y, maps = fc.functional.maxout(x, 2, return_indices=True)
    >>> fc.grad.maxout_input(x.shape, maps, np.ones_like(y)).tolist()
    [[0.0, 1.0, 1.0, 0.0]]
    """
    return backend_for("maxout_input", "grad_output", grad_output).maxout_input(
        input_size, indices, grad_output, dim, num_threads
    )
