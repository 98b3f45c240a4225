# SPDX-License-Identifier: BSD-3-Clause
"""The demonstration: LeNet-5 learns to read real handwritten digits and shows what it looks for; or filters
on a photograph.

`learn_digits` trains, prints what each layer costs on this machine and writes one picture;
`filter_photograph` runs a bank of classical filters. Everything is seeded: two runs give the same weights to
the bit. What this needs beyond fastconv (scikit-learn with its bundled digits, matplotlib, tqdm) is the extra
``fastconv[demo]``, imported only when used.
"""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import __version__, augment, calibrate, explain, models, ndimage, nn, visualize
from . import functional as F
from .nn.module import Array

SEED = 1998
EPOCHS = 10
GOAL = 0.985

_BATCH = 16
_PEAK_RATE = 0.02
_SHIFT = 2
_UNITS_SHOWN = 6
_ASIDE = 20  # pixels that the shift moves an image

_INK = "#22223b"
_FAINT = "#8d8d9b"
_ACCENT = "#c1440e"


class DemoError(Exception):
    """Something the person at the keyboard can put right: a missing package, a file that is no picture."""


class Digits(NamedTuple):
    """Images (n, 1, 32, 32) with labels (n,), to learn from and held out."""

    images: Array
    labels: Array
    held_out_images: Array
    held_out_labels: Array


@dataclass(frozen=True)
class Training:
    """A trained model and the held-out accuracy after each epoch on the way there."""

    model: nn.Sequential
    accuracies: list[float]
    seconds: float


def load_digits() -> Digits:
    """The 1,797 digits that ship inside scikit-learn, sized for LeNet, a quarter of each class held out.

    Their 8x8 pixels are interpolated to 28x28 and framed to 32x32, as LeCun et al. 1998 framed theirs, so
    that the ends of strokes can lie in the centre of the highest units' receptive fields; then scaled to mean
    0 and variance 1.

    References
    ----------
    Alpaydin & Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning Repository, 1998.
    """
    bundled = _needed("sklearn.datasets").load_digits()
    zoomed = _needed("scipy.ndimage").zoom(bundled.images / 16, (1, 3.5, 3.5), order=3, grid_mode=True, mode="nearest")
    framed = np.pad(zoomed.clip(0, 1), ((0, 0), (2, 2), (2, 2)))[:, None]
    images, held_out, labels, held_out_labels = _needed("sklearn.model_selection").train_test_split(
        framed, bundled.target, test_size=0.25, stratify=bundled.target, random_state=0
    )
    mean, deviation = images.mean(), images.std()
    images, held_out = (((part - mean) / deviation).astype(np.float32) for part in (images, held_out))
    return Digits(images, labels, held_out, held_out_labels)


def train(digits: Digits, epochs: int = EPOCHS, seed: int = SEED) -> Training:
    """Train LeNet-5 by SGD with momentum on digits shifted at random, the rate falling along a cosine.

    A tenth of each target is spread over all classes (label smoothing: Szegedy et al., "Rethinking the
    Inception architecture for computer vision", CVPR 2016), which makes so small a data set go further.
    """
    model = models.LeNet5(rng=seed)
    optimiser = nn.SGD(model.parameters(), _PEAK_RATE, momentum=0.9)
    steps = math.ceil(len(digits.images) / _BATCH)
    history = nn.fit(
        model,
        nn.CrossEntropyLoss(label_smoothing=0.1),
        optimiser,
        (digits.images, digits.labels),
        epochs,
        _BATCH,
        schedule=nn.CosineAnnealingLR(optimiser, epochs * steps),
        schedule_unit="step",
        validation=(digits.held_out_images, digits.held_out_labels),
        augment=partial(augment.translate, limit=_SHIFT, value=float(digits.images.min())),
        seed=seed,
    )
    return Training(model, history.accuracy, sum(history.seconds))


def learn_digits(output: Path, epochs: int | None = None) -> int:
    """Train, report, and write ``fastconv-digits.png`` to `output`; the exit status, 1 below the goal."""
    path = _ready(output) / "fastconv-digits.png"
    digits = load_digits()
    print(machine())
    print(
        f"LeNet-5 learns scikit-learn's handwritten digits: {len(digits.labels):,} to learn from, "
        f"{len(digits.held_out_labels)} held out."
    )
    training = train(digits, epochs or EPOCHS)
    reached, count = training.accuracies[-1], len(digits.held_out_labels)
    right = f"{round(reached * count)} of {count}"
    print(f"Reads {reached:.2%} of the held-out digits ({right}) after {training.seconds:.1f} s.\n")
    print(nn.summary(training.model, (_BATCH, 1, 32, 32)))
    _draw_digits(training, digits, path)
    print(f"\nWhat it looks for: {path}")
    if reached < GOAL:
        print(f"The goal is {GOAL:.1%} of the held-out digits; {reached:.2%} misses it.")
        return 1
    return 0


def machine() -> str:
    """One line: version, instruction set, threads, and the roof measured now."""
    told = explain("conv2d", (1, 64, 56, 56), (64, 64, 3, 3), padding=1)
    roof = calibrate()
    threads = f"{told.num_threads} thread{'s' * (told.num_threads != 1)}"
    return (
        f"fastconv {__version__} · {told.isa} · {threads} · "
        f"roof {roof.flops_per_s / 1e9:.0f} GFLOP/s, {roof.bytes_per_s / 1e9:.0f} GB/s"
    )


def _draw_digits(training: Training, digits: Digits, path: Path) -> None:
    """One page: filters and learning curve, one digit's way through the network, the deconvnet's answers."""
    page = _Page(14, 9.3)
    reached, count = training.accuracies[-1], len(digits.held_out_labels)
    page.text(0.5, 0.62, "LeNet-5 reads handwritten digits, and shows what it looks for", size=22, weight="bold")
    right = f"{round(reached * count)} of {count} held-out digits"
    told = f"Reads {right} right after {training.seconds:.0f} s of learning"
    page.text(0.5, 0.98, f"{told}  ·  {machine()}", color=_FAINT)
    _draw_filters(page, training.model)
    _draw_learning(page, training)
    _draw_journey(page, training.model, digits)
    _draw_deconvnet(page, training.model, digits, "relu2", 0.5)
    _draw_deconvnet(page, training.model, digits, "relu3", 7.25)
    page.save(path)


def _draw_filters(page: _Page, model: nn.Sequential) -> None:
    page.heading(0.5, 1.62, "First layer", "its six 5×5 filters, red for positive weights, blue for negative")
    filters = model.conv1.weight.data[:, 0]  # type: ignore[attr-defined]
    for position, weights in enumerate(filters):
        page.signed(0.5 + 1.08 * position, 1.85, 0.98, weights, np.abs(filters).max())


def _draw_learning(page: _Page, training: Training) -> None:
    page.heading(7.25, 1.62, "Learning", "share of the held-out digits read right, after each epoch")
    axes = page.axes(7.75, 1.85, 5.75, 0.98)
    epochs = np.arange(1, len(training.accuracies) + 1)
    axes.plot(epochs, training.accuracies, color=_ACCENT, linewidth=2, marker="o", markersize=3.5)
    low = min(0.9, math.floor(20 * training.accuracies[-1] - 0.5) / 20)  # the first epochs may begin below
    axes.axhline(GOAL, color=_FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.text(epochs[-1], GOAL - 0.004, f"goal {GOAL:.1%}", color=_FAINT, size=8.5, ha="right", va="top")
    axes.set(ylim=(low, 1.006), xlim=(0.6, epochs[-1] + 0.4))
    axes.set_yticks([low, 1], [f"{low:.0%}", "100%"])
    axes.set_xticks([1, epochs[-1]])
    axes.tick_params(colors=_FAINT, labelsize=8.5, length=2)
    axes.set_xlabel("epoch", color=_FAINT, size=8.5, labelpad=-8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("bottom", "left"):
        axes.spines[side].set_color(_FAINT)


def _draw_journey(page: _Page, model: nn.Sequential, digits: Digits) -> None:
    page.heading(0.5, 3.5, "One digit on its way", "what each stage passes on; bright is strong")
    chosen = int(np.flatnonzero(digits.held_out_labels == 3)[0])
    image = digits.held_out_images[chosen : chosen + 1]
    maps = {name: output[0] for name, output in visualize.activations(model, image).items()}
    page.digit(0.5, 3.75, 1.8, image[0, 0])
    page.maps(2.9, 3.75, 2.7, 1.8, maps["pool1"], 3)
    page.maps(6.2, 3.75, 1.8, 1.8, maps["pool2"], 4)
    page.maps(8.6, 3.75, 2.16, 1.8, maps["relu3"].reshape(1, 10, 12), 1)
    _draw_answer(page, F.softmax(maps["fc2"], 0))
    for left, right, caption in (
        (0.5, 2.3, "input, 32×32"),
        (2.9, 5.6, "pool1, 6 maps of 14×14"),
        (6.2, 8.0, "pool2, 16 of 5×5"),
        (8.6, 10.76, "conv3, 120 numbers"),
        (11.5, 13.5, "the ten answers"),
    ):
        page.text((left + right) / 2, 5.77, caption, size=9.5, color=_FAINT, ha="center")
    for x in (2.6, 5.9, 8.3, 11.06):
        page.text(x, 4.75, "→", size=17, color=_FAINT, ha="center")


def _draw_answer(page: _Page, probabilities: Array) -> None:
    axes = page.axes(11.5, 3.75, 2.0, 1.8)
    winner = int(probabilities.argmax())
    axes.barh(
        range(10),
        probabilities,
        color=[_ACCENT if digit == winner else _FAINT for digit in range(10)],
        height=0.62,
    )
    axes.set(xlim=(0, 1), ylim=(9.6, -0.6), xticks=[])
    axes.set_yticks(range(10), [str(digit) for digit in range(10)])
    axes.tick_params(length=0, labelsize=9, colors=_INK, pad=3)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_deconvnet(page: _Page, model: nn.Sequential, digits: Digits, layer: str, left: float) -> None:
    """The layer's strongest units: the digit that excites each most, and what the deconvnet finds in it."""
    maps = visualize.activations(model, digits.held_out_images)[layer]
    page.heading(left, 6.45, layer.replace("relu", "conv"), _EXPLAINED[layer])
    for position, unit in enumerate(visualize.strongest_activations(maps, _UNITS_SHOWN)):
        image = digits.held_out_images[unit.image : unit.image + 1]
        reconstruction = visualize.deconvnet(model, image, layer, unit.feature_map, unit.position)[0, 0]
        x = left + 1.08 * position
        page.digit(x, 6.7, 0.98, image[0, 0], seen=reconstruction != 0)
        page.signed(x, 7.78, 0.98, reconstruction, np.abs(reconstruction).max())
        page.text(x + 0.49, 8.95, f"map {unit.feature_map}", size=9, color=_FAINT, ha="center")


_EXPLAINED = {
    "relu2": "the digits that excite six maps most, and what in them does (deconvnet)",
    "relu3": "the same for six of the 120 units that see the whole digit",
}


class _Page:
    """A figure laid out in inches from its top left corner. No window system, no pyplot, nothing global."""

    def __init__(self, width: float, height: float) -> None:
        self._size = width, height
        self._figure = _needed("matplotlib.figure").Figure(figsize=(width, height), facecolor="white")

    def axes(self, x: float, y: float, w: float, h: float) -> Any:
        width, height = self._size
        return self._figure.add_axes((x / width, 1 - (y + h) / height, w / width, h / height))

    def text(self, x: float, y: float, text: str, size: float = 11, color: str = _INK, **style: Any) -> None:
        width, height = self._size
        self._figure.text(x / width, 1 - y / height, text, size=size, color=color, **style)

    def heading(self, x: float, y: float, title: str, told: str) -> None:
        width, height = self._size
        offset = _needed("matplotlib.offsetbox")
        bold = offset.TextArea(title, textprops={"size": 13, "weight": "bold", "color": _INK})
        plain = offset.TextArea(told, textprops={"size": 10.5, "color": _FAINT})
        line = offset.HPacker(children=[bold, plain], align="baseline", pad=0, sep=9)
        place = (x / width, 1 - y / height)
        self._figure.add_artist(
            offset.AnchoredOffsetbox(
                "lower left",
                child=line,
                pad=0,
                borderpad=0,
                frameon=False,
                bbox_to_anchor=place,
                bbox_transform=self._figure.transFigure,
            )
        )

    def digit(self, x: float, y: float, side: float, image: Array, seen: Array | None = None) -> None:
        """Ink on paper; with a frame around the pixels that were seen, unless that is nearly all of them."""
        axes = self._picture(x, y, side, side, image, cmap="gray_r")
        if seen is None or not seen.any():
            return
        rows, columns = (np.flatnonzero(seen.any(axis)) for axis in (1, 0))
        h, w = (int(np.ptp(extent)) + 1 for extent in (rows, columns))
        if h * w < image.size / 2:
            rectangle = _needed("matplotlib.patches").Rectangle
            corner = columns[0] - 0.5, rows[0] - 0.5
            axes.add_patch(rectangle(corner, w, h, fill=False, edgecolor=_ACCENT, linewidth=1.4))

    def signed(self, x: float, y: float, side: float, image: Array, limit: float) -> None:
        self._picture(x, y, side, side, image, cmap="RdBu_r", vmin=-limit, vmax=limit)

    def maps(self, x: float, y: float, w: float, h: float, maps: Array, columns: int) -> None:
        self._picture(x, y, w, h, visualize.feature_grid(maps, columns, fill=math.nan), cmap="magma", framed=False)

    def photograph(self, x: float, y: float, w: float, h: float, image: Array) -> None:
        """Grey (h, w) or colour (h, w, 3), values from 0 to 1."""
        axes = self._picture(x, y, w, h, image, framed=False, cmap="gray", vmin=0, vmax=1, interpolation="antialiased")
        axes.set_aspect("equal", anchor="NW")

    def save(self, path: Path) -> None:
        self._figure.savefig(path, dpi=120)

    def _picture(self, x: float, y: float, w: float, h: float, image: Array, framed: bool = True, **style: Any) -> Any:
        axes = self.axes(x, y, w, h)
        axes.imshow(image, aspect="auto", **{"interpolation": "nearest", **style})
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(visible=framed, color="#d5d5de", linewidth=0.8)
        return axes


class Filter(NamedTuple):
    """A filter of the bank: its name, a function of `fastconv.ndimage` for one channel, and what to make of the results
    (c, h, w)."""

    name: str
    apply: Callable[..., object]
    shown: Callable[[Array], Array]


def filter_bank() -> list[Filter]:
    """The lectures' filters: impulses, box, Gaussian, sharpening (2·impulse - box) and Sobel, for values from 0 to 1.

    References
    ----------
    Sobel & Feldman, "An isotropic 3x3 image gradient operator", Stanford Artificial Intelligence Project,
    1968.
    """
    impulse, aside = np.zeros((3, 3)), np.zeros((1, 2 * _ASIDE + 1))
    impulse[1, 1] = aside[0, 0] = 1
    sharpen = np.full((5, 5), -1 / 25)
    sharpen[2, 2] += 2
    return [
        Filter("identity", partial(ndimage.correlate, weights=impulse), _as_light),
        Filter(f"shift by {_ASIDE}", partial(ndimage.correlate, weights=aside), _as_light),
        Filter("box 9×9", partial(ndimage.uniform_filter, size=9), _as_light),
        Filter("Gaussian, σ = 2", partial(ndimage.gaussian_filter, sigma=2), _as_light),
        Filter("sharpen 5×5", partial(ndimage.correlate, weights=sharpen), _as_light),
        Filter("Sobel x", partial(ndimage.sobel, axis=1), _as_slope),
        Filter("Sobel y", partial(ndimage.sobel, axis=0), _as_slope),
        Filter("Sobel magnitude", partial(ndimage.generic_gradient_magnitude, derivative=ndimage.sobel), _as_edges),
    ]


def _as_light(results: Array) -> Array:
    return results.clip(0, 1)


def _as_slope(results: Array) -> Array:
    """Signed values with zero as mid-grey."""
    return (0.5 + results / (2 * _range(results))).clip(0, 1)


def _as_edges(results: Array) -> Array:
    return (results / _range(results)).clip(0, 1)


def _range(values: Array) -> float:
    """A magnitude that nearly all values stay below, so that single ones do not darken the rest."""
    return float(np.percentile(np.abs(values), 99.5)) or 1.0


def read_photograph(path: Path) -> Array:
    """A picture file as float32 (c, h, w), values from 0 to 1, one (grey) or three channels, held upright."""
    pillow, operations = _needed("PIL.Image"), _needed("PIL.ImageOps")
    try:
        with pillow.open(path) as opened:
            upright = operations.exif_transpose(opened)
            grey = upright.mode in ("1", "L", "LA", "I", "I;16", "F")
            pixels = np.asarray(upright.convert("L" if grey else "RGB"), np.float32) / 255
    except OSError as error:  # Pillow's "cannot identify image file" is one too
        raise DemoError(f"cannot read {path} as a picture: {error}") from error
    return pixels[None] if grey else np.ascontiguousarray(np.moveaxis(pixels, -1, 0))


def apply_filter(image: Array, entry: Filter) -> Array:
    """Filter every channel of `image` (c, h, w) by itself. Beyond the border the edge pixels go on."""
    results = np.empty_like(image)
    for channel, result in zip(image, results, strict=True):
        entry.apply(channel, output=result, mode="nearest")
    return results


def filter_photograph(photograph: Path, output: Path) -> int:
    """Run the filters on a picture file and write ``fastconv-filters.png`` to `output`; the exit status."""
    path = _ready(output) / "fastconv-filters.png"
    image = read_photograph(photograph)
    c, h, w = image.shape
    print(machine())
    print(f"{photograph}: {w}×{h} pixels, {c} channel{'s' * (c > 1)}, each filtered by itself\n")
    print(f"{'filter':<18}{'ms':>9}{'Mpixel/s':>11}")
    results = []
    for entry in filter_bank():
        seconds, filtered = _timed(apply_filter, image, entry)
        print(f"{entry.name:<18}{1e3 * seconds:>9.2f}{h * w / seconds / 1e6:>11.1f}")
        results.append((entry.name, seconds, entry.shown(filtered)))
    _draw_filtered(photograph.name, image, results, path)
    print(f"\nThe results: {path}")
    return 0


def _timed(call: Callable[..., Array], *arguments: Any) -> tuple[float, Array]:
    """The shortest of the calls that fit into 0.2 s, at least three, and what they return."""
    best, began, calls = math.inf, time.perf_counter(), 0
    while calls < 3 or time.perf_counter() - began < 0.2:
        start = time.perf_counter()
        result = call(*arguments)
        best = min(best, time.perf_counter() - start)
        calls += 1
    return best, result


def _draw_filtered(name: str, image: Array, results: list[tuple[str, float, Array]], path: Path) -> None:
    """Two rows: the photograph, the results, how long each took, and a chart of that."""
    _, h, w = image.shape
    columns = (len(results) + 3) // 2
    tile_w = 3.4
    tile_h = min(max(tile_w * h / w, 1.6), 5.5)
    page = _Page(0.5 + columns * (tile_w + 0.25) + 0.25, 1.75 + 2 * (tile_h + 0.55))
    page.text(0.5, 0.62, "A filter bank on a photograph", size=22, weight="bold")
    page.text(0.5, 0.98, f"{w}×{h} pixels, {len(image)} channel{'s' * (len(image) > 1)}  ·  {machine()}", color=_FAINT)

    def corner(position: int) -> tuple[float, float]:
        return 0.5 + (position % columns) * (tile_w + 0.25), 1.6 + (position // columns) * (tile_h + 0.55)

    pictures = [(name, None, image), *results]
    for position, (title, seconds, picture) in enumerate(pictures):
        x, y = corner(position)
        page.heading(x, y - 0.08, title, "" if seconds is None else f"{1e3 * seconds:.1f} ms")
        page.photograph(x, y, tile_w, tile_h, picture[0] if len(picture) == 1 else np.moveaxis(picture, 0, -1))
    x, y = corner(2 * columns - 1)
    page.heading(x, y - 0.08, "Speed", "million pixels a second")
    _draw_speeds(
        page.axes(x + 1.25, y, tile_w - 1.75, tile_h),
        [(title, h * w / seconds / 1e6) for title, seconds, _ in results],
    )
    page.save(path)


def _draw_speeds(axes: Any, speeds: list[tuple[str, float]]) -> None:
    titles, values = zip(*speeds, strict=True)
    bars = axes.barh(range(len(values)), values, color=_ACCENT, height=0.6)
    axes.bar_label(bars, fmt="%.0f", padding=4, color=_INK, size=9)
    axes.set_yticks(range(len(values)), titles)
    axes.set(xticks=[], ylim=(len(values) - 0.4, -0.6))
    axes.tick_params(length=0, labelsize=9, colors=_INK)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _ready(output: Path) -> Path:
    """The folder to write pictures to, made if it was not there, as an absolute path."""
    _needed("matplotlib.figure")  # asked for before the work, not after it
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoError(f"cannot write to {output}: {error.strerror}") from error
    return output.resolve()


def _needed(name: str) -> Any:
    """Import a module of the extra, or say how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise DemoError(f"needs {name.split('.')[0]} ({error}); pip install 'fastconv[demo]'") from error
