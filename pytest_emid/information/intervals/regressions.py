"""What new answers lost against old ones to the same questions: one number a sample, robust to clusters.

The loss of a sample is its old score minus its new one, positive where the new answer is worse. Two estimands:

- the loss under a shift, mean(old - new) over the shifted samples;
- the difference in differences, mean(old - new) over the shifted samples minus the same over the clean ones: what the
  shift costs more than it did, whatever the change did to clean answers.

Either is a number in the unit of the scores, or a share of a whole, the mean of the old clean scores, which is one for
old and new: a share that each took of its own clean scores would forgive a model that got worse everywhere.

Their limits are not alike. The lower one, on which an alarm rests, is that of a t interval; for right and wrong
answers to questions on pictures of their own it rejects where McNemar's test does. The upper one, on which "no
regression" rests, allows for an answer more that changed by `width`: (width / n)^2 is added to the variance, for two
changed answers in ninety say little about how many there are. Where nothing changed, both allow for the share of
changed answers that n samples can miss (Clopper and Pearson).

Source: McNemar (1947), "Note on the sampling error of the difference between correlated proportions or percentages".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.information.arrays import as_clusters, as_pair, as_vector, as_width
from pytest_emid.information.intervals.clusters import ClusteredMeans, Clusters, clustered_means, t_quantile
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.shares import contrast_of, share_of

__all__ = ["Loss", "loss", "loss_apart"]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Loss:
    """A loss with its interval, at any confidence; made by `loss` and `loss_apart`.

    Attributes:
        means: of the loss, and of the whole that a share of it is of.
        width: what one answer can change.
        unchanged: whether no score changed.
    """

    means: ClusteredMeans
    width: float
    unchanged: bool

    def mean(self, confidence: float = 0.95, unit: str = "score") -> Estimate:
        """In the unit of the scores, positive when something was lost."""
        first = ClusteredMeans(
            np.array([self.means.mean[0], 1.0]),
            np.array([[self.means.covariance[0, 0], 0.0], [0.0, 0.0]]),
            self.means.df,
            self.means.n,
            self.means.clusters,
        )
        return self._limited(lambda unseen: contrast_of(first, 0.0, unseen, confidence, unit), confidence)

    def share(self, confidence: float = 0.95) -> Estimate:
        """Of the whole, as a fraction; nan where the whole is not above 0."""
        return self._limited(
            lambda unseen: share_of(self.means, unseen, confidence), confidence, float(self.means.mean[1])
        )

    def contrast(self, at_most: float, confidence: float = 0.95, unit: str = "score") -> Estimate:
        """mean(loss - at_most whole): above 0 when more than that share was lost; its limits agree with the share's."""
        return self._limited(lambda unseen: contrast_of(self.means, at_most, unseen, confidence, unit), confidence)

    def _limited(self, made: Callable[[float], Estimate], confidence: float, of: float = 1.0) -> Estimate:
        plain = made(0.0)
        if not math.isfinite(plain.high):
            return plain
        n = self.means.n
        if self.unchanged:
            # The spread of the whole says nothing about changes that were not seen.
            half = (1.0 - math.pow((1.0 - confidence) / 2, 1.0 / n)) * self.width / of
            return replace(plain, low=plain.value - half, high=plain.value + half, se=0.0)
        wide = made(t_quantile(0.5 + confidence / 2, self.means.df) * self.width / n)
        return replace(plain, high=wide.high)


def loss(
    old: ArrayLike, new: ArrayLike, clusters: Clusters = None, *, whole: ArrayLike | None = None, width: float = 1.0
) -> Loss:
    """Of one set of samples: mean(old - new).

    Args:
        old: (n,) scores of the old answers.
        new: (n,) scores of the new answers to the same samples in the same order.
        clusters: (n,) labels; None makes every sample its own cluster.
        whole: (n,) scores whose mean is what a share is of; None takes `old`.
        width: what one answer can change; 0 for plain t intervals.

    Raises:
        EstimationError: empty, not finite or of different lengths; a width below 0.

    Example:
        >>> lost = loss([1, 1, 1, 0] * 15, [1, 1, 0, 0] * 15).mean()
        >>> f"{lost.value:.2f} [{lost.low:.2f}, {lost.high:.2f}]"
        '0.25 [0.14, 0.37]'
        >>> same = loss([1, 1, 1, 0] * 15, [1, 1, 1, 0] * 15).mean()
        >>> f"{same.value:.2f} [{same.low:.2f}, {same.high:.2f}]"
        '0.00 [-0.06, 0.06]'
    """
    before, after = as_pair(old, new, "old", "new")
    of = before if whole is None else as_vector("whole", whole, rows=len(before))
    columns = np.stack([before - after, of], axis=1)
    means = clustered_means(columns, as_clusters(clusters, len(columns)))
    return Loss(means, as_width(width), bool(np.array_equal(before, after)))


def loss_apart(
    old: ArrayLike,
    new: ArrayLike,
    clusters: Clusters,
    *,
    old_clean: ArrayLike,
    new_clean: ArrayLike,
    clusters_clean: Clusters,
    beyond_clean: bool = False,
    width: float = 1.0,
) -> Loss:
    """Where shifted and clean samples are not the same ones: mean(old - new), or the difference in differences.

    Args:
        old, new, clusters: of the shifted samples.
        old_clean, new_clean, clusters_clean: of the clean samples, whose old scores a share is of.
        beyond_clean: take off what was lost on the clean samples.
        width: what one answer can change.

    Raises:
        EstimationError: as `loss`.

    Example:
        >>> lost = loss_apart(
        ...     [1, 1, 0] * 20, [0, 1, 0] * 20, None, old_clean=[1] * 60, new_clean=[1] * 60, clusters_clean=None
        ... )
        >>> f"{lost.mean().value:.2f} {lost.share().value:.2f}"
        '0.33 0.33'
    """
    before, after = as_pair(old, new, "old", "new")
    first, second = as_pair(old_clean, new_clean, "old_clean", "new_clean")
    shifted = clustered_means((before - after)[:, None], as_clusters(clusters, len(before)))
    clean_loss = second - first if beyond_clean else np.zeros(len(first))
    clean = clustered_means(np.stack([clean_loss, first], axis=1), as_clusters(clusters_clean, len(first)))
    covariance = clean.covariance + np.array([[shifted.covariance[0, 0], 0.0], [0.0, 0.0]])
    mean = np.array([shifted.mean[0] + clean.mean[0], clean.mean[1]])
    # The fewer degrees of freedom: those of Welch would change with the share that is tested.
    df = min(clean.df, shifted.df)
    means = ClusteredMeans(mean, covariance, df, shifted.n, shifted.clusters)
    unchanged = np.array_equal(before, after) and not (beyond_clean and np.any(clean_loss))
    return Loss(means, as_width(width), bool(unchanged))
