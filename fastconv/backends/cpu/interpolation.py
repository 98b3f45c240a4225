# SPDX-License-Identifier: BSD-3-Clause
"""Interpolation and its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import settings
from ...kernels import resample, take
from ...spec import InterpolateSpec, shape_of
from .arrays import Array, check_array, check_shape, delivered, plain, target
from .calls import bind_call, calls
from .copies import bind_adjoint, copied


def interpolate(function: str, input: Any, options: tuple[Any, ...], out: Any, num_threads: Any, data_format: Any) -> Array:
    """Compute an interpolation; `options`: size, scale_factor, mode, align_corners, recompute_scale_factor, antialias."""

    def bind() -> Any:
        dtype = check_array(function, "input", input)
        spec = InterpolateSpec.make(function, input.shape, options, data_format, dtype, "input")
        if spec.mode.startswith("nearest"):
            return bind_call(take, spec.take())
        return bind_call(resample, spec.resample())

    call = calls.remember(function, calls.key((input,), (options, data_format)), bind)
    if isinstance(call, take.BoundTake):
        return copied(function, call, input, out, num_threads)
    spec = call.spec
    threads = settings.thread_count(function, num_threads)
    y = target(function, out, spec.output_shape, spec.dtype, (input,))
    call.resample(plain(input, spec.dtype), y, threads)
    return delivered(y, out)


def interpolate_input(
    function: str, input_size: Any, grad_output: Any, options: tuple[Any, ...], num_threads: Any, data_format: Any
) -> Array:
    """Compute the gradient of an interpolation with respect to its input."""

    def bind() -> Any:
        dtype = check_array(function, "grad_output", grad_output)
        shape = shape_of(function, "input_size", input_size, (3, 4, 5), "(batch, channels, spatial)")
        spec = InterpolateSpec.make(function, shape, options, data_format, dtype, "input_size")
        return shape, spec.array_shape(spec.output), bind_adjoint(spec.resample(), shape)

    key = calls.key((grad_output,), (input_size, options, data_format))
    shape, wanted, adjoint = calls.remember(function, key, bind)
    check_shape(function, "grad_output", grad_output, wanted)
    dtype = check_array(function, "grad_output", grad_output)
    threads = settings.thread_count(function, num_threads)
    dx = np.empty(shape, dtype)
    adjoint(plain(grad_output, dtype), dx, threads)
    return dx
