"""Losses of elements against plain loops, their gradients against finite differences, and every refusal."""

import math

import numpy as np
import pytest

import fastconv as fc
from fastconv import functional as F
from fastconv import grad as G
from fastconv import nn

RNG = np.random.default_rng(5)
X, Y = RNG.standard_normal((3, 4)) * 3, RNG.random((3, 4))
WEIGHT, POSITIVE = RNG.random((3, 1)), RNG.random(4) + 0.5


def reduced(each, reduction):
    total = math.fsum(map(math.fsum, each))
    return {"none": np.array(each), "sum": total, "mean": total / sum(map(len, each))}[reduction]


def squares(x, y):
    return [[(a - b) ** 2 for a, b in zip(p, q, strict=True)] for p, q in zip(x, y, strict=True)]


def entropies(x, y, weight, positive):
    def one(i, j):
        p = 1 / (1 + math.exp(-x[i][j]))
        return -weight[i][0] * (positive[j] * y[i][j] * math.log(p) + (1 - y[i][j]) * math.log(1 - p))

    return [[one(i, j) for j in range(4)] for i in range(3)]


def slope(function, x, g):
    """The gradient of sum(g * function(x)) by central differences."""
    found, step = np.zeros_like(x), 1e-5
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        found[place] = np.sum(g * (function(up) - function(down))) / (2 * step)
    return found


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_losses_are_the_loops_and_their_gradients_the_slopes(reduction):
    g = RNG.standard_normal((3, 4)) if reduction == "none" else 0.7
    told = {"reduction": reduction, "weight": WEIGHT, "pos_weight": POSITIVE}
    bce, bce_input = F.binary_cross_entropy_with_logits, G.binary_cross_entropy_with_logits_input
    np.testing.assert_allclose(F.mse_loss(X, Y, reduction), reduced(squares(X, Y), reduction), rtol=1e-14)
    np.testing.assert_allclose(bce(X, Y, **told), reduced(entropies(X, Y, WEIGHT, POSITIVE), reduction), rtol=1e-12)
    by_hand = slope(lambda x: F.mse_loss(x, Y, reduction), X, g)
    np.testing.assert_allclose(G.mse_loss_input(X, Y, reduction, grad_output=g), by_hand, rtol=1e-6, atol=1e-8)
    by_hand = slope(lambda x: bce(x, Y, **told), X, g)
    np.testing.assert_allclose(bce_input(X, Y, **told, grad_output=g), by_hand, rtol=1e-6, atol=1e-8)


def test_logits_of_any_size_give_no_overflow():
    x = np.array([-1e4, 1e4, -1e4, 1e4], np.float32)
    y = np.array([0, 1, 1, 0], np.float32)
    loss = F.binary_cross_entropy_with_logits(x, y, reduction="none")
    assert loss.tolist() == [0, 0, 1e4, 1e4]
    assert loss.dtype == np.float32
    assert G.binary_cross_entropy_with_logits_input(x, y, reduction="sum").tolist() == [0, 0, -1, 1]


def test_layers_are_the_functions():
    mse, bce = nn.MSELoss(reduction="sum"), nn.BCEWithLogitsLoss(WEIGHT, pos_weight=POSITIVE)
    assert mse(X, Y) == F.mse_loss(X, Y, "sum")
    np.testing.assert_array_equal(mse.backward(0.5), G.mse_loss_input(X, Y, "sum", grad_output=0.5))
    told = {"weight": WEIGHT, "pos_weight": POSITIVE}
    assert bce(X, Y) == F.binary_cross_entropy_with_logits(X, Y, **told)
    np.testing.assert_array_equal(bce.backward(), G.binary_cross_entropy_with_logits_input(X, Y, **told))


@pytest.mark.parametrize("loss", [nn.MSELoss, nn.BCEWithLogitsLoss, nn.CrossEntropyLoss])
def test_backward_needs_forward(loss):
    with pytest.raises(fc.FastconvValueError, match=rf"{loss.__name__}\.backward: forward must run before it"):
        loss().backward()


@pytest.mark.parametrize(
    "function",
    [F.mse_loss, G.mse_loss_input, F.binary_cross_entropy_with_logits, G.binary_cross_entropy_with_logits_input],
)
def test_wrong_arguments_are_named(function):
    name = function.__name__
    with pytest.raises(fc.FastconvValueError, match=rf"{name}: target must .*\(3, 3\)"):
        function(X, Y[:, 1:])
    with pytest.raises(fc.FastconvTypeError, match=rf"{name}: target must .*float32"):
        function(X, Y.astype(np.float32))
    with pytest.raises(fc.FastconvValueError, match=rf"{name}: reduction must be one of .*got reduction='average'"):
        function(X, Y, reduction="average")
    if name.startswith("binary"):
        with pytest.raises(fc.FastconvValueError, match=rf"{name}: weight must broadcast to .*\(3, 4\).*\(3,\)"):
            function(X, Y, np.ones(3))
    if name.endswith("_input"):
        with pytest.raises(fc.FastconvValueError, match=rf"{name}: grad_output must have shape \(\)"):
            function(X, Y, grad_output=X)
