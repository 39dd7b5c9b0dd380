"""Ridge regression on the principal components of the predictors, from rows or from sufficient statistics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_matrix

__all__ = [
    "PENALTIES",
    "HeldOutErrors",
    "LeastSquaresMoments",
    "PrincipalRidge",
    "check_candidates",
    "cross_validate",
    "floored",
    "held_out_errors",
    "likelihoods",
]

Float = NDArray[np.float64]

PENALTIES: tuple[float, ...] = tuple(float(p) for p in np.logspace(-5, 1, 13))
"""Candidate penalties, as fractions of the total variance of the predictors."""

RELATIVE_RANK = 1e-10
"""Principal components below this fraction of the largest eigenvalue are rounding noise."""

VARIANCE_FLOOR = 0.01
"""Smallest residual variance of a dimension, as a fraction of the mean residual variance over dimensions."""

MARGINAL_FLOOR = 0.05
"""Smallest residual variance of a dimension, as a fraction of the mean variance over dimensions before the fit.

A critic that may claim to know a dimension exactly, as where the question determines the template of the answer,
weighs it without limit, and its estimates are then about nothing else.
"""


def check_candidates(name: str, candidates: Sequence[float], *, zero: bool = False) -> None:
    """Refuses an empty choice, and candidates that are not positive and finite (or 0, where `zero` allows it).

    Raises:
        EstimationError: such a choice.

    >>> check_candidates("penalties", [0.0, 0.1], zero=True)
    """
    wrong = [value for value in candidates if not (math.isfinite(value) and (value > 0 or (zero and value == 0)))]
    if wrong or not len(candidates):
        found = f"got {wrong[0]!r}" if wrong else "got none"
        raise EstimationError(f"{name}: expected {'numbers of at least 0' if zero else 'positive numbers'}, {found}.")


class LeastSquaresMoments:
    """What ridge regression needs of any number of rows: counts, means and centred second moments.

    Memory is O(dx (dx + dy)) whatever the number of rows. `update` takes batches in any order; `merge` joins what
    other processes have seen (Chan, Golub and LeVeque, 1979).

    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> y = 2 * x + 1
    >>> moments = LeastSquaresMoments(1, 1).update(x[:2], y[:2]).update(x[2:], y[2:])
    >>> moments.n, moments.mean_y.tolist(), moments.xy.tolist()
    (4, [4.0], [[10.0]])
    """

    def __init__(self, dimension_x: int, dimension_y: int) -> None:
        self.n = 0
        self.mean_x = np.zeros(dimension_x)
        self.mean_y = np.zeros(dimension_y)
        self.xx = np.zeros((dimension_x, dimension_x))
        self.xy = np.zeros((dimension_x, dimension_y))
        self.yy = np.zeros(dimension_y)

    def update(self, x: ArrayLike, y: ArrayLike) -> Self:
        """Adds a batch of n x dx predictors and n x dy responses.

        Raises:
            EstimationError: bad values or shapes.
        """
        predictors = as_matrix("x", x, columns=len(self.mean_x))
        responses = as_matrix("y", y, rows=len(predictors), columns=len(self.mean_y))
        batch = LeastSquaresMoments(len(self.mean_x), len(self.mean_y))
        batch.n = len(predictors)
        batch.mean_x, batch.mean_y = predictors.mean(axis=0), responses.mean(axis=0)
        centred_x, centred_y = predictors - batch.mean_x, responses - batch.mean_y
        batch.xx, batch.xy = centred_x.T @ centred_x, centred_x.T @ centred_y
        batch.yy = (centred_y**2).sum(axis=0)
        return self.merge(batch)

    def merge(self, other: LeastSquaresMoments) -> Self:
        """Adds what `other` has seen.

        Raises:
            EstimationError: other dimensions.
        """
        if self.xy.shape != other.xy.shape:
            raise EstimationError(f"cannot merge moments of dimensions {self.xy.shape} and {other.xy.shape}.")
        if other.n:
            n = self.n + other.n
            step_x, step_y = other.mean_x - self.mean_x, other.mean_y - self.mean_y
            weight = self.n * other.n / n
            self.xx += other.xx + weight * np.outer(step_x, step_x)
            self.xy += other.xy + weight * np.outer(step_x, step_y)
            self.yy += other.yy + weight * step_y**2
            self.mean_x = self.mean_x + step_x * (other.n / n)
            self.mean_y = self.mean_y + step_y * (other.n / n)
            self.n = n
        return self


@dataclass(frozen=True, slots=True)
class PrincipalRidge:
    """Ridge solutions for every penalty at once: one decomposition of the centred predictors.

    Attributes:
        mean_x: (dx,) mean of the predictors.
        mean_y: (dy,) mean of the responses.
        basis: dx x r orthonormal principal directions.
        spectrum: (r,) their eigenvalues in X'X, all positive.
        cross: r x dy, basis' X'Y.
        penalty_unit: the penalty that 1.0 stands for, the trace of X'X.

    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> y = 2 * x + 1
    >>> ridge = PrincipalRidge.from_rows(x, y)
    >>> ridge.weight(0.0).round(6).tolist(), ridge.weight(1.0).round(6).tolist()
    ([[2.0]], [[1.0]])
    """

    mean_x: Float
    mean_y: Float
    basis: Float
    spectrum: Float
    cross: Float
    penalty_unit: float

    @classmethod
    def from_rows(cls, x: Float, y: Float, components: int | None = None) -> PrincipalRidge:
        """Decomposes on the smaller side: n x n when there are fewer rows than predictors."""
        mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
        centred_x, centred_y = x - mean_x, y - mean_y
        if len(x) < x.shape[1]:
            spectrum, left = _leading(centred_x @ centred_x.T, components)
            root = np.sqrt(spectrum)
            return cls(
                mean_x,
                mean_y,
                basis=centred_x.T @ (left / root),
                spectrum=spectrum,
                cross=root[:, None] * (left.T @ centred_y),
                penalty_unit=float((centred_x**2).sum()),
            )
        spectrum, basis = _leading(centred_x.T @ centred_x, components)
        cross = (centred_x @ basis).T @ centred_y
        return cls(mean_x, mean_y, basis, spectrum, cross, penalty_unit=float((centred_x**2).sum()))

    @classmethod
    def from_moments(cls, moments: LeastSquaresMoments, components: int | None = None) -> PrincipalRidge:
        spectrum, basis = _leading(moments.xx, components)
        return cls(moments.mean_x, moments.mean_y, basis, spectrum, basis.T @ moments.xy, float(np.trace(moments.xx)))

    def shrunk(self, penalty: float) -> Float:
        """r x dy coefficients on the principal components."""
        return self.cross / (self.spectrum + penalty * self.penalty_unit)[:, None]

    def weight(self, penalty: float) -> Float:
        """dx x dy coefficients on the centred predictors."""
        return self.basis @ self.shrunk(penalty)


@dataclass(frozen=True, slots=True)
class HeldOutErrors:
    """Errors of ridge regression, for every penalty, on rows that took no part in the fit.

    Attributes:
        by_dimension: penalties x dy, mean squared error of each response dimension.
        by_row: penalties x n, squared error summed over dimensions.
        total: (n,) the same for the mean of the fitted rows.

    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> y = 2 * x + 1
    >>> errors = held_out_errors(PrincipalRidge.from_rows(x[:3], y[:3]), x[3:], y[3:], [0.0])
    >>> errors.by_row.round(6).tolist(), errors.total.tolist()
    ([[0.0]], [16.0])
    """

    by_dimension: Float
    by_row: Float
    total: Float


def held_out_errors(ridge: PrincipalRidge, x: Float, y: Float, penalties: Sequence[float]) -> HeldOutErrors:
    """Errors of one fit on rows that it has not seen.

    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> y = 2 * x + 1
    >>> held_out_errors(PrincipalRidge.from_rows(x[:3], y[:3]), x[3:], y[3:], [0.0, 1.0]).by_dimension.round(3).tolist()
    [[0.0], [4.0]]
    """
    scores, target = (x - ridge.mean_x) @ ridge.basis, y - ridge.mean_y
    by_dimension = np.empty((len(penalties), y.shape[1]))
    by_row = np.empty((len(penalties), len(x)))
    for index, penalty in enumerate(penalties):
        error = (target - scores @ ridge.shrunk(penalty)) ** 2
        by_dimension[index] = error.mean(axis=0)
        by_row[index] = error.sum(axis=1)
    return HeldOutErrors(by_dimension, by_row, (target**2).sum(axis=1))


def cross_validate(
    x: Float,
    y: Float,
    parts: NDArray[np.intp],
    penalties: Sequence[float],
    components: int | None = None,
) -> HeldOutErrors:
    """Errors of every row under a fit that did not see its part; the decomposition is inside the fold too.

    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> y = 2 * x + 1
    >>> errors = cross_validate(x, y, np.array([0, 1, 0, 1]), [0.0])
    >>> errors.by_row.round(6).tolist()
    [[0.0, 0.0, 0.0, 0.0]]
    """
    by_dimension = np.zeros((len(penalties), y.shape[1]))
    by_row = np.empty((len(penalties), len(x)))
    total = np.empty(len(x))
    for part in np.unique(parts):
        held = parts == part
        ridge = PrincipalRidge.from_rows(x[~held], y[~held], components)
        errors = held_out_errors(ridge, x[held], y[held], penalties)
        by_dimension += errors.by_dimension * held.mean()
        by_row[:, held], total[held] = errors.by_row, errors.total
    return HeldOutErrors(by_dimension, by_row, total)


def floored(variance: Float, total: Float) -> Float:
    """Residual variances (dy,), raised where one dimension would rule every sum over dimensions.

    Args:
        variance: held-out mean squared error of each dimension.
        total: (n,) squared deviations from the mean, summed over dimensions, of the held-out rows.

    >>> floored(np.array([1e-9, 1.0]), np.array([2.0, 2.0])).round(3)
    array([0.05, 1.  ])
    """
    marginal = float(total.mean()) / len(variance)
    raised: Float = np.maximum(variance, max(VARIANCE_FLOOR * float(variance.mean()), MARGINAL_FLOOR * marginal))
    return raised


def likelihoods(errors: HeldOutErrors) -> Float:
    """(penalties,) held-out Gaussian log-likelihood of a row and dimension, up to a constant.

    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> y = 2 * x + 1
    >>> errors = cross_validate(x, y + [[0.1], [-0.1], [0.1], [-0.1]], np.array([0, 1, 0, 1]), [1e-3, 10.0])
    >>> int(likelihoods(errors).argmax())  # the small penalty
    0
    """
    return np.array([-0.5 * np.log(floored(variance, errors.total)).mean() for variance in errors.by_dimension])


def _leading(matrix: Float, components: int | None) -> tuple[Float, Float]:
    """The largest eigenvalues, descending and above rounding, and their vectors."""
    values, vectors = np.linalg.eigh(matrix)
    values, vectors = values[::-1], vectors[:, ::-1]
    keep = int((values > RELATIVE_RANK * values[0]).sum())
    keep = keep if components is None else min(keep, components)
    return values[:keep], vectors[:, :keep]
