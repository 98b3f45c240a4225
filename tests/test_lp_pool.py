"""Sums and p-norms of windows, and their gradients, against the definition."""

from functools import partial

import box_oracle
import calls
import cases
import numpy as np
import oracle
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F
import fastconv.grad

CASES = min(cases.CASES, 96)
CHUNK = pytest.mark.parametrize("chunk", range(cases.CHUNKS))
NORMS = (1, 2, 3, float("inf"), 0.5, 1.5, 2.5, 4, 7.25)
UNITS = 2  # roundings that a unit in the last place is worth


def drawn(stream: str, rank: int, index: int) -> tuple[np.random.Generator, cases.PoolCase, dict, str]:
    """A window, as the functions and as the oracle have it."""
    rng = cases.rng_for(f"{stream}{rank}d", index)
    case = cases.draw_pool(rng, rank, "avg")
    options = {k: v for k, v in case.options.items() if k not in ("count_include_pad", "divisor_override")}
    case = cases.PoolCase(rank, case.dtype, case.input_shape, options)
    return rng, case, cases.oracle_pool_options(options), cases.told(stream, index, case)


def layouts(rank: int, *arrays: np.ndarray) -> list[tuple[dict, list[np.ndarray]]]:
    """The arrays with their channels first and last, and the options that say so."""
    return [({}, list(arrays)), ({"data_format": calls.LAST[rank]}, [calls.to_last(a, rank) for a in arrays])]


def first(array: np.ndarray, how: dict, rank: int) -> np.ndarray:
    """The array with its channels first."""
    return calls.to_first(array, rank) if how else array


def norm_bound(y: np.ndarray, case: cases.PoolCase, p: float) -> np.ndarray:
    """Relative errors of powers, their sum and its scaling shrink by the root, which adds its own."""
    taps = int(np.prod(oracle.per_axis(case.options["kernel_size"], case.rank)))
    size = np.where(np.isfinite(y) & (y != 0), np.abs(y), 1)
    roundings = (taps + UNITS + 4) / p + UNITS + 1 + np.abs(np.log(size))  # the last: that of 1 / p
    return roundings * 1.01 * tolerance.unit_roundoff(case.dtype) * size + tolerance.smallest(case.dtype)


@CHUNK
def test_sums_and_their_gradient_are_exact_on_integers(rank: int, chunk: int) -> None:
    pool, back = getattr(F, f"sum_pool{rank}d"), getattr(fastconv.grad, f"sum_pool{rank}d_input")
    for index in cases.indices_of(chunk, CASES):
        rng, case, window, words = drawn("sum_pool", rank, index)
        x = cases.integers(rng, case.input_shape, case.dtype, 9)
        y = case.lower(oracle.avg_pool(case.lift(x), **window, divisor_override=1))
        g = cases.integers(rng, y.shape, case.dtype)
        dx = case.lower(oracle.avg_pool_input(case.batch_shape, case.lift(g), **window, divisor_override=1))
        assert np.vdot(y, g) == np.vdot(x.astype(float), dx), words
        for isa in fc.available_isas():
            with fc.override(isa=isa):
                for how, (a, h) in layouts(rank, x, g):
                    how |= {"num_threads": 1 + index % 3}
                    last = how if "data_format" in how else {}
                    tolerance.check_equal(first(pool(a, **case.options, **how), last, rank), y, f"{words} {isa}")
                    tolerance.check_equal(first(back(a.shape, h, **case.options, **how), last, rank), dx, f"{words} {isa}")


@CHUNK
def test_norms_and_their_gradient(rank: int, chunk: int) -> None:
    pool, back = getattr(F, f"lp_pool{rank}d"), getattr(fastconv.grad, f"lp_pool{rank}d_input")
    for index in cases.indices_of(chunk, CASES):
        rng, case, window, words = drawn("lp_pool", rank, index)
        p = NORMS[index // cases.CHUNKS % len(NORMS)]
        x = cases.floats(rng, case.input_shape, case.dtype)
        if p not in (2, 4, float("inf")):
            x = np.abs(x)  # sums of both signs have no bound of their own
        wide = cases.exact(case.lift(x))
        y = case.lower(box_oracle.norm(wide, p, **window))
        bound = np.zeros(()) if p == np.inf else norm_bound(y, case, p)
        g = cases.floats(rng, y.shape, case.dtype)
        for isa in fc.available_isas():
            with fc.override(isa=isa):
                for how, (a, h) in layouts(rank, x, g):
                    told = f"{words} p={p} {isa} {how}"
                    value = pool(a, p, **case.options, **how, num_threads=1)
                    assert value.tobytes() == pool(a, p, **case.options, **how, num_threads=3).tobytes(), told
                    tolerance.check(first(value, how, rank), y, bound, told)
                    slopes = back(a, value, h, p, **case.options, **how, num_threads=1)
                    assert slopes.tobytes() == back(a, value, h, p, **case.options, **how, num_threads=3).tobytes(), told
                    if p != np.inf:
                        check_slopes(first(slopes, how, rank), x, g, case, p, window, told)
                    if case.batched and len(x) > 1:
                        assert pool(a[1:], p, **case.options, **how).tobytes() == value[1:].tobytes(), told


def check_slopes(
    slopes: np.ndarray, x: np.ndarray, g: np.ndarray, case: cases.PoolCase, p: float, window: dict, told: str
) -> None:
    """A share has the error of y, |1 - p|-fold, and a few roundings; shares are added up, and x's power multiplies them."""
    wide = cases.exact(case.lift(x))
    right = case.lower(box_oracle.norm_input(wide, p, case.lift(cases.exact(g)), **window))
    size = case.lower(box_oracle.norm_input(np.abs(wide), p, case.lift(np.abs(cases.exact(g))), **window))
    taps = int(np.prod(oracle.per_axis(case.options["kernel_size"], case.rank)))
    roundings = abs(1 - p) * ((taps + UNITS + 4) / p + UNITS + 8) + taps + 2 * UNITS + 6
    tiny = float(np.finfo(case.dtype).tiny)
    tolerance.check(slopes, right, tolerance.gamma(roundings, tolerance.unit_roundoff(case.dtype)) * size + tiny, told)


@pytest.mark.parametrize("p", NORMS)
def test_the_gradient_is_the_slope(p: float, rank: int) -> None:
    """Central differences in float64."""
    rng = cases.rng_for("lp slope", rank)
    x = np.abs(cases.floats(rng, (1, 2, *(5, 4, 4)[:rank]), "float64")) + 0.5
    window = {"kernel_size": 2, "stride": 1, "padding": 1, "ceil_mode": True}
    pool = getattr(F, f"lp_pool{rank}d")
    y = pool(x, p, **window)
    g = cases.floats(rng, y.shape, "float64")
    slope, step = getattr(fastconv.grad, f"lp_pool{rank}d_input")(x, y, g, p, **window), 1e-6
    for at in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[at] += step
        down[at] -= step
        measured = np.vdot(pool(up, p, **window) - pool(down, p, **window), g) / (2 * step)
        assert abs(measured - slope[at]) <= 1e-7 * (1 + abs(slope[at]) + np.abs(g).sum())


@pytest.mark.parametrize("p", NORMS)
def test_nan_infinities_zeros_and_signs_are_where_the_definition_has_them(p: float, rank: int, isa: str, dtype: str) -> None:
    for index in range(20):
        rng = cases.rng_for("lp special", 10 * index + rank)
        case = cases.draw_pool(rng, rank, "avg")
        options = {k: v for k, v in case.options.items() if k not in ("count_include_pad", "divisor_override")}
        x = cases.integers(rng, case.input_shape, dtype, 2)
        for special in (np.nan, np.inf, -np.inf, -0.0):
            x[rng.random(x.shape) < 0.06] = special
        y = case.lower(box_oracle.norm(cases.exact(case.lift(x)), p, **cases.oracle_pool_options(options)))
        bound = norm_bound(y, cases.PoolCase(rank, dtype, x.shape, options), p) + 64 * tolerance.unit_roundoff(dtype)
        for how, (a,) in layouts(rank, x):
            value = first(getattr(F, f"lp_pool{rank}d")(a, p, **options, **how), how, rank)
            # A sum of odd powers that is zero but for rounding may be of either sign; of integers all sums are exact.
            if p in (1, 2, 3, 4, np.inf):
                tolerance.check(value, y, bound, f"{index} {how}")


def test_where_a_norm_is_zero_its_gradient_is_zero(rank: int, isa: str, dtype: str) -> None:
    x = np.zeros((1, 3, *(4,) * rank), dtype)
    for p in (1, 2, 3, 2.5):
        y = getattr(F, f"lp_pool{rank}d")(x, p, 2)
        assert (y == 0).all()
        assert (getattr(fastconv.grad, f"lp_pool{rank}d_input")(x, y, np.ones_like(y), p, 2) == 0).all()


def test_well_known_norms_are_exact(isa: str, dtype: str) -> None:
    x = np.array([[[[3, 4, 0, 5], [0, 0, 12, 0]]]], dtype)
    assert F.lp_pool2d(x, 2, 2).ravel().tolist() == [5, 13]
    assert F.lp_pool2d(x, 1, 2).ravel().tolist() == [7, 17]
    assert F.lp_pool2d(-x, float("inf"), 2).ravel().tolist() == [4, 12]
    cubes = F.lp_pool1d(np.array([[[3, 4, 5]]], dtype), 3, 3)
    assert abs(cubes.item() - 6) <= 6 * np.finfo(dtype).eps
    cut = F.lp_pool1d(np.array([[[3, 4, 5]]], dtype), 2, 2, ceil_mode=True)
    np.testing.assert_allclose(cut, [[[5, np.sqrt(50)]]], rtol=2 * np.finfo(dtype).eps)


@pytest.mark.parametrize("p", [0.3, 0.5, 1.7, 2.5, 5, 11.3])
def test_powers_are_within_a_unit_in_the_last_place(p: float, isa: str, dtype: str) -> None:
    """Windows of one element: x**p and its root undo each other, up to the errors of both."""
    rng = cases.rng_for("powers", 0)
    x = np.exp(rng.uniform(-6, 6, 3000)).astype(dtype)
    y = F.lp_pool1d(x[None], p, 1)[0]
    u = tolerance.unit_roundoff(dtype)
    roundings = (UNITS + 1) * (1 + 1 / p) + np.abs(np.log(x))  # the last: that of 1 / p
    tolerance.check(y, x, 1.01 * roundings * u * x, f"p={p}")
    for edge in (0.0, np.inf, np.nan, float(np.finfo(dtype).tiny), float(np.finfo(dtype).max)):
        alone = F.lp_pool1d(np.full((1, 1), edge, dtype), 1.5, 1).item()
        assert np.isnan(alone) if np.isnan(edge) else alone >= 0


def test_larger_planes_have_the_same_bits_for_any_number_of_threads(isa: str, dtype: str) -> None:
    x = np.abs(cases.floats(cases.rng_for("lp larger", 0), (2, 33, 61, 67), dtype))
    for how, (a,) in layouts(2, x):
        for p in (2, 2.5):
            y = F.lp_pool2d(a, p, 3, 2, **how)
            for call in (
                partial(F.lp_pool2d, a, p, 3, 2, **how),
                partial(fastconv.grad.lp_pool2d_input, a, y, y, p, 3, 2, **how),
            ):
                assert len({call(num_threads=t).tobytes() for t in (1, 2, 3, 7)}) == 1
