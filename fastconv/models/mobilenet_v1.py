# SPDX-License-Identifier: BSD-3-Clause
"""MobileNet V1."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn
from ._parts import he_normal, small_normal, widened

STEM = 32
BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))  # maps, stride


class MobileNetV1(nn.Sequential):
    """MobileNet V1 on images of 224x224: thirteen depthwise separable convolutions, 4,231,976 parameters.

    Each convolution, depthwise ones too, is followed by batch normalisation and ReLU. torchvision has no such network; the
    parameters are named as in its second version: "features.0.0.weight" the first convolution, "features.1.0.weight" a
    depthwise, "features.1.3.weight" a pointwise one, "classifier.weight" the dense layer. Initial values are as there too:
    He's normal ones for convolutions, N(0, 0.01**2) for the dense layer. Any size from 32x32 on works.

    Parameters
    ----------
    num_classes : int
        Outputs of the last layer.
    in_channels : int
        Channels of the input.
    width : float
        All maps times this, the paper's width multiplier, to the nearest multiple of 8.
    dtype : str or numpy.dtype
        float32 or float64.
    rng : numpy.random.Generator or int, optional
        Where the initial weights come from.

    References
    ----------
    Howard et al., "MobileNets: efficient convolutional neural networks for mobile vision applications", arXiv 1704.04861,
    table 1 and section 3.3.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> model = fc.models.MobileNetV1(num_classes=5, width=1 / 4, rng=0).eval()
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
        c_in = widened("MobileNetV1", STEM, width)
        features = [nn.Sequential(*convolution(in_channels, c_in, 3, 2, **how))]
        for maps, stride in BLOCKS:
            c_out = widened("MobileNetV1", maps, width)
            depthwise = convolution(c_in, c_in, 3, stride, groups=c_in, **how)
            features.append(nn.Sequential(*depthwise, *convolution(c_in, c_out, 1, **how)))
            c_in = c_out
        super().__init__(
            {
                "features": nn.Sequential(*features),
                "avgpool": nn.AdaptiveAvgPool2d(1),
                "flatten": nn.Flatten(),
                "classifier": nn.Linear(c_in, num_classes, **how),
            }
        )
        he_normal(self, generator)
        small_normal(self, generator)


def convolution(c_in: int, c_out: int, kernel: int, stride: int = 1, *, dtype: Any, **how: Any) -> list[nn.Module]:
    """A convolution that halves the size or keeps it, batch normalisation, ReLU."""
    conv = nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=False, dtype=dtype, **how)
    return [conv, nn.BatchNorm2d(c_out, dtype=dtype), nn.ReLU()]
