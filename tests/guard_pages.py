"""Arrays that end, or start, at a page nobody may touch. Run as a script by test_memory.py, in a process of
its own.

    python guard_pages.py ISA end|start

One byte read or written beyond an array is then a segmentation fault, which the test sees as a dead process;
what was running is the last line of its output. Bytes on the other side of each array are canaries, compared
afterwards.
"""

import ctypes
import faulthandler
import mmap
import sys
from functools import partial

import calls
import cases
import filter_cases
import numpy as np
import oracle

import fastconv as fc
import fastconv.functional as F
import fastconv.grad
from fastconv.kernels import activation, matmul, optim

PAGE = mmap.PAGESIZE
PROT_NONE = 0
CANARY = 0xA5
SHAPES_PER_RANK = 40

libc = ctypes.CDLL(None, use_errno=True)
libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


class Guarded:
    """One array between two forbidden pages, touching the second ("end") or the first ("start")."""

    def __init__(self, array: np.ndarray, side: str) -> None:
        room = max(1, -(-array.nbytes // PAGE)) * PAGE
        self.pages = mmap.mmap(-1, room + 2 * PAGE)
        first = ctypes.addressof(ctypes.c_char.from_buffer(self.pages))
        for guard in (first, first + PAGE + room):
            if libc.mprotect(guard, PAGE, PROT_NONE):
                raise OSError(ctypes.get_errno(), "mprotect")
        self.bytes = np.frombuffer(self.pages, np.uint8, room, PAGE)
        self.bytes[:] = CANARY
        start = room - array.nbytes if side == "end" else 0
        self.around = np.r_[0:start, start + array.nbytes : room]
        self.array = self.bytes[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
        self.array[...] = array

    def intact(self) -> bool:
        """Whether the bytes around the array are as they were."""
        return bool((self.bytes[self.around] == CANARY).all())


def judge(call: calls.Call, side: str, words: str, **how: object) -> None:
    """Run a call on ordinary and on guarded arrays; the bits must be the same and the canaries alive."""
    print(words, flush=True)
    expected = call.values(**how)
    held = {name: Guarded(array, side) for name, array in call.arrays.items()}
    arrays = {name: guarded.array for name, guarded in held.items()}
    if call.takes_out:
        held["out"] = Guarded(np.full_like(expected[0], np.nan), side)
        how |= {"out": held["out"].array}
    results = call.values(arrays, **how)
    for result, right in zip(results, expected, strict=True):
        assert result.tobytes() == right.tobytes(), f"other bits: {words}"
    for name, guarded in held.items():
        assert guarded.intact(), f"bytes beside {name} changed: {words}"
        if name != "out":
            assert guarded.array.tobytes() == call.arrays[name].tobytes(), f"{name} changed: {words}"


def input_last(name: str, case: object, x: np.ndarray, w: np.ndarray, g: np.ndarray, options: dict) -> calls.Call:
    """The gradient of an input that has its channels last."""
    rank = w.ndim - 2
    there, arrays = calls.to_last(x, rank), {"weight": w, "grad_output": calls.to_last(g, rank)}
    how = options | {"data_format": calls.LAST[rank]}
    function = getattr(fastconv.grad, f"{name}_input")
    return calls.Call(f"{name}_input last {case}", function, arrays, how, places={"input_size": there.shape})


def random_convolutions(rank: int) -> list[calls.Call]:
    """Forward and gradients of random shapes, tile edges among them."""
    found = []
    for index in range(SHAPES_PER_RANK):
        rng = cases.rng_for("guard pages", 10 * index + rank)
        case = cases.draw_conv(rng, rank)
        x, w, b = case.arrays(rng, cases.floats)
        g = cases.floats(rng, case.output_shape, case.dtype)
        arrays = {"input": x, "weight": w} | ({"bias": b} if case.bias else {})
        name, options = f"conv{rank}d", case.options
        last = {"data_format": calls.LAST[rank], "activation": calls.ACTIVATIONS[index % 7]}
        to_input, to_weight = (getattr(fastconv.grad, f"{name}_{of}") for of in ("input", "weight"))
        shapes = {"input_size": x.shape}, {"weight_size": w.shape}
        found += [
            calls.Call(f"{name} {case}", getattr(F, name), arrays, options, takes_out=True),
            calls.Call(
                f"{name} {last} {case}",
                getattr(F, name),
                arrays | {"input": calls.to_last(x, rank)},
                options | last,
                takes_out=True,
            ),
            calls.Call(f"{name}_input {case}", to_input, {"weight": w, "grad_output": g}, options, places=shapes[0]),
            input_last(name, case, x, w, g, options),
            calls.Call(f"{name}_weight {case}", to_weight, {"input": x, "grad_output": g}, options, places=shapes[1]),
            calls.Call(f"{name}_bias {case}", getattr(fastconv.grad, f"{name}_bias"), {"grad_output": g}),
        ]
    return found


def random_borders(rank: int) -> list[calls.Call]:
    """The same with something in the padding."""
    found = []
    for index in range(SHAPES_PER_RANK):
        rng = cases.rng_for("guard pages border", 10 * index + rank)
        drawn = cases.draw_border(rng, rank)
        case, options, name = drawn.case, drawn.options, f"conv{rank}d"
        x, w, b = case.arrays(rng, cases.floats)
        g = cases.floats(rng, case.output_shape, case.dtype)
        arrays, there = {"input": x, "weight": w} | ({"bias": b} if case.bias else {}), {"input": calls.to_last(x, rank)}
        last = {"data_format": calls.LAST[rank]}
        to_input, to_weight = (getattr(fastconv.grad, f"{name}_{of}") for of in ("input", "weight"))
        shapes = {"input_size": x.shape}, {"weight_size": w.shape}
        found += [
            calls.Call(f"{name} {drawn}", getattr(F, name), arrays, options, takes_out=True),
            calls.Call(f"{name} last {drawn}", getattr(F, name), arrays | there, options | last, takes_out=True),
            calls.Call(f"{name}_input {drawn}", to_input, {"weight": w, "grad_output": g}, options, places=shapes[0]),
            input_last(name, drawn, x, w, g, options),
            calls.Call(f"{name}_weight {drawn}", to_weight, {"input": x, "grad_output": g}, options, places=shapes[1]),
        ]
    return found


def random_separable(rank: int) -> list[calls.Call]:
    """Depthwise separable convolutions of random shapes."""
    found, name = [], f"depthwise_separable_conv{rank}d"
    parts = ("input", "depthwise_weight", "pointwise_weight", "depthwise_bias", "pointwise_bias")
    for index in range(SHAPES_PER_RANK):
        rng = cases.rng_for("guard pages separable", 10 * index + rank)
        case = cases.draw_separable(rng, rank)
        arrays = dict(zip(parts, case.arrays(rng, cases.floats), strict=True))
        there, options = {"input": calls.to_last(arrays["input"], rank)}, case.geometry | {"activation": case.between}
        last = options | {"data_format": calls.LAST[rank], "depthwise_activation": calls.ACTIVATIONS[index % 7]}
        found += [
            calls.Call(f"{name} {case}", getattr(F, name), arrays, options, takes_out=True),
            calls.Call(f"{name} last {case}", getattr(F, name), arrays | there, last, takes_out=True),
        ]
    return found


def random_transposed(rank: int) -> list[calls.Call]:
    """Transposed convolutions and their gradients of random shapes."""
    found = []
    for index in range(SHAPES_PER_RANK):
        rng = cases.rng_for("guard pages transposed", 10 * index + rank)
        case = cases.draw_transposed(rng, rank)
        x, w, b = case.arrays(rng, cases.floats)
        g = cases.floats(rng, case.output_shape, case.dtype)
        arrays = {"input": x, "weight": w} | ({"bias": b} if case.bias else {})
        name, options = f"conv_transpose{rank}d", case.options
        last = {"data_format": calls.LAST[rank], "activation": calls.ACTIVATIONS[index % 7]}
        to_input, to_weight = (getattr(fastconv.grad, f"{name}_{of}") for of in ("input", "weight"))
        wild = np.where(rng.random(w.shape) < 0.1, np.inf, w).astype(case.dtype)
        found += [
            calls.Call(f"{name} {case}", getattr(F, name), arrays, options, takes_out=True),
            calls.Call(
                f"{name} {last} {case}",
                getattr(F, name),
                arrays | {"input": calls.to_last(x, rank), "weight": wild},
                options | last,
                takes_out=True,
            ),
            calls.Call(
                f"{name}_input {case}", to_input, {"weight": w, "grad_output": g}, options, places={"input_size": x.shape}
            ),
            input_last(name, case, x, w, g, options),
            calls.Call(
                f"{name}_weight {case}", to_weight, {"input": x, "grad_output": g}, options, places={"weight_size": w.shape}
            ),
        ]
    return found


def random_pools(rank: int) -> list[calls.Call]:
    """Pooling, unpooling and their gradients of random shapes."""
    found = []
    for index in range(SHAPES_PER_RANK):
        rng = cases.rng_for("guard pages pool", 10 * index + rank)
        case = cases.draw_pool(rng, rank, "max")
        x = cases.floats(rng, case.input_shape, case.dtype)
        _, where = oracle.max_pool(case.lift(x), **cases.oracle_pool_options(case.options))
        where = case.lower(where)
        g = cases.floats(rng, where.shape, case.dtype)
        name = f"max_pool{rank}d"
        spread, gather = (
            getattr(fastconv.grad, f"{name}_input"),
            getattr(fastconv.grad, f"max_unpool{rank}d_input"),
        )
        shape = {"input_size": x.shape}
        found += [
            calls.Call(f"{name} {case}", getattr(F, name), {"input": x}, case.options, takes_out=True),
            calls.Call(f"{name}_input {case}", spread, {"indices": where, "grad_output": g}, places=shape),
            calls.Call(f"max_unpool{rank}d_input {case}", gather, {"indices": where, "grad_output": x}),
        ]
        numbers = cases.integers(rng, case.input_shape, "float64").astype(("uint8", "int16", "uint32", "int64")[index % 4])
        for switches in ("flat", "compact"):
            told, how = f"{name} {switches} {case}", {"return_indices": True, "switches": switches}
            last = how | {"data_format": calls.LAST[rank]}
            found += [
                calls.Call(told, getattr(F, name), {"input": x}, case.options | how, takes_out=True),
                calls.Call(f"{told} last", getattr(F, name), {"input": calls.to_last(x, rank)}, case.options | last),
                calls.Call(f"{told} {numbers.dtype}", getattr(F, name), {"input": numbers}, case.options | how),
                calls.Call(
                    f"{told} {numbers.dtype} last",
                    getattr(F, name),
                    {"input": calls.to_last(numbers, rank)},
                    case.options | last,
                ),
            ]
        case = cases.draw_pool(rng, rank, "avg")
        x = cases.floats(rng, case.input_shape, case.dtype)
        average, spread = getattr(F, f"avg_pool{rank}d"), getattr(fastconv.grad, f"avg_pool{rank}d_input")
        g, shape = average(x, **case.options), {"input_size": x.shape}
        found += [
            calls.Call(f"avg_pool{rank}d {case}", average, {"input": x}, case.options, takes_out=True),
            calls.Call(f"avg_pool{rank}d_input {case}", spread, {"grad_output": g}, case.options, places=shape),
        ]
    return found


def random_boxes(rank: int) -> list[calls.Call]:
    """Adaptive pooling and norms of random shapes, and their gradients, with the channels first and last."""
    found = []
    for index in range(SHAPES_PER_RANK):
        rng = cases.rng_for("guard pages boxes", 10 * index + rank)
        case = cases.draw_pool(rng, rank, "avg")
        options = {k: v for k, v in case.options.items() if k not in ("count_include_pad", "divisor_override")}
        outputs = {"output_size": tuple(int(rng.integers(1, n + 2)) for n in case.size)}
        norm = options | {"norm_type": (1, 2, 3, 1.5, float("inf"))[index % 5]}
        x = cases.floats(rng, case.input_shape, case.dtype)
        for a, last in ((x, {}), (calls.to_last(x, rank), {"data_format": calls.LAST[rank]})):
            shape, words = {"input_size": a.shape}, f"{case} {last}"
            for kind, how in (("adaptive_avg", outputs), ("adaptive_max", outputs), ("lp", norm)):
                name = f"{kind}_pool{rank}d"
                pool, back = getattr(F, name), getattr(fastconv.grad, f"{name}_input")
                found.append(calls.Call(f"{name} {words}", pool, {"input": a}, how | last, takes_out=True))
                y = pool(a, **how, **last)
                if kind == "lp":
                    arrays = {"input": a, "output": y, "grad_output": y}
                    found.append(calls.Call(f"{name}_input {words}", back, arrays, how | last))
                elif kind == "adaptive_avg":
                    found.append(calls.Call(f"{name}_input {words}", back, {"grad_output": y}, last, places=shape))
                else:
                    switched = how | last | {"return_indices": True}
                    found.append(calls.Call(f"{name} indices {words}", pool, {"input": a}, switched))
                    arrays = {"indices": pool(a, **switched)[1], "grad_output": y}
                    found.append(calls.Call(f"{name}_input {words}", back, arrays, last, places=shape))
    return found


def random_samplings(rank: int) -> list[calls.Call]:
    """Padding, patches, interpolation, grids and regions of random shapes; some coordinates are no numbers."""
    found, grad = [], fastconv.grad
    for index in range(SHAPES_PER_RANK // 2):
        rng = cases.rng_for("guard pages sampling", 10 * index + rank)
        dtype = cases.DTYPES[index % 2]
        size = (*(int(s) for s in rng.integers(1, 6, rank - 1)), cases.pick(rng, cases.WIDTHS))
        x = cases.floats(rng, (1, cases.pick(rng, (1, 3, 17)), *size), dtype)
        last, shape = {"data_format": calls.LAST[rank]}, {"input_size": x.shape}
        mode = ("constant", "reflect", "replicate", "circular", "symmetric")[index % 5]
        how = {"pad": tuple(int(v) for v in rng.integers(0, 20, 2 * rank)), "mode": mode}
        window = {"kernel_size": (2,) * rank, "padding": 1, "stride": tuple(int(v) for v in rng.integers(1, 4, rank))}
        scale = {"size": tuple(int(s) for s in rng.integers(1, 40 // rank, rank))}
        scale["mode"] = ("nearest", calls.LINEAR[rank], "area")[index % 3]
        if index % 4 == 0:
            scale["size"] = tuple(2 * s for s in size)
        columns, grown = F.unfold(x, **window), F.interpolate(x, **scale)
        name = f"{x.shape} {dtype}"
        found += [
            calls.Call(f"pad {how} {name}", F.pad, {"input": x}, how, takes_out=True),
            calls.Call(f"pad last {how} {name}", F.pad, {"input": calls.to_last(x, rank)}, how | last, takes_out=True),
            calls.Call(f"pad_input {how} {name}", grad.pad_input, {"grad_output": F.pad(x, **how)}, how, places=shape),
            calls.Call(f"unfold {window} {name}", F.unfold, {"input": x}, window, takes_out=True),
            calls.Call(f"fold {window} {name}", F.fold, {"input": columns}, window | {"output_size": size}, takes_out=True),
            calls.Call(f"interpolate {scale} {name}", F.interpolate, {"input": x}, scale, takes_out=True),
            calls.Call(
                f"interpolate_input {scale} {name}", grad.interpolate_input, {"grad_output": grown}, scale, places=shape
            ),
        ]
        if rank == 1:
            continue
        wild = (np.nan, np.inf, -np.inf, 1e30, -1e30)
        grid = rng.uniform(-1.5, 1.5, (1, *(2,) * (rank - 1), cases.pick(rng, cases.WIDTHS), rank)).astype(dtype)
        grid[rng.random(grid.shape) < 0.1] = wild[index % 5]
        spot = {"padding_mode": ("zeros", "border", "reflection")[index % 3], "align_corners": index % 2 == 0}
        g = cases.floats(rng, (1, x.shape[1], *grid.shape[1:-1]), dtype)
        arrays, both = {"input": x, "grid": grid}, {"grid": grid, "grad_output": g}
        there = {"input": calls.to_last(x, rank), "grid": grid}
        found += [
            calls.Call(f"grid_sample {spot} {name}", F.grid_sample, arrays, spot, takes_out=True),
            calls.Call(f"grid_sample last {spot} {name}", F.grid_sample, there, spot | last, takes_out=True),
            calls.Call(f"grid_sample_input {spot} {name}", grad.grid_sample_input, both, spot, places=shape),
            calls.Call(f"grid_sample_grid {spot} {name}", grad.grid_sample_grid, {"input": x} | both, spot),
        ]
        if rank == 3:
            continue
        boxes = np.concatenate([np.zeros((6, 1)), rng.uniform(-5, 60, (6, 4))], axis=1).astype(dtype)
        boxes[5, 1:] = wild[index % 5]
        bins = {"output_size": (3, cases.pick(rng, (1, 2, 16, 17)))}
        y, where = F.roi_pool(x, boxes, **bins, return_indices=True)
        arrays, there = {"input": x, "boxes": boxes}, {"input": calls.to_last(x, 2), "boxes": boxes}
        pooled = {"boxes": boxes, "indices": where, "grad_output": y}
        found += [
            calls.Call(f"roi_pool {bins} {name}", F.roi_pool, arrays, bins, takes_out=True),
            calls.Call(f"roi_align {bins} {name}", F.roi_align, arrays, bins, takes_out=True),
            calls.Call(f"roi_align last {bins} {name}", F.roi_align, there, bins | last, takes_out=True),
            calls.Call(f"roi_pool_input {name}", grad.roi_pool_input, pooled, places=shape),
            calls.Call(
                f"roi_align_input {bins} {name}",
                grad.roi_align_input,
                {"boxes": boxes, "grad_output": y},
                bins,
                places=shape,
            ),
        ]
    return found


def random_calls(rank: int) -> list[calls.Call]:
    """Random shapes of everything."""
    families = (random_convolutions, random_borders, random_separable, random_transposed, random_pools, random_boxes)
    families += (random_samplings,)
    return [call for family in families for call in family(rank)]


def judge_filters(side: str) -> int:
    """Run filters of images on ordinary and on guarded arrays; return how many."""
    judged = 0
    for name in (*filter_cases.LINEAR, *filter_cases.ORDER):
        draw = filter_cases.draw_order if name in filter_cases.ORDER else filter_cases.draw_linear
        for index in range(SHAPES_PER_RANK):
            rng = cases.rng_for(f"guard pages {name}", index)
            case = draw(rng, name, str(rng.choice(filter_cases.REAL)))
            words = f"{name}(x of {case.x.dtype} {case.x.shape}, {case.arguments})"
            print(words, flush=True)
            function = getattr(fc.ndimage, name)
            x = np.array(case.x, case.x.dtype.newbyteorder("="), order="C")
            expected = function(x, **case.arguments)
            held, out = Guarded(x, side), Guarded(np.zeros_like(expected), side)
            function(held.array, output=out.array, **case.arguments)
            assert out.array.tobytes() == expected.tobytes(), f"other bits: {words}"
            assert all((held.intact(), out.intact())), f"bytes beside an array changed: {words}"
            assert held.array.tobytes() == x.tobytes(), f"input changed: {words}"
            judged += 1
    return judged


def training_kernels(rng: np.random.Generator, dtype: str) -> list[tuple]:
    """The kernels of training that write into arrays they are given: words, kernel, arrays, numbers."""
    m, k, n = (cases.pick(rng, cases.WIDTHS) for _ in range(3))
    p, g, v, s = (cases.floats(rng, (n,), dtype) for _ in range(4))
    x, w, b, dy = (cases.floats(rng, shape, dtype) for shape in ((m, k), (n, k), (n,), (m, n)))
    marks, words = np.zeros((n + 7) // 8, np.uint8), f"{dtype} m={m} k={k} n={n}"
    return [
        (f"sgd {words}", optim.sgd, (p, g, v), (0.1, 0.9, 0.0, 0.1, True, False)),
        (f"adam {words}", optim.adam, (p, g, v, s * s), ((0.1, 0.9, 0.99, 1e-8, 0.1, 1.0, 0.5),)),
        (f"marked {words}", partial(activation.marked, p, None), (marks, g), ("relu6", 0.0)),
        (f"marked, back {words}", partial(activation.marked, None, p), (marks, g), ("relu", 0.0)),
        (f"linear {words}", matmul.linear, (x, w, b, dy), ()),
        (f"linear_input {words}", matmul.linear_input, (dy, w, x), ()),
        (f"linear_weight {words}", matmul.linear_weight, (dy, x, w), ()),
    ]


def judge_training(side: str) -> int:
    """Run them on ordinary and on guarded arrays; return how many."""
    isa, judged = fc.settings.isa_index(), 0
    for number in range(2 * SHAPES_PER_RANK):
        kernels = training_kernels(cases.rng_for("guard pages training", number), cases.DTYPES[number % 2])
        for words, kernel, arrays, numbers in kernels:
            print(words, flush=True)
            expected, held = [array.copy() for array in arrays], [Guarded(array, side) for array in arrays]
            kernel(*expected, *numbers, isa, 2)
            kernel(*(guarded.array for guarded in held), *numbers, isa, 2)
            for guarded, right in zip(held, expected, strict=True):
                assert guarded.array.tobytes() == right.tobytes(), f"other bits: {words}"
                assert guarded.intact(), f"bytes beside an array changed: {words}"
            judged += 1
    return judged


def main(isa: str, side: str) -> None:
    """Every call of calls.py and every random shape, with every algorithm that serves it."""
    faulthandler.enable()
    problems = [call for dtype in cases.DTYPES for call in calls.all_calls(dtype)]
    problems += [call for rank in (1, 2, 3) for call in random_calls(rank)]
    with fc.override(isa=isa):
        judged = judge_filters(side) + judge_training(side)
        for call in problems:
            for threads in (1, 2) if call.takes_threads else (None,):
                how = {} if threads is None else {"num_threads": threads}
                judge(call, side, f"{call.name} {how}", **how)
                judged += 1
            if call.takes_out and call.name.startswith("conv"):
                for algorithm in fc.algorithms(call.function.__name__):
                    try:
                        call(algorithm=algorithm)
                    except fc.FastconvError:
                        continue
                    judge(call, side, f"{call.name} {algorithm}", algorithm=algorithm)
                    judged += 1
    print(f"judged {judged}")


if __name__ == "__main__":
    main(*sys.argv[1:])
