"""Do two measures move together? Pearson, Spearman and Kendall, with analytic and bootstrap intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import LARGEST, as_clusters, as_vector, blocks
from pytest_emid.information.intervals.clusters import Clusters
from pytest_emid.information.intervals.estimate import Estimate

__all__ = ["Correlation", "CorrelationStudy", "Kind", "correlation", "correlation_study"]

Float = NDArray[np.float64]

Kind = Literal["pearson", "spearman", "kendall"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MIN_POINTS = 5


@dataclass(frozen=True, slots=True)
class Correlation:
    """One coefficient between two measures.

    Attributes:
        kind: `pearson`, `spearman` or `kendall` (tau-b).
        estimate: the coefficient; interval by Fisher's z, which takes the points as independent.
        p_value: two-sided, of no association.
        bootstrap: the same coefficient with a percentile interval over resampled points (or clusters of points);
            (-1, 1) where there are fewer than five units to resample.

    >>> x, y = [0.1, 0.2, 0.4, 0.5, 0.9, 1.1], [1, 3, 2, 5, 8, 7]
    >>> found = correlation(x, y)
    >>> print(found.estimate)
    0.9126 [0.3897, 0.9905]
    >>> found.kind, round(found.p_value, 4), found.bootstrap.unit
    ('pearson', 0.0111, 'correlation')
    """

    kind: Kind
    estimate: Estimate
    p_value: float
    bootstrap: Estimate


@dataclass(frozen=True, slots=True)
class CorrelationStudy:
    """All three coefficients between two named measures, such as EMI and relative preference over scenarios.

    >>> x, y = [0.1, 0.2, 0.4, 0.5, 0.9, 1.1], [1, 3, 2, 5, 8, 7]
    >>> study = correlation_study(x, y, names=("EMID", "bound"))
    >>> study.x, study.y, study.n, round(study.kendall.estimate.value, 3)
    ('EMID', 'bound', 6, 0.733)
    """

    x: str
    y: str
    n: int
    pearson: Correlation
    spearman: Correlation
    kendall: Correlation


def correlation_study(
    x: ArrayLike,
    y: ArrayLike,
    *,
    names: tuple[str, str] = ("x", "y"),
    clusters: Clusters = None,
    confidence: float = 0.95,
    resamples: int = 999,
    seed: int = 0,
) -> CorrelationStudy:
    """Pearson, Spearman and Kendall between two measures of the same points (scenarios, models, samples).

    Args and errors: as `correlation`; `names` are what reports call the measures.

    >>> x, y = [0.1, 0.2, 0.4, 0.5, 0.9, 1.1], [1, 3, 2, 5, 8, 7]
    >>> study = correlation_study(x, y)
    >>> for found in (study.pearson, study.spearman):
    ...     print(found.estimate)
    0.9126 [0.3897, 0.9905]
    0.8857 [0.06639, 0.9916]
    """
    pearson, spearman, kendall = (
        correlation(x, y, kind, clusters=clusters, confidence=confidence, resamples=resamples, seed=seed)
        for kind in KINDS
    )
    return CorrelationStudy(names[0], names[1], pearson.estimate.n, pearson, spearman, kendall)


def correlation(
    x: ArrayLike,
    y: ArrayLike,
    kind: Kind = "pearson",
    *,
    clusters: Clusters = None,
    confidence: float = 0.95,
    resamples: int = 999,
    seed: int = 0,
) -> Correlation:
    """One coefficient with two intervals.

    Fisher's z transform is used with variance 1 / (n - 3) for Pearson, (1 + r^2 / 2) / (n - 3) for Spearman (Bonett
    and Wright, 2000) and 0.437 / (n - 4) for Kendall (Fieller, Hartley and Pearson, 1957). It takes the points as
    independent. Scenarios that share a dataset, a picture set or a shift are not: name what they share in `clusters`,
    and read the bootstrap interval.

    Args:
        x: (n,) finite numbers, n >= 5, not all equal.
        y: the same.
        kind: `pearson`, `spearman` or `kendall`.
        clusters: (n,) labels of points that are resampled together; None resamples points.
        confidence: two-sided.
        resamples: of the bootstrap, at least 199.
        seed: of the bootstrap.

    Raises:
        EstimationError: too few points, lengths that differ, a measure without spread, an unknown kind, or a number
            out of range.

    >>> x, y = [0.1, 0.2, 0.4, 0.5, 0.9, 1.1], [1, 3, 2, 5, 8, 7]
    >>> print(correlation(x, y, "spearman").estimate)
    0.8857 [0.06639, 0.9916]
    """
    first = as_vector("x", x, min_rows=MIN_POINTS)
    second = as_vector("y", y, rows=len(first))
    for name, values in (("x", first), ("y", second)):
        # Values that differ in their last digits only are equal but for rounding.
        if np.ptp(values) <= max(1e-13 * np.abs(values).max(), 1 / LARGEST):
            raise EstimationError(f"{name}: all {len(values)} values are {values[0]:g}; nothing correlates with that.")
    if kind not in KINDS:
        raise EstimationError(f"kind: {kind!r} is unknown. Use 'pearson', 'spearman' or 'kendall'.")
    if not 0.0 < confidence < 1.0:
        raise EstimationError(f"confidence: {confidence} is not between 0 and 1. Use 0.95 for a 95 % interval.")
    if resamples < 199:
        raise EstimationError(f"resamples: {resamples} are too few for an interval. Draw at least 199.")
    codes = as_clusters(clusters, len(first))
    value, p_value = _test(first, second, kind)
    z_se = math.sqrt(_z_variance(value, len(first), kind))
    half = float(stats.norm.ppf(0.5 + confidence / 2.0)) * z_se
    centre = math.atanh(value) if abs(value) < 1.0 else math.copysign(math.inf, value)
    groups = int(codes.max()) + 1

    def estimate(low: float, high: float, se: float) -> Estimate:
        return Estimate(value, low, high, se, len(first), groups, confidence, "correlation")

    analytic = estimate(math.tanh(centre - half), math.tanh(centre + half), (1.0 - value**2) * z_se)
    if groups < MIN_POINTS:  # so few units look alike however they are drawn
        return Correlation(kind, analytic, p_value, estimate(-1.0, 1.0, math.nan))
    drawn = _bootstrap(first, second, kind, codes, resamples, np.random.default_rng(seed))
    tail = (1.0 - confidence) / 2.0
    low, high = (float(limit) for limit in np.quantile(drawn, [tail, 1.0 - tail]))
    return Correlation(kind, analytic, p_value, estimate(low, high, float(drawn.std(ddof=1))))


def _test(x: Float, y: Float, kind: Kind) -> tuple[float, float]:
    test = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}[kind](x, y)
    return min(max(float(test.statistic), -1.0), 1.0), float(test.pvalue)


def _z_variance(r: float, n: int, kind: Kind) -> float:
    if kind == "kendall":
        return 0.437 / (n - 4)
    return (1.0 if kind == "pearson" else 1.0 + r**2 / 2.0) / (n - 3)


def _bootstrap(
    x: Float, y: Float, kind: Kind, codes: NDArray[np.intp], resamples: int, rng: np.random.Generator
) -> Float:
    """Coefficients of resamples of whole clusters; those in which a measure is constant have none and are left out.

    A resample is how often it holds each point, so that all of them are a few matrix products.
    """
    groups = int(codes.max()) + 1
    drawn = rng.multinomial(groups, np.full(groups, 1.0 / groups), size=resamples)
    times = drawn[:, codes].astype(np.float64)
    if kind == "kendall":
        forms = np.zeros((3, resamples))
        for block in blocks(len(x)):
            sign_x, sign_y = np.sign(x[:, None] - x[block]), np.sign(y[:, None] - y[block])
            for i, product in enumerate((sign_x * sign_y, sign_x**2, sign_y**2)):
                forms[i] += ((times @ product) * times[:, block]).sum(axis=1)
        top, square = forms[0], forms[1] * forms[2]
    else:
        a, b = (_midranks(v, times) if kind == "spearman" else np.broadcast_to(v, times.shape) for v in (x, y))
        weight = times / times.sum(axis=1, keepdims=True)
        a = a - (weight * a).sum(axis=1, keepdims=True)
        b = b - (weight * b).sum(axis=1, keepdims=True)
        top = (weight * a * b).sum(axis=1)
        square = (weight * a**2).sum(axis=1) * (weight * b**2).sum(axis=1)
    varied = _varied(x, times) & _varied(y, times)
    return np.asarray(np.clip(top[varied] / np.sqrt(square[varied]), -1.0, 1.0))


def _midranks(values: Float, times: Float) -> Float:
    """Ranks of each point (but for a constant) in resamples that hold it so many times; ties share their mean rank."""
    ranks = np.empty(times.shape)
    for block in blocks(len(values)):
        ranks[:, block] = times @ (0.5 * (1.0 + np.sign(values[block] - values[:, None])))
    return ranks


def _varied(values: Float, times: Float) -> NDArray[np.bool_]:
    """Which resamples hold at least two different values."""
    held = times > 0
    most = np.where(held, values, -np.inf).max(axis=1)
    return np.asarray(most > np.where(held, values, np.inf).min(axis=1))
