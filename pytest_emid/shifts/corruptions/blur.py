"""Blurs of the lens, of motion, and of glass in front of the lens."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from pytest_emid.shifts.corruptions.kernels import blur, convolve, disk, streak
from pytest_emid.shifts.corruptions.pixels import SCALE, Floats, floats_of, grain_of, unit_of
from pytest_emid.shifts.corruptions.warp import mirrored
from pytest_emid.shifts.registry import register_visual

__all__ = ["defocus_blur", "gaussian_blur", "glass_blur", "motion_blur", "zoom_blur"]

DEFOCUS: Final = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))
"""Radius of the disk and softness of its edge, in published pixels."""
GAUSSIAN: Final = (1, 2, 3, 4, 6)
"""Standard deviation in published pixels."""
GLASS: Final = ((0.7, 1.35), (0.9, 1.45), (1.0, 3.3), (1.1, 3.7), (1.5, 4.5))
"""Standard deviations in published pixels of the blur before and after, and of how far pixels are carried along each
axis: chosen such that photographs change as much as under the published swaps with (reach, rounds) = (1, 2), (2, 1),
(2, 3), (3, 2), (4, 2)."""
MOTION: Final = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))
"""Radius and standard deviation in published pixels; the streak is `2 * radius + 1` long."""
ZOOM: Final = ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))
"""Enlargements from 1 to below the first number in steps of the second."""


@register_visual("defocus_blur", options=SCALE)
def defocus_blur(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> Floats:
    """A lens out of focus: every point becomes a disk (ImageNet-C)."""
    radius, softness = (value * unit_of(image, scale) for value in DEFOCUS[severity - 1])
    return convolve(floats_of(image), disk(radius, softness))


@register_visual("gaussian_blur", options=SCALE)
def gaussian_blur(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> Floats:
    """A soft picture: every point becomes a Gaussian (ImageNet-C, extra)."""
    return blur(floats_of(image), GAUSSIAN[severity - 1] * unit_of(image, scale))


@register_visual("glass_blur", options=SCALE)
def glass_blur(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> Floats:
    """Frosted glass: pixels change places with their neighbours between two blurs (ImageNet-C)."""
    sigma, carried = (value * unit_of(image, scale) for value in GLASS[severity - 1])
    pixels = blur(floats_of(image), sigma)
    height, width, channels = pixels.shape
    grain = grain_of(image, scale)  # neighbours within a grain go together, or the second blur would undo the swaps
    drift = rng.standard_normal((2, -(-height // grain), -(-width // grain)), dtype=np.float32) * np.float32(carried)
    down, right = np.rint(drift).astype(np.int32).repeat(grain, axis=1).repeat(grain, axis=2)[:, :height, :width]
    rows = mirrored(down + np.arange(height, dtype=np.int32)[:, None], height)
    columns = mirrored(right + np.arange(width, dtype=np.int32), width)
    return blur(pixels.reshape(-1, channels)[rows * width + columns], sigma)


@register_visual("motion_blur", options=SCALE)
def motion_blur(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> Floats:
    """A moving camera: every point becomes a fading streak, within 45 degrees of level (ImageNet-C)."""
    radius, sigma = MOTION[severity - 1]
    unit = unit_of(image, scale)
    angle = rng.uniform(-45, 45)
    return convolve(floats_of(image), streak(2 * radius + 1, sigma, angle, unit))


@register_visual("zoom_blur")
def zoom_blur(image: Image.Image, severity: int, rng: np.random.Generator) -> Floats:
    """A zoom during exposure: the mean of the picture and of ever larger enlargements of its middle (ImageNet-C)."""
    end, step = ZOOM[severity - 1]
    factors = np.arange(1, end, step)
    total = 2 * np.asarray(image, np.float32)  # the picture itself and its enlargement by 1
    for factor in factors[1:]:
        margins = [side * (1 - 1 / factor) / 2 for side in image.size]
        box = (margins[0], margins[1], image.width - margins[0], image.height - margins[1])
        total += np.asarray(image.resize(image.size, Image.Resampling.BILINEAR, box=box))
    return total / np.float32(255 * (len(factors) + 1))
