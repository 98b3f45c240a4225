# SPDX-License-Identifier: BSD-3-Clause
"""VGG-16."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn
from ._parts import dropout, he_normal, small_normal, widened

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # maps, and convolutions before the pooling


class VGG16(nn.Sequential):
    """VGG-16 on images of 224x224: thirteen 3x3 convolutions, five poolings, three dense layers, 138,357,544 parameters.

    Configuration D of the paper. The names of the parameters are torchvision's, and so are the initial values: He's normal
    ones for convolutions, N(0, 0.01**2) for dense layers, no bias. The maps are averaged to 7x7 before the dense layers, so
    other sizes from 32x32 on work too.

    Parameters
    ----------
    num_classes : int
        Outputs of the last layer.
    in_channels : int
        Channels of the input.
    width : float
        All maps and hidden units times this, to the nearest multiple of 8.
    p : float
        Probability of dropout after the first two dense layers.
    dtype : str or numpy.dtype
        float32 or float64.
    rng : numpy.random.Generator or int, optional
        Where the initial weights and the seeds of dropout come from.

    References
    ----------
    Simonyan & Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015, table 1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> model = fc.models.VGG16(num_classes=5, width=1 / 8, rng=0).eval()
    >>> model(np.zeros((1, 3, 32, 32), np.float32)).shape
    (1, 5)
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        width: float = 1.0,
        p: float = 0.5,
        dtype: Any = "float32",
        rng: np.random.Generator | int | None = None,
    ) -> None:
        generator = np.random.default_rng(rng)
        how: dict[str, Any] = {"dtype": dtype, "rng": generator}
        features: list[nn.Module] = []
        c_in = in_channels
        for maps, convolutions in STAGES:
            c_out = widened("VGG16", maps, width)
            for _ in range(convolutions):
                features += nn.Conv2d(c_in, c_out, 3, padding=1, **how), nn.ReLU()
                c_in = c_out
            features.append(nn.MaxPool2d(2))
        hidden = widened("VGG16", 4096, width)
        super().__init__(
            {
                "features": nn.Sequential(*features),
                "avgpool": nn.AdaptiveAvgPool2d(7),
                "flatten": nn.Flatten(),
                "classifier": nn.Sequential(
                    nn.Linear(c_in * 7 * 7, hidden, **how),
                    nn.ReLU(),
                    dropout(p, generator),
                    nn.Linear(hidden, hidden, **how),
                    nn.ReLU(),
                    dropout(p, generator),
                    nn.Linear(hidden, num_classes, **how),
                ),
            }
        )
        he_normal(self, generator)
        small_normal(self, generator)
