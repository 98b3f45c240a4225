# SPDX-License-Identifier: BSD-3-Clause
"""A training step of whole networks, beside PyTorch: ``python -m benchmarks.training``.

A step is forward, cross-entropy, backward and SGD with momentum, on one batch of random images, in float32. Both sides begin
with the same weights, and without dropout their losses must agree over the first steps before anything is timed. Times are
medians, taken by turns. Memory is the peak of a process of its own that trains and does nothing else, less what importing
the library took.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from math import exp, log
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks import torch_models
from benchmarks.machine import describe, process_memory, watch_others
from benchmarks.peers import _fastconv, _torch
from benchmarks.timing import SLICE_S, interleave

OURS, THEIRS = "fastconv", "PyTorch"
LEARNING = {"lr": 1e-5, "momentum": 0.9}
CHECKED_STEPS, CHECKED_TOLERANCE = 3, 1e-3  # float32, and three updates by gradients summed in another order
DROPOUT = 0.5
SHORT_S, TIMES_SHORT = 0.2, 5
PEAK_STEPS = 3

Step = Callable[[], float]


@dataclass(frozen=True)
class Network:
    """A network of `fastconv.models`, the batch it learns from, and one small enough to see that it runs."""

    name: str
    model: str
    batch: tuple[int, ...]
    small: tuple[int, ...]
    options: dict[str, Any] = field(default_factory=lambda: {"width": 1 / 8, "num_classes": 10})

    def full(self) -> Network:
        """The network in its published size."""
        return replace(self, options={})

    def smoke(self) -> Network:
        """The small one."""
        return replace(self, batch=self.small)


NETWORKS = (
    Network("LeNet-5", "LeNet5", (64, 1, 32, 32), (4, 1, 32, 32), {}),
    Network("AlexNet", "AlexNet", (4, 3, 224, 224), (2, 3, 63, 63)),
    Network("VGG-16", "VGG16", (2, 3, 224, 224), (2, 3, 32, 32)),
    Network("ResNet-50", "ResNet50", (4, 3, 224, 224), (8, 3, 64, 64)),
    Network("MobileNet V1", "MobileNetV1", (8, 3, 224, 224), (8, 3, 64, 64)),
)


def batch_of(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Return images and their classes."""
    rng = np.random.default_rng(0)
    return rng.standard_normal(network.batch).astype(np.float32), rng.integers(0, 10, network.batch[0])


def our_training(network: Network) -> tuple[Any, Step]:
    """Return our model and its step, which returns the loss."""
    import fastconv as fc

    images, classes = batch_of(network)
    model = getattr(fc.models, network.model)(rng=0, **network.options)
    loss, optimiser = fc.nn.CrossEntropyLoss(), fc.nn.SGD(model.parameters(), **LEARNING)
    first = next(module for _, module in model.named_modules() if isinstance(module, fc.nn.Conv2d))
    first.input_gradient = False  # as autograd, which is not asked for the images' either

    def step() -> float:
        optimiser.zero_grad()
        value = loss(model(images), classes)
        model.backward(loss.backward())
        optimiser.step()
        return float(value)

    return model, step


def their_training(network: Network) -> tuple[Any, Step]:
    """Return PyTorch's model and its step."""
    import torch

    images, classes = map(torch.from_numpy, batch_of(network))
    model = torch_models.make(network.model, **network.options)
    loss, optimiser = torch.nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), **LEARNING)

    def step() -> float:
        optimiser.zero_grad()
        value = loss(model(images), classes)
        value.backward()
        optimiser.step()
        return float(value.detach())

    return model, step


TRAININGS = {OURS: our_training, THEIRS: their_training}
LIMITS = {OURS: _fastconv.limits, THEIRS: _torch.limits}


def sides() -> list[str]:
    """Whose training can be measured here."""
    try:
        importlib.import_module("torch")
    except ImportError:
        return [OURS]
    return [OURS, THEIRS]


def steps_of(network: Network) -> dict[str, Step]:
    """Return the steps that are timed, once the losses are known to agree."""
    model, step = our_training(network)
    if THEIRS not in sides():
        return {OURS: step}
    torch = importlib.import_module("torch")
    peer, peer_step = their_training(network)
    peer.load_state_dict({name: torch.from_numpy(array) for name, array in model.state_dict().items()})
    modules = [module for _, module in model.named_modules()] + list(peer.modules())
    set_dropout(modules, 0.0)
    losses = [(step(), peer_step()) for _ in range(CHECKED_STEPS)]
    np.testing.assert_allclose(*zip(*losses, strict=True), rtol=CHECKED_TOLERANCE, err_msg=f"losses of {network.name}")
    set_dropout(modules, DROPOUT)
    return {OURS: step, THEIRS: peer_step}


def set_dropout(modules: Iterable[Any], p: float) -> None:
    """Set the probability of dropout in our modules and PyTorch's."""
    for module in modules:
        if type(module).__name__ == "Dropout":
            module.p = p


def milliseconds(steps: dict[str, Step], rounds: int) -> dict[str, float]:
    """Time the steps by turns."""
    start = perf_counter()
    steps[OURS]()
    if perf_counter() - start < SHORT_S:
        rounds *= TIMES_SHORT
    return {side: timing.median * 1e3 for side, timing in interleave(steps, rounds * SLICE_S).items()}


def peak_of_child(side: str, network: Network, threads: int, small: bool) -> float | None:
    """Measure the memory of one side, in MiB, in a process of its own; None where the system does not tell."""
    asked = ["--peak", side, "--model", network.name, "--threads", str(threads), *["--smoke"] * small]
    command = [sys.executable, "-m", "benchmarks.training", *asked]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def peak(side: str, network: Network, threads: int) -> float | None:
    """Train a few steps and return what this process has held at most, less what it held once the library was imported."""
    importlib.import_module("torch" if side == THEIRS else "fastconv.models")
    try:
        before = process_memory("VmRSS")
    except OSError:
        return None
    with LIMITS[side](threads):
        _, step = TRAININGS[side](network)
        for _ in range(PEAK_STEPS):
            step()
    return (process_memory("VmHWM") - before) / 2**20


def measure(network: Network, threads: int, rounds: int, small: bool) -> tuple[str, float | None]:
    """Return a line of the table, and PyTorch's time over ours."""
    memory = {side: peak_of_child(side, network, threads, small) for side in sides()}
    others = watch_others()
    with ExitStack() as limits:
        for side in sides():
            limits.enter_context(LIMITS[side](threads))
        times = milliseconds(steps_of(network), rounds)
    ratio = times[THEIRS] / times[OURS] if THEIRS in times else None
    cells = [f"{network.name:13} {network.batch[0]:3} {threads:7}", cell(times[OURS], 9, 2), cell(times.get(THEIRS), 9, 2)]
    cells += [cell(ratio, 6, 2), cell(memory[OURS], 8), cell(memory.get(THEIRS), 8), cell(others(), 6, 1)]
    return " ".join(cells), ratio


def cell(value: float | None, width: int, digits: int = 0) -> str:
    """Write a number, or a dash for none."""
    return f"{'–' if value is None else format(value, f'.{digits}f'):>{width}}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__.splitlines()[0])
    names = [network.name for network in NETWORKS]
    parser.add_argument("--model", nargs="+", choices=names, default=names)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5, help="of steps by turns; more for networks whose step is short")
    parser.add_argument("--smoke", action="store_true", help="small networks and images, only to see that it runs")
    parser.add_argument("--peak", choices=TRAININGS, help="print this side's peak, in MiB, and nothing else")
    how = parser.parse_args(arguments)
    chosen = [network for network in NETWORKS if network.name in how.model]
    networks = [network.smoke() if how.smoke else network.full() for network in chosen]
    if how.peak:
        print(json.dumps(peak(how.peak, networks[0], how.threads[0])))
        return 0
    print("processor:", describe()["cpu"])
    print("network         n threads   ours ms     torch  ratio ours MiB    torch others")
    for threads in how.threads[:1] if how.smoke else how.threads:
        ratios = []
        for network in networks:
            line, ratio = measure(network, threads, 1 if how.smoke else how.rounds, how.smoke)
            print(line, flush=True)
            ratios += [ratio] if ratio else []
        if ratios:
            print(f"geometric mean of the ratios with {threads} thread(s): {exp(sum(map(log, ratios)) / len(ratios)):.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
