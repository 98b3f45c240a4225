"""Extra memory of one convolution, measured in a process of its own. Run as a script by test_memory.py.

    python peak_memory.py JSON

The arguments are those of `estimate`, as JSON; the answer is JSON too: what `estimate` said before the call,
and how many bytes of anonymous memory the call touched that had not been touched before.

The resident set itself is too coarse: its counters are batched per processor, it holds the pages of files, and
its peak cannot be asked exactly. So memory once allocated is made to stay (the allocator never maps, unmaps or
trims, and has one arena), what is free is given back just before the call, and the pages of anonymous memory are
counted in the page tables before and after: the difference is the peak. All arrays exist and are touched before,
and the code and the threads are awake after a tiny call.
"""

import ctypes
import json
import sys
from collections.abc import Callable

import numpy as np

import fastconv as fc
import fastconv.functional as F

# glibc's names of what mallopt can set, and Linux's of what prctl can.
M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8
PR_SET_THP_DISABLE = 41

libc = ctypes.CDLL(None)


def keep_what_is_allocated() -> None:
    """From now on nothing returns to the system by itself, and a touched page is a small one."""
    for name, value in ((M_TRIM_THRESHOLD, -1), (M_MMAP_MAX, 0), (M_ARENA_MAX, 1)):
        if libc.mallopt(name, value) != 1:
            raise OSError(f"mallopt({name}, {value})")
    libc.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)


def anonymous() -> int:
    """Bytes of anonymous memory in the page tables of this process."""
    with open("/proc/self/smaps_rollup") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Anonymous:"))


def touched_by(call: Callable[[], object]) -> int:
    """Bytes of anonymous memory that a call touches, given back by then or not."""
    anonymous()  # so that its own memory is there
    libc.malloc_trim(0)
    before = anonymous()
    call()
    return anonymous() - before


def main(function: str, input_shape: list[int], weight_shape: list[int], options: dict, how: dict) -> None:
    """Measure one call and print what was promised and what was used."""
    conv = getattr(F, function)
    rank = len(weight_shape) - 2
    x, w = np.ones(input_shape, np.float32), np.ones(weight_shape, np.float32)
    groups, transposed = options.get("groups", 1), function.startswith("conv_transpose")
    b = np.ones(weight_shape[1] * groups if transposed else weight_shape[0], np.float32)
    explained = fc.explain(function, tuple(input_shape), tuple(weight_shape), **options, **how)
    promised = fc.estimate(function, tuple(input_shape), tuple(weight_shape), **options, **how)
    out = np.ones(explained.output_shape, np.float32)
    tiny = np.ones((1, groups, *(max(weight_shape[2:]),) * rank), np.float32)
    steps = {"stride": options.get("stride", 1)} if transposed else {}
    conv(tiny, np.ones((groups, 1, *weight_shape[2:]), np.float32), groups=groups, **steps, **how)
    used = touched_by(lambda: conv(x, w, b, **options, **how, out=out))
    print(json.dumps({"promised": promised, "used": used, "algorithm": explained.algorithm}))


if __name__ == "__main__":
    keep_what_is_allocated()
    main(**json.loads(sys.argv[1]))
