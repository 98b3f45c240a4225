"""The sources obey the house rules: one direction of imports, and each kind of code in its one place."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

import fastconv as fc

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "fastconv"
SOURCES = ROOT / "src"

# Imports run from a higher floor to a lower one, or stay on their own.
FLOORS = {"spec": 0, "kernels": 1, "settings": 2, "backends": 3}
DOOR = 4

HEADINGS = ("Computes", "Source", "Applies when", "Layout", "Plan", "Tile", "Cost", "Accuracy", "Measured")

PYTHON = sorted(PACKAGE.rglob("*.py"))
CYTHON = sorted([*PACKAGE.rglob("*.pyx"), *PACKAGE.rglob("*.pxd")])
C = sorted([*SOURCES.rglob("*.c"), *SOURCES.rglob("*.h"), *SOURCES.rglob("*.def")])
KERNELS = sorted(path for path in SOURCES.rglob("*.c") if path.parent != SOURCES)


def by_path(path: Path) -> str:
    """Test id of a file."""
    return str(path.relative_to(ROOT))


def module_of(path: Path) -> tuple[str, ...]:
    """Dotted name of a file below the package, as words."""
    words = path.relative_to(PACKAGE).with_suffix("").parts
    return words[:-1] if words[-1] == "__init__" else words


def floor(words: tuple[str, ...]) -> int:
    """On which floor a module of the package stands."""
    return FLOORS.get(words[0], DOOR) if words else DOOR


def imported(path: Path) -> list[tuple[str, ...]]:
    """Modules of the package that a Python or Cython file imports, as words below the package."""
    words, package = module_of(path), module_of(path)
    if path.name != "__init__.py":
        package = words[:-1]
    found = []
    for line in joined_lines(path.read_text()):
        for dots, name, names in re.findall(r"^\s*from (\.*)([\w.]*) c?import \(?([\w, *]+)", line):
            if dots:
                base = package[: len(package) - len(dots) + 1] + tuple(name.split(".") if name else ())
            elif name.split(".")[0] == "fastconv":
                base = tuple(name.split(".")[1:])
            else:
                continue
            for end in (n.strip().split(" ")[0] for n in names.split(",") if n.strip()):
                found.append((*base, end) if is_module(*base, end) else base)
        for name in re.findall(r"^\s*c?import (fastconv[\w.]*)", line):
            found.append(tuple(name.split(".")[1:]))
    return found


def is_module(*words: str) -> bool:
    """Whether the words name a module or folder of the package, and not something inside a module."""
    path = PACKAGE.joinpath(*words)
    return path.is_dir() or path.with_suffix(".py").exists() or path.with_suffix(".pyx").exists()


def joined_lines(text: str) -> list[str]:
    """Lines of code, imports in parentheses on one line."""
    return re.sub(r"\(([^()]*)\)", lambda m: "(" + " ".join(m[1].split()) + ")", text).splitlines()


def code_of(path: Path) -> str:
    """A C file without comments."""
    text = re.sub(r"/\*.*?\*/", " ", path.read_text(), flags=re.DOTALL)
    return re.sub(r"//[^\n]*", " ", text)


def test_there_is_something_to_read() -> None:
    assert len(PYTHON) > 10
    assert len(CYTHON) > 5
    assert len(C) > 10
    assert len(KERNELS) > 5
    assert imported(PACKAGE / "settings.py"), "the reader of imports finds none where there are some"
    assert any(imported(path) for path in CYTHON)


@pytest.mark.parametrize("path", PYTHON + CYTHON, ids=by_path)
def test_imports_run_one_way(path: Path) -> None:
    here = module_of(path)
    for there in imported(path):
        if here and here[0] == "kernels":
            assert there[:1] == ("kernels",), f"a kernel imports {there}"
        if floor(here) < DOOR:
            assert floor(there) <= floor(here), f"{'.'.join(here)} imports {'.'.join(there) or 'fastconv'}"


def test_spec_imports_nothing_of_the_package() -> None:
    files = sorted((PACKAGE / "spec").glob("*.py"))
    assert files
    assert {there[0] for path in files for there in imported(path)} == {"spec"}


@pytest.mark.parametrize(
    "door", ["augment", "functional", "grad", "ndimage", "nn", "switches", "tf", "models", "visualize", "demo"]
)
def test_the_doors_reach_the_kernels_through_the_backends_only(door: str) -> None:
    files = [p for p in PYTHON if module_of(p)[:1] == (door,)]
    assert files
    for path in files:
        assert all(there[:1] != ("kernels",) for there in imported(path)), path


@pytest.mark.parametrize("path", C, ids=by_path)
def test_c_neither_knows_python_nor_allocates_nor_prints(path: Path) -> None:
    code = code_of(path)
    for word in ("Python.h", "omp.h", "numpy/", "stdio.h", "stdlib.h", "pthread.h"):
        assert word not in code, word
    for call in (
        "malloc",
        "calloc",
        "realloc",
        "free",
        "printf",
        "fprintf",
        "puts",
        "abort",
        "exit",
        "assert",
        "alloca",
    ):
        assert not re.search(rf"\b{call}\s*\(", code), call
    assert not re.search(r"#\s*pragma\s+omp", code)


@pytest.mark.parametrize("path", C, ids=by_path)
def test_intrinsics_occur_only_in_simd(path: Path) -> None:
    if path.parent.name != "simd":
        code = code_of(path)
        assert not re.search(r"\b_mm\d*_|immintrin\.h|arm_neon\.h|__m\d{3}", code)


@pytest.mark.parametrize("path", C, ids=by_path)
def test_kernels_keep_no_state(path: Path) -> None:
    if path.name in ("dispatch.c", "table.c"):
        return
    for line in code_of(path).splitlines():
        if re.match(r"static\b(?!.*\()(?!.*\bconst\b)", line):
            raise AssertionError(f"state in a kernel: {line}")


def test_one_cython_file_knows_openmp() -> None:
    knowing = {
        by_path(p) for p in CYTHON if re.search(r"^[^#]*\b(prange|cython\.parallel|openmp|omp_\w+)\b", p.read_text(), re.M)
    }
    assert len(knowing) == 1, knowing


def test_no_drawer_for_odds_and_ends() -> None:
    forbidden = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "stuff"}
    names = [p for folder in ("fastconv", "src", "tests", "benchmarks") for p in (ROOT / folder).rglob("*")]
    assert not [by_path(p) for p in names if p.stem.lower().strip("_") in forbidden]


@pytest.mark.parametrize("path", PYTHON + CYTHON, ids=by_path)
def test_the_package_never_imports_tests_or_benchmarks(path: Path) -> None:
    for line in path.read_text().splitlines():
        assert not re.match(r"\s*(from|c?import)\s+\.*(tests|benchmarks|conftest|oracle)\b", line), line


@pytest.mark.parametrize("path", KERNELS, ids=by_path)
def test_a_kernel_file_opens_with_its_headings(path: Path) -> None:
    text = path.read_text()
    opening = text[: text.index("*/")]
    assert text.lstrip().startswith("/*")
    places = [re.search(rf"^[ /*]*{heading}:", opening, re.MULTILINE) for heading in HEADINGS]
    missing = [heading for heading, place in zip(HEADINGS, places, strict=True) if place is None]
    assert not missing
    starts = [place.start() for place in places if place]
    assert starts == sorted(starts), "the headings stand in their order"


def test_every_algorithm_is_one_file() -> None:
    for name in fc.algorithms():
        file = PACKAGE / "kernels" / name
        assert file.with_suffix(".pyx").exists() != file.with_suffix(".py").exists(), name


def tracked() -> list[Path]:
    """Text files of the repository: those git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        return [p for folder in ("fastconv", "src", "tests", "benchmarks") for p in (ROOT / folder).rglob("*.*")]
    return [ROOT / line for line in listed.stdout.splitlines()]


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    # Spelled in pieces, so that this file does not contain them.
    places = [f"/{name}/" for name in ("home", "root", "work", "Users", "tmp")]
    found = []
    for path in tracked():
        if path.suffix in {".so", ".png", ".npz", ".npy", ".o", ".pyc"} or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if any(re.search(rf"(?<![\w.}}\]]){place}\w", line) for place in places):
                found.append(f"{by_path(path)}:{number}: {line.strip()[:100]}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", PYTHON, ids=by_path)
def test_modules_say_what_they_are(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "no module docstring"


@pytest.mark.parametrize("path", PYTHON + CYTHON + C, ids=by_path)
def test_nothing_is_left_undone(path: Path) -> None:
    words = [f"{a}{b}" for a, b in (("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("HA", "CK"))]
    text = path.read_text()
    assert not [word for word in words if re.search(rf"\b{word}\b", text)]
    assert "NotImplementedError" not in text or "nn" in path.parts, "a stub"
