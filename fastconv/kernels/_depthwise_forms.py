# SPDX-License-Identifier: BSD-3-Clause
"""Which kernel computes a depthwise convolution, and the blocks of those that stage rows."""

from __future__ import annotations

from typing import Any

STAGE_BYTES = 24 << 10  # of a block's staged rows: about half of L1
WIDE_BLOCK = 512  # columns of a block, at most
SHORT_ROW = 8  # columns of which a vector would be half empty
SMALL_PLANE = 256  # pixels of a plane that is computed with channels in lanes, at most


def is_flat(spec: Any) -> bool:
    """Return whether there is no depth, not even of a border."""
    return spec.size[0] == spec.kernel[0] == spec.output[0] == 1 and spec.padding[0] == (0, 0)


def goes_by_rows(spec: Any) -> bool:
    """Return whether rows.c serves a spec."""
    return (
        not spec.channels_last
        and spec.kernel in ((1, 3, 3), (1, 5, 5))
        and is_flat(spec)
        and spec.stride[1:] in ((1, 1), (2, 2))
        and spec.dilation == (1, 1, 1)
        and max(spec.padding[2]) < spec.kernel[2]
    )


def goes_side_by_side(spec: Any, lanes: int) -> bool:
    """Return whether short.c serves a spec: rows of which two are a vector, and which fill more than a quarter of it."""
    (_, w), (before, after) = spec.size[1:], spec.padding[2]
    return (
        goes_by_rows(spec)
        and spec.kernel[2] == 3
        and spec.stride[2] == 1
        and not spec.bordered
        and spec.c_out > 1
        and {*spec.padding[1], before, after} <= {0, 1}
        and lanes // 8 < w <= lanes // 2 - max(before, after)
    )


def has_channels_in_lanes(spec: Any, lanes: int) -> bool:
    """Return whether channels.c serves a spec: NHWC, or many channels of small planes, which are staged whole."""
    if spec.channels_last:
        return True
    if goes_side_by_side(spec, lanes):
        return False
    _, h, w = spec.size
    return (
        is_flat(spec)
        and spec.c_out >= 8
        and (w <= SHORT_ROW or not goes_by_rows(spec))
        and min(min(pair) for pair in spec.padding[1:]) >= 0  # a phase of a transposed convolution may begin further on
        and h * w <= SMALL_PLANE
        and (h + sum(spec.padding[1])) * (w + sum(spec.padding[2])) <= 2 * SMALL_PLANE
    )


def axis(outputs: int, taps: int, stride: int, dilation: int) -> tuple[int, int, int, bool]:
    """Return (positions, step, tap, apart) of the inputs of some outputs along one axis, laid out the shorter way."""
    together, apart = (outputs - 1) * stride + (taps - 1) * dilation + 1, outputs * taps
    return (together, stride, dilation, False) if together <= apart else (apart, 1, outputs, True)


def windows_of(columns: int, spec: Any, lanes: int) -> tuple[int, int, bool]:
    """Return (windows, reals of each, apart) of a staged row whose consecutive outputs lie side by side."""
    stride, dilation, kw = spec.stride[2], spec.dilation[2], spec.kernel[2]
    phases = min(stride, (kw - 1) * dilation + 1)
    by_phase, by_tap = (-(-reals // lanes) * lanes for reals in (columns + (kw - 1) * dilation // stride, columns))
    return (phases, by_phase, False) if phases * by_phase <= kw * by_tap else (kw, by_tap, True)


def block_of(spec: Any, lanes: int, channels: bool) -> tuple[int, ...]:
    """Return the numbers of an fc_block; `channels`: whether channels are in lanes."""
    _, oh, ow = spec.output
    columns, rows = min(ow, WIDE_BLOCK), oh

    def plan(rows: int, columns: int) -> tuple[int, tuple[int, ...]]:
        staged_rows, *by_row = axis(rows, spec.kernel[1], spec.stride[1], spec.dilation[1])
        if channels:
            pitch, *along = axis(columns, spec.kernel[2], spec.stride[2], spec.dilation[2])
            windows, width = 1, lanes
        else:
            windows, pitch, apart = windows_of(columns, spec, lanes)
            along, width = [1, 0, apart], 1
        bytes = spec.kernel[0] * staged_rows * windows * pitch * width * spec.itemsize
        return bytes, (rows, *by_row, staged_rows, columns, *along, pitch, windows)

    # Rows are cut before columns; rows that follow each other are worth keeping by eights.
    while rows > 8 and plan(rows, columns)[0] > STAGE_BYTES:
        rows = -(-rows // 2)
    while columns > 2 * lanes and plan(rows, columns)[0] > STAGE_BYTES:
        columns = -(-columns // 2)
    while rows > 1 and plan(rows, columns)[0] > 2 * STAGE_BYTES:
        rows = -(-rows // 2)
    return plan(rows, columns)[1]
