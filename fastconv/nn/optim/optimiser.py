# SPDX-License-Identifier: BSD-3-Clause
"""What all optimisers share: parameters, settings, and a state that files can hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from ...spec import FastconvTypeError, FastconvValueError
from ..module import Array, Parameter


class Optimiser:
    """Base of optimisers: a subclass says in `_move` what one step does to one parameter.

    Parameters
    ----------
    parameters : iterable of Parameter
        Usually ``model.parameters()``. Those whose `.grad` is None at a step are left alone.
    lr : float
        Learning rate; the attribute may be changed between steps.

    Raises
    ------
    FastconvTypeError, FastconvValueError
        For something that is not a Parameter, or a setting out of its range.
    """

    # Attributes that `state_dict` holds besides the arrays of each parameter, and the names of those arrays.
    _settings: ClassVar[tuple[str, ...]] = ("lr",)
    _memory: ClassVar[tuple[str, ...]] = ()

    def __init__(self, parameters: Iterable[Parameter], lr: float) -> None:
        name = type(self).__name__
        self.parameters = list(parameters)
        for parameter in self.parameters:
            if not isinstance(parameter, Parameter):
                raise FastconvTypeError(f"{name}: parameters must hold Parameters only, got {type(parameter).__name__}")
        if not self.parameters:
            raise FastconvValueError(f"{name}: parameters must not be empty, got parameters=[]")
        self._not_negative(lr=lr)
        self.lr = lr
        self._state: list[dict[str, Any]] = [{} for _ in self.parameters]

    def step(self) -> None:
        """Move every parameter that has a gradient, in place."""
        for position, (parameter, state) in enumerate(zip(self.parameters, self._state, strict=True)):
            if parameter.grad is not None:
                gradient = self._checked(position, parameter, parameter.grad)
                with parameter.writeable() as array:
                    self._move(array, gradient, state)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, Array]:
        """A copy of the settings by name, and of what is remembered of each parameter by its position ("0.step", ...)."""
        state = {name: np.array(getattr(self, name)) for name in self._settings}
        for position, remembered in enumerate(self._state):
            state |= {f"{position}.{name}": np.array(value) for name, value in remembered.items()}
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on as the optimiser did whose `state_dict` this is; nothing is changed unless all of it fits.

        Parameters
        ----------
        state : mapping of str to array_like
            Settings of this class of optimiser; arrays of none, some or all parameters, in the parameters' shapes.

        Raises
        ------
        FastconvValueError
            If a name is missing or is not one of this optimiser, or an array has another shape: the message lists them.
        """
        where = f"{type(self).__name__}.load_state_dict"
        remembered = self._sorted_out(where, state)
        for name in self._settings:
            value = np.asarray(state[name]).tolist()
            setattr(self, name, tuple(value) if isinstance(value, list) else value)
        self._state = remembered

    def _sorted_out(self, where: str, state: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What a state remembers of each parameter, checked and copied."""
        count = len(self.parameters)
        seen = {position for position in range(count) for name in self._memory if f"{position}.{name}" in state}
        wanted = dict.fromkeys(self._settings) | {f"{at}.{name}": None for at in sorted(seen) for name in self._memory}
        missing, surplus = [name for name in wanted if name not in state], [name for name in state if name not in wanted]
        if missing or surplus:
            told = [f"missing {missing}"] * bool(missing) + [f"surplus {surplus}"] * bool(surplus)
            raise FastconvValueError(
                f"{where}: state must hold the names of {type(self).__name__} with {count} parameters, "
                f"got {' and '.join(told)}"
            )
        return [self._recalled(where, position, state) if position in seen else {} for position in range(count)]

    def _recalled(self, where: str, position: int, state: Mapping[str, Any]) -> dict[str, Any]:
        """What a state remembers of one parameter."""
        parameter, found = self.parameters[position], {}
        for name in self._memory:
            value = np.asarray(state[f"{position}.{name}"])
            wanted = () if name == "step" else parameter.shape
            if value.shape != wanted:
                raise FastconvValueError(f"{where}: '{position}.{name}' must have shape {wanted}, got shape={value.shape}")
            found[name] = int(value) if name == "step" else value.astype(parameter.dtype, order="C")
        return found

    def _move(self, array: Array, gradient: Array, state: dict[str, Any]) -> None:
        """One step of one parameter, in place; `state` is what this method remembers of it, at first empty."""
        raise NotImplementedError(f"{type(self).__name__} does not define _move")

    def _checked(self, position: int, parameter: Parameter, gradient: Any) -> Array:
        if not isinstance(gradient, np.ndarray) or (gradient.shape, gradient.dtype) != (parameter.shape, parameter.dtype):
            raise FastconvValueError(
                f"{type(self).__name__}.step: grad of parameter {position} must be an array of {parameter.dtype} and shape "
                f"{parameter.shape}, got {getattr(gradient, 'dtype', type(gradient).__name__)} and {np.shape(gradient)}"
            )
        return gradient

    def _not_negative(self, **settings: Any) -> None:
        for argument, value in settings.items():
            if not value >= 0:
                raise FastconvValueError(f"{type(self).__name__}: {argument} must not be negative, got {argument}={value!r}")
