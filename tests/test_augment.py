"""Augmentation: what each function may do to an image, it does; what it draws, its generator decides alone."""

import math
from functools import partial

import numpy as np
import pytest

import fastconv as fc
from fastconv import augment

IMAGES = np.random.default_rng(1).random((6, 3, 9, 12)).astype(np.float32)
COMPONENTS = augment.principal_colors(IMAGES)
RANDOM = {
    "translate": augment.translate,
    "random_crop": partial(augment.random_crop, size=(4, 5)),
    "flip": augment.flip,
    "scale": augment.scale,
    "rotate": augment.rotate,
    "contrast": augment.contrast,
    "brightness": augment.brightness,
    "shift_colors": partial(augment.shift_colors, components=COMPONENTS),
}


@pytest.mark.parametrize("name", RANDOM)
def test_the_generator_decides_and_the_images_stay(name, dtype):
    images = IMAGES.astype(dtype)
    before = images.copy()
    with fc.override(num_threads=1):
        first = RANDOM[name](images, np.random.default_rng(7))
    with fc.override(num_threads=3):
        assert RANDOM[name](images, 7).tobytes() == first.tobytes()
    assert RANDOM[name](images, 8).tobytes() != first.tobytes()
    assert first.dtype == dtype
    assert (images == before).all()
    assert not np.shares_memory(first, images)
    assert RANDOM[name](images[:0], 7).shape == (0, *first.shape[1:])


def test_translation_is_by_whole_pixels_within_the_limit():
    images = np.zeros((200, 1, 9, 9), np.float32)
    images[:, 0, 4, 4] = 1
    moved = augment.translate(images, 0, 2)
    assert (moved.sum((1, 2, 3)) == 1).all()
    _, _, rows, columns = np.nonzero(moved)
    assert set(rows) == set(columns) == {2, 3, 4, 5, 6}
    assert set(np.unique(augment.translate(images + 1, 0, 2, value=-5))) == {-5, 1, 2}
    assert augment.translate(images + 1, 0, 2, border="replicate").min() == 1


def test_crops_are_windows():
    crops = augment.random_crop(IMAGES, 0, (4, 5))
    windows = np.lib.stride_tricks.sliding_window_view(IMAGES, (4, 5), axis=(2, 3))
    for crop, places in zip(crops, windows, strict=True):
        assert (places == crop[:, None, None]).all((0, 3, 4)).any()
    many = augment.random_crop(np.broadcast_to(np.arange(5.0), (300, 1, 1, 5)), 0, (1, 3))
    assert set(many[:, 0, 0, 0]) == {0, 1, 2}


def test_ten_crops_are_alexnets():
    crops = augment.ten_crops(IMAGES, (4, 5))
    corners = [(0, 0), (0, 7), (5, 0), (5, 7), (2, 3)]
    for at, (top, left) in enumerate(corners):
        expected = IMAGES[:, :, top : top + 4, left : left + 5]
        np.testing.assert_array_equal(crops[at], expected)
        np.testing.assert_array_equal(crops[5 + at], expected[..., ::-1])
    assert augment.ten_crops(IMAGES, 9).shape == (10, 6, 3, 9, 9)


def test_flips_mirror_with_their_probability():
    np.testing.assert_array_equal(augment.flip(IMAGES, 0, 1), IMAGES[..., ::-1])
    np.testing.assert_array_equal(augment.flip(IMAGES, 0, 0), IMAGES)
    many = augment.flip(np.broadcast_to([0.0, 1.0], (1000, 1, 1, 2)), 0)
    assert 400 < many[:, 0, 0, 0].sum() < 600


def sampled_by_hand(image, pointing, border):
    """Bilinear sampling of (h, w) where `pointing` takes places in pixels from the centre."""
    h, w = image.shape
    result = np.zeros((h, w))
    for i, j in np.ndindex(h, w):
        x, y = pointing(j - (w - 1) / 2, i - (h - 1) / 2)
        x, y = x + (w - 1) / 2, y + (h - 1) / 2
        if border == "border":
            x, y = min(max(x, 0), w - 1), min(max(y, 0), h - 1)
        for row in (math.floor(y), math.floor(y) + 1):
            for column in (math.floor(x), math.floor(x) + 1):
                if 0 <= row < h and 0 <= column < w:
                    result[i, j] += image[row, column] * (1 - abs(y - row)) * (1 - abs(x - column))
    return result


@pytest.mark.parametrize("border", ["zeros", "border"])
def test_scaling_and_rotation_sample_about_the_centre(border):
    images = IMAGES.astype(np.float64)
    larger = augment.scale(images, 0, 1.6, 1.6, border=border)
    angles = np.deg2rad(20) * (2 * np.random.default_rng(5).random(6) - 1)
    turned = augment.rotate(images, 5, 20, border=border)
    for n in range(6):
        c, s = math.cos(angles[n]), math.sin(angles[n])
        by_hand = sampled_by_hand(images[n, 1], lambda x, y: (x / 1.6, y / 1.6), border)
        np.testing.assert_allclose(larger[n, 1], by_hand, atol=1e-12)
        by_hand = sampled_by_hand(images[n, 1], lambda x, y, c=c, s=s: (c * x - s * y, s * x + c * y), border)
        np.testing.assert_allclose(turned[n, 1], by_hand, atol=1e-12)


def test_contrast_and_brightness_do_not_mix():
    images = IMAGES.astype(np.float64)
    mean, spread = images.mean((1, 2, 3)), images.std((1, 2, 3))
    changed = augment.contrast(images, 0, 0.5, 2)
    np.testing.assert_allclose(changed.mean((1, 2, 3)), mean)
    assert (changed.std((1, 2, 3)) / spread).min() >= 0.5 - 1e-12
    assert (changed.std((1, 2, 3)) / spread).max() <= 2 + 1e-12
    added = augment.brightness(images, 0, 0.3) - images
    assert np.ptp(added, axis=(1, 2, 3)).max() < 1e-12
    assert abs(added).max() <= 0.3


def test_colors_shift_along_their_principal_directions():
    pixels = np.moveaxis(IMAGES, 1, 0).reshape(3, -1).astype(np.float64)
    centred = pixels - pixels.mean(1, keepdims=True)
    covariance = centred @ centred.T / pixels.shape[1]
    variances, directions = COMPONENTS
    np.testing.assert_allclose(covariance @ directions, directions * variances, atol=1e-12)
    one = variances * [0, 0, 1]
    shifted = augment.shift_colors(IMAGES.astype(np.float64), 3, (one, directions)) - IMAGES
    strengths = 0.1 * np.random.default_rng(3).standard_normal((6, 3))[:, 2]
    np.testing.assert_allclose(shifted[:, :, 0, 0], np.outer(strengths * variances[2], directions[:, 2]), atol=1e-12)
    assert np.ptp(shifted, axis=(2, 3)).max() < 1e-12


@pytest.mark.parametrize("name", [*RANDOM, "ten_crops", "principal_colors"])
def test_what_is_no_batch_of_images_is_refused(name):
    more = {"ten_crops": (4,), "principal_colors": ()}.get(name, (0,))
    call = RANDOM.get(name) or getattr(augment, name)
    with pytest.raises(fc.FastconvValueError, match=rf"{name}: images must be of shape \(n, c, h, w\), .*\(3, 9, 12\)"):
        call(IMAGES[0], *more)
    with pytest.raises(fc.FastconvTypeError, match=rf"{name}: images must be an array of float32 or float64"):
        call(IMAGES.astype(np.uint8), *more)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: augment.translate(IMAGES, 0, -1), r"translate: limit must not be negative, got limit=-1"),
        (lambda: augment.random_crop(IMAGES, 0, 10), r"random_crop: size must be one number or two that fit into \(9, 12\)"),
        (lambda: augment.ten_crops(IMAGES, 0), r"ten_crops: size must be positive, got size=0"),
        (lambda: augment.flip(IMAGES, 0, 1.5), r"flip: probability must lie in \[0, 1\], got probability=1\.5"),
        (lambda: augment.scale(IMAGES, 0, 0), r"scale: low must be positive and not above high, got low=0"),
        (
            lambda: augment.contrast(IMAGES, 0, 2, 1),
            r"contrast: low must be .* not above high, got low=2 and high=1",
        ),
        (lambda: augment.rotate(IMAGES, 0, "9"), r"rotate: degrees must be a number, got degrees='9'"),
        (lambda: augment.shift_colors(IMAGES, 0, ([1], [[1]])), r"shift_colors: components must be of shapes \(3,\) and"),
    ],
)
def test_arguments_are_refused_by_name(call, message):
    with pytest.raises(fc.FastconvError, match=message):
        call()
