# SPDX-License-Identifier: BSD-3-Clause
"""What a call would do, told before it is made: algorithm, memory, and why not the others."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass, replace
from time import perf_counter
from types import ModuleType
from typing import IO, Any

import numpy as np

from . import settings
from .backends.cpu import (
    bind_call,
    bind_modules,
    choose,
    choose_transposed,
    phase_refusal,
    phase_seconds,
    predicted_seconds,
    refusal,
)
from .kernels import CONV, TRANSPOSED, depthwise_separable, tiled
from .kernels._parallel import openmp_threads, openmp_version
from .kernels._table import isa_names, isa_names_built
from .roof import calibrate
from .spec import (
    ConvSpec,
    ConvTransposeSpec,
    FastconvValueError,
    SeparableSpec,
    TiledSpec,
    is_sequence,
    named_dtype,
    one_of,
    shape_of,
    show,
)

RANKS = {f"{kind}{rank}d": rank for kind in ("conv", "conv_transpose") for rank in (1, 2, 3)}
SEPARABLE = {f"depthwise_separable_conv{rank}d": rank for rank in (1, 2, 3)}
TILED = {f"{kind}_conv{rank}d": (kind, rank) for kind in ("local", "tiled") for rank in (1, 2, 3)}


@dataclass(frozen=True, slots=True)
class Candidate:
    """An algorithm, why it was not taken (None for the one that was), and its time with one thread, and measured.

    Both times are those of a layer, which packs its weights once; None where the algorithm cannot serve the call.
    """

    name: str
    reason: str | None
    predicted_ms: float | None = None
    measured_ms: float | None = None

    def __str__(self) -> str:
        times = (("predicted", self.predicted_ms), ("measured", self.measured_ms))
        told = [f"{word} {time:.4f} ms" for word, time in times if time is not None]
        return "; ".join([*told, self.reason or "taken"])


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer of `explain`; `print` shows it as a table."""

    function: str
    output_shape: tuple[int, ...]
    algorithm: str
    isa: str
    num_threads: int
    workspace_bytes: int
    flops: int
    bytes_moved: int
    candidates: tuple[Candidate, ...]
    milliseconds: float | None = None
    gflops: float | None = None
    fraction_of_roof: float | None = None
    border: str = "zeros"
    phases: int = 1

    def __str__(self) -> str:
        how = f"{self.algorithm}, {self.isa}, {self.num_threads} thread{'s' * (self.num_threads != 1)}"
        rows = [
            ("output", str(self.output_shape)),
            ("algorithm", how + (f", {self.phases} phases" if self.phases > 1 else "")),
            ("work", f"{self.flops / 1e6:.3f} MFLOP, {self.bytes_moved / 1e6:.3f} MB moved"),
            ("workspace", f"{self.workspace_bytes} bytes"),
        ]
        if self.border != "zeros":
            rows.insert(1, ("border", self.border))
        if self.milliseconds is not None and self.gflops is not None and self.fraction_of_roof is not None:
            rows.append(("measured", f"{self.milliseconds:.4f} ms, {self.gflops:.1f} GFLOP/s"))
            rows.append(("roof", f"{100 * self.fraction_of_roof:.1f} % of this machine's limit"))
        rows += [(candidate.name, str(candidate)) for candidate in self.candidates]
        width = max(len(name) for name, _ in rows)
        return "\n".join([self.function, *(f"  {name:<{width}}  {text}" for name, text in rows)])


def spec_of(
    door: str,
    function: str,
    input_shape: Any,
    weight_shape: Any,
    bias: Any,
    geometry: tuple[Any, ...],
    options: dict[str, Any],
    dtype: Any,
    output_padding: Any = 0,
) -> ConvSpec:
    """Return the spec that the call of this name and these shapes would have."""
    rank = RANKS[one_of(door, "function", function, tuple(RANKS))]
    inputs = shape_of(function, "input_shape", input_shape, (rank + 1, rank + 2), "(batch,) channels and spatial")
    channels = "c_in, c_out/groups" if function.startswith("conv_transpose") else "c_out, c_in/groups"
    weights = shape_of(function, "weight_shape", weight_shape, (rank + 2,), f"{channels}, kernel")
    name = named_dtype(function, dtype)
    options = {**options, "precision": settings.precision_of(options["precision"])}
    if function.startswith("conv_transpose"):
        stride, padding, dilation, groups = geometry
        refuse_others(function, {edge: options.pop(edge) for edge in ("padding_mode", "padding_value", "flip")})
        places, biases = (stride, padding, output_padding, groups, dilation), tuple(bias) if is_sequence(bias) else None
        made = ConvTransposeSpec.make_transpose(function, rank, inputs, weights, biases, *places, **options, dtype=name)
        return replace(made, bias=bool(bias))
    refuse_others(function, {"output_padding": output_padding})
    biases = tuple(bias) if is_sequence(bias) else weights[:1] if bias else None
    return ConvSpec.make(function, rank, inputs, weights, biases, *geometry, **options, dtype=name)


# What the options are that a function does not have.
ABSENT = {
    "padding_mode": "zeros", "padding_value": 0, "flip": False, "output_padding": 0, "algorithm": None, "precision": None
}  # fmt: skip


def refuse_others(function: str, given: dict[str, Any]) -> None:
    """Refuse options that the function of this name does not have."""
    for argument, value in given.items():
        if value != ABSENT[argument]:
            raise FastconvValueError(f"{function}: {argument} must be {ABSENT[argument]!r}, got {argument}={show(value)}")


def tiled_call(
    function: str,
    input_shape: Any,
    weight_shape: Any,
    bias: Any,
    geometry: tuple[Any, ...],
    options: dict[str, Any],
    dtype: Any,
) -> Any:
    """Return the bound call of a locally connected or tiled convolution of these shapes."""
    kind, rank = TILED[function]
    inputs = shape_of(function, "input_shape", input_shape, (rank + 1, rank + 2), "(batch,) channels and spatial")
    weights = shape_of(function, "weight_shape", weight_shape, (2 * rank + 2,), "tiles, kernel, c_in/groups, c_out")
    biases = tuple(bias) if is_sequence(bias) else weights[-1:] if bias else None
    named: dict[str, Any] = {key: options.pop(key) for key in ("data_format", "activation")}
    refuse_others(function, options)
    named |= {"dtype": named_dtype(function, dtype), "local": kind == "local"}
    return bind_call(tiled, TiledSpec.make_tiled(function, rank, inputs, weights, biases, *geometry, **named))


def separable_call(
    function: str,
    input_shape: Any,
    weight_shapes: Any,
    bias: Any,
    geometry: tuple[Any, ...],
    options: dict[str, Any],
    dtype: Any,
) -> Any:
    """Return the bound call of a depthwise separable convolution of these shapes."""
    rank = SEPARABLE[function]
    inputs = shape_of(function, "input_shape", input_shape, (rank + 1, rank + 2), "(batch,) channels and spatial")
    if not is_sequence(weight_shapes) or len(weight_shapes) != 2:
        raise FastconvValueError(
            f"{function}: weight_shape must hold the shapes of depthwise_weight and pointwise_weight, "
            f"got weight_shape={show(weight_shapes)}"
        )
    first, second = (
        shape_of(function, "weight_shape", shape, (rank + 2,), "channels, channels, kernel") for shape in weight_shapes
    )
    *places, groups = geometry
    if groups != 1:
        raise FastconvValueError(f"{function}: groups must be 1, got groups={show(groups)}")
    biases = (first[:1], second[:1]) if bias else (None, None)
    named: dict[str, Any] = {key: options[key] for key in ("data_format", "activation")}
    named |= {"depthwise_activation": options["activation"], "dtype": named_dtype(function, dtype)}
    spec = SeparableSpec.make(function, rank, inputs, (first, second), biases, *places, **named)
    return bind_call(depthwise_separable, spec)


def explain(
    function: str,
    input_shape: Any,
    weight_shape: Any,
    bias: Any = True,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    dtype: str = "float32",
    num_threads: int | None = None,
    algorithm: str | None = None,
    data_format: str | None = None,
    activation: Any = None,
    precision: str | None = None,
    measure: bool = False,
    padding_mode: Any = "zeros",
    padding_value: float = 0.0,
    flip: bool = False,
    output_padding: Any = 0,
) -> Explanation:
    """Tell how a convolution would be computed, and why not otherwise.

    Parameters
    ----------
    function : {"conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"}
    input_shape, weight_shape : sequence of int
        Shapes of the arrays; nothing of that size is made unless `measure` is set.
    bias : bool or sequence of int, optional
        Whether there is one, or its shape.
    stride, padding, dilation, groups, dtype, num_threads, algorithm, data_format, activation, precision : optional
    padding_mode, padding_value, flip : optional
        As in the call.
    output_padding : optional
        As in the call of a transposed convolution.
    measure : bool, optional
        Also run every algorithm that can serve the call on random arrays, and the calibration, and report the times, and
        rate and fraction of the roof of the one chosen.

    Returns
    -------
    Explanation

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If the call itself would raise.

    References
    ----------
    Williams, Waterman & Patterson, Roofline, CACM 52(4), 2009 (the limit that `measure` compares with).

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.explain("conv2d", (1, 64, 56, 56), (64, 64, 1, 1)).algorithm
    'pointwise'
    """
    geometry = (stride, padding, dilation, groups)
    options = {"data_format": data_format, "activation": activation, "precision": precision}
    options |= {"padding_mode": padding_mode, "padding_value": padding_value, "flip": flip}
    spec = spec_of("explain", function, input_shape, weight_shape, bias, geometry, options, dtype, output_padding)
    modules = choose_all(spec, algorithm)
    call = bind_all(modules, spec)
    allowed = settings.thread_count(function, num_threads)
    threads = 1 if call.brief else allowed
    named = algorithm not in (None, "auto")
    times: dict[str, float] = {}
    if measure:
        able = [module for module in algorithms_of(spec) if refusal_of(module, spec) is None]
        times = {module.name: measured_seconds(bind_all(alone(module, spec), spec), threads) for module in able}
    candidates = tuple(candidate(module, modules, spec, named, times.get(module.name)) for module in algorithms_of(spec))
    work = (call.estimate(threads, False), spec.flops, spec.bytes_moved)
    seconds = times.get(name_of(modules)) if measure else None
    if measure and seconds is None:  # several algorithms, each for some phases
        seconds = measured_seconds(call, threads)
    milliseconds, gflops, fraction = (None, None, None) if seconds is None else figures_of(spec, seconds, threads)
    shape, phases = spec.output_shape, spec.phase_count if isinstance(spec, ConvTransposeSpec) else 1
    how, figures = (name_of(modules), call.isa, threads), (milliseconds, gflops, fraction)
    return Explanation(function, shape, *how, *work, candidates, *figures, told_border(spec), phases)


def told_border(spec: ConvSpec) -> str:
    """Return in words what lies in the padding, as far as there is any."""
    sides = {
        f"{axis} {side}": name
        for axis, pair, names in zip(("depth", "height", "width"), spec.padding, spec.border, strict=True)
        for side, pad, name in zip(("front", "back"), pair, names, strict=True)
        if pad
    }
    constant = f" {spec.border_value:g}"
    told = {side: name + constant * (name == "constant") for side, name in sides.items()}
    if len(set(told.values())) > 1:
        return ", ".join(f"{side} {name}" for side, name in told.items())
    return next(iter(told.values()), "zeros")


Modules = tuple[ModuleType, ...]


def algorithms_of(spec: ConvSpec) -> Modules:
    """Return the algorithms there are for a call."""
    return TRANSPOSED if isinstance(spec, ConvTransposeSpec) else CONV


def choose_all(spec: ConvSpec, algorithm: Any) -> Modules:
    """Return the algorithm of a call; of a transposed convolution by phases, that of each."""
    return choose_transposed(spec, algorithm) if isinstance(spec, ConvTransposeSpec) else (choose(spec, algorithm),)


def bind_all(modules: Modules, spec: ConvSpec) -> Any:
    """Make the plan of a call that these algorithms compute."""
    return bind_modules(modules, spec) if isinstance(spec, ConvTransposeSpec) else bind_call(modules[0], spec)


def refusal_of(module: ModuleType, spec: ConvSpec) -> str | None:
    """Return why an algorithm must not serve a call, None if it may."""
    return phase_refusal(module, spec) if isinstance(spec, ConvTransposeSpec) else refusal(module, spec)


def alone(module: ModuleType, spec: ConvSpec) -> Modules:
    """Return an algorithm as that of all phases."""
    return (module,) * (len(spec.phases) if isinstance(spec, ConvTransposeSpec) and module in CONV else 1)


def seconds_of(modules: Modules, spec: ConvSpec) -> float:
    """Return the time that one image is expected to take with these algorithms."""
    return phase_seconds(modules, spec) if isinstance(spec, ConvTransposeSpec) else predicted_seconds(modules[0], spec)


def name_of(modules: Modules) -> str:
    """Return the names of the algorithms, each once."""
    return " + ".join(dict.fromkeys(module.name for module in modules)) or "none"


def candidate(module: ModuleType, chosen: Modules, spec: ConvSpec, named: bool, measured: float | None) -> Candidate:
    """Return what there is to tell of an algorithm; `named`: the caller asked for the chosen one."""
    reason = refusal_of(module, spec)
    if reason is not None:  # one that cannot compute all phases may have been taken for some
        return Candidate(module.name, None if module in chosen else reason)
    seconds, best = seconds_of(alone(module, spec), spec), seconds_of(chosen, spec)
    if module in chosen:
        reason = None
    elif named:
        reason = f"{name_of(chosen)} was asked for"
    else:
        reason = f"predicted to take {seconds / best if best else 1:.2f} times as long as {name_of(chosen)}"
    return Candidate(module.name, reason, 1e3 * seconds * spec.n, None if measured is None else 1e3 * measured)


def measured_seconds(call: Any, threads: int) -> float:
    """Return the median time of a bound call on random arrays, its weights packed before."""
    spec: ConvSpec = call.spec
    rng = np.random.default_rng(0)
    x = rng.standard_normal(spec.input_shape).astype(spec.dtype)
    weight = rng.standard_normal(spec.weight_shape).astype(spec.dtype)
    bias = rng.standard_normal(spec.bias_shape).astype(spec.dtype) if spec.bias else None
    packed = call.pack(weight, threads)
    y = call.run(x, weight, bias, None, threads, packed)
    times: list[float] = []
    while sum(times) < 0.05 or len(times) < 5:
        start = perf_counter()
        call.run(x, weight, bias, y, threads, packed)
        times.append(perf_counter() - start)
    return float(np.median(times))


def figures_of(spec: ConvSpec, seconds: float, threads: int) -> tuple[float, float, float]:
    """Return milliseconds, GFLOP/s and the fraction of the roof of a call that takes so long."""
    limit = calibrate(spec.dtype, threads).seconds(spec.flops, spec.bytes_moved)
    return 1e3 * seconds, spec.flops / seconds / 1e9, limit / seconds


def estimate(
    function: str,
    input_shape: Any,
    weight_shape: Any,
    bias: Any = True,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    dtype: str = "float32",
    num_threads: int | None = None,
    algorithm: str | None = None,
    data_format: str | None = None,
    activation: Any = None,
    precision: str | None = None,
    padding_mode: Any = "zeros",
    padding_value: float = 0.0,
    flip: bool = False,
    output_padding: Any = 0,
) -> int:
    """Return the bytes a convolution takes at most beyond its input, weights, bias and output.

    For plain arrays; an array that kernels cannot read as it is (strided, foreign byte order, misaligned) is copied besides.

    Parameters
    ----------
    function : str
        As in `explain`; also "local_conv1d", "tiled_conv1d" and so on, for which there is one algorithm, and
        "depthwise_separable_conv1d" and so on, whose `weight_shape` is the pair of both.
    input_shape, weight_shape, bias, stride, padding, dilation, groups
        As in `explain`.
    dtype, num_threads, algorithm, data_format, activation, precision, padding_mode, padding_value, flip : optional
    output_padding : optional
        As in `explain`.

    Returns
    -------
    int

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If the call itself would raise.

    References
    ----------
    The workspace of each algorithm stands in its kernel's head comment.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.estimate("conv2d", (1, 1, 8, 8), (1, 1, 3, 3)) < 10_000
    True
    """
    geometry = (stride, padding, dilation, groups)
    options = {"data_format": data_format, "activation": activation, "precision": precision}
    options |= {"padding_mode": padding_mode, "padding_value": padding_value, "flip": flip}
    if isinstance(function, str) and function in TILED:
        options |= {"output_padding": output_padding, "algorithm": algorithm}
        call = tiled_call(function, input_shape, weight_shape, bias, geometry, options, dtype)
    elif isinstance(function, str) and function in SEPARABLE:
        call = separable_call(function, input_shape, weight_shape, bias, geometry, options, dtype)
    else:
        spec = spec_of("estimate", function, input_shape, weight_shape, bias, geometry, options, dtype, output_padding)
        call = bind_all(choose_all(spec, algorithm), spec)
    bytes_needed: int = call.estimate(settings.thread_count(function, num_threads), False)
    return bytes_needed


def algorithms(function: str = "conv2d") -> tuple[str, ...]:
    """Return the algorithms of a convolution function; of two that are predicted to be as fast, the first is taken.

    Transposed convolutions have one of their own; the others compute their phases, which are convolutions.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.algorithms()[-1]
    'causal'
    >>> fc.algorithms("conv_transpose2d")[0]
    'subpixel_gemm'
    """
    one_of("algorithms", "function", function, tuple(RANKS))
    return tuple(module.name for module in (TRANSPOSED if function.startswith("conv_transpose") else CONV))


def config() -> dict[str, Any]:
    """Return what a bug report should say about this installation.

    Examples
    --------
    >>> import fastconv as fc
    >>> sorted(fc.config())[:3]
    ['algorithms', 'default_threads', 'fastconv']
    """
    from threadpoolctl import threadpool_info

    from . import __version__

    return {
        "fastconv": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "isas_built": isa_names_built(),
        "isas_of_machine": isa_names(),
        "isas_available": settings.available_isas(),
        "algorithms": algorithms(),
        "default_threads": settings.default_threads(),
        "openmp": openmp_version() or "none",
        "openmp_threads": openmp_threads(),
        "threadpools": [f"{pool['user_api']}: {pool['filepath']}" for pool in threadpool_info()],
    }


def show_config(file: IO[str] | None = None) -> None:
    """Print `config()`, a line each.

    Examples
    --------
    >>> import io, fastconv as fc
    >>> fc.show_config(io.StringIO())
    """
    facts = config()
    width = max(map(len, facts))
    for name, value in facts.items():
        text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value
        print(f"{name:<{width}}  {text}", file=file or sys.stdout)
