"""Optimisers against their formulas, states that go on with the same bits, schedules against torch's recursions, filters."""

import math

import numpy as np
import pytest

import fastconv as fc
from fastconv import nn


def gradients(count, dtype="float64"):
    rng = np.random.default_rng(3)
    return [rng.standard_normal((3, 4)).astype(dtype) for _ in range(count)]


def moved(optimiser, parameter, steps):
    for gradient in steps:
        parameter.grad = gradient.copy()
        optimiser.step()
    return parameter.data.copy()


@pytest.mark.parametrize("decoupled", [False, True])
def test_adam_follows_its_formula(decoupled):
    lr, (beta1, beta2), eps, decay = 0.1, (0.8, 0.95), 1e-3, 0.2
    p = nn.Parameter(np.ones((3, 4)))
    optimiser = (nn.AdamW if decoupled else nn.Adam)([p], lr, (beta1, beta2), eps, decay)
    expected, m, v = [[1.0] * 4 for _ in range(3)], np.zeros((3, 4)), np.zeros((3, 4))
    for t, g in enumerate(gradients(5), 1):
        moved(optimiser, p, [g])
        for i, j in np.ndindex(3, 4):
            d = g[i, j] if decoupled else g[i, j] + decay * expected[i][j]
            m[i, j] = beta1 * m[i, j] + (1 - beta1) * d
            v[i, j] = beta2 * v[i, j] + (1 - beta2) * d * d
            ahead = m[i, j] / (1 - beta1**t) / (math.sqrt(v[i, j] / (1 - beta2**t)) + eps)
            expected[i][j] = expected[i][j] * (1 - lr * decay * decoupled) - lr * ahead
        np.testing.assert_allclose(p.data, expected, rtol=1e-13)


MADE = {
    "sgd": lambda p: nn.SGD(p, 0.1),
    "momentum": lambda p: nn.SGD(p, 0.1, momentum=0.9, weight_decay=0.1, dampening=0.2),
    "nesterov": lambda p: nn.SGD(p, 0.1, momentum=0.9, nesterov=True),
    "adam": lambda p: nn.Adam(p, 0.1, weight_decay=0.1),
    "adamw": lambda p: nn.AdamW(p, 0.1, (0.5, 0.9)),
}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_optimiser_that_goes_on_gives_the_same_bits(tmp_path, name, dtype):
    start, steps = np.ones((3, 4), dtype), gradients(6, dtype)
    idle, whole = nn.Parameter(start), nn.Parameter(start)
    expected = moved(MADE[name]([idle, whole]), whole, steps)

    first = nn.Parameter(start)
    optimiser = MADE[name]([idle, first])
    moved(optimiser, first, steps[:2])
    nn.save_state(tmp_path / "state.npz", optimiser.state_dict())
    second = nn.Parameter(first.data)
    again = type(optimiser)([idle, second], 99.0)
    again.load_state_dict(nn.load_state(tmp_path / "state.npz"))
    assert moved(again, second, steps[2:]).tobytes() == expected.tobytes()
    moved(optimiser, first, steps[2:])
    assert first.data.tobytes() == expected.tobytes(), "what was saved is a copy"


def test_a_state_of_another_optimiser_is_refused_and_nothing_changes():
    p = nn.Parameter(np.ones((3, 4)))
    adam, sgd = nn.Adam([p]), nn.SGD([p], 0.1, momentum=0.9)
    moved(adam, p, gradients(1))
    before = adam.state_dict()
    for state, told in (
        (sgd.state_dict(), r"missing \['betas', 'eps'\] and surplus \['momentum', 'dampening', 'nesterov'\]"),
        (before | {"1.step": np.array(1)}, r"of? .*1 parameters, got surplus \['1\.step'\]"),
        ({n: a for n, a in before.items() if n != "0.exp_avg"}, r"missing \['0\.exp_avg'\]"),
        (before | {"0.exp_avg": np.ones(3)}, r"'0\.exp_avg' must have shape \(3, 4\), got shape=\(3,\)"),
    ):
        with pytest.raises(fc.FastconvValueError, match=rf"Adam\.load_state_dict: .*{told}"):
            adam.load_state_dict(state)
    after = adam.state_dict()
    assert all((after[name] == array).all() for name, array in before.items())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: nn.Adam(p, -1), r"Adam: lr must not be negative, got lr=-1"),
        (lambda p: nn.Adam(p, math.nan), r"Adam: lr must not be negative, got lr=nan"),
        (lambda p: nn.Adam(p, betas=(0.9, 1.0)), r"Adam: betas must be two numbers in \[0, 1\), got betas=\(0\.9, 1\.0\)"),
        (lambda p: nn.Adam(p, eps=-1), r"Adam: eps must not be negative"),
        (lambda p: nn.AdamW(p, weight_decay=-1), r"AdamW: weight_decay must not be negative"),
        (lambda p: nn.Adam([]), r"Adam: parameters must not be empty"),
        (lambda p: nn.Adam([1]), r"Adam: parameters must hold Parameters only, got int"),
    ],
)
def test_settings_are_refused_by_name(make, message):
    with pytest.raises(fc.FastconvError, match=message):
        make([nn.Parameter(np.ones(2))])


@pytest.mark.parametrize("gradient", [np.ones(3), np.ones(2, np.float32), [1.0, 1.0]])
def test_a_gradient_that_does_not_fit_is_refused(gradient):
    p = nn.Parameter(np.ones(2))
    p.grad = gradient
    with pytest.raises(fc.FastconvValueError, match=r"SGD\.step: grad of parameter 0 must be an array of float64 and shape"):
        nn.SGD([p], 0.1).step()
    assert (p.data == 1).all()


# Schedules ------------------------------------------------------------------------------------------------


def optimiser_at(lr):
    return nn.SGD([nn.Parameter(np.ones(1))], lr)


def met(schedule, steps):
    rates = []
    for _ in range(steps):
        rates.append(schedule.optimiser.lr)
        schedule.step()
    return rates


def test_schedules_are_torchs_recursions():
    lr, steps = 0.7, 30
    by_steps, by_milestones, by_cosine, by_line = ([lr] for _ in range(4))
    by_line = [lr * 0.2]
    for step in range(1, steps):
        by_steps.append(by_steps[-1] * (0.5 if step % 7 == 0 else 1))
        by_milestones.append(by_milestones[-1] * (0.5 if step in (3, 9, 20) else 1))
        ratio = (1 + math.cos(math.pi * step / 40)) / (1 + math.cos(math.pi * (step - 1) / 40))
        by_cosine.append(ratio * (by_cosine[-1] - 0.01) + 0.01)
        by_line.append(by_line[-1] + lr * 0.8 / 10 if step <= 10 else by_line[-1])
    for schedule, rates in (
        (nn.StepLR(optimiser_at(lr), 7, 0.5), by_steps),
        (nn.MultiStepLR(optimiser_at(lr), [3, 9, 20], 0.5), by_milestones),
        (nn.CosineAnnealingLR(optimiser_at(lr), 40, 0.01), by_cosine),
        (nn.LinearLR(optimiser_at(lr), 0.2, total_iters=10), by_line),
    ):
        np.testing.assert_allclose(met(schedule, steps), rates, rtol=1e-12)


def test_a_warm_up_comes_before_what_follows():
    optimiser = optimiser_at(0.7)
    parts = [nn.LinearLR(optimiser, 0.2, total_iters=10), nn.CosineAnnealingLR(optimiser, 40)]
    rates = met(nn.SequentialLR(optimiser, parts, [10]), 51)
    alone = optimiser_at(0.7)
    assert rates[:10] == met(nn.LinearLR(alone, 0.2, total_iters=10), 10)
    assert rates[10:] == met(nn.CosineAnnealingLR(optimiser_at(0.7), 40), 41)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
def test_a_plateau_lowers_the_rate(mode, threshold_mode):
    optimiser, sign = optimiser_at(1.0), 1 if mode == "min" else -1
    schedule = nn.ReduceLROnPlateau(optimiser, mode, 0.5, 1, 0.1, threshold_mode, cooldown=1, min_lr=0.2)
    rates = []
    # Better by much, by too little twice (then lower), one step of rest, then no better again and again.
    for gain in (0, 0.5, 0.51, 0.52, 0.52, 0.52, 0.52, 0.52, 0.52, 0.52, 0.52):
        schedule.step(2 - sign * gain)
        rates.append(optimiser.lr)
    assert rates == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2]


@pytest.mark.parametrize(
    "make",
    [
        lambda o: nn.StepLR(o, 2),
        lambda o: nn.CosineAnnealingLR(o, 9),
        lambda o: nn.ReduceLROnPlateau(o, patience=1),
    ],
)
def test_a_schedule_goes_on_from_its_state(make):
    def run(optimiser, schedule, measures):
        rates = []
        for measure in measures:
            schedule.step(*[measure] * isinstance(schedule, nn.ReduceLROnPlateau))
            rates.append(optimiser.lr)
        return rates

    measures = [3, 2, 2, 2, 2, 2, 1, 1, 1]
    whole, first, second = optimiser_at(1.0), optimiser_at(1.0), optimiser_at(5.0)
    expected = run(whole, make(whole), measures)
    begun = make(first)
    run(first, begun, measures[:4])
    gone_on = make(second)
    gone_on.load_state_dict(begun.state_dict())
    second.load_state_dict(first.state_dict())
    assert run(second, gone_on, measures[4:]) == expected[4:]
    with pytest.raises(fc.FastconvValueError, match=rf"{type(begun).__name__}\.load_state_dict: state must hold exactly"):
        gone_on.load_state_dict({"lr": 1})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: nn.StepLR(None, 3), r"StepLR: optimiser must be an Optimiser, got optimiser=None"),
        (lambda o: nn.StepLR(o, 0), r"StepLR: step_size must be positive, got step_size=0"),
        (lambda o: nn.StepLR(o, 1, -1), r"StepLR: gamma must not be negative, got gamma=-1"),
        (lambda o: nn.MultiStepLR(o, [3, 3]), r"MultiStepLR: milestones must rise, got milestones=\[3, 3\]"),
        (lambda o: nn.CosineAnnealingLR(o, 0), r"CosineAnnealingLR: T_max must be positive, got T_max=0"),
        (lambda o: nn.LinearLR(o, 0.0), r"LinearLR: start_factor must lie in \(0, 1\], got start_factor=0\.0"),
        (lambda o: nn.LinearLR(o, end_factor=2), r"LinearLR: end_factor must lie in \[0, 1\], got end_factor=2"),
        (lambda o: nn.SequentialLR(o, [nn.StepLR(o, 1)], [1]), r"SequentialLR: milestones must be one fewer than the 1"),
        (
            lambda o: nn.SequentialLR(o, [nn.StepLR(optimiser_at(1), 1)], []),
            r"SequentialLR: schedulers must be Sched",
        ),
        (lambda o: nn.ReduceLROnPlateau(o, factor=1.0), r"ReduceLROnPlateau: factor must lie in \(0, 1\), got factor=1\.0"),
        (lambda o: nn.ReduceLROnPlateau(o, "less"), r"ReduceLROnPlateau: mode must be one of .*got mode='less'"),
    ],
)
def test_schedules_refuse(make, message):
    with pytest.raises(fc.FastconvError, match=message):
        make(optimiser_at(1.0))


# Filters --------------------------------------------------------------------------------------------------


def test_filters_beyond_the_radius_come_back_to_it_and_the_others_stay():
    model = nn.Sequential(nn.Conv2d(3, 8, 5, rng=0), nn.ReLU(), nn.Conv2d(8, 4, 3, rng=1), nn.Flatten(), nn.Linear(4, 2))
    first, second, dense = model[0].weight, model[2].weight, model[4].weight
    size = np.geomspace(0.01, 1, 8).reshape(8, 1, 1, 1)
    model[0].weight = size * np.sign(first.data)
    before, untouched, version = first.data.copy(), dense.data.copy(), second.version
    nn.renormalize_filters(model)
    for o in range(8):
        mean = math.fsum(float(w) ** 2 for w in before[o].ravel()) / 75
        factor = min(1, 0.1 / math.sqrt(mean))
        np.testing.assert_allclose(first.data[o], before[o] * factor, rtol=1e-6)
        assert factor < 1 or (first.data[o] == before[o]).all()
    assert (dense.data == untouched).all()
    assert second.version == version, "filters within the radius are not packed anew"
    nn.renormalize_filters(model[2], radius=0.01)
    np.testing.assert_allclose(np.sqrt((second.data**2).mean((1, 2, 3))), 0.01, rtol=1e-6)
    for arguments, message in (((model, 0), "radius must be positive, got radius=0"), ((3,), "module must be a Module")):
        with pytest.raises(fc.FastconvError, match=rf"renormalize_filters: {message}"):
            nn.renormalize_filters(*arguments)
