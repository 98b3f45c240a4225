# SPDX-License-Identifier: BSD-3-Clause
"""Steps of optimisers, in place."""

from __future__ import annotations

import math

import numpy as np

from .arrays import Array


def sgd_step(
    parameter: Array,
    gradient: Array,
    velocity: Array | None,
    *,
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    begin: bool = False,
) -> None:
    """Move a parameter, and its velocity if there is one; where it begins, it is written and not read."""
    if weight_decay:
        gradient = gradient + weight_decay * parameter
    if velocity is not None:
        if begin:
            velocity[...] = gradient
        else:
            velocity *= momentum
            velocity += (1 - dampening) * gradient
        gradient = gradient + momentum * velocity if nesterov else velocity
    parameter -= float(lr) * gradient


def adam_step(
    parameter: Array,
    gradient: Array,
    mean: Array,
    square: Array,
    *,
    step: int,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled: bool = False,
) -> None:
    """Move a parameter by torch's rule of Adam, or, `decoupled`, of AdamW, and its means; `step` counts from 1."""
    first, second = betas
    if decoupled:
        parameter *= 1 - float(lr) * weight_decay
    elif weight_decay:
        gradient = gradient + weight_decay * parameter
    mean += (1 - first) * (gradient - mean)
    square *= second
    square += (1 - second) * (gradient * gradient)
    spread = np.sqrt(square) / math.sqrt(1 - second**step) + eps
    parameter -= float(lr) / (1 - first**step) * (mean / spread)
