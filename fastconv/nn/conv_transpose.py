# SPDX-License-Identifier: BSD-3-Clause
"""Transposed convolution layers, one class per number of spatial axes, as torch.nn defines and initialises them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import grad as G
from ..backends import backend_for
from ..spec import FastconvValueError, batch_and_channels, flag, one_of, per_axis, shape_of, show
from .conv import _ConvNd
from .module import Array


class _ConvTransposeNd(_ConvNd):
    _packer = "pack_conv_transpose"
    _streams = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: Any = 0,
        output_padding: int | tuple[int, ...] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | tuple[int, ...] = 1,
        padding_mode: str = "zeros",
        *,
        dtype: Any = "float32",
        rng: np.random.Generator | int | None = None,
        algorithm: str | None = None,
        data_format: str | None = None,
        activation: Any = None,
        precision: str | None = None,
    ) -> None:
        layer = type(self).__name__
        if isinstance(padding, str):
            raise FastconvValueError(
                f"{layer}: padding must be a whole number, one an axis, or a (front, back) pair an axis, "
                f"got padding={padding!r}"
            )
        self.padding_mode = one_of(layer, "padding_mode", padding_mode, ("zeros",))
        self.output_padding = per_axis(layer, "output_padding", output_padding, self._axes, 0, 0)[-self._axes :]
        self._added = self.output_padding
        steps, gaps = (per_axis(layer, *pair, self._axes, 1, 1) for pair in (("stride", stride), ("dilation", dilation)))
        if any(
            extra >= max(s, g)
            for extra, s, g in zip(self.output_padding, steps[-self._axes :], gaps[-self._axes :], strict=True)
        ):
            raise FastconvValueError(
                f"{layer}: output_padding must be smaller than stride or dilation, got "
                f"output_padding={show(output_padding)} with stride={show(stride)} and dilation={show(dilation)}"
            )
        bias = flag(layer, "bias", bias)
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            dtype=dtype,
            rng=rng,
            algorithm=algorithm,
            data_format=data_format,
            activation=activation,
            precision=precision,
        )

    def forward(self, input: Array, output_size: Any = None) -> Array:
        """Spread `input` of shape (n, c_in, *spatial) or (c_in, *spatial), in the layer's data_format.

        `output_size`, with or without batch and channels, is which of the sizes that a stride allows the output has.
        """
        added = self.output_padding if output_size is None else self._padding_for(input, output_size)
        if added != self._added:
            self.__dict__["_packed"] = None
            self._added = added
        return super().forward(input)

    def _padding_for(self, input: Array, output_size: Any) -> tuple[int, ...]:
        """The output padding that gives the output this size."""
        layer, rank = type(self).__name__, self._axes
        backend_for(self._function, "input", input)
        batched, n, _, axes = batch_and_channels(self._function, "input", input.shape, rank, self._channels_last)
        size, batch = axes[-rank:], (n,) if batched else ()
        lead = len(batch) + 1
        given = shape_of(layer, "output_size", output_size, (rank, rank + lead), "(spatial, or with batch and channels)")
        if len(given) > rank:
            whole_size = given
            given = given[lead - 1 : -1] if self._channels_last else given[lead:]
            full = (*batch, *given, self.out_channels) if self._channels_last else (*batch, self.out_channels, *given)
            if whole_size != full:
                raise FastconvValueError(
                    f"{layer}: output_size must have the batch and channels {(*batch, self.out_channels)}, "
                    f"got output_size={show(output_size)}"
                )
        pads = [pad if isinstance(pad, tuple) else (pad, pad) for pad in self.padding]
        steps = zip(size, self.stride, self.kernel_size, self.dilation, pads, strict=True)
        least = [(i - 1) * s - front - back + d * (k - 1) + 1 for i, s, k, d, (front, back) in steps]
        for axis, (wanted, low, step) in enumerate(zip(given, least, self.stride, strict=True)):
            if not low <= wanted < low + step:
                raise FastconvValueError(
                    f"{layer}: output_size must lie between {low} and {low + step - 1} in axis {axis}, "
                    f"got output_size={show(output_size)} for input of shape {np.shape(input)}"
                )
        return tuple(wanted - low for wanted, low in zip(given, least, strict=True))

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.in_channels, self.out_channels // self.groups, *self.kernel_size)

    def _fan_in(self) -> int:
        return self.out_channels // self.groups * math.prod(self.kernel_size)

    def _geometry(self) -> tuple[Any, ...]:
        return self.stride, self.padding, self._added, self.groups, self.dilation

    def _edges(self) -> dict[str, Any]:
        return {}

    def _more_repr(self) -> list[str]:
        return [f"output_padding={self.output_padding}"] if any(self.output_padding) else []


class ConvTranspose1d(_ConvTransposeNd):
    """Transposed convolution of (n, c_in, w), with learnt weights of shape (c_in, c_out/groups, kw).

    The parameters are those of `ConvTranspose2d`, with one axis.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ConvTranspose1d(16, 8, 4, stride=2, padding=1)(np.zeros((2, 16, 25), np.float32)).shape
    (2, 8, 50)
    """

    _axes = 1
    _function = "conv_transpose1d"
    _grad_input = staticmethod(G.conv_transpose1d_input)
    _grad_weight = staticmethod(G.conv_transpose1d_weight)
    _grad_bias = staticmethod(G.conv1d_bias)


class ConvTranspose2d(_ConvTransposeNd):
    """Transposed convolution of (n, c_in, h, w), with learnt weights of shape (c_in, c_out/groups, kh, kw).

    Parameters
    ----------
    in_channels, out_channels : int
        c_in and c_out, both divisible by `groups`.
    kernel_size, stride, dilation : int or one int per axis
        As in `fastconv.functional.conv_transpose2d`.
    padding : int, one int per axis, or one (front, back) pair per axis
        What is cut off at the border of the output.
    output_padding : int or one int per axis
        Further positions at the end of each axis, where the call does not give an `output_size`.
    groups : int
        How many independent groups the channels form.
    bias : bool
        Whether to learn one addend per output channel.
    padding_mode : {"zeros"}
        The only one that torch has for these layers.
    dtype, rng, algorithm, data_format, activation, precision : optional
        As in `Conv2d`; algorithm is one of `fastconv.algorithms("conv_transpose2d")`. The initial values are torch's
        default, uniform within 1/sqrt(c_out/groups * kh * kw).

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
    >>> down, up = fc.nn.Conv2d(3, 8, 3, stride=2, padding=1), fc.nn.ConvTranspose2d(8, 3, 3, stride=2, padding=1)
    >>> x = np.zeros((1, 3, 12, 13), np.float32)
    >>> up(down(x)).shape, up(down(x), output_size=x.shape).shape
    ((1, 3, 11, 13), (1, 3, 12, 13))
    """

    _axes = 2
    _function = "conv_transpose2d"
    _grad_input = staticmethod(G.conv_transpose2d_input)
    _grad_weight = staticmethod(G.conv_transpose2d_weight)
    _grad_bias = staticmethod(G.conv2d_bias)


class ConvTranspose3d(_ConvTransposeNd):
    """Transposed convolution of (n, c_in, d, h, w), with learnt weights of shape (c_in, c_out/groups, kd, kh, kw).

    The parameters are those of `ConvTranspose2d`, with three axes.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.nn.ConvTranspose3d(4, 2, 2, stride=2)(np.zeros((1, 4, 3, 4, 5), np.float32)).shape
    (1, 2, 6, 8, 10)
    """

    _axes = 3
    _function = "conv_transpose3d"
    _grad_input = staticmethod(G.conv_transpose3d_input)
    _grad_weight = staticmethod(G.conv_transpose3d_weight)
    _grad_bias = staticmethod(G.conv3d_bias)
