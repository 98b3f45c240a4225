"""Switches: compact ones, ones of integers, what follows them, and their converters."""

from functools import partial

import calls
import cases
import numpy as np
import oracle
import pytest
import switches_oracle
import tolerance
from test_pool_last import special
from test_pool_properties import everywhere

import fastconv as fc
import fastconv.functional as F
import fastconv.grad

CHUNK = pytest.mark.parametrize("chunk", range(cases.CHUNKS))
CASES = min(cases.CASES, 120)
INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


def geometry(case: cases.PoolCase) -> tuple[tuple[int, ...], ...]:
    """Kernel, stride, padding and dilation, one an axis."""
    options = case.options
    kernel = oracle.per_axis(options["kernel_size"], case.rank)
    stride = kernel if options["stride"] is None else oracle.per_axis(options["stride"], case.rank)
    return kernel, stride, *(oracle.per_axis(options[name], case.rank) for name in ("padding", "dilation"))


def to_last(array: np.ndarray, case: cases.PoolCase) -> np.ndarray:
    return calls.to_last(array, case.rank)


@CHUNK
def test_compact_switches_and_those_who_follow_them(rank: int, chunk: int) -> None:
    pool, unpool = (getattr(F, f"{kind}{rank}d") for kind in ("max_pool", "max_unpool"))
    spread, gather = (getattr(fc.grad, f"{kind}{rank}d_input") for kind in ("max_pool", "max_unpool"))
    for index in cases.indices_of(chunk, CASES):
        rng = cases.rng_for(f"compact{rank}d", index)
        case = cases.draw_pool(rng, rank, "max")
        words = cases.told(f"compact{rank}d", index, case)
        x = special(rng, case.input_shape, case.dtype)
        y, where = oracle.max_pool(case.lift(x), **cases.oracle_pool_options(case.options))
        taps = case.lower(switches_oracle.compact(where, case.size, *geometry(case)))
        g = cases.integers(rng, y.shape, case.dtype)
        back = case.lower(oracle.max_pool_input(case.batch_shape, where, g))
        window = {name: case.options[name] for name in ("kernel_size", "stride", "padding", "dilation")}
        large = cases.integers(rng, case.input_shape, case.dtype)
        picked = case.lower(oracle.max_unpool_input(where, case.lift(large)))
        layouts = ({}, np.asarray), ({"data_format": calls.LAST[rank]}, partial(to_last, case=case))
        for layout, turned in layouts:
            how = case.options | layout | {"return_indices": True, "switches": "compact"}
            for (values, got), told in everywhere(partial(pool, turned(x), **how), case.dtype, words + str(layout)):
                assert got.dtype == np.uint8, told
                tolerance.check_equal(values, turned(case.lower(y)), told)
                tolerance.check_equal(got, turned(taps), told)
            small, kept = turned(case.lower(g)), turned(taps)
            shape = turned(x).shape
            how = window | layout | {"ceil_mode": case.options["ceil_mode"]}
            for value, told in everywhere(partial(spread, shape, kept, small, **how), case.dtype, words):
                tolerance.check_equal(value, turned(back), told)
            for value, told in everywhere(
                partial(spread, shape, turned(case.lower(where)), small, **layout), case.dtype, words
            ):
                tolerance.check_equal(value, turned(back), told)
            if within(case, y.shape[2:]):
                put = case.lower(oracle.max_unpool(g, where, case.size))
                run = partial(unpool, small, kept, **window, output_size=case.size, **layout)
                for value, told in everywhere(run, case.dtype, words):
                    tolerance.check_equal(value, turned(put), told)
                for value, told in everywhere(partial(gather, kept, turned(large), **window, **layout), case.dtype, words):
                    tolerance.check_equal(value, turned(picked), told)


def within(case: cases.PoolCase, out: tuple[int, ...]) -> bool:
    """Whether the input's size is one that unpooling may give back."""
    rows = zip(case.size, out, *geometry(case), strict=True)
    return all(abs(size - ((o - 1) * s - 2 * p + (k - 1) * d + 1)) < s for size, o, k, s, p, d in rows)


@CHUNK
def test_maxima_of_integers(rank: int, chunk: int) -> None:
    pool = getattr(F, f"max_pool{rank}d")
    for index in cases.indices_of(chunk, CASES):
        rng = cases.rng_for(f"integers{rank}d", index)
        case, dtype = cases.draw_pool(rng, rank, "max"), INTEGERS[index % 8]
        words = cases.told(f"integers{rank}d", index, case, dtype)
        limits = np.iinfo(dtype)
        # Few different numbers, the ends of the range among them; as Python integers, for no float holds 64 bits.
        numbers = np.array([limits.min, limits.min + 1, limits.max // 2, limits.max - 1, limits.max], object)
        ranks = rng.integers(0, 5 if index % 3 else 1, case.input_shape)
        order, where = (case.lower(a) for a in oracle.max_pool(case.lift(ranks), **cases.oracle_pool_options(case.options)))
        x, y = (numbers[a.astype(int)].astype(dtype) for a in (ranks, order))
        taps = case.lower(switches_oracle.compact(case.lift(where), case.size, *geometry(case)))
        for layout, turned in (({}, np.asarray), ({"data_format": calls.LAST[rank]}, partial(to_last, case=case))):
            for kind, right in (("flat", where), ("compact", taps)):
                how = case.options | layout | {"return_indices": True, "switches": kind}
                for (values, got), told in everywhere(partial(pool, turned(x), **how), dtype, words + str(layout)):
                    tolerance.check_equal(values, turned(y), told)
                    tolerance.check_equal(got, turned(right), told)
            tolerance.check_equal(pool(turned(x), **case.options | layout), turned(y), words)


def test_integer_windows_of_more_than_256_elements(isa: str) -> None:
    for dtype in INTEGERS:
        x = (np.arange(40 * 50) % 97).reshape(1, 1, 40, 50).astype(dtype)
        y, where = F.max_pool2d(x, (17, 18), 3, return_indices=True)
        right, places = oracle.max_pool(x, (17, 18), 3)
        assert (y == right).all()
        assert (where == places).all()


def test_a_window_that_meets_no_element_points_into_the_plane(isa: str) -> None:
    for x in (np.ones((1, 1, 2), np.float32), np.ones((1, 1, 2), np.int8)):
        least = -np.inf if x.dtype.kind == "f" else -128
        y, where = F.max_pool1d(x, 2, 1, 2, 3, return_indices=True)
        assert y.ravel().tolist() == [1, least, 1]
        assert where[0, 0, 0] == 1
        assert 0 <= where[0, 0, 1] < 2
        last = F.max_pool1d(x.reshape(1, 2, 1), 2, 1, 2, 3, return_indices=True, data_format="NWC")
        assert [a.ravel().tolist() for a in last] == [y.ravel().tolist(), where.ravel().tolist()]


@pytest.mark.parametrize("last", [False, True])
def test_of_duplicates_the_last_one_stays_for_any_number_of_threads(last: bool, isa: str, dtype: str) -> None:
    rng = cases.rng_for("duplicates", int(last))
    x = cases.floats(rng, (2, 67, 40, 41), dtype)
    where = rng.integers(0, 9, x.shape)
    right = oracle.max_unpool(x, where, (80, 82))
    turned = partial(calls.to_last, rank=2) if last else np.asarray
    layout = {"data_format": calls.LAST[2] if last else "NCHW"}
    for threads in (1, 2, 3, 7):
        y = F.max_unpool2d(turned(x), turned(where), 2, num_threads=threads, **layout)
        assert y.tobytes() == turned(right).astype(dtype).tobytes()


@pytest.mark.parametrize("size", [(3, 64, 80), (2, 7, 9), (1, 2, 2), (2, 9, 66), (1, 3, 2, 67)])
def test_halved_planes_with_switches_in_their_windows_and_elsewhere(size: tuple[int, ...], isa: str, dtype: str) -> None:
    rng = cases.rng_for(f"halved planes {size}", 0)
    x = cases.integers(rng, (1, *size), dtype)
    if x.ndim == 4:
        y, flat = F.max_pool2d(x, 2, return_indices=True)
        _, compact = F.max_pool2d(x, 2, return_indices=True, switches="compact")
    else:
        y, flat = F.max_pool3d(x, (1, 2, 2), return_indices=True)
    g = np.where(rng.random(y.shape) < 0.1, np.nan, cases.integers(rng, y.shape, dtype)).astype(dtype)
    input_of = getattr(fc.grad, f"max_pool{x.ndim - 2}d_input")
    for astray in (False, True):
        if astray:  # a valid place of the plane, but another window's
            flat[0, -1, ..., -1, -1] = 0
        right = np.zeros((size[0], x[0, 0].size), dtype)
        for plane, to in enumerate(right):
            for at, value in zip(flat[0, plane].ravel(), g[0, plane].ravel(), strict=True):
                to[at] += value
        tolerance.check_equal(input_of(x.shape, flat, g), right.reshape(x.shape), f"{size} {astray}")
        if x.ndim == 4 and not astray:
            tolerance.check_equal(input_of(x.shape, compact, g, kernel_size=2), right.reshape(x.shape), f"{size} compact")


def test_out_stays_as_it_was_when_a_switch_is_refused() -> None:
    x, out = np.ones((1, 2, 3, 3), np.float32), np.full((1, 2, 6, 6), 5, np.float32)
    for where in (np.zeros(x.shape, np.int64), np.zeros(x.shape, np.uint8)):
        where[-1, -1, -1, -1] = 200
        with pytest.raises(fc.FastconvValueError, match=r"max_unpool2d: indices must lie in .* got indices value 200 at"):
            F.max_unpool2d(x, where, 2, out=out)
        assert (out == 5).all()


@pytest.mark.parametrize("word", ["valid", "same", "same_upper", "same_lower", "pairs"])
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_padding_by_side_is_that_of_onnx(word: str, ceil_mode: bool, rank: int, isa: str, dtype: str) -> None:
    rng = cases.rng_for(f"padding {word}", rank)
    for _ in range(6):
        kernel, stride = (tuple(int(k) for k in rng.integers(1, 4, rank)) for _ in range(2))
        size = tuple(int(s) for s in rng.integers(4, 20 if rank == 1 else 9, rank))
        pairs = [(0, 0)] * rank
        if word == "pairs":
            pairs = [(int(rng.integers(k)), int(rng.integers(k))) for k in kernel]
        elif word != "valid":
            totals = [max((-(-n // s) - 1) * s + k - n, 0) for n, s, k in zip(size, stride, kernel, strict=True)]
            pairs = [(t // 2, t - t // 2) for t in totals]
            pairs = [pair[::-1] for pair in pairs] if word == "same_lower" else pairs
        x = cases.integers(rng, (2, 3, *size), dtype)
        y, where, inside, counted = by_definition(x.astype(float), kernel, stride, pairs, ceil_mode)
        padding = tuple(pairs) if word == "pairs" else word
        pool, average = getattr(F, f"max_pool{rank}d"), getattr(F, f"avg_pool{rank}d")
        words = f"{size} {kernel} {stride} {pairs}"
        for layout, turned in (({}, np.asarray), ({"data_format": calls.LAST[rank]}, partial(calls.to_last, rank=rank))):
            got = pool(turned(x), kernel, stride, padding, ceil_mode=ceil_mode, return_indices=True, **layout)
            tolerance.check_equal(got[0], turned(y), words)
            tolerance.check_equal(got[1], turned(where), words)
            for include, divisor in ((False, inside[1]), (True, counted)):
                how = {"ceil_mode": ceil_mode, "count_include_pad": include}
                mean = average(turned(x), kernel, stride, padding, **how, **layout)
                tolerance.check_equal(mean, turned((inside[0] / divisor).astype(dtype)), words)


def by_definition(x: np.ndarray, kernel: tuple, stride: tuple, pairs: list, ceil_mode: bool) -> tuple:
    """Maxima and places; sums and counts inside; counts inside or in the padding."""
    size, rank = x.shape[2:], len(kernel)
    out = []
    for n, k, s, (front, back) in zip(size, kernel, stride, pairs, strict=True):
        count = -(-(n + front + back - k) // s) + 1 if ceil_mode else (n + front + back - k) // s + 1
        out.append(count - 1 if ceil_mode and (count - 1) * s >= n + front else count)
    y, total = (np.zeros((*x.shape[:2], *out)) for _ in range(2))
    where, inside, counted = (np.zeros(y.shape, np.int64) for _ in range(3))
    for place in np.ndindex(*out):
        starts = [o * s - pair[0] for o, s, pair in zip(place, stride, pairs, strict=True)]
        ends = [start + k for start, k in zip(starts, kernel, strict=True)]
        cut = [(max(a, 0), min(b, n)) for a, b, n in zip(starts, ends, size, strict=True)]
        window = x[(..., *(slice(a, b) for a, b in cut))].reshape(*x.shape[:2], -1)
        at = np.stack(np.unravel_index(window.argmax(-1), [b - a for a, b in cut]))
        corner = np.array([a for a, _ in cut]).reshape(rank, 1, 1)
        index = (..., *place)
        y[index], total[index], inside[index] = window.max(-1), window.sum(-1), window.shape[-1]
        where[index] = np.ravel_multi_index(tuple(at + corner), size)
        reach = [min(b, n + pair[1]) - a for a, b, n, pair in zip(starts, ends, size, pairs, strict=True)]
        counted[index] = np.prod(reach)
    return y, where, (total, inside), counted


@CHUNK
def test_converters_say_what_the_definitions_say(rank: int, chunk: int) -> None:
    for index in cases.indices_of(chunk, CASES):
        rng = cases.rng_for(f"convert{rank}d", index)
        case = cases.draw_pool(rng, rank, "max")
        words = cases.told(f"convert{rank}d", index, case)
        x = cases.integers(rng, case.batch_shape, "float32", 3)
        where = oracle.max_pool(x, **cases.oracle_pool_options(case.options))[1]
        taps = case.lower(switches_oracle.compact(where, case.size, *geometry(case)))
        flat, to = case.lower(where), fc.switches
        for turned, layout in ((np.asarray, calls.FIRST[rank]), (partial(to_last, case=case), calls.LAST[rank])):
            shape, how = turned(case.lower(x)).shape, {"data_format": layout}
            options = case.options | how
            tolerance.check_equal(to.to_compact(turned(flat), shape, **options), turned(taps), words)
            tolerance.check_equal(to.to_flat(turned(taps), shape, **options), turned(flat), words)
            assert to.to_torch(flat, case.input_shape, data_format=calls.FIRST[rank]) is flat
            assert to.from_torch(flat, case.input_shape, data_format=calls.FIRST[rank]) is flat
            for batch in (False, True):
                theirs = turned(case.lower(switches_oracle.tensorflow(where, case.size, batch)))
                of = how | {"include_batch_in_index": batch}
                tolerance.check_equal(to.to_tensorflow(turned(flat), shape, **of), theirs, words)
                tolerance.check_equal(to.from_tensorflow(theirs, shape, **of), turned(flat), words)
                tolerance.check_equal(to.from_tensorflow(theirs.astype(np.int32), shape, **of), turned(flat), words)
            for order in (0, 1):
                theirs = turned(case.lower(switches_oracle.onnx(where, case.size, order)))
                of = how | {"storage_order": order}
                tolerance.check_equal(to.to_onnx(turned(flat), shape, **of), theirs, words)
                tolerance.check_equal(to.from_onnx(theirs, shape, **of), turned(flat), words)


def test_tensorflow_s_argmax_is_what_the_converter_gives(isa: str) -> None:
    x = cases.integers(cases.rng_for("argmax", 0), (2, 7, 9, 3), "float32", 3)
    flat = F.max_pool2d(x, 3, 2, "same", data_format="NHWC", return_indices=True)[1]
    for batch in (False, True):
        where = fc.tf.max_pool_with_argmax(x, 3, 2, "SAME", include_batch_in_index=batch)[1]
        assert (fc.switches.to_tensorflow(flat, x.shape, include_batch_in_index=batch) == where).all()


FLAT = np.array([[[[3, 2]]], [[[0, 1]]]])  # (2, 1, 1, 2): of (2, 2, 2, 2) in NHWC, of (2, 1, 2, 4) in NCHW
SHAPE = (2, 1, 2, 4)
REFUSED = [
    ("to_torch", (FLAT + 6, SHAPE), {}, "indices must lie in [0, 8) for input_size=(2, 1, 2, 4), got indices value 9"),
    ("to_torch", (FLAT - 1, SHAPE), {}, "got indices value -1 at position (1, 0, 0, 0)"),
    ("from_torch", (FLAT.astype(np.uint8), SHAPE), {}, "indices must be int64, got indices of dtype uint8"),
    ("from_torch", (FLAT.tolist(), SHAPE), {}, "indices must be a NumPy array"),
    ("from_torch", (FLAT[:1], SHAPE), {}, "indices must have the batch and channels (2, 1)"),
    ("from_torch", (FLAT[0], SHAPE), {}, "indices must have the batch and channels (2, 1)"),
    ("from_torch", (FLAT[0, 0], SHAPE), {}, "indices must be 3D (unbatched) or 4D (batched)"),
    ("from_torch", (FLAT, (2, 4)), {}, "input_size must have 3 or 4 sizes"),
    ("from_torch", (FLAT, SHAPE), {"data_format": "CHWN"}, "data_format must be one of"),
    ("to_compact", (FLAT, SHAPE, 2), {}, "indices must point to elements of their windows, of kernel_size=2"),
    ("to_compact", (FLAT, SHAPE, (1, 3)), {}, "indices must have shape (2, 1, 2, 1), got indices of shape (2, 1, 1, 2)"),
    ("to_compact", (FLAT, SHAPE, 0), {}, "kernel_size must be positive"),
    ("to_compact", (np.zeros((1, 1, 1, 44), np.int64), (1, 1, 1, 300), (1, 257), 1), {}, "at most 256 elements"),
    ("to_flat", (FLAT, SHAPE, 2), {}, "indices must be uint8, got indices of dtype int64"),
    ("to_flat", ((FLAT + 1).astype(np.uint8), SHAPE, 2), {}, "indices must lie in [0, 4)"),
    ("to_flat", (np.zeros((2, 1, 2, 3), np.uint8), SHAPE, 2, 2, 1), {}, "indices must point inside the input"),
    ("to_tensorflow", (FLAT, (2, 2, 2, 2)), {"include_batch_in_index": 1}, "include_batch_in_index must be True or False"),
    ("from_tensorflow", (FLAT, (2, 2, 2, 2)), {}, "stay in their channel"),
    ("from_tensorflow", (FLAT.astype(np.int16), (2, 2, 2, 2)), {}, "indices must be int64 or int32"),
    ("to_onnx", (FLAT, SHAPE), {"storage_order": 2}, "storage_order must be 0 or 1, got storage_order=2"),
    ("from_onnx", (FLAT, SHAPE), {"storage_order": True}, "storage_order must be 0 or 1, got storage_order=True"),
    ("from_onnx", (FLAT, SHAPE), {}, "indices must stay in their planes, got indices value 0 at position (1, 0, 0, 0)"),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row[0]}: {row[3][:40]}")
def test_a_converter_refuses_in_words(row: tuple) -> None:
    name, arguments, named, says = row
    with pytest.raises(fc.FastconvError) as caught:
        getattr(fc.switches, name)(*arguments, **named)
    assert str(caught.value).startswith(f"switches.{name}: ")
    assert says in str(caught.value)
