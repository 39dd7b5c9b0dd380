"""A nonlinear critic in closed form, for comparison: ridge regression on Nystrom features of a Gaussian kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters
from pytest_emid.information.critics.base import ArrayCritic
from pytest_emid.information.critics.held_out import check_count, equal_parts, fitting_pair, r2_estimate
from pytest_emid.information.critics.least_squares import (
    PENALTIES,
    RELATIVE_RANK,
    PrincipalRidge,
    check_candidates,
    cross_validate,
    floored,
    held_out_errors,
    likelihoods,
)
from pytest_emid.information.intervals.clusters import Clusters

__all__ = ["BANDWIDTHS", "KernelCritic", "gaussian_kernel", "median_distance", "squared_distances"]

Float = NDArray[np.float64]

BANDWIDTHS: tuple[float, ...] = (0.5, 0.7, 1.0, 1.4, 2.0, 4.0)
"""Candidate bandwidths, as multiples of the median distance between queries."""


class KernelCritic(ArrayCritic):
    """q(y given x) = N(mean_y + (k(x) - mean_k) coefficient, diag(variance)), k(x)_j = exp(-|x - z_j|^2 / 2 b^2).

    The landmarks z_j are queries of the fit, all of them up to a limit. As in the ridge critic the penalty has the
    largest held-out likelihood and the variances are held-out errors; so has the bandwidth b.

    Source: Williams and Seeger, "Using the Nystrom method to speed up kernel machines", NIPS 2000.
    """

    kind = "kernel"
    names: ClassVar[Mapping[str, int]] = {
        "landmarks": 2,
        "bandwidth": 1,
        "mean_k": 1,
        "coefficient": 2,
        "mean_y": 1,
        "variance": 1,
    }

    def _dimensions(self) -> tuple[int, int]:
        count, dx = self._arrays["landmarks"].shape
        dy = self._arrays["coefficient"].shape[1]
        self._expect("bandwidth", (1,))
        self._expect("mean_k", (count,))
        self._expect("coefficient", (count, dy))
        self._expect("mean_y", (dy,))
        self._expect("variance", (dy,))
        for name in ("variance", "bandwidth"):
            if not (self._arrays[name] > 0).all():
                raise EstimationError(f"kernel critic: {name!r} must be positive.")
        self._wide = {name: array.astype(np.float64) for name, array in self._arrays.items()}
        self._precision = 1.0 / self._wide["variance"]
        return dx, dy

    def natural(self, x: Float) -> tuple[Float, Float]:
        """`(a, w)` of the Gaussian form; w is the same row n times, without memory of its own."""
        wide = self._wide
        kernel = gaussian_kernel(x, wide["landmarks"], float(wide["bandwidth"][0]))
        mean = wide["mean_y"] + (kernel - wide["mean_k"]) @ wide["coefficient"]
        return mean * self._precision, np.broadcast_to(self._precision, mean.shape)

    @classmethod
    def fit(
        cls,
        x: ArrayLike,
        y: ArrayLike,
        *,
        clusters: Clusters = None,
        bandwidths: Sequence[float] = BANDWIDTHS,
        penalties: Sequence[float] = PENALTIES,
        max_landmarks: int = 1000,
        folds: int = 5,
        seed: int = 0,
    ) -> Self:
        """Fits on ID reference pairs that must be disjoint from the pairs to be tested.

        Args:
            x: m x dimension_x query embeddings.
            y: m x dimension_y reference embeddings.
            clusters: (m,) labels; pairs of one cluster (image) are held out together.
            bandwidths: candidates, as multiples of the median distance; chosen on one held-out part.
            penalties: candidates, as fractions of the total variance of the features; chosen by cross-validation.
            max_landmarks: queries that serve as landmarks, drawn at random when there are more.
            folds: parts of the cross-validation.
            seed: decides folds and landmarks.

        Raises:
            EstimationError: bad values or shapes, fewer than 10 pairs, fewer clusters than folds, constant x or y, or
                an option out of range.
        """
        check_candidates("bandwidths", bandwidths)
        check_candidates("penalties", penalties, zero=True)
        check_count("max_landmarks", max_landmarks, 2)
        queries, responses = fitting_pair(x, y)
        m = len(queries)
        chosen = np.sort(np.random.default_rng(seed).permutation(m)[:max_landmarks])
        landmarks = queries[chosen]
        unit = median_distance(landmarks)
        parts = equal_parts(as_clusters(clusters, m), folds, seed)

        # One split is enough to rank bandwidths, at a fifth of the cost of a whole cross-validation.
        fitted, held = parts != 0, parts == 0
        scores = []
        for factor in bandwidths:
            features = _Nystrom(landmarks, factor * unit).features(queries)
            ridge = PrincipalRidge.from_rows(features[fitted], responses[fitted])
            scores.append(likelihoods(held_out_errors(ridge, features[held], responses[held], penalties)).max())
        bandwidth = bandwidths[int(np.argmax(scores))] * unit
        nystrom = _Nystrom(landmarks, bandwidth)
        features = nystrom.features(queries)
        errors = cross_validate(features, responses, parts, penalties)
        best = int(np.argmax(likelihoods(errors)))
        ridge = PrincipalRidge.from_rows(features, responses)
        return cls(
            {
                "landmarks": landmarks,
                "bandwidth": np.array([bandwidth]),
                "mean_k": gaussian_kernel(queries, landmarks, bandwidth).mean(axis=0),
                "coefficient": nystrom.root @ ridge.weight(penalties[best]),
                "mean_y": ridge.mean_y,
                "variance": floored(errors.by_dimension[best], errors.total),
            },
            held_out_r2=r2_estimate(errors.by_row[best], errors.total, clusters),
            settings={
                "pairs": m,
                "landmarks": len(landmarks),
                "bandwidth": float(bandwidth),
                "penalty": float(penalties[best]),
                "folds": folds,
                "seed": seed,
            },
        )


class _Nystrom:
    """The feature map k(x) K^(-1/2) over the landmarks."""

    def __init__(self, landmarks: Float, bandwidth: float) -> None:
        self.landmarks, self.bandwidth = landmarks, bandwidth
        values, vectors = np.linalg.eigh(gaussian_kernel(landmarks, landmarks, bandwidth))
        keep = values > RELATIVE_RANK * values[-1]
        self.root = vectors[:, keep] / np.sqrt(values[keep])

    def features(self, x: Float) -> Float:
        mapped: Float = gaussian_kernel(x, self.landmarks, self.bandwidth) @ self.root
        return mapped


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
