# SPDX-License-Identifier: BSD-3-Clause
"""Layers whose filters change from place to place: locally connected, and tiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .. import functional as F
from .. import grad as G
from ..spec import ConvSpec, is_sequence
from .conv import _ConvNd
from .module import Array

_Axes = int | tuple[int, ...]


class _TiledNd(_ConvNd):
    _tiled: ClassVar[Callable[..., Array]]
    _streams = False

    def _output(self, input: Array) -> Array:
        bias = None if self.bias is None else self.bias.data
        activation = None if self.training else self.activation
        how = {"data_format": self.data_format, "activation": activation}
        return self._tiled(input, self.weight.data, bias, *self._geometry(), **how)

    def _edges(self) -> dict[str, Any]:
        return {}

    def _gradient_options(self) -> dict[str, Any]:
        return {"data_format": self.data_format}

    def _filter_shape(self) -> tuple[int, ...]:
        return (*self.kernel_size, self.in_channels // self.groups, self.out_channels)


class _LocallyConnectedNd(_TiledNd):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        input_size: _Axes,
        kernel_size: _Axes,
        stride: _Axes = 1,
        padding: Any = 0,
        dilation: _Axes = 1,
        groups: int = 1,
        bias: bool | tuple[int, ...] = True,
        *,
        dtype: Any = "float32",
        rng: np.random.Generator | int | None = None,
        data_format: str | None = None,
        activation: Any = None,
    ) -> None:
        self.input_size = self._per_axis("input_size", input_size)
        options: dict[str, Any] = {"dtype": dtype, "rng": rng, "data_format": data_format, "activation": activation}
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, **options)

    def _weight_shape(self) -> tuple[int, ...]:
        shapes = (self.in_channels, *self.input_size), super()._weight_shape()
        spec = ConvSpec.make(type(self).__name__, self._axes, *shapes, None, *self._geometry())
        self.output_size = spec.output[3 - self._axes :]
        return (*self.output_size, *self._filter_shape())

    def _places(self, bias: Any) -> tuple[int, ...]:
        return super()._places(bias) if is_sequence(bias) else self.output_size

    def extra_repr(self) -> str:
        """Torch's wording, and the size that the layer is for."""
        return f"{super().extra_repr()}, input_size={self.input_size}"


class _TiledConvNd(_TiledNd):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: _Axes,
        tiles: _Axes,
        stride: _Axes = 1,
        padding: Any = 0,
        dilation: _Axes = 1,
        groups: int = 1,
        bias: bool | tuple[int, ...] = True,
        *,
        dtype: Any = "float32",
        rng: np.random.Generator | int | None = None,
        data_format: str | None = None,
        activation: Any = None,
    ) -> None:
        self.tiles = self._per_axis("tiles", tiles)
        options: dict[str, Any] = {"dtype": dtype, "rng": rng, "data_format": data_format, "activation": activation}
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, **options)

    def _weight_shape(self) -> tuple[int, ...]:
        return (*self.tiles, *self._filter_shape())

    def extra_repr(self) -> str:
        """Torch's wording, and the tiles."""
        return f"{super().extra_repr()}, tiles={self.tiles}"


class LocallyConnected1d(_LocallyConnectedNd):
    """Unshared convolution over (n, c_in, w) with weights of shape (ow, kw, c_in/groups, c_out).

    The parameters are those of `LocallyConnected2d`, with one axis.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.LocallyConnected1d(4, 6, 20, 3, stride=2)(np.zeros((5, 4, 20), np.float32)).shape
    (5, 6, 9)
    """

    _axes = 1
    _function = "local_conv1d"
    _tiled = staticmethod(F.local_conv1d)
    _grad_input = staticmethod(G.local_conv1d_input)
    _grad_weight = staticmethod(G.local_conv1d_weight)
    _grad_bias = staticmethod(G.conv1d_bias)


class LocallyConnected2d(_LocallyConnectedNd):
    """Unshared convolution over (n, c_in, h, w) with weights of shape (oh, ow, kh, kw, c_in/groups, c_out).

    Parameters
    ----------
    in_channels, out_channels : int
        c_in and c_out, both divisible by `groups`.
    input_size : int or (int, int)
        Height and width of the images, which the number of weights depends on.
    kernel_size : int or (int, int)
    stride, padding, dilation, groups : optional
        As in `Conv2d`.
    bias : bool or one int per axis
        Whether to learn one addend per output channel and place; (1, 1) learns one per channel, (1, ow) one per channel
        and column, (oh, 1) one per channel and row.
    dtype, rng, data_format, activation : optional
        As in `Conv2d`.

    Attributes
    ----------
    weight : Parameter
        As `fastconv.functional.local_conv2d` takes it.
    bias : Parameter or None

    Raises
    ------
    FastconvValueError, FastconvTypeError
        For an argument out of its range or of the wrong kind, by name.

    References
    ----------
    LeCun, Generalization and Network Design Strategies, 1989; Taigman et al., DeepFace, CVPR 2014 (locally connected
    layers in a network that was used).

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> layer = fc.nn.LocallyConnected2d(3, 4, 8, 3, padding=1, rng=0)
    >>> y = layer(np.ones((2, 3, 8, 8), np.float32))
    >>> y.shape, layer.backward(np.ones_like(y)).shape, layer.weight.grad.shape, layer.bias.grad.shape
    ((2, 4, 8, 8), (2, 3, 8, 8), (8, 8, 3, 3, 3, 4), (4, 8, 8))
    """

    _axes = 2
    _function = "local_conv2d"
    _tiled = staticmethod(F.local_conv2d)
    _grad_input = staticmethod(G.local_conv2d_input)
    _grad_weight = staticmethod(G.local_conv2d_weight)
    _grad_bias = staticmethod(G.conv2d_bias)


class LocallyConnected3d(_LocallyConnectedNd):
    """Unshared convolution over (n, c_in, d, h, w) with weights of shape (od, oh, ow, kd, kh, kw, c_in/groups, c_out).

    The parameters are those of `LocallyConnected2d`, with three axes.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.LocallyConnected3d(2, 4, (4, 5, 6), 3)(np.zeros((1, 2, 4, 5, 6), np.float32)).shape
    (1, 4, 2, 3, 4)
    """

    _axes = 3
    _function = "local_conv3d"
    _tiled = staticmethod(F.local_conv3d)
    _grad_input = staticmethod(G.local_conv3d_input)
    _grad_weight = staticmethod(G.local_conv3d_weight)
    _grad_bias = staticmethod(G.conv3d_bias)


class TiledConv1d(_TiledConvNd):
    """Convolution over (n, c_in, w) whose kernels take turns: weights (tw, kw, c_in/groups, c_out).

    The parameters are those of `TiledConv2d`, with one axis.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.TiledConv1d(4, 6, 3, tiles=2)(np.zeros((5, 4, 20), np.float32)).shape
    (5, 6, 18)
    """

    _axes = 1
    _function = "tiled_conv1d"
    _tiled = staticmethod(F.tiled_conv1d)
    _grad_input = staticmethod(G.tiled_conv1d_input)
    _grad_weight = staticmethod(G.tiled_conv1d_weight)
    _grad_bias = staticmethod(G.conv1d_bias)


class TiledConv2d(_TiledConvNd):
    """Convolution over (n, c_in, h, w) whose kernels take turns: weights (th, tw, kh, kw, c_in/groups, c_out).

    Parameters
    ----------
    in_channels, out_channels : int
        c_in and c_out, both divisible by `groups`.
    kernel_size : int or (int, int)
    tiles : int or (int, int)
        How many kernels take turns along each axis.
    stride, padding, dilation, groups : optional
        As in `Conv2d`.
    bias : bool or one int per axis
        As in `Conv2d`.
    dtype, rng, data_format, activation : optional
        As in `Conv2d`.

    Attributes
    ----------
    weight : Parameter
        As `fastconv.functional.tiled_conv2d` takes it.
    bias : Parameter or None

    Raises
    ------
    FastconvValueError, FastconvTypeError
        For an argument out of its range or of the wrong kind, by name.

    References
    ----------
    Le et al., Tiled Convolutional Neural Networks, NIPS 2010.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> layer = fc.nn.TiledConv2d(3, 4, 3, tiles=2, padding=1, rng=0)
    >>> y = layer(np.ones((2, 3, 8, 8), np.float32))
    >>> y.shape, layer.backward(np.ones_like(y)).shape, layer.weight.grad.shape
    ((2, 4, 8, 8), (2, 3, 8, 8), (2, 2, 3, 3, 3, 4))
    """

    _axes = 2
    _function = "tiled_conv2d"
    _tiled = staticmethod(F.tiled_conv2d)
    _grad_input = staticmethod(G.tiled_conv2d_input)
    _grad_weight = staticmethod(G.tiled_conv2d_weight)
    _grad_bias = staticmethod(G.conv2d_bias)


class TiledConv3d(_TiledConvNd):
    """Convolution over (n, c_in, d, h, w) whose kernels take turns: weights (td, th, tw, kd, kh, kw, c_in/groups, c_out).

    The parameters are those of `TiledConv2d`, with three axes.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.TiledConv3d(2, 4, 3, tiles=(1, 2, 2))(np.zeros((1, 2, 4, 5, 6), np.float32)).shape
    (1, 4, 2, 3, 4)
    """

    _axes = 3
    _function = "tiled_conv3d"
    _tiled = staticmethod(F.tiled_conv3d)
    _grad_input = staticmethod(G.tiled_conv3d_input)
    _grad_weight = staticmethod(G.tiled_conv3d_weight)
    _grad_bias = staticmethod(G.conv3d_bias)
