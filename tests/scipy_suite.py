"""SciPy's own tests of its filters, as its wheel brings them, with `from scipy import ndimage` meaning ours.

Nothing of them is changed. Their module is loaded once more under a name of its own, while the package `scipy` offers, as
`ndimage`, a name space with our functions and, for what we do not have, SciPy's. The marks by which SciPy says which other
array libraries a test is for are left away: everything runs with NumPy.
"""

import importlib.util
from collections.abc import Callable
from types import ModuleType
from unittest import mock

import pytest
import scipy
from scipy import ndimage as scipy_ndimage
from scipy._lib import _array_api

from fastconv import ndimage
from fastconv.ndimage.gaussian import gaussian_weights


class Replaced:
    """Our functions, and SciPy's where we have none."""

    def __getattr__(self, name: str) -> object:
        return getattr(ndimage if name in ndimage.__all__ else scipy_ndimage, name)


def without_marks(*functions: Callable[..., object], **capabilities: object) -> Callable[[object], object]:
    """Return the decorator that leaves a test as it is."""
    return lambda test: test


def load() -> ModuleType:
    """SciPy's module of tests, with the import replaced."""
    original = importlib.util.find_spec("scipy.ndimage.tests.test_filters")
    assert original is not None, "SciPy is installed without its tests"
    spec = importlib.util.spec_from_file_location(f"{original.name}_replaced", original.origin)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with (
        mock.patch.object(scipy, "ndimage", Replaced()),
        mock.patch.object(_array_api, "make_xp_test_case", without_marks),
        mock.patch.object(_array_api, "make_xp_pytest_param", lambda function, *rest: pytest.param(function, *rest)),
    ):
        spec.loader.exec_module(module)
    # The one private function that a test imports; SciPy turns its weights around afterwards.
    module._gaussian_kernel1d = lambda sigma, order, radius: gaussian_weights(sigma, order, radius)[::-1]
    return module
