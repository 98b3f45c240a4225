# SPDX-License-Identifier: BSD-3-Clause
"""Learning rates that follow a plan, with torch's names and values.

A schedule sets its optimiser's `lr` when it is made and at each `step()`, of which there is one an epoch or one a batch, as
the user likes: what its arguments count are steps. Rates are computed from the number of steps, not from the rate before,
so that nothing accumulates.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from ...spec import FastconvTypeError, FastconvValueError, one_of, real, show, whole
from ..module import Array
from .optimiser import Optimiser


class _Stateful:
    """Attributes that a file can hold."""

    _attributes: ClassVar[tuple[str, ...]]

    def state_dict(self) -> dict[str, Array]:
        """How far the schedule is, by name."""
        return {name: np.array(getattr(self, name)) for name in self._attributes}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where a schedule of the same arguments was; the optimiser's rate is in the optimiser's own state.

        Raises
        ------
        FastconvValueError
            If a name is missing or is not one of this class.
        """
        if set(state) != set(self._attributes):
            name = type(self).__name__
            raise FastconvValueError(
                f"{name}.load_state_dict: state must hold exactly {list(self._attributes)}, got {list(state)}"
            )
        for attribute in self._attributes:
            setattr(self, attribute, np.asarray(state[attribute]).item())


class Schedule(_Stateful):
    """Base of schedules: a subclass says in `rate` what the learning rate is after so many steps.

    Parameters
    ----------
    optimiser : Optimiser
        Whose `lr`, as it was when its first schedule was made, the rates are multiples of.

    Attributes
    ----------
    base_lr : float
    last_epoch : int
        Steps so far.
    """

    _attributes = ("base_lr", "last_epoch")

    def __init__(self, optimiser: Optimiser) -> None:
        self.optimiser = optimiser_of(type(self).__name__, optimiser)
        self.base_lr: float = vars(optimiser).setdefault("initial_lr", float(optimiser.lr))
        self.last_epoch = 0
        optimiser.lr = self.rate(0)

    def rate(self, step: int) -> float:
        """The learning rate after `step` steps."""
        raise NotImplementedError(f"{type(self).__name__} does not define rate")

    def step(self) -> None:
        """Go on by one, and set the optimiser's rate."""
        self.last_epoch += 1
        self.optimiser.lr = self.rate(self.last_epoch)


class StepLR(Schedule):
    """The rate times gamma every `step_size` steps.

    Parameters
    ----------
    optimiser : Optimiser
    step_size : int
    gamma : float

    Examples
    --------
    >>> import fastconv as fc
    >>> optimiser = fc.nn.SGD(fc.nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = fc.nn.StepLR(optimiser, 30)
    >>> [round(schedule.rate(epoch), 4) for epoch in (0, 29, 30, 60)]
    [1.0, 1.0, 0.1, 0.01]
    """

    def __init__(self, optimiser: Optimiser, step_size: int, gamma: float = 0.1) -> None:
        self.step_size = whole("StepLR", "step_size", step_size, 1)
        self.gamma = factor_of("StepLR", "gamma", gamma)
        super().__init__(optimiser)

    def rate(self, step: int) -> float:
        """The learning rate after `step` steps."""
        return self.base_lr * self.gamma ** (step // self.step_size)


class MultiStepLR(Schedule):
    """The rate times gamma at each milestone.

    Parameters
    ----------
    optimiser : Optimiser
    milestones : sequence of int
        Numbers of steps, rising.
    gamma : float

    Examples
    --------
    >>> import fastconv as fc
    >>> optimiser = fc.nn.SGD(fc.nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = fc.nn.MultiStepLR(optimiser, [30, 80])
    >>> [round(schedule.rate(epoch), 4) for epoch in (0, 29, 30, 80)]
    [1.0, 1.0, 0.1, 0.01]
    """

    def __init__(self, optimiser: Optimiser, milestones: Sequence[int], gamma: float = 0.1) -> None:
        self.milestones = rising("MultiStepLR", milestones)
        self.gamma = factor_of("MultiStepLR", "gamma", gamma)
        super().__init__(optimiser)

    def rate(self, step: int) -> float:
        """The learning rate after `step` steps."""
        return self.base_lr * self.gamma ** bisect_right(self.milestones, step)


class CosineAnnealingLR(Schedule):
    """The rate along half a cosine, from the first to `eta_min` after `T_max` steps.

    Parameters
    ----------
    optimiser : Optimiser
    T_max : int
    eta_min : float

    References
    ----------
    Loshchilov & Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, equation 5.

    Examples
    --------
    >>> import fastconv as fc
    >>> optimiser = fc.nn.SGD(fc.nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = fc.nn.CosineAnnealingLR(optimiser, 10)
    >>> [round(schedule.rate(step), 4) for step in (0, 5, 10)]
    [1.0, 0.5, 0.0]
    """

    def __init__(self, optimiser: Optimiser, T_max: int, eta_min: float = 0.0) -> None:  # noqa: N803
        self.T_max = whole("CosineAnnealingLR", "T_max", T_max, 1)
        self.eta_min = factor_of("CosineAnnealingLR", "eta_min", eta_min)
        super().__init__(optimiser)

    def rate(self, step: int) -> float:
        """The learning rate after `step` steps."""
        return self.eta_min + (self.base_lr - self.eta_min) * (1 + math.cos(math.pi * step / self.T_max)) / 2


class LinearLR(Schedule):
    """The rate along a line, from `start_factor` times the first to `end_factor` times it: a warm-up.

    Parameters
    ----------
    optimiser : Optimiser
    start_factor, end_factor : float
        In (0, 1], and [0, 1].
    total_iters : int
        Steps until `end_factor` is reached, which then stays.

    References
    ----------
    Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", arXiv 1706.02677, section 2.2.

    Examples
    --------
    >>> import fastconv as fc
    >>> optimiser = fc.nn.SGD(fc.nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = fc.nn.LinearLR(optimiser, 0.2, total_iters=4)
    >>> [round(schedule.rate(step), 4) for step in (0, 1, 4, 5)]
    [0.2, 0.4, 1.0, 1.0]
    """

    def __init__(
        self, optimiser: Optimiser, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        for argument, value in (("start_factor", start_factor), ("end_factor", end_factor)):
            if not 0 <= factor_of("LinearLR", argument, value) <= 1 or (value == 0 and argument == "start_factor"):
                kind = "(0, 1]" if argument == "start_factor" else "[0, 1]"
                raise FastconvValueError(f"LinearLR: {argument} must lie in {kind}, got {argument}={value!r}")
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = whole("LinearLR", "total_iters", total_iters, 1)
        super().__init__(optimiser)

    def rate(self, step: int) -> float:
        """The learning rate after `step` steps."""
        way = min(step, self.total_iters) / self.total_iters
        return self.base_lr * (self.start_factor + (self.end_factor - self.start_factor) * way)


class SequentialLR(Schedule):
    """One schedule after another, each beginning anew at its milestone: a warm-up, then a decay.

    Parameters
    ----------
    optimiser : Optimiser
    schedulers : sequence of Schedule
        Of this optimiser.
    milestones : sequence of int
        Numbers of steps, rising: when each but the first begins.

    Examples
    --------
    >>> import fastconv as fc
    >>> optimiser = fc.nn.SGD(fc.nn.Linear(2, 1).parameters(), lr=1.0)
    >>> warm_up, decay = fc.nn.LinearLR(optimiser, 0.5, total_iters=2), fc.nn.CosineAnnealingLR(optimiser, 10)
    >>> schedule = fc.nn.SequentialLR(optimiser, [warm_up, decay], [2])
    >>> [round(schedule.rate(step), 4) for step in (0, 1, 2, 7, 12)]
    [0.5, 0.75, 1.0, 0.5, 0.0]
    """

    def __init__(self, optimiser: Optimiser, schedulers: Sequence[Schedule], milestones: Sequence[int]) -> None:
        self.milestones = rising("SequentialLR", milestones)
        for schedule in schedulers:
            if not isinstance(schedule, Schedule) or schedule.optimiser is not optimiser:
                raise FastconvTypeError(
                    f"SequentialLR: schedulers must be Schedules of the same optimiser, got schedulers={show(schedulers)}"
                )
        if len(schedulers) != len(milestones) + 1:
            raise FastconvValueError(
                f"SequentialLR: milestones must be one fewer than the {len(schedulers)} schedulers, got {len(milestones)}"
            )
        self.schedulers = list(schedulers)
        super().__init__(optimiser)

    def rate(self, step: int) -> float:
        """The learning rate after `step` steps."""
        which = bisect_right(self.milestones, step)
        return self.schedulers[which].rate(step - (0, *self.milestones)[which])


class ReduceLROnPlateau(_Stateful):
    """The rate times `factor` when a measure has not become better for more than `patience` steps.

    Parameters
    ----------
    optimiser : Optimiser
    mode : {"min", "max"}
        What is better: less, as of a loss, or more, as of an accuracy.
    factor : float
        In (0, 1).
    patience : int
    threshold : float
        By how much better counts as better: relative to the best ("rel") or not ("abs").
    threshold_mode : {"rel", "abs"}
    cooldown : int
        Steps after a reduction in which nothing is counted.
    min_lr : float
    eps : float
        A smaller reduction than this is left out.

    Examples
    --------
    >>> import fastconv as fc
    >>> optimiser = fc.nn.SGD(fc.nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = fc.nn.ReduceLROnPlateau(optimiser, patience=1)
    >>> for loss in (0.5, 0.5, 0.6):
    ...     schedule.step(loss)
    >>> optimiser.lr
    0.1
    """

    _attributes = ("best", "num_bad_epochs", "cooldown_counter", "last_epoch")

    def __init__(
        self,
        optimiser: Optimiser,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        name = type(self).__name__
        self.optimiser = optimiser_of(name, optimiser)
        self.mode = one_of(name, "mode", mode, ("min", "max"))
        if not 0 < real(name, "factor", factor, "float64") < 1:
            raise FastconvValueError(f"{name}: factor must lie in (0, 1), got factor={factor!r}")
        self.factor = factor
        self.patience, self.cooldown = whole(name, "patience", patience, 0), whole(name, "cooldown", cooldown, 0)
        self.threshold = factor_of(name, "threshold", threshold)
        self.threshold_mode = one_of(name, "threshold_mode", threshold_mode, ("rel", "abs"))
        self.min_lr, self.eps = factor_of(name, "min_lr", min_lr), factor_of(name, "eps", eps)
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0

    def step(self, metrics: float) -> None:
        """Take note of the measure, and reduce the optimiser's rate if it is time."""
        self.last_epoch += 1
        if self._better(float(metrics)):
            self.best, self.num_bad_epochs = float(metrics), 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
            reduced = max(self.optimiser.lr * self.factor, self.min_lr)
            if self.optimiser.lr - reduced > self.eps:
                self.optimiser.lr = reduced

    def _better(self, measure: float) -> bool:
        sign = -1 if self.mode == "min" else 1
        bar = self.best * (1 + sign * self.threshold) if self.threshold_mode == "rel" else self.best + sign * self.threshold
        return sign * measure > sign * bar


def optimiser_of(schedule: str, optimiser: object) -> Optimiser:
    """Return what must be an Optimiser."""
    if not isinstance(optimiser, Optimiser):
        raise FastconvTypeError(f"{schedule}: optimiser must be an Optimiser, got optimiser={show(optimiser)}")
    return optimiser


def factor_of(schedule: str, argument: str, value: Any) -> float:
    """Return a number that must not be negative."""
    if real(schedule, argument, value, "float64") < 0:
        raise FastconvValueError(f"{schedule}: {argument} must not be negative, got {argument}={value!r}")
    return float(value)


def rising(schedule: str, milestones: Sequence[int]) -> list[int]:
    """Return milestones, which must rise."""
    steps = [whole(schedule, "milestones", step, 0, milestones) for step in milestones]
    if any(after <= before for before, after in pairwise(steps)):
        raise FastconvValueError(f"{schedule}: milestones must rise, got milestones={show(milestones)}")
    return steps
