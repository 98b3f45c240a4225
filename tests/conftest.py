"""Fixtures over what the machine and the build offer, and the seed in the header and beside every failure."""

from collections.abc import Iterator

import cases
import pytest

import fastconv as fc


def pytest_configure(config: pytest.Config) -> None:
    """Make known the marks of SciPy's tests, which name array libraries; one of the tests is parametrized by an iterator."""
    for mark in ("skip_xp_backends", "xfail_xp_backends"):
        config.addinivalue_line("markers", f"{mark}: of SciPy's tests, means nothing with NumPy")
    config.addinivalue_line("filterwarnings", "ignore:Passing a non-Collection iterable to parametrize")


def pytest_report_header() -> list[str]:
    """Say what is tested and how to draw the same cases again."""
    isas, algorithms = " ".join(fc.available_isas()), " ".join(fc.algorithms())
    return [
        f"fastconv {fc.__version__}, isas: {isas}, algorithms: {algorithms}",
        f"FASTCONV_TEST_SEED={cases.SEED}",
    ]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Add the seed to the report of a failed test."""
    report = yield
    if report.failed:
        report.sections.append(("seed", f"repeat with FASTCONV_TEST_SEED={cases.SEED} pytest '{item.nodeid}'"))
    return report


@pytest.fixture(params=fc.available_isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set of this machine, in force while the test runs."""
    with fc.override(isa=request.param):
        yield request.param


@pytest.fixture(params=cases.DTYPES)
def dtype(request: pytest.FixtureRequest) -> str:
    """Each element type."""
    return request.param


@pytest.fixture(params=fc.algorithms())
def algorithm(request: pytest.FixtureRequest) -> str:
    """Each named convolution algorithm."""
    return request.param


@pytest.fixture(params=(1, 2, 3))
def rank(request: pytest.FixtureRequest) -> int:
    """Number of spatial axes."""
    return request.param
