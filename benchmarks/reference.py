# SPDX-License-Identifier: BSD-3-Clause
"""What each layer must give: a float64 reference by NumPy loops over the window, and the error allowed.

Every driver passes here before it is timed. The bound is derived, not tuned: a sum of k products in float32,
added in any order, is off by at most ``k u / (1 - k u)`` times the sum of the absolute products, u = 2**-24
(Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1). Pools that only choose must
agree exactly. The bound is for sums of the definition's products, and Winograd adds up other ones: ours also
passes within `OUR_ERROR` of the largest value, what our Winograd kernels promise of such data, and a peer's
convolution within `PEER_ERROR`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.layer import Arrays, Layer

UNIT_ROUNDOFF = 2.0**-24
OUR_ERROR, PEER_ERROR = 4e-6, 1e-4


@dataclass(frozen=True)
class Expected:
    """The exact values, how far each may be off, and the switches where the layer returns them."""

    values: NDArray[np.float64]
    bound: NDArray[np.float64]
    indices: NDArray[np.int64] | None = None


def expected(layer: Layer, arrays: Arrays) -> Expected:
    """Compute a layer in float64."""
    if layer.gradient:
        return _gradient(layer, arrays)
    if layer.has_weights:
        return _convolution(layer, arrays)
    if layer.op == "max_unpool2d":
        return _max_unpool(layer, arrays)
    return _max_pool(layer, arrays) if layer.op == "max_pool2d" else _avg_pool(layer, arrays)


def mismatch(result: object, truth: Expected, layer: Layer, slack: float = 0.0) -> str | None:
    """Say what is wrong with a result, or None when it is right.

    ``slack`` is the share of the largest value that a result may be off where its bound is stricter.
    Switches are compared modulo the plane's size: ONNX numbers the whole tensor, the others each plane.
    """
    values, *rest = result if isinstance(result, (tuple, list)) else (result,)
    got = np.asarray(values)
    if got.shape != truth.values.shape or got.dtype != np.float32:
        return f"gives {got.dtype} {got.shape}, expected float32 {truth.values.shape}"
    error = np.abs(got - truth.values)
    wrong = ~(error <= np.maximum(truth.bound, slack * np.max(np.abs(truth.values))))
    if wrong.any():
        return f"{wrong.sum()} of {wrong.size} values off, by up to {np.max(error):.3g}"
    if truth.indices is None:
        return None
    if not rest:
        return "gives no indices"
    same = np.array_equal(np.asarray(rest[0]) % math.prod(layer.spatial), truth.indices)
    return None if same else "indices differ"


def summation_bound(terms: int) -> float:
    """Return the relative error bound of a float32 sum of so many products in any order.

    Examples
    --------
    >>> summation_bound(1) > 2.0**-24
    True
    """
    return terms * UNIT_ROUNDOFF / (1 - terms * UNIT_ROUNDOFF)


def _taps(layer: Layer) -> Iterator[tuple[slice, ...]]:
    """Give, for each place of the window in row-major order, the slice of the padded input that it meets."""
    for tap in np.ndindex(*layer.kernel):
        axes = zip(tap, layer.dilation, layer.stride, layer.output[2:], strict=True)
        met = (slice(t * d, t * d + s * (o - 1) + 1, s) for t, d, s, o in axes)
        yield (slice(None), slice(None), *met)


def _pad(planes: NDArray[np.float64], layer: Layer, value: float) -> NDArray[np.float64]:
    return np.pad(planes, [(0, 0), (0, 0), *layer.padding], constant_values=value)


def _convolution(layer: Layer, arrays: Arrays) -> Expected:
    assert arrays.weight is not None
    planes, weight = arrays.input.astype(np.float64), arrays.weight.astype(np.float64)
    bias = np.zeros(layer.c_out) if arrays.bias is None else arrays.bias.astype(np.float64)
    convolve = _spread if layer.is_transposed else _convolve
    values = convolve(layer, planes, weight, bias)
    magnitude = convolve(layer, np.abs(planes), np.abs(weight), np.abs(bias))
    terms = math.prod(layer.kernel) * (layer.input[1] // layer.groups)
    return Expected(values, magnitude * summation_bound(terms + 1))


def _convolve(
    layer: Layer, planes: NDArray[np.float64], weight: NDArray[np.float64], bias: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Add one matrix product per place of the window."""
    n, groups, c_out = layer.input[0], layer.groups, layer.window[0]
    padded = _pad(planes, layer, 0.0)
    total = np.zeros((n, groups, c_out // groups, math.prod(layer.output[2:])))
    for number, place in enumerate(_taps(layer)):
        patch = padded[place].reshape(n, groups, layer.window[1], -1)
        factors = weight.reshape(groups, c_out // groups, layer.window[1], -1)[..., number]
        total += factors @ patch
    return total.reshape(layer.output) + bias.reshape(-1, *(1 for _ in layer.kernel))


def _spread(
    layer: Layer, planes: NDArray[np.float64], weight: NDArray[np.float64], bias: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Add every input, times the filters, to the outputs it reaches, one place of the window after the other."""
    n, groups, c_in, kernel = layer.input[0], layer.groups, layer.input[1] // layer.groups, layer.kernel
    sizes = [o + front + back for o, (front, back) in zip(layer.output[2:], layer.padding, strict=True)]
    total = np.zeros((n, groups, layer.window[1], *sizes))
    columns = planes.reshape(n, groups, c_in, -1)
    factors = weight.reshape(groups, c_in, layer.window[1], -1)
    for number, tap in enumerate(np.ndindex(*kernel)):
        axes = zip(tap, layer.dilation, layer.stride, layer.spatial, strict=True)
        met = tuple(slice(t * d, t * d + s * (i - 1) + 1, s) for t, d, s, i in axes)
        product = factors[..., number].swapaxes(1, 2) @ columns
        total[(..., *met)] += product.reshape(n, groups, layer.window[1], *layer.spatial)
    inside = tuple(slice(front, front + o) for o, (front, _) in zip(layer.output[2:], layer.padding, strict=True))
    return total[(..., *inside)].reshape(layer.output) + bias.reshape(-1, *(1 for _ in kernel))


def _max_pool(layer: Layer, arrays: Arrays) -> Expected:
    """Keep the largest value of each window, and where it stood; the first in row-major order on ties."""
    padded = _pad(arrays.input.astype(np.float64), layer, -np.inf)
    places = _pad(np.broadcast_to(_plane_numbers(layer), layer.input).astype(np.float64), layer, -1.0)
    values, numbers = np.full(layer.output, -np.inf), np.full(layer.output, -1.0)
    for place in _taps(layer):
        met, met_numbers = padded[place], places[place]
        larger = met > values
        values, numbers = np.where(larger, met, values), np.where(larger, met_numbers, numbers)
    return Expected(values, np.zeros_like(values), numbers.astype(np.int64) if layer.indices else None)


def _plane_numbers(layer: Layer) -> NDArray[np.int64]:
    return np.arange(math.prod(layer.spatial)).reshape(layer.spatial)


def _avg_pool(layer: Layer, arrays: Arrays) -> Expected:
    """Average each window, padding counted, as PyTorch does unless told otherwise."""
    padded = _pad(arrays.input.astype(np.float64), layer, 0.0)
    met = [padded[place] for place in _taps(layer)]
    count = len(met)
    magnitude = np.asarray(sum(np.abs(values) for values in met)) / count
    return Expected(np.asarray(sum(met)) / count, magnitude * summation_bound(count + 1))


def _gradient(layer: Layer, arrays: Arrays) -> Expected:
    if not layer.has_weights:
        return _max_pool_input(layer, arrays)
    return _conv_input(layer, arrays) if layer.gradient == "input" else _conv_weight(layer, arrays)


def _adjoint(layer: Layer) -> Layer:
    """Return the layer that leads from outputs to inputs with the same weights: transposed, or not transposed any more."""
    if layer.is_transposed:
        op, left = layer.op.replace("_transpose", ""), tuple(0 for _ in layer.spatial)
    else:
        axes = zip(layer.spatial, layer.kernel, layer.stride, layer.padding, layer.dilation, strict=True)
        left = tuple((i + f + b - d * (k - 1) - 1) % s for i, k, s, (f, b), d in axes)
        op = layer.op.replace("conv", "conv_transpose")
    return replace(layer, op=op, input=layer.output, bias=False, output_padding=left, gradient="")


def _conv_input(layer: Layer, arrays: Arrays) -> Expected:
    assert arrays.grad_output is not None
    return _convolution(_adjoint(layer), Arrays(arrays.grad_output, arrays.weight))


def _conv_weight(layer: Layer, arrays: Arrays) -> Expected:
    """Multiply each place's input by the gradient of what it went into."""
    assert arrays.grad_output is not None
    planes, grads = arrays.input.astype(np.float64), arrays.grad_output.astype(np.float64)
    if layer.is_transposed:
        layer, planes, grads = _adjoint(layer), grads, planes
    values = _products(layer, planes, grads)
    magnitude = _products(layer, np.abs(planes), np.abs(grads))
    return Expected(values, magnitude * summation_bound(layer.input[0] * math.prod(layer.output[2:])))


def _products(layer: Layer, planes: NDArray[np.float64], grads: NDArray[np.float64]) -> NDArray[np.float64]:
    n, groups = layer.input[0], layer.groups
    padded, factors = _pad(planes, layer, 0.0), grads.reshape(n, groups, layer.c_out // groups, -1)
    taps = [padded[place].reshape(n, groups, layer.window[1], -1) for place in _taps(layer)]
    products = [(factors @ patch.swapaxes(2, 3)).sum(0) for patch in taps]
    return np.stack(products, -1).reshape(layer.window)


def _max_pool_input(layer: Layer, arrays: Arrays) -> Expected:
    """Add each gradient up where its window's maximum stood."""
    assert arrays.grad_output is not None
    numbers = _max_pool(replace(layer, indices=True), arrays).indices
    assert numbers is not None
    planes = layer.input[0] * layer.input[1]
    values, magnitude = np.zeros((2, planes, math.prod(layer.spatial)))
    at = np.arange(planes)[:, None], numbers.reshape(planes, -1)
    np.add.at(values, at, arrays.grad_output.reshape(planes, -1))
    np.add.at(magnitude, at, np.abs(arrays.grad_output.reshape(planes, -1)))
    terms = math.prod(layer.kernel)
    return Expected(values.reshape(layer.input), magnitude.reshape(layer.input) * summation_bound(terms))


def _max_unpool(layer: Layer, arrays: Arrays) -> Expected:
    assert arrays.indices is not None
    planes = layer.input[0] * layer.input[1]
    values = np.zeros((planes, math.prod(layer.output[2:])))
    np.put_along_axis(values, arrays.indices.reshape(planes, -1), arrays.input.reshape(planes, -1), axis=1)
    return Expected(values.reshape(layer.output), np.zeros(layer.output))
