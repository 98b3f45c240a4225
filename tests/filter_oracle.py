"""What filters of arrays are, written from their definitions: a map of places beyond the border, a loop over taps, sorting.

Everything is computed in longdouble, which holds every 64-bit integer, and shares nothing with the package. Borders have
the package's words: constant, replicate, reflect, symmetric, circular. An output reads `left` elements before its own.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

OUTSIDE = -1


def place(i: int, n: int, mode: str) -> int:
    """The element that place i of a line of n reads, or OUTSIDE."""
    if 0 <= i < n:
        return i
    if mode == "constant":
        return OUTSIDE
    if mode == "replicate":
        return 0 if i < 0 else n - 1
    if mode == "circular":
        return i % n
    if mode == "symmetric":
        i %= 2 * n
        return i if i < n else 2 * n - 1 - i
    if n == 1:
        return 0
    i %= 2 * (n - 1)
    return i if i < n else 2 * (n - 1) - i


def continued(
    x: np.ndarray, shape: Sequence[int], left: Sequence[int], modes: Sequence[str], cval: float = 0.0
) -> np.ndarray:
    """The array with all that a window of this shape reads around it."""
    if x.size == 0:
        return np.full([n + size - 1 for n, size in zip(x.shape, shape, strict=True)], cval, x.dtype)
    for axis, (size, before, mode) in enumerate(zip(shape, left, modes, strict=True)):
        n = x.shape[axis]
        places = np.array([place(i, n, mode) for i in range(-before, n + size - 1 - before)], np.intp)
        line = [1] * x.ndim
        line[axis] = -1
        x = np.where((places == OUTSIDE).reshape(line), x.dtype.type(cval), np.take(x, places, axis=axis))
    return x


def taps(around: np.ndarray, shape: Sequence[int]) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """Each tap of a window, and what it reads for every output."""
    for tap in itertools.product(*map(range, shape)):
        ends = (n - size + 1 + t for n, size, t in zip(around.shape, shape, tap, strict=True))
        yield tap, around[tuple(map(slice, tap, ends))]


def correlate(
    x: np.ndarray, weights: np.ndarray, left: Sequence[int], modes: Sequence[str], cval: float = 0.0
) -> np.ndarray:
    """The sum over taps, unrounded: out[i] = sum of weights[k] x[i - left + k]; taps of weight zero are not read."""
    around = continued(x.astype(np.longdouble), weights.shape, left, modes, cval)
    total = np.zeros(x.shape, np.longdouble)
    with np.errstate(invalid="ignore", over="ignore"):
        for tap, seen in taps(around, weights.shape):
            if weights[tap] != 0:
                total += np.longdouble(weights[tap]) * seen
    return total


def box(x: np.ndarray, axis: int, size: int, left: int, mode: str, cval: float = 0.0) -> np.ndarray:
    """The mean of `size` elements along an axis, unrounded."""
    return along(x, axis, np.ones(size), left, mode, cval) / size


def along(x: np.ndarray, axis: int, weights: np.ndarray, left: int, mode: str, cval: float = 0.0) -> np.ndarray:
    """The correlation along one axis, unrounded."""
    shape, lefts = [1] * x.ndim, [0] * x.ndim
    shape[axis], lefts[axis] = weights.size, left
    return correlate(x, weights.reshape(shape), lefts, (mode,) * x.ndim, cval)


def stored(values: np.ndarray, dtype: object, guard: float = 0.0) -> np.ndarray:
    """Values as an array of this type has them: integers truncated toward zero after a guard away from it, and wrapped."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return values.astype(dtype)
    whole = np.trunc(values + np.copysign(np.longdouble(guard), values))
    if dtype.kind == "b":
        return whole != 0
    bits = np.longdouble(2) ** (8 * dtype.itemsize)
    wrapped = whole - bits * np.floor(whole / bits)  # in [0, 2 ** bits)
    return wrapped.astype(f"u{dtype.itemsize}").view(dtype)


def rank(
    x: np.ndarray, footprint: np.ndarray, left: Sequence[int], modes: Sequence[str], cval: float, place: int
) -> np.ndarray:
    """The element at a place of the sorted elements of a footprint, in longdouble."""
    around = continued(x.astype(np.longdouble), footprint.shape, left, modes, cval)
    return np.sort(np.stack([seen for tap, seen in taps(around, footprint.shape) if footprint[tap]]), axis=0)[place]


def grey(
    x: np.ndarray, structure: np.ndarray, footprint: np.ndarray, left: Sequence[int], modes: Sequence[str], cval: float
) -> tuple[np.ndarray, np.ndarray]:
    """The least of x - structure and the largest of x + structure over a footprint."""
    around = continued(x.astype(np.longdouble), footprint.shape, left, modes, cval)
    read = [(structure[tap], seen) for tap, seen in taps(around, footprint.shape) if footprint[tap]]
    return np.min([seen - value for value, seen in read], axis=0), np.max([seen + value for value, seen in read], axis=0)


def gaussian(sigma: float, order: int, radius: int, sign: int = -1) -> np.ndarray:
    """Weights of a correlation with a Gaussian's derivative, from the Hermite polynomials.

    The n-th derivative of exp(-t**2 / 2) is (-1)**n He_n(t) exp(-t**2 / 2); correlation reads it turned around. With `sign`
    1, and the absolute value taken, it is what the polynomial's terms add up to without their signs.
    """
    t = np.arange(-radius, radius + 1).astype(np.longdouble) / np.longdouble(sigma)
    bell = np.exp(-t * t / 2)
    before, hermite = np.zeros_like(t), np.ones_like(t)
    for n in range(order):
        before, hermite = hermite, t * hermite + sign * n * before
    return hermite * bell / bell.sum() / np.longdouble(sigma) ** order


def omit(
    x: np.ndarray,
    weights: np.ndarray,
    left: Sequence[int],
    modes: Sequence[str],
    cval: float = 0.0,
    total: float | None = None,
) -> np.ndarray:
    """The renormalised correlation: total, or the sum of all weights, times sum of w x over sum of w, over numbers only.

    NaN where no tap whose weight is not zero meets a number; the value outside is one, unless it is NaN.
    """
    edge = not np.isnan(cval)
    there = ~np.isnan(x)
    over = correlate(np.where(there, x, 0), weights, left, modes, cval if edge else 0.0)
    under = correlate(there, weights, left, modes, float(edge))
    reached = correlate(there, weights != 0, left, modes, float(edge)) > 0
    total = weights.astype(np.longdouble).sum() if total is None else total
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(reached, total * over / under, np.nan)
