# SPDX-License-Identifier: BSD-3-Clause
"""ONNX Runtime: a session of one node; its weights are constants, so packed before the timing."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.layer import Arrays, Layer
from benchmarks.peers import Driver
from benchmarks.peers._onnx_model import Attributes, Node, model_bytes
from benchmarks.timing import Call

FLOAT, INT64 = np.dtype(np.float32), np.dtype(np.int64)
OPERATOR = {
    "max_pool2d": "MaxPool",
    "avg_pool2d": "AveragePool",
    "global_avg_pool2d": "GlobalAveragePool",
    "max_unpool2d": "MaxUnpool",
}


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
    node = _node(layer, arrays)
    session = onnxruntime.InferenceSession(model_bytes(node), options, providers=["CPUExecutionProvider"])
    return partial(session.run, None, node.inputs)


def _node(layer: Layer, arrays: Arrays) -> Node:
    inputs: dict[str, NDArray[np.generic]] = {"x": arrays.input}
    if arrays.indices is not None:
        inputs["i"] = _tensor_numbers(layer, arrays.indices)
    outputs: dict[str, tuple[np.dtype[np.generic], tuple[int, ...]]] = {"y": (FLOAT, layer.output)}
    if layer.indices:
        outputs["switches"] = (INT64, layer.output)
    given = {"w": arrays.weight, "b": arrays.bias}
    constants: dict[str, NDArray[np.generic]] = {k: v for k, v in given.items() if v is not None}
    return Node(OPERATOR.get(layer.op, "Conv"), inputs, outputs, constants, _attributes(layer))


def _attributes(layer: Layer) -> Attributes:
    if layer.op == "global_avg_pool2d":
        return {}
    fronts, backs = zip(*layer.padding, strict=True)
    attributes: Attributes = {
        "kernel_shape": layer.kernel,
        "strides": layer.stride,
        "pads": (*fronts, *backs),
    }
    if layer.is_convolution:
        attributes |= {"dilations": layer.dilation, "group": layer.groups}
    if layer.op == "avg_pool2d":
        attributes["count_include_pad"] = 1
    return attributes


def _tensor_numbers(layer: Layer, indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Turn numbers within a plane into numbers within the tensor, which is what ONNX wants."""
    n, c = layer.input[:2]
    starts = np.arange(n * c).reshape(n, c, 1, 1) * math.prod(layer.output[2:])
    return indices + starts


DRIVER = Driver(
    name="onnxruntime", title="ONNX Runtime", role="peer",
    versions=_versions, supports=_supports, prepare=_prepare,
    note="session.intra_op.allow_spinning = 0: its idle threads would take the other libraries' core",
)  # fmt: skip
