# SPDX-License-Identifier: BSD-3-Clause
"""LeNet-5."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn


class LeNet5(nn.Sequential):
    """LeNet-5 on 32x32 images: CONV-POOL-CONV-POOL-CONV-FC, 5x5 filters, 2x2 max pooling at stride 2.

    The sizes are those of LeCun et al. 1998 (6, 16 and 120 maps, 84 hidden units); as in the lectures the
    activation is ReLU, pooling takes the maximum, every map of conv2 sees all of conv1's, and the last layer
    is linear.

    Parameters
    ----------
    num_classes : int
        Outputs of the last layer.
    in_channels : int
        Channels of the input: 1 for grey images, 3 for colour.
    dtype : str or numpy.dtype
        float32 or float64.
    rng : numpy.random.Generator or int, optional
        Where the initial weights come from.

    References
    ----------
    LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document recognition", Proceedings of
    the IEEE 86(11), 1998.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> model = fc.models.LeNet5(rng=0)
    >>> model(np.zeros((2, 1, 32, 32), np.float32)).shape
    (2, 10)
    >>> sum(parameter.size for parameter in model.parameters())
    61706
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 1,
        dtype: Any = "float32",
        rng: np.random.Generator | int | None = None,
    ) -> None:
        generator = np.random.default_rng(rng)  # one stream for all layers: a seed given to each would repeat itself
        super().__init__(
            {
                "conv1": nn.Conv2d(in_channels, 6, 5, dtype=dtype, rng=generator),
                "relu1": nn.ReLU(),
                "pool1": nn.MaxPool2d(2),
                "conv2": nn.Conv2d(6, 16, 5, dtype=dtype, rng=generator),
                "relu2": nn.ReLU(),
                "pool2": nn.MaxPool2d(2),
                "conv3": nn.Conv2d(16, 120, 5, dtype=dtype, rng=generator),
                "relu3": nn.ReLU(),
                "flatten": nn.Flatten(),
                "fc1": nn.Linear(120, 84, dtype=dtype, rng=generator),
                "relu4": nn.ReLU(),
                "fc2": nn.Linear(84, num_classes, dtype=dtype, rng=generator),
            }
        )
