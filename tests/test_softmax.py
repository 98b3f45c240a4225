"""Softmax, its logarithm and softmin along any axis, with infinities; and their gradients."""

import cases
import numpy as np
import oracle
import pytest
import tolerance

import fastconv.functional as F
import fastconv.grad as G
from fastconv import nn

SHAPES = (
    (7,),
    (3, 1),
    (1, 5),
    (4, 33),
    (2, 300),
    (3, 5, 7),
    (2, 21, 40),
    (2, 3, 260),
    (2, 2, 3, 4, 5),
    (3, 4100),
    (70, 3, 700),
)
NAMES = ("softmax", "log_softmax", "softmin")


def definition(name: str, x: np.ndarray, dim: int) -> np.ndarray:
    """The oracle's answer."""
    return oracle.log_softmax(x, dim) if name == "log_softmax" else oracle.softmax(-x if name == "softmin" else x, dim)


@pytest.mark.parametrize("name", NAMES)
def test_values_and_gradients_along_every_axis(name: str, isa: str, dtype: str) -> None:
    function, gradient = getattr(F, name), getattr(G, f"{name}_input")
    for index, shape in enumerate(SHAPES):
        rng = cases.rng_for("softmax axes", index)
        x, g = 3 * cases.floats(rng, shape, dtype), cases.floats(rng, shape, dtype)
        wide = x.astype(np.longdouble)
        for dim in range(len(shape)):
            words, d = f"{name} {shape} dim={dim} {isa}", shape[dim]
            expected = definition(name, wide, dim)
            kind = tolerance.log_softmax_bound if name == "log_softmax" else tolerance.softmax_bound
            one, *more = (function(x, dim, num_threads=t) for t in (1, 2, 3, 7))
            tolerance.check(one, expected, kind(wide, expected, dim, dtype), words)
            assert all(y.tobytes() == one.tobytes() for y in more), words
            assert function(x, dim - len(shape)).tobytes() == one.tobytes(), words
            y, wide_g = one.astype(np.longdouble), g.astype(np.longdouble)
            if name == "log_softmax":
                dx = oracle.log_softmax_input(y, wide_g, dim)
                size = np.abs(wide_g) + np.exp(y) * np.abs(wide_g).sum(axis=dim, keepdims=True)
            else:
                dx = oracle.softmax_input(y, wide_g, dim) * (-1 if name == "softmin" else 1)
                size = y * (np.abs(wide_g) + (y * np.abs(wide_g)).sum(axis=dim, keepdims=True))
            bound = tolerance.gamma(
                d + 2 * tolerance.EXP_ULPS + 4, tolerance.unit_roundoff(dtype)
            ) * size + tolerance.smallest(dtype)
            grads = [gradient(one, g, dim, num_threads=t) for t in (1, 2, 3)]
            tolerance.check(grads[0], dx, bound, words)
            assert all(a.tobytes() == grads[0].tobytes() for a in grads), words


@pytest.mark.parametrize("name", NAMES)
def test_infinities_follow_the_definition(name: str, isa: str, dtype: str) -> None:
    """A vector of -inf or with inf or nan in it has no probabilities; -inf alone is a probability of 0."""
    rng = cases.rng_for("softmax special", 0)
    sign = -1 if name == "softmin" else 1
    for d in (1, 2, 5, 16, 37):
        x = cases.floats(rng, (6, d), dtype)
        x[0], x[1, d // 2], x[2, -1], x[3, 0] = -sign * np.inf, sign * np.inf, np.nan, -sign * np.inf
        with np.errstate(invalid="ignore", divide="ignore"):
            expected = definition(name, x.astype(np.longdouble), 1)
        bound = 1e3 * tolerance.unit_roundoff(dtype) * (1 + np.abs(np.nan_to_num(expected, neginf=0)))
        for y in (getattr(F, name)(x, 1), getattr(F, name)(np.ascontiguousarray(x.T), 0).T):
            tolerance.check(y, expected, bound, f"{name} {d} {isa}")


def test_extremes_do_not_overflow(isa: str, dtype: str) -> None:
    big = float(np.finfo(dtype).max) / 4
    x = np.array([big, -big, big, 0], dtype)
    assert F.softmax(x, 0).tolist() == [0.5, 0, 0.5, 0]
    assert F.softmin(x, 0).tolist() == [0, 1, 0, 0]
    assert F.log_softmax(np.zeros((3, 1), dtype), 1).tolist() == [[0], [0], [0]]


@pytest.mark.parametrize("name", NAMES)
def test_out_empty_and_scalar(name: str, dtype: str) -> None:
    x = cases.floats(cases.rng_for("softmax out", 0), (5, 6, 7), dtype)
    for dim in (1, 2):
        expected, held = getattr(F, name)(x, dim), x.copy()
        assert getattr(F, name)(held, dim, out=held) is held
        np.testing.assert_array_equal(held, expected)
    for shape in ((0, 3), (3, 0), (2, 0, 4)):
        assert getattr(F, name)(np.empty(shape, dtype), 1).shape == shape
        assert getattr(G, f"{name}_input")(np.empty(shape, dtype), np.empty(shape, dtype), 1).shape == shape


def test_the_layer_of_softmin() -> None:
    x, g = np.random.default_rng(0).standard_normal((2, 3, 5))
    layer = nn.Softmin(1)
    np.testing.assert_array_equal(layer(x), F.softmin(x, 1))
    np.testing.assert_array_equal(layer.backward(g), G.softmin_input(F.softmin(x, 1), g, 1))
