"""How far a rounded result may lie from the exact one: a bound derived from the arithmetic, never a chosen
number.

A sum of n products, each operation rounded to unit round-off u, in any order, with or without fused multiply-
add, differs from the exact sum by at most gamma_n * sum |x||w| with gamma_n = n u / (1 - n u) (Higham,
Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1). n is the reduction length plus 2: one
for the bias and one for the final rounding or division. An algorithm that computes something else than that
sum (a transform) multiplies the bound by its factor, which stands in its kernel's head comment under
"Accuracy" and in ALGORITHM_FACTOR.

The reference has a rounding error too (it matters for float64, where the reference is longdouble or float64),
so its own gamma_n is added; and each product may underflow, so n halves of the smallest subnormal are added.
"""

import numpy as np

ALGORITHM_FACTOR = {"direct": 1.0, "im2col_gemm": 1.0, "pointwise": 1.0, "depthwise": 1.0}

# exp and log are not correctly rounded anywhere; four units in the last place is what we ask of them, and of the activations
# made of exp.
EXP_ULPS = 4

# By how much at most an activation enlarges an error of its argument, and how many roundings it adds. A slope is rounded
# once, and multiplied with; hardswish adds 3, multiplies, and divides by 6 or multiplies by a rounded 1/6.
STEEPEST = {"relu": 1, "relu6": 1, "leaky_relu": 1, "sigmoid": 0.25, "tanh": 1, "silu": 1.1, "hardswish": 1.5}
ROUNDINGS = {"relu": 0, "relu6": 0, "leaky_relu": 2, "hardswish": 4}


def unit_roundoff(dtype: object) -> float:
    """Half the distance from 1 to the next number of `dtype`."""
    return float(np.finfo(np.dtype(dtype)).eps) / 2


def gamma(n: float, u: float) -> float:
    """n u / (1 - n u), the relative growth of n roundings."""
    if n * u >= 1:
        raise ValueError(f"no bound exists: {n} roundings of {u}")
    return n * u / (1 - n * u)


def sum_bound(
    magnitude: np.ndarray,
    reduction: int,
    dtype: object,
    *,
    algorithm: str = "direct",
    reference_dtype: object = np.longdouble,
) -> np.ndarray:
    """Elementwise bound on the error of a sum of products.

    Parameters
    ----------
    magnitude : ndarray
        sum |x||w| + |bias| of each result.
    reduction : int
        How many products one result sums.
    dtype : dtype
        Type of the arithmetic that is judged.
    algorithm : str, default: "direct"
        Its factor is taken from `ALGORITHM_FACTOR`.
    reference_dtype : dtype, default: longdouble
        Type of the arithmetic that made the reference.
    """
    n = reduction + 2
    grown = gamma(n, unit_roundoff(dtype)) * ALGORITHM_FACTOR[algorithm] + gamma(n, unit_roundoff(reference_dtype))
    tiny = float(np.finfo(np.dtype(dtype)).smallest_subnormal)
    return grown * np.asarray(magnitude) + n * tiny


def activation_bound(
    name: str, x: np.ndarray, y: np.ndarray, error: np.ndarray | float, dtype: object, slope: float = 0.01
) -> np.ndarray:
    """Elementwise bound on the error of an activation y of an argument that is x up to `error`.

    The error of the argument grows by the activation's steepest slope. Its own roundings are relative to the
    result, which that error has changed too; activations made of exp have EXP_ULPS, 2 u each. A sigmoid below
    the smallest normal number may be zero, and silu multiplies that by x.
    """
    carried = max(STEEPEST[name], abs(slope) if name == "leaky_relu" else 0) * error
    tiny = 0 if name in ("relu", "relu6") else float(np.finfo(np.dtype(dtype)).tiny)
    with np.errstate(invalid="ignore"):  # of infinities nothing is bounded: they are equal or wrong
        own = gamma(ROUNDINGS.get(name, 2 * EXP_ULPS), unit_roundoff(dtype)) * (np.abs(y) + carried)
        return carried + own + tiny * (1 + np.abs(x))


def activation_gradient_bound(name: str, x: np.ndarray, g: np.ndarray, dtype: object, slope: float = 0.01) -> np.ndarray:
    """Elementwise bound on the error of g times an activation's derivative at x.

    Each sigmoid has 2 EXP_ULPS roundings, and up to six operations join two of them; silu's derivative sums
    terms of both signs, of which none exceeds 1 + |x| / 4. Straight pieces have at most four.
    """
    roundings = 4 if name in ("relu", "relu6", "leaky_relu", "hardswish") else 4 * EXP_ULPS + 6
    most = np.where(name == "silu", 1 + np.abs(x) / 4, max(1.0, abs(slope)))
    tiny = float(np.finfo(np.dtype(dtype)).tiny)
    return (gamma(roundings, unit_roundoff(dtype)) * most + 4 * tiny * (1 + np.abs(x))) * np.abs(g)


def softmax_bound(x: np.ndarray, y: np.ndarray, dim: int, dtype: object) -> np.ndarray:
    """Elementwise bound on the error of softmax(x) = y.

    exp(x - max) carries the rounding of the subtraction, u * |x - max|, and its own EXP_ULPS; numerator and
    sum both have it; the sum adds one rounding per term and the division one.
    """
    reach = np.max(x, axis=dim, keepdims=True) - np.min(x, axis=dim, keepdims=True)
    u = unit_roundoff(dtype)
    roundings = 2 * (reach + 2 * EXP_ULPS) + x.shape[dim] + 2
    return roundings * u / (1 - roundings * u) * np.abs(y) + float(np.finfo(np.dtype(dtype)).tiny)


def log_softmax_bound(x: np.ndarray, y: np.ndarray, dim: int, dtype: object) -> np.ndarray:
    """Elementwise bound on the error of log_softmax(x) = y.

    With n classes and reach = max - min, in units of u: the sum of exponentials has the relative error reach
    + 2 EXP_ULPS + n, which is the absolute error of its logarithm; the logarithm itself adds 2 EXP_ULPS log
    n; x - max adds reach; a result taken as x - (max + log sum) rounds at the size of x, so max |x| + log n
    is added; the last subtraction adds |y|.
    """
    top = np.max(np.abs(x), axis=dim, keepdims=True)
    reach = np.max(x, axis=dim, keepdims=True) - np.min(x, axis=dim, keepdims=True)
    n, log_n = x.shape[dim], np.log(float(x.shape[dim]))
    u = unit_roundoff(dtype)
    total = (reach + 2 * EXP_ULPS + n) + 2 * EXP_ULPS * log_n + reach + (top + log_n) + np.abs(y)
    return u * total / (1 - (2 * reach + n + 2 * EXP_ULPS) * u)


def check(result: np.ndarray, reference: np.ndarray, bound: np.ndarray, reproducer: str) -> float:
    """Assert |result - reference| <= bound for every element; return the worst ratio of error to bound.

    nan must stand where the reference has nan, infinities must be equal. A failure names the worst element,
    its values, the ratio and the reproducer.
    """
    result = np.asarray(result)
    reference = np.asarray(reference)
    if result.shape != reference.shape:
        raise AssertionError(f"shape {result.shape}, expected {reference.shape}\nreproduce: {reproducer}")
    if result.size == 0:
        return 0.0
    bound = np.broadcast_to(bound, reference.shape)
    special = ~np.isfinite(result) | ~np.isfinite(reference)
    agrees = (np.isnan(result) & np.isnan(reference)) | (result == reference)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.abs(result.astype(np.longdouble) - reference.astype(np.longdouble))
        ratio = np.where(error == 0, 0, error / bound)
    ratio = np.where(special, np.where(agrees, 0, np.inf), ratio).astype(np.float64)
    ratio = np.where(np.isnan(ratio), np.inf, ratio)
    worst = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
    if ratio[worst] > 1:
        place = tuple(int(i) for i in worst)
        raise AssertionError(
            f"error is {ratio[worst]:.3g} times the bound at {place}: got {result[worst]!r}, "
            f"expected {reference[worst]!r}, bound {bound[worst]!r}; {int((ratio > 1).sum())} of "
            f"{ratio.size} elements are out of bounds\nreproduce: {reproducer}"
        )
    return float(ratio[worst])


def check_equal(result: np.ndarray, reference: np.ndarray, reproducer: str) -> None:
    """Assert that every element equals the reference exactly (nan equals nan, 0 equals -0)."""
    result, reference = np.asarray(result), np.asarray(reference)
    if result.shape != reference.shape or not (result == reference).all():
        check(result, reference, np.zeros(reference.shape), reproducer)
