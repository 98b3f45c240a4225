# SPDX-License-Identifier: BSD-3-Clause
"""Correlation and convolution with given weights, along one axis or over a window."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import settings
from ..backends.cpu import ranks
from ..backends.cpu.passes import Pass
from ..backends.cpu.window import correlate as correlate_window
from ..spec import FastconvValueError, one_of, whole
from ._arguments import (
    ALGORITHMS,
    Array,
    axes_of,
    axis_of,
    border,
    constant,
    left_of,
    lefts_of,
    one_border,
    weights_of,
    window,
)
from ._arrays import Filter, fill, fill_complex, input_of, output_of
from ._linear import fill_passes, omitting, passes_of

# A window of no more taps is summed directly, which makes zeros of zeros; transforms leave roundings.
MOST_DIRECT = 64


def correlate1d(
    input: Any,
    weights: Any,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: complex = 0.0,
    origin: int = 0,
    *,
    nan: str = "propagate",
    num_threads: int | None = None,
) -> Array:
    """Correlate along one axis: out[i] = sum over k of weights[k] x[i + k - len(weights) // 2 - origin].

    The rules for element types, borders and threads are those of `fastconv.ndimage`.

    Parameters
    ----------
    input : array_like
        Real or complex.
    weights : array_like
        One axis, real or complex; complex weights are conjugated, as in SciPy.
    axis : int, default: -1
    output : array or dtype, optional
        Where the result goes, or its type; the input itself will do.
    mode : str, default: "reflect"
        SciPy's name of the border.
    cval : scalar, default: 0.0
        Outside the input with mode "constant".
    origin : int, default: 0
        Shifts the filter; positive values read further left.
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
    >>> fc.ndimage.correlate1d([2, 8, 0, 4, 1, 9, 9, 0], weights=[1, 3])
    array([ 8, 26,  8, 12,  7, 28, 36,  9])
    """
    return _along("correlate1d", input, weights, axis, output, mode, cval, origin, nan, num_threads)


def convolve1d(
    input: Any,
    weights: Any,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: complex = 0.0,
    origin: int = 0,
    *,
    nan: str = "propagate",
    num_threads: int | None = None,
) -> Array:
    """Convolve along one axis: correlate with the weights turned around, which are not conjugated.

    Parameters
    ----------
    input : array_like
        Real or complex.
    weights : array_like
        One axis, real or complex.
    axis : int, default: -1
    output : array or dtype, optional
        Where the result goes, or its type; the input itself will do.
    mode : str, default: "reflect"
        SciPy's name of the border.
    cval : scalar, default: 0.0
        Outside the input with mode "constant".
    origin : int, default: 0
        Shifts the filter; positive values read further right.
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
    >>> fc.ndimage.convolve1d([2, 8, 0, 4, 1, 9, 9, 0], weights=[1, 3])
    array([14, 24,  4, 13, 12, 36, 27,  0])
    """
    return _along("convolve1d", input, weights, axis, output, mode, cval, origin, nan, num_threads, True)


def _along(
    function: str,
    input: Any,
    weights: Any,
    axis: Any,
    output: Any,
    mode: Any,
    cval: Any,
    origin: Any,
    nan: Any,
    num_threads: Any,
    flipped: bool = False,
) -> Array:
    threads = settings.thread_count(function, num_threads)
    x, w = input_of(function, input, takes_complex=True), weights_of(function, weights)
    axis = axis_of(function, axis, x.ndim)
    if w.ndim != 1 or w.size == 0:
        raise FastconvValueError(
            f"{function}: no filter weights given, weights must have one axis and not be empty, "
            f"got weights of shape {w.shape}"
        )
    left = left_of(function, origin, w.size, flipped)
    w = w[::-1] if flipped else w.conj()
    name = border(function, mode)
    is_complex = "c" in (x.dtype.kind, w.dtype.kind)
    outside = constant(function, cval, x.dtype.kind == "c")
    out = output_of(function, output, x, is_complex)

    def pass_of(part: Array) -> Pass:
        return Pass(axis, np.ascontiguousarray(part), w.size, left, name, 0.0)

    if w.dtype.kind != "c":
        return fill_passes(function, x, out, [pass_of(w)], outside, nan, threads)
    real, imaginary = (passes_of([pass_of(part)], threads) for part in (w.real, w.imag))
    return fill_complex(x, out, omitting(function, nan, real, [w], x, out, threads), imaginary, outside)


def correlate(
    input: Any,
    weights: Any,
    output: Any = None,
    mode: str = "reflect",
    cval: complex = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    nan: str = "propagate",
    algorithm: str = "auto",
    max_rank: int | None = None,
    num_threads: int | None = None,
) -> Array:
    """Correlate with a window of weights: out[i] = sum over k of weights[k] x[i + k - shape // 2 - origin].

    Taps whose weight is zero are not read. The rules for element types, borders and threads are those of
    `fastconv.ndimage`.

    Parameters
    ----------
    input : array_like
        Real or complex.
    weights : array_like
        As many axes as are filtered; complex weights are conjugated, as in SciPy.
    output : array or dtype, optional
        Where the result goes, or its type; it may overlap the input.
    mode : str, default: "reflect"
        SciPy's name of the border, one for all axes.
    cval : scalar, default: 0.0
        Outside the input with mode "constant".
    origin : int or sequence of int, default: 0
        Shifts the filter; positive values read further left.
    axes : int or sequence of int, optional
        Axes to filter; all without it.
    nan : {"propagate", "omit"}, default: "propagate"
    algorithm : {"auto", "direct", "separable", "fft"}, default: "auto"
        How to compute it. "separable" takes weights that are a product of factors, one an axis, up to rounding, and
        refuses others and integer output; "auto" takes what is expected to be fastest and has the same NaN.
    max_rank : int, optional
        Apply, instead of the weights, the sum of so many products of factors that is nearest to them (Eckart & Young 1936).
        Of more than two axes, that is one product.
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
    >>> x = np.arange(12).reshape(3, 4)
    >>> fc.ndimage.correlate(x, [[0, 1, 0], [1, -4, 1], [0, 1, 0]], mode="nearest")
    array([[ 5,  4,  4,  3],
           [ 1,  0,  0, -1],
           [-3, -4, -4, -5]])
    """
    options = (nan, algorithm, max_rank, num_threads)
    return _over_window("correlate", input, weights, output, mode, cval, origin, axes, options)


def convolve(
    input: Any,
    weights: Any,
    output: Any = None,
    mode: str = "reflect",
    cval: complex = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    nan: str = "propagate",
    algorithm: str = "auto",
    max_rank: int | None = None,
    num_threads: int | None = None,
) -> Array:
    """Convolve with a window of weights: correlate with them turned around along every axis.

    Parameters
    ----------
    input : array_like
        Real or complex.
    weights : array_like
        As many axes as are filtered; complex weights are not conjugated.
    output : array or dtype, optional
        Where the result goes, or its type; it may overlap the input.
    mode : str, default: "reflect"
        SciPy's name of the border, one for all axes.
    cval : scalar, default: 0.0
        Outside the input with mode "constant".
    origin : int or sequence of int, default: 0
        Shifts the filter; positive values read further right.
    axes : int or sequence of int, optional
        Axes to filter; all without it.
    nan : {"propagate", "omit"}, default: "propagate"
    algorithm : {"auto", "direct", "separable", "fft"}, default: "auto"
        As for `correlate`.
    max_rank : int, optional
        As for `correlate`.
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
    Without its NaN, this row is 1 1 1 1:

    >>> import numpy as np, fastconv as fc
    >>> x = np.array([[1, 1, np.nan, 1]])
    >>> fc.ndimage.convolve(x, [[1, 2, 1]], nan="omit")
    array([[4., 4., 4., 4.]])
    """
    options = (nan, algorithm, max_rank, num_threads)
    return _over_window("convolve", input, weights, output, mode, cval, origin, axes, options, True)


def _over_window(
    function: str,
    input: Any,
    weights: Any,
    output: Any,
    mode: Any,
    cval: Any,
    origin: Any,
    axes: Any,
    options: tuple[Any, Any, Any, Any],
    flipped: bool = False,
) -> Array:
    nan, algorithm, max_rank, num_threads = options
    threads = settings.thread_count(function, num_threads)
    one_of(function, "algorithm", algorithm, ALGORITHMS)
    if max_rank is not None:
        max_rank = whole(function, "max_rank", max_rank, 1)
    x, w = input_of(function, input, takes_complex=True), weights_of(function, weights)
    axes = axes_of(function, axes, x.ndim)
    w = window(function, "weights", w, x.ndim, axes)
    left = lefts_of(function, origin, w.shape, axes, flipped)
    w = np.flip(w) if flipped else w.conj()
    name = one_border(function, mode, "by filters over a window")
    is_complex = "c" in (x.dtype.kind, w.dtype.kind)
    outside = constant(function, cval, x.dtype.kind == "c")
    out = output_of(function, output, x, is_complex)

    def filter_of(part: Array) -> Filter:
        part, lefts = np.atleast_1d(np.ascontiguousarray(part)), left or (0,)

        def apply(x: Array, out: Array, cval: float) -> None:
            correlate_window(x, out, part, lefts, (name,) * x.ndim, cval, threads, algorithm, max_rank, function)

        return apply

    def reach(x: Array, out: Array, cval: float) -> None:
        taken = np.atleast_1d(w != 0)
        ranks.rank(x, out, taken, left or (0,), (name,) * x.ndim, cval, int(np.count_nonzero(taken)) - 1, threads)

    if w.dtype.kind != "c":
        transformed = algorithm == "fft" or (algorithm == "auto" and w.size > MOST_DIRECT)
        factors = (filter_of(w), [w], x, out, threads, reach if transformed else None)
        return fill(x, out, omitting(function, nan, *factors), outside)
    real, imaginary = filter_of(w.real), filter_of(w.imag)
    return fill_complex(x, out, omitting(function, nan, real, [w], x, out, threads), imaginary, outside)
