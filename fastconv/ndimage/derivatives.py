# SPDX-License-Identifier: BSD-3-Clause
"""Edges: Sobel and Prewitt, Laplacians, magnitudes of gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import settings
from ..backends.cpu.passes import Pass
from ..backends.cpu.window import correlate as correlate_window
from ..spec import FastconvTypeError, show
from ._arguments import Array, axes_of, axis_of, border, borders, constant, one_each, sigma_of
from ._arrays import apart, deliver, fill, input_of, output_of
from ._linear import fill_passes
from .gaussian import gaussian_passes

# Fills the array it gets, or makes one of the dtype it gets, and returns it.
Term = Callable[[Any], Array]


def prewitt(
    input: Any,
    axis: int = -1,
    output: Any = None,
    mode: Any = "reflect",
    cval: complex = 0.0,
    *,
    num_threads: int | None = None,
) -> Array:
    """Compute Prewitt's derivative: [-1, 0, 1] along one axis, [1, 1, 1] along the others.

    Parameters
    ----------
    input : array_like
        Real or complex.
    axis : int, default: -1
        Of the derivative.
    output : array or dtype, optional
        Where the result goes, or its type; the input itself will do. Integers wrap after every axis, as in SciPy.
    mode : str or sequence of str, default: "reflect"
        SciPy's names of the borders.
    cval : scalar, default: 0.0
        Outside the input with mode "constant".
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
    Prewitt, Object enhancement and extraction, in Picture Processing and Psychopictorics, 1970.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.ndimage.prewitt([[0, 0, 5, 5], [0, 0, 5, 5]])
    array([[ 0, 15, 15,  0],
           [ 0, 15, 15,  0]])
    """
    return _edges("prewitt", (1.0, 1.0, 1.0), input, axis, output, mode, cval, num_threads)


def sobel(
    input: Any,
    axis: int = -1,
    output: Any = None,
    mode: Any = "reflect",
    cval: complex = 0.0,
    *,
    num_threads: int | None = None,
) -> Array:
    """Compute Sobel's derivative: [-1, 0, 1] along one axis, [1, 2, 1] along the others.

    Parameters
    ----------
    input : array_like
        Real or complex.
    axis : int, default: -1
        Of the derivative.
    output : array or dtype, optional
        Where the result goes, or its type; the input itself will do. Integers wrap after every axis, as in SciPy.
    mode : str or sequence of str, default: "reflect"
        SciPy's names of the borders.
    cval : scalar, default: 0.0
        Outside the input with mode "constant".
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
    Sobel & Feldman, A 3x3 isotropic gradient operator for image processing, Stanford, 1968; in Duda & Hart, Pattern
    Classification and Scene Analysis, 1973, p. 271.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.ndimage.sobel([[0, 0, 5, 5], [0, 0, 5, 5]])
    array([[ 0, 20, 20,  0],
           [ 0, 20, 20,  0]])
    """
    return _edges("sobel", (1.0, 2.0, 1.0), input, axis, output, mode, cval, num_threads)


def _edges(
    function: str,
    across: tuple[float, float, float],
    input: Any,
    axis: Any,
    output: Any,
    mode: Any,
    cval: Any,
    num_threads: Any,
) -> Array:
    threads = settings.thread_count(function, num_threads)
    x = input_of(function, input, takes_complex=True)
    axis = axis_of(function, axis, x.ndim)
    names = borders(function, mode, x.ndim)
    steps = [Pass(axis, np.array((-1.0, 0.0, 1.0)), 3, 1, names[axis], 0.0)]
    steps += [Pass(i, np.array(across), 3, 1, names[i], 0.0) for i in range(x.ndim) if i != axis]
    outside = constant(function, cval, x.dtype.kind == "c")
    out = output_of(function, output, x)
    return fill_passes(function, x, out, steps, outside, "propagate", threads)


def laplace(
    input: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: complex = 0.0,
    *,
    axes: Any = None,
    num_threads: int | None = None,
) -> Array:
    """Compute the Laplacian by second differences: the sum of [1, -2, 1] along every axis.

    Parameters
    ----------
    input : array_like
        Real or complex.
    output : array or dtype, optional
        Where the result goes, or its type; it may overlap the input.
    mode : str or sequence of str, default: "reflect"
        SciPy's names of the borders.
    cval : scalar, default: 0.0
        Outside the input with mode "constant".
    axes : int or sequence of int, optional
        Axes of the derivatives; all without it.
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
    >>> fc.ndimage.laplace([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    array([[ 0,  1,  0],
           [ 1, -4,  1],
           [ 0,  1,  0]])
    """
    function = "laplace"
    threads = settings.thread_count(function, num_threads)
    x = input_of(function, input, takes_complex=True)
    axes = axes_of(function, axes, x.ndim)
    names = borders(function, mode, len(axes))
    outside = constant(function, cval, x.dtype.kind == "c")
    out = output_of(function, output, x)
    if not axes:
        return deliver(x, out)
    if not _sums_at_once(x, out, names, outside):
        factor = np.array((1.0, -2.0, 1.0))
        steps = [[Pass(axis, factor, 3, 1, name, 0.0)] for axis, name in zip(axes, names, strict=True)]
        return combine(x, out, [_term(function, x, step, outside, threads) for step in steps])
    weights, lefts = _cross(x.ndim, axes)
    modes = tuple(dict(zip(axes, names, strict=True)).get(axis, "replicate") for axis in range(x.ndim))

    def apply(x: Array, out: Array, cval: float) -> None:
        correlate_window(x, out, weights, lefts, modes, cval, threads, function=function)

    return fill(x, out, apply, outside)


def _sums_at_once(x: Array, out: Array, names: Sequence[str], cval: complex) -> bool:
    """Return whether one sum over all axes gives what a rounded sum for each axis does: there is nothing to round."""
    if out.dtype.kind in "fc":
        return True
    whole = cval.imag == 0 and float(cval.real).is_integer()
    return out.dtype.kind != "b" and x.dtype.kind in "bui" and (whole or "constant" not in names)


def _cross(ndim: int, axes: tuple[int, ...]) -> tuple[Array, tuple[int, ...]]:
    """Return the weights of the Laplacian over a window, and how many inputs before its own place an output reads."""
    lefts = tuple(int(axis in axes) for axis in range(ndim))
    weights = np.zeros([2 * left + 1 for left in lefts])
    weights[lefts] = -2.0 * len(axes)
    for axis in axes:
        for place in (0, 2):
            weights[(*lefts[:axis], place, *lefts[axis + 1 :])] = 1.0
    return weights, lefts


def gaussian_laplace(
    input: Any,
    sigma: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: complex = 0.0,
    *,
    axes: Any = None,
    num_threads: int | None = None,
    **kwargs: Any,
) -> Array:
    """Compute the Laplacian of a Gaussian: the sum of its second derivatives along every axis.

    Parameters
    ----------
    input : array_like
        Real or complex.
    sigma : float or sequence of float
        Standard deviation, in samples, one for all axes or one each.
    output : array or dtype, optional
        Where the result goes, or its type; it may overlap the input.
    mode : str or sequence of str, default: "reflect"
        SciPy's names of the borders. Of several, the i-th serves all axes of the i-th derivative, as in SciPy.
    cval : scalar, default: 0.0
        Outside the input with mode "constant".
    axes : int or sequence of int, optional
        Axes to filter; all without it.
    num_threads : int, optional
    **kwargs
        `truncate` and `radius`, as for `gaussian_filter`; a sequence of radii has one for each axis of the input.

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
    Marr & Hildreth, Theory of edge detection, Proceedings of the Royal Society B 207, 1980.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.ndimage.gaussian_laplace([0.0, 0.0, 1.0, 0.0, 0.0], 1, mode="constant").round(3)
    array([ 0.162,  0.   , -0.399,  0.   ,  0.162])
    """
    function = "gaussian_laplace"
    threads = settings.thread_count(function, num_threads)
    x = input_of(function, input, takes_complex=True)
    axes = axes_of(function, axes, x.ndim)
    sigmas = one_each(function, "sigma", sigma, len(axes), lambda item: sigma_of(function, item))
    if len(axes) < x.ndim:  # of all axes, sigmas stand in the array's order, whatever that of `axes`, as in SciPy
        named = dict(zip(axes, sigmas, strict=True))
        sigmas = [named.get(axis, 0.0) for axis in range(x.ndim)]
    steps = _derivatives(function, x.ndim, axes, sigmas, 2, mode, kwargs)
    outside = constant(function, cval, x.dtype.kind == "c")
    out = output_of(function, output, x)
    return combine(x, out, [_term(function, x, step, outside, threads) for step in steps])


def gaussian_gradient_magnitude(
    input: Any,
    sigma: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: complex = 0.0,
    *,
    axes: Any = None,
    num_threads: int | None = None,
    **kwargs: Any,
) -> Array:
    """Compute the magnitude of the gradient of a Gaussian filter.

    Parameters
    ----------
    input : array_like
        Real or complex.
    sigma : float or sequence of float
        Standard deviation, in samples, one for all axes of the input or one each.
    output : array or dtype, optional
        Where the result goes, or its type; it may overlap the input.
    mode : str or sequence of str, default: "reflect"
        SciPy's names of the borders. Of several, the i-th serves all axes of the i-th derivative, as in SciPy.
    cval : scalar, default: 0.0
        Outside the input with mode "constant".
    axes : int or sequence of int, optional
        Axes of the derivatives; all without it. As in SciPy, the Gaussian smooths along all axes of the input, unless
        sigma is 0 there.
    num_threads : int, optional
    **kwargs
        `truncate` and `radius`, as for `gaussian_filter`; a sequence of radii has one for each axis of the input.

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
    Canny, A computational approach to edge detection, IEEE Transactions on Pattern Analysis and Machine Intelligence 8(6),
    1986.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.ndimage.gaussian_gradient_magnitude([0.0, 0.0, 0.0, 3.0, 3.0, 3.0], 1).round(2)
    array([0.04, 0.37, 1.09, 1.09, 0.37, 0.04])
    """
    function = "gaussian_gradient_magnitude"
    threads = settings.thread_count(function, num_threads)
    x = input_of(function, input, takes_complex=True)
    axes = axes_of(function, axes, x.ndim)
    steps = _derivatives(function, x.ndim, axes, sigma, 1, mode, kwargs)
    outside = constant(function, cval, x.dtype.kind == "c")
    out = output_of(function, output, x)
    return combine(x, out, [_term(function, x, step, outside, threads) for step in steps], squared=True)


def _derivatives(
    function: str, ndim: int, axes: tuple[int, ...], sigma: Any, order: int, mode: Any, options: Mapping[str, Any]
) -> list[list[Pass]]:
    """Return the passes of the Gaussian's derivative along each of `axes`."""
    for name in options:
        if name not in ("truncate", "radius"):
            raise FastconvTypeError(f"{function}: keywords must be truncate or radius, got {name}={show(options[name])}")
    truncate, radius = options.get("truncate", 4.0), options.get("radius")
    found = []
    for axis, name in zip(axes, borders(function, mode, len(axes)), strict=True):
        orders = [order * (i == axis) for i in range(ndim)]
        found.append(gaussian_passes(function, tuple(range(ndim)), sigma, orders, [name] * ndim, truncate, radius))
    return found


def _term(function: str, x: Array, steps: Sequence[Pass], cval: complex, threads: int) -> Term:
    """Return what computes passes into an array or a new one."""

    def compute(output: Any) -> Array:
        return fill_passes(function, x, output_of(function, output, x), steps, cval, "propagate", threads)

    return compute


def combine(x: Array, out: Array, terms: Sequence[Term], squared: bool = False) -> Array:
    """Return `out` with the sum of terms, or the root of the sum of their squares; without terms it is a copy of x."""
    if not terms:
        return deliver(x, out)
    held = apart(x, out)
    for number, term in enumerate(terms):
        made = term(held.dtype if number else held)
        part = made if number else held
        if squared:
            np.multiply(part, part, out=part)
        if number:
            np.add(held, part, out=held)
    if squared:
        with np.errstate(invalid="ignore"):  # squares of integers wrap
            np.sqrt(held, out=held, casting="unsafe")
    return deliver(held, out)


def generic_laplace(
    input: Any,
    derivative2: Callable[..., Array],
    output: Any = None,
    mode: Any = "reflect",
    cval: complex = 0.0,
    extra_arguments: tuple[Any, ...] = (),
    extra_keywords: Mapping[str, Any] | None = None,
    *,
    axes: Any = None,
) -> Array:
    """Compute a Laplacian as the sum of what a function of yours gives for every axis.

    Parameters
    ----------
    input : array_like
        Real or complex.
    derivative2 : callable
        Called as `derivative2(input, axis, output, mode, cval, *extra_arguments, **extra_keywords)`. For the first axis
        `output` is an array it must fill, for the others the dtype of the array it must return.
    output : array or dtype, optional
        Where the result goes, or its type; it may overlap the input.
    mode : str or sequence of str, default: "reflect"
        SciPy's names of the borders, handed on.
    cval : scalar, default: 0.0
        Handed on.
    extra_arguments : tuple, default: ()
        Handed on.
    extra_keywords : mapping, optional
        Handed on.
    axes : int or sequence of int, optional
        Axes of the derivatives; all without it.

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
    >>> from fastconv import ndimage
    >>> def second(input, axis, output, mode, cval):
    ...     return ndimage.correlate1d(input, [1, -2, 1], axis, output, mode, cval)
    >>> ndimage.generic_laplace([[0, 0], [0, 1]], second)
    array([[ 0,  1],
           [ 1, -2]])
    """
    terms = _generic("generic_laplace", derivative2, input, output, mode, cval, extra_arguments, extra_keywords, axes)
    return combine(*terms)


def generic_gradient_magnitude(
    input: Any,
    derivative: Callable[..., Array],
    output: Any = None,
    mode: Any = "reflect",
    cval: complex = 0.0,
    extra_arguments: tuple[Any, ...] = (),
    extra_keywords: Mapping[str, Any] | None = None,
    *,
    axes: Any = None,
) -> Array:
    """Compute the magnitude of a gradient whose components a function of yours gives.

    Parameters
    ----------
    input : array_like
        Real or complex.
    derivative : callable
        Called as `derivative(input, axis, output, mode, cval, *extra_arguments, **extra_keywords)`. For the first axis
        `output` is an array it must fill, for the others the dtype of the array it must return.
    output : array or dtype, optional
        Where the result goes, or its type; it may overlap the input.
    mode : str or sequence of str, default: "reflect"
        SciPy's names of the borders, handed on.
    cval : scalar, default: 0.0
        Handed on.
    extra_arguments : tuple, default: ()
        Handed on.
    extra_keywords : mapping, optional
        Handed on.
    axes : int or sequence of int, optional
        Axes of the derivatives; all without it.

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
    >>> from fastconv import ndimage
    >>> ndimage.generic_gradient_magnitude([[0.0, 4.0], [0.0, 4.0]], ndimage.sobel)
    array([[16., 16.],
           [16., 16.]])
    """
    function = "generic_gradient_magnitude"
    terms = _generic(function, derivative, input, output, mode, cval, extra_arguments, extra_keywords, axes)
    return combine(*terms, squared=True)


def _generic(
    function: str,
    derivative: Callable[..., Array],
    input: Any,
    output: Any,
    mode: Any,
    cval: Any,
    extra_arguments: Sequence[Any],
    extra_keywords: Mapping[str, Any] | None,
    axes: Any,
) -> tuple[Array, Array, list[Term]]:
    """Return the input, the output and a term for each axis."""
    if not callable(derivative):
        raise FastconvTypeError(f"{function}: the derivative must be callable, got {show(derivative)}")
    x = input_of(function, input, takes_complex=True)
    axes = axes_of(function, axes, x.ndim)
    names = one_each(function, "mode", mode, len(axes), lambda item: (border(function, item), item)[1])
    out = output_of(function, output, x)

    def term_of(axis: int, name: str) -> Term:
        return lambda output: derivative(x, axis, output, name, cval, *extra_arguments, **(extra_keywords or {}))

    return x, out, [term_of(axis, name) for axis, name in zip(axes, names, strict=True)]
