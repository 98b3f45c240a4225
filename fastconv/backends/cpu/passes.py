# SPDX-License-Identifier: BSD-3-Clause
"""Linear filters along axes, one after the other: which of them share a sweep over the image, and in what precision."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from ... import settings
from ...kernels import byte_filters
from ...kernels.separable import sweep
from .arrays import Array

SINGLE = "fbB?hH"  # types that are computed in float32 where the result is float32
EXACT = float(1 << 24)  # whole numbers below it are exact in float32
PLAIN = 8  # below this size a mean is a sum of shares, if float32's guard or no rounding allows for their errors
KEPT = 4096  # reals of what is worked out for a filter and kept for the next call
BLEND_MOST, BLEND_WIDEST = 32, 1 << 14  # rows more or longer than that do not stay in cache as floats
MEAN_MOST = 2048  # means over more whole numbers come too close to whole ones for float32


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
    if across and along and (weights := byte_weights(x, out, across, along, rounds)) is not None:
        run_bytes(x, out, across, along, weights, threads)
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


def byte_weights(x: Array, out: Array, across: Pass, along: Pass, rounds: bool) -> list[Array] | None:
    """Return what byte_filters.filter wants to know of the weights, or None where the passes are not for it."""
    if not (is_whole(x) and x.itemsize == 1 and x.strides[along.axis] == 1 and out.strides[along.axis] == out.itemsize):
        return None
    weights = [one.weights for one in (across, along) if one.weights is not None]
    if is_whole(out) and not rounds and (out.itemsize == 1 or (out.itemsize == 2 and x.dtype.kind != "i")):
        return [one.astype(np.int64).astype(np.int16) for one in weights]
    if x.dtype == out.dtype == np.uint8 and all(one.mode != "constant" or one.cval in range(256) for one in (across, along)):
        if not weights and all(byte_filters.fits(one.size, settings.isa_index()) for one in (across, along)):
            return []
        if len(weights) == 2 and out.shape[along.axis] <= BLEND_WIDEST and all(is_blend(one) for one in weights):
            return [made for one in weights for made in (one.astype("f4"), np.ascontiguousarray(one, "f8"))]
    return None


def is_blend(weights: Array) -> bool:
    """Whether sums of bytes are bytes again, as means with weights are, and there are few of them."""
    return bool(weights.size <= BLEND_MOST and (weights >= 0).all() and weights.sum() < 1 + 2**-40)


def run_bytes(x: Array, out: Array, across: Pass, along: Pass, weights: list[Array], threads: int | None) -> None:
    lines = [line_of(one, out.shape[one.axis], 32, False) for one in (across, along)]
    outside = np.full(out.shape[along.axis], across.cval if across.mode == "constant" else 0, np.uint8)
    isa = settings.isa_index()
    byte_filters.filter(x, out, across.axis, lines[0], along.axis, lines[1], outside, weights, isa, thread_count(threads))


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
