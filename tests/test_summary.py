"""The table of layers: counts worked out by hand, any module, measured times, and a model that stays as it is."""

import numpy as np
import pytest

import fastconv as fc
from fastconv import nn


def counted(model, shape, **options):
    return nn.summary(model, shape, **{"measure": False} | options)


def test_summary_counts_what_the_lectures_count():
    table = counted(nn.Sequential(nn.Conv2d(3, 10, 5, padding=2), nn.ReLU()), (1, 3, 32, 32))
    conv, relu = table.rows
    image, maps, held = 4 * 3 * 32 * 32, 4 * 10 * 32 * 32, 4 * 760
    assert conv["output_shape"] == (1, 10, 32, 32)
    assert conv["parameters"] == 760
    assert conv["multiply_adds"] == 10 * 32 * 32 * 5 * 5 * 3
    assert conv["algorithm"] in fc.algorithms()
    assert conv["bytes_forward"] == image + maps + held
    assert conv["bytes_kept"] == image
    assert conv["bytes_backward"] == image + maps + held + image + held
    assert relu["parameters"] == relu["multiply_adds"] == 0
    assert relu["algorithm"] is None
    assert relu["bytes_forward"] == 2 * maps
    assert table.total["parameters"] == 760
    assert table.total["bytes_forward"] == image + 3 * maps + held
    assert "768,000" in str(table)
    assert "% of roof" not in str(table)
    assert table.to_dict() == {"rows": table.rows, "total": table.total}
    assert table._repr_html_().count("<tr>") == 4


@pytest.mark.parametrize(
    ("layer", "shape", "multiply_adds"),
    [
        (nn.Linear(7, 5), (2, 7), 2 * 7 * 5),
        (nn.Conv1d(4, 6, 3, groups=2), (2, 4, 10), 2 * 6 * 8 * 3 * 2),
        (nn.Conv2d(4, 6, 3, data_format="NHWC"), (1, 5, 6, 4), 6 * 3 * 4 * 9 * 4),
        (nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), (1, 4, 5, 5), 4 * 25 * 3 * 9),
        (nn.LocallyConnected2d(3, 4, (5, 6), 2), (1, 3, 5, 6), 4 * 4 * 5 * 3 * 4),
        (nn.DepthwiseSeparableConv2d(4, 6, 3, multiplier=2), (1, 4, 5, 5), 9 * 8 * 9 + 9 * 6 * 8),
        (nn.MaxPool2d(2), (1, 4, 6, 6), 0),
    ],
)
def test_summary_knows_the_work_of_layers(layer, shape, multiply_adds):
    (row,) = counted(layer, shape).rows
    assert row["multiply_adds"] == multiply_adds
    assert row["kind"] == row["name"] == type(layer).__name__
    assert row["parameters"] == sum(p.size for p in layer.parameters())


class Fork(nn.Module):
    """A module of a user: two ways with one shared layer, joined by a sum of its own."""

    def __init__(self):
        self.way = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1, rng=0), nn.ReLU(), nn.MaxPool2d(2))
        self.other = nn.AvgPool2d(2)
        self.last = nn.Linear(3, 2, rng=1)

    def forward(self, input):
        joined = self.way(input) + self.other(input)
        return self.last(self.last(joined.mean((2, 3))) @ np.ones((2, 3), joined.dtype))


def test_summary_sees_every_layer_of_any_module_and_leaves_it_alone():
    model = Fork()
    model.way.eval()
    before, modes = model.state_dict(), [module.training for _, module in model.named_modules()]
    table = counted(model, (2, 3, 8, 8))
    assert [row["name"] for row in table.rows] == ["way.0", "way.1", "way.2", "other", "last", "last"]
    assert [row["parameters"] for row in table.rows] == [84, 0, 0, 0, 8, 0]
    assert table.total["parameters"] == 92
    assert [module.training for _, module in model.named_modules()] == modes
    assert all((before[name] == array).all() for name, array in model.state_dict().items())
    assert {type(module).__module__.split(".")[0] for _, module in model.named_modules()} == {"fastconv", __name__}
    assert all(module._kept is None for _, module in model.named_modules())


def test_what_several_layers_keep_is_counted_once():
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Sigmoid(), nn.Flatten(), nn.Linear(64, 3))
    table = counted(model, (1, 2, 6, 6))
    conv, maps = model[0], 4 * 4 * 16
    model.train()(np.zeros((1, 2, 6, 6), np.float32))
    assert conv._kept is not None
    assert table.rows[0]["bytes_kept"] == 4 * 2 * 36
    assert table.rows[1]["bytes_kept"] + table.rows[3]["bytes_kept"] in (maps, 2 * maps)
    assert table.rows[2]["bytes_forward"] == table.rows[2]["bytes_kept"] == 0


def test_summary_measures():
    model = nn.Sequential(fc.models.LeNet5(rng=0), nn.BatchNorm1d(10), nn.Dropout(0.5, seed=1))
    before = model.state_dict()
    table = nn.summary(model, (4, 1, 32, 32), backward=True)
    for row in table.rows:
        assert row["milliseconds"] > 0
        assert row["milliseconds_backward"] > 0
        assert (row["gflops"] is None) == (row["multiply_adds"] == 0)
        assert (row["fraction_of_roof"] is None) == (row["bytes_forward"] == 0)
    lines = str(table).splitlines()
    assert len({len(line) for line in lines if "─" in line}) == 1
    assert len(lines) == len(table.rows) + 4
    assert "% of roof back" in lines[0]
    assert all(module.training for _, module in model.named_modules())
    assert all((before[name] == array).all() for name, array in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model[2].counter == 0


def test_summary_refuses():
    with pytest.raises(fc.FastconvTypeError, match=r"summary: model must be a Module, got model=3"):
        nn.summary(3, (1, 2))
    with pytest.raises(fc.FastconvValueError, match=r"summary: input_shape must be positive, got input_shape=\(0, 2\)"):
        nn.summary(nn.ReLU(), (0, 2))
