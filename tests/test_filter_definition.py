"""The definition of image filters agrees with SciPy, and with numbers worked by hand."""

import cases
import filter_definition as definition
import numpy as np
import pytest
from scipy import ndimage

SCIPY = {"constant": "constant", "replicate": "nearest", "reflect": "mirror", "symmetric": "reflect", "circular": "wrap"}


@pytest.mark.parametrize("mode", SCIPY)
def test_it_agrees_with_scipy(mode, rank):
    for index in range(5):
        rng = cases.rng_for("filter definition", 10 * index + rank)
        shape, kernel = (tuple(int(n) for n in rng.integers(2, 9, rank)) for _ in range(2))
        x, weights = cases.integers(rng, shape, "float64", 9), rng.integers(-3, 4, kernel).astype(float)
        left = tuple(int(rng.integers(0, taps)) for taps in kernel)
        origin = [before - taps // 2 for before, taps in zip(left, kernel, strict=True)]
        theirs = ndimage.correlate(x, weights, mode=SCIPY[mode], cval=2.0, origin=origin)
        np.testing.assert_array_equal(definition.correlate(x, weights, left, (mode,) * rank, 2.0), theirs)


def test_a_tap_of_weight_zero_is_not_read():
    x = np.array([1, np.inf, 3, 4.0])
    np.testing.assert_array_equal(
        definition.correlate(x, np.array([1.0, 0, 1]), (1,), ("constant",)), [np.inf, 4, np.inf, 3]
    )


def test_valid_taps_by_hand():
    x, weights = np.array([1, np.nan, 3, np.nan, np.nan, np.nan]), np.array([1.0, 2.0, 1.0])
    found = definition.correlate_valid(x, weights, (1,), ("reflect",), total=4.0)
    np.testing.assert_array_equal(found, [4 * 2 / 2, 4 * 4 / 2, 4 * 6 / 2, 4 * 3 / 1, np.nan, np.nan])
