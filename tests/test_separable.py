"""Depthwise separable convolution: the bits of its two convolutions, exact on integers, within the bound on floats, memory,
layers, and refusals."""

import re

import calls
import cases
import numpy as np
import oracle
import processes
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F
from fastconv import nn

CASES = min(cases.CASES, 80)
CHUNKS = 4
CHUNK = pytest.mark.parametrize("chunk", range(CHUNKS))


def drawn(stream: str, rank: int, chunk: int) -> object:
    """The cases of a chunk: index, generator, case, function, words."""
    for index in range(chunk, CASES, CHUNKS):
        rng = cases.rng_for(f"{stream}{rank}d", index)
        case = cases.draw_separable(rng, rank)
        yield index, rng, case, f"depthwise_separable_conv{rank}d", cases.told(f"{stream}{rank}d", index, case)


def layouts(x: np.ndarray, y: np.ndarray, rank: int) -> object:
    """An input and its output in both layouts, with the option that says so."""
    yield x, y, {}
    yield calls.to_last(x, rank), calls.to_last(y, rank), {"data_format": calls.LAST[rank]}


@CHUNK
def test_integers_are_exact(rank: int, chunk: int) -> None:
    for index, rng, case, name, words in drawn("separable", rank, chunk):
        x, *rest = case.arrays(rng, cases.integers)
        between = "relu" if index % 2 else None
        expected = oracle.separable_conv(x, *rest, **case.geometry, between=between)
        for isa in fc.available_isas():
            with fc.override(isa=isa):
                for there, right, how in layouts(x, expected, rank):
                    for threads in (1, cases.THREADS[index % 3]):
                        options = case.geometry | how | {"depthwise_activation": between, "num_threads": threads}
                        y = getattr(F, name)(there, *rest, **options)
                        assert y.dtype == case.dtype
                        tolerance.check_equal(y, right, f"{words} isa={isa} {how}")


@CHUNK
def test_gradients_on_integers_are_exact(rank: int, chunk: int) -> None:
    for index, rng, case, name, words in drawn("separable gradients", rank, chunk):
        x, first, second, *biases = case.arrays(rng, cases.integers)
        between, biases = "relu" if index % 2 else None, biases if index % 3 else [None, None]
        how = case.geometry | {"groups": x.shape[1]}
        sums = oracle.conv(x, first, biases[0], **how)
        slope = 1.0 if between is None else (sums > 0).astype(np.float64)
        middle = sums * slope
        g = cases.integers(rng, oracle.conv(middle, second).shape, case.dtype)
        inner = oracle.conv_input(middle.shape, second, g) * slope
        right = [oracle.conv_input(x.shape, first, inner, **how), oracle.conv_weight(x, first.shape, inner, **how)]
        right += [oracle.conv_weight(middle, second.shape, g), oracle.conv_bias(inner), oracle.conv_bias(g)]
        for there, grad, layout in layouts(x, g, rank):
            options = case.geometry | layout | {"depthwise_activation": between, "num_threads": cases.THREADS[index % 3]}
            with fc.override(precision="strict"):
                got = getattr(fc.grad, f"{name}_gradients")(there, first, second, grad, *biases, **options)
            if layout:
                got = (calls.to_first(got[0], rank), *got[1:])
            for ours, exact, of in zip(got, right, ("input", "first", "second", "biases", "biases"), strict=True):
                if of == "biases" and biases[0] is None:
                    assert ours is None
                else:
                    tolerance.check_equal(ours, exact, f"{words} {of} {layout}")


def bound_of(case: cases.SeparableCase, exact: list[np.ndarray]) -> np.ndarray:
    """Bound on the error: that of what lies between, through the second sum, and that of the second sum."""
    x, first, second, *biases = exact
    reference, c_in = tolerance.reference_of(case.dtype), x.shape[1]
    sums = oracle.conv(x, first, biases[0], **case.geometry, groups=c_in)
    magnitude = oracle.conv(*map(np.abs, (x, first, biases[0])), **case.geometry, groups=c_in)
    error = tolerance.sum_bound(magnitude, int(np.prod(first.shape[2:])), case.dtype, reference_dtype=reference)
    if case.between is not None:
        middle = oracle.activation(case.between, sums)
        error, sums = tolerance.activation_bound(case.between, sums, middle, error, case.dtype), middle
    magnitude = oracle.conv(np.abs(sums) + error, np.abs(second), np.abs(biases[1]))
    own = tolerance.sum_bound(magnitude, second.shape[1], case.dtype, reference_dtype=reference)
    return own + oracle.conv(error, np.abs(second))


@CHUNK
def test_floats_have_the_bits_of_two_convolutions_for_any_threads_and_batch(rank: int, chunk: int) -> None:
    for index, rng, case, name, words in drawn("separable floats", rank, chunk):
        arrays = case.arrays(rng, cases.floats)
        x, first, second, *biases = arrays
        exact = [cases.exact(a) for a in arrays]
        expected, bound = oracle.separable_conv(*exact, **case.geometry, between=case.between), bound_of(case, exact)
        conv, after = getattr(F, f"conv{rank}d"), calls.ACTIVATIONS[index % 7]
        for isa in fc.available_isas():
            with fc.override(isa=isa):
                for there, right, how in layouts(x, expected, rank):
                    told, options = f"{words} isa={isa} {how}", case.geometry | how
                    grouped = options | {"groups": x.shape[1], "algorithm": "depthwise", "activation": case.between}
                    middle = conv(there, first, biases[0], **grouped)
                    mixed = how | {"algorithm": "pointwise"}
                    options |= {"depthwise_activation": case.between}
                    one = getattr(F, name)(there, first, second, *biases, **options, num_threads=1)
                    tolerance.check(one, right, calls.to_last(bound, rank) if how else bound, told)
                    assert one.tobytes() == conv(middle, second, biases[1], **mixed).tobytes(), told
                    active = conv(middle, second, None, **mixed, activation=after).tobytes()
                    for threads in (2, 3, 7):
                        more = getattr(F, name)(there, first, second, *biases, **options, num_threads=threads)
                        assert one.tobytes() == more.tobytes(), told
                        more = getattr(F, name)(
                            there, first, second, biases[0], **options, activation=after, num_threads=threads
                        )
                        assert more.tobytes() == active, told
                    for at in range(len(x)):
                        part = getattr(F, name)(there[at], first, second, *biases, **options)
                        assert part.tobytes() == one[at].tobytes(), told


def test_nan_and_infinity_stand_where_the_definition_puts_them(rank: int) -> None:
    def strewn(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        array = cases.integers(rng, shape, dtype)
        for special in (np.nan, np.inf, -np.inf):
            array[rng.random(shape) < 0.01] = special
        return array

    for _, rng, case, name, words in drawn("separable specials", rank, 0):
        x, *rest = case.arrays(rng, strewn)
        expected = oracle.separable_conv(x, *rest, **case.geometry)
        for isa in fc.available_isas():
            with fc.override(isa=isa):
                for there, right, how in layouts(x, expected, rank):
                    y = getattr(F, name)(there, *rest, **case.geometry, **how)
                    tolerance.check_equal(y, right, f"{words} isa={isa} {how}")


# Maps of several strips, several blocks of channels, strips of columns, one strip and many output channels, a border alone.
LARGER = {
    "strips": ("depthwise_separable_conv2d", (1, 64, 70, 66), (64, 1, 3, 3), (96, 64, 1, 1), {"padding": 1}),
    "blocks": ("depthwise_separable_conv2d", (2, 300, 30, 31), (600, 1, 3, 3), (70, 600, 1, 1), {"stride": 2}),
    "small map": ("depthwise_separable_conv2d", (1, 320, 7, 7), (320, 1, 3, 3), (640, 320, 1, 1), {"padding": 1}),
    "turned": ("depthwise_separable_conv2d", (1, 320, 14, 15), (320, 1, 3, 3), (330, 320, 1, 1), {"padding": 1}),
    "wide rows": ("depthwise_separable_conv2d", (1, 130, 5, 3000), (130, 1, 2, 3), (9, 130, 1, 1), {"padding": (0, 1)}),
    "large kernel": ("depthwise_separable_conv2d", (1, 40, 50, 51), (40, 1, 15, 15), (50, 40, 1, 1), {"padding": 7}),
    "sound": ("depthwise_separable_conv1d", (2, 48, 9001), (48, 1, 9), (33, 48, 1), {"padding": "causal", "dilation": 5}),
    "volume": ("depthwise_separable_conv3d", (1, 40, 9, 20, 21), (40, 1, 3, 3, 3), (24, 40, 1, 1, 1), {"padding": 1}),
    "border": ("depthwise_separable_conv2d", (1, 20, 2, 2), (20, 1, 3, 3), (40, 20, 1, 1), {"padding": 30}),
}


def test_gradients_are_those_of_the_layer(rank: int, dtype: str) -> None:
    rng = cases.rng_for("separable gradients of a layer", rank)
    kind, name = getattr(nn, f"DepthwiseSeparableConv{rank}d"), f"depthwise_separable_conv{rank}d_gradients"
    layer = kind(6, 8, 3, padding=1, multiplier=2, dtype=dtype, rng=0, depthwise_activation="silu", activation="tanh")
    x = cases.floats(rng, (2, 6, *(7,) * rank), dtype)
    g = cases.floats(rng, layer(x).shape, dtype)
    dx = layer.backward(g)
    first, second = layer.depthwise, layer.pointwise
    arrays = (x, first.weight.data, second.weight.data, g, first.bias.data, second.bias.data)
    how = {"padding": 1, "depthwise_activation": "silu", "activation": "tanh"}
    right = (dx, first.weight.grad, second.weight.grad, first.bias.grad, second.bias.grad)
    for ours, theirs in zip(getattr(fc.grad, name)(*arrays, **how), right, strict=True):
        assert ours.tobytes() == theirs.tobytes()
    with pytest.raises(fc.FastconvValueError, match=rf"^{name}: grad_output must have shape"):
        getattr(fc.grad, name)(*arrays[:3], g[:, 1:], **how)


@pytest.mark.parametrize("layer", LARGER)
def test_larger_layers_have_the_bits_of_two_convolutions(layer: str, isa: str, dtype: str) -> None:
    name, x_shape, first, second, options = LARGER[layer]
    rng, rank = cases.rng_for("separable larger " + layer, 0), len(first) - 2
    x, w, p, b, c = (cases.floats(rng, s, dtype) for s in (x_shape, first, second, first[:1], second[:1]))
    conv = getattr(F, f"conv{rank}d")
    for there, how in ((x, {}), (calls.to_last(x, rank), {"data_format": calls.LAST[rank]})):
        middle = conv(there, w, b, **options, **how, groups=x_shape[1], algorithm="depthwise", activation="relu6")
        expected = conv(middle, p, c, **how, algorithm="pointwise", activation="silu").tobytes()
        active = {"depthwise_activation": "relu6", "activation": "silu"}
        for threads in (1, 2, 3, 7):
            found = getattr(F, name)(there, w, p, b, c, **options, **how, **active, num_threads=threads)
            assert found.tobytes() == expected, (threads, how)


# ---- memory

MEASURED = """
import numpy as np, fastconv as fc, fastconv.functional as F, peak_memory
peak_memory.keep_what_is_allocated()
name, x_shape, first, second, options = {problem}
how = options | {how}
x, w, p = (np.ones(s, np.float32) for s in (x_shape, first, second))
out = np.ones_like(getattr(F, name)(x, w, p, **how))
getattr(F, name)(*(np.ones(s, np.float32) for s in ((1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1))), num_threads=2)
used = peak_memory.touched_by(lambda: getattr(F, name)(x, w, p, **how, num_threads=2, out=out))
print(fc.estimate(name, x_shape, (first, second), **how, num_threads=2), used)
"""


def test_peak_memory_is_what_estimate_says_and_a_part_of_what_lies_between() -> None:
    """The whole of it would take 12 to 26 MB."""
    large = ("depthwise_separable_conv2d", (1, 128, 160, 160), (128, 1, 3, 3), (32, 128, 1, 1), {"padding": 1})
    last = (large[0], (1, 160, 160, 128), *large[2:])
    wide = (large[0], (1, 256, 2, 6000), (256, 1, 2, 5), (8, 256, 1, 1), {})
    for problem, how in ((large, {}), (last, {"data_format": "NHWC"}), (wide, {})):
        done = processes.fresh(MEASURED.format(problem=problem, how=how))
        promised, used = map(int, done.split())
        assert used <= promised + (64 << 10), (problem, promised, used)
        assert promised < 3 << 20, problem


def test_estimate_refuses_what_a_call_would() -> None:
    x, name = (1, 8, 9, 9), "depthwise_separable_conv2d"
    assert fc.estimate(name, x, ((8, 1, 3, 3), (4, 8, 1, 1)), False) < 60_000
    for weights, how, says in (
        ((8, 1, 3, 3), {}, "weight_shape must hold the shapes of depthwise_weight and pointwise_weight"),
        (((8, 1, 3), (4, 8, 1, 1)), {}, "weight_shape must have 4 sizes"),
        (((8, 1, 3, 3), (4, 7, 1, 1)), {}, "pointwise_weight must have shape"),
        (((8, 1, 3, 3), (4, 8, 1, 1)), {"groups": 8}, "groups must be 1"),
    ):
        with pytest.raises(fc.FastconvValueError, match=f"^{name}: {says}"):
            fc.estimate(name, x, weights, **how)


# ---- layers


def made(rank: int, **how: object) -> nn.Module:
    """A small layer."""
    options = {"dtype": "float64", "rng": 0, "padding": 1, "multiplier": 2} | how
    return getattr(nn, f"DepthwiseSeparableConv{rank}d")(5, 7, 3, 2, **options)


def test_layers_equal_the_function_and_learn(rank: int, isa: str) -> None:
    layer, rng = made(rank), cases.rng_for("separable layers", rank)
    names = ["depthwise.weight", "depthwise.bias", "pointwise.weight", "pointwise.bias"]
    assert list(layer.state_dict()) == names
    layer.load_state_dict({name: cases.integers(rng, a.shape, "float64") for name, a in layer.state_dict().items()})
    x, (w, b, p, c) = cases.integers(rng, (2, 5, *calls.SIZES[rank]), "float64"), layer.state_dict().values()
    geometry = {"stride": 2, "padding": 1}
    y = layer(x)
    np.testing.assert_array_equal(y, oracle.separable_conv(x, w, p, b, c, **geometry))
    assert y.tobytes() == getattr(F, f"depthwise_separable_conv{rank}d")(x, w, p, b, c, **geometry).tobytes()
    g = cases.integers(rng, y.shape, "float64")
    middle = oracle.conv(x, w, b, **geometry, groups=5)
    back = oracle.conv_input(middle.shape, p, g)
    np.testing.assert_array_equal(layer.backward(g), oracle.conv_input(x.shape, w, back, **geometry, groups=5))
    np.testing.assert_array_equal(layer.pointwise.weight.grad, oracle.conv_weight(middle, p.shape, g))
    np.testing.assert_array_equal(layer.depthwise.weight.grad, oracle.conv_weight(x, w.shape, back, **geometry, groups=5))
    np.testing.assert_array_equal(layer.pointwise.bias.grad, oracle.conv_bias(g))
    np.testing.assert_array_equal(layer.depthwise.bias.grad, oracle.conv_bias(back))


@pytest.mark.parametrize("last", [False, True])
def test_eval_mode_has_the_bits_of_training_mode_and_sees_new_weights(last: bool, rank: int, isa: str, dtype: str) -> None:
    how = {"data_format": calls.LAST[rank]} if last else {}
    layer = made(rank, dtype=dtype, depthwise_activation="silu", activation=("leaky_relu", 0.2), **how)
    rng = cases.rng_for("separable modes", rank)
    for size in (calls.SIZES[rank], calls.SIZES[rank], tuple(s + 3 for s in calls.SIZES[rank])):
        x = cases.floats(rng, (2, 5, *size), dtype)
        x = calls.to_last(x, rank) if last else x
        expected = layer.train()(x)
        layer.eval()
        assert [layer(x).tobytes() for _ in range(2)] == [expected.tobytes()] * 2
        with fc.override(isa="scalar"):
            assert layer(x).tobytes() == layer.train()(x).tobytes()
        assert layer.eval()(x[:, ::-1] if last else x[..., ::-1]).shape == expected.shape
        with layer.pointwise.weight.writeable() as weight:
            weight += 1
        with layer.depthwise.weight.writeable() as weight:
            weight *= 2
    with pytest.raises(fc.FastconvValueError, match="forward must run before"):
        layer.backward(expected)


def test_layers_tell_what_they_are() -> None:
    layer = nn.DepthwiseSeparableConv2d(4, 6, 3, bias=(False, True))
    assert layer.depthwise.bias is None
    assert layer.pointwise.bias is not None
    assert "(depthwise): Conv2d(4, 4, kernel_size=(3, 3), stride=(1, 1), groups=4, bias=False" in repr(layer)


# ---- refusals


@pytest.mark.parametrize(
    ("shapes", "options", "says"),
    [
        (((4, 1, 3, 3), (5, 4, 1, 1)), {"stride": 0}, "stride must be positive"),
        (((4, 1, 3), (5, 4, 1, 1)), {}, "depthwise_weight must have 4 axes"),
        (((4, 2, 3, 3), (5, 4, 1, 1)), {}, r"depthwise_weight must have 4 axes \(c_in \* multiplier, 1, kernel\)"),
        (((0, 1, 3, 3), (5, 0, 1, 1)), {}, "none of size 0"),
        (((6, 1, 3, 3), (5, 6, 1, 1)), {}, "depthwise_weight must have filters for each of 4 input channels"),
        (((8, 1, 3, 3), (5, 4, 1, 1)), {}, r"pointwise_weight must have shape \(c_out, 8, 1, 1\)"),
        (((4, 1, 3, 3), (5, 4, 1, 2)), {}, "pointwise_weight must have shape"),
        (((4, 1, 3, 3), (0, 4, 1, 1)), {}, "pointwise_weight must have shape"),
        (((4, 1, 9, 3), (5, 4, 1, 1)), {}, "depthwise_weight must not be larger than the padded input"),
        (((4, 1, 3, 3), (5, 4, 1, 1)), {"depthwise_bias": np.ones(5, "f4")}, r"depthwise_bias must have shape \(4,\)"),
        (((4, 1, 3, 3), (5, 4, 1, 1)), {"pointwise_bias": np.ones((5, 1), "f4")}, r"pointwise_bias must have shape \(5,\)"),
        (((4, 1, 3, 3), (5, 4, 1, 1)), {"activation": "mish"}, "activation must be one of"),
        (((4, 1, 3, 3), (5, 4, 1, 1)), {"depthwise_activation": "mish"}, "depthwise_activation must be one of"),
        (((4, 1, 3, 3), (5, 4, 1, 1)), {"depthwise_activation": ("relu", 1)}, "depthwise_activation must be one of"),
        (((4, 1, 3, 3), (5, 4, 1, 1)), {"data_format": "CHWN"}, "data_format must be one of"),
        (((4, 1, 3, 3), (5, 4, 1, 1)), {"num_threads": 0}, "num_threads must be positive"),
        (((4, 1, 3, 3), (5, 4, 1, 1)), {"out": np.zeros((2, 5, 5, 8), "f4")}, "out must have shape"),
    ],
)
def test_errors_name_function_argument_and_rule(shapes: tuple, options: dict, says: str) -> None:
    x, first, second = (np.ones(s, np.float32) for s in ((2, 4, 7, 9), *shapes))
    with pytest.raises(fc.FastconvValueError, match=f"^depthwise_separable_conv2d: .*{says}"):
        F.depthwise_separable_conv2d(x, first, second, **options)


def test_errors_of_kinds_and_layers() -> None:
    x, first, second = (np.ones(s, np.float32) for s in ((2, 4, 7, 9), (4, 1, 3, 3), (5, 4, 1, 1)))
    function = F.depthwise_separable_conv2d
    for arrays, says in (
        (([1.0], first, second), "input must be a NumPy array"),
        ((x, [1.0], second), "depthwise_weight must be a NumPy array"),
        ((x, None, second), "depthwise_weight must be a NumPy array"),
        ((x, first, second.astype(np.float64)), "pointwise_weight must have the dtype of the input"),
        ((x, first, second, np.ones(4, np.int32)), "depthwise_bias must be float32 or float64"),
        ((x, first, second, None, 0.5), "pointwise_bias must be a NumPy array"),
    ):
        with pytest.raises(fc.FastconvTypeError, match=f"^depthwise_separable_conv2d: {says}"):
            function(*arrays)
    with pytest.raises(fc.FastconvValueError, match="depthwise_separable_conv2d: input must be 3D"):
        function(x[0, 0], first, second)
    for how, says in (
        ({"in_channels": 0}, "in_channels must be positive"),
        ({"out_channels": 0}, "out_channels must be positive"),
        ({"multiplier": 0}, "multiplier must be positive"),
        ({"kernel_size": (3, 0)}, "kernel_size must be positive"),
        ({"padding": "full"}, "padding must be"),
        ({"depthwise_activation": "mish"}, "depthwise_activation must be one of"),
        ({"data_format": "NCW"}, "data_format must be one of"),
    ):
        with pytest.raises(fc.FastconvValueError, match=re.escape(f"DepthwiseSeparableConv2d: {says}")):
            nn.DepthwiseSeparableConv2d(**({"in_channels": 4, "out_channels": 5, "kernel_size": 3} | how))


def test_empty_batches(dtype: str) -> None:
    x, first, second = (np.ones(s, dtype) for s in ((0, 4, 7), (4, 1, 3), (6, 4, 1)))
    assert F.depthwise_separable_conv1d(x, first, second, activation="relu").shape == (0, 6, 5)
