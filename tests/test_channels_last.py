"""Channels last: the numbers of channels first, in another order, from every algorithm and layer."""

import calls
import cases
import numpy as np
import oracle
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F
import fastconv.grad as G
from fastconv import nn

CHUNK = pytest.mark.parametrize("chunk", range(cases.CHUNKS))
ISAS = fc.available_isas()
LAST_CASES = 400  # for each number of axes
SPECIAL_CASES = 60
SIZES = {1: (13,), 2: (6, 9), 3: (4, 5, 6)}


def last_shape(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """A shape with its channels behind its spatial axes."""
    return (*shape[: -rank - 1], *shape[-rank:], shape[-rank - 1])


def able(case: cases.ConvCase) -> list[str]:
    """The algorithms that can serve a case with its channels last."""
    shape = last_shape(case.input_shape, case.rank)
    options = {**case.options, "dtype": case.dtype, "data_format": calls.LAST[case.rank]}
    return calls.able(f"conv{case.rank}d", shape, case.weight_shape, **options)


def bounds_of(case: cases.ConvCase, arrays: tuple, **how: object) -> dict[str, np.ndarray]:
    """The bounds of the algorithms that can serve a case, with the channels last."""
    bounds = tolerance.bounds_for(able(case), *arrays, **how, **case.options)
    return {name: calls.to_last(bound, case.rank) if bound.ndim else bound for name, bound in bounds.items()}


def drawn(rank: int, stream: str, indices: range, fill: object) -> object:
    """The cases of a stream: index, case, input with its channels last, weight, bias, words."""
    for index in indices:
        rng = cases.rng_for(f"{stream}{rank}d", index)
        case = cases.draw_conv(rng, rank)
        x, w, b = case.arrays(rng, fill)
        yield index, case, (x, w, b), cases.told(f"{stream}{rank}d", index, case)


@CHUNK
def test_integers_are_exact(rank: int, chunk: int) -> None:
    conv, data_format = getattr(F, f"conv{rank}d"), calls.LAST[rank]
    for index, case, (x, w, b), words in drawn(rank, "last", cases.indices_of(chunk, LAST_CASES), cases.integers):
        expected = calls.to_last(case.conv(x, w, b), rank)
        there = calls.to_last(x, rank)
        bounds = bounds_of(case, (x, w, b), integers=True)
        runs = [({"algorithm": name}, bound) for name, bound in bounds.items()] + [({"precision": "strict"}, np.zeros(()))]
        for isa in ISAS:
            with fc.override(isa=isa):
                for how, bound in runs:
                    more = how | {"num_threads": cases.THREADS[index % 3], "data_format": data_format}
                    result = conv(there, w, b, **case.options, **more)
                    assert result.dtype == case.dtype, words
                    assert result.flags.carray, words
                    tolerance.check(result, expected, bound, f"{words} isa={isa} {more}")


@CHUNK
def test_floats_are_within_the_bound(rank: int, chunk: int) -> None:
    conv, data_format = getattr(F, f"conv{rank}d"), calls.LAST[rank]
    for index, case, (x, w, b), words in drawn(rank, "last floats", cases.indices_of(chunk, LAST_CASES), cases.floats):
        wide = [None if a is None else cases.exact(a) for a in (x, w, b)]
        expected = calls.to_last(case.conv(*wide), rank)
        bounds = bounds_of(case, (x, w, b))
        there = calls.to_last(x, rank)
        for isa in ISAS:
            with fc.override(isa=isa):
                for name, bound in bounds.items():
                    how = case.options | {"algorithm": name, "data_format": data_format}
                    told = f"{words} isa={isa} algorithm={name!r}"
                    one = conv(there, w, b, **how, num_threads=1)
                    tolerance.check(one, expected, bound, told)
                    assert one.tobytes() == conv(there, w, b, **how, num_threads=2 + index % 2).tobytes(), told
                    if case.batched and len(x) > 1:
                        at = index % len(x)
                        part = conv(there[at : at + 1], w, b, **how)
                        assert part[0].tobytes() == one[at].tobytes(), f"{told} batch slice {at} has other bits"
                        assert conv(there[at], w, b, **how).tobytes() == one[at].tobytes(), f"{told} unbatched"


def strewn(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Normal numbers with a few zeros, nans and infinities among them."""
    a = cases.floats(rng, shape, dtype)
    for special in (0, np.nan, np.inf, -np.inf):
        a[rng.random(shape) < 0.02] = special
    return a


def test_nan_and_infinity_stand_where_the_definition_puts_them(rank: int) -> None:
    conv = getattr(F, f"conv{rank}d")
    for _, case, (x, w, b), words in drawn(rank, "last specials", range(SPECIAL_CASES), strewn):
        wide = [None if a is None else cases.exact(a) for a in (x, w, b)]
        expected = calls.to_last(case.conv(*wide), rank)
        bounds = bounds_of(case, (x, w, b))
        there = calls.to_last(x, rank)
        how = {"data_format": calls.LAST[rank]} | case.options
        for isa in ISAS:
            with fc.override(isa=isa):
                chosen = calls.chosen(f"conv{rank}d", there.shape, w.shape, dtype=case.dtype, **how)
                for name in (None, *bounds):
                    y = conv(there, w, b, **how, algorithm=name)
                    tolerance.check(y, expected, bounds[name or chosen], f"{words} {name} {isa}")


LARGER = {
    "general": ((2, 37, 41, 16), (33, 16, 3, 3), {"padding": 1}),
    "deep": ((1, 9, 10, 200), (70, 200, 3, 3), {"padding": 1}),
    "stem": ((1, 63, 65, 3), (24, 3, 7, 7), {"stride": 2, "padding": 3}),
    "large kernel": ((1, 40, 45, 2), (5, 2, 13, 11), {"padding": "same"}),
    "pointwise": ((2, 13, 14, 300), (130, 300, 1, 1), {}),
    "strided pointwise": ((1, 33, 35, 40), (50, 40, 1, 1), {"stride": 2}),
    "depthwise": ((2, 40, 43, 37), (74, 1, 3, 3), {"padding": 1, "groups": 37}),
    "large depthwise": ((1, 33, 30, 20), (20, 1, 21, 17), {"padding": "same", "groups": 20}),
    "far depthwise": ((1, 40, 61, 18), (18, 1, 3, 3), {"padding": 12, "dilation": 13, "groups": 18}),
    "strided depthwise": ((1, 70, 601, 3), (6, 1, 5, 3), {"padding": 1, "stride": (3, 2), "groups": 3}),
    "grouped": ((1, 30, 31, 24), (36, 8, 3, 3), {"padding": "same", "groups": 3, "dilation": 2}),
}


@pytest.mark.parametrize("layer", LARGER)
def test_larger_layers_are_exact_for_any_number_of_threads(layer: str, isa: str, dtype: str) -> None:
    x_shape, w_shape, options = LARGER[layer]
    rng = cases.rng_for("last larger " + layer, 0)
    x, w, b = (cases.integers(rng, shape, dtype) for shape in (x_shape, w_shape, w_shape[:1]))
    expected = calls.to_last(oracle.conv(calls.to_first(x, 2), w, b, **options), 2)
    names = calls.able("conv2d", x_shape, w_shape, dtype=dtype, data_format="NHWC", **options)
    bounds = tolerance.bounds_for(names, calls.to_first(x, 2), w, b, integers=True, **options)
    for algorithm, bound in bounds.items():
        how = options | {"algorithm": algorithm, "data_format": "NHWC"}
        one, *more = (F.conv2d(x, w, b, **how, num_threads=t) for t in (1, 2, 3, 7))
        assert all(y.tobytes() == one.tobytes() for y in more), f"{layer} {isa} {algorithm}"
        tolerance.check(one, expected, calls.to_last(bound, 2) if bound.ndim else bound, f"{layer} {isa} {algorithm}")


# ---- what is told, and what is refused


def test_explain_and_estimate_know_the_layout(rank: int) -> None:
    name, size = f"conv{rank}d", SIZES[rank]
    weight = (5, 4, *(3,) * rank)
    for lead in ((), (2,), (0,)):
        told = fc.explain(name, (*lead, *size, 4), weight, data_format=calls.LAST[rank])
        assert told.output_shape == (*lead, *(s - 2 for s in size), 5)
        first = fc.explain(name, (*lead, 4, *size), weight, data_format=calls.FIRST[rank])
        assert (told.flops, told.bytes_moved) == (first.flops, first.bytes_moved)
        assert fc.estimate(name, (*lead, *size, 4), weight, data_format=calls.LAST[rank]) == told.workspace_bytes


def test_the_default_said_aloud_is_the_default(rank: int) -> None:
    conv = getattr(F, f"conv{rank}d")
    x, w = np.ones((2, 3, *SIZES[rank]), np.float32), np.ones((4, 3, *(2,) * rank), np.float32)
    expected = conv(x, w).tobytes()
    assert conv(x, w, data_format=calls.FIRST[rank]).tobytes() == expected
    assert conv(x, w, data_format="".join(calls.FIRST[rank])).tobytes() == expected


def test_an_unchanged_shape_in_the_other_layout_is_another_call() -> None:
    """Calls are remembered: (3, 3, 3, 3) can be meant in both ways."""
    rng = cases.rng_for("last cube", 0)
    x, w = cases.integers(rng, (3, 3, 3, 3), "float32"), cases.integers(rng, (3, 3, 2, 2), "float32")
    for _ in range(2):
        for algorithm in ("direct", "im2col_gemm"):
            assert (F.conv2d(x, w, algorithm=algorithm) == oracle.conv(x, w)).all()
            last = F.conv2d(x, w, algorithm=algorithm, data_format="NHWC")
            assert (last == calls.to_last(oracle.conv(calls.to_first(x, 2), w), 2)).all()


def test_out_may_overlap_the_input(rank: int, isa: str, dtype: str) -> None:
    conv, shape = getattr(F, f"conv{rank}d"), (2, *SIZES[rank], 4)
    count = int(np.prod(shape))
    w = cases.floats(cases.rng_for("last overlap", 1), (4, 4, *(3,) * rank), dtype)
    for shift in (0, 1, 40):
        held = cases.floats(cases.rng_for("last overlap", 0), (count + shift,), dtype)
        x, out = held[:count].reshape(shape), held[shift:].reshape(shape)
        how = {"padding": "same", "data_format": calls.LAST[rank], "activation": "relu"}
        expected = conv(x.copy(), w, **how)
        assert conv(x, w, **how, out=out) is out
        assert out.tobytes() == expected.tobytes()


# ---- layers


@pytest.mark.parametrize(
    ("options", "lead"),
    [
        ({}, (2,)),
        ({"stride": 2, "padding": 1, "groups": 2}, (2,)),
        ({"padding": "same", "dilation": 2, "bias": False}, ()),
        ({"groups": 4, "padding": 1}, (3,)),
    ],
)
def test_layers_equal_the_functions(options: dict, lead: tuple[int, ...], rank: int, isa: str, dtype: str) -> None:
    first, last = (
        getattr(nn, f"Conv{rank}d")(4, 8, 3, **options, dtype=dtype, rng=0, data_format=layout)
        for layout in (calls.FIRST[rank], calls.LAST[rank])
    )
    rng = cases.rng_for("last layers", 0)
    for layer in (first, last):
        layer.weight = cases.integers(cases.rng_for("last layers", 1), layer.weight.shape, dtype)
        layer.precision = "strict"
    bias = None if last.bias is None else last.bias.data
    geometry = {key: value for key, value in options.items() if key != "bias"}
    x = cases.integers(rng, (*lead, 4, *SIZES[rank]), dtype)
    there = calls.to_last(x, rank)
    y = last(there)
    how = geometry | {"data_format": calls.LAST[rank], "precision": "strict"}
    assert y.tobytes() == getattr(F, f"conv{rank}d")(there, last.weight.data, bias, **how).tobytes()
    assert y.tobytes() == last(there).tobytes()
    plain = first(x)
    g = cases.integers(rng, plain.shape, dtype)
    back = last.backward(calls.to_last(g, rank))
    assert back.flags.carray
    np.testing.assert_array_equal(back, calls.to_last(first.backward(g), rank))
    np.testing.assert_array_equal(last.weight.grad, first.weight.grad)
    np.testing.assert_array_equal(last.weight.grad, getattr(G, f"conv{rank}d_weight")(x, last.weight.shape, g, **geometry))
    if bias is not None:
        np.testing.assert_array_equal(last.bias.grad, first.bias.grad)
    assert last.state_dict().keys() == first.state_dict().keys()
    first.load_state_dict(last.state_dict())


def test_a_layer_follows_the_precision_in_force() -> None:
    x = np.ones((1, 8, 8, 4), np.float32)
    layer = nn.Conv2d(4, 4, 3, data_format="NHWC").eval()
    expected = layer(x)
    with fc.override(precision="strict"):
        strict = F.conv2d(x, layer.weight.data, layer.bias.data, data_format="NHWC")
        assert layer(x).tobytes() == strict.tobytes()
    assert layer(x).tobytes() == expected.tobytes()
