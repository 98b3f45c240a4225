"""Boxes of planes by their definition: adaptive pooling and norms of windows. Plain loops in the oracle's wide types."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import oracle

Box = tuple[slice, ...]


def boxes(size: Sequence[int], out: Sequence[int]) -> Iterator[tuple[tuple[int, ...], Box]]:
    """Each output's place and its box: from floor(o n / k) to the ceiling of (o + 1) n / k."""
    for place in itertools.product(*map(range, out)):
        begins = (o * n // k for o, n, k in zip(place, size, out, strict=True))
        ends = (-((-(o + 1) * n) // k) for o, n, k in zip(place, size, out, strict=True))
        yield place, tuple(slice(begin, end) for begin, end in zip(begins, ends, strict=True))


def counts(size: Sequence[int], out: Sequence[int]) -> np.ndarray:
    """Elements of each box."""
    found = np.zeros(tuple(out), np.int64)
    for place, box in boxes(size, out):
        found[place] = np.prod([b.stop - b.start for b in box])
    return found


def average(x: object, out: Sequence[int]) -> np.ndarray:
    """The mean of each box of a batch of planes."""
    x = oracle.wide(x)
    y = np.zeros((*x.shape[:2], *out), x.dtype)
    with np.errstate(invalid="ignore"):
        for place, box in boxes(x.shape[2:], out):
            y[(..., *place)] = x[(..., *box)].sum(axis=tuple(range(2, x.ndim)))
        return y / counts(x.shape[2:], out)


def average_input(shape: Sequence[int], g: object) -> np.ndarray:
    """The gradient of `average`: each output's g over the size of its box, for every element of the box."""
    g = oracle.wide(g)
    dx, shares = np.zeros(tuple(shape), g.dtype), g / counts(shape[2:], g.shape[2:])
    for place, box in boxes(shape[2:], g.shape[2:]):
        dx[(..., *box)] += shares[(..., *place)][(..., *(None,) * len(place))]
    return dx


def maximum(x: object, out: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The maximum of each box and where in the plane it stands first, of NaNs too."""
    x = oracle.wide(x)
    places = np.arange(np.prod(x.shape[2:])).reshape(x.shape[2:])
    y, where = np.zeros((*x.shape[:2], *out), x.dtype), np.zeros((*x.shape[:2], *out), np.int64)
    for place, box in boxes(x.shape[2:], out):
        spots = places[box].ravel()
        flat = x[(..., *box)].reshape(*x.shape[:2], spots.size)
        first = np.argmax(flat, axis=-1)  # the first of equals, and the first NaN if there is one
        y[(..., *place)] = np.take_along_axis(flat, first[..., None], -1)[..., 0]
        where[(..., *place)] = spots[first]
    return y, where


def powers(x: np.ndarray, p: float) -> np.ndarray:
    """x**p; square roots of infinities as IEEE has them, and so torch: NaN below zero."""
    with np.errstate(all="ignore"):
        return np.sqrt(x) if p == 0.5 else 1 / np.sqrt(x) if p == -0.5 else np.power(x, p)


def norm(x: object, p: float, **window: object) -> np.ndarray:
    """The p-norm of each window: means by the oracle, times the elements of a whole window, and the root."""
    x = oracle.wide(x)
    rank = x.ndim - 2
    if p == np.inf:
        return oracle.max_pool(np.abs(x), **window)[0]
    taps = int(np.prod(oracle.per_axis(window["kernel"], rank)))
    return powers(oracle.avg_pool(powers(x, p), **window) * taps, 1 / p)


def norm_input(x: object, p: float, g: object, **window: object) -> np.ndarray:
    """The gradient of `norm`: g y**(1 - p) x**(p - 1), zero where y is."""
    x, g = oracle.wide(x), oracle.wide(g)
    rank, y = x.ndim - 2, norm(x, p, **window)
    taps = int(np.prod(oracle.per_axis(window["kernel"], rank)))
    with np.errstate(all="ignore"):
        share = np.where(y == 0, 0, g * powers(y, 1 - p)) * taps
    return oracle.avg_pool_input(x.shape, share, **window) * powers(x, p - 1)
