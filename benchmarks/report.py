# SPDX-License-Identifier: BSD-3-Clause
"""From measurements to rows, tables and a summary; no timing and no library is known here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import exp, log

from benchmarks.layer import Layer
from benchmarks.machine import MOST_DISTURBANCE, Roof
from benchmarks.peers import Driver
from benchmarks.timing import Timing


@dataclass(frozen=True)
class Result:
    """What came of one driver on one layer: a timing, or a problem that kept it from being timed."""

    driver: Driver
    timing: Timing | None
    problem: str = ""
    detail: str = ""

    @property
    def is_broken(self) -> bool:
        """Whether the driver was wrong or failed, rather than having nothing for this layer."""
        return self.problem.startswith(("MISMATCH", "ERROR"))

    @property
    def cell(self) -> str:
        """The time in milliseconds, or a word for why there is none."""
        if self.timing is None:
            return self.problem.partition(":")[0] if self.is_broken else ""
        return milliseconds(self.timing.median)


@dataclass(frozen=True)
class Measurement:
    """Every driver's result on one layer with one number of threads; ``disturbance`` is in cores."""

    layer: Layer
    roof: Roof
    results: tuple[Result, ...]
    disturbance: float = 0.0

    @property
    def is_disturbed(self) -> bool:
        """Whether other processes took enough of the machine to make the timings doubtful."""
        return self.disturbance > MOST_DISTURBANCE

    def best_peer(self) -> Result | None:
        """The quickest correct driver that is not ours."""
        timed = [r for r in self.results if r.timing and r.driver.role != "ours"]
        return min(timed, key=lambda r: r.timing.median if r.timing else 0.0, default=None)

    def default(self) -> Result | None:
        """The driver of the call that most people make today."""
        return next((r for r in self.results if r.timing and r.driver.role == "default"), None)


@dataclass(frozen=True)
class Row:
    """One door of ours on one layer, and the peers beside it. A ratio above 1 means that we are faster."""

    measurement: Measurement
    result: Result

    @property
    def to_default(self) -> float | None:
        return _ratio(self.measurement.default(), self.result)

    @property
    def to_best(self) -> float | None:
        return _ratio(self.measurement.best_peer(), self.result)

    @property
    def flag(self) -> str:
        """Name whoever beats us, or the problem that kept us from being timed."""
        if self.result.problem:
            return self.result.problem
        best, ratio = self.measurement.best_peer(), self.to_best
        return f"{best.driver.title} is faster" if best and ratio and ratio < 1 else ""

    @property
    def remark(self) -> str:
        """The flag, and whether the timing is to be trusted."""
        return "; ".join(filter(None, (self.flag, "DISTURBED" if self.measurement.is_disturbed else "")))


def milliseconds(seconds: float) -> str:
    """Write a time with three digits or more.

    Examples
    --------
    >>> milliseconds(0.0123456), milliseconds(2.5e-6)
    ('12.35', '0.0025')
    """
    ms = seconds * 1e3
    return f"{ms:.1f}" if ms >= 100 else f"{ms:.2f}" if ms >= 1 else f"{ms:.4f}"


def rows(measurement: Measurement) -> list[Row]:
    """Give one row for each of our doors that computes the layer."""
    ours = [result for result in measurement.results if result.driver.role == "ours"]
    return [Row(measurement, result) for result in ours if result.timing or result.is_broken]


def headings(drivers: Sequence[Driver]) -> list[str]:
    """Name the columns of `cells`."""
    peers = [driver.title for driver in drivers if driver.role != "ours"]
    default = next((driver.title for driver in drivers if driver.role == "default"), "default")
    ours = ["layer", "thr", "door", "algorithm", "ms", "GFLOP/s", "GB/s", "% roof"]
    return [*ours, *peers, f"vs {default}", "vs best peer", "flag"]


def cells(row: Row, drivers: Sequence[Driver]) -> list[str]:
    """Write one row; bandwidth only where memory is the limit, other libraries' times in milliseconds."""
    measurement, result = row.measurement, row.result
    layer, roof = measurement.layer, measurement.roof
    timed = {r.driver.name: r.cell for r in measurement.results}
    peers = [timed.get(driver.name, "") for driver in drivers if driver.role != "ours"]
    rates = ["", "", ""]
    if result.timing:
        seconds = result.timing.median
        bandwidth = f"{layer.bytes / seconds / 1e9:.1f}" if roof.is_memory_bound(layer) else ""
        rates = [
            f"{layer.flops / seconds / 1e9:.1f}",
            bandwidth,
            f"{100 * roof.fraction(layer, seconds):.0f}",
        ]
    head = [layer.name, str(roof.threads), result.driver.name, result.detail, result.cell, *rates]
    return [*head, *peers, _times(row.to_default), _times(row.to_best), row.remark]


def markdown(titles: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    text = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    return "\n".join(text + ["| " + " | ".join(line) + " |" for line in lines]) + "\n"


def plain(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Write a table for the terminal."""
    widths = [max(len(line[i]) for line in (titles, *lines)) for i in range(len(titles))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in (titles, *lines))


SUMMARY_HEADINGS = (
    "group",
    "thr",
    "door",
    "layers",
    "faster than {0}",
    "mean vs {0}",
    "faster than all",
    "mean vs best",
)


def summary(all_rows: Iterable[Row], default: str) -> tuple[list[str], list[list[str]]]:
    """Count wins and take geometric means for each group, number of threads and door, and over all groups.

    Returns
    -------
    headings, lines
        The second number of a count is that of the layers where the comparison could be made. Disturbed
        measurements count nowhere.
    """
    kept = [row for row in all_rows if row.result.timing and not row.measurement.is_disturbed]
    lines = [line for group in (*sorted({r.measurement.layer.group for r in kept}), "all") for line in _group(kept, group)]
    return [heading.format(default) for heading in SUMMARY_HEADINGS], lines


def _group(kept: Sequence[Row], group: str) -> list[list[str]]:
    chosen = [row for row in kept if group in (row.measurement.layer.group, "all")]
    chosen.sort(key=_threads_and_door)
    return [[group, str(t), door, *_counts(list(part))] for (t, door), part in groupby(chosen, _threads_and_door)]


def _threads_and_door(row: Row) -> tuple[int, str]:
    return row.measurement.roof.threads, row.result.driver.name


def _counts(part: Sequence[Row]) -> list[str]:
    to_default = [row.to_default for row in part if row.to_default]
    to_best = [row.to_best for row in part if row.to_best]
    return [str(len(part)), _wins(to_default), _mean(to_default), _wins(to_best), _mean(to_best)]


def _wins(ratios: Sequence[float]) -> str:
    return f"{sum(ratio > 1 for ratio in ratios)} of {len(ratios)}" if ratios else "-"


def _mean(ratios: Sequence[float]) -> str:
    return _times(exp(sum(map(log, ratios)) / len(ratios))) if ratios else "-"


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def _ratio(other: Result | None, ours: Result) -> float | None:
    if other is None or other.timing is None or ours.timing is None:
        return None
    return other.timing.median / ours.timing.median


def record(measurement: Measurement) -> list[dict[str, object]]:
    """Turn a measurement into plain data, one entry per driver, for the JSON file."""
    layer, roof = measurement.layer, measurement.roof
    shared = {
        "layer": layer.name, "group": layer.group, "net": layer.net, "op": layer.op, "input": layer.input,
        "window": layer.window, "threads": roof.threads, "flops": layer.flops, "bytes": layer.bytes,
        "bound": "memory" if roof.is_memory_bound(layer) else "compute",
        "disturbed": measurement.is_disturbed, "cores_taken_by_others": measurement.disturbance,
    }  # fmt: skip
    return [shared | _result_record(layer, roof, result) for result in measurement.results]


def _result_record(layer: Layer, roof: Roof, result: Result) -> dict[str, object]:
    driver = result.driver
    entry: dict[str, object] = {"driver": driver.name, "title": driver.title, "role": driver.role}
    entry |= {"algorithm": result.detail, "problem": result.problem}
    if result.timing is None:
        return entry
    t = result.timing
    return entry | {
        "ms": t.median * 1e3, "ms_quartiles": [t.lower * 1e3, t.upper * 1e3], "calls": t.calls,
        "gflops": layer.flops / t.median / 1e9, "gbytes_per_s": layer.bytes / t.median / 1e9,
        "fraction_of_roof": roof.fraction(layer, t.median),
    }  # fmt: skip
