# SPDX-License-Identifier: BSD-3-Clause
"""Gaussian filters and the derivatives of Gaussians."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from .. import settings
from ..backends.cpu.passes import KEPT, Pass
from ..spec import FastconvValueError, whole
from ._arguments import Array, axes_of, axis_of, border, borders, constant, one_each, radius_of, sigma_of
from ._arrays import input_of, output_of
from ._linear import fill_passes

# A Gaussian narrower than this is one point and leaves the array as it is.
NARROW = 1e-15
MOST_ORDER = 64


def gaussian_weights(sigma: float, order: int, radius: int) -> Array:
    """Return the weights of a correlation with the order-th derivative of a Gaussian.

    The samples of the Gaussian are scaled to the sum 1. Its derivatives are q(x) times itself, with polynomials q that
    follow from (q g)' = (q' - q x / sigma**2) g.
    """
    x = np.arange(-radius, radius + 1, dtype=np.float64)
    bell = np.exp(-0.5 * (x / sigma) ** 2)
    bell /= bell.sum()
    q = np.ones(1)
    for _ in range(order):
        slope = np.append(q[1:] * np.arange(1, q.size), (0.0, 0.0))
        slope[1:] -= q / (sigma * sigma)
        q = slope
    factor = np.zeros_like(x)
    for coefficient in q[::-1]:
        factor = factor * x + coefficient
    return (factor * bell)[::-1].copy()


kept_weights = lru_cache(64)(gaussian_weights)


def gaussian_pass(function: str, axis: int, sigma: float, order: int, border: str, truncate: Any, radius: Any) -> list[Pass]:
    """Return the pass along one axis, or none where the Gaussian is a point."""
    reach = radius_of(function, sigma, truncate, radius)
    if sigma <= NARROW:
        return []
    weights = (kept_weights if 2 * reach < KEPT else gaussian_weights)(sigma, order, reach)
    return [Pass(axis, weights, 2 * reach + 1, reach, border, 0.0)]


def order_of(function: str, order: Any, nan: Any) -> int:
    """Return the order of a derivative; the weights of one sum to nothing, so that it cannot be renormalised."""
    found = whole(function, "order", order, 0)
    if found > MOST_ORDER:
        raise FastconvValueError(f"{function}: order must be at most {MOST_ORDER}, got order={found}")
    if found and nan == "omit":
        raise FastconvValueError(
            f"{function}: order must be 0 with nan='omit', for the weights of a derivative sum to zero, got order={found}"
        )
    return found


def gaussian_filter1d(
    input: Any,
    sigma: float,
    axis: int = -1,
    order: int = 0,
    output: Any = None,
    mode: str = "reflect",
    cval: complex = 0.0,
    truncate: float = 4.0,
    *,
    radius: int | None = None,
    nan: str = "propagate",
    num_threads: int | None = None,
) -> Array:
    """Filter one axis with a Gaussian or one of its derivatives.

    Parameters
    ----------
    input : array_like
        Real or complex.
    sigma : float
        Standard deviation, in samples. With 0 the array is left as it is.
    axis : int, default: -1
    order : int, default: 0
        Of the derivative; 0 is the Gaussian.
    output : array or dtype, optional
        Where the result goes, or its type; the input itself will do.
    mode : str, default: "reflect"
        SciPy's name of the border.
    cval : scalar, default: 0.0
        Outside the input with mode "constant".
    truncate : float, default: 4.0
        The filter ends after so many standard deviations, rounded to a sample.
    radius : int, optional
        The filter ends after so many samples, whatever `truncate`.
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

    References
    ----------
    Lindeberg, Scale-Space Theory in Computer Vision, 1994: the sampled Gaussian and its derivatives.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.ndimage.gaussian_filter1d([1.0, 2.0, 3.0, 4.0, 5.0], 1).round(3)
    array([1.427, 2.068, 3.   , 3.932, 4.573])
    """
    function = "gaussian_filter1d"
    threads = settings.thread_count(function, num_threads)
    x = input_of(function, input, takes_complex=True)
    axis = axis_of(function, axis, x.ndim)
    width, derivative = sigma_of(function, sigma), order_of(function, order, nan)
    steps = gaussian_pass(function, axis, width, derivative, border(function, mode), truncate, radius)
    outside = constant(function, cval, x.dtype.kind == "c")
    out = output_of(function, output, x)
    return fill_passes(function, x, out, steps, outside, nan, threads)


def gaussian_filter(
    input: Any,
    sigma: Any,
    order: Any = 0,
    output: Any = None,
    mode: Any = "reflect",
    cval: complex = 0.0,
    truncate: float = 4.0,
    *,
    radius: Any = None,
    axes: Any = None,
    nan: str = "propagate",
    num_threads: int | None = None,
) -> Array:
    """Filter with a Gaussian of any number of axes, or with one of its derivatives.

    The axes are filtered one after the other, block by block, so that what is between two of them stays in the caches.

    Parameters
    ----------
    input : array_like
        Real or complex.
    sigma : float or sequence of float
        Standard deviation, in samples, one for all axes or one each. An axis with 0 is left as it is.
    order : int or sequence of int, default: 0
        Of the derivative along each axis; 0 is the Gaussian.
    output : array or dtype, optional
        Where the result goes, or its type; the input itself will do. Integers are rounded after every axis, as in SciPy.
    mode : str or sequence of str, default: "reflect"
        SciPy's names of the borders.
    cval : scalar, default: 0.0
        Outside the input with mode "constant".
    truncate : float, default: 4.0
        The filter ends after so many standard deviations, rounded to a sample.
    radius : int or sequence of int, optional
        The filter ends after so many samples, whatever `truncate`.
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

    References
    ----------
    Lindeberg, Scale-Space Theory in Computer Vision, 1994: the sampled Gaussian and its derivatives.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.zeros((3, 3), np.float32)
    >>> x[1, 1] = 1
    >>> fc.ndimage.gaussian_filter(x, 0.5, mode="constant").round(3)
    array([[0.011, 0.084, 0.011],
           [0.084, 0.619, 0.084],
           [0.011, 0.084, 0.011]], dtype=float32)
    """
    function = "gaussian_filter"
    threads = settings.thread_count(function, num_threads)
    x = input_of(function, input, takes_complex=True)
    axes = axes_of(function, axes, x.ndim)
    steps = gaussian_passes(function, axes, sigma, order, borders(function, mode, len(axes)), truncate, radius, nan)
    outside = constant(function, cval, x.dtype.kind == "c")
    out = output_of(function, output, x)
    return fill_passes(function, x, out, steps, outside, nan, threads)


def gaussian_passes(
    function: str,
    axes: tuple[int, ...],
    sigma: Any,
    order: Any,
    names: list[str],
    truncate: Any,
    radius: Any,
    nan: Any = "propagate",
) -> list[Pass]:
    """Return the passes of a Gaussian filter along axes whose borders have our names."""
    count = len(axes)
    sigmas = one_each(function, "sigma", sigma, count, lambda item: sigma_of(function, item))
    orders = one_each(function, "order", order, count, lambda item: order_of(function, item, nan))
    reaches = one_each(function, "radius", radius, count, lambda item: item)
    steps: list[Pass] = []
    for axis, width, derivative, name, reach in zip(axes, sigmas, orders, names, reaches, strict=True):
        steps += gaussian_pass(function, axis, width, derivative, name, truncate, reach)
    return steps
