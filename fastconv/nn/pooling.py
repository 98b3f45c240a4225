# SPDX-License-Identifier: BSD-3-Clause
"""Pooling and unpooling layers with torch.nn's signatures.

Max pooling keeps only the switches (where each maximum was, in one byte where the window allows it), average pooling
only the input's shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

from .. import functional as F
from .. import grad as G
from .module import Array, Module

_Size = int | tuple[int, ...]


class _Pool(Module):
    _axes: ClassVar[int]
    _format: ClassVar[str]
    _pool: ClassVar[Callable[..., Any]]
    _grad_input: ClassVar[Callable[..., Array]]

    kernel_size: _Size
    stride: _Size
    padding: _Size

    def _window(self, kernel_size: _Size, stride: _Size | None, padding: _Size) -> None:
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding

    def _per_axis(self, value: _Size) -> tuple[int, ...]:
        return tuple(value) if isinstance(value, (tuple, list)) else (value,) * self._axes


class _MaxPool(_Pool):
    def __init__(
        self,
        kernel_size: _Size,
        stride: _Size | None = None,
        padding: _Size = 0,
        dilation: _Size = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
        *,
        switches: str = "flat",
        data_format: str | None = None,
    ) -> None:
        self._window(kernel_size, stride, padding)
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode
        self.switches = switches
        self.data_format = self._format if data_format is None else data_format

    def forward(self, input: Array) -> Any:
        """The maxima, and with `return_indices` also where they were, as `switches` says."""
        window = self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        if not (self.training or self.return_indices):
            return self._pool(input, *window, data_format=self.data_format)
        how = {"switches": self._kept_switches(), "data_format": self.data_format}
        output, indices = self._pool(input, *window, return_indices=True, **how)
        self._keep(output, input.shape, indices)
        return (output, indices) if self.return_indices else output

    def window(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The window, as the function's leading arguments, and the options that follow."""
        return (self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode), {}

    def backward(self, grad_output: Array) -> Array:
        """The gradient of each maximum, put back where the maximum was."""
        shape, indices = self._recall(grad_output)
        window = {name: getattr(self, name) for name in ("kernel_size", "stride", "padding", "dilation", "ceil_mode")}
        return self._grad_input(shape, indices, grad_output, **window, data_format=self.data_format)

    def _kept_switches(self) -> str:
        """Which switches the layer keeps: those it returns, else compact ones where every window has them."""
        if self.return_indices:
            return self.switches
        kernel, dilation = self._per_axis(self.kernel_size), self._per_axis(self.dilation)
        return "compact" if math.prod(kernel) <= 256 and all(gap == 1 for gap in dilation) else "flat"

    def extra_repr(self) -> str:
        """Torch's wording."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """Maximum over windows of (n, c, w); the parameters are those of `MaxPool2d`, with one axis.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.MaxPool1d(2)(np.array([[1, 3, 2, 0]], np.float32))
    array([[3., 2.]], dtype=float32)
    """

    _axes = 1
    _format = "NCW"
    _pool = staticmethod(F.max_pool1d)
    _grad_input = staticmethod(G.max_pool1d_input)


class MaxPool2d(_MaxPool):
    """Maximum over windows of (n, c, h, w); the first one counts where several are equal.

    Parameters
    ----------
    kernel_size, stride, padding, dilation : int or one int per axis
        As in `fastconv.functional.max_pool2d`; the stride defaults to the kernel size.
    return_indices : bool
        Whether a call also returns the switches, for `MaxUnpool2d`.
    ceil_mode : bool
        Whether windows that begin inside may end outside.
    switches : {"flat", "compact"}
        How the switches are returned; see `fastconv.switches`. For `backward` alone the layer keeps compact ones where
        it can.
    data_format : str, optional
        "NCHW", the default, or "NHWC".

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.array([[[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]], np.float32)
    >>> fc.nn.MaxPool2d(2)(x)
    array([[[6., 8.],
            [3., 4.]]], dtype=float32)
    """

    _axes = 2
    _format = "NCHW"
    _pool = staticmethod(F.max_pool2d)
    _grad_input = staticmethod(G.max_pool2d_input)


class MaxPool3d(_MaxPool):
    """Maximum over windows of (n, c, d, h, w); the parameters are those of `MaxPool2d`, with three axes.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.MaxPool3d(2)(np.ones((1, 2, 4, 4, 4), np.float32)).shape
    (1, 2, 2, 2, 2)
    """

    _axes = 3
    _format = "NCDHW"
    _pool = staticmethod(F.max_pool3d)
    _grad_input = staticmethod(G.max_pool3d_input)


class _AvgPool(_Pool):
    def __init__(
        self,
        kernel_size: _Size,
        stride: _Size | None = None,
        padding: _Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
        *,
        data_format: str | None = None,
    ) -> None:
        self._window(kernel_size, stride, padding)
        self.data_format = self._format if data_format is None else data_format
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Array) -> Array:
        """The averages."""
        output: Array = self._pool(input, *self._options(), data_format=self.data_format)
        self._keep(output, input.shape)
        return output

    def backward(self, grad_output: Array) -> Array:
        """The gradient of each average, shared out over its window."""
        (shape,) = self._recall(grad_output)
        return self._grad_input(shape, grad_output, *self._options(), data_format=self.data_format)

    def window(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The window, as a max pooling's leading arguments, and the options that follow."""
        counted = {"count_include_pad": self.count_include_pad, "divisor_override": self.divisor_override}
        return (self.kernel_size, self.stride, self.padding, 1, self.ceil_mode), counted

    def _options(self) -> tuple[Any, ...]:
        window = self.kernel_size, self.stride, self.padding
        return *window, self.ceil_mode, self.count_include_pad, self.divisor_override

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPool):
    """Average over windows of (n, c, w); the parameters are those of `AvgPool2d` but `divisor_override`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.AvgPool1d(2)(np.array([[1, 3, 2, 0]], np.float32))
    array([[2., 1.]], dtype=float32)
    """

    _axes = 1
    _format = "NCW"
    _pool = staticmethod(F.avg_pool1d)
    _grad_input = staticmethod(G.avg_pool1d_input)

    def __init__(
        self,
        kernel_size: _Size,
        stride: _Size | None = None,
        padding: _Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        *,
        data_format: str | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad, data_format=data_format)

    def _options(self) -> tuple[Any, ...]:
        return super()._options()[:-1]

    def extra_repr(self) -> str:
        """Torch's wording: tuples here, unlike in 2-D."""
        kernel, stride, padding = map(self._per_axis, (self.kernel_size, self.stride, self.padding))
        return f"kernel_size={kernel}, stride={stride}, padding={padding}"


class AvgPool2d(_AvgPool):
    """Average over windows of (n, c, h, w).

    Parameters
    ----------
    kernel_size, stride, padding : int or one int per axis
        As in `fastconv.functional.avg_pool2d`; the stride defaults to the kernel size.
    ceil_mode : bool
        Whether windows that begin inside may end outside.
    count_include_pad : bool
        Whether padded zeros count in the divisor.
    divisor_override : int, optional
        Divide by this instead of by the number of elements.
    data_format : str, optional
        "NCHW", the default, or "NHWC".

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.AvgPool2d(2)(np.arange(16, dtype=np.float32).reshape(1, 4, 4))
    array([[[ 2.5,  4.5],
            [10.5, 12.5]]], dtype=float32)
    """

    _axes = 2
    _format = "NCHW"
    _pool = staticmethod(F.avg_pool2d)
    _grad_input = staticmethod(G.avg_pool2d_input)


class AvgPool3d(_AvgPool):
    """Average over windows of (n, c, d, h, w); the parameters are those of `AvgPool2d`, with three axes.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.AvgPool3d(2)(np.ones((1, 2, 4, 4, 4), np.float32)).shape
    (1, 2, 2, 2, 2)
    """

    _axes = 3
    _format = "NCDHW"
    _pool = staticmethod(F.avg_pool3d)
    _grad_input = staticmethod(G.avg_pool3d_input)


class _MaxUnpool(_Pool):
    def __init__(
        self,
        kernel_size: _Size,
        stride: _Size | None = None,
        padding: _Size = 0,
        *,
        dilation: _Size = 1,
        data_format: str | None = None,
    ) -> None:
        self._window(kernel_size, stride, padding)
        self.dilation = dilation
        self.data_format = self._format if data_format is None else data_format

    def forward(self, input: Array, indices: Array, output_size: tuple[int, ...] | None = None) -> Array:
        """Each value where its switch says, zeros elsewhere; `output_size` restores what the floor lost."""
        window = self.kernel_size, self.stride, self.padding, output_size
        how = {"dilation": self.dilation, "data_format": self.data_format}
        output: Array = self._pool(input, indices, *window, **how)
        self._keep(output, indices)
        return output

    def backward(self, grad_output: Array) -> Array:
        """The gradient at each switch."""
        (indices,) = self._recall(grad_output)
        window = {name: getattr(self, name) for name in ("kernel_size", "stride", "padding", "dilation", "data_format")}
        return self._grad_input(indices, grad_output, **window)

    def extra_repr(self) -> str:
        """Torch's wording."""
        kernel, stride, padding = map(self._per_axis, (self.kernel_size, self.stride, self.padding))
        return f"kernel_size={kernel}, stride={stride}, padding={padding}"


class MaxUnpool1d(_MaxUnpool):
    """Partial inverse of `MaxPool1d`; the parameters are those of `MaxUnpool2d`, with one axis.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> y, switches = fc.nn.MaxPool1d(2, return_indices=True)(np.array([[1, 3, 2, 0]], np.float32))
    >>> fc.nn.MaxUnpool1d(2)(y, switches)
    array([[0., 3., 2., 0.]], dtype=float32)
    """

    _axes = 1
    _format = "NCW"
    _pool = staticmethod(F.max_unpool1d)
    _grad_input = staticmethod(G.max_unpool1d_input)


class MaxUnpool2d(_MaxUnpool):
    """Partial inverse of `MaxPool2d`: the maxima at their places, zeros elsewhere (Zeiler & Fergus 2014).

    Parameters
    ----------
    kernel_size, stride, padding : int or one int per axis
        Those of the pooling; the stride defaults to the kernel size.
    dilation : int or one int per axis
        That of the pooling.
    data_format : str, optional
        "NCHW", the default, or "NHWC".

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.array([[[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]], np.float32)
    >>> y, switches = fc.nn.MaxPool2d(2, return_indices=True)(x)
    >>> fc.nn.MaxUnpool2d(2)(y, switches)
    array([[[0., 0., 0., 0.],
            [0., 6., 0., 8.],
            [3., 0., 0., 0.],
            [0., 0., 0., 4.]]], dtype=float32)
    """

    _axes = 2
    _format = "NCHW"
    _pool = staticmethod(F.max_unpool2d)
    _grad_input = staticmethod(G.max_unpool2d_input)


class MaxUnpool3d(_MaxUnpool):
    """Partial inverse of `MaxPool3d`; the parameters are those of `MaxUnpool2d`, with three axes.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> y, switches = fc.nn.MaxPool3d(2, return_indices=True)(np.ones((1, 2, 4, 4, 4), np.float32))
    >>> fc.nn.MaxUnpool3d(2)(y, switches).sum()
    np.float32(16.0)
    """

    _axes = 3
    _format = "NCDHW"
    _pool = staticmethod(F.max_unpool3d)
    _grad_input = staticmethod(G.max_unpool3d_input)
