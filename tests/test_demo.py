"""The demonstration in small, and the views into a network it shows: the same bits twice, pictures that are
pictures, honest exits."""

import subprocess
import sys

import numpy as np
import pytest

import fastconv as fc
from fastconv import functional as F
from fastconv import grad as G
from fastconv import nn
from fastconv.__main__ import main

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

from fastconv import demo


@pytest.fixture(scope="module")
def few_digits():
    digits = demo.load_digits()
    return demo.Digits(digits.images[:128], digits.labels[:128], digits.held_out_images[:64], digits.held_out_labels[:64])


@pytest.fixture(scope="module")
def training(few_digits):
    return demo.train(few_digits, epochs=2)


def picture(path):
    from PIL import Image

    with Image.open(path) as opened:
        assert opened.format == "PNG"
        return opened.size


# Learning -------------------------------------------------------------------------------------------------


def test_digits_are_split_fairly_and_sized_for_lenet():
    digits = demo.load_digits()
    assert digits.images.shape == (1347, 1, 32, 32)
    assert digits.held_out_images.shape == (450, 1, 32, 32)
    assert digits.images.dtype == np.float32
    assert abs(digits.images.mean()) < 1e-4
    assert abs(digits.images.std() - 1) < 1e-4
    shares = np.bincount(digits.held_out_labels) / (np.bincount(digits.held_out_labels) + np.bincount(digits.labels))
    assert (abs(shares - 0.25) < 0.01).all()


@pytest.mark.parametrize("num_threads", [1, 2, 3])
def test_two_runs_give_the_same_bits(few_digits, training, num_threads):
    with fc.override(num_threads=num_threads):
        again = demo.train(few_digits, epochs=2)
    assert again.accuracies == training.accuracies
    for name, array in training.model.state_dict().items():
        np.testing.assert_array_equal(again.model.state_dict()[name], array)


def test_the_rate_falls_from_its_peak_to_nothing(few_digits, monkeypatch):
    rates = []
    monkeypatch.setattr(nn.SGD, "step", lambda self: rates.append(self.lr))
    demo.train(few_digits, epochs=2)
    assert rates[0] == 0.02
    assert 0 < rates[-1] < 0.02 * (np.pi / 2 / len(rates)) ** 2 * 1.01
    assert rates == sorted(rates, reverse=True)


def test_another_seed_gives_another_model(few_digits, training):
    other = demo.train(few_digits, epochs=1, seed=1)
    assert not np.array_equal(other.model.conv1.weight.data, training.model.conv1.weight.data)


def test_the_command_draws_its_picture_and_owns_up_to_a_missed_goal(tmp_path, few_digits, monkeypatch, capsys):
    monkeypatch.setattr(demo, "load_digits", lambda: few_digits)
    assert main(["demo", "--epochs", "1", "--num-threads", "1", "--output", str(tmp_path / "new" / "folder")]) == 1
    path = tmp_path / "new" / "folder" / "fastconv-digits.png"
    width, height = picture(path)
    assert 1000 < width < 3000
    assert 700 < height < 3000
    out = capsys.readouterr().out
    assert str(path) in out
    assert "1 thread ·" in out
    assert "conv3" in out
    assert "The goal is 98.5% of the held-out digits" in out


def test_the_command_succeeds_when_the_goal_is_reached(tmp_path, few_digits, training, monkeypatch, capsys):
    reached = demo.Training(training.model, [0.9, 0.99], 1.0)
    monkeypatch.setattr(demo, "load_digits", lambda: few_digits)
    monkeypatch.setattr(demo, "train", lambda digits, epochs: reached)
    assert main(["demo", "--output", str(tmp_path)]) == 0
    assert capsys.readouterr().out.rstrip().endswith(str(tmp_path / "fastconv-digits.png"))


@pytest.mark.parametrize("module", ["sklearn.datasets", "matplotlib.figure"])
def test_a_missing_package_is_named(monkeypatch, tmp_path, capsys, module):
    monkeypatch.setitem(sys.modules, module, None)
    assert main(["demo", "--output", str(tmp_path)]) == 2
    assert f"needs {module.partition('.')[0]}" in (err := capsys.readouterr().err)
    assert "pip install 'fastconv[demo]'" in err


@pytest.mark.parametrize("arguments", [["demo", "--epochs", "0"], ["demo", "--num-threads", "x"], ["dance"], []])
def test_the_command_line_refuses(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m fastconv" in capsys.readouterr().err


def test_config_command():
    told = subprocess.run([sys.executable, "-m", "fastconv", "config"], capture_output=True, text=True, check=True)
    assert fc.__version__ in told.stdout


# Filters --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_filtering_a_photograph(tmp_path, mode, capsys):
    from PIL import Image

    down, right = np.mgrid[0:60, 0:90]
    pixels = np.stack([down * 4, right * 2, 255 * (down > right), 255 + 0 * down], -1).astype(np.uint8)
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).convert(mode).save(path)
    assert demo.read_photograph(path).shape == (1 if mode == "L" else 3, 60, 90)
    assert main(["demo", "--image", str(path), "--output", str(tmp_path)]) == 0
    assert picture(tmp_path / "fastconv-filters.png")[0] > 1000
    out = capsys.readouterr().out
    for entry in demo.filter_bank():
        assert entry.name in out
    assert out.rstrip().endswith(str(tmp_path / "fastconv-filters.png"))


def test_filters_do_what_their_names_say():
    rng = np.random.default_rng(0)
    image = rng.random((3, 40, 50)).astype(np.float32)
    bank = {entry.name: entry for entry in demo.filter_bank()}
    done = {name: demo.apply_filter(image, entry) for name, entry in bank.items()}
    np.testing.assert_array_equal(done["identity"], image)
    np.testing.assert_array_equal(done["shift by 20"][..., 20:], image[..., :-20])
    np.testing.assert_array_equal(done["shift by 20"][..., :20], np.repeat(image[..., :1], 20, axis=-1))
    framed = np.pad(image, ((0, 0), (4, 4), (4, 4)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(framed, (9, 9), axis=(1, 2))
    np.testing.assert_allclose(done["box 9×9"], windows.mean((-2, -1)), rtol=1e-5)
    flat = np.full((1, 9, 9), 0.5, np.float32)
    for name in ("Gaussian, σ = 2", "sharpen 5×5"):
        np.testing.assert_allclose(demo.apply_filter(flat, bank[name]), 0.5, rtol=1e-5)
    ramp = np.tile(np.arange(8, dtype=np.float32), (1, 6, 1))
    for name, slope in (("Sobel x", 8), ("Sobel y", 0), ("Sobel magnitude", 8)):
        np.testing.assert_allclose(demo.apply_filter(ramp, bank[name])[..., 1:-1], slope)


@pytest.mark.parametrize("make", [lambda path: path.write_text("no picture"), lambda path: None])
def test_what_is_no_picture_is_refused(tmp_path, make, capsys):
    path = tmp_path / "photo.png"
    make(path)
    assert main(["demo", "--image", str(path), "--output", str(tmp_path)]) == 2
    assert f"fastconv demo: cannot read {path} as a picture" in capsys.readouterr().err


# Looking inside -------------------------------------------------------------------------------------------


def test_deconvnet_equals_the_chain_made_by_hand():
    model = fc.models.LeNet5(dtype="float64", rng=3)
    x = np.random.default_rng(0).standard_normal((1, 1, 32, 32))
    w1, b1 = model.conv1.weight.data, model.conv1.bias.data
    w2, b2 = model.conv2.weight.data, model.conv2.bias.data
    pooled, switches = F.max_pool2d(F.relu(F.conv2d(x, w1, b1)), 2, return_indices=True)
    maps = F.relu(F.conv2d(pooled, w2, b2))
    feature_map = int(maps.max((0, 2, 3)).argmax())
    place = np.unravel_index(maps[0, feature_map].argmax(), maps.shape[2:])

    signal = np.zeros_like(maps)
    signal[(0, feature_map, *place)] = maps[(0, feature_map, *place)]
    signal = G.conv2d_input(pooled.shape, w2, F.relu(signal))
    signal = F.relu(F.max_unpool2d(signal, switches, 2))
    expected = G.conv2d_input(x.shape, w1, signal)
    assert expected.any()

    np.testing.assert_array_equal(fc.visualize.deconvnet(model, x, "relu2"), expected)
    np.testing.assert_array_equal(fc.visualize.deconvnet(model, x, "relu2", feature_map), expected)
    np.testing.assert_array_equal(fc.visualize.deconvnet(model, x, "relu2", feature_map, place), expected)


def test_deconvnet_treats_each_image_by_itself_and_undoes_every_layer():
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3, stride=2, padding=((1, 0), (0, 1)), rng=0),
        nn.ReLU(),
        nn.MaxPool2d(2, stride=1, dilation=2),
        nn.Sequential(nn.Conv2d(4, 6, 3, padding="same", groups=2, rng=1), nn.AvgPool2d(2)),
        nn.Flatten(),
        nn.Linear(24, 5, rng=2),
    )
    x = np.random.default_rng(0).standard_normal((3, 2, 13, 13)).astype(np.float32)
    before = {name: module.training for name, module in model.named_modules()}
    together = fc.visualize.deconvnet(model, x, "5")
    assert together.shape == x.shape
    assert together.dtype == x.dtype
    for image in range(3):
        alone = fc.visualize.deconvnet(model, x[image : image + 1], "5")
        np.testing.assert_allclose(together[image : image + 1], alone, rtol=1e-4, atol=1e-6)
    assert {name: module.training for name, module in model.named_modules()} == before


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("conv9",), ValueError, r"deconvnet: layer must be one of \['conv1', .*got layer='conv9'"),
        (
            ("relu2", 16),
            ValueError,
            r"deconvnet: feature_map and position must name a unit .*got feature_map=16",
        ),
        (("relu2", 0, (99, 0)), ValueError, r"deconvnet: feature_map and position .*position=\(99, 0\)"),
    ],
)
def test_deconvnet_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        fc.visualize.deconvnet(fc.models.LeNet5(), np.zeros((1, 1, 32, 32), np.float32), *arguments)


def test_deconvnet_refuses_layers_it_cannot_undo():
    with pytest.raises(fc.FastconvTypeError, match=r"deconvnet: a Softmax layer cannot be undone"):
        fc.visualize.deconvnet(nn.Sequential(nn.Softmax(1)), np.zeros((1, 3), np.float32), "0")


def test_strongest_activations_are_ordered_and_placed():
    maps = np.random.default_rng(0).random((4, 5, 3, 3))
    found = fc.visualize.strongest_activations(maps, 3)
    assert [unit.value for unit in found] == sorted(maps.max((0, 2, 3)), reverse=True)[:3]
    for unit in found:
        assert maps[(unit.image, unit.feature_map, *unit.position)] == unit.value


def test_feature_grid_places_and_stretches_tiles():
    grid = fc.visualize.feature_grid([[[0, 2]], [[1, 5]], [[7, 7]]], columns=2, gap=1, fill=0.5)
    np.testing.assert_array_equal(grid, [[0, 1, 0.5, 0, 1], [0.5] * 5, [0, 0, 0.5, 0.5, 0.5]])
    together = fc.visualize.feature_grid([[[0, 2]], [[1, 4]]], columns=1, gap=0, each=False)
    np.testing.assert_array_equal(together, [[0, 0.5], [0.25, 1]])
    assert fc.visualize.feature_grid(np.ones((4, 3, 5, 6))).shape == (11, 13, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((2, 2)),), r"feature_grid: maps must be of shape .*got maps of shape \(2, 2\)"),
        ((np.ones((0, 2, 2)),), r"feature_grid: maps must be .*not empty"),
        ((np.ones((2, 2, 2)), 0), r"feature_grid: columns must be at least 1, got columns=0"),
    ],
)
def test_feature_grid_refuses(arguments, message):
    with pytest.raises(fc.FastconvValueError, match=message):
        fc.visualize.feature_grid(*arguments)
