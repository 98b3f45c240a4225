# SPDX-License-Identifier: BSD-3-Clause
"""OpenCV: ``filter2D`` plane by plane, where a layer is the filter of an image."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from benchmarks.layer import Arrays, Layer
from benchmarks.peers import Driver
from benchmarks.peers._image_filter import planes, supports
from benchmarks.timing import Call


def _versions() -> str:
    import cv2

    return f"OpenCV {cv2.__version__}"


@contextmanager
def _limits(threads: int) -> Iterator[None]:
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _prepare(layer: Layer, arrays: Arrays, threads: int) -> Call:
    import cv2

    assert arrays.weight is not None
    bias = np.zeros(layer.window[0], np.float32) if arrays.bias is None else arrays.bias
    weight, zero = arrays.weight, cv2.BORDER_CONSTANT
    steps = [(arrays.input[n, i], weight[o, 0], float(bias[o]), n, o) for n, i, o in planes(layer)]

    def call() -> object:
        out = np.empty(layer.output, np.float32)
        for plane, kernel, delta, n, o in steps:
            cv2.filter2D(plane, -1, kernel, dst=out[n, o], delta=delta, borderType=zero)
        return out

    return call


DRIVER = Driver(
    name="opencv", title="OpenCV", role="peer",
    versions=_versions, supports=supports, prepare=_prepare, limits=_limits,
)  # fmt: skip
