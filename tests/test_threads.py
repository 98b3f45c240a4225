"""Threads: same bits for any number, who decides the number, fork, concurrency, the GIL and Ctrl-C.

What needs a fresh process runs in one; no assertion depends on how long anything takes, except that an
interrupt is noticed within a second.
"""

import contextlib
import os
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import calls
import cases
import numpy as np
import pytest
import threadpoolctl
from processes import fresh

import fastconv as fc
import fastconv.functional as F
import fastconv.grad
from fastconv import settings

LARGER = {
    "general": ((2, 16, 37, 41), (33, 16, 3, 3), {"padding": 1}),
    "strided": ((1, 12, 60, 61), (20, 12, 5, 4), {"stride": (2, 3), "padding": 2}),
    "pointwise": ((1, 40, 33, 35), (50, 40, 1, 1), {}),
    "depthwise": ((2, 30, 40, 43), (60, 1, 3, 3), {"padding": 1, "groups": 30}),
    "grouped": ((1, 24, 30, 31), (36, 8, 3, 3), {"padding": "same", "groups": 3, "dilation": 2}),
    "few pixels": ((1, 64, 5, 5), (96, 64, 3, 3), {"padding": 1}),
}


@pytest.mark.parametrize("layer", LARGER)
def test_same_bits_for_any_number_of_threads(layer: str, isa: str, dtype: str) -> None:
    x_shape, w_shape, options = LARGER[layer]
    rng = cases.rng_for("threads " + layer, 0)
    x, w, b = (cases.floats(rng, shape, dtype) for shape in (x_shape, w_shape, w_shape[:1]))
    explained = fc.explain("conv2d", x_shape, w_shape, dtype=dtype, **options)
    for name in calls.able("conv2d", x_shape, w_shape, dtype=dtype, **options):
        run = [F.conv2d(x, w, b, **options, algorithm=name, num_threads=t).tobytes() for t in (1, 2, 3, 7)]
        assert len(set(run)) == 1, name
    g = cases.floats(rng, explained.output_shape, dtype)
    gradients = (
        lambda t: fc.grad.conv2d_input(x_shape, w, g, **options, num_threads=t),
        lambda t: fc.grad.conv2d_weight(x, w_shape, g, **options, num_threads=t),
        lambda t: fc.grad.conv2d_bias(g, num_threads=t),
    )
    for gradient in gradients:
        assert len({gradient(t).tobytes() for t in (1, 2, 3, 7)}) == 1


def test_same_bits_for_pools_and_the_rest(isa: str, dtype: str) -> None:
    for call in calls.all_calls(dtype):
        seen = set()
        for threads in (1, 2, 3, 7):
            with fc.override(num_threads=threads):
                seen.add(tuple(r.tobytes() for r in call.values()))
        assert len(seen) == 1, call.name


def test_the_choice_of_algorithm_looks_at_neither_batch_nor_threads() -> None:
    for x, w, options in LARGER.values():
        names = {
            fc.explain("conv2d", (n, *x[1:]), w, **options, num_threads=t).algorithm for n in (1, 2, 64) for t in (1, 2, 7)
        }
        assert len(names) == 1


def test_every_slice_of_the_batch_has_the_bits_of_the_whole(isa: str, dtype: str) -> None:
    for x_shape, w_shape, options in LARGER.values():
        rng = cases.rng_for("slices", len(x_shape))
        x, w = cases.floats(rng, (5, *x_shape[1:]), dtype), cases.floats(rng, w_shape, dtype)
        whole = F.conv2d(x, w, **options)
        for start, stop in ((0, 1), (1, 3), (3, 5), (0, 4)):
            assert F.conv2d(x[start:stop], w, **options).tobytes() == whole[start:stop].tobytes()
        assert F.conv2d(x[2], w, **options).tobytes() == whole[2].tobytes()


# ---- who decides

ASK = """
import fastconv as fc
def threads(**how):
    return fc.explain("conv2d", (1, 64, 112, 112), (64, 64, 3, 3), padding=1, **how).num_threads
"""


def ask(code: str, **environment: str) -> list[int]:
    """The numbers of threads printed by `code`, which may call threads()."""
    return [int(word) for word in fresh(textwrap.dedent(ASK) + textwrap.dedent(code), **environment).split()]


def test_argument_over_override_over_variables() -> None:
    code = """
    with fc.override(num_threads=4):
        print(threads(num_threads=5), threads())
        with fc.override(num_threads=6):
            print(threads())
        with fc.override(algorithm="direct"):
            print(threads())
    print(threads())
    """
    assert ask(code, FASTCONV_NUM_THREADS="3", OMP_NUM_THREADS="2") == [5, 4, 6, 4, 3]
    assert ask("print(threads())", OMP_NUM_THREADS="3") == [3]
    assert ask("print(threads())", FASTCONV_NUM_THREADS="1", OMP_NUM_THREADS="3") == [1]


def test_without_words_the_affinity_decides() -> None:
    # A cgroup quota may lower it further, never raise it.
    cpus = len(os.sched_getaffinity(0))
    assert 1 <= ask("print(threads())")[0] <= cpus
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    assert fresh(code + textwrap.dedent(ASK) + "print(threads())") == "1"


def test_override_is_restored_and_local_to_its_context() -> None:
    def number() -> int:
        return fc.explain("conv2d", (1, 64, 112, 112), (64, 64, 3, 3), num_threads=None).num_threads

    before = number()
    with fc.override(num_threads=before + 3), ThreadPoolExecutor(1) as pool:
        assert number() == before + 3
        assert pool.submit(number).result() == before
    assert number() == before
    with contextlib.suppress(ZeroDivisionError), fc.override(num_threads=before + 3):
        raise ZeroDivisionError
    assert number() == before


def test_threadpool_limits_are_obeyed() -> None:
    def number() -> int:
        return fc.explain("conv2d", (1, 64, 112, 112), (64, 64, 3, 3)).num_threads

    before = number()
    with threadpoolctl.threadpool_limits(1):
        assert number() == 1
    assert number() == before


COUNT = """
import contextlib
import os
import numpy as np
import fastconv as fc, fastconv.functional as F
# So much work that a caller left alone at first, because a team came late, still needs the team.
x, w = np.ones((4, 64, 112, 112), np.float32), np.ones((64, 64, 3, 3), np.float32)
def made(run):
    before = len(os.listdir("/proc/self/task"))
    run()
    return len(os.listdir("/proc/self/task")) - before
"""


def test_as_many_threads_are_made_as_were_asked_for() -> None:
    def count(code: str, **environment: str) -> int:
        return int(fresh(textwrap.dedent(COUNT) + code, OPENBLAS_NUM_THREADS="1", **environment))

    assert count("print(made(lambda: F.conv2d(x, w, num_threads=1)))") == 0
    assert count("print(made(lambda: F.conv2d(x, w, num_threads=3)))") == 2
    assert count("print(made(lambda: F.conv2d(x, w)))", FASTCONV_NUM_THREADS="1") == 0
    assert count("print(made(lambda: F.conv2d(x, w)))", FASTCONV_NUM_THREADS="4") == 3
    limited = "import threadpoolctl\nwith threadpoolctl.threadpool_limits(1): print(made(lambda: F.conv2d(x, w)))"
    assert count(limited, OMP_NUM_THREADS="4") == 0


def test_a_call_of_next_to_no_work_stays_serial() -> None:
    code = 'print(fc.explain("conv2d", (1, 1, 8, 8), (1, 1, 3, 3)).num_threads)'
    assert ask(code, FASTCONV_NUM_THREADS="2") == [1]


def test_a_great_many_threads_are_no_harm() -> None:
    code = """
    import numpy as np, fastconv.functional as F
    x, w = np.ones((4, 32, 56, 56), np.float32), np.ones((32, 32, 3, 3), np.float32)
    print((F.conv2d(x, w, num_threads=300) == F.conv2d(x, w, num_threads=1)).all())
    """
    assert fresh(code) == "True"


@pytest.mark.parametrize(
    ("files", "membership", "cpus"),
    [
        ({"a/b/cpu.max": "150000 100000", "a/cpu.max": "max 100000"}, "0::/a/b", 1.5),
        ({"a/b/cpu.max": "max 100000", "a/cpu.max": "200000 100000"}, "0::/a/b", 2.0),
        ({"cpu.max": "50000 100000"}, "0::/", 0.5),
        ({"cpu/x/cpu.cfs_quota_us": "300000", "cpu/x/cpu.cfs_period_us": "100000"}, "4:cpu,cpuacct:/x", 3.0),
        ({"cpu/x/cpu.cfs_quota_us": "-1", "cpu/x/cpu.cfs_period_us": "100000"}, "4:cpu,cpuacct:/x", None),
        ({}, "0::/a/b", None),
    ],
)
def test_the_quota_of_the_cgroup_counts(tmp_path: Path, files: dict, membership: str, cpus: float | None) -> None:
    for name, text in files.items():
        path = tmp_path / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    (tmp_path / "membership").write_text(membership + "\n")
    quota = settings.cgroup_quota(tmp_path / "cgroup", tmp_path / "membership")
    assert quota == cpus if cpus is not None else quota >= 1000


# ---- fork and concurrency


def test_works_in_a_child_forked_after_a_threaded_call() -> None:
    code = """
    import os, signal, sys, time, warnings
    warnings.simplefilter("ignore")
    import numpy as np
    import fastconv.functional as F
    x = np.random.default_rng(0).standard_normal((2, 16, 40, 40)).astype("f4")
    w = np.random.default_rng(1).standard_normal((32, 16, 3, 3)).astype("f4")
    expected = F.conv2d(x, w, num_threads=2).tobytes()
    child = os.fork()
    if child == 0:
        good = all(F.conv2d(x, w, num_threads=t).tobytes() == expected for t in (2, 1, 3))
        os._exit(0 if good else 3)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.01)
    else:
        os.kill(child, signal.SIGKILL)
        sys.exit("the child hangs")
    assert os.waitstatus_to_exitcode(status) == 0, status
    assert F.conv2d(x, w, num_threads=2).tobytes() == expected
    print("right")
    """
    assert fresh(code) == "right"


def test_a_layer_may_be_called_from_many_threads_at_once(dtype: str) -> None:
    layer = fc.nn.Conv2d(8, 12, 3, padding=1, dtype=dtype, rng=np.random.default_rng(0))
    inputs = [cases.floats(cases.rng_for("concurrent", i), (1, 8, 24 + i, 25), dtype) for i in range(8)]
    weight, bias = np.array(layer.weight), np.array(layer.bias)
    expected = [F.conv2d(x, weight, bias, padding=1).tobytes() for x in inputs]
    start = threading.Barrier(8)

    def work(i: int) -> bool:
        start.wait()
        return all(
            layer(inputs[i]).tobytes() == expected[i]
            and F.conv2d(inputs[i], weight, bias, padding=1, num_threads=2).tobytes() == expected[i]
            for _ in range(20)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_the_gil_is_released_during_work() -> None:
    x, w = np.ones((1, 64, 80, 80), np.float32), np.ones((64, 64, 3, 3), np.float32)
    ticks, stop = [0], threading.Event()

    def tick() -> None:
        while not stop.wait(0.001):
            ticks[0] += 1

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        with fc.override(isa="scalar", algorithm="direct", num_threads=1):
            before = ticks[0]
            F.conv2d(x, w)
            during = ticks[0] - before
    finally:
        stop.set()
        ticker.join()
    # A thread that waits for the GIL throughout the call ticks once or twice around it.
    assert during >= 5


INTERRUPTED = """
import os, signal, threading, time
import numpy as np
import fastconv as fc, fastconv.functional as F
x, w = np.ones((2, 256, 112, 112), np.float32), np.ones((256, 256, 3, 3), np.float32)
g = out = np.full((2, 256, 110, 110), np.nan, np.float32)
many = np.ones((8, 256, 224, 224), np.float32)
small = F.conv2d(x[:1, :8, :20, :20], w[:8, :8])
sent = []
def interrupt():
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)
threading.Timer(0.3, interrupt).start()
try:
    with fc.override(isa="scalar", num_threads=THREADS):
        CALL
    raise SystemExit("it ran to the end")
except KeyboardInterrupt:
    latency = time.monotonic() - sent[0]
assert np.isnan(out).any(), "everything had been computed"
assert (F.conv2d(x[:1, :8, :20, :20], w[:8, :8]) == small).all()
assert (F.conv2d(x[:1, :8, :20, :20], w[:8, :8], num_threads=2) == small).all()
print(latency)
"""
LONG = {
    "direct": 'F.conv2d(x, w, algorithm="direct", out=out)',
    "im2col_gemm": 'F.conv2d(x, w, algorithm="im2col_gemm", out=out)',
    "input gradient": "fc.grad.conv2d_input(x.shape, w, g)",
    "weight gradient": "fc.grad.conv2d_weight(x, w.shape, g)",
    "max_pool": "F.max_pool2d(many, 11, 1)",
    "avg_pool": "F.avg_pool2d(many, 11, 1)",
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("call", LONG)
def test_an_interrupt_is_noticed(call: str, threads: int) -> None:
    code = INTERRUPTED.replace("THREADS", str(threads)).replace("CALL", LONG[call])
    latency = float(fresh(code))
    print(f"{call}: KeyboardInterrupt after {1000 * latency:.0f} ms")
    assert latency < 1


def test_an_interrupt_in_another_threads_call_is_left_to_the_main_thread() -> None:
    """Only the main thread may see signals; a call in another thread must not try, and ends rightly."""
    x, w = np.ones((1, 16, 40, 40), np.float32), np.ones((16, 16, 3, 3), np.float32)
    with ThreadPoolExecutor(1) as pool:
        assert (pool.submit(F.conv2d, x, w).result(timeout=60) == F.conv2d(x, w)).all()


def test_time_is_not_spent_when_nothing_is_asked() -> None:
    """An empty batch does no work, whatever the size of the layer."""
    start = time.process_time()
    y = F.conv2d(np.ones((0, 512, 200, 200), np.float32), np.ones((512, 512, 3, 3), np.float32))
    assert y.shape == (0, 512, 198, 198)
    print(f"{time.process_time() - start:.3f} s")
