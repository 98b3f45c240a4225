# SPDX-License-Identifier: BSD-3-Clause
"""The machine's limits, measured in this process: what "% of the roof" is a percentage of.

Source: Williams, Waterman & Patterson, Roofline, CACM 52(4), 2009.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import settings
from .kernels import roof
from .spec import named_dtype

COPY_BYTES = 32 << 20  # each way: larger than most last-level caches' share of one program


@dataclass(frozen=True, slots=True)
class Roof:
    """The limits of one instruction set, dtype and number of threads."""

    flops_per_s: float
    bytes_per_s: float

    def seconds(self, flops: float, bytes_moved: float) -> float:
        """Return the time below which no call with this work can fall: the slower of computing and moving."""
        return max(flops / self.flops_per_s, bytes_moved / self.bytes_per_s)


def calibrate(dtype: str = "float32", num_threads: int | None = None) -> Roof:
    """Measure the multiply-add peak and the copy bandwidth of main memory, in some 50 ms.

    Parameters
    ----------
    dtype : {"float32", "float64"}, optional
    num_threads : int, optional
        Threads that run at once.

    Returns
    -------
    Roof
        Floating-point operations and bytes (read plus written) a second, the best of several short runs.

    Raises
    ------
    FastconvTypeError, FastconvValueError
        If an argument breaks a rule.

    References
    ----------
    Williams, Waterman & Patterson, Roofline, CACM 52(4), 2009.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.calibrate(num_threads=1).flops_per_s > 1e8
    True
    """
    name = named_dtype("calibrate", dtype)
    threads = settings.thread_count("calibrate", num_threads)
    isa = settings.isa_index()
    items = COPY_BYTES // np.dtype(name).itemsize
    source, target = np.ones(items, name), np.ones(items, name)
    width = 8 * np.dtype(name).itemsize
    # On a busy machine a burst of several threads can lose its processors; one thread's figure is a floor for it.
    return Roof(
        max(roof.flops_per_second(isa, width, count) for count in {1, threads}),
        max(roof.bytes_per_second(source, target, isa, count) for count in {1, threads}),
    )
