# SPDX-License-Identifier: BSD-3-Clause
"""Gradient of padding."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ..functional._defaults import Array


def pad_input(
    input_size: Any,
    grad_output: Array,
    pad: Any,
    mode: str = "constant",
    value: float | None = None,
    *,
    num_threads: int | None = None,
    data_format: str | None = None,
) -> Array:
    """Return the gradient of `pad` with respect to its input: what was copied adds up, what was cropped is zero.

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
    >>> fc.grad.pad_input((1, 3), np.ones((1, 6)), (2, 1), "reflect").tolist()
    [[1.0, 3.0, 2.0]]
    """
    backend = backend_for("pad_input", "grad_output", grad_output)
    return backend.pad_input("pad_input", input_size, grad_output, pad, mode, value, num_threads, data_format)
