# SPDX-License-Identifier: BSD-3-Clause
"""Activations. Each keeps only its output, which the next layer keeps as its input anyway."""

from __future__ import annotations

from .. import functional as F
from .. import grad as G
from .module import Array, Module


class ReLU(Module):
    """max(0, x), element by element.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ReLU()(np.array([-1, 2], np.float32))
    array([0., 2.], dtype=float32)
    """

    def forward(self, input: Array) -> Array:
        """The positive part of `input`."""
        output = F.relu(input)
        self._keep(output, output)
        return output

    def backward(self, grad_output: Array) -> Array:
        """The gradient where the input was positive, else 0."""
        (output,) = self._recall(grad_output)
        return G.relu_input(output, grad_output)  # the output is positive exactly where the input was


class Softmax(Module):
    """exp(x) / sum(exp(x)) along the axis `dim`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Softmax(dim=0)(np.zeros(4, np.float32))
    array([0.25, 0.25, 0.25, 0.25], dtype=float32)
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, input: Array) -> Array:
        """Probabilities along `dim`."""
        output = F.softmax(input, self.dim)
        self._keep(output, output)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input."""
        (output,) = self._recall(grad_output)
        return G.softmax_input(output, grad_output, self.dim)

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """log(softmax(x)) along the axis `dim`, without forming the small probabilities.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.LogSoftmax(dim=0)(np.array([0, 1000], np.float32))
    array([-1000.,     0.], dtype=float32)
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, input: Array) -> Array:
        """Log-probabilities along `dim`."""
        output = F.log_softmax(input, self.dim)
        self._keep(output, output)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input."""
        (output,) = self._recall(grad_output)
        return G.log_softmax_input(output, grad_output, self.dim)

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"dim={self.dim}"
