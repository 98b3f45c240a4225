"""Random calls of `fastconv.ndimage`: drawn as what they mean, then spelled in SciPy's arguments.

A linear call is a list of terms, each a list of passes along axes, or one window; a call by order is a footprint and a
place in it. `reference` gives what the definition makes of it, and how far a rounded result may lie from that.
"""

from dataclasses import dataclass, field

import cases
import filter_oracle
import numpy as np
import tolerance

REAL = ("float32", "float64", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool")
FLOAT = ("float32", "float64")
SIGNED = ("int8", "int16", "int32", "int64")

NAMES = {
    "constant": ("constant", "grid-constant"),
    "replicate": ("nearest",),
    "reflect": ("mirror",),
    "symmetric": ("reflect", "grid-mirror"),
    "circular": ("wrap", "grid-wrap"),
}
GUARD = 2.0**-12
# Just below an integer by less than this, a sum may count as the integer or not; by less than the least, it does.
NEAR, LEAST = 2.0**-11, 2.0**-40

LINEAR = (
    "correlate1d",
    "convolve1d",
    "correlate",
    "convolve",
    "gaussian_filter1d",
    "gaussian_filter",
    "uniform_filter1d",
    "uniform_filter",
    "sobel",
    "prewitt",
    "laplace",
    "gaussian_laplace",
    "gaussian_gradient_magnitude",
)
ORDER = (
    "maximum_filter1d",
    "minimum_filter1d",
    "maximum_filter",
    "minimum_filter",
    "rank_filter",
    "median_filter",
    "percentile_filter",
)


# The exponent of a Gaussian is at most 8 here (four standard deviations) and rounded three times; then come exp, the
# division by the sum of all, and for each order of a derivative, four at most, a product, a quotient and two sums.
ROUNDINGS = 3 * 8 + 4 + 4 * 4


@dataclass(frozen=True)
class Pass:
    """A correlation along an axis; `box`: its weights are a running mean's.

    `size`: what a weight's roundings are relative to, where that is not its absolute value; then they are ROUNDINGS at most.
    """

    axis: int
    weights: np.ndarray
    left: int
    mode: str
    box: bool = False
    size: np.ndarray | None = None


@dataclass(frozen=True)
class Window:
    """A correlation over a window."""

    weights: np.ndarray
    left: tuple[int, ...]
    modes: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A call: the function's name, its input and other arguments, and what they mean."""

    name: str
    x: np.ndarray
    arguments: dict
    terms: list = field(default_factory=list)
    footprint: Window | None = None
    place: int = 0
    cval: float = 0.0

    def __str__(self) -> str:
        """The call, for a message."""
        return f"{self.name}(x of {self.x.dtype} {self.x.shape} {self.x.strides}, {self.arguments})"


def shape_of(rng: np.random.Generator, most: int = 3) -> tuple[int, ...]:
    """A small shape."""
    return tuple(int(n) for n in rng.integers(1, 9, int(rng.integers(1, most + 1))))


def array_of(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """An array of this type in some layout: integers that no filter here makes too large, or normal numbers."""
    if dtype in FLOAT:
        x = rng.standard_normal(shape).astype(dtype)
    elif dtype == "bool":
        x = rng.random(shape) < 0.5
    else:
        low, high = (0, 9) if dtype.startswith("u") else (-9, 9)
        x = rng.integers(low, high + 1, shape).astype(dtype)
    return laid_out(rng, x)


def laid_out(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """The same values in memory: whole, transposed, with gaps, backwards, of another byte order, or misaligned."""
    kind = int(rng.integers(6))
    if kind == 1:
        return np.asfortranarray(x)
    if kind == 2:
        wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
        wide[..., ::2] = x
        return wide[..., ::2]
    if kind == 3:
        return x[::-1].copy()[::-1]
    if kind == 4:
        return x.astype(x.dtype.newbyteorder())
    if kind == 5:
        loose = np.zeros(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
        loose[...] = x
        return loose
    return x


def axes_of(rng: np.random.Generator, ndim: int) -> tuple[tuple[int, ...], dict]:
    """Axes that are filtered, in their order, and the argument that says so."""
    if rng.random() < 0.5:
        return tuple(range(ndim)), {}
    axes = tuple(sorted(rng.permutation(ndim)[: int(rng.integers(1, ndim + 1))].tolist()))
    return axes, {"axes": tuple(a - ndim if rng.random() < 0.3 else a for a in axes)}


def border_of(rng: np.random.Generator) -> tuple[str, str]:
    """A border in our words and in SciPy's."""
    ours = str(rng.choice(list(NAMES)))
    return ours, str(rng.choice(NAMES[ours]))


def borders_of(rng: np.random.Generator, count: int) -> tuple[list[str], object]:
    """Borders of axes in our words, and the `mode` argument: one name or several."""
    if rng.random() < 0.5:
        ours, theirs = border_of(rng)
        return [ours] * count, theirs
    pairs = [border_of(rng) for _ in range(count)]
    return [ours for ours, _ in pairs], [theirs for _, theirs in pairs]


def weights_of(rng: np.random.Generator, shape: tuple[int, ...], whole: bool) -> np.ndarray:
    """Small integers with zeros among them, or numbers other than zero."""
    return rng.integers(-2, 4, shape).astype(float) if whole else rng.standard_normal(shape) + 0.01


def outside_of(rng: np.random.Generator, dtype: str) -> float:
    """A value outside that every type can hold."""
    return float(rng.integers(0, 2)) if dtype not in FLOAT else round(float(rng.standard_normal()), 3)


def draw_linear(rng: np.random.Generator, name: str, dtype: str, whole: bool | None = None) -> Case:
    """A call of a linear filter, or of one made of linear filters; `whole`: whether given weights are integers."""
    whole = dtype not in FLOAT if whole is None else whole
    shape = shape_of(rng)
    x, cval = array_of(rng, shape, dtype), outside_of(rng, dtype)
    draw = globals()[f"draw_{'window' if name in ('correlate', 'convolve') else KINDS[name]}"]
    arguments, terms = draw(rng, name, x.ndim, whole)
    return Case(name, x, {"cval": cval, **arguments}, terms, cval=cval)


KINDS = {
    "correlate1d": "along",
    "convolve1d": "along",
    "gaussian_filter1d": "gaussian1d",
    "gaussian_filter": "gaussian",
    "uniform_filter1d": "box1d",
    "uniform_filter": "box",
    "sobel": "edges",
    "prewitt": "edges",
    "laplace": "laplace",
    "gaussian_laplace": "gaussian_sum",
    "gaussian_gradient_magnitude": "gaussian_sum",
}


def origin_of(size: int, left: int, flipped: bool = False) -> int:
    """The origin that means that an output reads `left` elements before its own."""
    return (size - 1) // 2 - left if flipped else left - size // 2


def draw_along(rng: np.random.Generator, name: str, ndim: int, whole: bool) -> tuple[dict, list]:
    weights = weights_of(rng, (int(rng.integers(1, 12)),), whole)
    axis, left, (ours, theirs) = int(rng.integers(ndim)), int(rng.integers(weights.size)), border_of(rng)
    flipped = name == "convolve1d"
    arguments = {"weights": weights[::-1] if flipped else weights, "axis": axis, "mode": theirs}
    arguments["origin"] = origin_of(weights.size, left, flipped)
    return arguments, [[Pass(axis, weights, left, ours)]]


def draw_window(rng: np.random.Generator, name: str, ndim: int, whole: bool) -> tuple[dict, list]:
    axes, named = axes_of(rng, ndim)
    sizes = tuple(int(s) for s in rng.integers(1, 6, len(axes)))
    weights, flipped = weights_of(rng, sizes, whole), name == "convolve"
    left, (ours, theirs) = [int(rng.integers(s)) for s in sizes], border_of(rng)
    arguments = {"weights": np.flip(weights) if flipped else weights, "mode": theirs, **named}
    arguments["origin"] = [origin_of(s, l, flipped) for s, l in zip(sizes, left, strict=True)]  # noqa: E741
    lefts = [0] * ndim
    for axis, before in zip(axes, left, strict=True):
        lefts[axis] = before
    window = np.expand_dims(weights, tuple(set(range(ndim)) - set(axes)))
    return arguments, [[Window(window, tuple(lefts), (ours,) * ndim)]]


def draw_gaussian1d(rng: np.random.Generator, name: str, ndim: int, whole: bool) -> tuple[dict, list]:
    arguments, terms = draw_gaussian(rng, name, ndim, whole, 1)
    axis = terms[0][0].axis
    return {k: v[0] if k in ("sigma", "order", "mode") else v for k, v in arguments.items() if k != "axes"} | {
        "axis": axis
    }, terms


def draw_gaussian(rng: np.random.Generator, name: str, ndim: int, whole: bool, count: int = 0) -> tuple[dict, list]:
    """Derivatives for floats only: they are not rounded between axes."""
    axes, named = axes_of(rng, ndim)
    if count:
        axes = (int(rng.integers(ndim)),)
    sigmas = [round(float(s), 2) for s in rng.uniform(0.3, 2.0, len(axes))]
    orders = [0 if whole else int(rng.choice((0, 0, 1, 2, 3))) for _ in axes]
    truncate = round(float(rng.uniform(1, 4)), 1)
    pairs = [border_of(rng) for _ in axes]
    passes = []
    for axis, sigma, order, (ours, _) in zip(axes, sigmas, orders, pairs, strict=True):
        radius = int(truncate * sigma + 0.5)
        passes.append(gaussian_pass(axis, sigma, order, radius, ours))
    modes = [theirs for _, theirs in pairs]
    return {"sigma": sigmas, "order": orders, "truncate": truncate, "mode": modes, **named}, [passes]


def gaussian_pass(axis: int, sigma: float, order: int, radius: int, mode: str) -> Pass:
    """A pass with a Gaussian's derivative."""
    size = np.abs(filter_oracle.gaussian(sigma, order, radius, sign=1))
    return Pass(axis, filter_oracle.gaussian(sigma, order, radius), radius, mode, size=size)


def draw_gaussian_sum(rng: np.random.Generator, name: str, ndim: int, whole: bool) -> tuple[dict, list]:
    sigmas = [round(float(s), 2) for s in rng.uniform(0.4, 1.5, ndim)]
    truncate, order = round(float(rng.uniform(1, 4)), 1), 2 if name == "gaussian_laplace" else 1
    names, mode = borders_of(rng, ndim)
    terms = []
    for axis in range(ndim):
        term = []
        for other, sigma in enumerate(sigmas):
            radius = int(truncate * sigma + 0.5)
            term.append(gaussian_pass(other, sigma, order * (other == axis), radius, names[axis]))
        terms.append(term)
    return {"sigma": sigmas, "truncate": truncate, "mode": mode}, terms


def draw_box1d(rng: np.random.Generator, name: str, ndim: int, whole: bool) -> tuple[dict, list]:
    size, axis, (ours, theirs) = int(rng.integers(1, 14)), int(rng.integers(ndim)), border_of(rng)
    left = int(rng.integers(size))
    arguments = {"size": size, "axis": axis, "mode": theirs, "origin": origin_of(size, left)}
    return arguments, [[Pass(axis, np.ones(size), left, ours, box=True)]]


def draw_box(rng: np.random.Generator, name: str, ndim: int, whole: bool) -> tuple[dict, list]:
    axes, named = axes_of(rng, ndim)
    sizes = [int(s) for s in rng.integers(1, 8, len(axes))]
    lefts = [int(rng.integers(s)) for s in sizes]
    names, mode = borders_of(rng, len(axes))
    origins = [origin_of(s, before) for s, before in zip(sizes, lefts, strict=True)]
    boxes = zip(axes, sizes, lefts, names, strict=True)
    passes = [Pass(a, np.ones(s), before, ours, box=True) for a, s, before, ours in boxes if s > 1]
    return {"size": sizes, "mode": mode, "origin": origins, **named}, [passes]


def draw_edges(rng: np.random.Generator, name: str, ndim: int, whole: bool) -> tuple[dict, list]:
    axis, (names, mode) = int(rng.integers(ndim)), borders_of(rng, ndim)
    across = np.array((1.0, 2.0, 1.0) if name == "sobel" else (1.0, 1.0, 1.0))
    passes = [Pass(axis, np.array((-1.0, 0.0, 1.0)), 1, names[axis])]
    passes += [Pass(a, across, 1, names[a]) for a in range(ndim) if a != axis]
    return {"axis": axis, "mode": mode}, [passes]


def draw_laplace(rng: np.random.Generator, name: str, ndim: int, whole: bool) -> tuple[dict, list]:
    axes, named = axes_of(rng, ndim)
    names, mode = borders_of(rng, len(axes))
    second = np.array((1.0, -2.0, 1.0))
    return {"mode": mode, **named}, [[Pass(a, second, 1, ours)] for a, ours in zip(axes, names, strict=True)]


def draw_order(rng: np.random.Generator, name: str, dtype: str) -> Case:
    """A call of a filter by order."""
    x, cval = array_of(rng, shape_of(rng), dtype), outside_of(rng, dtype)
    arguments: dict = {"cval": cval}
    if name.endswith("1d"):
        axis, size, (ours, theirs) = int(rng.integers(x.ndim)), int(rng.integers(1, 14)), border_of(rng)
        axes, footprint, modes = (axis,), np.ones(size, bool), [ours]
        arguments |= {"axis": axis, "size": size, "mode": theirs}
    else:
        axes, named = axes_of(rng, x.ndim)
        footprint = np.ones([int(s) for s in rng.integers(1, 5, len(axes))], bool)
        separable = name in ("maximum_filter", "minimum_filter") and rng.random() < 0.5
        modes, mode = borders_of(rng, len(axes)) if separable else spread(border_of(rng), len(axes))
        arguments |= {"mode": mode, **named}
        if separable or rng.random() < 0.3:
            arguments["size"] = footprint.shape
        else:
            footprint = rng.random(footprint.shape) < 0.7
            footprint[tuple(0 for _ in axes)] = True
            arguments["footprint"] = footprint
    lefts = [int(rng.integers(s)) for s in footprint.shape]
    origins = [origin_of(s, before) for s, before in zip(footprint.shape, lefts, strict=True)]
    arguments["origin"] = origins[0] if name.endswith("1d") else origins
    place, more = place_of(rng, name, int(footprint.sum()))
    spread_lefts, spread_modes = [0] * x.ndim, ["replicate"] * x.ndim
    for axis, before, ours in zip(axes, lefts, modes, strict=True):
        spread_lefts[axis], spread_modes[axis] = before, ours
    window = np.expand_dims(footprint, tuple(set(range(x.ndim)) - set(axes)))
    seen = Window(window, tuple(spread_lefts), tuple(spread_modes))
    return Case(name, x, arguments | more, footprint=seen, place=place, cval=cval)


def spread(pair: tuple[str, str], count: int) -> tuple[list[str], str]:
    """One border for all axes, in our words for each, and in SciPy's."""
    return [pair[0]] * count, pair[1]


def place_of(rng: np.random.Generator, name: str, count: int) -> tuple[int, dict]:
    """A place in the order of `count` elements, and the argument that says so."""
    if name.startswith(("maximum", "minimum")):
        return (count - 1 if name.startswith("maximum") else 0), {}
    if name == "median_filter":
        return count // 2, {}
    if name == "rank_filter":
        place = int(rng.integers(count))
        return place, {"rank": place if rng.random() < 0.5 else place - count}
    percent = int(rng.integers(0, 101))
    place = count - 1 if percent == 100 else count * percent // 100
    return place, {"percentile": percent - 100 if 0 < percent < 100 and rng.random() < 0.5 else percent}


@dataclass(frozen=True)
class Reference:
    """What a call gives, how far from it a rounded result may lie, and whether an integer may come out as its neighbour."""

    values: np.ndarray
    bound: np.ndarray
    doubtful: bool


def reference(case: Case, output: str) -> Reference:
    """What the definition makes of a linear call whose output has this type."""
    dtype = np.dtype(output)
    made = [term_of(case, term, dtype) for term in case.terms]
    values, bounds, doubtful = [m.values for m in made], [m.bound for m in made], any(m.doubtful for m in made)
    u, terms = tolerance.unit_roundoff(dtype) if dtype.kind == "f" else 0.0, len(made)
    if case.name == "gaussian_gradient_magnitude":
        value = np.sqrt(np.sum(np.square(values), axis=0))
        # The norm of errors bounds the error of a norm; squares, sums and root are rounded, and may underflow.
        bound = np.sqrt(np.sum(np.square(bounds), axis=0))
        bound = bound + tolerance.gamma(2 * terms + 2, u) * (value + bound) + terms * float(np.finfo(dtype).tiny) ** 0.5
        return Reference(value, bound, doubtful)
    if dtype.kind != "f":
        stored = [filter_oracle.stored(value, dtype) for value in values]
        return Reference(np.sum(stored, axis=0, dtype=dtype), np.zeros(()), doubtful)
    size = np.sum(np.abs(values), axis=0) + np.sum(bounds, axis=0)
    return Reference(np.sum(values, axis=0), np.sum(bounds, axis=0) + tolerance.gamma(terms, u) * size, doubtful)


def term_of(case: Case, term: list, dtype: np.dtype) -> Reference:
    """What passes or a window make of the input, stored after each in an array of this type."""
    u, least = (tolerance.unit_roundoff(dtype), tolerance.smallest(dtype)) if dtype.kind == "f" else (0.0, 0.0)
    x, outside = case.x.astype(np.longdouble), np.abs(case.cval)
    values, error, doubtful = x, np.zeros(x.shape, np.longdouble), False
    for step in term:
        size = np.abs(values) + error
        before = values
        values, grown, magnitude, count = applied(step, before, error, size, case.cval, outside)
        # Sums and products, a weight's own rounding, and the result's in the type of the arithmetic, which holds no less
        # than the output's, and in that.
        error = grown + tolerance.gamma(count + 4, u) * magnitude + (count + 2) * least
        if dtype.kind != "f":
            near = np.ceil(np.abs(values)) - np.abs(values)
            doubtful |= bool(((near > LEAST) & (near < NEAR)).any())
            values = filter_oracle.stored(values, dtype, GUARD).astype(np.longdouble)
    return Reference(values, error, doubtful)


def applied(
    step: Pass | Window, values: np.ndarray, error: np.ndarray, size: np.ndarray, cval: float, outside: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """A step's result, what it makes of an error, sum |x||w|, and how many roundings a product or a weight has.

    Weights may be rounded so that they keep their sum: then the largest take over what rounding does to all.
    """
    if isinstance(step, Window):
        w = np.abs(step.weights)
        made = filter_oracle.correlate(values, step.weights, step.left, step.modes, cval)
        grown = filter_oracle.correlate(error, w, step.left, step.modes)
        # A product of factors stands for weights up to a rounding of their norm, wherever they are.
        w = np.where(w == 0, 0, w) + np.sqrt((w * w).sum())
        return made, grown, filter_oracle.correlate(size, w, step.left, step.modes, outside), w.size
    place, w = (step.axis, step.weights, step.left, step.mode), np.abs(step.weights)
    if step.box:
        n = step.weights.size
        made = filter_oracle.box(values, step.axis, n, step.left, step.mode, cval)
        # A running sum has been at every place of the line; its error is compensated, and of the size of the largest.
        most = np.broadcast_to(max(size.max(initial=0), outside), size.shape)
        return made, filter_oracle.box(error, step.axis, n, step.left, step.mode), most, n
    made = filter_oracle.along(values, *place, cval)
    grown = filter_oracle.along(error, step.axis, w, step.left, step.mode)
    w, more = (w, 0) if step.size is None else (step.size, ROUNDINGS)
    return made, grown, filter_oracle.along(size, step.axis, w, step.left, step.mode, outside), 2 * w.size + more


def ordered(case: Case) -> np.ndarray:
    """What the definition makes of a call by order, in the input's type."""
    seen = case.footprint
    found = filter_oracle.rank(case.x, seen.weights, seen.left, seen.modes, case.cval, case.place)
    return filter_oracle.stored(found, case.x.dtype.newbyteorder("="))


def drawn(stream: str, name: str, count: int) -> object:
    """Generators of `count` cases of a stream, with the words that draw them again."""
    for index in range(count):
        yield cases.rng_for(f"{stream} {name}", index), lambda case, index=index: cases.told(f"{stream} {name}", index, case)
