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


def mse_loss(input: Array, target: Array, reduction: str = "mean") -> Any:
    """Return the squared differences of two arrays.

    Parameters
    ----------
    input, target : ndarray of any shape
        Of the same shape and dtype.
    reduction : {"mean", "sum", "none"}, optional
        The mean over all elements, their sum, or each.

    Returns
    -------
    scalar, or ndarray of the shape of input for reduction "none"

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 5.1.4.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> float(F.mse_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0
    """
    return backend_for("mse_loss", "input", input).mse_loss("mse_loss", input, target, reduction)


def binary_cross_entropy_with_logits(
    input: Array,
    target: Array,
    weight: Array | None = None,
    *,
    reduction: str = "mean",
    pos_weight: Array | None = None,
) -> Any:
    """Return the negative log-likelihood of answers that are each yes or no, under sigmoid(input).

    Parameters
    ----------
    input : ndarray of any shape
        Scores before the sigmoid.
    target : ndarray of the shape and dtype of input
        1 for yes, 0 for no, or a probability.
    weight : ndarray that broadcasts to the shape of input, optional
        Weight of each element; the mean is over all elements, whatever they weigh.
    reduction : {"mean", "sum", "none"}, optional
    pos_weight : ndarray that broadcasts to the shape of input, optional
        How much a yes counts, where a no counts 1.

    Returns
    -------
    scalar, or ndarray of the shape of input for reduction "none"

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 6.2.2.2.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> round(float(F.binary_cross_entropy_with_logits(np.array([0.0, 1000.0]), np.array([1.0, 1.0]))), 4)
    0.3466
    """
    function = "binary_cross_entropy_with_logits"
    return backend_for(function, "input", input).bce_logits(function, input, target, weight, pos_weight, reduction)
