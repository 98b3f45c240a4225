# SPDX-License-Identifier: BSD-3-Clause
"""What the arguments of a filter must be: axes, sizes, borders, origins and numbers, each checked once.

Where SciPy's users look for a phrase of an error (`length equal to input rank`, `axes must be unique`), it stands in ours.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from ..spec import LIMIT, OPTION, SCHOOLS, FastconvTypeError, FastconvValueError, check_result, one_of, show, whole

Array = np.ndarray[Any, np.dtype[Any]]
Item = TypeVar("Item")

# The names of borders that SciPy's filters know; its words for convolve2d stand in the same school and are not among them.
MODES = ("reflect", "grid-mirror", "constant", "grid-constant", "nearest", "mirror", "wrap", "grid-wrap")
NAN_RULES = ("propagate", "omit")
ALGORITHMS = ("auto", "direct", "separable", "fft")


def axis_of(function: str, axis: Any, ndim: int) -> int:
    """Return an axis counted from the front."""
    return _axis(function, "axis", axis, ndim, axis)


def _axis(function: str, argument: str, axis: Any, ndim: int, given: Any) -> int:
    try:
        number = operator.index(axis)
    except TypeError:
        raise FastconvTypeError(
            f"{function}: {argument} must hold whole numbers, and {show(axis)} cannot be interpreted as an integer, "
            f"got {argument}={show(given)}"
        ) from None
    if not -ndim <= number < ndim:
        raise FastconvValueError(
            f"{function}: {argument} is out of range for an input of {ndim} axes: it must lie in [{-ndim}, {ndim - 1}], "
            f"got {argument}={show(given)}"
        )
    return number % ndim


def axes_of(function: str, axes: Any, ndim: int) -> tuple[int, ...]:
    """Return the axes that are filtered, counted from the front, in the order given."""
    if axes is None:
        return tuple(range(ndim))
    several = (axes,) if is_single(axes) else axes
    found = tuple(_axis(function, "axes", axis, ndim, axes) for axis in several)
    if len(set(found)) != len(found):
        raise FastconvValueError(f"{function}: axes must be unique, got axes={show(axes)}")
    return found


def is_single(value: Any) -> bool:
    """Return whether an argument is one item for all axes, and not a sequence of one each."""
    return isinstance(value, (str, int, float)) or value is None or np.ndim(value) == 0


def one_each(function: str, argument: str, value: Any, count: int, check: Callable[[Any], Item]) -> list[Item]:
    """Return `count` checked items, from one for all or a sequence of one each."""
    if is_single(value):
        return [check(value)] * count
    if len(value) != count:
        raise FastconvValueError(
            f"{function}: {argument} as a sequence argument must have length equal to input rank, or to the number of axes "
            f"where axes are named, here {count}, got {argument}={show(value)}"
        )
    return [check(item) for item in value]


def border(function: str, mode: Any) -> str:
    """Return our word for one of SciPy's names of borders."""
    return SCHOOLS["scipy"][one_of(function, "mode", mode, MODES)]


def borders(function: str, mode: Any, count: int) -> list[str]:
    """Return our words for borders, one an axis."""
    return one_each(function, "mode", mode, count, lambda item: border(function, item))


def one_border(function: str, mode: Any, where: str) -> str:
    """Return our word for the border of a filter that has one for all axes."""
    if not is_single(mode):
        raise FastconvValueError(f"{function}: a sequence of modes is not supported {where}, got mode={show(mode)}")
    return border(function, mode)


def left_of(function: str, origin: Any, size: int, flipped: bool = False) -> int:
    """Return how many inputs before its own place an output reads, from the filter's origin.

    `flipped`: the filter is a convolution's, turned around, and so is its origin.
    """
    number = whole(function, "origin", origin, -OPTION, limit=OPTION)
    left = (size - 1) // 2 - number if flipped else size // 2 + number
    if not 0 <= left < size:
        low, high = (-(size // 2), (size - 1) // 2) if not flipped else ((size - 1) // 2 - size + 1, (size - 1) // 2)
        raise FastconvValueError(
            f"{function}: invalid origin: it must lie in [{low}, {high}] along an axis where the filter has size {size}, "
            f"got origin={show(origin)}"
        )
    return left


def lefts_of(
    function: str, origin: Any, sizes: Sequence[int], axes: tuple[int, ...], flipped: bool = False
) -> tuple[int, ...]:
    """Return `left_of` for each axis of an array; `origin` has one for all or one for each of `axes`.

    Where `axes` are all of them, origins stand in the array's order, whatever that of `axes`, as SciPy has it.
    """
    origins = one_each(function, "origin", origin, len(axes), lambda item: item)
    if len(axes) < len(sizes):
        named = dict(zip(axes, origins, strict=True))
        origins = [named.get(axis, 0) for axis in range(len(sizes))]
    return tuple(left_of(function, item, size, flipped) for item, size in zip(origins, sizes, strict=True))


def box_size(function: str, size: Any, least: int) -> int:
    """Return the size of a box; a float that is a whole number will do."""
    if isinstance(size, (float, np.floating)) and float(size).is_integer():
        size = int(size)
    return whole(function, "size", size, least, limit=OPTION)


def number(function: str, argument: str, value: Any) -> float:
    """Return a real number, which may be NaN or infinite."""
    if not isinstance(value, (int, float)) and not is_item(value, (bool, int, float)):
        raise FastconvTypeError(f"{function}: {argument} must be a real number, got {argument}={show(value)}")
    return float(value)


def is_item(value: Any, kinds: tuple[type, ...]) -> bool:
    """Return whether a value is a single number of one of these kinds, perhaps as NumPy has it."""
    return np.ndim(value) == 0 and isinstance(np.asarray(value).item(), kinds)


def constant(function: str, cval: Any, is_complex: bool) -> complex:
    """Return the value outside the array; only a complex array has a complex one."""
    if isinstance(cval, (int, float)) or not is_item(cval, (complex,)):
        return number(function, "cval", cval)
    if not is_complex:
        raise FastconvValueError(f"{function}: cval must be real where the input is real, got cval={show(cval)}")
    return complex(cval)


def window(function: str, argument: str, array: Array, ndim: int, axes: tuple[int, ...]) -> Array:
    """Return weights or a footprint with as many axes as the array; those that are not filtered have size 1.

    As in SciPy, its axes are in the array's order, whatever that of `axes`.
    """
    if array.ndim != len(axes):
        raise FastconvValueError(
            f"{function}: {argument}.ndim ({array.ndim}) must match len(axes) ({len(axes)}), "
            f"got {argument} of shape {array.shape}"
        )
    if array.size == 0:
        raise FastconvValueError(f"{function}: {argument} must not be empty, got {argument} of shape {array.shape}")
    return np.expand_dims(array, tuple(axis for axis in range(ndim) if axis not in axes))


def weights_of(function: str, weights: Any) -> Array:
    """Return weights as float64, or complex128 where they are complex."""
    array = np.asarray(weights)
    if array.dtype.kind not in "buifc":
        raise FastconvTypeError(f"{function}: weights must be numbers, got weights={show(weights)}")
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def radius_of(function: str, sigma: float, truncate: Any, radius: Any) -> int:
    """Return how far from its middle a Gaussian goes."""
    if radius is None:
        reach = number(function, "truncate", truncate) * sigma + 0.5
        if not 0 <= reach < LIMIT:
            raise FastconvValueError(
                f"{function}: truncate must not be negative and leave a filter of finite size, "
                f"got truncate={show(truncate)} with sigma={sigma}"
            )
        found = int(reach)
    elif isinstance(radius, (int, np.integer)) and not isinstance(radius, bool) and radius >= 0:
        found = int(radius)
    else:
        raise FastconvValueError(f"{function}: radius must be a nonnegative integer or None, got radius={show(radius)}")
    check_result(function, (2 * found + 1,), 8, f"sigma={sigma}, truncate={show(truncate)}, radius={show(radius)}")
    return found


def sigma_of(function: str, sigma: Any) -> float:
    """Return a standard deviation."""
    value = number(function, "sigma", sigma)
    if not 0 <= value < math.inf:
        raise FastconvValueError(f"{function}: sigma must be finite and not negative, got sigma={show(sigma)}")
    return value
