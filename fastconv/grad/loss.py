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


def mse_loss_input(input: Array, target: Array, reduction: str = "mean", *, grad_output: Any = 1.0) -> Array:
    """Return the gradient of `mse_loss` with respect to its input; that of the target is its negative.

    Parameters
    ----------
    grad_output : scalar, or ndarray of the shape of input for reduction "none", optional
        The gradient with respect to the loss. The other arguments are those of `mse_loss`.

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
    >>> fc.grad.mse_loss_input(np.array([1.0, 2.0]), np.array([1.0, 4.0])).tolist()
    [0.0, -2.0]
    """
    backend = backend_for("mse_loss_input", "input", input)
    return backend.mse_loss_input("mse_loss_input", input, target, reduction, grad_output)


def binary_cross_entropy_with_logits_input(
    input: Array,
    target: Array,
    weight: Array | None = None,
    *,
    reduction: str = "mean",
    pos_weight: Array | None = None,
    grad_output: Any = 1.0,
) -> Array:
    """Return the gradient of `binary_cross_entropy_with_logits` with respect to its input.

    Parameters
    ----------
    grad_output : scalar, or ndarray of the shape of input for reduction "none", optional
        The gradient with respect to the loss. The other arguments are those of `binary_cross_entropy_with_logits`.

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
    >>> fc.grad.binary_cross_entropy_with_logits_input(np.zeros(2), np.array([0.0, 1.0])).tolist()
    [0.25, -0.25]
    """
    function = "binary_cross_entropy_with_logits_input"
    how = (weight, pos_weight, reduction, grad_output)
    return backend_for(function, "input", input).bce_logits_input(function, input, target, *how)
