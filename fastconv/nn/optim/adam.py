# SPDX-License-Identifier: BSD-3-Clause
"""Steps as long as a gradient is steady: Adam, and AdamW, whose weight decay stands apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from ...backends import backend_for
from ...spec import FastconvValueError, show
from ..module import Array, Parameter
from .optimiser import Optimiser


class Adam(Optimiser):
    """Adam with torch's update rule.

    With g = p.grad + weight_decay·p, running moments ``m = β1·m + (1 - β1)·g`` and ``v = β2·v + (1 - β2)·g²`` that
    start at zero, and t the parameter's steps so far, this one included,
    ``p -= lr · m/(1 - β1ᵗ) / (sqrt(v/(1 - β2ᵗ)) + eps)``.

    Parameters
    ----------
    parameters : iterable of Parameter
        Usually ``model.parameters()``. Those whose `.grad` is None are left alone.
    lr : float
        Learning rate; the attribute may be changed between steps.
    betas : pair of float
        β1 and β2, in [0, 1).
    eps, weight_decay : float
        As in the formula.

    Raises
    ------
    FastconvTypeError, FastconvValueError
        For something that is not a Parameter, or a setting out of its range.

    References
    ----------
    Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> p = fc.nn.Parameter(np.ones(2, np.float32))
    >>> optimiser = fc.nn.Adam([p], lr=0.5)
    >>> p.grad = np.array([10, -0.1], np.float32)
    >>> optimiser.step()
    >>> p.data.round(4)
    array([0.5, 1.5], dtype=float32)
    """

    _settings = ("lr", "betas", "eps", "weight_decay")
    _memory = ("step", "exp_avg", "exp_avg_sq")
    _decoupled: ClassVar[bool] = False

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        self._not_negative(eps=eps, weight_decay=weight_decay)
        if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
            raise FastconvValueError(f"{type(self).__name__}: betas must be two numbers in [0, 1), got betas={show(betas)}")
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay

    def _move(self, array: Array, gradient: Array, state: dict[str, Any]) -> None:
        if not state:
            state.update(step=0, exp_avg=np.zeros_like(array), exp_avg_sq=np.zeros_like(array))
        state["step"] += 1
        how = {name: getattr(self, name) for name in self._settings} | {"decoupled": self._decoupled}
        means = state["exp_avg"], state["exp_avg_sq"]
        backend_for("Adam.step", "parameter", array).adam_step(array, gradient, *means, step=state["step"], **how)


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameter by itself: ``p *= 1 - lr·weight_decay`` before the step.

    Parameters
    ----------
    parameters, lr, betas, eps : optional
        As in `Adam`.
    weight_decay : float
        As in the formula.

    References
    ----------
    Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> p = fc.nn.Parameter(np.full(1, 8, np.float32))
    >>> optimiser = fc.nn.AdamW([p], lr=0.5, weight_decay=0.25)
    >>> p.grad = np.zeros(1, np.float32)
    >>> optimiser.step()
    >>> p.data
    array([7.], dtype=float32)
    """

    _decoupled = True

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)
