"""A mean as a share of another mean of the same samples, and the linear contrast that tests the share without dividing.

Both take clustered means of two columns: what is in question, and the whole that the share is of. Their intervals
allow for what was not seen: half-widths h become hypot(h, unseen). They agree: the contrast with `at_most=t` is
compatible with 0 for exactly the t within the limits of the share.

Source: Fieller (1954), "Some problems in interval estimation".
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from pytest_emid.errors import EstimationError
from pytest_emid.information.intervals.clusters import ClusteredMeans, t_quantile
from pytest_emid.information.intervals.estimate import Estimate

__all__ = ["contrast_of", "share_of"]

FRACTION = "fraction"


def share_of(means: ClusteredMeans, unseen: float, confidence: float) -> Estimate:
    """mean[0] / mean[1]: every t with |mean[0] - t mean[1]| <= hypot(q se(mean[0] - t mean[1]), unseen).

    Nothing is a share of nothing: where the whole is not above 0 the value is nan, and where it is not significantly
    above 0 the limits are (-inf, inf).

    Args:
        means: of both, with their covariance.
        unseen: half-width by which the mean in question may be off for what was not seen, at least 0.
        confidence: two-sided coverage, in (0, 1).

    Raises:
        EstimationError: a confidence out of range.
    """
    part, whole = (float(mean) for mean in means.mean)
    quantile = _quantile(confidence, means.df)
    value = part / whole if whole > 0.0 else math.nan
    unbounded = Estimate(value, -math.inf, math.inf, math.nan, means.n, means.clusters, confidence, FRACTION)
    if math.isnan(value) or not np.all(np.isfinite(means.covariance)):
        return unbounded
    v = means.covariance
    se = math.sqrt(max(float(v[0, 0] - 2 * value * v[0, 1] + value**2 * v[1, 1]), 0.0)) / whole
    lead = whole**2 - quantile**2 * float(v[1, 1])
    if lead <= 0.0:
        return replace(unbounded, se=se)
    middle = part * whole - quantile**2 * float(v[0, 1])
    constant = part**2 - quantile**2 * float(v[0, 0]) - unseen**2
    # The value itself is always between the roots, so that less than 0 is rounding.
    root = math.sqrt(max(middle**2 - lead * constant, 0.0))
    return replace(unbounded, low=(middle - root) / lead, high=(middle + root) / lead, se=se)


def contrast_of(means: ClusteredMeans, at_most: float, unseen: float, confidence: float, unit: str) -> Estimate:
    """mean[0] - at_most mean[1]: above 0 when the share is more than `at_most`; unbounded where the share is.

    Args and errors: as `share_of`; or `at_most` is not finite.
    """
    if not math.isfinite(at_most):
        raise EstimationError(f"at_most: {at_most} is not a finite number.")
    share = share_of(means, unseen, confidence)
    weights = np.array([1.0, -at_most])
    value = float(weights @ means.mean)
    found = replace(share, value=value, se=math.nan, unit=unit)
    if not math.isfinite(share.high):
        return found
    se = math.sqrt(max(float(weights @ means.covariance @ weights), 0.0))
    half = math.hypot(_quantile(confidence, means.df) * se, unseen)
    return replace(found, low=value - half, high=value + half, se=se)


def _quantile(confidence: float, df: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise EstimationError(f"confidence: {confidence} is not between 0 and 1. Use 0.95 for a 95 % interval.")
    return t_quantile(0.5 + confidence / 2, df)
