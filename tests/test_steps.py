"""Steps of optimisers against their formulas, and the marks that the gradients of rectifiers need, on every ISA."""

import cases
import numpy as np
import pytest

import fastconv as fc
import fastconv.grad as G
from fastconv import nn
from fastconv.backends import cpu

RULES = (
    {},
    {"weight_decay": 0.25},
    {"momentum": 0.5},
    {"momentum": 0.5, "dampening": 0.25, "weight_decay": 0.5},
    {"momentum": 0.5, "nesterov": True, "weight_decay": 0.25},
)
SIZES = (1, 7, 16, 63, 65, 200_001)


def whole(rng: np.random.Generator, count: int, dtype: str) -> np.ndarray:
    return rng.integers(-8, 9, count).astype(dtype)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("count", SIZES)
def test_sgd_is_exact_on_numbers_that_need_no_rounding(isa: str, dtype: str, rule: dict, count: int) -> None:
    """Powers of two times small integers: every order of the operations gives the same number."""
    rng = cases.rng_for(f"sgd {rule}", count)
    p, momentum, decay = whole(rng, count, "float64"), rule.get("momentum", 0), rule.get("weight_decay", 0)
    parameter, velocity = p.astype(dtype), np.full(count, np.nan, dtype) if momentum else None
    told = None
    for step in range(3):
        g = whole(rng, count, "float64")
        d = g + decay * p
        if momentum:
            told = d if told is None else momentum * told + (1 - rule.get("dampening", 0)) * d
            d = d + momentum * told if rule.get("nesterov") else told
        p = p - 0.5 * d
        threads = (1, 2, 7)[step]
        cpu.sgd_step(parameter, g.astype(dtype), velocity, lr=0.5, begin=step == 0, num_threads=threads, **rule)
        np.testing.assert_array_equal(parameter, p)
        if velocity is not None:
            np.testing.assert_array_equal(velocity, told)


@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("count", SIZES)
def test_adam_follows_its_formula(isa: str, dtype: str, decoupled: bool, count: int) -> None:
    """Each step adds less than a dozen roundings of a mean, a root or a parameter, each relative to what it rounds."""
    rng = cases.rng_for("adam", count)
    p, mean, square = rng.standard_normal(count).astype(dtype).astype("float64"), np.zeros(count), np.zeros(count)
    parameter, first, second = p.astype(dtype), mean.astype(dtype), square.astype(dtype)
    lr, b1, b2, eps, decay = 0.125, 0.75, 0.875, 0.5, 0.25
    moved = np.zeros(count)
    for step in range(1, 4):
        g = rng.standard_normal(count).astype(dtype).astype("float64")
        if decoupled:
            p = p * (1 - lr * decay)
        d = g if decoupled else g + decay * p
        mean, square = b1 * mean + (1 - b1) * d, b2 * square + (1 - b2) * d * d
        move = lr / (1 - b1**step) * mean / (np.sqrt(square / (1 - b2**step)) + eps)
        p, moved = p - move, moved + abs(p) + abs(move) + lr * (abs(d) + 1)
        how = {"lr": lr, "betas": (b1, b2), "eps": eps, "weight_decay": decay, "decoupled": decoupled}
        cpu.adam_step(parameter, g.astype(dtype), first, second, step=step, num_threads=step, **how)
        assert (abs(parameter - p) <= 12 * np.finfo(dtype).eps * moved).all()


def test_steps_have_the_same_bits_for_any_number_of_threads(isa: str, dtype: str) -> None:
    rng = cases.rng_for("steps threads", 0)
    p, g, v, s = (abs(rng.standard_normal(150_003)).astype(dtype) for _ in range(4))
    seen = set()
    for threads in (1, 2, 3, 7):
        a, b, c, d = p.copy(), v.copy(), p.copy(), s.copy()
        cpu.sgd_step(a, g, b, lr=0.1, momentum=0.9, weight_decay=1e-4, num_threads=threads)
        cpu.adam_step(c, g, b, d, step=3, weight_decay=1e-2, num_threads=threads)
        seen.add(a.tobytes() + b.tobytes() + c.tobytes() + d.tobytes())
    assert len(seen) == 1


def test_without_decay_an_infinite_parameter_stays_infinite(isa: str, dtype: str) -> None:
    for step in (
        lambda p, g: cpu.sgd_step(p, g, None, lr=0.5),
        lambda p, g: cpu.adam_step(p, g, np.zeros_like(p), np.zeros_like(p), step=1),
    ):
        p = np.array([np.inf, -np.inf, 1], dtype)
        step(p, np.ones(3, dtype))
        assert p[0] == np.inf
        assert p[1] == -np.inf
        assert np.isfinite(p[2])


def test_steps_refuse_by_name() -> None:
    p = np.zeros(3, np.float32)
    with pytest.raises(fc.FastconvValueError, match=r"sgd_step: gradient must have shape \(3,\)"):
        cpu.sgd_step(p, np.zeros(4, np.float32), None, lr=1.0)
    with pytest.raises(fc.FastconvTypeError, match="adam_step: square"):
        cpu.adam_step(p, p, p.copy(), np.zeros(3), step=1)


LAYERS = {"relu": nn.ReLU, "relu6": nn.ReLU6, "leaky_relu": lambda: nn.LeakyReLU(0.25)}


@pytest.mark.parametrize("name", LAYERS)
def test_marks_are_enough_for_the_gradient(isa: str, dtype: str, name: str) -> None:
    """A bit an element is kept, and what stands where the input is not a number or infinite is what the function says."""
    for count in (0, 1, 8, 63, 64, 65, 1000, 100_003):
        rng = cases.rng_for(f"marks {name}", count)
        x, g = (4 * rng.standard_normal(count)).astype(dtype), rng.standard_normal(count).astype(dtype)
        for special in (0.0, -0.0, 6.0, np.nan, np.inf, -np.inf):
            x[rng.random(count) < 0.05] = special
            g[rng.random(count) < 0.02] = special
        layer = LAYERS[name]()
        y = layer(x)
        (marks,) = layer._recall(g)
        assert marks.nbytes == (count + 7) // 8
        passes = (x > 0) & (x < 6) if name == "relu6" else x > 0
        low = g * np.asarray(0.25, dtype) if name == "leaky_relu" else np.zeros_like(g)
        np.testing.assert_array_equal(layer.backward(g), np.where(passes, g, low))
        assert y.tobytes() == layer.eval()(x).tobytes()
        with fc.override(num_threads=7):
            again = LAYERS[name]()
            assert again(x).tobytes() == y.tobytes()
            assert again._recall(g)[0].tobytes() == marks.tobytes()
        if not np.isnan(x).any():
            options = (0.25,) if name == "leaky_relu" else ()
            np.testing.assert_array_equal(again.backward(g), getattr(G, f"{name}_input")(x, g, *options))


@pytest.mark.parametrize("inside", [5, 48, 577, 1100])
def test_rows_of_a_dense_layer_share_nothing(isa: str, dtype: str, inside: int) -> None:
    """A row's output and input gradient have the same bits alone, among few and among many; zero rows change no weight."""
    rng, outside = cases.rng_for("dense rows", inside), 209
    x, w, b, g = (cases.floats(rng, s, dtype) for s in ((90, inside), (outside, inside), (outside,), (90, outside)))
    y, dx = fc.functional.linear(x, w, b), G.linear_input(w, g)
    for rows in (slice(0, 1), slice(3, 10), slice(1, 67)):
        assert fc.functional.linear(x[rows], w, b).tobytes() == y[rows].tobytes()
        assert G.linear_input(w, g[rows]).tobytes() == dx[rows].tobytes()
    more, zero = np.concatenate([x[:9], np.zeros_like(x[:40])]), np.concatenate([g[:9], np.zeros_like(g[:40])])
    np.testing.assert_array_equal(G.linear_weight(x[:9], g[:9]), G.linear_weight(more, zero))
