# SPDX-License-Identifier: BSD-3-Clause
"""What an array argument must be, and how it becomes one that kernels can read or write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...spec import FastconvTypeError, FastconvValueError, check_dtype, show

Array = np.ndarray[Any, np.dtype[Any]]

# By number, whatever the byte order: NumPy puts a dtype's name together anew each time.
FLOATS = {np.dtype(name).num: name for name in ("float32", "float64")}


def check_array(function: str, argument: str, array: Any, dtype: str | None = None) -> str:
    """Return the dtype's name of an argument that must be a float array."""
    if not isinstance(array, np.ndarray):
        raise FastconvTypeError(f"{function}: {argument} must be a NumPy array, got {argument}={show(array)}")
    name = FLOATS.get(array.dtype.num)
    if name is None or dtype not in (None, name):
        return check_dtype(function, argument, array.dtype, dtype)
    return name


def check_shape(function: str, argument: str, array: Array, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise FastconvValueError(f"{function}: {argument} must have shape {shape}, got {argument} of shape {array.shape}")


def plain(array: Array, dtype: str) -> Array:
    """Return the array itself if kernels can read it, else a C-contiguous, aligned, native copy."""
    if type(array) is np.ndarray and array.flags.carray and array.dtype.isnative and FLOATS.get(array.dtype.num) == dtype:
        return array
    return np.require(np.asarray(array), dtype, ("C", "A"))


def target(function: str, out: Any, shape: tuple[int, ...], dtype: str, inputs: Sequence[Any], given: str = "out") -> Array:
    """Return where to compute: `out` if kernels can write it and no input shares its memory, else a new array."""
    if out is None:
        return np.empty(shape, dtype)
    check_array(function, given, out, dtype)
    check_shape(function, given, out, shape)
    if not out.flags.writeable:
        raise FastconvValueError(f"{function}: {given} must be writeable, got a read-only array of shape {out.shape}")
    own = (
        type(out) is np.ndarray
        and out.flags.carray
        and out.dtype.isnative
        and not any(isinstance(array, np.ndarray) and np.may_share_memory(out, array) for array in inputs)
    )
    return out if own else np.empty(shape, dtype)


def delivered(result: Array, out: Any) -> Array:
    """Return the result, in `out` if there is one."""
    if out is None or result is out:
        return result
    out[...] = result
    return out


def check_rank(function: str, argument: str, array: Array, rank: int) -> None:
    if array.ndim not in (rank + 1, rank + 2):
        raise FastconvValueError(
            f"{function}: {argument} must be {rank + 1}D (unbatched) or {rank + 2}D (batched), "
            f"got {argument} of shape {array.shape}"
        )
