# SPDX-License-Identifier: BSD-3-Clause
"""Convolution layers, one class per number of spatial axes, as torch.nn defines and initialises them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .. import grad as G
from ..backends import Signal, backend_for
from ..spec import (
    FORMATS,
    PRECISIONS,
    FastconvTypeError,
    FastconvValueError,
    activation_of,
    border_of,
    channels_are_last,
    flag,
    is_sequence,
    one_of,
    padding_pairs,
    per_axis,
    shape_of,
    show,
    whole,
)
from .module import Array, Module, Parameter, float_dtype, uniform_parameter


class _ConvNd(Module):
    _axes: ClassVar[int]
    _function: ClassVar[str]
    _packer: ClassVar[str] = "pack_conv"
    _grad_input: ClassVar[Callable[..., Array]]
    _grad_weight: ClassVar[Callable[..., Array]]
    _grad_bias: ClassVar[Callable[..., Array]]
    _parameter_names = ("weight", "bias")
    _streams: ClassVar[bool] = True

    weight: Parameter
    bias: Parameter | None
    _packed: Any = None
    _met: int | None = None  # the version of the weights in the last call of training mode

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: Any = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool | tuple[int, ...] = True,
        padding_mode: Any = "zeros",
        *,
        dtype: Any = "float32",
        rng: np.random.Generator | int | None = None,
        algorithm: str | None = None,
        data_format: str | None = None,
        activation: Any = None,
        precision: str | None = None,
        padding_value: float = 0.0,
        flip: bool = False,
    ) -> None:
        layer = type(self).__name__
        self.in_channels = whole(layer, "in_channels", in_channels, 1)
        self.out_channels = whole(layer, "out_channels", out_channels, 1)
        self.groups = whole(layer, "groups", groups, 1)
        for argument in ("in_channels", "out_channels"):
            if getattr(self, argument) % self.groups:
                given = f"{argument}={getattr(self, argument)}"
                raise FastconvValueError(f"{layer}: {argument} must be divisible by groups={groups}, got {given}")
        self.kernel_size = self._per_axis("kernel_size", kernel_size)
        self.stride = self._per_axis("stride", stride)
        self.padding = self._padding(padding)
        self.dilation = self._per_axis("dilation", dilation)
        self.algorithm = algorithm
        generator, dtype = np.random.default_rng(rng), float_dtype(layer, dtype)
        first, last = FORMATS[self._axes]
        self.data_format = last if channels_are_last(layer, data_format, self._axes) else first
        self.activation = activation
        self._after = activation_of(layer, activation, dtype.name)
        self.precision = None if precision is None else one_of(layer, "precision", precision, PRECISIONS)
        border_of(layer, padding_mode, padding_value, self._axes, ((1, 1), (1, 1), (1, 1)), (2, 2, 2), dtype.name)
        self.padding_mode, self.padding_value, self.flip = padding_mode, padding_value, flag(layer, "flip", flip)
        fan_in = self._fan_in()
        self.weight = uniform_parameter(self._weight_shape(), fan_in, dtype, generator)
        biases = (self.out_channels, *self._places(bias))
        self.bias = uniform_parameter(biases, fan_in, dtype, generator) if bias else None

    def forward(self, input: Array) -> Array:
        """Convolve `input` of shape (n, c_in, *spatial) or (c_in, *spatial), in the layer's data_format."""
        if isinstance(input, Signal):
            return self._planned(input)
        output = self._output(input)
        if self.training:
            before = None
            if self.activation is not None:  # applied apart from the sums, because its derivative is taken at them
                name, slope = self._after
                before = output
                output = backend_for(self._function, "input", input).activation(name, before, None, None, slope)
            self._keep(output, input, before)
        return output

    def _output(self, input: Array) -> Array:
        """The output; in training mode the sums, before the activation."""
        packed, version = self._packed, self.weight.version
        output: Array | None = None if packed is None else packed.run(input, version)
        if output is None:  # new weights, another shape or other settings than last time, or an array that is not plain
            backend = backend_for(self._function, "input", input)
            if self.training and version != self._met:
                return self._once(backend, input)
            output = backend.run_packed(self._pack(input), input)
        return output

    def _once(self, backend: Any, input: Array) -> Array:
        """The output by weights that are new, and likely to change before the next call: they are not packed to be kept."""
        self.__dict__.update(_met=self.weight.version, _packed=None)
        bias = None if self.bias is None else self.bias.data
        compute = getattr(backend, self._packer.removeprefix("pack_"))
        return compute(self._function, self._axes, input, self.weight.data, bias, self._options(None), None, None)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._parameter_names or (name == "training" and self.activation is not None and value != self.training):
            self.__dict__["_packed"] = None
        super().__setattr__(name, value)

    def _pack(self, input: Array) -> Any:
        """Bind this layer to an input's shape and pack the weights for it, if they are not packed already."""
        bias = None if self.bias is None else self.bias.data
        backend = backend_for(self._function, "input", input)
        options = self._options(None if self.training else self.activation)
        call = (self._function, self._axes, input, self.weight.data, bias, options)
        self.__dict__["_packed"] = getattr(backend, self._packer)(*call, self.weight.version, self._packed)
        return self._packed

    def _options(self, activation: Any) -> tuple[Any, ...]:
        """The options of a call of the backend."""
        edges = self._edges()
        options = (*self._geometry(), self.algorithm, self.data_format, activation, self.precision)
        return (*options, tuple(edges.values())) if edges else options

    def _planned(self, input: Signal) -> Any:
        """This layer as a part of a stream."""
        if not self._streams:
            raise FastconvTypeError(f"stream: {self._function} has no form step by step")
        bias = None if self.bias is None else self.bias.data
        backend, options = backend_for(self._function, "input", input), self._options(self.activation)
        return backend.conv(self._function, self._axes, input, self.weight.data, bias, options, None, None)

    def backward(self, grad_output: Array) -> Any:
        """Gradient of the input, None without `input_gradient`; adds to `weight.grad` and `bias.grad`."""
        input, before = self._recall(grad_output)
        if before is not None:
            name, slope = self._after
            backend = backend_for(self._function, "grad_output", grad_output)
            grad_output = backend.activation_input(name, before, grad_output, slope)
        geometry, how = self._geometry(), self._gradient_options()
        self.weight.accumulate(self._grad_weight(input, self.weight.shape, grad_output, *geometry, **how))
        if self.bias is not None:
            self.bias.accumulate(self._grad_bias(grad_output, self.bias.shape, data_format=self.data_format))
        if not self.input_gradient:
            return None
        return self._grad_input(input.shape, self.weight.data, grad_output, *geometry, **how)

    def _fan_in(self) -> int:
        return self.in_channels // self.groups * math.prod(self.kernel_size)

    @property
    def _channels_last(self) -> bool:
        return self.data_format == FORMATS[self._axes][1]

    def _geometry(self) -> tuple[Any, ...]:
        return self.stride, self.padding, self.dilation, self.groups

    def _edges(self) -> dict[str, Any]:
        return {"padding_mode": self.padding_mode, "padding_value": self.padding_value, "flip": self.flip}

    def _gradient_options(self) -> dict[str, Any]:
        """What the gradients of the input and the weights take by keyword."""
        return self._edges() | {"data_format": self.data_format, "precision": self.precision}

    def _per_axis(self, argument: str, value: Any) -> tuple[int, ...]:
        return per_axis(type(self).__name__, argument, value, self._axes, 1, 1)[-self._axes :]

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.out_channels, self.in_channels // self.groups, *self.kernel_size)

    def _places(self, bias: Any) -> tuple[int, ...]:
        """The axes of a bias after its channels, none if there is one a channel."""
        if not is_sequence(bias):
            return ()
        layer = type(self).__name__
        places = shape_of(layer, "bias", bias, (self._axes,), "of places, one an axis")
        if 0 in places:
            raise FastconvValueError(f"{layer}: bias must have at least one place an axis, got bias={show(bias)}")
        return places

    def _padding(self, padding: Any) -> Any:
        """A word as it is, numbers one an axis where both ends agree, otherwise pairs."""
        unit = (1, 1, 1)
        pairs = padding_pairs(type(self).__name__, padding, self._axes, unit, unit, unit)[-self._axes :]
        if isinstance(padding, str):
            return padding
        if all(front == back for front, back in pairs):
            return tuple(front for front, _ in pairs)
        return pairs

    def extra_repr(self) -> str:
        """Torch's wording: whatever differs from the default."""
        ones = (1,) * self._axes
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        if self.padding != (0,) * self._axes:
            parts.append(f"padding={self.padding}")
        if self.dilation != ones:
            parts.append(f"dilation={self.dilation}")
        parts += self._more_repr()
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        elif self.bias.data.ndim > 1:
            parts.append(f"bias={self.bias.shape[1:]}")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        if self.padding_value:
            parts.append(f"padding_value={self.padding_value}")
        if self.flip:
            parts.append("flip=True")
        if self.algorithm is not None:
            parts.append(f"algorithm={self.algorithm!r}")
        if self._channels_last:
            parts.append(f"data_format={self.data_format!r}")
        if self.activation is not None:
            parts.append(f"activation={self.activation!r}")
        if self.precision is not None:
            parts.append(f"precision={self.precision!r}")
        return ", ".join(parts)

    def _more_repr(self) -> list[str]:
        return []


class Conv1d(_ConvNd):
    """Cross-correlation over (n, c_in, w), with learnt weights of shape (c_out, c_in/groups, kw).

    The parameters are those of `Conv2d`, with one axis; padding can also be "causal".

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Conv1d(16, 33, 3, stride=2)(np.zeros((20, 16, 50), np.float32)).shape
    (20, 33, 24)
    """

    _axes = 1
    _function = "conv1d"
    _grad_input = staticmethod(G.conv1d_input)
    _grad_weight = staticmethod(G.conv1d_weight)
    _grad_bias = staticmethod(G.conv1d_bias)


class CausalConv1d(Conv1d):
    """Causal cross-correlation over (n, c_in, w): output t sees the inputs up to t * stride, and none after it.

    A `Conv1d` with padding="causal" and algorithm="causal": the front is padded with (kernel_size - 1) * dilation zeros, the
    end not at all, and the sums are formed in an order that does not depend on the length of the sequence. Its `stream()`
    therefore gives, chunk by chunk, the bits of the whole.

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride, dilation, groups, bias : optional
        As in `Conv2d`, with one axis.
    dtype, rng, activation, precision : optional
        As in `Conv2d`.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        For an argument out of its range or of the wrong kind, by name.

    References
    ----------
    van den Oord et al., WaveNet, arXiv 1609.03499, section 2.1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> layer = fc.nn.CausalConv1d(4, 8, 2, dilation=16, rng=0)
    >>> x = np.random.default_rng(0).standard_normal((4, 100)).astype(np.float32)
    >>> stream = layer.stream()
    >>> chunks = [stream.push(x[:, :1]), stream.push(x[:, 1:60]), stream.push(x[:, 60:])]
    >>> bool((np.concatenate(chunks, axis=-1) == layer(x)).all())
    True
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        dtype: Any = "float32",
        rng: np.random.Generator | int | None = None,
        activation: Any = None,
        precision: str | None = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            "causal",
            dilation,
            groups,
            bias,
            dtype=dtype,
            rng=rng,
            algorithm="causal",
            activation=activation,
            precision=precision,
        )


class Conv2d(_ConvNd):
    """Cross-correlation over (n, c_in, h, w), with learnt weights of shape (c_out, c_in/groups, kh, kw).

    Parameters
    ----------
    in_channels, out_channels : int
        c_in and c_out, both divisible by `groups`.
    kernel_size, stride, dilation : int or one int per axis
        As in `fastconv.functional.conv2d`.
    padding : int, one int per axis, one (front, back) pair per axis, "same" or "valid"
        As in `fastconv.functional.conv2d`; "same" also with a stride.
    groups : int
        How many independent groups the channels form.
    bias : bool or one int per axis
        Whether to learn one addend per output channel; (oh, ow) learns one per place of the output instead, (1, ow) one per
        column, (oh, 1) one per row.
    padding_mode : str, or one per axis, or one (front, back) pair per axis
        What the padding holds: "zeros", "constant", "replicate", "reflect", "symmetric", "circular", or another library's
        word, as in "scipy:mirror" (`fastconv.border_mode`).
    dtype : str or numpy.dtype
        float32 or float64, of the parameters and therefore of the input.
    rng : numpy.random.Generator or int, optional
        Where the initial values come from: a generator, a seed, or None for fresh entropy. They are torch's
        default, uniform within 1/sqrt(fan_in).
    algorithm : str, optional
        One of `fastconv.algorithms()`; a call it cannot serve raises. None lets fastconv choose.
    data_format : str, optional
        "NCHW" (the default) or "NHWC": where input and output have their channels; the weights are the same in both.
    activation : str or ("leaky_relu", slope), optional
        Applied to the output, in the same pass in eval mode; names as in `fastconv.functional.conv2d`.
    precision : {"fast", "strict"}, optional
        As in `fastconv.functional.conv2d`.
    padding_value : float, optional
        The number that padding_mode="constant" means.
    flip : bool, optional
        True reverses the filters along height and width: convolution as mathematics defines it.

    Attributes
    ----------
    weight : Parameter
    bias : Parameter or None

    Raises
    ------
    FastconvValueError, FastconvTypeError
        For an argument out of its range or of the wrong kind, by name.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> layer = fc.nn.Conv2d(3, 10, 5, padding=2, rng=0)
    >>> y = layer(np.ones((1, 3, 32, 32), np.float32))
    >>> y.shape, layer.backward(np.ones_like(y)).shape, layer.weight.grad.shape
    ((1, 10, 32, 32), (1, 3, 32, 32), (10, 3, 5, 5))
    >>> fc.nn.Conv2d(3, 10, 5, data_format="NHWC", activation="relu")(np.ones((1, 32, 32, 3), np.float32)).shape
    (1, 28, 28, 10)
    >>> fc.nn.Conv2d(3, 10, 5, padding=2, padding_mode="circular")
    Conv2d(3, 10, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2), padding_mode=circular)
    """

    _axes = 2
    _function = "conv2d"
    _grad_input = staticmethod(G.conv2d_input)
    _grad_weight = staticmethod(G.conv2d_weight)
    _grad_bias = staticmethod(G.conv2d_bias)


class Conv3d(_ConvNd):
    """Cross-correlation over (n, c_in, d, h, w), learnt weights of shape (c_out, c_in/groups, kd, kh, kw).

    The parameters are those of `Conv2d`, with three axes.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.Conv3d(2, 4, 3, padding="same")(np.zeros((1, 2, 5, 6, 7), np.float32)).shape
    (1, 4, 5, 6, 7)
    """

    _axes = 3
    _function = "conv3d"
    _grad_input = staticmethod(G.conv3d_input)
    _grad_weight = staticmethod(G.conv3d_weight)
    _grad_bias = staticmethod(G.conv3d_bias)
