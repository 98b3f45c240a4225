# SPDX-License-Identifier: BSD-3-Clause
"""SciPy: ``ndimage.correlate`` plane by plane, where a layer is the filter of an image."""

from __future__ import annotations

import numpy as np

from benchmarks.layer import Arrays, Layer
from benchmarks.peers import Driver
from benchmarks.peers._image_filter import planes, supports
from benchmarks.timing import Call


def _versions() -> str:
    import scipy

    return f"SciPy {scipy.__version__}"


def _prepare(layer: Layer, arrays: Arrays, threads: int) -> Call:
    from scipy import ndimage

    assert arrays.weight is not None
    x, weight, bias = arrays.input, arrays.weight, arrays.bias
    steps = planes(layer)

    def call() -> object:
        out = np.empty(layer.output, np.float32)
        for n, i, o in steps:
            ndimage.correlate(x[n, i], weight[o, 0], output=out[n, o], mode="constant")
        if bias is not None:
            out += bias[:, None, None]
        return out

    return call


DRIVER = Driver(
    name="scipy", title="SciPy", role="peer", versions=_versions, supports=supports, prepare=_prepare,
    note="ndimage has one thread, whatever the others were given",
)  # fmt: skip
