# SPDX-License-Identifier: BSD-3-Clause
"""Fast convolution and pooling on the CPU for NumPy arrays. The public names and nothing else."""

from importlib import import_module
from types import ModuleType

from . import functional, grad
from .explain import Candidate, Explanation, algorithms, config, estimate, explain, show_config
from .roof import Roof, calibrate
from .settings import available_isas, override
from .spec import FastconvError, FastconvTypeError, FastconvValueError, border_mode

__version__ = "0.1.0"

__all__ = [
    "Candidate",
    "Explanation",
    "FastconvError",
    "FastconvTypeError",
    "FastconvValueError",
    "Roof",
    "algorithms",
    "augment",
    "available_isas",
    "border_mode",
    "calibrate",
    "config",
    "estimate",
    "explain",
    "functional",
    "grad",
    "models",
    "ndimage",
    "nn",
    "override",
    "show_config",
    "switches",
    "tf",
    "visualize",
]


def __getattr__(name: str) -> ModuleType:
    """Import the larger rooms when they are first entered."""
    if name in ("augment", "models", "ndimage", "nn", "switches", "tf", "visualize"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
