# SPDX-License-Identifier: BSD-3-Clause
"""Padding."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ._defaults import Array


def pad(
    input: Array,
    pad: Any,
    mode: str = "constant",
    value: float | None = None,
    *,
    out: Array | None = None,
    num_threads: int | None = None,
    data_format: str | None = None,
) -> Array:
    """Put borders around an array; negative ones crop.

    Convolutions need no padded copy: they take the same borders as `padding_mode`.

    Parameters
    ----------
    input : ndarray of any shape
        Also of whole numbers or truth values, which NumPy copies.
    pad : sequence of int
        The front and the back of the last axis, then of the one before it, and so on.
    mode : str, optional
        "constant" for any number of axes; "reflect", "replicate", "circular" or "symmetric" for up to three. Also the words
        of `fastconv.border_mode`, as "numpy:edge". Borders may be wider than the array: each goes on for ever. Cropping
        comes before a circular border and after the others, as in torch.
    value : float, optional
        What a constant border holds; default 0.
    data_format : str, optional
        "NHWC", "NWC" or "NDHWC": the last axis holds channels, and `pad` begins with the one before it.

    Returns
    -------
    ndarray of the dtype of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Goodfellow, Bengio & Courville, Deep Learning, 2016, section 9.5 (padding).

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.pad(np.array([[1.0, 2.0, 3.0]]), (2, 1), "reflect").tolist()
    [[3.0, 2.0, 1.0, 2.0, 3.0, 2.0]]
    """
    return backend_for("pad", "input", input).pad("pad", input, pad, mode, value, out, num_threads, data_format)
