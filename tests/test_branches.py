"""Residual and Concat: their formulas with integers, sums in place that spoil nothing, names, and refusals."""

import copy
import pickle

import numpy as np
import pytest

import fastconv as fc
from fastconv import grad as G
from fastconv import nn

X = np.random.default_rng(0).integers(-3, 4, (2, 3, 5, 5)).astype(np.float64)


def whole(layer: nn.Module) -> nn.Module:
    """The layer with small whole numbers for weights, so that its sums are exact."""
    rng = np.random.default_rng(1)
    for parameter in layer.parameters():
        parameter.data = rng.integers(-2, 3, parameter.shape)
    return layer


def conv(c_in: int, c_out: int, kernel: int = 3, **how: object) -> nn.Conv2d:
    """A layer that keeps the size."""
    return nn.Conv2d(c_in, c_out, kernel, padding=kernel // 2, dtype="float64", rng=0, **how)


def ascending(shape: tuple[int, ...]) -> np.ndarray:
    """Whole numbers around zero, all different."""
    return np.arange(np.prod(shape), dtype=np.float64).reshape(shape) - np.prod(shape) // 2


def differentiated(module: nn.Module) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Output, input gradient and parameter gradients; what was given must come out of it unchanged."""
    x, y = X.copy(), module(X)
    grad_output = ascending(y.shape)
    before, kept = grad_output.copy(), y.copy()
    dx = module.backward(grad_output)
    assert (x == X).all()
    assert (grad_output == before).all()
    assert (y == kept).all()
    return y, dx, [parameter.grad for parameter in module.parameters()]


@pytest.mark.parametrize("projected", [False, True])
@pytest.mark.parametrize("last", ["conv", "relu", "dropout", "flatten"])
def test_residual_is_the_sum_of_both_ways(projected: bool, last: str) -> None:
    # The last module of the body gives its output away, keeps it, or hands its input or a view of it on.
    ends = {"conv": conv(3, 3), "relu": nn.ReLU(), "dropout": nn.Dropout(0.0), "flatten": nn.Flatten()}
    flat = last == "flatten"
    shortcut = conv(3, 3, 1) if projected else None
    beside = nn.Sequential(*([shortcut] if projected else []), *([nn.Flatten()] if flat else []))
    block = whole(nn.Residual(nn.Sequential(conv(3, 3), ends[last]), beside if projected or flat else None))
    y, dx, gradients = differentiated(block)
    body, end = block.body
    z = end(body(X))
    assert (y == z + beside(X)).all()
    block.zero_grad()
    grad_output = ascending(y.shape)
    assert (dx == body.backward(end.backward(grad_output)) + beside.backward(grad_output)).all()
    assert all((p.grad == g).all() for p, g in zip(block.parameters(), gradients, strict=True))
    assert (block.eval()(X) == y).all()


def test_what_comes_after_the_sum_sees_the_sum() -> None:
    block = whole(nn.Residual({"conv1": conv(3, 3), "bn": nn.BatchNorm2d(3, dtype="float64")}, after=nn.ReLU()))
    y, dx, _ = differentiated(block)
    z = block.bn(block.conv1(X)) + X
    assert (y == np.maximum(z, 0)).all()
    grad_output = G.relu_input(z, ascending(y.shape))
    assert (dx == block.conv1.backward(block.bn.backward(grad_output)) + grad_output).all()


def test_names_of_a_mapping_are_the_blocks_own() -> None:
    shortcut = nn.Sequential(conv(3, 4, 1, bias=False))
    flat = nn.Residual({"conv1": conv(3, 4, bias=False), "relu": nn.ReLU()}, {"downsample": shortcut}, nn.ReLU())
    assert list(flat.state_dict()) == ["conv1.weight", "downsample.0.weight"]
    deep = nn.Residual(nn.Sequential(conv(3, 4, bias=False)), shortcut)
    assert list(deep.state_dict()) == ["body.0.weight", "shortcut.0.weight"]
    assert list(nn.Concat({"a": conv(3, 2), "b": nn.Identity()}).state_dict()) == ["a.weight", "a.bias"]


def test_a_layer_that_is_exchanged_takes_part() -> None:
    block = whole(nn.Residual({"conv1": conv(3, 3)}))
    block(X)
    block.conv1 = whole(conv(3, 3, 1))
    assert (block(X) == block.conv1(X) + X).all()
    for twin in (copy.deepcopy(block), pickle.loads(pickle.dumps(block))):
        assert (twin(X) == block(X)).all()


def test_convolution_and_pooling_in_a_body_are_computed_together_in_eval_mode() -> None:
    parts = {"conv1": conv(3, 4), "relu": nn.ReLU(), "pool": nn.MaxPool2d(2)}
    block = whole(nn.Residual(parts, nn.Sequential(conv(3, 4, 1), nn.AvgPool2d(2))))
    y = block(X)
    assert (block.eval()(X) == y).all()
    assert len(block._steps[0]) == 1


@pytest.mark.parametrize("dim", [1, -3, 2, -1])
def test_concat_is_the_branches_side_by_side(dim: int) -> None:
    module = whole(nn.Concat(conv(3, 3), nn.Identity(), nn.Sequential(conv(3, 3, 1), nn.ReLU()), nn.Identity(), dim=dim))
    y, dx, gradients = differentiated(module)
    first, _, last, _ = module
    assert (y == np.concatenate([first(X), X, last(X), X], dim)).all()
    module.zero_grad()
    a, b, c, d = np.split(ascending(y.shape), 4, dim)
    assert (dx == first.backward(a) + b + last.backward(c) + d).all()
    assert all((p.grad == g).all() for p, g in zip(module.parameters(), gradients, strict=True))
    assert (module.eval()(X) == y).all()


def test_concat_of_one_branch_hands_its_gradient_on() -> None:
    module = nn.Concat(nn.Identity())
    grad_output = ascending(module(X).shape)
    assert (module.backward(grad_output) == grad_output).all()


def test_a_dense_block_and_one_image_without_a_batch() -> None:
    grow = [nn.Concat(nn.Identity(), whole(conv(c_in, 2)), dim=-3) for c_in in (3, 5)]
    block = nn.Sequential(*grow)
    assert block(X).shape == (2, 7, 5, 5)
    assert block.backward(ascending((2, 7, 5, 5))).shape == X.shape
    assert (block(X[0]) == block(X)[0]).all()


def test_a_residual_block_runs_step_by_step_and_concat_says_it_cannot() -> None:
    layer = nn.CausalConv1d(3, 3, 2, dtype="float64", rng=0)
    block, x = nn.Residual(layer, after=nn.ReLU()), X[0, :, 0]
    stream = block.stream()
    assert (np.concatenate([stream.push(x[:, :2]), stream.push(x[:, 2:])], axis=1) == block(x)).all()
    with pytest.raises(TypeError, match="stream: Concat has no form step by step"):
        nn.Concat(layer, layer).stream(channels=3)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: nn.Residual(3), "Residual: module 'body' must be a Module, got int"),
        (lambda: nn.Residual({"forward": nn.ReLU()}), "Residual: a name must be new .*'forward'"),
        (lambda: nn.Residual({"a": nn.ReLU()}, {"a": nn.ReLU()}), "Residual: a name must be new .*'a'"),
        (lambda: nn.Residual(conv(3, 4))(X), r"Residual: body and shortcut must .*\(2, 4, 5, 5\).*\(2, 3, 5, 5\)"),
        (lambda: nn.Residual(nn.Sequential(nn.AvgPool2d(5)))(X), "Residual: body and shortcut must give the same shape"),
        (lambda: nn.Residual(nn.ReLU()).backward(X), "Residual.backward: forward must run before it"),
        (lambda: nn.Concat(), "Concat: branches must hold at least one Module"),
        (lambda: nn.Concat(nn.ReLU(), 1), "Concat: module '1' must be a Module, got int"),
        (lambda: nn.Concat(nn.ReLU(), dim=0.5), "Concat: dim must be a whole number, got dim=0.5"),
        (lambda: nn.Concat(nn.ReLU(), dim=4)(X), "Concat: dim must name an axis of every branch's output, got dim=4"),
        (lambda: nn.Concat(nn.ReLU(), nn.MaxPool2d(2))(X), r"Concat: branches must agree .*axes but 1, got .*1=.*2, 2\)"),
        (lambda: nn.Concat(nn.ReLU()).backward(X), "Concat.backward: forward must run before it"),
    ],
)  # fmt: skip
def test_wrong_use_is_refused_by_name(call: object, told: str) -> None:
    with pytest.raises((ValueError, TypeError), match=told):
        call()


def test_a_gradient_of_another_shape_is_refused() -> None:
    for module in (nn.Residual(nn.ReLU()), nn.Concat(nn.ReLU())):
        y = module(X)
        with pytest.raises(fc.FastconvValueError, match=r"backward: grad_output must have the output's shape"):
            module.backward(y[:1])
