"""Normalisation by its definitions, in longdouble: loops over groups, windows and places; and its gradients."""

import itertools

import numpy as np

Array = np.ndarray


def groups_of(kind: str, shape: tuple[int, ...], num_groups: int = 1) -> list[tuple]:
    """Indices of what is normalised together, of (n, c, *spatial)."""
    n, c = shape[:2]
    if kind == "batch":
        return [(slice(None), slice(k, k + 1)) for k in range(c)]
    per = 1 if kind == "instance" else c // num_groups
    return [(slice(i, i + 1), slice(k, k + per)) for i in range(n) for k in range(0, c, per)]


def along_channels(numbers: object, x: Array, otherwise: float) -> Array:
    """One number a channel, to be broadcast over (n, c, *spatial)."""
    values = np.full(x.shape[1], otherwise) if numbers is None else np.asarray(numbers)
    return values.astype(x.dtype).reshape(-1, *(1,) * (x.ndim - 2))


def hats(kind: str, x: Array, eps: float, num_groups: int = 1) -> tuple[Array, Array]:
    """x less its mean and over its deviation, and the reciprocal deviation."""
    hat, root = np.empty_like(x), np.empty_like(x)
    for group in groups_of(kind, x.shape, num_groups):
        d = x[group] - x[group].mean()
        root[group] = 1 / np.sqrt((d * d).mean() + np.asarray(eps, x.dtype))
        hat[group] = d * root[group]
    return hat, root


def gradients(kind: str, x: Array, g: Array, w: object, eps: float, num_groups: int = 1) -> tuple[Array, Array, Array]:
    """Gradients of sum(g * y) with respect to x, weight and bias."""
    hat, root = hats(kind, x, eps, num_groups)
    gw, dx = g * along_channels(w, x, 1), np.empty_like(x)
    for group in groups_of(kind, x.shape, num_groups):
        share = gw[group].mean() + hat[group] * (gw[group] * hat[group]).mean()
        dx[group] = root[group] * (gw[group] - share)
    axes = (0, *range(2, x.ndim))
    return dx, (g * hat).sum(axis=axes), g.sum(axis=axes)


def window_sums(x: Array, region: str, size: int, mirrored: bool = False) -> Array:
    """Sums of (n, c, *spatial) over windows across channels or within each, zeros outside."""
    axes = (1,) if region == "across" else tuple(range(2, x.ndim))
    front = (size - 1) // 2 if mirrored else size // 2
    total = np.zeros_like(x)
    for steps in itertools.product(range(-front, size - front), repeat=len(axes)):
        into, out = [slice(None)] * x.ndim, [slice(None)] * x.ndim
        for axis, step in zip(axes, steps, strict=True):
            length = x.shape[axis]
            into[axis] = slice(max(0, -step), max(0, min(length, length - step)))
            out[axis] = slice(max(0, step), max(0, min(length, length + step)))
        total[tuple(into)] += x[tuple(out)]
    return total


def local_response(x: Array, size: int, alpha: float, beta: float, k: float, region: str) -> tuple[Array, Array]:
    """x / t**beta, and t."""
    window = size if region == "across" else size ** (x.ndim - 2)
    t = k + np.asarray(alpha / window, x.dtype) * window_sums(x * x, region, size)
    return x / t ** np.asarray(beta, x.dtype), t


def local_response_input(x: Array, g: Array, size: int, alpha: float, beta: float, k: float, region: str) -> Array:
    """Gradient of sum(g * local_response(x)) with respect to x."""
    window = size if region == "across" else size ** (x.ndim - 2)
    _, t = local_response(x, size, alpha, beta, k, region)
    sums = window_sums(g * x / t ** (beta + 1), region, size, mirrored=True)
    return g / t**beta - 2 * alpha * beta / window * x * sums


def smoothed(plane: Array, size: int, sigma: float) -> Array:
    """Means under a Gaussian window, over the places inside."""
    reach, result = size // 2, np.empty_like(plane)
    places = range(-reach, reach + 1)
    for row, column in np.ndindex(plane.shape):
        total = weight = np.zeros((), plane.dtype)
        for i, j in itertools.product(places, repeat=2):
            if 0 <= row + i < plane.shape[0] and 0 <= column + j < plane.shape[1]:
                w = np.exp(np.asarray(-(i * i + j * j) / (2 * sigma**2), plane.dtype))
                total, weight = total + w * plane[row + i, column + j], weight + w
        result[row, column] = total / weight
    return result


def local_contrast(x: Array, size: int, sigma: float, eps: float) -> Array:
    """Of (n, c, h, w): v = x - mean around, over max(mean deviation, deviation around)."""
    y = np.empty_like(x)
    for image in range(len(x)):
        v = x[image] - smoothed(x[image].mean(axis=0), size, sigma)
        deviation = np.sqrt(smoothed((v * v).mean(axis=0), size, sigma))
        y[image] = v / np.maximum(np.maximum(deviation, deviation.mean()), eps)
    return y


def erfc(z: Array) -> Array:
    """1 - erf(z) of z >= 0 in longdouble: the series below 2, the continued fraction above."""
    z = np.asarray(z, np.longdouble)
    small = np.minimum(z, 2)
    term, series = small.copy(), small.copy()
    for n in range(1, 90):
        term = term * -small * small / n
        series = series + term / (2 * n + 1)
    root = np.sqrt(np.arctan2(np.longdouble(0), np.longdouble(-1)))
    large, fraction = np.maximum(z, 2), np.zeros_like(z)
    for n in range(160, 0, -1):
        fraction = np.longdouble(n) / 2 / (large + fraction)
    tail = np.exp(-large * large) / root / (large + fraction)
    return np.where(z < 2, 1 - 2 / root * series, tail)


def log1p_exp(z: Array) -> Array:
    """log(1 + e**z)."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def curve(name: str, x: Array, **o: float) -> Array:
    """Activations that no convolution applies, in the type of x."""
    x = np.asarray(x, np.longdouble)
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        match name:
            case "gelu" if o.get("approximate") == "tanh":
                near = np.clip(x, -1e3, 1e3)
                u = np.sqrt(2 / np.arctan2(np.longdouble(0), np.longdouble(-1))) * (
                    near + np.longdouble("0.044715") * near**3
                )
                return x / (1 + np.exp(-2 * u))
            case "gelu":
                half = erfc(np.minimum(np.abs(x), 200) / np.sqrt(np.longdouble(2))) / 2
                return x * np.where(np.isnan(x), x, np.where(x < 0, half, 1 - half))
            case "elu":
                return np.where(x > 0, x, o["alpha"] * np.expm1(np.minimum(x, 0)))
            case "selu":
                scale, alpha = (
                    np.longdouble("1.0507009873554804934193349852946"),
                    np.longdouble("1.6732632423543772848170429916717"),
                )
                return scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))
            case "celu":
                return np.where(x > 0, x, o["alpha"] * np.expm1(np.minimum(x, 0) / np.longdouble(o["alpha"])))
            case "softplus":
                beta = np.longdouble(o["beta"])
                return np.where(beta * x > o["threshold"], x, log1p_exp(beta * x) / beta)
            case "mish":
                return x * np.tanh(log1p_exp(x))
            case "hardtanh":
                return np.clip(x, o["min_val"], o["max_val"])
            case "hardsigmoid":
                return np.clip(x + 3, 0, 6) / 6
            case "softsign":
                return x / (1 + np.abs(x))
            case "threshold":
                return np.where(x <= o["threshold"], o["value"], x)
            case "logsigmoid":
                return -log1p_exp(-x)
    raise ValueError(name)
