# SPDX-License-Identifier: BSD-3-Clause
"""Convolutions with a pooling behind them."""

from __future__ import annotations

from dataclasses import dataclass

from .convolution import ConvSpec
from .pooling import PoolSpec


@dataclass(frozen=True, slots=True)
class ConvPoolSpec:
    """A convolution and the pooling of its output; `maximum`, or average."""

    conv: ConvSpec
    pool: PoolSpec
    maximum: bool

    @property
    def axis(self) -> int | None:
        """The axis along which strips of the map follow each other; None: there are none."""
        if self.conv.rank == 1 or self.conv.bordered:
            return None
        if self.conv.output[0] > 1:
            return 0
        return 1 if self.pool.output[0] == 1 else None

    def rows_done(self, made: int) -> int:
        """Rows of the result that need no more than the first `made` rows of the map."""
        axis = self.axis or 0
        pool, whole = self.pool, self.conv.output[axis]
        if made == whole:
            return pool.output[axis]
        span = (pool.kernel[axis] - 1) * pool.dilation[axis] + 1
        return min(max((made + pool.padding[axis] - span) // pool.stride[axis] + 1, 0), pool.output[axis])

    def first_needed(self, row: int) -> int:
        """The first row of the map that a row of the result needs, or the end of the map."""
        axis = self.axis or 0
        return min(max(row * self.pool.stride[axis] - self.pool.padding[axis], 0), self.conv.output[axis])
