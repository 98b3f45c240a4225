"""A bias that differs from place to place: every algorithm and layout, its gradient, layers, and refusals."""

import calls
import cases
import numpy as np
import oracle
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F
from fastconv import nn

CASES = min(cases.CASES, 120)


def drawn(stream: str, rank: int) -> object:
    """Random convolutions with a bias of random extents: index, generator, case, arrays, words."""
    for index in range(CASES):
        rng = cases.rng_for(f"{stream}{rank}d", index)
        case = cases.draw_conv(rng, rank)
        extents = tuple(o if rng.random() < 0.6 else 1 for o in case.output_shape[-rank:])
        yield index, rng, case, (case.weight_shape[0], *extents), cases.told(f"{stream}{rank}d", index, case, extents)


def test_integers_are_exact_whatever_the_algorithm_and_layout(rank: int) -> None:
    name = f"conv{rank}d"
    for index, rng, case, shape, words in drawn("untied", rank):
        x, w = (cases.integers(rng, s, case.dtype) for s in (case.input_shape, case.weight_shape))
        b = cases.integers(rng, shape, case.dtype)
        expected = np.maximum(case.conv(x, w, b), 0)
        for isa in fc.available_isas():
            with fc.override(isa=isa, precision="strict"):
                for last in (False, True):
                    there = calls.to_last(x, rank) if last else x
                    right = calls.to_last(expected, rank) if last else expected
                    options = case.options | ({"data_format": calls.LAST[rank]} if last else {})
                    for algorithm in calls.able(name, there.shape, w.shape, dtype=case.dtype, **options):
                        how = options | {"activation": "relu", "algorithm": algorithm}
                        for threads in (1, cases.THREADS[index % 3]):
                            y = getattr(F, name)(there, w, b, **how, num_threads=threads)
                            tolerance.check_equal(y, right, f"{words} isa={isa} {how}")


def test_the_bits_are_those_of_the_parts(rank: int, isa: str, dtype: str) -> None:
    """Sums, then one addition, then the activation: for any number of threads and any slice of the batch."""
    for index, rng, case, shape, words in drawn("untied parts", rank):
        if case.dtype != dtype or index % 3:
            continue
        x, w = (cases.floats(rng, s, dtype) for s in (case.input_shape, case.weight_shape))
        b, name = cases.floats(rng, shape, dtype), calls.ACTIVATIONS[index % 7]
        conv = getattr(F, f"conv{rank}d")
        sums = conv(x, w, **case.options)
        expected = getattr(F, name)(b.reshape(b.shape if b.ndim > 1 else (-1, *(1,) * rank)) + sums)
        for threads in (1, 2, 3, 7):
            y = conv(x, w, b, **case.options, activation=name, num_threads=threads)
            if int(np.prod(shape[1:])) > 1:
                assert y.tobytes() == expected.astype(dtype).tobytes(), words
        if case.batched and len(x) > 1:
            assert conv(x[1:], w, b, **case.options, activation=name).tobytes() == y[1:].tobytes(), words


def test_the_gradient_sums_all_that_share_a_bias(rank: int) -> None:
    to_bias = getattr(fc.grad, f"conv{rank}d_bias")
    for index, rng, case, shape, words in drawn("untied grad", rank):
        g = cases.integers(rng, case.output_shape, case.dtype)
        expected = oracle.conv_bias(case.lift(g), shape)
        for isa in fc.available_isas():
            with fc.override(isa=isa):
                for threads in (1, cases.THREADS[index % 3]):
                    found = to_bias(g, shape, num_threads=threads)
                    assert found.dtype == case.dtype
                    tolerance.check_equal(found, expected, f"{words} isa={isa}")


@pytest.mark.parametrize("extents", [(1, 9), (7, 1), (7, 9)])
def test_a_layer_learns_it(extents: tuple[int, int], isa: str) -> None:
    layer = nn.Conv2d(3, 4, 3, padding=1, bias=extents, rng=0, dtype="float64")
    assert layer.state_dict()["bias"].shape == (4, *extents)
    assert f"bias={extents}" in repr(layer)
    x = cases.integers(cases.rng_for("untied layer", 0), (2, 3, 7, 9), "float64")
    y = layer(x)
    assert y.tobytes() == F.conv2d(x, layer.weight.data, layer.bias.data, padding=1).tobytes()
    layer.backward(np.ones_like(y))
    np.testing.assert_array_equal(layer.bias.grad, oracle.conv_bias(np.ones_like(y), (4, *extents)))
    before = layer.bias.data.copy()
    nn.SGD(layer.parameters(), lr=0.5).step()
    np.testing.assert_array_equal(layer.bias.data, before - 0.5 * layer.bias.grad)
    last = nn.Conv2d(3, 4, 3, padding=1, bias=extents, dtype="float64", data_format="NHWC", activation="relu").eval()
    last.load_state_dict(layer.state_dict())
    np.testing.assert_allclose(last(calls.to_last(x, 2)), calls.to_last(np.maximum(layer(x), 0), 2), rtol=0, atol=1e-12)


def test_explain_takes_its_shape() -> None:
    told = fc.explain("conv2d", (1, 3, 9, 9), (4, 3, 3, 3), bias=(4, 7, 7))
    assert told.bytes_moved - fc.explain("conv2d", (1, 3, 9, 9), (4, 3, 3, 3)).bytes_moved == 4 * 4 * 48
    last = {"data_format": "NHWC"}
    assert fc.estimate("conv2d", (1, 9, 9, 3), (4, 3, 3, 3), (4, 7, 7), **last) > 0


@pytest.mark.parametrize("shape", [(6, 7), (6, 7, 7, 7), (5, 7, 7), (6, 2, 7), (6, 7, 0), (1, 6, 7, 7), (7, 7, 6)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    x, w, b = (np.ones(s, np.float32) for s in ((2, 3, 9, 9), (6, 3, 3, 3), shape))
    with pytest.raises(fc.FastconvValueError, match=r"conv2d: bias must have shape \(6,\) or \(6, 1 or 7, 1 or 7\)"):
        F.conv2d(x, w, b)
    with pytest.raises(fc.FastconvValueError, match="conv2d_bias: bias_size"):
        fc.grad.conv2d_bias(np.ones((2, 6, 7, 7), np.float32), shape)


def test_bias_extents_of_a_layer_are_whole_numbers() -> None:
    with pytest.raises(fc.FastconvTypeError, match="Conv2d: bias"):
        nn.Conv2d(3, 4, 3, bias=(1.5, 2))
    with pytest.raises(fc.FastconvValueError, match="Conv2d: bias"):
        nn.Conv2d(3, 4, 3, bias=(5,))
