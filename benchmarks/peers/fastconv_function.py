# SPDX-License-Identifier: BSD-3-Clause
"""fastconv through ``fastconv.functional``: weights are packed in every call."""

from __future__ import annotations

from functools import partial

from benchmarks.layer import Arrays, Layer
from benchmarks.peers import Driver
from benchmarks.peers._fastconv import algorithm, convolution_options, limits, versions
from benchmarks.timing import Call


def _supports(layer: Layer) -> str | None:
    return None


def _prepare(layer: Layer, arrays: Arrays, threads: int) -> Call:
    from fastconv import functional

    x = arrays.input
    if layer.gradient:
        return _gradient(layer, arrays)
    if layer.has_weights:
        options = convolution_options(layer)
        return partial(getattr(functional, layer.op), x, arrays.weight, arrays.bias, **options)
    if arrays.indices is not None:
        return partial(functional.max_unpool2d, x, arrays.indices, layer.kernel, layer.stride, layer.pads)
    if layer.op == "max_pool2d":
        return partial(functional.max_pool2d, x, layer.kernel, layer.stride, layer.pads, return_indices=layer.indices)
    if layer.op == "global_avg_pool2d":
        return partial(functional.global_avg_pool2d, x)
    return partial(functional.avg_pool2d, x, layer.kernel, layer.stride, layer.pads)


def _gradient(layer: Layer, arrays: Arrays) -> Call:
    from fastconv import functional, grad

    function = getattr(grad, f"{layer.op}_{layer.gradient}")
    if layer.has_weights:
        shaped = (layer.input, arrays.weight) if layer.gradient == "input" else (arrays.input, layer.window)
        return partial(function, *shaped, arrays.grad_output, **convolution_options(layer))
    window = layer.kernel, layer.stride, layer.pads
    _, indices = functional.max_pool2d(arrays.input, *window, return_indices=True)
    return partial(function, layer.input, indices, arrays.grad_output)


DRIVER = Driver(
    name="function", title="fastconv function", role="ours",
    versions=versions, supports=_supports, prepare=_prepare, limits=limits, detail=algorithm, gradients=True,
)  # fmt: skip
