# SPDX-License-Identifier: BSD-3-Clause
"""Gradient of interpolation."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ..functional._defaults import Array


def interpolate_input(
    input_size: Any,
    grad_output: Array,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
    *,
    num_threads: int | None = None,
    data_format: str | None = None,
) -> Array:
    """Return the gradient of `interpolate` with respect to its input.

    Parameters
    ----------
    input_size : sequence of int
        Shape of the input.
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
    >>> fc.grad.interpolate_input((1, 1, 2), np.ones((1, 1, 4)), scale_factor=2).tolist()
    [[[2.0, 2.0]]]
    """
    options = (size, scale_factor, mode, align_corners, recompute_scale_factor, antialias)
    backend = backend_for("interpolate_input", "grad_output", grad_output)
    return backend.interpolate_input("interpolate_input", input_size, grad_output, options, num_threads, data_format)
