"""Extra memory of one convolution, measured in a process of its own. Run as a script by test_memory.py.

    python peak_memory.py JSON

The arguments are those of `estimate`, as JSON; the answer is JSON too: what `estimate` said before the call,
and by how much the resident set grew at its peak. All arrays exist and are touched before, the code and the
threads are awake after a tiny call, and the kernel's record of the peak is reset, so what remains is the
call's own.
"""

import json
import sys

import numpy as np

import fastconv as fc
import fastconv.functional as F


def status(key: str) -> int:
    """One size of /proc/self/status, in bytes."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key + ":"))


def reset_peak() -> None:
    """Make the resident set of now the peak."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def main(function: str, input_shape: list[int], weight_shape: list[int], options: dict, how: dict) -> None:
    """Measure one call and print what was promised and what was used."""
    conv = getattr(F, function)
    rank = len(weight_shape) - 2
    x, w = np.ones(input_shape, np.float32), np.ones(weight_shape, np.float32)
    b = np.ones(weight_shape[0], np.float32)
    explained = fc.explain(function, tuple(input_shape), tuple(weight_shape), **options, **how)
    promised = fc.estimate(function, tuple(input_shape), tuple(weight_shape), **options, **how)
    out = np.ones(explained.output_shape, np.float32)
    groups = options.get("groups", 1)
    tiny = np.ones((1, groups, *(max(weight_shape[2:]),) * rank), np.float32)
    conv(tiny, np.ones((groups, 1, *weight_shape[2:]), np.float32), groups=groups, **how)
    reset_peak()
    before = status("VmRSS")
    conv(x, w, b, **options, **how, out=out)
    used = max(0, status("VmHWM") - before)
    print(json.dumps({"promised": promised, "used": used, "algorithm": explained.algorithm}))


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
