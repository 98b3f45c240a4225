# SPDX-License-Identifier: BSD-3-Clause
"""How work is done where a call does not say: context-local, restored on exit.

Threads: argument > `override` > FASTCONV_NUM_THREADS > OMP_NUM_THREADS > min(CPU affinity, floor of the cgroup quota); a
limit set with threadpoolctl is never exceeded. Instruction set: `override` > the best the machine has, capped by
FASTCONV_MAX_ISA.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from .kernels import TRANSPOSED
from .kernels._parallel import openmp_threads
from .kernels._table import isa_names, isa_names_built
from .spec import PRECISIONS, FastconvValueError, one_of, whole

MOST_THREADS = 4096
_OPENMP_THREADS_AT_START = openmp_threads()


class Settings(NamedTuple):
    """What `override` set; None where it did not."""

    num_threads: int | None = None
    algorithm: str | None = None
    isa: str | None = None
    precision: str | None = None


_active: ContextVar[Settings | None] = ContextVar("fastconv_settings", default=None)
active = _active.get


@contextlib.contextmanager
def override(
    *, num_threads: int | None = None, algorithm: str | None = None, isa: str | None = None, precision: str | None = None
) -> Iterator[None]:
    """Set defaults for the calls of a `with` block, in this context only.

    Parameters
    ----------
    num_threads : int, optional
        Threads of a call that has no `num_threads` argument.
    algorithm : str, optional
        Algorithm of a convolution that has no `algorithm` argument; one of `fastconv.algorithms()`, "auto", or, of
        transposed ones, `fastconv.algorithms("conv_transpose2d")`.
    isa : str, optional
        Instruction set of the kernels; one of `fastconv.available_isas()`.
    precision : {"fast", "strict"}, optional
        Precision of a convolution that has no `precision` argument: "strict" uses only algorithms whose error bound is that
        of direct summation.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If a value is not one of those.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x, w = np.ones((1, 1, 4, 4), np.float32), np.ones((1, 1, 3, 3), np.float32)
    >>> with fc.override(num_threads=1, isa="scalar"):
    ...     y = fc.functional.conv2d(x, w)
    >>> float(y[0, 0, 0, 0])
    9.0
    """
    before = _active.get() or Settings()
    if num_threads is not None:
        thread_count("override", num_threads)
    if algorithm is not None:
        one_of("override", "algorithm", algorithm, ("auto", *(module.name for module in TRANSPOSED)))
    if isa is not None:
        one_of("override", "isa", isa, available_isas())
    if precision is not None:
        one_of("override", "precision", precision, PRECISIONS)
    token = _active.set(
        Settings(
            before.num_threads if num_threads is None else num_threads,
            before.algorithm if algorithm is None else algorithm,
            before.isa if isa is None else isa,
            before.precision if precision is None else precision,
        )
    )
    try:
        yield
    finally:
        _active.reset(token)


@cache
def available_isas() -> tuple[str, ...]:
    """Return the instruction sets that calls may use, weakest first.

    Those this machine has, up to FASTCONV_MAX_ISA if that is set when the first call is made.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.available_isas()[0]
    'scalar'
    """
    names = isa_names()
    cap = os.environ.get("FASTCONV_MAX_ISA")
    if not cap:
        return names
    built = isa_names_built()
    if cap not in built:
        raise FastconvValueError(f"FASTCONV_MAX_ISA must be one of {built}, got FASTCONV_MAX_ISA={cap!r}")
    return names[: built.index(cap) + 1]


def isa_index() -> int:
    """Return the row of the instruction set a call made now uses."""
    isas = available_isas()
    settings = _active.get()
    return len(isas) - 1 if settings is None or settings.isa is None else isas.index(settings.isa)


def precision_of(precision: Any) -> Any:
    """Return a call's precision argument, or what holds where it has none."""
    if precision is not None:
        return precision
    settings = _active.get()
    return (settings and settings.precision) or "fast"


def thread_count(function: str, num_threads: int | None) -> int:
    """Return how many threads a call may use."""
    if num_threads is not None:
        count = whole(function, "num_threads", num_threads, 1)
        if count > MOST_THREADS:
            raise FastconvValueError(
                f"{function}: num_threads must be at most {MOST_THREADS}, got num_threads={num_threads}"
            )
    else:
        settings = _active.get()
        count = (settings and settings.num_threads) or default_threads()
    allowed = openmp_threads()
    return min(count, allowed) if allowed < _OPENMP_THREADS_AT_START else count


@cache
def default_threads() -> int:
    """Return the threads of a call that nothing else decides; read once, at the first call."""
    own = os.environ.get("FASTCONV_NUM_THREADS")
    if own:
        if not own.isascii() or not own.isdigit() or not 1 <= int(own) <= MOST_THREADS:
            raise FastconvValueError(
                f"FASTCONV_NUM_THREADS must be a whole number from 1 to {MOST_THREADS}, got FASTCONV_NUM_THREADS={own!r}"
            )
        return int(own)
    openmp = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if openmp.isascii() and openmp.isdigit() and 1 <= int(openmp) <= MOST_THREADS:
        return int(openmp)
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(count, MOST_THREADS, int(cgroup_quota(Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")))))


def cgroup_quota(root: Path, membership: Path) -> float:
    """Return the CPUs the cgroup's quota allows (version 2 or 1), infinity for no quota.

    A quota binds the group that has it and all below, so every group from the process's own up to the root is asked.
    """
    least = float(MOST_THREADS)
    for line in _lines(membership):
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            base = root / "unified" if (root / "unified").is_dir() else root
        elif "cpu" in controllers.split(","):
            base = root / "cpu"
        else:
            continue
        group = base / path.lstrip("/")
        for folder in (group, *group.parents):
            least = min(least, _quota_of(folder))
            if folder == base:
                break
    return least


def _quota_of(folder: Path) -> float:
    words = " ".join(_lines(folder / "cpu.max")).split()
    if len(words) != 2:
        words = [*_lines(folder / "cpu.cfs_quota_us"), *_lines(folder / "cpu.cfs_period_us")]
    if len(words) != 2 or not all(word.isdigit() for word in words) or int(words[1]) == 0:
        return float(MOST_THREADS)
    return int(words[0]) / int(words[1])


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
