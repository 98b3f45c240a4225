# SPDX-License-Identifier: BSD-3-Clause
"""PyTorch as people call it: ``torch.nn.functional``, eager, on tensors that exist before the timing."""

from __future__ import annotations

from functools import partial

from benchmarks.layer import Arrays, Layer
from benchmarks.peers import Driver
from benchmarks.peers._torch import limits, versions
from benchmarks.timing import Call


def _supports(layer: Layer) -> str | None:
    return None


def _prepare(layer: Layer, arrays: Arrays, threads: int) -> Call:
    import torch
    from torch.nn import functional

    x = torch.from_numpy(arrays.input)
    if layer.gradient:
        return _gradient(layer, arrays)
    if layer.has_weights:
        return _convolution(layer, arrays)
    if layer.op == "max_unpool2d":
        return partial(
            functional.max_unpool2d,
            x,
            torch.from_numpy(arrays.indices),
            layer.kernel,
            layer.stride,
            layer.pads,
        )
    if layer.op == "max_pool2d":
        return partial(functional.max_pool2d, x, layer.kernel, layer.stride, layer.pads, return_indices=layer.indices)
    if layer.op == "global_avg_pool2d":
        return partial(functional.adaptive_avg_pool2d, x, 1)
    return partial(functional.avg_pool2d, x, layer.kernel, layer.stride, layer.pads)


def _convolution(layer: Layer, arrays: Arrays) -> Call:
    import torch
    from torch.nn import functional

    x, weight = torch.from_numpy(arrays.input), torch.from_numpy(arrays.weight)
    bias = None if arrays.bias is None else torch.from_numpy(arrays.bias)
    convolve = getattr(functional, layer.op)
    if layer.is_transposed:
        options = (layer.stride, layer.pads, layer.output_padding, layer.groups, layer.dilation)
        return partial(convolve, x, weight, bias, *options)
    if layer.is_symmetric:
        return partial(convolve, x, weight, bias, layer.stride, layer.pads, layer.dilation, layer.groups)
    ends = [size for pair in reversed(layer.padding) for size in pair]  # PyTorch's convolutions pad both ends alike

    def padded() -> object:
        return convolve(functional.pad(x, ends), weight, bias, layer.stride, 0, layer.dilation, layer.groups)

    return padded


def _gradient(layer: Layer, arrays: Arrays) -> Call:
    """Give the operators that autograd calls, without autograd."""
    import torch

    aten, x, grad_output = torch.ops.aten, torch.from_numpy(arrays.input), torch.from_numpy(arrays.grad_output)
    if not layer.has_weights:
        window = layer.kernel, layer.stride, layer.pads, layer.dilation, False
        _, indices = aten.max_pool2d_with_indices(x, *window)
        return partial(aten.max_pool2d_with_indices_backward, grad_output, x, *window, indices)
    weight, wanted = torch.from_numpy(arrays.weight), [layer.gradient == "input", layer.gradient == "weight", False]
    options = (layer.stride, layer.pads, layer.dilation, layer.is_transposed, layer.output_padding, layer.groups)

    def call() -> object:
        return aten.convolution_backward(grad_output, x, weight, None, *options, wanted)[wanted.index(True)]

    return call


DRIVER = Driver(
    name="pytorch", title="PyTorch", role="default",
    versions=versions, supports=_supports, prepare=_prepare, limits=limits, gradients=True,
)  # fmt: skip
