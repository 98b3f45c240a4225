# SPDX-License-Identifier: BSD-3-Clause
"""What a call would do, told before it is made: algorithm, memory, and why not the others."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from time import perf_counter
from typing import IO, Any

import numpy as np

from . import settings
from .backends.cpu import bind_call, choose
from .kernels import CONV
from .kernels._parallel import openmp_threads, openmp_version
from .kernels._table import isa_names, isa_names_built
from .roof import calibrate
from .spec import ConvSpec, named_dtype, one_of, shape_of

RANKS = {"conv1d": 1, "conv2d": 2, "conv3d": 3}


@dataclass(frozen=True, slots=True)
class Candidate:
    """An algorithm and why it was not taken; None for the one that was."""

    name: str
    reason: str | None


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

    def __str__(self) -> str:
        rows = [
            ("output", str(self.output_shape)),
            ("algorithm", f"{self.algorithm}, {self.isa}, {self.num_threads} thread{'s' * (self.num_threads != 1)}"),
            ("work", f"{self.flops / 1e6:.3f} MFLOP, {self.bytes_moved / 1e6:.3f} MB moved"),
            ("workspace", f"{self.workspace_bytes} bytes"),
        ]
        if self.milliseconds is not None and self.gflops is not None and self.fraction_of_roof is not None:
            rows.append(("measured", f"{self.milliseconds:.4f} ms, {self.gflops:.1f} GFLOP/s"))
            rows.append(("roof", f"{100 * self.fraction_of_roof:.1f} % of this machine's limit"))
        rows += [("not " + c.name, c.reason) for c in self.candidates if c.reason is not None]
        width = max(len(name) for name, _ in rows)
        return "\n".join([self.function, *(f"  {name:<{width}}  {text}" for name, text in rows)])


def spec_of(
    door: str,
    function: str,
    input_shape: Any,
    weight_shape: Any,
    bias: bool,
    options: tuple[Any, ...],
    dtype: Any,
) -> ConvSpec:
    """Return the spec that the call of this name and these shapes would have."""
    rank = RANKS[one_of(door, "function", function, tuple(RANKS))]
    inputs = shape_of(function, "input_shape", input_shape, (rank + 1, rank + 2), "(batch,) channels, spatial")
    weights = shape_of(function, "weight_shape", weight_shape, (rank + 2,), "c_out, c_in/groups, kernel")
    name = named_dtype(function, dtype)
    return ConvSpec.make(function, rank, inputs, weights, weights[:1] if bias else None, *options, dtype=name)


def explain(
    function: str,
    input_shape: Any,
    weight_shape: Any,
    bias: bool = True,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    dtype: str = "float32",
    num_threads: int | None = None,
    algorithm: str | None = None,
    measure: bool = False,
) -> Explanation:
    """Tell how a convolution would be computed, and why not otherwise.

    Parameters
    ----------
    function : {"conv1d", "conv2d", "conv3d"}
    input_shape, weight_shape : sequence of int
        Shapes of the arrays; nothing of that size is made unless `measure` is set.
    bias, stride, padding, dilation, groups, dtype, num_threads, algorithm : optional
        As in the call.
    measure : bool, optional
        Also run the call on random arrays and the calibration, and report time and fraction of the roof.

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
    >>> fc.explain("conv2d", (1, 64, 56, 56), (64, 64, 3, 3), padding=1).algorithm
    'im2col_gemm'
    """
    spec = spec_of("explain", function, input_shape, weight_shape, bias, (stride, padding, dilation, groups), dtype)
    chosen = choose(spec, algorithm)
    call = bind_call(chosen, spec)
    allowed = settings.thread_count(function, num_threads)
    threads = 1 if call.brief else allowed
    named = algorithm not in (None, "auto")
    candidates = tuple(Candidate(module.name, reason_against(module, chosen, spec, named)) for module in CONV)
    measured = measured_figures(call, threads) if measure else (None, None, None)
    workspace = call.estimate(threads, False)
    work = (workspace, spec.flops, spec.bytes_moved)
    return Explanation(function, spec.output_shape, chosen.name, call.isa, threads, *work, candidates, *measured)


def reason_against(module: Any, chosen: Any, spec: ConvSpec, named: bool) -> str | None:
    """Return why this algorithm was not taken."""
    if module is chosen:
        return None
    reason: str | None = module.supports(spec)
    if reason is not None:
        return reason
    if named:
        return f"{chosen.name} was asked for"
    if not module.worth(spec):
        return "it can, but is not expected to be the fastest here"
    return f"it can, but {chosen.name} comes first"


def measured_figures(call: Any, threads: int) -> tuple[float, float, float]:
    """Return milliseconds, GFLOP/s and the fraction of the roof of a bound call on random arrays."""
    spec: ConvSpec = call.spec
    rng = np.random.default_rng(0)
    x = rng.standard_normal(spec.input_shape).astype(spec.dtype)
    weight = rng.standard_normal(spec.weight_shape).astype(spec.dtype)
    bias = rng.standard_normal(spec.c_out).astype(spec.dtype) if spec.bias else None
    packed = call.pack(weight, threads)
    y = call.run(x, weight, bias, None, threads, packed)
    times: list[float] = []
    while sum(times) < 0.05 or len(times) < 5:
        start = perf_counter()
        call.run(x, weight, bias, y, threads, packed)
        times.append(perf_counter() - start)
    seconds = float(np.median(times))
    limit = calibrate(spec.dtype, threads).seconds(spec.flops, spec.bytes_moved)
    return 1e3 * seconds, spec.flops / seconds / 1e9, limit / seconds


def estimate(
    function: str,
    input_shape: Any,
    weight_shape: Any,
    bias: bool = True,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    dtype: str = "float32",
    num_threads: int | None = None,
    algorithm: str | None = None,
) -> int:
    """Return the bytes a convolution takes at most beyond its input, weights, bias and output.

    For plain arrays; an array that kernels cannot read as it is (strided, foreign byte order, misaligned) is copied besides.

    Parameters
    ----------
    function, input_shape, weight_shape, bias, stride, padding, dilation, groups, dtype, num_threads, algorithm
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
    options = (stride, padding, dilation, groups)
    spec = spec_of("estimate", function, input_shape, weight_shape, bias, options, dtype)
    call = bind_call(choose(spec, algorithm), spec)
    bytes_needed: int = call.estimate(settings.thread_count(function, num_threads), False)
    return bytes_needed


def algorithms() -> tuple[str, ...]:
    """Return the convolution algorithms in order of preference.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.algorithms()[-1]
    'direct'
    """
    return tuple(module.name for module in CONV)


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
