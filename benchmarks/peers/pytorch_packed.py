# SPDX-License-Identifier: BSD-3-Clause
"""PyTorch with weights reordered by oneDNN beforehand, through the operator that its compiler emits.

The operator leaves its output channels last; turning it to NCHW, which every driver here ends with, is timed.
"""

from __future__ import annotations

from benchmarks.layer import Arrays, Layer
from benchmarks.peers import Driver
from benchmarks.peers._torch import limits, versions
from benchmarks.timing import Call


def _supports(layer: Layer) -> str | None:
    if layer.op not in ("conv2d", "conv3d"):
        return "oneDNN packs weights of conv2d and conv3d only"
    return None if layer.is_symmetric else "different padding at the two ends"


def _prepare(layer: Layer, arrays: Arrays, threads: int) -> Call:
    import torch

    x, weight = torch.from_numpy(arrays.input), torch.from_numpy(arrays.weight)
    bias = None if arrays.bias is None else torch.from_numpy(arrays.bias)
    settings = (layer.pads, layer.stride, layer.dilation, layer.groups)
    with torch.inference_mode():
        packed = torch.ops.mkldnn._reorder_convolution_weight(weight, *settings, layer.input)
    convolve = torch.ops.mkldnn._convolution_pointwise.default

    def call() -> object:
        with torch.inference_mode():
            return convolve(x, packed, bias, *settings, "none", [], "").contiguous()

    return call


DRIVER = Driver(
    name="pytorch-packed", title="PyTorch packed", role="peer",
    versions=versions, supports=_supports, prepare=_prepare, limits=limits,
)  # fmt: skip
