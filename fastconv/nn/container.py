# SPDX-License-Identifier: BSD-3-Clause
"""Modules made of modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, overload

from ..spec import FastconvTypeError, FastconvValueError
from .fused import joined
from .module import Module


class Container(Module):
    """Base of modules made of modules; what is prepared of its children is forgotten when they change."""

    def _adopt(self, modules: Mapping[Any, Any]) -> tuple[str, ...]:
        """Take modules as children under the names given."""
        where = type(self).__name__
        for name, module in modules.items():
            if not isinstance(module, Module):
                raise FastconvTypeError(f"{where}: module {name!r} must be a Module, got {type(module).__name__}")
            if not isinstance(name, str) or not name or "." in name or hasattr(self, name):
                raise FastconvValueError(f"{where}: a name must be new and without dots, got name={name!r}")
            setattr(self, name, module)
        return tuple(modules)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        self.__dict__.pop("_steps", None)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        self.__dict__.pop("_steps", None)


def by_name(modules: tuple[Any, ...]) -> Mapping[Any, Any]:
    """The only argument if it is a mapping, else the arguments under "0", "1", … as in torch."""
    if len(modules) == 1 and isinstance(modules[0], Mapping):
        return modules[0]
    return {str(position): module for position, module in enumerate(modules)}


class Sequential(Container):
    """One module after another.

    In eval mode a convolution, the activation and the pooling that follow it are computed together where that saves memory:
    the map between them is never whole. The results are those of the layers called one by one.

    Parameters
    ----------
    *modules : Module
        Named "0", "1", … as in torch; or one mapping of names to modules.

    Raises
    ------
    FastconvTypeError, FastconvValueError
        If something is not a Module, or a name is not usable as an attribute.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> model = fc.nn.Sequential(fc.nn.Conv2d(1, 6, 5, rng=0), fc.nn.ReLU(), fc.nn.MaxPool2d(2))
    >>> y = model(np.ones((1, 1, 12, 12), np.float32))
    >>> y.shape, model.backward(np.ones_like(y)).shape
    ((1, 6, 4, 4), (1, 1, 12, 12))
    """

    def __init__(self, *modules: Module | Mapping[str, Module]) -> None:
        self._adopt(by_name(modules))

    def forward(self, input: Any) -> Any:
        """The last module's output."""
        steps = self.__dict__.get("_steps")
        if steps is None:
            steps = self.__dict__["_steps"] = joined(self)
        for step in steps:
            input = step(input)
        return input

    def backward(self, grad_output: Any) -> Any:
        """Gradient of the first module's input."""
        for module in reversed(list(self)):
            grad_output = module.backward(grad_output)
        return grad_output

    def __iter__(self) -> Iterator[Module]:
        return (module for _, module in self.named_children())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @overload
    def __getitem__(self, position: int) -> Module: ...
    @overload
    def __getitem__(self, position: slice) -> Sequential: ...
    def __getitem__(self, position: int | slice) -> Module:
        """One module, or for a slice a Sequential of the same modules under their names."""
        children = list(self.named_children())
        if isinstance(position, slice):
            return Sequential(dict(children[position]))
        return children[position][1]
