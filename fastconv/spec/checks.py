# SPDX-License-Identifier: BSD-3-Clause
"""Refusals, and the checks of single arguments that raise them."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

Axes = tuple[int, int, int]
Pairs = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]

# Products of padded sizes stay below this, so that no offset a kernel forms overflows 64 bits.
LIMIT = 1 << 60
WORD = 1 << 63
# No option of a call (stride, padding, dilation, groups, kernel size) has a use for more.
OPTION = 1 << 31

# Channels first and channels last, by the number of spatial axes.
FORMATS = {1: ("NCW", "NWC"), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}


class FastconvError(RuntimeError):
    """Any refusal by this package. Also a RuntimeError, as torch's are."""


class FastconvValueError(FastconvError, ValueError):
    """An argument of the right kind with a value that breaks a rule."""


class FastconvTypeError(FastconvError, TypeError):
    """An argument of a wrong kind: not an array, a wrong dtype, not a whole number."""


def show(value: object) -> str:
    """Return a value for a message, cut where it is long."""
    if hasattr(value, "shape") and hasattr(value, "dtype") and value.shape != ():
        return f"{type(value).__name__} of shape {value.shape} and dtype {value.dtype}"
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."


def whole(function: str, argument: str, value: object, least: int, given: object = None, limit: int = WORD) -> int:
    """Return value as an int in [least, limit)."""
    try:
        number = operator.index("" if isinstance(value, bool) else value)  # type: ignore[arg-type]
    except TypeError:
        shown = show(value if given is None else given)
        raise FastconvTypeError(f"{function}: {argument} must be a whole number, got {argument}={shown}") from None
    if least <= number < limit:
        return number
    rule = {0: "must not be negative", 1: "must be positive"}.get(least, f"must be at least {least}")
    if number >= limit:
        rule = f"must be below 2**{limit.bit_length() - 1}"
    raise FastconvValueError(f"{function}: {argument} {rule}, got {argument}={show(value if given is None else given)}")


def is_sequence(value: object) -> bool:
    """Return whether a value stands for several: a tuple, a list or a small array, not a string."""
    return isinstance(value, (tuple, list)) or (hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1)


def per_axis(function: str, argument: str, value: Any, rank: int, least: int, fill: int) -> Axes:
    """Return three whole numbers, the missing leading axes filled, from one or one an axis."""
    if not is_sequence(value):
        numbers = [whole(function, argument, value, least, limit=OPTION)] * rank
    elif len(value) in (1, rank):
        numbers = [whole(function, argument, item, least, value, OPTION) for item in value] * (rank // len(value))
    else:
        raise FastconvValueError(
            f"{function}: {argument} must be a whole number or a sequence of {rank}, one an axis, "
            f"got {argument}={show(value)}"
        )
    return (*[fill] * (3 - rank), *numbers)  # type: ignore[return-value]


def shape_of(function: str, argument: str, value: Any, ranks: Sequence[int], names: str) -> tuple[int, ...]:
    """Return a shape given as a sequence of positive sizes (the batch, where there is one, may be 0)."""
    if not is_sequence(value):
        raise FastconvTypeError(f"{function}: {argument} must be a sequence of sizes {names}, got {argument}={show(value)}")
    if len(value) not in ranks:
        raise FastconvValueError(
            f"{function}: {argument} must have {' or '.join(map(str, ranks))} sizes {names}, got {argument}={show(value)}"
        )
    return tuple(whole(function, argument, size, 0, value) for size in value)


def check_dtype(function: str, argument: str, dtype: Any, wanted: str | None = None) -> str:
    """Return "float32" or "float64", or the dtype that is wanted, whatever the byte order."""
    name = str(getattr(dtype, "name", dtype))
    floats = ("float32", "float64")
    if name == wanted:
        return name
    if name not in floats and wanted in (None, *floats):
        raise FastconvTypeError(f"{function}: {argument} must be float32 or float64, got {argument} of dtype {dtype}")
    if wanted is not None and name != wanted:
        raise FastconvTypeError(
            f"{function}: {argument} must have the dtype of the input, {wanted}, got {argument} of dtype {name}"
        )
    return name


def named_dtype(function: str, dtype: Any) -> str:
    """Return the name of a dtype argument."""
    try:
        return check_dtype(function, "dtype", np.dtype(dtype))
    except TypeError:
        raise FastconvTypeError(f"{function}: dtype must be float32 or float64, got dtype={show(dtype)}") from None


def one_of(function: str, argument: str, value: object, names: Sequence[str]) -> str:
    """Return a name that must be one of these."""
    if not isinstance(value, str):
        raise FastconvTypeError(f"{function}: {argument} must be one of {tuple(names)}, got {argument}={show(value)}")
    if value not in names:
        raise FastconvValueError(f"{function}: {argument} must be one of {tuple(names)}, got {argument}={value!r}")
    return value


def flag(function: str, argument: str, value: object) -> bool:
    """Return a truth value given as one."""
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    raise FastconvTypeError(f"{function}: {argument} must be True or False, got {argument}={show(value)}")


def real(function: str, argument: str, value: Any, dtype: str, given: object = None) -> float:
    """Return value as a float that is finite in this dtype."""
    shown = show(value if given is None else given)
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise FastconvTypeError(f"{function}: {argument} must be a number, got {argument}={shown}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not abs(number) <= float(np.finfo(dtype).max):
        raise FastconvValueError(f"{function}: {argument} must be finite in {dtype}, got {argument}={shown}")
    return number


def channels_are_last(function: str, data_format: object, rank: int) -> bool:
    """Return whether a data_format argument, None for the default, puts the channels last."""
    return data_format is not None and one_of(function, "data_format", data_format, FORMATS[rank]) == FORMATS[rank][1]


@cache
def memory_bytes() -> int:
    """Return this machine's memory."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return LIMIT


def check_result(function: str, shape: tuple[int, ...], itemsize: int, given: str) -> None:
    """Refuse a result that this machine could not hold, before anything is allocated."""
    size = math.prod(shape) * itemsize
    if size > memory_bytes():
        raise FastconvValueError(
            f"{function}: the result must fit this machine's memory of {memory_bytes()} bytes, "
            f"but shape {shape} takes {size} bytes, got {given}"
        )


def batch_and_channels(
    function: str, argument: str, shape: tuple[int, ...], rank: int, last: bool = False
) -> tuple[bool, int, int, Axes]:
    """Return (batched, n, c, size) of an input of rank + 1 or rank + 2 axes; `last`: whether the channels come last."""
    if len(shape) not in (rank + 1, rank + 2):
        raise FastconvValueError(
            f"{function}: {argument} must be {rank + 1}D (unbatched) or {rank + 2}D (batched), "
            f"got {argument} of shape {shape}"
        )
    batched = len(shape) == rank + 2
    n, *axes = shape if batched else (1, *shape)
    c, *size = (axes[-1], *axes[:-1]) if last else axes
    if 0 in (c, *size):
        raise FastconvValueError(
            f"{function}: {argument} must have no axis of size 0 other than the batch, got {argument} of shape {shape}"
        )
    return batched, n, c, (*[1] * (3 - rank), *size)  # type: ignore[return-value]


def padding_pairs(function: str, padding: Any, rank: int, spans: Axes, size: Axes, stride: Axes) -> Pairs:
    """Return (front, back) an axis. `spans`: the extent of the dilated kernel."""
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0), (0, 0), (0, 0))
        if padding == "causal":
            if rank > 1:
                raise FastconvValueError(f"{function}: padding 'causal' is for sequences, with 1 axis, got {rank} axes")
            return ((0, 0), (0, 0), (spans[2] - 1, 0))
        if padding != "same":
            raise FastconvValueError(
                f"{function}: padding must be 'same', 'valid', 'causal' (1 axis), a whole number, one an axis, or a "
                f"(front, back) pair an axis, got padding={padding!r}"
            )
        # TensorFlow's rule: out = ceil(size / stride), what is odd goes to the end.
        total = [max((-(-n // s) - 1) * s + k - n, 0) for n, s, k in zip(size, stride, spans, strict=True)]
        return tuple((t // 2, t - t // 2) for t in total)  # type: ignore[return-value]
    if is_sequence(padding) and len(padding) > 0 and all(is_sequence(pair) for pair in padding):
        if len(padding) != rank or any(len(pair) != 2 for pair in padding):
            raise FastconvValueError(
                f"{function}: padding must hold a (front, back) pair for each of {rank} axes, got padding={show(padding)}"
            )
        pairs = [tuple(whole(function, "padding", side, 0, padding, OPTION) for side in pair) for pair in padding]
        return (*[(0, 0)] * (3 - rank), *pairs)  # type: ignore[return-value]
    return tuple((p, p) for p in per_axis(function, "padding", padding, rank, 0, 0))  # type: ignore[return-value]
