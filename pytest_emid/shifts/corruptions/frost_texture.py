"""Frost on a window pane, grown rather than photographed: ferns and needles of ice over a cloudy film."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from pytest_emid.shifts.corruptions.pixels import Floats, bytes_of
from pytest_emid.shifts.seeding import generator

__all__ = ["SIDE", "STYLES", "Style", "texture"]

SIDE: Final = 512
"""Height and width of a texture in published pixels."""

_DETAIL: Final = 2
"""Drawn at this many times the size, then reduced, which smooths the lines."""


@dataclass(frozen=True, slots=True)
class Style:
    """One kind of frost.

    Attributes:
        mean: mean colour, 0..255. With `spread`, chosen such that blending weighs as much as with photographs of
            frost: from dark blue-green through grey to nearly white.
        spread: standard deviation of brightness, 0..255.
        ferns: how many branched crystals.
        needles: how many straight ones.
        length: of a crystal, in published pixels.
        cloud: how much of the brightness varies smoothly, 0..1.
        tint: how far the smooth variation carries colour, 0..1.
    """

    mean: tuple[int, int, int]
    spread: float
    ferns: int
    needles: int
    length: float
    cloud: float
    tint: float


STYLES: Final = (
    Style((80, 150, 166), 19, ferns=40, needles=500, length=60, cloud=0.6, tint=0.8),
    Style((201, 205, 214), 22, ferns=90, needles=1200, length=70, cloud=0.3, tint=0.0),
    Style((138, 153, 165), 29, ferns=420, needles=300, length=36, cloud=0.4, tint=0.15),
    Style((112, 123, 135), 43, ferns=400, needles=0, length=56, cloud=0.35, tint=0.1),
    Style((78, 102, 112), 42, ferns=130, needles=60, length=120, cloud=0.4, tint=0.5),
)


@lru_cache(maxsize=len(STYLES))
def texture(index: int) -> Image.Image:
    """The RGB texture of style `index`, `SIDE` pixels square; always the same, and made once per process."""
    style = STYLES[index]
    rng = generator(index, "frost texture")
    crystals = _crystals(style, random.Random(f"frost texture {index}"))
    relief = np.roll(crystals, (1, 1), (0, 1)) - np.roll(crystals, (-1, -1), (0, 1))  # light from the upper left
    grain = rng.standard_normal((SIDE, SIDE), dtype=np.float32)
    film = _clouds(rng, 4)
    ice = 0.5 * _standard(crystals) + 0.7 * _standard(relief) + 0.25 * grain
    light = style.cloud * film + (1 - style.cloud) * _standard(ice)
    pixels = np.asarray(style.mean, np.float32) + style.spread * _standard(light)[..., None]
    warmth = np.minimum(_clouds(rng, 3), 0.5)[..., None]  # ice turns blue at will, but never red
    colour = style.tint * style.spread * warmth * np.array([1.2, -0.1, -0.5], np.float32)
    return Image.fromarray(bytes_of((pixels + colour) / np.float32(255)))


def _standard(values: Floats) -> Floats:
    standard: Floats = (values - values.mean()) / np.float32(max(float(values.std()), 1e-6))
    return standard


def _clouds(rng: np.random.Generator, octaves: int) -> Floats:
    """Smooth noise, mean 0 and standard deviation 1."""
    total = np.zeros((SIDE, SIDE), np.float32)
    for octave in range(octaves):
        cells = 3 * 2**octave
        coarse = Image.fromarray(rng.standard_normal((cells, cells), dtype=np.float32))
        total += np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) * np.float32(0.55**octave)
    return _standard(total)


def _crystals(style: Style, rng: random.Random) -> Floats:
    """How thick the ice is, 0..1, shape (SIDE, SIDE)."""
    side = SIDE * _DETAIL
    canvas = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(canvas)
    for _ in range(style.needles):
        x, y = (rng.uniform(-0.05, 1.05) * side for _ in range(2))
        reach, angle = style.length * _DETAIL * rng.uniform(0.3, 1.3), rng.uniform(0, math.pi)
        dx, dy = 0.5 * reach * math.cos(angle), 0.5 * reach * math.sin(angle)
        width = rng.uniform(1, 4)
        tip = [(x - dx, y - dy), (x - dy / reach * width, y + dx / reach * width), (x + dx, y + dy)]
        pen.polygon(tip, fill=rng.randrange(60, 200))
    for _ in range(style.ferns):
        x, y = (rng.uniform(-0.05, 1.05) * side for _ in range(2))
        _fern(pen, rng, (x, y), rng.uniform(0, 2 * math.pi), style.length * _DETAIL * rng.uniform(0.4, 1.2))
    reduced = canvas.filter(ImageFilter.GaussianBlur(0.7)).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(reduced, np.float32) * np.float32(1 / 255)


def _fern(
    pen: ImageDraw.ImageDraw, rng: random.Random, start: tuple[float, float], angle: float, length: float
) -> None:
    """A bent stem with side branches at 60 degrees, as ice grows, that shorten towards the tip."""
    steps = max(4, int(length / 7))
    bend = rng.gauss(0, 0.5) / steps
    opening = math.pi / 3 + rng.gauss(0, 0.1)
    shade = rng.randrange(120, 256)
    point = start
    for step in range(steps):
        angle += bend
        tip = (point[0] + math.cos(angle) * length / steps, point[1] + math.sin(angle) * length / steps)
        pen.line([point, tip], fill=shade, width=3 if step < steps // 2 else 2)
        reach = 0.35 * length * (1 - step / steps) * min(1.0, (step + 1) / 3)
        for side in (-1, 1):
            branch = reach * rng.uniform(0.6, 1.1)
            end = (
                point[0] + branch * math.cos(angle + side * opening),
                point[1] + branch * math.sin(angle + side * opening),
            )
            pen.line([point, end], fill=int(shade * rng.uniform(0.55, 1)), width=2)
        point = tip
