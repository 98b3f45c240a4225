"""How far a rounded result may lie from the exact one: a bound derived from the arithmetic, never a chosen
number.

Sums. A sum of n products, each operation rounded to unit round-off u, in any order, with or without fused
multiply-add, differs from the exact sum by at most gamma_n * sum |x||w| with gamma_n = n u / (1 - n u) (Higham,
Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1). n is the reduction length plus 2: one
for the bias and one for the final rounding or division.

Winograd. The result is A^T [sum over c of (G g G^T) * (B^T d B)] A, and written out it is a sum of products of one
weight, one input and six constants; most of these products cancel in exact arithmetic. Every rounding on the
way multiplies the products that pass it by 1 + delta, |delta| <= u, so a product that passes at most N of them
ends as itself times 1 + theta, |theta| <= gamma_N (Higham, lemma 3.1). The result is therefore off by at most

    gamma_N * (|A^T| [sum over c of (|G||g||G^T|) * (|B^T||d||B|)] |A| + |bias|),

elementwise (Barabasz, Anderson, Soodhalter & Gregg, Error analysis and improving the accuracy of Winograd
convolution for deep neural networks, ACM TOMS 46(4), 2020). On the way lie

- two products with B^T, two with G and two with A^T; in each, one rounding for every sum along a row, at most
  the row's non-zeros less one, and the rounding of a constant (the root of two, a third) and of the product
  with it; powers of two cost nothing (`winograd.pass_roundings`);
- the products and sums over channels and depth taps, K in number, in any order and any blocks: K roundings;
- two more, as for sums: the bias and one to spare.

This holds for any grouping of a row that adds no term only to subtract it again. It assumes that no
transform overflows; a row of outputs that is computed again by direct summation is held to the larger of the two
bounds.

Both. The reference has a rounding error too (it matters for float64, where the reference is longdouble or
float64), so its own gamma_n is added; and each product may underflow, so halves of the smallest subnormal are
added, in Winograd's case times what the later transforms can make of them.
"""

import itertools
import math
from collections.abc import Iterable
from functools import cache

import numpy as np
import oracle

import winograd

# Algorithms that sum the definition's products, in whatever order; `winograd.SCHEMES` has those that do not.
SUMMING = ("direct", "im2col_gemm", "pointwise", "depthwise", "causal", "subpixel_gemm", "depthwise_transposed")
# Algorithms that must give small integers exactly: their constants are multiples of powers of two.
EXACT_ON_INTEGERS = (*SUMMING, *(name for name, scheme in winograd.SCHEMES.items() if scheme.exact_on_integers))

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
    reference_dtype : dtype, default: longdouble
        Type of the arithmetic that made the reference.
    """
    n = reduction + 2
    grown = gamma(n, unit_roundoff(dtype)) + gamma(n, unit_roundoff(reference_dtype))
    return grown * np.asarray(magnitude) + n * smallest(dtype)


def fft_bound(around: np.ndarray, weights: np.ndarray, points: int, dtype: object) -> float:
    """Bound on the error of every output of a correlation by FFTs of at most so many points.

    A step of radix r is r sums of r complex products and a product with a twiddle factor that is off by u: relative to the
    2-norm it errs by at most sqrt(2 r) gamma_(r+2) + 3 u, which is below 13 u for each factor of two of r, r <= 8 (Higham,
    Accuracy and Stability of Numerical Algorithms, 2nd ed., section 24.1, for r = 2). So a transform errs by 13 u log2(N)
    times its norm. Written for x's transform X, the weights' W and the product back, ||X W|| <= ||X||_2 max |W| with
    max |W| <= ||w||_1 gives for each of the two transforms that are not made in double 13 u log2(N) ||x||_2 ||w||_1, and
    the rounding of W, the product and the scaling at most 8 u of the same.

    Parameters
    ----------
    around : ndarray
        The image with all that is read around it.
    weights : ndarray
        Of the kernel.
    points : int
        No block's transform has more.
    dtype : dtype
        Type of the arithmetic that is judged.
    """
    log = math.log2(points)
    size = float(np.sqrt((np.abs(around.astype(np.longdouble)) ** 2).sum())) * float(np.abs(weights).sum())
    passes = 3 if np.dtype(dtype) == np.float64 else 2
    return gamma(13 * passes * log + 8, unit_roundoff(dtype)) * size + points * smallest(dtype)


def smallest(dtype: object) -> float:
    """The smallest subnormal of `dtype`: twice the most that an underflow loses."""
    return float(np.finfo(np.dtype(dtype)).smallest_subnormal)


def finite_magnitude(array: np.ndarray | None) -> np.ndarray | None:
    """Absolute values in the oracle's type, with nan and infinities as zeros: right wherever a sum has none."""
    if array is None:
        return None
    return np.where(np.isfinite(array), np.abs(array), 0).astype(reference_of(array.dtype))


def dilated_winograd_bound(
    x: np.ndarray, w: np.ndarray, b: np.ndarray | None, scheme: winograd.Scheme, grid: tuple[int, int], **options: object
) -> tuple[np.ndarray, bool]:
    """The same with dilation in height and width: every `grid`-th row and column is a convolution of its own."""
    pads, rank = options["padding"], x.ndim - 2
    padded = oracle.pad(x, ((0, 0),) * (rank - 2) + tuple(pads[-2:]))
    dilation = (*(1,) * (rank - 2), *grid)
    out = oracle.conv_out_size(padded.shape[2:], w.shape[2:], 1, 0, dilation)
    options = options | {"padding": (*pads[:-2], (0, 0), (0, 0))}
    bound, overflows = None, False
    for row, column in itertools.product(range(min(grid[0], out[-2])), range(min(grid[1], out[-1]))):
        part, over = winograd_bound(padded[..., row :: grid[0], column :: grid[1]], w, b, scheme, **options)
        if bound is None:
            bound = np.zeros((*part.shape[:-2], *out[-2:]), part.dtype)
        bound[..., row :: grid[0], column :: grid[1]] = part
        overflows |= over
    return bound, overflows


def winograd_bound(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray | None,
    scheme: winograd.Scheme,
    grid: tuple[int, int] = (1, 1),
    **options: object,
) -> tuple[np.ndarray, bool]:
    """Elementwise bound on the error of a Winograd convolution of batched arrays, and whether a transform may
    overflow; `options` are those of `winograd.stages`, and `grid` the dilation in height and width."""
    if grid != (1, 1):
        return dilated_winograd_bound(x, w, b, scheme, grid, **options)
    x_size, w_size, b_size = map(finite_magnitude, (x, w, b))
    at, g, bt = (np.abs(matrix) for matrix in scheme.matrices(reference_of(x.dtype)))
    made = winograd.stages(x_size, w_size, (at, g, bt), **options)
    magnitude = made.output if b is None else made.output + b_size.reshape(-1, *(1,) * (x.ndim - 2))
    terms = int(np.prod(w.shape[1:-2]))
    n, reduction = scheme.roundings + terms + 2, int(np.prod(w.shape[1:]))
    grown = gamma(n, unit_roundoff(x.dtype)) + gamma(reduction + 2, unit_roundoff(reference_of(x.dtype)))
    # What each pass over a row loses by underflow, and what the next pass makes of what the last one lost.
    rows_a, rows_g, rows_b = (float(matrix.sum(axis=1).max()) for matrix in (at, g, bt))
    k, tiny = bt.shape[0], smallest(x.dtype)
    lost_u, lost_v = k * tiny * (1 + rows_g), k * tiny * (1 + rows_b)
    lost = lost_u * made.input.max(initial=0) + lost_v * made.weight.max(initial=0) + lost_u * lost_v + tiny
    lost = terms * lost * rows_a**2 + k * tiny * (1 + rows_a)
    largest = max(a.max(initial=0) for a in (made.weight, made.input, made.product, magnitude))
    return grown * magnitude + lost, bool(largest > np.finfo(x.dtype).max / 2)


def reference_of(dtype: object) -> type:
    """The type in which the oracle judges `dtype`."""
    return np.longdouble if np.dtype(dtype) == np.float64 else np.float64


def tiled(
    x_shape: tuple[int, ...],
    w_shape: tuple[int, ...],
    stride: object = 1,
    padding: object = 0,
    dilation: object = 1,
    groups: int = 1,
) -> dict[str, object]:
    """Options of a convolution as `winograd.stages` has them."""
    pads = oracle.resolve_padding(padding, x_shape[2:], w_shape[2:], stride, dilation)
    depth = {}
    if len(pads) == 3:
        depth = {f"depth_{k}": oracle.per_axis(v, 3)[0] for k, v in (("stride", stride), ("dilation", dilation))}
    return {"padding": pads, "groups": groups, "grid": oracle.per_axis(dilation, len(pads))[-2:]} | depth


def bounds_for(
    algorithms: Iterable[str],
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray | None = None,
    *,
    integers: bool = False,
    **options: object,
) -> dict[str, np.ndarray]:
    """Elementwise bound on the error of one convolution, for each of the algorithms.

    Parameters
    ----------
    algorithms : iterable of str
        Names; each must be able to serve the convolution.
    x, w, b : ndarray
        The arrays as the convolution gets them; x may lack its batch axis. Their type is that of the
        arithmetic judged. Where a result depends on a nan or an infinity, its bound means nothing.
    integers : bool, default: False
        All values are integers, so small that their sums are exact: zero for `EXACT_ON_INTEGERS`.
    **options
        stride, padding, dilation and groups, as the oracle has them.
    """
    batched = x if x.ndim == w.ndim else x[None]
    strange = not all(a is None or np.isfinite(a).all() for a in (x, w, b))
    bounds = {}

    @cache
    def by_summing() -> np.ndarray:
        magnitude = oracle.conv(*map(finite_magnitude, (batched, w, b)), **options)
        return sum_bound(magnitude, int(np.prod(w.shape[1:])), x.dtype, reference_dtype=reference_of(x.dtype))

    for name in algorithms:
        if integers and name in EXACT_ON_INTEGERS:
            bounds[name] = np.zeros(())
        elif name in SUMMING:
            bounds[name] = by_summing()
        else:
            bound, overflows = winograd_bound(
                batched, w, b, winograd.SCHEMES[name], **tiled(batched.shape, w.shape, **options)
            )
            # Height and width may have a stride where there is one output alone; then the first is the one.
            shape = oracle.conv_output_shape(batched.shape, w.shape, **{k: v for k, v in options.items() if k != "groups"})
            bound = bound[tuple(map(slice, shape))]
            bounds[name] = np.maximum(bound, by_summing()) if strange or overflows else bound
    return {name: bound[0] if bound.ndim > x.ndim else bound for name, bound in bounds.items()}


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
    if result.size == 0 or (result == reference).all():
        return 0.0
    bound = np.broadcast_to(bound, reference.shape)
    special = ~np.isfinite(result) | ~np.isfinite(reference)
    agrees = (np.isnan(result) & np.isnan(reference)) | (result == reference)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.abs(result.astype(np.longdouble) - reference.astype(np.longdouble))
        ratio = np.where(error == 0, 0, error / bound)
    with np.errstate(over="ignore"):
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
