"""`fastconv.ndimage` against `scipy.ndimage`: the same call, drawn at random over functions, types, layouts and options.

By order and on integers the results are equal. On floats they differ by the roundings of both, of which SciPy's are in
float64; both lie within the bound about the definition's result.
"""

import inspect
from dataclasses import replace

import cases
import filter_cases
import numpy as np
import pytest
import scipy.ndimage
import tolerance

from fastconv import ndimage

COUNT = min(cases.CASES, 150)
EXTRAS = {"nan", "num_threads", "algorithm", "max_rank", "structure"}


def both(name: str, x: np.ndarray, **arguments: object) -> tuple[np.ndarray, np.ndarray]:
    """Our result and SciPy's."""
    return getattr(ndimage, name)(x, **arguments), getattr(scipy.ndimage, name)(x, **arguments)


@pytest.mark.parametrize("name", ndimage.__all__)
def test_signatures_are_the_same(name: str) -> None:
    theirs = inspect.signature(getattr(scipy.ndimage, name)).parameters.values()
    ours = inspect.signature(getattr(ndimage, name)).parameters.values()
    plain = [(p.name, p.kind, p.default) for p in ours if p.name not in EXTRAS]
    assert plain == [(p.name, p.kind, p.default) for p in theirs]
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in ours if p.name in EXTRAS)


@pytest.mark.parametrize("name", filter_cases.LINEAR)
def test_floats_agree(name: str) -> None:
    for rng, told in filter_cases.drawn("scipy floats", name, COUNT):
        output = np.dtype(str(rng.choice(filter_cases.FLOAT)))
        case = filter_cases.draw_linear(rng, name, str(rng.choice(filter_cases.REAL)), whole=False)
        bound = filter_cases.reference(case, str(output)).bound
        result, expected = both(name, case.x, **case.arguments, output=output)
        assert result.dtype == expected.dtype
        tolerance.check(result, expected, 2 * bound, told(case))


@pytest.mark.parametrize("name", [n for n in filter_cases.LINEAR if not n.startswith(("gaussian", "uniform"))])
def test_integers_are_equal(name: str) -> None:
    for rng, told in filter_cases.drawn("scipy integers", name, COUNT):
        types = list(filter_cases.REAL[2:-1])
        types.remove("uint64")  # SciPy converts what is negative to it as the processor likes
        case = filter_cases.draw_linear(rng, name, str(rng.choice(types)))
        result, expected = both(name, case.x, **case.arguments)
        assert result.dtype == expected.dtype.newbyteorder("=")
        tolerance.check_equal(result, expected, told(case))


@pytest.mark.parametrize("name", ["gaussian_filter", "gaussian_filter1d", "uniform_filter", "uniform_filter1d"])
def test_rounded_means_of_integers_are_equal_unless_all_but_integers(name: str) -> None:
    for rng, told in filter_cases.drawn("scipy means", name, COUNT):
        case = filter_cases.draw_linear(rng, name, str(rng.choice(filter_cases.REAL[2:-1])))
        result, expected = both(name, case.x, **case.arguments)
        # A pass may round to the integer below where ours takes the one that is meant; a mean does not enlarge this.
        bound = len(case.terms[0]) if name.startswith("gaussian") else 0
        tolerance.check(result.astype(float), expected.astype(float), np.full(result.shape, float(bound)), told(case))


@pytest.mark.parametrize("name", filter_cases.ORDER)
def test_orders_are_equal(name: str) -> None:
    for rng, told in filter_cases.drawn("scipy order", name, COUNT):
        case = filter_cases.draw_order(rng, name, str(rng.choice(filter_cases.REAL)))
        if case.x.ndim == 1 and not name.startswith(("maximum", "minimum")):
            # SciPy's filter of sequences takes no foreign byte order, fills the gaps of a footprint, and misreads the
            # border where a window is longer than the sequence.
            case = replace(case, x=case.x.astype(case.x.dtype.newbyteorder("=")))
            if "footprint" in case.arguments or case.footprint.weights.size > case.x.size:
                continue
        result, expected = both(name, case.x, **case.arguments)
        assert result.dtype == expected.dtype.newbyteorder("=")
        tolerance.check_equal(result, expected, told(case))


@pytest.mark.parametrize("output", ["int32", "float64"])
@pytest.mark.parametrize("name", ["maximum_filter", "minimum_filter", "maximum_filter1d", "minimum_filter1d"])
def test_values_outside_need_not_fit_the_type(name: str, output: str) -> None:
    rng = cases.rng_for("scipy outside", 0)
    for dtype in ("uint8", "int16"):
        x = filter_cases.array_of(rng, (5, 6), dtype)
        for cval in (-5, -0.5, 3.7, 300, 70000):
            result, expected = both(name, x, size=3, mode="constant", cval=cval, output=output)
            assert (result == expected).all(), (x, cval)


@pytest.mark.parametrize("axes", [(0, 1), (1, 0), (2, 0), (-1, 1), (2, 0, 1), (1,)])
def test_axes_in_any_order_mean_the_same(axes: tuple[int, ...]) -> None:
    rng = cases.rng_for("scipy axes", len(axes))
    x = rng.integers(-9, 10, (4, 5, 6)).astype(np.float64)
    window, count = rng.integers(-2, 3, (3, 2, 4)[: len(axes)]).astype(float), len(axes)
    window[(0,) * count] = 1
    origin, modes = [-1, 0, 1][:count], ["wrap", "constant", "mirror"][:count]
    for name, arguments in {
        "correlate": {"weights": window, "origin": origin},
        "convolve": {"weights": window, "origin": [-1, 0, 0][:count]},
        "minimum_filter": {"footprint": window > 0, "origin": origin},
        "maximum_filter": {"size": (3, 4, 5)[:count], "origin": origin, "mode": modes},
        "rank_filter": {"footprint": window != 0, "rank": np.count_nonzero(window) // 2, "origin": origin},
        "median_filter": {"size": (3, 3, 3)[:count], "origin": origin},
        "percentile_filter": {"size": (3, 4, 5)[:count], "percentile": 0, "origin": origin, "mode": modes},
        "uniform_filter": {"size": (2, 4, 8)[:count], "origin": origin, "mode": modes},
        "laplace": {"mode": modes},
        "gaussian_laplace": {"sigma": (1, 2, 0.5)[:count], "mode": modes},
        "gaussian_gradient_magnitude": {"sigma": 1.0, "mode": modes},
        "gaussian_filter": {"sigma": (1, 2, 0.5)[:count], "order": (0, 1, 2)[:count], "mode": modes},
    }.items():
        result, expected = both(name, x, **arguments, axes=axes)
        # Every filter here has at most 1000 taps and weights that sum to less than 100; the data are below 10.
        bound = tolerance.gamma(1000, tolerance.unit_roundoff(np.float64)) * 1000
        tolerance.check(result, expected, np.full(x.shape, bound), f"{name} {arguments} axes={axes}")


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("name", [n for n in filter_cases.LINEAR if n != "gaussian_gradient_magnitude"])
def test_complex_input_agrees(name: str, dtype: str) -> None:
    for rng, told in filter_cases.drawn("scipy complex", name, COUNT // 5):
        part = "float32" if dtype == "complex64" else "float64"
        case = filter_cases.draw_linear(rng, name, part, whole=False)
        x = (case.x + 1j * case.x[::-1]).astype(dtype)
        cval = case.cval * (1 - 1j)
        arguments = {**case.arguments, "cval": cval}
        result, expected = both(name, x, **arguments)
        assert result.dtype == expected.dtype
        for half, mirrored in (("real", case.x), ("imag", case.x[::-1])):
            one = filter_cases.Case(name, mirrored, case.arguments, case.terms, cval=abs(case.cval))
            bound = 2 * filter_cases.reference(one, part).bound
            tolerance.check(getattr(result, half), getattr(expected, half), bound, told(case))


@pytest.mark.parametrize("mode", ["reflect", "constant", "mirror"])
@pytest.mark.parametrize("axes", [None, (1,), (0, 2)])
def test_generic_filters_call_alike(mode: str, axes: tuple[int, ...] | None) -> None:
    rng = cases.rng_for("scipy generic", 0)
    x = rng.integers(-9, 10, (4, 5, 6)).astype(np.float64)
    seen: list = []

    def derivative(
        input: np.ndarray, axis: int, output: object, mode: str, cval: float, scale: float, shift: int = 0
    ) -> np.ndarray:
        seen.append((axis, type(output) is np.ndarray, mode, cval, scale, shift))
        weights = [-scale, 0, scale]
        return scipy.ndimage.correlate1d(input, weights, axis, output, mode, cval, shift)

    for name in ("generic_laplace", "generic_gradient_magnitude"):
        result, expected = both(
            name,
            x,
            **{WORD[name]: derivative},
            mode=mode,
            cval=2,
            extra_arguments=(3.0,),
            extra_keywords={"shift": 1},
            axes=axes,
        )
        assert (result == expected).all()
        assert seen[: len(seen) // 2] == seen[len(seen) // 2 :]
        seen.clear()


WORD = {"generic_laplace": "derivative2", "generic_gradient_magnitude": "derivative"}


@pytest.mark.parametrize("name", ["grey_erosion", "grey_dilation"])
def test_structures_are_those_of_grey_morphology(name: str) -> None:
    rng = cases.rng_for("scipy grey", 0)
    x, structure = rng.integers(0, 200, (9, 8)).astype(np.int32), rng.integers(-5, 6, (3, 3)).astype(float)
    footprint = rng.random((3, 3)) < 0.7
    expected = getattr(scipy.ndimage, name)(x, footprint=footprint, structure=structure, mode="nearest")
    if name == "grey_erosion":
        result = ndimage.minimum_filter(x, footprint=footprint, structure=structure, mode="nearest")
    else:
        result = ndimage.maximum_filter(x, footprint=footprint[::-1, ::-1], structure=structure[::-1, ::-1], mode="nearest")
    assert (result == expected).all()
