# SPDX-License-Identifier: BSD-3-Clause
"""Images sampled where a grid says."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ._defaults import Array


def grid_sample(
    input: Array,
    grid: Array,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str | None = None,
) -> Array:
    """Sample images or volumes where a grid says: the sampler of Spatial Transformer Networks.

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w) or (n, c, d, h, w)
        Planes have fewer than 2**31 pixels, in float32 axes at most 2**24.
    grid : ndarray of shape (n, oh, ow, 2) or (n, od, oh, ow, 3)
        Where each output looks: x, y (and z), from -1, the left, upper or front edge, to 1. Anything is allowed. Outside
        counts what padding_mode says. NaN is the lowest edge with "border" and "reflection"; with "zeros", and in "bicubic",
        NaN and infinite coordinates of images give NaN, and 0 in volumes and with "nearest": all as in torch.
    mode : {"bilinear", "nearest", "bicubic"}, optional
        In volumes "bilinear" is trilinear; "bicubic" is for images. Halves are rounded to the even pixel.
    padding_mode : {"zeros", "border", "reflection"}, optional
        Outside: zeros, the nearest pixel, or the image thrown back at its edges.
    align_corners : bool, optional
        Whether -1 and 1 are the centres of the outermost pixels instead of their outer edges; reflections turn there too.
        Default False.
    data_format : str, optional
        "NHWC" or "NDHWC" if the channels are last.

    Returns
    -------
    ndarray of shape (n, c, oh, ow) or (n, c, od, oh, ow)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Jaderberg et al., Spatial Transformer Networks, NIPS 2015.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> F.grid_sample(x, np.array([[[[0.0, 0.0], [1.0, 1.0]]]]), align_corners=True).tolist()
    [[[[2.5, 4.0]]]]
    """
    options = (mode, padding_mode, align_corners)
    backend = backend_for("grid_sample", "input", input)
    return backend.grid_sample("grid_sample", input, grid, options, out, num_threads, data_format)


def affine_grid(
    theta: Array,
    size: Any,
    align_corners: bool | None = None,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Return the grid with which `grid_sample` applies affine transformations.

    Parameters
    ----------
    theta : ndarray of shape (n, 2, 3) or (n, 3, 4)
        What takes each output's coordinates, and 1, to where it looks.
    size : sequence of int
        Shape of the output images, (n, c, h, w) or (n, c, d, h, w).
    align_corners : bool, optional
        As in `grid_sample`.

    Returns
    -------
    ndarray of shape (n, h, w, 2) or (n, d, h, w, 3)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Jaderberg et al., Spatial Transformer Networks, NIPS 2015.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> mirror = np.array([[[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    >>> F.affine_grid(mirror, (1, 1, 1, 2), align_corners=True).tolist()
    [[[[1.0, 0.0], [-1.0, 0.0]]]]
    """
    return backend_for("affine_grid", "theta", theta).affine_grid(
        "affine_grid", theta, size, align_corners, out, num_threads
    )
