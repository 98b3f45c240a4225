"""The Cython kernels. `CONV` is the one ordered list of convolution algorithms: a new one is one file and one row here.

Each module has `name`, `supports(spec)` -> a reason in words or None, `worth(spec)` -> whether `auto` should take it, and
`bind(spec, isa, isa_name)` -> the convolution ready to run. `auto` takes the first that supports the spec and finds it worth
it; the order of the list is the order of preference. Neither looks at n or at the number of threads.
"""

from . import depthwise, direct, im2col_gemm, pointwise, winograd_f2x3, winograd_f2x5, winograd_f4x3

CONV = (depthwise, pointwise, winograd_f4x3, winograd_f2x5, winograd_f2x3, im2col_gemm, direct)
