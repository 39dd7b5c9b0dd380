"""Fewer pixels, with and without care."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from pytest_emid.shifts.corruptions.pixels import PUBLISHED_SIDE, SCALE, unit_of
from pytest_emid.shifts.registry import register_visual

__all__ = ["downsample", "low_resolution"]

DOWNSAMPLE: Final = (2, 3, 4, 6, 8)
"""Published pixels that become one, along each axis."""
LOW: Final = (112, 80, 56, 40, 28)
"""Pixels left of a side of 224."""
FILTERS: Final = {"filter": ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos")}
"""The option that names the filter of both ways, down and up."""


@register_visual("downsample", options={**FILTERS, **SCALE})
def downsample(image: Image.Image, severity: int, rng: np.random.Generator, *, filter: str, scale: str) -> Image.Image:
    """Reduced and enlarged again by one filter; `nearest` drops pixels, as careless pipelines do."""
    how = Image.Resampling[filter.upper()]
    factor = DOWNSAMPLE[severity - 1] * max(1.0, unit_of(image, scale))
    return _through(image, 1 / factor, how, how)


@register_visual("low_resolution", options=SCALE)
def low_resolution(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> Image.Image:
    """A thumbnail enlarged: reduced with care (Lanczos), enlarged smoothly (bicubic)."""
    share = LOW[severity - 1] / (PUBLISHED_SIDE if scale == "image" else min(image.size))
    return _through(image, min(1.0, share), Image.Resampling.LANCZOS, Image.Resampling.BICUBIC)


def _through(image: Image.Image, share: float, down: Image.Resampling, up: Image.Resampling) -> Image.Image:
    few = max(1, round(image.width * share)), max(1, round(image.height * share))
    return image.resize(few, down).resize(image.size, up)
