"""Every example in a docstring and every Python block of the README and of the pages runs and prints what it says."""

import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import fastconv as fc
import fastconv.functional
import fastconv.grad

ROOT = Path(__file__).resolve().parents[1]
DOORS = (fc, fc.augment, fastconv.functional, fastconv.grad, fc.models, fc.ndimage, fc.nn, fc.tf)
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def modules() -> list[str]:
    """Names of all importable Python modules of the package; __main__ runs instead of being imported."""
    names = [info.name for info in pkgutil.walk_packages(fc.__path__, "fastconv.")]
    return ["fastconv", *(name for name in names if not name.endswith("__main__"))]


def public() -> Iterator[tuple[str, object]]:
    """Names and objects that the doors offer."""
    for door in DOORS:
        for name in getattr(door, "__all__", [n for n in vars(door) if not n.startswith("_")]):
            thing = getattr(door, name)
            ours = getattr(thing, "__module__", "").startswith(door.__name__)
            if ours and (inspect.isfunction(thing) or inspect.isclass(thing)):
                yield f"{door.__name__}.{name}", thing


@pytest.mark.parametrize("name", modules())
def test_examples_run(name: str) -> None:
    module = importlib.import_module(name)
    results = doctest.testmod(module, optionflags=FLAGS, extraglobs={"np": np, "fc": fc})
    assert results.failed == 0


@pytest.mark.parametrize(("name", "thing"), list(public()), ids=[name for name, _ in public()])
def test_public_things_are_documented(name: str, thing: object) -> None:
    text = inspect.getdoc(thing)
    assert text, "no docstring"
    first = text.splitlines()[0]
    assert first.endswith("."), f"the first line is one sentence: {first}"
    if inspect.isfunction(thing):
        signature = inspect.signature(thing)
        hints = [p for p in signature.parameters.values() if p.annotation is inspect.Parameter.empty]
        assert not hints, "fully typed"
        assert signature.return_annotation is not inspect.Signature.empty, "fully typed"
        assert ">>>" in text, "an example that runs"


def blocks(page: str = "README.md") -> list[str]:
    """Python blocks of the README, or of another page."""
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def test_the_readme_shows_code() -> None:
    assert blocks()


def test_the_code_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    space: dict = {}  # shared by the blocks, in their order
    for number, block in enumerate(blocks()):
        exec(compile(block, f"README block {number}", "exec"), space)


def pages() -> list[str]:
    """Names of the pages beside the README."""
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", pages())
def test_the_code_of_a_page_runs(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    space: dict = {}
    for number, block in enumerate(blocks(page)):
        exec(compile(block, f"{page} block {number}", "exec"), space)
    assert space


@pytest.mark.parametrize("page", [*pages(), "README.md"])
def test_what_a_page_shows_and_names_is_there(page: str) -> None:
    links = re.findall(r"\]\((?!http|#)([^)#]+)", (ROOT / page).read_text())
    assert links
    assert not [link for link in links if not (ROOT / page).parent.joinpath(link).exists()]
