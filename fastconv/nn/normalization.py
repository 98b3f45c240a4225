# SPDX-License-Identifier: BSD-3-Clause
"""Normalisation layers with torch.nn's signatures and names of parameters and buffers.

They keep their input; of a batch also the moments, which the others compute again in `backward`.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .. import functional as F
from .. import grad as G
from ..backends import backend_for
from ..spec import FastconvValueError, flag, is_sequence, real, whole
from .module import Array, Buffer, Module, Parameter, float_dtype


class _Affine(Module):
    _parameter_names = ("weight", "bias")

    weight: Parameter | None
    bias: Parameter | None

    def _numbers(self, shape: tuple[int, ...], weight: bool, bias: bool, dtype: Any) -> None:
        dtype = float_dtype(type(self).__name__, dtype)
        self.weight = Parameter(np.ones(shape, dtype)) if weight else None
        self.bias = Parameter(np.zeros(shape, dtype)) if bias else None

    def _values(self) -> tuple[Array | None, Array | None]:
        return tuple(None if p is None else p.data for p in (self.weight, self.bias))  # type: ignore[return-value]

    def _add(self, dw: Array, db: Array | None) -> None:
        for parameter, gradient in ((self.weight, dw), (self.bias, db)):
            if parameter is not None and gradient is not None:
                parameter.accumulate(gradient)


class _Running(_Affine):
    _axes: ClassVar[tuple[int, ...]]  # an input may have

    running_mean: Buffer | None
    running_var: Buffer | None
    num_batches_tracked: Buffer | None

    def _make(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        tracked: bool,
        data_format: Any,
        dtype: Any,
    ) -> None:
        layer = type(self).__name__
        self.num_features = whole(layer, "num_features", num_features, 1)
        self.eps = real(layer, "eps", eps, "float64")
        self.momentum = None if momentum is None else real(layer, "momentum", momentum, "float64")
        self.affine = flag(layer, "affine", affine)
        self.track_running_stats = flag(layer, "track_running_stats", tracked)
        self.data_format = data_format
        self._numbers((self.num_features,), self.affine, self.affine, dtype)
        kind = float_dtype(layer, dtype)
        self.running_mean = Buffer(np.zeros(self.num_features, kind)) if tracked else None
        self.running_var = Buffer(np.ones(self.num_features, kind)) if tracked else None
        self.num_batches_tracked = Buffer(np.zeros((), np.int64)) if tracked else None

    def _normalized(self, function: Any, input: Array, own: bool) -> Any:
        """The function's result; running moments move in training."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return function(input, None, None, *self._values(), own, 0.0, self.eps, data_format=self.data_format)
        share = 0.0 if self.momentum is None else self.momentum
        if not self.training:
            moments = self.running_mean.data, self.running_var.data
            return function(input, *moments, *self._values(), own, share, self.eps, data_format=self.data_format)
        if self.momentum is None:
            share = 1 / (int(self.num_batches_tracked.data) + 1)
        with self.running_mean.writeable() as mean, self.running_var.writeable() as var:
            output = function(input, mean, var, *self._values(), own, share, self.eps, data_format=self.data_format)
        with self.num_batches_tracked.writeable() as count:
            count += 1
        return output

    def _check_axes(self, input: Any) -> None:
        if isinstance(input, np.ndarray) and input.ndim not in self._axes:
            wanted = " or ".join(f"{n}D" for n in self._axes)
            raise FastconvValueError(f"{type(self).__name__}: input must be {wanted}, got input of shape {input.shape}")

    def extra_repr(self) -> str:
        """Torch's wording."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )


def _with_moments(
    input: Array,
    running_mean: Array | None,
    running_var: Array | None,
    weight: Array | None,
    bias: Array | None,
    training: bool,
    momentum: float,
    eps: float,
    *,
    data_format: Any,
) -> Any:
    """What `batch_norm` returns, and the moments it took."""
    how = (weight, bias, training, momentum, eps, None, data_format, None, None)
    return backend_for("batch_norm", "input", input).normalized(
        "batch_norm", "batch", input, (running_mean, running_var), *how
    )


class _BatchNorm(_Running):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        data_format: str | None = None,
        dtype: Any = "float32",
    ) -> None:
        self._make(num_features, eps, momentum, affine, track_running_stats, data_format, dtype)

    def forward(self, input: Array) -> Array:
        """`input` by the moments of the batch in training, which the running ones follow; else by these."""
        self._check_axes(input)
        if not (self.training and isinstance(input, np.ndarray)):
            return self._normalized(F.batch_norm, input, self.running_mean is None)
        output, moments = self._normalized(_with_moments, input, True)
        self._keep(output, input, moments)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input; adds to those of weight and bias."""
        input, moments = self._recall(grad_output)
        name = "batch_norm_gradients"
        how = (self._values()[0], True, self.eps, None, self.data_format, None, True, moments)
        backend = backend_for(name, "input", input)
        dx, dw, db = backend.normalize_gradients(name, "batch", input, grad_output, (None, None), *how)
        self._add(dw, db)
        return dx


class _InstanceNorm(_Running):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        data_format: str | None = None,
        dtype: Any = "float32",
    ) -> None:
        self._make(num_features, eps, momentum, affine, track_running_stats, data_format, dtype)

    def forward(self, input: Array) -> Array:
        """`input` by the moments of each plane, or in `eval` by the running ones where they are tracked."""
        self._check_axes(input)
        x = self._batched(input)
        output = self._normalized(F.instance_norm, x, self.training or self.running_mean is None).reshape(input.shape)
        self._keep(output, input)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input; adds to those of weight and bias."""
        (input,) = self._recall(grad_output)
        how = (None, None, self._values()[0], True, self.eps)
        x, g = self._batched(input), self._batched(grad_output)
        dx, dw, db = G.instance_norm_gradients(x, g, *how, data_format=self.data_format)
        self._add(dw, db)
        return dx.reshape(input.shape)

    def _batched(self, array: Array) -> Array:
        return array[None] if isinstance(array, np.ndarray) and array.ndim == self._axes[0] else array


class BatchNorm1d(_BatchNorm):
    """Each channel of (n, c) or (n, c, w) normalised over the batch; the parameters are those of `BatchNorm2d`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.BatchNorm1d(3)(np.random.default_rng(0).random((2, 3, 5), np.float32)).shape
    (2, 3, 5)
    """

    _axes = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Each channel of (n, c, h, w) normalised over the batch.

    Parameters
    ----------
    num_features : int
        Channels.
    eps, momentum : float
        As in `fastconv.functional.batch_norm`; momentum None: the running moments are means over all batches.
    affine : bool
        Whether to learn `weight` and `bias`.
    track_running_stats : bool
        Whether to keep `running_mean`, `running_var` and `num_batches_tracked`; without them `eval` changes nothing.
    data_format : str, optional
        "NHWC" and the like: the channels come last.
    dtype : str or numpy.dtype

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.BatchNorm2d(3)(np.random.default_rng(0).random((2, 3, 5, 5), np.float32)).shape
    (2, 3, 5, 5)
    """

    _axes = (4,)


class BatchNorm3d(_BatchNorm):
    """Each channel of (n, c, d, h, w) normalised over the batch; the parameters are those of `BatchNorm2d`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.BatchNorm3d(3)(np.random.default_rng(0).random((2, 3, 2, 5, 5), np.float32)).shape
    (2, 3, 2, 5, 5)
    """

    _axes = (5,)


class InstanceNorm1d(_InstanceNorm):
    """Each channel of (n, c, w) or (c, w) normalised over its plane; parameters as `InstanceNorm2d`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.InstanceNorm1d(3)(np.random.default_rng(0).random((2, 3, 5), np.float32)).shape
    (2, 3, 5)
    """

    _axes = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Each channel of (n, c, h, w) or (c, h, w) normalised over its plane.

    Parameters
    ----------
    num_features : int
        Channels.
    eps, momentum : float
        As in `fastconv.functional.instance_norm`; momentum None: the running moments are means over all batches.
    affine : bool
        Whether to learn `weight` and `bias`.
    track_running_stats : bool
        Whether to keep `running_mean`, `running_var` and `num_batches_tracked`; without them `eval` changes nothing.
    data_format : str, optional
        "NHWC" and the like: the channels come last.
    dtype : str or numpy.dtype

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.InstanceNorm2d(3)(np.random.default_rng(0).random((2, 3, 5, 5), np.float32)).shape
    (2, 3, 5, 5)
    """

    _axes = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Each channel of (n, c, d, h, w) or (c, d, h, w) normalised over its plane; parameters as `InstanceNorm2d`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.InstanceNorm3d(3)(np.random.default_rng(0).random((2, 3, 2, 5, 5), np.float32)).shape
    (2, 3, 2, 5, 5)
    """

    _axes = (4, 5)


class GroupNorm(_Affine):
    """Groups of channels of each image normalised.

    Parameters
    ----------
    num_groups, num_channels : int
        The first divides the second.
    eps : float
    affine : bool
        Whether to learn `weight` and `bias`.
    data_format : str, optional
        "NHWC" and the like: the channels come last.
    dtype : str or numpy.dtype

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.GroupNorm(2, 4)(np.zeros((1, 4, 3, 3), np.float32)).shape
    (1, 4, 3, 3)
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        data_format: str | None = None,
        dtype: Any = "float32",
    ) -> None:
        self.num_groups = whole("GroupNorm", "num_groups", num_groups, 1)
        self.num_channels = whole("GroupNorm", "num_channels", num_channels, 1)
        if self.num_channels % self.num_groups:
            raise FastconvValueError(
                f"GroupNorm: num_groups must divide num_channels={self.num_channels}, got num_groups={self.num_groups}"
            )
        self.eps, self.data_format = real("GroupNorm", "eps", eps, "float64"), data_format
        self.affine = flag("GroupNorm", "affine", affine)
        self._numbers((self.num_channels,), self.affine, self.affine, dtype)

    def forward(self, input: Array) -> Array:
        """`input` by the moments of its groups."""
        output = F.group_norm(input, self.num_groups, *self._values(), self.eps, data_format=self.data_format)
        self._keep(output, input)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input; adds to those of weight and bias."""
        (input,) = self._recall(grad_output)
        how = (self.num_groups, self._values()[0], self.eps)
        dx, dw, db = G.group_norm_gradients(input, grad_output, *how, data_format=self.data_format)
        self._add(dw, db)
        return dx

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


def _sizes(layer: str, shape: Any) -> tuple[int, ...]:
    return tuple(whole(layer, "normalized_shape", n, 1, shape) for n in (shape if is_sequence(shape) else (shape,)))


class LayerNorm(_Affine):
    """The last axes normalised.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        The last sizes of the input.
    eps : float
    elementwise_affine, bias : bool
        Whether to learn `weight`, and with it `bias`.
    dtype : str or numpy.dtype

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.LayerNorm(2, eps=0.0)(np.array([[1, 3]], np.float32))
    array([[-1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = "float32",
    ) -> None:
        self.normalized_shape, self.eps = _sizes("LayerNorm", normalized_shape), real("LayerNorm", "eps", eps, "float64")
        self.elementwise_affine = flag("LayerNorm", "elementwise_affine", elementwise_affine)
        self._numbers(self.normalized_shape, self.elementwise_affine, self.elementwise_affine and bias, dtype)

    def forward(self, input: Array) -> Array:
        """`input` by the moments of its last axes."""
        output = F.layer_norm(input, self.normalized_shape, *self._values(), self.eps)
        self._keep(output, input)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input; adds to those of weight and bias."""
        (input,) = self._recall(grad_output)
        dx, dw, db = G.layer_norm_gradients(input, grad_output, self.normalized_shape, self._values()[0], self.eps)
        self._add(dw, db)
        return dx

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class RMSNorm(_Affine):
    """The last axes over their root mean square.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        The last sizes of the input.
    eps : float, optional
        Default: the distance from 1 to the next number of the dtype.
    elementwise_affine : bool
        Whether to learn `weight`.
    dtype : str or numpy.dtype

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.RMSNorm(2, eps=0.0)(np.array([[1, 7]], np.float32))
    array([[0.2, 1.4]], dtype=float32)
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: Any = "float32",
    ) -> None:
        self.normalized_shape = _sizes("RMSNorm", normalized_shape)
        self.eps = None if eps is None else real("RMSNorm", "eps", eps, "float64")
        self.elementwise_affine = flag("RMSNorm", "elementwise_affine", elementwise_affine)
        self._numbers(self.normalized_shape, self.elementwise_affine, False, dtype)

    def forward(self, input: Array) -> Array:
        """`input` over the root mean square of its last axes."""
        output = F.rms_norm(input, self.normalized_shape, self._values()[0], self.eps)
        self._keep(output, input)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input; adds to that of the weight."""
        (input,) = self._recall(grad_output)
        dx, dw = G.rms_norm_gradients(input, grad_output, self.normalized_shape, self._values()[0], self.eps)
        self._add(dw, None)
        return dx

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class LocalResponseNorm(Module):
    """Division by a power of the squares in a window across channels, or within each.

    Parameters
    ----------
    size, alpha, beta, k, region, data_format
        As in `fastconv.functional.local_response_norm`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.LocalResponseNorm(5)(np.ones((1, 8, 4, 4), np.float32)).shape
    (1, 8, 4, 4)
    """

    def __init__(
        self,
        size: int,
        alpha: float = 1e-4,
        beta: float = 0.75,
        k: float = 1.0,
        *,
        region: str = "across",
        data_format: str | None = None,
    ) -> None:
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k
        self.region, self.data_format = region, data_format

    def forward(self, input: Array) -> Array:
        """`input` over a power of the squares around."""
        output = F.local_response_norm(input, *self._options(), region=self.region, data_format=self.data_format)
        self._keep(output, input)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input."""
        (input,) = self._recall(grad_output)
        options, layout = self._options(), self.data_format
        return G.local_response_norm_input(input, grad_output, *options, region=self.region, data_format=layout)

    def _options(self) -> tuple[Any, ...]:
        return self.size, self.alpha, self.beta, self.k

    def extra_repr(self) -> str:
        """Torch's wording."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class LocalContrastNorm(Module):
    """The mean around subtracted, over all channels, and division by the deviation around.

    Parameters
    ----------
    size, sigma, eps, data_format
        As in `fastconv.functional.local_contrast_norm`.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.LocalContrastNorm(5)(np.ones((1, 3, 8, 8), np.float32)).shape
    (1, 3, 8, 8)
    """

    def __init__(
        self, size: int = 9, sigma: float | None = None, eps: float = 1e-4, *, data_format: str | None = None
    ) -> None:
        self.size, self.sigma, self.eps, self.data_format = size, sigma, eps, data_format

    def forward(self, input: Array) -> Array:
        """`input` less what is around, over its deviation."""
        output = F.local_contrast_norm(input, self.size, self.sigma, self.eps, data_format=self.data_format)
        self._keep(output, input)
        return output

    def backward(self, grad_output: Array) -> Array:
        """Gradient of the input."""
        (input,) = self._recall(grad_output)
        options = self.size, self.sigma, self.eps
        return G.local_contrast_norm_input(input, grad_output, *options, data_format=self.data_format)

    def extra_repr(self) -> str:
        """The window."""
        return f"{self.size}, sigma={self.sigma}, eps={self.eps}"
