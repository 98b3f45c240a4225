# SPDX-License-Identifier: BSD-3-Clause
"""torch.nn.functional's names and signatures on NumPy arrays. A function is: spec, backend, call.

Arrays are float32 or float64, all of one call alike, in any layout; results are C-contiguous. Shapes are (n, c, *spatial),
or (c, *spatial) without a batch; convolutions and pooling also take the channels last. Every refusal is a `FastconvError`
that names function, argument, value and rule, raised before any work. Options every function shares:

out : ndarray, optional
    Where to put the result; must have its shape and dtype. May overlap an input.
num_threads : int, optional
    Threads of this call; default: see `fastconv.override`. The result has the same bits for every number.
algorithm : str, optional
    Convolutions only: "auto" or one of `fastconv.algorithms(function)`. A named algorithm that cannot serve the call raises.
data_format : str, optional
    Convolutions and pooling: where input and output have their channels, "NCHW" or "NHWC" for images, "NCW" or "NWC" for
    sequences, "NCDHW" or "NDHWC" for volumes. Weights are (c_out, c_in // groups, *kernel) in both.
activation : str or ("leaky_relu", slope), optional
    Convolutions only: what is applied to each output: "relu", "relu6", "leaky_relu", "sigmoid", "tanh", "silu" or
    "hardswish"; the result has the bits of the function of that name on the convolution's result.
precision : {"fast", "strict"}, optional
    Convolutions only: "strict" uses only algorithms whose error bound is that of direct summation; default: see
    `fastconv.override`.
padding_mode : str, or one an axis, or a (front, back) pair an axis, optional
    Convolutions only: what lies in the padding, "zeros", "constant", "replicate", "reflect", "symmetric" or "circular", of
    any width; `fastconv.border_mode` shows them, and what numpy, scipy, opencv, tensorflow and onnx call them: a prefix
    tells whose word it is, as in "scipy:mirror". Where pixels lie outside of several axes, a constant counts before copies.
padding_value : float, optional
    Convolutions only: the number, finite, that padding_mode="constant" means.
flip : bool, optional
    Convolutions only: True reverses the filters along every spatial axis. That is convolution as mathematics defines it;
    False, the default, is cross-correlation, which networks call convolution.
"""

from .activation import (
    celu,
    elu,
    gated_tanh,
    gelu,
    glu,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    log_softmax,
    logsigmoid,
    mish,
    prelu,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softmin,
    softplus,
    softsign,
    tanh,
    threshold,
)
from .adaptive import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
    global_avg_pool1d,
    global_avg_pool2d,
    global_avg_pool3d,
    global_max_pool1d,
    global_max_pool2d,
    global_max_pool3d,
)
from .convolution import (
    conv1d,
    conv2d,
    conv3d,
    depthwise_separable_conv1d,
    depthwise_separable_conv2d,
    depthwise_separable_conv3d,
)
from .dropout import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
)
from .folding import (
    fold,
    pixel_shuffle,
    pixel_unshuffle,
    unfold,
)
from .interpolation import (
    interpolate,
)
from .linear import (
    linear,
)
from .loss import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    mse_loss,
)
from .maxout import (
    maxout,
)
from .normalization import (
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    local_contrast_norm,
    local_response_norm,
    rms_norm,
)
from .padding import (
    pad,
)
from .pooling import (
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    max_unpool1d,
    max_unpool2d,
    max_unpool3d,
)
from .power_pooling import (
    lp_pool1d,
    lp_pool2d,
    lp_pool3d,
    sum_pool1d,
    sum_pool2d,
    sum_pool3d,
)
from .regions import (
    roi_align,
    roi_pool,
)
from .sampling import (
    affine_grid,
    grid_sample,
)
from .transposed import (
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
)
from .unshared import (
    local_conv1d,
    local_conv2d,
    local_conv3d,
    tiled_conv1d,
    tiled_conv2d,
    tiled_conv3d,
)

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "affine_grid",
    "alpha_dropout",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm",
    "binary_cross_entropy_with_logits",
    "celu",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cross_entropy",
    "depthwise_separable_conv1d",
    "depthwise_separable_conv2d",
    "depthwise_separable_conv3d",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu",
    "fold",
    "gated_tanh",
    "gelu",
    "global_avg_pool1d",
    "global_avg_pool2d",
    "global_avg_pool3d",
    "global_max_pool1d",
    "global_max_pool2d",
    "global_max_pool3d",
    "glu",
    "grid_sample",
    "group_norm",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "instance_norm",
    "interpolate",
    "layer_norm",
    "leaky_relu",
    "linear",
    "local_contrast_norm",
    "local_conv1d",
    "local_conv2d",
    "local_conv3d",
    "local_response_norm",
    "log_softmax",
    "logsigmoid",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
    "maxout",
    "mish",
    "mse_loss",
    "pad",
    "pixel_shuffle",
    "pixel_unshuffle",
    "prelu",
    "relu",
    "relu6",
    "rms_norm",
    "roi_align",
    "roi_pool",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softmin",
    "softplus",
    "softsign",
    "sum_pool1d",
    "sum_pool2d",
    "sum_pool3d",
    "tanh",
    "threshold",
    "tiled_conv1d",
    "tiled_conv2d",
    "tiled_conv3d",
    "unfold",
]
