# SPDX-License-Identifier: BSD-3-Clause
"""Switches: where the maxima of a max pooling stood, in this package's two forms and in other libraries'.

Both forms have the shape of the pooled array, in NCHW and in NHWC alike. The element that counts is the first of equal ones
in row-major order, or the first NaN; a window of -inf has its first element inside the input.

flat
    int64: the element's place in its flattened plane, y * w + x. What `max_pool2d(..., return_indices=True)` gives, and
    torch: its indices are flat switches as they are, so `from_torch` and `to_torch` only check them.
compact
    uint8: which element of the window it is, in row-major order of the window's axes, (j * kh + k) * kw + l, counted
    as if the window lay inside the input. What `switches="compact"` gives; an eighth of the memory, for windows of at
    most 256 elements. Only together with kernel_size, stride, padding and dilation they say a place.

TensorFlow's argmax counts (y * w + x) * channels + channel in an image, or in the whole batch. ONNX's Indices count over the
whole (n, c, ...) tensor; storage_order=1 numbers the places of each plane with the first spatial axis fastest.

Every function checks what it gets; an index that says no place is refused with its position.
"""

from __future__ import annotations

from typing import Any

from .backends import backend_for
from .functional._defaults import Array

__all__ = [
    "from_onnx",
    "from_tensorflow",
    "from_torch",
    "to_compact",
    "to_flat",
    "to_onnx",
    "to_tensorflow",
    "to_torch",
]


def to_compact(
    indices: Array,
    input_size: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    *,
    data_format: str = "NCHW",
) -> Array:
    """Turn flat switches into compact ones.

    Parameters
    ----------
    indices : int64 ndarray of the shape of the pooled array
    input_size : sequence of int
        Shape of the pooling's input, with or without a batch.
    kernel_size, stride, padding, dilation, ceil_mode : optional
        Those of the pooling.
    data_format : str, optional
        "NCHW" or "NHWC" for images, "NCW" or "NWC" for sequences, "NCDHW" or "NDHWC" for volumes: the layout of
        input_size and of the indices.

    Returns
    -------
    uint8 ndarray of the shape of indices

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.switches.to_compact(np.array([[[5, 3]]]), (1, 2, 4), 2).tolist()
    [[[3, 1]]]
    """
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    backend = backend_for("switches.to_compact", "indices", indices)
    return backend.to_compact("switches.to_compact", indices, input_size, options, data_format)


def to_flat(
    indices: Array,
    input_size: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    *,
    data_format: str = "NCHW",
) -> Array:
    """Turn compact switches into flat ones.

    Parameters
    ----------
    indices : uint8 ndarray of the shape of the pooled array
    input_size : sequence of int
        Shape of the pooling's input, with or without a batch.
    kernel_size, stride, padding, dilation, ceil_mode : optional
        Those of the pooling.
    data_format : str, optional
        "NCHW" or "NHWC" for images, "NCW" or "NWC" for sequences, "NCDHW" or "NDHWC" for volumes: the layout of
        input_size and of the indices.

    Returns
    -------
    int64 ndarray of the shape of indices

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.switches.to_flat(np.array([[[3, 1]]], np.uint8), (1, 2, 4), 2).tolist()
    [[[5, 3]]]
    """
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    backend = backend_for("switches.to_flat", "indices", indices)
    return backend.to_flat("switches.to_flat", indices, input_size, options, data_format)


def to_torch(indices: Array, input_size: Any, *, data_format: str = "NCHW") -> Array:
    """Check flat switches, which are torch's indices, and return them as they are.

    Parameters
    ----------
    indices : int64 ndarray of the shape of the pooled array
    input_size : sequence of int
        Shape of the pooling's input, with or without a batch.
    data_format : str, optional
        "NCHW" or "NHWC" for images, "NCW" or "NWC" for sequences, "NCDHW" or "NDHWC" for volumes: the layout of
        input_size and of the indices.

    Returns
    -------
    indices itself

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.switches.to_torch(np.array([[[5, 3]]]), (1, 2, 4)).tolist()
    [[[5, 3]]]
    """
    backend = backend_for("switches.to_torch", "indices", indices)
    return backend.flat_switches("switches.to_torch", indices, input_size, data_format)


def from_torch(indices: Array, input_size: Any, *, data_format: str = "NCHW") -> Array:
    """Check torch's indices, which are flat switches, and return them as they are.

    Parameters
    ----------
    indices : int64 ndarray of the shape of the pooled array
    input_size : sequence of int
        Shape of the pooling's input, with or without a batch.
    data_format : str, optional
        "NCHW" or "NHWC" for images, "NCW" or "NWC" for sequences, "NCDHW" or "NDHWC" for volumes: the layout of
        input_size and of the indices.

    Returns
    -------
    indices itself

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.switches.from_torch(np.array([[[5, 3]]]), (1, 2, 4)).tolist()
    [[[5, 3]]]
    """
    backend = backend_for("switches.from_torch", "indices", indices)
    return backend.flat_switches("switches.from_torch", indices, input_size, data_format)


def to_tensorflow(
    indices: Array, input_size: Any, *, include_batch_in_index: bool = False, data_format: str = "NHWC"
) -> Array:
    """Turn flat switches into the argmax of tf.nn.max_pool_with_argmax.

    Parameters
    ----------
    indices : int64 ndarray of the shape of the pooled array
    input_size : sequence of int
        Shape of the pooling's input, with or without a batch.
    include_batch_in_index : bool, optional
        Whether the argmax counts in the whole batch; otherwise in each image.
    data_format : str, optional
        "NCHW" or "NHWC" for images, "NCW" or "NWC" for sequences, "NCDHW" or "NDHWC" for volumes: the layout of
        input_size and of the indices.

    Returns
    -------
    int64 ndarray of the shape of indices

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    tf.nn.max_pool_with_argmax, TensorFlow API documentation.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> flat = np.array([[[[3, 2]]], [[[0, 1]]]])
    >>> fc.switches.to_tensorflow(flat, (2, 2, 2, 2), include_batch_in_index=True).ravel().tolist()
    [6, 5, 8, 11]
    """
    backend = backend_for("switches.to_tensorflow", "indices", indices)
    return backend.to_tensorflow("switches.to_tensorflow", indices, input_size, include_batch_in_index, data_format)


def from_tensorflow(
    indices: Array, input_size: Any, *, include_batch_in_index: bool = False, data_format: str = "NHWC"
) -> Array:
    """Turn the argmax of tf.nn.max_pool_with_argmax into flat switches.

    Parameters
    ----------
    indices : int64 or int32 ndarray of the shape of the pooled array
    input_size : sequence of int
        Shape of the pooling's input, with or without a batch.
    include_batch_in_index : bool, optional
        Whether the argmax counts in the whole batch; otherwise in each image.
    data_format : str, optional
        "NCHW" or "NHWC" for images, "NCW" or "NWC" for sequences, "NCDHW" or "NDHWC" for volumes: the layout of
        input_size and of the indices.

    Returns
    -------
    int64 ndarray of the shape of indices

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    tf.nn.max_pool_with_argmax, TensorFlow API documentation.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> argmax = np.array([[[[6, 5]]], [[[8, 11]]]])
    >>> fc.switches.from_tensorflow(argmax, (2, 2, 2, 2), include_batch_in_index=True).ravel().tolist()
    [3, 2, 0, 1]
    """
    backend = backend_for("switches.from_tensorflow", "indices", indices)
    return backend.from_tensorflow("switches.from_tensorflow", indices, input_size, include_batch_in_index, data_format)


def to_onnx(indices: Array, input_size: Any, *, storage_order: int = 0, data_format: str = "NCHW") -> Array:
    """Turn flat switches into the Indices of ONNX's MaxPool.

    Parameters
    ----------
    indices : int64 ndarray of the shape of the pooled array
    input_size : sequence of int
        Shape of the pooling's input, with or without a batch.
    storage_order : {0, 1}, optional
        0: rows of a plane one after the other; 1: columns.
    data_format : str, optional
        "NCHW" or "NHWC" for images, "NCW" or "NWC" for sequences, "NCDHW" or "NDHWC" for volumes: the layout of
        input_size and of the indices.

    Returns
    -------
    int64 ndarray of the shape of indices

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    MaxPool, ONNX operators, version 12: output Indices, attribute storage_order.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.switches.to_onnx(np.array([[[[3]], [[1]]]]), (1, 2, 2, 3)).ravel().tolist()
    [3, 7]
    >>> fc.switches.to_onnx(np.array([[[[3]], [[1]]]]), (1, 2, 2, 3), storage_order=1).ravel().tolist()
    [1, 8]
    """
    backend = backend_for("switches.to_onnx", "indices", indices)
    return backend.to_onnx("switches.to_onnx", indices, input_size, storage_order, data_format)


def from_onnx(indices: Array, input_size: Any, *, storage_order: int = 0, data_format: str = "NCHW") -> Array:
    """Turn the Indices of ONNX's MaxPool into flat switches.

    Parameters
    ----------
    indices : int64 ndarray of the shape of the pooled array
    input_size : sequence of int
        Shape of the pooling's input, with or without a batch.
    storage_order : {0, 1}, optional
        0: rows of a plane one after the other; 1: columns.
    data_format : str, optional
        "NCHW" or "NHWC" for images, "NCW" or "NWC" for sequences, "NCDHW" or "NDHWC" for volumes: the layout of
        input_size and of the indices.

    Returns
    -------
    int64 ndarray of the shape of indices

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    MaxPool, ONNX operators, version 12: output Indices, attribute storage_order.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.switches.from_onnx(np.array([[[[1]], [[8]]]]), (1, 2, 2, 3), storage_order=1).ravel().tolist()
    [3, 1]
    """
    backend = backend_for("switches.from_onnx", "indices", indices)
    return backend.from_onnx("switches.from_onnx", indices, input_size, storage_order, data_format)
