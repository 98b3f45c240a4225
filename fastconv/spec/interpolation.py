# SPDX-License-Identifier: BSD-3-Clause
"""Interpolation: where the outputs of an axis lie between its pixels, and with which weights."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .checks import (
    LIMIT,
    OPTION,
    Axes,
    FastconvTypeError,
    FastconvValueError,
    batch_and_channels,
    channels_are_last,
    check_result,
    flag,
    is_sequence,
    one_of,
    show,
    whole,
)
from .padding import TakeSpec

MODES: dict[str, tuple[int, ...]] = {"nearest": (1, 2, 3), "nearest-exact": (1, 2, 3), "area": (1, 2, 3)}
MODES |= {"linear": (1,), "bilinear": (2,), "bicubic": (2,), "trilinear": (3,)}
LINEAR = ("linear", "bilinear", "trilinear")
KEYS, KEYS_SMOOTH = -0.75, -0.5  # torch's constants of the cubic kernel, without and with antialias
VECTOR = 16  # a row of a table is a whole number of vectors

# index and weights of (taps, outputs); place -1: no tap
Table = tuple[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class ResampleSpec:
    """Weighted sums along three axes; `along`: by the last axis' table, "same" as it is, or "doubled"."""

    function: str
    dtype: str
    output_shape: tuple[int, ...]
    planes: int
    inner: int
    size: Axes
    output: Axes
    axes: tuple[Table, Table, Table]
    along: str = "taps"

    @property
    def itemsize(self) -> int:
        return 4 if self.dtype == "float32" else 8

    def turned(self, input_shape: tuple[int, ...]) -> ResampleSpec:
        """Return the adjoint: the same with tables turned over."""
        axes = tuple(turned(table, size) for table, size in zip(self.axes, self.size, strict=True))
        along = "same" if self.along == "same" else "taps"
        return replace(self, output_shape=input_shape, size=self.output, output=self.size, axes=axes, along=along)  # type: ignore[arg-type]

    def turns_well(self) -> bool:
        """Return whether the tables of the adjoint are not much larger than these: else one pixel is in too many sums."""
        pairs = zip(self.axes, self.size, self.output, strict=True)
        return all(most_uses(table, size) * size <= 4 * outputs + 1024 for table, size, outputs in pairs)


@dataclass(frozen=True, slots=True)
class InterpolateSpec:
    """One interpolation, and the scale of each axis: pixels of the input for one of the output, None if the sizes tell."""

    function: str
    rank: int
    dtype: str
    mode: str
    align_corners: bool
    antialias: bool
    n: int
    c: int
    size: Axes
    output: Axes
    factors: tuple[float | None, ...]
    channels_last: bool

    @classmethod
    def make(
        cls, function: str, shape: tuple[int, ...], options: tuple[Any, ...], data_format: Any, dtype: str, argument: str
    ) -> InterpolateSpec:
        """Check an interpolation; `options`: size, scale_factor, mode, align_corners, recompute_scale_factor, antialias."""
        size, scale_factor, mode, align_corners, recompute, antialias = options
        if len(shape) not in (3, 4, 5):
            raise FastconvValueError(
                f"{function}: {argument} must have a batch, channels and 1 to 3 spatial axes, got {argument} of "
                f"shape {shape}"
            )
        rank = len(shape) - 2
        last = channels_are_last(function, data_format, rank)
        _, n, c, pixels = batch_and_channels(function, argument, shape, rank, last)
        mode = one_of(function, "mode", mode, tuple(MODES))
        if rank not in MODES[mode]:
            raise FastconvValueError(
                f"{function}: mode {mode!r} is for {MODES[mode][0]} spatial axes, got mode={mode!r} for {argument} of "
                f"shape {shape}"
            )
        aligned = align_corners is not None and flag(function, "align_corners", align_corners)
        smooth = flag(function, "antialias", antialias)
        if align_corners is not None and mode not in (*LINEAR, "bicubic"):
            raise FastconvValueError(
                f"{function}: align_corners must be None unless mode is linear or cubic, got align_corners={align_corners} "
                f"with mode={mode!r}"
            )
        if smooth and mode not in ("bilinear", "bicubic"):
            raise FastconvValueError(
                f"{function}: antialias must be False unless mode is 'bilinear' or 'bicubic', got antialias=True with "
                f"mode={mode!r}"
            )
        output, factors = sizes_of(function, pixels, rank, size, scale_factor, recompute)
        if math.prod(output) * math.prod(pixels) >= LIMIT * LIMIT or max(*output, *pixels) >= OPTION:
            raise FastconvValueError(f"{function}: sizes must stay below 2**31, got {output} of {argument} of shape {shape}")
        spec = cls(function, rank, dtype, mode, aligned, smooth, n, c, pixels, output, factors, last)
        check_result(
            function, spec.array_shape(output), spec.itemsize, f"size={show(size)}, scale_factor={show(scale_factor)}"
        )
        return spec

    @property
    def itemsize(self) -> int:
        return 4 if self.dtype == "float32" else 8

    @property
    def planes(self) -> int:
        return self.n if self.channels_last else self.n * self.c

    @property
    def inner(self) -> int:
        return self.c if self.channels_last else 1

    def array_shape(self, size: Axes) -> tuple[int, ...]:
        """Return the shape of an array of this size, in the layout of the call."""
        spatial = size[3 - self.rank :]
        return (self.n, *spatial, self.c) if self.channels_last else (self.n, self.c, *spatial)

    def nearest(self) -> list[Any]:
        """Return the place of each output along each axis."""
        exact = self.mode == "nearest-exact"
        axes = zip(self.size, self.output, self.factors, strict=True)
        return [nearest_places(*axis, exact, self.rank == 2, self.dtype) for axis in axes]

    def take(self) -> TakeSpec:
        """Return the copies of a nearest mode."""
        places: Any = tuple(self.nearest())
        w, ow = self.size[2], self.output[2]
        same = ow == w and bool((places[2] == np.arange(w)).all())
        twice = self.inner == 1 and ow == 2 * w and bool((places[2] == np.arange(ow) // 2).all())
        runs = np.array([0, ow if same else 0], np.int64)
        shape = self.array_shape(self.output)
        return TakeSpec(
            self.function,
            self.dtype,
            shape,
            self.planes,
            self.inner,
            self.size,
            (1, 1, 1),
            self.output,
            places,
            runs,
            1,
            twice,
        )

    def resample(self) -> ResampleSpec:
        """Return the weighted sums of any mode."""
        if self.mode.startswith("nearest"):
            axes = tuple(table_of(places[None], np.ones((1, len(places))), self.dtype) for places in self.nearest())
        else:
            one = table_of(np.zeros((1, 1), np.int64), np.ones((1, 1)), self.dtype)
            own = list(map(self.table, self.size, self.output, self.factors))[3 - self.rank :]
            axes = (*[one] * (3 - self.rank), *own)
        doubled = self.inner == 1 and self.mode in LINEAR and not (self.align_corners or self.antialias) and self.size[2] > 1
        half = scale_of(self.size[2], self.output[2], self.factors[2], False, self.dtype) == 0.5
        along = "doubled" if doubled and half and self.output[2] == 2 * self.size[2] else along_of(axes[2], self.size[2])
        return ResampleSpec(
            self.function,
            self.dtype,
            self.array_shape(self.output),
            self.planes,
            self.inner,
            self.size,
            self.output,
            axes,  # type: ignore[arg-type]
            along,
        )

    def table(self, size: int, outputs: int, factor: float | None) -> Table:
        """Return places and weights of an axis."""
        if self.mode == "area":
            return area_table(size, outputs, self.dtype)
        scale = scale_of(size, outputs, factor, self.align_corners, self.dtype)
        if self.antialias:
            return smooth_table(size, outputs, scale, self.mode == "bicubic", self.dtype)
        if self.mode == "bicubic":
            return cubic_table(size, outputs, scale, self.align_corners, self.dtype)
        return linear_table(size, outputs, scale, self.align_corners, self.dtype)


def sizes_of(
    function: str, pixels: Axes, rank: int, size: Any, scale_factor: Any, recompute: Any
) -> tuple[Axes, tuple[float | None, ...]]:
    """Return the output's sizes and the scale factors that are used as they are."""
    recompute = recompute is not None and flag(function, "recompute_scale_factor", recompute)
    if (size is None) == (scale_factor is None):
        raise FastconvValueError(
            f"{function}: size or scale_factor must be given, and only one, got size={show(size)} and "
            f"scale_factor={show(scale_factor)}"
        )
    lead = [1] * (3 - rank)
    if size is not None:
        if recompute:
            raise FastconvValueError(f"{function}: recompute_scale_factor is of no use with a size, got size={show(size)}")
        given = size if is_sequence(size) else [size] * rank
        check_count(function, "size", size, given, rank)
        return (*lead, *(whole(function, "size", s, 1, size, OPTION) for s in given)), (None,) * 3  # type: ignore[return-value]
    given = scale_factor if is_sequence(scale_factor) else [scale_factor] * rank
    check_count(function, "scale_factor", scale_factor, given, rank)
    factors = [positive(function, item, scale_factor) for item in given]
    output = [math.floor(n * f) if n * f < OPTION else OPTION for n, f in zip(pixels[3 - rank :], factors, strict=True)]
    if min(output) < 1 or max(output) >= OPTION:
        raise FastconvValueError(
            f"{function}: scale_factor must leave between 1 and 2**31 - 1 pixels an axis, got "
            f"scale_factor={show(scale_factor)} for size {pixels[3 - rank :]}"
        )
    return (*lead, *output), (*[None] * (3 - rank), *([None] * rank if recompute else factors))  # type: ignore[return-value]


def check_count(function: str, argument: str, value: Any, given: Any, rank: int) -> None:
    if len(given) != rank:
        raise FastconvValueError(
            f"{function}: {argument} must be one number or one for each of {rank} axes, got {argument}={show(value)}"
        )


def positive(function: str, item: Any, given: Any) -> float:
    """Return a scale factor."""
    if isinstance(item, bool) or not isinstance(item, (int, float, np.integer, np.floating)):
        raise FastconvTypeError(f"{function}: scale_factor must be a number or one an axis, got scale_factor={show(given)}")
    if not 0 < item < OPTION:
        raise FastconvValueError(
            f"{function}: scale_factor must be positive and below 2**31, got scale_factor={show(given)}"
        )
    return float(item)


def scale_of(size: int, outputs: int, factor: float | None, aligned: bool, dtype: str) -> Any:
    """Return the input's pixels for one of the output, in the arithmetic of the dtype as torch has it."""
    real = np.dtype(dtype).type
    if aligned:
        return real(size - 1) / real(outputs - 1) if outputs > 1 else real(0)
    return real(1.0 / factor) if factor is not None else real(size) / real(outputs)


def table_of(index: Any, weights: Any, dtype: str) -> Table:
    """Return a table with rows of whole vectors."""
    taps, outputs = index.shape
    shape = taps, -(-outputs // VECTOR) * VECTOR
    wide, heavy = np.full(shape, -1, np.int32), np.zeros(shape, dtype)
    wide[:, :outputs], heavy[:, :outputs] = index, weights
    return wide, heavy


def nearest_places(size: int, outputs: int, factor: float | None, exact: bool, image: bool, dtype: str) -> Any:
    """Return the pixel each output copies, in the arithmetic that torch has for images and that for the rest.

    The last step is in single precision in every dtype. Of images, those as large or twice as large have no other scale.
    """
    if image and not exact and outputs in (size, 2 * size):
        return np.arange(outputs) // (outputs // size)
    scale = scale_of(size, outputs, factor, False, "float32" if image else dtype)
    at = np.arange(outputs).astype(np.float64 if image and exact else scale.dtype)
    places = (at + at.dtype.type(0.5 * exact)) * at.dtype.type(scale)
    return np.minimum(np.floor(places.astype(np.float32)).astype(np.int64), size - 1)


def centres(outputs: int, scale: Any, aligned: bool, dtype: str) -> Any:
    """Return where the outputs lie, counted in pixels of the input."""
    at, half = np.arange(outputs).astype(dtype), np.asarray(0.5, dtype)
    return scale * at if aligned else scale * (at + half) - half


def linear_table(size: int, outputs: int, scale: Any, aligned: bool, dtype: str) -> Table:
    if size == outputs:  # whatever the scale, as in torch
        at = np.arange(size)
        return table_of(np.stack([at, at]), np.stack([np.ones(size), np.zeros(size)]), dtype)
    at = np.maximum(centres(outputs, scale, aligned, dtype), 0)
    low = np.minimum(at.astype(np.int64), size - 1)
    over = np.clip(at - low.astype(dtype), 0, 1)
    return table_of(np.stack([low, np.minimum(low + 1, size - 1)]), np.stack([1 - over, over]), dtype)


def keys(x: Any, a: float) -> Any:
    """Return Keys' cubic kernel."""
    x = np.abs(x)
    near, far = ((a + 2) * x - (a + 3)) * x * x + 1, ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0)).astype(x.dtype)


def cubic_table(size: int, outputs: int, scale: Any, aligned: bool, dtype: str) -> Table:
    at = centres(outputs, scale, aligned, dtype)
    low = np.floor(at)
    over = at - low
    taps = np.arange(-1, 3)[:, None]
    index = np.clip(low.astype(np.int64) + taps, 0, size - 1)
    return table_of(index, keys(over - taps.astype(dtype), KEYS), dtype)


def smooth_table(size: int, outputs: int, scale: Any, cubic: bool, dtype: str) -> Table:
    """Return the weights of a kernel stretched over the pixels that an output of a smaller image stands for."""
    if size == outputs:  # whatever the scale, as in torch
        return table_of(np.arange(size)[None], np.ones((1, size)), dtype)
    real = np.dtype(dtype).type
    stretch = max(scale, real(1))
    reach = real(2 if cubic else 1) * stretch
    centre = scale * (np.arange(outputs).astype(dtype) + real(0.5))
    first = np.maximum((centre - reach + real(0.5)).astype(np.int64), 0)
    count = np.minimum((centre + reach + real(0.5)).astype(np.int64), size) - first
    taps = np.arange(max(int(count.max()), 1))[:, None]
    x = ((taps + first).astype(dtype) - centre + real(0.5)) * (real(1) / stretch)
    weights = keys(x, KEYS_SMOOTH) if cubic else np.maximum(1 - np.abs(x), 0)
    weights = np.where(taps < count, weights, 0)
    total = weights.sum(axis=0)
    return table_of(np.where(taps < count, first + taps, -1), weights / np.where(total == 0, 1, total), dtype)


def area_table(size: int, outputs: int, dtype: str) -> Table:
    """Return the means over the pixels that an output overlaps."""
    at = np.arange(outputs, dtype=np.int64)
    first, end = at * size // outputs, -(-(at + 1) * size // outputs)
    taps = np.arange(int((end - first).max()))[:, None]
    inside = taps < end - first
    return table_of(np.where(inside, first + taps, -1), np.where(inside, 1 / (end - first), 0), dtype)


def along_of(table: Table, size: int) -> str:
    """Return how a row's outputs follow from its pixels: "same" if each is its pixel, else by "taps"."""
    index, weights = table
    wanted = np.where(np.arange(index.shape[1]) < size, np.arange(index.shape[1]), -1)
    same = len(index) == 1 and size <= index.shape[1] and (index[0] == wanted).all()
    return "same" if same and (weights[0, :size] == 1).all() else "taps"


def most_uses(table: Table, size: int) -> int:
    """Return in how many sums a pixel is at most."""
    used = table[0][table[0] >= 0]
    return int(np.bincount(used, minlength=size).max()) if used.size else 1


def turned(table: Table, size: int) -> Table:
    """Return the table of the adjoint: for each of `size` pixels the outputs that it is in, in their order."""
    index, weights = table
    output, tap = np.nonzero(index.T >= 0)
    pixel = index[tap, output]
    order = np.argsort(pixel, kind="stable")
    pixel, output, tap = pixel[order], output[order], tap[order]
    uses = np.bincount(pixel, minlength=size)
    nth = np.arange(len(pixel)) - (np.cumsum(uses) - uses)[pixel]
    places = np.full((max(int(uses.max()), 1), size), -1, np.int64)
    shares = np.zeros(places.shape, weights.dtype)
    places[nth, pixel], shares[nth, pixel] = output, weights[tap, output]
    return table_of(places, shares, str(weights.dtype))
