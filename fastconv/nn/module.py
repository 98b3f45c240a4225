# SPDX-License-Identifier: BSD-3-Clause
"""What layers are made of: `Parameter`, an array that tells of its changes, and `Module`, which remembers.

There is no tape here. A layer's `forward` keeps what its `backward` will need, and `backward` turns the
gradient of the output into the gradient of the input, adding the parameters' gradients to their `.grad` on
the way. Parameters are read-only outside `Parameter.writeable`, because layers keep their weights in packed
form: an edit that nobody announced would be ignored.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ..spec import FastconvTypeError, FastconvValueError, show

if TYPE_CHECKING:
    from .stream import Stream

Array = np.ndarray[Any, np.dtype[Any]]

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))

# One counter for all parameters: a version number then names one content of one parameter, so a layer whose
# Parameter object was exchanged for another never takes its old packed weights for the new ones.
_next_version = itertools.count(1).__next__


class Parameter:
    """A learnable array: read-only data, a gradient, and a version that changes with every change.

    Parameters
    ----------
    data : array_like
        Float values of any shape; they are copied.
    dtype : str or numpy.dtype, optional
        float32 or float64; by default that of `data`.
    copy : bool
        False takes over an array that fits, which the caller gives up.

    Attributes
    ----------
    data : numpy.ndarray
        A read-only view. Assigning to it checks the shape, casts to the parameter's dtype and copies the
        values.
    grad : numpy.ndarray or None
        The gradient that `backward` calls have summed up since the last `Module.zero_grad`.
    version : int
        Grows whenever the data changes; no two parameters ever share one.

    Raises
    ------
    FastconvTypeError
        If the dtype is neither float32 nor float64.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> p = fc.nn.Parameter(np.zeros(3, np.float32))
    >>> with p.writeable() as array:
    ...     array += 1
    >>> p.data
    array([1., 1., 1.], dtype=float32)
    >>> p.data[0] = 5
    Traceback (most recent call last):
    ValueError: assignment destination is read-only
    """

    __slots__ = ("__weakref__", "_data", "grad", "version")

    _dtypes: ClassVar[tuple[np.dtype[Any], ...]] = _FLOATS

    def __init__(self, data: Any, dtype: Any = None, *, copy: bool = True) -> None:
        array = np.array(data, dtype=dtype, order="C") if copy else np.asarray(data, dtype=dtype, order="C")
        if array.dtype not in self._dtypes:
            raise FastconvTypeError(f"Parameter: data must be float32 or float64, got dtype={array.dtype}")
        array.flags.writeable = False
        self._data: Array = array
        self.grad: Array | None = None
        self.version: int = _next_version()

    @property
    def data(self) -> Array:
        """The values, as a read-only view."""
        return self._data.view()

    @data.setter
    def data(self, value: Any) -> None:
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise FastconvTypeError(f"Parameter.data: value must hold real numbers, got dtype={array.dtype}")
        if array.shape != self.shape:
            raise FastconvValueError(f"Parameter.data: value must have shape {self.shape}, got shape={array.shape}")
        with self.writeable() as own:
            own[...] = array

    @contextmanager
    def writeable(self) -> Iterator[Array]:
        """Lend the values for editing in place; the version changes when the block ends, however it ends."""
        self._data.flags.writeable = True
        lent = self._data.view()
        try:
            yield lent
        finally:
            lent.flags.writeable = False
            self._data.flags.writeable = False
            self.version = _next_version()

    def accumulate(self, gradient: Array) -> None:
        """Add a gradient of the parameter's shape to `.grad`; the first one is taken over, not copied."""
        if self.grad is None:
            self.grad = gradient
        else:
            self.grad += gradient

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, fixed for the life of the parameter."""
        shape: tuple[int, ...] = self._data.shape
        return shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64, fixed for the life of the parameter."""
        return self._data.dtype

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return self._data.size

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.data, dtype=dtype, copy=copy)

    def __reduce__(self) -> tuple[Any, ...]:
        # Copies and unpickled parameters get a version of their own and are sealed again: NumPy does not keep
        # the read-only flag.
        return type(self), (self._data,), (None, {"grad": self.grad})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({np.array2string(self._data, threshold=20, separator=', ')}, dtype={self.dtype})"


class Buffer(Parameter):
    """An array that a layer keeps and `state_dict` names, but nothing learns: running moments, a count.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.nn.BatchNorm1d(2).running_var
    Buffer([1., 1.], dtype=float32)
    """

    __slots__ = ()

    _dtypes = (*_FLOATS, np.dtype(np.int64))


class Module:
    """Base of all layers: a callable with parameters, children and a `backward`.

    A subclass assigns its `Parameter` and `Module` attributes in `__init__`, computes in `forward`, calls
    `_keep` there with what `backward` needs, and in `backward` asks `_recall` for it. Assigning an array to
    an attribute that holds a Parameter changes that parameter's values: ``layer.weight = array``.

    What a call of `forward` kept stays until the next call or until `eval`, so `backward` may be called more
    than once. Inputs are kept by reference: do not change them between `forward` and `backward`.

    Attributes
    ----------
    training : bool
        True at first; after `eval()` layers keep nothing for `backward`.
    input_gradient : bool
        True at first. False, of a convolution or a dense layer that sees the data itself: `backward` adds to the parameters'
        gradients and returns None, in half the time.
    """

    training: bool = True
    input_gradient: bool = True
    _parameter_names: ClassVar[tuple[str, ...]] = ()
    _kept: tuple[Any, ...] | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        # A call of a layer is its forward itself, not a method that calls it: on an 8x8 image one frame more
        # can be measured.
        super().__init_subclass__(**options)
        cls.__call__ = cls.forward  # type: ignore[method-assign]

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; also what calling the module does."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    def backward(self, grad_output: Any) -> Any:
        """Gradient of the input from that of the output; adds to the parameters' `.grad`."""
        raise NotImplementedError(f"{type(self).__name__} does not define backward")

    def __setattr__(self, name: str, value: Any) -> None:
        current = self.__dict__.get(name)
        if isinstance(value, Parameter):
            if isinstance(current, Parameter) and (value.shape, value.dtype) != (
                current.shape,
                current.dtype,
            ):
                raise FastconvValueError(
                    f"{type(self).__name__}.{name}: must stay {current.dtype} of shape {current.shape}, "
                    f"got {value.dtype} of shape {value.shape}"
                )
        elif isinstance(current, Parameter):
            current.data = value
            return
        elif value is not None and name in self._parameter_names:
            layer = type(self).__name__
            raise FastconvValueError(f"{layer}.{name}: this layer was made without {name}, got {name}={show(value)}")
        object.__setattr__(self, name, value)

    def _keep(self, output: Array, *what: Any) -> None:
        """Remember, in training, what `backward` needs, and the output's shape and dtype to check it by."""
        if self.training and isinstance(output, np.ndarray):  # a stream that is being planned has no gradient
            self.__dict__["_kept"] = (output.shape, output.dtype, *what)

    def _recall(self, grad_output: Any) -> tuple[Any, ...]:
        """What `_keep` was given, once the gradient is known to fit the output."""
        where, given = f"{type(self).__name__}.backward", f"got grad_output={show(grad_output)}"
        if self._kept is None:
            raise FastconvValueError(f"{where}: forward must run before it, in training mode, {given}")
        shape, dtype, *what = self._kept
        if not isinstance(grad_output, np.ndarray) or grad_output.dtype != dtype:
            raise FastconvTypeError(f"{where}: grad_output must be an array of {dtype}, as the output, {given}")
        if grad_output.shape != shape:
            raise FastconvValueError(f"{where}: grad_output must have the output's shape {shape}, {given}")
        return tuple(what)

    def stream(self, batch: int | None = None, *, channels: int | None = None, num_threads: int | None = None) -> Stream:
        """Begin to run this module on sequences that come chunk by chunk; see `Stream`."""
        from .stream import Stream  # which needs the layers, and they this

        return Stream(self, batch, channels=channels, num_threads=num_threads)

    def __getstate__(self) -> dict[str, Any]:
        # A copied or unpickled module starts without what it kept, and packs its weights anew.
        return {name: value for name, value in vars(self).items() if name not in ("_kept", "_packed", "_steps")}

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules held directly, by attribute name, in the order they were assigned."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all inside it, depth first, by dotted name."""
        yield prefix, self
        for name, child in self.named_children():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name)

    def _entries(self) -> Iterator[tuple[str, Parameter]]:
        """Every place that holds a parameter or a buffer; one shared by two layers comes twice."""
        for prefix, module in self.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, Parameter):
                    yield (f"{prefix}.{name}" if prefix else name), value

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """All parameters with torch's names ("0.weight", …), each once even when layers share it."""
        seen: set[int] = set()
        for name, parameter in self._entries():
            if id(parameter) not in seen and not isinstance(parameter, Buffer):
                seen.add(id(parameter))
                yield name, parameter

    def parameters(self) -> Iterator[Parameter]:
        """All parameters, each once."""
        for _, parameter in self.named_parameters():
            yield parameter

    def state_dict(self) -> dict[str, Array]:
        """A copy of all parameters and buffers by name, as torch names them.

        Returns
        -------
        dict of str to numpy.ndarray
            Ready for `save_state`.

        Examples
        --------
        >>> import fastconv as fc
        >>> model = fc.nn.Sequential(fc.nn.Conv2d(1, 6, 5), fc.nn.ReLU())
        >>> {name: array.shape for name, array in model.state_dict().items()}
        {'0.weight': (6, 1, 5, 5), '0.bias': (6,)}
        """
        return {name: parameter.data.copy() for name, parameter in self._entries()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set all parameters and buffers from a mapping of names to arrays; nothing is changed unless all of it fits.

        Parameters
        ----------
        state : mapping of str to array_like
            As `state_dict` returns it, or from torch: anything `numpy.asarray` takes.

        Raises
        ------
        FastconvValueError
            If a name is missing, is not one of this module, or its array has another shape: the message lists
            them.
        FastconvTypeError
            If an array does not hold real numbers.
        """
        where = f"{type(self).__name__}.load_state_dict"
        entries = dict(self._entries())
        missing = [name for name in entries if name not in state]
        surplus = [name for name in state if name not in entries]
        if missing or surplus:
            told = [f"missing {missing}"] * bool(missing) + [f"surplus {surplus}"] * bool(surplus)
            raise FastconvValueError(f"{where}: state must hold exactly this module's names, got {' and '.join(told)}")
        arrays = {name: np.asarray(state[name]) for name in entries}
        for name, array in arrays.items():
            if array.dtype.kind not in "fiub":
                raise FastconvTypeError(f"{where}: {name} must hold real numbers, got dtype={array.dtype}")
            if array.shape != entries[name].shape:
                raise FastconvValueError(f"{where}: {name} must have shape {entries[name].shape}, got shape={array.shape}")
        for name, array in arrays.items():
            entries[name].data = array

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters (`.grad` becomes None, as torch does by default)."""
        for parameter in self.parameters():
            parameter.grad = None

    def train(self, mode: bool = True) -> Self:
        """Set whether this module and all inside keep what `backward` needs; returns the module."""
        for _, module in self.named_modules():
            module.training = mode
            if not mode:
                module._kept = None
        return self

    def eval(self) -> Self:
        """The same as ``train(False)``; also lets go of what is kept now."""
        return self.train(False)

    def extra_repr(self) -> str:
        """The arguments shown in `repr`."""
        return ""

    def __repr__(self) -> str:
        children = [f"({name}): {child!r}" for name, child in self.named_children()]
        inside = "\n".join(children).replace("\n", "\n  ")
        return f"{type(self).__name__}({self.extra_repr()}" + (f"\n  {inside}\n)" if children else ")")


_PIECE = 1 << 20  # numbers drawn at once: they are float64, and a dense layer may have 100 million
_skipping: ContextVar[bool] = ContextVar("skip_init", default=False)


@contextmanager
def skip_init() -> Iterator[None]:
    """Make layers without initial values within the block: no number is drawn, weights are zeros that take no memory yet.

    For weights that `Module.load_state_dict` brings anyway, and to look at a network without having room for it.

    Yields
    ------
    None

    Examples
    --------
    >>> import fastconv as fc
    >>> with fc.nn.skip_init():
    ...     model = fc.models.VGG16()  # of 553 MB
    >>> sum(parameter.size for parameter in model.parameters())
    138357544
    """
    token = _skipping.set(True)
    try:
        yield
    finally:
        _skipping.reset(token)


def fill(parameter: Parameter, draw: Callable[[int], Array]) -> None:
    """Give a parameter its initial values, of which `draw` returns so many at a time."""
    if _skipping.get():
        return
    with parameter.writeable() as array:
        flat = array.reshape(-1)
        for start in range(0, flat.size, _PIECE):
            piece = flat[start : start + _PIECE]
            piece[:] = draw(piece.size)


def uniform_parameter(shape: tuple[int, ...], fan_in: int, dtype: Any, rng: np.random.Generator) -> Parameter:
    """Torch's default for weight and bias of convolution and linear layers: uniform within 1/sqrt(fan_in).

    That is Kaiming-uniform initialisation (He et al. 2015) with a = sqrt(5).
    """
    bound = fan_in**-0.5
    parameter = Parameter(np.zeros(shape, dtype), copy=False)
    fill(parameter, lambda count: rng.uniform(-bound, bound, count))
    return parameter


def float_dtype(layer: str, dtype: Any) -> np.dtype[Any]:
    """`dtype` as a numpy.dtype if it is float32 or float64; otherwise an error that names the layer."""
    resolved: np.dtype[Any] | None = None
    with suppress(TypeError):
        resolved = np.dtype(dtype) if dtype is not None else None  # NumPy would read None as float64
    if resolved is None or resolved not in _FLOATS:
        raise FastconvTypeError(f"{layer}: dtype must be float32 or float64, got dtype={dtype!r}")
    return resolved
