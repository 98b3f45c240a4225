"""Correlation by overlap-save blocks: within the bound of an FFT, the same bits on any number of threads, NaN where the
definition has it, and no more memory than it says."""

import math
import tracemalloc

import cases
import filter_oracle
import numpy as np
import pytest
import tolerance

from fastconv.backends.cpu import fft

MODES = ("constant", "replicate", "reflect", "symmetric", "circular")


@pytest.fixture(params=[True, False])
def single(request, monkeypatch):
    """NumPy as it is since 2.0, and as before."""
    monkeypatch.setattr(fft, "IS_SINGLE", request.param)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks with few outputs, so that small images have many."""

    def plan(shape, kernel, itemsize):
        points = tuple(next(n for n in fft.fast_lengths(taps + 5) if n >= taps + 5) for taps in kernel)
        return fft.Plan(points, tuple(n - taps + 1 for n, taps in zip(points, kernel, strict=True)), 0.0)

    monkeypatch.setattr(fft, "plan", plan)


def never(box):
    raise AssertionError(f"asked for the definition of {box}")


def correlated(x, weights, left, modes, cval=0.0, threads=1, direct=never, dtype=None):
    out = np.full(x.shape, 7, dtype or x.dtype)
    fft.correlate(x, out, weights, left, modes, cval, threads, direct)
    return out


def draw(index, rank, dtype="float32"):
    """A random image and kernel, the kernel larger than the image in every fourth, and how to lay it."""
    rng = cases.rng_for("fft", 10 * index + rank)
    most = {1: 60, 2: 20, 3: 9}[rank]
    shape = tuple(int(n) for n in rng.integers(1, most // 4 if index % 4 == 0 else most, rank))
    kernel = tuple(int(n) for n in rng.integers(1, most // 2, rank))
    left = tuple(int(rng.integers(0, taps)) for taps in kernel)
    modes = tuple(str(mode) for mode in rng.choice(MODES, rank))
    return cases.floats(rng, shape, dtype), rng.standard_normal(kernel), left, modes, float(rng.standard_normal())


def judge(x, weights, left, modes, cval, **how):
    """Hold a result to the bound."""
    out = correlated(x, weights, left, modes, cval, **how)
    reference = filter_oracle.correlate(cases.exact(x), cases.exact(weights), left, modes, cval)
    around = filter_oracle.continued(cases.exact(x), weights.shape, left, modes, cval)
    bound = tolerance.fft_bound(around, weights, 16 * around.size, x.dtype)
    tolerance.check(out, reference, bound, f"{x.shape} {weights.shape} {left} {modes}")
    return out


@pytest.mark.usefixtures("single", "small_blocks")
def test_every_border_and_rank_many_blocks(rank, dtype):
    for index in range(25):
        judge(*draw(index, rank, dtype))


@pytest.mark.usefixtures("single")
def test_every_border_and_rank_as_planned(rank, dtype):
    for index in range(25, 40):
        judge(*draw(index, rank, dtype))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (2, 2), (3, 40)])
@pytest.mark.usefixtures("small_blocks")
def test_kernels_larger_than_the_image(mode, shape):
    rng = cases.rng_for("fft larger", MODES.index(mode))
    weights = rng.standard_normal((12, 9))
    for left in ((0, 0), (6, 4), (11, 8)):
        judge(cases.floats(rng, shape, "float32"), weights, left, (mode, mode), 0.5)


@pytest.mark.usefixtures("single", "small_blocks")
def test_any_number_of_threads_gives_the_same_bits(rank):
    for index in range(40, 46):
        arguments = draw(index, rank)
        alone = correlated(*arguments)
        for threads in cases.THREADS:
            assert correlated(*arguments, threads=threads).tobytes() == alone.tobytes()


def test_any_strides_and_types_and_the_input_unchanged():
    rng = cases.rng_for("fft layouts", 0)
    whole = rng.integers(0, 200, (30, 40))
    weights, rest = rng.standard_normal((5, 7)), ((2, 3), ("reflect", "circular"))
    for dtype in ("float32", "float64", "uint8", "int16", "uint64", "bool"):
        for x in (whole.astype(dtype).T, whole.astype(dtype)[::-2, 1::3], np.asfortranarray(whole.astype(dtype))):
            before = x.copy()
            out = np.zeros((2 * x.shape[0], x.shape[1]), "float64")[::2]
            fft.correlate(x, out, weights, *rest, 0.0, 1, never)
            around = filter_oracle.continued(x.astype("longdouble"), weights.shape, *rest, 0.0)
            bound = tolerance.fft_bound(around, weights, 16 * around.size, "float64")
            tolerance.check(
                out, filter_oracle.correlate(x.astype("longdouble"), weights, *rest), bound, f"{dtype} {x.strides}"
            )
            np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "int64", "uint64"])
def test_integer_results_are_truncated_and_wrapped(dtype):
    x = np.random.default_rng(0).integers(0, 100, (20, 21)).astype(dtype)
    weights = np.full((3, 3), -1.5)
    weights[1, 1] = 2.25
    exact = filter_oracle.correlate(x, weights, (1, 1), ("reflect", "reflect"))
    found = correlated(x, weights, (1, 1), ("reflect", "reflect"))
    np.testing.assert_array_equal(found, np.trunc(exact).astype(np.int64).astype(dtype))


def test_large_sums_of_bytes_are_exact():
    x = np.random.default_rng(0).integers(0, 256, (90, 80), np.uint8)
    weights = np.ones((61, 61))
    exact = filter_oracle.correlate(x, weights, (30, 30), ("symmetric", "symmetric"))
    found = correlated(x, weights, (30, 30), ("symmetric", "symmetric"))
    np.testing.assert_array_equal(found, exact.astype(np.int64).astype(np.uint8))


def test_sums_beyond_64_bits_wrap():
    out = np.empty(3, np.int64)
    fft.deliver(np.array([2.0**63, -(2.0**64) - 4096, 3 * 2.0**63]), out)
    np.testing.assert_array_equal(out, [-(2**63), -4096, -(2**63)])


def test_double_output_of_a_single_input_is_computed_in_double():
    x, weights, left, modes, cval = draw(50, 2)
    found = correlated(x, weights, left, modes, cval, dtype=np.float64)
    np.testing.assert_array_equal(found, correlated(x.astype(np.float64), weights, left, modes, cval))


# What is not finite -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("threads", cases.THREADS)
@pytest.mark.usefixtures("single", "small_blocks")
def test_what_is_not_finite_does_not_spread(rank, strange, threads):
    x, weights, left, modes, cval = draw(5, rank)
    weights[(0,) * rank] = 0
    x[tuple(size // 2 for size in x.shape)] = strange
    exact = filter_oracle.correlate(x, weights, left, modes, cval)
    asked = []

    def direct(box):
        asked.append(box)
        out[box] = exact[box]

    out = np.full_like(x, 7)
    fft.correlate(x, out, weights, left, modes, cval, threads, direct)
    assert asked
    np.testing.assert_array_equal(np.isnan(out), np.isnan(exact))
    np.testing.assert_array_equal(np.isinf(out), np.isinf(exact))


@pytest.mark.usefixtures("small_blocks")
def test_a_strange_constant_counts_where_it_is_read():
    x, weights = np.ones((30, 30), np.float32), np.ones((3, 3))
    asked = []
    correlated(x, weights, (1, 1), ("constant", "constant"), math.nan, direct=asked.append)
    assert asked
    assert all(0 in (box[0].start, box[1].start) or 30 in (box[0].stop, box[1].stop) for box in asked)


def test_an_overflow_is_left_to_the_definition():
    x = np.full((8, 8), 3e38, np.float32)
    x[::2] *= -1
    asked = []
    correlated(x, np.full((4, 4), 0.25), (1, 1), ("reflect", "reflect"), direct=asked.append)
    assert asked == [(slice(0, 8), slice(0, 8))]


# Plans ------------------------------------------------------------------------------------------------------


def test_lengths_have_small_factors_and_reach_the_image():
    for most in (1, 2, 17, 1000, 12345):
        lengths = fft.fast_lengths(most)
        assert lengths[-1] >= most
        assert list(lengths) == sorted(set(lengths))
        for length in lengths:
            for factor in (2, 3, 5, 7):
                while length % factor == 0:
                    length //= factor
            assert length == 1


@pytest.mark.parametrize("shape", [(10_000, 10_000), (300, 300, 300), (10_000_000,), (40, 40, 40, 40)])
def test_large_images_are_never_transformed_whole(shape):
    kernel = (5,) * len(shape)
    assert math.prod(fft.plan(shape, kernel, 4).points) <= fft.MOST_POINTS
    assert fft.workspace(shape, kernel, "float32", 1) < 32 << 20


def test_more_work_costs_more_seconds():
    times = [fft.seconds((size, size), (21, 21), "float32") for size in (100, 200, 400, 800, 1600)]
    assert times == sorted(times)
    assert fft.seconds((0, 5), (3, 3), "float32") == 0


@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.usefixtures("single")
def test_memory_is_no_more_than_promised(dtype):
    x, weights = np.ones((700, 500), dtype), np.ones((31, 41))
    out = np.empty_like(x)
    promised = fft.workspace(x.shape, weights.shape, dtype, 1)
    tracemalloc.start()
    try:
        fft.correlate(x, out, weights, (15, 20), ("symmetric", "symmetric"), 0.0, 1, never)
        used = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert used <= promised + (64 << 10)  # Python's own objects


def test_nothing_to_do():
    assert correlated(np.empty((0, 3), np.float32), np.ones((3, 3)), (1, 1), ("reflect", "reflect")).shape == (0, 3)


# Threads ----------------------------------------------------------------------------------------------------


def test_an_error_stops_all_threads():
    done = []

    def work(item):
        done.append(item)
        if item == 3:
            raise KeyboardInterrupt

    items = fft.deque(range(1000))
    with pytest.raises(KeyboardInterrupt):
        fft.share(items, work, 2)
    assert not items


def test_fewer_threads_when_the_system_has_no_more(monkeypatch):
    def submit(self, work):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(fft.ThreadPoolExecutor, "submit", submit)
    done = []
    fft.share(fft.deque(range(10)), done.append, 4)
    assert done == list(range(10))
