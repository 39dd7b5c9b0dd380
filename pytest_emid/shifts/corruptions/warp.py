"""Sampling a picture between its pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pytest_emid.shifts.corruptions.pixels import Floats

__all__ = ["mirrored", "sample"]


def sample(pixels: Floats, rows: Floats, columns: Floats) -> Floats:
    """Bilinear values at (row, column) places; beyond its edges the picture is mirrored.

    Args:
        pixels: shape (height, width, channels).
        rows: shape (h, w), in pixels, may lie outside.
        columns: shape (h, w).

    Returns:
        Shape (h, w, channels).
    """
    height, width, channels = pixels.shape
    flat = pixels.reshape(-1, channels)
    top, left = np.floor(rows), np.floor(columns)
    down, right = (rows - top)[..., None], (columns - left)[..., None]
    top_rows, left_columns = top.astype(np.int32), left.astype(np.int32)
    above, below = (mirrored(top_rows + step, height) * width for step in (0, 1))
    before, after = (mirrored(left_columns + step, width) for step in (0, 1))
    upper = flat[above + before]
    upper += (flat[above + after] - upper) * right
    lower = flat[below + before]
    lower += (flat[below + after] - lower) * right
    lower -= upper
    lower *= down
    between: Floats = upper + lower
    return between


def mirrored(places: NDArray[np.int32], size: int) -> NDArray[np.int32]:
    """Indices folded into 0..size-1, as in a mirror at the first and the last pixel."""
    if size == 1:
        return np.zeros_like(places)
    period = 2 * (size - 1)
    folded = np.abs(places) % period
    inside: NDArray[np.int32] = np.minimum(folded, period - folded)
    return inside
