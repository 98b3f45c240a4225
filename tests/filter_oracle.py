"""What filters of arrays are, written from their definitions: a map of places beyond the border, a loop over taps, sorting.

Everything is computed in longdouble, which holds every 64-bit integer, and shares nothing with the package. Borders have
the package's words: constant, replicate, reflect, symmetric, circular.
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


def read(x: np.ndarray, offsets: Sequence[int], modes: Sequence[str], cval: float) -> np.ndarray:
    """The array x[i + offsets], with what lies outside."""
    for axis, (offset, mode) in enumerate(zip(offsets, modes, strict=True)):
        places = np.array([place(i + offset, x.shape[axis], mode) for i in range(x.shape[axis])], np.intp)
        moved = np.take(x, places, axis=axis)
        line = [1] * x.ndim
        line[axis] = -1
        x = np.where((places == OUTSIDE).reshape(line), x.dtype.type(cval), moved)
    return x


def offsets(shape: Sequence[int], left: Sequence[int]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Each tap of a window and where it reads."""
    for tap in itertools.product(*map(range, shape)):
        yield tap, tuple(t - before for t, before in zip(tap, left, strict=True))


def correlate(
    x: np.ndarray, weights: np.ndarray, left: Sequence[int], modes: Sequence[str], cval: float = 0.0
) -> np.ndarray:
    """The sum over taps, unrounded; taps of weight zero are not read."""
    x = x.astype(np.longdouble)
    total = np.zeros(x.shape, np.longdouble)
    for tap, offset in offsets(weights.shape, left):
        if weights[tap] != 0:
            total = total + np.longdouble(weights[tap]) * read(x, offset, modes, cval)
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
    x = x.astype(np.longdouble)
    seen = [read(x, offset, modes, cval) for tap, offset in offsets(footprint.shape, left) if footprint[tap]]
    return np.sort(np.stack(seen), axis=0)[place]


def grey(
    x: np.ndarray, structure: np.ndarray, footprint: np.ndarray, left: Sequence[int], modes: Sequence[str], cval: float
) -> tuple[np.ndarray, np.ndarray]:
    """The least of x - structure and the largest of x + structure over a footprint."""
    x = x.astype(np.longdouble)
    taps = [(structure[tap], offset) for tap, offset in offsets(footprint.shape, left) if footprint[tap]]
    low = np.stack([read(x, offset, modes, cval) - value for value, offset in taps]).min(axis=0)
    return low, np.stack([read(x, offset, modes, cval) + value for value, offset in taps]).max(axis=0)


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


def omit(x: np.ndarray, weights: np.ndarray, left: Sequence[int], modes: Sequence[str], cval: float) -> np.ndarray:
    """The renormalised correlation: sum of all weights times sum of w x over sum of w, both over numbers only."""
    holes = np.isnan(x)
    over = correlate(np.where(holes, 0, x), weights, left, modes, cval)
    under = correlate(~holes, weights, left, modes, 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(under == 0, np.nan, weights.astype(np.longdouble).sum() * over / under)
