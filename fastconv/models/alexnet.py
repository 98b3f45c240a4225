# SPDX-License-Identifier: BSD-3-Clause
"""AlexNet, as one tower and as the two that first filled two GPUs."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn
from ._parts import dropout, widened


class AlexNet(nn.Sequential):
    """AlexNet in one tower on images of 224x224: five convolutions and three dense layers, 61,100,840 parameters.

    The sizes, the order and the names of the parameters are torchvision's, and so are the initial values, which are those of
    the layers. The maps are averaged to 6x6 before the dense layers, so other sizes from 63x63 on work too.

    Parameters
    ----------
    num_classes : int
        Outputs of the last layer.
    in_channels : int
        Channels of the input.
    width : float
        All maps and hidden units times this, to the nearest multiple of 8.
    p : float
        Probability of dropout before the first two dense layers.
    dtype : str or numpy.dtype
        float32 or float64.
    rng : numpy.random.Generator or int, optional
        Where the initial weights and the seeds of dropout come from.

    References
    ----------
    Krizhevsky, "One weird trick for parallelizing convolutional neural networks", arXiv 1404.5997, 2014.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> model = fc.models.AlexNet(num_classes=5, width=1 / 8, rng=0).eval()
    >>> model(np.zeros((1, 3, 63, 63), np.float32)).shape
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
        c1, c2, c3, c4, c5, hidden = (widened("AlexNet", size, width) for size in (64, 192, 384, 256, 256, 4096))
        super().__init__(
            {
                "features": nn.Sequential(
                    nn.Conv2d(in_channels, c1, 11, stride=4, padding=2, **how),
                    nn.ReLU(),
                    nn.MaxPool2d(3, 2),
                    nn.Conv2d(c1, c2, 5, padding=2, **how),
                    nn.ReLU(),
                    nn.MaxPool2d(3, 2),
                    nn.Conv2d(c2, c3, 3, padding=1, **how),
                    nn.ReLU(),
                    nn.Conv2d(c3, c4, 3, padding=1, **how),
                    nn.ReLU(),
                    nn.Conv2d(c4, c5, 3, padding=1, **how),
                    nn.ReLU(),
                    nn.MaxPool2d(3, 2),
                ),
                "avgpool": nn.AdaptiveAvgPool2d(6),
                "flatten": nn.Flatten(),
                "classifier": nn.Sequential(
                    dropout(p, generator),
                    nn.Linear(c5 * 6 * 6, hidden, **how),
                    nn.ReLU(),
                    dropout(p, generator),
                    nn.Linear(hidden, hidden, **how),
                    nn.ReLU(),
                    nn.Linear(hidden, num_classes, **how),
                ),
            }
        )


class AlexNetTwoTowers(nn.Sequential):
    """AlexNet of 2012 on images of 227x227: the second, fourth and fifth convolution in two groups, 60,965,224 parameters.

    Each group sees half of the maps, all that one GPU held; the third convolution and the dense layers see all. The
    responses of the first two layers are normalised across channels, and pooling windows overlap (3x3 at stride 2). The
    paper adds up alpha = 1e-4 times the squares, `LocalResponseNorm` divides by the window's 5 channels, hence 5e-4. Initial
    values are those of the layers. At 227x227, averaging to 6x6 changes nothing; it lets other sizes from 67x67 on work.

    Parameters
    ----------
    num_classes, in_channels, width, p, dtype, rng : optional
        As in `AlexNet`.

    References
    ----------
    Krizhevsky, Sutskever & Hinton, "ImageNet classification with deep convolutional neural networks", NIPS 2012, sections 3
    and 4.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> model = fc.models.AlexNetTwoTowers(num_classes=5, width=1 / 6, rng=0).eval()
    >>> model(np.zeros((1, 3, 67, 67), np.float32)).shape
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
        c1, c2, c3, c4, c5, hidden = (widened("AlexNetTwoTowers", size, width) for size in (96, 256, 384, 384, 256, 4096))
        super().__init__(
            {
                "features": nn.Sequential(
                    nn.Conv2d(in_channels, c1, 11, stride=4, **how),
                    nn.ReLU(),
                    nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0),
                    nn.MaxPool2d(3, 2),
                    nn.Conv2d(c1, c2, 5, padding=2, groups=2, **how),
                    nn.ReLU(),
                    nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0),
                    nn.MaxPool2d(3, 2),
                    nn.Conv2d(c2, c3, 3, padding=1, **how),
                    nn.ReLU(),
                    nn.Conv2d(c3, c4, 3, padding=1, groups=2, **how),
                    nn.ReLU(),
                    nn.Conv2d(c4, c5, 3, padding=1, groups=2, **how),
                    nn.ReLU(),
                    nn.MaxPool2d(3, 2),
                ),
                "avgpool": nn.AdaptiveAvgPool2d(6),
                "flatten": nn.Flatten(),
                "classifier": nn.Sequential(
                    nn.Linear(c5 * 6 * 6, hidden, **how),
                    nn.ReLU(),
                    dropout(p, generator),
                    nn.Linear(hidden, hidden, **how),
                    nn.ReLU(),
                    dropout(p, generator),
                    nn.Linear(hidden, num_classes, **how),
                ),
            }
        )
