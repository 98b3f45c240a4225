# SPDX-License-Identifier: BSD-3-Clause
"""Gradients of losses."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ..functional._defaults import Array


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
