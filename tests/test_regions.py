"""RoI pooling and RoI align and their gradients against bins and samples written down one by one."""

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

DRAWS = 16
WILD = (np.nan, np.inf, -np.inf, 1e30, -1e30, 3e38, 2.0**31, -5.0)


def draw(name: str, index: int) -> tuple[np.ndarray, np.ndarray, tuple[int, int], float]:
    """Images, boxes with corners in eighths, some beyond the image or turned round, the bins and the scale."""
    rng = cases.rng_for(name, index)
    dtype = cases.DTYPES[index % 2]
    shape = (int(rng.integers(1, 4)), cases.pick(rng, (1, 3, 33)), int(rng.integers(1, 9)), cases.pick(rng, (1, 7, 16, 23)))
    count = int(rng.integers(0, 6))
    corners = rng.integers(-40, 200, (count, 4)) / 8
    corners[:, 2:] = corners[:, :2] + rng.integers(-8, 130, (count, 2)) / 8
    boxes = np.concatenate([rng.integers(0, shape[0], (count, 1)), corners], axis=1).astype(dtype)
    output = int(rng.choice([1, 2, 4])), int(rng.choice([1, 2, 8]))
    return cases.integers(rng, shape, dtype, 9), boxes, output, float(rng.choice([1.0, 0.5, 0.25]))


def test_roi_pool_and_its_gradient(isa: str) -> None:
    for index in range(DRAWS):
        x, boxes, output, scale = draw("roi_pool", index)
        dtype = str(x.dtype)
        if index % 3 == 0:
            for special in (np.nan, -np.inf):
                x[cases.rng_for("roi special", index).random(x.shape) < 0.2] = special
        words = cases.told("roi_pool", index, x.shape, boxes.tolist(), output, scale, dtype)
        y, where = so.roi_pool(x, boxes, output, scale)
        g = cases.integers(cases.rng_for("roi gradient", index), y.shape, dtype)
        dx = np.zeros(x.shape)
        for k, c, i, j in np.ndindex(*y.shape):
            if where[k, c, i, j] >= 0:
                dx[int(boxes[k, 0]), c].flat[where[k, c, i, j]] += g[k, c, i, j]
        for threads in (1, 2, 7):
            more = {"num_threads": threads}
            value, indices = F.roi_pool(x, boxes, output, scale, return_indices=True, **more)
            tolerance.check_equal(value, y, words)
            assert indices.dtype == np.int64
            tolerance.check_equal(indices, where, words)
            tolerance.check_equal(fc.grad.roi_pool_input(x.shape, boxes, indices, g, **more), dx, words)
        tolerance.check_equal(F.roi_pool(x, boxes, output, scale), y, words)
        last = {"data_format": "NHWC"}
        turned, places = F.roi_pool(calls.to_last(x, 2), boxes, output, scale, return_indices=True, **last)
        tolerance.check_equal(calls.to_first(turned, 2), y, words + " last")
        assert (calls.to_first(places, 2) == where).all()
        back = fc.grad.roi_pool_input(calls.to_last(x, 2).shape, boxes, places, calls.to_last(g, 2), **last)
        tolerance.check_equal(calls.to_first(back, 2), dx, words + " last")


@pytest.mark.parametrize("ratio", [-1, 1, 2])
@pytest.mark.parametrize("aligned", [False, True])
def test_roi_align_and_its_gradient(ratio: int, aligned: bool, isa: str) -> None:
    for index in range(DRAWS):
        x, boxes, output, scale = draw("roi_align", index)
        dtype = str(x.dtype)
        options = {"output_size": output, "spatial_scale": scale, "sampling_ratio": ratio, "aligned": aligned}
        words = cases.told("roi_align", index, x.shape, boxes.tolist(), options, dtype)
        matrices = [so.roi_align_matrix(box[1:], x.shape[2:], output, scale, ratio, aligned) for box in boxes]
        flat = x.reshape(*x.shape[:2], -1).astype(float)
        y, reach = np.zeros((len(boxes), x.shape[1], *output)), np.zeros((len(boxes), x.shape[1], *output))
        for k, (box, m) in enumerate(zip(boxes, matrices, strict=True)):
            y[k] = (flat[int(box[0])] @ m.T).reshape(-1, *output)
            reach[k] = (abs(flat[int(box[0])]) @ m.T).reshape(-1, *output)
        # A position of up to 64 pixels is rounded a few times, and moves each weight by as much.
        bound = tolerance.sum_bound(reach, 40, dtype) + 64 * 8 * 9 * 2 * np.finfo(dtype).eps
        first = None
        for threads in (1, 2, 7):
            value = F.roi_align(x, boxes, **options, num_threads=threads)
            assert first is None or value.tobytes() == first, words
            first = value.tobytes()
        tolerance.check(value, y, bound, words)
        turned = F.roi_align(calls.to_last(x, 2), boxes, **options, data_format="NHWC")
        tolerance.check(calls.to_first(turned, 2), y, bound, words + " last")
        g = cases.integers(cases.rng_for("roi gradient", index), y.shape, dtype)
        dx, reach = np.zeros(flat.shape), np.zeros(flat.shape)
        for k, (box, m) in enumerate(zip(boxes, matrices, strict=True)):
            rows = g[k].reshape(x.shape[1], -1).astype(float)
            dx[int(box[0])] += rows @ m
            reach[int(box[0])] += abs(rows) @ m
        bound = tolerance.sum_bound(reach, 80, dtype) + 64 * 8 * 3 * 16 * 2 * np.finfo(dtype).eps
        first = None
        for threads in (1, 3):
            got = fc.grad.roi_align_input(x.shape, boxes, g, **options, num_threads=threads)
            assert first is None or got.tobytes() == first, words
            first = got.tobytes()
        tolerance.check(got.reshape(dx.shape), dx, bound, words + " gradient")
        back = fc.grad.roi_align_input(calls.to_last(x, 2).shape, boxes, calls.to_last(g, 2), **options, data_format="NHWC")
        assert (calls.to_first(back, 2) == got).all()


def test_the_gradient_is_the_adjoint() -> None:
    rng = cases.rng_for("roi adjoint", 0)
    x = cases.integers(rng, (2, 3, 16, 16), "float64")
    boxes = np.array([[0, 0, 0, 8, 8], [1, 4, 4, 12, 8], [0, 2, 6, 18, 14]], float)  # weights are whole parts of 2**k
    y = F.roi_align(x, boxes, 4, 1.0, 2)
    g = cases.integers(rng, y.shape, "float64")
    dx = fc.grad.roi_align_input(x.shape, boxes, g, 4, 1.0, 2)
    assert math.fsum((y * g).ravel()) == math.fsum((x * dx).ravel())


def test_boxes_as_a_list_an_image_each(dtype: str) -> None:
    x = cases.integers(cases.rng_for("roi list", 0), (3, 2, 8, 8), dtype)
    boxes = np.array([[0, 1, 1, 6, 5], [0, 0, 0, 3, 3], [2, 2, 2, 7, 7]], dtype)
    several = [boxes[:2, 1:], boxes[:0, 1:], boxes[2:, 1:]]
    for function in (F.roi_pool, F.roi_align):
        assert (function(x, several, 2) == function(x, boxes, 2)).all()
        assert function(x, [b[:0] for b in several], 2).shape == (0, 2, 2, 2)
    assert F.roi_align(x[:0], boxes[:0], 2).shape == (0, 2, 2, 2)
    assert fc.grad.roi_align_input(x.shape, boxes[:0], np.ones((0, 2, 2, 2), dtype), 2).sum() == 0


def test_boxes_that_hold_anything(isa: str, dtype: str) -> None:
    x = np.ones((1, 2, 5, 6), dtype)
    with np.errstate(over="ignore"):
        wild = np.array(WILD).astype(dtype)
    rows = np.array([(0, a, b, c, d) for a in wild for b in (0.0, 1e30) for c in wild for d in (3.0, np.nan)], dtype)
    for ratio in (-1, 0, 3):
        for aligned in (False, True):
            y = F.roi_align(x, rows, 3, 1.0, ratio, aligned)
            assert ((y >= 0) & (y <= 1 + 1e-5)).all()
            strange = ~np.isfinite(rows).all(axis=1)
            assert (y[strange] == 0).all()
            dx = fc.grad.roi_align_input(x.shape, rows, np.ones_like(y), 3, 1.0, ratio, aligned)
            assert np.isfinite(dx).all()
    y, where = F.roi_pool(x, rows, 3, return_indices=True)
    assert ((y == 0) | (y == 1)).all()
    assert ((where >= 0) == (y == 1)).all()
    assert (y[np.isnan(rows).any(axis=1)] == 0).all()


def test_layers_equal_the_functions() -> None:
    x = cases.integers(cases.rng_for("roi layers", 0), (2, 3, 9, 8), "float32")
    boxes = np.array([[0, 1, 1, 12, 10], [1, 0, 0, 6, 9]], np.float32)
    pool, align = fc.nn.RoIPool(2, 0.5), fc.nn.RoIAlign((2, 3), 0.5, 2, aligned=True)
    y, where = F.roi_pool(x, boxes, 2, 0.5, return_indices=True)
    assert (pool(x, boxes) == y).all()
    assert (pool.backward(y) == fc.grad.roi_pool_input(x.shape, boxes, where, y)).all()
    y = F.roi_align(x, boxes, (2, 3), 0.5, 2, True)
    assert (align(x, boxes) == y).all()
    assert (align.backward(y) == fc.grad.roi_align_input(x.shape, boxes, y, (2, 3), 0.5, 2, True)).all()
    assert repr(pool) == "RoIPool(output_size=2, spatial_scale=0.5)"
    assert repr(align) == "RoIAlign(output_size=(2, 3), spatial_scale=0.5, sampling_ratio=2, aligned=True)"
