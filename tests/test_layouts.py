"""Any NumPy layout gives the bits of a contiguous copy; inputs are never modified; what out= may be."""

from collections.abc import Callable
from functools import cache

import calls
import cases
import numpy as np
import pytest

import fastconv as fc
import fastconv.functional as F
import fastconv.grad

Layout = Callable[[np.ndarray], np.ndarray]


def strided(a: np.ndarray) -> np.ndarray:
    """Every second element of a wider array."""
    wider = np.zeros((*a.shape[:-1], a.shape[-1] * 2), a.dtype)
    wider[..., ::2] = a
    return wider[..., ::2]


def cut_out(a: np.ndarray) -> np.ndarray:
    """The middle of a larger array, rows not adjacent."""
    larger = np.full([s + 3 for s in a.shape], 99, a.dtype)
    middle = tuple(slice(1, s + 1) for s in a.shape)
    larger[middle] = a
    return larger[middle]


def backwards(a: np.ndarray) -> np.ndarray:
    """Negative strides along every axis."""
    flip = (slice(None, None, -1),) * a.ndim
    return a[flip].copy()[flip]


def fortran(a: np.ndarray) -> np.ndarray:
    """First axis fastest."""
    return np.asfortranarray(a)


def channels_last(a: np.ndarray) -> np.ndarray:
    """The memory of (n, *spatial, c), seen as (n, c, *spatial)."""
    return np.moveaxis(np.moveaxis(a, 1, -1).copy(), -1, 1) if a.ndim > 1 else a.copy()


def big_endian(a: np.ndarray) -> np.ndarray:
    """The other byte order."""
    return a.astype(a.dtype.newbyteorder())


def misaligned(a: np.ndarray) -> np.ndarray:
    """Elements at odd addresses."""
    raw = bytearray(a.nbytes + 1)
    odd = np.frombuffer(raw, a.dtype, a.size, offset=1).reshape(a.shape)
    odd[...] = a
    return odd


def read_only(a: np.ndarray) -> np.ndarray:
    """Not writable."""
    a = a.copy()
    a.flags.writeable = False
    return a


def broadcast(a: np.ndarray) -> np.ndarray:
    """Stride zero along the first axis."""
    return np.broadcast_to(a[:1], a.shape)


def broadcast_inside(a: np.ndarray) -> np.ndarray:
    """Stride zero along the last axis."""
    return np.broadcast_to(a[..., :1], a.shape)


class Labelled(np.ndarray):
    """An ndarray with a name of its own."""


def subclass(a: np.ndarray) -> np.ndarray:
    """A subclass of ndarray."""
    return a.copy().view(Labelled)


LAYOUTS = (
    strided,
    cut_out,
    backwards,
    fortran,
    channels_last,
    big_endian,
    misaligned,
    read_only,
    broadcast,
    broadcast_inside,
    subclass,
)


def contiguous(a: np.ndarray) -> np.ndarray:
    """A plain copy: C order, native bytes, aligned, writable."""
    return np.array(a, dtype=a.dtype.type, order="C", subok=False)


def same(results: list[np.ndarray], expected: list[np.ndarray]) -> bool:
    """Whether all arrays agree in type, shape and bytes."""
    return len(results) == len(expected) and all(
        r.dtype == e.dtype and r.shape == e.shape and r.tobytes() == e.tobytes()
        for r, e in zip(results, expected, strict=True)
    )


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda f: f.__name__)
def test_every_layout_gives_the_bits_of_a_contiguous_copy(layout: Layout, isa: str, dtype: str) -> None:
    for call in calls.all_calls(dtype):
        for name in call.arrays:
            arrays = {k: layout(v) if k == name else v.copy() for k, v in call.arrays.items()}
            before = {k: v.tobytes() for k, v in arrays.items()}
            results = call.values(arrays)
            expected = call.values({k: contiguous(v) for k, v in arrays.items()})
            assert same(results, expected), f"{call.name}: {name} {layout.__name__} has other bits"
            for k, v in arrays.items():
                assert v.tobytes() == before[k], f"{call.name}: {name} {layout.__name__} modified {k}"
            assert not any(np.may_share_memory(r, a) for r in results for a in arrays.values()), call.name


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda f: f.__name__)
def test_named_algorithms_accept_every_layout(layout: Layout, isa: str, algorithm: str) -> None:
    for call in calls.convolution_calls(2, "float32"):
        if not call.takes_out:
            continue
        arrays = {k: layout(v) for k, v in call.arrays.items()}
        try:
            results = call.values(arrays, algorithm=algorithm)
        except fc.FastconvValueError:
            continue
        expected = call.values({k: contiguous(v) for k, v in arrays.items()}, algorithm=algorithm)
        assert same(results, expected), f"{call.name} {layout.__name__}"


def test_results_are_plain_contiguous_arrays_of_their_own(dtype: str) -> None:
    for call in calls.all_calls(dtype):
        for array in call.values({k: subclass(v) for k, v in call.arrays.items()}):
            assert type(array) is np.ndarray, call.name
            assert array.flags.carray, call.name
            assert array.dtype in (np.dtype(dtype), np.dtype(np.int64), np.dtype(np.uint8)), call.name


@pytest.mark.parametrize("repeat", [1, 2])
def test_same_bits_twice_in_a_row(repeat: int, isa: str, dtype: str) -> None:
    for call in calls.all_calls(dtype):
        assert same(call.values(), call.values()), call.name


# ---- out=

WITH_OUT = [call.name for call in calls.all_calls("float32") if call.takes_out]


@cache
def calls_by_name(dtype: str) -> dict[str, calls.Call]:
    """The calls, made once; nothing here writes to their arrays."""
    return {call.name: call for call in calls.all_calls(dtype)}


def call_named(name: str, dtype: str) -> calls.Call:
    """The call of that name."""
    return calls_by_name(dtype)[name]


def test_the_calls_with_out_are_those_of_the_contract() -> None:
    families = {name.split("-")[0] for name in WITH_OUT}
    convs = ("conv", "conv_transpose", "local_conv", "tiled_conv", "depthwise_separable_conv")
    boxes = (
        *(f"{family}_{kind}_pool" for family in ("adaptive", "global") for kind in ("avg", "max")),
        "sum_pool",
        "lp_pool",
    )
    kinds = (*convs, "max_pool", "avg_pool", "max_unpool", *boxes)
    named = {f"{kind}{rank}d" for kind in kinds for rank in (1, 2, 3)}
    along = {"gated_tanh", "glu", "softmax", "log_softmax", "softmin"}
    alone = {"linear", "maxout", "threshold", "prelu", *calls.ACTIVATIONS, *calls.CURVES, *calls.NORMS, *calls.DROPOUTS}
    sampling = {"pad", "unfold", "fold", "interpolate", "grid_sample", "affine_grid", "roi_pool", "roi_align"}
    assert families == named | along | alone | sampling | {"pixel_shuffle", "pixel_unshuffle"}


@pytest.mark.parametrize("name", WITH_OUT)
def test_out_is_filled_and_returned(name: str, isa: str, dtype: str) -> None:
    call = call_named(name, dtype)
    (expected,) = call.values()
    out = np.full_like(expected, np.nan)
    assert call(out=out) is out
    assert out.tobytes() == expected.tobytes()


@pytest.mark.parametrize("layout", [strided, cut_out, backwards, fortran, channels_last], ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", WITH_OUT)
def test_out_may_have_any_strides_and_its_gaps_stay_untouched(name: str, layout: Layout, dtype: str) -> None:
    call = call_named(name, dtype)
    (expected,) = call.values()
    out = layout(np.full_like(expected, 7))
    base = out if out.base is None else out.base
    others = base.copy()
    assert call(out=out) is out
    assert contiguous(out).tobytes() == expected.tobytes()
    out[...] = 7
    assert (base == others).all()


@pytest.mark.parametrize("layout", [misaligned, big_endian, subclass], ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", WITH_OUT)
def test_out_may_be_misaligned_foreign_or_a_subclass(name: str, layout: Layout, dtype: str) -> None:
    call = call_named(name, dtype)
    (expected,) = call.values()
    out = layout(np.zeros_like(expected))
    assert call(out=out) is out
    assert contiguous(out).tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", WITH_OUT)
def test_wrong_out_is_refused_and_left_alone(name: str, dtype: str) -> None:
    call = call_named(name, dtype)
    (expected,) = call.values()
    other = "float64" if dtype == "float32" else "float32"
    wrong = [
        (np.zeros((*expected.shape[:-1], expected.shape[-1] + 1), dtype), ValueError),
        (np.zeros(expected.shape[1:], dtype), ValueError),
        (np.zeros((1, *expected.shape), dtype), ValueError),
        (np.zeros(expected.shape, other), TypeError),
        (np.zeros(expected.shape, np.int64), TypeError),
        (np.zeros(expected.shape, object), TypeError),
        (read_only(np.zeros(expected.shape, dtype)), ValueError),
        (np.broadcast_to(np.zeros(1, dtype), expected.shape), ValueError),
        (expected.tolist(), TypeError),
        ("out", TypeError),
    ]
    function = name.split("-")[0]
    for out, kind in wrong:
        before = out.tobytes() if isinstance(out, np.ndarray) and out.dtype != object else None
        with pytest.raises(fc.FastconvError) as caught:
            call(out=out)
        assert isinstance(caught.value, kind), (name, out)
        assert function in str(caught.value)
        assert "out" in str(caught.value)
        assert before is None or out.tobytes() == before


def overlapping(shape: tuple[int, ...], shift: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of one shape in one buffer, `shift` elements apart."""
    count = int(np.prod(shape))
    buffer = cases.floats(cases.rng_for("overlap", shift), (count + shift,), dtype)
    return buffer[:count].reshape(shape), buffer[shift:].reshape(shape)


@pytest.mark.parametrize("shift", [0, 1, 5, 40])
@pytest.mark.parametrize("swap", [False, True])
def test_out_may_overlap_an_input(shift: int, swap: bool, rank: int, isa: str, dtype: str, algorithm: str) -> None:
    channels, size = 4, calls.SIZES[rank]
    groups, kernel = calls.suited(algorithm, channels)
    weight = cases.floats(cases.rng_for("overlap", 99), (channels, channels // groups, *(kernel,) * rank), dtype)
    x, out = overlapping((2, channels, *size), shift, dtype)
    if swap:
        x, out = out, x
    conv = getattr(F, f"conv{rank}d")
    options = {"padding": "same", "groups": groups, "algorithm": algorithm}
    if algorithm not in calls.able(f"conv{rank}d", x.shape, weight.shape, padding="same", groups=groups, dtype=dtype):
        with pytest.raises(fc.FastconvValueError, match=algorithm):
            conv(x, weight, **options, out=out)
        return
    expected = conv(x.copy(), weight, **options)
    assert conv(x, weight, **options, out=out) is out
    assert out.tobytes() == expected.tobytes()


@pytest.mark.parametrize("shift", [0, 1, 5])
def test_out_of_pools_and_linear_may_overlap_an_input(shift: int, rank: int, dtype: str) -> None:
    for kind in ("max_pool", "avg_pool"):
        pool = getattr(F, f"{kind}{rank}d")
        x, out = overlapping((1, 2, *calls.SIZES[rank]), shift, dtype)
        expected = pool(x.copy(), 3, 1, 1)
        assert pool(x, 3, 1, 1, out=out) is out
        assert out.tobytes() == expected.tobytes()
    x, out = overlapping((6, 6), shift, dtype)
    weight = x.copy()
    expected = F.linear(x.copy(), weight)
    F.linear(x, weight, out=out)
    assert out.tobytes() == expected.tobytes()


def test_out_may_overlap_weight_and_bias(dtype: str) -> None:
    rng = cases.rng_for("overlap weight", 0)
    x = cases.floats(rng, (1, 2, 4, 4), dtype)
    buffer = cases.floats(rng, (64,), dtype)
    weight, out = buffer[:36].reshape(2, 2, 3, 3), buffer[10:42].reshape(1, 2, 4, 4)
    expected = F.conv2d(x, weight.copy(), padding=1)
    F.conv2d(x, weight, padding=1, out=out)
    assert out.tobytes() == expected.tobytes()
    weight, bias, out = cases.floats(rng, (2, 2, 3, 3), dtype), buffer[12:14], buffer[:32].reshape(1, 2, 4, 4)
    expected = F.conv2d(x, weight, bias.copy(), padding=1)
    F.conv2d(x, weight, bias, padding=1, out=out)
    assert out.tobytes() == expected.tobytes()


def test_input_and_weight_may_be_the_same_memory(rank: int, dtype: str) -> None:
    x = cases.floats(cases.rng_for("same memory", rank), (2, 2, *(3,) * rank), dtype)
    conv = getattr(F, f"conv{rank}d")
    assert conv(x, x, padding=1).tobytes() == conv(x, x.copy(), padding=1).tobytes()
