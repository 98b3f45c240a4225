# SPDX-License-Identifier: BSD-3-Clause
"""How good the choice of algorithm is: ``python -m benchmarks.sweep --help``.

Random convolutions of the kinds that networks have. Each is computed by a layer left to choose and by a layer for
every algorithm that can serve it, all timed by turns. The ratio of a shape is the time of the choice over that of
the best; the status is 1 when one exceeds MOST_RATIO or the median MOST_MEDIAN. ``--json`` keeps every time with
what a cost model could know of the shape.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.layer import Layer, make_arrays
from benchmarks.machine import MOST_DISTURBANCE, describe, watch_others
from benchmarks.peers._fastconv import convolution_options
from benchmarks.report import milliseconds, plain
from benchmarks.timing import Call, interleave

MOST_RATIO, MOST_MEDIAN, SHOWN_RATIO = 1.30, 1.05, 1.15
LEAST_FLOPS, MOST_FLOPS = 1e5, 3e9
MOST_BYTES = 1 << 28
LAST_SHARE = 0.25  # of the shapes, with the channels last
FAR = 4.0  # an algorithm so many times slower than the best is not timed by turns, be it the one chosen
QUICK_CALLS, SLOW_S = 3, 0.5
AGAIN = 4  # a ratio above MOST_RATIO is measured again for so many times as long


@dataclass(frozen=True)
class Problem:
    """A shape, its memory layout and its element type."""

    layer: Layer
    channels_last: bool
    dtype: str

    @property
    def data_format(self) -> str:
        axes = "DHW"[-len(self.layer.spatial) :]
        return f"N{axes}C" if self.channels_last else f"NC{axes}"

    @property
    def words(self) -> str:
        """Describe the shape in a line."""
        layer = self.layer
        shape, window = ("x".join(map(str, sizes)) for sizes in (layer.input, layer.window))
        text = f"{shape} weight={window}"
        for name, value in (("stride", layer.stride), ("pad", layer.pads)):
            text += f" {name}={'x'.join(map(str, value))}" if set(value) != {int(name == "stride")} else ""
        text += f" groups={layer.groups}" if layer.groups > 1 else ""
        return f"{text} {self.data_format}{' ' + self.dtype if self.dtype != 'float32' else ''}"

    def options(self) -> dict[str, Any]:
        """Give the options that `explain` and the layers share."""
        layout = {"data_format": self.data_format} if self.channels_last else {}
        return convolution_options(self.layer) | {"dtype": self.dtype} | layout


@dataclass(frozen=True)
class Outcome:
    """Seconds per algorithm, which one was chosen, and what was predicted of each."""

    problem: Problem
    chosen: str
    seconds: dict[str, float]
    auto: float
    predicted: dict[str, float]
    disturbance: float

    @property
    def best(self) -> str:
        return min(self.seconds, key=self.seconds.__getitem__)

    @property
    def ratio(self) -> float:
        """The choice's time over the best's: what ran unnamed and by name is the same, so its better time counts."""
        return max(1.0, min(self.auto, self.seconds[self.chosen]) / self.seconds[self.best])


def draw(random: np.random.Generator, dtype: str, layouts: bool, name: str) -> Problem:
    """Draw a convolution within the limits of work and memory."""
    while True:
        layer, last = _draw_layer(random, name), random.random() < LAST_SHARE
        if min(layer.output) > 0 and LEAST_FLOPS <= layer.flops <= MOST_FLOPS and layer.bytes <= MOST_BYTES:
            return Problem(layer, last and layouts, dtype)


def _draw_layer(random: np.random.Generator, name: str) -> Layer:
    rank = int(random.choice((1, 2, 3), p=(0.08, 0.84, 0.08)))
    c_in, c_out, groups = _draw_channels(random)
    kernel = int(random.choice((1, 3, 5, 7), p=(0.25, 0.45, 0.18, 0.12)))
    if rank == 2 and random.random() < 0.9:
        size = (_between(random, 4, 256),) * 2
    else:
        lowest, highest = ((64, 16384), (4, 256), (4, 64))[rank - 1]
        size = tuple(_between(random, lowest, highest) for _ in range(rank))
    stride = 2 if random.random() < 0.2 else 1
    pad = kernel // 2 if random.random() < 0.85 else 0
    return Layer(
        name=name, group="sweep", net="-", op=f"conv{rank}d", input=(1, c_in, *size),
        window=(c_out, c_in // groups, *(kernel,) * rank), stride=(stride,) * rank, padding=((pad, pad),) * rank,
        dilation=(1,) * rank, groups=groups,
    )  # fmt: skip


def _draw_channels(random: np.random.Generator) -> tuple[int, int, int]:
    """Draw input channels, output channels and groups: dense, the first layer of a network, depthwise or grouped."""
    kind = random.choice(("dense", "first", "depthwise", "grouped"), p=(0.66, 0.08, 0.14, 0.12))
    c_in, c_out = (_channels(random) for _ in range(2))
    if kind == "depthwise":
        return c_in, c_in, c_in
    if kind == "first":
        return int(random.choice((1, 3, 3))), c_out, 1
    if kind == "grouped":
        groups = int(random.choice((2, 4, 8, 32)))
        return max(1, c_in // groups) * groups, max(1, c_out // groups) * groups, groups
    return c_in, c_out, 1


def _channels(random: np.random.Generator) -> int:
    """Draw a count of channels, more often than not a multiple of 8."""
    count = _between(random, 1, 512)
    return max(8, count // 8 * 8) if random.random() < 0.6 else count


def _between(random: np.random.Generator, lowest: int, highest: int) -> int:
    """Draw a whole number whose logarithm is uniform."""
    return round(math.exp(random.uniform(math.log(lowest), math.log(highest))))


def layouts_are_served() -> bool:
    """Whether layers take their arrays with the channels last."""
    import inspect

    from fastconv import nn

    return "data_format" in inspect.signature(nn.Conv2d).parameters


def calls_of(problem: Problem, names: Sequence[str]) -> tuple[Call, dict[str, Call]]:
    """Make a layer that chooses, and one for each algorithm, all on the same arrays."""
    from fastconv import nn

    layer, arrays = problem.layer, make_arrays(problem.layer)
    assert arrays.weight is not None
    assert arrays.bias is not None
    x, weight, bias = (array.astype(problem.dtype) for array in (arrays.input, arrays.weight, arrays.bias))
    if problem.channels_last:
        x = np.ascontiguousarray(np.moveaxis(x, 1, -1))
    make = getattr(nn, layer.op.replace("conv", "Conv"))

    def layer_with(algorithm: str | None) -> Call:
        module = make(layer.input[1], layer.window[0], layer.kernel, **problem.options(), algorithm=algorithm).eval()
        module.weight, module.bias = weight, bias
        return partial(module, x)

    return layer_with(None), {name: layer_with(name) for name in names}


def able(problem: Problem) -> tuple[str, list[str], dict[str, float]]:
    """Return the algorithm chosen, all that can serve a problem, and the seconds predicted of each."""
    import fastconv as fc

    layer = problem.layer
    explain = partial(fc.explain, layer.op, _shape(problem), layer.window, **problem.options())
    names = []
    for name in fc.algorithms():
        try:
            explain(algorithm=name)
        except fc.FastconvError:
            continue
        names.append(name)
    told = explain()
    times = {candidate.name: getattr(candidate, "predicted_ms", None) for candidate in told.candidates}
    return told.algorithm, names, {name: times[name] / 1e3 for name in names if times[name] is not None}


def _shape(problem: Problem) -> tuple[int, ...]:
    n, c, *size = problem.layer.input
    return (n, *size, c) if problem.channels_last else (n, c, *size)


def measure(problem: Problem, seconds: float) -> Outcome:
    """Time the choice and every algorithm; those that are far from the best only quickly."""
    chosen, names, predicted = able(problem)
    auto, named = calls_of(problem, names)
    quick = {name: _quick(call) for name, call in named.items()}
    near = {name: named[name] for name in names if quick[name] <= FAR * min(quick.values())}
    others = watch_others()
    timed = interleave(near | ({"": auto} if chosen in near else {}), seconds)
    disturbance = others()
    times = {name: timed[name].median if name in timed else quick[name] for name in names}
    choice = timed[""].median if "" in timed else quick[chosen]
    return Outcome(problem, chosen, times, choice, predicted, disturbance)


def _quick(call: Call) -> float:
    """Return the least time of a few calls, after one that prepares; of that one alone where it is slow."""
    first = _seconds(call)
    if first > SLOW_S:
        return first
    return min(_seconds(call) for _ in range(QUICK_CALLS))


def _seconds(call: Call) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def measured(problem: Problem, seconds: float) -> Outcome:
    """Measure a problem, and again for longer where the ratio is beyond the limit: the better of the two counts."""
    first = measure(problem, seconds)
    if not MOST_RATIO < first.ratio < FAR:
        return first
    second = measure(problem, AGAIN * seconds)
    return min(first, second, key=lambda outcome: outcome.ratio)


def lines_of(outcome: Outcome) -> str:
    """Write a shape, and each algorithm's time and prediction, the quickest first."""
    rows = [
        [
            f"  {name}{' (chosen)' * (name == outcome.chosen)}", f"{milliseconds(time)} ms",
            f"predicted {milliseconds(outcome.predicted[name])} ms" if name in outcome.predicted else "",
        ]
        for name, time in sorted(outcome.seconds.items(), key=lambda item: item[1])
    ]  # fmt: skip
    doubt = f"  DISTURBED, {outcome.disturbance:.2f} cores taken" if outcome.disturbance > MOST_DISTURBANCE else ""
    heading = f"{outcome.ratio:.2f}  {outcome.problem.layer.name}: {outcome.problem.words}{doubt}"
    return "\n".join([heading, plain(rows[0], rows[1:])])


def record(outcome: Outcome, isa: str, threads: int) -> dict[str, Any]:
    """Collect what a cost model may look at, and the seconds of each algorithm."""
    layer = outcome.problem.layer
    n, c_in, *size = layer.input
    return {
        "name": layer.name, "op": layer.op, "n": n, "c_in": c_in, "c_out": layer.window[0], "groups": layer.groups,
        "size": size, "kernel": layer.kernel, "output": layer.output[2:], "stride": layer.stride,
        "padding": layer.padding, "dilation": layer.dilation, "data_format": outcome.problem.data_format,
        "dtype": outcome.problem.dtype, "isa": isa, "threads": threads, "flops": layer.flops, "bytes": layer.bytes,
        "chosen": outcome.chosen, "ratio": outcome.ratio, "seconds": outcome.seconds, "auto_seconds": outcome.auto,
        "predicted_seconds": outcome.predicted, "disturbance": outcome.disturbance,
    }  # fmt: skip


@dataclass(frozen=True)
class Summary:
    """The ratios of all shapes in four numbers."""

    highest: float
    beyond: int
    median: float
    mean: float

    @classmethod
    def of(cls, ratios: Sequence[float]) -> Summary:
        """Summarise ratios.

        Examples
        --------
        >>> Summary.of([1.0, 1.0, 4.0])
        Summary(highest=4.0, beyond=1, median=1.0, mean=1.5874010519681994)
        """
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        return cls(max(ratios), sum(ratio > MOST_RATIO for ratio in ratios), median(ratios), mean)

    @property
    def is_good(self) -> bool:
        return self.beyond == 0 and self.median <= MOST_MEDIAN

    def __str__(self) -> str:
        return (
            f"auto / best: highest {self.highest:.2f}, {self.beyond} above {MOST_RATIO:.2f}, "
            f"median {self.median:.3f}, geometric mean {self.mean:.3f}"
        )


def by_choice(outcomes: Sequence[Outcome]) -> str:
    """Write, for each algorithm, how often it was chosen, how often it was the best, and how far off it was predicted."""
    lines = []
    for name in sorted({name for outcome in outcomes for name in outcome.seconds}):
        chosen = [outcome for outcome in outcomes if outcome.chosen == name]
        best = sum(outcome.best == name for outcome in outcomes)
        able_count = sum(name in outcome.seconds for outcome in outcomes)
        worst = f"{max(outcome.ratio for outcome in chosen):.2f}" if chosen else ""
        off = [o.predicted[name] / o.seconds[name] for o in outcomes if name in o.predicted]
        spread = " ".join(f"{value:.2f}" for value in np.percentile(off, (5, 50, 95))) if off else ""
        lines.append([name, str(able_count), str(len(chosen)), str(best), worst, spread])
    return plain(["algorithm", "able", "chosen", "best", "worst ratio", "predicted / measured (5, 50, 95 %)"], lines)


def _setting(options: argparse.Namespace) -> AbstractContextManager[object]:
    import fastconv as fc

    named: Mapping[str, Any] = {} if options.isa is None else {"isa": options.isa}
    return fc.override(num_threads=options.threads, **named)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=300, metavar="N", help="shapes")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="draws the same shapes again")
    parser.add_argument("--threads", type=int, default=1, metavar="N")
    parser.add_argument("--isa", metavar="NAME", help="an instruction set; the best when none is named")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--seconds", type=float, default=0.03, metavar="S", help="for each algorithm and shape")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every shape and time here")
    options = parser.parse_args(argv)
    if options.count < 1 or options.threads < 1 or options.seconds <= 0:
        parser.error("--count, --threads and --seconds must be positive")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sweep."""
    options = _arguments(argv)
    random, layouts = np.random.default_rng(options.seed), layouts_are_served()
    problems = [draw(random, options.dtype, layouts, f"s{options.seed}_{i}") for i in range(options.count)]
    import fastconv as fc

    isa = options.isa or fc.available_isas()[-1]
    outcomes: list[Outcome] = []
    with _setting(options):
        for problem in problems:
            outcomes.append(measured(problem, options.seconds))
            if outcomes[-1].ratio > SHOWN_RATIO:
                print(lines_of(outcomes[-1]), flush=True)
    summary = Summary.of([outcome.ratio for outcome in outcomes])
    print(f"\n{len(outcomes)} shapes of seed {options.seed}, {isa}, {options.dtype}, {options.threads} thread(s)")
    print(by_choice(outcomes), summary, sep="\n")
    disturbed = sum(outcome.disturbance > MOST_DISTURBANCE for outcome in outcomes)
    if disturbed:
        print(f"{disturbed} of them were DISTURBED by other processes")
    if options.json:
        shapes = [record(outcome, isa, options.threads) for outcome in outcomes]
        document = {"machine": describe(), "seed": options.seed, "shapes": shapes}
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    return int(not summary.is_good)


if __name__ == "__main__":
    sys.exit(main())
