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

from __future__ import annotations

from typing import Any

import numpy as np

from .backends import backend_for, recall_conv

Array = np.ndarray[Any, np.dtype[Any]]

# The default layouts, passed down as None: a repeated call is found by its options, and faster without words among them.
NCW, NCHW, NCDHW = "NCW", "NCHW", "NCDHW"
ZEROS, ZERO = "zeros", 0.0


def conv1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    algorithm: str | None = None,
    data_format: str = "NCW",
    activation: Any = None,
    precision: str | None = None,
    padding_mode: Any = ZEROS,
    padding_value: float = ZERO,
    flip: bool = False,
) -> Array:
    """Convolve sequences with filters; see `conv2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    weight : ndarray of shape (c_out, c_in // groups, kw)
    bias : ndarray of shape (c_out,) or (c_out, 1 or ow), optional
    stride, padding, dilation, groups : optional
        As in `conv2d`, with 1 axis; padding pairs are ((front, back),). padding="causal" is ((dilation * (kw - 1), 0),):
        output t sees the inputs up to t * stride and none after it, and there are ceil(w / stride) of them.
    out, num_threads, algorithm, data_format, activation, precision, padding_mode, padding_value, flip : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, ow) or (c_out, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 9.1; van den Oord et al., arXiv 1609.03499 (causal).

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(5, dtype=np.float32).reshape(1, 1, 5)
    >>> w = np.ones((1, 1, 3), np.float32)
    >>> F.conv1d(x, w, padding="causal")[0, 0].tolist()
    [0.0, 1.0, 3.0, 6.0, 9.0]
    """
    layout = None if data_format is NCW else data_format
    edges = (
        None if padding_mode is ZEROS and padding_value is ZERO and flip is False else (padding_mode, padding_value, flip)
    )
    options = (stride, padding, dilation, groups, algorithm, layout, activation, precision, edges)
    y = recall_conv("conv1d", input, weight, bias, options, out, num_threads)
    if y is not None:
        return y
    return backend_for("conv1d", "input", input).conv("conv1d", 1, input, weight, bias, options, out, num_threads)


def conv2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    algorithm: str | None = None,
    data_format: str = "NCHW",
    activation: Any = None,
    precision: str | None = None,
    padding_mode: Any = ZEROS,
    padding_value: float = ZERO,
    flip: bool = False,
) -> Array:
    """Convolve images with filters: cross-correlation, as networks call convolution.

    y[n, c_out, o] = bias[c_out]
        + sum over c_in, tap of weight[c_out, c_in, tap] * x[n, c_in, o*stride - front + tap*dilation],
    where x is zero outside unless `padding_mode` says otherwise, and taps count backwards with flip=True. Each output axis
    has (size + front + back - dilation*(kernel - 1) - 1) // stride + 1 positions.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
        n may be 0. With data_format="NHWC" the shape is (n, h, w, c_in) or (h, w, c_in).
    weight : ndarray of shape (c_out, c_in // groups, kh, kw)
    bias : ndarray of shape (c_out,) or (c_out, 1 or oh, 1 or ow), optional
        A real a channel, or untied: one a column, a row or a place of the output; the same shapes in both layouts.
    stride, dilation : int or (int, int), optional
        Steps between outputs and between taps, in pixels; dilation 1 means none.
    padding : int, (int, int), ((top, bottom), (left, right)), "same" or "valid", optional
        How far the image is continued, with zeros or as padding_mode says. "same" gives ceil(size / stride) outputs, an odd
        pixel at the end, as TensorFlow defines it.
    groups : int, optional
        Output channels of a group see the input channels of that group only.
    out, num_threads, algorithm, data_format, activation, precision, padding_mode, padding_value, flip : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow), with data_format="NHWC" (n, oh, ow, c_out) or (oh, ow, c_out)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; also if a named algorithm cannot serve the call.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 9.1; the algorithms cite theirs, see `fastconv.explain`.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    >>> w = np.ones((1, 1, 2, 2), np.float32)
    >>> F.conv2d(x, w)[0, 0].tolist()
    [[8.0, 12.0], [20.0, 24.0]]
    >>> F.conv2d(x.reshape(1, 3, 3, 1), w, np.float32([-21]), data_format="NHWC", activation="relu").ravel().tolist()
    [0.0, 0.0, 0.0, 3.0]
    >>> F.conv2d(x, w, padding=((0, 0), (1, 0)), padding_mode="circular")[0, 0].tolist()
    [[10.0, 8.0, 12.0], [22.0, 20.0, 24.0]]
    """
    layout = None if data_format is NCHW else data_format
    edges = (
        None if padding_mode is ZEROS and padding_value is ZERO and flip is False else (padding_mode, padding_value, flip)
    )
    options = (stride, padding, dilation, groups, algorithm, layout, activation, precision, edges)
    y = recall_conv("conv2d", input, weight, bias, options, out, num_threads)
    if y is not None:
        return y
    return backend_for("conv2d", "input", input).conv("conv2d", 2, input, weight, bias, options, out, num_threads)


def conv3d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    algorithm: str | None = None,
    data_format: str = "NCDHW",
    activation: Any = None,
    precision: str | None = None,
    padding_mode: Any = ZEROS,
    padding_value: float = ZERO,
    flip: bool = False,
) -> Array:
    """Convolve volumes with filters; see `conv2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    weight : ndarray of shape (c_out, c_in // groups, kd, kh, kw)
    bias : ndarray of shape (c_out,) or (c_out, 1 or od, 1 or oh, 1 or ow), optional
    stride, padding, dilation, groups : optional
        As in `conv2d`, with 3 axes; padding pairs are ((front, back), (top, bottom), (left, right)).
    out, num_threads, algorithm, data_format, activation, precision, padding_mode, padding_value, flip : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 9.1.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 1, 3, 3, 3), np.float32)
    >>> w = np.ones((2, 1, 2, 2, 2), np.float32)
    >>> F.conv3d(x, w, stride=2).ravel().tolist()
    [8.0, 8.0]
    """
    layout = None if data_format is NCDHW else data_format
    edges = (
        None if padding_mode is ZEROS and padding_value is ZERO and flip is False else (padding_mode, padding_value, flip)
    )
    options = (stride, padding, dilation, groups, algorithm, layout, activation, precision, edges)
    y = recall_conv("conv3d", input, weight, bias, options, out, num_threads)
    if y is not None:
        return y
    return backend_for("conv3d", "input", input).conv("conv3d", 3, input, weight, bias, options, out, num_threads)


def local_conv1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCW",
    activation: Any = None,
) -> Array:
    """Convolve sequences, each output with filters of its own; see `local_conv2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    weight : ndarray of shape (ow, kw, c_in // groups, c_out)
    bias : ndarray of shape (c_out,) or (c_out, 1 or ow), optional
    stride, padding, dilation, groups : optional
        As in `conv1d`.
    out, num_threads, data_format, activation : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, ow) or (c_out, ow), in the layout of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    LeCun, Generalization and Network Design Strategies, 1989; Goodfellow, Bengio & Courville, Deep Learning, 2016,
    section 9.5.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 1, 3), np.float32)
    >>> w = np.arange(4, dtype=np.float32).reshape(2, 2, 1, 1)
    >>> F.local_conv1d(x, w)[0, 0].tolist()
    [1.0, 5.0]
    """
    options = (stride, padding, dilation, groups, data_format, activation)
    backend = backend_for("local_conv1d", "input", input)
    return backend.tiled_conv("local_conv1d", 1, True, input, weight, bias, options, out, num_threads)


def local_conv2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCHW",
    activation: Any = None,
) -> Array:
    """Convolve images with filters of their own at every place of the output.

    Unshared convolution, a locally connected layer: y[n, c_out, o] = bias[c_out, o]
        + sum over tap, c_in of weight[o, tap, c_in, c_out] * x[n, c_in, o*stride - front + tap*dilation],
    where x is zero outside. Every weight meets an image once, so reading the weights is what takes time: they lie in the
    order in which they are read, output channels last. weight[o] is a filter as TensorFlow has it, (kh, kw, in, out), and
    weight.reshape(oh*ow, kh*kw*c_in, c_out) the kernel of Keras' LocallyConnected2D.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
    weight : ndarray of shape (oh, ow, kh, kw, c_in // groups, c_out)
        Those of a convolution, (c_out, c_in // groups, kh, kw), are weight.transpose(2, 3, 1, 0) of each place.
    bias : ndarray of shape (c_out,) or (c_out, 1 or oh, 1 or ow), optional
    stride, padding, dilation, groups : optional
        As in `conv2d`.
    out, num_threads, data_format, activation : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow), in the layout of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    LeCun, Generalization and Network Design Strategies, 1989; Goodfellow, Bengio & Courville, Deep Learning, 2016,
    section 9.5.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 1, 3, 3), np.float32)
    >>> w = np.arange(16, dtype=np.float32).reshape(2, 2, 2, 2, 1, 1)
    >>> F.local_conv2d(x, w)[0, 0].tolist()
    [[6.0, 22.0], [38.0, 54.0]]
    """
    options = (stride, padding, dilation, groups, data_format, activation)
    backend = backend_for("local_conv2d", "input", input)
    return backend.tiled_conv("local_conv2d", 2, True, input, weight, bias, options, out, num_threads)


def local_conv3d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
    activation: Any = None,
) -> Array:
    """Convolve volumes, each output with filters of its own; see `local_conv2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    weight : ndarray of shape (od, oh, ow, kd, kh, kw, c_in // groups, c_out)
    bias : ndarray of shape (c_out,) or (c_out, 1 or od, 1 or oh, 1 or ow), optional
    stride, padding, dilation, groups : optional
        As in `conv3d`.
    out, num_threads, data_format, activation : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow), in the layout of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    LeCun, Generalization and Network Design Strategies, 1989; Goodfellow, Bengio & Courville, Deep Learning, 2016,
    section 9.5.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 1, 2, 2, 2), np.float32)
    >>> w = np.ones((1, 1, 1, 2, 2, 2, 1, 3), np.float32)
    >>> F.local_conv3d(x, w).ravel().tolist()
    [8.0, 8.0, 8.0]
    """
    options = (stride, padding, dilation, groups, data_format, activation)
    backend = backend_for("local_conv3d", "input", input)
    return backend.tiled_conv("local_conv3d", 3, True, input, weight, bias, options, out, num_threads)


def tiled_conv1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCW",
    activation: Any = None,
) -> Array:
    """Convolve sequences with kernels that take turns; see `tiled_conv2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    weight : ndarray of shape (tw, kw, c_in // groups, c_out)
    bias : ndarray of shape (c_out,) or (c_out, 1 or ow), optional
    stride, padding, dilation, groups : optional
        As in `conv1d`.
    out, num_threads, data_format, activation : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, ow) or (c_out, ow), in the layout of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Gregor & LeCun, Emergence of Complex-Like Cells in a Temporal Product Network with Local Receptive Fields,
    arXiv:1006.0448, 2010; Le et al., Tiled Convolutional Neural Networks, NIPS 2010; Goodfellow, Bengio & Courville, Deep
    Learning, 2016, section 9.5.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 1, 5), np.float32)
    >>> w = np.array([1.0, 2.0], np.float32).reshape(2, 1, 1, 1)
    >>> F.tiled_conv1d(x, w)[0, 0].tolist()
    [1.0, 2.0, 1.0, 2.0, 1.0]
    """
    options = (stride, padding, dilation, groups, data_format, activation)
    backend = backend_for("tiled_conv1d", "input", input)
    return backend.tiled_conv("tiled_conv1d", 1, False, input, weight, bias, options, out, num_threads)


def tiled_conv2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCHW",
    activation: Any = None,
) -> Array:
    """Convolve images with several kernels that take turns over the places of the output.

    y[n, c_out, o] = bias[c_out] + sum over tap, c_in of weight[o mod tiles, tap, c_in, c_out] * x[n, c_in, ...] as in
    `local_conv2d`: neighbours have different kernels, and places `tiles` apart the same. One tile is convolution; as many
    tiles as outputs along each axis is `local_conv2d`; tiles beyond the last output are not used.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
    weight : ndarray of shape (th, tw, kh, kw, c_in // groups, c_out)
        Those of a convolution, (c_out, c_in // groups, kh, kw), are weight.transpose(2, 3, 1, 0) of each tile.
    bias : ndarray of shape (c_out,) or (c_out, 1 or oh, 1 or ow), optional
    stride, padding, dilation, groups : optional
        As in `conv2d`.
    out, num_threads, data_format, activation : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow), in the layout of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Gregor & LeCun, Emergence of Complex-Like Cells in a Temporal Product Network with Local Receptive Fields,
    arXiv:1006.0448, 2010; Le et al., Tiled Convolutional Neural Networks, NIPS 2010; Goodfellow, Bengio & Courville, Deep
    Learning, 2016, section 9.5.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 1, 2, 4), np.float32)
    >>> w = np.array([1.0, 2.0], np.float32).reshape(1, 2, 1, 1, 1, 1)
    >>> F.tiled_conv2d(x, w)[0, 0].tolist()
    [[1.0, 2.0, 1.0, 2.0], [1.0, 2.0, 1.0, 2.0]]
    """
    options = (stride, padding, dilation, groups, data_format, activation)
    backend = backend_for("tiled_conv2d", "input", input)
    return backend.tiled_conv("tiled_conv2d", 2, False, input, weight, bias, options, out, num_threads)


def tiled_conv3d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
    activation: Any = None,
) -> Array:
    """Convolve volumes with kernels that take turns; see `tiled_conv2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    weight : ndarray of shape (td, th, tw, kd, kh, kw, c_in // groups, c_out)
    bias : ndarray of shape (c_out,) or (c_out, 1 or od, 1 or oh, 1 or ow), optional
    stride, padding, dilation, groups : optional
        As in `conv3d`.
    out, num_threads, data_format, activation : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow), in the layout of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Gregor & LeCun, Emergence of Complex-Like Cells in a Temporal Product Network with Local Receptive Fields,
    arXiv:1006.0448, 2010; Le et al., Tiled Convolutional Neural Networks, NIPS 2010; Goodfellow, Bengio & Courville, Deep
    Learning, 2016, section 9.5.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 1, 2, 1, 2), np.float32)
    >>> w = np.array([1.0, 2.0], np.float32).reshape(2, 1, 1, 1, 1, 1, 1, 1)
    >>> F.tiled_conv3d(x, w).ravel().tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    options = (stride, padding, dilation, groups, data_format, activation)
    backend = backend_for("tiled_conv3d", "input", input)
    return backend.tiled_conv("tiled_conv3d", 3, False, input, weight, bias, options, out, num_threads)


def depthwise_separable_conv1d(
    input: Array,
    depthwise_weight: Array,
    pointwise_weight: Array,
    depthwise_bias: Array | None = None,
    pointwise_bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCW",
    depthwise_activation: Any = None,
    activation: Any = None,
) -> Array:
    """Convolve each channel of sequences with filters of its own, then mix the channels of each place.

    See `depthwise_separable_conv2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    depthwise_weight : ndarray of shape (c_in * multiplier, 1, kw)
    pointwise_weight : ndarray of shape (c_out, c_in * multiplier, 1)
    depthwise_bias : ndarray of shape (c_in * multiplier,), optional
    pointwise_bias : ndarray of shape (c_out,), optional
    stride, padding, dilation : optional
        Those of the first convolution, as in `conv1d`.
    depthwise_activation, activation : optional
        As in `depthwise_separable_conv2d`.
    out, num_threads, data_format : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, ow) or (c_out, ow), in the layout of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Howard et al., MobileNets, arXiv 1704.04861, section 3.1; Chollet, Xception, CVPR 2017.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 2, 4), np.float32)
    >>> each, mix = np.ones((2, 1, 3), np.float32), np.ones((1, 2, 1), np.float32)
    >>> F.depthwise_separable_conv1d(x, each, mix, padding="causal").ravel().tolist()
    [2.0, 4.0, 6.0, 6.0]
    """
    arrays = (input, depthwise_weight, pointwise_weight, depthwise_bias, pointwise_bias)
    options = (stride, padding, dilation, data_format, depthwise_activation, activation)
    backend = backend_for("depthwise_separable_conv1d", "input", input)
    return backend.separable_conv("depthwise_separable_conv1d", 1, arrays, options, out, num_threads)


def depthwise_separable_conv2d(
    input: Array,
    depthwise_weight: Array,
    pointwise_weight: Array,
    depthwise_bias: Array | None = None,
    pointwise_bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCHW",
    depthwise_activation: Any = None,
    activation: Any = None,
) -> Array:
    """Convolve each channel with filters of its own, then mix the channels of each pixel; what lies between stays in cache.

    As conv2d(conv2d(input, depthwise_weight, depthwise_bias, stride, padding, dilation, groups=c_in,
    activation=depthwise_activation), pointwise_weight, pointwise_bias, activation=activation), with the bits of the
    algorithms "depthwise" and "pointwise". The first result is made some rows at a time and never whole.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
        With data_format="NHWC" the shape is (n, h, w, c_in) or (h, w, c_in).
    depthwise_weight : ndarray of shape (c_in * multiplier, 1, kh, kw)
        Filters i * multiplier to (i + 1) * multiplier - 1 are those of input channel i.
    pointwise_weight : ndarray of shape (c_out, c_in * multiplier, 1, 1)
    depthwise_bias : ndarray of shape (c_in * multiplier,), optional
    pointwise_bias : ndarray of shape (c_out,), optional
    stride, padding, dilation : optional
        Those of the first convolution, as in `conv2d`.
    depthwise_activation, activation : str or ("leaky_relu", slope), optional
        What is applied after the first convolution and after the second; see the head of this module.
    out, num_threads, data_format : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow), in the layout of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Howard et al., MobileNets, arXiv 1704.04861, section 3.1; Chollet, Xception, CVPR 2017.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2)
    >>> each, mix = np.ones((2, 1, 2, 2), np.float32), np.ones((3, 2, 1, 1), np.float32)
    >>> F.depthwise_separable_conv2d(x, each, mix, pointwise_bias=np.float32([0, 1, 2])).ravel().tolist()
    [28.0, 29.0, 30.0]
    """
    arrays = (input, depthwise_weight, pointwise_weight, depthwise_bias, pointwise_bias)
    options = (stride, padding, dilation, data_format, depthwise_activation, activation)
    backend = backend_for("depthwise_separable_conv2d", "input", input)
    return backend.separable_conv("depthwise_separable_conv2d", 2, arrays, options, out, num_threads)


def depthwise_separable_conv3d(
    input: Array,
    depthwise_weight: Array,
    pointwise_weight: Array,
    depthwise_bias: Array | None = None,
    pointwise_bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
    depthwise_activation: Any = None,
    activation: Any = None,
) -> Array:
    """Convolve each channel of volumes with filters of its own, then mix the channels of each place.

    See `depthwise_separable_conv2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    depthwise_weight : ndarray of shape (c_in * multiplier, 1, kd, kh, kw)
    pointwise_weight : ndarray of shape (c_out, c_in * multiplier, 1, 1, 1)
    depthwise_bias : ndarray of shape (c_in * multiplier,), optional
    pointwise_bias : ndarray of shape (c_out,), optional
    stride, padding, dilation : optional
        Those of the first convolution, as in `conv3d`.
    depthwise_activation, activation : optional
        As in `depthwise_separable_conv2d`.
    out, num_threads, data_format : optional
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow), in the layout of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Howard et al., MobileNets, arXiv 1704.04861, section 3.1; Chollet, Xception, CVPR 2017.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.ones((1, 2, 3, 3, 3), np.float32)
    >>> each, mix = np.ones((2, 1, 2, 2, 2), np.float32), np.ones((1, 2, 1, 1, 1), np.float32)
    >>> F.depthwise_separable_conv3d(x, each, mix, stride=2).ravel().tolist()
    [16.0]
    """
    arrays = (input, depthwise_weight, pointwise_weight, depthwise_bias, pointwise_bias)
    options = (stride, padding, dilation, data_format, depthwise_activation, activation)
    backend = backend_for("depthwise_separable_conv3d", "input", input)
    return backend.separable_conv("depthwise_separable_conv3d", 3, arrays, options, out, num_threads)


def conv_transpose1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    algorithm: str | None = None,
    data_format: str = "NCW",
    activation: Any = None,
    precision: str | None = None,
) -> Array:
    """Spread sequences with filters; see `conv_transpose2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, w) or (c_in, w)
    weight : ndarray of shape (c_in, c_out // groups, kw)
    bias : ndarray of shape (c_out,), optional
    stride, padding, output_padding, groups, dilation : optional
        As in `conv_transpose2d`, with 1 axis; padding pairs are ((front, back),).
    out, num_threads, algorithm, data_format, activation, precision : optional
        See `conv_transpose2d`.

    Returns
    -------
    ndarray of shape (n, c_out, ow) or (c_out, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Dumoulin & Visin, A guide to convolution arithmetic for deep learning, arXiv 1603.07285, section 4.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[1, 2, 3]]], np.float32)
    >>> F.conv_transpose1d(x, np.ones((1, 1, 3), np.float32), stride=2)[0, 0].tolist()
    [1.0, 1.0, 3.0, 2.0, 5.0, 3.0, 3.0]
    """
    layout = None if data_format is NCW else data_format
    options = (stride, padding, output_padding, groups, dilation, algorithm, layout, activation, precision)
    y = recall_conv("conv_transpose1d", input, weight, bias, options, out, num_threads)
    if y is not None:
        return y
    backend = backend_for("conv_transpose1d", "input", input)
    return backend.conv_transpose("conv_transpose1d", 1, input, weight, bias, options, out, num_threads)


def conv_transpose2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    algorithm: str | None = None,
    data_format: str = "NCHW",
    activation: Any = None,
    precision: str | None = None,
) -> Array:
    """Spread images with filters: the transpose of `conv2d`, which makes them larger where it made them smaller.

    Each input adds its filters, times itself, to the output:
    y[n, c_out, i*stride - padding + tap*dilation] += weight[c_in, c_out, tap] * x[n, c_in, i], and bias[c_out] once.
    Each output axis has (size - 1)*stride - 2*padding + dilation*(kernel - 1) + output_padding + 1 positions.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, h, w) or (c_in, h, w)
        n may be 0. With data_format="NHWC" the shape is (n, h, w, c_in) or (h, w, c_in).
    weight : ndarray of shape (c_in, c_out // groups, kh, kw)
        As `conv2d` has the weights of the layer from c_out to c_in channels that this transposes.
    bias : ndarray of shape (c_out,), optional
    stride, dilation : int or (int, int), optional
        Steps between what neighbouring inputs add, and between taps, in output pixels.
    padding : int, (int, int) or ((top, bottom), (left, right)), optional
        What is cut off at the border of the output.
    output_padding : int or (int, int), optional
        Further positions at the end of each axis, fewer than stride or dilation: with a stride several sizes have a
        convolution of the same size, and this says which one is meant.
    groups : int, optional
        Output channels of a group see the input channels of that group only.
    out, num_threads, data_format, activation, precision : optional
        See the head of this module.
    algorithm : str, optional
        "auto" or one of `fastconv.algorithms("conv_transpose2d")`: of the whole, or of all the convolutions that the
        output's phases are.

    Returns
    -------
    ndarray of shape (n, c_out, oh, ow) or (c_out, oh, ow), with data_format="NHWC" (n, oh, ow, c_out) or (oh, ow, c_out)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; also if a named algorithm cannot serve the call.

    References
    ----------
    Dumoulin & Visin, A guide to convolution arithmetic for deep learning, arXiv 1603.07285, section 4.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[[1, 2], [3, 4]]]], np.float32)
    >>> F.conv_transpose2d(x, np.ones((1, 1, 2, 2), np.float32), stride=2)[0, 0].tolist()
    [[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0], [3.0, 3.0, 4.0, 4.0], [3.0, 3.0, 4.0, 4.0]]
    >>> F.conv_transpose2d(x, np.ones((1, 1, 2, 2), np.float32))[0, 0].tolist()
    [[1.0, 3.0, 2.0], [4.0, 10.0, 6.0], [3.0, 7.0, 4.0]]
    """
    layout = None if data_format is NCHW else data_format
    options = (stride, padding, output_padding, groups, dilation, algorithm, layout, activation, precision)
    y = recall_conv("conv_transpose2d", input, weight, bias, options, out, num_threads)
    if y is not None:
        return y
    backend = backend_for("conv_transpose2d", "input", input)
    return backend.conv_transpose("conv_transpose2d", 2, input, weight, bias, options, out, num_threads)


def conv_transpose3d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    algorithm: str | None = None,
    data_format: str = "NCDHW",
    activation: Any = None,
    precision: str | None = None,
) -> Array:
    """Spread volumes with filters; see `conv_transpose2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c_in, d, h, w) or (c_in, d, h, w)
    weight : ndarray of shape (c_in, c_out // groups, kd, kh, kw)
    bias : ndarray of shape (c_out,), optional
    stride, padding, output_padding, groups, dilation : optional
        As in `conv_transpose2d`, with 3 axes; padding pairs are ((front, back), (top, bottom), (left, right)).
    out, num_threads, algorithm, data_format, activation, precision : optional
        See `conv_transpose2d`.

    Returns
    -------
    ndarray of shape (n, c_out, od, oh, ow) or (c_out, od, oh, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Dumoulin & Visin, A guide to convolution arithmetic for deep learning, arXiv 1603.07285, section 4.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([1, 2], np.float32).reshape(1, 1, 1, 1, 2)
    >>> F.conv_transpose3d(x, np.ones((1, 1, 1, 1, 2), np.float32), stride=(1, 1, 2)).ravel().tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    layout = None if data_format is NCDHW else data_format
    options = (stride, padding, output_padding, groups, dilation, algorithm, layout, activation, precision)
    y = recall_conv("conv_transpose3d", input, weight, bias, options, out, num_threads)
    if y is not None:
        return y
    backend = backend_for("conv_transpose3d", "input", input)
    return backend.conv_transpose("conv_transpose3d", 3, input, weight, bias, options, out, num_threads)


def max_pool1d(
    input: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Any:
    """Take the maximum of each window; see `max_pool2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, w) or (c, w)
    kernel_size : int or one an axis
    stride : int or one an axis, optional
        Default: kernel_size.
    padding : int or one an axis, optional
        At most half of the effective kernel size.
    dilation : int or one an axis, optional
    ceil_mode : bool, optional
    return_indices : bool, optional
        Also return the switches: int64 positions of the maxima in their flattened planes.

    Returns
    -------
    ndarray of shape (n, c, ow) or (c, ow), or that and the switches, of the same shape

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 2.1 (switches).

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[1.0, 3.0, 2.0, 4.0]]], np.float32)
    >>> y, switches = F.max_pool1d(x, 2, return_indices=True)
    >>> y.tolist(), switches.tolist()
    ([[[3.0, 4.0]]], [[[1, 3]]])
    """
    backend = backend_for("max_pool1d", "input", input)
    layout = None if data_format is NCW else data_format
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return backend.max_pool("max_pool1d", 1, input, options, return_indices, out, num_threads, layout)


def max_pool2d(
    input: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Any:
    """Take the maximum of each window.

    Ties go to the first element in row-major order, NaN to the first NaN, and a window of -inf points to its first element
    inside the input. Padding never wins. In ceil mode the last window may hang over the end but must start inside the input
    or its front padding.

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w) or (c, h, w)
    kernel_size : int or one an axis
    stride : int or one an axis, optional
        Default: kernel_size.
    padding : int or one an axis, optional
        At most half of the effective kernel size.
    dilation : int or one an axis, optional
    ceil_mode : bool, optional
    return_indices : bool, optional
        Also return the switches: int64 positions of the maxima in their flattened planes.

    data_format : {"NCHW", "NHWC"}, optional
        Where input and output have their channels; switches count within a plane in both.

    Returns
    -------
    ndarray of shape (n, c, oh, ow) or (c, oh, ow), or that and the switches, of the same shape

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 2.1 (switches).

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]], np.float32)
    >>> y, switches = F.max_pool2d(x, 2, return_indices=True)
    >>> y.tolist(), switches.tolist()
    ([[[[6.0, 8.0], [3.0, 4.0]]]], [[[[5, 7], [8, 15]]]])
    """
    backend = backend_for("max_pool2d", "input", input)
    layout = None if data_format is NCHW else data_format
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return backend.max_pool("max_pool2d", 2, input, options, return_indices, out, num_threads, layout)


def max_pool3d(
    input: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Any:
    """Take the maximum of each window; see `max_pool2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, d, h, w) or (c, d, h, w)
    kernel_size : int or one an axis
    stride : int or one an axis, optional
        Default: kernel_size.
    padding : int or one an axis, optional
        At most half of the effective kernel size.
    dilation : int or one an axis, optional
    ceil_mode : bool, optional
    return_indices : bool, optional
        Also return the switches: int64 positions of the maxima in their flattened planes.

    Returns
    -------
    ndarray of shape (n, c, od, oh, ow) or (c, od, oh, ow), or that and the switches, of the same shape

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 2.1 (switches).

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(8, dtype=np.float32).reshape(1, 1, 2, 2, 2)
    >>> y, switches = F.max_pool3d(x, 2, return_indices=True)
    >>> y.tolist(), switches.tolist()
    ([[[[[7.0]]]]], [[[[[7]]]]])
    """
    backend = backend_for("max_pool3d", "input", input)
    layout = None if data_format is NCDHW else data_format
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return backend.max_pool("max_pool3d", 3, input, options, return_indices, out, num_threads, layout)


def avg_pool1d(
    input: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Take the mean of each window; see `avg_pool2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, w) or (c, w)
    kernel_size, stride, padding, ceil_mode : optional
        As in `max_pool1d`.
    count_include_pad : bool, optional
        Whether the zeros of the padding count in the divisor.

    Returns
    -------
    ndarray of shape (n, c, ow) or (c, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    LeCun et al., Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 1998, section II.B.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[1.0, 3.0, 2.0, 4.0]]], np.float32)
    >>> F.avg_pool1d(x, 2).tolist()
    [[[2.0, 3.0]]]
    """
    backend = backend_for("avg_pool1d", "input", input)
    layout = None if data_format is NCW else data_format
    named = {"data_format": layout, "ceil_mode": ceil_mode, "count_include_pad": count_include_pad}
    return backend.average_pool("avg_pool1d", 1, input, (kernel_size, stride, padding), named, out, num_threads)


def avg_pool2d(
    input: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Take the mean of each window.

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w) or (c, h, w)
    kernel_size, stride, padding, ceil_mode : optional
        As in `max_pool2d`.
    count_include_pad : bool, optional
        Whether the zeros of the padding count in the divisor.
    divisor_override : int, optional
        Divide by this instead.

    data_format : {"NCHW", "NHWC"}, optional
        Where input and output have their channels.

    Returns
    -------
    ndarray of shape (n, c, oh, ow) or (c, oh, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    LeCun et al., Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 1998, section II.B.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]], np.float32)
    >>> F.avg_pool2d(x, 2).tolist()
    [[[[3.25, 5.25], [2.0, 2.0]]]]
    """
    backend = backend_for("avg_pool2d", "input", input)
    layout = None if data_format is NCHW else data_format
    named = {
        "data_format": layout,
        "ceil_mode": ceil_mode,
        "count_include_pad": count_include_pad,
        "divisor_override": divisor_override,
    }
    return backend.average_pool("avg_pool2d", 2, input, (kernel_size, stride, padding), named, out, num_threads)


def avg_pool3d(
    input: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Take the mean of each window; see `avg_pool2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, d, h, w) or (c, d, h, w)
    kernel_size, stride, padding, ceil_mode : optional
        As in `max_pool3d`.
    count_include_pad : bool, optional
        Whether the zeros of the padding count in the divisor.
    divisor_override : int, optional
        Divide by this instead.

    Returns
    -------
    ndarray of shape (n, c, od, oh, ow) or (c, od, oh, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    LeCun et al., Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 1998, section II.B.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(8, dtype=np.float32).reshape(1, 1, 2, 2, 2)
    >>> F.avg_pool3d(x, 2).tolist()
    [[[[[3.5]]]]]
    """
    backend = backend_for("avg_pool3d", "input", input)
    layout = None if data_format is NCDHW else data_format
    named = {
        "data_format": layout,
        "ceil_mode": ceil_mode,
        "count_include_pad": count_include_pad,
        "divisor_override": divisor_override,
    }
    return backend.average_pool("avg_pool3d", 3, input, (kernel_size, stride, padding), named, out, num_threads)


def max_unpool1d(
    input: Array,
    indices: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Put each value back where its switch says, zeros elsewhere; see `max_unpool2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, ow) or (c, ow)
        Pooled values.
    indices : int64 ndarray of the shape of input
        Switches from `max_pool1d`. Where several say the same place, the last in row-major order stays.
    kernel_size, stride, padding : optional
        Those of the pooling; they give the size of the result.
    output_size : sequence of int, optional
        The size of the result, with or without batch and channels, where the pooling's floor left it open.

    Returns
    -------
    ndarray of shape (n, c, w) or (c, w)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; every index is checked before anything is written.

    References
    ----------
    Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 2.1.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[1.0, 3.0, 2.0, 4.0]]], np.float32)
    >>> F.max_unpool1d(*F.max_pool1d(x, 2, return_indices=True), 2).ravel().nonzero()[0].tolist()
    [1, 3]
    """
    backend = backend_for("max_unpool1d", "input", input)
    options = (kernel_size, stride, padding, output_size)
    return backend.max_unpool("max_unpool1d", 1, input, indices, options, out, num_threads)


def max_unpool2d(
    input: Array,
    indices: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Put each value back where its switch says, zeros elsewhere.

    Parameters
    ----------
    input : ndarray of shape (n, c, oh, ow) or (c, oh, ow)
        Pooled values.
    indices : int64 ndarray of the shape of input
        Switches from `max_pool2d`. Where several say the same place, the last in row-major order stays.
    kernel_size, stride, padding : optional
        Those of the pooling; they give the size of the result.
    output_size : sequence of int, optional
        The size of the result, with or without batch and channels, where the pooling's floor left it open.

    Returns
    -------
    ndarray of shape (n, c, h, w) or (c, h, w)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; every index is checked before anything is written.

    References
    ----------
    Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 2.1.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]], np.float32)
    >>> F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2).ravel().nonzero()[0].tolist()
    [5, 7, 8, 15]
    """
    backend = backend_for("max_unpool2d", "input", input)
    options = (kernel_size, stride, padding, output_size)
    return backend.max_unpool("max_unpool2d", 2, input, indices, options, out, num_threads)


def max_unpool3d(
    input: Array,
    indices: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Put each value back where its switch says, zeros elsewhere; see `max_unpool2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, od, oh, ow) or (c, od, oh, ow)
        Pooled values.
    indices : int64 ndarray of the shape of input
        Switches from `max_pool3d`. Where several say the same place, the last in row-major order stays.
    kernel_size, stride, padding : optional
        Those of the pooling; they give the size of the result.
    output_size : sequence of int, optional
        The size of the result, with or without batch and channels, where the pooling's floor left it open.

    Returns
    -------
    ndarray of shape (n, c, d, h, w) or (c, d, h, w)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule; every index is checked before anything is written.

    References
    ----------
    Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 2.1.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(8, dtype=np.float32).reshape(1, 1, 2, 2, 2)
    >>> F.max_unpool3d(*F.max_pool3d(x, 2, return_indices=True), 2).ravel().nonzero()[0].tolist()
    [7]
    """
    backend = backend_for("max_unpool3d", "input", input)
    options = (kernel_size, stride, padding, output_size)
    return backend.max_unpool("max_unpool3d", 3, input, indices, options, out, num_threads)


def linear(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Compute input @ weight.T + bias over the last axis.

    Parameters
    ----------
    input : ndarray of shape (..., in_features)
    weight : ndarray of shape (out_features, in_features)
    bias : ndarray of shape (out_features,), optional

    Returns
    -------
    ndarray of shape (..., out_features)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goto & van de Geijn, Anatomy of High-Performance Matrix Multiplication, ACM TOMS 34(3), 2008.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.linear(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]]), np.array([0.5, 0.0])).tolist()
    [[11.5, 17.0]]
    """
    return backend_for("linear", "input", input).linear("linear", input, weight, bias, out, num_threads)


def relu(input: Array, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return max(0, x); NaN stays NaN.

    Parameters
    ----------
    input : ndarray of any shape

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Nair & Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines, ICML 2010.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.relu(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return backend_for("relu", "input", input).activation("relu", input, out, num_threads)


def relu6(input: Array, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return min(max(0, x), 6).

    Parameters
    ----------
    input : ndarray of any shape

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Krizhevsky, Convolutional Deep Belief Networks on CIFAR-10, 2010.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.relu6(np.array([-1.0, 2.0, 7.0])).tolist()
    [0.0, 2.0, 6.0]
    """
    return backend_for("relu6", "input", input).activation("relu6", input, out, num_threads)


def leaky_relu(
    input: Array, negative_slope: float = 0.01, *, out: Array | None = None, num_threads: int | None = None
) -> Array:
    """Return x where x > 0, else negative_slope * x.

    Parameters
    ----------
    input : ndarray of any shape
    negative_slope : float, optional
        What negative numbers are multiplied by; finite.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Maas, Hannun & Ng, Rectifier Nonlinearities Improve Neural Network Acoustic Models, ICML 2013.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.leaky_relu(np.array([-1.0, 2.0]), 0.25).tolist()
    [-0.25, 2.0]
    """
    return backend_for("leaky_relu", "input", input).activation("leaky_relu", input, out, num_threads, negative_slope)


def sigmoid(input: Array, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return 1 / (1 + exp(-x)), without overflow.

    Parameters
    ----------
    input : ndarray of any shape

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 3.10.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return backend_for("sigmoid", "input", input).activation("sigmoid", input, out, num_threads)


def tanh(input: Array, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return the hyperbolic tangent of x.

    Parameters
    ----------
    input : ndarray of any shape

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 6.3.2.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.tanh(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [-1.0, 0.0, 1.0]
    """
    return backend_for("tanh", "input", input).activation("tanh", input, out, num_threads)


def silu(input: Array, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return x * sigmoid(x), also called swish.

    Parameters
    ----------
    input : ndarray of any shape

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Elfwing, Uchibe & Doya, Sigmoid-Weighted Linear Units for Neural Network Function Approximation, 2018.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.silu(np.array([0.0, 100.0])).tolist()
    [0.0, 100.0]
    """
    return backend_for("silu", "input", input).activation("silu", input, out, num_threads)


def hardswish(input: Array, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Return x * min(max(x + 3, 0), 6) / 6.

    Parameters
    ----------
    input : ndarray of any shape

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Howard et al., Searching for MobileNetV3, ICCV 2019, section 5.2.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.hardswish(np.array([0.0, 3.0, 10.0])).tolist()
    [0.0, 3.0, 10.0]
    """
    return backend_for("hardswish", "input", input).activation("hardswish", input, out, num_threads)


def gated_tanh(input: Array, dim: int = -2, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Compute tanh(a) * sigmoid(b), where a and b are the halves of an axis.

    Parameters
    ----------
    input : ndarray
    dim : int, optional
        The axis that is halved; the default is the channels of a sequence, (n, c, w) or (c, w). Its size must be even.
    out, num_threads : optional
        See the head of this module.

    Returns
    -------
    ndarray of half the size in axis dim

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    van den Oord et al., WaveNet, arXiv 1609.03499, equation 2.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.gated_tanh(np.array([[[1000.0], [0.0]]], np.float32)).tolist()
    [[[0.5]]]
    """
    return backend_for("gated_tanh", "input", input).gated_tanh(input, dim, out, num_threads)


def softmax(input: Array, dim: int) -> Array:
    """Return exp(x) / sum of exp(x) along an axis, without overflow.

    Parameters
    ----------
    input : ndarray of any shape
    dim : int
        The axis; negative counts from the end.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 4.1.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.softmax(np.array([1000.0, 1000.0]), 0).tolist()
    [0.5, 0.5]
    """
    return backend_for("softmax", "input", input).softmax("softmax", input, dim)


def log_softmax(input: Array, dim: int) -> Array:
    """Return the logarithm of `softmax`, without loss for small probabilities.

    Parameters
    ----------
    input : ndarray of any shape
    dim : int
        The axis; negative counts from the end.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 6.2.2.3.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.log_softmax(np.array([0.0, -1000.0]), 0).tolist()
    [0.0, -1000.0]
    """
    return backend_for("log_softmax", "input", input).log_softmax("log_softmax", input, dim)


def cross_entropy(
    input: Array,
    target: Array,
    weight: Array | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Return the negative log-likelihood of the targets under softmax.

    Parameters
    ----------
    input : ndarray of shape (n, classes, ...) or (classes,)
        Scores before softmax.
    target : integer ndarray of shape (n, ...), or float ndarray of the shape of input
        Class indices, or probabilities.
    weight : ndarray of shape (classes,), optional
        Weight of each class; the mean is weighted.
    ignore_index : int, optional
        Samples with this class do not count.
    reduction : {"mean", "sum", "none"}, optional
    label_smoothing : float in [0, 1], optional
        Share of the target spread over all classes.

    Returns
    -------
    scalar, or ndarray of shape (n, ...) for reduction "none"

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule, such as a class out of range.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 6.2.2.3; label smoothing: Szegedy et al., CVPR 2016.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> round(float(F.cross_entropy(np.array([[2.0, 0.0]]), np.array([0]))), 4)
    0.1269
    """
    backend = backend_for("cross_entropy", "input", input)
    return backend.cross_entropy("cross_entropy", input, target, weight, ignore_index, reduction, label_smoothing)
