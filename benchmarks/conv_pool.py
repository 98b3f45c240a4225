# SPDX-License-Identifier: BSD-3-Clause
"""A convolution, ReLU and pooling in one, beside the two calls and PyTorch: ``python -m benchmarks.conv_pool``.

The two calls are the convolution layer with its ReLU fused, and the pooling layer. Times are medians, taken by turns; memory
is the most that a call has at one time beside the scratch that is kept between calls.
"""

from __future__ import annotations

import argparse
import importlib
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import fastconv as fc
from benchmarks.machine import describe, watch_others
from benchmarks.timing import Call, interleave


@dataclass(frozen=True)
class Layer:
    """A convolution with ReLU, and the pooling behind it."""

    name: str
    c_in: int
    c_out: int
    size: int
    kernel: int
    stride: int
    padding: int
    pool: tuple[int, int, int]
    n: int = 1


LAYERS = (
    Layer("VGG-16 conv1_2", 64, 64, 224, 3, 1, 1, (2, 2, 0)),
    Layer("VGG-16 conv2_2", 128, 128, 112, 3, 1, 1, (2, 2, 0)),
    Layer("VGG-16 conv3_3", 256, 256, 56, 3, 1, 1, (2, 2, 0)),
    Layer("VGG-16 conv4_3", 512, 512, 28, 3, 1, 1, (2, 2, 0)),
    Layer("VGG-16 conv5_3", 512, 512, 14, 3, 1, 1, (2, 2, 0)),
    Layer("AlexNet conv1", 3, 96, 227, 11, 4, 0, (3, 2, 0)),
    Layer("AlexNet conv2", 96, 256, 27, 5, 1, 2, (3, 2, 0)),
    Layer("AlexNet conv5", 384, 256, 13, 3, 1, 1, (3, 2, 0)),
    Layer("ZFNet conv1", 3, 96, 224, 7, 2, 1, (3, 2, 1)),
    Layer("ResNet-50 stem", 3, 64, 224, 7, 2, 3, (3, 2, 1)),
    Layer("LeNet-5 conv1, 64 images", 1, 6, 28, 5, 1, 2, (2, 2, 0), 64),
)


def calls_of(layer: Layer, x: np.ndarray) -> dict[str, Call]:
    """Return what is timed: both in one, one after the other, and PyTorch if it is installed."""
    window = layer.pool
    conv = fc.nn.Conv2d(layer.c_in, layer.c_out, layer.kernel, layer.stride, layer.padding, activation="relu", rng=0).eval()
    pool = fc.nn.MaxPool2d(*window).eval()
    model = fc.nn.Sequential(conv, pool).eval()
    calls: dict[str, Call] = {"together": lambda: model(x), "apart": lambda: pool(conv(x))}
    assert np.array_equal(model(x), pool(conv(x)))
    torch = torch_or_none()
    if torch is not None:
        weight, bias, given = (torch.from_numpy(np.array(a)) for a in (conv.weight.data, conv.bias.data, x))

        def peer() -> Any:
            with torch.inference_mode():
                y = torch.relu(torch.conv2d(given, weight, bias, layer.stride, layer.padding))
                return torch.max_pool2d(y, *window)

        np.testing.assert_allclose(peer().numpy(), model(x), rtol=1e-3, atol=1e-4)
        calls["PyTorch"] = peer
    return calls


def torch_or_none() -> Any:
    """Return PyTorch if it can be imported."""
    try:
        return importlib.import_module("torch")
    except ImportError:
        return None


def peak_bytes(call: Call) -> int:
    """Return the most bytes that Python and NumPy hold at once during a call."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def measure(layer: Layer, threads: int, seconds: float) -> str:
    """Return a line of the table."""
    x = np.random.default_rng(0).standard_normal((layer.n, layer.c_in, layer.size, layer.size)).astype(np.float32)
    torch = torch_or_none()
    if torch is not None:
        torch.set_num_threads(threads)
    others = watch_others()
    with fc.override(num_threads=threads):
        calls = calls_of(layer, x)
        times = {name: timing.median * 1e3 for name, timing in interleave(calls, seconds).items()}
        memory = [peak_bytes(calls[name]) / 2**20 for name in ("together", "apart")]
    peer = f"{times['PyTorch'] / times['together']:7.2f}" if "PyTorch" in times else "      –"
    return (
        f"{layer.name:26} {threads:7} {times['together']:9.2f} {times['apart']:8.2f} "
        f"{times['apart'] / times['together']:7.3f} {peer} {memory[0]:9.2f} {memory[1]:9.2f} {others():6.1f}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conv_pool", description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=1.5, help="of each call")
    parser.add_argument("--smoke", action="store_true", help="only see that it runs")
    how = parser.parse_args(arguments)
    print("processor:", describe()["cpu"])
    print(f"{'layer':26} threads  together    apart    gain   torch       MiB     apart others")
    for layer in LAYERS[-2:] if how.smoke else LAYERS:
        for threads in how.threads:
            print(measure(layer, threads, 0.02 if how.smoke else how.seconds), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
