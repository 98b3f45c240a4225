# SPDX-License-Identifier: BSD-3-Clause
"""TensorFlow's functions on NumPy arrays: the signatures, layouts and padding of tf.nn, without TensorFlow.

Arrays are float32 or float64 with a batch and, unless `data_format` says otherwise, the channels last. Filters are
(*kernel, in, out), or (*kernel, in, multiplier) where they are depthwise. Strides, windows and dilations are one number, one
for each spatial axis, or one for each axis of the input, those of batch and channels being 1. Padding is "VALID", "SAME"
(ceil(size / stride) outputs, an odd zero at the end) or, but for averages, a list of a [before, after] pair for each axis of
the input. Padding is no part of a pooling's window. `name` is TensorFlow's and says nothing here. Every refusal is a
`FastconvError` that names function and argument. `num_threads` is as in `fastconv.functional`.

References
----------
Abadi et al., TensorFlow: a system for large-scale machine learning, OSDI 2016.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .backends import backend_for
from .spec import (
    FORMATS,
    FastconvTypeError,
    FastconvValueError,
    channels_are_last,
    flag,
    is_sequence,
    one_of,
    padding_pairs,
    shape_of,
    show,
    whole,
)

Array = np.ndarray[Any, np.dtype[Any]]

_OPTION = 1 << 31


def _rank_of(function: str, input: Any, rank: int | None = None, argument: str = "input") -> int:
    """Return the spatial axes of an input; it must have a batch and channels besides."""
    backend_for(function, argument, input)
    ranks = (rank,) if rank else (1, 2, 3)
    if input.ndim - 2 not in ranks:
        raise FastconvValueError(
            f"{function}: {argument} must have {' or '.join(str(r + 2) for r in ranks)} axes, with batch and channels, "
            f"got {argument} of shape {input.shape}"
        )
    return int(input.ndim) - 2


def _is_last(function: str, data_format: Any, rank: int) -> bool:
    return data_format is None or channels_are_last(function, data_format, rank)


def _spatial(function: str, argument: str, value: Any, rank: int, last: bool) -> tuple[int, ...]:
    """Return one number for each spatial axis."""
    if not is_sequence(value):
        return (whole(function, argument, value, 1, limit=_OPTION),) * rank
    if len(value) not in {1, rank, rank + 2}:
        raise FastconvValueError(
            f"{function}: {argument} must be a whole number, or {rank} or {rank + 2} of them, got {argument}={show(value)}"
        )
    numbers = [whole(function, argument, item, 1, value, _OPTION) for item in value]
    if len(numbers) == 1:
        return tuple(numbers) * rank
    if len(numbers) == rank:
        return tuple(numbers)
    outer, inner = ((numbers[0], numbers[-1]), numbers[1:-1]) if last else (tuple(numbers[:2]), numbers[2:])
    if outer != (1, 1):
        raise FastconvValueError(f"{function}: {argument} must be 1 for batch and channels, got {argument}={show(value)}")
    return tuple(inner)


def _padding(function: str, padding: Any, rank: int, last: bool, pairs: bool = True) -> Any:
    """Return "same", "valid" or a pair for each spatial axis, as specs have them."""
    if not is_sequence(padding) or not pairs:
        return one_of(function, "padding", padding, ("SAME", "VALID")).lower()
    if len(padding) != rank + 2 or not all(is_sequence(pair) and len(pair) == 2 for pair in padding):
        raise FastconvValueError(
            f"{function}: padding must be 'SAME', 'VALID' or a [before, after] pair for each of {rank + 2} axes, "
            f"got padding={show(padding)}"
        )
    sides = [tuple(whole(function, "padding", side, 0, padding, _OPTION) for side in pair) for pair in padding]
    outer, inner = ((sides[0], sides[-1]), sides[1:-1]) if last else ((sides[0], sides[1]), sides[2:])
    if outer != ((0, 0), (0, 0)):
        raise FastconvValueError(f"{function}: padding must be [0, 0] for batch and channels, got padding={show(padding)}")
    return tuple(inner)


def _check_filters(function: str, argument: str, filters: Any, rank: int, names: str) -> None:
    if not isinstance(filters, np.ndarray):
        raise FastconvTypeError(f"{function}: {argument} must be a NumPy array, got {argument}={show(filters)}")
    if filters.ndim != rank + 2 or 0 in filters.shape:
        raise FastconvValueError(
            f"{function}: {argument} must have {rank + 2} axes {names}, none of size 0, "
            f"got {argument} of shape {filters.shape}"
        )


def _convolve(
    function: str,
    rank: int,
    input: Any,
    argument: str,
    weight: Array,
    groups: int,
    strides: Any,
    padding: Any,
    dilations: Any,
    data_format: Any,
    num_threads: int | None,
    filters: Array,
    then: Array | None = None,
) -> Array:
    """Convolve with weights as `fastconv.functional` has them, which came from the argument `filters` of that name.

    `then`: weights of a pointwise convolution that follows a depthwise one.
    """
    last = _is_last(function, data_format, rank)
    steps = _spatial(function, "strides", strides, rank, last)
    gaps = _spatial(function, "dilations", 1 if dilations is None else dilations, rank, last)
    pads = _padding(function, padding, rank, last)
    if pads != "same":
        size = input.shape[1:-1] if last else input.shape[2:]
        room = [s + sum(pair) for s, pair in zip(size, ((0, 0),) * rank if pads == "valid" else pads, strict=True)]
        spans = [(k - 1) * gap + 1 for k, gap in zip(weight.shape[2:], gaps, strict=True)]
        if any(span > r for span, r in zip(spans, room, strict=True)):
            raise FastconvValueError(
                f"{function}: {argument} must not be larger than the padded input: with dilations they span {tuple(spans)}, "
                f"got {argument} of shape {filters.shape} for input of shape {input.shape}"
            )
    backend = backend_for(function, "input", input)
    if then is not None:
        mixing = (steps, pads, gaps, FORMATS[rank][last], None, None)
        return backend.separable_conv(function, rank, (input, weight, then, None, None), mixing, None, num_threads)
    options = (steps, pads, gaps, groups, None, FORMATS[rank][last], None, None, None)
    return backend.conv(function, rank, input, weight, None, options, None, num_threads)


def _conv(
    function: str,
    rank: int,
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilations: Any,
    num_threads: int | None,
    argument: str = "input",
) -> Array:
    """Convolve with filters (*kernel, in, out); fewer input channels in them than there are make groups."""
    _rank_of(function, input, rank, argument)
    _check_filters(function, "filters", filters, rank, "(*kernel, in, out)")
    _same_dtype(function, input, "filters", filters)
    channels = input.shape[-1 if _is_last(function, data_format, rank) else 1]
    groups = channels // filters.shape[-2]
    if channels % filters.shape[-2] or groups == 0 or filters.shape[-1] % groups:
        raise FastconvValueError(
            f"{function}: filters must have input channels that divide those of input, {channels}, and as many groups must "
            f"divide their output channels, got filters of shape {filters.shape}"
        )
    weight = np.ascontiguousarray(np.moveaxis(filters, (-1, -2), (0, 1)))
    how = (groups, strides, padding, dilations, data_format, num_threads, filters)
    return _convolve(function, rank, input, "filters", weight, *how)


def _same_dtype(function: str, input: Array, argument: str, filters: Array) -> None:
    if filters.dtype.newbyteorder("=") != input.dtype.newbyteorder("="):
        raise FastconvTypeError(
            f"{function}: {argument} must have the dtype of input, {input.dtype}, got {argument} of dtype {filters.dtype}"
        )


def conv1d(
    input: Array,
    filters: Array,
    stride: Any,
    padding: Any,
    data_format: str | None = "NWC",
    dilations: Any = None,
    name: str | None = None,
    *,
    num_threads: int | None = None,
) -> Array:
    """Convolve sequences with filters, as tf.nn.conv1d does.

    Parameters
    ----------
    input : ndarray of shape (n, w, in)
    filters : ndarray of shape (kw, in // groups, out)
    stride, padding, data_format, dilations
        See the head of this module; data_format is "NWC" or "NCW".

    Returns
    -------
    ndarray of shape (n, ow, out)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv.tf as tf
    >>> tf.conv1d(np.ones((1, 4, 1)), np.ones((2, 1, 1)), 2, "VALID").ravel().tolist()
    [2.0, 2.0]
    """
    last = _is_last("tf.conv1d", data_format, 1)
    steps = _spatial("tf.conv1d", "stride", stride, 1, last)
    return _conv("tf.conv1d", 1, input, filters, steps, padding, data_format, dilations, num_threads)


def conv2d(
    input: Array,
    filters: Array,
    strides: Any,
    padding: Any,
    data_format: str | None = "NHWC",
    dilations: Any = None,
    name: str | None = None,
    *,
    num_threads: int | None = None,
) -> Array:
    """Convolve images with filters, as tf.nn.conv2d does.

    Parameters
    ----------
    input : ndarray of shape (n, h, w, in)
    filters : ndarray of shape (kh, kw, in // groups, out)
        Where they have fewer input channels than the input, those form groups.
    strides, padding, data_format, dilations
        See the head of this module; data_format is "NHWC" or "NCHW".

    Returns
    -------
    ndarray of shape (n, oh, ow, out)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv.tf as tf
    >>> tf.conv2d(np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1)), 2, "SAME").ravel().tolist()
    [4.0, 2.0, 2.0, 1.0]
    """
    return _conv("tf.conv2d", 2, input, filters, strides, padding, data_format, dilations, num_threads)


def conv3d(
    input: Array,
    filters: Array,
    strides: Any,
    padding: Any,
    data_format: str | None = "NDHWC",
    dilations: Any = None,
    name: str | None = None,
    *,
    num_threads: int | None = None,
) -> Array:
    """Convolve volumes with filters, as tf.nn.conv3d does.

    Parameters
    ----------
    input : ndarray of shape (n, d, h, w, in)
    filters : ndarray of shape (kd, kh, kw, in // groups, out)
    strides, padding, data_format, dilations
        See the head of this module; data_format is "NDHWC" or "NCDHW".

    Returns
    -------
    ndarray of shape (n, od, oh, ow, out)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv.tf as tf
    >>> tf.conv3d(np.ones((1, 2, 2, 2, 1)), np.ones((2, 2, 2, 1, 1)), [1, 1, 1, 1, 1], "VALID").item()
    8.0
    """
    return _conv("tf.conv3d", 3, input, filters, strides, padding, data_format, dilations, num_threads)


def atrous_conv2d(
    value: Array, filters: Array, rate: int, padding: Any, name: str | None = None, *, num_threads: int | None = None
) -> Array:
    """Convolve images with dilated filters, as tf.nn.atrous_conv2d does.

    Parameters
    ----------
    value : ndarray of shape (n, h, w, in)
    filters : ndarray of shape (kh, kw, in // groups, out)
    rate : int
        The step between taps, in pixels.
    padding
        See the head of this module.

    Returns
    -------
    ndarray of shape (n, oh, ow, out)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Chen et al., DeepLab, arXiv:1606.00915, 2016.

    Examples
    --------
    >>> import numpy as np, fastconv.tf as tf
    >>> tf.atrous_conv2d(np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1)), 2, "VALID").item()
    4.0
    """
    gap = whole("tf.atrous_conv2d", "rate", rate, 1, limit=_OPTION)
    return _conv("tf.atrous_conv2d", 2, value, filters, 1, padding, "NHWC", gap, num_threads, "value")


def _depthwise(
    function: str,
    input: Any,
    argument: str,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilations: Any,
    num_threads: int | None,
    then: Array | None = None,
) -> Array:
    """Convolve each channel with its own filters (kh, kw, in, multiplier), and mix the channels if `then` has weights."""
    _rank_of(function, input, 2)
    _check_filters(function, argument, filters, 2, "(kh, kw, in, multiplier)")
    _same_dtype(function, input, argument, filters)
    channels = input.shape[-1 if _is_last(function, data_format, 2) else 1]
    kh, kw, each, multiplier = filters.shape
    if each != channels:
        raise FastconvValueError(
            f"{function}: {argument} must have the {channels} channels of input, got {argument} of shape {filters.shape}"
        )
    weight = np.ascontiguousarray(filters.transpose(2, 3, 0, 1)).reshape(each * multiplier, 1, kh, kw)
    how = (each, strides, padding, dilations, data_format, num_threads, filters)
    return _convolve(function, 2, input, argument, weight, *how, then)


def depthwise_conv2d(
    input: Array,
    filter: Array,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
    *,
    num_threads: int | None = None,
) -> Array:
    """Convolve each channel of images with filters of its own, as tf.nn.depthwise_conv2d does.

    Parameters
    ----------
    input : ndarray of shape (n, h, w, in)
    filter : ndarray of shape (kh, kw, in, multiplier)
        Output channel c * multiplier + m is input channel c with filter[:, :, c, m].
    strides, padding, data_format, dilations
        See the head of this module. The strides may differ.

    Returns
    -------
    ndarray of shape (n, oh, ow, in * multiplier)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv.tf as tf
    >>> tf.depthwise_conv2d(np.ones((1, 1, 1, 2)), np.array([[[[1.0, 2], [3, 4]]]]), [1, 1, 1, 1], "SAME").ravel().tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    how = (strides, padding, data_format, dilations, num_threads)
    return _depthwise("tf.depthwise_conv2d", input, "filter", filter, *how)


def separable_conv2d(
    input: Array,
    depthwise_filter: Array,
    pointwise_filter: Array,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
    *,
    num_threads: int | None = None,
) -> Array:
    """Convolve each channel with filters of its own, then mix the channels, as tf.nn.separable_conv2d does.

    Parameters
    ----------
    input : ndarray of shape (n, h, w, in)
    depthwise_filter : ndarray of shape (kh, kw, in, multiplier)
    pointwise_filter : ndarray of shape (1, 1, in * multiplier, out)
    strides, padding, data_format, dilations
        See the head of this module; they are those of the first step.

    Returns
    -------
    ndarray of shape (n, oh, ow, out)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Chollet, Xception, CVPR 2017; Howard et al., MobileNets, arXiv:1704.04861, 2017.

    Examples
    --------
    >>> import numpy as np, fastconv.tf as tf
    >>> x, depthwise, pointwise = np.ones((1, 2, 2, 3)), np.ones((2, 2, 3, 1)), np.ones((1, 1, 3, 1))
    >>> tf.separable_conv2d(x, depthwise, pointwise, 1, "VALID").item()
    12.0
    """
    function = "tf.separable_conv2d"
    _rank_of(function, input, 2)
    _check_filters(function, "depthwise_filter", depthwise_filter, 2, "(kh, kw, in, multiplier)")
    _check_filters(function, "pointwise_filter", pointwise_filter, 2, "(1, 1, in * multiplier, out)")
    _same_dtype(function, input, "pointwise_filter", pointwise_filter)
    middle = depthwise_filter.shape[2] * depthwise_filter.shape[3]
    if pointwise_filter.shape[:3] != (1, 1, middle):
        raise FastconvValueError(
            f"{function}: pointwise_filter must have shape (1, 1, {middle}, out) after depthwise_filter of shape "
            f"{depthwise_filter.shape}, got pointwise_filter of shape {pointwise_filter.shape}"
        )
    then = np.ascontiguousarray(pointwise_filter.transpose(3, 2, 0, 1))
    how = (strides, padding, data_format, dilations, num_threads, then)
    return _depthwise(function, input, "depthwise_filter", depthwise_filter, *how)


def _pool(
    name: str,
    kind: str,
    rank: int | None,
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    num_threads: int | None,
    with_batch: bool = False,
) -> Any:
    """Pool; of each number of axes if `rank` is None."""
    function = f"tf.{name}"
    rank = _rank_of(function, input, rank)
    last = _is_last(function, data_format, rank)
    ones = (1,) * (3 - rank)
    window = ones + _spatial(function, "ksize", ksize, rank, last)
    steps = ones + _spatial(function, "strides", strides, rank, last)
    pads = _padding(function, padding, rank, last, pairs=kind != "average")
    backend = backend_for(function, "input", input)
    return backend.padded_pool(function, rank, kind, input, (window, steps, pads, last), num_threads, with_batch)


def conv2d_transpose(
    input: Array,
    filters: Array,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str | None = "NHWC",
    dilations: Any = None,
    name: str | None = None,
    *,
    num_threads: int | None = None,
) -> Array:
    """Spread images with filters, as tf.nn.conv2d_transpose does: the gradient of `conv2d` with respect to its input.

    Parameters
    ----------
    input : ndarray of shape (n, h, w, in)
    filters : ndarray of shape (kh, kw, out, in)
        As `conv2d` has the filters of the layer from out to in channels that this transposes.
    output_shape : sequence of int
        (n, oh, ow, out) in the layout of data_format. Of an image of that size `conv2d` must make one of input's size.
    strides, padding, data_format, dilations
        Those of that `conv2d`; see the head of this module.

    Returns
    -------
    ndarray of shape output_shape

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Dumoulin & Visin, A guide to convolution arithmetic for deep learning, arXiv:1603.07285, 2016, section 4.

    Examples
    --------
    >>> import numpy as np, fastconv.tf as tf
    >>> x, filters = np.array([1.0, 2.0]).reshape(1, 1, 2, 1), np.ones((1, 3, 1, 1))
    >>> tf.conv2d_transpose(x, filters, (1, 1, 4, 1), [1, 2], "SAME").ravel().tolist()
    [1.0, 1.0, 3.0, 2.0]
    """
    function = "tf.conv2d_transpose"
    _rank_of(function, input, 2)
    _check_filters(function, "filters", filters, 2, "(kh, kw, out, in)")
    _same_dtype(function, input, "filters", filters)
    last = _is_last(function, data_format, 2)
    steps = _spatial(function, "strides", strides, 2, last)
    gaps = _spatial(function, "dilations", 1 if dilations is None else dilations, 2, last)
    shape = shape_of(function, "output_shape", output_shape, (4,), "of the result")
    channels, size = (input.shape[-1], input.shape[1:-1]) if last else (input.shape[1], input.shape[2:])
    made, large = (shape[-1], shape[1:-1]) if last else (shape[1], shape[2:])
    if filters.shape[3] != channels:
        raise FastconvValueError(
            f"{function}: filters must have the {channels} channels of input last, got filters of shape {filters.shape}"
        )
    if shape[0] != input.shape[0] or made != filters.shape[2]:
        raise FastconvValueError(
            f"{function}: output_shape must have the batch of input, {input.shape[0]}, and the channels of filters, "
            f"{filters.shape[2]}, got output_shape={show(output_shape)}"
        )
    spans = tuple((k - 1) * gap + 1 for k, gap in zip(filters.shape[:2], gaps, strict=True))
    sides = _padding(function, padding, 2, last)
    reach = ((1, *spans), (1, *large), (1, *steps))
    pads = padding_pairs(function, sides, 2, *reach)[1:]  # type: ignore[arg-type]
    further = [
        o - ((s - 1) * step - sum(pair) + span)
        for o, s, step, pair, span in zip(large, size, steps, pads, spans, strict=True)
    ]
    if any(not 0 <= more < step for more, step in zip(further, steps, strict=True)):
        raise FastconvValueError(
            f"{function}: output_shape must be one of which conv2d with these strides and this padding makes one of input's "
            f"size, got output_shape={show(output_shape)} for input of shape {input.shape}"
        )
    weight = np.ascontiguousarray(filters.transpose(3, 2, 0, 1))
    options = (steps, tuple(pads), tuple(further), 1, gaps, None, FORMATS[2][last], None, None)
    backend = backend_for(function, "input", input)
    return backend.conv_transpose(function, 2, input, weight, None, options, None, num_threads)


def max_pool1d(
    input: Array,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NWC",
    name: str | None = None,
    *,
    num_threads: int | None = None,
) -> Array:
    """Take the maximum of each window of sequences, as tf.nn.max_pool1d does.

    Parameters
    ----------
    input : ndarray of shape (n, w, c)
    ksize, strides, padding, data_format
        See the head of this module; data_format is "NWC" or "NCW".

    Returns
    -------
    ndarray of shape (n, ow, c)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv.tf as tf
    >>> tf.max_pool1d(np.arange(3.0).reshape((1, 3, 1)), 2, 2, "SAME").ravel().tolist()
    [1.0, 2.0]
    """
    result: Array = _pool("max_pool1d", "max", 1, input, ksize, strides, padding, data_format, num_threads)
    return result


def max_pool2d(
    input: Array,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NHWC",
    name: str | None = None,
    *,
    num_threads: int | None = None,
) -> Array:
    """Take the maximum of each window of images, as tf.nn.max_pool2d does.

    Parameters
    ----------
    input : ndarray of shape (n, h, w, c)
    ksize, strides, padding, data_format
        See the head of this module; data_format is "NHWC" or "NCHW".

    Returns
    -------
    ndarray of shape (n, oh, ow, c)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv.tf as tf
    >>> tf.max_pool2d(np.arange(3.0).reshape((1, 1, 3, 1)), [1, 2], 2, "SAME").ravel().tolist()
    [1.0, 2.0]
    """
    result: Array = _pool("max_pool2d", "max", 2, input, ksize, strides, padding, data_format, num_threads)
    return result


def max_pool3d(
    input: Array,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NDHWC",
    name: str | None = None,
    *,
    num_threads: int | None = None,
) -> Array:
    """Take the maximum of each window of volumes, as tf.nn.max_pool3d does.

    Parameters
    ----------
    input : ndarray of shape (n, d, h, w, c)
    ksize, strides, padding, data_format
        See the head of this module; data_format is "NDHWC" or "NCDHW".

    Returns
    -------
    ndarray of shape (n, od, oh, ow, c)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv.tf as tf
    >>> tf.max_pool3d(np.arange(3.0).reshape((1, 1, 1, 3, 1)), [1, 1, 2], [1, 1, 1, 2, 1], "SAME").ravel().tolist()
    [1.0, 2.0]
    """
    result: Array = _pool("max_pool3d", "max", 3, input, ksize, strides, padding, data_format, num_threads)
    return result


def max_pool(
    input: Array,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    name: str | None = None,
    *,
    num_threads: int | None = None,
) -> Array:
    """Take the maximum of each window of sequences, images or volumes, as tf.nn.max_pool does.

    Parameters
    ----------
    input : ndarray of shape (n, *spatial, c)
    ksize, strides, padding, data_format
        See the head of this module; data_format is that of as many axes as the input has.

    Returns
    -------
    ndarray of shape (n, *outputs, c)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv.tf as tf
    >>> tf.max_pool(np.arange(3.0).reshape((1, 1, 3, 1)), [1, 1, 2, 1], 2, "SAME").ravel().tolist()
    [1.0, 2.0]
    """
    result: Array = _pool("max_pool", "max", None, input, ksize, strides, padding, data_format, num_threads)
    return result


def avg_pool1d(
    input: Array,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NWC",
    name: str | None = None,
    *,
    num_threads: int | None = None,
) -> Array:
    """Take the average of each window of sequences, as tf.nn.avg_pool1d does.

    Parameters
    ----------
    input : ndarray of shape (n, w, c)
    ksize, strides, padding, data_format
        See the head of this module; data_format is "NWC" or "NCW".

    Returns
    -------
    ndarray of shape (n, ow, c)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv.tf as tf
    >>> tf.avg_pool1d(np.arange(3.0).reshape((1, 3, 1)), 2, 2, "SAME").ravel().tolist()
    [0.5, 2.0]
    """
    result: Array = _pool("avg_pool1d", "average", 1, input, ksize, strides, padding, data_format, num_threads)
    return result


def avg_pool2d(
    input: Array,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NHWC",
    name: str | None = None,
    *,
    num_threads: int | None = None,
) -> Array:
    """Take the average of each window of images, as tf.nn.avg_pool2d does.

    Parameters
    ----------
    input : ndarray of shape (n, h, w, c)
    ksize, strides, padding, data_format
        See the head of this module; data_format is "NHWC" or "NCHW".

    Returns
    -------
    ndarray of shape (n, oh, ow, c)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv.tf as tf
    >>> tf.avg_pool2d(np.arange(3.0).reshape((1, 1, 3, 1)), [1, 2], 2, "SAME").ravel().tolist()
    [0.5, 2.0]
    """
    result: Array = _pool("avg_pool2d", "average", 2, input, ksize, strides, padding, data_format, num_threads)
    return result


def avg_pool3d(
    input: Array,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NDHWC",
    name: str | None = None,
    *,
    num_threads: int | None = None,
) -> Array:
    """Take the average of each window of volumes, as tf.nn.avg_pool3d does.

    Parameters
    ----------
    input : ndarray of shape (n, d, h, w, c)
    ksize, strides, padding, data_format
        See the head of this module; data_format is "NDHWC" or "NCDHW".

    Returns
    -------
    ndarray of shape (n, od, oh, ow, c)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv.tf as tf
    >>> tf.avg_pool3d(np.arange(3.0).reshape((1, 1, 1, 3, 1)), [1, 1, 2], [1, 1, 1, 2, 1], "SAME").ravel().tolist()
    [0.5, 2.0]
    """
    result: Array = _pool("avg_pool3d", "average", 3, input, ksize, strides, padding, data_format, num_threads)
    return result


def avg_pool(
    input: Array,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    name: str | None = None,
    *,
    num_threads: int | None = None,
) -> Array:
    """Take the average of each window of sequences, images or volumes, as tf.nn.avg_pool does.

    Parameters
    ----------
    input : ndarray of shape (n, *spatial, c)
    ksize, strides, padding, data_format
        See the head of this module; data_format is that of as many axes as the input has.

    Returns
    -------
    ndarray of shape (n, *outputs, c)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv.tf as tf
    >>> tf.avg_pool(np.arange(3.0).reshape((1, 1, 3, 1)), [1, 1, 2, 1], 2, "SAME").ravel().tolist()
    [0.5, 2.0]
    """
    result: Array = _pool("avg_pool", "average", None, input, ksize, strides, padding, data_format, num_threads)
    return result


def max_pool_with_argmax(
    input: Array,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    output_dtype: Any = np.int64,
    include_batch_in_index: bool = False,
    name: str | None = None,
    *,
    num_threads: int | None = None,
) -> tuple[Array, Array]:
    """Take the maximum of each window of images and tell where it stood, as tf.nn.max_pool_with_argmax does.

    Ties go to the first element in row-major order, NaN to the first NaN.

    Parameters
    ----------
    input : ndarray of shape (n, h, w, c)
    ksize, strides, padding
        See the head of this module.
    data_format : {"NHWC"}, optional
    output_dtype : {numpy.int64, numpy.int32}, optional
        Of the places.
    include_batch_in_index : bool, optional
        Whether places are counted in the whole input instead of in each image.

    Returns
    -------
    output : ndarray of shape (n, oh, ow, c)
    argmax : ndarray of shape (n, oh, ow, c)
        (y * w + x) * c + channel, or ((b * h + y) * w + x) * c + channel with the batch.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv.tf as tf
    >>> x = np.array([[[[1.0, 5], [3, 2]]], [[[1, 0], [0, 1]]]])
    >>> y, where = tf.max_pool_with_argmax(x, [1, 2], 1, "VALID", include_batch_in_index=True)
    >>> y.ravel().tolist(), where.ravel().tolist()
    ([3.0, 5.0, 1.0, 1.0], [2, 1, 4, 7])
    """
    function = "tf.max_pool_with_argmax"
    one_of(function, "data_format", data_format, ("NHWC",))
    with_batch = flag(function, "include_batch_in_index", include_batch_in_index)
    _rank_of(function, input, 2)
    dtype = next((kind for kind in (np.int64, np.int32) if output_dtype in (kind, np.dtype(kind).name)), None)
    if dtype is None:
        raise FastconvTypeError(f"{function}: output_dtype must be int64 or int32, got output_dtype={show(output_dtype)}")
    if (input.size if with_batch else input[:1].size) > np.iinfo(dtype).max:
        raise FastconvValueError(
            f"{function}: output_dtype must hold every place of the input, got output_dtype={show(output_dtype)} for input "
            f"of shape {input.shape}"
        )
    how = (strides, padding, "NHWC", num_threads)
    y, where = _pool("max_pool_with_argmax", "argmax", 2, input, ksize, *how, with_batch=with_batch)
    return y, where.astype(dtype, copy=False)
