"""Locally connected and tiled convolution: exact on integers, within the bound on floats, adjoint gradients, one tile and a
tile for every output, layers, and refusals."""

import calls
import cases
import numpy as np
import oracle
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F
from fastconv import nn

CASES = min(cases.CASES, 160)
CHUNKS = 4
CHUNK = pytest.mark.parametrize("chunk", range(CHUNKS))


def draw(rng: np.random.Generator, rank: int) -> tuple[cases.ConvCase, str, tuple[int, ...], tuple[int, ...]]:
    """A random convolution, its function, and the shapes of weights and bias."""
    while True:
        case = cases.draw_conv(rng, rank)
        if int(np.prod(case.weight_shape)) * int(np.prod(case.output_shape[-rank:])) < 200_000:
            break
    out = case.output_shape[-rank:]
    c_out, c_in, *kernel = case.weight_shape
    local = bool(rng.random() < 0.5)
    tiles = out if local else tuple(int(t) for t in rng.integers(1, 5, rank))
    places = tuple(o if rng.random() < 0.5 else 1 for o in out)
    return case, f"{'local' if local else 'tiled'}_conv{rank}d", (*tiles, *kernel, c_in, c_out), (c_out, *places)


def drawn(stream: str, rank: int, chunk: int) -> object:
    """The cases of a chunk: index, generator, case, function, weight and bias shapes, words."""
    for index in range(chunk, CASES, CHUNKS):
        rng = cases.rng_for(f"{stream}{rank}d", index)
        case, name, w_shape, b_shape = draw(rng, rank)
        yield index, rng, case, name, w_shape, b_shape, cases.told(f"{stream}{rank}d", index, name, case, w_shape)


def layouts(x: np.ndarray, y: np.ndarray, rank: int) -> object:
    """An input and its output in both layouts, with the option that says so."""
    yield x, y, {}
    yield calls.to_last(x, rank), calls.to_last(y, rank), {"data_format": calls.LAST[rank]}


@CHUNK
def test_integers_are_exact(rank: int, chunk: int) -> None:
    for index, rng, case, name, w_shape, b_shape, words in drawn("tiled", rank, chunk):
        x, w, b = (cases.integers(rng, s, case.dtype) for s in (case.input_shape, w_shape, b_shape))
        expected = case.lower(oracle.tiled_conv(case.lift(x), w, b, **case.options))
        for isa in fc.available_isas():
            with fc.override(isa=isa):
                for there, right, how in layouts(x, expected, rank):
                    for threads in (1, cases.THREADS[index % 3]):
                        y = getattr(F, name)(there, w, b, **case.options, **how, num_threads=threads)
                        assert y.dtype == case.dtype
                        tolerance.check_equal(y, right, f"{words} isa={isa} {how}")


@CHUNK
def test_floats_are_within_the_bound_and_their_bits_do_not_change(rank: int, chunk: int) -> None:
    for index, rng, case, name, w_shape, b_shape, words in drawn("tiled floats", rank, chunk):
        x, w, b = (cases.floats(rng, s, case.dtype) for s in (case.input_shape, w_shape, b_shape))
        wide = [cases.exact(a) for a in (case.lift(x), w, b)]
        expected = case.lower(oracle.tiled_conv(*wide, **case.options))
        magnitude = case.lower(oracle.tiled_conv(*map(np.abs, wide), **case.options))
        reference = tolerance.reference_of(case.dtype)
        bound = tolerance.sum_bound(magnitude, case.reduction, case.dtype, reference_dtype=reference)
        for isa in fc.available_isas():
            with fc.override(isa=isa):
                for there, right, how in layouts(x, expected, rank):
                    told = f"{words} isa={isa} {how}"
                    limit = calls.to_last(bound, rank) if how else bound
                    one = getattr(F, name)(there, w, b, **case.options, **how, num_threads=1)
                    tolerance.check(one, right, limit, told)
                    for threads in (2, 3, 7):
                        more = getattr(F, name)(there, w, b, **case.options, **how, num_threads=threads)
                        assert one.tobytes() == more.tobytes(), told
                    if case.batched and len(x) > 1:
                        at = index % len(x)
                        part = getattr(F, name)(there[at : at + 1], w, b, **case.options, **how)
                        assert part.tobytes() == one[at : at + 1].tobytes(), told


@CHUNK
def test_gradients_are_exact_and_adjoint(rank: int, chunk: int) -> None:
    for index, rng, case, name, w_shape, _, words in drawn("tiled grad", rank, chunk):
        x, w, g = (cases.integers(rng, s, case.dtype) for s in (case.input_shape, w_shape, case.output_shape))
        to_input, to_weight = (getattr(fc.grad, f"{name}_{of}") for of in ("input", "weight"))
        gx = case.lower(oracle.tiled_input(case.batch_shape, w, case.lift(g), **case.options))
        gw = oracle.tiled_weight(case.lift(x), w_shape, case.lift(g), **case.options)
        for isa in fc.available_isas():
            with fc.override(isa=isa):
                for threads in (1, cases.THREADS[index % 3]):
                    found = to_input(x.shape, w, g, **case.options, num_threads=threads)
                    tolerance.check_equal(found, gx, f"{words} isa={isa} input")
                    found = to_weight(x, w_shape, g, **case.options, num_threads=threads)
                    tolerance.check_equal(found, gw, f"{words} isa={isa} weight")
                y = getattr(F, name)(x, w, **case.options)
                left = (y.astype(np.float64) * g).sum()
                assert left == (x.astype(np.float64) * to_input(x.shape, w, g, **case.options)).sum(), words
                assert left == (w.astype(np.float64) * to_weight(x, w_shape, g, **case.options)).sum(), words


def test_gradients_of_floats_have_the_same_bits_for_any_number_of_threads(isa: str, dtype: str) -> None:
    for call in (call for rank in (1, 2, 3) for call in calls.tiled_calls(rank, dtype)):
        assert len({tuple(v.tobytes() for v in call.values(num_threads=t)) for t in (1, 2, 3, 7)}) == 1, call.name


def strewn(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Small integers with a few nans and infinities among them."""
    a = cases.integers(rng, shape, dtype)
    for special in (np.nan, np.inf, -np.inf):
        a[rng.random(shape) < 0.02] = special
    return a


def test_nan_and_infinity_stand_where_the_definition_puts_them(rank: int) -> None:
    for _, rng, case, name, w_shape, b_shape, words in drawn("tiled specials", rank, 0):
        x, w, b = (strewn(rng, s, case.dtype) for s in (case.input_shape, w_shape, b_shape))
        expected = case.lower(oracle.tiled_conv(case.lift(x), w, b, **case.options))
        for isa in fc.available_isas():
            with fc.override(isa=isa):
                for there, right, how in layouts(x, expected, rank):
                    tolerance.check_equal(getattr(F, name)(there, w, b, **case.options, **how), right, f"{words} {isa}")


def test_one_tile_is_convolution_and_a_tile_for_each_output_is_unshared(rank: int, isa: str, dtype: str) -> None:
    rng, size = cases.rng_for("tiled ends", rank), calls.SIZES[rank]
    x, w = cases.integers(rng, (2, 4, *size), dtype), cases.integers(rng, (6, 2, *(3,) * rank), dtype)
    options = {"stride": 2, "padding": 1, "groups": 2}
    conv, tiled, local = (getattr(F, f"{kind}conv{rank}d") for kind in ("", "tiled_", "local_"))
    expected = conv(x, w, **options, precision="strict")
    filters = np.moveaxis(w, (0, 1), (-1, -2))
    one = np.ascontiguousarray(filters[(None,) * rank])
    np.testing.assert_array_equal(tiled(x, one, **options), expected)
    out = expected.shape[2:]
    np.testing.assert_array_equal(local(x, np.broadcast_to(one, (*out, *filters.shape)), **options), expected)
    own = cases.integers(rng, (*out, *filters.shape), dtype)
    unshared = local(x, own, **options)
    np.testing.assert_array_equal(tiled(x, own, **options), unshared)
    more = cases.integers(rng, (*(o + 2 for o in out), *filters.shape), dtype)
    more[tuple(slice(o) for o in out)] = own
    np.testing.assert_array_equal(tiled(x, more, **options), unshared)


def test_the_weights_are_those_of_keras() -> None:
    """(positions, patch in the order height, width, channel, filters), and the output (n, h, w, filters)."""
    rng = cases.rng_for("tiled keras", 0)
    x, kernel = cases.integers(rng, (2, 5, 6, 3), "float64"), cases.integers(rng, (12, 27, 7), "float64")
    patches = np.stack([x[:, i : i + 3, j : j + 3].reshape(2, 27) for i in range(3) for j in range(4)])
    expected = np.einsum("pnk,pko->npo", patches, kernel).reshape(2, 3, 4, 7)
    found = F.local_conv2d(x, kernel.reshape(3, 4, 3, 3, 3, 7), data_format="NHWC")
    np.testing.assert_array_equal(found, expected)


LARGER = {
    "local": ("local_conv2d", (3, 40, 9, 11), (9, 11, 3, 3, 40, 70), {"padding": 1}),
    "local narrow": ("local_conv2d", (2, 3, 20, 21), (20, 21, 9, 9, 3, 2), {"padding": 4}),
    "local depthwise": ("local_conv2d", (2, 70, 9, 10), (9, 10, 3, 3, 1, 70), {"padding": 1, "groups": 70}),
    "many rows": ("tiled_conv2d", (2, 33, 30, 31), (2, 3, 3, 3, 33, 50), {"padding": 1}),
    "one tile": ("tiled_conv1d", (3, 20, 500), (1, 5, 20, 33), {}),
    "deep": ("local_conv1d", (20, 900, 6), (2, 5, 900, 3), {}),
}


@pytest.mark.parametrize("layer", LARGER)
def test_larger_layers_are_exact_for_any_number_of_threads(layer: str, isa: str, dtype: str) -> None:
    name, x_shape, w_shape, options = LARGER[layer]
    rng = cases.rng_for("tiled larger " + layer, 0)
    x, w = (cases.integers(rng, s, dtype, 2) for s in (x_shape, w_shape))
    expected = oracle.tiled_conv(x, w, **options)
    g = cases.integers(rng, expected.shape, dtype, 2)
    gx, gw = oracle.tiled_input(x_shape, w, g, **options), oracle.tiled_weight(x, w_shape, g, **options)
    for threads in (1, 2, 3, 7):
        np.testing.assert_array_equal(getattr(F, name)(x, w, **options, num_threads=threads), expected)
        found = getattr(fc.grad, f"{name}_input")(x_shape, w, g, **options, num_threads=threads)
        np.testing.assert_array_equal(found, gx)
        found = getattr(fc.grad, f"{name}_weight")(x, w_shape, g, **options, num_threads=threads)
        np.testing.assert_array_equal(found, gw)


# ---- layers


def made(kind: str, rank: int, **how: object) -> nn.Module:
    """A small layer of a kind."""
    size = calls.SIZES[rank]
    if kind == "local":
        return getattr(nn, f"LocallyConnected{rank}d")(4, 6, size, 3, padding=1, groups=2, rng=0, **how)
    return getattr(nn, f"TiledConv{rank}d")(4, 6, 3, 2, padding=1, groups=2, rng=0, **how)


@pytest.mark.parametrize("kind", ["local", "tiled"])
def test_layers_equal_the_functions_and_learn(kind: str, rank: int, isa: str) -> None:
    layer = made(kind, rank, dtype="float64")
    function = f"{kind}_conv{rank}d"
    rng = cases.rng_for("tiled layers", rank)
    layer.weight = cases.integers(rng, layer.weight.shape, "float64")
    layer.bias = cases.integers(rng, layer.bias.shape, "float64")
    assert layer.bias.shape == ((6, *calls.SIZES[rank]) if kind == "local" else (6,))
    x = cases.integers(rng, (2, 4, *calls.SIZES[rank]), "float64")
    geometry = {"padding": 1, "groups": 2}
    y = layer(x)
    assert y.tobytes() == getattr(F, function)(x, layer.weight.data, layer.bias.data, **geometry).tobytes()
    g = cases.integers(rng, y.shape, "float64")
    back = layer.backward(g)
    np.testing.assert_array_equal(back, oracle.tiled_input(x.shape, layer.weight.data, g, **geometry))
    np.testing.assert_array_equal(layer.weight.grad, oracle.tiled_weight(x, layer.weight.shape, g, **geometry))
    np.testing.assert_array_equal(layer.bias.grad, oracle.conv_bias(g, layer.bias.shape))
    before = layer.weight.data.copy()
    nn.SGD(layer.parameters(), lr=0.25).step()
    np.testing.assert_array_equal(layer.weight.data, before - 0.25 * layer.weight.grad)
    last = made(kind, rank, dtype="float64", data_format=calls.LAST[rank], activation="relu")
    last.load_state_dict(layer.state_dict())
    there = last(calls.to_last(x, rank))
    np.testing.assert_array_equal(there, calls.to_last(np.maximum(layer(x), 0), rank))
    np.testing.assert_array_equal(last.eval()(calls.to_last(x, rank)), there)
    last.train()(calls.to_last(x, rank))
    wanted = oracle.tiled_input(x.shape, layer.weight.data, g * (layer(x) > 0), **geometry)
    np.testing.assert_array_equal(last.backward(calls.to_last(g, rank)), calls.to_last(wanted, rank))


def test_layers_tell_what_they_are() -> None:
    assert repr(made("local", 2)).endswith("groups=2, bias=(7, 19), input_size=(7, 19))")
    assert repr(made("tiled", 1)).endswith("padding=(1,), groups=2, tiles=(2,))")
    assert made("local", 2, bias=False).bias is None
    assert made("local", 2, bias=(1, 19)).bias.shape == (6, 1, 19)


# ---- refusals


@pytest.mark.parametrize(
    ("function", "w_shape", "options", "says"),
    [
        ("local_conv2d", (6, 7, 3, 3, 4, 5), {}, r"weight must begin with the sizes of the output, \(5, 7\)"),
        ("local_conv2d", (5, 7, 3, 3, 4), {}, r"weight must have 6 axes \(\*output"),
        ("tiled_conv2d", (5, 7, 3, 3, 4), {}, r"weight must have 6 axes \(\*tiles"),
        ("tiled_conv2d", (0, 1, 3, 3, 4, 5), {}, "none of size 0"),
        ("tiled_conv2d", (2, 1, 3, 3, 3, 5), {}, r"weight of shape \(2, 1, 3, 3, 3, 5\), input must have 3 channels"),
        ("tiled_conv2d", (2, 1, 3, 3, 2, 5), {"groups": 2}, "groups must divide the output channels"),
        ("tiled_conv2d", (2, 1, 9, 3, 4, 5), {}, "weight must not be larger"),
        ("tiled_conv2d", (2, 1, 3, 3, 4, 5), {"stride": 0}, "stride must be positive"),
        ("tiled_conv2d", (2, 1, 3, 3, 4, 5), {"activation": "mish"}, "activation must be one of"),
        ("tiled_conv2d", (2, 1, 3, 3, 4, 5), {"data_format": "CHWN"}, "data_format must be one of"),
        ("tiled_conv2d", (2, 1, 3, 3, 4, 5), {"num_threads": 0}, "num_threads must be positive"),
        ("tiled_conv2d", (2, 1, 3, 3, 4, 5), {"out": np.zeros((2, 5, 5, 8), np.float32)}, "out must have shape"),
        ("tiled_conv2d", (2, 1, 3, 3, 4, 5), {"bias": np.zeros((5, 2, 1), np.float32)}, "bias must have shape"),
    ],
)
def test_errors_name_function_argument_and_rule(function: str, w_shape: tuple, options: dict, says: str) -> None:
    x, w = np.ones((2, 4, 7, 9), np.float32), np.ones(w_shape, np.float32)
    with pytest.raises(fc.FastconvValueError, match=f"^{function}: .*{says}"):
        getattr(F, function)(x, w, **options)


def test_errors_of_gradients_and_layers() -> None:
    g = np.ones((2, 5, 5, 7), np.float32)
    with pytest.raises(fc.FastconvValueError, match="local_conv2d_weight: weight_size must have 6 sizes"):
        fc.grad.local_conv2d_weight(np.ones((2, 4, 7, 9), np.float32), (5, 7, 3, 3, 4), g)
    with pytest.raises(fc.FastconvValueError, match="tiled_conv2d_input: grad_output must have shape"):
        fc.grad.tiled_conv2d_input((2, 4, 7, 9), np.ones((2, 2, 3, 3, 4, 5), np.float32), g[:, :, 1:])
    with pytest.raises(fc.FastconvTypeError, match="tiled_conv2d: weight must be a NumPy array"):
        F.tiled_conv2d(np.ones((2, 4, 7, 9), np.float32), [1.0])
    with pytest.raises(fc.FastconvTypeError, match="local_conv1d: input must be float32 or float64"):
        F.local_conv1d(np.ones((2, 4, 7), np.int32), np.ones((7, 1, 4, 1), np.int32))
    with pytest.raises(fc.FastconvValueError, match="LocallyConnected2d: weight must not be larger than the padded input"):
        nn.LocallyConnected2d(3, 4, 2, 3)
    with pytest.raises(fc.FastconvValueError, match="TiledConv1d: tiles must be positive"):
        nn.TiledConv1d(3, 4, 3, 0)
    with pytest.raises(fc.FastconvValueError, match="must fit this machine's memory"):
        fc.grad.tiled_conv1d_weight(np.ones((1, 1, 3), np.float32), (1 << 45, 1, 1, 1), np.ones((1, 1, 3), np.float32))


def test_estimate_knows_them_and_is_small(rank: int) -> None:
    """Scratch is patches of single positions, whatever the size of the input."""
    size = (60, 40, 12)[:rank]
    x, local = (8, 16, *size), (*size, *(3,) * rank, 16, 24)
    for function, weight, how in (
        (f"local_conv{rank}d", local, {"padding": 1}),
        (f"tiled_conv{rank}d", (*(2,) * rank, *local[rank:]), {"padding": "same", "activation": "tanh", "bias": False}),
    ):
        for threads in (1, 4):
            estimated = fc.estimate(function, x, weight, num_threads=threads, **how)
            assert 0 < estimated < threads * (200 << 10) + 8192
    with pytest.raises(fc.FastconvValueError, match="local_conv2d: weight must begin"):
        fc.estimate("local_conv2d", (1, 3, 8, 8), (2, 2, 3, 3, 3, 4))


def test_empty_batches(dtype: str) -> None:
    x, w, g = (np.ones(s, dtype) for s in ((0, 4, 7), (5, 3, 4, 6), (0, 6, 5)))
    assert F.local_conv1d(x, w, activation="relu").shape == (0, 6, 5)
    assert fc.grad.local_conv1d_input(x.shape, w, g).shape == x.shape
    assert (fc.grad.local_conv1d_weight(x, w.shape, g) == 0).all()
