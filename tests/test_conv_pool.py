"""A convolution and the pooling behind it in one: the bits are those of one after the other, and the map is never whole."""

import itertools
import threading
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

import fastconv as fc
from fastconv import nn
from fastconv.nn.fused import ConvPool, joined

WINDOWS = (
    ("whole tiles", nn.MaxPool2d, {"kernel_size": 2}),
    ("overlapping", nn.MaxPool2d, {"kernel_size": 3, "stride": 2}),
    ("padded", nn.MaxPool2d, {"kernel_size": 3, "stride": 1, "padding": 1}),
    ("hanging over", nn.MaxPool2d, {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    ("with gaps", nn.MaxPool2d, {"kernel_size": 2, "stride": 5}),
    ("dilated", nn.MaxPool2d, {"kernel_size": (3, 2), "stride": 2, "dilation": (4, 1)}),
    ("average", nn.AvgPool2d, {"kernel_size": 3, "stride": 2, "padding": 1}),
    ("divided", nn.AvgPool2d, {"kernel_size": 2, "divisor_override": 3}),
    ("of what is inside", nn.AvgPool2d, {"kernel_size": 4, "padding": 2, "count_include_pad": False}),
)
# Algorithm, n, c_in, c_out, size, kernel, stride, padding: maps of strips, of some rows of tiles, of whole images.
LAYERS = (
    ("strips of a stem", "im2col_gemm", 1, 3, 48, (201, 150), 7, 2, 3),
    ("strips", "direct", 1, 2, 40, (93, 86), 3, 1, 1),
    ("pointwise", "pointwise", 1, 5, 64, (80, 77), 1, 1, 0),
    ("rows of tiles", "winograd_f4x3", 1, 6, 40, (93, 86), 3, 1, 1),
    ("rows of small tiles", "winograd_f2x3", 2, 6, 40, (93, 86), 3, 1, 1),
    ("wide", "winograd_f4x3", 1, 3, 36, (25, 500), 3, 1, 1),
    ("whole images", "winograd_f4x3", 3, 8, 33, (18, 17), 3, 1, 1),
    ("some images", "auto", 150, 2, 90, (14, 13), 5, 1, 0),
)


@pytest.fixture(autouse=True)
def one_thread():
    """With more, some maps are made whole, because that is quicker."""
    with fc.override(num_threads=1):
        yield


def layers(rng, algorithm, n, c_in, c_out, size, kernel, stride, padding, dtype="float32", **how):
    """A convolution with small whole weights, and an input of small whole numbers."""
    conv = nn.Conv2d(c_in, c_out, kernel, stride, padding, dtype=dtype, rng=0, algorithm=algorithm, **how)
    conv.weight = rng.integers(-2, 3, conv.weight.shape)
    conv.bias = rng.integers(-2, 3, conv.bias.shape)
    return conv, rng.integers(-3, 4, (n, c_in, *size)).astype(dtype)


def same(got, want) -> None:
    """Results, or pairs of results and switches, have the same bits."""
    pairs = zip(*(x if isinstance(x, tuple) else (x,) for x in (got, want)), strict=True)
    for one, other in pairs:
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def one_by_one(model: nn.Sequential, x: np.ndarray):
    """What the layers give, each for itself."""
    for layer in model:
        x = layer(x)
    return x


def together(model: nn.Sequential) -> bool:
    """Whether a model's first layers were computed as one."""
    return model._steps[0].packed is not None


@pytest.mark.parametrize(("name", "kind", "window"), WINDOWS, ids=[w[0] for w in WINDOWS])
@pytest.mark.parametrize("layer", LAYERS, ids=[case[0] for case in LAYERS])
def test_the_bits_are_those_of_the_two_calls(layer, name, kind, window, isa) -> None:
    rng = np.random.default_rng(len(name))
    conv, x = layers(rng, *layer[1:])
    indices = {"return_indices": True} if kind is nn.MaxPool2d else {}
    model = nn.Sequential(conv, nn.ReLU(), kind(**window, **indices)).eval()
    same(model(x), one_by_one(model, x))
    assert together(model)
    x = rng.standard_normal(x.shape).astype(x.dtype)
    same(model(x), one_by_one(model, x))


@pytest.mark.parametrize("layer", LAYERS[:6], ids=[case[0] for case in LAYERS[:6]])
def test_switches_of_one_byte_and_padding_by_side(layer) -> None:
    rng = np.random.default_rng(14)
    conv, x = layers(rng, *layer[1:])
    how = {"return_indices": True, "switches": "compact"}
    for pool in (
        nn.MaxPool2d(2, **how),
        nn.MaxPool2d(3, 2, padding="same_lower", **how),
        nn.MaxPool2d(2, padding="same", **how),
    ):
        model = nn.Sequential(conv, nn.ReLU(), pool).eval()
        same(model(x), one_by_one(model, x))
        assert together(model)
        assert model(x)[1].dtype == np.uint8


def test_images_of_many_tiles_whose_transforms_are_shared() -> None:
    rng = np.random.default_rng(1)
    conv, x = layers(rng, "winograd_f2x5", 1, 96, 320, (27, 25), 5, 1, 2)
    model = nn.Sequential(conv, nn.MaxPool2d(3, 2, return_indices=True)).eval()
    same(model(x), one_by_one(model, x))
    assert together(model)


def test_float64_and_other_activations() -> None:
    rng = np.random.default_rng(2)
    conv, x = layers(rng, "auto", 1, 4, 40, (70, 64), 3, 1, 1, "float64")
    for between in (nn.ReLU6(), nn.LeakyReLU(0.25), nn.Tanh(), None):
        model = nn.Sequential(*[m for m in (conv, between, nn.MaxPool2d(2)) if m]).eval()
        same(model(x), one_by_one(model, x))
        assert together(model)


@pytest.mark.parametrize("window", [2, (3, 2)])
def test_channels_last(window) -> None:
    rng = np.random.default_rng(3)
    conv, x = layers(rng, "auto", 1, 4, 48, (90, 70), 3, 1, 1, data_format="NHWC")
    x = np.ascontiguousarray(np.moveaxis(x, 1, -1))
    for pool in (
        nn.MaxPool2d(window, 2, data_format="NHWC", return_indices=True),
        nn.AvgPool2d(window, 2, data_format="NHWC"),
    ):
        model = nn.Sequential(conv, nn.ReLU(), pool).eval()
        same(model(x), one_by_one(model, x))
        assert together(model)


def test_other_numbers_of_axes() -> None:
    rng = np.random.default_rng(4)
    cases = (
        (nn.Conv1d(3, 200, 5, padding=2, rng=0), nn.MaxPool1d(3, 2, return_indices=True), (64, 3, 90)),
        (nn.Conv3d(2, 30, 3, padding=1, rng=0), nn.MaxPool3d(2, return_indices=True), (1, 2, 40, 21, 19)),
        (nn.Conv3d(2, 30, 3, padding=1, rng=0), nn.AvgPool3d(3, 2, 1), (1, 2, 40, 21, 19)),
        (nn.Conv3d(2, 64, (1, 3, 3), padding=(0, 1, 1), rng=0), nn.MaxPool3d((1, 3, 3), (1, 2, 2)), (1, 2, 1, 80, 81)),
    )
    for conv, pool, shape in cases:
        x = rng.integers(-3, 4, shape).astype(np.float32)
        model = nn.Sequential(conv, pool).eval()
        same(model(x), one_by_one(model, x))
        assert together(model), conv


@pytest.mark.parametrize("layer", LAYERS[:7], ids=[case[0] for case in LAYERS[:7]])
def test_values_that_are_not_finite_stay_where_they_belong(layer) -> None:
    rng = np.random.default_rng(5)
    conv, x = layers(rng, *layer[1:])
    for value in (np.nan, np.inf, -np.inf):
        x.flat[rng.integers(0, x.size, 3)] = value
    for pool in (nn.MaxPool2d(2, return_indices=True), nn.MaxPool2d(3, 2, 1, return_indices=True), nn.AvgPool2d(2)):
        model = nn.Sequential(conv, pool).eval()
        same(model(x), one_by_one(model, x))
        assert together(model)


@pytest.mark.parametrize("layer", LAYERS, ids=[case[0] for case in LAYERS])
def test_the_number_of_threads_changes_no_bit(layer) -> None:
    rng = np.random.default_rng(6)
    conv, x = layers(rng, *layer[1:])
    x = rng.standard_normal(x.shape).astype(x.dtype)
    for pool in (nn.MaxPool2d(2, return_indices=True), nn.MaxPool2d(3, 2, return_indices=True)):
        model = nn.Sequential(conv, pool).eval()
        first = model(x)
        assert together(model)
        for threads in (2, 3, 7):
            with fc.override(num_threads=threads):
                same(model(x), first)


def test_a_batch_has_the_bits_of_its_images() -> None:
    rng = np.random.default_rng(7)
    conv, x = layers(rng, "auto", 5, 8, 33, (18, 17), 3, 1, 1)
    x = rng.standard_normal(x.shape).astype(x.dtype)
    model = nn.Sequential(conv, nn.ReLU(), nn.MaxPool2d(3, 2)).eval()
    for image, result in zip(x, model(x), strict=True):
        same(model(image[None])[0], result)
        same(model(image), result)
    assert model(x[:0]).shape == (0, 33, 8, 8)


def test_new_weights_and_shapes_are_noticed() -> None:
    rng = np.random.default_rng(8)
    conv, x = layers(rng, "auto", 1, 6, 40, (93, 86), 3, 1, 1)
    model = nn.Sequential(conv, nn.MaxPool2d(2)).eval()
    for _ in range(2):
        same(model(x), one_by_one(model, x))
        conv.weight = rng.integers(-2, 3, conv.weight.shape)
    x = x[:, :, 1:]
    same(model(x), one_by_one(model, x))
    model[1].kernel_size = model[1].stride = 3
    same(model(x), one_by_one(model, x))
    model.add = nn.ReLU()
    assert len(list(model)) == 3
    same(model(x), one_by_one(model, x))


def test_training_keeps_what_backward_needs() -> None:
    rng = np.random.default_rng(9)
    conv, x = layers(rng, "auto", 1, 6, 40, (93, 86), 3, 1, 1)
    model = nn.Sequential(conv, nn.ReLU(), nn.MaxPool2d(2))
    y = model(x)
    assert not together(model)
    assert model.backward(np.ones_like(y)).shape == x.shape
    same(model.eval()(x), y)
    assert together(model)
    with pytest.raises(fc.FastconvValueError, match="forward must run before"):
        model.backward(np.ones_like(y))


def test_only_what_follows_each_other_goes_together() -> None:
    conv, relu, pool = nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2)
    kinds = [ConvPool if isinstance(step, ConvPool) else type(step) for step in joined([conv, relu, pool, relu, pool, conv])]
    assert kinds == [ConvPool, nn.ReLU, nn.MaxPool2d, nn.Conv2d]
    for apart in ([conv, relu, relu, pool], [conv, nn.MaxPool1d(2)], [pool, conv], [conv, relu], [conv]):
        assert joined(apart) == apart


def test_what_gains_nothing_or_does_not_fit_runs_one_by_one() -> None:
    rng = np.random.default_rng(10)
    small = nn.Sequential(nn.Conv2d(2, 3, 3, stride=2, rng=0), nn.MaxPool2d(2)).eval()
    x = rng.standard_normal((1, 2, 9, 9)).astype(np.float32)
    same(small(x), one_by_one(small, x))
    assert not together(small)
    for how in ({"activation": "relu"}, {"bias": (1, 86)}):
        conv = nn.Conv2d(6, 40, 3, padding=1, rng=0, **how)
        x = rng.standard_normal((1, 6, 93, 86)).astype(np.float32)
        model = nn.Sequential(conv, nn.ReLU(), nn.MaxPool2d(2)).eval()
        same(model(x), one_by_one(model, x))
        assert not together(model)


def test_borders_other_than_zeros() -> None:
    rng = np.random.default_rng(11)
    x = rng.standard_normal((2, 6, 60, 56)).astype(np.float32)
    for mode, window in itertools.product(("reflect", "circular", "replicate"), (2, 3)):
        model = nn.Sequential(nn.Conv2d(6, 40, 3, padding=1, padding_mode=mode, rng=0), nn.MaxPool2d(window, 2)).eval()
        same(model(x), one_by_one(model, x))


def peak_bytes(run: Callable[[], object]) -> int:
    """The most memory that a call has at one time beside the scratch that calls keep."""
    run()
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_map_takes_no_memory() -> None:
    """The peak of both in one lies below that of the two calls by about the map."""
    rng = np.random.default_rng(12)
    x = rng.standard_normal((1, 16, 160, 160)).astype(np.float32)
    conv, pool = nn.Conv2d(16, 64, 3, padding=1, activation="relu", rng=0).eval(), nn.MaxPool2d(2).eval()
    model = nn.Sequential(conv, pool).eval()
    map_bytes = 64 * 160 * 160 * 4
    assert peak_bytes(lambda: model(x)) < peak_bytes(lambda: pool(conv(x))) - 0.8 * map_bytes


def test_two_threads_may_call_one_model() -> None:
    rng = np.random.default_rng(13)
    conv, x = layers(rng, "auto", 1, 6, 40, (93, 86), 3, 1, 1)
    model = nn.Sequential(conv, nn.MaxPool2d(2)).eval()
    want, found = model(x), []
    callers = [threading.Thread(target=lambda: found.append(model(x))) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    for result in found:
        same(result, want)
