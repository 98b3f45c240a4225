"""The definitions of filters against numbers worked by hand, and against SciPy."""

import cases
import filter_cases
import filter_oracle
import numpy as np
import pytest
import scipy.ndimage
import tolerance


@pytest.mark.parametrize(
    ("mode", "before", "after"),
    [
        ("constant", [-1] * 7, [-1] * 7),
        ("replicate", [0] * 7, [2] * 7),
        ("reflect", [1, 2, 1, 0, 1, 2, 1], [1, 0, 1, 2, 1, 0, 1]),
        ("symmetric", [0, 0, 1, 2, 2, 1, 0], [2, 1, 0, 0, 1, 2, 2]),
        ("circular", [2, 0, 1, 2, 0, 1, 2], [0, 1, 2, 0, 1, 2, 0]),
    ],
)
def test_places_beyond_a_line_of_three(mode: str, before: list[int], after: list[int]) -> None:
    assert [filter_oracle.place(i, 3, mode) for i in range(-7, 0)] == before
    assert [filter_oracle.place(i, 3, mode) for i in range(3, 10)] == after
    assert [filter_oracle.place(i, 1, mode) for i in (-2, 0, 2)] == ([-1, 0, -1] if mode == "constant" else [0, 0, 0])


def test_a_correlation_by_hand() -> None:
    x = np.array([1.0, 2.0, 4.0])
    assert filter_oracle.along(x, 0, np.array([1.0, 10.0]), 1, "constant", 5.0).tolist() == [15, 21, 42]
    assert filter_oracle.box(x, 0, 2, 0, "circular").tolist() == [1.5, 3, 2.5]


def test_a_tap_of_weight_zero_is_not_read() -> None:
    x = np.array([1, np.inf, 3, 4.0])
    assert filter_oracle.along(x, 0, np.array([1.0, 0, 1]), 1, "constant").tolist() == [np.inf, 4, np.inf, 3]


def test_how_integers_are_stored() -> None:
    values = np.array([1.75, -1.75, 255.5, 256.0, -1.0, 3 - 2.0**-13], np.longdouble)
    assert filter_oracle.stored(values, "uint8", 2.0**-12).tolist() == [1, 255, 255, 0, 255, 3]
    assert filter_oracle.stored(values, "int8", 0.0).tolist() == [1, -1, -1, 0, -1, 2]
    assert filter_oracle.stored(np.array([0.5, 1.5], np.longdouble), "bool").tolist() == [False, True]
    large = np.array([2.0, -3.0], np.longdouble) + np.array([2**63, 0], np.longdouble)
    assert filter_oracle.stored(large, "uint64").tolist() == [2**63 + 2, 2**64 - 3]


def test_ranks_by_hand() -> None:
    x, seen = np.array([3, 1, 2]), np.array([True, False, True])
    assert filter_oracle.rank(x, seen, (1,), ("replicate",), 0.0, 0).tolist() == [1, 2, 1]
    low, high = filter_oracle.grey(x, np.array([1.0, 0.0]), np.ones(2, bool), (0,), ("replicate",), 0.0)
    assert low.tolist() == [1, 0, 1]
    assert high.tolist() == [4, 2, 3]


def test_sums_without_nan_by_hand() -> None:
    x, weights = np.array([1, np.nan, 3, np.nan, np.nan, np.nan]), np.array([1.0, 2.0, 1.0])
    found = filter_oracle.omit(x, weights, (1,), ("reflect",), total=8.0)
    np.testing.assert_array_equal(found, [8 * 2 / 2, 8 * 4 / 2, 8 * 6 / 2, 8 * 3 / 1, np.nan, np.nan])
    x = np.array([1.0, np.nan, 3.0])
    assert filter_oracle.omit(x, np.ones(3), (1,), ("constant",), 2.0).tolist() == [4.5, 6.0, 7.5]
    assert filter_oracle.omit(x, np.ones(3), (1,), ("constant",), np.nan).tolist() == [3.0, 6.0, 9.0]
    assert np.isnan(filter_oracle.omit(x[1:2], np.ones(3), (1,), ("replicate",), 0.0)).all()


@pytest.mark.parametrize("theirs", [name for names in filter_cases.NAMES.values() for name in names])
def test_scipy_agrees(theirs: str) -> None:
    ours = next(word for word, names in filter_cases.NAMES.items() if theirs in names)
    rng = cases.rng_for("filter oracle", 0)
    x, weights = rng.integers(-9, 10, (4, 6)), rng.integers(-3, 4, (5, 8))
    kinds = (ours, ours)
    correlated = scipy.ndimage.correlate(x, weights, mode=theirs, cval=2)
    assert (filter_oracle.correlate(x, weights, (2, 4), kinds, 2.0) == correlated).all()
    ranked = scipy.ndimage.rank_filter(x, 3, footprint=weights != 0, mode=theirs, cval=2)
    assert (filter_oracle.rank(x, weights != 0, (2, 4), kinds, 2.0, 3) == ranked).all()


@pytest.mark.parametrize("order", range(5))
def test_derivatives_of_gaussians_are_scipys(order: int) -> None:
    impulse = np.zeros(21)
    impulse[10] = 1
    for sigma in (0.7, 1.0, 2.3):
        theirs = scipy.ndimage.gaussian_filter1d(impulse, sigma, order=order, radius=8, mode="constant")[2:19]
        size = np.abs(filter_oracle.gaussian(sigma, order, 8, sign=1))
        # The exponent reaches (8 / 0.7)**2 / 2 and is rounded three times.
        roundings = filter_cases.ROUNDINGS + 3 * (8 / 0.7) ** 2 / 2
        bound = tolerance.gamma(roundings, tolerance.unit_roundoff("float64")) * size + tolerance.smallest("float64")
        tolerance.check(theirs[::-1], filter_oracle.gaussian(sigma, order, 8), bound, f"sigma {sigma}, order {order}")
