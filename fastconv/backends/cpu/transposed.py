# SPDX-License-Identifier: BSD-3-Clause
"""Transposed convolution and its gradients."""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from ... import settings
from ...kernels import CONV, TRANSPOSED, gradient
from ...kernels._conv import BoundConv
from ...kernels._phases import PhasedConv, weaving_seconds
from ...spec import ConvTransposeSpec, FastconvValueError, check_result, one_of, shape_of, show
from .arrays import Array, check_array, check_shape, plain
from .calls import bind_call, calls
from .conv import asked_algorithm, choose, conv, pack_conv, predicted_seconds, refusal


def phase_refusal(module: ModuleType, spec: ConvTransposeSpec) -> str | None:
    """Return why an algorithm must not compute a transposed convolution, or a phase of it; None if it may."""
    if module not in CONV:
        return refusal(module, spec)
    for phase in spec.phases:
        reason = refusal(module, spec.phase_conv(phase, spec.phase_box))
        if reason is not None:
            offsets = tuple(axis.offsets[0] for axis in phase)[-spec.rank :]
            return f"phase {offsets} is a convolution it cannot compute: {reason}"
    return None


def phase_seconds(modules: tuple[ModuleType, ...], spec: ConvTransposeSpec) -> float:
    """Return the time one image is expected to take with these algorithms, one for all or one a phase."""
    if modules and modules[0] not in CONV:
        return predicted_seconds(modules[0], spec)
    convs = [spec.phase_conv(phase, spec.phase_box) for phase in spec.phases]
    isa = settings.available_isas()[settings.isa_index()]
    weaving: float = weaving_seconds(spec, isa)
    return weaving + sum(predicted_seconds(*pair) for pair in zip(modules, convs, strict=True))


def choose_transposed(spec: ConvTransposeSpec, algorithm: Any) -> tuple[ModuleType, ...]:
    """Return the algorithm of the whole, or one for each phase: the named one, or those predicted to be the fastest."""
    algorithm = asked_algorithm(algorithm)
    one_of(spec.function, "algorithm", algorithm, ("auto", *(module.name for module in TRANSPOSED)))
    if algorithm != "auto":
        named = next(module for module in TRANSPOSED if module.name == algorithm)
        reason = phase_refusal(named, spec)
        if reason is not None:
            raise FastconvValueError(f"{spec.function}: algorithm={algorithm!r} cannot serve this call: {reason}")
        return (named,) if named not in CONV else (named,) * len(spec.phases)
    ways: list[tuple[ModuleType, ...]] = [
        (module,) for module in TRANSPOSED if module not in CONV and phase_refusal(module, spec) is None
    ]
    ways.append(tuple(choose(spec.phase_conv(phase, spec.phase_box), "auto") for phase in spec.phases))
    return min(ways, key=lambda modules: phase_seconds(modules, spec))


def bind_modules(modules: tuple[ModuleType, ...], spec: ConvTransposeSpec) -> BoundConv:
    """Make the plan of a transposed convolution for the algorithms chosen."""
    if modules and modules[0] not in CONV:
        bound: BoundConv = bind_call(modules[0], spec)
        return bound
    isa = settings.isa_index()
    return PhasedConv(spec, modules, isa, settings.available_isas()[isa])


def bind_transposed(function: str, rank: int, input: Any, weight: Any, bias: Any, options: tuple[Any, ...]) -> BoundConv:
    """Check a transposed convolution, choose its algorithms and make its plan."""
    *geometry, algorithm, data_format, activation, precision = options
    dtype = check_array(function, "input", input)
    check_array(function, "weight", weight, dtype)
    if bias is not None:
        check_array(function, "bias", bias, dtype)
    spec = ConvTransposeSpec.make_transpose(
        function,
        rank,
        input.shape,
        weight.shape,
        None if bias is None else bias.shape,
        *geometry,
        data_format=data_format,
        activation=activation,
        precision=settings.precision_of(precision),
        dtype=dtype,
    )
    return bind_modules(choose_transposed(spec, algorithm), spec)


conv_transpose = partial(conv, bind=bind_transposed)
pack_conv_transpose = partial(pack_conv, bind=bind_transposed)


def transposed_gradient(
    function: str,
    rank: int,
    arrays: tuple[Any, ...],
    input_shape: Any,
    weight_shape: Any,
    options: tuple[Any, ...],
    input_name: str = "input",
    weight_name: str = "weight",
) -> ConvTransposeSpec:
    """Check the shapes of a transposed convolution of which a gradient is asked, and of that of its output."""
    dtype = check_array(function, "grad_output", arrays[-1])
    inputs = shape_of(function, input_name, input_shape, (rank + 1, rank + 2), "(batch,) channels, spatial")
    weights = shape_of(function, weight_name, weight_shape, (rank + 2,), "c_in, c_out/groups, kernel")
    *geometry, data_format, precision = options
    how = {"data_format": data_format, "precision": settings.precision_of(precision), "dtype": dtype}
    spec = ConvTransposeSpec.make_transpose(function, rank, inputs, weights, None, *geometry, input_name=input_name, **how)
    check_result(function, spec.input_shape, spec.itemsize, f"{input_name}={show(input_shape)}")
    check_shape(function, "grad_output", arrays[-1], spec.output_shape)
    return spec


def conv_transpose_input(
    function: str, rank: int, input_size: Any, weight: Any, grad_output: Any, options: tuple[Any, ...], num_threads: Any
) -> Array:
    """Compute the gradient with respect to the input: the convolution of the gradient with the same weights."""
    given = (input_size, *options)
    done: Array | None = calls.conv(function, grad_output, weight, None, given, None, num_threads)
    if done is not None:
        return done
    dtype = check_array(function, "grad_output", grad_output)
    check_array(function, "weight", weight, dtype)

    def bind() -> Any:
        arrays = (weight, grad_output)
        spec = transposed_gradient(function, rank, arrays, input_size, weight.shape, options, input_name="input_size")
        forward = spec.gradient()
        return bind_call(choose(forward, "auto"), forward)

    call = calls.remember(function, calls.key((grad_output, weight, None), given), bind)
    threads = settings.thread_count(function, num_threads)
    dx: Array = call.run(plain(grad_output, dtype), plain(weight, dtype), None, None, threads)
    return dx


def conv_transpose_weight(
    function: str, rank: int, input: Any, weight_size: Any, grad_output: Any, options: tuple[Any, ...], num_threads: Any
) -> Array:
    """Compute the gradient with respect to the weights: that of a convolution whose input is the output's gradient."""
    dtype = check_array(function, "grad_output", grad_output)
    check_array(function, "input", input, dtype)

    def bind() -> Any:
        arrays = (input, grad_output)
        spec = transposed_gradient(function, rank, arrays, input.shape, weight_size, options, weight_name="weight_size")
        return bind_call(gradient, spec.gradient())

    key = calls.key((input, grad_output), (weight_size, options))
    call = calls.remember(function, key, bind)
    dw = np.empty(call.spec.weight_shape, dtype)
    call.weight(plain(grad_output, dtype), plain(input, dtype), dw, settings.thread_count(function, num_threads))
    return dw
