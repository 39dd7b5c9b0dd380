"""What cameras, files and software do to a picture."""

from __future__ import annotations

import io
import math
from typing import Final

import numpy as np
from PIL import Image

from pytest_emid.shifts.corruptions.kernels import smooth_noise
from pytest_emid.shifts.corruptions.pixels import SCALE, Floats, floats_of, grain_of, unit_of
from pytest_emid.shifts.corruptions.warp import sample
from pytest_emid.shifts.registry import register_visual

__all__ = ["contrast", "elastic_transform", "jpeg_compression", "pixelate", "saturate"]

CONTRAST: Final = (0.4, 0.3, 0.2, 0.1, 0.05)
"""Share of each channel's distance from its mean that is left."""
JPEG: Final = (25, 18, 15, 10, 7)
"""Quality."""
PIXELATE: Final = (0.6, 0.5, 0.4, 0.3, 0.25)
"""Pixels left per published pixel and axis."""
SATURATE: Final = ((0.3, 0.0), (0.1, 0.0), (2.0, 0.0), (5.0, 0.1), (20.0, 0.2))
"""Factor of the saturation (HSV), and what is added to it. Levels 1 and 2 take colour away, 3 to 5 add it."""
ELASTIC: Final = (12.5, 16.25, 21.25, 25.0, 30.0)
"""Strength of the local form, of noise within +-0.5 % of the side, blurred by 1 % of the side."""
ELASTIC_IMAGENET_C: Final = (
    (488.0, 170.8, 24.4),
    (488.0, 19.52, 48.8),
    (12.2, 2.44, 4.88),
    (17.08, 2.44, 4.88),
    (29.28, 2.44, 4.88),
)
"""Strength, blur and movement of the corners, in published pixels."""


@register_visual("contrast")
def contrast(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """Less contrast: each channel drawn towards its mean (ImageNet-C)."""
    values = np.arange(256)
    curves = []
    for channel in np.array(image.histogram()).reshape(3, 256):
        mean = float(channel @ values) / float(channel.sum())
        curves.append(np.rint((values - mean) * CONTRAST[severity - 1] + mean))
    return image.point(np.concatenate(curves).astype(int).tolist())


@register_visual("saturate")
def saturate(image: Image.Image, severity: int, rng: np.random.Generator) -> Floats:
    """Colours paler (levels 1, 2) or stronger (3 to 5); greys stay grey (ImageNet-C, extra)."""
    factor, extra = SATURATE[severity - 1]
    pixels = floats_of(image)
    value = pixels.max(axis=2)
    chroma = value - pixels.min(axis=2)
    # In HSV the distance of every channel from the largest is in proportion to the saturation, chroma / value.
    wanted = np.minimum(chroma * np.float32(factor) + value * np.float32(extra), value)
    stretch = np.divide(wanted, chroma, out=np.zeros_like(chroma), where=chroma > 0)
    changed: Floats = value[..., None] - (value[..., None] - pixels) * stretch[..., None]
    return changed


@register_visual("jpeg_compression")
def jpeg_compression(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """A small file: JPEG at low quality (ImageNet-C)."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=JPEG[severity - 1])
    return Image.open(file, formats=["JPEG"]).copy()


@register_visual("pixelate", options=SCALE)
def pixelate(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> Image.Image:
    """Few large pixels, each the mean of what it covers (ImageNet-C)."""
    share = PIXELATE[severity - 1] / grain_of(image, scale)
    few = (max(1, int(image.width * share)), max(1, int(image.height * share)))
    return image.resize(few, Image.Resampling.BOX).resize(image.size, Image.Resampling.NEAREST)


@register_visual("elastic_transform", options={"form": ("local", "imagenet_c"), **SCALE})
def elastic_transform(image: Image.Image, severity: int, rng: np.random.Generator, *, form: str, scale: str) -> Floats:
    """Rubber: every point moved a little, neighbours together (imagecorruptions; form=imagenet_c adds a shear)."""
    unit = unit_of(image, scale)
    if form == "local":
        strength, softness, corners = ELASTIC[severity - 1] * 0.005 * 224, 0.01 * 224, 0.0
    else:
        strength, softness, corners = ELASTIC_IMAGENET_C[severity - 1]
    rows, columns = np.meshgrid(
        np.arange(image.height, dtype=np.float32), np.arange(image.width, dtype=np.float32), indexing="ij"
    )
    spread = strength / math.sqrt(3) / (2 * math.sqrt(math.pi) * softness)  # of uniform noise in -1..1, blurred
    move = smooth_noise((2, image.height, image.width), softness * unit, rng) * np.float32(spread * unit)
    if corners:
        rows, columns = _sheared(rows, columns, corners * unit, min(image.size), rng)
    return sample(floats_of(image), rows + move[0], columns + move[1])


def _sheared(
    rows: Floats, columns: Floats, corners: float, side: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Where each point comes from when three corners of the middle of the picture move at random."""
    height, width = rows.shape
    third = max(1, side // 3)
    corner = np.array([width // 2, height // 2]) + third * np.array([[1, 1], [1, -1], [-1, -1]])
    moved = corner + rng.uniform(-corners, corners, size=corner.shape)
    # The affine map takes the corners to where they moved; a pixel of the result comes from its inverse image.
    inverse = np.linalg.solve(np.c_[moved, np.ones(3)], corner.astype(float)).astype(np.float32)
    across, down = (inverse[0, i] * columns + inverse[1, i] * rows + inverse[2, i] for i in (0, 1))
    far = np.float32(8 * max(width, height))  # three corners almost in line would send points anywhere
    return np.clip(down, -far, far), np.clip(across, -far, far)
