"""Layers against the functions they wrap, gradients against finite differences, SGD against its formula, and
every refusal."""

import copy
import pickle

import numpy as np
import pytest

import fastconv as fc
from fastconv import functional as F
from fastconv import grad as G
from fastconv import nn

SEED = 20240607


def normal(*shape, dtype=np.float64, seed=SEED):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def distinct(*shape, seed=SEED):
    """Values far enough apart that a small step changes no maximum and no sign."""
    size = int(np.prod(shape))
    return np.random.default_rng(seed).permutation(np.linspace(-2, 2.1, size)).reshape(shape)


# Parameter ------------------------------------------------------------------------------------------------


def test_parameter_data_is_read_only():
    p = nn.Parameter(np.zeros((2, 3), np.float32))
    with pytest.raises(ValueError, match="read-only"):
        p.data[0, 0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        p.data.flags.writeable = True


def test_parameter_copies_what_it_is_made_of():
    source = np.zeros(3)
    p = nn.Parameter(source)
    source[:] = 1
    assert not p.data.any()


def test_version_changes_with_every_change_and_only_then():
    p = nn.Parameter(np.zeros(3, np.float32))
    versions = [p.version]
    with p.writeable() as array:
        array += 1
    versions.append(p.version)
    p.data = [1, 2, 3]
    versions.append(p.version)
    with pytest.raises(ZeroDivisionError), p.writeable() as array:
        array[0] = 1 // 0
    versions.append(p.version)
    assert versions == sorted(set(versions))
    _ = p.data, p.shape, np.asarray(p), copy.copy(p)
    assert p.version == versions[-1]


def test_no_two_parameters_share_a_version():
    a = nn.Parameter(np.zeros(3))
    assert len({a.version, nn.Parameter(np.zeros(3)).version, copy.deepcopy(a).version}) == 3


def test_writeable_ends_with_its_block():
    p = nn.Parameter(np.zeros(3))
    with p.writeable() as array:
        array[:] = 2
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1
    assert (p.data == 2).all()


def test_setting_data_casts_the_values_and_keeps_the_dtype():
    p = nn.Parameter(np.zeros(2, np.float32))
    p.data = np.array([1.5, 2], np.float64)
    assert p.data.dtype == np.float32
    assert p.data.tolist() == [1.5, 2]


def test_a_copy_is_sealed_and_keeps_the_gradient():
    p = nn.Parameter(np.arange(3.0))
    p.grad = np.ones(3)
    for twin in (copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert (twin.data == p.data).all()
        assert (twin.grad == 1).all()
        assert twin.grad is not p.grad
        with pytest.raises(ValueError, match="read-only"):
            twin.data[0] = 1


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (
            np.zeros(4),
            fc.FastconvValueError,
            r"Parameter\.data: value must have shape \(3,\), got shape=\(4,\)",
        ),
        (
            np.zeros(3, complex),
            fc.FastconvTypeError,
            r"Parameter\.data: value must hold real numbers, got dtype=complex128",
        ),
    ],
)
def test_setting_data_refuses(value, error, message):
    p = nn.Parameter(np.zeros(3))
    with pytest.raises(error, match=message):
        p.data = value
    assert not p.data.any()


def test_parameter_refuses_other_dtypes():
    with pytest.raises(fc.FastconvTypeError, match=r"Parameter: data must be float32 or float64, got dtype=int64"):
        nn.Parameter(np.zeros(3, np.int64))


def test_assigning_to_a_layer_attribute_sets_the_parameter():
    layer = nn.Linear(3, 2)
    own, version = layer.weight, layer.weight.version
    layer.weight = np.ones((2, 3))
    assert layer.weight is own
    assert own.version > version
    assert (own.data == 1).all()
    with pytest.raises(fc.FastconvValueError, match=r"Parameter\.data: value must have shape \(2, 3\)"):
        layer.weight = np.ones((3, 2))
    with pytest.raises(fc.FastconvValueError, match=r"Linear\.weight: must stay float32 of shape \(2, 3\)"):
        layer.weight = nn.Parameter(np.ones((2, 3)))
    with pytest.raises(fc.FastconvValueError, match=r"Linear\.bias: this layer was made without bias"):
        nn.Linear(3, 2, bias=False).bias = np.ones(2)


def test_a_layer_sees_every_change_of_its_weights():
    x = normal(1, 1, 6, 6, dtype=np.float32)
    layer = nn.Conv2d(1, 2, 3, rng=0)
    layer(x)
    changed = normal(2, 1, 3, 3, dtype=np.float32, seed=1)
    for change in (
        lambda: setattr(layer, "weight", changed),
        lambda: setattr(layer.weight, "data", changed * 2),
        lambda: setattr(layer, "weight", nn.Parameter(changed * 3)),
        lambda: layer.load_state_dict({"weight": changed * 4, "bias": np.ones(2)}),
        lambda: setattr(layer, "bias", [3, 4]),
        lambda: setattr(layer, "bias", nn.Parameter(np.array([5, 6], np.float32))),
    ):
        change()
        np.testing.assert_array_equal(layer(x), F.conv2d(x, layer.weight.data, layer.bias.data))
    for parameter in layer.parameters():
        with parameter.writeable() as array:
            array *= -1
        np.testing.assert_array_equal(layer(x), F.conv2d(x, layer.weight.data, layer.bias.data))
    twin = copy.deepcopy(layer)
    twin.bias = [7, 8]
    np.testing.assert_array_equal(twin(x), F.conv2d(x, twin.weight.data, twin.bias.data))
    np.testing.assert_array_equal(layer(x), F.conv2d(x, layer.weight.data, layer.bias.data))


# Layers and functions -------------------------------------------------------------------------------------

CONVOLUTIONS = [
    (1, {}, (2, 4, 11)),
    (1, {"stride": 2, "padding": 1, "dilation": 2}, (2, 4, 11)),
    (2, {}, (2, 4, 7, 8)),
    (2, {"stride": (2, 1), "padding": (1, 2), "groups": 2}, (2, 4, 7, 8)),
    (2, {"padding": "same", "stride": 2}, (2, 4, 7, 8)),
    (2, {"padding": "valid", "bias": False}, (2, 4, 7, 8)),
    (2, {"padding": ((1, 0), (0, 2)), "groups": 4}, (2, 4, 7, 8)),
    (2, {"padding": 1}, (4, 7, 8)),
    (3, {"padding": (1, 0, 2)}, (1, 4, 4, 5, 6)),
]


@pytest.mark.parametrize(("axes", "options", "shape"), CONVOLUTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_convolution_layers_equal_the_functions(axes, options, shape, dtype):
    layer = getattr(nn, f"Conv{axes}d")(4, 8, 3, **options, dtype=dtype, rng=0)
    x = normal(*shape, dtype=dtype)
    geometry = {key: value for key, value in options.items() if key != "bias"}
    bias = None if layer.bias is None else layer.bias.data
    y = layer(x)
    np.testing.assert_array_equal(y, getattr(F, f"conv{axes}d")(x, layer.weight.data, bias, **geometry))
    g = normal(*y.shape, dtype=dtype)
    expected = getattr(G, f"conv{axes}d_input")(x.shape, layer.weight.data, g, **geometry)
    np.testing.assert_array_equal(layer.backward(g), expected)
    expected = getattr(G, f"conv{axes}d_weight")(x, layer.weight.shape, g, **geometry)
    np.testing.assert_array_equal(layer.weight.grad, expected)
    if layer.bias is not None:
        np.testing.assert_array_equal(layer.bias.grad, getattr(G, f"conv{axes}d_bias")(g))


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("options", [{}, {"stride": 1}, {"stride": 2, "padding": 1}])
def test_pooling_layers_equal_the_functions(axes, options):
    x = distinct(2, 3, *(6, 7, 8)[:axes])
    function, gradient = getattr(F, f"max_pool{axes}d"), getattr(G, f"max_pool{axes}d_input")
    y, switches = function(x, 3, return_indices=True, **options)
    layer = getattr(nn, f"MaxPool{axes}d")(3, return_indices=True, **options)
    for got, expected in zip(layer(x), (y, switches), strict=True):
        np.testing.assert_array_equal(got, expected)
    g = normal(*y.shape)
    np.testing.assert_array_equal(layer.backward(g), gradient(x.shape, switches, g))
    np.testing.assert_array_equal(getattr(nn, f"MaxPool{axes}d")(3, **options)(x), y)

    unpool = getattr(nn, f"MaxUnpool{axes}d")(3, **options)
    restored = unpool(y, switches, x.shape[2:])
    expected = getattr(F, f"max_unpool{axes}d")(y, switches, 3, output_size=x.shape[2:], **options)
    np.testing.assert_array_equal(restored, expected)
    g = normal(*x.shape)
    np.testing.assert_array_equal(unpool.backward(g), getattr(G, f"max_unpool{axes}d_input")(switches, g))

    layer = getattr(nn, f"AvgPool{axes}d")(3, **options)
    y = layer(x)
    np.testing.assert_array_equal(y, getattr(F, f"avg_pool{axes}d")(x, 3, **options))
    g = normal(*y.shape)
    expected = getattr(G, f"avg_pool{axes}d_input")(x.shape, g, 3, **options)
    np.testing.assert_array_equal(layer.backward(g), expected)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_pooling_layers_of_boxes_equal_the_functions(axes):
    x = distinct(2, 6, *(6, 7, 8)[:axes])
    outputs, ones = (4, None, 3)[:axes], 1
    for layer, kind, arguments in (
        (f"AdaptiveAvgPool{axes}d", f"adaptive_avg_pool{axes}d", (outputs,)),
        (f"GlobalAvgPool{axes}d", f"adaptive_avg_pool{axes}d", (ones,)),
        (f"AdaptiveMaxPool{axes}d", f"adaptive_max_pool{axes}d", (outputs,)),
        (f"GlobalMaxPool{axes}d", f"adaptive_max_pool{axes}d", (ones,)),
    ):
        function, gradient = getattr(F, kind), getattr(G, f"{kind}_input")
        pool = getattr(nn, layer)(*(() if "Global" in layer else arguments))
        y = pool(x)
        np.testing.assert_array_equal(y, function(x, *arguments))
        g = normal(*y.shape)
        switches = (function(x, *arguments, return_indices=True)[1],) if "Max" in layer else ()
        np.testing.assert_array_equal(pool.backward(g), gradient(x.shape, *switches, g))
        if switches:
            _, where = getattr(nn, layer)(*(() if "Global" in layer else arguments), return_indices=True)(x)
            np.testing.assert_array_equal(where, switches[0])
        pool.eval()
        np.testing.assert_array_equal(pool(x), y)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_sum_norm_and_maxout_layers_equal_the_functions(axes):
    x = np.abs(distinct(2, 6, *(6, 7, 8)[:axes])) + 1
    for p in (1, 2, 2.5, np.inf):
        pool, window = getattr(nn, f"LPPool{axes}d")(p, 3, 2, ceil_mode=True), (p, 3, 2, True)
        y = pool(x)
        np.testing.assert_array_equal(y, getattr(F, f"lp_pool{axes}d")(x, *window))
        g = normal(*y.shape)
        np.testing.assert_array_equal(pool.backward(g), getattr(G, f"lp_pool{axes}d_input")(x, y, g, *window))
    pool = getattr(nn, f"SumPool{axes}d")(3, 2, 1)
    y = pool(x)
    np.testing.assert_array_equal(y, getattr(F, f"sum_pool{axes}d")(x, 3, 2, 1))
    g = normal(*y.shape)
    np.testing.assert_array_equal(pool.backward(g), getattr(G, f"sum_pool{axes}d_input")(x.shape, g, 3, 2, 1))
    layer = nn.Maxout(3)
    y, maps = F.maxout(x, 3, return_indices=True)
    np.testing.assert_array_equal(layer(x), y)
    g = normal(*y.shape)
    np.testing.assert_array_equal(layer.backward(g), G.maxout_input(x.shape, maps, g))
    np.testing.assert_array_equal(layer.eval()(x), y)


def test_layers_of_boxes_say_what_torchs_say():
    assert repr(nn.AdaptiveAvgPool2d((5, None))) == "AdaptiveAvgPool2d(output_size=(5, None))"
    assert repr(nn.AdaptiveMaxPool1d(3, True)) == "AdaptiveMaxPool1d(output_size=3)"
    assert repr(nn.LPPool2d(2, 3, stride=(2, 1))) == "LPPool2d(norm_type=2, kernel_size=3, stride=(2, 1), ceil_mode=False)"
    assert repr(nn.LPPool1d(2, 3, ceil_mode=True)) == "LPPool1d(norm_type=2, kernel_size=3, stride=None, ceil_mode=True)"


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1}, {"stride": 1, "dilation": 2}, {"padding": "same"}])
@pytest.mark.parametrize("switches", ["flat", "compact"])
def test_pooling_layers_with_the_channels_last_and_compact_switches(axes, options, switches):
    layout = {"data_format": ("NWC", "NHWC", "NDHWC")[axes - 1]}
    x = distinct(2, *(6, 7, 8)[:axes], 3)
    y, where = getattr(F, f"max_pool{axes}d")(x, 3, return_indices=True, switches=switches, **options, **layout)
    g = normal(*y.shape)
    kind = getattr(nn, f"MaxPool{axes}d")
    layer = kind(3, return_indices=True, switches=switches, **options, **layout)
    for got, expected in zip(layer(x), (y, where), strict=True):
        np.testing.assert_array_equal(got, expected)
    alone = kind(3, **options, **layout)
    np.testing.assert_array_equal(alone(x), y)
    assert alone._kept_switches() == ("flat" if "dilation" in options else "compact")
    expected = getattr(G, f"max_pool{axes}d_input")(x.shape, where, g, kernel_size=3, **options, **layout)
    np.testing.assert_array_equal(layer.backward(g), expected)
    np.testing.assert_array_equal(alone.backward(g), expected)
    if "dilation" not in options:
        mean = getattr(nn, f"AvgPool{axes}d")(3, **options, **layout)
        np.testing.assert_array_equal(mean(x), getattr(F, f"avg_pool{axes}d")(x, 3, **options, **layout))
        expected = getattr(G, f"avg_pool{axes}d_input")(x.shape, g, 3, **options, **layout)
        np.testing.assert_array_equal(mean.backward(g), expected)
    if options.get("padding") == "same":
        return
    unpool = getattr(nn, f"MaxUnpool{axes}d")(3, **options, **layout)
    back = unpool(y, where, x.shape)
    named = {"output_size": x.shape[1:-1], **options, **layout}
    np.testing.assert_array_equal(back, getattr(F, f"max_unpool{axes}d")(y, where, 3, **named))
    assert (back[back != 0] == x[back != 0]).all()
    named = {"kernel_size": 3, **options, **layout}
    np.testing.assert_array_equal(unpool.backward(x), getattr(G, f"max_unpool{axes}d_input")(where, x, **named))


@pytest.mark.parametrize("shape", [(5,), (4, 5), (2, 3, 5)])
def test_linear_equals_the_function(shape):
    layer = nn.Linear(5, 7, dtype="float64", rng=0)
    x, w, b = normal(*shape), layer.weight.data, layer.bias.data
    y = layer(x)
    np.testing.assert_array_equal(y, F.linear(x, w, b))
    np.testing.assert_allclose(y, x @ w.T + b, rtol=1e-13)
    g = normal(*y.shape)
    np.testing.assert_array_equal(layer.backward(g), G.linear_input(w, g))
    np.testing.assert_array_equal(layer.weight.grad, G.linear_weight(x, g))
    np.testing.assert_array_equal(layer.bias.grad, G.linear_bias(g))


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_layers_equal_the_functions(name):
    layer = {"softmax": nn.Softmax, "log_softmax": nn.LogSoftmax}[name](1)
    x, g = normal(3, 4, 5), normal(3, 4, 5, seed=1)
    y = layer(x)
    np.testing.assert_array_equal(y, getattr(F, name)(x, 1))
    np.testing.assert_array_equal(layer.backward(g), getattr(G, f"{name}_input")(y, g, 1))


def test_relu_equals_the_function():
    layer, x, g = nn.ReLU(), normal(3, 4), normal(3, 4, seed=1)
    np.testing.assert_array_equal(layer(x), F.relu(x))
    np.testing.assert_array_equal(layer.backward(g), G.relu_input(x, g))


@pytest.mark.parametrize(
    ("arguments", "shape", "expected"),
    [
        ((), (2, 3, 4), (2, 12)),
        ((0,), (2, 3, 4), (24,)),
        ((1, 2), (2, 3, 4, 5), (2, 12, 5)),
        ((-2,), (2, 3, 4), (2, 12)),
    ],
)
def test_flatten(arguments, shape, expected):
    layer, x = nn.Flatten(*arguments), normal(*shape)
    y = layer(x)
    assert y.shape == expected
    np.testing.assert_array_equal(layer.backward(y), x)


@pytest.mark.parametrize("options", [{}, {"reduction": "sum"}, {"label_smoothing": 0.1}, {"ignore_index": 2}])
def test_cross_entropy_equals_the_function(options):
    loss, x, target = nn.CrossEntropyLoss(**options), normal(4, 3), np.array([0, 2, 1, 2])
    assert loss(x, target) == F.cross_entropy(x, target, **options)
    np.testing.assert_array_equal(loss.backward(), G.cross_entropy_input(x, target, **options))
    np.testing.assert_array_equal(loss.backward(0.5), G.cross_entropy_input(x, target, **options, grad_output=0.5))


# Gradients ------------------------------------------------------------------------------------------------


class Unpooled(nn.Module):
    """Max pooling and its unpooling as one layer, so that a Sequential can hold the pair."""

    def __init__(self):
        self.pool = nn.MaxPool2d(2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2)

    def forward(self, input):
        return self.unpool(*self.pool(input), output_size=input.shape[-2:])

    def backward(self, grad_output):
        return self.pool.backward(self.unpool.backward(grad_output))


def every_kind():
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding="same", groups=2, dtype="float64", rng=1),
        Unpooled(),
        nn.Conv2d(4, 4, 3, stride=2, padding=((1, 0), (0, 1)), dtype="float64", rng=2),
        nn.ReLU(),
        nn.AvgPool2d(2, stride=1, padding=1),
        nn.Conv2d(4, 3, 1, bias=False, dtype="float64", rng=3),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(12, 6, dtype="float64", rng=4),
        nn.Softmax(1),
        nn.Linear(6, 5, dtype="float64", rng=5),
        nn.LogSoftmax(1),
    )


def test_gradients_of_every_kind_of_layer_by_finite_differences():
    model, x, target, step = every_kind(), distinct(2, 2, 8, 8), np.array([3, 1]), 1e-6
    loss = nn.CrossEntropyLoss(label_smoothing=0.2)

    def value(input):
        return float(loss(model(input), target))

    value(x)
    grad_input = model.backward(loss.backward())
    rng = np.random.default_rng(SEED)
    for place in rng.integers(0, x.size, 12):
        moved = np.zeros(x.size)
        moved[place] = step
        moved = moved.reshape(x.shape)
        slope = (value(x + moved) - value(x - moved)) / (2 * step)
        assert grad_input.flat[place] == pytest.approx(slope, rel=1e-5, abs=1e-8)
    for name, parameter in model.named_parameters():
        for place in rng.integers(0, parameter.size, 4):
            values = []
            for sign in (1, -1):
                with parameter.writeable() as array:
                    array.flat[place] += sign * step
                values.append(value(x))
                with parameter.writeable() as array:
                    array.flat[place] -= sign * step
            slope = (values[0] - values[1]) / (2 * step)
            assert parameter.grad.flat[place] == pytest.approx(slope, rel=1e-5, abs=1e-8), name


def test_gradients_add_up_until_zero_grad():
    layer = nn.Linear(3, 2, dtype="float64", rng=0)
    x, g = normal(4, 3), normal(4, 2)
    layer(x)
    layer.backward(g)
    once = layer.weight.grad.copy()
    layer.backward(g)
    np.testing.assert_array_equal(layer.weight.grad, 2 * once)
    layer.zero_grad()
    assert layer.weight.grad is None
    assert layer.bias.grad is None


# Modules --------------------------------------------------------------------------------------------------


def test_state_dict_has_torchs_names():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Sequential(nn.Conv1d(1, 2, 3, bias=False), nn.Linear(3, 4)))
    assert {name: array.shape for name, array in model.state_dict().items()} == {
        "0.weight": (2, 1, 3, 3),
        "0.bias": (2,),
        "2.0.weight": (2, 1, 3),
        "2.1.weight": (4, 3),
        "2.1.bias": (4,),
    }
    assert [name for name, _ in model.named_parameters()] == list(model.state_dict())


def test_state_dict_round_trip(tmp_path):
    a, b = fc.models.LeNet5(rng=0), fc.models.LeNet5(rng=1)
    x = normal(2, 1, 32, 32, dtype=np.float32)
    assert not np.array_equal(a(x), b(x))
    np.savez(tmp_path / "weights.npz", **a.state_dict())
    with np.load(tmp_path / "weights.npz", allow_pickle=False) as state:
        b.load_state_dict(state)
    np.testing.assert_array_equal(a(x), b(x))


def test_state_dict_is_a_copy():
    layer = nn.Linear(2, 2, rng=0)
    layer.state_dict()["weight"][:] = 9
    assert not (layer.weight.data == 9).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("0.bias"), r"Sequential\.load_state_dict: .*missing \['0.bias'\]"),
        (
            lambda state: state.update({"1.weight": np.ones(1)}),
            r"Sequential\.load_state_dict: .*surplus \['1.weight'\]",
        ),
        (
            lambda state: state.update({"0.bias": np.ones(3)}),
            r"0\.bias must have shape \(2,\), got shape=\(3,\)",
        ),
    ],
)
def test_load_state_dict_refuses_by_name_and_changes_nothing(change, message):
    model = nn.Sequential(nn.Conv2d(1, 2, 3, rng=0), nn.ReLU())
    before = model.state_dict()
    state = {name: array + 1 for name, array in before.items()}
    change(state)
    with pytest.raises(fc.FastconvValueError, match=message):
        model.load_state_dict(state)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_copied_or_pickled_model_computes_the_same_and_learns_by_itself():
    model = every_kind()
    x = distinct(2, 2, 8, 8)
    y = model(x)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        with pytest.raises(fc.FastconvValueError, match="forward must run before it"):
            twin.backward(y)
        np.testing.assert_array_equal(twin(x), y)
        twin[0].weight = np.zeros((4, 1, 3, 3))
        assert not np.array_equal(twin(x), y)
    np.testing.assert_array_equal(model(x), y)


def test_a_shared_parameter_is_named_twice_and_learnt_once():
    first, second = nn.Linear(3, 3, rng=0), nn.Linear(3, 3, rng=1)
    second.weight = first.weight
    model = nn.Sequential(first, second)
    assert len(model.state_dict()) == 4
    assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias", "1.bias"]


def test_eval_keeps_nothing_and_gives_the_same_output():
    model = every_kind()
    x = distinct(2, 2, 8, 8)
    y = model(x)
    kept = [module for _, module in model.named_modules() if module._kept is not None]
    assert len(kept) == 13  # every layer: the Sequential and the pair keep nothing themselves
    assert model.eval() is model
    np.testing.assert_array_equal(model(x), y)
    assert all(module._kept is None and not module.training for _, module in model.named_modules())
    with pytest.raises(fc.FastconvValueError, match=r"LogSoftmax\.backward: forward must run before it, in training mode"):
        model.backward(y)
    model.train()(x)
    model.backward(y)


LAYERS = [
    (lambda: nn.Conv1d(2, 3, 3), (1, 2, 8)),
    (lambda: nn.Conv2d(2, 3, 3), (1, 2, 8, 8)),
    (lambda: nn.Conv3d(2, 3, 3), (1, 2, 4, 4, 4)),
    (lambda: nn.MaxPool2d(2), (1, 2, 8, 8)),
    (lambda: nn.AvgPool2d(2), (1, 2, 8, 8)),
    (lambda: nn.Conv2d(2, 3, 3, data_format="NHWC", activation="silu"), (1, 8, 8, 2)),
    (lambda: nn.ReLU(), (2, 3)),
    (lambda: nn.ReLU6(), (2, 3)),
    (lambda: nn.LeakyReLU(), (2, 3)),
    (lambda: nn.Sigmoid(), (2, 3)),
    (lambda: nn.Tanh(), (2, 3)),
    (lambda: nn.SiLU(), (2, 3)),
    (lambda: nn.Hardswish(), (2, 3)),
    (lambda: nn.Linear(3, 4), (2, 3)),
    (lambda: nn.Flatten(), (2, 3, 4)),
    (lambda: nn.Softmax(1), (2, 3)),
    (lambda: nn.LogSoftmax(1), (2, 3)),
]


@pytest.mark.parametrize(("make", "shape"), LAYERS)
def test_backward_refuses_by_name(make, shape):
    layer = make()
    name, x = type(layer).__name__, np.ones(shape, np.float32)
    with pytest.raises(fc.FastconvValueError, match=rf"{name}\.backward: forward must run before it.*got grad_output="):
        layer.backward(x)
    y = layer(x)
    with pytest.raises(fc.FastconvValueError, match=rf"{name}\.backward: grad_output must have the output's shape"):
        layer.backward(y[..., :-1])
    for wrong in (y.astype(np.float64), y.tolist(), None):
        with pytest.raises(fc.FastconvTypeError, match=rf"{name}\.backward: grad_output must be an array of float32"):
            layer.backward(wrong)


def test_loss_backward_needs_forward():
    with pytest.raises(fc.FastconvValueError, match=r"CrossEntropyLoss\.backward: forward must run before it"):
        nn.CrossEntropyLoss().backward()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Conv2d(0, 1, 3), ValueError, r"Conv2d: in_channels must be positive, got in_channels=0"),
        (
            lambda: nn.Conv2d(1, -1, 3),
            ValueError,
            r"Conv2d: out_channels must be positive, got out_channels=-1",
        ),
        (
            lambda: nn.Conv2d(1.5, 1, 3),
            TypeError,
            r"Conv2d: in_channels must be a whole number, got in_channels=1\.5",
        ),
        (
            lambda: nn.Conv2d(3, 4, 3, groups=2),
            ValueError,
            r"Conv2d: in_channels must be divisible by groups=2",
        ),
        (
            lambda: nn.Conv2d(4, 3, 3, groups=2),
            ValueError,
            r"Conv2d: out_channels must be divisible by groups=2",
        ),
        (
            lambda: nn.Conv2d(1, 1, (3, 3, 3)),
            ValueError,
            r"Conv2d: kernel_size must be a whole number or a sequence of 2",
        ),
        (lambda: nn.Conv1d(1, 1, 3, stride=0), ValueError, r"Conv1d: stride must be positive, got stride=0"),
        (lambda: nn.Conv3d(1, 1, 3, dilation=(1, 0, 1)), ValueError, r"Conv3d: dilation must be positive"),
        (
            lambda: nn.Conv2d(1, 1, 3, padding="full"),
            ValueError,
            r"Conv2d: padding must be .*, got padding='full'",
        ),
        (
            lambda: nn.Conv2d(1, 1, 3, padding=None),
            TypeError,
            r"Conv2d: padding must be .*, got padding=None",
        ),
        (lambda: nn.Conv2d(1, 1, 3, dtype="float16"), TypeError, r"Conv2d: dtype must be float32 or float64"),
        (lambda: nn.Conv1d(1, 1, 3, data_format="NHWC"), ValueError, r"Conv1d: data_format must be one of .*'NHWC'"),
        (lambda: nn.Conv2d(1, 1, 3, data_format=2), TypeError, r"Conv2d: data_format must be one of .*=2"),
        (lambda: nn.Conv3d(1, 1, 3, activation="gelu"), ValueError, r"Conv3d: activation must be one of .*'gelu'"),
        (
            lambda: nn.Conv2d(1, 1, 3, activation=("leaky_relu", "steep")),
            TypeError,
            r"Conv2d: activation must be a number, got activation=\('leaky_relu', 'steep'\)",
        ),
        (
            lambda: nn.Conv2d(1, 1, 3, activation=("leaky_relu", 1e39)),
            ValueError,
            r"Conv2d: activation must be finite in float32",
        ),
        (lambda: nn.Conv2d(1, 1, 3, precision="exact"), ValueError, r"Conv2d: precision must be one of .*'exact'"),
        (
            lambda: nn.LeakyReLU(np.inf),
            ValueError,
            r"LeakyReLU: negative_slope must be finite in float64, got negative_slope=inf",
        ),
        (lambda: nn.LeakyReLU("0.1"), TypeError, r"LeakyReLU: negative_slope must be a number"),
        (lambda: nn.Linear(3, 0), ValueError, r"Linear: out_features must be positive"),
        (
            lambda: nn.Linear(3, 2, dtype="words"),
            TypeError,
            r"Linear: dtype must be float32 or float64, got dtype='words'",
        ),
        (
            lambda: nn.Flatten(1, 4)(np.ones((2, 3))),
            ValueError,
            r"Flatten: end_dim must name an axis of the 2-D input",
        ),
        (
            lambda: nn.Flatten(1, 0)(np.ones((2, 3))),
            ValueError,
            r"Flatten: start_dim must not come after end_dim=0",
        ),
        (
            lambda: nn.Sequential(nn.ReLU(), "relu"),
            TypeError,
            r"Sequential: module '1' must be a Module, got str",
        ),
        (
            lambda: nn.Sequential({"forward": nn.ReLU()}),
            ValueError,
            r"Sequential: a name must be new .*'forward'",
        ),
        (
            lambda: nn.SGD([np.ones(2)], 0.1),
            TypeError,
            r"SGD: parameters must hold Parameters only, got ndarray",
        ),
        (lambda: nn.SGD([], 0.1), ValueError, r"SGD: parameters must not be empty"),
        (
            lambda: nn.SGD([nn.Parameter(np.ones(2))], -1),
            ValueError,
            r"SGD: lr must not be negative, got lr=-1",
        ),
        (
            lambda: nn.SGD([nn.Parameter(np.ones(2))], 1, nesterov=True),
            ValueError,
            r"SGD: nesterov needs a momentum",
        ),
    ],
)
def test_construction_refuses_by_name(make, error, message):
    with pytest.raises(error, match=message) as caught:
        make()
    assert isinstance(caught.value, fc.FastconvError)


def test_repr_is_torchs():
    model = nn.Sequential(
        nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2, bias=False),
        nn.Conv1d(1, 2, 3, padding="same", dilation=2),
        nn.MaxPool2d(2),
        nn.AvgPool2d(3, stride=2),
        nn.AvgPool1d(2),
        nn.MaxUnpool2d(2),
        nn.Sequential(nn.ReLU(), nn.Flatten()),
        nn.Linear(3, 4),
        nn.Softmax(dim=1),
        nn.Conv2d(4, 6, 3, data_format="NHWC", activation=("leaky_relu", 0.2), precision="strict"),
        nn.Conv1d(4, 6, 3, data_format="NCW"),
        nn.Sequential(nn.ReLU6(), nn.LeakyReLU(0.2), nn.SiLU()),
    )
    assert repr(model) == (
        "Sequential(\n"
        "  (0): Conv2d(4, 6, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), groups=2, bias=False)\n"
        "  (1): Conv1d(1, 2, kernel_size=(3,), stride=(1,), padding=same, dilation=(2,))\n"
        "  (2): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)\n"
        "  (3): AvgPool2d(kernel_size=3, stride=2, padding=0)\n"
        "  (4): AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))\n"
        "  (5): MaxUnpool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0))\n"
        "  (6): Sequential(\n"
        "    (0): ReLU()\n"
        "    (1): Flatten(start_dim=1, end_dim=-1)\n"
        "  )\n"
        "  (7): Linear(in_features=3, out_features=4, bias=True)\n"
        "  (8): Softmax(dim=1)\n"
        "  (9): Conv2d(4, 6, kernel_size=(3, 3), stride=(1, 1), data_format='NHWC', activation=('leaky_relu', 0.2), "
        "precision='strict')\n"
        "  (10): Conv1d(4, 6, kernel_size=(3,), stride=(1,))\n"
        "  (11): Sequential(\n"
        "    (0): ReLU6()\n"
        "    (1): LeakyReLU(negative_slope=0.2)\n"
        "    (2): SiLU()\n"
        "  )\n"
        ")"
    )


def test_calling_a_module_is_its_forward_wherever_that_is_defined():
    class Doubled:
        def forward(self, input):
            return 2 * super().forward(input)

    class DoubledReLU(Doubled, nn.ReLU):
        pass

    np.testing.assert_array_equal(DoubledReLU()(np.array([-1.0, 3.0])), [0, 6])
    with pytest.raises(NotImplementedError, match="Module does not define forward"):
        nn.Module()(1)


def test_sequential_indexes_slices_and_names():
    model = nn.Sequential({"first": nn.ReLU(), "second": nn.Flatten(), "third": nn.Softmax(1)})
    assert model[1] is model.second
    assert model[-1] is model.third
    assert [name for name, _ in model[1:].named_children()] == ["second", "third"]
    assert len(model) == 3


def test_initial_values_are_torchs_default():
    layer = nn.Conv2d(16, 64, 3, groups=2, rng=0)
    bound = 1 / np.sqrt(8 * 9)
    assert 0.99 * bound < np.abs(layer.weight.data).max() <= bound
    assert abs(layer.weight.data.std() * np.sqrt(3) / bound - 1) < 0.03
    assert 0.8 * bound < np.abs(layer.bias.data).max() <= bound
    twin = nn.Conv2d(16, 64, 3, groups=2, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(layer.weight.data, twin.weight.data)


def test_lenet_has_the_lectures_layers():
    model = fc.models.LeNet5(rng=0)
    sizes = {name: sum(p.size for p in module.parameters()) for name, module in model.named_children()}
    assert {name: size for name, size in sizes.items() if size} == {
        "conv1": 6 * (25 + 1),
        "conv2": 16 * (6 * 25 + 1),
        "conv3": 120 * (16 * 25 + 1),
        "fc1": 84 * 121,
        "fc2": 10 * 85,
    }
    shapes = {
        name: array.shape[1:] for name, array in fc.visualize.activations(model, np.zeros((1, 1, 32, 32), "f4")).items()
    }
    assert [shapes[name] for name in ("conv1", "pool1", "conv2", "pool2", "conv3", "fc2")] == [
        (6, 28, 28),
        (6, 14, 14),
        (16, 10, 10),
        (16, 5, 5),
        (120, 1, 1),
        (10,),
    ]


# SGD ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"weight_decay": 0.1},
        {"momentum": 0.9},
        {"momentum": 0.9, "dampening": 0.5, "weight_decay": 0.01},
        {"momentum": 0.8, "nesterov": True, "weight_decay": 0.01},
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sgd_follows_torchs_rule(settings, dtype):
    momentum, dampening = settings.get("momentum", 0), settings.get("dampening", 0)
    decay, nesterov = settings.get("weight_decay", 0), settings.get("nesterov", False)
    lr, p = 0.3, normal(3, 4)
    parameter, velocity = nn.Parameter(p, dtype), None
    optimiser = nn.SGD([parameter], lr, **settings)
    for step in range(4):
        g = normal(3, 4, seed=step)
        parameter.grad = g.astype(dtype)
        version = parameter.version
        optimiser.step()
        assert parameter.version > version
        d = g + decay * p
        if momentum:
            velocity = d if velocity is None else momentum * velocity + (1 - dampening) * d
            d = d + momentum * velocity if nesterov else velocity
        p = p - lr * d
        np.testing.assert_allclose(
            parameter.data,
            p,
            rtol=1e-5 if dtype == "float32" else 1e-13,
            atol=1e-6 if dtype == "float32" else 0,
        )
    assert parameter.dtype == dtype


def test_sgd_leaves_parameters_without_gradient_alone_and_gradients_unchanged():
    idle, moving = nn.Parameter(np.ones(2)), nn.Parameter(np.ones(2))
    optimiser = nn.SGD([idle, moving], 0.1, momentum=0.9, weight_decay=0.5)
    moving.grad = np.ones(2)
    version = idle.version
    optimiser.step()
    optimiser.step()
    assert idle.version == version
    assert (moving.grad == 1).all()
    optimiser.zero_grad()
    assert moving.grad is None


def test_a_layer_that_changes_its_algorithm_with_the_map_packs_anew():
    """Left to choose it may do so by itself; naming them makes sure of it on every machine."""
    layer = fc.nn.Conv2d(64, 64, 3, padding=1, rng=SEED).eval()
    weight, bias = layer.weight.data, layer.bias.data
    names = ("winograd_f4x3", "winograd_f2x3", "im2col_gemm", "direct", "winograd_f4x3", None, None)
    for name, side in zip(names, (28, 14, 9, 12, 7, 6, 56), strict=True):
        x = normal(1, 64, side, side, dtype=np.float32)
        layer.algorithm = name
        assert layer(x).tobytes() == F.conv2d(x, weight, bias, padding=1, algorithm=name).tobytes(), (name, side)


@pytest.mark.parametrize("kind", [nn.Conv2d, nn.ConvTranspose2d])
def test_weights_are_packed_to_be_kept_once_they_stay(kind):
    layer, x = kind(8, 8, 3, padding=1, rng=SEED), normal(1, 8, 9, 9, dtype=np.float32)
    outputs, kept = [], []
    for _ in range(2):
        layer.weight = layer.weight.data + 1
        for _ in range(2):
            outputs.append(layer(x))
            kept.append(layer._packed is not None)
    assert kept == [False, True, False, True]
    assert (outputs[0] == outputs[1]).all()
    assert (outputs[2] == outputs[3]).all()
    assert (layer.eval()(x) == outputs[3]).all()
    layer.weight = layer.weight.data + 1
    assert layer(x).any()
    assert layer._packed is not None
