"""Blur kernels of fractional size, and convolution."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from pytest_emid.shifts.corruptions.pixels import Floats

__all__ = ["convolve", "disk", "gaussian"]

_SUPERSAMPLE: Final = 8
"""Points per pixel and axis with which the area of a disk inside a pixel is measured."""


@lru_cache(maxsize=64)
def disk(radius: float, softness: float) -> Floats:
    """A defocused point: each pixel's share of a disk, blurred by a Gaussian. Sums to 1.

    Args:
        radius: of the disk in pixels, at least 0, not necessarily whole: below half a pixel it blurs nothing much.
        softness: standard deviation of the Gaussian in pixels.

    Returns:
        Shape (k, k), k odd.
    """
    reach = int(np.ceil(radius + 0.5 + 2 * softness))
    offsets = (np.arange((2 * reach + 1) * _SUPERSAMPLE) + 0.5) / _SUPERSAMPLE - reach - 0.5
    # The published disk takes a pixel whose centre is inside; half a pixel more in radius would overstate its area.
    inside = (offsets[:, None] ** 2 + offsets[None, :] ** 2) <= max(radius, 0.5) ** 2
    side = 2 * reach + 1
    area = inside.reshape(side, _SUPERSAMPLE, side, _SUPERSAMPLE).mean(axis=(1, 3))
    line = gaussian(softness, reach).astype(np.float64)
    for axis in (0, 1):
        area = np.apply_along_axis(np.convolve, axis, area, line, "same")
    kernel: Floats = (area / area.sum()).astype(np.float32)
    return kernel


@lru_cache(maxsize=64)
def gaussian(sigma: float, reach: int | None = None) -> Floats:
    """A Gaussian line of `2 * reach + 1` values that sum to 1; by default it reaches 4 sigma. Shape (k,)."""
    if reach is None:
        reach = max(1, int(np.ceil(4 * sigma)))
    x = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (x / max(sigma, 1e-3)) ** 2)
    line: Floats = (weights / weights.sum()).astype(np.float32)
    return line


def convolve(pixels: Floats, kernel: Floats) -> Floats:
    """Convolve each channel with a kernel; beyond its edges the picture is mirrored.

    Args:
        pixels: shape (height, width, channels).
        kernel: shape (k, l), both odd.

    Returns:
        As `pixels`.
    """
    from scipy import fft  # twice as fast as numpy's for float32, and imported with the first blur only

    (height, width, _), (tall, broad) = pixels.shape, kernel.shape
    planes = np.pad(
        pixels.transpose(2, 0, 1), ((0, 0), (tall // 2, tall // 2), (broad // 2, broad // 2)), mode="reflect"
    )
    shape = [fft.next_fast_len(side, real=True) for side in planes.shape[1:]]
    spectrum = fft.rfft2(planes, shape, axes=(1, 2))
    spectrum *= fft.rfft2(kernel, shape)
    blurred = fft.irfft2(spectrum, shape, axes=(1, 2))
    return np.ascontiguousarray(
        blurred[:, tall - 1 : tall - 1 + height, broad - 1 : broad - 1 + width].transpose(1, 2, 0)
    )
