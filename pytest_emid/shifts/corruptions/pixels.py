"""Between pictures and arrays: values, and what a published pixel is in a picture of another size."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["PUBLISHED_SIDE", "SCALE", "Floats", "bytes_of", "floats_of", "grain_of", "unit_of"]

Floats = NDArray[np.float32]

PUBLISHED_SIDE: Final = 224
"""The side in pixels for which the published parameters were chosen."""

SCALE: Final = {"scale": ("image", "published")}
"""The option of every shift with parameters in pixels: relative to the picture's size, or absolute as published."""


def unit_of(image: Image.Image, scale: str) -> float:
    """How many pixels of this picture one published pixel is: shorter side / 224, or 1 for `published`.

    Of a strip, a quarter of the longer side counts where that is more.
    """
    return 1.0 if scale == "published" else max(min(image.size), max(image.size) / 4) / PUBLISHED_SIDE


def grain_of(image: Image.Image, scale: str) -> int:
    """Side in pixels of the finest detail of noise and pixelation: as `unit_of`, whole, and at least 1."""
    return max(1, round(unit_of(image, scale)))


def floats_of(image: Image.Image) -> Floats:
    """Shape (height, width, 3), values 0..1."""
    return np.asarray(image, dtype=np.float32) * np.float32(1 / 255)


def bytes_of(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Values 0..1, clipped and rounded to 0..255. Overwrites a float32 array."""
    scaled: NDArray[Any] = np.multiply(pixels, 255, out=pixels if pixels.dtype == np.float32 else None)
    np.rint(scaled, out=scaled)
    np.clip(scaled, 0, 255, out=scaled)
    whole: NDArray[np.uint8] = scaled.astype(np.uint8)
    return whole
