"""A critic that reads the query itself, in nats: how well the embedding of a query foretells the answer to it.

The query embedding foretells the answer by ridge regression; what is left is taken for Gaussian, with one covariance
for all queries, shrunk towards its mean variance. How much likelier an answer is under its own query than under those
of K - 1 other samples gives a lower-bound estimate of I(X; answer), at most ln K nats, as in `witness`: whatever the
critic, r = K p(own) / (p(own) + sum of p(other)) cannot read more on average than there is.

It needs thousands of calibration pairs, where the witness needs hundreds; and on shifted queries it reads what the
corrupted query still foretells, so that both terms of a published EMID fall together.

Sources: van den Oord, Li and Vinyals (2018); Poole et al. (2019); as for `witness`.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters, as_matrix, require_varied
from pytest_emid.information.critics.contrast import FEWEST_CANDIDATES, Places, Told, contrast, usable_candidates
from pytest_emid.information.intervals.clusters import Clusters

__all__ = ["QueryContrast"]

Float = NDArray[np.float64]

FEWEST = 200
FOLDS = 3
PENALTIES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
SHRINKAGE = 0.1
SCALES = tuple(np.logspace(-1.5, 0.3, 13))
# Fewer candidates than in a test of 90 samples would choose too sharp a scale.
SET = 300


@dataclass(frozen=True, eq=False)
class QueryContrast:
    """The critic, frozen before any answer is seen.

    Attributes:
        mean_x, mean_y: of the calibration pairs.
        axes: (d_y, k) whitened principal axes of the responses.
        slope: (d_x, k) ridge regression of the axes on the query.
        precision: (k, k) of what that leaves.
        scale: factor of the log-likelihood, chosen on held-out pairs.
        m: pairs that it was fitted on.
        held_out: share of the variance of held-out responses that queries foretell.
        candidates: K.
        floor: least weight of r = 1.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(900, 6))
        >>> y = x @ rng.normal(size=(6, 6)) + 0.1 * rng.normal(size=(900, 6))
        >>> critic = QueryContrast.fit(x[:800], y[:800])
        >>> told = critic.information(y[800:], x[800:])
        >>> print(f"{told.value:.1f} of at most {told.ceiling:.1f} nats")
        4.1 of at most 4.2 nats
    """

    mean_x: Float
    mean_y: Float
    axes: Float
    slope: Float
    precision: Float
    scale: float
    m: int
    held_out: float
    candidates: int = 64
    floor: float = 0.05

    kind: ClassVar[str] = "query"
    unit: ClassVar[str] = "nats"

    @classmethod
    def fit(cls, x: ArrayLike, y: ArrayLike, *, clusters: Clusters = None, seed: int = 0) -> QueryContrast:
        """From m pairs of query and reference embeddings, (m, d_x) and (m, d_y); thousands are advised.

        Raises:
            EstimationError: fewer than 200 pairs, bad arrays, references that are all alike, or a single cluster.
        """
        given = as_matrix("y", y, min_rows=FEWEST, nonzero_rows=True)
        asked = as_matrix("x", x, rows=len(given))
        require_varied("y", given)
        codes = as_clusters(clusters, len(given))
        groups = int(codes.max()) + 1
        if groups < FOLDS:
            raise EstimationError(f"clusters: {groups} clusters cannot be cross-fitted in {FOLDS} folds. Use more.")
        fold = (np.random.default_rng(seed).permutation(groups) % FOLDS)[codes]
        mean_x, mean_y = asked.mean(axis=0), given.mean(axis=0)
        _, singular, right = np.linalg.svd(given - mean_y, full_matrices=False)
        kept = singular > 1e-4 * singular[0]
        axes = right[kept].T / (singular[kept] / math.sqrt(len(given)))
        target, features = (given - mean_y) @ axes, asked - mean_x
        ridge = float(np.trace(features.T @ features)) / len(features)
        foretold = [_held_out(features, target, fold, penalty * ridge) for penalty in PENALTIES]
        errors = [float(((target - each) ** 2).sum()) for each in foretold]
        best = int(np.argmin(errors))
        rest = target - foretold[best]
        covariance = rest.T @ rest / len(rest)
        level = float(np.trace(covariance)) / len(covariance)
        shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * level * np.eye(len(covariance))
        precision = np.linalg.inv(shrunk)
        made = cls(
            mean_x,
            mean_y,
            axes,
            _slope(features, target, PENALTIES[best] * ridge),
            precision,
            1.0,
            len(given),
            1.0 - errors[best] / float((target**2).sum()),
        )
        return made._scaled(foretold[best], target, codes)

    def _scaled(self, foretold: Float, target: Float, codes: NDArray[np.intp]) -> QueryContrast:
        """The same with the scale that tells most on pairs that were held out."""
        rows = slice(0, min(SET, len(target)))
        some = codes[rows]
        similarity = _Likelihoods(foretold[rows], target[rows], self.precision)
        k = min(self.candidates, len(some) - int(np.bincount(some).max()) + 1)
        if k < FEWEST_CANDIDATES:
            raise EstimationError(f"clusters: too few pictures to hold answers against ({k - 1} others). Use more.")
        read = [contrast(similarity, some, k, (scale,), self.floor).value for scale in SCALES]
        scale = float(SCALES[int(np.argmax(read))])
        values = {name: getattr(self, name) for name in ("mean_x", "mean_y", "axes", "slope", "precision")}
        return QueryContrast(**values, scale=scale, m=self.m, held_out=self.held_out)

    @property
    def ceiling(self) -> float:
        """ln K in nats."""
        return math.log(self.candidates)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of every number that decides what `information` answers."""
        digest = hashlib.sha256(f"pytest-emid query 1 {self.scale} {self.candidates} {self.floor}".encode())
        for array in (self.mean_x, self.mean_y, self.axes, self.slope, self.precision):
            digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
        return digest.hexdigest()

    def information(
        self, response: ArrayLike, query: ArrayLike, *, clusters: Clusters = None, candidates: int | None = None
    ) -> Told:
        """What n answers tell about n queries, at most ln K nats; (n, d_y) and (n, d_x).

        Raises:
            EstimationError: bad arrays, other dimensions, or fewer than 7 samples of other clusters for some sample.
        """
        y = as_matrix("response", response, columns=len(self.mean_y), nonzero_rows=True)
        x = as_matrix("query", query, rows=len(y), columns=len(self.mean_x))
        codes = as_clusters(clusters, len(y))
        usable = self.usable(clusters, len(y))
        similarity = _Likelihoods((x - self.mean_x) @ self.slope, (y - self.mean_y) @ self.axes, self.precision)
        scales = (self.scale / 2, self.scale, 2 * self.scale)
        return contrast(similarity, codes, min(candidates or usable, usable), scales, self.floor)

    def usable(self, clusters: Clusters, n: int) -> int:
        """K for n samples, as `Witness.usable`.

        Raises:
            EstimationError: below 8.
        """
        return usable_candidates(self.candidates, clusters, n, "queries")


def _slope(x: Float, y: Float, penalty: float) -> Float:
    return np.asarray(np.linalg.solve(x.T @ x / len(x) + penalty * np.eye(x.shape[1]), x.T @ y / len(x)), np.float64)


def _held_out(x: Float, y: Float, fold: NDArray[np.intp], penalty: float) -> Float:
    """Predictions of every row from the other folds."""
    found = np.zeros(y.shape)
    for k in range(FOLDS):
        inside = fold != k
        found[~inside] = x[~inside] @ _slope(x[inside], y[inside], penalty)
    return found


class _Likelihoods:
    """Parts of the (n, n) log-likelihoods, up to a constant: [i, j] of answer i under query j."""

    def __init__(self, foretold: Float, target: Float, precision: Float) -> None:
        self.foretold, self.weighed = foretold, target @ precision
        self.own = np.einsum("ij,ij->i", self.weighed, target)
        self.other = np.einsum("ij,ij->i", foretold @ precision, foretold)

    def __call__(self, rows: Places, columns: Places) -> Float:
        together = self.weighed[rows] @ self.foretold[columns].T
        return np.asarray(together - 0.5 * (self.own[rows][:, None] + self.other[columns]), dtype=np.float64)
