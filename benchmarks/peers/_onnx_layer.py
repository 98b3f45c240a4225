# SPDX-License-Identifier: BSD-3-Clause
"""A layer as one ONNX node."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from benchmarks.layer import Arrays, Layer
from benchmarks.peers._onnx_model import Attributes, Node

FLOAT, INT64 = np.dtype(np.float32), np.dtype(np.int64)
OPERATOR = {
    "max_pool2d": "MaxPool",
    "avg_pool2d": "AveragePool",
    "global_avg_pool2d": "GlobalAveragePool",
    "max_unpool2d": "MaxUnpool",
}


def node_of(layer: Layer, arrays: Arrays) -> Node:
    """Describe a layer; its input is called x and its output y."""
    inputs: dict[str, NDArray[np.generic]] = {"x": arrays.input}
    if arrays.indices is not None:
        inputs["i"] = _tensor_numbers(layer, arrays.indices)
    outputs: dict[str, tuple[np.dtype[np.generic], tuple[int, ...]]] = {"y": (FLOAT, layer.output)}
    if layer.indices:
        outputs["switches"] = (INT64, layer.output)
    given = {"w": arrays.weight, "b": arrays.bias}
    constants: dict[str, NDArray[np.generic]] = {k: v for k, v in given.items() if v is not None}
    operator = OPERATOR.get(layer.op, "ConvTranspose" if layer.is_transposed else "Conv")
    return Node(operator, inputs, outputs, constants, _attributes(layer))


def _attributes(layer: Layer) -> Attributes:
    if layer.op == "global_avg_pool2d":
        return {}
    fronts, backs = zip(*layer.padding, strict=True)
    attributes: Attributes = {
        "kernel_shape": layer.kernel,
        "strides": layer.stride,
        "pads": (*fronts, *backs),
    }
    if layer.has_weights:
        attributes |= {"dilations": layer.dilation, "group": layer.groups}
    if layer.is_transposed:
        attributes["output_padding"] = layer.output_padding
    if layer.op == "avg_pool2d":
        attributes["count_include_pad"] = 1
    return attributes


def _tensor_numbers(layer: Layer, indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Turn numbers within a plane into numbers within the tensor, which is what ONNX wants."""
    n, c = layer.input[:2]
    starts = np.arange(n * c).reshape(n, c, 1, 1) * math.prod(layer.output[2:])
    return indices + starts
