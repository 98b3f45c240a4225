# SPDX-License-Identifier: BSD-3-Clause
"""Dropout, from a generator of counters: what is drawn depends on seed, counter and position alone.

Threefry-4x32 with 20 rounds gives the number of an element from (seed, counter) and its position in row-major order of the
array as given; with data_format="NHWC" or the like, of its transpose with the channels second, so that both layouts
drop the same. No thread count, instruction set or element type changes it, and a gradient draws the same again."""

from __future__ import annotations

from ..backends import backend_for
from ._defaults import Array


def dropout(
    input: Array,
    p: float = 0.5,
    training: bool = True,
    *,
    seed: int | None = None,
    counter: int = 0,
    data_format: str | None = None,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Set elements to zero with probability p, and divide the others by 1 - p.

    Parameters
    ----------
    input : ndarray of any shape
    p : float, optional
        The probability to drop, in [0, 1].
    training : bool, optional
        False: the input itself.
    seed : int, optional
        In [0, 2**64); default: one from the operating system, which nobody knows afterwards.
    counter : int, optional
        Which of a seed's draws, in [0, 2**64).
    data_format : str, optional
        "NHWC" and the like: the channels come last; by default they come second.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, JMLR 15, 2014;
    Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, SC'11.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.dropout(np.ones(6), 0.5, seed=1).tolist()
    [2.0, 0.0, 0.0, 0.0, 0.0, 2.0]
    """
    backend = backend_for("dropout", "input", input)
    how = (p, training, (seed, counter), data_format, out, num_threads)
    return backend.dropout("dropout", "dropout", "input", input, *how)


def alpha_dropout(
    input: Array,
    p: float = 0.5,
    training: bool = False,
    *,
    seed: int | None = None,
    counter: int = 0,
    data_format: str | None = None,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Set elements to what selu tends to below, with probability p, and scale all so that mean and variance stay.

    Parameters
    ----------
    input : ndarray of any shape
    p : float, optional
        The probability to drop, in [0, 1].
    training : bool, optional
        False: the input itself.
    seed : int, optional
        In [0, 2**64); default: one from the operating system, which nobody knows afterwards.
    counter : int, optional
        Which of a seed's draws, in [0, 2**64).
    data_format : str, optional
        "NHWC" and the like: the channels come last; by default they come second.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Klambauer et al., Self-Normalizing Neural Networks, NIPS 2017.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.alpha_dropout(np.zeros(4), 0.5, True, seed=1).round(4).tolist()
    [0.7792, -0.7792, -0.7792, -0.7792]
    """
    backend = backend_for("alpha_dropout", "input", input)
    how = (p, training, (seed, counter), data_format, out, num_threads)
    return backend.dropout("alpha_dropout", "alpha", "input", input, *how)


def dropout1d(
    input: Array,
    p: float = 0.5,
    training: bool = True,
    *,
    seed: int | None = None,
    counter: int = 0,
    data_format: str | None = None,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Set whole channels to zero with probability p, and divide the others by 1 - p.

    Parameters
    ----------
    input : ndarray of shape (n, c, w) or any (n, c, *spatial)
    p : float, optional
        The probability to drop, in [0, 1].
    training : bool, optional
        False: the input itself.
    seed : int, optional
        In [0, 2**64); default: one from the operating system, which nobody knows afterwards.
    counter : int, optional
        Which of a seed's draws, in [0, 2**64).
    data_format : str, optional
        "NHWC" and the like: the channels come last; by default they come second.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Tompson et al., Efficient Object Localization Using Convolutional Networks, CVPR 2015.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.dropout1d(np.ones((1, 4, 1)), 0.5, seed=2).ravel().tolist()
    [0.0, 0.0, 0.0, 2.0]
    """
    backend = backend_for("dropout1d", "input", input)
    how = (p, training, (seed, counter), data_format, out, num_threads)
    return backend.dropout("dropout1d", "channels", "input", input, *how)


def dropout2d(
    input: Array,
    p: float = 0.5,
    training: bool = True,
    *,
    seed: int | None = None,
    counter: int = 0,
    data_format: str | None = None,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Set whole channels to zero with probability p, and divide the others by 1 - p.

    Parameters
    ----------
    input : ndarray of shape (n, c, h, w) or any (n, c, *spatial)
    p : float, optional
        The probability to drop, in [0, 1].
    training : bool, optional
        False: the input itself.
    seed : int, optional
        In [0, 2**64); default: one from the operating system, which nobody knows afterwards.
    counter : int, optional
        Which of a seed's draws, in [0, 2**64).
    data_format : str, optional
        "NHWC" and the like: the channels come last; by default they come second.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Tompson et al., Efficient Object Localization Using Convolutional Networks, CVPR 2015.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.dropout2d(np.ones((1, 4, 1, 1)), 0.5, seed=2).ravel().tolist()
    [0.0, 0.0, 0.0, 2.0]
    """
    backend = backend_for("dropout2d", "input", input)
    how = (p, training, (seed, counter), data_format, out, num_threads)
    return backend.dropout("dropout2d", "channels", "input", input, *how)


def dropout3d(
    input: Array,
    p: float = 0.5,
    training: bool = True,
    *,
    seed: int | None = None,
    counter: int = 0,
    data_format: str | None = None,
    out: Array | None = None,
    num_threads: int | None = None,
) -> Array:
    """Set whole channels to zero with probability p, and divide the others by 1 - p.

    Parameters
    ----------
    input : ndarray of shape (n, c, d, h, w) or any (n, c, *spatial)
    p : float, optional
        The probability to drop, in [0, 1].
    training : bool, optional
        False: the input itself.
    seed : int, optional
        In [0, 2**64); default: one from the operating system, which nobody knows afterwards.
    counter : int, optional
        Which of a seed's draws, in [0, 2**64).
    data_format : str, optional
        "NHWC" and the like: the channels come last; by default they come second.

    Returns
    -------
    ndarray of the shape of input

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Tompson et al., Efficient Object Localization Using Convolutional Networks, CVPR 2015.

    Examples
    --------
    >>> import numpy as np, fastconv.functional as F
    >>> F.dropout3d(np.ones((1, 4, 1, 1, 1)), 0.5, seed=2).ravel().tolist()
    [0.0, 0.0, 0.0, 2.0]
    """
    backend = backend_for("dropout3d", "input", input)
    how = (p, training, (seed, counter), data_format, out, num_threads)
    return backend.dropout("dropout3d", "channels", "input", input, *how)
