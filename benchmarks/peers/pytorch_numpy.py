# SPDX-License-Identifier: BSD-3-Clause
"""PyTorch called by a program that holds NumPy arrays: both conversions are timed.

They cost about a microsecond, so only the smallest calls show them and only those are measured.
"""

from __future__ import annotations

from benchmarks.layer import Arrays, Layer
from benchmarks.peers import Driver
from benchmarks.peers._torch import limits, versions
from benchmarks.timing import Call

MOST_FLOPS = 1_000_000


def _supports(layer: Layer) -> str | None:
    if not layer.is_convolution or layer.flops > MOST_FLOPS:
        return "measured on small convolutions only"
    return None if layer.is_symmetric else "different padding at the two ends"


def _prepare(layer: Layer, arrays: Arrays, threads: int) -> Call:
    import torch
    from torch.nn import functional

    convolve, from_numpy = getattr(functional, layer.op), torch.from_numpy
    x, weight = arrays.input, from_numpy(arrays.weight)
    bias = None if arrays.bias is None else from_numpy(arrays.bias)
    stride, padding, dilation, groups = layer.stride, layer.pads, layer.dilation, layer.groups

    def call() -> object:
        return convolve(from_numpy(x), weight, bias, stride, padding, dilation, groups).numpy()

    return call


DRIVER = Driver(
    name="pytorch-numpy", title="PyTorch from NumPy", role="peer",
    versions=versions, supports=_supports, prepare=_prepare, limits=limits,
)  # fmt: skip
