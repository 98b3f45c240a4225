# SPDX-License-Identifier: BSD-3-Clause
"""SegNet."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from .. import nn
from ._parts import he_normal, widened

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))  # maps of VGG-16's convolutions


class SegNet(nn.Module):
    """SegNet: VGG-16's convolutions, and their mirror image, which puts maxima back where the poolings found them.

    A class for each pixel: (n, in_channels, h, w) gives (n, num_classes, h, w), whatever h and w from 32 on. An encoder
    stage ends in a pooling whose switches, a byte each, go to the unpooling that the decoder stage of the same size begins
    with: not maps, as in U-Net, but where their maxima stood. Each convolution but the last is followed by batch
    normalisation and ReLU. With 11 classes there are 29,449,355 parameters (published as 29.45 million): 14,714,688 of the
    encoder's convolutions, as in VGG-16, 14,718,795 of the decoder's, and two for each map normalised.

    The parameters are named "encoder.<stage>.<layer>.weight" and "decoder.<stage>.<layer>.weight", the stages counted in the
    order they run. Initial values are He's normal ones.

    Parameters
    ----------
    num_classes : int
        Channels of the output; 11 are those of CamVid.
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
    Badrinarayanan, Kendall & Cipolla, "SegNet: a deep convolutional encoder-decoder architecture for image segmentation",
    IEEE Transactions on Pattern Analysis and Machine Intelligence 39(12), 2017.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> model = fc.models.SegNet(num_classes=5, width=1 / 8, rng=0).eval()
    >>> model(np.zeros((1, 3, 45, 61), np.float32)).shape
    (1, 5, 45, 61)
    """

    def __init__(
        self,
        num_classes: int = 11,
        in_channels: int = 3,
        width: float = 1.0,
        dtype: Any = "float32",
        rng: np.random.Generator | int | None = None,
    ) -> None:
        generator = np.random.default_rng(rng)
        how: dict[str, Any] = {"dtype": dtype, "rng": generator}
        encoder, decoder, c_in = [], [], in_channels
        for number, stage in enumerate(STAGES):
            maps = [widened("SegNet", channels, width) for channels in stage]
            encoder.append(nn.Sequential(*convolutions([c_in, *maps], **how)))
            mirrored = convolutions([*reversed(maps), c_in if number else num_classes], **how)
            decoder.append(nn.Sequential(*(mirrored if number else mirrored[:-2])))  # the last layer's outputs are logits
            c_in = maps[-1]
        self.encoder = nn.Sequential(*encoder)
        self.pools = nn.Sequential(*(nn.MaxPool2d(2, return_indices=True, switches="compact") for _ in STAGES))
        self.unpools = nn.Sequential(*(nn.MaxUnpool2d(2) for _ in STAGES))
        self.decoder = nn.Sequential(*reversed(decoder))
        he_normal(self, generator)

    def forward(self, input: Any) -> Any:
        """The logits of each pixel's classes."""
        pooled = []
        for encode, pool in zip(self.encoder, self.pools, strict=True):
            maps = encode(input)
            input, switches = pool(maps)
            pooled.append((switches, maps.shape[-2:]))
        for unpool, decode in zip(self.unpools, self.decoder, strict=True):
            switches, size = pooled.pop()
            input = decode(unpool(input, switches, size))
        return input

    def backward(self, grad_output: Any) -> Any:
        """Gradient of the input: everything in reverse; the switches, being places, have none."""
        for unpool, decode in zip(reversed(list(self.unpools)), reversed(list(self.decoder)), strict=True):
            grad_output = unpool.backward(decode.backward(grad_output))
        for encode, pool in zip(reversed(list(self.encoder)), reversed(list(self.pools)), strict=True):
            grad_output = encode.backward(pool.backward(grad_output))
        return grad_output


def convolutions(channels: list[int], *, dtype: Any, rng: np.random.Generator) -> list[nn.Module]:
    """From each number of channels to the next: convolution, batch normalisation, ReLU."""
    layers: list[nn.Module] = []
    for c_in, c_out in pairwise(channels):
        layers += nn.Conv2d(c_in, c_out, 3, padding=1, dtype=dtype, rng=rng), nn.BatchNorm2d(c_out, dtype=dtype), nn.ReLU()
    return layers
