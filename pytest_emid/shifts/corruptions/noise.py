"""Noise of the sensor.

Every pixel has its own noise. In a picture larger than the published one the grain grows with it (`scale=image`):
a model shrinks such a picture before it looks, which would average fine grain away. Grain is never finer than a pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pytest_emid.shifts.corruptions.pixels import SCALE, Floats, bytes_of, floats_of, grain_of
from pytest_emid.shifts.registry import register_visual

__all__ = ["gaussian_noise", "grainy", "impulse_noise", "shot_noise", "speckle_noise"]

GAUSSIAN: Final = (0.08, 0.12, 0.18, 0.26, 0.38)
"""Standard deviation, of the range of brightness."""
SHOT: Final = (60, 25, 12, 5, 3)
"""Photons that make white."""
IMPULSE: Final = (0.03, 0.06, 0.09, 0.17, 0.27)
"""Share of the values that are lost, half of them to black and half to white."""
SPECKLE: Final = (0.15, 0.2, 0.35, 0.45, 0.6)
"""Standard deviation, of each value."""

_BITS: Final = 12
"""Poisson probabilities are kept to one part in 2**12."""

Draw = Callable[[tuple[int, int, int]], NDArray[Any]]


def grainy(image: Image.Image, scale: str, draw: Draw) -> NDArray[Any]:
    """Random values, shape (height, width, 3), alike within a grain."""
    grain = grain_of(image, scale)
    if grain == 1:
        return draw((image.height, image.width, 3))
    coarse = draw((-(-image.height // grain), -(-image.width // grain), 3))
    return coarse.repeat(grain, axis=0)[: image.height].repeat(grain, axis=1)[:, : image.width]


def _normal(image: Image.Image, scale: str, rng: np.random.Generator) -> Floats:
    return grainy(image, scale, lambda shape: rng.standard_normal(shape, dtype=np.float32))


@register_visual("gaussian_noise", options=SCALE)
def gaussian_noise(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> Floats:
    """Normal noise of one strength everywhere, as in low light (ImageNet-C)."""
    noise = _normal(image, scale, rng)
    noise *= np.float32(GAUSSIAN[severity - 1])
    noise += floats_of(image)
    return noise


@register_visual("speckle_noise", options=SCALE)
def speckle_noise(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> Floats:
    """Normal noise in proportion to brightness (ImageNet-C, extra)."""
    noise = _normal(image, scale, rng)
    noise *= np.float32(SPECKLE[severity - 1])
    noise += 1
    noise *= floats_of(image)
    return noise


@register_visual("shot_noise", options=SCALE)
def shot_noise(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> NDArray[np.uint8]:
    """Counted photons: Poisson noise (ImageNet-C)."""
    quantile = grainy(image, scale, lambda shape: rng.integers(0, 1 << _BITS, shape, dtype=np.uint16))
    places = np.asarray(image).astype(np.int32) << _BITS
    places += quantile
    counted: NDArray[np.uint8] = _poisson_table(SHOT[severity - 1])[places]
    return counted


@lru_cache(maxsize=len(SHOT))
def _poisson_table(photons: int) -> NDArray[np.uint8]:
    """What each value 0..255 becomes at each of `2**_BITS` equally likely quantiles; shape (256 * 2**_BITS,)."""
    rates = np.arange(256) / 255 * photons
    counts = np.arange(int(photons + 8 * np.sqrt(photons)) + 2)
    terms = np.empty((256, len(counts)))
    terms[:, 0] = np.exp(-rates)
    terms[:, 1:] = rates[:, None] / counts[1:]
    bounds = np.rint(terms.cumprod(axis=1).cumsum(axis=1) * (1 << _BITS)).astype(np.int64)
    bounds[:, -1] = 1 << _BITS
    values = bytes_of(counts / photons)
    times = np.diff(bounds, axis=1, prepend=0)
    return np.concatenate([np.repeat(values, row) for row in times])


@register_visual("impulse_noise", options=SCALE)
def impulse_noise(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> NDArray[np.uint8]:
    """Salt and pepper: values lost to black or white (ImageNet-C)."""
    half = round(IMPULSE[severity - 1] / 2 * 65536)
    lots = grainy(image, scale, lambda shape: rng.integers(0, 65536, shape, dtype=np.uint16))
    values = np.array(image)
    values[lots < half] = 0
    values[lots >= 65536 - half] = 255
    return values
