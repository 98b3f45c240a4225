# SPDX-License-Identifier: BSD-3-Clause
"""Depthwise separable convolution: a depthwise layer and a pointwise one, computed together."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..backends import Signal, backend_for
from ..spec import activation_of, channels_are_last, padding_pairs, per_axis, whole
from .conv import Conv1d, Conv2d, Conv3d, _ConvNd
from .module import Array, Module, float_dtype

_Axes = int | tuple[int, ...]


class _DepthwiseSeparableConvNd(Module):
    _axes: ClassVar[int]
    _conv: ClassVar[type[_ConvNd]]
    _function: ClassVar[str]

    depthwise: _ConvNd
    pointwise: _ConvNd
    _packed: Any = None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: _Axes,
        stride: _Axes = 1,
        padding: Any = 0,
        dilation: _Axes = 1,
        multiplier: int = 1,
        bias: bool | tuple[bool, bool] = True,
        *,
        dtype: Any = "float32",
        rng: np.random.Generator | int | None = None,
        data_format: str | None = None,
        depthwise_activation: Any = None,
        activation: Any = None,
    ) -> None:
        # What the layers inside refuse they refuse by their own names, so it is asked here first.
        layer, axes, unit = type(self).__name__, self._axes, (1, 1, 1)
        whole(layer, "in_channels", in_channels, 1)
        whole(layer, "out_channels", out_channels, 1)
        for argument, value in (("kernel_size", kernel_size), ("stride", stride), ("dilation", dilation)):
            per_axis(layer, argument, value, axes, 1, 1)
        padding_pairs(layer, padding, axes, unit, unit, unit)
        between = in_channels * whole(layer, "multiplier", multiplier, 1)
        kind = float_dtype(layer, dtype).name
        channels_are_last(layer, data_format, axes)
        activation_of(layer, depthwise_activation, kind, "depthwise_activation")
        activation_of(layer, activation, kind)
        first, second = bias if isinstance(bias, tuple) else (bias, bias)
        how: dict[str, Any] = {"dtype": kind, "rng": np.random.default_rng(rng), "data_format": data_format}
        self.depthwise = self._conv(
            in_channels,
            between,
            kernel_size,
            stride,
            padding,
            dilation,
            in_channels,
            first,
            algorithm="depthwise",
            activation=depthwise_activation,
            **how,
        )
        self.pointwise = self._conv(
            between, out_channels, 1, bias=second, algorithm="pointwise", activation=activation, **how
        )

    def forward(self, input: Array) -> Array:
        """Convolve `input`; in training mode in two steps, because `backward` needs what lies between."""
        if self.training or isinstance(input, Signal):
            return self.pointwise(self.depthwise(input))
        first, second = self.depthwise, self.pointwise
        biases = (None if layer.bias is None else layer.bias.data for layer in (first, second))
        arrays = (input, first.weight.data, second.weight.data, *biases)
        options = (first.stride, first.padding, first.dilation, first.data_format, first.activation, second.activation)
        backend = backend_for(self._function, "input", input)
        call = (self._function, self._axes, arrays, options, second.weight.version, self._packed)
        output, self.__dict__["_packed"] = backend.packed_separable(*call)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input; adds to the `.grad` of both layers' parameters."""
        return self.depthwise.backward(self.pointwise.backward(grad_output))


class DepthwiseSeparableConv1d(_DepthwiseSeparableConvNd):
    """Depthwise separable convolution over (n, c_in, w).

    The parameters are those of `DepthwiseSeparableConv2d`, with one axis; padding can also be "causal".

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.DepthwiseSeparableConv1d(16, 33, 3, stride=2)(np.zeros((20, 16, 50), np.float32)).shape
    (20, 33, 24)
    """

    _axes = 1
    _conv = Conv1d
    _function = "depthwise_separable_conv1d"


class DepthwiseSeparableConv2d(_DepthwiseSeparableConvNd):
    """Depthwise separable convolution over (n, c_in, h, w): each channel has filters of its own, then channels are mixed.

    Two layers, `depthwise` and `pointwise`, whose names those of the parameters begin with. In eval mode they are computed
    together, what lies between staying in cache, with the bits of training mode.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride, padding, dilation : optional
        Of the depthwise layer, as in `Conv2d`.
    multiplier : int, optional
        How many filters each input channel has.
    bias : bool or (bool, bool), optional
        Whether to learn one addend per channel, of both layers or of each.
    dtype, rng, data_format : optional
        As in `Conv2d`.
    depthwise_activation, activation : optional
        What follows the depthwise layer, and what follows the pointwise one; as in `Conv2d`.

    Attributes
    ----------
    depthwise : Conv2d
        Its weight has shape (in_channels * multiplier, 1, kh, kw).
    pointwise : Conv2d
        Its weight has shape (out_channels, in_channels * multiplier, 1, 1).

    Raises
    ------
    FastconvValueError, FastconvTypeError
        For an argument out of its range or of the wrong kind, by name.

    References
    ----------
    Howard et al., MobileNets, arXiv 1704.04861, section 3.1; Chollet, Xception, CVPR 2017.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> layer = fc.nn.DepthwiseSeparableConv2d(8, 16, 3, padding=1, depthwise_activation="relu6", activation="relu6", rng=0)
    >>> x = np.random.default_rng(0).standard_normal((1, 8, 32, 32)).astype(np.float32)
    >>> y = layer(x)
    >>> y.shape, layer.backward(np.ones_like(y)).shape, bool((layer.eval()(x) == y).all())
    ((1, 16, 32, 32), (1, 8, 32, 32), True)
    >>> {name: array.shape for name, array in layer.state_dict().items() if name.endswith("weight")}
    {'depthwise.weight': (8, 1, 3, 3), 'pointwise.weight': (16, 8, 1, 1)}
    """

    _axes = 2
    _conv = Conv2d
    _function = "depthwise_separable_conv2d"


class DepthwiseSeparableConv3d(_DepthwiseSeparableConvNd):
    """Depthwise separable convolution over (n, c_in, d, h, w).

    The parameters are those of `DepthwiseSeparableConv2d`, with three axes.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.DepthwiseSeparableConv3d(2, 4, 3, padding="same")(np.zeros((1, 2, 5, 6, 7), np.float32)).shape
    (1, 4, 5, 6, 7)
    """

    _axes = 3
    _conv = Conv3d
    _function = "depthwise_separable_conv3d"
