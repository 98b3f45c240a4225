"""Switches by their definitions, one output at a time."""

import itertools

import numpy as np


def positions(where: np.ndarray, size: tuple[int, ...]):
    """Of every output of (n, c, *out): its image, channel, place in out, and the coordinates its flat switch says."""
    for image, channel, *place in itertools.product(*map(range, where.shape)):
        flat, coordinates = int(where[(image, channel, *place)]), []
        for extent in reversed(size):
            flat, at = divmod(flat, extent)
            coordinates.append(at)
        yield image, channel, tuple(place), tuple(reversed(coordinates))


def compact(where: np.ndarray, size: tuple[int, ...], kernel, stride, padding, dilation) -> np.ndarray:
    """The element of the window in row-major order."""
    result = np.zeros(where.shape, np.uint8)
    for image, channel, place, at in positions(where, size):
        tap = 0
        for i in range(len(size)):
            distance = at[i] - (place[i] * stride[i] - padding[i])
            assert distance % dilation[i] == 0
            tap = tap * kernel[i] + distance // dilation[i]
        result[(image, channel, *place)] = tap
    return result


def tensorflow(where: np.ndarray, size: tuple[int, ...], with_batch: bool) -> np.ndarray:
    """((b * height + y) * width + x) * channels + c, b only with_batch."""
    result = np.zeros(where.shape, np.int64)
    for image, channel, place, at in positions(where, size):
        count = image if with_batch else 0
        for extent, coordinate in zip(size, at, strict=True):
            count = count * extent + coordinate
        result[(image, channel, *place)] = count * where.shape[1] + channel
    return result


def onnx(where: np.ndarray, size: tuple[int, ...], storage_order: int) -> np.ndarray:
    """Counted over the whole tensor; in storage order 1 the first spatial axis runs fastest in its plane."""
    result = np.zeros(where.shape, np.int64)
    for image, channel, place, at in positions(where, size):
        count, axes = 0, range(len(size))
        for axis in reversed(axes) if storage_order else axes:
            count = count * size[axis] + at[axis]
        planes = image * where.shape[1] + channel
        result[(image, channel, *place)] = planes * int(np.prod(size)) + count
    return result
