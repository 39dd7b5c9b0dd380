"""The default critic: closed-form ridge regression with one residual variance per response dimension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters, as_matrix
from pytest_emid.information.critics.base import ArrayCritic
from pytest_emid.information.critics.held_out import MIN_FIT_ROWS, check_count, equal_parts, fitting_pair, r2_estimate
from pytest_emid.information.critics.least_squares import (
    PENALTIES,
    LeastSquaresMoments,
    PrincipalRidge,
    check_candidates,
    cross_validate,
    floored,
    held_out_errors,
    likelihoods,
)
from pytest_emid.information.intervals.clusters import Clusters

__all__ = ["RidgeCritic"]

Float = NDArray[np.float64]


class RidgeCritic(ArrayCritic):
    """q(y given x) = N(mean_y + (x - mean_x) weight, diag(variance)), the same variance for every query.

    Both moments of the fit that a critic needs are cross-fitted: the penalty has the largest held-out likelihood,
    and the variances are held-out errors, so that fewer pairs than dimensions neither break nor flatter it.
    With equal variances CLUB is `sum_d Cov(mu_d, y_d) / variance_d`.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(60, 4))
    >>> y = x[:, :3] + 0.1 * rng.normal(size=(60, 3))
    >>> critic = RidgeCritic.fit(x, y)
    >>> critic.held_out_r2.value > 0.9
    True
    >>> a, w = critic.natural(x)
    >>> round(float(np.corrcoef((a / w)[:, 0], y[:, 0])[0, 1]), 2)
    0.99
    """

    kind = "ridge"
    names: ClassVar[Mapping[str, int]] = {"mean_x": 1, "mean_y": 1, "weight": 2, "variance": 1}

    def _dimensions(self) -> tuple[int, int]:
        dx, dy = self._arrays["weight"].shape
        self._expect("mean_x", (dx,))
        self._expect("mean_y", (dy,))
        self._expect("variance", (dy,))
        if not (self._arrays["variance"] > 0).all():
            raise EstimationError("ridge critic: 'variance' must be positive in every dimension.")
        self._mean_x, self._mean_y, self._weight = (
            self._arrays[name].astype(np.float64) for name in ("mean_x", "mean_y", "weight")
        )
        self._precision = 1.0 / self._arrays["variance"].astype(np.float64)
        return dx, dy

    def natural(self, x: Float) -> tuple[Float, Float]:
        """`(a, w)` of the Gaussian form; w is the same row n times, without memory of its own."""
        mean = self._mean_y + (x - self._mean_x) @ self._weight
        return mean * self._precision, np.broadcast_to(self._precision, mean.shape)

    @classmethod
    def fit(
        cls,
        x: ArrayLike,
        y: ArrayLike,
        *,
        clusters: Clusters = None,
        components: int | None = None,
        penalties: Sequence[float] = PENALTIES,
        folds: int = 5,
        seed: int = 0,
    ) -> Self:
        """Fits on ID reference pairs that must be disjoint from the pairs to be tested; 300 or more are advised.

        Args:
            x: m x dimension_x query embeddings.
            y: m x dimension_y reference embeddings.
            clusters: (m,) labels; pairs of one cluster (image) are held out together.
            components: principal components of x to keep; None keeps all, and leaves the shrinking to the penalty.
            penalties: candidates, as fractions of the total variance of x.
            folds: parts of the cross-validation.
            seed: decides the folds.

        Raises:
            EstimationError: bad values or shapes, fewer than 10 pairs, fewer clusters than folds, constant x or y, or
                an option out of range.
        """
        _check_options(components, penalties)
        queries, responses = fitting_pair(x, y)
        parts = equal_parts(as_clusters(clusters, len(queries)), folds, seed)
        errors = cross_validate(queries, responses, parts, penalties, components)
        best = int(np.argmax(likelihoods(errors)))
        ridge = PrincipalRidge.from_rows(queries, responses, components)
        return cls(
            _solution(ridge, penalties[best], floored(errors.by_dimension[best], errors.total)),
            held_out_r2=r2_estimate(errors.by_row[best], errors.total, clusters),
            settings={
                "pairs": len(queries),
                "components": len(ridge.spectrum),
                "penalty": float(penalties[best]),
                "folds": folds,
                "seed": seed,
            },
        )

    @classmethod
    def from_moments(
        cls,
        moments: LeastSquaresMoments,
        held_out_x: ArrayLike,
        held_out_y: ArrayLike,
        *,
        clusters: Clusters = None,
        components: int | None = None,
        penalties: Sequence[float] = PENALTIES,
    ) -> Self:
        """Fits from streamed moments; penalty, variances and R^2 come from pairs that the moments have not seen.

        Args:
            moments: of the fitting pairs, in any number of batches and processes.
            held_out_x: k x dimension_x queries.
            held_out_y: k x dimension_y references.
            clusters: (k,) labels of the held-out pairs.
            components: as in `fit`.
            penalties: as in `fit`.

        Raises:
            EstimationError: bad held-out values or shapes, fewer than 10 pairs on either side, constant moments, or an
                option out of range.
        """
        _check_options(components, penalties)
        queries, responses = fitting_pair(held_out_x, held_out_y)
        as_matrix("held_out_x", queries, columns=len(moments.mean_x))
        as_matrix("held_out_y", responses, columns=len(moments.mean_y))
        if moments.n < MIN_FIT_ROWS:
            raise EstimationError(f"moments: at least {MIN_FIT_ROWS} pairs are needed, got {moments.n}.")
        if not np.trace(moments.xx) > 0 or not moments.yy.sum() > 0:
            raise EstimationError("moments: all queries or all responses are identical, so there is nothing to fit.")
        ridge = PrincipalRidge.from_moments(moments, components)
        errors = held_out_errors(ridge, queries, responses, penalties)
        best = int(np.argmax(likelihoods(errors)))
        return cls(
            _solution(ridge, penalties[best], floored(errors.by_dimension[best], errors.total)),
            held_out_r2=r2_estimate(errors.by_row[best], errors.total, clusters),
            settings={
                "pairs": moments.n,
                "components": len(ridge.spectrum),
                "penalty": float(penalties[best]),
                "held_out_pairs": len(queries),
            },
        )


def _check_options(components: int | None, penalties: Sequence[float]) -> None:
    if components is not None:
        check_count("components", components, 1)
    check_candidates("penalties", penalties, zero=True)


def _solution(ridge: PrincipalRidge, penalty: float, variance: Float) -> dict[str, Float]:
    return {
        "mean_x": ridge.mean_x,
        "mean_y": ridge.mean_y,
        "weight": ridge.weight(penalty),
        "variance": variance,
    }
