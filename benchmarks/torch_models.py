# SPDX-License-Identifier: BSD-3-Clause
"""The networks of `fastconv.models` in PyTorch, written with torch.nn as one does, with the same names of parameters.

A network is made by `make`, with the arguments of ours. Nothing here imports PyTorch before that.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise
from typing import Any


def make(network: str, **options: Any) -> Any:
    """Make the PyTorch network that `fastconv.models` calls by this name."""
    return NETWORKS[network](**options)


def lenet5(num_classes: int = 10, in_channels: int = 1) -> Any:
    from torch import nn

    layers = {
        "conv1": nn.Conv2d(in_channels, 6, 5), "relu1": nn.ReLU(inplace=True), "pool1": nn.MaxPool2d(2),
        "conv2": nn.Conv2d(6, 16, 5), "relu2": nn.ReLU(inplace=True), "pool2": nn.MaxPool2d(2),
        "conv3": nn.Conv2d(16, 120, 5), "relu3": nn.ReLU(inplace=True), "flatten": nn.Flatten(),
        "fc1": nn.Linear(120, 84), "relu4": nn.ReLU(inplace=True), "fc2": nn.Linear(84, num_classes),
    }  # fmt: skip
    return nn.Sequential(OrderedDict(layers))


def alexnet(num_classes: int = 1000, in_channels: int = 3, width: float = 1.0, p: float = 0.5) -> Any:
    from torch import nn

    c1, c2, c3, c4, hidden = (scaled(size, width) for size in (64, 192, 384, 256, 4096))
    features = [
        nn.Conv2d(in_channels, c1, 11, stride=4, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
        nn.Conv2d(c1, c2, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
        nn.Conv2d(c2, c3, 3, padding=1), nn.ReLU(inplace=True),
        nn.Conv2d(c3, c4, 3, padding=1), nn.ReLU(inplace=True),
        nn.Conv2d(c4, c4, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
    ]  # fmt: skip
    classifier = [
        nn.Dropout(p), nn.Linear(c4 * 36, hidden), nn.ReLU(inplace=True),
        nn.Dropout(p), nn.Linear(hidden, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, num_classes),
    ]  # fmt: skip
    return classified(features, 6, classifier)


def alexnet_two_towers(num_classes: int = 1000, in_channels: int = 3, width: float = 1.0, p: float = 0.5) -> Any:
    from torch import nn

    c1, c2, c3, hidden = (scaled(size, width) for size in (96, 256, 384, 4096))
    features = [
        nn.Conv2d(in_channels, c1, 11, stride=4), nn.ReLU(inplace=True), nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(c1, c2, 5, padding=2, groups=2), nn.ReLU(inplace=True), nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(c2, c3, 3, padding=1), nn.ReLU(inplace=True),
        nn.Conv2d(c3, c3, 3, padding=1, groups=2), nn.ReLU(inplace=True),
        nn.Conv2d(c3, c2, 3, padding=1, groups=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
    ]  # fmt: skip
    return classified(features, 6, dense(c2 * 36, hidden, num_classes, p))


def vgg16(num_classes: int = 1000, in_channels: int = 3, width: float = 1.0, p: float = 0.5) -> Any:
    from torch import nn

    features: list[Any] = []
    for layer in (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"):
        if isinstance(layer, str):
            features.append(nn.MaxPool2d(2, 2))
        else:
            channels = scaled(layer, width)
            features += [nn.Conv2d(in_channels, channels, 3, padding=1), nn.ReLU(inplace=True)]
            in_channels = channels
    return classified(features, 7, dense(in_channels * 49, scaled(4096, width), num_classes, p))


def resnet50(num_classes: int = 1000, in_channels: int = 3, width: float = 1.0) -> Any:
    from torch import nn

    class Bottleneck(nn.Module):
        def __init__(self, c_in: int, planes: int, stride: int) -> None:
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(c_in, planes, 1, bias=False), nn.BatchNorm2d(planes)
            self.conv2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(planes)
            self.conv3, self.bn3 = nn.Conv2d(planes, 4 * planes, 1, bias=False), nn.BatchNorm2d(4 * planes)
            self.relu = nn.ReLU(inplace=True)
            self.downsample = None
            if stride != 1 or c_in != 4 * planes:
                projection = nn.Conv2d(c_in, 4 * planes, 1, stride, bias=False)
                self.downsample = nn.Sequential(projection, nn.BatchNorm2d(4 * planes))

        def forward(self, x: Any) -> Any:
            out = self.relu(self.bn1(self.conv1(x)))
            out = self.relu(self.bn2(self.conv2(out)))
            out = self.bn3(self.conv3(out))
            out += x if self.downsample is None else self.downsample(x)
            return self.relu(out)

    c_in = scaled(64, width)
    layers: dict[str, Any] = {
        "conv1": nn.Conv2d(in_channels, c_in, 7, 2, 3, bias=False), "bn1": nn.BatchNorm2d(c_in),
        "relu": nn.ReLU(inplace=True), "maxpool": nn.MaxPool2d(3, 2, 1),
    }  # fmt: skip
    for name, planes, count, stride in (
        ("layer1", 64, 3, 1),
        ("layer2", 128, 4, 2),
        ("layer3", 256, 6, 2),
        ("layer4", 512, 3, 2),
    ):
        planes = scaled(planes, width)
        blocks = []
        for number in range(count):
            blocks.append(Bottleneck(c_in, planes, 1 if number else stride))
            c_in = 4 * planes
        layers[name] = nn.Sequential(*blocks)
    layers |= {"avgpool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten(), "fc": nn.Linear(c_in, num_classes)}
    return nn.Sequential(OrderedDict(layers))


def mobilenet_v1(num_classes: int = 1000, in_channels: int = 3, width: float = 1.0) -> Any:
    from torch import nn

    def normed(conv: Any) -> list[Any]:
        return [conv, nn.BatchNorm2d(conv.out_channels), nn.ReLU(inplace=True)]

    c_in = scaled(32, width)
    features = [nn.Sequential(*normed(nn.Conv2d(in_channels, c_in, 3, 2, 1, bias=False)))]
    strides = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    for maps, stride in zip((64, 128, 128, 256, 256, *(512,) * 6, 1024, 1024), strides, strict=True):
        c_out = scaled(maps, width)
        depthwise = nn.Conv2d(c_in, c_in, 3, stride, 1, groups=c_in, bias=False)
        features.append(nn.Sequential(*normed(depthwise), *normed(nn.Conv2d(c_in, c_out, 1, bias=False))))
        c_in = c_out
    layers = {
        "features": nn.Sequential(*features), "avgpool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten(),
        "classifier": nn.Linear(c_in, num_classes),
    }  # fmt: skip
    return nn.Sequential(OrderedDict(layers))


def segnet(num_classes: int = 11, in_channels: int = 3, width: float = 1.0) -> Any:
    from torch import nn
    from torch.nn import functional

    def normed(*channels: int) -> Any:
        layers = []
        for c_in, c_out in pairwise(channels):
            layers += [nn.Conv2d(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True)]
        return nn.Sequential(*layers)

    a, b, c, d = (scaled(size, width) for size in (64, 128, 256, 512))

    class SegNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            down = normed(in_channels, a, a), normed(a, b, b), normed(b, c, c, c), normed(c, d, d, d), normed(d, d, d, d)
            up = normed(d, d, d, d), normed(d, d, d, c), normed(c, c, c, b), normed(b, b, a), normed(a, a)
            self.encoder, self.decoder = nn.Sequential(*down), nn.Sequential(*up)
            self.decoder[4].append(nn.Conv2d(a, num_classes, 3, padding=1))

        def forward(self, x: Any) -> Any:
            left = []
            for stage in self.encoder:
                x = stage(x)
                size = x.shape[-2:]
                x, indices = functional.max_pool2d(x, 2, return_indices=True)
                left.append((indices, size))
            for stage in self.decoder:
                indices, size = left.pop()
                x = stage(functional.max_unpool2d(x, indices, 2, output_size=size))
            return x

    return SegNet()


def classified(features: list[Any], size: int, classifier: list[Any]) -> Any:
    """Features, averaged to size x size, and dense layers, named as torchvision does."""
    from torch import nn

    layers = {
        "features": nn.Sequential(*features), "avgpool": nn.AdaptiveAvgPool2d(size), "flatten": nn.Flatten(),
        "classifier": nn.Sequential(*classifier),
    }  # fmt: skip
    return nn.Sequential(OrderedDict(layers))


def dense(inputs: int, hidden: int, outputs: int, p: float) -> list[Any]:
    """Three dense layers, dropout after the first two."""
    from torch import nn

    first = [nn.Linear(inputs, hidden), nn.ReLU(inplace=True), nn.Dropout(p)]
    return [*first, nn.Linear(hidden, hidden), nn.ReLU(inplace=True), nn.Dropout(p), nn.Linear(hidden, outputs)]


def scaled(channels: int, width: float) -> int:
    """Channels times width, a multiple of 8."""
    return max(8, round(channels * width / 8) * 8)


NETWORKS = {
    "LeNet5": lenet5, "AlexNet": alexnet, "AlexNetTwoTowers": alexnet_two_towers, "VGG16": vgg16, "ResNet50": resnet50,
    "MobileNetV1": mobilenet_v1, "SegNet": segnet,
}  # fmt: skip
