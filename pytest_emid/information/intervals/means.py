"""Intervals of means, differences and ratios of per-sample scores, robust to clusters of samples.

All of them take one number per sample and, optionally, one cluster label per sample (any hashable; samples that
share an image share a label), and return an `Estimate`. Intervals are two-sided. A one-sided test at level a reads
the matching limit of a two-sided interval of confidence 1 - 2 a.

Fewer than two clusters say nothing about spread: the interval is then (-inf, inf) and the standard error nan, so
that a gate stays undecided. Values without any spread (nothing changed at all) give an interval of width zero,
unless `support` names the range of a single value: then the limits allow for what was not seen. So do those of
information retained, where a single answer tells between nothing and twice the mean.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters, as_pair, as_vector
from pytest_emid.information.intervals.clusters import ClusteredMeans, Clusters, clustered_means, t_quantile
from pytest_emid.information.intervals.estimate import Estimate

__all__ = [
    "mean_interval",
    "paired_interval",
    "ratio_interval",
    "retained_contrast",
    "retained_interval",
    "unpaired_interval",
    "unpaired_retained_contrast",
    "unpaired_retained_interval",
]

UNPAIRED = " For different samples use the unpaired form."
CRITIC_SCALE = "critic scale"
FRACTION = "fraction"


def mean_interval(
    values: ArrayLike,
    clusters: Clusters = None,
    confidence: float = 0.95,
    *,
    support: tuple[float, float] | None = None,
    unit: str = CRITIC_SCALE,
) -> Estimate:
    """Mean over samples with a cluster-robust t interval.

    Args:
        values: (n,) one number per sample.
        clusters: (n,) labels; None makes every sample its own cluster.
        confidence: two-sided coverage, in (0, 1).
        support: smallest and largest value that one sample can have, such as (0, 1) for exact match. Used only when
            the values have no spread: each limit then moves by what a share p = 1 - ((1 - confidence) / 2)^(1/G) of
            unseen extreme values would do to the mean, p being what G clusters can miss (Clopper and Pearson).
        unit: of the values.

    Raises:
        EstimationError: empty or not finite values, labels of another length, confidence or support out of range.

    >>> print(mean_interval([1.0, 2.0, 3.0, 4.0]))
    2.5 [0.4457, 4.554]
    >>> print(mean_interval([1.0, 2.0, 3.0, 4.0], ["a", "a", "b", "b"]))
    2.5 [-10.21, 15.21]
    >>> print(mean_interval([1.0] * 30, support=(0, 1)))
    1 [0.8843, 1]
    """
    array = as_vector("values", values)
    codes = as_clusters(clusters, len(array))
    level = _tail(confidence)
    means = clustered_means(array[:, None], codes)
    return _estimate(means, level, confidence, support, unit)


def paired_interval(
    clean: ArrayLike,
    shifted: ArrayLike,
    clusters: Clusters = None,
    confidence: float = 0.95,
    *,
    support: tuple[float, float] | None = None,
    unit: str = CRITIC_SCALE,
) -> Estimate:
    """What was lost between two scores of the same samples: mean(clean - shifted), positive when something was lost.

    Args and errors: as `mean_interval`; `support` is that of one score, not of a difference.

    >>> print(paired_interval([0.9, 0.8, 0.9, 0.7], [0.6, 0.6, 0.5, 0.5]))
    0.275 [0.1227, 0.4273]
    """
    a, b = as_pair(clean, shifted, otherwise=UNPAIRED)
    if support is not None:
        width = support[1] - support[0]
        support = (-width, width)
    return mean_interval(a - b, clusters, confidence, support=support, unit=unit)


def unpaired_interval(
    clean: ArrayLike,
    shifted: ArrayLike,
    clusters_clean: Clusters = None,
    clusters_shifted: Clusters = None,
    confidence: float = 0.95,
    *,
    unit: str = CRITIC_SCALE,
) -> Estimate:
    """mean(clean) - mean(shifted) of two independent sets, with Welch's degrees of freedom over cluster-robust SEs.

    `n` and `clusters` of the result are those of both sets together.

    >>> print(unpaired_interval([0.9, 0.8, 0.9, 0.7], [0.6, 0.6, 0.5]))
    0.2583 [0.1074, 0.4093]
    """
    level = _tail(confidence)
    a, b = _unpaired(clean, shifted, clusters_clean, clusters_shifted)
    value, variance, df = _welch_contrast(a, b, weight=-1.0)
    return _t_estimate(0.0 - value, variance, df, level, confidence, a.n + b.n, a.clusters + b.clusters, unit)


def ratio_interval(
    numerator: ArrayLike,
    denominator: ArrayLike,
    clusters: Clusters = None,
    confidence: float = 0.95,
    *,
    unit: str = FRACTION,
) -> Estimate:
    """mean(numerator) / mean(denominator) of the same samples, with Fieller's interval.

    The interval holds every r for which mean(numerator - r denominator) is compatible with 0. Where the mean of the
    denominator is itself compatible with 0, that set is unbounded, and the limits are (-inf, inf). `se` is the
    delta-method standard error, for display only.

    Source: Fieller (1954), "Some problems in interval estimation".

    >>> print(ratio_interval([1.0, 2.1, 2.9, 4.1], [2.0, 4.0, 6.0, 8.0]))
    0.505 [0.452, 0.558]
    >>> print(ratio_interval([1.0, 2.0], [-1.0, 1.0]))
    nan [-inf, inf]
    """
    top, bottom = as_pair(numerator, denominator, "numerator", "denominator", otherwise=UNPAIRED)
    level = _tail(confidence)
    means = clustered_means(np.stack([top, bottom], axis=1), as_clusters(clusters, len(top)))
    return _fieller(means, level, confidence, unit)


def retained_interval(
    clean: ArrayLike, shifted: ArrayLike, clusters: Clusters = None, confidence: float = 0.95
) -> Estimate:
    """Information retained: mean(shifted) / mean(clean) of the same samples, as a fraction, with Fieller's interval.

    Nothing can be retained of nothing: where the clean mean is not above 0 the value is nan, and where it is not
    significantly above 0 the limits are (-inf, inf).

    Where nothing changed at all the limits are 1 - p and 1 + p with p = 1 - ((1 - confidence) / 2)^(1/n), the share of
    changed answers that n samples can miss (Clopper and Pearson; about 3.7/n at 95 %): as if those told nothing, or
    twice as much. Answers to one picture count apart here, so that no change is no worse than one change.

    >>> print(retained_interval([0.9, 0.8, 0.9, 0.7], [0.6, 0.6, 0.5, 0.5]))
    0.6667 [0.5414, 0.8261]
    >>> print(retained_interval([0.9, 0.8] * 20, [0.9, 0.8] * 20))
    1 [0.9119, 1.088]
    """
    a, b = as_pair(clean, shifted, otherwise=UNPAIRED)
    whole = _of_something(ratio_interval(b, a, clusters, confidence), float(a.mean()))
    if not _bounded(whole) or not np.array_equal(a, b):
        return whole
    missed = _missed(confidence, len(a))
    return replace(whole, value=1.0, low=1.0 - missed, high=1.0 + missed, se=0.0)


def retained_contrast(
    clean: ArrayLike,
    shifted: ArrayLike,
    at_least: float,
    clusters: Clusters = None,
    confidence: float = 0.95,
    *,
    unit: str = CRITIC_SCALE,
) -> Estimate:
    """The linear contrast mean(shifted - at_least clean): above 0 when more than `at_least` is retained.

    Tests "information retained >= at_least" without a ratio: low > 0 passes, high < 0 fails, and the limits are on
    the same side of 0 as those of `retained_interval` are of `at_least`. Where the clean mean is not significantly
    above 0 there is nothing to retain, and the limits are (-inf, inf).

    >>> print(retained_contrast([0.9, 0.8, 0.9, 0.7], [0.6, 0.6, 0.5, 0.5], at_least=0.9))
    -0.1925 [-0.3327, -0.05234]
    """
    a, b = as_pair(clean, shifted, otherwise=UNPAIRED)
    _finite("at_least", at_least)
    whole = retained_interval(a, b, clusters, confidence)
    contrast = mean_interval(b - at_least * a, clusters, confidence, unit=unit)
    if _bounded(whole) and np.array_equal(a, b):
        # The spread of the clean scores says nothing about changes that were not seen.
        low, high = ((limit - at_least) * float(a.mean()) for limit in (whole.low, whole.high))
        return replace(contrast, low=low, high=high, se=0.0)
    return contrast if _bounded(whole) else _unbounded(contrast)


def unpaired_retained_interval(
    clean: ArrayLike,
    shifted: ArrayLike,
    clusters_clean: Clusters = None,
    clusters_shifted: Clusters = None,
    confidence: float = 0.95,
) -> Estimate:
    """`retained_interval` for two independent sets; `n` and `clusters` count both together.

    >>> print(unpaired_retained_interval([0.9, 0.8, 0.9, 0.7], [0.6, 0.6, 0.5]))
    0.6869 [0.5465, 0.8509]
    """
    level = _tail(confidence)
    a, b = _unpaired(clean, shifted, clusters_clean, clusters_shifted)
    df = _welch_contrast(a, b, weight=-float(b.mean[0] / a.mean[0]) if a.mean[0] else 0.0)[2]
    joint = ClusteredMeans(
        np.array([b.mean[0], a.mean[0]]),
        np.diag([b.covariance[0, 0], a.covariance[0, 0]]),
        df,
        a.n + b.n,
        a.clusters + b.clusters,
    )
    whole = _fieller(joint, level, confidence, FRACTION)
    if _bounded(whole):
        # The Welch degrees of freedom depend on the ratio that is tested: settle each limit with its own.
        low, high = (_settle(a, b, limit, level, upper) for limit, upper in ((whole.low, False), (whole.high, True)))
        whole = replace(whole, low=low, high=high, confidence=confidence)
    return _of_something(whole, float(a.mean[0]))


def unpaired_retained_contrast(
    clean: ArrayLike,
    shifted: ArrayLike,
    at_least: float,
    clusters_clean: Clusters = None,
    clusters_shifted: Clusters = None,
    confidence: float = 0.95,
    *,
    unit: str = CRITIC_SCALE,
) -> Estimate:
    """`retained_contrast` for two independent sets: mean(shifted) - at_least mean(clean).

    >>> print(unpaired_retained_contrast([0.9, 0.8, 0.9, 0.7], [0.6, 0.6, 0.5], at_least=0.9))
    -0.1758 [-0.316, -0.03569]
    """
    _finite("at_least", at_least)
    level = _tail(confidence)
    a, b = _unpaired(clean, shifted, clusters_clean, clusters_shifted)
    value, variance, df = _welch_contrast(a, b, weight=-at_least)
    contrast = _t_estimate(value, variance, df, level, confidence, a.n + b.n, a.clusters + b.clusters, unit)
    whole = unpaired_retained_interval(clean, shifted, clusters_clean, clusters_shifted, confidence)
    return contrast if _bounded(whole) else _unbounded(contrast)


def _tail(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise EstimationError(f"confidence: {confidence} is not between 0 and 1. Use 0.95 for a 95 % interval.")
    return 0.5 + confidence / 2


def _finite(name: str, number: float) -> None:
    if not math.isfinite(number):
        raise EstimationError(f"{name}: {number} is not a finite number.")


def _unpaired(
    clean: ArrayLike, shifted: ArrayLike, clusters_clean: Clusters, clusters_shifted: Clusters
) -> tuple[ClusteredMeans, ClusteredMeans]:
    a, b = as_vector("clean", clean), as_vector("shifted", shifted)
    return (
        clustered_means(a[:, None], as_clusters(clusters_clean, len(a))),
        clustered_means(b[:, None], as_clusters(clusters_shifted, len(b))),
    )


def _welch_contrast(a: ClusteredMeans, b: ClusteredMeans, weight: float) -> tuple[float, float, float]:
    """Value, variance and degrees of freedom of mean(b) + weight mean(a), by Welch and Satterthwaite."""
    parts = np.array([b.covariance[0, 0], weight**2 * a.covariance[0, 0]])
    variance = float(parts.sum())
    value = float(b.mean[0] + weight * a.mean[0])
    if not math.isfinite(variance):
        return value, math.nan, 0.0
    spread = parts**2 / np.array([b.df, a.df])
    return value, variance, float(variance**2 / spread.sum()) if variance > 0 else float(a.df + b.df)


def _estimate(
    means: ClusteredMeans, level: float, confidence: float, support: tuple[float, float] | None, unit: str
) -> Estimate:
    value = float(means.mean[0])
    variance = float(means.covariance[0, 0])
    plain = _t_estimate(value, variance, means.df, level, confidence, means.n, means.clusters, unit)
    if support is None:
        return plain
    low, high = support
    if not low <= value <= high:
        raise EstimationError(f"support: the mean {value:.6g} lies outside ({low:g}, {high:g}).")
    if variance != 0.0:
        return plain
    unseen = _missed(confidence, means.clusters)
    return Estimate(
        value,
        value - unseen * (value - low),
        value + unseen * (high - value),
        0.0,
        means.n,
        means.clusters,
        confidence,
        unit,
    )


def _missed(confidence: float, n: int) -> float:
    """The largest share of which n independent draws show nothing, at one tail of the confidence."""
    return 1.0 - math.pow((1.0 - confidence) / 2, 1.0 / n)


def _t_estimate(
    value: float, variance: float, df: float, level: float, confidence: float, n: int, clusters: int, unit: str
) -> Estimate:
    if not math.isfinite(variance):
        return Estimate(value, -math.inf, math.inf, math.nan, n, clusters, confidence, unit)
    se = math.sqrt(variance)
    half = t_quantile(level, df) * se
    return Estimate(value, value - half, value + half, se, n, clusters, confidence, unit)


def _fieller(means: ClusteredMeans, level: float, confidence: float, unit: str) -> Estimate:
    """Fieller's set for mean[0] / mean[1]; its hull where it is unbounded."""
    top, bottom = float(means.mean[0]), float(means.mean[1])
    value = top / bottom if bottom != 0.0 else math.nan
    v = means.covariance
    if not np.all(np.isfinite(v)) or bottom == 0.0:
        return Estimate(value, -math.inf, math.inf, math.nan, means.n, means.clusters, confidence, unit)
    variance = max(float(v[0, 0] - 2 * value * v[0, 1] + value**2 * v[1, 1]), 0.0)
    se = math.sqrt(variance) / abs(bottom)
    square = t_quantile(level, means.df) ** 2
    lead = bottom**2 - square * float(v[1, 1])
    if lead <= 0.0:
        return Estimate(value, -math.inf, math.inf, se, means.n, means.clusters, confidence, unit)
    half = top * bottom - square * float(v[0, 1])
    # The point estimate always satisfies the inequality, so a negative root argument is rounding.
    root = math.sqrt(max(half**2 - lead * (top**2 - square * float(v[0, 0])), 0.0))
    return Estimate(value, (half - root) / lead, (half + root) / lead, se, means.n, means.clusters, confidence, unit)


def _settle(a: ClusteredMeans, b: ClusteredMeans, limit: float, level: float, upper: bool) -> float:
    """The limit of an unpaired Fieller interval whose degrees of freedom are those of its own contrast."""
    for _ in range(50):
        df = _welch_contrast(a, b, weight=-limit)[2]
        joint = ClusteredMeans(
            np.array([b.mean[0], a.mean[0]]), np.diag([b.covariance[0, 0], a.covariance[0, 0]]), df, 0, 0
        )
        found = _fieller(joint, level, 0.95, FRACTION)
        step = found.high if upper else found.low
        if not math.isfinite(step) or abs(step - limit) <= 1e-12 * max(1.0, abs(step)):
            return step
        limit = step
    return limit


def _of_something(estimate: Estimate, clean_mean: float) -> Estimate:
    """A share of what is not there is no number."""
    if clean_mean > 0.0:
        return estimate
    return _unbounded(replace(estimate, value=math.nan, se=math.nan))


def _bounded(estimate: Estimate) -> bool:
    return math.isfinite(estimate.low) and math.isfinite(estimate.high)


def _unbounded(estimate: Estimate) -> Estimate:
    return replace(estimate, low=-math.inf, high=math.inf)
