"""Depthwise convolutions and their gradients around every edge of the tiles that compute them, exact on integers."""

import cases
import numpy as np
import oracle
import pytest
import tolerance

import fastconv.functional as F
import fastconv.grad as G

# Columns around one and two vectors of every instruction set and width, and beyond; rows around a tile's.
WIDTHS = (1, 2, 3, 5, 7, 9, 14, 15, 16, 17, 18, 31, 32, 33, 34, 47, 63, 64, 65, 67, 97)
HEIGHTS = (9, 1, 8, 5, 17, 2, 16)
MODES = {"zeros": "constant", "replicate": "edge", "reflect": "reflect", "circular": "wrap", "constant": "constant"}


def around(x: np.ndarray, pads: tuple, mode: str) -> np.ndarray:
    """The input with its border."""
    how = {"constant_values": 2.0} if mode == "constant" else {}
    return np.pad(x, ((0, 0), (0, 0), *pads), MODES[mode], **how)


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("mode", MODES)
def test_every_width_is_exact_on_integers(kernel: int, stride: int, mode: str, isa: str, dtype: str) -> None:
    rng = cases.rng_for(f"depthwise rows {mode}", 10 * kernel + stride)
    for index, width in enumerate(WIDTHS):
        height = HEIGHTS[index % len(HEIGHTS)]
        pads = tuple(tuple(int(p) for p in rng.integers(0, kernel, 2)) for _ in range(2))
        if min(size + sum(pad) for size, pad in zip((height, width), pads, strict=True)) < kernel:
            continue
        if mode == "reflect" and any(max(pad) >= size for size, pad in zip((height, width), pads, strict=True)):
            continue
        multiple, threads = 1 + index % 2, 1 + index % 3
        x = cases.integers(rng, (2, 3, height, width), dtype)
        w, b = cases.integers(rng, (3 * multiple, 1, kernel, kernel), dtype), cases.integers(rng, (3 * multiple,), dtype)
        options = {"stride": stride, "padding": pads, "groups": 3, "padding_mode": mode}
        if mode == "constant":
            options["padding_value"] = 2.0
        plain, what = {"stride": stride, "padding": 0, "groups": 3}, f"{x.shape} {w.shape} {options} {isa}"
        padded = around(x, pads, mode)
        y = F.conv2d(x, w, b, algorithm="depthwise", num_threads=threads, **options)
        tolerance.check_equal(y, oracle.conv(padded, w, b, **plain), what)
        g = cases.integers(rng, y.shape, dtype)
        dw = G.conv2d_weight(x, w.shape, g, num_threads=threads, **options)
        tolerance.check_equal(dw, oracle.conv_weight(padded, w.shape, g, **plain), what)


@pytest.mark.parametrize("multiple", [1, 3])
def test_short_rows_side_by_side_are_exact(multiple: int, isa: str, dtype: str) -> None:
    """Planes of which two rows are a vector of some instruction set, and what stands between them."""
    rng = cases.rng_for("depthwise short", multiple)
    for index, width in enumerate((3, 5, 6, 7, 8, 4, 7, 2)):
        channels, height = 1 + index, (7, 1, 20, 2)[index % 4]
        sizes = (height, width)
        pads = tuple((1, 1) if size < 3 else tuple(int(p) for p in rng.integers(0, 2, 2)) for size in sizes)
        x = cases.integers(rng, (2, channels, height, width), dtype)
        w = cases.integers(rng, (channels * multiple, 1, 3, 3), dtype)
        b = cases.integers(rng, (channels * multiple,), dtype)
        y = F.conv2d(x, w, b, padding=pads, groups=channels, algorithm="depthwise", num_threads=1 + index % 3)
        right = oracle.conv(around(x, pads, "zeros"), w, b, stride=1, padding=0, groups=channels)
        tolerance.check_equal(y, right, f"{x.shape} {w.shape} {pads} {isa}")
