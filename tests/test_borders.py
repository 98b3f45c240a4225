"""What lies around the input: every border from every algorithm, its gradients, its names, and filters reversed.

The oracle pads in loops and then convolves without padding; the package never makes that array.
"""

from collections.abc import Iterator
from dataclasses import replace

import calls
import cases
import numpy as np
import oracle
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F
import fastconv.grad
from fastconv import nn

CHUNK = pytest.mark.parametrize("chunk", range(cases.CHUNKS))
ISAS = fc.available_isas()
BORDER_CASES = min(cases.CASES, 320)  # for each number of axes
SPECIAL_CASES = 60
COPIES = ("replicate", "reflect", "symmetric", "circular")


def drawn(rank: int, stream: str, indices: range, fill: object) -> Iterator[tuple]:
    """The cases of a stream: index, case, (input, weight, bias), generator, words."""
    for index in indices:
        rng = cases.rng_for(f"{stream}{rank}d", index)
        case = cases.draw_border(rng, rank)
        yield index, case, case.case.arrays(rng, fill), rng, cases.told(f"{stream}{rank}d", index, case)


def layouts(case: cases.BorderCase, x: np.ndarray, y: np.ndarray) -> Iterator[tuple[dict, np.ndarray, np.ndarray]]:
    """Options, input and expected output of a case with the channels first and last."""
    rank = case.case.rank
    yield case.options, x, y
    yield case.options | {"data_format": calls.LAST[rank]}, calls.to_last(x, rank), calls.to_last(y, rank)


def bounds_of(case: cases.BorderCase, names: list[str], arrays: tuple, last: bool, **how: object) -> dict[str, np.ndarray]:
    """The bounds of the algorithms: those of the convolution of the padded input."""
    x, w, b = arrays
    bounds = tolerance.bounds_for(names, case.pad(x), case.filters(w), b, **how, **case.rest)
    return {n: calls.to_last(bound, case.case.rank) if last and bound.ndim else bound for n, bound in bounds.items()}


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays have the same bits, up to the sign of a nan."""
    return np.where(np.isnan(a), np.nan, a).tobytes() == np.where(np.isnan(b), np.nan, b).tobytes()


def compare(case: cases.BorderCase, arrays: tuple, expected: np.ndarray, index: int, words: str, **how: object) -> None:
    """Hold every algorithm, instruction set and layout to the expected output, and one thread to several, and slices."""
    x, w, b = arrays
    name = f"conv{case.case.rank}d"
    for options, there, right in layouts(case, x, expected):
        names = calls.able(name, there.shape, w.shape, dtype=case.case.dtype, **options)
        assert "direct" in names
        assert "im2col_gemm" in names
        bounds = bounds_of(case, names, arrays, "data_format" in options, **how)
        for isa in ISAS:
            with fc.override(isa=isa):
                for algorithm, bound in bounds.items():
                    told = f"{words} isa={isa} algorithm={algorithm!r} {options.get('data_format')}"
                    one = getattr(F, name)(there, w, b, **options, algorithm=algorithm, num_threads=1)
                    assert one.dtype == case.case.dtype
                    tolerance.check(one, right, bound, told)
                    more = getattr(F, name)(there, w, b, **options, algorithm=algorithm, num_threads=(2, 3, 7)[index % 3])
                    assert same(more, one), f"{told}: several threads have other bits"
                    if case.case.batched and len(x) > 1:
                        at = index % len(x)
                        part = getattr(F, name)(there[at : at + 1], w, b, **options, algorithm=algorithm)
                        assert same(part[0], one[at]), f"{told}: a batch slice has other bits"


@CHUNK
def test_integers_are_exact(rank: int, chunk: int) -> None:
    for index, case, arrays, _, words in drawn(rank, "border", cases.indices_of(chunk, BORDER_CASES), cases.integers):
        compare(case, arrays, case.conv(*arrays), index, words, integers=True)


@CHUNK
def test_floats_are_within_the_bound(rank: int, chunk: int) -> None:
    indices = cases.indices_of(chunk, BORDER_CASES // 2)
    for index, case, arrays, _, words in drawn(rank, "border floats", indices, cases.floats):
        wide = [None if a is None else cases.exact(a) for a in arrays]
        compare(case, arrays, case.conv(*wide), index, words)


def strewn(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Small integers with a few nans and infinities among them, more of them at the ends of the axes."""
    a = cases.integers(rng, shape, dtype)
    for special in (np.nan, np.inf, -np.inf):
        a[rng.random(shape) < 0.01] = special
        a[..., 0][rng.random(shape[:-1]) < 0.02] = special
        a[..., -1][rng.random(shape[:-1]) < 0.02] = special
    return a


def test_nan_and_infinity_stand_where_the_definition_puts_them(rank: int) -> None:
    for index, case, arrays, _, words in drawn(rank, "border specials", range(SPECIAL_CASES), strewn):
        compare(case, arrays, case.conv(*arrays), index, words, integers=True)


@CHUNK
def test_gradients_on_integers_are_exact(rank: int, chunk: int) -> None:
    name = f"conv{rank}d"
    to_input, to_weight = (getattr(fastconv.grad, f"{name}_{of}") for of in ("input", "weight"))
    indices = cases.indices_of(chunk, BORDER_CASES // 2)
    for index, case, (x, w, _), rng, words in drawn(rank, "border gradients", indices, cases.integers):
        g = cases.integers(rng, case.case.output_shape, case.case.dtype)
        gx, gw = case.conv_input(w, g), case.conv_weight(x, g)
        for isa in ISAS:
            with fc.override(isa=isa, precision="strict"):
                for threads in (1, (2, 3, 7)[index % 3]):
                    told = f"{words} isa={isa} num_threads={threads}"
                    dx = to_input(x.shape, w, g, **case.options, num_threads=threads, precision="strict")
                    tolerance.check_equal(dx, gx, told + " input")
                    dw = to_weight(x, w.shape, g, **case.options, num_threads=threads)
                    tolerance.check_equal(dw, gw, told + " weight")
                    assert dx.flags.carray
                    assert dw.flags.carray
                there, last = calls.to_last(g, rank), {"data_format": calls.LAST[rank]}
                shape = calls.to_last(x, rank).shape
                dx_last = to_input(shape, w, there, **case.options, **last, precision="strict")
                tolerance.check_equal(calls.to_first(dx_last, rank), gx, f"{words} isa={isa} input, channels last")
        # <A x + c, g> = <x, A^T g> + <c, g> = <w, dA^T g>, exactly: all numbers are integers. c comes of constants.
        conv = getattr(F, name)
        forward, constant = (
            np.vdot(conv(a, w, **case.options, precision="strict").astype(np.float64), g) for a in (x, np.zeros_like(x))
        )
        assert forward - constant == np.vdot(x.astype(np.float64), dx), words
        assert forward == np.vdot(w.astype(np.float64), dw), words


def test_a_copied_nan_reaches_the_gradient_of_the_weights(rank: int) -> None:
    name = f"conv{rank}d"
    for _, case, (x, w, _), rng, words in drawn(rank, "border gradient specials", range(SPECIAL_CASES), strewn):
        g = cases.integers(rng, case.case.output_shape, case.case.dtype)
        expected = case.conv_weight(x, g)
        for isa in ISAS:
            with fc.override(isa=isa, precision="strict"):
                dw = getattr(fastconv.grad, f"{name}_weight")(x, w.shape, g, **case.options)
                tolerance.check_equal(dw, expected, f"{words} isa={isa}")


@CHUNK
def test_gradients_on_floats_are_within_the_bound(rank: int, chunk: int) -> None:
    name = f"conv{rank}d"
    to_input, to_weight = (getattr(fastconv.grad, f"{name}_{of}") for of in ("input", "weight"))
    indices = cases.indices_of(chunk, BORDER_CASES // 4)
    for index, case, (x, w, _), rng, words in drawn(rank, "border gradient floats", indices, cases.floats):
        g = cases.floats(rng, case.case.output_shape, case.case.dtype)
        wide_x, wide_w, wide_g = (cases.exact(a) for a in (x, w, g))
        sizes = [np.abs(a) for a in (wide_w, wide_g)]
        outputs = case.case.lift(g)[:, 0].size
        # An input meets, through each of its copies, at most every tap of every output channel of its group.
        taps = case.case.reduction // w.shape[1] * (w.shape[0] // case.options["groups"])
        copies = int(np.prod(case.padded_shape[2:]))
        dx_bound = tolerance.sum_bound(case.conv_input(*sizes), taps * copies, case.case.dtype)
        positive = replace(case, options=case.options | {"padding_value": abs(case.value)})
        dw_bound = tolerance.sum_bound(positive.conv_weight(np.abs(wide_x), sizes[1]), outputs, case.case.dtype)
        gx, gw = case.conv_input(wide_w, wide_g), case.conv_weight(wide_x, wide_g)
        for isa in ISAS:
            with fc.override(isa=isa):
                dx = to_input(x.shape, w, g, **case.options, num_threads=1, precision="strict")
                dw = to_weight(x, w.shape, g, **case.options, num_threads=1, precision="strict")
                tolerance.check(dx, gx, dx_bound, f"{words} isa={isa} input")
                tolerance.check(dw, gw, dw_bound, f"{words} isa={isa} weight")
                threads = 2 + index % 2
                more = to_input(x.shape, w, g, **case.options, num_threads=threads, precision="strict")
                assert dx.tobytes() == more.tobytes()
                more = to_weight(x, w.shape, g, **case.options, num_threads=threads, precision="strict")
                assert dw.tobytes() == more.tobytes()


def test_the_random_cases_reach_every_corner(rank: int) -> None:
    found = [case for chunk in range(8) for _, case, _, _, _ in drawn(rank, "border", range(chunk, 320, 8), cases.integers)]
    pads = [case.case.options["padding"] for case in found]
    sizes = [case.case.batch_shape[2:] for case in found]
    wide = [any(max(pair) >= n for pair, n in zip(p, s, strict=True)) for p, s in zip(pads, sizes, strict=True)]
    assert sum(wide) >= 20
    assert sum(bool(case.options.get("flip")) for case in found) >= 20
    assert sum(case.value != 0 for case in found) >= 20
    for mode in cases.MODES:
        assert sum(any(mode in pair for pair in case.modes) for case in found) >= 20, mode
    assert sum(any(front != back for front, back in case.modes) for case in found) >= 20
    assert sum(1 in s for s in sizes) >= 10


LARGER = {
    "general": ((2, 16, 37, 41), (33, 16, 3, 3), {"padding": 1}),
    "wide rows": ((1, 5, 9, 130), (24, 5, 3, 3), {"padding": (1, 2)}),
    "deep": ((1, 200, 9, 10), (70, 200, 3, 3), {"padding": 1}),
    "deep and strided": ((2, 64, 30, 31), (40, 64, 3, 3), {"padding": ((2, 1), (0, 3)), "stride": 2}),
    "stem": ((1, 3, 63, 65), (24, 3, 7, 7), {"stride": 2, "padding": 3}),
    "five": ((1, 20, 21, 40), (35, 20, 5, 5), {"padding": 2}),
    "large kernel": ((1, 2, 20, 25), (5, 2, 13, 11), {"padding": "same"}),
    "wider than the image": ((1, 3, 6, 7), (20, 3, 3, 3), {"padding": 15}),
    "padded pointwise": ((1, 40, 9, 11), (50, 40, 1, 1), {"padding": 2}),
    "channelwise": ((2, 19, 20, 43), (38, 1, 3, 3), {"padding": 1, "groups": 19}),
    "grouped": ((1, 24, 30, 31), (36, 8, 3, 3), {"padding": "same", "groups": 3, "dilation": 2}),
    "sound": ((2, 12, 499), (40, 12, 25), {"padding": ((24, 0),)}),
    "volume": ((1, 6, 8, 9, 14), (20, 6, 3, 3, 3), {"padding": 1}),
    "flat volume": ((1, 40, 1, 9, 20), (40, 40, 3, 3, 3), {"padding": (1, 1, 1), "stride": (1, 2, 2)}),
}


@pytest.mark.parametrize("mode", [*COPIES, "constant", "mixed"])
@pytest.mark.parametrize("layer", LARGER)
def test_larger_layers_are_exact(layer: str, mode: str, isa: str) -> None:
    """Many blocks of every kind: panels, rows turned over, tiles, tasks."""
    x_shape, w_shape, options = LARGER[layer]
    rng, rank = cases.rng_for("border larger " + layer, 0), len(x_shape) - 2
    x, w, b = (cases.integers(rng, shape, "float32") for shape in (x_shape, w_shape, w_shape[:1]))
    modes = ((mode, mode),) * rank
    if mode == "mixed":
        modes = (("reflect", "constant"), ("zeros", "circular"), ("constant", "replicate"))[-rank:]
    more = {"padding_mode": modes, "padding_value": 2} if mode in ("constant", "mixed") else {"padding_mode": mode}
    pads = oracle.resolve_padding(
        options["padding"], x.shape[2:], w.shape[2:], *(options.get(k, 1) for k in ("stride", "dilation"))
    )
    padded, rest = oracle.border(x, pads, modes, 2.0), options | {"padding": 0}
    expected = oracle.conv(padded, w, b, **rest)
    name = f"conv{rank}d"
    for last in (False, True):
        how = options | more | ({"data_format": calls.LAST[rank]} if last else {})
        there, right = (calls.to_last(a, rank) if last else a for a in (x, expected))
        served = calls.able(name, there.shape, w_shape, **how)
        for algorithm, bound in tolerance.bounds_for(served, padded, w, b, integers=True, **rest).items():
            one, *others = (getattr(F, name)(there, w, b, **how, algorithm=algorithm, num_threads=t) for t in (1, 2, 3, 7))
            told = f"{layer} {mode} {isa} {algorithm} last={last}"
            assert all(y.tobytes() == one.tobytes() for y in others), told
            tolerance.check(one, right, calls.to_last(bound, rank) if last and bound.ndim else bound, told)


BESIDE_ZEROS = {
    "strided rows": ((1, 64, 56, 56), (64, 64, 3, 3), {"stride": 2}, (("constant",) * 2, ("zeros",) * 2)),
    "small map": ((1, 64, 16, 16), (64, 64, 3, 3), {}, (("constant",) * 2, ("zeros", "reflect"))),
    "depth": (
        (1, 64, 1, 14, 15),
        (40, 64, 3, 3, 3),
        {"stride": (1, 2, 2)},
        (("zeros",) * 2, ("constant",) * 2, ("constant",) * 2),
    ),
}


@pytest.mark.parametrize("layer", BESIDE_ZEROS)
def test_rows_of_a_constant_beside_zeros(layer: str, isa: str) -> None:
    """Outside of several axes the constant counts, in layers large enough for several threads."""
    x_shape, w_shape, options, modes = BESIDE_ZEROS[layer]
    rng, rank = cases.rng_for("border beside " + layer, 0), len(x_shape) - 2
    x, w = cases.integers(rng, x_shape, "float32"), cases.integers(rng, w_shape, "float32")
    padded = oracle.border(x, ((1, 1),) * rank, modes, 5.0)
    expected = oracle.conv(padded, w, **options)
    how = options | {"padding": 1, "padding_mode": modes, "padding_value": 5}
    name = f"conv{rank}d"
    served = calls.able(name, x_shape, w_shape, **how)
    for algorithm, bound in tolerance.bounds_for(served, padded, w, integers=True, **options).items():
        for threads in (1, 2, 3, 7):
            y = getattr(F, name)(x, w, **how, algorithm=algorithm, num_threads=threads)
            tolerance.check(y, expected, bound, f"{layer} {isa} {algorithm} num_threads={threads}")


# ---- names


def test_the_border_of_each_name_by_hand() -> None:
    x, w = np.float32([[1, 2, 3, 4]]), np.ones((1, 1, 1), np.float32)
    shown = {
        "zeros": [0, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0],
        "constant": [7, 7, 7, 7, 7, 1, 2, 3, 4, 7, 7],
        "replicate": [1, 1, 1, 1, 1, 1, 2, 3, 4, 4, 4],
        "reflect": [2, 3, 4, 3, 2, 1, 2, 3, 4, 3, 2],
        "symmetric": [4, 4, 3, 2, 1, 1, 2, 3, 4, 4, 3],
        "circular": [4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2],
    }
    for mode, line in shown.items():
        value = 7 if mode == "constant" else 0
        assert F.conv1d(x, w, padding=((5, 2),), padding_mode=mode, padding_value=value)[0].tolist() == line
        front = F.conv1d(x, w, padding=((5, 2),), padding_mode=((mode, "zeros"),), padding_value=value)[0].tolist()
        assert front == [*line[:9], 0, 0]
    one = np.float32([[3]])
    for mode in COPIES:
        assert F.conv1d(one, w, padding=4, padding_mode=mode).tolist() == [[3.0] * 9]


PEERS = {
    "torch": ("zeros", "constant", "replicate", "reflect", "circular"),
    "numpy": ("constant", "edge", "reflect", "symmetric", "wrap"),
    "scipy": (
        "constant",
        "grid-constant",
        "nearest",
        "mirror",
        "reflect",
        "grid-mirror",
        "wrap",
        "grid-wrap",
        "fill",
        "symm",
    ),
    "opencv": ("CONSTANT", "REPLICATE", "REFLECT_101", "REFLECT101", "DEFAULT", "REFLECT", "WRAP"),
    "tensorflow": ("CONSTANT", "REFLECT", "SYMMETRIC", "constant", "reflect", "symmetric"),
    "onnx": ("constant", "edge", "reflect", "wrap"),
}


def test_every_name_of_every_school_is_known() -> None:
    for school, names in PEERS.items():
        for word in names:
            name = f"BORDER_{word}" if school == "opencv" else word
            mode = fc.border_mode(name, school)
            assert mode in cases.MODES
            assert fc.border_mode(f"{school}:{name}") == mode
            x, w = np.arange(3, dtype=np.float64).reshape(1, 3), np.ones((1, 1, 1))
            ours, theirs = (F.conv1d(x, w, padding=2, padding_mode=m) for m in (mode, f"{school}:{name}"))
            assert ours.tobytes() == theirs.tobytes()
    assert [fc.border_mode(mode) for mode in cases.MODES] == list(cases.MODES)
    # The word that means two things.
    assert {school: fc.border_mode("reflect", school) for school in ("torch", "numpy", "onnx", "scipy")} == {
        "torch": "reflect",
        "numpy": "reflect",
        "onnx": "reflect",
        "scipy": "symmetric",
    }


@pytest.mark.parametrize("name", PEERS["numpy"])
def test_numpys_names_mean_what_numpy_does(name: str) -> None:
    x = np.arange(1, 7, dtype=np.float64).reshape(1, 2, 3)
    got = F.conv2d(x, np.ones((1, 1, 1, 1)), padding=((1, 1), (2, 2)), padding_mode=f"numpy:{name}")
    np.testing.assert_array_equal(got[0], np.pad(x[0], ((1, 1), (2, 2)), mode=name))


@pytest.mark.parametrize("name", PEERS["scipy"][:8])
def test_scipys_names_mean_what_scipy_does(name: str) -> None:
    from scipy import ndimage

    rng = cases.rng_for("border scipy", 0)
    x, w = cases.integers(rng, (1, 5, 6), "float64"), cases.integers(rng, (1, 1, 3, 5), "float64")
    for flip, filtered in ((False, ndimage.correlate), (True, ndimage.convolve)):
        value = 2.0 if "constant" in name else 0.0
        got = F.conv2d(x, w, padding="same", padding_mode=f"scipy:{name}", padding_value=value, flip=flip)
        np.testing.assert_array_equal(got[0], filtered(x[0], w[0, 0], mode=name, cval=value))


# ---- flip, layers, what is told


def test_flip_is_convolution_as_mathematics_defines_it(rank: int, dtype: str) -> None:
    rng = cases.rng_for("flip", rank)
    a, b = (cases.integers(rng, (5, 4, 3)[:rank], dtype) for _ in range(2))
    got = getattr(F, f"conv{rank}d")(a[None, None], b[None, None], padding=tuple(n - 1 for n in b.shape), flip=True)
    # Polynomials multiply so.
    expected = np.zeros([2 * n - 1 for n in a.shape])
    for at in np.ndindex(*a.shape):
        expected[tuple(slice(i, i + n) for i, n in zip(at, b.shape, strict=True))] += a[at] * b
    np.testing.assert_array_equal(got[0, 0], expected)


def test_flip_is_remembered_apart(isa: str) -> None:
    rng = cases.rng_for("flip", 0)
    x, w = cases.integers(rng, (1, 8, 12, 13), "float32"), cases.integers(rng, (9, 8, 3, 3), "float32")
    for algorithm in calls.able("conv2d", x.shape, w.shape, padding=1):
        how = {"padding": 1, "algorithm": algorithm}
        for _ in range(2):
            turned = F.conv2d(x, np.ascontiguousarray(w[..., ::-1, ::-1]), **how)
            assert F.conv2d(x, w, **how, flip=True).tobytes() == turned.tobytes()
            assert F.conv2d(x, w, **how).tobytes() != turned.tobytes()


@pytest.mark.parametrize("data_format", ["first", "last"])
@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("mode", [*COPIES, "constant"])
def test_layers_learn_through_borders(mode: str, flip: bool, data_format: str, rank: int, isa: str) -> None:
    value = 2.0 if mode == "constant" else 0.0
    layout = (calls.FIRST if data_format == "first" else calls.LAST)[rank]
    edges = {"padding_mode": mode, "padding_value": value, "flip": flip}
    layer = getattr(nn, f"Conv{rank}d")(4, 6, 3, padding=2, **edges, dtype="float64", data_format=layout, precision="strict")
    rng = cases.rng_for("border layers", rank)
    layer.weight, layer.bias = (cases.integers(rng, p.shape, "float64") for p in (layer.weight, layer.bias))
    x = cases.integers(rng, (2, 4, *calls.SIZES[rank]), "float64")
    case = cases.BorderCase(
        cases.ConvCase(rank, "float64", x.shape, layer.weight.shape, True, {"padding": ((2, 2),) * rank}),
        ((mode, mode),) * rank,
        {"padding_value": value, "flip": flip},
    )
    there = calls.to_last if data_format == "last" else lambda a, _: a
    for _ in range(2):
        y = layer(there(x, rank))
        np.testing.assert_array_equal(y, there(case.conv(x, layer.weight.data, layer.bias.data), rank))
        g = cases.integers(rng, case.conv(x, layer.weight.data, None).shape, "float64")
        layer.zero_grad()
        dx = layer.backward(there(g, rank))
        np.testing.assert_array_equal(dx, there(case.conv_input(layer.weight.data, g), rank))
        np.testing.assert_array_equal(layer.weight.grad, case.conv_weight(x, g))
        np.testing.assert_array_equal(layer.bias.grad, oracle.conv_bias(g))
        layer.weight = cases.integers(rng, layer.weight.shape, "float64")


def test_layers_show_their_border() -> None:
    layer = nn.Conv2d(1, 2, 3, 1, 1, 1, 1, True, "reflect", flip=True)
    assert "padding=(1, 1), padding_mode=reflect, flip=True" in repr(layer)
    layer = nn.Conv1d(1, 2, 3, padding=1, padding_mode="constant", padding_value=0.5)
    assert "padding_mode=constant, padding_value=0.5" in repr(layer)
    assert "padding_mode" not in repr(nn.Conv2d(1, 2, 3, padding=1))


def test_pictures_of_layers_know_their_border() -> None:
    layer = nn.Conv2d(4, 4, 3, padding=1, groups=4, padding_mode="circular", flip=True, rng=0).eval()
    x = cases.floats(cases.rng_for("border pictures", 0), (2, 4, 5, 6), "float32")
    y = layer(x)
    kept = np.where(y == y.max(axis=(1, 2, 3), keepdims=True), y, 0)
    geometry = {"padding": 1, "groups": 4, "padding_mode": "circular", "flip": True}
    expected = fc.grad.conv2d_input(x.shape, layer.weight.data, kept, **geometry)
    model = nn.Sequential(layer)
    np.testing.assert_array_equal(fc.visualize.deconvnet(model, x, "0"), expected)
    assert nn.summary(model, x.shape, measure=False).rows[0]["algorithm"] == calls.chosen(
        "conv2d", x.shape, (4, 1, 3, 3), **geometry
    )


def test_explain_tells_the_border() -> None:
    shapes = ("conv2d", (1, 8, 9, 9), (8, 1, 3, 3))
    told = fc.explain(*shapes, groups=8, padding=1, padding_mode="reflect")
    assert told.border == "reflect"
    assert "reflect" in str(told)
    assert next(c for c in told.candidates if c.name == "depthwise").reason is None
    told = fc.explain(*shapes, groups=8, padding=(0, 1), padding_mode=("reflect", ("zeros", "constant")), padding_value=2)
    assert told.border == "width front zeros, width back constant 2"
    for nothing in ({}, {"padding_mode": "reflect"}, {"padding": 1}, {"padding": 1, "padding_mode": "constant"}):
        told = fc.explain(*shapes, groups=8, **nothing)
        assert told.border == "zeros"
        assert "border" not in str(told)
        assert told.algorithm == fc.explain(*shapes, groups=8, padding=nothing.get("padding", 0)).algorithm


def test_no_padded_copy_is_promised(isa: str) -> None:
    """The scratch of a border is at most that of zeros, and a turned filter's; depthwise stages blocks of rows then."""
    block = 50 << 10
    for x, w, options in LARGER.values():
        name = f"conv{len(x) - 2}d"
        for algorithm in calls.able(name, x, w, padding_mode="reflect", **options):
            how = options | {"algorithm": algorithm, "num_threads": 1}
            zeros, reflect = (fc.estimate(name, x, w, **how, padding_mode=mode) for mode in ("zeros", "reflect"))
            assert reflect <= zeros + block * (algorithm == "depthwise")
            assert fc.estimate(name, x, w, **how, flip=True) <= zeros + 4 * int(np.prod(w))


def test_zeros_by_any_name_have_the_bits_of_zeros(isa: str) -> None:
    rng = cases.rng_for("border zeros", 0)
    x, w = cases.floats(rng, (1, 6, 11, 12), "float32"), cases.floats(rng, (7, 6, 3, 3), "float32")
    expected = F.conv2d(x, w, padding=1)
    for mode in ("zeros", "constant", "torch:zeros", ("zeros", "constant"), (("zeros", "zeros"), "numpy:constant")):
        assert F.conv2d(x, w, padding=1, padding_mode=mode).tobytes() == expected.tobytes()
    assert F.conv2d(x, w, padding=1, padding_mode=["zeros", "zeros"], padding_value=-0.0).tobytes() == expected.tobytes()


# ---- refusals


@pytest.mark.parametrize(
    ("arguments", "kind", "says"),
    [
        ({"padding_mode": "edge"}, ValueError, r"padding_mode must be one of .*numpy:edge is 'replicate'"),
        ({"padding_mode": "nearest"}, ValueError, r"scipy:nearest is 'replicate'"),
        ({"padding_mode": "scipy:edge"}, ValueError, r"padding_mode must be one of .*scipy's names, got .*'scipy:edge'"),
        ({"padding_mode": "matlab:circular"}, ValueError, "padding_mode must be one of"),
        ({"padding_mode": ""}, ValueError, "got padding_mode=''"),
        ({"padding_mode": 3}, TypeError, "padding_mode must be a name of a border, got padding_mode=3"),
        ({"padding_mode": None}, TypeError, "padding_mode must be a name of a border, got padding_mode=None"),
        ({"padding_mode": ("reflect",)}, ValueError, r"for each of 2 axes, got padding_mode=\('reflect',\)"),
        ({"padding_mode": ("reflect",) * 3}, ValueError, "for each of 2 axes"),
        ({"padding_mode": (("reflect",), "zeros")}, ValueError, "for each of 2 axes"),
        ({"padding_mode": (("reflect", 1), "zeros")}, TypeError, "padding_mode must be a name of a border"),
        ({"padding_mode": ("zeros", "edge")}, ValueError, r"got padding_mode=\('zeros', 'edge'\)"),
        (
            {"padding_value": 1.0},
            ValueError,
            "padding_value must be 0 unless padding_mode='constant', got padding_value=1.0",
        ),
        ({"padding_value": 1.0, "padding_mode": "reflect"}, ValueError, "padding_value must be 0 unless"),
        ({"padding_value": np.nan, "padding_mode": "constant"}, ValueError, "padding_value must be finite in float32"),
        ({"padding_value": 1e39, "padding_mode": "constant"}, ValueError, "padding_value must be finite in float32"),
        (
            {"padding_value": "1", "padding_mode": "constant"},
            TypeError,
            "padding_value must be a number, got padding_value='1'",
        ),
        ({"flip": 1}, TypeError, "flip must be True or False, got flip=1"),
        ({"flip": None}, TypeError, "flip must be True or False, got flip=None"),
    ],
)
def test_malformed_borders_are_refused_in_words(arguments: dict, kind: type, says: str) -> None:
    x, w = np.ones((1, 1, 4, 4), np.float32), np.ones((1, 1, 3, 3), np.float32)
    doors = {
        "conv2d": lambda: F.conv2d(x, w, padding=1, **arguments),
        "conv2d_input": lambda: fc.grad.conv2d_input(x.shape, w, x, padding=1, **arguments),
        "conv2d_weight": lambda: fc.grad.conv2d_weight(x, w.shape, x, padding=1, **arguments),
        "Conv2d": lambda: nn.Conv2d(1, 1, 3, padding=1, **arguments),
    }
    for function, call in doors.items():
        with pytest.raises(fc.FastconvError, match=f"^{function}: .*{says}") as caught:
            call()
        assert isinstance(caught.value, kind)
    for door in (fc.explain, fc.estimate):
        with pytest.raises(kind, match=says):
            door("conv2d", x.shape, w.shape, padding=1, **arguments)


@pytest.mark.parametrize(
    ("arguments", "kind", "says"),
    [
        (("edge",), ValueError, "border_mode: name must be one of .*numpy:edge"),
        (("edge", "scipy"), ValueError, "border_mode: name must be one of .*scipy's names, got name='edge'"),
        (("reflect", "matlab"), ValueError, "border_mode: school must be one of"),
        (("reflect", 3), TypeError, "border_mode: school must be one of"),
        ((3,), TypeError, "border_mode: name must be a name of a border, got name=3"),
    ],
)
def test_unknown_names_are_refused_in_words(arguments: tuple, kind: type, says: str) -> None:
    with pytest.raises(kind, match=says):
        fc.border_mode(*arguments)
