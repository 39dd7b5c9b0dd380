"""Weather between the lens and the scene."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from PIL import Image

from pytest_emid.shifts.corruptions.frost_texture import SIDE, STYLES, texture
from pytest_emid.shifts.corruptions.kernels import blur, convolve, smooth_noise, streak
from pytest_emid.shifts.corruptions.pixels import SCALE, Floats, floats_of, unit_of
from pytest_emid.shifts.registry import register_visual

__all__ = ["brightness", "fog", "frost", "snow", "spatter"]

BRIGHTNESS: Final = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Added to the value (HSV)."""
FOG: Final = ((1.5, 2.0), (2.0, 2.0), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4))
"""Strength, and how fast finer detail fades: by its square from each octave to the next."""
SNOW: Final = (
    (0.1, 0.3, 3.0, 0.5, 10, 4, 0.8),
    (0.2, 0.3, 2.0, 0.5, 12, 4, 0.7),
    (0.55, 0.3, 4.0, 0.9, 12, 8, 0.7),
    (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
    (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
)
"""Mean and standard deviation of the snowfall, size of a flake, threshold, radius and standard deviation of its
streak, weight of the picture against its whitened form; lengths in published pixels."""
SPATTER: Final = (
    (0.65, 0.3, 4.0, 0.69, 0.6, 0),
    (0.65, 0.3, 3.0, 0.68, 0.6, 0),
    (0.65, 0.3, 2.0, 0.68, 0.5, 0),
    (0.65, 0.3, 1.0, 0.65, 1.5, 1),
    (0.67, 0.4, 1.0, 0.65, 1.5, 1),
)
"""Mean and standard deviation of the liquid, its blur in published pixels, threshold, strength of water or blur of
mud, and 1 for mud."""
WATER: Final = (175, 238, 238)
MUD: Final = (63, 42, 20)
GREY: Final = (0.299, 0.587, 0.114)
FROST: Final = ((1.0, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))
"""Weight of the picture and of the texture."""


@register_visual("frost", options=SCALE)
def frost(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> Floats:
    """Ice crystals on a window pane in front of the scene (ImageNet-C; textures are procedural)."""
    of_picture, of_texture = FROST[severity - 1]
    blended = floats_of(image) * np.float32(of_picture)
    blended += np.asarray(_pane(image.size, unit_of(image, scale), rng), np.float32) * np.float32(of_texture / 255)
    return blended


def _pane(size: tuple[int, int], unit: float, rng: np.random.Generator) -> Image.Image:
    """A random piece of a random texture, turned and mirrored at random, at the size of the picture."""
    whole = texture(int(rng.integers(len(STYLES))))
    turned = whole.transpose(Image.Transpose(int(rng.integers(7))))
    across, down = rng.uniform(size=2)
    width, height = (side / unit for side in size)
    fit = min(1.0, (SIDE - 1) / max(width, height))  # a pane larger than the texture shows it enlarged
    width, height = width * fit, height * fit
    left, top = across * (SIDE - width), down * (SIDE - height)
    if size == (round(width), round(height)) and unit == fit == 1.0:
        left, top = round(left), round(top)
        return turned.crop((left, top, left + size[0], top + size[1]))
    box = (left, top, left + width, top + height)
    return turned.resize(size, Image.Resampling.BILINEAR, box=box)


@register_visual("brightness")
def brightness(image: Image.Image, severity: int, rng: np.random.Generator) -> Floats:
    """More light: the value of every pixel rises, its hue stays (ImageNet-C)."""
    pixels = floats_of(image)
    value = pixels.max(axis=2, keepdims=True)
    risen = np.minimum(value + np.float32(BRIGHTNESS[severity - 1]), 1)
    black = value == 0
    brighter: Floats = np.where(black, risen, pixels * (risen / np.where(black, 1, value)))
    return brighter


@register_visual("fog")
def fog(image: Image.Image, severity: int, rng: np.random.Generator) -> Floats:
    """Fog in drifts, between the scene and the lens (ImageNet-C)."""
    strength, fading = FOG[severity - 1]
    pixels = floats_of(image)
    brightest = pixels.max()
    drifts = _drifts(max(image.size), fading, rng)[: image.height, : image.width]
    pixels += np.float32(strength) * drifts[..., None]
    pixels *= brightest / (brightest + np.float32(strength))
    return pixels


def _drifts(side: int, fading: float, rng: np.random.Generator) -> Floats:
    """Fractal noise in 0..1 that repeats at its edges (diamond-square), at least `side` pixels square.

    The square of `fading` divides the strength of the noise from each octave to the next finer one.
    """
    nodes = np.zeros((1, 1), np.float32)
    strength = 1.0
    while len(nodes) < max(2, side):
        noise = rng.random((3, *nodes.shape), dtype=np.float32)
        noise -= np.float32(0.5)
        noise *= np.float32(2 * strength)
        right, down = np.roll(nodes, -1, 1), np.roll(nodes, -1, 0)
        middle = (nodes + right + down + np.roll(right, -1, 0)) / 4 + noise[0]
        finer = np.empty((2 * len(nodes), 2 * len(nodes)), np.float32)
        finer[::2, ::2] = nodes
        finer[1::2, 1::2] = middle
        finer[::2, 1::2] = (nodes + right + middle + np.roll(middle, 1, 0)) / 4 + noise[1]
        finer[1::2, ::2] = (nodes + down + middle + np.roll(middle, 1, 1)) / 4 + noise[2]
        nodes = finer
        strength /= fading**2
    nodes -= nodes.min()
    nodes /= nodes.max()
    return nodes


@register_visual("snow", options=SCALE)
def snow(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> Floats:
    """Falling snow in streaks over a whitened scene (ImageNet-C)."""
    mean, spread, size, threshold, radius, sigma, weight = SNOW[severity - 1]
    unit = unit_of(image, scale)
    pixels = floats_of(image)
    fine, sky = _layer(image, unit)
    cells = [max(2, math.ceil(side / (size * fine))) for side in sky]
    coarse = Image.fromarray(rng.standard_normal((cells[1], cells[0]), dtype=np.float32))
    steps = [(few - 1) / (many - 1) for few, many in zip(cells, sky, strict=True)]
    between = (steps[0], 0, 0.5 - 0.5 * steps[0], 0, steps[1], 0.5 - 0.5 * steps[1])
    fall = coarse.transform(sky, Image.Transform.AFFINE, between, Image.Resampling.BILINEAR)
    flakes = np.float32(mean) + np.float32(spread) * np.asarray(fall)
    flakes = np.where(flakes < threshold, 0, np.clip(flakes, 0, 1))
    streaks = convolve(flakes[..., None], streak(2 * radius + 1, sigma, rng.uniform(45, 135), fine))
    streaks = _fitted(streaks, image)
    grey = (pixels * np.array(GREY, np.float32)).sum(axis=2, keepdims=True)
    whitened = np.maximum(pixels, grey * np.float32(1.5) + np.float32(0.5))
    pixels += np.float32(1 - weight) * (whitened - pixels)
    pixels += streaks + streaks[::-1, ::-1]
    return pixels


def _layer(image: Image.Image, unit: float) -> tuple[float, tuple[int, int]]:
    """Pixels per published pixel, and (width, height), of what is drawn over a picture.

    Over a small picture it is drawn at published size, then reduced, so that its edges and overlaps are what they
    would be had the picture been larger before.
    """
    fine = max(unit, 1.0)
    width, height = (max(2, round(side * fine / unit)) for side in image.size)
    return fine, (width, height)


def _fitted(layer: Floats, image: Image.Image) -> Floats:
    """A layer of shape (height, width, 1), reduced to the size of the picture."""
    if layer.shape[:2] == (image.height, image.width):
        return layer
    return np.asarray(Image.fromarray(layer[..., 0]).resize(image.size, Image.Resampling.BOX))[..., None]


@register_visual("spatter", options=SCALE)
def spatter(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> Floats:
    """Drops of water (levels 1 to 3) or mud (4, 5) on the lens (ImageNet-C, extra)."""
    mean, spread, sigma, threshold, strength, mud = SPATTER[severity - 1]
    fine, (width, height) = _layer(image, unit_of(image, scale))
    level = (threshold - mean) / (spread / (2 * np.sqrt(np.pi) * sigma))  # the blur leaves this much of the spread
    liquid = smooth_noise((1, height, width), sigma * fine, rng)[0]
    pixels = floats_of(image)
    if mud:
        cover = blur((liquid > level).astype(np.float32)[..., None], strength * fine)
        cover[cover < 0.8] = 0
        return pixels + _fitted(cover, image) * (_colour(MUD) - pixels)
    drops = _fitted(_drops(liquid - np.float32(level))[..., None], image)
    return pixels + np.float32(strength) * drops * _colour(WATER)


def _colour(rgb: tuple[int, int, int]) -> Floats:
    colour: Floats = np.array(rgb, np.float32) / np.float32(255)
    return colour


def _drops(depth: Floats) -> Floats:
    """How bright drops of water are, 0..1, where `depth` is positive: lit from one side, and in the middle."""
    inside = np.clip(depth, 0, None)
    body = inside / (inside + np.float32(0.3))
    lit = np.zeros_like(depth)
    lit[1:, 1:] = body[1:, 1:] - body[:-1, :-1]
    bright: Floats = np.where(depth > 0, np.clip(0.3 * body + 0.8 * lit, 0, 1), 0)
    return bright
