# SPDX-License-Identifier: BSD-3-Clause
"""Interleaved timing: calls take turns in short slices, so that a disturbance of the machine meets them all.

One call runs at any moment. Each slice opens with untimed calls: they bring the caches back and give the
other libraries' waiting threads time to fall asleep. The garbage collector is off meanwhile.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from time import perf_counter

import numpy as np

Call = Callable[[], object]

SLICE_S = 0.04
LEAD_IN_S = 0.006
SAMPLE_S = 50e-6
LEAST_ROUNDS = 3


@dataclass(frozen=True)
class Timing:
    """Seconds per call: the median of all samples and their quartiles."""

    median: float
    lower: float
    upper: float
    calls: int


def interleave(calls: Mapping[str, Call], seconds: float) -> dict[str, Timing]:
    """Time the calls by turns, each for about `seconds` in all.

    Examples
    --------
    >>> times = interleave({"sum": lambda: sum(range(1000))}, seconds=0.01)
    >>> times["sum"].median > 0
    True
    """
    batches = {name: _batch(call) for name, call in calls.items()}
    samples: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls)
    slice_s = min(SLICE_S, seconds / LEAST_ROUNDS)
    with _no_collection():
        for turn in range(max(LEAST_ROUNDS, round(seconds / slice_s))):
            for name in _rotated(order, turn):
                _run_slice(calls[name], batches[name], slice_s, samples[name])
    return {name: _summary(samples[name], batches[name]) for name in calls}


def _batch(call: Call) -> int:
    """Choose how many calls make one sample, so that reading the clock costs nothing beside them."""
    call()
    count = 1
    while _seconds(call, count) < SAMPLE_S:
        count *= 2
    return count


def _run_slice(call: Call, batch: int, slice_s: float, samples: list[float]) -> None:
    start = perf_counter()
    call()
    while perf_counter() - start < LEAD_IN_S:
        call()
    end = perf_counter() + slice_s
    samples.append(_seconds(call, batch) / batch)
    while perf_counter() < end:
        samples.append(_seconds(call, batch) / batch)


def _seconds(call: Call, count: int) -> float:
    start = perf_counter()
    for _ in repeat(None, count):
        call()
    return perf_counter() - start


def _rotated(order: list[str], turn: int) -> list[str]:
    """Begin each round with another call, so that none always follows the same neighbour's slice first."""
    first = turn % len(order)
    return order[first:] + order[:first]


def _summary(samples: list[float], batch: int) -> Timing:
    lower, median, upper = np.percentile(samples, (25, 50, 75))
    return Timing(float(median), float(lower), float(upper), len(samples) * batch)


@contextmanager
def _no_collection() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
