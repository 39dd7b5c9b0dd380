"""A visual shift on a picture of any mode: to RGB, through the function, checked, and back."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pytest_emid.errors import ShiftError
from pytest_emid.shifts.component import Component, option_values, run
from pytest_emid.shifts.corruptions.pixels import bytes_of
from pytest_emid.shifts.registry import Definition, is_built_in
from pytest_emid.shifts.seeding import generator

__all__ = ["apply_in_mode"]

_DEEP: Final = {"I": "=i4", "F": "=f4", "I;16": "<u2", "I;16L": "<u2", "I;16B": ">u2", "I;16N": "=u2"}
"""Modes of more than 8 bits, and how their values are stored."""
_OVERFLOW: Final = 16.0
"""Floats beyond this were meant to be 0..255: clipped at 1 they would leave a white picture."""
_UNDERFLOW: Final = -0.5
"""Floats beyond this are no overshoot, but were meant to be -1..1."""
_TRANSPARENT: Final = ("RGBA", "LA", "PA", "RGBa", "La")


def apply_in_mode(
    part: Component, definition: Definition, image: Image.Image, seed: int, sample_id: str, text: str | None = None
) -> Image.Image:
    """Apply one visual component to a picture of any size and mode.

    The mode is kept, except that a palette, which cannot hold the new colours, becomes RGB (RGBA when it has
    transparency). Transparency is left as it is. A picture of more than 8 bits is shifted with 8. `text` is what a
    shift that writes is to write.

    Raises:
        ShiftError: the picture is empty, holds NaN, or is of a mode that Pillow cannot convert, or the registered
            function returns what it must not, or there is nothing to write.
    """
    if definition.writes is not None and text is None:
        raise ShiftError(
            f"shift {part.id} writes what depends on the samples of a dataset, and got a picture alone. Apply it to a "
            "dataset: shift.apply(dataset, seed)."
        )
    if min(image.size) < 1:
        raise ShiftError(f"shift {part.id}: the picture of sample {sample_id!r} is empty, {image.size}.")
    if image.mode == "F" and not np.isfinite(np.asarray(image)).all():
        raise ShiftError(f"shift {part.id}: the picture of sample {sample_id!r} holds values that are not finite.")
    try:
        rgb = _to_rgb(image)
    except ValueError as error:
        raise ShiftError(
            f"shift {part.id}: the picture of sample {sample_id!r} has mode {image.mode}, which cannot be "
            "converted to RGB. Convert it first."
        ) from error
    if rgb is image and not is_built_in(definition):
        rgb = image.copy()  # who draws into it must not draw into the clean picture
    rng = generator(seed, sample_id, part.name)
    options = option_values(part, definition) | ({} if text is None else {"text": text})
    result = run(part, definition, rgb, rng, sample_id, options)
    if isinstance(result, np.ndarray):
        result = _from_array(result, part, rgb, sample_id, is_built_in(definition))
    if not isinstance(result, Image.Image) or result.size != rgb.size or result.mode != "RGB":
        got = f"a {result.mode} image of size {result.size}" if isinstance(result, Image.Image) else repr(type(result))
        raise ShiftError(
            f"shift {part.id} returned {got} for sample {sample_id!r}; it must be an RGB image of size {rgb.size}."
        )
    return _from_rgb(result, image)


def _from_array(array: NDArray[Any], part: Component, rgb: Image.Image, sample_id: str, built_in: bool) -> Image.Image:
    expected = (rgb.height, rgb.width, 3)
    if array.shape != expected or not (array.dtype == np.uint8 or np.issubdtype(array.dtype, np.floating)):
        raise ShiftError(
            f"shift {part.id} returned an array of shape {array.shape} and type {array.dtype} for sample "
            f"{sample_id!r}; it must be of shape {expected}, uint8 or float in 0..1."
        )
    if array.dtype != np.uint8:
        lowest, highest = float(array.min()), float(array.max())
        if not (np.isfinite(lowest) and np.isfinite(highest)):
            raise ShiftError(f"shift {part.id} returned values that are not finite for sample {sample_id!r}.")
        if lowest < _UNDERFLOW and not built_in:  # whose noise overshoots, and is clipped
            raise ShiftError(
                f"shift {part.id} returned floats down to {lowest:g} for sample {sample_id!r}; black is 0, and what is "
                "below would be clipped. If they are of -1..1, return (values + 1) / 2; clip what is only overshoot."
            )
        if highest > _OVERFLOW:
            raise ShiftError(
                f"shift {part.id} returned floats up to {highest:g} for sample {sample_id!r}; white is 1. "
                "Divide them by 255, or return uint8."
            )
        array = bytes_of(array)
    return Image.fromarray(np.ascontiguousarray(array))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode in _DEEP:  # Pillow would clip these at 255, not scale them
        values = np.asarray(image, dtype=np.float64) * (255 / _white(image))
        return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8)).convert("RGB")
    if image.mode in _TRANSPARENT or "transparency" in image.info:
        return _straight(image).convert("RGB")
    return image.convert("RGB")


def _white(image: Image.Image) -> float:
    """White in a picture of more than 8 bits: 65535 for integers; 1, 255 or 65535 for floats, by what they hold."""
    if image.mode != "F":
        return 65535.0
    largest = float(np.asarray(image).max())
    return 1.0 if largest <= 1 else 255.0 if largest <= 255 else 65535.0


def _straight(image: Image.Image) -> Image.Image:
    """In RGBA, colours not multiplied by transparency."""
    return (image.convert("LA") if image.mode == "La" else image).convert("RGBA")


def _from_rgb(rgb: Image.Image, original: Image.Image) -> Image.Image:
    """The shifted picture in the mode of the original."""
    mode = original.mode
    if mode in _DEEP:
        values = np.asarray(rgb.convert("L"), dtype=np.float64) * (_white(original) / 255)
        return Image.frombytes(mode, rgb.size, values.astype(_DEEP[mode]).tobytes())
    if mode in _TRANSPARENT or "transparency" in original.info:
        shifted = rgb.copy()
        shifted.putalpha(_straight(original).getchannel("A"))
        if mode in ("LA", "La"):
            return shifted.convert("LA").convert(mode)
        return shifted.convert("RGBa") if mode == "RGBa" else shifted
    return rgb if mode in ("RGB", "P") else rgb.convert(mode)
