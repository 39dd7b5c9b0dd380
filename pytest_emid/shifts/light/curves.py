"""Between the values of a picture and the light that they stand for."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pytest_emid.shifts.corruptions.pixels import Floats

__all__ = ["LIGHT", "curved", "light_of", "values_of"]

_STEPS: Final = 4096


def _to_light(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _to_values(light: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)


LIGHT: Final[NDArray[np.float64]] = _to_light(np.arange(256) / 255)
"""The light, 0..1, of each value 0..255 (sRGB, IEC 61966-2-1)."""
_LIGHT: Final[Floats] = LIGHT.astype(np.float32)
_VALUES: Final[NDArray[np.uint8]] = np.rint(_to_values(np.arange(_STEPS + 1) / _STEPS) * 255).astype(np.uint8)


def light_of(image: Image.Image) -> Floats:
    """The light of each value, shape (height, width, 3), 0..1."""
    light: Floats = _LIGHT[np.asarray(image)]
    return light


def values_of(light: Floats) -> NDArray[np.uint8]:
    """The value 0..255 of each light, clipped to 0..1; the darkest values are told apart in steps of 1/4096."""
    steps = np.rint(np.clip(light, 0, 1) * np.float32(_STEPS)).astype(np.int16)
    values: NDArray[np.uint8] = _VALUES[steps]
    return values


def curved(image: Image.Image, *gains: float) -> Image.Image:
    """The picture with its light multiplied and clipped, by one gain or by one a channel: a table, no arithmetic."""
    tables = [np.rint(_to_values(np.clip(LIGHT * gain, 0, 1)) * 255).astype(int) for gain in gains]
    return image.point(np.concatenate(tables * (3 // len(tables))).tolist())
