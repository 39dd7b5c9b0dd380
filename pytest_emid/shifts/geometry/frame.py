"""Another frame: turned, tilted, cropped, shrunk, squeezed or moved a little."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from pytest_emid.shifts.corruptions.pixels import SCALE, unit_of
from pytest_emid.shifts.corruptions.warp import mirrored
from pytest_emid.shifts.geometry.placing import FILL, GROUND, placed, tilted, turned
from pytest_emid.shifts.registry import register_visual

__all__ = ["aspect_ratio", "crop", "pad", "perspective", "pixel_shift", "rotation"]

ROTATION: Final = (3, 6, 10, 15, 25)
"""Degrees, to either side."""
PERSPECTIVE: Final = (0.03, 0.06, 0.09, 0.13, 0.18)
"""How far each corner moves inwards at most along each axis, of the side; at least half of it."""
CROP: Final = (0.9, 0.8, 0.7, 0.6, 0.5)
"""Share of each side that is kept."""
PAD: Final = (0.85, 0.7, 0.55, 0.42, 0.3)
"""Share of each side that the picture still takes."""
ASPECT: Final = (0.85, 0.7, 0.58, 0.47, 0.37)
"""Share of one side that the picture still takes."""
PIXELS: Final = (4, 8, 12, 20, 32)
"""How far the picture is moved, in published pixels."""


@register_visual("rotation", options=FILL)
def rotation(image: Image.Image, severity: int, rng: np.random.Generator, *, fill: str) -> Image.Image:
    """A camera held at an angle: turned about the middle, to either side; the corners are lost."""
    angle = np.deg2rad(ROTATION[severity - 1]) * (1 if rng.random() < 0.5 else -1)
    return placed(image, turned(image, angle), fill)


@register_visual("perspective", options=FILL)
def perspective(image: Image.Image, severity: int, rng: np.random.Generator, *, fill: str) -> Image.Image:
    """Seen at a slant: every corner moved inwards; nothing is lost but sharpness."""
    return placed(image, tilted(image, PERSPECTIVE[severity - 1], 0.5, rng), fill)


@register_visual("crop")
def crop(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """A part of the picture, enlarged; what is outside is lost, and with it perhaps the answer."""
    kept = CROP[severity - 1]
    left, top = rng.random(2) * (1 - kept) * image.size
    box = (left, top, left + kept * image.width, top + kept * image.height)
    return image.resize(image.size, Image.Resampling.BICUBIC, box=box)


@register_visual("pad", options={"fill": FILL["fill"][:3]})
def pad(image: Image.Image, severity: int, rng: np.random.Generator, *, fill: str) -> Image.Image:
    """The whole picture, smaller, in the middle of a plain ground: as letterboxing does."""
    return _within(image, PAD[severity - 1], PAD[severity - 1], fill)


@register_visual("aspect_ratio", options={"fill": FILL["fill"][:3]})
def aspect_ratio(image: Image.Image, severity: int, rng: np.random.Generator, *, fill: str) -> Image.Image:
    """Squeezed along one axis, on a plain ground: circles become ellipses."""
    share = ASPECT[severity - 1]
    return _within(image, *((share, 1.0) if rng.random() < 0.5 else (1.0, share)), fill)


@register_visual("pixel_shift", options=SCALE)
def pixel_shift(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> Image.Image:
    """Moved by a few pixels along a side or a diagonal; the edge that appears is mirrored."""
    distance = max(1, round(PIXELS[severity - 1] * unit_of(image, scale)))
    down, right = ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))[int(rng.integers(8))]
    rows = mirrored(np.arange(image.height, dtype=np.int32) - distance * down, image.height)
    columns = mirrored(np.arange(image.width, dtype=np.int32) - distance * right, image.width)
    return Image.fromarray(np.ascontiguousarray(np.asarray(image)[rows][:, columns]))


def _within(image: Image.Image, across: float, along: float, fill: str) -> Image.Image:
    """The picture at shares of its width and height, in the middle."""
    small = max(1, round(image.width * across)), max(1, round(image.height * along))
    ground = Image.new("RGB", image.size, GROUND[fill])
    place = (image.width - small[0]) // 2, (image.height - small[1]) // 2
    ground.paste(image.resize(small, Image.Resampling.BICUBIC), place)
    return ground
