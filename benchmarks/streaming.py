# SPDX-License-Identifier: BSD-3-Clause
"""WaveNet's stack step by step and chunk by chunk, beside PyTorch: ``python -m benchmarks.streaming``.

The stack is `fastconv.models.WaveNetStack()`: 30 layers of 64 channels, kernel 2, dilations 1 ... 512 three times, each
gated (64 -> 128), with 1x1 convolutions 64 -> 64 to the residual (not in the last) and to the sum of skips. PyTorch
computes the same from the same weights: step by step with the past kept by hand (one matrix product a convolution, Paine
et al.), and the whole sequence with conv1d on padded tensors. Results are compared first. One thread, by turns, whole
Python calls.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from benchmarks.machine import watch_others
from benchmarks.report import plain
from benchmarks.timing import Call, interleave

CHUNKS = (1, 16, 256)
WHOLE = 4000
MOST_ERROR = 1e-3  # of the largest output: 30 layers in float32


def stack_of(gated: bool) -> Any:
    """Return the network whose streams are timed."""
    from fastconv.models import WaveNetStack

    return WaveNetStack(gated=gated, rng=0).eval()


def step_of(gated: bool = True) -> Call:
    """Return a call that takes one step of the stack, on one thread."""
    sample = np.random.default_rng(0).standard_normal((64, 1), dtype=np.float32)
    return partial(stack_of(gated).stream(num_threads=1).push, sample)


class TorchSteps:
    """The stack in PyTorch, one step a call: each layer keeps its past in a ring."""

    def __init__(self, stack: Any) -> None:
        import torch

        self.torch, self.at = torch, 0

        def tensors(layer: Any) -> tuple[Any, Any]:
            weight = layer.weight.data.transpose(0, 2, 1).reshape(layer.out_channels, -1)
            return torch.from_numpy(weight.copy()), torch.from_numpy(layer.bias.data.copy())

        self.layers = [
            (
                torch.zeros(layer.dilated.dilation[0], layer.dilated.in_channels),
                *map(tensors, (layer.dilated, layer.skip)),
                None if layer.residual is None else tensors(layer.residual),
            )
            for layer in stack.layers
        ]

    def __call__(self, x: Any) -> Any:
        torch, total = self.torch, None
        with torch.inference_mode():
            for ring, dilated, skip, residual in self.layers:
                place = self.at % len(ring)
                sums = torch.addmv(dilated[1], dilated[0], torch.cat((ring[place], x)))
                ring[place] = x
                if len(sums) > len(x):
                    a, b = sums.chunk(2)
                    opened = torch.tanh(a) * torch.sigmoid(b)
                else:
                    opened = torch.relu(sums)
                out = torch.addmv(skip[1], skip[0], opened)
                total = out if total is None else total + out
                if residual is not None:
                    x = x + torch.addmv(residual[1], residual[0], opened)
        self.at += 1
        return total


def torch_whole(stack: Any) -> Callable[[Any], Any]:
    """Return the stack in PyTorch for whole sequences (1, channels, steps)."""
    import torch
    from torch.nn import functional

    def tensors(layer: Any) -> tuple[Any, Any]:
        return torch.from_numpy(layer.weight.data.copy()), torch.from_numpy(layer.bias.data.copy())

    layers = [
        (layer.dilated.dilation[0], tensors(layer.dilated), tensors(layer.skip), layer.residual and tensors(layer.residual))
        for layer in stack.layers
    ]

    def compute(x: Any) -> Any:
        total = None
        with torch.inference_mode():
            for dilation, dilated, skip, residual in layers:
                past = dilation * (dilated[0].shape[2] - 1)
                sums = functional.conv1d(functional.pad(x, (past, 0)), *dilated, dilation=dilation)
                if sums.shape[1] > x.shape[1]:
                    a, b = sums.chunk(2, 1)
                    opened = torch.tanh(a) * torch.sigmoid(b)
                else:
                    opened = torch.relu(sums)
                out = functional.conv1d(opened, *skip)
                total = out if total is None else total + out
                if residual is not None:
                    x = x + functional.conv1d(opened, *residual)
        return total

    return compute


@contextmanager
def one_torch_thread() -> Iterator[bool]:
    """Hold PyTorch to one thread; says whether there is a PyTorch."""
    try:
        import torch
    except ImportError:
        yield False
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield True
    finally:
        torch.set_num_threads(before)


def calls_of(gated: bool, with_torch: bool) -> dict[str, tuple[Call, int]]:
    """Return by name what is timed, and how many steps one call takes."""
    stack = stack_of(gated)
    x = np.random.default_rng(1).standard_normal((64, WHOLE), dtype=np.float32)
    calls: dict[str, tuple[Call, int]] = {"fastconv, 1 step": (step_of(gated), 1)}
    for chunk in CHUNKS[1:]:
        push = partial(stack.stream(num_threads=1).push, np.ascontiguousarray(x[:, :chunk]))
        calls[f"fastconv, {chunk} steps"] = push, chunk
    calls[f"fastconv, whole of {WHOLE}"] = partial(whole_on_one_thread, stack, x), WHOLE
    if with_torch:
        import torch

        steps, whole, tensor = TorchSteps(stack), torch_whole(stack), torch.from_numpy(x)
        check(stack, x, steps, whole)
        calls["PyTorch, 1 step"] = partial(steps, tensor[:, 0]), 1
        calls[f"PyTorch, whole of {WHOLE}"] = partial(whole, tensor[None]), WHOLE
    return calls


def whole_on_one_thread(stack: Any, x: Any) -> Any:
    import fastconv as fc

    with fc.override(num_threads=1):
        return stack(x)


def check(stack: Any, x: Any, steps: Any, whole: Any) -> None:
    """Refuse to time what does not agree."""
    import torch

    part = torch.from_numpy(x[:, :40])
    ours = stack(x[:, :40])
    theirs = (torch.stack([steps(column) for column in part.T], 1).numpy(), whole(part[None])[0].numpy())
    for other in theirs:
        if np.abs(other - ours).max() > MOST_ERROR * np.abs(ours).max():
            raise ValueError("PyTorch's stack differs from ours")


def main(argv: Sequence[str] | None = None) -> int:
    """Print microseconds per call and per step."""
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streaming", description=description)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each way")
    parser.add_argument("--relu", action="store_true", help="ReLU in place of the gate: 64 -> 64")
    options = parser.parse_args(argv)
    with one_torch_thread() as with_torch:
        calls = calls_of(not options.relu, with_torch)
        others = watch_others()
        times = interleave({name: call for name, (call, _) in calls.items()}, options.seconds)
        disturbance = others()
    lines = []
    for name, (_, steps) in calls.items():
        t = times[name]
        lines.append(
            [name, f"{t.median * 1e6:.1f}", f"{t.lower * 1e6:.1f}-{t.upper * 1e6:.1f}", f"{t.median * 1e6 / steps:.2f}"]
        )
    print(plain(["way", "us per call", "quartiles", "us per step"], lines))
    print(f"other processes kept {disturbance:.2f} cores busy" + ("" if with_torch else "; PyTorch is not installed"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
