# SPDX-License-Identifier: BSD-3-Clause
"""Padding, patches and pixel shuffling: copies, and the sums that are their gradients."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from ... import settings
from ...kernels import resample, take
from ...spec import (
    FastconvTypeError,
    FastconvValueError,
    FoldSpec,
    PadSpec,
    ResampleSpec,
    along_of,
    check_result,
    shape_of,
    show,
    table_of,
    whole,
)
from .arrays import Array, check_array, check_shape, delivered, plain, target
from .calls import bind_call, calls

FLOATS = ("float32", "float64")


def pad(
    function: str, input: Any, pads: Any, mode: Any, value: Any, out: Any, num_threads: Any, data_format: Any = None
) -> Array:
    """Compute a padding, of floats with the kernels, of other numbers with NumPy."""
    if isinstance(input, np.ndarray) and input.dtype.kind in "iub":
        return pad_numbers(function, input, pads, mode, value, out, num_threads, data_format)

    def bind() -> Any:
        dtype = check_array(function, "input", input)
        spec = PadSpec.make(function, input.shape, pads, mode, value, data_format, dtype)
        check_result(function, spec.output_shape, input.itemsize, f"pad={show(pads)}")
        takes = [] if 0 in spec.shape else [step.take(dtype) for step in spec.steps()]
        return spec, dtype, [bind_call(take, step) for step in takes]

    spec, dtype, steps = calls.remember(function, calls.key((input,), (pads, mode, value, data_format)), bind)
    threads = settings.thread_count(function, num_threads)
    y = target(function, out, spec.output_shape, dtype, (input,))
    if not steps:
        y.fill(spec.value)
        return delivered(y, out)
    x = plain(input, dtype)
    for step in steps[:-1]:
        between = np.empty(step.spec.output_shape, dtype)
        step.take(x, between, threads)
        x = between
    steps[-1].take(x, y, threads)
    return delivered(y, out)


def pad_numbers(
    function: str, input: Any, pads: Any, mode: Any, value: Any, out: Any, num_threads: Any, data_format: Any
) -> Array:
    """Compute a padding of whole numbers or truth values."""
    spec = PadSpec.make(function, input.shape, pads, mode, value, data_format, "float64")
    check_result(function, spec.output_shape, input.itemsize, f"pad={show(pads)}")
    settings.thread_count(function, num_threads)
    constant = input.dtype.type(spec.value) if fits(spec.value, input.dtype) else None
    if constant is None:
        raise FastconvValueError(f"{function}: value must be a {input.dtype} as the input is, got value={show(value)}")
    y = np.full(spec.output_shape, constant, input.dtype.newbyteorder("="))
    if 0 not in spec.shape:
        for step in spec.steps():
            planes, size, inner, _ = step.split()
            places = step.take("float64").places
            within = [table >= 0 for table in places]
            found = np.full((planes, *map(len, places), inner), constant, y.dtype)
            whole_image = input.reshape(planes, *size, inner)
            taken = reduce(lambda x, axis: x.take(places[axis][within[axis]], axis + 1), range(3), whole_image)
            found[np.ix_(np.ones(planes, bool), *within, np.ones(inner, bool))] = taken
            input = y = found.reshape(step.output_shape)
    if out is None:
        return y
    if not isinstance(out, np.ndarray) or out.dtype != y.dtype:
        raise FastconvTypeError(f"{function}: out must be an array of {y.dtype}, got out={show(out)}")
    check_shape(function, "out", out, y.shape)
    if not out.flags.writeable:
        raise FastconvValueError(f"{function}: out must be writeable, got a read-only array of shape {out.shape}")
    return delivered(y, out)


def fits(value: float, dtype: Any) -> bool:
    """Return whether a number is one of this kind."""
    if dtype.kind == "b":
        return value in (0, 1)
    limits = np.iinfo(dtype)
    return value == int(value) and limits.min <= value <= limits.max


def pad_input(
    function: str, input_size: Any, grad_output: Any, pads: Any, mode: Any, value: Any, num_threads: Any, data_format: Any
) -> Array:
    """Compute the gradient of a padding: what was copied is added up, what was cropped gets zero."""

    def bind() -> Any:
        dtype = check_array(function, "grad_output", grad_output)
        shape = shape_of(function, "input_size", input_size, range(1, 65), "of the input")
        spec = PadSpec.make(function, shape, pads, mode, value, data_format, dtype)
        check_result(function, shape, 4 if dtype == "float32" else 8, f"input_size={show(input_size)}")
        if 0 in (*shape, *spec.output_shape):
            return spec, dtype, None, []
        if spec.mode == "constant":
            back = tuple((-front, -behind) for front, behind in spec.pairs)
            crop = PadSpec(function, "constant", 0.0, spec.output_shape, back)
            return spec, dtype, None, [bind_call(take, step.take(dtype)) for step in crop.steps()]
        return spec, dtype, bind_adjoint(adjoint_of(spec, dtype), shape), []

    options = (input_size, pads, mode, value, data_format)
    spec, dtype, adjoint, steps = calls.remember(function, calls.key((grad_output,), options), bind)
    check_shape(function, "grad_output", grad_output, spec.output_shape)
    threads = settings.thread_count(function, num_threads)
    g = plain(grad_output, dtype)
    if adjoint is not None:
        dx = np.empty(spec.shape, dtype)
        adjoint(g, dx, threads)
        return dx
    dx = np.zeros(spec.shape, dtype) if not steps else g
    for step in steps:
        dx = np.empty(step.spec.output_shape, dtype)
        step.take(g, dx, threads)
        g = dx
    return dx


def adjoint_of(spec: PadSpec, dtype: str) -> ResampleSpec:
    """Return a padding as sums along axes."""
    copies = spec.take(dtype)
    axes: Any = tuple(table_of(places[None], np.ones((1, len(places))), dtype) for places in copies.places)
    output, along = copies.output_shape, along_of(axes[2], copies.size[2])
    return ResampleSpec(
        spec.function,
        dtype,
        output,
        copies.planes,
        copies.inner,
        copies.size,
        copies.output,
        axes,
        along,
    )


def bind_adjoint(spec: ResampleSpec, input_shape: tuple[int, ...]) -> Any:
    """Return the adjoint of sums along axes as a function of dy, dx and threads."""
    if spec.turns_well():
        return bind_call(resample, spec.turned(input_shape)).resample
    return bind_call(resample, spec).back


def unfold(
    function: str, input: Any, options: tuple[Any, ...], out: Any, num_threads: Any, argument: str = "input"
) -> Array:
    """Compute the columns of an image's patches, also the gradient of fold.

    `options` are kernel_size, dilation, padding and stride.
    """

    def bind() -> Any:
        dtype = check_array(function, argument, input)
        return bind_call(take, FoldSpec.make(function, input.shape, options, dtype, argument).take())

    call = calls.remember(function, calls.key((input,), options), bind)
    return copied(function, call, input, out, num_threads)


def copied(function: str, call: Any, input: Any, out: Any, num_threads: Any) -> Array:
    """Run copies of an input."""
    spec = call.spec
    threads = settings.thread_count(function, num_threads)
    y = target(function, out, spec.output_shape, spec.dtype, (input,))
    call.take(plain(input, spec.dtype), y, threads)
    return delivered(y, out)


def bind_fold(spec: FoldSpec) -> Any:
    isa = settings.isa_index()
    return take.bind_fold(spec, isa, settings.available_isas()[isa])


def fold(function: str, input: Any, output_size: Any, options: tuple[Any, ...], out: Any, num_threads: Any) -> Array:
    """Add patches up to an image; `options` are kernel_size, dilation, padding and stride."""

    def bind() -> Any:
        dtype = check_array(function, "input", input)
        return bind_fold(FoldSpec.make_fold(function, input.shape, output_size, options, dtype))

    call = calls.remember(function, calls.key((input,), (output_size, *options)), bind)
    return folded(function, call, input, call.spec.image_shape, out, num_threads)


def folded(function: str, call: Any, input: Any, shape: tuple[int, ...], out: Any, num_threads: Any) -> Array:
    """Run a fold into an image of this shape."""
    threads = settings.thread_count(function, num_threads)
    y = target(function, out, shape, call.spec.dtype, (input,))
    call.fold(plain(input, call.spec.dtype), y, threads)
    return delivered(y, out)


def unfold_input(function: str, input_size: Any, grad_output: Any, options: tuple[Any, ...], num_threads: Any) -> Array:
    """Compute the gradient of unfold, which is fold."""

    def bind() -> Any:
        dtype = check_array(function, "grad_output", grad_output)
        shape = shape_of(function, "input_size", input_size, (3, 4, 5), "(batch,) channels, spatial")
        spec = FoldSpec.make(function, shape, options, dtype, "input_size")
        check_result(function, spec.image_shape, spec.itemsize, f"input_size={show(input_size)}")
        return bind_fold(spec)

    call = calls.remember(function, calls.key((grad_output,), (input_size, *options)), bind)
    check_shape(function, "grad_output", grad_output, call.spec.columns_shape)
    return folded(function, call, grad_output, call.spec.image_shape, None, num_threads)


def shuffle_shape(function: str, argument: str, input: Any, factor: Any) -> tuple[int, tuple[int, ...], int, int, int]:
    """Return the factor, the leading axes, and channels, height and width of an array to be shuffled."""
    name = "upscale_factor" if function == "pixel_shuffle" else "downscale_factor"
    r = whole(function, name, factor, 1, limit=1 << 15)
    if input.ndim < 3 or 0 in input.shape[-3:]:
        raise FastconvValueError(
            f"{function}: {argument} must have channels, height and width, none of size 0, "
            f"got {argument} of shape {input.shape}"
        )
    return (r, input.shape[:-3], *input.shape[-3:])


def pixel_shuffle(function: str, input: Any, upscale_factor: Any, out: Any, num_threads: Any) -> Array:
    """Spread r * r channels over r x r pixels: a fold of patches that share no pixel."""
    dtype = check_array(function, "input", input)
    r, lead, c, h, w = shuffle_shape(function, "input", input, upscale_factor)
    if c % (r * r):
        raise FastconvValueError(
            f"{function}: upscale_factor must be one whose square divides the {c} channels, got upscale_factor={r} for "
            f"input of shape {input.shape}"
        )
    shape = (*lead, c // (r * r), h * r, w * r)
    planes = int(np.prod(shape[:-2]))
    steps = (1, r, r)
    spec = FoldSpec(
        function, 2, True, dtype, planes, 1, (1, h * r, w * r), steps, (1, h, w), steps, (1, 1, 1), (0, 0, 0), True
    )
    return folded(function, bind_fold(spec), input, shape, out, num_threads)


def pixel_unshuffle(function: str, input: Any, downscale_factor: Any, out: Any, num_threads: Any) -> Array:
    """Put the r x r pixels of each block into channels of their own: an unfold with as large a stride."""
    dtype = check_array(function, "input", input)
    r, lead, c, h, w = shuffle_shape(function, "input", input, downscale_factor)
    if h % r or w % r:
        raise FastconvValueError(
            f"{function}: downscale_factor must divide height and width, got downscale_factor={r} for input of "
            f"shape {input.shape}"
        )
    threads = settings.thread_count(function, num_threads)
    y = target(function, out, (*lead, c * r * r, h // r, w // r), dtype, (input,))
    n = int(np.prod(lead))
    call = bind_call(take, FoldSpec.make(function, (n, c, h, w), (r, 1, 0, r), dtype).take())
    call.take(plain(input, dtype), y, threads)
    return delivered(y, out)
