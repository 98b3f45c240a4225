"""Winograd's minimal filtering in NumPy, derived from its interpolation points: what tests compare with.

F(m, r) computes m outputs of a correlation with r taps from k = m + r - 1 inputs as A^T [(G g) * (B^T d)]; two
nested ones, F(m x m, r x r), treat a tile of a plane. The matrices follow from k - 1 finite points and infinity
by the Cook-Toom construction (Lavin & Gray, Fast Algorithms for Convolutional Neural Networks, 2015; Winograd,
Arithmetic Complexity of Computations, 1980). Here they are constructed in exact arithmetic from the points; no
kernel's table is copied. Moving a factor from a row of B^T to that row of G changes no product, so that a
kernel may have other signs and powers of two than these.

Computed in the type of the arrays, so that the same lines give the definition (longdouble), an honest float32
result, and, on absolute values, the magnitude that rounding errors are proportional to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import oracle

Matrices = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Root2:
    """The number p + q * sqrt(2), exactly."""

    p: Fraction
    q: Fraction = Fraction(0)

    def __add__(self, other: "Root2") -> "Root2":
        return Root2(self.p + other.p, self.q + other.q)

    def __neg__(self) -> "Root2":
        return Root2(-self.p, -self.q)

    def __sub__(self, other: "Root2") -> "Root2":
        return self + -other

    def __mul__(self, other: "Root2") -> "Root2":
        return Root2(self.p * other.p + 2 * self.q * other.q, self.p * other.q + self.q * other.p)

    def __truediv__(self, other: "Root2") -> "Root2":
        norm = other.p**2 - 2 * other.q**2
        return self * Root2(other.p / norm, -other.q / norm)

    @property
    def value(self) -> np.longdouble:
        """The nearest longdouble, or one beside it."""
        p, q = (np.longdouble(part.numerator) / np.longdouble(part.denominator) for part in (self.p, self.q))
        return p + q * np.sqrt(np.longdouble(2))

    @property
    def roundings(self) -> int:
        """How many roundings a product with this number costs at most, however its parts are grouped.

        None for a power of two; one for another number of few bits; for the root of two and for a rational
        number of no finite binary expansion, two each: one of the constant and one of the product.
        """
        if self.p and self.q:
            raise ValueError(f"no rule for {self}")
        rational = abs(self.p or self.q)
        parts = rational.numerator, rational.denominator
        power_of_two = [part & (part - 1) == 0 for part in parts]
        return 2 * (self.q != 0) + (0 if all(power_of_two) else 1 if power_of_two[1] else 2)


ZERO, ONE = Root2(Fraction(0)), Root2(Fraction(1))


def power(base: Root2, exponent: int) -> Root2:
    """`base` to a natural exponent; zero to the zero is one."""
    return ONE if exponent == 0 else base * power(base, exponent - 1)


def polynomial(roots: Sequence[Root2]) -> list[Root2]:
    """Coefficients of the product of all (x - root), that of 1 first."""
    found = [ONE]
    for root in roots:
        found = [lower - root * same for lower, same in zip([ZERO, *found], [*found, ZERO], strict=True)]
    return found


def cook_toom(points: Sequence[Root2], outputs: int, taps: int) -> Matrices:
    """A^T, G and B^T for the finite points and infinity, as arrays of exact numbers."""
    at = [[power(p, i) for p in points] + [ONE if i == outputs - 1 else ZERO] for i in range(outputs)]
    g, bt = [], []
    for p in points:
        others = [other for other in points if other != p]
        scale = ONE
        for other in others:
            scale = scale * (p - other)
        g.append([power(p, i) / scale for i in range(taps)])
        bt.append([*polynomial(others), ZERO])
    g.append([*[ZERO] * (taps - 1), ONE])
    bt.append(polynomial(points))
    return np.array(at, object), np.array(g, object), np.array(bt, object)


def rounded(matrix: np.ndarray, dtype: object) -> np.ndarray:
    """A matrix of exact numbers in a floating type."""
    return np.array([[c.value for c in row] for row in matrix], np.longdouble).astype(dtype)


def pass_roundings(matrix: np.ndarray) -> int:
    """The most roundings on the way from an operand to a result of one product with `matrix`: one for each sum
    of a row, and those of the row's dearest constant."""
    return max(sum(c != ZERO for c in row) - 1 + max(c.roundings for c in row if c != ZERO) for row in matrix)


@dataclass(frozen=True)
class Scheme:
    """F(m x m, r x r) on these finite points and infinity."""

    outputs: int
    taps: int
    points: tuple[Root2, ...]

    @cached_property
    def exact(self) -> Matrices:
        """A^T, G and B^T in exact numbers."""
        return cook_toom(self.points, self.outputs, self.taps)

    def matrices(self, dtype: object) -> Matrices:
        """A^T, G and B^T in a floating type."""
        at, g, bt = (rounded(matrix, dtype) for matrix in self.exact)
        return at, g, bt

    @property
    def roundings(self) -> int:
        """The most roundings on the way from an operand through the transforms to an output, sums over
        channels apart: each transform is two products with its matrix."""
        return 2 * sum(pass_roundings(matrix) for matrix in self.exact)

    @property
    def exact_on_integers(self) -> bool:
        """Whether all constants are multiples of powers of two, so that small integers are never rounded."""
        return all(c == ZERO or c.roundings == 0 for matrix in self.exact for c in matrix.flat)


HALF_ROOT, ROOT = Root2(Fraction(0), Fraction(1, 2)), Root2(Fraction(0), Fraction(1))
ROOTS = (ZERO, HALF_ROOT, -HALF_ROOT, ROOT, -ROOT)

SCHEMES = {
    "winograd_f2x3": Scheme(2, 3, (ZERO, ONE, -ONE)),
    "winograd_f4x3": Scheme(4, 3, ROOTS),
    "winograd_f2x5": Scheme(2, 5, ROOTS),
}


@dataclass(frozen=True)
class Stages:
    """The transformed weights (o, c, kd, k, k), the transformed input (n, c, d, rows, columns, k, k), their
    products summed over channels and depth taps (n, o, d, rows, columns, k, k), and the output."""

    weight: np.ndarray
    input: np.ndarray
    product: np.ndarray
    output: np.ndarray


def stages(
    x: np.ndarray,
    w: np.ndarray,
    matrices: Matrices,
    *,
    padding: object = 0,
    groups: int = 1,
    depth_stride: int = 1,
    depth_dilation: int = 1,
) -> Stages:
    """Convolve planes or volumes tile by tile, in the type of `x`.

    Depth taps are summed as channels are, so that any stride and dilation may be there; `padding` is a number or
    pairs.
    """
    at, g, bt = matrices
    (m, k), r = at.shape, g.shape[1]
    flat = w.ndim == 4
    pads = oracle.resolve_padding(padding, x.shape[2:], w.shape[2:], 1, 1)
    if flat:
        x, w, pads = x[:, :, None], w[:, :, None], ((0, 0), *pads)
    (n, c_in, *size), (c_out, _, kd, *_) = x.shape, w.shape
    steps = (depth_stride, 1, 1), pads, (depth_dilation, 1, 1)
    od, oh, ow = oracle.conv_out_size(size, w.shape[2:], *steps)
    rows, columns = -(-oh // m), -(-ow // m)
    reach = (rows * m + r - 1, columns * m + r - 1)
    backs = [length - s - front for length, s, (front, _) in zip(reach, size[1:], pads[1:], strict=True)]
    padded = oracle.pad(x, (pads[0], *((front, back) for (front, _), back in zip(pads[1:], backs, strict=True))))
    tiles = np.lib.stride_tricks.sliding_window_view(padded, (k, k), (-2, -1))[..., ::m, ::m, :, :]
    v, u = bt @ tiles @ bt.T, g @ w @ g.T
    inside, outside, count = c_in // groups, c_out // groups, od * rows * columns
    left = np.moveaxis(u, (-2, -1), (0, 1)).reshape(k, k, 1, groups, outside, inside, kd)
    right = np.moveaxis(v, (-2, -1), (0, 1)).reshape(k, k, n, groups, inside, v.shape[2], rows * columns)
    total = np.zeros((k, k, n, groups, outside, count), x.dtype)
    for tap in range(kd):
        first = tap * depth_dilation
        met = right[..., first : first + depth_stride * (od - 1) + 1 : depth_stride, :]
        total += left[..., tap] @ met.reshape(k, k, n, groups, inside, count)
    product = np.moveaxis(total.reshape(k, k, n, c_out, od, rows, columns), (0, 1), (-2, -1))
    y = (at @ product @ at.T).swapaxes(-3, -2).reshape(n, c_out, od, rows * m, columns * m)[..., :oh, :ow]
    return Stages(u, v, product, y[:, :, 0] if flat else y)


def convolve(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, matrices: Matrices, **options: object) -> np.ndarray:
    """The output of `stages` with its bias."""
    y = stages(x, w, matrices, **options).output
    return y if b is None else y + b.reshape(-1, *(1,) * (y.ndim - 2))


def filter_gradient(
    x: np.ndarray,
    g: np.ndarray,
    matrices: Matrices,
    *,
    padding: object = 0,
    groups: int = 1,
    grid: tuple[int, int] = (1, 1),
) -> np.ndarray:
    """Gradient of the weights of a convolution of planes, tile by tile, in the type of `x`.

    A convolution is linear in its weights; this is the transpose of that map: G^T [sum of (A g A^T) * (B^T d B)] G, the sum
    over all tiles of all images. `grid` is the dilation, each of whose grids is a convolution without.
    """
    at, gm, bt = matrices
    (m, k), r = at.shape, gm.shape[1]
    (n, c_in), (c_out, *out) = x.shape[:2], g.shape[1:]
    pads = oracle.resolve_padding(padding, x.shape[2:], (r, r), 1, grid)
    padded = oracle.pad(x, pads)
    total = np.zeros((groups, c_out // groups, c_in // groups, k, k), x.dtype)
    for row, column in np.ndindex(min(grid[0], out[0]), min(grid[1], out[1])):
        there, part = padded[..., row :: grid[0], column :: grid[1]], g[..., row :: grid[0], column :: grid[1]]
        rows, columns = (-(-size // m) for size in part.shape[2:])
        whole = np.zeros((n, c_out, rows * m, columns * m), x.dtype)
        whole[..., : part.shape[2], : part.shape[3]] = part
        around = np.zeros((n, c_in, rows * m + r - 1, columns * m + r - 1), x.dtype)
        height, width = part.shape[2] + r - 1, part.shape[3] + r - 1
        around[..., :height, :width] = there[..., :height, :width]
        tiles = np.lib.stride_tricks.sliding_window_view(around, (k, k), (-2, -1))[..., ::m, ::m, :, :]
        v = (bt @ tiles @ bt.T).reshape(n, groups, c_in // groups, rows * columns, k, k)
        u = at.T @ whole.reshape(n, c_out, rows, m, columns, m).swapaxes(3, 4) @ at
        u = u.reshape(n, groups, c_out // groups, rows * columns, k, k)
        total += np.einsum("ngotij,ngctij->gocij", u, v)
    return (gm.T @ total @ gm).reshape(c_out, c_in // groups, r, r)
