"""Held-out checks of a critic: folds that keep clusters together, and R^2 with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters, blocks, checked_matrix, require_varied
from pytest_emid.information.critics.base import GaussianCritic
from pytest_emid.information.intervals.clusters import Clusters
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import ratio_interval

__all__ = ["MIN_FIT_ROWS", "check_count", "equal_parts", "fitting_pair", "gaussian_r2", "grouped_parts", "r2_estimate"]

MIN_FIT_ROWS = 10
"""Pairs below which a fit is refused: five folds of two."""

SMALLEST: Final = 1e-15
"""Least spread of queries and of responses: float32, in which critics are kept, holds its square and one over it."""


def fitting_pair(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Query and response matrices that a critic can be fitted on, as float64.

    Raises:
        EstimationError: bad values (NaN, infinite, a row of zeros) or shapes, fewer than 10 pairs, constant queries or
            responses, or numbers on a scale that a critic's float32 arrays cannot hold.

    >>> queries, responses = fitting_pair(np.eye(10), np.arange(1, 21).reshape(10, 2))
    >>> queries.shape, responses.dtype.name
    ((10, 10), 'float64')
    """
    queries = checked_matrix("x", x, min_rows=MIN_FIT_ROWS, nonzero_rows=True)
    responses = checked_matrix("y", y, rows=queries.shape[0], nonzero_rows=True)
    for name, matrix in (("x", queries), ("y", responses)):
        require_varied(name, matrix)
        spread = float(np.ptp(matrix.astype(np.float64), axis=0).max())
        if not SMALLEST <= spread <= 1 / SMALLEST:
            raise EstimationError(
                f"{name}: the values differ by at most {spread:.3g}, a scale that a critic cannot be stored on. "
                f"Scale the embeddings, to rows of length 1 for example."
            )
    return queries.astype(np.float64), responses.astype(np.float64)


def check_count(name: str, count: object, least: int) -> None:
    """Refuses an option that is no whole number of at least `least`.

    Raises:
        EstimationError: it is not.

    >>> check_count("folds", 5, least=2)
    """
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < least:
        raise EstimationError(f"{name}: expected a whole number of at least {least}, got {count!r}.")


def equal_parts(codes: NDArray[np.intp], folds: int, seed: int) -> NDArray[np.intp]:
    """`grouped_parts` of one size each, for a cross-validation.

    Raises:
        EstimationError: fewer than 2 folds, or fewer clusters than folds.

    >>> np.bincount(equal_parts(np.arange(10), folds=5, seed=0)).tolist()
    [2, 2, 2, 2, 2]
    """
    check_count("folds", folds, 2)
    return grouped_parts(codes, [1 / folds] * folds, seed)


def grouped_parts(codes: NDArray[np.intp], fractions: Sequence[float], seed: int) -> NDArray[np.intp]:
    """A part 0..k-1 for every row, at random, no cluster in two parts, parts near the wanted fractions of rows.

    Args:
        codes: (n,) cluster of each row, 0..G-1.
        fractions: k positive numbers that sum to 1.
        seed: decides the parts, together with nothing else.

    Raises:
        EstimationError: fewer clusters than parts.

    >>> codes = np.repeat(np.arange(6), 2)  # six pictures, two questions each
    >>> parts = grouped_parts(codes, [0.5, 0.5], seed=0)
    >>> np.bincount(parts).tolist(), bool((parts[::2] == parts[1::2]).all())
    ([6, 6], True)
    """
    sizes = np.bincount(codes)
    if len(sizes) < len(fractions):
        raise EstimationError(
            f"{len(sizes)} clusters cannot be split into {len(fractions)} parts without breaking one. "
            f"Fit the critic on more pairs, or on pairs of more images."
        )
    wanted = np.asarray(fractions) * sizes.sum()
    filled = np.zeros(len(wanted))
    part_of = np.empty(len(sizes), dtype=np.intp)
    order = np.random.default_rng(seed).permutation(len(sizes))
    for place, cluster in enumerate(order):
        # The first clusters open one part each, so that none stays empty.
        part = place if place < len(wanted) else int(np.argmin(filled / wanted))
        part_of[cluster] = part
        filled[part] += sizes[cluster]
    return part_of[codes]


def r2_estimate(
    residual: NDArray[np.float64], total: NDArray[np.float64], clusters: Clusters, confidence: float = 0.95
) -> Estimate:
    """R^2 = 1 - sum(residual) / sum(total) with a cluster-robust interval, unit `fraction`.

    Args:
        residual: (n,) squared error of the critic's mean, summed over dimensions.
        total: (n,) squared error of a constant prediction that saw none of these rows.
        clusters: labels of the rows, or None.
        confidence: two-sided coverage.

    >>> r2_estimate(np.array([1.0, 2.0, 1.0]), np.array([4.0, 8.0, 8.0]), None).value
    0.8
    """
    ratio = ratio_interval(residual, total, clusters, confidence)
    return replace(ratio, value=1 - ratio.value, low=1 - ratio.high, high=1 - ratio.low)


def gaussian_r2(
    critic: GaussianCritic,
    x: ArrayLike,
    y: ArrayLike,
    *,
    baseline: NDArray[np.float64] | None = None,
    clusters: Clusters = None,
    confidence: float = 0.95,
) -> Estimate:
    """Held-out R^2 of a critic's mean on pairs that took no part in its fit.

    Args:
        critic: any critic of Gaussian form.
        x: n x dimension_x queries.
        y: n x dimension_y references.
        baseline: (dimension_y,) constant prediction to beat; None is the mean of `y` itself, each row left out.
        clusters: (n,) labels.
        confidence: two-sided coverage.

    Raises:
        EstimationError: bad values or shapes, fewer than two rows, or constant responses.

    >>> from pytest_emid.information.critics.ridge import RidgeCritic
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(60, 4))
    >>> y = x[:, :3] + 0.1 * rng.normal(size=(60, 3))
    >>> critic = RidgeCritic.fit(x[:40], y[:40])
    >>> gaussian_r2(critic, x[40:], y[40:]).value > 0.9
    True
    """
    queries = checked_matrix("x", x, min_rows=2, columns=critic.dimension_x, nonzero_rows=True)
    n = queries.shape[0]
    responses = checked_matrix("y", y, rows=n, columns=critic.dimension_y, nonzero_rows=True)
    require_varied("y", responses)
    as_clusters(clusters, n)
    residual, total = np.empty(n), np.empty(n)
    centre = responses.mean(axis=0, dtype=np.float64) if baseline is None else baseline
    for block in blocks(n):
        target = responses[block].astype(np.float64)
        a, w = critic.natural(queries[block].astype(np.float64))
        residual[block] = ((target - a / w) ** 2).sum(axis=1)
        total[block] = ((target - centre) ** 2).sum(axis=1)
    if baseline is None:
        total *= (n / (n - 1)) ** 2
    return r2_estimate(residual, total, clusters, confidence)
