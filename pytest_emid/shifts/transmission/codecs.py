"""Files on their way: saved, saved again, shrunk by a messenger."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image, ImageFilter, __version__

from pytest_emid.errors import ShiftError
from pytest_emid.shifts.corruptions.warp import mirrored
from pytest_emid.shifts.registry import register_visual

__all__ = ["avif", "jpeg_twice", "messenger", "webp"]

JPEG_TWICE: Final = ((50, 40), (35, 28), (25, 20), (16, 13), (10, 8))
"""Quality of the first and of the second file."""
SHIFTED: Final = 3
"""Pixels by which the blocks of the second file lie elsewhere."""
WEBP: Final = (40, 25, 12, 5, 1)
"""Quality."""
AVIF: Final = (35, 24, 16, 9, 4)
"""Quality."""
MESSENGER: Final = ((0.75, 65, 60), (0.6, 50, 80), (0.45, 40, 100), (0.35, 30, 130), (0.25, 20, 160))
"""Share of each side that is sent, quality of the JPEG, and percent of the sharpening."""


def _saved(image: Image.Image, file_format: str, **how: object) -> Image.Image:
    file = io.BytesIO()
    image.save(file, file_format, **how)
    return Image.open(file, formats=[file_format]).convert("RGB")


@register_visual("jpeg_twice")
def jpeg_twice(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """JPEG saved, moved by three pixels and saved again, so that the blocks of both files differ."""
    first, second = JPEG_TWICE[severity - 1]
    once = np.asarray(_saved(image, "JPEG", quality=first))
    height, width, _ = once.shape
    rows = mirrored(np.arange(-SHIFTED, height, dtype=np.int32), height)
    columns = mirrored(np.arange(-SHIFTED, width, dtype=np.int32), width)
    moved = Image.fromarray(np.ascontiguousarray(once[rows][:, columns]))
    return _saved(moved, "JPEG", quality=second).crop((SHIFTED, SHIFTED, SHIFTED + width, SHIFTED + height))


@register_visual("webp")
def webp(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """A small file: WebP at low quality; its bytes follow the library that Pillow was built with."""
    return _saved(image, "WEBP", quality=WEBP[severity - 1], method=2)


@register_visual("avif")
def avif(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """A small file: AVIF at low quality; needs a Pillow that writes it, and its bytes follow Pillow's version."""
    if "AVIF" not in Image.registered_extensions().values():
        raise ShiftError(
            f"shift avif: Pillow {__version__} here cannot write AVIF. Install one that can, pip install "
            "'pillow>=11.3', or take webp."
        )
    return _saved(image, "AVIF", quality=AVIF[severity - 1], speed=8, max_threads=1)


@register_visual("messenger")
def messenger(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """Sent by a messenger: reduced, JPEG, enlarged for the screen and sharpened."""
    share, quality, percent = MESSENGER[severity - 1]
    few = max(1, round(image.width * share)), max(1, round(image.height * share))
    sent = _saved(image.resize(few, Image.Resampling.LANCZOS), "JPEG", quality=quality)
    shown = sent.resize(image.size, Image.Resampling.BICUBIC)
    return shown.filter(ImageFilter.UnsharpMask(radius=max(0.5, 0.5 / share), percent=percent, threshold=0))
