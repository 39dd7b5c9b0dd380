"""What a shift did to a score of answers, such as right or wrong: paired intervals that allow for changes not seen.

A t interval of differences is too narrow where only a few answers change: two wrong answers in sixty say little about
how many there are, and their spread says less. So one answer more is taken to have changed: (width / n)^2 is added to
the variance of the mean, with `width` what one answer can change, 1 for scores from 0 to 1. On answers of the built-in
model (35 shifts, n = 60 to 300, one or three questions a picture) this brings the share of wrong verdicts from .055 to
.074 with the plain interval to .043 to .050, where .05 was asked; see benchmarks/validity/metrics.py.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters, as_pair, as_width
from pytest_emid.information.intervals.clusters import Clusters, clustered_means, t_quantile
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import mean_interval, ratio_interval

__all__ = ["rate_contrast", "rate_drop", "rate_retained"]

SCORE = "score"


def rate_drop(
    clean: ArrayLike,
    shifted: ArrayLike,
    clusters: Clusters = None,
    confidence: float = 0.95,
    *,
    width: float = 1.0,
    unit: str = SCORE,
) -> Estimate:
    """What was lost of a score of the same samples: mean(clean - shifted), positive when something was lost.

    Args:
        clean, shifted: (n,) scores of the same samples in the same order.
        clusters: (n,) labels; None makes every sample its own cluster.
        confidence: two-sided coverage, in (0, 1).
        width: the most that one answer can change; 0 for the plain t interval.
        unit: of the scores.

    Raises:
        EstimationError: empty, not finite or of different lengths; confidence or width out of range.

    Example:
        >>> drop = rate_drop([1, 1, 1, 0] * 15, [1, 1, 0, 0] * 15)
        >>> f"{drop.value:.2f} [{drop.low:.2f}, {drop.high:.2f}]"
        '0.25 [0.13, 0.37]'
    """
    (a, b), width = as_pair(clean, shifted), as_width(width)
    return _widened(a - b, clusters, confidence, width, unit, unchanged=np.array_equal(a, b))


def rate_contrast(
    clean: ArrayLike,
    shifted: ArrayLike,
    at_least: float,
    clusters: Clusters = None,
    confidence: float = 0.95,
    *,
    width: float = 1.0,
    unit: str = SCORE,
) -> Estimate:
    """mean(shifted - at_least clean): above 0 when more than `at_least` of the score is retained. As `rate_drop`.

    Its limits are on the same side of 0 as those of `rate_retained` are of `at_least`. Where the clean mean is not
    significantly above 0 there is nothing to retain, and the limits are (-inf, inf).
    """
    (a, b), width = as_pair(clean, shifted), as_width(width)
    if not math.isfinite(at_least):
        raise EstimationError(f"at_least: {at_least} is not a finite number.")
    whole = rate_retained(a, b, clusters, confidence, width=width)
    contrast = _widened(b - at_least * a, clusters, confidence, width, unit, unchanged=False)
    if not (math.isfinite(whole.low) and math.isfinite(whole.high)):
        return replace(contrast, low=-math.inf, high=math.inf)
    if np.array_equal(a, b):
        # The spread of the clean scores says nothing about changes that were not seen.
        low, high = ((limit - at_least) * float(a.mean()) for limit in (whole.low, whole.high))
        return replace(contrast, low=low, high=high, se=0.0)
    return contrast


def rate_retained(
    clean: ArrayLike,
    shifted: ArrayLike,
    clusters: Clusters = None,
    confidence: float = 0.95,
    *,
    width: float = 1.0,
) -> Estimate:
    """mean(shifted) / mean(clean) of the same samples, a fraction, by Fieller's method. As `rate_drop`.

    Where the clean mean is not above 0 the value is nan; where it is not significantly above 0 the limits are
    (-inf, inf).
    """
    (a, b), width = as_pair(clean, shifted), as_width(width)
    plain = ratio_interval(b, a, clusters, confidence)
    bottom = float(a.mean())
    nothing = replace(plain, low=-math.inf, high=math.inf)
    if bottom <= 0.0:
        return replace(nothing, value=math.nan, se=math.nan)
    if not (math.isfinite(plain.low) and math.isfinite(plain.high)):
        return nothing
    if np.array_equal(a, b):
        missed = _missed(confidence, len(a)) * width / bottom
        return replace(plain, value=1.0, low=1.0 - missed, high=1.0 + missed, se=0.0)
    means = clustered_means(np.stack([b, a], axis=1), as_clusters(clusters, len(a)))
    top, more = float(means.mean[0]), (width / len(a)) ** 2
    v = means.covariance
    square = t_quantile(0.5 + confidence / 2, means.df) ** 2
    lead = bottom**2 - square * float(v[1, 1])
    half = top * bottom - square * float(v[0, 1])
    root = math.sqrt(max(half**2 - lead * (top**2 - square * (float(v[0, 0]) + more)), 0.0))
    se = math.sqrt(plain.se**2 + more / bottom**2)
    return replace(plain, low=(half - root) / lead, high=(half + root) / lead, se=se)


def _widened(
    values: NDArray[np.float64],
    clusters: Clusters,
    confidence: float,
    width: float,
    unit: str,
    unchanged: bool,
) -> Estimate:
    """The mean of `values` with one sample more that changed."""
    plain = mean_interval(values, clusters, confidence, unit=unit)
    if not math.isfinite(plain.low):
        return plain
    if unchanged:
        missed = _missed(confidence, len(values)) * width
        return replace(plain, low=plain.value - missed, high=plain.value + missed)
    df = clustered_means(values[:, None], as_clusters(clusters, len(values))).df
    se = math.hypot(plain.se, width / len(values))
    half = t_quantile(0.5 + confidence / 2, df) * se
    return replace(plain, low=plain.value - half, high=plain.value + half, se=se)


def _missed(confidence: float, n: int) -> float:
    """The largest share of changed answers of which n can show none, at one tail of the confidence."""
    return 1.0 - math.pow((1.0 - confidence) / 2, 1.0 / n)
