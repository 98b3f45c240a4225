# SPDX-License-Identifier: BSD-3-Clause
"""A layer's convolution and the pooling behind it, in one call."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ... import settings
from ...kernels import conv_pool as kernel
from ...spec import ConvPoolSpec, PoolSpec
from .arrays import Array, plain
from .calls import calls
from .conv import bind_conv, choose


class PackedParts(NamedTuple):
    """A bound call, the weights in the layouts of its kernels, and the version of the weights that they are."""

    call: Any
    version: Any
    filters: Any


def find_conv_pool(
    function: str,
    rank: int,
    arrays: tuple[Any, Any, Any],
    options: tuple[Any, ...],
    pool: tuple[str, tuple[Any, ...], dict[str, Any]],
) -> Any:
    """Return the bound call of both, or None where they cannot be computed together."""
    name, window, named = pool

    def bind() -> Any:
        whole = bind_conv(function, rank, *arrays, options)
        conv = whole.spec
        spec = PoolSpec.make(name, rank, conv.output_shape, *window, data_format=options[5], dtype=conv.dtype, **named)
        if conv.finishes:
            return None
        isa = settings.isa_index()
        both = ConvPoolSpec(conv, spec, name.startswith("max"))
        return kernel.bind(both, choose(conv, options[4]), isa, settings.available_isas()[isa])

    return calls.remember(f"{function} {name}", calls.key(arrays, (options, window, *named.values())), bind)


def packed_conv_pool(
    function: str,
    rank: int,
    arrays: tuple[Any, Any, Any],
    options: tuple[Any, ...],
    pool: tuple[str, tuple[Any, ...], dict[str, Any]],
    switches: str | None,
    version: Any,
    before: PackedParts | None,
) -> tuple[Any, PackedParts] | None:
    """Compute a layer's convolution and its pooling, and return also the packed weights, or None: apart is as good.

    `arrays`: input, weight, bias; `options`: of `conv`; `pool`: the pooling's function, window and other options;
    `switches`: None or their kind; `before`: the packed weights of the last call.
    """
    call = find_conv_pool(function, rank, arrays, options, pool)
    threads = settings.thread_count(function, None)
    if call is None or not call.pays(threads):
        return None
    conv, shape = call.spec.conv, call.spec.pool.output_shape
    x, weight, bias = (None if array is None else plain(array, conv.dtype) for array in arrays)
    weight = call.filters(weight)
    if before is None or before.version != version or before.call is not call:
        before = PackedParts(call, version, call.pack(weight, threads))
    y: Array = np.empty(shape, conv.dtype)
    where = None if switches is None else np.empty(shape, np.uint8 if call.spec.pool.compact(switches) else np.int64)
    call.run(x, weight, bias, y, where, threads, before.filters)
    return (y if where is None else (y, where)), before
