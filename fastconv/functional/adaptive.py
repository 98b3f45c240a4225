# SPDX-License-Identifier: BSD-3-Clause
"""Adaptive and global pooling: planes shared out among so many outputs."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ._defaults import NCDHW, NCHW, NCW, Array


def adaptive_avg_pool1d(
    input: Array,
    output_size: Any,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Take the mean of each box of a plane shared out in boxes; see `adaptive_avg_pool2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, w) or (c, w)
    output_size : int or None, or one an axis
        None keeps an axis as it is.
    data_format : {"NCW", "NWC"}, optional
        Where input and output have their channels.

    Returns
    -------
    ndarray of shape (n, c, ow) or (c, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    He, Zhang, Ren & Sun, Spatial Pyramid Pooling in Deep Convolutional Networks for Visual Recognition, ECCV 2014.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[1.0, 3.0, 2.0, 4.0]]], np.float32)
    >>> F.adaptive_avg_pool1d(x, 3).tolist()
    [[[2.0, 2.5, 3.0]]]
    """
    backend = backend_for("adaptive_avg_pool1d", "input", input)
    layout = None if data_format is NCW else data_format
    options = (output_size, False, out, num_threads, layout)
    result: Array = backend.adaptive_pool("adaptive_avg_pool1d", 1, "mean", input, *options)
    return result


def adaptive_avg_pool2d(
    input: Array,
    output_size: Any,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Take the mean of each box of a plane shared out in boxes.

    Output o of an axis of size n with k outputs reads elements floor(o * n / k) to ceil((o + 1) * n / k) - 1.
    Sums run in an order that the shapes alone decide; n elements are summed with at most n roundings.

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w) or (c, h, w)
    output_size : int or None, or one an axis
        None keeps an axis as it is.
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
    He, Zhang, Ren & Sun, Spatial Pyramid Pooling in Deep Convolutional Networks for Visual Recognition, ECCV 2014.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    >>> F.adaptive_avg_pool2d(x, (2, 1)).tolist()
    [[[[3.5], [11.5]]]]
    """
    backend = backend_for("adaptive_avg_pool2d", "input", input)
    layout = None if data_format is NCHW else data_format
    options = (output_size, False, out, num_threads, layout)
    result: Array = backend.adaptive_pool("adaptive_avg_pool2d", 2, "mean", input, *options)
    return result


def adaptive_avg_pool3d(
    input: Array,
    output_size: Any,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Take the mean of each box of a plane shared out in boxes; see `adaptive_avg_pool2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, d, h, w) or (c, d, h, w)
    output_size : int or None, or one an axis
        None keeps an axis as it is.
    data_format : {"NCDHW", "NDHWC"}, optional
        Where input and output have their channels.

    Returns
    -------
    ndarray of shape (n, c, od, oh, ow) or (c, od, oh, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    He, Zhang, Ren & Sun, Spatial Pyramid Pooling in Deep Convolutional Networks for Visual Recognition, ECCV 2014.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(8, dtype=np.float32).reshape(1, 1, 2, 2, 2)
    >>> F.adaptive_avg_pool3d(x, (2, 1, None)).tolist()
    [[[[[1.0, 2.0]], [[5.0, 6.0]]]]]
    """
    backend = backend_for("adaptive_avg_pool3d", "input", input)
    layout = None if data_format is NCDHW else data_format
    options = (output_size, False, out, num_threads, layout)
    result: Array = backend.adaptive_pool("adaptive_avg_pool3d", 3, "mean", input, *options)
    return result


def adaptive_max_pool1d(
    input: Array,
    output_size: Any,
    return_indices: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Any:
    """Take the maximum of each box of a plane shared out in boxes; see `adaptive_max_pool2d`, of which this is the 1-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, w) or (c, w)
    output_size : int or None, or one an axis
        None keeps an axis as it is.
    return_indices : bool, optional
        Also return the switches: int64 positions of the maxima in their flattened planes.
    data_format : {"NCW", "NWC"}, optional
        Where input and output have their channels; switches count within a plane in both.

    Returns
    -------
    ndarray of shape (n, c, ow) or (c, ow), or that and the switches, of the same shape

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    He, Zhang, Ren & Sun, Spatial Pyramid Pooling in Deep Convolutional Networks for Visual Recognition, ECCV 2014.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[1.0, 3.0, 2.0, 4.0]]], np.float32)
    >>> y, switches = F.adaptive_max_pool1d(x, 2, return_indices=True)
    >>> y.tolist(), switches.tolist()
    ([[[3.0, 4.0]]], [[[1, 3]]])
    """
    backend = backend_for("adaptive_max_pool1d", "input", input)
    layout = None if data_format is NCW else data_format
    return backend.adaptive_pool(
        "adaptive_max_pool1d", 1, "max", input, output_size, return_indices, out, num_threads, layout
    )


def adaptive_max_pool2d(
    input: Array,
    output_size: Any,
    return_indices: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Any:
    """Take the maximum of each box of a plane shared out in boxes.

    Output o of an axis of size n with k outputs reads elements floor(o * n / k) to ceil((o + 1) * n / k) - 1.
    Ties go to the first element in row-major order, NaN to the first NaN, and a box of -inf points to its first element.
    (Of several NaNs torch's adaptive pooling takes the last, unlike its pooling with windows.)

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w) or (c, h, w)
    output_size : int or None, or one an axis
        None keeps an axis as it is.
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
    He, Zhang, Ren & Sun, Spatial Pyramid Pooling in Deep Convolutional Networks for Visual Recognition, ECCV 2014.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    >>> y, switches = F.adaptive_max_pool2d(x, (2, 1), return_indices=True)
    >>> y.tolist(), switches.tolist()
    ([[[[7.0], [15.0]]]], [[[[7], [15]]]])
    """
    backend = backend_for("adaptive_max_pool2d", "input", input)
    layout = None if data_format is NCHW else data_format
    return backend.adaptive_pool(
        "adaptive_max_pool2d", 2, "max", input, output_size, return_indices, out, num_threads, layout
    )


def adaptive_max_pool3d(
    input: Array,
    output_size: Any,
    return_indices: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Any:
    """Take the maximum of each box of a plane shared out in boxes; see `adaptive_max_pool2d`, of which this is the 3-D form.

    Parameters
    ----------
    input : ndarray of shape (n, c, d, h, w) or (c, d, h, w)
    output_size : int or None, or one an axis
        None keeps an axis as it is.
    return_indices : bool, optional
        Also return the switches: int64 positions of the maxima in their flattened planes.
    data_format : {"NCDHW", "NDHWC"}, optional
        Where input and output have their channels; switches count within a plane in both.

    Returns
    -------
    ndarray of shape (n, c, od, oh, ow) or (c, od, oh, ow), or that and the switches, of the same shape

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    He, Zhang, Ren & Sun, Spatial Pyramid Pooling in Deep Convolutional Networks for Visual Recognition, ECCV 2014.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(8, dtype=np.float32).reshape(1, 1, 2, 2, 2)
    >>> y, switches = F.adaptive_max_pool3d(x, 1, return_indices=True)
    >>> y.tolist(), switches.tolist()
    ([[[[[7.0]]]]], [[[[[7]]]]])
    """
    backend = backend_for("adaptive_max_pool3d", "input", input)
    layout = None if data_format is NCDHW else data_format
    return backend.adaptive_pool(
        "adaptive_max_pool3d", 3, "max", input, output_size, return_indices, out, num_threads, layout
    )


def global_avg_pool1d(
    input: Array,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Array:
    """Take the mean of each whole plane, leaving one output: `adaptive_avg_pool1d` with output_size=1.

    Parameters
    ----------
    input : ndarray of shape (n, c, w) or (c, w)
    data_format : {"NCW", "NWC"}, optional
        Where input and output have their channels.

    Returns
    -------
    ndarray of shape (n, c, 1) or (c, 1)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Lin, Chen & Yan, Network In Network, ICLR 2014, section 3.2.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[1.0, 3.0, 2.0, 4.0]]], np.float32)
    >>> F.global_avg_pool1d(x).item()
    2.5
    """
    backend = backend_for("global_avg_pool1d", "input", input)
    layout = None if data_format is NCW else data_format
    result: Array = backend.adaptive_pool("global_avg_pool1d", 1, "mean", input, 1, False, out, num_threads, layout)
    return result


def global_avg_pool2d(
    input: Array,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Array:
    """Take the mean of each whole plane, leaving one output: `adaptive_avg_pool2d` with output_size=1.

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w) or (c, h, w)
    data_format : {"NCHW", "NHWC"}, optional
        Where input and output have their channels.

    Returns
    -------
    ndarray of shape (n, c, 1, 1) or (c, 1, 1)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Lin, Chen & Yan, Network In Network, ICLR 2014, section 3.2.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    >>> F.global_avg_pool2d(x).item()
    7.5
    """
    backend = backend_for("global_avg_pool2d", "input", input)
    layout = None if data_format is NCHW else data_format
    result: Array = backend.adaptive_pool("global_avg_pool2d", 2, "mean", input, 1, False, out, num_threads, layout)
    return result


def global_avg_pool3d(
    input: Array,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """Take the mean of each whole plane, leaving one output: `adaptive_avg_pool3d` with output_size=1.

    Parameters
    ----------
    input : ndarray of shape (n, c, d, h, w) or (c, d, h, w)
    data_format : {"NCDHW", "NDHWC"}, optional
        Where input and output have their channels.

    Returns
    -------
    ndarray of shape (n, c, 1, 1, 1) or (c, 1, 1, 1)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Lin, Chen & Yan, Network In Network, ICLR 2014, section 3.2.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(8, dtype=np.float32).reshape(1, 1, 2, 2, 2)
    >>> F.global_avg_pool3d(x).item()
    3.5
    """
    backend = backend_for("global_avg_pool3d", "input", input)
    layout = None if data_format is NCDHW else data_format
    result: Array = backend.adaptive_pool("global_avg_pool3d", 3, "mean", input, 1, False, out, num_threads, layout)
    return result


def global_max_pool1d(
    input: Array,
    return_indices: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCW",
) -> Any:
    """Take the maximum of each whole plane, leaving one output: `adaptive_max_pool1d` with output_size=1.

    Parameters
    ----------
    input : ndarray of shape (n, c, w) or (c, w)
    return_indices : bool, optional
        Also return the switches: int64 positions of the maxima in their flattened planes.
    data_format : {"NCW", "NWC"}, optional
        Where input and output have their channels.

    Returns
    -------
    ndarray of shape (n, c, 1) or (c, 1), or that and the switches, of the same shape

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Lin, Chen & Yan, Network In Network, ICLR 2014, section 3.2.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[1.0, 3.0, 2.0, 4.0]]], np.float32)
    >>> F.global_max_pool1d(x).item()
    4.0
    """
    backend = backend_for("global_max_pool1d", "input", input)
    layout = None if data_format is NCW else data_format
    return backend.adaptive_pool("global_max_pool1d", 1, "max", input, 1, return_indices, out, num_threads, layout)


def global_max_pool2d(
    input: Array,
    return_indices: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCHW",
) -> Any:
    """Take the maximum of each whole plane, leaving one output: `adaptive_max_pool2d` with output_size=1.

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w) or (c, h, w)
    return_indices : bool, optional
        Also return the switches: int64 positions of the maxima in their flattened planes.
    data_format : {"NCHW", "NHWC"}, optional
        Where input and output have their channels.

    Returns
    -------
    ndarray of shape (n, c, 1, 1) or (c, 1, 1), or that and the switches, of the same shape

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Lin, Chen & Yan, Network In Network, ICLR 2014, section 3.2.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    >>> F.global_max_pool2d(x).item()
    15.0
    """
    backend = backend_for("global_max_pool2d", "input", input)
    layout = None if data_format is NCHW else data_format
    return backend.adaptive_pool("global_max_pool2d", 2, "max", input, 1, return_indices, out, num_threads, layout)


def global_max_pool3d(
    input: Array,
    return_indices: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str = "NCDHW",
) -> Any:
    """Take the maximum of each whole plane, leaving one output: `adaptive_max_pool3d` with output_size=1.

    Parameters
    ----------
    input : ndarray of shape (n, c, d, h, w) or (c, d, h, w)
    return_indices : bool, optional
        Also return the switches: int64 positions of the maxima in their flattened planes.
    data_format : {"NCDHW", "NDHWC"}, optional
        Where input and output have their channels.

    Returns
    -------
    ndarray of shape (n, c, 1, 1, 1) or (c, 1, 1, 1), or that and the switches, of the same shape

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Lin, Chen & Yan, Network In Network, ICLR 2014, section 3.2.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(8, dtype=np.float32).reshape(1, 1, 2, 2, 2)
    >>> F.global_max_pool3d(x).item()
    7.0
    """
    backend = backend_for("global_max_pool3d", "input", input)
    layout = None if data_format is NCDHW else data_format
    return backend.adaptive_pool("global_max_pool3d", 3, "max", input, 1, return_indices, out, num_threads, layout)
