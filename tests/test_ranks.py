"""Maximum, minimum, median and other rank filters: the sorted window of the definition, and SciPy's answers."""

import itertools

import cases
import numpy as np
import pytest
import scipy.ndimage

import fastconv as fc
from fastconv.backends.cpu import ranks

MODES = {"constant": "constant", "replicate": "nearest", "reflect": "mirror", "symmetric": "reflect", "circular": "wrap"}
DTYPES = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64")
LARGEST_SHAPES = {1: 90, 2: 40, 3: 14, 4: 7}
CASES = min(cases.CASES, 160)  # for each number of axes
CHUNK = pytest.mark.parametrize("chunk", range(cases.CHUNKS))
AXES = pytest.mark.parametrize("axes", [1, 2, 3, 4])


def positions(mode: str, count: int, left: int, size: int) -> np.ndarray:
    """Which element of an axis each position of the padded axis holds; -1 is the constant."""
    at = np.arange(-left, count - left + size - 1)
    if mode == "constant":
        return np.where((at < 0) | (at >= count), -1, at)
    if mode == "replicate":
        return np.clip(at, 0, count - 1)
    if mode == "circular":
        return at % count
    turn = np.r_[0:count, count - 1 : -1 : -1] if mode == "symmetric" else np.r_[0:count, count - 2 : 0 : -1]
    return turn[at % len(turn)]


def padded(x: np.ndarray, sizes: tuple[int, ...], left: tuple[int, ...], modes: tuple[str, ...], cval: float) -> np.ndarray:
    """The array with what its windows read outside."""
    for axis, (size, before, mode) in enumerate(zip(sizes, left, modes, strict=True)):
        at = positions(mode, x.shape[axis], before, size)
        outside = (at < 0).reshape([-1 if a == axis else 1 for a in range(x.ndim)])
        x = np.where(outside, np.asarray(cval).astype(x.dtype), np.take(x, np.maximum(at, 0), axis))
    return x


def windows(x: np.ndarray, footprint: np.ndarray, *where: object) -> np.ndarray:
    """What each window holds, in sorted order, on the last axis."""
    seen = np.lib.stride_tricks.sliding_window_view(padded(x, footprint.shape, *where), footprint.shape)
    return np.sort(seen[..., footprint], axis=-1)


def values(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Elements of the whole range of a type or of few values, so that many are equal."""
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return rng.random(shape) < 0.5
    if kind.kind == "f":
        x = rng.normal(size=shape) if rng.random() < 0.5 else rng.integers(-3, 4, shape)
        return x.astype(dtype)
    few = rng.random() < 0.5
    limits = np.iinfo(dtype)
    return rng.integers(0 if few else limits.min, 5 if few else limits.max, shape, dtype, endpoint=True)


def laid_out(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """An array in any order of axes, direction and spacing."""
    order, steps = rng.permutation(len(shape)), rng.choice((1, 1, 2, -1, -2), len(shape))
    room = tuple(shape[axis] * abs(steps[axis]) for axis in order)
    x = values(rng, room, dtype).transpose(np.argsort(order))
    return x[tuple(slice(None, None, step) for step in steps)]


def like(x: np.ndarray, rng: np.random.Generator, dtype: object = None) -> np.ndarray:
    """An array for results, laid out in its own way, full of something else."""
    out = laid_out(rng, x.shape, str(x.dtype if dtype is None else np.dtype(dtype)))
    out[...] = 1
    return out


def drawn(rng: np.random.Generator, axes: int) -> tuple:
    """An array, a box, how far it lies left, modes, and a constant."""
    shape = tuple(int(n) for n in rng.integers(1, LARGEST_SHAPES[axes] + 1, axes))
    sizes = tuple(int(n) for n in rng.integers(1, (20, 7, 4, 3)[axes - 1] + 1, axes))
    left = tuple(int(rng.integers(0, size)) for size in sizes)
    modes = tuple(rng.choice(list(MODES), axes).tolist())
    return laid_out(rng, shape, DTYPES[rng.integers(len(DTYPES))]), sizes, left, modes, float(rng.integers(0, 2))


def check(out: np.ndarray, expected: np.ndarray, words: object) -> None:
    """Equal values, NaN where there should be NaN."""
    np.testing.assert_array_equal(out, expected, err_msg=str(words))


@AXES
@CHUNK
def test_extremes_are_those_of_the_definition(axes: int, chunk: int) -> None:
    for index in cases.indices_of(chunk, CASES):
        rng = cases.rng_for(f"extreme{axes}d", index)
        x, sizes, *where = drawn(rng, axes)
        expected = windows(x, np.ones(sizes, bool), *where)
        for isa, largest in itertools.product(fc.available_isas(), (False, True)):
            out = like(x, rng)
            with fc.override(isa=isa):
                ranks.extreme(x, out, sizes, *where, largest, 1 + index % 3)
            check(out, expected[..., -1 if largest else 0], (index, x.shape, x.dtype, sizes, where, isa))


@AXES
@CHUNK
def test_ranks_are_those_of_the_definition(axes: int, chunk: int) -> None:
    for index in cases.indices_of(chunk, CASES):
        rng = cases.rng_for(f"rank{axes}d", index)
        x, sizes, *where = drawn(rng, axes)
        footprint = rng.random(sizes) < rng.choice((0.3, 0.7, 1.0))
        footprint.flat[rng.integers(footprint.size)] = True
        expected = windows(x, footprint, *where)
        rank = int(rng.integers(expected.shape[-1]))
        for isa in fc.available_isas():
            out = like(x, rng)
            with fc.override(isa=isa):
                ranks.rank(x, out, footprint, *where, rank, 1 + index % 3)
            check(out, expected[..., rank], (index, x.shape, x.dtype, footprint, where, rank, isa))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(37, 150), (1, 5), (70, 1), (2, 3), (130, 67, 3)], ids=str)
def test_squares_and_lines_of_every_type(isa: str, dtype: str, shape: tuple[int, ...]) -> None:
    rng = cases.rng_for(f"squares {dtype}", len(shape))
    x = values(rng, shape, dtype)
    for size in ((3, 3), (5, 5), (7, 7), (1, 3), (5, 1), (4, 4), (2, 9)):
        box = (*size, 1)[: len(shape)]
        where = tuple(n // 2 for n in box), ("symmetric",) * len(box), 0.0
        expected = windows(x, np.ones(box, bool), *where)
        for rank in {0, expected.shape[-1] // 3, expected.shape[-1] // 2, expected.shape[-1] - 1}:
            out = np.empty_like(x)
            ranks.rank(x, out, np.ones(box, bool), *where, rank, 2)
            check(out, expected[..., rank], (size, rank))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [1, 2, 9, 26])
def test_windows_wider_than_the_array(isa: str, mode: str, size: int) -> None:
    rng = cases.rng_for(f"wide {mode}", size)
    for shape, dtype in itertools.product([(1, 1), (1, 4), (3, 2), (9, 5)], ("uint8", "float32", "int64")):
        x = values(rng, shape, dtype)
        for left in {0, size // 2, size - 1}:
            where = (left,) * 2, (mode,) * 2, 1.0
            expected = windows(x, np.ones((size, size), bool), *where)
            for rank in {0, expected.shape[-1] // 2, expected.shape[-1] - 1}:
                out = np.empty_like(x)
                ranks.rank(x, out, np.ones((size, size), bool), *where, rank, 1)
                check(out, expected[..., rank], (shape, dtype, left, rank))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "float32", "float64"])
def test_windows_that_slide(isa: str, dtype: str) -> None:
    rng = cases.rng_for("slide", 0)
    x = values(rng, (2, 70, 83), dtype)
    x[0, 5:60, 7:70] = x[0, 5, 7]  # long runs of equal elements
    disc = np.hypot(*np.ogrid[-10:11, -12:13]) < 11.5
    for footprint in (np.ones((1, 25, 25), bool), disc[None], np.stack([disc, ~disc])):
        where = tuple(n // 2 for n in footprint.shape), ("reflect",) * 3, 0.0
        expected = windows(x, footprint, *where)
        for rank in (1, expected.shape[-1] // 2, expected.shape[-1] - 2):
            out = np.empty_like(x)
            ranks.rank(x, out, footprint, *where, rank, 2)
            check(out, expected[..., rank], (footprint.shape, rank))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_is_larger_than_every_number(isa: str, dtype: str) -> None:
    rng = cases.rng_for("nan", 0)
    x = values(rng, (2, 60, 90), dtype)
    for value in (np.nan, -np.nan, np.inf, -np.inf):
        x[rng.random(x.shape) < 0.03] = value
    for sizes in ((1, 3, 3), (1, 5, 5), (2, 4, 3), (1, 1, 7), (1, 23, 23)):
        where = tuple(n // 2 for n in sizes), ("circular",) * 3, 0.0
        expected = windows(x, np.ones(sizes, bool), *where)
        for rank in {0, expected.shape[-1] // 2, expected.shape[-1] - 1}:
            out = np.empty_like(x)
            ranks.rank(x, out, np.ones(sizes, bool), *where, rank, 2)
            check(out, expected[..., rank], (sizes, rank))


@pytest.mark.parametrize("shape", [(300, 1100), (40, 50, 60), (5000, 3, 3), (150000,), (700, 600, 3)], ids=str)
def test_bits_do_not_depend_on_threads(shape: tuple[int, ...]) -> None:
    rng = cases.rng_for("threads", len(shape))
    axes = len(shape)
    x = rng.normal(size=shape).astype(np.float32)
    x[rng.random(shape) < 0.3] = 0
    x[rng.random(shape) < 0.3] = -0.0
    x.flat[0] = np.nan
    for size in (3, 5):
        box = (size,) * min(axes, 2) + (1,) * (axes - 2)
        where = (1,) * min(axes, 2) + (0,) * (axes - 2), ("reflect",) * axes, 0.0
        found = {}
        for threads in (1, 2, 3):
            y, z = np.empty_like(x), np.empty_like(x)
            ranks.extreme(x, y, (size,) * axes, (1,) * axes, *where[1:], True, threads)
            ranks.rank(x, z, np.ones(box, bool), *where, int(np.prod(box)) // 2, threads)
            found[threads] = y.tobytes() + z.tobytes()
        assert len(set(found.values())) == 1


@pytest.mark.parametrize("to", DTYPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_results_are_cast(isa: str, dtype: str, to: str) -> None:
    rng = cases.rng_for(f"cast {dtype}", DTYPES.index(to))
    x = values(rng, (3, 21, 150), dtype)
    if x.dtype.kind == "f":
        x = np.abs(x * 7).astype(dtype)
    for sizes in ((1, 3, 3), (2, 2, 3)):
        where = (0, 1, 1), ("replicate",) * 3, 0.0
        expected = windows(x, np.ones(sizes, bool), *where)
        middle = expected.shape[-1] // 2
        out = like(x, rng, to)
        ranks.rank(x, out, np.ones(sizes, bool), *where, middle, 1)
        check(out, expected[..., middle].astype(to), sizes)
        ranks.extreme(x, out, sizes, *where, True, 2)
        check(out, expected[..., -1].astype(to), sizes)


def test_casts_wrap_and_cut_off() -> None:
    x = np.array([-1.75, 3.99, 300.5, -300.5, 2.0**40 + 7])
    for to, expected in (("uint8", [255, 3, 44, 212, 7]), ("int8", [-1, 3, 44, -44, 7]), ("bool", [1] * 5)):
        out = np.empty(5, to)
        ranks.extreme(x, out, (1,), (0,), ("replicate",), 0.0, True, 1)
        check(out, np.array(expected, to), to)


@pytest.mark.parametrize("cval", [-1.0, 300.0, 0.5, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "bool"])
def test_constants_that_the_type_does_not_hold(isa: str, dtype: str, cval: float) -> None:
    rng = cases.rng_for("constants", 0)
    x = values(rng, (4, 9, 13), dtype)
    wide = x.astype(np.float64)
    sizes = (2, 3, 4)
    where = (0, 1, 2), ("constant",) * 3, cval
    expected = windows(wide, np.ones(sizes, bool), *where)
    for rank in (0, 7, 12, 23):
        out = np.empty(x.shape)
        ranks.rank(x, out, np.ones(sizes, bool), *where, rank, 2)
        check(out, expected[..., rank], rank)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", MODES)
def test_scipy_gives_the_same(dtype: str, mode: str) -> None:
    rng = cases.rng_for(f"scipy {mode}", DTYPES.index(dtype))
    x = values(rng, (31, 42), dtype)
    if x.dtype.itemsize == 8 and x.dtype.kind in "iu":
        x %= 1000  # SciPy compares doubles
    for size, left in ((3, 1), (5, 2), (4, 0), (9, 8)):
        origin = left - size // 2
        how = {"mode": MODES[mode], "cval": 1.0, "origin": origin}
        where = (left,) * 2, (mode,) * 2, 1.0
        out = np.empty_like(x)
        for largest, peer in ((True, scipy.ndimage.maximum_filter), (False, scipy.ndimage.minimum_filter)):
            ranks.extreme(x, out, (size,) * 2, *where, largest, 2)
            check(out, peer(x, size, **how), (size, left, largest))
        ranks.rank(x, out, np.ones((size, size), bool), *where, size * size // 2, 2)
        check(out, scipy.ndimage.median_filter(x, size, **how), (size, left))


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "float64"])
@pytest.mark.parametrize("mode", MODES)
def test_grey_structures(isa: str, dtype: str, mode: str) -> None:
    rng = cases.rng_for("grey", 0)
    x = (values(rng, (4, 20, 33), dtype) % 50).astype(dtype)
    for shape in ((1, 3, 3), (2, 3, 4), (1, 1, 7), (1, 1, 1)):
        structure = rng.integers(0, 9, shape).astype(np.float64)
        footprint = rng.random(shape) < 0.7
        footprint[0, 0, 0] = True
        left = tuple(n // 2 for n in shape)
        seen = np.lib.stride_tricks.sliding_window_view(padded(x.astype(np.float64), shape, left, (mode,) * 3, 2.0), shape)
        lowered, raised = (seen - structure)[..., footprint], (seen + structure)[..., footprint]
        for rank, expected in ((0, lowered.min(-1)), (-1, raised.max(-1))):
            out = np.empty(x.shape, np.float64)
            ranks.rank(x, out, footprint, left, (mode,) * 3, 2.0, rank, 2, structure)
            check(out, expected, (shape, rank))


def test_nothing_is_done_without_elements() -> None:
    for shape in ((0,), (3, 0), (0, 4, 5)):
        x = np.empty(shape, np.float32)
        ranks.extreme(x, np.empty_like(x), (3,) * len(shape), (1,) * len(shape), ("reflect",) * len(shape), 0.0, True, None)
        ranks.rank(
            x, np.empty_like(x), np.ones((3,) * len(shape), bool), (1,) * len(shape), ("reflect",) * len(shape), 0.0, 1, 1
        )


def test_inputs_are_read_only_and_stay_as_they_are() -> None:
    x = values(cases.rng_for("kept", 0), (50, 60, 7), "float32")
    before = x.copy()
    x.flags.writeable = False
    out = np.empty_like(x)
    ranks.extreme(x, out, (3, 3, 3), (1, 1, 1), ("reflect",) * 3, 0.0, True, 2)
    ranks.rank(x, out, np.ones((3, 3, 3), bool), (1, 1, 1), ("reflect",) * 3, 0.0, 13, 2)
    check(x, before, "input")
