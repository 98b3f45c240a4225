# SPDX-License-Identifier: BSD-3-Clause
"""More images from few: each function takes a batch and changes every image of it at random, a little.

Batches are (n, c, h, w), float32 or float64, and stay as they are; results are new arrays. What is drawn comes from `rng`, a
generator or a seed, and one draw an image, so that the same generator gives the same bits. ``functools.partial`` makes of
any of them what `fastconv.nn.fit` takes as `augment`.

Whole-pixel moves copy; scaling and rotation sample bilinearly, by `functional.grid_sample`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from . import functional as F
from .spec import FastconvTypeError, FastconvValueError, real, show, whole

Array = np.ndarray[Any, np.dtype[Any]]
Rng = np.random.Generator | int


def translate(images: Array, rng: Rng, limit: int = 2, *, border: str = "constant", value: float | None = None) -> Array:
    """Move each image by up to `limit` whole pixels along each axis.

    Parameters
    ----------
    images : ndarray of shape (n, c, h, w)
    rng : numpy.random.Generator or int
    limit : int, optional
    border : str, optional
        What comes in: a mode of `functional.pad`.
    value : float, optional
        What a constant border holds; default 0.

    Returns
    -------
    ndarray of the shape of images

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Simard, Steinkraus & Platt, "Best practices for convolutional neural networks", ICDAR 2003, section 2.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.augment.translate(np.arange(1.0, 6.0).reshape(1, 1, 1, 5), 0, 1).shape
    (1, 1, 1, 5)
    """
    _check_images("translate", images)
    margin = whole("translate", "limit", limit, 0)
    return random_crop(F.pad(images, (margin,) * 4, border, value), rng, images.shape[2:])


def random_crop(images: Array, rng: Rng, size: int | tuple[int, int]) -> Array:
    """Cut a window out of each image, anywhere.

    Parameters
    ----------
    images : ndarray of shape (n, c, h, w)
    rng : numpy.random.Generator or int
    size : int or (int, int)
        Height and width of the window.

    Returns
    -------
    ndarray of shape (n, c, *size)

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Krizhevsky, Sutskever & Hinton, "ImageNet classification with deep convolutional neural networks", NIPS 2012,
    section 4.1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.augment.random_crop(np.zeros((8, 3, 256, 256), np.float32), 0, 224).shape
    (8, 3, 224, 224)
    """
    height, width = _window_of("random_crop", images, size)
    n, _, h, w = images.shape
    generator = np.random.default_rng(rng)
    top, left = generator.integers(0, h - height + 1, n), generator.integers(0, w - width + 1, n)
    return sliding_window_view(images, (height, width), axis=(2, 3))[np.arange(n), :, top, left]


def ten_crops(images: Array, size: int | tuple[int, int]) -> Array:
    """Cut the four corners and the centre out of each image, and mirror them: what AlexNet averages its answers over.

    Parameters
    ----------
    images : ndarray of shape (n, c, h, w)
    size : int or (int, int)
        Height and width of the windows.

    Returns
    -------
    ndarray of shape (10, n, c, *size)
        Top left, top right, bottom left, bottom right, centre (rounded up and left), and their mirror images.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Krizhevsky, Sutskever & Hinton, "ImageNet classification with deep convolutional neural networks", NIPS 2012,
    section 4.1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> crops = fc.augment.ten_crops(np.zeros((2, 1, 36, 36), np.float32), 32)
    >>> fc.models.LeNet5()(crops.reshape(20, 1, 32, 32)).reshape(10, 2, 10).mean(0).shape
    (2, 10)
    """
    height, width = _window_of("ten_crops", images, size)
    down, right = images.shape[2] - height, images.shape[3] - width
    corners = [(0, 0), (0, right), (down, 0), (down, right), (down // 2, right // 2)]
    crops = np.stack([images[:, :, top : top + height, left : left + width] for top, left in corners])
    return np.concatenate([crops, crops[..., ::-1]])


def flip(images: Array, rng: Rng, probability: float = 0.5) -> Array:
    """Mirror images, left to right, with a probability.

    Parameters
    ----------
    images : ndarray of shape (n, c, h, w)
    rng : numpy.random.Generator or int
    probability : float, optional
        Of each image to be mirrored.

    Returns
    -------
    ndarray of the shape of images

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Krizhevsky, Sutskever & Hinton, "ImageNet classification with deep convolutional neural networks", NIPS 2012,
    section 4.1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.augment.flip(np.array([[[[1.0, 2.0]]]]), 0, 1.0).tolist()
    [[[[2.0, 1.0]]]]
    """
    _check_images("flip", images)
    if not 0 <= real("flip", "probability", probability, "float64") <= 1:
        raise FastconvValueError(f"flip: probability must lie in [0, 1], got probability={probability!r}")
    chosen = np.random.default_rng(rng).random(len(images)) < probability
    return np.where(chosen[:, None, None, None], images[..., ::-1], images)


def scale(images: Array, rng: Rng, low: float = 0.8, high: float = 1.25, *, border: str = "zeros") -> Array:
    """Make what each image shows larger or smaller about its centre; the image keeps its size.

    Parameters
    ----------
    images : ndarray of shape (n, c, h, w)
    rng : numpy.random.Generator or int
    low, high : float, optional
        Range of the factor, uniform in its logarithm; above 1 is larger.
    border : {"zeros", "border", "reflection"}, optional
        What comes in: a padding_mode of `functional.grid_sample`.

    Returns
    -------
    ndarray of the shape of images

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Simonyan & Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015, section 3.1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.augment.scale(np.array([[[[1.0, 2.0, 3.0]]]]), 0, 2, 2).tolist()
    [[[[1.5, 2.0, 2.5]]]]
    """
    _check_images("scale", images)
    factors = _drawn("scale", rng, len(images), low, high, logarithmic=True)
    return _sampled(images, 1 / factors, np.zeros_like(factors), border)


def rotate(images: Array, rng: Rng, degrees: float = 15.0, *, border: str = "zeros") -> Array:
    """Turn each image about its centre, by at most so many degrees either way.

    Parameters
    ----------
    images : ndarray of shape (n, c, h, w)
    rng : numpy.random.Generator or int
    degrees : float, optional
    border : {"zeros", "border", "reflection"}, optional
        What comes in: a padding_mode of `functional.grid_sample`.

    Returns
    -------
    ndarray of the shape of images

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Simard, Steinkraus & Platt, "Best practices for convolutional neural networks", ICDAR 2003, section 2.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.augment.rotate(np.ones((2, 1, 5, 5)), 0, border="border").round(6).min()
    np.float64(1.0)
    """
    _check_images("rotate", images)
    limit = np.deg2rad(real("rotate", "degrees", degrees, "float64"))
    angles = _drawn("rotate", rng, len(images), -abs(limit), abs(limit))
    return _sampled(images, np.cos(angles), np.sin(angles), border)


def contrast(images: Array, rng: Rng, low: float = 0.8, high: float = 1.25) -> Array:
    """Multiply each image's differences from its mean by a factor; values are not clipped.

    Parameters
    ----------
    images : ndarray of shape (n, c, h, w)
    rng : numpy.random.Generator or int
    low, high : float, optional
        Range of the factor, uniform in its logarithm.

    Returns
    -------
    ndarray of the shape of images

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Howard, "Some improvements on deep convolutional neural network based image classification", arXiv 1312.5402, section 2.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> fc.augment.contrast(np.array([[[[1.0, 3.0]]]]), 0, 2, 2).tolist()
    [[[[0.0, 4.0]]]]
    """
    _check_images("contrast", images)
    factors = _per_image(_drawn("contrast", rng, len(images), low, high, logarithmic=True), images)
    mean = images.mean((1, 2, 3), keepdims=True)
    return mean + (images - mean) * factors


def brightness(images: Array, rng: Rng, limit: float = 0.1) -> Array:
    """Add one number to each image, at most `limit` up or down; values are not clipped.

    Parameters
    ----------
    images : ndarray of shape (n, c, h, w)
    rng : numpy.random.Generator or int
    limit : float, optional

    Returns
    -------
    ndarray of the shape of images

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Howard, "Some improvements on deep convolutional neural network based image classification", arXiv 1312.5402, section 2.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> bool((abs(fc.augment.brightness(np.zeros((4, 1, 2, 2)), 0, 0.5)) <= 0.5).all())
    True
    """
    _check_images("brightness", images)
    most = abs(real("brightness", "limit", limit, "float64"))
    return images + _per_image(_drawn("brightness", rng, len(images), -most, most), images)


def principal_colors(images: Array) -> tuple[Array, Array]:
    """Return how the pixels of a training set vary about their mean colour, for `shift_colors`.

    Parameters
    ----------
    images : ndarray of shape (n, c, h, w)

    Returns
    -------
    variances : float64 ndarray of shape (c,)
        Along each principal direction, smallest first.
    directions : float64 ndarray of shape (c, c)
        A column each.

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If `images` is not such a batch.

    References
    ----------
    Krizhevsky, Sutskever & Hinton, "ImageNet classification with deep convolutional neural networks", NIPS 2012,
    section 4.1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> variances, directions = fc.augment.principal_colors(np.random.default_rng(0).random((2, 3, 8, 8)))
    >>> variances.shape, directions.shape
    ((3,), (3, 3))
    """
    _check_images("principal_colors", images)
    pixels = np.moveaxis(images, 1, 0).reshape(images.shape[1], -1).astype(np.float64)
    variances, directions = np.linalg.eigh(np.atleast_2d(np.cov(pixels, bias=True)))
    return variances, directions


def shift_colors(images: Array, rng: Rng, components: tuple[Array, Array], deviation: float = 0.1) -> Array:
    """Add to all pixels of each image the principal directions, times their variances, times normal random numbers.

    Parameters
    ----------
    images : ndarray of shape (n, c, h, w)
    rng : numpy.random.Generator or int
    components : pair of ndarray
        What `principal_colors` returns for the training set.
    deviation : float, optional
        Standard deviation of the random numbers.

    Returns
    -------
    ndarray of the shape of images

    Raises
    ------
    FastconvValueError, FastconvTypeError
        If an argument breaks a rule.

    References
    ----------
    Krizhevsky, Sutskever & Hinton, "ImageNet classification with deep convolutional neural networks", NIPS 2012,
    section 4.1.

    Examples
    --------
    >>> import numpy as np, fastconv as fc
    >>> images = np.random.default_rng(0).random((2, 3, 8, 8))
    >>> fc.augment.shift_colors(images, 0, fc.augment.principal_colors(images)).shape
    (2, 3, 8, 8)
    """
    _check_images("shift_colors", images)
    (variances, directions), (n, c) = components, images.shape[:2]
    if np.shape(variances) != (c,) or np.shape(directions) != (c, c):
        raise FastconvValueError(
            f"shift_colors: components must be of shapes {(c,)} and {(c, c)}, "
            f"got {np.shape(variances)} and {np.shape(directions)}"
        )
    spread = real("shift_colors", "deviation", deviation, "float64")
    strengths = spread * np.random.default_rng(rng).standard_normal((n, c))
    shifts = (strengths * variances) @ np.transpose(directions)
    return images + shifts.astype(images.dtype)[:, :, None, None]


def _check_images(function: str, images: Any) -> None:
    """Refuse what is not a batch of images."""
    if not isinstance(images, np.ndarray) or images.dtype.name not in ("float32", "float64"):
        raise FastconvTypeError(f"{function}: images must be an array of float32 or float64, got images={show(images)}")
    if images.ndim != 4:
        raise FastconvValueError(f"{function}: images must be of shape (n, c, h, w), got images of shape {images.shape}")


def _window_of(function: str, images: Any, size: Any) -> tuple[int, int]:
    """Return height and width of a window that must fit into the images."""
    _check_images(function, images)
    pair = size if isinstance(size, (tuple, list)) else (size, size)
    sides = [whole(function, "size", side, 1, size) for side in pair]
    if len(sides) != 2 or sides[0] > images.shape[2] or sides[1] > images.shape[3]:
        raise FastconvValueError(
            f"{function}: size must be one number or two that fit into {images.shape[2:]}, got size={show(size)}"
        )
    return sides[0], sides[1]


def _drawn(function: str, rng: Rng, count: int, low: float, high: float, logarithmic: bool = False) -> Array:
    """Return a number for each image, from a range that `logarithmic` draws by ratios."""
    lowest, highest = real(function, "low", low, "float64"), real(function, "high", high, "float64")
    if lowest > highest or (logarithmic and lowest <= 0):
        rule = "must be positive and not above high" if logarithmic else "must not be above high"
        raise FastconvValueError(f"{function}: low {rule}, got low={low!r} and high={high!r}")
    places = np.random.default_rng(rng).random(count)
    return lowest * (highest / lowest) ** places if logarithmic else lowest + (highest - lowest) * places


def _per_image(numbers: Array, images: Array) -> Array:
    """Return one number an image in a shape and dtype that go with the images."""
    return numbers.astype(images.dtype)[:, None, None, None]


def _sampled(images: Array, along: Array, across: Array, border: str) -> Array:
    """Sample each image where (along, -across; across, along) times the place, in pixels from the centre, points."""
    n, _, h, w = images.shape
    theta = np.zeros((n, 2, 3), images.dtype)
    theta[:, 0, 0] = theta[:, 1, 1] = along
    theta[:, 0, 1], theta[:, 1, 0] = -across * h / w, across * w / h
    return F.grid_sample(images, F.affine_grid(theta, images.shape, False), "bilinear", border, False)
