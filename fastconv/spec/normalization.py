# SPDX-License-Identifier: BSD-3-Clause
"""Normalisation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .checks import FORMATS, FastconvValueError, flag, is_sequence, one_of, real, show, whole


def planes_of(
    function: str, shape: tuple[int, ...], data_format: Any, argument: str = "input", least: int = 2
) -> tuple[int, int, int, bool]:
    """Return n, c, the pixels of a plane, and whether the channels come last, of (n, c, *spatial)."""
    if len(shape) < least:
        raise FastconvValueError(
            f"{function}: {argument} must have at least {least} axes, the batch and the channels first, "
            f"got {argument} of shape {shape}"
        )
    names = FORMATS.get(len(shape) - 2, ("NC",))
    last = data_format is not None and one_of(function, "data_format", data_format, names) == names[-1] != "NC"
    n, *axes = shape
    c = axes.pop(-1 if last else 0)
    return n, c, math.prod(axes), last


@dataclass(frozen=True, slots=True)
class NormSpec:
    """One normalisation of (n, c, *spatial): by groups of `per` channels of an image or, per = 0, by channel."""

    function: str
    shape: tuple[int, ...]
    n: int
    c: int
    pixels: int
    channels_last: bool
    per: int
    eps: float
    given: bool

    @classmethod
    def make(
        cls,
        function: str,
        kind: str,
        shape: tuple[int, ...],
        *,
        own: Any = True,
        own_name: str = "training",
        num_groups: Any = None,
        eps: Any = 1e-5,
        data_format: Any = None,
        dtype: str = "float32",
    ) -> NormSpec:
        """Check what shapes and options of "batch", "instance" or "group" normalisation tell; own: the input's moments."""
        own = flag(function, own_name, own)
        n, c, pixels, last = planes_of(function, shape, data_format, least=3 if kind == "instance" else 2)
        per = {"batch": 0, "instance": 1}.get(kind, 0)
        if kind == "group":
            groups = whole(function, "num_groups", num_groups, 1)
            if c % groups:
                raise FastconvValueError(
                    f"{function}: num_groups must divide the channels of input, {c}, got num_groups={groups}"
                )
            per = c // groups
        count = n * pixels if kind == "batch" else pixels if kind == "instance" else (n * per) * pixels
        if own and (count == 1 or (count == 0 and kind == "batch" and c)):
            raise FastconvValueError(
                f"{function}: input must have more than 1 value per channel when {own_name}, got input of shape {shape}"
                if kind != "group"
                else f"{function}: input must have more than 1 value per group, got input of shape {shape}"
            )
        return cls(function, shape, n, c, pixels, last, per if own else 0, not_negative(function, eps, dtype), not own)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """What the kernels ask for."""
        return self.n, self.c, self.pixels

    @property
    def groups(self) -> int:
        """How many means there are."""
        return self.n * (self.c // self.per) if self.per else self.c

    @property
    def count(self) -> int:
        """Values a group has."""
        return self.per * self.pixels if self.per else self.n * self.pixels


def not_negative(function: str, eps: Any, dtype: str) -> float:
    """Return eps as a float."""
    number = real(function, "eps", eps, dtype)
    if number < 0:
        raise FastconvValueError(f"{function}: eps must not be negative, got eps={show(eps)}")
    return number


def normalized_items(function: str, shape: tuple[int, ...], normalized_shape: Any) -> tuple[tuple[int, ...], int]:
    """Return normalized_shape as a tuple, and how many items it has; it must end the input's shape."""
    sizes = normalized_shape if is_sequence(normalized_shape) else (normalized_shape,)
    wanted = tuple(whole(function, "normalized_shape", size, 0, normalized_shape) for size in sizes)
    if not wanted or shape[-len(wanted) :] != wanted:
        raise FastconvValueError(
            f"{function}: normalized_shape must be the last sizes of input of shape {shape}, "
            f"got normalized_shape={show(normalized_shape)}"
        )
    return wanted, math.prod(wanted)


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """One local response normalisation, as the kernels see it: volumes of d, h and w, and the step along w."""

    volumes: tuple[int, int, int, int, int]
    window: tuple[int, int, int]
    before: tuple[int, int, int]
    numbers: tuple[float, float, float]

    @classmethod
    def make(
        cls,
        function: str,
        shape: tuple[int, ...],
        options: tuple[Any, ...],
        region: Any,
        data_format: Any,
        dtype: str,
    ) -> WindowSpec:
        """Check everything that shapes and options, size, alpha, beta and k, tell."""
        size, alpha, beta, k = options
        size = whole(function, "size", size, 1, limit=1 << 31)
        a, b, first = (real(function, name, v, dtype) for name, v in (("alpha", alpha), ("beta", beta), ("k", k)))
        region = one_of(function, "region", region, ("across", "within"))
        n, c, pixels, last = planes_of(function, shape, data_format, least=3)
        rank = len(shape) - 2
        if rank > 3:
            raise FastconvValueError(f"{function}: input must have at most 3 spatial axes, got input of shape {shape}")
        if region == "across":
            volumes = (n * pixels, 1, 1, c, 1) if last else (n, 1, c, pixels, 1)
            window = (1, 1, size) if last else (1, size, 1)
        else:
            spatial = (*(1,) * (3 - rank), *(shape[1:-1] if last else shape[2:]))
            step = c if last else 1
            volumes = (n if last else n * c, spatial[0], spatial[1], spatial[2] * step, step)
            window = (*(1,) * (3 - rank), *(size,) * rank)  # type: ignore[assignment]
        before = tuple(extent // 2 for extent in window)
        return cls(volumes, window, before, (first, a / math.prod(window), b))  # type: ignore[arg-type]
