"""Activations: fused into every algorithm, alone, and as layers, against their definitions; and their gradients."""

import copy
import itertools
import pickle
from functools import partial

import calls
import cases
import normalization_oracle
import numpy as np
import oracle
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F
import fastconv.grad as G
from fastconv import nn

NAMES = calls.ACTIVATIONS
ISAS = fc.available_isas()
FUSED_CASES = 20 * len(NAMES)  # for each number of axes
LAYERS = {
    "ReLU": "relu",
    "ReLU6": "relu6",
    "LeakyReLU": "leaky_relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "SiLU": "silu",
    "Hardswish": "hardswish",
}

# Products with these are exact wherever the sums are.
SLOPES = (0.25, -0.5, 0.0, 2.0)


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Each activation."""
    return request.param


def option(name: str, slope: float) -> object:
    """The activation argument of a convolution."""
    return (name, slope) if name == "leaky_relu" else name


def apart(name: str, slope: float, x: np.ndarray, **more: object) -> np.ndarray:
    """The function of that name."""
    return F.leaky_relu(x, slope, **more) if name == "leaky_relu" else getattr(F, name)(x, **more)


def fused_case(rank: int, index: int, fill: object) -> tuple[cases.ConvCase, tuple, str, float, bool, str]:
    """A random convolution with its arrays, activation, slope, whether the channels come last, and its words."""
    stream = "activation" + fill.__name__
    rng = cases.rng_for(stream, 10 * index + rank)
    case = cases.draw_conv(rng, rank)
    name, slope, last = NAMES[index % len(NAMES)], SLOPES[index % 4], bool(index // len(NAMES) % 2)
    words = cases.told(stream, 10 * index + rank, case, name, slope, "channels last" * last)
    return case, case.arrays(rng, fill), name, slope, last, words


def run_of(case: cases.ConvCase, arrays: tuple, last: bool) -> partial:
    """The convolution, which takes and returns arrays in the case's shapes."""
    x, w, b = arrays
    conv = partial(getattr(F, f"conv{case.rank}d"), **case.options)
    if not last:
        return partial(conv, x, w, b)
    there = partial(conv, calls.to_last(x, case.rank), w, b, data_format=calls.LAST[case.rank])
    return lambda **more: calls.to_first(there(**more), case.rank)


def able(case: cases.ConvCase, last: bool, **more: object) -> list[str]:
    """The algorithms that can serve a case."""
    shape = case.input_shape
    if last:
        shape = (*shape[: -case.rank - 1], *shape[-case.rank :], shape[-case.rank - 1])
        more["data_format"] = calls.LAST[case.rank]
    return calls.able(f"conv{case.rank}d", shape, case.weight_shape, dtype=case.dtype, **case.options, **more)


# ---- fused


def test_fused_on_integers_is_the_definition(rank: int) -> None:
    """The sums are exact, so only the activation's own roundings remain: none for the straight ones."""
    for index in range(FUSED_CASES):
        case, arrays, name, slope, last, words = fused_case(rank, index, cases.integers)
        sums = case.conv(*arrays).astype(np.longdouble)
        expected = oracle.activation(name, sums, slope)
        names = able(case, last, activation=option(name, slope))
        errors = tolerance.bounds_for(names, *arrays, integers=True, **case.options)
        run = partial(run_of(case, arrays, last), activation=option(name, slope))
        for isa in ISAS:
            with fc.override(isa=isa):
                for algorithm in names:
                    told = f"{words} isa={isa} algorithm={algorithm!r}"
                    y = run(algorithm=algorithm, num_threads=cases.THREADS[index % 3])
                    assert y.dtype == case.dtype, told
                    if name in ("relu", "relu6", "leaky_relu") and algorithm in tolerance.EXACT_ON_INTEGERS:
                        tolerance.check_equal(y, expected, told)
                    else:
                        bound = tolerance.activation_bound(name, sums, expected, errors[algorithm], case.dtype, slope)
                        tolerance.check(y, expected, bound, told)


def test_fused_on_floats_is_within_the_bound(rank: int) -> None:
    for index in range(FUSED_CASES):
        case, arrays, name, _, last, words = fused_case(rank, index, cases.floats)
        slope = 0.1
        wide = [None if a is None else cases.exact(a) for a in arrays]
        sums = case.conv(*wide)
        errors = tolerance.bounds_for(able(case, last), *arrays, **case.options)
        expected = oracle.activation(name, sums, slope)
        run = partial(run_of(case, arrays, last), activation=option(name, slope))
        for isa in ISAS:
            with fc.override(isa=isa):
                for algorithm, error in errors.items():
                    told = f"{words} isa={isa} algorithm={algorithm!r}"
                    bound = tolerance.activation_bound(name, sums, expected, error, case.dtype, slope)
                    one = run(algorithm=algorithm, num_threads=1)
                    tolerance.check(one, expected, bound, told)
                    assert one.tobytes() == run(algorithm=algorithm, num_threads=2 + index % 2).tobytes(), told


def test_fused_has_the_bits_of_the_function_on_the_sums(rank: int) -> None:
    """For every algorithm, those included that sum in another way: the activation is one and the same."""
    for index in range(FUSED_CASES):
        case, arrays, name, _, last, words = fused_case(rank, index, cases.floats)
        run = run_of(case, arrays, last)
        for isa in ISAS:
            with fc.override(isa=isa):
                for algorithm in (None, *able(case, last)):
                    told = f"{words} isa={isa} algorithm={algorithm!r}"
                    fused = run(algorithm=algorithm, activation=option(name, 0.1))
                    alone = apart(name, 0.1, run(algorithm=algorithm))
                    tolerance.check_equal(fused, alone, told)
                    if name not in ("relu", "relu6"):  # whose zeros may have either sign
                        assert fused.tobytes() == alone.tobytes(), told


LARGER = {
    "general": ((2, 16, 37, 41), (33, 16, 3, 3), {"padding": 1}),
    "deep": ((1, 200, 9, 10), (70, 200, 3, 3), {"padding": 1}),
    "stem": ((1, 3, 63, 65), (24, 3, 7, 7), {"stride": 2, "padding": 3}),
    "pointwise": ((2, 300, 13, 14), (130, 300, 1, 1), {}),
    "depthwise": ((2, 37, 40, 43), (74, 1, 3, 3), {"padding": 1, "groups": 37}),
    "grouped": ((1, 24, 30, 31), (36, 8, 3, 3), {"padding": "same", "groups": 3, "dilation": 2}),
}


@pytest.mark.parametrize("layer", LARGER)
def test_fused_in_larger_layers(layer: str, isa: str, dtype: str) -> None:
    """Many blocks, panels and tasks, sums longer than one block: the activation comes once, after the last product."""
    x_shape, w_shape, options = LARGER[layer]
    rng = cases.rng_for("activation " + layer, 0)
    x, w, b = (cases.integers(rng, shape, dtype, 1) for shape in (x_shape, w_shape, w_shape[:1]))
    sums = oracle.conv(x, w, b, **options)
    expected = oracle.activation("leaky_relu", sums, -0.5)
    for last in (False, True):
        case = cases.ConvCase(
            2, dtype, x_shape, w_shape, True, {"stride": 1, "dilation": 1, "groups": 1, "padding": 0} | options
        )
        run = run_of(case, (x, w, b), last)
        for algorithm, error in tolerance.bounds_for(able(case, last), x, w, b, integers=True, **options).items():
            activation = ("leaky_relu", -0.5)
            one, *more = (run(algorithm=algorithm, activation=activation, num_threads=t) for t in (1, 2, 3, 7))
            told = f"{layer} {isa} {algorithm} {'channels last' * last}"
            assert all(y.tobytes() == one.tobytes() for y in more), told
            if algorithm in tolerance.EXACT_ON_INTEGERS:
                tolerance.check_equal(one, expected, told)
            else:
                tolerance.check(
                    one, expected, tolerance.activation_bound("leaky_relu", sums, expected, error, dtype, -0.5), told
                )


def test_specials_pass_through_a_fused_activation(name: str, isa: str, dtype: str) -> None:
    """A 1x1 convolution with weight 1 is the activation itself."""
    x = np.array([np.nan, np.inf, -np.inf, 1e4, -1e4, 0.0, 1.0], dtype)
    expected = oracle.activation(name, x)
    bound = tolerance.activation_bound(name, x.astype(np.longdouble), expected, 0, dtype)
    for algorithm in calls.able("conv1d", (1, 1, 7), (1, 1, 1), dtype=dtype):
        y = F.conv1d(x.reshape(1, 1, 7), np.ones((1, 1, 1), dtype), activation=name, algorithm=algorithm)
        tolerance.check(y.ravel(), expected, bound, f"{name} {isa} {dtype} {algorithm}")


# ---- alone


def sweep(dtype: str) -> np.ndarray:
    """Numbers of every size, both signs: small, ordinary, huge, and around the corners."""
    limits = np.finfo(dtype)
    powers = np.geomspace(float(limits.tiny), float(limits.max) / 16, 1000)
    corners = np.array([3, 6, 0.5, 88, 89, 104, 709, 745])
    near = np.concatenate([corners * (1 + k * float(limits.eps)) for k in (-2, -1, 0, 1, 2)])
    positive = np.concatenate([powers, near, np.linspace(0, 20, 2001), [float(limits.smallest_subnormal)]])
    return np.concatenate([positive, -positive]).astype(dtype)


def test_alone_is_the_definition(name: str, isa: str, dtype: str) -> None:
    x = sweep(dtype)
    wide = x.astype(np.longdouble)
    expected = oracle.activation(name, wide)
    bound = tolerance.activation_bound(name, wide, expected, 0, dtype)
    tolerance.check(getattr(F, name)(x), expected, bound, f"{name} {isa} {dtype}")


def test_alone_on_integers_is_exact(name: str, isa: str, dtype: str) -> None:
    x = np.arange(-64, 65).astype(dtype)
    if name in ("relu", "relu6"):
        tolerance.check_equal(getattr(F, name)(x), oracle.activation(name, x), name)
    for slope in SLOPES if name == "leaky_relu" else ():
        tolerance.check_equal(F.leaky_relu(x, slope), oracle.activation(name, x, slope), f"{name} {slope}")


def test_specials(name: str, isa: str, dtype: str) -> None:
    """nan stays nan; an infinity gives what the definition does, nan for -inf * 0 among it."""
    for count in (1, 3, 8, 16, 37):  # in whole vectors and in what remains
        for place in range(count):
            for special in (np.nan, np.inf, -np.inf):
                x = np.ones(count, dtype)
                x[place] = special
                y, expected = getattr(F, name)(x), oracle.activation(name, x)
                wrong = ~((np.isnan(y) & np.isnan(expected)) | (y == expected))
                assert not wrong[place], (name, count, special, y[place], expected[place])
                assert np.isfinite(np.delete(y, place)).all()


def test_limits(isa: str, dtype: str) -> None:
    x = np.array([-1e4, -1000, -800, 800, 1000, 1e30], dtype)
    assert F.sigmoid(x).tolist() == [0, 0, 0, 1, 1, 1]
    assert F.tanh(x).tolist() == [-1, -1, -1, 1, 1, 1]
    assert (F.silu(x)[3:] == x[3:]).all()
    assert (F.silu(x)[:3] == 0).all()
    assert (F.hardswish(x)[3:] == x[3:]).all()
    assert (F.hardswish(x)[:3] == 0).all()
    assert F.sigmoid(np.zeros(3, dtype)).tolist() == [0.5] * 3


def test_an_element_has_the_same_bits_wherever_it_stands(name: str, isa: str, dtype: str) -> None:
    x = cases.floats(cases.rng_for("activation places", 0), (67,), dtype)
    whole = getattr(F, name)(x)
    for start in (1, 3, 8, 60):
        assert getattr(F, name)(x[start:].copy()).tobytes() == whole[start:].tobytes()
    for threads in (1, 2, 3, 7):
        assert getattr(F, name)(np.tile(x, 3000), num_threads=threads).tobytes() == np.tile(whole, 3000).tobytes()


def test_any_shape_and_any_out(name: str, dtype: str) -> None:
    function = getattr(F, name)
    for shape in ((), (0,), (3, 0, 2), (1,), (2, 3, 4, 5, 6)):
        x = cases.floats(cases.rng_for("activation shapes", len(shape)), shape, dtype)
        y = function(x)
        assert (type(y), y.shape, y.dtype, y.flags.carray) == (np.ndarray, shape, np.dtype(dtype), True)
    held = cases.floats(cases.rng_for("activation out", 0), (50,), dtype)
    x, out = held[:40], held[3:43]
    expected = function(x.copy())
    assert function(x, out=out) is out
    assert out.tobytes() == expected.tobytes()
    expected = function(x.copy())
    assert function(x, out=x) is x
    assert x.tobytes() == expected.tobytes()


# ---- gradients


def test_gradients_are_the_definition(name: str, isa: str, dtype: str) -> None:
    x = sweep(dtype)
    x = x[np.abs(x) < 1e6]
    g = cases.floats(cases.rng_for("activation gradient", 0), x.shape, dtype)
    wide = x.astype(np.longdouble)
    for slope in (0.01, -1.5):
        more = (slope,) if name == "leaky_relu" else ()
        got = getattr(G, f"{name}_input")(x, g, *more)
        assert got.dtype == dtype
        expected = oracle.activation_input(name, wide, g.astype(np.longdouble), slope)
        tolerance.check(got, expected, tolerance.activation_gradient_bound(name, wide, g, dtype, slope), f"{name} {dtype}")


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_equal_the_functions(layer: str, dtype: str) -> None:
    module, name = getattr(nn, layer)(), LAYERS[layer]
    rng = cases.rng_for("activation layers", 0)
    x, g = 4 * cases.floats(rng, (3, 4, 5), dtype), cases.floats(rng, (3, 4, 5), dtype)
    np.testing.assert_array_equal(module(x), getattr(F, name)(x))
    np.testing.assert_array_equal(module.backward(g), getattr(G, f"{name}_input")(x, g))
    np.testing.assert_array_equal(nn.LeakyReLU(0.3)(x), F.leaky_relu(x, 0.3))


# ---- convolution layers


def distinct(*shape: int) -> np.ndarray:
    """Values far enough apart, and from corners, that a small step passes none."""
    size = int(np.prod(shape))
    return np.random.default_rng(7).permutation(np.linspace(-2, 2.1, size)).reshape(shape)


def layer_with(name: str, data_format: str = "NCHW", **more: object) -> nn.Conv2d:
    """A small strided convolution layer with an activation."""
    activation = option(name, 0.3)
    return nn.Conv2d(3, 4, 3, 2, 1, activation=activation, data_format=data_format, rng=5, **more)


@pytest.mark.parametrize("data_format", ["NCHW", "NHWC"])
def test_training_and_eval_give_the_same_bits(name: str, data_format: str, isa: str, dtype: str) -> None:
    layer = layer_with(name, data_format, dtype=dtype)
    x = cases.floats(cases.rng_for("activation modes", 0), (2, 3, 9, 8) if data_format == "NCHW" else (2, 9, 8, 3), dtype)
    how = {"activation": layer.activation, "data_format": data_format}
    expected = F.conv2d(x, layer.weight.data, layer.bias.data, 2, 1, **how)
    for mode in (True, False, False, True, False):
        layer.train(mode)
        for _ in range(2):
            tolerance.check_equal(layer(x), expected, f"{name} training={mode}")
            tolerance.check_equal(layer(x[:1]), expected[:1], f"{name} training={mode}")
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        tolerance.check_equal(twin(x), expected, name)
        tolerance.check_equal(twin.train()(x), expected, name)
        assert twin.backward(np.ones_like(expected)).shape == x.shape
    layer.weight = np.zeros(layer.weight.shape)
    layer.bias = np.zeros(4)
    tolerance.check_equal(layer(x), np.broadcast_to(oracle.activation(name, 0.0), expected.shape), f"{name} new weights")


@pytest.mark.parametrize("data_format", ["NCHW", "NHWC"])
def test_gradients_of_a_layer_by_finite_differences(name: str, data_format: str) -> None:
    layer = layer_with(name, data_format, dtype="float64")
    with layer.weight.writeable() as weight:
        weight *= 4  # sums that reach every piece of every activation
    x = distinct(2, 3, 7, 6) if data_format == "NCHW" else distinct(2, 7, 6, 3)
    g = np.random.default_rng(8).standard_normal(layer(x).shape)
    grad_input, step = layer.backward(g), 1e-6
    assert grad_input.shape == x.shape
    assert grad_input.flags.carray
    rng = np.random.default_rng(9)

    def close(analytic: float, values: list[float]) -> None:
        assert analytic == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-5, abs=1e-7)

    for place in rng.integers(0, x.size, 20):
        moved = np.zeros(x.size)
        moved[place] = step
        moved = moved.reshape(x.shape)
        close(grad_input.flat[place], [float((layer(x + sign * moved) * g).sum()) for sign in (1, -1)])
    for parameter in layer.parameters():
        for place in rng.integers(0, parameter.size, 8):
            values = []
            for sign in (1, -1):
                with parameter.writeable() as array:
                    array.flat[place] += sign * step
                values.append(float((layer(x) * g).sum()))
                with parameter.writeable() as array:
                    array.flat[place] -= sign * step
            close(parameter.grad.flat[place], values)


def test_eval_keeps_nothing_and_state_dict_has_the_same_names(name: str) -> None:
    layer = layer_with(name)
    assert {key: array.shape for key, array in layer.state_dict().items()} == {"weight": (4, 3, 3, 3), "bias": (4,)}
    layer(np.ones((1, 3, 6, 6), np.float32))
    assert layer._kept is not None
    layer.eval()(np.ones((1, 3, 6, 6), np.float32))
    assert layer._kept is None


def test_deconvnet_rectifies_what_a_fused_relu_did() -> None:
    convolution = nn.Conv2d(1, 3, 3, rng=0)
    fused = nn.Conv2d(1, 3, 3, activation="relu")
    fused.load_state_dict(convolution.state_dict())
    apart, together = nn.Sequential(convolution, nn.ReLU()), nn.Sequential(fused)
    x = distinct(1, 1, 8, 8).astype(np.float32)
    np.testing.assert_array_equal(fc.visualize.deconvnet(together, x, "0"), fc.visualize.deconvnet(apart, x, "1"))
    for other, y in (
        (nn.Conv2d(1, 3, 3, activation="silu"), x),
        (nn.Conv2d(1, 3, 3, data_format="NHWC"), calls.to_last(x, 2)),
    ):
        with pytest.raises(fc.FastconvTypeError, match="deconvnet: a Conv2d layer cannot be undone"):
            fc.visualize.deconvnet(nn.Sequential(other), y, "0")


# ---- those that no convolution applies

CURVES = (
    ("gelu", {}),
    ("gelu", {"approximate": "tanh"}),
    ("elu", {"alpha": 0.75}),
    ("elu", {"alpha": -2.0}),
    ("selu", {}),
    ("celu", {"alpha": 1.3}),
    ("softplus", {"beta": 1.0, "threshold": 20.0}),
    ("softplus", {"beta": -0.7, "threshold": 3.0}),
    ("mish", {}),
    ("hardtanh", {"min_val": -0.5, "max_val": 2.0}),
    ("hardsigmoid", {}),
    ("softsign", {}),
    ("threshold", {"threshold": 0.25, "value": 7.0}),
    ("logsigmoid", {}),
)
CURVE_ULPS = 8


@pytest.fixture(params=CURVES, ids=lambda c: f"{c[0]}-{'-'.join(map(str, c[1].values()))}")
def curve(request: pytest.FixtureRequest) -> tuple[str, dict]:
    """Each of them, with its numbers."""
    return request.param


def slope_of(name: str, x: np.ndarray, **options: float) -> np.ndarray:
    """The derivative by central differences in longdouble, whose own error is far below float32's and 1e-11 or so."""
    step = np.longdouble(1e-6)
    up, down = (normalization_oracle.curve(name, x + sign * step, **options) for sign in (1, -1))
    return (up - down) / (2 * step)


def test_curves_are_the_definition(curve: tuple[str, dict], isa: str, dtype: str) -> None:
    name, options = curve
    x = sweep(dtype)
    wide = x.astype(np.longdouble)
    expected = normalization_oracle.curve(name, wide, **options)
    u, tiny = tolerance.unit_roundoff(dtype), float(np.finfo(dtype).tiny)
    bound = 2 * CURVE_ULPS * u * np.abs(expected) + 2 * tiny * (1 + np.minimum(np.abs(wide), 1e3))
    if options.get("approximate") == "tanh":  # the argument of its sigmoid is rounded
        bound = bound + 8 * u * np.abs(expected) * np.abs(np.minimum(wide, 0)) ** 3
    if name in ("celu", "softplus"):  # so is x / alpha and beta * x
        bound = bound + 4 * u * np.abs(expected) * (1 + np.minimum(np.abs(wide), 1e3))
    with np.errstate(over="ignore"):
        limit = float(np.finfo(dtype).max) / 4
    keep = np.abs(expected) < limit
    y = getattr(F, name)(x, **options)
    tolerance.check(y[keep], expected[keep], bound[keep], f"{name} {options} {isa}")
    one, *more = (getattr(F, name)(np.tile(x, 30), **options, num_threads=t).tobytes() for t in (1, 2, 3, 7))
    assert one == np.tile(y, 30).tobytes()
    assert all(bits == one for bits in more)


def test_gradients_of_curves(curve: tuple[str, dict], isa: str, dtype: str) -> None:
    name, options = curve
    rng = cases.rng_for("curve gradient", 0)
    x = rng.uniform(-9, 9, 4000).astype(dtype)
    corners = [0, -3, 3, *options.values()] if name not in ("gelu", "mish", "logsigmoid") else []
    for corner in (c for c in corners if not isinstance(c, str)):
        x = x[(np.abs(x - corner) > 1e-4) & (np.abs(x - corner / options.get("beta", 1)) > 1e-4)]
    g = cases.floats(rng, x.shape, dtype)
    numbers = {key: value for key, value in options.items() if key != "value"}
    dx = getattr(G, f"{name}_input")(x, g, **numbers)
    wide = x.astype(np.longdouble)
    expected = slope_of(name, wide, **options) * g
    bound = (64 * tolerance.unit_roundoff(dtype) * (1 + np.abs(wide)) + 1e-10) * np.abs(g)
    tolerance.check(dx, expected, bound, f"{name} {options} {isa}")
    one, *more = (getattr(G, f"{name}_input")(x, g, **numbers, num_threads=t).tobytes() for t in (1, 2, 3))
    assert dx.tobytes() == one
    assert all(bits == one for bits in more)


def test_specials_of_curves(curve: tuple[str, dict], isa: str, dtype: str) -> None:
    name, options = curve
    for count in (1, 5, 16, 37):
        for special in (np.nan, np.inf, -np.inf):
            x = np.ones(count, dtype)
            x[count // 2] = special
            y, expected = getattr(F, name)(x, **options), normalization_oracle.curve(name, x, **options)
            same = (np.isnan(y) & np.isnan(expected)) | np.isclose(y.astype(float), expected.astype(float))
            assert same.all(), (name, options, count, special, y[count // 2], expected[count // 2])


def test_prelu_and_glu(isa: str, dtype: str) -> None:
    rng = cases.rng_for("prelu", 0)
    for rank, c in itertools.product((0, 1, 2), (1, 3, 17)):
        x, g = (cases.integers(rng, (2, c, *(5,) * rank), dtype) for _ in range(2))
        for size in {1, c}:
            w = rng.choice([0.25, -0.5, 2.0], size).astype(dtype)
            slopes, axes = w.reshape(-1, *(1,) * rank), (0, *range(2, rank + 2))
            shares = np.where(x < 0, x * g, 0).sum(axis=axes)
            for last in (False, True) if rank else (False,):
                how = {"data_format": calls.LAST[rank]} if last else {}
                there = partial(calls.to_last, rank=rank) if last else np.asarray
                tolerance.check_equal(F.prelu(there(x), w, **how), there(np.where(x > 0, x, slopes * x)), "prelu")
                dx = G.prelu_input(there(x), w, there(g), **how)
                tolerance.check_equal(dx, there(np.where(x > 0, g, slopes * g)), "prelu_input")
                dw = G.prelu_weight(there(x), w, there(g), **how)
                tolerance.check_equal(dw, shares if size == c else shares.sum(keepdims=True), "prelu_weight")
    x, g = cases.floats(rng, (3, 34, 5), dtype), cases.floats(rng, (3, 17, 5), dtype)
    a, b = np.split(x, 2, 1)
    np.testing.assert_array_equal(F.glu(x, 1), a * F.sigmoid(b))
    np.testing.assert_allclose(np.split(G.glu_input(x, g, 1), 2, 1)[0], g * F.sigmoid(b), rtol=1e-6)
    np.testing.assert_allclose(np.split(G.glu_input(x, g, 1), 2, 1)[1], a * G.sigmoid_input(b, g), rtol=1e-5)
    y = F.gated_tanh(x, 1)
    np.testing.assert_allclose(G.gated_tanh_input(x, g, 1)[:, 17:], g * y * F.sigmoid(-b), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(G.gated_tanh_input(x, g, 1)[:, :17], G.tanh_input(a, g) * F.sigmoid(b), rtol=1e-4, atol=1e-6)


CURVE_LAYERS = {
    "GELU": ("gelu", ("tanh",)),
    "ELU": ("elu", (0.5,)),
    "SELU": ("selu", ()),
    "CELU": ("celu", (0.5,)),
    "Softplus": ("softplus", (2.0, 3.0)),
    "Mish": ("mish", ()),
    "Hardtanh": ("hardtanh", (-0.5, 2.0)),
    "Hardsigmoid": ("hardsigmoid", ()),
    "Softsign": ("softsign", ()),
    "LogSigmoid": ("logsigmoid", ()),
    "GLU": ("glu", (1,)),
}


@pytest.mark.parametrize("layer", CURVE_LAYERS)
def test_layers_of_curves_equal_the_functions(layer: str, dtype: str) -> None:
    name, options = CURVE_LAYERS[layer]
    module = getattr(nn, layer)(*options)
    x = cases.floats(cases.rng_for("curve layers", 0), (3, 4, 5), dtype)
    y = module(x)
    np.testing.assert_array_equal(y, getattr(F, name)(x, *options))
    np.testing.assert_array_equal(module.backward(y), getattr(G, f"{name}_input")(x, y, *options))


def test_layers_with_numbers_of_their_own(dtype: str) -> None:
    x = cases.floats(cases.rng_for("curve layers", 1), (3, 4, 5), dtype)
    module = nn.Threshold(0.25, 7)
    np.testing.assert_array_equal(module(x), F.threshold(x, 0.25, 7))
    np.testing.assert_array_equal(module.backward(x), G.threshold_input(x, x, 0.25))
    module = nn.PReLU(4, 0.5, dtype=dtype)
    np.testing.assert_array_equal(module(x), F.leaky_relu(x, 0.5))
    np.testing.assert_array_equal(module.backward(x), G.leaky_relu_input(x, x, 0.5))
    np.testing.assert_array_equal(module.weight.grad, G.prelu_weight(x, module.weight.data, x))
    assert list(module.state_dict()) == ["weight"]
