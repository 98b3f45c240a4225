# SPDX-License-Identifier: BSD-3-Clause
"""What several networks need: their width, and initial weights other than the layers' own."""

from __future__ import annotations

import math

import numpy as np

from .. import nn
from ..nn.module import fill
from ..spec import FastconvValueError, real


def widened(network: str, channels: int, width: float) -> int:
    """`channels` times `width` to the nearest multiple of 8, at least 8."""
    if not real(network, "width", width, "float64") > 0:
        raise FastconvValueError(f"{network}: width must be positive, got width={width!r}")
    return max(8, 8 * round(channels * width / 8))


def dropout(p: float, rng: np.random.Generator) -> nn.Dropout:
    """A dropout layer whose seed is drawn where the network's weights are."""
    return nn.Dropout(p, seed=int(rng.integers(1 << 63)))


def he_normal(network: nn.Module, rng: np.random.Generator) -> None:
    """Draw the weights of all convolutions from N(0, 2 / fan_out), fan_out being c_out * kh * kw; biases are zero.

    He, Zhang, Ren & Sun, "Delving deep into rectifiers", ICCV 2015, section 2.2, backward case.
    """
    for _, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d):
            _draw(layer, math.sqrt(2 / (layer.out_channels * math.prod(layer.kernel_size))), rng)


def small_normal(network: nn.Module, rng: np.random.Generator, deviation: float = 0.01) -> None:
    """Draw the weights of all dense layers from N(0, deviation**2); biases are zero."""
    for _, layer in network.named_modules():
        if isinstance(layer, nn.Linear):
            _draw(layer, deviation, rng)


def _draw(layer: nn.Conv2d | nn.Linear, deviation: float, rng: np.random.Generator) -> None:
    fill(layer.weight, lambda count: rng.normal(0, deviation, count))
    if layer.bias is not None:
        fill(layer.bias, np.zeros)
