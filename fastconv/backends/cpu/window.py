# SPDX-License-Identifier: BSD-3-Clause
"""Correlation of images with a window of weights: which algorithm computes it, and in what precision."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np

from ... import settings
from ...kernels import correlate as direct
from ...kernels._cost import CLOCK, machine_of
from ...spec import FastconvValueError
from . import fft
from .arrays import Array
from .passes import EXACT, Pass, growth, in_float32, is_whole, is_wild, places_of, separable, thread_count, whole

# Cycles of a multiply-add of a vector: where a tile shares what it loads, and where each loads its own; and of a vector of
# outputs besides (from 3x3 to 31x31 on 1024², Sapphire Rapids).
TILE = 0.6
LONE = 1.2
ROW = 10.0
FEW = 128  # taps for which transforms do not pay, whatever the image


def correlate(
    x: Array,
    out: Array,
    weights: Array,
    left: tuple[int, ...],
    modes: tuple[str, ...],
    cval: float,
    threads: int | None,
    algorithm: str = "auto",
    max_rank: int | None = None,
    function: str = "correlate",
) -> None:
    """Fill out with the correlation of x with a filter: output o is the sum of weights[k] * x[o - left + k].

    Where a weight is zero nothing is read. "separable" computes a filter that is an outer product, up to float rounding, as
    passes along its axes, or with `max_rank` the sum of so many outer products that comes closest to it.
    """
    if out.size == 0:
        return
    filter = Filter(weights, left, modes, cval)
    terms = terms_of(function, x, out, filter, algorithm, max_rank)
    if terms is not None:
        add_terms(x, out, terms, threads)
        return
    if algorithm == "fft":
        if not np.isfinite(weights).all():
            raise FastconvValueError(
                f'{function}: algorithm="fft" needs finite weights, got weights of shape {weights.shape}'
            )
        by_fft(x, out, filter, threads)
    elif algorithm == "auto" and is_faster_by_fft(x, out, filter):
        by_fft(x, out, filter, threads)
    else:
        directly(x, out, filter, threads)


class Filter(NamedTuple):
    """A correlation's filter, and what lies outside each axis."""

    weights: Array
    left: tuple[int, ...]
    modes: tuple[str, ...]
    cval: float


def terms_of(
    function: str, x: Array, out: Array, filter: Filter, algorithm: str, max_rank: int | None
) -> list[list[Pass]] | None:
    """Return the passes whose results' sum is the correlation, or None: it is not to be computed so."""
    if algorithm not in ("auto", "separable"):
        return None
    reason = None if out.dtype.kind == "f" else "its passes would round whole numbers more than once"
    if reason is None and not np.isfinite(filter.weights).all():
        reason = "the weights are not finite"
    factors: list[list[Array]] = []
    if reason is None:
        u = float(np.finfo(np.float32 if in_float32(x, out) else np.float64).eps)
        if algorithm == "auto" and max_rank is None and not worth_passes(filter.weights.shape):
            return None
        if max_rank is None and not (filter.weights.all() and is_product(filter.weights)):
            reason = "the filter is not an outer product without zeros"
        else:
            factors, rest = factors_of(filter.weights, max_rank or 1)
            if max_rank is None and rest > 4 * u:
                reason = "the filter is an outer product only roughly"
    if reason is None:
        return [passes_of(filter, factor) for factor in factors]
    if algorithm == "separable" or max_rank is not None:
        raise FastconvValueError(f'{function}: algorithm="separable" cannot compute this: {reason}')
    return None


def worth_passes(shape: tuple[int, ...]) -> bool:
    """Whether passes along the axes take less time: taps count half a cycle down and dense, a whole one along rows."""
    sizes = [size for size in shape if size > 1]
    return len(sizes) < 2 or sum(sizes[:-1]) / 2 + sizes[-1] + 2 < prod(sizes) / 2


def is_product(weights: Array) -> bool:
    """Whether a filter is about the outer product of the row and the column that meet in its largest weight, axis by axis.

    It takes less time than what settles it, and most filters are not.
    """
    rest = weights
    while rest.ndim > 1:
        sheet = rest.reshape(rest.shape[0], -1)
        row, column = np.unravel_index(np.abs(sheet).argmax(), sheet.shape)
        away = np.abs(sheet - np.outer(sheet[:, column], sheet[row] / sheet[row, column])).max()
        if not away <= abs(sheet[row, column]) * float(np.finfo(np.float32).eps) * 4:
            return False
        rest = sheet[row].reshape(rest.shape[1:])
    return True


def factors_of(weights: Array, most: int) -> tuple[list[list[Array]], float]:
    """Return outer products that sum to the filter, at most so many, and how far from it their sum is, relatively.

    Of more than two axes there is one product, from one singular value decomposition an axis.
    """
    axes = [axis for axis, size in enumerate(weights.shape) if size > 1] or [0]
    factors: list[Array] = [np.ones(1) for _ in weights.shape]
    rest = weights.reshape([weights.shape[axis] for axis in axes])
    distance = 0.0
    for axis in axes[:-1]:
        u, s, v = np.linalg.svd(rest.reshape(rest.shape[0], -1), full_matrices=False)
        if s[0] == 0:
            return [], 0.0
        if len(axes) == 2:
            products = [
                [
                    u[:, i] * np.sqrt(s[i]) if a == axes[0] else v[i] * np.sqrt(s[i]) if a == axes[1] else factors[a]
                    for a in range(weights.ndim)
                ]
                for i in range(min(most, int((s > s[0] * np.finfo(float).eps).sum())))
            ]
            return products, float(s[len(products)] / s[0]) if len(products) < len(s) else 0.0
        factors[axis] = u[:, 0]
        distance = max(distance, float(s[1] / s[0]) if len(s) > 1 else 0.0)
        rest = (s[0] * v[0]).reshape(rest.shape[1:])
    factors[axes[-1]] = rest.reshape(-1)
    return [factors], distance


def passes_of(filter: Filter, factor: list[Array]) -> list[Pass]:
    """Return the passes of one outer product. A constant outside has been filtered along the axes before, too."""
    passes: list[Pass] = []
    cval = filter.cval
    for axis, weights in enumerate(factor):
        if weights.size > 1 or (axis == len(factor) - 1 and not passes):
            passes.append(Pass(axis, weights, weights.size, filter.left[axis], filter.modes[axis], cval))
            cval *= float(weights.sum())
        elif weights[0] != 1:
            passes.append(Pass(axis, weights, 1, 0, filter.modes[axis], cval))
    return passes


def add_terms(x: Array, out: Array, terms: list[list[Pass]], threads: int | None) -> None:
    """Fill out with the sum of filters, of none: zeros."""
    if len(terms) == 1:
        separable(x, out, terms[0], threads)
        return
    total, term = np.zeros_like(out), np.empty_like(out)
    for passes in terms:
        separable(x, term, passes, threads)
        total += term
    out[...] = total


def is_faster_by_fft(x: Array, out: Array, filter: Filter) -> bool:
    """Whether transforms are expected to take less time; sums of whole numbers stay exact without them."""
    if filter.weights.size < FEW or out.dtype.kind != "f" or x.dtype.kind != "f" or not np.isfinite(filter.weights).all():
        return False
    taps = int(np.count_nonzero(filter.weights))
    machine = machine_of(settings.available_isas()[settings.isa_index()])
    lanes = max(machine.lanes * 32 // width_of(x, out, filter), 1)
    cycles = out.size / lanes * (taps * (TILE if taps == filter.weights.size else LONE) + ROW)
    return fft.seconds(x.shape, filter.weights.shape, fft.compute_dtype(x.dtype, out.dtype)) < cycles / CLOCK


def by_fft(x: Array, out: Array, filter: Filter, threads: int | None) -> None:
    def compute(box: tuple[slice, ...]) -> None:
        directly(x, out[box], filter, threads, tuple(span.start for span in box))

    fft.correlate(x, out, *filter, threads, compute)


def width_of(x: Array, out: Array, filter: Filter) -> int:
    """Return the bits of the reals that a correlation is computed in."""
    if out.dtype == np.float32:
        return 32 if in_float32(x, out) else 64
    small = is_whole(x) and is_whole(out) and x.itemsize == out.itemsize == 1
    return 32 if small and whole(filter.weights) and growth(filter.weights) * 256 < EXACT else 64


def directly(x: Array, out: Array, filter: Filter, threads: int | None, first: tuple[int, ...] | None = None) -> None:
    """Fill out with the outputs from `first` on, each as the sum the definition has."""
    width, first = width_of(x, out, filter), first or (0,) * x.ndim
    weights, left, modes = filter.weights, filter.left, filter.modes
    if x.ndim == 1:
        x, out, weights = x[None], out[None], weights[None]
        left, modes, first = (0, *left), ("replicate", *modes), (0, *first)
    values, taps = taps_of(weights, width)
    if values.size == 0:
        out[...] = 0
        return
    axes = tuple(
        (taps, before, places_of(size, before, taps - 1 - before, mode), filter.cval)
        for size, taps, before, mode in zip(x.shape, weights.shape, left, modes, strict=True)
    )
    isa, wild = settings.isa_index(), is_wild(x, out, weights)
    direct.correlate(x, out, axes, first, values, taps, wild, width, isa, thread_count(threads))


def taps_of(weights: Array, width: int) -> tuple[Array, tuple[Array, Array] | None]:
    """Return the weights, and if some are zero the rows and columns that the others read."""
    values = np.ascontiguousarray(weights, f"f{width // 8}")
    if values.all():
        return values, None
    rows = values.shape[-2]
    plane, row, column = np.nonzero(values.reshape(-1, rows, values.shape[-1]))
    return values[values != 0], (np.ascontiguousarray(plane * direct.pitch_of(rows) + row), np.ascontiguousarray(column))
