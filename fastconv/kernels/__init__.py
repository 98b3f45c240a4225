"""The Cython kernels. `CONV` is the one ordered list of convolution algorithms: a new one is one file and one row here.

Each module has `name`, `supports(spec)` -> a reason in words or None, `seconds(spec, isa)` -> the time it expects to take
with one thread, and `bind(spec, isa, isa_name)` -> the convolution ready to run. `auto` takes the one that expects the
least; of equals the first. A module whose error bound exceeds direct summation's says `bounded_as_direct = False`.

`TRANSPOSED` is the same for transposed convolution: algorithms that compute it as a whole, then those of `CONV`, which
compute its phases. A `supports` of the former is asked about a ConvTransposeSpec.
"""

from . import (
    causal,
    depthwise,
    depthwise_transposed,
    direct,
    im2col_gemm,
    pointwise,
    subpixel_gemm,
    winograd_f2x3,
    winograd_f2x5,
    winograd_f4x3,
)

CONV = (depthwise, pointwise, winograd_f4x3, winograd_f2x5, winograd_f2x3, im2col_gemm, direct, causal)
TRANSPOSED = (subpixel_gemm, depthwise_transposed, *CONV)
