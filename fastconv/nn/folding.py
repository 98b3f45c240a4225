# SPDX-License-Identifier: BSD-3-Clause
"""Patches, and pixels to channels and back, as layers with torch.nn's signatures."""

from __future__ import annotations

from .. import functional as F
from .. import grad as G
from .module import Array, Module

_Size = int | tuple[int, ...]


class _Patches(Module):
    def __init__(self, kernel_size: _Size, dilation: _Size, padding: _Size, stride: _Size) -> None:
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def _options(self) -> tuple[_Size, _Size, _Size, _Size]:
        return self.kernel_size, self.dilation, self.padding, self.stride

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Unfold(_Patches):
    """The patches of images as columns; see `fastconv.functional.unfold`.

    Parameters
    ----------
    kernel_size, dilation, padding, stride : int or one int per axis

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Unfold(2)(np.ones((1, 3, 4, 5), np.float32)).shape
    (1, 12, 12)
    """

    def __init__(self, kernel_size: _Size, dilation: _Size = 1, padding: _Size = 0, stride: _Size = 1) -> None:
        super().__init__(kernel_size, dilation, padding, stride)

    def forward(self, input: Array) -> Array:
        """The columns."""
        output = F.unfold(input, *self._options())
        self._keep(output, input.shape)
        return output

    def backward(self, grad_output: Array) -> Array:
        """The patches' gradients, added up."""
        (shape,) = self._recall(grad_output)
        return G.unfold_input(shape, grad_output, *self._options())


class Fold(_Patches):
    """Columns of patches added up to images; see `fastconv.functional.fold`.

    Parameters
    ----------
    output_size : int or one int per axis
        Size of the images.
    kernel_size, dilation, padding, stride : int or one int per axis

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Fold((4, 5), 2)(np.ones((1, 12, 12), np.float32)).shape
    (1, 3, 4, 5)
    """

    def __init__(
        self, output_size: _Size, kernel_size: _Size, dilation: _Size = 1, padding: _Size = 0, stride: _Size = 1
    ) -> None:
        super().__init__(kernel_size, dilation, padding, stride)
        self.output_size = output_size

    def forward(self, input: Array) -> Array:
        """The images."""
        output = F.fold(input, self.output_size, *self._options())
        self._keep(output)
        return output

    def backward(self, grad_output: Array) -> Array:
        """The patches of the images' gradient."""
        self._recall(grad_output)
        return G.fold_input(grad_output, *self._options())

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"output_size={self.output_size}, {super().extra_repr()}"


class PixelShuffle(Module):
    """Channels spread over blocks of pixels; see `fastconv.functional.pixel_shuffle`.

    Parameters
    ----------
    upscale_factor : int

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.PixelShuffle(2)(np.ones((1, 8, 4, 5), np.float32)).shape
    (1, 2, 8, 10)
    """

    def __init__(self, upscale_factor: int) -> None:
        self.upscale_factor = upscale_factor

    def forward(self, input: Array) -> Array:
        """The larger images."""
        output = F.pixel_shuffle(input, self.upscale_factor)
        self._keep(output)
        return output

    def backward(self, grad_output: Array) -> Array:
        """The gradient, back in channels."""
        self._recall(grad_output)
        return F.pixel_unshuffle(grad_output, self.upscale_factor)

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """The pixels of blocks in channels of their own; see `fastconv.functional.pixel_unshuffle`.

    Parameters
    ----------
    downscale_factor : int

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.PixelUnshuffle(2)(np.ones((1, 2, 8, 10), np.float32)).shape
    (1, 8, 4, 5)
    """

    def __init__(self, downscale_factor: int) -> None:
        self.downscale_factor = downscale_factor

    def forward(self, input: Array) -> Array:
        """The smaller images."""
        output = F.pixel_unshuffle(input, self.downscale_factor)
        self._keep(output)
        return output

    def backward(self, grad_output: Array) -> Array:
        """The gradient, back in pixels."""
        self._recall(grad_output)
        return F.pixel_shuffle(grad_output, self.downscale_factor)

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"downscale_factor={self.downscale_factor}"
