# SPDX-License-Identifier: BSD-3-Clause
"""Gradients as plain functions: torch.nn.grad's names and signatures, and the same for pooling, unpooling and the rest.

Every function takes the gradient with respect to an operation's output and returns the gradient with respect to one of its
arguments. Options are those of the operation in `fastconv.functional`. Sums run in an order that depends on nothing but the
shapes, so the bits do not depend on the number of threads.

References
----------
Goodfellow, Bengio & Courville, Deep Learning, 2016, section 9.5.
"""

from .activation import (
    gated_tanh_input,
    hardswish_input,
    leaky_relu_input,
    log_softmax_input,
    relu6_input,
    relu_input,
    sigmoid_input,
    silu_input,
    softmax_input,
    tanh_input,
)
from .convolution import (
    conv1d_bias,
    conv1d_input,
    conv1d_weight,
    conv2d_bias,
    conv2d_input,
    conv2d_weight,
    conv3d_bias,
    conv3d_input,
    conv3d_weight,
)
from .folding import (
    fold_input,
    unfold_input,
)
from .interpolation import (
    interpolate_input,
)
from .linear import (
    linear_bias,
    linear_input,
    linear_weight,
)
from .loss import (
    cross_entropy_input,
)
from .padding import (
    pad_input,
)
from .pooling import (
    avg_pool1d_input,
    avg_pool2d_input,
    avg_pool3d_input,
    max_pool1d_input,
    max_pool2d_input,
    max_pool3d_input,
    max_unpool1d_input,
    max_unpool2d_input,
    max_unpool3d_input,
)
from .regions import (
    roi_align_input,
    roi_pool_input,
)
from .sampling import (
    affine_grid_theta,
    grid_sample_grid,
    grid_sample_input,
)
from .transposed import (
    conv_transpose1d_bias,
    conv_transpose1d_input,
    conv_transpose1d_weight,
    conv_transpose2d_bias,
    conv_transpose2d_input,
    conv_transpose2d_weight,
    conv_transpose3d_bias,
    conv_transpose3d_input,
    conv_transpose3d_weight,
)
from .unshared import (
    local_conv1d_input,
    local_conv1d_weight,
    local_conv2d_input,
    local_conv2d_weight,
    local_conv3d_input,
    local_conv3d_weight,
    tiled_conv1d_input,
    tiled_conv1d_weight,
    tiled_conv2d_input,
    tiled_conv2d_weight,
    tiled_conv3d_input,
    tiled_conv3d_weight,
)

__all__ = [
    "affine_grid_theta",
    "avg_pool1d_input",
    "avg_pool2d_input",
    "avg_pool3d_input",
    "conv1d_bias",
    "conv1d_input",
    "conv1d_weight",
    "conv2d_bias",
    "conv2d_input",
    "conv2d_weight",
    "conv3d_bias",
    "conv3d_input",
    "conv3d_weight",
    "conv_transpose1d_bias",
    "conv_transpose1d_input",
    "conv_transpose1d_weight",
    "conv_transpose2d_bias",
    "conv_transpose2d_input",
    "conv_transpose2d_weight",
    "conv_transpose3d_bias",
    "conv_transpose3d_input",
    "conv_transpose3d_weight",
    "cross_entropy_input",
    "fold_input",
    "gated_tanh_input",
    "grid_sample_grid",
    "grid_sample_input",
    "hardswish_input",
    "interpolate_input",
    "leaky_relu_input",
    "linear_bias",
    "linear_input",
    "linear_weight",
    "local_conv1d_input",
    "local_conv1d_weight",
    "local_conv2d_input",
    "local_conv2d_weight",
    "local_conv3d_input",
    "local_conv3d_weight",
    "log_softmax_input",
    "max_pool1d_input",
    "max_pool2d_input",
    "max_pool3d_input",
    "max_unpool1d_input",
    "max_unpool2d_input",
    "max_unpool3d_input",
    "pad_input",
    "relu6_input",
    "relu_input",
    "roi_align_input",
    "roi_pool_input",
    "sigmoid_input",
    "silu_input",
    "softmax_input",
    "tanh_input",
    "tiled_conv1d_input",
    "tiled_conv1d_weight",
    "tiled_conv2d_input",
    "tiled_conv2d_weight",
    "tiled_conv3d_input",
    "tiled_conv3d_weight",
    "unfold_input",
]
