"""Import and calls leave the process as it was; nan and infinities stand where the definition puts them."""

import json
from pathlib import Path

import calls
import cases
import numpy as np
import oracle
import pytest
import tolerance
from processes import fresh

import fastconv as fc
import fastconv.functional as F
import fastconv.grad

MOST_IMPORT_BYTES = 10 << 20

STATE = """
import json, locale, os, signal, sys, threading, time, warnings
import numpy as np
def state():
    return dict(
        environment=dict(os.environ),
        handlers=[repr(signal.getsignal(s)) for s in sorted(signal.valid_signals())],
        tasks=len(os.listdir("/proc/self/task")),
        threads=threading.active_count(),
        filters=repr(warnings.filters),
        locale=locale.setlocale(locale.LC_ALL),
        errors=repr(np.geterr()),
        denormals=float(np.float64(5e-324) * np.float64(1.0)),
        small=float(np.float32(1e-45) * np.float32(1.0)),
        halves=[float(np.float64(x) + np.float64(2.0**52)) for x in (0.5, 1.5, 2.5)],
        path=list(sys.path),
        directory=os.getcwd(),
        recursion=sys.getrecursionlimit(),
        interval=sys.getswitchinterval(),
        random=repr(np.random.get_state()),
    )
"""


def test_import_and_calls_touch_no_state_of_the_process() -> None:
    code = (
        STATE
        + """
before = state()
import fastconv as fc, fastconv.functional as F
imported = state()
assert imported == before, {k: (before[k], imported[k]) for k in before if before[k] != imported[k]}
import calls
first = state()
for call in calls.all_calls("float32") + calls.all_calls("float64"):
    for isa in fc.available_isas():
        with fc.override(isa=isa):
            call()
fc.explain("conv2d", (1, 3, 8, 8), (4, 3, 3, 3))
after = state()
after["tasks"] = first["tasks"]  # the pool of OpenMP threads
assert after == first, {k: (first[k], after[k]) for k in first if first[k] != after[k]}
print("untouched")
"""
    )
    assert fresh(code) == "untouched"


def test_import_brings_in_numpy_and_the_standard_library_only() -> None:
    code = """
    import sys
    import numpy
    before = set(sys.modules)
    import fastconv
    new = {name.split(".")[0] for name in set(sys.modules) - before}
    allowed = set(sys.stdlib_module_names) | {"fastconv", "numpy"}
    print(sorted(n for n in new - allowed if not n.startswith(("_cython", "cython_runtime"))))
    rooms = ("fastconv.models", "fastconv.ndimage", "fastconv.visualize", "fastconv.demo")
    print(sorted(n for n in sys.modules if n in rooms))
    """
    assert fresh(code).splitlines() == ["[]", "[]"]


def test_the_filters_do_not_import_scipy() -> None:
    code = """
    import sys
    import fastconv.ndimage
    print("scipy" in sys.modules)
    """
    assert fresh(code) == "False"


def test_import_is_small(tmp_path: Path) -> None:
    code = """
    import json, time
    import numpy
    def resident():
        with open("/proc/self/status") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))
    before, start = resident(), time.perf_counter()
    import fastconv
    print(json.dumps(dict(bytes=resident() - before, ms=1000 * (time.perf_counter() - start))))
    """
    # The first run compiles the sources into a cache of its own, as an installation does.
    cached = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path)}
    best = min((json.loads(fresh(code, **cached)) for _ in range(4)), key=lambda told: told["ms"])
    print(f"import fastconv after numpy: {best['ms']:.1f} ms, {best['bytes'] / 2**20:.1f} MiB")
    assert best["bytes"] <= MOST_IMPORT_BYTES


def test_max_isa_caps_the_choice() -> None:
    isas = fc.available_isas()
    for i, name in enumerate(isas):
        code = """
        import fastconv as fc
        print(*fc.available_isas(), fc.explain("conv2d", (1, 3, 8, 8), (4, 3, 3, 3)).isa)
        """
        assert fresh(code, FASTCONV_MAX_ISA=name).split() == [*isas[: i + 1], name]


def test_denormals_survive(isa: str, dtype: str, rank: int) -> None:
    tiny = np.finfo(dtype).smallest_subnormal
    x = np.full((1, 2, *(6,) * rank), tiny, dtype)
    w = np.ones((3, 2, *(1,) * rank), dtype)
    for threads in (1, 2):
        y = getattr(F, f"conv{rank}d")(x, w, num_threads=threads)
        assert (y == 2 * tiny).all()
    assert (getattr(F, f"avg_pool{rank}d")(x, 1) == tiny).all()


# ---- nan and infinities

SPECIALS = (np.nan, np.inf, -np.inf)
SPECIAL_CASES = 120


def strewn(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Normal numbers and zeros with a few specials among them, often none."""
    a = cases.floats(rng, shape, dtype)
    a[rng.random(shape) < 0.1] = 0
    rate = rng.choice((0.0, 0.01, 0.1))
    for special in SPECIALS:
        a[rng.random(shape) < rate] = special
    return a


def finite(a: np.ndarray) -> np.ndarray:
    """Magnitudes with the specials at zero: right wherever the sum has none of them."""
    return np.where(np.isfinite(a), np.abs(a), 0)


def test_conv_puts_nan_and_infinity_where_the_definition_does(rank: int) -> None:
    conv, found = getattr(F, f"conv{rank}d"), 0
    for index in range(SPECIAL_CASES):
        rng = cases.rng_for("specials", 10 * index + rank)
        case = cases.draw_conv(rng, rank)
        x, w, b = case.arrays(rng, strewn)
        wide = [None if a is None else cases.exact(a) for a in (x, w, b)]
        expected = case.conv(*wide)
        found += int((~np.isfinite(expected)).any())
        problem = (f"conv{rank}d", case.input_shape, case.weight_shape)
        options = case.options | {"dtype": case.dtype}
        served = calls.able(*problem, **options)
        bounds = tolerance.bounds_for(served, x, w, b, **case.options)
        for isa in fc.available_isas():
            with fc.override(isa=isa):
                for algorithm in (None, *served):
                    y = conv(x, w, b, **case.options, algorithm=algorithm)
                    words = cases.told("specials", 10 * index + rank, case, algorithm, isa)
                    tolerance.check(y, expected, bounds[algorithm or calls.chosen(*problem, **options)], words)
    assert found > SPECIAL_CASES / 3


def test_padding_times_infinity_is_nan(isa: str, dtype: str, rank: int) -> None:
    """Padding is real zeros for every algorithm, so that 0 * inf appears at the border."""
    conv = getattr(F, f"conv{rank}d")
    for groups in (1, 3):
        x = np.ones((1, 3, *(5,) * rank), dtype)
        w = np.ones((3, 3 // groups, *(3,) * rank), dtype)
        w[(slice(None), slice(None), *(0,) * rank)] = np.inf
        expected = oracle.conv(x, w, padding=1, groups=groups)
        assert np.isnan(expected).any()
        assert np.isinf(expected).any()
        served = calls.able(f"conv{rank}d", x.shape, w.shape, padding=1, groups=groups, dtype=dtype)
        bounds = tolerance.bounds_for(served, x, w, integers=True, padding=1, groups=groups)
        for name in served:
            y = conv(x, w, padding=1, groups=groups, algorithm=name)
            tolerance.check(y, expected, bounds[name], f"{name} groups={groups}")


def test_conv_gradients_put_nan_and_infinity_where_the_definition_does(rank: int) -> None:
    name = f"conv{rank}d"
    for index in range(SPECIAL_CASES):
        rng = cases.rng_for("special gradients", 10 * index + rank)
        case = cases.draw_conv(rng, rank)
        x, w, _ = case.arrays(rng, strewn)
        g = strewn(rng, case.output_shape, case.dtype)
        wide_x, wide_w, wide_g = map(cases.exact, (x, w, g))
        gx, gw = case.conv_input(wide_w, wide_g), case.conv_weight(wide_x, wide_g)
        size_x, size_w = (
            case.conv_input(finite(wide_w), finite(wide_g)),
            case.conv_weight(finite(wide_x), finite(wide_g)),
        )
        met = case.reduction * case.weight_shape[0]
        for isa in fc.available_isas():
            words = cases.told("special gradients", 10 * index + rank, case, isa)
            with fc.override(isa=isa):
                got = getattr(fc.grad, f"{name}_input")(case.input_shape, w, g, **case.options, precision="strict")
                tolerance.check(got, gx, tolerance.sum_bound(size_x, met, case.dtype), words + " input")
                got = getattr(fc.grad, f"{name}_weight")(x, case.weight_shape, g, **case.options, precision="strict")
                outputs = case.lift(g)[:, 0].size
                tolerance.check(got, gw, tolerance.sum_bound(size_w, outputs, case.dtype), words + " weight")


def test_pools_put_nan_and_infinity_where_the_definition_does(rank: int) -> None:
    avg_pool = getattr(F, f"avg_pool{rank}d")
    for index in range(SPECIAL_CASES):
        rng = cases.rng_for("special pools", 10 * index + rank)
        case = cases.draw_pool(rng, rank, "avg")
        options = cases.oracle_pool_options(case.options)
        x = strewn(rng, case.input_shape, case.dtype)
        wide = cases.exact(x)
        expected = case.lower(oracle.avg_pool(case.lift(wide), **options))
        magnitude = case.lower(oracle.avg_pool(case.lift(finite(wide)), **options))
        window = int(np.prod(oracle.per_axis(options["kernel"], rank)))
        for isa in fc.available_isas():
            with fc.override(isa=isa):
                bound = tolerance.sum_bound(magnitude, window, case.dtype)
                words = cases.told("special pools", 10 * index + rank, case, isa)
                tolerance.check(avg_pool(x, **case.options), expected, bound, words)


def test_linear_puts_nan_and_infinity_where_the_definition_does(isa: str, dtype: str) -> None:
    for index in range(SPECIAL_CASES):
        rng = cases.rng_for("special linear", index)
        rows, inside, outside = (cases.pick(rng, cases.WIDTHS) for _ in range(3))
        x, w, b = (
            strewn(rng, (rows, inside), dtype),
            strewn(rng, (outside, inside), dtype),
            strewn(rng, (outside,), dtype),
        )
        wide = [cases.exact(a) for a in (x, w, b)]
        bound = tolerance.sum_bound(oracle.linear(*map(finite, wide)), inside, dtype)
        tolerance.check(F.linear(x, w, b), oracle.linear(*wide), bound, f"stream special linear {index}")


@pytest.mark.parametrize("special", SPECIALS)
def test_specials_warn_about_nothing(special: float, isa: str) -> None:
    """pytest turns every warning into an error; the calls themselves must not warn."""
    for call in calls.all_calls("float32"):
        arrays = {
            k: np.full_like(v, special) if v.dtype.kind == "f" and k != "target" else v for k, v in call.arrays.items()
        }
        call(arrays)
