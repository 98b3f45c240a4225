"""Random problems: how they are drawn, filled with numbers, and drawn again after a failure.

Case `index` of stream `name` depends on the seed, the name and the index alone. The seed is
FASTCONV_TEST_SEED, or a fixed default; pytest prints it in its header and with every failure, and every
failure names stream and index.
"""

import os
import zlib
from dataclasses import dataclass, field, replace

import numpy as np
import oracle

SEED = int(os.environ.get("FASTCONV_TEST_SEED", "2024"))

# Random cases per operator; every one runs under every ISA.
CASES = int(os.environ.get("FASTCONV_TEST_CASES", "2000"))
# A chunk is one pytest item: item `chunk` runs the cases chunk, chunk + CHUNKS, ...
CHUNKS = 8

DTYPES = ("float32", "float64")
THREADS = (1, 2, 3)

# Output widths and channel counts around the widths of vectors (4, 8, 16) and of register tiles.
WIDTHS = (1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 15, 16, 17, 23, 24, 25, 31, 32, 33, 47, 48, 49, 63, 64, 65, 70)
CHANNELS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15, 16, 17, 20)


def rng_for(name: str, index: int) -> np.random.Generator:
    """The generator of case `index` of stream `name`."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode()), index])


def told(stream: str, index: int, *what: object) -> str:
    """The words that reproduce a case."""
    return f"FASTCONV_TEST_SEED={SEED} stream {stream} case {index}: {' '.join(map(str, what))}"


def indices_of(chunk: int, cases: int = CASES) -> range:
    """The case numbers of one chunk."""
    return range(chunk, cases, CHUNKS)


def integers(rng: np.random.Generator, shape: tuple[int, ...], dtype: str, limit: int = 3) -> np.ndarray:
    """Small integers: every sum of their products that a test forms is exact in float32."""
    return rng.integers(-limit, limit + 1, shape).astype(dtype)


def floats(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Normally distributed numbers."""
    return rng.standard_normal(shape).astype(dtype)


def exact(array: np.ndarray) -> np.ndarray:
    """`array` in the type in which the oracle judges it: float64 for float32, longdouble for float64."""
    return array.astype(np.longdouble if array.dtype == np.float64 else np.float64)


def spell(rng: np.random.Generator, values: tuple[int, ...]) -> int | tuple[int, ...]:
    """One int when all axes agree and a coin falls so, else one int per axis."""
    return values[0] if len(set(values)) == 1 and rng.random() < 0.5 else values


def pick(rng: np.random.Generator, values: tuple[int, ...]) -> int:
    """One of `values`, as a Python int."""
    return values[int(rng.integers(len(values)))]


# ---- convolution


@dataclass(frozen=True)
class ConvCase:
    """One convolution problem: shapes as the caller gives them, and the keyword arguments."""

    rank: int
    dtype: str
    input_shape: tuple[int, ...]
    weight_shape: tuple[int, ...]
    bias: bool
    options: dict = field(hash=False)

    @property
    def batched(self) -> bool:
        """Whether the input has a batch axis."""
        return len(self.input_shape) == self.rank + 2

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the input with a batch axis."""
        return self.input_shape if self.batched else (1, *self.input_shape)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of the output, without a batch axis when the input has none."""
        options = {k: v for k, v in self.options.items() if k != "groups"}
        return oracle.conv_output_shape(self.input_shape, self.weight_shape, **options)

    @property
    def reduction(self) -> int:
        """Number of products in one output."""
        return int(np.prod(self.weight_shape[1:]))

    def lift(self, array: np.ndarray) -> np.ndarray:
        """Give an input or output its batch axis."""
        return array if self.batched else array[None]

    def lower(self, array: np.ndarray) -> np.ndarray:
        """Take the batch axis away again."""
        return array if self.batched else array[0]

    def conv(self, x: np.ndarray, w: np.ndarray, b: np.ndarray | None) -> np.ndarray:
        """The oracle's answer in the caller's shapes."""
        return self.lower(oracle.conv(self.lift(x), w, b, **self.options))

    def conv_input(self, w: np.ndarray, g: np.ndarray) -> np.ndarray:
        """The oracle's input gradient in the caller's shapes."""
        return self.lower(oracle.conv_input(self.batch_shape, w, self.lift(g), **self.options))

    def conv_weight(self, x: np.ndarray, g: np.ndarray) -> np.ndarray:
        """The oracle's weight gradient."""
        return oracle.conv_weight(self.lift(x), self.weight_shape, self.lift(g), **self.options)

    def arrays(self, rng: np.random.Generator, fill: object) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Input, weight and bias (or None) made by `fill`."""
        x, w = fill(rng, self.input_shape, self.dtype), fill(rng, self.weight_shape, self.dtype)
        return x, w, fill(rng, self.weight_shape[:1], self.dtype) if self.bias else None


def draw_padding(rng: np.random.Generator, rank: int, most: int = 3) -> object:
    """Any spelling of padding."""
    kind = rng.integers(7 if rank == 1 else 6)
    if kind == 6:
        return "causal"
    if kind < 2:
        return ("same", "valid")[kind]
    if kind == 2:
        return 0
    if kind == 3:
        return int(rng.integers(most + 1))
    if kind == 4:
        return tuple(int(p) for p in rng.integers(0, most + 1, rank))
    return tuple((int(a), int(b)) for a, b in rng.integers(0, most + 1, (rank, 2)))


def draw_channels(rng: np.random.Generator, kind: str) -> tuple[int, int, int]:
    """(c_in, c_out, groups) for a kind of layer."""
    if kind == "depthwise":
        groups = pick(rng, (1, 2, 3, 4, 5, 8, 9, 16, 17))
        return groups, groups * int(rng.integers(1, 4)), groups
    if kind == "grouped":
        groups = int(rng.integers(2, 5))
        return groups * int(rng.integers(1, 5)), groups * int(rng.integers(1, 10)), groups
    if kind == "tile":
        return int(rng.integers(1, 5)), pick(rng, CHANNELS), 1
    if kind == "long" and rng.random() < 0.4:
        return 3, pick(rng, (3, 6)), 3
    if kind == "deep":
        return pick(rng, (31, 40, 65, 100, 129)), pick(rng, (1, 15, 33, 64, 97)), 1
    return pick(rng, CHANNELS) if rng.random() < 0.3 else int(rng.integers(1, 5)), int(rng.integers(1, 10)), 1


# Problems around the edges of register tiles, with few channels; "long" kernels have more taps, and "deep"
# layers longer sums and more rows, than the kernels treat in one block; "minimal" ones have what minimal filtering
# (Winograd) serves: square kernels of 3 or 5 at stride 1.
KINDS = (
    *("general",) * 4,
    *("tile",) * 4,
    *("pointwise",) * 2,
    *("depthwise",) * 2,
    *("grouped",) * 2,
    "long",
    "deep",
    *("minimal",) * 2,
)


def draw_conv(rng: np.random.Generator, rank: int) -> ConvCase:
    """A random convolution of one of the KINDS."""
    kind = KINDS[int(rng.integers(len(KINDS)))]
    minimal = kind == "minimal"
    if minimal:
        kind = ("general", "tile", "grouped", "deep")[int(rng.integers(4))]
    c_in, c_out, groups = draw_channels(rng, kind)
    longest = ((70, 11, 5) if kind == "long" else (6, 4, 3))[rank - 1]
    kernel = tuple(int(k) for k in rng.integers(1, longest + 1, rank))
    if kind == "pointwise":
        kernel = (1,) * rank
    stride = tuple(int(s) for s in rng.integers(1, 4, rank)) if rng.random() < 0.5 else (1,) * rank
    dilation = tuple(int(d) for d in rng.integers(1, 4, rank)) if rng.random() < 0.35 else (1,) * rank
    if minimal:
        kernel = (*kernel[:-2], *(pick(rng, (3, 3, 5)),) * min(rank, 2))
        stride = dilation = (1,) * rank
    padding = draw_padding(rng, rank)
    wide = kind == "tile" or rng.random() < 0.15
    out = [int(rng.integers(1, (9, 6, 4)[rank - 1])) for _ in range(rank)]
    out[-1] = pick(rng, WIDTHS) if wide else int(rng.integers(1, 13))
    size = []
    for i in range(rank):
        slack = int(rng.integers(stride[i]))
        if padding == "same":
            size.append(out[i] * stride[i] - slack)
        else:
            pads = oracle.resolve_padding(padding, out, kernel, stride, dilation)[i]
            size.append(max(1, (out[i] - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 - sum(pads) + slack))
    lead = () if rng.random() < 0.15 else (int(rng.integers(1, 4)) if rng.random() < 0.97 else 0,)
    return ConvCase(
        rank=rank,
        dtype=DTYPES[int(rng.integers(2))],
        input_shape=(*lead, c_in, *size),
        weight_shape=(c_out, c_in // groups, *kernel),
        bias=bool(rng.random() < 0.6),
        options={
            "stride": spell(rng, stride),
            "padding": padding,
            "dilation": spell(rng, dilation),
            "groups": groups,
        },
    )


BETWEEN = (None, "relu", "leaky_relu", "hardswish", "tanh")


@dataclass(frozen=True)
class SeparableCase:
    """One depthwise separable convolution: shapes of input, weights and biases, and the geometry."""

    dtype: str
    shapes: tuple[tuple[int, ...], ...]
    geometry: dict = field(hash=False)
    between: str | None

    def arrays(self, rng: np.random.Generator, fill: object) -> list[np.ndarray]:
        """Input, both weights and both biases."""
        return [fill(rng, shape, self.dtype) for shape in self.shapes]


def draw_separable(rng: np.random.Generator, rank: int) -> SeparableCase:
    """A random problem around the edges of tiles, blocks and strips."""
    c_in, multiplier = pick(rng, (1, 2, 3, 5, 8, 16, 17, 33, 70, 210)), int(rng.integers(1, 4))
    c_out = pick(rng, (1, 2, 7, 16, 31, 33, 48, 65))
    kernel = (3,) * rank if rng.random() < 0.4 else tuple(int(k) for k in rng.integers(1, 6, rank))
    plain = rng.random() < 0.5
    stride, dilation = (1 if plain else int(rng.integers(1, 4)) for _ in range(2))
    size = [int(s) for s in rng.integers(3, {1: 90, 2: 24, 3: 9}[rank], rank)]
    size = [max(s, (k - 1) * dilation + 1) for s, k in zip(size, kernel, strict=True)]
    between = c_in * multiplier
    ones = (1,) * rank
    shapes = (int(rng.integers(1, 4)), c_in, *size), (between, 1, *kernel), (c_out, between, *ones), (between,), (c_out,)
    padding = "same" if rng.random() < 0.2 else int(rng.integers(4))
    geometry = {"stride": stride, "padding": padding, "dilation": dilation}
    return SeparableCase(DTYPES[int(rng.integers(2))], shapes, geometry, BETWEEN[int(rng.integers(5))])


MODES = ("zeros", "constant", "replicate", "reflect", "symmetric", "circular")


@dataclass(frozen=True)
class BorderCase:
    """A convolution with something in its padding, perhaps with its filters reversed.

    `case` has its padding in pairs; `modes` are the names of each axis and side, which `options` spells in some way.
    """

    case: ConvCase
    modes: tuple[tuple[str, str], ...]
    options: dict = field(hash=False)

    @property
    def value(self) -> float:
        """What a constant border holds."""
        return self.options.get("padding_value", 0.0)

    @property
    def rest(self) -> dict:
        """The options of the convolution of the padded input."""
        return self.case.options | {"padding": 0}

    @property
    def padded_shape(self) -> tuple[int, ...]:
        """Shape of the padded input, with a batch axis."""
        lead, size = self.case.batch_shape[:2], self.case.batch_shape[2:]
        return (*lead, *(n + sum(pair) for n, pair in zip(size, self.case.options["padding"], strict=True)))

    def pad(self, x: np.ndarray) -> np.ndarray:
        """The padded input."""
        return oracle.border(x, self.case.options["padding"], self.modes, self.value)

    def filters(self, w: np.ndarray) -> np.ndarray:
        """Weights as correlation reads them, or back again."""
        return np.flip(w, tuple(range(2, w.ndim))) if self.options.get("flip") else w

    def conv(self, x: np.ndarray, w: np.ndarray, b: np.ndarray | None) -> np.ndarray:
        """The oracle's answer in the caller's shapes."""
        return self.case.lower(oracle.conv(self.case.lift(self.pad(x)), self.filters(w), b, **self.rest))

    def conv_input(self, w: np.ndarray, g: np.ndarray) -> np.ndarray:
        """The oracle's input gradient in the caller's shapes."""
        case = self.case
        padded = oracle.conv_input(self.padded_shape, self.filters(w), case.lift(g), **self.rest)
        size = case.batch_shape[2:]
        return case.lower(oracle.border_back(padded, size, case.options["padding"], self.modes))

    def conv_weight(self, x: np.ndarray, g: np.ndarray) -> np.ndarray:
        """The oracle's weight gradient."""
        case = self.case
        return self.filters(oracle.conv_weight(case.lift(self.pad(x)), case.weight_shape, case.lift(g), **self.rest))


def draw_border(rng: np.random.Generator, rank: int) -> BorderCase:
    """A random convolution with a random border; some are wider than the input."""
    case = draw_conv(rng, rank)
    size, kernel = case.batch_shape[2:], case.weight_shape[2:]
    pads = [
        list(p)
        for p in oracle.resolve_padding(
            case.options["padding"], size, kernel, case.options["stride"], case.options["dilation"]
        )
    ]
    for axis in range(rank):
        for side in range(2):
            if rng.random() < 0.4:
                pads[axis][side] += int(rng.integers(1, 4))
            if rng.random() < 0.1:
                pads[axis][side] += min(2 * size[axis], (40, 14, 7)[rank - 1])
    case = replace(case, options=case.options | {"padding": tuple(map(tuple, pads))})
    kind = rng.integers(3)
    if kind == 0:
        spelled = MODES[int(rng.integers(len(MODES)))]
        modes = ((spelled, spelled),) * rank
    else:
        modes = tuple(tuple(MODES[i] for i in pair) for pair in rng.integers(len(MODES), size=(rank, 2)))
        if kind == 1:
            modes = tuple((front, front) for front, _ in modes)
        spelled = tuple(front if kind == 1 else (front, back) for front, back in modes)
    options = case.options | {"padding_mode": spelled}
    if "constant" in str(spelled) and rng.random() < 0.9:
        options["padding_value"] = float(rng.integers(-3, 4))
    if rng.random() < 0.3:
        options["flip"] = True
    return BorderCase(case, modes, options)


# ---- transposed convolution


@dataclass(frozen=True)
class TransposedCase(ConvCase):
    """One transposed convolution; weights are (c_in, c_out/groups, kernel)."""

    @property
    def c_out(self) -> int:
        """Channels of the output."""
        return self.weight_shape[1] * self.options["groups"]

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of the output, without a batch axis when the input has none."""
        options = {k: v for k, v in self.options.items() if k != "groups"}
        size, kernel = self.input_shape[-self.rank :], self.weight_shape[2:]
        _, part = oracle.conv_transpose_canvas(size, kernel, **options)
        return (*self.input_shape[: -self.rank - 1], self.c_out, *(s.stop - s.start for s in part))

    @property
    def reduction(self) -> int:
        """Number of products in one output, at most."""
        return int(np.prod(self.weight_shape[2:])) * self.weight_shape[0] // self.options["groups"]

    def conv(self, x: np.ndarray, w: np.ndarray, b: np.ndarray | None) -> np.ndarray:
        """The oracle's answer in the caller's shapes."""
        return self.lower(oracle.conv_transpose(self.lift(x), w, b, **self.options))

    def conv_input(self, w: np.ndarray, g: np.ndarray) -> np.ndarray:
        """The oracle's input gradient in the caller's shapes."""
        return self.lower(oracle.conv_transpose_input(self.batch_shape, w, self.lift(g), **self.options))

    def conv_weight(self, x: np.ndarray, g: np.ndarray) -> np.ndarray:
        """The oracle's weight gradient."""
        return oracle.conv_transpose_weight(self.lift(x), self.weight_shape, self.lift(g), **self.options)

    def arrays(self, rng: np.random.Generator, fill: object) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Input, weight and bias (or None) made by `fill`."""
        x, w = fill(rng, self.input_shape, self.dtype), fill(rng, self.weight_shape, self.dtype)
        return x, w, fill(rng, (self.c_out,), self.dtype) if self.bias else None


def draw_transposed(rng: np.random.Generator, rank: int) -> TransposedCase:
    """A random transposed convolution: of a kernel as large as its stride, of stride 1, or of anything."""
    while True:
        kind = ("general", "tile", "depthwise", "grouped", "deep")[int(rng.integers(5))]
        c_in, c_out, groups = draw_channels(rng, kind)
        stride = tuple(int(s) for s in rng.integers(1, (10, 5, 4)[rank - 1], rank))
        kernel = tuple(int(k) for k in rng.integers(1, (12, 6, 4)[rank - 1], rank))
        dilation = tuple(int(d) for d in rng.integers(1, 4, rank)) if rng.random() < 0.35 else (1,) * rank
        padding = tuple(int(p) for p in rng.integers(0, 4, rank)) if rng.random() < 0.6 else (0,) * rank
        pairs = tuple((p, int(rng.integers(0, 3))) for p in padding)
        more = tuple(int(rng.integers(max(s, d))) for s, d in zip(stride, dilation, strict=True))
        if rng.random() < 0.5:
            more = (0,) * rank
        form = rng.random()
        if form < 0.3:  # what one matrix product computes
            stride, dilation, padding, pairs, more = kernel, (1,) * rank, (0,) * rank, ((0, 0),) * rank, (0,) * rank
        elif form < 0.45:  # what is a convolution of rotated filters
            stride, dilation, more = (1,) * rank, (1,) * rank, (0,) * rank
            kernel = (*kernel[:-2], *(pick(rng, (3, 3, 5)),) * min(rank, 2))
        size = tuple(int(rng.integers(1, (12, 7, 4)[rank - 1])) for _ in range(rank))
        if rng.random() < 0.2:
            size = (*size[:-1], pick(rng, WIDTHS))
        lead = () if rng.random() < 0.15 else (int(rng.integers(1, 4)) if rng.random() < 0.97 else 0,)
        options = {
            "stride": spell(rng, stride),
            "padding": spell(rng, padding) if rng.random() < 0.7 else pairs,
            "output_padding": spell(rng, more),
            "groups": groups,
            "dilation": spell(rng, dilation),
        }
        shapes = (*lead, c_in, *size), (c_in, c_out // groups, *kernel)
        case = TransposedCase(rank, DTYPES[int(rng.integers(2))], *shapes, bool(rng.random() < 0.6), options)
        if min(case.output_shape[-rank:]) >= 1 and np.prod(case.output_shape[-rank:]) < 3000:
            return case


# ---- pooling


@dataclass(frozen=True)
class PoolCase:
    """One pooling problem: the input's shape as the caller gives it, and the keyword arguments."""

    rank: int
    dtype: str
    input_shape: tuple[int, ...]
    options: dict = field(hash=False)

    @property
    def batched(self) -> bool:
        """Whether the input has a batch axis."""
        return len(self.input_shape) == self.rank + 2

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the input with a batch axis."""
        return self.input_shape if self.batched else (1, *self.input_shape)

    @property
    def size(self) -> tuple[int, ...]:
        """Spatial sizes of the input."""
        return self.input_shape[-self.rank :]

    def lift(self, array: np.ndarray) -> np.ndarray:
        """Give an array its batch axis."""
        return array if self.batched else array[None]

    def lower(self, array: np.ndarray) -> np.ndarray:
        """Take the batch axis away again."""
        return array if self.batched else array[0]


def draw_pool(rng: np.random.Generator, rank: int, kind: str) -> PoolCase:
    """A random pooling call; `kind` is "max" or "avg"."""
    while True:
        kernel = tuple(int(k) for k in rng.integers(1, (6, 5, 4)[rank - 1], rank))
        stride = None if rng.random() < 0.3 else tuple(int(s) for s in rng.integers(1, 4, rank))
        dilated = kind == "max" and rng.random() < 0.3
        dilation = tuple(int(d) for d in rng.integers(1, 4, rank)) if dilated else (1,) * rank
        reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
        padding = tuple(int(rng.integers(r // 2 + 1)) if rng.random() < 0.6 else 0 for r in reach)
        size = tuple(int(rng.integers(1, (16, 12, 7)[rank - 1])) for _ in range(rank - 1))
        size += (pick(rng, WIDTHS) if rng.random() < 0.4 else int(rng.integers(1, 14)),)
        ceil_mode = bool(rng.random() < 0.5)
        used = kernel if stride is None else stride
        out = oracle.pool_out_size(size, kernel, used, padding, dilation, ceil_mode)
        if min(out) >= 1 and all_windows_hold_an_element(size, out, kernel, used, padding, dilation):
            break
    options: dict = {
        "kernel_size": spell(rng, kernel),
        "stride": stride if stride is None else spell(rng, stride),
        "padding": spell(rng, padding),
        "ceil_mode": ceil_mode,
    }
    if kind == "max":
        options["dilation"] = spell(rng, dilation)
    else:
        options["count_include_pad"] = bool(rng.random() < 0.5)
        if rank > 1 and rng.random() < 0.2:
            options["divisor_override"] = int(rng.integers(1, 8))
    lead = () if rng.random() < 0.15 else (int(rng.integers(1, 4)) if rng.random() < 0.97 else 0,)
    return PoolCase(rank, DTYPES[int(rng.integers(2))], (*lead, int(rng.integers(1, 6)), *size), options)


def all_windows_hold_an_element(
    size: tuple[int, ...],
    out: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> bool:
    """Whether no window falls on padding alone (a dilated one can)."""
    for i in range(len(size)):
        starts = np.arange(out[i])[:, None] * stride[i] - padding[i]
        met = starts + np.arange(kernel[i]) * dilation[i]
        if not ((met >= 0) & (met < size[i])).any(axis=1).all():
            return False
    return True


def oracle_pool_options(options: dict) -> dict:
    """Keyword arguments of the public function, as the oracle spells them."""
    return {"kernel" if k == "kernel_size" else k: v for k, v in options.items()}
