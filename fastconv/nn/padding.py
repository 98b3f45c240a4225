# SPDX-License-Identifier: BSD-3-Clause
"""Padding layers with torch.nn's signatures. They keep only the input's shape."""

from __future__ import annotations

from typing import ClassVar

from .. import functional as F
from .. import grad as G
from ..spec import FastconvValueError, is_sequence, show, whole
from .module import Array, Module

_Pad = int | tuple[int, ...]


class _PadLayer(Module):
    _axes: ClassVar[int]
    _mode: ClassVar[str]

    value: float = 0.0

    def __init__(self, padding: _Pad) -> None:
        name, count = type(self).__name__, 2 * self._axes
        if is_sequence(padding):
            if len(padding) != count:  # type: ignore[arg-type]
                raise FastconvValueError(f"{name}: padding must be one number or {count}, got padding={show(padding)}")
            self.padding = tuple(whole(name, "padding", p, -(1 << 31), padding, 1 << 31) for p in padding)  # type: ignore[union-attr]
        else:
            self.padding = (whole(name, "padding", padding, -(1 << 31), limit=1 << 31),) * count

    def forward(self, input: Array) -> Array:
        """The padded input."""
        output = F.pad(input, self.padding, self._mode, self.value)
        self._keep(output, input.shape)
        return output

    def backward(self, grad_output: Array) -> Array:
        """The gradient of what was copied, added up."""
        (shape,) = self._recall(grad_output)
        return G.pad_input(shape, grad_output, self.padding, self._mode, self.value)

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"{self.padding}"


class _ConstantPad(_PadLayer):
    _mode = "constant"

    def __init__(self, padding: _Pad, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """A constant around the last axis.

    Parameters
    ----------
    padding : int or tuple of int
        Front and back; negative ones crop.
    value : float
        What lies in the padding.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ConstantPad1d(1, 5.0)(np.ones((1, 1, 3), np.float32)).shape
    (1, 1, 5)
    """

    _axes = 1


class ConstantPad2d(_ConstantPad):
    """A constant around the last two axes.

    Parameters
    ----------
    padding : int or tuple of int
        Left, right, top and bottom; negative ones crop.
    value : float
        What lies in the padding.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ConstantPad2d(1, 5.0)(np.ones((1, 1, 3, 3), np.float32)).shape
    (1, 1, 5, 5)
    """

    _axes = 2


class ConstantPad3d(_ConstantPad):
    """A constant around the last three axes.

    Parameters
    ----------
    padding : int or tuple of int
        Left, right, top, bottom, front and back; negative ones crop.
    value : float
        What lies in the padding.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ConstantPad3d(1, 5.0)(np.ones((1, 1, 3, 3, 3), np.float32)).shape
    (1, 1, 5, 5, 5)
    """

    _axes = 3


class ZeroPad1d(_PadLayer):
    """Zeros around the last axis.

    Parameters
    ----------
    padding : int or tuple of int
        Front and back; negative ones crop.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ZeroPad1d(1)(np.ones((1, 1, 3), np.float32)).shape
    (1, 1, 5)
    """

    _axes = 1
    _mode = "constant"


class ZeroPad2d(_PadLayer):
    """Zeros around the last two axes.

    Parameters
    ----------
    padding : int or tuple of int
        Left, right, top and bottom; negative ones crop.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ZeroPad2d(1)(np.ones((1, 1, 3, 3), np.float32)).shape
    (1, 1, 5, 5)
    """

    _axes = 2
    _mode = "constant"


class ZeroPad3d(_PadLayer):
    """Zeros around the last three axes.

    Parameters
    ----------
    padding : int or tuple of int
        Left, right, top, bottom, front and back; negative ones crop.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ZeroPad3d(1)(np.ones((1, 1, 3, 3, 3), np.float32)).shape
    (1, 1, 5, 5, 5)
    """

    _axes = 3
    _mode = "constant"


class ReflectionPad1d(_PadLayer):
    """The last axis reflected at the edge pixels.

    Parameters
    ----------
    padding : int or tuple of int
        Front and back; negative ones crop.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ReflectionPad1d(1)(np.ones((1, 1, 3), np.float32)).shape
    (1, 1, 5)
    """

    _axes = 1
    _mode = "reflect"


class ReflectionPad2d(_PadLayer):
    """The last two axes reflected at the edge pixels.

    Parameters
    ----------
    padding : int or tuple of int
        Left, right, top and bottom; negative ones crop.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ReflectionPad2d(1)(np.ones((1, 1, 3, 3), np.float32)).shape
    (1, 1, 5, 5)
    """

    _axes = 2
    _mode = "reflect"


class ReflectionPad3d(_PadLayer):
    """The last three axes reflected at the edge pixels.

    Parameters
    ----------
    padding : int or tuple of int
        Left, right, top, bottom, front and back; negative ones crop.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ReflectionPad3d(1)(np.ones((1, 1, 3, 3, 3), np.float32)).shape
    (1, 1, 5, 5, 5)
    """

    _axes = 3
    _mode = "reflect"


class ReplicationPad1d(_PadLayer):
    """The edge pixels repeated around the last axis.

    Parameters
    ----------
    padding : int or tuple of int
        Front and back; negative ones crop.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ReplicationPad1d(1)(np.ones((1, 1, 3), np.float32)).shape
    (1, 1, 5)
    """

    _axes = 1
    _mode = "replicate"


class ReplicationPad2d(_PadLayer):
    """The edge pixels repeated around the last two axes.

    Parameters
    ----------
    padding : int or tuple of int
        Left, right, top and bottom; negative ones crop.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ReplicationPad2d(1)(np.ones((1, 1, 3, 3), np.float32)).shape
    (1, 1, 5, 5)
    """

    _axes = 2
    _mode = "replicate"


class ReplicationPad3d(_PadLayer):
    """The edge pixels repeated around the last three axes.

    Parameters
    ----------
    padding : int or tuple of int
        Left, right, top, bottom, front and back; negative ones crop.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ReplicationPad3d(1)(np.ones((1, 1, 3, 3, 3), np.float32)).shape
    (1, 1, 5, 5, 5)
    """

    _axes = 3
    _mode = "replicate"


class CircularPad1d(_PadLayer):
    """The last axis as if it went round.

    Parameters
    ----------
    padding : int or tuple of int
        Front and back; negative ones crop.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.CircularPad1d(1)(np.ones((1, 1, 3), np.float32)).shape
    (1, 1, 5)
    """

    _axes = 1
    _mode = "circular"


class CircularPad2d(_PadLayer):
    """The last two axes as if they went round.

    Parameters
    ----------
    padding : int or tuple of int
        Left, right, top and bottom; negative ones crop.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.CircularPad2d(1)(np.ones((1, 1, 3, 3), np.float32)).shape
    (1, 1, 5, 5)
    """

    _axes = 2
    _mode = "circular"


class CircularPad3d(_PadLayer):
    """The last three axes as if they went round.

    Parameters
    ----------
    padding : int or tuple of int
        Left, right, top, bottom, front and back; negative ones crop.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.CircularPad3d(1)(np.ones((1, 1, 3, 3, 3), np.float32)).shape
    (1, 1, 5, 5, 5)
    """

    _axes = 3
    _mode = "circular"
