"""The filters of `fastconv.ndimage` against their definitions: exactly on integers, within a derived bound on floats;
layouts, overlap, threads, NaN and infinities, complex numbers, arrays of no axes and no elements."""

import tracemalloc
from collections.abc import Callable

import cases
import filter_cases
import filter_oracle
import numpy as np
import pytest
import tolerance

import fastconv as fc
from fastconv import ndimage

COUNT = min(cases.CASES, 120)
LINEAR = pytest.mark.parametrize("name", filter_cases.LINEAR)
ORDER = pytest.mark.parametrize("name", filter_cases.ORDER)
SPECIALS = (np.nan, np.inf, -np.inf)


def call(case: filter_cases.Case, **more: object) -> np.ndarray:
    """Make the call."""
    return getattr(ndimage, case.name)(case.x, **{**case.arguments, **more})


@LINEAR
def test_floats_are_within_the_bound(name: str) -> None:
    for rng, told in filter_cases.drawn("ndimage floats", name, COUNT):
        dtype, output = rng.choice(filter_cases.FLOAT, 2)
        case = filter_cases.draw_linear(rng, name, str(dtype))
        expected = filter_cases.reference(case, str(output))
        kept = case.x.copy()
        result = call(case, output=str(output), num_threads=cases.pick(rng, cases.THREADS))
        assert result.dtype == output
        tolerance.check(result, expected.values, expected.bound, told(case))
        assert kept.tobytes() == case.x.tobytes(), told(case)


@pytest.mark.parametrize("name", [n for n in filter_cases.LINEAR if n != "gaussian_gradient_magnitude"])
def test_integers_are_exact(name: str) -> None:
    for rng, told in filter_cases.drawn("ndimage integers", name, COUNT):
        made = name.startswith(("gaussian", "uniform"))
        types = [t for t in filter_cases.REAL if t not in filter_cases.FLOAT and t != "bool"]
        if name in ("sobel", "prewitt"):
            types.remove("uint64")  # what the first pass wraps, float64 does not hold
        dtype = str(rng.choice(types))
        # Derivatives of Gaussians are of both signs; a rounded sum may wrap, but not a doubtful one.
        output = str(rng.choice(filter_cases.SIGNED)) if name == "gaussian_laplace" else dtype
        while True:
            case = filter_cases.draw_linear(rng, name, dtype)
            expected = filter_cases.reference(case, output)
            if not (made and expected.doubtful):
                break
        result = call(case, output=output, num_threads=cases.pick(rng, cases.THREADS))
        assert result.dtype == output
        tolerance.check_equal(result, expected.values, told(case))


@pytest.mark.parametrize("name", ["correlate1d", "correlate", "sobel", "uniform_filter", "laplace"])
def test_integers_become_other_types(name: str) -> None:
    for rng, told in filter_cases.drawn("ndimage types", name, COUNT):
        output = str(rng.choice([name for name in filter_cases.REAL[:-1] if name != "uint64"]))  # 2**64 - 1: no float64
        case = filter_cases.draw_linear(rng, name, str(rng.choice(filter_cases.REAL[2:])))
        expected = filter_cases.reference(case, output)
        tolerance.check(call(case, output=np.dtype(output)), expected.values, expected.bound, told(case))


@ORDER
def test_orders_are_exact(name: str) -> None:
    for rng, told in filter_cases.drawn("ndimage order", name, COUNT):
        case = filter_cases.draw_order(rng, name, str(rng.choice(filter_cases.REAL)))
        expected, kept = filter_cases.ordered(case), case.x.copy()
        result = call(case, num_threads=cases.pick(rng, cases.THREADS))
        assert result.dtype == expected.dtype
        tolerance.check_equal(result, expected, told(case))
        assert kept.tobytes() == case.x.tobytes(), told(case)


@pytest.mark.parametrize("name", ["maximum_filter", "minimum_filter"])
def test_structures_are_added_and_subtracted(name: str) -> None:
    for rng, told in filter_cases.drawn("ndimage structure", name, COUNT):
        shape = filter_cases.shape_of(rng)
        x = filter_cases.array_of(rng, shape, "float64")
        x = np.round(4 * x).astype(str(rng.choice(("float64", "int32"))))
        structure = rng.integers(-3, 4, rng.integers(1, 4, x.ndim)).astype(float)
        footprint = rng.random(structure.shape) < 0.8
        footprint[(0,) * x.ndim] = True
        lefts = [int(rng.integers(s)) for s in structure.shape]
        origin = [filter_cases.origin_of(s, left) for s, left in zip(structure.shape, lefts, strict=True)]
        ours, theirs = filter_cases.border_of(rng)
        low, high = filter_oracle.grey(x, structure, footprint, lefts, [ours] * x.ndim, 1.0)
        result = getattr(ndimage, name)(
            x, footprint=footprint, structure=structure, mode=theirs, cval=1.0, origin=origin, output=np.float64
        )
        tolerance.check_equal(result, low if name == "minimum_filter" else high, told((x.shape, structure, footprint)))


@pytest.mark.parametrize("name", [*filter_cases.LINEAR, *filter_cases.ORDER])
def test_outputs_may_be_any_array(name: str) -> None:
    """New, with gaps, of foreign bytes, the input itself, or one that shares a part of it: the same bits.

    Means along what is a row of memory in one array and a column in another add in another order.
    """
    for rng, told in filter_cases.drawn("ndimage outputs", name, COUNT // 3):
        draw = filter_cases.draw_order if name in filter_cases.ORDER else filter_cases.draw_linear
        case = draw(rng, name, "float32")
        expected = call(case, output=np.float32).tobytes()
        room = np.zeros((case.x.shape[0] + 1, *case.x.shape[1:]), np.float32)
        room[:-1] = case.x
        shared = filter_cases.Case(case.name, room[:-1], case.arguments)
        same = filter_cases.Case(case.name, np.array(case.x, np.float32, order="K"), case.arguments)
        for target, made in (
            (np.zeros((*case.x.shape[:-1], 2 * case.x.shape[-1]), np.float32)[..., ::2], case),
            (np.zeros(case.x.shape, np.float32, order="F"), case),
            (np.zeros(case.x.shape, np.dtype(np.float32).newbyteorder()), case),
            (same.x, same),
            (room[1:], shared),
        ):
            assert call(made, output=target) is target, told(case)
            if name.startswith("uniform"):
                reference = filter_cases.reference(case, "float32")
                tolerance.check(target.astype(np.float32), reference.values, reference.bound, told(case))
            else:
                assert target.astype(np.float32).tobytes() == expected, told(case)


@pytest.mark.parametrize("dtype", filter_cases.FLOAT)
def test_the_bits_are_those_of_one_thread(dtype: str) -> None:
    rng = cases.rng_for("ndimage threads", 0)
    x = rng.standard_normal((3, 61, 130)).astype(dtype)
    weights = rng.standard_normal((3, 5, 4))
    for name, arguments in {
        "correlate": {"weights": weights},
        "correlate1d": {"weights": weights[0, 0], "axis": 1},
        "gaussian_filter": {"sigma": (0.5, 3, 2)},
        "uniform_filter": {"size": (2, 31, 3)},
        "sobel": {},
        "laplace": {},
        "maximum_filter": {"size": (1, 9, 4)},
        "minimum_filter": {"footprint": weights > 0},
        "median_filter": {"size": (1, 3, 5)},
        "rank_filter": {"rank": 2, "footprint": weights > -1},
    }.items():
        one = getattr(ndimage, name)(x, **arguments, num_threads=1)
        for threads in (2, 3, 7):
            again = getattr(ndimage, name)(x, **arguments, num_threads=threads)
            assert one.tobytes() == again.tobytes(), (name, threads)


@pytest.mark.parametrize("name", ["correlate1d", "correlate", "gaussian_filter", "uniform_filter1d", "uniform_filter"])
def test_nan_and_infinities_are_where_the_definition_has_them(name: str) -> None:
    for rng, told in filter_cases.drawn("ndimage specials", name, COUNT):
        # No weight is zero: derivatives of Gaussians have such, and so have given weights that are integers.
        case = filter_cases.draw_linear(rng, name, str(rng.choice(filter_cases.FLOAT)), whole=name.startswith("gaussian"))
        x = np.array(case.x)
        x[rng.random(x.shape) < 0.1] = rng.choice(SPECIALS)
        with np.errstate(invalid="ignore"):
            expected = filter_cases.reference(
                filter_cases.Case(name, x, case.arguments, case.terms, cval=case.cval), x.dtype
            )
        result = getattr(ndimage, name)(x, **case.arguments)
        finite = np.isfinite(expected.values)
        assert (np.isfinite(result) == finite).all(), told(case)
        assert (np.isnan(result) == np.isnan(expected.values)).all(), told(case)
        assert (result[~finite & ~np.isnan(result)] == expected.values[~finite & ~np.isnan(result)]).all(), told(case)


@pytest.mark.parametrize("algorithm", ["direct", "separable", "fft", "auto"])
def test_algorithms_agree(algorithm: str) -> None:
    rng = cases.rng_for("ndimage algorithms", 0)
    x = rng.standard_normal((23, 31))
    weights = np.outer(rng.standard_normal(5), rng.standard_normal(7))
    expected = filter_oracle.correlate(x, weights, (2, 3), ("reflect",) * 2)
    result = ndimage.correlate(x, weights, mode="mirror", algorithm=algorithm)
    # Higham, section 24.1: an FFT of n points errs by at most a small multiple of log2(n) u relative to the norm; there are
    # three, each of at most 4 (31 + 7)**2 points. The other algorithms err less.
    roundings = 3 * 8 * np.log2(4 * (31 + 7) ** 2)
    norm = np.sqrt((x * x).sum() * (weights * weights).sum()) * np.ones(x.shape)
    tolerance.check(result, expected, tolerance.gamma(roundings, tolerance.unit_roundoff("float64")) * norm, algorithm)


def test_a_sum_of_factors_is_the_nearest_of_its_rank() -> None:
    rng = cases.rng_for("ndimage ranks", 0)
    x, weights = rng.standard_normal((16, 19)), rng.standard_normal((5, 6))
    u, s, v = np.linalg.svd(weights)
    for rank in range(1, 6):
        nearest = (u[:, :rank] * s[:rank]) @ v[:rank]
        expected = filter_oracle.correlate(x, nearest, (2, 3), ("symmetric",) * 2)
        result = ndimage.correlate(x, weights, algorithm="separable", max_rank=rank)
        # LAPACK's singular vectors err by a small multiple of the dimension times u over the gap between singular values.
        gap = min(np.append(s[:-1] - s[1:], s[-1])) / s[0]
        reach = filter_oracle.correlate(np.abs(x), np.full(weights.shape, s[0]), (2, 3), ("symmetric",) * 2)
        bound = tolerance.gamma(8 * weights.size, tolerance.unit_roundoff("float64")) / gap * reach
        tolerance.check(result, expected, bound, f"rank {rank}")


OMITTING = [name for name in filter_cases.LINEAR if not name.startswith(("sobel", "prewitt", "laplace", "gaussian_"))]
OMITTING += ["gaussian_filter", "gaussian_filter1d"]


@pytest.mark.parametrize("name", OMITTING)
def test_nan_is_left_out_on_request(name: str) -> None:
    for rng, told in filter_cases.drawn("ndimage omit", name, COUNT):
        dtype = str(rng.choice(filter_cases.FLOAT))
        case = filter_cases.draw_linear(rng, name, dtype, whole=True)
        (steps,), x = case.terms, np.array(case.x, dtype)
        x[rng.random(x.shape) < 0.3] = np.nan
        arguments, window = dict(case.arguments), filter_window(steps, x.ndim)
        if "weights" in arguments:
            window = filter_cases.Window(np.abs(window.weights) + 1, window.left, window.modes)
            arguments["weights"] = np.abs(arguments["weights"]) + 1
        # Passes see the border of what the passes before made, where a window sees that of the input: the same but for a
        # constant, of which a mean makes itself.
        expected = filter_oracle.omit(x, window.weights, window.left, window.modes, case.cval)
        result = getattr(ndimage, name)(x, **arguments, nan="omit")
        assert result.dtype == dtype
        u = tolerance.unit_roundoff(dtype)
        most = max(np.abs(np.nan_to_num(x)).max(initial=0), abs(case.cval)) * window.weights.sum()
        bound = 2 * tolerance.gamma(2 * window.weights.size + 12, u) * most
        # Relative to the weights that are left, of which there may be few.
        left = filter_oracle.correlate(~np.isnan(x), window.weights, window.left, window.modes, 1.0) / window.weights.sum()
        with np.errstate(divide="ignore"):
            tolerance.check(result, expected, bound / left, told((case, x)))


@pytest.mark.parametrize("dtype", filter_cases.FLOAT)
def test_where_nothing_is_left_is_nan(dtype: str) -> None:
    """Exactly there, also where sums run or are transformed, and a hole leaves roundings instead of zeros."""
    rng = cases.rng_for("ndimage hole", 0)
    x = (100 * rng.standard_normal((48, 52))).astype(dtype)
    x[10:31, 20:41] = np.nan
    x[:, 3] = np.nan
    weights = rng.random((9, 11)) + 0.5
    lonely = filter_oracle.correlate(~np.isnan(x), weights, (4, 5), ("symmetric",) * 2) == 0
    assert lonely.any()
    for algorithm in ("auto", "direct", "fft"):
        result = ndimage.correlate(x, weights, nan="omit", algorithm=algorithm)
        assert (np.isnan(result) == lonely).all(), algorithm
    assert (np.isnan(ndimage.uniform_filter(x, (9, 11), nan="omit")) == lonely).all()
    gaps = weights * (rng.random(weights.shape) < 0.3)
    lonely = filter_oracle.correlate(~np.isnan(x), gaps, (4, 5), ("symmetric",) * 2) == 0
    for algorithm in ("direct", "fft"):
        assert (np.isnan(ndimage.correlate(x, gaps, nan="omit", algorithm=algorithm)) == lonely).all(), algorithm


def test_a_constant_outside_that_is_nan_is_left_out() -> None:
    result = ndimage.uniform_filter1d(np.array([1.0, 2.0, 3.0]), 3, mode="constant", cval=np.nan, nan="omit")
    bound = tolerance.gamma(10, tolerance.unit_roundoff("float64")) * np.full(3, 6.0)
    tolerance.check(result, np.array([1.5, 2.0, 2.5]), bound, "the mean of what is there")


def filter_window(steps: list, ndim: int) -> filter_cases.Window:
    """Passes, or a window, as one window."""
    if steps and isinstance(steps[0], filter_cases.Window):
        return steps[0]
    weights, left, modes = np.ones((1,) * ndim), [0] * ndim, ["replicate"] * ndim
    for step in steps:
        line = [1] * ndim
        line[step.axis] = -1
        weights = weights * (step.weights / (step.weights.size if step.box else 1)).reshape(line)
        left[step.axis], modes[step.axis] = step.left, step.mode
    return filter_cases.Window(weights, tuple(left), tuple(modes))


def test_without_nan_omitting_changes_no_integer() -> None:
    x = np.arange(12).reshape(3, 4)
    assert (ndimage.uniform_filter(x, 3, nan="omit") == ndimage.uniform_filter(x, 3)).all()


def unrounded(step: filter_cases.Pass | filter_cases.Window, x: np.ndarray, weights: np.ndarray, cval: float) -> np.ndarray:
    """A step's correlation with other weights."""
    if isinstance(step, filter_cases.Window):
        return filter_oracle.correlate(x, weights, step.left, step.modes, cval)
    return filter_oracle.along(x, step.axis, weights, step.left, step.mode, cval)


@pytest.mark.parametrize("name", ["correlate1d", "convolve1d", "correlate", "convolve"])
@pytest.mark.parametrize("kinds", ["fc", "cf", "cc"])
def test_complex_numbers_are_two_real_ones(name: str, kinds: str) -> None:
    for rng, told in filter_cases.drawn(f"ndimage complex {kinds}", name, COUNT // 4):
        case = filter_cases.draw_linear(rng, name, "float64", whole=True)
        x, w = np.round(9 * case.x), case.arguments["weights"]
        step = case.terms[0][0]
        second = rng.integers(-3, 4, w.shape).astype(float)
        if kinds[0] == "c":
            x = x + 1j * rng.integers(-5, 6, x.shape)
        factor = w + 1j * second if kinds[1] == "c" else w
        cval = 2 - 1j if kinds[0] == "c" else 2.0
        seen = -1 if name.startswith("correlate") else 1  # correlation conjugates
        turned = [w, second] if name.startswith("correlate") else [np.flip(w), np.flip(second)]
        real, imaginary = (part.reshape(step.weights.shape) for part in turned)
        parts = [(x.real, cval.real), (x.imag, cval.imag)]
        (rr, ir), (ri, ii) = ([unrounded(step, v, k, c) for v, c in parts] for k in (real, imaginary))
        if kinds[1] == "f":
            ri, ii = 0 * rr, 0 * ir
        expected = rr - seen * ii, seen * ri + ir
        result = getattr(ndimage, name)(x, **{**case.arguments, "weights": factor, "cval": cval})
        assert result.dtype == np.complex128
        for got, wanted in zip((result.real, result.imag), expected, strict=True):
            tolerance.check_equal(got, wanted, told((case, kinds)))


@pytest.mark.parametrize("name", [*filter_cases.LINEAR, *filter_cases.ORDER])
def test_no_elements_give_none(name: str) -> None:
    for shape in ((0,), (3, 0), (0, 2, 1)):
        case = filter_cases.draw_order if name in filter_cases.ORDER else filter_cases.draw_linear
        rng = cases.rng_for("ndimage empty", 0)
        while len((drawn := case(rng, name, "float32")).x.shape) != len(shape):
            pass
        result = getattr(ndimage, name)(np.zeros(shape, np.float32), **drawn.arguments)
        assert result.shape == shape
        assert result.dtype == np.float32


def test_an_array_of_no_axes_is_one_element() -> None:
    x = np.array(3.0)
    assert ndimage.correlate(x, 2.0) == 6
    for result in (
        ndimage.gaussian_filter(x, 1),
        ndimage.uniform_filter(x, 3),
        ndimage.laplace(x),
        ndimage.maximum_filter(x, 3),
        ndimage.median_filter(x, 3),
        ndimage.gaussian_gradient_magnitude(x, 1),
    ):
        assert result == 3
        assert result.shape == ()


def test_results_have_the_layout_of_the_input() -> None:
    x = np.asfortranarray(np.ones((4, 5, 6), np.float32))
    assert ndimage.gaussian_filter(x, 1).flags.f_contiguous
    assert ndimage.median_filter(x, 3).flags.f_contiguous
    assert ndimage.correlate(x, np.ones((3, 3, 3))).flags.f_contiguous


def test_no_layout_is_copied() -> None:
    """The only large array of a call is its result; what threads work in is small beside it."""
    for x in (np.ones((1024, 2048), order="F"), np.ones((1024, 4096))[:, ::2], np.ones((1024, 2048))[::-1, ::-1]):
        for name, argument in {
            "gaussian_filter": 1,
            "correlate": np.ones((3, 3)),
            "laplace": None,
            "maximum_filter": 3,
            "median_filter": 3,
        }.items():
            peak = peak_bytes(lambda x=x, name=name, argument=argument: getattr(ndimage, name)(x, argument, num_threads=2))
            assert peak < 1.4 * x.nbytes, name


def peak_bytes(run: Callable[[], object]) -> int:
    """The most bytes that Python and NumPy hold at once during a call."""
    run()
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_guessed_integers_are_not_lost_to_rounding() -> None:
    """A mean of equal integers is that integer, whatever the rounding of weights."""
    for dtype in ("uint8", "int16", "int32", "uint64"):
        x = np.full((9, 11), 100, dtype)
        for size in range(1, 12):
            assert (ndimage.uniform_filter(x, size) == x).all()
        for sigma in (0.5, 1, 2, 3.7):
            assert (ndimage.gaussian_filter(x, sigma) == x).all()


def test_it_is_reached_by_name() -> None:
    assert fc.ndimage is ndimage


def test_a_mean_over_more_than_the_image_takes_little_memory() -> None:
    """Scratch depends on the image then, not on the square of the window."""
    x = np.ones((40, 50), np.float32)
    assert peak_bytes(lambda: ndimage.uniform_filter(x, 4001)) < 4 << 20
    np.testing.assert_allclose(ndimage.uniform_filter(x, 4001), 1, rtol=4001 * np.finfo(np.float32).eps)


# How NumPy pads what each mode means.
PADS = {"reflect": "symmetric", "mirror": "reflect", "nearest": "edge", "wrap": "wrap", "constant": "constant"}


@pytest.mark.parametrize("mode", PADS)
@pytest.mark.parametrize("name", ["sobel", "prewitt"])
def test_bytes_wrap_around(name: str, mode: str, isa: str) -> None:
    smooth = np.array({"sobel": [1, 2, 1], "prewitt": [1, 1, 1]}[name])
    for index, width in enumerate((2, 3, 31, 32, 33, 64, 65, 130)):
        rng, axis, height = cases.rng_for(f"bytes {name} {mode}", index), index // 4 % 2, 2 + 9 * (index % 3)
        taken, given = np.dtype(("u1", "i1")[index % 2]), np.dtype(("u1", "i2", "i1", "u2")[index // 2 % 4])
        x = rng.integers(0, 256, (height, width)).astype(np.uint8).view(taken)
        around = np.pad(x.astype(np.int64), 1, PADS[mode])
        weights = np.multiply.outer(*(([-1, 0, 1], smooth) if axis == 0 else (smooth, [-1, 0, 1])))
        windows = np.lib.stride_tricks.sliding_window_view(around, (3, 3))
        expected = np.einsum("ijkl,kl->ij", windows, weights).astype(given)
        result = getattr(ndimage, name)(x, axis, given, mode=mode, num_threads=1 + index % 3)
        tolerance.check_equal(result, expected, f"{name} {mode} {x.shape} {taken} to {given} axis {axis} {isa}")
