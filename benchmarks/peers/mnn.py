# SPDX-License-Identifier: BSD-3-Clause
"""MNN: a module of one layer, converted from its ONNX model.

Its large Winograd tiles may be off by 3e-3 of the largest value. So it may use all its tiles, or else only the
small ones, or else none: the first that comes as near to the result without Winograd as a peer has to.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.layer import Arrays, Layer
from benchmarks.peers import Driver
from benchmarks.peers._onnx_layer import node_of
from benchmarks.peers._onnx_model import model_bytes
from benchmarks.reference import PEER_ERROR
from benchmarks.timing import Call

WINOGRAD_HINT, WINOGRAD_ALL, WINOGRAD_SMALL, WINOGRAD_NONE = 3, 3, 2, 0


@dataclass(frozen=True)
class _Output:
    """An array and the variable that owns its memory, which the array alone would not keep."""

    owner: object
    values: NDArray[np.float32]

    def __array__(self, dtype: object = None, copy: bool | None = None) -> NDArray[np.float32]:
        return self.values


def _import() -> Any:
    with _silence():
        import MNN
    return MNN


def _versions() -> str:
    return f"MNN {_import().version()}"


def _supports(layer: Layer) -> str | None:
    return "neither gives nor takes switches" if layer.indices or layer.op == "max_unpool2d" else None


def _prepare(layer: Layer, arrays: Arrays, threads: int) -> Call:
    with TemporaryDirectory() as folder:
        path = _convert(layer, arrays, Path(folder))
        exact_call = _load(path, layer, arrays, threads, WINOGRAD_NONE)
        exact = np.asarray(exact_call())
        for level in (WINOGRAD_ALL, WINOGRAD_SMALL):
            call = _load(path, layer, arrays, threads, level)
            if np.max(np.abs(np.asarray(call()) - exact)) <= PEER_ERROR * np.max(np.abs(exact)):
                return call
    return exact_call


def _convert(layer: Layer, arrays: Arrays, folder: Path) -> str:
    """Convert by the function below MNN.tools.mnnconvert: that module installs a package and reports home."""
    source, target = folder / "layer.onnx", folder / "layer.mnn"
    source.write_bytes(model_bytes(node_of(layer, arrays)))
    with _silence():
        import _tools

        _tools.mnnconvert(["", "-f", "ONNX", "--modelFile", str(source), "--MNNModel", str(target), "--bizCode", ""])
    return str(target)


def _load(path: str, layer: Layer, arrays: Arrays, threads: int, winograd: int) -> Call:
    mnn = _import()
    with _silence():
        manager = mnn.nn.create_runtime_manager(({"backend": "CPU", "precision": "high", "numThread": threads},))
        manager.set_hint(WINOGRAD_HINT, winograd)
        module = mnn.nn.load_module_from_file(path, ["x"], ["y"], runtime_manager=manager)
    x, given = arrays.input, mnn.expr.placeholder(list(layer.input), mnn.expr.NCHW)

    def call() -> object:
        given.write(x)
        output = module.forward([given])[0]
        return _Output(output, output.read().reshape(layer.output))

    return call


@contextmanager
def _silence() -> Iterator[None]:
    """Send what the library prints about the machine and its own progress nowhere."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        ctypes.CDLL(None).fflush(None)
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


DRIVER = Driver(
    name="mnn", title="MNN", role="peer",
    versions=_versions, supports=_supports, prepare=_prepare,
    note="high precision; small Winograd tiles, or none, where its large ones err by more than 1e-4",
)  # fmt: skip
