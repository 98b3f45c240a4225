# SPDX-License-Identifier: BSD-3-Clause
"""Linear filters: passes along axes, and what becomes of NaN."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..backends.cpu import nan_omit, ranks
from ..backends.cpu.passes import Pass, separable
from ..spec import FastconvTypeError, FastconvValueError, one_of
from ._arguments import NAN_RULES, Array
from ._arrays import Filter, deliver, fill


def passes_of(passes: Sequence[Pass], threads: int) -> Filter:
    """Return the filter that applies passes in their order."""

    def apply(x: Array, out: Array, cval: float) -> None:
        separable(x, out, [step._replace(cval=cval) for step in passes], threads)

    return apply


def fill_passes(function: str, x: Array, out: Array, passes: Sequence[Pass], cval: complex, nan: Any, threads: int) -> Array:
    """Return `out` as passes make it of x; no pass at all is a copy."""
    apply = passes_of(passes, threads)
    if nan != "propagate":
        factors = [np.ones(1) if step.weights is None else step.weights for step in passes]
        boxes = {step.axis: step for step in passes if step.weights is None}
        reach = box_reach(boxes, x.ndim, threads) if boxes else None
        apply = omitting(function, nan, apply, factors, x, out, threads, reach)
    if not passes:
        return deliver(x, out)
    return fill(x, out, apply, cval, in_place=nan == "propagate")


def box_reach(boxes: Mapping[int, Pass], ndim: int, threads: int) -> Filter:
    """Return the filter that tells whether there is a one in a box; the roundings of a running sum do not."""
    steps = [boxes.get(axis, Pass(axis, None, 1, 0, "replicate", 0.0)) for axis in range(ndim)]
    sizes, lefts, modes = zip(*((step.size, step.left, step.mode) for step in steps), strict=True)

    def apply(x: Array, out: Array, cval: float) -> None:
        ranks.extreme(x, out, sizes, lefts, modes, cval, True, threads)

    return apply


def omitting(
    function: str,
    nan: Any,
    apply: Filter,
    factors: Sequence[Array],
    x: Array,
    out: Array,
    threads: int,
    reach: Filter | None = None,
) -> Filter:
    """Return the filter as the `nan` argument wants it; its weights are the outer product of `factors`.

    `reach`: positive where a weight that is not zero meets a one, needed where the filter of zeros is not exactly zero.
    """
    if one_of(function, "nan", nan, NAN_RULES) == "propagate":
        return apply
    if x.dtype.kind == "c" or any(factor.dtype.kind == "c" for factor in factors):
        raise FastconvTypeError(f"{function}: nan='omit' must have real input and weights, got input of dtype {x.dtype}")
    if out.dtype.kind != "f":
        if x.dtype.kind != "f":  # which has no NaN
            return apply
        raise FastconvTypeError(
            f"{function}: nan='omit' must have a float32 or float64 output, got output of dtype {out.dtype}"
        )
    total = math.prod(_sum_of(function, factor) for factor in factors)

    def apply_to_valid(x: Array, out: Array, cval: float) -> None:
        nan_omit.omit_nans(x, out, apply, total, cval, threads, reach)

    return apply_to_valid


def _sum_of(function: str, weights: Array) -> float:
    """Return the sum of weights, which renormalisation multiplies with and which is therefore not zero."""
    total = math.fsum(weights.flat)
    if abs(total) <= weights.size * np.finfo(np.float64).eps * math.fsum(np.abs(weights).flat):
        raise FastconvValueError(
            f"{function}: weights must not sum to zero with nan='omit', which divides by the sum of those over numbers, "
            f"got weights of shape {weights.shape} with sum {total}"
        )
    return total
