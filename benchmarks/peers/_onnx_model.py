# SPDX-License-Identifier: BSD-3-Clause
"""Models of one ONNX node, written with the onnx package where it is installed and by hand where it is not.

By hand means the few protocol-buffer messages of onnx/onnx.proto that one node needs, about forty lines; the
numbers in ``_field`` calls are that file's field numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

IR_VERSION, OPSET = 8, 13
ELEMENT = {np.dtype(np.float32): 1, np.dtype(np.int64): 7}
INT, INTS = 2, 7

Attributes = dict[str, int | tuple[int, ...]]


@dataclass(frozen=True)
class Node:
    """One operator: its data inputs, constant inputs, outputs and attributes; shapes by name."""

    op: str
    inputs: dict[str, NDArray[np.generic]]
    outputs: dict[str, tuple[np.dtype[np.generic], tuple[int, ...]]]
    constants: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    attributes: Attributes = field(default_factory=dict)


def model_bytes(node: Node) -> bytes:
    """Serialise a model of one node."""
    return _with_onnx(node) if find_spec("onnx") else _by_hand(node)


def _with_onnx(node: Node) -> bytes:
    from onnx import helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node(node.op, [*node.inputs, *node.constants], list(node.outputs), **node.attributes)],
        "layer",
        [helper.make_tensor_value_info(k, ELEMENT[v.dtype], v.shape) for k, v in node.inputs.items()],
        [helper.make_tensor_value_info(k, ELEMENT[t], shape) for k, (t, shape) in node.outputs.items()],
        [numpy_helper.from_array(array, name) for name, array in node.constants.items()],
    )
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, ir_version=IR_VERSION, opset_imports=opset)
    return bytes(model.SerializeToString())


def _by_hand(node: Node) -> bytes:
    graph = _field(1, _node(node)) + _field(2, "layer")
    graph += b"".join(_field(5, _tensor(name, array)) for name, array in node.constants.items())
    graph += b"".join(_field(11, _value(k, v.dtype, v.shape)) for k, v in node.inputs.items())
    graph += b"".join(_field(12, _value(k, t, shape)) for k, (t, shape) in node.outputs.items())
    return _field(1, IR_VERSION) + _field(7, graph) + _field(8, _field(1, "") + _field(2, OPSET))


def _node(node: Node) -> bytes:
    names = b"".join(_field(1, name) for name in (*node.inputs, *node.constants))
    names += b"".join(_field(2, name) for name in node.outputs)
    attributes = b"".join(_field(5, _attribute(name, value)) for name, value in node.attributes.items())
    return names + _field(4, node.op) + attributes


def _attribute(name: str, value: int | tuple[int, ...]) -> bytes:
    if isinstance(value, int):
        return _field(1, name) + _field(3, value) + _field(20, INT)
    return _field(1, name) + b"".join(_field(8, v) for v in value) + _field(20, INTS)


def _tensor(name: str, array: NDArray[np.generic]) -> bytes:
    dims = b"".join(_field(1, size) for size in array.shape)
    return dims + _field(2, ELEMENT[array.dtype]) + _field(8, name) + _field(9, array.tobytes())


def _value(name: str, dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> bytes:
    dims = b"".join(_field(1, _field(1, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, ELEMENT[dtype]) + _field(2, dims)))


def _field(number: int, value: int | str | bytes) -> bytes:
    """Encode one field: a varint, or a length and so many bytes."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes([*data, value])
