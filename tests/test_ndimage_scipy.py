"""SciPy's own tests of the filters that we have, with the import replaced."""

import re
from pathlib import Path

import numpy as np
import pytest
import scipy_suite
from scipy._lib._array_api import array_namespace

# Tests that reach none of our functions. The documentation has the same table.
LEFT_OUT = {
    "TestVectorizedFilter": "tests `vectorized_filter`, which is not among the functions offered",
    "test_ticket_701": "tests `generic_filter` alone, which is not among the functions offered",
}
PAGE = Path(__file__).resolve().parents[1] / "docs" / "ndimage_compatibility.md"

theirs = scipy_suite.load()
names = [name for name in vars(theirs) if name.startswith(("test", "Test")) and name not in LEFT_OUT]
globals().update({name: getattr(theirs, name) for name in names})


@pytest.fixture
def xp() -> object:
    """The array library, which SciPy's tests are written for several of."""
    return array_namespace(np.empty(0))


@pytest.fixture
def num_parallel_threads() -> int:
    """In how many threads the test runs at once."""
    return 1


def test_what_is_left_out_exists_and_is_documented() -> None:
    assert set(LEFT_OUT) <= set(vars(theirs))
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)
    assert dict(rows) == LEFT_OUT
