# SPDX-License-Identifier: BSD-3-Clause
"""All that training depends on, in one file: model, optimiser, schedule, random numbers, and how far it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..spec import FastconvError, FastconvValueError
from .dropout import _Dropout
from .module import Array, Module
from .state import read, write

_TEXT = "fastconv.fit"

Parts = dict[str, Any]  # what has a state_dict, by the word that its names begin with; None for a schedule that is not there


def save_checkpoint(path: Path, parts: Parts, progress: dict[str, Any]) -> None:
    """Write the states of all parts, and beside them how far training is and where dropout's random numbers are."""
    arrays = {f"{word}.{name}": array for word, part in parts.items() if part for name, array in part.state_dict().items()}
    draws = {name: [layer.seed, layer.counter] for name, layer in _drawing(parts["model"])}
    write("fit", path, arrays, {_TEXT: json.dumps({"progress": progress, "dropout": draws})})


def load_checkpoint(path: Path, parts: Parts, check: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Put all parts into the states of a file, unless `check` refuses; returns how far training was."""
    arrays, texts = read("fit", path)
    if _TEXT not in texts:
        raise FastconvValueError(f"fit: checkpoint must be a file that fit wrote, got checkpoint={str(path)!r}")
    told = json.loads(texts[_TEXT])
    check(told["progress"])
    layers = dict(_drawing(parts["model"]))
    if set(layers) != set(told["dropout"]):
        raise _another(path, "model", f"it has dropout at {sorted(told['dropout'])}, the model at {sorted(layers)}")
    for word, part in parts.items():
        _restore(path, word, part, {name: array for name, array in arrays.items() if name.startswith(f"{word}.")})
    for name, layer in layers.items():
        layer.seed, layer.counter = told["dropout"][name]
    progress: dict[str, Any] = told["progress"]
    return progress


def _restore(path: Path, word: str, part: Any, named: dict[str, Array]) -> None:
    state = {name.removeprefix(f"{word}."): array for name, array in named.items()}
    if part is None:
        if state:
            raise _another(path, word, f"there is none now, and one with {list(state)} in the file")
        return
    try:
        part.load_state_dict(state)
    except FastconvError as error:
        raise _another(path, word, error) from error


def _drawing(model: Module) -> list[tuple[str, _Dropout]]:
    """The layers that draw random numbers."""
    return [(name, module) for name, module in model.named_modules() if isinstance(module, _Dropout)]


def _another(path: Path, word: str, reason: object) -> FastconvValueError:
    return FastconvValueError(f"fit: checkpoint must be of this {word}, got checkpoint={str(path)!r} ({reason})")
