# SPDX-License-Identifier: BSD-3-Clause
"""The cost of the smallest call, where arithmetic costs nothing: ``python -m benchmarks.overhead``.

One 3x3 filter on one 8x8 plane, through every driver installed, by turns, with one thread.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks.compare import choose_drivers, heading, measure
from benchmarks.layer import make_arrays, read_layers
from benchmarks.machine import calibrate
from benchmarks.peers import discover
from benchmarks.reference import expected
from benchmarks.report import Measurement, plain

SMALLEST = "tiny_3x3_1x1x8x8"


def smallest_call(seconds: float) -> tuple[Measurement, list[str]]:
    """Measure the smallest layer; also return what was installed."""
    (layer,) = read_layers(names=[SMALLEST])
    doors = [driver.name for driver in discover() if driver.role == "ours"]
    drivers, about = choose_drivers(doors, None)
    roof = calibrate(1)
    truth = expected(layer, make_arrays(layer))
    return measure(layer, roof, drivers, truth, seconds), heading(about, [roof])


def main(argv: Sequence[str] | None = None) -> int:
    """Print microseconds per call, and each driver's time as a share of the default call's."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=1.0, help="for each driver")
    measurement, about = smallest_call(parser.parse_args(argv).seconds)
    default = measurement.default()
    title = f"time / {default.driver.title}'s" if default else "no default to compare with"
    lines = []
    for result in measurement.results:
        if result.timing is None:
            lines.append([result.driver.title, result.problem, "", ""])
            continue
        t = result.timing
        share = f"{t.median / default.timing.median:.3f}" if default and default.timing else ""
        lines.append([result.driver.title, f"{t.median * 1e6:.2f}", f"{t.lower * 1e6:.2f}-{t.upper * 1e6:.2f}", share])
    print("\n".join(about), end="\n\n")
    print(plain(["driver", "us per call", "quartiles", title], lines))
    if measurement.is_disturbed:
        print(f"DISTURBED: other processes kept {measurement.disturbance:.2f} cores busy; take it again")
    return int(any(result.is_broken for result in measurement.results if result.driver.role == "ours"))


if __name__ == "__main__":
    sys.exit(main())
