# SPDX-License-Identifier: BSD-3-Clause
"""Losses."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ._defaults import Array


def cross_entropy(
    input: Array,
    target: Array,
    weight: Array | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Return the negative log-likelihood of the targets under softmax.

    Parameters
    ----------
    input : ndarray of shape (n, classes, ...) or (classes,)
        Scores before softmax.
    target : integer ndarray of shape (n, ...), or float ndarray of the shape of input
        Class indices, or probabilities.
    weight : ndarray of shape (classes,), optional
        Weight of each class; the mean is weighted.
    ignore_index : int, optional
        Samples with this class do not count.
    reduction : {"mean", "sum", "none"}, optional
    label_smoothing : float in [0, 1], optional
        Share of the target spread over all classes.

    Returns
    -------
    scalar, or ndarray of shape (n, ...) for reduction "none"

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule, such as a class out of range.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 6.2.2.3; label smoothing: Szegedy et al., CVPR 2016.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> round(float(F.cross_entropy(np.array([[2.0, 0.0]]), np.array([0]))), 4)
    0.1269
    """
    backend = backend_for("cross_entropy", "input", input)
    return backend.cross_entropy("cross_entropy", input, target, weight, ignore_index, reduction, label_smoothing)
