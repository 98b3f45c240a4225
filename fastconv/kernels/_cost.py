# SPDX-License-Identifier: BSD-3-Clause
"""What the cost model knows of an instruction set: a few constants, from which each algorithm's `seconds` is put together.

Source: the constants are least-squares fits of `python -m benchmarks.sweep` over random layers, not of a list of known ones.
Only their ratios decide anything; CLOCK turns cycles into the seconds that `explain` shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CLOCK = 3e9  # cycles a second, nominally


@dataclass(frozen=True, slots=True)
class Machine:
    """Cycles, where nothing else is said, for one vector."""

    lanes: int  # float32 in a vector
    step: float  # a multiply-add in a register tile whose operands are in cache
    pack: float  # packing one vector of patches at stride 1
    gather: float  # the same at another stride
    direct: float  # a multiply-add of the direct kernel
    transform: float  # one tile and channel vector of a Winograd transform with 36 points, in or out
    stream: float  # bytes a cycle that arrive from beyond L2
    call: float  # whatever a call costs


MACHINES = {
    "scalar": Machine(1, 0.6, 1.5, 2.0, 0.9, 220.0, 4.0, 2500.0),
    "avx2": Machine(8, 0.55, 3.0, 9.0, 0.9, 260.0, 4.0, 2500.0),
    "avx512": Machine(16, 0.6, 5.0, 9.0, 1.0, 400.0, 4.0, 2500.0),
}


def machine_of(isa: str) -> Machine:
    return MACHINES.get(isa, MACHINES["scalar"])


def vectors(machine: Machine, spec: Any, reals: int) -> int:
    """Return how many vectors hold so many reals of the spec's width."""
    lanes = max(machine.lanes * 4 // spec.itemsize, 1)
    return -(-reals // lanes)
