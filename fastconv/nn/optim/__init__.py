# SPDX-License-Identifier: BSD-3-Clause
"""Optimisers, learning rates that follow a plan, and what is done to filters after a step."""

from .adam import (
    Adam,
    AdamW,
)
from .filters import (
    renormalize_filters,
)
from .optimiser import (
    Optimiser,
)
from .schedule import (
    CosineAnnealingLR,
    LinearLR,
    MultiStepLR,
    ReduceLROnPlateau,
    Schedule,
    SequentialLR,
    StepLR,
)
from .sgd import (
    SGD,
)

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "LinearLR",
    "MultiStepLR",
    "Optimiser",
    "ReduceLROnPlateau",
    "Schedule",
    "SequentialLR",
    "StepLR",
    "renormalize_filters",
]
