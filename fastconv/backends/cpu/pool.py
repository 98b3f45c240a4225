# SPDX-License-Identifier: BSD-3-Clause
"""Pooling, unpooling and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import settings
from ...kernels import pool, pool_last
from ...spec import FastconvTypeError, FastconvValueError, PoolSpec, check_result, flag, shape_of, show
from .arrays import Array, check_array, check_rank, check_shape, delivered, plain, target
from .calls import bind_call, calls


def bind_pool(function: str, rank: int, input: Any, options: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Return the bound pooling of an input array."""

    def bind() -> Any:
        dtype = check_array(function, "input", input)
        spec = PoolSpec.make(function, rank, input.shape, *options, dtype=dtype, **named)
        return bind_call(pool_last if spec.channels_last else pool, spec)

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
) -> Any:
    """Compute max pooling, with switches if asked; `options` are kernel_size, stride, padding, dilation and ceil_mode."""
    call = bind_pool(function, rank, input, options, {"data_format": data_format})
    spec = call.spec
    return_indices = flag(function, "return_indices", return_indices)
    threads = settings.thread_count(function, num_threads)
    y = target(function, out, spec.output_shape, spec.dtype, (input,))
    switches = np.empty(spec.output_shape, np.int64) if return_indices else None
    call.maximum(plain(input, spec.dtype), y, switches, threads)
    y = delivered(y, out)
    return (y, switches) if return_indices else y


def average_pool(
    function: str, rank: int, input: Any, options: tuple[Any, ...], named: dict[str, Any], out: Any, num_threads: Any
) -> Array:
    """Compute average pooling; `options` are kernel_size, stride and padding."""
    call = bind_pool(function, rank, input, options, named)
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


def check_switches(function: str, call: Any, indices: Any, threads: int) -> Array:
    """Return the switches as int64, all of them inside their planes."""
    spec = call.spec
    if not isinstance(indices, np.ndarray):
        raise FastconvTypeError(f"{function}: indices must be a NumPy array, got indices={show(indices)}")
    if indices.dtype.kind != "i" or indices.dtype.itemsize != 8:
        raise FastconvTypeError(f"{function}: indices must be int64, got indices of dtype {indices.dtype}")
    check_shape(function, "indices", indices, spec.output_shape)
    switches = plain(indices, "int64")
    bad = call.first_bad_switch(switches, threads)
    if bad >= 0:
        plane = int(np.prod(spec.size))
        raise FastconvValueError(
            f"{function}: indices must lie in [0, {plane}), a plane of size {spec.size[3 - spec.rank :]}, "
            f"got indices value {switches.flat[bad]} at position {tuple(map(int, np.unravel_index(bad, switches.shape)))}"
        )
    return switches


def max_unpool(
    function: str, rank: int, input: Any, indices: Any, options: tuple[Any, ...], out: Any, num_threads: Any
) -> Array:
    """Undo max pooling by its switches; `options` are kernel_size, stride, padding and output_size."""

    def bind() -> Any:
        dtype = check_array(function, "input", input)
        return bind_call(pool, PoolSpec.make_unpool(function, rank, input.shape, *options, dtype=dtype))

    call = calls.remember(function, calls.key((input,), options), bind)
    spec = call.spec
    threads = settings.thread_count(function, num_threads)
    switches = check_switches(function, call, indices, threads)
    x = target(function, out, spec.input_shape, spec.dtype, (input, indices))
    call.unpool(plain(input, spec.dtype), switches, x, threads)
    return delivered(x, out)


def scatter_call(function: str, rank: int, large: Any, small: tuple[int, ...], dtype: str) -> Any:
    """Return the bound pooling between a large and a small shape when only switches tell how they correspond."""
    large = shape_of(function, "input_size", large, (len(small),), "like grad_output")
    lead = len(small) - rank
    if large[:lead] != small[:lead]:
        raise FastconvValueError(
            f"{function}: input_size must begin with the batch and channels {small[:lead]} of grad_output, "
            f"got input_size={large}"
        )
    return bind_call(pool, PoolSpec.between(function, rank, large, small, dtype))


def max_pool_input(function: str, rank: int, input_size: Any, indices: Any, grad_output: Any, num_threads: Any) -> Array:
    """Compute the gradient of max pooling: each output's gradient goes to where its switch points."""
    dtype = check_array(function, "grad_output", grad_output)
    check_rank(function, "grad_output", grad_output, rank)
    key = calls.key((grad_output,), (input_size,))
    call = calls.remember(function, key, lambda: scatter_call(function, rank, input_size, grad_output.shape, dtype))
    threads = settings.thread_count(function, num_threads)
    switches = check_switches(function, call, indices, threads)
    dx = np.empty(call.spec.input_shape, dtype)
    call.maximum_grad(plain(grad_output, dtype), switches, dx, threads)
    return dx


def max_unpool_input(function: str, rank: int, indices: Any, grad_output: Any, num_threads: Any) -> Array:
    """Compute the gradient of unpooling: each input's gradient comes from where its switch points."""
    dtype = check_array(function, "grad_output", grad_output)
    check_rank(function, "grad_output", grad_output, rank)
    if not isinstance(indices, np.ndarray):
        raise FastconvTypeError(f"{function}: indices must be a NumPy array, got indices={show(indices)}")
    check_rank(function, "indices", indices, rank)
    large, small, lead = grad_output.shape, indices.shape, indices.ndim - rank
    if len(large) != len(small) or large[:lead] != small[:lead]:
        raise FastconvValueError(
            f"{function}: indices must have the batch and channels of grad_output of shape {large}, "
            f"got indices of shape {small}"
        )
    call = bind_call(pool, PoolSpec.between(function, rank, large, small, dtype))
    threads = settings.thread_count(function, num_threads)
    switches = check_switches(function, call, indices, threads)
    dx = np.empty(small, dtype)
    call.unpool_grad(plain(grad_output, dtype), switches, dx, threads)
    return dx
