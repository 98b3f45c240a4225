# SPDX-License-Identifier: BSD-3-Clause
"""Maximum, minimum, median and other rank filters of arrays of any axes, strides and real types.

Elements are compared as the type they are, NaN as larger than every number, as `numpy.sort` does. Results are elements of x,
or the constant, cast to the type of `out` as C casts. A constant that the type of x cannot hold makes all comparisons those
of doubles.

Beside the arrays a thread needs the rows its windows span, some hundred KiB; only an extreme along three axes or more whose
result has another type (or that compares doubles) makes an array of the size of x.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ... import settings
from ...kernels import _networks
from ...kernels import rank as kernels
from .arrays import Array

SHORT = 16  # elements of the last axis that are together a pixel, if a window has one of them
MEDIANS = (3, 5)  # sizes of squares with a kernel of their own
MOST_TAPS = 400  # of windows whose exchange network is worth making
VECTOR_BYTES = 64

# About how many operations on vectors an output takes of a kernel that has no network.
EXTREME_STEPS, MEDIAN_STEPS = 32, {3: 32, 5: 96}
# Cycles an output takes, measured on 512-bit vectors: for each operation of a network; and of a window that slides: to begin
# with, for each byte of an element and for each bit changed.
VECTOR_CYCLES, FOUND_CYCLES, BYTE_CYCLES, BIT_CYCLES = 1.4, 40.0, 5.0, 4.4


class Arranged(NamedTuple):
    """A call whose axes are planes, rows and pixels, and then the elements of a pixel, of which the lists know nothing."""

    x: Array
    out: Array
    footprint: Array
    left: tuple[int, ...]
    modes: tuple[str, ...]

    def moved(self, order: Sequence[int]) -> Arranged:
        """Return the call with its axes but the elements in another order."""
        x, out = (array.transpose((*order, len(order))) for array in (self.x, self.out))
        left, modes = tuple(self.left[axis] for axis in order), tuple(self.modes[axis] for axis in order)
        return Arranged(x, out, self.footprint.transpose(order), left, modes)

    @property
    def apart(self) -> Arranged:
        """The call with the elements of a pixel in planes of their own."""
        x, out = (np.moveaxis(array, -1, 0)[..., None] for array in (self.x, self.out))
        return Arranged(x, out, self.footprint[None], (0, *self.left), ("replicate", *self.modes))

    @property
    def reach(self) -> tuple[int, ...]:
        """How many planes of a window lie before the output's, along each leading axis."""
        return self.left[:-2]

    def run(self, window: kernels.Window, cval: float, wide: bool, largest: bool, threads: int) -> None:
        """Let the kernels filter x into out."""
        isa = settings.isa_index()
        kernels.run(window, self.x, self.out, self.left[-2:], self.modes, cval, wide, largest, isa, threads)


def arrange(x: Array, out: Array, footprint: Array, left: Sequence[int], modes: Sequence[str]) -> Arranged:
    """Return the call with its axes in the order of x in memory; a short last one that has no windows is a pixel's."""
    order = sorted(range(x.ndim), key=lambda axis: -abs(x.strides[axis]))
    last = order[-1]
    pixel = x.ndim > 1 and footprint.shape[last] == 1 and left[last] == 0 and x.shape[last] <= SHORT
    x, out = (array.transpose(order)[None] for array in (x, out))
    footprint = footprint.transpose(order)[None]
    before, borders = (0, *(left[axis] for axis in order)), ("replicate", *(modes[axis] for axis in order))
    if pixel:
        return Arranged(x, out, footprint[..., 0], before[:-1], borders[:-1])
    return Arranged(x[..., None], out[..., None], footprint, before, borders)


def needs_doubles(x: Array, out: Array, cval: float, modes: Sequence[str]) -> bool:
    """Return whether the constant as an element of x would have another order or give another result."""
    if "constant" not in modes or x.dtype == np.float64:
        return False
    if x.dtype == np.float32:
        with np.errstate(over="ignore"):
            return x.dtype != out.dtype and not math.isnan(cval) and float(np.float32(cval)) != cval
    if not math.isfinite(cval):
        return True
    least, most = (0, 1) if x.dtype == np.bool_ else (np.iinfo(x.dtype).min, np.iinfo(x.dtype).max)
    return not least <= math.trunc(cval) <= most or (x.dtype != out.dtype and math.trunc(cval) != cval)


def extreme(
    x: Array,
    out: Array,
    sizes: Sequence[int],
    left: Sequence[int],
    modes: Sequence[str],
    cval: float,
    largest: bool,
    threads: int | None,
) -> None:
    """Compute the maximum or minimum over a box into `out`.

    Parameters
    ----------
    x : ndarray
        Any number of axes from one on, any strides, a real native type.
    out : ndarray
        Of the shape of x, any real native type; it shares no memory with x.
    sizes, left, modes : sequences, one entry an axis
        Output i along an axis reads inputs i - left ... i - left + size - 1; outside lies the border of that word.
    cval : float
        What a border "constant" holds.
    largest : bool
        Maximum or minimum.
    threads : int, optional
        How many threads may work.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.empty(4, np.uint8)
    >>> extreme(np.array([1, 5, 2, 0], np.uint8), y, (3,), (1,), ("replicate",), 0.0, True, 1)
    >>> y.tolist()
    [5, 5, 5, 2]
    """
    if x.size == 0:
        return
    threads = settings.thread_count("extreme", threads)
    call = arrange(x, out, whole_box(tuple(sizes)), left, modes)
    box = call.footprint.shape
    axes = len(box)
    # The last two axes in one pass, each other one in a pass with windows of one pixel.
    idle = [size == 1 and before == 0 for size, before in zip(box, call.left, strict=True)]
    passes = [(axis, 1) for axis in range(axes - 2) if not idle[axis]]
    if not passes or not all(idle[-2:]):
        passes.insert(0, (axes - 2, box[-1]))
    wide = needs_doubles(x, out, cval, modes)
    source, target, last = call.x, call.out, len(passes) - 1
    if last and (wide or x.dtype != out.dtype):
        target = np.empty(call.x.shape, np.float64 if wide else x.dtype)
    for i, (axis, width) in enumerate(passes):
        if i == last:
            target = call.out
        step = call._replace(x=source, out=target)
        if axis != axes - 2:
            step = step.moved((*(other for other in range(axes - 1) if other != axis), axis, axes - 1))
        if source is target:
            step = step._replace(x=step.out)
        if axis < axes - 2:
            step = step._replace(left=(*step.left[:-1], 0))
        step.run(extreme_window(box[axis], width, axes - 2), cval, wide and i == 0, largest, threads)
        source = target


@lru_cache(maxsize=64)
def whole_box(sizes: tuple[int, ...]) -> Array:
    """Return the footprint of a box."""
    return np.broadcast_to(True, sizes)


@lru_cache(maxsize=64)
def extreme_window(rows: int, pixels: int, leading: int) -> kernels.Window:
    return kernels.Window(kernels.EXTREME, (rows, pixels), np.zeros((1, leading), np.int64), steps=EXTREME_STEPS)


def rank(
    x: Array,
    out: Array,
    footprint: Array,
    left: Sequence[int],
    modes: Sequence[str],
    cval: float,
    rank: int,
    threads: int | None,
    structure: Array | None = None,
) -> None:
    """Compute the element of one rank in a footprint into `out`.

    Parameters
    ----------
    x, out, left, modes, cval, threads
        As `extreme`.
    footprint : ndarray of bool
        As many axes as x, not all False: which inputs of a box count.
    rank : int
        How many of them are before the wanted one in sorted order, from 0 on; -1 is the last, and a maximum.
    structure : ndarray, optional
        Of the footprint's shape, with rank 0 or -1 only: subtracted from the inputs for a minimum, added for a maximum.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.empty(4, np.float32)
    >>> rank(np.array([1, 5, 2, 0], np.float32), y, np.ones(3, bool), (1,), ("replicate",), 0.0, 1, 1)
    >>> y.tolist()
    [1.0, 2.0, 2.0, 0.0]
    """
    if x.size == 0:
        return
    is_box = bool(footprint.all())
    if not is_box:
        kept = tuple(slice(int(places.min()), int(places.max()) + 1) for places in np.nonzero(footprint))
        footprint, structure = footprint[kept], structure if structure is None else structure[kept]
        left = tuple(n - part.start for n, part in zip(left, kept, strict=True))
    largest, last = rank != 0, int(np.count_nonzero(footprint)) - 1
    rank = last if rank < 0 else rank
    if structure is None and rank in (0, last) and (is_box or footprint.all()):
        extreme(x, out, footprint.shape, left, modes, cval, largest, threads)
        return
    threads = settings.thread_count("rank", threads)
    wide = structure is not None or needs_doubles(x, out, cval, modes)
    call = arrange(x, out, footprint, left, modes)
    if structure is not None:
        arranged = arrange(x, out, structure, left, modes).footprint
        window = grey_window(call.footprint, arranged, call.reach)
    else:
        shape, mask = call.footprint.shape, call.footprint.tobytes()
        itemsize = 8 if wide else x.itemsize
        network = network_window(shape, mask, call.reach, rank, itemsize)
        if network is None:
            call = call.apart
        window = network or sliding_window(call.footprint.shape, mask, call.reach, rank, itemsize)
    call.run(window, cval, wide, largest, threads)


def reach_and_taps(footprint: Array, left: Sequence[int]) -> tuple[Array, Array]:
    """Return where the planes of a window lie, and its taps as rows of all those planes and pixels."""
    planes = np.argwhere(footprint.any(axis=(-2, -1)))
    reach = (planes - np.asarray(left, np.int64)).astype(np.int64)
    parts = footprint[tuple(planes.T)].reshape(-1, footprint.shape[-1])
    return np.ascontiguousarray(reach), np.array(np.nonzero(parts), np.int32)


def grey_window(footprint: Array, structure: Array, left: Sequence[int]) -> kernels.Window:
    """Return the window of a grey extreme."""
    reach, taps = reach_and_taps(footprint, left)
    values = np.ascontiguousarray(structure[footprint], np.float64)
    return kernels.Window(kernels.GREY, footprint.shape[-2:], reach, taps, structure=values, steps=4 * len(values) + 32)


@lru_cache(maxsize=64)
def network_window(
    shape: tuple[int, ...], mask: bytes, left: tuple[int, ...], rank: int, itemsize: int
) -> kernels.Window | None:
    """Return the window of an exchange network, None if sliding is expected to be faster."""
    footprint = np.frombuffer(mask, bool).reshape(shape)
    size: Any = shape[-2:]
    reach, taps = reach_and_taps(footprint, left)
    count = taps.shape[1]
    if size in [(k, k) for k in MEDIANS] and count == len(reach) * size[0] ** 2 == size[0] ** 2 and rank == count // 2:
        return kernels.Window(kernels.MEDIAN, size, reach, steps=MEDIAN_STEPS[size[0]])
    column = len(reach) * size[0]
    columns, lines = None, taps
    if rank in (0, count - 1):
        across = _networks.extreme(count, rank > 0)
    elif count > MOST_TAPS:
        return None
    elif count == column * size[1] and min(column, size[1]) > 1:
        # Sorted columns are the lists that are merged; a list's lines follow each other.
        lines = np.ascontiguousarray(taps[:, np.lexsort((taps[0], taps[1]))])
        sorting = _networks.sorting(column)
        columns = kernels.Lines(sorting)
        across = _networks.selecting((column,) * size[1], rank)
    else:
        across = _networks.selecting((1,) * count, rank)
    exchanges = len(across.exchanges) + (columns.exchanges if columns else 0)
    if VECTOR_CYCLES * (2 * exchanges + count) * itemsize / VECTOR_BYTES > sliding_cycles(taps, itemsize):
        return None
    steps = 2 * exchanges + count + 32
    return kernels.Window(
        kernels.NETWORK, size, reach, lines, rank, columns=columns, across=kernels.Lines(across), steps=steps
    )


@lru_cache(maxsize=64)
def sliding_window(shape: tuple[int, ...], mask: bytes, left: tuple[int, ...], rank: int, itemsize: int) -> kernels.Window:
    """Return the window that slides along a row."""
    reach, taps = reach_and_taps(np.frombuffer(mask, bool).reshape(shape), left)
    steps = int(sliding_cycles(taps, itemsize))
    return kernels.Window(kernels.WINDOW, shape[-2:], reach, taps, rank, steps=steps)


def sliding_cycles(taps: Array, itemsize: int) -> float:
    """Return about how many cycles an output of a window that slides takes."""
    rows, pixels = taps
    runs = len(rows) - np.count_nonzero((np.diff(rows) == 0) & (np.diff(pixels) == 1))
    return FOUND_CYCLES + BYTE_CYCLES * itemsize + BIT_CYCLES * 2 * float(runs)
