"""Running Python in a process of its own, with the package that is being tested and a clean environment."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import fastconv

HERE = Path(__file__).parent
HOME = Path(fastconv.__file__).parents[1]

# Without the variables that steer the package: a test sets those it is about.
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith(("FASTCONV_", "OMP_"))} | {
    "PYTHONPATH": os.pathsep.join([str(HOME), str(HERE)]),
    "FASTCONV_TEST_SEED": os.environ.get("FASTCONV_TEST_SEED", ""),
}
if not CLEAN["FASTCONV_TEST_SEED"]:
    del CLEAN["FASTCONV_TEST_SEED"]


def run(*arguments: str, timeout: float = 300, **environment: str) -> subprocess.CompletedProcess:
    """Run Python with `arguments`; what it printed and how it ended is returned, whatever became of it."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=HERE,
        env=CLEAN | environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def fresh(code: str, timeout: float = 60, **environment: str) -> str:
    """Run code in a new interpreter and return what it printed; an error there is a failure here."""
    done = run("-c", textwrap.dedent(code), timeout=timeout, **environment)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()
