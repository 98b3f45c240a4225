# SPDX-License-Identifier: BSD-3-Clause
"""What the PyTorch drivers share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


def versions() -> str:
    import torch

    return f"PyTorch {torch.__version__}"


@contextmanager
def limits(threads: int) -> Iterator[None]:
    """Set PyTorch's process-wide thread count, and set it back."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
