# SPDX-License-Identifier: BSD-3-Clause
"""The dense layer, and the step from maps to vectors before it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import functional as F
from .. import grad as G
from ..spec import FastconvValueError, whole
from .module import Array, Module, Parameter, float_dtype, uniform_parameter


class Linear(Module):
    """``input @ weight.T + bias`` over the last axis.

    Parameters
    ----------
    in_features, out_features : int
        Sizes of the last axis before and after.
    bias : bool
        Whether to learn one addend per output feature.
    dtype : str or numpy.dtype
        float32 or float64, of the parameters and therefore of the input.
    rng : numpy.random.Generator or int, optional
        Where the initial values come from; they are torch's default, uniform within 1/sqrt(in_features).

    Attributes
    ----------
    weight : Parameter
        Of shape (out_features, in_features).
    bias : Parameter or None

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Linear(120, 84)(np.zeros((5, 120), np.float32)).shape
    (5, 84)
    """

    _parameter_names = ("weight", "bias")

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        dtype: Any = "float32",
        rng: np.random.Generator | int | None = None,
    ) -> None:
        layer = type(self).__name__
        self.in_features = whole(layer, "in_features", in_features, 1)
        self.out_features = whole(layer, "out_features", out_features, 1)
        generator, dtype = np.random.default_rng(rng), float_dtype(layer, dtype)
        shape = (self.out_features, self.in_features)
        self.weight = uniform_parameter(shape, self.in_features, dtype, generator)
        self.bias = uniform_parameter(shape[:1], self.in_features, dtype, generator) if bias else None

    def forward(self, input: Array) -> Array:
        """Map the last axis of `input`, of size in_features."""
        output = F.linear(input, self.weight.data, None if self.bias is None else self.bias.data)
        self._keep(output, input)
        return output

    def backward(self, grad_output: Array) -> Any:
        """Gradient of the input, None without `input_gradient`; adds to `weight.grad` and `bias.grad`."""
        (input,) = self._recall(grad_output)
        self.weight.accumulate(G.linear_weight(input, grad_output))
        if self.bias is not None:
            self.bias.accumulate(G.linear_bias(grad_output))
        if not self.input_gradient:
            return None
        return G.linear_input(self.weight.data, grad_output)

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Flatten(Module):
    """Make one axis of those from `start_dim` to `end_dim`; by default of all but the batch.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Flatten()(np.zeros((5, 16, 2, 2), np.float32)).shape
    (5, 64)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Array) -> Array:
        """`input` with the axes joined."""
        first, last = self._axis("start_dim", input.ndim), self._axis("end_dim", input.ndim)
        if first > last:
            raise FastconvValueError(
                f"Flatten: start_dim must not come after end_dim={self.end_dim}, "
                f"got start_dim={self.start_dim} for an input of shape {input.shape}"
            )
        shape = input.shape
        output = input.reshape(*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :])
        self._keep(output, shape)
        return output

    def backward(self, grad_output: Array) -> Array:
        """The gradient in the input's shape."""
        (shape,) = self._recall(grad_output)
        return grad_output.reshape(shape)

    def _axis(self, argument: str, ndim: int) -> int:
        axis: int = getattr(self, argument)
        if not -ndim <= axis < ndim:
            raise FastconvValueError(f"Flatten: {argument} must name an axis of the {ndim}-D input, got {argument}={axis}")
        return axis % ndim

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
