# SPDX-License-Identifier: BSD-3-Clause
"""ResNet-50."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn
from ._parts import he_normal, widened

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))  # maps of the 3x3 convolutions, and blocks
EXPANSION = 4  # the last convolution of a block has so many times its maps


class ResNet50(nn.Sequential):
    """ResNet-50 on images of 224x224: a 7x7 convolution, sixteen bottleneck blocks, one dense layer, 25,557,032 parameters.

    The names of the parameters are torchvision's, and so are the initial values: He's normal ones for convolutions, ones and
    zeros for batch normalisation, the layer's own for the dense one. As there, and unlike in the paper, the stride of a
    block is in its 3x3 convolution, not in the 1x1 before it. Any size from 32x32 on works.

    Parameters
    ----------
    num_classes : int
        Outputs of the last layer.
    in_channels : int
        Channels of the input.
    width : float
        All maps times this, to the nearest multiple of 8.
    dtype : str or numpy.dtype
        float32 or float64.
    rng : numpy.random.Generator or int, optional
        Where the initial weights come from.

    References
    ----------
    He, Zhang, Ren & Sun, "Deep residual learning for image recognition", CVPR 2016, table 1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> model = fc.models.ResNet50(num_classes=5, width=1 / 8, rng=0).eval()
    >>> model(np.zeros((1, 3, 32, 32), np.float32)).shape
    (1, 5)
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        width: float = 1.0,
        dtype: Any = "float32",
        rng: np.random.Generator | int | None = None,
    ) -> None:
        generator = np.random.default_rng(rng)
        how: dict[str, Any] = {"dtype": dtype, "rng": generator}
        c_in = stem = widened("ResNet50", 64, width)
        stages = {}
        for number, (maps, blocks) in enumerate(STAGES, 1):
            between = widened("ResNet50", maps, width)
            first = bottleneck(c_in, between, 1 if number == 1 else 2, **how)
            c_in = between * EXPANSION
            stages[f"layer{number}"] = nn.Sequential(first, *(bottleneck(c_in, between, **how) for _ in range(blocks - 1)))
        super().__init__(
            {
                "conv1": nn.Conv2d(in_channels, stem, 7, stride=2, padding=3, bias=False, **how),
                "bn1": nn.BatchNorm2d(stem, dtype=dtype),
                "relu": nn.ReLU(),
                "maxpool": nn.MaxPool2d(3, 2, padding=1),
                **stages,
                "avgpool": nn.AdaptiveAvgPool2d(1),
                "flatten": nn.Flatten(),
                "fc": nn.Linear(c_in, num_classes, **how),
            }
        )
        he_normal(self, generator)


def bottleneck(c_in: int, between: int, stride: int = 1, *, dtype: Any, rng: np.random.Generator) -> nn.Residual:
    """1x1, 3x3 and 1x1 convolution, and a shortcut, which is one too where shapes change."""
    how: dict[str, Any] = {"bias": False, "dtype": dtype, "rng": rng}
    c_out = between * EXPANSION
    body = {
        "conv1": nn.Conv2d(c_in, between, 1, **how),
        "bn1": nn.BatchNorm2d(between, dtype=dtype),
        "relu1": nn.ReLU(),
        "conv2": nn.Conv2d(between, between, 3, stride, padding=1, **how),
        "bn2": nn.BatchNorm2d(between, dtype=dtype),
        "relu2": nn.ReLU(),
        "conv3": nn.Conv2d(between, c_out, 1, **how),
        "bn3": nn.BatchNorm2d(c_out, dtype=dtype),
    }
    if stride == 1 and c_in == c_out:
        return nn.Residual(body, after=nn.ReLU())
    projection = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, **how), nn.BatchNorm2d(c_out, dtype=dtype))
    return nn.Residual(body, {"downsample": projection}, after=nn.ReLU())
