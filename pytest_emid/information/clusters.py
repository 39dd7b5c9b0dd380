"""Cluster-robust variances of means: what every interval of this package stands on."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from pytest_emid.errors import EstimationError

__all__ = ["ClusteredMeans", "Clusters", "cluster_codes", "clustered_means", "t_quantile", "values_1d"]

Clusters = Sequence[Hashable] | NDArray[np.generic] | None


def t_quantile(probability: float, df: float) -> float:
    """Quantile of Student's t; inf when there are no degrees of freedom."""
    return float(stdtrit(df, probability)) if df > 0 else float("inf")


def values_1d(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """`values` as a float64 vector.

    Raises:
        EstimationError: not one-dimensional, empty, or not finite; the message names the first bad position.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise EstimationError(f"{name}: expected one number per sample, got an array of shape {array.shape}.")
    if not len(array):
        raise EstimationError(f"{name}: there is no sample. Measure at least two before asking for an interval.")
    bad = np.flatnonzero(~np.isfinite(array))
    if len(bad):
        raise EstimationError(
            f"{name}: {len(bad)} of {len(array)} values are not finite, the first at position {bad[0]} "
            f"({array[bad[0]]}). Find out what that sample answered, and leave it out or repair it."
        )
    return array


def cluster_codes(clusters: Clusters, n: int, name: str = "clusters") -> NDArray[np.intp]:
    """One integer per sample, equal where the labels are equal, numbered in the order of first appearance.

    `clusters` holds one hashable label per sample (an image's digest, a scene's number); None puts every sample in
    a cluster of its own.

    Raises:
        EstimationError: the number of labels is not n, or a label cannot be hashed.
    """
    if clusters is None:
        return np.arange(n, dtype=np.intp)
    labels: list[Hashable] = clusters.tolist() if isinstance(clusters, np.ndarray) else list(clusters)
    if len(labels) != n:
        raise EstimationError(f"{name}: {len(labels)} labels for {n} samples. Give one label per sample.")
    numbers: dict[Hashable, int] = {}
    try:
        return np.fromiter((numbers.setdefault(label, len(numbers)) for label in labels), dtype=np.intp, count=n)
    except TypeError as error:
        raise EstimationError(f"{name}: a label cannot be hashed ({error}). Use strings or integers.") from error


@dataclass(frozen=True, slots=True)
class ClusteredMeans:
    """Means of k columns over the same clustered samples.

    Attributes:
        mean: (k,) means over samples.
        covariance: (k, k) cluster-robust covariance of the means; nan with fewer than two clusters.
        df: degrees of freedom for t quantiles; 0 with fewer than two clusters.
        n: samples.
        clusters: clusters.
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
