# SPDX-License-Identifier: BSD-3-Clause
"""Upsampling layers with torch.nn's signatures. They keep only the input's shape."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .. import grad as G
from .module import Array, Module


class Upsample(Module):
    """Sequences, images or volumes made larger, or smaller; see `fastconv.functional.interpolate`.

    Parameters
    ----------
    size : int or one int per axis, optional
        Size of the output; this or scale_factor is given.
    scale_factor : float or one float per axis, optional
    mode : str
        "nearest", "linear", "bilinear", "bicubic" or "trilinear".
    align_corners : bool, optional
    recompute_scale_factor : bool, optional

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Upsample(scale_factor=2)(np.array([[[1, 2]]], np.float32))
    array([[[1., 1., 2., 2.]]], dtype=float32)
    """

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        self.size = size
        self.scale_factor = scale_factor
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def _options(self) -> tuple[Any, ...]:
        return self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor

    def forward(self, input: Array) -> Array:
        """The interpolated input."""
        output = F.interpolate(input, *self._options())
        self._keep(output, input.shape)
        return output

    def backward(self, grad_output: Array) -> Array:
        """The gradient of each pixel, from the outputs it had a part in."""
        (shape,) = self._recall(grad_output)
        return G.interpolate_input(shape, grad_output, *self._options())

    def extra_repr(self) -> str:
        """Torch's wording."""
        how = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"
        return f"{how}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Images made larger by repeating pixels.

    Parameters
    ----------
    size : int or (int, int), optional
        Size of the output; this or scale_factor is given.
    scale_factor : float or (float, float), optional

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.UpsamplingNearest2d(scale_factor=2)(np.ones((1, 1, 2, 3), np.float32)).shape
    (1, 1, 4, 6)
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """Images made larger by bilinear interpolation between corners that stay where they are.

    Parameters
    ----------
    size : int or (int, int), optional
        Size of the output; this or scale_factor is given.
    scale_factor : float or (float, float), optional

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.UpsamplingBilinear2d(size=(1, 3))(np.array([[[[0, 2]]]], np.float32))
    array([[[[0., 1., 2.]]]], dtype=float32)
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "bilinear", align_corners=True)
