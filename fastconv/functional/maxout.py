# SPDX-License-Identifier: BSD-3-Clause
"""Maxout: the maximum over feature maps."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ._defaults import Array


def maxout(
    input: Array,
    pool_size: int,
    dim: int = 1,
    return_indices: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Any:
    """Take the maximum of each `pool_size` feature maps that follow each other.

    Ties go to the first map, NaN to the first NaN.

    Parameters
    ----------
    input : ndarray
        Of any shape; the size of axis `dim` is a multiple of pool_size.
    pool_size : int
    dim : int, optional
        The axis of the maps: 1 for (n, c, ...), -1 for channels last.
    return_indices : bool, optional
        Also return which map each maximum came from: int64 positions along `dim`, as numpy.take_along_axis has them.

    Returns
    -------
    ndarray of the shape of input with axis `dim` pool_size times smaller, or that and the indices, of the same shape

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goodfellow, Warde-Farley, Mirza, Courville & Bengio, Maxout Networks, ICML 2013.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[1, 5, 7, 2], [3, 4, 6, 6]], np.float32)
    >>> y, maps = F.maxout(x, 2, return_indices=True)
    >>> y.tolist(), maps.tolist()
    ([[5.0, 7.0], [4.0, 6.0]], [[1, 2], [1, 2]])
    """
    return backend_for("maxout", "input", input).maxout(input, pool_size, dim, return_indices, out, num_threads)
