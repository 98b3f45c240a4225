# SPDX-License-Identifier: BSD-3-Clause
"""Images made larger and smaller."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ._defaults import Array


def interpolate(
    input: Array,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str | None = None,
) -> Array:
    """Make images, sequences or volumes larger or smaller.

    Parameters
    ----------
    input : ndarray of shape (n, c, w), (n, c, h, w) or (n, c, d, h, w)
    size : int or one an axis, optional
        Size of the output; this or scale_factor is given.
    scale_factor : float or one an axis, optional
        Output pixels for one of the input. It is used as it is, also where the output's size had to be rounded down.
    mode : str, optional
        "nearest" (as torch and others compute it, half a pixel early), "nearest-exact", "linear" (1 axis), "bilinear",
        "bicubic" (2), "trilinear" (3) or "area", the mean of the pixels an output meets.
    align_corners : bool, optional
        Linear and cubic: whether the centres of the first and last pixels coincide, instead of the outer edges. Default
        False.
    recompute_scale_factor : bool, optional
        Whether the scale is taken from the sizes instead of from scale_factor.
    antialias : bool, optional
        "bilinear" and "bicubic": whether smaller images are averaged over all the pixels an output stands for.
    data_format : str, optional
        "NWC", "NHWC" or "NDHWC" if the channels are last.

    Returns
    -------
    ndarray of shape (n, c, *size)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Keys, Cubic Convolution Interpolation for Digital Image Processing, IEEE ASSP 1981.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> x = np.array([[[0.0, 4.0]]])
    >>> F.interpolate(x, scale_factor=2, mode="linear").tolist()
    [[[0.0, 1.0, 3.0, 4.0]]]
    """
    options = (size, scale_factor, mode, align_corners, recompute_scale_factor, antialias)
    return backend_for("interpolate", "input", input).interpolate(
        "interpolate", input, options, out, num_threads, data_format
    )
