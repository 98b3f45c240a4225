# SPDX-License-Identifier: BSD-3-Clause
"""What training makes small."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .. import functional as F
from .. import grad as G
from ..spec import FastconvValueError
from .module import Array, Module


class _Loss(Module):
    """A function of input and target, its gradient, and the options of both."""

    _options: ClassVar[tuple[str, ...]]  # attributes that both take by keyword
    _function: ClassVar[Callable[..., Any]]
    _gradient: ClassVar[Callable[..., Array]]

    def forward(self, input: Array, target: Array) -> Any:
        """Loss of `input`, the model's output, and of what it should have been."""
        output = type(self)._function(input, target, **self._given())
        if self.training:
            self._kept = (input, target)
        return output

    def backward(self, grad_output: Any = 1.0) -> Array:
        """Gradient of the input; `grad_output` is that of the loss, by default 1."""
        if self._kept is None:
            raise FastconvValueError(
                f"{type(self).__name__}.backward: forward must run before it, in training mode, "
                f"got grad_output={grad_output!r}"
            )
        return type(self)._gradient(*self._kept, **self._given(), grad_output=grad_output)

    def _given(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._options}


class CrossEntropyLoss(_Loss):
    """Negative log-likelihood of the target classes under softmax(input).

    The input is (n, C, …) or (C,); the target holds class indices or probabilities.

    Parameters
    ----------
    weight : array_like of shape (C,), optional
        A weight per class.
    ignore_index : int
        A class index that counts for nothing.
    reduction : {"mean", "sum", "none"}
        What to do with the losses of a batch.
    label_smoothing : float
        How much of each target is spread evenly over all classes.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> loss = fc.nn.CrossEntropyLoss()
    >>> round(float(loss(np.zeros((2, 10), np.float32), np.array([3, 7]))), 4)
    2.3026
    >>> loss.backward().shape
    (2, 10)
    """

    _options = ("weight", "ignore_index", "reduction", "label_smoothing")
    _function = staticmethod(F.cross_entropy)
    _gradient = staticmethod(G.cross_entropy_input)

    def __init__(
        self,
        weight: Array | None = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        self.weight = weight
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.label_smoothing = label_smoothing


class MSELoss(_Loss):
    """Squared differences of input and target, of any shape.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        What to do with the elements.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> loss = fc.nn.MSELoss()
    >>> float(loss(np.array([1.0, 2.0]), np.array([1.0, 4.0]))), loss.backward().tolist()
    (2.0, [0.0, -2.0])
    """

    _options = ("reduction",)
    _function = staticmethod(F.mse_loss)
    _gradient = staticmethod(G.mse_loss_input)

    def __init__(self, *, reduction: str = "mean") -> None:
        self.reduction = reduction


class BCEWithLogitsLoss(_Loss):
    """Negative log-likelihood of answers that are each yes or no, under sigmoid(input).

    Parameters
    ----------
    weight : ndarray that broadcasts to the shape of the input, optional
        A weight per element.
    reduction : {"mean", "sum", "none"}
        What to do with the elements.
    pos_weight : ndarray that broadcasts to the shape of the input, optional
        How much a yes counts, where a no counts 1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> loss = fc.nn.BCEWithLogitsLoss()
    >>> round(float(loss(np.zeros(2), np.array([0.0, 1.0]))), 4), loss.backward().tolist()
    (0.6931, [0.25, -0.25])
    """

    _options = ("weight", "reduction", "pos_weight")
    _function = staticmethod(F.binary_cross_entropy_with_logits)
    _gradient = staticmethod(G.binary_cross_entropy_with_logits_input)

    def __init__(self, weight: Array | None = None, *, reduction: str = "mean", pos_weight: Array | None = None) -> None:
        self.weight = weight
        self.reduction = reduction
        self.pos_weight = pos_weight
