"""Maxout against the definition: every axis, ties, NaN, and the way back."""

import cases
import numpy as np
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F
import fastconv.grad

SHAPES = [(4, 30), (2, 30, 7), (2, 30, 5, 9), (30,), (3, 4, 30), (0, 30, 4), (2, 30, 3, 4, 5), (1, 30, 70)]


def groups(x: np.ndarray, pieces: int, dim: int) -> np.ndarray:
    """The maps that compete, along a new last axis."""
    moved = np.moveaxis(x, dim, -1)
    return moved.reshape(*moved.shape[:-1], moved.shape[-1] // pieces, pieces)


def expected(x: np.ndarray, pieces: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Maxima and their maps, by one comparison after the other."""
    parts = groups(x, pieces, dim)
    best, which = parts[..., 0].copy(), np.zeros(parts.shape[:-1], np.int64)
    for k in range(1, pieces):
        wins = (parts[..., k] > best) | (np.isnan(parts[..., k]) & ~np.isnan(best))
        best, which = np.where(wins, parts[..., k], best), np.where(wins, k, which)
    which += np.arange(parts.shape[-2]) * pieces
    return np.moveaxis(best, -1, dim), np.moveaxis(which, -1, dim)


@pytest.mark.parametrize("pieces", [1, 2, 3, 5])
@pytest.mark.parametrize("shape", SHAPES)
def test_maxout_and_its_gradient(shape: tuple[int, ...], pieces: int, isa: str, dtype: str) -> None:
    dim = shape.index(30)
    rng = cases.rng_for(f"maxout {shape}", pieces)
    x = cases.integers(rng, shape, dtype, 2)
    for value, share in ((-np.inf, 0.3), (np.nan, 0.05)):
        x[rng.random(shape) < share] = value
    y, maps = expected(x, pieces, dim)
    for axis in (dim, dim - len(shape)):
        for threads in (1, 2, 3):
            got, which = F.maxout(x, pieces, axis, return_indices=True, num_threads=threads)
            tolerance.check_equal(got, y, f"{shape} {pieces}")
            assert which.dtype == np.int64
            tolerance.check_equal(which, maps, f"{shape} {pieces}")
            tolerance.check_equal(F.maxout(x, pieces, axis, num_threads=threads), y, f"{shape} {pieces}")
    g = cases.integers(rng, y.shape, dtype)
    dx = np.zeros(shape, dtype)
    np.put_along_axis(dx, maps, g, dim)
    tolerance.check_equal(fastconv.grad.maxout_input(shape, maps, g, dim), dx, f"{shape} {pieces}")


def test_larger_arrays_have_the_same_bits_for_any_number_of_threads(isa: str) -> None:
    x = cases.floats(cases.rng_for("maxout larger", 0), (1, 60, 90, 91), "float32")
    for dim, a in ((1, x), (-1, np.ascontiguousarray(np.moveaxis(x, 1, -1)))):
        y, maps = F.maxout(a, 3, dim, return_indices=True)
        assert (np.take_along_axis(a, maps, dim) == y).all()
        dx = fastconv.grad.maxout_input(a.shape, maps, y, dim)
        assert (np.take_along_axis(dx, maps, dim) == y).all()
        for t in (1, 2, 3, 7):
            again, which = F.maxout(a, 3, dim, return_indices=True, num_threads=t)
            assert again.tobytes() == y.tobytes()
            assert which.tobytes() == maps.tobytes()
            assert fastconv.grad.maxout_input(a.shape, maps, y, dim, num_threads=t).tobytes() == dx.tobytes()


def test_any_layout_and_out(dtype: str) -> None:
    x = cases.floats(cases.rng_for("maxout layout", 0), (3, 8, 6), dtype)
    right = F.maxout(x, 4)
    assert F.maxout(np.asfortranarray(x), 4).tobytes() == right.tobytes()
    assert F.maxout(x[:, ::-1][:, ::-1], 4).tobytes() == right.tobytes()
    out = x[:, :2]
    assert F.maxout(x, 4, out=out) is out
    assert out.tobytes() == right.tobytes()


@pytest.mark.parametrize(
    ("shape", "dim"), [((2, 6, 5), 1), ((2, 6, 5), -1), ((6,), 0), ((0, 6, 5), 1), ((2, 6, 0), 1), ((2, 6, 0, 3), 1)]
)
def test_the_gradient_along_every_axis_and_of_nothing(shape: tuple[int, ...], dim: int, dtype: str) -> None:
    dim, small = (dim, (*shape[:-1], 1)) if dim < 0 else (dim, (*shape[:dim], 2, *shape[dim + 1 :]))
    g = np.ones(small, dtype)
    dx = fastconv.grad.maxout_input(shape, np.zeros(small, np.int64), g, dim)
    assert dx.shape == shape
    tolerance.check_equal(np.take(dx, 0, dim), g.sum(dim), f"{shape} {dim}")
    assert not np.delete(dx, 0, dim).any()


def test_what_maxout_refuses() -> None:
    x = np.ones((2, 6, 3), np.float32)
    with pytest.raises(fc.FastconvValueError, match=r"^maxout: the size of input in axis dim=1 must be a multiple"):
        F.maxout(x, 4)
    with pytest.raises(fc.FastconvValueError, match="dim must lie in"):
        F.maxout(x, 2, 3)
