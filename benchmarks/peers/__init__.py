# SPDX-License-Identifier: BSD-3-Clause
"""The drivers: one small file for each way of computing a layer, ours among them.

A file here defines ``DRIVER``; `discover` finds it, and nothing else knows its name. A library is imported
only inside its driver's functions, so a missing one costs nothing. Files with a leading underscore hold none.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

from benchmarks.layer import Arrays, Layer
from benchmarks.timing import Call

Role = Literal["ours", "default", "peer"]


def _no_limit(threads: int) -> AbstractContextManager[object]:
    return nullcontext()


def _no_detail(layer: Layer, threads: int) -> str:
    return ""


@dataclass(frozen=True)
class Driver:
    """One way of computing a layer.

    Attributes
    ----------
    name, title
        The word on the command line and in the JSON; the heading of its column.
    role
        ``"ours"``, ``"default"`` (the call that most people make today; at most one driver), or ``"peer"``.
    versions
        Says what is installed; raises ImportError where it is not.
    supports
        A reason why a layer cannot be served, or None.
    prepare
        Does all that is not timed (packing, graphs, threads) and gives the call to time. The call returns the
        output, or the output and the switches, as anything `numpy.asarray` takes.
    limits
        A context within which the library uses so many threads.
    detail
        What the driver says of its choice for a layer, as the name of its algorithm.
    note
        What a reader of the figures should know.
    gradients
        Whether it computes gradients too.
    """

    name: str
    title: str
    role: Role
    versions: Callable[[], str]
    supports: Callable[[Layer], str | None]
    prepare: Callable[[Layer, Arrays, int], Call]
    limits: Callable[[int], AbstractContextManager[object]] = _no_limit
    detail: Callable[[Layer, int], str] = _no_detail
    note: str = ""
    gradients: bool = False


def discover() -> tuple[Driver, ...]:
    """Load every driver of this folder, ours first, then the default, then the rest."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    drivers: list[Driver] = [importlib.import_module(f"{__name__}.{name}").DRIVER for name in names]
    order = ("ours", "default", "peer")
    return tuple(sorted(drivers, key=lambda driver: order.index(driver.role)))
