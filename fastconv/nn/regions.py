# SPDX-License-Identifier: BSD-3-Clause
"""Regions of interest as layers with torchvision.ops' signatures."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .. import grad as G
from .module import Array, Module


class RoIPool(Module):
    """The maximum of each bin of boxes; see `fastconv.functional.roi_pool`.

    Parameters
    ----------
    output_size : int or (int, int)
    spatial_scale : float

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    >>> fc.nn.RoIPool(1, 1.0)(x, [np.array([[0, 0, 2, 2]], np.float32)])
    array([[[[10.]]]], dtype=float32)
    """

    def __init__(self, output_size: Any, spatial_scale: float) -> None:
        self.output_size = output_size
        self.spatial_scale = spatial_scale

    def forward(self, input: Array, rois: Any) -> Array:
        """The maxima."""
        output, indices = F.roi_pool(input, rois, self.output_size, self.spatial_scale, return_indices=True)
        self._keep(output, input.shape, rois, indices)
        return output

    def backward(self, grad_output: Array) -> Array:
        """The gradient of the input: each maximum's, put back where it stood."""
        shape, rois, indices = self._recall(grad_output)
        return G.roi_pool_input(shape, rois, indices, grad_output)

    def extra_repr(self) -> str:
        """Torchvision's wording."""
        return f"output_size={self.output_size}, spatial_scale={self.spatial_scale}"


class RoIAlign(Module):
    """The mean of bilinear samples of each bin of boxes; see `fastconv.functional.roi_align`.

    Parameters
    ----------
    output_size : int or (int, int)
    spatial_scale : float
    sampling_ratio : int
    aligned : bool

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    >>> fc.nn.RoIAlign(1, 1.0, 2)(x, [np.array([[0, 0, 2, 2]], np.float32)])
    array([[[[5.]]]], dtype=float32)
    """

    def __init__(self, output_size: Any, spatial_scale: float, sampling_ratio: int, aligned: bool = False) -> None:
        self.output_size = output_size
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio
        self.aligned = aligned

    def _options(self) -> tuple[Any, ...]:
        return self.output_size, self.spatial_scale, self.sampling_ratio, self.aligned

    def forward(self, input: Array, rois: Any) -> Array:
        """The means."""
        output = F.roi_align(input, rois, *self._options())
        self._keep(output, input.shape, rois)
        return output

    def backward(self, grad_output: Array) -> Array:
        """The gradient of the input."""
        shape, rois = self._recall(grad_output)
        return G.roi_align_input(shape, rois, grad_output, *self._options())

    def extra_repr(self) -> str:
        """Torchvision's wording."""
        names = ("output_size", "spatial_scale", "sampling_ratio", "aligned")
        return ", ".join(f"{name}={value}" for name, value in zip(names, self._options(), strict=True))
