# SPDX-License-Identifier: BSD-3-Clause
"""Filters by order: largest and smallest, medians, ranks and percentiles of a window."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import settings
from ..backends.cpu import ranks
from ..spec import OPTION, FastconvTypeError, FastconvValueError, show, whole
from ._arguments import (
    Array,
    axes_of,
    axis_of,
    border,
    borders,
    box_size,
    constant,
    left_of,
    lefts_of,
    number,
    one_border,
    one_each,
    window,
)
from ._arrays import deliver, fill, input_of, output_of


def maximum_filter1d(
    input: Any,
    size: int,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: float = 0.0,
    origin: int = 0,
    *,
    num_threads: int | None = None,
) -> Array:
    """Take the largest of `size` neighbours along one axis.

    Parameters
    ----------
    input : array_like
        Real.
    size : int
        At least 1.
    axis : int, default: -1
    output : array or dtype, optional
        Where the result goes, or its type; it may overlap the input.
    mode : str, default: "reflect"
        SciPy's name of the border.
    cval : float, default: 0.0
        Outside the input with mode "constant".
    origin : int, default: 0
        Shifts the window; positive values read further left.
    num_threads : int, optional

    Returns
    -------
    ndarray
        Of the input's shape.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; the message names it.

    References
    ----------
    van Herk, A fast algorithm for local minimum and maximum filters on rectangular and octagonal kernels, Pattern
    Recognition Letters 13(7), 1992.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.ndimage.maximum_filter1d([2, 8, 0, 4, 1, 9, 9, 0], size=3)
    array([8, 8, 8, 4, 9, 9, 9, 9])
    """
    return _extreme1d("maximum_filter1d", True, input, size, axis, output, mode, cval, origin, num_threads)


def minimum_filter1d(
    input: Any,
    size: int,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: float = 0.0,
    origin: int = 0,
    *,
    num_threads: int | None = None,
) -> Array:
    """Take the smallest of `size` neighbours along one axis.

    Parameters
    ----------
    input : array_like
        Real.
    size : int
        At least 1.
    axis : int, default: -1
    output : array or dtype, optional
        Where the result goes, or its type; it may overlap the input.
    mode : str, default: "reflect"
        SciPy's name of the border.
    cval : float, default: 0.0
        Outside the input with mode "constant".
    origin : int, default: 0
        Shifts the window; positive values read further left.
    num_threads : int, optional

    Returns
    -------
    ndarray
        Of the input's shape.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; the message names it.

    References
    ----------
    van Herk, A fast algorithm for local minimum and maximum filters on rectangular and octagonal kernels, Pattern
    Recognition Letters 13(7), 1992.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.ndimage.minimum_filter1d([2, 8, 0, 4, 1, 9, 9, 0], size=3)
    array([2, 0, 0, 0, 1, 1, 0, 0])
    """
    return _extreme1d("minimum_filter1d", False, input, size, axis, output, mode, cval, origin, num_threads)


def _extreme1d(
    function: str,
    largest: bool,
    input: Any,
    size: Any,
    axis: Any,
    output: Any,
    mode: Any,
    cval: Any,
    origin: Any,
    num_threads: Any,
) -> Array:
    threads = settings.thread_count(function, num_threads)
    x = input_of(function, input)
    axis = axis_of(function, axis, x.ndim)
    count = box_size(function, size, 1)
    left, name = left_of(function, origin, count), border(function, mode)
    outside = constant(function, cval, False).real
    out = output_of(function, output, x)
    return _fill_box(x, out, {axis: (count, left, name)}, outside, largest, threads)


def maximum_filter(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    structure: Any = None,
    num_threads: int | None = None,
) -> Array:
    """Take the largest element of a box or a footprint; with a structure, of the elements plus its values.

    Parameters
    ----------
    input : array_like
        Real.
    size : int or sequence of int, optional
        Of the box; one of `size`, `footprint` and `structure` must be there.
    footprint : array_like of bool, optional
        Which elements of the window count; the size is then its shape.
    output : array or dtype, optional
        Where the result goes, or its type; it may overlap the input.
    mode : str or sequence of str, default: "reflect"
        SciPy's names of the borders; a footprint with gaps, or a structure, has one for all axes.
    cval : float, default: 0.0
        Outside the input with mode "constant".
    origin : int or sequence of int, default: 0
        Shifts the window; positive values read further left.
    axes : int or sequence of int, optional
        Axes to filter; all without it.
    structure : array_like, optional
        Added to the elements before they are compared, as in grey dilation (without its reflection). Its shape is that of
        the footprint where there is none.
    num_threads : int, optional

    Returns
    -------
    ndarray
        Of the input's shape.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; the message names it.

    References
    ----------
    van Herk, A fast algorithm for local minimum and maximum filters on rectangular and octagonal kernels, Pattern
    Recognition Letters 13(7), 1992.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.ndimage.maximum_filter([[1, 0, 0], [0, 0, 2]], size=2)
    array([[1, 1, 0],
           [1, 1, 2]])
    """
    options = (output, mode, cval, origin, axes, structure, num_threads)
    return _extreme("maximum_filter", True, input, size, footprint, *options)


def minimum_filter(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    structure: Any = None,
    num_threads: int | None = None,
) -> Array:
    """Take the smallest element of a box or a footprint; with a structure, of the elements minus its values.

    Parameters
    ----------
    input : array_like
        Real.
    size : int or sequence of int, optional
        Of the box; one of `size`, `footprint` and `structure` must be there.
    footprint : array_like of bool, optional
        Which elements of the window count; the size is then its shape.
    output : array or dtype, optional
        Where the result goes, or its type; it may overlap the input.
    mode : str or sequence of str, default: "reflect"
        SciPy's names of the borders; a footprint with gaps, or a structure, has one for all axes.
    cval : float, default: 0.0
        Outside the input with mode "constant".
    origin : int or sequence of int, default: 0
        Shifts the window; positive values read further left.
    axes : int or sequence of int, optional
        Axes to filter; all without it.
    structure : array_like, optional
        Subtracted from the elements before they are compared, as in grey erosion. Its shape is that of the footprint where
        there is none.
    num_threads : int, optional

    Returns
    -------
    ndarray
        Of the input's shape.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; the message names it.

    References
    ----------
    van Herk, A fast algorithm for local minimum and maximum filters on rectangular and octagonal kernels, Pattern
    Recognition Letters 13(7), 1992.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.ndimage.minimum_filter([[5, 4, 3], [6, 1, 7]], footprint=[[0, 1, 0], [1, 1, 1], [0, 1, 0]])
    array([[4, 1, 3],
           [1, 1, 1]])
    """
    options = (output, mode, cval, origin, axes, structure, num_threads)
    return _extreme("minimum_filter", False, input, size, footprint, *options)


def _extreme(
    function: str,
    largest: bool,
    input: Any,
    size: Any,
    footprint: Any,
    output: Any,
    mode: Any,
    cval: Any,
    origin: Any,
    axes: Any,
    structure: Any,
    num_threads: Any,
) -> Array:
    threads = settings.thread_count(function, num_threads)
    x = input_of(function, input)
    axes = axes_of(function, axes, x.ndim)
    taken, added = _footprint_of(function, size, footprint), None
    outside = constant(function, cval, False).real
    if structure is not None:
        added = _structure_of(function, structure)
        taken = np.ones(added.shape, bool) if taken is None else taken
        if taken.shape != added.shape:
            raise FastconvValueError(
                f"{function}: structure must have the shape of the footprint, {taken.shape}, "
                f"got structure of shape {added.shape}"
            )
    elif taken is None or taken.all():
        box = _box_of(function, size if taken is None else taken.shape, origin, mode, axes)
        return _fill_box(x, output_of(function, output, x), box, outside, largest, threads)
    taken = window(function, "footprint", taken, x.ndim, axes)
    lefts = lefts_of(function, origin, taken.shape, axes)
    name = one_border(function, mode, "for non-separable footprints")
    out = output_of(function, output, x)
    if added is not None:
        added = window(function, "structure", added, x.ndim, axes)
        if largest and np.count_nonzero(taken) == 1:  # whose one rank is the least
            added = -added
    rank = int(np.count_nonzero(taken)) - 1 if largest else 0
    return _fill_rank(x, out, taken, lefts, name, outside, rank, threads, added)


# Along an axis: the size of a box, how many inputs before its own place an output reads, and the border.
Box = dict[int, tuple[int, int, str]]


def _box_of(function: str, size: Any, origin: Any, mode: Any, axes: tuple[int, ...]) -> Box:
    """Return the box over the axes where its size exceeds 1."""
    sizes = one_each(function, "size", size, len(axes), lambda item: box_size(function, item, 0))
    origins = one_each(function, "origin", origin, len(axes), lambda item: item)
    names = borders(function, mode, len(axes))
    return {
        axis: (count, left_of(function, item, count), name)
        for axis, count, item, name in zip(axes, sizes, origins, names, strict=True)
        if count > 1
    }


def _footprint_of(function: str, size: Any, footprint: Any) -> Array | None:
    """Return the footprint, if there is one; it has an element."""
    if footprint is None:
        return None
    if size is not None:
        warnings.warn(f"ignoring size because footprint is set: {function}", UserWarning, stacklevel=4)
    taken = np.asarray(footprint, dtype=bool)
    if not taken.any():
        raise FastconvValueError(
            f"{function}: footprint must have an element that is true, All-zero footprint is not supported, "
            f"got footprint of shape {taken.shape}"
        )
    return taken


def _structure_of(function: str, structure: Any) -> Array:
    array = np.asarray(structure)
    if array.dtype.kind not in "buif":
        raise FastconvTypeError(f"{function}: structure must be real numbers, got structure={show(structure)}")
    return array.astype(np.float64)


def _fill_box(x: Array, out: Array, box: Box, cval: float, largest: bool, threads: int) -> Array:
    """Return `out` with the extremes of a box, which is separable."""
    if not box:
        return deliver(x, out)
    sizes, lefts, modes = zip(*(box.get(axis, (1, 0, "replicate")) for axis in range(x.ndim)), strict=True)

    def apply(x: Array, out: Array, cval: float) -> None:
        ranks.extreme(x, out, sizes, lefts, modes, cval, largest, threads)

    return fill(x, out, apply, cval)


def _fill_rank(
    x: Array,
    out: Array,
    footprint: Array,
    lefts: tuple[int, ...],
    name: str,
    cval: float,
    rank: int,
    threads: int,
    structure: Array | None = None,
) -> Array:
    """Return `out` with the elements of a footprint that stand at a place of their order."""
    footprint, lefts = np.atleast_1d(footprint), lefts or (0,)
    structure = None if structure is None else np.atleast_1d(structure)

    def apply(x: Array, out: Array, cval: float) -> None:
        ranks.rank(x, out, footprint, lefts, (name,) * x.ndim, cval, rank, threads, structure)

    return fill(x, out, apply, cval)


def rank_filter(
    input: Any,
    rank: int,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    num_threads: int | None = None,
) -> Array:
    """Take the element of a box or a footprint that stands at a place of their order.

    Parameters
    ----------
    input : array_like
        Real.
    rank : int
        0 is the smallest; negative ranks count from the largest, which is -1.
    size : int or sequence of int, optional
        Of the box; `size` or `footprint` must be there.
    footprint : array_like of bool, optional
        Which elements of the window count; the size is then its shape.
    output : array or dtype, optional
        Where the result goes, or its type; it may overlap the input.
    mode : str or sequence of str, default: "reflect"
        SciPy's names of the borders; one for all axes, unless this is the largest or smallest of a box.
    cval : float, default: 0.0
        Outside the input with mode "constant".
    origin : int or sequence of int, default: 0
        Shifts the window; positive values read further left.
    axes : int or sequence of int, optional
        Axes to filter; all without it.
    num_threads : int, optional

    Returns
    -------
    ndarray
        Of the input's shape.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; the message names it.

    References
    ----------
    Huang, Yang & Tang, A fast two-dimensional median filtering algorithm, IEEE Transactions on Acoustics, Speech and
    Signal Processing 27(1), 1979.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.ndimage.rank_filter([3, 2, 5, 1, 4], -2, size=3)
    array([3, 3, 2, 4, 4])
    """
    place = whole("rank_filter", "rank", rank, -OPTION, limit=OPTION)

    def rank_of(count: int) -> int:
        found = place + count if place < 0 else place
        if not 0 <= found < count:
            raise FastconvValueError(
                f"rank_filter: rank not within filter footprint size, it must lie in [{-count}, {count - 1}], "
                f"got rank={rank}"
            )
        return found

    options = (output, mode, cval, origin, axes, num_threads)
    return _ranked("rank_filter", rank_of, input, size, footprint, *options)


def median_filter(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    num_threads: int | None = None,
) -> Array:
    """Take the median of a box or a footprint; of an even number of elements, the upper of the two in the middle.

    Parameters
    ----------
    input : array_like
        Real.
    size : int or sequence of int, optional
        Of the box; `size` or `footprint` must be there.
    footprint : array_like of bool, optional
        Which elements of the window count; the size is then its shape.
    output : array or dtype, optional
        Where the result goes, or its type; it may overlap the input.
    mode : str, default: "reflect"
        SciPy's name of the border, one for all axes.
    cval : float, default: 0.0
        Outside the input with mode "constant".
    origin : int or sequence of int, default: 0
        Shifts the window; positive values read further left.
    axes : int or sequence of int, optional
        Axes to filter; all without it.
    num_threads : int, optional

    Returns
    -------
    ndarray
        Of the input's shape.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; the message names it.

    References
    ----------
    Huang, Yang & Tang, A fast two-dimensional median filtering algorithm, IEEE Transactions on Acoustics, Speech and
    Signal Processing 27(1), 1979.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.ndimage.median_filter([2, 80, 6, 3, 1], size=3)
    array([2, 6, 6, 3, 1])
    """
    options = (output, mode, cval, origin, axes, num_threads)
    return _ranked("median_filter", lambda count: count // 2, input, size, footprint, *options)


def percentile_filter(
    input: Any,
    percentile: float,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    num_threads: int | None = None,
) -> Array:
    """Take the element of a box or a footprint below which so many percent of the elements lie.

    Parameters
    ----------
    input : array_like
        Real.
    percentile : float
        Between 0 and 100; negative values count from 100.
    size : int or sequence of int, optional
        Of the box; `size` or `footprint` must be there.
    footprint : array_like of bool, optional
        Which elements of the window count; the size is then its shape.
    output : array or dtype, optional
        Where the result goes, or its type; it may overlap the input.
    mode : str or sequence of str, default: "reflect"
        SciPy's names of the borders; one for all axes, unless this is the largest or smallest of a box.
    cval : float, default: 0.0
        Outside the input with mode "constant".
    origin : int or sequence of int, default: 0
        Shifts the window; positive values read further left.
    axes : int or sequence of int, optional
        Axes to filter; all without it.
    num_threads : int, optional

    Returns
    -------
    ndarray
        Of the input's shape.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; the message names it.

    References
    ----------
    Huang, Yang & Tang, A fast two-dimensional median filtering algorithm, IEEE Transactions on Acoustics, Speech and
    Signal Processing 27(1), 1979.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.ndimage.percentile_filter([2, 80, 6, 3, 1], 30, size=3)
    array([2, 2, 3, 1, 1])
    """
    share = number("percentile_filter", "percentile", percentile)
    share = share + 100.0 if share < 0.0 else share
    if not 0.0 <= share <= 100.0:
        raise FastconvValueError(
            f"percentile_filter: invalid percentile, it must lie in [-100, 100], got percentile={show(percentile)}"
        )
    options = (output, mode, cval, origin, axes, num_threads)

    def rank_of(count: int) -> int:
        return min(int(float(count) * share / 100.0), count - 1)

    return _ranked("percentile_filter", rank_of, input, size, footprint, *options)


def _ranked(
    function: str,
    rank_of: Callable[[int], int],
    input: Any,
    size: Any,
    footprint: Any,
    output: Any,
    mode: Any,
    cval: Any,
    origin: Any,
    axes: Any,
    num_threads: Any,
) -> Array:
    """Filter by rank; the first and last of a box are its extremes."""
    threads = settings.thread_count(function, num_threads)
    x = input_of(function, input)
    axes = axes_of(function, axes, x.ndim)
    taken = _footprint_of(function, size, footprint)
    if taken is None:
        taken = np.ones(one_each(function, "size", size, len(axes), lambda item: box_size(function, item, 1)), bool)
    taken = window(function, "footprint", taken, x.ndim, axes)
    lefts = lefts_of(function, origin, taken.shape, axes)
    outside = constant(function, cval, False).real
    count = int(np.count_nonzero(taken))
    rank = rank_of(count)
    out = output_of(function, output, x)
    if count == taken.size and rank in (0, count - 1):
        names = dict(zip(axes, borders(function, mode, len(axes)), strict=True))
        box = {axis: (taken.shape[axis], lefts[axis], name) for axis, name in names.items() if taken.shape[axis] > 1}
        return _fill_box(x, out, box, outside, rank > 0, threads)
    name = one_border(function, mode, "by non-separable rank filters")
    return _fill_rank(x, out, taken, lefts, name, outside, rank, threads)
