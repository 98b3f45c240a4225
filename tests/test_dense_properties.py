"""Random relu, linear, softmax, log_softmax and cross_entropy calls and gradients against the oracle."""

from collections.abc import Callable, Iterator
from functools import partial

import cases
import numpy as np
import oracle
import pytest
import tolerance

import fastconv as fc
import fastconv.functional as F
import fastconv.grad

CHUNK = pytest.mark.parametrize("chunk", range(cases.CHUNKS))


def drawn(stream: str, chunk: int) -> Iterator[tuple[int, np.random.Generator, str, str]]:
    """Index, generator, dtype and reproducing words of each case of a chunk."""
    for index in cases.indices_of(chunk):
        rng = cases.rng_for(stream, index)
        yield (
            index,
            rng,
            cases.DTYPES[index % 2],
            cases.told(stream, index),
        )


def everywhere(run: Callable[[], np.ndarray], dtype: str, words: str) -> Iterator[tuple[np.ndarray, str]]:
    """The results on every ISA and for 1, 2 and 3 threads, with their words; the bits are equal."""
    for isa in fc.available_isas():
        first = None
        for threads in cases.THREADS:
            told = f"{words} isa={isa} num_threads={threads}"
            with fc.override(isa=isa, num_threads=threads):
                result = np.asarray(run())
            assert result.dtype == dtype, told
            assert first is None or result.tobytes() == first, f"{told} has other bits than num_threads=1"
            first = result.tobytes()
            yield result, told


@CHUNK
def test_relu_and_its_gradient(chunk: int) -> None:
    for index, rng, dtype, words in drawn("relu", chunk):
        shape = tuple(int(s) for s in rng.integers(0 if index % 50 == 0 else 1, 9, int(rng.integers(1, 6))))
        x, g = cases.floats(rng, shape, dtype), cases.floats(rng, shape, dtype)
        for special in (0.0, np.nan, np.inf, -np.inf):
            x[rng.random(shape) < 0.05] = special
        for value, told in everywhere(partial(F.relu, x), dtype, words):
            tolerance.check_equal(value, oracle.relu(x), told)
        x = np.nan_to_num(x)
        for value, told in everywhere(partial(fc.grad.relu_input, x, g), dtype, words):
            tolerance.check_equal(value, oracle.relu_input(x, g), told)


@CHUNK
def test_linear_and_its_gradients(chunk: int) -> None:
    for index, rng, dtype, words in drawn("linear", chunk):
        inside, outside = cases.pick(rng, cases.WIDTHS), cases.pick(rng, cases.WIDTHS)
        if index % 10 == 0:  # sums and rows of more than one block
            inside, outside = cases.pick(rng, (255, 300, 577, 1100)), cases.pick(rng, (1, 33, 130, 257))
        lead = tuple(int(s) for s in rng.integers(0 if index % 50 == 0 else 1, 6, int(rng.integers(0, 4))))
        words += f": input {(*lead, inside)} weight {(outside, inside)} {dtype}"
        for fill in (cases.integers, cases.floats):
            x, w, g = (
                fill(rng, (*lead, inside), dtype),
                fill(rng, (outside, inside), dtype),
                fill(rng, (*lead, outside), dtype),
            )
            b = fill(rng, (outside,), dtype) if index % 3 else None
            wx, ww, wg = (cases.exact(a) for a in (x, w, g))
            rows, sums = wx.reshape(-1, inside), wg.reshape(-1, outside)
            ax, aw, ag = abs(wx), abs(ww), abs(wg)
            judged = {
                "linear": (
                    partial(F.linear, x, w, b),
                    oracle.linear(wx, ww, b),
                    oracle.linear(ax, aw, None if b is None else abs(b)),
                    inside,
                ),
                "linear_input": (
                    partial(fc.grad.linear_input, w, g),
                    oracle.linear(wg, ww.T),
                    oracle.linear(ag, aw.T),
                    outside,
                ),
                "linear_weight": (
                    partial(fc.grad.linear_weight, x, g),
                    np.einsum("bo,bi->oi", sums, rows),
                    np.einsum("bo,bi->oi", abs(sums), abs(rows)),
                    len(rows),
                ),
                "linear_bias": (partial(fc.grad.linear_bias, g), sums.sum(0), abs(sums).sum(0), len(rows)),
            }
            for name, (run, expected, magnitude, reduction) in judged.items():
                bound = 0 if fill is cases.integers else tolerance.sum_bound(magnitude, reduction, dtype)
                for value, told in everywhere(run, dtype, f"{words} {name}"):
                    tolerance.check(value, expected, np.broadcast_to(bound, expected.shape), told)


def test_a_row_of_linear_has_the_bits_it_has_alone(isa: str, dtype: str) -> None:
    for inside, outside in ((3, 2), (19, 33), (300, 17), (1100, 70)):
        rng = cases.rng_for("linear rows", inside)
        x, w = cases.floats(rng, (37, inside), dtype), cases.floats(rng, (outside, inside), dtype)
        whole = F.linear(x, w)
        for start, stop in ((0, 1), (5, 6), (3, 20), (36, 37)):
            assert F.linear(x[start:stop], w).tobytes() == whole[start:stop].tobytes(), (inside, outside, start)
        assert F.linear(x[7], w).tobytes() == whole[7].tobytes()


def draw_logits(rng: np.random.Generator, index: int, dtype: str) -> tuple[np.ndarray, int]:
    """Numbers of any scale, some rows far apart or far from zero, and an axis."""
    shape = tuple(int(s) for s in rng.integers(1, 7, int(rng.integers(1, 5))))
    dim = int(rng.integers(-len(shape), len(shape)))
    if index % 4 == 0:
        shape = tuple(cases.pick(rng, cases.WIDTHS) if i == dim % len(shape) else s for i, s in enumerate(shape))
    scale = (1.0, 10.0, 80.0, 0.01)[int(rng.integers(4))]
    return (cases.floats(rng, shape, "float64") * scale + rng.normal() * scale * 3).astype(dtype), dim


@CHUNK
def test_softmax_log_softmax_and_their_gradients(chunk: int) -> None:
    for index, rng, dtype, words in drawn("softmax", chunk):
        x, dim = draw_logits(rng, index, dtype)
        words += f": {x.shape} dim={dim} {dtype}"
        wide = cases.exact(x)
        y, log_y = oracle.softmax(wide, dim), oracle.log_softmax(wide, dim)
        bound, log_bound = (
            tolerance.softmax_bound(wide, y, dim, dtype),
            tolerance.log_softmax_bound(wide, log_y, dim, dtype),
        )
        for value, told in everywhere(partial(F.softmax, x, dim), dtype, words):
            tolerance.check(value, y, bound, told)
        for value, told in everywhere(partial(F.log_softmax, x, dim), dtype, words + " log"):
            tolerance.check(value, log_y, log_bound, told)
        g = cases.floats(rng, x.shape, dtype)
        y, log_y, n = y.astype(dtype), log_y.astype(dtype), x.shape[dim]
        wy, wl, wg = cases.exact(y), cases.exact(log_y), cases.exact(g)
        magnitude = abs(wy) * (abs(wg) + (abs(wg) * wy).sum(axis=dim, keepdims=True))
        bound = tolerance.sum_bound(magnitude, n + 1, dtype)
        for value, told in everywhere(partial(fc.grad.softmax_input, y, g, dim), dtype, words + " gradient"):
            tolerance.check(value, oracle.softmax_input(wy, wg, dim), bound, told)
        magnitude = abs(wg) + np.exp(wl) * abs(wg).sum(axis=dim, keepdims=True)
        bound = tolerance.sum_bound(magnitude, n + 2 * tolerance.EXP_ULPS, dtype)
        for value, told in everywhere(partial(fc.grad.log_softmax_input, log_y, g, dim), dtype, words + " log gradient"):
            tolerance.check(value, oracle.log_softmax_input(wl, wg, dim), bound, told)


def draw_target(rng: np.random.Generator, index: int, shape: tuple[int, ...], dtype: str, options: dict) -> np.ndarray:
    """Class indices, class indices with ignored ones, or class probabilities."""
    dim = 1 if len(shape) > 1 else 0
    classes, places = shape[dim], shape[:dim] + shape[dim + 1 :]
    if index % 4 == 0:
        p = rng.random(shape) + 0.01
        return (p / p.sum(axis=dim, keepdims=True)).astype(dtype)
    target = rng.integers(0, classes, places)
    if index % 4 == 1:
        target = np.where(rng.random(places) < 0.3, options["ignore_index"], target)
    return target


@CHUNK
def test_cross_entropy_and_its_gradient(chunk: int) -> None:
    for index, rng, dtype, words in drawn("cross_entropy", chunk):
        rank = int(rng.integers(0, 4))
        classes = int(rng.integers(1, 12))
        shape = (
            (classes,) if rank == 0 else (int(rng.integers(1, 5)), classes, *(int(s) for s in rng.integers(1, 5, rank - 1)))
        )
        x = (rng.standard_normal(shape) * 3).astype(dtype)
        options = {
            "ignore_index": cases.pick(rng, (-100, -1, 0)),
            "reduction": ("mean", "sum", "none")[int(rng.integers(3))],
            "label_smoothing": (0.0, 0.1, 1.0)[int(rng.integers(3))],
        }
        target = draw_target(rng, index, shape, dtype, options)
        weight = rng.uniform(0.5, 2, classes).astype(dtype) if rng.random() < 0.5 else None
        words += f": {shape} target {target.dtype} {target.shape} weight={weight is not None} {options} {dtype}"
        wide, wide_weight = cases.exact(x), None if weight is None else cases.exact(weight)
        aim = cases.exact(target) if target.dtype.kind == "f" else target
        if not (aim != options["ignore_index"]).any() and options["reduction"] == "mean":
            assert np.isnan(F.cross_entropy(x, target, weight, **options)), words
            continue
        dim = 1 if len(shape) > 1 else 0
        named = {k: options[k] for k in ("ignore_index", "label_smoothing")}
        q, divisor = oracle.cross_entropy_weights(shape, aim, wide_weight, **named)
        log_y = oracle.log_softmax(wide, dim)
        roundings = tolerance.gamma(classes + target.size + 8, tolerance.unit_roundoff(dtype))
        bound = (q * tolerance.log_softmax_bound(wide, log_y, dim, dtype) + roundings * abs(q * log_y)).sum(axis=dim)
        if options["reduction"] != "none":
            bound = bound.sum() / (divisor if options["reduction"] == "mean" else 1)
        expected = np.asarray(oracle.cross_entropy(wide, aim, wide_weight, **options))
        for value, told in everywhere(partial(F.cross_entropy, x, target, weight, **options), dtype, words):
            tolerance.check(value, expected, bound, told)
        g = cases.floats(rng, expected.shape, dtype) if options["reduction"] == "none" else 0.5
        y = oracle.softmax(wide, dim)
        scale = np.expand_dims(abs(cases.exact(g)), dim) if options["reduction"] == "none" else 0.5
        scale = scale / divisor if options["reduction"] == "mean" else scale
        total = q.sum(axis=dim, keepdims=True)
        bound = (tolerance.softmax_bound(wide, y, dim, dtype) * total + roundings * (y * total + q)) * scale
        expected = oracle.cross_entropy_input(wide, aim, wide_weight, **options, grad_output=g)
        for value, told in everywhere(
            partial(fc.grad.cross_entropy_input, x, target, weight, **options, grad_output=g),
            dtype,
            words + " gradient",
        ):
            tolerance.check(value, expected, bound, told)


def test_softmax_of_infinities_follows_the_definition(isa: str, dtype: str) -> None:
    x = np.array([[0.0, -np.inf, 0.0]], dtype)
    assert F.softmax(x, 1).tolist() == [[0.5, 0, 0.5]]
    assert F.log_softmax(x, 1)[0, 1] == -np.inf
    assert np.isnan(F.softmax(np.array([[np.nan, 1, 2]], dtype), 1)).all()
