"""The information that answers carry about their queries, in nats: the reference as the clean query's witness.

Whoever wrote the reference R of a query X = (picture, question T) saw the query, and never saw the answer A. So
(T, R) - X - A is a Markov chain, and by the data-processing inequality I(X; A) >= I((T, R); A): what answers tell about
references is a lower bound on what they tell about the clean queries, whatever picture they were given to answer from.
The right-hand side is bounded from below by how well a fixed critic f finds the own (T, R) of an answer among those of
K - 1 other pictures:

    I((T, R); A) >= E ln r,    r = K e^f(A, own) / (e^f(A, own) + sum of e^f(A, other) over K - 1 others)  <=  K.

This holds for every f, and for every mixture of such r with r = 1: each is K times a distribution over K candidates.
The sum over K - 1 drawn others is replaced by (K - 1) times the mean over all samples of other clusters, or some 4,000
in larger sets (`contrast`). -ln(1 + s) is convex in s, so that this is at most the mean over all ways to draw K - 1 of
them: still a lower bound, without a draw.

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
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters, as_matrix, as_vector, checked_matrix
from pytest_emid.information.critics.contrast import FEWEST_CANDIDATES, Places, Told, contrast, usable_candidates
from pytest_emid.information.intervals.clusters import Clusters
from pytest_emid.information.reference.whitening import Whitening

__all__ = ["Witness"]

Float = NDArray[np.float64]

FORMAT = "pytest-emid witness"
VERSION = 1

HOTTEST = 300.0
SOFT = 0.03


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
        return rows(slice(None), slice(None))

    def _rows(self, response: ArrayLike, reference: ArrayLike, text: ArrayLike) -> _Cosines:
        d = self.whitening.dimension
        y = as_matrix("reference", reference, columns=d, nonzero_rows=True)
        a = checked_matrix("response", response, rows=len(y), columns=d, nonzero_rows=True)
        # A reference that took part in the fit is freed from what the regression knew of its question without it.
        true = self.whitening.pairs(y, y, text).true
        given = y @ self.whitening.whitener
        given -= true  # in place, as all that follows: these are the largest arrays that a measurement holds
        del y
        told = a.astype(np.float64) @ self.whitening.whitener
        # The same is taken off both sides of a - given, so that little is lost to rounding.
        origin = given.mean(axis=0)
        told -= origin
        told -= self.middle
        given -= origin
        true -= self.middle
        return _Cosines(told, given, true, SOFT * self.scale)


class _Cosines:
    """Parts of C, made when they are asked for: memory grows with n, not with its square."""

    def __init__(self, told: Float, given: Float, true: Float, soft: float) -> None:
        self.told, self.given, self.soft, self.n = told, given, soft, len(told)
        self.true = true
        self.true /= np.maximum(np.sqrt(np.einsum("ij,ij->i", true, true)), 1e-12)[:, None]
        self.shared = np.einsum("ij,ij->i", given, self.true)
        self.given_square = np.einsum("ij,ij->i", given, given)

    def __call__(self, rows: Places, columns: Places) -> Float:
        told = self.told[rows]
        square = np.einsum("ij,ij->i", told, told)[:, None] - 2.0 * told @ self.given[columns].T
        square += self.given_square[columns]
        product = told @ self.true[columns].T - self.shared[columns]
        cosine: Float = product / np.sqrt(np.maximum(square, 0.0) + self.soft)
        return np.clip(cosine, -1.0, 1.0, out=cosine)


def _check_options(candidates: int, temperatures: tuple[float, ...], floor: float) -> None:
    if isinstance(candidates, bool) or not isinstance(candidates, int) or candidates < FEWEST_CANDIDATES:
        raise EstimationError(f"candidates: {candidates!r} is not an integer of at least {FEWEST_CANDIDATES}.")
    if not temperatures or not all(0.0 < b <= HOTTEST for b in temperatures):
        raise EstimationError(f"temperatures: {temperatures} are not all above 0 and at most {HOTTEST:g}.")
    if not 0.0 < floor < 1.0:
        raise EstimationError(f"floor: {floor} is not between 0 and 1.")
