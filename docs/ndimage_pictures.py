# SPDX-License-Identifier: BSD-3-Clause
"""Runs the code of ndimage.md, draws its pictures and writes its table of times: ``python docs/ndimage_pictures.py``.

A picture is asked for by its name in the page, ndimage-NAME.jpg, and shows the array of that name beside what it was made
of. A line of the table is a statement that calls a filter and gives its result a name.
"""

from __future__ import annotations

import ast
import os
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import fastconv as fc

PAGE = Path(__file__).with_name("ndimage.md")
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
PICTURE = re.compile(r"\(ndimage-(\w+)\.jpg\)")
TABLE = re.compile(r"(<!-- times -->\n).*?(<!-- end of times -->)", re.DOTALL)

BEFORE = {"filled": "holes"}  # what a picture is compared with, if not with the photograph
PART = np.s_[40:280, 100:340]
GAP = 8
WHITE = 255
SECONDS = 0.3
THREADS = (1, 2)


def shown(image: Any) -> Any:
    """Return the part of an image that a picture shows as bytes: grey levels, slopes around grey, or strengths."""
    part = np.nan_to_num(image[PART])
    if part.min() < -WHITE:
        part = 127.5 + part * (127.5 / np.abs(part).max())
    elif part.max() > 2 * WHITE:
        part = part * (255 / part.max())
    return part.clip(0, 255).astype(np.uint8)


def draw(name: str, space: dict[str, Any]) -> None:
    """Write one picture."""
    before, after = shown(space[BEFORE.get(name, "photo")]), shown(space[name])
    together = np.hstack([before, np.full((len(before), GAP), 255, np.uint8), after])
    Image.fromarray(together).save(PAGE.with_name(f"ndimage-{name}.jpg"), quality=85, optimize=True)


def filter_calls(blocks: list[str]) -> Iterator[tuple[str, str]]:
    """Yield name and text of the expressions that the table has: single calls of a filter on the whole photograph."""
    for statement in ast.parse("".join(blocks)).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            text = ast.unparse(statement.value)
            if re.match(r"ndimage\.\w+\((photo|levels|holes)\b", text):
                yield ast.unparse(statement.targets[0]), text


def best(call: Callable[[], object]) -> float:
    """Return the seconds of the quickest of all calls that fit into a while."""
    quickest, end = np.inf, time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        quickest = min(quickest, time.perf_counter() - start)
    return quickest


def line(text: str, space: dict[str, Any]) -> str:
    """Measure one call with fastconv and, where it can, with SciPy; return its line of the table."""
    from scipy import ndimage as theirs

    code, times = compile(text, text, "eval"), []
    for threads in THREADS:
        with fc.override(num_threads=threads):
            times.append(best(partial(eval, code, space)))
    try:
        scipy = best(partial(eval, code, space | {"ndimage": theirs}))
    except TypeError:  # an argument of ours alone
        return f"| `{text}` | | " + " | ".join(f"{1e3 * t:.2f}" for t in times) + " | |"
    cells = [f"{1e3 * t:.2f}" for t in (scipy, *times)]
    return f"| `{text}` | " + " | ".join(cells) + f" | {scipy / min(times):.0f}× |"


def main() -> None:
    """Run the page's code, write the pictures, and put the times into the page."""
    os.chdir(PAGE.parents[1])
    page = PAGE.read_text()
    blocks, space = BLOCK.findall(page), {}
    for block in blocks:
        exec(block, space)
    for name in PICTURE.findall(page):
        draw(name, space)
    heads = [f"fastconv, {threads} thread{'s' * (threads > 1)}" for threads in THREADS]
    table = ["| call | SciPy | " + " | ".join(heads) + " | times faster |", "| --- |" + " ---: |" * (len(heads) + 2)]
    table += [line(text, space) for _, text in filter_calls(blocks)]
    text = "\n".join(table)
    PAGE.write_text(TABLE.sub(lambda found: f"{found[1]}{text}\n{found[2]}", page))
    print(text)


if __name__ == "__main__":
    main()
