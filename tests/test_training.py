"""fit: one run and many give the same bits, whatever the threads; what is wrong is refused before anything changes."""

import io
import sys
from functools import partial
from itertools import chain

import numpy as np
import pytest

import fastconv as fc
from fastconv import augment, nn

RNG = np.random.default_rng(11)
IMAGES = RNG.standard_normal((30, 1, 8, 8)).astype(np.float32)
LABELS = (IMAGES.mean((1, 2, 3)) > 0).astype(np.int64)
PAIR = (IMAGES, LABELS)


class Interruption(KeyboardInterrupt):
    """Somebody pressed Ctrl-C."""


def network():
    """Something of everything that has a state: running moments, random numbers, parameters."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, rng=0),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3, seed=5),
        nn.Linear(36, 2, rng=1),
    )


def train(path=None, epochs=3, stop=None, make=nn.Adam, **options):
    """Train the network on 30 images in steps of 8, until the step `stop` is over if there is one."""
    model = network()
    optimiser = make(model.parameters(), 0.02)
    done = []

    def after_step():
        nn.renormalize_filters(model)
        done.append(optimiser.lr)
        if len(done) == stop:
            raise Interruption

    given = {
        "schedule": nn.StepLR(optimiser, 2, 0.7),
        "validation": PAIR,
        "augment": partial(augment.translate, limit=1),
        "after_step": after_step,
        "seed": 3,
        "checkpoint": path,
        "checkpoint_steps": None if path is None else 3,
        "progress": False,
    }
    history = nn.fit(model, nn.CrossEntropyLoss(), optimiser, PAIR, epochs, 8, **given | options)
    return model, history, done


def states(model):
    return {name: array.tobytes() for name, array in model.state_dict().items()}


def same(history, other):
    return all(getattr(history, name) == getattr(other, name) for name in ("loss", "lr", "validation_loss", "accuracy"))


@pytest.fixture(scope="module")
def whole():
    return train()


@pytest.mark.parametrize("num_threads", [1, 2, 3])
def test_threads_do_not_change_a_bit(whole, num_threads):
    with fc.override(num_threads=num_threads):
        model, history, _ = train()
    assert states(model) == states(whole[0])
    assert same(history, whole[1])


@pytest.mark.parametrize("ending", ["safetensors", "npz"])
@pytest.mark.parametrize("stop", [1, 4, 6, 11])
def test_an_interrupted_run_goes_on_with_the_same_bits(tmp_path, whole, stop, ending):
    if ending == "safetensors":
        pytest.importorskip("safetensors")
    path = tmp_path / f"run.{ending}"
    with pytest.raises(Interruption):
        train(path, stop=stop, resume=True)
    with pytest.raises(Interruption):  # once more, after a few steps
        train(path, stop=2, resume=True, seed=None)
    with fc.override(num_threads=1 + stop % 2):
        model, history, _ = train(path, resume=True)
    assert states(model) == states(whole[0])
    assert same(history, whole[1])
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("make", [partial(nn.SGD, momentum=0.9), nn.SGD])
def test_every_optimiser_goes_on(tmp_path, make):
    path = tmp_path / "run.npz"
    expected = train(make=make, epochs=2)
    with pytest.raises(Interruption):
        train(path, stop=6, make=make, epochs=2)
    model, history, _ = train(path, make=make, epochs=2, resume=True)
    assert states(model) == states(expected[0])
    assert same(history, expected[1])


def test_a_finished_run_is_done_and_can_be_made_longer(tmp_path, whole):
    path = tmp_path / "run.npz"
    train(path, epochs=2)
    model, history, done = train(path, epochs=2, resume=True)
    assert (len(history.loss), done) == (2, [])
    model, history, done = train(path, epochs=3, resume=True)
    assert states(model) == states(whole[0])
    assert len(done) == 4


def test_history_tells_what_happened(whole):
    model, history, done = whole
    assert len(done) == 12
    assert history.lr == [0.02, 0.02, 0.02 * 0.7]
    assert len(history.loss) == len(history.seconds) == 3
    told = nn.evaluate(model, nn.CrossEntropyLoss(), *PAIR)
    assert (history.validation_loss[-1], history.accuracy[-1]) == told
    output = model.eval()(IMAGES)
    assert told.accuracy == (output.argmax(1) == LABELS).mean()
    np.testing.assert_allclose(told.loss, fc.functional.cross_entropy(output, LABELS), rtol=1e-6)
    in_parts = nn.evaluate(model, nn.CrossEntropyLoss(), *PAIR, batch_size=7)
    assert in_parts.accuracy == told.accuracy
    np.testing.assert_allclose(in_parts.loss, told.loss, rtol=1e-6)


def test_each_epoch_sees_every_example_once_in_another_order():
    orders = []

    class Identity(nn.Module):
        def forward(self, input):
            orders.append(input[:, 0].astype(int).tolist())
            self._keep(input)
            return input

        def backward(self, grad_output):
            return grad_output

    numbers = np.arange(10, dtype=np.float32).repeat(2).reshape(10, 2)
    optimiser = nn.SGD([nn.Parameter(np.ones(1))], 0.1)
    nn.fit(Identity(), nn.MSELoss(), optimiser, (numbers, numbers), 2, 4, seed=0, progress=False)
    assert [len(order) for order in orders] == [4, 3, 3] * 2
    first, second = [*chain(*orders[:3])], [*chain(*orders[3:])]
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second


def test_batches_can_come_from_a_function(tmp_path):
    def batches(rng):
        for _ in range(4):
            chosen = rng.integers(0, 30, 8)
            yield IMAGES[chosen], LABELS[chosen]

    def run(path, stop=None):
        model, count = network(), iter(range(1, 100))
        optimiser = nn.SGD(model.parameters(), 0.1, momentum=0.9)

        def after_step():
            if next(count) == stop:
                raise Interruption

        options = {"checkpoint": path, "checkpoint_steps": path and 1, "resume": path is not None}
        loss = nn.CrossEntropyLoss()
        nn.fit(model, loss, optimiser, batches, 2, after_step=after_step, seed=1, progress=False, **options)
        return states(model)

    path = tmp_path / "run.npz"
    with pytest.raises(Interruption):
        run(path, 7)
    assert run(path) == run(None)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: nn.Conv2d(2, 3, 3, rng=0), (2, 2, 5, 5)),
        (lambda: nn.Conv2d(2, 3, 3, rng=0, data_format="NHWC", activation="relu"), (2, 5, 5, 2)),
        (lambda: nn.ConvTranspose2d(2, 3, 3, rng=0), (2, 2, 5, 5)),
        (lambda: nn.Linear(6, 3, rng=0), (2, 6)),
    ],
)
def test_a_layer_of_the_data_may_leave_out_the_input_gradient(make, shape):
    layer, spared, x = make(), make(), np.ones(shape, np.float32)
    spared.input_gradient = False
    y = layer(x)
    assert layer.backward(y).shape == shape
    assert nn.Sequential(spared)(x).tobytes() == y.tobytes()
    assert nn.Sequential(spared).backward(y) is None
    for one, other in zip(layer.parameters(), spared.parameters(), strict=True):
        assert one.grad.tobytes() == other.grad.tobytes()


def test_fit_spares_the_gradient_of_the_data_and_leaves_the_model_as_it_was():
    model = nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, 3, rng=0), nn.Flatten()), nn.Linear(72, 2, rng=1))
    first, seen = model[0][0], []
    optimiser = nn.SGD(model.parameters(), 0.1)

    def after_step():
        seen.append((first.input_gradient, model[1].input_gradient))

    nn.fit(model, nn.CrossEntropyLoss(), optimiser, PAIR, 1, 30, after_step=after_step, progress=False)
    assert seen == [(False, True)]
    assert first.input_gradient
    twice = nn.Linear(2, 2, rng=0)
    model = nn.Sequential(twice, nn.ReLU(), twice)
    pair = (IMAGES[:, 0, 0, :2], LABELS)
    nn.fit(model, nn.CrossEntropyLoss(), nn.SGD(model.parameters(), 0.1), pair, 1, 30, progress=False)


def test_a_plateau_sees_the_validation_loss():
    model = nn.Linear(2, 1, rng=0)
    optimiser = nn.SGD(model.parameters(), 1e-9)
    plateau = nn.ReduceLROnPlateau(optimiser, patience=0)
    x, y = np.ones((4, 2), np.float32), np.ones((4, 1), np.float32)
    history = nn.fit(model, nn.MSELoss(), optimiser, (x, y), 3, schedule=plateau, validation=(x, y), progress=False)
    assert history.lr == pytest.approx([1e-9, 1e-9, 1e-9])  # a reduction below eps is none
    assert plateau.best == history.validation_loss[0]
    assert plateau.last_epoch == 3
    assert history.accuracy == []


def test_progress_is_a_line_an_epoch(capsys):
    train(progress=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert "accuracy" in lines[0]


class Terminal(io.StringIO):
    """Says that it is one."""

    def isatty(self):
        return True


def test_progress_is_a_bar_on_a_terminal(monkeypatch, capsys):
    pytest.importorskip("tqdm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    train(progress=True)
    assert "12/12" in terminal.getvalue()
    assert "epoch 3/3: loss" in terminal.getvalue()
    assert capsys.readouterr().out == ""
    monkeypatch.setitem(sys.modules, "tqdm", None)
    train(progress=True, epochs=1)
    assert capsys.readouterr().out.startswith("epoch 1/1: loss")


# Refusals -------------------------------------------------------------------------------------------------


def test_checkpoints_of_something_else_are_refused_and_nothing_changes(tmp_path):
    path = tmp_path / "run.npz"
    train(path, epochs=1)
    saved = path.read_bytes()
    with pytest.raises(fc.FastconvValueError, match=r"fit: checkpoint must be a new file .*, got '.*run\.npz'"):
        train(path)
    again = partial(train, path, resume=True)
    for options, told in (
        ({"seed": 4}, r"fit: seed must be 3 to go on from .*run\.npz', got seed=4"),
        ({"schedule_unit": "step"}, r"fit: schedule_unit must be 'epoch' to go on"),
        ({"schedule": None}, r"fit: checkpoint must be of this schedule, .*run\.npz' \(there is none now"),
        ({"make": nn.SGD}, r"fit: checkpoint must be of this optimiser, .*run\.npz' \(SGD\.load_state_dict: .*surplus"),
    ):
        with pytest.raises(fc.FastconvValueError, match=told):
            again(**options)
    other = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(64, 2, rng=0))
    optimiser = nn.Adam(other.parameters())
    before = states(other)
    fit = partial(nn.fit, other, nn.CrossEntropyLoss(), optimiser, checkpoint=path, resume=True)
    with pytest.raises(fc.FastconvValueError, match=r"fit: checkpoint must be of this model, .*dropout at \['5'\]"):
        fit(PAIR, 1, 8)
    with pytest.raises(fc.FastconvValueError, match=r"fit: batch_size must be 8 to go on from .*got batch_size=32"):
        fit(PAIR, 1)
    with pytest.raises(fc.FastconvValueError, match=r"fit: examples must be 30 to go on from .*got examples=20"):
        fit((IMAGES[:20], LABELS[:20]), 1, 8)
    assert states(other) == before
    assert path.read_bytes() == saved
    nn.save_state(path, other.state_dict())
    with pytest.raises(fc.FastconvValueError, match=r"fit: checkpoint must be a file that fit wrote, got .*run\.npz"):
        again()


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    path = tmp_path / "run.npz"

    def run(model, resume):
        optimiser = nn.SGD(model.parameters(), 0.1)
        options = {"checkpoint": path, "resume": resume, "seed": 0, "progress": False}
        nn.fit(nn.Sequential(nn.Flatten(), model), nn.CrossEntropyLoss(), optimiser, PAIR, 1, **options)

    run(nn.Linear(64, 2), False)
    for model, told in (
        (nn.Linear(64, 3), r"1\.weight must have shape \(3, 64\), got shape=\(2, 64\)"),
        (nn.Linear(64, 2, bias=False), r"got surplus \['1\.bias'\]"),
        (nn.Sequential(nn.Linear(64, 2)), r"got missing \['1\.0\.weight', '1\.0\.bias'\] and surplus"),
    ):
        before = states(model)
        with pytest.raises(fc.FastconvValueError, match=rf"fit: checkpoint must be of this model, .*run\.npz' \(.*{told}"):
            run(model, True)
        assert states(model) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": print}, r"fit: model must be of class Module"),
        ({"loss": None}, r"fit: loss must be of class Module, got loss=None"),
        ({"optimiser": "SGD"}, r"fit: optimiser must be of class Optimiser, got optimiser='SGD'"),
        ({"data": IMAGES}, r"fit: data must be a pair of arrays"),
        ({"data": (IMAGES, LABELS[:5])}, r"fit: data must hold as many inputs as targets .*\(30, 1, 8, 8\) and \(5,\)"),
        ({"data": lambda rng: []}, r"fit: data must give at least one batch an epoch, got none in epoch 1"),
        ({"data": lambda rng: [], "batch_size": 4}, r"fit: batch_size is for arrays"),
        ({"validation": (IMAGES,)}, r"fit: validation must be a pair of arrays"),
        ({"epochs": -1}, r"fit: epochs must not be negative, got epochs=-1"),
        ({"batch_size": 0}, r"fit: batch_size must be positive, got batch_size=0"),
        ({"seed": 0.5}, r"fit: seed must be a whole number, got seed=0\.5"),
        ({"schedule_unit": "hour"}, r"fit: schedule_unit must be one of .*got schedule_unit='hour'"),
        ({"schedule": 1}, r"fit: schedule must be one of this optimiser, got schedule=1"),
        ({"resume": True}, r"fit: checkpoint must name a file, got checkpoint=None with resume=True"),
        ({"checkpoint_steps": 5}, r"fit: checkpoint must name a file, got checkpoint=None with checkpoint_steps=5"),
        ({"checkpoint": "run.pt"}, r"fit: path must end in \.safetensors or \.npz, got path='run\.pt'"),
        ({"loss": nn.CrossEntropyLoss(reduction="none")}, r"fit: loss must return one number"),
    ],
)
def test_fit_refuses_by_name(options, message):
    model = network()
    given = {"model": model, "loss": nn.CrossEntropyLoss(), "optimiser": nn.SGD(model.parameters(), 0.1)}
    given |= {"data": PAIR, "epochs": 1, "progress": False}
    before = states(model)
    with pytest.raises(fc.FastconvError, match=message):
        nn.fit(**given | options)
    running = {name for name in before if "running" in name or "num_batches" in name}
    assert all(states(model)[name] == before[name] for name in set(before) - running)


def test_a_plateau_counts_epochs_only():
    model = network()
    optimiser = nn.SGD(model.parameters(), 0.1)
    options = {"schedule": nn.ReduceLROnPlateau(optimiser), "schedule_unit": "step"}
    with pytest.raises(fc.FastconvValueError, match=r"fit: schedule_unit must be 'epoch' for a ReduceLROnPlateau"):
        nn.fit(model, nn.CrossEntropyLoss(), optimiser, PAIR, 1, **options)
