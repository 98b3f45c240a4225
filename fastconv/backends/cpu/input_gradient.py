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
class InputGradient:
    """A bound input gradient: a transposed convolution to the input.

    Where the border repeats the input, it goes to a padded image, one after the other, whose border `fold` adds to where it
    was copied from: the scratch of one image.
    """

    spec: ConvSpec
    call: BoundConv
    fold: Any = None

    @classmethod
    def bind(cls, spec: ConvSpec) -> InputGradient:
        size, fronts = padded_box(spec)
        if size == spec.size:
            whole = ConvTransposeSpec.adjoint(spec, size, fronts)
            return cls(spec, bind_modules(choose_transposed(whole, "auto"), whole))
        image = ConvTransposeSpec.adjoint(replace(spec, n=1, batched=True), size, fronts)
        fold = bind_adjoint(fold_of(spec), spec.input_shape)
        return cls(spec, bind_modules(choose_transposed(image, "auto"), image), fold)

    def run(self, weight: Array, dy: Array, threads: int) -> Array:
        """Compute it of plain arrays."""
        weight = self.call.filters(weight)
        if self.fold is None:
            dx: Array = self.call.run(dy, weight, None, None, threads)
            return dx
        dx = np.empty(self.spec.input_shape, self.spec.dtype)
        padded = np.empty(self.call.spec.output_shape, self.spec.dtype)
        packed = self.call.pack(weight, threads)
        images, results = (dy, dx) if self.spec.batched else (dy[None], dx[None])
        for image, to in zip(images, results, strict=True):
            self.call.run(image, weight, None, padded, threads, packed)
            self.fold(padded, to, threads)
        return dx


def conv_input(
    function: str, rank: int, input_size: Any, weight: Any, grad_output: Any, options: tuple[Any, ...], num_threads: Any
) -> Array:
    """Compute the gradient with respect to the input; `options` as `gradient_spec` has them."""
    dtype = check_array(function, "grad_output", grad_output)
    check_array(function, "weight", weight, dtype)

    def bind() -> InputGradient:
        return InputGradient.bind(gradient_spec(function, rank, dtype, input_size, weight.shape, options, "input_size"))

    call = calls.remember(function, calls.key((weight, grad_output), (input_size, options)), bind)
    check_shape(function, "grad_output", grad_output, call.spec.output_shape)
    threads = settings.thread_count(function, num_threads)
    dx: Array = call.run(plain(weight, dtype), plain(grad_output, dtype), threads)
    return dx
