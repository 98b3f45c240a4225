# SPDX-License-Identifier: BSD-3-Clause
"""Patches, and pixels to channels and back."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ._defaults import Array


def unfold(
    input: Array,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Write the patches of images as columns.

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w) or (c, h, w)
        Or, with a kernel_size of one or three numbers, sequences or volumes.
    kernel_size, dilation, padding, stride : int or one an axis

    Returns
    -------
    ndarray of shape (n, c * taps, patches) or (c * taps, patches)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Chellapilla, Puri & Simard, High Performance Convolutional Neural Networks for Document Processing, IWFHR 2006.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.arange(6.0).reshape(1, 1, 2, 3)
    >>> F.unfold(x, 2).tolist()
    [[[0.0, 1.0], [1.0, 2.0], [3.0, 4.0], [4.0, 5.0]]]
    """
    options = (kernel_size, dilation, padding, stride)
    return backend_for("unfold", "input", input).unfold("unfold", input, options, out, num_threads)


def fold(
    input: Array,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Add columns of patches up to images; the adjoint of `unfold`.

    Parameters
    ----------
    input : ndarray of shape (n, c * taps, patches) or (c * taps, patches)
    output_size : int or one an axis
        Size of the images; one or three numbers mean sequences or volumes.
    kernel_size, dilation, padding, stride : int or one an axis
        Those of the unfold. Where patches overlap their values add up, in the order of the taps.

    Returns
    -------
    ndarray of shape (n, c, h, w) or (c, h, w)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Chellapilla, Puri & Simard, High Performance Convolutional Neural Networks for Document Processing, IWFHR 2006.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.fold(np.ones((1, 4, 2)), (2, 3), 2).tolist()
    [[[[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]]]]
    """
    options = (kernel_size, dilation, padding, stride)
    return backend_for("fold", "input", input).fold("fold", input, output_size, options, out, num_threads)


def pixel_shuffle(input: Array, upscale_factor: int, *, out: Array | None = None, num_threads: int | None = None) -> Array:
    """Spread each r * r channels over blocks of r x r pixels.

    Parameters
    ----------
    input : ndarray of shape (..., c * r * r, h, w)
    upscale_factor : int
        The r.

    Returns
    -------
    ndarray of shape (..., c, h * r, w * r)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel CNN, CVPR 2016.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.pixel_shuffle(np.arange(4.0).reshape(4, 1, 1), 2).tolist()
    [[[0.0, 1.0], [2.0, 3.0]]]
    """
    backend = backend_for("pixel_shuffle", "input", input)
    return backend.pixel_shuffle("pixel_shuffle", input, upscale_factor, out, num_threads)


def pixel_unshuffle(
    input: Array, downscale_factor: int, *, out: Array | None = None, num_threads: int | None = None
) -> Array:
    """Put the pixels of blocks of r x r into channels of their own; undoes `pixel_shuffle`, and is its gradient.

    Parameters
    ----------
    input : ndarray of shape (..., c, h * r, w * r)
    downscale_factor : int
        The r.

    Returns
    -------
    ndarray of shape (..., c * r * r, h, w)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel CNN, CVPR 2016.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.pixel_unshuffle(np.array([[[0.0, 1.0], [2.0, 3.0]]]), 2).ravel().tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    backend = backend_for("pixel_unshuffle", "input", input)
    return backend.pixel_unshuffle("pixel_unshuffle", input, downscale_factor, out, num_threads)
