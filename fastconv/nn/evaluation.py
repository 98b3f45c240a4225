# SPDX-License-Identifier: BSD-3-Clause
"""How well a model does on examples it does not learn from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from ..spec import FastconvTypeError, FastconvValueError, show, whole
from .module import Array, Module


class Evaluation(NamedTuple):
    """A model's mean loss and, where targets are class indices, the share whose largest output is the target's."""

    loss: float
    accuracy: float | None


def evaluate(model: Module, loss: Module, inputs: Array, targets: Array, batch_size: int = 128) -> Evaluation:
    """Return loss and accuracy of a model on inputs and targets, in eval mode; every module's mode comes back afterwards.

    Parameters
    ----------
    model : Module
        Its outputs are of shape (n, classes, ...) where targets are class indices.
    loss : Module
        Returns one number, the mean or the sum over a batch.
    inputs, targets : ndarray of the same length
    batch_size : int, optional
        How many go through the model at once.

    Returns
    -------
    Evaluation
        The loss is the batches' mean, weighted by their sizes.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 5.3 (validation sets).

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x, labels = np.eye(3, dtype=np.float32), np.array([0, 1, 0])
    >>> told = fc.nn.evaluate(fc.nn.ReLU(), fc.nn.CrossEntropyLoss(), x, labels)
    >>> round(told.loss, 4), round(told.accuracy, 4)
    (0.8848, 0.6667)
    """
    check_pair("evaluate", "inputs", (inputs, targets))
    size = whole("evaluate", "batch_size", batch_size, 1)
    total, right = 0.0, 0
    counted = targets.dtype.kind in "iu"
    with in_eval_mode(model):
        for begin in range(0, len(inputs), size):
            aims = targets[begin : begin + size]
            output = model(inputs[begin : begin + size])
            total += one_number("evaluate", loss(output, aims)) * len(aims)
            right += int((output.argmax(1) == aims).sum()) if counted else 0
    return Evaluation(total / len(inputs), right / targets.size if counted else None)


@contextmanager
def in_eval_mode(model: Module) -> Iterator[None]:
    """Run without keeping anything; each module's own mode comes back afterwards."""
    before = [(module, module.training) for _, module in model.named_modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in before:
            module.training = training


def check_pair(function: str, argument: str, pair: object) -> None:
    """Refuse what is not two arrays of one length, of which there must be some."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(isinstance(part, np.ndarray) for part in pair):
        raise FastconvTypeError(f"{function}: {argument} must be a pair of arrays, inputs and targets, got {show(pair)}")
    inputs, targets = pair
    if 0 in (inputs.ndim, targets.ndim) or len(inputs) != len(targets) or not len(inputs):
        raise FastconvValueError(
            f"{function}: {argument} must hold as many inputs as targets and at least one, "
            f"got shapes {inputs.shape} and {targets.shape}"
        )


def one_number(function: str, value: object) -> float:
    """Return what a loss returned, which must be one number."""
    if np.ndim(value):  # type: ignore[arg-type]
        raise FastconvValueError(f"{function}: loss must return one number (reduction 'mean' or 'sum'), got {show(value)}")
    return float(value)  # type: ignore[arg-type]
