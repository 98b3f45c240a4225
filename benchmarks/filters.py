# SPDX-License-Identifier: BSD-3-Clause
"""Filters of images, beside OpenCV, SciPy, scikit-image, PyTorch and astropy: ``python -m benchmarks.filters``.

Every result is compared with double precision first; a wrong one is reported and not timed. The rest are timed by turns.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.filter_cases import MODULES, OURS, Case, Goal, cases
from benchmarks.machine import MOST_DISTURBANCE, describe, process_memory, usable_cores, watch_others
from benchmarks.report import milliseconds, plain
from benchmarks.timing import Call, Timing, interleave

# A call that takes longer is timed apart, in few rounds: it would fill the others' time, and it is no close race. One that
# takes longer still is timed once.
SLOW_S, SLOW_ROUNDS_S, ONCE_S = 0.3, 0.12, 2.0
SMOKE_SIZE, SMOKE_DEPTH, SMOKE_SECONDS = 128, 20, 0.01
TINY = 20  # pixels a side of the volume that wakes a library before its memory is measured
MEMORY_SHARE = 0.1  # of the input, that a volume's filter may need beside its arrays


@dataclass(frozen=True)
class Result:
    """What all libraries did on one case with so many threads."""

    case: Case
    threads: int
    times: dict[str, Timing]
    problems: dict[str, str]
    disturbance: float

    def factor(self, peer: str) -> float | None:
        """Return how many times as long as we a peer takes."""
        if OURS not in self.times or peer not in self.times:
            return None
        return self.times[peer].median / self.times[OURS].median

    def best(self) -> str | None:
        """Return the quickest of the others."""
        return min((peer for peer in self.times if peer != OURS), key=lambda peer: self.times[peer].median, default=None)

    def judged(self) -> Iterator[tuple[Goal, float]]:
        """Yield what was promised for this number of threads, with the factors reached."""
        for goal in self.case.goals:
            factor = self.factor(goal.peer)
            if factor is not None and goal.least <= self.threads <= goal.most:
                yield goal, factor


# ---- the libraries


@contextmanager
def threads_of(peers: Sequence[str], threads: int) -> Iterator[None]:
    """Hold the libraries to so many threads."""
    with ExitStack() as undo:
        if OURS in peers:
            undo.enter_context(importlib.import_module("fastconv").override(num_threads=threads))
        if "OpenCV" in peers:
            cv2 = importlib.import_module("cv2")
            undo.callback(cv2.setNumThreads, cv2.getNumThreads())
            cv2.setNumThreads(threads)
        if "PyTorch" in peers:
            torch = importlib.import_module("torch")
            undo.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(threads)
        if "fftconvolve" in peers:
            undo.enter_context(importlib.import_module("scipy.fft").set_workers(threads))
        yield


def installed() -> tuple[list[str], list[str]]:
    """Return the libraries that can be imported, and a line about each."""
    present, lines = [], []
    for peer, module in MODULES.items():
        try:
            importlib.import_module(module)
        except ImportError as error:
            lines.append(f"{peer}: missing ({error})")
            continue
        present.append(peer)
        lines.append(f"{peer}: {module.partition('.')[0]} {sys.modules[module.partition('.')[0]].__version__}")
    return present, lines


# ---- one case


def check(case: Case, peer: str, call: Call, truth: Any) -> str:
    """Say what is wrong with a library's result, or nothing."""
    way = case.ways[peer]
    try:
        result = np.asarray(call(), np.float64) * way.scale
    except Exception as error:  # whatever a library raises belongs in the table
        return f"ERROR: {type(error).__name__}: {' '.join(str(error).split())[:100]}"
    if result.shape != truth.shape:
        return f"MISMATCH: shape {result.shape} instead of {truth.shape}"
    inside = (slice(way.margin, -way.margin or None),) * truth.ndim
    slack = case.slack * (float(np.abs(truth).max()) if case.dtype == "float32" else 1.0)
    off = float(np.abs(result - truth)[inside].max())
    return "" if off <= slack else f"MISMATCH: off by {off:.3g}, {slack:.3g} allowed"


def measure(case: Case, threads: int, peers: Sequence[str], seconds: float) -> Result:
    """Check every library on one case, then time those that are right by turns."""
    image = case.image()
    truth = case.truth(image)
    chosen = [peer for peer in peers if peer in case.ways]
    with threads_of(chosen, threads):
        calls = {peer: case.prepare(peer, image) for peer in chosen}
        problems = {peer: check(case, peer, call, truth) for peer, call in calls.items()}
        right = {peer: call for peer, call in calls.items() if not problems[peer]}
        others = watch_others()
        first = {peer: took(call) for peer, call in right.items()}
        quick = {peer: call for peer, call in right.items() if first[peer] <= SLOW_S}
        slow = {peer: call for peer, call in right.items() if SLOW_S < first[peer] <= ONCE_S}
        times = {peer: Timing(once, once, once, 1) for peer, once in first.items() if once > ONCE_S}
        times |= interleave(quick, seconds) if quick else {}
        times |= interleave(slow, min(SLOW_ROUNDS_S, seconds)) if slow else {}
    return Result(case, threads, times, {peer: text for peer, text in problems.items() if text}, others())


def took(call: Call) -> float:
    """Return the seconds of one call."""
    start = perf_counter()
    call()
    return perf_counter() - start


def peak_extra(tiny: Call, call: Call) -> int | None:
    """Return by how many bytes a call raises the memory this process holds at most; only Linux tells.

    The same call for something tiny wakes the code before, and what lies about freed is given back.
    """
    try:
        tiny()
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
        before = process_memory("VmRSS")
        call()
        return max(process_memory("VmHWM") - before, 0)
    except (OSError, AttributeError):
        return None


# ---- what is printed


def line_of(result: Result) -> str:
    """Write a case as one line: milliseconds, factors, and what was promised."""
    times = "  ".join(f"{peer} {milliseconds(timing.median)}" for peer, timing in result.times.items())
    best = result.best()
    compared = [f"{result.factor(best):.2f}x the speed of {best}, the best"] if best and OURS in result.times else []
    compared += [
        f"{factor:.2f}x {goal.peer} ({goal.factor:.2g} promised{'' if factor >= goal.factor else ': MISSED'})"
        for goal, factor in result.judged()
    ]
    disturbed = ["DISTURBED"] if result.disturbance > MOST_DISTURBANCE else []
    problems = [f"{peer} {text}" for peer, text in result.problems.items()]
    threads = f"{result.threads} thread{'s' * (result.threads > 1)}"
    return f"{result.case.title}, {threads}: {times} ms" + "".join(f"; {part}" for part in compared + problems + disturbed)


def table_of(results: Sequence[Result], peers: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Return headings and lines of all times, in milliseconds."""
    lines = []
    for result in results:
        cells = [milliseconds(result.times[peer].median) if peer in result.times else "" for peer in peers]
        best = result.best()
        factor = result.factor(best) if best else None
        lines.append([result.case.title, str(result.threads), *cells, "" if factor is None else f"{factor:.2f}"])
    return ["filter", "threads", *peers, "best peer / ours"], lines


def summary(results: Sequence[Result]) -> list[str]:
    """Say what was promised and missed, and where another is quicker."""
    judged = [(result, goal, factor) for result in results for goal, factor in result.judged()]
    missed = [
        f"  {result.case.title}, {result.threads}: {factor:.2f}x {goal.peer}, {goal.factor:.2g} promised"
        for result, goal, factor in judged
        if factor < goal.factor
    ]
    lost = [
        f"  {result.case.title}, {result.threads}: {best} takes {factor:.2f} of our time"
        for result in results
        if (best := result.best()) and (factor := result.factor(best)) is not None and factor < 1
    ]
    wrong = [f"  {r.case.title}, {r.threads}: {text}" for r in results if (text := r.problems.get(OURS))]
    told = [f"{len(judged) - len(missed)} of {len(judged)} promises kept" + (", missed:" if missed else ""), *missed]
    told += ["another library is quicker in:", *lost] if lost else ["no library is quicker anywhere"]
    return told + (["our result is WRONG in:", *wrong] if wrong else [])


def record(result: Result) -> dict[str, object]:
    """Return a result for the JSON file."""
    return {
        "filter": result.case.name,
        "shape": result.case.shape,
        "dtype": result.case.dtype,
        "threads": result.threads,
        "times": {peer: asdict(timing) for peer, timing in result.times.items()},
        "problems": result.problems,
        "goals": [{"peer": goal.peer, "promised": goal.factor, "reached": factor} for goal, factor in result.judged()],
        "disturbance": result.disturbance,
    }


def smoke_cases() -> list[Case]:
    """Return all filters of tiny images, of which nothing is promised."""
    return [case._replace(goals=()) for case in cases([SMOKE_SIZE], SMOKE_DEPTH)]


def memory_lines(chosen: Sequence[Case], peers: Sequence[str]) -> list[str]:
    """Say what filters of volumes need beside their arrays."""
    lines = []
    for case in (case for case in chosen if len(case.shape) == 3):
        image = case.image()
        for peer in (peer for peer in peers if peer in case.ways):
            extra = peak_extra(case.prepare(peer, image[:TINY, :TINY, :TINY]), case.prepare(peer, image))
            if extra is not None:
                share = extra / image.nbytes
                verdict = "" if peer != OURS else f", {MEMORY_SHARE:.0%} promised{': MISSED' * (share > MEMORY_SHARE)}"
                lines.append(f"{case.title}: {peer} needs {extra / 2**20:.1f} MiB more, {share:.1%} of the input{verdict}")
    return lines


# ---- the program


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.filters", description=description)
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, min(2, usable_cores())}), metavar="N")
    parser.add_argument("--size", type=int, nargs="+", default=[1024, 2048], metavar="N", help="images of N x N")
    parser.add_argument("--depth", type=int, default=256, metavar="N", help="volumes of N x N x N")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each library on each filter")
    parser.add_argument("--filter", nargs="+", default=[], metavar="TEXT", help="only those whose title has one of these")
    parser.add_argument("--peer", nargs="*", choices=MODULES, default=list(MODULES), metavar="NAME", help="all by default")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--smoke", action="store_true", help="tiny images for a moment: does everything run?")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 if a result of ours is wrong."""
    options = arguments(argv)
    present, about = installed()
    print("\n".join(about))
    if not {OURS, "SciPy"} <= set(present):
        print("neither fastconv nor SciPy, which is what all are compared with, may be missing")
        return 2
    peers = [peer for peer in present if peer == OURS or peer in options.peer]
    chosen = smoke_cases() if options.smoke else cases(options.size, options.depth)
    chosen = [case for case in chosen if not options.filter or any(text in case.title for text in options.filter)]
    results = []
    for case in chosen:
        for threads in options.threads:
            results.append(measure(case, threads, peers, SMOKE_SECONDS if options.smoke else options.seconds))
            print(line_of(results[-1]), flush=True)
    memory = memory_lines(chosen, peers)
    print("\n" + plain(*table_of(results, peers)) + "\n" + "\n".join(memory + summary(results)))
    if options.json:
        about_run = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": describe(), "libraries": about}
        found = [record(result) for result in results]
        options.json.write_text(json.dumps(about_run | {"memory": memory, "results": found}, indent=1) + "\n")
    return int(any(OURS in result.problems for result in results))


if __name__ == "__main__":
    sys.exit(main())
