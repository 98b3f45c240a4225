# SPDX-License-Identifier: BSD-3-Clause
"""ncnn: a net of one layer, its weights packed when it is loaded.

Its arrays have no batch, so a batch is a loop that fills one output; a single image's output is handed over
as it is, unless ncnn has aligned its planes with gaps between them.
"""

from __future__ import annotations

import struct
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.layer import Arrays, Layer
from benchmarks.peers import Driver
from benchmarks.timing import Call

MAGIC, FLOAT32 = 7767517, struct.pack("<i", 0)
SUFFIX = {"conv1d": "1D", "conv2d": "", "conv3d": "3D"}
# The numbers of the parameters, width first, then height and depth.
KERNEL, DILATION, STRIDE, FRONT, BACK = (1, 11, 21), (2, 12, 22), (3, 13, 23), (4, 14, 24), (15, 16, 17)
MORE = (18, 19, 20)
POOL_STRIDE, POOL_FRONT, POOL_BACK = (2, 12), (3, 13), (14, 15)


def _versions() -> str:
    import ncnn

    return f"ncnn {ncnn.__version__}"


def _supports(layer: Layer) -> str | None:
    return "neither gives nor takes switches" if layer.indices or layer.op == "max_unpool2d" else None


def _prepare(layer: Layer, arrays: Arrays, threads: int) -> Call:
    import ncnn

    net, mat = _net(layer, arrays, threads), ncnn.Mat
    images = list(arrays.input)

    def infer(image: NDArray[np.float32]) -> NDArray[np.float32]:
        extractor = net.create_extractor()
        extractor.input("x", mat(image))
        status, output = extractor.extract("y")
        if status:
            raise RuntimeError(f"ncnn gives status {status}")
        return np.asarray(output)

    def call_one() -> object:
        return np.ascontiguousarray(infer(images[0])).reshape(layer.output)

    def call_many() -> object:
        out = np.empty(layer.output, np.float32)
        for image, place in zip(images, out, strict=True):
            place[...] = infer(image).reshape(place.shape)
        return out

    return call_one if len(images) == 1 else call_many


def _net(layer: Layer, arrays: Arrays, threads: int) -> Any:
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_packing_layout = True
    for half in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
        setattr(net.opt, f"use_{half}", False)
    operator, parameters = _operator(layer)
    words = " ".join(f"{number}={value}" for number, value in parameters.items())
    if net.load_param_mem(f"{MAGIC}\n2 2\nInput x 0 1 x\n{operator} layer 1 1 x y {words}\n"):
        raise RuntimeError("ncnn does not take the layer")
    weight = arrays.weight
    if layer.is_transposed and weight is not None:  # output channels first, as ncnn has them
        apart = weight.reshape(layer.groups, -1, *layer.window[1:])
        weight = np.ascontiguousarray(apart.swapaxes(1, 2))
    given = [array.tobytes() for array in (weight, arrays.bias) if array is not None]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "layer.bin"
        path.write_bytes(FLOAT32 + b"".join(given) if given else b"")
        net.load_model(str(path))
    return net


def _operator(layer: Layer) -> tuple[str, dict[int, int]]:
    fronts, backs = zip(*layer.padding, strict=True)
    if layer.is_transposed:
        operator = "Deconvolution" + "DepthWise" * (layer.groups > 1) + SUFFIX[layer.op.replace("_transpose", "")]
        parameters = {0: layer.c_out, 5: int(layer.bias), 6: prod(layer.window), 7: layer.groups}
        axes = {KERNEL: layer.kernel, DILATION: layer.dilation, STRIDE: layer.stride, FRONT: fronts, BACK: backs}
        axes[MORE] = layer.output_padding
    elif layer.is_convolution:
        operator = "Convolution" + "DepthWise" * (layer.groups > 1) + SUFFIX[layer.op]
        parameters = {0: layer.window[0], 5: int(layer.bias), 6: prod(layer.window), 7: layer.groups}
        axes = {KERNEL: layer.kernel, DILATION: layer.dilation, STRIDE: layer.stride, FRONT: fronts, BACK: backs}
    else:
        is_global = layer.op == "global_avg_pool2d"
        parameters = {0: int(layer.op != "max_pool2d"), 4: int(is_global), 5: 1, 6: 1}
        axes = {KERNEL: layer.kernel, POOL_STRIDE: layer.stride, POOL_FRONT: fronts, POOL_BACK: backs}
        operator = "Pooling"
    for numbers, sizes in axes.items():
        parameters |= dict(zip(numbers, reversed(sizes), strict=False))
    return operator, parameters


DRIVER = Driver(
    name="ncnn", title="ncnn", role="peer",
    versions=_versions, supports=_supports, prepare=_prepare,
    note="float32 throughout, packed layout, Winograd as it chooses; a batch is a loop over its images",
)  # fmt: skip
