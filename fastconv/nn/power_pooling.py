# SPDX-License-Identifier: BSD-3-Clause
"""Layers of sums and p-norms over windows, the latter with torch.nn's signatures, and maxout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .. import functional as F
from .. import grad as G
from .module import Array, Module

_Size = int | tuple[int, ...]


class _LPPool(Module):
    _pool: ClassVar[Callable[..., Array]]
    _grad_input: ClassVar[Callable[..., Array]]

    def __init__(self, norm_type: float, kernel_size: _Size, stride: _Size | None = None, ceil_mode: bool = False) -> None:
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Array) -> Array:
        """The norms."""
        output = self._pool(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)
        self._keep(output, input, output)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input."""
        input, output = self._recall(grad_output)
        window = self.norm_type, self.kernel_size, self.stride, self.ceil_mode
        return self._grad_input(input, output, grad_output, *window)

    def extra_repr(self) -> str:
        """Torch's wording."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, ceil_mode={self.ceil_mode}"
        )


class _SumPool(Module):
    _pool: ClassVar[Callable[..., Array]]
    _grad_input: ClassVar[Callable[..., Array]]

    def __init__(self, kernel_size: _Size, stride: _Size | None = None, padding: _Size = 0, ceil_mode: bool = False) -> None:
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode

    def _window(self) -> tuple[Any, ...]:
        return self.kernel_size, self.stride, self.padding, self.ceil_mode

    def forward(self, input: Array) -> Array:
        """The sums."""
        output = self._pool(input, *self._window())
        self._keep(output, input.shape)
        return output

    def backward(self, grad_output: Array) -> Array:
        """The gradient of each sum, given to every element of its window."""
        (shape,) = self._recall(grad_output)
        return self._grad_input(shape, grad_output, *self._window())

    def extra_repr(self) -> str:
        """The wording of torch's average pooling."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class LPPool1d(_LPPool):
    """p-norm over windows of (n, c, w); the parameters are those of `LPPool2d`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.LPPool1d(2, 2)(np.ones((1, 2, 4), np.float32)).shape
    (1, 2, 2)
    """

    _pool = staticmethod(F.lp_pool1d)
    _grad_input = staticmethod(G.lp_pool1d_input)


class LPPool2d(_LPPool):
    """p-norm over windows of (n, c, h, w).

    Parameters
    ----------
    norm_type : float
        The exponent p, any positive number, also infinity.
    kernel_size, stride : int or one int per axis
        As in `fastconv.functional.lp_pool2d`; the stride defaults to the kernel size.
    ceil_mode : bool
        Whether windows that begin inside may end outside.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.LPPool2d(2, 2)(np.ones((1, 2, 4, 6), np.float32)).shape
    (1, 2, 2, 3)
    """

    _pool = staticmethod(F.lp_pool2d)
    _grad_input = staticmethod(G.lp_pool2d_input)


class LPPool3d(_LPPool):
    """p-norm over windows of (n, c, d, h, w); the parameters are those of `LPPool2d`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.LPPool3d(2, 2)(np.ones((1, 2, 4, 6, 2), np.float32)).shape
    (1, 2, 2, 3, 1)
    """

    _pool = staticmethod(F.lp_pool3d)
    _grad_input = staticmethod(G.lp_pool3d_input)


class SumPool1d(_SumPool):
    """Sum over windows of (n, c, w); the parameters are those of `SumPool2d`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.SumPool1d(2)(np.ones((1, 2, 4), np.float32)).shape
    (1, 2, 2)
    """

    _pool = staticmethod(F.sum_pool1d)
    _grad_input = staticmethod(G.sum_pool1d_input)


class SumPool2d(_SumPool):
    """Sum over windows of (n, c, h, w).

    Parameters
    ----------
    kernel_size, stride, padding : int or one int per axis
        As in `fastconv.functional.sum_pool2d`; the stride defaults to the kernel size.
    ceil_mode : bool
        Whether windows that begin inside may end outside.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.SumPool2d(2)(np.ones((1, 2, 4, 6), np.float32)).shape
    (1, 2, 2, 3)
    """

    _pool = staticmethod(F.sum_pool2d)
    _grad_input = staticmethod(G.sum_pool2d_input)


class SumPool3d(_SumPool):
    """Sum over windows of (n, c, d, h, w); the parameters are those of `SumPool2d`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.SumPool3d(2)(np.ones((1, 2, 4, 6, 2), np.float32)).shape
    (1, 2, 2, 3, 1)
    """

    _pool = staticmethod(F.sum_pool3d)
    _grad_input = staticmethod(G.sum_pool3d_input)


class Maxout(Module):
    """Maximum of each `pool_size` feature maps that follow each other (Goodfellow et al. 2013).

    Parameters
    ----------
    pool_size : int
        Divides the number of maps.
    dim : int
        The axis of the maps.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Maxout(2)(np.array([[1, 5, 7, 2]], np.float32))
    array([[5., 7.]], dtype=float32)
    """

    def __init__(self, pool_size: int, dim: int = 1) -> None:
        self.pool_size = pool_size
        self.dim = dim

    def forward(self, input: Array) -> Array:
        """The maxima."""
        if not self.training:
            output: Array = F.maxout(input, self.pool_size, self.dim)
            return output
        output, indices = F.maxout(input, self.pool_size, self.dim, return_indices=True)
        self._keep(output, input.shape, indices)
        return output

    def backward(self, grad_output: Array) -> Array:
        """The gradient of each maximum, for the map it came from."""
        shape, indices = self._recall(grad_output)
        return G.maxout_input(shape, indices, grad_output, self.dim)

    def extra_repr(self) -> str:
        """Both arguments."""
        return f"pool_size={self.pool_size}, dim={self.dim}"
