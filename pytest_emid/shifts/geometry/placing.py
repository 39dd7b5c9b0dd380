"""A picture placed anew in its frame by a projective map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pytest_emid.shifts.corruptions.pixels import bytes_of, floats_of
from pytest_emid.shifts.corruptions.warp import sample

__all__ = ["FILL", "GROUND", "placed", "tilted", "turned"]

GROUND: Final = {"black": (0, 0, 0), "grey": (128, 128, 128), "white": (255, 255, 255)}
FILL: Final = {"fill": (*GROUND, "mirror")}
"""The option of shifts that move a picture: what stands where the picture does not reach."""

Corners = Sequence[tuple[float, float]]


def placed(image: Image.Image, back: NDArray[Any], fill: str) -> Image.Image:
    """The picture seen through a map, of the same size.

    Args:
        image: in RGB.
        back: shape (3, 3): takes a place (x, y, 1) of the result to where it comes from; places are in pixels from the
            upper left corner, so that the middle of the first pixel is at (0.5, 0.5).
        fill: a value of `FILL`.
    """
    size = image.width, image.height
    back = back / back[2, 2]
    if fill != "mirror":
        how = Image.Transform.PERSPECTIVE
        return image.transform(size, how, back.ravel()[:8].tolist(), Image.Resampling.BILINEAR, fillcolor=GROUND[fill])
    x, y = np.arange(image.width) + 0.5, np.arange(image.height)[:, None] + 0.5
    depth = back[2, 0] * x + back[2, 1] * y + 1
    columns, rows = ((back[i, 0] * x + back[i, 1] * y + back[i, 2]) / depth - 0.5 for i in (0, 1))
    far = 8 * max(size)
    return Image.fromarray(
        bytes_of(sample(floats_of(image), *(np.clip(v, -far, far).astype(np.float32) for v in (rows, columns))))
    )


def turned(image: Image.Image, angle: float) -> NDArray[np.float64]:
    """The map that turns a picture about its middle, by an angle in radians."""
    cos, sin, x, y = np.cos(angle), np.sin(angle), image.width / 2, image.height / 2
    return np.array([[cos, sin, x - cos * x - sin * y], [-sin, cos, y + sin * x - cos * y], [0, 0, 1]])


def tilted(image: Image.Image, reach: float, least: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A map that moves every corner inwards along each axis, by `least` times `reach` to `reach` of the side."""
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    moved = corners + (1 - 2 * corners) * rng.uniform(least, 1, corners.shape) * reach
    before, after = ([(x * image.width, y * image.height) for x, y in each] for each in (corners, moved))
    return _between(before, after)


def _between(before: Corners, after: Corners) -> NDArray[np.float64]:
    """The projective map, shape (3, 3), that takes four corners `after` to where they were `before`."""
    rows, wanted = [], []
    for (u, v), (x, y) in zip(before, after, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    solved = np.linalg.solve(np.array(rows, float), np.array(wanted, float))
    return np.append(solved, 1).reshape(3, 3)
