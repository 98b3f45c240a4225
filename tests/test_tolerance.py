"""The tolerance helpers accept what rounding can explain and reject everything else."""

import numpy as np
import oracle
import pytest
import tolerance

import fastconv as fc
import winograd


@pytest.mark.parametrize(("dtype", "digits"), [("float32", 24), ("float64", 53)])
def test_unit_roundoff_is_half_an_ulp(dtype: str, digits: int) -> None:
    assert tolerance.unit_roundoff(dtype) == 2.0**-digits


def test_gamma_by_hand() -> None:
    assert tolerance.gamma(1, 0.25) == pytest.approx(1 / 3)
    assert tolerance.gamma(100, 2.0**-24) > 100 * 2.0**-24
    with pytest.raises(ValueError, match="no bound"):
        tolerance.gamma(2**24, 2.0**-24)


def test_sum_bound_by_hand() -> None:
    bound = tolerance.sum_bound(np.array([1.0, 2.0]), 3, "float32", reference_dtype="float64")
    expected = tolerance.gamma(5, 2.0**-24) + tolerance.gamma(5, 2.0**-53)
    assert bound == pytest.approx([expected, 2 * expected], rel=1e-12)
    assert (tolerance.sum_bound(np.zeros(2), 3, "float32") > 0).all()


def test_every_named_algorithm_has_a_bound() -> None:
    assert set(fc.algorithms()) <= {*tolerance.SUMMING, *winograd.SCHEMES}
    assert set(tolerance.EXACT_ON_INTEGERS) == {*tolerance.SUMMING, "winograd_f2x3"}
    x, w = np.ones((1, 1, 4, 4), np.float32), np.ones((1, 1, 3, 3), np.float32)
    with pytest.raises(KeyError, match="unheard_of"):
        tolerance.bounds_for(["unheard_of"], x, w)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("order", ["forward", "backward", "pairwise"])
def test_honest_float32_sums_are_accepted(seed: int, order: str) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 400))
    x, w = (rng.standard_normal((n, 50)).astype(np.float32) for _ in range(2))
    products = x * w
    if order == "pairwise":
        total = products.T.copy().sum(axis=1, dtype=np.float32)
    else:
        total = np.zeros(50, np.float32)
        for row in products if order == "forward" else products[::-1]:
            total += row
    exact = (x.astype(np.float64) * w).sum(axis=0)
    bound = tolerance.sum_bound(np.abs(x.astype(np.float64) * w).sum(axis=0), n, "float32")
    assert tolerance.check(total, exact, bound, "honest") <= 1


def corrupt(kind: str, y: np.ndarray, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """A result that looks nearly right."""
    y = y.copy()
    if kind == "one product missing":
        y[0, 1, 2, 3] -= x[0, 0, 2, 3] * w[1, 0, 0, 0]
    elif kind == "half precision somewhere":
        y[0, 0, 1, 1] = np.float16(y[0, 0, 1, 1] * 1.001)
    elif kind == "two outputs exchanged":
        y[0, 0, 0, [0, 1]] = y[0, 0, 0, [1, 0]]
    elif kind == "nan":
        y[0, 2, 0, 0] = np.nan
    elif kind == "infinity":
        y[0, 2, 0, 0] = np.inf
    elif kind == "bias forgotten":
        y[:, 2] -= np.float32(0.01)
    elif kind == "ten bounds away":
        y[0, 0, 0, 0] *= np.float32(1 + 2e-4)
    return y


KINDS = (
    "one product missing",
    "half precision somewhere",
    "two outputs exchanged",
    "nan",
    "infinity",
    "bias forgotten",
    "ten bounds away",
)


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_results_are_rejected_with_place_and_reproducer(kind: str) -> None:
    rng = np.random.default_rng(5)
    x = rng.uniform(1, 2, (1, 4, 8, 8)).astype(np.float32)
    w = rng.uniform(1, 2, (3, 4, 3, 3)).astype(np.float32)
    exact = oracle.conv(x, w)
    bound = tolerance.sum_bound(oracle.conv(np.abs(x), np.abs(w)), 36, "float32")
    good = exact.astype(np.float32)
    assert tolerance.check(good, exact, bound, "rounded") <= 1
    with pytest.raises(AssertionError, match=r"(?s)times the bound at \(0, \d, .*reproduce: the words of the caller"):
        tolerance.check(corrupt(kind, good, x, w), exact, bound, "the words of the caller")


def test_the_worst_element_is_the_one_reported() -> None:
    exact = np.zeros(5)
    with pytest.raises(AssertionError, match=r"error is 30 times the bound at \(3,\).* 2 of 5"):
        tolerance.check(np.array([0.5, 0, 2, 30, 1]), exact, np.ones(5), "x")


def test_nan_and_infinity_must_stand_where_the_reference_has_them() -> None:
    exact = np.array([np.nan, np.inf, -np.inf, 1.0])
    assert tolerance.check(exact.copy(), exact, np.ones(4), "same") == 0
    for wrong in ([0, np.inf, -np.inf, 1], [np.nan, -np.inf, -np.inf, 1], [np.nan, np.inf, -1e30, 1]):
        with pytest.raises(AssertionError):
            tolerance.check(np.array(wrong, float), exact, np.full(4, 1e300), "wrong")


def test_shapes_must_agree() -> None:
    with pytest.raises(AssertionError, match=r"shape \(3,\), expected \(1, 3\)"):
        tolerance.check(np.zeros(3), np.zeros((1, 3)), np.ones((1, 3)), "x")
    with pytest.raises(AssertionError, match="shape"):
        tolerance.check_equal(np.zeros(3), np.zeros((1, 3)), "x")


def test_check_equal_knows_no_tolerance() -> None:
    tolerance.check_equal(np.float32([1, np.nan, -0.0]), np.array([1, np.nan, 0.0]), "same")
    with pytest.raises(AssertionError, match=r"\(0,\)"):
        tolerance.check_equal(np.array([1 + 2.0**-52]), np.array([1.0]), "one ulp")


# ---- Winograd

SCHEMES = pytest.mark.parametrize("name", winograd.SCHEMES)


def drawn(seed: int, scheme: winograd.Scheme, dtype: str) -> tuple[list[np.ndarray], dict]:
    """Input, weights and bias of a small layer with groups and uneven padding, and its options."""
    rng = np.random.default_rng(seed)
    groups, inside, outside = (int(rng.integers(1, most)) for most in (3, 9, 4))
    size, r = rng.integers(scheme.taps, 12, 2), scheme.taps
    pads = tuple((int(front), int(back)) for front, back in rng.integers(0, 3, (2, 2)))
    shapes = (2, groups * inside, *size), (groups * outside, inside, r, r), (groups * outside,)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes], {"padding": pads, "groups": groups}


@SCHEMES
def test_winograd_bound_by_hand(name: str) -> None:
    """One output of ones: every stage of |A^T| [(|G||g||G^T|) * (|B^T||d||B|)] |A| is a sum of rows."""
    scheme = winograd.SCHEMES[name]
    at, g, bt = (np.abs(matrix) for matrix in scheme.matrices(np.float64))
    r = scheme.taps
    x, w = np.ones((1, 5, 3 * r, 3 * r), np.float32), np.ones((1, 5, r, r), np.float32)
    along = at @ (g.sum(axis=1) * bt.sum(axis=1))
    roundings = {"winograd_f2x3": 2 * (2 + 2 + 1), "winograd_f4x3": 2 * (6 + 6 + 5), "winograd_f2x5": 2 * (6 + 8 + 5)}[name]
    grown = tolerance.gamma(roundings + 5 + 2, 2.0**-24) + tolerance.gamma(5 * r * r + 2, 2.0**-53)
    bound = tolerance.bounds_for([name], x, w)[name]
    m = scheme.outputs
    assert bound[0, 0, :m, :m] == pytest.approx(grown * 5 * np.outer(along, along), rel=1e-12)


@SCHEMES
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_honest_winograd_results_are_accepted(name: str, dtype: str) -> None:
    scheme, worst = winograd.SCHEMES[name], 0.0
    for seed in range(40):
        arrays, options = drawn(seed, scheme, dtype)
        result = winograd.convolve(*arrays, scheme.matrices(dtype), **options)
        assert result.dtype == dtype
        exact = oracle.conv(*(a.astype(np.longdouble) for a in arrays), **options)
        bound = tolerance.bounds_for([name], *arrays, **options)[name]
        worst = max(worst, tolerance.check(result, exact, bound, f"seed {seed}"))
        place = np.unravel_index(seed % result.size, result.shape)
        result[place] = exact[place] + 3 * bound[place] * (-1) ** seed
        with pytest.raises(AssertionError, match=r"(?s)times the bound at .*reproduce: seed"):
            tolerance.check(result, exact, bound, f"seed {seed}")
    print(f"{name} {dtype}: at most {worst:.3f} of the bound")


@SCHEMES
def test_one_wrong_entry_of_a_matrix_is_rejected(name: str) -> None:
    scheme = winograd.SCHEMES[name]
    arrays, options = drawn(7, scheme, "float32")
    exact, bound = oracle.conv(*arrays, **options), tolerance.bounds_for([name], *arrays, **options)[name]
    for which in range(3):
        for place in np.ndindex(scheme.exact[which].shape):
            for wrong in ("sign", "2 %", "one more"):
                matrices = [matrix.copy() for matrix in scheme.matrices("float32")]
                entry = matrices[which][place]
                if entry == 0 and wrong != "one more":
                    continue
                matrices[which][place] = {"sign": -entry, "2 %": entry * np.float32(1.02), "one more": entry + 1}[wrong]
                with pytest.raises(AssertionError, match="times the bound"):
                    tolerance.check(winograd.convolve(*arrays, matrices, **options), exact, bound, "wrong")


@SCHEMES
def test_textbook_mistakes_of_winograd_are_rejected(name: str) -> None:
    scheme = winograd.SCHEMES[name]
    (x, w, b), options = drawn(11, scheme, "float32")
    exact, bound = oracle.conv(x, w, b, **options), tolerance.bounds_for([name], x, w, b, **options)[name]
    matrices = scheme.matrices("float32")
    at, g, bt = matrices
    half = [matrix.astype(np.float16).astype(np.float32) for matrix in matrices]
    shifted = np.roll(winograd.convolve(x, w, b, matrices, **options), scheme.outputs, axis=-1)
    mistakes = {
        "convolution for correlation": winograd.convolve(x, w[..., ::-1, ::-1].copy(), b, matrices, **options),
        "kernel transposed": winograd.convolve(x, w.swapaxes(-2, -1).copy(), b, matrices, **options),
        "points exchanged in one matrix": winograd.convolve(x, w, b, (at, g[[0, 2, 1, *range(3, len(g))]], bt), **options),
        "next tile's outputs": shifted,
        "no bias": winograd.convolve(x, w, None, matrices, **options),
    }
    if not scheme.exact_on_integers:
        mistakes["constants of half precision"] = winograd.convolve(x, w, b, half, **options)
    for what, result in mistakes.items():
        with pytest.raises(AssertionError, match="times the bound"):
            tolerance.check(result, exact, bound, what)


@SCHEMES
def test_a_row_done_again_by_summing_is_held_to_the_larger_bound(name: str) -> None:
    scheme = winograd.SCHEMES[name]
    (x, w, b), options = drawn(3, scheme, "float32")
    plain, summed = tolerance.bounds_for([name, "direct"], x, w, b, **options).values()
    for strange in (np.nan, np.inf):
        x[0, 0, 0, 0] = strange
        now = tolerance.bounds_for([name, "direct"], x, w, b, **options)
        assert (now[name] >= now["direct"]).all()
    large = tolerance.bounds_for([name], np.full_like(x, 1e38), w, b, **options)[name]
    assert (large >= tolerance.bounds_for(["direct"], np.full_like(x, 1e38), w, b, **options)["direct"]).all()
    assert (plain != summed).any()


@SCHEMES
def test_winograd_underflow_is_within_the_bound(name: str) -> None:
    scheme = winograd.SCHEMES[name]
    (x, w, _), options = drawn(4, scheme, "float32")
    for small_x, small_w in ((1e-38, 1), (1, 1e-38), (1e-42, 1), (1, 1e-42), (1e-20, 1e-20)):
        arrays = (x * np.float32(small_x)).astype("f"), (w * np.float32(small_w)).astype("f")
        result = winograd.convolve(*arrays, None, scheme.matrices("float32"), **options)
        bound = tolerance.bounds_for([name], *arrays, **options)[name]
        tolerance.check(result, oracle.conv(*arrays, **options), bound, f"{small_x} {small_w}")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softmax_bounds_accept_numpy_and_reject_an_error(dtype: str) -> None:
    rng = np.random.default_rng(1)
    x = (rng.standard_normal((6, 40)) * 5).astype(dtype)
    shifted = x - x.max(axis=1, keepdims=True)
    y = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True, dtype=dtype)
    log_y = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True, dtype=dtype))
    exact, exact_log = (f(x.astype(np.longdouble), 1) for f in (oracle.softmax, oracle.log_softmax))
    bound = tolerance.softmax_bound(x.astype(float), exact, 1, dtype)
    bound_log = tolerance.log_softmax_bound(x.astype(float), exact_log, 1, dtype)
    assert tolerance.check(y, exact, bound, "softmax") <= 1
    assert tolerance.check(log_y, exact_log, bound_log, "log_softmax") <= 1
    off = 1 + 1000 * np.finfo(dtype).eps
    for result, reference, limit in ((y, exact, bound), (log_y, exact_log, bound_log)):
        with pytest.raises(AssertionError):
            tolerance.check(result * off, reference, limit, "wrong")


def test_activation_bounds_accept_numpy_and_reject_an_error() -> None:
    x = np.random.default_rng(3).uniform(-5, 5, 200).astype(np.float32)
    small = np.exp(-np.abs(x))
    sigmoid = np.where(x < 0, small, 1) / (1 + small)
    straight = np.clip(x + 3, 0, 6)
    honest = {"sigmoid": sigmoid, "tanh": np.tanh(x), "silu": x * sigmoid, "hardswish": x * straight / 6}
    for name, y in honest.items():
        wide = x.astype(np.longdouble)
        exact = oracle.activation(name, wide)
        bound = tolerance.activation_bound(name, wide, exact, 0, "float32")
        assert tolerance.check(y, exact, bound, name) <= 1
        with pytest.raises(AssertionError):
            tolerance.check(y * np.float32(1 + 1e-5), exact, bound, name)
        moved = wide + 1e-3
        allowed = tolerance.activation_bound(name, moved, oracle.activation(name, moved), 1e-3, "float32")
        assert tolerance.check(y, oracle.activation(name, moved), allowed, name) <= 1


def test_no_activation_is_steeper_than_its_bound_says() -> None:
    x = np.linspace(-20, 20, 400_001)
    for name, steepest in tolerance.STEEPEST.items():
        slopes = np.abs(np.diff(oracle.activation(name, x)) / np.diff(x))
        assert 0.95 * steepest < slopes.max() < steepest * (1 + 1e-6), name
