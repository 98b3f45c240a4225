# SPDX-License-Identifier: BSD-3-Clause
"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...backends import backend_for
from ...spec import FastconvValueError
from ..module import Array, Parameter
from .optimiser import Optimiser


class SGD(Optimiser):
    """Stochastic gradient descent with torch's update rule.

    With d = weight_decay·p + p.grad and a velocity v per parameter that starts as the first d,
    ``v = momentum·v + (1 - dampening)·d``, then ``p -= lr·v``, or with `nesterov` ``p -= lr·(d +
    momentum·v)``.

    Parameters
    ----------
    parameters : iterable of Parameter
        Usually ``model.parameters()``. Those whose `.grad` is None are left alone.
    lr : float
        Learning rate; the attribute may be changed between steps.
    momentum, weight_decay, dampening : float
        As in the formula.
    nesterov : bool
        Nesterov's momentum; needs a momentum and no dampening.

    Raises
    ------
    FastconvTypeError, FastconvValueError
        For something that is not a Parameter, or a setting out of its range.

    References
    ----------
    Sutskever, Martens, Dahl & Hinton, "On the importance of initialization and momentum in deep learning",
    ICML 2013.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> p = fc.nn.Parameter(np.ones(2, np.float32))
    >>> optimiser = fc.nn.SGD([p], lr=0.5)
    >>> p.grad = np.array([1, -1], np.float32)
    >>> optimiser.step()
    >>> p.data
    array([0.5, 1.5], dtype=float32)
    """

    _settings = ("lr", "momentum", "weight_decay", "dampening", "nesterov")
    _memory = ("momentum_buffer",)

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float,
        momentum: float = 0.0,
        *,
        weight_decay: float = 0.0,
        dampening: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        self._not_negative(momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum == 0 or dampening != 0):
            given = f"momentum={momentum!r}, dampening={dampening!r}"
            raise FastconvValueError(f"SGD: nesterov needs a momentum and no dampening, got {given}")
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.dampening = dampening
        self.nesterov = nesterov

    def _move(self, array: Array, gradient: Array, state: dict[str, Any]) -> None:
        begin = self.momentum and not state
        if begin:
            state["momentum_buffer"] = np.empty_like(array)
        how = {name: getattr(self, name) for name in self._settings}
        velocity = state["momentum_buffer"] if self.momentum else None
        backend_for("SGD.step", "parameter", array).sgd_step(array, gradient, velocity, begin=bool(begin), **how)
