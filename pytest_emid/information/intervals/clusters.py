"""Cluster-robust variances of means: what every interval of this package stands on."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ClusteredMeans", "Clusters", "clustered_means", "t_quantile"]

Clusters = Sequence[Hashable] | NDArray[np.generic] | None
"""One hashable label per sample; None makes every sample a cluster of its own."""


def t_quantile(probability: float, df: float) -> float:
    """Quantile of Student's t; inf when there are no degrees of freedom.

    >>> round(t_quantile(0.975, 29), 3), t_quantile(0.975, 0)
    (2.045, inf)
    """
    if df <= 0:
        return float("inf")
    from scipy.special import stdtrit  # a third of the time that loading this package takes

    return float(stdtrit(df, probability))


@dataclass(frozen=True, slots=True)
class ClusteredMeans:
    """Means of k columns over the same clustered samples.

    Attributes:
        mean: (k,) means over samples.
        covariance: (k, k) cluster-robust covariance of the means; nan with fewer than two clusters.
        df: degrees of freedom for t quantiles; 0 with fewer than two clusters.
        n: samples.
        clusters: clusters.

    >>> means = clustered_means(np.array([[1.0], [2.0], [3.0]]), np.arange(3))
    >>> means.mean.tolist(), means.covariance.round(4).tolist(), means.df
    ([2.0], [[0.3333]], 2.0)
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    df: float
    n: int
    clusters: int


def clustered_means(columns: NDArray[np.float64], codes: NDArray[np.intp]) -> ClusteredMeans:
    """Means of `columns` (n x k) with the bias-reduced cluster-robust covariance ("CR2") and its Satterthwaite df.

    For clusters of one size this is the textbook estimator: the variance of the cluster means over G, with G - 1
    degrees of freedom. For unequal sizes the residual sum of cluster g is inflated by 1 / (1 - n_g / n), and the
    degrees of freedom are the smaller of those under independence inside clusters and under full dependence.

    Source: Bell and McCaffrey (2002), "Bias reduction in standard errors for linear regression with multi-stage
    samples"; Imbens and Kolesar (2016), "Robust standard errors in small samples", for an intercept-only model.

    >>> means = clustered_means(np.array([[1.0], [1.0], [3.0], [3.0]]), np.array([0, 0, 1, 1]))
    >>> means.mean.tolist(), means.covariance.tolist(), means.n, means.clusters
    ([2.0], [[1.0]], 4, 2)
    """
    n, k = columns.shape
    sizes = np.bincount(codes).astype(np.float64)
    groups = len(sizes)
    mean = columns.mean(axis=0)
    if groups < 2:
        return ClusteredMeans(mean, np.full((k, k), np.nan), 0.0, n, groups)
    residual = columns - mean
    if groups == n:
        sums = residual
        # A mean of equal numbers can differ from them in the last bit: that is no spread.
        sums[:, np.ptp(columns, axis=0) == 0] = 0.0
    else:
        sums = np.stack([np.bincount(codes, weights=residual[:, j], minlength=groups) for j in range(k)], axis=1)
        sums[:, np.ptp(columns, axis=0) == 0] = 0.0
    share = sizes / n
    weight = 1.0 / (1.0 - share) / n**2
    covariance = (sums * weight[:, None]).T @ sums
    if np.all(sizes == sizes[0]):
        df = groups - 1.0
    else:
        df = min(_satterthwaite(share, weight, sizes), _satterthwaite(share, weight, sizes**2))
    return ClusteredMeans(mean, covariance, df, n, groups)


def _satterthwaite(share: NDArray[np.float64], weight: NDArray[np.float64], variance: NDArray[np.float64]) -> float:
    """Degrees of freedom of sum_g weight_g T_g^2 when the cluster sums are independent with these variances.

    T = S - share sum(S), so its covariance is diag(v) - v p' - p v' + sum(v) p p': traces in O(G).
    """
    total = variance.sum()
    diagonal = -2 * variance * share + total * share**2
    trace = (weight * (variance + diagonal)).sum()
    a, b, c = (weight * variance**2).sum(), (weight * variance * share).sum(), (weight * share**2).sum()
    low_rank = 2 * a * c + total**2 * c**2 + 2 * b**2 - 4 * total * b * c
    square = (weight**2 * (variance**2 + 2 * variance * diagonal)).sum() + low_rank
    return float(trace**2 / square)
