"""The Gaussian kernel and its usual bandwidth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pytest_emid.errors import EstimationError

__all__ = ["gaussian_kernel", "median_distance", "squared_distances"]

Float = NDArray[np.float64]


def squared_distances(x: Float, z: Float) -> Float:
    """|x_i - z_j|^2, n x k, never negative."""
    centre = z.mean(axis=0)
    # Nearly parallel unit vectors would lose half their digits without the centring.
    x, z = x - centre, z - centre
    squares: Float = (x**2).sum(axis=1)[:, None] + (z**2).sum(axis=1) - 2 * (x @ z.T)
    np.maximum(squares, 0.0, out=squares)
    return squares


def gaussian_kernel(x: Float, z: Float, bandwidth: float) -> Float:
    """exp(-|x_i - z_j|^2 / (2 bandwidth^2)), n x k, in [0, 1]."""
    kernel = squared_distances(x, z)
    kernel /= -2 * bandwidth**2
    np.exp(kernel, out=kernel)
    return kernel


def median_distance(x: Float) -> float:
    """Median distance between different rows: the usual bandwidth when nothing better is known.

    Raises:
        EstimationError: all rows are identical.
    """
    if not np.ptp(x, axis=0).any():
        raise EstimationError("bandwidth: all rows are identical, so their median distance is 0. Pass a bandwidth.")
    distances = squared_distances(x, x)[np.triu_indices(len(x), 1)]
    return float(np.sqrt(np.median(distances[distances > 0])))
