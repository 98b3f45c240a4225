# SPDX-License-Identifier: BSD-3-Clause
"""The algorithm that never declines: register tiles of output channels x output columns, without a matrix of patches.

Computes, source, tile and accuracy: src/direct/forward.c, which works straight from the arrays whatever their layout, and
src/direct/staged.c, which first lays some input rows out by phase of the stride, border included; it serves layers of few
input channels, whose rows then stay in cache. A task owns some output rows, at one depth, of one image and of up to ROWS
(staged: all) output channels of one group.
"""

from __future__ import annotations

from typing import Any

from ._conv import BoundConv
from ._cost import CLOCK, machine_of, vectors
from ._direct import Direct, StagedDirect

name = "direct"

STAGE_BYTES = 96 << 10  # of the rows that a task stages, if they are more than one
STAGE_MOST = 160 << 10  # of a single one
STAGED_FLOPS = 200000  # below it staging costs more than it saves


def supports(spec: Any) -> str | None:
    return None


def stage_of(spec: Any) -> tuple[int, int, int] | None:
    """Return (most rows, pitch, rows of a task) of the stage, or None where the plain kernel serves better.

    Rows are those of one channel, depth and phase; a pitch is an odd number of cache lines, and so long that whole vectors
    can be read at every tap of the last output.
    """
    _, oh, ow = spec.output
    (_, sh, sw), (_, dh, dw), (kd, kh, kw) = spec.stride, spec.dilation, spec.kernel
    line = 64 // spec.itemsize
    reach = -(-ow // line) * line + (kw - 1) * dw // sw
    pitch = (-(-reach // line) | 1) * line
    row_bytes = spec.c_in // spec.groups * kd * sw * pitch * spec.itemsize
    if (
        spec.channels_last
        or spec.c_out // spec.groups < 4
        or spec.flops // max(spec.n, 1) < STAGED_FLOPS
        or row_bytes * ((kh - 1) * dh + 1) > STAGE_MOST
    ):
        return None
    rows = max(1, min(oh, 8, 1 + (STAGE_BYTES // row_bytes - (kh - 1) * dh - 1) // sh))
    return (rows - 1) * sh + (kh - 1) * dh + 1, pitch, rows


def seconds(spec: Any, isa: str) -> float:
    """Return the expected time.

    A row is computed in whole vectors, so short rows waste lanes. Staged, groups of eight channels share the loads;
    otherwise four do, fewer than three leave them unshared, and every row of a kernel costs some cycles before its first
    tap.
    """
    machine = machine_of(isa)
    od, oh, ow = spec.output
    c_in, c_out = spec.c_in // spec.groups, spec.c_out // spec.groups
    depth, rows, wide = c_in * spec.taps, od * oh, vectors(machine, spec, ow)
    stage = stage_of(spec)
    if stage is not None:
        most, pitch, together = stage
        eights = -(-c_out // 8)
        staged = rows / together * c_in * spec.kernel[0] * most * spec.stride[2] * vectors(machine, spec, pitch)
        cost = rows * eights * (depth * wide * 8 * machine.step + -(-wide // 3) * machine.tile) + staged * machine.stage
    else:
        fours, rest = c_out // 4, c_out % 4
        passes = machine.row * (fours + 0.8 * (rest // 2) + 0.5 * (rest % 2))
        scale = 3.5 if spec.channels_last else 2.8 if spec.stride[2] > 1 else 1.0
        starts = rows * -(-wide // 4) * (fours + rest // 2 + rest % 2)
        cost = depth * rows * wide * passes * scale + starts * (
            (300.0 if spec.channels_last else 50.0) + 22.0 * c_in * spec.kernel[0] * spec.kernel[1]
        )
    return (machine.call + spec.n * spec.groups * cost) / CLOCK


def bind(spec: Any, isa: int, isa_name: str) -> BoundConv:
    stage = stage_of(spec)
    return Direct(spec, isa, isa_name) if stage is None else StagedDirect(spec, isa, isa_name, stage)
