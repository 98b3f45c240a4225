# SPDX-License-Identifier: BSD-3-Clause
"""Filters kept within a sphere."""

from __future__ import annotations

import numpy as np

from ...spec import FastconvTypeError, FastconvValueError, real, show
from ..conv import Conv1d, Conv2d, Conv3d
from ..module import Module


def renormalize_filters(module: Module, radius: float = 0.1) -> None:
    """Scale each convolution filter whose root mean square exceeds a radius back to it.

    To be called after each step of an optimiser, so that a few filters do not dominate: with all convolutions, as in the
    paper, or with the first layer alone, where that matters most.

    Parameters
    ----------
    module : Module
        A Conv1d, Conv2d or Conv3d, or a module that has some inside. A filter is what makes one output channel.
    radius : float, optional
        The largest root mean square a filter may have.

    Raises
    ------
    FastconvTypeError, FastconvValueError
        If `module` is no Module, or `radius` is not above zero.

    References
    ----------
    Zeiler & Fergus, "Visualizing and understanding convolutional networks", ECCV 2014, section 3.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> layer = fc.nn.Conv2d(1, 2, 3)
    >>> layer.weight = np.stack([np.full((1, 3, 3), 0.5), np.full((1, 3, 3), 0.05)])
    >>> fc.nn.renormalize_filters(layer)
    >>> layer.weight.data[:, 0, 0, 0].round(4)
    array([0.1 , 0.05], dtype=float32)
    """
    function = "renormalize_filters"
    if not isinstance(module, Module):
        raise FastconvTypeError(f"{function}: module must be a Module, got module={show(module)}")
    if not real(function, "radius", radius, "float64") > 0:
        raise FastconvValueError(f"{function}: radius must be positive, got radius={radius!r}")
    for _, layer in module.named_modules():
        if not isinstance(layer, (Conv1d, Conv2d, Conv3d)):
            continue
        weight = layer.weight.data
        axes = tuple(range(1, weight.ndim))
        size = np.sqrt(np.square(weight, dtype=np.float64).mean(axes, keepdims=True))
        if (size > radius).any():  # only then: weights that change are packed anew
            with layer.weight.writeable() as filters:
                filters *= np.where(size > radius, radius / np.maximum(size, radius), 1).astype(weight.dtype)
