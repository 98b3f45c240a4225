# SPDX-License-Identifier: BSD-3-Clause
"""The gradient of what lies around a convolution's input: what repeats the input adds to where it was copied from."""

from __future__ import annotations

from typing import Any

import numpy as np

from .checks import Axes
from .convolution import ConvSpec
from .interpolation import ResampleSpec, along_of, table_of
from .padding import border_places

CONSTANTS = ("zeros", "constant")


def repeated(conv: ConvSpec) -> list[tuple[int, int]]:
    """Return how far outside each end of each axis outputs read copies of the input."""
    found = []
    for axis, ((front, back), names) in enumerate(zip(conv.padding, conv.border, strict=True)):
        end = (conv.output[axis] - 1) * conv.stride[axis] + (conv.kernel[axis] - 1) * conv.dilation[axis] + 1 - front
        before, behind = (name not in CONSTANTS for name in names)
        found.append((before * front, behind * max(min(back, end - conv.size[axis]), 0)))
    return found


def padded_box(conv: ConvSpec) -> tuple[Axes, Axes]:
    """Return the size of the input with all its copies, and how far before it the first output reads."""
    pairs = repeated(conv)
    size: Axes = tuple(n + front + back for n, (front, back) in zip(conv.size, pairs, strict=True))  # type: ignore[assignment]
    fronts: Axes = tuple(pad - front for (pad, _), (front, _) in zip(conv.padding, pairs, strict=True))  # type: ignore[assignment]
    return size, fronts


def fold_of(conv: ConvSpec) -> ResampleSpec:
    """Return the copies that make the padded input of one image, of which the adjoint is wanted."""
    pairs = repeated(conv)
    places = [
        np.concatenate([border_places(names[0], n, front, 0)[:front], np.arange(n), border_places(names[1], n, 0, back)[n:]])
        for names, n, (front, back) in zip(conv.border, conv.size, pairs, strict=True)
    ]
    axes: Any = tuple(table_of(row[None], np.ones((1, len(row))), conv.dtype) for row in places)
    output, last = padded_box(conv)[0], conv.channels_last
    shape, planes = conv.array_shape(conv.c_in, output), 1 if last else conv.c_in
    along = along_of(axes[2], conv.size[2])
    return ResampleSpec(conv.function, conv.dtype, shape, planes, conv.c_in if last else 1, conv.size, output, axes, along)
