# SPDX-License-Identifier: BSD-3-Clause
"""WaveNet, which can also run step by step."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn
from ..spec import whole


class WaveNetLayer(nn.Module):
    """One layer of `WaveNetStack`: a dilated causal convolution, its gate, and two 1x1 convolutions, to residual and skip.

    Parameters
    ----------
    channels, skip_channels : int
    kernel_size, dilation : int
        Of the causal convolution.
    gated : bool
        tanh(a) * sigmoid(b) of twice as many channels, as in the paper; otherwise ReLU.
    residual : bool
        Whether there is a next layer, which takes input + residual(gate); False for the last.
    dtype : str or numpy.dtype
        float32 or float64.
    rng : numpy.random.Generator or int, optional
        Where the initial weights come from.

    References
    ----------
    van den Oord et al., WaveNet, arXiv 1609.03499, figure 4.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> following, skip = fc.models.WaveNetLayer(16, 8, dilation=4, rng=0)(np.zeros((16, 50), np.float32))
    >>> following.shape, skip.shape
    ((16, 50), (8, 50))
    """

    def __init__(
        self,
        channels: int,
        skip_channels: int,
        kernel_size: int = 2,
        dilation: int = 1,
        gated: bool = True,
        residual: bool = True,
        dtype: Any = "float32",
        rng: np.random.Generator | int | None = None,
    ) -> None:
        how: dict[str, Any] = {"dtype": dtype, "rng": np.random.default_rng(rng)}
        self.dilated = nn.CausalConv1d(channels, channels * (1 + gated), kernel_size, dilation=dilation, **how)
        self.gate = nn.GatedTanh() if gated else nn.ReLU()
        self.skip = nn.CausalConv1d(channels, skip_channels, 1, **how)
        self.residual = nn.CausalConv1d(channels, channels, 1, **how) if residual else None

    def forward(self, input: Any) -> tuple[Any, Any]:
        """What the next layer takes (None after the last) and what goes to the skip sum."""
        opened = self.gate(self.dilated(input))
        skip = self.skip(opened)
        return (None if self.residual is None else input + self.residual(opened)), skip

    def backward(self, grad_output: tuple[Any, Any]) -> Any:
        """Gradient of the input from those of both outputs."""
        following, skip = grad_output
        opened = self.skip.backward(skip)
        if self.residual is None:
            return self.dilated.backward(self.gate.backward(opened))
        opened = opened + self.residual.backward(following)
        return self.dilated.backward(self.gate.backward(opened)) + following


class WaveNetStack(nn.Module):
    """WaveNet's dilated layers: dilations 1, 2, 4, ... over and over, residual connections, and the sum of all skips.

    Parameters
    ----------
    channels, skip_channels : int
        Of the input and of the output.
    layers : int
        Of one round: dilations 1 ... 2**(layers - 1).
    rounds : int
    kernel_size : int
    gated : bool
        As in `WaveNetLayer`.
    dtype : str or numpy.dtype
        float32 or float64.
    rng : numpy.random.Generator or int, optional
        Where the initial weights come from.

    References
    ----------
    van den Oord et al., WaveNet, arXiv 1609.03499, sections 2.1 and 2.4; Paine et al., arXiv 1611.09482 (its `stream`).

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> stack = fc.models.WaveNetStack(8, 8, layers=3, rounds=2, rng=0)
    >>> x = np.random.default_rng(0).standard_normal((8, 20)).astype(np.float32)
    >>> stream = stack.stream()
    >>> bool((np.concatenate([stream.push(x[:, :7]), stream.push(x[:, 7:])], axis=1) == stack(x)).all())
    True
    """

    def __init__(
        self,
        channels: int = 64,
        skip_channels: int = 64,
        layers: int = 10,
        rounds: int = 3,
        kernel_size: int = 2,
        gated: bool = True,
        dtype: Any = "float32",
        rng: np.random.Generator | int | None = None,
    ) -> None:
        how: dict[str, Any] = {"gated": gated, "dtype": dtype, "rng": np.random.default_rng(rng)}
        count = whole("WaveNetStack", "layers", layers, 1) * whole("WaveNetStack", "rounds", rounds, 1)
        self.layers = nn.Sequential(
            *(
                WaveNetLayer(channels, skip_channels, kernel_size, 2 ** (at % layers), residual=at + 1 < count, **how)
                for at in range(count)
            )
        )

    def forward(self, input: Any) -> Any:
        """The sum of the skips."""
        total = None
        for layer in self.layers:
            input, skip = layer(input)
            total = skip if total is None else total + skip
        return total

    def backward(self, grad_output: Any) -> Any:
        """Gradient of the input."""
        following = None
        for layer in reversed(list(self.layers)):
            following = layer.backward((following, grad_output))
        return following


class WaveNet(nn.Sequential):
    """WaveNet on sequences of `in_channels`: a causal layer, `WaveNetStack`, and two 1x1 layers with ReLU before them.

    The output has `out_channels` numbers a step: of the logits of the next sample's values, 256 in the paper. In a loop of
    `stream().push(sample)` a sample costs its own arithmetic only.

    Parameters
    ----------
    in_channels, out_channels, channels, skip_channels, layers, rounds, kernel_size, gated : optional
        As in `WaveNetStack`.
    dtype : str or numpy.dtype
        float32 or float64.
    rng : numpy.random.Generator or int, optional
        Where the initial weights come from.

    References
    ----------
    van den Oord et al., WaveNet, arXiv 1609.03499, figure 4.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> model = fc.models.WaveNet(1, 256, channels=16, skip_channels=32, layers=4, rounds=1, rng=0)
    >>> stream = model.stream()
    >>> sample = np.zeros((1, 1), np.float32)
    >>> for _ in range(3):
    ...     logits = stream.push(sample)
    ...     sample[:] = (logits.argmax() - 128) / 128
    >>> logits.shape
    (256, 1)
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 256,
        channels: int = 64,
        skip_channels: int = 64,
        layers: int = 10,
        rounds: int = 3,
        kernel_size: int = 2,
        gated: bool = True,
        dtype: Any = "float32",
        rng: np.random.Generator | int | None = None,
    ) -> None:
        generator = np.random.default_rng(rng)
        super().__init__(
            {
                "front": nn.CausalConv1d(in_channels, channels, kernel_size, dtype=dtype, rng=generator),
                "stack": WaveNetStack(channels, skip_channels, layers, rounds, kernel_size, gated, dtype, generator),
                "relu1": nn.ReLU(),
                "head1": nn.CausalConv1d(skip_channels, skip_channels, 1, dtype=dtype, rng=generator),
                "relu2": nn.ReLU(),
                "head2": nn.CausalConv1d(skip_channels, out_channels, 1, dtype=dtype, rng=generator),
            }
        )
