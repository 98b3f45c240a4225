"""One small call of every public function, for the tests that put the same question to all of them."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import cases
import numpy as np
import oracle

import fastconv as fc
import fastconv.functional as F
import fastconv.grad
from fastconv import tf


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
CAUSAL = ("causal", 5, 9, 1, 3, 1, "causal", 2)
# The same, and what lies in the padding.
BORDERED = (
    ("replicate", 3, 5, 1, 3, 1, 1, 1, {"padding_mode": "replicate"}),
    ("reflect", 4, 10, 2, 2, 2, 3, 1, {"padding_mode": "reflect", "flip": True}),
    ("constant", 2, 3, 1, 3, 1, "same", 2, {"padding_mode": "constant", "padding_value": 2.5}),
    ("symmetric", 3, 4, 1, 5, 1, 2, 1, {"padding_mode": "scipy:reflect"}),
    ("circular", 3, 4, 1, 3, 1, 24, 1, {"padding_mode": "circular"}),
    ("channelwise", 4, 8, 4, 3, 1, 1, 1, {"padding_mode": "replicate", "flip": True}),
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
    problems = (*CONVOLUTIONS, CAUSAL) if rank == 1 else CONVOLUTIONS
    for index, (kind, c_in, c_out, groups, k, stride, pad, dilation) in enumerate(problems):
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


def untied_calls(rank: int, dtype: str) -> list[Call]:
    """Convolutions whose bias differs from place to place, and its gradient, for every axis that may share it."""
    calls = []
    for index, shared in enumerate(itertools.product((False, True), repeat=rank)):
        rng = cases.rng_for(f"calls untied {index}", rank)
        x = cases.floats(rng, (2, 3, *SIZES[rank]), dtype)
        w = cases.floats(rng, (5, 3, *(3,) * rank), dtype)
        extents = tuple(1 if one else size for one, size in zip(shared, SIZES[rank], strict=True))
        b, g = cases.floats(rng, (5, *extents), dtype), cases.floats(rng, (2, 5, *SIZES[rank]), dtype)
        name, words = f"conv{rank}d", "".join("1x"[not one] for one in shared)
        options = {"padding": 1, "activation": ACTIVATIONS[(index + rank) % 7]}
        arrays = {"input": x, "weight": w, "bias": b}
        last = {"data_format": LAST[rank]}
        calls += [
            Call(f"{name}-untied-{words}", getattr(F, name), arrays, options, takes_out=True),
            Call(
                f"{name}-untied-{words}-last",
                getattr(F, name),
                arrays | {"input": to_last(x, rank)},
                options | last,
                takes_out=True,
            ),
            Call(
                f"{name}_bias-untied-{words}",
                getattr(fastconv.grad, f"{name}_bias"),
                {"grad_output": g},
                places={"bias_size": b.shape},
            ),
        ]
    return calls


# Name, c_in, c_out, groups, kernel, stride, padding, dilation, tiles (None: one for every output).
TILED = (
    ("local", 3, 20, 1, 3, 1, 1, 1, None),
    ("local-strided", 4, 10, 2, 2, 2, (1, 0), 1, None),
    ("local-narrow", 2, 1, 1, 3, 1, "same", 2, None),
    ("local-depthwise", 5, 5, 5, 3, 1, 1, 1, None),
    ("tiled", 3, 17, 1, 3, 1, 1, 1, 2),
    ("tiled-grouped", 4, 6, 2, 2, 2, 1, 1, 3),
    ("tiled-one", 2, 40, 1, 3, 1, 1, 1, 1),
)


def tiled_calls(rank: int, dtype: str) -> list[Call]:
    """Locally connected and tiled convolutions, and their gradients."""
    calls = []
    for index, (kind, c_in, c_out, groups, k, stride, pad, dilation, tiles) in enumerate(TILED):
        rng = cases.rng_for(f"calls {kind}", rank)
        padding = (pad,) * rank if isinstance(pad, tuple) else pad
        options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        x = cases.floats(rng, (2, c_in, *SIZES[rank]), dtype)
        out = oracle.conv_out_size(SIZES[rank], (k,) * rank, stride, padding, dilation)
        lead = out if tiles is None else (tiles,) * rank
        w = cases.floats(rng, (*lead, *(k,) * rank, c_in // groups, c_out), dtype)
        b = cases.floats(rng, (c_out, *out) if index % 2 else (c_out,), dtype)
        g = cases.floats(rng, (2, c_out, *out), dtype)
        name = f"{kind.split('-')[0]}_conv{rank}d"
        arrays = {"input": x, "weight": w, "bias": b}
        grad = fastconv.grad
        calls += [
            Call(f"{name}-{kind}", getattr(F, name), arrays, options, takes_out=True),
            Call(
                f"{name}-{kind}-last",
                getattr(F, name),
                arrays | {"input": to_last(x, rank)},
                options | {"data_format": LAST[rank], "activation": ACTIVATIONS[(index + 2 * rank) % 7]},
                takes_out=True,
            ),
            Call(
                f"{name}_input-{kind}",
                getattr(grad, f"{name}_input"),
                {"weight": w, "grad_output": g},
                options,
                places={"input_size": x.shape},
            ),
            Call(
                f"{name}_weight-{kind}",
                getattr(grad, f"{name}_weight"),
                {"input": x, "grad_output": g},
                options,
                places={"weight_size": w.shape},
            ),
        ]
    return calls


# Name, c_in, multiplier, c_out, kernel, stride, padding, dilation.
SEPARABLE = (
    ("rows", 18, 1, 40, 3, 1, 1, 1),
    ("strided", 5, 2, 9, (3, 2, 3), 2, (1, 0, 2), 1),
    ("dilated", 4, 1, 20, 3, 1, "same", 2),
    ("small", 33, 1, 34, 2, 2, 0, 1),
)


# Kernel, stride, width, border: tiles of depthwise rows that lie inside a row, over its ends and over each other.
ROWS = (
    (3, 1, 101, "zeros"),
    (3, 2, 137, "reflect"),
    (5, 1, 70, "constant"),
    (5, 2, 35, "circular"),
    (3, 1, 7, "zeros"),
    (3, 1, 3, "zeros"),  # two rows a vector, of 16 reals or 8 or 4
)


def row_calls(dtype: str) -> list[Call]:
    """Depthwise convolutions by rows of their maps, and their gradients."""
    found = []
    for k, stride, width, border in ROWS:
        rng = cases.rng_for(f"calls rows {k} {stride}", 2)
        options = {"stride": stride, "padding": k // 2, "groups": 3, "padding_mode": border}
        x, w = cases.floats(rng, (1, 3, 21, width), dtype), cases.floats(rng, (6, 1, k, k), dtype)
        g = cases.floats(rng, oracle.conv_output_shape(x.shape, w.shape, stride=stride, padding=k // 2), dtype)
        kind = f"rows-{k}-{stride}-{border}-{width}"
        found += [
            Call(f"conv2d-{kind}", F.conv2d, {"input": x, "weight": w}, options | {"activation": "relu6"}, takes_out=True),
            Call(
                f"conv2d_weight-{kind}",
                fastconv.grad.conv2d_weight,
                {"input": x, "grad_output": g},
                options,
                places={"weight_size": w.shape},
            ),
        ]
    return found


def separable_calls(rank: int, dtype: str) -> list[Call]:
    """Depthwise separable convolutions."""
    found = []
    for index, (kind, c_in, multiplier, c_out, k, stride, pad, dilation) in enumerate(SEPARABLE):
        rng = cases.rng_for(f"calls separable {kind}", rank)
        kernel = k[:rank] if isinstance(k, tuple) else (k,) * rank
        options = {"stride": stride, "padding": pad[:rank] if isinstance(pad, tuple) else pad, "dilation": dilation}
        x, between = cases.floats(rng, (2, c_in, *SIZES[rank]), dtype), c_in * multiplier
        arrays = {
            "input": x,
            "depthwise_weight": cases.floats(rng, (between, 1, *kernel), dtype),
            "pointwise_weight": cases.floats(rng, (c_out, between, *(1,) * rank), dtype),
            "depthwise_bias": cases.floats(rng, (between,), dtype),
            "pointwise_bias": cases.floats(rng, (c_out,), dtype),
        }
        name = f"depthwise_separable_conv{rank}d"
        function, first = getattr(F, name), {"depthwise_activation": ACTIVATIONS[(index + rank) % 7]}
        last = {"data_format": LAST[rank], "activation": ACTIVATIONS[(index + 3 * rank) % 7]}
        found += [
            Call(f"{name}-{kind}", function, arrays, options, takes_out=True),
            Call(f"{name}-{kind}-active", function, arrays, options | first | {"activation": "tanh"}, takes_out=True),
            Call(
                f"{name}-{kind}-last",
                function,
                arrays | {"input": to_last(x, rank)},
                options | first | last,
                takes_out=True,
            ),
        ]
    return found


def border_calls(rank: int, dtype: str) -> list[Call]:
    """Forward and gradients with something in the padding."""
    found = []
    for index, (kind, c_in, c_out, groups, k, stride, padding, dilation, border) in enumerate(BORDERED):
        rng = cases.rng_for(f"calls border {kind}", rank)
        if rank == 3 and padding == 24:
            padding = 7
        options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups} | border
        x = cases.floats(rng, (2, c_in, *SIZES[rank]), dtype)
        w = cases.floats(rng, (c_out, c_in // groups, *(k,) * rank), dtype)
        b = cases.floats(rng, (c_out,), dtype)
        g = cases.floats(rng, (2, c_out, *oracle.conv_out_size(x.shape[2:], w.shape[2:], stride, padding, dilation)), dtype)
        name = f"conv{rank}d"
        forward = getattr(F, name)
        to_input, to_weight = (getattr(fastconv.grad, f"{name}_{of}") for of in ("input", "weight"))
        arrays, last = {"input": x, "weight": w, "bias": b}, {"data_format": LAST[rank], "activation": ACTIVATIONS[index]}
        found += [
            Call(f"{name}-{kind}", forward, arrays, options, takes_out=True),
            Call(f"{name}-{kind}-last", forward, arrays | {"input": to_last(x, rank)}, options | last, takes_out=True),
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
    return found


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
    last = {"data_format": LAST[rank]}
    shape = {"input_size": x.shape}
    bound = {"output_size": x.shape[2:]}
    max_pool, avg_pool, max_unpool = (getattr(F, f"{kind}{rank}d") for kind in ("max_pool", "avg_pool", "max_unpool"))
    d_max, d_avg, d_un = (getattr(fastconv.grad, f"{kind}{rank}d_input") for kind in ("max_pool", "avg_pool", "max_unpool"))
    return [
        Call(f"max_pool{rank}d", max_pool, {"input": x}, window, takes_out=True),
        Call(f"max_pool{rank}d-last", max_pool, {"input": to_last(x, rank)}, window | last, takes_out=True),
        Call(
            f"max_pool{rank}d-indices-last", max_pool, {"input": to_last(x, rank)}, window | last | {"return_indices": True}
        ),
        Call(f"avg_pool{rank}d-last", avg_pool, {"input": to_last(x, rank)}, window | last, takes_out=True),
        Call(f"max_pool{rank}d-indices", max_pool, {"input": x}, window | {"return_indices": True}),
        Call(f"avg_pool{rank}d", avg_pool, {"input": x}, window | {"ceil_mode": True}, takes_out=True),
        Call(f"max_unpool{rank}d", max_unpool, {"input": g, "indices": where}, window | bound, takes_out=True),
        Call(f"max_pool{rank}d_input", d_max, {"indices": where, "grad_output": g}, places=shape),
        Call(f"avg_pool{rank}d_input", d_avg, {"grad_output": g}, window, places=shape),
        Call(f"max_unpool{rank}d_input", d_un, {"indices": where, "grad_output": x}),
        *switched_calls(rank, x, where, g),
    ]


def switched_calls(rank: int, x: np.ndarray, where: np.ndarray, g: np.ndarray) -> list[Call]:
    """Compact switches, and what follows switches with the channels last."""
    window, last = {"kernel_size": 3, "stride": 2, "padding": 1}, {"data_format": LAST[rank]}
    inside = {"kernel_size": 3, "stride": 2}  # every tap says a place, wherever a layout moves it
    taps = cases.rng_for("calls switches", rank).integers(0, 3**rank, g.shape).astype(np.uint8)
    large = np.ones((*g.shape[:2], *(2 * o + 1 for o in g.shape[2:])), x.dtype)
    there, places, bytes_there, g_there, large_there = (to_last(array, rank) for array in (x, where, taps, g, large))
    bound, shape = {"output_size": x.shape[2:]}, {"input_size": large.shape}
    max_pool, max_unpool = getattr(F, f"max_pool{rank}d"), getattr(F, f"max_unpool{rank}d")
    d_max, d_avg, d_un = (getattr(fastconv.grad, f"{kind}{rank}d_input") for kind in ("max_pool", "avg_pool", "max_unpool"))
    narrow = {"return_indices": True, "switches": "compact"}
    upper = {"kernel_size": 2, "stride": 2, "padding": "same_lower"}
    return [
        Call(f"max_pool{rank}d-compact", max_pool, {"input": x}, window | narrow),
        Call(f"max_pool{rank}d-compact-last", max_pool, {"input": there}, window | narrow | last),
        Call(f"max_pool{rank}d-same", max_pool, {"input": x}, upper, takes_out=True),
        Call(f"max_unpool{rank}d-compact", max_unpool, {"input": g, "indices": taps}, inside, takes_out=True),
        Call(
            f"max_unpool{rank}d-last",
            max_unpool,
            {"input": g_there, "indices": places},
            window | bound | last,
            takes_out=True,
        ),
        Call(
            f"max_unpool{rank}d-compact-last",
            max_unpool,
            {"input": g_there, "indices": bytes_there},
            inside | last,
            takes_out=True,
        ),
        Call(f"max_pool{rank}d_input-compact", d_max, {"indices": taps, "grad_output": g}, inside, places=shape),
        Call(
            f"max_pool{rank}d_input-last",
            d_max,
            {"indices": places, "grad_output": g_there},
            last,
            places={"input_size": there.shape},
        ),
        Call(
            f"avg_pool{rank}d_input-last",
            d_avg,
            {"grad_output": g_there},
            window | last,
            places={"input_size": there.shape},
        ),
        Call(f"max_unpool{rank}d_input-compact", d_un, {"indices": taps, "grad_output": large}, inside),
        Call(f"max_unpool{rank}d_input-last", d_un, {"indices": bytes_there, "grad_output": large_there}, inside | last),
    ]


def box_calls(rank: int, dtype: str) -> list[Call]:
    """Adaptive and global pooling, sums, norms, and gradients, with the channels first and last."""
    rng = cases.rng_for("calls boxes", rank)
    x = cases.floats(rng, (2, 5, *SIZES[rank]), dtype)
    found, grad = [], fastconv.grad
    for tail, a, last in (("", x, {}), ("-last", to_last(x, rank), {"data_format": LAST[rank]})):
        shape = {"input_size": a.shape}
        for family, out in (("adaptive", {"output_size": (4, 3, 2)[3 - rank :]}), ("global", {})):
            average, maximum = (getattr(F, f"{family}_{kind}_pool{rank}d") for kind in ("avg", "max"))
            d_avg, d_max = (getattr(grad, f"{family}_{kind}_pool{rank}d_input") for kind in ("avg", "max"))
            y, where = maximum(a, **out, **last, return_indices=True)
            found += [
                Call(f"{family}_avg_pool{rank}d{tail}", average, {"input": a}, out | last, takes_out=True),
                Call(f"{family}_max_pool{rank}d{tail}", maximum, {"input": a}, out | last, takes_out=True),
                Call(
                    f"{family}_max_pool{rank}d-indices{tail}", maximum, {"input": a}, out | last | {"return_indices": True}
                ),
                Call(f"{family}_avg_pool{rank}d_input{tail}", d_avg, {"grad_output": y}, last, places=shape),
                Call(
                    f"{family}_max_pool{rank}d_input{tail}", d_max, {"indices": where, "grad_output": y}, last, places=shape
                ),
            ]
        window = {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True} | last
        y = getattr(F, f"sum_pool{rank}d")(a, **window)
        found += [
            Call(f"sum_pool{rank}d{tail}", getattr(F, f"sum_pool{rank}d"), {"input": a}, window, takes_out=True),
            Call(
                f"sum_pool{rank}d_input{tail}",
                getattr(grad, f"sum_pool{rank}d_input"),
                {"grad_output": y},
                window,
                places=shape,
            ),
        ]
        for p in (1, 2, 3, 2.5, float("inf")):
            norm, back, how = (
                getattr(F, f"lp_pool{rank}d"),
                getattr(grad, f"lp_pool{rank}d_input"),
                window | {"norm_type": p},
            )
            arrays = {"input": a, "output": norm(a, **how), "grad_output": y}
            found += [
                Call(f"lp_pool{rank}d-{p}{tail}", norm, {"input": a}, how, takes_out=True),
                Call(f"lp_pool{rank}d_input-{p}{tail}", back, arrays, how),
            ]
    return found


def maxout_calls(dtype: str) -> list[Call]:
    """Maxout and its gradient, along an axis before others and along the last."""
    x = cases.floats(cases.rng_for("calls maxout", 0), (2, 12, 19), dtype)
    found = []
    for tail, dim, a in (("", 1, x), ("-last", -1, to_last(x, 1))):
        y, maps = F.maxout(a, 3, dim, return_indices=True)
        how = {"pool_size": 3, "dim": dim}
        found += [
            Call(f"maxout{tail}", F.maxout, {"input": a}, how, takes_out=True),
            Call(f"maxout-indices{tail}", F.maxout, {"input": a}, how | {"return_indices": True}),
            Call(
                f"maxout_input{tail}",
                fastconv.grad.maxout_input,
                {"indices": maps, "grad_output": y},
                {"dim": dim},
                places={"input_size": a.shape},
            ),
        ]
    return found


# Options of the windows, borders and modes that a rank is sampled with.
PADS = {"constant": {"value": 2.5}, "reflect": {}, "replicate": {}, "circular": {}, "symmetric": {}}
LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


def sampling_calls(rank: int, dtype: str) -> list[Call]:
    """Padding, patches and interpolation."""
    rng, grad = cases.rng_for("calls sampling", rank), fastconv.grad
    x = cases.floats(rng, (2, 3, *SIZES[rank]), dtype)
    shape, last = {"input_size": x.shape}, {"data_format": LAST[rank]}
    there, spread = to_last(x, rank), {"input_size": to_last(x, rank).shape}
    found = []
    for mode, more in PADS.items():
        how = {"pad": (3, 9, -1, 2, 1, 0)[: 2 * rank], "mode": mode} | more
        g = F.pad(x, **how)
        found += [
            Call(f"pad-{mode}{rank}d", F.pad, {"input": x}, how, takes_out=mode == "reflect"),
            Call(f"pad-{mode}{rank}d-last", F.pad, {"input": there}, how | last),
            Call(f"pad_input-{mode}{rank}d", grad.pad_input, {"grad_output": g}, how, places=shape),
            Call(
                f"pad_input-{mode}{rank}d-last", grad.pad_input, {"grad_output": to_last(g, rank)}, how | last, places=spread
            ),
        ]
    window = {"kernel_size": (3,) * rank, "padding": 1, "stride": 2}
    columns = F.unfold(x, **window)
    found += [
        Call(f"unfold-{rank}d", F.unfold, {"input": x}, window, takes_out=True),
        Call(f"fold-{rank}d", F.fold, {"input": columns}, window | {"output_size": x.shape[2:]}, takes_out=True),
        Call(f"unfold_input-{rank}d", grad.unfold_input, {"grad_output": columns}, window, places=shape),
        Call(f"fold_input-{rank}d", grad.fold_input, {"grad_output": x}, window),
    ]
    modes = ("nearest", "nearest-exact", "area", LINEAR[rank], *(("bicubic",) if rank == 2 else ()))
    for mode, factor in itertools.product(modes, (2.0, 0.7)):
        how = {"scale_factor": factor, "mode": mode} | ({"antialias": True} if rank == 2 and factor < 1 else {})
        if mode not in ("bilinear", "bicubic"):
            how.pop("antialias", None)
        g, name = F.interpolate(x, **how), f"{mode}{rank}d-{factor}"
        found += [
            Call(f"interpolate-{name}", F.interpolate, {"input": x}, how, takes_out=factor > 1),
            Call(f"interpolate-{name}-last", F.interpolate, {"input": there}, how | last),
            Call(f"interpolate_input-{name}", grad.interpolate_input, {"grad_output": g}, how, places=shape),
        ]
    return found


def grid_calls(rank: int, dtype: str) -> list[Call]:
    """Sampling with a grid; sequences have none."""
    rng, grad = cases.rng_for("calls grid", rank), fastconv.grad
    found = []
    for mode, border in itertools.product(("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")):
        if rank == 1 or (rank == 3 and mode == "bicubic"):
            continue
        x = cases.floats(rng, (2, 3, *SIZES[rank]), dtype)
        grid = cases.floats(rng, (2, *SIZES[rank][::-1], rank), dtype)
        g = cases.floats(rng, (2, 3, *SIZES[rank][::-1]), dtype)
        how, name = {"mode": mode, "padding_mode": border, "align_corners": border == "border"}, f"{mode}-{border}{rank}d"
        last, both, shape = {"data_format": LAST[rank]}, {"grid": grid, "grad_output": g}, {"input_size": x.shape}
        found += [
            Call(f"grid_sample-{name}", F.grid_sample, {"input": x, "grid": grid}, how, takes_out=border == "zeros"),
            Call(
                f"grid_sample-{name}-last",
                F.grid_sample,
                {"input": to_last(x, rank), "grid": grid},
                how | last,
            ),
            Call(f"grid_sample_input-{name}", grad.grid_sample_input, both, how, places=shape),
            Call(f"grid_sample_grid-{name}", grad.grid_sample_grid, {"input": x} | both, how),
        ]
    theta, size = cases.floats(rng, (2, rank, rank + 1), dtype), {"size": (2, 3, *SIZES[rank])}
    if rank > 1:
        g = F.affine_grid(theta, **size)
        found += [
            Call(f"affine_grid-{rank}d", F.affine_grid, {"theta": theta}, size, takes_out=True),
            Call(f"affine_grid_theta-{rank}d", grad.affine_grid_theta, {"grad_output": g}, size, takes_threads=False),
        ]
    return found


def by_image(function: Callable[..., object]) -> Callable[..., object]:
    """A function of regions, given the boxes of two images in one array: the first has two."""

    def call(boxes: np.ndarray, **arguments: object) -> object:
        return function(boxes=[boxes[:2], boxes[2:]], **arguments)

    return call


def region_calls(dtype: str) -> list[Call]:
    """Regions of interest, and pixels to channels and back."""
    rng, grad = cases.rng_for("calls regions", 0), fastconv.grad
    x = cases.floats(rng, (2, 36, 7, 19), dtype)
    boxes = np.array([[1, 1, 12, 5], [-3, 0, 30, 4], [2, 2, 2, 2], [40, 40, 50, 50]], dtype)
    pool, align, pool_input, align_input = map(
        by_image, (F.roi_pool, F.roi_align, grad.roi_pool_input, grad.roi_align_input)
    )
    arrays, there, last = {"input": x, "boxes": boxes}, {"input": to_last(x, 2), "boxes": boxes}, {"data_format": "NHWC"}
    bins, shape, told = {"output_size": (3, 2)}, {"input_size": x.shape}, {"return_indices": True}
    y, where = pool(**arrays, **bins, **told)
    wide = {"input": cases.floats(rng, (2, 3, 8, 18), dtype)}
    return [
        Call("roi_pool", pool, arrays, bins, takes_out=True),
        Call("roi_pool-indices", pool, arrays, bins | told),
        Call("roi_pool-last", pool, there, bins | last, takes_out=True),
        Call("roi_align", align, arrays, bins, takes_out=True),
        Call("roi_align-ratio", align, arrays, bins | {"sampling_ratio": 2, "aligned": True}, takes_out=True),
        Call("roi_align-last", align, there, bins | last, takes_out=True),
        Call("roi_pool_input", pool_input, {"boxes": boxes, "indices": where, "grad_output": y}, places=shape),
        Call("roi_align_input", align_input, {"boxes": boxes, "grad_output": y}, bins, places=shape),
        Call("pixel_shuffle", F.pixel_shuffle, {"input": x}, {"upscale_factor": 3}, takes_out=True),
        Call("pixel_unshuffle", F.pixel_unshuffle, wide, {"downscale_factor": 2}, takes_out=True),
    ]


def tensorflow_calls(dtype: str) -> list[Call]:
    """TensorFlow's signatures."""
    rng = cases.rng_for("calls tf", 0)
    found = []
    for rank in (1, 2, 3):
        x, w = cases.floats(rng, (2, *SIZES[rank], 3), dtype), cases.floats(rng, (*(3,) * rank, 3, 5), dtype)
        strides, window = ("stride" if rank == 1 else "strides"), {"ksize": 3, "strides": 2, "padding": "SAME"}
        found += [
            Call(
                f"tf.conv{rank}d", getattr(tf, f"conv{rank}d"), {"input": x, "filters": w}, {strides: 2, "padding": "SAME"}
            ),
            Call(f"tf.max_pool{rank}d", getattr(tf, f"max_pool{rank}d"), {"input": x}, window),
            Call(f"tf.avg_pool{rank}d", getattr(tf, f"avg_pool{rank}d"), {"input": x}, window),
            Call(f"tf.max_pool-{rank}d", tf.max_pool, {"input": x}, window),
            Call(f"tf.avg_pool-{rank}d", tf.avg_pool, {"input": to_first(x, rank)}, window | {"data_format": FIRST[rank]}),
        ]
    x, w, depthwise = (cases.floats(rng, s, dtype) for s in ((2, 7, 19, 3), (3, 3, 3, 5), (3, 3, 3, 2)))
    mixing = {"depthwise_filter": depthwise, "pointwise_filter": cases.floats(rng, (1, 1, 6, 4), dtype)}
    how = {"strides": [1, 2, 2, 1], "padding": [[0, 0], [1, 0], [0, 2], [0, 0]]}
    return [
        *found,
        Call("tf.depthwise_conv2d", tf.depthwise_conv2d, {"input": x, "filter": depthwise}, how),
        Call("tf.separable_conv2d", tf.separable_conv2d, {"input": x, **mixing}, how),
        Call(
            "tf.conv2d_transpose",
            tf.conv2d_transpose,
            {"input": cases.floats(rng, (2, 4, 10, 5), dtype), "filters": w},
            {"strides": 2, "output_shape": (2, 7, 19, 3)},
        ),
        Call("tf.atrous_conv2d", tf.atrous_conv2d, {"value": x, "filters": w}, {"rate": 2, "padding": "SAME"}),
        Call("tf.max_pool_with_argmax", tf.max_pool_with_argmax, {"input": x}, {"ksize": 3} | how),
    ]


def dense_calls(dtype: str) -> list[Call]:
    """Linear layers, activations and losses."""
    rng = cases.rng_for("calls dense", 0)
    x, w, b, g = (cases.floats(rng, s, dtype) for s in ((6, 19), (7, 19), (7,), (6, 7)))
    p, target = oracle.softmax(g, 1).astype(dtype), rng.integers(0, 7, 6)
    scales = (abs(b) + 1).astype(dtype)
    alone = {"takes_threads": False}
    grad, logits = fastconv.grad, "binary_cross_entropy_with_logits"
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
        Call("mse_loss", F.mse_loss, {"input": g, "target": p}, **alone),
        Call("mse_loss_input", grad.mse_loss_input, {"input": g, "target": p}, **alone),
        Call(logits, F.binary_cross_entropy_with_logits, {"input": g, "target": p, "pos_weight": scales}, **alone),
        Call(
            f"{logits}_input",
            grad.binary_cross_entropy_with_logits_input,
            {"input": g, "target": p, "weight": scales},
            **alone,
        ),
        Call("softmax_input", grad.softmax_input, {"output": p, "grad_output": g}, {"dim": 1}, **alone),
        Call("log_softmax_input", grad.log_softmax_input, {"output": g, "grad_output": p}, {"dim": 1}, **alone),
        Call("linear_input", grad.linear_input, {"weight": w, "grad_output": g}),
        Call("linear_weight", grad.linear_weight, {"input": x, "grad_output": g}),
        Call("linear_bias", grad.linear_bias, {"grad_output": g}, **alone),
        Call(
            "cross_entropy_input",
            grad.cross_entropy_input,
            {"input": g, "target": target, "weight": scales},
            **alone,
        ),
    ]


CURVES = ("gelu", "elu", "selu", "celu", "softplus", "mish", "hardtanh", "hardsigmoid", "softsign", "logsigmoid")
NORMS = ("batch_norm", "instance_norm", "group_norm", "layer_norm", "rms_norm", "local_response_norm", "local_contrast_norm")
DROPOUTS = ("dropout", "alpha_dropout", "dropout1d", "dropout2d", "dropout3d")


def curve_calls(dtype: str) -> list[Call]:
    """Activations alone, softmax on threads, and their gradients."""
    rng, grad = cases.rng_for("calls curves", 0), fastconv.grad
    x, g, w = (cases.floats(rng, shape, dtype) for shape in ((2, 6, 19), (2, 6, 19), (6,)))
    y = np.exp(-np.abs(g))
    last = {"data_format": "NWC"}
    limit = {"threshold": 0.1}
    return [
        *(Call(name, getattr(F, name), {"input": x}, takes_out=True) for name in CURVES),
        *(Call(f"{name}_input", getattr(grad, f"{name}_input"), {"input": x, "grad_output": g}) for name in CURVES),
        Call("threshold", F.threshold, {"input": x}, limit | {"value": 2.0}, takes_out=True),
        Call("threshold_input", grad.threshold_input, {"input": x, "grad_output": g}, limit),
        Call("prelu", F.prelu, {"input": x, "weight": w}, takes_out=True),
        Call("prelu-last", F.prelu, {"input": to_last(x, 1), "weight": w}, last, takes_out=True),
        Call("prelu_input", grad.prelu_input, {"input": x, "weight": w, "grad_output": g}),
        Call(
            "prelu_weight-last",
            grad.prelu_weight,
            {"input": x.swapaxes(1, 2).copy(), "weight": w, "grad_output": to_last(g, 1)},
            last,
        ),
        Call("glu", F.glu, {"input": x}, {"dim": 1}, takes_out=True),
        Call("glu_input", grad.glu_input, {"input": x, "grad_output": g[:, ::2].copy()}, {"dim": 1}),
        *(
            Call(f"{name}-{d}", getattr(F, name), {"input": x}, {"dim": d}, takes_out=True)
            for name in ("softmax", "log_softmax", "softmin")
            for d in (1, 2)
        ),
        *(
            Call(f"{name}_input-{d}", getattr(grad, f"{name}_input"), {"output": y, "grad_output": g}, {"dim": d})
            for name in ("softmax", "log_softmax", "softmin")
            for d in (1, 2)
        ),
    ]


def normalization_calls(dtype: str) -> list[Call]:
    """Normalisation, and dropout with a seed; their gradients."""
    rng, grad = cases.rng_for("calls normalization", 0), fastconv.grad
    x, g = (cases.floats(rng, (2, 6, 5, 7), dtype) for _ in range(2))
    w, b, mean, var, rows, lines = (
        cases.floats(rng, shape, dtype) ** 2 for shape in ((6,), (6,), (6,), (6,), (5, 7), (5, 7))
    )
    both, affine = {"input": x, "grad_output": g}, {"weight": w, "bias": b}
    moments, none = {"running_mean": mean, "running_var": var}, {"running_mean": None, "running_var": None}
    found = []
    for how in ({}, {"data_format": "NHWC"}):
        here = {"input": to_last(x, 2) if how else x}
        pair, end = here | {"grad_output": to_last(g, 2) if how else g}, "-last" * bool(how)
        found += [
            Call(f"batch_norm{end}", F.batch_norm, here | moments | affine, how, takes_out=True),
            Call(f"batch_norm-training{end}", F.batch_norm, here | affine, none | {"training": True} | how, takes_out=True),
            Call(f"instance_norm{end}", F.instance_norm, here | affine, how, takes_out=True),
            Call(f"group_norm{end}", F.group_norm, here | affine, {"num_groups": 3} | how, takes_out=True),
            Call(f"batch_norm_gradients{end}", grad.batch_norm_gradients, pair | moments | {"weight": w}, how),
            Call(
                f"batch_norm_gradients-training{end}",
                grad.batch_norm_gradients,
                pair | {"weight": w},
                {"training": True} | how,
            ),
            Call(f"instance_norm_gradients{end}", grad.instance_norm_gradients, pair | {"weight": w}, how),
            Call(f"group_norm_gradients{end}", grad.group_norm_gradients, pair | {"weight": w}, {"num_groups": 3} | how),
            Call(f"local_contrast_norm{end}", F.local_contrast_norm, here, {"size": 3} | how, takes_out=True),
            Call(f"local_contrast_norm_input{end}", grad.local_contrast_norm_input, pair, {"size": 3} | how),
            *(
                Call(f"{name}-seed{end}", getattr(F, name), here, {"training": True, "seed": 3} | how, takes_out=True)
                for name in DROPOUTS
            ),
        ]
        for region in ("across", "within"):
            options = {"size": 3, "alpha": 0.5, "region": region} | how
            found += [
                Call(f"local_response_norm-{region}{end}", F.local_response_norm, here, options, takes_out=True),
                Call(
                    f"local_response_norm_input-{region}{end}", grad.local_response_norm_input, pair, options | {"beta": 0.6}
                ),
            ]
    shape = {"normalized_shape": (5, 7)}
    return [
        *found,
        Call("layer_norm", F.layer_norm, {"input": x, "weight": rows, "bias": lines}, shape, takes_out=True),
        Call("rms_norm", F.rms_norm, {"input": x, "weight": rows}, shape, takes_out=True),
        Call("layer_norm_gradients", grad.layer_norm_gradients, both | {"weight": rows}, shape),
        Call("rms_norm_gradients", grad.rms_norm_gradients, both | {"weight": rows}, shape),
        Call("batch_norm_bias", grad.batch_norm_bias, {"grad_output": g}),
        Call("layer_norm_bias", grad.layer_norm_bias, {"grad_output": g}, shape),
        *(
            Call(f"{name}_input", getattr(grad, f"{name}_input"), {"grad_output": g}, {"training": True, "seed": 3})
            for name in DROPOUTS
        ),
    ]


def streamed(input: np.ndarray, weight: np.ndarray, bias: np.ndarray, num_threads: int | None = None) -> np.ndarray:
    """Two causal layers around a gate, on a sequence that comes as it is and then once more, in pieces."""
    c_out, c_in, taps = weight.shape
    how = {"dtype": weight.dtype.newbyteorder("="), "rng": 0}
    layer = fc.nn.CausalConv1d(c_in, c_out, taps, dilation=2, **how)
    layer.weight, layer.bias = weight, bias
    model = fc.nn.Sequential(
        layer, fc.nn.GatedTanh(), fc.nn.CausalConv1d(c_out // 2, 3, 2, stride=2, activation="silu", **how)
    )
    stream = model.stream(len(input), num_threads=num_threads)
    pieces = (input, input[..., :1], input[..., 1:9], input[..., 9:])
    return np.concatenate([stream.push(piece) for piece in pieces], axis=-1)


def stream_calls(dtype: str) -> list[Call]:
    """A stream, and its gate."""
    rng = cases.rng_for("calls stream", 0)
    x, w, b = (cases.floats(rng, shape, dtype) for shape in ((2, 5, 21), (14, 5, 3), (14,)))
    g = cases.floats(rng, (2, 6, 21), dtype)
    return [
        Call("stream", streamed, {"input": x, "weight": w, "bias": b}),
        Call("gated_tanh", F.gated_tanh, {"input": g}, takes_out=True),
        Call("gated_tanh-last", F.gated_tanh, {"input": w}, {"dim": 0}, takes_out=True),
        Call(
            "gated_tanh_input",
            fastconv.grad.gated_tanh_input,
            {"input": g, "grad_output": g[:, ::2].copy()},
            takes_threads=False,
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
    families = (convolution_calls, border_calls, untied_calls, tiled_calls, separable_calls, transposed_calls, pooling_calls)
    families += (box_calls, sampling_calls, grid_calls)
    return [call for family in families for call in family(rank, dtype)]


def all_calls(dtype: str) -> list[Call]:
    """Every public function at least once."""
    by_rank = [call for rank in (1, 2, 3) for call in calls_of(rank, dtype)]
    alone = (
        row_calls,
        maxout_calls,
        dense_calls,
        tensorflow_calls,
        stream_calls,
        curve_calls,
        normalization_calls,
        region_calls,
    )
    return by_rank + [call for family in alone for call in family(dtype)]
