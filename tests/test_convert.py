"""Dense layers as convolutions and back: the same numbers, parameters of their own, and what is refused."""

import cases
import numpy as np
import pytest

import fastconv as fc
from fastconv import nn

SHAPES = {1: (4, 6), 2: (3, 5, 4), 3: (2, 3, 2, 4)}
LAYOUTS = {1: ("NCW", "NWC"), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}


def filled(layer: nn.Module, seed: int) -> nn.Module:
    """The layer with small integers for parameters."""
    for index, parameter in enumerate(layer.parameters()):
        parameter.data = cases.integers(cases.rng_for(f"convert {seed}", index), parameter.shape, "float64")
    return layer


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_a_dense_layer_is_a_convolution_of_the_flattened_size_and_back(
    rank: int, last: bool, bias: bool, dtype: str
) -> None:
    shape = (*SHAPES[rank][1:], SHAPES[rank][0]) if last else SHAPES[rank]
    dense = filled(nn.Linear(int(np.prod(shape)), 7, bias, dtype=dtype), rank).eval()
    conv = nn.linear_to_conv(dense, shape, LAYOUTS[rank][last])
    assert not conv.training
    assert isinstance(conv, getattr(nn, f"Conv{rank}d"))
    assert conv.weight.shape == (7, *SHAPES[rank])
    assert conv.weight.data.dtype == dtype
    x = cases.integers(cases.rng_for("convert x", rank), (3, *shape), dtype)
    conv.precision = "strict"
    np.testing.assert_array_equal(conv(x).reshape(3, 7), dense(x.reshape(3, -1)))
    back = nn.conv_to_linear(conv)
    assert (back.bias is None) is not bias
    for name, array in dense.state_dict().items():
        np.testing.assert_array_equal(back.state_dict()[name], array)
    kept = conv.state_dict()["weight"]
    with dense.weight.writeable() as weight:
        weight += 1
    np.testing.assert_array_equal(conv.weight.data, kept)


def test_it_slides_over_a_larger_map() -> None:
    dense = filled(nn.Linear(3 * 5 * 4, 7, dtype="float64"), 0)
    conv = nn.linear_to_conv(dense, (3, 5, 4))
    x = cases.integers(cases.rng_for("convert slide", 0), (2, 3, 8, 9), "float64")
    y = conv(x)
    assert y.shape == (2, 7, 4, 6)
    for i, j in np.ndindex(4, 6):
        np.testing.assert_array_equal(y[:, :, i, j], dense(x[:, :, i : i + 5, j : j + 4].reshape(2, -1)))


def test_a_network_without_dense_layers_answers_everywhere() -> None:
    """LeNet's head as convolutions: the answers of the network on every crop."""
    rng = np.random.default_rng(0)
    features = nn.Sequential(nn.Conv2d(1, 4, 3, rng=rng, dtype="float64"), nn.ReLU(), nn.MaxPool2d(2))
    first, second = nn.Linear(4 * 3 * 3, 10, rng=rng, dtype="float64"), nn.Linear(10, 5, rng=rng, dtype="float64")
    dense = nn.Sequential(features, nn.Flatten(), first, nn.ReLU(), second).eval()
    head = nn.Sequential(nn.linear_to_conv(first, (4, 3, 3)), nn.ReLU(), nn.linear_to_conv(second, (10, 1, 1)))
    everywhere = nn.Sequential(features, head).eval()
    x = rng.standard_normal((2, 1, 14, 12))
    y = everywhere(x)
    assert y.shape == (2, 5, 4, 3)
    for i, j in np.ndindex(4, 3):
        crop = np.ascontiguousarray(x[:, :, 2 * i : 2 * i + 8, 2 * j : 2 * j + 8])
        np.testing.assert_allclose(y[:, :, i, j], dense(crop), rtol=0, atol=1e-12)


def test_a_1x1_convolution_is_a_dense_layer_at_every_place(rank: int) -> None:
    conv = filled(getattr(nn, f"Conv{rank}d")(4, 6, 1, dtype="float64", padding="same"), 1)
    x = cases.integers(cases.rng_for("convert 1x1", rank), (2, *SHAPES[rank]), "float64")
    x = np.concatenate([x] * 2, axis=1)[:, :4] if x.shape[1] < 4 else x[:, :4]
    dense = nn.conv_to_linear(conv)
    assert (dense.in_features, dense.out_features) == (4, 6)
    np.testing.assert_array_equal(np.moveaxis(dense(np.moveaxis(x, 1, -1)), -1, 1), conv(x))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"padding": 1}, "have no padding"),
        ({"padding": "same"}, "have no padding"),
        ({"padding": ((0, 1), (0, 0))}, "have no padding"),
        ({"groups": 2}, "have one group"),
        ({"dilation": 2}, "have no dilation"),
        ({"kernel_size": 1, "stride": 2}, "not skip places of a 1x1 kernel"),
        ({"flip": True}, "not flip its filters"),
        ({"activation": "relu"}, "have no activation"),
        ({"bias": (3, 1)}, "have a bias for each channel"),
    ],
)
def test_convolutions_that_no_dense_layer_equals(options: dict, says: str) -> None:
    layer = nn.Conv2d(**({"in_channels": 4, "out_channels": 6, "kernel_size": 3} | options))
    with pytest.raises(fc.FastconvValueError, match=f"conv_to_linear: layer must {says}, got layer=Conv2d"):
        nn.conv_to_linear(layer)


def test_wrong_arguments() -> None:
    dense = nn.Linear(12, 3)
    with pytest.raises(fc.FastconvValueError, match="linear_to_conv: shape must make up the 12 inputs of Linear"):
        nn.linear_to_conv(dense, (3, 2, 3))
    with pytest.raises(fc.FastconvValueError, match="linear_to_conv: shape must have 2 or 3 or 4 sizes"):
        nn.linear_to_conv(dense, (12,))
    with pytest.raises(fc.FastconvTypeError, match="linear_to_conv: shape must be a sequence"):
        nn.linear_to_conv(dense, 12)
    with pytest.raises(fc.FastconvValueError, match="linear_to_conv: data_format must be one of"):
        nn.linear_to_conv(dense, (3, 2, 2), "NWC")
    with pytest.raises(fc.FastconvTypeError, match="linear_to_conv: layer must be a Linear"):
        nn.linear_to_conv(nn.Conv2d(3, 4, 1), (3, 2, 2))
    with pytest.raises(fc.FastconvTypeError, match="conv_to_linear: layer must be a Conv1d"):
        nn.conv_to_linear(dense)
