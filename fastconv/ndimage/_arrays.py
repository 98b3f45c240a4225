# SPDX-License-Identifier: BSD-3-Clause
"""Arrays on their way to the kernels and back: element types, SciPy's `output` argument, overlap, complex numbers.

The kernels take real native arrays of any strides that do not overlap. What is not so is copied, and nothing else is.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..backends.cpu.passes import is_same
from ..spec import FastconvTypeError, FastconvValueError, show
from ._arguments import Array

# Fills its second argument, real arrays both; the third is the value outside.
Filter = Callable[[Array, Array, float], None]

TYPES = "bool, an integer type, float32 or float64"


def input_of(function: str, input: Any, takes_complex: bool = False) -> Array:
    """Return the input as an array of an element type that can be filtered."""
    array = np.asarray(input)
    if array.dtype.kind == "c" and not takes_complex:
        raise FastconvTypeError(f"{function}: input must be real, Complex type not supported, got input of {array.dtype}")
    _check_dtype(function, "input", array.dtype)
    return array


def _check_dtype(function: str, argument: str, dtype: np.dtype[Any]) -> None:
    if not (dtype.kind in "bui" or (dtype.kind == "f" and dtype.itemsize in (4, 8)) or dtype.char in "FD"):
        raise FastconvTypeError(
            f"{function}: {argument} must be {TYPES}, or complex64 or complex128 where complex numbers are taken, "
            f"got {argument} of dtype {dtype}"
        )


def output_of(function: str, output: Any, x: Array, is_complex: bool | None = None) -> Array:
    """Return the array that is handed to the caller: the one given, or a new one in the layout of the input.

    `is_complex`: whether results are complex; None where the input says so.
    """
    is_complex = x.dtype.kind == "c" if is_complex is None else is_complex
    if isinstance(output, np.ndarray):
        if output.shape != x.shape:
            raise FastconvValueError(
                f"{function}: output shape not correct, it must be {x.shape} as the input's is, "
                f"got output of shape {output.shape}"
            )
        if not output.flags.writeable:
            raise FastconvValueError(f"{function}: output must be writeable, got a read-only array of shape {output.shape}")
        dtype = output.dtype
    else:
        dtype = _named_dtype(function, output, x.dtype, is_complex)
    _check_dtype(function, "output", dtype)
    if (dtype.kind == "c") != is_complex:
        rule = "output must have complex dtype where the result is complex and a real one where it is real"
        raise FastconvTypeError(f"{function}: {rule}, got output of dtype {dtype}")
    return output if isinstance(output, np.ndarray) else np.empty_like(x, dtype, subok=False)


def _named_dtype(function: str, output: Any, given: np.dtype[Any], is_complex: bool) -> np.dtype[Any]:
    """Return the type that an `output` argument other than an array names, in the machine's byte order."""
    if output is None:
        return (np.promote_types(given, np.complex64) if is_complex else given).newbyteorder("=")
    if not isinstance(output, (type, np.dtype, str)):
        raise FastconvTypeError(f"{function}: output must be an array, a dtype or None, got output={show(output)}")
    try:
        dtype = np.dtype(output)
    except TypeError:
        raise FastconvTypeError(f"{function}: output must name a numeric dtype, got output={show(output)}") from None
    if is_complex and dtype.kind in "buif" and not isinstance(output, str):
        warnings.warn(f"promoting specified output dtype to complex: {function}", UserWarning, stacklevel=5)
        return np.promote_types(dtype, np.complex64)
    return dtype


def readable(x: Array) -> Array:
    """Return the array itself if the kernels can read it, else a native, aligned copy."""
    return x if x.dtype.isnative and x.flags.aligned else np.array(x, x.dtype.newbyteorder("="), order="K", subok=False)


def apart(x: Array, out: Array, in_place: bool = False) -> Array:
    """Return where to compute: `out` if the kernels can write it and it shares nothing with x, else a new array.

    `in_place`: it may also be x itself.
    """
    free = not np.may_share_memory(x, out) or (in_place and is_same(x, out))
    own = free and out.dtype.isnative and out.flags.aligned
    return np.asarray(out) if own else np.empty_like(out, out.dtype.newbyteorder("="), subok=False)


def deliver(result: Array, out: Array) -> Array:
    """Return `out`, holding the result."""
    if result is not out and not is_same(result, out):
        with np.errstate(invalid="ignore", over="ignore"):  # what a type cannot hold wraps, or has no value, as in C
            np.copyto(out, result, casting="unsafe")
    return out


def fill(x: Array, out: Array, apply: Filter, cval: complex, in_place: bool = False) -> Array:
    """Return `out` as a real filter of x makes it; complex arrays are two real ones."""
    held = apart(x, out, in_place)
    if x.size:
        apply_to_parts(readable(x), held, apply, cval)
    return deliver(held, out)


def apply_to_parts(x: Array, out: Array, apply: Filter, cval: complex) -> None:
    """Apply a real filter to arrays the kernels take; an array without axes is one of a single element."""
    if x.dtype.kind == "c":
        apply_to_parts(x.real, out.real, apply, cval.real)
        apply_to_parts(x.imag, out.imag, apply, cval.imag)
    else:
        apply(np.atleast_1d(x), np.atleast_1d(out), cval.real)


def fill_complex(x: Array, out: Array, real: Filter, imaginary: Filter, cval: complex) -> Array:
    """Return `out` as a filter with complex weights makes it, from the filters with their two parts."""
    held = apart(x, out)
    if x.size:
        x = readable(x)
        apply_to_parts(x.real, held.real, real, cval.real)
        apply_to_parts(x.real, held.imag, imaginary, cval.real)
        if x.dtype.kind == "c":
            term = np.empty_like(held.real, subok=False)
            apply_to_parts(x.imag, term, imaginary, cval.imag)
            np.subtract(held.real, term, out=held.real)
            apply_to_parts(x.imag, term, real, cval.imag)
            np.add(held.imag, term, out=held.imag)
    return deliver(held, out)
