"""Filters that leave NaN out, held to the definition: every rank, border, layout, instruction set and number of threads."""

import cases
import filter_oracle
import numpy as np
import pytest
import tolerance
from guard_pages import Guarded

import fastconv as fc
from fastconv.backends.cpu.nan_omit import omit_nans
from fastconv.kernels import nan_omit as kernels

MODES = ("constant", "replicate", "reflect", "symmetric", "circular")


class Filter:
    """A correlation by its definition, in the form that omit_nans calls; remembers what it was asked."""

    def __init__(self, weights, left, modes):
        self.weights, self.left, self.modes = weights, left, modes
        self.calls = []

    def __call__(self, x, out, cval):
        self.calls.append((x, out, cval))
        out[...] = filter_oracle.correlate(x, self.weights, self.left, self.modes, cval)

    def reach(self, there, out, cval):
        out[...] = filter_oracle.correlate(there, (self.weights != 0).astype(float), self.left, self.modes, cval)


def omitted(x, weights, left, modes, cval=0.0, threads=1, dtype=None):
    out = np.full(x.shape, 7, dtype or x.dtype)
    omit_nans(x, out, Filter(weights, left, modes), weights.sum(), cval, threads)
    return out


def draw(index, rank, dtype, share):
    """A random image, that share of it NaN, and a kernel without negative weights."""
    rng = cases.rng_for("nan omit", 10 * index + rank)
    most = {1: 90, 2: 24, 3: 9}[rank]
    shape, kernel = (tuple(int(n) for n in rng.integers(1, limit, rank)) for limit in (most, 8))
    x = cases.integers(rng, shape, dtype, 100)
    x[rng.random(shape) < share] = np.nan
    weights = rng.integers(0, 4, kernel).astype(float)
    weights[(0,) * rank] = 1
    left = tuple(int(rng.integers(0, taps)) for taps in kernel)
    return x, weights, left, tuple(str(mode) for mode in rng.choice(MODES, rank)), float(rng.integers(-9, 9))


def judge(out, x, weights, left, modes, cval):
    """Sums of integers are exact: what rounds is the total, the division and the product."""
    reference = filter_oracle.omit(x, weights, left, modes, cval, weights.sum())
    bound = tolerance.gamma(4, tolerance.unit_roundoff(out.dtype)) * np.abs(reference)
    tolerance.check(out, reference, bound, f"{x.shape} {weights.shape} {left} {modes}")


@pytest.mark.parametrize("share", [0.02, 0.5, 1.0])
@pytest.mark.usefixtures("isa")
def test_every_border_and_rank(rank, dtype, share):
    for index in range(20):
        x, weights, left, modes, cval = draw(index, rank, dtype, share)
        out = omitted(x, weights, left, modes, cval, threads=1 + index % 3)
        judge(out, x, weights, left, modes, cval)


@pytest.mark.parametrize("size", [1, 2, 15, 16, 17, 33, (1 << 15) - 1, 1 << 15, (1 << 16) + 5])
@pytest.mark.usefixtures("isa")
def test_every_length_finds_splits_and_divides(size, dtype):
    index, row = fc.settings.isa_index(), np.arange(1, size + 1).astype(dtype)
    for step in (1, 2, -1, -3):
        x = np.repeat(row, abs(step))[::step]
        assert not kernels.has_nan(x, index, 2)
        for at in {0, size // 2, size - 1}:
            x = np.repeat(row, abs(step))[::step]
            x[at] = np.nan
            assert kernels.has_nan(x, index, 2)
            values, there = np.full(size, 7, dtype), np.full(size, 7, dtype)
            kernels.split(x, values, there, index, 2)
            np.testing.assert_array_equal(values, np.nan_to_num(x))
            np.testing.assert_array_equal(there, np.arange(size) != at)
            y = np.repeat(row, abs(step))[::step]
            kernels.divide(y, y.copy(), there, 0.5, index, 2)
            np.testing.assert_array_equal(y, np.where(there, 0.5, np.nan))


def test_any_strides_and_the_input_unchanged(dtype):
    rng = cases.rng_for("nan omit layouts", 0)
    whole = cases.integers(rng, (6, 30, 40), dtype, 50)
    whole[rng.random(whole.shape) < 0.1] = np.nan
    weights, rest = np.ones((3, 3, 3)), ((1, 1, 1), ("reflect", "circular", "constant"))
    for view in (lambda a: a.T, lambda a: a[:, ::-2, 1::3], np.asfortranarray, lambda a: a.transpose(1, 0, 2)[::2]):
        x = view(whole)
        before, out = x.copy(), view(np.zeros_like(whole))
        omit_nans(x, out, Filter(weights, *rest), 27.0, 2.0, 2)
        judge(out, x, weights, *rest, 2.0)
        np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("side", ["start", "end"])
@pytest.mark.usefixtures("isa")
def test_nothing_beside_the_arrays_is_touched(side, dtype):
    index = fc.settings.isa_index()
    for size in (1, 7, 16, 19, 32, 61):
        x, values, there, y = (Guarded(np.arange(1, size + 1, dtype=dtype), side) for _ in range(4))
        apart = Guarded(np.arange(3 * size, dtype=dtype), side)
        for array in (x.array, apart.array[::3], apart.array[::-3]):
            assert not kernels.has_nan(array, index, 1)
            kernels.split(array, values.array, there.array, index, 1)
        for array in (y.array, apart.array[::3], apart.array[::-3]):
            kernels.divide(array, x.array, there.array, 1.0, index, 1)
        assert all(guarded.intact() for guarded in (x, values, there, y, apart))


def test_what_a_strided_output_does_not_cover_stays():
    x = np.arange(60, dtype=np.float32).reshape(6, 10)
    x[2, 3] = np.nan
    around = np.full((13, 31), 7, np.float32)
    omit_nans(x, around[1::2, 1::3], Filter(np.ones((3, 3)), (1, 1), ("reflect", "reflect")), 1.0, 0.0, 2)
    assert (around != 7).sum() == 60
    assert (around[::2] == 7).all()


def test_any_number_of_threads_gives_the_same_bits(dtype):
    x = cases.floats(cases.rng_for("nan omit threads", 0), (700, 300), dtype)
    x[::7, ::3] = np.nan

    def apply(values, out, cval):
        np.multiply(values, 3, out=out)

    results = []
    for threads in cases.THREADS:
        out = np.empty_like(x)
        omit_nans(x, out, apply, 3.0, 0.0, threads)
        results.append(out.tobytes())
    assert len(set(results)) == 1


def test_without_nan_the_filter_runs_once_on_the_image_itself():
    for x in (np.arange(12.0).reshape(3, 4), np.arange(12).reshape(3, 4), np.array([[np.inf, -np.inf]])):
        apply, out = Filter(np.ones((1, 3)), (0, 1), ("constant", "constant")), np.empty(x.shape)
        omit_nans(x, out, apply, 99.0, 5.0, 1)
        assert [(call[0] is x, call[1] is out, call[2]) for call in apply.calls] == [(True, True, 5.0)]


def test_infinities_stay_where_the_definition_has_them():
    x = np.array([1, np.nan, np.inf, 2, 3, -np.inf, np.nan, np.inf, 4, 5], np.float32)
    weights, rest = np.array([1.0, 0.0, 2.0]), ((1,), ("symmetric",))
    judge(omitted(x, weights, *rest), x, weights, *rest, 0.0)


def test_weights_that_cancel_divide_by_zero_and_no_weights_give_nan():
    x = np.array([1, np.nan, 3, 5, np.nan, np.nan, np.nan, np.nan, 4], np.float64)
    found = omitted(x, np.array([1.0, 1.0, -1.0]), (1,), ("constant",))
    np.testing.assert_array_equal(found, [0.5, -np.inf, -np.inf, 4, 5, np.nan, np.nan, 4, np.inf])


@pytest.mark.usefixtures("isa")
def test_a_filter_that_leaves_roundings_is_told_what_it_reaches(dtype):
    x = np.full((40, 50), np.nan, dtype)
    x[3:9, 4:7] = 2
    exact = Filter(np.ones((5, 5)), (2, 2), ("constant", "constant"))

    def rounded(values, out, cval):
        exact(values, out, cval)
        out += np.finfo(dtype).eps

    out = np.empty_like(x)
    omit_nans(x, out, rounded, 25.0, np.nan, 2, exact.reach)
    reference = filter_oracle.omit(x, exact.weights, exact.left, exact.modes, np.nan, 25.0)
    np.testing.assert_array_equal(np.isnan(out), np.isnan(reference))
    np.testing.assert_allclose(out, reference, rtol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize("kind", ["float32", "int16"])
def test_a_constant_border_of_nan_is_left_out(kind):
    x = np.arange(1, 31).reshape(5, 6).astype(kind)
    weights, rest = np.ones((3, 5)), ((1, 2), ("constant", "constant"))
    out = omitted(x, weights, *rest, np.nan, dtype=np.float32)
    judge(out, x, weights, *rest, np.nan)


def test_double_output_of_a_single_image():
    x = np.arange(20, dtype=np.float32)
    x[5:8] = np.nan
    weights, rest = np.array([1.0, 2.0, 1.0]), ((1,), ("reflect",))
    out = omitted(x, weights, *rest, dtype=np.float64)
    judge(out, x, weights, *rest, 0.0)


def test_nothing_to_do():
    assert omitted(np.empty((0, 4), np.float32), np.ones((3, 3)), (1, 1), ("constant", "constant")).shape == (0, 4)
