"""Copies by other means: a screen photographed, a page scanned or faxed."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image, ImageOps

from pytest_emid.shifts.corruptions.noise import grainy
from pytest_emid.shifts.corruptions.pixels import SCALE, Floats, floats_of, unit_of
from pytest_emid.shifts.geometry.placing import placed, tilted, turned
from pytest_emid.shifts.registry import register_visual

__all__ = ["fax", "screen_photo"]

SCREEN: Final = ((0.015, 0.06, 0.15), (0.03, 0.1, 0.25), (0.05, 0.15, 0.35), (0.07, 0.2, 0.5), (0.1, 0.26, 0.65))
"""How far corners move inwards, of the side; strength of the moire; strength of the glare."""
PERIODS: Final = (3.1, 2.7, 23.0)
"""Published pixels from stripe to stripe of the moire: of two fine gratings, and of the slow beat between them."""
FAX: Final = ((0.5, 1.5, 0.002), (1.0, 2.5, 0.006), (1.5, 5.0, 0.015), (2.2, 12.0, 0.03), (3.0, 1e6, 0.06))
"""Degrees of skew at most; slope of the tone curve, at level 5 black or white; share of specks."""


@register_visual("screen_photo", options=SCALE)
def screen_photo(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> Floats:
    """A photograph of a screen: a little slant, moire in colours, and a lamp that is reflected."""
    corner, moire, glare = SCREEN[severity - 1]
    width, height = image.size
    pixels = floats_of(placed(image, tilted(image, corner, 0.4, rng), "black"))
    x = (np.arange(width, dtype=np.float32) + 0.5) / np.float32(unit_of(image, scale))
    y = (np.arange(height, dtype=np.float32) + 0.5)[:, None] / np.float32(unit_of(image, scale))
    angle, phases = rng.uniform(-0.3, 0.3), rng.random(3) * 2 * np.pi
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    fine = np.sin(2 * np.pi / PERIODS[0] * (x * cos + y * sin)) * np.sin(2 * np.pi / PERIODS[1] * (y * cos - x * sin))
    slow = 2 * np.pi / PERIODS[2] * (x * cos + y * sin)
    for channel, phase in enumerate(phases):
        pixels[..., channel] *= 1 + np.float32(moire) * (0.5 * fine + np.sin(slow + np.float32(phase)))
    lamp = rng.uniform(0.15, 0.85, 2) * (width, height)
    far = ((np.arange(width) - lamp[0]) / (0.3 * width)) ** 2 + (
        ((np.arange(height) - lamp[1]) / (0.22 * height)) ** 2
    )[:, None]
    bright = np.exp(-far).astype(np.float32)[..., None] * np.float32(glare)
    shown: Floats = pixels + (1 - np.clip(pixels, 0, 1)) * bright
    return shown


@register_visual("fax", options=SCALE)
def fax(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> Floats:
    """Scanned or faxed: grey, put down askew, harsh, at level 5 black and white, with specks; colour is lost."""
    skew, slope, specks = FAX[severity - 1]
    angle = np.deg2rad(skew * rng.uniform(0.5, 1)) * (1 if rng.random() < 0.5 else -1)
    grey = ImageOps.grayscale(placed(image, turned(image, angle), "white"))
    levels = np.asarray(grey, np.float32) / np.float32(255)
    middle = np.float32(levels.mean())
    levels = np.clip((levels - middle) * np.float32(slope) + middle, 0, 1)
    lots = grainy(image, scale, lambda shape: rng.integers(0, 65536, shape[:2], dtype=np.uint16))
    half = round(specks / 2 * 65536)
    levels[lots < half], levels[lots >= 65536 - half] = 0, 1
    return np.repeat(levels[..., None], 3, axis=2)
