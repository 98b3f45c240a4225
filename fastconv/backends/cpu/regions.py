# SPDX-License-Identifier: BSD-3-Clause
"""Sampling grids and regions of interest, and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import settings
from ...kernels import grid as grids
from ...kernels import regions
from ...spec import (
    FastconvTypeError,
    FastconvValueError,
    GridSpec,
    RegionSpec,
    channels_are_last,
    check_result,
    flag,
    shape_of,
    show,
)
from .arrays import Array, check_array, check_shape, delivered, plain, target
from .calls import bind_call, calls


def grid_sample(
    function: str, input: Any, grid: Any, options: tuple[Any, ...], out: Any, num_threads: Any, data_format: Any
) -> Array:
    """Sample images where a grid says; `options` are mode, padding_mode and align_corners."""

    def bind() -> Any:
        dtype = check_array(function, "input", input)
        check_array(function, "grid", grid, dtype)
        return bind_call(grids, GridSpec.make(function, input.shape, grid.shape, options, data_format, dtype))

    call = calls.remember(function, calls.key((input, grid), (options, data_format)), bind)
    spec = call.spec
    threads = settings.thread_count(function, num_threads)
    y = target(function, out, spec.output_shape, spec.dtype, (input, grid))
    call.sample(plain(input, spec.dtype), plain(grid, spec.dtype), y, threads)
    return delivered(y, out)


def channels_first(array: Array) -> Array:
    return np.moveaxis(array, -1, 1)


def first_shape(function: str, shape: tuple[int, ...], data_format: Any) -> tuple[bool, tuple[int, ...]]:
    """Return whether the channels are last, and the shape with them first."""
    last = len(shape) in (4, 5) and channels_are_last(function, data_format, len(shape) - 2)
    return last, (shape[0], shape[-1], *shape[1:-1]) if last else shape


def grid_sample_input(
    function: str, input_size: Any, grid: Any, grad_output: Any, options: tuple[Any, ...], num_threads: Any, data_format: Any
) -> Array:
    """Compute the gradient of sampling with respect to the images."""
    dtype = check_array(function, "grad_output", grad_output)
    check_array(function, "grid", grid, dtype)
    shape = shape_of(function, "input_size", input_size, (4, 5), "(batch, channels, spatial)")
    last, turned = first_shape(function, shape, data_format)
    call = bind_call(grids, GridSpec.make(function, turned, grid.shape, options, None, dtype, "input_size"))
    check_result(function, shape, call.spec.itemsize, f"input_size={show(input_size)}")
    g = channels_first(grad_output) if last and grad_output.ndim == len(shape) else grad_output
    check_shape(function, "grad_output", g, call.spec.output_shape)
    threads = settings.thread_count(function, num_threads)
    dx = np.empty(turned, dtype)
    call.grad_input(plain(grid, dtype), plain(g, dtype), dx, threads)
    return np.ascontiguousarray(np.moveaxis(dx, 1, -1)) if last else dx


def grid_sample_grid(
    function: str, input: Any, grid: Any, grad_output: Any, options: tuple[Any, ...], num_threads: Any, data_format: Any
) -> Array:
    """Compute the gradient of sampling with respect to the grid."""
    dtype = check_array(function, "input", input)
    check_array(function, "grid", grid, dtype)
    check_array(function, "grad_output", grad_output, dtype)
    last, turned = first_shape(function, input.shape, data_format)
    call = bind_call(grids, GridSpec.make(function, turned, grid.shape, options, None, dtype))
    x = channels_first(input) if last else input
    g = channels_first(grad_output) if last and grad_output.ndim == input.ndim else grad_output
    check_shape(function, "grad_output", g, call.spec.output_shape)
    threads = settings.thread_count(function, num_threads)
    dgrid = np.zeros(grid.shape, dtype)
    if options[0] != "nearest":
        call.grad_grid(plain(x, dtype), plain(grid, dtype), plain(g, dtype), dgrid, threads)
    return dgrid


def grid_base(size: tuple[int, ...], aligned: bool, dtype: str) -> tuple[Array, Array, Array]:
    """Return the coordinates of the pixels along three axes, from -1 to 1; 0 of a single one."""

    def axis(count: int) -> Array:
        ends = np.linspace(-1, 1, count) if count > 1 else np.zeros(1)
        return (ends if aligned else ends * (count - 1) / count).astype(dtype)

    base = tuple(axis(count) for count in size)
    return (*[np.zeros(1, dtype)] * (3 - len(base)), *base)  # type: ignore[return-value]


def grid_size(function: str, size: Any, align_corners: Any) -> tuple[tuple[int, ...], bool]:
    """Return the sizes of an affine grid and whether its corners are aligned."""
    shape = shape_of(function, "size", size, (4, 5), "(batch, channels, spatial)")
    if 0 in shape[1:]:
        raise FastconvValueError(f"{function}: size must have no axis of size 0 other than the batch, got size={show(size)}")
    return shape, align_corners is not None and flag(function, "align_corners", align_corners)


def affine_grid(function: str, theta: Any, size: Any, align_corners: Any, out: Any, num_threads: Any) -> Array:
    """Compute the grid of affine transformations."""
    dtype = check_array(function, "theta", theta)
    shape, aligned = grid_size(function, size, align_corners)
    rank = len(shape) - 2
    check_shape(function, "theta", theta, (shape[0], rank, rank + 1))
    result = (shape[0], *shape[2:], rank)
    check_result(function, result, theta.itemsize, f"size={show(size)}")
    threads = settings.thread_count(function, num_threads)
    y = target(function, out, result, dtype, (theta,))
    grids.affine(plain(theta, dtype), grid_base(shape[2:], aligned, dtype), y, settings.isa_index(), threads)
    return delivered(y, out)


def affine_grid_theta(function: str, grad_output: Any, size: Any, align_corners: Any) -> Array:
    """Compute the gradient of an affine grid with respect to its transformations, added up in double."""
    dtype = check_array(function, "grad_output", grad_output)
    shape, aligned = grid_size(function, size, align_corners)
    rank = len(shape) - 2
    check_shape(function, "grad_output", grad_output, (shape[0], *shape[2:], rank))
    base = grid_base(shape[2:], aligned, dtype)
    g = plain(grad_output, dtype).reshape(shape[0], *[1] * (3 - rank), *shape[2:], rank).astype(np.float64)
    sums = [np.einsum("ndhwa,w->na", g, base[2], optimize=False), np.einsum("ndhwa,h->na", g, base[1], optimize=False)]
    sums += [np.einsum("ndhwa,d->na", g, base[0], optimize=False)] if rank == 3 else []
    return np.stack([*sums, g.sum(axis=(1, 2, 3))], axis=2).astype(dtype)


def boxes_of(function: str, boxes: Any, images: int, dtype: str) -> tuple[Array, Array]:
    """Return boxes as (k, 5) and the image of each, all of which there are."""
    if isinstance(boxes, (list, tuple)):
        if len(boxes) != images:
            raise FastconvValueError(
                f"{function}: boxes must hold an array for each of {images} images, got boxes with {len(boxes)}"
            )
        for each in boxes:
            check_array(function, "boxes", each, dtype)
            if each.ndim != 2 or each.shape[1] != 4:
                raise FastconvValueError(
                    f"{function}: boxes must hold arrays of shape (l, 4), got boxes of shape {each.shape}"
                )
        numbers = np.repeat(np.arange(images), [len(each) for each in boxes])
        corners = np.concatenate([np.empty((0, 4), dtype), *boxes])
        return np.concatenate([numbers[:, None].astype(dtype), corners], axis=1, dtype=dtype), numbers.astype(np.int64)
    check_array(function, "boxes", boxes, dtype)
    if boxes.ndim != 2 or boxes.shape[1] != 5:
        raise FastconvValueError(
            f"{function}: boxes must have shape (k, 5), of image, x1, y1, x2 and y2, or be a list of arrays of "
            f"shape (l, 4), got boxes of shape {boxes.shape}"
        )
    column = np.asarray(boxes[:, 0], np.float64)
    wrong = ~((column >= 0) & (column < images) & (column == np.floor(column)))
    if wrong.any():
        bad = int(wrong.argmax())
        raise FastconvValueError(
            f"{function}: boxes must begin with a whole number in [0, {images}), the image, "
            f"got boxes[{bad}, 0]={column[bad]}"
        )
    return plain(boxes, dtype), column.astype(np.int64)


def bind_regions(
    function: str, shape: tuple[int, ...], boxes: Any, options: tuple[Any, ...], data_format: Any, dtype: str, argument: str
) -> tuple[Any, Array, Array]:
    """Return the bound regions, their boxes and images."""
    RegionSpec.make(function, shape, 0, options, data_format, dtype, argument)
    rows, images = boxes_of(function, boxes, shape[0], dtype)
    spec = RegionSpec.make(function, shape, len(rows), options, data_format, dtype, argument)
    return bind_call(regions, spec), rows, images


def roi_align(
    function: str, input: Any, boxes: Any, options: tuple[Any, ...], out: Any, num_threads: Any, data_format: Any
) -> Array:
    """Average bilinear samples of boxes; `options`: output_size, spatial_scale, sampling_ratio, aligned."""
    dtype = check_array(function, "input", input)
    call, rows, images = bind_regions(function, input.shape, boxes, options, data_format, dtype, "input")
    threads = settings.thread_count(function, num_threads)
    y = target(
        function, out, call.spec.output_shape, dtype, (input, *(boxes if isinstance(boxes, (list, tuple)) else (boxes,)))
    )
    call.align(plain(input, dtype), rows, images, y, threads)
    return delivered(y, out)


def roi_align_input(
    function: str,
    input_size: Any,
    boxes: Any,
    grad_output: Any,
    options: tuple[Any, ...],
    num_threads: Any,
    data_format: Any,
) -> Array:
    """Compute the gradient of RoI align with respect to the images."""
    dtype = check_array(function, "grad_output", grad_output)
    shape = shape_of(function, "input_size", input_size, (4,), "(batch, channels, height, width)")
    last, turned = first_shape(function, shape, data_format)
    call, rows, images = bind_regions(function, turned, boxes, options, None, dtype, "input_size")
    check_result(function, shape, call.spec.itemsize, f"input_size={show(input_size)}")
    g = channels_first(grad_output) if last and grad_output.ndim == 4 else grad_output
    check_shape(function, "grad_output", g, call.spec.output_shape)
    threads = settings.thread_count(function, num_threads)
    dx = np.empty(turned, dtype)
    call.align_grad(plain(g, dtype), rows, images, dx, threads)
    return np.ascontiguousarray(np.moveaxis(dx, 1, -1)) if last else dx


def roi_pool(
    function: str,
    input: Any,
    boxes: Any,
    options: tuple[Any, ...],
    return_indices: Any,
    out: Any,
    num_threads: Any,
    data_format: Any,
) -> Any:
    """Take the maximum of each bin of boxes, and where it stood; `options` are output_size and spatial_scale."""
    dtype = check_array(function, "input", input)
    call, rows, images = bind_regions(function, input.shape, boxes, (*options, -1, False), data_format, dtype, "input")
    told = flag(function, "return_indices", return_indices)
    threads = settings.thread_count(function, num_threads)
    y = target(
        function, out, call.spec.output_shape, dtype, (input, *(boxes if isinstance(boxes, (list, tuple)) else (boxes,)))
    )
    where = np.empty(call.spec.output_shape, np.int64) if told else None
    call.maximum(plain(input, dtype), rows, images, y, where, threads)
    y = delivered(y, out)
    return (y, where) if told else y


def roi_pool_input(
    function: str, input_size: Any, boxes: Any, indices: Any, grad_output: Any, num_threads: Any, data_format: Any
) -> Array:
    """Compute the gradient of RoI pooling: each output's goes to where its maximum stood."""
    dtype = check_array(function, "grad_output", grad_output)
    shape = shape_of(function, "input_size", input_size, (4,), "(batch, channels, height, width)")
    if not isinstance(indices, np.ndarray):
        raise FastconvTypeError(f"{function}: indices must be a NumPy array, got indices={show(indices)}")
    if indices.dtype.kind != "i" or indices.dtype.itemsize != 8:
        raise FastconvTypeError(f"{function}: indices must be int64, got indices of dtype {indices.dtype}")
    if grad_output.ndim != 4 or 0 in grad_output.shape[1:]:
        raise FastconvValueError(
            f"{function}: grad_output must have 4 axes, none of size 0 other than the boxes, got grad_output of shape "
            f"{grad_output.shape}"
        )
    last = channels_are_last(function, data_format, 2)
    output = grad_output.shape[1:3] if last else grad_output.shape[2:]
    call, _, images = bind_regions(function, shape, boxes, (output, 1.0, -1, False), data_format, dtype, "input_size")
    check_result(function, shape, call.spec.itemsize, f"input_size={show(input_size)}")
    check_shape(function, "grad_output", grad_output, call.spec.output_shape)
    check_shape(function, "indices", indices, call.spec.output_shape)
    where, plane = plain(indices, "int64"), call.spec.size[0] * call.spec.size[1]
    if where.size and not (where.min() >= -1 and where.max() < plane):
        bad = where[(where < -1) | (where >= plane)][0]
        raise FastconvValueError(
            f"{function}: indices must lie in [-1, {plane}), a plane of {call.spec.size}, got indices value {bad}"
        )
    threads = settings.thread_count(function, num_threads)
    dx = np.zeros(shape, dtype)
    call.maximum_grad(plain(grad_output, dtype), where, images, dx, threads)
    return dx
