"""Normalisation against its definition: values, moments, gradients, layouts, threads, infinities; and the layers."""

import copy
import itertools
import pickle

import calls
import cases
import normalization_oracle as oracle
import numpy as np
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F
import fastconv.grad as G
from fastconv import nn

KINDS = ("batch", "instance", "group")
THREADS = (1, 2, 3, 7)
# Of a sum in chains of 128, a square root and what is made of it; see src/norm/moments.h.
ROUNDINGS = 160


def lost(dtype: str) -> float:
    """What a mean of 1 loses by rounding, in roundings: a mean of floats is kept as two of them, one of doubles is not."""
    return 1.0 if dtype == "float64" else tolerance.unit_roundoff(dtype)


def forward(kind: str, x: np.ndarray, w: object, b: object, eps: float, groups: int, **more: object) -> np.ndarray:
    """The function of that kind, by the input's own moments."""
    if kind == "batch":
        return F.batch_norm(x, None, None, w, b, True, 0.1, eps, **more)
    if kind == "instance":
        return F.instance_norm(x, None, None, w, b, True, 0.1, eps, **more)
    return F.group_norm(x, groups, w, b, eps, **more)


def backward(kind: str, x: np.ndarray, g: np.ndarray, w: object, eps: float, groups: int, **more: object) -> tuple:
    """Its gradients."""
    if kind == "group":
        return G.group_norm_gradients(x, g, groups, w, eps, **more)
    return getattr(G, f"{kind}_norm_gradients")(x, g, None, None, w, True, eps, **more)


def draw(kind: str, index: int, dtype: str) -> tuple:
    """A random problem: input, output gradient, weight, bias, eps, groups, number of spatial axes."""
    rng = cases.rng_for(f"normalization {kind}", index)
    rank = int(rng.integers(1, 4)) if kind == "instance" else index % 4
    c = cases.pick(rng, (1, 2, 3, 4, 6, 12, 17, 40))
    size = tuple(int(s) for s in rng.integers(1, (70, 14, 6)[rank - 1] + 1, rank)) if rank else ()
    if kind == "instance" and np.prod(size) == 1:
        size = (2, *size[1:])
    groups = (
        cases.pick(rng, tuple(d for d in range(1, c + 1) if c % d == 0 and (c // d) * max(1, int(np.prod(size))) > 1))
        if c > 1 or np.prod(size) > 1
        else 1
    )
    x = cases.floats(rng, (int(rng.integers(2, 5)), c, *size), dtype)
    w, b = (cases.floats(rng, (c,), dtype) if rng.random() < 0.7 else None for _ in range(2))
    return (
        x + dtype_of(dtype)(index % 3),
        cases.floats(rng, x.shape, dtype),
        w,
        b,
        float(rng.choice([1e-5, 0.25])),
        groups,
        rank,
    )


def dtype_of(dtype: str) -> type:
    """The scalar type of that name."""
    return np.dtype(dtype).type


def layouts(rank: int) -> list[tuple]:
    """Ways to have the channels: keyword arguments, and the way there and back."""
    same = ({}, lambda a: a, lambda a: a)
    if rank == 0:
        return [same]
    return [same, ({"data_format": calls.LAST[rank]}, lambda a: calls.to_last(a, rank), lambda a: calls.to_first(a, rank))]


@pytest.mark.parametrize("kind", KINDS)
def test_values_and_gradients_are_the_definition(kind: str, isa: str, dtype: str) -> None:
    u = tolerance.unit_roundoff(dtype)
    for index in range(24):
        x, g, w, b, eps, groups, rank = draw(kind, index, dtype)
        words = f"{kind} {index} {x.shape} groups={groups} eps={eps} isa={isa}"
        wide, wide_g = x.astype(np.longdouble), g.astype(np.longdouble)
        hat, root = oracle.hats(kind, wide, eps, groups)
        scale, shift = oracle.along_channels(w, wide, 1), oracle.along_channels(b, wide, 0)
        y, (dx, dw, db) = hat * scale + shift, oracle.gradients(kind, wide, wide_g, w, eps, groups)
        own = ROUNDINGS * u * (np.abs(hat) + 1 + lost(dtype) * np.abs(wide) * root) * np.abs(scale) + 2 * u * (
            np.abs(y) + np.abs(shift)
        )
        axes, size = (0, *range(2, x.ndim)), np.abs(wide_g * scale)
        total = np.zeros_like(wide)
        for group in oracle.groups_of(kind, x.shape, groups):
            total[group] = (
                size[group] + size[group].mean() + (1 + np.abs(hat[group])) * (size[group] * (1 + np.abs(hat[group]))).mean()
            )
        for how, there, back in layouts(rank):
            first = None
            for threads in THREADS:
                result = forward(kind, there(x), w, b, eps, groups, num_threads=threads, **how)
                grads = backward(kind, there(x), there(g), w, eps, groups, num_threads=threads, **how)
                bits = [a.tobytes() for a in (result, *grads)]
                assert first is None or bits == first, f"{words} {how} {threads} threads: other bits"
                first = bits
            tolerance.check(back(result), y, own, words)
            tolerance.check(back(grads[0]), dx, 4 * ROUNDINGS * u * root * total, words)
            tolerance.check(grads[1], dw, 4 * ROUNDINGS * u * (np.abs(wide_g) * (1 + np.abs(hat))).sum(axis=axes), words)
            tolerance.check(grads[2], db, ROUNDINGS * u * np.abs(wide_g).sum(axis=axes), words)
            one = [G.batch_norm_bias, G.instance_norm_bias, G.group_norm_bias][KINDS.index(kind)](there(g), **how)
            tolerance.check(one, db, ROUNDINGS * u * np.abs(wide_g).sum(axis=axes), words)
            if kind != "batch":
                part = forward(kind, there(x)[1:2], w, b, eps, groups, **how)
                assert part.tobytes() == result[1:2].tobytes(), f"{words}: other bits in a slice of the batch"


def test_each_gradient_alone_is_that_of_all(dtype: str) -> None:
    x, g, w, _, eps, groups, _ = draw("group", 6, dtype)
    mean, var = np.zeros(x.shape[1], dtype), np.ones(x.shape[1], dtype)
    for own, moments in ((True, (None, None)), (False, (mean, var))):
        dx, dw, db = G.batch_norm_gradients(x, g, *moments, w, own, eps)
        np.testing.assert_array_equal(G.batch_norm_input(x, g, *moments, w, own, eps), dx)
        np.testing.assert_array_equal(G.batch_norm_weight(x, g, *moments, own, eps), dw)
        assert db.shape == G.batch_norm_bias(g).shape
        dx, dw, _ = G.instance_norm_gradients(x, g, *moments, w, own, eps)
        np.testing.assert_array_equal(G.instance_norm_input(x, g, *moments, w, own, eps), dx)
        np.testing.assert_array_equal(G.instance_norm_weight(x, g, *moments, own, eps), dw)
    dx, dw, _ = G.group_norm_gradients(x, g, groups, w, eps)
    np.testing.assert_array_equal(G.group_norm_input(x, g, groups, w, eps), dx)
    np.testing.assert_array_equal(G.group_norm_weight(x, g, groups, eps), dw)


def test_inference_on_integers_is_exact(isa: str, dtype: str) -> None:
    """Moments 0 or whole and 1 or 1/4, eps 0: everything is an integer, gradients included."""
    rng = cases.rng_for("normalization integers", 0)
    for rank, c in itertools.product((0, 1, 2, 3), (1, 5, 17, 33)):
        x, g = (cases.integers(rng, (3, c, *(5,) * rank), dtype) for _ in range(2))
        w, b, mean = (cases.integers(rng, (c,), dtype) for _ in range(3))
        var = rng.choice([1.0, 0.25], c).astype(dtype)
        shape, axes = (-1, *(1,) * rank), (0, *range(2, rank + 2))
        root, d = 1 / np.sqrt(var), x - mean.reshape(shape)
        expected = d * (root * w).reshape(shape) + b.reshape(shape)
        for how, there, back in layouts(rank):
            for function in (F.batch_norm, F.instance_norm) if rank else (F.batch_norm,):
                y = function(there(x), mean, var, w, b, False, eps=0.0, num_threads=2, **how)
                tolerance.check_equal(back(y), expected, f"{c} {rank} {isa}")
            dx, dw, db = G.batch_norm_gradients(there(x), there(g), mean, var, w, False, 0.0, **how)
            tolerance.check_equal(back(dx), g * (root * w).reshape(shape), f"{c} {rank} {isa}")
            tolerance.check_equal(dw, (g * d * root.reshape(shape)).sum(axis=axes), f"{c} {rank} {isa}")
            tolerance.check_equal(db, g.sum(axis=axes), f"{c} {rank} {isa}")


@pytest.mark.parametrize("data_format", ["NCHW", "NHWC"])
def test_noise_beside_a_large_mean_is_left(data_format: str, isa: str, dtype: str) -> None:
    """The variance of 1e6 plus noise, and the noise itself, come out to rounding."""
    rng = cases.rng_for("normalization far", 0)
    x = (1e6 + rng.standard_normal((4, 3, 50, 50))).astype(dtype)
    wide = x.astype(np.longdouble)
    hat, _ = oracle.hats("batch", wide, 0)
    there = x if data_format == "NCHW" else calls.to_last(x, 2)
    mean, var = np.zeros(3, dtype), np.zeros(3, dtype)
    y = F.batch_norm(there, mean, var, training=True, momentum=1, eps=0.0, data_format=data_format)
    y = y if data_format == "NCHW" else calls.to_first(y, 2)
    u = tolerance.unit_roundoff(dtype)
    tolerance.check(y, hat, ROUNDINGS * u * (np.abs(hat) + 1 + lost(dtype) * 1e6), isa)
    exact = wide.var(axis=(0, 2, 3)) * 10000 / 9999
    tolerance.check(var, exact, ROUNDINGS * u * exact, isa)
    tolerance.check(mean, wide.mean(axis=(0, 2, 3)), 2 * u * wide.mean(axis=(0, 2, 3)), isa)


def test_sums_that_no_float_holds(isa: str) -> None:
    big = np.float32(3e38)
    x = np.tile(np.array([big, big / 2], np.float32), 3000).reshape(1, 1, 60, 100)
    for y in (
        F.batch_norm(x, None, None, training=True),
        F.batch_norm(x.reshape(1, 60, 100, 1), None, None, training=True, data_format="NHWC"),
    ):
        np.testing.assert_allclose(np.abs(y), 1, rtol=1e-5)
    np.testing.assert_allclose(np.abs(F.layer_norm(x.reshape(1, -1), 6000)), 1, rtol=1e-5)


def test_infinities_stay_in_their_group(isa: str, dtype: str) -> None:
    for special, last in itertools.product((np.nan, np.inf, -np.inf), (False, True)):
        x = cases.floats(cases.rng_for("normalization special", 0), (2, 6, 7, 9), dtype)
        clean = x.copy()
        x[1, 2, 3, 4] = special
        how, there, back = layouts(2)[last]
        for kind in KINDS:
            bad, good = (back(forward(kind, there(a), None, None, 1e-5, 3, **how)) for a in (x, clean))
            touched = np.zeros(x.shape, bool)
            for group in oracle.groups_of(kind, x.shape, 3):
                touched[group] = not np.isfinite(x[group]).all()
            assert np.isnan(bad[touched]).all(), kind
            assert (bad[~touched] == good[~touched]).all(), kind
        mean, var = np.zeros(6, dtype), np.ones(6, dtype)
        y = back(F.batch_norm(there(x), mean, var, eps=0.0, **how))
        np.testing.assert_array_equal(y, x)
        F.batch_norm(there(x), mean, var, training=True, momentum=1, **how)
        np.testing.assert_array_equal(mean[2], special)
        assert np.isnan(var[2])
        assert np.isfinite(np.delete(var, 2)).all()


def test_running_moments_move_as_torch_has_it(isa: str, dtype: str) -> None:
    x = cases.floats(cases.rng_for("normalization running", 0), (3, 4, 5, 6), dtype)
    mean, var = np.full(4, 2, dtype), np.full(4, 3, dtype)
    F.batch_norm(x, mean, var, training=True, momentum=0.25)
    np.testing.assert_allclose(mean, 0.75 * 2 + 0.25 * x.mean(axis=(0, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(var, 0.75 * 3 + 0.25 * x.var(axis=(0, 2, 3), ddof=1), rtol=1e-5)
    mean, var = np.full(4, 2, dtype), np.full(4, 3, dtype)
    F.instance_norm(x, mean, var, momentum=0.25)
    np.testing.assert_allclose(mean, 0.75 * 2 + 0.25 * x.mean(axis=(0, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(var, 0.75 * 3 + 0.25 * x.var(axis=(2, 3), ddof=1).mean(axis=0), rtol=1e-5)


# ---- rows


def test_layer_norm_and_rms_norm(isa: str, dtype: str) -> None:
    u = tolerance.unit_roundoff(dtype)
    for index, shape in enumerate([(3, 7), (2, 3, 5), (40, 33), (2, 4100), (5, 1), (70, 8)]):
        rng = cases.rng_for("layer norm", index)
        count = 2 if index == 1 else 1
        items, words = shape[-count:], f"{shape} {isa}"
        x, g = cases.floats(rng, shape, dtype) + dtype_of(dtype)(index), cases.floats(rng, shape, dtype)
        w, b = cases.floats(rng, items, dtype), cases.floats(rng, items, dtype)
        rows, rows_g = (a.astype(np.longdouble).reshape(-1, int(np.prod(items))) for a in (x, g))
        flat = w.astype(np.longdouble).ravel()
        for centred in (True, False):
            mean = rows.mean(axis=1, keepdims=True) if centred else 0
            root = 1 / np.sqrt(((rows - mean) ** 2).mean(axis=1, keepdims=True) + np.longdouble(0.25))
            hat, gw = (rows - mean) * root, rows_g * flat
            y = hat * flat + (b.astype(np.longdouble).ravel() if centred else 0)
            dx = root * (
                gw - (gw.mean(axis=1, keepdims=True) if centred else 0) - hat * (gw * hat).mean(axis=1, keepdims=True)
            )
            size = np.abs(gw) * (1 + np.abs(hat))
            most = 4 * ROUNDINGS * u * root * (size + (1 + np.abs(hat)) * size.mean(axis=1, keepdims=True))
            extra = (b, 0.25) if centred else (0.25,)
            function, grads = (F.layer_norm, G.layer_norm_gradients) if centred else (F.rms_norm, G.rms_norm_gradients)
            first = None
            for threads in THREADS:
                result = function(x, items, w, *extra, num_threads=threads)
                parts = grads(x, g, items, w, 0.25, num_threads=threads)
                bits = [a.tobytes() for a in (result, *parts)]
                assert first is None or bits == first, words
                first = bits
            bound = ROUNDINGS * u * ((np.abs(hat) + 1) * np.abs(flat) + np.abs(y))
            tolerance.check(result.reshape(rows.shape), y, bound, words)
            tolerance.check(parts[0].reshape(rows.shape), dx, most, words)
            products = np.abs(rows_g) * (1 + np.abs(hat))
            tolerance.check(parts[1].ravel(), (rows_g * hat).sum(axis=0), 2 * ROUNDINGS * u * products.sum(axis=0), words)
            name = "layer_norm" if centred else "rms_norm"
            np.testing.assert_array_equal(getattr(G, f"{name}_input")(x, g, items, w, 0.25), parts[0])
            np.testing.assert_array_equal(getattr(G, f"{name}_weight")(x, g, items, 0.25), parts[1])
        tolerance.check(
            G.layer_norm_bias(g, items).ravel(), rows_g.sum(axis=0), ROUNDINGS * u * np.abs(rows_g).sum(axis=0), words
        )
        assert function(x[1:2], items, w, *extra).tobytes() == function(x, items, w, *extra)[1:2].tobytes(), words


# ---- windows


@pytest.mark.parametrize("region", ["across", "within"])
def test_local_response_norm(region: str, isa: str, dtype: str) -> None:
    u = tolerance.unit_roundoff(dtype)
    for index in range(30):
        rng = cases.rng_for(f"local response {region}", index)
        rank, size = index % 3 + 1, int(rng.integers(1, 8))
        shape = (2, cases.pick(rng, (1, 2, 5, 8, 17)), *(int(s) for s in rng.integers(1, (60, 13, 6)[rank - 1], rank)))
        alpha, k, beta = (
            float(rng.choice([1e-4, 1.5])),
            float(rng.choice([1.0, 2.0])),
            (0.5, 0.75, 1.0, 0.6, 2.3, 0.0)[index % 6],
        )
        x, g = cases.floats(rng, shape, dtype), cases.floats(rng, shape, dtype)
        wide, wide_g = x.astype(np.longdouble), g.astype(np.longdouble)
        y, t = oracle.local_response(wide, size, alpha, beta, k, region)
        dx = oracle.local_response_input(wide, wide_g, size, alpha, beta, k, region)
        terms = 2 * size ** (1 if region == "across" else rank) + 16
        roundings = beta * terms + 8 * (1 + beta * (1 + np.abs(np.log(t))))
        # of the part that sums g x t**(-beta - 1), taken with absolute values
        share = np.abs(
            wide_g / t**beta - oracle.local_response_input(np.abs(wide), -np.abs(wide_g), size, alpha, beta, k, region)
        )
        words = f"{region} {index} {shape} size={size} alpha={alpha} beta={beta} k={k} {isa}"
        for how, there, back in layouts(rank):
            first = None
            for threads in THREADS:
                options = {"region": region, "num_threads": threads} | how
                result = F.local_response_norm(there(x), size, alpha, beta, k, **options)
                grad = G.local_response_norm_input(there(x), there(g), size, alpha, beta, k, **options)
                assert first in (None, result.tobytes() + grad.tobytes()), words
                first = result.tobytes() + grad.tobytes()
            tolerance.check(back(result), y, u * roundings * np.abs(y) + tolerance.smallest(dtype), words)
            most = (3 * roundings.max() + 4 * terms) * u * (share + 2 * np.abs(wide_g / t**beta)) + tolerance.smallest(dtype)
            tolerance.check(back(grad), dx, most, words)


@pytest.mark.parametrize("region", ["across", "within"])
def test_a_window_forgets_what_it_has_left(region: str, isa: str, dtype: str) -> None:
    for special, last in itertools.product((np.nan, np.inf, 1e18), (False, True)):
        x = np.ones((1, 9, 9, 40), dtype)
        x[0, 4, 4, 20] = special
        how, there, back = layouts(2)[last]
        y = back(F.local_response_norm(there(x), 3, 1.0, 1.0, 1.0, region=region, **how))
        plain = back(F.local_response_norm(there(np.ones_like(x)), 3, 1.0, 1.0, 1.0, region=region, **how))
        touched = oracle.window_sums((x != 1).astype(float), region, 3) > 0
        assert (y[~touched] == plain[~touched]).all()
        assert not (y[touched] == plain[touched]).any()


def test_local_contrast_norm(isa: str, dtype: str) -> None:
    u = tolerance.unit_roundoff(dtype)
    for index, shape in enumerate([(2, 3, 7, 9), (1, 1, 5, 40), (2, 17, 4, 4), (3, 2, 1, 6)]):
        x = cases.floats(cases.rng_for("local contrast", index), shape, dtype)
        size, eps = (5, 3, 9, 7)[index], (1e-4, 0.5)[index % 2]
        expected = oracle.local_contrast(x.astype(np.longdouble), size, size / 4, eps)
        bound = (8 * size + 4 * shape[1] + shape[2] * shape[3] + 32) * u * (np.abs(expected) + np.abs(x).max())
        for how, there, back in layouts(2):
            first = None
            for threads in THREADS:
                y = F.local_contrast_norm(there(x), size, eps=eps, num_threads=threads, **how)
                assert first in (None, y.tobytes())
                first = y.tobytes()
            tolerance.check(back(y), expected, bound, f"{shape} {isa}")
            dx = G.local_contrast_norm_input(there(x), there(x[::-1].copy()), size, eps=eps, **how)
            np.testing.assert_allclose(
                back(dx), G.local_contrast_norm_input(x, x[::-1].copy(), size, eps=eps), rtol=0.1, atol=1e4 * u
            )
    assert np.isnan(F.local_contrast_norm(np.full((1, 1, 3, 3), np.nan, dtype), 3)).all()
    assert (np.abs(F.local_contrast_norm(np.full((1, 2, 8, 8), 0.7, dtype), 5)) < 0.1).all()


FINITE = {
    "batch_norm": (
        lambda x: F.batch_norm(x, None, None, training=True, eps=0.1),
        lambda x, g: G.batch_norm_input(x, g, training=True, eps=0.1),
    ),
    "group_norm": (lambda x: F.group_norm(x, 2, eps=0.1), lambda x, g: G.group_norm_input(x, g, 2, eps=0.1)),
    "layer_norm": (lambda x: F.layer_norm(x, 6, eps=0.1), lambda x, g: G.layer_norm_input(x, g, 6, eps=0.1)),
    "rms_norm": (lambda x: F.rms_norm(x, 6), lambda x, g: G.rms_norm_input(x, g, 6)),
    "across": (lambda x: F.local_response_norm(x, 4, 2.0), lambda x, g: G.local_response_norm_input(x, g, 4, 2.0)),
    "within": (
        lambda x: F.local_response_norm(x, 4, 2.0, region="within"),
        lambda x, g: G.local_response_norm_input(x, g, 4, 2.0, region="within"),
    ),
    "contrast": (lambda x: F.local_contrast_norm(x, 3), lambda x, g: G.local_contrast_norm_input(x, g, 3)),
    "contrast-eps": (
        lambda x: F.local_contrast_norm(x, 3, eps=2.0),
        lambda x, g: G.local_contrast_norm_input(x, g, 3, eps=2.0),
    ),
}


@pytest.mark.parametrize("name", FINITE)
def test_gradients_by_finite_differences(name: str) -> None:
    function, gradient = FINITE[name]
    rng = np.random.default_rng(3)
    x, step = rng.standard_normal((2, 4, 5, 6)), 1e-6
    g = rng.standard_normal(x.shape)
    dx = gradient(x, g)
    for place in rng.integers(0, x.size, 25):
        moved = np.zeros(x.size)
        moved[place] = step
        up, down = (float((function(x + sign * moved.reshape(x.shape)) * g).sum()) for sign in (1, -1))
        assert dx.flat[place] == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-6)


# ---- layers

LAYERS = {
    "BatchNorm1d": (lambda **o: nn.BatchNorm1d(4, **o), (3, 4, 6)),
    "BatchNorm2d": (lambda **o: nn.BatchNorm2d(4, **o), (3, 4, 5, 6)),
    "BatchNorm3d": (lambda **o: nn.BatchNorm3d(4, **o), (3, 4, 2, 5, 6)),
    "InstanceNorm1d": (lambda **o: nn.InstanceNorm1d(4, affine=True, track_running_stats=True, **o), (3, 4, 6)),
    "InstanceNorm2d": (lambda **o: nn.InstanceNorm2d(4, affine=True, track_running_stats=True, **o), (3, 4, 5, 6)),
    "InstanceNorm3d": (lambda **o: nn.InstanceNorm3d(4, affine=True, track_running_stats=True, **o), (3, 4, 2, 5, 6)),
    "GroupNorm": (lambda **o: nn.GroupNorm(2, 4, **o), (3, 4, 5, 6)),
    "LayerNorm": (lambda **o: nn.LayerNorm((5, 6), **o), (3, 4, 5, 6)),
    "RMSNorm": (lambda **o: nn.RMSNorm(6, **o), (3, 4, 5, 6)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_learns_and_remembers(name: str, dtype: str) -> None:
    make, shape = LAYERS[name]
    layer = make(dtype=dtype)
    rng = cases.rng_for("normalization layers", 0)
    x, g = cases.floats(rng, shape, dtype) * 2 + 1, cases.floats(rng, shape, dtype)
    layer.weight = cases.floats(rng, layer.weight.shape, dtype)
    y, dx = layer(x), layer.backward(g)
    assert y.shape == dx.shape == shape
    for parameter in layer.parameters():
        assert parameter.grad.shape == parameter.shape
        assert parameter.grad.dtype == dtype
    state = layer.state_dict()
    tracked = "running_mean" in state
    names = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"] if tracked else ["weight", "bias"]
    assert list(state) == (["weight"] if name == "RMSNorm" else names)
    assert [n for n, _ in layer.named_parameters()] == (["weight"] if name == "RMSNorm" else ["weight", "bias"])
    if tracked:
        assert state["num_batches_tracked"] == 1
        assert state["num_batches_tracked"].dtype == np.int64
    twins = [make(dtype=dtype), copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))]
    twins[0].load_state_dict(state)
    expected = layer.eval()(x)
    assert layer._kept is None
    for twin in twins:
        np.testing.assert_array_equal(twin.eval()(x), expected)
    if tracked:
        assert (expected != y).any()
        assert layer.state_dict()["num_batches_tracked"] == 1


def test_a_layer_without_running_moments_and_one_that_averages() -> None:
    x = cases.floats(cases.rng_for("normalization untracked", 0), (4, 3, 5, 5), "float32")
    plain = nn.BatchNorm2d(3, affine=False, track_running_stats=False)
    assert plain.state_dict() == {}
    np.testing.assert_array_equal(plain.eval()(x), F.batch_norm(x, None, None, training=True))
    mean = nn.BatchNorm2d(3, momentum=None)
    mean(x), mean(3 * x)
    np.testing.assert_allclose(mean.running_mean.data, 2 * x.mean(axis=(0, 2, 3)), rtol=1e-4, atol=1e-6)
    one = nn.InstanceNorm2d(3)
    np.testing.assert_array_equal(one(x[0]), one(x)[0])
    assert one.backward(x).shape == x.shape


def test_layers_of_windows_equal_the_functions() -> None:
    rng = cases.rng_for("normalization windows", 0)
    x, g = cases.floats(rng, (2, 6, 5, 5), "float32"), cases.floats(rng, (2, 6, 5, 5), "float32")
    layer = nn.LocalResponseNorm(3, 0.5, 0.6, 2.0, region="within")
    np.testing.assert_array_equal(layer(x), F.local_response_norm(x, 3, 0.5, 0.6, 2.0, region="within"))
    np.testing.assert_array_equal(layer.backward(g), G.local_response_norm_input(x, g, 3, 0.5, 0.6, 2.0, region="within"))
    layer = nn.LocalContrastNorm(3, 1.0)
    np.testing.assert_array_equal(layer(x), F.local_contrast_norm(x, 3, 1.0))
    np.testing.assert_array_equal(layer.backward(g), G.local_contrast_norm_input(x, g, 3, 1.0))


@pytest.mark.parametrize("index", range(3))
def test_empty_batches(index: int, dtype: str) -> None:
    x = np.ones((0, 4, 5, 5), dtype)
    zeros, ones = np.zeros(4, dtype), np.ones(4, dtype)
    functions = (
        lambda: F.batch_norm(x, zeros, ones),
        lambda: F.layer_norm(x, 5),
        lambda: F.local_response_norm(x, 3),
    )
    assert functions[index]().shape == x.shape
    with pytest.raises(fc.FastconvValueError, match="more than 1 value per channel"):
        F.batch_norm(np.ones((1, 4), dtype), None, None, training=True)
