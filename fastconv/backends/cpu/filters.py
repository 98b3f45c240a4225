# SPDX-License-Identifier: BSD-3-Clause
"""Linear filters of images: which sweeps or which algorithm compute them, and in what precision."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from ... import settings
from ...kernels import byte_means
from ...kernels import correlate as direct
from ...kernels._cost import CLOCK, machine_of
from ...kernels.separable import sweep
from ...spec import FastconvValueError
from . import fft
from .arrays import Array

SINGLE = "fbB?hH"  # types that are computed in float32 where the result is float32
EXACT = float(1 << 24)  # whole numbers below it are exact in float32
PLAIN = 8  # below this size a mean is a sum of shares, if float32's guard or no rounding allows for their errors
KEPT = 4096  # reals of what is worked out for a filter and kept for the next call
MEAN_MOST = 2048  # means over more whole numbers come too close to whole ones for float32

# Cycles of a multiply-add of a vector: where a tile shares what it loads, and where each loads its own; and of a vector of
# outputs besides (from 3x3 to 31x31 on 1024², Sapphire Rapids).
TILE = 0.6
LONE = 1.2
ROW = 10.0
FEW = 128  # taps for which transforms do not pay, whatever the image


class Pass(NamedTuple):
    """A filter along one axis: output i is the sum of weights[k] * input[i - left + k]; without weights their mean."""

    axis: int
    weights: Array | None
    size: int
    left: int
    mode: str
    cval: float


class Line(NamedTuple):
    """A pass as the kernels take it; `places` as places_of has it."""

    taps: int
    left: int
    places: Array
    value: float
    weights: Array | None


def places_of(size: int, left: int, right: int, mode: str) -> Array:
    """Return for `left` positions before an axis and `right` behind it which element each is; -1: a constant."""
    return (short_places if left + right < KEPT else new_places)(size, left, right, mode)


def new_places(size: int, left: int, right: int, mode: str) -> Array:
    at = np.concatenate([np.arange(-left, 0), np.arange(size, size + right)])
    if mode == "constant":
        at[:] = -1
    elif mode == "replicate":
        at = at.clip(0, size - 1)
    elif mode == "circular":
        at %= size
    else:
        again = mode == "symmetric"
        period = max(2 * size if again else 2 * size - 2, 1)
        at %= period
        at = np.where(at < size, at, period - at - again)
    return np.ascontiguousarray(at, np.intp)


short_places = lru_cache(256)(new_places)


def separable(x: Array, out: Array, passes: Sequence[Pass], threads: int | None) -> None:
    """Fill out with x filtered by one pass after the other, each of which rounds to what out can hold."""
    if out.size == 0:
        return
    if not passes:
        np.copyto(out, x, casting="unsafe")
        return
    passes = list(passes)
    modular = is_modular(x, out, passes)
    width = 32 if in_float32(x, out) or is_exact(x, out, passes, modular) else 64
    x = out if is_same(x, out) else x
    for across, along in sweeps_of(out, passes, x is out, modular):
        run_sweep(x, out, across, along, width, not modular, threads)
        x = out


def is_same(x: Array, y: Array) -> bool:
    """Return whether two arrays are the same elements in the same places."""
    return (x.strides, x.shape, x.dtype) == (y.strides, y.shape, y.dtype) and x.ctypes.data == y.ctypes.data


def in_float32(x: Array, out: Array) -> bool:
    """Whether results are float32, and computing in float32 is what its precision asks for."""
    return out.dtype.char == "f" and x.dtype.char in SINGLE


def is_exact(x: Array, out: Array, passes: Sequence[Pass], modular: bool) -> bool:
    """Whether float32 holds all sums of small whole numbers that the passes make."""
    if not (is_whole(x) and is_whole(out) and x.itemsize == out.itemsize == 1):
        return False
    return modular or all(
        one.size <= MEAN_MOST if one.weights is None else whole(one.weights) and growth(one.weights) * 256 < EXACT
        for one in passes
    )


def is_modular(x: Array, out: Array, passes: Sequence[Pass]) -> bool:
    """Whether whole numbers need to be rounded, that is to wrap around, at the end only, which makes all orders equal."""
    if not (is_whole(x) and is_whole(out) and out.dtype != bool):
        return False
    if not all(one.weights is not None and whole(one.weights) and steady(one) for one in passes):
        return False
    most = prod(growth(one.weights) for one in passes if one.weights is not None) * 256.0**x.itemsize
    return most < (EXACT if x.itemsize == out.itemsize == 1 else 2.0**31)


def is_whole(array: Array) -> bool:
    return array.dtype.kind in "iub"


def steady(one: Pass) -> bool:
    """Whether what lies outside an axis does not depend on the filters along others."""
    return one.mode != "constant" or one.cval == 0


def whole(weights: Array) -> bool:
    return bool((weights == np.rint(weights)).all())


def growth(weights: Array) -> float:
    """Return how much larger than numbers their sums can be."""
    return float(np.abs(weights).sum())


def is_wild(x: Array, out: Array, weights: Array | None) -> bool:
    """Whether sums that become whole numbers can lie beyond 32 bits."""
    small = is_whole(x) and x.itemsize <= 2
    return is_whole(out) and not (small and (weights is None or growth(weights) < 1 << 15))


def sweeps_of(out: Array, passes: list[Pass], in_place: bool, modular: bool) -> list[tuple[Pass | None, Pass | None]]:
    """Return the passes across and along the rows of memory, two in one sweep where they are the first two.

    The order of passes matters to whole numbers that are rounded after each, and to constants outside that are not zero.
    Where it does not, the last two axes come first, for a sweep of two passes cannot write to its own input.
    """
    last, end = fastest(out), out.ndim - 1
    free = (out.dtype.kind == "f" or modular) and len({one.axis for one in passes}) == len(passes)
    if free and all(steady(one) for one in passes):
        passes = sorted(passes, key=lambda one: (one.axis < end - 1, one.axis if one.axis >= end - 1 else -one.axis))
    if not in_place and len(passes) > 1 and passes[0].axis != last and passes[1].axis == last:
        return [(passes[0], passes[1]), *(split(one, last) for one in passes[2:])]
    return [split(one, last) for one in passes]


def split(one: Pass, last: int) -> tuple[Pass | None, Pass | None]:
    return (None, one) if one.axis == last else (one, None)


def fastest(array: Array) -> int:
    """Return the axis whose elements lie closest together, the last of equals; axes of one element have no say."""
    return min(range(array.ndim), key=lambda axis: (array.shape[axis] == 1, abs(array.strides[axis]), -axis))


def run_sweep(
    x: Array, out: Array, across: Pass | None, along: Pass | None, width: int, rounds: bool, threads: int | None
) -> None:
    across_axis = across and across.axis
    along_axis = along.axis if along else fastest(out)
    if across and along and are_byte_means(x, out, across, along):
        run_byte_means(x, out, across, along, threads)
        return
    if along is None and across_axis == along_axis:
        across_axis, across, along = None, None, across
    if across is None and out.ndim > 1:
        across_axis = fastest(np.moveaxis(out, along_axis, 0)[0])
        across_axis += across_axis >= along_axis
    if x.flags.c_contiguous and out.flags.c_contiguous and along_axis == out.ndim - 1 and not (across and along):
        shape, across_axis = merged(out.shape, across_axis if across else None)
        same, along_axis = x is out, len(shape) - 1
        x, out = x.reshape(shape), out.reshape(shape)
        x = out if same else x
    lines = [
        one and line_of(one, out.shape[axis], width, width == 32 or out.dtype.kind == "f")
        for one, axis in ((across, across_axis), (along, along_axis))
    ]
    wild = rounds and any(one is not None and is_wild(x, out, one.weights) for one in (across, along))
    isa = settings.isa_index()
    sweep(x, out, across_axis, lines[0], along_axis, lines[1], rounds, wild, width, isa, thread_count(threads))


def are_byte_means(x: Array, out: Array, across: Pass, along: Pass) -> bool:
    """Whether both passes are means of bytes that 16-bit numbers hold."""
    return (
        x.dtype == out.dtype == np.uint8
        and x.strides[along.axis] == out.strides[along.axis] == 1
        and all(
            one.weights is None
            and byte_means.fits(one.size, settings.isa_index())
            and (one.mode != "constant" or one.cval in range(256))
            for one in (across, along)
        )
    )


def run_byte_means(x: Array, out: Array, across: Pass, along: Pass, threads: int | None) -> None:
    lines = [line_of(one, out.shape[one.axis], 32, False) for one in (across, along)]
    outside = np.full(out.shape[along.axis], across.cval if across.mode == "constant" else 0, np.uint8)
    isa = settings.isa_index()
    byte_means.means(x, out, across.axis, lines[0], along.axis, lines[1], outside, isa, thread_count(threads))


def merged(shape: tuple[int, ...], across: int | None) -> tuple[tuple[int, ...], int | None]:
    """Return a shape with the axes that a sweep along one axis need not tell apart made one, and where that axis is."""
    if across is None:
        return ((prod(shape[:-1]), shape[-1]), 0) if len(shape) > 1 else (shape, None)
    return (prod(shape[:across]), shape[across], prod(shape[across + 1 :])), 1


def line_of(one: Pass, size: int, width: int, shares: bool) -> Line:
    weights = None if one.weights is None else one.weights.tobytes()
    make = short_line if one.size < KEPT else new_line
    return make(weights, one.size, one.left, one.mode, one.cval, size, width, shares)


def new_line(
    weights: bytes | None, taps: int, left: int, mode: str, cval: float, size: int, width: int, shares: bool
) -> Line:
    values = None
    if weights is not None:
        values = rounded(np.frombuffer(weights), f"f{width // 8}")
    elif shares and taps < PLAIN:
        values = np.full(taps, 1 / taps, f"f{width // 8}")
    return Line(taps, left, places_of(size, left, taps - 1 - left, mode), cval, values)


short_line = lru_cache(256)(new_line)


def rounded(weights: Array, dtype: str) -> Array:
    """Return weights in a precision in which their sum stays what it was: it tells what becomes of a constant.

    What rounding takes from the sum the largest weights get, all alike, to which it is a rounding too.
    """
    result = np.array(weights, dtype)
    if result.dtype == np.float64:
        return result
    lost = float(weights.sum() - result.sum(dtype=np.float64))
    if lost and np.isfinite(lost):
        sizes = np.abs(weights)
        largest = sizes == sizes.max()
        result[largest] += lost / np.count_nonzero(largest)
    return result


def thread_count(threads: int | None) -> int:
    return settings.thread_count("fastconv.ndimage", threads)


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
