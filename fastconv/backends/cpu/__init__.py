# SPDX-License-Identifier: BSD-3-Clause
"""Specs and NumPy arrays to kernels; one file a family of operations.

A call is bound once: its spec is checked, its algorithm chosen and its kernel plan made; the result is kept under what
determines it, so a repeated call on plain arrays goes straight to the kernels. Everything else (strided, foreign-endian or
misaligned arrays, `out=`) is made plain first, and only then copied.
"""

from .calls import bind_call, calls
from .conv import (
    bind_conv,
    choose,
    conv,
    conv_bias,
    conv_input,
    conv_weight,
    pack_conv,
    predicted_seconds,
    refusal,
    run_packed,
)
from .copies import (
    fold,
    pad,
    pad_input,
    pixel_shuffle,
    pixel_unshuffle,
    unfold,
    unfold_input,
)
from .dense import linear, linear_bias, linear_input, linear_weight
from .elementwise import (
    activation,
    activation_input,
    gated_tanh,
    gated_tanh_input,
    log_softmax,
    log_softmax_input,
    softmax,
    softmax_input,
)
from .interpolation import (
    interpolate,
    interpolate_input,
)
from .loss import cross_entropy, cross_entropy_input
from .pool import (
    average_pool,
    average_pool_input,
    max_pool,
    max_pool_input,
    max_unpool,
    max_unpool_input,
    padded_pool,
)
from .regions import (
    affine_grid,
    affine_grid_theta,
    grid_sample,
    grid_sample_grid,
    grid_sample_input,
    roi_align,
    roi_align_input,
    roi_pool,
    roi_pool_input,
)
from .separable import packed_separable, separable_conv
from .tiled import tiled_conv, tiled_input, tiled_weight
from .transposed import (
    bind_modules,
    choose_transposed,
    conv_transpose,
    conv_transpose_input,
    conv_transpose_weight,
    pack_conv_transpose,
    phase_refusal,
    phase_seconds,
)

__all__ = [
    "activation",
    "activation_input",
    "affine_grid",
    "affine_grid_theta",
    "average_pool",
    "average_pool_input",
    "bind_call",
    "bind_conv",
    "bind_modules",
    "calls",
    "choose",
    "choose_transposed",
    "conv",
    "conv_bias",
    "conv_input",
    "conv_transpose",
    "conv_transpose_input",
    "conv_transpose_weight",
    "conv_weight",
    "cross_entropy",
    "cross_entropy_input",
    "fold",
    "gated_tanh",
    "gated_tanh_input",
    "grid_sample",
    "grid_sample_grid",
    "grid_sample_input",
    "interpolate",
    "interpolate_input",
    "linear",
    "linear_bias",
    "linear_input",
    "linear_weight",
    "log_softmax",
    "log_softmax_input",
    "max_pool",
    "max_pool_input",
    "max_unpool",
    "max_unpool_input",
    "pack_conv",
    "pack_conv_transpose",
    "packed_separable",
    "pad",
    "pad_input",
    "padded_pool",
    "phase_refusal",
    "phase_seconds",
    "pixel_shuffle",
    "pixel_unshuffle",
    "predicted_seconds",
    "refusal",
    "roi_align",
    "roi_align_input",
    "roi_pool",
    "roi_pool_input",
    "run_packed",
    "separable_conv",
    "softmax",
    "softmax_input",
    "tiled_conv",
    "tiled_input",
    "tiled_weight",
    "unfold",
    "unfold_input",
]
