# SPDX-License-Identifier: BSD-3-Clause
"""Steps of optimisers, in place."""

from __future__ import annotations

from typing import Any

from ... import settings
from ...kernels import optim as kernels
from .arrays import Array, check_array, check_shape, plain


def gradient_of(function: str, parameter: Array, gradient: Any, **states: Array | None) -> Array:
    """Return the gradient of a parameter as kernels read it; all arrays must have the parameter's dtype and shape."""
    dtype = check_array(function, "parameter", parameter)
    for name, array in {"gradient": gradient, **states}.items():
        if array is not None:
            check_array(function, name, array, dtype)
            check_shape(function, name, array, parameter.shape)
    return plain(gradient, dtype)


def sgd_step(
    parameter: Array,
    gradient: Any,
    velocity: Array | None,
    *,
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    begin: bool = False,
    num_threads: Any = None,
) -> None:
    """Move a parameter, and its velocity if there is one; where it begins, it is written and not read.

    Parameter and velocity must be C-contiguous, native and writeable.
    """
    g = gradient_of("sgd_step", parameter, gradient, velocity=velocity)
    threads = settings.thread_count("sgd_step", num_threads)
    how = (float(lr), float(momentum), float(dampening), float(weight_decay), nesterov, begin)
    kernels.sgd(parameter, g, velocity, *how, settings.isa_index(), threads)


def adam_step(
    parameter: Array,
    gradient: Any,
    mean: Array,
    square: Array,
    *,
    step: int,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled: bool = False,
    num_threads: Any = None,
) -> None:
    """Move a parameter by torch's rule of Adam, or, `decoupled`, of AdamW, and its means; `step` counts from 1.

    Parameter and means must be C-contiguous, native and writeable; means begin as zeros.
    """
    g = gradient_of("adam_step", parameter, gradient, mean=mean, square=square)
    threads = settings.thread_count("adam_step", num_threads)
    first, second = (float(beta) for beta in betas)
    decay, keep = (0.0, 1 - lr * weight_decay) if decoupled else (float(weight_decay), 1.0)
    root = (1 - second**step) ** 0.5
    numbers = (lr / (1 - first**step), first, second, float(eps), decay, float(keep), root)
    kernels.adam(parameter, g, mean, square, numbers, settings.isa_index(), threads)
