"""Blur kernels of fractional size, and convolution."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pytest_emid.shifts.corruptions.pixels import Floats

__all__ = ["blur", "convolve", "disk", "gaussian", "smooth_noise", "streak"]

_LONG: Final = 17
"""Gaussians with more values than this are applied through Fourier transforms, which then are faster."""
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
    if sigma < 0.6:  # values of the bell at whole pixels would blur less than sigma says; these three do not
        weights = np.where(x == 0, 1 - sigma**2, np.where(abs(x) == 1, sigma**2 / 2, 0))
    else:
        weights = np.exp(-0.5 * (x / sigma) ** 2)
    line: Floats = (weights / weights.sum()).astype(np.float32)
    return line


def streak(length: float, sigma: float, angle: float, unit: float) -> Floats:
    """A point in motion: a line from the centre that fades like one half of a Gaussian. Sums to 1.

    Args:
        length: of the line in published pixels; it begins half of one before the centre.
        sigma: standard deviation of the Gaussian in published pixels.
        angle: in degrees, 0 to the right, 90 down.
        unit: pixels per published pixel.

    Returns:
        Shape (k, k), k odd.
    """
    steps = np.arange(-0.5 * unit, (length - 0.5) * unit, min(0.25, unit / 4))
    weights = np.exp(-0.5 * (steps / (sigma * unit)) ** 2)
    reach = int(np.ceil(length * unit)) + 1
    rows, columns = (steps * wave(np.deg2rad(angle)) + reach for wave in (np.sin, np.cos))
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    for row, down in ((top, 1 - rows + top), (top + 1, rows - top)):
        for column, right in ((left, 1 - columns + left), (left + 1, columns - left)):
            np.add.at(kernel, (row, column), weights * down * right)
    normal: Floats = (kernel / kernel.sum()).astype(np.float32)
    return normal


def blur(pixels: Floats, sigma: float) -> Floats:
    """Gaussian blur; arguments as for `convolve`, sigma in pixels."""
    line = gaussian(sigma)
    if len(line) > _LONG:
        return convolve(pixels, np.outer(line, line))
    return _along(_along(pixels, line, 0), line, 1)


def _along(pixels: Floats, line: Floats, axis: int) -> Floats:
    """Convolution with a short symmetric line along one axis, value by value."""
    reach, size = len(line) // 2, pixels.shape[axis]
    margins = [(reach, reach) if axis == a else (0, 0) for a in range(3)]
    padded = np.pad(pixels, margins, mode="reflect")
    shifted = [padded[i : i + size] if axis == 0 else padded[:, i : i + size] for i in range(len(line))]
    total: Floats = shifted[reach] * line[reach]
    pair = np.empty_like(total)
    for i in range(reach):
        np.add(shifted[i], shifted[-1 - i], out=pair)
        pair *= line[i]
        total += pair
    return total


def smooth_noise(shape: tuple[int, int, int], sigma: float, rng: np.random.Generator) -> Floats:
    """White normal noise blurred by a Gaussian of `sigma` pixels, then brought back to standard deviation 1.

    Args:
        shape: (planes, height, width) of the result.
        sigma: in pixels; where it is large the noise is drawn on a coarser grid.
        rng: draws the noise.
    """
    step = max(1, int(sigma / 3))
    planes, height, width = shape
    coarse = rng.standard_normal((-(-height // step), -(-width // step), planes), dtype=np.float32)
    smooth = blur(coarse, sigma / step) / np.float32((gaussian(sigma / step) ** 2).sum())
    if step > 1:
        enlarged = [
            Image.fromarray(smooth[..., plane]).resize((width, height), Image.Resampling.BICUBIC)
            for plane in range(planes)
        ]
        return np.stack([np.asarray(plane) for plane in enlarged])
    return smooth.transpose(2, 0, 1)


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
    spectrum *= _spectrum(kernel.tobytes(), tall, broad, shape[0], shape[1])
    blurred = fft.irfft2(spectrum, shape, axes=(1, 2))
    return np.ascontiguousarray(
        blurred[:, tall - 1 : tall - 1 + height, broad - 1 : broad - 1 + width].transpose(1, 2, 0)
    )


@lru_cache(maxsize=16)
def _spectrum(kernel: bytes, tall: int, broad: int, height: int, width: int) -> NDArray[np.complex64]:
    from scipy import fft

    values = np.frombuffer(kernel, np.float32).reshape(tall, broad)
    spectrum: NDArray[np.complex64] = fft.rfft2(values, (height, width))
    return spectrum
