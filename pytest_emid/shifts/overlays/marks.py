"""What apps, agencies and chance put over a picture."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from pytest_emid.shifts.geometry.placing import GROUND
from pytest_emid.shifts.overlays.lettering import font
from pytest_emid.shifts.registry import register_visual

__all__ = ["interface", "occlusion", "watermark"]

WATERMARK: Final = (0.12, 0.22, 0.34, 0.48, 0.65)
"""Opacity."""
MARK: Final = "PREVIEW"
INTERFACE: Final = (0.05, 0.09, 0.13, 0.18, 0.24)
"""Share of the height that the bar above takes, and the one below."""
OCCLUSION: Final = (0.06, 0.12, 0.2, 0.3, 0.42)
"""Share of the picture that is covered."""
CELLS: Final = 10
"""Blocks along each side."""


@register_visual("watermark")
def watermark(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """A word across the picture, again and again, half transparent."""
    side = 2 * int(np.ceil(np.hypot(*image.size) / 2)) + 2
    letters = font(max(6, round(min(image.size) / 9)))
    layer = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(layer)
    left, top, right, bottom = letters.getbbox(MARK)
    step = round((right - left) * 1.4), round((bottom - top) * 3.2)
    begin = rng.integers(0, step, 2)
    for row, y in enumerate(range(-int(begin[1]), side, max(1, step[1]))):
        for x in range(-int(begin[0]) - (row % 2) * step[0] // 2, side, max(1, step[0])):
            pen.text((x, y), MARK, fill=round(255 * WATERMARK[severity - 1]), font=letters)
    turned = layer.rotate(30, Image.Resampling.BILINEAR)
    corner = (side - image.width) // 2, (side - image.height) // 2
    mask = turned.crop((*corner, corner[0] + image.width, corner[1] + image.height))
    return Image.composite(Image.new("RGB", image.size, "white"), image, mask)


@register_visual("interface")
def interface(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """A screenshot of an app: bars with buttons above and below, and a round button; what they cover is lost."""
    shown = image.copy()
    pen = ImageDraw.Draw(shown)
    (width, height), tall = image.size, max(1, round(INTERFACE[severity - 1] * image.height))
    for top, buttons in ((0, 3), (height - tall, 5)):
        pen.rectangle((0, top, width, top + tall - 1), fill=(248, 248, 250))
        radius = tall * 0.25
        for number in range(buttons):
            x, y = (number + 0.5) / buttons * width, top + tall / 2
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(90, 94, 104))
    radius = min(tall * 0.6, height * 0.07)
    x, y = width - 1.4 * radius, height - tall - 1.4 * radius
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(28, 110, 235))
    return shown


@register_visual("occlusion", options={"fill": ("grey", "black", "white")})
def occlusion(image: Image.Image, severity: int, rng: np.random.Generator, *, fill: str) -> Image.Image:
    """Blocks over the picture; what they cover is lost, and with it perhaps the answer."""
    covered = rng.permutation(CELLS * CELLS)[: round(OCCLUSION[severity - 1] * CELLS * CELLS)]
    cells = np.zeros(CELLS * CELLS, np.uint8)
    cells[covered] = 255
    mask = Image.fromarray(cells.reshape(CELLS, CELLS)).resize(image.size, Image.Resampling.NEAREST)
    return Image.composite(Image.new("RGB", image.size, GROUND[fill]), image, mask)
