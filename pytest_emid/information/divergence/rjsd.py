"""How far two sets of embeddings lie apart: the representation Jensen-Shannon divergence.

The representation Jensen-Shannon divergence (RJSD) of P and Q with uncentred second-moment matrices C_P, C_Q of trace
1 is S((C_P + C_Q) / 2) - (S(C_P) + S(C_Q)) / 2, S the von Neumann entropy: in nats, in [0, log 2], and a lower bound
on the Jensen-Shannon divergence. With few samples it is mostly bias (about .10 at n = 90, d = 768 when nothing
differs): read it against a null of `divergence.nulls`.

Source: Hoyos-Osorio and Sanchez-Giraldo, "The representation Jensen-Shannon divergence" (arXiv 2305.16446).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import BLOCK_ROWS, blocks, checked_matrix

__all__ = [
    "EmbeddingSet",
    "Embeddings",
    "rjsd",
    "rjsd_count_weighted",
    "von_neumann_entropy",
    "widened",
]

Float = NDArray[np.float64]

ROUNDING = 1e-12
"""Below this an entropy difference is rounding."""


def von_neumann_entropy(matrix: Float) -> float:
    """-sum lambda log lambda over the eigenvalues of a symmetric positive matrix scaled to trace 1, in nats.

    Args:
        matrix: k x k, symmetric, positive semi-definite up to rounding, with a positive trace.

    >>> round(von_neumann_entropy(np.diag([1.0, 1.0, 0.0])), 4)
    0.6931
    """
    values = np.linalg.eigvalsh(matrix)
    values = values[values > 0] / values.sum()
    return float(-(values * np.log(values)).sum())


class EmbeddingSet:
    """Embeddings of one kind and one set, with what divergences need of them computed once and kept.

    Measure many sets against one by passing the same object: its entropy and second moments are then reused, and so
    are the mixtures of pairs of sets that come up again, for as long as both live.

    Args:
        rows: n x d, finite, no row of zeros; kept in its own dtype, computed with in float64.
        name: how errors call the set.

    Raises:
        EstimationError: not such a matrix, or fewer than 2 rows.

    >>> clean = EmbeddingSet(np.eye(4), "clean")
    >>> round(clean.entropy, 4), clean.n, clean.dimension
    (1.3863, 4, 4)
    >>> round(rjsd(clean, np.eye(4)[:2]), 4)  # the entropy is not computed again
    0.2158
    """

    def __init__(self, rows: ArrayLike, name: str = "embeddings") -> None:
        self.rows: NDArray[Any] = checked_matrix(name, rows, min_rows=2, nonzero_rows=True)
        self.name = name
        self._wide: Float | None = None
        self._mixtures: WeakKeyDictionary[EmbeddingSet, dict[tuple[float, float], float]] = WeakKeyDictionary()

    @property
    def n(self) -> int:
        return int(self.rows.shape[0])

    @property
    def dimension(self) -> int:
        return int(self.rows.shape[1])

    @property
    def wide(self) -> Float:
        """The rows in float64, not to be written to; not kept, which would triple the memory of float32 embeddings."""
        return self.rows.astype(np.float64, copy=False) if self._wide is None else self._wide

    @cached_property
    def gram(self) -> Float:
        """n x n inner products of the rows."""
        wide = self.wide
        return wide @ wide.T

    @cached_property
    def scatter(self) -> Float:
        """d x d sum of outer products of the rows, uncentred."""
        total = np.zeros((self.dimension, self.dimension))
        for block in blocks(self.n):
            part = self.rows[block].astype(np.float64)
            total += part.T @ part
        return total

    @property
    def smaller(self) -> Float:
        """Gram or scatter matrix, whichever is smaller: their nonzero eigenvalues are the same."""
        return self.gram if self.n <= self.dimension else self.scatter

    @cached_property
    def trace(self) -> float:
        """Sum of squared row norms: n for unit vectors."""
        return float(np.trace(self.smaller))

    @cached_property
    def entropy(self) -> float:
        """Von Neumann entropy of the second-moment matrix, in nats, at most log min(n, d)."""
        return von_neumann_entropy(self.smaller)

    def mixture_entropy(self, other: EmbeddingSet, weight: float, other_weight: float) -> float:
        """Von Neumann entropy of weight X'X + other_weight Y'Y scaled to trace 1, Y the rows of `other`; in nats."""
        known = self._mixtures.setdefault(other, {})
        key = (weight, other_weight)
        if key not in known:
            known[key] = von_neumann_entropy(_mixture(self, other, *key))
        return known[key]


@contextmanager
def widened(*sets: EmbeddingSet) -> Iterator[None]:
    """Keeps the float64 rows of small sets for as long as the context lasts, to convert them once.

    >>> small = EmbeddingSet(np.eye(3, dtype=np.float32))
    >>> with widened(small):
    ...     small.wide is small.wide
    True
    >>> small.wide is small.wide
    False
    """
    chosen = [found for found in sets if found._wide is None and found.n <= BLOCK_ROWS]
    for found in chosen:
        found._wide = found.wide
    try:
        yield
    finally:
        for found in chosen:
            found._wide = None


Embeddings = EmbeddingSet | ArrayLike
"""An n x d array of embeddings, or a set that keeps what was computed of them."""


def rjsd(p: Embeddings, q: Embeddings) -> float:
    """Representation Jensen-Shannon divergence with equal weights, whatever the sizes and norms of the two sets.

    Args:
        p: n x d embeddings.
        q: m x d embeddings.

    Returns:
        Nats, in [0, log 2]; exactly 0 for identical arrays.

    Raises:
        EstimationError: bad values, fewer than 2 rows, or different dimensions.

    >>> rjsd(np.eye(4), np.eye(4))
    0.0
    >>> round(rjsd(np.eye(4)[:2], np.eye(4)[2:]), 4)  # nothing shared: log 2
    0.6931
    """
    first, second = as_sets(p, q)
    if _identical(first, second):
        return 0.0
    mixture = first.mixture_entropy(second, 0.5 / first.trace, 0.5 / second.trace)
    return min(max(0.0, mixture - (first.entropy + second.entropy) / 2), math.log(2))


def rjsd_count_weighted(p: Embeddings, q: Embeddings) -> float:
    """RJSD as the authors' code computes it: scatter matrices are mixed before their traces are made equal.

    The mixture then leans to the larger set and to longer rows, while both entropies keep weight 1/2. It equals
    `rjsd` when the traces agree; otherwise it can even be negative, and is not clamped. For reproduction only.

    Args, errors and unit are those of `rjsd`.

    >>> p, q = np.eye(4), np.eye(4)[:2]
    >>> round(rjsd(p, q), 4), round(rjsd_count_weighted(p, q), 4)
    (0.2158, 0.2899)
    """
    first, second = as_sets(p, q)
    if _identical(first, second):
        return 0.0
    weight = 1.0 / (first.trace + second.trace)
    value = first.mixture_entropy(second, weight, weight) - (first.entropy + second.entropy) / 2
    return 0.0 if abs(value) < ROUNDING else value


def check_paired(p: EmbeddingSet, q: EmbeddingSet) -> None:
    """Refuses sets of different sizes where pairs are meant.

    Raises:
        EstimationError: the sizes differ.
    """
    if p.n != q.n:
        raise EstimationError(
            f"{q.name}: paired sets hold the same samples in the same order, but {p.name} has {p.n} rows and "
            f"{q.name} has {q.n}."
        )


def as_sets(p: Embeddings, q: Embeddings) -> tuple[EmbeddingSet, EmbeddingSet]:
    """Both as embedding sets of one dimension.

    Raises:
        EstimationError: bad values, fewer than 2 rows, or different dimensions.
    """
    first = p if isinstance(p, EmbeddingSet) else EmbeddingSet(p, "p")
    second = q if isinstance(q, EmbeddingSet) else EmbeddingSet(q, "q")
    if first.dimension != second.dimension:
        raise EstimationError(
            f"{second.name}: has {second.dimension} columns, but {first.name} has {first.dimension}. "
            f"Embeddings that are compared must come from the same encoder."
        )
    return first, second


def _identical(p: EmbeddingSet, q: EmbeddingSet) -> bool:
    # The first rows settle nearly every case.
    return p is q or (p.n == q.n and np.array_equal(p.rows[0], q.rows[0]) and np.array_equal(p.rows, q.rows))


def _mixture(p: EmbeddingSet, q: EmbeddingSet, weight_p: float, weight_q: float) -> Float:
    """A matrix with the nonzero eigenvalues of weight_p X'X + weight_q Y'Y: the smaller of two; lower triangle."""
    if p.n + q.n > p.dimension:
        return weight_p * p.scatter + weight_q * q.scatter
    n = p.n
    mixture = np.empty((n + q.n, n + q.n))
    np.multiply(p.gram, weight_p, out=mixture[:n, :n])
    np.multiply(q.gram, weight_q, out=mixture[n:, n:])
    # The upper triangle stays empty: eigvalsh does not read it.
    np.multiply(q.wide @ p.wide.T, math.sqrt(weight_p * weight_q), out=mixture[n:, :n])
    return mixture
