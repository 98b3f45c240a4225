# SPDX-License-Identifier: BSD-3-Clause
"""The speed figures that the first version promises: ``python -m benchmarks.acceptance``.

The status is 0 only when every figure was measured and met.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.machine import MOST_DISTURBANCE, calibrate, watch_others
from benchmarks.overhead import smallest_call
from benchmarks.report import Result, plain
from benchmarks.timing import Timing, interleave

ALGORITHM = "im2col_gemm"
FLOPS = 2 * 64 * 64 * 9 * 56 * 56
LEAST_SHARE_OF_PEAK, LEAST_SPEED_UP = 0.70, 1.85
MOST_OF_DEFAULT = {"function": 1 / 4, "layer": 1 / 8}


@dataclass(frozen=True)
class Figure:
    """One promise: what was measured (None when it could not be), and the limit it must keep."""

    name: str
    value: float | None
    limit: float
    at_least: bool
    note: str = ""
    disturbance: float = 0.0

    @property
    def verdict(self) -> str:
        """Whether the promise is kept; a disturbed figure proves neither."""
        if self.value is None:
            return "MISSED"
        if self.disturbance > MOST_DISTURBANCE:
            return f"DISTURBED, {self.disturbance:.2f} cores taken"
        return "met" if (self.value >= self.limit if self.at_least else self.value <= self.limit) else "MISSED"

    def cells(self) -> list[str]:
        """Write the figure as a row."""
        value = "not measured" if self.value is None else f"{self.value:.3f}"
        sign = ">=" if self.at_least else "<="
        return [self.name, value, f"{sign} {self.limit:.3f}", self.verdict, self.note]


def dense_figures(seconds: float) -> list[Figure]:
    """Time conv2d 1x64x56x56 -> 64, 3x3, padding 1, with one and with two threads, by turns.

    The peak is calibrated before and after, and the higher one counts: a disturbed calibration cannot help.
    """
    from fastconv import functional

    random = np.random.default_rng(0)
    x, weight, bias = (random.standard_normal(s, dtype=np.float32) for s in ((1, 64, 56, 56), (64, 64, 3, 3), (64,)))
    call = partial(functional.conv2d, x, weight, bias, padding=1, algorithm=ALGORITHM)
    others = watch_others()
    before = calibrate(1).flops_per_s
    times = interleave({f"{n}": partial(call, num_threads=n) for n in (1, 2)}, seconds)
    peak = max(before, calibrate(1).flops_per_s)
    return _dense_rows(times["1"], times["2"], peak, others())


def _dense_rows(one: Timing, two: Timing, peak: float, disturbance: float) -> list[Figure]:
    rate = FLOPS / one.median
    note = f"{one.median * 1e3:.3f} ms, {rate / 1e9:.1f} of {peak / 1e9:.1f} GFLOP/s"
    return [
        Figure(
            f"{ALGORITHM}, share of the FMA peak", rate / peak, LEAST_SHARE_OF_PEAK, True,
            note, disturbance,
        ),
        Figure(
            f"{ALGORITHM}, speed-up with 2 threads", one.median / two.median, LEAST_SPEED_UP, True,
            f"{two.median * 1e3:.3f} ms", disturbance,
        ),
    ]  # fmt: skip


def tiny_figures(seconds: float) -> list[Figure]:
    """Compare the smallest call through each door with the default library's plain call."""
    measurement, _ = smallest_call(seconds)
    default = measurement.default()
    ours = {result.driver.name: result for result in measurement.results}
    taken = measurement.disturbance
    return [_tiny_row(door, ours.get(door), default, limit, taken) for door, limit in MOST_OF_DEFAULT.items()]


def _tiny_row(door: str, ours: Result | None, default: Result | None, limit: float, taken: float) -> Figure:
    other = default.driver.title if default else "the default"
    name = f"smallest call through the {door}, share of {other}'s time"
    if ours is None or ours.timing is None or default is None or default.timing is None:
        return Figure(name, None, limit, False, ours.problem if ours else "")
    a, b = ours.timing.median, default.timing.median
    return Figure(name, a / b, limit, False, f"{a * 1e6:.2f} us, {b * 1e6:.2f} us", taken)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.acceptance", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="for each call that is timed")
    seconds = parser.parse_args(argv).seconds
    figures = [*dense_figures(seconds), *tiny_figures(seconds)]
    print(plain(["figure", "measured", "promised", "", "times"], [figure.cells() for figure in figures]))
    return int(not all(figure.verdict == "met" for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
