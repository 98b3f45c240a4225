# SPDX-License-Identifier: BSD-3-Clause
"""Activations. ReLU, ReLU6 and LeakyReLU keep a bit an element, the softmaxes their output, the others their input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .. import functional as F
from .. import grad as G
from ..backends import Signal, backend_for
from ..spec import SLOPE, real, whole
from .module import Array, Module, Parameter, float_dtype


class _Marked(Module):
    _name: ClassVar[str]

    negative_slope: float = SLOPE

    def forward(self, input: Array) -> Array:
        """The function of each element."""
        backend = backend_for(self._name, "input", input)
        if not self.training or isinstance(input, Signal):
            output: Array = backend.activation(self._name, input, None, None, self.negative_slope)
            return output
        output, marks = backend.marked(self._name, input, self.negative_slope)
        self._keep(output, marks)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input."""
        (marks,) = self._recall(grad_output)
        backend = backend_for(self._name, "grad_output", grad_output)
        gradient: Array = backend.marked_input(self._name, marks, grad_output, self.negative_slope)
        return gradient


class ReLU(_Marked):
    """max(0, x), element by element.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ReLU()(np.array([-1, 2], np.float32))
    array([0., 2.], dtype=float32)
    """

    _name = "relu"


class ReLU6(_Marked):
    """min(max(0, x), 6), element by element.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ReLU6()(np.array([-1, 2, 7], np.float32))
    array([0., 2., 6.], dtype=float32)
    """

    _name = "relu6"


class LeakyReLU(_Marked):
    """x where x > 0, else negative_slope * x, element by element.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.LeakyReLU(0.25)(np.array([-1, 2], np.float32))
    array([-0.25,  2.  ], dtype=float32)
    """

    _name = "leaky_relu"

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = real("LeakyReLU", "negative_slope", negative_slope, "float64")

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


class _Curve(Module):
    _options: ClassVar[tuple[str, ...]] = ()  # attributes that the function takes; `value` has no part in the gradient
    _function: ClassVar[Callable[..., Array]]
    _gradient: ClassVar[Callable[..., Array]]

    def forward(self, input: Array) -> Array:
        """The function of each element."""
        output = type(self)._function(input, *(getattr(self, name) for name in self._options))
        self._keep(output, input)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input."""
        (input,) = self._recall(grad_output)
        numbers = (getattr(self, name) for name in self._options if name != "value")
        return type(self)._gradient(input, grad_output, *numbers)

    def extra_repr(self) -> str:
        """The options by name."""
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self._options)


class GELU(_Curve):
    """x times the probability of a standard normal number below x.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.GELU()(np.array([0.0, 100.0]))
    array([  0., 100.])
    """

    _options = ("approximate",)
    _function = staticmethod(F.gelu)
    _gradient = staticmethod(G.gelu_input)

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate


class ELU(_Curve):
    """x where x > 0, else alpha * (exp(x) - 1).

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ELU()(np.array([-1000.0, 2.0]))
    array([-1.,  2.])
    """

    _options = ("alpha",)
    _function = staticmethod(F.elu)
    _gradient = staticmethod(G.elu_input)

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = real("ELU", "alpha", alpha, "float64")


class SELU(_Curve):
    """The self-normalizing unit: elu with two constants.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.SELU()(np.array([-1000.0, 0.0])).round(4)
    array([-1.7581,  0.    ])
    """

    _function = staticmethod(F.selu)
    _gradient = staticmethod(G.selu_input)


class CELU(_Curve):
    """max(0, x) + min(0, alpha * (exp(x / alpha) - 1)).

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.CELU(0.5)(np.array([-1000.0, 2.0]))
    array([-0.5,  2. ])
    """

    _options = ("alpha",)
    _function = staticmethod(F.celu)
    _gradient = staticmethod(G.celu_input)

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = real("CELU", "alpha", alpha, "float64")


class Softplus(_Curve):
    """log(1 + exp(beta * x)) / beta, or x where beta * x > threshold.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Softplus()(np.array([-1000.0, 100.0]))
    array([  0., 100.])
    """

    _options = (
        "beta",
        "threshold",
    )
    _function = staticmethod(F.softplus)
    _gradient = staticmethod(G.softplus_input)

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta = real("Softplus", "beta", beta, "float64")
        self.threshold = real("Softplus", "threshold", threshold, "float64")


class Mish(_Curve):
    """x * tanh(softplus(x)).

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Mish()(np.array([0.0, 100.0]))
    array([  0., 100.])
    """

    _function = staticmethod(F.mish)
    _gradient = staticmethod(G.mish_input)


class Hardtanh(_Curve):
    """x, cut off at min_val and max_val.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Hardtanh()(np.array([-3.0, 0.5]))
    array([-1. ,  0.5])
    """

    _options = (
        "min_val",
        "max_val",
    )
    _function = staticmethod(F.hardtanh)
    _gradient = staticmethod(G.hardtanh_input)

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        self.min_val = real("Hardtanh", "min_val", min_val, "float64")
        self.max_val = real("Hardtanh", "max_val", max_val, "float64")


class Hardsigmoid(_Curve):
    """min(max(x + 3, 0), 6) / 6.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Hardsigmoid()(np.array([-3.0, 0.0]))
    array([0. , 0.5])
    """

    _function = staticmethod(F.hardsigmoid)
    _gradient = staticmethod(G.hardsigmoid_input)


class Softsign(_Curve):
    """x / (1 + abs(x)).

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Softsign()(np.array([-1.0, 3.0]))
    array([-0.5 ,  0.75])
    """

    _function = staticmethod(F.softsign)
    _gradient = staticmethod(G.softsign_input)


class LogSigmoid(_Curve):
    """log(sigmoid(x)), without loss for large numbers.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.LogSigmoid()(np.array([-1000.0, 1000.0]))
    array([-1000.,     0.])
    """

    _function = staticmethod(F.logsigmoid)
    _gradient = staticmethod(G.logsigmoid_input)


class Threshold(_Curve):
    """x where x > threshold, else value.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Threshold(1, 7)(np.array([0.5, 2.0]))
    array([7., 2.])
    """

    _options = (
        "threshold",
        "value",
    )
    _function = staticmethod(F.threshold)
    _gradient = staticmethod(G.threshold_input)

    def __init__(self, threshold: float, value: float) -> None:
        self.threshold = real("Threshold", "threshold", threshold, "float64")
        self.value = real("Threshold", "value", value, "float64")


class GLU(_Curve):
    """a * sigmoid(b), where a and b are the halves of the axis `dim`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.GLU()(np.array([4.0, 0.0]))
    array([2.])
    """

    _options = ("dim",)
    _function = staticmethod(F.glu)
    _gradient = staticmethod(G.glu_input)

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim


class PReLU(Module):
    """x where x > 0, else weight * x, with one learnt slope or one a channel.

    Parameters
    ----------
    num_parameters : int
        1, or the number of channels.
    init : float
        What the slopes are at first.
    dtype : str or numpy.dtype
    data_format : str, optional
        "NHWC" and the like: the channels come last; by default they come second.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.PReLU()(np.array([[-4.0, 2.0]], np.float32))
    array([[-1.,  2.]], dtype=float32)
    """

    weight: Parameter

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, *, dtype: Any = "float32", data_format: str | None = None
    ) -> None:
        self.num_parameters = whole("PReLU", "num_parameters", num_parameters, 1)
        self.data_format = data_format
        self.weight = Parameter(
            np.full(self.num_parameters, real("PReLU", "init", init, "float64")), float_dtype("PReLU", dtype)
        )

    def forward(self, input: Array) -> Array:
        """`input` with its negative part scaled."""
        output = F.prelu(input, self.weight.data, data_format=self.data_format)
        self._keep(output, input)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input; adds to that of the slopes."""
        (input,) = self._recall(grad_output)
        arrays, layout = (input, self.weight.data, grad_output), self.data_format
        self.weight.accumulate(G.prelu_weight(*arrays, data_format=layout))
        return G.prelu_input(*arrays, data_format=layout)

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"num_parameters={self.num_parameters}"


class Softmin(Module):
    """exp(-x) / sum(exp(-x)) along the axis `dim`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Softmin(dim=0)(np.array([0, 1000], np.float32))
    array([1., 0.], dtype=float32)
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, input: Array) -> Array:
        """Probabilities along `dim`, the smallest number the likeliest."""
        output = F.softmin(input, self.dim)
        self._keep(output, output)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input."""
        (output,) = self._recall(grad_output)
        return G.softmin_input(output, grad_output, self.dim)

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"dim={self.dim}"
