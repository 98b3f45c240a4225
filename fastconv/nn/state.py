# SPDX-License-Identifier: BSD-3-Clause
"""State in files: names to arrays, as safetensors or npz by the file's ending. Nothing is ever pickled.

A file is written beside its place and moved there whole: whatever interrupts the writing, what stood there before stays.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..spec import FastconvError, FastconvTypeError, FastconvValueError, show
from .module import Array

# What both formats and NumPy know, by the name in a safetensors header.
_DTYPES = {
    "BOOL": "bool", "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64", "U8": "uint8", "U16": "uint16",
    "U32": "uint32", "U64": "uint64", "F16": "float16", "F32": "float32", "F64": "float64",
}  # fmt: skip

# The one name that is no array's: safetensors keeps a file's text under it, and so does our npz.
TEXT = "__metadata__"


def save_state(path: str | os.PathLike[str], state: Mapping[str, Any]) -> None:
    """Write a mapping of names to arrays, such as a `state_dict`, to a file.

    Parameters
    ----------
    path : str or os.PathLike
        Ends in ".safetensors" (needs the package of that name: ``pip install 'fastconv[train]'``) or ".npz". A file that is
        there is replaced, at once and only when the new one is whole.
    state : mapping of str to array_like
        Arrays of floats, whole numbers or truth values, of any shape.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If the ending, a name or an array breaks a rule.
    FastconvError
        If the package is missing.

    References
    ----------
    https://github.com/huggingface/safetensors (the format); numpy.lib.format (npz).

    Examples
    --------
    >>> import tempfile, pathlib, fastconv as fc
    >>> layer, path = fc.nn.Linear(2, 3), pathlib.Path(tempfile.mkdtemp(), "layer.npz")
    >>> fc.nn.save_state(path, layer.state_dict())
    >>> layer.load_state_dict(fc.nn.load_state(path))
    """
    write("save_state", path, state, {})


def load_state(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Read a file of named arrays: one of `save_state`, or any safetensors or npz file, such as a torch model's.

    Parameters
    ----------
    path : str or os.PathLike
        Ends in ".safetensors" or ".npz".

    Returns
    -------
    dict of str to numpy.ndarray
        Ready for `Module.load_state_dict`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FastconvValueError, FastconvTypeError
        If the file is not what its ending says, or holds what NumPy has no dtype for, or Python objects.
    FastconvError
        If the package is missing.

    Examples
    --------
    >>> import tempfile, pathlib, numpy as np, fastconv as fc
    >>> path = pathlib.Path(tempfile.mkdtemp(), "state.npz")
    >>> np.savez(path, weight=np.ones(2))
    >>> fc.nn.load_state(path)
    {'weight': array([1., 1.])}
    """
    return read("load_state", path)[0]


def write(function: str, path: Any, state: Mapping[str, Any], texts: Mapping[str, str]) -> None:
    """Write arrays, and texts beside them."""
    place, writer = _chosen(function, path, {".safetensors": _write_safetensors, ".npz": _write_npz})
    arrays = {name: _storable(function, place, name, value) for name, value in state.items()}
    with _replacing(place) as beside:
        writer(function, beside, arrays, dict(texts))


def read(function: str, path: Any) -> tuple[dict[str, Array], dict[str, str]]:
    """Read the arrays of a file, and the texts beside them."""
    place, reader = _chosen(function, path, {".safetensors": _read_safetensors, ".npz": _read_npz})
    arrays, texts = reader(function, place)
    return arrays, texts


def _chosen(function: str, path: Any, ways: dict[str, Any]) -> tuple[Path, Any]:
    """The path, and what its ending calls for."""
    try:
        place = Path(path)
    except TypeError:
        raise FastconvTypeError(f"{function}: path must be a path, got path={show(path)}") from None
    if place.suffix not in ways:
        raise FastconvValueError(f"{function}: path must end in .safetensors or .npz, got path={str(place)!r}")
    return place, ways[place.suffix]


def _storable(function: str, place: Path, name: Any, value: Any) -> Array:
    """The array as it goes to the file: in C order and this machine's byte order."""
    if not isinstance(name, str) or name in ("", TEXT):
        raise FastconvValueError(f"{function}: state must have strings for names, {TEXT!r} not among them, got {show(name)}")
    array = np.asarray(value, order="C")
    if array.dtype.name not in _DTYPES.values():
        raise FastconvTypeError(
            f"{function}: {name!r} must hold floats, whole numbers or truth values to go to {str(place)!r}, "
            f"got dtype={array.dtype}"
        )
    return array.astype(array.dtype.newbyteorder("="), copy=False)


@contextmanager
def _replacing(place: Path) -> Iterator[Path]:
    """Lend a file beside the place, and move it there when it is written and on the disk."""
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    beside.touch(exist_ok=False)
    mode = beside.stat().st_mode
    try:
        yield beside
        beside.chmod(mode)  # some writers make files for the owner's eyes only
        with beside.open("rb+") as written:
            os.fsync(written.fileno())
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)


def _safetensors(function: str) -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise FastconvError(
            f"{function}: a .safetensors file needs the package safetensors ({error}); pip install 'fastconv[train]'"
        ) from error
    return safetensors


def _write_safetensors(function: str, beside: Path, arrays: dict[str, Array], texts: dict[str, str]) -> None:
    _safetensors(function).numpy.save_file(arrays, beside, metadata=texts or None)


def _read_safetensors(function: str, place: Path) -> tuple[dict[str, Array], dict[str, str]]:
    package = _safetensors(function)
    try:
        with package.safe_open(place, framework="np") as opened:
            kinds = {name: opened.get_slice(name).get_dtype() for name in opened.keys()}  # noqa: SIM118
            for name, kind in kinds.items():
                if kind not in _DTYPES:
                    raise FastconvTypeError(
                        f"{function}: {name!r} of {str(place)!r} must have one of the types {tuple(_DTYPES)}, got {kind}"
                    )
            return {name: opened.get_tensor(name) for name in kinds}, opened.metadata() or {}
    except package.SafetensorError as error:
        raise _unreadable(function, place, "a safetensors file", error) from error


def _write_npz(function: str, beside: Path, arrays: dict[str, Array], texts: dict[str, str]) -> None:
    # Not by numpy.savez, whose own parameters ("file") cannot be names of arrays.
    named = {f"{TEXT}.{key}": np.array(text) for key, text in texts.items()}
    with zipfile.ZipFile(beside, "w") as archive:
        for name, array in (arrays | named).items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def _read_npz(function: str, place: Path) -> tuple[dict[str, Array], dict[str, str]]:
    read: dict[str, Any] = {}
    try:
        with place.open("rb") as opened, np.lib.npyio.NpzFile(opened, allow_pickle=False) as archive:
            for name in archive.files:
                read[name] = archive[name]
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise _unreadable(function, place, "an npz file without Python objects", error) from error
    prefix = f"{TEXT}."
    arrays = {name: array for name, array in read.items() if not name.startswith(prefix)}
    return arrays, {name.removeprefix(prefix): str(text) for name, text in read.items() if name not in arrays}


def _unreadable(function: str, place: Path, kind: str, error: Exception) -> FastconvValueError:
    return FastconvValueError(f"{function}: path must name {kind}, got path={str(place)!r} ({error})")
