# SPDX-License-Identifier: BSD-3-Clause
"""fastconv through ``fastconv.nn`` in inference mode, as the peers are: nothing is kept to go back."""

from __future__ import annotations

from functools import partial

from benchmarks.layer import Arrays, Layer
from benchmarks.peers import Driver
from benchmarks.peers._fastconv import algorithm, convolution_options, limits, versions
from benchmarks.timing import Call


def _supports(layer: Layer) -> str | None:
    return None


def _prepare(layer: Layer, arrays: Arrays, threads: int) -> Call:
    from fastconv import nn

    x = arrays.input
    if layer.has_weights:
        return _convolution(layer, arrays)
    if arrays.indices is not None:
        return partial(nn.MaxUnpool2d(layer.kernel, layer.stride, layer.pads).eval(), x, arrays.indices)
    if layer.op == "max_pool2d":
        window = layer.kernel, layer.stride, layer.pads
        return partial(nn.MaxPool2d(*window, return_indices=layer.indices).eval(), x)
    if layer.op == "global_avg_pool2d":
        return partial(nn.GlobalAvgPool2d().eval(), x)
    return partial(nn.AvgPool2d(layer.kernel, layer.stride, layer.pads).eval(), x)


def _convolution(layer: Layer, arrays: Arrays) -> Call:
    from fastconv import nn

    make = getattr(nn, layer.op.replace("conv_transpose", "ConvTranspose").replace("conv", "Conv"))
    module = make(layer.input[1], layer.c_out, layer.kernel, bias=layer.bias, **convolution_options(layer))
    module.weight = arrays.weight
    if layer.bias:
        module.bias = arrays.bias
    return partial(module.eval(), arrays.input)


DRIVER = Driver(
    name="layer", title="fastconv layer", role="ours",
    versions=versions, supports=_supports, prepare=_prepare, limits=limits, detail=algorithm,
)  # fmt: skip
