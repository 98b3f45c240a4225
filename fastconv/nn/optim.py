# SPDX-License-Identifier: BSD-3-Clause
"""Optimisers: what to do with a gradient."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..backends import backend_for
from ..spec import FastconvTypeError, FastconvValueError
from .module import Array, Parameter


class SGD:
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
        self.parameters = list(parameters)
        for parameter in self.parameters:
            if not isinstance(parameter, Parameter):
                raise FastconvTypeError(f"SGD: parameters must hold Parameters only, got {type(parameter).__name__}")
        if not self.parameters:
            raise FastconvValueError("SGD: parameters must not be empty, got parameters=[]")
        for argument, value in (("lr", lr), ("momentum", momentum), ("weight_decay", weight_decay)):
            if not value >= 0:
                raise FastconvValueError(f"SGD: {argument} must not be negative, got {argument}={value!r}")
        if nesterov and (momentum == 0 or dampening != 0):
            given = f"momentum={momentum!r}, dampening={dampening!r}"
            raise FastconvValueError(f"SGD: nesterov needs a momentum and no dampening, got {given}")
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.dampening = dampening
        self.nesterov = nesterov
        self._velocity: list[Array | None] = [None] * len(self.parameters)

    def step(self) -> None:
        """Move every parameter that has a gradient, in place, in one pass over it."""
        how = {name: getattr(self, name) for name in ("lr", "momentum", "dampening", "weight_decay", "nesterov")}
        for position, parameter in enumerate(self.parameters):
            if parameter.grad is None:
                continue
            begin = self._velocity[position] is None
            if begin and self.momentum:
                self._velocity[position] = np.empty(parameter.shape, parameter.dtype)
            velocity = self._velocity[position] if self.momentum else None
            with parameter.writeable() as array:
                backend_for("SGD", "parameter", array).sgd_step(array, parameter.grad, velocity, begin=begin, **how)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters:
            parameter.grad = None
