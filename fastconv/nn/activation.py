# SPDX-License-Identifier: BSD-3-Clause
"""Activations. ReLU and the softmaxes keep only their output, which the next layer keeps anyway; the others their input."""

from __future__ import annotations

from .. import functional as F
from .. import grad as G
from ..spec import real
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


class ReLU6(Module):
    """min(max(0, x), 6), element by element.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ReLU6()(np.array([-1, 2, 7], np.float32))
    array([0., 2., 6.], dtype=float32)
    """

    def forward(self, input: Array) -> Array:
        """`input` cut off at 0 and 6."""
        output = F.relu6(input)
        self._keep(output, input)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input."""
        (input,) = self._recall(grad_output)
        return G.relu6_input(input, grad_output)


class LeakyReLU(Module):
    """x where x > 0, else negative_slope * x, element by element.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.LeakyReLU(0.25)(np.array([-1, 2], np.float32))
    array([-0.25,  2.  ], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = real("LeakyReLU", "negative_slope", negative_slope, "float64")

    def forward(self, input: Array) -> Array:
        """`input` with its negative part scaled."""
        output = F.leaky_relu(input, self.negative_slope)
        self._keep(output, input)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input."""
        (input,) = self._recall(grad_output)
        return G.leaky_relu_input(input, grad_output, self.negative_slope)

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"negative_slope={self.negative_slope}"


class Sigmoid(Module):
    """1 / (1 + exp(-x)), element by element.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Sigmoid()(np.array([-1000, 0], np.float32))
    array([0. , 0.5], dtype=float32)
    """

    def forward(self, input: Array) -> Array:
        """`input` between 0 and 1."""
        output = F.sigmoid(input)
        self._keep(output, input)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input."""
        (input,) = self._recall(grad_output)
        return G.sigmoid_input(input, grad_output)


class Tanh(Module):
    """The hyperbolic tangent, element by element.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Tanh()(np.array([-1000, 0], np.float32))
    array([-1.,  0.], dtype=float32)
    """

    def forward(self, input: Array) -> Array:
        """`input` between -1 and 1."""
        output = F.tanh(input)
        self._keep(output, input)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input."""
        (input,) = self._recall(grad_output)
        return G.tanh_input(input, grad_output)


class SiLU(Module):
    """x * sigmoid(x), element by element.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.SiLU()(np.array([0, 100], np.float32))
    array([  0., 100.], dtype=float32)
    """

    def forward(self, input: Array) -> Array:
        """`input` times its sigmoid."""
        output = F.silu(input)
        self._keep(output, input)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input."""
        (input,) = self._recall(grad_output)
        return G.silu_input(input, grad_output)


class Hardswish(Module):
    """x * min(max(x + 3, 0), 6) / 6, element by element.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Hardswish()(np.array([0, 3], np.float32))
    array([0., 3.], dtype=float32)
    """

    def forward(self, input: Array) -> Array:
        """`input` times its straightened sigmoid."""
        output = F.hardswish(input)
        self._keep(output, input)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input."""
        (input,) = self._recall(grad_output)
        return G.hardswish_input(input, grad_output)


class GatedTanh(Module):
    """tanh(a) * sigmoid(b), where a and b are the halves of the axis `dim`: WaveNet's gate.

    Parameters
    ----------
    dim : int
        The axis that is halved; by default the channels of (n, c, w) and (c, w).

    References
    ----------
    van den Oord et al., WaveNet, arXiv 1609.03499, equation 2.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.GatedTanh()(np.array([[1000], [0]], np.float32))
    array([[0.5]], dtype=float32)
    """

    def __init__(self, dim: int = -2) -> None:
        self.dim = dim

    def forward(self, input: Array) -> Array:
        """The first half of `input`, squashed, as far as the second half lets it pass."""
        output = F.gated_tanh(input, self.dim)
        self._keep(output, input)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input."""
        (input,) = self._recall(grad_output)
        return G.gated_tanh_input(input, grad_output, self.dim)

    def extra_repr(self) -> str:
        """The axis."""
        return f"dim={self.dim}"


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
