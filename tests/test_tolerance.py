"""The tolerance helpers accept what rounding can explain and reject everything else."""

import numpy as np
import oracle
import pytest
import tolerance


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


def test_every_named_algorithm_states_its_factor() -> None:
    assert set(tolerance.ALGORITHM_FACTOR) == {"direct", "im2col_gemm", "pointwise", "depthwise"}
    assert set(tolerance.ALGORITHM_FACTOR.values()) == {1.0}
    with pytest.raises(KeyError):
        tolerance.sum_bound(np.ones(1), 3, "float32", algorithm="unheard_of")


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
