# SPDX-License-Identifier: BSD-3-Clause
"""Looking into a network: tiles of feature maps, and the deconvnet of Zeiler & Fergus.

Nothing here draws; the functions return arrays, so any plotting library serves. Imported on first
use as `fastconv.visualize`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from . import functional as F
from . import nn
from .nn.conv import _ConvNd
from .nn.evaluation import in_eval_mode
from .nn.module import Array
from .nn.pooling import _AvgPool, _MaxPool
from .spec import FastconvTypeError, FastconvValueError

_UNPOOL = {1: F.max_unpool1d, 2: F.max_unpool2d, 3: F.max_unpool3d}


def feature_grid(maps: Any, columns: int | None = None, *, gap: int = 1, fill: float = 1.0, each: bool = True) -> Array:
    """Tile maps or filters into one image with values from 0 to 1.

    Parameters
    ----------
    maps : array_like
        (count, h, w) or (count, 1, h, w) for grey tiles, (count, 3, h, w) for colour ones.
    columns : int, optional
        Tiles in a row; by default about as many as there are rows.
    gap : int
        Pixels between tiles.
    fill : float
        Value of the gaps and of places without a tile.
    each : bool
        Stretch each tile to 0..1 by itself (True), or all of them together (False).

    Returns
    -------
    numpy.ndarray
        (rows·(h + gap) - gap, columns·(w + gap) - gap), for colour with a last axis of 3; float64.

    Raises
    ------
    FastconvValueError
        If `maps` has another shape or is empty, or `columns` or `gap` is out of range.

    References
    ----------
    First-layer filters as a picture: Krizhevsky, Sutskever & Hinton, "ImageNet classification with deep
    convolutional neural networks", NIPS 2012, figure 3.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.visualize.feature_grid(np.random.rand(6, 5, 5), columns=3).shape
    (11, 17)
    """
    tiles = np.asarray(maps, np.float64)
    if tiles.ndim == 3:
        tiles = tiles[:, None]
    if tiles.ndim != 4 or tiles.shape[1] not in (1, 3) or 0 in tiles.shape:
        raise FastconvValueError(
            "feature_grid: maps must be of shape (count, h, w), (count, 1, h, w) or (count, 3, h, w) and not "
            f"empty, got maps of shape {np.shape(maps)}"
        )
    count, channels, h, w = tiles.shape
    columns = math.ceil(math.sqrt(count)) if columns is None else columns
    for argument, value, least in (("columns", columns, 1), ("gap", gap, 0)):
        if value < least:
            raise FastconvValueError(f"feature_grid: {argument} must be at least {least}, got {argument}={value!r}")
    axes = (1, 2, 3) if each else None
    low, high = tiles.min(axes, keepdims=True), tiles.max(axes, keepdims=True)
    tiles = (tiles - low) / np.where(high > low, high - low, 1)
    rows = -(-count // columns)
    grid = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap, channels), fill)
    for position, tile in enumerate(tiles):
        top, left = (position // columns) * (h + gap), (position % columns) * (w + gap)
        grid[top : top + h, left : left + w] = np.moveaxis(tile, 0, -1)
    return grid if channels == 3 else grid[..., 0]


def activations(model: nn.Module, input: Array) -> dict[str, Array]:
    """The output of every layer of a (nested) Sequential, by the layer's name.

    Parameters
    ----------
    model : Sequential
        Max pooling that returns its indices is refused: its switches would have nowhere to go.
    input : numpy.ndarray
        A batch as the model takes it.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> maps = fc.visualize.activations(fc.models.LeNet5(), np.zeros((1, 1, 32, 32), np.float32))
    >>> maps["pool1"].shape
    (1, 6, 14, 14)
    """
    with in_eval_mode(model):
        return {name: output for name, _, _, output in _trace("activations", model, input)}


class Activation(NamedTuple):
    """One unit's response: where it is, and how strong."""

    image: int
    feature_map: int
    position: tuple[int, ...]
    value: float


def strongest_activations(maps: Array, count: int = 9) -> list[Activation]:
    """For each feature map the unit that responds most in any image; of these the `count` strongest,
    strongest first.

    Parameters
    ----------
    maps : numpy.ndarray
        One layer's output for a batch, (n, c, *spatial).
    count : int
        How many feature maps to return at most.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> maps = np.zeros((2, 3, 4, 4)); maps[1, 2, 0, 3] = 7
    >>> fc.visualize.strongest_activations(maps, 1)
    [Activation(image=1, feature_map=2, position=(0, 3), value=7.0)]
    """
    if maps.ndim < 2 or maps.size == 0:
        raise FastconvValueError(
            f"strongest_activations: maps must be of shape (n, c, *spatial) and not empty, got {maps.shape}"
        )
    by_map = np.moveaxis(maps, 1, 0)
    best = []
    for feature_map, plane in enumerate(by_map):
        image, *position = (int(index) for index in np.unravel_index(int(plane.argmax()), plane.shape))
        best.append(Activation(image, feature_map, tuple(position), float(plane.max())))
    return sorted(best, key=lambda activation: -activation.value)[:count]


def deconvnet(
    model: nn.Module,
    input: Array,
    layer: str,
    feature_map: int | None = None,
    position: tuple[int, ...] | None = None,
) -> Array:
    """Project one unit's activation back to the pixels that caused it.

    The network runs forward and its max pools note their switches. In the chosen layer's output everything
    but one unit is set to zero; then every layer is undone in reverse: pooling by unpooling to the switches,
    ReLU by rectifying what comes back, convolution by the transposed filters, without biases.

    Parameters
    ----------
    model : Sequential
        Of convolutions, ReLU, max and average pooling, Flatten and Linear up to `layer`.
    input : numpy.ndarray
        A batch (n, c, *spatial); each image is treated by itself.
    layer : str
        Name of the layer whose output holds the unit, such as "relu2".
    feature_map : int, optional
        Only this channel; by default the one with the strongest unit.
    position : tuple of int, optional
        Only this place; by default the strongest.

    Returns
    -------
    numpy.ndarray
        The reconstruction, of the shape and dtype of `input`.

    Raises
    ------
    FastconvValueError
        If the model has no such layer, or the layer no such unit.
    FastconvTypeError
        If there is a layer on the way that a deconvnet cannot undo.

    References
    ----------
    Zeiler & Fergus, "Visualizing and understanding convolutional networks", ECCV 2014, section 2.1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.random.default_rng(0).random((3, 1, 32, 32), np.float32)
    >>> fc.visualize.deconvnet(fc.models.LeNet5(rng=0), x, "relu2", feature_map=4).shape
    (3, 1, 32, 32)
    """
    names = [name for name, _ in _leaves("deconvnet", model)]
    if layer not in names:
        raise FastconvValueError(f"deconvnet: layer must be one of {names}, got layer={layer!r}")
    path = []
    with in_eval_mode(model):
        for step in _trace("deconvnet", model, input):
            path.append(step)
            if step[0] == layer:
                break
    signal = _only_strongest(path[-1][3], feature_map, position)
    for _, module, before, _ in reversed(path):
        signal = _undo(module, before, signal)
    return signal


def _only_strongest(maps: Array, feature_map: int | None, position: tuple[int, ...] | None) -> Array:
    """`maps` with one unit of each image kept, the strongest among those allowed."""
    place = (slice(None),) * (maps.ndim - 2) if position is None else tuple(position)
    where = (slice(None), slice(None) if feature_map is None else feature_map, *place)
    allowed = np.full(maps.shape, -np.inf)
    try:
        allowed[where] = maps[where]
    except IndexError:
        rule = f"feature_map and position must name a unit of the layer's output of shape {maps.shape}"
        given = f"feature_map={feature_map!r}, position={position!r}"
        raise FastconvValueError(f"deconvnet: {rule}, got {given}") from None
    n = len(maps)
    strongest = np.arange(n), allowed.reshape(n, -1).argmax(1)
    kept = np.zeros((n, maps[0].size), maps.dtype)
    kept[strongest] = maps.reshape(n, -1)[strongest]
    return kept.reshape(maps.shape)


def _undo(layer: nn.Module, input: Array, signal: Array) -> Array:
    """One step of the deconvnet: from what came back to `layer`'s output to what goes on to its input."""
    if isinstance(layer, _ConvNd) and layer.activation in (None, "relu") and not layer._channels_last:
        signal = signal if layer.activation is None else F.relu(signal)
        return layer._grad_input(input.shape, layer.weight.data, signal, *layer._geometry(), **layer._gradient_options())
    if isinstance(layer, nn.ReLU):
        return F.relu(signal)
    if isinstance(layer, _MaxPool):
        return _unpool(layer, input, signal)
    if isinstance(layer, _AvgPool):
        return layer._grad_input(input.shape, signal, *layer._options(), data_format=layer.data_format)
    if isinstance(layer, nn.Flatten):
        return signal.reshape(input.shape)
    if isinstance(layer, nn.Linear):
        return F.linear(signal, np.ascontiguousarray(layer.weight.data.T))
    raise FastconvTypeError(f"deconvnet: a {type(layer).__name__} layer cannot be undone, got layer={layer!r}")


def _unpool(layer: _MaxPool, input: Array, signal: Array) -> Array:
    window, layout = (layer.kernel_size, layer.stride, layer.padding), layer.data_format
    options = (*window, layer.dilation, layer.ceil_mode, True)
    switches = layer._pool(input, *options, data_format=layout)[1]
    unpool = _UNPOOL[layer._axes]
    return unpool(signal, switches, *window, input.shape, dilation=layer.dilation, data_format=layout)


def _leaves(where: str, model: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The layers of a (nested) Sequential in the order they run, by dotted name."""
    if isinstance(model, nn.Sequential):
        for name, child in model.named_children():
            yield from _leaves(where, child, f"{prefix}.{name}" if prefix else name)
    elif next(model.named_children(), None) is not None:
        raise FastconvTypeError(
            f"{where}: model must be made of Sequential and single layers, got a {type(model).__name__} with modules inside"
        )
    else:
        yield prefix, model


def _trace(where: str, model: nn.Module, input: Array) -> Iterator[tuple[str, nn.Module, Array, Array]]:
    """Run the model layer by layer: name, layer, its input, its output."""
    for name, layer in _leaves(where, model):
        output = layer(input)
        if not isinstance(output, np.ndarray):
            raise FastconvTypeError(f"{where}: layer {name!r} must return one array, got {type(output).__name__}")
        yield name, layer, input, output
        input = output
