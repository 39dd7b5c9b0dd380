"""Between pictures and arrays: modes, scale, and the checks on what a visual shift returns."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pytest_emid.errors import ShiftError
from pytest_emid.shifts.registry import Definition
from pytest_emid.shifts.seeding import generator
from pytest_emid.shifts.synthetic import Component, option_values

__all__ = ["PUBLISHED_SIDE", "SCALE", "Floats", "apply_in_mode", "bytes_of", "floats_of", "unit_of"]

Floats = NDArray[np.float32]

PUBLISHED_SIDE: Final = 224
"""The side in pixels for which the published parameters were chosen."""

SCALE: Final = {"scale": ("image", "published")}
"""The option of every shift with parameters in pixels: relative to the picture's size, or absolute as published."""


def unit_of(image: Image.Image, scale: str) -> float:
    """How many pixels of this picture one published pixel is: shorter side / 224, or 1 for `published`."""
    return 1.0 if scale == "published" else min(image.size) / PUBLISHED_SIDE


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


def apply_in_mode(
    part: Component, definition: Definition, image: Image.Image, seed: int, sample_id: str
) -> Image.Image:
    """Apply one visual component to a picture of any size and mode; transparency and palette-free mode are kept.

    Raises:
        ShiftError: the picture is empty, or the registered function returns what it must not.
    """
    if min(image.size) < 1:
        raise ShiftError(f"shift {part.id}: the picture of sample {sample_id!r} is empty ({image.size}).")
    rgb = _to_rgb(image)
    rng = generator(seed, sample_id, part.name)
    result = definition.function(rgb, part.severity or 0, rng, **option_values(part, definition))
    if isinstance(result, np.ndarray):
        result = _from_array(result, part, rgb, sample_id)
    if not isinstance(result, Image.Image) or result.size != rgb.size or result.mode != "RGB":
        got = f"a {result.mode} image of size {result.size}" if isinstance(result, Image.Image) else repr(type(result))
        raise ShiftError(
            f"shift {part.id} returned {got} for sample {sample_id!r}; it must be an RGB image of size {rgb.size}."
        )
    return _from_rgb(result, image)


def _from_array(array: NDArray[Any], part: Component, rgb: Image.Image, sample_id: str) -> Image.Image:
    expected = (rgb.height, rgb.width, 3)
    if array.shape != expected or not (array.dtype == np.uint8 or np.issubdtype(array.dtype, np.floating)):
        raise ShiftError(
            f"shift {part.id} returned an array of shape {array.shape} and type {array.dtype} for sample "
            f"{sample_id!r}; it must be of shape {expected}, uint8 or float in 0..1."
        )
    if array.dtype != np.uint8:
        if not np.isfinite(array).all():
            raise ShiftError(f"shift {part.id} returned values that are not finite for sample {sample_id!r}.")
        array = bytes_of(array)
    return Image.fromarray(np.ascontiguousarray(array))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode in ("I", "F", "I;16", "I;16L", "I;16B", "I;16N"):  # Pillow would clip these at 255, not scale them
        values = np.asarray(image, dtype=np.float64) * (255 / _depth(image))
        return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8)).convert("RGB")
    if image.mode in ("P", "PA", "LA", "La", "RGBa"):
        return image.convert("RGBA").convert("RGB")
    return image.convert("RGB")


def _depth(image: Image.Image) -> float:
    """White in a picture of more than 8 bits: 65535 for integers; 1, 255 or 65535 for floats, by what they hold."""
    if image.mode != "F":
        return 65535.0
    largest = float(np.asarray(image).max())
    return 1.0 if largest <= 1 else 255.0 if largest <= 255 else 65535.0


def _from_rgb(rgb: Image.Image, original: Image.Image) -> Image.Image:
    mode = original.mode
    if mode == "RGB":
        return rgb
    if mode in ("I", "F", "I;16", "I;16L", "I;16B", "I;16N"):
        values = np.asarray(rgb.convert("L"), dtype=np.float64) * (_depth(original) / 255)
        if mode == "F":
            return Image.fromarray(values.astype(np.float32))
        if mode == "I":
            return Image.fromarray(values.astype(np.int32))
        return Image.fromarray(values.astype(np.uint16)).convert(mode)
    if mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        colours = rgb if mode in ("RGBA", "RGBa", "PA") else rgb.convert("L")
        shifted = colours.copy()
        shifted.putalpha(original.convert("RGBA").getchannel("A"))
        return shifted if mode in ("RGBA", "LA") else shifted.convert({"PA": "RGBA"}.get(mode, mode))
    if mode == "P":  # a palette cannot hold the new colours
        return rgb
    return rgb.convert(mode)
