# SPDX-License-Identifier: BSD-3-Clause
"""What is asked: arguments checked once and turned into frozen specs. Nothing after a spec validates.

A `ConvSpec` or `PoolSpec` holds the normalised problem (1-D and 2-D are 3-D with unit axes) and every derived size. All
shape arithmetic is done here, in Python's integers, before any work or allocation; what leaves here fits 62 bits with room
to spare. Every message has one form: function, argument, rule, value.
"""

from __future__ import annotations

import itertools
import math
import operator
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

Axes = tuple[int, int, int]
Pairs = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]

# Products of padded sizes stay below this, so that no offset a kernel forms overflows 64 bits.
LIMIT = 1 << 60
WORD = 1 << 63
# No option of a call (stride, padding, dilation, groups, kernel size) has a use for more.
OPTION = 1 << 31

# Channels first and channels last, by the number of spatial axes.
FORMATS = {1: ("NCW", "NWC"), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}
ACTIVATIONS = ("relu", "relu6", "leaky_relu", "sigmoid", "tanh", "silu", "hardswish")
SLOPE = 0.01  # of leaky_relu where nobody says
PRECISIONS = ("fast", "strict")

# What lies outside an axis, in our words, which are torch's, and what other schools call it.
BORDERS = ("zeros", "constant", "replicate", "reflect", "symmetric", "circular")
SCHOOLS = {
    "fastconv": {name: name for name in BORDERS},
    "torch": {name: name for name in BORDERS if name != "symmetric"},
    "numpy": {
        "constant": "constant",
        "edge": "replicate",
        "reflect": "reflect",
        "symmetric": "symmetric",
        "wrap": "circular",
    },
    "scipy": {
        "constant": "constant",
        "grid-constant": "constant",
        "nearest": "replicate",
        "mirror": "reflect",
        "reflect": "symmetric",
        "grid-mirror": "symmetric",
        "wrap": "circular",
        "grid-wrap": "circular",
        "fill": "constant",
        "symm": "symmetric",
    },
    "opencv": {
        "BORDER_CONSTANT": "constant",
        "BORDER_REPLICATE": "replicate",
        "BORDER_REFLECT_101": "reflect",
        "BORDER_REFLECT101": "reflect",
        "BORDER_DEFAULT": "reflect",
        "BORDER_REFLECT": "symmetric",
        "BORDER_WRAP": "circular",
    },
    "tensorflow": {
        "CONSTANT": "constant",
        "constant": "constant",
        "REFLECT": "reflect",
        "reflect": "reflect",
        "SYMMETRIC": "symmetric",
        "symmetric": "symmetric",
    },
    "onnx": {"constant": "constant", "edge": "replicate", "reflect": "reflect", "wrap": "circular"},
}
Borders = tuple[tuple[str, str], tuple[str, str], tuple[str, str]]
ALL_ZEROS: Borders = (("zeros", "zeros"),) * 3


class FastconvError(RuntimeError):
    """Any refusal by this package. Also a RuntimeError, as torch's are."""


class FastconvValueError(FastconvError, ValueError):
    """An argument of the right kind with a value that breaks a rule."""


class FastconvTypeError(FastconvError, TypeError):
    """An argument of a wrong kind: not an array, a wrong dtype, not a whole number."""


def show(value: object) -> str:
    """Return a value for a message, cut where it is long."""
    if hasattr(value, "shape") and hasattr(value, "dtype") and value.shape != ():
        return f"{type(value).__name__} of shape {value.shape} and dtype {value.dtype}"
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."


def whole(function: str, argument: str, value: object, least: int, given: object = None, limit: int = WORD) -> int:
    """Return value as an int in [least, limit)."""
    shown = show(value if given is None else given)
    try:
        number = operator.index("" if isinstance(value, bool) else value)  # type: ignore[arg-type]
    except TypeError:
        raise FastconvTypeError(f"{function}: {argument} must be a whole number, got {argument}={shown}") from None
    if number < least:
        rule = {0: "must not be negative", 1: "must be positive"}.get(least, f"must be at least {least}")
        raise FastconvValueError(f"{function}: {argument} {rule}, got {argument}={shown}")
    if number >= limit:
        raise FastconvValueError(f"{function}: {argument} must be below 2**{limit.bit_length() - 1}, got {argument}={shown}")
    return number


def is_sequence(value: object) -> bool:
    """Return whether a value stands for several: a tuple, a list or a small array, not a string."""
    return isinstance(value, (tuple, list)) or (hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1)


def per_axis(function: str, argument: str, value: Any, rank: int, least: int, fill: int) -> Axes:
    """Return three whole numbers, the missing leading axes filled, from one or one an axis."""
    if not is_sequence(value):
        numbers = [whole(function, argument, value, least, limit=OPTION)] * rank
    elif len(value) in (1, rank):
        numbers = [whole(function, argument, item, least, value, OPTION) for item in value] * (rank // len(value))
    else:
        raise FastconvValueError(
            f"{function}: {argument} must be a whole number or a sequence of {rank}, one an axis, "
            f"got {argument}={show(value)}"
        )
    return (*[fill] * (3 - rank), *numbers)  # type: ignore[return-value]


def shape_of(function: str, argument: str, value: Any, ranks: Sequence[int], names: str) -> tuple[int, ...]:
    """Return a shape given as a sequence of positive sizes (the batch, where there is one, may be 0)."""
    if not is_sequence(value):
        raise FastconvTypeError(f"{function}: {argument} must be a sequence of sizes {names}, got {argument}={show(value)}")
    if len(value) not in ranks:
        raise FastconvValueError(
            f"{function}: {argument} must have {' or '.join(map(str, ranks))} sizes {names}, got {argument}={show(value)}"
        )
    return tuple(whole(function, argument, size, 0, value) for size in value)


def check_dtype(function: str, argument: str, dtype: Any, wanted: str | None = None) -> str:
    """Return "float32" or "float64", whatever the byte order."""
    name = f"float{8 * dtype.itemsize}" if getattr(dtype, "kind", "") == "f" else str(dtype)
    if name not in ("float32", "float64"):
        raise FastconvTypeError(f"{function}: {argument} must be float32 or float64, got {argument} of dtype {dtype}")
    if wanted is not None and name != wanted:
        raise FastconvTypeError(
            f"{function}: {argument} must have the dtype of the input, {wanted}, got {argument} of dtype {name}"
        )
    return name


def named_dtype(function: str, dtype: Any) -> str:
    """Return the name of a dtype argument."""
    try:
        return check_dtype(function, "dtype", np.dtype(dtype))
    except TypeError:
        raise FastconvTypeError(f"{function}: dtype must be float32 or float64, got dtype={show(dtype)}") from None


def one_of(function: str, argument: str, value: object, names: Sequence[str]) -> str:
    """Return a name that must be one of these."""
    if not isinstance(value, str):
        raise FastconvTypeError(f"{function}: {argument} must be one of {tuple(names)}, got {argument}={show(value)}")
    if value not in names:
        raise FastconvValueError(f"{function}: {argument} must be one of {tuple(names)}, got {argument}={value!r}")
    return value


def real(function: str, argument: str, value: Any, dtype: str, given: object = None) -> float:
    """Return value as a float that is finite in this dtype."""
    shown = show(value if given is None else given)
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise FastconvTypeError(f"{function}: {argument} must be a number, got {argument}={shown}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not abs(number) <= float(np.finfo(dtype).max):
        raise FastconvValueError(f"{function}: {argument} must be finite in {dtype}, got {argument}={shown}")
    return number


def channels_are_last(function: str, data_format: object, rank: int) -> bool:
    """Return whether a data_format argument, None for the default, puts the channels last."""
    return data_format is not None and one_of(function, "data_format", data_format, FORMATS[rank]) == FORMATS[rank][1]


def activation_of(function: str, activation: Any, dtype: str, argument: str = "activation") -> tuple[str, float]:
    """Return name and slope of an activation argument: None, a name, or ("leaky_relu", slope)."""
    if activation is None:
        return "none", SLOPE
    if not isinstance(activation, tuple):
        return one_of(function, argument, activation, ACTIVATIONS), SLOPE
    if len(activation) != 2 or not isinstance(activation[0], str) or activation[0] != "leaky_relu":
        raise FastconvValueError(
            f"{function}: {argument} must be one of {ACTIVATIONS} or ('leaky_relu', slope), "
            f"got {argument}={show(activation)}"
        )
    return "leaky_relu", real(function, argument, activation[1], dtype, activation)


def bias_extents(function: str, argument: str, shape: Any, c_out: int, output: tuple[int, ...]) -> Axes:
    """Return how many places a bias of this shape has along each axis: one, or one an output."""
    if shape is None or shape == (c_out,):
        return (1, 1, 1)
    allowed = [{c_out}, *({1, o} for o in output)]
    if len(shape) != len(allowed) or any(b not in sizes for b, sizes in zip(shape, allowed, strict=True)):
        places = ", ".join(str(o) if o == 1 else f"1 or {o}" for o in output)
        raise FastconvValueError(
            f"{function}: {argument} must have shape ({c_out},) or ({c_out}, {places}), got {argument} of shape {shape}"
        )
    return (*[1] * (3 - len(output)), *shape[1:])


@cache
def memory_bytes() -> int:
    """Return this machine's memory."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return LIMIT


def check_result(function: str, shape: tuple[int, ...], itemsize: int, given: str) -> None:
    """Refuse a result that this machine could not hold, before anything is allocated."""
    size = math.prod(shape) * itemsize
    if size > memory_bytes():
        raise FastconvValueError(
            f"{function}: the result must fit this machine's memory of {memory_bytes()} bytes, "
            f"but shape {shape} takes {size} bytes, got {given}"
        )


def batch_and_channels(
    function: str, argument: str, shape: tuple[int, ...], rank: int, last: bool = False
) -> tuple[bool, int, int, Axes]:
    """Return (batched, n, c, size) of an input of rank + 1 or rank + 2 axes; `last`: whether the channels come last."""
    if len(shape) not in (rank + 1, rank + 2):
        raise FastconvValueError(
            f"{function}: {argument} must be {rank + 1}D (unbatched) or {rank + 2}D (batched), "
            f"got {argument} of shape {shape}"
        )
    batched = len(shape) == rank + 2
    n, *axes = shape if batched else (1, *shape)
    c, *size = (axes[-1], *axes[:-1]) if last else axes
    if 0 in (c, *size):
        raise FastconvValueError(
            f"{function}: {argument} must have no axis of size 0 other than the batch, got {argument} of shape {shape}"
        )
    return batched, n, c, (*[1] * (3 - rank), *size)  # type: ignore[return-value]


def padding_pairs(function: str, padding: Any, rank: int, spans: Axes, size: Axes, stride: Axes) -> Pairs:
    """Return (front, back) an axis. `spans`: the extent of the dilated kernel."""
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0), (0, 0), (0, 0))
        if padding == "causal":
            if rank > 1:
                raise FastconvValueError(f"{function}: padding 'causal' is for sequences, with 1 axis, got {rank} axes")
            return ((0, 0), (0, 0), (spans[2] - 1, 0))
        if padding != "same":
            raise FastconvValueError(
                f"{function}: padding must be 'same', 'valid', 'causal' (1 axis), a whole number, one an axis, or a "
                f"(front, back) pair an axis, got padding={padding!r}"
            )
        # TensorFlow's rule: out = ceil(size / stride), what is odd goes to the end.
        total = [max((-(-n // s) - 1) * s + k - n, 0) for n, s, k in zip(size, stride, spans, strict=True)]
        return tuple((t // 2, t - t // 2) for t in total)  # type: ignore[return-value]
    if is_sequence(padding) and len(padding) > 0 and all(is_sequence(pair) for pair in padding):
        if len(padding) != rank or any(len(pair) != 2 for pair in padding):
            raise FastconvValueError(
                f"{function}: padding must hold a (front, back) pair for each of {rank} axes, got padding={show(padding)}"
            )
        pairs = [tuple(whole(function, "padding", side, 0, padding, OPTION) for side in pair) for pair in padding]
        return (*[(0, 0)] * (3 - rank), *pairs)  # type: ignore[return-value]
    return tuple((p, p) for p in per_axis(function, "padding", padding, rank, 0, 0))  # type: ignore[return-value]


def border_mode(name: str, school: str = "fastconv") -> str:
    """Return our word for a border that a school of image processing calls by this name.

    Our words are torch's, and "symmetric", which torch has none for. A name can carry its school as a prefix, as in
    "scipy:reflect"; that is how `padding_mode` takes the words of other schools.

    ===========  =================  =====================================================================================
    fastconv     outside a b c d    names elsewhere
    ===========  =================  =====================================================================================
    zeros        0 0|a b c d|0 0    torch zeros
    constant     v v|a b c d|v v    numpy, torch, onnx constant; scipy constant, grid-constant; tensorflow CONSTANT;
                                    opencv BORDER_CONSTANT
    replicate    a a|a b c d|d d    torch replicate; numpy, onnx edge; scipy nearest; opencv BORDER_REPLICATE
    reflect      c b|a b c d|c b    torch, numpy, onnx reflect; scipy mirror; tensorflow REFLECT;
                                    opencv BORDER_REFLECT_101, BORDER_REFLECT101, BORDER_DEFAULT
    symmetric    b a|a b c d|d c    numpy symmetric; scipy reflect, grid-mirror; tensorflow SYMMETRIC;
                                    opencv BORDER_REFLECT
    circular     c d|a b c d|a b    torch circular; numpy, onnx wrap; scipy wrap, grid-wrap; opencv BORDER_WRAP
    ===========  =================  =====================================================================================

    Every border goes on for ever: reflect repeats after 2(n - 1) elements, symmetric after 2n, circular after n. One element
    alone reflects as itself. scipy's names are those of its filters, and of scipy.signal.convolve2d (fill, symm, wrap);
    tensorflow's may be in small letters.

    Parameters
    ----------
    name : str
    school : {"fastconv", "torch", "numpy", "scipy", "opencv", "tensorflow", "onnx"}, optional

    Returns
    -------
    str
        One of "zeros", "constant", "replicate", "reflect", "symmetric" and "circular".

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If there is no such school, or it has no such name.

    References
    ----------
    The documentation of torch.nn.Conv2d, numpy.pad, scipy.ndimage.correlate, cv2.BorderTypes, tf.pad and ONNX's Pad.

    Examples
    --------
    >>> import fastconv as fc
    >>> fc.border_mode("reflect", "scipy"), fc.border_mode("opencv:BORDER_REFLECT_101")
    ('symmetric', 'reflect')
    """
    one_of("border_mode", "school", school, tuple(SCHOOLS))
    return border_named("border_mode", "name", name, school)


def border_named(function: str, argument: str, name: Any, school: str = "fastconv", given: Any = None) -> str:
    """Return our word for a border's name in a school, or in the one its prefix says."""
    shown = show(name if given is None else given)
    if not isinstance(name, str):
        raise FastconvTypeError(f"{function}: {argument} must be a name of a border, got {argument}={shown}")
    prefix, colon, rest = name.partition(":")
    if colon and prefix in SCHOOLS:
        school, name = prefix, rest
    if name in SCHOOLS[school]:
        return SCHOOLS[school][name]
    hint = "".join(f"; {word}:{name} is {names[name]!r}" for word, names in SCHOOLS.items() if name in names)
    raise FastconvValueError(
        f"{function}: {argument} must be one of {tuple(SCHOOLS[school])}"
        + (" or a name with its school, such as 'scipy:mirror'" if school == "fastconv" else f" with {school}'s names")
        + f", got {argument}={shown}{hint}"
    )


def border_pairs(function: str, mode: Any, rank: int) -> Borders:
    """Return the border's names, (front, back) an axis, from one name, or a name or pair of names an axis."""
    if not is_sequence(mode):
        return ((border_named(function, "padding_mode", mode),) * 2,) * 3
    if len(mode) != rank or any(is_sequence(pair) and len(pair) != 2 for pair in mode):
        raise FastconvValueError(
            f"{function}: padding_mode must be a name, or hold a name or a (front, back) pair of names for each of {rank} "
            f"axes, got padding_mode={show(mode)}"
        )
    sides = [tuple(pair) if is_sequence(pair) else (pair, pair) for pair in mode]
    named = [tuple(border_named(function, "padding_mode", side, given=mode) for side in pair) for pair in sides]
    return (*[("zeros", "zeros")] * (3 - rank), *named)  # type: ignore[return-value]


def border_of(function: str, mode: Any, value: Any, rank: int, pads: Pairs, size: Axes, dtype: str) -> tuple[Borders, float]:
    """Return the border as kernels need it and its constant: zeros wherever nothing else is read.

    One element alone is all that any border can repeat of it.
    """
    constant = real(function, "padding_value", value, dtype)
    named = border_pairs(function, mode, rank)
    if constant and not any("constant" in pair for pair in named):
        raise FastconvValueError(
            f"{function}: padding_value must be 0 unless padding_mode='constant', got padding_value={show(value)} "
            f"with padding_mode={show(mode)}"
        )

    def needed(name: str, pad: int, length: int) -> str:
        if pad == 0 or name == "zeros" or (name == "constant" and not constant):
            return "zeros"
        return "replicate" if length == 1 and name != "constant" else name

    border = tuple(
        tuple(needed(name, pad, length) for name, pad in zip(names, pair, strict=True))
        for names, pair, length in zip(named, pads, size, strict=True)
    )
    kept = any("constant" in pair for pair in border)
    return border, constant if kept else 0.0  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class ConvSpec:
    """One convolution: y[c_out, o] = activation(bias + sum of weight * x[o*stride - front + tap*dilation]).

    Sizes are (d, h, w) whatever the layout; `input_shape` and `output_shape` are those of the arrays. Outside the input lies
    what `border` says, (front, back) an axis; outside of several axes a constant counts before elements, and `border_value`
    before zero. With `flip` the taps count backwards. Along each axis the bias has as many places as `untied` says: one, or
    one an output.
    """

    function: str
    rank: int
    batched: bool
    dtype: str
    n: int
    c_in: int
    c_out: int
    groups: int
    size: Axes
    kernel: Axes
    output: Axes
    stride: Axes
    dilation: Axes
    padding: Pairs
    bias: bool
    channels_last: bool = False
    activation: str = "none"
    slope: float = SLOPE
    precision: str = "fast"
    border: Borders = ALL_ZEROS
    border_value: float = 0.0
    flip: bool = False
    untied: Axes = (1, 1, 1)

    @classmethod
    def make(
        cls,
        function: str,
        rank: int,
        input_shape: tuple[int, ...],
        weight_shape: tuple[int, ...],
        bias_shape: tuple[int, ...] | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: Any = 1,
        *,
        data_format: Any = None,
        activation: Any = None,
        precision: Any = "fast",
        dtype: str = "float32",
        input_name: str = "input",
        padding_mode: Any = "zeros",
        padding_value: Any = 0.0,
        flip: Any = False,
        given_weight: tuple[int, ...] | None = None,
        weight_name: str = "weight",
    ) -> ConvSpec:
        """Check everything about a convolution that its shapes and options tell.

        `given_weight`: the shape the caller knows, if the weights hold the filters in another form.
        """
        last = channels_are_last(function, data_format, rank)
        after, slope = activation_of(function, activation, dtype)
        one_of(function, "precision", precision, PRECISIONS)
        flip = flag(function, "flip", flip)
        batched, n, c_in, size = batch_and_channels(function, input_name, input_shape, rank, last)
        given = f"{input_name} of shape {input_shape}" + f" with data_format={data_format!r}" * last
        if len(weight_shape) != rank + 2 or 0 in weight_shape:
            raise FastconvValueError(
                f"{function}: weight must have {rank + 2} axes (c_out, c_in/groups, kernel), none of size 0, "
                f"got weight of shape {weight_shape}"
            )
        c_out, per_group, *kernel_sizes = weight_shape
        shown = given_weight or weight_shape
        kernel: Axes = (*[1] * (3 - rank), *kernel_sizes)  # type: ignore[assignment]
        steps = per_axis(function, "stride", stride, rank, 1, 1)
        gaps = per_axis(function, "dilation", dilation, rank, 1, 1)
        parts = whole(function, "groups", groups, 1, limit=OPTION)
        if c_in % parts or c_in // parts != per_group:
            raise FastconvValueError(
                f"{function}: given groups={parts} and weight of shape {shown}, {input_name} must have "
                f"{per_group * parts} channels, got {given}"
            )
        if c_out % parts:
            raise FastconvValueError(
                f"{function}: groups must divide the output channels of weight of shape {shown}, got groups={parts}"
            )
        spans: Axes = tuple((k - 1) * g + 1 for k, g in zip(kernel, gaps, strict=True))  # type: ignore[assignment]
        pads = padding_pairs(function, padding, rank, spans, size, steps)
        border, value = border_of(function, padding_mode, padding_value, rank, pads, size, dtype)
        padded = [s + front + back for s, (front, back) in zip(size, pads, strict=True)]
        if any(span > room for span, room in zip(spans, padded, strict=True)):
            raise FastconvValueError(
                f"{function}: {weight_name} must not be larger than the padded {input_name}: kernel size "
                f"{tuple(kernel_sizes)} with dilation={show(dilation)} spans {spans[3 - rank :]}, got padded size "
                f"{tuple(padded[3 - rank :])} ({given}, padding={show(padding)})"
            )
        if math.prod(padded) * max(c_in, 1) >= LIMIT:
            raise FastconvValueError(
                f"{function}: padding must keep the padded {input_name} below 2**60 elements, got padding={show(padding)} "
                f"for {given}"
            )
        output: Axes = tuple(  # type: ignore[assignment]
            (room - span) // step + 1 for room, span, step in zip(padded, spans, steps, strict=True)
        )
        steps = tuple(1 if o == 1 else step for o, step in zip(output, steps, strict=True))  # type: ignore[assignment]
        gaps = tuple(1 if k == 1 else gap for k, gap in zip(kernel, gaps, strict=True))  # type: ignore[assignment]
        untied = bias_extents(function, "bias", bias_shape, c_out, output[3 - rank :])
        spec = cls(
            function,
            rank,
            batched,
            dtype,
            n,
            c_in,
            c_out,
            parts,
            size,
            kernel,
            output,
            steps,
            gaps,
            pads,
            bias_shape is not None,
            last,
            after,
            slope,
            precision,
            border,
            value,
            flip and math.prod(kernel) > 1,
            untied,
        )
        check_result(function, spec.output_shape, spec.itemsize, f"{given} and padding={show(padding)}")
        return spec

    @property
    def itemsize(self) -> int:
        return 4 if self.dtype == "float32" else 8

    @property
    def taps(self) -> int:
        return math.prod(self.kernel)

    @property
    def bordered(self) -> bool:
        """Whether anything but zeros lies outside the input."""
        return self.border != ALL_ZEROS

    @property
    def kernel_size(self) -> tuple[int, ...]:
        return self.kernel[3 - self.rank :]

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.array_shape(self.c_in, self.size)

    @property
    def output_shape(self) -> tuple[int, ...]:
        return self.array_shape(self.c_out, self.output)

    def array_shape(self, channels: int, size: Axes) -> tuple[int, ...]:
        """Return the shape of an array of so many channels and this size, in the layout of the call."""
        spatial = size[3 - self.rank :]
        shape = (*spatial, channels) if self.channels_last else (channels, *spatial)
        return (self.n, *shape) if self.batched else shape

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return (self.c_out, self.c_in // self.groups, *self.kernel_size)

    @property
    def bias_shape(self) -> tuple[int, ...]:
        return (self.c_out,) if self.untied == (1, 1, 1) else (self.c_out, *self.untied[3 - self.rank :])

    @property
    def finishes(self) -> bool:
        """Whether bias and activation follow the sums in a pass of their own."""
        return self.bias and self.untied != (1, 1, 1)

    @property
    def multiply_adds(self) -> int:
        return self.n * self.c_out * math.prod(self.output) * (self.c_in // self.groups) * self.taps

    @property
    def flops(self) -> int:
        return 2 * self.multiply_adds

    @property
    def bytes_moved(self) -> int:
        """Input, weights, bias and output, each once."""
        items = math.prod(self.input_shape) + math.prod(self.weight_shape) + math.prod(self.output_shape)
        return self.itemsize * (items + (math.prod(self.bias_shape) if self.bias else 0))


@dataclass(frozen=True, slots=True)
class TiledSpec(ConvSpec):
    """A convolution whose position o has the filters of tile o mod tiles: weights (*tiles, *kernel, c_in/groups, c_out)."""

    tiles: Axes = (1, 1, 1)

    @classmethod
    def make_tiled(
        cls,
        function: str,
        rank: int,
        input_shape: tuple[int, ...],
        weight_shape: tuple[int, ...],
        bias_shape: tuple[int, ...] | None = None,
        *geometry: Any,
        local: bool = False,
        **options: Any,
    ) -> TiledSpec:
        """Check a tiled convolution, or with `local` one with a tile for every output."""
        if len(weight_shape) != 2 * rank + 2 or 0 in weight_shape:
            first = "output" if local else "tiles"
            raise FastconvValueError(
                f"{function}: weight must have {2 * rank + 2} axes (*{first}, *kernel, c_in/groups, c_out), none of size 0, "
                f"got weight of shape {weight_shape}"
            )
        *kernel, per_group, c_out = weight_shape[rank:]
        shape = (c_out, per_group, *kernel)
        made = ConvSpec.make(function, rank, input_shape, shape, bias_shape, *geometry, given_weight=weight_shape, **options)
        output = made.output[3 - rank :]
        if local and weight_shape[:rank] != output:
            raise FastconvValueError(
                f"{function}: weight must begin with the sizes of the output, {output}, got weight of shape {weight_shape}"
            )
        tiles: Axes = (*[1] * (3 - rank), *weight_shape[:rank])  # type: ignore[assignment]
        return cls(**{name: getattr(made, name) for name in ConvSpec.__dataclass_fields__}, tiles=tiles)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return (*self.tiles[3 - self.rank :], *self.kernel_size, self.c_in // self.groups, self.c_out)

    @property
    def finishes(self) -> bool:
        return self.bias or self.activation != "none"


@dataclass(frozen=True, slots=True)
class SeparableSpec:
    """A depthwise convolution, each channel with filters of its own, and a pointwise one, which mixes the channels."""

    depthwise: ConvSpec
    pointwise: ConvSpec

    @classmethod
    def make(
        cls,
        function: str,
        rank: int,
        input_shape: tuple[int, ...],
        weight_shapes: tuple[tuple[int, ...], tuple[int, ...]],
        bias_shapes: tuple[tuple[int, ...] | None, tuple[int, ...] | None] = (None, None),
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        *,
        data_format: Any = None,
        depthwise_activation: Any = None,
        activation: Any = None,
        dtype: str = "float32",
    ) -> SeparableSpec:
        """Check both; stride, padding and dilation are those of the first."""
        activation_of(function, depthwise_activation, dtype, "depthwise_activation")
        last = channels_are_last(function, data_format, rank)
        _, _, c_in, _ = batch_and_channels(function, "input", input_shape, rank, last)
        ones = (1,) * rank
        first, second = weight_shapes
        if len(first) != rank + 2 or 0 in first or first[1] != 1:
            raise FastconvValueError(
                f"{function}: depthwise_weight must have {rank + 2} axes (c_in * multiplier, 1, kernel), none of size 0, "
                f"got depthwise_weight of shape {first}"
            )
        if first[0] % c_in:
            raise FastconvValueError(
                f"{function}: depthwise_weight must have filters for each of {c_in} input channels, as many for all, "
                f"got depthwise_weight of shape {first} for input of shape {input_shape}"
            )
        if len(second) != rank + 2 or 0 in second or second[1:] != (first[0], *ones):
            raise FastconvValueError(
                f"{function}: pointwise_weight must have shape (c_out, {', '.join(map(str, (first[0], *ones)))}) after "
                f"depthwise_weight of shape {first}, got pointwise_weight of shape {second}"
            )
        for part, weights, shape in zip(("depthwise", "pointwise"), weight_shapes, bias_shapes, strict=True):
            if shape not in (None, weights[:1]):
                raise FastconvValueError(
                    f"{function}: {part}_bias must have shape ({weights[0]},), got {part}_bias of shape {shape}"
                )
        how: dict[str, Any] = {"data_format": data_format, "dtype": dtype, "weight_name": "depthwise_weight"}
        weight, bias = weight_shapes[0], bias_shapes[0]
        places, after = (stride, padding, dilation, c_in), depthwise_activation
        depthwise = ConvSpec.make(function, rank, input_shape, weight, bias, *places, activation=after, **how)
        weight, bias = weight_shapes[1], bias_shapes[1]
        pointwise = ConvSpec.make(function, rank, depthwise.output_shape, weight, bias, activation=activation, **how)
        return cls(depthwise, pointwise)


@dataclass(frozen=True, slots=True)
class PhaseAxis:
    """Positions offset + stride*m of an output axis, for some offsets, which all read inputs m - front + j*step.

    `taps` tells for each offset which taps of the kernel they meet, in the order of j = 0, 1, ...
    """

    offsets: tuple[int, ...]
    taps: tuple[tuple[int, ...], ...]
    front: int
    step: int


Phase = tuple[PhaseAxis, PhaseAxis, PhaseAxis]
Box = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class ConvTransposeSpec(ConvSpec):
    """One transposed convolution: y[c_out, i*stride - front + tap*dilation] += weight * x[c_in, i], then bias, activation.

    As a ConvSpec, but the weights are (c_in, c_out/groups, kernel), and the padding is cut off the output. Where an axis of
    the input has one position the stride is that which sets it apart from others.
    """

    @classmethod
    def make_transpose(
        cls,
        function: str,
        rank: int,
        input_shape: tuple[int, ...],
        weight_shape: tuple[int, ...],
        bias_shape: tuple[int, ...] | None = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: Any = 1,
        dilation: Any = 1,
        *,
        data_format: Any = None,
        activation: Any = None,
        precision: Any = "fast",
        dtype: str = "float32",
        input_name: str = "input",
    ) -> ConvTransposeSpec:
        """Check everything about a transposed convolution that its shapes and options tell."""
        last = channels_are_last(function, data_format, rank)
        after, slope = activation_of(function, activation, dtype)
        one_of(function, "precision", precision, PRECISIONS)
        batched, n, c_in, size = batch_and_channels(function, input_name, input_shape, rank, last)
        given = f"{input_name} of shape {input_shape}" + f" with data_format={data_format!r}" * last
        if len(weight_shape) != rank + 2 or 0 in weight_shape:
            raise FastconvValueError(
                f"{function}: weight must have {rank + 2} axes (c_in, c_out/groups, kernel), none of size 0, "
                f"got weight of shape {weight_shape}"
            )
        kernel: Axes = (*[1] * (3 - rank), *weight_shape[2:])  # type: ignore[assignment]
        steps = per_axis(function, "stride", stride, rank, 1, 1)
        gaps = per_axis(function, "dilation", dilation, rank, 1, 1)
        more = per_axis(function, "output_padding", output_padding, rank, 0, 0)
        parts = whole(function, "groups", groups, 1, limit=OPTION)
        if weight_shape[0] != c_in:
            raise FastconvValueError(
                f"{function}: given weight of shape {weight_shape}, {input_name} must have {weight_shape[0]} channels, "
                f"got {given}"
            )
        if c_in % parts:
            raise FastconvValueError(f"{function}: groups must divide the channels of {given}, got groups={parts}")
        c_out = weight_shape[1] * parts
        if bias_shape is not None and bias_shape != (c_out,):
            raise FastconvValueError(
                f"{function}: given weight of shape {weight_shape} and groups={parts}, bias must have shape ({c_out},), "
                f"got bias of shape {bias_shape}"
            )
        if isinstance(padding, str):
            raise FastconvValueError(
                f"{function}: padding must be a whole number, one an axis, or a (front, back) pair an axis, "
                f"got padding={padding!r}"
            )
        pads = padding_pairs(function, padding, rank, size, size, steps)
        if any(m >= max(s, g) for m, s, g in list(zip(more, steps, gaps, strict=True))[3 - rank :]):
            raise FastconvValueError(
                f"{function}: output_padding must be smaller than stride or dilation, got "
                f"output_padding={show(output_padding)} with stride={show(stride)} and dilation={show(dilation)}"
            )
        spans = [(k - 1) * g + 1 for k, g in zip(kernel, gaps, strict=True)]
        output: Axes = tuple(  # type: ignore[assignment]
            (i - 1) * s + span + m - front - back
            for i, s, span, m, (front, back) in zip(size, steps, spans, more, pads, strict=True)
        )
        if any(o < 1 for o in output):
            raise FastconvValueError(
                f"{function}: padding must leave a result of positive size, got padding={show(padding)} for {given} and "
                f"weight of shape {weight_shape} with stride={show(stride)} and dilation={show(dilation)}"
            )
        if any((o + front + back) * max(c_in, c_out) >= LIMIT for o, (front, back) in zip(output, pads, strict=True)):
            raise FastconvValueError(
                f"{function}: stride and dilation must keep the result below 2**60 elements, got stride={show(stride)} and "
                f"dilation={show(dilation)} for {given}"
            )
        gaps = tuple(1 if k == 1 else gap for k, gap in zip(kernel, gaps, strict=True))  # type: ignore[assignment]
        steps = tuple(span if i == 1 else step for i, span, step in zip(size, spans, steps, strict=True))  # type: ignore[assignment]
        spec = cls(
            function,
            rank,
            batched,
            dtype,
            n,
            c_in,
            c_out,
            parts,
            size,
            kernel,
            output,
            steps,
            gaps,
            pads,
            bias_shape is not None,
            last,
            after,
            slope,
            precision,
        )
        sizes = f"{given}, stride={show(stride)}, dilation={show(dilation)} and output_padding={show(output_padding)}"
        check_result(function, spec.output_shape, spec.itemsize, sizes)
        return spec

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return (self.c_in, self.c_out // self.groups, *self.kernel_size)

    @property
    def multiply_adds(self) -> int:
        return self.n * self.c_in * math.prod(self.size) * (self.c_out // self.groups) * self.taps

    def gradient(self) -> ConvSpec:
        """Return the convolution whose input gradient this is: it takes outputs of this to inputs of this."""
        backs = [
            (i - 1) * s + (k - 1) * g + 1 - front - o
            for i, s, k, g, (front, _), o in zip(
                self.size, self.stride, self.kernel, self.dilation, self.padding, self.output, strict=True
            )
        ]
        pads: Pairs = tuple((front, back) for (front, _), back in zip(self.padding, backs, strict=True))  # type: ignore[assignment]
        fields = (self.function, self.rank, self.batched, self.dtype, self.n, self.c_out, self.c_in, self.groups)
        places = (self.output, self.kernel, self.size, self.stride, self.dilation, pads)
        return ConvSpec(*fields, *places, False, self.channels_last, precision=self.precision)

    @property
    def phase_axes(self) -> tuple[tuple[PhaseAxis, ...], ...]:
        """What the phases of each axis are. Offsets that read the same inputs are one phase, with more output channels.

        With channels last and groups they stay apart, so that all output channels of a pixel lie together.
        """
        apart = self.channels_last and self.groups > 1
        axes = zip(self.kernel, self.output, self.stride, self.dilation, self.padding, strict=True)
        return tuple(axis_phases(k, o, s, g, front, apart) for k, o, s, g, (front, _) in axes)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The convolutions that make up the output; positions that none of them makes are the bias alone."""
        return tuple(itertools.product(*self.phase_axes))  # type: ignore[arg-type]

    @property
    def phase_count(self) -> int:
        """How many offsets, over all axes, have taps."""
        return sum(math.prod(len(axis.offsets) for axis in phase) for phase in self.phases)

    @property
    def phase_box(self) -> Box:
        """The positions m of the whole output."""
        return tuple((0, -(-o // s)) for o, s in zip(self.output, self.stride, strict=True))  # type: ignore[return-value]

    def phase_conv(self, phase: Phase, box: Box, n: int = 1) -> ConvSpec:
        """Return the convolution of n images that makes a phase at positions of a box; its padding may be negative."""
        kernel: Axes = tuple(len(axis.taps[0]) for axis in phase)  # type: ignore[assignment]
        steps: Axes = tuple(1 if k == 1 else axis.step for axis, k in zip(phase, kernel, strict=True))  # type: ignore[assignment]
        output: Axes = tuple(high - low for low, high in box)  # type: ignore[assignment]
        fronts = [axis.front - low for axis, (low, _) in zip(phase, box, strict=True)]
        pads: Pairs = tuple(  # type: ignore[assignment]
            (front, o + (k - 1) * step - front - i)
            for front, o, k, step, i in zip(fronts, output, kernel, steps, self.size, strict=True)
        )
        many = math.prod(len(axis.offsets) for axis in phase)
        fields = (self.function, self.rank, self.batched, self.dtype, n, self.c_in, self.c_out * many, self.groups)
        places = (self.size, kernel, output, (1, 1, 1), steps, pads)
        return ConvSpec(*fields, *places, self.bias, self.channels_last, self.activation, self.slope, self.precision)


def axis_phases(kernel: int, output: int, stride: int, dilation: int, front: int, apart: bool) -> tuple[PhaseAxis, ...]:
    """Return the phases of an axis, by offset; `apart`: one for each offset."""
    taps: dict[int, list[int]] = {}
    for tap in reversed(range(kernel)):
        taps.setdefault((tap * dilation - front) % stride, []).append(tap)
    alike: dict[tuple[int, ...], list[int]] = {}
    for offset in sorted(offset for offset in taps if offset < output):
        last = taps[offset][0]
        alike.setdefault((len(taps[offset]), (last * dilation - offset - front) // stride, offset * apart), []).append(
            offset
        )
    step = dilation // math.gcd(stride, dilation)
    return tuple(
        PhaseAxis(tuple(offsets), tuple(tuple(taps[offset]) for offset in offsets), first, step)
        for (_, first, _), offsets in alike.items()
    )


@dataclass(frozen=True, slots=True)
class PoolSpec:
    """One pooling: a reduction over windows of each plane. For unpooling `size` is the result, `output` the input."""

    function: str
    rank: int
    batched: bool
    dtype: str
    n: int
    c: int
    size: Axes
    kernel: Axes
    output: Axes
    stride: Axes
    dilation: Axes
    padding: Axes
    count_include_pad: bool = True
    divisor_override: int | None = None
    channels_last: bool = False

    @classmethod
    def make(
        cls,
        function: str,
        rank: int,
        input_shape: tuple[int, ...],
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: Any = False,
        *,
        count_include_pad: Any = True,
        divisor_override: Any = None,
        data_format: Any = None,
        dtype: str = "float32",
        input_name: str = "input",
    ) -> PoolSpec:
        """Check everything about a pooling that its shapes and options tell."""
        last = channels_are_last(function, data_format, rank)
        batched, n, c, size = batch_and_channels(function, input_name, input_shape, rank, last)
        kernel = per_axis(function, "kernel_size", kernel_size, rank, 1, 1)
        steps = kernel if stride is None else per_axis(function, "stride", stride, rank, 1, 1)
        pads = per_axis(function, "padding", padding, rank, 0, 0)
        gaps = per_axis(function, "dilation", dilation, rank, 1, 1)
        ceil_mode = flag(function, "ceil_mode", ceil_mode)
        include = flag(function, "count_include_pad", count_include_pad)
        divisor = (
            None if divisor_override is None else whole(function, "divisor_override", divisor_override, 1, limit=OPTION)
        )
        spans = [(k - 1) * g + 1 for k, g in zip(kernel, gaps, strict=True)]
        if any(pad > span // 2 for pad, span in zip(pads, spans, strict=True)):
            raise FastconvValueError(
                f"{function}: padding must be at most half of the effective kernel size, got padding={show(padding)} with "
                f"kernel_size={show(kernel_size)} and dilation={show(dilation)}"
            )
        output = tuple(
            pooled(room, span, step, pad, ceil_mode) for room, span, step, pad in zip(size, spans, steps, pads, strict=True)
        )
        if any(o < 1 for o in output):
            raise FastconvValueError(
                f"{function}: kernel_size must not exceed the padded input, got kernel_size={show(kernel_size)} with "
                f"dilation={show(dilation)} and padding={show(padding)} for {input_name} of shape {input_shape}"
            )
        padded = [s + 2 * pad for s, pad in zip(size, pads, strict=True)]
        if math.prod(padded) >= LIMIT or math.prod(kernel) >= LIMIT:
            raise FastconvValueError(
                f"{function}: kernel_size and padding must stay below 2**60 elements, got kernel_size={show(kernel_size)} "
                f"and padding={show(padding)} for input of shape {input_shape}"
            )
        steps = tuple(1 if o == 1 else step for o, step in zip(output, steps, strict=True))  # type: ignore[assignment]
        gaps = tuple(1 if k == 1 else gap for k, gap in zip(kernel, gaps, strict=True))  # type: ignore[assignment]
        shape = (batched, dtype, n, c, size, kernel, output, steps, gaps, pads)
        spec = cls(function, rank, *shape, include, divisor, last)  # type: ignore[arg-type]
        check_result(
            function, spec.output_shape, 8, f"{input_name} of shape {input_shape} and kernel_size={show(kernel_size)}"
        )
        return spec

    @classmethod
    def make_padded(
        cls,
        function: str,
        rank: int,
        input_shape: tuple[int, ...],
        kernel: Axes,
        stride: Axes,
        padding: Any,
        last: bool,
        dtype: str,
    ) -> PoolSpec:
        """Check a pooling that pads each side as `padding` says, "same", "valid" or pairs, and averages what is inside."""
        batched, n, c, size = batch_and_channels(function, "input", input_shape, rank, last)
        pads = padding_pairs(function, padding, rank, kernel, size, stride)
        if any(side >= k for pair, k in zip(pads, kernel, strict=True) for side in pair):
            raise FastconvValueError(
                f"{function}: padding must be less than ksize={kernel[3 - rank :]}, got padding={pads[3 - rank :]}"
            )
        padded = [s + front + back for s, (front, back) in zip(size, pads, strict=True)]
        if any(k > room for k, room in zip(kernel, padded, strict=True)):
            raise FastconvValueError(
                f"{function}: ksize must not exceed the padded input, got ksize={kernel[3 - rank :]} for input of shape "
                f"{input_shape} padded to {tuple(padded[3 - rank :])}"
            )
        output = tuple((room - k) // step + 1 for room, k, step in zip(padded, kernel, stride, strict=True))
        steps = tuple(1 if o == 1 else step for o, step in zip(output, stride, strict=True))
        fronts = tuple(front for front, _ in pads)
        shape = (batched, dtype, n, c, size, kernel, output, steps, (1, 1, 1), fronts)
        spec = cls(function, rank, *shape, False, None, last)  # type: ignore[arg-type]
        check_result(function, spec.output_shape, 8, f"input of shape {input_shape}")
        return spec

    @classmethod
    def make_unpool(
        cls,
        function: str,
        rank: int,
        input_shape: tuple[int, ...],
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        output_size: Any = None,
        *,
        dtype: str = "float32",
    ) -> PoolSpec:
        """Check an unpooling; its result is as large as the pooling's input was, or as `output_size` says."""
        batched, n, c, small = batch_and_channels(function, "input", input_shape, rank)
        kernel = per_axis(function, "kernel_size", kernel_size, rank, 1, 1)
        steps = kernel if stride is None else per_axis(function, "stride", stride, rank, 1, 1)
        pads = per_axis(function, "padding", padding, rank, 0, 0)
        usual = [(o - 1) * s - 2 * p + k for o, s, p, k in zip(small, steps, pads, kernel, strict=True)]
        large = list(usual)
        if output_size is not None:
            large = unpooled(function, output_size, rank, (n, c) if batched else (c,), usual, steps)
        if any(s < 1 for s in large):
            raise FastconvValueError(
                f"{function}: padding must leave a result of positive size, got padding={show(padding)} with "
                f"kernel_size={show(kernel_size)} and stride={show(stride)} for input of shape {input_shape}"
            )
        if math.prod(large) >= LIMIT:
            raise FastconvValueError(
                f"{function}: kernel_size, stride and output_size must keep the result below 2**60 elements, got "
                f"kernel_size={show(kernel_size)}, stride={show(stride)}, output_size={show(output_size)} for input of "
                f"shape {input_shape}"
            )
        spec = cls(function, rank, batched, dtype, n, c, tuple(large), kernel, small, (1, 1, 1), (1, 1, 1), (0, 0, 0))  # type: ignore[arg-type]
        given = f"kernel_size={show(kernel_size)}, stride={show(stride)}, output_size={show(output_size)}"
        check_result(function, spec.input_shape, spec.itemsize, given)
        return spec

    @classmethod
    def between(cls, function: str, rank: int, large: tuple[int, ...], small: tuple[int, ...], dtype: str) -> PoolSpec:
        """Return the spec of two shapes whose correspondence only switches know."""
        batched, n, c, size = batch_and_channels(function, "input_size", large, rank)
        output = batch_and_channels(function, "grad_output", small, rank)[3]
        check_result(function, large, 8, f"shape {large}")
        return cls(function, rank, batched, dtype, n, c, size, (1, 1, 1), output, (1, 1, 1), (1, 1, 1), (0, 0, 0))

    @property
    def itemsize(self) -> int:
        return 4 if self.dtype == "float32" else 8

    @property
    def planes(self) -> int:
        return self.n * self.c

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.array_shape(self.size)

    @property
    def output_shape(self) -> tuple[int, ...]:
        return self.array_shape(self.output)

    def array_shape(self, size: Axes) -> tuple[int, ...]:
        """Return the shape of an array of this size, in the layout of the call."""
        spatial = size[3 - self.rank :]
        shape = (*spatial, self.c) if self.channels_last else (self.c, *spatial)
        return (self.n, *shape) if self.batched else shape


def flag(function: str, argument: str, value: object) -> bool:
    """Return a truth value given as one."""
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    raise FastconvTypeError(f"{function}: {argument} must be True or False, got {argument}={show(value)}")


def pooled(size: int, span: int, stride: int, pad: int, ceil_mode: bool) -> int:
    """Return the outputs along one axis; in ceil mode the last window must start inside the input or its left padding."""
    room = size + 2 * pad - span
    if room < 0 and not (ceil_mode and room > -stride):
        return 0
    count = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    return count - 1 if ceil_mode and (count - 1) * stride >= size + pad else count


def unpooled(function: str, output_size: Any, rank: int, lead: tuple[int, ...], usual: list[int], steps: Axes) -> list[int]:
    """Return the three sizes of `output_size`, with or without batch and channels, each within a stride of the usual."""
    names = "(spatial, or with batch and channels)"
    given = shape_of(function, "output_size", output_size, (rank, rank + len(lead)), names)
    if len(given) > rank and given[: len(lead)] != lead:
        raise FastconvValueError(
            f"{function}: output_size must begin with the batch and channels {lead} of the input, "
            f"got output_size={show(output_size)}"
        )
    large = [1] * (3 - rank) + list(given[-rank:])
    for axis in range(3 - rank, 3):
        low, high = usual[axis] - steps[axis] + 1, usual[axis] + steps[axis] - 1
        if not low <= large[axis] <= high:
            raise FastconvValueError(
                f"{function}: output_size must lie between {low} and {high} in axis {axis - 3 + rank}, "
                f"got output_size={show(output_size)}"
            )
    return large
