"""Sampling with a grid, affine grids and their gradients against weights written down pixel by pixel."""

import itertools

import calls
import cases
import numpy as np
import pytest
import sampling_oracle as so
import tolerance

import fastconv as fc
import fastconv.functional as F
import fastconv.grad

MODES = ("bilinear", "nearest", "bicubic")
BORDERS = ("zeros", "border", "reflection")
WILD = (np.nan, np.inf, -np.inf, 1e30, -1e30, 1e9, -7.5, 3e37, 2.0**31)


def draw(index: int, rank: int, mode: str) -> tuple[np.ndarray, np.ndarray]:
    """An image and a grid whose coordinates are eighths around sizes of powers of two: positions are exact."""
    rng = cases.rng_for(f"grid {mode}", 10 * index + rank)
    size = tuple(int(rng.choice([1, 2, 4, 8])) for _ in range(rank))
    output = (*(int(s) for s in rng.integers(1, 5, rank - 1)), cases.pick(rng, (1, 5, 16, 33, 70)))
    dtype = cases.DTYPES[index % 2]
    x = cases.integers(rng, (2, cases.pick(rng, (1, 3, 17)), *size), dtype)
    return x, (rng.integers(-13, 14, (2, *output, rank)) / 8).astype(dtype)


@pytest.mark.parametrize(("mode", "border"), list(itertools.product(MODES, BORDERS)))
@pytest.mark.parametrize("rank", [2, 3])
def test_grid_sample_and_its_gradients(mode: str, border: str, rank: int, isa: str) -> None:
    if mode == "bicubic" and rank == 3:
        return
    for index in range(10):
        x, grid = draw(index, rank, mode)
        dtype, aligned = str(x.dtype), bool(index // 2 % 2)
        options = {"mode": mode, "padding_mode": border, "align_corners": aligned}
        words = cases.told(f"grid {mode}", 10 * index + rank, x.shape, grid.shape, options, dtype)
        n, c, *size = x.shape
        matrices = [so.grid_matrix(g, tuple(size), mode, border, aligned) for g in grid]
        flat = x.reshape(n, c, -1).astype(float)
        y = np.stack([f @ m.T for f, m in zip(flat, matrices, strict=True)]).reshape(n, c, *grid.shape[1:-1])
        reach = np.stack([abs(f) @ abs(m.T) for f, m in zip(flat, matrices, strict=True)]).reshape(y.shape)
        # Positions of aligned corners are multiples of eighths of (size - 1) / 2 and as exact.
        bound = tolerance.sum_bound(reach, 4**rank + 12, dtype) * (8 if mode == "bicubic" else 1)
        first = None
        for threads in (1, 2, 7):
            value = F.grid_sample(x, grid, **options, num_threads=threads)
            assert first is None or value.tobytes() == first, words
            first = value.tobytes()
        tolerance.check(value, y, bound, words)
        assert F.grid_sample(x[1:], grid[1:], **options).tobytes() == value[1:].tobytes(), words
        last = {"data_format": calls.LAST[rank]}
        turned = F.grid_sample(calls.to_last(x, rank), grid, **options, **last)
        tolerance.check(calls.to_first(turned, rank), y, bound, words + " last")
        g = cases.integers(cases.rng_for("grid gradient", index), y.shape, dtype)
        rows = g.reshape(n, c, -1).astype(float)
        dx = np.stack([f @ m for f, m in zip(rows, matrices, strict=True)]).reshape(x.shape)
        reach = np.stack([abs(f) @ abs(m) for f, m in zip(rows, matrices, strict=True)]).reshape(x.shape)
        bound = tolerance.sum_bound(reach, rows.shape[2] + 12, dtype) * (8 if mode == "bicubic" else 1)
        first = None
        for threads in (1, 3):
            got = fc.grad.grid_sample_input(x.shape, grid, g, **options, num_threads=threads)
            assert first is None or got.tobytes() == first, words
            first = got.tobytes()
            tolerance.check(got, dx, bound, words + " gradient")
        back = fc.grad.grid_sample_input(calls.to_last(x, rank).shape, grid, calls.to_last(g, rank), **options, **last)
        assert (calls.to_first(back, rank) == got).all()
        by_grid = [fc.grad.grid_sample_grid(x, grid, g, **options, num_threads=threads) for threads in (1, 2, 7)]
        assert len({d.tobytes() for d in by_grid}) == 1, words
        also = fc.grad.grid_sample_grid(calls.to_last(x, rank), grid, calls.to_last(g, rank), **options, **last)
        assert (also == by_grid[0]).all()


@pytest.mark.parametrize(("mode", "border"), list(itertools.product(MODES, BORDERS)))
@pytest.mark.parametrize("rank", [2, 3])
def test_the_grids_gradient_by_differences(mode: str, border: str, rank: int, isa: str) -> None:
    """Between two pixels a bilinear sample is linear in each coordinate, so that the difference quotient is right."""
    if mode == "bicubic" and rank == 3:
        return
    rng = cases.rng_for(f"grid differences {mode} {border}", rank)
    x, step = cases.floats(rng, (2, 3, *(5, 4, 6)[:rank]), "float64"), 1e-5
    grid = rng.uniform(-1.5, 1.5, (2, *(3, 4, 2)[:rank], rank))
    for aligned in (False, True):
        sizes = np.array(x.shape[:1:-1], float)
        at = (grid + 1) / 2 * (sizes - 1) if aligned else ((grid + 1) * sizes - 1) / 2
        kinks = at * 2  # pixels and, of reflections, edges
        grid = np.where(abs(kinks - np.round(kinks)) < 0.01, grid + 0.013, grid)
        options = {"mode": mode, "padding_mode": border, "align_corners": aligned}
        g = cases.floats(rng, F.grid_sample(x, grid, **options).shape, "float64")
        got = fc.grad.grid_sample_grid(x, grid, g, **options)
        for axis in range(rank):
            shift = step * np.eye(rank)[axis]
            up, down = (F.grid_sample(x, grid + sign * shift, **options) for sign in (1, -1))
            wanted = ((up - down) * g).sum(axis=1) / (2 * step)
            # Rounding: u / step; of the cubic kernel also step**2 times its third derivative.
            assert np.allclose(got[..., axis], wanted, rtol=1e-6, atol=1e-6), (options, axis)


@pytest.mark.parametrize(("mode", "border"), list(itertools.product(MODES, BORDERS)))
@pytest.mark.parametrize("rank", [2, 3])
def test_grids_that_hold_anything(mode: str, border: str, rank: int, isa: str, dtype: str) -> None:
    if mode == "bicubic" and rank == 3:
        return
    x = np.ones((1, 2, *(3, 4, 5)[:rank]), dtype)
    with np.errstate(over="ignore"):
        wild = np.array(WILD).astype(dtype)
    grid = np.array(list(itertools.product(wild, repeat=rank)), dtype).reshape(1, *(1,) * (rank - 1), -1, rank)
    for aligned in (False, True):
        options = {"mode": mode, "padding_mode": border, "align_corners": aligned}
        y = F.grid_sample(x, grid, **options)
        told = np.isfinite(grid).all(axis=-1)[0]
        if border == "zeros":
            assert (y[0, 0][told] == 0).all()
        elif mode != "bicubic":
            assert (y == 1).all()  # every coordinate is some pixel
        strange = y[0, 0][~told]
        spread = mode == "bicubic" or (border == "zeros" and rank == 2 and mode == "bilinear")
        assert (np.isnan(strange) == spread).all()
        g = np.ones_like(y)
        assert fc.grad.grid_sample_input(x.shape, grid, g, **options).shape == x.shape
        assert fc.grad.grid_sample_grid(x, grid, g, **options).shape == grid.shape


def test_what_is_outside_does_not_count_even_if_infinite(isa: str, dtype: str) -> None:
    x = np.full((1, 1, 2, 2), np.inf, dtype)
    grid = np.full((1, 1, 3, 2), 3, dtype)
    assert (F.grid_sample(x, grid) == 0).all()
    assert (F.grid_sample(x, grid, data_format="NCHW", padding_mode="border") == np.inf).any()
    g = np.full((1, 1, 1, 3), np.inf, dtype)
    assert (fc.grad.grid_sample_input(x.shape, grid, g) == 0).all()


def test_an_identity_gives_back_the_image(isa: str, dtype: str) -> None:
    x = cases.floats(cases.rng_for("identity", 0), (2, 3, 9, 33), dtype)
    theta = np.broadcast_to(np.array([[1, 0, 0], [0, 1, 0]], dtype), (2, 2, 3))
    grid = F.affine_grid(theta, x.shape, align_corners=True)
    y = F.grid_sample(x, grid, align_corners=True)
    assert np.abs(y - x).max() < 200 * np.finfo(dtype).eps * np.abs(x).max()
    assert (F.grid_sample(x, grid, "nearest", align_corners=True) == x).all()


@pytest.mark.parametrize("rank", [2, 3])
@pytest.mark.parametrize("aligned", [False, True])
def test_affine_grid_and_its_gradient(rank: int, aligned: bool, isa: str, dtype: str) -> None:
    rng = cases.rng_for("affine", rank)
    for size in ((3, 4, 17)[-rank:], (1,) * rank, (2, 1, 5)[:rank]):
        theta = cases.integers(rng, (2, rank, rank + 1), dtype)
        y = so.affine_grid(theta, size, aligned)
        reach = so.affine_grid(abs(theta), size, aligned) + 2 * abs(theta).sum(axis=2)[(slice(None), *[None] * rank)]
        for threads in (1, 2, 7):
            value = F.affine_grid(theta, (2, 5, *size), aligned, num_threads=threads)
            tolerance.check(value, y, tolerance.sum_bound(abs(reach), 8, dtype), str(size))
        g = cases.integers(rng, y.shape, dtype)
        got = fc.grad.affine_grid_theta(g, (2, 5, *size), aligned)
        columns = [so.affine_grid(np.zeros((1, rank, rank + 1)) + np.eye(rank, rank + 1), size, aligned)[0]]
        base = np.concatenate([columns[0], np.ones((*size, 1))], axis=-1).reshape(-1, rank + 1)
        wanted = np.einsum("npa,pb->nab", g.reshape(2, -1, rank).astype(float), base)
        magnitude = np.einsum("npa,pb->nab", abs(g.reshape(2, -1, rank)).astype(float), abs(base))
        tolerance.check(got, wanted, tolerance.sum_bound(magnitude, 8, dtype), str(size))
    assert F.affine_grid(theta[:0], (0, 1, *size)).shape == (0, *size, rank)
    assert F.grid_sample(np.ones((0, 1, *size), dtype), F.affine_grid(theta[:0], (0, 1, *size))).shape == (0, 1, *size)
