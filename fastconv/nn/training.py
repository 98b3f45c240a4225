# SPDX-License-Identifier: BSD-3-Clause
"""A training loop that can be interrupted and goes on with the same bits.

What is random in it (the order of the examples, augmentation) comes from the seed and from epoch and step alone, so there is
no generator whose state would have to be right: a run that begins in the middle draws what the whole run drew there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..spec import FastconvTypeError, FastconvValueError, flag, one_of, show, whole
from .checkpoint import load_checkpoint, save_checkpoint
from .container import Sequential
from .evaluation import check_pair, evaluate, one_number
from .module import Array, Module
from .optim import Optimiser, ReduceLROnPlateau, Schedule
from .progress import Progress

Batch = tuple[Any, Any]
Rng = np.random.Generator


@dataclass
class History:
    """What `fit` saw, a number an epoch in each list.

    Attributes
    ----------
    loss : list of float
        Mean training loss, as it was met on the way.
    lr : list of float
        Learning rate of the epoch's last step.
    seconds : list of float
    validation_loss, accuracy : list of float
        In eval mode after the epoch; empty without validation, and accuracy also where targets are not class indices.
    """

    loss: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)


def fit(
    model: Module,
    loss: Module,
    optimiser: Optimiser,
    data: tuple[Array, Array] | Callable[[Rng], Iterable[Batch]],
    epochs: int,
    batch_size: int | None = None,
    *,
    schedule: Schedule | ReduceLROnPlateau | None = None,
    schedule_unit: str = "epoch",
    validation: tuple[Array, Array] | None = None,
    augment: Callable[[Array, Rng], Array] | None = None,
    after_step: Callable[[], object] | None = None,
    seed: int | None = None,
    checkpoint: Any = None,
    checkpoint_steps: int | None = None,
    resume: bool = False,
    progress: bool = True,
) -> History:
    """Train a model; with a checkpoint, in as many runs as it takes, with the bits of one.

    A step is ``loss(model(inputs), targets)``, the gradients, and ``optimiser.step()``. Modules stay in the mode they are
    in. An exception, Ctrl-C among them, ends training where it is and leaves the last checkpoint whole: call `fit` again
    with the same arguments and `resume`.

    Parameters
    ----------
    model : Module
    loss : Module
        Returns one number for outputs and targets, and the outputs' gradient from `backward`.
    optimiser : Optimiser
        Of the model's parameters.
    data : pair of ndarray, or callable
        Inputs and targets of the same length, shuffled anew each epoch; or what makes of a generator an epoch's batches,
        pairs of inputs and targets: the same batches for a generator in the same state.
    epochs : int
        Passes over the data, those of earlier runs included.
    batch_size : int, optional
        Most examples in a step, by default 32; the batches of an epoch are as equal as can be. Only with arrays.
    schedule : Schedule or ReduceLROnPlateau, optional
        Of this optimiser. The latter sees the validation loss, or the training loss if there is no validation.
    schedule_unit : {"epoch", "step"}, optional
        What one step of the schedule is.
    validation : pair of ndarray, optional
        Evaluated after each epoch.
    augment : callable, optional
        Called with a step's inputs and a generator; what it returns goes to the model. See `fastconv.augment`.
    after_step : callable, optional
        Called after each step of the optimiser, as ``lambda: fc.nn.renormalize_filters(model)``.
    seed : int, optional
        Of the order of the examples and of augmentation; by default from the operating system.
    checkpoint : str or os.PathLike, optional
        A file, .safetensors or .npz, that holds after each epoch all that training depends on.
    checkpoint_steps : int, optional
        Write it also after every so many steps of an epoch.
    resume : bool, optional
        Go on from the checkpoint if it exists; the model, the optimiser with its settings, the schedule and dropout's random
        numbers become what they were. Without it, the file must not exist.
    progress : bool, optional
        Show a bar (on a terminal, with tqdm) or a line an epoch.

    Returns
    -------
    History

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule, or the checkpoint is of another model, optimiser, schedule or data.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 8.3.1 (minibatches in random order).

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.random.default_rng(0).standard_normal((200, 2)).astype(np.float32)
    >>> labels = (x[:, 0] > x[:, 1]).astype(np.int64)
    >>> model = fc.nn.Linear(2, 2, rng=0)
    >>> optimiser = fc.nn.Adam(model.parameters(), lr=0.05)
    >>> history = fc.nn.fit(
    ...     model, fc.nn.CrossEntropyLoss(), optimiser, (x, labels), 5, validation=(x, labels), seed=0, progress=False
    ... )
    >>> history.loss[-1] < history.loss[0], history.accuracy[-1] > 0.95
    (True, True)
    """
    training = _Training(model, loss, optimiser, _source(data, batch_size), seed)
    training.follow(schedule, schedule_unit)
    training.validation, training.augment, training.after_step = validation, augment, after_step
    if validation is not None:
        check_pair("fit", "validation", validation)
    training.keep(checkpoint, checkpoint_steps, flag("fit", "resume", resume))
    training.run(whole("fit", "epochs", epochs, 0), flag("fit", "progress", progress))
    return training.history


class _Arrays:
    """Inputs and targets in memory, in another order each epoch."""

    def __init__(self, pair: tuple[Array, Array], batch_size: int) -> None:
        check_pair("fit", "data", pair)
        self.inputs, self.targets = pair
        self.batch_size = whole("fit", "batch_size", batch_size, 1)
        self.facts = {"examples": len(self.inputs), "batch_size": self.batch_size}
        self.steps: int | None = -(-len(self.inputs) // self.batch_size)

    def batches(self, rng: Rng, first: int) -> Iterator[Batch]:
        """The batches of an epoch, from the step `first` on."""
        assert self.steps is not None
        for chosen in np.array_split(rng.permutation(len(self.inputs)), self.steps)[first:]:
            yield self.inputs[chosen], self.targets[chosen]


class _Factory:
    """Batches that the user makes."""

    steps: int | None = None

    def __init__(self, make: Callable[[Rng], Iterable[Batch]]) -> None:
        self.make = make
        self.facts: dict[str, Any] = {"examples": None, "batch_size": None}

    def batches(self, rng: Rng, first: int) -> Iterator[Batch]:
        """The batches of an epoch, from the step `first` on."""
        return islice(self.make(rng), first, None)


def _source(data: Any, batch_size: int | None) -> _Arrays | _Factory:
    if not callable(data):
        return _Arrays(data, 32 if batch_size is None else batch_size)
    if batch_size is not None:
        raise FastconvValueError(f"fit: batch_size is for arrays, data makes its own batches, got batch_size={batch_size!r}")
    return _Factory(data)


class _Training:
    """A run of `fit`: its parts, and how far it is."""

    def __init__(
        self, model: Module, loss: Module, optimiser: Optimiser, source: _Arrays | _Factory, seed: int | None
    ) -> None:
        for argument, value, kind in (("model", model, Module), ("loss", loss, Module), ("optimiser", optimiser, Optimiser)):
            if not isinstance(value, kind):
                rule = f"{argument} must be of class {kind.__name__}"
                raise FastconvTypeError(f"fit: {rule}, got {argument}={show(value)}")
        self.model, self.loss, self.optimiser, self.source = model, loss, optimiser, source
        self.seed = None if seed is None else whole("fit", "seed", seed, 0)
        self.validation: tuple[Array, Array] | None = None
        self.augment: Callable[[Array, Rng], Array] | None = None
        self.after_step: Callable[[], object] | None = None
        self.history, self.rate = History(), float(optimiser.lr)
        self.step = 0  # of the epoch that runs
        self.examples, self.total, self.seconds = 0, 0.0, 0.0  # of the steps so far: how many, their losses, their time

    def follow(self, schedule: Schedule | ReduceLROnPlateau | None, unit: str) -> None:
        """Take a schedule, if there is one."""
        self.schedule, self.schedule_unit = schedule, one_of("fit", "schedule_unit", unit, ("epoch", "step"))
        if schedule is None:
            return
        if not isinstance(schedule, (Schedule, ReduceLROnPlateau)) or schedule.optimiser is not self.optimiser:
            raise FastconvTypeError(f"fit: schedule must be one of this optimiser, got schedule={show(schedule)}")
        if isinstance(schedule, ReduceLROnPlateau) and unit == "step":
            raise FastconvValueError("fit: schedule_unit must be 'epoch' for a ReduceLROnPlateau, got schedule_unit='step'")

    def keep(self, checkpoint: Any, steps: int | None, resume: bool) -> None:
        """Take a place for the checkpoint, if there is one, and go on from what is there."""
        if checkpoint is None and (resume or steps is not None):
            given = "resume=True" if resume else f"checkpoint_steps={steps!r}"
            raise FastconvValueError(f"fit: checkpoint must name a file, got checkpoint=None with {given}")
        self.path = None if checkpoint is None else Path(checkpoint)
        self.checkpoint_steps = None if steps is None else whole("fit", "checkpoint_steps", steps, 1)
        found = self.path is not None and self.path.exists()
        if found and not resume:
            raise FastconvValueError(f"fit: checkpoint must be a new file without resume=True, got {str(self.path)!r}")
        if found:
            self._resume()
        if self.seed is None:
            self.seed = int.from_bytes(os.urandom(8), "little")
        if not found:
            self._save()  # so that there is something to go back to from the first step on

    def run(self, epochs: int, shown: bool) -> None:
        """Train until there are so many epochs."""
        steps = self.source.steps
        total, done = (None, self.step) if steps is None else (epochs * steps, len(self.history.loss) * steps + self.step)
        with Progress(shown, total, done) as progress, _first_layer_spared(self.model):
            while len(self.history.loss) < epochs:
                self._epoch(progress)
                progress.epoch(_told(self.history, epochs))

    def _epoch(self, progress: Progress) -> None:
        """What is left of the epoch."""
        epoch = len(self.history.loss)
        began = time.perf_counter() - self.seconds
        for inputs, targets in self.source.batches(self._drawing(epoch, 0), self.step):
            self._step(
                inputs if self.augment is None else self.augment(inputs, self._drawing(epoch, self.step + 1)), targets
            )
            self.seconds = time.perf_counter() - began
            if self.checkpoint_steps is not None and self.step % self.checkpoint_steps == 0:
                self._save()
            progress.step()
        if not self.examples:
            raise FastconvValueError(f"fit: data must give at least one batch an epoch, got none in epoch {epoch + 1}")
        self._close(began)

    def _step(self, inputs: Any, targets: Any) -> None:
        value = one_number("fit", self.loss(self.model(inputs), targets))
        self.optimiser.zero_grad()
        self.model.backward(self.loss.backward(1.0))
        self.optimiser.step()
        if self.after_step is not None:
            self.after_step()
        self.rate = float(self.optimiser.lr)
        if isinstance(self.schedule, Schedule) and self.schedule_unit == "step":
            self.schedule.step()
        self.step += 1
        self.examples += len(targets)
        self.total += value * len(targets)

    def _close(self, began: float) -> None:
        """Evaluate the epoch, and make ready for the next."""
        history = self.history
        history.loss.append(self.total / self.examples)
        history.lr.append(self.rate)
        if self.validation is not None:
            told = evaluate(self.model, self.loss, *self.validation)
            history.validation_loss.append(told.loss)
            if told.accuracy is not None:
                history.accuracy.append(told.accuracy)
        if isinstance(self.schedule, ReduceLROnPlateau):
            self.schedule.step((history.validation_loss or history.loss)[-1])
        elif self.schedule is not None and self.schedule_unit == "epoch":
            self.schedule.step()
        history.seconds.append(time.perf_counter() - began)
        self.step, self.examples, self.total, self.seconds = 0, 0, 0.0, 0.0
        self._save()

    def _drawing(self, epoch: int, step: int) -> Rng:
        """The generator of a step, counted from 1; 0 is the epoch's, for the order of the examples."""
        assert self.seed is not None
        return np.random.default_rng((self.seed, epoch, step))

    def _parts(self) -> dict[str, Any]:
        return {"model": self.model, "optimiser": self.optimiser, "schedule": self.schedule}

    def _facts(self) -> dict[str, Any]:
        """What must be the same when training goes on."""
        return {"seed": self.seed, "schedule_unit": self.schedule_unit, **self.source.facts}

    def _save(self) -> None:
        if self.path is not None:
            words = ("step", "examples", "total", "seconds", "rate")
            place = {word: getattr(self, word) for word in words} | {"history": asdict(self.history)}
            save_checkpoint(self.path, self._parts(), {"facts": self._facts(), "place": place})

    def _resume(self) -> None:
        assert self.path is not None
        place = load_checkpoint(self.path, self._parts(), self._same)["place"]
        self.history = History(**place.pop("history"))
        vars(self).update(place)

    def _same(self, saved: dict[str, Any]) -> None:
        """Refuse to go on with other data, or another seed; take the seed if none was given."""
        facts = saved["facts"]
        self.seed = facts["seed"] if self.seed is None else self.seed
        for name, value in self._facts().items():
            if value != facts[name]:
                raise FastconvValueError(
                    f"fit: {name} must be {facts[name]!r} to go on from {str(self.path)!r}, got {name}={value!r}"
                )


@contextmanager
def _first_layer_spared(model: Module) -> Iterator[None]:
    """Leave out, for a while, the gradient of the data, if it is plain which layer would compute it."""
    layer = model
    while isinstance(layer, Sequential) and len(layer):
        layer = layer[0]
    alone = sum(module is layer for _, module in model.named_modules()) == 1  # not used once more, further on
    before, layer.input_gradient = layer.input_gradient, layer.input_gradient and not alone
    try:
        yield
    finally:
        layer.input_gradient = before


def _told(history: History, epochs: int) -> str:
    """The last epoch in a line."""
    text = f"epoch {len(history.loss)}/{epochs}: loss {history.loss[-1]:.4f}"
    if history.validation_loss:
        text += f", validation {history.validation_loss[-1]:.4f}"
    if history.accuracy:
        text += f", accuracy {history.accuracy[-1]:.2%}"
    return f"{text}, {history.seconds[-1]:.1f} s"
