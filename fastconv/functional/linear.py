# SPDX-License-Identifier: BSD-3-Clause
"""The fully connected layer."""

from __future__ import annotations

from ..backends import backend_for
from ._defaults import Array


def linear(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Compute input @ weight.T + bias over the last axis.

    Parameters
    ----------
    input : ndarray of shape (..., in_features)
    weight : ndarray of shape (out_features, in_features)
    bias : ndarray of shape (out_features,), optional

    Returns
    -------
    ndarray of shape (..., out_features)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goto & van de Geijn, Anatomy of High-Performance Matrix Multiplication, ACM TOMS 34(3), 2008.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.linear(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]]), np.array([0.5, 0.0])).tolist()
    [[11.5, 17.0]]
    """
    return backend_for("linear", "input", input).linear("linear", input, weight, bias, out, num_threads)
