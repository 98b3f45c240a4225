# SPDX-License-Identifier: BSD-3-Clause
"""The image filters that are compared: what each is, how each library is asked for it, and what is promised.

A way is a library's module and a function of that module, an image and an array for the result, which is used where the
library can. Libraries are imported only when a way is prepared. Borders are symmetric ("reflect" in SciPy's words) but for
medians, where OpenCV knows replication only; a way that has another border is compared inside of it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from benchmarks.timing import Call

OURS = "fastconv"
MODULES = {
    OURS: "fastconv.ndimage",
    "OpenCV": "cv2",
    "SciPy": "scipy.ndimage",
    "scikit-image": "skimage",
    "PyTorch": "torch",
    "fftconvolve": "scipy.signal",
    "astropy": "astropy.convolution",
}


class Way(NamedTuple):
    """How one library computes a filter."""

    compute: Callable[[Any, Any, Any], object]
    margin: int = 0  # so many pixels at the border are not the definition's
    scale: float = 1.0  # its result times this is the definition's


class Goal(NamedTuple):
    """By what factor we are to be faster than a peer, with so many threads at least and at most."""

    peer: str
    factor: float
    least: int = 1
    most: int = 1 << 12


class Case(NamedTuple):
    """A filter of an image of one shape and type.

    `truth` computes it in double; results may differ from it by `slack`, of the largest value where they are floats, in grey
    levels where they are integers, whose rounding is each library's own.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    ways: dict[str, Way]
    truth: Callable[[Any], Any]
    slack: float
    goals: tuple[Goal, ...]
    out_dtype: str
    share_missing: float = 0.0

    @property
    def title(self) -> str:
        """Name, type and size, as one phrase."""
        size = f"{self.shape[0]}²" if len(self.shape) == 2 else f"{self.shape[0]}³"
        return f"{self.name}, {self.dtype} {size}"

    def image(self) -> Any:
        """The same random image in every run."""
        rng = np.random.default_rng(len(self.shape))
        if self.dtype == "uint8":
            return rng.integers(0, 256, self.shape, np.uint8)
        image = rng.random(self.shape, dtype=np.float32)
        image[rng.random(self.shape, dtype=np.float32) < self.share_missing] = np.nan
        return image

    def prepare(self, peer: str, image: Any) -> Call:
        """Return the call to time; ImportError where the library is missing."""
        module = importlib.import_module(MODULES[peer])
        return partial(self.ways[peer].compute, module, image, np.zeros_like(image, self.out_dtype))


FLOAT_SLACK = 1e-5
# Grey levels: one rounding in any direction; and two passes, each rounded, the first one's error averaged.
ONE_PASS, TWO_PASSES = 1.01, 2.5

# Of OpenCV's time: at most 1.25 times as much with one thread and less with more; of images of bytes 1.5 times.
OPENCV = {"float32": (Goal("OpenCV", 1 / 1.25, 1, 1), Goal("OpenCV", 1.0, 2)), "uint8": (Goal("OpenCV", 1 / 1.5),)}
LINEAR = (Goal("SciPy", 10.0, 2),)


def case(
    name: str, size: int, dtype: str, ways: dict[str, Way], truth: Callable[[Any], Any], slack: float, linear: bool = True
) -> Case:
    """Return a case of the usual kind: a square image, compared with OpenCV and, where it is linear, with SciPy."""
    if dtype == "uint8":
        ways = {peer: way for peer, way in ways.items() if peer not in ("PyTorch", "scikit-image") or not linear}
    goals = OPENCV[dtype] + (LINEAR if linear else ())
    allowed = FLOAT_SLACK if dtype == "float32" else slack
    return Case(name, (size, size), dtype, ways, truth, allowed, goals, dtype)


def bell(sigma: float, radius: int | None = None) -> Any:
    """Weights of a Gaussian, cut off at four sigma, in double."""
    reach = int(4 * sigma + 0.5) if radius is None else radius
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return weights / weights.sum()


# ---- how libraries are asked


def of_ndimage(name: str, *arguments: Any, mode: str = "reflect", **options: Any) -> dict[str, Way]:
    """Ask fastconv and SciPy, whose interface is the same."""

    def compute(module: Any, x: Any, out: Any) -> object:
        return getattr(module, name)(x, *arguments, output=out, mode=mode, **options)

    return {OURS: Way(compute), "SciPy": Way(compute)}


def of_opencv(name: str, *arguments: Any) -> dict[str, Way]:
    """Ask OpenCV, with SciPy's reflection as the border."""

    def compute(module: Any, x: Any, out: Any) -> object:
        return getattr(module, name)(x, *arguments, dst=out, borderType=module.BORDER_REFLECT)

    return {"OpenCV": Way(compute)}


def of_torch(*kernels: Any) -> dict[str, Way]:
    """Ask PyTorch for one correlation after another, with zeros around."""

    def compute(torch: Any, x: Any, out: Any) -> object:
        with torch.inference_mode():
            y = torch.from_numpy(x)[None, None]
            conv = torch.conv2d if x.ndim == 2 else torch.conv3d
            for weights in kernels:
                y = conv(y, torch.from_numpy(weights)[None, None], padding=tuple(size // 2 for size in weights.shape))
        return y[0, 0]

    return {"PyTorch": Way(compute, margin=max(max(weights.shape) for weights in kernels) // 2)}


def noise(k: int) -> Any:
    """Weights without any structure, in single precision."""
    weights = np.random.default_rng(k).random((k, k))
    return single(weights / weights.sum())


def single(weights: Any) -> Any:
    """Weights as float32."""
    return np.ascontiguousarray(weights, np.float32)


# ---- the truth


def correlated(weights: Any, x: Any, mode: str = "symmetric") -> Any:
    """Correlate in double, by transforms, so that large kernels take no minutes."""
    signal = importlib.import_module("scipy.signal")
    around = np.pad(np.asarray(x, np.float64), [(size // 2, size // 2) for size in weights.shape], mode)  # type: ignore[call-overload]
    return signal.fftconvolve(around, weights[tuple(slice(None, None, -1) for _ in weights.shape)], "valid")


def by_scipy(name: str, *arguments: Any, mode: str = "reflect", **options: Any) -> Callable[[Any], Any]:
    """Return what SciPy computes in double."""

    def compute(x: Any) -> Any:
        ndimage = importlib.import_module("scipy.ndimage")
        return getattr(ndimage, name)(np.asarray(x, np.float64), *arguments, mode=mode, **options)

    return compute


def mean_of_valid(weights: Any, x: Any) -> Any:
    """Correlate what is not NaN, over the weights that meet it."""
    there = ~np.isnan(x)
    values = correlated(weights, np.where(there, x, 0), "edge")
    return values / correlated(weights, there, "edge")


# ---- the filters


def dense(k: int, size: int, dtype: str) -> Case:
    """A kernel without any structure."""
    weights = noise(k)
    ways = of_ndimage("correlate", weights) | of_opencv("filter2D", -1, weights) | of_torch(weights)
    return case(f"dense {k}x{k}", size, dtype, ways, partial(correlated, weights), ONE_PASS)


def gaussian(sigma: float, size: int, dtype: str) -> Case:
    """A Gaussian, cut off at four sigma."""
    weights = single(bell(sigma))
    k = len(weights)

    def skimage(module: Any, x: Any, out: Any) -> object:
        return module.filters.gaussian(x, sigma, mode="reflect", preserve_range=True, out=out)

    ways = of_ndimage("gaussian_filter", sigma) | of_opencv("GaussianBlur", (k, k), sigma)
    ways |= {"scikit-image": Way(skimage)} | of_torch(weights[:, None], weights[None])
    return case(f"Gaussian sigma {sigma:g}", size, dtype, ways, by_scipy("gaussian_filter", sigma), TWO_PASSES)


def sobel(size: int, dtype: str) -> Case:
    """The derivative along rows; bytes give 16 bits, which OpenCV can and which loses nothing."""
    weights = single(np.outer([1, 2, 1], [-1, 0, 1]))

    def opencv(cv2: Any, x: Any, out: Any) -> object:
        depth = cv2.CV_16S if x.dtype == np.uint8 else cv2.CV_32F
        return cv2.Sobel(x, depth, 1, 0, dst=out, ksize=3, borderType=cv2.BORDER_REFLECT)

    def skimage(module: Any, x: Any, out: Any) -> object:
        return module.filters.sobel(x, axis=1)

    ways = of_ndimage("sobel", 1) | {"OpenCV": Way(opencv), "scikit-image": Way(skimage, scale=4.0)} | of_torch(weights)
    made = case("Sobel", size, dtype, ways, by_scipy("sobel", 1), 0.0)
    return made._replace(out_dtype="int16") if dtype == "uint8" else made


def box(k: int, size: int, dtype: str) -> Case:
    """The mean of a square."""

    def torch_pool(torch: Any, x: Any, out: Any) -> object:
        with torch.inference_mode():
            return torch.nn.functional.avg_pool2d(torch.from_numpy(x)[None], k, 1, k // 2)[0]

    ways = of_ndimage("uniform_filter", k) | of_opencv("boxFilter", -1, (k, k)) | {"PyTorch": Way(torch_pool, margin=k // 2)}
    return case(f"box {k}x{k}", size, dtype, ways, by_scipy("uniform_filter", k), TWO_PASSES)


def median(k: int, size: int, dtype: str) -> Case:
    """The median of a square."""

    square = np.ones((k, k), bool)

    def opencv(cv2: Any, x: Any, out: Any) -> object:
        return cv2.medianBlur(x, k, dst=out)

    def skimage(module: Any, x: Any, out: Any) -> object:
        return module.filters.median(x, square, out=out, mode="nearest")

    ways = of_ndimage("median_filter", k, mode="nearest") | {"OpenCV": Way(opencv), "scikit-image": Way(skimage)}
    return case(f"median {k}x{k}", size, dtype, ways, by_scipy("median_filter", k, mode="nearest"), 0.0, linear=False)


def maximum(k: int, size: int, dtype: str) -> Case:
    """The largest of a square."""

    square = np.ones((k, k), np.uint8)

    def skimage(module: Any, x: Any, out: Any) -> object:
        return module.morphology.dilation(x, square, out=out)

    def torch_pool(torch: Any, x: Any, out: Any) -> object:
        with torch.inference_mode():
            return torch.nn.functional.max_pool2d(torch.from_numpy(x)[None], k, 1, k // 2)[0]

    ways = of_ndimage("maximum_filter", k) | of_opencv("dilate", square)
    ways |= {"scikit-image": Way(skimage)} | ({"PyTorch": Way(torch_pool)} if dtype == "float32" else {})
    return case(f"maximum {k}x{k}", size, dtype, ways, by_scipy("maximum_filter", k), 0.0, linear=False)


def large(k: int, size: int) -> Case:
    """A dense kernel that is worth a transform."""
    usual, turned = dense(k, size, "float32"), noise(k)[::-1, ::-1]
    ways = {peer: way for peer, way in usual.ways.items() if peer != "SciPy"}  # which takes a minute for 101x101
    ways["fftconvolve"] = Way(lambda signal, x, out: signal.fftconvolve(x, turned, "same"), margin=k // 2)
    return usual._replace(ways=ways, goals=(Goal("fftconvolve", 1.0), Goal("PyTorch", 1.0)))


def volume(size: int) -> Case:
    """A Gaussian with sigma 2 in three dimensions."""
    weights = single(bell(2.0))
    k = len(weights)

    def skimage(module: Any, x: Any, out: Any) -> object:
        return module.filters.gaussian(x, 2.0, mode="reflect", preserve_range=True, out=out)

    ways = of_ndimage("gaussian_filter", 2.0) | {"scikit-image": Way(skimage)}
    ways |= of_torch(*(weights.reshape([k if axis == own else 1 for axis in range(3)]) for own in range(3)))
    goals = (Goal("SciPy", 8.0, 2),)
    truth = by_scipy("gaussian_filter", 2.0)
    return Case("Gaussian sigma 2", (size,) * 3, "float32", ways, truth, FLOAT_SLACK, goals, "float32")


def without_nan(k: int, size: int) -> Case:
    """A Gaussian of an image of which one pixel in a hundred is missing."""
    line = bell(k / 6, k // 2)
    weights = np.outer(line, line)

    def ours(ndimage: Any, x: Any, out: Any) -> object:
        return ndimage.correlate(x, weights, output=out, mode="nearest", nan="omit")

    def astropy(convolution: Any, x: Any, out: Any) -> object:
        return convolution.convolve(x, weights, boundary="extend", nan_treatment="interpolate", normalize_kernel=True)

    ways = {OURS: Way(ours), "astropy": Way(astropy)}
    truth = partial(mean_of_valid, weights)
    goals = (Goal("astropy", 20.0, 2),)
    shape = (size, size)
    return Case(f"{k}x{k} without NaN", shape, "float32", ways, truth, 1e-6, goals, "float32", share_missing=0.01)


def cases(sizes: Sequence[int], depth: int = 256) -> list[Case]:
    """Return all filters that are compared, for images of these sizes and a volume of `depth`."""
    found = []
    for dtype in ("float32", "uint8"):
        for size in sizes:
            found += [dense(k, size, dtype) for k in (3, 7, 15)]
            found += [gaussian(sigma, size, dtype) for sigma in (1, 2, 5)]
            found += [sobel(size, dtype), *(box(k, size, dtype) for k in (3, 31))]
            found += [median(k, size, dtype) for k in (3, 5)]
            found += [maximum(k, size, dtype) for k in (3, 15)]
    found += [large(k, size) for k in (31, 101) for size in sizes if size > k]
    return [*found, volume(depth), without_nan(15, sizes[0])]
