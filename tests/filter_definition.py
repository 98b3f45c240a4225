"""Image filters by their definition, on the oracle: a correlation whose taps of weight zero are not read, and the same over
what is not NaN."""

from collections.abc import Sequence

import numpy as np
import oracle


def continued(x: np.ndarray, kernel: Sequence[int], left: Sequence[int], modes: Sequence[str], cval: float) -> np.ndarray:
    """`x` with all that a kernel of this shape reads around it."""
    pads = tuple((before, taps - 1 - before) for taps, before in zip(kernel, left, strict=True))
    return oracle.border(x[None, None], pads, [(mode, mode) for mode in modes], cval)[0, 0]


def correlate(
    x: np.ndarray, weights: np.ndarray, left: Sequence[int], modes: Sequence[str], cval: float = 0.0
) -> np.ndarray:
    """out[o] = sum over k of weights[k] * x[o - left + k], in float64 or x's longdouble."""
    around = continued(oracle.wide(x), weights.shape, left, modes, cval)
    sums = np.zeros(x.shape, around.dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        for tap, window in oracle.taps(weights.shape, x.shape, 1, 1):
            if weights[tap] != 0:
                sums += weights[tap] * around[window]
    return sums


def correlate_valid(
    x: np.ndarray, weights: np.ndarray, left: Sequence[int], modes: Sequence[str], cval: float = 0.0, total: float = 1.0
) -> np.ndarray:
    """`total` times the weighted sum of taps that are not NaN, over the sum of their weights; NaN where there is none."""
    around = continued(oracle.wide(x), weights.shape, left, modes, cval)
    there = ~np.isnan(around)
    sums, parts, count = (np.zeros(x.shape, around.dtype) for _ in range(3))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for tap, window in oracle.taps(weights.shape, x.shape, 1, 1):
            if weights[tap] != 0:
                sums += np.where(there[window], weights[tap] * around[window], 0)
                parts += np.where(there[window], weights[tap], 0)
                count += there[window]
        return np.where(count == 0, np.nan, total * sums / parts)
