"""Malformed calls: each raises, names function, argument and value, has the right kind, and allocates nothing
first.

A row is (function, good arguments, the bad argument, its bad value, what the message must say of it, the
kind). The rows are generated from lists of bad values per argument; a bad *kind* is a TypeError, a bad
*value* a ValueError, and both are FastconvError and so RuntimeError.
"""

import inspect
import re
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest

import fastconv as fc
import fastconv.functional as F
import fastconv.grad

# Peak bytes that numpy and Python may allocate while a call is being refused.
MOST_BYTES = 1_000_000

ACTIVATIONS = ("relu", "relu6", "leaky_relu", "sigmoid", "tanh", "silu", "hardswish")
HUGE = (2**31, 2**62, 2**63 - 1, 2**63, 2**64 + 5)


class Thing:
    """An object of no use as an argument."""

    def __repr__(self) -> str:
        return "<a Thing>"


@dataclass(frozen=True)
class Bad:
    """One malformed call and what its error must say."""

    function: str
    call: Callable[..., object]
    arguments: dict
    argument: str | tuple[str, ...]
    says: str | tuple[str, ...]
    kind: type

    def __str__(self) -> str:
        """Name of the case: function, argument and value."""
        argument = self.argument if isinstance(self.argument, str) else self.argument[0]
        value = self.arguments.get(argument)
        shown = f"{value.dtype}{list(value.shape)}" if isinstance(value, np.ndarray) else repr(value)
        return f"{self.function}-{argument}={shown[:40]}"


def says_of(value: object) -> tuple[str, ...]:
    """What a message may contain to have shown a value; an array is shown by its type."""
    if isinstance(value, np.ndarray) and value.ndim:
        return (str(value.dtype),)
    if isinstance(value, (np.ndarray, np.generic)):
        return (str(value), repr(value))
    if isinstance(value, list) and isinstance(value[0], list):
        return ("list", "[[")
    return (repr(value),)


def wrong_ints(least: int, rank: int) -> Iterator[tuple[object, tuple[str, ...], type]]:
    """Bad values of an argument that is one int, or one int per axis, of at least `least`."""
    for value in (least - 1, -7, -(2**31), -(2**63), *HUGE):
        yield value, (str(value),), ValueError
    for position in range(rank):
        several = tuple(least - 1 if i == position else max(least, 1) for i in range(rank))
        yield several, (str(several),), ValueError
    for count in {0, rank + 1, rank + 3} - {1}:
        yield (2,) * count, (str((2,) * count),), ValueError
    for value in (1.5, 2.0, True, "2", b"2", Thing(), 1j, {1: 2}, np.float32(2), np.array(1.5)):
        yield value, says_of(value), TypeError
    for item in (1.5, "1", None, True, Thing()):
        yield (item,) * rank, says_of(item), TypeError


def good_conv(rank: int) -> dict:
    """Arguments of a convolution that works."""
    size = (9, 8, 7)[:rank]
    return {
        "input": np.ones((2, 4, *size), np.float32),
        "weight": np.ones((6, 4, *(3,) * rank), np.float32),
        "bias": np.ones(6, np.float32),
    }


def good_conv_gradients(rank: int) -> dict[str, dict]:
    """Arguments of the convolution gradients that work."""
    arrays = good_conv(rank)
    g = np.ones((2, 6, *(s - 2 for s in arrays["input"].shape[2:])), np.float32)
    return {
        f"conv{rank}d_input": {
            "input_size": arrays["input"].shape,
            "weight": arrays["weight"],
            "grad_output": g,
        },
        f"conv{rank}d_weight": {
            "input": arrays["input"],
            "weight_size": arrays["weight"].shape,
            "grad_output": g,
        },
    }


def wrong_array(good: np.ndarray, batch_axis: bool = True) -> Iterator[tuple[object, str, type]]:
    """Things that are no array of the right type and rank."""
    for value in (None, 3, 2.5, "array", Thing(), good.tolist(), {}, b"123"):
        yield value, says_of(value), TypeError
    for dtype in (
        "int32",
        "int64",
        "uint8",
        "bool",
        "float16",
        "complex64",
        "complex128",
        "object",
        "longdouble",
        "S3",
    ):
        yield good.astype(dtype), np.dtype(dtype).name.replace("bytes24", "S3"), TypeError
    higher, lower = good.reshape(1, 1, *good.shape), good[(0,) * 2]
    for value in (higher, lower, good[(0,) * good.ndim]) if batch_axis else (higher,):
        yield np.asarray(value), str(np.shape(value)), ValueError


def conv_rows(rank: int) -> Iterator[Bad]:
    """Convolutions and their gradients."""
    name = f"conv{rank}d"
    functions = {name: (getattr(F, name), good_conv(rank))}
    for gradient, good in good_conv_gradients(rank).items():
        functions[gradient] = (getattr(fc.grad, gradient), good)
    for function, (call, good) in functions.items():
        for argument, least in (("stride", 1), ("dilation", 1), ("padding", 0)):
            for value, says, kind in wrong_ints(least, rank):
                if argument == "padding" and isinstance(value, str):
                    kind = ValueError  # a word is a legal kind of padding
                yield Bad(function, call, good | {argument: value}, argument, says, kind)
            if argument != "padding":
                yield Bad(function, call, good | {argument: None}, argument, "None", TypeError)
        for value in ("sme", "", "full", "SAME "):
            yield Bad(function, call, good | {"padding": value}, "padding", repr(value), ValueError)
        for value in (((1, 2, 3),) * rank, ((1,),) * rank, ((-1, 0),) * rank, ((0, 2**62),) * rank):
            yield Bad(function, call, good | {"padding": value}, "padding", str(value), ValueError)
        yield Bad(function, call, good | {"padding": None}, "padding", "None", TypeError)
        yield Bad(function, call, good | {"padding": ((1.5, 0),) * rank}, "padding", "1.5", TypeError)
        for value in (0, -1, -(2**63), 3, 4, 5, *HUGE):
            yield Bad(function, call, good | {"groups": value}, "groups", str(value), ValueError)
        for value in (None, 1.0, True, "1", Thing(), (1,), 1j, np.float64(1)):
            yield Bad(function, call, good | {"groups": value}, "groups", repr(value), TypeError)
        for array in ("input", "weight", "grad_output"):
            if array in good:
                for value, says, kind in wrong_array(good[array]):
                    yield Bad(function, call, good | {array: value}, array, says, kind)
                other = good[array].astype(np.float64)
                yield Bad(
                    function,
                    call,
                    good | {array: other},
                    ("weight", "input", "bias", "grad_output"),
                    "float64",
                    TypeError,
                )
        for value in (0, -1, 2**31, 2**63):
            yield Bad(function, call, good | {"num_threads": value}, "num_threads", str(value), ValueError)
        for value in ("2", 1.5, True, Thing(), (1,)):
            yield Bad(function, call, good | {"num_threads": value}, "num_threads", repr(value), TypeError)
    yield from conv_shape_rows(rank)
    yield from conv_gradient_rows(rank)


def conv_shape_rows(rank: int) -> Iterator[Bad]:
    """Shapes that do not fit each other, bias, algorithm and out."""
    name = f"conv{rank}d"
    call, good = getattr(F, name), good_conv(rank)
    size = good["input"].shape[2:]

    def row(
        argument: str | tuple[str, ...],
        says: str | tuple[str, ...],
        kind: type = ValueError,
        **changed: object,
    ) -> Bad:
        return Bad(name, call, good | changed, argument, says, kind)

    def f32(*shape: int) -> np.ndarray:
        return np.ones(shape, np.float32)

    for channels in (1, 3, 5, 8):
        yield row("input", str((2, channels, *size)), input=f32(2, channels, *size))
    yield row("input", str((3, *size)), input=f32(3, *size))
    yield row("input", str((2, 0, *size)), input=f32(2, 0, *size), weight=f32(6, 0, *(3,) * rank))
    yield row("input", str((2, 4, *(0,) * rank)), input=f32(2, 4, *(0,) * rank), padding=2)
    yield row("weight", str((0, 4, *(3,) * rank)), weight=f32(0, 4, *(3,) * rank), bias=None)
    yield row("weight", str((6, 4, *(0,) * rank)), weight=f32(6, 4, *(0,) * rank))
    yield row(("weight", "input", "kernel"), "10", weight=f32(6, 4, *(10,) * rank))
    yield row(("weight", "input", "kernel"), str(good["input"].shape[-1]), weight=f32(6, 4, *(1,) * (rank - 1), 10))
    yield row("groups", "2", groups=2)
    yield row("groups", "4", groups=4, weight=f32(6, 1, *(3,) * rank))
    for shape in ((5,), (7,), (1,), (0,), (6, 2), (1, 6), ()):
        yield row("bias", str(shape), bias=np.ones(shape, np.float32))
    for value in (1.0, "bias", [1.0] * 6, Thing(), True):
        yield row("bias", says_of(value), TypeError, bias=value)
    for dtype in ("float64", "int64", "object", "complex64", "bool"):
        yield row("bias", dtype, TypeError, bias=np.ones(6).astype(dtype))
    for value in ("winograd", "", "Direct", "direct ", "auto_", "im2col"):
        yield row("algorithm", repr(value), algorithm=value)
    for value in (3, b"direct", True, Thing(), ("direct",)):
        yield row("algorithm", repr(value), TypeError, algorithm=value)
    yield from conv_option_rows(rank)
    last = {"data_format": ("NWC", "NHWC", "NDHWC")[rank - 1]}
    for channels in (1, 3, 5, 8):
        yield row("input", str((2, *size, channels)), input=f32(2, *size, channels), **last)
    yield row("input", "4 channels", **last)  # channels first all the same
    yield row("out", "must have shape (2, ", input=f32(2, *size, 4), out=f32(2, 6, *(s - 2 for s in size)), **last)
    yield row("algorithm", "pointwise", algorithm="pointwise")
    yield row("algorithm", "depthwise", algorithm="depthwise")
    out_shape = (2, 6, *(s - 2 for s in size))
    for shape in ((2, 6, *size), out_shape[1:], (1, *out_shape), (3, *out_shape[1:]), ()):
        yield row("out", str(shape), out=np.zeros(shape, np.float32))
    for dtype in ("float64", "int32", "object", "complex64"):
        yield row("out", dtype, TypeError, out=np.zeros(out_shape).astype(dtype))
    for value in ("out", 3, Thing(), [1.0], True):
        yield row("out", says_of(value), TypeError, out=value)
    fixed = np.zeros(out_shape, np.float32)
    fixed.flags.writeable = False
    yield row("out", ("read-only", "writ", "readonly"), out=fixed)
    # Views of a few bytes that stand for more elements than any machine holds.
    vast = np.broadcast_to(np.float32(1), (1, 3, *(2 ** (57 // rank),) * rank))
    yield row("input", str(vast.shape), input=vast)
    vast = np.broadcast_to(np.float32(1), (1, 4, *(2 ** (57 // rank),) * rank))
    yield row("stride", "0", input=vast, stride=0)
    yield row("dilation", str(2**62), input=vast, dilation=2**62)


def conv_option_rows(rank: int) -> Iterator[Bad]:
    """data_format, activation and precision."""
    name = f"conv{rank}d"
    call, good = getattr(F, name), good_conv(rank)
    others = {"NCW", "NWC", "NCHW", "NHWC", "NCDHW", "NDHWC"} - {("NCW", "NCHW", "NCDHW")[rank - 1]}
    others -= {("NWC", "NHWC", "NDHWC")[rank - 1]}
    wrong = {
        "data_format": (*sorted(others), "", "nchw", "nhwc", "channels_last", "NC", "NHWC "),
        "activation": ("gelu", "", "ReLU", "none", "None", "leaky", "swish"),
        "precision": ("exact", "", "Fast", "float32"),
    }
    for argument, values in wrong.items():
        for value in values:
            yield Bad(name, call, good | {argument: value}, argument, repr(value), ValueError)
        for value in (3, True, 1.5, b"NHWC", Thing(), ["relu"], {"fast"}, np.float32(1)):
            yield Bad(name, call, good | {argument: value}, argument, repr(value), TypeError)
        yield Bad(name, call, good | {argument: np.ones(3)}, argument, "float64", TypeError)
    for value in (("NHWC",), (1, 2)):
        yield Bad(name, call, good | {"data_format": value}, "data_format", repr(value), TypeError)
        yield Bad(name, call, good | {"precision": value}, "precision", repr(value), TypeError)
    for value in (
        (),
        ("leaky_relu",),
        ("leaky_relu", 1, 2),
        ("relu", 0.1),
        (0.1, "leaky_relu"),
        ("LeakyReLU", 0.1),
        (None, 1),
    ):
        yield Bad(name, call, good | {"activation": value}, "activation", repr(value), ValueError)
    for slope in (float("nan"), float("inf"), -float("inf"), 1e39, -(10**60)):
        value = ("leaky_relu", slope)
        yield Bad(name, call, good | {"activation": value}, "activation", repr(value), ValueError)
    for slope in ("0.1", None, True, 1j, Thing(), (0.1,), [0.1]):
        value = ("leaky_relu", slope)
        yield Bad(name, call, good | {"activation": value}, "activation", repr(value), TypeError)


def conv_gradient_rows(rank: int) -> Iterator[Bad]:
    """Sizes and gradients that do not fit."""
    for function, good in good_conv_gradients(rank).items():
        call = getattr(fc.grad, function)
        name = "input_size" if "input_size" in good else "weight_size"
        right = good[name]
        for value in (
            None,
            5,
            "size",
            2.5,
            Thing(),
            (*right[:-1], 2.0),
            (*right[:-1], "7"),
            (*right[:-1], None),
            (*right[:-1], True),
        ):
            says = "None" if value is None else repr(value)
            yield Bad(function, call, good | {name: value}, name, says, TypeError)
        wrong = [
            right[1:][1:],
            (*right, 1, 1),
            (),
            (*right[:-1], 0),
            (*right[:-1], -3),
            (right[0], 0, *right[2:]),
        ]
        wrong += [(*right[:-1], huge) for huge in HUGE] + [(right[0], huge, *right[2:]) for huge in HUGE]
        wrong += [(right[0] + 1, *right[1:]), (right[0], right[1] + 1, *right[2:])]
        g = good["grad_output"]
        for value in wrong:
            # A size that is well in itself contradicts grad_output or exceeds the input: either may be shown.
            named, says = (name, "grad_output", "weight"), (str(value), str(value[2:]), str(g.shape))
            yield Bad(function, call, good | {name: value}, named, says, ValueError)
        for shape in (
            (*g.shape[:-1], g.shape[-1] + 1),
            (3, *g.shape[1:]),
            (2, 5, *g.shape[2:]),
            (*g.shape[:-1], 0),
        ):
            value = np.ones(shape, np.float32)
            yield Bad(function, call, good | {"grad_output": value}, "grad_output", str(shape), ValueError)
    name = f"conv{rank}d_bias"
    g = good["grad_output"]
    for value, says, kind in wrong_array(g):
        yield Bad(name, getattr(fc.grad, name), {"grad_output": value}, "grad_output", says, kind)


def good_transposed(rank: int) -> dict:
    """Arguments of a transposed convolution that works."""
    size = (5, 4, 3)[:rank]
    return {
        "input": np.ones((2, 4, *size), np.float32),
        "weight": np.ones((4, 6, *(3,) * rank), np.float32),
        "bias": np.ones(6, np.float32),
        "stride": 2,
    }


def good_transposed_gradients(rank: int) -> dict[str, dict]:
    """Arguments of its gradients that work."""
    good = good_transposed(rank)
    x, w = good["input"], good["weight"]
    g = np.ones((2, 6, *(2 * s + 1 for s in x.shape[2:])), np.float32)
    name = f"conv_transpose{rank}d"
    return {
        f"{name}_input": {"input_size": x.shape, "weight": w, "grad_output": g, "stride": 2},
        f"{name}_weight": {"input": x, "weight_size": w.shape, "grad_output": g, "stride": 2},
    }


def transposed_rows(rank: int) -> Iterator[Bad]:
    """Transposed convolutions and their gradients."""
    name = f"conv_transpose{rank}d"
    good = good_transposed(rank)
    functions = {name: (getattr(F, name), good)}
    for gradient, arguments in good_transposed_gradients(rank).items():
        functions[gradient] = (getattr(fc.grad, gradient), arguments)
    for function, (call, right) in functions.items():
        for argument, least in (("stride", 1), ("dilation", 1), ("padding", 0), ("output_padding", 0)):
            for value, says, kind in wrong_ints(least, rank):
                if argument == "padding" and isinstance(value, str):
                    kind = ValueError  # a word is a kind of padding, of which these functions have none
                yield Bad(function, call, right | {argument: value}, argument, says, kind)
            yield Bad(function, call, right | {argument: None}, argument, "None", TypeError)
        for value in ("same", "valid", "", "full"):
            yield Bad(function, call, right | {"padding": value}, "padding", repr(value), ValueError)
        for value in (((1, 2, 3),) * rank, ((-1, 0),) * rank, ((0, 2**62),) * rank, 40, (40,) * rank, ((9, 9),) * rank):
            yield Bad(function, call, right | {"padding": value}, "padding", str(value), ValueError)
        for value in (2, 3, (2,) * rank, 100):
            yield Bad(function, call, right | {"output_padding": value}, "output_padding", str(value), ValueError)
        for value in (0, -1, 3, 5, *HUGE):
            yield Bad(function, call, right | {"groups": value}, "groups", str(value), ValueError)
        for value in (None, 1.0, True, "1", Thing(), (1,)):
            yield Bad(function, call, right | {"groups": value}, "groups", repr(value), TypeError)
        for array in ("input", "weight", "grad_output"):
            if array in right:
                for value, says, kind in wrong_array(right[array]):
                    yield Bad(function, call, right | {array: value}, array, says, kind)
        yield Bad(function, call, right | {"num_threads": 0}, "num_threads", "0", ValueError)
        if function != name:
            g = right["grad_output"]
            for shape in ((3, *g.shape[1:]), (2, 5, *g.shape[2:]), (*g.shape[:-1], g.shape[-1] + 1)):
                value = np.ones(shape, np.float32)
                yield Bad(function, call, right | {"grad_output": value}, "grad_output", str(shape), ValueError)
    call = getattr(F, name)
    for weight in (
        (5, 6, *(3,) * rank),
        (0, 6, *(3,) * rank),
        (4, 0, *(3,) * rank),
        (4, 6, *(0,) * rank),
        (4, 6, 3, 3, 3, 3),
    ):
        value = np.ones(weight, np.float32)
        yield Bad(name, call, good | {"weight": value}, ("weight", "input"), (str(weight), "channels"), ValueError)
    for shape in ((5,), (7,), (0,), (4,), (6, 1), ()):
        yield Bad(name, call, good | {"bias": np.ones(shape, np.float32)}, "bias", str(shape), ValueError)
    yield Bad(name, call, good | {"bias": np.ones(6)}, "bias", "float64", TypeError)
    for value in ("winograd", "", "Subpixel_gemm"):
        yield Bad(name, call, good | {"algorithm": value}, "algorithm", repr(value), ValueError)
    for value in ("subpixel_gemm", "pointwise", "depthwise", "winograd_f2x5"):
        yield Bad(name, call, good | {"algorithm": value}, "algorithm", value, ValueError)
    yield Bad(name, call, good | {"algorithm": 3}, "algorithm", "3", TypeError)
    for argument in ("data_format", "activation", "precision"):
        yield Bad(name, call, good | {argument: "none"}, argument, "'none'", ValueError)
    vast = np.broadcast_to(np.float32(1), (1, 4, *(2 ** (57 // rank),) * rank))
    yield Bad(name, call, good | {"input": vast}, "input", str(vast.shape), ValueError)
    yield Bad(name, call, good | {"stride": 2**30}, "stride", str(2**30), ValueError)


def pool_rows(rank: int) -> Iterator[Bad]:
    """Pooling and its gradients."""
    size = (9, 8, 7)[:rank]
    x = np.ones((2, 3, *size), np.float32)
    g = np.ones((2, 3, *(s // 2 for s in size)), np.float32)
    where = np.zeros(g.shape, np.int64)
    flags = {"ceil_mode": "yes"}
    functions = [
        (
            f"max_pool{rank}d",
            getattr(F, f"max_pool{rank}d"),
            {"input": x, "kernel_size": 2},
            {"return_indices": "no"} | flags,
        ),
        (
            f"avg_pool{rank}d",
            getattr(F, f"avg_pool{rank}d"),
            {"input": x, "kernel_size": 2},
            {"count_include_pad": "no"} | flags,
        ),
        (
            f"avg_pool{rank}d_input",
            getattr(fc.grad, f"avg_pool{rank}d_input"),
            {"input_size": x.shape, "grad_output": g, "kernel_size": 2},
            flags,
        ),
    ]
    for name, call, good, switches in functions:
        arguments = [("kernel_size", 1), ("stride", 1), ("padding", 0)] + [("dilation", 1)] * name.startswith("max")
        for argument, least in arguments:
            for value, says, kind in wrong_ints(least, rank):
                word = argument == "padding" and isinstance(value, str)
                yield Bad(name, call, good | {argument: value}, argument, says, ValueError if word else kind)
            if argument != "stride":
                yield Bad(name, call, good | {argument: None}, argument, "None", TypeError)
        for argument, value in switches.items():
            for wrong in (value, None, 1.5, Thing()):
                yield Bad(name, call, good | {argument: wrong}, argument, repr(wrong), TypeError)
        yield Bad(name, call, good | {"padding": 2}, "padding", "2", ValueError)
        yield Bad(name, call, good | {"padding": (0,) * (rank - 1) + (2,)}, "padding", "2", ValueError)
        pairs = ((0, 0),) * (rank - 1)
        for value, says in (((*pairs, (2, 0)), "2"), ((*pairs, (0, 2)), "2"), ("SAME", "'SAME'"), ("causal", "'causal'")):
            yield Bad(name, call, good | {"padding": value}, "padding", says, ValueError)
        yield Bad(name, call, good | {"padding": (*pairs, (0, -1))}, "padding", "-1", ValueError)
        yield Bad(name, call, good | {"padding": (*pairs, (0, 1, 1))}, "padding", "1", ValueError)
        if "max" in name:
            yield from compact_rows(name, call, good, rank)
        if "avg" in name and rank > 1:
            yield Bad(name, call, good | {"divisor_override": 0}, "divisor_override", "0", ValueError)
            for value in (1.5, "2", True, Thing()):
                yield Bad(name, call, good | {"divisor_override": value}, "divisor_override", repr(value), TypeError)
        if "input" in good:
            for value, says, kind in wrong_array(x):
                if not (name.startswith("max") and says in ("int32", "int64", "uint8")):
                    yield Bad(name, call, good | {"input": value}, "input", says, kind)
            yield Bad(name, call, good | {"kernel_size": 10}, ("kernel_size", "input"), "10", ValueError)
            yield Bad(name, call, good | {"input": x[..., :0]}, "input", "0)", ValueError)
            yield Bad(name, call, good | {"out": np.zeros((1,), np.float32)}, "out", "(1,)", ValueError)
            yield Bad(name, call, good | {"out": np.zeros(g.shape)}, "out", "float64", TypeError)
        for value, kind in (
            (0, ValueError),
            (-1, ValueError),
            ("2", TypeError),
            (2.0, TypeError),
            (2**63, ValueError),
        ):
            yield Bad(name, call, good | {"num_threads": value}, "num_threads", repr(value), kind)
    for name, extra in (
        (f"avg_pool{rank}d_input", {"kernel_size": 2}),
        (f"max_pool{rank}d_input", {"indices": where}),
    ):
        call, good = getattr(fc.grad, name), {"input_size": x.shape, "grad_output": g} | extra
        for value in (None, 5, "size", (*x.shape[:-1], 2.0), (*x.shape[:-1], None)):
            yield Bad(name, call, good | {"input_size": value}, "input_size", repr(value), TypeError)
        for value in (
            (),
            x.shape[2:],
            (*x.shape, 1, 1),
            (*x.shape[:-1], -1),
            (*x.shape[:-1], 2**63),
            (1, *x.shape[1:]),
            (2, 2**62, *x.shape[2:]),
        ):
            yield Bad(
                name,
                call,
                good | {"input_size": value},
                ("input_size", "grad_output", "indices"),
                (str(value), str(g.shape)),
                ValueError,
            )
        for value, says, kind in wrong_array(g):
            yield Bad(name, call, good | {"grad_output": value}, ("grad_output", "indices"), says, kind)
    yield from index_rows(rank, x, g, where)


def box_rows(rank: int) -> Iterator[Bad]:
    """Adaptive and global pooling, sums and norms, and their gradients."""
    x = np.ones((2, 3, *(9, 8, 7)[:rank]), np.float32)
    g, where = np.ones((2, 3, *(2,) * rank), np.float32), np.zeros((2, 3, *(2,) * rank), np.int64)
    one = np.ones((2, 3, *(1,) * rank), np.float32)
    y = getattr(F, f"sum_pool{rank}d")(x, 2)
    forward = {
        f"adaptive_avg_pool{rank}d": {"output_size": 2},
        f"adaptive_max_pool{rank}d": {"output_size": 2, "return_indices": False},
        f"global_avg_pool{rank}d": {},
        f"global_max_pool{rank}d": {"return_indices": False},
        f"sum_pool{rank}d": {"kernel_size": 2, "stride": 2, "padding": 0, "ceil_mode": False},
        f"lp_pool{rank}d": {"norm_type": 2, "kernel_size": 2, "stride": 2, "padding": 0, "ceil_mode": False},
    }
    backward = {
        f"adaptive_avg_pool{rank}d_input": {"input_size": x.shape, "grad_output": g},
        f"adaptive_max_pool{rank}d_input": {"input_size": x.shape, "indices": where, "grad_output": g},
        f"global_avg_pool{rank}d_input": {"input_size": x.shape, "grad_output": one},
        f"sum_pool{rank}d_input": {"input_size": x.shape, "grad_output": y, "kernel_size": 2, "stride": 2, "padding": 0},
        f"lp_pool{rank}d_input": {"input": x, "output": y, "grad_output": y, "norm_type": 2, "kernel_size": 2, "padding": 0},
    }
    functions = [(name, getattr(F, name), {"input": x} | good) for name, good in forward.items()]
    functions += [(name, getattr(fc.grad, name), good) for name, good in backward.items()]
    for name, call, good in functions:
        for argument, least in (("output_size", 1), ("kernel_size", 1), ("stride", 1), ("padding", 0)):
            if argument in good:
                for value, says, kind in wrong_ints(least, rank):
                    if argument == "output_size" and isinstance(value, tuple) and value == (None,) * rank:
                        continue  # keeps every axis
                    if argument == "padding" and isinstance(value, str):
                        kind = ValueError  # some words are known
                    yield Bad(name, call, good | {argument: value}, argument, says, kind)
        for argument in ("return_indices", "ceil_mode"):
            for value in ("no", None, 1.5, Thing()) if argument in good else ():
                yield Bad(name, call, good | {argument: value}, argument, repr(value), TypeError)
        if "norm_type" in good:
            for value in (0, -1, -2.5, float("nan"), -float("inf")):
                yield Bad(name, call, good | {"norm_type": value}, "norm_type", repr(value), ValueError)
            for value in ("2", None, True, Thing(), (2,), 1j):
                yield Bad(name, call, good | {"norm_type": value}, "norm_type", repr(value), TypeError)
        for array in ("input", "grad_output"):
            if array in good:
                for value, says, kind in wrong_array(good[array]):
                    yield Bad(name, call, good | {array: value}, (array, "output", "indices"), says, kind)
        for value in ("NC", "", "channels_last"):
            yield Bad(name, call, good | {"data_format": value}, "data_format", repr(value), ValueError)
        for value, kind in ((0, ValueError), (-1, ValueError), ("2", TypeError), (2.0, TypeError), (2**63, ValueError)):
            yield Bad(name, call, good | {"num_threads": value}, "num_threads", repr(value), kind)
        if name in forward:
            yield Bad(name, call, good | {"input": x[..., :0]}, "input", "0)", ValueError)
            yield Bad(name, call, good | {"out": np.zeros((1,), np.float32)}, "out", "(1,)", ValueError)
        else:
            yield from box_gradient_rows(name, call, good)


def box_gradient_rows(name: str, call: Callable[..., object], good: dict) -> Iterator[Bad]:
    """Sizes, switches and gradients that do not fit."""
    g = good["grad_output"]
    named = ("grad_output", "output", "input_size", "indices")
    for shape in ((3, *g.shape[1:]), (2, 4, *g.shape[2:])):
        says = (str(shape), str(shape[:2]))
        yield Bad(name, call, good | {"grad_output": np.ones(shape, np.float32)}, named, says, ValueError)
    if "input_size" in good:
        right = good["input_size"]
        for value in (None, 5, "size", (*right[:-1], 2.0), (*right[:-1], None)):
            yield Bad(name, call, good | {"input_size": value}, "input_size", repr(value), TypeError)
        for value in ((), right[2:], (*right, 1, 1), (*right[:-1], -1), (*right[:-1], 2**63), (1, *right[1:])):
            yield Bad(name, call, good | {"input_size": value}, named, (str(value), str(g.shape)), ValueError)
    for index in (-1, 2**40) if "indices" in good else ():
        for last in ({}, {"data_format": ("NWC", "NHWC", "NDHWC")[g.ndim - 3]}):
            wrong = np.full(g.shape, index)
            how = {"input_size": (2, *good["input_size"][2:], g.shape[-1])} if last else {}
            yield Bad(name, call, good | {"indices": wrong} | how | last, "indices", str(index), ValueError)


def maxout_rows() -> Iterator[Bad]:
    """Maxout and its gradient."""
    x = np.ones((2, 6, 5), np.float32)
    good = {"input": x, "pool_size": 2, "dim": 1}
    back = {"input_size": x.shape, "indices": np.zeros((2, 3, 5), np.int64), "grad_output": x[:, ::2].copy(), "dim": 1}
    for value in (0, -1, 4, 5, 7, 2**31, 2**63):
        yield Bad("maxout", F.maxout, good | {"pool_size": value}, "pool_size", str(value), ValueError)
    for value in (None, 2.0, True, "2", (2,), Thing()):
        yield Bad("maxout", F.maxout, good | {"pool_size": value}, "pool_size", repr(value), TypeError)
    for function, call, arguments in (("maxout", F.maxout, good), ("maxout_input", fc.grad.maxout_input, back)):
        for value in (3, -4, 2**40):
            yield Bad(function, call, arguments | {"dim": value}, "dim", str(value), ValueError)
        for value in (None, 1.0, True, "1", (1,), Thing()):
            yield Bad(function, call, arguments | {"dim": value}, "dim", repr(value), TypeError)
        yield Bad(function, call, arguments | {"num_threads": 0}, "num_threads", "0", ValueError)
    for value in (3, "x", None, x.tolist(), x.astype("int32"), x.astype("float16")):
        yield Bad("maxout", F.maxout, good | {"input": value}, "input", says_of(value), TypeError)
    yield Bad("maxout", F.maxout, good | {"return_indices": "no"}, "return_indices", "'no'", TypeError)
    yield Bad("maxout", F.maxout, good | {"out": np.zeros((2, 2, 5), np.float32)}, "out", "(2, 2, 5)", ValueError)
    call = fc.grad.maxout_input
    for value in ((2, 6), (2, 7, 5), (3, 6, 5), (2, 6, 4), (2, 0, 5)):
        yield Bad("maxout_input", call, back | {"input_size": value}, "input_size", str(value), ValueError)
    for value in (-1, 6, 2**50):
        wrong = np.full((2, 3, 5), value)
        yield Bad("maxout_input", call, back | {"indices": wrong}, "indices", str(value), ValueError)
    yield Bad("maxout_input", call, back | {"indices": np.zeros((2, 3, 5), np.int32)}, "indices", "int32", TypeError)


def compact_index_rows(rank: int, *functions: tuple) -> Iterator[Bad]:
    """Compact switches that say no tap, or one outside, and windows that are missing or do not fit."""
    for name, call, good in functions:
        where = np.zeros(good["indices"].shape, np.uint8)
        window = {"kernel_size": 2, "stride": 2}
        for value in (2**rank, 255):
            for place in (0, -1):
                wrong = where.copy()
                wrong.flat[place] = value
                yield Bad(name, call, good | window | {"indices": wrong}, "indices", str(value), ValueError)
        if name.startswith("max_unpool") and not name.endswith("input"):
            outside = good | {"indices": where, "kernel_size": 2, "stride": 2, "padding": 1, "output_size": None}
            yield Bad(name, call, outside, "indices", "value 0", ValueError)
            for value in (257, (*(1,) * (rank - 1), 300)):
                yield Bad(
                    name,
                    call,
                    good | {"indices": where, "kernel_size": value, "stride": 2},
                    ("kernel_size", "output_size"),
                    "",
                    ValueError,
                )
        else:
            yield Bad(name, call, good | {"indices": where}, "kernel_size", "None", TypeError)
            for option in ({"stride": 2}, {"padding": 1}, {"dilation": 2}):
                yield Bad(name, call, good | option, "kernel_size", "None", TypeError)
            yield Bad(name, call, good | {"kernel_size": 0}, "kernel_size", "0", ValueError)
            yield Bad(name, call, good | {"kernel_size": 2, "stride": 1}, ("grad_output", "output_size"), "", ValueError)


def compact_rows(name: str, call: Callable, good: dict, rank: int) -> Iterator[Bad]:
    """How max pooling is asked for switches, and what it pools."""
    good = good | {"return_indices": True}
    for value, kind in (("byte", ValueError), (1, TypeError), (None, TypeError), (Thing(), TypeError)):
        yield Bad(name, call, good | {"switches": value}, "switches", repr(value), kind)
    yield Bad(name, call, good | {"switches": "compact", "return_indices": False}, "return_indices", "'compact'", ValueError)
    wide = {"input": np.ones((1, 1, *(1,) * (rank - 1), 300), np.float32), "kernel_size": (*(1,) * (rank - 1), 257)}
    yield Bad(name, call, good | wide | {"switches": "compact"}, "kernel_size", "257", ValueError)
    narrow = {"input": np.ones((1, 1, *(1,) * rank), np.float32), "kernel_size": 2, "padding": 1, "dilation": 2}
    far = {"input": np.ones((1, 1, *(2,) * rank), np.float32), "kernel_size": 2, "stride": 1, "padding": 2, "dilation": 3}
    for empty in (narrow, far):
        yield Bad(name, call, good | empty | {"switches": "compact"}, "padding", "2", ValueError)
    for dtype in ("bool", "complex64", "float16", "datetime64[s]"):
        x = good["input"].astype(dtype)
        yield Bad(name, call, good | {"input": x}, "input", str(x.dtype), TypeError)
    whole = good | {"input": good["input"].astype(np.int16)}
    yield Bad(name, call, whole | {"out": np.zeros((1,), np.int16)}, "out", "(1,)", ValueError)
    yield Bad(name, call, whole | {"out": np.zeros((1,), np.float32)}, "out", "float32", TypeError)


def index_rows(rank: int, x: np.ndarray, g: np.ndarray, where: np.ndarray) -> Iterator[Bad]:
    """Switches that are wrong, in all three functions that follow them, and the sizes of unpooling."""
    plane = int(np.prod(x.shape[2:]))
    full = {"kernel_size": 2, "output_size": x.shape[2:]}
    unpool = (f"max_unpool{rank}d", getattr(F, f"max_unpool{rank}d"), {"input": g, "indices": where} | full)
    gather = (
        f"max_unpool{rank}d_input",
        getattr(fc.grad, f"max_unpool{rank}d_input"),
        {"indices": where, "grad_output": x},
    )
    spread = (
        f"max_pool{rank}d_input",
        getattr(fc.grad, f"max_pool{rank}d_input"),
        {"input_size": x.shape, "indices": where, "grad_output": g},
    )
    for name, call, good in (unpool, gather, spread):
        for index in (-1, plane, plane + 5, 2**31, 2**62, 2**63 - 1, -(2**63), -(2**31)):
            for place in (0, -1):
                wrong = where.copy()
                wrong.flat[place] = index
                yield Bad(name, call, good | {"indices": wrong}, "indices", str(index), ValueError)
        for dtype in ("float32", "float64", "bool", "object", "complex64", "S2"):
            yield Bad(
                name,
                call,
                good | {"indices": where.astype(dtype)},
                "indices",
                dtype.replace("S2", "S"),
                TypeError,
            )
        for value in (None, 3, "indices", where.tolist(), Thing()):
            says = says_of(value)
            yield Bad(name, call, good | {"indices": value}, "indices", says, TypeError)
        for shape in ((1, *where.shape[1:]), (*where.shape, 1, 1), (7,), ()):
            yield Bad(name, call, good | {"indices": np.zeros(shape, np.int64)}, "indices", str(shape), ValueError)
    yield from compact_index_rows(rank, unpool, gather, spread)
    name, call, good = unpool
    free = {k: v for k, v in good.items() if k != "output_size"}
    for argument, least in (("kernel_size", 1), ("stride", 1), ("padding", 0), ("dilation", 1)):
        for value, says, kind in wrong_ints(least, rank):
            word = argument == "padding" and isinstance(value, str)
            yield Bad(name, call, free | {argument: value}, argument, says, ValueError if word else kind)
    yield Bad(name, call, good | {"kernel_size": None}, "kernel_size", "None", TypeError)
    right = x.shape[2:]
    for value in (
        (),
        (9,) * (rank + 1),
        (1,) * rank,
        (40,) * rank,
        (0,) * rank,
        (-4,) * rank,
        *((h,) * rank for h in HUGE),
    ):
        yield Bad(name, call, good | {"output_size": value}, "output_size", str(value), ValueError)
    for value in (
        2.5,
        "9",
        Thing(),
        (*right[:-1], 8.0),
        (*right[:-1], "8"),
        (*right[:-1], None),
        (*right[:-1], True),
    ):
        yield Bad(name, call, good | {"output_size": value}, "output_size", repr(value), TypeError)
    for value, says, kind in wrong_array(g):
        yield Bad(name, call, good | {"input": value}, ("input", "indices"), says, kind)
    for value in (0, -1, 2**63):
        yield Bad(name, call, good | {"num_threads": value}, "num_threads", str(value), ValueError)


def dense_rows() -> Iterator[Bad]:
    """Linear layers, activations and losses."""

    def f32(*shape: int) -> np.ndarray:
        return np.ones(shape, np.float32)

    good = {"input": f32(5, 4), "weight": f32(3, 4), "bias": f32(3)}

    def linear(argument: str, value: object, says: str, kind: type = ValueError) -> Bad:
        return Bad("linear", F.linear, good | {argument: value}, argument, says, kind)

    for value, says, kind in wrong_array(good["input"], batch_axis=False):
        if kind is TypeError:
            yield linear("input", value, says, kind)
            yield linear("weight", value, says, kind)
    yield linear("input", f32(), "()")
    yield linear("input", f32(5, 3), "(5, 3)")
    yield linear("weight", f32(4), "(4,)")
    yield linear("weight", f32(3, 4, 1), "(3, 4, 1)")
    yield linear("bias", f32(4), "(4,)")
    yield linear("bias", f32(3, 1), "(3, 1)")
    yield linear("bias", 1.0, "1.0", TypeError)
    yield linear("bias", np.ones(3), "float64", TypeError)
    yield linear("out", f32(5, 4), "(5, 4)")
    yield linear("out", np.ones((5, 3)), "float64", TypeError)
    yield linear("num_threads", 0, "0")
    yield linear("num_threads", "1", "'1'", TypeError)
    for value, says, kind in wrong_array(f32(3, 4), batch_axis=False):
        if kind is TypeError:
            for name in ACTIVATIONS:
                yield Bad(name, getattr(F, name), {"input": value}, "input", says, kind)
            for name in ("softmax", "log_softmax"):
                yield Bad(name, getattr(F, name), {"input": value, "dim": 0}, "input", says, kind)
                arguments = {"output": f32(3, 4), "grad_output": value, "dim": 0}
                yield Bad(f"{name}_input", getattr(fc.grad, f"{name}_input"), arguments, "grad_output", says, kind)
            for name in ACTIVATIONS:
                arguments = {"input": f32(3, 4), "grad_output": value}
                yield Bad(f"{name}_input", getattr(fc.grad, f"{name}_input"), arguments, "grad_output", says, kind)
            arguments = {"weight": f32(4, 2), "grad_output": value}
            yield Bad("linear_input", fc.grad.linear_input, arguments, "grad_output", says, kind)
            yield Bad("linear_bias", fc.grad.linear_bias, {"grad_output": value}, "grad_output", says, kind)
            yield Bad(
                "cross_entropy",
                F.cross_entropy,
                {"input": value, "target": np.zeros(3, np.int64)},
                "input",
                says,
                kind,
            )
    for name in ("softmax", "log_softmax"):
        for dim in (2, -3, 2**31, 2**63, -(2**63)):
            yield Bad(name, getattr(F, name), {"input": f32(3, 4), "dim": dim}, "dim", str(dim), ValueError)
            arguments = {"output": f32(3, 4), "grad_output": f32(3, 4), "dim": dim}
            yield Bad(f"{name}_input", getattr(fc.grad, f"{name}_input"), arguments, "dim", str(dim), ValueError)
        for dim in (None, 1.0, "1", True, (1,), Thing()):
            yield Bad(name, getattr(F, name), {"input": f32(3, 4), "dim": dim}, "dim", repr(dim), TypeError)
        arguments = {"output": f32(3, 4), "grad_output": f32(3, 5), "dim": 0}
        yield Bad(
            f"{name}_input",
            getattr(fc.grad, f"{name}_input"),
            arguments,
            ("grad_output", "output"),
            "(3, 5)",
            ValueError,
        )
    yield from activation_rows()
    yield Bad(
        "linear_input",
        fc.grad.linear_input,
        {"weight": f32(4, 2), "grad_output": f32(5, 3)},
        "grad_output",
        "(5, 3)",
        ValueError,
    )
    yield Bad(
        "linear_weight",
        fc.grad.linear_weight,
        {"input": f32(5, 2), "grad_output": f32(6, 3)},
        ("grad_output", "input"),
        "(6, 3)",
        ValueError,
    )
    yield from cross_entropy_rows()


def activation_rows() -> Iterator[Bad]:
    """out, num_threads and negative_slope of the activations, and gradients that do not fit."""
    x, g = np.ones((3, 4), np.float32), np.ones((3, 5), np.float32)
    for name in ACTIVATIONS:
        call, gradient = getattr(F, name), getattr(fc.grad, f"{name}_input")
        yield Bad(f"{name}_input", gradient, {"input": x, "grad_output": g}, ("grad_output", "input"), "(3, 5)", ValueError)
        yield Bad(name, call, {"input": x, "out": g}, "out", "(3, 5)", ValueError)
        yield Bad(name, call, {"input": x, "out": np.ones((3, 4))}, "out", "float64", TypeError)
        yield Bad(name, call, {"input": x, "out": [1.0]}, "out", "[1.0]", TypeError)
        yield Bad(name, call, {"input": x, "num_threads": 0}, "num_threads", "0", ValueError)
        yield Bad(name, call, {"input": x, "num_threads": 1.5}, "num_threads", "1.5", TypeError)
    for name, call, good in (
        ("leaky_relu", F.leaky_relu, {"input": x}),
        ("leaky_relu_input", fc.grad.leaky_relu_input, {"input": x, "grad_output": x}),
    ):
        for value in (float("nan"), float("inf"), 1e39, 10**60):
            yield Bad(name, call, good | {"negative_slope": value}, "negative_slope", repr(value), ValueError)
        for value in ("0.1", None, True, 1j, Thing(), (0.1,)):
            yield Bad(name, call, good | {"negative_slope": value}, "negative_slope", repr(value), TypeError)


def curve_rows() -> Iterator[Bad]:
    """The numbers of activations that no convolution applies, and of dropout."""
    x = np.ones((3, 4), np.float32)
    numbers = {"elu": "alpha", "celu": "alpha", "softplus": "beta", "hardtanh": "min_val"}
    for name, argument in numbers.items():
        for value in (float("nan"), float("inf"), 1e39):
            yield Bad(name, getattr(F, name), {"input": x, argument: value}, argument, repr(value), ValueError)
        for value in ("1", None, True, Thing()):
            yield Bad(name, getattr(F, name), {"input": x, argument: value}, argument, repr(value), TypeError)
    yield Bad("celu", F.celu, {"input": x, "alpha": 0}, "alpha", "0", ValueError)
    yield Bad("softplus", F.softplus, {"input": x, "beta": 0.0}, "beta", "0.0", ValueError)
    yield Bad("hardtanh", F.hardtanh, {"input": x, "min_val": 2, "max_val": 1}, "min_val", "2", ValueError)
    yield Bad("gelu", F.gelu, {"input": x, "approximate": "erf"}, "approximate", "erf", ValueError)
    yield Bad("gelu", F.gelu, {"input": x, "approximate": None}, "approximate", "None", TypeError)
    yield Bad("glu", F.glu, {"input": x[:, :3]}, "input", "(3, 3)", ValueError)
    yield Bad("glu", F.glu, {"input": x, "dim": 5}, "dim", "5", ValueError)
    yield Bad("prelu", F.prelu, {"input": x, "weight": np.ones(3, np.float32)}, "weight", "(3,)", ValueError)
    yield Bad("prelu", F.prelu, {"input": x, "weight": np.ones(4)}, "weight", "float64", TypeError)
    yield Bad("prelu", F.prelu, {"input": x, "weight": 0.5}, "weight", "0.5", TypeError)
    for name in ("dropout", "alpha_dropout", "dropout1d", "dropout2d", "dropout3d"):
        call, good = getattr(F, name), {"input": x, "training": True}
        for value in (-0.1, 1.5, float("nan")):
            yield Bad(name, call, good | {"p": value}, "p", repr(value), ValueError)
        yield Bad(name, call, good | {"p": "0.5"}, "p", "'0.5'", TypeError)
        yield Bad(name, call, good | {"training": 1}, "training", "1", TypeError)
        for argument in ("seed", "counter"):
            for value in (-1, 2**64):
                yield Bad(name, call, good | {argument: value}, argument, str(value), ValueError)
            yield Bad(name, call, good | {argument: 1.5}, argument, "1.5", TypeError)
        yield Bad(name, call, good | {"data_format": "NHWC"}, "data_format", "NHWC", ValueError)
        yield Bad(name, call, good | {"out": np.ones((3, 4))}, "out", "float64", TypeError)
        yield Bad(name, call, good | {"num_threads": 0}, "num_threads", "0", ValueError)


def normalization_rows() -> Iterator[Bad]:
    """Shapes, moments and numbers of normalisation."""
    x, c = np.ones((2, 4, 5, 5), np.float32), np.ones(4, np.float32)
    moments = {"running_mean": c, "running_var": c}
    good = {
        "batch_norm": {"input": x} | moments,
        "instance_norm": {"input": x},
        "group_norm": {"input": x, "num_groups": 2},
        "layer_norm": {"input": x, "normalized_shape": 5},
        "rms_norm": {"input": x, "normalized_shape": 5},
        "local_response_norm": {"input": x, "size": 3},
        "local_contrast_norm": {"input": x},
    }
    for name, arguments in good.items():
        call = getattr(F, name)
        for value, says, kind in wrong_array(x, batch_axis=False):
            if kind is TypeError:
                yield Bad(name, call, arguments | {"input": value}, "input", says, kind)
        yield Bad(name, call, arguments | {"out": np.ones((2, 4, 5), np.float32)}, "out", "(2, 4, 5)", ValueError)
        yield Bad(name, call, arguments | {"num_threads": 0}, "num_threads", "0", ValueError)
        if name != "local_response_norm":
            for value in (-1e-5, float("nan")):
                yield Bad(name, call, arguments | {"eps": value}, "eps", repr(value), ValueError)
            yield Bad(name, call, arguments | {"eps": "1"}, "eps", "'1'", TypeError)
        if name not in ("layer_norm", "rms_norm"):
            yield Bad(name, call, arguments | {"data_format": "NWC"}, "data_format", "NWC", ValueError)
            yield Bad(name, call, arguments | {"data_format": 3}, "data_format", "3", TypeError)
            yield Bad(name, call, arguments | {"input": c}, "input", "(4,)", ValueError)
        if not name.startswith("local"):
            yield Bad(name, call, arguments | {"weight": np.ones(7, np.float32)}, "weight", "(7,)", ValueError)
            yield Bad(name, call, arguments | {"weight": np.ones(4)}, "weight", "float64", TypeError)
    batch = good["batch_norm"]
    yield Bad("batch_norm", F.batch_norm, batch | {"running_mean": None}, "running_mean", "None", ValueError)
    nothing = {"running_mean": None, "running_var": None}
    yield Bad("batch_norm", F.batch_norm, batch | nothing, "running_mean", "None", ValueError)
    yield Bad("batch_norm", F.batch_norm, batch | {"running_var": np.ones(5, np.float32)}, "running_var", "(5,)", ValueError)
    yield Bad("batch_norm", F.batch_norm, batch | {"training": None}, "training", "None", TypeError)
    one = {"input": x[:1, :, :1, :1], "training": True}
    yield Bad("batch_norm", F.batch_norm, batch | one, "input", "(1, 4, 1, 1)", ValueError)
    sealed = c.copy()
    sealed.flags.writeable = False
    yield Bad(
        "batch_norm", F.batch_norm, batch | {"running_mean": sealed, "training": True}, "running_mean", "(4,)", ValueError
    )
    yield Bad("instance_norm", F.instance_norm, {"input": x[:, :, :1, :1]}, "input", "(2, 4, 1, 1)", ValueError)
    for value in (0, -2, 3):
        yield Bad("group_norm", F.group_norm, {"input": x, "num_groups": value}, "num_groups", str(value), ValueError)
    for value in (4, (4, 5), ()):
        arguments = {"input": x, "normalized_shape": value}
        yield Bad("layer_norm", F.layer_norm, arguments, "normalized_shape", str(value), ValueError)
    yield Bad("layer_norm", F.layer_norm, {"input": x, "normalized_shape": 5.0}, "normalized_shape", "5.0", TypeError)
    response = good["local_response_norm"]
    for value in (0, -1):
        yield Bad("local_response_norm", F.local_response_norm, response | {"size": value}, "size", str(value), ValueError)
    yield Bad("local_response_norm", F.local_response_norm, response | {"size": 1.5}, "size", "1.5", TypeError)
    yield Bad("local_response_norm", F.local_response_norm, response | {"region": "around"}, "region", "around", ValueError)
    for argument in ("alpha", "beta", "k"):
        arguments = response | {argument: float("inf")}
        yield Bad("local_response_norm", F.local_response_norm, arguments, argument, "inf", ValueError)
    contrast = good["local_contrast_norm"]
    yield Bad("local_contrast_norm", F.local_contrast_norm, contrast | {"size": 4}, "size", "4", ValueError)
    yield Bad("local_contrast_norm", F.local_contrast_norm, contrast | {"sigma": 0.0}, "sigma", "0.0", ValueError)
    short = np.ones((2, 4, 5), np.float32)
    for name, arguments in (
        ("batch_norm_gradients", batch),
        ("instance_norm_gradients", {"input": x}),
        ("group_norm_gradients", good["group_norm"]),
        ("layer_norm_gradients", good["layer_norm"]),
        ("rms_norm_gradients", good["rms_norm"]),
        ("local_response_norm_input", response),
        ("local_contrast_norm_input", contrast),
    ):
        call = getattr(fc.grad, name)
        yield Bad(name, call, arguments | {"grad_output": short}, "grad_output", "(2, 4, 5)", ValueError)
        yield Bad(name, call, arguments | {"grad_output": x.astype(float)}, "grad_output", "float64", TypeError)


def cross_entropy_rows() -> Iterator[Bad]:
    """Labels out of range, shapes, options; the same for the gradient."""
    x, labels = np.ones((5, 4, 3), np.float32), np.zeros((5, 3), np.int64)

    def spoiled(value: int, place: int) -> np.ndarray:
        wrong = labels.copy()
        wrong.flat[place] = value
        return wrong

    for name, call in (
        ("cross_entropy", F.cross_entropy),
        ("cross_entropy_input", fc.grad.cross_entropy_input),
    ):
        good = {"input": x, "target": labels}
        for label in (4, 5, -1, -99, -101, 2**31, 2**62, 2**63 - 1, -(2**63)):
            for place in (0, -1):
                yield Bad(name, call, good | {"target": spoiled(label, place)}, "target", str(label), ValueError)
        for shape in ((5,), (4, 3), (5, 4), (5, 3, 1), ()):
            yield Bad(name, call, good | {"target": np.zeros(shape, np.int64)}, "target", str(shape), ValueError)
        yield Bad(name, call, good | {"target": np.ones((5, 3, 3), np.float32)}, "target", "(5, 3, 3)", ValueError)
        for value in (None, 1.5, "labels", labels.tolist(), Thing()):
            says = says_of(value)
            yield Bad(name, call, good | {"target": value}, "target", says, TypeError)
        for dtype in ("bool", "object", "complex64", "S1"):
            yield Bad(
                name,
                call,
                good | {"target": labels.astype(dtype)},
                "target",
                dtype.replace("S1", "S"),
                TypeError,
            )
        yield Bad(name, call, good | {"target": np.ones(x.shape, np.float64)}, "target", "float64", TypeError)
        for shape in ((3,), (5,), (4, 1), ()):
            yield Bad(name, call, good | {"weight": np.ones(shape, np.float32)}, "weight", str(shape), ValueError)
        for value in (np.ones(4), np.ones(4, np.int64), [1.0] * 4, "w", 2.0):
            says = says_of(value)
            yield Bad(name, call, good | {"weight": value}, "weight", says, TypeError)
        for value in ("avg", "", "Mean"):
            yield Bad(name, call, good | {"reduction": value}, "reduction", repr(value), ValueError)
        for value in (None, 1, Thing()):
            yield Bad(name, call, good | {"reduction": value}, "reduction", repr(value), TypeError)
        for value in (-0.1, 1.1, float("inf"), float("nan")):
            yield Bad(name, call, good | {"label_smoothing": value}, "label_smoothing", repr(value), ValueError)
        for value in ("0.1", None, 1j, Thing()):
            yield Bad(name, call, good | {"label_smoothing": value}, "label_smoothing", repr(value), TypeError)
        for value in (1.5, "0", None, Thing()):
            yield Bad(name, call, good | {"ignore_index": value}, "ignore_index", repr(value), TypeError)
        yield Bad(name, call, good | {"input": np.ones((), np.float32)}, "input", "()", ValueError)
    g = np.ones((5, 4), np.float32)
    arguments = good | {"reduction": "none", "grad_output": g}
    yield Bad(name, call, arguments, "grad_output", "(5, 4)", ValueError)


def setting_rows() -> Iterator[Bad]:
    """override, explain, estimate and calibrate."""

    def entered(**settings: object) -> None:
        with fc.override(**settings):
            pass

    for argument, values in (
        ("num_threads", (0, -1, 2**31, 2**63)),
        ("algorithm", ("winograd", "", "Direct")),
        ("isa", ("mmx", "", "AVX2", "sse")),
        ("precision", ("exact", "", "Fast")),
    ):
        for value in values:
            yield Bad("override", entered, {argument: value}, argument, str(value), ValueError)
        for value in (1.5, True, Thing(), b"x", ("direct",)):
            yield Bad("override", entered, {argument: value}, argument, repr(value), TypeError)
    for name, call in (("explain", fc.explain), ("estimate", fc.estimate)):
        good = {"function": "conv2d", "input_shape": (1, 3, 8, 8), "weight_shape": (4, 3, 3, 3)}

        def run(call: Callable = call, **arguments: object) -> object:
            names = ("function", "input_shape", "weight_shape")
            rest = {k: v for k, v in arguments.items() if k not in names}
            return call(*(arguments[n] for n in names), **rest)

        for value in ("conv9d", "", "softmaxx"):
            yield Bad(name, run, good | {"function": value}, "function", repr(value), ValueError)
        for value in (None, 3, Thing()):
            yield Bad(name, run, good | {"function": value}, "function", repr(value), TypeError)
        for value in ((1, 3, 8), (), (1, 3, 8, 0), (1, 3, 8, -8), (1, 5, 8, 8), (1, 3, 8, 2**63)):
            if value != (1, 3, 8):
                yield Bad("", run, good | {"input_shape": value}, ("input_shape", "input"), str(value), ValueError)
        for value in (None, 4, "shape", (1, 3, 8, 8.0), (1, 3, 8, None)):
            yield Bad("", run, good | {"input_shape": value}, ("input_shape", "input"), repr(value), TypeError)
        for value in ((4, 3, 3), (4, 3, 9, 9), (0, 3, 3, 3), (4, 3, 3, 0)):
            yield Bad(
                "",
                run,
                good | {"weight_shape": value},
                ("weight_shape", "weight"),
                (str(value), str(value[2:])),
                ValueError,
            )
        for value in ("int32", "float16", "complex64", "nonsense", object):
            yield Bad(
                "",
                run,
                good | {"dtype": value},
                "dtype",
                "object" if value is object else str(value),
                TypeError,
            )
        for value in (0, -1, *HUGE):
            yield Bad("", run, good | {"stride": value}, "stride", str(value), ValueError)
        yield Bad("", run, good | {"algorithm": "winograd"}, "algorithm", "winograd", ValueError)
        yield Bad("", run, good | {"data_format": "NCW"}, "data_format", "'NCW'", ValueError)
        yield Bad("", run, good | {"data_format": "NHWC"}, "input", "(1, 3, 8, 8)", ValueError)
        yield Bad("", run, good | {"data_format": 3}, "data_format", "3", TypeError)
        yield Bad("", run, good | {"activation": "gelu"}, "activation", "'gelu'", ValueError)
        yield Bad("", run, good | {"activation": ("leaky_relu", "1")}, "activation", "'1'", TypeError)
        yield Bad("", run, good | {"precision": "exact"}, "precision", "'exact'", ValueError)
        yield Bad("", run, good | {"precision": 1}, "precision", "1", TypeError)
        yield Bad("", run, good | {"num_threads": 0}, "num_threads", "0", ValueError)


def good_sampling() -> dict[str, tuple[Callable[..., object], dict]]:
    """Functions that copy, interpolate and sample, by name, with arguments that work."""
    x, g = np.ones((2, 4, 6, 8), np.float32), np.ones((2, 4, 12, 16), np.float32)
    grid, boxes = np.zeros((2, 3, 5, 2), np.float32), np.zeros((3, 5), np.float32)
    sampled, bins = np.ones((2, 4, 3, 5), np.float32), np.ones((3, 4, 2, 2), np.float32)
    columns = np.ones((2, 16, 35), np.float32)
    return {
        "pad": (F.pad, {"input": x, "pad": (1, 2)}),
        "pad_input": (fc.grad.pad_input, {"input_size": x.shape, "grad_output": F.pad(x, (1, 2)), "pad": (1, 2)}),
        "unfold": (F.unfold, {"input": x, "kernel_size": 2}),
        "fold": (F.fold, {"input": columns, "output_size": (6, 8), "kernel_size": 2}),
        "unfold_input": (fc.grad.unfold_input, {"input_size": x.shape, "grad_output": columns, "kernel_size": 2}),
        "fold_input": (fc.grad.fold_input, {"grad_output": x, "kernel_size": 2}),
        "pixel_shuffle": (F.pixel_shuffle, {"input": x, "upscale_factor": 2}),
        "pixel_unshuffle": (F.pixel_unshuffle, {"input": x, "downscale_factor": 2}),
        "interpolate": (F.interpolate, {"input": x, "size": (12, 16), "mode": "bilinear"}),
        "interpolate_input": (fc.grad.interpolate_input, {"input_size": x.shape, "grad_output": g, "size": (12, 16)}),
        "grid_sample": (F.grid_sample, {"input": x, "grid": grid}),
        "grid_sample_input": (fc.grad.grid_sample_input, {"input_size": x.shape, "grid": grid, "grad_output": sampled}),
        "grid_sample_grid": (fc.grad.grid_sample_grid, {"input": x, "grid": grid, "grad_output": sampled}),
        "affine_grid": (F.affine_grid, {"theta": np.ones((2, 2, 3), np.float32), "size": (2, 4, 3, 5)}),
        "affine_grid_theta": (fc.grad.affine_grid_theta, {"grad_output": grid, "size": (2, 4, 3, 5)}),
        "roi_pool": (F.roi_pool, {"input": x, "boxes": boxes, "output_size": 2}),
        "roi_align": (F.roi_align, {"input": x, "boxes": boxes, "output_size": 2}),
        "roi_pool_input": (
            fc.grad.roi_pool_input,
            {"input_size": x.shape, "boxes": boxes, "indices": np.zeros(bins.shape, np.int64), "grad_output": bins},
        ),
        "roi_align_input": (
            fc.grad.roi_align_input,
            {"input_size": x.shape, "boxes": boxes, "grad_output": bins, "output_size": 2},
        ),
    }


# What an argument may not be: a bad value, and a bad kind.
SAMPLING_VALUES: dict[str, tuple] = {
    "pad": ((1,), (1, 2, 3), (1,) * 10, (2**31, 0), (-(2**63), 1)),
    "kernel_size": (0, -1, (2, 0), 100, (2, 2, 2, 2), *HUGE),
    "dilation": (0, -1, (1, 0), 100, *HUGE),
    "padding": (-1, (0, -1), *HUGE),
    "stride": (0, -1, (1, 0), *HUGE),
    "upscale_factor": (0, -1, 3, *HUGE),
    "downscale_factor": (0, -1, 3, *HUGE),
    "mode": ("", "cubic", "Bilinear"),
    "padding_mode": ("", "reflect", "Zeros"),
    "align_corners": (),
    "antialias": (),
    "recompute_scale_factor": (),
    "spatial_scale": (0.0, -1.0, float("nan"), float("inf")),
    "sampling_ratio": (2**16, *HUGE),
    "aligned": (),
    "return_indices": (),
    "num_threads": (0, -1, 2**63),
    "data_format": ("", "nchw", "channels_last", "NHWC "),
}
SAMPLING_KINDS: dict[str, tuple] = {
    "pad": (None, 3, "12", (1.5, 0), (True, 1), ("1", 2), Thing()),
    "mode": (None, 3, True, Thing()),
    "padding_mode": (None, 3, Thing()),
    "align_corners": (1, 0, "True", Thing()),
    "antialias": (None, 1, "yes", Thing()),
    "recompute_scale_factor": (1, "yes"),
    "aligned": (None, 1, Thing()),
    "return_indices": (None, 1, Thing()),
    "spatial_scale": (None, "1", True, 1j),
    "data_format": (3, True, b"NHWC", Thing()),
    "num_threads": ("2", 1.5, True, Thing()),
}


def sampling_rows() -> Iterator[Bad]:
    """Padding, patches, interpolation, grids and regions."""
    for name, (call, good) in good_sampling().items():
        taken = inspect.signature(call).parameters
        for argument in taken:
            for value in SAMPLING_VALUES.get(argument, ()):
                yield Bad(name, call, good | {argument: value}, argument, repr(value), ValueError)
            kinds = (None, 1.5, "2", True, Thing()) if argument in SAMPLING_VALUES else ()
            for value in SAMPLING_KINDS.get(argument, kinds):
                yield Bad(name, call, good | {argument: value}, argument, repr(value), TypeError)
        for argument in ("input", "grad_output", "grid", "theta", "boxes"):
            if argument not in good:
                continue
            for value, says, kind in wrong_array(good[argument]):
                whole = isinstance(value, np.ndarray) and value.dtype.kind in "iub" and name == "pad"
                listed = isinstance(value, list) and argument == "boxes"
                free = name in ("pad", "pixel_shuffle", "pixel_unshuffle") and kind is ValueError
                if whole or listed or free:
                    continue
                words = (says,) if isinstance(says, str) else says
                named = (argument, "grad_output", "input")
                yield Bad(name, call, good | {argument: value}, named, (*words, "of shape"), kind)
        if "input_size" in good:
            for value in (None, 5, "size", (2, 4, 6, 8.0), (2, 4, 6, None)):
                yield Bad(name, call, good | {"input_size": value}, "input_size", repr(value), TypeError)
            for value in ((), (2, 4, 6, -8), (2, 4, 6, 2**63)):
                yield Bad(name, call, good | {"input_size": value}, "input_size", repr(value), ValueError)
            value = (2, 4, 6, 9)
            if not name.startswith(("roi", "grid", "interpolate")):
                yield Bad(
                    name, call, good | {"input_size": value}, ("input_size", "grad_output"), "must have shape", ValueError
                )
        if "out" in taken:
            yield Bad(name, call, good | {"out": np.ones((1, 2, 3), np.float32)}, "out", "(1, 2, 3)", ValueError)
            yield Bad(name, call, good | {"out": [1.0]}, "out", "[1.0]", TypeError)
    yield from sampling_shape_rows()


def sampling_shape_rows() -> Iterator[Bad]:
    """Sizes, shapes and boxes that do not fit."""
    good = good_sampling()

    def row(name: str, argument: str | tuple[str, ...], says: object, kind: type = ValueError, **changed: object) -> Bad:
        return Bad(name, good[name][0], good[name][1] | changed, argument, str(says), kind)

    yield row("pad", "value", "nan", value=float("nan"))
    yield row("pad", "value", "1.0", value=1.0, mode="reflect")
    yield row("pad", "pad", "(-5, -5)", pad=(-5, -5))
    yield row("pad", "pad", "(1, 1, 1, 1, 1, 1, 1, 1)", pad=(1,) * 8, mode="reflect")
    yield row("pad", "input", "(2, 4, 6, 8)", data_format="NWC")
    for size in (0, -1, (3, 0), (3,), (3, 3, 3), 2**31, 2**63):
        yield row("interpolate", "size", size, size=size)
    for size in (1.5, "2", True, (2, None)):
        yield row("interpolate", "size", size, TypeError, size=size)
    for factor in (0, -1.0, 1e-9, 1e30, float("nan"), float("inf"), (2, 2, 2)):
        yield row("interpolate", "scale_factor", factor, size=None, scale_factor=factor)
    for factor in ("2", True, 1j, (2, None), Thing()):
        yield row("interpolate", "scale_factor", factor, TypeError, size=None, scale_factor=factor)
    yield row("interpolate", "scale_factor", "2", scale_factor=2)
    yield row("interpolate", "size", "None", size=None)
    yield row("interpolate", "mode", "'linear'", mode="linear")
    yield row("interpolate", "align_corners", "True", mode="nearest", align_corners=True)
    yield row("interpolate", "antialias", "True", mode="nearest", antialias=True)
    yield row("interpolate", "recompute_scale_factor", "12", recompute_scale_factor=True)
    yield row("interpolate", "input", "(4, 6, 8, 1, 1, 1)", input=np.ones((4, 6, 8, 1, 1, 1), np.float32))
    yield row("interpolate", "size", 2**30, size=(2**30, 2**30))
    yield row("fold", "input", "(2, 15, 35)", input=np.ones((2, 15, 35), np.float32))
    yield row("fold", "input", "(2, 16, 34)", input=np.ones((2, 16, 34), np.float32))
    for size in (0, (6, -8), (2**31, 8), (6, 8, 9, 1)):
        yield row("fold", "output_size", size, output_size=size)
    volume = np.ones((2, 4, 2, 6, 8), np.float32)
    cubic = {"input": volume, "grid": np.ones((2, 1, 1, 1, 3), np.float32), "mode": "bicubic"}
    yield row("grid_sample", "mode", "'bicubic'", **cubic)
    for shape in ((2, 3, 5, 3), (1, 3, 5, 2), (2, 3, 2), (2, 3, 5, 7, 2), (2, 0, 5, 2)):
        yield row("grid_sample", "grid", shape, grid=np.ones(shape, np.float32))
    yield row("grid_sample", "grid", "float64", TypeError, grid=np.ones((2, 3, 5, 2)))
    for shape in ((2, 3, 3), (1, 2, 3), (2, 2)):
        yield row("affine_grid", "theta", shape, theta=np.ones(shape, np.float32))
    for size in ((2, 4, 3), (2, 4, 0, 5), (2, 4, -3, 5), ()):
        yield row("affine_grid", "size", size, size=size)
    for name in ("roi_pool", "roi_align"):
        for image in (2, -1, 0.5, float("nan"), float("inf"), 1e30):
            boxes = np.zeros((3, 5), np.float32)
            boxes[1, 0] = image
            yield row(name, "boxes", "boxes[1, 0]", boxes=boxes)
        for boxes in ([np.zeros((1, 4), np.float32)], [np.zeros((1, 5), np.float32)] * 2):
            yield row(name, "boxes", "must hold", boxes=boxes)
        yield row(name, "boxes", "float64", TypeError, boxes=[np.zeros((1, 4))] * 2)
        for size in (0, -1, (2, 0), (2,), (2, 2, 2), 2**31, 2**62):
            yield row(name, "output_size", size, output_size=size)
        for size in (None, 1.5, "2", True, (2, None)):
            yield row(name, "output_size", size, TypeError, output_size=size)
        yield row(name, "output_size", 2**30, output_size=2**30)
    for index in (-2, 48, 2**62, -(2**63)):
        yield row("roi_pool_input", "indices", index, indices=np.full((3, 4, 2, 2), index))
    yield row("roi_pool_input", "indices", "(3, 4, 2)", indices=np.zeros((3, 4, 2), np.int64))
    yield row("roi_pool_input", "indices", "int32", TypeError, indices=np.zeros((3, 4, 2, 2), np.int32))


ROWS = [
    *(row for rank in (1, 2, 3) for row in conv_rows(rank)),
    *(row for rank in (1, 2, 3) for row in transposed_rows(rank)),
    *(row for rank in (1, 2, 3) for row in pool_rows(rank)),
    *(row for rank in (1, 2, 3) for row in box_rows(rank)),
    *maxout_rows(),
    *sampling_rows(),
    *dense_rows(),
    *curve_rows(),
    *normalization_rows(),
    *setting_rows(),
]


def among(words: str | tuple[str, ...]) -> tuple[str, ...]:
    """A word or several, as several."""
    return (words,) if isinstance(words, str) else words


@pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{row}".encode("ascii", "replace").decode() for i, row in enumerate(ROWS)])
def test_malformed_call_is_refused_in_words(row: Bad) -> None:
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        with pytest.raises(fc.FastconvError) as caught:
            row.call(**row.arguments)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert isinstance(caught.value, row.kind), f"{type(caught.value).__mro__} for {message!r}"
    assert not isinstance(caught.value, TypeError if row.kind is ValueError else ValueError)
    assert isinstance(caught.value, RuntimeError)
    assert row.function in message
    assert any(re.search(rf"\b{name}\b", message) for name in among(row.argument)), f"no {row.argument} in {message!r}"
    assert any(value in message for value in among(row.says)), f"no {row.says} in {message!r}"
    assert peak < MOST_BYTES, f"{peak} bytes were allocated before the call was refused"
    assert len(message) < 1000, "a message is read by people"


def test_there_are_enough_rows() -> None:
    assert len(ROWS) >= 300
    assert len({row.function for row in ROWS}) >= 30


def test_the_good_arguments_of_the_rows_are_good() -> None:
    for call, good in good_sampling().values():
        call(**good)
    for rank in (1, 2, 3):
        getattr(F, f"conv{rank}d")(**good_conv(rank))
        getattr(F, f"conv_transpose{rank}d")(**good_transposed(rank))
        for function, good in (good_conv_gradients(rank) | good_transposed_gradients(rank)).items():
            getattr(fc.grad, function)(**good)


@pytest.mark.parametrize("integer", [np.int8, np.int32, np.int64, np.uint8, np.uint64])
def test_numpy_integers_are_integers(integer: type, rank: int) -> None:
    one, good = integer(1), good_conv(rank)
    y = getattr(F, f"conv{rank}d")(**good, stride=one, padding=(one,) * rank, dilation=[one] * rank, groups=one)
    assert (y == getattr(F, f"conv{rank}d")(**good, padding=1)).all()


def test_a_list_or_array_of_ints_serves_as_one_int_per_axis() -> None:
    good = good_conv(2)
    expected = F.conv2d(**good, stride=(2, 1))
    assert (F.conv2d(**good, stride=[2, 1]) == expected).all()


def test_the_well_known_wordings() -> None:
    x, w = np.ones((1, 3, 8, 8), np.float32), np.ones((6, 4, 3, 3), np.float32)
    with pytest.raises(
        fc.FastconvError,
        match=r"given groups=1 and weight of shape \(6, 4, 3, 3\), input must have 4 channels",
    ) as caught:
        F.conv2d(x, w)
    assert str(caught.value).startswith("conv2d: ")
    assert "(1, 3, 8, 8)" in str(caught.value)
    with pytest.raises(fc.FastconvError, match=r"^conv2d: stride must be positive, got stride=\(0, 1\)$"):
        F.conv2d(x, w[:, :3], stride=(0, 1))


def test_a_refused_call_leaves_the_next_one_right() -> None:
    good = good_conv(2)
    expected = F.conv2d(**good)
    for row in ROWS[:200]:
        with pytest.raises(fc.FastconvError):
            row.call(**row.arguments)
    assert (F.conv2d(**good) == expected).all()


@pytest.mark.parametrize("argument", ["stride", "padding", "dilation", "groups", "num_threads"])
def test_a_call_made_before_lets_no_wrong_kind_through(argument: str) -> None:
    """1 == True == 1.0, and they hash alike: a call that is remembered must not be found by its impostors."""
    good = good_conv(2)
    expected = F.conv2d(**good, **{argument: 1})
    for wrong in (True, 1.0, np.float32(1), np.True_, 1 + 0j):
        with pytest.raises(fc.FastconvTypeError, match=argument):
            F.conv2d(**good, **{argument: wrong})
    assert (F.conv2d(**good, **{argument: 1}) == expected).all()


def test_a_call_made_before_lets_no_wrong_slope_through() -> None:
    good = good_conv(2)
    expected = F.conv2d(**good, activation=("leaky_relu", 1))
    assert (F.conv2d(**good, activation=("leaky_relu", 1.0)) == expected).all()
    for wrong in (True, "1", None):
        with pytest.raises(fc.FastconvTypeError, match="activation"):
            F.conv2d(**good, activation=("leaky_relu", wrong))
    for slope in (0.5, 0.25):
        y = F.conv2d(-good["input"], good["weight"], activation=("leaky_relu", slope))
        assert (y == -36 * slope).all()


def test_a_list_changed_after_a_call_is_read_again() -> None:
    good, stride = good_conv(2), [1, 1]
    before = F.conv2d(**good, stride=stride)
    stride[0] = 2
    assert F.conv2d(**good, stride=stride).shape != before.shape


def test_bias_gradient_and_pools_accept_empty_batches() -> None:
    x = np.ones((0, 3, 8, 8), np.float32)
    w = np.ones((4, 3, 3, 3), np.float32)
    y = F.conv2d(x, w)
    assert y.shape == (0, 4, 6, 6)
    assert F.max_pool2d(x, 2).shape == F.avg_pool2d(x, 2).shape == (0, 3, 4, 4)
    assert fc.grad.conv2d_input(x.shape, w, y).shape == x.shape
    assert (fc.grad.conv2d_weight(x, w.shape, y) == 0).all()
    assert (fc.grad.conv2d_bias(y) == 0).all()
