"""Resampling over clusters: cross-checks of the t intervals."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters, as_vector
from pytest_emid.information.intervals.clusters import Clusters
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import CRITIC_SCALE, mean_interval

__all__ = ["bootstrap_interval", "sign_flip_p"]

# Up to this many clusters all sign patterns are enumerated, and the p-value is exact.
EXACT_SIGN_FLIPS = 12


def bootstrap_interval(
    values: ArrayLike,
    clusters: Clusters,
    rng: np.random.Generator,
    resamples: int = 1999,
    confidence: float = 0.95,
    *,
    unit: str = CRITIC_SCALE,
) -> Estimate:
    """Mean over samples with a studentised bootstrap over clusters: a cross-check of `mean_interval`.

    Source: Hall (1992), "The bootstrap and Edgeworth expansion", the percentile-t method; clusters are drawn whole.

    Raises:
        EstimationError: as `mean_interval`; fewer than 199 resamples.
    """
    if resamples < 199:
        raise EstimationError(f"resamples: {resamples} are too few for an interval. Draw at least 199.")
    point = mean_interval(values, clusters, confidence, unit=unit)
    if not math.isfinite(point.se) or point.se == 0.0:
        return point
    array = as_vector("values", values)
    codes = as_clusters(clusters, len(array))
    sizes = np.bincount(codes).astype(np.float64)
    sums = np.bincount(codes, weights=array)
    groups = len(sizes)
    draw = rng.integers(groups, size=(resamples, groups))
    drawn_sums, drawn_sizes = sums[draw], sizes[draw]
    total = drawn_sizes.sum(axis=1)
    mean = drawn_sums.sum(axis=1) / total
    residual = drawn_sums - mean[:, None] * drawn_sizes
    se = np.sqrt((residual**2).sum(axis=1) * groups / (groups - 1)) / total
    # A resample that holds one value only has no spread; its t statistic is infinite, and counts as such.
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(mean == point.value, 0.0, (mean - point.value) / se)
    tail = (1 - confidence) / 2
    upper_t, lower_t = np.quantile(t, [1 - tail, tail], method="inverted_cdf")
    return replace(point, low=point.value - float(upper_t) * point.se, high=point.value - float(lower_t) * point.se)


def sign_flip_p(
    values: ArrayLike,
    clusters: Clusters,
    rng: np.random.Generator,
    resamples: int = 9999,
    *,
    alternative: str = "two-sided",
) -> float:
    """p-value of "clean and shifted are exchangeable", from flipping the sign of whole clusters of differences.

    Args:
        values: (n,) paired differences, clean - shifted.
        clusters: (n,) labels or None.
        rng: used only above 12 clusters; below, all sign patterns are enumerated and the p-value is exact.
        resamples: random sign patterns.
        alternative: `two-sided`, `greater` (something was lost) or `less`.

    Returns:
        A valid p-value in (0, 1]; 1.0 when nothing differs.

    Raises:
        EstimationError: as `mean_interval`; unknown alternative; resamples < 1.
    """
    if alternative not in ("two-sided", "greater", "less"):
        raise EstimationError(f"alternative: {alternative!r} is unknown. Use 'two-sided', 'greater' or 'less'.")
    if resamples < 1:
        raise EstimationError(f"resamples: {resamples}. Draw at least 1.")
    array = as_vector("values", values)
    sums: NDArray[np.float64] = np.bincount(as_clusters(clusters, len(array)), weights=array).astype(np.float64)
    groups = len(sums)
    if groups <= EXACT_SIGN_FLIPS:
        patterns = (np.arange(2**groups)[:, None] >> np.arange(groups)) & 1
        drawn, own = (1.0 - 2.0 * patterns) @ sums, 0
    else:
        drawn, own = _random_flips(sums, rng, resamples), 1
    observed = sums.sum()
    # Patterns that tie with the observed one must count although their sums differ in the last bits.
    slack = 1e-12 * np.abs(sums).sum()
    if alternative == "two-sided":
        extreme = np.abs(drawn) >= abs(observed) - slack
    elif alternative == "greater":
        extreme = drawn >= observed - slack
    else:
        extreme = drawn <= observed + slack
    return float((extreme.sum() + own) / (len(drawn) + own))


def _random_flips(sums: NDArray[np.float64], rng: np.random.Generator, resamples: int) -> NDArray[np.float64]:
    """`resamples` sums under random signs, in blocks that keep memory small."""
    block = max(1, 4_000_000 // len(sums))
    parts = []
    for start in range(0, resamples, block):
        count = min(block, resamples - start)
        parts.append((1.0 - 2.0 * rng.integers(0, 2, size=(count, len(sums)))) @ sums)
    return np.concatenate(parts)
