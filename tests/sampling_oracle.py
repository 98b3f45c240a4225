"""Padding, patches, interpolation, grids and regions by their definitions, in plain float64 loops."""

import itertools
import math

import numpy as np


def border_place(mode: str, i: int, size: int) -> int | None:
    """The element that position i of an axis repeats; None is the constant."""
    while not 0 <= i < size:
        if mode == "constant":
            return None
        if mode == "replicate":
            return 0 if i < 0 else size - 1
        if mode == "circular":
            i += size if i < 0 else -size
        elif mode == "symmetric":
            i = -1 - i if i < 0 else 2 * size - 1 - i
        elif size == 1:
            return 0
        else:
            i = -i if i < 0 else 2 * (size - 1) - i
    return i


def pad_places(mode: str, size: int, front: int, back: int) -> list[int | None]:
    """The element each position of a padded axis stands for; a circular border goes round what is left of the axis."""
    if mode == "circular":
        first, end = max(-front, 0), size + min(back, 0)
        return [first + border_place(mode, i - first, end - first) for i in range(-front, size + back)]
    return [border_place(mode, i, size) for i in range(-front, size + back)]


def pad(x: np.ndarray, pairs: list[tuple[int, int]], mode: str, value: float = 0.0) -> np.ndarray:
    """The array with borders; one pair an axis."""
    places = [pad_places(mode, n, *pair) for n, pair in zip(x.shape, pairs, strict=True)]
    y = np.full([len(p) for p in places], value, x.dtype)
    for at in np.ndindex(y.shape):
        source = tuple(p[i] for p, i in zip(places, at, strict=True))
        if None not in source:
            y[at] = x[source]
    return y


def pad_input(shape: tuple[int, ...], g: np.ndarray, pairs: list[tuple[int, int]], mode: str) -> np.ndarray:
    """The adjoint of pad."""
    places = [pad_places(mode, n, *pair) for n, pair in zip(shape, pairs, strict=True)]
    dx = np.zeros(shape)
    for at in np.ndindex(g.shape):
        source = tuple(p[i] for p, i in zip(places, at, strict=True))
        if None not in source:
            dx[source] += g[at]
    return dx


def patches(size: tuple[int, ...], kernel: tuple, dilation: tuple, padding: tuple, stride: tuple) -> list[int]:
    """How many patches there are along each axis."""
    axes = zip(size, kernel, dilation, padding, stride, strict=True)
    return [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, d, p, s in axes]


def each_patch_element(size: tuple[int, ...], kernel: tuple, dilation: tuple, padding: tuple, stride: tuple):
    """(row of a channel, column, pixel) of all elements of patches that lie inside the image."""
    counts = patches(size, kernel, dilation, padding, stride)
    for row, tap in enumerate(itertools.product(*map(range, kernel))):
        for column, patch in enumerate(itertools.product(*map(range, counts))):
            axes = zip(patch, tap, dilation, padding, stride, strict=True)
            pixel = tuple(o * s + k * d - p for o, k, d, p, s in axes)
            if all(0 <= i < n for i, n in zip(pixel, size, strict=True)):
                yield row, column, pixel


def unfold(x: np.ndarray, *window: tuple) -> np.ndarray:
    """Columns (n, c * taps, patches) of (n, c, *spatial)."""
    n, c, *size = x.shape
    y = np.zeros((n, c, math.prod(window[0]), math.prod(patches(size, *window))), x.dtype)
    for row, column, pixel in each_patch_element(size, *window):
        y[:, :, row, column] = x[(slice(None), slice(None), *pixel)]
    return y.reshape(n, -1, y.shape[-1])


def fold(columns: np.ndarray, size: tuple[int, ...], *window: tuple) -> np.ndarray:
    """The adjoint of unfold."""
    n, rows, count = columns.shape
    taps = math.prod(window[0])
    split = columns.reshape(n, rows // taps, taps, count).astype(np.float64)
    x = np.zeros((n, rows // taps, *size))
    for row, column, pixel in each_patch_element(size, *window):
        x[(slice(None), slice(None), *pixel)] += split[:, :, row, column]
    return x


def keys(x: float, a: float) -> float:
    """Keys' cubic kernel."""
    x = abs(x)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0.0


def axis_matrix(mode: str, size: int, outputs: int, scale: float, aligned: bool, antialias: bool) -> np.ndarray:
    """Weights (outputs, size) of an axis; scale: pixels of the input for one of the output."""
    m = np.zeros((outputs, size))
    for o in range(outputs):
        if mode == "area":
            first, end = o * size // outputs, -(-(o + 1) * size // outputs)
            m[o, first:end] = 1 / (end - first)
            continue
        if mode.startswith("nearest"):
            m[o, min(math.floor((o + 0.5 * (mode == "nearest-exact")) * scale), size - 1)] = 1
            continue
        if antialias:
            stretch, cubic = max(scale, 1.0), mode == "bicubic"
            centre, reach = scale * (o + 0.5), (2 if cubic else 1) * stretch
            first, end = max(int(centre - reach + 0.5), 0), min(int(centre + reach + 0.5), size)
            for i in range(first, end):
                x = (i - centre + 0.5) / stretch
                m[o, i] = keys(x, -0.5) if cubic else max(1 - abs(x), 0)
            m[o] /= m[o].sum()
            continue
        at = scale * o if aligned else scale * (o + 0.5) - 0.5
        if mode == "bicubic":
            for k in range(-1, 3):
                i = math.floor(at) + k
                m[o, min(max(i, 0), size - 1)] += keys(at - i, -0.75)
            continue
        at = min(max(at, 0.0), size - 1)
        low = int(at)
        m[o, low] += 1 - (at - low)
        m[o, min(low + 1, size - 1)] += at - low
    return m


def interpolate(x: np.ndarray, matrices: list[np.ndarray]) -> np.ndarray:
    """(n, c, *spatial) times the weights of each axis."""
    for axis, m in enumerate(matrices):
        x = np.moveaxis(np.tensordot(x, m, (axis + 2, 1)), -1, axis + 2)
    return x


def reflect(at: float, low: float, high: float) -> float:
    """A coordinate thrown back until it lies between two edges."""
    if low == high:
        return 0.0
    while not low <= at <= high:
        at = 2 * low - at if at < low else 2 * high - at
    return at


def grid_place(at: float, size: int, border: str, aligned: bool) -> float:
    """A position in pixels as the border moves it."""
    if border == "reflection":
        at = reflect(at, 0, size - 1) if aligned else reflect(at, -0.5, size - 0.5)
    return at if border == "zeros" else min(max(at, 0.0), size - 1.0)


def grid_weights(coordinate: float, size: int, mode: str, border: str, aligned: bool) -> list[tuple[int, float]]:
    """Pixels of an axis and their weights; those outside are left out."""
    at = (coordinate + 1) / 2 * (size - 1) if aligned else ((coordinate + 1) * size - 1) / 2
    if mode == "bicubic":
        low = math.floor(at)
        taps = [(grid_place(low + k, size, border, aligned), keys(at - low - k, -0.75)) for k in range(-1, 3)]
    else:
        at = grid_place(at, size, border, aligned)
        low = math.floor(at)
        taps = [(round(at), 1.0)] if mode == "nearest" else [(low, 1 - (at - low)), (low + 1, at - low)]
    return [(int(i), w) for i, w in taps if 0 <= i <= size - 1]


def grid_matrix(grid: np.ndarray, size: tuple[int, ...], mode: str, border: str, aligned: bool) -> np.ndarray:
    """Weights (outputs, pixels) of the grid of one image; finite coordinates."""
    flat = grid.reshape(-1, len(size)).astype(np.float64)
    m = np.zeros((len(flat), *size))
    for p, coordinates in enumerate(flat):
        axes = [grid_weights(c, n, mode, border, aligned) for c, n in zip(coordinates[::-1], size, strict=True)]
        for taps in itertools.product(*axes):
            m[(p, *(i for i, _ in taps))] += math.prod(w for _, w in taps)
    return m.reshape(len(flat), -1)


def affine_base(count: int, aligned: bool) -> list[float]:
    """Coordinates of the pixels of an axis."""
    if count == 1:
        return [0.0]
    return [(-1 + 2 * i / (count - 1)) * (1 if aligned else (count - 1) / count) for i in range(count)]


def affine_grid(theta: np.ndarray, size: tuple[int, ...], aligned: bool) -> np.ndarray:
    """Theta times the coordinates, the last axis first, and 1."""
    axes = [affine_base(n, aligned) for n in size]
    y = np.zeros((len(theta), *size, len(size)))
    for at in np.ndindex(*size):
        base = [axis[i] for axis, i in zip(axes, at, strict=True)][::-1]
        y[(slice(None), *at)] = theta.astype(np.float64) @ np.array([*base, 1.0])
    return y


def half_up(x: float) -> int:
    """The nearest whole number, halves away from zero."""
    return int(math.copysign(math.floor(abs(x) + 0.5), x))


def roi_pool(x: np.ndarray, boxes: np.ndarray, output: tuple[int, int], scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Maxima of the bins of boxes of (n, c, h, w), and where they stood."""
    _, c, h, w = x.shape
    y, where = np.zeros((len(boxes), c, *output), x.dtype), np.full((len(boxes), c, *output), -1, np.int64)
    for k, box in enumerate(boxes):
        x1, y1, x2, y2 = (half_up(float(v) * scale) for v in box[1:])
        bins = max(y2 - y1 + 1, 1) / output[0], max(x2 - x1 + 1, 1) / output[1]
        for i, j in np.ndindex(*output):
            rows = [min(max(f(a * bins[0]) + y1, 0), h) for f, a in ((math.floor, i), (math.ceil, i + 1))]
            columns = [min(max(f(a * bins[1]) + x1, 0), w) for f, a in ((math.floor, j), (math.ceil, j + 1))]
            for channel in range(c):
                best = None
                for at in itertools.product(range(*rows), range(*columns)):
                    v = x[(int(box[0]), channel, *at)]
                    if best is None or v > best or (math.isnan(v) and not math.isnan(best)):
                        best = v
                        y[k, channel, i, j], where[k, channel, i, j] = v, at[0] * w + at[1]
    return y, where


def sample_weights(at: float, size: int) -> list[tuple[int, float]]:
    """Pixels and weights of one sample of RoI align along an axis."""
    if not -1 <= at <= size:
        return []
    at = max(at, 0.0)
    low = int(at)
    if low >= size - 1:
        return [(size - 1, 1.0)]
    return [(low, 1 - (at - low)), (low + 1, at - low)]


def roi_align_matrix(
    box: np.ndarray, size: tuple[int, int], output: tuple[int, int], scale: float, ratio: int, aligned: bool
) -> np.ndarray:
    """Weights (oh * ow, h * w) of the bins of a box (x1, y1, x2, y2), sample by sample."""
    shift = 0.5 if aligned else 0.0
    x1, y1, x2, y2 = (float(v) * scale - shift for v in box)
    extents = [y2 - y1, x2 - x1] if aligned else [max(y2 - y1, 1.0), max(x2 - x1, 1.0)]
    bins = [e / o for e, o in zip(extents, output, strict=True)]
    counts = [ratio if ratio > 0 else math.ceil(b) for b in bins]
    m = np.zeros((*output, *size))
    for i, j in np.ndindex(*output):
        for a, b in itertools.product(range(counts[0]), range(counts[1])):
            rows = sample_weights(y1 + i * bins[0] + (a + 0.5) * bins[0] / counts[0], size[0])
            columns = sample_weights(x1 + j * bins[1] + (b + 0.5) * bins[1] / counts[1], size[1])
            for (r, u), (s, v) in itertools.product(rows, columns):
                m[i, j, r, s] += u * v / max(counts[0] * counts[1], 1)
    return m.reshape(math.prod(output), -1)
