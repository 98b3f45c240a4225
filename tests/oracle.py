"""The definitions, written to be read: what every fastconv function must return.

This module imports NumPy and nothing else, shares no code with the package and is itself checked against
SciPy, hand-worked numbers and finite differences in ``test_oracle.py``. Everything is computed in float64 (in
longdouble when an argument already is longdouble), so that integer-valued data gives exact results. Arrays
are batched, (n, c, *spatial), with one to three spatial axes. The only loops are over the taps of a kernel or
window.

Padding consists of real zeros: they are multiplied like any other value, so that 0 * inf is nan as written.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

Array = np.ndarray
Ints = int | Sequence[int]
Pairs = tuple[tuple[int, int], ...]


def wide(array: object) -> Array:
    """Return `array` as float64, or as longdouble when it already is longdouble."""
    array = np.asarray(array)
    return array if array.dtype == np.longdouble else array.astype(np.float64)


def per_axis(value: Ints, rank: int) -> tuple[int, ...]:
    """Repeat one int for every spatial axis; leave one int per axis as it is."""
    if isinstance(value, (int, np.integer)):
        return (int(value),) * rank
    if len(value) not in (1, rank):
        raise ValueError(f"need 1 or {rank} values, got {value}")
    return tuple(int(v) for v in value) * (rank if len(value) == 1 else 1)


def resolve_padding(padding: object, size: Sequence[int], kernel: Sequence[int], stride: Ints, dilation: Ints) -> Pairs:
    """Turn every spelling of `padding` into one (front, back) pair per axis.

    "same" is TensorFlow's rule: out = ceil(size / stride), the odd element goes to the end. "causal" is for one axis: the
    last tap meets the output's own position.
    """
    rank = len(size)
    stride, dilation = per_axis(stride, rank), per_axis(dilation, rank)
    if padding == "valid":
        return ((0, 0),) * rank
    if padding == "causal":
        ((k, d),) = zip(kernel, dilation, strict=True)
        return ((d * (k - 1), 0),)
    if padding == "same":
        pairs = []
        for i in range(rank):
            out = -(-size[i] // stride[i])
            total = max((out - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 - size[i], 0)
            pairs.append((total // 2, total - total // 2))
        return tuple(pairs)
    if isinstance(padding, (int, np.integer)):
        return ((int(padding), int(padding)),) * rank
    return tuple((int(p), int(p)) if isinstance(p, (int, np.integer)) else (int(p[0]), int(p[1])) for p in padding)


def conv_out_size(
    size: Sequence[int], kernel: Sequence[int], stride: Ints = 1, padding: object = 0, dilation: Ints = 1
) -> tuple[int, ...]:
    """Spatial output sizes: floor((size + front + back - dilation * (kernel - 1) - 1) / stride) + 1."""
    rank = len(size)
    pads = resolve_padding(padding, size, kernel, stride, dilation)
    stride, dilation = per_axis(stride, rank), per_axis(dilation, rank)
    return tuple((size[i] + sum(pads[i]) - dilation[i] * (kernel[i] - 1) - 1) // stride[i] + 1 for i in range(rank))


def conv_output_shape(
    input_shape: Sequence[int],
    weight_shape: Sequence[int],
    stride: Ints = 1,
    padding: object = 0,
    dilation: Ints = 1,
) -> tuple[int, ...]:
    """Shape of the convolution of a batched or unbatched input."""
    rank = len(weight_shape) - 2
    spatial = conv_out_size(input_shape[-rank:], weight_shape[2:], stride, padding, dilation)
    return (*input_shape[: -rank - 1], weight_shape[0], *spatial)


def taps(
    kernel: Sequence[int], out: Sequence[int], stride: Ints, dilation: Ints
) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """For each tap, the strided slice of the padded array that it meets, one element per output."""
    rank = len(kernel)
    stride, dilation = per_axis(stride, rank), per_axis(dilation, rank)
    for tap in itertools.product(*map(range, kernel)):
        starts = [t * d for t, d in zip(tap, dilation, strict=True)]
        yield (
            tap,
            tuple(slice(start, start + (o - 1) * s + 1, s) for start, o, s in zip(starts, out, stride, strict=True)),
        )


def pad(x: Array, pads: Pairs, value: float = 0.0) -> Array:
    """Surround the spatial axes of `x` with `value`."""
    lead = x.ndim - len(pads)
    shape = x.shape[:lead] + tuple(s + front + back for s, (front, back) in zip(x.shape[lead:], pads, strict=True))
    padded = np.full(shape, value, x.dtype)
    padded[inside(pads, x.shape[lead:])] = x
    return padded


def inside(pads: Pairs, size: Sequence[int]) -> tuple[object, ...]:
    """Index of the unpadded part of a padded array."""
    return (..., *(slice(front, front + s) for (front, _), s in zip(pads, size, strict=True)))


# ---- borders


def repeated(i: int, n: int, mode: str) -> int:
    """Which of n elements stands at place i, outside of them: the line goes on for ever in the manner of `mode`."""
    line = list(range(n))
    if mode == "replicate":
        return line[0] if i < 0 else line[-1]
    period = {"circular": line, "symmetric": line + line[::-1], "reflect": line + line[-2:0:-1]}[mode]
    while i < 0:
        i += len(period)
    while i >= len(period):
        i -= len(period)
    return period[i]


def border_lines(size: Sequence[int], pads: Pairs, modes: Sequence[tuple[str, str]]) -> list[list[tuple[int, str]]]:
    """For each axis and place of the padded array, the element that stands there and what it is: "inside", "copy",
    "zeros" or "constant"."""
    lines = []
    for n, (front, back), names in zip(size, pads, modes, strict=True):
        line = []
        for i in range(-front, n + back):
            mode = names[0] if i < 0 else names[1]
            if 0 <= i < n:
                line.append((i, "inside"))
            elif mode in ("zeros", "constant"):
                line.append((0, mode))
            else:
                line.append((repeated(i, n, mode), "copy"))
        lines.append(line)
    return lines


def border(x: Array, pads: Pairs, modes: Sequence[tuple[str, str]], value: float = 0.0) -> Array:
    """`x` with its spatial axes continued, each side in its mode. Outside of several axes a constant counts before copies,
    and `value` before zeros."""
    lead, lines = x.shape[: x.ndim - len(pads)], border_lines(x.shape[x.ndim - len(pads) :], pads, modes)
    padded = np.zeros((*lead, *map(len, lines)), x.dtype)
    for place in itertools.product(*(range(len(line)) for line in lines)):
        found = [line[i] for line, i in zip(lines, place, strict=True)]
        kinds = {kind for _, kind in found}
        if "constant" in kinds:
            padded[(..., *place)] = value
        elif "zeros" not in kinds:
            padded[(..., *place)] = x[(..., *(i for i, _ in found))]
    return padded


def border_back(g: Array, size: Sequence[int], pads: Pairs, modes: Sequence[tuple[str, str]]) -> Array:
    """The gradient of `border`: what arrives at a copy goes to the element it was copied from."""
    lead, lines = g.shape[: g.ndim - len(pads)], border_lines(size, pads, modes)
    gx = np.zeros((*lead, *size), g.dtype)
    for place in itertools.product(*(range(len(line)) for line in lines)):
        found = [line[i] for line, i in zip(lines, place, strict=True)]
        if not {"constant", "zeros"} & {kind for _, kind in found}:
            gx[(..., *(i for i, _ in found))] += g[(..., *place)]
    return gx


# ---- convolution


def conv(
    x: object,
    w: object,
    bias: object = None,
    stride: Ints = 1,
    padding: object = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> Array:
    """y[n, o, p] = bias[o] + sum of w[o, c, tap] * x[n, c of o's group, p * stride + tap * dilation]."""
    x, w = wide(x), wide(w)
    size, kernel = x.shape[2:], w.shape[2:]
    pads = resolve_padding(padding, size, kernel, stride, dilation)
    out = conv_out_size(size, kernel, stride, padding, dilation)
    n, c_in, c_out = x.shape[0], x.shape[1], w.shape[0]
    w = w.reshape(groups, c_out // groups, c_in // groups, *kernel)
    x = pad(x, pads).reshape(n, groups, c_in // groups, *(s + sum(p) for s, p in zip(size, pads, strict=True)))
    y = np.zeros((n, groups, c_out // groups, *out), np.result_type(x, w))
    with np.errstate(invalid="ignore"):
        for tap, window in taps(kernel, out, stride, dilation):
            y += np.einsum("ngc...,goc->ngo...", x[(..., *window)], w[(..., *tap)])
        y = y.reshape(n, c_out, *out)
        return y if bias is None else y + places(bias, len(out))


def places(bias: object, rank: int) -> Array:
    """A bias with an axis for the channels and one for each spatial axis, of size 1 where it is the same everywhere."""
    bias = wide(bias)
    return bias if bias.ndim > 1 else bias.reshape(-1, *(1,) * rank)


def separable_conv(
    x: object,
    depthwise: object,
    pointwise: object,
    depthwise_bias: object = None,
    pointwise_bias: object = None,
    stride: Ints = 1,
    padding: object = 0,
    dilation: Ints = 1,
    between: str | None = None,
) -> Array:
    """One convolution with a group for each channel, an activation `between`, and one with kernels of size 1."""
    x = wide(x)
    y = conv(x, depthwise, depthwise_bias, stride, padding, dilation, x.shape[1])
    return conv(y if between is None else activation(between, y), pointwise, pointwise_bias)


def conv_input(
    input_shape: Sequence[int],
    w: object,
    g: object,
    stride: Ints = 1,
    padding: object = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> Array:
    """Gradient of sum(conv(x, w) * g) with respect to x: each output sends g back along every tap it used."""
    w, g = wide(w), wide(g)
    size, kernel, out = tuple(input_shape[2:]), w.shape[2:], g.shape[2:]
    pads = resolve_padding(padding, size, kernel, stride, dilation)
    n, c_in, c_out = input_shape[0], input_shape[1], w.shape[0]
    w = w.reshape(groups, c_out // groups, c_in // groups, *kernel)
    g = g.reshape(n, groups, c_out // groups, *out)
    padded = tuple(s + sum(p) for s, p in zip(size, pads, strict=True))
    gx = np.zeros((n, groups, c_in // groups, *padded), np.result_type(g, w))
    with np.errstate(invalid="ignore"):
        for tap, window in taps(kernel, out, stride, dilation):
            gx[(..., *window)] += np.einsum("ngo...,goc->ngc...", g, w[(..., *tap)])
    return gx.reshape(n, c_in, *padded)[inside(pads, size)]


def conv_weight(
    x: object,
    weight_shape: Sequence[int],
    g: object,
    stride: Ints = 1,
    padding: object = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> Array:
    """Gradient of sum(conv(x, w) * g) with respect to w: each tap collects x * g over all outputs."""
    x, g = wide(x), wide(g)
    size, kernel, out = x.shape[2:], tuple(weight_shape[2:]), g.shape[2:]
    pads = resolve_padding(padding, size, kernel, stride, dilation)
    n, c_in, c_out = x.shape[0], x.shape[1], weight_shape[0]
    x = pad(x, pads).reshape(n, groups, c_in // groups, *(s + sum(p) for s, p in zip(size, pads, strict=True)))
    g = g.reshape(n, groups, c_out // groups, int(np.prod(out)))
    gw = np.zeros((groups, c_out // groups, c_in // groups, *kernel), np.result_type(x, g))
    with np.errstate(invalid="ignore"):
        for tap, window in taps(kernel, out, stride, dilation):
            met = x[(..., *window)].reshape(*x.shape[:3], g.shape[-1])
            gw[(..., *tap)] = np.einsum("ngcp,ngop->goc", met, g)
    return gw.reshape(weight_shape)


def conv_bias(g: object, bias_shape: Sequence[int] | None = None) -> Array:
    """Gradient of sum((conv + bias) * g) with respect to bias: the sum over all that share it."""
    g = wide(g)
    shape = tuple(bias_shape or g.shape[1:2])
    extents = shape[1:] or (1,) * (g.ndim - 2)
    return g.sum(axis=(0, *(axis + 2 for axis, extent in enumerate(extents) if extent == 1))).reshape(shape)


def tile_windows(
    size: Sequence[int], w_shape: Sequence[int], stride: Ints, padding: object, dilation: Ints
) -> tuple[Pairs, tuple[int, ...], Iterator[tuple[tuple[int, ...], tuple[int, ...], tuple[slice, ...]]]]:
    """Pads and output sizes of a tiled convolution, and for each output its place, its tile and what it reads of the padded
    input."""
    rank = len(size)
    tiles, kernel = w_shape[:rank], w_shape[rank : 2 * rank]
    pads = resolve_padding(padding, size, kernel, stride, dilation)
    out = conv_out_size(size, kernel, stride, padding, dilation)
    stride, dilation = per_axis(stride, rank), per_axis(dilation, rank)
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]

    def windows() -> Iterator[tuple[tuple[int, ...], tuple[int, ...], tuple[slice, ...]]]:
        for place in itertools.product(*map(range, out)):
            starts = [p * s for p, s in zip(place, stride, strict=True)]
            window = tuple(slice(a, a + r, d) for a, r, d in zip(starts, reach, dilation, strict=True))
            yield place, tuple(p % t for p, t in zip(place, tiles, strict=True)), window

    return pads, out, windows()


def tiled_conv(
    x: object,
    w: object,
    bias: object = None,
    stride: Ints = 1,
    padding: object = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> Array:
    """y[n, o, p] = bias[o] + sum of w[p mod tiles, tap, c, o] * x[n, c of o's group, p * stride + tap * dilation]."""
    x, w = wide(x), wide(w)
    n, c_in, *size = x.shape
    c_out, rank = w.shape[-1], len(size)
    kernel = w.shape[rank : 2 * rank]
    pads, out, windows = tile_windows(size, w.shape, stride, padding, dilation)
    x = pad(x, pads)
    x = x.reshape(n, groups, c_in // groups, *x.shape[2:])
    y = np.zeros((n, groups, c_out // groups, *out), np.result_type(x, w))
    with np.errstate(invalid="ignore"):
        for place, tile, window in windows:
            filters = np.moveaxis(w[tile], -2, 0).reshape(c_in // groups, -1, groups, c_out // groups)
            patch = x[(..., *window)].reshape(n, groups, c_in // groups, int(np.prod(kernel)))
            y[(..., *place)] = np.einsum("ngck,ckgo->ngo", patch, filters)
        y = y.reshape(n, c_out, *out)
        return y if bias is None else y + places(bias, rank)


def tiled_input(
    input_shape: Sequence[int],
    w: object,
    g: object,
    stride: Ints = 1,
    padding: object = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> Array:
    """Gradient of sum(tiled_conv(x, w) * g) with respect to x."""
    w, g = wide(w), wide(g)
    n, c_in, *size = input_shape
    c_out, rank = w.shape[-1], len(size)
    pads, out, windows = tile_windows(size, w.shape, stride, padding, dilation)
    g = g.reshape(n, groups, c_out // groups, *out)
    padded = [s + sum(p) for s, p in zip(size, pads, strict=True)]
    gx = np.zeros((n, groups, c_in // groups, *padded), np.result_type(g, w))
    with np.errstate(invalid="ignore"):
        for place, tile, window in windows:
            filters = np.moveaxis(w[tile], -2, 0).reshape(c_in // groups, -1, groups, c_out // groups)
            back = np.einsum("ngo,ckgo->ngck", g[(..., *place)], filters)
            gx[(..., *window)] += back.reshape(n, groups, c_in // groups, *w.shape[rank : 2 * rank])
    return gx.reshape(n, c_in, *padded)[inside(pads, size)]


def tiled_weight(
    x: object,
    weight_shape: Sequence[int],
    g: object,
    stride: Ints = 1,
    padding: object = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> Array:
    """Gradient of sum(tiled_conv(x, w) * g) with respect to w; a tile that no output has gets zeros."""
    x, g = wide(x), wide(g)
    n, c_in, *size = x.shape
    c_out, rank = weight_shape[-1], len(size)
    kernel = weight_shape[rank : 2 * rank]
    pads, out, windows = tile_windows(size, weight_shape, stride, padding, dilation)
    x = pad(x, pads)
    x = x.reshape(n, groups, c_in // groups, *x.shape[2:])
    g = g.reshape(n, groups, c_out // groups, *out)
    gw = np.zeros(weight_shape, np.result_type(x, g))
    with np.errstate(invalid="ignore"):
        for place, tile, window in windows:
            patch = x[(..., *window)].reshape(n, groups, c_in // groups, int(np.prod(kernel)))
            made = np.einsum("ngck,ngo->kcgo", patch, g[(..., *place)])
            gw[tile] += made.reshape(*kernel, c_in // groups, c_out)
    return gw


def conv_transpose_canvas(
    size: Sequence[int], kernel: Sequence[int], stride: Ints, padding: object, output_padding: Ints, dilation: Ints
) -> tuple[tuple[int, ...], tuple[slice, ...]]:
    """Everything that the inputs reach, with the output padding, and which part of it is the output."""
    rank = len(size)
    pads = resolve_padding(padding, size, kernel, 1, 1)
    stride, dilation, more = (per_axis(value, rank) for value in (stride, dilation, output_padding))
    axes = zip(size, kernel, stride, dilation, more, strict=True)
    canvas = tuple((i - 1) * s + d * (k - 1) + 1 + m for i, k, s, d, m in axes)
    return canvas, tuple(slice(front, c - back) for c, (front, back) in zip(canvas, pads, strict=True))


def conv_transpose(
    x: object,
    w: object,
    bias: object = None,
    stride: Ints = 1,
    padding: object = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
) -> Array:
    """y[n, o, i * stride + tap * dilation - padding] += w[c, o, tap] * x[n, c, i] for every input i and tap."""
    x, w = wide(x), wide(w)
    n, c_in, size, kernel, c_out = x.shape[0], x.shape[1], x.shape[2:], w.shape[2:], w.shape[1] * groups
    canvas, part = conv_transpose_canvas(size, kernel, stride, padding, output_padding, dilation)
    x = x.reshape(n, groups, c_in // groups, *size)
    w = w.reshape(groups, c_in // groups, c_out // groups, *kernel)
    y = np.zeros((n, groups, c_out // groups, *canvas), np.result_type(x, w))
    with np.errstate(invalid="ignore"):
        for tap, window in taps(kernel, size, stride, dilation):
            y[(..., *window)] += np.einsum("ngc...,gco->ngo...", x, w[(..., *tap)])
        y = y[(..., *part)].reshape(n, c_out, *(s.stop - s.start for s in part))
        return y if bias is None else y + wide(bias).reshape(-1, *(1,) * len(size))


def conv_transpose_input(
    input_shape: Sequence[int],
    w: object,
    g: object,
    stride: Ints = 1,
    padding: object = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
) -> Array:
    """Gradient of sum(conv_transpose(x, w) * g) with respect to x: each input collects g wherever it went."""
    w, g = wide(w), wide(g)
    n, c_in, *size = input_shape
    kernel, c_out = w.shape[2:], w.shape[1]
    canvas, part = conv_transpose_canvas(size, kernel, stride, padding, output_padding, dilation)
    w = w.reshape(groups, c_in // groups, c_out, *kernel)
    whole = np.zeros((n, groups, c_out, *canvas), np.result_type(g, w))
    whole[(..., *part)] = g.reshape(n, groups, c_out, *g.shape[2:])
    gx = np.zeros((n, groups, c_in // groups, *size), whole.dtype)
    for tap, window in taps(kernel, size, stride, dilation):
        gx += np.einsum("ngo...,gco->ngc...", whole[(..., *window)], w[(..., *tap)])
    return gx.reshape(input_shape)


def conv_transpose_weight(
    x: object,
    weight_shape: Sequence[int],
    g: object,
    stride: Ints = 1,
    padding: object = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
) -> Array:
    """Gradient of sum(conv_transpose(x, w) * g) with respect to w."""
    x, g = wide(x), wide(g)
    n, c_in, *size = x.shape
    kernel, c_out = tuple(weight_shape[2:]), weight_shape[1]
    canvas, part = conv_transpose_canvas(size, kernel, stride, padding, output_padding, dilation)
    whole = np.zeros((n, groups, c_out, *canvas), np.result_type(x, g))
    whole[(..., *part)] = g.reshape(n, groups, c_out, *g.shape[2:])
    x = x.reshape(n, groups, c_in // groups, int(np.prod(size)))
    gw = np.zeros((groups, c_in // groups, c_out, *kernel), whole.dtype)
    for tap, window in taps(kernel, size, stride, dilation):
        met = whole[(..., *window)].reshape(n, groups, c_out, x.shape[-1])
        gw[(..., *tap)] = np.einsum("ngcp,ngop->gco", x, met)
    return gw.reshape(weight_shape)


def linear(x: object, w: object, bias: object = None) -> Array:
    """y[..., o] = bias[o] + sum over i of x[..., i] * w[o, i]."""
    with np.errstate(invalid="ignore"):
        y = np.einsum("...i,oi->...o", wide(x), wide(w))
        return y if bias is None else y + wide(bias)


# ---- pooling


def pool_out_size(
    size: Sequence[int],
    kernel: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
) -> tuple[int, ...]:
    """torch's rule: ceil_mode rounds up, but the last window starts inside the input or its left padding."""
    rank = len(size)
    stride = kernel if stride is None else stride
    k, s, p, d = (per_axis(v, rank) for v in (kernel, stride, padding, dilation))
    out = []
    for i in range(rank):
        span = size[i] + 2 * p[i] - d[i] * (k[i] - 1) - 1
        o = (-(-span // s[i]) if ceil_mode else span // s[i]) + 1
        if ceil_mode and (o - 1) * s[i] >= size[i] + p[i]:
            o -= 1
        out.append(o)
    return tuple(out)


def pool_pads(size: Sequence[int], out: Sequence[int], kernel: Ints, stride: Ints, padding: Ints, dilation: Ints) -> Pairs:
    """Pads (front, back) that hold every window, also those that ceil_mode lets run over the end."""
    rank = len(size)
    k, s, p, d = (per_axis(v, rank) for v in (kernel, stride, padding, dilation))
    reach = [(o - 1) * s[i] + d[i] * (k[i] - 1) + 1 for i, o in enumerate(out)]
    return tuple((p[i], max(reach[i] - p[i] - size[i], p[i])) for i in range(rank))


def max_pool(
    x: object,
    kernel: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
) -> tuple[Array, Array]:
    """Maximum of each window and its flat index in the unpadded plane (int64).

    Taps are visited in row-major order and padding is not part of a window. A later element wins only by
    being larger, or by being the first nan; so ties go to the first, and a window of nothing but -inf has the
    index of its first element. A window without any element is refused.
    """
    x = wide(x)
    size = x.shape[2:]
    rank = len(size)
    stride = kernel if stride is None else stride
    out = pool_out_size(size, kernel, stride, padding, dilation, ceil_mode)
    pads = pool_pads(size, out, kernel, stride, padding, dilation)
    padded = pad(x, pads)
    place = pad(np.arange(np.prod(size, dtype=np.int64)).reshape(size), pads, -1)
    best = np.full((*x.shape[:2], *out), -np.inf, x.dtype)
    where = np.full(best.shape, -1, np.int64)
    for _, window in taps(per_axis(kernel, rank), out, stride, dilation):
        value, index = padded[(..., *window)], place[window]
        wins = (value > best) | (np.isnan(value) & ~np.isnan(best)) | (where < 0)
        wins &= index >= 0
        best = np.where(wins, value, best)
        where = np.where(wins, index, where)
    if (where < 0).any():
        raise ValueError("a window holds no element of the input")
    return best, where


def scatter_planes(planes_shape: Sequence[int], indices: Array, values: object, add: bool) -> Array:
    """Write (or add) each plane's values at its flat indices; a later write in row-major order wins."""
    values = wide(values)
    n, c = planes_shape[:2]
    planes = np.zeros((n * c, int(np.prod(planes_shape[2:]))), values.dtype)
    flat = np.asarray(indices).astype(np.int64).reshape(n * c, int(np.prod(indices.shape[2:])))
    rows = np.repeat(np.arange(n * c), flat.shape[1])
    if add:
        np.add.at(planes, (rows, flat.ravel()), values.ravel())
    else:
        planes[rows, flat.ravel()] = values.ravel()
    return planes.reshape(planes_shape)


def gather_planes(planes: object, indices: Array) -> Array:
    """Read each plane at its flat indices."""
    planes = wide(planes)
    n, c = planes.shape[:2]
    flat = np.asarray(indices).astype(np.int64)
    picked = planes.reshape(n * c, int(np.prod(planes.shape[2:])))[
        np.arange(n * c)[:, None], flat.reshape(n * c, int(np.prod(flat.shape[2:])))
    ]
    return picked.reshape(flat.shape)


def max_pool_input(input_shape: Sequence[int], indices: Array, g: object) -> Array:
    """Gradient of max pooling: every window sends g to its winner, and overlapping windows add."""
    return scatter_planes(input_shape, indices, g, add=True)


def unpool_out_size(size: Sequence[int], kernel: Ints, stride: Ints | None = None, padding: Ints = 0) -> tuple[int, ...]:
    """Default output size of max unpooling: (size - 1) * stride - 2 * padding + kernel."""
    rank = len(size)
    stride = kernel if stride is None else stride
    k, s, p = (per_axis(v, rank) for v in (kernel, stride, padding))
    return tuple((size[i] - 1) * s[i] - 2 * p[i] + k[i] for i in range(rank))


def max_unpool(x: object, indices: Array, out: Sequence[int]) -> Array:
    """Zeros of spatial size `out` with each value written at its switch."""
    shape = np.shape(x)
    return scatter_planes((*shape[:2], *out), indices, x, add=False)


def max_unpool_input(indices: Array, g: object) -> Array:
    """Gradient of max unpooling: read g at the switches."""
    return gather_planes(g, indices)


def avg_divisors(
    size: Sequence[int],
    kernel: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """Divisor of each window: elements inside the input, or inside input plus the symmetric padding, or the
    override.

    What ceil_mode lets run beyond the right padding is never counted.
    """
    rank = len(size)
    stride = kernel if stride is None else stride
    out = pool_out_size(size, kernel, stride, padding, 1, ceil_mode)
    if divisor_override is not None:
        return np.full(out, divisor_override, np.int64)
    k, s, p = (per_axis(v, rank) for v in (kernel, stride, padding))
    counts = np.ones(out, np.int64)
    for i in range(rank):
        start = np.arange(out[i]) * s[i] - p[i]
        low, high = (-p[i], size[i] + p[i]) if count_include_pad else (0, size[i])
        along = np.minimum(start + k[i], high) - np.maximum(start, low)
        counts *= along.reshape((-1,) + (1,) * (rank - 1 - i))
    return counts


def avg_pool(
    x: object,
    kernel: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """Sum of each window divided by `avg_divisors`."""
    x = wide(x)
    size = x.shape[2:]
    stride = kernel if stride is None else stride
    out = pool_out_size(size, kernel, stride, padding, 1, ceil_mode)
    padded = pad(x, pool_pads(size, out, kernel, stride, padding, 1))
    total = np.zeros((*x.shape[:2], *out), x.dtype)
    with np.errstate(invalid="ignore"):
        for _, window in taps(per_axis(kernel, len(size)), out, stride, 1):
            total += padded[(..., *window)]
    return total / avg_divisors(size, kernel, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool_input(
    input_shape: Sequence[int],
    g: object,
    kernel: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """Gradient of average pooling: every window spreads g / divisor over its elements."""
    g = wide(g)
    size = tuple(input_shape[2:])
    stride = kernel if stride is None else stride
    pads = pool_pads(size, g.shape[2:], kernel, stride, padding, 1)
    share = g / avg_divisors(size, kernel, stride, padding, ceil_mode, count_include_pad, divisor_override)
    gx = np.zeros((*g.shape[:2], *(s + sum(p) for s, p in zip(size, pads, strict=True))), g.dtype)
    for _, window in taps(per_axis(kernel, len(size)), g.shape[2:], stride, 1):
        gx[(..., *window)] += share
    return gx[inside(pads, size)]


# ---- activations


def relu(x: object) -> Array:
    """max(x, 0), with nan kept."""
    x = wide(x)
    return np.where(x < 0, 0, x)


def gated_tanh(x: object, dim: int = -2) -> Array:
    """tanh of the first half of an axis times sigmoid of the second."""
    a, b = np.split(wide(x), 2, dim)
    return np.tanh(a) * sigmoid(b)


def gated_tanh_input(x: object, g: object, dim: int = -2) -> Array:
    """Gradient of `gated_tanh`."""
    a, b = np.split(wide(x), 2, dim)
    tanh, opened = np.tanh(a), sigmoid(b)
    return np.concatenate([g * opened / np.cosh(a) ** 2, g * tanh * opened * sigmoid(-b)], dim)


def wavenet_stack(x: object, layers: Sequence[dict], dilations: Sequence[int]) -> Array:
    """The sum of the skips of WaveNet's layers on one sequence (channels, steps).

    A layer maps "dilated", "skip" and perhaps "residual" to (weight, bias); step by step and tap by tap as the paper
    draws it, gated where the dilated convolution has twice the channels.
    """
    x, total = wide(x), 0.0
    for layer, dilation in zip(layers, dilations, strict=True):
        weight, bias = map(wide, layer["dilated"])
        sums = np.repeat(bias[:, None], x.shape[1], 1)
        for t in range(x.shape[1]):
            for tap in range(weight.shape[2]):
                past = t - (weight.shape[2] - 1 - tap) * dilation
                if past >= 0:
                    sums[:, t] += weight[:, :, tap] @ x[:, past]
        opened = gated_tanh(sums) if len(sums) == 2 * len(x) else relu(sums)
        ones = {name: [wide(a) for a in layer[name]] for name in ("skip", "residual") if name in layer}
        total = total + ones["skip"][0][:, :, 0] @ opened + ones["skip"][1][:, None]
        if "residual" in ones:
            x = x + ones["residual"][0][:, :, 0] @ opened + ones["residual"][1][:, None]
    return total


def relu_input(x: object, g: object) -> Array:
    """Gradient of relu: g where x > 0."""
    return np.where(wide(x) > 0, wide(g), 0)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), written so that exp does not overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1) / (1 + small)


def activation(name: str, x: object, slope: float = 0.01) -> Array:
    """The activation of that name; `slope` is leaky_relu's."""
    x = wide(x)
    with np.errstate(invalid="ignore"):
        match name:
            case "relu":
                return relu(x)
            case "relu6":
                return np.minimum(relu(x), 6)
            case "leaky_relu":
                return np.where(x > 0, x, x.dtype.type(slope) * x)
            case "sigmoid":
                return sigmoid(x)
            case "tanh":
                return np.tanh(x)
            case "silu":
                return x * sigmoid(x)
            case "hardswish":
                return x * (np.minimum(relu(x + 3), 6) / 6)
    raise ValueError(name)


def activation_input(name: str, x: object, g: object, slope: float = 0.01) -> Array:
    """Gradient of sum(activation(x) * g); where there is a corner, that of the side towards zero or below."""
    x, g = wide(x), wide(g)
    match name:
        case "relu":
            return relu_input(x, g)
        case "relu6":
            return np.where((x > 0) & (x < 6), g, 0)
        case "leaky_relu":
            return np.where(x > 0, g, x.dtype.type(slope) * g)
        case "sigmoid":
            return g * sigmoid(x) * sigmoid(-x)
        case "tanh":
            return g * 4 * sigmoid(2 * x) * sigmoid(-2 * x)
        case "silu":
            return g * (sigmoid(x) + x * sigmoid(x) * sigmoid(-x))
        case "hardswish":
            return g * np.where(x <= -3, 0, np.where(x >= 3, 1, x / 3 + 0.5))
    raise ValueError(name)


# ---- softmax and cross entropy


def log_softmax(x: object, dim: int) -> Array:
    """x - log(sum(exp(x))) along `dim`."""
    x = wide(x)
    shifted = x - x.max(axis=dim, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True))


def softmax(x: object, dim: int) -> Array:
    """exp(x) / sum(exp(x)) along `dim`."""
    x = wide(x)
    powers = np.exp(x - x.max(axis=dim, keepdims=True))
    return powers / powers.sum(axis=dim, keepdims=True)


def softmax_input(y: object, g: object, dim: int) -> Array:
    """Gradient of softmax from its output y: y * (g - sum(g * y))."""
    y, g = wide(y), wide(g)
    return y * (g - (g * y).sum(axis=dim, keepdims=True))


def log_softmax_input(y: object, g: object, dim: int) -> Array:
    """Gradient of log_softmax from its output y: g - exp(y) * sum(g)."""
    y, g = wide(y), wide(g)
    return g - np.exp(y) * g.sum(axis=dim, keepdims=True)


def cross_entropy_weights(
    x_shape: Sequence[int], target: Array, weight: object, ignore_index: int, label_smoothing: float
) -> tuple[Array, float]:
    """The q for which the loss of one position is -sum over classes of q * log_softmax(x), and the mean's
    divisor.

    q has the shape of x. For class indices q is weight * ((1 - smoothing) * onehot + smoothing / C), zero
    where the target is ignored, and the mean divides by the summed weights of the targets that count; for
    class probabilities onehot becomes the given target, and the mean divides by the number of positions.
    """
    dim = 1 if len(x_shape) > 1 else 0
    classes = x_shape[dim]
    shape = tuple(-1 if i == dim else 1 for i in range(len(x_shape)))
    w = wide(np.ones(classes) if weight is None else weight).reshape(shape)
    target = np.asarray(target)
    if target.dtype.kind == "f":
        q = w * ((1 - label_smoothing) * wide(target) + label_smoothing / classes)
        return q, float(np.prod(x_shape) // classes)
    counts = target != ignore_index
    chosen = np.expand_dims(np.where(counts, target, 0), dim)
    onehot = np.arange(classes).reshape(shape) == chosen
    q = w * ((1 - label_smoothing) * onehot + label_smoothing / classes) * np.expand_dims(counts, dim)
    return q, float((w * onehot * np.expand_dims(counts, dim)).sum())


def cross_entropy(
    x: object,
    target: Array,
    weight: object = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Array:
    """torch's cross entropy: -sum of q * log_softmax(x), as `cross_entropy_weights` explains."""
    x = wide(x)
    dim = 1 if x.ndim > 1 else 0
    q, divisor = cross_entropy_weights(x.shape, target, weight, ignore_index, label_smoothing)
    loss = -(q * log_softmax(x, dim)).sum(axis=dim)
    if reduction == "none":
        return loss
    with np.errstate(invalid="ignore", divide="ignore"):
        return loss.sum() / (divisor if reduction == "mean" else 1.0)


def cross_entropy_input(
    x: object,
    target: Array,
    weight: object = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    grad_output: object = 1.0,
) -> Array:
    """Gradient of cross_entropy with respect to x: (softmax(x) * sum(q) - q) * grad_output / divisor."""
    x = wide(x)
    dim = 1 if x.ndim > 1 else 0
    q, divisor = cross_entropy_weights(x.shape, target, weight, ignore_index, label_smoothing)
    scale = wide(grad_output)
    if reduction == "none":
        scale = np.expand_dims(scale, dim)
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = scale / divisor if reduction == "mean" else scale
        return (softmax(x, dim) * q.sum(axis=dim, keepdims=True) - q) * scale
