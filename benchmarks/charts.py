# SPDX-License-Identifier: BSD-3-Clause
"""Pictures of a comparison, from its JSON file: ``python -m benchmarks.charts results.json --out FOLDER``.

Two for each number of threads: bars of our speed against the best peer, and a roofline. Disturbed
measurements are left out. Needs matplotlib.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Entry = dict[str, Any]
OURS, BEHIND, GROUPS = "#1b7837", "#b2182b", "tab20"


def ratios(results: Iterable[Entry], threads: int, door: str) -> list[tuple[str, str, float]]:
    """Return ``(group, layer, best peer's time / ours)`` where both were timed."""
    by_layer: dict[str, list[Entry]] = {}
    for entry in results:
        if entry["threads"] == threads and "ms" in entry and not entry["disturbed"]:
            by_layer.setdefault(entry["layer"], []).append(entry)
    found = []
    for layer, entries in by_layer.items():
        ours = [e["ms"] for e in entries if e["driver"] == door]
        others = [e["ms"] for e in entries if e["role"] != "ours"]
        if ours and others:
            found.append((entries[0]["group"], layer, min(others) / ours[0]))
    return found


def draw_ratios(data: Entry, threads: int, door: str, path: Path) -> None:
    """Draw one bar per layer on a logarithmic axis; to the right of 1 we are faster."""
    from matplotlib.figure import Figure

    rows = ratios(data["results"], threads, door)[::-1]
    figure = Figure(figsize=(8, 1.2 + 0.2 * len(rows)), layout="constrained")
    axes = figure.subplots()
    values = [ratio for *_, ratio in rows]
    axes.barh(range(len(rows)), np.log2(values), color=[OURS if value > 1 else BEHIND for value in values])
    axes.set_yticks(range(len(rows)), [f"{layer}  [{group}]" for group, layer, _ in rows], fontsize=7)
    ticks = np.arange(np.floor(np.log2(min(values))), np.ceil(np.log2(max(values))) + 1)
    axes.set_xticks(ticks, [f"{2.0**tick:g}x" for tick in ticks])
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_title(
        f"fastconv {door} against the best peer of each layer, {threads} thread(s); right is faster",
        fontsize=9,
    )
    figure.savefig(path, dpi=150)


def draw_roofline(data: Entry, threads: int, door: str, path: Path) -> None:
    """Draw each layer at its operations per byte and its rate, under the calibrated roof."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    roof = next(entry for entry in data["roofs"] if entry["threads"] == threads)
    ours = [e for e in data["results"] if e["threads"] == threads and e["driver"] == door]
    timed = [e for e in ours if "ms" in e and not e["disturbed"]]
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    axes = figure.subplots()
    reach = np.geomspace(0.02, 1000, 200)
    limit = np.minimum(reach * roof["bytes_per_s"], roof["flops_per_s"]) / 1e9
    axes.loglog(reach, limit, color="black", label="calibrated roof")
    for number, group in enumerate(dict.fromkeys(entry["group"] for entry in timed)):
        chosen = [e for e in timed if e["group"] == group]
        intensity = [e["flops"] / e["bytes"] for e in chosen]
        axes.scatter(intensity, [e["gflops"] for e in chosen], s=18, color=colormaps[GROUPS](number), label=group)
    axes.set(xlabel="operations per byte", ylabel="GFLOP/s", title=f"fastconv {door}, {threads} thread(s)")
    axes.legend(fontsize=7)
    figure.savefig(path, dpi=150)


def main(argv: Sequence[str] | None = None) -> int:
    """Draw every picture the file has figures for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.charts", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("json", type=Path, help="the file that benchmarks.compare --json wrote")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the pictures")
    parser.add_argument("--door", default="layer", help="which of our doors to draw")
    options = parser.parse_args(argv)
    data: Entry = json.loads(options.json.read_text())
    options.out.mkdir(parents=True, exist_ok=True)
    for threads in [roof["threads"] for roof in data["roofs"]]:
        if ratios(data["results"], threads, options.door):
            draw_ratios(data, threads, options.door, options.out / f"ratios_{options.door}_{threads}.png")
        draw_roofline(data, threads, options.door, options.out / f"roofline_{options.door}_{threads}.png")
    print(f"pictures are in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
