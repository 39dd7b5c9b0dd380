"""What a sensor does that is broken, slow, or lit by flickering lamps."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pytest_emid.shifts.corruptions.noise import grainy
from pytest_emid.shifts.corruptions.pixels import SCALE, Floats, floats_of, unit_of
from pytest_emid.shifts.corruptions.warp import mirrored
from pytest_emid.shifts.registry import register_visual

__all__ = ["banding", "dead_pixels", "rolling_shutter"]

DEAD: Final = (0.003, 0.01, 0.025, 0.05, 0.1)
"""Share of the pixels."""
ROLLING: Final = (6, 12, 20, 30, 42)
"""Published pixels between the first and the last row, and a fifth of it to and fro."""
BANDING: Final = (0.15, 0.3, 0.45, 0.6, 0.75)
"""Share of the light that is missing in the middle of a band."""


@register_visual("dead_pixels", options=SCALE)
def dead_pixels(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> NDArray[np.uint8]:
    """Pixels that are always black, always white, or stuck at one colour."""
    lots = grainy(image, scale, lambda shape: rng.integers(0, 65536, (*shape[:2], 1), dtype=np.uint16))
    stuck = grainy(image, scale, lambda shape: rng.integers(0, 2, shape, dtype=np.uint8)) * np.uint8(255)
    dead = lots < round(DEAD[severity - 1] * 65536)
    values: NDArray[np.uint8] = np.where(dead, stuck, np.asarray(image))
    return values


@register_visual("rolling_shutter", options=SCALE)
def rolling_shutter(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> Floats:
    """A moving, shaking camera whose rows are read one after the other: the picture leans and wobbles."""
    reach = ROLLING[severity - 1] * unit_of(image, scale)
    side, phase = (1 if rng.random() < 0.5 else -1), rng.random() * 2 * np.pi
    down = (np.arange(image.height) + 0.5) / image.height
    move = reach * (side * (down - 0.5) + 0.2 * np.sin(2 * np.pi * 2 * down + phase))
    whole = np.floor(move).astype(np.int32)
    part = (move - whole).astype(np.float32)[:, None, None]
    pixels, rows = floats_of(image), np.arange(image.height)[:, None]
    places = np.arange(image.width, dtype=np.int32) - whole[:, None]
    near, far = (pixels[rows, mirrored(places - step, image.width)] for step in (0, 1))
    leaning: Floats = near + (far - near) * part
    return leaning


@register_visual("banding")
def banding(image: Image.Image, severity: int, rng: np.random.Generator) -> Floats:
    """Flickering lamps: dark bands across the picture."""
    bands, phase = rng.uniform(4, 8), rng.random()
    down = (np.arange(image.height, dtype=np.float32) + 0.5) / image.height
    dark = 0.5 - 0.5 * np.cos(2 * np.pi * (bands * down + phase))
    flickering: Floats = floats_of(image) * (1 - np.float32(BANDING[severity - 1]) * dark)[:, None, None].astype(
        np.float32
    )
    return flickering
