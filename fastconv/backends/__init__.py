# SPDX-License-Identifier: BSD-3-Clause
"""Whose arrays are these? The one place that asks; each backend is a module with the same functions."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from ..spec import FastconvTypeError, show
from . import cpu, streaming
from .streaming import Signal as Signal

# A convolution that was made before, on plain NumPy arrays, asks nobody; None for any other.
recall_conv = cpu.calls.conv


def backend_for(function: str, argument: str, array: object) -> ModuleType:
    """Return the backend that computes on this kind of array."""
    if isinstance(array, np.ndarray):
        return cpu
    if isinstance(array, Signal):
        return streaming
    raise FastconvTypeError(f"{function}: {argument} must be a NumPy array, got {argument}={show(array)}")
