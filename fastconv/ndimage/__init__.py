# SPDX-License-Identifier: BSD-3-Clause
"""scipy.ndimage's linear, extreme and rank filters: the same names, signatures and results, on all threads.

`from fastconv import ndimage` is the one line to change; SciPy is not needed. The functions take the arguments of SciPy
1.17, and after them a few of our own, by keyword only.

input
    An array of bool, integers, float32 or float64; complex64 or complex128 where SciPy takes them. Any strides will do and
    none is copied; another byte order is.
output
    None, a dtype or its name, or an array, which may overlap the input. Without it the result has the input's type and the
    order of its axes in memory. float32 results of float32, bool, 8- and 16-bit input are computed in float32, all others
    in float64 or as if. Results that are integers are truncated toward zero and wrap where they are out of range, as in
    SciPy; a sum that is an integer but for rounding counts as that integer.
mode
    What lies outside: "reflect" (b a | a b), "mirror" (c b | a b), "nearest" (a a | a b), "wrap" (y z | a b) or "constant".
    "grid-mirror", "grid-wrap" and "grid-constant" are "reflect", "wrap" and "constant". Where SciPy takes a sequence, it
    holds one name for each axis.
origin
    Moves the window: an output reads size // 2 + origin elements before its own place (convolutions: with the sign turned).
axes
    Axes that are filtered. Sequences in other arguments have one item for each of them.
nan
    "propagate": whatever reads NaN is NaN. "omit": NaN elements are left out, and the sum is scaled by the sum of all
    weights over that of the weights left; where none is left, the result is NaN. Values outside the array count as numbers.
num_threads
    As in `fastconv.functional`; the bits of the result do not depend on it.
"""

from .correlation import convolve, convolve1d, correlate, correlate1d
from .derivatives import (
    gaussian_gradient_magnitude,
    gaussian_laplace,
    generic_gradient_magnitude,
    generic_laplace,
    laplace,
    prewitt,
    sobel,
)
from .gaussian import gaussian_filter, gaussian_filter1d
from .order import (
    maximum_filter,
    maximum_filter1d,
    median_filter,
    minimum_filter,
    minimum_filter1d,
    percentile_filter,
    rank_filter,
)
from .uniform import uniform_filter, uniform_filter1d

__all__ = [
    "convolve",
    "convolve1d",
    "correlate",
    "correlate1d",
    "gaussian_filter",
    "gaussian_filter1d",
    "gaussian_gradient_magnitude",
    "gaussian_laplace",
    "generic_gradient_magnitude",
    "generic_laplace",
    "laplace",
    "maximum_filter",
    "maximum_filter1d",
    "median_filter",
    "minimum_filter",
    "minimum_filter1d",
    "percentile_filter",
    "prewitt",
    "rank_filter",
    "sobel",
    "uniform_filter",
    "uniform_filter1d",
]
