# SPDX-License-Identifier: BSD-3-Clause
"""Layers with torch.nn's names and signatures: call them, then ask `backward` for the gradients."""

from .activation import GatedTanh, Hardswish, LeakyReLU, LogSoftmax, ReLU, ReLU6, Sigmoid, SiLU, Softmax, Tanh
from .container import Sequential
from .conv import CausalConv1d, Conv1d, Conv2d, Conv3d
from .conv_transpose import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .convert import conv_to_linear, linear_to_conv
from .folding import Fold, PixelShuffle, PixelUnshuffle, Unfold
from .interpolation import Upsample, UpsamplingBilinear2d, UpsamplingNearest2d
from .linear import Flatten, Linear
from .loss import CrossEntropyLoss
from .module import Module, Parameter
from .optim import SGD
from .padding import (
    CircularPad1d,
    CircularPad2d,
    CircularPad3d,
    ConstantPad1d,
    ConstantPad2d,
    ConstantPad3d,
    ReflectionPad1d,
    ReflectionPad2d,
    ReflectionPad3d,
    ReplicationPad1d,
    ReplicationPad2d,
    ReplicationPad3d,
    ZeroPad1d,
    ZeroPad2d,
    ZeroPad3d,
)
from .pooling import (
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
    MaxUnpool1d,
    MaxUnpool2d,
    MaxUnpool3d,
)
from .regions import RoIAlign, RoIPool
from .separable import DepthwiseSeparableConv1d, DepthwiseSeparableConv2d, DepthwiseSeparableConv3d
from .stream import Stream
from .tiled import LocallyConnected1d, LocallyConnected2d, LocallyConnected3d, TiledConv1d, TiledConv2d, TiledConv3d

__all__ = [
    "SGD",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "CausalConv1d",
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "CrossEntropyLoss",
    "DepthwiseSeparableConv1d",
    "DepthwiseSeparableConv2d",
    "DepthwiseSeparableConv3d",
    "Flatten",
    "Fold",
    "GatedTanh",
    "Hardswish",
    "LeakyReLU",
    "Linear",
    "LocallyConnected1d",
    "LocallyConnected2d",
    "LocallyConnected3d",
    "LogSoftmax",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
    "Module",
    "Parameter",
    "PixelShuffle",
    "PixelUnshuffle",
    "ReLU",
    "ReLU6",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "RoIAlign",
    "RoIPool",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Stream",
    "Tanh",
    "TiledConv1d",
    "TiledConv2d",
    "TiledConv3d",
    "Unfold",
    "Upsample",
    "UpsamplingBilinear2d",
    "UpsamplingNearest2d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
    "conv_to_linear",
    "linear_to_conv",
]
