# SPDX-License-Identifier: BSD-3-Clause
"""The speed figures that the project promises: ``python -m benchmarks.acceptance --help``.

The layers are those of the layer files that a promise speaks of, computed by a layer (fastconv.nn) in inference
mode. Everything that is compared for one layer is timed by turns, and the peak that shares are taken of is calibrated
around it. The status is 0 only when every figure was measured and met.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.layer import Layer, make_arrays, read_layers
from benchmarks.machine import MOST_DISTURBANCE, calibrate, usable_cores, watch_others
from benchmarks.overhead import smallest_call
from benchmarks.peers._fastconv import convolution_options
from benchmarks.report import Result, milliseconds, plain
from benchmarks.streaming import step_of
from benchmarks.timing import Call, Timing, interleave

ALGORITHM = "im2col_gemm"
FLOPS = 2 * 64 * 64 * 9 * 56 * 56
LEAST_SHARE_OF_PEAK, LEAST_SPEED_UP = 0.70, 1.85
MOST_OF_DEFAULT = {"function": 1 / 4, "layer": 1 / 8}

LEAST_FAST, LEAST_STRICT = 1.60, 0.80  # of the peak: 3x3, stride 1
LEAST_POINTWISE, LEAST_DEEP_POINTWISE = 0.80, 0.72
LEAST_DOUBLE = 0.85  # of half the rate of float32
POORER = 0.10  # what AVX2 may fall below these shares of its own peak
MANY_CHANNELS, WIDE, MANY_PIXELS, DEEP = 64, 28, 196, 49
MOST_STEP_US = 150.0
THREADED_GROUPS, THREADED_FLOPS = ("dense3x3", "pointwise", "strided", "large-kernel"), 50e6


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


# ---- figures of the layer files


def is_plain(layer: Layer, kernel: int) -> bool:
    """Whether a layer is a dense 2-D one with this kernel, stride 1 and many channels."""
    channels = min(layer.input[1], layer.window[0]) if layer.is_convolution else 0
    ones = (*layer.stride, *layer.dilation, layer.groups)
    return layer.op == "conv2d" and layer.kernel == (kernel, kernel) and set(ones) == {1} and channels >= MANY_CHANNELS


def is_wide_3x3(layer: Layer) -> bool:
    return is_plain(layer, 3) and min(layer.spatial) >= WIDE


def pointwise_share(layer: Layer) -> float | None:
    """The share of the peak promised for a pointwise layer, None where none is."""
    if not is_plain(layer, 1):
        return None
    pixels = layer.spatial[0] * layer.spatial[1]
    return LEAST_POINTWISE if pixels >= MANY_PIXELS else LEAST_DEEP_POINTWISE if pixels == DEEP else None


@dataclass(frozen=True)
class Way:
    """One way of computing a layer: settings in force, and the element type."""

    threads: int = 1
    precision: str = "fast"
    isa: str | None = None
    dtype: str = "float32"

    @contextmanager
    def calls(self, layer: Layer) -> Iterator[Call]:
        """Give the layer's call, which runs under these settings each time without setting them."""
        import fastconv as fc

        context, settings = copy_context(), {"num_threads": self.threads, "precision": self.precision}
        override = fc.override(**settings, **({} if self.isa is None else {"isa": self.isa}))
        context.run(override.__enter__)
        try:
            yield partial(context.run, _module_call(layer, self.dtype))
        finally:
            context.run(override.__exit__, None, None, None)


def _module_call(layer: Layer, dtype: str) -> Call:
    from fastconv import nn

    arrays = make_arrays(layer)
    make = getattr(nn, layer.op.replace("conv", "Conv"))
    options = convolution_options(layer) | {"bias": layer.bias, "dtype": dtype}
    module = make(layer.input[1], layer.window[0], layer.kernel, **options).eval()
    for name in ("weight", "bias")[: 1 + layer.bias]:
        setattr(module, name, getattr(arrays, name).astype(dtype))
    return partial(module, arrays.input.astype(dtype))


@dataclass(frozen=True)
class Measured:
    """The times of one layer, and the peak of each instruction set."""

    layer: Layer
    times: dict[Way, Timing]
    peaks: dict[str | None, float]
    disturbance: float

    def rate(self, way: Way) -> float:
        """Operations of the definition a second."""
        return self.layer.flops / self.times[way].median

    def share(self, what: str, way: Way, limit: float) -> Figure:
        """The rate as a share of the peak of the same instruction set."""
        rate, peak = self.rate(way), self.peaks[way.isa]
        note = f"{milliseconds(self.times[way].median)} ms, {rate / 1e9:.1f} of {peak / 1e9:.1f} GFLOP/s"
        return self._figure(f"{what}, share of the FMA peak", rate / peak, limit, note)

    def times_faster(self, what: str, way: Way, than: Way, limit: float, scale: float = 1.0) -> Figure:
        """How many times faster one way is than another."""
        a, b = self.times[way].median, self.times[than].median
        return self._figure(what, scale * b / a, limit, f"{milliseconds(a)} ms, {milliseconds(b)} ms")

    def _figure(self, what: str, value: float, limit: float, note: str) -> Figure:
        return Figure(f"{self.layer.name}: {what}", value, limit, True, note, self.disturbance)


FAST, STRICT, TWO, DOUBLE = Way(), Way(precision="strict"), Way(threads=2), Way(dtype="float64")
AVX2, AVX2_STRICT = Way(isa="avx2"), Way(isa="avx2", precision="strict")


def shares(layer: Layer, strict: Way, fast: Way, poorer: float = 0.0) -> Iterator[tuple[str, Way, float]]:
    """The shares of the peak promised for a layer: what, how computed, and the least."""
    if is_wide_3x3(layer):
        yield "3x3", fast, LEAST_FAST - poorer
        yield "3x3, strict", strict, LEAST_STRICT - poorer
    least = pointwise_share(layer)
    if least is not None:
        yield "pointwise", fast, least - poorer


def rate_figures(wanted: str, layer: Layer) -> tuple[set[Way], Callable[[Measured], Iterable[Figure]]]:
    """Return the ways that the figures of one kind need for a layer, and what makes figures of their times."""
    promised = [entry for entry in shares(layer, STRICT, FAST) if entry[0] == wanted]
    if wanted == "avx2":
        promised = [(f"{what}, AVX2", way, least) for what, way, least in shares(layer, AVX2_STRICT, AVX2, POORER)]
    if wanted == "threads" and layer.group in THREADED_GROUPS and layer.flops > THREADED_FLOPS:
        name = "speed-up with 2 threads"
        return {FAST, TWO}, lambda measured: [measured.times_faster(name, TWO, FAST, LEAST_SPEED_UP)]
    if wanted == "float64" and any(shares(layer, STRICT, FAST)):
        name = "float64, share of half the rate of float32"
        return {FAST, DOUBLE}, lambda measured: [measured.times_faster(name, DOUBLE, FAST, LEAST_DOUBLE, 2.0)]
    return {way for _, way, _ in promised}, lambda measured: [measured.share(*entry) for entry in promised]


def layer_figures(layer: Layer, wanted: Sequence[str], seconds: float) -> list[Figure]:
    """Time a layer in all the ways that the figures wanted need, by turns, and make the figures."""
    kinds = [rate_figures(kind, layer) for kind in wanted]
    ways = sorted(set().union(*(needed for needed, _ in kinds)), key=repr)
    if not ways:
        return []
    isas = {way.isa for way in ways}
    others = watch_others()
    before = {isa: _peak(isa) for isa in isas}
    with ExitStack() as held:
        calls = {repr(way): held.enter_context(way.calls(layer)) for way in ways}
        times = interleave(calls, seconds)
    peaks = {isa: max(before[isa], _peak(isa)) for isa in isas}
    measured = Measured(layer, {way: times[repr(way)] for way in ways}, peaks, others())
    return [figure for _, figures in kinds for figure in figures(measured)]


def _peak(isa: str | None) -> float:
    """The FMA peak of one thread; a disturbed calibration cannot help, since the higher of two counts."""
    import fastconv as fc

    with fc.override(**({} if isa is None else {"isa": isa})):
        return calibrate(1).flops_per_s


# ---- the program


def stream_figures(seconds: float) -> list[Figure]:
    """Time one step of WaveNet's stack: 30 layers of 64 channels, gated, one thread."""
    others = watch_others()
    time = interleave({"step": step_of()}, seconds)["step"]
    note = f"{time.lower * 1e6:.1f}-{time.upper * 1e6:.1f} us"
    return [Figure("one step of WaveNet's stack, us", time.median * 1e6, MOST_STEP_US, False, note, others())]


KINDS = {
    "dense": "the general algorithm on a layer of ResNet-50: share of the peak, and two threads",
    "smallest": "the smallest call beside the default library's",
    "3x3": "3x3 layers with stride 1, by the algorithm chosen: share of the peak",
    "3x3, strict": "the same with precision='strict'",
    "pointwise": "pointwise layers: share of the peak",
    "threads": "two threads beside one",
    "avx2": "the shares of the peak, with AVX2",
    "float64": "float64 beside float32",
    "stream": "one step of WaveNet's stack, in microseconds",
}


def unavailable(kind: str) -> str:
    """Say why figures of a kind cannot be taken here, or nothing."""
    import fastconv as fc

    if kind == "avx2" and "avx2" not in fc.available_isas():
        return "this machine has no AVX2"
    return "this process has one core" if kind in ("threads", "dense") and usable_cores() < 2 else ""


def measure(kinds: Sequence[str], layers: Sequence[Layer], seconds: float) -> Iterator[Figure]:
    """Measure the figures of some kinds, layer by layer."""
    missing = {kind: unavailable(kind) for kind in kinds}
    yield from (Figure(kind, None, 0.0, True, why) for kind, why in missing.items() if why)
    kinds = [kind for kind in kinds if not missing[kind]]
    if "dense" in kinds:
        yield from dense_figures(seconds)
    if "smallest" in kinds:
        yield from tiny_figures(seconds)
    if "stream" in kinds:
        yield from stream_figures(seconds)
    for layer in layers:
        if layer.is_convolution and not layer.gradient:
            yield from layer_figures(layer, kinds, seconds)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures."""
    epilog = "figures: " + "; ".join(f"{kind}: {text}" for kind, text in KINDS.items())
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.acceptance", description=description, epilog=epilog)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each call that is timed")
    parser.add_argument("--figure", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND", help="all when not given")
    parser.add_argument("--layer", nargs="+", default=[], metavar="NAME", help="single layers; all when not given")
    options = parser.parse_args(argv)
    try:
        layers = read_layers(names=options.layer)
    except ValueError as error:
        parser.error(str(error))
    figures = []
    for figure in measure(options.figure, layers, options.seconds):
        figures.append(figure)
        print("  ".join(figure.cells()), flush=True)
    print("\n" + plain(["figure", "measured", "promised", "", "times"], [figure.cells() for figure in figures]))
    met = sum(figure.verdict == "met" for figure in figures)
    print(f"{met} of {len(figures)} figures met")
    return int(met < len(figures))


if __name__ == "__main__":
    sys.exit(main())
