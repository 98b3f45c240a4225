"""The gradient of convolution weights in each of its forms: products of staged pixels, Winograd's adjoint, depthwise sums.

The first and the last are exact on integers; Winograd's points are irrational, so it is held to its derived bound.
"""

import calls
import cases
import numpy as np
import oracle
import pytest
import tolerance

import fastconv as fc
import fastconv.grad as G
import winograd
from fastconv.kernels import gradient
from fastconv.spec import ConvSpec

SCHEME = winograd.SCHEMES["winograd_f4x3"]
ISAS = fc.available_isas()


def gradient_of(
    x: np.ndarray, w_shape: tuple, g: np.ndarray, threads: int, last: bool = False, **options: object
) -> np.ndarray:
    """The gradient by the kernels, of arrays that are turned to channels last or are not."""
    rank = x.ndim - 2
    there, data_format = ([calls.to_last(a, rank) for a in (x, g)], calls.LAST[rank]) if last else ([x, g], None)
    how = {"data_format": data_format, "dtype": x.dtype.name, "precision": options.pop("precision", "strict")}
    spec = ConvSpec.make(f"conv{rank}d", rank, there[0].shape, w_shape, None, **options, **how)
    dw = np.full(w_shape, np.nan, x.dtype)
    isa = fc.settings.isa_index()
    bound = gradient.bind(spec, isa, ISAS[isa])
    assert how["precision"] == "fast" or not bound.by_winograd
    bound.by_winograd = how["precision"] == "fast"  # whatever would be faster
    bound.weight(*map(np.ascontiguousarray, there), dw, threads)
    return dw


def draw(rng: np.random.Generator, x_shape: tuple, w_shape: tuple, dtype: str, fill: object, **options: object) -> tuple:
    """An input and an output's gradient."""
    x, shaping = fill(rng, x_shape, dtype), {k: v for k, v in options.items() if k != "groups"}
    return x, fill(rng, oracle.conv_output_shape(x_shape, w_shape, **shaping), dtype)


# (input, weights, options): channels around every tile edge, rounds of planes, rows and columns, folded taps, either operand
# in lanes, rows and columns staged apart.
DENSE = {
    "tiles": [
        ((2, c_in, 5, 6), (c_out, c_in, 2, 3), {"padding": 1})
        for c_in, c_out in zip(
            (1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65), (33, 29, 28, 15, 14, 13, 57, 2, 1, 6, 16, 40, 64), strict=True
        )
    ],
    "rows": [((2, 70, 50, 41), (40, 70, 3, 3), {"padding": 1}), ((1, 64, 33, 65), (64, 64, 1, 1), {})],
    "planes": [((37, 20, 7, 7), (36, 20, 3, 3), {"padding": 1}), ((9, 130, 7, 7), (70, 130, 1, 1), {"stride": 2})],
    "columns": [((2, 60, 3001), (50, 60, 5), {"padding": 4, "dilation": 2}), ((1, 140, 2, 1100), (120, 140, 1, 3), {})],
    "folded": [((2, 3, 61, 63), (48, 3, 11, 11), {"stride": 4}), ((2, 5, 20, 21), (64, 5, 3, 3), {"stride": (2, 1)})],
    "apart": [
        ((1, 9, 90, 91), (17, 9, 3, 3), {"dilation": 40}),
        ((2, 9, 40, 41), (17, 9, 2, 2), {"stride": 7, "padding": 1}),
    ],
    "groups": [((2, 24, 14, 15), (36, 4, 3, 3), {"groups": 6, "padding": 1}), ((2, 6, 9, 9), (6, 2, 3, 3), {"groups": 3})],
    "volume": [((2, 6, 5, 6, 7), (18, 6, 3, 2, 3), {"padding": 1, "stride": (2, 1, 2)})],
    "aligned": [((1, 20, 32, 32), (30, 20, 3, 3), {"padding": 1})],
}


@pytest.mark.parametrize("kind", DENSE)
def test_products_of_pixels_are_exact_on_integers(kind: str, isa: str, dtype: str) -> None:
    for index, (x_shape, w_shape, options) in enumerate(DENSE[kind]):
        rng = cases.rng_for("dense gradient " + kind, index)
        x, g = draw(rng, x_shape, w_shape, dtype, cases.integers, **options)
        expected = oracle.conv_weight(x, w_shape, g, **options)
        for threads, last in ((1, False), (3, False), (2, True)):
            dw = gradient_of(x, w_shape, g, threads, last, **options)
            tolerance.check_equal(dw, expected, f"{kind} {x_shape} {w_shape} {options} {isa} threads={threads} last={last}")


DEPTHWISE = [
    ((2, 5, 16, 33), 1, (3, 3), {"padding": 1}),
    ((2, 33, 7, 7), 2, (3, 3), {"padding": 1}),
    ((3, 17, 5, 6), 1, (5, 5), {"padding": 2, "stride": 2}),
    ((1, 6, 70, 61), 3, (4, 7), {"padding": (2, 3), "stride": (2, 3)}),
    ((1, 4, 60, 90), 1, (3, 3), {"dilation": (25, 40)}),
    ((2, 4, 30, 31), 1, (2, 3), {"dilation": 2, "stride": 2, "padding": 2}),
    ((2, 9, 70), 2, (9,), {"padding": 4}),
    ((2, 5, 6, 7, 8), 2, (3, 3, 3), {"padding": 1, "stride": (1, 2, 1)}),
]


@pytest.mark.parametrize("mode", ["zeros", "reflect", "circular"])
def test_depthwise_gradients_are_exact_on_integers(mode: str, isa: str, dtype: str) -> None:
    for index, (x_shape, multiple, kernel, options) in enumerate(DEPTHWISE):
        rng, channels = cases.rng_for("depthwise gradient", index), x_shape[1]
        w_shape = (channels * multiple, 1, *kernel)
        x, g = draw(rng, x_shape, w_shape, dtype, cases.integers, **options)
        pads = oracle.resolve_padding(options.get("padding", 0), x_shape[2:], kernel, 1, 1)
        named = {"zeros": "constant", "reflect": "reflect", "circular": "wrap"}[mode]
        around = np.pad(x, ((0, 0), (0, 0), *pads), named)
        expected = oracle.conv_weight(around, w_shape, g, **options | {"padding": 0}, groups=channels)
        for threads, last in ((1, False), (3, False), (2, True)):
            how = options | {"groups": channels, "padding_mode": mode}
            dw = gradient_of(x, w_shape, g, threads, last, **how)
            tolerance.check_equal(dw, expected, f"{x_shape} {w_shape} {how} {isa} threads={threads} last={last}")


def winograd_bound(x: np.ndarray, g: np.ndarray, **options: object) -> np.ndarray:
    """Elementwise bound: every product of one input, one gradient and six constants passes at most so many roundings."""
    at, gm, bt = (np.abs(matrix) for matrix in SCHEME.matrices(tolerance.reference_of(x.dtype)))
    magnitude = winograd.filter_gradient(*map(tolerance.finite_magnitude, (x, g)), (at, gm, bt), **options)
    exact = SCHEME.exact
    passes = 2 * sum(winograd.pass_roundings(matrix) for matrix in (exact[0].T, exact[1].T, exact[2]))
    return tolerance.gamma(passes + g[:, 0].size + 2, tolerance.unit_roundoff(x.dtype)) * magnitude


WINOGRAD = [
    ((2, 16, 8, 8), 16, {"padding": 1}),
    ((1, 17, 13, 30), 33, {"padding": (0, 2)}),
    ((3, 70, 7, 7), 65, {"padding": "same"}),
    ((2, 32, 41, 37), 20, {"padding": ((1, 0), (0, 1))}),
    ((2, 48, 15, 16), 32, {"padding": 1, "groups": 2}),
    ((1, 16, 30, 29), 18, {"padding": 3, "dilation": (3, 2)}),
]


def by_winograd(x: np.ndarray, w_shape: tuple, g: np.ndarray, threads: int, **how: object) -> np.ndarray:
    return gradient_of(x, w_shape, g, threads, precision="fast", **how)


@pytest.mark.parametrize("problem", WINOGRAD, ids=str)
def test_winograd_gradients_are_within_the_bound(problem: tuple, isa: str, dtype: str) -> None:
    x_shape, c_out, options = problem
    w_shape = (c_out, x_shape[1] // options.get("groups", 1), 3, 3)
    x, g = draw(cases.rng_for(f"winograd gradient {problem}", 0), x_shape, w_shape, dtype, cases.floats, **options)
    expected = oracle.conv_weight(cases.exact(x), w_shape, cases.exact(g), **options)
    parts = {k: v for k, v in options.items() if k != "dilation"} | {"grid": oracle.per_axis(options.get("dilation", 1), 2)}
    pads = oracle.resolve_padding(options["padding"], x_shape[2:], (3, 3), 1, options.get("dilation", 1))
    bound = winograd_bound(x, g, **parts | {"padding": pads})
    one = by_winograd(x, w_shape, g, 1, **options)
    tolerance.check(one, expected, bound, f"{problem} {isa} {dtype}")
    for threads in (2, 3, 7):
        assert by_winograd(x, w_shape, g, threads, **options).tobytes() == one.tobytes(), f"num_threads={threads}"
    tolerance.check(by_winograd(x, w_shape, g, 2, last=True, **options), expected, bound, f"{problem} {isa} last")
    # <A w, g> = <w, A^T g> within what the two may err.
    w = cases.floats(cases.rng_for("adjoint", 0), w_shape, dtype)
    exactly = float(np.vdot(cases.exact(w), expected))
    assert abs(np.vdot(cases.exact(w), cases.exact(one)) - exactly) <= float((np.abs(cases.exact(w)) * bound).sum())


def test_winograd_serves_what_it_should_and_strict_never_takes_it(dtype: str) -> None:
    x_shape, w_shape = (2, 64, 14, 14), (64, 64, 3, 3)
    x, g = draw(cases.rng_for("strict gradient", 0), x_shape, w_shape, dtype, cases.integers, padding=1)
    expected = oracle.conv_weight(x, w_shape, g, padding=1)
    with fc.override(precision="strict"):
        tolerance.check_equal(G.conv2d_weight(x, w_shape, g, padding=1), expected, "strict")
    assert (G.conv2d_weight(x, w_shape, g, padding=1) != expected).any()


def test_winograd_gradients_put_nan_and_infinity_where_the_definition_does(isa: str) -> None:
    x_shape, w_shape = (2, 32, 12, 13), (32, 32, 3, 3)
    for index, special in enumerate((np.nan, np.inf, -np.inf)):
        x, g = draw(cases.rng_for("special winograd", index), x_shape, w_shape, "float32", cases.integers, padding=1)
        for array, place in ((x, (1, 3, 0, 12)), (x, (0, 31, 11, 5)), (g, (0, 5, 0, 0)), (g, (1, 31, 7, 12))):
            there = array.copy()
            there[place] = special
            pair = (there, g) if array is x else (x, there)
            expected = oracle.conv_weight(pair[0], w_shape, pair[1], padding=1)
            assert not np.isfinite(expected).all()
            dw = by_winograd(pair[0], w_shape, pair[1], 1 + index, padding=1)
            tolerance.check_equal(dw, expected, f"{special} {place} {isa}")


def test_gradients_of_nothing_are_zero(dtype: str) -> None:
    for channels, w_shape, groups in ((4, (6, 4, 3, 3), 1), (32, (32, 32, 3, 3), 1), (4, (8, 1, 3, 3), 4)):
        x, g = np.zeros((0, channels, 5, 5), dtype), np.zeros((0, w_shape[0], 3, 3), dtype)
        assert (G.conv2d_weight(x, w_shape, g, groups=groups) == 0).all()


def test_bias_gradients_of_channels_last_are_exact_on_integers(isa: str, dtype: str) -> None:
    for index, channels in enumerate((1, 3, 15, 16, 17, 64, 70)):
        g = cases.integers(cases.rng_for("bias last", index), (2, 5, 7, channels), dtype)
        spec = ConvSpec.make("conv2d", 2, g.shape, (channels, channels, 1, 1), (channels,), data_format="NHWC", dtype=dtype)
        for threads in (1, 3):
            db = np.full(channels, np.nan, dtype)
            gradient.bind(spec, fc.settings.isa_index(), isa).bias(g, db, threads)
            np.testing.assert_array_equal(db, g.sum((0, 1, 2), np.float64))
