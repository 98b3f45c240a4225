# SPDX-License-Identifier: BSD-3-Clause
"""Which layers an image library can do: few planes, one filter to each output plane, the same size out."""

from __future__ import annotations

from benchmarks.layer import Layer

MOST_PLANES = 4


def supports(layer: Layer) -> str | None:
    """Say why a layer is no filter of an image, or None."""
    if layer.op != "conv2d" or layer.window[1] != 1 or layer.input[0] * layer.window[0] > MOST_PLANES:
        return "not a filter of a few planes"
    steps = {*layer.stride, *layer.dilation}
    same_size = all(2 * pad + 1 == size for pad, size in zip(layer.pads, layer.kernel, strict=True))
    if steps != {1} or not layer.is_symmetric or not same_size:
        return "not a filter of the same size"
    return None


def planes(layer: Layer) -> list[tuple[int, int, int]]:
    """List ``(image, input channel, output channel)`` of every plane to filter."""
    outputs = layer.window[0] // layer.groups
    return [(n, c // outputs, c) for n in range(layer.input[0]) for c in range(layer.window[0])]
