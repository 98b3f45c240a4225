"""Random convolutions and their gradients: integers must be exact (for the algorithms that are, by
`tolerance.EXACT_ON_INTEGERS`), floats within the derived bound, on every ISA.

Each case computes the oracle once and then compares every ISA, every number of threads and every algorithm
that serves the problem. Algorithms that do not serve it must say why, in the words of `explain`.
"""

from collections.abc import Callable, Iterator
from functools import partial

import calls
import cases
import numpy as np
import oracle
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F
import fastconv.grad

CHUNK = pytest.mark.parametrize("chunk", range(cases.CHUNKS))
ISAS = fc.available_isas()

Run = Callable[..., np.ndarray]


def drawn(operator: str, rank: int, chunk: int) -> Iterator[tuple[int, np.random.Generator, cases.ConvCase, str]]:
    """The cases of one chunk with their generator and the words that reproduce them."""
    stream = f"{operator}{rank}d"
    for index in cases.indices_of(chunk):
        rng = cases.rng_for(stream, index)
        case = cases.draw_conv(rng, rank)
        yield index, rng, case, cases.told(stream, index, case)


def serving(case: cases.ConvCase) -> tuple[str, list[str], dict[str, str]]:
    """The algorithm of choice for a case at the instruction set in force, all that serve it, and the reasons of
    the others."""
    explained = fc.explain(
        f"conv{case.rank}d",
        case.input_shape,
        case.weight_shape,
        bias=case.bias,
        dtype=case.dtype,
        **case.options,
    )
    reasons = {c.name: c.reason for c in explained.candidates}
    assert set(reasons) == set(fc.algorithms())
    assert [name for name, reason in reasons.items() if reason is None] == [explained.algorithm]
    assert explained.output_shape == case.output_shape
    served = calls.able(f"conv{case.rank}d", case.input_shape, case.weight_shape, dtype=case.dtype, **case.options)
    assert explained.algorithm in served
    assert "direct" in served
    return explained.algorithm, served, {n: reasons[n] for n in fc.algorithms() if n not in served}


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays have the same shape, type and bytes."""
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def everywhere(run: Run, expected: np.ndarray, dtype: str, words: str) -> None:
    """Every ISA and every number of threads gives exactly `expected`, where strict."""
    for isa in ISAS:
        with fc.override(isa=isa, precision="strict"):
            for threads in cases.THREADS:
                result = run(num_threads=threads)
                assert result.dtype == dtype, words
                tolerance.check_equal(result, expected, f"{words} isa={isa} num_threads={threads}")


def within(
    run: Run,
    expected: np.ndarray,
    magnitude: np.ndarray,
    reduction: int,
    case: cases.ConvCase,
    threads: int,
    words: str,
) -> None:
    """Every ISA is within the bound of a sum with one thread, where strict, and has the same bits with more."""
    bound = tolerance.sum_bound(magnitude, reduction, case.dtype)
    for isa in ISAS:
        with fc.override(isa=isa, precision="strict"):
            one = run(num_threads=1)
            tolerance.check(one, expected, bound, f"{words} isa={isa}")
            assert same_bits(one, run(num_threads=threads)), f"{words} isa={isa} num_threads={threads}"


@CHUNK
def test_conv_on_integers_is_exact(rank: int, chunk: int) -> None:
    conv = getattr(F, f"conv{rank}d")
    for index, rng, case, words in drawn("conv", rank, chunk):
        x, w, b = case.arrays(rng, cases.integers)
        expected = case.conv(x, w, b)
        assert expected.shape == case.output_shape
        _, served, refused = serving(case)
        bounds = tolerance.bounds_for(served, x, w, b, integers=True, **case.options)
        for isa in ISAS:
            with fc.override(isa=isa):
                chosen, _, _ = serving(case)
                made = [(None, threads) for threads in cases.THREADS] + [(name, cases.THREADS[index % 3]) for name in served]
                for name, threads in made:
                    result = conv(x, w, b, **case.options, num_threads=threads, algorithm=name)
                    told = f"{words} isa={isa} num_threads={threads} algorithm={name!r}"
                    assert result.dtype == case.dtype, told
                    tolerance.check(result, expected, bounds[name or chosen], told)
        for name, reason in refused.items():
            with pytest.raises(fc.FastconvError) as caught:
                conv(x, w, b, **case.options, algorithm=name)
            assert reason in str(caught.value), words
            assert name in str(caught.value), words


@CHUNK
def test_conv_on_floats_is_within_the_bound(rank: int, chunk: int) -> None:
    conv = getattr(F, f"conv{rank}d")
    for index, rng, case, words in drawn("conv", rank, chunk):
        x, w, b = case.arrays(rng, cases.floats)
        expected = case.conv(*(None if a is None else cases.exact(a) for a in (x, w, b)))
        _, served, _ = serving(case)
        bounds = tolerance.bounds_for(served, x, w, b, **case.options)
        threads = 2 + index % 2
        for isa in ISAS:
            with fc.override(isa=isa):
                chosen, _, _ = serving(case)
                results = {}
                for name in served:
                    told = f"{words} isa={isa} algorithm={name!r}"
                    one = conv(x, w, b, **case.options, num_threads=1, algorithm=name)
                    tolerance.check(one, expected, bounds[name], told)
                    more = conv(x, w, b, **case.options, num_threads=threads, algorithm=name)
                    assert same_bits(one, more), f"{told} num_threads={threads} has other bits than num_threads=1"
                    results[name] = one
                auto = conv(x, w, b, **case.options)
                assert same_bits(auto, results[chosen]), f"{words} isa={isa} auto is not what explain says"
                if case.batched and len(x) > 1:
                    at = index % len(x)
                    part = conv(x[at : at + 1], w, b, **case.options)
                    assert same_bits(part[0], auto[at]), f"{words} isa={isa} batch slice {at} has other bits"


@CHUNK
def test_conv_gradients_on_integers_are_exact(rank: int, chunk: int) -> None:
    conv_input, conv_weight, conv_bias = (getattr(fc.grad, f"conv{rank}d_{of}") for of in ("input", "weight", "bias"))
    conv = getattr(F, f"conv{rank}d")
    for index, rng, case, words in drawn("grad.conv", rank, chunk):
        x, w, _ = case.arrays(rng, cases.integers)
        g = cases.integers(rng, case.output_shape, case.dtype)
        gx, gw, gb = case.conv_input(w, g), case.conv_weight(x, g), case.lift(g).sum((0, *range(2, rank + 2)))
        strict = case.options | {"precision": "strict"}
        everywhere(partial(conv_input, case.input_shape, w, g, **strict), gx, case.dtype, words + " input")
        if index % 3 == 0:
            there = [calls.to_last(a, rank) for a in (x, g, gx)]
            last = {"data_format": calls.LAST[rank]}
            told = words + " channels last"
            everywhere(partial(conv_input, there[2].shape, w, there[1], **strict, **last), there[2], case.dtype, told)
            dw = conv_weight(there[0], case.weight_shape, there[1], **strict, **last)
            tolerance.check_equal(dw, gw, told)
            tolerance.check_equal(conv_bias(there[1], **last), gb, told)
        everywhere(
            partial(conv_weight, x, case.weight_shape, g, **strict),
            gw,
            case.dtype,
            words + " weight",
        )
        everywhere(partial(conv_bias, g), gb, case.dtype, words + " bias")
        # <A x, g> = <x, A^T g> = <w, dA^T g>, exactly: all numbers are integers.
        forward = np.vdot(conv(x, w, **case.options, precision="strict").astype(np.float64), g)
        assert forward == np.vdot(x.astype(np.float64), conv_input(case.input_shape, w, g, **strict)), words
        assert forward == np.vdot(w.astype(np.float64), conv_weight(x, case.weight_shape, g, **strict)), words


@CHUNK
def test_conv_gradients_on_floats_are_within_the_bound(rank: int, chunk: int) -> None:
    conv_input, conv_weight, conv_bias = (getattr(fc.grad, f"conv{rank}d_{of}") for of in ("input", "weight", "bias"))
    for index, rng, case, words in drawn("grad.conv", rank, chunk):
        x, w, _ = case.arrays(rng, cases.floats)
        g = cases.floats(rng, case.output_shape, case.dtype)
        wide_x, wide_w, wide_g = (cases.exact(a) for a in (x, w, g))
        threads = 2 + index % 2
        # An input meets at most every tap of every output channel of its group; a weight meets every output.
        met = case.reduction // case.weight_shape[1] * (case.weight_shape[0] // case.options["groups"])
        within(
            partial(conv_input, case.input_shape, w, g, **case.options, precision="strict"),
            case.conv_input(wide_w, wide_g),
            case.conv_input(np.abs(wide_w), np.abs(wide_g)),
            met,
            case,
            threads,
            words + " input",
        )
        outputs = case.lift(g)[:, 0].size
        within(
            partial(conv_weight, x, case.weight_shape, g, **case.options),
            case.conv_weight(wide_x, wide_g),
            case.conv_weight(np.abs(wide_x), np.abs(wide_g)),
            outputs,
            case,
            threads,
            words + " weight",
        )
        axes = (0, *range(2, rank + 2))
        within(
            partial(conv_bias, g),
            case.lift(wide_g).sum(axes),
            np.abs(case.lift(wide_g)).sum(axes),
            outputs,
            case,
            threads,
            words + " bias",
        )


LARGER = {
    "general": ((2, 16, 37, 41), (33, 16, 3, 3), {"padding": 1}),
    "deep": ((1, 200, 9, 10), (70, 200, 3, 3), {"padding": 1}),
    "stem": ((1, 3, 63, 65), (24, 3, 7, 7), {"stride": 2, "padding": 3}),
    "large kernel": ((1, 2, 40, 45), (5, 2, 13, 11), {"padding": "same"}),
    "pointwise": ((2, 300, 13, 14), (130, 300, 1, 1), {}),
    "strided pointwise": ((1, 40, 33, 35), (50, 40, 1, 1), {"stride": 2}),
    "depthwise": ((2, 37, 40, 43), (74, 1, 3, 3), {"padding": 1, "groups": 37}),
    "wide depthwise": ((1, 6, 20, 150), (6, 1, 7, 7), {"padding": 3, "groups": 6, "stride": (1, 2)}),
    "large depthwise": ((1, 20, 33, 30), (20, 1, 21, 17), {"padding": "same", "groups": 20}),
    "far depthwise": ((1, 18, 40, 61), (18, 1, 3, 3), {"padding": 12, "dilation": 13, "groups": 18}),
    "small depthwise": ((2, 40, 7, 7), (40, 1, 3, 3), {"padding": 1, "groups": 40}),
    "small strided depthwise": ((2, 19, 14, 13), (38, 1, 5, 3), {"padding": 1, "stride": 2, "groups": 19}),
    "sound of many channels": ((2, 12, 1999), (12, 1, 25), {"padding": ((24, 0),), "groups": 12, "dilation": 3}),
    "grouped": ((1, 24, 30, 31), (36, 8, 3, 3), {"padding": "same", "groups": 3, "dilation": 2}),
    "sound": ((2, 12, 999), (40, 12, 25), {"padding": ((24, 0),), "dilation": 1}),
    "volume": ((1, 6, 12, 13, 14), (20, 6, 3, 3, 3), {"padding": 1}),
}


@pytest.mark.parametrize("layer", LARGER)
def test_larger_layers_and_their_gradients_are_exact(layer: str, isa: str, dtype: str) -> None:
    """Many blocks of every kind: panels, rows, sums, tasks."""
    x_shape, w_shape, options = LARGER[layer]
    rng = cases.rng_for("larger " + layer, 0)
    x, w, b = (cases.integers(rng, shape, dtype) for shape in (x_shape, w_shape, w_shape[:1]))
    name, words = f"conv{x.ndim - 2}d", f"FASTCONV_TEST_SEED={cases.SEED} {layer} {isa}"
    expected = oracle.conv(x, w, b, **options)
    served = calls.able(name, x_shape, w_shape, dtype=dtype, **options)
    bounds = tolerance.bounds_for(served, x, w, b, integers=True, **options)
    for algorithm in served:
        for threads in (1, 3):
            y = getattr(F, name)(x, w, b, **options, algorithm=algorithm, num_threads=threads)
            tolerance.check(y, expected, bounds[algorithm], f"{words} {algorithm} num_threads={threads}")
    g = cases.integers(rng, expected.shape, dtype, 1)
    gx = getattr(fc.grad, f"{name}_input")(x_shape, w, g, **options, precision="strict")
    tolerance.check_equal(gx, oracle.conv_input(x_shape, w, g, **options), words + " input")
    gw = getattr(fc.grad, f"{name}_weight")(x, w_shape, g, **options, precision="strict")
    tolerance.check_equal(gw, oracle.conv_weight(x, w_shape, g, **options), words + " weight")
    tolerance.check_equal(getattr(fc.grad, f"{name}_bias")(g), oracle.conv_bias(g), words + " bias")


STEPPED = {
    "plain": {"padding": 1},
    "strided": {"padding": ((2, 0), (0, 3)), "stride": (2, 3)},
    "dilated groups": {"padding": "same", "dilation": 2, "groups": 2},
    "border": {"padding": ((3, 1), (0, 2)), "padding_mode": (("reflect", "circular"), ("zeros", "symmetric")), "flip": True},
    "depthwise": {"padding": 1, "stride": 2, "groups": 4},
    "last": {"padding": 1, "data_format": "NHWC"},
}


@pytest.mark.parametrize("case", STEPPED)
def test_gradients_are_differences_of_the_output(case: str, isa: str) -> None:
    """In float64, along random directions: the output is linear in either argument, so a step of any size will do."""
    options, rng = STEPPED[case], cases.rng_for("differences " + case, 0)
    x, v = (cases.floats(rng, (2, 8, 7, 4) if case == "last" else (2, 4, 8, 7), "float64") for _ in range(2))
    w, u = (cases.floats(rng, (4, 4 // options.get("groups", 1), 3, 3), "float64") for _ in range(2))
    y = F.conv2d(x, w, **options)
    g = cases.floats(rng, y.shape, "float64")
    dx = fc.grad.conv2d_input(x.shape, w, g, **options)
    dw = fc.grad.conv2d_weight(x, w.shape, g, **options)
    for found, moved in ((np.vdot(dx, v), F.conv2d(x + v, w, **options)), (np.vdot(dw, u), F.conv2d(x, w + u, **options))):
        assert abs(found - np.vdot(moved - y, g)) <= 1e-10 * np.vdot(np.abs(moved) + np.abs(y), np.abs(g))


@pytest.mark.parametrize("kernel", [3, 5])
def test_winograd_serves_the_input_gradient(kernel: int, isa: str, dtype: str) -> None:
    """Filters turned round, channels exchanged: within the bound of the algorithm, with the same bits from all threads."""
    rng = cases.rng_for("winograd gradient", kernel)
    w, g = cases.floats(rng, (40, 33, kernel, kernel), dtype), cases.floats(rng, (2, 40, 30, 29), dtype)
    pad, shape = kernel // 2, (2, 33, 30, 29)
    turned = np.ascontiguousarray(w[:, :, ::-1, ::-1].swapaxes(0, 1))
    chosen = calls.chosen("conv2d", g.shape, turned.shape, padding=pad, dtype=dtype)
    expected = oracle.conv_input(shape, cases.exact(w), cases.exact(g), padding=pad)
    bound = tolerance.bounds_for([chosen], g, turned, None, padding=pad)[chosen]
    one, *more = (fc.grad.conv2d_input(shape, w, g, padding=pad, num_threads=t) for t in (1, 2, 3, 7))
    tolerance.check(one, expected, bound, chosen)
    assert all(same_bits(one, other) for other in more)
    last = fc.grad.conv2d_input((2, 30, 29, 33), w, calls.to_last(g, 2), padding=pad, data_format="NHWC")
    tolerance.check(calls.to_first(last, 2), expected, bound, f"{chosen} channels last")


def test_the_random_cases_reach_every_corner(rank: int) -> None:
    """The generator really draws what this file promises to cover."""
    drawn_cases = [case for chunk in range(cases.CHUNKS) for _, _, case, _ in drawn("conv", rank, chunk)]
    seen = {
        "unbatched": lambda c: not c.batched,
        "empty batch": lambda c: c.batched and c.input_shape[0] == 0,
        "same with stride": lambda c: c.options["padding"] == "same" and c.options["stride"] not in (1, (1,) * rank),
        "valid": lambda c: c.options["padding"] == "valid",
        "causal": lambda c: rank > 1 or c.options["padding"] == "causal",
        "pairs": lambda c: isinstance(c.options["padding"], tuple) and isinstance(c.options["padding"][0], tuple),
        "dilated": lambda c: c.options["dilation"] not in (1, (1,) * rank),
        "depthwise": lambda c: c.options["groups"] == c.batch_shape[1] > 1,
        "depthwise with a multiplier": lambda c: (
            c.options["groups"] == c.batch_shape[1] > 1 < c.weight_shape[0] // c.batch_shape[1]
        ),
        "grouped": lambda c: 1 < c.options["groups"] < c.batch_shape[1],
        "pointwise": lambda c: set(c.weight_shape[2:]) == {1},
        "no bias": lambda c: not c.bias,
        "wide": lambda c: c.output_shape[-1] >= 64,
        "many channels": lambda c: c.weight_shape[0] >= 17,
        "many taps": lambda c: np.prod(c.weight_shape[2:]) > 32,
        "minimal": lambda c: (
            len(set(c.weight_shape[-2:])) == 1
            and c.weight_shape[-1] in (3, 5)
            and all(c.options[o] in (1, (1,) * rank) for o in ("stride", "dilation"))
        ),
        "long sums": lambda c: c.reduction > 600 or (rank == 1 and c.reduction > 300),
    }
    assert len(drawn_cases) == cases.CASES >= 2000
    for what, holds in seen.items():
        assert sum(map(holds, drawn_cases)) >= 10, what
