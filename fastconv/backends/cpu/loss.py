# SPDX-License-Identifier: BSD-3-Clause
"""Losses and their gradients: small arrays, NumPy's loops."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...spec import FastconvTypeError, FastconvValueError, one_of, show, whole
from .arrays import Array, check_array, check_shape, plain
from .elementwise import activation, log_softmax, quiet, same_shape

REDUCTIONS = ("none", "mean", "sum")


class Loss:
    """A checked cross entropy: log-probabilities and the weight of each (sample, class), classes last."""

    def __init__(
        self, function: str, input: Any, target: Any, weight: Any, ignore_index: Any, reduction: Any, label_smoothing: Any
    ) -> None:
        self.dtype = check_array(function, "input", input)
        if input.ndim == 0:
            raise FastconvValueError(f"{function}: input must have a class axis, got input of shape ()")
        self.axis = 0 if input.ndim == 1 else 1
        self.classes = input.shape[self.axis]
        if self.classes == 0:
            raise FastconvValueError(f"{function}: input must have at least one class, got input of shape {input.shape}")
        self.reduction = one_of(function, "reduction", reduction, REDUCTIONS)
        smoothing = check_fraction(function, label_smoothing)
        self.class_weight = self.weights(function, weight)
        self.log_p = np.moveaxis(log_softmax(function, input, self.axis), self.axis, -1)
        if isinstance(target, np.integer):  # one label for a sample without a batch
            target = np.asarray(target)
        if not isinstance(target, np.ndarray):
            raise FastconvTypeError(f"{function}: target must be a NumPy array, got target={show(target)}")
        if target.dtype.kind == "f":
            wanted = self.from_probabilities(function, input, target)
            self.denominator = float(np.prod(self.log_p.shape[:-1]))
            kept = np.ones((*self.log_p.shape[:-1], 1), bool)
        else:
            labels, kept = self.labels(function, input, target, ignore_index)
            wanted = (labels == np.arange(self.classes)) & kept
            self.denominator = float((self.class_weight[labels] * kept).sum())
        wanted = wanted.astype(self.dtype)
        if smoothing:
            wanted = (wanted * (1 - smoothing) + smoothing / self.classes) * kept
        self.share = (wanted * self.class_weight).astype(self.dtype, copy=False)
        self.kept = kept

    def weights(self, function: str, weight: Any) -> Array:
        """Return one weight a class."""
        if weight is None:
            return np.ones(self.classes, self.dtype)
        check_array(function, "weight", weight, self.dtype)
        check_shape(function, "weight", weight, (self.classes,))
        return np.asarray(weight)

    def from_probabilities(self, function: str, input: Array, target: Array) -> Array:
        check_array(function, "target", target, self.dtype)
        check_shape(function, "target", target, input.shape)
        return np.moveaxis(target, self.axis, -1)

    def labels(self, function: str, input: Array, target: Array, ignore_index: Any) -> tuple[Array, Array]:
        """Return the class of each sample and whether it counts, both with an axis of 1 for the classes."""
        if target.dtype.kind not in "iu":
            raise FastconvTypeError(
                f"{function}: target must hold class indices (integers) or probabilities (floats), "
                f"got target of dtype {target.dtype}"
            )
        ignored = whole(function, "ignore_index", ignore_index, -(1 << 62))
        labels = np.asarray(target)
        check_shape(function, "target", labels, input.shape[: self.axis] + input.shape[self.axis + 1 :])
        kept = labels != ignored
        bad = kept & ((labels < 0) | (labels >= self.classes))
        if bad.any():
            raise FastconvValueError(
                f"{function}: target must lie in [0, {self.classes}), the classes of input, "
                f"got target value {labels[bad].flat[0]}"
            )
        return np.where(kept, labels, 0)[..., None].astype(np.int64), kept[..., None]


def check_fraction(function: str, label_smoothing: Any) -> float:
    if isinstance(label_smoothing, bool) or not isinstance(label_smoothing, (int, float, np.floating)):
        raise FastconvTypeError(f"{function}: label_smoothing must be a number, got label_smoothing={show(label_smoothing)}")
    if not 0.0 <= label_smoothing <= 1.0:
        raise FastconvValueError(f"{function}: label_smoothing must lie in [0, 1], got label_smoothing={label_smoothing}")
    return float(label_smoothing)


@quiet
def cross_entropy(
    function: str, input: Any, target: Any, weight: Any, ignore_index: Any, reduction: Any, label_smoothing: Any
) -> Any:
    """Compute the loss, a scalar unless reduction is "none"."""
    loss = Loss(function, input, target, weight, ignore_index, reduction, label_smoothing)
    each = -np.multiply(loss.share, loss.log_p, where=loss.share != 0, out=np.zeros_like(loss.share)).sum(axis=-1)
    return reduced(each, loss.reduction, loss.denominator)


@quiet
def cross_entropy_input(
    function: str,
    input: Any,
    target: Any,
    weight: Any,
    ignore_index: Any,
    reduction: Any,
    label_smoothing: Any,
    grad_output: Any,
) -> Array:
    """Compute the gradient with respect to the input: softmax times the sample's weight, less its share."""
    loss = Loss(function, input, target, weight, ignore_index, reduction, label_smoothing)
    samples = loss.log_p.shape[:-1]
    above = np.asarray(grad_output, loss.dtype)
    wanted = samples if loss.reduction == "none" else ()
    if above.shape not in ((), wanted):
        raise FastconvValueError(f"{function}: grad_output must have shape {wanted}, got grad_output of shape {above.shape}")
    gradient = np.exp(loss.log_p) * loss.share.sum(axis=-1, keepdims=True) - loss.share
    scale = above[..., None] if above.ndim else above
    if loss.reduction == "mean":
        scale = scale / np.asarray(loss.denominator, loss.dtype)
    result = np.moveaxis((gradient * scale).astype(loss.dtype, copy=False), -1, loss.axis)
    return np.ascontiguousarray(result)


@quiet
def mse_loss(function: str, input: Any, target: Any, reduction: Any) -> Any:
    """Compute the squared differences, their mean or their sum."""
    x, y = compared(function, input, target, reduction)
    return reduced(np.square(x - y), reduction)


@quiet
def mse_loss_input(function: str, input: Any, target: Any, reduction: Any, grad_output: Any) -> Array:
    """Compute the gradient of the squared differences with respect to the input."""
    x, y = compared(function, input, target, reduction)
    return scaled(function, 2 * (x - y), reduction, grad_output)


@quiet
def bce_logits(function: str, input: Any, target: Any, weight: Any, pos_weight: Any, reduction: Any) -> Any:
    """Compute the binary cross entropy of logits: -log of a sigmoid, in the form that never overflows."""
    x, y = compared(function, input, target, reduction)
    scale, positive = factors(function, x, weight, pos_weight)
    minus_log = np.log1p(np.exp(-abs(x))) + np.maximum(-x, 0)
    return reduced(((1 - y) * x + (1 - y + positive * y) * minus_log) * scale, reduction)


@quiet
def bce_logits_input(
    function: str, input: Any, target: Any, weight: Any, pos_weight: Any, reduction: Any, grad_output: Any
) -> Array:
    """Compute the gradient of the binary cross entropy of logits with respect to the input."""
    x, y = compared(function, input, target, reduction)
    scale, positive = factors(function, x, weight, pos_weight)
    probability = activation("sigmoid", x, None, None)
    return scaled(function, (probability * (1 - y + positive * y) - positive * y) * scale, reduction, grad_output)


def compared(function: str, input: Any, target: Any, reduction: Any) -> tuple[Array, Array]:
    """Return, checked and plain, what a loss compares element by element."""
    one_of(function, "reduction", reduction, REDUCTIONS)
    dtype = same_shape(function, "input", input, "target", target)
    return plain(input, dtype), plain(target, dtype)


def factors(function: str, input: Array, *weights: Any) -> list[Any]:
    """Return weight and pos_weight, which must spread over the input's shape, or 1 where there is none."""
    for argument, factor in zip(("weight", "pos_weight"), weights, strict=True):
        if factor is None:
            continue
        check_array(function, argument, factor, input.dtype.name)
        sides = zip(factor.shape[::-1], input.shape[::-1], strict=False)
        if factor.ndim > input.ndim or any(given not in (1, size) for given, size in sides):
            raise FastconvValueError(
                f"{function}: {argument} must broadcast to the input's shape {input.shape}, "
                f"got {argument} of shape {factor.shape}"
            )
    return [1 if factor is None else factor for factor in weights]


def reduced(each: Array, reduction: str, count: float | None = None) -> Any:
    """Return a loss's elements, their sum or their mean, in which they count for `count`, by default each for one."""
    if reduction == "none":
        return each
    total = each.sum()
    return total if reduction == "sum" else (total / np.asarray(each.size if count is None else count, each.dtype))[()]


def scaled(function: str, gradient: Array, reduction: str, grad_output: Any) -> Array:
    """Return the gradient of a loss from that of its elements."""
    above = np.asarray(grad_output, gradient.dtype)
    wanted = gradient.shape if reduction == "none" else ()
    if above.shape not in ((), wanted):
        raise FastconvValueError(f"{function}: grad_output must have shape {wanted}, got grad_output of shape {above.shape}")
    return gradient * (above / np.asarray(gradient.size, gradient.dtype) if reduction == "mean" else above)
