"""Networks: published numbers of parameters, torch's names, gradients against finite differences, and learning."""

import math

import numpy as np
import pytest

import fastconv as fc
from fastconv import models, nn
from fastconv.nn.fused import ConvPool, joined

COUNTS = {
    "LeNet5": 61_706,
    "AlexNet": 61_100_840,
    "AlexNetTwoTowers": 60_965_224,
    "VGG16": 138_357_544,
    "ResNet50": 25_557_032,
    "MobileNetV1": 4_231_976,
    "SegNet": 29_449_355,
}
SMALL = {
    "LeNet5": ((2, 1, 32, 32), {}),
    "AlexNet": ((2, 3, 63, 63), {"width": 1 / 16, "p": 0.0}),
    "AlexNetTwoTowers": ((2, 3, 67, 67), {"width": 1 / 16, "p": 0.0}),
    "VGG16": ((2, 3, 32, 32), {"width": 1 / 32, "p": 0.0}),
    "ResNet50": ((4, 3, 33, 45), {"width": 1 / 16}),
    "MobileNetV1": ((8, 3, 33, 45), {"width": 1 / 16}),
    "SegNet": ((2, 3, 37, 45), {"width": 1 / 16}),
}


def small(network: str, **how: object) -> nn.Module:
    """The network with few maps, for four classes."""
    return getattr(models, network)(num_classes=4, rng=0, **SMALL[network][1], **how)


def problem(network: str, model: nn.Module, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Images, and classes of as many things as the model classifies."""
    rng = np.random.default_rng(7)
    x = rng.standard_normal(SMALL[network][0]).astype(dtype)
    shape = model(x).shape
    return x, rng.integers(0, 4, (shape[0], *shape[2:]))


@pytest.mark.parametrize(("network", "count"), COUNTS.items())
def test_parameters_are_as_many_as_published(network: str, count: int) -> None:
    with nn.skip_init():  # no memory is touched: VGG-16 would take half a gigabyte
        model = getattr(models, network)()
    assert sum(parameter.size for parameter in model.parameters()) == count


@pytest.mark.parametrize(("width", "millions"), [(1.0, 4.2), (0.75, 2.6), (0.5, 1.3), (0.25, 0.5)])
def test_mobilenets_have_the_sizes_of_table_6(width: float, millions: float) -> None:
    with nn.skip_init():
        model = models.MobileNetV1(width=width)
    assert round(sum(parameter.size for parameter in model.parameters()) / 1e6, 1) == millions


def numbered(part: str, numbers: tuple[int, ...]) -> list[str]:
    """Names of layers with weight and bias in a Sequential."""
    return [f"{part}.{number}.{what}" for number in numbers for what in ("weight", "bias")]


def normalised(name: str) -> list[str]:
    """Names of batch normalisation."""
    return [f"{name}.{what}" for what in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")]


def resnet50_names() -> list[str]:
    """Torchvision's, by rule."""
    names = ["conv1.weight", *normalised("bn1")]
    for stage, blocks in enumerate((3, 4, 6, 3), 1):
        for block in range(blocks):
            here = f"layer{stage}.{block}"
            for number in (1, 2, 3):
                names += [f"{here}.conv{number}.weight", *normalised(f"{here}.bn{number}")]
            if block == 0:
                names += [f"{here}.downsample.0.weight", *normalised(f"{here}.downsample.1")]
    return [*names, "fc.weight", "fc.bias"]


def mobilenet_names() -> list[str]:
    """Those of torchvision's second version, by rule."""
    names = []
    for block in range(14):
        for layer in (0, 3) if block else (0,):
            names += [f"features.{block}.{layer}.weight", *normalised(f"features.{block}.{layer + 1}")]
    return [*names, "classifier.weight", "classifier.bias"]


def segnet_names() -> list[str]:
    """By rule: convolution, normalisation and ReLU in turn, but the last."""
    names = []
    for half, sizes in (("encoder", (2, 2, 3, 3, 3)), ("decoder", (3, 3, 3, 2, 2))):
        for stage, layers in enumerate(sizes):
            for layer in range(layers):
                names += numbered(f"{half}.{stage}", (3 * layer,)) + normalised(f"{half}.{stage}.{3 * layer + 1}")
    return names[:-5]


@pytest.mark.parametrize(
    ("network", "names"),
    [
        ("AlexNet", numbered("features", (0, 3, 6, 8, 10)) + numbered("classifier", (1, 4, 6))),
        ("AlexNetTwoTowers", numbered("features", (0, 4, 8, 10, 12)) + numbered("classifier", (0, 3, 6))),
        (
            "VGG16",
            numbered("features", (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)) + numbered("classifier", (0, 3, 6)),
        ),
        ("ResNet50", resnet50_names()),
        ("MobileNetV1", mobilenet_names()),
        ("SegNet", segnet_names()),
    ],
)
def test_parameters_have_torchs_names_in_torchs_order(network: str, names: list[str]) -> None:
    assert list(small(network).state_dict()) == names


@pytest.mark.parametrize("network", SMALL)
def test_gradients_by_finite_differences_along_random_directions(network: str) -> None:
    """All parameters and the input move together, a step on each side that is small beside any kink."""
    model, loss, step, rng = small(network, dtype="float64"), nn.CrossEntropyLoss(), 1e-8, np.random.default_rng(3)
    x, classes = problem(network, model, "float64")
    arrays = [parameter.data.copy() for parameter in model.parameters()]

    def value(by: float, ways: list[np.ndarray]) -> float:
        for parameter, array, way in zip(model.parameters(), arrays, ways[1:], strict=True):
            parameter.data = array + by * way
        return float(loss(model(x + by * ways[0]), classes))

    value(0, [np.zeros_like(array) for array in (x, *arrays)])
    gradients = [model.backward(loss.backward()), *(parameter.grad for parameter in model.parameters())]
    for _ in range(3):
        ways = [rng.standard_normal(array.shape) / math.sqrt(array.size) for array in (x, *arrays)]
        slope = (value(step, ways) - value(-step, ways)) / (2 * step)
        assert sum(np.vdot(g, way) for g, way in zip(gradients, ways, strict=True)) == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize("network", SMALL)
def test_a_few_steps_reduce_the_loss_with_the_same_bits_on_any_threads(network: str) -> None:
    ends = []
    for threads in (1, 3):
        with fc.override(num_threads=threads):
            model, loss = small(network), nn.CrossEntropyLoss()
            x, classes = problem(network, model, "float32")
            optimiser, losses = nn.SGD(model.parameters(), 0.02, 0.9), []
            for _ in range(6):
                optimiser.zero_grad()
                losses.append(float(loss(model(x), classes)))
                model.backward(loss.backward())
                optimiser.step()
            ends.append(model.state_dict())
        assert losses[-1] < losses[0]
    assert all((ends[0][name] == ends[1][name]).all() for name in ends[0])


def test_every_convolution_before_a_pooling_is_computed_with_it_in_eval_mode() -> None:
    for network, pools in (("LeNet5", 2), ("AlexNet", 3), ("AlexNetTwoTowers", 1), ("VGG16", 5)):
        model = small(network)
        features = model if network == "LeNet5" else model.features
        assert sum(isinstance(step, ConvPool) for step in joined(features)) == pools


def test_segnet_keeps_switches_of_one_byte() -> None:
    model = small("SegNet")
    problem("SegNet", model, "float32")
    for pool, unpool in zip(model.pools, reversed(list(model.unpools)), strict=True):
        _, _, _, switches = pool._kept
        assert switches.dtype == np.uint8
        assert unpool._kept[2] is switches


def test_a_seed_draws_the_whole_network() -> None:
    first, second, other = (models.VGG16(4, width=1 / 32, rng=seed) for seed in (5, 5, 6))
    assert all((first.state_dict()[name] == array).all() for name, array in second.state_dict().items())
    assert (first.features[0].weight.data != other.features[0].weight.data).any()
    seeds = [[layer.seed for layer in model.classifier if isinstance(layer, nn.Dropout)] for model in (first, second)]
    assert seeds[0] == seeds[1]
    assert len(set(seeds[0])) == 2


def test_initial_weights_have_torchvisions_deviations() -> None:
    model = models.ResNet50(4, width=1 / 4, rng=0)
    weight = model.layer1[0].conv2.weight.data  # 16 maps of 16 filters 3x3
    assert weight.std() == pytest.approx(math.sqrt(2 / (16 * 9)), rel=4 / math.sqrt(weight.size))
    classifier = models.VGG16(4, width=1 / 16, rng=0).classifier[0]
    assert classifier.weight.data.std() == pytest.approx(0.01, rel=4 / math.sqrt(classifier.weight.size))
    assert not classifier.bias.data.any()


def test_skip_init_draws_nothing_within_its_block() -> None:
    rng = np.random.default_rng(0)
    with nn.skip_init():
        layer = nn.Linear(4, 3, rng=rng)
    assert not layer.weight.data.any()
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state
    assert nn.Linear(4, 3, rng=rng).weight.data.any()


def test_large_weights_are_drawn_as_small_ones_are() -> None:
    layer, rng = nn.Linear(1100, 1000, rng=2), np.random.default_rng(2)  # more than is drawn at once
    assert (layer.weight.data == rng.uniform(-(1100**-0.5), 1100**-0.5, (1000, 1100)).astype(np.float32)).all()


@pytest.mark.parametrize("network", [name for name in SMALL if name != "LeNet5"])
def test_a_width_that_is_none_is_refused_by_name(network: str) -> None:
    with pytest.raises(fc.FastconvValueError, match=f"{network}: width must be positive, got width=0"):
        getattr(models, network)(width=0)
    with pytest.raises(fc.FastconvTypeError, match=f"{network}: width must be a number, got width='wide'"):
        getattr(models, network)(width="wide")
