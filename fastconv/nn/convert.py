# SPDX-License-Identifier: BSD-3-Clause
"""Dense layers as convolutions, and convolutions as dense layers."""

from __future__ import annotations

import math
from typing import Any

from ..spec import FORMATS, FastconvTypeError, FastconvValueError, channels_are_last, shape_of, show
from .conv import Conv1d, Conv2d, Conv3d, _ConvNd
from .linear import Linear
from .module import Array

_CONVOLUTIONS: dict[int, type[Any]] = {1: Conv1d, 2: Conv2d, 3: Conv3d}


def linear_to_conv(layer: Linear, shape: Any, data_format: str | None = None) -> Conv1d | Conv2d | Conv3d:
    """Return the convolution that does at every place what a dense layer does after a flatten.

    The convolution has the kernel size of the map that was flattened, so on a map of that size it has one output, the dense
    layer's, and on a larger one it slides: the network then answers at every place at once. A dense layer that follows
    another has seen a map of one place: its shape is (in_features, 1, 1). The parameters are copied.

    Parameters
    ----------
    layer : Linear
    shape : sequence of int
        Of one map before the flatten: (c, w), (c, h, w) or (c, d, h, w), channels behind with a data_format that says so.
    data_format : str, optional
        Of the convolution, and of the map that was flattened: "NCHW" (the default) or "NHWC", or theirs of another rank.

    Returns
    -------
    Conv1d, Conv2d or Conv3d

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule, such as a shape that does not make up the layer's inputs.

    References
    ----------
    Long, Shelhamer & Darrell, Fully Convolutional Networks for Semantic Segmentation, CVPR 2015, section 3.1. LeCun remarked
    in 2015 that convolutional nets have no fully connected layers, only 1x1 convolutions with a full connection table.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> dense = fc.nn.Linear(16 * 5 * 5, 120, rng=0)
    >>> conv = fc.nn.linear_to_conv(dense, (16, 5, 5))
    >>> x = np.ones((2, 16, 5, 5), np.float32)
    >>> np.allclose(conv(x).reshape(2, 120), dense(x.reshape(2, 400)), atol=1e-5)
    True
    >>> conv(np.ones((2, 16, 8, 9), np.float32)).shape
    (2, 120, 4, 5)
    """
    function = "linear_to_conv"
    if not isinstance(layer, Linear):
        raise FastconvTypeError(f"{function}: layer must be a Linear, got layer={show(layer)}")
    sizes = shape_of(function, "shape", shape, (2, 3, 4), "(channels, spatial)")
    rank = len(sizes) - 1
    last = channels_are_last(function, data_format, rank)
    if math.prod(sizes) != layer.in_features:
        raise FastconvValueError(
            f"{function}: shape must make up the {layer.in_features} inputs of {layer!r}, got shape={show(shape)}"
        )
    c_in, kernel = (sizes[-1], sizes[:-1]) if last else (sizes[0], sizes[1:])
    weight = layer.weight.data.reshape(layer.out_features, *sizes)
    made: Conv1d | Conv2d | Conv3d = _CONVOLUTIONS[rank](
        c_in,
        layer.out_features,
        kernel,
        bias=layer.bias is not None,
        dtype=weight.dtype,
        data_format=FORMATS[rank][last],
    )
    made.weight.data = _to_first(weight) if last else weight
    if layer.bias is not None and made.bias is not None:
        made.bias.data = layer.bias.data
    return made.train(layer.training)


def conv_to_linear(layer: Conv1d | Conv2d | Conv3d) -> Linear:
    """Return the dense layer that does to a flattened map what a convolution does to a map of its kernel's size.

    A 1x1 convolution becomes the dense layer that it applies at every place: over the last axis of a channels-last map it
    gives the same, without a flatten. The parameters are copied.

    Parameters
    ----------
    layer : Conv1d, Conv2d or Conv3d
        Without groups, padding, dilation, flip, activation or untied bias; with a 1x1 kernel also without stride. The
        flatten is that of its data_format.

    Returns
    -------
    Linear

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule, such as a convolution that no dense layer equals.

    References
    ----------
    Long, Shelhamer & Darrell, Fully Convolutional Networks for Semantic Segmentation, CVPR 2015, section 3.1; Lin, Chen
    & Yan, Network In Network, ICLR 2014 (1x1 convolution as a dense layer at every place).

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> conv = fc.nn.Conv2d(3, 8, 1, rng=0)
    >>> x = np.ones((2, 3, 4, 5), np.float32)
    >>> y = fc.nn.conv_to_linear(conv)(np.moveaxis(x, 1, -1))
    >>> np.allclose(np.moveaxis(y, -1, 1), conv(x), atol=1e-6)
    True
    """
    function = "conv_to_linear"
    if not isinstance(layer, (Conv1d, Conv2d, Conv3d)):
        raise FastconvTypeError(f"{function}: layer must be a Conv1d, Conv2d or Conv3d, got layer={show(layer)}")
    reason = _why_not_dense(layer)
    if reason is not None:
        raise FastconvValueError(f"{function}: layer must {reason}, got layer={layer!r}")
    weight = layer.weight.data
    if layer.data_format == FORMATS[weight.ndim - 2][1]:
        weight = weight.transpose(0, *range(2, weight.ndim), 1)
    inputs = math.prod(weight.shape[1:])
    made = Linear(inputs, layer.out_channels, layer.bias is not None, dtype=weight.dtype)
    made.weight.data = weight.reshape(layer.out_channels, inputs)
    if layer.bias is not None and made.bias is not None:
        made.bias.data = layer.bias.data.reshape(layer.out_channels)
    return made.train(layer.training)


def _to_first(weight: Array) -> Array:
    """Filters whose channels come last, with their channels first."""
    return weight.transpose(0, -1, *range(1, weight.ndim - 1))


def _why_not_dense(layer: _ConvNd) -> str | None:
    """Why no dense layer equals a convolution, None if one does."""
    ones = (1,) * len(layer.kernel_size)
    pads = (layer.padding,) if isinstance(layer.padding, str) else layer.padding
    padded = any(pad not in (0, (0, 0), "valid") for pad in pads)
    if padded and not (layer.padding == "same" and layer.kernel_size == ones):
        return "have no padding"
    if layer.groups != 1:
        return "have one group"
    if any(k > 1 and gap > 1 for k, gap in zip(layer.kernel_size, layer.dilation, strict=True)):
        return "have no dilation"
    if layer.kernel_size == ones and layer.stride != ones:
        return "not skip places of a 1x1 kernel"
    if layer.flip:
        return "not flip its filters"
    if layer.activation is not None:
        return "have no activation"
    if layer.bias is not None and layer.bias.data.size != layer.out_channels:
        return "have a bias for each channel"
    return None
