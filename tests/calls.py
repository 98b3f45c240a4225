"""One small call of every public function, for the tests that put the same question to all of them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import cases
import numpy as np
import oracle

import fastconv as fc
import fastconv.functional as F
import fastconv.grad


@dataclass(frozen=True)
class Call:
    """A function, its arrays by argument name in the order of the signature, and everything else it is given.

    `before` holds leading arguments that are no arrays (a shape); `takes_out` says whether the function has
    `out=`.
    """

    name: str
    function: Callable[..., object]
    arrays: dict[str, np.ndarray]
    options: dict = field(default_factory=dict)
    takes_out: bool = False
    takes_threads: bool = True
    places: dict[str, tuple] = field(default_factory=dict)

    def __call__(self, arrays: dict[str, np.ndarray] | None = None, **more: object) -> object:
        """Run the function, with other arrays or more keyword arguments."""
        arrays = self.arrays if arrays is None else arrays
        return self.function(**arrays, **self.places, **self.options, **more)

    def values(self, arrays: dict[str, np.ndarray] | None = None, **more: object) -> list[np.ndarray]:
        """The results as a list of arrays."""
        result = self(arrays, **more)
        return [np.asarray(r) for r in (result if isinstance(result, tuple) else (result,))]


# Name, c_in, c_out, groups, kernel, stride, padding, dilation: one problem for each family of kernels.
CONVOLUTIONS = (
    ("general", 3, 5, 1, 3, 1, 1, 1),
    ("strided", 4, 10, 2, 2, 2, (1, 0), 1),
    ("dilated", 2, 3, 1, 3, 1, "same", 2),
    ("pointwise", 6, 8, 1, 1, 1, 0, 1),
    ("depthwise", 4, 8, 4, 3, 1, 1, 1),
    ("five", 3, 4, 1, 5, 1, (2, 1), 1),
)
SIZES = {1: (21,), 2: (7, 19), 3: (5, 6, 11)}
FIRST = {1: "NCW", 2: "NCHW", 3: "NCDHW"}
LAST = {1: "NWC", 2: "NHWC", 3: "NDHWC"}
ACTIVATIONS = ("relu", "relu6", "leaky_relu", "sigmoid", "tanh", "silu", "hardswish")


def to_last(array: np.ndarray, rank: int) -> np.ndarray:
    """The array with its channels behind its spatial axes."""
    return np.ascontiguousarray(np.moveaxis(array, -1 - rank, -1))


def to_first(array: np.ndarray, rank: int) -> np.ndarray:
    """The array with its channels before its spatial axes."""
    return np.ascontiguousarray(np.moveaxis(array, -1, -1 - rank))


def convolution_calls(rank: int, dtype: str) -> list[Call]:
    """Forward and gradients of each family."""
    calls = []
    for index, (kind, c_in, c_out, groups, k, stride, pad, dilation) in enumerate(CONVOLUTIONS):
        rng = cases.rng_for(f"calls {kind}", rank)
        padding = (pad,) * rank if isinstance(pad, tuple) else pad
        options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        x = cases.floats(rng, (2, c_in, *SIZES[rank]), dtype)
        w = cases.floats(rng, (c_out, c_in // groups, *(k,) * rank), dtype)
        b = cases.floats(rng, (c_out,), dtype)
        spatial = oracle.conv_out_size(x.shape[2:], w.shape[2:], stride, padding, dilation)
        g = cases.floats(rng, (2, c_out, *spatial), dtype)
        name = f"conv{rank}d"
        forward, to_input, to_weight = (
            getattr(F, name),
            *(getattr(fastconv.grad, f"{name}_{of}") for of in ("input", "weight")),
        )
        arrays = {"input": x, "weight": w, "bias": b}
        calls += [
            Call(f"{name}-{kind}", forward, arrays, options, takes_out=True),
            Call(
                f"{name}-{kind}-last",
                forward,
                arrays | {"input": to_last(x, rank)},
                options | {"data_format": LAST[rank], "activation": ACTIVATIONS[(index + 2 * rank) % 7]},
                takes_out=True,
            ),
            Call(f"{name}-{kind}-active", forward, arrays, options | {"activation": ("leaky_relu", 0.3)}, takes_out=True),
            Call(
                f"{name}_input-{kind}",
                to_input,
                {"weight": w, "grad_output": g},
                options,
                places={"input_size": x.shape},
            ),
            Call(
                f"{name}_weight-{kind}",
                to_weight,
                {"input": x, "grad_output": g},
                options,
                places={"weight_size": w.shape},
            ),
        ]
    return [*calls, Call(f"{name}_bias", getattr(fastconv.grad, f"{name}_bias"), {"grad_output": g})]


# Name, c_in, c_out, groups, kernel, stride, padding, output padding, dilation.
TRANSPOSED = (
    ("doubling", 6, 5, 1, 2, 2, 0, 0, 1),
    ("overlapping", 4, 6, 2, 4, 2, 1, 1, 1),
    ("rotated", 3, 8, 1, 3, 1, 1, 0, 1),
    ("dilated", 2, 3, 1, 3, 3, (0, 2), 1, 2),
    ("each", 4, 8, 4, 3, 2, 1, 0, 1),
)


def transposed_calls(rank: int, dtype: str) -> list[Call]:
    """Transposed convolution and its gradients."""
    calls = []
    for index, (kind, c_in, c_out, groups, k, stride, pad, more, dilation) in enumerate(TRANSPOSED):
        rng = cases.rng_for(f"calls transposed {kind}", rank)
        options = {"stride": stride, "padding": (pad,) * rank if isinstance(pad, tuple) else pad, "output_padding": more}
        options |= {"groups": groups, "dilation": dilation}
        x = cases.floats(rng, (2, c_in, *SIZES[rank]), dtype)
        w = cases.floats(rng, (c_in, c_out // groups, *(k,) * rank), dtype)
        b = cases.floats(rng, (c_out,), dtype)
        g = cases.floats(rng, oracle.conv_transpose(x, w, **options).shape, dtype)
        name = f"conv_transpose{rank}d"
        forward, to_input, to_weight = (
            getattr(F, name),
            *(getattr(fastconv.grad, f"{name}_{of}") for of in ("input", "weight")),
        )
        arrays = {"input": x, "weight": w, "bias": b}
        last = {"data_format": LAST[rank], "activation": ACTIVATIONS[(index + 3 * rank) % 7]}
        calls += [
            Call(f"{name}-{kind}", forward, arrays, options, takes_out=True),
            Call(f"{name}-{kind}-last", forward, arrays | {"input": to_last(x, rank)}, options | last, takes_out=True),
            Call(f"{name}_input-{kind}", to_input, {"weight": w, "grad_output": g}, options, places={"input_size": x.shape}),
            Call(
                f"{name}_weight-{kind}", to_weight, {"input": x, "grad_output": g}, options, places={"weight_size": w.shape}
            ),
        ]
    return [*calls, Call(f"{name}_bias", getattr(fastconv.grad, f"{name}_bias"), {"grad_output": g})]


def pooling_calls(rank: int, dtype: str) -> list[Call]:
    """Pooling, unpooling and gradients."""
    rng = cases.rng_for("calls pool", rank)
    x = cases.floats(rng, (2, 3, *SIZES[rank]), dtype)
    window = {"kernel_size": 3, "stride": 2, "padding": 1}
    y, where = oracle.max_pool(x, 3, 2, 1)
    g = cases.floats(rng, y.shape, dtype)
    shape = {"input_size": x.shape}
    bound = {"output_size": x.shape[2:]}
    max_pool, avg_pool, max_unpool = (getattr(F, f"{kind}{rank}d") for kind in ("max_pool", "avg_pool", "max_unpool"))
    d_max, d_avg, d_un = (getattr(fastconv.grad, f"{kind}{rank}d_input") for kind in ("max_pool", "avg_pool", "max_unpool"))
    return [
        Call(f"max_pool{rank}d", max_pool, {"input": x}, window, takes_out=True),
        Call(f"max_pool{rank}d-indices", max_pool, {"input": x}, window | {"return_indices": True}),
        Call(f"avg_pool{rank}d", avg_pool, {"input": x}, window | {"ceil_mode": True}, takes_out=True),
        Call(f"max_unpool{rank}d", max_unpool, {"input": g, "indices": where}, window | bound, takes_out=True),
        Call(f"max_pool{rank}d_input", d_max, {"indices": where, "grad_output": g}, places=shape),
        Call(f"avg_pool{rank}d_input", d_avg, {"grad_output": g}, window, places=shape),
        Call(f"max_unpool{rank}d_input", d_un, {"indices": where, "grad_output": x}),
    ]


def dense_calls(dtype: str) -> list[Call]:
    """Linear layers, activations and losses."""
    rng = cases.rng_for("calls dense", 0)
    x, w, b, g = (cases.floats(rng, s, dtype) for s in ((6, 19), (7, 19), (7,), (6, 7)))
    p, target = oracle.softmax(g, 1).astype(dtype), rng.integers(0, 7, 6)
    scales = (abs(b) + 1).astype(dtype)
    alone = {"takes_threads": False}
    grad = fastconv.grad
    return [
        *(Call(name, getattr(F, name), {"input": x}, takes_out=True) for name in ACTIVATIONS),
        *(
            Call(f"{name}_input", getattr(grad, f"{name}_input"), {"input": x, "grad_output": x[::-1].copy()}, **alone)
            for name in ACTIVATIONS
        ),
        Call("linear", F.linear, {"input": x, "weight": w, "bias": b}, takes_out=True),
        Call("softmax", F.softmax, {"input": g}, {"dim": 1}, **alone),
        Call("log_softmax", F.log_softmax, {"input": g}, {"dim": 0}, **alone),
        Call("cross_entropy", F.cross_entropy, {"input": g, "target": target, "weight": scales}, **alone),
        Call("cross_entropy-probabilities", F.cross_entropy, {"input": g, "target": p}, **alone),
        Call("softmax_input", grad.softmax_input, {"output": p, "grad_output": g}, {"dim": 1}, **alone),
        Call("log_softmax_input", grad.log_softmax_input, {"output": g, "grad_output": p}, {"dim": 1}, **alone),
        Call("linear_input", grad.linear_input, {"weight": w, "grad_output": g}, **alone),
        Call("linear_weight", grad.linear_weight, {"input": x, "grad_output": g}, **alone),
        Call("linear_bias", grad.linear_bias, {"grad_output": g}, **alone),
        Call(
            "cross_entropy_input",
            grad.cross_entropy_input,
            {"input": g, "target": target, "weight": scales},
            **alone,
        ),
    ]


def suited(algorithm: str, channels: int) -> tuple[int, int]:
    """Groups and kernel size of a convolution that an algorithm serves, if it serves the number of axes."""
    return {"depthwise": (channels, 3), "pointwise": (1, 1), "winograd_f2x5": (1, 5)}.get(algorithm, (1, 3))


def able(function: str, input_shape: tuple[int, ...], weight_shape: tuple[int, ...], **options: object) -> list[str]:
    """Names of the algorithms that can serve a convolution, in order of preference."""
    names = []
    for name in fc.algorithms(function):
        try:
            fc.explain(function, input_shape, weight_shape, **options, algorithm=name)
        except fc.FastconvError:
            continue
        names.append(name)
    return names


def chosen(function: str, input_shape: tuple[int, ...], weight_shape: tuple[int, ...], **options: object) -> str:
    """Name of the algorithm that a convolution takes when none is named, at the instruction set in force."""
    return fc.explain(function, input_shape, weight_shape, **options).algorithm


def calls_of(rank: int, dtype: str) -> list[Call]:
    """Every function of this number of axes."""
    return convolution_calls(rank, dtype) + transposed_calls(rank, dtype) + pooling_calls(rank, dtype)


def all_calls(dtype: str) -> list[Call]:
    """Every public function at least once."""
    by_rank = [call for rank in (1, 2, 3) for call in calls_of(rank, dtype)]
    return by_rank + dense_calls(dtype)
