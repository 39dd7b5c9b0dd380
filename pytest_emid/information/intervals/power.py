"""What n can show, and the n that would decide."""

from __future__ import annotations

import math

from pytest_emid.errors import EstimationError
from pytest_emid.information.intervals.clusters import t_quantile
from pytest_emid.information.intervals.estimate import Estimate

__all__ = ["minimum_detectable", "samples_for_loss", "samples_to_decide"]

# Beyond this many clusters an answer is of no use, and rounding decides.
MOST_CLUSTERS = 10**12


def minimum_detectable(estimate: Estimate, power: float = 0.8) -> float:
    """The smallest true effect, in the estimate's unit, that n samples like these would show with this power.

    "Show" means that the two-sided interval of the estimate's confidence lies wholly beyond 0 on the right side.
    inf when the estimate has no standard error. An estimate without spread whose limits allow for what was not seen
    (`retained_interval` of an unchanged set) shows no effect that is within them.

    Raises:
        EstimationError: power is not in (0, 1).

    >>> estimate = Estimate(0.1, 0.0, 0.2, se=0.05, n=90, clusters=30)
    >>> round(minimum_detectable(estimate), 3)
    0.145
    """
    _check_power(power)
    if not math.isfinite(estimate.se):
        return math.inf
    if estimate.se == 0.0:
        return max(estimate.high - estimate.value, estimate.value - estimate.low)
    return _reach(estimate, estimate.clusters, power) * estimate.se


def samples_to_decide(estimate: Estimate, threshold: float, power: float = 0.8) -> int | None:
    """How many samples in all would decide, with this power, on which side of `threshold` the truth lies.

    Takes the estimate for the truth, and clusters of the present mean size. "Decide" means that the interval of the
    estimate's confidence excludes the threshold. May be fewer than the present n where that was ample.

    An estimate without spread whose limits allow for what was not seen (`retained_interval` of an unchanged set) is
    decided by as many samples without a change as bring the limit to the threshold.

    Returns:
        Samples in all (not more samples); None where no number decides: the estimate equals the threshold, has no
        standard error, or would need more than 10^12 clusters.

    Raises:
        EstimationError: threshold is not finite, or power not in (0, 1).

    >>> estimate = Estimate(0.1, 0.0, 0.2, se=0.05, n=90, clusters=30)
    >>> samples_to_decide(estimate, threshold=0.0)
    183
    >>> samples_to_decide(estimate, threshold=0.1) is None
    True
    """
    _check_power(power)
    if not math.isfinite(threshold):
        raise EstimationError(f"threshold: {threshold} is not a finite number.")
    distance = abs(estimate.value - threshold)
    if not math.isfinite(distance) or not math.isfinite(estimate.se) or distance == 0.0:
        return None
    if estimate.se == 0.0 and estimate.high > estimate.low:
        return _unchanged_to_decide(estimate, distance)
    size = estimate.n / estimate.clusters
    spread = estimate.se * math.sqrt(estimate.clusters)

    def decides(clusters: int) -> bool:
        return _reach(estimate, clusters, power) * spread / math.sqrt(clusters) <= distance

    high = 2
    while not decides(high):
        high *= 2
        if high > MOST_CLUSTERS:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decides(middle) else (middle, high)
    return math.ceil(high * size - 1e-9)


def samples_for_loss(loss: float, spread: float, confidence: float = 0.95, power: float = 0.8) -> int:
    """How many samples show, with this power or more, that a share of what answers say is lost; no shift is asked.

    Of clean scores s, the share `loss` falls to nothing, one by one: a loss has the mean loss E s and the variance
    loss E s^2 - (loss E s)^2. "Show" means that the interval of information retained lies below 100 %.

    Args:
        loss: share, in (0, 1).
        spread: E s^2 / (E s)^2 of the clean scores, at least 1; 1 / .9 for answers of which nine in ten are right.
        confidence: of the interval, two-sided.
        power: in (0, 1).

    Raises:
        EstimationError: a number is out of range.

    >>> [samples_for_loss(loss, spread=1 / 0.9) for loss in (0.2, 0.1, 0.05)]
    [39, 82, 170]
    """
    _check_power(power)
    if not 0.0 < loss < 1.0 or not 1.0 - 1e-9 <= spread < math.inf or not 0.0 < confidence < 1.0:
        raise EstimationError(
            f"loss {loss}, spread {spread}, confidence {confidence}: a share in (0, 1), a number from 1 up, and a "
            "confidence in (0, 1) are needed."
        )
    relative = max(spread / loss - 1.0, 0.0)
    n = 2
    while True:
        reach = t_quantile(0.5 + confidence / 2, n - 1.0) + t_quantile(power, n - 1.0)
        needed = math.ceil(reach**2 * relative)
        if needed <= n:
            return n
        n = max(n + 1, min(needed, 2 * n))


def _unchanged_to_decide(estimate: Estimate, distance: float) -> int | None:
    """The n at which the limit, proportional to p(n) = 1 - ((1 - confidence) / 2)^(1/n), reaches the threshold."""
    tail = math.log((1.0 - estimate.confidence) / 2)
    reach = min(estimate.high - estimate.value, estimate.value - estimate.low)
    share = -math.expm1(tail / estimate.n) * distance / reach if reach > 0.0 else 1.0
    if share >= 1.0:
        return 1
    if share <= 0.0:  # less than a number can be
        return None
    needed = tail / math.log1p(-share)
    return math.ceil(needed - 1e-9) if needed <= MOST_CLUSTERS else None


def _reach(estimate: Estimate, clusters: int, power: float) -> float:
    """Standard errors between 0 and an effect that is shown with this power."""
    df = clusters - 1.0
    return t_quantile(0.5 + estimate.confidence / 2, df) + t_quantile(power, df)


def _check_power(power: float) -> None:
    if not 0.0 < power < 1.0:
        raise EstimationError(f"power: {power} is not between 0 and 1. Use 0.8 for four chances in five.")
