# SPDX-License-Identifier: BSD-3-Clause
"""Where figures were taken: the processor, its measured roof, its settings, and who else was running."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.layer import Layer

SETTINGS = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "FASTCONV_")
CALIBRATIONS = 5
MOST_DISTURBANCE = 0.1  # cores that other processes may keep busy before a timing is doubtful


@dataclass(frozen=True)
class Roof:
    """The calibrated limits with so many threads; ``disturbance`` is in cores."""

    threads: int
    flops_per_s: float
    bytes_per_s: float
    disturbance: float = 0.0

    def __str__(self) -> str:
        doubt = " (DISTURBED)" if self.disturbance > MOST_DISTURBANCE else ""
        rates = f"{self.flops_per_s / 1e9:.1f} GFLOP/s, {self.bytes_per_s / 1e9:.1f} GB/s"
        return f"roof with {self.threads} thread(s): {rates}{doubt}"

    def is_memory_bound(self, layer: Layer) -> bool:
        """Whether moving the bytes takes longer than the arithmetic."""
        return layer.bytes / self.bytes_per_s > layer.flops / self.flops_per_s

    def fraction(self, layer: Layer, seconds: float) -> float:
        """Return how much of the slower limit a time reaches; above 1 when data stays in a cache."""
        return max(layer.bytes / self.bytes_per_s, layer.flops / self.flops_per_s) / seconds


def calibrate(threads: int) -> Roof:
    """Measure the FMA peak and the copy bandwidth now, in this process; the best of a few tries counts."""
    import fastconv as fc

    others = watch_others()
    tries = [fc.calibrate("float32", num_threads=threads) for _ in range(CALIBRATIONS)]
    return Roof(threads, max(t.flops_per_s for t in tries), max(t.bytes_per_s for t in tries), others())


def watch_others() -> Callable[[], float]:
    """Start watching; the returned function says how many cores other processes have kept busy since.

    Threads that must share a core wait for whole slices of the scheduler: with several threads that ruins
    timings by orders of magnitude, and not evenly. Only Linux tells; elsewhere the answer is 0.
    """
    start, busy, own = time.monotonic(), _busy_seconds(), _own_seconds()

    def others() -> float:
        elapsed = time.monotonic() - start
        return max(0.0, _busy_seconds() - busy - (_own_seconds() - own)) / elapsed if busy else 0.0

    return others


def _busy_seconds() -> float:
    """Read the seconds that all cores have been busy or stolen since the start of the machine."""
    try:
        words = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    except OSError:
        return 0.0
    user, nice, system, _, _, irq, softirq, steal = map(int, words[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system


def describe() -> dict[str, object]:
    """Collect what a reader needs to judge the figures or to repeat them."""
    return {
        "cpu": _processor(),
        "cores": usable_cores(),
        "platform": platform.platform(),
        "python": sys.version.split()[0],
        "commit": _commit(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "settings": {name: value for name, value in sorted(os.environ.items()) if name.startswith(SETTINGS)},
    }


def process_memory(figure: str) -> int:
    """Read the bytes this process holds now, "VmRSS", or has held at most, "VmHWM"; OSError where Linux does not tell.

    getrusage tells the most too, but a new process begins there with what its parent held.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(figure)) * 1024


def usable_cores() -> int:
    """Count the cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _commit() -> str | None:
    command = ["git", "rev-parse", "--short", "HEAD"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
