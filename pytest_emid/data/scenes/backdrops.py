"""What lies behind the things of a scene: textures, dots and lines, on a grey level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pytest_emid.data.scenes.domains import Domain

__all__ = ["PLAIN", "STYLES", "Backdrop", "backdrop", "clutter", "texture"]

STYLES: Final = ("plain", "dark", "gradient", "striped", "checked")
DARK: Final = (60, 76)
"""Levels of a dark background: below every trained one, above the things that are black."""

Rgb = tuple[int, int, int]
Levels = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Backdrop:
    """A background; its grey level, about which textures swing, is the scene's.

    Attributes:
        style: one of `STYLES`.
        swing: half the difference between a texture's extremes, in grey levels.
        period: pixels of one stripe and its gap, or of two cells.
        direction: in which a gradient rises or stripes follow one another: (columns, rows), each -1, 0 or 1.
        specks: dots as (x, y, radius, colour).
        lines: lines of one pixel as (x, y, x, y, colour).
    """

    style: str = "plain"
    swing: float = 0.0
    period: int = 8
    direction: tuple[int, int] = (1, 0)
    specks: tuple[tuple[int, int, int, Rgb], ...] = ()
    lines: tuple[tuple[int, int, int, int, Rgb], ...] = ()


PLAIN: Final = Backdrop()


def backdrop(rng: np.random.Generator, domain: Domain, side: int) -> Backdrop:
    """Draw a background of a domain for pictures of `side` pixels."""
    style = domain.backdrops[int(rng.integers(len(domain.backdrops)))]
    swing = float(rng.uniform(15.0, 35.0)) if style in ("gradient", "striped", "checked") else 0.0
    period = int(rng.integers(6, 15))
    direction = ((1, 0), (0, 1), (1, 1), (1, -1))[int(rng.integers(4))]
    specks = tuple(
        (*_point(rng, side), int(rng.integers(0, 2)), _color(rng))
        for _ in range(int(rng.integers(domain.specks[0], domain.specks[1] + 1)))
    )
    lines = tuple(
        (*_point(rng, side), *_point(rng, side), _color(rng))
        for _ in range(int(rng.integers(domain.lines[0], domain.lines[1] + 1)))
    )
    return Backdrop(style, swing, period, direction, specks, lines)


def _point(rng: np.random.Generator, side: int) -> tuple[int, int]:
    x, y = rng.integers(0, side, size=2)
    return int(x), int(y)


def _color(rng: np.random.Generator) -> Rgb:
    red, green, blue = rng.integers(30, 226, size=3)
    return int(red), int(green), int(blue)


def texture(of: Backdrop, side: int) -> Levels:
    """What the texture adds to the grey level, per pixel: (side, side), within `swing` of 0."""
    rows, columns = np.mgrid[0:side, 0:side]
    along = of.direction[0] * columns + of.direction[1] * rows
    if of.style == "gradient":
        return np.asarray(of.swing * (2.0 * (along - along.min()) / np.ptp(along) - 1.0), dtype=np.float64)
    half = max(1, of.period // 2)
    if of.style == "striped":
        return np.where((along // half) % 2 == 0, of.swing, -of.swing)
    if of.style == "checked":
        return np.where((columns // half + rows // half) % 2 == 0, of.swing, -of.swing)
    return np.zeros((side, side))


def clutter(picture: Image.Image, of: Backdrop) -> None:
    """Draw the dots and lines; things are drawn over them afterwards."""
    pen = ImageDraw.Draw(picture)
    for x1, y1, x2, y2, color in of.lines:
        pen.line((x1, y1, x2, y2), fill=color, width=1)
    for x, y, radius, color in of.specks:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)
