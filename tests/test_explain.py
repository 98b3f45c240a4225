"""explain, estimate, show_config, calibrate and override: what is told is what happens."""

import io

import calls
import numpy as np
import pytest

import fastconv as fc
import fastconv.functional as F

LAYER = ("conv2d", (1, 16, 28, 28), (32, 16, 3, 3))


def test_algorithms_stand_in_order_of_preference() -> None:
    winograd = ("winograd_f4x3", "winograd_f2x5", "winograd_f2x3")
    assert fc.algorithms() == ("depthwise", "pointwise", *winograd, "im2col_gemm", "direct")
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
    unmeasured = fc.explain(*LAYER, padding=1)
    assert unmeasured.milliseconds is unmeasured.gflops is unmeasured.fraction_of_roof is None


def test_overrides_are_told_and_obeyed(isa: str, algorithm: str) -> None:
    groups, kernel = calls.suited(algorithm, 4)
    x, w = np.ones((1, 4, 9, 9), np.float32), np.ones((4, 4 // groups, kernel, kernel), np.float32)
    with fc.override(algorithm=algorithm, num_threads=1):
        told = fc.explain("conv2d", x.shape, w.shape, groups=groups)
        assert (told.isa, told.algorithm, told.num_threads) == (isa, algorithm, 1)
        by_override = F.conv2d(x, w, groups=groups)
    assert by_override.tobytes() == F.conv2d(x, w, groups=groups, algorithm=algorithm).tobytes()


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
