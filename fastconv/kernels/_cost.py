# SPDX-License-Identifier: BSD-3-Clause
"""What the cost model knows of an instruction set: a few constants, from which each algorithm's `seconds` is put together.

Source: least-squares fits of the times that `python -m benchmarks.sweep --json` took of random layers; no list of known
layers. Only ratios decide anything; CLOCK turns cycles into the seconds that `explain` shows. All constants are cycles of a
core, for one vector where nothing else is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CLOCK = 3e9  # cycles a second, nominally
L2 = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Machine:
    """One instruction set, float32 vectors of `lanes`."""

    lanes: int
    step: float  # a multiply-add in a register tile whose operands are in cache
    lone: float  # the same where the tile is one vector wide and each multiply-add has a load of its own
    tile: float  # beginning and storing a tile of the matrix product
    pack: float  # packing patches that lie together in memory
    piece: float  # the same for each piece of a panel that row ends cut up, or
    picked: float  # that a stride takes apart
    aim: float  # finding where a piece of a panel lies at one tap
    run: float  # copying a run of channels
    turn: float  # turning over
    point: float  # transforming to or from one of Winograd's points
    filters: float  # a byte of filters that comes from beyond L2
    row: float  # four rows of the direct kernel's multiply-adds, which load what they multiply
    stage: float  # staging input rows
    slide: float  # a multiply-add of the depthwise kernel that shares loads between rows, or
    still: float  # that does not
    call: float  # whatever a call costs


MACHINES = {
    "scalar": Machine(1, 0.9, 0.9, 60, 2.5, 2.5, 4, 8, 3, 4, 6, 0.33, 4.0, 3, 1.5, 2.5, 2500),
    "avx2": Machine(8, 0.69, 1.2, 100, 3.0, 4.0, 12, 8, 5.5, 4, 8, 0.33, 4.2, 10, 1.0, 2.6, 2500),
    "avx512": Machine(16, 0.69, 1.45, 137, 3.7, 4.0, 10, 8.5, 9.5, 8, 10, 0.33, 4.9, 10.6, 1.1, 2.9, 2500),
}


def machine_of(isa: str) -> Machine:
    return MACHINES.get(isa, MACHINES["scalar"])


def lanes_of(machine: Machine, spec: Any) -> int:
    """Return how many reals of the spec's width a vector has."""
    return max(machine.lanes * 4 // spec.itemsize, 1)


def vectors(machine: Machine, spec: Any, reals: int) -> int:
    """Return how many vectors hold so many reals of the spec's width."""
    return -(-reals // lanes_of(machine, spec))


def reading(machine: Machine, filters: int) -> float:
    """Return the cycles that so many bytes of filters take to arrive; it is done while others are multiplied."""
    return max(filters - L2, 0) * machine.filters


def channel_steps(machine: Machine, spec: Any) -> float:
    """Return the cycles of one step of a row of channels in lanes, which are taken two vectors at a time."""
    wide = vectors(machine, spec, spec.c_out // spec.groups)
    return wide // 2 * 2 * machine.step + wide % 2 * machine.lone
