# SPDX-License-Identifier: BSD-3-Clause
"""Are outputs and gradients of our networks PyTorch's? ``python -m benchmarks.equality``.

In float64, training mode, with the same weights and dropout switched off: the output, the gradients of the input and of all
parameters, and the running moments. What is printed of an array is the largest difference over the largest value. The status
is 1 when one exceeds 1e-10.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import fastconv as fc
from benchmarks import torch_models

MOST = 1e-10
# Images as small as the networks allow, and full widths unless the dense layers would be all that takes time.
CASES: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "LeNet5": ((2, 1, 32, 32), {}),
    "AlexNet": ((2, 3, 63, 63), {"p": 0.0, "num_classes": 10}),
    "AlexNetTwoTowers": ((2, 3, 67, 67), {"p": 0.0, "num_classes": 10}),
    "VGG16": ((2, 3, 32, 32), {"p": 0.0, "num_classes": 10, "width": 0.5}),
    "ResNet50": ((2, 3, 64, 64), {"num_classes": 10}),
    "MobileNetV1": ((2, 3, 64, 64), {"num_classes": 10}),
    "SegNet": ((2, 3, 45, 61), {}),
}


def differences(network: str, shape: tuple[int, ...], options: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield what is compared, and how far the two are apart."""
    import torch

    rng = np.random.default_rng(0)
    ours = getattr(fc.models, network)(dtype="float64", rng=rng, **options)
    theirs = torch_models.make(network, **options).double()
    state = {name: torch.from_numpy(array) for name, array in ours.state_dict().items()}
    theirs.load_state_dict(state)
    x = rng.standard_normal(shape)
    given = torch.from_numpy(x).requires_grad_()
    output = theirs(given)
    grad_output = rng.standard_normal(output.shape)
    output.backward(torch.from_numpy(grad_output))
    yield "output", apart(ours(x), output.detach().numpy())
    yield "input", apart(ours.backward(grad_output), given.grad.numpy())
    gradients = {name: parameter.grad.numpy() for name, parameter in theirs.named_parameters()}
    scale = max(float(np.abs(gradient).max()) for gradient in gradients.values())
    for name, parameter in ours.named_parameters():
        # Batch normalisation takes away a bias before it, whose gradient is then zero but for rounding.
        is_zero = np.abs(gradients[name]).max() < MOST * scale
        yield name, apart(parameter.grad, gradients[name], scale if is_zero else 0.0)
    after = ours.state_dict()
    for name, array in theirs.named_buffers():
        yield name, apart(after[name], array.numpy())


def apart(ours: Any, theirs: Any, least: float = 0.0) -> float:
    """Return the largest difference over the largest value, or over `least` where that is larger."""
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return float("inf")
    return float(np.abs(ours - theirs).max() / max(np.abs(theirs).max(), least, np.finfo("float64").tiny))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.equality", description=__doc__.splitlines()[0])
    parser.add_argument("--model", nargs="+", choices=CASES, default=list(CASES))
    worst = 0.0
    for network in parser.parse_args(arguments).model:
        found = dict(differences(network, *CASES[network]))
        where = max(found, key=lambda name: found[name])
        worst = max(worst, found[where])
        told = (
            f"output {found['output']:.1e}  input {found['input']:.1e}  worst of {len(found)}: {found[where]:.1e} ({where})"
        )
        print(f"{network:18} {told}", flush=True)
    return int(not worst <= MOST)


if __name__ == "__main__":
    raise SystemExit(main())
