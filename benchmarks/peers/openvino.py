# SPDX-License-Identifier: BSD-3-Clause
"""OpenVINO: a compiled model of one layer, inferred on the caller's input into an output made for the call."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.layer import Arrays, Layer
from benchmarks.peers import Driver
from benchmarks.timing import Call


def _import() -> Any:
    """Import OpenVINO without its telemetry, which starts a thread and reports home as soon as it is imported."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def _versions() -> str:
    return f"OpenVINO {_import().__version__.partition('-')[0]}"


def _supports(layer: Layer) -> str | None:
    return "no such operator" if layer.op == "max_unpool2d" else None


def _prepare(layer: Layer, arrays: Arrays, threads: int) -> Call:
    openvino = _import()
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }
    request = openvino.Core().compile_model(_model(layer, arrays), "CPU", settings).create_infer_request()
    x, tensor = arrays.input, openvino.Tensor
    dtypes = (np.float32, np.int64) if layer.indices else (np.float32,)

    def call() -> object:
        outputs = [np.empty(layer.output, dtype) for dtype in dtypes]
        request.set_input_tensor(tensor(x, shared_memory=True))
        for number, output in enumerate(outputs):
            request.set_output_tensor(number, tensor(output, shared_memory=True))
        request.infer(share_outputs=True)
        return outputs

    return call


def _model(layer: Layer, arrays: Arrays) -> object:
    openvino = _import()
    from openvino import opset13 as ops

    x = ops.parameter(list(layer.input), np.float32)
    fronts, backs = ([pair[end] for pair in layer.padding] for end in (0, 1))
    kernel, stride, dilation = list(layer.kernel), list(layer.stride), list(layer.dilation)
    if layer.has_weights:
        y = _convolution(layer, arrays, x, (stride, fronts, backs, dilation))
    elif layer.op == "max_pool2d":
        y = ops.max_pool(x, stride, dilation, fronts, backs, kernel, index_element_type="i64", axis=2)
    elif layer.op == "avg_pool2d":
        y = ops.avg_pool(x, stride, fronts, backs, kernel, exclude_pad=False)
    else:
        y = ops.reduce_mean(x, np.array([2, 3]), keep_dims=True)
    return openvino.Model(y.outputs() if layer.indices else [y.output(0)], [x])


def _convolution(layer: Layer, arrays: Arrays, x: object, geometry: tuple[list[int], ...]) -> Any:
    from openvino import opset13 as ops

    assert arrays.weight is not None
    c_out, groups = layer.c_out, layer.groups
    if layer.is_transposed:
        y = _transposed(layer, arrays.weight, x, geometry)
    elif groups == 1:
        y = ops.convolution(x, ops.constant(arrays.weight), *geometry)
    else:
        weight = arrays.weight.reshape(groups, c_out // groups, *layer.window[1:])
        y = ops.group_convolution(x, ops.constant(weight), *geometry)
    if arrays.bias is None:
        return y
    return ops.add(y, ops.constant(arrays.bias.reshape(1, c_out, *(1 for _ in layer.kernel))))


def _transposed(layer: Layer, weight: NDArray[np.float32], x: object, geometry: tuple[list[int], ...]) -> Any:
    from openvino import opset13 as ops

    more = list(layer.output_padding)
    if layer.groups == 1:
        return ops.convolution_backprop_data(x, ops.constant(weight), *geometry[:1], None, *geometry[1:], "explicit", more)
    apart = weight.reshape(layer.groups, layer.window[0] // layer.groups, *layer.window[1:])
    return ops.group_convolution_backprop_data(x, ops.constant(apart), *geometry[:1], None, *geometry[1:], "explicit", more)


DRIVER = Driver(
    name="openvino", title="OpenVINO", role="peer",
    versions=_versions, supports=_supports, prepare=_prepare,
    note="f32, latency, 1 stream, no pinning; reads the caller's array and writes a new one, neither is copied",
)  # fmt: skip
