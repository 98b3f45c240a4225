# SPDX-License-Identifier: BSD-3-Clause
"""Activations, gates, softmax, dropout and their gradients: each one pass of a kernel."""

from __future__ import annotations

import math
import operator
import os
from typing import Any

import numpy as np

from ... import settings
from ...kernels import activation as kernels
from ...spec import SLOPE, FastconvTypeError, FastconvValueError, flag, planes_of, real, show, whole
from .arrays import Array, check_array, check_shape, delivered, plain, target
from .normalization import channel_sums

# Infinite values and a mean over nothing give NaN, as the definition has it, and no warning.
quiet = np.errstate(invalid="ignore", divide="ignore", over="ignore")


def same_shape(function: str, first: str, a: Any, second: str, b: Any) -> str:
    dtype = check_array(function, first, a)
    check_array(function, second, b, dtype)
    check_shape(function, second, b, a.shape)
    return dtype


def axis_of(function: str, array: Array, dim: Any) -> int:
    """Return dim as an axis of the array, counted from the front."""
    if isinstance(dim, bool) or not hasattr(dim, "__index__"):
        raise FastconvTypeError(f"{function}: dim must be a whole number, got dim={show(dim)}")
    axis = operator.index(dim)
    if not -array.ndim <= axis < array.ndim:
        raise FastconvValueError(
            f"{function}: dim must lie in [{-array.ndim}, {array.ndim - 1}] for input of shape {array.shape}, got dim={dim}"
        )
    return axis % array.ndim


def activation(name: str, input: Any, out: Any, num_threads: Any, slope: Any = SLOPE) -> Array:
    """Compute the activation of this name, which is also the function's; only leaky_relu has a slope."""
    dtype = check_array(name, "input", input)
    factor = real(name, "negative_slope", slope, dtype)
    threads = settings.thread_count(name, num_threads)
    y = target(name, out, input.shape, dtype, () if out is input else (input,))
    kernels.activate(plain(input, dtype), y, name, factor, settings.isa_index(), threads)
    return delivered(y, out)


def activation_input(name: str, input: Any, grad_output: Any, slope: Any = SLOPE, num_threads: Any = None) -> Array:
    """Compute the gradient of an activation with respect to its input."""
    function = f"{name}_input"
    dtype = same_shape(function, "input", input, "grad_output", grad_output)
    factor = real(function, "negative_slope", slope, dtype)
    return differentiated(function, name, input, grad_output, (factor, 0.0, 0.0), dtype, num_threads)


def marked(name: str, input: Any, slope: Any = SLOPE, num_threads: Any = None) -> tuple[Array, Array]:
    """Compute relu, relu6 or leaky_relu, and the marks its gradient needs: a bit an element, eight a byte."""
    dtype = check_array(name, "input", input)
    factor = real(name, "negative_slope", slope, dtype)
    threads = settings.thread_count(name, num_threads)
    y, marks = np.empty(input.shape, dtype), np.empty((input.size + 7) // 8, np.uint8)
    kernels.marked(plain(input, dtype), None, marks, y, name, factor, settings.isa_index(), threads)
    return y, marks


def marked_input(name: str, marks: Array, grad_output: Any, slope: Any = SLOPE, num_threads: Any = None) -> Array:
    """Compute the gradient with respect to the input of what `marked` computed."""
    function = f"{name}_input"
    dtype = check_array(function, "grad_output", grad_output)
    factor = real(function, "negative_slope", slope, dtype)
    threads = settings.thread_count(function, num_threads)
    dx = np.empty(grad_output.shape, dtype)
    kernels.marked(None, plain(grad_output, dtype), marks, dx, name, factor, settings.isa_index(), threads)
    return dx


def add(function: str, input: Any, other: Any, out: Any = None, num_threads: Any = None) -> Array:
    """Compute input + other, of one shape; `out` may be either."""
    dtype = same_shape(function, "input", input, "other", other)
    threads = settings.thread_count(function, num_threads)
    others = [array for array in (input, other) if array is not out]
    y = target(function, out, input.shape, dtype, others)
    kernels.add(plain(input, dtype), plain(other, dtype), y, settings.isa_index(), threads)
    return delivered(y, out)


def differentiated(
    function: str, kind: str, x: Any, g: Any, numbers: tuple[float, float, float], dtype: str, num_threads: Any
) -> Array:
    threads = settings.thread_count(function, num_threads)
    dx = np.empty(x.shape, dtype)
    kernels.curve(plain(x, dtype), plain(g, dtype), dx, kind, numbers, settings.isa_index(), threads)
    return dx


# Of selu; the factor is applied to both sides.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def numbers_of(function: str, kind: str, options: dict[str, Any], dtype: str) -> tuple[str, tuple[float, float, float]]:
    """Return the kernel's word for an activation and its numbers."""
    values = {name: real(function, name, value, dtype) for name, value in options.items()}
    nonzero = {"celu": "alpha", "softplus": "beta"}.get(kind)
    if nonzero is not None and values[nonzero] == 0:
        raise FastconvValueError(f"{function}: {nonzero} must not be zero, got {nonzero}={show(options[nonzero])}")
    if kind == "hardtanh" and values["min_val"] > values["max_val"]:
        raise FastconvValueError(
            f"{function}: min_val must not exceed max_val={show(options['max_val'])}, got min_val={show(options['min_val'])}"
        )
    match kind:
        case "elu":
            return "elu", (1.0, values["alpha"], 1.0)
        case "selu":
            return "elu", (SELU_SCALE, SELU_SCALE * SELU_ALPHA, 1.0)
        case "celu":
            return "elu", (1.0, values["alpha"], 1 / values["alpha"])
    return kind, (*values.values(), *(0.0,) * (3 - len(values)))  # type: ignore[return-value]


def curve(function: str, kind: str, input: Any, options: dict[str, Any], out: Any, num_threads: Any) -> Array:
    """Compute an activation that convolutions do not apply; `options` are its numbers by name."""
    dtype = check_array(function, "input", input)
    kind, numbers = numbers_of(function, kind, options, dtype)
    threads = settings.thread_count(function, num_threads)
    y = target(function, out, input.shape, dtype, () if out is input else (input,))
    kernels.curve(plain(input, dtype), None, y, kind, numbers, settings.isa_index(), threads)
    return delivered(y, out)


def curve_input(function: str, kind: str, input: Any, grad_output: Any, options: dict[str, Any], num_threads: Any) -> Array:
    """Compute its gradient with respect to the input."""
    dtype = same_shape(function, "input", input, "grad_output", grad_output)
    kind, numbers = numbers_of(function, kind, options, dtype)
    return differentiated(function, kind, input, grad_output, numbers, dtype, num_threads)


def slopes_of(function: str, input: Any, weight: Any, data_format: Any, dtype: str) -> tuple[Array, int, int, bool]:
    """Return the slopes of prelu, how many channels there are, how many items stand together, and whether channels do."""
    check_array(function, "weight", weight, dtype)
    c, s, last = 1, input.size, False
    if input.ndim > 1:
        _, c, s, last = planes_of(function, input.shape, data_format)
    if weight.ndim > 1 or weight.size not in (1, c):
        raise FastconvValueError(
            f"{function}: weight must hold one slope, or one for each of {c} channels of input of shape {input.shape}, "
            f"got weight of shape {weight.shape}"
        )
    if weight.size == 1:
        return weight, 1, max(input.size, 1), False
    return weight, c, c if last else s, last


def prelu(input: Any, weight: Any, data_format: Any, out: Any, num_threads: Any) -> Array:
    """Compute leaky rectification with a slope per channel."""
    dtype = check_array("prelu", "input", input)
    weight, channels, run, last = slopes_of("prelu", input, weight, data_format, dtype)
    threads = settings.thread_count("prelu", num_threads)
    y = target("prelu", out, input.shape, dtype, (weight,) if out is input else (input, weight))
    isa = settings.isa_index()
    kernels.channelwise(plain(input, dtype), None, plain(weight, dtype), y, "prelu", channels, run, last, isa, threads)
    return delivered(y, out)


def prelu_input(
    function: str, input: Any, weight: Any, grad_output: Any, data_format: Any, num_threads: Any, kind: str = "prelu"
) -> Array:
    """Compute the gradient of prelu with respect to its input, or each element's share in that of the weight."""
    dtype = same_shape(function, "input", input, "grad_output", grad_output)
    weight, channels, run, last = slopes_of(function, input, weight, data_format, dtype)
    threads = settings.thread_count(function, num_threads)
    dx = np.empty(input.shape, dtype)
    arrays = (plain(input, dtype), plain(grad_output, dtype), plain(weight, dtype), dx)
    kernels.channelwise(*arrays, kind, channels, run, last, settings.isa_index(), threads)
    return dx


def prelu_weight(input: Any, weight: Any, grad_output: Any, data_format: Any, num_threads: Any) -> Array:
    """Compute the gradient of prelu with respect to its slopes."""
    function = "prelu_weight"
    shares = prelu_input(function, input, weight, grad_output, data_format, num_threads, "prelu_share")
    if weight.size == 1:
        shares, data_format = shares.reshape(1, 1, -1), None
    return channel_sums(function, shares, data_format, num_threads).reshape(weight.shape)


def halves(function: str, input: Any, dim: Any) -> int:
    """Return the axis that a gate halves."""
    axis = axis_of(function, input, dim)
    if input.shape[axis] % 2:
        raise FastconvValueError(
            f"{function}: input must have an even size in axis dim={dim}, got input of shape {input.shape}"
        )
    return axis


def gated(function: str, input: Any, dim: Any, out: Any, num_threads: Any) -> Array:
    """Compute the first half of an axis, in gated_tanh its tanh, times sigmoid of the second."""
    dtype = check_array(function, "input", input)
    axis = halves(function, input, dim)
    threads = settings.thread_count(function, num_threads)
    shape = (*input.shape[:axis], input.shape[axis] // 2, *input.shape[axis + 1 :])
    y = target(function, out, shape, dtype, (input,))
    runs, isa = math.prod(shape[:axis]), settings.isa_index()
    kernels.gate(plain(input, dtype), None, y, runs, function == "glu", isa, threads)
    return delivered(y, out)


def gated_tanh(input: Any, dim: Any, out: Any, num_threads: Any) -> Array:
    return gated("gated_tanh", input, dim, out, num_threads)


def gated_input(function: str, input: Any, grad_output: Any, dim: Any, num_threads: Any = None) -> Array:
    """Compute the gradient of a gate with respect to its input."""
    dtype = check_array(function, "input", input)
    check_array(function, "grad_output", grad_output, dtype)
    axis = halves(function, input, dim)
    shape = (*input.shape[:axis], input.shape[axis] // 2, *input.shape[axis + 1 :])
    check_shape(function, "grad_output", grad_output, shape)
    threads = settings.thread_count(function, num_threads)
    dx, linear = np.empty(input.shape, dtype), function == "glu_input"
    runs, isa = math.prod(shape[:axis]), settings.isa_index()
    kernels.gate(plain(input, dtype), plain(grad_output, dtype), dx, runs, linear, isa, threads)
    return dx


def along(function: str, array: Array, dim: Any) -> tuple[int, int]:
    """Return the size of an axis, and how many items lie behind it."""
    axis = axis_of(function, array, dim)
    return array.shape[axis], math.prod(array.shape[axis + 1 :])


def softmax(function: str, input: Any, dim: Any, out: Any = None, num_threads: Any = None, kind: str = "softmax") -> Array:
    """Compute a softmax of this kind along an axis."""
    dtype = check_array(function, "input", input)
    d, inner = along(function, input, dim) if input.ndim or dim not in (0, -1) else (1, 1)
    threads = settings.thread_count(function, num_threads)
    y = target(function, out, input.shape, dtype, () if out is input else (input,))
    kernels.softmax(plain(input, dtype), None, y, kind, d, inner, settings.isa_index(), threads)
    return delivered(y, out)


def log_softmax(function: str, input: Any, dim: Any, out: Any = None, num_threads: Any = None) -> Array:
    return softmax(function, input, dim, out, num_threads, "log_softmax")


def softmax_input(
    function: str, output: Any, grad_output: Any, dim: Any, num_threads: Any = None, kind: str = "softmax"
) -> Array:
    """Compute the gradient of a softmax with respect to its input, from its output."""
    dtype = same_shape(function, "output", output, "grad_output", grad_output)
    d, inner = along(function, output, dim)
    threads = settings.thread_count(function, num_threads)
    dx, isa = np.empty(output.shape, dtype), settings.isa_index()
    kernels.softmax(plain(output, dtype), plain(grad_output, dtype), dx, kind, d, inner, isa, threads)
    return dx


def log_softmax_input(function: str, output: Any, grad_output: Any, dim: Any, num_threads: Any = None) -> Array:
    return softmax_input(function, output, grad_output, dim, num_threads, "log_softmax")


# ---- dropout

ALPHA = SELU_ALPHA * SELU_SCALE  # what selu tends to below, with the other sign


def probability(function: str, p: Any) -> float:
    p = real(function, "p", p, "float64", p)
    if not 0 <= p <= 1:
        raise FastconvValueError(f"{function}: p must lie in [0, 1], got p={p!r}")
    return p


def kept_of(kind: str, p: float, gradient: bool) -> tuple[float, float, float, float]:
    """Return factor and addend of what is kept, and of what is dropped."""
    if p == 1:
        return 0.0, 0.0, 0.0, 0.0
    if kind == "dropout":
        return 1 / (1 - p), 0.0, 0.0, 0.0
    a = 1 / math.sqrt((ALPHA * ALPHA * p + 1) * (1 - p))
    shift = 0.0 if gradient else ALPHA * a
    return a, shift * p, 0.0, shift * p - shift


def draw_of(function: str, seed: Any, counter: Any) -> tuple[int, int]:
    """Return the two numbers that determine what is drawn; a seed of the system's where there is none."""
    drawn = int.from_bytes(os.urandom(8), "little") if seed is None else whole(function, "seed", seed, 0, limit=1 << 64)
    return drawn, whole(function, "counter", counter, 0, limit=1 << 64)


def dropout(
    function: str,
    kind: str,
    argument: str,
    input: Any,
    p: Any,
    training: Any,
    draw: tuple[Any, Any],
    data_format: Any,
    out: Any,
    num_threads: Any,
) -> Array:
    """Compute dropout of elements or, kind "channels", of channels; of a gradient if that is the argument's name."""
    dtype = check_array(function, argument, input)
    p = probability(function, p)
    seed, counter = draw_of(function, *draw)
    training = flag(function, "training", training)
    channels, pixels, last = 0, 1, False
    if data_format is not None or kind == "channels":
        n, channels, pixels, last = planes_of(function, input.shape, data_format, argument)
    threads, isa = settings.thread_count(function, num_threads), settings.isa_index()
    y = target(function, out, input.shape, dtype, () if out is input else (input,))
    x = plain(input, dtype)
    if not training or p == 0:
        y[...] = x
        return delivered(y, out)
    if kind == "channels":
        factors = np.ones(n * channels, dtype)
        kernels.dropout(factors, factors, seed, counter, p, kept_of("dropout", p, True), 0, 1, isa, 1)
        for image in range(n if last else 1):
            here: Any = image if last else slice(None)
            these = factors[image * channels : (image + 1) * channels] if last else factors
            run = channels if last else pixels
            kernels.channelwise(x[here], None, these, y[here], "times", these.size, run, last, isa, threads)
    else:
        keep = kept_of(kind, p, argument == "grad_output")
        kernels.dropout(x, y, seed, counter, p, keep, channels if last else 0, pixels, isa, threads)
    return delivered(y, out)
