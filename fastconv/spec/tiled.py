# SPDX-License-Identifier: BSD-3-Clause
"""Convolutions whose filters places do not share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .checks import (
    Axes,
    FastconvValueError,
)
from .convolution import (
    ConvSpec,
)


@dataclass(frozen=True, slots=True)
class TiledSpec(ConvSpec):
    """A convolution whose position o has the filters of tile o mod tiles: weights (*tiles, *kernel, c_in/groups, c_out)."""

    tiles: Axes = (1, 1, 1)

    @classmethod
    def make_tiled(
        cls,
        function: str,
        rank: int,
        input_shape: tuple[int, ...],
        weight_shape: tuple[int, ...],
        bias_shape: tuple[int, ...] | None = None,
        *geometry: Any,
        local: bool = False,
        **options: Any,
    ) -> TiledSpec:
        """Check a tiled convolution, or with `local` one with a tile for every output."""
        if len(weight_shape) != 2 * rank + 2 or 0 in weight_shape:
            first = "output" if local else "tiles"
            raise FastconvValueError(
                f"{function}: weight must have {2 * rank + 2} axes (*{first}, *kernel, c_in/groups, c_out), none of size 0, "
                f"got weight of shape {weight_shape}"
            )
        *kernel, per_group, c_out = weight_shape[rank:]
        shape = (c_out, per_group, *kernel)
        made = ConvSpec.make(function, rank, input_shape, shape, bias_shape, *geometry, given_weight=weight_shape, **options)
        output = made.output[3 - rank :]
        if local and weight_shape[:rank] != output:
            raise FastconvValueError(
                f"{function}: weight must begin with the sizes of the output, {output}, got weight of shape {weight_shape}"
            )
        tiles: Axes = (*[1] * (3 - rank), *weight_shape[:rank])  # type: ignore[assignment]
        return cls(**{name: getattr(made, name) for name in ConvSpec.__dataclass_fields__}, tiles=tiles)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return (*self.tiles[3 - self.rank :], *self.kernel_size, self.c_in // self.groups, self.c_out)

    @property
    def finishes(self) -> bool:
        return self.bias or self.activation != "none"
