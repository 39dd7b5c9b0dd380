"""A guard against answers that repeat the question, and what such an echo would read as retained.

The regression on questions takes out what it can explain linearly, and leaves some of the question in what remains:
an answer that parrots "Is there a cat?" then agrees with "There is a cat." Here the question's own direction is taken
out of responses and references sample by sample, y - (y.u) u with u the unit question, so that a pure echo is left
with nothing; the whitening and the reliability are fitted again on what remains. The guard can only withhold a PASS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import blocks, checked_matrix, unit_rows
from pytest_emid.information.intervals.clusters import Clusters
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import retained_contrast, retained_interval
from pytest_emid.information.reference.direct import direct, reliability_of
from pytest_emid.information.reference.reliability import Reliability
from pytest_emid.information.reference.whitening import Whitening

__all__ = ["EchoGuard", "Unasked", "echo_retained", "unasked_whitening", "without_question"]

Float = NDArray[np.float64]
# What is left of an echo has no direction; this share of the mean reference gives it one, the same for every sample.
ALIKE = 1e-6


def without_question(vectors: ArrayLike, text: ArrayLike) -> Float:
    """(n, d) vectors without their component along their own question: y - (y.u) u.

    >>> without_question([[3.0, 4.0]], [[0.0, 2.0]]).tolist()
    [[3.0, 0.0]]

    Raises:
        EstimationError: shapes that differ (questions and answers come from one encoder), or a question of zeros.
    """
    t = checked_matrix("text", text, nonzero_rows=True)
    y = checked_matrix("vectors", vectors, rows=len(t), columns=t.shape[1])
    rest = np.empty(y.shape)
    for block in blocks(len(t)):  # a large set is not held in float64 more often than it must be
        u, rows = unit_rows(t[block].astype(np.float64)), y[block].astype(np.float64)
        rest[block] = rows - np.einsum("ij,ij->i", rows, u)[:, None] * u
    return rest


def unasked_whitening(reference: ArrayLike, text: ArrayLike, *, clusters: Clusters = None, seed: int = 0) -> Whitening:
    """The whitening of the echo guard: fitted on m calibration references without their questions' directions.

    Args:
        reference: (m, d) references.
        text: (m, d) questions, from the same encoder.
        clusters: (m,) labels.
        seed: of the folds.

    Raises:
        EstimationError: as `Whitening.fit`, or shapes that differ.
    """
    rest = without_question(reference, text)
    return Whitening.fit(rest + ALIKE * rest.mean(axis=0), text, clusters=clusters, seed=seed)


@dataclass(frozen=True)
class EchoGuard:
    """What is retained of the information that the question does not hold.

    Attributes:
        retained: shifted over clean in this form.
        contrast: mean(shifted - at_least clean); wholly below 0 fails.
        blocks: whether a PASS is withheld.
    """

    retained: Estimate
    contrast: Estimate
    at_least: float
    blocks: bool

    @property
    def obstacle(self) -> str | None:
        """Why the gate cannot pass, in a sentence; None where it can."""
        if not self.blocks:
            return None
        return (
            f"Without what the answers share with their own question {100 * self.retained.value:.1f} % of the "
            f"information is retained, clearly less than {100 * self.at_least:.1f} %: answers that "
            "echo the question, or lost what it does not say, cannot pass."
        )


@dataclass(frozen=True)
class Unasked:
    """The clean set without its questions, fitted once; every shifted set is held against it.

    Attributes:
        whitening: from `unasked_whitening`.
        reference: (n, d) without the question's direction.
        text: (n, d) clean questions.
        alike: (d,) the little that gives what is left of an echo a direction.
        reliability: of the clean answers in this form.
        clean: (n,) scores of the clean answers.
        clusters: (n,) labels.
    """

    whitening: Whitening
    reference: Float
    text: NDArray[Any]
    alike: Float
    reliability: Reliability
    clean: Float
    clusters: Clusters

    @classmethod
    def fit(
        cls,
        whitening: Whitening,
        response: ArrayLike,
        reference: ArrayLike,
        text: ArrayLike,
        *,
        clusters: Clusters = None,
        seed: int = 0,
    ) -> Unasked:
        """Scores the clean answers in the space of what their questions do not hold.

        Args:
            whitening: from `unasked_whitening(...)` of the calibration set.
            response: (n, d) clean answers.
            reference: (n, d) references.
            text: (n, d) clean questions, from the same encoder as the answers.
            clusters: (n,) labels.
            seed: of the folds.

        Raises:
            EstimationError: bad arrays, or shapes that differ.
        """
        asked = checked_matrix("text", text)
        rest = without_question(reference, asked)
        alike = ALIKE * rest.mean(axis=0)
        rest += alike
        told = without_question(response, asked)
        told += alike
        reliability = reliability_of(whitening, told, rest, asked, clusters=clusters, seed=seed)
        scores = direct(whitening, told, rest, asked, reliability=reliability, clusters=clusters, seed=seed)
        return cls(whitening, rest, asked, alike, reliability, scores, clusters)

    def scores(self, response: ArrayLike, seed: int = 0) -> Float:
        """(n,) direct scores of other answers to the same questions, without what they share with them."""
        told = without_question(response, self.text)
        told += self.alike
        return direct(
            self.whitening,
            told,
            self.reference,
            self.text,
            reliability=self.reliability,
            clusters=self.clusters,
            seed=seed,
        )

    def guard(self, response: ArrayLike, at_least: float, confidence: float = 0.95) -> EchoGuard:
        """The verdict of this form: no PASS where it fails, or where what it compares with is not there.

        Raises:
            EstimationError: bad arrays, or a threshold that is not finite.
        """
        shifted = self.scores(response)
        retained = retained_interval(self.clean, shifted, self.clusters, confidence)
        contrast = retained_contrast(self.clean, shifted, at_least, self.clusters, confidence)
        return EchoGuard(retained, contrast, at_least, bool(contrast.high < 0.0))


def echo_retained(
    whitening: Whitening,
    clean: ArrayLike,
    reference: ArrayLike,
    text: ArrayLike,
    reliability: Reliability | None,
    clusters: Clusters = None,
) -> Estimate:
    """What the direct form would read as retained of a model that only repeats its question.

    Args:
        whitening: of the direct form.
        clean: (n,) direct scores of the clean answers.
        reference: (n, d) references.
        text: (n, d) clean questions.
        reliability: of the direct form.
        clusters: (n,) labels.

    Raises:
        EstimationError: questions of another dimension than references, which cannot stand in for answers.
    """
    true = checked_matrix("reference", reference)
    asked = checked_matrix("text", text, rows=len(true))
    if asked.shape[1] != true.shape[1]:
        raise EstimationError(
            f"text: questions have {asked.shape[1]} columns and references {true.shape[1]}: an echo is measured with "
            "one encoder for both."
        )
    return retained_interval(
        clean, direct(whitening, asked, true, asked, reliability=reliability, clusters=clusters), clusters
    )
