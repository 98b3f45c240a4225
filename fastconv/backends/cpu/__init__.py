# SPDX-License-Identifier: BSD-3-Clause
"""Specs and NumPy arrays to kernels; one file a family of operations.

A call is bound once: its spec is checked, its algorithm chosen and its kernel plan made; the result is kept under what
determines it, so a repeated call on plain arrays goes straight to the kernels. Everything else (strided, foreign-endian or
misaligned arrays, `out=`) is made plain first, and only then copied.
"""

from .box_pool import (
    adaptive_average_input,
    adaptive_pool,
    lp_pool_input,
    maxout,
    maxout_input,
    sum_pool_input,
    switched_input,
    window_pool,
)
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
from .conv_pool import packed_conv_pool
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
from .separable import packed_separable, separable_conv
from .switches import (
    flat_switches,
    from_onnx,
    from_tensorflow,
    to_compact,
    to_flat,
    to_onnx,
    to_tensorflow,
)
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
    "adaptive_average_input",
    "adaptive_pool",
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
    "flat_switches",
    "from_onnx",
    "from_tensorflow",
    "gated_tanh",
    "gated_tanh_input",
    "linear",
    "linear_bias",
    "linear_input",
    "linear_weight",
    "log_softmax",
    "log_softmax_input",
    "lp_pool_input",
    "max_pool",
    "max_pool_input",
    "max_unpool",
    "max_unpool_input",
    "maxout",
    "maxout_input",
    "pack_conv",
    "pack_conv_transpose",
    "packed_conv_pool",
    "packed_separable",
    "padded_pool",
    "phase_refusal",
    "phase_seconds",
    "predicted_seconds",
    "refusal",
    "run_packed",
    "separable_conv",
    "softmax",
    "softmax_input",
    "sum_pool_input",
    "switched_input",
    "tiled_conv",
    "tiled_input",
    "tiled_weight",
    "window_pool",
    "to_compact",
    "to_flat",
    "to_onnx",
    "to_tensorflow",
]
