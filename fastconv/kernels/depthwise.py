# SPDX-License-Identifier: BSD-3-Clause
"""One filter per channel.

Four kernels compute it, each the same chain of sums: src/depthwise/rows.c takes 3x3 and 5x5 kernels of steps of 1 and 2
over the planes of NCHW, and short.c those with short rows, two side by side; src/depthwise/channels.c has channels in
lanes, for NHWC and for planes of NCHW so small that a row would leave lanes empty; src/depthwise/staged.c stages the rows
of any other. A task owns some output rows and columns, at one depth, of some output channels of one image.
"""

from __future__ import annotations

from typing import Any

from ._conv import BoundConv
from ._cost import CLOCK, lanes_of, machine_of, vectors
from ._depthwise import Depthwise
from ._depthwise_forms import goes_by_rows, goes_side_by_side, has_channels_in_lanes

name = "depthwise"


def supports(spec: Any) -> str | None:
    if spec.groups != spec.c_in:
        return f"every group must have one input channel, got {spec.c_in // spec.groups}"
    return None


def seconds(spec: Any, isa: str) -> float:
    """Return the expected time.

    Kernels that move down by single steps share their loads between output rows.
    """
    machine = machine_of(isa)
    od, oh, ow = spec.output
    rows, wide = od * oh, vectors(machine, spec, ow)
    lanes = lanes_of(machine, spec)
    if has_channels_in_lanes(spec, lanes):
        deep = vectors(machine, spec, spec.c_out)
        inputs = spec.size[0] * spec.size[1] * spec.size[2]
        cost = deep * (od * oh * ow * (spec.taps * machine.slide + 4.0) + inputs * 4.0 + 200.0)
        return (machine.call + spec.n * cost) / CLOCK
    slides = spec.stride[1] == spec.dilation[1] == 1 and min(spec.kernel[1], oh) > 1
    each = machine.slide if slides else machine.still
    planes = -(-spec.c_out // 2) if goes_side_by_side(spec, lanes) else spec.c_out
    cost = planes * (rows * (spec.taps * wide * each + wide * 6.0) + 40.0)
    if not goes_by_rows(spec):
        cost += spec.c_out * 1.5 * rows * spec.stride[1] * spec.stride[2] * (wide * 4.0 + 10.0)
    return (machine.call + spec.n * cost) / CLOCK


def bind(spec: Any, isa: int, isa_name: str) -> BoundConv:
    return Depthwise(spec, isa, isa_name)
