# SPDX-License-Identifier: BSD-3-Clause
"""What training makes small."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .. import grad as G
from ..spec import FastconvValueError
from .module import Array, Module


class CrossEntropyLoss(Module):
    """Negative log-likelihood of the target classes under softmax(input).

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

    def forward(self, input: Array, target: Array) -> Any:
        """Loss of `input` (n, C, …) or (C,); the target holds class indices or probabilities."""
        output = F.cross_entropy(input, target, self.weight, **self._options())
        if self.training:
            self._kept = (input, target)
        return output

    def backward(self, grad_output: Any = 1.0) -> Array:
        """Gradient of the input; `grad_output` is that of the loss, by default 1."""
        if self._kept is None:
            raise FastconvValueError(
                f"CrossEntropyLoss.backward: forward must run before it, in training mode, got grad_output={grad_output!r}"
            )
        input, target = self._kept
        return G.cross_entropy_input(input, target, self.weight, **self._options(), grad_output=grad_output)

    def _options(self) -> dict[str, Any]:
        return {
            "ignore_index": self.ignore_index,
            "reduction": self.reduction,
            "label_smoothing": self.label_smoothing,
        }
