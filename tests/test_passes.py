"""Passes and windows over images that tasks cut up: into strips of columns, bands of rows, pieces of one long row."""

import cases
import filter_oracle
import numpy as np
import pytest

import fastconv as fc
from fastconv.backends.cpu import window
from fastconv.backends.cpu.passes import Pass, separable

MODES = ("constant", "replicate", "reflect", "symmetric", "circular")
WIDE, LONG, NARROW, ROW = (70, 2900), (700, 530), (3000, 7), (70000,)
SIZES = (1, 2, 5, 31, 77)


def drawn_pass(rng: np.random.Generator, axis: int, mean: bool) -> Pass:
    size = int(rng.choice(SIZES))
    weights = None if mean else rng.integers(-3, 4, size).astype(float)
    mode = cases.pick(rng, MODES)
    return Pass(axis, weights, size, int(rng.integers(size)), mode, float(rng.integers(3)))


def expected(x: np.ndarray, passes: list[Pass], dtype: object, guard: float = 0.0) -> np.ndarray:
    """Each pass by definition, stored before the next."""
    for one in passes:
        if one.weights is None:
            x = filter_oracle.stored(filter_oracle.box(x, *one[:1], *one[2:]), dtype, 2.0**-12)
        else:
            x = filter_oracle.stored(filter_oracle.along(x, *one[:2], *one[3:]), dtype, guard)
    return x


@pytest.mark.parametrize("isa", fc.available_isas())
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize("shape", [WIDE, LONG, NARROW, ROW], ids=str)
def test_passes_over_parts_are_passes_over_the_whole(shape: tuple[int, ...], dtype: str, isa: str) -> None:
    for index in range(4):
        rng = cases.rng_for(f"passes {shape} {dtype}", index)
        x = rng.integers(0, 60, shape).astype(dtype)
        means = np.dtype(dtype).kind == "u" and index % 2 == 0
        passes = [drawn_pass(rng, axis, means) for axis in rng.permutation(x.ndim).tolist()]
        right = expected(x, passes, dtype)
        out, same = np.empty_like(x), x.copy()
        with fc.override(isa=isa):
            separable(x, out, passes, 1 + index % 3)
            separable(same, same, passes, 1)
        np.testing.assert_array_equal(out, right, err_msg=str(passes))
        np.testing.assert_array_equal(same, right, err_msg=str(passes))


BLENDS = {
    "thirds": np.full(3, 1 / 3),
    "whole": np.array([1, 4, 6, 4, 1]) / 16,
    "gaussian": np.exp(-0.5 * (np.arange(-8, 9) / 2.0) ** 2),
    "less": np.array([0.1, 0.0, 0.25, 0.3, 0.2]),
}


@pytest.mark.parametrize("isa", fc.available_isas())
@pytest.mark.parametrize("name", BLENDS)
def test_blends_of_bytes_are_those_of_doubles(name: str, isa: str) -> None:
    """Sums that are whole numbers, or would be but for rounding, among them: areas of one colour."""
    weights = BLENDS[name] / BLENDS[name].sum() if name == "gaussian" else BLENDS[name]
    for index, width in enumerate((2, 15, 16, 17, 33, 64, 65, 150)):
        rng = cases.rng_for(f"blends {name}", index)
        x = rng.integers(0, 256, (20 + index, width)).astype(np.uint8)
        x[5:12, width // 4 :], x[14:, : width // 2] = 255, rng.integers(256)
        size = weights.size
        passes = [Pass(a, weights, size, int(rng.integers(size)), cases.pick(rng, MODES), 77.0) for a in (0, 1)]
        out = np.empty_like(x)
        with fc.override(isa=isa):
            separable(x, out, passes, 1 + index % 3)
        np.testing.assert_array_equal(out, expected(x, passes, "uint8", 2.0**-24), err_msg=str(passes))


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("shape", [WIDE, LONG, ROW], ids=str)
def test_windows_over_parts_are_windows_over_the_whole(shape: tuple[int, ...], dtype: str) -> None:
    for index in range(2):
        rng = cases.rng_for(f"windows {shape} {dtype}", index)
        x = rng.integers(0, 60, shape).astype(dtype)
        weights = rng.integers(index % 2, 4, [int(size) for size in rng.integers(1, 14, x.ndim)]).astype(float)
        left = tuple(int(rng.integers(size)) for size in weights.shape)
        modes, out = tuple(cases.pick(rng, MODES[1:]) for _ in shape), np.empty_like(x)
        window.correlate(x, out, weights, left, modes, 0.0, 1 + index, algorithm="direct")
        right = filter_oracle.stored(filter_oracle.correlate(x, weights, left, modes), dtype)
        np.testing.assert_array_equal(out, right, err_msg=f"{weights.shape} {left} {modes}")
