"""Random pooling, unpooling and their gradients against the oracle, on every ISA and for 1, 2 and 3 threads.

Maxima, switches and what is written or read at a switch are exact for any numbers. Averages and sums are
exact on integers (with one rounding, that of the division) and within the derived bound on floats.
"""

from collections.abc import Callable, Iterator
from functools import partial

import cases
import numpy as np
import oracle
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F
import fastconv.grad

CHUNK = pytest.mark.parametrize("chunk", range(cases.CHUNKS))


def drawn(operator: str, rank: int, kind: str, chunk: int) -> Iterator[tuple]:
    """The cases of one chunk with their generator and the words that reproduce them."""
    stream = f"{operator}{rank}d"
    # The operators share their kernels over the ranks, so that 2,000 cases are spread over the three.
    for index in cases.indices_of(chunk, -(-cases.CASES // 3)):
        rng = cases.rng_for(stream, index)
        case = cases.draw_pool(rng, rank, kind)
        yield index, rng, case, cases.told(stream, index, case)


def everywhere(run: Callable[..., object], dtype: str, words: str) -> Iterator[tuple[np.ndarray, str]]:
    """The results on every ISA and for 1, 2 and 3 threads, with their words; the bits are equal."""
    for isa in fc.available_isas():
        with fc.override(isa=isa):
            first = None
            for threads in cases.THREADS:
                told = f"{words} isa={isa} num_threads={threads}"
                result = run(num_threads=threads)
                value = result[0] if isinstance(result, tuple) else result
                assert value.dtype == dtype, told
                assert first is None or value.tobytes() == first, f"{told} has other bits than num_threads=1"
                first = value.tobytes()
                yield result, told


def pool_values(rng: np.random.Generator, index: int, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Integers with many ties, normal numbers, or integers strewn with nan and infinities."""
    if index % 3 == 0:
        return cases.floats(rng, shape, dtype)
    x = cases.integers(rng, shape, dtype)
    if index % 3 == 1:
        for special in (np.nan, np.inf, -np.inf):
            x[rng.random(shape) < 0.15] = special
    return x


@CHUNK
def test_max_pool_and_its_switches(rank: int, chunk: int) -> None:
    max_pool = getattr(F, f"max_pool{rank}d")
    for index, rng, case, words in drawn("max_pool", rank, "max", chunk):
        x = pool_values(rng, index, case.input_shape, case.dtype)
        y, where = map(case.lower, oracle.max_pool(case.lift(x), **cases.oracle_pool_options(case.options)))
        for (value, switches), told in everywhere(
            partial(max_pool, x, **case.options, return_indices=True), case.dtype, words
        ):
            tolerance.check_equal(value, y, told)
            assert switches.dtype == np.int64
            tolerance.check_equal(switches, where, told + " (indices)")
        alone = max_pool(x, **case.options)
        assert isinstance(alone, np.ndarray)
        tolerance.check_equal(alone, y, words + " without indices")
        if case.batched and len(x) > 1:
            part = max_pool(x[1:2], **case.options)
            tolerance.check_equal(part, y[1:2], words + " slice")


@CHUNK
def test_avg_pool(rank: int, chunk: int) -> None:
    avg_pool = getattr(F, f"avg_pool{rank}d")
    for _, rng, case, words in drawn("avg_pool", rank, "avg", chunk):
        options = cases.oracle_pool_options(case.options)
        x = cases.integers(rng, case.input_shape, case.dtype, 9)
        # The sum is exact; division in float64 and rounding to float32 is the correctly rounded quotient.
        y = case.lower(oracle.avg_pool(case.lift(x), **options)).astype(case.dtype)
        for value, told in everywhere(partial(avg_pool, x, **case.options), case.dtype, words):
            tolerance.check_equal(value, y, told)
        x = cases.floats(rng, case.input_shape, case.dtype)
        y = case.lower(oracle.avg_pool(cases.exact(case.lift(x)), **options))
        magnitude = case.lower(oracle.avg_pool(np.abs(cases.exact(case.lift(x))), **options))
        window = int(np.prod(oracle.per_axis(options["kernel"], rank)))
        bound = tolerance.sum_bound(magnitude, window, case.dtype)
        for value, told in everywhere(partial(avg_pool, x, **case.options), case.dtype, words):
            tolerance.check(value, y, bound, told)
        if case.batched and len(x) > 1:
            part = avg_pool(x[1:2], **case.options)
            assert part.tobytes() == value[1:2].tobytes(), words + " slice"


@CHUNK
def test_max_pool_gradient(rank: int, chunk: int) -> None:
    max_pool_input = getattr(fc.grad, f"max_pool{rank}d_input")
    for index, rng, case, words in drawn("grad.max_pool", rank, "max", chunk):
        x = pool_values(rng, index, case.input_shape, case.dtype)
        _, where = oracle.max_pool(case.lift(x), **cases.oracle_pool_options(case.options))
        g = cases.integers(rng, where.shape, case.dtype)
        gx = case.lower(oracle.max_pool_input(case.batch_shape, where, g))
        switches = case.lower(where)
        for value, told in everywhere(partial(max_pool_input, case.input_shape, switches, case.lower(g)), case.dtype, words):
            tolerance.check_equal(value, gx, told)
        # <read x at the switches, g> = <x, send g to the switches>, exactly.
        x = cases.integers(rng, case.batch_shape, case.dtype)
        got = case.lift(max_pool_input(case.input_shape, switches, case.lower(g)))
        assert np.vdot(oracle.gather_planes(x, where), g) == np.vdot(x.astype(float), got), words
        g = cases.floats(rng, where.shape, case.dtype)
        gx = case.lower(oracle.max_pool_input(case.batch_shape, where, cases.exact(g)))
        magnitude = case.lower(oracle.max_pool_input(case.batch_shape, where, np.abs(cases.exact(g))))
        bound = tolerance.sum_bound(magnitude, int(np.prod(where.shape[2:])), case.dtype)
        for value, told in everywhere(partial(max_pool_input, case.input_shape, switches, case.lower(g)), case.dtype, words):
            tolerance.check(value, gx, bound, told)


@CHUNK
def test_avg_pool_gradient(rank: int, chunk: int) -> None:
    avg_pool, avg_pool_input = getattr(F, f"avg_pool{rank}d"), getattr(fc.grad, f"avg_pool{rank}d_input")
    for _, rng, case, words in drawn("grad.avg_pool", rank, "avg", chunk):
        options = cases.oracle_pool_options(case.options)
        divisors = oracle.avg_divisors(case.size, **options)
        # Multiples of the divisors: every share is an integer.
        g = cases.integers(rng, (*case.batch_shape[:2], *divisors.shape), case.dtype) * divisors.astype(case.dtype)
        gx = case.lower(oracle.avg_pool_input(case.batch_shape, g, **options))
        for value, told in everywhere(
            partial(avg_pool_input, case.input_shape, case.lower(g), **case.options),
            case.dtype,
            words,
        ):
            tolerance.check_equal(value, gx, told)
        # <sums of x, g / divisors> = <x, spread g>, exactly; the sums come from averages with divisor 1.
        x = cases.integers(rng, case.input_shape, case.dtype)
        if rank > 1:
            sums = avg_pool(x, **case.options | {"divisor_override": 1})
            assert np.vdot(sums.astype(float), case.lower(g / divisors)) == np.vdot(x.astype(float), gx), words
        g = cases.floats(rng, g.shape, case.dtype)
        gx = case.lower(oracle.avg_pool_input(case.batch_shape, cases.exact(g), **options))
        magnitude = case.lower(oracle.avg_pool_input(case.batch_shape, np.abs(cases.exact(g)), **options))
        window = int(np.prod(oracle.per_axis(options["kernel"], rank)))
        bound = tolerance.sum_bound(magnitude, window, case.dtype)
        for value, told in everywhere(
            partial(avg_pool_input, case.input_shape, case.lower(g), **case.options),
            case.dtype,
            words,
        ):
            tolerance.check(value, gx, bound, told)


def draw_unpool(rng: np.random.Generator, rank: int) -> tuple[tuple[int, ...], dict, tuple[int, ...], bool]:
    """Shape of the pooled array, keyword arguments, spatial output size, and whether there is a batch."""
    kernel = tuple(int(k) for k in rng.integers(1, 4, rank))
    stride = None if rng.random() < 0.4 else tuple(int(s) for s in rng.integers(1, 4, rank))
    padding = tuple(int(rng.integers(k // 2 + 1)) for k in kernel)
    size = tuple(int(s) for s in rng.integers(1, 6 if rank > 1 else 20, rank))
    used = kernel if stride is None else stride
    out = oracle.unpool_out_size(size, kernel, used, padding)
    options: dict = {
        "kernel_size": cases.spell(rng, kernel),
        "stride": stride,
        "padding": cases.spell(rng, padding),
    }
    if min(out) < 1 or rng.random() < 0.4:
        # torch allows any size strictly within one stride of the default.
        out = tuple(max(1, o + int(rng.integers(1 - s, s))) for o, s in zip(out, used, strict=True))
        options["output_size"] = out
    default = oracle.unpool_out_size(size, kernel, used, padding)
    if not all(d - s < o < d + s for o, d, s in zip(out, default, used, strict=True)):
        return draw_unpool(rng, rank)
    lead = () if rng.random() < 0.2 else (int(rng.integers(1, 4)),)
    return (*lead, int(rng.integers(1, 5)), *size), options, out, bool(lead)


@CHUNK
def test_max_unpool_and_its_gradient(rank: int, chunk: int) -> None:
    max_unpool, max_unpool_input = (
        getattr(F, f"max_unpool{rank}d"),
        getattr(fc.grad, f"max_unpool{rank}d_input"),
    )
    for index in cases.indices_of(chunk, -(-cases.CASES // 3)):
        rng = cases.rng_for(f"max_unpool{rank}d", index)
        shape, options, out, batched = draw_unpool(rng, rank)
        dtype = cases.DTYPES[index % 2]
        words = cases.told(f"max_unpool{rank}d", index, shape, options, dtype)
        x = cases.floats(rng, shape, dtype)
        # Any index is legal, and equal ones occur: the last write in row-major order must win.
        where = rng.integers(0, np.prod(out), shape)
        lifted, switches = (x, where) if batched else (x[None], where[None])
        y = oracle.max_unpool(lifted, switches, out)
        for value, told in everywhere(partial(max_unpool, x, where, **options), dtype, words):
            tolerance.check_equal(value, y if batched else y[0], told)
        g = cases.floats(rng, y.shape, dtype)
        gx = oracle.max_unpool_input(switches, g)
        for value, told in everywhere(partial(max_unpool_input, where, g if batched else g[0]), dtype, words):
            tolerance.check_equal(value, gx if batched else gx[0], told)


def test_global_pooling(rank: int, isa: str, dtype: str) -> None:
    """One window as large as the plane, of every width."""
    for width in cases.WIDTHS:
        size = (*(3,) * (rank - 1), width)
        rng = cases.rng_for("global", width)
        x = cases.integers(rng, (2, 3, *size), dtype, 9)
        total = x.astype(np.float64).sum(axis=tuple(range(2, rank + 2)), keepdims=True)
        y = getattr(F, f"avg_pool{rank}d")(x, size)
        tolerance.check_equal(y, (total / np.prod(size)).astype(dtype), f"width {width}")
        highest, where = getattr(F, f"max_pool{rank}d")(x, size, return_indices=True)
        flat = x.reshape(2, 3, -1)
        tolerance.check_equal(highest.reshape(2, 3), flat.max(axis=2), f"width {width}")
        tolerance.check_equal(where.reshape(2, 3), flat.argmax(axis=2), f"width {width}")


def test_a_window_of_more_elements_than_float32_can_count(isa: str) -> None:
    side = 4097
    x = np.zeros((1, 1, side, side), np.float32)
    place = side * side - 2
    x.reshape(-1)[place] = 1
    y, where = F.max_pool2d(x, side, return_indices=True)
    assert y.item() == 1
    assert where.item() == place
    x.reshape(-1)[place] = -np.inf
    assert F.max_pool2d(x, side, return_indices=True)[1].item() == 0
    x.reshape(-1)[[place - 5, place]] = np.nan
    assert F.max_pool2d(x, side, return_indices=True)[1].item() == place - 5


def test_unpool_puts_back_what_pool_took(rank: int, isa: str, dtype: str) -> None:
    rng = cases.rng_for("pool and unpool", rank)
    x = cases.floats(rng, (2, 3, *(6,) * rank), dtype)
    y, where = getattr(F, f"max_pool{rank}d")(x, 2, return_indices=True)
    back = getattr(F, f"max_unpool{rank}d")(y, where, 2)
    assert back.shape == x.shape
    kept = back != 0
    assert kept.sum() == y.size
    assert (back[kept] == x[kept]).all()


def test_unpool_takes_a_full_output_size_as_torch_does(rank: int) -> None:
    x = np.ones((2, 3, *(2,) * rank), np.float32)
    where = np.zeros(x.shape, np.int64)
    y = getattr(F, f"max_unpool{rank}d")(x, where, 2, output_size=(2, 3, *(5,) * rank))
    assert y.shape == (2, 3, *(5,) * rank)


@pytest.mark.parametrize("special", ["all -inf", "all nan", "ties", "nan after inf"])
def test_max_pool_special_windows(special: str, rank: int, isa: str, dtype: str) -> None:
    x = {
        "all -inf": np.full(4**rank, -np.inf),
        "all nan": np.full(4**rank, np.nan),
        "ties": np.full(4**rank, 7.0),
        "nan after inf": np.where(np.arange(4**rank) % 2, np.nan, np.inf),
    }[special].reshape(1, 1, *(4,) * rank)
    for padding in (0, 1):
        expected, places = oracle.max_pool(x, 3, 1, padding)
        y, where = getattr(F, f"max_pool{rank}d")(x.astype(dtype), 3, 1, padding, return_indices=True)
        tolerance.check_equal(y, expected, special)
        tolerance.check_equal(where, places, special)
