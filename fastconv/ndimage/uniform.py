# SPDX-License-Identifier: BSD-3-Clause
"""Means over boxes."""

from __future__ import annotations

from typing import Any

from .. import settings
from ..backends.cpu.passes import Pass
from ._arguments import Array, axes_of, axis_of, border, borders, box_size, constant, left_of, one_each
from ._arrays import input_of, output_of
from ._linear import fill_passes


def uniform_filter1d(
    input: Any,
    size: int,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: complex = 0.0,
    origin: int = 0,
    *,
    nan: str = "propagate",
    num_threads: int | None = None,
) -> Array:
    """Average `size` neighbours along one axis.

    A running sum whose error is compensated: the time does not depend on the size, and the error does not grow along the
    line.

    Parameters
    ----------
    input : array_like
        Real or complex.
    size : int
        At least 1.
    axis : int, default: -1
    output : array or dtype, optional
        Where the result goes, or its type; the input itself will do.
    mode : str, default: "reflect"
        SciPy's name of the border.
    cval : scalar, default: 0.0
        Outside the input with mode "constant".
    origin : int, default: 0
        Shifts the box; positive values read further left.
    nan : {"propagate", "omit"}, default: "propagate"
    num_threads : int, optional

    Returns
    -------
    ndarray
        Of the input's shape.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; the message names it.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.ndimage.uniform_filter1d([2, 8, 0, 4, 1, 9, 9, 0], size=3)
    array([4, 3, 4, 1, 4, 6, 6, 3])
    """
    function = "uniform_filter1d"
    threads = settings.thread_count(function, num_threads)
    x = input_of(function, input, takes_complex=True)
    axis = axis_of(function, axis, x.ndim)
    count = box_size(function, size, 1)
    step = Pass(axis, None, count, left_of(function, origin, count), border(function, mode), 0.0)
    outside = constant(function, cval, x.dtype.kind == "c")
    out = output_of(function, output, x)
    return fill_passes(function, x, out, [step], outside, nan, threads)


def uniform_filter(
    input: Any,
    size: Any = 3,
    output: Any = None,
    mode: Any = "reflect",
    cval: complex = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    nan: str = "propagate",
    num_threads: int | None = None,
) -> Array:
    """Average over a box of any number of axes: `uniform_filter1d` along one after the other.

    Parameters
    ----------
    input : array_like
        Real or complex.
    size : int or sequence of int, default: 3
        Of the box, one for all axes or one each; an axis with 0 or 1 is left as it is.
    output : array or dtype, optional
        Where the result goes, or its type; the input itself will do. Integers are rounded after every axis, as in SciPy.
    mode : str or sequence of str, default: "reflect"
        SciPy's names of the borders.
    cval : scalar, default: 0.0
        Outside the input with mode "constant".
    origin : int or sequence of int, default: 0
        Shifts the box; positive values read further left.
    axes : int or sequence of int, optional
        Axes to filter; all without it.
    nan : {"propagate", "omit"}, default: "propagate"
    num_threads : int, optional

    Returns
    -------
    ndarray
        Of the input's shape.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; the message names it.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.ndimage.uniform_filter(np.array([[9.0, 0.0, 0.0], [0.0, 0.0, 0.0]]), 3)
    array([[4., 2., 0.],
           [2., 1., 0.]])
    """
    function = "uniform_filter"
    threads = settings.thread_count(function, num_threads)
    x = input_of(function, input, takes_complex=True)
    axes = axes_of(function, axes, x.ndim)
    sizes = one_each(function, "size", size, len(axes), lambda item: box_size(function, item, 0))
    origins = one_each(function, "origin", origin, len(axes), lambda item: item)
    names = borders(function, mode, len(axes))
    steps = [
        Pass(axis, None, count, left_of(function, shift, count), name, 0.0)
        for axis, count, shift, name in zip(axes, sizes, origins, names, strict=True)
        if count > 1
    ]
    outside = constant(function, cval, x.dtype.kind == "c")
    out = output_of(function, output, x)
    return fill_passes(function, x, out, steps, outside, nan, threads)
