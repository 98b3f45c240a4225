# SPDX-License-Identifier: BSD-3-Clause
"""The gradient of a convolution with respect to its input: the transposed convolution of its output's gradient."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ... import settings
from ...kernels._conv import BoundConv
from ...spec import ConvSpec, ConvTransposeSpec, fold_of, padded_box
from .arrays import Array, check_array, check_shape, plain
from .calls import calls
from .conv import gradient_spec
from .copies import bind_adjoint
from .transposed import bind_modules, choose_transposed


@dataclass(frozen=True, slots=True)
class FoldedGradient:
    """The input gradient where the border repeats the input: of one padded image after the other, whose border is added
    to where it was copied from. The scratch is a padded image.
    """

    spec: ConvTransposeSpec
    call: BoundConv
    fold: Any

    def filters(self, weight: Array) -> Array:
        return self.call.filters(weight)

    def run(self, dy: Array, weight: Array, bias: None, out: None, threads: int) -> Array:
        """Compute it of plain arrays, as a BoundConv."""
        dx = np.empty(self.spec.output_shape, self.spec.dtype)
        padded = np.empty(self.call.spec.output_shape, self.spec.dtype)
        packed = self.call.pack(weight, threads) if self.spec.n > 1 else None
        images, results = (dy, dx) if self.spec.batched else (dy[None], dx[None])
        for image, to in zip(images, results, strict=True):
            self.call.run(image, weight, None, padded, threads, packed)
            self.fold(padded, to, threads)
        return dx


def bind_input_gradient(spec: ConvSpec) -> BoundConv | FoldedGradient:
    """Choose the algorithms of a convolution's input gradient and make its plan."""
    size, fronts = padded_box(spec)
    adjoint = ConvTransposeSpec.adjoint(spec, size, fronts)
    if size == spec.size:
        return bind_modules(choose_transposed(adjoint, "auto"), adjoint)
    image = replace(adjoint, n=1, batched=True)
    fold = bind_adjoint(fold_of(spec), spec.input_shape)
    return FoldedGradient(replace(adjoint, output=spec.size), bind_modules(choose_transposed(image, "auto"), image), fold)


def conv_input(
    function: str, rank: int, input_size: Any, weight: Any, grad_output: Any, options: tuple[Any, ...], num_threads: Any
) -> Array:
    """Compute the gradient with respect to the input; `options` as `gradient_spec` has them."""
    given = (input_size, *options)
    done: Array | None = calls.conv(function, grad_output, weight, None, given, None, num_threads)
    if done is not None:
        return done
    dtype = check_array(function, "grad_output", grad_output)
    check_array(function, "weight", weight, dtype)

    def bind() -> Any:
        spec = gradient_spec(function, rank, dtype, input_size, weight.shape, options, "input_size")
        check_shape(function, "grad_output", grad_output, spec.output_shape)
        return bind_input_gradient(spec)

    call = calls.remember(function, calls.key((grad_output, weight, None), given), bind)
    threads = settings.thread_count(function, num_threads)
    dx: Array = call.run(plain(grad_output, dtype), call.filters(plain(weight, dtype)), None, None, threads)
    return dx
