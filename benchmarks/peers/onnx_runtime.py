# SPDX-License-Identifier: BSD-3-Clause
"""ONNX Runtime: a session of one node; its weights are constants, so packed before the timing."""

from __future__ import annotations

from functools import partial

from benchmarks.layer import Arrays, Layer
from benchmarks.peers import Driver
from benchmarks.peers._onnx_layer import node_of
from benchmarks.peers._onnx_model import model_bytes
from benchmarks.timing import Call


def _versions() -> str:
    import onnxruntime

    return f"ONNX Runtime {onnxruntime.__version__}"


def _supports(layer: Layer) -> str | None:
    return None


def _prepare(layer: Layer, arrays: Arrays, threads: int) -> Call:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    node = node_of(layer, arrays)
    session = onnxruntime.InferenceSession(model_bytes(node), options, providers=["CPUExecutionProvider"])
    return partial(session.run, None, node.inputs)


DRIVER = Driver(
    name="onnxruntime", title="ONNX Runtime", role="peer",
    versions=_versions, supports=_supports, prepare=_prepare,
    note="session.intra_op.allow_spinning = 0: its idle threads would take the other libraries' core",
)  # fmt: skip
