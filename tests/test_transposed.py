"""Transposed convolution: the oracle's scatter-add, from every algorithm, instruction set, layout and number of threads."""

import json
import math
from collections.abc import Iterator
from functools import partial

import calls
import cases
import numpy as np
import oracle
import processes
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F
from fastconv import nn

CHUNK = pytest.mark.parametrize("chunk", range(cases.CHUNKS))
ISAS = fc.available_isas()
TRANSPOSED_CASES = max(cases.CASES // 4, cases.CHUNKS)  # for each number of axes
THREADS = (1, 2, 3, 7)
SLACK_BYTES = 64 << 10  # as in test_memory.py
SPECIALS = (np.nan, np.inf, -np.inf)


def drawn(stream: str, rank: int, chunk: int) -> Iterator[tuple[int, np.random.Generator, cases.TransposedCase, str]]:
    """The cases of one chunk with their generator and the words that reproduce them."""
    for index in cases.indices_of(chunk, TRANSPOSED_CASES):
        rng = cases.rng_for(f"{stream}{rank}d", index)
        case = cases.draw_transposed(rng, rank)
        yield index, rng, case, cases.told(f"{stream}{rank}d", index, case)


def explained(case: cases.TransposedCase, **how: object) -> fc.Explanation:
    """What `explain` says of a case."""
    name, options = f"conv_transpose{case.rank}d", case.options | {"dtype": case.dtype, "bias": case.bias} | how
    return fc.explain(name, case.input_shape, case.weight_shape, **options)


def summing(case: cases.TransposedCase, **how: object) -> list[str]:
    """The algorithms that can serve a case and sum the definition's products."""
    name, options = f"conv_transpose{case.rank}d", case.options | {"dtype": case.dtype} | how
    served = calls.able(name, case.input_shape, case.weight_shape, **options)
    assert "direct" in served
    return [algorithm for algorithm in served if algorithm in tolerance.SUMMING]


def bound_of(case: cases.TransposedCase, *arrays: np.ndarray | None) -> np.ndarray:
    """The bound of direct summation."""
    magnitude = case.conv(*map(tolerance.finite_magnitude, arrays))
    return tolerance.sum_bound(magnitude, case.reduction, case.dtype)


# ---- the oracle


def test_the_oracle_transposes_convolution(rank: int) -> None:
    """conv_transpose is the input gradient of a convolution, which the oracle computes by other loops."""
    for index in range(60):
        rng = cases.rng_for("transposed oracle", 10 * index + rank)
        case = cases.draw_transposed(rng, rank)
        if case.options["output_padding"] not in (0, (0,) * rank):
            continue  # several sizes have the same convolution
        x, w, _ = case.arrays(rng, cases.integers)
        options = {k: v for k, v in case.options.items() if k != "output_padding"}
        shape = (case.batch_shape[0], case.c_out, *case.output_shape[-rank:])
        assert (case.lift(case.conv(x, w, None)) == oracle.conv_input(shape, w, case.lift(x), **options)).all()


def test_the_oracle_on_numbers_worked_by_hand() -> None:
    x, w = np.array([[[1.0, 2.0]]]), np.array([[[1.0, 10.0, 100.0]]])
    assert oracle.conv_transpose(x, w).tolist() == [[[1, 12, 120, 200]]]
    assert oracle.conv_transpose(x, w, [5], stride=2, padding=1).tolist() == [[[15, 107, 25]]]
    assert oracle.conv_transpose(x, w, stride=3, output_padding=2).tolist() == [[[1, 10, 100, 2, 20, 200, 0, 0]]]
    assert oracle.conv_transpose(x, w, dilation=2).tolist() == [[[1, 2, 10, 20, 100, 200]]]


# ---- values


@CHUNK
def test_integers_are_exact(rank: int, chunk: int) -> None:
    conv = getattr(F, f"conv_transpose{rank}d")
    for index, rng, case, words in drawn("transposed", rank, chunk):
        x, w, b = case.arrays(rng, cases.integers)
        expected = case.conv(x, w, b)
        assert expected.shape == case.output_shape
        for isa in ISAS:
            with fc.override(isa=isa):
                for name in (None, *summing(case)):
                    threads = THREADS[(index + len(name or "")) % 4]
                    y = conv(x, w, b, **case.options, algorithm=name, num_threads=threads, precision="strict")
                    assert y.dtype == case.dtype
                    tolerance.check_equal(y, expected, f"{words} isa={isa} algorithm={name!r} num_threads={threads}")


@CHUNK
def test_floats_are_within_the_bound_and_bits_depend_on_neither_threads_nor_batch(rank: int, chunk: int) -> None:
    conv = getattr(F, f"conv_transpose{rank}d")
    for index, rng, case, words in drawn("transposed floats", rank, chunk):
        x, w, b = case.arrays(rng, cases.floats)
        expected = case.conv(*(None if a is None else cases.exact(a) for a in (x, w, b)))
        bound = bound_of(case, x, w, b)
        for isa in ISAS:
            with fc.override(isa=isa, precision="strict"):
                for name in (None, *summing(case)):
                    told = f"{words} isa={isa} algorithm={name!r}"
                    run = partial(conv, weight=w, bias=b, **case.options, algorithm=name)
                    one = run(x, num_threads=1)
                    tolerance.check(one, expected, bound, told)
                    threads = THREADS[1 + index % 3]
                    assert run(x, num_threads=threads).tobytes() == one.tobytes(), f"{told} num_threads={threads}"
                    if case.batched and len(x) > 1:
                        assert run(x[1:]).tobytes() == one[1:].tobytes(), f"{told} batch slice"


@CHUNK
def test_channels_last_and_activation(rank: int, chunk: int) -> None:
    conv = getattr(F, f"conv_transpose{rank}d")
    for index, rng, case, words in drawn("transposed last", rank, chunk):
        x, w, b = case.arrays(rng, cases.integers)
        expected, last = case.conv(x, w, b), calls.to_last(x, rank)
        activation = calls.ACTIVATIONS[index % 7]
        active = getattr(F, activation)(expected.astype(case.dtype))
        for isa in ISAS:
            with fc.override(isa=isa, precision="strict"):
                for name in (None, *summing(case, data_format=None)):
                    how = {"algorithm": name, "num_threads": THREADS[index % 4]}
                    y = conv(x, w, b, **case.options, **how, activation=activation)
                    assert y.tobytes() == getattr(F, activation)(conv(x, w, b, **case.options, **how)).tobytes(), words
                    tolerance.check(y, active, 1e-300 + 8 * np.finfo(case.dtype).eps * np.abs(active), words)
                shape = last.shape
                served = calls.able(f"conv_transpose{rank}d", shape, case.weight_shape, **case.options,
                                    dtype=case.dtype, data_format=calls.LAST[rank])  # fmt: skip
                for name in (None, *(n for n in served if n in tolerance.SUMMING)):
                    how = {"algorithm": name, "num_threads": THREADS[index % 4], "data_format": calls.LAST[rank]}
                    y = conv(last, w, b, **case.options, **how)
                    tolerance.check_equal(calls.to_first(y, rank), expected, f"{words} isa={isa} {how}")


WINOGRAD = [name for name in fc.algorithms() if name.startswith("winograd")]


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("algorithm", WINOGRAD)
def test_winograd_computes_phases(algorithm: str, stride: int, isa: str, dtype: str) -> None:
    """Each phase of a kernel of stride * 3 (or 5) taps is a convolution of rotated taps, bounded as one."""
    taps = 5 if algorithm.endswith("x5") else 3
    rng = cases.rng_for(f"transposed {algorithm}", stride)
    x = cases.floats(rng, (2, 5, 9, 21), dtype)
    w = cases.floats(rng, (5, 18, *(stride * taps,) * 2), dtype)
    b = cases.floats(rng, (18,), dtype)
    pad = stride * (taps // 2)
    y = F.conv_transpose2d(x, w, b, stride, pad, algorithm=algorithm, num_threads=2)
    exact_x, exact_w, exact_b = map(cases.exact, (x, w, b))
    expected = oracle.conv_transpose(exact_x, exact_w, exact_b, stride, pad)
    assert (
        fc.explain("conv_transpose2d", x.shape, w.shape, stride=stride, padding=pad, algorithm=algorithm).phases == stride**2
    )
    for rows in range(stride):
        for columns in range(stride):
            part = np.ascontiguousarray(w[:, :, rows::stride, columns::stride][:, :, ::-1, ::-1].swapaxes(0, 1))
            options = {"padding": taps // 2}
            bounds = tolerance.bounds_for([algorithm], x, part, b, **options)
            place = (..., slice(rows, None, stride), slice(columns, None, stride))
            assert y[place].shape == (2, 18, 9, 21)
            tolerance.check(y[place], expected[place], bounds[algorithm], f"{algorithm} stride={stride} {rows} {columns}")


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("algorithm", WINOGRAD)
def test_winograd_puts_what_is_not_finite_where_the_definition_does(
    algorithm: str, stride: int, isa: str, dtype: str
) -> None:
    """What is near it is summed again, by the filters as they were before they were transformed."""
    taps = 5 if algorithm.endswith("x5") else 3
    rng = cases.rng_for(f"transposed strange {algorithm}", stride)
    x = cases.integers(rng, (1, 9, 13, 14), dtype)
    w = cases.integers(rng, (9, 17, *(stride * taps,) * 2), dtype)
    pad = stride * (taps // 2)
    for array, at in ((x, (0, 4, 6, 6)), (w, (3, 5, 0, 1))):
        for value in (np.inf, np.nan):
            given = array.copy()
            given[at] = value
            arrays = (given, w) if array is x else (x, given)
            expected = oracle.conv_transpose(*arrays, None, stride, pad)
            y = F.conv_transpose2d(*arrays, None, stride, pad, algorithm=algorithm)
            assert (np.isnan(y) == np.isnan(expected)).all()
            finite = np.isfinite(expected)
            assert (np.isfinite(y) == finite).all()
            off = np.abs(np.where(finite, y, 0) - np.where(finite, expected, 0))
            magnitude = oracle.conv_transpose(*(np.where(np.isfinite(a), np.abs(a), 0) for a in arrays), None, stride, pad)
            assert (off <= 2000 * np.finfo(dtype).eps * magnitude.max()).all()


LARGER = {
    "U-Net": ((1, 40, 30, 31), (40, 24, 2, 2), {"stride": 2}),
    "deep U-Net": ((2, 300, 7, 9), (300, 70, 2, 2), {"stride": 2}),
    "decoder": ((1, 64, 40, 50), (64, 100, 4, 4), {"stride": 2, "padding": 1}),
    "three by three": ((1, 33, 60, 61), (33, 65, 3, 3), {"stride": 2, "padding": 1, "output_padding": 1}),
    "vocoder": ((1, 48, 700), (48, 40, 16), {"stride": 8, "padding": 4}),
    "long signal": ((1, 8, 60000), (8, 6, 5), {"stride": 3}),
    "upsampling": ((1, 12, 40, 41), (12, 1, 4, 4), {"stride": 2, "padding": 1, "groups": 12}),
    "wide upsampling": ((1, 3, 90, 2000), (3, 1, 4, 4), {"stride": 2, "padding": 1, "groups": 3}),
    "volume": ((1, 9, 6, 12, 13), (9, 10, 2, 2, 2), {"stride": 2}),
    "deep volume": ((1, 4, 30, 40, 41), (4, 5, 3, 3, 3), {"stride": 2, "padding": 1}),
    "one pixel": ((3, 100, 1, 1), (100, 40, 4, 4), {}),
    "large steps": ((1, 5, 6, 7), (5, 5, 32, 32), {"stride": 16, "padding": 8}),
    "grouped": ((1, 24, 20, 21), (24, 6, 3, 3), {"stride": 2, "groups": 4, "dilation": 3}),
}


@pytest.mark.parametrize("layer", LARGER)
def test_larger_layers_and_their_gradients_are_exact(layer: str, isa: str) -> None:
    """Several slabs, panels and tasks, in both layouts."""
    x_shape, w_shape, options = LARGER[layer]
    rank, groups = len(x_shape) - 2, options.get("groups", 1)
    rng = cases.rng_for("larger transposed " + layer, 0)
    x, w, b = (cases.integers(rng, shape, "float32") for shape in (x_shape, w_shape, (w_shape[1] * groups,)))
    name, words = f"conv_transpose{rank}d", f"FASTCONV_TEST_SEED={cases.SEED} {layer} {isa}"
    expected = oracle.conv_transpose(x, w, b, **options)
    for algorithm in (None, *calls.able(name, x_shape, w_shape, **options)):
        if algorithm is None or algorithm in tolerance.SUMMING:
            for threads in (1, 3):
                y = getattr(F, name)(x, w, b, **options, algorithm=algorithm, num_threads=threads, precision="strict")
                tolerance.check_equal(y, expected, f"{words} {algorithm} num_threads={threads}")
    y = getattr(F, name)(calls.to_last(x, rank), w, b, **options, data_format=calls.LAST[rank], precision="strict")
    tolerance.check_equal(calls.to_first(y, rank), expected, f"{words} channels last")
    g = cases.integers(rng, expected.shape, "float32", 1)
    with fc.override(precision="strict"):
        gx = getattr(fc.grad, f"{name}_input")(x_shape, w, g, **options)
        gw = getattr(fc.grad, f"{name}_weight")(x, w_shape, g, **options)
    tolerance.check_equal(gx, oracle.conv_transpose_input(x_shape, w, g, **options), words + " input")
    tolerance.check_equal(gw, oracle.conv_transpose_weight(x, w_shape, g, **options), words + " weight")
    tolerance.check_equal(getattr(fc.grad, f"{name}_bias")(g), oracle.conv_bias(g), words + " bias")


@CHUNK
def test_gradients_on_integers_are_exact_and_adjoint(rank: int, chunk: int) -> None:
    name = f"conv_transpose{rank}d"
    conv = getattr(F, name)
    to_input, to_weight, to_bias = (getattr(fc.grad, f"{name}_{of}") for of in ("input", "weight", "bias"))
    for index, rng, case, words in drawn("grad.transposed", rank, chunk):
        x, w, _ = case.arrays(rng, cases.integers)
        g = cases.integers(rng, case.output_shape, case.dtype)
        gx, gw, gb = case.conv_input(w, g), case.conv_weight(x, g), case.lift(g).sum((0, *range(2, rank + 2)))
        for isa in ISAS:
            with fc.override(isa=isa, precision="strict"):
                threads = THREADS[index % 4]
                dx = to_input(case.input_shape, w, g, **case.options, num_threads=threads)
                tolerance.check_equal(dx, gx, f"{words} isa={isa} input")
                dw = to_weight(x, case.weight_shape, g, **case.options, num_threads=threads)
                tolerance.check_equal(dw, gw, f"{words} isa={isa} weight")
                tolerance.check_equal(to_bias(g, num_threads=threads), gb, f"{words} isa={isa} bias")
                there, last = calls.to_last(x, rank), case.options | {"data_format": calls.LAST[rank]}
                g_last = calls.to_last(g, rank)
                dx_last = to_input(there.shape, w, g_last, **last, num_threads=threads)
                tolerance.check_equal(calls.to_first(dx_last, rank), gx, f"{words} isa={isa} input, channels last")
        dw_last = to_weight(there, case.weight_shape, g_last, **last, precision="strict")
        tolerance.check_equal(dw_last, gw, f"{words} weight, channels last")
        tolerance.check_equal(to_bias(g_last, data_format=calls.LAST[rank]), gb, f"{words} bias, channels last")
        # <A x, g> = <x, A^T g> = <w, dA^T g>, exactly: all numbers are integers.
        forward = np.vdot(conv(x, w, **case.options, precision="strict").astype(np.float64), g)
        assert forward == np.vdot(x.astype(np.float64), dx), words
        assert forward == np.vdot(w.astype(np.float64), dw), words


def test_it_is_the_adjoint_of_convolution(rank: int, isa: str) -> None:
    """<conv(x), g> = <x, conv_transpose(g)> for the same weights."""
    for index in range(40):
        rng = cases.rng_for("adjoint", 10 * index + rank)
        case = cases.draw_transposed(rng, rank)
        g, w, _ = case.arrays(rng, cases.integers)
        x = cases.integers(rng, case.output_shape, case.dtype)
        options = {k: v for k, v in case.options.items() if k != "output_padding"}
        places = {k: v for k, v in options.items() if k != "groups"}
        if oracle.conv_output_shape(x.shape, w.shape, **places) != g.shape:
            continue  # output padding beyond the stride: the convolution has more outputs
        forward = getattr(F, f"conv{rank}d")(x, w, **options, precision="strict")
        back = getattr(F, f"conv_transpose{rank}d")(g, w, **case.options, precision="strict")
        assert np.vdot(forward.astype(np.float64), g) == np.vdot(x.astype(np.float64), back)


# ---- nan and infinities


def strewn(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Normal numbers and zeros with a few specials among them, often none."""
    a = cases.floats(rng, shape, dtype)
    a[rng.random(shape) < 0.1] = 0
    rate = rng.choice((0.0, 0.01, 0.1))
    for special in SPECIALS:
        a[rng.random(shape) < rate] = special
    return a


def test_nan_and_infinity_stand_where_the_definition_puts_them(rank: int) -> None:
    conv, found = getattr(F, f"conv_transpose{rank}d"), 0
    for index in range(120):
        rng = cases.rng_for("transposed specials", 10 * index + rank)
        case = cases.draw_transposed(rng, rank)
        x, w, b = case.arrays(rng, strewn)
        expected = case.conv(*(None if a is None else cases.exact(a) for a in (x, w, b)))
        bound = bound_of(case, x, w, b)
        found += int((~np.isfinite(expected)).any())
        for isa in ISAS:
            with fc.override(isa=isa, precision="strict"):
                for name in (None, *summing(case)):
                    words = cases.told("transposed specials", 10 * index + rank, case, name, isa)
                    tolerance.check(conv(x, w, b, **case.options, algorithm=name), expected, bound, words)
    assert found > 40


def test_one_nan_reaches_exactly_the_outputs_of_its_taps(isa: str, dtype: str) -> None:
    for algorithm in (None, *WINOGRAD, "im2col_gemm", "direct"):
        for stride, k in ((1, 3), (1, 5), (2, 6), (2, 4), (3, 3)):
            x, w = np.ones((1, 3, 8, 9), dtype), np.ones((3, 4, k, k), dtype)
            x[0, 1, 4, 5] = np.nan
            if algorithm not in (None, *calls.able("conv_transpose2d", x.shape, w.shape, stride=stride, padding=1)):
                continue
            y = F.conv_transpose2d(x, w, stride=stride, padding=1, algorithm=algorithm)
            met = np.zeros(y.shape, bool)
            met[:, :, 4 * stride - 1 : 4 * stride - 1 + k, 5 * stride - 1 : 5 * stride - 1 + k] = True
            assert (np.isnan(y) == met).all(), (algorithm, stride, k)


def test_an_infinite_weight_spoils_nothing_that_it_does_not_touch(isa: str, dtype: str) -> None:
    """The definition knows no border whose zeros would be multiplied."""
    x, w = np.ones((1, 2, 5, 6), dtype), np.ones((2, 3, 3, 3), dtype)
    w[0, 1, 0, 0] = np.inf
    for options in ({}, {"stride": 2}, {"stride": 2, "padding": 1}, {"dilation": 2}):
        expected = oracle.conv_transpose(x, w, **options)
        assert not np.isnan(expected).any()
        for last in (False, True):
            given = calls.to_last(x, 2) if last else x
            y = F.conv_transpose2d(given, w, **options, data_format="NHWC" if last else "NCHW")
            tolerance.check_equal(calls.to_first(y, 2) if last else y, expected, f"{options} last={last}")


# ---- what a call would do


def test_explain_names_algorithms_and_phases() -> None:
    told = fc.explain("conv_transpose2d", (1, 128, 40, 40), (128, 64, 2, 2), stride=2)
    assert (told.algorithm, told.phases, told.output_shape) == ("subpixel_gemm", 4, (1, 64, 80, 80))
    assert {candidate.name for candidate in told.candidates} == set(fc.algorithms("conv_transpose2d"))
    assert "4 phases" in str(told)
    told = fc.explain("conv_transpose2d", (1, 64, 40, 40), (64, 64, 3, 3), stride=2, padding=1, output_padding=1)
    assert told.phases == 4
    taken = [candidate.name for candidate in told.candidates if candidate.reason is None]
    assert taken == sorted(told.algorithm.split(" + "), key=fc.algorithms("conv_transpose2d").index)
    assert fc.explain("conv_transpose2d", (1, 64, 40, 40), (64, 64, 3, 3), padding=1).algorithm.startswith("winograd")
    assert fc.explain("conv_transpose1d", (1, 1, 2), (1, 1, 1), stride=2, padding=1).algorithm == "none"


def test_a_named_algorithm_that_cannot_serve_says_why() -> None:
    x, w = np.ones((1, 4, 5, 5), np.float32), np.ones((4, 4, 3, 3), np.float32)
    with pytest.raises(fc.FastconvValueError, match=r"subpixel_gemm.*kernel and stride must be alike"):
        F.conv_transpose2d(x, w, stride=2, algorithm="subpixel_gemm")
    with pytest.raises(fc.FastconvValueError, match=r"winograd_f2x3.*phase \(0, 0\).*must be 3x3"):
        F.conv_transpose2d(x, w, stride=2, algorithm="winograd_f2x3")
    with pytest.raises(fc.FastconvValueError, match=r"winograd_f2x3.*strict"):
        F.conv_transpose2d(x, w, algorithm="winograd_f2x3", precision="strict")
    with fc.override(algorithm="im2col_gemm"):
        assert fc.explain("conv_transpose2d", x.shape, w.shape, stride=2).algorithm == "im2col_gemm"


def test_explain_measures_every_algorithm_that_serves() -> None:
    told = fc.explain("conv_transpose2d", (1, 8, 9, 9), (8, 8, 3, 3), stride=2, padding=1, measure=True)
    assert told.milliseconds is not None
    for candidate in told.candidates:
        assert (candidate.measured_ms is None) == (candidate.predicted_ms is None)


# ---- memory

MEMORY = {
    "U-Net": ("conv_transpose2d", (1, 64, 120, 120), (64, 32, 2, 2), {"stride": 2}),
    "decoder": ("conv_transpose2d", (1, 64, 100, 100), (64, 32, 4, 4), {"stride": 2, "padding": 1}),
    "decoder channels last": (
        "conv_transpose2d",
        (1, 100, 100, 64),
        (64, 32, 4, 4),
        {"stride": 2, "padding": 1, "data_format": "NHWC", "activation": "silu"},
    ),
    "deep weights": ("conv_transpose2d", (2, 512, 8, 8), (512, 256, 4, 4), {"stride": 2, "padding": 1}),
    "rotated": ("conv_transpose2d", (1, 32, 120, 120), (32, 64, 3, 3), {"padding": 1}),
    "vocoder": ("conv_transpose1d", (1, 64, 8000), (64, 32, 16), {"stride": 8, "padding": 4}),
    "upsampling": ("conv_transpose2d", (1, 16, 200, 200), (16, 1, 4, 4), {"stride": 2, "padding": 1, "groups": 16}),
    "volume": ("conv_transpose3d", (1, 16, 16, 32, 32), (16, 8, 2, 2, 2), {"stride": 2}),
    "large steps": ("conv_transpose2d", (1, 21, 16, 16), (21, 21, 64, 64), {"stride": 32, "padding": 16}),
}
SERVED = [(layer, name) for layer, (f, x, w, options) in MEMORY.items() for name in calls.able(f, x, w, **options)]


@pytest.mark.parametrize(("layer", "algorithm"), SERVED)
def test_peak_memory_is_at_most_the_estimate(layer: str, algorithm: str) -> None:
    function, x, w, options = MEMORY[layer]
    problem = {"function": function, "input_shape": x, "weight_shape": w, "options": options}
    done = processes.run("peak_memory.py", json.dumps(problem | {"how": {"algorithm": algorithm, "num_threads": 2}}))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["algorithm"] == algorithm
    assert told["used"] <= told["promised"] + SLACK_BYTES, told


@pytest.mark.parametrize("layer", MEMORY)
def test_scratch_is_no_copy_of_the_output(layer: str) -> None:
    function, x, w, options = MEMORY[layer]
    for n in (1, 7):
        told = fc.explain(function, (n, *x[1:]), w, **options, num_threads=2)
        assert told.workspace_bytes <= (8 << 20) + 6 * math.prod(w) * 4


# ---- layers


def torch_shapes(layer: nn.Module) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a layer's parameters."""
    return {name: array.shape for name, array in layer.state_dict().items()}


def test_layers_compute_the_function_and_its_gradients(rank: int, isa: str, dtype: str) -> None:
    make, name = getattr(nn, f"ConvTranspose{rank}d"), f"conv_transpose{rank}d"
    for index, (stride, pad, more, groups, dilation, activation) in enumerate(
        ((2, 0, 0, 1, 1, None), (2, 1, 1, 2, 1, "relu"), (1, 1, 0, 1, 2, "tanh"), (3, 2, 2, 1, 1, None))
    ):
        rng = cases.rng_for("transposed layer", 10 * index + rank)
        how = {"dtype": dtype, "rng": index, "activation": activation}
        layer = make(4, 6, 2 if stride == 2 and not pad else 3, stride, pad, more, groups, True, dilation, **how)
        x = cases.floats(rng, (2, 4, *calls.SIZES[rank]), dtype)
        geometry = (stride, pad, more, groups, dilation)
        w, b = layer.weight.data, layer.bias.data
        before = getattr(F, name)(x, w, b, *geometry)
        y = layer(x)
        assert y.tobytes() == (before if activation is None else getattr(F, activation)(before)).tobytes()
        g = cases.floats(rng, y.shape, dtype)
        gx = layer.backward(g)
        inner = g if activation is None else getattr(fc.grad, f"{activation}_input")(before, g)
        assert gx.tobytes() == getattr(fc.grad, f"{name}_input")(x.shape, w, inner, *geometry).tobytes()
        assert layer.weight.grad.tobytes() == getattr(fc.grad, f"{name}_weight")(x, w.shape, inner, *geometry).tobytes()
        assert layer.bias.grad.tobytes() == getattr(fc.grad, f"{name}_bias")(inner).tobytes()
        last = make(4, 6, layer.kernel_size, *geometry[:4], True, dilation, **how, data_format=calls.LAST[rank])
        again = calls.to_first(last(calls.to_last(x, rank)), rank)
        reduction = math.prod(w.shape[2:]) * 4
        size = oracle.conv_transpose(np.abs(x), np.abs(w), np.abs(b), *geometry)
        exact = y.astype(np.longdouble)
        bound = 2 * tolerance.sum_bound(size, reduction, dtype)
        tolerance.check(
            again, exact, bound + tolerance.activation_bound(activation or "relu", exact, exact, bound, dtype), "last"
        )
        assert layer.eval()(x).tobytes() == y.tobytes()
        assert layer(x).tobytes() == y.tobytes()


def test_layers_are_initialised_as_torch_does(rank: int) -> None:
    layer = getattr(nn, f"ConvTranspose{rank}d")(8, 12, 3, groups=2, rng=0)
    kernel = (3,) * rank
    assert torch_shapes(layer) == {"weight": (8, 6, *kernel), "bias": (12,)}
    for parameter in layer.parameters():
        most = np.abs(parameter.data).max()
        bound = (6 * 3**rank) ** -0.5
        assert bound / 2 < most <= bound
    assert torch_shapes(getattr(nn, f"ConvTranspose{rank}d")(8, 12, 3, bias=False)) == {"weight": (8, 12, *kernel)}


def test_output_size_says_which_size_is_meant(rank: int) -> None:
    layer = getattr(nn, f"ConvTranspose{rank}d")(2, 3, 3, stride=3, padding=1, rng=0).eval()
    x = cases.floats(cases.rng_for("output size", rank), (2, 2, *(4,) * rank), "float32")
    small = layer(x)
    assert small.shape == (2, 3, *(10,) * rank)
    for more in (0, 1, 2):
        size = (10 + more,) * rank
        expected = getattr(F, f"conv_transpose{rank}d")(x, layer.weight.data, layer.bias.data, 3, 1, more)
        for given in (size, [*size], (2, 3, *size)):
            assert layer(x, output_size=given).tobytes() == expected.tobytes()
        assert layer(x[0], size).tobytes() == expected[0].tobytes()
    assert layer(x).tobytes() == small.tobytes()
    last = getattr(nn, f"ConvTranspose{rank}d")(2, 3, 3, stride=3, padding=1, rng=0, data_format=calls.LAST[rank])
    assert last(calls.to_last(x, rank), (2, *(11,) * rank, 3)).shape == (2, *(11,) * rank, 3)
    layer.train()(x, (12,) * rank)
    assert layer.backward(np.ones((2, 3, *(12,) * rank), np.float32)).shape == x.shape
    for wrong, kind in (
        ((9,) * rank, ValueError),
        ((13,) * rank, ValueError),
        ((10,) * (rank + 3), ValueError),
        (10, TypeError),
    ):
        with pytest.raises(fc.FastconvError, match="output_size") as caught:
            layer(x, wrong)
        assert isinstance(caught.value, kind)


def test_layers_repeat_and_refuse_in_words() -> None:
    layer = nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, 2, dilation=2)
    assert repr(layer) == (
        "ConvTranspose2d(4, 6, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), dilation=(2, 2), "
        "output_padding=(1, 1), groups=2)"
    )
    for wrong, word in (
        ({"padding": "same"}, "padding"),
        ({"output_padding": -1}, "output_padding"),
        ({"padding_mode": "reflect"}, "padding_mode"),
        ({"groups": 3}, "groups"),
        ({"stride": 0}, "stride"),
    ):
        with pytest.raises(fc.FastconvError, match=f"ConvTranspose2d: .*{word}"):
            nn.ConvTranspose2d(4, 6, 3, **wrong)


def test_a_network_of_both_kinds_learns() -> None:
    """An autoencoder's loss falls: forward, backward and step fit together."""
    rng = np.random.default_rng(0)
    down, up = nn.Conv2d(1, 4, 4, 2, 1, rng=1, activation="relu"), nn.ConvTranspose2d(4, 1, 4, 2, 1, rng=2)
    model = nn.Sequential(down, up)
    step = nn.SGD(model.parameters(), lr=0.05)
    x = rng.standard_normal((4, 1, 8, 8)).astype(np.float32)
    losses = []
    for _ in range(30):
        model.zero_grad()
        error = model(x) - x
        losses.append(float((error**2).mean()))
        model.backward((2 * error / error.size * 16).astype(np.float32))
        step.step()
    assert losses[-1] < 0.8 * losses[0]
