# SPDX-License-Identifier: BSD-3-Clause
"""Networks the lectures describe, made of `fastconv.nn` layers: a file each.

Those for images take `num_classes`, `in_channels`, `dtype` and `rng`; the large ones also `width`, which scales all maps and
hidden units.
"""

from .alexnet import (
    AlexNet,
    AlexNetTwoTowers,
)
from .lenet5 import (
    LeNet5,
)
from .mobilenet_v1 import (
    MobileNetV1,
)
from .resnet50 import (
    ResNet50,
)
from .segnet import (
    SegNet,
)
from .vgg16 import (
    VGG16,
)
from .wavenet import (
    WaveNet,
    WaveNetLayer,
    WaveNetStack,
)

__all__ = [
    "VGG16",
    "AlexNet",
    "AlexNetTwoTowers",
    "LeNet5",
    "MobileNetV1",
    "ResNet50",
    "SegNet",
    "WaveNet",
    "WaveNetLayer",
    "WaveNetStack",
]
