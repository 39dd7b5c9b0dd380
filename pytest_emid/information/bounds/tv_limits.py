"""Upper confidence limits of the total variation between two distributions of labels.

The observed TV is a maximum over sets of labels, so its mean is at least the true TV: its bias is on the safe side,
and no union over the 2^M sets is needed (as it is for the L1 deviation bound of Weissman et al., 2003). For one fixed
set A, the one that attains the true TV, D_i = 1{first_i in A} - 1{second_i in A} has mean TV and an observed mean of
at most the observed TV; every limit of the mean of D that grows with the observed mean is therefore a limit of TV.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytest_emid.information.intervals.clusters import t_quantile

__all__ = ["TvLimit", "coupled_tv_limit", "mean_upper_limit"]

Labels = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class TvLimit:
    """Observed total variation, and its upper confidence limit; both in [0, 1].

    >>> labels = np.arange(40) % 4
    >>> found = coupled_tv_limit(labels, labels, np.arange(40), 4, tail=0.025)
    >>> found.observed, round(found.limit, 3)
    (0.0, 0.104)
    """

    observed: float
    limit: float


def mean_upper_limit(observed: float, largest_share: float, groups: int, tail: float) -> float:
    """Upper confidence limit of a mean of values in [0, 1] over independent groups, for every n and distribution.

    Chernoff and Hoeffding: groups kl(s observed || s mean) <= log(1 / tail), with s = 1 / (groups x largest share)
    where groups weigh unequally. With no value above 0 it is the exact binomial limit 1 - tail^(1/groups).

    Args:
        observed: the observed mean, in [0, 1].
        largest_share: weight of the heaviest group, the weights summing to 1.
        groups: independent groups.
        tail: probability that the mean lies above the limit, at most.

    Source: Hoeffding (1963), Theorem 1.

    >>> round(mean_upper_limit(0.0, largest_share=1 / 30, groups=30, tail=0.05), 4), round(1 - 0.05 ** (1 / 30), 4)
    (0.095, 0.095)
    """
    scale = 1.0 / (groups * largest_share)
    p, budget = scale * observed, math.log(1.0 / tail) / groups
    low, high = p, 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _binary_kl(p, middle) <= budget else (low, middle)
    return min(high / scale, 1.0)


def coupled_tv_limit(
    first: Labels, second: Labels, codes: Labels, letters: int, tail: float, method: str = "concentration"
) -> TvLimit:
    """TV between the distributions of two labels of the same samples, such as response and reference.

    `concentration` takes the smaller of two limits, each at half the tail: bounded differences, from the mean of
    (D + 1) / 2 in [0, 1]; and coupling, TV <= P(first != second), from the observed disagreement. Both hold for every
    n, every distribution, and any dependence inside clusters. `normal` adds to the observed TV a t quantile times a
    cluster-robust standard error: the variance of the sum of D over a cluster is at most the mean square of its
    number of disagreements, to which t^2 squares of the largest cluster are added, without which a rare disagreement
    that happens not to occur would leave a limit of zero.

    Args:
        first: (n,) labels in 0..letters-1.
        second: (n,) labels of the same samples.
        codes: (n,) clusters 0..G-1.
        letters: size of the alphabet.
        tail: probability that TV lies above the limit, at most (`normal`: about).
        method: `concentration` or `normal`.

    >>> labels, codes = np.arange(40) % 4, np.arange(40)
    >>> round(coupled_tv_limit(labels, labels, codes, 4, tail=0.025).limit, 3)
    0.104
    >>> round(coupled_tv_limit(labels, labels, codes, 4, tail=0.025, method="normal").limit, 3)
    0.102
    """
    n = len(first)
    observed = 0.5 * float(np.abs(np.bincount(first, minlength=letters) - np.bincount(second, minlength=letters)).sum())
    observed /= n
    differs = np.bincount(codes, first != second)
    sizes = np.bincount(codes)
    groups, largest = len(sizes), float(sizes.max())
    if method == "normal":
        t = t_quantile(1.0 - tail, groups - 1)
        spread = math.sqrt(float((differs**2).sum()) + t**2 * largest**2) / n if groups > 1 else math.inf
        return TvLimit(observed, min(observed + t * spread, 1.0))
    share = largest / n
    by_differences = 2.0 * mean_upper_limit(0.5 * (observed + 1.0), share, groups, tail / 2.0) - 1.0
    by_coupling = mean_upper_limit(float(differs.sum()) / n, share, groups, tail / 2.0)
    return TvLimit(observed, min(by_differences, by_coupling))


def _binary_kl(p: float, q: float) -> float:
    """KL between coins of probability p and q, q in (0, 1]."""
    heads = p * math.log(p / q) if p > 0 else 0.0
    tails = (1.0 - p) * math.log((1.0 - p) / (1.0 - q)) if p < 1 and q < 1 else (0.0 if p >= 1 else math.inf)
    return heads + tails
