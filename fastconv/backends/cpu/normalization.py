# SPDX-License-Identifier: BSD-3-Clause
"""Normalisation and its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import settings
from ...kernels import normalization as kernels
from ...spec import FastconvValueError, NormSpec, WindowSpec, normalized_items, not_negative, planes_of, real, show, whole
from .arrays import Array, check_array, check_shape, delivered, plain, target

Triple = tuple[Array | None, Array, Array]


def per_channel(function: str, dtype: str, shape: tuple[int, ...], **arrays: Any) -> list[Array | None]:
    """Return arrays of one number a channel (or of another shape) as kernels read them."""
    for name, array in arrays.items():
        if array is not None:
            check_array(function, name, array, dtype)
            check_shape(function, name, array, shape)
    return [None if array is None else plain(array, dtype) for array in arrays.values()]


def running(function: str, spec: NormSpec, dtype: str, mean: Any, variance: Any, own_name: str) -> bool:
    """Check the running moments, and return whether they are there; without the input's own they must be."""
    if (mean is None) != (variance is None):
        name = "running_mean" if mean is None else "running_var"
        raise FastconvValueError(f"{function}: running_mean and running_var must both be given or neither, got {name}=None")
    if mean is None and spec.given:
        raise FastconvValueError(f"{function}: running_mean must be given with {own_name}=False, got running_mean=None")
    per_channel(function, dtype, (spec.c,), running_mean=mean, running_var=variance)
    return mean is not None


def moments_for(spec: NormSpec, mean: Any, variance: Any) -> tuple[Array, Array]:
    """Return doubles for the moments of every group, filled where they are given."""
    if spec.given:
        return np.array(mean, np.float64), np.array(variance, np.float64)
    return np.empty(spec.groups), np.empty(spec.groups)


def normalize(function: str, kind: str, input: Any, *how: Any) -> Array:
    """Compute batch, instance or group normalisation; the arguments are those of `normalized`."""
    return normalized(function, kind, input, *how)[0]


def normalized(
    function: str,
    kind: str,
    input: Any,
    moments: tuple[Any, Any],
    weight: Any,
    bias: Any,
    own: Any,
    momentum: Any,
    eps: Any,
    num_groups: Any,
    data_format: Any,
    out: Any,
    num_threads: Any,
) -> tuple[Array, tuple[Array, Array]]:
    """Compute it, and return also mean and variance of every group; move the running moments if the input's own count."""
    dtype = check_array(function, "input", input)
    name = "training" if kind == "batch" else "use_input_stats"
    options = {"own": own, "own_name": name, "num_groups": num_groups, "eps": eps, "data_format": data_format}
    spec = NormSpec.make(function, kind, input.shape, dtype=dtype, **options)
    there = running(function, spec, dtype, *moments, name)
    share = real(function, "momentum", momentum, dtype)
    w, b = per_channel(function, dtype, (spec.c,), weight=weight, bias=bias)
    for argument, array in zip(("running_mean", "running_var"), moments, strict=True):
        if there and not spec.given and not array.flags.writeable:
            raise FastconvValueError(
                f"{function}: {argument} must be writeable, got a read-only array of shape {array.shape}"
            )
    threads, isa = settings.thread_count(function, num_threads), settings.isa_index()
    others = (weight, bias, *moments)
    y = target(function, out, input.shape, dtype, others if out is input else (input, *others))
    mean, variance = moments_for(spec, *moments)
    last = spec.channels_last
    kernels.normalize(
        plain(input, dtype), w, b, mean, variance, y, spec.sizes, spec.per, spec.eps, spec.given, last, isa, threads
    )
    if there and not spec.given:
        update(spec, moments, mean, variance, share)
    return delivered(y, out), (mean, variance)


def update(spec: NormSpec, moments: tuple[Any, Any], mean: Array, variance: Array, share: float) -> None:
    """Move the running moments by this share towards those of the input, the variance by its unbiased estimate."""
    variance = variance * (spec.count / (spec.count - 1)) if spec.count > 1 else variance
    if spec.per:
        mean, variance = (stat.reshape(spec.n, spec.c).mean(axis=0) for stat in (mean, variance))
    for array, stat in zip(moments, (mean, variance), strict=True):
        array[...] = (1 - share) * array.astype(np.float64) + share * stat


def normalize_gradients(
    function: str,
    kind: str,
    input: Any,
    grad_output: Any,
    moments: tuple[Any, Any],
    weight: Any,
    own: Any,
    eps: Any,
    num_groups: Any,
    data_format: Any,
    num_threads: Any,
    with_input: bool = True,
    found: tuple[Array, Array] | None = None,
) -> Triple:
    """Compute the gradients with respect to input, if wanted, weight and bias; `found` are the moments, where known."""
    dtype = check_array(function, "input", input)
    name = "training" if kind == "batch" else "use_input_stats"
    options = {"own": own, "own_name": name, "num_groups": num_groups, "eps": eps, "data_format": data_format}
    spec = NormSpec.make(function, kind, input.shape, dtype=dtype, **options)
    check_array(function, "grad_output", grad_output, dtype)
    check_shape(function, "grad_output", grad_output, input.shape)
    running(function, spec, dtype, *moments, name)
    (w,) = per_channel(function, dtype, (spec.c,), weight=weight)
    threads, isa = settings.thread_count(function, num_threads), settings.isa_index()
    x, g, last = plain(input, dtype), plain(grad_output, dtype), spec.channels_last
    mean, variance = found or moments_for(spec, *moments)
    if not (spec.given or found):
        kernels.normalize(x, None, None, mean, variance, None, spec.sizes, spec.per, spec.eps, False, last, isa, threads)
    dx = np.empty(input.shape, dtype) if with_input else None
    images = spec.n if spec.per else 1
    dw, db = np.empty((images, spec.c)), np.empty((images, spec.c))
    shape = spec.sizes, spec.per, spec.eps, spec.given, last
    kernels.normalize_grad(x, g, w, mean, variance, dx, dw, db, *shape, isa, threads)
    return dx, dw.sum(axis=0).astype(dtype), db.sum(axis=0).astype(dtype)


def channel_sums(function: str, grad_output: Any, data_format: Any, num_threads: Any) -> Array:
    """Compute the gradient of a bias: sums of each channel."""
    dtype = check_array(function, "grad_output", grad_output)
    spec = NormSpec.make(function, "batch", grad_output.shape, own=False, data_format=data_format, dtype=dtype)
    threads, isa = settings.thread_count(function, num_threads), settings.isa_index()
    g, dw, db = plain(grad_output, dtype), np.empty(spec.c), np.empty(spec.c)
    zeros, ones = np.zeros(spec.c), np.ones(spec.c)
    shape = spec.sizes, 0, spec.eps, True, spec.channels_last
    kernels.normalize_grad(g, g, None, zeros, ones, None, dw, db, *shape, isa, threads)
    return db.astype(dtype)


# ---- rows


def layer(
    function: str,
    input: Any,
    normalized_shape: Any,
    weight: Any,
    bias: Any,
    eps: Any,
    out: Any,
    num_threads: Any,
) -> Array:
    """Compute layer normalisation, or that by the root mean square, as the function's name says."""
    dtype = check_array(function, "input", input)
    shape, items = normalized_items(function, input.shape, normalized_shape)
    w, b = per_channel(function, dtype, shape, weight=weight, bias=bias)
    least = eps_of(function, eps, dtype)
    threads, isa = settings.thread_count(function, num_threads), settings.isa_index()
    y = target(function, out, input.shape, dtype, (weight, bias) if out is input else (input, weight, bias))
    if input.size:
        kernels.layer(plain(input, dtype), w, b, y, items, is_centred(function), least, isa, threads)
    return delivered(y, out)


def is_centred(function: str) -> bool:
    return function.startswith("layer")


def eps_of(function: str, eps: Any, dtype: str) -> float:
    """Return eps; None is the dtype's, as torch has it."""
    if eps is None and not is_centred(function):
        return float(np.finfo(dtype).eps)
    return not_negative(function, eps, dtype)


def layer_gradients(
    function: str,
    input: Any,
    grad_output: Any,
    normalized_shape: Any,
    weight: Any,
    eps: Any,
    num_threads: Any,
    with_input: bool = True,
    with_weight: bool = True,
) -> tuple[Array | None, Array | None, Array | None]:
    """Compute the gradients with respect to input, weight and bias that are wanted."""
    dtype = check_array(function, "input", input)
    shape, items = normalized_items(function, input.shape, normalized_shape)
    check_array(function, "grad_output", grad_output, dtype)
    check_shape(function, "grad_output", grad_output, input.shape)
    (w,) = per_channel(function, dtype, shape, weight=weight)
    least = eps_of(function, eps, dtype)
    threads, isa = settings.thread_count(function, num_threads), settings.isa_index()
    dx = np.empty(input.shape, dtype) if with_input else None
    dw, db = (np.zeros(shape), np.zeros(shape)) if with_weight else (None, None)
    if input.size:
        x, g = plain(input, dtype), plain(grad_output, dtype)
        kernels.layer_grad(x, g, w, dx, dw, db, items, is_centred(function), least, isa, threads)
    if dw is None or db is None:
        return dx, None, None
    return dx, dw.astype(dtype), db.astype(dtype)


def row_sums(function: str, grad_output: Any, normalized_shape: Any, num_threads: Any) -> Array:
    """Compute the gradient of layer normalisation's bias."""
    dtype = check_array(function, "grad_output", grad_output)
    shape, items = normalized_items(function, grad_output.shape, normalized_shape)
    sums = np.zeros(shape)
    if grad_output.size:
        threads, isa = settings.thread_count(function, num_threads), settings.isa_index()
        g, unused = plain(grad_output, dtype), np.empty(shape)
        kernels.layer_grad(g, g, None, None, unused, sums, items, False, 1.0, isa, threads)
    return sums.astype(dtype)


# ---- windows


def local_response(input: Any, options: tuple[Any, ...], region: Any, data_format: Any, out: Any, num_threads: Any) -> Array:
    """Compute local response normalisation; `options` are size, alpha, beta and k."""
    function = "local_response_norm"
    dtype = check_array(function, "input", input)
    spec = WindowSpec.make(function, input.shape, options, region, data_format, dtype)
    threads, isa = settings.thread_count(function, num_threads), settings.isa_index()
    y = target(function, out, input.shape, dtype, (input,))
    if input.size:
        x = plain(input, dtype)
        kernels.local(x, None, None, y, spec.volumes, spec.window, spec.before, spec.numbers, isa, threads)
    return delivered(y, out)


def local_response_input(
    input: Any, grad_output: Any, options: tuple[Any, ...], region: Any, data_format: Any, num_threads: Any
) -> Array:
    """Compute its gradient with respect to the input."""
    function = "local_response_norm_input"
    dtype = check_array(function, "input", input)
    check_array(function, "grad_output", grad_output, dtype)
    check_shape(function, "grad_output", grad_output, input.shape)
    spec = WindowSpec.make(function, input.shape, options, region, data_format, dtype)
    threads, isa = settings.thread_count(function, num_threads), settings.isa_index()
    dx, part = np.empty(input.shape, dtype), np.empty(input.shape, dtype)
    if input.size:
        x, g = plain(input, dtype), plain(grad_output, dtype)
        kernels.local(x, g, part, dx, spec.volumes, spec.window, spec.before, spec.numbers, isa, threads)
    return dx


# ---- contrast


class Contrast:
    """A checked local contrast normalisation of an array: its window, and its planes as far as the divisor."""

    def __init__(self, function: str, input: Any, options: tuple[Any, ...], data_format: Any, num_threads: Any) -> None:
        size, sigma, eps = options
        self.dtype = check_array(function, "input", input)
        n, c, _, self.last = planes_of(function, input.shape, data_format, least=3)
        if input.ndim > 4:
            raise FastconvValueError(f"{function}: input must have 1 or 2 spatial axes, got input of shape {input.shape}")
        spatial = input.shape[1:-1] if self.last else input.shape[2:]
        self.sizes = (n, c, spatial[0] if len(spatial) == 2 else 1, spatial[-1])
        size = whole(function, "size", size, 1, limit=1 << 31)
        if size % 2 == 0:
            raise FastconvValueError(f"{function}: size must be odd, got size={size}")
        width = size / 4 if sigma is None else real(function, "sigma", sigma, self.dtype)
        if width <= 0:
            raise FastconvValueError(f"{function}: sigma must be positive, got sigma={show(sigma)}")
        self.eps = not_negative(function, eps, self.dtype)
        self.how = settings.isa_index(), settings.thread_count(function, num_threads)
        self.x = plain(input, self.dtype)
        self.taps = window_of(size, width).astype(self.dtype)

    def planes(self, images: int | None = None) -> Array:
        n, _, h, w = self.sizes
        return np.empty((n if images is None else images, h, w), self.dtype)

    def smooth(self, planes: Array, inner: Array | None, outer: Array | None) -> Array:
        result = np.empty_like(planes)
        sizes = (len(planes), 1, *self.sizes[2:])
        kernels.smooth(planes, inner, outer, self.taps, result, sizes, *self.how)
        return result

    def mean(self, a: Array, b: Array | None = None) -> Array:
        result = self.planes()
        kernels.channel_mean(a, b, result, self.sizes, self.last, *self.how)
        return result

    def divisor(self) -> Array:
        """Subtract; return max(c, sigma), and keep what the gradient needs."""
        ones = np.ones((1, *self.sizes[2:]), self.dtype)
        self.inside = self.smooth(ones, None, None)  # the part of the window's weight that lies inside
        self.v, squares = np.empty_like(self.x), self.planes()
        smooth = self.smooth(self.mean(self.x), None, self.inside)
        kernels.subtract(self.x, smooth, self.v, squares, self.sizes, self.last, *self.how)
        self.sigma = np.sqrt(self.smooth(squares, None, self.inside))
        self.least = np.maximum(self.sigma.mean(axis=(1, 2), keepdims=True), np.asarray(self.eps, self.dtype))
        return np.maximum(self.sigma, self.least)

    def combine(self, a: Array, divisor: Any, b: Any, factor: Any, y: Array) -> Array:
        kernels.combine(a, divisor, b, factor, y, self.sizes, self.last, *self.how)
        return y


def window_of(size: int, sigma: float) -> Array:
    """Return the window's weights along one axis, with the sum 1."""
    places = np.arange(size) - size // 2
    weights = np.exp(-0.5 * (places / sigma) ** 2)
    return weights / weights.sum()


@np.errstate(invalid="ignore", divide="ignore", over="ignore")
def local_contrast(input: Any, options: tuple[Any, ...], data_format: Any, out: Any, num_threads: Any) -> Array:
    """Compute local contrast normalisation; `options` are size, sigma and eps."""
    function = "local_contrast_norm"
    call = Contrast(function, input, options, data_format, num_threads)
    y = target(function, out, input.shape, call.dtype, (input,))
    if input.size:
        divisor = call.divisor()
        call.combine(call.v, divisor, None, None, y)
    return delivered(y, out)


@np.errstate(invalid="ignore", divide="ignore", over="ignore")
def local_contrast_input(
    input: Any, grad_output: Any, options: tuple[Any, ...], data_format: Any, num_threads: Any
) -> Array:
    """Compute its gradient with respect to the input; where two of the divisor's candidates are equal, that of sigma."""
    function = "local_contrast_norm_input"
    call = Contrast(function, input, options, data_format, num_threads)
    check_array(function, "grad_output", grad_output, call.dtype)
    check_shape(function, "grad_output", grad_output, input.shape)
    dx, g = np.empty(input.shape, call.dtype), plain(grad_output, call.dtype)
    if not input.size:
        return dx
    divisor = call.divisor()
    above = -call.mean(g, call.v) / divisor**2
    by_sigma = ~(call.sigma < call.least)
    by_mean = np.where(by_sigma, 0, above).sum(axis=(1, 2), keepdims=True)
    by_mean *= ~(call.sigma.mean(axis=(1, 2), keepdims=True) < call.eps)
    to_sigma = np.where(by_sigma, above, 0) + by_mean / call.sigma[0].size
    to_square = np.where(call.sigma == 0, 0, to_sigma / call.sigma).astype(call.dtype) / call.sizes[1]
    to_v = call.combine(g, divisor, call.v, call.smooth(to_square, call.inside, None), np.empty_like(dx))
    return call.combine(to_v, None, None, -call.smooth(call.mean(to_v), call.inside, None), dx)
