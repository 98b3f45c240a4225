# SPDX-License-Identifier: BSD-3-Clause
"""Pooling, unpooling and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import settings
from ...kernels import pool, pool_last
from ...spec import (
    FastconvTypeError,
    FastconvValueError,
    PoolSpec,
    channels_are_last,
    check_result,
    element_dtype,
    flag,
    shape_of,
    show,
)
from .arrays import Array, check_array, check_rank, check_shape, delivered, plain, target
from .calls import bind_call, calls


def bind_pool(function: str, rank: int, input: Any, options: tuple[Any, ...], named: dict[str, Any], integers: bool) -> Any:
    """Return the bound pooling of an input array, which may hold `integers`."""

    def bind() -> Any:
        if integers and isinstance(input, np.ndarray):
            dtype = element_dtype(function, "input", input.dtype)
        else:
            dtype = check_array(function, "input", input)
        spec = PoolSpec.make(function, rank, input.shape, *options, dtype=dtype, **named)
        return bind_call(pool_last if spec.channels_last and dtype.startswith("float") else pool, spec)

    return calls.remember(function, calls.key((input,), (options, *named.values())), bind)


def max_pool(
    function: str,
    rank: int,
    input: Any,
    options: tuple[Any, ...],
    return_indices: bool,
    out: Any,
    num_threads: Any,
    data_format: Any = None,
    switches: Any = "flat",
) -> Any:
    """Compute max pooling, with switches if asked; `options` are kernel_size, stride, padding, dilation and ceil_mode."""
    call = bind_pool(function, rank, input, options, {"data_format": data_format}, True)
    spec = call.spec
    return_indices = flag(function, "return_indices", return_indices)
    kind = np.uint8 if spec.compact(switches) else np.int64
    if kind is np.uint8 and not return_indices:
        raise FastconvValueError(
            f"{function}: return_indices must be True where switches say how to return them, got switches={show(switches)}"
        )
    threads = settings.thread_count(function, num_threads)
    y = target(function, out, spec.output_shape, spec.dtype, (input,))
    where = np.empty(spec.output_shape, kind) if return_indices else None
    call.maximum(plain(input, spec.dtype), y, where, threads)
    y = delivered(y, out)
    return (y, where) if return_indices else y


def average_pool(
    function: str, rank: int, input: Any, options: tuple[Any, ...], named: dict[str, Any], out: Any, num_threads: Any
) -> Array:
    """Compute average pooling; `options` are kernel_size, stride and padding."""
    call = bind_pool(function, rank, input, options, named, False)
    spec = call.spec
    threads = settings.thread_count(function, num_threads)
    y = target(function, out, spec.output_shape, spec.dtype, (input,))
    call.average(plain(input, spec.dtype), y, threads)
    return delivered(y, out)


def padded_pool(
    function: str,
    rank: int,
    kind: str,
    input: Any,
    options: tuple[Any, ...],
    num_threads: Any,
    with_batch: bool = False,
) -> Any:
    """Compute a pooling with sides padded apart; `options` are kernel, stride, padding and whether the channels are last.

    `kind`: "max", "average", or "argmax": max and where, as a place in the image or, `with_batch`, in the whole input.
    """

    def bind() -> Any:
        dtype = check_array(function, "input", input)
        kernel, stride, padding, last = options
        spec = PoolSpec.make_padded(function, rank, input.shape, kernel, stride, padding, last, dtype)
        return bind_call(pool_last if last else pool, spec)

    call = calls.remember(function, calls.key((input,), options), bind)
    spec = call.spec
    threads = settings.thread_count(function, num_threads)
    y = np.empty(spec.output_shape, spec.dtype)
    x = plain(input, spec.dtype)
    if kind == "average":
        call.average(x, y, threads)
        return y
    if kind == "max":
        call.maximum(x, y, None, threads)
        return y
    where = np.empty(spec.output_shape, np.int64)
    call.maximum(x, y, where, threads, True, with_batch)
    return y, where


def average_pool_input(
    function: str,
    rank: int,
    input_size: Any,
    grad_output: Any,
    options: tuple[Any, ...],
    named: dict[str, Any],
    num_threads: Any,
) -> Array:
    """Compute the gradient of average pooling."""

    def bind() -> Any:
        dtype = check_array(function, "grad_output", grad_output)
        shape = shape_of(function, "input_size", input_size, (rank + 1, rank + 2), "(batch,) channels, spatial")
        spec = PoolSpec.make(function, rank, shape, *options, dtype=dtype, input_name="input_size", **named)
        check_result(function, spec.input_shape, spec.itemsize, f"input_size={show(input_size)}")
        return bind_call(pool, spec)

    key = calls.key((grad_output,), (input_size, options, *named.values()))
    call = calls.remember(function, key, bind)
    spec = call.spec
    check_shape(function, "grad_output", grad_output, spec.output_shape)
    dx = np.empty(spec.input_shape, spec.dtype)
    call.average_grad(plain(grad_output, spec.dtype), dx, settings.thread_count(function, num_threads))
    return dx


def switches_kind(function: str, indices: Any) -> bool:
    """Whether switches are compact; refuse what are none."""
    if not isinstance(indices, np.ndarray):
        raise FastconvTypeError(f"{function}: indices must be a NumPy array, got indices={show(indices)}")
    if indices.dtype == np.uint8:
        return True
    if indices.dtype.kind != "i" or indices.dtype.itemsize != 8:
        raise FastconvTypeError(
            f"{function}: indices must be int64, or uint8 for compact switches, got indices of dtype {indices.dtype}"
        )
    return False


def plain_switches(function: str, spec: PoolSpec, indices: Any) -> Array:
    """Return switches of the spec's shape as kernels can read them."""
    compact = switches_kind(function, indices)
    check_shape(function, "indices", indices, spec.output_shape)
    if compact:
        spec.check_compact()
    return plain(indices, "uint8" if compact else "int64")


def check_found(function: str, spec: PoolSpec, switches: Array, bad: int) -> None:
    """Refuse the switches if one of them, at flat position `bad`, is bad."""
    if bad < 0:
        return
    size, kernel = (axes[3 - spec.rank :] for axes in (spec.size, spec.kernel))
    value, position = switches.flat[bad], tuple(map(int, np.unravel_index(bad, switches.shape)))
    if switches.dtype == np.uint8:
        raise FastconvValueError(
            f"{function}: indices must lie in [0, {int(np.prod(kernel))}), elements of a window of size {kernel}, and "
            f"inside the plane of size {size}, got indices value {value} at position {position}"
        )
    raise FastconvValueError(
        f"{function}: indices must lie in [0, {int(np.prod(size))}), a plane of size {size}, "
        f"got indices value {value} at position {position}"
    )


def max_unpool(
    function: str,
    rank: int,
    input: Any,
    indices: Any,
    options: tuple[Any, ...],
    out: Any,
    num_threads: Any,
    data_format: Any = None,
) -> Any:
    """Undo max pooling by its switches; `options` are kernel_size, stride, padding, output_size and dilation."""

    def bind() -> Any:
        dtype = check_array(function, "input", input)
        return bind_call(
            pool, PoolSpec.make_unpool(function, rank, input.shape, *options, dtype=dtype, data_format=data_format)
        )

    call = calls.remember(function, calls.key((input,), (options, data_format)), bind)
    spec = call.spec
    threads = settings.thread_count(function, num_threads)
    switches = plain_switches(function, spec, indices)
    x = target(function, out, spec.input_shape, spec.dtype, (input, indices))
    if x is out:  # nothing is written there before every switch was seen
        check_found(function, spec, switches, call.first_bad_switch(switches, threads))
    check_found(function, spec, switches, call.unpool(plain(input, spec.dtype), switches, x, threads))
    return delivered(x, out)


def scatter_spec(
    function: str, rank: int, large: Any, small: tuple[int, ...], dtype: str, window: tuple[Any, ...], data_format: Any
) -> PoolSpec:
    """Return the spec of a pooling from `large` to `small`, of which perhaps only the switches know the window."""
    large = shape_of(function, "input_size", large, (len(small),), "like grad_output")
    if window[0] is not None:
        spec = PoolSpec.make(function, rank, large, *window, data_format=data_format, dtype=dtype, input_name="input_size")
        if spec.output_shape != small:
            raise FastconvValueError(
                f"{function}: grad_output must have shape {spec.output_shape} for input_size={large} and "
                f"kernel_size={show(window[0])}, got grad_output of shape {small}"
            )
        return spec
    check_lead(function, rank, "input_size", large, small, channels_are_last(function, data_format, rank))
    return PoolSpec.between(function, rank, large, small, dtype, data_format)


def check_lead(function: str, rank: int, argument: str, large: tuple[int, ...], small: tuple[int, ...], last: bool) -> None:
    """Refuse a shape whose batch or channels are not grad_output's."""
    leads = [(*shape[: -1 - rank], shape[-1]) if last else shape[:-rank] for shape in (large, small)]
    if leads[0] != leads[1]:
        raise FastconvValueError(
            f"{function}: the batch and channels of grad_output and {argument} must be equal, "
            f"got {leads[0]} and {leads[1]} of shapes {large} and {small}"
        )


def need_window(function: str, indices: Any, window: tuple[Any, ...]) -> None:
    """Refuse compact switches of unknown windows, and options of a window without one."""
    compact = switches_kind(function, indices)
    if window[0] is None and (compact or any(map(differs, window[1:], (None, 0, 1, False)))):
        raise FastconvTypeError(
            f"{function}: kernel_size must be given for compact switches, and where stride, padding, dilation or ceil_mode "
            f"is, got kernel_size=None"
        )


def differs(given: Any, usual: Any) -> bool:
    """Whether an option is not left at its default."""
    return type(given) is not type(usual) or given != usual


def max_pool_input(
    function: str,
    rank: int,
    input_size: Any,
    indices: Any,
    grad_output: Any,
    window: tuple[Any, ...],
    num_threads: Any,
    data_format: Any = None,
) -> Array:
    """Compute the gradient of max pooling: each output's gradient goes to where its switch points."""
    dtype = check_array(function, "grad_output", grad_output)
    check_rank(function, "grad_output", grad_output, rank)
    need_window(function, indices, window)

    def bind() -> Any:
        return bind_call(pool, scatter_spec(function, rank, input_size, grad_output.shape, dtype, window, data_format))

    call = calls.remember(function, calls.key((grad_output,), (input_size, window, data_format)), bind)
    threads = settings.thread_count(function, num_threads)
    switches = plain_switches(function, call.spec, indices)
    dx = np.empty(call.spec.input_shape, dtype)
    bad = call.maximum_grad(plain(grad_output, dtype), switches, dx, threads)
    check_found(function, call.spec, switches, bad)
    return dx


def max_unpool_input(
    function: str,
    rank: int,
    indices: Any,
    grad_output: Any,
    window: tuple[Any, ...],
    num_threads: Any,
    data_format: Any = None,
) -> Array:
    """Compute the gradient of unpooling: each input's gradient comes from where its switch points."""
    dtype = check_array(function, "grad_output", grad_output)
    check_rank(function, "grad_output", grad_output, rank)
    need_window(function, indices, window)
    check_rank(function, "indices", indices, rank)
    large, small = grad_output.shape, indices.shape
    check_lead(function, rank, "indices", large, small, channels_are_last(function, data_format, rank))
    spec = PoolSpec.between(function, rank, large, small, dtype, data_format)
    if window[0] is not None:
        kernel, stride, padding, dilation = window
        options = (kernel, stride, padding, spec.size[3 - rank :], dilation)
        how = {"dtype": dtype, "data_format": data_format, "input_name": "indices"}
        spec = PoolSpec.make_unpool(function, rank, small, *options, **how)
    call = bind_call(pool, spec)
    threads = settings.thread_count(function, num_threads)
    switches = plain_switches(function, spec, indices)
    dx = np.empty(small, dtype)
    check_found(function, spec, switches, call.unpool_grad(plain(grad_output, dtype), switches, dx, threads))
    return dx
