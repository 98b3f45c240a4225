# SPDX-License-Identifier: BSD-3-Clause
"""Compare fastconv with every library installed, layer by layer: ``python -m benchmarks.compare --help``.

For each layer every driver's result is checked against float64 first; a wrong one is reported and not timed.
The rest are timed by turns. README.md in this folder says what is timed and how the figures are to be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import report
from benchmarks.layer import Arrays, Layer, make_arrays, read_layers
from benchmarks.machine import Roof, calibrate, describe, usable_cores, watch_others
from benchmarks.peers import Driver, discover
from benchmarks.reference import OUR_ERROR, PEER_ERROR, Expected, expected, mismatch
from benchmarks.report import Measurement, Result, Row
from benchmarks.timing import Call, Timing, interleave

SMOKE_LAYERS, SMOKE_SECONDS = ("tiny_3x3_1x1x8x8", "lenet5_c3"), 0.15


def installed(drivers: Iterable[Driver]) -> tuple[list[Driver], list[str]]:
    """Separate the drivers that can be imported, and say of every one its version or why it is missing."""
    present, lines = [], []
    for driver in drivers:
        try:
            text = driver.versions() + (f"; {driver.note}" if driver.note else "")
            present.append(driver)
        except (ImportError, OSError) as error:
            text = f"missing ({error})"
        lines.append(f"{driver.title}: {text}")
    return present, lines


def measure(layer: Layer, roof: Roof, drivers: Sequence[Driver], truth: Expected, seconds: float) -> Measurement:
    """Check every driver on one layer, then time the correct ones by turns."""
    arrays = make_arrays(layer)
    with ExitStack() as limits:
        for driver in drivers:
            limits.enter_context(driver.limits(roof.threads))
        checked = [_check(driver, layer, arrays, roof.threads, truth) for driver in drivers]
        calls = {result.driver.name: call for result, call in checked if call}
        others = watch_others()
        timings = interleave(calls, seconds) if calls else {}
        disturbance = others()
        results = [_timed(result, timings.get(result.driver.name), layer, roof) for result, _ in checked]
    return Measurement(layer, roof, tuple(results), disturbance)


def _check(driver: Driver, layer: Layer, arrays: Arrays, threads: int, truth: Expected) -> tuple[Result, Call | None]:
    """Prepare a driver and compare its result with the truth; give its call only when the two agree."""
    reason = "no gradients" if layer.gradient and not driver.gradients else driver.supports(layer)
    if reason:
        return Result(driver, None, reason), None
    slack = (OUR_ERROR if driver.role == "ours" else PEER_ERROR) if layer.has_weights else 0.0
    try:
        call = driver.prepare(layer, arrays, threads)
        problem = mismatch(call(), truth, layer, slack)
    except Exception as error:  # whatever a library raises belongs in the table
        return Result(driver, None, f"ERROR: {type(error).__name__}: {' '.join(str(error).split())[:200]}"), None
    if problem:
        return Result(driver, None, f"MISMATCH: {problem}"), None
    return Result(driver, None), call


def _timed(result: Result, timing: Timing | None, layer: Layer, roof: Roof) -> Result:
    if timing is None:
        return result
    return Result(result.driver, timing, detail=result.driver.detail(layer, roof.threads))


def run(layers: Sequence[Layer], roofs: Sequence[Roof], drivers: Sequence[Driver], seconds: float) -> list[Measurement]:
    """Measure every layer with every number of threads, and print as it goes."""
    done: list[Measurement] = []
    for layer in layers:
        truth = expected(layer, make_arrays(layer))
        for roof in roofs:
            done.append(measure(layer, roof, drivers, truth, seconds))
            _print_measurement(done[-1])
    return done


def _print_measurement(measurement: Measurement) -> None:
    layer = measurement.layer
    print(f"{layer.name} [{layer.group}, {layer.net}], {measurement.roof.threads} thread(s)")
    for result in measurement.results:
        if result.timing or result.is_broken:
            print("   ", _result_line(result, measurement))
    for row in report.rows(measurement):
        ratio = f"{row.to_best:.2f}x the best peer's speed" if row.to_best else "no peer to compare with"
        print(f"    => {row.result.driver.title}: {ratio}  {row.flag}".rstrip())
    if measurement.is_disturbed:
        print(f"    DISTURBED: other processes kept {measurement.disturbance:.2f} cores busy")
    sys.stdout.flush()


def _result_line(result: Result, measurement: Measurement) -> str:
    if result.timing is None:
        return f"{result.driver.title:20s} {result.problem}"
    layer, roof, seconds = measurement.layer, measurement.roof, result.timing.median
    line = f"{result.driver.title:20s} {result.cell:>9s} ms {layer.flops / seconds / 1e9:8.1f} GFLOP/s"
    if roof.is_memory_bound(layer):
        line += f" {layer.bytes / seconds / 1e9:6.1f} GB/s"
    return f"{line} {100 * roof.fraction(layer, seconds):4.0f} % of roof  {result.detail}".rstrip()


def print_report(done: Sequence[Measurement], drivers: Sequence[Driver]) -> None:
    """Print the summary over all that was measured."""
    default = next((driver.title for driver in drivers if driver.role == "default"), "default")
    titles, lines = report.summary(_all_rows(done), default)
    print("\n" + report.plain(titles, lines) + "\n(ratios: other's time / ours; above 1 we are faster; geometric means)")
    broken = sum(row.result.is_broken for row in _all_rows(done))
    if broken:
        print(f"{broken} of our results were WRONG or failed, were not timed, and are in no mean above")
    disturbed = sum(measurement.is_disturbed for measurement in done)
    if disturbed:
        print(f"{disturbed} of {len(done)} measurements were DISTURBED by others and are in no mean above")


def table(done: Sequence[Measurement], drivers: Sequence[Driver], about: Sequence[str]) -> str:
    """Write everything as one Markdown document."""
    default = next((driver.title for driver in drivers if driver.role == "default"), "default")
    full = report.markdown(report.headings(drivers), [report.cells(row, drivers) for row in _all_rows(done)])
    return "\n".join(
        [
            *(f"- {line}" for line in about),
            "",
            full,
            report.markdown(*report.summary(_all_rows(done), default)),
        ]
    )


def document(done: Sequence[Measurement], about: Sequence[str], roofs: Sequence[Roof], seconds: float) -> dict[str, object]:
    """Collect everything for the JSON file."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe(), "drivers": list(about), "roofs": [asdict(roof) for roof in roofs],
        "seconds_per_driver": seconds, "results": [entry for m in done for entry in report.record(m)],
    }  # fmt: skip


def _all_rows(done: Sequence[Measurement]) -> list[Row]:
    return [row for measurement in done for row in report.rows(measurement)]


def choose_drivers(doors: Sequence[str], peers: Sequence[str] | None) -> tuple[list[Driver], list[str]]:
    """Pick our doors and the peers asked for (all when None) among those installed."""

    def is_asked(driver: Driver) -> bool:
        return driver.name in doors if driver.role == "ours" else peers is None or driver.name in peers

    return installed(driver for driver in discover() if is_asked(driver))


def heading(about: Iterable[str], roofs: Iterable[Roof]) -> list[str]:
    """Say on what machine, with what limits and with which libraries the figures were taken."""
    machine = describe()
    settings = f"settings: {machine['settings'] or 'none of OMP_*, MKL_*, FASTCONV_* is set'}"
    return [
        f"{machine['cpu']}, {machine['cores']} core(s), load {machine['load']}",
        settings,
        *map(str, roofs),
        *about,
    ]


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    drivers = discover()
    doors = [driver.name for driver in drivers if driver.role == "ours"]
    peers = [driver.name for driver in drivers if driver.role != "ours"]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--group", nargs="+", default=[], metavar="G", help="groups of layers; all when none is named")
    parser.add_argument("--layer", nargs="+", default=[], metavar="NAME", help="single layers")
    parser.add_argument("--threads", nargs="+", type=int, default=sorted({1, usable_cores()}), metavar="N")
    parser.add_argument("--door", nargs="+", choices=doors, default=doors, help="our doors; both when none is named")
    parser.add_argument("--peer", nargs="*", choices=peers, help="other libraries; all that are installed when not given")
    parser.add_argument("--seconds", type=float, default=0.5, metavar="S", help="for each driver, layer and thread count")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here")
    parser.add_argument("--table", type=Path, metavar="FILE.md", help="write the tables here")
    parser.add_argument("--smoke", action="store_true", help="two tiny layers, a fraction of a second, no peers")
    options = parser.parse_args(argv)
    if options.seconds <= 0 or min(options.threads) < 1:
        parser.error("--seconds and --threads must be positive")
    _choose_layers(options, parser)
    return options


def _choose_layers(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Set ``options.layers`` from the words given, and everything else when it is only a smoke run."""
    if options.smoke:
        options.group, options.layer, options.threads = [], list(SMOKE_LAYERS), [1]
        options.peer, options.seconds = [], SMOKE_SECONDS
    try:
        options.layers = read_layers(options.group, options.layer)
    except ValueError as error:
        parser.error(str(error))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the comparison; the status is 1 when one of our results is wrong or missing."""
    options = _arguments(argv)
    drivers, about = choose_drivers(options.door, options.peer)
    roofs = [calibrate(threads) for threads in options.threads]
    about = heading(about, roofs)
    print("\n".join(about), end="\n\n")
    done = run(options.layers, roofs, drivers, options.seconds)
    print_report(done, drivers)
    if options.json:
        options.json.write_text(json.dumps(document(done, about, roofs, options.seconds), indent=1) + "\n")
    if options.table:
        options.table.write_text(table(done, drivers, about))
    return int(any(row.result.is_broken for row in _all_rows(done)))


if __name__ == "__main__":
    sys.exit(main())
