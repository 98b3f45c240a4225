# SPDX-License-Identifier: BSD-3-Clause
"""What the two doors of fastconv share: thread counts, options, and the name of the algorithm chosen."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from benchmarks.layer import Layer


def versions() -> str:
    import fastconv as fc

    return f"fastconv {fc.__version__} ({fc.available_isas()[-1]})"


def limits(threads: int) -> AbstractContextManager[object]:
    import fastconv as fc

    return fc.override(num_threads=threads)


def convolution_options(layer: Layer) -> dict[str, Any]:
    """Give the options of a convolution under the names that both doors use."""
    padding = layer.pads if layer.is_symmetric else layer.padding
    options = {"stride": layer.stride, "padding": padding, "dilation": layer.dilation, "groups": layer.groups}
    return options | ({"output_padding": layer.output_padding} if layer.is_transposed else {})


def algorithm(layer: Layer, threads: int) -> str:
    import fastconv as fc

    if not layer.has_weights or layer.gradient:
        return ""
    options = convolution_options(layer)
    plan = fc.explain(layer.op, layer.input, layer.window, bias=layer.bias, num_threads=threads, **options)
    return str(plan.algorithm)
