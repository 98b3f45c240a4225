# SPDX-License-Identifier: BSD-3-Clause
"""Switches of max pooling from one convention to another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...spec import (
    FORMATS,
    Axes,
    FastconvTypeError,
    FastconvValueError,
    PoolSpec,
    batch_and_channels,
    channels_are_last,
    flag,
    one_of,
    shape_of,
    show,
)
from .arrays import Array, check_rank, check_shape


class Grid:
    """The input that flat switches point into: its sizes and where its channels stand; no array."""

    def __init__(self, function: str, input_size: Any, data_format: Any) -> None:
        names = [name for pair in FORMATS.values() for name in pair]
        word = one_of(function, "data_format", data_format, names)
        self.function = function
        self.rank = next(rank for rank, pair in FORMATS.items() if word in pair)
        self.last = channels_are_last(function, word, self.rank)
        self.shape = shape_of(
            function, "input_size", input_size, (self.rank + 1, self.rank + 2), "(batch,) channels, spatial"
        )
        self.batched, self.n, self.c, size = batch_and_channels(function, "input_size", self.shape, self.rank, self.last)
        self.size = size[3 - self.rank :]
        self.plane = math.prod(self.size)

    def check(self, indices: Any, count: int, kinds: tuple[str, ...] = ("int64",)) -> Array:
        """Return switches as int64, all in [0, count), their batch and channels those of the input."""
        if not isinstance(indices, np.ndarray):
            raise FastconvTypeError(f"{self.function}: indices must be a NumPy array, got indices={show(indices)}")
        if indices.dtype.name not in kinds:
            raise FastconvTypeError(
                f"{self.function}: indices must be {' or '.join(kinds)}, got indices of dtype {indices.dtype}"
            )
        check_rank(self.function, "indices", indices, self.rank)
        lead = self.lead(self.shape)
        if indices.ndim != len(self.shape) or self.lead(indices.shape) != lead:
            raise FastconvValueError(
                f"{self.function}: indices must have the batch and channels {lead} of input_size={self.shape}, "
                f"got indices of shape {indices.shape}"
            )
        wrong = (indices < 0) | (indices >= count)
        if wrong.any():
            refuse(self.function, indices, wrong, f"lie in [0, {count}) for input_size={self.shape}")
        return indices.astype(np.int64, copy=False)

    def lead(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Batch, where there is one, and channels of a shape."""
        return (*shape[: self.batched], shape[-1]) if self.last else shape[: self.batched + 1]

    def along(self, axis: int, count: int) -> Array:
        """0 ... count - 1, along an axis of the arrays."""
        ndim = self.rank + 1 + self.batched
        return np.arange(count).reshape([-1 if i == axis % ndim else 1 for i in range(ndim)])

    def channel(self) -> Array:
        """Of every element its channel."""
        return self.along(-1 if self.last else self.batched, self.c)

    def image(self) -> Array | int:
        """Of every element its place in the batch."""
        return self.along(0, self.n) if self.batched else 0

    def spatial(self, axis: int) -> int:
        """Where spatial axis `axis` stands in the arrays."""
        return axis + self.batched + (not self.last)


def refuse(function: str, indices: Array, wrong: Array, rule: str) -> None:
    """Refuse the first switch that is wrong."""
    place = tuple(int(i[0]) for i in np.nonzero(wrong))
    raise FastconvValueError(f"{function}: indices must {rule}, got indices value {indices[place]} at position {place}")


def window(function: str, grid: Grid, indices: Any, options: tuple[Any, ...]) -> PoolSpec:
    """Return the pooling that compact switches belong to; `options` are those of max pooling."""
    layout = FORMATS[grid.rank][grid.last]
    spec = PoolSpec.make(function, grid.rank, grid.shape, *options, data_format=layout, input_name="input_size")
    spec.check_compact()
    if isinstance(indices, np.ndarray):
        check_shape(function, "indices", indices, spec.output_shape)
    return spec


def of_axis(axes: Axes, rank: int, axis: int) -> int:
    return axes[3 - rank + axis]


def to_compact(function: str, indices: Any, input_size: Any, options: tuple[Any, ...], data_format: Any) -> Array:
    """Turn flat switches into compact ones."""
    grid = Grid(function, input_size, data_format)
    spec = window(function, grid, indices, options)
    flat = grid.check(indices, grid.plane)
    taps, wrong = np.zeros(flat.shape, np.int64), np.zeros(flat.shape, bool)
    for axis, at in enumerate(np.unravel_index(flat, grid.size)):
        kernel, out, stride, gap, pad = (
            of_axis(axes, grid.rank, axis) for axes in (spec.kernel, spec.output, spec.stride, spec.dilation, spec.padding)
        )
        tap, rest = np.divmod(at - (grid.along(grid.spatial(axis), out) * stride - pad), gap)
        wrong |= (rest != 0) | (tap < 0) | (tap >= kernel)
        taps = taps * kernel + tap
    if wrong.any():
        refuse(function, flat, wrong, f"point to elements of their windows, of kernel_size={show(options[0])}")
    return taps.astype(np.uint8)


def to_flat(function: str, indices: Any, input_size: Any, options: tuple[Any, ...], data_format: Any) -> Array:
    """Turn compact switches into flat ones."""
    grid = Grid(function, input_size, data_format)
    spec = window(function, grid, indices, options)
    taps = grid.check(indices, math.prod(spec.kernel), ("uint8",))
    flat, wrong = np.zeros(taps.shape, np.int64), np.zeros(taps.shape, bool)
    for axis, tap in enumerate(np.unravel_index(taps, spec.kernel[3 - grid.rank :])):
        out, stride, gap, pad = (
            of_axis(axes, grid.rank, axis) for axes in (spec.output, spec.stride, spec.dilation, spec.padding)
        )
        at = grid.along(grid.spatial(axis), out) * stride - pad + tap * gap
        wrong |= (at < 0) | (at >= grid.size[axis])
        flat = flat * grid.size[axis] + at
    if wrong.any():
        refuse(function, taps, wrong, f"point inside the input of input_size={grid.shape}")
    return flat


def flat_switches(function: str, indices: Any, input_size: Any, data_format: Any) -> Array:
    """Check flat switches, which are torch's."""
    grid = Grid(function, input_size, data_format)
    return grid.check(indices, grid.plane)


def tensorflow_offset(grid: Grid, with_batch: bool) -> Any:
    """What TensorFlow counts beside position * channels."""
    return grid.channel() + (grid.image() * (grid.plane * grid.c) if with_batch else 0)


def to_tensorflow(function: str, indices: Any, input_size: Any, with_batch: bool, data_format: Any) -> Array:
    """Turn flat switches into what tf.nn.max_pool_with_argmax gives."""
    with_batch = flag(function, "include_batch_in_index", with_batch)
    grid = Grid(function, input_size, data_format)
    flat = grid.check(indices, grid.plane)
    return flat * grid.c + tensorflow_offset(grid, with_batch)


def from_tensorflow(function: str, indices: Any, input_size: Any, with_batch: bool, data_format: Any) -> Array:
    """Turn what tf.nn.max_pool_with_argmax gives into flat switches."""
    with_batch = flag(function, "include_batch_in_index", with_batch)
    grid = Grid(function, input_size, data_format)
    count = grid.plane * grid.c * (grid.n if with_batch else 1)
    given = grid.check(indices, count, ("int64", "int32"))
    flat, rest = np.divmod(given - tensorflow_offset(grid, with_batch), grid.c)
    wrong = (rest != 0) | (flat < 0) | (flat >= grid.plane)
    if wrong.any():
        refuse(function, given, wrong, "stay in their channel, and in their image where the batch counts")
    return flat


def onnx_plane(grid: Grid) -> Any:
    """Where each plane begins in the whole input."""
    return (grid.image() * grid.c + grid.channel()) * grid.plane


def order_of(function: str, storage_order: Any) -> Any:
    """Return NumPy's word for an ONNX storage order."""
    if type(storage_order) is not int or storage_order not in (0, 1):
        raise FastconvValueError(f"{function}: storage_order must be 0 or 1, got storage_order={show(storage_order)}")
    return "CF"[storage_order]


def to_onnx(function: str, indices: Any, input_size: Any, storage_order: Any, data_format: Any) -> Array:
    """Turn flat switches into the Indices of ONNX's MaxPool."""
    order = order_of(function, storage_order)
    grid = Grid(function, input_size, data_format)
    flat = grid.check(indices, grid.plane)
    if order == "F":
        flat = np.asarray(np.ravel_multi_index(np.unravel_index(flat, grid.size), grid.size, order="F"))
    return flat + onnx_plane(grid)


def from_onnx(function: str, indices: Any, input_size: Any, storage_order: Any, data_format: Any) -> Array:
    """Turn the Indices of ONNX's MaxPool into flat switches."""
    order = order_of(function, storage_order)
    grid = Grid(function, input_size, data_format)
    given = grid.check(indices, grid.plane * grid.c * grid.n)
    place = given - onnx_plane(grid)
    wrong = (place < 0) | (place >= grid.plane)
    if wrong.any():
        refuse(function, given, wrong, "stay in their planes")
    if order == "C":
        return place
    flat: Array = np.asarray(np.ravel_multi_index(np.unravel_index(place, grid.size, order="F"), grid.size))
    return flat
