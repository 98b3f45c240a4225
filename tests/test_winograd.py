"""Winograd: the matrices are right, errors stay within the derived bound and the stated figures, nan and infinities
stand where the definition puts them, and "strict" never takes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import calls
import cases
import numpy as np
import oracle
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F
import winograd

NAMES = tuple(winograd.SCHEMES)
ISAS = fc.available_isas()

# max |error| / max |y| that may be seen in float32 on normally distributed data with 64 to 512 channels.
MOST_ERROR = {"winograd_f2x3": 1.5e-6, "winograd_f4x3": 4e-6, "winograd_f2x5": 4e-6}

pytestmark = pytest.mark.parametrize("name", NAMES)


# ---- the matrices


def test_matrices_give_the_correlation_exactly(name: str) -> None:
    """Both sides are bilinear, so every pair of unit vectors is enough."""
    scheme = winograd.SCHEMES[name]
    at, g, bt = scheme.exact
    for tap in range(scheme.taps):
        for place in range(scheme.outputs + scheme.taps - 1):
            y = at @ (g[:, tap] * bt[:, place])
            assert list(y) == [winograd.ONE if place == i + tap else winograd.ZERO for i in range(scheme.outputs)]


def test_nested_matrices_give_the_correlation_of_a_plane_exactly(name: str) -> None:
    scheme, rng = winograd.SCHEMES[name], cases.rng_for("plane " + name, 0)
    at, g, bt = scheme.exact
    d, w = (
        np.array(
            [[winograd.Root2(Fraction(int(p), int(q))) for p, q in row] for row in rng.integers(1, 10, (size, size, 2))]
        )
        for size in (scheme.outputs + scheme.taps - 1, scheme.taps)
    )
    y = at @ ((g @ w @ g.T) * (bt @ d @ bt.T)) @ at.T
    for i, j in np.ndindex(y.shape):
        met = d[i : i + scheme.taps, j : j + scheme.taps] * w
        assert y[i, j] == met.sum(), (i, j)


def test_points_are_those_of_the_scheme(name: str) -> None:
    """As many points as F(m, r) needs, infinity among them, and no two alike."""
    scheme = winograd.SCHEMES[name]
    assert len(set(scheme.points)) == len(scheme.points) == scheme.outputs + scheme.taps - 2
    values = sorted(float(p.value) for p in scheme.points)
    outer = [0, 1] if name == "winograd_f2x3" else [0, 0.5**0.5, 2**0.5]
    assert values == pytest.approx(sorted({*outer, *(-p for p in outer)}), rel=1e-15)


# ---- errors


@dataclass(frozen=True)
class Layer:
    """One problem that Winograd serves."""

    input_shape: tuple[int, ...]
    weight_shape: tuple[int, ...]
    options: dict

    @property
    def function(self) -> str:
        """Name of the function."""
        return f"conv{len(self.weight_shape) - 2}d"

    def draw(self, rng: np.random.Generator, dtype: str) -> list[np.ndarray]:
        """Normally distributed input, weights and bias."""
        shapes = (self.input_shape, self.weight_shape, self.weight_shape[:1])
        return [cases.floats(rng, shape, dtype) for shape in shapes]

    def run(self, arrays: list[np.ndarray], name: str, **more: object) -> np.ndarray:
        """The convolution by the algorithm of this name."""
        return getattr(F, self.function)(*arrays, **self.options, algorithm=name, **more)

    def module(self, arrays: list[np.ndarray], name: str, **more: object) -> fc.nn.Module:
        """The layer with these weights and this bias, in inference mode."""
        x, w, b = arrays
        make = getattr(fc.nn, self.function.replace("conv", "Conv"))
        shape = (x.shape[1], w.shape[0], w.shape[2:])
        module = make(*shape, **self.options, dtype=x.dtype.name, algorithm=name, **more).eval()
        module.weight, module.bias = w, b
        return module

    def expected(self, arrays: list[np.ndarray]) -> np.ndarray:
        """The oracle's answer."""
        return oracle.conv(*map(cases.exact, arrays), **self.options)


# Heights and widths: tiles that fit and tiles cut at every place, maps smaller than a tile, and single lines.
MAPS = ((4, 4), (6, 6), (5, 7), (7, 12), (13, 13), (1, 17), (16, 1), (2, 3), (9, 30), (30, 29))
CHANNELS = (1, 3, 16, 17, 64, 200)
OUTPUTS = (1, 2, 5, 8, 14, 16, 17, 33)


def layers_of(name: str, c_in: int) -> Iterator[tuple[np.random.Generator, Layer]]:
    """A layer for each of the MAPS, and volumes; c_in is counted per group."""
    taps = winograd.SCHEMES[name].taps
    for index, size in enumerate(MAPS):
        rng = cases.rng_for(f"{name} {c_in}", index)
        groups = cases.pick(rng, (1, 1, 2, 3)) if c_in < 64 else 1
        c_out = groups * cases.pick(rng, OUTPUTS)
        n = int(rng.integers(1, 4)) if c_in < 64 else 1
        pads = tuple(
            (max(int(front), taps - s - int(back)), int(back))
            for s, (front, back) in zip(size, rng.integers(0, taps, (2, 2)), strict=True)
        )
        padding = pads if index % 2 else "same"
        yield rng, Layer((n, groups * c_in, *size), (c_out, c_in, taps, taps), {"padding": padding, "groups": groups})
    for index, (kd, stride, dilation) in enumerate(((1, 1, 1), (3, 1, 1), (2, 2, 1), (3, 1, 2))):
        rng = cases.rng_for(f"{name} {c_in}", len(MAPS) + index)
        options = {"padding": (2, 2, 1), "stride": (stride, 1, 1), "dilation": (dilation, 1, 1)}
        yield rng, Layer((2, c_in, 4, 9, 11), (cases.pick(rng, OUTPUTS), c_in, kd, taps, taps), options)


@pytest.mark.parametrize("c_in", CHANNELS)
def test_errors_are_within_the_bound(name: str, c_in: int, dtype: str) -> None:
    worst, at = 0.0, ""
    for rng, layer in layers_of(name, c_in):
        arrays = layer.draw(rng, dtype)
        expected = layer.expected(arrays)
        bound = tolerance.bounds_for([name], *arrays, **layer.options)[name]
        for isa in ISAS:
            with fc.override(isa=isa):
                words = f"FASTCONV_TEST_SEED={cases.SEED} {name} {isa} {dtype} {layer}"
                ratio = tolerance.check(layer.run(arrays, name), expected, bound, words)
                worst, at = max((worst, at), (ratio, words))
    print(f"at most {worst:.4f} of the bound: {at}")


@pytest.mark.parametrize("seed", range(3))
def test_errors_are_as_small_as_stated(name: str, seed: int) -> None:
    """Normally distributed data, 64 to 512 channels."""
    taps, worst = winograd.SCHEMES[name].taps, {}
    for c_in, side in ((64, 28), (100, 21), (128, 28), (256, 14), (512, 14)):
        layer = Layer((1, c_in, side, side), (32, c_in, taps, taps), {"padding": "same"})
        arrays = layer.draw(cases.rng_for(f"stated {name} {c_in}", seed), "float32")
        expected = layer.expected(arrays)
        for isa in ISAS:
            with fc.override(isa=isa):
                error = np.abs(layer.run(arrays, name) - expected).max() / np.abs(expected).max()
                worst[isa] = max(worst.get(isa, (0.0, 0)), (float(error), c_in))
    print(name, *(f"{isa}: {error:.2e} with {c_in} channels" for isa, (error, c_in) in worst.items()))
    assert max(error for error, _ in worst.values()) <= MOST_ERROR[name]


def test_small_integers_are_exact_where_constants_are(name: str, dtype: str) -> None:
    for c_in in (3, 17, 64):
        for rng, layer in layers_of(name, c_in):
            shapes = (layer.input_shape, layer.weight_shape, layer.weight_shape[:1])
            arrays = [cases.integers(rng, shape, dtype) for shape in shapes]
            expected = layer.expected(arrays)
            bound = tolerance.bounds_for([name], *arrays, integers=True, **layer.options)[name]
            assert (name == "winograd_f2x3") == (not bound.any())
            for isa in ISAS:
                with fc.override(isa=isa):
                    tolerance.check(layer.run(arrays, name), expected, bound, f"{name} {isa} {layer}")


# ---- nan, infinities and overflow

SPECIALS = (np.nan, np.inf, -np.inf)
STREWN = 30


def strewn(rng: np.random.Generator, array: np.ndarray, values: tuple[float, ...], count: int) -> None:
    """Put `count` of the values somewhere."""
    for place in rng.integers(0, array.size, min(count, array.size)):
        array.flat[place] = values[int(rng.integers(len(values)))]


def strewn_layer(name: str, rng: np.random.Generator, index: int) -> Layer:
    """A layer of a few tiles, with groups; now and then of many tiles, or of more channels than one block sums."""
    taps, groups = winograd.SCHEMES[name].taps, int(rng.integers(1, 3))
    size = tuple(int(s) for s in rng.integers(taps, 80 if index % 10 == 4 else 20, 2))
    c_in, c_out = (int(c) for c in rng.integers(1, 20, 2))
    c_in += 290 * (index % 10 == 9)
    pads = tuple((int(a), int(b)) for a, b in rng.integers(0, taps, (2, 2)))
    return Layer((2, groups * c_in, *size), (groups * c_out, c_in, taps, taps), {"padding": pads, "groups": groups})


def test_nan_and_infinity_stand_where_the_definition_puts_them(name: str, dtype: str) -> None:
    """Strewn in the input, the weights, the bias, or all three; padding is real zeros, which 0 * inf shows. An
    activation that makes infinity finite must not hide it from the kernel."""
    found = 0
    for index in range(STREWN):
        rng = cases.rng_for(f"strewn {name}", index)
        layer = strewn_layer(name, rng, index)
        arrays = layer.draw(rng, dtype)
        for place, array in enumerate(arrays):
            if index % 4 in (place, 3):
                strewn(rng, array, SPECIALS, int(rng.integers(1, 4)))
        expected = layer.expected(arrays)
        found += not np.isfinite(expected).all() and np.isfinite(expected).any()
        bound = tolerance.bounds_for([name], *arrays, **layer.options)[name]
        active = oracle.activation("relu6", expected)
        active_bound = tolerance.activation_bound("relu6", expected, active, bound, dtype)
        for isa in ISAS:
            with fc.override(isa=isa):
                words = cases.told(f"strewn {name}", index, isa, dtype, layer)
                tolerance.check(layer.run(arrays, name, num_threads=1 + index % 2), expected, bound, words)
                y = layer.run(arrays, name, activation="relu6", num_threads=2 - index % 2)
                tolerance.check(y, active, active_bound, words + " relu6")
                tolerance.check(layer.module(arrays, name)(arrays[0]), expected, bound, words + " layer")
    assert found > STREWN / 2


@pytest.mark.parametrize("where", ["input", "weight"])
def test_what_only_a_transform_overflows_stays_finite(name: str, dtype: str, where: str) -> None:
    """Values near the largest: the transforms add some of them, the definition's sums stay in range."""
    most = float(np.finfo(dtype).max)
    finite = 0
    for index in range(STREWN):
        rng = cases.rng_for(f"huge {name} {where}", index)
        layer = strewn_layer(name, rng, index)
        arrays = [a * np.asarray(0.05, dtype) for a in layer.draw(rng, dtype)]
        strewn(rng, arrays[where == "weight"], (0.9 * most, -0.9 * most), int(rng.integers(1, 4)))
        expected = layer.expected(arrays)
        magnitude = oracle.conv(*(np.abs(cases.exact(a)) for a in arrays), **layer.options)
        in_range = magnitude < 0.99 * most  # beyond, the definition's own sum may overflow on the way
        finite += in_range.sum() > in_range.size / 2 and (magnitude[in_range] > 1e-3 * most).any()
        bound = tolerance.bounds_for([name], *arrays, **layer.options)[name]
        for isa in ISAS:
            with fc.override(isa=isa):
                words = cases.told(f"huge {name} {where}", index, isa, dtype, layer)
                y = layer.run(arrays, name)
                tolerance.check(np.where(in_range, y, 0), np.where(in_range, expected, 0), bound, words)
    assert finite > STREWN / 2


def test_an_overflow_of_the_definition_is_an_overflow(name: str, dtype: str) -> None:
    """All products positive and far too large: +inf, in the tiles concerned and nowhere else."""
    taps = winograd.SCHEMES[name].taps
    x, w = np.ones((1, 2, 24, 25), dtype), np.ones((3, 2, taps, taps), dtype)
    x[0, :, 11, 12] = np.finfo(dtype).max
    expected = oracle.conv(cases.exact(x), cases.exact(w), padding=1)
    with np.errstate(over="ignore"):
        expected = expected.astype(dtype)
    bound = tolerance.bounds_for([name], x, w, padding=1)[name]
    for isa in ISAS:
        with fc.override(isa=isa):
            y = F.conv2d(x, w, padding=1, algorithm=name)
            tolerance.check(y, expected, np.where(np.isfinite(expected), bound, 0), f"{name} {isa}")
    assert np.isinf(expected).sum() == 3 * taps**2


# ---- who is served, and strictness

UNSERVED = {
    "stride": ((1, 4, 12, 12), (4, 4, 3, 3), {"stride": 2}),
    "stride of one axis": ((1, 4, 12, 12), (4, 4, 5, 5), {"stride": (1, 2)}),
    "another kernel": ((1, 4, 12, 12), (4, 4, 3, 5), {}),
    "pointwise": ((1, 4, 12, 12), (4, 4, 1, 1), {}),
    "7x7": ((1, 4, 12, 12), (4, 4, 7, 7), {}),
    "one axis": ((1, 4, 12), (4, 4, 3), {}),
    "stride in a volume": ((1, 4, 6, 12, 12), (4, 4, 3, 3, 3), {"stride": (1, 2, 1)}),
}


@pytest.mark.parametrize("what", UNSERVED)
def test_what_it_cannot_serve_is_refused_in_words(name: str, what: str) -> None:
    x_shape, w_shape, options = UNSERVED[what]
    function = f"conv{len(x_shape) - 2}d"
    x, w = np.ones(x_shape, np.float32), np.ones(w_shape, np.float32)
    (reason,) = (c.reason for c in fc.explain(function, x_shape, w_shape, **options).candidates if c.name == name)
    with pytest.raises(fc.FastconvValueError, match=name) as caught:
        getattr(F, function)(x, w, **options, algorithm=name)
    assert reason
    assert reason in str(caught.value)


def test_it_serves_its_kernels_in_planes_and_volumes(name: str) -> None:
    taps = winograd.SCHEMES[name].taps
    for groups in (1, 2, 8):
        for padding in (0, 1, "same", "valid", ((taps - 1, 0), (0, 3))):
            options = {"groups": groups, "padding": padding}
            assert name in calls.able("conv2d", (1, 8, 12, 13), (8, 8 // groups, taps, taps), **options)
    for dilation in (2, (1, 3), (2, 1)):
        assert name in calls.able("conv2d", (1, 8, 14, 15), (8, 8, taps, taps), dilation=dilation)
    for kd in (1, 2, 3):
        for depth in ({}, {"stride": (2, 1, 1)}, {"dilation": (2, 1, 1)}):
            assert name in calls.able("conv3d", (1, 4, 5, 12, 13), (8, 4, kd, taps, taps), **depth)


STRICT = {
    "dense": ((1, 64, 56, 56), (64, 64, 3, 3), {"padding": 1}),
    "deep": ((1, 512, 14, 14), (512, 512, 3, 3), {"padding": 1}),
    "large": ((1, 96, 27, 27), (256, 96, 5, 5), {"padding": 2}),
    "small": ((1, 3, 9, 9), (4, 3, 3, 3), {}),
    "volume": ((1, 16, 6, 20, 20), (32, 16, 3, 3, 3), {"padding": 1}),
}


@pytest.mark.parametrize("problem", STRICT)
def test_strict_never_takes_it(name: str, problem: str, isa: str, dtype: str) -> None:
    x_shape, w_shape, options = STRICT[problem]
    function = f"conv{len(x_shape) - 2}d"
    told = fc.explain(function, x_shape, w_shape, **options, dtype=dtype, precision="strict")
    assert told.algorithm in tolerance.SUMMING
    with fc.override(precision="strict"):
        assert fc.explain(function, x_shape, w_shape, **options, dtype=dtype).algorithm == told.algorithm
        fast = fc.explain(function, x_shape, w_shape, **options, dtype=dtype, precision="fast")
    assert fast.algorithm == fc.explain(function, x_shape, w_shape, **options, dtype=dtype).algorithm
    (reason,) = (candidate.reason for candidate in told.candidates if candidate.name == name)
    assert reason


def test_naming_it_with_strict_raises_with_the_rule(name: str) -> None:
    taps = winograd.SCHEMES[name].taps
    x, w = np.ones((1, 4, 12, 12), np.float32), np.ones((4, 4, taps, taps), np.float32)
    rule = f"(?s)(?=.*{name})(?=.*strict)"
    for door in (fc.explain, fc.estimate):
        with pytest.raises(fc.FastconvValueError, match=rule):
            door("conv2d", x.shape, w.shape, algorithm=name, precision="strict")
    with pytest.raises(fc.FastconvValueError, match=rule):
        F.conv2d(x, w, algorithm=name, precision="strict")
    with fc.override(precision="strict"), pytest.raises(fc.FastconvValueError, match=rule):
        F.conv2d(x, w, algorithm=name)
    with pytest.raises(fc.FastconvValueError, match=rule), fc.override(precision="strict", algorithm=name):
        F.conv2d(x, w)
    with fc.override(precision="strict"):
        assert F.conv2d(x, w, algorithm=name, precision="fast").shape == (1, 4, 13 - taps, 13 - taps)


def test_strict_results_have_the_errors_of_sums(name: str, isa: str, dtype: str) -> None:
    rng = cases.rng_for("strict " + name, 0)
    taps = winograd.SCHEMES[name].taps
    layer = Layer((2, 40, 17, 18), (24, 40, taps, taps), {"padding": "same"})
    for fill in (cases.integers, cases.floats):
        arrays = [fill(rng, shape, dtype) for shape in (layer.input_shape, layer.weight_shape, layer.weight_shape[:1])]
        bounds = tolerance.bounds_for(["direct"], *arrays, integers=fill is cases.integers, **layer.options)
        y = F.conv2d(*arrays, **layer.options, precision="strict")
        tolerance.check(y, layer.expected(arrays), bounds["direct"], f"strict {isa} {dtype} {layer}")


# ---- bits

BITS = {
    "many rows": ((3, 16, 37, 41), (33, 16), {"padding": 1}),
    "few tiles": ((3, 70, 7, 7), (96, 70), {"padding": "same"}),
    "one tile": ((3, 130, 5, 5), (150, 130), {}),
    "wide": ((3, 5, 6, 200), (20, 5), {"padding": ((0, 2), (2, 0))}),
    "groups": ((3, 24, 30, 31), (36, 8), {"padding": "same", "groups": 3}),
    "volume": ((3, 6, 5, 19, 18), (20, 6), {"padding": 1}),
}


@pytest.mark.parametrize("problem", BITS)
def test_same_bits_for_threads_batch_slices_and_doors(name: str, problem: str, isa: str, dtype: str) -> None:
    x_shape, (c_out, c_in), options = BITS[problem]
    taps, rank = winograd.SCHEMES[name].taps, len(x_shape) - 2
    kernel = (1, 2)[name == "winograd_f2x3"], taps, taps
    layer = Layer(x_shape, (c_out, c_in, *kernel[-rank:]), options)
    arrays = layer.draw(cases.rng_for(f"bits {name} {problem}", 0), dtype)
    x, w, b = arrays
    whole = layer.run(arrays, name, num_threads=1)
    for threads in (2, 3, 7):
        assert layer.run(arrays, name, num_threads=threads).tobytes() == whole.tobytes(), f"num_threads={threads}"
    for n in (1, 2, 3):
        for start in range(4 - n):
            part = layer.run([x[start : start + n], w, b], name, num_threads=2)
            assert part.tobytes() == whole[start : start + n].tobytes(), f"batch {start}:{start + n}"
    assert layer.run([x[1], w, b], name).tobytes() == whole[1].tobytes()
    assert layer.run(arrays, name, out=np.full_like(whole, np.nan)).tobytes() == whole.tobytes()
    module = layer.module(arrays, name)
    for threads in (1, 2, 3):
        with fc.override(num_threads=threads):
            assert module(x).tobytes() == whole.tobytes(), f"layer, num_threads={threads}"


def test_what_is_summed_again_depends_on_neither_threads_nor_batch(name: str, isa: str) -> None:
    """One nan in one filter spoils the outputs of its channel; the others keep their bits, however the work is cut."""
    rng, taps = cases.rng_for("summed again", 0), winograd.SCHEMES[name].taps
    x, w = cases.floats(rng, (3, 32, 14, 14), "float32"), cases.floats(rng, (288, 32, taps, taps), "float32")
    w[0, 0, 0, 0] = np.nan
    once = F.conv2d(x, w, padding=1, algorithm=name, num_threads=1)
    assert np.isnan(once[:, 0]).all()
    assert np.isfinite(once[:, 1:]).all()
    for threads in (1, 2, 3, 7):
        again = F.conv2d(x, w, padding=1, algorithm=name, num_threads=threads)
        assert again[:, 1:].tobytes() == once[:, 1:].tobytes(), threads
        alone = F.conv2d(x[1:2], w, padding=1, algorithm=name, num_threads=threads)
        assert alone[0, 1:].tobytes() == once[1, 1:].tobytes(), threads


def test_dilation_beyond_the_output_makes_no_empty_grids(name: str) -> None:
    """Only grids that have an output are computed: any dilation that the spec allows is served at once."""
    taps = winograd.SCHEMES[name].taps
    far = 1 << 27
    x, w = np.ones((1, 2, 3, 4), np.float32), np.ones((3, 2, taps, taps), np.float32)
    y = F.conv2d(x, w, padding=far * (taps // 2), dilation=far, algorithm=name)
    alone = tolerance.bounds_for([name], x[..., :1, :1], w, padding=taps // 2)[name]  # every pixel is a grid of its own
    tolerance.check(y, np.full((1, 3, 3, 4), 2.0), alone.max(), name)
    assert fc.estimate("conv2d", x.shape, w.shape, padding=far * (taps // 2), dilation=far, algorithm=name) < 1 << 21
