"""The information that answers carry about their queries, in nats: the reference as the clean query's witness.

Whoever wrote the reference R of a query X = (picture, question T) saw the query, and never saw the answer A. So
(T, R) - X - A is a Markov chain, and by the data-processing inequality I(X; A) >= I((T, R); A): what answers tell about
references is a lower bound on what they tell about the clean queries, whatever picture they were given to answer from.
The right-hand side is bounded from below by how well a fixed critic f finds the own (T, R) of an answer among those of
K - 1 other pictures:

    I((T, R); A) >= E ln r,    r = K e^f(A, own) / (e^f(A, own) + sum of e^f(A, other) over K - 1 others)  <=  K.

This holds for every f, and for every mixture of such r with r = 1: each is K times a distribution over K candidates.
The sum over K - 1 drawn others is replaced by (K - 1) times the mean over all samples of other clusters. -ln(1 + s) is
convex in s, so that this is at most the mean over all ways to draw them: still a lower bound, without a draw.

The critic is f = b C with C the cosine of answer and reference after the candidate's question is taken out of both and
both are whitened (`Whitening`); it reads candidate and answer only, as the bound demands. The length of the answer is
softened, C = a.r / (sqrt(|a|^2 + .03 s^2) |r|) with s that of a typical reference: an answer that says no more than its
question leads to expect is short, and its direction is that of the error of the regression, which it shares with the
reference. Three temperatures b, from topic to wording, and r = 1 are mixed; the weights of the mixture maximise the
mean of ln r on the set itself, which is worth up to (number of temperatures) / 2n nats to it.

What the numbers are, and what they are not:

- at most ln K nats, however much the answers tell. Nats compare at one K only;
- about 0 for constant answers and for those that repeat the question. A guess from the question alone tells something
  of the query, its question, and reads that: half a nat for the likeliest answers to questions of the built-in scenes;
- a difference of two, such as EMID, is a difference of two lower bounds, and no bound on anything;
- I(X; R) of EMI is the same on both sides of a paired shift, so that EMID as published and the anchored one coincide.

Sources: van den Oord, Li and Vinyals (2018), "Representation learning with contrastive predictive coding"; Poole et
al. (2019), "On variational bounds of mutual information".
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters, as_matrix, as_vector, blocks
from pytest_emid.information.intervals.clusters import Clusters
from pytest_emid.information.reference.whitening import Whitening

__all__ = ["Told", "Witness", "contrast", "usable_candidates"]

Float = NDArray[np.float64]
Codes = NDArray[np.intp]
Rows = Callable[[slice], Float]
"""Rows of the n x n matrix of C: entry [i, j] is of answer i and candidate j."""

FORMAT = "pytest-emid witness"
VERSION = 1

# A rarer answer than one in eight is then no better told than that.
FEWEST_CANDIDATES = 8
HOTTEST = 300.0
SOFT = 0.03
# The weights of the mixture come within this of the best, in nats.
STEPS, TOLERANCE = 2000, 1e-3


@dataclass(frozen=True, eq=False)
class Told:
    """What one set of answers tells, sample by sample.

    Attributes:
        scores: (n,) influence values in nats: their mean is the estimate, their spread gives its standard error, and
            each is what one sample contributes.
        candidates: K, the references that each answer was held against, its own among them.
        weights: of the temperatures and, last, of r = 1; they add up to 1.
    """

    scores: Float
    candidates: int
    weights: tuple[float, ...]

    @property
    def value(self) -> float:
        """The estimate in nats, at most `ceiling`."""
        return float(self.scores.mean())

    @property
    def ceiling(self) -> float:
        """ln K, the most that can be read."""
        return math.log(self.candidates)


@dataclass(frozen=True, eq=False)
class Witness:
    """The critic: frozen before any answer is seen, fitted on clean references that are not among the tested ones.

    Attributes:
        whitening: the space in which answers meet references.
        middle: (d,) mean of the whitened calibration references, the origin of the cosine.
        scale: their mean squared distance from it.
        candidates: K; sets in which some sample has fewer than K - 1 others of other clusters use as many as there
            are.
        temperatures: b, each above 0 and at most 300.
        floor: least weight of r = 1, in (0, 1): no single answer reads less than its logarithm.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> text, content = rng.normal(size=(500, 4)), rng.normal(size=(500, 12))
        >>> reference = text @ rng.normal(size=(4, 12)) + content
        >>> witness = Witness.fit(reference[:300], text[:300])
        >>> right = witness.information(reference[300:], reference[300:], text[300:])
        >>> wrong = witness.information(reference[300:][::-1], reference[300:], text[300:])
        >>> print(f"{right.value:.2f} and {abs(wrong.value):.2f} of at most {right.ceiling:.2f} nats")
        4.11 and 0.00 of at most 4.16 nats
    """

    whitening: Whitening
    middle: Float
    scale: float
    candidates: int = 64
    temperatures: tuple[float, ...] = (5.0, 20.0, 80.0)
    floor: float = 0.05

    kind: ClassVar[str] = "witness"
    unit: ClassVar[str] = "nats"

    def __post_init__(self) -> None:
        middle = as_vector("middle", self.middle, rows=self.whitening.dimension)
        object.__setattr__(self, "middle", middle)
        if not (math.isfinite(self.scale) and self.scale > 0.0):
            raise EstimationError(f"scale: {self.scale} is not a finite number above 0.")
        object.__setattr__(self, "temperatures", tuple(float(b) for b in self.temperatures))
        _check_options(self.candidates, self.temperatures, self.floor)

    @classmethod
    def fit(
        cls,
        reference: ArrayLike,
        text: ArrayLike,
        *,
        clusters: Clusters = None,
        seed: int = 0,
        candidates: int = 64,
        temperatures: tuple[float, ...] = (5.0, 20.0, 80.0),
        floor: float = 0.05,
    ) -> Witness:
        """From m clean references, (m, d), and their questions, (m, d_t); 300 or more are advised.

        Raises:
            EstimationError: what `Whitening.fit` refuses, or an option out of range.
        """
        _check_options(candidates, temperatures, floor)
        whitening = Whitening.fit(reference, text, clusters=clusters, seed=seed)
        return cls.of(whitening, reference, text, candidates=candidates, temperatures=temperatures, floor=floor)

    @classmethod
    def of(
        cls,
        whitening: Whitening,
        reference: ArrayLike,
        text: ArrayLike,
        *,
        candidates: int = 64,
        temperatures: tuple[float, ...] = (5.0, 20.0, 80.0),
        floor: float = 0.05,
    ) -> Witness:
        """From a whitening and the references and questions that it was fitted on.

        Raises:
            EstimationError: bad arrays, or an option out of range.
        """
        true = whitening.pairs(reference, reference, text).true
        middle = true.mean(axis=0)
        scale = float(((true - middle) ** 2).sum(axis=1).mean())
        return cls(whitening, middle, scale, candidates, temperatures, floor)

    @property
    def ceiling(self) -> float:
        """ln K in nats: the most that can be read of any set."""
        return math.log(self.candidates)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of every number that decides what `information` answers."""
        options = (self.candidates, self.temperatures, self.floor, self.scale, SOFT)
        digest = hashlib.sha256(f"{FORMAT} {VERSION} {options}".encode())
        space = self.whitening
        for array in (space.slope, space.intercept, space.whitener, self.middle):
            digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
        return digest.hexdigest()

    def information(
        self,
        response: ArrayLike,
        reference: ArrayLike,
        text: ArrayLike,
        *,
        clusters: Clusters = None,
        candidates: int | None = None,
    ) -> Told:
        """What n answers tell about their clean queries, a lower-bound estimate in nats.

        EMI subtracts what the references tell: `information(reference, reference, text)`.

        Args:
            response: (n, d) embeddings of the answers, to clean or to shifted queries.
            reference: (n, d) embeddings of the references.
            text: (n, d_t) embeddings of the questions; for a paired shifted set those of the *clean* questions.
            clusters: (n,) labels; only samples of other clusters are candidates.
            candidates: K, at most that of the critic, where two sets of different size are to be compared; None uses
                `usable(clusters, n)`.

        Raises:
            EstimationError: bad arrays, other dimensions than the whitening's, or fewer than 7 samples of other
                clusters for some sample.
        """
        rows = self._rows(response, reference, text)
        codes = as_clusters(clusters, rows.n)
        usable = self.usable(clusters, rows.n)
        if candidates is not None and not FEWEST_CANDIDATES <= candidates <= usable:
            raise EstimationError(
                f"candidates: {candidates} is not between {FEWEST_CANDIDATES} and {usable}, "
                f"which is what these {rows.n} samples allow."
            )
        return contrast(rows, codes, usable if candidates is None else candidates, self.temperatures, self.floor)

    def usable(self, clusters: Clusters, n: int) -> int:
        """K for n samples: that of the critic, or one more than the fewest samples of other clusters.

        Raises:
            EstimationError: below 8.
        """
        return usable_candidates(self.candidates, clusters, n, "references")

    def similarity(self, response: ArrayLike, reference: ArrayLike, text: ArrayLike) -> Float:
        """C, (n, n) softened cosines: [i, j] of answer i and reference j, both freed from question j.

        Raises:
            EstimationError: bad arrays, or other dimensions than the whitening's.
        """
        rows = self._rows(response, reference, text)
        return rows(slice(0, rows.n))

    def _rows(self, response: ArrayLike, reference: ArrayLike, text: ArrayLike) -> _Cosines:
        d = self.whitening.dimension
        y = as_matrix("reference", reference, columns=d, nonzero_rows=True)
        a = as_matrix("response", response, rows=len(y), columns=d, nonzero_rows=True)
        # A reference that took part in the fit is freed from what the regression knew of its question without it.
        true = self.whitening.pairs(y, y, text).true
        given = y @ self.whitening.whitener - true
        # The same is taken off both sides of a - given, so that little is lost to rounding.
        origin = given.mean(axis=0)
        told = a @ self.whitening.whitener - origin - self.middle
        return _Cosines(told, given - origin, true - self.middle, SOFT * self.scale)


class _Cosines:
    """Rows of C, made when they are asked for: memory grows with n, not with its square."""

    def __init__(self, told: Float, given: Float, true: Float, soft: float) -> None:
        self.told, self.given, self.soft, self.n = told, given, soft, len(told)
        self.true = true / np.maximum(np.linalg.norm(true, axis=1), 1e-12)[:, None]
        self.shared = np.einsum("ij,ij->i", given, self.true)
        self.given_square = np.einsum("ij,ij->i", given, given)

    def __call__(self, block: slice) -> Float:
        told = self.told[block]
        square = np.einsum("ij,ij->i", told, told)[:, None] - 2.0 * told @ self.given.T + self.given_square
        product = told @ self.true.T - self.shared
        cosine: Float = product / np.sqrt(np.maximum(square, 0.0) + self.soft)
        return np.clip(cosine, -1.0, 1.0, out=cosine)


def usable_candidates(candidates: int, clusters: Clusters, n: int, what: str) -> int:
    """K for n samples: `candidates`, or one more than the fewest samples of other clusters.

    Raises:
        EstimationError: below 8; `what` names those that an answer is held against.
    """
    others = n - int(np.bincount(as_clusters(clusters, n)).max(initial=0))
    if others < FEWEST_CANDIDATES - 1:
        raise EstimationError(
            f"clusters: {n - others} of {n} samples share one cluster, which leaves {others} other {what} to hold an "
            f"answer against; at least {FEWEST_CANDIDATES - 1} are needed. Add samples of other pictures."
        )
    return min(candidates, others + 1)


def contrast(
    similarity: Rows | _Cosines, codes: Codes, candidates: int, temperatures: tuple[float, ...], floor: float
) -> Told:
    """The estimate from a matrix of cosines; what `Witness.information` does after the embeddings are gone.

    Influence values: s_i = ln r_i moves with the sample i itself, and with every j that is a candidate of i. The share
    of j is the derivative of s_i by the weight of j among the candidates of i. The weights of the mixture maximise
    the mean of s, which therefore does not move with them at first order.

    Args:
        similarity: gives the rows of C in a slice.
        codes: (n,) integer clusters; each has at least `candidates` - 1 samples outside.
        candidates: K.
        temperatures: b.
        floor: least weight of r = 1.
    """
    n, k = len(codes), candidates - 1
    sizes = np.bincount(codes)
    others = (n - sizes[codes]).astype(np.float64)
    ratio = np.ones((len(temperatures) + 1, n))
    parts = list(blocks(n))
    # A small set is held; a large one is made twice rather than held.
    held = _excesses(similarity, codes, parts[0], temperatures) if len(parts) == 1 else None
    for block in parts:
        for row, excess in zip(ratio, held or _excesses(similarity, codes, block, temperatures), strict=False):
            row[block] = candidates / (1.0 + k * excess.sum(axis=1) / others[block])
    weights = _weights(ratio, floor)
    mixed = weights @ ratio
    scores = np.log(mixed)
    share = weights[:-1, None] * ratio[:-1] ** 2 / mixed * (k / candidates / others)
    moved = np.zeros(n)
    for block in parts:
        for row, excess in zip(share, held or _excesses(similarity, codes, block, temperatures), strict=True):
            moved += row[block] @ excess
            expected = row[block] * excess.sum(axis=1) / others[block]
            inside = np.bincount(codes[block], weights=expected, minlength=len(sizes))
            moved -= expected.sum() - inside[codes]
    return Told(scores - moved, candidates, tuple(float(weight) for weight in weights))


def _excesses(similarity: Rows | _Cosines, codes: Codes, block: slice, temperatures: tuple[float, ...]) -> list[Float]:
    """e^(b (C_ij - C_ii)) of the rows in a block, 0 for candidates of the same cluster; one matrix a temperature."""
    gap = similarity(block)
    gap = gap - gap[np.arange(len(gap)), np.arange(block.start, block.stop)][:, None]
    gap[codes[block][:, None] == codes] = -np.inf
    return [np.exp(b * gap) for b in temperatures]


def _weights(ratio: Float, floor: float) -> Float:
    """Weights of the mixture, (experts,), the last at least `floor`, that maximise the mean of ln (weights @ ratio)."""
    experts, n = ratio.shape
    least = np.zeros(experts)
    least[-1] = floor
    by_sample, free = np.ascontiguousarray(ratio.T), np.full(experts, 1.0 / experts)
    for _ in range(STEPS):
        slope = (1.0 / (by_sample @ (least + (1.0 - floor) * free))) @ by_sample / n
        # A concave function is below its tangent: no weights are better by more than this.
        if (1.0 - floor) * float(slope.max() - slope @ free) < TOLERANCE:
            break
        free = free * slope
        free /= free.sum()
    found: Float = least + (1.0 - floor) * free
    return found


def _check_options(candidates: int, temperatures: tuple[float, ...], floor: float) -> None:
    if isinstance(candidates, bool) or not isinstance(candidates, int) or candidates < FEWEST_CANDIDATES:
        raise EstimationError(f"candidates: {candidates!r} is not an integer of at least {FEWEST_CANDIDATES}.")
    if not temperatures or not all(0.0 < b <= HOTTEST for b in temperatures):
        raise EstimationError(f"temperatures: {temperatures} are not all above 0 and at most {HOTTEST:g}.")
    if not 0.0 < floor < 1.0:
        raise EstimationError(f"floor: {floor} is not between 0 and 1.")
