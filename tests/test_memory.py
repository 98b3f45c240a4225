"""Nothing outside the arrays is read or written, and a call needs no more memory than `estimate` says."""

import json
import math

import calls
import guard_pages
import numpy as np
import processes
import pytest

import fastconv as fc
from benchmarks.layer import Layer, read_layers
from fastconv.backends.cpu import bind_call
from fastconv.explain import spec_of
from fastconv.kernels import CONV

# What the measurement itself cannot resolve: rounding to pages and by the allocator, and pages of stacks that
# are first touched. Measured: up to 28 KiB.
SLACK_BYTES = 64 << 10

MOST_SCRATCH_BYTES = 32 << 20  # beyond input, output and packed weights


def test_a_guarded_array_notices_its_neighbours() -> None:
    for side in ("end", "start"):
        held = guard_pages.Guarded(np.arange(5.0), side)
        assert held.array.tolist() == [0, 1, 2, 3, 4]
        assert held.intact()
        held.bytes[0 if side == "end" else -1] = 1
        assert not held.intact()


@pytest.mark.parametrize(("side", "index"), [("end", "5"), ("start", "-1")])
def test_touching_the_guard_page_kills_the_process(side: str, index: str) -> None:
    """The trap works: otherwise the tests below would prove nothing."""
    code = (
        "import ctypes, numpy, guard_pages\n"
        f"a = guard_pages.Guarded(numpy.zeros(5), {side!r}).array\n"
        "print('ready', flush=True)\n"
        f"ctypes.c_double.from_address(a.ctypes.data + 8 * {index}).value\n"
        "print('alive')"
    )
    done = processes.run("-c", code)
    assert done.returncode != 0
    assert done.stdout.strip() == "ready", done.stderr


@pytest.mark.parametrize("side", ["end", "start"])
@pytest.mark.parametrize("isa", fc.available_isas())
def test_arrays_at_guard_pages(isa: str, side: str) -> None:
    done = processes.run("guard_pages.py", isa, side)
    last = done.stdout.strip().splitlines()[-1:]
    assert done.returncode == 0, f"ended with {done.returncode} at {last}\n{done.stderr[-3000:]}"
    assert last
    assert last[0].startswith("judged ")
    assert int(last[0].split()[1]) > 500


LAYERS = {
    "dense 3x3": ("conv2d", (1, 64, 112, 112), (64, 64, 3, 3), {"padding": 1}),
    "dense 3x3 batch": ("conv2d", (4, 32, 56, 56), (48, 32, 3, 3), {"padding": 1}),
    "stem 7x7": ("conv2d", (1, 3, 224, 224), (64, 3, 7, 7), {"stride": 2, "padding": 3}),
    "deep weights": ("conv2d", (1, 512, 7, 7), (512, 512, 3, 3), {"padding": 1}),
    "pointwise": ("conv2d", (1, 256, 56, 56), (128, 256, 1, 1), {}),
    "strided pointwise": ("conv2d", (1, 256, 56, 56), (128, 256, 1, 1), {"stride": 2}),
    "depthwise": ("conv2d", (1, 128, 112, 112), (128, 1, 3, 3), {"padding": 1, "groups": 128}),
    "dilated": ("conv2d", (1, 32, 96, 96), (32, 32, 3, 3), {"padding": 4, "dilation": 4}),
    "grouped": ("conv2d", (1, 64, 56, 56), (128, 16, 3, 3), {"padding": 1, "groups": 4}),
    "dense 3x3 channels last": (
        "conv2d",
        (1, 112, 112, 64),
        (64, 64, 3, 3),
        {"padding": 1, "data_format": "NHWC", "activation": "silu"},
    ),
    "pointwise channels last": ("conv2d", (1, 56, 56, 256), (128, 256, 1, 1), {"data_format": "NHWC"}),
    "volume": ("conv3d", (1, 16, 20, 40, 40), (32, 16, 3, 3, 3), {"padding": 1}),
    "sound": ("conv1d", (1, 64, 40000), (64, 64, 9), {"padding": 4}),
    "dense 5x5": ("conv2d", (1, 48, 40, 41), (64, 48, 5, 5), {"padding": 2}),
    "wide 3x3": ("conv2d", (1, 8, 40, 1500), (16, 8, 3, 3), {"padding": ((0, 2), (1, 0))}),
    "few tiles": ("conv2d", (2, 200, 9, 9), (200, 200, 3, 3), {}),
    "reflect 3x3": ("conv2d", (1, 64, 112, 112), (64, 64, 3, 3), {"padding": 1, "padding_mode": "reflect"}),
    "wide circular": ("conv2d", (1, 64, 60, 60), (64, 64, 3, 3), {"padding": 40, "padding_mode": "circular", "stride": 2}),
    "flipped": ("conv2d", (1, 512, 7, 7), (512, 512, 3, 3), {"padding": 1, "padding_mode": "replicate", "flip": True}),
    "symmetric channels last": (
        "conv2d",
        (1, 112, 112, 64),
        (64, 64, 3, 3),
        {"padding": 3, "padding_mode": "symmetric", "data_format": "NHWC"},
    ),
}
SERVED = [
    (layer, name) for layer, (function, x, w, options) in LAYERS.items() for name in calls.able(function, x, w, **options)
]


def test_peak_memory_sees_what_is_freed_again() -> None:
    code = """
    import numpy, peak_memory
    peak_memory.keep_what_is_allocated()
    print(peak_memory.touched_by(lambda: numpy.ones(1 << 20)))
    """
    seen = int(processes.fresh(code))
    assert 8 << 20 <= seen <= (8 << 20) + SLACK_BYTES


@pytest.mark.parametrize(("layer", "algorithm"), SERVED)
def test_peak_memory_is_at_most_the_estimate(layer: str, algorithm: str) -> None:
    function, x, w, options = LAYERS[layer]
    problem = {"function": function, "input_shape": x, "weight_shape": w, "options": options}
    done = processes.run("peak_memory.py", json.dumps(problem | {"how": {"algorithm": algorithm, "num_threads": 2}}))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    print(f"{layer} {algorithm}: promised {told['promised']:,} used {told['used']:,} bytes")
    assert told["algorithm"] == algorithm
    assert told["used"] <= told["promised"] + SLACK_BYTES, told


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "layer", [layer for layer in read_layers() if layer.is_convolution and not layer.gradient], ids=lambda layer: layer.name
)
def test_scratch_of_the_benchmarks_layers_is_small(layer: Layer, threads: int) -> None:
    shapes = {"input_shape": layer.input, "weight_shape": layer.window, "bias": layer.bias}
    options = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation, "groups": layer.groups}
    weights = 4 * math.prod(layer.window)
    told = fc.explain(layer.op, **shapes, **options, num_threads=threads)
    for name in calls.able(layer.op, **shapes, **options):
        extras = {"data_format": None, "activation": None, "precision": None}
        spec = spec_of("explain", layer.op, *shapes.values(), tuple(options.values()), extras, "float32")
        call = bind_call(next(module for module in CONV if module.name == name), spec)
        scratch, packed = call.estimate(threads, True), call.estimate(threads, False) - call.estimate(threads, True)
        # The deepest layers' weights are transformed from 9 to 36 numbers, and their tiles may be padded.
        print(f"{layer.name} {name}: {scratch:,} bytes of scratch, {packed / weights:.1f} times the weights packed")
        assert scratch <= MOST_SCRATCH_BYTES, name
        if name == told.algorithm:
            assert told.workspace_bytes <= scratch + packed


@pytest.mark.parametrize(("layer", "algorithm"), SERVED)
def test_there_is_no_full_im2col_buffer(layer: str, algorithm: str) -> None:
    function, x, w, options = LAYERS[layer]
    explained = fc.explain(function, x, w, **options, algorithm=algorithm)
    patches = 4 * math.prod(w[1:]) * math.prod(explained.output_shape) // w[0] * options.get("groups", 1)
    weights = 4 * math.prod(w)
    estimate = fc.estimate(function, x, w, **options, algorithm=algorithm)
    assert explained.workspace_bytes == estimate
    if math.prod(w[2:]) > 1 and patches > 8 << 20:
        # Packed weights are as large as the weights; the rest must not be the patches.
        assert estimate - 2 * weights < patches / 4
