# SPDX-License-Identifier: BSD-3-Clause
"""Sampling grids and regions of interest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .checks import (
    OPTION,
    Axes,
    FastconvValueError,
    batch_and_channels,
    channels_are_last,
    check_result,
    flag,
    is_sequence,
    one_of,
    real,
    show,
    whole,
)

GRID_MODES = ("bilinear", "nearest", "bicubic")
GRID_BORDERS = ("zeros", "border", "reflection")
EXACT = {"float32": 1 << 24, "float64": OPTION}  # places that a coordinate can tell apart
SAMPLES = 1 << 16  # of a bin along an axis


@dataclass(frozen=True, slots=True)
class GridSpec:
    """One sampling of images of `size` at `output` places; mode and border are the kernels' numbers."""

    function: str
    rank: int
    dtype: str
    n: int
    c: int
    size: Axes
    output: Axes
    mode: int
    border: int
    align_corners: bool
    channels_last: bool = False

    @classmethod
    def make(
        cls,
        function: str,
        input_shape: tuple[int, ...],
        grid_shape: tuple[int, ...],
        options: tuple[Any, ...],
        data_format: Any,
        dtype: str,
        argument: str = "input",
    ) -> GridSpec:
        """Check a sampling; `options` are mode, padding_mode and align_corners."""
        if len(input_shape) not in (4, 5):
            raise FastconvValueError(f"{function}: {argument} must have 4 or 5 axes, got {argument} of shape {input_shape}")
        rank = len(input_shape) - 2
        last = channels_are_last(function, data_format, rank)
        _, n, c, size = batch_and_channels(function, argument, input_shape, rank, last)
        mode = one_of(function, "mode", options[0], GRID_MODES)
        border = one_of(function, "padding_mode", options[1], GRID_BORDERS)
        aligned = options[2] is not None and flag(function, "align_corners", options[2])
        if mode == "bicubic" and rank == 3:
            raise FastconvValueError(
                f"{function}: mode 'bicubic' is for images, with 2 axes, got {argument} of shape {input_shape}"
            )
        if len(grid_shape) != rank + 2 or grid_shape[0] != n or grid_shape[-1] != rank or 0 in grid_shape[1:]:
            raise FastconvValueError(
                f"{function}: grid must have shape ({n}, {'spatial' if rank == 3 else 'h, w'}, {rank}) for {argument} of "
                f"shape {input_shape}, and no axis of size 0 other than the batch, got grid of shape {grid_shape}"
            )
        if math.prod(size) >= OPTION or max(size) > EXACT[dtype]:
            raise FastconvValueError(
                f"{function}: {argument} must have planes of fewer than 2**31 elements, and axes of at most {EXACT[dtype]} "
                f"in {dtype}, got {argument} of shape {input_shape}"
            )
        output = (*[1] * (3 - rank), *grid_shape[1:-1])
        numbers = GRID_MODES.index(mode), GRID_BORDERS.index(border)
        spec = cls(function, rank, dtype, n, c, size, output, *numbers, aligned, last)  # type: ignore[arg-type]
        check_result(function, spec.output_shape, spec.itemsize, f"grid of shape {grid_shape}")
        return spec

    @property
    def itemsize(self) -> int:
        return 4 if self.dtype == "float32" else 8

    @property
    def pixels(self) -> int:
        return math.prod(self.output)

    @property
    def taps(self) -> int:
        return (2, 1, 4)[self.mode] ** self.rank

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.array_shape(self.size)

    @property
    def output_shape(self) -> tuple[int, ...]:
        return self.array_shape(self.output)

    def array_shape(self, size: Axes) -> tuple[int, ...]:
        """Return the shape of an array of this size, in the layout of the call."""
        spatial = size[3 - self.rank :]
        return (self.n, *spatial, self.c) if self.channels_last else (self.n, self.c, *spatial)


@dataclass(frozen=True, slots=True)
class RegionSpec:
    """Regions of interest of images; `samples` of a bin along an axis, 0: as many as it has pixels."""

    function: str
    dtype: str
    n: int
    c: int
    size: tuple[int, int]
    count: int
    output: tuple[int, int]
    scale: float
    samples: int = 0
    aligned: bool = False
    channels_last: bool = False

    @classmethod
    def make(
        cls,
        function: str,
        input_shape: tuple[int, ...],
        count: int,
        options: tuple[Any, ...],
        data_format: Any,
        dtype: str,
        argument: str = "input",
    ) -> RegionSpec:
        """Check regions; `options` are output_size, spatial_scale, sampling_ratio and aligned."""
        output_size, spatial_scale, sampling_ratio, aligned = options
        if len(input_shape) != 4:
            raise FastconvValueError(f"{function}: {argument} must have 4 axes, got {argument} of shape {input_shape}")
        last = channels_are_last(function, data_format, 2)
        _, n, c, (_, h, w) = batch_and_channels(function, argument, input_shape, 2, last)
        given = output_size if is_sequence(output_size) else (output_size,) * 2
        if len(given) != 2:
            raise FastconvValueError(
                f"{function}: output_size must be a whole number or (height, width), got output_size={show(output_size)}"
            )
        output = tuple(whole(function, "output_size", size, 1, output_size, OPTION) for size in given)
        scale = real(function, "spatial_scale", spatial_scale, dtype)
        samples = max(whole(function, "sampling_ratio", sampling_ratio, -OPTION, limit=SAMPLES), 0)
        if h * w >= OPTION:
            raise FastconvValueError(
                f"{function}: {argument} must have planes of fewer than 2**31 elements, got {input_shape}"
            )
        if scale <= 0:
            raise FastconvValueError(f"{function}: spatial_scale must be positive, got spatial_scale={show(spatial_scale)}")
        bent = flag(function, "aligned", aligned)
        spec = cls(function, dtype, n, c, (h, w), count, output, scale, samples, bent, last)  # type: ignore[arg-type]
        check_result(function, spec.output_shape, 8, f"output_size={show(output_size)} for {count} boxes")
        return spec

    @property
    def itemsize(self) -> int:
        return 4 if self.dtype == "float32" else 8

    @property
    def input_shape(self) -> tuple[int, ...]:
        return (self.n, *self.size, self.c) if self.channels_last else (self.n, self.c, *self.size)

    @property
    def output_shape(self) -> tuple[int, ...]:
        return (self.count, *self.output, self.c) if self.channels_last else (self.count, self.c, *self.output)
