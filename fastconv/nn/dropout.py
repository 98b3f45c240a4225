# SPDX-License-Identifier: BSD-3-Clause
"""Dropout layers with torch.nn's signatures, and a seed of their own.

A layer draws from (seed, counter), and the counter grows by one with every call in training; both are plain attributes, kept
by pickling and in the checkpoints of `fit`, and not part of `state_dict`, so that a run can be repeated or continued.
Nothing drawn is kept: `backward` draws again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ClassVar

from .. import functional as F
from .. import grad as G
from ..spec import FastconvValueError, real, whole
from .module import Array, Module


class _Dropout(Module):
    _function: ClassVar[Callable[..., Array]]
    _gradient: ClassVar[Callable[..., Array]]

    def __init__(self, p: float = 0.5, *, seed: int | None = None, data_format: str | None = None) -> None:
        layer = type(self).__name__
        self.p = real(layer, "p", p, "float64")
        if not 0 <= self.p <= 1:
            raise FastconvValueError(f"{layer}: p must lie in [0, 1], got p={p!r}")
        drawn = int.from_bytes(os.urandom(8), "little")
        self.seed = drawn if seed is None else whole(layer, "seed", seed, 0, limit=1 << 64)
        self.counter = 0
        self.data_format = data_format

    def forward(self, input: Array) -> Array:
        """`input` with some of it dropped in training, else as it is."""
        how = {"seed": self.seed, "counter": self.counter, "data_format": self.data_format}
        output = type(self)._function(input, self.p, self.training, **how)
        if self.training:
            self._keep(output, self.counter)
            self.counter += 1
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input."""
        (counter,) = self._recall(grad_output)
        how = {"seed": self.seed, "counter": counter, "data_format": self.data_format}
        return type(self)._gradient(grad_output, self.p, True, **how)

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"p={self.p}"


class Dropout(_Dropout):
    """Elements set to zero with probability p, the others divided by 1 - p.

    Parameters
    ----------
    p : float
        The probability to drop.
    seed : int, optional
        In [0, 2**64); by default drawn from the operating system when the layer is made.
    data_format : str, optional
        "NHWC" and the like: the channels come last; what is dropped is the same as if they came second.

    Attributes
    ----------
    counter : int
        How many calls in training have drawn; may be set.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> layer = fc.nn.Dropout(0.5, seed=1)
    >>> y = layer(np.ones((2, 3), np.float32))
    >>> layer.counter, bool((layer.eval()(y) == y).all())
    (1, True)
    """

    _function = staticmethod(F.dropout)
    _gradient = staticmethod(G.dropout_input)


class AlphaDropout(_Dropout):
    """Elements set to what selu tends to below with probability p; mean and variance stay.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> layer = fc.nn.AlphaDropout(0.5, seed=1)
    >>> y = layer(np.ones((2, 3), np.float32))
    >>> layer.counter, bool((layer.eval()(y) == y).all())
    (1, True)
    """

    _function = staticmethod(F.alpha_dropout)
    _gradient = staticmethod(G.alpha_dropout_input)


class Dropout1d(_Dropout):
    """Channels of (n, c, w) set to zero with probability p, the others divided by 1 - p.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> layer = fc.nn.Dropout1d(0.5, seed=1)
    >>> y = layer(np.ones((2, 3, 4), np.float32))
    >>> layer.counter, bool((layer.eval()(y) == y).all())
    (1, True)
    """

    _function = staticmethod(F.dropout1d)
    _gradient = staticmethod(G.dropout1d_input)


class Dropout2d(_Dropout):
    """Channels of (n, c, h, w) set to zero with probability p, the others divided by 1 - p.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> layer = fc.nn.Dropout2d(0.5, seed=1)
    >>> y = layer(np.ones((2, 3, 4, 4), np.float32))
    >>> layer.counter, bool((layer.eval()(y) == y).all())
    (1, True)
    """

    _function = staticmethod(F.dropout2d)
    _gradient = staticmethod(G.dropout2d_input)


class Dropout3d(_Dropout):
    """Channels of (n, c, d, h, w) set to zero with probability p, the others divided by 1 - p.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> layer = fc.nn.Dropout3d(0.5, seed=1)
    >>> y = layer(np.ones((2, 3, 2, 4, 4), np.float32))
    >>> layer.counter, bool((layer.eval()(y) == y).all())
    (1, True)
    """

    _function = staticmethod(F.dropout3d)
    _gradient = staticmethod(G.dropout3d_input)
