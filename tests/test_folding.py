"""Unfold, fold and pixel shuffling against the oracle and against each other."""

import math

import cases
import numpy as np
import pytest
import sampling_oracle as so
import tolerance

import fastconv as fc
import fastconv.functional as F
import fastconv.grad

DRAWS = 20


def draw(rng: np.random.Generator, rank: int) -> tuple[tuple[int, ...], tuple]:
    """An image's shape and kernel_size, dilation, padding and stride."""
    while True:
        kernel, gaps, steps = (tuple(int(v) for v in rng.integers(1, most, rank)) for most in (4, 3, 4))
        pads = tuple(int(v) for v in rng.integers(0, 4, rank))
        size = (*(int(s) for s in rng.integers(1, 7, rank - 1)), cases.pick(rng, (1, 3, 7, 16, 21, 37)))
        if min(so.patches(size, kernel, gaps, pads, steps)) >= 1:
            return (int(rng.integers(1, 3)), int(rng.integers(1, 4)), *size), (kernel, gaps, pads, steps)


def test_unfold_and_fold(rank: int, isa: str) -> None:
    for index in range(DRAWS):
        rng = cases.rng_for("unfold", 10 * index + rank)
        dtype = cases.DTYPES[index % 2]
        shape, window = draw(rng, rank)
        words = cases.told("unfold", 10 * index + rank, shape, window, dtype)
        x = cases.integers(rng, shape, dtype, 99)
        columns = so.unfold(x, *window)
        g = cases.integers(rng, columns.shape, dtype)
        image = so.fold(g, shape[2:], *window)
        for threads in (1, 2, 7):
            more = {"num_threads": threads}
            tolerance.check_equal(F.unfold(x, *window, **more), columns, words)
            tolerance.check_equal(F.fold(g, shape[2:], *window, **more), image, words)
            tolerance.check_equal(fc.grad.unfold_input(shape, g, *window, **more), image, words)
            tolerance.check_equal(fc.grad.fold_input(x, *window, **more), columns, words)
        assert (F.unfold(x[0], *window) == columns[0]).all()
        assert (F.fold(g[0], shape[2:], *window) == image[0]).all()
        assert math.fsum((columns * g).ravel()) == math.fsum((x * image).ravel())


def test_sums_of_floats(isa: str, dtype: str) -> None:
    rng = cases.rng_for("fold floats", 0)
    g = cases.floats(rng, (2, 3 * 9, 6 * 19), dtype)
    window = ((3, 3), (1, 1), (1, 1), (1, 1))
    image, magnitude = (so.fold(f(cases.exact(g)), (6, 19), *window) for f in (np.asarray, np.abs))
    bound = tolerance.sum_bound(magnitude, 9, dtype)
    first = F.fold(g, (6, 19), 3, padding=1, num_threads=1)
    tolerance.check(first, image, bound, "fold")
    for threads in (2, 3, 7):
        assert F.fold(g, (6, 19), 3, padding=1, num_threads=threads).tobytes() == first.tobytes()


def test_numbers_of_axes_as_torch_and_beyond() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    assert F.unfold(x, 2).shape == (2 * 4, 2 * 3)  # no batch, as in torch
    assert F.unfold(x, (2,)).shape == (2, 6, 3)  # a sequence
    assert F.unfold(np.ones((1, 2, 3, 4, 5)), 2).shape == (1, 16, 24)
    assert F.fold(F.unfold(x, (2,)), (4,), (2,)).shape == x.shape
    assert F.fold(F.unfold(np.ones((1, 2, 3, 4, 5)), 2), (3, 4, 5), 2).shape == (1, 2, 3, 4, 5)
    assert F.unfold(np.ones((0, 2, 3, 4)), 2).shape == (0, 8, 6)
    assert F.fold(np.ones((0, 8, 6)), (3, 4), 2).shape == (0, 2, 3, 4)


@pytest.mark.parametrize("r", [1, 2, 3, 4, 7])
def test_pixel_shuffle_is_a_transposition(r: int, isa: str, dtype: str) -> None:
    x = cases.integers(cases.rng_for("shuffle", r), (2, 3 * r * r, 5, 19), dtype)
    x[0, 0, 0, 0] = -0.0
    y = x.reshape(2, 3, r, r, 5, 19).transpose(0, 1, 4, 2, 5, 3).reshape(2, 3, 5 * r, 19 * r)
    for threads in (1, 3):
        assert F.pixel_shuffle(x, r, num_threads=threads).tobytes() == y.tobytes()
        assert F.pixel_unshuffle(y, r, num_threads=threads).tobytes() == x.tobytes()
    assert (F.pixel_shuffle(x[0], r) == y[0]).all()
    assert (F.pixel_unshuffle(y[None], r) == x[None]).all()
    assert F.pixel_shuffle(x[:0], r).shape == (0, *y.shape[1:])


def test_layers_equal_the_functions() -> None:
    rng = cases.rng_for("fold layers", 0)
    x = cases.integers(rng, (2, 8, 6, 7), "float32")
    layer = fc.nn.Unfold(3, padding=1, stride=2)
    y = layer(x)
    assert (y == F.unfold(x, 3, 1, 1, 2)).all()
    assert (layer.backward(y) == F.fold(y, (6, 7), 3, 1, 1, 2)).all()
    assert repr(layer) == "Unfold(kernel_size=3, dilation=1, padding=1, stride=2)"
    fold = fc.nn.Fold((6, 7), 3, padding=1, stride=2)
    assert (fold(y) == F.fold(y, (6, 7), 3, 1, 1, 2)).all()
    assert (fold.backward(x) == y).all()
    assert repr(fold) == "Fold(output_size=(6, 7), kernel_size=3, dilation=1, padding=1, stride=2)"
    larger = fc.nn.PixelShuffle(2)
    assert (fc.nn.PixelUnshuffle(2)(larger(x)) == x).all()
    assert (larger.backward(larger(x)) == x).all()
