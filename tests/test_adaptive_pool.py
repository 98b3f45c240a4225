"""Adaptive and global pooling against the definition: on every ISA, in both layouts, for any number of threads."""

from collections.abc import Iterator
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


def problems(stream: str, rank: int, chunk: int) -> Iterator[tuple]:
    """Random shapes and outputs: of few and many, more outputs than inputs, whole axes and None."""
    for index in cases.indices_of(chunk, CASES):
        rng = cases.rng_for(f"{stream}{rank}d", index)
        size = tuple(int(rng.integers(1, (80, 14, 7)[rank - 1])) for _ in range(rank))
        if rng.random() < 0.3:
            size = (*size[:-1], cases.pick(rng, cases.WIDTHS))
        out = tuple(1 if rng.random() < 0.3 else int(rng.integers(1, n + 3)) for n in size)
        given: object = tuple(None if o == n and rng.random() < 0.5 else o for o, n in zip(out, size, strict=True))
        given = cases.spell(rng, given)
        lead = () if rng.random() < 0.15 else (int(rng.integers(0 if rng.random() < 0.1 else 1, 4)),)
        shape = (*lead, cases.pick(rng, (1, 2, 5, 17, 35, 70)), *size)
        yield index, rng, shape, out, given, cases.DTYPES[index % 2], cases.told(stream, index, shape, given)


def lifted(a: np.ndarray, rank: int) -> np.ndarray:
    """The array with a batch axis."""
    return a if a.ndim == rank + 2 else a[None]


def lowered(a: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The array with a batch axis only if the shape has as many axes."""
    return a if a.ndim == len(shape) else a[0]


def special(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Few different numbers, so that many are equal, with NaN and -inf among them."""
    a = cases.integers(rng, shape, dtype, 2)
    for value, share in ((-np.inf, 0.3), (np.nan, 0.02), (np.inf, 0.02)):
        a[rng.random(shape) < share] = value
    return a


def everywhere(function: object, arrays: tuple, rank: int, words: str, *more: object, **options: object) -> Iterator[tuple]:
    """The results on every ISA, channels first and, brought back, last; the bits are those of any number of threads."""
    for isa in fc.available_isas():
        with fc.override(isa=isa):
            for last in (False, True):
                given = tuple(calls.to_last(a, rank) if last and isinstance(a, np.ndarray) else a for a in arrays)
                how = options | ({"data_format": calls.LAST[rank]} if last else {})
                result = function(*given, *more, **how, num_threads=1)
                result = result if isinstance(result, tuple) else (result,)
                again = function(*given, *more, **how, num_threads=3)
                again = again if isinstance(again, tuple) else (again,)
                told = f"{words} isa={isa} last={last}"
                assert [a.tobytes() for a in result] == [a.tobytes() for a in again], told
                yield tuple(calls.to_first(a, rank) if last else a for a in result), told


@CHUNK
def test_averages(rank: int, chunk: int) -> None:
    pool = getattr(F, f"adaptive_avg_pool{rank}d")
    for index, rng, shape, out, given, dtype, words in problems("adaptive avg", rank, chunk):
        whole = index % 4 < 2
        x = cases.integers(rng, shape, dtype, 9) if whole else cases.floats(rng, shape, dtype)
        wide = cases.exact(lifted(x, rank))
        y = lowered(box_oracle.average(wide, out), shape)
        bound = np.zeros(())
        if not whole:
            size = lowered(box_oracle.average(np.abs(wide), out), shape)
            most = int(box_oracle.counts(shape[-rank:], out).max())
            bound = tolerance.sum_bound(size, most, dtype, reference_dtype=tolerance.reference_of(dtype))
        for (value,), told in everywhere(pool, (x,), rank, words, given):
            assert value.dtype == dtype
            # The sums are exact and their division rounds once; the oracle's does so in a wider type first.
            tolerance.check(value, y.astype(dtype) if whole else y, bound, told)
        if len(shape) == rank + 2 and shape[0] > 1:
            assert pool(x[1:], given).tobytes() == pool(x, given)[1:].tobytes(), words


@CHUNK
def test_maxima_and_their_switches(rank: int, chunk: int) -> None:
    pool = getattr(F, f"adaptive_max_pool{rank}d")
    for _, rng, shape, out, given, dtype, words in problems("adaptive max", rank, chunk):
        x = special(rng, shape, dtype)
        y, where = (lowered(a, shape) for a in box_oracle.maximum(lifted(x, rank), out))
        for (value, switches), told in everywhere(pool, (x,), rank, words, given, return_indices=True):
            tolerance.check_equal(value, y, told)
            assert switches.dtype == np.int64
            tolerance.check_equal(switches, where, told)
        for (value,), told in everywhere(pool, (x,), rank, words, given):
            tolerance.check_equal(value, y, told)


@CHUNK
def test_gradients(rank: int, chunk: int) -> None:
    average, maximum = (getattr(fastconv.grad, f"adaptive_{kind}_pool{rank}d_input") for kind in ("avg", "max"))
    forward = getattr(F, f"adaptive_avg_pool{rank}d")
    for index, rng, shape, out, given, dtype, words in problems("adaptive gradient", rank, chunk):
        lead = shape[:-rank]
        counts = box_oracle.counts(shape[-rank:], out)
        g = cases.integers(rng, (*lead, *out), dtype) * counts.astype(dtype)  # every share is an integer
        dx = lowered(box_oracle.average_input(lifted(np.empty(shape), rank).shape, lifted(g, rank)), shape)
        x = cases.integers(rng, shape, dtype)
        for last in (False, True):
            how = {"data_format": calls.LAST[rank]} if last else {}
            there = calls.to_last(np.empty(shape), rank).shape if last else shape
            h = calls.to_last(g, rank) if last else g
            for isa in fc.available_isas():
                with fc.override(isa=isa):
                    value = average(there, h, **how, num_threads=1 + index % 3)
                    tolerance.check_equal(calls.to_first(value, rank) if last else value, dx, f"{words} {isa} {last}")
            # <sums of x, shares> = <x, spread shares>, exactly.
            sums = np.rint(forward(x.astype("float64"), given) * counts)
            assert np.vdot(sums, g / counts) == np.vdot(x.astype(float), dx), words
            places = rng.integers(0, np.prod(shape[-rank:]), g.shape)
            spread = oracle.max_pool_input(lifted(np.empty(shape), rank).shape, lifted(places, rank), lifted(g, rank))
            value = maximum(there, calls.to_last(places, rank) if last else places, h, **how)
            tolerance.check_equal(calls.to_first(value, rank) if last else value, lowered(spread, shape), words)


@pytest.mark.parametrize("width", [*cases.WIDTHS, 127, 128, 129, 1023, 1024, 1025, 3000])
def test_global_pooling_of_every_width(width: int, isa: str, dtype: str) -> None:
    """Runs that are reduced one by one and several at a time, in numbers that fill vectors or not."""
    rng = cases.rng_for("global pool", width)
    for planes in (1, 3, 8, 16, 19):
        x = special(rng, (planes, 2, width), dtype)
        finite = np.where(np.isfinite(x), x, 0).astype(dtype)
        mean = finite.astype(float).sum(axis=-1, keepdims=True) / width
        for pool in (F.global_avg_pool1d, lambda a, **how: F.adaptive_avg_pool1d(a, 1, **how)):
            tolerance.check_equal(pool(finite), mean.astype(dtype), f"{planes} {width}")
            last = pool(calls.to_last(finite, 1), data_format="NWC")
            tolerance.check_equal(calls.to_first(last, 1), mean.astype(dtype), f"{planes} {width} last")
        y, where = box_oracle.maximum(x, (1,))
        tolerance.check_equal(F.global_max_pool1d(x), y, f"{planes} {width}")
        for got, right in zip(F.global_max_pool1d(x, return_indices=True), (y, where), strict=True):
            tolerance.check_equal(got, right, f"{planes} {width}")


def test_global_pools_are_adaptive_pools(rank: int, dtype: str) -> None:
    x = cases.floats(cases.rng_for("global", rank), (2, 3, *calls.SIZES[rank]), dtype)
    for data_format, a in ((calls.FIRST[rank], x), (calls.LAST[rank], calls.to_last(x, rank))):
        how = {"data_format": data_format}
        for kind in ("avg", "max"):
            one, two = getattr(F, f"global_{kind}_pool{rank}d"), getattr(F, f"adaptive_{kind}_pool{rank}d")
            assert one(a, **how).tobytes() == two(a, 1, **how).tobytes()
        y, where = getattr(F, f"global_max_pool{rank}d")(a, return_indices=True, **how)
        assert y.ndim == rank + 2
        grad = fastconv.grad
        shares = getattr(grad, f"global_avg_pool{rank}d_input")(a.shape, y, **how)
        assert shares.tobytes() == getattr(grad, f"adaptive_avg_pool{rank}d_input")(a.shape, y, **how).tobytes()
        back = getattr(grad, f"global_max_pool{rank}d_input")(a.shape, where, y, **how)
        assert back.tobytes() == getattr(grad, f"adaptive_max_pool{rank}d_input")(a.shape, where, y, **how).tobytes()
        assert (back != 0).sum() == y.size


def test_larger_planes_have_the_same_bits_for_any_number_of_threads(isa: str, dtype: str) -> None:
    """What is split into rows of outputs, outputs and channels, beside what is split into planes."""
    shapes = ((1, 3, 411, 307), (70, 65, 13, 13), (1, 300, 41, 41), (9, 11, 50, 50))
    for shape, out in zip(shapes, ((7, 9), (6, 5), 1, (50, 3)), strict=True):
        x = cases.floats(cases.rng_for("adaptive larger", 0), shape, dtype)
        for data_format, a in (("NCHW", x), ("NHWC", calls.to_last(x, 2))):
            how = {"data_format": data_format}
            y, where = F.adaptive_max_pool2d(a, out, return_indices=True, **how)
            for call in (
                partial(F.adaptive_avg_pool2d, a, out, **how),
                partial(F.adaptive_max_pool2d, a, out, **how),
                partial(fastconv.grad.adaptive_avg_pool2d_input, a.shape, y, **how),
                partial(fastconv.grad.adaptive_max_pool2d_input, a.shape, where, y, **how),
            ):
                assert len({call(num_threads=t).tobytes() for t in (1, 2, 3, 7)}) == 1
            switches = partial(F.adaptive_max_pool2d, a, out, return_indices=True, **how)
            assert all((switches(num_threads=t)[1] == where).all() for t in (1, 2, 3, 7))
        first = F.adaptive_avg_pool2d(x, out).astype(float)
        bound = tolerance.sum_bound(F.adaptive_avg_pool2d(abs(x), out), 411 * 307, dtype)
        tolerance.check(calls.to_first(F.adaptive_avg_pool2d(a, out, data_format="NHWC"), 2), first, 2 * bound, "layouts")


def test_more_elements_than_float32_can_count(isa: str) -> None:
    """In one run, in more rows than that, and in as many places whose channels stand last."""
    n = (1 << 24) + 3
    x = np.zeros(2 * n, np.float32)
    x[2 * n - 3] = 1
    assert F.adaptive_max_pool1d(x[:n][None], 1, return_indices=True)[1].item() == 0
    assert F.adaptive_max_pool1d(x[n:][None], 1, return_indices=True)[1].item() == n - 3
    _, where = F.adaptive_max_pool2d(x.reshape(1, n, 2), (1, 2), return_indices=True)
    assert where.ravel().tolist() == [0, 2 * n - 3]
    _, where = F.adaptive_max_pool1d(x[n:].reshape(n, 1), 1, return_indices=True, data_format="NWC")
    assert where.item() == n - 3
