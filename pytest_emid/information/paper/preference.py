"""Preferences from judge scores: relative preference, ratio of sums, win rate, each with its interval.

Source: Oh et al. (2025), arXiv 2502.00577, Definition 2.1. A judge gives r(x, y_hat) to the model's answer and
r(x, y_ref) to the reference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_vector
from pytest_emid.information.intervals.clusters import Clusters
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import mean_interval, ratio_interval

__all__ = ["WinRate", "ratio_of_sums", "relative_preference", "win_rate"]

Float = NDArray[np.float64]


def relative_preference(
    response: ArrayLike, reference: ArrayLike, clusters: Clusters = None, confidence: float = 0.95
) -> Estimate:
    """Relative preference score, E[r(x, y_hat) / r(x, y_ref)]: the mean of ratios, with a cluster-robust t interval.

    1 where the judge likes both alike. One low reference score weighs much; `ratio_of_sums` is the sturdier cousin,
    and the one that LLaVA's summary prints (times 100).

    Args:
        response: (n,) scores of the model's answers, at least 0.
        reference: (n,) scores of the references, above 0.
        clusters: (n,) labels of dependent samples; None makes each its own.
        confidence: two-sided.

    Raises:
        EstimationError: scores that are not finite or not in range (the position is named), lengths that differ.

    >>> print(relative_preference([7, 8, 5, 9], [8, 8, 9, 9]))
    0.8576 [0.5237, 1.192]
    """
    told, true = _scores(response, reference)
    return mean_interval(told / true, clusters, confidence, unit="ratio")


def ratio_of_sums(
    response: ArrayLike, reference: ArrayLike, clusters: Clusters = None, confidence: float = 0.95
) -> Estimate:
    """sum r(x, y_hat) / sum r(x, y_ref), with Fieller's cluster-robust interval.

    Not Definition 2.1: a ratio of means, not a mean of ratios. Arguments and errors as `relative_preference`.

    >>> print(ratio_of_sums([7, 8, 5, 9], [8, 8, 9, 9]))
    0.8529 [0.5191, 1.219]
    """
    told, true = _scores(response, reference)
    return ratio_interval(told, true, clusters, confidence, unit="ratio")


@dataclass(frozen=True, slots=True)
class WinRate:
    """How often the judge prefers the model's answer to the reference; a tie counts one half.

    Attributes:
        rate: (wins + ties / 2) / n, with its interval.
        wins: answers scored above their reference.
        ties: answers scored alike.
        losses: answers scored below.
        method: how the interval was found.

    >>> found = win_rate([7, 8, 5, 9], [8, 8, 9, 6])
    >>> found.wins, found.ties, found.losses, found.method
    (1, 1, 2, 'Wilson score interval')
    """

    rate: Estimate
    wins: int
    ties: int
    losses: int
    method: str


def win_rate(response: ArrayLike, reference: ArrayLike, clusters: Clusters = None, confidence: float = 0.95) -> WinRate:
    """P(r(x, y_hat) > r(x, y_ref)) + P(tie) / 2.

    Without clusters the interval is Wilson's score interval, which is conservative with ties (they have less variance
    than coin flips); with clusters a cluster-robust t interval, cut to [0, 1].

    Args and errors: as `relative_preference`, but scores may be any finite numbers.

    >>> print(win_rate([7, 8, 5, 9], [8, 8, 9, 6]).rate)
    0.375 [0.0919, 0.7806]
    """
    told = as_vector("response", response)
    true = as_vector("reference", reference, rows=len(told))
    outcome = 0.5 * (1.0 + np.sign(told - true))
    wins, losses = int((outcome == 1.0).sum()), int((outcome == 0.0).sum())
    ties = len(outcome) - wins - losses
    if clusters is None:
        rate = _wilson(float(outcome.mean()), len(outcome), confidence)
        return WinRate(rate, wins, ties, losses, "Wilson score interval")
    found = mean_interval(outcome, clusters, confidence, support=(0.0, 1.0), unit="fraction")
    rate = Estimate(
        found.value,
        max(found.low, 0.0),
        min(found.high, 1.0),
        found.se,
        found.n,
        found.clusters,
        confidence,
        "fraction",
    )
    return WinRate(rate, wins, ties, losses, "cluster-robust t interval")


def _wilson(rate: float, n: int, confidence: float) -> Estimate:
    """Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference"."""
    if not 0.0 < confidence < 1.0:
        raise EstimationError(f"confidence: {confidence} is not between 0 and 1. Use 0.95 for a 95 % interval.")
    from scipy.special import ndtri  # loading it takes longer than loading this package

    z2 = float(ndtri(0.5 + confidence / 2.0)) ** 2
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (rate * (1 - rate) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    se = math.sqrt(rate * (1 - rate) / n)
    # Rounding must not leave a rate of 0 or 1 outside of its interval.
    low, high = max(min(centre - half, rate), 0.0), min(max(centre + half, rate), 1.0)
    return Estimate(rate, low, high, se, n, n, confidence, "fraction")


def _scores(response: ArrayLike, reference: ArrayLike) -> tuple[Float, Float]:
    told = as_vector("response", response)
    true = as_vector("reference", reference, rows=len(told))
    for name, scores, wrong in (("response", told, told < 0), ("reference", true, true <= 0)):
        if wrong.any():
            at = int(wrong.argmax())
            least = "at least 0" if name == "response" else "above 0"
            raise EstimationError(
                f"{name}: score {scores[at]:g} at position {at} is not {least}, so it has no ratio. "
                "Judge that sample again, or leave it out."
            )
    return told, true
