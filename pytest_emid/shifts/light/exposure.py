"""Too little light, too much, and light of another colour."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pytest_emid.shifts.corruptions.noise import grainy
from pytest_emid.shifts.corruptions.pixels import SCALE
from pytest_emid.shifts.light.curves import curved, light_of, values_of
from pytest_emid.shifts.registry import register_visual

__all__ = ["colour_temperature", "low_light", "overexposure"]

LOW_LIGHT: Final = ((0.4, 2000, 8.0), (0.25, 1000, 8.0), (0.15, 600, 8.0), (0.08, 400, 8.0), (0.04, 250, 8.0))
"""Share of the light that is left; electrons that full light would free in a pixel, and those that reading adds
(standard deviation)."""
OVEREXPOSURE: Final = (1.5, 2.0, 3.0, 4.5, 7.0)
"""Times the light; what exceeds white is lost."""
WARM: Final = (5000, 4200, 3500, 2900, 2400)
COLD: Final = (8000, 10000, 13000, 18000, 30000)
"""Kelvin of the light, where the camera expects 6500."""
GAINS: Final = {
    5000: (1.000, 0.842, 0.634),
    4200: (1.000, 0.730, 0.431),
    3500: (1.000, 0.611, 0.262),
    2900: (1.000, 0.491, 0.136),
    2400: (1.000, 0.379, 0.054),
    8000: (0.760, 0.843, 1.000),
    10000: (0.606, 0.731, 1.000),
    13000: (0.498, 0.645, 1.000),
    18000: (0.421, 0.579, 1.000),
    30000: (0.360, 0.522, 1.000),
}
"""Kelvin to red, green and blue light from a white surface, each of what it is at 6500 K, the largest 1: Planck's law,
the CIE 1931 observer (fits of Wyman, Sloan and Shirley, JCGT 2013), primaries of sRGB."""


@register_visual("low_light", options=SCALE)
def low_light(image: Image.Image, severity: int, rng: np.random.Generator, *, scale: str) -> NDArray[np.uint8]:
    """Dusk: little light, and the noise of counting it and of reading the sensor; black clips."""
    share, full, read = LOW_LIGHT[severity - 1]
    light = light_of(image) * np.float32(share)
    noise = grainy(image, scale, lambda shape: rng.standard_normal(shape, dtype=np.float32))
    # counted photons vary by the root of their number; by so many a normal law is close to Poisson's
    spread = np.sqrt(light * np.float32(1 / full) + np.float32((read / full) ** 2))
    return values_of(light + noise * spread)


@register_visual("overexposure")
def overexposure(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """Too long an exposure: light multiplied, and whatever exceeds white lost."""
    return curved(image, OVEREXPOSURE[severity - 1])


@register_visual("colour_temperature", options={"to": ("warm", "cold")})
def colour_temperature(image: Image.Image, severity: int, rng: np.random.Generator, *, to: str) -> Image.Image:
    """Light of another temperature without white balance: bulbs (`to=warm`) or shade (`to=cold`)."""
    return curved(image, *GAINS[(WARM if to == "warm" else COLD)[severity - 1]])
