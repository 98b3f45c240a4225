"""The TensorFlow door: signatures, layouts, padding and indices as TensorFlow documents them."""

from collections.abc import Iterator

import calls
import cases
import numpy as np
import oracle
import pytest

import fastconv as fc
from fastconv import tf

CASES = min(cases.CASES, 150)
SPECIAL = (np.nan, -np.inf, np.inf)


def spelled(rng: np.random.Generator, values: tuple[int, ...], last: bool) -> object:
    """One number, one an axis, or one for each axis of the input."""
    kind = int(rng.integers(3))
    if kind == 0 and len(set(values)) == 1:
        return values[0]
    if kind == 1:
        return list(values)
    return [1, *values, 1] if last else [1, 1, *values]


def drawn(stream: str, rank: int, explicit: bool = True) -> Iterator[tuple]:
    """Random problems: generator, input size, kernel, stride, padding here and there, whether the channels are last."""
    for index in range(CASES):
        rng = cases.rng_for(f"tf {stream}{rank}d", index)
        kernel = tuple(int(k) for k in rng.integers(1, 5, rank))
        stride = tuple(int(s) for s in rng.integers(1, 4, rank))
        size = tuple(int(k + s) for k, s in zip(kernel, rng.integers(0, 8, rank), strict=True))
        last = bool(rng.random() < 0.6)
        padding: object = ("SAME", "VALID")[int(rng.integers(2))]
        pairs: object = str(padding).lower()
        if explicit and rng.random() < 0.4:
            pairs = tuple(tuple(int(rng.integers(k)) for _ in range(2)) for k in kernel)
            inner = [list(pair) for pair in pairs]
            padding = [[0, 0], *inner, [0, 0]] if last else [[0, 0], [0, 0], *inner]
        words = cases.told(f"tf {stream}{rank}d", index, size, kernel, stride, padding, last)
        yield rng, size, kernel, stride, padding, pairs, last, words


def layout(rank: int, last: bool) -> str:
    """The data_format."""
    return (calls.LAST if last else calls.FIRST)[rank]


def test_convolutions(rank: int) -> None:
    function = getattr(tf, f"conv{rank}d")
    for rng, size, kernel, stride, padding, pairs, last, words in drawn("conv", rank):
        groups = int(rng.integers(1, 3))
        dilation = tuple(int(d) for d in rng.integers(1, 3, rank)) if padding == "SAME" else (1,) * rank
        x = cases.integers(rng, (2, 3 * groups, *size), "float32")
        w = cases.integers(rng, (4 * groups, 3, *kernel), "float32")
        expected = oracle.conv(x, w, None, stride, pairs, dilation, groups)
        filters = np.moveaxis(w, (0, 1), (-1, -2))
        there = calls.to_last(x, rank) if last else x
        how = {"dilations": spelled(rng, dilation, last), "data_format": layout(rank, last)}
        with fc.override(precision="strict"):
            y = function(there, filters, spelled(rng, stride, last), padding, **how)
        np.testing.assert_array_equal(y, calls.to_last(expected, rank) if last else expected, words)


def test_depthwise_and_separable() -> None:
    for rng, size, kernel, stride, padding, pairs, last, words in drawn("depthwise", 2):
        channels, multiplier = int(rng.integers(1, 20)), int(rng.integers(1, 4))
        x = cases.integers(rng, (2, channels, *size), "float64")
        w = cases.integers(rng, (*kernel, channels, multiplier), "float64")
        mixed = cases.integers(rng, (1, 1, channels * multiplier, 5), "float64")
        y = np.stack(
            [oracle.conv(x[:, [c]], w[None, :, :, [c], m].transpose(0, 3, 1, 2), None, stride, pairs)[:, 0]
             for c in range(channels) for m in range(multiplier)], axis=1)  # fmt: skip
        there = calls.to_last(x, 2) if last else x
        how = {"data_format": layout(2, last)}
        with fc.override(precision="strict"):
            found = tf.depthwise_conv2d(there, w, spelled(rng, stride, last), padding, **how)
        np.testing.assert_array_equal(found, calls.to_last(y, 2) if last else y, words)
        with fc.override(precision="strict"):
            found = tf.separable_conv2d(there, w, mixed, spelled(rng, stride, last), padding, **how)
        y = np.einsum("ncyx,co->noyx", y, mixed[0, 0])
        np.testing.assert_array_equal(found, calls.to_last(y, 2) if last else y, words)


def test_atrous() -> None:
    rng = cases.rng_for("tf atrous", 0)
    x, w = cases.integers(rng, (2, 3, 9, 8), "float64"), cases.integers(rng, (4, 3, 3, 2), "float64")
    for rate in (1, 2, 3):
        expected = calls.to_last(oracle.conv(x, w, None, 1, "same", rate), 2)
        with fc.override(precision="strict"):
            found = tf.atrous_conv2d(calls.to_last(x, 2), w.transpose(2, 3, 1, 0), rate, "SAME")
        np.testing.assert_array_equal(found, expected)


def test_transposed_is_the_gradient_of_conv2d() -> None:
    for rng, size, kernel, stride, padding, pairs, last, words in drawn("transpose", 2):
        dilation = tuple(int(d) for d in rng.integers(1, 3, 2)) if padding == "SAME" else (1, 1)
        out = oracle.conv_out_size(size, kernel, stride, pairs, dilation)
        g = cases.integers(rng, (2, 5, *out), "float64")
        w = cases.integers(rng, (5, 3, *kernel), "float64")
        expected = oracle.conv_input((2, 3, *size), w, g, stride, pairs, dilation)
        there, right = (calls.to_last(a, 2) if last else a for a in (g, expected))
        how = {"dilations": spelled(rng, dilation, last), "data_format": layout(2, last)}
        with fc.override(precision="strict"):
            shape = list(right.shape)
            y = tf.conv2d_transpose(there, w.transpose(2, 3, 1, 0), shape, spelled(rng, stride, last), padding, **how)
        np.testing.assert_array_equal(y, right, words)


def windows(x: np.ndarray, kernel: tuple, stride: tuple, pairs: object) -> Iterator[tuple[tuple, tuple[slice, ...]]]:
    """Each output place of (n, c, *size) and the part of its window inside the input."""
    size = x.shape[2:]
    pads = oracle.resolve_padding(pairs, size, kernel, stride, 1)
    out = oracle.conv_out_size(size, kernel, stride, pairs, 1)
    for place in np.ndindex(*out):
        starts = [p * s - front for p, s, (front, _) in zip(place, stride, pads, strict=True)]
        yield place, tuple(slice(max(a, 0), min(a + k, n)) for a, k, n in zip(starts, kernel, size, strict=True))


def pooled(x: np.ndarray, kernel: tuple, stride: tuple, pairs: object, reduce: object) -> np.ndarray:
    """Reduce the part of each window that lies inside."""
    rank = x.ndim - 2
    y = np.empty((*x.shape[:2], *oracle.conv_out_size(x.shape[2:], kernel, stride, pairs, 1)), x.dtype)
    for place, window in windows(x, kernel, stride, pairs):
        y[(..., *place)] = reduce(x[(..., *window)], axis=tuple(range(2, 2 + rank)))
    return y


def test_max_pools(rank: int, isa: str) -> None:
    for rng, size, kernel, stride, padding, pairs, last, words in drawn("max", rank):
        x = cases.integers(rng, (2, int(rng.integers(1, 40)), *size), "float32")
        x[rng.random(x.shape) < 0.3] = -np.inf
        expected = pooled(x, kernel, stride, pairs, np.max)
        there, right = (calls.to_last(a, rank) if last else a for a in (x, expected))
        for function in (getattr(tf, f"max_pool{rank}d"), tf.max_pool):
            how = {"ksize": spelled(rng, kernel, last), "strides": spelled(rng, stride, last), "padding": padding}
            for threads in (1, 3):
                y = function(there, **how, data_format=layout(rank, last), num_threads=threads)
                np.testing.assert_array_equal(y, right, words)


def test_average_pools_count_what_is_inside(rank: int, isa: str) -> None:
    for rng, size, kernel, stride, padding, pairs, last, words in drawn("avg", rank, explicit=False):
        x = cases.integers(rng, (2, int(rng.integers(1, 40)), *size), "float64")
        expected = pooled(x, kernel, stride, pairs, np.mean)
        there, right = (calls.to_last(a, rank) if last else a for a in (x, expected))
        for function in (getattr(tf, f"avg_pool{rank}d"), tf.avg_pool):
            how = {"ksize": spelled(rng, kernel, last), "strides": spelled(rng, stride, last), "padding": padding}
            y = function(there, **how, data_format=layout(rank, last))
            np.testing.assert_allclose(y, right, rtol=0, atol=4 * np.finfo(np.float64).eps, err_msg=words)


@pytest.mark.parametrize("with_batch", [False, True])
def test_argmax_says_where(with_batch: bool, isa: str) -> None:
    for rng, size, kernel, stride, padding, pairs, last, words in drawn("argmax", 2):
        if not last:
            continue
        x = cases.integers(rng, (3, int(rng.integers(1, 40)), *size), "float32", 1)
        for value in SPECIAL:
            x[rng.random(x.shape) < 0.1] = value
        n, c, h, w = x.shape
        how = {"ksize": list(kernel), "strides": list(stride), "padding": padding}
        y, where = tf.max_pool_with_argmax(calls.to_last(x, 2), **how, include_batch_in_index=with_batch)
        assert where.dtype == np.int64
        batch, channel = np.ogrid[:n, :c]
        for place, (rows, columns) in windows(x, kernel, stride, pairs):
            part = x[:, :, rows, columns].reshape(n, c, -1)
            first = np.argmax(part, axis=-1)  # of equals the first, of nan the first
            row, column = np.divmod(first, columns.stop - columns.start)
            index = ((row + rows.start) * w + column + columns.start) * c + channel
            index = index + batch * h * w * c if with_batch else index
            np.testing.assert_array_equal(where[:, place[0], place[1]], index, words)
            best = np.take_along_axis(part, first[..., None], axis=-1)[..., 0]
            np.testing.assert_array_equal(y[:, place[0], place[1]], best, words)
        if with_batch:
            flat = calls.to_last(x, 2).ravel()
            np.testing.assert_array_equal(flat[where], y, words)


def test_argmax_in_32_bits() -> None:
    x = np.ones((1, 2, 2, 1), np.float32)
    for dtype in (np.int32, "int32", np.dtype("int32")):
        assert tf.max_pool_with_argmax(x, 2, 2, "SAME", output_dtype=dtype)[1].dtype == np.int32
    wide = np.broadcast_to(np.float32(0), (1, 1 << 16, 1 << 16, 1))
    with pytest.raises(fc.FastconvValueError, match=r"tf\.max_pool_with_argmax: output_dtype must hold every place"):
        tf.max_pool_with_argmax(wide, 2, 2, "SAME", output_dtype=np.int32)


X, W = np.ones((2, 5, 6, 3), np.float32), np.ones((3, 3, 3, 4), np.float32)
V = np.ones((3, 3, 4, 3), np.float32)
D, P = np.ones((3, 3, 3, 2), np.float32), np.ones((1, 1, 6, 4), np.float32)
WRONG = [
    (tf.conv2d, (X, W, 0, "SAME"), "tf.conv2d: strides must be positive"),
    (tf.conv2d, (X, W, [2, 1, 1, 1], "SAME"), "tf.conv2d: strides must be 1 for batch and channels"),
    (tf.conv2d, (X, W, [1, 1, 1], "SAME"), "tf.conv2d: strides must be a whole number, or 2 or 4 of them"),
    (tf.conv2d, (X, W, 1, "same"), "tf.conv2d: padding must be one of"),
    (tf.conv2d, (X, W, 1, [[0, 0], [1, 1]]), "tf.conv2d: padding must be 'SAME', 'VALID' or a"),
    (tf.conv2d, (X, W, 1, [[1, 0], [1, 1], [1, 1], [0, 0]]), "tf.conv2d: padding must be .0, 0. for batch and channels"),
    (tf.conv2d, (X, W, 1, [[0, 0], [-1, 1], [1, 1], [0, 0]]), "tf.conv2d: padding must not be negative"),
    (tf.conv2d, (X, W, 1, "SAME", "NWHC"), "tf.conv2d: data_format must be one of"),
    (tf.conv2d, (X, W, 1, "SAME", "NHWC", 0), "tf.conv2d: dilations must be positive"),
    (tf.conv2d, (X[0], W, 1, "SAME"), "tf.conv2d: input must have 4 axes"),
    (tf.conv2d, (X, W[0], 1, "SAME"), "tf.conv2d: filters must have 4 axes"),
    (tf.conv2d, (X, W[:, :, :2], 1, "SAME"), "tf.conv2d: filters must have input channels that divide those of input, 3"),
    (tf.conv2d, (X, W, 1, "VALID", "NHWC", 3), "tf.conv2d: filters must not be larger than the padded input"),
    (tf.conv1d, (X[0], W[0], [1, 2, 2], "SAME"), "tf.conv1d: stride must be 1 for batch and channels"),
    (tf.depthwise_conv2d, (X, D[:, :, :2], 1, "SAME"), "tf.depthwise_conv2d: filter must have the 3 channels of input"),
    (tf.depthwise_conv2d, (X, D, 1, "VALID", None, 3), "tf.depthwise_conv2d: filter must not be larger"),
    (
        tf.separable_conv2d,
        (X, D, P[:, :, :5], 1, "SAME"),
        r"tf.separable_conv2d: pointwise_filter must have shape \(1, 1, 6, out",
    ),
    (tf.atrous_conv2d, (X, W, 0, "SAME"), "tf.atrous_conv2d: rate must be positive"),
    (tf.atrous_conv2d, (X[0], W, 1, "SAME"), "tf.atrous_conv2d: value must have 4 axes"),
    (tf.conv2d_transpose, (X, W, (2, 5, 6, 3), 1), "tf.conv2d_transpose: filters must have the 3 channels of input last"),
    (tf.conv2d_transpose, (X, V, (2, 5, 6, 3), 1), "tf.conv2d_transpose: output_shape must have the batch of input, 2, and"),
    (tf.conv2d_transpose, (X, V, (2, 9, 6, 4), 1), "tf.conv2d_transpose: output_shape must be one of which"),
    (tf.conv2d_transpose, (X, V, (2, 5, 6), 1), "tf.conv2d_transpose: output_shape must have 4 sizes"),
    (tf.max_pool2d, (X, 0, 1, "SAME"), "tf.max_pool2d: ksize must be positive"),
    (tf.max_pool2d, (X, 7, 1, "VALID"), "tf.max_pool2d: ksize must not exceed the padded input"),
    (tf.max_pool2d, (X, 2, 1, [[0, 0], [2, 0], [0, 0], [0, 0]]), "tf.max_pool2d: padding must be less than ksize"),
    (tf.max_pool3d, (X, 2, 1, "SAME"), "tf.max_pool3d: input must have 5 axes"),
    (tf.max_pool, (X[0, 0], 2, 1, "SAME"), "tf.max_pool: input must have 3 or 4 or 5 axes"),
    (tf.max_pool_with_argmax, (X, 2, 1, "SAME", "NCHW"), "tf.max_pool_with_argmax: data_format must be one of"),
]
WRONG_KINDS = [
    (tf.conv2d, (X, W.astype("float64"), 1, "SAME"), "tf.conv2d: filters must have the dtype of input"),
    (tf.conv2d, (X.astype(int), W.astype(int), 1, "SAME"), "tf.conv2d: input must be float32 or float64"),
    (tf.conv2d, (X, [1], 1, "SAME"), "tf.conv2d: filters must be a NumPy array"),
    (tf.conv2d, ([1], W, 1, "SAME"), "tf.conv2d: input must be a NumPy array"),
    (tf.conv2d, (X, W, 1.5, "SAME"), "tf.conv2d: strides must be a whole number"),
    (tf.conv2d, (X, W, 1, None), "tf.conv2d: padding must be one of"),
    (tf.avg_pool2d, (X, 2, 1, [[0, 0], [1, 1], [1, 1], [0, 0]]), "tf.avg_pool2d: padding must be one of"),
    (tf.max_pool_with_argmax, (X, 2, 1, "SAME", "NHWC", np.int16), "tf.max_pool_with_argmax: output_dtype must be int64"),
    (tf.max_pool_with_argmax, (X, 2, 1, "SAME", "NHWC", np.int64, 1), "include_batch_in_index must be True or False"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "arguments", "says"), WRONG, ids=[w[2] for w in WRONG])
def test_bad_values_are_refused(function: object, arguments: tuple, says: str) -> None:
    with pytest.raises(fc.FastconvValueError, match=says):
        function(*arguments)


@pytest.mark.parametrize(("function", "arguments", "says"), WRONG_KINDS, ids=[w[2] for w in WRONG_KINDS])
def test_bad_kinds_are_refused(function: object, arguments: tuple, says: str) -> None:
    with pytest.raises(fc.FastconvTypeError, match=says):
        function(*arguments)


def test_an_empty_batch() -> None:
    assert tf.conv2d(X[:0], W, 1, "SAME").shape == (0, 5, 6, 4)
    assert tf.max_pool2d(X[:0], 2, 2, "SAME").shape == (0, 3, 3, 3)
    assert [a.shape for a in tf.max_pool_with_argmax(X[:0], 2, 2, "VALID")] == [(0, 2, 3, 3)] * 2
