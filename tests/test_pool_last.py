"""Pooling with the channels last: the numbers and switches of the definition, in the other order."""

import calls
import cases
import numpy as np
import oracle
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F

CASES = min(cases.CASES, 400)
CHUNK = pytest.mark.parametrize("chunk", range(cases.CHUNKS))


def special(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Few different numbers, so that many are equal, with nan and -inf among them."""
    a = cases.integers(rng, shape, dtype, 2)
    for value, share in ((-np.inf, 0.3), (np.nan, 0.02), (np.inf, 0.02)):
        a[rng.random(shape) < share] = value
    return a


def wider(rng: np.random.Generator, case: cases.PoolCase) -> tuple[int, ...]:
    """The shape of a case with more channels, around the widths of vectors and blocks."""
    shape = list(case.input_shape)
    shape[-1 - case.rank] = cases.pick(rng, cases.WIDTHS)
    return tuple(shape)


@CHUNK
def test_max_pools_and_their_switches_are_exact(rank: int, chunk: int) -> None:
    pool = getattr(F, f"max_pool{rank}d")
    for index in cases.indices_of(chunk, CASES):
        rng = cases.rng_for(f"max last{rank}d", index)
        case = cases.draw_pool(rng, rank, "max")
        x = special(rng, wider(rng, case), case.dtype)
        y, where = (case.lower(a) for a in oracle.max_pool(case.lift(x), **cases.oracle_pool_options(case.options)))
        y, where, there = (calls.to_last(a, rank) for a in (y, where, x))
        words = cases.told(f"max last{rank}d", index, case)
        for isa in fc.available_isas():
            with fc.override(isa=isa):
                how = case.options | {"data_format": calls.LAST[rank], "num_threads": cases.THREADS[index % 3]}
                tolerance.check_equal(pool(there, **how), y, f"{words} {isa}")
                values, switches = pool(there, **how, return_indices=True)
                tolerance.check_equal(values, y, f"{words} {isa}")
                assert (switches == where).all(), f"{words} {isa}"


@CHUNK
def test_average_pools_are_within_the_bound(rank: int, chunk: int) -> None:
    pool = getattr(F, f"avg_pool{rank}d")
    for index in cases.indices_of(chunk, CASES):
        rng = cases.rng_for(f"avg last{rank}d", index)
        case = cases.draw_pool(rng, rank, "avg")
        options = cases.oracle_pool_options(case.options)
        x = cases.floats(rng, wider(rng, case), case.dtype)
        wide = cases.exact(case.lift(x))
        expected, size = (calls.to_last(case.lower(oracle.avg_pool(a, **options)), rank) for a in (wide, np.abs(wide)))
        window = int(np.prod(oracle.per_axis(options["kernel"], rank)))
        bound = tolerance.sum_bound(size, window, case.dtype, reference_dtype=tolerance.reference_of(case.dtype))
        there, words = calls.to_last(x, rank), cases.told(f"avg last{rank}d", index, case)
        how = case.options | {"data_format": calls.LAST[rank]}
        for isa in fc.available_isas():
            with fc.override(isa=isa):
                one = pool(there, **how, num_threads=1)
                tolerance.check(one, expected, bound, f"{words} {isa}")
                assert one.tobytes() == pool(there, **how, num_threads=2 + index % 6).tobytes(), words
                if case.batched and len(x) > 1:
                    assert pool(there[1:], **how).tobytes() == one[1:].tobytes(), words


def test_larger_maps_have_the_same_bits_for_any_number_of_threads(isa: str, dtype: str) -> None:
    x = cases.floats(cases.rng_for("pool last larger", 0), (3, 61, 67, 70), dtype)
    for pool in (F.max_pool2d, F.avg_pool2d):
        how = {"kernel_size": 3, "stride": 2, "padding": 1, "data_format": "NHWC"}
        assert len({pool(x, **how, num_threads=t).tobytes() for t in (1, 2, 3, 7)}) == 1
        first = pool(calls.to_first(x, 2), 3, 2, 1)
        np.testing.assert_allclose(pool(x, **how), calls.to_last(first, 2), rtol=1e-6, atol=1e-6)


def test_a_window_with_more_elements_than_a_float_can_count(isa: str) -> None:
    x = np.zeros((1, 1 << 24, 1), np.float32)
    x = np.concatenate([x, np.ones((1, 3, 1), np.float32)], axis=1)
    y, where = F.max_pool1d(x, x.shape[1], data_format="NWC", return_indices=True)
    assert (y.item(), where.item()) == (1.0, 1 << 24)


def test_a_wrong_layout_is_refused(rank: int) -> None:
    x = np.ones((2, 3, *calls.SIZES[rank]), np.float32)
    for pool in (getattr(F, f"max_pool{rank}d"), getattr(F, f"avg_pool{rank}d")):
        with pytest.raises(fc.FastconvValueError, match=f"_pool{rank}d: data_format must be one of"):
            pool(x, 2, data_format="CHWN")
        with pytest.raises(fc.FastconvTypeError, match="data_format"):
            pool(x, 2, data_format=3)
