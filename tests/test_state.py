"""State in files: what is read is what was written, by this package or by hand; nothing is pickled, nothing half written."""

import json
import os
import pickle
import struct
import sys

import numpy as np
import pytest

import fastconv as fc
from fastconv import nn

pytest.importorskip("safetensors")

ENDINGS = ("safetensors", "npz")


def by_hand(path, arrays, kinds):
    """A safetensors file as its specification has it: the header's length, the header, the bytes one after another."""
    header, end = {}, 0
    for name, array in arrays.items():
        places = [end, end := end + array.nbytes]
        header[name] = {"dtype": kinds[name], "shape": list(array.shape), "data_offsets": places}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(array.tobytes() for array in arrays.values()))


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_state_comes_back_as_it_went(tmp_path, ending):
    rng = np.random.default_rng(0)
    state = {
        "file": rng.standard_normal((3, 4)).astype(np.float32),
        "allow_pickle": np.asfortranarray(rng.standard_normal((2, 3, 4))),
        "layer.bias": np.arange(5, dtype=">i4")[::2],
        "count": np.int64(7),
        "none": np.zeros((0, 3), np.float16),
        "mask": np.array([True, False]),
        "special": np.array([np.nan, -0.0, np.inf]),
    }
    path = tmp_path / f"state.{ending}"
    nn.save_state(path, state)
    read = nn.load_state(str(path))
    assert set(read) == set(state)
    for name, value in state.items():
        assert read[name].shape == np.shape(value)
        assert read[name].dtype == np.asarray(value).dtype.newbyteorder("=")
        np.testing.assert_array_equal(read[name], value)
    assert os.listdir(tmp_path) == [path.name]
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_file_made_by_hand_is_read(tmp_path):
    weight, bias = np.arange(6, dtype="<f4").reshape(2, 3), np.array([1, -2], "<f4")
    path = tmp_path / "model.safetensors"
    by_hand(path, {"weight": weight, "bias": bias}, {"weight": "F32", "bias": "F32"})
    layer = nn.Linear(3, 2)
    layer.load_state_dict(nn.load_state(path))
    np.testing.assert_array_equal(layer.weight.data, weight)
    np.testing.assert_array_equal(layer.bias.data, bias)
    by_hand(path, {"weight": weight.view("<u2")}, {"weight": "BF16"})
    with pytest.raises(fc.FastconvTypeError, match=r"load_state: 'weight' of .*model\.safetensors' must .* got BF16"):
        nn.load_state(path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_interruption_leaves_what_was_there(tmp_path, ending, monkeypatch):
    path = tmp_path / f"state.{ending}"
    nn.save_state(path, {"a": np.ones(3)})

    def interrupted(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        nn.save_state(path, {"a": np.zeros(3)})
    np.testing.assert_array_equal(nn.load_state(path)["a"], np.ones(3))
    assert os.listdir(tmp_path) == [path.name]


class Trap:
    """Would say so if it were unpickled."""

    def __reduce__(self):
        return pytest.fail, ("unpickled",)


@pytest.mark.parametrize("content", ["object", "pickle", "array", "text", ""])
@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_no_state_is_refused_and_nothing_is_unpickled(tmp_path, ending, content):
    path = tmp_path / f"state.{ending}"
    with path.open("wb") as file:
        if content == "object":
            np.savez(file, a=np.array([Trap()], object))
        elif content == "array":
            np.save(file, np.ones(3))
        elif content == "pickle":
            pickle.dump(Trap(), file)
        else:
            file.write(content.encode())
    with pytest.raises(fc.FastconvValueError, match=rf"load_state: path must name an? {ending} file.*'.*{path.name}'"):
        nn.load_state(path)


@pytest.mark.parametrize(
    ("path", "state", "error", "message"),
    [
        ("state.pt", {}, ValueError, r"save_state: path must end in \.safetensors or \.npz, got path='state\.pt'"),
        (7, {}, TypeError, r"save_state: path must be a path, got path=7"),
        ("s.npz", {"a": np.ones(2, complex)}, TypeError, r"save_state: 'a' must hold .*'s\.npz', got dtype=complex128"),
        ("s.npz", {"a": np.array([None])}, TypeError, r"save_state: 'a' must hold .*got dtype=object"),
        ("s.npz", {3: np.ones(2)}, ValueError, r"save_state: state must have strings for names, .*got 3"),
        ("s.npz", {"__metadata__": np.ones(2)}, ValueError, r"save_state: state must have strings for names"),
    ],
)
def test_saving_refuses(tmp_path, monkeypatch, path, state, error, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        nn.save_state(path, state)
    assert not os.listdir(tmp_path)


def test_missing_files_and_packages_are_named(tmp_path, monkeypatch):
    for ending in ENDINGS:
        with pytest.raises(FileNotFoundError, match="nowhere"):
            nn.load_state(tmp_path / f"nowhere.{ending}")
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    for call in (lambda path: nn.save_state(path, {}), nn.load_state):
        with pytest.raises(fc.FastconvError, match=r"needs the package safetensors.*pip install 'fastconv\[train\]'"):
            call(tmp_path / "state.safetensors")
    assert not os.listdir(tmp_path)
