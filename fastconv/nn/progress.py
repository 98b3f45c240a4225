# SPDX-License-Identifier: BSD-3-Clause
"""How far training is: a bar on a terminal, otherwise a line an epoch."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Self


class Progress:
    """Shows steps and epochs as they are done; nothing if it is not wanted.

    Parameters
    ----------
    wanted : bool
    total, done : int or None, int
        Steps altogether, None if nobody knows, and those of earlier runs.
    """

    def __init__(self, wanted: bool, total: int | None, done: int) -> None:
        self.wanted = wanted
        self.bar: Any = bar_of(total, done) if wanted and sys.stderr is not None and sys.stderr.isatty() else None

    def step(self) -> None:
        """One step more."""
        if self.bar is not None:
            self.bar.update()

    def epoch(self, text: str) -> None:
        """An epoch is over, of which this is to be told."""
        if self.bar is not None:
            self.bar.set_postfix_str(text)
        elif self.wanted:
            print(text, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.close()


def bar_of(total: int | None, done: int) -> Any:
    """Return a progress bar, None without the package that draws it."""
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm(total=total, initial=done, desc="learning", unit=" steps")
