"""explain, estimate, show_config, calibrate and override: what is told is what happens."""

import importlib
import io
from types import SimpleNamespace

import calls
import numpy as np
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F

LAYER = ("conv2d", (1, 16, 28, 28), (32, 16, 3, 3))


def test_algorithms_stand_in_order_of_preference() -> None:
    winograd = ("winograd_f4x3", "winograd_f2x5", "winograd_f2x3")
    assert fc.algorithms() == ("depthwise", "pointwise", *winograd, "im2col_gemm", "direct", "causal")
    assert set(calls.able("conv2d", (1, 4, 8, 8), (4, 4, 1, 1))) >= {"pointwise", "im2col_gemm", "direct"}
    assert "depthwise" in calls.able("conv2d", (1, 4, 8, 8), (8, 1, 3, 3), groups=4)


def test_isas_stand_weakest_first() -> None:
    isas = fc.available_isas()
    assert isas[0] == "scalar"
    assert list(isas) == [name for name in ("scalar", "avx2", "avx512", "neon") if name in isas]


def test_explanation_has_what_the_contract_names() -> None:
    told = fc.explain(*LAYER, padding=1, num_threads=2)
    assert told.function == "conv2d"
    assert told.output_shape == (1, 32, 28, 28)
    assert told.algorithm in fc.algorithms()
    assert told.isa == fc.available_isas()[-1]
    assert told.num_threads in (1, 2)
    assert told.flops == 2 * 32 * 28 * 28 * 16 * 9
    assert told.bytes_moved == 4 * (16 * 28 * 28 + 32 * 28 * 28 + 32 * 16 * 9 + 32)
    assert told.workspace_bytes == fc.estimate(*LAYER, padding=1, num_threads=2)
    assert [c.name for c in told.candidates if c.reason is None] == [told.algorithm]
    assert all(c.reason for c in told.candidates if c.name != told.algorithm)
    served = calls.able(*LAYER, padding=1)
    assert [c.name for c in told.candidates if c.predicted_ms is not None] == served
    assert all(c.measured_ms is None for c in told.candidates)


def test_the_chosen_algorithm_is_the_one_predicted_to_be_the_fastest(isa: str, dtype: str) -> None:
    for x, w, options in (
        ((2, 16, 28, 28), (32, 16, 3, 3), {"padding": 1}),
        ((1, 16, 7, 7), (64, 16, 1, 1), {}),
        ((1, 8, 30, 30), (8, 1, 3, 3), {"groups": 8}),
        ((1, 3, 30, 30), (8, 3, 7, 7), {"stride": 2}),
    ):
        told = fc.explain("conv2d", x, w, dtype=dtype, **options)
        predicted = {c.name: c.predicted_ms for c in told.candidates if c.predicted_ms is not None}
        assert all(time > 0 for time in predicted.values())
        assert told.algorithm == min(predicted, key=predicted.__getitem__)
        twice = fc.explain("conv2d", (2 * x[0], *x[1:]), w, dtype=dtype, **options)
        assert twice.algorithm == told.algorithm
        named = fc.explain("conv2d", x, w, dtype=dtype, **options, algorithm="direct")
        others = {c.name: c for c in named.candidates if c.name != "direct"}
        assert {name for name, c in others.items() if c.reason == "direct was asked for"} == set(predicted) - {"direct"}


STRICT = "precision='strict' allows only algorithms whose error bound is that of direct summation"


def test_strict_refuses_algorithms_with_a_larger_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = importlib.import_module("fastconv.backends.cpu.conv")

    def module(name: str, seconds: float, why: str | None = None, **more: object) -> SimpleNamespace:
        more |= {"supports": lambda spec: why, "seconds": lambda spec, isa: seconds * (spec.n == 1)}
        return SimpleNamespace(name=name, **more)

    loose = module("loose", 1.0, bounded_as_direct=False)
    unable = module("unable", 0.0, "it is made up")
    exact, slower, same = module("exact", 2.0), module("slower", 3.0, bounded_as_direct=True), module("same", 2.0)
    monkeypatch.setattr(backend, "CONV", (slower, unable, loose, exact, same))

    def spec(precision: str) -> object:
        shapes = (4, 2, 8, 8), (2, 2, 3, 3)
        return backend.ConvSpec.make("conv2d", 2, *shapes, precision=precision)

    fast, strict = spec("fast"), spec("strict")
    assert backend.choose(fast, "auto") is backend.choose(fast, None) is backend.choose(fast, "loose") is loose
    assert backend.choose(strict, "auto") is exact, "of two that are as fast, the first"
    assert [backend.refusal(m, strict) for m in (loose, unable, exact, slower)] == [STRICT, "it is made up", None, None]
    with pytest.raises(fc.FastconvValueError, match=r"conv2d: algorithm='loose' cannot serve this call: precision='strict'"):
        backend.choose(strict, "loose")
    with pytest.raises(fc.FastconvValueError, match="algorithm='unable' cannot serve this call: it is made up"):
        backend.choose(fast, "unable")


def test_strict_says_why_and_serves_everything_else(dtype: str) -> None:
    told = fc.explain(*LAYER, padding=1, dtype=dtype, precision="strict")
    with fc.override(precision="strict"):
        by_override = fc.explain(*LAYER, padding=1, dtype=dtype)
        with fc.override(precision="fast", num_threads=1):
            assert STRICT not in str(fc.explain(*LAYER, padding=1, dtype=dtype))
    assert [c.reason for c in by_override.candidates] == [c.reason for c in told.candidates]
    assert told.algorithm in tolerance.SUMMING
    refused = {c.name for c in told.candidates if c.reason == STRICT}
    assert refused == set(fc.algorithms()) - set(tolerance.SUMMING)
    for name in refused:
        with pytest.raises(fc.FastconvValueError, match="precision='strict' allows only"):
            fc.explain(*LAYER, padding=1, dtype=dtype, precision="strict", algorithm=name)


def test_an_unchanged_call_follows_a_changed_precision(isa: str) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((1, 64, 28, 28)).astype(np.float32), rng.standard_normal((64, 64, 3, 3)).astype(np.float32)
    fast, strict = (F.conv2d(x, w, precision=precision).tobytes() for precision in ("fast", "strict"))
    for _ in range(2):
        assert F.conv2d(x, w).tobytes() == fast
        with fc.override(precision="strict"):
            assert F.conv2d(x, w).tobytes() == strict
            assert F.conv2d(x, w, precision="fast").tobytes() == fast
            with fc.override(precision="fast"):
                assert F.conv2d(x, w).tobytes() == fast
    named = fc.explain("conv2d", x.shape, w.shape, precision="strict").algorithm
    assert F.conv2d(x, w, algorithm=named).tobytes() == strict


def test_explanation_reads_as_a_table() -> None:
    text = str(fc.explain(*LAYER, padding=1))
    assert len(text.splitlines()) > 4
    for word in ("conv2d", "(1, 32, 28, 28)", *fc.algorithms()):
        assert word in text


def test_measured_explanation() -> None:
    told = fc.explain(*LAYER, padding=1, num_threads=1, measure=True)
    assert told.milliseconds > 0
    assert told.gflops == pytest.approx(told.flops / told.milliseconds / 1e6, rel=1e-6)
    assert told.fraction_of_roof > 0
    for candidate in told.candidates:
        able = candidate.predicted_ms is not None
        assert (candidate.measured_ms is not None) == able
        assert not able or candidate.measured_ms > 0
    (chosen,) = (c for c in told.candidates if c.reason is None)
    assert chosen.measured_ms == told.milliseconds
    assert f"{chosen.predicted_ms:.4f} ms" in str(told)
    assert all(f"{c.measured_ms:.4f} ms" in str(told) for c in told.candidates if c.measured_ms is not None)
    unmeasured = fc.explain(*LAYER, padding=1)
    assert unmeasured.milliseconds is unmeasured.gflops is unmeasured.fraction_of_roof is None


def test_overrides_are_told_and_obeyed(isa: str, algorithm: str) -> None:
    groups, kernel = calls.suited(algorithm, 4)
    rank, padding = (1, "causal") if algorithm == "causal" else (2, "valid")
    x, w = np.ones((1, 4, *(9,) * rank), np.float32), np.ones((4, 4 // groups, *(kernel,) * rank), np.float32)
    conv = getattr(F, f"conv{rank}d")
    with fc.override(algorithm=algorithm, num_threads=1):
        told = fc.explain(f"conv{rank}d", x.shape, w.shape, groups=groups, padding=padding)
        assert (told.isa, told.algorithm, told.num_threads) == (isa, algorithm, 1)
        by_override = conv(x, w, groups=groups, padding=padding)
    assert by_override.tobytes() == conv(x, w, groups=groups, padding=padding, algorithm=algorithm).tobytes()


def test_argument_beats_override() -> None:
    x, w = np.ones((1, 4, 9, 9), np.float32), np.ones((4, 4, 3, 3), np.float32)
    with fc.override(algorithm="pointwise"):
        with pytest.raises(fc.FastconvError, match="pointwise"):
            F.conv2d(x, w)
        assert F.conv2d(x, w, algorithm="direct").shape == (1, 4, 7, 7)
        assert fc.explain("conv2d", x.shape, w.shape, algorithm="direct").algorithm == "direct"
    assert F.conv2d(x, w).shape == (1, 4, 7, 7)


def test_overrides_nest_and_end_with_their_block() -> None:
    def chosen() -> tuple[str, str]:
        told = fc.explain(*LAYER)
        return told.algorithm, told.isa

    before = chosen()
    with fc.override(algorithm="direct"):
        with fc.override(isa="scalar"):
            assert chosen() == ("direct", "scalar")
        assert chosen() == ("direct", before[1])
    assert chosen() == before


def test_an_unchanged_call_follows_a_changed_override(dtype: str) -> None:
    """Calls are remembered; what is remembered must not outlive the override it was made under."""
    x, w = np.ones((1, 4, 12, 12), dtype), np.ones((4, 4, 3, 3), dtype)
    expected = F.conv2d(x, w)
    for isa in (*fc.available_isas(), *fc.available_isas()[::-1]):
        for algorithm in ("direct", "im2col_gemm", "direct"):
            with fc.override(isa=isa, algorithm=algorithm):
                assert (F.conv2d(x, w) == 36).all()
    with fc.override(algorithm="depthwise"), pytest.raises(fc.FastconvError, match="depthwise"):
        F.conv2d(x, w)
    assert F.conv2d(x, w).tobytes() == expected.tobytes()


def test_show_config_prints_what_config_returns() -> None:
    file = io.StringIO()
    fc.show_config(file)
    printed, facts = file.getvalue(), fc.config()
    assert isinstance(facts, dict)
    assert fc.__version__ in printed
    assert np.__version__ in printed
    for isa in fc.available_isas():
        assert isa in printed
    assert len(printed.splitlines()) >= len(facts)


def test_calibration_measures_a_roof(dtype: str) -> None:
    roof = fc.calibrate(dtype, num_threads=1)
    assert roof.flops_per_s > 1e8
    assert roof.bytes_per_s > 1e8


def test_only_two_float_types_are_served() -> None:
    for dtype in ("float16", "longdouble", "int64", "complex64"):
        x = np.ones((1, 1, 4, 4), dtype)
        with pytest.raises(fc.FastconvTypeError, match=np.dtype(dtype).name):
            F.conv2d(x, x)


@pytest.mark.parametrize(
    "option",
    [{"flip": True}, {"padding_mode": "reflect"}, {"output_padding": 1}, {"algorithm": "direct"}, {"precision": "fast"}],
)
def test_estimate_refuses_options_that_a_function_does_not_have(option: dict) -> None:
    with pytest.raises(fc.FastconvValueError, match=f"local_conv2d: {next(iter(option))} must be"):
        fc.estimate("local_conv2d", (1, 3, 8, 8), (6, 6, 3, 3, 3, 4), **option)
