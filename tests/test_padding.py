"""Padding and its gradient against the oracle, NumPy and themselves."""

import math

import calls
import cases
import numpy as np
import pytest
import sampling_oracle as so
import tolerance

import fastconv as fc
import fastconv.functional as F
import fastconv.grad

MODES = ("constant", "reflect", "replicate", "circular", "symmetric")
DRAWS = 24


def draw(rng: np.random.Generator, mode: str) -> tuple[tuple[int, ...], list[tuple[int, int]]]:
    """A shape and the pair of each axis; some are wider than the axis, some crop."""
    rank = int(rng.integers(1, 4))
    lead = tuple(int(s) for s in rng.integers(1, 4, int(rng.integers(0, 3))))
    shape = (*lead, *(int(s) for s in rng.integers(1, 7, rank - 1)), cases.pick(rng, (1, 2, 3, 5, 8, 17, 33)))
    padded = len(shape) if mode == "constant" and rng.random() < 0.5 else rank
    pairs = [(0, 0)] * (len(shape) - padded)
    for size in shape[len(shape) - padded :]:
        front, back = (int(v) for v in rng.integers(-1, 9, 2))
        pairs.append((front, back) if front + back + size >= 1 and min(front, back) >= -size else (2, 0))
        if size == 1 and min(pairs[-1]) < 0:
            pairs[-1] = (1, 3)
    return shape, pairs


def flat(pairs: list[tuple[int, int]]) -> tuple[int, ...]:
    """Pairs as torch writes them, without the leading axes that have none."""
    while len(pairs) > 1 and pairs[0] == (0, 0):
        pairs = pairs[1:]
    return tuple(number for pair in reversed(pairs) for number in pair)


@pytest.mark.parametrize("mode", MODES)
def test_pad_and_its_gradient(mode: str, isa: str) -> None:
    for index in range(DRAWS):
        rng = cases.rng_for(f"pad {mode}", index)
        dtype = cases.DTYPES[index % 2]
        shape, pairs = draw(rng, mode)
        value = float(rng.integers(-3, 4)) if mode == "constant" else 0.0
        words = cases.told(f"pad {mode}", index, shape, pairs, dtype)
        x = cases.integers(rng, shape, dtype, 99)
        x[rng.random(shape) < 0.05] = rng.choice([np.nan, np.inf, -np.inf])
        y = so.pad(x, pairs, mode, value)
        for threads in (1, 2, 7):
            tolerance.check_equal(F.pad(x, flat(pairs), mode, value, num_threads=threads), y, words)
        g = cases.integers(rng, y.shape, dtype)
        dx = so.pad_input(shape, g, pairs, mode)
        for threads in (1, 3):
            got = fc.grad.pad_input(shape, g, flat(pairs), mode, value, num_threads=threads)
            tolerance.check_equal(got, dx, words + " gradient")


@pytest.mark.parametrize("mode", MODES)
def test_channels_last(mode: str, rank: int, isa: str, dtype: str) -> None:
    rng = cases.rng_for(f"pad last {mode}", rank)
    x = cases.integers(rng, (2, 5, *(4, 3, 9)[:rank]), dtype)
    pads = (2, 3, 1, 0, 1, 1)[: 2 * rank]
    first, last = F.pad(x, pads, mode), F.pad(calls.to_last(x, rank), pads, mode, data_format=calls.LAST[rank])
    assert (calls.to_first(last, rank) == first).all()
    assert (F.pad(x, pads, mode, data_format=calls.FIRST[rank]) == first).all()
    g = cases.integers(rng, first.shape, dtype)
    dx = fc.grad.pad_input(x.shape, g, pads, mode)
    back = fc.grad.pad_input(calls.to_last(x, rank).shape, calls.to_last(g, rank), pads, mode, data_format=calls.LAST[rank])
    assert (calls.to_first(back, rank) == dx).all()


@pytest.mark.parametrize(("mode", "word"), [("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")])
def test_borders_as_numpy_has_them(mode: str, word: str, dtype: str) -> None:
    x = cases.integers(cases.rng_for("pad numpy", 0), (3, 5, 70), dtype)
    assert (F.pad(x, (3, 2, 4, 1), mode) == np.pad(x, ((0, 0), (4, 1), (3, 2)), word)).all()
    assert (F.pad(x, (3, 2, 4, 1), f"numpy:{word}") == F.pad(x, (3, 2, 4, 1), mode)).all()


def test_a_border_far_wider_than_the_array(isa: str, dtype: str) -> None:
    x = cases.integers(cases.rng_for("pad wide", 0), (2, 3), dtype)
    for mode in MODES[1:]:
        pairs = [(0, 0), (1000, 700)]
        y = F.pad(x, (1000, 700), mode)
        tolerance.check_equal(y, so.pad(x, pairs, mode), mode)
        dx = fc.grad.pad_input(x.shape, np.ones_like(y), (1000, 700), mode)
        tolerance.check_equal(dx, so.pad_input(x.shape, np.ones(y.shape), pairs, mode), mode)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int64", "uint64", "bool"])
def test_numbers_that_are_no_floats(dtype: str) -> None:
    x = (np.arange(24).reshape(2, 3, 4) % 2).astype(dtype)
    for mode in MODES:
        y = F.pad(x, (1, 2, 2, 0), mode)
        assert y.dtype == x.dtype
        assert (y == so.pad(x, [(0, 0), (2, 0), (1, 2)], mode)).all()
    assert (F.pad(x, (1, 1) * 3, value=1) == so.pad(x, [(1, 1)] * 3, "constant", 1)).all()
    out = np.zeros((2, 5, 7), dtype)
    assert F.pad(x, (1, 2, 2, 0), out=out) is out
    with pytest.raises(fc.FastconvValueError, match="value"):
        F.pad(x, (1, 1), value=0.5)


def test_arrays_without_elements() -> None:
    assert (F.pad(np.ones((2, 0), np.float32), (1, 2), value=3) == np.full((2, 3), 3)).all()
    assert F.pad(np.ones((2, 3), np.float32), (-2, -1)).shape == (2, 0)
    assert F.pad(np.ones((0, 2, 3), np.float32), (1, 1), "reflect").shape == (0, 2, 5)
    assert fc.grad.pad_input((0, 2, 3), np.ones((0, 2, 5)), (1, 1), "reflect").shape == (0, 2, 3)
    assert (fc.grad.pad_input((2, 3), np.ones((2, 0)), (-2, -1)) == np.zeros((2, 3))).all()


def test_layers_equal_the_functions(rank: int) -> None:
    rng = cases.rng_for("pad layers", rank)
    x = cases.integers(rng, (2, 3, *(4, 5, 6)[:rank]), "float32")
    pads = (1, 2, 0, 1, 2, 1)[: 2 * rank]
    kinds = {"ZeroPad": "constant", "ReflectionPad": "reflect", "ReplicationPad": "replicate", "CircularPad": "circular"}
    for kind, mode in kinds.items():
        layer = getattr(fc.nn, f"{kind}{rank}d")(pads)
        y = layer(x)
        assert (y == F.pad(x, pads, mode)).all()
        assert (layer.backward(y) == fc.grad.pad_input(x.shape, y, pads, mode)).all()
        assert repr(layer) == f"{kind}{rank}d({pads})"
    layer = getattr(fc.nn, f"ConstantPad{rank}d")(1, 2.5)
    assert (layer(x) == F.pad(x, (1,) * 2 * rank, value=2.5)).all()
    assert repr(layer) == f"ConstantPad{rank}d(padding={(1,) * 2 * rank}, value=2.5)"
    with pytest.raises(fc.FastconvValueError, match="padding"):
        getattr(fc.nn, f"ZeroPad{rank}d")((1, 2, 3))


def test_the_gradient_is_the_adjoint(dtype: str) -> None:
    rng = cases.rng_for("pad adjoint", 0)
    for mode in MODES:
        x = cases.integers(rng, (2, 5, 6, 7), dtype)
        y = F.pad(x, (3, 9, -1, 8, 2, 2), mode)
        g = cases.integers(rng, y.shape, dtype)
        dx = fc.grad.pad_input(x.shape, g, (3, 9, -1, 8, 2, 2), mode)
        assert math.fsum((y * g).ravel()) == math.fsum((x * dx).ravel()), mode
