# SPDX-License-Identifier: BSD-3-Clause
"""Regions of interest."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ._defaults import Array


def roi_pool(
    input: Array,
    boxes: Any,
    output_size: Any,
    spatial_scale: float = 1.0,
    *,
    return_indices: bool = False,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str | None = None,
) -> Any:
    """Take the maximum of each bin of boxes in images, with torchvision's rounding.

    The corners of a box are rounded to pixels, both inside it; bins overlap where they do not divide it. Ties go to the
    first pixel in row-major order, NaN to the first NaN, as in `max_pool2d`. Corners count up to 2**30 pixels away.

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w)
    boxes : ndarray of shape (k, 5), or a list of n arrays of shape (l, 4)
        Image, x1, y1, x2, y2; in a list without the image. Bins outside of the image, and boxes with NaN, give 0.
    output_size : int or (int, int)
        Bins along each axis.
    spatial_scale : float, optional
        Pixels of the input for one of the boxes' units.
    return_indices : bool, optional
        Also return where in its plane each maximum stood, -1 in an empty bin.
    data_format : {"NCHW", "NHWC"}, optional
        Where input and output have their channels.

    Returns
    -------
    ndarray of shape (k, c, oh, ow), or that and int64 indices of the same shape

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Girshick, Fast R-CNN, ICCV 2015.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> F.roi_pool(x, [np.array([[0.0, 0.0, 2.0, 2.0]])], 1).tolist()
    [[[[10.0]]]]
    """
    backend = backend_for("roi_pool", "input", input)
    options = (output_size, spatial_scale)
    return backend.roi_pool("roi_pool", input, boxes, options, return_indices, out, num_threads, data_format)


def roi_align(
    input: Array,
    boxes: Any,
    output_size: Any,
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
    aligned: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str | None = None,
) -> Array:
    """Average bilinear samples of each bin of boxes in images, as torchvision does.

    Samples more than a pixel outside count as zero; those nearer are taken at the edge.

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w)
    boxes : ndarray of shape (k, 5), or a list of n arrays of shape (l, 4)
        As in `roi_pool`; boxes with NaN or infinite corners give 0.
    output_size : int or (int, int)
        Bins along each axis.
    spatial_scale : float, optional
        Pixels of the input for one of the boxes' units.
    sampling_ratio : int, optional
        Samples of a bin along each axis; if not positive, as many as it has pixels.
    aligned : bool, optional
        Whether corners are shifted by half a pixel, to where pixels are; without it boxes are at least one pixel large.
    data_format : {"NCHW", "NHWC"}, optional
        Where input and output have their channels.

    Returns
    -------
    ndarray of shape (k, c, oh, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    He et al., Mask R-CNN, ICCV 2017.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> F.roi_align(x, np.array([[0.0, 0.0, 0.0, 2.0, 2.0]]), 1, sampling_ratio=2).tolist()
    [[[[5.0]]]]
    """
    backend = backend_for("roi_align", "input", input)
    options = (output_size, spatial_scale, sampling_ratio, aligned)
    return backend.roi_align("roi_align", input, boxes, options, out, num_threads, data_format)
