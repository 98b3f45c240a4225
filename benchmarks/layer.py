# SPDX-License-Identifier: BSD-3-Clause
"""The benchmark problems: one line of a file in ``layers/`` is one layer of a real network.

The reader is here, apart from everything that runs or times, so that tests can use the same problems. Sizes
that follow from others (output shape, operations, bytes) are computed, never written down.

A line is ``name net operator input key=value ...``; the group is the name of the file::

    resnet50_stem  ResNet-50  conv2d  1x3x224x224  weight=64x3x7x7 stride=2x2 pad=3x3
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent / "layers"
CONVOLUTIONS = ("conv1d", "conv2d", "conv3d")
TRANSPOSED = ("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
OPERATORS = (*CONVOLUTIONS, *TRANSPOSED, "max_pool2d", "avg_pool2d", "global_avg_pool2d", "max_unpool2d")
GRADIENTS = (*(f"{op}_{of}" for op in (*CONVOLUTIONS, *TRANSPOSED) for of in ("input", "weight")), "max_pool2d_input")
KEYS = ("weight", "kernel", "stride", "pad", "outpad", "dilation", "groups", "bias", "indices")
FLOAT_BYTES, INDEX_BYTES = 4, 8


@dataclass(frozen=True)
class Layer:
    """One problem in float32.

    ``window`` is the weight's shape for a convolution, transposed or not, and the kernel for a pool; ``padding`` has one
    ``(front, back)`` pair per spatial axis. Where ``gradient`` is "input" or "weight", the problem is the gradient of that,
    given the output's; all shapes are those of the forward call.
    """

    name: str
    group: str
    net: str
    op: str
    input: tuple[int, ...]
    window: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int = 1
    bias: bool = True
    indices: bool = False
    output_padding: tuple[int, ...] = ()
    gradient: str = ""

    @property
    def is_convolution(self) -> bool:
        return self.op in CONVOLUTIONS

    @property
    def is_transposed(self) -> bool:
        return self.op in TRANSPOSED

    @property
    def has_weights(self) -> bool:
        return self.is_convolution or self.is_transposed

    @property
    def c_out(self) -> int:
        """The output's channels."""
        if self.is_transposed:
            return self.window[1] * self.groups
        return self.window[0] if self.is_convolution else self.input[1]

    @property
    def spatial(self) -> tuple[int, ...]:
        """The input's spatial sizes."""
        return self.input[2:]

    @property
    def kernel(self) -> tuple[int, ...]:
        """The window's spatial sizes."""
        return self.window[2:] if self.has_weights else self.window

    @property
    def is_symmetric(self) -> bool:
        """Whether every axis is padded alike at its two ends."""
        return all(front == back for front, back in self.padding)

    @property
    def pads(self) -> tuple[int, ...]:
        """The front padding of each axis; it says everything when `is_symmetric`."""
        return tuple(front for front, _ in self.padding)

    @property
    def output(self) -> tuple[int, ...]:
        """The output's shape."""
        axes = zip(self.spatial, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        if self.op == "max_unpool2d":
            sizes = tuple((i - 1) * s - f - b + k for i, k, s, (f, b), _ in axes)
        elif self.is_transposed:
            more = zip(axes, self.output_padding, strict=True)
            sizes = tuple((i - 1) * s - f - b + d * (k - 1) + 1 + m for (i, k, s, (f, b), d), m in more)
        else:
            sizes = tuple((i + f + b - d * (k - 1) - 1) // s + 1 for i, k, s, (f, b), d in axes)
        return (self.input[0], self.c_out, *sizes)

    @property
    def flops(self) -> int:
        """Operations of the definition: two per multiply-add; one per element a pool looks at."""
        taps = math.prod(self.window[1:] if self.has_weights else self.window)
        if self.op == "max_unpool2d":
            return math.prod(self.input)
        if self.is_transposed:
            return 2 * math.prod(self.input) * taps
        return math.prod(self.output) * taps * (2 if self.is_convolution else 1)

    @property
    def bytes(self) -> int:
        """Bytes that must move when every array is touched once."""
        floats = math.prod(self.input) + math.prod(self.output)
        if self.has_weights:
            floats += math.prod(self.window) + self.bias * self.c_out
        if self.op == "max_unpool2d":
            return floats * FLOAT_BYTES + math.prod(self.input) * INDEX_BYTES
        with_switches = self.op == "max_pool2d" and (self.indices or self.gradient != "")
        return floats * FLOAT_BYTES + with_switches * math.prod(self.output) * INDEX_BYTES


@dataclass(frozen=True)
class Arrays:
    """The arrays of one problem, C-contiguous, written to once so that their pages exist."""

    input: NDArray[np.float32]
    weight: NDArray[np.float32] | None = None
    bias: NDArray[np.float32] | None = None
    indices: NDArray[np.int64] | None = None
    grad_output: NDArray[np.float32] | None = None


def read_layers(groups: Iterable[str] = (), names: Iterable[str] = (), folder: Path = FOLDER) -> list[Layer]:
    """Read every layer, or those of the given groups and names.

    Raises
    ------
    ValueError
        When a group or a name does not exist, or a line cannot be read.

    Examples
    --------
    >>> [layer.output for layer in read_layers(names=["resnet50_stem"])]
    [(1, 64, 112, 112)]
    """
    layers = [layer for path in sorted(folder.glob("*.txt")) for layer in _read_file(path)]
    _refuse_unknown("group", groups, {layer.group for layer in layers})
    _refuse_unknown("layer", names, {layer.name for layer in layers})
    if not groups and not names:
        return layers
    return [layer for layer in layers if layer.group in groups or layer.name in names]


def make_arrays(layer: Layer) -> Arrays:
    """Make the same random arrays for a layer each time, on every machine."""
    random = np.random.default_rng(zlib.crc32(layer.name.encode()))
    values = random.standard_normal(layer.input, dtype=np.float32)
    if layer.gradient:
        weight = random.standard_normal(layer.window, dtype=np.float32) if layer.has_weights else None
        return Arrays(values, weight, grad_output=random.standard_normal(layer.output, dtype=np.float32))
    if layer.has_weights:
        weight = random.standard_normal(layer.window, dtype=np.float32)
        bias = random.standard_normal(layer.c_out, dtype=np.float32) if layer.bias else None
        return Arrays(values, weight, bias)
    if layer.op == "max_unpool2d":
        return Arrays(values, indices=_random_switches(layer, random))
    return Arrays(values)


def _random_switches(layer: Layer, random: np.random.Generator) -> NDArray[np.int64]:
    """Pick one element of each window, as a max pool would; windows that do not overlap share none."""
    rows, columns = (np.arange(size) * step for size, step in zip(layer.spatial, layer.stride, strict=True))
    tap_row, tap_column = (random.integers(0, size, layer.input) for size in layer.kernel)
    return (rows[:, None] + tap_row) * layer.output[-1] + columns + tap_column


def _refuse_unknown(kind: str, asked: Iterable[str], known: set[str]) -> None:
    for name in asked:
        if name not in known:
            raise ValueError(f"no {kind} is called {name!r}; there are {', '.join(sorted(known))}")


def _read_file(path: Path) -> list[Layer]:
    lines = (line.partition("#")[0].split() for line in path.read_text().splitlines())
    return [_read_line(path.stem, words) for words in lines if words]


def _read_line(group: str, words: list[str]) -> Layer:
    if len(words) < 4 or words[2] not in (*OPERATORS, *GRADIENTS):
        raise ValueError(f"{group}: expected 'name net operator input key=value ...', got {' '.join(words)!r}")
    name, net, operator, shape, *options = words
    op, gradient = operator.rsplit("_", 1) if operator in GRADIENTS else (operator, "")
    given = dict(option.split("=", 1) for option in options)
    _refuse_unknown("key", given, set(KEYS))
    size = _sizes(shape)
    window = _sizes(given.get("weight") or given.get("kernel") or "x".join(map(str, size[2:])))
    ones = (1,) * (len(size) - 2)
    return Layer(
        name=name, group=group, net=net, op=op, input=size, window=window,
        stride=_sizes(given["stride"]) if "stride" in given else ones,
        padding=_pads(given["pad"]) if "pad" in given else tuple((0, 0) for _ in ones),
        dilation=_sizes(given["dilation"]) if "dilation" in given else ones,
        groups=int(given.get("groups", "1")),
        bias=given.get("bias", "yes") == "yes",
        indices=given.get("indices", "no") == "yes",
        output_padding=_sizes(given["outpad"]) if "outpad" in given else tuple(0 for _ in ones),
        gradient=gradient,
    )  # fmt: skip


def _sizes(text: str) -> tuple[int, ...]:
    """Read ``1x3x224x224``."""
    return tuple(int(size) for size in text.split("x"))


def _pads(text: str) -> tuple[tuple[int, int], ...]:
    """Read ``3x3``, or ``16:0`` where front and back differ."""
    ends = [axis.partition(":") for axis in text.split("x")]
    return tuple((int(front), int(back or front)) for front, _, back in ends)
