# SPDX-License-Identifier: BSD-3-Clause
"""Adaptive and global pooling, sums, p-norms, maxout, and their gradients."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import settings
from ...kernels import box_pool, pool
from ...spec import (
    OPTION,
    BoxSpec,
    FastconvTypeError,
    FastconvValueError,
    PoolSpec,
    check_result,
    flag,
    norm_power,
    shape_of,
    show,
    whole,
)
from .arrays import Array, check_array, check_shape, delivered, plain, target
from .calls import bind_call, calls
from .elementwise import axis_of
from .pool import check_found, max_pool, max_pool_input, switches_kind

SHAPE = "(batch,) channels, spatial"


def run(function: str, call: Any, input: Array, with_switches: bool, out: Any, num_threads: Any) -> Any:
    """Compute a bound pooling, with switches if asked."""
    spec = call.spec
    threads = settings.thread_count(function, num_threads)
    y = target(function, out, spec.output_shape, spec.dtype, (input,))
    switches = np.empty(spec.output_shape, np.int64) if with_switches else None
    call.pool(plain(input, spec.dtype), y, switches, threads)
    y = delivered(y, out)
    return (y, switches) if with_switches else y


def adaptive_pool(
    function: str,
    rank: int,
    kind: str,
    input: Any,
    output_size: Any,
    return_indices: Any,
    out: Any,
    num_threads: Any,
    data_format: Any = None,
) -> Any:
    """Compute adaptive pooling, `kind` "mean" or "max"; one output an axis is global pooling."""

    def bind() -> Any:
        dtype = check_array(function, "input", input)
        shape, how = input.shape, {"data_format": data_format, "dtype": dtype}
        return bind_call(box_pool, BoxSpec.make_adaptive(function, rank, kind, shape, output_size, **how))

    call = calls.remember(function, calls.key((input,), (output_size, data_format)), bind)
    return run(function, call, input, flag(function, "return_indices", return_indices), out, num_threads)


def adaptive_average_input(
    function: str,
    rank: int,
    input_size: Any,
    grad_output: Any,
    num_threads: Any,
    data_format: Any = None,
    output: int | None = None,
) -> Array:
    """Compute the gradient of adaptive average pooling; `output`: the outputs an axis, those of grad_output if None."""

    def bind() -> Any:
        how = {"data_format": data_format, "dtype": check_array(function, "grad_output", grad_output)}
        shape = shape_of(function, "input_size", input_size, (rank + 1, rank + 2), SHAPE)
        given = BoxSpec.make_adaptive(function, rank, "mean", grad_output.shape, None, input_name="grad_output", **how)
        outputs = given.size[3 - rank :] if output is None else output
        spec = BoxSpec.make_adaptive(function, rank, "mean", shape, outputs, input_name="input_size", **how)
        check_result(function, spec.input_shape, spec.itemsize, f"input_size={show(input_size)}")
        return bind_call(box_pool, spec)

    call = calls.remember(function, calls.key((grad_output,), (input_size, data_format, output)), bind)
    return gradient(function, call, None, None, grad_output, num_threads)


def window_spec(function: str, rank: int, kind: str, shape: Any, power: Any, options: Any, how: dict[str, Any]) -> BoxSpec:
    """Check a sum or a norm over windows; `options` are kernel_size, stride, padding and ceil_mode."""
    exponent = norm_power(function, power) if kind == "norm" else 1.0
    kernel, stride, padding, ceil_mode = options
    return BoxSpec.make_windows(
        PoolSpec.make(function, rank, shape, kernel, stride, padding, 1, ceil_mode, **how), kind, exponent
    )


def window_pool(
    function: str,
    rank: int,
    kind: str,
    input: Any,
    power: Any,
    options: tuple[Any, ...],
    out: Any,
    num_threads: Any,
    data_format: Any = None,
) -> Array:
    """Compute the sum, or the norm with exponent `power`, of each window."""

    def bind() -> Any:
        how = {"data_format": data_format, "dtype": check_array(function, "input", input)}
        return bind_call(box_pool, window_spec(function, rank, kind, input.shape, power, options, how))

    call = calls.remember(function, calls.key((input,), (power, data_format, *options)), bind)
    result: Array = run(function, call, input, False, out, num_threads)
    return result


def sum_pool_input(
    function: str,
    rank: int,
    input_size: Any,
    grad_output: Any,
    options: tuple[Any, ...],
    num_threads: Any,
    data_format: Any = None,
) -> Array:
    """Compute the gradient of the sums over windows."""

    def bind() -> Any:
        dtype = check_array(function, "grad_output", grad_output)
        shape = shape_of(function, "input_size", input_size, (rank + 1, rank + 2), SHAPE)
        how = {"data_format": data_format, "dtype": dtype, "input_name": "input_size"}
        spec = window_spec(function, rank, "sum", shape, None, options, how)
        check_result(function, spec.input_shape, spec.itemsize, f"input_size={show(input_size)}")
        return bind_call(box_pool, spec)

    call = calls.remember(function, calls.key((grad_output,), (input_size, data_format, *options)), bind)
    return gradient(function, call, None, None, grad_output, num_threads)


def lp_pool_input(
    function: str,
    rank: int,
    input: Any,
    output: Any,
    grad_output: Any,
    power: Any,
    options: tuple[Any, ...],
    num_threads: Any,
    data_format: Any = None,
) -> Array:
    """Compute the gradient of the norms over windows, given those."""

    def bind() -> Any:
        dtype = check_array(function, "input", input)
        for argument, array in (("output", output), ("grad_output", grad_output)):
            check_array(function, argument, array, dtype)
        how = {"data_format": data_format, "dtype": dtype}
        return bind_call(box_pool, window_spec(function, rank, "norm", input.shape, power, options, how))

    key = calls.key((input, output, grad_output), (power, data_format, *options))
    call = calls.remember(function, key, bind)
    check_shape(function, "output", output, call.spec.output_shape)
    check_shape(function, "grad_output", grad_output, call.spec.output_shape)
    if call.spec.power != math.inf:
        return gradient(function, call, input, output, grad_output, num_threads)
    kernel, stride, padding, ceil_mode = options
    windows = (kernel, stride, padding, 1, ceil_mode)
    where = max_pool(function, rank, np.abs(input), windows, True, None, num_threads, data_format)[1]
    dx = switched_input(function, rank, input.shape, where, grad_output, num_threads, data_format)
    zero = np.zeros((), dx.dtype)
    return np.where(input > 0, dx, np.where(input < 0, -dx, zero))  # of NaN too, as torch has it


def gradient(function: str, call: Any, input: Any, output: Any, grad_output: Array, num_threads: Any) -> Array:
    """Compute a gradient whose shares boxes add up; a norm needs its input and output."""
    spec = call.spec
    check_shape(function, "grad_output", grad_output, spec.output_shape)
    threads = settings.thread_count(function, num_threads)
    x, y = (None if array is None else plain(array, spec.dtype) for array in (input, output))
    dx = np.empty(spec.input_shape, spec.dtype)
    call.gradient(x, y, plain(grad_output, spec.dtype), dx, threads)
    return dx


def switched_input(
    function: str,
    rank: int,
    input_size: Any,
    indices: Any,
    grad_output: Any,
    num_threads: Any,
    data_format: Any = None,
) -> Array:
    """Compute the gradient of maxima of boxes: each output's gradient goes to where its switch points."""
    no_window = (None, None, 0, 1, False)
    return max_pool_input(function, rank, input_size, indices, grad_output, no_window, num_threads, data_format)


def maxout_spec(function: str, shape: tuple[int, ...], axis: int, outputs: int, dtype: str) -> BoxSpec:
    """Return maxout as a pooling along its axis, with what lies behind the axis as channels."""
    before, behind, maps = math.prod(shape[:axis]), math.prod(shape[axis + 1 :]), shape[axis]
    return BoxSpec(
        function, 1, "max", 1.0, True, dtype, before, behind, (1, 1, maps), (1, 1, outputs), channels_last=behind > 1
    )


def maxout(input: Any, pool_size: Any, dim: Any, return_indices: Any, out: Any, num_threads: Any) -> Any:
    """Compute the maximum of each `pool_size` maps that follow each other, and which it was if asked."""
    dtype = check_array("maxout", "input", input)
    pieces = whole("maxout", "pool_size", pool_size, 1, limit=OPTION)
    axis = axis_of("maxout", input, dim)
    maps = input.shape[axis]
    if maps % pieces or maps == 0:
        raise FastconvValueError(
            f"maxout: the size of input in axis dim={dim} must be a multiple of pool_size={pieces}, got input of shape "
            f"{input.shape}"
        )
    with_switches = flag("maxout", "return_indices", return_indices)
    threads = settings.thread_count("maxout", num_threads)
    shape = (*input.shape[:axis], maps // pieces, *input.shape[axis + 1 :])
    y = target("maxout", out, shape, dtype, (input,))
    switches = np.empty(shape, np.int64) if with_switches else None
    if y.size:
        spec = maxout_spec("maxout", input.shape, axis, maps // pieces, dtype)
        call = calls.remember(
            "maxout", calls.key((), (spec.input_shape, spec.output_shape, dtype)), lambda: bind_call(box_pool, spec)
        )
        call.pool(plain(input, dtype), y, switches, threads)
    y = delivered(y, out)
    return (y, switches) if with_switches else y


def maxout_input(input_size: Any, indices: Any, grad_output: Any, dim: Any, num_threads: Any) -> Array:
    """Compute the gradient of maxout with respect to its input."""
    function = "maxout_input"
    dtype = check_array(function, "grad_output", grad_output)
    axis = axis_of(function, grad_output, dim)
    shape = shape_of(function, "input_size", input_size, (grad_output.ndim,), "like grad_output")
    outputs = grad_output.shape[axis]
    others = (*shape[:axis], *shape[axis + 1 :]) == (*grad_output.shape[:axis], *grad_output.shape[axis + 1 :])
    if not others or outputs == 0 or shape[axis] % outputs or shape[axis] == 0:
        raise FastconvValueError(
            f"{function}: input_size must be the shape of grad_output with a multiple of its size in axis dim={dim}, got "
            f"input_size={shape} for grad_output of shape {grad_output.shape}"
        )
    if switches_kind(function, indices):
        raise FastconvTypeError(f"{function}: indices must be int64, got indices of dtype {indices.dtype}")
    check_shape(function, "indices", indices, grad_output.shape)
    threads, switches, dx = settings.thread_count(function, num_threads), plain(indices, "int64"), np.empty(shape, dtype)
    if not dx.size:
        return dx
    before, behind = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    sizes = (before, shape[axis], behind), (before, outputs, behind)
    spec = PoolSpec.between(function, 1, *sizes, dtype, "NWC")
    bad = bind_call(pool, spec).maximum_grad(plain(grad_output, dtype), switches, dx, threads)
    check_found(function, spec, switches, bad)
    return dx
