# SPDX-License-Identifier: BSD-3-Clause
"""Adaptive and global pooling layers, the former with torch.nn's signatures.

Maxima keep only their switches, means only the input's shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .. import functional as F
from .. import grad as G
from .module import Array, Module

_Outputs = int | tuple[int | None, ...] | None


class _AdaptivePool(Module):
    _pool: ClassVar[Callable[..., Any]]
    _grad_input: ClassVar[Callable[..., Array]]

    output_size: _Outputs

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"output_size={self.output_size}"


class _AdaptiveAvgPool(_AdaptivePool):
    def __init__(self, output_size: _Outputs) -> None:
        self.output_size = output_size

    def forward(self, input: Array) -> Array:
        """The means."""
        output: Array = self._pool(input, self.output_size)
        self._keep(output, input.shape)
        return output

    def backward(self, grad_output: Array) -> Array:
        """The gradient of each mean, shared out over its box."""
        (shape,) = self._recall(grad_output)
        return self._grad_input(shape, grad_output)


class _AdaptiveMaxPool(_AdaptivePool):
    def __init__(self, output_size: _Outputs, return_indices: bool = False) -> None:
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Array) -> Any:
        """The maxima, and with `return_indices` also where they were (int64, counted within a plane)."""
        if not (self.training or self.return_indices):
            return self._pool(input, self.output_size)
        output, indices = self._pool(input, self.output_size, return_indices=True)
        self._keep(output, input.shape, indices)
        return (output, indices) if self.return_indices else output

    def backward(self, grad_output: Array) -> Array:
        """The gradient of each maximum, put back where the maximum was."""
        shape, indices = self._recall(grad_output)
        return self._grad_input(shape, indices, grad_output)


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """Mean of each of so many boxes of (n, c, w); the parameters are those of `AdaptiveAvgPool2d`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.AdaptiveAvgPool1d(3)(np.ones((1, 2, 5), np.float32)).shape
    (1, 2, 3)
    """

    _pool = staticmethod(F.adaptive_avg_pool1d)
    _grad_input = staticmethod(G.adaptive_avg_pool1d_input)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """Mean of each of so many boxes of (n, c, h, w).

    Parameters
    ----------
    output_size : int or None, or one per axis
        Outputs; None keeps an axis as it is.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.AdaptiveAvgPool2d((3, None))(np.ones((1, 2, 5, 7), np.float32)).shape
    (1, 2, 3, 7)
    """

    _pool = staticmethod(F.adaptive_avg_pool2d)
    _grad_input = staticmethod(G.adaptive_avg_pool2d_input)


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """Mean of each of so many boxes of (n, c, d, h, w); the parameters are those of `AdaptiveAvgPool2d`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.AdaptiveAvgPool3d((3, None, 1))(np.ones((1, 2, 5, 7, 4), np.float32)).shape
    (1, 2, 3, 7, 1)
    """

    _pool = staticmethod(F.adaptive_avg_pool3d)
    _grad_input = staticmethod(G.adaptive_avg_pool3d_input)


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """Maximum of each of so many boxes of (n, c, w); the parameters are those of `AdaptiveMaxPool2d`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.AdaptiveMaxPool1d(3)(np.ones((1, 2, 5), np.float32)).shape
    (1, 2, 3)
    """

    _pool = staticmethod(F.adaptive_max_pool1d)
    _grad_input = staticmethod(G.adaptive_max_pool1d_input)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """Maximum of each of so many boxes of (n, c, h, w).

    Parameters
    ----------
    output_size : int or None, or one per axis
        Outputs; None keeps an axis as it is.
    return_indices : bool
        Whether a call also returns the switches.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.AdaptiveMaxPool2d((3, None))(np.ones((1, 2, 5, 7), np.float32)).shape
    (1, 2, 3, 7)
    """

    _pool = staticmethod(F.adaptive_max_pool2d)
    _grad_input = staticmethod(G.adaptive_max_pool2d_input)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """Maximum of each of so many boxes of (n, c, d, h, w); the parameters are those of `AdaptiveMaxPool2d`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.AdaptiveMaxPool3d((3, None, 1))(np.ones((1, 2, 5, 7, 4), np.float32)).shape
    (1, 2, 3, 7, 1)
    """

    _pool = staticmethod(F.adaptive_max_pool3d)
    _grad_input = staticmethod(G.adaptive_max_pool3d_input)


class GlobalAvgPool1d(AdaptiveAvgPool1d):
    """Mean of each whole plane of (n, c, w): `AdaptiveAvgPool1d` with output_size=1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.GlobalAvgPool1d()(np.ones((1, 2, 5), np.float32)).shape
    (1, 2, 1)
    """

    def __init__(self) -> None:
        super().__init__(1)

    def extra_repr(self) -> str:
        """Nothing: the output's size is known."""
        return ""


class GlobalAvgPool2d(AdaptiveAvgPool2d):
    """Mean of each whole plane of (n, c, h, w): `AdaptiveAvgPool2d` with output_size=1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.GlobalAvgPool2d()(np.ones((1, 2, 5, 7), np.float32)).shape
    (1, 2, 1, 1)
    """

    def __init__(self) -> None:
        super().__init__(1)

    def extra_repr(self) -> str:
        """Nothing: the output's size is known."""
        return ""


class GlobalAvgPool3d(AdaptiveAvgPool3d):
    """Mean of each whole plane of (n, c, d, h, w): `AdaptiveAvgPool3d` with output_size=1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.GlobalAvgPool3d()(np.ones((1, 2, 5, 7, 4), np.float32)).shape
    (1, 2, 1, 1, 1)
    """

    def __init__(self) -> None:
        super().__init__(1)

    def extra_repr(self) -> str:
        """Nothing: the output's size is known."""
        return ""


class GlobalMaxPool1d(AdaptiveMaxPool1d):
    """Maximum of each whole plane of (n, c, w): `AdaptiveMaxPool1d` with output_size=1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.GlobalMaxPool1d()(np.ones((1, 2, 5), np.float32)).shape
    (1, 2, 1)
    """

    def __init__(self, return_indices: bool = False) -> None:
        super().__init__(1, return_indices)

    def extra_repr(self) -> str:
        """Nothing: the output's size is known."""
        return ""


class GlobalMaxPool2d(AdaptiveMaxPool2d):
    """Maximum of each whole plane of (n, c, h, w): `AdaptiveMaxPool2d` with output_size=1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.GlobalMaxPool2d()(np.ones((1, 2, 5, 7), np.float32)).shape
    (1, 2, 1, 1)
    """

    def __init__(self, return_indices: bool = False) -> None:
        super().__init__(1, return_indices)

    def extra_repr(self) -> str:
        """Nothing: the output's size is known."""
        return ""


class GlobalMaxPool3d(AdaptiveMaxPool3d):
    """Maximum of each whole plane of (n, c, d, h, w): `AdaptiveMaxPool3d` with output_size=1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.GlobalMaxPool3d()(np.ones((1, 2, 5, 7, 4), np.float32)).shape
    (1, 2, 1, 1, 1)
    """

    def __init__(self, return_indices: bool = False) -> None:
        super().__init__(1, return_indices)

    def extra_repr(self) -> str:
        """Nothing: the output's size is known."""
        return ""
