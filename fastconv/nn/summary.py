# SPDX-License-Identifier: BSD-3-Clause
"""What each layer of a model makes, holds, computes and moves, and how near it comes to the machine's limit.

All is found on a copy of the model that really runs, once in eval mode and once in training mode. Every module of the copy
is of a class of its own whose forward reports the call; a call with no other inside is a layer, whoever wrote it.
`Sequential` does not join layers of classes it does not know, so each has its own row.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from .. import calibrate, explain
from ..spec import FastconvTypeError, show, whole
from .conv import _ConvNd
from .conv_transpose import _ConvTransposeNd
from .linear import Linear
from .module import Array, Module
from .separable import _DepthwiseSeparableConvNd
from .tiled import _TiledNd

Row = dict[str, Any]

_SUMS = (
    "parameters",
    "multiply_adds",
    "bytes_forward",
    "bytes_backward",
    "bytes_kept",
    "milliseconds",
    "milliseconds_backward",
)


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


def _size(number: int) -> str:
    """Bytes with the unit that leaves three digits."""
    for power, unit in ((9, "GB"), (6, "MB"), (3, "kB")):
        if number >= 10**power:
            return f"{number / 10**power:.3g} {unit}" if number < 999.5 * 10**power else f"{number / 10**power:.0f} {unit}"
    return f"{number} B" if number else ""


# Title, key and form of each column; the first three and the algorithm are words.
_COLUMNS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("layer", "name", str),
    ("kind", "kind", str),
    ("output shape", "output_shape", lambda shape: "×".join(map(str, shape))),
    ("algorithm", "algorithm", str),
    ("parameters", "parameters", _count),
    ("multiply-adds", "multiply_adds", _count),
    ("moved", "bytes_forward", _size),
    ("moved back", "bytes_backward", _size),
    ("kept", "bytes_kept", _size),
    ("ms", "milliseconds", "{:.3f}".format),
    ("GFLOP/s", "gflops", "{:.1f}".format),
    ("% of roof", "fraction_of_roof", "{:.0%}".format),
    ("ms back", "milliseconds_backward", "{:.3f}".format),
    ("% of roof back", "fraction_of_roof_backward", "{:.0%}".format),
)
_WORDS = 4


@dataclass(frozen=True)
class Summary:
    """The layers of a model and what they cost; `str()` is an aligned table, and a notebook shows it as HTML.

    Attributes
    ----------
    rows : list of dict
        One a layer, in the order they ran. Keys: name, kind, output_shape, algorithm, parameters (where they are met
        first), multiply_adds, bytes_forward and bytes_backward (what has to be read and written), bytes_kept (what this
        layer is the first to keep for backward), milliseconds, gflops, fraction_of_roof, milliseconds_backward,
        fraction_of_roof_backward. What does not apply or was not measured is None.
    total : dict
        Sums of the rows.
    """

    rows: list[Row]
    total: Row

    def to_dict(self) -> dict[str, Any]:
        """Rows and total, of plain numbers, strings and tuples."""
        return {"rows": [dict(row) for row in self.rows], "total": dict(self.total)}

    def __str__(self) -> str:
        lines = self._cells()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = [
            "  ".join(
                cell.ljust(width) if at < _WORDS else cell.rjust(width)
                for at, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            for line in lines
        ]
        rule = "─" * len(text[0])
        return "\n".join(line.rstrip() for line in [text[0], rule, *text[1:-1], rule, text[-1]])

    def _repr_html_(self) -> str:
        first, *lines = self._cells()
        head = "".join(f"<th>{escape(cell)}</th>" for cell in first)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in line)}</tr>" for line in lines)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _cells(self) -> list[list[str]]:
        """Titles, rows and total as text, without the columns in which nothing stands."""
        lines = [[title for title, _, _ in _COLUMNS]]
        for row in [*self.rows, {"name": "total", **self.total}]:
            lines.append(["" if row.get(key) is None else form(row[key]) for _, key, form in _COLUMNS])
        said = [at < _WORDS or any(line[at] for line in lines[1:]) for at in range(len(_COLUMNS))]
        return [[cell for cell, kept in zip(line, said, strict=True) if kept] for line in lines]


def summary(model: Module, input_shape: tuple[int, ...], *, measure: bool = True, backward: bool = False) -> Summary:
    """Tell what each layer makes, holds, computes and moves, which kernel serves it, and how near the machine's limit it is.

    Parameters
    ----------
    model : Module
        Of any kind, also written by users; it is copied, and stays as it is.
    input_shape : tuple of int
        With the batch: (n, c, *spatial).
    measure : bool, optional
        Whether to time each layer's forward, in eval mode (a few milliseconds each).
    backward : bool, optional
        Whether to time each layer's backward as well.

    Returns
    -------
    Summary

    Raises
    ------
    FastconvTypeError, FastconvValueError
        If `model` is no Module, or a layer refuses what it gets.

    Notes
    -----
    A multiply-add counts as two operations; backward counts twice those of forward, for the two gradients. The roof of a
    layer is its operations at the peak rate of `fastconv.calibrate`, or its bytes at the bandwidth of main memory, whichever
    takes longer: what stays in caches can exceed 100 %. Of what a layer computes outside of its own and other layers'
    arithmetic, such as a sum in a user's forward, nothing is counted.

    References
    ----------
    Williams, Waterman & Patterson, Roofline, CACM 52(4), 2009.

    Examples
    --------
    >>> import fastconv as fc
    >>> table = fc.nn.summary(fc.models.LeNet5(), (1, 1, 32, 32), measure=False)
    >>> table.rows[0]["output_shape"], table.rows[0]["multiply_adds"], table.rows[0]["parameters"]
    ((1, 6, 28, 28), 117600, 156)
    >>> table.total["parameters"]
    61706
    """
    if not isinstance(model, Module):
        raise FastconvTypeError(f"summary: model must be a Module, got model={show(model)}")
    shape = tuple(whole("summary", "input_shape", size, 1, input_shape) for size in input_shape)
    dtype = next((parameter.dtype for parameter in model.parameters()), np.dtype(np.float32))
    roof = calibrate(dtype.name) if measure or backward else None
    trace = _Trace(model, np.random.default_rng(0).standard_normal(shape).astype(dtype))
    trace.forwards(roof if measure else None)
    trace.backwards(roof if backward else None)
    total: Row = dict.fromkeys(_SUMS)
    for key in _SUMS:
        numbers = [row[key] for row in trace.rows if row[key] is not None]
        total[key] = sum(numbers) if numbers else None
    total["parameters"] = sum(parameter.size for parameter in model.parameters())
    return Summary(trace.rows, total)


class _Trace:
    """A copy of a model whose modules report when they are called."""

    def __init__(self, model: Module, input: Array) -> None:
        self.model, self.input = copy.deepcopy(model), input
        self.rows: list[Row] = []
        self.counted: set[int] = set()  # parameters that have had their row
        self.row_of: dict[int, Row] = {}  # by module; of one that runs twice, the last
        self.busy = False  # timing: calls that do not count
        self.roof: Any = None
        self.see: Callable[..., Any]
        for name, module in self.model.named_modules():
            module.__class__ = self._reporting(name, type(module))

    def _reporting(self, name: str, kind: type[Module]) -> type[Module]:
        """A class like `kind` whose calls go by `see`."""

        def forward(module: Module, *arguments: Any, **options: Any) -> Any:
            def call() -> Any:
                return kind.forward(module, *arguments, **options)

            return call() if self.busy else self.see(name, module, kind, call, list(_arrays(arguments)))

        return type(kind.__name__, (kind,), {"forward": forward})

    def forwards(self, roof: Any) -> None:
        """Make the rows, in eval mode; with a roof, timed."""
        self.roof, self.see = roof, self._forward
        self.model.eval()(self.input)

    def backwards(self, roof: Any) -> None:
        """Complete the rows by what training keeps and moves; with a roof, timed."""
        self.roof, self.see, self.known = roof, self._training, {_place(p.data) for p in self.model.parameters()}
        self.model.train()(self.input)

    def _forward(self, name: str, module: Module, kind: type[Module], call: Callable[[], Any], inputs: list[Array]) -> Any:
        before = len(self.rows)
        output = call()
        if len(self.rows) == before:
            outputs = list(_arrays(output))
            row = _row(name, module, kind, inputs, outputs, self._new_parameters(module))
            self.rows.append(row)
            self.row_of[id(module)] = row
            if self.roof is not None:
                self._time(row, "", lambda: call, row["multiply_adds"], row["bytes_forward"])
        return output

    def _training(self, name: str, module: Module, kind: type[Module], call: Callable[[], Any], inputs: list[Array]) -> Any:
        output = call()
        row = self.row_of.get(id(module))
        if row is None:
            return output
        kept = [array for _, inner in module.named_modules() for array in _arrays(inner._kept)]
        places = {_place(array): array.nbytes for array in kept}
        row["bytes_kept"] = sum(size for place, size in places.items() if place not in self.known)
        self.known |= set(places)
        if row["bytes_forward"]:  # as many again, what was kept, and the parameters' gradients
            held = sum(parameter.data.nbytes for parameter in module.parameters())
            row["bytes_backward"] = row["bytes_forward"] + sum(places.values()) + held
        if self.roof is not None:
            gradient = np.ones_like(next(_arrays(output)))
            self._time(
                row, "_backward", lambda: self._fresh(module, gradient), 2 * row["multiply_adds"], row["bytes_backward"]
            )
        return output

    def _fresh(self, module: Module, gradient: Array) -> Callable[[], Any]:
        """A call of backward that finds no gradients to add to, as in a step of training."""
        module.zero_grad()
        return lambda: module.backward(gradient)

    def _new_parameters(self, module: Module) -> int:
        new = {id(parameter): parameter.size for parameter in module.parameters() if id(parameter) not in self.counted}
        self.counted |= set(new)
        return sum(new.values())

    def _time(self, row: Row, way: str, ready: Callable[[], Callable[[], Any]], multiply_adds: int, moved: int) -> None:
        """Put the shortest time of a call into the row, and what follows from it."""
        self.busy = True
        seconds = _best_time(ready)
        self.busy = False
        row[f"milliseconds{way}"] = 1e3 * seconds
        if multiply_adds and not way:
            row["gflops"] = 2e-9 * multiply_adds / seconds
        if moved:
            row[f"fraction_of_roof{way}"] = self.roof.seconds(2 * multiply_adds, moved) / seconds


def _row(name: str, layer: Module, kind: type[Module], inputs: list[Array], outputs: list[Array], parameters: int) -> Row:
    views = any(np.may_share_memory(a, b) for a in inputs for b in outputs)
    held = sum(parameter.data.nbytes for parameter in layer.parameters())
    moved = held + sum(array.nbytes for array in [*inputs, *outputs])
    return {
        "name": name or kind.__name__,
        "kind": kind.__name__,
        "output_shape": outputs[0].shape if outputs else None,
        "algorithm": _algorithm(layer, inputs),
        "parameters": parameters,
        "multiply_adds": _multiply_adds(layer, inputs, outputs),
        "bytes_forward": 0 if views else moved,
        "bytes_backward": 0,
        "bytes_kept": 0,
        "milliseconds": None,
        "gflops": None,
        "fraction_of_roof": None,
        "milliseconds_backward": None,
        "fraction_of_roof_backward": None,
    }


def _multiply_adds(layer: Module, inputs: list[Array], outputs: list[Array]) -> int:
    """Of layers whose work that is; 0 of others."""
    if isinstance(layer, Linear):
        return outputs[0].size * layer.in_features
    if isinstance(layer, _ConvTransposeNd):
        return inputs[0].size * (layer.out_channels // layer.groups) * math.prod(layer.kernel_size)
    if isinstance(layer, _ConvNd):
        return outputs[0].size * layer._fan_in()
    if isinstance(layer, _DepthwiseSeparableConvNd):
        second = outputs[0].size
        first = second // layer.pointwise.out_channels * layer.pointwise.in_channels
        return first * layer.depthwise._fan_in() + second * layer.pointwise._fan_in()
    return 0


def _algorithm(layer: Module, inputs: list[Array]) -> str | None:
    """The algorithm of a convolution."""
    if not isinstance(layer, _ConvNd) or isinstance(layer, _TiledNd):
        return None
    more = {"output_padding": layer._added} if isinstance(layer, _ConvTransposeNd) else layer._edges()
    told = explain(
        layer._function,
        inputs[0].shape,
        layer.weight.shape,
        False if layer.bias is None else layer.bias.shape,
        layer.stride,
        layer.padding,
        layer.dilation,
        layer.groups,
        dtype=inputs[0].dtype.name,
        algorithm=layer.algorithm,
        data_format=layer.data_format,
        activation=layer.activation,
        precision=layer.precision,
        **more,
    )
    return told.algorithm


def _arrays(value: Any) -> Iterator[Array]:
    """The arrays in arguments or results."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _arrays(part)


def _place(array: Array) -> int:
    """Where an array's memory is: arrays that are views of one another share it."""
    place: int = array.__array_interface__["data"][0]
    return place


def _best_time(ready: Callable[[], Callable[[], Any]]) -> float:
    """The shortest of the calls that fit into 20 ms, at least five: the cost when nothing disturbs it."""
    best, began, calls = math.inf, time.perf_counter(), 0
    while calls < 5 or time.perf_counter() - began < 0.02:
        call = ready()
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
        calls += 1
    return best
