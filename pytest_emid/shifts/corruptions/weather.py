"""Weather between the lens and the scene."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from pytest_emid.shifts.corruptions.frost_texture import SIDE, STYLES, texture
from pytest_emid.shifts.corruptions.pixels import SCALE, Floats, floats_of, unit_of
from pytest_emid.shifts.registry import register_visual

__all__ = ["frost"]

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
