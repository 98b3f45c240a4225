# SPDX-License-Identifier: BSD-3-Clause
"""Gradients of dropout, which draw again what the function drew: seed and counter must be the same."""

from __future__ import annotations

from ..backends import backend_for
from ..functional._defaults import Array


def dropout_input(
    grad_output: Array,
    p: float = 0.5,
    training: bool = True,
    *,
    seed: int,
    counter: int = 0,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `dropout` with respect to its input.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.ones(64)
    >>> y = fc.functional.dropout(x, 0.5, True, seed=3)
    >>> bool(((y == y.max()) == (fc.grad.dropout_input(x, 0.5, True, seed=3) > 0)).all())
    True
    """
    backend = backend_for("dropout_input", "grad_output", grad_output)
    how = (p, training, (seed, counter), data_format, None, num_threads)
    return backend.dropout("dropout_input", "dropout", "grad_output", grad_output, *how)


def alpha_dropout_input(
    grad_output: Array,
    p: float = 0.5,
    training: bool = False,
    *,
    seed: int,
    counter: int = 0,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `alpha_dropout` with respect to its input.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.ones(64)
    >>> y = fc.functional.alpha_dropout(x, 0.5, True, seed=3)
    >>> bool(((y == y.max()) == (fc.grad.alpha_dropout_input(x, 0.5, True, seed=3) > 0)).all())
    True
    """
    backend = backend_for("alpha_dropout_input", "grad_output", grad_output)
    how = (p, training, (seed, counter), data_format, None, num_threads)
    return backend.dropout("alpha_dropout_input", "alpha", "grad_output", grad_output, *how)


def dropout1d_input(
    grad_output: Array,
    p: float = 0.5,
    training: bool = True,
    *,
    seed: int,
    counter: int = 0,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `dropout1d` with respect to its input.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.ones((1, 64, 1))
    >>> y = fc.functional.dropout1d(x, 0.5, True, seed=3)
    >>> bool(((y == y.max()) == (fc.grad.dropout1d_input(x, 0.5, True, seed=3) > 0)).all())
    True
    """
    backend = backend_for("dropout1d_input", "grad_output", grad_output)
    how = (p, training, (seed, counter), data_format, None, num_threads)
    return backend.dropout("dropout1d_input", "channels", "grad_output", grad_output, *how)


def dropout2d_input(
    grad_output: Array,
    p: float = 0.5,
    training: bool = True,
    *,
    seed: int,
    counter: int = 0,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `dropout2d` with respect to its input.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.ones((1, 64, 1, 1))
    >>> y = fc.functional.dropout2d(x, 0.5, True, seed=3)
    >>> bool(((y == y.max()) == (fc.grad.dropout2d_input(x, 0.5, True, seed=3) > 0)).all())
    True
    """
    backend = backend_for("dropout2d_input", "grad_output", grad_output)
    how = (p, training, (seed, counter), data_format, None, num_threads)
    return backend.dropout("dropout2d_input", "channels", "grad_output", grad_output, *how)


def dropout3d_input(
    grad_output: Array,
    p: float = 0.5,
    training: bool = True,
    *,
    seed: int,
    counter: int = 0,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `dropout3d` with respect to its input.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.ones((1, 64, 1, 1, 1))
    >>> y = fc.functional.dropout3d(x, 0.5, True, seed=3)
    >>> bool(((y == y.max()) == (fc.grad.dropout3d_input(x, 0.5, True, seed=3) > 0)).all())
    True
    """
    backend = backend_for("dropout3d_input", "grad_output", grad_output)
    how = (p, training, (seed, counter), data_format, None, num_threads)
    return backend.dropout("dropout3d_input", "channels", "grad_output", grad_output, *how)
