# SPDX-License-Identifier: BSD-3-Clause
"""What lies outside an axis: our words for it, and those of other schools."""

from __future__ import annotations

from typing import Any

from .checks import (
    Axes,
    FastconvTypeError,
    FastconvValueError,
    Pairs,
    is_sequence,
    one_of,
    real,
    show,
)

# What lies outside an axis, in our words, which are torch's, and what other schools call it.
BORDERS = ("zeros", "constant", "replicate", "reflect", "symmetric", "circular")
SCHOOLS = {
    "fastconv": {name: name for name in BORDERS},
    "torch": {name: name for name in BORDERS if name != "symmetric"},
    "numpy": {
        "constant": "constant",
        "edge": "replicate",
        "reflect": "reflect",
        "symmetric": "symmetric",
        "wrap": "circular",
    },
    "scipy": {
        "constant": "constant",
        "grid-constant": "constant",
        "nearest": "replicate",
        "mirror": "reflect",
        "reflect": "symmetric",
        "grid-mirror": "symmetric",
        "wrap": "circular",
        "grid-wrap": "circular",
        "fill": "constant",
        "symm": "symmetric",
    },
    "opencv": {
        "BORDER_CONSTANT": "constant",
        "BORDER_REPLICATE": "replicate",
        "BORDER_REFLECT_101": "reflect",
        "BORDER_REFLECT101": "reflect",
        "BORDER_DEFAULT": "reflect",
        "BORDER_REFLECT": "symmetric",
        "BORDER_WRAP": "circular",
    },
    "tensorflow": {
        "CONSTANT": "constant",
        "constant": "constant",
        "REFLECT": "reflect",
        "reflect": "reflect",
        "SYMMETRIC": "symmetric",
        "symmetric": "symmetric",
    },
    "onnx": {"constant": "constant", "edge": "replicate", "reflect": "reflect", "wrap": "circular"},
}
Borders = tuple[tuple[str, str], tuple[str, str], tuple[str, str]]
ALL_ZEROS: Borders = (("zeros", "zeros"),) * 3


def border_mode(name: str, school: str = "fastconv") -> str:
    """Return our word for a border that a school of image processing calls by this name.

    Our words are torch's, and "symmetric", which torch has none for. A name can carry its school as a prefix, as in
    "scipy:reflect"; that is how `padding_mode` takes the words of other schools.

    ===========  =================  =====================================================================================
    fastconv     outside a b c d    names elsewhere
    ===========  =================  =====================================================================================
    zeros        0 0|a b c d|0 0    torch zeros
    constant     v v|a b c d|v v    numpy, torch, onnx constant; scipy constant, grid-constant; tensorflow CONSTANT;
                                    opencv BORDER_CONSTANT
    replicate    a a|a b c d|d d    torch replicate; numpy, onnx edge; scipy nearest; opencv BORDER_REPLICATE
    reflect      c b|a b c d|c b    torch, numpy, onnx reflect; scipy mirror; tensorflow REFLECT;
                                    opencv BORDER_REFLECT_101, BORDER_REFLECT101, BORDER_DEFAULT
    symmetric    b a|a b c d|d c    numpy symmetric; scipy reflect, grid-mirror; tensorflow SYMMETRIC;
                                    opencv BORDER_REFLECT
    circular     c d|a b c d|a b    torch circular; numpy, onnx wrap; scipy wrap, grid-wrap; opencv BORDER_WRAP
    ===========  =================  =====================================================================================

    Every border goes on for ever: reflect repeats after 2(n - 1) elements, symmetric after 2n, circular after n. One element
    alone reflects as itself. scipy's names are those of its filters, and of scipy.signal.convolve2d (fill, symm, wrap);
    tensorflow's may be in small letters.

    Parameters
    ----------
    name : str
    school : {"fastconv", "torch", "numpy", "scipy", "opencv", "tensorflow", "onnx"}, optional

    Returns
    -------
    str
        One of "zeros", "constant", "replicate", "reflect", "symmetric" and "circular".

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If there is no such school, or it has no such name.

    References
    ----------
    The documentation of torch.nn.Conv2d, numpy.pad, scipy.ndimage.correlate, cv2.BorderTypes, tf.pad and ONNX's Pad.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.border_mode("reflect", "scipy"), fc.border_mode("opencv:BORDER_REFLECT_101")
    ('symmetric', 'reflect')
    """
    one_of("border_mode", "school", school, tuple(SCHOOLS))
    return border_named("border_mode", "name", name, school)


def border_named(function: str, argument: str, name: Any, school: str = "fastconv", given: Any = None) -> str:
    """Return our word for a border's name in a school, or in the one its prefix says."""
    shown = show(name if given is None else given)
    if not isinstance(name, str):
        raise FastconvTypeError(f"{function}: {argument} must be a name of a border, got {argument}={shown}")
    prefix, colon, rest = name.partition(":")
    if colon and prefix in SCHOOLS:
        school, name = prefix, rest
    if name in SCHOOLS[school]:
        return SCHOOLS[school][name]
    hint = "".join(f"; {word}:{name} is {names[name]!r}" for word, names in SCHOOLS.items() if name in names)
    raise FastconvValueError(
        f"{function}: {argument} must be one of {tuple(SCHOOLS[school])}"
        + (" or a name with its school, such as 'scipy:mirror'" if school == "fastconv" else f" with {school}'s names")
        + f", got {argument}={shown}{hint}"
    )


def border_pairs(function: str, mode: Any, rank: int) -> Borders:
    """Return the border's names, (front, back) an axis, from one name, or a name or pair of names an axis."""
    if not is_sequence(mode):
        return ((border_named(function, "padding_mode", mode),) * 2,) * 3
    if len(mode) != rank or any(is_sequence(pair) and len(pair) != 2 for pair in mode):
        raise FastconvValueError(
            f"{function}: padding_mode must be a name, or hold a name or a (front, back) pair of names for each of {rank} "
            f"axes, got padding_mode={show(mode)}"
        )
    sides = [tuple(pair) if is_sequence(pair) else (pair, pair) for pair in mode]
    named = [tuple(border_named(function, "padding_mode", side, given=mode) for side in pair) for pair in sides]
    return (*[("zeros", "zeros")] * (3 - rank), *named)  # type: ignore[return-value]


def border_of(function: str, mode: Any, value: Any, rank: int, pads: Pairs, size: Axes, dtype: str) -> tuple[Borders, float]:
    """Return the border as kernels need it and its constant: zeros wherever nothing else is read.

    One element alone is all that any border can repeat of it.
    """
    constant = real(function, "padding_value", value, dtype)
    named = border_pairs(function, mode, rank)
    if constant and not any("constant" in pair for pair in named):
        raise FastconvValueError(
            f"{function}: padding_value must be 0 unless padding_mode='constant', got padding_value={show(value)} "
            f"with padding_mode={show(mode)}"
        )

    def needed(name: str, pad: int, length: int) -> str:
        if pad == 0 or name == "zeros" or (name == "constant" and not constant):
            return "zeros"
        return "replicate" if length == 1 and name != "constant" else name

    border = tuple(
        tuple(needed(name, pad, length) for name, pad in zip(names, pair, strict=True))
        for names, pair, length in zip(named, pads, size, strict=True)
    )
    kept = any("constant" in pair for pair in border)
    return border, constant if kept else 0.0  # type: ignore[return-value]
