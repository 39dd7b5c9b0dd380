"""Intervals of information in nats: what answers tell, how much of it is lost, and which share of the clean that is.

All take what `Witness.information` gives. They are t intervals of influence values, robust to clusters, with one
pseudo-picture: where few answers change, a sample often holds none of those that would change most, and its spread is
too small. One picture more, with as many questions as there are to a picture (n to m pictures), of which each is
answered 2 ln K apart, the most that two scores can lie but for the floor, and each by its own chance, widens the half
width h to hypot(h, 2 ln K / sqrt(n m)). Without it intervals of mild losses cover .76 of the draws at n = 90, and with
one pseudo-sample (2 ln K / n) still .85.

A loss is a difference of two lower bounds: an estimate, and no bound on anything.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters
from pytest_emid.information.critics.contrast import Told
from pytest_emid.information.intervals.clusters import ClusteredMeans, Clusters, clustered_means
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import mean_interval, paired_interval, unpaired_interval
from pytest_emid.information.intervals.shares import contrast_of, share_of

__all__ = [
    "emi",
    "nats_lost",
    "nats_told",
    "share_contrast",
    "share_lost",
    "unpaired_nats_lost",
    "unpaired_share_contrast",
    "unpaired_share_lost",
]

Float = NDArray[np.float64]

NATS = "nats"


def emi(answers: Told, references: Told) -> Told:
    """EMI of one set, I(X; A) - I(X; R), both held against the same candidates: at most about 0 where answers err.

    Args:
        answers: from `information(response, reference, text)`.
        references: from `information(reference, reference, text)` of the same samples.

    Raises:
        EstimationError: another number of samples or candidates.
    """
    _comparable(answers, references, paired=True)
    return replace(answers, scores=answers.scores - references.scores)


def nats_told(told: Told, clusters: Clusters = None, confidence: float = 0.95) -> Estimate:
    """What one set of answers tells, in nats.

    Args:
        told: of the set.
        clusters: (n,) labels; None makes every sample its own cluster.
        confidence: two-sided coverage, in (0, 1).

    Raises:
        EstimationError: labels of another length, or a confidence out of range.
    """
    return _widened(mean_interval(told.scores, clusters, confidence, unit=NATS), _pseudo(told, clusters))


def nats_lost(clean: Told, shifted: Told, clusters: Clusters = None, confidence: float = 0.95) -> Estimate:
    """EMID of a paired set in nats: mean(clean - shifted) of the same samples, positive when something was lost.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> clean, shifted = (Told(rng.normal(mean, 1.0, 90), 64, (1.0, 0.0)) for mean in (3.8, 3.0))
        >>> print(nats_lost(clean, shifted))
        0.957 [0.6704, 1.244]

    Raises:
        EstimationError: sets of another number of samples or candidates, labels of another length, or a confidence
            out of range.
    """
    _comparable(clean, shifted, paired=True)
    plain = paired_interval(clean.scores, shifted.scores, clusters, confidence, unit=NATS)
    return _widened(plain, _pseudo(clean, clusters))


def unpaired_nats_lost(
    clean: Told,
    shifted: Told,
    clusters_clean: Clusters = None,
    clusters_shifted: Clusters = None,
    confidence: float = 0.95,
) -> Estimate:
    """EMID of two independent sets: pass `emi` of each, for their references tell different amounts.

    Raises:
        EstimationError: another number of candidates, labels of another length, or a confidence out of range.
    """
    _comparable(clean, shifted, paired=False)
    plain = unpaired_interval(clean.scores, shifted.scores, clusters_clean, clusters_shifted, confidence, unit=NATS)
    return _widened(plain, _wider(clean, shifted, clusters_clean, clusters_shifted))


def share_lost(clean: Told, shifted: Told, clusters: Clusters = None, confidence: float = 0.95) -> Estimate:
    """Share of the clean information that is lost: mean(clean - shifted) / mean(clean), with Fieller's interval.

    It holds every t for which `share_contrast` with `at_most=t` is compatible with 0. Nothing can be lost of nothing:
    where the clean mean is not above 0 the value is nan, and where it is not significantly above 0 the limits are
    (-inf, inf).

    Raises:
        EstimationError: as `nats_lost`.
    """
    return share_of(_paired(clean, shifted, clusters), _pseudo(clean, clusters), confidence)


def share_contrast(
    clean: Told, shifted: Told, at_most: float, clusters: Clusters = None, confidence: float = 0.95
) -> Estimate:
    """The linear contrast mean((1 - at_most) clean - shifted) in nats: above 0 when more than that share is lost.

    Tests "at most 10 % lost" (`at_most=0.1`) without a ratio: high <= 0 passes, low > 0 fails. The limits are on the
    same side of 0 as those of `share_lost` are of `at_most`, and unbounded where those are.

    Raises:
        EstimationError: as `nats_lost`, or `at_most` is not finite.
    """
    return contrast_of(_paired(clean, shifted, clusters), at_most, _pseudo(clean, clusters), confidence, NATS)


def unpaired_share_lost(
    clean: Told,
    shifted: Told,
    of: Told,
    clusters_clean: Clusters = None,
    clusters_shifted: Clusters = None,
    confidence: float = 0.95,
) -> Estimate:
    """`share_lost` of two independent sets; `n` and `clusters` count both together.

    Args:
        clean: `emi` of the clean set.
        shifted: `emi` of the shifted set.
        of: what the clean answers tell, the whole that the share is of.
        clusters_clean: labels of the clean samples.
        clusters_shifted: labels of the shifted samples.
        confidence: two-sided coverage, in (0, 1).

    Raises:
        EstimationError: as `unpaired_nats_lost`.
    """
    means = _unpaired(clean, shifted, of, clusters_clean, clusters_shifted)
    return share_of(means, _wider(clean, shifted, clusters_clean, clusters_shifted), confidence)


def unpaired_share_contrast(
    clean: Told,
    shifted: Told,
    of: Told,
    at_most: float,
    clusters_clean: Clusters = None,
    clusters_shifted: Clusters = None,
    confidence: float = 0.95,
) -> Estimate:
    """`share_contrast` of two independent sets: mean(clean) - mean(shifted) - at_most mean(of)."""
    means = _unpaired(clean, shifted, of, clusters_clean, clusters_shifted)
    return contrast_of(means, at_most, _wider(clean, shifted, clusters_clean, clusters_shifted), confidence, NATS)


def _comparable(first: Told, second: Told, *, paired: bool) -> None:
    if first.candidates != second.candidates:
        raise EstimationError(
            f"one set was held against {first.candidates} candidates and the other against {second.candidates}: nats "
            f"compare at one number only. Pass candidates={min(first.candidates, second.candidates)} for both."
        )
    if paired and len(first.scores) != len(second.scores):
        raise EstimationError(
            f"one set has {len(first.scores)} samples and the other {len(second.scores)}: they must be the same "
            "samples in the same order. For different samples use the unpaired form."
        )


def _pseudo(told: Told, clusters: Clusters) -> float:
    """What one picture more could move the mean by."""
    n = len(told.scores)
    return 2.0 * told.ceiling / math.sqrt(n * (int(as_clusters(clusters, n).max()) + 1))


def _wider(clean: Told, shifted: Told, clusters_clean: Clusters, clusters_shifted: Clusters) -> float:
    return max(_pseudo(clean, clusters_clean), _pseudo(shifted, clusters_shifted))


def _widened(plain: Estimate, pseudo: float) -> Estimate:
    if not math.isfinite(plain.high):
        return plain
    half = math.hypot((plain.high - plain.low) / 2, pseudo)
    return replace(plain, low=plain.value - half, high=plain.value + half)


def _paired(clean: Told, shifted: Told, clusters: Clusters) -> ClusteredMeans:
    """Means of what is lost and of what it is lost of."""
    _comparable(clean, shifted, paired=True)
    columns = np.stack([clean.scores - shifted.scores, clean.scores], axis=1)
    return clustered_means(columns, as_clusters(clusters, len(columns)))


def _unpaired(
    clean: Told, shifted: Told, of: Told, clusters_clean: Clusters, clusters_shifted: Clusters
) -> ClusteredMeans:
    _comparable(clean, of, paired=True)
    _comparable(clean, shifted, paired=False)
    columns = np.stack([clean.scores, of.scores], axis=1)
    a = clustered_means(columns, as_clusters(clusters_clean, len(columns)))
    b = clustered_means(shifted.scores[:, None], as_clusters(clusters_shifted, len(shifted.scores)))
    covariance = a.covariance + np.array([[b.covariance[0, 0], 0.0], [0.0, 0.0]])
    mean = np.array([a.mean[0] - b.mean[0], a.mean[1]])
    # The fewer degrees of freedom: those of Welch would change with the share that is tested.
    return ClusteredMeans(mean, covariance, min(a.df, b.df), a.n + b.n, a.clusters + b.clusters)
