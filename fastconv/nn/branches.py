# SPDX-License-Identifier: BSD-3-Clause
"""Modules whose input goes several ways: summed again (`Residual`), or side by side (`Concat`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..backends import Signal, backend_for
from ..spec import WORD, FastconvTypeError, FastconvValueError, show, whole
from .container import Container, Sequential, by_name
from .conv import _ConvNd
from .fused import joined
from .linear import Linear
from .module import Array, Module
from .normalization import _BatchNorm

# Layers whose output and input gradient are arrays made for the caller, of which they keep nothing: sums go into those.
_GIVING = (_ConvNd, _BatchNorm, Linear)


class Identity(Module):
    """The input as it is: a way around the layers beside it, in `Concat` and elsewhere.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> dense = fc.nn.Concat(fc.nn.Identity(), fc.nn.Conv2d(3, 8, 3, padding=1))
    >>> dense(np.zeros((1, 3, 5, 5), np.float32)).shape
    (1, 11, 5, 5)
    """

    def forward(self, input: Any) -> Any:
        """`input`."""
        return input

    def backward(self, grad_output: Any) -> Any:
        """`grad_output`."""
        return grad_output


class Residual(Container):
    """``after(body(x) + shortcut(x))``: layers that learn what differs from their input.

    Parameters
    ----------
    body : Module or mapping of str to Module
        What the input goes through. A mapping is run as `Sequential` runs it, and its names become the block's own: a weight
        is then "conv1.weight", as in torchvision, and not "body.conv1.weight".
    shortcut : Module or mapping of str to Module, optional
        What the input goes through beside it; None adds the input itself.
    after : Module, optional
        What the sum goes through, usually `ReLU`.

    Raises
    ------
    FastconvTypeError, FastconvValueError
        If something is not a Module, or a name is not usable as an attribute; in a call, if body and shortcut give
        different shapes or dtypes.

    References
    ----------
    He, Zhang, Ren & Sun, "Deep residual learning for image recognition", CVPR 2016, equations 1 and 2.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> block = fc.nn.Residual({"conv1": fc.nn.Conv2d(8, 8, 3, padding=1, rng=0), "relu": fc.nn.ReLU()})
    >>> x = np.ones((1, 8, 5, 5), np.float32)
    >>> y = block(x)
    >>> bool((y == x + block.relu(block.conv1(x))).all()), block.backward(np.ones_like(y)).shape
    (True, (1, 8, 5, 5))
    >>> list(block.state_dict())
    ['conv1.weight', 'conv1.bias']
    """

    def __init__(
        self,
        body: Module | Mapping[str, Module],
        shortcut: Module | Mapping[str, Module] | None = None,
        after: Module | None = None,
    ) -> None:
        self._body = self._adopt(body if isinstance(body, Mapping) else {"body": body})
        beside = {} if shortcut is None else {"shortcut": shortcut}
        self._shortcut = self._adopt(shortcut if isinstance(shortcut, Mapping) else beside)
        self._after = self._adopt({} if after is None else {"after": after})

    def forward(self, input: Any) -> Any:
        """The sum, and what comes after it."""
        steps = self.__dict__.get("_steps")
        if steps is None:
            ways = (self._body, self._shortcut, self._after)
            steps = self.__dict__["_steps"] = [joined(self._children(names)) for names in ways]
        body, shortcut, after = steps
        output = _through(after, self._sum(_through(body, input), _through(shortcut, input)))
        self._keep(output)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input, from both ways; adds to the parameters' `.grad`."""
        self._recall(grad_output)
        body, shortcut, after = (self._children(names) for names in (self._body, self._shortcut, self._after))
        grad_output = _back(after, grad_output)
        return _added(_back(body, grad_output), _back(shortcut, grad_output), _gives(body, 0))

    def _sum(self, output: Any, beside: Any) -> Any:
        if isinstance(output, Signal) or isinstance(beside, Signal):
            return output + beside
        if (output.shape, output.dtype) != (beside.shape, beside.dtype):
            raise FastconvValueError(
                f"{type(self).__name__}: body and shortcut must give the same shape and dtype, "
                f"got body={show(output)} and shortcut={show(beside)}"
            )
        return _added(output, beside, _gives(self._children(self._body), -1))

    def _children(self, names: Iterable[str]) -> list[Module]:
        return [getattr(self, name) for name in names]


class Concat(Container):
    """What several branches make of one input, side by side: inception modules, dense blocks, U-Net's skips.

    Parameters
    ----------
    *branches : Module
        Named "0", "1", … as in `Sequential`; or one mapping of names to modules.
    dim : int
        The axis along which the outputs follow each other: 1, the channels of (n, c, *spatial), by default; -1 for channels
        that come last, -3 for one image (c, h, w).

    Raises
    ------
    FastconvTypeError, FastconvValueError
        If there is no branch, one is not a Module, or a name is not usable as an attribute; in a call, if the outputs differ
        in dtype or in another axis than `dim`, which must be one of theirs.

    References
    ----------
    Szegedy et al., "Going deeper with convolutions", CVPR 2015, figure 2; Huang et al., "Densely connected convolutional
    networks", CVPR 2017.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> inception = fc.nn.Concat({"narrow": fc.nn.Conv2d(8, 4, 1), "wide": fc.nn.Conv2d(8, 6, 5, padding=2)})
    >>> y = inception(np.ones((2, 8, 7, 7), np.float32))
    >>> y.shape, inception.backward(np.ones_like(y)).shape
    ((2, 10, 7, 7), (2, 8, 7, 7))
    """

    def __init__(self, *branches: Module | Mapping[str, Module], dim: int = 1) -> None:
        layer = type(self).__name__
        self.dim = whole(layer, "dim", dim, -WORD)
        if not self._adopt(by_name(branches)):
            raise FastconvValueError(f"{layer}: branches must hold at least one Module, got none")

    def __iter__(self) -> Iterator[Module]:
        return (branch for _, branch in self.named_children())

    def forward(self, input: Any) -> Array:
        """The branches' outputs, side by side."""
        if isinstance(input, Signal):
            raise FastconvTypeError(f"stream: {type(self).__name__} has no form step by step")
        outputs = {name: branch(input) for name, branch in self.named_children()}
        self._check(outputs)
        output = np.concatenate(list(outputs.values()), self.dim)
        self._keep(output, [part.shape[self.dim] for part in outputs.values()])
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input, the sum of all branches'; adds to the parameters' `.grad`."""
        (sizes,) = self._recall(grad_output)
        parts = np.split(grad_output, np.cumsum(sizes)[:-1], self.dim)
        first, *others = self
        total, given = first.backward(parts[0]), _gives([first], 0)
        for branch, part in zip(others, parts[1:], strict=True):
            total, given = _added(total, branch.backward(part), given), True
        return total

    def _check(self, outputs: Mapping[str, Array]) -> None:
        layer, told = type(self).__name__, ", ".join(f"{name}={show(output)}" for name, output in outputs.items())
        if any(not -output.ndim <= self.dim < output.ndim for output in outputs.values()):
            raise FastconvValueError(
                f"{layer}: dim must name an axis of every branch's output, got dim={self.dim} for {told}"
            )
        if len({(_without(output.shape, self.dim), output.dtype) for output in outputs.values()}) > 1:
            raise FastconvValueError(f"{layer}: branches must agree in dtype and in all axes but {self.dim}, got {told}")

    def extra_repr(self) -> str:
        """The axis."""
        return f"dim={self.dim}"


def _through(steps: Iterable[Any], input: Any) -> Any:
    for step in steps:
        input = step(input)
    return input


def _back(modules: Sequence[Module], grad_output: Array) -> Array:
    for module in reversed(modules):
        grad_output = module.backward(grad_output)
    return grad_output


def _gives(modules: Sequence[Module], at: int) -> bool:
    """Whether what comes out at one end, 0 or -1, is the caller's alone."""
    while modules and isinstance(modules[at], Sequential):
        modules = list(modules[at])  # type: ignore[call-overload]
    return bool(modules) and isinstance(modules[at], _GIVING)


def _added(total: Array, other: Array, given: bool) -> Array:
    """total + other, in place if `total` was given away."""
    sums: Array = backend_for("add", "input", total).add("add", total, other, total if given else None)
    return sums


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    axis %= len(shape)
    return shape[:axis] + shape[axis + 1 :]
