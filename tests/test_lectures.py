"""The numbers of the university lectures from which the project grew, as far as they concern what exists."""

import math

import calls
import numpy as np
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F
import fastconv.grad


def image(height: int, width: int, channels: int) -> np.ndarray:
    """A picture of ones."""
    return np.ones((1, channels, height, width), np.float32)


def shape_of(x: tuple[int, ...], c_out: int, k: int, **options: object) -> tuple[int, ...]:
    """Shape after a square convolution, without computing it."""
    return fc.explain("conv2d", x, (c_out, x[1] // options.get("groups", 1), k, k), **options).output_shape


def parameters(*layers: object) -> int:
    """Trainable numbers of some layers."""
    return sum(p.size for layer in layers for p in layer.parameters())


def test_ten_5x5_filters_on_32x32x3() -> None:
    layer = fc.nn.Conv2d(3, 10, 5, padding=2)
    assert layer(image(32, 32, 3)).shape == (1, 10, 32, 32)
    assert layer.weight.data[0].size + 1 == 76
    assert parameters(layer) == 760


def test_28x28x6_then_24x24x10() -> None:
    first, second = fc.nn.Conv2d(3, 6, 5), fc.nn.Conv2d(6, 10, 5)
    y = first(image(32, 32, 3))
    assert y.shape == (1, 6, 28, 28)
    assert second(y).shape == (1, 10, 24, 24)
    assert second.weight.shape == (10, 6, 5, 5)


@pytest.mark.parametrize(("stride", "pad", "out"), [(1, 0, 5), (2, 0, 3), (3, 0, 2), (1, 1, 7)])
def test_3x3_on_7x7(stride: int, pad: int, out: int) -> None:
    y = F.conv2d(image(7, 7, 1), np.ones((1, 1, 3, 3), np.float32), stride=stride, padding=pad)
    assert y.shape == (1, 1, out, out)
    # (7 - 3) / 3 + 1 = 2.33 does not fit: the last column is never read.
    assert math.floor((7 + 2 * pad - 3) / stride + 1) == out


BOXED = """
0 10 20 30 30 30 20 10 / 0 20 40 60 60 60 40 20 / 0 30 60 90 90 90 60 30 / 0 30 50 80 80 90 60 30 /
0 30 50 80 80 90 60 30 / 0 20 30 50 50 60 40 20 / 10 20 30 30 30 30 20 10 / 10 10 10 0 0 0 0 0
"""


def test_3x3_box_on_the_10x10_image(isa: str, dtype: str) -> None:
    picture = np.zeros((1, 1, 10, 10), dtype)
    picture[..., 2:7, 3:8] = 90
    picture[..., 5, 4] = 0
    picture[..., 8, 2] = 90
    expected = [[float(v) for v in row.split()] for row in BOXED.split("/")]
    box = np.ones((1, 1, 3, 3), dtype)
    served = calls.able("conv2d", picture.shape, box.shape, dtype=dtype)
    bounds = tolerance.bounds_for(served, picture, box, integers=True)
    for name in served:
        summed = F.conv2d(picture, box, algorithm=name)
        tolerance.check(summed, 9 * np.array([[expected]]), bounds[name], name)
    assert F.avg_pool2d(picture, 3, 1)[0, 0].tolist() == expected


def test_multiply_adds_of_a_layer() -> None:
    n, oc, ic, f, w, h = 2, 5, 3, 3, 9, 8
    explained = fc.explain("conv2d", (n, ic, h, w), (oc, ic, f, f), padding=1, bias=False)
    assert explained.flops == 2 * n * oc * w * h * f * f * ic
    assert fc.nn.Conv2d(ic, oc, f, bias=False).weight.size == oc * ic * f * f


ALEXNET = [
    ("conv", 96, 11, {"stride": 4}, (55, 55, 96)),
    ("pool", 3, 2, (27, 27, 96)),
    ("conv", 256, 5, {"padding": 2}, (27, 27, 256)),
    ("pool", 3, 2, (13, 13, 256)),
    ("conv", 384, 3, {"padding": 1}, (13, 13, 384)),
    ("conv", 384, 3, {"padding": 1}, (13, 13, 384)),
    ("conv", 256, 3, {"padding": 1}, (13, 13, 256)),
    ("pool", 3, 2, (6, 6, 256)),
]


def pooled(x: tuple[int, ...], k: int, stride: int, **options: object) -> tuple[int, ...]:
    """Shape after a pool, from one plane."""
    plane = np.zeros((1, 1, *x[2:]), np.float32)
    return (*x[:2], *F.max_pool2d(plane, k, stride, **options).shape[2:])


def test_alexnet_shapes_and_parameters() -> None:
    x, weights = (1, 3, 227, 227), 0
    for kind, *rest in ALEXNET:
        if kind == "conv":
            c_out, k, options, (h, w, c) = rest
            weights += c_out * x[1] * k * k + c_out
            x = shape_of(x, c_out, k, **options)
        else:
            k, stride, (h, w, c) = rest
            x = pooled(x, k, stride)
        assert x == (1, c, h, w)
    assert x[1] * x[2] * x[3] == 9216
    for inside, outside in ((9216, 4096), (4096, 4096), (4096, 1000)):
        weights += inside * outside + outside
    assert 60e6 < weights < 63e6


def test_alexnet_towers_halve_the_weights() -> None:
    whole, towers = fc.nn.Conv2d(96, 256, 5, padding=2), fc.nn.Conv2d(96, 256, 5, padding=2, groups=2)
    assert towers.weight.size * 2 == whole.weight.size
    assert towers.weight.shape == (256, 48, 5, 5)


def test_zfnet_shapes() -> None:
    x = shape_of((1, 3, 224, 224), 96, 7, stride=2, padding=1)
    assert x == (1, 96, 110, 110)
    assert pooled(x, 3, 2, padding=1) == (1, 96, 55, 55)
    assert 6 * 6 * 256 == 9216


VGG16 = (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M")
VGG16_WEIGHTS = [1728, 36864, 73728, 147456, 294912, 589824, 589824, 1179648] + [2359296] * 5


def test_vgg16_weights_shapes_and_activations() -> None:
    x, weights, biases = (1, 3, 224, 224), [], 0
    activations = math.prod(x)
    for layer in VGG16:
        if layer == "M":
            x = pooled(x, 2, 2)
        else:
            weights.append(layer * x[1] * 9)
            biases += layer
            x = shape_of(x, layer, 3, padding=1)
        activations += math.prod(x)
    assert weights == VGG16_WEIGHTS
    assert x == (1, 512, 7, 7)
    dense = [512 * 7 * 7 * 4096, 4096 * 4096, 4096 * 1000]
    assert dense == [102_760_448, 16_777_216, 4_096_000]
    total = sum(weights) + sum(dense) + biases + 4096 + 4096 + 1000
    assert round(total / 1e6) == 138
    # The lecture's "24 M x 4 bytes, about 93 MB" counts the rectified outputs beside some of the sums.
    assert 15e6 < activations < 24e6


def reach(layers: list[tuple[int, int]], size: int) -> int:
    """Side of the input region that one output sees: where the gradient of an output is not zero."""
    sizes = [size]
    for k, dilation in layers:
        sizes.append(sizes[-1] - dilation * (k - 1))
    g = np.zeros((1, 1, sizes[-1], sizes[-1]), np.float32)
    g[0, 0, sizes[-1] // 2, sizes[-1] // 2] = 1
    for (k, dilation), before in zip(layers[::-1], sizes[-2::-1], strict=True):
        g = fc.grad.conv2d_input((1, 1, before, before), np.ones((1, 1, k, k), np.float32), g, dilation=dilation)
    rows = np.flatnonzero(g[0, 0].any(axis=1))
    return int(rows[-1] - rows[0] + 1)


def test_receptive_fields() -> None:
    assert reach([(3, 1)] * 2, 15) == 5
    assert reach([(3, 1)] * 3, 15) == 7
    assert [reach([(3, 1), (3, 2), (3, 4)][:i], 31) for i in (1, 2, 3)] == [3, 7, 15]


def test_three_3x3_have_fewer_parameters_than_one_7x7() -> None:
    depth = 16
    small = [fc.nn.Conv2d(depth, depth, 3, bias=False) for _ in range(3)]
    large = fc.nn.Conv2d(depth, depth, 7, bias=False)
    assert parameters(*small) == 3 * 9 * depth**2
    assert parameters(large) == 49 * depth**2


def test_lenet5_shapes() -> None:
    x = F.max_pool2d(F.conv2d(image(32, 32, 1), np.ones((6, 1, 5, 5), np.float32)), 2, 2)
    assert x.shape == (1, 6, 14, 14)
    x = F.max_pool2d(F.conv2d(x, np.ones((16, 6, 5, 5), np.float32)), 2, 2)
    assert x.shape == (1, 16, 5, 5)
    assert F.conv2d(x, np.ones((120, 16, 5, 5), np.float32)).shape == (1, 120, 1, 1)


def test_resnet_stem() -> None:
    x = shape_of((1, 3, 224, 224), 64, 7, stride=2, padding=3)
    assert x == (1, 64, 112, 112)
    assert pooled(x, 3, 2, padding=1) == (1, 64, 56, 56)


def test_max_pool_of_the_lecture(isa: str, dtype: str) -> None:
    x = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]], dtype)[None, None]
    y, where = F.max_pool2d(x, 2, 2, return_indices=True)
    assert y[0, 0].tolist() == [[6, 8], [3, 4]]
    assert where[0, 0].tolist() == [[5, 7], [8, 15]]
    back = F.max_unpool2d(y, where, 2)
    assert back[0, 0].tolist() == [[0, 0, 0, 0], [0, 6, 0, 8], [3, 0, 0, 0], [0, 0, 0, 4]]


def test_pool_of_224x224x64() -> None:
    assert pooled((1, 64, 224, 224), 2, 2) == (1, 64, 112, 112)


def test_same_and_valid_of_width_13_filter_6_stride_5(isa: str) -> None:
    """VALID drops the last columns; SAME pads one left and two right, as TensorFlow does."""
    x = np.arange(1.0, 14)[None, None]
    w = np.ones((1, 1, 6))
    valid, same = F.conv1d(x, w, stride=5, padding="valid"), F.conv1d(x, w, stride=5, padding="same")
    assert valid.tolist() == [[[sum(range(1, 7)), sum(range(6, 12))]]]
    assert same.tolist() == [[[sum(range(1, 6)), sum(range(5, 11)), sum(range(10, 14))]]]
    assert same.tolist() == F.conv1d(x, w, stride=5, padding=((1, 2),)).tolist()


@pytest.mark.parametrize(("size", "k", "pad", "out"), [(8, 3, 0, 6), (8, 3, 1, 8), (8, 3, 2, 10)])
def test_valid_same_and_full_sizes(size: int, k: int, pad: int, out: int) -> None:
    assert out in (size - k + 1, size, size + k - 1)
    assert F.conv1d(np.ones((1, 1, size)), np.ones((1, 1, k)), padding=pad).shape == (1, 1, out)


@pytest.fixture(name="picture")
def _picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (1, 1, 12, 13)).astype(np.float32)


def filtered(picture: np.ndarray, kernel: object) -> np.ndarray:
    """The picture under a 3x3 filter, same size, summed as it is written: exact on integers."""
    return F.conv2d(picture, np.array(kernel, np.float32)[None, None], padding=1, precision="strict")


def test_identity_and_shift(picture: np.ndarray, isa: str) -> None:
    assert (filtered(picture, [[0, 0, 0], [0, 1, 0], [0, 0, 0]]) == picture).all()
    shifted = filtered(picture, [[0, 0, 0], [0, 0, 1], [0, 0, 0]])
    assert (shifted[..., :-1] == picture[..., 1:]).all()
    assert (shifted[..., -1] == 0).all()
    # True convolution flips the kernel: the impulse on the other side shifts the other way.
    assert (filtered(picture, [[0, 0, 0], [1, 0, 0], [0, 0, 0]])[..., 1:] == picture[..., :-1]).all()


def test_sharpening_and_box(picture: np.ndarray, isa: str) -> None:
    box = filtered(picture, np.ones((3, 3)))
    sharpened = filtered(picture, np.array([[0, 0, 0], [0, 18, 0], [0, 0, 0]]) - 1.0)
    assert (sharpened == 18 * picture - box).all()


def test_sobel_is_separable(picture: np.ndarray, isa: str) -> None:
    sobel = np.array([[[[1, 0, -1], [2, 0, -2], [1, 0, -1]]]], np.float32)
    whole = F.conv2d(picture, sobel, precision="strict")
    column = F.conv2d(picture, np.array([[[[1], [2], [1]]]], np.float32))
    assert (F.conv2d(column, np.array([[[[1, 0, -1]]]], np.float32)) == whole).all()


def test_dense_layer_is_a_convolution_as_large_as_the_map(isa: str) -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(-3, 4, (2, 3, 5, 4)).astype(np.float32)
    w = rng.integers(-3, 4, (7, 3, 5, 4)).astype(np.float32)
    assert (F.conv2d(x, w)[:, :, 0, 0] == F.linear(x.reshape(2, -1), w.reshape(7, -1))).all()


def test_depthwise_separable_parameters() -> None:
    d_in, d_out, k = 32, 64, 3
    depthwise, pointwise = (
        fc.nn.Conv2d(d_in, d_in, k, groups=d_in, bias=False),
        fc.nn.Conv2d(d_in, d_out, 1, bias=False),
    )
    assert parameters(depthwise, pointwise) == d_in * k * k + d_in * d_out
    assert parameters(fc.nn.Conv2d(d_in, d_out, k, bias=False)) == d_in * d_out * k * k


def test_wavenet_sees_the_past_only(isa: str) -> None:
    """Kernel 2 with dilations 1, 2, ..., 512 and padding in front: output t depends on t - 1023 ... t."""
    length, at = 1200, 1100
    x = np.zeros((1, 1, length), np.float32)
    x[..., 50] = 1
    y = x
    for d in (2**i for i in range(10)):
        y = F.conv1d(y, np.ones((1, 1, 2), np.float32), dilation=d, padding=((d, 0),))
    assert y.shape == x.shape
    seen = np.flatnonzero(y[0, 0])
    assert (seen[0], seen[-1], len(seen)) == (50, 50 + 1023, 1024)
    assert y[0, 0, at] == 0


def test_discrete_convolution_in_one_dimension(isa: str) -> None:
    """s(t) = sum over a of x(a) w(t - a): correlation with the flipped kernel, fully padded."""
    x, w = np.array([1.0, 2, 3]), np.array([4.0, 5])
    s = F.conv1d(x[None, None], w[::-1][None, None], padding=1)
    assert s.tolist() == [[[4, 13, 22, 15]]] == [[np.convolve(x, w).tolist()]]


def test_relu_and_softmax_of_the_lecture() -> None:
    assert F.relu(np.array([-2.0, 0, 3])).tolist() == [0, 0, 3]
    assert F.softmax(np.log(np.array([1.0, 2, 5])), 0) == pytest.approx([0.125, 0.25, 0.625])
