# SPDX-License-Identifier: BSD-3-Clause
"""Networks of causal layers on sequences that come chunk by chunk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from ..backends.streaming import open_stream
from ..spec import FastconvError, FastconvTypeError, FastconvValueError, show, whole
from .module import Array, Module


class Stream:
    """A module that has taken a part of a sequence and waits for the next; `Module.stream` begins one.

    The outputs of all chunks together have the bits of the module's output for the whole sequence, however it is cut: chunks
    may have any length, 0 included. Each layer keeps the past steps it needs again: a step costs a step's arithmetic.

    The module is called once, to see what it computes. Its `forward` may use causal convolutions (`CausalConv1d`; others
    with padding="causal" and algorithm="causal", and with kernel size 1), activations that work element by element,
    `GatedTanh`, and `+` and `*` between sequences: residual and skip connections as they are written down. The weights
    are packed as they are then; a stream does not see later changes. It runs on the instruction set that is in force
    when it begins.

    Parameters
    ----------
    module : Module
        What to run, from one sequence to one sequence.
    batch : int, optional
        How many sequences at once: chunks are (batch, c_in, t). By default one without a batch axis: (c_in, t).
    channels : int, optional
        c_in, where it is not that of the module's first convolution.
    num_threads : int, optional
        Threads of a push; short ones and narrow layers stay on the calling thread. Default: see `fastconv.override`. The
        result has the same bits for every number.

    Attributes
    ----------
    position : int
        Steps taken since the beginning. With strides whose product is s, ceil(position / s) outputs were given.
    nbytes : int
        Bytes it holds: packed weights, past steps, and the values of a block of steps. The weights are shared by copies.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If the module does something that has no form step by step; the message says what.

    References
    ----------
    van den Oord et al., WaveNet, arXiv 1609.03499; Paine et al., Fast Wavenet Generation Algorithm, arXiv 1611.09482.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> model = fc.nn.Sequential(fc.nn.CausalConv1d(1, 4, 3, rng=0), fc.nn.ReLU(), fc.nn.CausalConv1d(4, 2, 2, rng=1))
    >>> x = np.random.default_rng(0).standard_normal((1, 10)).astype(np.float32)
    >>> stream = model.stream()
    >>> y = np.concatenate([stream.push(x[:, t : t + 1]) for t in range(10)], axis=1)
    >>> bool((y == model(x)).all()), stream.position
    (True, 10)
    """

    def __init__(
        self, module: Module, batch: int | None = None, *, channels: int | None = None, num_threads: int | None = None
    ) -> None:
        if not isinstance(module, Module):
            raise FastconvTypeError(f"stream: module must be a Module, got module={show(module)}")
        self._batch = None if batch is None else whole("stream", "batch", batch, 0, limit=1 << 31)
        self._channels = self._channels_of(module, channels)
        self._bound, self._dtype, self._threads = open_stream(
            module, self._channels, 1 if self._batch is None else self._batch,
            [parameter.data for parameter in module.parameters()], num_threads,
        )  # fmt: skip

    @staticmethod
    def _channels_of(module: Module, channels: int | None) -> int:
        if channels is not None:
            return whole("stream", "channels", channels, 1, limit=1 << 31)
        for _, layer in module.named_modules():
            if isinstance(getattr(layer, "in_channels", None), int):
                return int(layer.in_channels)  # type: ignore[attr-defined]
        raise FastconvValueError("stream: channels must be given for a module without a convolution, got channels=None")

    @property
    def position(self) -> int:
        return self._bound.position

    @property
    def nbytes(self) -> int:
        return self._bound.nbytes

    def push(self, chunk: Array) -> Array:
        """Take the next steps and return the outputs they complete.

        Parameters
        ----------
        chunk : ndarray of shape (batch, c_in, t) or (c_in, t)
            t may be 0; any layout.

        Returns
        -------
        ndarray of shape (batch, c_out, t') or (c_out, t')
            t' is t where the network has no stride.

        Raises
        ------
        FastconvValueError, FastconvTypeError
            If the chunk has another shape or dtype, before any of it is taken.
        FastconvError
            If an earlier push was interrupted, so that a part of its chunk was taken (`reset` or `load_state_dict` first),
            or another thread's is not done.
        """
        bound = self._bound
        if bound.torn:
            raise FastconvError("push: a stream whose last push was interrupted must be reset or given a state first")
        self._expect_idle("push")
        if not (
            type(chunk) is np.ndarray
            and chunk.dtype == self._dtype
            and chunk.ndim == (2 if self._batch is None else 3)
            and chunk.flags.carray
        ):
            chunk = self._plain(chunk)
        lead = (1, self._channels) if self._batch is None else (self._batch, self._channels)
        if self._batch is None:
            chunk = chunk[None]
        if chunk.shape[:2] != lead:
            raise FastconvValueError(
                f"push: chunk must have {self._channels} channels"
                + (f" and a batch of {self._batch}" if self._batch is not None else "")
                + f", got chunk of shape {chunk.shape if self._batch is not None else chunk.shape[1:]}"
            )
        y = bound.push(chunk, self._threads())
        return y[0] if self._batch is None else y

    def _expect_idle(self, method: str) -> None:
        if self._bound.busy:
            raise FastconvError(f"{method}: a stream takes one chunk at a time, and another thread's is not done")

    def _plain(self, chunk: Any) -> Array:
        if not isinstance(chunk, np.ndarray):
            raise FastconvTypeError(f"push: chunk must be a NumPy array, got chunk={show(chunk)}")
        if chunk.dtype.newbyteorder("=") != self._dtype:
            raise FastconvTypeError(f"push: chunk must be {self._dtype}, as the module, got chunk of dtype {chunk.dtype}")
        axes = 2 if self._batch is None else 3
        if chunk.ndim != axes:
            raise FastconvValueError(
                f"push: chunk must have {axes} axes ({'' if self._batch is None else 'batch, '}channels, steps), "
                f"got chunk of shape {chunk.shape}"
            )
        return np.require(np.asarray(chunk), self._dtype, ("C", "A"))

    def reset(self) -> None:
        """Forget the past: the next chunk begins a new sequence."""
        self._expect_idle("reset")
        self._bound.reset()

    def copy(self) -> Self:
        """Return a stream at the same place, whose past is the same and whose future is its own; the weights are shared."""
        self._expect_idle("copy")
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._bound = self._bound.fork()
        return other

    def __copy__(self) -> Self:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Self:
        return self.copy()

    def state_dict(self) -> dict[str, Array]:
        """Return the past as arrays, ready for ``numpy.savez(path, **state)``.

        Returns
        -------
        dict of str to ndarray
            "position": steps taken; "0", "1", ...: for each convolution with more than one tap, in the order of the
            network, its last (kernel_size - 1) * dilation inputs, (batch or 1, channels, steps), zeros before the beginning.
        """
        self._expect_idle("state_dict")
        state: dict[str, Array] = {"position": np.array(self.position, np.int64)}
        for number, _ in enumerate(self._bound.history_shapes):
            ring, places = self._bound.past(number)
            state[str(number)] = np.ascontiguousarray(ring[places].transpose(1, 2, 0))
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up where another stream of the same network was; nothing is changed unless all of it fits.

        Parameters
        ----------
        state : mapping of str to array_like
            As `state_dict` returns it.

        Raises
        ------
        FastconvValueError, FastconvTypeError
            If a name is missing or surplus, or an array has another shape or dtype.
        """
        self._expect_idle("load_state_dict")
        shapes = self._bound.history_shapes
        names = {"position", *(str(number) for number in range(len(shapes)))}
        if set(state) != names:
            raise FastconvValueError(f"load_state_dict: state must hold the names {sorted(names)}, got {sorted(state)}")
        at = np.asarray(state["position"])
        position = whole("load_state_dict", "position", at.item() if at.shape == () else state["position"], 0, limit=1 << 60)
        arrays = [np.asarray(state[str(number)]) for number in range(len(shapes))]
        for number, (array, shape) in enumerate(zip(arrays, shapes, strict=True)):
            if array.dtype.newbyteorder("=") != self._dtype:
                raise FastconvTypeError(
                    f"load_state_dict: state[{str(number)!r}] must be {self._dtype}, got dtype {array.dtype}"
                )
            if array.shape != shape:
                raise FastconvValueError(
                    f"load_state_dict: state[{str(number)!r}] must have shape {shape}, got shape {array.shape}"
                )
        self._bound.resume(position)
        for number, array in enumerate(arrays):
            ring, places = self._bound.past(number)
            ring[places] = array.transpose(2, 0, 1)
