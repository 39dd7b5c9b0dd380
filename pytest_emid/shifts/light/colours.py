"""Fewer colours, other colours, and colours as some people see them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from pytest_emid.shifts.corruptions.pixels import Floats
from pytest_emid.shifts.light.curves import light_of, values_of
from pytest_emid.shifts.registry import register_visual

__all__ = ["autocontrast", "colour_blindness", "equalise", "greyscale", "invert", "posterise"]

SHARES: Final = (0.2, 0.4, 0.6, 0.8, 1.0)
"""How far the picture goes towards the full effect."""
INVERT: Final = (204, 153, 102, 51, 0)
"""Values from this one on are inverted; level 5 inverts all."""
POSTERISE: Final = (5, 4, 3, 2, 1)
"""Bits that are left of each value."""
BLIND: Final = {
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
"""What a full loss makes of red, green and blue light (Machado, Oliveira and Fernandes, IEEE TVCG 2009)."""


@register_visual("greyscale")
def greyscale(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """Colour taken away, at level 5 all of it: questions about colour have no answer then."""
    return Image.blend(image, ImageOps.grayscale(image).convert("RGB"), SHARES[severity - 1])


@register_visual("invert")
def invert(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """Bright values inverted, at level 5 all of them: a negative, whose colours are the opposite ones."""
    return ImageOps.solarize(image, INVERT[severity - 1])


@register_visual("equalise")
def equalise(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """Histograms of the channels made flat, at level 5 wholly."""
    return Image.blend(image, ImageOps.equalize(image), SHARES[severity - 1])


@register_visual("autocontrast", ())
def autocontrast(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """Each channel stretched to the full range, as photo software does; changes little."""
    return ImageOps.autocontrast(image)


@register_visual("posterise")
def posterise(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
    """Few levels of each channel: bits dropped."""
    return ImageOps.posterize(image, POSTERISE[severity - 1])


@register_visual("colour_blindness", options={"form": tuple(BLIND)})
def colour_blindness(image: Image.Image, severity: int, rng: np.random.Generator, *, form: str) -> NDArray[np.uint8]:
    """Colours as seen without green (`deuteranopia`), red or blue cones; some cannot be told apart any more."""
    share = SHARES[severity - 1]
    matrix: Floats = ((1 - share) * np.eye(3) + share * np.array(BLIND[form])).astype(np.float32)
    return values_of(light_of(image) @ matrix.T)
