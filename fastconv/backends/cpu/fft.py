# SPDX-License-Identifier: BSD-3-Clause
"""Correlation with a large kernel of any shape, by overlap-save blocks and NumPy's real FFTs.

A block of the input is transformed, multiplied by the conjugate of the weights' transform and transformed back; of the
circular correlation that makes, the first n - k + 1 outputs of an axis are those of the definition (n: the block's length,
k: the kernel's), and only they are transformed back to the end. Blocks are as large as pays: the larger, the fewer of their
outputs are thrown away, until they no longer fit in L2. No block knows of another or of the thread that computes it.

NumPy's FFT is pocketfft, as SciPy's is, and since 2.0 as quick. It stays in float32 only where the result is scaled, so each
transform here is the orthonormal one. Before 2.0 it computes in double whatever it is given, and so does this then.

Accuracy: an output differs from the exact one by at most C u log2(N) ||x||_2 ||w||_1, with N points and x a block.
It is a bound by norms: beside a very large input value small outputs lose digits that direct summation keeps.

References
----------
Stockham, "High-speed convolution and correlation", Spring Joint Computer Conference, 1966 (overlap-save).
Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., chapter 24 (the error of an FFT).
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ... import settings
from ...kernels._cost import CLOCK, L2
from .arrays import Array

Box = tuple[slice, ...]

IS_SINGLE = int(np.__version__.partition(".")[0]) >= 2  # float32 stays float32, and results can go where they are told

# Cycles of both transforms and the product, for a point of a block and a factor of two of their number, by bytes of a real.
# Least squares over images of 100² to 2048², 128³ and a million points (Sapphire Rapids). LONE: how much dearer a point is
# with one axis, where no lines are transformed side by side; BEYOND: where a block and its transform leave L2; CALL: what
# one transform costs Python.
POINT = {4: 1.1, 8: 1.75}
LONE = 2.0
BEYOND = 1.3
CALL = 30_000.0
# Points of a block, unless the kernel itself needs more: then so many times the kernel's.
MOST_POINTS = 1 << 19
MOST_KERNELS = 4
CANDIDATES = 1 << 14  # combinations of lengths that are compared
KEPT = 256  # plans that are remembered
GUARD = 2.0**-12  # how far below an integer a sum may lie and count as that integer


class Plan(NamedTuple):
    """Points of a block's transform and outputs of a block, by axis; the cycles that all blocks are expected to take."""

    points: tuple[int, ...]
    outputs: tuple[int, ...]
    cycles: float


class Run(NamedTuple):
    """Places of a block's axis that are filled alike: from a slice of the image's axis, or with a value."""

    places: slice
    source: slice | None
    value: float = 0.0


def compute_dtype(x: Any, out: Any) -> Any:
    """Return the type of the arithmetic for these types; integers out are truncated, so they are summed in double."""
    is_single = IS_SINGLE and x in (np.float32, np.uint8, np.int8) and out == np.float32
    return np.dtype(np.float32 if is_single else np.float64)


# ---- blocks


@lru_cache(KEPT)
def fast_lengths(most: int) -> tuple[int, ...]:
    """Return the products of 2, 3, 5 and 7 up to the first that is not below `most`."""
    lengths, last = [1], 2 * most
    for factor in (2, 3, 5, 7):
        for length in lengths:  # grows meanwhile
            if length * factor < last:
                lengths.append(length * factor)
    lengths.sort()
    return tuple(lengths[: next(i for i, length in enumerate(lengths) if length >= most) + 1])


def lengths_of(size: int, taps: int, most: int) -> list[int]:
    """Return lengths of a block along an axis, for each number of blocks the shortest; at most so many."""
    shortest: dict[int, int] = {}
    for length in fast_lengths(size + taps - 1):
        if length >= taps:
            shortest.setdefault(-(-size // (length - taps + 1)), length)
    lengths = list(shortest.values())
    return lengths if len(lengths) <= most else [lengths[i * (len(lengths) - 1) // (most - 1)] for i in range(most)]


@lru_cache(KEPT)
def plan(shape: tuple[int, ...], kernel: tuple[int, ...], itemsize: int) -> Plan:
    """Return the blocks that cost least."""
    most = max(2, int(CANDIDATES ** (1 / len(shape))))
    axes = [lengths_of(size, taps, most) for size, taps in zip(shape, kernel, strict=True)]
    blocks, points = np.ones(()), np.ones(())
    for size, taps, lengths in zip(shape, kernel, np.ix_(*axes), strict=True):
        blocks = blocks * np.ceil(size / (lengths - taps + 1))
        points = points * lengths
    cycles = blocks * block_cycles(points, itemsize, len(shape))
    allowed = max(MOST_POINTS, MOST_KERNELS * math.prod(kernel))
    best = np.unravel_index(np.where(points <= max(allowed, points.min()), cycles, np.inf).argmin(), cycles.shape)
    chosen = tuple(axis[i] for axis, i in zip(axes, best, strict=True))
    outputs = tuple(n - taps + 1 for n, taps in zip(chosen, kernel, strict=True))
    return Plan(chosen, outputs, float(cycles[best]))


def block_cycles(points: Any, itemsize: int, axes: int) -> Any:
    """Return the cycles that blocks of so many points take each."""
    point = POINT[itemsize] * (LONE if axes == 1 else 1.0) * np.where(points * itemsize <= L2, 1.0, BEYOND)
    return points * np.log2(points + 1) * point + 2 * axes * CALL


def seconds(shape: Sequence[int], kernel: Sequence[int], dtype: Any) -> float:
    """Return the predicted time of a call with one thread.

    Parameters
    ----------
    shape, kernel : sequence of int
        Sizes of the image and of the weights.
    dtype : dtype
        Type of the arithmetic, `compute_dtype`.

    Examples
    --------
    >>> seconds((512, 512), (63, 63), "float32") < seconds((512, 512), (63, 63), "float64")
    True
    """
    if 0 in shape:
        return 0.0
    blocks = plan(tuple(shape), tuple(kernel), np.dtype(dtype).itemsize)
    weights = float(block_cycles(math.prod(blocks.points), 8, len(shape))) / 2
    return (blocks.cycles + weights) / CLOCK


def workspace(shape: Sequence[int], kernel: Sequence[int], dtype: Any, threads: int) -> int:
    """Return the most bytes that a call needs beside its arrays; `dtype` is that of the arithmetic."""
    if 0 in shape:
        return 0
    itemsize = np.dtype(dtype).itemsize
    blocks = plan(tuple(shape), tuple(kernel), itemsize)
    real = math.prod(blocks.points)
    spectrum = real // blocks.points[-1] * (blocks.points[-1] // 2 + 1) * 2
    # The weights' transform is made in double; after that each thread has a block and, without `out`, two spectra.
    return itemsize * spectrum + max(2 * 8 * spectrum, threads * itemsize * (real + 2 * spectrum))


# ---- borders


def runs(start: int, stop: int, size: int, mode: str, cval: float, points: int) -> list[Run]:
    """Return how places start ... stop - 1 of an axis are filled, and the rest of a block's `points` with zeros."""
    found, at = [], start
    while at < stop:
        length, source = _run(at, stop, size, "replicate" if size == 1 and mode != "constant" else mode)
        found.append(Run(slice(at - start, at - start + length), source, cval))
        at += length
    if stop - start < points:
        found.append(Run(slice(stop - start, points), None))
    return found


def _run(at: int, stop: int, size: int, mode: str) -> tuple[int, slice | None]:
    """Return how many places from `at` on are alike, and their source."""
    if mode in ("constant", "replicate") and not 0 <= at < size:
        edge = None if mode == "constant" else slice(0, 1) if at < 0 else slice(size - 1, size)
        return (stop if at >= 0 else min(stop, 0)) - at, edge
    period = {"symmetric": 2 * size, "reflect": 2 * size - 2}.get(mode, size)
    phase = at % period
    if phase < size:
        length = min(size - phase, stop - at)
        return length, slice(phase, phase + length)
    length, first = min(period - phase, stop - at), period - phase - (mode == "symmetric")
    return length, slice(first, first - length if first >= length else None, -1)


def gather(x: Array, lines: Sequence[Sequence[Run]], points: tuple[int, ...], dtype: Any) -> Array:
    """Return a block of the continued image; where it lies inside, as a view."""
    if x.dtype == dtype and all(len(line) == 1 and _is_span(line[0], n) for line, n in zip(lines, points, strict=True)):
        return x[tuple(line[0].source for line in lines)]
    block = np.empty(points, dtype)
    for pieces in itertools.product(*lines):
        filled = [piece.value for piece in pieces if piece.source is None]
        places = tuple(piece.places for piece in pieces)
        block[places] = filled[0] if filled else x[tuple(piece.source for piece in pieces)]
    return block


def _is_span(run: Run, points: int) -> bool:
    """Whether a run is so many neighbours of the image, in their order."""
    return run.source is not None and run.source.step is None and run.source.stop - run.source.start == points


# ---- the work


def correlate(
    x: Array,
    out: Array,
    weights: Array,
    left: tuple[int, ...],
    modes: tuple[str, ...],
    cval: float,
    threads: int | None,
    direct: Callable[[Box], object],
) -> None:
    """Fill `out` with the correlation of x with the weights: out[o] = sum over k of weights[k] * x[o - left + k].

    Parameters
    ----------
    x : ndarray
        Real and native-endian, of any strides and at least one axis; not modified.
    out : ndarray
        Of x's shape; real, any strides, not overlapping x. Integers get the sum truncated toward zero, modulo 2**bits.
    weights : ndarray
        Finite, float64, of as many axes as x and any size.
    left, modes, cval
        For each axis how many places before an output its first tap lies, and what continues the image ("constant",
        "replicate", "reflect", "symmetric" or "circular"); the value of "constant".
    threads : int, optional
        Threads at most; None for the setting. The bits do not depend on it.
    direct : callable
        Fills the outputs of one box (a slice for each axis of out) by the definition. It is asked for blocks that hold a
        value that is not finite, or whose sums overflow: a transform would spread it over the block. Called by the calling
        thread only, after all other blocks.

    Examples
    --------
    >>> x, y = np.arange(5.0), np.empty(5)
    >>> correlate(x, y, np.ones(3), (1,), ("constant",), 0.0, 1, lambda box: None)
    >>> y.round(12)
    array([1., 3., 6., 9., 7.])
    """
    if x.size == 0:
        return
    dtype = compute_dtype(x.dtype, out.dtype)
    blocks = plan(x.shape, weights.shape, dtype.itemsize)
    spectrum = transform_weights(weights, blocks.points, dtype)
    boxes = deque(boxes_of(x.shape, blocks.outputs))
    strange: list[Box] = []

    def compute(box: Box) -> None:
        lines = [
            runs(span.start - before, span.stop - before + taps - 1, size, mode, cval, points)
            for span, before, taps, size, mode, points in zip(
                box, left, weights.shape, x.shape, modes, blocks.points, strict=True
            )
        ]
        sums = correlate_block(gather(x, lines, blocks.points, dtype), spectrum, blocks.outputs)
        sums = sums[tuple(slice(span.stop - span.start) for span in box)]
        if np.isfinite(sums).all():
            deliver(sums, out[box])
        else:
            strange.append(box)

    share(boxes, compute, settings.thread_count("correlate", threads))
    for box in strange:
        direct(box)


@np.errstate(over="ignore")
def transform_weights(weights: Array, points: tuple[int, ...], dtype: Any) -> Array:
    """Return the conjugate of the weights' transform, made in double, in the arithmetic's precision."""
    padded = np.zeros(points)
    padded[tuple(slice(taps) for taps in weights.shape)] = weights
    spectrum = transform(padded)
    np.conj(spectrum, out=spectrum)
    spectrum *= math.sqrt(padded.size)  # of three orthonormal transforms, one too many
    return spectrum.astype(np.complex64 if dtype == np.float32 else np.complex128, copy=False)


def transform(block: Array) -> Array:
    """Return the transform of a real block."""
    spectrum = np.fft.rfft(block, norm="ortho")
    for axis in range(block.ndim - 1):
        spectrum = along(np.fft.fft, spectrum, axis)
    return spectrum


def along(each: Callable[..., Array], spectrum: Array, axis: int) -> Array:
    """Return a transform along one axis, in place of what it was made of where NumPy can."""
    in_place = {"out": spectrum} if IS_SINGLE else {}
    return each(spectrum, axis=axis, norm="ortho", **in_place)


def boxes_of(shape: Sequence[int], outputs: Sequence[int]) -> Iterator[Box]:
    """Cut an output into boxes of so many, smaller at the ends."""
    axes = [
        [slice(at, min(at + step, size)) for at in range(0, size, step)] for size, step in zip(shape, outputs, strict=True)
    ]
    return itertools.product(*axes)


def correlate_block(block: Array, weights: Array, outputs: tuple[int, ...]) -> Array:
    """Return the outputs of one block; each axis is cut to them before the next is transformed back."""
    spectrum = transform(block)
    spectrum *= weights
    for axis in range(block.ndim - 1):
        spectrum = along(np.fft.ifft, spectrum, axis)[(slice(None),) * axis + (slice(outputs[axis]),)]
    return np.fft.irfft(spectrum, n=block.shape[-1], norm="ortho")


def deliver(sums: Array, out: Array) -> None:
    """Store sums; in integers truncated toward zero, modulo 2**bits."""
    if out.dtype.kind == "f":
        out[...] = sums
        return
    whole = np.trunc(sums + np.copysign(GUARD, sums))
    whole -= 2.0**64 * np.floor(whole / 2.0**64 + 0.5)
    out[...] = whole.astype(np.int64)


def share(items: deque[Any], work: Callable[[Any], None], threads: int) -> None:
    """Do the work for all items on so many threads, the calling one among them."""

    def take_on() -> None:
        with np.errstate(all="ignore"):  # what is not finite is found and computed otherwise
            while items:
                try:
                    item = items.popleft()
                except IndexError:  # another thread was first
                    return
                work(item)

    others = min(threads, len(items)) - 1
    if others < 1:
        take_on()
        return
    with ThreadPoolExecutor(others) as pool:
        try:
            helpers = started(pool, take_on, others)
            take_on()
            for helper in helpers:
                helper.result()
        except BaseException:
            items.clear()  # the others stop after the block they have
            raise


def started(pool: ThreadPoolExecutor, work: Callable[[], None], count: int) -> list[Future[None]]:
    """Start so many threads, or as many as the system lets this process have."""
    helpers = []
    for _ in range(count):
        try:
            helpers.append(pool.submit(work))
        except RuntimeError:
            break
    return helpers
