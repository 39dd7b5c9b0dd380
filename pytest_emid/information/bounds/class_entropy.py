"""Contrasts of entropies of labels, with a delete-one-cluster jackknife: bias, standard error, interval.

The plug-in entropy of n labels in M classes is biased downwards by about (M - 1) / 2n. The jackknife removes that
bias to first order (Zahl, 1977, "Jackknifing an index of diversity"), gives the standard error of differences of
entropies of the same samples, and does both for clusters, where the correction of Miller and Madow would not hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytest_emid.information.intervals.clusters import t_quantile
from pytest_emid.information.intervals.estimate import Estimate

__all__ = ["Part", "entropy_contrast", "singleton_share"]

Labels = NDArray[np.intp]
Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """One entropy in a contrast: labels (n,), and the sign with which it enters.

    >>> answers, references = np.array([0, 0, 0, 1]), np.array([0, 1, 0, 1])
    >>> parts = [Part(answers, 1.0), Part(references, -1.0)]  # H(answers) - H(references)
    >>> entropy_contrast([(parts, [], np.arange(4))], 2, 0.95).value < 0
    True
    """

    labels: Labels
    sign: float


def entropy_contrast(
    samples: Sequence[tuple[Sequence[Part], Sequence[Float], Labels]], letters: int, confidence: float
) -> Estimate:
    """A signed sum of entropies of labels and of means of values, over one or more independent samples, in nats.

    Args:
        samples: for each, its entropies, values (n,) whose means are added, and cluster codes (n,) in 0..G-1.
        letters: size of the alphabet.
        confidence: of the two-sided t interval.

    Returns:
        The jackknife estimate; limits (-inf, inf) where a sample has fewer than two clusters.

    >>> labels = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    >>> found = entropy_contrast([([Part(labels, 1.0)], [], np.arange(8))], letters=2, confidence=0.95)
    >>> round(found.value, 3), round(float(np.log(2)), 3)  # the plug-in, log 2, plus its bias
    (0.765, 0.693)
    """
    value, variance, spread = 0.0, 0.0, 0.0
    n, clusters = 0, 0
    for parts, means, codes in samples:
        groups = int(codes.max()) + 1
        n, clusters = n + len(codes), clusters + groups
        whole = sum(part.sign * _entropy(part.labels, letters) for part in parts)
        whole += sum(float(values.mean()) for values in means)
        if groups < 2:
            value, variance = value + whole, math.inf
            continue
        without: Float = sum(
            (part.sign * _entropy_without_each(part.labels, codes, groups, letters) for part in parts),
            start=np.zeros(groups),
        )
        without += sum((_mean_without_each(values, codes) for values in means), start=np.zeros(groups))
        square = (groups - 1) / groups * float(((without - without.mean()) ** 2).sum())
        value += groups * whole - (groups - 1) * float(without.mean())
        variance += square
        spread += square**2 / (groups - 1)
    if not math.isfinite(variance):
        return Estimate(value, -math.inf, math.inf, math.nan, n, clusters, confidence, "nats")
    df = variance**2 / spread if spread > 0 else 1.0  # Welch; any df serves a variance of zero
    half = t_quantile(0.5 + confidence / 2.0, df) * math.sqrt(variance)
    return Estimate(value, value - half, value + half, math.sqrt(variance), n, clusters, confidence, "nats")


def singleton_share(labels: Labels) -> float:
    """Share of the samples whose label nobody else has: Good and Turing's estimate of the mass not seen at all.

    >>> singleton_share(np.array([0, 0, 1, 2]))
    0.5
    """
    return float((np.bincount(labels) == 1).sum() / len(labels))


def _entropy(labels: Labels, letters: int) -> float:
    n = len(labels)
    return float(math.log(n) - _xlogx(np.bincount(labels, minlength=letters)).sum() / n)


def _entropy_without_each(labels: Labels, codes: Labels, groups: int, letters: int) -> Float:
    """Plug-in entropies when each cluster in turn is left out, in O(n log n): only its own labels lose counts."""
    counts = np.bincount(labels, minlength=letters)
    keys, lost = np.unique(codes * letters + labels, return_counts=True)
    group, letter = np.divmod(keys, letters)
    change = _xlogx(counts[letter]) - _xlogx(counts[letter] - lost)
    left = len(labels) - np.bincount(codes, minlength=groups)
    total = _xlogx(counts).sum() - np.bincount(group, change, minlength=groups)
    return np.asarray(np.log(left) - total / left)


def _mean_without_each(values: Float, codes: Labels) -> Float:
    left = len(values) - np.bincount(codes)
    return np.asarray((values.sum() - np.bincount(codes, values)) / left)


def _xlogx(counts: NDArray[np.intp]) -> Float:
    return np.asarray(counts * np.log(np.maximum(counts, 1)))
