"""The oracle against SciPy, against numbers worked by hand, and its gradients against finite differences."""

import itertools

import numpy as np
import oracle
import pytest
import scipy.ndimage
import scipy.signal
import scipy.special


def integers(rng: np.random.Generator, shape: tuple[int, ...], limit: int = 5) -> np.ndarray:
    """Small integers as float64."""
    return rng.integers(-limit, limit + 1, shape).astype(np.float64)


def by_scipy(
    x: np.ndarray, w: np.ndarray, stride: int, pads: tuple[tuple[int, int], ...], dilation: int, groups: int
) -> np.ndarray:
    """The convolution made of scipy.signal.correlate: padding, a kernel with holes, sums, slicing."""
    rank = x.ndim - 2
    x = np.pad(x, ((0, 0), (0, 0), *pads))
    holes = np.zeros((*w.shape[:2], *(dilation * (k - 1) + 1 for k in w.shape[2:])))
    holes[(..., *(slice(None, None, dilation),) * rank)] = w
    c_out, c_in = w.shape[0], x.shape[1]
    planes = []
    for i, o in itertools.product(range(len(x)), range(c_out)):
        first = o // (c_out // groups) * (c_in // groups)
        planes.append(
            sum(scipy.signal.correlate(x[i, first + c], holes[o, c], "valid", method="direct") for c in range(w.shape[1]))
        )
    full = np.stack(planes).reshape(len(x), c_out, *planes[0].shape)
    return full[(..., *(slice(None, None, stride),) * rank)]


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize(("groups", "c_in", "c_out"), [(1, 3, 4), (2, 4, 6), (3, 3, 6)])
@pytest.mark.parametrize("pad", [0, 2, (1, 3)])
def test_conv_is_scipy_correlate(
    rank: int, stride: int, dilation: int, groups: int, c_in: int, c_out: int, pad: object
) -> None:
    rng = np.random.default_rng([rank, stride, dilation, groups])
    x = integers(rng, (2, c_in, *(7, 9, 6)[:rank]))
    w = integers(rng, (c_out, c_in // groups, *(3, 2, 3)[:rank]))
    pads = (pad if isinstance(pad, tuple) else (pad, pad),) * rank
    y = oracle.conv(x, w, None, stride, pads, dilation, groups)
    assert (y == by_scipy(x, w, stride, pads, dilation, groups)).all()
    assert y.shape == oracle.conv_output_shape(x.shape, w.shape, stride, pads, dilation)
    bias = integers(rng, (c_out,))
    with_bias = oracle.conv(x, w, bias, stride, pads, dilation, groups)
    assert (with_bias - y == bias.reshape(1, -1, *(1,) * rank)).all()


NUMPY_MODES = {"replicate": "edge", "reflect": "reflect", "symmetric": "symmetric", "circular": "wrap"}
SCIPY_MODES = {"replicate": "nearest", "reflect": "mirror", "symmetric": "reflect", "circular": "wrap"}


@pytest.mark.parametrize("mode", NUMPY_MODES)
@pytest.mark.parametrize("size", [(4, 5), (1, 3), (2, 1)])
@pytest.mark.parametrize("pads", [((0, 1), (2, 3)), ((1, 0), (9, 14)), ((8, 7), (0, 0))])
def test_border_is_numpy_pad(mode: str, size: tuple[int, ...], pads: tuple) -> None:
    x = integers(np.random.default_rng(0), (2, *size))
    made = oracle.border(x, pads, ((mode, mode),) * 2)
    # numpy.pad wraps as often as needed, except around one element in old versions; there every border is that element.
    modes = ["edge" if n == 1 else NUMPY_MODES[mode] for n in size]
    expected = x
    for axis, (pair, name) in enumerate(zip(pads, modes, strict=True)):
        width = [(0, 0)] * 3
        width[axis + 1] = pair
        if name == "wrap":
            at = np.arange(-pair[0], size[axis] + pair[1]) % size[axis]
            expected = expected.take(at, axis + 1)
        else:
            expected = np.pad(expected, width, mode=name)
    assert (made == expected).all()
    back = integers(np.random.default_rng(1), made.shape)
    assert np.vdot(made, back) == np.vdot(x, oracle.border_back(back, size, pads, ((mode, mode),) * 2))


@pytest.mark.parametrize("mode", SCIPY_MODES)
def test_border_is_scipy_ndimage(mode: str) -> None:
    rng = np.random.default_rng(3)
    x, w = integers(rng, (4, 5)), integers(rng, (7, 3))
    padded = oracle.border(x[None, None], ((3, 3), (1, 1)), ((mode, mode),) * 2)
    assert (oracle.conv(padded, w[None, None])[0, 0] == scipy.ndimage.correlate(x, w, mode=SCIPY_MODES[mode])).all()


def test_border_by_hand() -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    modes = (("constant", "replicate"), ("zeros", "circular"))
    expected = [[9, 9, 9, 9], [0, 1, 2, 1], [0, 3, 4, 3], [0, 3, 4, 3]]
    assert oracle.border(x, ((1, 1), (1, 1)), modes, 9.0).tolist() == expected
    back = oracle.border_back(np.ones((4, 4)), (2, 2), ((1, 1), (1, 1)), modes)
    assert back.tolist() == [[2, 1], [4, 2]]


def test_conv_flipped_is_scipy_convolve2d() -> None:
    rng = np.random.default_rng(0)
    x, w = integers(rng, (9, 8)), integers(rng, (3, 4))
    y = oracle.conv(x[None, None], w[None, None, ::-1, ::-1], padding=((2, 2), (3, 3)))
    assert (y[0, 0] == scipy.signal.convolve2d(x, w, "full")).all()


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_same_padding_is_scipy_ndimage(rank: int) -> None:
    rng = np.random.default_rng(rank)
    x, w = integers(rng, (8, 7, 6)[:rank]), integers(rng, (3, 5, 3)[:rank])
    y = oracle.conv(x[None, None], w[None, None], padding="same")
    assert (y[0, 0] == scipy.ndimage.correlate(x, w, mode="constant")).all()


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "expected"),
    [
        (13, 6, 5, 1, (1, 2)),
        (8, 3, 1, 1, (1, 1)),
        (8, 2, 1, 1, (0, 1)),
        (8, 3, 2, 1, (0, 1)),
        (8, 3, 1, 2, (2, 2)),
        (5, 1, 3, 1, (0, 0)),
        (224, 7, 2, 1, (2, 3)),
        (3, 2, 4, 1, (0, 0)),
    ],
)
def test_same_padding_by_hand(size: int, kernel: int, stride: int, dilation: int, expected: tuple[int, int]) -> None:
    assert oracle.resolve_padding("same", (size,), (kernel,), stride, dilation) == (expected,)
    assert oracle.conv_out_size((size,), (kernel,), stride, "same", dilation) == (-(-size // stride),)


def test_padding_spellings() -> None:
    args = ((8, 8), (3, 3), 1, 1)
    assert oracle.resolve_padding(2, *args) == ((2, 2), (2, 2))
    assert oracle.resolve_padding((1, 2), *args) == ((1, 1), (2, 2))
    assert oracle.resolve_padding(((1, 0), (2, 3)), *args) == ((1, 0), (2, 3))
    assert oracle.resolve_padding("valid", *args) == ((0, 0), (0, 0))


def test_conv_by_hand() -> None:
    x, w = np.arange(1.0, 6)[None, None], np.array([[[1.0, 10, 100]]])
    assert oracle.conv(x, w).tolist() == [[[321, 432, 543]]]
    assert oracle.conv(x, w, [0.5], 2, 1).tolist() == [[[210.5, 432.5, 54.5]]]
    assert oracle.conv(x, w, None, 1, ((0, 2),), 2).tolist() == [[[531, 42, 53]]]


def test_padding_is_made_of_real_zeros() -> None:
    x = np.ones((1, 1, 3))
    w = np.array([[[np.inf, 1, 1]]])
    y = oracle.conv(x, w, padding=1)
    assert np.isnan(y[0, 0, 0])
    assert (y[0, 0, 1:] == np.inf).all()


def test_longdouble_stays_longdouble() -> None:
    assert oracle.conv(np.ones((1, 1, 3), np.longdouble), np.ones((1, 1, 2))).dtype == np.longdouble


CONV_CASES = [
    (1, {"stride": 2, "padding": ((1, 2),), "dilation": 1, "groups": 1}),
    (2, {"stride": (1, 2), "padding": ((1, 0), (0, 2)), "dilation": (2, 1), "groups": 2}),
    (2, {"stride": 3, "padding": "same", "dilation": 1, "groups": 4}),
    (3, {"stride": (2, 1, 1), "padding": (1, 0, 1), "dilation": 1, "groups": 1}),
]


def unit_vectors(shape: tuple[int, ...]) -> np.ndarray:
    """All arrays of `shape` with a single 1."""
    size = int(np.prod(shape))
    return np.eye(size).reshape(size, *shape)


@pytest.mark.parametrize(("rank", "options"), CONV_CASES)
def test_conv_gradients_by_exact_differences(rank: int, options: dict) -> None:
    """Convolution is linear in each argument: a difference of step 1 is the derivative, without error."""
    rng = np.random.default_rng(rank)
    x = integers(rng, (2, 4, *(6, 5, 4)[:rank]))
    w = integers(rng, (4, 4 // options["groups"], *(3, 2, 2)[:rank]))
    b = integers(rng, (4,))
    y = oracle.conv(x, w, b, **options)
    g = integers(rng, y.shape)

    def loss(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> float:
        return float((oracle.conv(x, w, b, **options) * g).sum())

    base = loss(x, w, b)
    gx = np.array([loss(x + e, w, b) - base for e in unit_vectors(x.shape)]).reshape(x.shape)
    gw = np.array([loss(x, w + e, b) - base for e in unit_vectors(w.shape)]).reshape(w.shape)
    gb = np.array([loss(x, w, b + e) - base for e in unit_vectors(b.shape)]).reshape(b.shape)
    assert (oracle.conv_input(x.shape, w, g, **options) == gx).all()
    assert (oracle.conv_weight(x, w.shape, g, **options) == gw).all()
    assert (oracle.conv_bias(g) == gb).all()


def test_linear_by_hand() -> None:
    assert oracle.linear([[1.0, 2], [3, 4]], [[1.0, 1], [0, 2], [1, 0]], [0.0, 0, 5]).tolist() == [
        [3, 4, 6],
        [7, 8, 8],
    ]


# ---- pooling


def test_max_pool_by_hand() -> None:
    x = np.array([[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])[None, None]
    y, where = oracle.max_pool(x, 2)
    assert y.tolist() == [[[[6, 8], [3, 4]]]]
    assert where.tolist() == [[[[5, 7], [8, 15]]]]
    assert oracle.max_unpool(y, where, (4, 4))[0, 0].tolist() == [
        [0, 0, 0, 0],
        [0, 6, 0, 8],
        [3, 0, 0, 0],
        [0, 0, 0, 4],
    ]


def test_max_pool_ties_nan_and_infinity() -> None:
    nan, inf = np.nan, np.inf
    y, where = oracle.max_pool(np.array([[[2.0, 2, nan, 1, -inf, -inf, nan, nan]]]), 2)
    assert where.tolist() == [[[0, 2, 4, 6]]]
    assert y[0, 0, 0] == 2
    assert np.isnan(y[0, 0, 1])
    assert y[0, 0, 2] == -inf
    assert np.isnan(y[0, 0, 3])
    y, where = oracle.max_pool(np.full((1, 1, 3), -inf), 2, 2, 1)
    assert (y == -inf).all()
    assert where.tolist() == [[[0, 1]]]
    assert oracle.max_pool(np.array([[[1.0, nan, 5, nan]]]), 4)[1].tolist() == [[[1]]]


def test_a_window_without_elements_is_refused() -> None:
    with pytest.raises(ValueError, match="no element"):
        oracle.max_pool(np.ones((1, 1, 1)), 2, 1, 2, 3)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2), (3, 1), (2, 3)])
def test_pools_are_scipy_filters(rank: int, kernel: int, stride: int) -> None:
    rng = np.random.default_rng([rank, kernel, stride])
    x = integers(rng, (9, 8, 7)[:rank])
    centre = kernel // 2
    out = oracle.pool_out_size(x.shape, kernel, stride)
    valid = tuple(slice(centre, centre + (o - 1) * stride + 1, stride) for o in out)
    y, where = oracle.max_pool(x[None, None], kernel, stride)
    assert (y[0, 0] == scipy.ndimage.maximum_filter(x, kernel)[valid]).all()
    assert (x.ravel()[where[0, 0]] == y[0, 0]).all()
    total = scipy.ndimage.correlate(x, np.ones((kernel,) * rank), mode="constant")[valid]
    assert (oracle.avg_pool(x[None, None], kernel, stride)[0, 0] == total / kernel**rank).all()


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "dilation", "floor", "ceil"),
    [
        (7, 2, 2, 0, 1, 3, 4),
        (7, 3, 2, 1, 1, 4, 4),
        (5, 1, 3, 0, 1, 2, 2),
        (4, 2, 3, 1, 1, 2, 2),
        (6, 3, 4, 1, 1, 2, 2),
        (9, 3, 2, 0, 2, 3, 3),
        (10, 3, 2, 0, 2, 3, 4),
        (2, 1, 3, 0, 1, 1, 1),
        (13, 3, 2, 0, 1, 6, 6),
        (227, 11, 4, 0, 1, 55, 55),
    ],
)
def test_pool_sizes_by_hand(size: int, kernel: int, stride: int, padding: int, dilation: int, floor: int, ceil: int) -> None:
    assert oracle.pool_out_size((size,), kernel, stride, padding, dilation, False) == (floor,)
    assert oracle.pool_out_size((size,), kernel, stride, padding, dilation, True) == (ceil,)


def test_max_pool_dilated_by_hand() -> None:
    y, where = oracle.max_pool(np.array([[[5.0, 1, 4, 2, 3, 9]]]), 2, 1, 1, 3)
    assert y.tolist() == [[[4, 5, 3, 9, 2]]]
    assert where.tolist() == [[[2, 0, 4, 5, 3]]]


def test_avg_pool_divisors_by_hand() -> None:
    x = np.array([[[3.0, 6, 9, 12, 15]]])
    assert oracle.avg_pool(x, 3, 2, 1).tolist() == [[[3, 9, 9]]]
    assert oracle.avg_pool(x, 3, 2, 1, False, False).tolist() == [[[4.5, 9, 13.5]]]
    assert oracle.avg_pool(x, 2, 2, 0, True).tolist() == [[[4.5, 10.5, 15]]]
    assert oracle.avg_pool(x, 4, 3, 1, True).tolist() == [[[4.5, 9]]]
    assert oracle.avg_divisors((5,), 4, 4, 1, True).tolist() == [4, 3]
    assert oracle.avg_pool(x, 2, 2, 0, False, True, 5).tolist() == [[[9 / 5, 21 / 5]]]
    assert oracle.avg_divisors((3, 3), 2, 2, 1, False, False).tolist() == [[1, 2], [2, 4]]


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("options", [{}, {"stride": 1, "padding": 1}, {"stride": 2, "padding": 1, "ceil_mode": True}])
def test_pool_gradients_by_exact_differences(rank: int, options: dict) -> None:
    rng = np.random.default_rng(rank)
    x = rng.permutation(np.arange(2.0 * 5**rank)).reshape(1, 2, *(5,) * rank) * 4
    y, where = oracle.max_pool(x, 3, **options)
    g = integers(rng, y.shape)
    base = float((y * g).sum())
    steps = [float((oracle.max_pool(x + e, 3, **options)[0] * g).sum()) - base for e in unit_vectors(x.shape)]
    assert (oracle.max_pool_input(x.shape, where, g).ravel() == steps).all()
    for include in (True, False):
        divisors = oracle.avg_divisors(x.shape[2:], 3, count_include_pad=include, **options)
        h = g * divisors
        ones = [(oracle.avg_pool(e, 3, count_include_pad=include, **options) * h).sum() for e in unit_vectors(x.shape)]
        got = oracle.avg_pool_input(x.shape, h, 3, count_include_pad=include, **options)
        assert np.rint(ones).tolist() == got.ravel().tolist()


def test_unpool_last_write_wins_and_its_gradient_gathers() -> None:
    x, where = np.array([[[1.0, 2, 3]]]), np.array([[[4, 0, 4]]])
    assert oracle.max_unpool(x, where, (6,)).tolist() == [[[2, 0, 0, 0, 3, 0]]]
    assert oracle.max_unpool_input(where, np.arange(6.0)[None, None]).tolist() == [[[4, 0, 4]]]
    assert oracle.unpool_out_size((4, 3), (2, 3), None, (0, 1)) == (8, 7)
    assert oracle.unpool_out_size((4,), 3, 2, 1) == (7,)


# ---- softmax and cross entropy


def test_softmax_family_is_scipy_special() -> None:
    x = np.random.default_rng(0).standard_normal((3, 4, 5)) * 3
    for dim in (-1, 0, 1, 2):
        np.testing.assert_allclose(oracle.softmax(x, dim), scipy.special.softmax(x, axis=dim), rtol=1e-14)
        np.testing.assert_allclose(oracle.log_softmax(x, dim), scipy.special.log_softmax(x, axis=dim), rtol=1e-13)


def central(f: object, x: np.ndarray) -> np.ndarray:
    """Central differences, error about eps ** (2 / 3)."""
    h = np.finfo(float).eps ** (1 / 3)
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in unit_vectors(x.shape)]).reshape(x.shape)


@pytest.mark.parametrize("dim", [0, 1])
def test_softmax_gradients_by_finite_differences(dim: int) -> None:
    rng = np.random.default_rng(1)
    x, g = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))
    got = oracle.softmax_input(oracle.softmax(x, dim), g, dim)
    np.testing.assert_allclose(got, central(lambda v: (oracle.softmax(v, dim) * g).sum(), x), atol=1e-9)
    got = oracle.log_softmax_input(oracle.log_softmax(x, dim), g, dim)
    np.testing.assert_allclose(got, central(lambda v: (oracle.log_softmax(v, dim) * g).sum(), x), atol=1e-9)


def test_relu_by_hand() -> None:
    assert oracle.relu([-1.0, 0, 2, np.inf]).tolist() == [0, 0, 2, np.inf]
    assert np.isnan(oracle.relu([np.nan]))
    assert oracle.relu_input([-1.0, 0, 2], [5.0, 6, 7]).tolist() == [0, 0, 7]


def test_activations_by_hand() -> None:
    by_hand = {
        "relu": ([-1.0, 2], [0, 2]),
        "relu6": ([-1.0, 2, 7, np.inf], [0, 2, 6, 6]),
        "leaky_relu": ([-4.0, 2], [-1, 2]),
        "sigmoid": ([-np.inf, -np.log(3), 0, np.log(3), 1e4], [0, 0.25, 0.5, 0.75, 1]),
        "tanh": ([-1e4, 0, np.log(2)], [-1, 0, 0.6]),
        "silu": ([0, np.log(3), 1e4], [0, 0.75 * np.log(3), 1e4]),
        "hardswish": ([-4.0, -1, 0, 1, 3, 4], [0, -1 / 3, 0, 2 / 3, 3, 4]),
    }
    for name, (x, y) in by_hand.items():
        np.testing.assert_allclose(oracle.activation(name, x, 0.25), y, rtol=1e-15, atol=0)
        assert np.isnan(oracle.activation(name, [np.nan])), name
    for name in ("silu", "hardswish"):
        assert np.isnan(oracle.activation(name, [-np.inf])), "-inf * 0"


@pytest.mark.parametrize("name", ["relu", "relu6", "leaky_relu", "sigmoid", "tanh", "silu", "hardswish"])
def test_activation_gradients_by_finite_differences(name: str) -> None:
    x, g = np.array([-5.0, -2.9, -1.3, -0.2, 0.1, 2.9, 3.2, 5.9, 6.3]), np.linspace(-1, 2, 9)
    got = oracle.activation_input(name, x, g, 0.3)
    np.testing.assert_allclose(got, central(lambda v: (oracle.activation(name, v, 0.3) * g).sum(), x), atol=1e-9)


def test_cross_entropy_by_hand() -> None:
    x = np.log(np.array([[1.0, 2, 5], [4.0, 4, 8]]))
    labels = np.array([2, 0])
    assert oracle.cross_entropy(x, labels) == pytest.approx((np.log(8 / 5) + np.log(4)) / 2)
    assert oracle.cross_entropy(x, labels, reduction="sum") == pytest.approx(np.log(8 / 5) + np.log(4))
    none = oracle.cross_entropy(x, np.array([2, -100]), reduction="none")
    assert none.tolist() == pytest.approx([np.log(8 / 5), 0])
    assert oracle.cross_entropy(x, np.array([2, -100])) == pytest.approx(np.log(8 / 5))
    weighted = oracle.cross_entropy(x, labels, [3.0, 1, 2])
    assert weighted == pytest.approx((2 * np.log(8 / 5) + 3 * np.log(4)) / 5)
    smooth = oracle.cross_entropy(x[:1], labels[:1], label_smoothing=0.3)
    by_class = -np.log(np.array([1, 2, 5]) / 8)
    assert smooth == pytest.approx(0.7 * by_class[2] + 0.1 * by_class.sum())
    target = np.array([[0.5, 0.25, 0.25]])
    assert oracle.cross_entropy(x[:1], target) == pytest.approx((target * by_class).sum())
    assert oracle.cross_entropy(x[0], np.array(2)) == pytest.approx(np.log(8 / 5))
    assert np.isnan(oracle.cross_entropy(x, np.array([-100, -100])))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("kind", ["labels", "ignored", "probabilities"])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_gradient_by_finite_differences(reduction: str, smoothing: float, kind: str, weighted: bool) -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((2, 3, 4))
    weight = rng.uniform(0.5, 2, 3) if weighted else None
    target = rng.dirichlet(np.ones(3), (2, 4)).swapaxes(1, 2) if kind == "probabilities" else rng.integers(0, 3, (2, 4))
    if kind == "ignored":
        target[0, 1] = target[1, 3] = -100
    g = rng.standard_normal((2, 4)) if reduction == "none" else np.array(1.5)
    options = {"weight": weight, "reduction": reduction, "label_smoothing": smoothing}
    got = oracle.cross_entropy_input(x, target, grad_output=g, **options)
    expected = central(lambda v: (oracle.cross_entropy(v, target, **options) * g).sum(), x)
    np.testing.assert_allclose(got, expected, atol=1e-8)
