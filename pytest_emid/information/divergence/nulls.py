"""What a divergence would read if nothing differed: permutation null for unpaired sets, swap null for paired ones.

Representation divergences of few samples are mostly bias, so the raw number says little. Unpaired: the mean over
random relabellings is that bias, and `debiased` is free of it. Paired: rows are swapped within their pairs; the
p-value is valid, but the mean of that null is no estimate of the bias, so none is subtracted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters
from pytest_emid.information.divergence.rjsd import (
    Embeddings,
    EmbeddingSet,
    as_sets,
    check_paired,
    von_neumann_entropy,
)
from pytest_emid.information.intervals.clusters import Clusters
from pytest_emid.information.memory import Memory

__all__ = ["MINIMUM_RESAMPLES", "NullTest", "permutation_test", "swap_test"]

Float = NDArray[np.float64]
Mask = NDArray[np.bool_]

MINIMUM_RESAMPLES = 199
"""Fewer relabellings cannot give a p-value that resolves .005."""


@dataclass(frozen=True, slots=True)
class NullTest:
    """A divergence beside its null distribution.

    Attributes:
        value: the raw divergence.
        debiased: value minus the mean of the permutation null, may be negative; None under the swap null.
        p_value: (1 + number of null values at least as large) / (1 + resamples), one-sided.
        null_mean: mean under the null.
        null_sd: standard deviation under the null.
        resamples: relabellings drawn.
        null: `permutation` or `swap`.

    >>> rng = np.random.default_rng(0)
    >>> p = rng.normal(size=(20, 4))
    >>> test = permutation_test(p, rng.normal(size=(20, 4)))
    >>> test.null, test.resamples, test.debiased == test.value - test.null_mean
    ('permutation', 199, True)
    """

    value: float
    debiased: float | None
    p_value: float
    null_mean: float
    null_sd: float
    resamples: int
    null: Literal["permutation", "swap"]


_tests: Final = Memory[NullTest]()
"""Scenarios that share their pictures, or their questions, share the test."""


def permutation_test(
    p: Embeddings,
    q: Embeddings,
    *,
    resamples: int = MINIMUM_RESAMPLES,
    seed: int = 0,
    clusters_p: Clusters = None,
    clusters_q: Clusters = None,
) -> NullTest:
    """Tests whether two independent sets come from one distribution, by relabelling the pooled rows.

    Args:
        p: n x d embeddings.
        q: m x d embeddings of other samples.
        resamples: relabellings, at least 199.
        seed: of the relabellings.
        clusters_p: (n,) labels; rows that share one stay together. No cluster may be in both sets.
        clusters_q: (m,) labels.

    Raises:
        EstimationError: bad values or dimensions, or fewer than 199 resamples.

    >>> rng = np.random.default_rng(0)
    >>> p = rng.normal(size=(20, 4))
    >>> permutation_test(p, rng.normal(size=(20, 4)) + 2).p_value
    0.005
    >>> permutation_test(p, rng.normal(size=(20, 4))).p_value > 0.05
    True
    """
    first, second = as_sets(p, q)
    codes_p, codes_q = as_clusters(clusters_p, first.n), as_clusters(clusters_q, second.n)
    groups_p = int(codes_p.max()) + 1
    codes = np.concatenate([codes_p, groups_p + codes_q])
    groups = int(codes.max()) + 1

    def relabel(rng: np.random.Generator) -> Mask:
        mask: Mask = rng.permutation(groups)[codes] < groups_p
        return mask

    def test() -> NullTest:
        return _test(first, second, "permutation", relabel, resamples, seed)

    return _tests(test, "permutation", first.rows, second.rows, codes_p, codes_q, resamples, seed)


def swap_test(
    p: Embeddings,
    q: Embeddings,
    *,
    resamples: int = MINIMUM_RESAMPLES,
    seed: int = 0,
    clusters: Clusters = None,
) -> NullTest:
    """Tests whether clean and shifted versions of the same samples are exchangeable, by swapping within pairs.

    Args:
        p: n x d embeddings.
        q: n x d embeddings of the same samples in the same order.
        resamples: swaps, at least 199.
        seed: of the swaps.
        clusters: (n,) labels; samples that share one are swapped together.

    Raises:
        EstimationError: bad values, dimensions or sizes, or fewer than 199 resamples.

    >>> rng = np.random.default_rng(0)
    >>> p = rng.normal(size=(20, 4))
    >>> swap_test(p, p + 2).p_value
    0.005
    >>> swap_test(p, p.copy()).p_value
    1.0
    """
    first, second = as_sets(p, q)
    check_paired(first, second)
    codes = as_clusters(clusters, first.n)
    groups = int(codes.max()) + 1

    def relabel(rng: np.random.Generator) -> Mask:
        kept = (rng.random(groups) < 0.5)[codes]
        return np.concatenate([kept, ~kept])

    def test() -> NullTest:
        return _test(first, second, "swap", relabel, resamples, seed)

    return _tests(test, "swap", first.rows, second.rows, codes, resamples, seed)


def _test(
    p: EmbeddingSet,
    q: EmbeddingSet,
    null: Literal["permutation", "swap"],
    relabel: Callable[[np.random.Generator], Mask],
    resamples: int,
    seed: int,
) -> NullTest:
    if resamples < MINIMUM_RESAMPLES:
        raise EstimationError(f"resamples: at least {MINIMUM_RESAMPLES} are needed, got {resamples}.")
    measure = _measure(p, q)
    rng = np.random.default_rng(seed)
    value = measure(np.arange(p.n + q.n) < p.n)
    values = np.array([measure(relabel(rng)) for _ in range(resamples)])
    # Relabellings that change nothing must count as ties in spite of rounding.
    reached = int((values >= value - 1e-12).sum())
    mean = float(values.mean())
    return NullTest(
        value=value,
        debiased=value - mean if null == "permutation" else None,
        p_value=(1 + reached) / (1 + resamples),
        null_mean=mean,
        null_sd=float(values.std(ddof=1)),
        resamples=resamples,
        null=null,
    )


def _measure(p: EmbeddingSet, q: EmbeddingSet) -> Callable[[Mask], float]:
    """RJSD as a function of which pooled rows count as p's."""
    pooled = np.concatenate([p.wide, q.wide])
    cheaper = _GramRjsd.cost(p, q) <= _ScatterRjsd.cost(p, q)
    return _GramRjsd(pooled @ pooled.T) if cheaper else _ScatterRjsd(pooled)


def _one_norm(squares: Float) -> bool:
    """Whether rows have one norm but for float32 rounding: halves of the set then mix to the same whole."""
    return float(np.ptp(squares)) <= 1e-6 * float(squares.mean())


class _GramRjsd:
    """RJSD from the Gram matrix of the pooled rows."""

    def __init__(self, gram: Float) -> None:
        self.gram = gram
        self.squares = gram.diagonal().copy()
        self.one_norm = _one_norm(self.squares)

    @staticmethod
    def cost(p: EmbeddingSet, q: EmbeddingSet) -> float:
        """Of the eigenvalues of one relabelling, up to a factor; equal sizes are taken to have equal norms."""
        return float(p.n**3 + q.n**3 + (p.n != q.n) * (p.n + q.n) ** 3)

    def __call__(self, in_p: Mask) -> float:
        own = 0.0
        weight = np.empty(len(in_p))
        for side in (in_p, ~in_p):
            weight[side] = 0.5 / self.squares[side].sum()
            own += von_neumann_entropy(self.gram[np.ix_(side, side)]) / 2
        if self.one_norm and 2 * in_p.sum() == len(in_p):
            return max(0.0, self.balanced_mixture - own)
        root = np.sqrt(weight)
        return max(0.0, von_neumann_entropy(self.gram * root[:, None] * root) - own)

    @cached_property
    def balanced_mixture(self) -> float:
        """Entropy of the mixture when sizes and norms agree: no relabelling changes it."""
        return von_neumann_entropy(self.gram)


class _ScatterRjsd:
    """RJSD from scatter matrices, for sets of more rows than dimensions."""

    def __init__(self, rows: Float) -> None:
        self.rows = rows
        self.total = rows.T @ rows
        self.one_norm = _one_norm((rows**2).sum(axis=1))

    @staticmethod
    def cost(p: EmbeddingSet, q: EmbeddingSet) -> float:
        """As `_GramRjsd.cost`."""
        return float((2 + (p.n != q.n)) * p.dimension**3)

    def __call__(self, in_p: Mask) -> float:
        part = self.rows[in_p]
        scatter = part.T @ part
        sides = [matrix / np.trace(matrix) for matrix in (scatter, self.total - scatter)]
        own = sum(von_neumann_entropy(matrix) for matrix in sides) / 2
        if self.one_norm and 2 * in_p.sum() == len(in_p):
            return max(0.0, self.balanced_mixture - own)
        return max(0.0, von_neumann_entropy((sides[0] + sides[1]) / 2) - own)

    @cached_property
    def balanced_mixture(self) -> float:
        """As in `_GramRjsd`."""
        return von_neumann_entropy(self.total)
