# SPDX-License-Identifier: BSD-3-Clause
"""Filters that leave NaN out: the weighted mean of what is there, times the sum of all weights.

References
----------
Knutsson & Westin, "Normalized and differential convolution", CVPR 1993.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ... import settings
from ...kernels.nan_omit import divide, has_nan, split
from .arrays import Array

# Fills the second array with a filter of the first, which beyond its border, where that is a constant, has this value.
Filter = Callable[[Array, Array, float], object]


def omit_nans(
    x: Array,
    out: Array,
    apply: Filter,
    total: float,
    cval: float,
    threads: int | None,
    reach: Filter | None = None,
) -> None:
    """Fill `out` with total * F(x, zeros in place of NaN) / F(ones, zeros where x is NaN).

    Without any NaN it is one call of F. Else F is called twice, and beside what it needs two arrays of x's size are
    allocated, or three: one more for `reach`, and one where out's type is not x's.

    Parameters
    ----------
    x : ndarray
        Real and native-endian, of any strides; not modified. Infinities go through F.
    out : ndarray
        float32 or float64 of x's shape, any strides, not overlapping x.
    apply : callable
        F, linear: gets an array, the output and the value of a constant border.
    total : float
        The sum of F's weights, not zero: without one there is no mean.
    cval : float
        The value of a constant border. A NaN is left out as any other.
    threads : int, optional
        Threads at most; None for the setting.
    reach : callable, optional
        Called as F is, with the ones and zeros; its result is positive where at least one tap whose weight is not zero meets
        a one, else zero. There `out` is NaN. It is needed where F does not make exact zeros of zeros, since only 0 / 0 is
        NaN by itself: running sums and transforms leave roundings.

    Notes
    -----
    Where taps are there whose weights add up to zero, the division is that of IEEE 754.

    Examples
    --------
    >>> x, y = np.array([1.0, np.nan, 3.0]), np.empty(3)
    >>> def box(a, to, value):
    ...     to[...] = np.convolve(np.pad(a, 1, constant_values=value), np.ones(3), "valid")
    >>> omit_nans(x, y, box, 3.0, 0.0, 1)
    >>> y
    array([1.5, 6. , 4.5])
    """
    threads = settings.thread_count("omit_nans", threads)
    isa = settings.isa_index()
    edge_is_there = not math.isnan(cval)
    if x.dtype.kind != "f" and not edge_is_there:
        x = x.astype(out.dtype)
    if edge_is_there and not (x.dtype.kind == "f" and has_nan(x, isa, threads)):
        apply(x, out, cval)
        return
    values, there = np.empty(x.shape, x.dtype), np.empty(x.shape, x.dtype)
    split(x, values, there, isa, threads)
    apply(values, out, cval if edge_is_there else 0.0)
    weights = values if out.dtype == x.dtype else np.empty(out.shape, out.dtype)
    apply(there, weights, float(edge_is_there))
    reached = None
    if reach is not None:
        reached = np.empty(out.shape, out.dtype)
        reach(there, reached, float(edge_is_there))
    divide(out, weights, reached, total, isa, threads)
