"""Blurs."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from pytest_emid.shifts.corruptions.kernels import convolve, disk
from pytest_emid.shifts.corruptions.pixels import SCALE, Floats, floats_of, unit_of
from pytest_emid.shifts.registry import register_visual

__all__ = ["defocus_blur"]

DEFOCUS: Final = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))
"""Radius of the disk and softness of its edge, in published pixels."""


@register_visual("defocus_blur", options=SCALE)
def defocus_blur(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> Floats:
    """A lens out of focus: every point becomes a disk (ImageNet-C)."""
    radius, softness = (value * unit_of(image, scale) for value in DEFOCUS[severity - 1])
    return convolve(floats_of(image), disk(radius, softness))
