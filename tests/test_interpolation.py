"""Interpolation and its gradient against weights written down output by output."""

import math

import calls
import cases
import numpy as np
import pytest
import sampling_oracle as so
import tolerance

import fastconv as fc
import fastconv.functional as F
import fastconv.grad

KINDS = ("nearest", "nearest-exact", "area", "linear", "bicubic", "linear-antialias", "bicubic-antialias")
LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}
DRAWS = 24


def draw(rng: np.random.Generator, kind: str, rank: int) -> tuple[tuple[int, ...], tuple[int, ...], dict, list[float]]:
    """Sizes before and after, the keyword arguments, and the scale of each axis.

    Scales are quarters, so that positions and weights are exact; else a pixel could be on either side of a border.
    """
    size = (*(int(s) for s in rng.integers(1, 7, rank - 1)), cases.pick(rng, (1, 2, 3, 5, 8, 16, 24, 33)))
    mode = kind.split("-anti")[0].replace("linear", LINEAR[rank])
    options: dict = {"mode": mode}
    if kind.endswith("antialias"):
        options["antialias"] = True
    factors = [float(rng.choice([0.5, 1, 2, 4])) for _ in size]
    if rng.random() < 0.4:
        factors = [2.0] * rank
    output = tuple(max(int(n * f), 1) for n, f in zip(size, factors, strict=True))
    if any(int(n * f) < 1 for n, f in zip(size, factors, strict=True)) or kind == "area":
        options["size"] = output
        scales = [n / o for n, o in zip(size, output, strict=True)]
    else:
        options["scale_factor"] = tuple(factors)
        scales = [1 / f for f in factors]
    if kind in ("linear", "bicubic") and rng.random() < 0.3:
        output = tuple(4 * (n - 1) + 1 if n > 1 else 3 for n in size)
        options = {"mode": mode, "size": output, "align_corners": True}
        scales = [(n - 1) / (o - 1) for n, o in zip(size, output, strict=True)]
    return size, output, options, scales


@pytest.mark.parametrize("kind", KINDS)
def test_interpolate_and_its_gradient(kind: str, rank: int, isa: str) -> None:
    if rank != 2 and kind not in ("nearest", "nearest-exact", "area", "linear"):
        mode, smooth = kind.split("-anti")[0].replace("linear", LINEAR[rank]), "anti" in kind
        with pytest.raises(fc.FastconvValueError, match=r"mode|antialias"):
            F.interpolate(np.ones((1, 1, *(3,) * rank)), size=5, mode=mode, antialias=smooth)
        return
    for index in range(DRAWS):
        rng = cases.rng_for(f"interpolate {kind}", 10 * index + rank)
        dtype = cases.DTYPES[index % 2]
        size, output, options, scales = draw(rng, kind, rank)
        words = cases.told(f"interpolate {kind}", 10 * index + rank, size, output, options, dtype)
        axes = zip(size, output, scales, strict=True)
        word = "linear" if "linear" in kind else options["mode"]
        how = options.get("align_corners", False), options.get("antialias", False)
        matrices = [so.axis_matrix(word, n, o, scale, *how) for n, o, scale in axes]
        x = cases.integers(rng, (2, 3, *size), dtype)
        y, magnitude = (
            so.interpolate(x.astype(float), matrices),
            so.interpolate(abs(x.astype(float)), list(map(abs, matrices))),
        )
        taps = math.prod(int((m != 0).sum(axis=1).max()) for m in matrices)
        bound = tolerance.sum_bound(magnitude, taps + 8 * rank + 16 * how[1], dtype) * (4 if "cubic" in kind else 1)
        first = None
        for threads in (1, 2, 7):
            value = F.interpolate(x, **options, num_threads=threads)
            assert first is None or value.tobytes() == first, words
            first = value.tobytes()
        tolerance.check(value, y, 0 * bound if kind[:4] == "near" else bound, words)
        last = F.interpolate(calls.to_last(x, rank), **options, data_format=calls.LAST[rank])
        tolerance.check(calls.to_first(last, rank), y, bound, words + " last")
        g = cases.integers(rng, y.shape, dtype)
        turned = [m.T for m in matrices]
        dx, reach = so.interpolate(g.astype(float), turned), so.interpolate(abs(g.astype(float)), list(map(abs, turned)))
        uses = math.prod(int((m != 0).sum(axis=0).max()) for m in matrices)
        bound = tolerance.sum_bound(reach, uses + 8 * rank + 16 * how[1], dtype) * (4 if "cubic" in kind else 1)
        first = None
        for threads in (1, 3):
            got = fc.grad.interpolate_input(x.shape, g, **options, num_threads=threads)
            assert first is None or got.tobytes() == first, words
            first = got.tobytes()
            tolerance.check(got, dx, bound, words + " gradient")
        back = fc.grad.interpolate_input(
            calls.to_last(x, rank).shape, calls.to_last(g, rank), **options, data_format=calls.LAST[rank]
        )
        tolerance.check(calls.to_first(back, rank), dx, bound, words + " gradient last")


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_doubling_has_the_bits_of_any_other_way(mode: str, isa: str, dtype: str) -> None:
    """Rows of images that are doubled have a way of their own; every width gives what a table gives."""
    for width in cases.WIDTHS:
        x = cases.floats(cases.rng_for("doubling", width), (1, 2, 3, width), dtype)
        quick = F.interpolate(x, scale_factor=2, mode=mode)
        turned = F.interpolate(calls.to_last(x, 2), scale_factor=2, mode=mode, data_format="NHWC")
        assert (quick == calls.to_first(turned, 2)).all(), width


def test_factors_that_leave_a_rest() -> None:
    x = np.arange(5.0).reshape(1, 1, 5)
    assert F.interpolate(x, scale_factor=1.5).ravel().tolist() == [0, 0, 1, 2, 2, 3, 4]
    assert F.interpolate(x, scale_factor=1.5, recompute_scale_factor=True).ravel().tolist() == [0, 0, 1, 2, 2, 3, 4]
    y = F.interpolate(x, scale_factor=1.5, mode="linear").ravel()
    assert np.allclose(y, [0, 0.5, 7 / 6, 11 / 6, 2.5, 19 / 6, 23 / 6], rtol=1e-15)
    y = F.interpolate(x, scale_factor=1.5, mode="linear", recompute_scale_factor=True).ravel()
    assert np.allclose(y, np.clip((np.arange(7) + 0.5) * 5 / 7 - 0.5, 0, 4), rtol=1e-15)


def test_nan_and_infinity_stay_where_they_count(isa: str, dtype: str) -> None:
    x = np.zeros((1, 1, 8, 40), dtype)
    x[0, 0, 3, 20] = np.nan
    x[0, 0, 5, 5] = np.inf
    y = F.interpolate(x, scale_factor=2, mode="bilinear")
    m = [so.axis_matrix("linear", n, 2 * n, 0.5, False, False) for n in (8, 40)]
    touched = so.interpolate(np.isnan(x).astype(float), m) > 0
    assert (np.isnan(y) == touched).all()
    assert (np.isinf(y) == (so.interpolate(np.isinf(x).astype(float), m) > 0)).all()
    assert np.isnan(F.interpolate(x, scale_factor=2)).sum() == 4


def test_pixels_in_very_many_sums(dtype: str) -> None:
    x = np.array([[[1.0, 2.0]]], dtype)
    y = F.interpolate(x, size=5000)
    assert (y[0, 0] == np.repeat([1, 2], 2500)).all()
    assert fc.grad.interpolate_input(x.shape, np.ones_like(y), size=5000).tolist() == [[[2500, 2500]]]


def test_layers_equal_the_functions() -> None:
    x = cases.integers(cases.rng_for("upsample", 0), (2, 3, 4, 5), "float32")
    layer = fc.nn.Upsample(scale_factor=2, mode="bilinear")
    y = layer(x)
    assert (y == F.interpolate(x, scale_factor=2, mode="bilinear")).all()
    assert (layer.backward(y) == fc.grad.interpolate_input(x.shape, y, scale_factor=2, mode="bilinear")).all()
    assert repr(layer) == "Upsample(scale_factor=2, mode='bilinear')"
    assert (fc.nn.UpsamplingNearest2d(scale_factor=2)(x) == F.interpolate(x, scale_factor=2)).all()
    aligned = F.interpolate(x, size=(7, 9), mode="bilinear", align_corners=True)
    assert (fc.nn.UpsamplingBilinear2d(size=(7, 9))(x) == aligned).all()
    assert F.interpolate(x[:0], scale_factor=2).shape == (0, 3, 8, 10)
    assert F.interpolate(x[:0], scale_factor=2, mode="bicubic").shape == (0, 3, 8, 10)
