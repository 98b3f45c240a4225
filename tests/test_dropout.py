"""Dropout: the published numbers of its generator, the same draw however it is computed, and what is drawn on the whole."""

import copy
import itertools
import pickle

import calls
import cases
import numpy as np
import pytest

import fastconv as fc
import fastconv.functional as F
import fastconv.grad as G
from fastconv import nn
from fastconv.kernels.activation import threefry

# Random123's known answers for threefry4x32 of 20 rounds: counter, key, result.
KNOWN = (
    ((0,) * 4, (0,) * 4, (0x9C6CA96A, 0xE17EAE66, 0xFC10ECD4, 0x5256A7D8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 4, (0x2A881696, 0x57012287, 0xF6C7446E, 0xA16A6732)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0, 0x082EFA98, 0xEC4E6C89),
        (0x59CD1DBB, 0xB8879579, 0x86B5D00C, 0xAC8B6D84),
    ),
)
NAMES = ("dropout", "alpha_dropout", "dropout1d", "dropout2d", "dropout3d")


def shape_of(name: str) -> tuple[int, ...]:
    """A shape that the function takes."""
    return (3, 5, *(4, 7, 6)[: int(name[-2])]) if name[-1] == "d" else (3, 5, 41, 7)


def word(key: tuple[int, ...], position: int) -> int:
    """The number of one element, as the documentation of src/activation/dropout.c has it."""
    block = position // 64 * 16 + position % 16
    return threefry(key, (block & 0xFFFFFFFF, block >> 32, 0, 0), 0)[position // 16 % 4]


@pytest.mark.parametrize("known", KNOWN, ids=("zeros", "ones", "pi"))
def test_the_generator_gives_the_published_numbers(known: tuple) -> None:
    counter, key, expected = known
    for isa in range(len(fc.available_isas())):
        assert threefry(key, counter, isa) == expected


def test_an_element_gets_the_number_of_its_position(isa: str, dtype: str) -> None:
    seed, counter, p = 0x123456789ABCDEF0, 0xFEDCBA9876543210, 0.3
    key = (seed & 0xFFFFFFFF, seed >> 32, counter & 0xFFFFFFFF, counter >> 32)
    y = F.dropout(np.ones(200, dtype), p, seed=seed, counter=counter)
    kept = [word(key, i) >= round(p * 2**32) for i in range(200)]
    np.testing.assert_array_equal(y, np.where(kept, np.asarray(1 / (1 - p), dtype), 0))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_is_dropped_however_it_is_computed(name: str) -> None:
    shape, function = shape_of(name), getattr(F, name)
    rank, first = len(shape) - 2, None
    for dtype, isa in itertools.product(cases.DTYPES, fc.available_isas()):
        x = np.ones(shape, dtype)
        with fc.override(isa=isa):
            for threads in (1, 2, 3, 7):
                y = function(x, 0.4, True, seed=5, counter=9, num_threads=threads)
                last = function(
                    calls.to_last(x, rank), 0.4, True, seed=5, counter=9, num_threads=threads, data_format=calls.LAST[rank]
                )
                dropped = y == y.min()
                assert (calls.to_first(last, rank) == y).all(), f"{name} {isa} {dtype}: another layout drops another part"
                assert first is None or (dropped == first).all(), f"{name} {isa} {dtype} {threads}"
                first = dropped
                g = getattr(G, f"{name}_input")(x, 0.4, True, seed=5, counter=9, num_threads=threads)
                assert ((g == 0) == dropped).all()
    assert (function(x, 0.4, True, seed=5, counter=10) != y).any()
    assert (function(x, 0.4, True, seed=6, counter=9) != y).any()
    if name[-1] == "d":
        assert all(len(set(plane.ravel())) == 1 for image in y for plane in image)


def test_a_large_array_on_threads(dtype: str) -> None:
    x = np.ones((2, 7, 150, 131), dtype)
    one, *more = (F.dropout(x, seed=1, num_threads=t).tobytes() for t in (1, 2, 3, 7))
    assert all(bits == one for bits in more)
    last = calls.to_last(x, 2)
    assert calls.to_first(F.dropout(last, seed=1, num_threads=2, data_format="NHWC"), 2).tobytes() == one


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_as_many_are_dropped_as_p_says(p: float) -> None:
    """Within five deviations of a binomial count; neighbours, rows and draws are not alike."""
    count, draws = 1 << 16, np.stack([F.dropout(np.ones(1 << 16, np.float32), p, seed=s) == 0 for s in range(4)])
    deviation = (p * (1 - p) / count) ** 0.5
    assert (abs(draws.mean(axis=1) - p) < 5 * deviation).all()
    for lag in (1, 2, 16, 64, 1024):
        assert (
            abs((draws[:, lag:] & draws[:, :-lag]).mean() - p * p) < 5 * p**0.5 * deviation + 5 * (p**2 / draws.size) ** 0.5
        )
    assert abs((draws[0] & draws[1]).mean() - p * p) < 10 * deviation


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = np.random.default_rng(0).standard_normal(1 << 18)
    y = F.alpha_dropout(x, 0.2, True, seed=3)
    assert abs(y.mean()) < 0.01
    assert abs(y.var() - 1) < 0.02


@pytest.mark.parametrize("name", NAMES)
def test_ends_of_p_and_what_does_not_train(name: str, dtype: str) -> None:
    function, x = getattr(F, name), cases.floats(cases.rng_for("dropout", 0), shape_of(name), dtype)
    np.testing.assert_array_equal(function(x, 0.0, True), x)
    np.testing.assert_array_equal(function(x, 0.7, False), x)
    np.testing.assert_array_equal(function(x, 1.0, True), 0 * x)
    assert function(x, 0.7, False) is not x
    out = np.empty_like(x)
    assert function(x, 0.5, True, seed=1, out=out) is out
    np.testing.assert_array_equal(out, function(x, 0.5, True, seed=1))
    assert function(x, 0.5, True, seed=1, out=x) is x
    np.testing.assert_array_equal(x, out)
    assert function(np.empty((0, *x.shape[1:]), dtype), 0.5, True).shape == (0, *x.shape[1:])
    assert (F.dropout(np.ones(99, dtype)) != F.dropout(np.ones(99, dtype))).any()


@pytest.mark.parametrize("layer", ["Dropout", "AlphaDropout", "Dropout1d", "Dropout2d", "Dropout3d"])
def test_layers_draw_anew_and_can_be_repeated(layer: str) -> None:
    name = {"AlphaDropout": "alpha_dropout"}.get(layer, layer.lower())
    x = np.random.default_rng(0).standard_normal((4, 30, *shape_of(name)[2:]))
    module = getattr(nn, layer)(0.5, seed=7)
    first, second = module(x), module(x)
    assert module.counter == 2
    assert (first != second).any()
    np.testing.assert_array_equal(second, getattr(F, name)(x, 0.5, True, seed=7, counter=1))
    np.testing.assert_array_equal(module.backward(x), getattr(G, f"{name}_input")(x, 0.5, True, seed=7, counter=1))
    twin = pickle.loads(pickle.dumps(module))
    np.testing.assert_array_equal(twin(x), copy.deepcopy(module)(x))
    module.counter = 0
    np.testing.assert_array_equal(module(x), first)
    assert module.state_dict() == {}
    np.testing.assert_array_equal(module.eval()(x), x)
    assert module.counter == 1
    assert getattr(nn, layer)().seed != getattr(nn, layer)().seed
