"""Malformed calls of `fastconv.ndimage`: each is refused before any work, and the message names function, argument, value
and rule. Errors are also the kinds that SciPy raises."""

import re
from collections.abc import Iterator

import numpy as np
import pytest

import fastconv as fc
from fastconv import ndimage

X = np.arange(24.0).reshape(4, 6)
W = np.ones((3, 3))
GOOD = {
    "convolve": {"weights": W},
    "convolve1d": {"weights": W[0]},
    "correlate": {"weights": W},
    "correlate1d": {"weights": W[0]},
    "gaussian_filter": {"sigma": 1.0},
    "gaussian_filter1d": {"sigma": 1.0},
    "gaussian_gradient_magnitude": {"sigma": 1.0},
    "gaussian_laplace": {"sigma": 1.0},
    "generic_gradient_magnitude": {"derivative": ndimage.sobel},
    "generic_laplace": {"derivative2": ndimage.sobel},
    "laplace": {},
    "maximum_filter": {"size": 3},
    "maximum_filter1d": {"size": 3},
    "median_filter": {"size": 3},
    "minimum_filter": {"size": 3},
    "minimum_filter1d": {"size": 3},
    "percentile_filter": {"percentile": 30, "size": 3},
    "prewitt": {},
    "rank_filter": {"rank": 2, "size": 3},
    "sobel": {},
    "uniform_filter": {"size": 3},
    "uniform_filter1d": {"size": 3},
}
OF_AXIS = (
    "convolve1d",
    "correlate1d",
    "gaussian_filter1d",
    "maximum_filter1d",
    "minimum_filter1d",
    "prewitt",
    "sobel",
    "uniform_filter1d",
)
COMPLEX_TOO = [n for n in GOOD if not n.startswith(("max", "min", "median", "percentile", "rank"))]
OF_ORIGIN = [n for n in GOOD if n not in ("prewitt", "sobel", "laplace") and not n.startswith(("ga", "ge"))]
OF_SIZE = [n for n in GOOD if "size" in GOOD[n]]
OF_FOOTPRINT = [n for n in OF_SIZE if not n.endswith("1d") and n != "uniform_filter"]
OF_WINDOW = ("correlate", "convolve")
OF_NAN = (
    "correlate",
    "convolve",
    "correlate1d",
    "convolve1d",
    "gaussian_filter",
    "gaussian_filter1d",
    "uniform_filter",
    "uniform_filter1d",
)
OF_SIGMA = [n for n in GOOD if n.startswith("gaussian")]


def rows() -> Iterator[tuple[str, str, object, type]]:
    """Function, argument, its bad value, and the kind of error."""
    for name in GOOD:
        for dtype in ("float16", "longdouble", "object", "U3", "datetime64[s]"):
            yield name, "input", np.zeros((4, 6), dtype), TypeError
            yield name, "output", np.zeros((4, 6), dtype), TypeError
        yield name, "output", np.zeros((6, 4)), ValueError
        yield name, "output", np.zeros((4, 6), complex), TypeError
        yield name, "output", 3, TypeError
        yield name, "output", "no such type", TypeError
        for mode, kind in (("fill", ValueError), ("edge", ValueError), ("", ValueError), (1, TypeError), (None, TypeError)):
            yield name, "mode", mode, kind
        if name not in ("generic_laplace", "generic_gradient_magnitude"):
            yield name, "cval", "1", TypeError
            yield name, "cval", [1.0, 2.0], TypeError
            yield name, "cval", 1j, ValueError
            for threads, kind in ((0, ValueError), (-1, ValueError), (1.5, TypeError), (10**6, ValueError)):
                yield name, "num_threads", threads, kind
        if name in OF_AXIS:
            argument, several = "axis", ()
        else:
            argument, several = (
                "axes",
                (((0, 0), ValueError), ((0, -2), ValueError), ((0, 1, 2), ValueError), ("ab", TypeError)),
            )
        for value, kind in ((2, ValueError), (-3, ValueError), (0.5, TypeError), *several):
            yield name, argument, value, kind
        if name not in COMPLEX_TOO:
            yield name, "input", X + 1j, TypeError
    for name in OF_ORIGIN:
        for origin, kind in ((2, ValueError), (-2, ValueError), (2**70, ValueError), (0.5, TypeError), ("0", TypeError)):
            yield name, "origin", origin, kind
    for name in OF_SIZE:
        for size, kind in ((-1, ValueError), (2**40, ValueError), (2.5, TypeError), ("3", TypeError), (None, TypeError)):
            yield name, "size", size, kind
    for name in OF_FOOTPRINT:
        yield name, "footprint", np.zeros((3, 3), bool), ValueError
        yield name, "size", (3, 3, 3), ValueError
    for name in OF_WINDOW:
        yield name, "weights", np.ones(3), ValueError
        yield name, "weights", np.ones((0, 3)), ValueError
        yield name, "mode", ["reflect", "wrap"], ValueError
        yield name, "algorithm", "winograd", ValueError
        yield name, "algorithm", 3, TypeError
        yield name, "max_rank", 0, ValueError
        yield name, "max_rank", 1.5, TypeError
    for name in (*OF_WINDOW, "correlate1d", "convolve1d"):
        yield name, "weights", "abc", TypeError
        yield name, "weights", np.array([None]), TypeError
    for name in ("correlate1d", "convolve1d"):
        yield name, "weights", np.ones((3, 3)), ValueError
        yield name, "weights", np.ones(0), ValueError
    for name in OF_NAN:
        yield name, "nan", "ignore", ValueError
        yield name, "nan", True, TypeError
    for name in OF_SIGMA:
        for sigma, kind in ((-1, ValueError), (np.inf, ValueError), (np.nan, ValueError), ("1", TypeError), (1j, TypeError)):
            yield name, "sigma", sigma, kind
        for truncate, kind in (
            (-1, ValueError),
            (1e30, ValueError),
            (1e12, ValueError),
            (np.nan, ValueError),
            ("4", TypeError),
        ):
            yield name, "truncate", truncate, kind
        for radius in (-1, 1.5, "1", True, 2**50):
            yield name, "radius", radius, ValueError
    for name in ("gaussian_filter", "gaussian_filter1d"):
        for order, kind in ((-1, ValueError), (65, ValueError), (0.5, TypeError)):
            yield name, "order", order, kind
    for name in ("gaussian_filter", "uniform_filter", "maximum_filter", "minimum_filter", "sobel", "prewitt", "laplace"):
        yield name, "mode", ["reflect"] * 3, ValueError
    for rank, kind in ((9, ValueError), (-10, ValueError), (0.5, TypeError)):
        yield "rank_filter", "rank", rank, kind
    for percentile, kind in ((100.5, ValueError), (-101, ValueError), (np.nan, ValueError), ("1", TypeError)):
        yield "percentile_filter", "percentile", percentile, kind
    for name in ("maximum_filter", "minimum_filter"):
        yield name, "structure", np.ones(3), ValueError
        yield name, "structure", "abc", TypeError
    for name in ("gaussian_laplace", "gaussian_gradient_magnitude"):
        yield name, "order", 1, TypeError


@pytest.mark.parametrize(("name", "argument", "value", "kind"), list(rows()))
def test_a_bad_argument_is_named(name: str, argument: str, value: object, kind: type) -> None:
    arguments = {"input": X, **GOOD[name], argument: value}
    if argument == "structure":
        del arguments["size"]
        arguments["footprint"] = W
    if argument == "footprint":
        del arguments["size"]
    before = X.copy()
    with pytest.raises(kind) as caught:
        getattr(ndimage, name)(**arguments)
    assert isinstance(caught.value, fc.FastconvError)
    assert isinstance(caught.value, RuntimeError)
    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    assert argument in message
    shown = str(value.dtype) if isinstance(value, np.ndarray) and argument != "weights" else repr(value)
    if isinstance(value, np.ndarray):
        assert shown in message or str(value.shape) in message or "dtype" in message
    else:
        assert shown in message
    assert (before == X).all()


@pytest.mark.parametrize("name", [n for n in GOOD if n not in OF_AXIS and not n.startswith("generic")])
def test_sequences_have_one_item_an_axis(name: str) -> None:
    for argument in ("size", "sigma", "mode", "origin", "radius"):
        value = {"size": 3, "sigma": 1.0, "mode": "wrap", "origin": 0, "radius": 2}[argument]
        if argument in ("size", "sigma") and argument not in GOOD[name]:
            continue
        if (argument == "radius" and name not in OF_SIGMA) or (argument == "origin" and name not in OF_ORIGIN):
            continue
        if argument == "mode" and name in (*OF_WINDOW, "median_filter", "rank_filter", "percentile_filter"):
            continue
        with pytest.raises(RuntimeError, match="sequence argument must have length equal to input rank"):
            getattr(ndimage, name)(X, **{**GOOD[name], argument: [value] * 3})


@pytest.mark.parametrize("name", OF_NAN)
def test_what_cannot_be_renormalised_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=f"{name}: nan='omit' must have real input"):
        getattr(ndimage, name)(X + 1j, **GOOD[name], nan="omit")
    with pytest.raises(TypeError, match=f"{name}: nan='omit' must have a float32 or float64 output"):
        getattr(ndimage, name)(X, **GOOD[name], nan="omit", output=np.int32)
    if "weights" in GOOD[name]:
        weights = np.array([1.0, -2.0, 1.0])
        weights = weights if name.endswith("1d") else np.outer(weights, weights)
        with pytest.raises(ValueError, match=f"{name}: weights must not sum to zero"):
            getattr(ndimage, name)(X, weights, nan="omit")
    if name.startswith("gaussian"):
        with pytest.raises(ValueError, match=f"{name}: order must be 0 with nan='omit'"):
            getattr(ndimage, name)(X, 1.0, order=1, nan="omit")


@pytest.mark.parametrize("name", OF_FOOTPRINT)
def test_a_size_beside_a_footprint_is_ignored_with_a_warning(name: str) -> None:
    plain = {k: v for k, v in GOOD[name].items() if k != "size"}
    with pytest.warns(UserWarning, match="ignoring size because footprint is set") as caught:
        result = getattr(ndimage, name)(X, **plain, size=5, footprint=W)
    assert caught[0].filename == __file__
    assert (result == getattr(ndimage, name)(X, **plain, footprint=W)).all()


@pytest.mark.parametrize("name", ["correlate", "correlate1d", "uniform_filter", "gaussian_filter", "sobel"])
def test_a_real_type_for_a_complex_result_is_promoted_with_a_warning(name: str) -> None:
    with pytest.warns(UserWarning, match="promoting specified output dtype to complex"):
        assert getattr(ndimage, name)(X + 1j, **GOOD[name], output=np.float32).dtype == np.complex64


def test_a_read_only_output_is_refused() -> None:
    out = np.zeros((4, 6))
    out.flags.writeable = False
    for name, arguments in GOOD.items():
        with pytest.raises(ValueError, match=rf"{name}: output must be writeable"):
            getattr(ndimage, name)(X, **arguments, output=out)


def test_lists_are_arrays() -> None:
    for name, arguments in GOOD.items():
        result = getattr(ndimage, name)(X.tolist(), **arguments)
        assert (result == getattr(ndimage, name)(X, **arguments)).all()


def test_keywords_of_gaussian_sums_are_named() -> None:
    with pytest.raises(TypeError, match=re.escape("gaussian_laplace: keywords must be truncate or radius, got sigmas=1")):
        ndimage.gaussian_laplace(X, 1, sigmas=1)
    with pytest.raises(TypeError, match="generic_laplace: the derivative must be callable, got 3"):
        ndimage.generic_laplace(X, 3)
