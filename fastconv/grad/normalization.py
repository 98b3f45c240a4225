# SPDX-License-Identifier: BSD-3-Clause
"""Gradients of normalisation. Those of batch, instance, group and layer normalisation come alone or all at once."""

from __future__ import annotations

from typing import Any

from ..backends import backend_for
from ..functional._defaults import Array


def batch_norm_gradients(
    input: Array,
    grad_output: Array,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    weight: Array | None = None,
    training: bool = False,
    eps: float = 1e-5,
    *,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> tuple[Array, Array, Array]:
    """Return the gradients of `batch_norm` with respect to input, weight and bias.

    What the moments depend on is part of the input's gradient; the arguments are those of the function.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x, g = np.array([[1.0], [3.0]]), np.array([[1.0], [0.0]])
    >>> dx, dw, db = fc.grad.batch_norm_gradients(x, g, training=True, eps=0.0)
    >>> dx.tolist(), dw.tolist(), db.tolist()
    ([[0.0], [0.0]], [-1.0], [1.0])
    """
    backend, moments = backend_for("batch_norm_gradients", "input", input), (running_mean, running_var)
    how = (weight, training, eps, None, data_format, num_threads)
    dx, dw, db = backend.normalize_gradients("batch_norm_gradients", "batch", input, grad_output, moments, *how)
    return dx, dw, db


def batch_norm_input(
    input: Array,
    grad_output: Array,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    weight: Array | None = None,
    training: bool = False,
    eps: float = 1e-5,
    *,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `batch_norm` with respect to its input.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.batch_norm_input(np.ones((1, 1)), np.ones((1, 1)), np.zeros(1), np.full(1, 4.0), eps=0.0).tolist()
    [[0.5]]
    """
    backend, moments = backend_for("batch_norm_input", "input", input), (running_mean, running_var)
    how = (weight, training, eps, None, data_format, num_threads)
    gradient: Array = backend.normalize_gradients("batch_norm_input", "batch", input, grad_output, moments, *how)[0]
    return gradient


def batch_norm_weight(
    input: Array,
    grad_output: Array,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    training: bool = False,
    eps: float = 1e-5,
    *,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `batch_norm` with respect to its weight.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.batch_norm_weight(np.ones((1, 1)), np.ones((1, 1)), np.zeros(1), np.full(1, 4.0), eps=0.0).tolist()
    [0.5]
    """
    backend, moments = backend_for("batch_norm_weight", "input", input), (running_mean, running_var)
    how = (None, training, eps, None, data_format, num_threads, False)
    gradient: Array = backend.normalize_gradients("batch_norm_weight", "batch", input, grad_output, moments, *how)[1]
    return gradient


def batch_norm_bias(
    grad_output: Array,
    *,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `batch_norm` with respect to its bias: sums of each channel.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.batch_norm_bias(np.ones((2, 1, 3))).tolist()
    [6.0]
    """
    backend = backend_for("batch_norm_bias", "grad_output", grad_output)
    return backend.channel_sums("batch_norm_bias", grad_output, data_format, num_threads)


def instance_norm_gradients(
    input: Array,
    grad_output: Array,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    weight: Array | None = None,
    use_input_stats: bool = True,
    eps: float = 1e-5,
    *,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> tuple[Array, Array, Array]:
    """Return the gradients of `instance_norm` with respect to input, weight and bias.

    What the moments depend on is part of the input's gradient; the arguments are those of the function.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x, g = np.array([[[1.0, 3.0]]]), np.array([[[1.0, 0.0]]])
    >>> dx, dw, db = fc.grad.instance_norm_gradients(x, g, eps=0.0)
    >>> dx.tolist(), dw.tolist(), db.tolist()
    ([[[0.0, 0.0]]], [-1.0], [1.0])
    """
    backend, moments = backend_for("instance_norm_gradients", "input", input), (running_mean, running_var)
    how = (weight, use_input_stats, eps, None, data_format, num_threads)
    dx, dw, db = backend.normalize_gradients("instance_norm_gradients", "instance", input, grad_output, moments, *how)
    return dx, dw, db


def instance_norm_input(
    input: Array,
    grad_output: Array,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    weight: Array | None = None,
    use_input_stats: bool = True,
    eps: float = 1e-5,
    *,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `instance_norm` with respect to its input.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.instance_norm_input(np.array([[[1.0, 3.0]]]), np.ones((1, 1, 2)), eps=0.0).tolist()
    [[[0.0, 0.0]]]
    """
    backend, moments = backend_for("instance_norm_input", "input", input), (running_mean, running_var)
    how = (weight, use_input_stats, eps, None, data_format, num_threads)
    gradient: Array = backend.normalize_gradients("instance_norm_input", "instance", input, grad_output, moments, *how)[0]
    return gradient


def instance_norm_weight(
    input: Array,
    grad_output: Array,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    use_input_stats: bool = True,
    eps: float = 1e-5,
    *,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `instance_norm` with respect to its weight.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.instance_norm_weight(np.array([[[1.0, 3.0]]]), np.ones((1, 1, 2)), eps=0.0).tolist()
    [0.0]
    """
    backend, moments = backend_for("instance_norm_weight", "input", input), (running_mean, running_var)
    how = (None, use_input_stats, eps, None, data_format, num_threads, False)
    gradient: Array = backend.normalize_gradients("instance_norm_weight", "instance", input, grad_output, moments, *how)[1]
    return gradient


def instance_norm_bias(
    grad_output: Array,
    *,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `instance_norm` with respect to its bias: sums of each channel.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.instance_norm_bias(np.ones((2, 1, 3))).tolist()
    [6.0]
    """
    backend = backend_for("instance_norm_bias", "grad_output", grad_output)
    return backend.channel_sums("instance_norm_bias", grad_output, data_format, num_threads)


def group_norm_gradients(
    input: Array,
    grad_output: Array,
    num_groups: int,
    weight: Array | None = None,
    eps: float = 1e-5,
    *,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> tuple[Array, Array, Array]:
    """Return the gradients of `group_norm` with respect to input, weight and bias.

    What the moments depend on is part of the input's gradient; the arguments are those of the function.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x, g = np.array([[1.0, 3.0]]), np.array([[1.0, 0.0]])
    >>> dx, dw, db = fc.grad.group_norm_gradients(x, g, 1, eps=0.0)
    >>> dx.tolist(), dw.tolist(), db.tolist()
    ([[0.0, 0.0]], [-1.0, 0.0], [1.0, 0.0])
    """
    backend, moments = backend_for("group_norm_gradients", "input", input), (None, None)
    how = (weight, True, eps, num_groups, data_format, num_threads)
    dx, dw, db = backend.normalize_gradients("group_norm_gradients", "group", input, grad_output, moments, *how)
    return dx, dw, db


def group_norm_input(
    input: Array,
    grad_output: Array,
    num_groups: int,
    weight: Array | None = None,
    eps: float = 1e-5,
    *,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `group_norm` with respect to its input.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.group_norm_input(np.array([[1.0, 3.0]]), np.ones((1, 2)), 1, eps=0.0).tolist()
    [[0.0, 0.0]]
    """
    backend, moments = backend_for("group_norm_input", "input", input), (None, None)
    how = (weight, True, eps, num_groups, data_format, num_threads)
    gradient: Array = backend.normalize_gradients("group_norm_input", "group", input, grad_output, moments, *how)[0]
    return gradient


def group_norm_weight(
    input: Array,
    grad_output: Array,
    num_groups: int,
    eps: float = 1e-5,
    *,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `group_norm` with respect to its weight.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.group_norm_weight(np.array([[1.0, 3.0]]), np.ones((1, 2)), 1, eps=0.0).tolist()
    [-1.0, 1.0]
    """
    backend, moments = backend_for("group_norm_weight", "input", input), (None, None)
    how = (None, True, eps, num_groups, data_format, num_threads, False)
    gradient: Array = backend.normalize_gradients("group_norm_weight", "group", input, grad_output, moments, *how)[1]
    return gradient


def group_norm_bias(
    grad_output: Array,
    *,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `group_norm` with respect to its bias: sums of each channel.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.group_norm_bias(np.ones((2, 1, 3))).tolist()
    [6.0]
    """
    backend = backend_for("group_norm_bias", "grad_output", grad_output)
    return backend.channel_sums("group_norm_bias", grad_output, data_format, num_threads)


def layer_norm_gradients(
    input: Array,
    grad_output: Array,
    normalized_shape: Any,
    weight: Array | None = None,
    eps: float = 1e-5,
    *,
    num_threads: int | None = None,
) -> tuple[Array, Array, Array]:
    """Return the gradients of `layer_norm` with respect to input, weight and bias.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x, g = np.array([[3.0, 4.0]]), np.array([[1.0, 0.0]])
    >>> dx, dw, db = fc.grad.layer_norm_gradients(x, g, 2, eps=0.0)
    >>> dx.round(3).tolist(), dw.round(3).tolist()
    ([[0.0, 0.0]], [-1.0, 0.0])
    """
    backend = backend_for("layer_norm_gradients", "input", input)
    how = (normalized_shape, weight, eps, num_threads)
    dx, dw, db = backend.layer_gradients("layer_norm_gradients", input, grad_output, *how)
    return dx, dw, db


def layer_norm_input(
    input: Array,
    grad_output: Array,
    normalized_shape: Any,
    weight: Array | None = None,
    eps: float = 1e-5,
    *,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `layer_norm` with respect to its input.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x, g = np.array([[3.0, 4.0]]), np.array([[1.0, 0.0]])
    >>> fc.grad.layer_norm_input(x, g, 2, eps=0.0).round(3).tolist()
    [[0.0, 0.0]]
    """
    backend = backend_for("layer_norm_input", "input", input)
    how = (normalized_shape, weight, eps, num_threads, True, False)
    gradient: Array = backend.layer_gradients("layer_norm_input", input, grad_output, *how)[0]
    return gradient


def layer_norm_weight(
    input: Array,
    grad_output: Array,
    normalized_shape: Any,
    eps: float = 1e-5,
    *,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `layer_norm` with respect to its weight.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x, g = np.array([[3.0, 4.0]]), np.array([[1.0, 0.0]])
    >>> fc.grad.layer_norm_weight(x, g, 2, eps=0.0).round(3).tolist()
    [-1.0, 0.0]
    """
    backend = backend_for("layer_norm_weight", "input", input)
    how = (normalized_shape, None, eps, num_threads, False, True)
    gradient: Array = backend.layer_gradients("layer_norm_weight", input, grad_output, *how)[1]
    return gradient


def layer_norm_bias(
    grad_output: Array,
    normalized_shape: Any,
    *,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `layer_norm` with respect to its bias: sums over all rows.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.grad.layer_norm_bias(np.ones((3, 2)), 2).tolist()
    [3.0, 3.0]
    """
    backend = backend_for("layer_norm_bias", "grad_output", grad_output)
    return backend.row_sums("layer_norm_bias", grad_output, normalized_shape, num_threads)


def rms_norm_gradients(
    input: Array,
    grad_output: Array,
    normalized_shape: Any,
    weight: Array | None = None,
    eps: float | None = None,
    *,
    num_threads: int | None = None,
) -> tuple[Array, Array]:
    """Return the gradients of `rms_norm` with respect to input and weight.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x, g = np.array([[3.0, 4.0]]), np.array([[1.0, 0.0]])
    >>> dx, dw = fc.grad.rms_norm_gradients(x, g, 2, eps=0.0)
    >>> dx.round(3).tolist(), dw.round(3).tolist()
    ([[0.181, -0.136]], [0.849, 0.0])
    """
    backend = backend_for("rms_norm_gradients", "input", input)
    how = (normalized_shape, weight, eps, num_threads)
    dx, dw, _ = backend.layer_gradients("rms_norm_gradients", input, grad_output, *how)
    return dx, dw


def rms_norm_input(
    input: Array,
    grad_output: Array,
    normalized_shape: Any,
    weight: Array | None = None,
    eps: float | None = None,
    *,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `rms_norm` with respect to its input.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x, g = np.array([[3.0, 4.0]]), np.array([[1.0, 0.0]])
    >>> fc.grad.rms_norm_input(x, g, 2, eps=0.0).round(3).tolist()
    [[0.181, -0.136]]
    """
    backend = backend_for("rms_norm_input", "input", input)
    how = (normalized_shape, weight, eps, num_threads, True, False)
    gradient: Array = backend.layer_gradients("rms_norm_input", input, grad_output, *how)[0]
    return gradient


def rms_norm_weight(
    input: Array,
    grad_output: Array,
    normalized_shape: Any,
    eps: float | None = None,
    *,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `rms_norm` with respect to its weight.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x, g = np.array([[3.0, 4.0]]), np.array([[1.0, 0.0]])
    >>> fc.grad.rms_norm_weight(x, g, 2, eps=0.0).round(3).tolist()
    [0.849, 0.0]
    """
    backend = backend_for("rms_norm_weight", "input", input)
    how = (normalized_shape, None, eps, num_threads, False, True)
    gradient: Array = backend.layer_gradients("rms_norm_weight", input, grad_output, *how)[1]
    return gradient


def local_response_norm_input(
    input: Array,
    grad_output: Array,
    size: int,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 1.0,
    *,
    region: str = "across",
    data_format: str | None = None,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `local_response_norm` with respect to its input.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.ones((1, 1, 1))
    >>> fc.grad.local_response_norm_input(x, x, 1, alpha=1.0, beta=1.0, k=1.0).tolist()
    [[[0.0]]]
    """
    backend, options = backend_for("local_response_norm_input", "input", input), (size, alpha, beta, k)
    return backend.local_response_input(input, grad_output, options, region, data_format, num_threads)


def local_contrast_norm_input(
    input: Array,
    grad_output: Array,
    size: int = 9,
    sigma: float | None = None,
    eps: float = 1e-4,
    *,
    data_format: str | None = None,
    num_threads: int | None = None,
) -> Array:
    """Return the gradient of `local_contrast_norm` with respect to its input.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> x = np.ones((1, 1, 1, 3))
    >>> fc.grad.local_contrast_norm_input(x, x, 3, eps=1.0).round(3).ravel().tolist()
    [0.066, -0.131, 0.066]
    """
    backend, options = backend_for("local_contrast_norm_input", "input", input), (size, sigma, eps)
    return backend.local_contrast_input(input, grad_output, options, data_format, num_threads)
